"""How do we draw it? Each function draws on an `ax`, computes nothing, and says in words what was drawn.

The words are read back from what stands on the axes, not from what came in: a curve drawn backwards, or bars in the
wrong order, would change them. The style holds inside these functions only; your own matplotlib is left alone.
"""

import functools

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.patheffects import withStroke
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from helpers.display import visible

# Paul Tol's "light" scheme for areas under black text, and his "bright" one for lines and bars: both are told apart
# with every common colour blindness (SRON/EPS/TN/09-002, 2021). Nothing is told by colour alone.
AREAS = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"]
GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"]
LINES = ["#4477AA", "#EE6677", "#228833", "#AA3377", "#BB8800"]
DASHES = ["-", "-.", (0, (1, 1)), (0, (7, 2, 1, 2, 1, 2)), (0, (9, 1))]
BLUE, RED, GREY = *LINES[:2], "#888888"

STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "figure.facecolor": "white",
    "text.usetex": False,
}


def styled(draw):
    """Run a drawing function in the project's style, whatever the reader has set."""

    @functools.wraps(draw)
    def inside(*args, **kwargs):
        with mpl.rc_context(mpl.rcParamsDefault | STYLE):
            return draw(*args, **kwargs)

    return inside


@styled
def canvas(width, height, columns=1, rows=1):
    """A new figure of width × height inches, and its axes: one, or an array of them."""
    fig = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06))
    return fig, fig.subplots(rows, columns)


def _label(ax, title, x_unit="", unit=""):
    """The title over the left edge, and the units of both axes; nothing in them is read as mathematics."""
    ax.set_title(title, loc="left", parse_math=False)
    ax.set_xlabel(x_unit, parse_math=False)
    ax.set_ylabel(unit, parse_math=False)


