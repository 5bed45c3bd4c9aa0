"""Figures are shown with their words: a sentence as the picture's alt, the values folded under it."""

import base64
import sys
from io import BytesIO

import matplotlib as mpl
import mistune
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from helpers import figures
from helpers.figures import Words, ball_scene, canvas, output, png, show, show_ball, slider, token_table, words_of
from helpers.figures.live import Live


def pieces(n, title="Letters"):
    fig, ax = canvas(2, 1)
    figures.draw_pieces(ax, ["<a>"] * n, title)
    return fig


def curves():
    fig, ax = canvas(4, 2)
    figures.draw_curves(ax, [0, 1, 2], {"up": np.array([-1, 2, 3]), "down": np.array([3, 2, 2.9])}, "A", "x", "y")
    return fig


def sentence_of(titles, names=("a", "b")):
    fig, axes = canvas(6, 2, columns=len(titles))
    for ax, title in zip(np.ravel(axes), titles, strict=True):
        figures.draw_bars(ax, names, [1, 2], title, "u")
    return words_of(fig)[0]


def test_a_sentence_has_as_much_as_there_is_room_for():
    assert sentence_of(["One?"]) == "Bar chart: One? largest b 2; smallest a 1."
    ends = "largest b 2, smallest a 1"
    assert sentence_of(["In\ntwo (lines)", "B"]) == f"Two bar charts: In two (lines): {ends}; B: {ends}."
    long = ["Title (" + "x" * 40 + ")", "Other", "Third"]
    assert sentence_of(long) == f"Three bar charts: Title: {ends}; Other: {ends}; Third: {ends}."
    assert sentence_of(["x" * 22, "y" * 22, "z" * 22], ["a" * 9, "b" * 9]) == (
        f"Three bar charts: {'x' * 22}: largest {'b' * 9} 2 …; {'y' * 22}: largest {'b' * 9} 2 …; "
        f"{'z' * 22}: largest {'b' * 9} 2 …"
    )
    assert sentence_of(["x" * 60, "y" * 60], ["a" * 40, "b" * 40]) == f"Two bar charts: {'x' * 60}; {'y' * 60}."
    cut = sentence_of(["`a` word " * 40, "B"])
    assert 150 < len(cut) <= 160 and cut.startswith("Two bar charts: a word a word") and cut.endswith((" a…", " word…"))


def test_several_kinds_are_counted_and_all_values_said_in_the_order_of_drawing():
    fig, axes = canvas(6, 4, rows=3)
    figures.draw_pieces(axes[0], ["a"], "First")
    figures.draw_bars(axes[2], ["a"], [1], "Second", "u")
    figures.draw_pieces(axes[1], ["b", "c"], "Third")
    sentence, values = words_of(fig)
    assert sentence.startswith("Two boxed texts and bar chart: First: 1 piece, `a`; Second: largest a 1")
    assert values == "First, 1 piece: `a` Second (u), from the top: a 1. Third, 2 pieces: `b` `c`"
    assert words_of(canvas(1, 1)[0]) == ("A picture without words.", "")


@pytest.fixture
def shown(monkeypatch):
    """What display() was given: a list of (data, metadata)."""
    outputs = []

    def record(thing, metadata=None, raw=False):
        outputs.append((thing if raw else {"text/markdown": thing.data}, metadata or {}))

    monkeypatch.setattr(output, "display", record)
    return outputs


def test_a_figure_is_shown_with_alt_and_folded_words(shown):
    show(pieces(2))
    (picture, metadata), (words, _) = shown
    assert metadata["image/png"]["alt"] == picture["text/plain"] == "Boxed text: Letters: 2 pieces; <a> <a>."
    folded = "Boxed text: Letters: 2 pieces; `<a>` `<a>`. Letters, 2 pieces: `<a>` `<a>`"
    assert words == {"text/markdown": f"<details><summary>In words</summary>\n\n{folded}\n\n</details>"}
    page = BeautifulSoup(mistune.html(words["text/markdown"]), "html.parser")
    assert page.details.summary.text == "In words" and [code.text for code in page.details("code")] == ["<a>"] * 4
    width, height = Image.open(BytesIO(base64.b64decode(picture["image/png"]))).size
    assert (width, height) == (2 * metadata["image/png"]["width"], 2 * metadata["image/png"]["height"])


def test_laying_out_first_changes_nothing_in_the_picture_and_drawing_again_no_byte():
    curves().savefig(plain := BytesIO(), format="png", dpi=output.DPI)
    ours = png(curves())
    assert png(curves()) == ours
    np.testing.assert_array_equal(Image.open(plain), Image.open(BytesIO(ours)))


