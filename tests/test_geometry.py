"""helpers.geometry against slow float64 loops, full sorts and scipy, and the identities on arbitrary input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation, Slerp

from helpers import geometry
from helpers.geometry import angle, cosine, dot, nearest, plane_frame, random_directions, slerp, unit, winners

each_ruler = pytest.mark.parametrize("by", geometry.RULERS)
# A few float64 roundings at width 5; float32 has about 1e-7 a step, and sums of a few hundred stay within 1e-5.
CLOSE = dict(rtol=1e-9, atol=1e-9)
numbers = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)
vectors = arrays(np.float64, 5, elements=numbers).filter(lambda v: v.any())


def loop_dot(a, b):
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def loop_cosine(a, b):
    return loop_dot(a, b) / (loop_dot(a, a) ** 0.5 * loop_dot(b, b) ** 0.5)


SLOW = {"cosine": loop_cosine, "dot": loop_dot, "euclidean": lambda a, b: loop_dot(a - b, a - b) ** 0.5}


@given(vectors, vectors)
def test_rulers_agree_with_float64_loops(a, b):
    for by, ruler in geometry.RULERS.items():
        np.testing.assert_allclose(ruler(a, b), SLOW[by](a, b), **CLOSE)


def test_known_values():
    rows = np.random.default_rng(0).normal(size=(2000, 37)).astype(np.float32)
    assert np.abs(cosine(rows, 3 * rows)).max() <= 1 and cosine(rows, -rows[0]).shape == (2000,)
    assert angle([1, 0], [0, 5]) == pytest.approx(np.pi / 2)  # radians
    np.testing.assert_allclose(unit([[3, 4], [0, -2]]), [[0.6, 0.8], [0, -1]])


def test_angle_is_exact_where_arccos_is_not():
    tiny = 1e-6
    assert angle([1.0, 0], [np.cos(tiny), np.sin(tiny)]) == pytest.approx(tiny, rel=1e-9)
    assert angle([1.0, 0], [-np.cos(tiny), np.sin(tiny)]) == pytest.approx(np.pi - tiny, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.int8, bool])
def test_other_number_types_are_computed_right(dtype):
    a, b = np.array([1, 0, 1], dtype), np.array([1, 1, 1], dtype)
    assert cosine(a, b) == pytest.approx(2 / 6**0.5, rel=1e-6)
    a, b = np.array([100, 100], np.int8), np.array([100, 100], np.int8)
    assert dot(a, b) == 20_000  # not wrapped around at 127
    assert float(dot(np.array([2**24 + 1]), np.array([1]))) == 2**24 + 1  # nor rounded as float32 would be


def test_mixed_types_are_compared_in_the_wider():
    narrow, wide = np.float32([0.1, 0.2, 0.3]), np.array([1.0, 0, 0])
    exact = [float(x) for x in narrow]
    assert cosine(narrow, [1, 0, 0]) == pytest.approx(loop_cosine(exact, wide), rel=1e-14)
    assert angle(narrow, narrow.astype(float)) == 0
    np.testing.assert_allclose(slerp(narrow, wide, 0.0), exact, rtol=1e-14)


def test_slerp_agrees_with_scipys_rotations():
    start, axis = np.array([1.0, 0, 0]), np.array([0, 0.6, 0.8])
    whole = Rotation.from_rotvec(2.0 * axis)
    along = Slerp([0, 1], Rotation.concatenate([Rotation.identity(), whole]))
    t = np.linspace(0, 1, 11)
    np.testing.assert_allclose(slerp(start, whole.apply(start), t), along(t).apply(start), atol=1e-12)


def test_slerp_ends_sizes_and_sameness():
    a, b = np.array([2.0, 0]), np.array([0, 4.0])
    np.testing.assert_allclose(slerp(a, b, [0, 0.5, 1]), [a, 3 / 2**0.5 * np.ones(2), b], atol=1e-12)
    np.testing.assert_allclose(slerp(np.float32([1, 0]), np.float32([3, 1e-6]), 0.5), [2, 0], atol=1e-5)


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


def test_random_rotations_keep_sizes_and_angles_and_are_even():
    turn = geometry.random_rotation(40, seed=0)
    assert turn.dtype == np.float32
    np.testing.assert_allclose(turn @ turn.T, np.eye(40), atol=1e-5)
    np.testing.assert_array_equal(turn, geometry.random_rotation(40, seed=0))
    # Where it takes the first axis is a random direction: every coordinate has mean 0 and mean square 1/3; a plain
    # QR decomposition would always take it to the same side.
    ends = np.array([geometry.random_rotation(3, seed)[0] for seed in range(2000)])
    np.testing.assert_allclose(ends.mean(axis=0), 0, atol=5 * (1 / 3 / 2000) ** 0.5)
    np.testing.assert_allclose((ends**2).mean(axis=0), 1 / 3, atol=5 * (4 / 45 / 2000) ** 0.5)


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


def test_the_best_fitting_sphere_is_that_of_least_squares():
    points = unit(np.random.default_rng(0).normal(size=(200, 5))) * 3 + [1, -2, 0, 5, 4]
    np.testing.assert_allclose(geometry.sphere_centre(points), [1, -2, 0, 5, 4], atol=1e-9)
    points *= np.linspace(0.9, 1.1, 200)[:, None]
    plain = np.linalg.lstsq(np.column_stack([2 * points, np.ones(200)]), (points**2).sum(axis=1))[0][:-1]
    np.testing.assert_allclose(geometry.sphere_centre(points), plain, atol=1e-9)


def test_facing_frame_keeps_dot_products_and_faces_the_middle():
    states = np.random.default_rng(0).normal(size=(3, 50))
    frame = geometry.facing_frame(states)
    seen = states @ frame.T
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(seen @ seen.T, states @ states.T, atol=1e-9)
    right, up, towards = (unit(states) @ frame.T).mean(axis=0)
    assert abs(right) < 1e-9 and abs(up) < 1e-9 and towards > 0
    assert abs(seen[0, 0]) < 1e-9 and seen[0, 1] > 0  # the first stands straight up
    assert seen[1, 0] > 0  # and the second to the right


def full_sort(queries, rows, by, k):
    """The slow way, for each query: float64 scores of all rows, sorted; ties to the lower row number."""
    rows, same = np.unique(rows.astype(np.float64), axis=0, return_inverse=True)  # equal rows have equal scores
    squares = (rows**2).sum(axis=1)
    for query in queries.astype(np.float64):
        scores = rows @ query
        if by != "dot":
            scores = scores / np.sqrt(squares) if by == "cosine" else scores - squares / 2
        yield np.argsort(-scores[same], kind="stable")[:k]


@each_ruler
@pytest.mark.parametrize("n_rows, k", [(7, 3), (300, 10), (3000, 10), (3000, 40), (50, 50)])
def test_nearest_agrees_with_a_full_sort(by, n_rows, k):
    rng = np.random.default_rng(n_rows)
    rows = rng.normal(size=(n_rows, 8)).astype(np.float32)
    rows[n_rows // 2] = rows[1]  # an exact copy: the lower row number comes first
    queries = np.concatenate([rows[:2], rng.normal(size=(3, 8)).astype(np.float32)])
    queries[4] *= by == "cosine"  # zero has no direction, but it is a place to look from
    ids, scores = nearest(queries, rows, k, by)
    np.testing.assert_array_equal(ids, list(full_sort(queries, rows, by, k)))
    assert (np.diff(scores) >= 0).all() if by == "euclidean" else (np.diff(scores) <= 0).all()
    one_ids, one_scores = nearest(queries[0], rows, k, by)
    assert one_ids.shape == one_scores.shape == (k,) and one_ids.dtype == np.int64
    np.testing.assert_array_equal(one_ids, ids[0])


@each_ruler
def test_hundreds_of_equal_rows_tie_in_order_and_do_not_hide_the_better_ones(by):
    rows = np.random.default_rng(0).normal(size=(5000, 33)).astype(np.float32)
    rows[100:600] = rows[0]
    query = rows[0] + 0.1 * rows[4999]
    rows[[4998, 4999]] = query  # before the equal ones, whichever ruler is held on
    assert nearest(query, rows, 12, by)[0].tolist() == [4998, 4999, 0, *range(100, 109)]


@each_ruler
def test_ties_hold_where_float32_sums_would_break_them(by):
    """All rows are one set of whole numbers in other orders, and the query is constant: every score is the same."""
    numbers = np.random.default_rng(0).integers(2**22, 2**24, 64).astype(np.float32)  # their float64 sums are exact
    rows = np.stack([np.random.default_rng(n).permutation(numbers) for n in range(3000)])
    query = np.ones(64, np.float32)
    assert len(np.unique(rows @ query)) > 1  # float32 does break them
    assert nearest(query, rows, 10, by)[0].tolist() == list(range(10))


@each_ruler
def test_nearest_crosses_block_borders_and_looks_behind_the_last_whole_group(by):
    rng = np.random.default_rng(0)
    queries, rows = rng.normal(size=(2 * geometry.BLOCK + 1, 6)), rng.normal(size=(2 * geometry.GROUPS + 57, 6))
    rows[-3] = 50 * unit(rows[-3]) if by == "dot" else queries[-1]
    ids, _ = nearest(queries, rows, 3, by)
    np.testing.assert_array_equal(ids, list(full_sort(queries, rows, by, 3)))
    assert (ids == len(rows) - 3).any()
    assert nearest(queries[:0], rows, 3, by)[0].shape == (0, 3)


def test_only_few_rows_are_scored_again_even_beside_a_very_long_one(monkeypatch):
    rows = np.random.default_rng(0).normal(size=(5000, 8)).astype(np.float32)
    query, scored = rows[0].copy(), []
    rows[4000] *= -3e6 * np.sign(rows[4000] @ query)  # long, and pointing away
    count = {by: lambda q, some, f=f: scored.append(len(some)) or f(q, some) for by, f in geometry.RULERS.items()}
    monkeypatch.setattr(geometry, "RULERS", count)
    for by in count:
        np.testing.assert_array_equal(nearest(query, rows, 10, by)[0], *full_sort(query[None], rows, by, 10))
    assert max(scored) < 40


@pytest.mark.parametrize("by", ["cosine", "euclidean"])
def test_a_float64_query_meets_float32_rows(by):
    """Sizes of float32 rows are rounded, whatever the query's type: near ties need the coarser one's slack."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=64)
    rows = (base + 1e-5 * rng.normal(size=(3000, 64))).astype(np.float32)
    slow = np.array([SLOW[by](base, row) for row in rows.astype(float)])
    assert nearest(base, rows, 5, by)[0].tolist() == np.argsort(slow if by == "euclidean" else -slow)[:5].tolist()


