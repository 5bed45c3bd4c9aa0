"""The exercises of notebook 08, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise


def _share_in_plane(x, frame):
    return np.linalg.norm(frame @ x) / np.linalg.norm(x)


def _rank_of(logits, i):
    return 1 + (logits > logits[i]).sum()


def _first_for_good(ranks):
    behind = np.flatnonzero(ranks > 1)
    return int(behind[-1]) + 1 if len(behind) else 0


def _turn(a, b):
    return np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _on_great_circle(a, b, t, theta=None):
    theta = _turn(a, b) if theta is None else theta
    return (np.sin((1 - t) * theta) * a + np.sin(t * theta) * b) / np.sin(theta)


def _pushed_out(x, like):
    return x * np.linalg.norm(like) / np.linalg.norm(x)


def _same_size(seed, d):
    a, b = np.random.default_rng(seed).normal(size=(2, d)).round(1)
    return a, b * np.linalg.norm(a) / np.linalg.norm(b)


ROWS = [
    Exercise(
        "8.1", "How much does a plane show?", "medium", 8,
        reference=_share_in_plane,
        inputs=[
            (np.array([3.0, 4.0, 12.0]), np.eye(3)[:2]),
            (np.array([1.0, 2.0, -2.0, 4.0]), np.eye(4)[[3, 1]]),
            (np.array([2.0, 0.0, 1.0]), np.array([[0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]])),
            (np.array([0.008, 0.02, 0.02, 0.006, 0.004]), np.eye(5)[[4, 1]]),
        ],
        wrong=[
            (lambda x, f: _share_in_plane(x, f) ** 2, "That is the share of the squared size. Take its root."),
            (lambda x, f: np.linalg.norm(f @ x), "That is the size of the shadow. Divide by the size of x."),
            (lambda x, f: f @ x,
             "Those are the shadow's coordinates. Their size, divided by the size of x, is asked for."),
            (lambda x, f: (f @ x) @ f, "That is the shadow itself. Its size, divided by the size of x, is asked for."),
            (lambda x, f: 1 - _share_in_plane(x, f) ** 2,
             "That is the share of the squared size that the plane hides."),
            (lambda x, f: 100 * _share_in_plane(x, f), "That is in percent. Return a number from 0 to 1."),
            (lambda x, f: 1 - _share_in_plane(x, f),
             "That is not what the plane shows, and not what it hides either: sizes at right angles add by their "
             "squares."),
            (lambda x, f: np.sqrt(1 - _share_in_plane(x, f) ** 2), "That is the share that the plane hides."),
            (lambda x, f: np.abs(f[0] @ x) / np.linalg.norm(x),
             "You used the first direction only. The plane has two."),
            (lambda x, f: (f @ x).sum() / np.linalg.norm(x),
             "You added the two coordinates. They stand at right angles: add their squares."),
            (lambda x, f: np.abs(f @ x).sum() / np.linalg.norm(x),
             "You added the two coordinates. They stand at right angles: add their squares."),
        ],
        right="For a random plane in d dimensions it is about √(2/d). Put that null beside every plane you draw.",
    ),
    Exercise(
        "8.2", "Rank", "easy", 5,
        reference=_rank_of,
        inputs=[
            (np.array([2.0, 7.0, -1.0, 5.0]), 3),
            (np.array([2.0, 7.0, -1.0, 5.0]), 1),
            (np.array([3.0, 1.0, 3.0, 8.0, 0.0, 2.0]), 2),
            (np.array([3.0, 1.0, 3.0, 8.0, 0.0, 2.0]), 0),
            (np.array([5.0, 5.0, 1.0]), 2),
            (np.array([0.004, 0.0, 0.3, 0.003, 0.3]), 3),
        ],
        wrong=[
            (lambda x, i: _rank_of(x, i) - 1, "The best token has rank 1, not 0."),
            (lambda x, i: 1 + (x >= x[i]).sum(), "You counted the token itself as one above it: `>`, not `>=`."),
            (lambda x, i: 1 + (x < x[i]).sum(), "You counted the smaller ones. The best token has rank 1."),
            (lambda x, i: 1 + len(set(x[x > x[i]])), "Two tokens that tie above it are two tokens: count both."),
            (lambda x, i: np.argsort(-x, kind="stable")[i] + 1,
             "That is a token, the one with rank i + 1. The rank of token i is asked for."),
            (lambda x, i: np.argsort(np.argsort(-x, kind="stable"), kind="stable")[i],
             "The best token has rank 1, not 0; and two tokens that tie have the same rank."),
            (lambda x, i: np.argsort(np.argsort(-x, kind="stable"), kind="stable")[i] + 1,
             "Two tokens that tie have the same rank: count the logits that are larger."),
            (lambda x, i: np.argsort(-x, kind="stable")[i],
             "That is the token with rank i + 1. The rank of token i is asked for."),
            (lambda x, i: np.argsort(x, kind="stable")[i],
             "That is the token in place i, counted from the smallest. The rank of token i is asked for."),
            (lambda x, i: (x >= x[i]).sum(), "An equal logit is not larger: two tokens that tie have the same rank."),
            (lambda x, i: x[i], "That is its logit."),
        ],
        right="Rank 1 is the winner. A rank needs no scale, so one lens can compare it between layers.",
    ),
    Exercise(
        "8.3", "First for good", "medium", 8,
        reference=_first_for_good,
        inputs=[
            (np.array([40, 3, 1, 2, 1, 1]),),
            (np.array([9, 2, 1, 1]),),
            (np.array([1, 1, 1]),),
            (np.array([7, 1, 1, 5, 1]),),
            (np.array([5, 1, 1, 3, 1, 1, 1]),),
        ],
        wrong=[
            (lambda r: int(np.flatnonzero(r == 1)[0]),
             "That is the first time. It may fall back: look for the *last* layer in which it was not first."),
            (lambda r: int(np.flatnonzero(r > 1)[-1]) if (r > 1).any() else 0,
             "That is the last layer in which it was not first. One later, it is."),
            (lambda r: _first_for_good(r) + 1, "Layers count from 0 here, as the places in the array do."),
            (lambda r: int(np.flatnonzero(r > 1)[-1]) + 1,
             "Right, until a token was first from the start: then no layer is left to look up, and the answer is 0."),
            (lambda r: max(n for n, rank in enumerate(r) if rank > 1) + 1,
             "Right, until a token was first from the start: then no layer is left to look up, and the answer is 0."),
            (lambda r: len(r) - np.argmax(r[::-1] > 1),
             "Right, until a token was first from the start: then no layer is left to look up, and the answer is 0."),
            (lambda r: int(np.flatnonzero(r > 1)[-1]),
             "That is the last layer in which it was not first. One later, it is. And one that was first from the "
             "start has no such layer: then it is 0."),
            (lambda r: np.where(r > 1)[0].max(),
             "That is the last layer in which it was not first. One later, it is. And one that was first from the "
             "start has no such layer: then it is 0."),
            (lambda r: int(np.argmax(r[::-1] > 1)),
             "You counted from the back. Turn the place round: `len(ranks)` minus it. And one that was first from "
             "the start gets 0."),
            (lambda r: len(r) - 1, "That is the last layer. It may have been first before."),
            (lambda r: int((r == 1).sum()), "You counted the layers in which it was first."),
            (lambda r: int((r > 1).sum()),
             "You counted the layers in which it was not first. They need not be the first ones."),
        ],
        right="Whoever reports the *first* layer with rank 1 reports an accident now and then.",
    ),
    Exercise(
        "8.4", "On the great circle", "medium", 10,
        reference=_on_great_circle,
        inputs=[
            (np.array([2.0, 0.0]), np.array([0.0, 2.0]), 1 / 3),
            (*_same_size(1, 3), 0.25),
            (*_same_size(2, 5), 0.9),
            (np.array([0.003, 0.004, 0.0]), np.array([0.0, 0.003, -0.004]), 0.6),
        ],
        wrong=[
            (lambda a, b, t: (1 - t) * a + t * b, "That is the straight way. It leaves the sphere."),
            (lambda a, b, t: _pushed_out((1 - t) * a + t * b, a),
             "You went straight and pushed the point out to the sphere. That is on the great circle, and not a share "
             "t of the *angle* away."),
            (lambda a, b, t: _on_great_circle(b, a, t), "You started at b. At t = 0 it is a."),
            (lambda a, b, t: _on_great_circle(a, b, t) / np.linalg.norm(a), "It has size 1. Keep the size of a and b."),
            (lambda a, b, t: np.sin((1 - t) * _turn(a, b)) * a + np.sin(t * _turn(a, b)) / np.sin(_turn(a, b)) * b,
             "Only the second term is divided by sin θ. Put a bracket around the sum."),
            (lambda a, b, t: _on_great_circle(a, b, t) * np.sin(_turn(a, b)), "The division by sin θ is missing."),
            (lambda a, b, t: _on_great_circle(a, b, t, np.degrees(_turn(a, b))),
             "θ came in degrees, and `np.sin` wants radians."),
            (lambda a, b, t: _on_great_circle(a, b, t, np.arccos(np.clip(a @ b, -1, 1))),
             "A cosine needs both sizes divided out before the arc cosine."),
            (lambda a, b, t: _on_great_circle(a, b, t, np.arccos(a @ b)),
             "A cosine needs both sizes divided out before the arc cosine."),
            (lambda a, b, t: _on_great_circle(a, b, t, a @ b / (a @ a)),
             "That is the cosine of θ. The angle is its `np.arccos`."),
            (lambda a, b, t: (np.sin(1 - t) * _turn(a, b) * a + np.sin(t) * _turn(a, b) * b) / np.sin(_turn(a, b)),
             "θ belongs inside the sine: sin((1 − t) θ), not sin(1 − t) · θ."),
            (lambda a, b, t: (np.sin(1 - t) * _turn(a, b) * a + np.sin(t * _turn(a, b)) * b) / np.sin(_turn(a, b)),
             "θ belongs inside the first sine, too: sin((1 − t) θ), not sin(1 − t) · θ."),
        ],
        right="It is `helpers.geometry.slerp`, which also takes vectors of different sizes.",
    ),
]  # fmt: skip
