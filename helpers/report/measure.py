"""How does a model stand on the sphere, in numbers? data/README.md says what the entries are.

A logit is a product x·r of a state and a row, and may be read in two placements: z·u with the gain in the target, or
(γ∘z)·w with the gain in the state. From an origin c, cosine chooses the largest (x·r − x·c)/‖r − c‖, and distance the
largest x·r − ‖r − c‖²/2. So one table of products serves all rulers, and goes over the vocabulary in blocks.
"""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data import passages
from helpers.geometry import angle, product_blocks, random_directions, sphere_centre, winners
from helpers.targets import can_win, wilson
from helpers.weights.observe import AGREE, misfit

VERSION = 1  # it rises when an entry changes its meaning
SAMPLE = 2000  # tokens, pairs or random states drawn by chance
HULL = 500  # tokens whose chance to win is decided; a linear programme can take seconds
POINTS = 20  # random origins
FACTORS = np.append(4.0 ** np.arange(-1, 7), np.inf)  # states longer, rows shorter; at last, the dot product
NAMED = 8  # largest and smallest tokens that are named
BLOCK = 32  # rows of a table of products at once
CHANGES = {  # what becomes of token vectors on their way into the first layer
    "halved": lambda rows: rows / 2,
    "doubled": lambda rows: rows * 2,
    "equal sizes": lambda rows: rows.norm(dim=-1).mean() * rows / rows.norm(dim=-1, keepdim=True).clamp(min=1e-9),
}


class Seen(NamedTuple):
    """States (n, d) and who wins there (n,).

    On text, at all positions but the first ones: residuals (L+1, n, d), None where there is no chain of layers; how
    many texts; whether state · target + offset are the model's own logits.
    """

    states: np.ndarray
    chosen: np.ndarray
    residuals: np.ndarray | None = None
    texts: int = 0
    agree: bool = True


def measure(lm, texts=None, progress=iter):
    """A model's numbers, ready for JSON: a dict. `progress` wraps the names of the steps.

    `texts` is a list of texts, by default the test passages; famous prompts are tried only with those. What is drawn by
    chance is drawn alike on every run. ValueError where the texts have no position to measure on.
    """
    famous = passages("famous").values() if texts is None else ()
    texts = list(passages("test").values()) if texts is None else texts
    text, random = cache(lambda: _read(lm, texts)), cache(lambda: _at_random(lm))
    steps = {
        "model": lambda: _about(lm),
        "text": lambda: _about_text(lm, text()),
        "sizes": lambda: _sizes_of(lm, text().states),
        "angles": lambda: _angles(lm, text(), random()),
        "round_trip": lambda: _round_trip(lm),
        "rulers": lambda: _rulers(lm, text(), random()),
        "wins": lambda: _wins(lm, text(), random()),
        "coordinates": lambda: _coordinates(lm, text().states),
        "flight": lambda: _flight(lm, text()),
        "famous": lambda: _famous(lm, famous) if famous else None,
        "inputs": lambda: _inputs(lm, texts, text()),
        "can_win": lambda: _hull(lm),
    }
    return {"version": VERSION} | {name: steps[name]() for name in progress(steps)}


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


def _read(lm, texts, change=None):
    """Each text begins with what the model's tokenizer would put before it."""
    runs = [lm.run([*lm.begin_ids, *lm.encode(text)][: lm.longest], change) for text in texts]
    later, seen = slice(max(1, len(lm.begin_ids)), None), lambda arrays: np.concatenate(arrays, axis=-2)
    if not any(len(run.ids[later]) for run in runs):
        raise ValueError("There is nothing to measure on: give at least one text, of more than one token.")
    ends = [misfit(r.sphere_states[-1] @ lm.targets.T, lm.offsets, lm.softcap, r.logits[-1]) for r in runs]
    return Seen(
        states=seen([run.sphere_states[later] for run in runs]),
        chosen=np.concatenate([run.logits[later].argmax(axis=1) for run in runs]),
        residuals=None if runs[0].residuals is None else seen([run.residuals[:, later] for run in runs]),
        texts=len(runs),
        agree=all(bool(off < AGREE * size) for off, size in ends),
    )


def _about_text(lm, text):
    sizes = _sizes(text.states)
    return {
        "texts": text.texts,
        "positions": len(text.states),
        "state_sizes": [_short(sizes.min(), 6), _short(sizes.max(), 6)],
        "logits_agree": text.agree,
    }


