"""What lies in a plane? Arrows, regions, arcs, a circle with rays and the path of a vector."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Circle
from matplotlib.quiver import Quiver

from helpers.figures.style import AREAS, BLUE, GREY, HALO, RED, bare, borders, label, looks, place_names, styled, write
from helpers.figures.words import percent, rough, say, short, text_at, title_of


def _draw_arrows_to(ax, tips, **style):
    """Arrows from the origin, as long as they are on the axes."""
    ax.quiver(*np.zeros_like(tips.T), *tips.T, angles="xy", scale_units="xy", scale=1, units="inches", **style)


@styled
def draw_plane(ax, targets, names, title, state, swept=False, view=()):
    """Targets (n, 2) as named arrows from the origin, a state z (2,) in red, and the circle of all states of its size.

    `swept` adds what a line sees that moves along z, at a right angle to it: a dotted line where it meets each target,
    with the logit z·u, and a solid one where it meets the last. `view` holds points that the axes reach as well.
    """
    targets, state = np.asarray(targets), np.asarray(state)
    size = np.linalg.norm(state)
    ax.add_patch(Circle((0, 0), size, facecolor="none", edgecolor="#999999", linewidth=1))
    scores = targets @ state
    along = np.array([-state[1], state[0]]) / size
    for score in np.sort(scores) if swept else []:
        foot = score * state / size**2
        style = dict(color=GREY, linewidth=1.2, linestyle=":")
        if score == scores.max():
            style = dict(color=RED, linewidth=2)
        ax.plot(*np.stack([foot + 9 * size * along, foot - 9 * size * along], axis=1), gid="sweep", zorder=1, **style)
    ax.axline((0, 0), state, color=RED, linewidth=0.8, zorder=1)
    _draw_arrows_to(ax, targets, color=AREAS[: len(targets)], edgecolor="#333333", linewidth=0.6, width=0.06, zorder=3)
    _draw_arrows_to(ax, state[None], color=RED, width=0.03, zorder=2)  # under a target on its line
    numbers = [f" {round(float(score), 2):g}" if swept else "" for score in scores]
    texts = [*(f"{name}{number}" for name, number in zip(names, numbers, strict=True)), "z"]
    for tip, text in zip([*targets, state], texts, strict=True):  # beside its arrow's end
        ahead, up = tip / np.linalg.norm(tip)
        write(ax, tip, text, (5 * ahead - 11 * up, 5 * up + 11 * ahead), weight="bold", path_effects=HALO, zorder=6)
    label(ax, title)
    corners = np.vstack([targets, (0, 0), (size, size), *view])
    (left, bottom), (right, top) = np.round([corners.min(axis=0) - 0.3, corners.max(axis=0) + 0.3], 6)
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.set(xticks=np.arange(np.ceil(left), right), yticks=np.arange(np.ceil(bottom), top))
    ax.grid(color="#E5E5E5")
    ax.tick_params(length=0, labelcolor="#555555")
    ax.spines[:].set_visible(False)
    say(ax, "arrow diagram", _read_plane)


def _read_plane(ax):
    arrows = [artist for artist in ax.collections if isinstance(artist, Quiver)]
    tips = np.vstack([arrow.get_offsets() + np.column_stack([arrow.U, arrow.V]) / arrow.scale for arrow in arrows])
    names = [text_at(ax, tip).split()[0] for tip in tips]
    ends = [f"{name} to {_pair(tip)}" for name, tip in zip(names, tips, strict=True)]
    levels = [line.get_xydata()[0] @ tips[-1] for line in ax.lines if line.get_gid() == "sweep"]
    met = [names[np.abs(tips[:-1] @ tips[-1] - level).argmin()] for level in levels]
    order = [f"{name} at {short(round(float(level), 9) + 0.0)}" for name, level in zip(met, levels, strict=True)]
    swept = [f"moved along z, the line meets {', '.join(order)}"] if order else []
    said = f"{title_of(ax)}, arrows from the origin: {'; '.join(ends)}."
    return [*swept, *ends], " ".join([said, *(f"{text[0].upper()}{text[1:]}." for text in swept)])


def _pair(place):
    return f"({', '.join(short(round(float(x), 9) + 0.0) for x in place)})"


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
    ax.imshow(borders(regions), extent=square, interpolation="bilinear")
    style = dict(ha="left", va="baseline", path_effects=HALO)
    plane, chosen = plane_pixels(reach, size), np.ravel(chosen)
    for i, (name, place) in enumerate(zip(names, points, strict=True)):
        if (chosen == i).any():  # its name in the middle: not told by colour alone
            write(ax, plane[chosen == i].mean(axis=0), name, fontsize=20, alpha=0.35)
        ax.plot(*place, "o", color=AREAS[i], markeredgecolor="black", markersize=7)
        write(ax, place, name, (7, 5), gid="target", **style)
    ax.plot(*state, "D", color="black", markersize=6)
    write(ax, state, "z", (-3, 8), gid="state", **style)
    ax.plot(0, 0, "+", color="black", markersize=8)
    label(ax, title)
    ax.set(xticks=[], yticks=[], xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.spines[:].set_visible(False)
    say(ax, "plane map", _read_regions)


def _read_regions(ax):
    regions = ax.images[0].get_array()
    (left, right), size = ax.get_xlim(), len(regions)
    names = [text.get_text() for text in ax.texts if text.get_gid() == "target"]
    [state] = [text for text in ax.texts if text.get_gid() == "state"]
    column, row = np.rint((np.array(state.xy) - left) / (right - left) * (size - 1)).astype(int)
    shares = np.bincount(regions.ravel(), minlength=len(names)) / regions.size
    where = f"{state.get_text()} lies in the region of {names[regions[size - 1 - row, column]]}"
    said = [f"{name} {percent(share)}" for name, share in zip(names, shares, strict=True)]
    return [where, *said], f"{title_of(ax)}: {where}; shares {', '.join(said)}."


def circle_pixels(n=720):
    """n directions in the plane, evenly around, anticlockwise from the right: (n, 2)."""
    turn = (np.arange(n) + 0.5) * 2 * np.pi / n
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


@styled
def draw_arcs(ax, chosen, targets, names, title, reach, states=None):
    """Targets (m, 2) as named arrows, and around them a ring coloured by which of them is chosen in each direction.

    `chosen` (n,) holds a row number for each of `circle_pixels(n)`; an arrow as long as `reach` touches the ring. Or
    the ring goes through other `states` (n,2), in their order around the origin, on the arrows' scale.
    """
    ring = 1.09 * circle_pixels(len(chosen)) if states is None else np.asarray(states) / reach
    starts = np.flatnonzero(chosen != np.roll(chosen, 1))
    if len(starts) == 0:  # all of the ring is one target's
        starts = np.array([0])
    for start, stop in zip(starts, np.append(starts[1:], starts[0] + len(chosen)), strict=True):
        part, i = ring.take(range(start, stop), axis=0, mode="wrap"), chosen[start]
        ax.plot(*part.T, color=AREAS[i], linewidth=9, solid_capstyle="butt", label=names[i], gid="arc")
        if _span(part) > 12:
            write(ax, part[len(part) // 2], names[i])
    tips = np.asarray(targets) / reach
    _draw_arrows_to(ax, tips, color=AREAS[: len(tips)], edgecolor="#333333", linewidth=0.6, width=0.05)
    for tip, name in zip(tips, names, strict=True):
        write(ax, tip, name, 9 * tip / np.hypot(*tip))
    bare(ax, title, 1.2, 1.2)
    say(ax, "ring", _read_arcs, names)


def _span(part):
    """The degrees that an arc takes, its first and its last point included."""
    turns = np.unwrap(np.arctan2(part[:, 1], part[:, 0]))
    return np.degrees(np.ptp(turns)) * (len(part) / max(1, len(part) - 1))


def _read_arcs(ax, names):
    arcs = [(line.get_label(), line.get_xydata()) for line in ax.lines if line.get_gid() == "arc"]
    said, widths = [], []
    for name, part in arcs:
        middle, half = np.degrees(np.arctan2(*part[0][::-1])), _span(part) / len(part) / 2
        begin = (middle - half) % 360
        said.append(f"{name} from {begin:.0f}° to {begin + _span(part):.0f}°")
        widths.append(f"{name} {_span(part):.0f}°")
    without = [name for name in names if name not in dict(arcs)]
    nothing = [f"nothing for {', '.join(without)}"] if without else []
    values = "; ".join([", ".join(said), *nothing])
    return [*nothing, *widths], f"{title_of(ax)}, arcs, anticlockwise from the right: {values}."


@styled
def draw_circle(ax, radius, rays, title, path=None, numbered=(), reach=None):
    """A circle about the origin of a plane, named rays, and the path of a vector through the plane.

    `rays` maps a name to a vector (2,): a sign at its tip, and a thin line on to the circle. `path` (n, 2) is drawn
    step by step, with an arrow from the origin to its last point; the steps in `numbered` get numbers. The view
    goes to ±`reach`.
    """
    reach = 1.12 * radius if reach is None else reach
    ax.add_patch(Circle((0, 0), radius, facecolor="none", edgecolor="#999999", linewidth=1))
    ax.plot(0, 0, "+", color="black", markersize=7)
    for name, colour, sign, _ in list(looks(["", *rays]))[1:]:  # the first look is the path's
        vector = rays[name]
        along = np.divide(vector, np.hypot(*vector))
        ax.plot(*np.stack([(0, 0), radius * along]).T, ":", color=colour, linewidth=1.5, gid="ray")
        ax.plot(*vector, sign, color=colour, markersize=6, label=name, gid="tip")
        _name_ray(ax, name, 0.62 * min(radius, reach) * along, (0, 0) if path is None else path[-1])
    label(ax, title)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_axis_off()
    if path is not None:
        ax.plot(*np.transpose(path), "o-", color=BLUE, markersize=3, linewidth=1, gid="path")
        ax.annotate("", path[-1], (0, 0), arrowprops=dict(arrowstyle="-|>", color=BLUE, lw=1.5, shrinkA=0, shrinkB=0))
        if len(numbered):  # for nothing, no layout either: it would move what is drawn beside this
            place_names(ax, [path[step] for step in numbered], [str(step) for step in numbered])
    say(ax, "circle", _read_circle)


def _name_ray(ax, name, place, end):
    """A name beside a place on a ray, on its left or, where the path ends on that side, on its right."""
    right, up = np.array([-place[1], place[0]]) / np.hypot(*place)
    if up * end[1] + right * end[0] > 1e-6 * np.hypot(*end):
        right, up = -right, -up
    ha, va = ("right", "center", "left")[round(right) + 1], ("top", "center", "bottom")[round(up) + 1]
    write(ax, place, name, (5 * right, 5 * up), ha=ha, va=va, path_effects=HALO)


def _read_circle(ax):
    lines = [(line.get_gid(), " ".join(line.get_label().split()), line.get_xydata()) for line in ax.lines]
    rays = [f"{name} to {_polar(place)}" for gid, name, [place, *_] in lines if gid == "tip"]
    clauses, said = rays.copy(), rays
    for path in (data for gid, _, data in lines if gid == "path"):
        course = f"from {_polar(path[0])} to {_polar(path[-1])}"
        clauses.insert(0, f"path {course}")
        said.append(f"a path of {len(path) - 1} step{'s' * (len(path) != 2)} {course}")
    return clauses, f"{title_of(ax)}, around a circle of radius {short(ax.patches[0].radius)}: {'; '.join(said)}."


def _polar(place):
    """The size of a vector in the plane, and its direction, anticlockwise from the right."""
    degrees = round(float(np.degrees(np.arctan2(place[1], place[0])))) % 360
    return f"size {rough(np.hypot(*place))} at {degrees}°"
