"""How is a figure shown with its words? How does a slider degrade to pictures?

The words are Markdown, folded under the picture, so that JupyterLab, GitHub, a screen reader and nbval all have them.
Nothing here touches the reader's matplotlib or its settings.
"""

import base64

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


def _axes(fig):
    return [(*ax.get_xlim(), *ax.get_ylim()) for ax in fig.axes]


def token_table(tokens, ids):
    """Tokens over their IDs as a Markdown table: ␣ stands for a space, ⏎ for a line break."""
    cells = [f"`{visible(token)}`".replace("|", "\\|") for token in tokens]
    rows = [cells, ["---:"] * len(cells), [str(i) for i in ids]]
    return Words("\n".join("| " + " | ".join(row) + " |" for row in rows))
