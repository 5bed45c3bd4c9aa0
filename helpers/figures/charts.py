"""Lines and points: curves, the angles and sizes of all tokens, groups of words."""

import numpy as np
from matplotlib.text import Text

from helpers.figures.style import BLUE, GREY, INKS, key, label, looks, place_names, styled, write
from helpers.figures.words import rough, rounded, say, short, text_at, title_of


@styled
def draw_curves(ax, x, curves, title, x_unit, unit, null=None, log=""):
    """At most six curves over one x, each named at its right end; the one named `null` is grey and dashed.

    `log` names the axes that are logarithmic: "x", "y" or "xy".
    """
    for name, colour, _, dashes in looks([name for name in curves if name != null]):
        ax.plot(x, curves[name], linestyle=dashes, color=colour, linewidth=2, label=name)
    if null in curves:
        ax.plot(x, curves[null], "--", color=GREY, linewidth=2, label=null)
    label(ax, title, x_unit, unit)
    ax.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
    for axis in [ax.xaxis, ax.yaxis] if "y" in log else [ax.xaxis]:
        axis.set_major_formatter(lambda value, _: short(value))
        axis.set_minor_formatter("")
    ax.set_xlim(x[0], x[-1])
    _name_ends(ax)
    say(ax, "line chart", _read_curves)


def _name_ends(ax):
    """Each curve's name at its right end; where the ends run together, a key beside the axes."""
    span = np.ptp([line.get_ydata() for line in ax.lines]) or 1  # ends that differ by less than that shows are equal
    ends = sorted(ax.lines, key=lambda line: (round(line.get_ydata()[-1] / span, 4), np.mean(line.get_ydata())))
    texts = []
    for line in ends:
        colour = line.get_color()
        lead = dict(arrowstyle="-", color=colour, linewidth=0.7, shrinkA=0, shrinkB=0, relpos=(0, 0.5))
        style = dict(ha="left", color=INKS.get(colour, colour), arrowprops=lead)
        texts.append(write(ax, line.get_xydata()[-1], line.get_label(), (6, 0), **style))
    for _ in range(2):  # the names take room from the axes, which moves the ends
        ax.figure.draw_without_rendering()
        top = -np.inf
        for text in texts:  # from the lowest up, each lifted where it would touch the one below it
            text.set_position((14, 0))
            text.get_window_extent()  # brings the text to its place
            box = Text.get_window_extent(text)  # its extent without the line to its curve
            lift = max(0, top - box.y0 + 1)
            text.set_position((14, lift * 72 / ax.figure.dpi))
            top = box.y1 + lift
    if max(text.get_position()[1] for text in texts) > 30:  # points: too far from its end to be taken for its name
        for text in texts:
            text.remove()
        names = [line.get_label() for line in ax.lines]
        key(ax, ax.lines, names, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=3.5)


def _read_curves(ax):
    all_heights = np.concatenate([line.get_ydata() for line in ax.lines])
    number = rough if ax.get_yscale() == "log" else rounded(all_heights)
    clauses, said = [], []
    for line in ax.lines:
        x, y = line.get_xydata().T
        colour = line.get_color()
        name = text_at(ax, (x[-1], y[-1]), INKS.get(colour, colour)) if ax.texts else line.get_label()
        name, first, last = " ".join(name.split()), number(y[0]), number(y[-1])
        low, high, half = _first_peak(-y), _first_peak(y), len(y) // 2
        if number(y[low]) == number(y[high]):
            clauses.append(f"{name} stays at {first}")
            said.append(f"{name}: {first} throughout")
        else:
            clauses.append(f"{name} from {first} to {last}")
            said.append(
                f"{name}: {first} at first, {number(y[half])} at {short(x[half])}, {last} at last, "
                f"lowest {number(y[low])} at {short(x[low])}, highest {number(y[high])} at {short(x[high])}"
            )
    return clauses, f"{title_of(ax)} ({ax.get_ylabel()}, by {ax.get_xlabel()}). {'. '.join(said)}."


def _first_peak(y):
    """The first place of the largest value; what is equal but for rounding counts as equal on every machine."""
    return np.flatnonzero(y >= y.max() - 1e-5 * np.ptp(y))[0]


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
    label(ax, title, "angle to the state (degrees)", "size of the target")
    ax.set(xlim=span, ylim=(0, top))
    place_names(ax, np.column_stack([angles[ids], sizes[ids]]), list(named.values()))
    say(ax, "scatter plot", _read_angles_and_sizes)


def _draw_level(ax, level, radius, top, span):
    """One line of equal logit, from its side of the picture up to the top, and its number where it begins."""
    theta = np.linspace(span[level < 0], np.degrees(np.arccos(level / (radius * top))), 400)
    if level == 0:
        theta, sizes = np.array([90, 90]), np.array([0, top])
    else:
        sizes = level / (radius * np.cos(np.radians(theta)))
    ax.plot(theta, sizes, "--", color="#555555", linewidth=0.8, label=short(level))
    offset, ha = ((-3, 3), "right") if level < 0 else ((3, 3), "left")
    style = dict(ha=ha, va="baseline", fontsize=8, color="#333333", gid="level")
    write(ax, (theta[0], sizes[0]), f"logit {short(level)}", offset, **style)


def _read_angles_and_sizes(ax):
    dots, *levels, rings = ax.lines
    angles, sizes = dots.get_data()
    ringed = [f"`{text_at(ax, (x, y))}` at {x:.1f}° with size {y:.1f}" for x, y in rings.get_xydata()]
    lines = ", ".join(line.get_label() for line in levels)
    values = (
        f"{title_of(ax)}: {len(angles):,} targets, half of them beyond {np.median(angles):.1f}°, with sizes from "
        f"{sizes.min():.1f} to {sizes.max():.1f}. Ringed: {'; '.join(ringed)}. Lines of equal logit at {lines}."
    )
    return [*ringed[:1], f"half of all beyond {np.median(angles):.1f}°", *ringed[1:]], values


@styled
def draw_groups(ax, points, names, groups, title):
    """Named points in the plane, a colour and a sign for each of at most six groups.

    `points` (n, 2), `names` and `groups`, the name of each point's group, belong together row by row.
    """
    points, groups = np.asarray(points), np.asarray(groups)
    for group, colour, sign, _ in looks(list(dict.fromkeys(groups))):
        ax.plot(*points[groups == group].T, sign, color=colour, markersize=6, label=group)
    label(ax, title)
    ax.set(xticks=[], yticks=[], aspect="equal", anchor="N")
    ax.spines[:].set_visible(False)
    ax.margins(0.12)
    names_of_groups = [line.get_label() for line in ax.lines]
    key(ax, ax.lines, names_of_groups, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, fontsize=9)
    place_names(ax, points, names)
    say(ax, "scatter plot", _read_groups)


def _read_groups(ax):
    points = np.concatenate([line.get_xydata() for line in ax.lines])
    group = np.concatenate([[line.get_label()] * len(line.get_xdata()) for line in ax.lines])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    same = group[distances.argmin(axis=1)] == group
    said = [f"{name} {same[group == name].sum()} of {(group == name).sum()}" for name in dict.fromkeys(group)]
    values = f"{title_of(ax)}, and how many have their own kind next to them: {', '.join(said)}."
    return [f"{same.sum()} of {len(same)} have their own kind next to them"], values
