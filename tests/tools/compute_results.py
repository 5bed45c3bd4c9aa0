"""Compute what is too slow for a notebook, over the whole vocabulary, into data/results: `make results`.

returns.npz says, for every token ID, which token's row wins when the token's own vector is scored against all rows
(notebook 03); overlap.npz, how many of their ten closest targets two rulers share (notebook 05); wins.npz, which
target wins at 100,000 random states, and can_win.npz, whether and how each token can win at all (notebook 07);
flight.npz, the final winner's rank after each layer (notebook 08); almost_sphere.npz, a matrix that makes targets
nearly equal in size (notebook 09). The notebooks read them, compute samples of them again, and show that the two agree.
ball.json holds who wins on the balls that turn (notebook 00).
A .json file holds the numbers of a model's report, for the default model and for Gemma 3 270M, where that is here.

The search of can_win.npz is kept as it goes on: stopped, it begins again where it was.
"""

import sys
from functools import partial
from itertools import combinations
from pathlib import Path

import ball
import numpy as np
from scipy.optimize import minimize
from tqdm.auto import tqdm

from helpers.data import passages, project_folder
from helpers.geometry import nearest, random_directions, winners
from helpers.model import load_model
from helpers.report.measure import measure, ranks
from helpers.report.page import as_text
from helpers.targets import can_win
from helpers.weights.home import GGUF_SHA256, KNOWN, is_complete, model_home

RESULTS = project_folder() / "data" / "results"


def whole_vocabulary(lm):
    """The winners by each way of scoring: names and int32 arrays (V,). Scores in float64; ties to the lower ID."""
    vectors = lm.embedding
    wide = vectors.astype(np.float64)
    ways = {
        "dot": (vectors, vectors, "dot"),
        "over_square": (wide, wide / (wide**2).sum(axis=1, keepdims=True), "dot"),
        "cosine": (vectors, vectors, "cosine"),
        "after_norm": (lm.to_sphere(vectors), lm.targets, "dot"),
    }
    for name, (states, rows, by) in tqdm(ways.items(), desc="Who wins at its own vector?"):
        ids, _ = nearest(states, rows, k=1, by=by)
        yield name, ids[:, 0].astype(np.int32)


def ten_closest(targets, ids, by):
    """The ten closest targets to each of the targets `ids`, itself left out: (n, 10)."""
    found, _ = nearest(targets[ids], targets, k=11, by=by)
    return [[j for j in row if j != i][:10] for i, row in zip(ids, found, strict=True)]


def overlaps(targets, ids):
    """How many of their ten closest targets two rulers share, for the tokens `ids`: names of pairs, int8 (n,)."""
    closest = {by: ten_closest(targets, ids, by) for by in ("cosine", "euclidean", "dot")}
    for one, other in combinations(closest, 2):
        pairs = zip(closest[one], closest[other], strict=True)
        yield f"{one}, {other}", np.array([len(set(a) & set(b)) for a, b in pairs], np.int8)


def overlaps_and_null(lm, n=2000):
    """`overlaps` for n tokens drawn by chance, and for random directions with the same sizes."""
    ids = np.random.default_rng(0).choice(lm.n_vocab, n, replace=False)
    sizes = np.linalg.norm(lm.targets, axis=1, keepdims=True)
    null = sizes * random_directions(lm.n_vocab, lm.width, seed=1)
    return {"ids": ids} | dict(overlaps(lm.targets, ids)) | {f"null: {k}": v for k, v in overlaps(null, ids)}


