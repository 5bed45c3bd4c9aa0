"""The four pictures of a report, drawn from its numbers alone."""

import numpy as np

from helpers.figures import canvas, draw_curves, draw_intervals

ORIGINS = {"zero": "zero", "mean": "their mean", "random points": "20 points"}


def pictures(numbers):
    """Figures, of one size: rulers, who wins, sizes and, where there are layers, ranks."""
    drawn = [_rulers(numbers["rulers"]), _wins(numbers["wins"]["zero"]["shares"]), _sizes(numbers["sizes"])]
    return drawn + ([_flight(numbers["flight"])] if numbers["flight"] else [])


def _rulers(rulers):
    """From random points: the median, and the smallest and largest."""
    fig, ax = canvas(6.4, 4.2)
    shares = {
        f"{ruler}, {place}, from {said}": rulers[place][origin][ruler]
        for place in rulers
        if place != "positions"
        for ruler in ("cosine", "distance")
        for origin, said in ORIGINS.items()
    }
    ax.set_xlim(-3, 103)
    draw_intervals(ax, shares, "Who chooses the model's own token?", "share of positions (%)")
    return fig


def _wins(shares):
    fig, ax = canvas(6.4, 4.2)
    tenths = np.arange(1, 11)
    curves = {name: np.array(shares[name]) for name in ("random states", "text")} | {"an even share": 0 * tenths + 10}
    title = "Who wins? From the smallest tenth of targets to the largest"
    draw_curves(ax, tenths, curves, title, "tenth of size", "share of wins (%)", null="an even share")
    return fig


def _sizes(sizes):
    fig, ax = canvas(6.4, 4.2)
    named = {"targets": "targets", "rows": "rows", "Gaussian rows": "gaussian_rows"}
    curves = {name: np.array(sizes[entry]["tenths"]) / sizes[entry]["median"] for name, entry in named.items()}
    title = "Sizes, as a multiple of the median"
    draw_curves(ax, np.linspace(0, 100, 11), curves, title, "% that are smaller", "size", null="Gaussian rows")
    return fig


def _flight(flight):
    fig, ax = canvas(6.4, 4.2)
    quartiles = np.transpose(flight["rank_quartiles"])
    curves = dict(zip(("lower quartile", "median", "upper quartile"), quartiles, strict=True))
    title = "Rank of the final winner after each layer: quartiles over text"
    draw_curves(ax, np.arange(quartiles.shape[1]), curves, title, "layer", "rank", log="y")
    return fig