def _number(value):
    """Three significant digits; whole from 100 on, with commas."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rounded(values):
    """A format for these values: whole if they all are, else to a hundredth of the largest one's leading digit.

    So small values beside large ones are not given to digits that another machine may compute otherwise.
    """
    largest = np.abs(values).max()
    whole = (np.asarray(values) == np.round(values)).all()
    decimals = 0 if whole or largest == 0 else max(0, 2 - int(np.floor(np.log10(largest))))
    return lambda value: f"{value:,.{decimals}f}"


def _title(ax):
    return " ".join(ax.get_title(loc="left").split())


def _text_at(ax, place):
    """The text that stands by a point of the data."""
    return next(text.get_text() for text in ax.texts if np.array_equal(text.xy, place))


# ---------------------------------------------------------------- bars and histograms


@styled
def draw_bars(ax, names, values, title, unit, null=None):
    """Horizontal bars, first on top, each with its value at its end; the one named `null` is grey and hatched."""
    bars = ax.barh(range(len(names)), values, color=[GREY if name == null else BLUE for name in names], height=0.7)
    for bar, name in zip(bars, names, strict=True):
        bar.set_hatch("///" if name == null else "")
        bar.set_edgecolor("white")
    ax.bar_label(bars, fmt=_rounded(values), padding=4)
    ax.set_yticks(range(len(names)), [str(name) for name in names], parse_math=False)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    _label(ax, title, unit)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return _bars_in_words(ax)


def _bars_in_words(ax):
    labels = [label.get_text() for label in ax.get_yticklabels()]
    places = ax.get_yticks()
    bars = sorted(ax.patches, key=lambda bar: ax.transData.transform((0, bar.get_y()))[1], reverse=True)
    number = _rounded([bar.get_width() for bar in bars])
    said = [
        f"{labels[np.abs(places - bar.get_y() - bar.get_height() / 2).argmin()]} {number(bar.get_width())}"
        for bar in bars
    ]
    return f"{_title(ax)} ({ax.get_xlabel()}), from the top: {'; '.join(said)}."


@styled
def draw_intervals(ax, estimates, title, unit):
    """A dot and its interval for each name, first on top. `estimates` maps a name to (value, low, high)."""
    values, lows, highs = np.transpose(list(estimates.values()))
    places = range(len(values))
    ax.errorbar(values, places, xerr=[values - lows, highs - values], fmt="o", color=BLUE, capsize=4)
    ax.set_yticks(places, list(estimates), parse_math=False)
    ax.invert_yaxis()
    ax.grid(axis="x", color="#DDDDDD")
    _label(ax, title, unit)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return _intervals_in_words(ax)


def _intervals_in_words(ax):
    [container] = ax.containers
    dots, _, [bars] = container
    number = _rounded(dots.get_xdata())
    names = [label.get_text() for label in ax.get_yticklabels()]
    said = [
        f"{name} {number(x)} ({number(left)} to {number(right)})"
        for name, x, ((left, _), (right, _)) in zip(names, dots.get_xdata(), bars.get_segments(), strict=True)
    ]
    return f"{_title(ax)} ({ax.get_xlabel()}), from the top: {'; '.join(said)}."


@styled
def draw_histograms(ax, samples, bins, title, unit, log=False):
    """Two outlined histograms on one axis, each named beside its curve; the second, the null, is grey and dashed.

    `samples` maps a name to values, all of them within the edges `bins`. Heights are shares of a histogram's own
    values, in percent; `log` gives them a logarithmic axis, on which single values still show.
    """
    for (name, values), colour, line in zip(samples.items(), (BLUE, GREY), ("-", "--"), strict=True):
        weights = np.full(len(values), 100 / len(values))
        ax.hist(values, bins, weights=weights, histtype="step", color=colour, linestyle=line, linewidth=2, label=name)
    _label(ax, title, unit, "share (%), logarithmic" if log else "share (%)")
    if log:
        ax.set_yscale("log")
        ax.set_ylim(50 / max(map(len, samples.values())), 150)
        ax.yaxis.set_major_formatter("{x:g}")
    ax.figure.draw_without_rendering()  # names are placed by their extent on the page
    left, right = sorted(ax.patches, key=_middle)
    texts = [_name_beside(ax, right, 1, 0.7), _name_beside(ax, left, -1, 0.7)]
    if texts[1].get_window_extent().x0 < ax.bbox.x0:  # no room on the left: on the right, then
        texts[1].remove()
        texts[1] = _name_beside(ax, left, 1, 0.25 if log else 0.7)
        texts[1].set_va("bottom")
    low, high = sorted(texts, key=lambda text: text.get_window_extent().y0)
    under = low.get_window_extent().y1 - high.get_window_extent().y0
    if low.get_window_extent().overlaps(high.get_window_extent()):
        low.set_position(np.add(low.get_position(), (0, -(under + 3) * 72 / ax.figure.dpi)))
    return _histograms_in_words(ax)


def _name_beside(ax, patch, side, height):
    """A histogram's name left (-1) or right (1) of its outline, where that has come down to `height` of its top."""
    edges, heights = _steps(patch)
    reached = np.flatnonzero(heights > height * heights.max())
    bin, edge = (reached[0], reached[0]) if side < 0 else (reached[-1], reached[-1] + 1)
    return ax.annotate(
        f"{patch.get_label()}\n(half below {_number(_middle(patch))})",
        (edges[edge], heights[bin]),
        (10 * side, 0),
        textcoords="offset points",
        ha="right" if side < 0 else "left",
        va="center",
        parse_math=False,
    )


def _steps(patch):
    """Bin edges and heights of a step histogram, read from its outline."""
    outline = patch.get_xy()
    edges = np.unique(outline[:, 0])
    return edges, outline[1:-1:2, 1][: len(edges) - 1]


def _middle(patch):
    """The value below which half of a histogram lies, read from its outline."""
    edges, heights = _steps(patch)
    return np.interp(heights.sum() / 2, np.cumsum([0, *heights]), edges)


def _histograms_in_words(ax):
    said = []
    for patch in ax.patches:
        edges, heights = _steps(patch)
        top, filled = heights.argmax(), np.flatnonzero(heights)
        start, end, least, most = map(_number, edges[[top, top + 1, filled[0], filled[-1] + 1]])
        said.append(
            f"{patch.get_label()}: most values from {start} to {end} ({_number(heights[top])} %), "
            f"half of them below {_number(_middle(patch))}, all from {least} to {most}"
        )
    return f"{_title(ax)} ({ax.get_xlabel()}) {'. '.join(said)}."


# ---------------------------------------------------------------- curves, landscapes, groups, matrices, arrows


def _colours(names):
    if len(names) > len(LINES):
        raise ValueError(f"At most {len(LINES)} can be told apart in one picture; got {len(names)}.")
    return zip(names, LINES, "osD^v", DASHES, strict=False)


