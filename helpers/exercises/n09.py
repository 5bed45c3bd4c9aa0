"""The exercises of notebook 09, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.softmax import softmax


def _slid_odds(z, targets, c, i, j):
    before, after = targets @ z, (targets + c) @ z
    return np.array([before[i] - before[j], after[i] - after[j]])


def _only_i(z, targets, c, i, j):
    before = targets @ z
    return np.array([before[i] - before[j], before[i] + c @ z - before[j]])


def _from_afar(z, targets, o, t):
    return _cosines(z, targets - t * o / np.linalg.norm(o))


def _cosines(z, ahead):
    return ahead @ z / (np.linalg.norm(ahead, axis=1) * np.linalg.norm(z))


def _best_state(targets, i, middle=None):
    ahead = targets[i] - (targets.mean(axis=0) if middle is None else middle)
    return np.sqrt(len(ahead)) * ahead / np.linalg.norm(ahead)


def _errors(z, targets, came):
    p = softmax(z @ targets.T)
    p[np.arange(len(z)), came] -= 1
    return p


def _gradient(z, targets, came):
    return _errors(z, targets, came).T @ z / len(z)


def _slid_inputs(seed, d, n):
    [targets] = awkward_arrays(seed, (n, d))
    z, c = np.random.default_rng(seed).normal(size=(2, d))
    return z, targets, c


ROWS = [
    Exercise(
        "9.1", "Slid", "easy", 5,
        reference=_slid_odds,
        inputs=[
            (*_slid_inputs(1, 4, 7), 2, 5),
            (*_slid_inputs(2, 6, 5), 0, 3),
            (*_slid_inputs(3, 3, 4), 3, 0),
        ],
        wrong=[
            (_only_i, "Only one of the two has slid. Add c to all targets: to that of j, too."),
            (lambda z, u, c, i, j: (u[i] - u[j]) @ np.array([z, z + c]).T,
             "You have moved the state. It stays where it is; the targets move."),
            (lambda z, u, c, i, j: np.exp(_slid_odds(z, u, c, i, j)), "Those are the odds. Return their logs."),
            (lambda z, u, c, i, j: -_slid_odds(z, u, c, i, j),
             "Those are the log-odds of j against i. Turn the difference round."),
            (lambda z, u, c, i, j: _slid_odds(z, u, c, i, j)[:1],
             "That is one number. Two are asked for: before, after."),
            (lambda z, u, c, i, j: np.array([u[i] @ z, (u[i] + c) @ z]),
             "Those are logits of i. A log of odds is a difference of two logits."),
        ],
        right="The two are equal: a slide of all targets is invisible to every log of odds.",
    ),
    Exercise(
        "9.2", "Cosine from afar", "medium", 7,
        reference=_from_afar,
        inputs=[
            (*random_arrays(2, 4, (5, 4), 4), 3.0),
            (np.array([0.3, -1.5, 2.2]), *awkward_arrays(4, (6, 3)), np.array([0.04, -0.03, 0.0]), 2.5),
            (*random_arrays(5, 5, (4, 5), 5), 40.0),
        ],
        wrong=[
            (lambda z, u, o, t: _cosines(z, u),
             "Those are cosines from zero. Take the far origin off every target first."),
            (lambda z, u, o, t: _cosines(z, u - t * o),
             "The direction may have any size: divide o by its size before you go t along it."),
            (lambda z, u, o, t: _cosines(z, u + t * o / np.linalg.norm(o)),
             "That is read from the other side: take the origin off, do not add it."),
            (lambda z, u, o, t: _cosines(z - t * o / np.linalg.norm(o), u - t * o / np.linalg.norm(o)),
             "The state has moved, too. Only targets are read from the origin; the state is a direction."),
            (lambda z, u, o, t: (u - t * o / np.linalg.norm(o)) @ z,
             "Those are dot products. For cosines, divide by both sizes."),
            (lambda z, u, o, t: _from_afar(z, u, o, t) * np.linalg.norm(z),
             "The size of z is still in it. All are too large by one factor."),
            (lambda z, u, o, t: _from_afar(z, u, o, t).argmax(),
             "That is the row number of the largest. Return the cosines of all targets."),
        ],
        right="From far enough away it is the dot product with one direction taken out.",
    ),
    Exercise(
        "9.3", "The largest lead", "medium", 7,
        reference=_best_state,
        inputs=[
            (*awkward_arrays(3, (6, 4)), 2),
            (3 + 2 * awkward_arrays(4, (7, 3))[0], 0),
            (*awkward_arrays(5, (5, 6)), 4),
        ],
        wrong=[
            (lambda u, i: _best_state(u, i, 0),
             "That state points where the target points from zero. The lead over the average needs the direction from "
             "the mean."),
            (lambda u, i: _best_state(u, i) / np.sqrt(u.shape[1]),
             "The direction is right, its size is 1. It should be √d."),
            (lambda u, i: u[i] - u.mean(axis=0), "The direction is right. Bring it to the size √d."),
            (lambda u, i: -_best_state(u, i), "There the token is furthest behind. Turn the state round."),
            (lambda u, i: _best_state(u, i, u[np.arange(len(u)) != i].mean(axis=0)) * np.sqrt(len(u) / u.shape[1]),
             "The direction is right. The size should be the root of the width d, not of the number of tokens."),
            (lambda u, i: _best_state(u, i, u.mean()),
             "That takes one number off all coordinates. The mean is a vector: axis=0."),
        ],
        right="Its lead there is √d times the token's size from the mean: that is what such a size says.",
    ),
    Exercise(
        "9.4", "Gradients", "hard", 10,
        reference=_gradient,
        inputs=[
            (*awkward_arrays(6, (6, 3), (4, 3)), np.array([0, 3, 1, 1, 2, 0])),
            (*awkward_arrays(7, (5, 4), (7, 4)), np.array([6, 6, 0, 2, 5])),
            (*awkward_arrays(8, (4, 2), (3, 2)), np.array([2, 0, 1, 2])),
        ],
        wrong=[
            (lambda z, u, came: _errors(z, u, came).T @ z, "That is the sum over positions. Divide by their number."),
            (lambda z, u, came: -_gradient(z, u, came),
             "That is the way down. The gradient points up: p − y, not y − p."),
            (lambda z, u, came: softmax(z @ u.T).T @ z / len(z), "Take 1 off the probability of the token that came."),
            (lambda z, u, came: _errors(z, u, came) @ u / len(z),
             "That is the gradient for the states, one row a position. For the targets, multiply by the states."),
            (lambda z, u, came: _gradient(z, u, came).sum(axis=0),
             "That is the sum over the targets, and it is zero. Return the rows that make it."),
            (lambda z, u, came: _gradient(z, u, came).T, "Its shape is (d, V). Turn it: one row a target."),
        ],
        right="Its rows add up to zero, whatever the text: no step along it moves the targets' mean.",
    ),
]  # fmt: skip
