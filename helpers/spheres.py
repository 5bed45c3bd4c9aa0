"""How do we draw a circle, a sphere and what lives on it? As in `figures`: on an `ax`, computing nothing, with words.

A sphere is drawn as a ball seen from the front: a direction (right, up, towards you) stands at (right, up), and one
that points away from you is behind.
"""

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.patches import Circle, Ellipse, Wedge

from helpers.figures import (
    AREAS,
    BLUE,
    GREYS,
    HALO,
    _colours,
    _key,
    _label,
    _number,
    _place_names,
    _rough,
    _title,
    styled,
)  # fmt: skip

# ---------------------------------------------------------------- a plane, painted by who is chosen


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
    style = dict(parse_math=False, path_effects=HALO)
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
    owner = names[regions[size - 1 - row, column]]
    return f"{_title(ax)}: {state.get_text()} lies in the region of {owner}; shares {_shared(names, shares)}."


# ---------------------------------------------------------------- a ball, painted by who wins


def ball_pixels(size=280):
    """The visible half of a unit sphere, one row a pixel: directions (n, 3) as (right, up, towards you).

    `size` is the picture's side in pixels; rows run line by line from the top (orthographic view).
    """
    x, y, inside = _disc(size)
    return np.stack([x, y, np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))], axis=-1)[inside].astype(np.float32)


def _bare(ax, title, right, up):
    """A title over the middle, no axes, and round what is round."""
    ax.set(xlim=(-right, right), ylim=(-up, up), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, parse_math=False)


