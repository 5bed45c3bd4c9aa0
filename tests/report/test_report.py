"""The report: its numbers against independent ones, and its page, on the default model and on others."""

import html
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from families import D, V, family, saved
from scipy.stats import norm
from tokenizers import Tokenizer, models, processors

from helpers import data
from helpers.figures import words_of
from helpers.model import load_model
from helpers.report import measure as numbers_of
from helpers.report.measure import RULERS, measure
from helpers.report.page import page, write

TEXTS = ["THE QUICK BROWN FOX", "JUMPS OVER 13 LAZY DOGS"]  # what a tiny tokenizer can read


@pytest.fixture(scope="module")
def measured(lm):
    return measure(lm)


def test_the_default_models_numbers(lm, measured):
    numbers, about = measured[0], measured[0]["model"]
    assert (about["vocabulary_size"], about["width"], about["layers"]) == (49152, 576, 30)
    assert about["tied"] and about["norm"] == "rms" and about["radius"] == 24 and about["softcap"] is None
    assert about["offsets"] == [0, 0] and about["begin"] == [] and about["rows_without_token"] == 0
    assert numbers["text"] == {"texts": 5, "positions": 388, "state_sizes": [24, 24], "logits_agree": True}
    lengths = np.linalg.norm(lm.targets.astype(np.float64), axis=1)
    targets = numbers["sizes"]["targets"]
    assert targets["median"] == pytest.approx(np.median(lengths), rel=1e-3)
    assert targets["largest"][0] == [" strugg", pytest.approx(lengths.max(), rel=1e-3)]
    assert targets["smallest"][0] == [" John", pytest.approx(lengths.min(), rel=1e-3)]
    null = numbers["sizes"]["gaussian_rows"]["median"]
    assert null == pytest.approx(np.sqrt(np.mean(lengths**2)), rel=2e-3)  # as good as all of them, in 576 dimensions


def test_rulers_agree_as_often_as_a_slow_count_says(lm, measured):
    targets = lm.targets.astype(np.float64)
    lengths = np.linalg.norm(targets, axis=1)
    agree, n = dict.fromkeys(RULERS, 0), 0
    for text in data.passages("test").values():
        run = lm.run(text)
        products = run.sphere_states[1:].astype(np.float64) @ targets.T
        best = {"dot product": products, "cosine": products / lengths, "Euclidean distance": products - lengths**2 / 2}
        n += len(products)
        for name, scores in best.items():
            agree[name] += np.sum(scores.argmax(axis=1) == run.logits[1:].argmax(axis=1))
    assert n == 388
    assert measured[0]["rulers"] == {name: pytest.approx(100 * count / n, rel=1e-3) for name, count in agree.items()}


def test_the_round_trip_is_that_of_the_whole_vocabulary_where_it_was_drawn(lm, measured):
    trip, ids = measured[0]["round_trip"], numbers_of._drawn(49152, 2000)
    ways = {"dot product": "dot", "cosine": "cosine", "final norm, then logits": "after_norm"}
    with data.saved("returns") as whole:  # computed in float64
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
    assert numbers_of._nearest_of(3000, 8) == pytest.approx(np.median(seen), abs=off)
    # In many dimensions a cosine is nearly normal.
    wide = np.degrees(np.arccos(norm.isf(1 - 0.5 ** (1 / 49152)) / np.sqrt(576)))
    assert numbers_of._nearest_of(49152, 576) == pytest.approx(wide, abs=0.2)


@pytest.mark.parametrize("name", ["OPT, projected, norms last", "Gemma 2", "GPT-J", "Granite", "Mamba", "BERT"])
def test_other_families_get_a_page(tmp_path, name):
    lm = load_model(saved(family(name), tmp_path))
    numbers, figures = measure(lm, TEXTS)
    assert numbers["text"]["logits_agree"] and numbers["model"]["softcap"] == (5 if name == "Gemma 2" else None)
    assert json.dumps(numbers) == json.dumps(measure(lm, TEXTS)[0])  # the same on every run
    runs = [lm.run(text) for text in TEXTS]
    products = np.concatenate([run.sphere_states[1:].astype(np.float64) @ lm.targets.T for run in runs])
    chosen = np.concatenate([run.logits[1:].argmax(axis=1) for run in runs])
    assert numbers["rulers"]["dot product"] == pytest.approx(100 * np.mean(products.argmax(axis=1) == chosen), rel=1e-3)
    freedom = 12 if "projected" in name else D - (lm.norm_kind == "layer")  # perpendicular to ones: one less
    assert numbers_of._freedom(lm) == freedom
    if (null := numbers["angles"]["state_to_nearest_random_direction"]) is not None:
        assert null == pytest.approx(numbers_of._nearest_of(V, freedom), rel=1e-3)
        logits = lm.to_sphere(lm.embedding).astype(np.float64) @ lm.targets.T + lm.offsets
        back = 100 * np.mean((logits.argmax(axis=1) == np.arange(V))[lm.embedding.any(axis=1)])
        assert numbers["round_trip"]["final norm, then logits"]["return"][0] == pytest.approx(back, rel=1e-3)
    said = page(numbers, [])
    assert figures and (null is None) == ("projected" in name) and not re.search(r"\b(None|nan|inf)\b", said)
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
    assert numbers_of._hull(lm)["never_named"] == [lm.token(V - 1)]
    offsets[-1] += 1
    assert numbers_of._hull(lm)["never"] == 0 and numbers_of._hull(lm)["tokens"] == V


