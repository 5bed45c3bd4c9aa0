"""helpers.softmax against scipy in float64, the identities, and every refusal."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.softmax import entropy, log_softmax, softmax

logits = arrays(np.float64, (3, 6), elements=st.floats(-700, 700))


@given(logits, st.floats(0.05, 20))
def test_agrees_with_scipy_at_any_temperature(x, temperature):
    np.testing.assert_allclose(softmax(x, temperature), scipy.special.softmax(x / temperature, axis=-1), atol=1e-12)
    expected = scipy.special.log_softmax(x / temperature, axis=-1)
    np.testing.assert_allclose(log_softmax(x, temperature), expected, rtol=1e-10, atol=1e-9)


@given(logits, st.floats(-100, 100))
def test_sums_to_one_and_ignores_a_shift(x, shift):
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1, atol=1e-12)
    # Adding 100 to a logit near 700 rounds it by 1e-13; exp turns that into as much relative error.
    np.testing.assert_allclose(softmax(x + shift), softmax(x), rtol=1e-9, atol=1e-12)


def test_large_logits_do_not_overflow_and_masked_ones_get_zero():
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(softmax([1e4, 1e4]), [0.5, 0.5])
        np.testing.assert_allclose(softmax(np.array([0, -np.inf])), [1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tiny_temperature_gives_all_to_the_largest(dtype):
    np.testing.assert_array_equal(softmax(np.array([1, 3, 2], dtype), 1e-37), [0, 1, 0])


def test_float32_stays_float32_whatever_the_temperature():
    x = np.ones(4, np.float32)
    assert softmax(x.astype(np.float16)).dtype == np.float32  # computed with room to spare
    assert softmax(x).dtype == softmax(x, np.float64(2)).dtype == softmax(x, 2).dtype == np.float32


@given(logits)
def test_entropy_agrees_with_scipy(x):
    p = softmax(x)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=-1), atol=1e-9)


def test_entropy_limits():
    assert entropy(np.eye(4)[0]) == 0
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(np.log(8))


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: softmax([1, np.nan]), ValueError, "NaN"),
        (lambda: softmax([1, np.inf]), ValueError, "infinity"),
        (lambda: softmax([-np.inf, -np.inf]), ValueError, "infinity"),
        (lambda: softmax([[1, 2], [-np.inf, -np.inf]]), ValueError, "infinity"),
        (lambda: softmax([1 + 1j, 2]), TypeError, "real numbers; got complex128"),
        (lambda: entropy([0.5, 0.51]), ValueError, "sum to 1"),
        (lambda: softmax([]), ValueError, r"got shape \(0,\)"),
        (lambda: softmax(["a"]), TypeError, "real numbers"),
        (lambda: softmax([1, 2], 0), ValueError, r"one number above 0 \(at least 1e-37\); got 0"),
        (lambda: softmax([1, 2], -1), ValueError, "got -1"),
        (lambda: softmax([1, 2], 10**400), ValueError, "one number above 0"),
        (lambda: softmax([[1], [1, 2]]), TypeError, "real numbers; got list"),
        (lambda: softmax(torch.ones(2, requires_grad=True)), TypeError, "real numbers; got Tensor"),
        (lambda: softmax([1, 2], [1, 2]), ValueError, "one number"),
        (lambda: entropy("even"), TypeError, "real numbers"),
        (lambda: entropy([0.5, 0.6]), ValueError, "sum to 1"),
        (lambda: entropy([-0.5, 1.5]), ValueError, "at least 0"),
    ],
)
def test_refusals_say_what_came(call, error, words):
    with pytest.raises(error, match=words):
        call()
