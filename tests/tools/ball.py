"""Which of all targets win on a ball, for every place of its sliders: what the ball that turns is painted from.

`scenes` is part of `make results`. As a script, `make ball`, it writes what is shown outside the notebooks from what
was found: data/ball.html, and data/idea.webp, the moving picture of the README.
"""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from jinja2 import Template
from PIL import Image
from scipy.spatial import ConvexHull
from tqdm.auto import tqdm

from helpers.data import passages, project_folder, saved
from helpers.figures import AREAS, BLUE, ball_pixels, canvas, draw_ball, png
from helpers.figures.style import GREYS, bare, write
from helpers.geometry import facing_frame, random_directions, winners

HERE, PROJECT = Path(__file__).parent, project_folder()
DATA = PROJECT / "data"
POWERS, FACTORS, ORIGINS = np.linspace(0, 1, 41), np.linspace(0, 1, 21), np.linspace(0, 1, 21)
NET = random_directions(20_000, 3, seed=0)  # a mesh of 0.03
CLOSE = 0.3  # in logits, to winning: who wins only between two directions of the net


def scores(p, size, radius, alpha=1.0, beta=0.0):
    """Rows (V, 4) whose product with (x, 1) is the score at a direction x: size to a power, less a share of ‖u‖²/2."""
    return np.column_stack([radius * p * size[:, None] ** (alpha - 1), -beta * size**2 / 2])


def seen_from(slid, p, size, along, mean, away):
    """Coordinates in the frame and sizes of targets, read from `slid` of the way to their mean.

    `along` (V,) is u · mean; the mean stands at `mean` (3,) in the frame, `away` from zero.
    """
    return p - slid * mean, np.sqrt(size**2 - 2 * slid * along + (slid * away) ** 2)


def candidates(read, radius, origins=ORIGINS):
    """The targets that win somewhere on the ball, for some ruler and some origin between zero and the mean: (n,).

    `read` is what `seen_from` takes. Without an offset, those who win are the corners of the convex hull of their rows.
    With −‖u‖²/2 as a fourth coordinate, the corners that look up hold all that can win by distance, from any factor;
    those that come close at none of the directions of `NET` are left out.
    """
    found = set()
    for slid in origins:
        q, size = seen_from(slid, *read)
        for alpha in POWERS:
            found.update(ConvexHull(scores(q, size, radius, alpha)[:, :3]).vertices)
        hull = ConvexHull(scores(q, size, 1.0, beta=1.0))
        some = np.unique(hull.simplices[hull.equations[:, 3] > 0])
        for beta in FACTORS:
            rows = scores(q[some], size[some], radius, beta=beta)
            score = NET @ rows[:, :3].T + rows[:, 3]
            behind = (score.max(axis=1, keepdims=True) - score).min(axis=0)
            found.update(some[behind < CLOSE])
    return np.array(sorted(found))


def groups(p, known, step, layers=2):
    """Those who never win, for the softmax: (k, 5), the mean, count and spread of groups that lie close together.

    Those just under the hull, `layers` deep, matter most, and stand alone.
    """
    left, alone = np.setdiff1d(np.arange(len(p)), known), []
    for _ in range(layers):
        alone.extend(left[ConvexHull(p[left]).vertices])
        left = np.setdiff1d(left, alone)
    _, where, count = np.unique(np.round(p[left] / step), axis=0, return_inverse=True, return_counts=True)
    mean = np.stack([np.bincount(where.ravel(), p[left, k]) / count for k in range(3)], axis=1)
    spread = np.bincount(where.ravel(), ((p[left] - mean[where.ravel()]) ** 2).sum(axis=1)) / count / 3
    single = np.column_stack([p[alone], np.ones(len(alone)), np.zeros(len(alone))])
    return np.vstack([single, np.column_stack([mean, count, spread])])


def tokens(lm, u, frame, marks, origins=ORIGINS, step=0.2):
    """What the ball needs of a set of targets (V, d), as ball.js reads it."""
    mean = u.mean(axis=0)
    p, size, along, away = u @ frame.T, np.linalg.norm(u, axis=1), u @ mean, np.linalg.norm(mean)
    read = p, size, along, frame @ mean, away
    known = candidates(read, lm.radius, origins)
    shown = np.vstack([NET[NET[:, 2] > 0], np.repeat(marks, 20_000, axis=0)])  # who holds a state counts most
    seen = np.zeros(len(known))
    for slid in {origins[0], origins[-1]}:
        q, its_size = (part[known] for part in seen_from(slid, *read))
        for alpha, beta in ((1, 1), (1, 0), (0, 0)):  # nearest point, direction and size, direction alone
            rows = scores(q, its_size, lm.radius, alpha, beta)
            seen += np.bincount(winners(shown, rows[:, :3], rows[:, 3]), minlength=len(known))
    return {
        "ids": known.tolist(),
        "names": [lm.token(i).strip() or "␣" for i in known],
        "p": rounded(p[known]),
        "size": rounded(size[known]),
        "along": rounded(along[known]),
        "hue": np.argsort(np.argsort(-seen, kind="stable")).tolist(),
        "says": np.searchsorted(known, winners(lm.radius * marks, p)).tolist(),
        "away": round(float(away), 4),
        "rest": rounded(groups(p, known, step), 3),
    }


