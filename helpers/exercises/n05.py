"""The exercises of notebook 05, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.geometry import cosine


def _three_answers(z, targets, order=(0, 1, 2)):
    distances, products = np.linalg.norm(targets - z, axis=1), targets @ z
    found = [distances.argmin(), (products / np.linalg.norm(targets, axis=1)).argmax(), products.argmax()]
    return np.array(found)[list(order)]


def _with_bonus(z, targets, bonus=lambda squares: squares):
    return ((targets - z) ** 2).sum(axis=1) - bonus((targets**2).sum(axis=1))


def _one_more(targets, last=lambda squares: np.sqrt(np.maximum(squares.max() - squares, 0))):
    return np.column_stack([targets, last((targets**2).sum(axis=1))])


def _divergence(p, q, log=np.log):
    there = p > 0
    return (p[there] * log(p[there] / q[there])).sum()


_TOY = (np.array([2.0, 1.0]), np.array([[0.6, 0.3], [1.8, 1.5], [1.6, 3.0], [-1.0, 2.0]]))


ROWS = [
    Exercise(
        "5.1", "Three answers", "easy", 6,
        reference=_three_answers,
        inputs=[
            _TOY,
            (_TOY[0], _TOY[1][::-1]),
            (np.array([0.0, 0.0, 1.0]), np.array([[1.0, 1.0, 2.0], [0.0, 0.0, 2.9], [0.1, 0.0, -2.0]])),
            (np.array([0.0, 1.0, 1.0]), np.array([[0, 4, 1], [0.2, 0.8, 0.8], [0.1, 0.1, 0], [3.0, -5, -5]])),
            (np.array([1.0, 2.0]), np.array([[-2.0, -4.0], [2.0, 2.0], [4.0, 0.5]])),
            (np.array([0.1, 0.2, 0.1, 0.2]), np.array([[1.7, 0.2, 0.1, 0.2], [1.1, 1.2, 1.1, 0.2], [-3, -3, 0, -4]])),
            (np.array([0.6, 0.1, 0.2, 0.1, 0.3]), np.array([[0.6, 0.1, 0.2, 2.5, -2], [0.1, 0.3, 0.2, 0.1, 0.3]])),
            awkward_arrays(21, 5, (6, 5)),
        ],
        wrong=[
            (lambda z, u: _three_answers(z, u, (2, 1, 0)),
             "Distance and dot product are swapped. The order is distance, cosine, dot product."),
            (lambda z, u: _three_answers(z, u, (0, 2, 1)),
             "Cosine and dot product are swapped. The order is distance, cosine, dot product."),
            (lambda z, u: _three_answers(z, u, (1, 0, 2)),
             "Distance and cosine are swapped. The order is distance, cosine, dot product."),
            (lambda z, u: [np.abs(u - z).sum(axis=1).argmin(), *_three_answers(z, u)[1:]],
             "You added absolute values. The Euclidean distance is √(Σ (z − u)²)."),
            (lambda z, u: [u[i] for i in _three_answers(z, u)],
             "Those are the targets themselves. Return their row numbers."),
            (lambda z, u: [np.linalg.norm(u - z, axis=1).argmax(), *_three_answers(z, u)[1:]],
             "A distance is best when it is smallest: `argmin`."),
            (lambda z, u: _three_answers(z, u, (0, 2, 2)),
             "Your cosine gives the dot product's answer: divide each product by the target's size."),
            (lambda z, u: [*_three_answers(z, u)[:2], np.abs(u @ z).argmax()],
             "You took the largest product by amount. A large negative one is the farthest of all."),
            (lambda z, u: [_three_answers(z, u)[0], ((u @ z) / (u**2).sum(axis=1)).argmax(), (u @ z).argmax()],
             "For the cosine you divided by ‖u‖². Divide by the size ‖u‖."),
            (lambda z, u: [np.linalg.norm(u - z, axis=1).argmin(), cosine(u, z).argmin(), (u @ z).argmin()],
             "Near means a small distance, but a large cosine and a large dot product: `argmax` for those two."),
            (lambda z, u: [np.linalg.norm(u - z, axis=1).argmin(), cosine(u, z).argmin(), (u @ z).argmax()],
             "Near means a small distance, but a large cosine: `argmax`."),
            (lambda z, u: [np.linalg.norm(u - z).argmin(), *_three_answers(z, u)[1:]],
             "One distance for the whole table: `np.linalg.norm` needs `axis=1` for a size of each row."),
            (lambda z, u: [np.linalg.norm(u - z).argmin(), *_three_answers(z, u, (2, 2))],
             "One size for the whole table, twice: `np.linalg.norm` needs `axis=1` for a size of each row."),
            (lambda z, u: [*_three_answers(z, u)[:2], np.linalg.norm(u, axis=1).argmax()],
             "The third is the largest target. The largest *product* with z is asked for."),
            *((lambda z, u, n=n: [np.linalg.norm(u - z, n, axis=1).argmin(), *_three_answers(z, u)[1:]],
               "That is another distance. The Euclidean one has the root of a sum of *squares*.") for n in (3, np.inf)),
            (lambda z, u: [np.linalg.norm(u - z, axis=1).min(), (u @ z / np.linalg.norm(u, axis=1)).max(), max(u @ z)],
             "Those are the best values. Return the row numbers: `argmin` and `argmax`."),
            (lambda z, u: [np.linalg.norm(u - z, axis=1).min(), cosine(u, z).max(), (u @ z).max()],
             "Those are the best values. Return the row numbers: `argmin` and `argmax`."),
            (lambda z, u: [_three_answers(z, u)[0], np.abs(cosine(u, z)).argmax(), (u @ z).argmax()],
             "You took the largest cosine by amount. A cosine near −1 points the opposite way."),
        ],
        right="Three rulers, three answers. The model gives the last.",
    ),
    Exercise(
        "5.2", "Distance with a bonus", "medium", 6,
        reference=_with_bonus,
        inputs=[_TOY, random_arrays(1, 3, (4, 3)), awkward_arrays(2, 5, (6, 5))],
        wrong=[
            (lambda z, u: _with_bonus(z, u, lambda s: 0),
             "Those are squared distances, without the bonus for size: subtract ‖u‖²."),
            (lambda z, u: np.linalg.norm(u - z, axis=1), "Those are distances. Square them, and subtract ‖u‖²."),
            (lambda z, u: _with_bonus(z, u, lambda s: -s), "You added ‖u‖². Large targets get a bonus: subtract."),
            (lambda z, u: _with_bonus(z, u, np.sqrt), "You subtracted the size. Subtract its square."),
            (lambda z, u: np.linalg.norm(u - z, axis=1) - np.linalg.norm(u, axis=1),
             "Both the distance and the size have to be squared."),
            *((lambda z, u, one=one, other=other: ((u - z) ** 2).sum(axis=one) - (u**2).sum(axis=other),
               "`sum` needs `axis=1`, or `norm` does: each target has its own distance and its own size.")
              for one, other in ((None, 1), (1, None), (None, None))),
            (lambda z, u: _with_bonus(z, u, lambda s: s / 2),
             "You took half the bonus. With the whole of ‖z − u‖² goes the whole of ‖u‖²."),
            (lambda z, u: _with_bonus(z, u) / 2, "That is half of it. Return ‖z − u‖² − ‖u‖² itself."),
            (lambda z, u: -_with_bonus(z, u), "The sign is turned: the smallest number belongs to the winner."),
            (lambda z, u: _with_bonus(z, u) - z @ z,
             "You took ‖z‖² off as well. That ranks alike, but return ‖z − u‖² − ‖u‖² itself."),
            (lambda z, u: -u @ z, "That ranks right, but it is a dot product. Use distances and sizes."),
        ],
        right="It is ‖z‖² − 2 z·u: the model's choice, written as a distance with a bonus.",
    ),
    Exercise(
        "5.3", "One more coordinate", "medium", 8,
        reference=_one_more,
        inputs=[(np.array([[3.0, 4.0], [0.0, 3.0], [1.0, 0.0]]),), random_arrays(1, (4, 3)), awkward_arrays(2, (7, 4))],
        wrong=[
            (lambda u: _one_more(u, lambda s: s.max() - s),
             "The root is missing: the last coordinate is √(R² − ‖u‖²)."),
            (lambda u: _one_more(u, lambda s: np.sqrt(s.max()) - np.sqrt(s)),
             "You took R − ‖u‖. Sizes add by their squares: √(R² − ‖u‖²)."),
            (lambda u: _one_more(u, np.sqrt), "You appended the size itself, so the large became larger still."),
            (lambda u: np.hstack([u, _one_more(u)[:, -1]]),
             "What you append must be a column, shape (V, 1): `np.column_stack`, or `[:, None]`."),
            (lambda u: np.concatenate([u, _one_more(u)[:, -1]], axis=1),
             "What you append must be a column, shape (V, 1): `np.column_stack`, or `[:, None]`."),
            (lambda u: np.vstack([u, _one_more(u)[:, -1]]),
             "`np.vstack` appends a row. A coordinate is a column: `np.column_stack`."),
            (lambda u: _one_more(u, lambda s: np.full_like(s, np.sqrt(s.max()))),
             "You appended R to all of them, so they still differ in size."),
            (lambda u: np.sqrt(((u**2).sum(axis=1)).max() - (u**2).sum(axis=1)),
             "That is the new coordinate. Return the targets with it, shape (V, d + 1)."),
            (lambda u: u / np.linalg.norm(u, axis=1, keepdims=True) * np.linalg.norm(u, axis=1).max(),
             "You stretched the targets. That changes their dot products; a new coordinate does not."),
            (lambda u: np.column_stack([u, -_one_more(u)[:, -1]]),
             "Right, but for the sign: take the root that is not negative."),
            (lambda u: np.column_stack([_one_more(u)[:, -1], u]), "The new coordinate belongs at the end."),
        ],
        right="No dot product with (z, 0) has changed, and the nearest target is now the model's choice.",
    ),
    Exercise(
        "5.4", "How far did it move?", "medium", 8,
        reference=_divergence,
        inputs=[
            (np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])),
            (np.array([0.9, 0.0, 0.1]), np.array([0.6, 0.3, 0.1])),
            (np.array([0.2, 0.8]), np.array([0.2, 0.8])),
            (np.array([0.004, 0.3, 0.3, 0.396]), np.array([0.3, 0.2, 0.2, 0.3])),
        ],
        wrong=[
            (lambda p, q: (q * np.log(q / np.where(p > 0, p, 1))).sum(),
             "You swapped the two: p is the weight, and p stands above q."),
            (lambda p, q: (q * np.log(q / p)).sum(), "You swapped the two: p is the weight, and stands above q."),
            (lambda p, q: (p * np.log(p / q)).sum(),
             "0 · log 0 came out as not a number. Leave out the places where p is 0."),
            (lambda p, q: _divergence(p, q, np.log2), "That is in bits. Nats need `np.log`."),
            (lambda p, q: -_divergence(p, q), "The sign is turned: p stands above q in the logarithm."),
            (lambda p, q: (p[p > 0] * np.log(p[p > 0] / q[p > 0])).mean(),
             "You took the mean. It is a sum; p is the weight already."),
            (lambda p, q: np.log(p[p > 0] / q[p > 0]).sum(), "Each logarithm has p as its weight."),
            (lambda p, q: np.abs(p - q).sum() / 2, "That is another measure, total variation. Here: Σ p log(p/q)."),
            (lambda p, q: -(p * np.log(q)).sum(),
             "That is the cross-entropy. Subtract the entropy of p: p stands above q in the logarithm."),
            (lambda p, q: (p * np.log((p + 1e-3) / q)).sum(),
             "You added a small number inside the log, and the result moved. Leave out the places where p is 0 "
             "instead."),
            (lambda p, q: (p * np.log((p + 1e-4) / q)).sum(),
             "You added a small number inside the log, and the result moved. Leave out the places where p is 0 "
             "instead."),
            (lambda p, q: (p * np.log((p + 1e-5) / q)).sum(),
             "You added a small number inside the log, and the result moved. Leave out the places where p is 0 "
             "instead."),
        ],
        right="Zero for equal distributions. It is not symmetric, so it is no distance either.",
    ),
]  # fmt: skip
