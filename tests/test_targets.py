"""What targets can win: intervals against scipy's, certificates against hulls and plain linear programmes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial import ConvexHull
from scipy.stats import binomtest

from helpers.targets import can_win, wilson


def wins_at(states, targets, ids, offsets=0):
    """Whether each certificate proves what it should: one product in float64, exact copies left out."""
    targets = targets.astype(np.float64)
    for z, i in zip(states, ids, strict=True):
        logits = targets @ z + offsets
        copies = (targets == targets[i]).all(axis=1)
        yield logits[i] > logits[~copies].max(initial=-np.inf)


def possible(targets, i, offsets=None):
    """The independent reference: one plain linear programme with all rivals, is there any z with a lead of 1?"""
    rivals = np.delete(targets, i, axis=0)
    needs = np.ones(len(rivals)) if offsets is None else 1e-6 + np.delete(offsets, i) - offsets[i]
    solved = linprog(
        np.zeros(targets.shape[1]), A_ub=rivals - targets[i], b_ub=-needs, bounds=[(None, None)] * targets.shape[1]
    )
    return solved.status == 0


@pytest.mark.parametrize("n", [1, 3, 40, 1000, 2000])
def test_intervals_are_wilsons_and_hold_their_own_share(n):
    for count in range(0, n + 1, max(1, n // 7)):
        low, high = wilson(count, n)
        assert low <= count / n <= high
        expected = binomtest(count, n).proportion_ci(method="wilson")  # its z² is felt where n is small
        np.testing.assert_allclose([low, high], expected, atol=1e-4)  # 1.96 for the normal's 97.5% point
    assert wilson(0, n)[0] == 0 and wilson(n, n)[1] == 1


@pytest.mark.parametrize("d, n, seed", [(2, 30, 0), (3, 60, 1), (4, 60, 2), (6, 40, 3)])
def test_exactly_the_corners_of_the_hull_can_win(d, n, seed):
    targets = np.random.default_rng(seed).normal(size=(n, d))
    states, how = can_win(targets, np.arange(n))
    corners = set(ConvexHull(targets).vertices)
    assert {i for i in range(n) if how[i] != "never"} == corners and 0 < len(corners) < n
    found = [i for i in range(n) if how[i] != "never"]
    assert all(wins_at(states[found], targets, found))
    np.testing.assert_allclose(np.linalg.norm(states[found], axis=1), 1)
    assert np.isnan(states[[i for i in range(n) if i not in found]]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 25), st.floats(-3, 3))
def test_it_agrees_with_one_plain_programme_also_with_offsets(seed, d, n, scale):
    rng = np.random.default_rng(seed)
    targets, offsets = rng.normal(size=(n, d)), 10**scale * rng.normal(size=n)
    states, how = can_win(targets, np.arange(n), offsets)
    for i in range(n):
        assert (how[i] != "never") == possible(targets, i, offsets)
    found = [i for i in range(n) if how[i] != "never"]
    assert all(wins_at(states[found], targets, found, offsets))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_a_target_planted_inside_is_found_among_many_that_can_win(dtype, scale):
    targets = (scale * np.random.default_rng(0).normal(size=(300, 64))).astype(dtype)
    targets[17] = targets[20:90].mean(axis=0)
    ids = np.arange(300)
    states, how = can_win(targets, ids)
    assert [i for i in ids if how[i] == "never"] == [17] and how.count("direction") > 200  # the fast way is tried
    others = np.delete(ids, 17)
    assert all(wins_at(states[others], targets, others))


WINS, NEVER = ["wins"], ["never"]


@pytest.mark.parametrize(
    "targets, offsets, expected",
    [
        (np.array([[1.0, 0], [1, 0], [0, 1], [-1, -1], [0, 0], [0, 0]]), None, ["tie"] * 2 + WINS * 2 + NEVER * 2),
        (np.ones((4, 3)), None, ["tie"] * 4),
        (np.array([[1.0, 2]]), None, WINS),
        (np.zeros((2, 2)), None, ["tie"] * 2),
        (np.ones((3, 2)), np.array([0.0, 1, 2]), NEVER * 2 + WINS),
        (np.array([[1.0], [2], [3]]), None, WINS + NEVER + WINS),
        (np.array([[0.0, 0], [2, 0], [0, 2], [1, 0], [1, 1]]), None, WINS * 3 + NEVER * 2),  # on two edges
    ],
)
def test_odd_vocabularies_and_exact_copies(targets, offsets, expected):
    states, how = can_win(targets, np.arange(len(targets)), offsets)
    assert [found if found in ("tie", "never") else "wins" for found in how] == expected
    won = [i for i, found in enumerate(expected) if found != "never"]
    assert all(wins_at(states[won], targets, won, 0 if offsets is None else offsets))


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_offsets_far_larger_than_the_targets_hide_no_corner(scale):
    targets = np.random.default_rng(2).normal(size=(60, 5)) * [1, 1, 1, 1, 30]
    offsets = np.where(np.random.default_rng(3).random(60) < 0.3, -1e6, 0.0) * scale
    alone, _ = can_win(targets * scale, np.arange(60))
    states, how = can_win(targets * scale, np.arange(60), offsets)
    corners = np.flatnonzero(np.isfinite(alone[:, 0]))
    assert all(how[i] != "never" for i in corners)  # far out, no offset counts any more
    won = [i for i in range(60) if how[i] != "never"]
    assert all(wins_at(states[won], targets * scale, won, offsets))
