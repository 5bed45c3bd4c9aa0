"""Planes, circles and spheres are drawn where they should be, and their words are read back from the picture."""

import matplotlib as mpl
import numpy as np
import pytest

from helpers import figures
from helpers.figures import ball_pixels, canvas, circle_pixels, map_pixels, plane_pixels, words_of
from helpers.geometry import unit


@pytest.fixture
def ax():
    return canvas(4, 4)[1]


def values(ax):
    return words_of(ax.figure)[1]


def places(ax):
    return {text.get_text(): tuple(text.xy) for text in ax.texts}


def lines_of(ax, gid):
    return [line for line in ax.lines if line.get_gid() == gid]


def test_pixels_run_line_by_line_from_the_top_or_around_from_the_right():
    plane, ball, circle = plane_pixels(2, size=5), ball_pixels(101), circle_pixels(8)
    assert plane[0].tolist() == [-2, 2] and plane[4].tolist() == [2, 2] and plane[-1].tolist() == [2, -2]
    np.testing.assert_allclose(np.degrees(np.arctan2(*circle.T[::-1])) % 360, 22.5 + 45 * np.arange(8))
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 1, atol=1e-6)  # a half sphere, seen from the front
    assert (ball[:, 2] >= 0).all() and ball[0, 1] == 1 and len(ball) == pytest.approx(np.pi / 4 * 101**2, rel=0.03)


def test_a_line_that_moves_along_the_state_meets_the_winner_last(ax):
    targets = np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, -1.0]])
    figures.draw_plane(ax, targets, ["A", "B", "C"], "Toy", np.array([2.0, 1.0]), swept=True)
    assert words_of(ax.figure) == (
        "Arrow diagram: Toy: moved along z, the line meets B at -1.5, C at 3, A at 4; A to (1, 2); B to (-1, 0.5); "
        "C to (2, -1); z to (2, 1).",
        "Toy, arrows from the origin: A to (1, 2); B to (-1, 0.5); C to (2, -1); z to (2, 1). "
        "Moved along z, the line meets B at -1.5, C at 3, A at 4.",
    )
    for line, target in zip(lines_of(ax, "sweep"), targets[[1, 2, 0]], strict=True):
        one, other = line.get_xydata()
        np.testing.assert_allclose([(other - one) @ [2, 1], (target - one) @ [2, 1]], 0, atol=1e-9)
    assert [line.get_linestyle() for line in lines_of(ax, "sweep")] == [":", ":", "-"] and ax.get_aspect() == 1
    assert ax.patches[0].radius == pytest.approx(5**0.5) and ax.get_xlim()[1] > 5**0.5 and ax.get_ylim()[0] < -1
    lines_of(ax, "sweep")[0].set_data([2, 2], [1, 1])
    assert "meets A at 5, C at 3" in values(ax)
    named = {text.get_text(): text for text in ax.texts}
    named["A 4"].xy, named["B -1.5"].xy = named["B -1.5"].xy, named["A 4"].xy
    assert "B to (1, 2)" in values(ax)


def test_regions_say_where_the_state_lies_and_are_named(ax):
    chosen = np.where(plane_pixels(2, size=101)[:, 1] > 1, 0, 1)
    figures.draw_regions(ax, chosen, np.array([[1.0, 1.0], [-1.0, 0.0]]), ["A", "B"], "Plane", (0.5, 1.5), reach=2)
    assert words_of(ax.figure) == (
        "Plane map: Plane: z lies in the region of A; A 25%; B 75%.",
        "Plane: z lies in the region of A; shares A 25%, B 75%.",
    )
    assert ax.get_aspect() == 1 and ax.images[0].get_array()[0, 0] == 0  # the top is A's
    inside = {text.get_text(): text.xy for text in ax.texts if text.get_gid() is None}
    assert inside["A"][1] == pytest.approx(1.5, abs=0.05) and inside["B"][1] == pytest.approx(-0.5, abs=0.05)
    ax.images[0].set_data(ax.images[0].get_array()[::-1])  # upside down
    assert "z lies in the region of B" in values(ax)
    [state] = [text for text in ax.texts if text.get_gid() == "state"]
    state.xy = (0.5, -1.5)
    assert "z lies in the region of A" in values(ax)