def wins(lm, n=100_000, block=5000):
    """Which target wins at n random states: for the model's targets and two nulls, int32 (n,)."""
    sizes = np.linalg.norm(lm.targets, axis=1, keepdims=True)
    found = {name: [] for name in ("real", "equal sizes", "random directions")}
    chance = sizes * random_directions(lm.n_vocab, lm.width, seed=1)
    equal = lm.targets / sizes
    for seed in tqdm(range(n // block), desc="Random states", unit=f" × {block:,}"):
        states = random_directions(block, lm.width, seed=100 + seed)  # never the seed of the null
        for name, targets in zip(found, (lm.targets, equal, chance), strict=True):
            found[name].append(winners(states, targets).astype(np.int32))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def flight(lm):
    """The final winner's rank after each layer, at the passages' positions but the first: int32 (layers + 1, n).

    "lens" reads the states as they are; "shifted" after adding what other texts' last states have on average more.
    """
    texts = {which: passages(which).values() for which in ("test", "fit")}
    seen, others = (np.concatenate([lm.run(t).residuals[:, 1:] for t in some], axis=1) for some in texts.values())
    said, last = winners(lm.to_sphere(seen[-1]), lm.targets), lm.to_sphere(others[-1]).mean(axis=0)
    found = {"lens": [], "shifted": []}
    for x, other in zip(map(lm.to_sphere, seen), map(lm.to_sphere, others), strict=True):
        found["lens"].append(ranks(lm, x, said))
        found["shifted"].append(ranks(lm, lm.to_sphere(x + last - other.mean(axis=0)), said))
    return {name: np.array(rows, np.int32) for name, rows in found.items()}


def almost_sphere(targets, steps=300):
    """A matrix A (d, d) that makes all ‖A u‖ nearly equal: the least mean of (‖A u‖² / s² − 1)², s the mean ‖u‖."""
    u = targets / np.linalg.norm(targets, axis=1).mean()

    def loss(flat):
        stretched = u @ flat.reshape(-1, u.shape[1]).T.astype(np.float32)
        off = np.vecdot(stretched, stretched) - 1
        slope = 4 / len(u) * ((stretched * off[:, None]).T @ u)
        return float(np.mean(off.astype(np.float64) ** 2)), slope.astype(np.float64).ravel()

    with tqdm(total=steps, desc="Towards a sphere", unit=" steps") as bar:
        how = dict(jac=True, method="L-BFGS-B", options=dict(maxiter=steps), callback=lambda flat: bar.update())
        found = minimize(loss, np.eye(u.shape[1]).ravel(), **how)
    return found.x.reshape(-1, u.shape[1]).astype(np.float16)


def decided(targets, part, block=1024):
    """Whether and how each target can win, and the states that only a linear programme found. Kept in `part`."""
    kept = dict(how=np.zeros(0, "U9"), ids=np.zeros(0, np.int64), states=np.zeros((0, targets.shape[1])))
    if part.exists():
        with np.load(part) as file:
            if str(file["model_sha256"]) == GGUF_SHA256:  # of another model nothing is of use
                kept = {key: file[key] for key in kept}
    for start in tqdm(range(len(kept["how"]), len(targets), block), desc="Can it win?", unit=f" × {block:,}"):
        some = np.arange(start, min(start + block, len(targets)))
        certificates, how = can_win(targets, some)
        hard = np.isin(how, ["programme", "tie"])
        new = dict(how=np.array(how), ids=some[hard], states=certificates[hard])
        kept = {key: np.concatenate([kept[key], new[key]]) for key in kept}
        keep(part, model_sha256=GGUF_SHA256, **kept)
    return kept


def models(folder):
    """The numbers of each known model that is on this machine, as NAME.json."""
    for name, known in KNOWN.items():
        if not is_complete(model_home() / name):
            print(f"{name} is not here, so its numbers stay as they are: python -m helpers fetch {name}")
            continue
        about = dict(made_by="make results", model_sha256=known.sha256)
        text = as_text(about | measure(load_model(name), progress=tqdm))
        replace(folder / f"{name}.json", partial(Path.write_text, data=text, encoding="utf-8"))


def keep(path, **arrays):
    replace(path, partial(np.savez_compressed, **arrays))


def replace(path, write):
    """Written aside and renamed: a full disk or a kill leaves the old file whole."""
    aside = path.with_stem(f"{path.stem}.writing")
    write(aside)
    aside.replace(path)


def main(folder=RESULTS):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lm, about = load_model(), dict(made_by="make results", model_sha256=GGUF_SHA256)
    keep(folder / "returns.npz", **about, **dict(whole_vocabulary(lm)))
    keep(folder / "overlap.npz", **about, **overlaps_and_null(lm))
    keep(folder / "wins.npz", **about, **wins(lm))
    keep(folder / "flight.npz", **about, **flight(lm))
    balls = as_text(about | ball.scenes(lm))
    replace(folder / "ball.json", partial(Path.write_text, data=balls, encoding="utf-8"))
    keep(folder / "almost_sphere.npz", **about, A=almost_sphere(lm.targets))
    models(folder)
    part = folder / "can_win.part.npz"
    keep(folder / "can_win.npz", **about, **decided(lm.targets, part))
    part.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
