"""The report: its numbers against independent ones, its page and pictures, on both known models and on tiny others."""

import html
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from families import D, V, family, saved
from scipy.spatial.distance import cdist
from scipy.stats import norm, spearmanr
from tokenizers import Tokenizer, models, processors

from helpers import data
from helpers.figures import words_of
from helpers.model import load_model
from helpers.report import measure as numbers_of
from helpers.report.measure import measure
from helpers.report.page import as_text, page, write
from helpers.report.pictures import pictures
from helpers.weights.home import GEMMA, KNOWN, NAME, is_complete, model_home

TEXTS = ["THE QUICK BROWN FOX", "JUMPS OVER 13 LAZY DOGS"]  # what a tiny tokenizer can read


def positions(lm, texts):
    """States in float64 and the model's own tokens at all positions but the first, for one text after the other."""
    for text in texts:
        run = lm.run(text)
        yield run.sphere_states[1:].astype(np.float64), run.logits[1:].argmax(axis=1)


@pytest.fixture(scope="module", params=[NAME, pytest.param(GEMMA, marks=pytest.mark.slow)])
def known(request):
    """A known model and its saved numbers."""
    if not is_complete(model_home() / request.param):
        pytest.skip(f"{request.param} is not here: `make check` could not fetch it")
    return load_model(request.param), data.saved(request.param)


@pytest.mark.parametrize("name", KNOWN)
def test_the_saved_numbers_are_of_this_model_and_version(name):
    numbers = data.saved(name)
    assert numbers["model_sha256"] == KNOWN[name].sha256 and numbers["made_by"] == "make results"
    assert numbers["version"] == numbers_of.VERSION and numbers["text"]["logits_agree"]
    text = (data.PROJECT / "data" / "results" / f"{name}.json").read_text(encoding="utf-8")
    assert text == as_text(numbers) and len(text) < 30_000


def test_the_default_models_numbers(lm):
    about = (numbers := data.saved(NAME))["model"]
    parts = ("vocabulary_size", "width", "layers", "tied", "norm", "radius", "softcap")
    assert [about[part] for part in parts] == [49152, 576, 30, True, "rms", 24, None]
    assert about["offsets"] == [0, 0] and about["begin"] == [] and about["rows_without_token"] == 0
    assert numbers["text"] == {"texts": 5, "positions": 388, "state_sizes": [24, 24], "logits_agree": True}
    assert [numbers["sizes"]["targets"][w][0][0] for w in ("largest", "smallest")] == [" strugg", " John"]
    size = np.sqrt(np.mean(lm.targets.astype(np.float64) ** 2) * lm.width)  # as good as all of them are so large
    assert numbers["sizes"]["gaussian_rows"]["median"] == pytest.approx(size, rel=2e-3)


