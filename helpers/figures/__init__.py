"""How is it drawn, and said in words? What notebooks and the other rooms use of this one stands here."""
# ruff: noqa: F401

from helpers.figures.balls import ball_pixels, draw_ball, draw_map, draw_soft_ball, draw_sphere, map_pixels
from helpers.figures.bars import draw_bars, draw_histograms, draw_intervals, draw_pieces, draw_strips
from helpers.figures.charts import draw_angles_and_sizes, draw_curves, draw_groups
from helpers.figures.output import ball_scene, show, show_ball, slider, token_table
from helpers.figures.planes import circle_pixels, draw_arcs, draw_circle, draw_plane, draw_regions, plane_pixels
from helpers.figures.style import AREAS, BLUE, GREY, LINES, RED, canvas, colours_by_area, png
from helpers.figures.words import Words, visible, words_of