@styled
def draw_curves(ax, x, curves, title, x_unit, unit, null=None, log=False):
    """At most five curves over one x, each named at its right end; the one named `null` is grey and dashed.

    `log` gives x a logarithmic axis.
    """
    for name, colour, _, dashes in _colours([name for name in curves if name != null]):
        ax.plot(x, curves[name], linestyle=dashes, color=colour, linewidth=2, label=name)
    if null in curves:
        ax.plot(x, curves[null], "--", color=GREY, linewidth=2, label=null)
    _label(ax, title, x_unit, unit)
    if log:
        ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: _number(value))
    ax.set_xlim(x[0], x[-1])
    _name_ends(ax)
    return _curves_in_words(ax)


def _name_ends(ax):
    """Each curve's name at its right end; where the ends run together, a key beside the axes."""
    ends = sorted(ax.lines, key=lambda line: line.get_ydata()[-1])
    style = dict(textcoords="offset points", va="center", parse_math=False)
    texts = [
        ax.annotate(line.get_label(), np.transpose(line.get_data())[-1], (6, 0), color=line.get_color(), **style)
        for line in ends
    ]
    for _ in range(2):  # the names take room from the axes, which moves the ends
        ax.figure.draw_without_rendering()
        top = -np.inf
        for text in texts:  # from the lowest up, each lifted where it would touch the one below it
            text.set_position((6, 0))
            box = text.get_window_extent()
            lift = max(0, top - box.y0 + 1)
            text.set_position((6, lift * 72 / ax.figure.dpi))
            top = box.y1 + lift
    if max(text.get_position()[1] for text in texts) > 30:  # points: too far from its end to be taken for its name
        for text in texts:
            text.remove()
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, handlelength=3.5)


def _curves_in_words(ax):
    number = _rounded(np.concatenate([line.get_ydata() for line in ax.lines]))
    said = []
    for line in ax.lines:
        x, y = map(np.asarray, line.get_data())
        name = _text_at(ax, (x[-1], y[-1])) if ax.texts else line.get_label()
        low, high, half = y.argmin(), y.argmax(), len(y) // 2
        said.append(
            f"{' '.join(name.split())}: {number(y[0])} at first, "
            f"{number(y[half])} at {_number(x[half])}, {number(y[-1])} at last, "
            f"lowest {number(y[low])} at {_number(x[low])}, highest {number(y[high])} at {_number(x[high])}"
        )
    return f"{_title(ax)} ({ax.get_ylabel()}, by {ax.get_xlabel()}). {'. '.join(said)}."


@styled
def draw_landscape(ax, values, name, title, unit, n_named=3):
    """A dot for each token ID, its value as height; the highest `n_named` are ringed, and named by `name(id)`."""
    values = np.asarray(values)
    ax.plot(values, ".", markersize=1.5, color=BLUE)
    best = np.argsort(-values, kind="stable")[:n_named]
    ax.plot(best, values[best], "o", markersize=7, color="none", markeredgecolor="black")
    _label(ax, title, "token ID", unit)
    ax.xaxis.set_major_formatter(lambda value, _: _number(value))
    ax.set_xlim(-0.01 * len(values), 1.01 * len(values))
    ax.margins(y=0.15)
    ax.figure.draw_without_rendering()
    line = 13 * ax.figure.dpi / 72  # a line of text, in pixels
    top = np.inf
    for i in best:  # names one under the other, in the order of their values
        _, y = ax.transData.transform((i, values[i]))
        top = min(y, top - line)
        on_left = i > 0.7 * len(values)
        ax.annotate(
            f"{visible(name(i))}  {_number(values[i])}",
            (i, values[i]),
            ((-20 if on_left else 20), (top - y) * 72 / ax.figure.dpi),
            textcoords="offset points",
            ha="right" if on_left else "left",
            va="center",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            arrowprops=dict(arrowstyle="-", linewidth=0.6, shrinkA=0, shrinkB=3),
            parse_math=False,
        ).set_in_layout(False)
    return _landscape_in_words(ax)


