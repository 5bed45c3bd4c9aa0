"""Figures speak the truth: their words are read back from what was drawn, and travel with the picture."""

import base64
import struct
from io import BytesIO

import matplotlib
import matplotlib as mpl
import matplotlib.image
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
    assert "low: most values from 0.1 to 0.2 (100 %), half of them below 0.15, all from 0.1 to 0.2" in words
    assert "high: most values from 0.6 to 0.7 (75 %)" in words
    outline = ax.patches[0].get_xy()
    ax.patches[0].set_xy(np.c_[1 - outline[:, 0], outline[:, 1]][::-1])  # the curve, drawn backwards
    assert "low: most values from 0.8 to 0.9" in figures._histograms_in_words(ax)


def test_pieces_are_read_from_left_to_right():
    _, ax = figures.canvas(5, 1)
    assert figures.draw_pieces(ax, [" un", "it"], "Cut", notes=[7, 8]) == "Cut, 2 pieces: `␣un` `it`"
    first, _, second, _ = ax.texts
    first.set_x(second.get_position()[0] + 1)
    assert figures._pieces_in_words(ax) == "Cut, 2 pieces: `it` `␣un`"


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


def test_bars_may_be_named_by_numbers_dollars_and_be_large():
    _, ax = figures.canvas(5, 2)
    words = figures.draw_bars(ax, [7, "$a$"], [49_152, 0.12345], "Counts", "tokens")
    assert words == "Counts (tokens), from the top: 7 49,152; $a$ 0."
    assert [text.get_text() for text in ax.texts] == ["49,152", "0"]
    assert not any(label.get_parse_math() for label in ax.get_yticklabels())


def test_small_values_beside_large_ones_are_not_given_to_digits_that_noise_decides():
    _, ax = figures.canvas(5, 2)
    assert "a 77.3; b 0.7; c 0.0." in figures.draw_bars(ax, ["a", "b", "c"], [77.253, 0.6921, 0.0258], "P", "%")
    _, ax = figures.canvas(5, 2)
    assert "a 0.0250; b 0.0012." in figures.draw_bars(ax, ["a", "b"], [0.025, 0.001234], "P", "%")


def test_a_histogram_whose_first_bin_holds_half_has_its_middle_there():
    _, ax = figures.canvas(5, 3)
    samples = {"one": np.r_[np.full(6, 0.05), np.full(4, 0.55)], "other": np.full(10, 0.95)}
    words = figures.draw_histograms(ax, samples, np.linspace(0, 1, 11), "Two", "size")
    assert "one: most values from 0 to 0.1 (60 %), half of them below 0.0833, all from 0 to 0.6" in words


def test_a_logarithmic_histogram_shows_single_values_and_says_the_same():
    rng = np.random.default_rng(0)
    samples = {"real": np.r_[rng.normal(5, 0.3, 999), 9.05], "null": rng.normal(5, 0.1, 1000)}
    words = []
    for log in (False, True):
        _, ax = figures.canvas(5, 3)
        words.append(figures.draw_histograms(ax, samples, np.linspace(0, 10, 101), "Sizes", "size", log))
    assert words[0] == words[1] and "real: most values from 4.9 to 5 (" in words[0] and "to 9.1." in words[0]
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] < 0.1  # one value of a thousand is 0.1 %


def inside(ax, text):
    box, page = text.get_window_extent(), ax.figure.bbox
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1


def apart(texts):
    boxes = [mpl.text.Text.get_window_extent(text) for text in texts]
    return not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def curves(ax):
    values = {"up": np.array([1.0, 2, 4]), "down": np.array([5.0, 4, 4.01]), "null\nmedian": np.array([4.0, 4, 4.02])}
    return figures.draw_curves(ax, np.array([10, 2000, 3000]), values, "Size", "ID", "size", null="null\nmedian")


