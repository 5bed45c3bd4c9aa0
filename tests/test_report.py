"""helpers.report: its numbers against independent ones, its page, its command, on the default model and on others."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from families import D, V, family, random_model, saved
from scipy.stats import norm
from tokenizers import Tokenizer, models, processors
from transformers import BertConfig, LlamaConfig

from helpers import report
from helpers.download import PROJECT
from helpers.model import load_model

TEXTS = ["THE QUICK BROWN FOX", "JUMPS OVER 13 LAZY DOGS"]  # what a tiny tokenizer can read


@pytest.fixture(scope="module")
def measured(lm):
    return report.measure(lm)


def test_the_default_models_numbers(lm, measured):
    numbers, _ = measured
    about = numbers["model"]
    assert (about["vocabulary_size"], about["width"], about["layers"]) == (49152, 576, 30)
    assert about["tied"] and about["norm"] == "rms" and about["radius"] == 24 and about["softcap"] is None
    assert about["offsets"] == [0, 0] and about["begin"] == [] and about["rows_without_token"] == 0
    assert numbers["text"] == {"texts": 5, "positions": 388, "state_sizes": [24, 24], "logits_agree": True}
    lengths = np.linalg.norm(lm.targets.astype(np.float64), axis=1)
    targets = numbers["sizes"]["targets"]
    assert targets["median"] == pytest.approx(np.median(lengths), rel=1e-3)
    assert targets["largest"][0] == [" strugg", pytest.approx(lengths.max(), rel=1e-3)]
    null = numbers["sizes"]["gaussian_rows"]["median"]
    assert null == pytest.approx(np.sqrt(np.mean(lengths**2)), rel=2e-3)  # as good as all of them, in 576 dimensions
    assert targets["smallest"][0] == [" John", pytest.approx(lengths.min(), rel=1e-3)]


def test_rulers_agree_as_often_as_a_slow_count_says(lm, measured):
    numbers, _ = measured
    targets = lm.targets.astype(np.float64)
    agree, n = dict.fromkeys(report.RULERS, 0), 0
    for text in json.loads((PROJECT / "data" / "passages.json").read_text())["test"].values():
        run = lm.run(text)
        products = run.sphere_states[1:].astype(np.float64) @ targets.T
        lengths = np.linalg.norm(targets, axis=1)
        best = {"dot product": products, "cosine": products / lengths, "Euclidean distance": products - lengths**2 / 2}
        n += len(products)
        for name, scores in best.items():
            agree[name] += np.sum(scores.argmax(axis=1) == run.logits[1:].argmax(axis=1))
    assert n == 388
    for name, count in agree.items():
        assert numbers["rulers"][name] == pytest.approx(100 * count / n, rel=1e-3)


def test_the_round_trip_is_that_of_the_whole_vocabulary_where_it_was_drawn(lm, measured):
    trip, ids = measured[0]["round_trip"], report._drawn(49152, 2000)
    ways = {"dot product": "dot", "cosine": "cosine", "final norm, then logits": "after_norm"}
    with np.load(PROJECT / "data" / "results" / "returns.npz") as whole:  # computed in float64
        for name, way in ways.items():
            share, low, high = trip[name]["return"]
            assert share == pytest.approx(100 * np.mean(whole[way][ids] == ids), abs=0.1)
            assert low <= share <= high
        thief = np.bincount(whole["dot"][ids][whole["dot"][ids] != ids]).argmax()
    assert trip["tokens"] == 2000 and len(set(ids)) == 2000
    assert trip["dot product"]["most_often_instead"][0] == lm.token(thief) == " strugg"


def test_the_null_of_the_nearest_random_direction_is_right():
    cosines = np.random.default_rng(0).normal(size=(200, 3000, 8))
    cosines = cosines[..., 0] / np.linalg.norm(cosines, axis=-1)  # with the first axis: any direction will do
    seen = np.degrees(np.arccos(cosines.max(axis=1)))
    off = 3 * 1.25 * seen.std() / np.sqrt(200)  # three standard errors of a median
    assert report._nearest_of_random(3000, 8) == pytest.approx(np.median(seen), abs=off)
    # In many dimensions a cosine is nearly normal.
    wide = np.degrees(np.arccos(norm.isf(1 - 0.5 ** (1 / 49152)) / np.sqrt(576)))
    assert report._nearest_of_random(49152, 576) == pytest.approx(wide, abs=0.2)


def test_the_same_numbers_on_every_run(tmp_path):
    lm = load_model(saved(family("Llama"), tmp_path))
    first, again = (json.dumps(report.measure(lm, TEXTS)[0]) for _ in range(2))
    assert first == again


# ---------------------------------------------------------------- other models


@pytest.mark.parametrize("name", ["OPT, projected, norms last", "Gemma 2", "GPT-J", "Granite", "Mamba"])
def test_other_families_get_a_page(tmp_path, name):
    lm = load_model(saved(family(name), tmp_path))
    numbers, pictures = report.measure(lm, TEXTS)
    assert numbers["text"]["logits_agree"] and numbers["model"]["softcap"] == (5 if name == "Gemma 2" else None)
    states = np.concatenate([lm.run(text).sphere_states[1:] for text in TEXTS])
    chosen = np.concatenate([lm.run(text).logits[1:].argmax(axis=1) for text in TEXTS])
    products = states.astype(np.float64) @ lm.targets.T
    assert numbers["rulers"]["dot product"] == pytest.approx(100 * np.mean(products.argmax(axis=1) == chosen), rel=1e-3)
    assert report._freedom(lm) == (12 if "projected" in name else D - (lm.norm_kind == "layer"))
    null = numbers["angles"]["state_to_nearest_random_direction"]
    assert (null is None) == ("projected" in name)
    if lm.embedding.shape[1] == D:  # perpendicular to ones: one dimension less
        assert null == pytest.approx(report._nearest_of_random(V, D - (lm.norm_kind == "layer")), rel=1e-3)
        logits = lm.to_sphere(lm.embedding).astype(np.float64) @ lm.targets.T + lm.offsets
        back = 100 * np.mean((logits.argmax(axis=1) == np.arange(V))[lm.embedding.any(axis=1)])
        assert numbers["round_trip"]["final norm, then logits"]["return"][0] == pytest.approx(back, rel=1e-3)
    said = report.page(numbers, [])
    assert pictures and not re.search(r"\b(None|nan|inf)\b", said)
    assert ("soft cap of 5" in said) == (name == "Gemma 2")
    assert ("perpendicular to the vector of ones" in said) == (lm.norm_kind == "layer")
    assert ("are projected" in said) == ("projected" in name)
    assert ("head scale of 0.25" in said) == (name == "Granite")
    assert ("offset (from" in said) == lm.offsets.any()


def test_offsets_take_part_in_whether_a_token_can_win(tmp_path):
    lm = load_model(saved(family("GPT-J"), tmp_path))
    targets, offsets = lm.targets.copy(), lm.offsets.copy()
    targets[-1], offsets[-1] = targets[:-1].mean(axis=0), offsets[:-1].mean()  # in the middle of all others
    vars(lm)["targets"], vars(lm)["offsets"] = targets, offsets
    assert report._hull(lm)["never_named"] == [lm.token(V - 1)]
    offsets[-1] += 1
    assert report._hull(lm)["never"] == 0 and report._hull(lm)["tokens"] == V


def test_a_head_without_a_chain_of_layers_and_a_model_without_a_norm(tmp_path):
    settings = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4)
    lm = load_model(saved(random_model(BertConfig(**settings, is_decoder=True)), tmp_path / "bert"))
    assert report.measure(lm, TEXTS)[0]["text"]["logits_agree"]
    lm = load_model(saved(random_model(LlamaConfig(**settings)), tmp_path / "llama"))
    lm._parts.model.model.norm = torch.nn.Identity()
    vars(lm)["_parts"] = report_without_norm = __import__("helpers.observe").observe.observe(lm._parts.model, "cpu")
    assert report_without_norm.norm_kind == "none"
    numbers, pictures = report.measure(lm, TEXTS)
    assert (
        "lie on no sphere" in report.page(numbers, pictures) and "final norm, then logits" not in numbers["round_trip"]
    )


def test_a_begin_token_is_put_before_each_text_and_said(tmp_path):
    folder = saved(family("Llama"), tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(single="< = $A", special_tokens=[("<", 27), ("=", 28)])
    tokenizer.add_tokens(["a"])  # an ID beyond the last row
    tokenizer.save(str(folder / "tokenizer.json"))
    lm = load_model(folder)
    assert lm.begin_ids.tolist() == [27, 28]
    numbers, pictures = report.measure(lm, TEXTS)
    bare = sum(len(lm.encode(text)) for text in TEXTS)
    assert numbers["text"]["positions"] == bare  # all but the tokens that were put before them
    assert "begins a text with <code>&lt;</code><code>=</code>" in report.page(numbers, pictures)


def test_rows_without_a_direction_or_a_token(tmp_path):
    model = family("Llama", vocab_size=80, tie_word_embeddings=True, pad_token_id=None)
    with torch.no_grad():
        model.lm_head.weight[70:] = 0
    lm = load_model(saved(model, tmp_path))
    numbers, pictures = report.measure(lm, TEXTS)
    assert numbers["model"]["rows_without_token"] == 16 and numbers["round_trip"]["tokens"] == 70
    assert numbers["round_trip"]["cosine"]["return"][0] == 100
    assert numbers["can_win"]["never"] >= 10  # ten zero rows only tie among one another; they lead nowhere
    assert "16 rows belong to no token" in report.page(numbers, pictures)


def test_a_vocabulary_of_three_and_a_token_with_braces(tmp_path, monkeypatch):
    folder = saved(family("Llama", vocab_size=3), tmp_path / "base")
    Tokenizer(models.WordLevel({"{name}": 0, "A": 1, "B": 2}, unk_token="B")).save(str(folder / "tokenizer.json"))
    monkeypatch.chdir(folder)
    lm = load_model(".")
    monkeypatch.setattr(lm, "encode", lambda text: [1, 2, 0, 1])
    numbers, _ = report.measure(lm, TEXTS)
    assert numbers["model"]["name"] == "base"
    assert [len(numbers["sizes"]["targets"][which]) for which in ("largest", "smallest")] == [3, 3]
    assert "<code>{name}</code>" in report.page(numbers, [])


def test_texts_longer_than_the_model_are_cut_and_too_short_ones_refused(tmp_path):
    lm = load_model(saved(family("GPT-2", n_positions=6), tmp_path))
    assert report.measure(lm, TEXTS)[0]["text"]["positions"] == 10
    with pytest.raises(ValueError, match="There is nothing to measure on"):
        report.measure(lm, ["A"])
    with pytest.raises(ValueError, match="There is nothing to measure on"):
        report.measure(lm, [])


# ---------------------------------------------------------------- the page and the command


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            self.images.append(attributes)
        elif tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attributes.items() if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_speaks(measured):
    numbers, pictures = measured
    text = report.page(numbers, pictures)
    page = Page(text)
    assert not page.open and len(page.images) == 4
    assert all(link.startswith("data:image/png;base64,") for link in page.links)  # it needs nothing beside itself
    for image, (_, words) in zip(page.images, pictures, strict=True):
        assert image["alt"] == words.replace("`", "") and "In words:</em>" in text
    assert "<code>&lt;filename&gt;</code>" in text and "<filename>" not in text
    assert str(PROJECT) not in text + json.dumps(numbers)


def test_the_command_writes_both_files(tmp_path):
    out = tmp_path / "deep" / "er"
    command = [
        sys.executable,
        "-m",
        "helpers.report",
        str(saved(family("Qwen3"), tmp_path / "tiny")),
        "--out",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The report is in ") and "Measuring" in done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["model"]["name"] == "tiny"


def test_the_command_says_what_is_wrong_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="'nobody/nothing' is no folder here"):
        report.main(["nobody/nothing"])
    tiny = str(saved(family("Llama"), tmp_path / "tiny"))
    with pytest.raises(SystemExit, match="could not be written to .*file"):
        report.main([tiny, "--out", str(tmp_path / "file")])
    assert (tmp_path / "file").read_text() == ""