@pytest.mark.parametrize(
    "holder, arcs, widths",
    [
        (lambda x, y: (y < 0) & (x > 0), "A from 0° to 270°, B from 270° to 360°; nothing for C", "C; A 270°; B 90°"),
        (lambda x, y: x < 9, "B from 0° to 360°; nothing for A, C", "A, C; B 360°"),
        (lambda x, y: x < 0, "B from 90° to 270°, A from 270° to 450°; nothing for C", "C; B 180°; A 180°"),
    ],
    ids=["a quarter", "all around", "across the right"],
)
def test_arcs_say_where_they_begin_and_end_and_who_has_none(ax, holder, arcs, widths):
    chosen = holder(*circle_pixels(360).T).astype(int)
    figures.draw_arcs(ax, chosen, [[0, 1], [1, -1], [0.1, 0.1]], list("ABC"), "Turn", reach=2)
    said = f"Turn, arcs, anticlockwise from the right: {arcs}."
    assert words_of(ax.figure) == (f"Ring: Turn: nothing for {widths}.", said)
    tips = {text.get_text(): tuple(np.round(text.xy, 2)) for text in ax.texts if any(text.get_position())}
    assert tips == {"A": (0, 0.5), "B": (0.5, -0.5), "C": (0.05, 0.05)}
    first, begin = lines_of(ax, "arc")[0], int(arcs.split("°")[0].split()[-1])
    first.set_data(*first.get_xydata()[30:].T)  # it has lost its first 30 degrees
    assert f"{arcs[0]} from {begin + 30}° to" in values(ax)


def test_a_ring_goes_through_other_states_where_they_are_given(ax):
    states = circle_pixels(360) * (2, 1)
    figures.draw_arcs(ax, (states[:, 0] < 0).astype(int), [[1, 0], [-1, 0]], list("AB"), "Oval", reach=4, states=states)
    drawn = np.concatenate([line.get_xydata() for line in lines_of(ax, "arc")])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(states / 4, axis=0))
    assert "B from 91° to 269°, A from 271° to 449°" in values(ax)  # one degree of the circle is two here


def circle(path=((0.5, 0), (1, 1), (-2, 2)), **how):
    _, ax = canvas(4, 4)
    figures.draw_circle(ax, 3, {"in\nit": np.array([0.5, 0]), "out": np.array([0, 2.0])}, "Flight", path, **how)
    return ax


def test_a_circle_says_where_its_rays_and_its_path_go():
    ax = circle(numbered=[0, 2])
    assert words_of(ax.figure) == (
        "Circle: Flight: path from size 0.5 at 0° to size 2.8 at 135°; in it to size 0.5 at 0°; out to size 2 at 90°.",
        "Flight, around a circle of radius 3: in it to size 0.5 at 0°; out to size 2 at 90°; "
        "a path of 2 steps from size 0.5 at 0° to size 2.8 at 135°.",
    )
    assert ax.get_aspect() == 1 and ax.get_xlim() == ax.get_ylim() and ax.get_xlim()[0] < 0 < ax.get_xlim()[1]
    assert ax.patches[0].center == (0, 0)
    assert places(ax)["0"] == (0.5, 0) and places(ax)["2"] == (-2, 2)
    [arrow] = [text for text in ax.texts if text.arrow_patch is not None and not text.get_text()]
    assert tuple(arrow.xy) == (-2, 2) and tuple(arrow.get_position()) == (0, 0)
    for name, ray, end in zip(["in\nit", "out"], lines_of(ax, "ray"), [[3, 0], [0, 3]], strict=True):
        np.testing.assert_allclose(ray.get_xydata()[1], end)
        np.testing.assert_allclose(places(ax)[name] / np.hypot(*places(ax)[name]), np.divide(end, 3), atol=1e-9)
    [path] = lines_of(ax, "path")
    np.testing.assert_allclose(path.get_xydata(), [(0.5, 0), (1, 1), (-2, 2)])
    path.set_data(*path.get_xydata()[::-1].T)  # flown backwards
    assert "from size 2.8 at 135° to size 0.5 at 0°" in values(ax)
    assert values(circle(path=None)).endswith("in it to size 0.5 at 0°; out to size 2 at 90°.")  # there may be none


