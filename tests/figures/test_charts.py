"""Rows, columns, lines and points stand where they should, and their words are read back from what was drawn."""

import matplotlib as mpl
import numpy as np
import pytest

from helpers import figures
from helpers.figures import canvas, words_of

CURVES = {"up": np.array([1.0, 2, 4]), "down": np.array([5.0, 4, 4.01]), "null\nmedian": np.array([4.0, 4, 4.02])}
RANKS = {"falling": np.array([23_456, 345, 1]), "level": np.array([7, 7, 7])}
HEAPS = {"low": np.r_[np.full(6, 0.05), np.full(4, 0.55)], "high": np.r_[np.full(3, 0.65), 0.95]}
STRIPS = {"straight": [" a", " a", "b", "b", "b"], "round": [" a", "c", "b", "b", "b"]}
ANGLES, SIZES, RINGED = np.array([60.0, 80, 90, 100]), np.array([2.0, 4, 5, 8]), {0: "$near$", 3: "big"}

KINDS = {
    "bars": (
        lambda ax: figures.draw_bars(ax, ["one", "two", "three"], [1, 2, 30], "Counts", "tokens", null="two"),
        "Bar chart: Counts: largest three 30; smallest one 1.",
        "Counts (tokens), from the top: one 1; two 2; three 30.",
    ),
    "intervals": (
        lambda ax: figures.draw_intervals(ax, {"one": (45.4, 39, 52), "two": (7.1, 6.9, 8)}, "Agree", "%"),
        "Interval chart: Agree: largest one 45.4; smallest two 7.1.",
        "Agree (%), from the top: one 45.4 (39.0 to 52.0); two 7.1 (6.9 to 8.0).",
    ),
    "strips": (
        lambda ax: figures.draw_strips(ax, np.linspace(0, 1, 5), STRIPS, "Who wins", "share"),
        "Strip chart: Who wins: straight: `␣a`, `b`; round: `␣a`, `c`, `b`.",
        "Who wins (share). straight: `␣a` up to 0.38, `b` up to 1.00. "
        "round: `␣a` up to 0.12, `c` up to 0.38, `b` up to 1.00.",
    ),
    "histograms": (
        lambda ax: figures.draw_histograms(ax, HEAPS, np.linspace(0, 1, 11), "Two heaps", "size"),
        "Histogram: Two heaps: half of low below 0.0833; half of high below 0.667.",
        "Two heaps (size) low: most values from 0 to 0.1 (60%), half of them below 0.0833, all from 0 to 0.6. "
        "high: most values from 0.6 to 0.7 (75%), half of them below 0.667, all from 0.6 to 1.",
    ),
    "pieces": (
        lambda ax: figures.draw_pieces(ax, [" un", "it"], "Cut", notes=[7, 8]),
        "Boxed text: Cut: 2 pieces; `␣un` `it`.",
        "Cut, 2 pieces: `␣un` `it`",
    ),
    "curves": (
        lambda ax: figures.draw_curves(ax, [10, 2000, 3000], CURVES, "Size", "ID", "size", null="null\nmedian"),
        "Line chart: Size: up from 1.00 to 4.00; down from 5.00 to 4.01; null median from 4.00 to 4.02.",
        "Size (size, by ID). up: 1.00 at first, 2.00 at 2,000, 4.00 at last, lowest 1.00 at 10, highest 4.00 at 3,000. "
        "down: 5.00 at first, 4.00 at 2,000, 4.01 at last, lowest 4.00 at 2,000, highest 5.00 at 10. "
        "null median: 4.00 at first, 4.00 at 2,000, 4.02 at last, lowest 4.00 at 10, highest 4.02 at 3,000.",
    ),
    "ranks": (
        lambda ax: figures.draw_curves(ax, [1, 10, 100], RANKS, "Rank", "layer", "rank", log="xy"),
        "Line chart: Rank: falling from 23,000 to 1; level stays at 7.",
        "Rank (rank, by layer). falling: 23,000 at first, 340 at 10, 1 at last, lowest 1 at 100, highest 23,000 at 1. "
        "level: 7 throughout.",
    ),
    "angles": (
        lambda ax: figures.draw_angles_and_sizes(ax, ANGLES, SIZES, RINGED, [-5, 0, 5], 10, "All", (50, 120)),
        "Scatter plot: All: `$near$` at 60.0° with size 2.0; half of all beyond 85.0°; `big` at 100.0° with size 8.0.",
        "All: 4 targets, half of them beyond 85.0°, with sizes from 2.0 to 8.0. Ringed: `$near$` at 60.0° with size "
        "2.0; `big` at 100.0° with size 8.0. Lines of equal logit at -5, 0, 5.",
    ),
}


def backwards(patch):
    patch.set_xy(np.c_[1 - patch.get_xy()[:, 0], patch.get_xy()[:, 1]][::-1])