def _sizes_of(lm, states):
    """Of targets, rows and token vectors; of Gaussian rows, which size alone would tell nothing of; and of γ∘z."""
    found = {"targets": lm.targets, "rows": lm.unembedding, "embedding": lm.embedding}
    seen = {name: _sizes(rows) for name, rows in found.items()}
    # Gaussian vectors of the same mean square have as sizes √(‖u‖²/d) times a chi of d degrees of freedom.
    chance, freedom = np.random.default_rng(0), _freedom(lm)
    null = np.sqrt(chance.chisquare(freedom, lm.n_vocab) * np.mean(seen["targets"] ** 2) / freedom)
    numbers = {name: _spread(sizes) | _extremes(lm, sizes) for name, sizes in seen.items()}
    numbers |= {"gaussian_rows": _spread(null)}
    if lm.unembedding.shape[1] == lm.width:
        numbers["states_with_gain"] = _spread(_sizes(lm.gain * states))
    return numbers


def _spread(sizes):
    """Every tenth quantile from the smallest to the largest, and the deviation as a share of the mean, in percent."""
    tenths = [_short(q) for q in np.quantile(sizes, np.linspace(0, 1, 11))]
    nine = [_short(q) for q in np.quantile(sizes, [0.05, 0.95])]
    return {
        "median": tenths[5],
        "nine_in_ten": nine,
        "tenths": tenths,
        "spread": _short(100 * sizes.std() / sizes.mean()),
    }


def _extremes(lm, sizes):
    order = np.argsort(sizes, kind="stable")
    named = {"smallest": order[:NAMED], "largest": order[::-1][:NAMED]}
    by_id = np.corrcoef(np.argsort(order), np.arange(len(sizes)))[0, 1]  # of ranks
    tokens = {which: [[lm.token(i), _short(sizes[i])] for i in ids] for which, ids in named.items()}
    return tokens | {"rank_correlation_with_id": _short(by_id)}


def _angles(lm, text, random):
    generator = np.random.default_rng(0)
    one, apart = generator.integers(lm.n_vocab, size=SAMPLE), generator.integers(1, lm.n_vocab, size=SAMPLE)
    pairs = np.stack([one, (one + apart) % lm.n_vocab])  # never a token with itself
    pairs = pairs[:, lm.targets[pairs].any(axis=2).all(axis=0)]  # a zero row has no direction
    null = random_directions(2 * SAMPLE, _freedom(lm), seed=1).reshape(2, SAMPLE, -1)
    # With a projection, targets fill a few dimensions of the states' space: no null as simple as this one.
    projected = lm.unembedding.shape[1] != lm.width
    return {
        "pairs_of_targets": _middle(np.degrees(angle(*lm.targets[pairs]))),
        "pairs_of_random_directions": _middle(np.degrees(angle(*null))),
        "state_to_winner": _middle(_to_winner(text.states, lm.targets[text.chosen])),
        "random_state_to_winner": _middle(_to_winner(random.states, lm.targets[random.chosen])),
        "state_to_nearest_random_direction": None if projected else _short(_nearest_of(lm.n_vocab, _freedom(lm))),
    }


def _to_winner(x, rows, shift=0):
    """Degrees between states and their winners' rows, both (n, d), as seen from an origin. A zero has no direction."""
    ahead = rows - shift
    whole = ahead.any(axis=1) & x.any(axis=1)
    return np.degrees(angle(x[whole], ahead[whole]))


def _at_random(lm):
    """Drawn evenly from the sphere (after a LayerNorm: from its part without ones)."""
    states = random_directions(SAMPLE, lm.width, seed=3)
    states = lm.to_sphere(states * 1e3) if lm.radius else states * np.float32(lm.width**0.5)
    return Seen(states, winners(states, lm.targets, lm.offsets))


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
        return None
    ids = _drawn(min(lm.n_vocab, len(lm.embedding)), SAMPLE)
    ids = ids[lm.embedding[ids].any(axis=1)]
    vectors, sizes = lm.embedding[ids], _positive(_sizes(lm.unembedding))
    ways = {"dot product": 1, "cosine": sizes, "dot product / size²": sizes**2}
    won = {name: np.empty(len(ids), np.int64) for name in ways}
    for block, products in product_blocks(vectors, lm.unembedding, BLOCK):
        for name, divisor in ways.items():
            scores, own = products / divisor, np.arange(len(products))
            best = scores.argmax(axis=1)
            tie = scores[own, ids[block]] >= scores[own, best] * (1 - 1e-6)  # with a copy, but for rounding
            won[name][block] = np.where(tie, ids[block], best)
    if lm.norm_kind != "none" and lm.embedding.shape[1] == lm.width:
        won["final norm, then logits"] = winners(lm.to_sphere(vectors), lm.targets, lm.offsets)
    numbers = {"tokens": len(ids), "all": len(ids) == lm.n_vocab}
    for name, found in won.items():
        [(thief, taken)] = Counter(found[found != ids].tolist()).most_common(1) or [(None, 0)]
        instead = None if thief is None else [lm.token(thief), _short(100 * taken / len(ids))]
        numbers[name] = {"return": _interval((found == ids).sum(), len(ids)), "most_often_instead": instead}
    return numbers


