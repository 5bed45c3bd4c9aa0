"""The exercises of notebook 07, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays, random_arrays
from helpers.softmax import softmax


def _border(a, b, alpha):
    alpha = np.radians(alpha)
    return np.degrees(np.arctan((a / b - np.cos(alpha)) / np.sin(alpha)))


def _darts(states, targets):
    return np.bincount((states @ targets.T).argmax(axis=1), minlength=len(targets)) / len(states)


def _lead(z, targets, i):
    logits = targets @ z
    return logits[i] - np.delete(logits, i).max()


ROWS = [
    Exercise(
        "7.1", "Where is the border?", "medium", 8,
        reference=_border,
        inputs=[
            (1.0, 1.0, 60.0), (2.0, 1.0, 90.0), (1.0, 1.5, 70.0), (1.0, 3.0, 60.0), (9.0, 4.0, 35.5), (0.009, 0.005, 99)
        ],
        wrong=[
            (lambda a, b, alpha: abs(_border(a, b, alpha)),
             "The border may lie on the far side of the first target: then the angle is negative."),
            (lambda a, b, alpha: max(_border(a, b, alpha), 0),
             "The border may lie on the far side of the first target: then the angle is negative, and it loses even "
             "in its own direction."),
            (lambda a, b, alpha: min(_border(a, b, alpha), alpha),
             "The border may lie beyond the second target: then that one loses even in its own direction."),
            (lambda a, b, alpha: np.clip(_border(a, b, alpha), 0, alpha),
             "The border may lie on the far side of the first target, or beyond the second. Do not clip."),
            (lambda a, b, alpha: np.degrees(np.tan(np.tan(np.radians(_border(a, b, alpha))))),
             "You took the tangent once more. The angle is the *arc* tangent: `np.arctan`."),
            (lambda a, b, alpha: _border(a, b, alpha) % 180,
             "The border may lie on the far side of the first target: then the angle is negative."),
            (lambda a, b, alpha: _border(a, b, alpha) % 360,
             "The border may lie on the far side of the first target: then the angle is negative."),
            (lambda a, b, alpha: np.degrees(np.arctan(a / b - 1 / np.tan(np.radians(alpha)))),
             "A bracket is missing: the whole difference is divided by sin α."),
            (lambda a, b, alpha: round(_border(a, b, alpha), 1), "Do not round."),
            (lambda a, b, alpha: alpha / 2, "Half way is right only where the two sizes are equal."),
            (lambda a, b, alpha: _border(b, a, alpha),
             "That is the angle from the second one, or the sizes are swapped: a larger a pushes the border away "
             "from it."),
            (lambda a, b, alpha: np.radians(_border(a, b, alpha)), "That is in radians. Degrees are asked for."),
            (lambda a, b, alpha: np.degrees(np.arctan((a / b - np.cos(alpha)) / np.sin(alpha))),
             "The angle came in degrees, and `np.cos` and `np.sin` want radians."),
            (lambda a, b, alpha: np.arctan((a / b - np.cos(alpha)) / np.sin(alpha)),
             "The angles come and go in degrees: `np.radians` on the way in, `np.degrees` on the way out."),
            (lambda a, b, alpha: np.tan(np.radians(_border(a, b, alpha))),
             "That is the tangent. The angle is its `np.arctan`."),
            (lambda a, b, alpha: alpha * a / (a + b),
             "The border is not at a share of the angle. Set the two logits equal: a · cos φ = b · cos(α − φ)."),
            (lambda a, b, alpha: alpha * b / (a + b),
             "The border is not at a share of the angle. Set the two logits equal: a · cos φ = b · cos(α − φ)."),
        ],
        right="In more dimensions it is the same: a great circle, perpendicular to the difference of the two.",
    ),
    Exercise(
        "7.2", "Shares by darts", "easy", 8,
        reference=_darts,
        inputs=[
            random_arrays(2, (12, 2), (4, 2)),
            (random_arrays(3, (10, 2))[0], np.array([[2.0, 0.0], [-1.0, 2.0], [-1.0, -1.0], [0.1, 0.1]])),
            (random_arrays(3, (10, 2))[0], np.array([[2.0, 0.0], [0.1, 0.1], [-1.0, 2.0], [-1.0, -1.0]])),
            random_arrays(4, (7, 3), (3, 3)),
            awkward_arrays(36, (40, 5), (6, 5)),
        ],
        wrong=[
            (lambda z, u: _darts(z, u) * len(z), "Those are counts. Divide by the number of states."),
            (lambda z, u: _darts(z, u / np.linalg.norm(u, axis=1, keepdims=True)),
             "You made the targets equal in size. A larger one wins more."),
            (lambda z, u: np.bincount(((z[:, None] - u) ** 2).sum(axis=2).argmin(axis=1), minlength=len(u)) / len(z),
             "You took the nearest point. The largest dot product wins."),
            (lambda z, u: _darts(-z, u), "You took the smallest logit. The largest wins."),
            (lambda z, u: (z @ u.T).argmax(axis=1), "Those are the winners, one for each state. Count them."),
            (lambda z, u: np.bincount((z @ u.T).argmax(axis=1)) / len(z),
             "Right, until the last targets win nothing: `minlength=len(targets)` keeps their zeros."),
            (lambda z, u: np.unique((z @ u.T).argmax(axis=1), return_counts=True)[1] / len(z),
             "Right, until a target wins nothing: `np.unique` leaves it out. `np.bincount` with "
             "`minlength=len(targets)` says 0."),
            (lambda z, u: np.bincount((z @ u.T).argmax(axis=0), minlength=len(u)) / len(z),
             "You looked for the best state of each target. Look for the best target of each state: `axis=1`."),
            (lambda z, u: 100 * _darts(z, u), "That is in percent. A share is between 0 and 1."),
            (lambda z, u: _darts(z, u) * len(z) / len(u), "Divide by the number of states, not of targets."),
            (lambda z, u: softmax(z @ u.T).mean(axis=0), "Those are mean probabilities. A win is all or nothing."),
        ],
        right="Beside each share belongs an interval: `helpers.targets.wilson` gives its ends.",
    ),
    Exercise(
        "7.3", "Check a certificate", "medium", 6,
        reference=_lead,
        inputs=[
            (np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.0, 3.0], [-1.0, 1.0]]), 1),
            (np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.0, 3.0], [-1.0, 1.0]]), 0),
            (*random_arrays(5, 3, (5, 3)), 4),
            (*awkward_arrays(5, 5, (6, 5)), 3),
            (np.array([-1.0, -1.0]), np.array([[-1.0, -2.0], [1.0, 1.0], [2.0, 1.0]]), 0),
            (np.array([-1.0, -1.0]), np.array([[-1.0, -2.0], [1.0, 1.0], [2.0, 1.0]]), 2),
            (np.array([1.0, 2.0]), np.array([[0.0, 3.0], [0.0, 3.0], [1.0, 1.0]]), 0),
        ],
        wrong=[
            (lambda z, u, i: (u @ z)[i] - np.where(np.arange(len(u)) == i, 0, u @ z).max(),
             "0 can be larger than all other logits. Put −∞ in its place, or leave i out."),
            (lambda z, u, i: (u @ z)[i] - (u @ z)[u @ z != (u @ z)[i]].max(),
             "An exact copy is a rival, too: the lead over it is 0."),
            (lambda z, u, i: -_lead(z, u, i), "The sign is turned: above 0 means that i leads."),
            (lambda z, u, i: (u @ z)[i] - (u @ z).max(),
             "The largest of *all* includes i itself, so you never get above 0. Leave i out."),
            (lambda z, u, i: (u @ z)[i] - np.sort(u @ z)[-2],
             "The second largest is the best rival only where i wins. Leave i out and take the largest."),
            (lambda z, u, i: np.sort(u @ z)[-1] - np.sort(u @ z)[-2],
             "That is the winner's lead, whoever wins. Token i may not."),
            (lambda z, u, i: (u @ z)[i], "That is the logit of i. Subtract the largest of the others."),
            (lambda z, u, i: (u @ z)[i] > np.delete(u @ z, i).max(), "That says whether. Return by how much."),
            (lambda z, u, i: (u @ z).argmax() == i, "That says whether. Return by how much."),
            (lambda z, u, i: np.where(np.arange(len(u)) == i, -np.inf, u @ z)[i] - np.delete(u @ z, i).max(),
             "You wrote −∞ over i's own logit and then used it. Keep that logit first."),
            (lambda z, u, i: abs(_lead(z, u, i)), "Where i does not win, the lead is below 0. Keep the sign."),
            (lambda z, u, i: max(_lead(z, u, i), 0), "Where i does not win, the lead is below 0. Keep it."),
            (lambda z, u, i: np.delete(u @ z, i).max(), "That is the best rival's logit. Subtract it from i's."),
            (lambda z, u, i: (u @ z)[i] - np.delete(u @ z, i).mean(),
             "You took the others' mean. The best of them has to be beaten."),
        ],
        right="One product. Whoever doubts that a token can win can check it with this.",
    ),
]  # fmt: skip
