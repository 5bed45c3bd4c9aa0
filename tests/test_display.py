"""Figures speak the truth: their words are read back from what was drawn, and travel with the picture."""

import base64
import struct

import matplotlib
import matplotlib as mpl
import numpy as np
import pytest

from helpers import display, figures


@pytest.fixture
def shown(monkeypatch):
    """What display() was given: a list of (data, metadata)."""
    outputs = []

    def record(thing, metadata=None, raw=False):
        outputs.append((thing if raw else {"text/markdown": thing.data}, metadata or {}))

    monkeypatch.setattr(display, "display", record)
    return outputs


# ---------------------------------------------------------------- words


def bars(order):
    fig, ax = figures.canvas(5, 2)
    names, values = ["one", "two", "three"], [1, 2, 30]
    words = figures.draw_bars(ax, [names[i] for i in order], [values[i] for i in order], "Counts", "tokens", null="two")
    return fig, ax, words


def test_bars_are_read_from_the_top():
    assert bars([0, 1, 2])[2] == "Counts (tokens), from the top: one 1; two 2; three 30."
    assert bars([2, 0, 1])[2] == "Counts (tokens), from the top: three 30; one 1; two 2."


def test_bars_drawn_wrong_are_told_wrong():
    _, ax, _ = bars([0, 1, 2])
    ax.patches[0].set_width(7)
    assert "one 7" in figures._bars_in_words(ax)
    ax.invert_yaxis()
    assert "from the top: three 30; two 2; one 7" in figures._bars_in_words(ax)


def test_histograms_say_where_most_values_lie():
    _, ax = figures.canvas(5, 3)
    samples = {"low": np.full(10, 0.15), "high": np.r_[np.full(3, 0.65), np.full(1, 0.95)]}
    words = figures.draw_histograms(ax, samples, np.linspace(0, 1, 11), "Two heaps", "size")
    assert "low: most values from 0.10 to 0.20 (100 %), half of them below 0.15" in words
    assert "high: most values from 0.60 to 0.70 (75 %)" in words
    outline = ax.patches[0].get_xy()
    ax.patches[0].set_xy(np.c_[1 - outline[:, 0], outline[:, 1]][::-1])  # the curve, drawn backwards
    assert "low: most values from 0.80 to 0.90" in figures._histograms_in_words(ax)


def test_pieces_are_read_from_left_to_right():
    _, ax = figures.canvas(5, 1)
    assert figures.draw_pieces(ax, [" un", "it"], "Cut", notes=[7, 8]) == "Cut, 2 pieces: `␣un` `it`"
    first, _, second, _ = ax.texts
    first.set_x(second.get_position()[0] + 1)
    assert figures._pieces_in_words(ax) == "Cut, 2 pieces: `it` `␣un`"


def ball(chosen_by):
    _, ax = figures.canvas(3, 3)
    pixels = figures.ball_pixels(61)
    chosen = chosen_by(pixels)
    colours = figures.colours_by_area(chosen)
    markers = np.array([[0, 0.5, 0.75**0.5], [0.5, -0.5, 0.5**0.5]])
    return figures.draw_ball(ax, chosen, {3: "north", 9: "south"}, colours, markers, "Ball", size=61), ax, colours


def test_balls_say_who_holds_each_state():
    words, ax, colours = ball(lambda p: np.where(p[:, 1] > -0.2, 3, 9))
    assert words.startswith("Ball: state 1 lies in `north`, state 2 lies in `south`. Its largest regions: `north` 6")
    assert colours[3] == figures.AREAS[0] and colours[9] == figures.AREAS[1]
    assert ax.get_aspect() == 1
    ax.images[0].set_data(ax.images[0].get_array()[::-1])  # the ball, upside down
    assert "state 1 lies in `south`, state 2 lies in `north`" in figures._ball_in_words(ax, ["north", "south"])


def test_a_balls_names_colours_and_numbers_stand_where_they_belong():
    _, ax, colours = ball(lambda p: np.where(p[:, 1] > -0.2, 3, 9))
    names = {text.get_text(): text.get_position() for text in ax.texts}
    assert names["north"][1] > -0.2 > names["south"][1]
    assert names["1"] == (0, 0.5) and names["2"] == (0.5, -0.5)
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines]
    assert dots == [(0, 0.5), (0.5, -0.5)]
    image = ax.images[0]
    painted = image.to_rgba(image.get_array())
    np.testing.assert_allclose(painted[10, 30, :3], matplotlib.colors.to_rgb(colours[3]))
    np.testing.assert_allclose(painted[50, 30, :3], matplotlib.colors.to_rgb(colours[9]))


def test_a_ball_is_not_its_mirror_image():
    words, ax, _ = ball(lambda p: np.where(p[:, 0] > 0.2, 3, 9))  # the east is north's, and marker 2 is in the east
    assert "state 1 lies in `south`, state 2 lies in `north`" in words
    assert "`south` 6" in words and ax.images[0].get_array()[30, 55] == 0


