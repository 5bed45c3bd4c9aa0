"""How do we draw it? Each function draws on an `ax`, computes nothing, and says in words what was drawn.

The words are read back from what stands on the axes, not from what came in: a curve drawn backwards, or bars in the
wrong order, would change them. The style holds inside these functions only; your own matplotlib is left alone.
"""

import functools

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import withStroke
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from helpers.display import visible

# Paul Tol's "light" scheme for areas under black text, and his "bright" one for lines and bars: both are told apart
# with every common colour blindness (SRON/EPS/TN/09-002, 2021). Nothing is told by colour alone.
AREAS = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"]
GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"]
LINES = ["#4477AA", "#EE6677", "#228833", "#AA3377", "#BB8800", "#222222"]
DASHES = ["-", "-.", (0, (1, 1)), (0, (7, 2, 1, 2, 1, 2)), (0, (9, 1)), (0, (3, 1, 1, 1, 1, 1))]
SIGNS = "osD^vP"
BLUE, RED, GREY = *LINES[:2], "#888888"
HALO = [withStroke(linewidth=2.5, foreground="white")]  # keeps a text readable over what is drawn

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
        for value in (*args, *kwargs.values()):
            if not all(map(_finite, value.values() if isinstance(value, dict) else [value])):
                raise ValueError(f"{draw.__name__} got NaN or infinity, which has no place in a picture. Leave it out.")
        with mpl.rc_context(mpl.rcParamsDefault | STYLE):
            return draw(*args, **kwargs)

    return inside


def _finite(value):
    """False where a value holds numbers that are not finite; whatever holds no numbers passes."""
    if not isinstance(value, float | list | tuple | np.ndarray):
        return True
    try:
        return bool(np.isfinite(np.asarray(value, float)).all())
    except (TypeError, ValueError):  # names, functions, arrays beside names
        return True


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


def _rough(value):
    """Two significant digits, with commas: where no more can be read from the picture, or trusted."""
    return f"{float(f'{value:.2g}') + 0.0:,.12g}"


def _rounded(values):
    """A format for these values: whole if they all are, else to a hundredth of the largest one's leading digit.

    So small values beside large ones are not given to digits that another machine may compute otherwise.
    """
    largest = np.abs(values).max()
    whole = (np.asarray(values) == np.round(values)).all()
    decimals = 0 if whole or largest == 0 else max(0, 2 - int(np.floor(np.log10(largest))))
    return lambda value: f"{round(float(value), decimals) + 0.0:,.{decimals}f}"


def _title(ax):
    return " ".join((ax.get_title(loc="left") or ax.get_title()).split())


def _key(ax, handles, names, **style):
    """A legend without a frame, in whose names nothing is read as mathematics and no first "_" hides one."""
    key = ax.legend(handles, names, frameon=False, **style)
    for text in key.get_texts():
        text.set_parse_math(False)


def _text_at(ax, place, colour="black"):
    """The text of a colour that stands by a point of the data."""
    texts = (text for text in ax.texts if np.array_equal(text.xy, place))
    return next(text.get_text() for text in texts if text.get_color() == colour)


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
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.grid(axis="x", color="#DDDDDD")
    _label(ax, title, unit)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return _intervals_in_words(ax)


def _intervals_in_words(ax):
    [container] = ax.containers
    dots, _, [bars] = container
    number = _rounded(dots.get_xdata())
    names = [" ".join(label.get_text().split()) for label in ax.get_yticklabels()]
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
            f"{' '.join(patch.get_label().split())}: most values from {start} to {end} ({_number(heights[top])} %), "
            f"half of them below {_number(_middle(patch))}, all from {least} to {most}"
        )
    return f"{_title(ax)} ({ax.get_xlabel()}) {'. '.join(said)}."


# ---------------------------------------------------------------- curves, landscapes, groups, matrices, arrows


def _colours(names):
    if len(names) > len(LINES):
        raise ValueError(f"At most {len(LINES)} can be told apart in one picture; got {len(names)}.")
    return zip(names, LINES, SIGNS, DASHES, strict=False)


