"""Circles, spheres and planes are drawn where they should be, and their words are read back from the picture."""

import matplotlib as mpl
import numpy as np
import pytest

from helpers import figures, spheres
from helpers.geometry import unit


def ball(chosen_by):
    _, ax = figures.canvas(3, 3)
    pixels = spheres.ball_pixels(61)
    chosen = chosen_by(pixels)
    colours = spheres.colours_by_area(chosen)
    markers = np.array([[0, 0.5, 0.75**0.5], [0.5, -0.5, 0.5**0.5]])
    return spheres.draw_ball(ax, chosen, {3: "north", 9: "south"}, colours, markers, "Ball", size=61), ax, colours


def test_balls_say_who_holds_each_state():
    words, ax, colours = ball(lambda p: np.where(p[:, 1] > -0.2, 3, 9))
    assert words.startswith("Ball: state 1 lies in `north`, state 2 lies in `south`. Its largest regions: `north` 6")
    assert colours[3] == figures.AREAS[0] and colours[9] == figures.AREAS[1]
    assert ax.get_aspect() == 1
    ax.images[0].set_data(ax.images[0].get_array()[::-1])  # the ball, upside down
    assert "state 1 lies in `south`, state 2 lies in `north`" in spheres._ball_in_words(ax, ["north", "south"])


def test_a_balls_names_colours_and_numbers_stand_where_they_belong():
    _, ax, colours = ball(lambda p: np.where(p[:, 1] > -0.2, 3, 9))
    names = {text.get_text(): text.get_position() for text in ax.texts}
    assert names["north"][1] > -0.2 > names["south"][1]
    assert names["1"] == (0, 0.5) and names["2"] == (0.5, -0.5)
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines]
    assert dots == [(0, 0.5), (0.5, -0.5)]
    image = ax.images[0]
    painted = image.to_rgba(image.get_array())
    np.testing.assert_allclose(painted[10, 30, :3], mpl.colors.to_rgb(colours[3]))
    np.testing.assert_allclose(painted[50, 30, :3], mpl.colors.to_rgb(colours[9]))


def test_a_ball_is_not_its_mirror_image():
    words, ax, _ = ball(lambda p: np.where(p[:, 0] > 0.2, 3, 9))  # the east is north's, and marker 2 is in the east
    assert "state 1 lies in `south`, state 2 lies in `north`" in words
    assert "`south` 6" in words and ax.images[0].get_array()[30, 55] == 0


def regions():
    _, ax = figures.canvas(3, 3)
    plane = spheres.plane_pixels(2, size=101)
    targets = np.array([[1.0, 1.0], [-1.0, 0.0]])
    chosen = np.where(plane[:, 1] > 1, 0, 1)
    return spheres.draw_regions(ax, chosen, targets, ["A", "B"], "Plane", (0.5, 1.5), reach=2), ax


def test_regions_say_where_the_state_lies():
    words, ax = regions()
    assert words == "Plane: z lies in the region of A; shares A 25 %, B 75 %."
    assert ax.get_aspect() == 1 and ax.images[0].get_array()[0, 0] == 0  # the top is A's
    ax.images[0].set_data(ax.images[0].get_array()[::-1])  # upside down
    assert "z lies in the region of B" in spheres._regions_in_words(ax)
    [state] = [text for text in ax.texts if text.get_gid() == "state"]
    state.xy = (0.5, -1.5)
    assert "z lies in the region of A" in spheres._regions_in_words(ax)


def test_regions_are_named_and_not_told_by_colour_alone():
    _, ax = regions()
    inside = {text.get_text(): text.get_position() for text in ax.texts if text.get_gid() is None}
    assert inside["A"][1] == pytest.approx(1.5, abs=0.05) and inside["B"][1] == pytest.approx(-0.5, abs=0.05)


def test_plane_pixels_run_line_by_line_from_the_top():
    plane = spheres.plane_pixels(2, size=5)
    assert plane[0].tolist() == [-2, 2] and plane[4].tolist() == [2, 2] and plane[-1].tolist() == [2, -2]


def test_ball_pixels_are_a_half_sphere_seen_from_the_front():
    pixels = spheres.ball_pixels(101)
    np.testing.assert_allclose(np.linalg.norm(pixels, axis=1), 1, atol=1e-6)
    assert (pixels[:, 2] >= 0).all() and pixels[0, 1] == 1  # line by line from the top
    assert len(pixels) == pytest.approx(np.pi / 4 * 101**2, rel=0.03)


