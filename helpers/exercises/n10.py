"""The exercises of notebook 10, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise, awkward_arrays
from helpers.softmax import entropy, softmax


def _one_step(z, targets, shares, rate):
    import torch  # the reference: what torch's own derivative says

    u = torch.tensor(targets, dtype=torch.float64, requires_grad=True)
    logits = torch.tensor(z, dtype=torch.float64) @ u.T
    (-(torch.tensor(shares, dtype=torch.float64) * logits.log_softmax(dim=1)).sum()).backward()
    return (u - rate * u.grad).detach().numpy()


def _errors(z, targets, shares):
    return shares.sum(axis=1, keepdims=True) * softmax(z @ targets.T) - shares


def _unweighted(z, targets, shares, rate):
    return targets - rate * (softmax(z @ targets.T) - shares).T @ z


def _followers(ids, n):
    return _each_row(_pairs(ids, n))


def _each_row(pairs):
    return pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1)


def _pairs(ids, n):
    pairs = np.zeros((n, n))
    np.add.at(pairs, (ids[:-1], ids[1:]), 1)
    return pairs


def _once(ids, n):
    pairs = np.zeros((n, n))
    pairs[ids[:-1], ids[1:]] += 1
    return _each_row(pairs)


def _floor(shares):
    often = shares.sum(axis=1)
    return often @ entropy(shares / often[:, None])


def _can_win(targets, around=1.0):
    turn = np.linspace(0, 2 * np.pi * around, 7200)
    states = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.isin(np.arange(len(targets)), (states @ targets.T).argmax(axis=1))


def _own_target(targets):
    return (targets @ targets.T).argmax(axis=1) == np.arange(len(targets))


def _step_inputs(seed, n, d, rate):
    [z], [targets] = awkward_arrays(seed, (n, d)), awkward_arrays(seed + 20, (n, d))
    shares = np.random.default_rng(seed + 50).dirichlet(np.full(n * n, 0.4)).reshape(n, n)
    return z, targets, shares, rate


def _share_table(seed, n):
    shares = np.random.default_rng(seed).dirichlet(np.full(n * n, 0.3)).reshape(n, n)
    shares[1] = shares[-1]
    shares[0, 0] = 0
    return shares / shares.sum()


def _in_plane(seed, n):
    """Targets around another place than zero; each that can win does so on an arc of at least 2°."""
    return np.random.default_rng(seed).normal(size=(n, 2)) + np.array([0.7, -0.4])


ROWS = [
    Exercise(
        "10.1", "One step", "medium", 6,
        reference=_one_step,
        inputs=[
            _step_inputs(1, 5, 3, 2.0),
            _step_inputs(2, 4, 2, 0.75),
            _step_inputs(3, 6, 4, 12.5),
        ],
        wrong=[
            (lambda z, u, s, rate: 2 * u - _one_step(z, u, s, rate),
             "That is a step up: the loss grows. Take the gradient off the targets."),
            (lambda z, u, s, rate: u - _one_step(z, u, s, 1.0),
             "That is the gradient itself. Take rate times it off the targets."),
            (_unweighted,
             "A row of shares adds up to how often its letter comes, a row of probabilities to 1. Multiply those by "
             "shares.sum(axis=1)."),
            (lambda z, u, s, rate: u - rate * _errors(z, u, s) @ z,
             "Turn the errors: the gradient of target i sums over the letters that stand there, errors.T @ z."),
            (lambda z, u, s, rate: u - rate * _errors(z, u, s) @ u,
             "That is the gradient for the states. For the targets, the errors meet the states."),
            (lambda z, u, s, rate: _one_step(z, u, s, 1.0), "The whole gradient came off. Take rate times it."),
            (lambda z, u, s, rate: u - rate * (softmax(z @ u.T) - s / s.sum(axis=1, keepdims=True)).T @ z,
             "Every letter counts alike there. Common ones count more: times shares.sum(axis=1)."),
        ],
        right="It is what torch computes, too. A letter's target moves along states: towards those it comes after more "
        "often than the model thinks, away from the others.",
    ),
    Exercise(
        "10.2", "What comes after", "easy", 5,
        reference=_followers,
        inputs=[
            (np.array([0, 1, 0, 1, 2, 0, 1, 0, 0, 2]), 3),
            (np.array([3, 3, 1, 0, 3, 3, 3, 1, 2, 4]), 5),
            (np.array([1, 0]), 2),
        ],
        wrong=[
            (_once,
             "A pair that comes several times was counted once: numpy's += takes repeated places once. Use np.add.at."),
            (lambda ids, n: _pairs(ids, n), "Those are counts. Divide each row by its sum."),
            (lambda ids, n: _followers(ids[::-1], n),
             "Rows are what stands there, columns what comes next. Yours read the text backwards."),
            (lambda ids, n: _pairs(ids, n) / (len(ids) - 1),
             "Those are shares of all pairs. Each row should add up to 1."),
            (lambda ids, n: _pairs(ids, n) / _pairs(ids, n).sum(axis=1, keepdims=True),
             "A token that nothing follows has a row of 0 / 0. Leave zeros there."),
            (lambda ids, n: _followers(np.append(ids, ids[0]), n),
             "The last token is followed by nothing, yet yours goes on at the beginning."),
            (lambda ids, n: _followers(ids, n).T,
             "Turn it: a row for what stands there, a column for what comes next."),
        ],
        right="All that a model which sees one letter can learn stands in this table.",
    ),
    Exercise(
        "10.3", "The floor", "medium", 6,
        reference=_floor,
        inputs=[(_share_table(1, 4),), (_share_table(2, 6),), (_share_table(3, 5),)],
        wrong=[
            (lambda s: entropy(s / s.sum(axis=1, keepdims=True)).mean(),
             "Every letter counts alike there. Weigh a row's entropy by how often its letter comes."),
            (lambda s: _floor(s) / np.log(2), "Those are bits. In nats the logarithm is np.log."),
            (lambda s: entropy(s.ravel()),
             "That is the entropy of the pairs: of both letters together. The first one is known."),
            (lambda s: entropy(s.sum(axis=0)),
             "That is the loss of a model that sees no letter at all. Here the one before is known."),
            (lambda s: -(s * np.log(s)).sum(), "0 times log 0 is NaN for numpy. It counts as 0."),
            (lambda s: _floor(s.T), "That is the uncertainty about the letter before. Rows stand there, columns come."),
            (lambda s: -_floor(s), "A loss is minus the log. Turn the sign."),
            (lambda s: entropy(s / s.sum(axis=1, keepdims=True)).sum(),
             "That adds up the entropies. Weigh each by how often its letter comes."),
        ],
        right="No model that sees one letter can do better on this text, however it is built.",
    ),
    Exercise(
        "10.4", "Who can win?", "medium", 8,
        reference=_can_win,
        inputs=[(0.004 * _in_plane(1, 8)[[0, 1, 2, 3, 4, 5, 6, 7, 4]],), (_in_plane(2, 7),), (5 * _in_plane(5, 8),)],
        wrong=[
            (_own_target,
             "That tries one state for each token, at its own target. It may lose there and win elsewhere."),
            (lambda u: ~_can_win(u), "Those are the hidden ones. True is for a token that can win."),
            (lambda u: _can_win(u, 0.5), "That tries half of the circle only. Go all the way round."),
            (lambda u: _can_win(u, 0.25), "That tries a quarter of the circle only. Go all the way round."),
            (lambda u: np.flatnonzero(_can_win(u)),
             "Those are the winners' numbers. Return True or False for every token."),
            (lambda u: np.linalg.norm(u, axis=1) >= np.median(np.linalg.norm(u, axis=1)),
             "Size alone does not say who can win. Ask who has the largest logit in each direction."),
            (lambda u: np.ones(len(u), bool), "Not all can. Some stand inside the hull of the others."),
        ],
        right="Who can win is a corner of the hull; the others stand inside. In the plane few are corners.",
    ),
]  # fmt: skip
