"""How is a figure shown with its words? How does a slider degrade to pictures?

The words are Markdown, folded under the picture, so that JupyterLab, GitHub, a screen reader and nbval all have them.
Nothing here touches the reader's matplotlib or its settings.
"""

import base64

import numpy as np
from IPython.display import display

from helpers.figures.style import DPI, png
from helpers.figures.words import Words, visible, words_of


def show(fig):
    """Show a figure, and under it, folded, *In words*: a sentence, then the values, both read back from it."""
    sentence, values = words_of(fig)
    width, height = (round(inches * DPI / 2) for inches in fig.get_size_inches())
    alt = sentence.replace("`", "")
    picture = base64.b64encode(png(fig, f"{sentence} {values}")).decode()
    data = {"image/png": picture, "text/plain": alt}
    # Notebooks read `alt` from the picture's own metadata; the size undoes the doubled pixels.
    display(data, metadata={"image/png": {"alt": alt, "width": width, "height": height}}, raw=True)
    display(Words(f"<details><summary>In words</summary>\n\n{sentence} {values}\n\n</details>"))


def slider(draw, values, stills, label):
    """A slider over `values` that redraws a picture, and saved pictures of a few of them.

    `draw(value)` returns a figure. The pictures of `stills` are shown with their words and stay in the saved
    notebook, on paper and on GitHub; the live slider, which needs a kernel, comes under them when the cell is run. It
    starts at a value that no still shows. ValueError where two stills have different axes.
    """
    from helpers.figures.live import Live

    figures, values = [draw(value) for value in stills], list(values)
    if any(_axes(fig) != _axes(figures[0]) for fig in figures):
        raise ValueError("The pictures of a slider should share their axes, or nothing can be compared: set limits.")
    for fig in figures:
        show(fig)
    place = next((n for n, value in enumerate(values) if value not in stills), 0)
    live = Live(draw, values, place, label)._repr_mimebundle_()[0]
    # A widget's own text would print the picture's bytes; this line is the same on every machine.
    live["text/plain"] = f"A slider, {label}: {values[0]} to {values[-1]}. Run this cell to move it."
    display(live, raw=True)


def show_ball(data):
    """A ball to turn, with sliders for ruler, temperature and origin: what `ball.js` reads, as in data/results.

    Saved are its words: who wins at the marks of the ball that is shown first, by each ruler. A picture must stand
    beside it, for the cell has to be run, though no kernel is asked after that.
    """
    from helpers.figures.live import Ball

    scene = data["scenes"][-1 if data["ordered"] else 0]
    p, size = (np.reshape(scene["tokens"][key], shape) for key, shape in (("p", (-1, 3)), ("size", -1)))
    along = data["radius"] * np.array(scene["marks"]) @ p.T
    rulers = {"nearest point": along - size**2 / 2, "direction and size": along, "direction alone": along / size}
    said = [", ".join(scene["tokens"]["names"][i] for i in v.argmax(axis=1)) for v in rulers.values()]
    held = "; ".join(f"by {name} {who}" for name, who in zip(rulers, said, strict=True))
    words = f"At {', '.join(scene['signs'])}: {held}."
    display(Words(f"<details><summary>The ball in words</summary>\n\n{words}\n\n</details>"))
    live = Ball(data=data)._repr_mimebundle_()[0]
    live["text/plain"] = f"A ball to turn, {data['choose']}: {len(data['scenes'])}. Run this cell to turn it."
    display(live, raw=True)


def ball_scene(name, states, targets, names, hues):
    """One ball for `show_ball`, of a model in three dimensions: states and targets (n, 3), a name for each of both.

    `hues` (n,) are the targets' places in the order of colours.
    """
    marks, size = states / np.linalg.norm(states, axis=1, keepdims=True), np.linalg.norm(targets, axis=1)
    tokens = dict(names=list(names), hue=list(hues), says=(states @ targets.T).argmax(axis=1).tolist())
    tokens |= dict(p=targets.round(4).ravel().tolist(), size=size.round(4).tolist())
    return dict(name=name, signs=list(names), marks=marks.round(5).tolist(), tokens=tokens)


def _axes(fig):
    return [(*ax.get_xlim(), *ax.get_ylim()) for ax in fig.axes]


def token_table(tokens, ids):
    """Tokens over their IDs as a Markdown table: ␣ stands for a space, ⏎ for a line break."""
    cells = [f"`{visible(token)}`".replace("|", "\\|") for token in tokens]
    rows = [cells, ["---:"] * len(cells), [str(i) for i in ids]]
    return Words("\n".join("| " + " | ".join(row) + " |" for row in rows))
