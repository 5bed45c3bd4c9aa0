"""Compute what is too slow for a notebook, over the whole vocabulary, into data/results: `make results`.

returns.npz says, for every token ID, which token's row wins when the token's own vector is scored against all rows
(notebook 03); overlap.npz, how many of their ten closest targets two rulers share (notebook 05). The notebooks read
them, compute samples of them again, and show that the two agree.
"""

import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np

from helpers.download import GGUF_SHA256, PROJECT
from helpers.geometry import nearest, random_directions
from helpers.model import load_model

RESULTS = PROJECT / "data" / "results"


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
    for name, (states, rows, by) in ways.items():
        start = time.perf_counter()
        ids, _ = nearest(states, rows, k=1, by=by)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
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


def main(folder=RESULTS):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lm, about = load_model(), dict(made_by="make results", model_sha256=GGUF_SHA256)
    np.savez_compressed(folder / "returns.npz", **about, **dict(whole_vocabulary(lm)))
    np.savez_compressed(folder / "overlap.npz", **about, **overlaps_and_null(lm))


if __name__ == "__main__":
    main(*sys.argv[1:])
