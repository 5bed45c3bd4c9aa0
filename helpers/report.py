"""How does any causal language model stand on the sphere? One page, and its numbers.

    python -m helpers.report                    # the default model, into report-smollm2-135m-instruct/
    python -m helpers.report MODEL --out FOLDER

MODEL is a folder or a model hub's id. `measure(lm)` gives the same numbers to a notebook. What goes over the whole
vocabulary works in blocks; what would take too long is done for tokens drawn by chance.
"""

import argparse
import base64
import html
import json
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from helpers.preflight import lacks, say

try:
    import numpy as np

    from helpers.display import png, visible
    from helpers.download import PROJECT, FetchError
    from helpers.figures import canvas, draw_bars, draw_histograms, draw_intervals
    from helpers.geometry import _sizes, angle, nearest, random_directions, winners
    from helpers.model import load_model
    from helpers.observe import AGREE, misfit
    from helpers.targets import can_win, wilson
except ModuleNotFoundError as missing:
    if __name__ != "__main__":
        raise
    sys.exit(lacks(missing))

SAMPLE = 2000  # tokens, or pairs of tokens, drawn by chance
HULL = 1000  # tokens whose chance to win is decided; a linear programme can take seconds
NAMED = 8  # largest and smallest tokens that are named
RULERS = {"dot product": "dot", "cosine": "cosine", "Euclidean distance": "euclidean"}


def measure(lm, texts=None, progress=iter):
    """A model's numbers, ready for JSON, and its pictures: a dict, and a list of (figure, words).

    `texts` is a list of texts, by default the test passages of data/passages.json; `progress` wraps the list of
    steps. What is drawn by chance is drawn alike on every run.
    """
    if texts is None:
        texts = json.loads((PROJECT / "data" / "passages.json").read_text(encoding="utf-8"))["test"].values()
    on_text = cache(lambda: _on_text(lm, texts))
    steps = {
        "model": lambda: (_about(lm), []),
        "text": lambda: (on_text()[2], []),
        "sizes": lambda: _compare_sizes(lm),
        "angles": lambda: _compare_angles(lm, *on_text()[:2]),
        "round_trip": lambda: _round_trip(lm),
        "rulers": lambda: _three_rulers(lm, *on_text()[:2]),
        "can_win": lambda: (_hull(lm), []),
    }
    numbers, pictures = {}, []
    for name in progress(steps):
        numbers[name], drawn = steps[name]()
        pictures += drawn
    return numbers, pictures


# ---------------------------------------------------------------- the model, and what it does with text


