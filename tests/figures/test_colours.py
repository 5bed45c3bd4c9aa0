"""What is told by colour and line is told rightly: the same hue for the same thing, light, borders, near and far."""

import numpy as np
from matplotlib.colors import to_rgba

from helpers.figures import AREAS, ball_pixels, canvas, circle_pixels, draw_arcs, draw_ball, draw_regions, draw_sphere


def test_a_target_its_arc_and_its_region_share_a_colour():
    _, (left, right) = canvas(6, 3, columns=2)
    targets = np.array([[0.0, 1], [1, -1], [-1, -1]])
    draw_arcs(left, np.argmax(circle_pixels(360) @ targets.T, axis=1), targets, list("ABC"), "Ring", reach=2)
    arcs = {wedge.get_label(): wedge.get_facecolor() for wedge in left.patches}
    assert arcs == {name: to_rgba(AREAS[i]) for i, name in enumerate("ABC")}
    draw_regions(right, np.arange(101**2) % 3, targets, list("ABC"), "Plane", (0.5, 1.5), reach=2)
    dots = [line.get_color() for line in right.lines if line.get_marker() == "o"]
    assert dots == AREAS[:3] and right.images[0].cmap.colors == AREAS[:3]


def test_a_ball_is_lit_bordered_and_painted_by_the_colour_of_each_id():
    _, ax = canvas(3, 3)
    chosen = np.where(ball_pixels(101)[:, 1] > 0, 9, 3)  # the larger ID on top
    draw_ball(ax, chosen, {3: "a", 9: "b"}, {3: "#FF0000", 9: "#0000FF"}, [], "Ball", size=101)
    regions, over = ax.images
    painted, light = regions.to_rgba(regions.get_array()), over.get_array()
    assert painted[20, 50].tolist() == [0, 0, 1, 1] and painted[80, 50].tolist() == [1, 0, 0, 1]
    dark, bright = light[80, 80], light[30, 40]  # it is lit from the upper left
    assert dark[3] > bright[3] and dark[:3].max() < 0.1
    assert light[50, 50, :3].min() > 0.9 < light[50, 50, 3]  # a white border
    assert all(text.get_path_effects() for text in ax.texts)  # and a halo around each name


def test_far_points_keep_their_groups_colour_and_a_great_circles_front_is_solid():
    _, ax = canvas(3, 3)
    points = {"one": np.array([[0, 0, 1.0], [0, 0, -1]]), "two": np.array([[1.0, 0, 0], [0, 0.6, -0.8]])}
    draw_sphere(ax, points, "Ball", axis=[0, 0.6, 0.8])
    near, far = ([line.get_color() for line in ax.lines if line.get_gid() == side] for side in ("near", "far"))
    assert near == far and len(set(near)) == 2
    front, behind = [line for line in ax.lines if line.get_gid() == "axis"][2:]
    assert front.get_linestyle() == "-" and behind.get_linestyle() == ":"
    assert np.nanmin(front.get_ydata()) < -0.7 and np.nanmax(behind.get_ydata()) > 0.7  # the near half hangs down
