"""What a slider shows at some of its values, for pages without a kernel. A copy of a notebook imports this, first."""

import json
import os
from pathlib import Path

import numpy as np
from IPython.display import display
from shown import small

import helpers.figures
from helpers.figures import png, words_of

FOLDER = Path(os.environ["DIRECTIONS_FRAMES"])
COUNT = 9
made = []


def slider(draw, values, stills, label):
    """In place of the notebooks' own: draws about nine pictures, small, and tells where they are."""
    values = list(values)
    some = sorted({*np.linspace(0, len(values) - 1, COUNT).round().astype(int), *map(values.index, stills)})
    files, words = [], []
    for n in some:
        fig = draw(values[n])
        files.append(f"{os.environ['DIRECTIONS_NOTEBOOK']}-{len(made)}-{len(files)}.png")
        words.append(words_of(fig)[0].replace("`", ""))
        (FOLDER / files[-1]).write_bytes(small(png(fig)))
    made.append(label)
    at = some.index(values.index(stills[-1]))  # where it starts: what the last still shows
    tell({"name": label, "at": at, "values": [f"{values[n]:,}" for n in some], "files": files, "words": words})


def show_ball(data):
    tell({"ball": data})


def tell(what):
    display({"text/plain": f"site:{json.dumps(what)}"}, raw=True)


helpers.figures.slider, helpers.figures.show_ball = slider, show_ball
