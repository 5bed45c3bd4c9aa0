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

from helpers.display import visible

# Paul Tol's "light" scheme for areas under black text, and his "bright" one for lines and bars: both are told apart
# with every common colour blindness (SRON/EPS/TN/09-002, 2021). Nothing is told by colour alone.
AREAS = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"]
GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"]
BLUE, RED, GREY = "#4477AA", "#EE6677", "#888888"

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
def canvas(width, height, columns=1):
    """A new figure of width × height inches, and its axes: one, or a row of `columns`."""
    fig = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06))
    return fig, fig.subplots(1, columns)


# ---------------------------------------------------------------- bars and histograms


@styled
def draw_bars(ax, names, values, title, unit, null=None):
    """Horizontal bars, first on top, each with its value at its end; the one named `null` is grey and hatched."""
    bars = ax.barh(names, values, color=[GREY if name == null else BLUE for name in names], height=0.7)
    for bar, name in zip(bars, names, strict=True):
        bar.set_hatch("///" if name == null else "")
        bar.set_edgecolor("white")
    ax.bar_label(bars, fmt=lambda value: f"{value:,.4g}", padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_title(title, loc="left")
    ax.set_xlabel(unit)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return _bars_in_words(ax)


def _bars_in_words(ax):
    labels = [label.get_text() for label in ax.get_yticklabels()]
    places = ax.get_yticks()
    bars = sorted(ax.patches, key=lambda bar: ax.transData.transform((0, bar.get_y()))[1], reverse=True)
    said = [
        f"{labels[np.abs(places - bar.get_y() - bar.get_height() / 2).argmin()]} {bar.get_width():,.4g}" for bar in bars
    ]
    return f"{ax.get_title(loc='left')} ({ax.get_xlabel()}), from the top: {'; '.join(said)}."


@styled
def draw_histograms(ax, samples, bins, title, unit):
    """Two outlined histograms on one axis, each named beside its curve; the second, the null, is grey and dashed.

    `samples` maps a name to values. Heights are shares of a histogram's own values, in percent.
    """
    for (name, values), colour, line in zip(samples.items(), (BLUE, GREY), ("-", "--"), strict=True):
        weights = np.full(len(values), 100 / len(values))
        ax.hist(values, bins, weights=weights, histtype="step", color=colour, linestyle=line, linewidth=2, label=name)
    ax.set_title(title, loc="left")
    ax.set_xlabel(unit)
    ax.set_ylabel("share of the pairs (%)")
    leftmost = min(ax.patches, key=_middle)
    for patch in ax.patches:
        edges, heights = _steps(patch)
        flank = np.flatnonzero(heights > 0.7 * heights.max())
        on_left = patch is leftmost
        x, height = (edges[flank[0]], heights[flank[0]]) if on_left else (edges[flank[-1] + 1], heights[flank[-1]])
        offset = (-10, 0) if on_left else (10, 0)
        ha = "right" if on_left else "left"
        name = f"{patch.get_label()}\n(half below {_middle(patch):.2f})"
        ax.annotate(name, (x, height), offset, textcoords="offset points", ha=ha, va="center")
    return _histograms_in_words(ax)


def _steps(patch):
    """Bin edges and heights of a step histogram, read from its outline."""
    outline = patch.get_xy()
    heights = outline[1:-1:2, 1]
    return np.unique(outline[:, 0]), heights[: len(np.unique(outline[:, 0])) - 1]


def _middle(patch):
    """The value below which half of a histogram lies, read from its outline."""
    edges, heights = _steps(patch)
    return np.interp(heights.sum() / 2, np.cumsum(heights), edges[1:])


def _histograms_in_words(ax):
    said = []
    for patch in ax.patches:
        edges, heights = _steps(patch)
        top = heights.argmax()
        said.append(
            f"{patch.get_label()}: most values from {edges[top]:.2f} to {edges[top + 1]:.2f} ({heights[top]:.0f} %), "
            f"half of them below {_middle(patch):.2f}"
        )
    return f"{ax.get_title(loc='left')} ({ax.get_xlabel()}) {'. '.join(said)}."


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
        ax.text(middle, 0.5, visible(piece), ha="center", va="center", family="monospace", fontsize=11, gid="piece")
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