def _landscape_in_words(ax):
    dots, rings = (np.transpose(line.get_data()) for line in ax.lines)
    ringed = [f"`{_text_at(ax, place).split('  ')[0]}` {_number(place[1])} (ID {place[0]:,.0f})" for place in rings]
    ids, heights = dots.T
    highest = ids[np.argsort(-heights, kind="stable")[: len(rings)]]
    return (
        f"{_title(ax)} ({ax.get_ylabel()}), {'highest' if np.isin(highest, rings).all() else 'ringed'}: "
        f"{', '.join(ringed)}; the median is {_number(np.median(heights))}, the lowest {_number(heights.min())}."
    )


@styled
def draw_groups(ax, points, names, groups, title):
    """Named points in the plane, a colour and a sign for each of at most five groups.

    `points` (n, 2), `names` and `groups`, the name of each point's group, belong together row by row.
    """
    points, groups = np.asarray(points), np.asarray(groups)
    for group, colour, sign, _ in _colours(list(dict.fromkeys(groups))):
        ax.plot(*points[groups == group].T, sign, color=colour, markersize=6, label=group)
    _label(ax, title)
    ax.set(xticks=[], yticks=[], aspect="equal", anchor="N")
    ax.spines[:].set_visible(False)
    ax.margins(0.12)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=9)
    _place_names(ax, points, names)
    return _groups_in_words(ax)


def _place_names(ax, points, names):
    """Each name beside its point, or farther off, in the first place that is free and within the figure."""
    ax.figure.draw_without_rendering()
    taken = [Bbox.from_bounds(*(ax.transData.transform(point) - 4), 8, 8) for point in points]
    for point, name in zip(points, names, strict=True):
        for far, right, up in PLACES:
            text = ax.annotate(
                name,
                point,
                (6 * far * right, 5 * far * up),
                textcoords="offset points",
                ha=("right", "center", "left")[right + 1],
                va=("top", "center", "bottom")[up + 1],
                fontsize=8.5,
                parse_math=False,
                arrowprops=dict(arrowstyle="-", linewidth=0.5, color=GREY, shrinkB=3) if far > 1 else None,
            )
            text.set_in_layout(False)  # names must not move the points that they stand by
            text.get_window_extent()  # brings the text to its place
            box = Text.get_window_extent(text)  # its extent without the line
            if not box.count_overlaps(taken) and _within(box, ax):
                taken.append(box)
                break
            text.remove()  # and where no place is free, the point stays without its name


def _within(box, ax):
    """Whether a box is clear of title and legend, above and below the axes, and inside the figure."""
    return ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1 and 0 <= box.x0 and box.x1 <= ax.figure.bbox.x1


# Where a name may stand, nearest first: how far off, right or left, up or down.
PLACES = [
    (far, right, up)
    for far in (1, 2.5, 4, 6)
    for right, up in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
]


def _groups_in_words(ax):
    points = np.concatenate([np.column_stack(line.get_data()) for line in ax.lines])
    group = np.concatenate([[line.get_label()] * len(line.get_xdata()) for line in ax.lines])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    same = group[distances.argmin(axis=1)] == group
    said = [f"{name} {same[group == name].sum()} of {(group == name).sum()}" for name in dict.fromkeys(group)]
    return f"{_title(ax)}, and how many have their own kind next to them: {', '.join(said)}."


@styled
def draw_matrix(ax, matrix, title, limit):
    """A square matrix (n, n) as coloured cells: red above zero, blue below, white at zero, full at ±`limit`."""
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    _label(ax, title)
    ax.set(xticks=[], yticks=[])
    beyond = "both" if np.abs(matrix).max() > limit else "neither"
    bar = ax.figure.colorbar(image, ax=ax, orientation="horizontal", shrink=0.8, extend=beyond)
    bar.outline.set_visible(False)
    return _matrix_in_words(ax)


def _matrix_in_words(ax):
    image = ax.images[0]
    matrix = image.get_array().data
    diagonal, others = np.diag(matrix), matrix[~np.eye(len(matrix), dtype=bool)]
    return (
        f"{_title(ax)}: {_number(diagonal.min())} to {_number(diagonal.max())} on the diagonal, "
        f"{_number(others.min())} to {_number(others.max())} off it (median {_number(np.median(others))}); "
        f"full colour at ±{_number(image.get_clim()[1])}."
    )