def test_a_state_on_the_far_side_of_a_ball_is_hollow_and_told():
    _, ax = figures.canvas(3, 3)
    chosen = np.full(len(spheres.ball_pixels(61)), 3)
    markers = [[0.6, 0, 0.8], [0.6, 0, -0.8], [1, 0, 0], [0.7071, -0.7071, 0]]
    words = spheres.draw_ball(ax, chosen, {3: "$all$"}, {3: "#FFFFFF"}, markers, "Ball", size=61)
    assert words.startswith("Ball: state 1 lies in `$all$`, state 2 is on the far side, state 3 lies in `$all$`, state")
    assert [line.get_markerfacecolor() for line in ax.lines] == ["black", "white", "black", "black"]


# ---------------------------------------------------------------- a plain ball


def sphere(points, **how):
    _, ax = figures.canvas(4, 4)
    return spheres.draw_sphere(ax, points, "Ball", **how), ax


def lines_of(ax, gid):
    return [line for line in ax.lines if line.get_gid() == gid]


def test_points_behind_a_ball_are_hollow_and_their_angles_are_told():
    words, ax = sphere({"ends": np.array([[0, 0, 1.0], [0, 0.6, -0.8]]), "pair": unit([[1.0, 0, 1], [1, 1, 0]])})
    assert words == "Ball, points on a ball: ends 2, 1 of them behind, at most 143° apart; pair 2, at most 60° apart."
    near, far = lines_of(ax, "near"), lines_of(ax, "far")
    np.testing.assert_allclose(near[0].get_xydata(), [[0, 0]])
    np.testing.assert_allclose(far[0].get_xydata(), [[0, 0.6]])  # right, up
    assert far[0].get_markerfacecolor() == "none" != near[0].get_markerfacecolor()
    assert ax.get_aspect() == 1 and near[0].get_marker() != near[1].get_marker()
    far[0].set_data([0.6], [0.8])  # moved to the rim
    assert "ends 2, 1 of them behind, at most 90° apart" in spheres._sphere_in_words(ax)
    far[0].set_markerfacecolor("red")  # the other side is told by the filling
    assert "ends 2, at most 90° apart" in spheres._sphere_in_words(ax)


@pytest.mark.parametrize("axis", [[1, 1, 1], [-0.3, 0.2, -0.9], [0, 0, 1], [1, 0, 0]])
def test_a_great_circle_is_told_from_the_rest_of_the_ball(axis):
    rng = np.random.default_rng(0)
    axis, free = unit(np.array(axis, float)), unit(rng.normal(size=(40, 3)))
    circle = unit(free - (free @ axis)[:, None] * axis)
    words, ax = sphere({"on it": circle}, axis=axis)
    assert words.startswith("Ball, points on a ball: on it 40") and words.endswith(
        "from 0° to 0° off the great circle."
    )
    # A point of a drawn great circle, with its depth restored, is perpendicular to the axis: checked from the picture.
    front, behind = lines_of(ax, "axis")[2:]
    for line, side in ((front, 1), (behind, -1)):
        flat = line.get_xydata()[~np.isnan(line.get_xydata()).any(axis=1)]
        depth = side * np.sqrt(np.clip(1 - (flat**2).sum(axis=1), 0, 1))
        np.testing.assert_allclose(np.column_stack([flat, depth]) @ axis, 0, atol=1e-6)
    off = np.degrees(np.abs(np.arcsin(free @ axis)))
    words, _ = sphere({"free": free}, axis=axis)
    behind = (free[:, 2] < 0).sum()
    assert words.endswith(
        f"free 40, {behind} of them behind, from {off.min():.0f}° to {off.max():.0f}° off the great circle."
    )


