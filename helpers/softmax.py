"""How do logits become probabilities? Softmax, its logarithm, and entropy, over the last axis: shape (..., V)."""

import numpy as np


def softmax(logits, temperature=1.0):
    """p = exp(ℓ/T) / Σ exp(ℓ/T): shape (..., V) to (..., V); every row sums to 1.

    A token masked with −infinity keeps probability 0. ValueError for NaN, +infinity or a temperature not above 0.
    """
    powers = np.exp(_below_largest(logits, temperature))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(logits, temperature=1.0):
    """log p = ℓ/T − log Σ exp(ℓ/T), in nats: shape (..., V) to (..., V). Errors as for `softmax`."""
    scaled = _below_largest(logits, temperature)
    return scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))


def entropy(probabilities):
    """H = −Σ p log p in nats, with 0·log 0 = 0: shape (..., V) to (...). From 0 (certain) to log V (no idea).

    Raises ValueError where the last axis does not hold probabilities that sum to 1 (C. E. Shannon, 1948).
    """
    p = np.asarray(probabilities, np.float64)
    if not ((p >= 0).all() and np.allclose(p.sum(axis=-1), 1, atol=1e-3)):  # float32 sums are off by up to 1e-4
        raise ValueError("probabilities should be at least 0 and sum to 1 over the last axis; these are not.")
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=-1)


def _below_largest(logits, temperature):
    """(ℓ − max ℓ) / T: exp of it cannot overflow, and its ratios are those of exp(ℓ/T)."""
    logits = np.asarray(logits)
    largest = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(largest).all():  # NaN is larger than anything
        raise ValueError("logits hold NaN or +infinity (or nothing but −infinity); no probabilities follow from those.")
    if not temperature > 0:
        raise ValueError(f"temperature should be one number above 0; got {temperature!r}.")
    return (logits - largest) / float(temperature)
