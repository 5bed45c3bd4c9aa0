"""How is a figure shown with its words? How does a slider degrade to pictures?

The words are Markdown, folded under the picture, so that JupyterLab, GitHub, a screen reader and nbval all have them.
Nothing here touches the reader's matplotlib or its settings.
"""

import base64
import html
from io import BytesIO

import matplotlib as mpl
from IPython.display import Markdown, display

from helpers.figures.words import visible, words_of

DPI = 192  # twice a screen's 96: sharp on dense screens, shown at half its pixels


def show(fig):
    """Show a figure, and under it, folded, *In words*: a sentence, then the values, both read back from it."""
    sentence, values = words_of(fig)
    width, height = (round(inches * DPI / 2) for inches in fig.get_size_inches())
    alt = sentence.replace("`", "")
    data = {"image/png": base64.b64encode(png(fig)).decode(), "text/plain": alt}
    # Notebooks read `alt` from the picture's own metadata; the size undoes the doubled pixels.
    display(data, metadata={"image/png": {"alt": alt, "width": width, "height": height}}, raw=True)
    display(Markdown(f"<details><summary>In words</summary>\n\n{sentence} {values}\n\n</details>"))


def slider(draw, values, stills, label):
    """A slider over `values` that redraws a picture, and saved pictures of a few of them.

    `draw(value)` returns a figure. The pictures of `stills` are shown with their words and stay in the saved
    notebook, on paper and on GitHub; the live slider, which needs a kernel, comes under them when the cell is run.
    """
    for value in stills:
        show(draw(value))
    live = _live(draw, values, stills[-1], label)._repr_mimebundle_()
    # A widget's own text would print the picture's bytes; this line is the same on every machine.
    live["text/plain"] = f"A slider, {label}: {values[0]} to {values[-1]}. Run this cell to move it."
    display(live, raw=True)


def _live(draw, values, value, label):
    """A slider, keyboard and mouse, over a picture and its words that follow it."""
    from ipywidgets import HTML, Image, SelectionSlider, VBox

    slider = SelectionSlider(options=values, value=value, description=label, style={"description_width": "initial"})
    picture, words = Image(format="png", layout={"max_width": "100%"}), HTML()

    def redraw(change):
        fig = draw(change["new"])
        picture.value, picture.width = png(fig, compress_level=1), round(fig.get_size_inches()[0] * DPI / 2)
        words.value = f"<em>In words:</em> {html.escape(' '.join(words_of(fig)).replace('`', ''))}"

    redraw({"new": value})
    slider.observe(redraw, "value")
    return VBox([slider, picture, words])


def token_table(tokens, ids):
    """Tokens over their IDs as a Markdown table: ␣ stands for a space, ⏎ for a line break."""
    cells = [f"`{visible(token)}`".replace("|", "\\|") for token in tokens]
    rows = [cells, ["---:"] * len(cells), [str(i) for i in ids]]
    return Markdown("\n".join("| " + " | ".join(row) + " |" for row in rows))


def png(fig, **how):
    """The figure as the bytes of a PNG, at twice a screen's resolution, whatever the reader's matplotlib is set to."""
    buffer = BytesIO()
    with mpl.rc_context(mpl.rcParamsDefault):  # some of the reader's settings act only now
        if engine := fig.get_layout_engine():  # left to savefig, it would draw everything twice
            fig.set_dpi(DPI)
            engine.execute(fig)
            fig.set_layout_engine(None)
        fig.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs=how)
    return buffer.getvalue()