def _about(lm):
    parts = lm._parts
    return {
        "name": place.resolve().name if (place := Path(lm.name).expanduser()).is_dir() else lm.name,
        "vocabulary_size": lm.n_vocab,
        "width": lm.width,
        "embedding_width": lm.embedding.shape[1],
        "layers": lm.n_layers,
        "tied": lm.tied,
        "norm": lm.norm_kind,
        "radius": _short(lm.radius),
        "head_scale": _short(parts.scale),
        "softcap": _short(lm.softcap),
        "offsets": [_short(lm.offsets.min()), _short(lm.offsets.max())],
        "begin": [lm.token(i) for i in lm.begin_ids],
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
    lengths = _sizes(states)
    return (
        states,
        chosen,
        {
            "texts": len(texts),
            "positions": len(states),
            "state_sizes": [_short(lengths.min(), 6), _short(lengths.max(), 6)],
            "logits_agree": agree,
        },
    )


# ---------------------------------------------------------------- sizes and angles, each beside its null


def _compare_sizes(lm):
    seen, freedom = _sizes(lm.targets), _freedom(lm)
    # Gaussian vectors of the same mean square have as sizes √(‖u‖²/d) times a chi of d degrees of freedom.
    chance = np.sqrt(np.random.default_rng(0).chisquare(freedom, len(seen)) * np.mean(seen**2) / freedom)
    numbers = {
        "targets": _spread(seen) | _extremes(lm, seen),
        "gaussian_rows": _spread(chance),
        "embedding": _spread(lengths := _sizes(lm.embedding)) | _extremes(lm, lengths),
    }
    samples = {"targets": seen, "Gaussian rows": chance}
    return numbers, [_beside_its_null(samples, "How large are the targets?", "size")]


def _beside_its_null(samples, title, unit):
    fig, ax = canvas(6, 2.7)
    ax.margins(y=0.2)  # room for the names
    return fig, draw_histograms(ax, samples, _bins(samples), title, unit)


def _spread(lengths):
    low, middle, high = np.percentile(lengths, [5, 50, 95])
    return {"median": _short(middle), "nine_in_ten": [_short(low), _short(high)]}


def _extremes(lm, lengths):
    order = np.argsort(lengths, kind="stable")
    named = {"smallest": order[:NAMED], "largest": order[::-1][:NAMED]}
    return {which: [[lm.token(i), _short(lengths[i])] for i in ids] for which, ids in named.items()}


def _compare_angles(lm, states, chosen):
    generator = np.random.default_rng(0)
    one, apart = generator.integers(lm.n_vocab, size=SAMPLE), generator.integers(1, lm.n_vocab, size=SAMPLE)
    pairs = np.stack([one, (one + apart) % lm.n_vocab])  # never a token with itself
    pairs = pairs[:, (_sizes(lm.targets[pairs]) > 0).all(axis=0)]
    between = np.degrees(angle(*lm.targets[pairs]))
    null = np.degrees(angle(*random_directions(2 * SAMPLE, _freedom(lm), seed=1).reshape(2, SAMPLE, -1)))
    whole = (_sizes(lm.targets[chosen]) > 0) & (_sizes(states) > 0)
    to_winner = np.degrees(angle(states[whole], lm.targets[chosen[whole]]))
    numbers = {
        "pairs_of_targets": _short(np.median(between)),
        "pairs_of_random_directions": _short(np.median(null)),
        "state_to_winner": _short(np.median(to_winner)),
        # With a projection, targets fill a few dimensions of the states' space: no null as simple as this one.
        "state_to_nearest_random_direction": None
        if lm._parts.to_head is not None
        else _short(_nearest_of_random(lm.n_vocab, _freedom(lm))),
    }
    samples = {"targets": between, "random directions": null}
    return numbers, [_beside_its_null(samples, "How far apart do pairs stand?", "angle (degrees)")]


def _freedom(lm):
    """The dimension of the space that targets can fill: the width, one less after a LayerNorm, or a projection's."""
    return max(2, min(lm.width - (lm.norm_kind == "layer"), lm.unembedding.shape[1]))


def _nearest_of_random(n, d):
    """The median angle, in degrees, from a vector to the nearest of n random directions of width d.

    (1 + cos)/2 of one such angle has the Beta distribution with both parameters (d − 1)/2; the n are independent.
    """
    from scipy.stats import beta

    half = (d - 1) / 2
    return np.degrees(np.arccos(2 * beta.isf(-np.expm1(np.log(0.5) / n), half, half) - 1))


# ---------------------------------------------------------------- rulers


def _first(queries, vectors, by):
    """The nearest row to each query: IDs (n,). A zero row has no direction, so by cosine it is left out."""
    if by != "cosine" or (lengths := _sizes(vectors)).all():
        return nearest(queries, vectors, k=1, by=by)[0][:, 0]
    kept = np.flatnonzero(lengths)
    return kept[nearest(queries, vectors[kept], k=1, by=by)[0][:, 0]]


def _round_trip(lm):
    """Embed, then unembed at once: how many of the tokens drawn by chance come back, by each way of scoring."""
    if lm.embedding.shape[1] != lm.unembedding.shape[1]:
        return None, []
    ids = _drawn(min(lm.n_vocab, len(lm.embedding)), SAMPLE)
    ids = ids[_sizes(lm.embedding[ids]) > 0]
    vectors = lm.embedding[ids]
    won = {name: _first(vectors, lm.unembedding, by) for name, by in RULERS.items()}
    if lm.norm_kind != "none" and lm.embedding.shape[1] == lm.width:
        won["final norm, then logits"] = winners(lm.to_sphere(vectors), lm.targets, lm.offsets)
    numbers, shares = {"tokens": len(ids)}, {}
    for name, found in won.items():
        shares[name] = _interval(int((found == ids).sum()), len(ids))
        [(thief, taken)] = Counter(found[found != ids].tolist()).most_common(1) or [(None, 0)]
        numbers[name] = {
            "return": shares[name],
            "most_often_instead": None if thief is None else [lm.token(thief), _short(100 * taken / len(ids))],
        }
    fig, ax = canvas(6, 0.9 + 0.4 * len(shares))
    ax.set_xlim(0, 104)
    words = draw_intervals(ax, shares, "Embed, then unembed at once: which tokens return?", "share (%)")
    return numbers, [(fig, words)]


def _three_rulers(lm, states, chosen):
    """How often each ruler, from a state to the targets, picks the token that the model picks."""
    whole = _sizes(states) > 0
    states, chosen = states[whole], chosen[whole]
    agree = {name: 100 * np.mean(_first(states, lm.targets, by) == chosen) for name, by in RULERS.items()}
    fig, ax = canvas(6, 1.9)
    words = draw_bars(ax, list(agree), list(agree.values()), "Which ruler picks the model's own token?", "share (%)")
    return {name: _short(share) for name, share in agree.items()}, [(fig, words)]


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


# ---------------------------------------------------------------- small things


def _drawn(n_vocab, n):
    """At most n token IDs drawn by chance, each once; always the same ones."""
    return np.random.default_rng(0).choice(n_vocab, min(n, n_vocab), replace=False)


def _interval(count, n):
    """A share in percent, and the ends of its 95 % interval."""
    low, high = wilson(count, n)
    return [_short(100 * share) for share in (count / n, low, high)]


def _bins(samples):
    values = np.concatenate(list(samples.values()))
    spread = max(np.ptp(values), 1e-3 * values.max(), 1e-6)  # all alike still need a bin
    few = min(map(len, samples.values()))
    number = int(np.clip(1.3 * few**0.5, 10, 60))
    return np.linspace(max(0, values.min() - 0.01 * spread), values.max() + 0.01 * spread, number + 1)


def _short(value, digits=4):
    return None if value is None else float(f"{value:.{digits}g}")


# ---------------------------------------------------------------- the page


def page(numbers, pictures):
    """The report as one page of HTML that needs nothing beside itself; takes what `measure` gives."""
    parts = {
        "name": html.escape(numbers["model"]["name"]),
        "rows": "\n".join(f"<tr><th scope=row>{name}</th><td>{said}</td></tr>" for name, said in _rows(numbers)),
        "pictures": "\n".join(_figure(*drawn) for drawn in pictures),
    }
    return re.sub(r"\{(name|rows|pictures)\}", lambda m: parts[m[1]], _PAGE)


def _figure(fig, words):
    words = words.replace("`", "")
    source = base64.b64encode(png(fig)).decode()
    said = html.escape(words)
    picture = f'<img src="data:image/png;base64,{source}" alt="{said}">'
    return f"<figure>{picture}<figcaption><em>In words:</em> {said}</figcaption></figure>"


def _rows(numbers):
    """What the page's table says: pairs of a name and a sentence in HTML."""
    about, text, sizes, angles = (numbers[part] for part in ("model", "text", "sizes", "angles"))
    shape = f"{about['vocabulary_size']:,} tokens, width {about['width']:,}, {about['layers']} layers. "
    shape += "Tied: the unembedding is the embedding." if about["tied"] else "Not tied: two matrices."
    if about["embedding_width"] != about["width"]:
        shape += f" Token vectors have width {about['embedding_width']:,} and are projected."
    if about["rows_without_token"]:
        shape += f" {about['rows_without_token']:,} rows belong to no token."
    yield "Shape", shape
    yield "Final norm", _norm_in_words(about, text)
    yield "Logits", _logits_in_words(about, text)
    begin = "".join(map(_code, about["begin"]))
    said = f"{text['positions']:,} positions of {text['texts']} passages, the first of each left out."
    yield "Text", said + (f" Its tokenizer begins a text with {begin}, and so does this page." if begin else "")
    null = sizes["gaussian_rows"]["nine_in_ten"]
    beside = f" (Gaussian rows of the same mean square: {_say(null[0])} to {_say(null[1])})"
    for name, part, aside in (("Targets", sizes["targets"], beside), ("Embedding", sizes["embedding"], "")):
        low, high = part["nine_in_ten"]
        said = f"median {_say(part['median'])}, nine in ten from {_say(low)} to {_say(high)}{aside}."
        said += f" Largest: {_list(part['largest'])}. Smallest: {_list(part['smallest'])}."
        yield f"{name}: sizes", said
    said = f"Two targets: median {_say(angles['pairs_of_targets'])}° (random directions "
    said += f"{_say(angles['pairs_of_random_directions'])}°). A state and the token it gives: median "
    null = angles["state_to_nearest_random_direction"]
    beside = f" (the nearest of as many random directions {_say(null)}°)" if null is not None else ""
    yield "Angles", f"{said}{_say(angles['state_to_winner'])}°{beside}."
    yield "Embed, then unembed", _trip_in_words(numbers["round_trip"])
    agree = ", ".join(f"{name} {_say(share)} %" for name, share in numbers["rulers"].items())
    yield "Three rulers", f"From a state to the targets, the model's own token is picked by: {agree}."
    yield "Can every token win?", _hull_in_words(numbers["can_win"])


def _norm_in_words(about, text):
    if about["norm"] == "none":
        return "None that its unembedding follows: states are what enters the unembedding, and lie on no sphere."
    kind = {"rms": "RMSNorm", "layer": "LayerNorm"}[about["norm"]]
    low, high = text["state_sizes"]
    said = f"{kind}, so states lie on the sphere of radius √{about['width']:,} = {_say(about['radius'])}: "
    said += f"sizes {low:.6g} to {high:.6g} on text"
    return said + (", and are perpendicular to the vector of ones." if about["norm"] == "layer" else ".")


def _logits_in_words(about, text):
    low, high = about["offsets"]
    said = "sphere state · target"
    said += f" + offset (from {_say(low)} to {_say(high)})" if low or high else "; no offsets"
    if about["head_scale"] != 1:
        said += f"; a head scale of {_say(about['head_scale'])} is part of the targets"
    if about["softcap"]:
        said += f"; then a soft cap of {_say(about['softcap'])}"
    wrong = ". <strong>These are not the model's own: do not trust this page.</strong>"
    return said + (". These are the model's own logits." if text["logits_agree"] else wrong)


def _trip_in_words(trip):
    if trip is None:
        return "The rows have different widths, so they cannot be compared."
    said = f"Of {trip['tokens']:,} tokens drawn by chance, these return"
    parts = []
    for name, way in trip.items():
        if name != "tokens":
            instead = way["most_often_instead"]
            often = instead and instead[1] >= 1
            thief = f" (most often instead: {_code(instead[0])}, {_say(instead[1])} %)" if often else ""
            parts.append(f"{name} {_say(way['return'][0])} %{thief}")
    return f"{said}: {'; '.join(parts)}."


def _hull_in_words(hull):
    share, low, high = hull["never_share"]
    said = f"Of {hull['tokens']:,} tokens drawn by chance, {hull['never']:,} ({_say(share)} %; 95 % interval "
    said += f"{_say(low)} to {_say(high)} %) can win at no state"
    said += ", of whatever size; on the sphere there may be more" if hull["states_of_any_size"] else ""
    said += f". Among them: {', '.join(map(_code, hull['never_named']))}" if hull["never"] else ""
    return f"{said}. {hull['only_with_copies']:,} can only tie with exact copies of their own row."


def _say(value):
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def _code(token):
    return f"<code>{html.escape(visible(token))}</code>"


def _list(named):
    return ", ".join(f"{_code(token)} {_say(size)}" for token, size in named)


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: directions and sizes</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #111; max-width: 1120px; margin: 1.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0 0 .2em; overflow-wrap: anywhere; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1.5em; }
table { border-collapse: collapse; width: 100%; align-self: start; }
th, td { text-align: left; vertical-align: top; padding: .35em .6em .35em 0; border-top: 1px solid #ccc; }
th { width: 8.5em; font-weight: 600; }
code { background: #eee; padding: 0 .2em; overflow-wrap: anywhere; }
figure { margin: 0 0 1em; }
img { width: 100%; }
figcaption { font-size: .85em; color: #333; }
@media print { body { font-size: 10.5px; margin: 0; } main { grid-template-columns: 1fr 1fr; gap: 1em; } }
</style>
</head>
<body>
<h1>{name}: directions and sizes</h1>
<p>A logit is the size of a state · the size of a token's target · the cosine of their angle, plus an offset.</p>
<main>
<table>
{rows}
</table>
<div>
{pictures}
</div>
</main>
</body>
</html>
"""


def main(arguments=None):
    """The command `python -m helpers.report`."""
    from tqdm.auto import tqdm

    parser = argparse.ArgumentParser(description="One page about a causal language model's directions and sizes.")
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="a folder or a model hub's id; else the default model"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write; else report-NAME here")
    chosen = parser.parse_args(arguments)
    try:
        lm = load_model(chosen.model)
        numbers, pictures = measure(lm, progress=lambda steps: tqdm(list(steps), desc="Measuring", unit=" steps"))
        text = page(numbers, pictures)
    except (FetchError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing was written.")
    folder = chosen.out or Path(f"report-{numbers['model']['name'].replace('/', '--')}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(text, encoding="utf-8")
    except OSError as error:
        sys.exit(f"The report could not be written to {folder}: {error.strerror}. Choose another folder with --out.")
    say(f"The report is in {folder / 'report.html'}, its numbers in {folder / 'report.json'}")


if __name__ == "__main__":
    main()
