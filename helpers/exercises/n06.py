"""The exercises of notebook 06, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.geometry import cosine


def _final_norm(x, epsilon):
    return x / np.sqrt((x**2).mean() + epsilon)


def _logit_of(size, degrees, d):
    return np.sqrt(d) * size * np.cos(np.radians(degrees))


def _seen_part(targets):
    return targets - targets.mean(axis=1, keepdims=True)


def _count_within(z, targets, degrees):
    return (cosine(targets, z) >= np.cos(np.radians(degrees))).sum()


ROWS = [
    Exercise(
        "6.1", "The final norm", "easy", 6,
        reference=_final_norm,
        inputs=[
            (np.array([3.0, 4.0, 0.0, 1.0]), 0.5),
            (np.array([-0.02, 0.008, 0.03]), 1e-4),
            (np.array([0.1, -0.2, 0.3, 0.1, 0.4]), 0.25),
        ],
        wrong=[
            (lambda x, e: x / np.linalg.norm(x),
             "That has size 1. The norm divides by the root of the *mean* square, so the size becomes √d."),
            (lambda x, e: x / np.sqrt((x**2).sum() + e),
             "You summed the squares. Take their mean: the size then becomes √d."),
            (lambda x, e: x / np.sqrt((x**2).mean()),
             "You left ε out. It is added under the root, and a small x feels it."),
            (lambda x, e: x / max(np.sqrt((x**2).mean()), np.sqrt(e)),
             "You used ε as a floor for the root. It is added under the root, always."),
            (lambda x, e: x / (np.sqrt((x**2).mean()) + e), "You added ε after the root. It belongs under it."),
            (lambda x, e: _final_norm(x - x.mean(), e),
             "You subtracted the mean: that is a LayerNorm. An RMSNorm subtracts nothing."),
            (lambda x, e: x / ((x**2).mean() + e), "The root is missing: divide by √(mean square + ε)."),
            (lambda x, e: (x - x.mean()) / (x.std() + e), "That standardises x. An RMSNorm subtracts nothing."),
            (lambda x, e: 24 * x / np.linalg.norm(x),
             "24 is √576, the model's radius. This x has another width, and ε is missing."),
            (lambda x, e: x / np.sqrt((x**2).sum() / 576 + e),
             "576 is the model's width. This x has another: take the mean of its squares."),
            (lambda x, e: np.sqrt(len(x)) * x / np.sqrt(x @ x + e),
             "Almost: ε belongs to the *mean* square, so to the sum of squares d · ε is added."),
            (lambda x, e: x / np.sqrt(np.linalg.norm(x) / len(x) + e),
             "You forgot to square ‖x‖: its square over d is the mean square."),
            (lambda x, e: np.linalg.norm(_final_norm(x, e)), "That is the state's size. Return the state, shape (d,)."),
        ],
        right="Whatever x was, z stands at radius √d, up to ε. It is `lm.to_sphere`.",
    ),
    Exercise(
        "6.2", "A logit from its parts", "easy", 5,
        reference=_logit_of,
        inputs=[(4.1, 79.9, 576), (2.0, 60.0, 9), (10.0, 120.0, 100), (0.007, 30.5, 7)],
        wrong=[
            (lambda s, a, d: np.sqrt(d) * s * np.cos(a), "The angle came in degrees, and `np.cos` wants radians."),
            (lambda s, a, d: d * s * np.cos(np.radians(a)), "The state's size is √d, not d."),
            (lambda s, a, d: 24 * s * np.cos(np.radians(a)), "24 is √576. Here d is given: use its root."),
            (lambda s, a, d: s * np.cos(np.radians(a)), "You forgot the state's own size, √d."),
            (lambda s, a, d: np.sqrt(d) * s * np.sin(np.radians(a)),
             "A dot product goes with the cosine: it is largest at 0 degrees."),
            (lambda s, a, d: np.sqrt(d) * np.cos(np.radians(a)), "You forgot the target's size."),
            (lambda s, a, d: np.sqrt(d) / s * np.cos(np.radians(a)),
             "You divided by the size. A larger target has the larger logit, up or down: multiply."),
            *((lambda s, a, d, n=n: round(np.sqrt(d) * s * np.cos(np.radians(a)), n), "Do not round.")
              for n in range(3)),
            (lambda s, a, d: np.sqrt(d) * s * np.cos(np.degrees(a)),
             "`np.degrees` goes the other way, from radians. Use `np.radians`."),
        ],
        right="Direction and size: nothing else of a token enters its logit.",
    ),
    Exercise(
        "6.3", "What a LayerNorm cannot see", "medium", 8,
        reference=_seen_part,
        inputs=[(np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]),), random_arrays(1, (4, 3)), awkward_arrays(2, (5, 5))],
        wrong=[
            (lambda u: u - u.mean(axis=0),
             "You subtracted the mean of all targets. Each row's own mean is meant, over its coordinates: `axis=1`."),
            (lambda u: u - u.mean(), "You subtracted one number, the mean of everything. Each row has its own."),
            (lambda u: u - u.mean(axis=1),
             "`u.mean(axis=1)` has shape (V,), and cannot be subtracted row by row. Keep the axis: `keepdims=True`."),
            (lambda u: u - u.sum(axis=1, keepdims=True),
             "You subtracted each row's sum from every coordinate. Take its mean."),
            (lambda u: _seen_part(u) / u.std(axis=1, keepdims=True),
             "You also divided by the spread. A norm does that to the state; a target keeps its size."),
            (lambda u: u.mean(axis=1, keepdims=True) * np.ones_like(u),
             "That is the part along the ones. Return what is left without it."),
            (lambda u: u + 0, "Those are the targets as they came: their rows do not add up to 0."),
            (lambda u: u - u.sum(axis=1, keepdims=True) / np.sqrt(u.shape[1]),
             "The vector of ones has size √d, so its square takes part twice: divide the sum by d."),
            (lambda u: u - 1, "You subtracted the vector of ones once. How much of it a row contains is its mean."),
        ],
        right="A target's size is measured without this part. `lm.targets` takes it out for models with a LayerNorm.",
    ),
    Exercise(
        "6.4", "How many are that near?", "medium", 8,
        reference=_count_within,
        inputs=[
            (*random_arrays(4, 3, (60, 3)), 40.0),
            (*random_arrays(5, 8, (200, 8)), 85.0),
            (*random_arrays(6, 4, (50, 4)), 120.0),
            (*awkward_arrays(2, 5, (9, 5)), 70.0),
            (np.array([30.0, 10.0]), np.array([[1.0, 0.5], [0.2, 1.0], [-1.0, 1.0]]), 30.0),
        ],
        wrong=[
            (lambda z, u, a: (cosine(u, z) >= np.cos(a)).sum(),
             "The angle came in degrees, and `np.cos` wants radians."),
            (lambda z, u, a: (cosine(u, z) <= np.cos(np.radians(a))).sum(),
             "Those are the ones farther away: a small angle has a large cosine."),
            (lambda z, u, a: (u @ z >= np.cos(np.radians(a))).sum(),
             "A dot product is a cosine only once both sizes are divided out."),
            (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) >= np.cos(np.radians(a))).sum(),
             "You divided by the targets' sizes. The state's size has to go, too."),
            (lambda z, u, a: (u @ z / np.linalg.norm(z) >= np.cos(np.radians(a))).sum(),
             "You divided by the state's size. The targets' sizes have to go, too."),
            (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) / np.sqrt(len(z)) >= np.cos(np.radians(a))).sum(),
             "This z need not stand at √d. Divide by its own size."),
            (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) / 24 >= np.cos(np.radians(a))).sum(),
             "This z need not stand at radius 24. Divide by its own size."),
            (lambda z, u, a: (u @ z / np.linalg.norm(u) / np.linalg.norm(z) >= np.cos(np.radians(a))).sum(),
             "You divided by one size for the whole table. Each target has its own: `axis=1`."),
            (lambda z, u, a: np.flatnonzero(cosine(u, z) >= np.cos(np.radians(a))),
             "Those are their row numbers. Return how many: `len` of it."),
            (lambda z, u, a: (np.arccos(cosine(u, z)) <= a).sum(),
             "`np.arccos` gives radians, and the limit is in degrees."),
            (lambda z, u, a: (cosine(u, z) >= np.cos(np.radians(a))).mean(), "That is a share. Return how many."),
            (lambda z, u, a: cosine(u, z) >= np.cos(np.radians(a)),
             "That says for each target whether. Return how many: `.sum()`."),
            (lambda z, u, a: (np.abs(cosine(u, z)) >= np.cos(np.radians(a))).sum(),
             "With the absolute value you also count the targets that point the opposite way."),
        ],
        right="Beside `share_within` times V, this number tells a finding from chance.",
    ),
]  # fmt: skip