def _rulers(lm, text, random):
    """In both placements, from each origin: who is chosen by cosine and by distance, sizes, angles; and by scale."""
    whole, placements = text.states.any(axis=1), {"z and u": (1, lm.targets)}
    if lm.unembedding.shape[1] == lm.width:
        placements["γz and w"] = (lm.head_scale * lm.gain, lm.unembedding)
    numbers, chosen = {"positions": int(whole.sum())}, text.chosen[whole]
    for place, (gain, rows) in placements.items():
        x, y, origins = gain * text.states[whole], gain * random.states, _origins(rows)
        shifts = np.stack([*origins.values()]).astype(np.float32)
        sizes = _sizes_from(shifts, rows)
        cosine, distance, scaled = _choices(x, rows, shifts, sizes, chosen)
        own = _own(lm, shifts, sizes) if rows is lm.targets else [None] * len(shifts)
        seen = {}
        for k, name in enumerate(origins):
            there = sizes[k][np.isfinite(sizes[k])]
            seen[name] = {
                "away": _short(np.linalg.norm(shifts[k])),
                "size": _short(there.mean()),
                "spread": _short(100 * there.std() / there.mean()),
                "cosine": _share(cosine[k]),
                "distance": _share(distance[k]),
                "own_target": own[k],
                "angle_on_text": _short(np.median(_to_winner(x, rows[chosen], shifts[k]))),
                "angle_at_random": _short(np.median(_to_winner(y, rows[random.chosen], shifts[k]))),
            }
        apart = [seen.pop(name) for name in origins if name.startswith("random")]
        *factors, product = ([float(factor), _share(hits)] for factor, hits in zip(FACTORS, scaled, strict=True))
        more = {"random points": _range(apart), "distance by factor": factors, "dot product": product[1]}
        numbers[place] = seen | more
    return numbers


def _choices(x, rows, shifts, sizes, chosen):
    """Whether `chosen` is the choice by cosine and by distance from each origin, and by distance for each factor."""
    along, scales = x @ shifts.T, (_sizes(rows) ** 2 / 2 / FACTORS[:, None] ** 2).astype(np.float32)
    cosine, distance, scaled = (np.empty((len(kinds), len(x)), bool) for kinds in (shifts, shifts, scales))
    for block, products in product_blocks(x, rows, BLOCK):
        for k, size in enumerate(sizes):
            cosine[k, block] = ((products - along[block, k, None]) / size).argmax(axis=1) == chosen[block]
            distance[k, block] = (products - size**2 / 2).argmax(axis=1) == chosen[block]
        for k, scale in enumerate(scales):
            scaled[k, block] = (products - scale).argmax(axis=1) == chosen[block]
    return cosine, distance, scaled


def _origins(rows):
    """Zero, the rows' mean, points as far away in random directions; and the centre of the best sphere, if one fits.

    Where the best "sphere" is nearly a plane its centre is far away, and says nothing of these rows.
    """
    mean = rows.mean(axis=0, dtype=np.float64)
    points = np.linalg.norm(mean) * random_directions(POINTS, len(mean), seed=2)
    named, centre = {"zero": 0 * mean, "mean": mean}, sphere_centre(rows)
    if np.linalg.norm(centre) < 10 * _sizes(rows).mean():
        named["centre"] = centre
    return named | {f"random {k}": point for k, point in enumerate(points)}


def _sizes_from(shifts, rows):
    """‖r − c‖ of each row from each of some origins c: (m, V). Where it is 0, infinity."""
    squares = _sizes(rows) ** 2 - 2 * (shifts @ rows.T) + _sizes(shifts)[:, None] ** 2
    return _positive(np.sqrt(np.maximum(squares, 0))).astype(np.float32)


