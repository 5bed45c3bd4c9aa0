"""How do logits become probabilities? Softmax, its logarithm, and entropy.

Logits stand in the last axis, shape (..., V); probabilities come back in the same shape.
"""

from numbers import Real

import numpy as np


def _real(values, name):
    """The values as an array, or a sentence."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError):  # ragged lists; a torch tensor that requires a gradient
        array = np.array(None)
    if array.dtype.kind not in "fiub":
        kind = f"{array.dtype} values" if array.ndim else type(values).__name__
        raise TypeError(f"{name} should be an array of real numbers; got {kind}.")
    return array


def _below_largest(logits, temperature):
    """(ℓ − max ℓ) / T, once the arguments are seen to be what they should."""
    array = _real(logits, "logits")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"logits should have shape (..., V) with V ≥ 1; got shape {array.shape}.")
    if np.isnan(array).any() or np.isposinf(array).any() or np.isneginf(array).all(axis=-1).any():
        raise ValueError("logits hold NaN or +infinity (or nothing but −infinity); no probabilities follow from those.")
    # Below 1e-37 float32 has no such number; the limit, all probability on the largest logit, is long reached.
    if not isinstance(temperature, Real) or not 1e-37 <= temperature <= 1e300:
        raise ValueError(f"temperature should be one number above 0 (at least 1e-37); got {temperature!r:.60}.")
    array = array.astype(np.result_type(array, np.float32), copy=False)
    # The largest logit is taken off first: exp of what is left cannot overflow, and the ratios are unchanged.
    return (array - array.max(axis=-1, keepdims=True)) / float(temperature)


def log_softmax(logits, temperature=1.0):
    """log p = ℓ/T − log Σ exp(ℓ/T), in nats: shape (..., V) to (..., V).

    A token masked with −infinity keeps probability 0. Raises ValueError for NaN, +infinity or temperature ≤ 0.
    """
    scaled = _below_largest(logits, temperature)
    return scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))


def softmax(logits, temperature=1.0):
    """p = exp(ℓ/T) / Σ exp(ℓ/T): shape (..., V) to (..., V); every row sums to 1. Errors as for `log_softmax`."""
    powers = np.exp(_below_largest(logits, temperature))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(probabilities):
    """H = −Σ p log p in nats, with 0·log 0 = 0: shape (..., V) to (...). From 0 (certain) to log V (no idea).

    Raises ValueError where the last axis does not hold probabilities that sum to 1 (C. E. Shannon, 1948).
    """
    p = _real(probabilities, "probabilities").astype(np.float64)
    # float32 sums of 49,152 terms are off by up to about 1e-4.
    if p.ndim == 0 or not (p >= 0).all() or not np.allclose(p.sum(axis=-1), 1, atol=1e-3):
        raise ValueError("probabilities should be at least 0 and sum to 1 over the last axis; these are not.")
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=-1)