@styled
def draw_arrows(ax, vectors, names, title, state):
    """Vectors (n, 2) in the plane as named arrows from the origin, and a state z (2,) in red.

    A dotted line drops from each tip to its foot on the line of z: the dot product with z is the foot's place along
    z, negative behind the origin, times the size of z.
    """
    vectors, state = np.asarray(vectors), np.asarray(state)
    along = state / np.linalg.norm(state)
    feet = np.outer(vectors @ along, along)
    ax.axline((0, 0), along, color=RED, linewidth=0.8, zorder=0)
    for tip, foot in zip(vectors, feet, strict=True):
        ax.plot(*np.stack([tip, foot]).T, ":", color=GREY, linewidth=1.2)
    tips = np.vstack([vectors, state])
    ax.quiver(
        *np.zeros_like(tips.T), *tips.T, angles="xy", scale_units="xy", scale=1,
        color=[BLUE] * len(vectors) + [RED], units="inches", width=0.03,
    )  # fmt: skip
    # Names stand beside their arrows: z's own line goes on behind its tip.
    for tip, name, side in zip(tips, [*names, "z"], [10] * len(vectors) + [-10], strict=True):
        right, up = tip / np.linalg.norm(tip)
        offset = (4 * right - side * up, 4 * up + side * right)
        ax.annotate(name, tip, offset, textcoords="offset points", ha="center", va="center", parse_math=False)
    _label(ax, title)
    corners = np.vstack([tips, feet, (0, 0)])
    margin = 0.12 * np.ptp(corners, axis=0).max()
    (left, bottom), (right, top) = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    return _arrows_in_words(ax)


def _arrows_in_words(ax):
    arrows = next(artist for artist in ax.collections if isinstance(artist, Quiver))
    tips = arrows.get_offsets() + np.column_stack([arrows.U, arrows.V]) / arrows.scale
    feet = {tuple(line.get_xydata()[0]): line.get_xydata()[1] for line in ax.lines[1:]}
    said = []
    for tip in tips:
        foot = f", its foot at {_pair(feet[tuple(tip)])}" if tuple(tip) in feet else ""
        said.append(f"{_text_at(ax, tip)} to {_pair(tip)}{foot}")
    return f"{_title(ax)}, arrows from the origin: {'; '.join(said)}."


def _pair(place):
    return f"({', '.join(_number(round(float(x), 9) + 0.0) for x in place)})"


def plane_pixels(reach, size=240):
    """The points of a square picture of the plane, -reach to reach, line by line from the top: (size², 2)."""
    x, y = np.meshgrid(np.linspace(-reach, reach, size), np.linspace(reach, -reach, size))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@styled
