"""How do we draw it? Each function draws on an `ax`, computes nothing, and says in words what was drawn.

The words are read back from what stands on the axes, not from what came in: a curve drawn backwards, or bars in the
wrong order, would change them. The style holds inside these functions only; your own matplotlib is left alone.
"""

import functools
from itertools import product

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from helpers.display import visible

# Paul Tol's "light" scheme for areas under black text, and his "bright" one for lines and bars: both are told apart
# with every common colour blindness (SRON/EPS/TN/09-002, 2021). Nothing is told by colour alone.
AREAS = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"]
GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"]
LINES = ["#4477AA", "#EE6677", "#228833", "#AA3377", "#BB8800"]
BLUE, RED, GREY = *LINES[:2], "#888888"

STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
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


# ---------------------------------------------------------------- bars and histograms


@styled
def draw_bars(ax, names, values, title, unit, null=None):
    """Horizontal bars, first on top, each with its value at its end; the one named `null` is grey and hatched."""
    names = [str(name) for name in names]  # numbers would become places on the axis
    bars = ax.barh(names, values, color=[GREY if name == null else BLUE for name in names], height=0.7)
    for bar, name in zip(bars, names, strict=True):
        bar.set_hatch("///" if name == null else "")
        bar.set_edgecolor("white")
    ax.bar_label(bars, fmt=_number, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_title(title, loc="left")
    ax.set_xlabel(unit)
    ax.tick_params(axis="y", length=0)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.spines["left"].set_visible(False)
    return _bars_in_words(ax)


def _number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _bars_in_words(ax):
    labels = [label.get_text() for label in ax.get_yticklabels()]
    places = ax.get_yticks()
    bars = sorted(ax.patches, key=lambda bar: ax.transData.transform((0, bar.get_y()))[1], reverse=True)
    said = [
        f"{labels[np.abs(places - bar.get_y() - bar.get_height() / 2).argmin()]} {_number(bar.get_width())}"
        for bar in bars
    ]
    return f"{ax.get_title(loc='left')} ({ax.get_xlabel()}), from the top: {'; '.join(said)}."


@styled
def draw_histograms(ax, samples, bins, title, unit, log=False):
    """Two outlined histograms on one axis, each named beside its curve; the second, the null, is grey and dashed.

    `samples` maps a name to values, all of them within the bins. Heights are shares of a histogram's own values, in
    percent; `log` gives them a logarithmic axis, on which single values still show.
    """
    for (name, values), colour, line in zip(samples.items(), (BLUE, GREY), ("-", "--"), strict=True):
        weights = np.full(len(values), 100 / len(values))
        ax.hist(values, bins, weights=weights, histtype="step", color=colour, linestyle=line, linewidth=2, label=name)
    ax.set_title(title, loc="left")
    ax.set_xlabel(unit)
    ax.set_ylabel("share (%)")
    if log:
        ax.set_yscale("log")
        ax.set_ylim(50 / max(map(len, samples.values())), 150)
        ax.set_ylabel("share (%), logarithmic")
        ax.yaxis.set_major_formatter("{x:g}")
    ax.figure.draw_without_rendering()  # names are placed by their extent on the page
    leftmost = min(ax.patches, key=_middle)
    for patch in ax.patches:
        text = _name_beside(ax, patch, -1, 0.7) if patch is leftmost else _name_beside(ax, patch, 1, 0.7)
        if text.get_window_extent().x0 < ax.bbox.x0:  # no room on the left: on the right, then
            text.remove()
            _name_beside(ax, patch, 1, 0.25 if log else 0.7).set_va("bottom")
    return _histograms_in_words(ax)


def _name_beside(ax, patch, side, height):
    """A histogram's name left (-1) or right (1) of its outline, where that has come down to `height` of its top."""
    edges, heights = _steps(patch)
    reached = np.flatnonzero(heights > height * heights.max())
    bin, edge = (reached[0], reached[0]) if side < 0 else (reached[-1], reached[-1] + 1)
    return ax.annotate(
        f"{patch.get_label()}\n(half below {_middle(patch):.2f})",
        (edges[edge], heights[bin]),
        (10 * side, 0),
        textcoords="offset points",
        ha="right" if side < 0 else "left",
        va="center",
    )


def _steps(patch):
    """Bin edges and heights of a step histogram, read from its outline."""
    outline = patch.get_xy()
    heights = outline[1:-1:2, 1]
    return np.unique(outline[:, 0]), heights[: len(np.unique(outline[:, 0])) - 1]


def _middle(patch):
    """The value below which half of a histogram lies, read from its outline."""
    edges, heights = _steps(patch)
    return np.interp(heights.sum() / 2, np.cumsum([0, *heights]), edges)


def _histograms_in_words(ax):
    said = []
    for patch in ax.patches:
        edges, heights = _steps(patch)
        top, filled = heights.argmax(), np.flatnonzero(heights)
        said.append(
            f"{patch.get_label()}: most values from {edges[top]:.2f} to {edges[top + 1]:.2f} ({heights[top]:.0f} %), "
            f"half of them below {_middle(patch):.2f}, all from {edges[filled[0]]:.2f} to {edges[filled[-1] + 1]:.2f}"
        )
    return f"{ax.get_title(loc='left')} ({ax.get_xlabel()}) {'. '.join(said)}."


# ---------------------------------------------------------------- curves, clouds and matrices


@styled
def draw_curves(ax, x, curves, title, x_unit, unit, null=None):
    """Curves over one x, each named at its right end; the one named `null` is grey and dashed."""
    colours = iter(LINES)
    for name, values in curves.items():
        colour, dashes = (GREY, "--") if name == null else (next(colours), "-")
        ax.plot(x, values, dashes, color=colour, linewidth=2, label=name)
    ax.set_title(title, loc="left")
    ax.set_xlabel(x_unit)
    ax.set_ylabel(unit)
    ax.xaxis.set_major_formatter(lambda value, _: _number(value))
    ax.set_xlim(x[0], x[-1])
    _name_ends(ax)
    return _curves_in_words(ax)


def _name_ends(ax):
    """Each curve's name at its right end, from the lowest up, lifted where it would touch the one below it."""
    ends = sorted(ax.lines, key=lambda line: line.get_ydata()[-1])
    style = dict(textcoords="offset points", va="center", parse_math=False)
    texts = [
        ax.annotate(line.get_label(), np.transpose(line.get_data())[-1], (6, 0), color=line.get_color(), **style)
        for line in ends
    ]
    for _ in range(2):  # the names take room from the axes, which moves the ends
        ax.figure.draw_without_rendering()
        top = -np.inf
        for text in texts:
            text.set_position((6, 0))
            box = text.get_window_extent()
            lift = max(0, top - box.y0 + 1)
            text.set_position((6, lift * 72 / ax.figure.dpi))
            top = box.y1 + lift


def _curves_in_words(ax):
    said = []
    for line in ax.lines:
        x, y = map(np.asarray, line.get_data())
        low, high = y.argmin(), y.argmax()
        said.append(
            f"{' '.join(line.get_label().split())}: {y[0]:.2f} at first, lowest {y[low]:.2f} at {_number(x[low])}, "
            f"highest {y[high]:.2f} at {_number(x[high])}, {y[-1]:.2f} at last"
        )
    return f"{ax.get_title(loc='left')} ({ax.get_ylabel()}, by {ax.get_xlabel()}). {'. '.join(said)}."


@styled
def draw_landscape(ax, values, name, title, unit, n_named=3):
    """A dot for each token ID, its value as height; the highest `n_named` are ringed, and named by `name(id)`."""
    ax.plot(values, ".", markersize=1.5, color=BLUE)
    best = np.argsort(-np.asarray(values), kind="stable")[:n_named]
    ax.plot(best, values[best], "o", markersize=7, color="none", markeredgecolor="black", gid="named")
    ax.set_title(title, loc="left")
    ax.set_xlabel("token ID")
    ax.set_ylabel(unit)
    ax.xaxis.set_major_formatter(lambda value, _: _number(value))
    ax.set_xlim(-0.01 * len(values), 1.01 * len(values))
    ax.margins(y=0.15)
    span, height = np.ptp(values), np.inf
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for i in best:
        height = min(values[i], height - 0.13 * span)  # names one under the other, in the order of their values
        ax.annotate(
            f"{visible(name(i))}  {values[i]:.2f}", (i, values[i]), (i + 0.025 * len(values), height), va="center",
            path_effects=halo, arrowprops=dict(arrowstyle="-", linewidth=0.6, shrinkA=0, shrinkB=3), parse_math=False,
        )  # fmt: skip
    return _landscape_in_words(ax)


def _landscape_in_words(ax):
    dots, named = ax.lines
    height = dots.get_ydata()
    said = [
        f"`{text.get_text().split('  ')[0]}` {height[int(i)]:.2f} (ID {int(i):,})"
        for text, i in zip(ax.texts, named.get_xdata(), strict=True)
    ]
    return (
        f"{ax.get_title(loc='left')} ({ax.get_ylabel()}), highest: {', '.join(said)}; "
        f"half of all below {np.median(height):.2f}, the lowest {height.min():.2f}."
    )


@styled
def draw_groups(ax, points, names, groups, title):
    """Named points in the plane, a colour and a sign for each group; `groups` holds each point's group name."""
    groups = np.asarray(groups)
    for group, colour, sign in zip(dict.fromkeys(groups), LINES, "osD^v", strict=False):
        ax.plot(*points[groups == group].T, sign, color=colour, markersize=6, label=group)
    ax.set_title(title, loc="left")
    ax.set(xticks=[], yticks=[], aspect="equal", anchor="N")
    ax.spines[:].set_visible(False)
    ax.margins(0.12)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=9)
    _place_names(ax, points, names)
    return _groups_in_words(ax)


