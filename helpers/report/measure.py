"""The numbers of a report, and its figures: sizes and angles, rulers, who can win.

What goes over the whole vocabulary works in blocks; what would take too long is done for tokens drawn by chance.
"""

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from helpers.data import passages
from helpers.figures import canvas, draw_bars, draw_histograms, draw_intervals
from helpers.geometry import angle, nearest, random_directions, winners
from helpers.targets import can_win, wilson
from helpers.weights.observe import AGREE, misfit

SAMPLE = 2000  # tokens, or pairs of tokens, drawn by chance
HULL = 1000  # tokens whose chance to win is decided; a linear programme can take seconds
NAMED = 8  # largest and smallest tokens that are named
RULERS = {"dot product": "dot", "cosine": "cosine", "Euclidean distance": "euclidean"}


def measure(lm, texts=None, progress=iter):
    """A model's numbers, ready for JSON, and its figures: a dict and a list.

    `texts` is a list of texts, by default the test passages; `progress` wraps the names of the steps. What is drawn
    by chance is drawn alike on every run. ValueError where the texts have no position to measure on.
    """
    on_text = cache(lambda: _on_text(lm, list(passages("test").values()) if texts is None else texts))
    steps = {
        "model": lambda: (_about(lm), []),
        "text": lambda: (on_text()[2], []),
        "sizes": lambda: _compare_sizes(lm),
        "angles": lambda: _compare_angles(lm, *on_text()[:2]),
        "round_trip": lambda: _round_trip(lm),
        "rulers": lambda: _three_rulers(lm, *on_text()[:2]),
        "can_win": lambda: (_hull(lm), []),
    }
    numbers, figures = {}, []
    for name in progress(steps):
        numbers[name], drawn = steps[name]()
        figures += drawn
    return numbers, figures


def _about(lm):
    return {
        "name": place.resolve().name if (place := Path(lm.name).expanduser()).is_dir() else lm.name,
        "vocabulary_size": lm.n_vocab,
        "width": lm.width,
        "embedding_width": lm.embedding.shape[1],
        "layers": lm.n_layers,
        "tied": lm.tied,
        "norm": lm.norm_kind,
        "radius": _short(lm.radius),
        "head_scale": _short(lm.head_scale),
        "softcap": _short(lm.softcap),
        "offsets": [_short(lm.offsets.min()), _short(lm.offsets.max())],
        "begin": [lm.token(i) for i in lm.begin_ids],
        "unused_weights": lm.unused_weights,
        "rows_without_token": sum(lm.tokenizer.id_to_token(i) is None for i in range(lm.n_vocab)),
    }


def _on_text(lm, texts):
    """Sphere states (n, d) and the model's own tokens (n,) at all positions of the texts but their first; numbers.

    Each text begins with what the model's tokenizer would put before it.
    """
    states, chosen, agree = [], [], True
    for text in texts:
        run = lm.run([*lm.begin_ids, *lm.encode(text)][: lm.longest])
        later = slice(max(1, len(lm.begin_ids)), None)
        states.append(run.sphere_states[later])
        chosen.append(run.logits[later].argmax(axis=1))
        off, size = misfit(run.sphere_states[-1] @ lm.targets.T, lm.offsets, lm.softcap, run.logits[-1])
        agree &= bool(off < AGREE * size)
    if not any(map(len, states)):
        raise ValueError("There is nothing to measure on: give at least one text, of more than one token.")
    states, chosen = np.concatenate(states), np.concatenate(chosen)
    sizes = _sizes(states)
    numbers = {
        "texts": len(texts),
        "positions": len(states),
        "state_sizes": [_short(sizes.min(), 6), _short(sizes.max(), 6)],
        "logits_agree": agree,
    }
    return states, chosen, numbers


def _compare_sizes(lm):
    seen, freedom = _sizes(lm.targets), _freedom(lm)
    # Gaussian vectors of the same mean square have as sizes √(‖u‖²/d) times a chi of d degrees of freedom.
    chance = np.sqrt(np.random.default_rng(0).chisquare(freedom, len(seen)) * np.mean(seen**2) / freedom)
    numbers = {
        "targets": _spread(seen) | _extremes(lm, seen),
        "gaussian_rows": _spread(chance),
        "embedding": _spread(entering := _sizes(lm.embedding)) | _extremes(lm, entering),
    }
    return numbers, [_histograms({"targets": seen, "Gaussian rows": chance}, "How large are the targets?", "size")]


def _histograms(samples, title, unit):
    fig, ax = canvas(6, 2.7)
    ax.margins(y=0.2)  # room for the names
    draw_histograms(ax, samples, _bins(samples), title, unit)
    return fig


def _spread(sizes):
    low, middle, high = np.percentile(sizes, [5, 50, 95])
    return {"median": _short(middle), "nine_in_ten": [_short(low), _short(high)]}


def _extremes(lm, sizes):
    order = np.argsort(sizes, kind="stable")
    named = {"smallest": order[:NAMED], "largest": order[::-1][:NAMED]}
    return {which: [[lm.token(i), _short(sizes[i])] for i in ids] for which, ids in named.items()}


