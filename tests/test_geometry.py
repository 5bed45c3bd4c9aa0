"""helpers.geometry against slow float64 loops and scipy, the identities on arbitrary input, and every refusal."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation, Slerp

from helpers import geometry
from helpers.geometry import (
    angle,
    cosine,
    dot,
    euclidean,
    facing_frame,
    nearest,
    plane_frame,
    random_directions,
    random_rotation,
    slerp,
    unit,
    winners,
)

# A few float64 roundings at width 5; float32 has about 1e-7 a step, and sums of a few hundred stay within 1e-5.
CLOSE = dict(rtol=1e-9, atol=1e-9)
numbers = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)
vectors = arrays(np.float64, 5, elements=numbers).filter(lambda v: v.any())


def loop_dot(a, b):
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def loop_cosine(a, b):
    return loop_dot(a, b) / (loop_dot(a, a) ** 0.5 * loop_dot(b, b) ** 0.5)


# ---------------------------------------------------------------- rulers


@given(vectors, vectors)
def test_rulers_agree_with_float64_loops(a, b):
    np.testing.assert_allclose(dot(a, b), loop_dot(a, b), **CLOSE)
    np.testing.assert_allclose(cosine(a, b), loop_cosine(a, b), **CLOSE)
    np.testing.assert_allclose(euclidean(a, b), loop_dot(a - b, a - b) ** 0.5, **CLOSE)


@given(vectors, vectors, st.floats(1e-3, 1e3))
def test_cosine_ignores_size_and_flips_with_sign(a, b, factor):
    np.testing.assert_allclose(cosine(factor * a, b), cosine(a, b), **CLOSE)
    np.testing.assert_allclose(cosine(-a, b), -cosine(a, b), **CLOSE)


@given(vectors, vectors)
def test_distance_identity(a, b):
    right = dot(a, a) + dot(b, b) - 2 * dot(a, b)
    np.testing.assert_allclose(euclidean(a, b) ** 2, right, rtol=1e-9, atol=1e-8 * (dot(a, a) + dot(b, b)))


def test_known_values():
    assert cosine([3, 4], [6, 8]) == pytest.approx(1)
    assert cosine([1, 0], [-2, 0]) == pytest.approx(-1)
    assert angle([1, 0], [0, 5]) == pytest.approx(np.pi / 2)  # radians
    assert euclidean([1, 2], [4, 6]) == pytest.approx(5)
    np.testing.assert_allclose(unit([[3, 4], [0, -2]]), [[0.6, 0.8], [0, -1]])


def test_rows_pair_with_rows_and_one_vector_with_all():
    a, b = np.arange(6.0).reshape(2, 3) + 1, np.array([1.0, -1, 2])
    assert cosine(a, b).shape == dot(a, a).shape == (2,)
    np.testing.assert_allclose(dot(a, b), [loop_dot(row, b) for row in a])


def test_angle_is_exact_where_arccos_is_not():
    tiny = 1e-6
    assert angle([1.0, 0], [np.cos(tiny), np.sin(tiny)]) == pytest.approx(tiny, rel=1e-9)
    assert angle([1.0, 0], [-np.cos(tiny), np.sin(tiny)]) == pytest.approx(np.pi - tiny, abs=1e-12)


def test_a_cosine_never_leaves_its_range():
    vectors = np.random.default_rng(0).normal(size=(2000, 37)).astype(np.float32)
    assert (np.abs(cosine(vectors, 3 * vectors)) <= 1).all() and (np.abs(cosine(vectors, -vectors)) <= 1).all()


def test_finite_numbers_whose_sum_overflows_are_accepted():
    np.testing.assert_allclose(unit(np.full(4, 3e38, np.float32)), 0.5)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_unit_survives_tiny_and_huge_float32(scale):
    np.testing.assert_allclose(unit(np.array([3, 4], np.float32) * np.float32(scale)), [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.int8, bool])
def test_other_number_types_are_computed_right(dtype):
    a, b = np.array([1, 0, 1], dtype), np.array([1, 1, 1], dtype)
    assert cosine(a, b) == pytest.approx(2 / 6**0.5, rel=1e-6)
    a, b = np.array([100, 100], np.int8), np.array([100, 100], np.int8)
    assert dot(a, b) == 20_000  # not wrapped around at 127


def test_strided_and_read_only_arrays_are_left_as_they_were():
    array = np.arange(24, dtype=np.float32).reshape(4, 6)[:, ::2]
    array.flags.writeable = False
    before = array.copy()
    unit(array), cosine(array, array[0]), winners(array, array), nearest(array, array, 2)
    np.testing.assert_array_equal(array, before)


def test_mixed_types_are_compared_in_the_wider():
    narrow, wide = np.float32([0.1, 0.2, 0.3]), np.array([1.0, 0, 0])
    exact = [float(x) for x in narrow]
    assert cosine(narrow, [1, 0, 0]) == pytest.approx(loop_cosine(exact, wide), rel=1e-14)
    assert angle(narrow, narrow.astype(float)) == 0
    np.testing.assert_allclose(slerp(narrow, wide, 0.0), exact, rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_distances_survive_tiny_and_huge_float32(scale):
    assert euclidean(np.float32([3, 4]) * np.float32(scale), np.zeros(2, np.float32)) == pytest.approx(5 * scale)
    assert euclidean([3 * scale**6, 4 * scale**6], [0, 0]) == pytest.approx(5 * scale**6)


# ---------------------------------------------------------------- slerp, random directions, frames


@given(vectors, vectors, st.floats(0, 1))
def test_slerp_stays_on_the_sphere_and_in_the_plane(a, b, t):
    a, b = 24 * unit(a), 24 * unit(b)
    if np.linalg.norm(a + b) < 1e-3:
        return  # opposite: refused, see below
    point = slerp(a, b, t)
    assert np.linalg.norm(point) == pytest.approx(24, rel=1e-9)
    assert angle(a, point) == pytest.approx(t * angle(a, b), abs=1e-6)


def test_slerp_agrees_with_scipys_rotations():
    start, axis = np.array([1.0, 0, 0]), np.array([0, 0.6, 0.8])
    whole = Rotation.from_rotvec(2.0 * axis)
    along = Slerp([0, 1], Rotation.concatenate([Rotation.identity(), whole]))
    t = np.linspace(0, 1, 11)
    np.testing.assert_allclose(slerp(start, whole.apply(start), t), along(t).apply(start), atol=1e-12)


def test_slerp_ends_sizes_and_sameness():
    a, b = np.array([2.0, 0]), np.array([0, 4.0])
    np.testing.assert_allclose(slerp(a, b, [0, 0.5, 1]), [a, 3 / 2**0.5 * np.ones(2), b], atol=1e-12)
    np.testing.assert_allclose(slerp(a, 3 * a, 0.5), [4, 0])
    with pytest.raises(ValueError, match="opposite directions"):
        slerp(a, -b[::-1], 0.5)


@given(vectors, vectors, vectors)
def test_plane_frame_casts_the_nearest_shadow(a, b, x):
    if angle(a, b) < 1e-3 or angle(a, -b) < 1e-3:
        return  # nearly on one line
    frame = plane_frame(a, b)
    np.testing.assert_allclose(frame @ frame.T, np.eye(2), atol=1e-9)
    assert frame[0] @ a == pytest.approx(np.linalg.norm(a)) and frame[1] @ b > 0
    # The independent reference: the combination of a and b that least squares finds closest to x.
    basis = np.column_stack([unit(a), unit(b)])
    closest = basis @ np.linalg.lstsq(basis, x, rcond=None)[0]
    np.testing.assert_allclose((x @ frame.T) @ frame, closest, atol=1e-6 * np.linalg.norm(x))


def test_plane_frame_keeps_float32_and_does_not_see_sizes():
    a, b = np.random.default_rng(0).normal(size=(2, 576)).astype(np.float32)
    frame = plane_frame(a, b)
    assert frame.dtype == np.float32 and frame.shape == (2, 576)
    np.testing.assert_allclose(plane_frame(np.float32(1e-8) * a, np.float32(1e6) * b), frame, atol=1e-6)
    np.testing.assert_allclose(plane_frame([3, 0, 0], [5, 7, 0]), [[1, 0, 0], [0, 1, 0]])


def test_random_rotations_keep_sizes_and_angles_and_are_even():
    turn = random_rotation(40, seed=0)
    assert turn.dtype == np.float32
    np.testing.assert_allclose(turn @ turn.T, np.eye(40), atol=1e-5)
    np.testing.assert_array_equal(turn, random_rotation(40, seed=0))
    # Where it takes the first axis is a random direction: every coordinate has mean 0 and mean square 1/3; a plain
    # QR decomposition would always take it to the same side.
    ends = np.array([random_rotation(3, seed)[0] for seed in range(2000)])
    np.testing.assert_allclose(ends.mean(axis=0), 0, atol=5 * (1 / 3 / 2000) ** 0.5)
    np.testing.assert_allclose((ends**2).mean(axis=0), 1 / 3, atol=5 * (4 / 45 / 2000) ** 0.5)


def test_facing_frame_looks_at_directions_not_sizes():
    states = np.random.default_rng(0).normal(size=(3, 50))
    sizes = np.array([[1e-8], [1], [1e3]])
    np.testing.assert_allclose(facing_frame(sizes * states), facing_frame(states), atol=1e-9)


def test_nearest_survives_very_small_float32():
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    small = rows * np.float32(1e-22)
    np.testing.assert_array_equal(nearest(small[:5], small, 3)[0], nearest(rows[:5], rows, 3)[0])


def test_random_directions_are_even_and_repeatable():
    directions = random_directions(20_000, 3, seed=1)
    assert directions.dtype == np.float32 and directions.shape == (20_000, 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)
    # On a 2-sphere every coordinate is uniform on [-1, 1]: mean 0, variance 1/3; 5 standard errors of 20,000 draws.
    np.testing.assert_allclose(directions.mean(axis=0), 0, atol=5 * (1 / 3 / 20_000) ** 0.5)
    np.testing.assert_allclose((directions**2).mean(axis=0), 1 / 3, atol=5 * (4 / 45 / 20_000) ** 0.5)
    # The fourth moment, 1/5, tells an even sphere from a cube's corners drawn inwards.
    np.testing.assert_allclose((directions**4).mean(axis=0), 1 / 5, atol=5 * (16 / 225 / 20_000) ** 0.5)
    np.testing.assert_array_equal(directions, random_directions(20_000, 3, seed=1))
    assert not np.array_equal(directions, random_directions(20_000, 3, seed=2))


def test_facing_frame_keeps_dot_products_and_faces_the_middle():
    states = np.random.default_rng(0).normal(size=(3, 50))
    frame = facing_frame(states)
    seen = states @ frame.T
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(seen @ seen.T, states @ states.T, atol=1e-9)
    right, up, towards = (unit(states) @ frame.T).mean(axis=0)
    assert abs(right) < 1e-9 and abs(up) < 1e-9 and towards > 0
    assert abs(seen[0, 0]) < 1e-9 and seen[0, 1] > 0  # the first stands straight up
    assert seen[1, 0] > 0  # and the second to the right


# ---------------------------------------------------------------- nearest and winners


def full_sort(query, rows, by):
    """The slow way: float64 scores of every row, sorted; ties to the lower row number."""
    query, rows = np.asarray(query, float), np.asarray(rows, float)
    if by == "dot":
        scores = [-loop_dot(query, row) for row in rows]
    elif by == "cosine":
        scores = [-loop_cosine(query, row) for row in rows]
    else:
        scores = [loop_dot(query - row, query - row) ** 0.5 for row in rows]
    return sorted(range(len(rows)), key=lambda i: (round(scores[i], 9), i))


@pytest.mark.parametrize("by", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("n_rows, k", [(7, 3), (300, 10), (3000, 10), (3000, 40), (50, 50)])
def test_nearest_agrees_with_a_full_sort(by, n_rows, k):
    rng = np.random.default_rng(n_rows)
    rows = rng.normal(size=(n_rows, 8)).astype(np.float32)
    rows[n_rows // 2] = rows[1]  # an exact copy: the lower row number comes first
    queries = np.concatenate([rows[:2], rng.normal(size=(3, 8)).astype(np.float32)])
    ids, scores = nearest(queries, rows, k, by)
    for query, found, values in zip(queries, ids, scores, strict=True):
        assert found.tolist() == full_sort(query, rows, by)[:k]
        assert (np.diff(values) >= 0).all() if by == "euclidean" else (np.diff(values) <= 0).all()
    one_ids, one_scores = nearest(queries[0], rows, k, by)
    assert one_ids.shape == one_scores.shape == (k,) and one_ids.dtype == np.int64
    np.testing.assert_array_equal(one_ids, ids[0])


@pytest.mark.parametrize("by", ["cosine", "dot", "euclidean"])
def test_many_copies_tie_in_order(by):
    rows = np.tile(np.random.default_rng(0).normal(size=33).astype(np.float32), (5000, 1))
    assert nearest(rows[0], rows, 12, by)[0].tolist() == list(range(12))


@pytest.mark.parametrize("by", ["dot", "cosine", "euclidean"])
def test_ties_hold_where_float32_sums_would_break_them(by):
    """All rows are one set of numbers in other orders, and the query is constant: every score is the same.

    The numbers are whole, so float64 sums are exact; float32 sums round, each order in its own way.
    """
    rng = np.random.default_rng(0)
    numbers = rng.integers(2**22, 2**24, 64).astype(np.float32)
    rows = np.stack([rng.permutation(numbers) for _ in range(3000)])
    query = np.ones(64, np.float32)
    assert len(np.unique(rows @ query)) > 1  # float32 does break them
    assert nearest(query, rows, 10, by)[0].tolist() == list(range(10))


@pytest.mark.parametrize("by", ["cosine", "dot", "euclidean"])
def test_nearest_crosses_block_borders(by, monkeypatch):
    rng = np.random.default_rng(0)
    queries, rows = rng.normal(size=(2 * geometry.BLOCK + 1, 6)), rng.normal(size=(60, 6))
    ids, scores = nearest(queries, rows, 3, by)
    for i in (0, 1, geometry.BLOCK - 1, geometry.BLOCK, 2 * geometry.BLOCK):
        assert ids[i].tolist() == full_sort(queries[i], rows, by)[:3]
    monkeypatch.setattr(geometry, "PAIRS", 7)
    again = nearest(queries, rows, 3, by)
    np.testing.assert_array_equal(again[0], ids)
    np.testing.assert_array_equal(again[1], scores)


@pytest.mark.parametrize("by", ["cosine", "dot", "euclidean"])
def test_rows_after_the_last_whole_group_count(by):
    rows = np.random.default_rng(0).normal(size=(5 * 1024 + 57, 8)).astype(np.float32)
    rows[-3] = rows[7]  # found among the groups and, as a copy, behind them
    assert nearest(rows[7], rows, 2, "euclidean" if by == "dot" else by)[0].tolist() == [7, len(rows) - 3]
    rows[-3] *= 50
    assert nearest(rows[7], rows, 1, "dot")[0].tolist() == [len(rows) - 3]


@pytest.mark.parametrize("by", ["dot", "euclidean"])
def test_nearest_survives_products_that_underflow(by):
    rng = np.random.default_rng(0)
    rows, queries = rng.normal(size=(5000, 32)).astype(np.float32), rng.normal(size=(5, 32)).astype(np.float32)
    small = [x * np.float32(1e-22) for x in (queries, rows)]
    ids, _ = nearest(*small, 20, by)
    slow = np.float64(small[0]) @ np.float64(small[1]).T
    if by == "euclidean":
        slow = slow - (np.float64(small[1]) ** 2).sum(axis=1) / 2
    np.testing.assert_array_equal(ids, np.argsort(-slow, axis=1)[:, :20])


def test_cosines_of_near_copies_are_ranked_exactly():
    rng = np.random.default_rng(0)
    base = rng.normal(size=64)
    rows = (base + 1e-6 * rng.normal(size=(3000, 64))).astype(np.float32)
    query = (base + 1e-6 * rng.normal(size=64)).astype(np.float32)
    slow = np.longdouble(rows) @ np.longdouble(query) / np.sqrt((np.longdouble(rows) ** 2).sum(axis=1))
    ids, scores = nearest(query, rows, 10)
    # float64 tells cosines near 1 apart down to 1e-16: as good as the best there are, to that.
    np.testing.assert_allclose(np.float64(slow[ids] / np.sort(slow)[::-1][:10]), 1, atol=2e-15, rtol=0)
    np.testing.assert_allclose(scores, np.float64(slow[ids] / np.linalg.norm(np.longdouble(query))), atol=2e-15)


@pytest.mark.parametrize("by", ["cosine", "dot", "euclidean"])
def test_no_query_gives_no_answer(by):
    ids, scores = nearest(np.empty((0, 4), np.float32), np.eye(4, dtype=np.float32), 2, by)
    assert ids.shape == scores.shape == (0, 2)


@pytest.mark.parametrize("by", ["dot", "euclidean"])
def test_one_long_row_does_not_loosen_the_search(by, monkeypatch):
    rows = np.random.default_rng(0).normal(size=(5000, 8)).astype(np.float32)
    query, scored, exact = rows[0].copy(), [], geometry._scores
    rows[4000] *= -3e6 * np.sign(rows[4000] @ query)  # long, and pointing away
    monkeypatch.setattr(geometry, "_scores", lambda *args: scored.append(len(args[1])) or exact(*args))
    assert nearest(query, rows, 10, by)[0].tolist() == full_sort(query, rows, by)[:10]
    assert scored == [pytest.approx(10, abs=10)]


@pytest.mark.parametrize("by", ["cosine", "euclidean"])
def test_a_float64_query_meets_float32_rows(by):
    """Sizes of float32 rows are rounded, whatever the query's type: near ties need the coarser one's slack."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=64)
    rows = (base + 1e-5 * rng.normal(size=(3000, 64))).astype(np.float32)
    slow = [loop_cosine(base, row.astype(float)) for row in rows]
    if by == "euclidean":
        slow = [-loop_dot(base - row, base - row) for row in rows.astype(float)]
    assert nearest(base, rows, 5, by)[0].tolist() == np.argsort(-np.array(slow))[:5].tolist()