def _range(entries):
    """[median, smallest, largest] of each number, of shares without their intervals."""
    found = {}
    for name, first in entries[0].items():
        values = [entry[name][0] if isinstance(first, list) else entry[name] for entry in entries]
        found[name] = None if first is None else [_short(f(values)) for f in (np.median, np.min, np.max)]
    return found


def _own(lm, shifts, sizes):
    """From each origin: how many of the tokens drawn by chance win where their own target points, in percent.

    At a state z of size √d along u − c, a logit is √d (u·u_j − c·u_j) / ‖u − c‖ + b_j.
    """
    drawn, across = _drawn(lm.n_vocab, SAMPLE // 2), shifts @ lm.targets.T
    hits = np.zeros((len(shifts), len(drawn)), bool)
    for block, products in product_blocks(lm.targets[drawn], lm.targets, BLOCK):
        ids = drawn[block]
        for k, size in enumerate(sizes):
            ahead = products - across[k]
            if lm.offsets.any():
                ahead = ahead * np.float32(lm.width**0.5) / size[ids, None] + lm.offsets
            hits[k, block] = ahead.argmax(axis=1) == ids
    return [_interval(h.sum(), len(drawn)) for h in hits]


def _wins(lm, text, random):
    """By tenth of size: how often targets win at random states and on text, with the mean state put in or taken out."""
    mean = text.states.mean(axis=0, dtype=np.float64).astype(np.float32)
    radius = np.float32(np.sqrt(np.mean(_sizes(text.states) ** 2)))
    direction = mean / (np.linalg.norm(mean) or 1)
    aside = random.states - np.outer(random.states @ direction, direction)
    moved = {  # on the sphere again, of the same radius
        "random states with the mean state": mean + _scaled(aside, np.sqrt(max(radius**2 - mean @ mean, 0))),
        "text without the mean state": _scaled(text.states - mean, radius),
    }
    found = {"random states": random.chosen, "text": text.chosen}
    found |= {name: winners(z.astype(np.float32), lm.targets, lm.offsets) for name, z in moved.items()}
    numbers = {"mean_state_share": _short(100 * (mean @ mean) / radius**2)}
    along, middle = lm.targets @ mean, lm.targets.mean(axis=0, dtype=np.float64)
    origins = np.stack([0 * middle, middle]).astype(np.float32)
    for origin, shift, sizes in zip(("zero", "mean"), origins, _sizes_from(origins, lm.targets), strict=True):
        tenth = np.empty(lm.n_vocab, np.int64)
        tenth[np.argsort(sizes, kind="stable")] = np.arange(lm.n_vocab) * 10 // lm.n_vocab
        offsets = np.bincount(tenth, along - mean @ shift, 10) / np.maximum(np.bincount(tenth, minlength=10), 1)
        shares = {name: np.bincount(tenth[won], minlength=10) / len(won) for name, won in found.items()}
        numbers[origin] = {
            "offset_of_the_mean_state": [_short(v) for v in offsets],
            "shares": {name: [_short(100 * v) for v in share] for name, share in shares.items()},
            "largest_tenth": {name: _share(tenth[won] == 9) for name, won in found.items()},
        }
    return numbers


def _scaled(vectors, size):
    return size * vectors / _positive(_sizes(vectors))[:, None]


def _coordinates(lm, states):
    """Of each coordinate: the gain, how large states are there, and its share of the spread of a text's logits.

    The variance of z·u over the targets is zᵀΣz, a sum over coordinates k of z_k (Σz)_k.
    """
    mean = lm.targets.mean(axis=0, dtype=np.float64)
    covariance = (lm.targets.T @ lm.targets).astype(np.float64) / lm.n_vocab - np.outer(mean, mean)
    parts = (states * (states @ covariance)).mean(axis=0)
    return {
        "gain": [_short(g) for g in lm.gain],
        "state_rms": [_short(r) for r in np.sqrt(np.mean(states.astype(np.float64) ** 2, axis=0))],
        "share_of_spread": [_short(100 * p) for p in parts / parts.sum()],
    }


def _flight(lm, text):
    """The final winner's rank after each layer: its quartiles, and from which layer on it leads."""
    if text.residuals is None:
        return None
    by_layer = np.array([ranks(lm, lm.to_sphere(x), text.chosen) for x in text.residuals])
    behind = by_layer[::-1] > 1
    first = np.where(behind.any(axis=0), len(by_layer) - behind.argmax(axis=0), 0)
    quartiles = [[_short(q) for q in np.quantile(row, [0.25, 0.5, 0.75])] for row in by_layer]
    return {"rank_quartiles": quartiles, "leads_from_layer": [_short(q) for q in np.quantile(first, [0.25, 0.5, 0.75])]}


def ranks(lm, states, tokens):
    """The rank of one token at each state, 1 for the winner: states (n, d) and tokens (n,), to (n,) int64."""
    found = np.empty(len(states), np.int64)
    for block, logits in product_blocks(states, lm.targets, BLOCK):
        logits += lm.offsets
        own = logits[np.arange(len(logits)), tokens[block]]
        found[block] = 1 + (logits > own[:, None]).sum(axis=1)
    return found


def _famous(lm, prompts):
    """At the ends of famous prompts: the model's token, by cosine and by distance the same, and its rank by layer."""
    runs = [lm.run(prompt) for prompt in prompts]
    z, zero = np.stack([run.sphere_states[-1] for run in runs]), np.zeros((1, lm.width), np.float32)
    said = np.array([run.logits[-1].argmax() for run in runs])
    cosine, distance, _ = _choices(z, lm.targets, zero, _sizes_from(zero, lm.targets), said)
    numbers = {"tokens": [lm.token(i) for i in said], "cosine": int(cosine.sum()), "distance": int(distance.sum())}
    if runs[0].residuals is not None:
        layers = zip(*(run.residuals[:, -1] for run in runs), strict=True)
        numbers["median_rank"] = [float(np.median(ranks(lm, lm.to_sphere(np.stack(x)), said))) for x in layers]
    return numbers


def _inputs(lm, texts, text):
    """How often the model's choice stays when its token vectors are changed on their way in."""
    return {name: _share(_read(lm, texts, change).chosen == text.chosen) for name, change in CHANGES.items()}


def _hull(lm):
    ids = _drawn(lm.n_vocab, HULL)
    # With offsets this takes states of any size: a token that needs a larger one than there is still counts as able.
    _, how = can_win(lm.targets, ids, lm.offsets if lm.offsets.any() else None)
    counts = Counter(how)
    names = [lm.token(i) for i, found in zip(ids, how, strict=True) if found == "never"]
    return {
        "tokens": len(ids),
        "all": len(ids) == lm.n_vocab,
        "never": counts["never"],
        "never_share": _interval(counts["never"], len(ids)),
        "only_with_copies": counts["tie"],
        "states_of_any_size": bool(lm.offsets.any()),
        "never_named": names[:NAMED],
    }


def _sizes(rows):
    """The size of each row, in float64: (n,). Unlike np.linalg.norm it makes no second array of that size."""
    return np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))