def test_winners_cross_block_borders_and_ties_go_to_the_lower_row():
    rng = np.random.default_rng(0)
    states, targets = rng.normal(size=(3 * geometry.BLOCK + 1, 6)), rng.normal(size=(40, 6))
    np.testing.assert_array_equal(winners(states, targets), (states @ targets.T).argmax(axis=1))
    offsets = rng.normal(size=40)
    np.testing.assert_array_equal(winners(states, targets, offsets), (states @ targets.T + offsets).argmax(axis=1))
    assert winners([[1.0, 0]], [[0.0, 1], [2, 0], [2, 0]]).tolist() == [1]
    assert winners([1.0, 0], [[0.0, 1], [2, 0]]).tolist() == [1]


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("offset", [None, 0.1, "each"])
def test_winners_in_a_picture_are_those_of_all_targets(flat, offset):
    """In two and three dimensions only the corners of the targets' hull are asked, each with its lowest row."""
    rng = np.random.default_rng(0)
    states, targets = rng.normal(size=(2000, 3)), np.repeat(rng.normal(size=(400, 3)), 2, axis=0)
    targets[:, 2] *= not flat
    offsets = (
        None if offset is None else np.repeat(rng.normal(size=400), 2) if offset == "each" else np.full(800, offset)
    )
    slow = (states @ targets.T + (0 if offsets is None else offsets)).argmax(axis=1)
    np.testing.assert_array_equal(winners(states, targets, offsets), slow)
    planar = (states[:, :2] @ targets[:, :2].T).argmax(axis=1)
    np.testing.assert_array_equal(winners(states[:, :2], targets[:, :2]), planar)
    rows = targets if offsets is None else np.column_stack([targets, offsets])
    if not flat and offset != "each":
        corners = geometry._corners(rows)
        assert 3 < len(corners) < 100 and set(winners(0 * states, targets, offsets)) == {corners.min()}
    with pytest.raises(ValueError, match="NaN"):
        winners(states, np.vstack([targets, [0, 0, np.nan]]), None)