def test_float64_vectors_are_compared_in_float64():
    targets = np.array([[1.0, 0], [1 + 1e-12, 0]])
    assert winners([[1.0, 0]], targets).tolist() == [1]
    assert nearest([1.0, 0], targets, 2, "dot")[0].tolist() == [1, 0]


@given(arrays(np.float64, (4, 3), elements=numbers), arrays(np.float64, (9, 3), elements=numbers))
def test_winners_equal_a_float64_loop(states, targets):
    offsets = np.linspace(0, 1, 9)
    for z, chosen, with_offset in zip(states, winners(states, targets), winners(states, targets, offsets), strict=True):
        logits = [loop_dot(z, u) for u in targets]
        assert logits[chosen] >= max(logits) - 1e-9 * (1 + abs(max(logits)))
        logits = [logit + b for logit, b in zip(logits, offsets, strict=True)]
        assert logits[with_offset] >= max(logits) - 1e-9 * (1 + abs(max(logits)))


def test_winners_cross_block_borders_and_ties_go_to_the_lower_row():
    rng = np.random.default_rng(0)
    states, targets = rng.normal(size=(3 * geometry.BLOCK + 1, 6)), rng.normal(size=(40, 6))
    np.testing.assert_array_equal(winners(states, targets), (states @ targets.T).argmax(axis=1))
    offsets = rng.normal(size=40)
    np.testing.assert_array_equal(winners(states, targets, offsets), (states @ targets.T + offsets).argmax(axis=1))
    assert winners([[1.0, 0]], [[0.0, 1], [2, 0], [2, 0]]).tolist() == [1]
    assert winners([1.0, 0], [[0.0, 1], [2, 0]]).tolist() == [1]


