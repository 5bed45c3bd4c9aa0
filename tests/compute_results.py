"""Compute what is too slow for a notebook, over the whole vocabulary, into data/results: `make results`.

Each array says, for every token ID, which token's row wins when the token's own vector is scored against all rows.
Notebook 03 reads them, computes a sample of them again, and shows that the two agree.
"""

import sys
import time
from pathlib import Path

import numpy as np

from helpers.download import GGUF_SHA256, PROJECT
from helpers.geometry import nearest
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


def main(folder=RESULTS):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = dict(whole_vocabulary(load_model()))
    np.savez_compressed(folder / "returns.npz", made_by="make results", model_sha256=GGUF_SHA256, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
