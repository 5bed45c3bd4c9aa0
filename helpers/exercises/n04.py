"""The exercises of notebook 04, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise


def _softmax(logits, axis=1, shift=np.max):
    powers = np.exp(logits - shift(logits, axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _overflowing(logits):
    return np.exp(logits) / np.exp(logits).sum()


def _entropy(p, log=np.log):
    p = p[p > 0]
    return -(p * log(p)).sum()


def _keep_top(p, k, places=lambda p, k: np.argsort(p)[-k:]):
    kept = np.zeros_like(p)
    best = places(p, k)
    kept[best] = p[best]
    return kept / kept.sum()


ROWS = [
    Exercise(
        "4.1", "Softmax, row by row", "medium", 6,
        reference=_softmax,
        inputs=[
            (np.array([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]]),),
            (np.array([[1000.0, 1001.0], [-3.0, 2.0], [5.0, 5.5]]),),
            (np.array([[1500.0, 0.0, -1500.0], [-2000.0, -2001.0, -2002.0]]),),
            (np.array([[0.005, 0.31, 0.31, -0.2], [0.1, 0.2, 0.3, 0.47], [0.005, 0.31, 0.31, -0.2]]),),
        ],
        wrong=[
            (lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
             "It overflows: exp(1000) is infinity. Subtract each row's largest logit first."),
            (lambda x: _softmax(x, shift=np.mean),
             "You subtracted the mean. The largest logit may still be far above it, and overflows: subtract the "
             "maximum."),
            (lambda x: _softmax(x, axis=0), "Your columns add up to 1. Each row is one position: use axis 1."),
            (lambda x: _softmax(x, axis=None),
             "All numbers together add up to 1. Each row is one position and adds up to 1 by itself."),
            (lambda x: np.exp(x - x.max(axis=1, keepdims=True)), "The rows do not add up to 1: divide by the sum."),
            (lambda x: np.log(_softmax(x)), "Those are the logarithms of the probabilities."),
            (lambda x: x / x.sum(axis=1, keepdims=True),
             "You left the exp out. Logits may be negative; their powers are not."),
            (lambda x: np.exp(x - x.max(axis=1)),
             "Without `keepdims=True` the maxima, or the sums, do not fit beside the rows."),
            (lambda x: np.exp(x - x.max(axis=1, keepdims=True)) / np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1),
             "Without `keepdims=True` the maxima, or the sums, do not fit beside the rows."),
            (_overflowing,
             "All numbers together add up to 1, and exp(1000) is infinity. Each row is one position: it has its own "
             "maximum and its own sum."),
            (lambda x: (lambda q: q / q.sum(axis=1, keepdims=True))(np.exp(x - x.max())),
             "You subtracted the largest of all logits. A row far below it becomes zeros: each row has its own "
             "maximum."),
        ],
        right="With one more line, a division by T, this is `helpers.softmax.softmax`.",
    ),
    Exercise(
        "4.2", "Log-odds", "easy", 4,
        reference=lambda logits, i, j, T: (logits[i] - logits[j]) / T,
        inputs=[
            (np.array([2.0, 1.0, -1.0]), 0, 2, 1.0),
            (np.array([2000.0, 1990.0]), 1, 0, 2.0),
            (np.array([2000.0, 90.0]), 1, 0, 2.0),
            (np.array([0.5, 3.2, 1.1, 0.5, 0.004]), 3, 4, 0.7),
        ],
        wrong=[
            (lambda x, i, j, T: (x[j] - x[i]) / T, "The sign is turned: the odds of i against j are p_i / p_j."),
            (lambda x, i, j, T: (x[i] - x[j]) * T, "You multiplied by T. A hotter model is less decided: divide."),
            (lambda x, i, j, T: (x[i] - x[j]) // T, "You cut it to a whole number. Divide with `/`, and do not round."),
            (lambda x, i, j, T: x[i] - x[j], "You forgot the temperature: it divides every logit."),
            (lambda x, i, j, T: np.exp((x[i] - x[j]) / T), "Those are the odds. Their logarithm is asked for."),
            (lambda x, i, j, T: np.log(np.exp(x[i] / T) / np.exp(x[j] / T)),
             "Right, until the exp overflows. The log undoes the exp: you need neither."),
            (lambda x, i, j, T: np.log(_overflowing(x / T)[i] / _overflowing(x / T)[j]),
             "Right, until the exp overflows. The log undoes the exp: you need neither."),
            (lambda x, i, j, T: np.log(_softmax(x / T, axis=0)[i] / _softmax(x / T, axis=0)[j]),
             "Right, until one of the two probabilities is too small for a float. You need no softmax at all."),
            (lambda x, i, j, T: x[i] / x[j] / T,
             "You divided one logit by the other. The log of a quotient is a difference."),
            (lambda x, i, j, T: x[i] - x[j] / T, "Both logits are divided by T: the difference wants brackets."),
            (lambda x, i, j, T: np.log(x[i] / x[j]),
             "You took the logarithm of a quotient of logits. The odds are a quotient of probabilities, and logits "
             "are their logarithms already."),
            (lambda x, i, j, T: np.log(x[i] / x[j]) / T,
             "You took the logarithm of a quotient of logits. The odds are a quotient of probabilities, and logits "
             "are their logarithms already."),
        ],
        right="A difference of logits is all that a softmax sees of two tokens.",
    ),
    Exercise(
        "4.3", "Entropy", "medium", 6,
        reference=_entropy,
        inputs=[
            (np.array([0.5, 0.25, 0.25]),),
            (np.array([0.0, 0.9, 0.1, 0.0]),),
            (np.full(8, 1 / 8),),
            (np.array([0.004, 0.9, 0.0955, 0.0005]),),
        ],
        wrong=[
            (lambda p: -(p * np.log(p)).sum(),
             "0 · log 0 came out as not a number. A probability of 0 adds nothing: leave it out."),
            (lambda p: _entropy(p, np.log2), "That is in bits. Nats need the natural logarithm, `np.log`."),
            (lambda p: -_entropy(p), "The sign is turned: log p is negative, and entropy is not."),
            (lambda p: -(p[p > 0] * np.log(p[p > 0])).mean(),
             "You took the mean. Entropy is the sum; p itself is the weight."),
            (lambda p: _entropy(p) / len(p), "You took the mean. Entropy is the sum; p itself is the weight."),
            (lambda p: _entropy(np.where(p < 0.01, 0, p)), "Small probabilities count, too: leave out zeros only."),
            (lambda p: np.exp(_entropy(p)), "That is the number of equally likely tokens, e to the entropy."),
            (lambda p: -np.log(p[p > 0]).sum(), "Each logarithm has p as its weight: −Σ p log p."),
            (lambda p: -np.log(p.max()), "You looked at the likeliest token only. Sum over all."),
            (lambda p: -(p * np.log(p + 1e-3)).sum(),
             "You added a small number inside the log, and the result moved. Leave the zeros out instead."),
            (lambda p: -(p * np.log(p + 1e-4)).sum(),
             "You added a small number inside the log, and the result moved. Leave the zeros out instead."),
            (lambda p: (p * np.log(p)).sum(),
             "The sign is turned, and 0 · log 0 comes out as not a number: leave the zeros out."),
            (lambda p: -(p * np.log2(p)).sum(),
             "That is in bits, and 0 · log 0 comes out as not a number: use `np.log`, and leave the zeros out."),
        ],
        right="Zero when one token has everything, log V when all are alike; temperature moves it in between.",
    ),
    Exercise(
        "4.4", "Top-k", "medium", 8,
        reference=_keep_top,
        inputs=[
            (np.array([0.1, 0.5, 0.15, 0.25]), 2),
            (np.array([0.3, 0.05, 0.4, 0.15, 0.1]), 3),
            (np.array([0.2, 0.7, 0.1]), 1),
            (np.array([0.2, 0.795, 0.005]), 3),
        ],
        wrong=[
            (lambda p, k: _keep_top(p, k) * np.sort(p)[-k:].sum(), "They do not add up to 1: divide by what is left."),
            (lambda p, k: _keep_top(p, k, lambda p, k: np.argsort(p)[:k]),
             "You kept the smallest: `argsort` puts them first."),
            (lambda p, k: np.sort(p)[::-1][:k] / np.sort(p)[-k:].sum(),
             "Only k numbers are left, and nobody knows whose they are. Keep the shape (V,), each in its place."),
            (lambda p, k: np.where(p >= np.sort(p)[-k], 1 / k, 0),
             "You made the k alike. They keep their odds against each other."),
            (lambda p, k: _keep_top(p, k, lambda p, k: np.arange(k)),
             "You kept the first k. The largest may stand anywhere."),
            (lambda p, k: np.where(p >= np.sort(p)[-k], np.exp(p), 0) / np.exp(np.sort(p)[-k:]).sum(),
             "You took a softmax of probabilities. They are probabilities already: divide by their sum."),
            (lambda p, k: np.pad(np.sort(p)[::-1][:k], (0, len(p) - k)) / np.sort(p)[-k:].sum(),
             "They stand in the first k places. Each belongs in its own."),
            (lambda p, k: np.where(p > np.sort(p)[-k - 1], p, 0) / p[p > np.sort(p)[-k - 1]].sum(),
             "Right, until k is V: there is no next one to be larger than. Compare with the k-th largest itself."),
            (lambda p, k: _keep_top(p, k + 1) if k < len(p) else p, "One too many is left."),
            (lambda p, k: np.where(p > np.sort(p)[-k], p, 0) / p[p > np.sort(p)[-k]].sum(),
             "One too few is left: the k-th largest itself stays."),
            (lambda p, k: _keep_top(p, k, lambda p, k: np.arange(len(p) - k, len(p))),
             "You kept the last k. The largest may stand anywhere: `argsort` gives places, `sort` gives values."),
            (lambda p, k: np.argsort(p)[-k:], "Those are the places of the k largest. Return all V probabilities."),
            (lambda p, k: np.argsort(-p)[:k], "Those are the places of the k largest. Return all V probabilities."),
        ],
        right="The odds among those that are left have not changed: top-k cuts, and temperature bends.",
    ),
]  # fmt: skip
