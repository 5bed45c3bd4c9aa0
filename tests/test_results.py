"""The saved results are those of this model, and of no other code than the plain definition."""

import compute_results
import numpy as np
import pytest
from run_notebooks import PROJECT

from helpers.download import GGUF_SHA256
from helpers.geometry import random_directions
from helpers.targets import can_win

WAYS = ["dot", "over_square", "cosine", "after_norm"]


@pytest.fixture(scope="module")
def saved():
    with np.load(PROJECT / "data" / "results" / "returns.npz") as file:
        return dict(file)


def plain_scores(lm, way, ids):
    """Float64, row by row, from the definition: a vector against all rows."""
    vectors = lm.embedding.astype(np.float64)
    squares = (vectors**2).sum(axis=1)
    if way == "after_norm":
        mean_square = squares[ids, None] / lm.width
        states = vectors[ids] / np.sqrt(mean_square + lm._parts.epsilon)
        return states @ lm.targets.T.astype(np.float64)
    power = {"dot": 0, "over_square": 1, "cosine": 0.5}[way]
    return vectors[ids] @ vectors.T / squares**power


def test_they_are_of_this_model_and_say_their_command(saved, lm):
    assert str(saved["model_sha256"]) == GGUF_SHA256 and str(saved["made_by"]) == "make results"
    assert set(saved) == {*WAYS, "model_sha256", "made_by"}
    assert all(saved[way].shape == (lm.n_vocab,) and saved[way].dtype == np.int32 for way in WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_a_sample_agrees_with_the_plain_definition(saved, lm, way):
    ids = np.random.default_rng(7).choice(lm.n_vocab, 40, replace=False)
    scores = plain_scores(lm, way, ids)
    np.testing.assert_array_equal(scores.argmax(axis=1), saved[way][ids])


def test_copies_go_to_the_lowest_id(saved, lm):
    lost = np.flatnonzero(saved["cosine"] != np.arange(lm.n_vocab))
    assert len(lost) == 11
    for i in lost:
        same = np.flatnonzero((lm.embedding == lm.embedding[i]).all(axis=1))
        assert saved["cosine"][i] == same[0] < i


def test_the_whole_computation_on_a_small_vocabulary(lm):
    """What `make results` runs, against full tables."""

    class Small:
        embedding, targets, width = lm.embedding[3000:3600], lm.targets[3000:3600], lm.width
        n_vocab, _parts, to_sphere = 600, lm._parts, lm.to_sphere

    for way, winners in compute_results.whole_vocabulary(Small):
        np.testing.assert_array_equal(plain_scores(Small, way, np.arange(600)).argmax(axis=1), winners)


def test_a_sample_of_the_overlaps_agrees_with_full_sorts(lm):
    with np.load(PROJECT / "data" / "results" / "overlap.npz") as file:
        saved = dict(file)
    assert str(saved["model_sha256"]) == GGUF_SHA256 and len(saved) == 9
    targets = lm.targets.astype(np.float64)
    squares = (targets**2).sum(axis=1)
    for place, i in enumerate(saved["ids"][:10]):
        products = targets @ targets[i]
        scores = {"cosine": products / squares**0.5, "euclidean": products - squares / 2, "dot": products}
        ten = {by: [j for j in np.argsort(-score)[:11] if j != i][:10] for by, score in scores.items()}
        for pair in (name for name in saved if ", " in name and "null" not in name):
            one, other = pair.split(", ")
            assert saved[pair][place] == len(set(ten[one]) & set(ten[other])), pair


def read(name):
    with np.load(PROJECT / "data" / "results" / name) as file:
        assert str(file["model_sha256"]) == GGUF_SHA256
        return dict(file)


def test_a_sample_of_the_wins_agrees_with_float64_loops(lm):
    saved, targets = read("wins.npz"), lm.targets.astype(np.float64)
    sizes = np.linalg.norm(targets, axis=1, keepdims=True)
    chance = sizes * random_directions(lm.n_vocab, lm.width, seed=1)
    kinds = {"real": targets, "equal sizes": targets / sizes, "random directions": chance}
    for seed in (0, 19):  # the first block of states and the last
        states = random_directions(5000, lm.width, seed=100 + seed)[:30]
        for name, rows in kinds.items():
            won = [int((rows @ z).argmax()) for z in states]
            np.testing.assert_array_equal(won, saved[name][5000 * seed : 5000 * seed + 30])
    assert {len(saved[name]) for name in kinds} == {100_000}


def certified(targets, states, ids):
    """How far each target leads over all that are no copies of it, in float64."""
    leads = []
    for z, i in zip(states, ids, strict=True):
        logits = targets @ z
        copies = (targets == targets[i]).all(axis=1) if logits[i] <= np.partition(logits, -2)[-2] else [i]
        own, logits[copies] = logits[i], -np.inf
        leads.append(own - logits.max())
    return np.array(leads)


def test_every_saved_state_proves_that_its_token_can_win(lm):
    saved, targets = read("can_win.npz"), lm.targets.astype(np.float64)
    assert len(saved["how"]) == lm.n_vocab and set(saved["how"]) == {"direction", "programme", "tie"}
    np.testing.assert_array_equal(saved["ids"], np.flatnonzero(saved["how"] != "direction"))
    assert certified(targets, saved["states"], saved["ids"]).min() > 0
    for i in np.flatnonzero(saved["how"] == "tie"):
        assert (lm.targets == lm.targets[i]).all(axis=1).sum() > 1


def test_a_sample_of_the_directions_proves_that_their_tokens_can_win(lm):
    saved, targets = read("can_win.npz"), lm.targets.astype(np.float64)
    easy = np.random.default_rng(1).choice(np.flatnonzero(saved["how"] == "direction"), 60, replace=False)
    states, how = can_win(lm.targets, easy)
    assert set(how) == {"direction"} and certified(targets, states, easy).min() > 0


@pytest.mark.slow
def test_every_token_has_a_certificate_that_one_product_checks(lm):
    """All of them, from the definition: Σ⁻¹(u − mean) in float64, or the saved state."""
    saved, targets = read("can_win.npz"), lm.targets.astype(np.float64)
    centred = targets - targets.mean(axis=0)
    directions = np.linalg.solve(centred.T @ centred, centred.T).T
    directions[saved["ids"]] = saved["states"]
    copies = set(np.flatnonzero(saved["how"] == "tie"))
    for start in range(0, lm.n_vocab, 512):
        logits = directions[start : start + 512] @ targets.T
        places = np.arange(len(logits)), np.arange(start, start + len(logits))
        own = logits[places].copy()
        logits[places] = -np.inf
        behind = start + np.flatnonzero(own <= logits.max(axis=1))
        assert set(behind) <= copies
        assert (certified(targets, directions[behind], behind) > 0).all()


def test_a_search_that_was_stopped_begins_where_it_was(tmp_path, monkeypatch):
    targets, part = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32), tmp_path / "part.npz"
    whole = compute_results.decided(targets, tmp_path / "whole.npz", block=20)
    done = []

    def stopped(targets, ids):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(ids)
        return can_win(targets, ids)

    monkeypatch.setattr(compute_results, "can_win", stopped)
    with pytest.raises(KeyboardInterrupt):
        compute_results.decided(targets, part, block=20)
    monkeypatch.setattr(compute_results, "can_win", lambda t, ids: done.append(ids) or can_win(t, ids))
    again = compute_results.decided(targets, part, block=20)
    assert [ids[0] for ids in done] == [0, 20, 40, 60, 80]
    finished = compute_results.decided(targets, part, block=20)  # stopped after its last block: nothing left to do
    assert len(done) == 5
    for key in whole:
        np.testing.assert_array_equal(again[key], whole[key])
        np.testing.assert_array_equal(finished[key], whole[key])


@pytest.mark.slow
def test_make_results_writes_what_is_saved(tmp_path):
    compute_results.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"returns.npz", "overlap.npz", "wins.npz", "can_win.npz"}
    for name in ("returns.npz", "overlap.npz", "wins.npz"):
        with np.load(tmp_path / name) as again, np.load(PROJECT / "data" / "results" / name) as before:
            assert set(again) == set(before)
            for key in before:
                np.testing.assert_array_equal(again[key], before[key])