def rounded(values, digits=4):
    """Numbers in a list, whole ones without a point."""
    flat = np.round(values, digits).ravel().tolist()
    return [int(value) if value.is_integer() else value for value in flat]


def scene(lm, u, chance, name, texts):
    """One ball: three texts, their states, and which targets win somewhere on it: the model's, and those by chance."""
    states = np.stack([lm.run(text).sphere_states[-1] for text in texts]).astype(float)
    frame, mean = facing_frame(states), u.mean(axis=0)
    marks = states @ frame.T / lm.radius
    return {
        "name": name,
        "texts": texts,
        "signs": ["1", "2", "3"],
        "marks": np.round(marks, 5).tolist(),
        "mean": rounded(frame @ mean),
        "away": round(float(np.linalg.norm(mean)), 4),
        "tokens": tokens(lm, u, frame, marks),
        "nulls": tokens(lm, chance, frame, marks, origins=ORIGINS[:1], step=0.4),
    }


def scenes(lm):
    """What ball.js shows: every triple of data/passages.json. The null has random directions and the real sizes."""
    u = lm.targets.astype(float)
    chance = np.linalg.norm(u, axis=1, keepdims=True) * random_directions(lm.n_vocab, lm.width, seed=1)
    balls = tqdm(passages("balls").items(), desc="Who wins on the balls?")
    return {
        "radius": lm.radius,
        "choose": "texts",
        "ordered": False,
        "scenes": [scene(lm, u, chance, name, texts) for name, texts in balls],
    }


def page(found):
    """One file that shows all balls but the notebook's own, without a kernel and without a network."""
    sys.path.append(str(PROJECT / "workshop"))
    from shown import ball  # how a page shows it is the workshop's to say

    template = Template((HERE / "ball.html.j2").read_text(encoding="utf-8"), keep_trailing_newline=True)
    turning = ball(found | {"scenes": found["scenes"][1:]})
    return template.render(ball=turning, vocabulary="49,152", model="SmolLM2-135M-Instruct")


STOPS = {-1: "nearest point", 0: "direction and size:\nthe model", 1: "direction alone"}


def still(ball, radius, place, size=280):
    """A picture of a ball where the ruler's slider stands at `place`, as ball.js has it, and beside it what is said."""
    p, sizes = np.reshape(ball["tokens"]["p"], (-1, 3)), np.array(ball["tokens"]["size"])
    rows = scores(p, sizes, radius, alpha=min(1, 1 - place), beta=max(0, -place))
    names, hues, marks = ball["tokens"]["names"], ball["tokens"]["hue"], np.array(ball["marks"])
    won, held = (winners(x, rows[:, :3], rows[:, 3]) for x in (ball_pixels(size), marks))
    colours = {i: AREAS[n] if n < len(AREAS) else GREYS[n % len(GREYS)] for i, n in enumerate(hues)}
    right = held == ball["tokens"]["says"]
    fig, (left, beside) = canvas(7.6, 3.9, columns=2)
    draw_ball(left, won, dict(enumerate(names)), colours, marks, "", size, right=right)
    bare(beside, "", 1, 1)
    for stop, name in STOPS.items():
        bold = "bold" if stop == place else "normal"
        write(beside, (0.64 * stop, 0.62), name, fontsize=10, weight=bold, va="bottom")
    beside.plot([-0.64, 0.64], [0.5, 0.5], color="#999999", linewidth=3, solid_capstyle="round", zorder=0)
    beside.plot(0.64 * place, 0.5, "o", color=BLUE, markersize=13)
    for n, text in enumerate(ball["texts"]):
        write(beside, (-1, 0.05 - 0.38 * n), f"{n + 1}  {text} …", ha="left", fontsize=11)
        said = f"{names[held[n]]} {'✓' if right[n] else '✗'}"
        write(beside, (-0.9, -0.11 - 0.38 * n), said, ha="left", fontsize=12, weight="bold")
    for text in beside.texts:  # or the ball would move with their widths
        text.set_in_layout(False)
    return fig


def moving_picture(ball, radius, path):
    """The slider goes from nearest point to the model to direction alone, rests at each, and comes back."""
    there = np.round(np.linspace(-1, 1, 17), 3)
    frames = {place: Image.open(BytesIO(png(still(ball, radius, place)))).convert("RGB") for place in there}
    order = [*there, *there[-2:0:-1]]
    pause = [2000 if place in STOPS else 90 for place in order]
    first, *others = (frames[place].resize((730, 374), Image.Resampling.LANCZOS) for place in order)
    first.save(path, save_all=True, append_images=others, duration=pause, loop=0, quality=75, method=6)


def main():
    found = saved("ball")
    (DATA / "ball.html").write_text(page(found), encoding="utf-8")
    moving_picture(found["scenes"][1], found["radius"], DATA / "idea.webp")


if __name__ == "__main__":
    main()