def draw_regions(ax, chosen, points, names, title, state, reach):
    """The plane, coloured by which of at most eight targets is chosen at each point, the targets, and a state z.

    `chosen` (size²,) holds a row number of `points` (n, 2) for each row of `plane_pixels(reach)`.
    """
    size = round(len(chosen) ** 0.5)
    regions = np.reshape(chosen, (size, size))
    square = (-reach, reach, -reach, reach)
    palette = ListedColormap(AREAS[: len(points)])
    ax.imshow(regions, extent=square, cmap=palette, vmin=-0.5, vmax=len(points) - 0.5, interpolation="nearest")
    ax.imshow(_borders(regions), extent=square, interpolation="bilinear")
    halo = [withStroke(linewidth=2.5, foreground="white")]
    style = dict(parse_math=False, path_effects=halo)
    plane, chosen = plane_pixels(reach, size), np.ravel(chosen)
    for i, (name, place) in enumerate(zip(names, points, strict=True)):
        if (chosen == i).any():  # its name in the middle: not told by colour alone
            middle = plane[chosen == i].mean(axis=0)
            ax.text(*middle, name, fontsize=20, alpha=0.35, ha="center", va="center", parse_math=False)
        ax.plot(*place, "o", color=AREAS[i], markeredgecolor="black", markersize=7)
        ax.annotate(name, place, (7, 5), textcoords="offset points", gid="target", **style)
    ax.plot(*state, "D", color="black", markersize=6)
    ax.annotate("z", state, (7, -11), textcoords="offset points", gid="state", **style)
    ax.plot(0, 0, "+", color="black", markersize=8)
    _label(ax, title)
    ax.set(xticks=[], yticks=[], xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.spines[:].set_visible(False)
    return _regions_in_words(ax)


def _regions_in_words(ax):
    regions = ax.images[0].get_array()
    (left, right), size = ax.get_xlim(), len(regions)
    names = [text.get_text() for text in ax.texts if text.get_gid() == "target"]
    [state] = [text for text in ax.texts if text.get_gid() == "state"]
    column, row = np.rint((np.array(state.xy) - left) / (right - left) * (size - 1)).astype(int)
    shares = np.bincount(regions.ravel(), minlength=len(names)) / regions.size
    said = ", ".join(f"{name} {100 * share:.0f} %" for name, share in zip(names, shares, strict=True))
    owner = names[regions[size - 1 - row, column]]
    return f"{_title(ax)}: {state.get_text()} lies in the region of {owner}; shares {said}."


# ---------------------------------------------------------------- text cut into pieces


@styled
def draw_pieces(ax, pieces, title, notes=None):
    """A text as a row of boxes, one a piece, in reading order; under each its note (an ID, say)."""
    ax.set_axis_off()
    _label(ax, title)
    notes = [""] * len(pieces) if notes is None else [str(note) for note in notes]
    left = 0.0
    for piece, note in zip(pieces, notes, strict=True):
        width = max(len(visible(piece)), 0.9 * len(note)) + 0.9
        box = FancyBboxPatch(
            (left, 0), width, 1, boxstyle="round,pad=0,rounding_size=0.25", mutation_aspect=0.5,
            facecolor=AREAS[5], edgecolor="white", linewidth=1.5,
        )  # fmt: skip
        ax.add_patch(box)
        middle = left + width / 2
        ax.text(
            middle,
            0.5,
            visible(piece),
            ha="center",
            va="center",
            family="monospace",
            fontsize=11,
            gid="piece",
            parse_math=False,
        )
        ax.text(middle, -0.25, note, ha="center", va="top", fontsize=9, color="#333333")
        left += width + 0.15
    ax.set_xlim(-0.3, max(left, 46))
    ax.set_ylim(-0.9 if any(notes) else -0.1, 1.1)
    return _pieces_in_words(ax)


def _pieces_in_words(ax):
    pieces = sorted((text for text in ax.texts if text.get_gid() == "piece"), key=lambda text: text.get_position()[0])
    said = " ".join(f"`{text.get_text()}`" for text in pieces)
    return f"{_title(ax)}, {len(pieces)} piece{'s' * (len(pieces) != 1)}: {said}"


# ---------------------------------------------------------------- a ball, painted by who wins


def ball_pixels(size=280):
    """The visible half of a unit sphere, one row a pixel: directions (n, 3) as (right, up, towards you).

    `size` is the picture's side in pixels; rows run line by line from the top (orthographic view).
    """
    x, y, inside = _disc(size)
    return np.stack([x, y, np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))], axis=-1)[inside].astype(np.float32)


def _disc(size):
    side = np.linspace(-1, 1, size)
    x, y = np.meshgrid(side, -side)
    return x, y, x**2 + y**2 <= 1


def colours_by_area(*balls):
    """A colour for every ID in the given arrays of winners: the eight that win most get hues, the others greys."""
    ids, counts = np.unique(np.concatenate(balls), return_counts=True)
    order = ids[np.argsort(-counts, kind="stable")]
    return {int(i): AREAS[n] if n < len(AREAS) else GREYS[n % len(GREYS)] for n, i in enumerate(order)}


