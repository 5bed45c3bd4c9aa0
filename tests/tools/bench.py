"""Speed and memory, as ratios against a named rival in the same run: `make bench`.

Ratios carry from machine to machine; seconds do not. Medians of several rounds, rivals in turn.
"""

import statistics
import subprocess
import sys
import time

import numpy as np

from helpers.figures import AREAS, ball_pixels, canvas, draw_ball, draw_map, map_pixels, png
from helpers.geometry import nearest, random_directions, winners
from helpers.model import load_model

OPEN = "from helpers.model import load_model; lm = load_model(); lm.embedding[lm.id(' Paris')].sum()"
MEMORY = """
import sys
{code}
fields = dict(line.split()[:2] for line in open("/proc/self/smaps_rollup").readlines()[1:])
print(sum(int(fields[name]) for name in ("Private_Dirty:", "Swap:")) / 1024)
"""


def in_turn(rounds, **rivals):
    """Median seconds of each function, called in turn."""
    taken = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, function in rivals.items():
            start = time.perf_counter()
            function()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def fresh(code):
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def row(what, ours, rival, budget):
    print(f"{what:<58} {ours / rival:6.2f} ×   (budget {budget})")


def opening():
    seconds = in_turn(5, ours=fresh(OPEN), rival=fresh("import torch, transformers"))
    row("first token vector / import torch, transformers", seconds["ours"], seconds["rival"], "1 s more")
    print(f"{'':<58} {seconds['ours'] - seconds['rival']:+6.2f} s")


def product(queries, vectors):
    for start in range(0, len(queries), 128):
        queries[start : start + 128] @ vectors.T


def by_hand(queries, vectors, by, k=10):
    """The usual lines: blocks of products, sizes taken off once, argpartition, and the k found sorted."""
    sizes = None if by == "dot" else np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    for start in range(0, len(queries), 128):
        scores = queries[start : start + 128] @ vectors.T
        if by != "dot":
            scores = scores / sizes if by == "cosine" else scores - sizes**2 / 2
        ids = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, ids, axis=1), axis=1)
        yield np.take_along_axis(ids, order, axis=1)


def by_faiss(queries, vectors, by, k=10):
    """faiss's flat index, made and asked: the same job from the same two arrays."""
    import faiss

    index = (faiss.IndexFlatL2 if by == "euclidean" else faiss.IndexFlatIP)(vectors.shape[1])
    if by == "cosine":
        vectors = vectors.copy()
        faiss.normalize_L2(vectors)
    index.add(vectors)
    return index.search(queries, k)


def searches(vectors):
    rng = np.random.default_rng(0)
    for n, rounds in ((1, 25), (100, 9), (2000, 3)):
        queries = vectors[rng.choice(len(vectors), n, replace=False)]
        for by, budget in (("dot", "1.5"), ("cosine", "3"), ("euclidean", "3")):
            seconds = in_turn(
                rounds,
                product=lambda q=queries: product(q, vectors),
                ours=lambda q=queries, by=by: nearest(q, vectors, 10, by),
                hand=lambda q=queries, by=by: list(by_hand(q, vectors, by)),
                faiss=lambda q=queries, by=by: by_faiss(q, vectors, by),
            )
            what = f"nearest, {n:5,} by {by} / the product"
            rivals = ", ".join(f"{name} {seconds[name] / seconds['product']:.2f}" for name in ("hand", "faiss"))
            row(what, seconds["ours"], seconds["product"], budget if n == 1 else f"the rivals: {rivals}")


def all_winners(targets):
    import torch

    tensor = torch.tensor(targets)

    def blocks():
        return [np.argmax(targets[s : s + 1024] @ targets.T, axis=1) for s in range(0, len(targets), 1024)]

    def by_torch():
        return [(tensor[s : s + 1024] @ tensor.T).argmax(dim=1) for s in range(0, len(tensor), 1024)]

    seconds = in_turn(1, ours=lambda: winners(targets, targets), blocks=blocks, torch=by_torch)
    for rival in ("blocks", "torch"):
        row(f"winners of all targets against themselves / {rival}", seconds["ours"], seconds[rival], "1")


def redraws():
    """A slider's picture with a ball and a map, drawn and saved, and an empty figure of its size."""
    pixels, atlas = ball_pixels(180), map_pixels(300)
    targets, names = random_directions(6, 3, seed=12), dict(enumerate("ABCDEF"))

    def redraw():
        fig, axes = canvas(6.4, 2.3, columns=2)
        draw_ball(axes[0], winners(pixels, targets), names, dict(enumerate(AREAS)), [], "Ball", size=180)
        draw_map(axes[1], winners(atlas, targets), list(names.values()), "Map", 300)
        png(fig, compress_level=1)

    seconds = in_turn(15, ours=redraw, rival=lambda: png(canvas(6.4, 2.3, columns=2)[0], compress_level=1))
    row("a ball and a map / an empty figure of that size", seconds["ours"], seconds["rival"], "100 ms")
    print(f"{'':<58} {1000 * seconds['ours']:6.0f} ms")


def memory():
    if not sys.platform.startswith("linux"):
        return print("memory: measured on Linux only")

    def private(code):
        run = subprocess.run(
            [sys.executable, "-c", MEMORY.format(code=code)], capture_output=True, text=True, check=True
        )
        return float(run.stdout)

    run = "from helpers.model import load_model; lm = load_model(); lm.run('The capital of France is'); lm.targets"
    print(f"{'private memory: tokens and vectors':<58} {private(OPEN):6.0f} MB")
    print(f"{'private memory: a run and the targets':<58} {private(run):6.0f} MB  (budget 450)")


if __name__ == "__main__":
    opening()
    searches(np.array(load_model().embedding))
    all_winners(load_model().targets)
    redraws()
    memory()
