"""What lives on a sphere? A ball painted by who wins or by probability, all of it on a map, and points on it.

A sphere is drawn as a ball seen from the front: a direction (right, up, towards you) stands at (right, up), and one
that points away from you is behind.
"""

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.patches import Ellipse

from helpers.figures.style import AREAS, HALO, bare, borders, key, legible, looks, place_names, styled, write
from helpers.figures.words import extremes, percent, say, title_of


def ball_pixels(size=280):
    """The visible half of a unit sphere, one row a pixel: directions (n, 3) as (right, up, towards you).

    `size` is the picture's side in pixels; rows run line by line from the top (orthographic view).
    """
    x, y, inside = _disc(size)
    return np.stack([x, y, _depth(x, y)], axis=-1)[inside].astype(np.float32)


def _disc(size):
    side = np.linspace(-1, 1, size)
    x, y = np.meshgrid(side, -side)
    return x, y, x**2 + y**2 <= 1


def _depth(x, y):
    """How far towards us a point of the ball's near side stands, from its place in the picture."""
    return np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))


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


def _light(x, y, *under):
    """The shade and the soft shine of a matt ball lit from the upper left, over other RGBA pictures, as one of them.

    One, since each picture that is drawn costs a slider some 20 ms.
    """
    facing = np.clip(-0.45 * x + 0.55 * y + 0.7 * _depth(x, y), 0, 1)
    shade = np.dstack([np.zeros((*x.shape, 3)), 0.22 * (1 - facing) ** 1.2])
    shine = np.dstack([np.ones((*x.shape, 3)), 0.4 * facing**18])
    colour, alpha = np.zeros((*x.shape, 3)), np.zeros((*x.shape, 1))
    for picture in (*under, shade, shine):
        over = picture[..., 3:]
        colour, alpha = over * picture[..., :3] + (1 - over) * colour, over + (1 - over) * alpha
    return np.dstack([colour / np.maximum(alpha, 1e-9), alpha])


def _paint(ax, picture, rim, **how):
    """A picture within a rim on the axes, whose edge is smooth; that of pixels is not."""
    right, up = rim.width / 2, rim.height / 2
    ax.imshow(picture, extent=(-right, right, -up, up), **how).set_clip_path(rim)


def _paint_regions(ax, regions, palette, over, rim):
    """Row numbers as colours within a rim, nothing where they are negative, and a picture over them."""
    # The row numbers must not be blended where two regions meet; borders and light may.
    hues = dict(cmap=ListedColormap(palette), vmin=-0.5, vmax=len(palette) - 0.5, interpolation="nearest")
    _paint(ax, np.ma.masked_less(regions, 0), rim, **hues)
    _paint(ax, over, rim, interpolation="bilinear", zorder=3)


def _rim(ax, width, **style):
    """The outline of a ball or a map, 2 high."""
    style = dict(facecolor="none", edgecolor="#555555", linewidth=1, zorder=4) | style
    return ax.add_patch(Ellipse((0, 0), width, 2, **style))


def _name_areas(ax, x, y, chosen, names, markers=()):
    """The larger areas' names, largest first, each in its area's middle or nearest to it where no marker stands.

    The middle of an area around the back of a map is that of its larger half.
    """
    points, placed = np.column_stack([x, y]), []
    shares = np.bincount(chosen, minlength=len(names)) / len(chosen)
    for i in np.argsort(-shares, kind="stable"):
        if shares[i] < 0.012:
            break
        size = legible(ax.figure, min(4 + 22 * np.sqrt(shares[i]), 11))
        area, half = points[chosen == i], 0.0028 * size * len(names[i])
        off = np.hypot(*(area - area.mean(axis=0)).T)
        if off.min() > 0.1:
            right = area[:, 0] > 0
            area = area[right == (right.mean() > 0.5)]
            off = np.hypot(*(area - area.mean(axis=0)).T)
        # Clear of the markers, and of what stands up on their right, where the area has room beside them.
        beside = [np.abs(area - marker[:2] - (0.06, 0.03)) > (half + 0.16, 0.18) for marker in markers]
        off += 9 * ~np.all([one.any(axis=1) for one in beside], axis=0)
        cx, cy = area.mean(axis=0) if off.min() < 0.02 else area[off.argmin()]
        crowded = any(abs(cx - px) < half + other and abs(cy - py) < 0.1 for px, py, other in placed)
        if np.hypot((abs(cx) + half) / round(x.max()), cy) < 1.02 and not crowded:  # over neither rim nor name
            placed.append((cx, cy, half))
            write(ax, (cx, cy), names[i], fontsize=size, path_effects=HALO, zorder=5)