def test_a_target_its_arc_and_its_region_share_a_colour():
    _, (left, right) = canvas(6, 3, columns=2)
    targets = np.array([[0.0, 1], [1, -1], [-1, -1]])
    figures.draw_arcs(left, np.argmax(circle_pixels(360) @ targets.T, axis=1), targets, list("ABC"), "Ring", reach=2)
    assert {line.get_label(): line.get_color() for line in left.lines} == dict(zip("ABC", figures.AREAS, strict=False))
    figures.draw_regions(right, np.arange(101**2) % 3, targets, list("ABC"), "Plane", (0.5, 1.5), reach=2)
    dots = [line.get_color() for line in right.lines if line.get_marker() == "o"]
    assert dots == figures.AREAS[:3] == right.images[0].cmap.colors


def test_what_is_no_direction_is_refused(ax):
    with pytest.raises(ValueError, match="'far off' should be directions"):
        figures.draw_sphere(ax, {"far off": np.array([[0, 0, 24.0]])}, "Globe")


def test_balls_say_who_holds_each_state_and_all_stands_where_it_belongs(ax):
    right, up, _ = ball_pixels(61).T
    chosen = np.where(up > 0.6 * right - 0.2, 3, 9)  # neither its mirror image nor its upside down looks the same
    colours = figures.colours_by_area(chosen)
    markers = np.array([[0, 0.5, 0.75**0.5], [0.5, -0.5, 0.5**0.5]])
    _, judged = figures.canvas(4, 4)
    figures.draw_ball(judged, chosen, {3: "north", 9: "south"}, colours, markers, "Globe", 61, [True, False], "␣z")
    assert words_of(judged.figure)[0] == "Ball: Globe: `north` ✓, `south` ✗; largest `north` 61%."
    assert "state ␣ lies in `north`, right, state z lies in `south`, wrong" in values(judged)
    figures.draw_ball(ax, chosen, {3: "north", 9: "south"}, colours, markers, "Globe", size=61)
    assert words_of(ax.figure) == (
        "Ball: Globe: states in `north`, `south`; largest `north` 61%.",
        "Globe: state 1 lies in `north`, state 2 lies in `south`. Its largest regions: `north` 61%, `south` 39%.",
    )
    assert colours == {3: figures.AREAS[0], 9: figures.AREAS[1]} and ax.get_aspect() == 1
    assert ax.images[1].get_array()[36, 30, :3].min() > 0.9  # a white border
    names = places(ax)
    assert names["north"][1] > -0.2 > names["south"][1] and names["1"] == (0, 0.5) and names["2"] == (0.5, -0.5)
    assert [tuple(line.get_xydata()[0]) for line in ax.lines] == [(0, 0.5), (0.5, -0.5)]
    image = ax.images[0]
    painted = image.to_rgba(image.get_array())
    for row, column, holder in [(10, 30, 3), (50, 30, 9), (30, 4, 3), (30, 56, 9)]:  # above, below, left, right
        np.testing.assert_allclose(painted[row, column, :3], mpl.colors.to_rgb(colours[holder]))
    image.set_data(image.get_array()[::-1, ::-1])
    assert "state 1 lies in `south`, state 2 lies in `north`" in values(ax)


def test_a_state_on_the_far_side_of_a_ball_is_hollow_and_told(ax):
    chosen = np.full(len(ball_pixels(61)), 3)
    markers = [[0.6, 0, 0.8], [0.6, 0, -0.8], [1, 0, 0], [0.7071, -0.7071, 0]]
    figures.draw_ball(ax, chosen, {3: "$all$"}, {3: "#FFFFFF"}, markers, "Globe", size=61)
    sentence, said = words_of(ax.figure)
    assert sentence == "Ball: Globe: states in `$all$`, behind, `$all$`, `$all$`; largest `$all$` 100%."
    assert said.startswith("Globe: state 1 lies in `$all$`, state 2 is on the far side, state 3 lies in `$all$`, state")
    assert [line.get_markerfacecolor() for line in ax.lines] == ["black", "white", "black", "black"]