def _compare_angles(lm, states, chosen):
    generator = np.random.default_rng(0)
    one, apart = generator.integers(lm.n_vocab, size=SAMPLE), generator.integers(1, lm.n_vocab, size=SAMPLE)
    pairs = np.stack([one, (one + apart) % lm.n_vocab])  # never a token with itself
    pairs = pairs[:, lm.targets[pairs].any(axis=2).all(axis=0)]  # a zero row has no direction
    between = np.degrees(angle(*lm.targets[pairs]))
    null = np.degrees(angle(*random_directions(2 * SAMPLE, _freedom(lm), seed=1).reshape(2, SAMPLE, -1)))
    whole = lm.targets[chosen].any(axis=1) & states.any(axis=1)
    to_winner = np.degrees(angle(states[whole], lm.targets[chosen[whole]]))
    # With a projection, targets fill a few dimensions of the states' space: no null as simple as this one.
    projected = lm.unembedding.shape[1] != lm.width
    numbers = {
        "pairs_of_targets": _short(np.median(between)),
        "pairs_of_random_directions": _short(np.median(null)),
        "state_to_winner": _short(np.median(to_winner)),
        "state_to_nearest_random_direction": None if projected else _short(_nearest_of(lm.n_vocab, _freedom(lm))),
    }
    samples = {"targets": between, "random directions": null}
    return numbers, [_histograms(samples, "How far apart do pairs stand?", "angle (degrees)")]


def _freedom(lm):
    """The dimension of the space that targets can fill: the width, one less after a LayerNorm, or a projection's."""
    return max(2, min(lm.width - (lm.norm_kind == "layer"), lm.unembedding.shape[1]))


def _nearest_of(n, d):
    """The median angle, in degrees, from a vector to the nearest of n random directions of width d.

    (1 + cos)/2 of one such angle has the Beta distribution with both parameters (d − 1)/2; the n are independent.
    """
    from scipy.stats import beta

    half = (d - 1) / 2
    return np.degrees(np.arccos(2 * beta.isf(-np.expm1(np.log(0.5) / n), half, half) - 1))


def _round_trip(lm):
    """Embed, then unembed at once: how many of the tokens drawn by chance come back, by each way of scoring."""
    if lm.embedding.shape[1] != lm.unembedding.shape[1]:
        return None, []
    ids = _drawn(min(lm.n_vocab, len(lm.embedding)), SAMPLE)
    ids = ids[lm.embedding[ids].any(axis=1)]
    vectors = lm.embedding[ids]
    won = {name: _first(vectors, lm.unembedding, by) for name, by in RULERS.items()}
    if lm.norm_kind != "none" and lm.embedding.shape[1] == lm.width:
        won["final norm, then logits"] = winners(lm.to_sphere(vectors), lm.targets, lm.offsets)
    numbers, shares = {"tokens": len(ids)}, {}
    for name, found in won.items():
        shares[name] = _interval(int((found == ids).sum()), len(ids))
        [(thief, taken)] = Counter(found[found != ids].tolist()).most_common(1) or [(None, 0)]
        instead = None if thief is None else [lm.token(thief), _short(100 * taken / len(ids))]
        numbers[name] = {"return": shares[name], "most_often_instead": instead}
    fig, ax = canvas(6, 0.9 + 0.4 * len(shares))
    ax.set_xlim(0, 104)
    draw_intervals(ax, shares, "Embed, then unembed at once: which tokens return?", "share (%)")
    return numbers, [fig]


def _three_rulers(lm, states, chosen):
    """How often each ruler, from a state to the targets, picks the token that the model picks."""
    whole = states.any(axis=1)
    states, chosen = states[whole], chosen[whole]
    agree = {name: 100 * np.mean(_first(states, lm.targets, by) == chosen) for name, by in RULERS.items()}
    fig, ax = canvas(6, 1.9)
    draw_bars(ax, list(agree), list(agree.values()), "Which ruler picks the model's own token?", "share (%)")
    return {name: _short(share) for name, share in agree.items()}, [fig]


def _first(queries, vectors, by):
    """The nearest row to each query: IDs (n,). A zero row has no direction, so by cosine it is left out."""
    if by != "cosine" or (whole := vectors.any(axis=1)).all():
        return nearest(queries, vectors, k=1, by=by)[0][:, 0]
    kept = np.flatnonzero(whole)
    return kept[nearest(queries, vectors[kept], k=1, by=by)[0][:, 0]]


def _hull(lm):
    ids = _drawn(lm.n_vocab, HULL)
    # With offsets this takes states of any size: a token that needs a larger one than there is still counts as able.
    _, how = can_win(lm.targets, ids, lm.offsets if lm.offsets.any() else None)
    counts = Counter(how)
    names = [lm.token(i) for i, found in zip(ids, how, strict=True) if found == "never"]
    return {
        "tokens": len(ids),
        "never": counts["never"],
        "never_share": _interval(counts["never"], len(ids)),
        "only_with_copies": counts["tie"],
        "states_of_any_size": bool(lm.offsets.any()),
        "never_named": names[:NAMED],
    }


def _sizes(rows):
    """The size of each row, in float64: (n,). Unlike np.linalg.norm it makes no second array of that size."""
    return np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))


def _drawn(n_vocab, n):
    """At most n token IDs drawn by chance, each once; always the same ones."""
    return np.random.default_rng(0).choice(n_vocab, min(n, n_vocab), replace=False)


def _interval(count, n):
    """A share in percent, and the ends of its 95% interval."""
    low, high = wilson(count, n)
    return [_short(100 * share) for share in (count / n, low, high)]


def _bins(samples):
    values = np.concatenate(list(samples.values()))
    spread = max(np.ptp(values), 1e-3 * values.max(), 1e-6)  # all alike still need a bin
    number = int(np.clip(1.3 * min(map(len, samples.values())) ** 0.5, 10, 60))
    return np.linspace(max(0, values.min() - 0.01 * spread), values.max() + 0.01 * spread, number + 1)


def _short(value, digits=4):
    return None if value is None else float(f"{value:.{digits}g}")