def test_bars_carry_their_values_and_the_null_its_hatch():
    _, ax, _ = bars([0, 1, 2])
    assert [text.get_text() for text in ax.texts] == ["1", "2", "30"]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True, False]


def test_pieces_keep_their_notes():
    _, ax = figures.canvas(5, 1)
    figures.draw_pieces(ax, ["a", "b"], "Cut", notes=[7, 8])
    assert [text.get_text() for text in ax.texts] == ["a", "7", "b", "8"]


def test_histograms_name_each_curve_beside_it():
    _, ax = figures.canvas(5, 3)
    rng = np.random.default_rng(0)
    samples = {"real": rng.normal(0.6, 0.1, 900), "null": rng.normal(0.4, 0.1, 900)}
    figures.draw_histograms(ax, samples, np.linspace(0, 1, 41), "Two", "size")
    places = {text.get_text().split("\n")[0]: text.xy[0] for text in ax.texts}
    assert places["null"] < 0.4 and places["real"] > 0.6
    assert [patch.get_linestyle()[1] is not None for patch in ax.patches] == [False, True]  # the null is dashed


def test_ball_pixels_are_a_half_sphere_seen_from_the_front():
    pixels = figures.ball_pixels(101)
    np.testing.assert_allclose(np.linalg.norm(pixels, axis=1), 1, atol=1e-6)
    assert (pixels[:, 2] >= 0).all() and pixels[0, 1] == 1  # line by line from the top
    assert len(pixels) == pytest.approx(np.pi / 4 * 101**2, rel=0.03)


# ---------------------------------------------------------------- showing them


def test_a_figure_is_shown_with_its_words_and_alt(shown):
    fig, _, words = bars([0, 1, 2])
    display.show(fig, words + " See `cat`.")
    (picture, metadata), (line, _) = shown
    assert metadata["image/png"]["alt"] == picture["text/plain"] == words + " See cat."
    assert line == {"text/markdown": f"*In words:* {words} See `cat`."}
    width, height = struct.unpack(">II", base64.b64decode(picture["image/png"])[16:24])
    assert (width, height) == (2 * metadata["image/png"]["width"], 2 * metadata["image/png"]["height"])


def test_the_same_figure_gives_the_same_bytes():
    assert display._png(bars([0, 1, 2])[0]) == display._png(bars([0, 1, 2])[0])


def test_a_slider_leaves_stills_and_a_line_and_redraws(shown):
    drawn = []

    def draw(value):
        drawn.append(value)
        fig, ax = figures.canvas(2, 1)
        return fig, figures.draw_pieces(ax, ["a"] * value, f"{value} letters")

    display.slider(draw, [1, 2, 3, 4], stills=[1, 4], label="letters")
    kinds = [next(iter(data)) for data, _ in shown]
    assert kinds[:4] == ["image/png", "text/markdown"] * 2 and drawn == [1, 4, 4]
    live, _ = shown[-1]
    assert live["text/plain"] == "A slider, letters: 1 to 4. Run this cell to move it."
    assert "application/vnd.jupyter.widget-view+json" in live


def test_a_live_slider_redraws_picture_and_words():
    def draw(value):
        fig, ax = figures.canvas(2, 1)
        return fig, figures.draw_pieces(ax, ["<a>"] * value, f"{value} letters")

    slider, picture, words = display._live(draw, [1, 2, 3, 4], 4, "letters").children
    assert words.value.startswith("<em>In words:</em> 4 letters")
    before = bytes(picture.value)
    slider.value = 2
    assert before != bytes(picture.value) and bytes(picture.value).startswith(b"\x89PNG")
    assert words.value == "<em>In words:</em> 2 letters, 2 pieces: &lt;a&gt; &lt;a&gt;"


def test_the_readers_matplotlib_is_left_alone():
    with mpl.rc_context({"font.size": 23, "axes.facecolor": "black"}):
        before = dict(mpl.rcParams)
        bars([0, 1, 2])
        assert dict(mpl.rcParams) == before
        _, ax = figures.canvas(2, 2)
        assert ax.get_facecolor() == (1, 1, 1, 1)
    assert not matplotlib.pyplot.get_fignums() if hasattr(matplotlib, "pyplot") else True


def test_token_table_shows_white_space_and_escapes_bars():
    table = display.token_table([" a", "|", "\n", "`", "\t"], [1, 2, 3, 4, 5]).data.splitlines()
    assert table[0] == "| `␣a` | `\\|` | `⏎` | `ˋ` | `⇥` |"
    assert table[2] == "| 1 | 2 | 3 | 4 | 5 |"


def test_the_palette_is_told_apart_by_lightness_or_hue():
    def rgb(colour):
        return np.array(matplotlib.colors.to_rgb(colour))

    # Deuteranopia (Machado, Oliveira & Fernandes 2009, severity 1): neighbours must stay apart in what is left.
    deutan = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]])
    seen = [deutan @ rgb(colour) for colour in figures.AREAS[:6]]
    closest = min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])
    assert closest > 0.1