def test_names_on_a_ball_stand_apart():
    points = {"a": unit([[0.1, 0, 1], [0.12, 0, 1], [0.1, 0.03, 1.0]]), "b": unit([[0.0, 1, 0.1]])}
    _, ax = sphere(points, names=["first", "second", "third", "fourth"])
    boxes = [mpl.text.Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == 4 and not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# ---------------------------------------------------------------- a circle with rays and a path


def circle(path=((0.5, 0), (1, 1), (-2, 2)), **how):
    _, ax = figures.canvas(4, 4)
    rays = {"in\nit": np.array([0.5, 0]), "out": np.array([0, 2.0])}
    return spheres.draw_circle(ax, 3, rays, "Flight", path, **how), ax


def test_a_circle_says_where_its_rays_and_its_path_go():
    words, ax = circle(numbered=[0, 2])
    assert words == (
        "Flight, around a circle of radius 3: in it to size 0.5 at 0°; out to size 2 at 90°; "
        "a path of 2 steps from size 0.5 at 0° to size 2.8 at 135°."
    )
    assert ax.get_aspect() == 1 and ax.get_xlim() == ax.get_ylim()
    np.testing.assert_allclose([line.get_xydata()[1] for line in lines_of(ax, "ray")], [[3, 0], [0, 3]])
    numbers = {text.get_text(): text.xy for text in ax.texts if text.get_text().isdigit()}
    assert {name: tuple(place) for name, place in numbers.items()} == {"0": (0.5, 0), "2": (-2, 2)}
    [arrow] = [text for text in ax.texts if text.arrow_patch is not None and not text.get_text()]
    assert tuple(arrow.xy) == (-2, 2) and tuple(arrow.get_position()) == (0, 0)
    [path] = lines_of(ax, "path")
    path.set_data(*path.get_xydata()[::-1].T)  # flown backwards
    assert "from size 2.8 at 135° to size 0.5 at 0°" in spheres._circle_in_words(ax)


def test_a_rays_name_keeps_away_from_where_the_path_ends():
    sides = {}
    for end in (-1, 1):
        _, ax = circle(path=[(0, 0), (end, 2)])
        [name] = [text for text in ax.texts if text.get_text() == "out"]
        sides[end] = name.get_position()[0]
    assert sides[-1] > 0 > sides[1]


def test_a_circle_without_a_path_has_rays_only():
    words, ax = circle(path=None)
    assert words.endswith("in it to size 0.5 at 0°; out to size 2 at 90°.") and not lines_of(ax, "path")


def test_a_ball_takes_directions_only():
    with pytest.raises(ValueError, match="'far off' should be directions"):
        sphere({"far off": np.array([[0, 0, 24.0]])})


def test_more_rays_than_can_be_told_apart_are_refused():
    _, ax = figures.canvas(4, 4)
    with pytest.raises(ValueError, match="At most 6"):
        spheres.draw_circle(ax, 1, {str(n): (1, n) for n in range(6)}, "Six rays")


def test_every_step_of_a_path_and_the_circle_stand_where_they_belong():
    _, ax = circle()
    [path] = lines_of(ax, "path")
    np.testing.assert_allclose(path.get_xydata(), [(0.5, 0), (1, 1), (-2, 2)])
    assert ax.patches[0].center == (0, 0) and ax.get_xlim()[0] < 0 < ax.get_xlim()[1]
    for name, ray in zip(["in\nit", "out"], lines_of(ax, "ray"), strict=True):
        [text] = [text for text in ax.texts if text.get_text() == name]
        end = ray.get_xydata()[1]
        np.testing.assert_allclose(text.xy / np.hypot(*text.xy), end / 3)  # each name on its own ray


def test_names_and_keys_take_dollars_and_underscores_as_they_are():
    _, ax = sphere({"_a": unit([[1.0, 0, 1]]), "$b$": unit([[0.0, 1, 1]])})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["_a", "$b$"]
    assert not any(text.get_parse_math() for text in ax.get_legend().get_texts())


def test_a_marker_beside_the_rim_does_not_push_a_name_out_of_the_picture():
    chosen = np.where(spheres.ball_pixels(80)[:, 1] < -0.8, 1, 0)
    _, ax = figures.canvas(3, 3)
    style = dict(names={0: "a", 1: "b"}, colours={0: "#FFFFFF", 1: "#AAAAAA"}, title="Ball", size=80)
    assert "state 1 lies in `b`" in spheres.draw_ball(ax, chosen, markers=[[0, -0.95, 0.3122]], **style)


# ---------------------------------------------------------------- arcs, the whole sphere, soft edges


def test_arcs_say_where_they_begin_and_end_and_who_has_none():
    _, ax = figures.canvas(3, 3)
    pixels = spheres.circle_pixels(360)
    chosen = np.where(pixels[:, 1] > 0, 0, np.where(pixels[:, 0] > 0, 1, 0))  # the lower right quarter is B's
    targets = np.array([[0.0, 1], [1, -1], [0.1, 0.1]])
    words = spheres.draw_arcs(ax, chosen, targets, list("ABC"), "Ring", reach=2)
    assert words == "Ring, arcs, anticlockwise from the right: A from 0° to 270°, B from 270° to 360°; nothing for C."
    assert [tuple(np.round(text.xy, 2)) for text in ax.texts if hasattr(text, "xy")] == [
        (0, 0.5),
        (0.5, -0.5),
        (0.05, 0.05),
    ]
    ax.patches[1].set_theta1(300)
    assert "B from 300° to 360°" in spheres._arcs_in_words(ax, list("ABC"))
    _, ax = figures.canvas(3, 3)
    assert "B from 0° to 360°" in spheres.draw_arcs(ax, np.ones(360, int), targets, list("ABC"), "Ring", reach=2)


def test_an_arc_across_the_right_is_one_arc():
    _, ax = figures.canvas(3, 3)
    chosen = np.where(spheres.circle_pixels(360)[:, 0] > 0, 0, 1)
    words = spheres.draw_arcs(ax, chosen, np.eye(2), ["right", "left"], "Ring", reach=2)
    assert "right from 270° to 450°" in words and "left from 90° to 270°" in words


def test_circle_pixels_go_around_once_from_the_right():
    pixels = spheres.circle_pixels(8)
    turn = np.degrees(np.arctan2(pixels[:, 1], pixels[:, 0])) % 360
    np.testing.assert_allclose(turn, 22.5 + 45 * np.arange(8))


def test_a_maps_shares_are_shares_of_the_sphere():
    pixels = spheres.map_pixels(600)
    np.testing.assert_allclose(np.linalg.norm(pixels, axis=1), 1, atol=1e-6)
    # Archimedes: the share of a sphere above a height h is (1 − h)/2, whichever direction is up.
    for axis in unit(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 2, -3]])):
        for height in (-0.8, -0.3, 0, 0.5, 0.9):
            assert (pixels @ axis > height).mean() == pytest.approx((1 - height) / 2, abs=2e-3)
    middle = pixels[len(pixels) // 2 : len(pixels) // 2 + 700]
    assert middle[:, 2].max() > 0.999 and pixels[0, 1] > 0.99 and pixels[-1, 1] < -0.99  # towards you; up; down
    assert (np.diff(middle[np.abs(middle[:, 2] - 1) < 0.3][:50, 0]) > 0).all()  # from left to right


def test_a_map_says_the_shares_of_what_is_painted():
    _, ax = figures.canvas(5, 3)
    chosen = np.where(spheres.map_pixels(200)[:, 1] > 0.5, 0, 1)
    words = spheres.draw_map(ax, chosen, ["cap", "rest"], "World", width=200)
    assert words == "World, shares of the whole sphere: cap 25 %, rest 75 %." and ax.get_aspect() == 1
    names = {text.get_text(): text.get_position() for text in ax.texts}
    assert names["cap"][1] > 0.5 > names["rest"][1]
    regions = ax.images[0].get_array()
    assert regions[5, 100] == 0 and regions[95, 100] == 1  # the cap is on top
    ax.images[0].set_data(np.ma.masked_array(1 - regions.data, regions.mask))
    assert "cap 75 %, rest 25 %" in spheres._map_in_words(ax, ["cap", "rest"])


def test_a_name_of_an_area_around_the_map_stands_inside_it():
    _, ax = figures.canvas(5, 3)
    pixels = spheres.map_pixels(200)
    spheres.draw_map(ax, np.where(pixels[:, 2] < 0, 0, 1), ["behind", "before"], "World", width=200)
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert abs(places["behind"][0]) > 1 > abs(places["before"][0])


def test_a_soft_ball_tells_pure_colour_from_mixed():
    _, ax = figures.canvas(3, 3)
    right = spheres.ball_pixels(80)[:, 0]
    sure = np.clip(0.5 + 5 * right, 0, 1)
    words = spheres.draw_soft_ball(ax, np.column_stack([sure, 1 - sure]), ["east", "west"], "Soft", size=80)
    # Mixed is the band |right| < 0.1 without its nearly pure edges, of which ±0.08 is left: 4/π · 0.08 of the disc.
    assert words == "Soft, pure colour of east 45 %, west 45 %, mixed 10 %."
    picture = ax.images[0].get_array()
    np.testing.assert_allclose(picture[40, 70], mpl.colors.to_rgb(figures.AREAS[0]), atol=1e-6)
    names = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert names["west"] < 0 < names["east"]
    ax.images[0].set_data(np.full_like(picture, 0.5))
    assert "mixed 100 %" in spheres._soft_ball_in_words(ax, np.eye(3)[:2], ["east", "west"])


def test_layers_laid_over_each_other_look_as_one_by_one():
    rng = np.random.default_rng(0)
    layers, ground = rng.uniform(size=(3, 4, 4, 4)), rng.uniform(size=(4, 4, 3))
    expected = ground
    for layer in layers:
        expected = layer[..., 3:] * layer[..., :3] + (1 - layer[..., 3:]) * expected
    one = spheres._one_over_the_other(*layers)
    np.testing.assert_allclose(one[..., 3:] * one[..., :3] + (1 - one[..., 3:]) * ground, expected)