def test_curves_say_where_they_go_and_are_named_apart_at_their_ends():
    _, ax = figures.canvas(6, 3)
    words = curves(ax)
    assert words.startswith("Size (size, by ID). up: 1.00 at first, 2.00 at 2,000, 4.00 at last, lowest 1.00 at 10")
    assert "null median: 4.00 at first" in words
    assert len({line.get_linestyle() for line in ax.lines} | {line.get_color() for line in ax.lines}) >= 5
    assert len({str(line._dash_pattern) for line in ax.lines}) == 3  # never told by colour alone
    ax.figure.draw_without_rendering()
    assert apart(ax.texts) and all(inside(ax, text) for text in ax.texts)
    assert [text.get_text() for text in sorted(ax.texts, key=lambda text: text.get_window_extent().y0)] == [
        "up", "down", "null\nmedian",
    ]  # fmt: skip
    up = next(text for text in ax.texts if text.get_text() == "up")
    ax.lines[0].set_ydata([4, 2, 1])  # the curve, drawn backwards, and its name with it
    up.xy = (3000, 1)
    assert "up: 4.00 at first" in figures._curves_in_words(ax)
    up.set_text("other")
    assert "other: 4.00 at first" in figures._curves_in_words(ax)


def test_curves_that_end_in_one_place_have_a_key():
    _, ax = figures.canvas(6, 3)
    values = {name: np.array([0, n, 9]) for n, name in enumerate(["one", "two", "three", "four"], 1)}
    words = figures.draw_curves(ax, [0, 1, 2], values, "Together", "x", "y")
    assert not ax.texts and [text.get_text() for text in ax.get_legend().get_texts()] == list(values)
    assert "two: 0 at first, 2 at 1, 9 at last" in words


def test_more_curves_or_groups_than_can_be_told_apart_are_refused():
    _, ax = figures.canvas(6, 3)
    with pytest.raises(ValueError, match="At most 6 can be told apart"):
        figures.draw_curves(ax, [0, 1], {str(i): [0, i] for i in range(7)}, "Seven", "x", "y")
    with pytest.raises(ValueError, match="At most 6"):
        figures.draw_groups(ax, np.eye(7)[:, :2], list("abcdefg"), list("abcdefg"), "Seven")


def test_a_landscape_names_its_peaks_by_what_stands_there():
    _, ax = figures.canvas(6, 2)
    heights = np.linspace(-3, -1, 2000)
    heights[[7, 900]] = [2, 1]
    words = figures.draw_landscape(ax, heights, {7: " the", 900: "$x$", 1999: "z"}.get, "Out", "score")
    assert words == (
        "Out (score), highest: `␣the` 2 (ID 7), `$x$` 1 (ID 900), `z` -1 (ID 1,999); the median is -2, the lowest -3."
    )
    dots, rings = ax.lines
    assert rings.get_xydata().tolist() == [[7, 2], [900, 1], [1999, -1]]
    dots.set_ydata(-heights)
    assert "ringed: `␣the`" in figures._landscape_in_words(ax) and "lowest -2." in figures._landscape_in_words(ax)
    dots.set_ydata(heights)
    ax.texts[0].xy, ax.texts[1].xy = ax.texts[1].xy, ax.texts[0].xy  # names at each other's peaks
    assert "highest: `$x$` 2 (ID 7), `␣the` 1" in figures._landscape_in_words(ax)


def test_names_of_peaks_stand_apart_even_where_the_values_are_equal():
    _, ax = figures.canvas(6, 2)
    figures.draw_landscape(ax, [0, 0, 0, 0], str, "Flat", "score", n_named=4)
    ax.figure.draw_without_rendering()
    assert apart(ax.texts)


KINDS = ["far", "near", "nearer"]


def groups(spread):
    _, ax = figures.canvas(4, 4)
    rng = np.random.default_rng(0)
    middles = np.repeat([[0, 0], [10, 0], [10, 0.2]], 4, axis=0)
    points = middles + spread * rng.normal(size=(12, 2))
    names = [f"word {i}" for i in range(12)]
    return figures.draw_groups(ax, points, names, np.repeat(KINDS, 4), "Words"), ax, points