@given(
    arrays(np.float64, (5, 3), elements=numbers).filter(lambda rows: rows.any(axis=1).all()),
    st.lists(st.integers(0, 4), min_size=1, max_size=40),
    vectors.map(lambda v: v[:3]).filter(lambda v: v.any()),
    st.sampled_from(list(geometry.RULERS)),
    st.data(),
)
def test_nearest_is_a_full_sort_and_ties_go_to_the_lower_number(rows, copies, query, by, data):
    many, k = rows[copies], data.draw(st.integers(1, len(copies)))
    ids, scores = nearest(query, many, k, by)
    slow = np.sort([SLOW[by](query, row) for row in many])
    np.testing.assert_allclose(scores, (slow if by == "euclidean" else slow[::-1])[:k], **CLOSE)
    for one, other in pairwise(ids):  # equal rows are equal to the last digit
        assert one < other or copies[one] != copies[other]
    kept = {copies[i]: [j for j in ids if copies[j] == copies[i]] for i in ids}
    for copy, found in kept.items():  # and of each, the first ones
        assert found == [j for j, other in enumerate(copies) if other == copy][: len(found)]


@pytest.mark.slow
@each_ruler
def test_five_hundred_queries_give_the_ids_of_a_full_sort_beside_500_equal_rows(lm, by):
    rng, vectors = np.random.default_rng(0), np.array(lm.targets)
    vectors[rng.choice(lm.n_vocab, 500, replace=False)] = vectors[7]
    queries = vectors[rng.choice(lm.n_vocab, 500, replace=False)] + 0.3 * rng.normal(size=(500, lm.width))
    queries = queries.astype(np.float32)
    np.testing.assert_array_equal(nearest(queries, vectors, 10, by)[0], list(full_sort(queries, vectors, by, 10)))