@styled
def draw_curves(ax, x, curves, title, x_unit, unit, null=None, log=""):
    """At most six curves over one x, each named at its right end; the one named `null` is grey and dashed.

    `log` names the axes that are logarithmic: "x", "y" or "xy".
    """
    for name, colour, _, dashes in _colours([name for name in curves if name != null]):
        ax.plot(x, curves[name], linestyle=dashes, color=colour, linewidth=2, label=name)
    if null in curves:
        ax.plot(x, curves[null], "--", color=GREY, linewidth=2, label=null)
    _label(ax, title, x_unit, unit)
    ax.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
    for axis in [ax.xaxis, ax.yaxis] if "y" in log else [ax.xaxis]:
        axis.set_major_formatter(lambda value, _: _number(value))
        axis.set_minor_formatter("")
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
        names = [line.get_label() for line in ax.lines]
        _key(ax, ax.lines, names, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=3.5)


def _curves_in_words(ax):
    number = _rounded(np.concatenate([line.get_ydata() for line in ax.lines]))
    if ax.get_yscale() == "log":
        number = _rough
    said = []
    for line in ax.lines:
        x, y = map(np.asarray, line.get_data())
        name = _text_at(ax, (x[-1], y[-1]), line.get_color()) if ax.texts else line.get_label()
        low, high, half = _first_peak(-y), _first_peak(y), len(y) // 2
        course = (
            f"{number(y[0])} at first, {number(y[half])} at {_number(x[half])}, {number(y[-1])} at last, "
            f"lowest {number(y[low])} at {_number(x[low])}, highest {number(y[high])} at {_number(x[high])}"
        )
        level = number(y[low]) == number(y[high])
        said.append(f"{' '.join(name.split())}: {f'{number(y[0])} throughout' if level else course}")
    return f"{_title(ax)} ({ax.get_ylabel()}, by {ax.get_xlabel()}). {'. '.join(said)}."


def _first_peak(y):
    """The first place of the largest value; what is equal but for rounding counts as equal on every machine."""
    return np.flatnonzero(y >= y.max() - 1e-5 * np.ptp(y))[0]


@styled
def draw_densities(ax, edges, shares, x, densities, title, x_unit, unit):
    """What was counted, as dots, over what theory says, as lines, for at most six names.

    `shares` maps a name to a height for each bin of `edges`, `densities` the same name to a height for each of `x`.
    """
    middles = (np.add(edges[1:], edges[:-1])) / 2
    for name, colour, sign, dashes in _colours(shares):
        ax.plot(x, densities[name], linestyle=dashes, color=colour, linewidth=1.2, label=name)
        ax.plot(middles, shares[name], sign, color=colour, markersize=4, markerfacecolor="none")
    _label(ax, title, x_unit, unit)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    _key(ax, list(zip(ax.lines[::2], ax.lines[1::2], strict=True)), list(shares), loc="upper right", handlelength=3.5)
    return _densities_in_words(ax)


def _densities_in_words(ax):
    said = []
    for theory, dots in zip(ax.lines[::2], ax.lines[1::2], strict=True):
        (x, heights), (middles, counted) = theory.get_data(), dots.get_data()
        high = x[heights >= heights.max() / 2]
        off = np.abs(counted - np.interp(middles, x, heights)).max()
        said.append(
            f"{theory.get_label()}: the line's top is {_rough(heights.max())}, at least half of it from "
            f"{_number(high[0])} to {_number(high[-1])}; no dot is more than {_rough(off)} from it"
        )
    return f"{_title(ax)} ({ax.get_ylabel()}, by {ax.get_xlabel()}). {'. '.join(said)}."


