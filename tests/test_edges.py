"""What learners hand in by mistake, to what learners call: a sentence that says what came or what to do."""

import re

import numpy as np
import pytest
import torch

from helpers.geometry import angle, cosine, dot, euclidean, facing_frame, nearest, plane_frame, slerp, unit, winners
from helpers.softmax import entropy, log_softmax, softmax
from helpers.targets import can_win

ROWS, Z, NAN = np.eye(3), [1.0, 2, 3], [1.0, np.nan, 0]
REFUSED = [
    (lambda: cosine([1, 2], Z), "differ in width: 2 and 3"),
    (lambda: winners(ROWS, np.eye(2)), "differ in width: 3 and 2"),
    (lambda: nearest([1, 0], ROWS, 1), r"same width; got shapes (1, 2) and (3, 3)"),
    (lambda: nearest(Z, ROWS, 4), "from 1 to 3, the number of rows; got 4"),
    (lambda: nearest(Z, ROWS, 0), "from 1 to 3, the number of rows; got 0"),
    (lambda: nearest(Z, ROWS, 1, by="manhattan"), "'manhattan' is not a ruler; choose one of cosine, dot, euclidean"),
    (lambda: unit(3.0), "shape (..., d); got 3.0"),
    (lambda: unit("cat"), "Vectors of real numbers were expected, shape (..., d); got 'cat'"),
    (lambda: dot(np.array(Z) * 1j, Z), "Vectors of real numbers were expected"),
    (lambda: nearest(None, ROWS), "got None"),
    (lambda: euclidean(torch.ones(3, requires_grad=True), Z), "Use tensor.detach().numpy()"),  # numpy's own, and good
    (lambda: plane_frame(Z, np.multiply(Z, -2)), "in opposite directions"),
    (lambda: slerp([1, 0], [-1, 0], 0.5), "in opposite directions"),
    (lambda: facing_frame([[1, 0, 0], [0, 1, 0], [1, 1, 0]]), "one plane"),
    (lambda: softmax(NAN), "NaN or +infinity"),
    (lambda: log_softmax([[1, 2], [-np.inf, -np.inf]]), "nothing but −infinity"),
    (lambda: softmax([1, np.inf]), "NaN or +infinity"),
    (lambda: softmax(Z, 0), "above 0; got 0"),
    (lambda: softmax(Z, -1), "above 0; got -1"),
    (lambda: entropy([0.5, 0.6]), "sum to 1"),
    (lambda: entropy([-0.5, 1.5]), "at least 0"),
    (lambda: entropy(NAN), "at least 0"),
    *[(lambda f=f: f([0, 0, 0], Z), "zero, which has no direction") for f in (cosine, angle, plane_frame)],
    (lambda: unit([Z, [0, 0, 0]]), "zero, which has no direction"),
    (lambda: nearest([0, 0, 0], ROWS, 1), "zero, which has no direction"),
    (lambda: can_win([NAN, NAN], [0]), "NaN, infinity"),
]
SHOWS = [
    unit,
    *[lambda bad, f=f: f(bad, Z) for f in (dot, cosine, euclidean, angle, plane_frame)],
    *[lambda bad, f=f: f(Z, bad) for f in (dot, cosine, euclidean, angle, plane_frame)],
    *[lambda bad, by=by: nearest(bad, ROWS, 2, by) for by in ("cosine", "dot", "euclidean")],
    *[lambda bad, by=by: nearest(Z, np.vstack([ROWS, bad]), 2, by) for by in ("cosine", "dot", "euclidean")],
    lambda bad: winners(bad, ROWS),
    lambda bad: winners(ROWS, np.vstack([ROWS, bad])),
    lambda bad: winners(ROWS, ROWS, bad),
]


@pytest.mark.parametrize("call, words", REFUSED)
def test_a_mistake_gets_a_sentence(call, words):
    with pytest.raises((ValueError, TypeError, RuntimeError), match=re.escape(words)):
        call()


@pytest.mark.parametrize("call", SHOWS)
@pytest.mark.parametrize("bad", [NAN, [np.inf, 0, 0], np.full(3, 3e38, np.float32)], ids=["NaN", "inf", "too large"])
def test_what_is_not_finite_shows_in_the_result(call, bad):
    try:
        result = call(bad)
    except ValueError as error:
        assert "holds NaN, infinity" in str(error) or "in opposite directions" in str(error)
    else:  # what does not matter for the answer may pass; NaN never does
        assert np.isfinite(result[-1] if isinstance(result, tuple) else result).all() and not np.isnan(bad).any()
