"""The saved results are those of this model, and of no other code than the plain definition."""

import compute_results
import numpy as np
import pytest
from run_notebooks import PROJECT

from helpers.download import GGUF_SHA256

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


@pytest.mark.slow
def test_make_results_writes_what_is_saved(tmp_path):
    compute_results.main(tmp_path)
    for name in ("returns.npz", "overlap.npz"):
        with np.load(tmp_path / name) as again, np.load(PROJECT / "data" / "results" / name) as before:
            assert set(again) == set(before)
            for key in before:
                np.testing.assert_array_equal(again[key], before[key])