def _shared(names, shares):
    """The shares of names, in their order, as a text."""
    return ", ".join(f"{name} {percent(share)}" for name, share in zip(names, shares, strict=True))


@styled
def draw_ball(ax, chosen, names, colours, markers, title, size=280, right=(), marks=()):
    """A ball coloured by who wins at each visible point, with marked states on it.

    `chosen` (n,) holds an ID for each row of `ball_pixels(size)`, `names` and `colours` map an ID to its name and
    its colour, `markers` (m, 3) are directions to mark with the numbers 1 to m, or with `marks` (m,), a character each;
    one on the far side is hollow. `right` (m,) says of each state whether the winner is the right one: ✓ or ✗ beside
    its marker.
    """
    x, y, inside = _disc(size)
    ids, place = np.unique(chosen, return_inverse=True)
    regions = np.full((size, size), -1)
    regions[inside] = place
    over = _light(x, y, borders(regions))
    _paint_regions(ax, regions, [colours[int(i)] for i in ids], over, _rim(ax, 2))
    bare(ax, title, 1.04, 1.04)
    for mark, (across, up, towards) in zip(marks if len(marks) else range(1, len(markers) + 1), markers, strict=True):
        inner, outer = ("black", "white") if towards >= 0 else ("white", "black")
        ax.plot(across, up, "o", markersize=13, color=inner, markeredgecolor=outer, zorder=6, gid="marker")
        style = dict(color=outer, fontsize=legible(ax.figure, 8.5), weight="bold", va="center_baseline", zorder=7)
        write(ax, (across, up), str(mark), (0, 3 * (mark == "␣")), gid="mark", **style)  # ␣ stands low
    for (across, up, _), good in zip(markers, right, strict=False):
        style = dict(fontsize=legible(ax.figure, 12), weight="bold", path_effects=HALO, zorder=8, gid="verdict")
        write(ax, (across, up), "✓" if good else "✗", (13, 7), **style)
    held = [names[int(i)] for i in ids]
    _name_areas(ax, x[inside], y[inside], place, held, markers)
    say(ax, "ball", _read_ball, held)


def _read_ball(ax, names):
    regions = ax.images[0].get_array()
    size = len(regions)
    clauses, held = [], []
    marks, verdicts = ([t.get_text() for t in ax.texts if t.get_gid() == kind] for kind in ("mark", "verdict"))
    for mark, marker in zip(marks, (line for line in ax.lines if line.get_gid() == "marker"), strict=True):
        # The nearest pixel to a point on the rim may be outside.
        right, up = marker.get_xydata()[0] / max(1, np.hypot(*marker.get_xydata()[0]) / (1 - 2 / size))
        column, row = round((right + 1) / 2 * (size - 1)), round((1 - up) / 2 * (size - 1))
        behind = marker.get_markerfacecolor() == "white"
        clauses.append("behind" if behind else f"`{names[regions[row, column]]}`")
        held.append(f"state {mark} " + ("is on the far side" if behind else f"lies in {clauses[-1]}"))
    for n, verdict in enumerate(verdicts):
        clauses[n], held[n] = f"{clauses[n]} {verdict}", f"{held[n]}, {'right' if verdict == '✓' else 'wrong'}"
    shares = np.bincount(regions.compressed(), minlength=len(names)) / regions.count()
    largest = [f"`{names[i]}` {percent(shares[i])}" for i in np.argsort(-shares, kind="stable")[:4]]
    markers = f": {', '.join(held)}. Its" if held else ":"
    states = [", ".join(clauses) if verdicts else f"states in {', '.join(clauses)}"] if 0 < len(held) < 10 else []
    return [*states, f"largest {largest[0]}"], f"{title_of(ax)}{markers} largest regions: {', '.join(largest)}."


@styled
def draw_soft_ball(ax, probabilities, names, title, size=200):
    """A ball on which at most eight colours mix by probability: (n, m), a row for each of `ball_pixels(size)`."""
    x, y, inside = _disc(size)
    hues = np.array([to_rgb(colour) for colour in AREAS[: len(names)]])
    picture = np.ones((size, size, 3))
    picture[inside] = np.clip(probabilities @ hues, 0, 1)
    rim = _rim(ax, 2)
    for layer in (picture, _light(x, y)):
        _paint(ax, layer, rim, interpolation="bilinear")
    _name_areas(ax, x[inside], y[inside], np.argmax(probabilities, axis=1), names)
    bare(ax, title, 1.04, 1.04)
    say(ax, "soft ball", _read_soft_ball, hues, names)