def test_a_model_without_a_norm(tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.models.llama.modeling_llama.LlamaRMSNorm", torch.nn.Identity)
    lm = load_model(saved(family("Llama"), tmp_path))
    numbers, _ = measure(lm, TEXTS)
    assert "lie on no sphere" in page(numbers, []) and "final norm, then logits" not in numbers["round_trip"]


def test_a_begin_token_is_put_before_each_text_and_said(tmp_path):
    folder = saved(family("Llama"), tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(single="< = $A", special_tokens=[("<", 27), ("=", 28)])
    tokenizer.add_tokens(["a"])  # an ID beyond the last row
    tokenizer.save(str(folder / "tokenizer.json"))
    lm = load_model(folder)
    assert lm.begin_ids.tolist() == [27, 28]
    numbers, _ = measure(lm, TEXTS)
    assert numbers["text"]["positions"] == sum(len(lm.encode(text)) for text in TEXTS)  # all but what was put before
    assert "begins a text with <code>&lt;</code><code>=</code>" in page(numbers, [])


def test_rows_without_a_direction_or_a_token(tmp_path):
    model = family("Llama", vocab_size=80, tie_word_embeddings=True, pad_token_id=None)
    with torch.no_grad():
        model.lm_head.weight[70:] = 0
    numbers, _ = measure(load_model(saved(model, tmp_path)), TEXTS)
    assert numbers["model"]["rows_without_token"] == 16 and numbers["round_trip"]["tokens"] == 70
    assert numbers["round_trip"]["cosine"]["return"][0] == 100
    assert numbers["can_win"]["never"] >= 10  # ten zero rows only tie among one another; they lead nowhere
    assert "16 rows belong to no token" in page(numbers, [])


def test_a_vocabulary_of_three_and_a_token_with_braces(tmp_path, monkeypatch):
    folder = saved(family("Llama", vocab_size=3), tmp_path / "base")
    words = models.WordLevel({"{{model.name}}": 0, "A": 1, "B": 2}, unk_token="B")
    Tokenizer(words).save(str(folder / "tokenizer.json"))
    monkeypatch.chdir(folder)
    lm = load_model(".")
    monkeypatch.setattr(lm, "encode", lambda text: [1, 2, 0, 1])
    numbers, _ = measure(lm, TEXTS)
    assert numbers["model"]["name"] == "base"
    assert [len(numbers["sizes"]["targets"][which]) for which in ("largest", "smallest")] == [3, 3]
    assert "<code>{{model.name}}</code>" in page(numbers, [])


def test_texts_longer_than_the_model_are_cut_and_too_short_ones_refused(tmp_path):
    lm = load_model(saved(family("GPT-2", n_positions=6), tmp_path))
    assert measure(lm, TEXTS)[0]["text"]["positions"] == 10
    for nothing in (["A"], []):
        with pytest.raises(ValueError, match="There is nothing to measure on"):
            measure(lm, nothing)


def test_the_page_is_whole_speaks_and_is_written(measured, tmp_path):
    numbers, figures = measured
    text = page(numbers, figures)
    closed = re.sub(r"(<(?:meta|img) [^>]*)>", r"\1/>", text).replace("scope=row", "")  # as XML, which forgives nothing
    elements = list(ElementTree.fromstring(closed).iter())
    links = [element.get(name) for element in elements for name in ("src", "href") if name in element.keys()]
    assert len(links) == 4 and all(link.startswith("data:image/png;base64,") for link in links)  # all is in the page
    words = [" ".join(words_of(fig)).replace("`", "") for fig in figures]
    assert re.findall("<em>In words:</em> (.+)</figcaption>", html.unescape(text)) == words
    alts = [element.get("alt") for element in elements if element.tag == "img"]
    assert alts == [words_of(fig)[0].replace("`", "") for fig in figures]
    assert "<code>&lt;filename&gt;</code>" in text and "<filename>" not in text
    assert str(data.PROJECT) not in text + json.dumps(numbers)
    written = write(tmp_path / "deep" / "er", numbers, text)
    assert written.read_text(encoding="utf-8") == text
    assert json.loads(written.with_suffix(".json").read_text(encoding="utf-8")) == numbers
