"""What do all figures look like? Colours and signs, the canvas, the style, and names that keep apart.

The style holds inside the drawing functions only; your own matplotlib is left alone.
"""

import functools
from io import BytesIO

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

# Paul Tol's "light" scheme for areas under black text, and his "bright" one for lines and bars: both are told apart
# with every common colour blindness (SRON/EPS/TN/09-002, 2021). Nothing is told by colour alone.
AREAS = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"]
GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"]
LINES = ["#4477AA", "#EE6677", "#228833", "#AA3377", "#BB8800", "#222222"]
DASHES = ["-", "-.", (0, (1, 1)), (0, (7, 2, 1, 2, 1, 2)), (0, (9, 1)), (0, (3, 1, 1, 1, 1, 1))]
SIGNS = "osD^vP"
BLUE, RED, GREY = *LINES[:2], "#888888"
INKS = {"#EE6677": "#C8384C", "#BB8800": "#8F6900", GREY: "#6B6B6B"}  # of names: 4.5 : 1 on white, as WCAG 2.2 asks
DPI = 192  # twice a screen's 96: sharp on dense screens, shown at half its pixels
HALO = [withStroke(linewidth=2.5, foreground="white")]  # keeps a text readable over what is drawn

STYLE = mpl.rcParamsDefault | {
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}


def styled(draw):
    """Run a drawing function in the project's style, whatever the reader has set, and refuse NaN and infinity."""

    @functools.wraps(draw)
    def inside(*args, **kwargs):
        for value in (*args, *kwargs.values()):
            if not all(map(_finite, value.values() if isinstance(value, dict) else [value])):
                raise ValueError(f"{draw.__name__} got NaN or infinity, which has no place in a picture. Leave it out.")
        with mpl.rc_context(STYLE):
            draw(*args, **kwargs)

    return inside


def _finite(value):
    """False where a value holds numbers that are not finite; whatever holds no numbers passes."""
    if not isinstance(value, float | list | tuple | np.ndarray):
        return True
    try:
        return bool(np.isfinite(np.asarray(value, float)).all())
    except (TypeError, ValueError):  # names, functions, arrays beside names
        return True


def canvas(width, height, columns=1, rows=1):
    """A new figure of width × height inches, and its axes: one, or an array of them."""
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06))
        return fig, fig.subplots(rows, columns)


def png(fig, words="", **how):
    """The figure as the bytes of a PNG, at twice a screen's resolution, whatever the reader's matplotlib is set to.

    The `words` go into the picture itself, so that it can be told whose words stand beside it.
    """
    buffer = BytesIO()
    with mpl.rc_context(mpl.rcParamsDefault):  # some of the reader's settings act only now
        if engine := fig.get_layout_engine():  # left to savefig, it would draw everything twice
            fig.set_dpi(DPI)
            engine.execute(fig)
            fig.set_layout_engine(None)
        fig.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None, "Description": words}, pil_kwargs=how)
    return buffer.getvalue()


def looks(names):
    """(name, colour, sign, dashes) for each of at most six names."""
    if len(names) > len(LINES):
        raise ValueError(f"At most {len(LINES)} can be told apart in one picture; got {len(names)}.")
    return zip(names, LINES, SIGNS, DASHES, strict=False)


def colours_by_area(*balls):
    """A colour for every ID in the given arrays of winners: the eight that win most get hues, the others greys."""
    ids, counts = np.unique(np.concatenate(balls), return_counts=True)
    order = ids[np.argsort(-counts, kind="stable")]
    return {int(i): AREAS[n] if n < len(AREAS) else GREYS[n % len(GREYS)] for n, i in enumerate(order)}


def label(ax, title, x_unit="", unit=""):
    """The title over the left edge, and the units of both axes."""
    ax.set_title(title, loc="left", parse_math=False)
    ax.set_xlabel(x_unit, parse_math=False)
    ax.set_ylabel(unit, parse_math=False)


def bare(ax, title, right, up):
    """No axes, the title over the middle, and round what is round, in a view to ±right and ±up."""
    ax.set(xlim=(-right, right), ylim=(-up, up), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, parse_math=False)


def key(ax, handles, names, **style):
    """A legend without a frame, in whose names no first "_" hides one."""
    for text in ax.legend(handles, names, frameon=False, **style).get_texts():
        text.set_parse_math(False)


def write(ax, place, text, offset=(0, 0), **style):
    """A text with its middle at a place of the data, or at an offset from it, in points."""
    style = dict(ha="center", va="center", parse_math=False) | style
    return ax.annotate(text, place, offset, textcoords="offset points", **style)


def legible(fig, points):
    """A font size in points, or more: 9 pixels where a page shows the figure 600 pixels wide."""
    return max(points, 9 * 72 / 600 * fig.get_figwidth())


# Where a name may stand, nearest first: how far off, right or left, up or down.
SIDES = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
PLACES = [(far, right, up) for far in (1, 2.5, 4, 6) for right, up in SIDES]


def place_names(ax, points, names):
    """Each name beside its point, or farther off, in the first place that is free and within the figure."""
    ax.figure.draw_without_rendering()
    size = legible(ax.figure, 8.5)
    taken = [Bbox.from_bounds(*(ax.transData.transform(point) - 4), 8, 8) for point in points]
    for point, name in zip(points, names, strict=True):
        for far, right, up in PLACES:
            line = dict(arrowstyle="-", linewidth=0.5, color=GREY, shrinkB=3) if far > 1 else None
            style = dict(ha=("right", "center", "left")[right + 1], va=("top", "center", "bottom")[up + 1])
            text = write(ax, point, name, (6 * far * right, 5 * far * up), fontsize=size, arrowprops=line, **style)
            text.set_in_layout(False)  # names must not move the points that they stand by
            text.get_window_extent()  # brings the text to its place
            box = Text.get_window_extent(text)  # its extent without the line
            # Clear of title and legend, above and below the axes, and inside the figure.
            inside = ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1 and 0 <= box.x0 and box.x1 <= ax.figure.bbox.x1
            if inside and not box.count_overlaps(taken):
                taken.append(box)
                break
            text.remove()  # and where no place is free, the point stays without its name


def borders(regions):
    """White where neighbouring pixels differ, softened over three pixels: an RGBA picture."""
    edge = np.zeros(regions.shape)
    for axis in (0, 1):
        step = (np.diff(regions, axis=axis) != 0).astype(float)
        ahead = np.insert(step, 0, 0, axis=axis)
        edge = np.maximum(edge, np.maximum(ahead, np.roll(ahead, -1, axis=axis)))
    return np.dstack([np.ones((*regions.shape, 3)), edge])