SETTINGS = {"savefig.facecolor": "black", "savefig.transparent": True, "axes.unicode_minus": False, "font.size": 23}
SETTINGS |= {"savefig.bbox": "tight", "xtick.labelsize": 30, "font.sans-serif": ["DejaVu Serif"]}


def test_the_readers_settings_do_not_change_a_picture_nor_the_picture_them():
    sound = png(curves())
    with mpl.rc_context(SETTINGS | {"axes.facecolor": "black"}):
        before = dict(mpl.rcParams)
        assert png(curves()) == sound and dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not mpl.pyplot.get_fignums()


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax, x: figures.draw_bars(ax, ["a", "b"], [1.0, x], "T", "u"),
        lambda ax, x: figures.draw_plane(ax, np.array([[1.0, 0.0]]), ["a"], "T", state=np.array([1.0, x])),
        lambda ax, x: figures.draw_sphere(ax, {"a": np.array([[0, 0, 1.0], [0, 0, x]])}, "T"),
    ],
)
def test_what_is_not_finite_is_refused_in_a_sentence(draw):
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"draw_\w+ got NaN or infinity, which has no place in a picture"):
            draw(canvas(3, 3)[1], bad)


def test_a_slider_leaves_stills_and_a_line(shown):
    drawn = []
    slider(lambda n: drawn.append(n) or pieces(n), range(1, 5), stills=[1, 4], label="letters")
    kinds = [next(iter(data)) for data, _ in shown]
    assert kinds[:4] == ["image/png", "text/markdown"] * 2 and drawn == [1, 4, 2]  # no still twice
    live, _ = shown[-1]
    assert live["text/plain"] == "A slider, letters: 1 to 4. Run this cell to move it."
    assert "application/vnd.jupyter.widget-view+json" in live


def test_a_live_slider_redraws_picture_and_words():
    live = Live(pieces, [1, 2, 3, 4000], 0, "letters")
    before = live.picture
    live.place = 1
    assert before != live.picture and live.picture.startswith(b"\x89PNG") and live.values[-1] == "4,000"
    assert (live.sentence, live.words) == ("Boxed text: Letters: 2 pieces; <a> <a>.", "Letters, 2 pieces: <a> <a>")
    assert live.shown == 1 and live.width == 192
    broken = Live(lambda n: pieces(6 // n), [1, 0], 0, "letters")
    broken.place = 1
    assert broken.sentence == "It could not be drawn: integer division or modulo by zero" and broken.shown == 1


def test_pictures_of_a_slider_share_their_axes():
    with pytest.raises(ValueError, match="should share their axes"):
        slider(pieces, range(1, 30), stills=[1, 20], label="letters")


def test_a_ball_to_turn_leaves_who_wins_in_words_and_a_line(shown):
    states, targets = np.array([[1.0, 1, 0], [0, 0, 2]]), np.array([[0.5, 0.5, 0], [2.5, 0.5, 0], [0, 0, 1]])
    scene = ball_scene("one", states, targets, ["A", "C", "D"], [0, 1, 2])
    assert scene["tokens"]["says"] == [1, 2] and scene["tokens"]["p"][3:6] == [2.5, 0.5, 0]
    np.testing.assert_allclose(np.linalg.norm(scene["marks"], axis=1), 1, atol=1e-4)
    show_ball(dict(radius=1.0, choose="step", ordered=True, scenes=[{}, scene | {"signs": ["x", "y"]}]))
    (words, _), (live, _) = shown
    assert (
        "At x, y: by nearest point A, D; by direction and size C, D; by direction alone A, D." in words["text/markdown"]
    )
    assert live["text/plain"] == "A ball to turn, step: 2. Run this cell to turn it." and len(live) == 2


def test_token_table_shows_white_space_and_escapes_bars():
    table = token_table([" a", "|", "\n", "`", "\t"], [1, 2, 3, 4, 5]).data.splitlines()
    assert table[0] == "| `␣a` | `\\|` | `⏎` | `ˋ` | `⇥` |"
    assert table[2] == "| 1 | 2 | 3 | 4 | 5 |"
    assert repr(token_table(["a|b"], [1])) == "| a|b |\n| ---: |\n| 1 |"  # in a terminal
    assert repr(Words("**no**: `x` <details><summary>In words</summary>\n\nOne</details>")) == "no: x In words\n\nOne"
    assert repr(Words("**no** `<0xF0>` `a**2 * b**2`")) == "no <0xF0> a**2 * b**2"