# ---------------------------------------------------------------- refusals: what came, what was expected

NAN = [1.0, np.nan]
ROWS = np.eye(3)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: cosine([1, 2], [1, 2, 3]), ValueError, "differ in width: 2 and 3"),
        (lambda: dot(np.ones((2, 3)), np.ones((4, 3))), ValueError, r"\(2, 3\) and \(4, 3\) do not match"),
        (lambda: cosine(NAN, [1, 2]), ValueError, "NaN or infinity"),
        (lambda: unit([np.inf, 1]), ValueError, "NaN or infinity"),
        (lambda: unit([0, 0]), ValueError, "a zero vector has no direction"),
        (lambda: cosine([0, 0], [1, 2]), ValueError, "a zero vector has no direction"),
        (lambda: angle([1, 2], [0, 0]), ValueError, "a zero vector has no direction"),
        (lambda: euclidean("cat", [1]), TypeError, "real numbers"),
        (lambda: dot([1 + 2j], [1]), TypeError, "real numbers"),
        (lambda: dot([[1, 2], [3]], [1]), TypeError, "array of numbers"),
        (lambda: unit(3.0), ValueError, r"shape \(..., d\)"),
        (lambda: unit([]), ValueError, r"got shape \(0,\)"),
        (lambda: slerp(ROWS, ROWS, 0.5), ValueError, "two vectors of shape"),
        (lambda: slerp([1, 0], [0, 1], np.nan), ValueError, "t should be a finite number"),
        (lambda: slerp([1, 0], [0, 1], None), ValueError, "t should be a finite number"),
        (lambda: random_directions(0, 3, 0), ValueError, "n = 0"),
        (lambda: random_rotation(0, 0), ValueError, "d = 0"),
        (lambda: random_directions(2.5, 3, 0), ValueError, "whole numbers n . 1"),
        (lambda: nearest([1, 0, 0], ROWS, True), ValueError, "whole number from 1 to 3.*got True"),
        (lambda: nearest([1, 0, 0], np.zeros((0, 3)), 1), ValueError, "vectors holds no rows"),
        (lambda: winners(ROWS, np.zeros((0, 3))), ValueError, "targets holds no rows"),
        (lambda: plane_frame([1, 2, 3], [2, 4, 6]), ValueError, "lie on one line"),
        (lambda: plane_frame([1, 2, 3], [-2, -4, -6]), ValueError, "lie on one line"),
        (lambda: plane_frame(ROWS, ROWS), ValueError, r"two vectors of shape \(d,\)"),
        (lambda: plane_frame([1, 2], [0, 0]), ValueError, "a zero vector"),
        (lambda: facing_frame(np.eye(2)), ValueError, "three vectors"),
        (lambda: facing_frame([[1, 0, 0], [0, 1, 0], [1, 1, 0]]), ValueError, "one plane"),
        (lambda: nearest([1, 0, 0], ROWS, 4), ValueError, "from 1 to 3, the number of rows; got 4"),
        (lambda: nearest([1, 0, 0], ROWS, 0), ValueError, "got 0"),
        (lambda: nearest([1, 0, 0], ROWS, 1.5), ValueError, "whole number"),
        (lambda: nearest([1, 0, 0], ROWS, 1, by="manhattan"), ValueError, "'manhattan' is not a ruler; choose one of"),
        (lambda: nearest([1, 0], ROWS, 1), ValueError, r"got \(1, 2\) and \(3, 3\)"),
        (lambda: nearest([0, 0, 0], ROWS, 1), ValueError, "a zero vector has no direction"),
        (lambda: nearest([1, 0, 0], np.zeros((3, 3)), 1), ValueError, "vectors holds a zero vector"),
        (lambda: nearest([1, np.nan, 0], ROWS, 1), ValueError, "query holds NaN"),
        (lambda: winners(ROWS, np.eye(2)), ValueError, r"got \(3, 3\) and \(2, 2\)"),
        (lambda: winners(ROWS, ROWS, [1, 2]), ValueError, r"offsets should have shape \(3,\)"),
        (lambda: winners(np.full((1, 2), 1e30, "f4"), np.full((2, 2), 1e30, "f4")), ValueError, "overflow float32"),
        (lambda: nearest([1, 0, 0], 1e200 * ROWS, 1, "euclidean"), ValueError, "overflow float64"),
        (lambda: winners(ROWS * np.nan, ROWS), ValueError, "states holds NaN"),
    ],
)
def test_refusals_say_what_came(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------- many equal rows


@given(
    arrays(np.float64, (5, 3), elements=numbers).filter(lambda rows: rows.any(axis=1).all()),
    st.lists(st.integers(0, 4), min_size=1, max_size=40),
    vectors.map(lambda v: v[:3]).filter(lambda v: v.any()),
    st.sampled_from(geometry.RULERS),
    st.data(),
)
def test_nearest_is_a_full_sort_and_ties_go_to_the_lower_number(rows, copies, query, by, data):
    many, k = rows[copies], data.draw(st.integers(1, len(copies)))
    score = {"dot": loop_dot, "cosine": loop_cosine, "euclidean": lambda a, b: -(loop_dot(a - b, a - b) ** 0.5)}[by]
    ids, scores = nearest(query, many, k, by)
    slow = np.array([score(query, row) for row in many])
    np.testing.assert_allclose(scores * (-1 if by == "euclidean" else 1), np.sort(slow)[::-1][:k], **CLOSE)
    for one, other in pairwise(ids):  # equal rows are equal to the last digit
        assert one < other or copies[one] != copies[other]
    kept = {copies[i]: [j for j in ids if copies[j] == copies[i]] for i in ids}
    for copy, found in kept.items():  # and of each, the first ones
        assert found == [j for j, other in enumerate(copies) if other == copy][: len(found)]


def test_a_vocabulary_of_equal_rows_is_searched_in_bounded_memory():
    import tracemalloc

    rows, queries = np.ones((49_152, 8), np.float32), random_directions(128, 8, seed=0)
    for by in geometry.RULERS:
        tracemalloc.start()
        ids, _ = nearest(queries, rows, 3, by)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (ids == [0, 1, 2]).all() and peak < 256e6