@pytest.mark.parametrize("marker", [[0, 0.5, 0.866], [0, -0.95, 0.3122]])
def test_a_name_stands_in_its_region_and_clear_of_a_marker(ax, marker):
    border = marker[1] - 0.2 * np.sign(marker[1])
    chosen = np.where(ball_pixels(80)[:, 1] > border, 1, 0)
    names, colours = {0: "lower", 1: "upper"}, {0: "#FFFFFF", 1: "#AAAAAA"}
    figures.draw_ball(ax, chosen, names, colours, [marker], "Globe", size=80)
    assert f"state 1 lies in `{'upper' if marker[1] > 0 else 'lower'}`" in values(ax)
    ax.figure.draw_without_rendering()
    [dot] = [text for text in ax.texts if text.get_text() == "1"]
    for text in ax.texts:
        if text is not dot:
            assert (text.xy[1] > border) == (text.get_text() == "upper")
            assert not text.get_window_extent().count_overlaps([dot.get_window_extent()])
            assert np.hypot(*text.xy) < 1


def test_a_soft_ball_tells_pure_colour_from_mixed(ax):
    sure = np.clip(0.5 + 5 * ball_pixels(80)[:, 0], 0, 1)
    figures.draw_soft_ball(ax, np.column_stack([sure, 1 - sure]), ["east", "west"], "Soft", size=80)
    # Mixed is the band |right| < 0.1 without its nearly pure edges, of which ±0.08 is left: 4/π · 0.08 of the disc.
    assert words_of(ax.figure) == (
        "Soft ball: Soft: 10% mixed; largest pure colour east 45%.",
        "Soft, pure colour of east 45%, west 45%, mixed 10%.",
    )
    picture = ax.images[0].get_array()
    np.testing.assert_allclose(picture[40, 70], mpl.colors.to_rgb(figures.AREAS[0]), atol=1e-6)
    assert places(ax)["west"][0] < 0 < places(ax)["east"][0]
    ax.images[0].set_data(np.full_like(picture, 0.5))
    assert "mixed 100%" in values(ax)


