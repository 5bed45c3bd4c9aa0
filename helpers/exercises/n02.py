"""The exercises of notebook 02, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.geometry import unit


def _one_hot(ids, n_vocab):
    return np.eye(n_vocab)[ids]


def _rows_of_ones(ids, n_vocab):
    rows = np.zeros((len(ids), n_vocab))
    rows[ids] = 1
    return rows


def _share_shown(vectors, centre=True, power=2, n_directions=2):
    spreads = np.linalg.svd(vectors - centre * vectors.mean(axis=0), compute_uv=False) ** power
    return spreads[:n_directions].sum() / spreads.sum()


def _smallest_two(vectors):
    variances = np.linalg.eigvalsh(np.cov(vectors.T))
    return variances[:2].sum() / variances.sum()


def _near(rows, i, k, begin=1, sign=1):
    distances = np.linalg.norm(rows - rows[i], axis=1)
    return np.argsort(sign * distances, kind="stable")[begin : begin + k]


def _kept(vectors, flat, k, **how):
    """For each thing, the share of its neighbours on the map that are neighbours in space."""
    pairs = [(_near(vectors, i, k, **how), _near(flat, i, k, **how)) for i in range(len(vectors))]
    return np.array([len(set(one) & set(other)) / k for one, other in pairs])


ROWS = [
    Exercise(
        "2.1", "One-hot rows", "easy", 4,
        reference=_one_hot,
        inputs=[([2, 0, 2], 4), ([1], 3), ([4, 3, 0, 1], 6)],
        wrong=[
            (lambda ids, n: np.eye(max(ids) + 1)[ids],
             "Your rows are too short: they end at the largest ID. A one-hot row has a place for every token of the "
             "vocabulary."),
            (lambda ids, n: _one_hot(ids, n).T, "Rows and columns are swapped: one row for each token."),
            (lambda ids, n: _one_hot(ids, n).sum(axis=0),
             "You put all tokens into one row, so their order is lost. Give each token a row of its own."),
            (lambda ids, n: _one_hot(ids, n) * np.array(ids)[:, None],
             "You wrote the ID into its place. One-hot means that a 1 stands there."),
            (lambda ids, n: _one_hot([i - 1 for i in ids], n),
             "Your 1 stands one place too far left: IDs count from 0, like Python's indices."),
            (lambda ids, n: _one_hot([i + 1 for i in ids], n + 1)[:, :n],
             "Your 1 stands one place too far right: IDs count from 0, like Python's indices."),
            (lambda ids, n: np.tile(_one_hot(ids, n).max(axis=0), (len(ids), 1)),
             "Every row has the ones of all tokens (`rows[:, ids] = 1` does that). Row t gets a single 1, in column "
             "`ids[t]`."),
            (_rows_of_ones, "`rows[ids] = 1` fills whole rows. Row t gets a single 1, in column `ids[t]`."),
            (lambda ids, n: np.eye(len(ids), n),
             "Your 1 stands in the place of the token's position. It belongs in the place of its ID."),
        ],
        right="Times the embedding, these rows give the token vectors: notebook 03 sends one through the model's first "
        "and last matrix and looks at what has become of the 1.",
    ),
    Exercise(
        "2.2", "The size of every row", "easy", 3,
        reference=lambda vectors: np.sqrt((vectors**2).sum(axis=1)),
        inputs=[(np.array([[3.0, 4], [0, 2], [-1, 0]]),), random_arrays(1, (2, 5)), awkward_arrays(2, (6, 5))],
        wrong=[
            (lambda v: np.linalg.norm(v), "You gave one size for the whole table. Each row has its own: `axis=1`."),
            (lambda v: np.linalg.norm(v, axis=0), "Those are the sizes of the columns. A row runs along axis 1."),
            (lambda v: (v**2).sum(axis=1), "Those are the squares of the sizes. Take the root."),
            (lambda v: np.abs(v).sum(axis=1), "You added absolute values. The size is √(Σ v²): squares first."),
            (lambda v: np.abs(v).max(axis=1), "You took the largest number of each row. The size is √(Σ v²)."),
            (lambda v: np.linalg.norm(v, axis=1, keepdims=True),
             "Right numbers, but as a column of shape (V, 1). Return shape (V,): without `keepdims`."),
            (lambda v: v.sum(axis=1), "You added up the numbers. The size is √(Σ v²): squares first."),
        ],
        right="One number a token: all that a vector has besides its direction.",
    ),
    Exercise(
        "2.3", "How much does a plane show?", "medium", 10,
        reference=_share_shown,
        inputs=[(1 + random_arrays(seed, shape)[0],) for seed, shape in enumerate([(5, 4), (6, 3), (8, 8)])]
        + [(np.array([[2.0, 2, 3], [0, 2, 3], [1, 4.5, 3], [1, -0.5, 3], [1, 2, 7], [1, 2, -1]]),)]
        + [awkward_arrays(3, (7, 5))],
        wrong=[
            (lambda v: _share_shown(v, centre=False),
             "You did not subtract the mean of the rows. Without that, the first direction only points at the middle "
             "of the cloud."),
            (lambda v: _share_shown(v, power=1), "You compared spreads. Variance is spread squared."),
            (lambda v: _share_shown(v, n_directions=1), "You took the first direction only. A plane has two."),
            (lambda v: 1 - _share_shown(v), "That is the share that the plane does not show."),
            (lambda v: 100 * _share_shown(v), "That is in percent. A share lies between 0 and 1."),
            (lambda v: v.var(axis=0)[:2].sum() / v.var(axis=0).sum(),
             "You took the first two coordinates. PCA's plane is turned so that the cloud varies most along it."),
            (lambda v: _share_shown(v - v.mean(), centre=False),
             "You subtracted one mean of all numbers. Each column has its own: `mean(axis=0)`."),
            (lambda v: _share_shown(v, power=4),
             "You squared twice. The eigenvalues of the covariance are variances already; only singular values are "
             "squared."),
            (lambda v: np.sort(v.var(axis=0))[-2:].sum() / v.var(axis=0).sum(),
             "You took the two coordinates that vary most. PCA's plane may lie aslant to all coordinates."),
            (lambda v: _share_shown((v - v.mean(axis=0)) / v.std(axis=0)),
             "You made all columns vary alike, as correlations do. Keep their own variances: the covariance."),
            (lambda v: (lambda s: s[:2].sum() / s.sum())(np.linalg.eig(np.cov(v.T))[0].real),
             "`np.linalg.eig` lists its values in no order. Take `eigvalsh`, which sorts them, from the smallest up."),
            (lambda v: _smallest_two(v), "You took the two smallest: `eigvalsh` lists them from the smallest up."),
            (lambda v: _share_shown(v.T),
             "You subtracted each row's own mean, or swapped rows and columns. Centre the cloud: subtract the mean "
             "of all rows."),
        ],
        right="Ask this of every flat picture of vectors, and ask it of random vectors too.",
    ),
    Exercise(
        "2.4", "Is the map to be trusted?", "hard", 15,
        reference=lambda v, flat, k: _kept(v, flat, k).mean(),
        inputs=[(*random_arrays(seed, (n, 4), (n, 2)), k) for seed, n, k in [(124, 8, 3), (3, 7, 2), (2, 6, 2)]]
        + [(*np.split(np.random.default_rng(1).normal(size=(9, 7)), [5], axis=1), 4)],
        wrong=[
            (lambda v, flat, k: _kept(v, flat, k, begin=0).mean(),
             "You counted each thing as its own nearest neighbour. Leave it out."),
            (lambda v, flat, k: _kept(v, flat, k + 1, begin=0).mean(),
             "You counted each thing as its own nearest neighbour. Leave it out."),
            (lambda v, flat, k: _kept(v, flat, k + 1, begin=0).mean() * (k + 1) / k,
             "You counted each thing as its own nearest neighbour. Leave it out."),
            (lambda v, flat, k: _kept(v, flat, 3).mean(), "You looked at three neighbours, whatever `k` is."),
            (lambda v, flat, k: _kept(v, v, k).mean(), "You compared the space with itself. The map is `flat`."),
            (lambda v, flat, k: np.mean([_near(v, i, k) == _near(flat, i, k) for i in range(len(v))]),
             "You compared the two lists place by place. Who is among the k matters, not in which place."),
            (lambda v, flat, k: k * _kept(v, flat, k).mean(), "You counted the neighbours. Divide by k for a share."),
            (lambda v, flat, k: k * _kept(v, flat, k).sum(),
             "You counted the neighbours. Divide by k, and by the number of things."),
            (lambda v, flat, k: _kept(v, flat, k), "Those are the shares of the single things. Return their mean."),
            (lambda v, flat, k: _kept(v, flat, k)[0],
             "You looked at the first thing only. (Perhaps the `return` stands inside the loop.)"),
            (lambda v, flat, k: (_kept(v, flat, k) > 0).mean(),
             "You asked whether any neighbour is kept. Count how many."),
            (lambda v, flat, k: 1 - _kept(v, flat, k).mean(), "That is the share that is not kept."),
            (lambda v, flat, k: 100 * _kept(v, flat, k).mean(), "That is in percent. A share is between 0 and 1."),
            (lambda v, flat, k: (_kept(v, flat, k) / (2 - _kept(v, flat, k))).mean(),
             "You divided by all that are in either list. The share is of the k on the map."),
            (lambda v, flat, k: _kept(v, flat, k, begin=0, sign=-1).mean(),
             "You took the farthest. `argsort` puts the smallest first."),
            (lambda v, flat, k: _kept(unit(v), unit(flat), k).mean(),
             "You compared directions. Here the ruler is Euclidean distance, as on paper."),
        ],
        right="You can now check any map of vectors that somebody shows you.",
    ),
]  # fmt: skip