def test_saved_sizes_and_mean_state_are_those_of_the_arrays(known):
    lm, numbers = known
    for name, rows in {"targets": lm.targets, "rows": lm.unembedding}.items():
        sizes, said = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)), numbers["sizes"][name]
        assert said["nine_in_ten"] == pytest.approx(np.percentile(sizes, [5, 95]), rel=1e-3)
        assert said["tenths"] == pytest.approx(np.percentile(sizes, np.arange(0, 101, 10)), rel=1e-3)
        assert said["spread"] == pytest.approx(100 * sizes.std() / sizes.mean(), rel=1e-3)
        assert said["largest"][0] == [lm.token(sizes.argmax()), pytest.approx(sizes.max(), rel=1e-3)]
        assert said["smallest"][0] == [lm.token(sizes.argmin()), pytest.approx(sizes.min(), rel=1e-3)]
        by_id = spearmanr(sizes, np.arange(len(sizes))).statistic
        assert said["rank_correlation_with_id"] == pytest.approx(by_id, abs=1e-3)
    states, chosen = map(np.concatenate, zip(*positions(lm, data.passages("test").values()), strict=True))
    mean, wins, targets = states.mean(axis=0), numbers["wins"], lm.targets
    assert wins["mean_state_share"] == pytest.approx(100 * mean @ mean / lm.width, rel=1e-3)
    assert numbers["text"]["positions"] == len(states)
    for origin, shift in {"zero": 0 * targets[0], "mean": targets.mean(axis=0)}.items():
        order = np.linalg.norm(targets - shift, axis=1).argsort(kind="stable")
        tenths = [order[k * lm.n_vocab // 10 : (k + 1) * lm.n_vocab // 10] for k in range(10)]
        offsets = [((targets[ids] - shift) @ mean).mean() for ids in tenths]
        assert wins[origin]["offset_of_the_mean_state"] == pytest.approx(offsets, rel=1e-2, abs=1e-2)
        shares = [100 * np.isin(chosen, ids).mean() for ids in tenths]
        assert wins[origin]["shares"]["text"] == pytest.approx(shares, rel=1e-3, abs=0.3)  # one position on a border


def test_saved_rulers_agree_as_often_as_a_slow_count_says(known):
    lm, numbers = known
    for place, (gain, rows) in {"z and u": (1, lm.targets), "γz and w": (lm.gain, lm.unembedding)}.items():
        for origin, shift in {"zero": 0 * rows[0], "mean": rows.mean(axis=0, dtype=np.float64)}.items():
            ahead, hits = (rows - shift).astype(np.float64), np.zeros((3, 0), bool)
            sizes = np.linalg.norm(ahead, axis=1)
            for z, own in positions(lm, data.passages("test").values()):
                x = gain * z
                products = x @ ahead.T
                squares = (x**2).sum(axis=1)[:, None] + sizes**2 - 2 * products
                scaled = 16 * (x**2).sum(axis=1)[:, None] + sizes**2 / 16 - 2 * products  # from 4x to u/4
                best = [(products / sizes).argmax(axis=1), squares.argmin(axis=1), scaled.argmin(axis=1)]
                hits = np.concatenate([hits, np.array(best) == own], axis=1)
            said = numbers["rulers"][place][origin]
            assert [said["cosine"][0], said["distance"][0]] == pytest.approx(100 * hits[:2].mean(axis=1), abs=0.3)
            assert [said["size"], said["away"]] == pytest.approx([sizes.mean(), np.linalg.norm(shift)], rel=1e-3)
            if origin == "zero":
                factor, share = numbers["rulers"][place]["distance by factor"][2]
                assert factor == 4 and share[0] == pytest.approx(100 * hits[2].mean(), abs=0.3)


def test_the_round_trip_is_that_of_the_whole_vocabulary_where_it_was_drawn(lm):
    trip, ids = data.saved(NAME)["round_trip"], numbers_of._drawn(49152, 2000)
    ways = {"dot product": "dot", "cosine": "cosine", "final norm, then logits": "after_norm"}
    ways |= {"dot product / size²": "over_square"}
    with data.saved("returns") as whole:  # computed in float64
        for name, way in ways.items():
            share, low, high = trip[name]["return"]
            back = (lm.embedding[whole[way][ids]] == lm.embedding[ids]).all(axis=1)  # or its copy
            assert share == pytest.approx(100 * np.mean(back), abs=0.1)
            assert low <= share <= high
        thief = np.bincount(whole["dot"][ids][whole["dot"][ids] != ids]).argmax()
    assert trip["tokens"] == 2000 and len(set(ids)) == 2000
    assert trip["dot product"]["most_often_instead"][0] == lm.token(thief) == " strugg"


def test_the_saved_flight_and_famous_prompts_are_the_other_results(lm):
    numbers, ranks = data.saved(NAME), data.saved("flight")["lens"]
    quartiles = np.quantile(ranks, [0.25, 0.5, 0.75], axis=1).T
    assert np.array(numbers["flight"]["rank_quartiles"]) == pytest.approx(quartiles, rel=0.02, abs=0.5)  # near ties
    behind = [np.flatnonzero(column > 1) for column in ranks.T]
    first = [column[-1] + 1 if len(column) else 0 for column in behind]
    assert numbers["flight"]["leads_from_layer"] == pytest.approx(np.quantile(first, [0.25, 0.5, 0.75]), abs=0.5)
    said = [lm.run(prompt).top(1)[0][0] for prompt in data.passages("famous").values()]
    assert numbers["famous"]["tokens"] == said


@pytest.mark.slow
def test_measured_again_the_default_model_has_its_saved_numbers(lm):
    def compared(new, old):
        if isinstance(old, dict):
            assert new.keys() == old.keys()
            for key in old:
                compared(new[key], old[key])
        elif isinstance(old, list):
            assert len(new) == len(old)
            for one, other in zip(new, old, strict=True):
                compared(one, other)
        elif isinstance(old, float):
            assert new == pytest.approx(
                old, rel=0.02, abs=0.6
            )  # a rank, or two positions of 388, where logits nearly tie
        else:
            assert new == old

    numbers = data.saved(NAME)
    compared(measure(lm), {key: numbers[key] for key in numbers if key not in ("made_by", "model_sha256")})


def test_the_null_of_the_nearest_random_direction_is_right():
    cosines = np.random.default_rng(0).normal(size=(200, 3000, 8))
    cosines = cosines[..., 0] / np.linalg.norm(cosines, axis=-1)  # with the first axis: any direction will do
    seen = np.degrees(np.arccos(cosines.max(axis=1)))
    off = 3 * 1.25 * seen.std() / np.sqrt(200)  # three standard errors of a median
    assert numbers_of._nearest_of(3000, 8) == pytest.approx(np.median(seen), abs=off)
    # In many dimensions a cosine is nearly normal.
    wide = np.degrees(np.arccos(norm.isf(1 - 0.5 ** (1 / 49152)) / np.sqrt(576)))
    assert numbers_of._nearest_of(49152, 576) == pytest.approx(wide, abs=0.2)


def test_neighbours_that_agree_widen_an_interval():
    alternating, runs = np.arange(384) % 2 == 1, np.arange(384) // 48 % 2 == 1  # half of each are hits
    (share, low, high), (also, lower, higher) = map(numbers_of._share, (alternating, runs))
    assert share == also == 50 and 44 < low < 46 < 54 < high < 56  # independent: 1.96 · √(1/4 / 384) = 5%
    assert lower < 35 and higher > 65  # 32 blocks as good as all or nothing: 1.96 · √(1/4 / 32) = 17%
    assert numbers_of._share(np.ones(388, bool))[1] < 99.1


def test_from_every_origin_rulers_and_own_targets_are_those_of_plain_distances(tmp_path):
    """On a tiny model, by scipy and by loops, from the random points as well; with the gain in either place."""
    lm = load_model(saved(family("GPT-2"), tmp_path))
    numbers = measure(lm, TEXTS)["rulers"]
    states, own = map(np.concatenate, zip(*positions(lm, TEXTS), strict=True))
    for place, (gain, rows) in {"z and u": (1, lm.targets), "γz and w": (lm.gain, lm.unembedding)}.items():
        found = {}
        for name, shift in numbers_of._origins(rows).items():
            ahead = rows - shift
            by = (cdist(gain * states, ahead, ruler).argmin(axis=1) for ruler in ("cosine", "euclidean"))
            found[name] = [100 * np.mean(choice == own) for choice in by]
            tips = D**0.5 * ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
            wins = [(lm.targets @ tip + lm.offsets).argmax() == i for i, tip in enumerate(tips)]
            found[name].append(100 * np.mean(wins))
        apart = np.array([found.pop(name) for name in list(found) if "random" in name])
        assert len(apart) == 20 and found.keys() <= {"zero", "mean", "centre"}
        rulers = ("cosine", "distance", "own_target")[: 3 if place == "z and u" else 2]
        for name, shares in found.items():
            assert [numbers[place][name][r][0] for r in rulers] == pytest.approx(shares[: len(rulers)], rel=1e-3)
        for column, ruler in enumerate(rulers):
            expected = [f(apart[:, column]) for f in (np.median, np.min, np.max)]
            assert numbers[place]["random points"][ruler] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["OPT, projected, norms last", "Gemma 2", "GPT-J", "Granite", "Mamba", "BERT"])
def test_other_families_get_a_page(tmp_path, name):
    lm = load_model(saved(family(name), tmp_path))
    numbers = measure(lm, TEXTS)
    assert numbers["text"]["logits_agree"] and numbers["model"]["softcap"] == (5 if name == "Gemma 2" else None)
    assert as_text(numbers) == as_text(measure(lm, TEXTS))  # the same on every run
    states, chosen = map(np.concatenate, zip(*positions(lm, TEXTS), strict=True))
    share = 100 * np.mean((states @ lm.targets.T).argmax(axis=1) == chosen)
    assert numbers["rulers"]["z and u"]["dot product"][0] == pytest.approx(share, rel=1e-3)
    freedom = 12 if "projected" in name else D - (lm.norm_kind == "layer")  # perpendicular to ones: one less
    assert numbers_of._freedom(lm) == freedom
    if (null := numbers["angles"]["state_to_nearest_random_direction"]) is not None:
        assert null == pytest.approx(numbers_of._nearest_of(V, freedom), rel=1e-3)
        logits = lm.to_sphere(lm.embedding).astype(np.float64) @ lm.targets.T + lm.offsets
        back = 100 * np.mean((logits.argmax(axis=1) == np.arange(V))[lm.embedding.any(axis=1)])
        assert numbers["round_trip"]["final norm, then logits"]["return"][0] == pytest.approx(back, rel=1e-3)
    said = page(numbers, pictures(numbers))
    assert (null is None) == ("γz and w" not in said) == ("projected" in name)
    assert not re.search(r"\b(None|nan|inf)\b", re.sub('base64,[^"]+', "", said)) and "of all 64 tokens" in said.lower()
    assert ("soft cap of 5" in said) == (name == "Gemma 2")
    assert ("perpendicular to the vector of ones" in said) == (lm.norm_kind == "layer")
    assert ("are projected" in said) == ("projected" in name)
    assert ("head scale of 0.25" in said) == (name == "Granite")
    assert ("offset (from" in said) == ("an offset for each token" in said) == lm.offsets.any()


def test_a_layer_norm_that_was_trained_has_offsets_that_matter(tmp_path):
    """A second or two of training on two sentences: the norm's bias learns which letters are common."""
    model, text = family("GPT-2", vocab_size=V), " ".join(TEXTS * 8).replace(" ", "!")
    ids = torch.tensor([[ord(letter) - 33 for letter in text]])
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        loss = model(ids, labels=ids).loss
        loss.backward()
        optimiser.step()
    assert loss < 0.5
    lm = load_model(saved(model.eval(), tmp_path))
    numbers, common = measure(lm, TEXTS), np.bincount(ids[0], minlength=V)
    assert np.abs(lm.targets.sum(axis=1)).max() < 1e-4  # no z can see a component along ones
    assert lm.offsets[common > 0].mean() - lm.offsets[common == 0].mean() > 1  # nats, on average
    states, chosen = map(np.concatenate, zip(*positions(lm, TEXTS), strict=True))
    without = 100 * np.mean((states @ lm.targets.T).argmax(axis=1) == chosen)
    assert numbers["rulers"]["z and u"]["dot product"][0] == pytest.approx(without, rel=1e-3) and without < 100
    assert np.array_equal((states @ lm.targets.T + lm.offsets).argmax(axis=1), chosen)


def test_token_vectors_are_changed_on_their_way_in_and_only_then(tmp_path):
    lm = load_model(saved(family("Granite"), tmp_path))  # it multiplies its token vectors after the embedding
    ids, before = lm.encode(TEXTS[0]), lm.run(TEXTS[0])
    changed = lm.run(ids, change=lambda rows: rows / 2)
    np.testing.assert_allclose(changed.residuals[0], before.residuals[0] / 2, rtol=1e-6)
    np.testing.assert_array_equal(lm.run(ids).logits, before.logits)
    equal = numbers_of.CHANGES["equal sizes"](torch.tensor(lm.embedding[ids])[None]).norm(dim=-1)
    np.testing.assert_allclose(equal, np.linalg.norm(lm.embedding[ids], axis=1).mean(), rtol=1e-5)
    stay = np.mean(changed.logits[1:].argmax(axis=1) == before.logits[1:].argmax(axis=1))
    assert measure(lm, TEXTS[:1])["inputs"]["halved"][0] == pytest.approx(100 * stay, rel=1e-3)


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
    numbers = measure(lm, TEXTS)
    assert "lie on no sphere" in page(numbers, []) and "final norm, then logits" not in numbers["round_trip"]


def test_a_begin_token_is_put_before_each_text_and_said(tmp_path):
    folder = saved(family("Llama"), tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(single="< = $A", special_tokens=[("<", 27), ("=", 28)])
    tokenizer.add_tokens(["a"])  # an ID beyond the last row
    tokenizer.save(str(folder / "tokenizer.json"))
    lm = load_model(folder)
    assert lm.begin_ids.tolist() == [27, 28]
    numbers = measure(lm, TEXTS)
    assert numbers["text"]["positions"] == sum(len(lm.encode(text)) for text in TEXTS)  # all but what was put before
    assert "begins a text with <code>&lt;</code><code>=</code>" in page(numbers, [])


def test_rows_without_a_direction_or_a_token(tmp_path):
    model = family("Llama", vocab_size=80, tie_word_embeddings=True, pad_token_id=None)
    with torch.no_grad():
        model.lm_head.weight[70:] = 0
    numbers = measure(load_model(saved(model, tmp_path)), TEXTS)
    assert numbers["model"]["rows_without_token"] == 16 and numbers["round_trip"]["tokens"] == 70
    assert numbers["round_trip"]["cosine"]["return"][0] == 100
    assert numbers["can_win"]["never"] >= 10  # ten zero rows only tie among one another; they lead nowhere
    assert "16 rows belong to no token" in page(numbers, pictures(numbers))


def test_a_vocabulary_of_three_and_a_token_with_braces(tmp_path, monkeypatch):
    folder = saved(family("Llama", vocab_size=3), tmp_path / "base")
    words = models.WordLevel({"{{model.name}}": 0, "A": 1, "B": 2}, unk_token="B")
    Tokenizer(words).save(str(folder / "tokenizer.json"))
    monkeypatch.chdir(folder)
    lm = load_model(".")
    monkeypatch.setattr(lm, "encode", lambda text: [1, 2, 0, 1])
    numbers = measure(lm, TEXTS)
    assert numbers["model"]["name"] == "base"
    assert [len(numbers["sizes"]["targets"][which]) for which in ("largest", "smallest")] == [3, 3]
    assert "<code>{{model.name}}</code>" in page(numbers, pictures(numbers))


def test_texts_longer_than_the_model_are_cut_and_too_short_ones_refused(tmp_path):
    lm = load_model(saved(family("GPT-2", n_positions=6), tmp_path))
    assert measure(lm, TEXTS)["text"]["positions"] == 10
    for nothing in (["A"], []):
        with pytest.raises(ValueError, match="There is nothing to measure on"):
            measure(lm, nothing)


@pytest.mark.parametrize("name", KNOWN)
def test_the_page_is_whole_speaks_and_is_written(name, tmp_path):
    numbers = data.saved(name)
    figures = pictures(numbers)
    text = page(numbers, figures)
    elements = list(ElementTree.fromstring(re.sub(r"(<(?:meta|img) [^>]*)>", r"\1/>", text)).iter())  # as strict XML
    links = [element.get(name) for element in elements for name in ("src", "href") if name in element.keys()]
    assert len(links) == 4 and all(link.startswith("data:image/png;base64,") for link in links)  # all is in the page
    words = [" ".join(words_of(fig)).replace("`", "") for fig in figures]
    assert re.findall("<summary>In words</summary>(.+)</details>", html.unescape(text)) == words
    alts = [element.get("alt") for element in elements if element.tag == "img"]
    assert alts == [words_of(fig)[0].replace("`", "") for fig in figures]
    first = " ".join("".join(next(e for e in elements if e.tag == "ol").itertext()).split())
    both = (numbers["rulers"][place]["zero"] for place in ("z and u", "γz and w"))
    shares = [seen[ruler][0] for seen in both for ruler in ("cosine", "distance")]
    assert [float(found) for found in re.findall(r"([\d.]+)% \(", first)[:4]] == pytest.approx(shares, rel=1e-2)
    assert ("share one size" in first) == (name == GEMMA)
    assert "<filename>" not in text and ("<code>&lt;filename&gt;</code>" in text) == (name == NAME)
    assert str(data.PROJECT) not in text + json.dumps(numbers)
    written = write(tmp_path / "deep" / "er", numbers, text)
    assert written.read_text(encoding="utf-8") == text
    assert json.loads(written.with_suffix(".json").read_text(encoding="utf-8")) == numbers