CHANGES = [
    ("bars", lambda ax: ax.patches[0].set_width(7), "from the top: one 7; two"),
    ("bars", lambda ax: ax.invert_yaxis(), "from the top: three 30; two 2; one 1"),
    ("intervals", lambda ax: ax.containers[0][0].set_xdata([46, 7]), "one 46 (39 to 52); two 7 (7 to 8)"),
    ("strips", lambda ax: ax.patches[1].set_width(0.1), "`b` up to 0.47. round"),
    ("histograms", lambda ax: backwards(ax.patches[0]), "low: most values from 0.9 to 1 "),
    ("pieces", lambda ax: setattr(ax.texts[0], "xy", (60, 0)), "pieces: `it` `␣un`"),
    ("curves", lambda ax: ax.lines[1].set_ydata([4.0, 4, 4.01]), "down: 4.00 at first"),
    ("curves", lambda ax: named(ax, "up").set_text("other"), "other: 1.00 at first"),
    ("angles", lambda ax: ax.lines[-1].set_data([80, 100], [4, 8]), "Ringed: `…` at 80.0° with size 4.0; `big`"),
    ("angles", lambda ax: ax.lines[0].set_ydata(SIZES + 1), "from 3.0 to 9.0"),
]


def drawn(name):
    _, ax = canvas(6, 3)
    assert KINDS[name][0](ax) is None
    return ax


def values(ax):
    return words_of(ax.figure)[1]


def named(ax, name):
    return next(text for text in ax.texts if text.get_text() == name)


def apart(texts):
    texts[0].figure.draw_without_rendering()
    boxes = [mpl.text.Text.get_window_extent(text) for text in texts]
    return not any(box.count_overlaps(boxes[:i]) for i, box in enumerate(boxes))


@pytest.mark.parametrize("name", KINDS)
def test_words_are_read_from_the_picture(name):
    assert words_of(drawn(name).figure) == KINDS[name][1:]


@pytest.mark.parametrize("name, change, said", CHANGES)
def test_a_changed_picture_changes_the_words(name, change, said):
    ax = drawn(name)
    change(ax)
    assert said in values(ax)


@pytest.mark.parametrize(
    "values, said", [([49_152, 0.12345], ["49,152", "0"]), ([77.253, 0.6921, 0.0258], ["77.3", "0.7", "0.0"])]
)
def test_small_values_beside_large_ones_are_not_given_to_digits_that_noise_decides(values, said):
    _, ax = canvas(5, 2)
    figures.draw_bars(ax, [7, "$a$", "b"][: len(values)], values, "P", "%")
    assert [text.get_text() for text in ax.texts] == said and f" 7 {said[0]}; $a$ {said[1]}" in words_of(ax.figure)[1]


def test_bars_carry_their_values_the_null_its_hatch_and_pieces_their_notes():
    assert [text.get_text() for text in drawn("pieces").texts] == ["␣un", "7", "it", "8"]
    ax = drawn("bars")
    assert [text.get_text() for text in ax.texts] == ["1", "2", "30"]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True, False]
    assert not any(label.get_parse_math() for label in ax.get_yticklabels()) and ax.yaxis_inverted()
    _, ax = canvas(6, 3)
    figures.draw_bars(ax, ["one", "two"], [20, 80], "Shares", "%", limit=100)
    assert ax.get_xlim() == pytest.approx((0, 112))


def test_strips_have_one_hue_a_text_each_in_its_own_stretch():
    ax = drawn("strips")
    bars = {(round(bar.get_y() + 0.4), bar.get_gid()): bar for bar in ax.patches}
    assert len({bar.get_facecolor() for (_, name), bar in bars.items() if name == "b"}) == 1
    assert len({bar.get_facecolor() for bar in bars.values()}) == 3
    for text in ax.texts:
        x, row = text.xy
        bar = bars[row, text.get_text().replace("␣", " ")]
        assert bar.get_x() < x < bar.get_x() + bar.get_width()


def test_what_does_not_fit_stays_out_and_what_could_not_be_told_apart_is_refused():
    _, ax = canvas(4, 1.5)
    figures.draw_strips(ax, np.linspace(0, 1, 5), {"one": ["W" * 30, "b", "b", "b", "b"]}, "Who wins", "share")
    assert [text.get_text() for text in ax.texts] == ["b"]
    with pytest.raises(ValueError, match="At most 12 holders"):
        figures.draw_strips(ax, np.arange(13), {"one": [str(n) for n in range(13)]}, "Who wins", "share")
    with pytest.raises(ValueError, match="At most 6 can be told apart"):
        figures.draw_curves(ax, [0, 1], {str(i): [0, i] for i in range(7)}, "Seven", "x", "y")


def test_histograms_are_named_beside_them_and_show_single_values_on_a_logarithmic_axis():
    rng = np.random.default_rng(0)
    samples = {"real": np.r_[rng.normal(6, 1, 999), 9.95], "null": rng.normal(4, 1, 1000)}
    fig, axes = canvas(9, 3, columns=2)
    for ax, log in zip(axes, (False, True), strict=True):
        figures.draw_histograms(ax, samples, np.linspace(0, 10, 41), "Two", "size", log)
        places = {text.get_text().split("\n")[0]: text.xy[0] for text in ax.texts}
        assert places["null"] < 4 and places["real"] > 6 and apart(ax.texts)
        assert [patch.get_linestyle()[1] is not None for patch in ax.patches] == [False, True]  # the null is dashed
    said = words_of(fig)[1]
    assert said[: len(said) // 2] == said[len(said) // 2 + 1 :]
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] < 0.1  # one value of a thousand is 0.1%