@styled
def draw_ball(ax, chosen, names, colours, markers, title, size=280):
    """A ball coloured by who wins at each visible point; says who holds each marker and the largest regions.

    `chosen` (n,) holds an ID for each row of `ball_pixels(size)`, `names` and `colours` map an ID to its name and
    its colour, `markers` (m, 3) are directions to mark with the numbers 1 to m.
    """
    x, y, inside = _disc(size)
    ids, place, counts = np.unique(chosen, return_inverse=True, return_counts=True)
    regions = np.full((size, size), -1)
    regions[inside] = place
    rim = Circle((0, 0), 1, facecolor="none", edgecolor="#555555", linewidth=1, zorder=4)
    palette = ListedColormap([colours[int(i)] for i in ids])
    # The IDs must not be blended where two regions meet; borders and light may.
    ids_at = dict(cmap=palette, vmin=-0.5, vmax=len(ids) - 0.5, interpolation="nearest")
    layers = [ax.imshow(np.ma.masked_less(regions, 0), extent=(-1, 1, -1, 1), **ids_at)]
    for overlay in (_borders(regions), *_light(x, y)):
        layers.append(ax.imshow(overlay, extent=(-1, 1, -1, 1), interpolation="bilinear", zorder=3))
    ax.add_patch(rim)
    for layer in layers:
        layer.set_clip_path(rim)  # the circle's edge is smooth; the pixels' edge is not
    ax.set(xlim=(-1.04, 1.04), ylim=(-1.04, 1.04), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title)
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for number, (right, up, _) in enumerate(markers, 1):
        ax.plot(right, up, "o", markersize=13, color="black", markeredgecolor="white", zorder=6, gid="marker")
        ax.text(
            right,
            up,
            str(number),
            color="white",
            fontsize=8.5,
            weight="bold",
            ha="center",
            va="center_baseline",
            zorder=7,
        )
    placed = []
    for i in np.argsort(-counts, kind="stable"):
        cx, cy = x[regions == i].mean(), y[regions == i].mean()
        for right, up, _ in markers:
            if np.hypot(right - cx, up - cy) < 0.2:  # clear of the marker: below it, or above where that fits better
                fits = [_fits(regions == i, cx, up + side) for side in (-0.17, 0.17)]
                cy = up + (0.17 if fits == [False, True] else -0.17)
        name, half = names[int(ids[i])], 0.02 * len(names[int(ids[i])])
        crowded = any(abs(cx - px) < half + other and abs(cy - py) < 0.1 for px, py, other in placed)
        if counts[i] < 0.012 * len(chosen) or np.hypot(abs(cx) + half, cy) > 1.02 or crowded:
            continue  # too small, too near the rim or too close to a larger region's name
        placed.append((cx, cy, half))
        fontsize = float(np.clip(4 + 22 * np.sqrt(counts[i] / len(chosen)), 7, 11))
        ax.text(cx, cy, name, fontsize=fontsize, ha="center", va="center", path_effects=halo, zorder=5)
    return _ball_in_words(ax, [names[int(i)] for i in ids])


def _fits(region, x, y):
    """Whether a line of text centred at (x, y) stays inside a region of the picture, a boolean (size, size)."""
    size = len(region)
    rows = [round((1 - y - up) / 2 * (size - 1)) for up in (-0.07, 0.07)]
    return bool(region[rows, round((x + 1) / 2 * (size - 1))].all())


def _borders(regions):
    """White where neighbouring pixels differ, softened over three pixels: an RGBA picture."""
    edge = np.zeros(regions.shape)
    for axis in (0, 1):
        step = (np.diff(regions, axis=axis) != 0).astype(float)
        ahead = np.insert(step, 0, 0, axis=axis)
        edge = np.maximum(edge, np.maximum(ahead, np.roll(ahead, -1, axis=axis)))
    return np.dstack([np.ones((*regions.shape, 3)), edge])


def _light(x, y):
    """The shade and the soft shine of a matt ball lit from the upper left: two RGBA pictures."""
    depth = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
    facing = np.clip(-0.45 * x + 0.55 * y + 0.7 * depth, 0, 1)
    black, white = np.zeros((*x.shape, 3)), np.ones((*x.shape, 3))
    return np.dstack([black, 0.22 * (1 - facing) ** 1.2]), np.dstack([white, 0.4 * facing**18])


def _ball_in_words(ax, names):
    regions = ax.images[0].get_array()
    size = len(regions)
    held = []
    for marker in (line for line in ax.lines if line.get_gid() == "marker"):
        right, up = marker.get_xdata()[0], marker.get_ydata()[0]
        column, row = round((right + 1) / 2 * (size - 1)), round((1 - up) / 2 * (size - 1))
        held.append(f"state {len(held) + 1} lies in `{names[regions[row, column]]}`")
    shares = np.bincount(regions.compressed(), minlength=len(names)) / regions.count()
    largest = [f"`{names[i]}` {100 * shares[i]:.0f} %" for i in np.argsort(-shares, kind="stable")[:4]]
    return f"{' '.join(ax.get_title().split())}: {', '.join(held)}. Its largest regions: {', '.join(largest)}."