def test_groups_say_how_many_have_their_own_kind_next_to_them():
    said = "Words, and how many have their own kind next to them: "
    assert groups(0.01)[0] == said + "far 4 of 4, near 4 of 4, nearer 4 of 4."
    words, ax, points = groups(1.0)
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(12)
    same = (distances.argmin(axis=1) // 4 == np.arange(12) // 4).reshape(3, 4).sum(axis=1)
    assert words == said + ", ".join(f"{kind} {n} of 4" for kind, n in zip(KINDS, same, strict=True)) + "."
    assert same[1] < 4  # two of the groups do mix
    ax.lines[0].set_data(ax.lines[1].get_data())
    assert "far 0 of 4" in figures._groups_in_words(ax)


def test_names_of_points_overlap_neither_each_other_nor_a_point():
    _, ax, points = groups(1.0)
    assert len(ax.texts) == 12 and apart(ax.texts)
    places = ax.transData.transform(points)
    for text in ax.texts:
        box = mpl.text.Text.get_window_extent(text)
        assert not any(box.contains(*place) for place in places)
    assert {text.get_text(): tuple(text.xy) for text in ax.texts}["word 5"] == tuple(points[5])


def test_a_matrix_tells_its_diagonal_from_the_rest():
    _, ax = figures.canvas(4, 4)
    words = figures.draw_matrix(ax, np.array([[2.0, -1, 0], [-1, 3, 0.5], [0, 0.5, 4]]), "Table", 5)
    assert words == "Table: 2 to 4 on the diagonal, -1 to 0.5 off it (median 0); full colour at ±5."
    image = ax.images[0]
    assert image.get_clim() == (-5, 5) and image.to_rgba(np.zeros((1, 1)))[0, 0, :3] == pytest.approx(0.97, abs=0.01)
    red, _, blue = image.to_rgba(np.full((1, 1), 4.0))[0, 0, :3]
    assert red > blue  # red above zero
    image.set_data(image.get_array()[::-1])
    assert "on the diagonal" in figures._matrix_in_words(ax) and "2 to 4" not in figures._matrix_in_words(ax)
    image.set_clim(-9, 9)
    assert "full colour at ±9." in figures._matrix_in_words(ax)


def test_arrows_end_where_they_should_and_drop_to_the_line_of_the_state():
    _, ax = figures.canvas(4, 4)
    words = figures.draw_arrows(ax, np.array([[1.0, 2.0], [-1.0, 0.5]]), ["A", "B"], "Toy", np.array([2.0, 1.0]))
    assert words == (
        "Toy, arrows from the origin: A to (1, 2), its foot at (1.6, 0.8); B to (-1, 0.5), its foot at (-0.6, -0.3); "
        "z to (2, 1)."
    )
    _, *drops = ax.lines
    for drop, vector in zip(drops, [[1, 2], [-1, 0.5]], strict=True):
        tip, foot = np.transpose(drop.get_data())
        np.testing.assert_allclose(tip, vector)
        assert (tip - foot) @ [2, 1] == pytest.approx(0) and foot[0] == pytest.approx(2 * foot[1])
    assert ax.get_aspect() == 1
    ax.texts[0].xy, ax.texts[1].xy = ax.texts[1].xy, ax.texts[0].xy
    assert "B to (1, 2)" in figures._arrows_in_words(ax)


def test_intervals_say_each_value_and_its_ends():
    _, ax = figures.canvas(5, 2)
    words = figures.draw_intervals(ax, {"one": (45.4, 39, 52), "two": (7.1, 6.9, 8)}, "Agree", "%")
    assert words == "Agree (%), from the top: one 45.4 (39.0 to 52.0); two 7.1 (6.9 to 8.0)."
    assert ax.yaxis_inverted()
    [container] = ax.containers
    container[0].set_xdata([46, 7])
    assert "one 46 (39 to 52); two 7 (7 to 8)" in figures._intervals_in_words(ax)


# ---------------------------------------------------------------- showing them


def test_a_figure_is_shown_with_its_words_and_alt(shown):
    fig, _, words = bars([0, 1, 2])
    display.show(fig, words + " See `cat`.")
    (picture, metadata), (line, _) = shown
    assert metadata["image/png"]["alt"] == picture["text/plain"] == words + " See cat."
    assert line == {"text/markdown": f"*In words:* {words} See `cat`."}
    width, height = struct.unpack(">II", base64.b64decode(picture["image/png"])[16:24])
    assert (width, height) == (2 * metadata["image/png"]["width"], 2 * metadata["image/png"]["height"])


def test_laying_out_first_changes_nothing_in_the_picture():
    pictures = []
    for save in (display.png, plainly_saved):
        _, ax = figures.canvas(6, 3)
        curves(ax)
        pictures.append(mpl.image.imread(BytesIO(save(ax.figure))))
    np.testing.assert_array_equal(*pictures)


def plainly_saved(fig):
    buffer = BytesIO()
    fig.savefig(buffer, format="png", dpi=display.DPI)
    return buffer.getvalue()


def test_the_same_figure_gives_the_same_bytes():
    assert display.png(bars([0, 1, 2])[0]) == display.png(bars([0, 1, 2])[0])


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


@pytest.mark.parametrize(
    "setting",
    [
        {"savefig.facecolor": "black"}, {"savefig.bbox": "tight"}, {"savefig.transparent": True},
        {"axes.unicode_minus": False}, {"xtick.labelsize": 30}, {"font.sans-serif": ["DejaVu Serif"]},
    ],
    ids=lambda setting: next(iter(setting)),
)  # fmt: skip
def test_the_readers_settings_do_not_change_a_picture(setting):
    def picture():
        fig, ax = figures.canvas(4, 2)
        figures.draw_curves(ax, [0, 1], {"a": [-1, 2]}, "A", "x", "y")
        return display.png(fig)

    sound = picture()
    with mpl.rc_context(setting):
        assert picture() == sound


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


# ---------------------------------------------------------------- densities, angles and sizes, strips


def test_a_logarithmic_curve_is_told_in_two_digits_and_a_level_one_once():
    _, ax = figures.canvas(6, 3)
    curves = {"falling": np.array([23_456, 345, 1]), "level": np.array([7, 7, 7])}
    words = figures.draw_curves(ax, [1, 10, 100], curves, "Rank", "layer", "rank", log="xy")
    assert (
        "falling: 23,000 at first, 340 at 10, 1 at last, lowest 1 at 100, highest 23,000 at 1. level: 7 throughout."
        in words
    )
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_curves_that_end_in_one_point_keep_their_own_names():
    _, ax = figures.canvas(6, 3)
    words = figures.draw_curves(ax, [0, 1], {"rising": np.array([0, 5]), "falling": np.array([9, 5])}, "A", "x", "y")
    assert "rising: 0 at first" in words and "falling: 9 at first" in words


def test_densities_say_how_far_the_dots_are_from_the_line():
    _, ax = figures.canvas(6, 3)
    edges, x = np.array([0, 1, 2, 3]), np.linspace(0, 3, 7)
    shares = {"flat": np.array([1.0, 1, 1.25]), "tent": np.array([0, 3.0, 1])}
    lines = {"flat": np.ones(7), "tent": np.maximum(0, 2 - np.abs(x - 2))}
    words = figures.draw_densities(ax, edges, shares, x, lines, "Shares", "degrees", "%")
    assert words == (
        "Shares (%, by degrees). flat: the line's top is 1, at least half of it from 0 to 3; no dot is more than 0.25 "
        "from it. tent: the line's top is 2, at least half of it from 1 to 3; no dot is more than 1.5 from it."
    )
    ax.lines[1].set_ydata(np.array([1, 1, 3]))
    assert "flat: the line's top is 1, at least half of it from 0 to 3; no dot is more than 2 from it" in (
        figures._densities_in_words(ax)
    )
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["flat", "tent"]
    assert [line.get_color() for line in ax.lines] == [figures.LINES[n] for n in (0, 0, 1, 1)]
    np.testing.assert_array_equal(ax.lines[3].get_xydata(), [(0.5, 0), (1.5, 3), (2.5, 1)])


def angles_and_sizes():
    _, ax = figures.canvas(6, 4)
    angles, sizes = np.array([60.0, 80, 90, 100]), np.array([2.0, 4, 5, 8])
    named = {0: "$near$", 3: "large"}
    return figures.draw_angles_and_sizes(ax, angles, sizes, named, [-5, 0, 5], 10, "All", (50, 120)), ax


def test_angles_and_sizes_name_what_is_ringed():
    words, ax = angles_and_sizes()
    assert words == (
        "All: 4 targets, half of them beyond 85.0°, with sizes from 2.0 to 8.0. Ringed: `$near$` at 60.0° with size "
        "2.0; `large` at 100.0° with size 8.0. Lines of equal logit at -5, 0, 5."
    )
    dots, *_, rings = ax.lines
    np.testing.assert_array_equal(dots.get_xydata(), [(60, 2), (80, 4), (90, 5), (100, 8)])
    assert ax.get_xlim() == (50, 120)
    rings.set_data([80, 100], [4, 8])  # a ring around another dot: its name is not there
    assert "Ringed: `…` at 80.0° with size 4.0; `large`" in figures._angles_and_sizes_in_words(ax)
    dots.set_ydata(np.array([2, 4, 5, 9]))
    assert "from 2.0 to 9.0" in figures._angles_and_sizes_in_words(ax)


def test_every_point_of_a_line_of_equal_logit_has_that_logit():
    _, ax = angles_and_sizes()
    for line in ax.lines[1:-1]:
        angles, sizes = line.get_data()
        np.testing.assert_allclose(10 * sizes * np.cos(np.radians(angles)), float(line.get_label()), atol=1e-9)
        assert sizes.max() >= 8 and (sizes >= 0).all()  # it goes on to the top
        [number] = [text for text in ax.texts if text.xy == (angles[0], sizes[0])]
        assert number.get_text() == f"logit {line.get_label()}"


def test_strips_say_who_holds_each_stretch():
    _, ax = figures.canvas(6, 2)
    x = np.linspace(0, 1, 5)
    strips = {"straight": [" a", " a", "b", "b", "b"], "round": [" a", "c", "b", "b", "b"]}
    words = figures.draw_strips(ax, x, strips, "Who wins", "share")
    assert words == (
        "Who wins (share). straight: `␣a` up to 0.38, `b` up to 1.00. "
        "round: `␣a` up to 0.12, `c` up to 0.38, `b` up to 1.00."
    )
    assert ax.yaxis_inverted()
    bars = {(round(bar.get_y() + 0.4), bar.get_gid()): bar for bar in ax.patches}
    assert len({bar.get_facecolor() for (_, name), bar in bars.items() if name == "b"}) == 1
    assert len({bar.get_facecolor() for bar in bars.values()}) == 3
    for text in ax.texts:  # each text in its own stretch
        x, row = text.get_position()
        bar = bars[row, text.get_text().replace("␣", " ")]
        assert bar.get_x() < x < bar.get_x() + bar.get_width()
    bars[0, "b"].set_width(0.1)
    assert "`b` up to 0.47" in figures._strips_in_words(ax)


def test_a_strip_keeps_out_what_does_not_fit_and_more_holders_than_hues():
    _, ax = figures.canvas(4, 1.5)
    figures.draw_strips(ax, np.linspace(0, 1, 5), {"one": ["W" * 30, "b", "b", "b", "b"]}, "Who wins", "share")
    assert [text.get_text() for text in ax.texts] == ["b"]
    with pytest.raises(ValueError, match="At most 12 holders"):
        figures.draw_strips(ax, np.arange(13), {"one": [str(n) for n in range(13)]}, "Who wins", "share")


def test_a_flat_top_is_told_by_its_first_place_whatever_rounding_does():
    for tilt in (0, 1e-7, -1e-7):
        _, ax = figures.canvas(6, 3)
        dip = np.array([24, 21.5, 24 + tilt])
        assert "highest 24.0 at 0" in figures.draw_curves(ax, [0, 1, 2], {"dip": dip}, "Size", "t", "size")


# ---------------------------------------------------------------- what has no place in a picture


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "draw",
    [
        lambda ax, x: figures.draw_bars(ax, ["a", "b"], [1.0, x], "T", "u"),
        lambda ax, x: figures.draw_intervals(ax, {"a": (1.0, 0.5, x)}, "T", "u"),
        lambda ax, x: figures.draw_histograms(ax, {"a": [1.0, x], "b": [1.0, 2.0]}, [0, 1, 2], "T", "u"),
        lambda ax, x: figures.draw_curves(ax, [0, 1], {"a": np.array([1.0, x])}, "T", "u", "v"),
        lambda ax, x: figures.draw_matrix(ax, np.array([[1.0, x], [0, 1]]), "T", 1.0),
        lambda ax, x: figures.draw_arrows(ax, np.array([[1.0, x]]), ["a"], "T", None),
    ],
)
def test_what_is_not_finite_is_refused_in_a_sentence(draw, bad):
    _, ax = figures.canvas(3, 3)
    with pytest.raises(ValueError, match=r"draw_\w+ got NaN or infinity, which has no place in a picture"):
        draw(ax, bad)
