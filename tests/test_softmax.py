"""helpers.softmax against scipy in float64; what it refuses stands in test_edges.py."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
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


def test_large_logits_do_not_overflow_and_masked_ones_get_zero():
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(softmax([1e4, 1e4]), [0.5, 0.5])
        np.testing.assert_allclose(softmax(np.array([0, -np.inf])), [1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tiny_temperature_gives_all_to_the_largest(dtype):
    np.testing.assert_array_equal(softmax(np.array([1, 3, 2], dtype), 1e-37), [0, 1, 0])


def test_float32_stays_float32_whatever_the_temperature():
    x = np.ones(4, np.float32)
    assert softmax(x).dtype == softmax(x, np.float64(2)).dtype == softmax(x, 2).dtype == np.float32


@given(logits)
def test_entropy_agrees_with_scipy(x):
    p = softmax(x)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=-1), atol=1e-9)