def _read_soft_ball(ax, hues, names):
    picture = np.asarray(ax.images[0].get_array())
    _, _, inside = _disc(len(picture))
    off = np.abs(picture[inside][:, None] - hues).max(axis=2)  # how far a pixel is from each pure colour
    pure = np.where(off.min(axis=1) < 0.05, off.argmin(axis=1), len(names))
    shares = np.bincount(pure, minlength=len(names) + 1) / len(pure)
    largest = np.argmax(shares[:-1])
    clauses = [f"{percent(shares[-1])} mixed", f"largest pure colour {names[largest]} {percent(shares[largest])}"]
    return clauses, f"{title_of(ax)}, pure colour of {_shared([*names, 'mixed'], shares)}."


@styled
def draw_map(ax, chosen, names, title, width=400):
    """The whole sphere, coloured by which of at most eight targets is chosen (n,) at each of `map_pixels(width)`."""
    x, y, inside = _oval(width)
    regions = np.full(inside.shape, -1)
    regions[inside] = chosen
    _paint_regions(ax, regions, AREAS[: len(names)], borders(regions), _rim(ax, 4))
    _name_areas(ax, x[inside], y[inside], chosen, names)
    bare(ax, title, 2.04, 1.04)
    say(ax, "sphere map", _read_map, names)


def _read_map(ax, names):
    regions = ax.images[0].get_array().compressed()
    shares = np.bincount(regions, minlength=len(names)) / len(regions)
    return extremes(names, shares, percent), f"{title_of(ax)}, shares of the whole sphere: {_shared(names, shares)}."


@styled
def draw_sphere(ax, points, title, names=(), axis=None, size=280):
    """A plain ball with directions on it: `points` maps the name of each of at most six groups to an (n, 3) array.

    A point on the near side is filled, one behind the ball hollow. `names`, where given, holds a text for each
    point, group by group. `axis` (3,) is drawn as a line through the ball, with the great circle perpendicular to it.
    """
    x, y, _ = _disc(size)
    rim = _rim(ax, 2, facecolor="#F4F4F4", edgecolor="#999999", zorder=0)
    _paint(ax, _light(x, y), rim, interpolation="bilinear", zorder=0)
    if axis is not None:
        _draw_axis(ax, np.asarray(axis) / np.linalg.norm(axis))
    for name, colour, sign, _ in looks(points):
        vectors = np.asarray(points[name], float)
        if not np.allclose((vectors**2).sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"The points of {name!r} should be directions, vectors of size 1; divide by their sizes.")
        near = vectors[:, 2] >= 0
        style = dict(color=colour, markersize=6, zorder=3, label=name)
        ax.plot(*vectors[near, :2].T, sign, gid="near", **style)
        ax.plot(*vectors[~near, :2].T, sign, gid="far", markerfacecolor="none", **style)
    bare(ax, title, 1.35, 1.15)
    signs = [line for line in ax.lines if line.get_gid() == "near"]
    style = dict(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4, fontsize=9, handletextpad=0.2)
    key(ax, signs, list(points), **style)
    if len(names):
        place_names(ax, np.concatenate(list(points.values()))[:, :2], names)
    say(ax, "dotted ball", _read_sphere)


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


def _read_sphere(ax):
    """How many points of a group are behind, and how far apart they are: from each other or from an axis's circle."""
    lines = [line for line in ax.lines if line.get_gid() in ("near", "far")]
    axis = next((line.get_xydata()[0] for line in ax.lines if line.get_gid() == "axis"), None)
    clauses, said = [], []
    for pair in zip(lines[::2], lines[1::2], strict=True):
        flat = np.concatenate([line.get_xydata() for line in pair])
        behind = np.concatenate([[line.get_markerfacecolor() == "none"] * len(line.get_xdata()) for line in pair])
        points = np.column_stack([flat, np.where(behind, -1, 1) * _depth(*flat.T)])
        angles = np.degrees(np.arccos(np.clip(points @ points.T, -1, 1)))
        spread = f"at most {angles.max():.0f}° apart"
        if axis is not None:
            off = np.abs(90 - np.degrees(np.arccos(points @ np.append(axis, _depth(*axis)))))
            spread = f"from {off.min():.0f}° to {off.max():.0f}° off the great circle"
        name, hidden = pair[0].get_label(), f", {behind.sum():.0f} of them behind" if behind.any() else ""
        clauses.append(f"{name} {spread}")
        said.append(f"{name} {len(flat)}{hidden}, {spread}")
    return clauses, f"{title_of(ax)}, points on a ball: {'; '.join(said)}."
