"""The saved results are those of this model, and of no other code than the plain definition."""

import json
import re
from functools import partial

import ball
import compute_results
import numpy as np
import pytest
from scipy.special import softmax

from helpers.data import PROJECT, passages, saved
from helpers.figures import AREAS
from helpers.figures.style import GREYS
from helpers.geometry import facing_frame, random_directions
from helpers.targets import can_win
from helpers.weights.home import GGUF_SHA256, NAME

WAYS = {"dot", "over_square", "cosine", "after_norm"}
EPSILON = 1e-5  # of the model's final norm, as its config.json has it


@pytest.fixture(scope="module")
def targets(lm):
    return lm.targets.astype(np.float64)


ARRAYS = dict(returns=4, overlap=7, wins=3, can_win=3, flight=2, almost_sphere=1)


@pytest.mark.parametrize("name, arrays", ARRAYS.items())
def test_they_are_of_this_model_and_say_their_command(name, arrays):
    found = saved(name)
    assert str(found["model_sha256"]) == GGUF_SHA256 and str(found["made_by"]) == "make results"
    assert len(found) == arrays + 2


def plain_winners(lm, way, ids):
    """Float64, row by row, from the definition: a vector against all rows."""
    vectors = lm.embedding.astype(np.float64)
    squares = (vectors**2).sum(axis=1)
    if way == "after_norm":
        states = vectors[ids] / np.sqrt(squares[ids, None] / lm.width + EPSILON)
        return (states @ lm.targets.T.astype(np.float64)).argmax(axis=1)
    power = {"dot": 0, "over_square": 1, "cosine": 0.5}[way]
    return (vectors[ids] @ vectors.T / squares**power).argmax(axis=1)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_sample_of_the_returns_agrees_with_the_plain_definition(lm, way):
    winners, ids = saved("returns")[way], np.random.default_rng(7).choice(lm.n_vocab, 40, replace=False)
    assert winners.shape == (lm.n_vocab,) and winners.dtype == np.int32
    np.testing.assert_array_equal(plain_winners(lm, way, ids), winners[ids])


def test_what_make_results_runs_agrees_with_full_tables_on_a_small_vocabulary(lm):
    class Small:
        embedding, targets, width, to_sphere = lm.embedding[3000:3600], lm.targets[3000:3600], lm.width, lm.to_sphere

    found = dict(compute_results.whole_vocabulary(Small))
    assert set(found) == WAYS
    for way, winners in found.items():
        np.testing.assert_array_equal(plain_winners(Small, way, np.arange(600)), winners)


def test_a_sample_of_the_overlaps_agrees_with_full_sorts(targets):
    found, squares = dict(saved("overlap")), (targets**2).sum(axis=1)
    pairs = [name for name in found if ", " in name and "null" not in name]
    assert len(pairs) == 3
    for place, i in enumerate(found["ids"][:10]):
        products = targets @ targets[i]
        scores = {"cosine": products / squares**0.5, "euclidean": products - squares / 2, "dot": products}
        ten = {by: [j for j in np.argsort(-score)[:11] if j != i][:10] for by, score in scores.items()}
        for pair in pairs:
            one, other = pair.split(", ")
            assert found[pair][place] == len(set(ten[one]) & set(ten[other])), pair


def test_a_sample_of_the_wins_agrees_with_float64_loops(lm, targets):
    found, sizes = saved("wins"), np.linalg.norm(targets, axis=1, keepdims=True)
    chance = sizes * random_directions(lm.n_vocab, lm.width, seed=1)
    kinds = {"real": targets, "equal sizes": targets / sizes, "random directions": chance}
    for name, rows in kinds.items():
        assert found[name].shape == (100_000,)
        for seed in (0, 19):  # the first block of states and the last
            states = random_directions(5000, lm.width, seed=100 + seed)[:30]
            won = [int((rows @ z).argmax()) for z in states]
            np.testing.assert_array_equal(won, found[name][5000 * seed : 5000 * seed + 30])