def _positive(sizes):
    """A zero row has no direction: divided by infinity, it never wins by cosine nor by distance."""
    return np.where(sizes > 0, sizes, np.inf)


def _drawn(n_vocab, n):
    """At most n token IDs drawn by chance, each once; always the same ones."""
    return np.random.default_rng(0).choice(n_vocab, min(n, n_vocab), replace=False)


def _interval(count, n):
    """A share of independent draws in percent, and the ends of its 95% interval."""
    low, high = wilson(count, n)
    return [_short(100 * share) for share in (count / n, low, high)]


def _share(hits):
    """A share of positions of texts in percent, and the ends of its 95% interval.

    Neighbours are not independent: a bootstrap over blocks of twelve (H. R. Künsch, Annals of Statistics 17, 1989), and
    at each end Wilson's interval where that goes further, as it does at 0 and at 100%.
    """
    blocks = np.array_split(np.asarray(hits), -(-len(hits) // 12))
    draws = np.random.default_rng(0).integers(len(blocks), size=(2000, len(blocks)))
    counts, sizes = (np.array([f(block) for block in blocks])[draws].sum(axis=1) for f in (np.sum, len))
    low, high = np.quantile(counts / sizes, [0.025, 0.975])
    share, least, most = _interval(np.sum(hits), len(hits))
    return [share, min(least, _short(100 * low)), max(most, _short(100 * high))]


def _middle(values):
    """The median, and where nine in ten lie."""
    return [_short(q) for q in np.quantile(values, [0.5, 0.05, 0.95])]


def _short(value, digits=4):
    return None if value is None else float(f"{value:.{digits}g}")