def _place_names(ax, points, names):
    """Each name beside its point, or farther off, in the first place that overlaps no other name and no point."""
    ax.figure.draw_without_rendering()
    taken = [Bbox.from_bounds(*(ax.transData.transform(point) - 4), 8, 8) for point in points]
    ways = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
    for point, name in zip(points, names, strict=True):
        for far, (right, up) in product((1, 2.5, 4), ways):
            ha, va = ("right", "center", "left")[right + 1], ("top", "center", "bottom")[up + 1]
            offset = (6 * far * right, 5 * far * up)
            line = dict(arrowstyle="-", linewidth=0.5, color=GREY, shrinkA=0, shrinkB=3) if far > 1 else None
            text = ax.annotate(
                name, point, offset, textcoords="offset points", ha=ha, va=va, fontsize=8.5, parse_math=False,
                arrowprops=line,
            )  # fmt: skip
            text.get_window_extent()  # brings the text to its place
            box = Text.get_window_extent(text)  # its extent without the line
            if not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        else:
            continue  # no room: the point stays without its name
        taken.append(box)


def _groups_in_words(ax):
    said = []
    for line in ax.lines:
        points = np.column_stack(line.get_data())
        middle = points.mean(axis=0)
        others = np.concatenate([np.column_stack(other.get_data()) for other in ax.lines if other is not line])
        apart = np.linalg.norm(others - middle, axis=1).min() > np.linalg.norm(points - middle, axis=1).max()
        said.append(f"{line.get_label()} {'apart from all others' if apart else 'among others'}")
    return f"{ax.get_title(loc='left')}: {', '.join(said)}."