def test_curves_are_named_apart_at_their_ends_and_told_by_more_than_colour():
    ax = drawn("curves")
    assert len({line.get_color() for line in ax.lines}) == len({str(line._dash_pattern) for line in ax.lines}) == 3
    ax.figure.draw_without_rendering()
    boxes, page = [mpl.text.Text.get_window_extent(text) for text in ax.texts], ax.figure.bbox
    assert apart(ax.texts) and all(ax.bbox.x1 < box.x0 and page.contains(*box.max) for box in boxes)
    assert [ax.texts[i].get_text() for i in np.argsort([box.y0 for box in boxes])] == ["up", "down", "null\nmedian"]
    assert [tuple(named(ax, name).xy) for name in CURVES] == [(3000, 4), (3000, 4.01), (3000, 4.02)]
    # A name stays by its curve: at most three lines off, and joined to its end.
    assert all(text.arrow_patch is not None and abs(text.get_position()[1]) <= 30 for text in ax.texts)
    for text in [named(ax, name) for name in CURVES]:
        red, green, blue = ((x + 0.055) / 1.055 for x in mpl.colors.to_rgb(text.get_color()))
        assert 1.05 / (0.2126 * red**2.4 + 0.7152 * green**2.4 + 0.0722 * blue**2.4 + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_curves_that_end_in_one_place_have_a_key_or_their_own_names():
    _, ax = canvas(6, 3)
    together = {name: np.array([0, n, 9]) for n, name in enumerate(["one", "_two", "$three$", "four"], 1)}
    figures.draw_curves(ax, [0, 1, 2], together, "Together", "x", "y")
    assert not ax.texts and [text.get_text() for text in ax.get_legend().get_texts()] == list(together)
    assert "_two: 0 at first, 2 at 1, 9 at last" in values(ax)
    _, ax = canvas(6, 3)
    figures.draw_curves(ax, [0, 1], {"rising": np.array([0, 5]), "falling": np.array([9, 5])}, "A", "x", "y")
    assert "rising: 0 at first" in values(ax) and "falling: 9 at first" in values(ax)
    assert drawn("ranks").get_yscale() == drawn("ranks").get_xscale() == "log"


@pytest.mark.parametrize("tilt", [0, 1e-7, -1e-7])
def test_a_flat_top_is_told_by_its_first_place_whatever_rounding_does(tilt):
    _, ax = canvas(6, 3)
    figures.draw_curves(ax, [0, 1, 2], {"dip": np.array([24, 21.5, 24 + tilt])}, "Size", "t", "size")
    assert "highest 24.0 at 0" in values(ax)


def test_every_point_of_a_line_of_equal_logit_has_that_logit():
    ax = drawn("angles")
    dots, *levels, _ = ax.lines
    np.testing.assert_array_equal(dots.get_xydata(), np.column_stack([ANGLES, SIZES]))
    assert ax.get_xlim() == (50, 120)
    for line in levels:
        angles, sizes = line.get_data()
        np.testing.assert_allclose(10 * sizes * np.cos(np.radians(angles)), float(line.get_label()), atol=1e-9)
        assert sizes.max() >= 8 and (sizes >= 0).all()  # it goes on to the top
        assert named(ax, f"logit {line.get_label()}").xy == (angles[0], sizes[0])


def test_groups_say_how_many_have_their_own_kind_next_to_them_and_name_each_point():
    _, ax = canvas(4, 4)
    points = np.repeat([[0, 0], [10, 0], [10, 0.2]], 4, axis=0) + np.random.default_rng(0).normal(size=(12, 2))
    kinds, names = ["far", "near", "nearer"], [f"word {i}" for i in range(12)]
    figures.draw_groups(ax, points, names, np.repeat(kinds, 4), "Words")
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(12)
    same = (distances.argmin(axis=1) // 4 == np.arange(12) // 4).reshape(3, 4).sum(axis=1)
    assert same[0] == 4 > same[1]  # two of the groups do mix
    counts = ", ".join(f"{kind} {n} of 4" for kind, n in zip(kinds, same, strict=True))
    sentence = f"Scatter plot: Words: {same.sum()} of 12 have their own kind next to them."
    assert words_of(ax.figure) == (sentence, f"Words, and how many have their own kind next to them: {counts}.")
    boxes = [mpl.text.Text.get_window_extent(text) for text in ax.texts]
    assert apart(ax.texts) and all(named(ax, name).xy == tuple(p) for name, p in zip(names, points, strict=True))
    assert not any(box.contains(*place) for place in ax.transData.transform(points) for box in boxes)
    ax.lines[0].set_data(ax.lines[1].get_data())
    assert "far 0 of 4" in values(ax)