def test_a_sample_of_the_flight_agrees_with_the_plain_definition_but_for_rounding(lm, targets):
    def states(x):
        x = x.astype(np.float64)
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON)

    run = lm.run(next(iter(passages("test").values())))
    others = np.concatenate([lm.run(text).residuals[:, 1:] for text in passages("fit").values()], axis=1)
    said, found = run.logits[[5, 40]].argmax(axis=1), dict(saved("flight"))
    for layer in (3, 24, 30):
        z, more = states(run.residuals[layer, [5, 40]]), states(others[30]).mean(axis=0)
        for name, some in {"lens": z, "shifted": states(z + more - states(others[layer]).mean(axis=0))}.items():
            logits = some @ targets.T
            rank = 1 + (logits > logits[[0, 1], said][:, None]).sum(axis=1)
            np.testing.assert_allclose(found[name][layer, [4, 39]], rank, rtol=0.02, atol=1)  # float32 and float64
    assert found["lens"].shape == found["shifted"].shape == (31, 388) and (found["lens"][30] == 1).all()


@pytest.mark.parametrize("which", ["tokens", "nulls"])
def test_no_target_that_wins_on_a_ball_is_missing_whatever_the_ruler_and_the_origin(lm, targets, which):
    """On one ball; the browser's test looks at others."""
    found, x = saved("ball"), random_directions(300, 3, seed=9).astype(float)
    assert found["model_sha256"] == GGUF_SHA256
    assert [ball["texts"] for ball in found["scenes"]] == [*passages("balls").values()]
    one, u = found["scenes"][5], targets
    if which == "nulls":
        u = np.linalg.norm(u, axis=1, keepdims=True) * random_directions(lm.n_vocab, lm.width, seed=1)
    states = np.stack([lm.run(text).sphere_states[-1] for text in one["texts"]]).astype(float)
    frame, known, logits = facing_frame(states), one[which], states @ u.T
    for slid, places in {0: (-1, -0.5, 0, 0.5, 1), 0.37: (-0.71, 0.83), 1: (-1, 1)}.items():
        from_there = u - slid * u.mean(axis=0) * (which == "tokens")
        sizes, along = np.linalg.norm(from_there, axis=1), lm.radius * x @ (from_there @ frame.T).T
        for place in places:
            score = along * sizes ** min(0, -place) - max(0, -place) * sizes**2 / 2
            assert set(score.argmax(axis=1)) <= set(known["ids"]), (place, slid)
    assert [known["ids"][i] for i in known["says"]] == logits.argmax(axis=1).tolist()
    np.testing.assert_allclose(np.reshape(known["p"], (-1, 3)), (u @ frame.T)[known["ids"]], atol=1e-4)
    rest = np.reshape(known["rest"], (-1, 5))  # and in groups, the others weigh what they weigh
    groups = np.exp(lm.radius * np.array(one["marks"]) @ rest[:, :3].T) * np.cosh(lm.radius * np.sqrt(rest[:, 4]))
    whole = np.exp(logits[:, known["ids"]]).sum(axis=1) + groups @ rest[:, 3]
    np.testing.assert_allclose(np.exp(logits.max(axis=1)) / whole, softmax(logits, axis=1).max(axis=1), atol=0.02)


def test_the_balls_page_and_picture_are_made_of_what_is_saved_and_small():
    page, picture = PROJECT / "data" / "ball.html", PROJECT / "data" / "idea.webp"
    assert page.read_text(encoding="utf-8") == ball.page(saved("ball")), "stale: run  make ball"
    assert page.stat().st_size <= 400_000 and picture.stat().st_size <= 600_000
    module = (PROJECT / "helpers" / "figures" / "ball.js").read_text(encoding="utf-8")
    for name, colours in (("HUES", AREAS), ("GREYS", GREYS)):
        assert json.loads(re.search(rf"const {name} = (\[.*\]);", module)[1]) == colours


def certified(targets, states, ids):
    """How far each target leads over all that are no copies of it, in float64."""
    leads = []
    for z, i in zip(states, ids, strict=True):
        logits = targets @ z
        copies = (targets == targets[i]).all(axis=1) if logits[i] <= np.partition(logits, -2)[-2] else [i]
        own, logits[copies] = logits[i], -np.inf
        leads.append(own - logits.max())
    return np.array(leads)