def test_a_maps_shares_are_shares_of_the_sphere():
    pixels = map_pixels(600)
    np.testing.assert_allclose(np.linalg.norm(pixels, axis=1), 1, atol=1e-6)
    # Archimedes: the share of a sphere above a height h is (1 − h)/2, whichever direction is up.
    for axis in unit(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 2, -3]])):
        for height in (-0.8, -0.3, 0, 0.5, 0.9):
            assert (pixels @ axis > height).mean() == pytest.approx((1 - height) / 2, abs=2e-3)
    middle = pixels[len(pixels) // 2 : len(pixels) // 2 + 700]
    assert middle[:, 2].max() > 0.999 and pixels[0, 1] > 0.99 and pixels[-1, 1] < -0.99  # towards you; up; down
    assert (np.diff(middle[np.abs(middle[:, 2] - 1) < 0.3][:50, 0]) > 0).all()  # from left to right


def test_a_map_says_the_shares_of_what_is_painted(ax):
    chosen = np.where(map_pixels(200)[:, 1] > 0.5, 0, 1)
    figures.draw_map(ax, chosen, ["cap", "rest"], "World", width=200)
    assert words_of(ax.figure) == (
        "Sphere map: World: largest rest 75%; smallest cap 25%.",
        "World, shares of the whole sphere: cap 25%, rest 75%.",
    )
    assert ax.get_aspect() == 1 and places(ax)["cap"][1] > 0.5 > places(ax)["rest"][1]
    regions = ax.images[0].get_array()
    assert regions[5, 100] == 0 and regions[95, 100] == 1  # the cap is on top
    ax.images[0].set_data(np.ma.masked_array(1 - regions.data, regions.mask))
    assert "cap 75%, rest 25%" in values(ax)
    _, ax = canvas(5, 3)  # and a name of an area around the map stands inside it
    figures.draw_map(ax, np.where(map_pixels(200)[:, 2] < 0, 0, 1), ["behind", "before"], "World", width=200)
    assert abs(places(ax)["behind"][0]) > 1 > abs(places(ax)["before"][0])


def test_points_behind_a_ball_are_hollow_and_their_angles_are_told(ax):
    points = {"ends": np.array([[0, 0, 1.0], [0, 0.6, -0.8]]), "pair": unit([[1.0, 0, 1], [1, 1, 0]])}
    figures.draw_sphere(ax, points, "Globe")
    assert words_of(ax.figure) == (
        "Dotted ball: Globe: ends at most 143° apart; pair at most 60° apart.",
        "Globe, points on a ball: ends 2, 1 of them behind, at most 143° apart; pair 2, at most 60° apart.",
    )
    near, far = lines_of(ax, "near"), lines_of(ax, "far")
    np.testing.assert_allclose(near[0].get_xydata(), [[0, 0]])
    np.testing.assert_allclose(far[0].get_xydata(), [[0, 0.6]])  # right, up
    assert far[0].get_markerfacecolor() == "none" != near[0].get_markerfacecolor()
    assert ax.get_aspect() == 1 and near[0].get_marker() != near[1].get_marker()
    assert [line.get_color() for line in near] == [line.get_color() for line in far] == figures.LINES[:2]
    far[0].set_data([0.6], [0.8])  # moved to the rim
    assert "ends 2, 1 of them behind, at most 90° apart" in values(ax)
    far[0].set_markerfacecolor("red")  # the other side is told by the filling
    assert "ends 2, at most 90° apart" in values(ax)


@pytest.mark.parametrize("axis", [[1, 1, 1], [-0.3, 0.2, -0.9], [0, 0, 1], [1, 0, 0]])
def test_a_great_circle_is_told_from_the_rest_of_the_ball(axis):
    axis, free = unit(np.array(axis, float)), unit(np.random.default_rng(0).normal(size=(40, 3)))
    fig, axes = canvas(8, 4, columns=2)
    figures.draw_sphere(axes[0], {"on it": unit(free - (free @ axis)[:, None] * axis)}, "Globe", axis=axis)
    figures.draw_sphere(axes[1], {"free": free}, "Globe", axis=axis)
    off, behind = np.degrees(np.abs(np.arcsin(free @ axis))), (free[:, 2] < 0).sum()
    said = f"free 40, {behind} of them behind, from {off.min():.0f}° to {off.max():.0f}° off the great circle."
    assert "from 0° to 0° off the great circle. " in words_of(fig)[1] and words_of(fig)[1].endswith(said)
    # A point of a drawn great circle, with its depth restored, is perpendicular to the axis: checked from the picture.
    for line, style, side in zip(lines_of(axes[0], "axis")[2:], "-:", (1, -1), strict=True):
        assert line.get_linestyle() == style
        flat = line.get_xydata()[~np.isnan(line.get_xydata()).any(axis=1)]
        depth = side * np.sqrt(np.clip(1 - (flat**2).sum(axis=1), 0, 1))
        np.testing.assert_allclose(np.column_stack([flat, depth]) @ axis, 0, atol=1e-6)


def test_names_on_a_ball_stand_apart_and_take_dollars_and_underscores_as_they_are(ax):
    points = {"_a": unit([[0.1, 0, 1], [0.12, 0, 1], [0.1, 0.03, 1.0]]), "$b$": unit([[0.0, 1, 0.1]])}
    figures.draw_sphere(ax, points, "Globe", names=["first", "second", "third", "$x$"])
    boxes = [mpl.text.Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == 4 and not any(a.count_overlaps(boxes[:i]) for i, a in enumerate(boxes))
    key = ax.get_legend().get_texts()
    assert [text.get_text() for text in key] == list(points)
    assert not any(text.get_parse_math() for text in [*key, *ax.texts])