def _shared(names, shares):
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in zip(names, shares, strict=True))


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
    its colour, `markers` (m, 3) are directions to mark with the numbers 1 to m; one on the far side is hollow.
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
    over = _one_over_the_other(_borders(regions), *_light(x, y))
    layers.append(ax.imshow(over, extent=(-1, 1, -1, 1), interpolation="bilinear", zorder=3))
    ax.add_patch(rim)
    for layer in layers:
        layer.set_clip_path(rim)  # the circle's edge is smooth; the pixels' edge is not
    _bare(ax, title, 1.04, 1.04)
    for number, (right, up, towards) in enumerate(markers, 1):
        inner, outer = ("black", "white") if towards >= 0 else ("white", "black")
        ax.plot(right, up, "o", markersize=13, color=inner, markeredgecolor=outer, zorder=6, gid="marker")
        ax.text(
            right,
            up,
            str(number),
            color=outer,
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
        style = dict(ha="center", va="center", path_effects=HALO, zorder=5, parse_math=False)
        ax.text(cx, cy, name, fontsize=fontsize, **style)
    return _ball_in_words(ax, [names[int(i)] for i in ids])


def _fits(region, x, y):
    """Whether a line of text centred at (x, y) stays inside a region of the picture, a boolean (size, size)."""
    size = len(region)
    rows = [round((1 - y - up) / 2 * (size - 1)) for up in (-0.07, 0.07)]
    return 0 <= rows[1] and rows[0] < size and bool(region[rows, round((x + 1) / 2 * (size - 1))].all())


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


def _one_over_the_other(*pictures):
    """Several RGBA pictures as one, the first at the bottom: each layer costs a slider some 20 ms."""
    colour, alpha = np.zeros((*pictures[0].shape[:2], 3)), np.zeros(pictures[0].shape[:2])
    for picture in pictures:
        colour = picture[..., 3:] * picture[..., :3] + (1 - picture[..., 3:]) * colour
        alpha = picture[..., 3] + (1 - picture[..., 3]) * alpha
    return np.dstack([colour / np.maximum(alpha, 1e-9)[..., None], alpha])


def _ball_in_words(ax, names):
    regions = ax.images[0].get_array()
    size = len(regions)
    held = []
    for marker in (line for line in ax.lines if line.get_gid() == "marker"):
        right, up = marker.get_xdata()[0], marker.get_ydata()[0]
        if marker.get_markerfacecolor() == "white":
            held.append(f"state {len(held) + 1} is on the far side")
            continue
        # The nearest pixel to a point on the rim may be outside.
        right, up = np.array([right, up]) / max(1, np.hypot(right, up) / (1 - 2 / size))
        column, row = round((right + 1) / 2 * (size - 1)), round((1 - up) / 2 * (size - 1))
        held.append(f"state {len(held) + 1} lies in `{names[regions[row, column]]}`")
    shares = np.bincount(regions.compressed(), minlength=len(names)) / regions.count()
    largest = [f"`{names[i]}` {100 * shares[i]:.0f} %" for i in np.argsort(-shares, kind="stable")[:4]]
    markers = f": {', '.join(held)}. Its" if held else ":"
    return f"{_title(ax)}{markers} largest regions: {', '.join(largest)}."


# ---------------------------------------------------------------- soft edges, the whole sphere, a circle of arcs


@styled
def draw_soft_ball(ax, probabilities, names, title, size=200):
    """A ball on which at most eight colours mix by probability: (n, m), a row for each of `ball_pixels(size)`."""
    x, y, inside = _disc(size)
    hues = np.array([to_rgb(colour) for colour in AREAS[: len(names)]])
    picture = np.ones((size, size, 3))
    picture[inside] = np.clip(probabilities @ hues, 0, 1)
    rim = Circle((0, 0), 1, facecolor="none", edgecolor="#555555", linewidth=1, zorder=4)
    ax.add_patch(rim)
    for layer in (picture, _one_over_the_other(*_light(x, y))):
        ax.imshow(layer, extent=(-1, 1, -1, 1), interpolation="bilinear").set_clip_path(rim)
    _name_areas(ax, np.column_stack([x[inside], y[inside]]), np.argmax(probabilities, axis=1), names)
    _bare(ax, title, 1.04, 1.04)
    return _soft_ball_in_words(ax, hues, names)


def _name_areas(ax, points, chosen, names):
    """Each area's name at its point nearest to its middle; of an area around that, in its larger half."""
    for i, name in enumerate(names):
        area = points[chosen == i]
        if len(area) > 0.01 * len(points):
            off = ((area - area.mean(axis=0)) ** 2).sum(axis=1)
            if off.min() > 0.01:
                right = area[:, 0] > 0
                area = area[right == (right.mean() > 0.5)]
                off = ((area - area.mean(axis=0)) ** 2).sum(axis=1)
            place = area[off.argmin()]
            style = dict(ha="center", va="center", path_effects=HALO, parse_math=False, zorder=5)
            ax.text(*place, name, **style)


def _soft_ball_in_words(ax, hues, names):
    picture = np.asarray(ax.images[0].get_array())
    _, _, inside = _disc(len(picture))
    off = np.abs(picture[inside][:, None] - hues).max(axis=2)  # how far a pixel is from each pure colour
    pure = np.where(off.min(axis=1) < 0.05, off.argmin(axis=1), len(names))
    shares = np.bincount(pure, minlength=len(names) + 1) / len(pure)
    return f"{_title(ax)}, pure colour of {_shared([*names, 'mixed'], shares)}."


def map_pixels(width=400):
    """The whole unit sphere on an equal-area map: directions (n, 3) as (right, up, towards you), line by line.

    A Mollweide projection (J. P. Snyder, Map Projections, USGS 1395, 1987, p. 249): a region's share of the picture
    is its share of the sphere. The middle of the map looks at you, its left and right ends are behind.
    """
    x, y, inside = _oval(width)
    theta = np.arcsin(np.clip(y[inside], -1, 1))
    latitude = np.arcsin(np.clip((2 * theta + np.sin(2 * theta)) / np.pi, -1, 1))
    longitude = np.pi * x[inside] / (2 * np.maximum(np.cos(theta), 1e-9))
    flat = np.cos(latitude)
    return np.stack([flat * np.sin(longitude), np.sin(latitude), flat * np.cos(longitude)], axis=1).astype(np.float32)


def _oval(width):
    """The middles of the pixels of a map, width by width / 2, from -2 to 2 and from 1 to -1, and which are inside."""
    side = (np.arange(width) + 0.5) / width * 4 - 2
    x, y = np.meshgrid(side, -side[::2] / 2)
    return x, y, (x / 2) ** 2 + y**2 <= 1


@styled
def draw_map(ax, chosen, names, title, width=400):
    """The whole sphere, coloured by which of at most eight targets is chosen (n,) at each of `map_pixels(width)`."""
    x, y, inside = _oval(width)
    regions = np.full(inside.shape, -1)
    regions[inside] = chosen
    oval = Ellipse((0, 0), 4, 2, facecolor="none", edgecolor="#555555", linewidth=1, zorder=4)
    ax.add_patch(oval)
    palette = ListedColormap(AREAS[: len(names)])
    hues = dict(cmap=palette, vmin=-0.5, vmax=len(names) - 0.5, interpolation="nearest")
    shown = [ax.imshow(np.ma.masked_less(regions, 0), extent=(-2, 2, -1, 1), **hues)]
    shown.append(ax.imshow(_borders(regions), extent=(-2, 2, -1, 1), interpolation="bilinear", zorder=3))
    for layer in shown:
        layer.set_clip_path(oval)
    _name_areas(ax, np.column_stack([x[inside], y[inside]]), chosen, names)
    _bare(ax, title, 2.04, 1.04)
    return _map_in_words(ax, names)


def _map_in_words(ax, names):
    regions = ax.images[0].get_array().compressed()
    shares = np.bincount(regions, minlength=len(names)) / len(regions)
    return f"{_title(ax)}, shares of the whole sphere: {_shared(names, shares)}."


def circle_pixels(n=720):
    """n directions in the plane, evenly around, anticlockwise from the right: (n, 2)."""
    turn = (np.arange(n) + 0.5) * 2 * np.pi / n
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


@styled
def draw_arcs(ax, chosen, targets, names, title, reach):
    """Targets (m, 2) as named arrows, and around them a ring coloured by which of them is chosen in each direction.

    `chosen` (n,) holds a row number for each of `circle_pixels(n)`; an arrow as long as `reach` touches the ring.
    """
    starts = np.flatnonzero(chosen != np.roll(chosen, 1))
    step = 360 / len(chosen)
    stops = np.roll(starts, -1) + len(chosen) * (np.roll(starts, -1) <= starts)
    arcs = [(chosen[0], 0, 360)] if len(starts) == 0 else [
        (chosen[a], a * step, b * step) for a, b in zip(starts, stops, strict=True)
    ]  # fmt: skip
    for i, begin, end in arcs:
        ax.add_patch(Wedge((0, 0), 1.16, begin, end, width=0.14, facecolor=AREAS[i], edgecolor="white", label=names[i]))
        middle = np.radians((begin + end) / 2)
        if end - begin > 12:
            ax.text(1.09 * np.cos(middle), 1.09 * np.sin(middle), names[i], ha="center", va="center", parse_math=False)
    tips = np.asarray(targets) / reach
    ax.quiver(
        *np.zeros_like(tips.T), *tips.T, angles="xy", scale_units="xy", scale=1,
        color=AREAS[: len(tips)], edgecolor="#333333", linewidth=0.6, units="inches", width=0.05,
    )  # fmt: skip
    for tip, name in zip(tips, names, strict=True):
        outwards = 9 * tip / np.hypot(*tip)
        ax.annotate(name, tip, outwards, textcoords="offset points", ha="center", va="center", parse_math=False)
    _bare(ax, title, 1.2, 1.2)
    return _arcs_in_words(ax, names)


def _arcs_in_words(ax, names):
    said = [f"{wedge.get_label()} from {wedge.theta1:.0f}° to {wedge.theta2:.0f}°" for wedge in ax.patches]
    without = [name for name in names if name not in {wedge.get_label() for wedge in ax.patches}]
    nothing = f"; nothing for {', '.join(without)}" if without else ""
    return f"{_title(ax)}, arcs, anticlockwise from the right: {', '.join(said)}{nothing}."


# ---------------------------------------------------------------- a plain ball with points, a circle with arrows


@styled
def draw_sphere(ax, points, title, names=(), axis=None, size=280):
    """A plain ball with directions on it: `points` maps the name of each of at most six groups to an (n, 3) array.

    A point on the near side is filled, one behind the ball hollow. `names`, where given, holds a text for each
    point, group by group. `axis` (3,) is drawn as a line through the ball, with the great circle perpendicular to it.
    """
    x, y, _ = _disc(size)
    rim = Circle((0, 0), 1, facecolor="#F4F4F4", edgecolor="#999999", linewidth=1, zorder=0)
    ax.add_patch(rim)
    light = _one_over_the_other(*_light(x, y))
    ax.imshow(light, extent=(-1, 1, -1, 1), interpolation="bilinear", zorder=0).set_clip_path(rim)
    if axis is not None:
        _draw_axis(ax, np.asarray(axis) / np.linalg.norm(axis))
    for name, colour, sign, _ in _colours(points):
        vectors = np.asarray(points[name], float)
        if not np.allclose((vectors**2).sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"The points of {name!r} should be directions, vectors of size 1; divide by their sizes.")
        near = vectors[:, 2] >= 0
        style = dict(color=colour, markersize=6, zorder=3)
        ax.plot(*vectors[near, :2].T, sign, label=name, gid="near", **style)
        ax.plot(*vectors[~near, :2].T, sign, label=name, gid="far", markerfacecolor="none", **style)
    _bare(ax, title, 1.35, 1.15)
    signs = [line for line in ax.lines if line.get_gid() == "near"]
    style = dict(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4, fontsize=9, handletextpad=0.2)
    _key(ax, signs, list(points), **style)
    if len(names):
        _place_names(ax, np.concatenate(list(points.values()))[:, :2], names)
    return _sphere_in_words(ax)


OUT = 1.25  # how far the line of an axis goes, in radii


def _draw_axis(ax, along):
    """A line along a direction, outside the ball only, and its great circle; dotted where they are behind the ball."""
    along = along * (1 if along[2] >= 0 else -1)
    for end, line in ((along[:2], "-"), (-along[:2], ":")):
        ax.plot(*np.stack([end, OUT * end]).T, line, color="#333333", linewidth=1.2, zorder=2, gid="axis")
    aside = np.cross(along, [0, 0, 1] if abs(along[2]) < 0.9 else [1, 0, 0])
    aside /= np.linalg.norm(aside)
    turn = np.linspace(0, 2 * np.pi, 721)
    circle = np.cos(turn)[:, None] * aside + np.sin(turn)[:, None] * np.cross(along, aside)
    for part, line in ((circle[:, 2] >= 0, "-"), (circle[:, 2] < 0, ":")):
        shown = np.where(part[:, None], circle[:, :2], np.nan)
        ax.plot(*shown.T, line, color="#333333", linewidth=1, zorder=1, gid="axis")


def _sphere_in_words(ax):
    """How many points of a group are behind, and how far apart they are: from each other or from an axis's circle."""
    lines = [line for line in ax.lines if line.get_gid() in ("near", "far")]
    axis = next((line.get_xydata()[0] for line in ax.lines if line.get_gid() == "axis"), None)
    said = []
    for pair in zip(lines[::2], lines[1::2], strict=True):
        flat = np.concatenate([line.get_xydata() for line in pair])
        behind = np.concatenate([[line.get_markerfacecolor() == "none"] * len(line.get_xdata()) for line in pair])
        points = np.column_stack([flat, np.where(behind, -1, 1) * _depth(flat)])
        angles = np.degrees(np.arccos(np.clip(points @ points.T, -1, 1)))
        spread = f"at most {angles.max():.0f}° apart"
        if axis is not None:
            off = np.abs(90 - np.degrees(np.arccos(points @ np.append(axis, _depth(axis)))))
            spread = f"from {off.min():.0f}° to {off.max():.0f}° off the great circle"
        hidden = f", {behind.sum():.0f} of them behind" if behind.any() else ""
        said.append(f"{pair[0].get_label()} {len(flat)}{hidden}, {spread}")
    return f"{_title(ax)}, points on a ball: {'; '.join(said)}."


def _depth(flat):
    """How far towards us a point of the ball's near side stands, from its place in the picture."""
    return np.sqrt(np.clip(1 - (flat**2).sum(axis=-1), 0, 1))


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
    for name, colour, sign, _ in list(_colours(["", *rays]))[1:]:  # the first look is the path's
        vector = rays[name]
        along = np.divide(vector, np.hypot(*vector))
        ax.plot(*np.stack([(0, 0), radius * along]).T, ":", color=colour, linewidth=1.5, gid="ray")
        ax.plot(*vector, sign, color=colour, markersize=6, label=name, gid="tip")
        _name_ray(ax, name, 0.62 * min(radius, reach) * along, (0, 0) if path is None else path[-1])
    _label(ax, title)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_axis_off()
    if path is not None:
        ax.plot(*np.transpose(path), "o-", color=BLUE, markersize=3, linewidth=1, gid="path")
        arrow = dict(arrowstyle="-|>", color=BLUE, linewidth=1.5, shrinkA=0, shrinkB=0)
        ax.annotate("", path[-1], (0, 0), arrowprops=arrow)
        if len(numbered):
            _place_names(ax, [path[step] for step in numbered], [str(step) for step in numbered])
    return _circle_in_words(ax)


def _name_ray(ax, name, place, end):
    """A name beside a place on a ray, on its left or, where the path ends on that side, on its right."""
    right, up = np.array([-place[1], place[0]]) / np.hypot(*place)
    if up * end[1] + right * end[0] > 1e-6 * np.hypot(*end):
        right, up = -right, -up
    ax.annotate(
        name,
        place,
        (5 * right, 5 * up),
        textcoords="offset points",
        ha="left" if right > 0.5 else "right" if right < -0.5 else "center",
        va="bottom" if up > 0.5 else "top" if up < -0.5 else "center",
        parse_math=False,
        path_effects=HALO,
    )


def _circle_in_words(ax):
    radius = ax.patches[0].radius
    tips = {line.get_label(): line.get_xydata()[0] for line in ax.lines if line.get_gid() == "tip"}
    said = [f"{' '.join(name.split())} to {_polar(tip)}" for name, tip in tips.items()]
    for line in (line for line in ax.lines if line.get_gid() == "path"):
        path = line.get_xydata()
        steps = f"{len(path) - 1} step{'s' * (len(path) != 2)}"
        said.append(f"a path of {steps} from {_polar(path[0])} to {_polar(path[-1])}")
    return f"{_title(ax)}, around a circle of radius {_number(radius)}: {'; '.join(said)}."


def _polar(place):
    """The size of a vector in the plane, and its direction, anticlockwise from the right."""
    degrees = round(float(np.degrees(np.arctan2(place[1], place[0])))) % 360
    return f"size {_rough(np.hypot(*place))} at {degrees}°"