@styled
def draw_angles_and_sizes(ax, angles, sizes, named, levels, radius, title, span):
    """A dot for each target: its angle to a state, in degrees, and its size; with lines of equal logit.

    `named` maps the row numbers to be ringed to their names. Each of `levels` is a line: all the places where
    radius · size · cos(angle) is that logit. The angles shown go from span[0] to span[1].
    """
    top = 1.1 * max(sizes)
    ax.plot(angles, sizes, ".", color=BLUE, markersize=2, alpha=0.3, markeredgewidth=0)
    for level in levels:
        _draw_level(ax, level, radius, top, span)
    ids = list(named)
    ax.plot(angles[ids], sizes[ids], "o", markersize=7, color="none", markeredgecolor="black")
    _label(ax, title, "angle to the state (degrees)", "size of the target")
    ax.set(xlim=span, ylim=(0, top))
    _place_names(ax, np.column_stack([angles[ids], sizes[ids]]), list(named.values()))
    return _angles_and_sizes_in_words(ax)


def _draw_level(ax, level, radius, top, span):
    """One line of equal logit, from its side of the picture up to the top, and its number where it begins."""
    edge = span[level < 0]
    theta = np.linspace(edge, np.degrees(np.arccos(level / (radius * top))), 400)
    if level == 0:
        theta, sizes = np.array([90, 90]), np.array([0, top])
    else:
        sizes = level / (radius * np.cos(np.radians(theta)))
    ax.plot(theta, sizes, "--", color="#555555", linewidth=0.8, label=_number(level))
    ax.annotate(
        f"logit {_number(level)}", (theta[0], sizes[0]), (-3 if level < 0 else 3, 3), textcoords="offset points",
        ha="right" if level < 0 else "left", fontsize=8, color="#333333", gid="level", parse_math=False,
    )  # fmt: skip


def _angles_and_sizes_in_words(ax):
    dots, *levels, rings = ax.lines
    angles, sizes = dots.get_data()
    names = {tuple(text.xy): text.get_text() for text in ax.texts if text.get_gid() != "level"}
    said = [f"`{names.get((x, y), '…')}` at {x:.1f}° with size {y:.1f}" for x, y in rings.get_xydata()]
    lines = ", ".join(line.get_label() for line in levels)
    return (
        f"{_title(ax)}: {len(angles):,} targets, half of them beyond {np.median(angles):.1f}°, with sizes from "
        f"{sizes.min():.1f} to {sizes.max():.1f}. Ringed: {'; '.join(said)}. Lines of equal logit at {lines}."
    )


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
            name = visible(strip[start])
            written.append((ax.text(left + width / 2, row, name, ha="center", va="center", parse_math=False), bar))
    ax.set_yticks(range(len(strips)), list(strips), parse_math=False)
    ax.invert_yaxis()
    ax.set_xlim(x[0], x[-1])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    _label(ax, title, x_unit)
    ax.figure.draw_without_rendering()  # what fits is known once all has its place
    for text, bar in written:
        if text.get_window_extent().width > bar.get_window_extent().width:
            text.remove()
    return _strips_in_words(ax)


def _strips_in_words(ax):
    said = []
    for place, name in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        bars = sorted((bar for bar in ax.patches if round(bar.get_y() + 0.4) == place), key=lambda bar: bar.get_x())
        held = [f"`{visible(bar.get_gid())}` up to {bar.get_x() + bar.get_width():.2f}" for bar in bars]
        said.append(f"{name.get_text()}: {', '.join(held)}")
    return f"{_title(ax)} ({ax.get_xlabel()}). {'. '.join(said)}."


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
            path_effects=HALO,
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
    """Named points in the plane, a colour and a sign for each of at most six groups.

    `points` (n, 2), `names` and `groups`, the name of each point's group, belong together row by row.
    """
    points, groups = np.asarray(points), np.asarray(groups)
    for group, colour, sign, _ in _colours(list(dict.fromkeys(groups))):
        ax.plot(*points[groups == group].T, sign, color=colour, markersize=6, label=group)
    _label(ax, title)
    ax.set(xticks=[], yticks=[], aspect="equal", anchor="N")
    ax.spines[:].set_visible(False)
    ax.margins(0.12)
    names_of_groups = [line.get_label() for line in ax.lines]
    _key(ax, ax.lines, names_of_groups, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, fontsize=9)
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