@styled
def draw_matrix(ax, matrix, title, limit):
    """A square matrix as coloured cells: red above zero, blue below, white at zero, full at ±`limit`."""
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title(title, loc="left")
    ax.set(xticks=[], yticks=[])
    bar = ax.figure.colorbar(image, ax=ax, orientation="horizontal", shrink=0.8)
    bar.outline.set_visible(False)
    return _matrix_in_words(ax)


def _matrix_in_words(ax):
    matrix = ax.images[0].get_array().data
    diagonal, others = np.diag(matrix), matrix[~np.eye(len(matrix), dtype=bool)]
    return (
        f"{ax.get_title(loc='left')}: {diagonal.min():.2f} to {diagonal.max():.2f} on the diagonal, "
        f"{others.min():.2f} to {others.max():.2f} off it (half below {np.median(others):.2f})."
    )


@styled
def draw_arrows(ax, vectors, names, title, state):
    """Vectors in the plane as named arrows from the origin, and a state z in red.

    A dashed line drops from each tip to its foot on the line of z: the dot product with z is the foot's place along
    z, negative behind the origin, times the size of z.
    """
    along = np.asarray(state) / np.linalg.norm(state)
    ax.axline((0, 0), along, color=RED, linewidth=0.8, zorder=0)
    for vector in vectors:
        foot = (vector @ along) * along
        ax.plot(*np.stack([vector, foot]).T, ":", color=GREY, linewidth=1.2)
    arrows = ax.quiver(
        *np.zeros((2, len(vectors) + 1)), *np.stack([*vectors, state]).T, angles="xy", scale_units="xy", scale=1,
        color=[BLUE] * len(vectors) + [RED], units="inches", width=0.03,
    )  # fmt: skip
    for vector, name in zip([*vectors, state], [*names, "z"], strict=True):
        right, up = np.asarray(vector) / np.linalg.norm(vector)
        side = -10 if name == "z" else 10  # beside the arrow: z's own line goes on behind its tip
        offset = (4 * right - side * up, 4 * up + side * right)
        ax.annotate(name, vector, offset, textcoords="offset points", ha="center", va="center", fontsize=11)
    ax.set_title(title, loc="left")
    corners = np.stack([*vectors, state, (0, 0)])
    margin = 0.12 * np.ptp(corners, axis=0).max()
    (left, bottom), (right, top) = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    return _arrows_in_words(ax, arrows)


def _arrows_in_words(ax, arrows):
    tips = np.stack([arrows.U, arrows.V], axis=1)
    names = [text.get_text() for text in ax.texts]
    said = [f"{name} to ({x:.2g}, {y:.2g})" for name, (x, y) in zip(names, tips, strict=True)]
    return f"{ax.get_title(loc='left')}, arrows from the origin: {', '.join(said)}."


# ---------------------------------------------------------------- text cut into pieces


@styled
def draw_pieces(ax, pieces, title, notes=None):
    """A text as a row of boxes, one a piece, in reading order; under each its note (an ID, say)."""
    ax.set_axis_off()
    ax.set_title(title, loc="left")
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
    return f"{ax.get_title(loc='left')}, {len(pieces)} piece{'s' * (len(pieces) != 1)}: {said}"


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
