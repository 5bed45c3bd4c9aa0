"""nearest against a full float64 sort: 2,000 queries of the real vocabulary, by each ruler."""

import numpy as np
import pytest

from helpers.geometry import RULERS, nearest

pytestmark = pytest.mark.slow


def full_sort(queries, vectors, by, k=10):
    """The slow way, all in float64: every score, sorted; equal rows, which have equal scores, by their numbers."""
    vectors = vectors.astype(np.float64)
    _, same = np.unique(vectors, axis=0, return_inverse=True)  # a product may round one row in two ways
    squares = (vectors**2).sum(axis=1)
    for start in range(0, len(queries), 100):
        scores = queries[start : start + 100].astype(np.float64) @ vectors.T
        if by != "dot":
            scores = scores / np.sqrt(squares) if by == "cosine" else scores - squares / 2
        for row in scores:
            groups = np.full(same.max() + 1, -np.inf)
            np.maximum.at(groups, same, row)
            near = np.argpartition(-groups[same], 600)[:600]  # the 500, and all that could stand before them
            yield near[np.lexsort((near, -groups[same][near]))][:k]


@pytest.mark.parametrize("by", RULERS)
def test_two_thousand_queries_give_the_ids_of_a_full_sort_beside_500_equal_rows(lm, by):
    rng = np.random.default_rng(0)
    vectors = np.array(lm.targets)
    vectors[rng.choice(lm.n_vocab, 500, replace=False)] = vectors[7]
    queries = vectors[rng.choice(lm.n_vocab, 2000, replace=False)] + 0.3 * rng.normal(size=(2000, lm.width))
    queries = queries.astype(np.float32)
    ids, _ = nearest(queries, vectors, 10, by)
    expected = np.array(list(full_sort(queries, vectors, by)))
    np.testing.assert_array_equal(ids, expected)
