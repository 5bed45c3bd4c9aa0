"""How do logits become probabilities? Softmax, its logarithm, and entropy.

Logits stand in the last axis, shape (..., V); probabilities come back in the same shape.
"""

from numbers import Real

import numpy as np


def _logits(logits, temperature):
    array = np.asarray(logits)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"logits should be an array of real numbers; got {array.dtype} values.")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"logits should have shape (..., V) with V ≥ 1; got shape {array.shape}.")
    if np.isnan(array).any() or np.isposinf(array).any() or np.isneginf(array).all(axis=-1).any():
        raise ValueError("logits hold NaN or +infinity (or nothing but −infinity); no probabilities follow from those.")
    if not isinstance(temperature, Real) or not 0 < temperature < np.inf:
        raise ValueError(f"temperature should be one number above 0; got {temperature!r}.")
    return array.astype(np.result_type(array, np.float32), copy=False) / float(temperature)


def log_softmax(logits, temperature=1.0):
    """log p = ℓ/T − log Σ exp(ℓ/T), in nats: shape (..., V) to (..., V).

    A token masked with −infinity keeps probability 0. Raises ValueError for NaN, +infinity or temperature ≤ 0.
    """
    scaled = _logits(logits, temperature)
    # The largest logit is taken off first: exp of what is left cannot overflow, and the ratio is unchanged.
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))


def softmax(logits, temperature=1.0):
    """p = exp(ℓ/T) / Σ exp(ℓ/T): shape (..., V) to (..., V); every row sums to 1. Errors as for `log_softmax`."""
    scaled = _logits(logits, temperature)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(probabilities):
    """H = −Σ p log p in nats, with 0·log 0 = 0: shape (..., V) to (...). From 0 (certain) to log V (no idea).

    Raises ValueError where the last axis does not hold probabilities that sum to 1 (C. E. Shannon, 1948).
    """
    p = np.asarray(probabilities)
    if p.dtype.kind not in "fiub":
        raise TypeError(f"probabilities should be an array of real numbers; got {p.dtype} values.")
    p = p.astype(np.float64)
    # float32 sums of 49,152 terms are off by up to about 1e-4.
    if p.ndim == 0 or not (p >= 0).all() or not np.allclose(p.sum(axis=-1), 1, atol=1e-3):
        raise ValueError("probabilities should be at least 0 and sum to 1 over the last axis; these are not.")
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=-1)
