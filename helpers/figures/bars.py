"""What stands in rows and columns? Bars, intervals, stretches of a way, histograms, pieces of a text, a matrix.

As everywhere in this room, a function draws on an `ax`, computes nothing, and notes how its words are read back.
"""

import numpy as np
from matplotlib.patches import FancyBboxPatch

from helpers.figures.style import AREAS, BLUE, GREY, GREYS, label, styled, write
from helpers.figures.words import extremes, rounded, say, short, title_of, visible


def _name_rows(ax, names):
    """A name at the left of each row, first on top."""
    ax.set_yticks(range(len(names)), [str(name) for name in names], parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _rows(ax, names, values, ends, number):
    """The clauses and the text of one value, with its ends, for each row from the top."""
    said = "; ".join(f"{name} {number(value)}{end}" for name, value, end in zip(names, values, ends, strict=True))
    return extremes(names, values, number), f"{title_of(ax)} ({ax.get_xlabel()}), from the top: {said}."


@styled
def draw_bars(ax, names, values, title, unit, null=None, limit=None):
    """Horizontal bars, first on top, each with its value at its end; the one named `null` is grey and hatched.

    The axis goes to the longest bar, or to `limit`: under a slider, the same for all its pictures.
    """
    colours, hatches = zip(*((GREY, "///") if name == null else (BLUE, "") for name in names), strict=True)
    bars = ax.barh(range(len(names)), values, height=0.7, color=colours, hatch=hatches, edgecolor="white")
    ax.bar_label(bars, fmt=rounded(values), padding=4)
    _name_rows(ax, names)
    ax.set_xlim(0, 1.12 * (limit or np.max(values)))
    label(ax, title, unit)
    say(ax, "bar chart", _read_bars)


def _read_bars(ax):
    labels, places = [text.get_text() for text in ax.get_yticklabels()], ax.get_yticks()
    bars = sorted(ax.patches, key=lambda bar: -ax.transData.transform((0, bar.get_y()))[1])
    names = [labels[np.abs(places - bar.get_y() - bar.get_height() / 2).argmin()] for bar in bars]
    values = [bar.get_width() for bar in bars]
    return _rows(ax, names, values, [""] * len(bars), rounded(values))


@styled
def draw_intervals(ax, estimates, title, unit):
    """A dot and its interval for each name, first on top. `estimates` maps a name to (value, low, high)."""
    values, lows, highs = np.transpose(list(estimates.values()))
    places = range(len(values))
    ax.errorbar(values, places, xerr=[values - lows, highs - values], fmt="o", color=BLUE, capsize=4)
    ax.set_ylim(-0.5, len(values) - 0.5)
    _name_rows(ax, estimates)
    ax.grid(axis="x", color="#DDDDDD")
    label(ax, title, unit)
    say(ax, "interval chart", _read_intervals)


def _read_intervals(ax):
    [(dots, _, [bars])] = ax.containers
    values = dots.get_xdata()
    number = rounded(values)
    names = [" ".join(text.get_text().split()) for text in ax.get_yticklabels()]
    ends = [f" ({number(left)} to {number(right)})" for (left, _), (right, _) in bars.get_segments()]
    return _rows(ax, names, values, ends, number)


@styled
def draw_strips(ax, x, strips, title, x_unit):
    """Who holds each stretch of a way, as one strip for each name: `strips` maps it to a text for each point of x.

    A text is written into its stretch where it fits, and has one hue in all strips; at most twelve texts.
    """
    texts = list(dict.fromkeys(text for strip in strips.values() for text in strip))
    hues = dict(zip(texts, AREAS + GREYS, strict=False))
    if len(texts) > len(hues):
        raise ValueError(f"At most {len(hues)} holders can be told apart in one picture; got {len(texts)}.")
    ends = np.concatenate([x[:1], np.add(x[1:], x[:-1]) / 2, x[-1:]])
    written = []
    for row, strip in enumerate(strips.values()):
        starts = [n for n, text in enumerate(strip) if n == 0 or text != strip[n - 1]]
        for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
            left, width = ends[start], ends[stop] - ends[start]
            [bar] = ax.barh(row, width, 0.8, left, color=hues[strip[start]], edgecolor="white", gid=strip[start])
            written.append((write(ax, (left + width / 2, row), visible(strip[start])), bar))
    _name_rows(ax, strips)
    ax.set_xlim(x[0], x[-1])
    label(ax, title, x_unit)
    ax.figure.draw_without_rendering()  # what fits is known once all has its place
    for text, bar in written:
        if text.get_window_extent().width > bar.get_window_extent().width:
            text.remove()
    say(ax, "strip chart", _read_strips)


def _read_strips(ax):
    clauses, said = [], []
    for place, name in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        bars = sorted((bar for bar in ax.patches if round(bar.get_y() + 0.4) == place), key=lambda bar: bar.get_x())
        holders = [f"`{visible(bar.get_gid())}`" for bar in bars]
        ends = [f"{bar.get_x() + bar.get_width():.2f}" for bar in bars]
        clauses.append(f"{name.get_text()}: {', '.join(holders)}")
        held = [f"{holder} up to {end}" for holder, end in zip(holders, ends, strict=True)]
        said.append(f"{name.get_text()}: {', '.join(held)}")
    return clauses, f"{title_of(ax)} ({ax.get_xlabel()}). {'. '.join(said)}."


@styled
def draw_histograms(ax, samples, bins, title, unit, log=False):
    """Two outlined histograms on one axis, each named beside its curve; the second, the null, is grey and dashed.

    `samples` maps a name to values, all of them within the edges `bins`. Heights are shares of a histogram's own
    values, in percent; `log` gives them a logarithmic axis, on which single values still show.
    """
    for (name, values), colour, line in zip(samples.items(), (BLUE, GREY), ("-", "--"), strict=True):
        weights = np.full(len(values), 100 / len(values))
        ax.hist(values, bins, weights=weights, histtype="step", color=colour, linestyle=line, linewidth=2, label=name)
    label(ax, title, unit, "share (%), logarithmic" if log else "share (%)")
    if log:
        ax.set_yscale("log")
        ax.set_ylim(50 / max(map(len, samples.values())), 150)
        ax.yaxis.set_major_formatter("{x:g}")
    ax.figure.draw_without_rendering()  # names are placed by their extent on the page
    left, right = sorted(ax.patches, key=_middle)
    texts = [_name_beside(ax, right, 1, 0.7), _name_beside(ax, left, -1, 0.7)]
    texts[1].set_va("bottom")  # over its own rise
    if texts[1].get_window_extent().x0 < ax.bbox.x0:  # no room on the left: on the right, then
        texts[1].remove()
        texts[1] = _name_beside(ax, left, 1, 0.25 if log else 0.7)
        texts[1].set_va("bottom")
    low, high = sorted(texts, key=lambda text: text.get_window_extent().y0)
    under = low.get_window_extent().y1 - high.get_window_extent().y0
    if low.get_window_extent().overlaps(high.get_window_extent()):
        low.set_position(np.add(low.get_position(), (0, -(under + 3) * 72 / ax.figure.dpi)))
    say(ax, "histogram", _read_histograms)


def _name_beside(ax, patch, side, height):
    """A histogram's name left (-1) or right (1) of its outline, where that has come down to `height` of its top."""
    edges, heights = _steps(patch)
    bin = np.flatnonzero(heights > height * heights.max())[0 if side < 0 else -1]
    place, name = (edges[bin + (side > 0)], heights[bin]), f"{patch.get_label()}\n(half below {short(_middle(patch))})"
    return write(ax, place, name, (10 * side, 0), ha="right" if side < 0 else "left")


def _steps(patch):
    """Bin edges and heights of a step histogram, read from its outline."""
    outline = patch.get_xy()
    edges = np.unique(outline[:, 0])
    return edges, outline[1:-1:2, 1][: len(edges) - 1]


def _middle(patch):
    """The value below which half of a histogram lies, read from its outline."""
    edges, heights = _steps(patch)
    return np.interp(heights.sum() / 2, np.cumsum([0, *heights]), edges)


def _read_histograms(ax):
    clauses, said = [], []
    for patch in ax.patches:
        edges, heights = _steps(patch)
        top, filled = heights.argmax(), np.flatnonzero(heights)
        start, end, least, most = map(short, edges[[top, top + 1, filled[0], filled[-1] + 1]])
        name, half = " ".join(patch.get_label().split()), f"below {short(_middle(patch))}"
        clauses.append(f"half of {name} {half}")
        said.append(
            f"{name}: most values from {start} to {end} ({short(heights[top])}%), half of them {half}, "
            f"all from {least} to {most}"
        )
    return clauses, f"{title_of(ax)} ({ax.get_xlabel()}) {'. '.join(said)}."


@styled
def draw_pieces(ax, pieces, title, notes=None):
    """A text as a row of boxes, one a piece, in reading order; under each its note (an ID, say)."""
    ax.set_axis_off()
    label(ax, title)
    notes = [""] * len(pieces) if notes is None else [str(note) for note in notes]
    left = 0.0
    for piece, note in zip(map(visible, pieces), notes, strict=True):
        width = max(len(piece), 0.9 * len(note)) + 0.9
        style = dict(boxstyle="round,pad=0,rounding_size=0.25", mutation_aspect=0.5, linewidth=1.5)
        ax.add_patch(FancyBboxPatch((left, 0), width, 1, facecolor=AREAS[5], edgecolor="white", **style))
        middle = left + width / 2
        write(ax, (middle, 0.5), piece, family="monospace", fontsize=11, gid="piece")
        write(ax, (middle, -0.25), note, va="top", fontsize=9, color="#333333")
        left += width + 0.15
    ax.set_xlim(-0.3, max(left, 46))
    ax.set_ylim(-0.9 if any(notes) else -0.1, 1.1)
    say(ax, "boxed text", _read_pieces)


def _read_pieces(ax):
    texts = sorted((text for text in ax.texts if text.get_gid() == "piece"), key=lambda text: text.xy[0])
    number = f"{len(texts)} piece{'s' * (len(texts) != 1)}"
    pieces = " ".join(f"`{text.get_text()}`" for text in texts)
    return [number, pieces], f"{title_of(ax)}, {number}: {pieces}"
