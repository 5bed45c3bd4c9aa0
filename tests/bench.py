"""Speed and memory, as ratios against a named rival in the same run: `make bench`.

Ratios carry from machine to machine; seconds do not. Medians of several rounds, rivals in turn.
"""

import statistics
import subprocess
import sys
import time

import numpy as np

from helpers.display import png
from helpers.figures import AREAS, canvas
from helpers.geometry import nearest, random_directions, winners
from helpers.model import load_model
from helpers.spheres import ball_pixels, draw_ball, draw_map, map_pixels

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


def searches():
    vectors, queries = np.array(load_model().embedding), np.array(load_model().embedding[::24])

    def product():
        for start in range(0, len(queries), 1024):
            queries[start : start + 1024] @ vectors.T

    rivals = {
        f"nearest, {by}": lambda by=by: nearest(queries, vectors, 10, by) for by in ("dot", "cosine", "euclidean")
    }
    seconds = in_turn(3, product=product, winners=lambda: winners(queries, vectors), **rivals)
    for name in ("winners", *rivals):
        row(f"{name} / the bare BLAS product, 2,048 queries", seconds[name], seconds["product"], "1.2")


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
    searches()
    redraws()
    memory()
