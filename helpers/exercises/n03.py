"""The exercises of notebook 03, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.geometry import unit


def _returns(vectors, rows=None):
    scores = vectors @ (vectors if rows is None else rows).T
    return int((scores.argmax(axis=1) == np.arange(len(vectors))).sum())


def _rival_size(size, cosine):
    return size / cosine if cosine > 0 else np.inf


ROWS = [
    Exercise(
        "3.1", "Logits", "easy", 3,
        reference=lambda z, targets: targets @ z,
        inputs=[random_arrays(1, 2, (4, 2)), random_arrays(2, 3, (2, 3)), awkward_arrays(3, 5, (6, 5))],
        wrong=[
            (lambda z, u: unit(u) @ unit(z), "Those are cosines. A logit is the dot product, sizes and all."),
            (lambda z, u: unit(u) @ z, "You divided the targets by their sizes. A logit keeps them."),
            (lambda z, u: u @ unit(z), "You divided the state by its size. A logit keeps it."),
            (lambda z, u: np.linalg.norm(u - z, axis=1), "Those are distances. A logit is a dot product."),
            (lambda z, u: -np.linalg.norm(u - z, axis=1), "Those are distances. A logit is a dot product."),
            (lambda z, u: u * z, "You multiplied number by number and did not add up: a dot product is the sum."),
            (lambda z, u: z @ u,
             "With the state on the left, the widths do not meet. The rows of `targets` are the targets: `targets @ "
             "z`, or `z @ targets.T`."),
            (lambda z, u: np.exp(u @ z) / np.exp(u @ z).sum(),
             "Those are probabilities. They come in notebook 04; the logits are what the softmax is given."),
            (lambda z, u: (u @ z).argmax(), "That is the winner. Return the logits of all targets."),
        ],
        right="This one line is a language model's last step. Notebook 04 turns logits into probabilities.",
    ),
    Exercise(
        "3.2", "Fold the gain in", "medium", 6,
        reference=lambda unembedding, gain: unembedding * gain,
        inputs=[
            (np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]]), np.array([2.0, -0.5])),
            random_arrays(1, (2, 3), 3),
            awkward_arrays(2, (6, 5), 5),
        ],
        wrong=[
            (lambda w, g: w, "The gain is forgotten: the rows came back as they were."),
            (lambda w, g: w * np.abs(g), "You took the gain's absolute value. A negative gain turns the sign."),
            (lambda w, g: w / g, "You divided by the gain. (γ∘z)·w = z·(γ∘w): multiply."),
            (lambda w, g: w + g, "You added the gain. It is a factor for each coordinate."),
            (lambda w, g: w @ g, "You added up. Multiply each coordinate and keep the shape (V, d)."),
            (lambda w, g: w * g[:, None],
             "The gain has one factor for each coordinate, so it goes along the rows: `unembedding * gain`."),
            (lambda w, g: w * g * g, "You multiplied by the gain twice."),
            (lambda w, g: unit(w) * g, "You divided the rows by their sizes. The sizes belong to the targets."),
        ],
        right="Now the state stays on its sphere, and all that a logit needs to know of a token is in its target.",
    ),
    Exercise(
        "3.3", "Who returns?", "medium", 8,
        reference=_returns,
        inputs=[
            (np.array([[1.0, 0], [0, 1], [3, 3]]),),
            random_arrays(1, (6, 2)),
            random_arrays(2, (9, 3)),
            random_arrays(5, (5, 2)),
            awkward_arrays(1, (9, 5)),
        ],
        wrong=[
            (lambda v: _returns(unit(v)),
             "By cosine or distance each row, or a copy of it, comes first at its own place. Here the ruler is the dot "
             "product."),
            (lambda v: len(v) - _returns(v), "You counted those that do not return."),
            (lambda v: _returns(v) / len(v), "That is the share. Return the number."),
            (lambda v: len(set((v @ v.T).argmax(axis=1))),
             "You counted the different winners. A winner may take the places of many others."),
            (lambda v: _returns(v, v / (v**2).sum(axis=1, keepdims=True)),
             "You divided the rows by ‖w‖². Here they are scored as they are."),
            (lambda v: (v @ v.T).argmax(axis=1) == np.arange(len(v)),
             "That says which rows return. How many are they?"),
            (lambda v: int(((v @ v.T).argmax(axis=1) == np.diagonal(v @ v.T)).sum()),
             "None came out. Is the place of a row's largest score i? Compare places, not scores."),
            (lambda v: int((np.diagonal(v @ v.T) > (v @ v.T).max(axis=1)).sum()),
             "None came out. Is the place of a row's largest score i? Compare places, not scores."),
            (lambda v: int(((v @ v.T * (1 - np.eye(len(v)))).argmax(axis=1) == np.arange(len(v))).sum()),
             "You took each token's own score out. It is one of those that compete."),
            (lambda v: (v @ v.T).argmax(axis=1),
             "Those are the winners of all rows. Count the rows that win their own place."),
        ],
        right="Run it on a few hundred rows of a real embedding, and on random rows of the same sizes.",
    ),
    Exercise(
        "3.4", "How large must a rival be?", "medium", 8,
        reference=_rival_size,
        inputs=[(3.0, 0.5), (2.5, 1.0), (0.7, 0.2), (0.7, 0.03), (3.0, 0.002), (1.0, -0.3), (1.0, 0.0)],
        wrong=[
            (lambda n, c: n * c,
             "You multiplied. The rival scores (its size)·cosine, and that has to reach the token's size: divide."),
            (lambda n, c: n * c if c > 0 else np.inf,
             "You multiplied. The rival scores (its size)·cosine, and that has to reach the token's own size: divide."),
            (lambda n, c: n / c**2 if c > 0 else np.inf, "One division by the cosine is enough."),
            (lambda n, c: n / c, "The cosine can be zero or negative. Then no size is enough: return infinity."),
            (lambda n, c: n / c if c >= 0 else np.inf,
             "At a cosine of zero you divide by zero (`np.where` computes both of its branches, an `if` only one). "
             "No size is enough there: return infinity."),
            (lambda n, c: n / abs(c) if c else np.inf,
             "With a negative cosine a larger size only makes the score lower. Then no size is enough: return "
             "infinity."),
            (lambda n, c: n / c if c else np.inf,
             "With a negative cosine no size is enough, and a size is never negative: return infinity."),
            (lambda n, c: n / c if c > 0 else None, "Where no size is enough, return `np.inf`, not None."),
            (lambda n, c: n / c if c > 0 else 0,
             "0 would say that any rival is large enough. Where no size is enough, return infinity."),
            (lambda n, c: n / np.cos(c), "You took the cosine of the cosine. It is given; the angle is not."),
            (lambda n, c: n, "You left the direction out. The wider the angle, the larger the rival must be."),
            (lambda n, c: n if c > 0 else np.inf,
             "You left the angle out. The wider it is, the larger the rival must be."),
            (lambda n, c: n**2 / c if c > 0 else np.inf, "Both scores have the token's size as a factor: it cancels."),
        ],
        right="At a cosine of one half a rival must be twice as large; the smaller the cosine, the larger. So ask of "
        "any set of vectors how small its cosines are, and how unequal its sizes.",
    ),
]  # fmt: skip