def test_every_saved_state_and_a_sample_of_the_directions_prove_that_their_tokens_can_win(lm, targets):
    found = dict(saved("can_win"))
    assert len(found["how"]) == len(targets) and set(found["how"]) == {"direction", "programme", "tie"}
    np.testing.assert_array_equal(found["ids"], np.flatnonzero(found["how"] != "direction"))
    assert certified(targets, found["states"], found["ids"]).min() > 0
    assert all((targets == targets[i]).all(axis=1).sum() > 1 for i in np.flatnonzero(found["how"] == "tie"))
    easy = np.random.default_rng(1).choice(np.flatnonzero(found["how"] == "direction"), 60, replace=False)
    states, how = can_win(lm.targets, easy)
    assert set(how) == {"direction"} and certified(targets, states, easy).min() > 0


@pytest.mark.slow
def test_every_token_has_a_certificate_that_one_product_checks(targets):
    """All of them, from the definition: Σ⁻¹(u − mean) in float64, or the saved state."""
    found, centred = dict(saved("can_win")), targets - targets.mean(axis=0)
    directions = np.linalg.solve(centred.T @ centred, centred.T).T
    directions[found["ids"]] = found["states"]
    for block in np.split(np.arange(len(targets)), range(512, len(targets), 512)):
        logits, places = directions[block] @ targets.T, (np.arange(len(block)), block)
        own = logits[places].copy()
        logits[places] = -np.inf
        behind = block[own <= logits.max(axis=1)]
        assert set(found["how"][behind]) <= {"tie"}
        assert (certified(targets, directions[behind], behind) > 0).all()


def test_a_search_that_was_stopped_begins_where_it_was(tmp_path, monkeypatch):
    targets, done = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32), []

    def stopped_once(targets, ids):
        done.append(ids[0])
        if done == [0, 20, 40]:
            raise KeyboardInterrupt
        return can_win(targets, ids)

    whole = compute_results.decided(targets, tmp_path / "whole.npz", block=20)
    monkeypatch.setattr(compute_results, "can_win", stopped_once)
    with pytest.raises(KeyboardInterrupt):
        compute_results.decided(targets, tmp_path / "part.npz", block=20)
    for _ in range(2):  # the rest; and stopped after its last block, nothing is left to do
        np.testing.assert_equal(compute_results.decided(targets, tmp_path / "part.npz", block=20), whole)
        assert done == [0, 20, 40, 40, 60, 80]


@pytest.mark.slow
def test_make_results_writes_what_is_saved(tmp_path, monkeypatch, targets):
    """But for what is measured of the models, which test_report does again, and for most steps towards the sphere."""
    monkeypatch.setattr(compute_results, "measure", lambda lm, progress: {"name": lm.name})
    monkeypatch.setattr(compute_results, "almost_sphere", partial(compute_results.almost_sphere, steps=2))
    first = dict([next(iter(passages("balls").items()))])
    monkeypatch.setattr(ball, "passages", lambda which: first)  # one ball of nine
    compute_results.main(tmp_path)
    balls = json.loads((tmp_path / "ball.json").read_text(encoding="utf-8"))["scenes"]
    assert [balls[0][key] for key in ("name", "texts")] == [
        saved("ball")["scenes"][0][key] for key in ("name", "texts")
    ]
    assert balls[0]["tokens"]["ids"] == saved("ball")["scenes"][0]["tokens"]["ids"]
    files = {path.stem for path in tmp_path.iterdir() if path.suffix == ".npz"}
    assert files == ARRAYS.keys() and json.loads((tmp_path / f"{NAME}.json").read_text())["name"] == NAME
    begun = np.linalg.norm(targets @ np.load(tmp_path / "almost_sphere.npz")["A"].T.astype(np.float64), axis=1)
    assert begun.std() / begun.mean() < 0.17  # as they are: 0.186
    for name in ("returns", "overlap", "wins"):
        np.testing.assert_equal(dict(np.load(tmp_path / f"{name}.npz")), dict(saved(name)))
    for name in ("lens", "shifted"):
        np.testing.assert_allclose(np.load(tmp_path / "flight.npz")[name], saved("flight")[name], rtol=0.05, atol=1)
