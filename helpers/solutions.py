"""What does each exercise ask, accept and recognise? One row of data an exercise: solutions ahead.

Read it after you have tried. The tests run every row: the reference passes, each wrong function earns its sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from helpers.geometry import unit


@dataclass(frozen=True)
class Exercise:
    """number, title, difficulty, minutes; a reference; tuples of inputs to call it with; pairs of a wrong function
    and the sentence that it earns; and what a right answer has shown."""

    number: str
    title: str
    difficulty: str
    minutes: int
    reference: Callable
    inputs: list
    wrong: list
    right: str


# ---------------------------------------------------------------- notebook 01: cutting and merging


def _join(tokens):
    return "".join(tokens)


def _bytes_to_text(pieces):
    return b"".join(pieces).decode("utf-8")


def _merge_once(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == tuple(pair):
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def _merge_first_only(pieces, pair):
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return [*pieces[:i], pieces[i] + pieces[i + 1], *pieces[i + 2 :]]
    return pieces


def _merge_overlapping(pieces, pair):
    starts = [i for i in range(len(pieces) - 1) if (pieces[i], pieces[i + 1]) == pair]
    covered = {i + 1 for i in starts} - set(starts)
    return [pair[0] + pair[1] if i in starts else p for i, p in enumerate(pieces) if i not in covered]


def _merge_all_but_the_end(pieces, pair):
    merged, i = [], 0
    while i < len(pieces) - 1:
        found = tuple(pieces[i : i + 2]) == pair
        merged.append(pieces[i] + pieces[i + 1] if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_past_the_end(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = (pieces[i], pieces[i + 1]) == pair
        merged.append(pieces[i] + pieces[i + 1] if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_by_plus(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = tuple(pieces[i : i + 2]) == pair
        merged += pieces[i] + pieces[i + 1] if found else pieces[i]
        i += 2 if found else 1
    return merged


def _merge_same_text(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = "".join(pieces[i : i + 2]) == "".join(pair)
        merged.append("".join(pieces[i : i + 2]) if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_keeping_second(pieces, pair):
    merged = []
    for i, piece in enumerate(pieces):
        merged.append(piece + pieces[i + 1] if tuple(pieces[i : i + 2]) == pair else piece)
    return merged


def _bpe(pieces, ranks, choose=min):
    pieces = list(pieces)
    while True:
        pairs = [pair for pair in pairwise(pieces) if pair in ranks]
        if not pairs:
            return pieces
        pieces = _merge_once(pieces, choose(pairs, key=ranks.get))


def _bpe_one_step(pieces, ranks):
    pairs = [pair for pair in pairwise(pieces) if pair in ranks]
    return _merge_once(pieces, min(pairs, key=ranks.get)) if pairs else list(pieces)


def _bpe_with_the_stub(pieces, ranks):
    return list(pieces) if _bpe(pieces, ranks) == list(pieces) else list(pairwise(None))


def _bpe_in_table_order(pieces, ranks):
    for pair in ranks:
        pieces = _merge_once(pieces, pair)
    return list(pieces)


# Not in the order of their ranks, nor of the alphabet: an answer that never looks at a rank must fail.
_RANKS = {("be", "s"): 9, ("h", "u"): 0, ("hug", "s"): 8, ("hu", "g"): 2, ("u", "g"): 1, ("be", "st"): 7, ("t", "e"): 4}
_RANKS |= {("s", "t"): 3, ("b", "e"): 6, ("e", "st"): 5}

# ---------------------------------------------------------------- notebook 02: rows, sizes and maps


def _one_hot(ids, n_vocab):
    return np.eye(n_vocab)[ids]


def _rows_of_ones(ids, n_vocab):
    rows = np.zeros((len(ids), n_vocab))
    rows[ids] = 1
    return rows


def _share_shown(vectors, centre=True, power=2, n_directions=2):
    spreads = np.linalg.svd(vectors - centre * vectors.mean(axis=0), compute_uv=False) ** power
    return spreads[:n_directions].sum() / spreads.sum()


def _smallest_two(vectors):
    variances = np.linalg.eigvalsh(np.cov(vectors.T))
    return variances[:2].sum() / variances.sum()


def _near(rows, i, k, begin=1, sign=1):
    distances = np.linalg.norm(rows - rows[i], axis=1)
    return np.argsort(sign * distances, kind="stable")[begin : begin + k]


def _kept(vectors, flat, k, **how):
    """For each thing, the share of its neighbours on the map that are neighbours in space."""
    pairs = [(_near(vectors, i, k, **how), _near(flat, i, k, **how)) for i in range(len(vectors))]
    return np.array([len(set(one) & set(other)) / k for one, other in pairs])


# ---------------------------------------------------------------- notebook 03: scores and returns


def _returns(vectors, rows=None):
    scores = vectors @ (vectors if rows is None else rows).T
    return int((scores.argmax(axis=1) == np.arange(len(vectors))).sum())


def _rival_size(size, cosine):
    return size / cosine if cosine > 0 else np.inf


# ---------------------------------------------------------------- notebook 04: probabilities


def _softmax(logits, axis=1, shift=np.max):
    powers = np.exp(logits - shift(logits, axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _entropy(p, log=np.log):
    p = p[p > 0]
    return -(p * log(p)).sum()


def _keep_top(p, k, places=lambda p, k: np.argsort(p)[-k:]):
    kept = np.zeros_like(p)
    best = places(p, k)
    kept[best] = p[best]
    return kept / kept.sum()


# ---------------------------------------------------------------- notebook 05: rulers


def _three_answers(z, targets, order=(0, 1, 2)):
    distances, products = np.linalg.norm(targets - z, axis=1), targets @ z
    found = [distances.argmin(), (products / np.linalg.norm(targets, axis=1)).argmax(), products.argmax()]
    return np.array(found)[list(order)]


def _with_bonus(z, targets, bonus=lambda squares: squares):
    return ((targets - z) ** 2).sum(axis=1) - bonus((targets**2).sum(axis=1))


def _one_more(targets, last=lambda squares: np.sqrt(np.maximum(squares.max() - squares, 0))):
    return np.column_stack([targets, last((targets**2).sum(axis=1))])


def _divergence(p, q, log=np.log):
    there = p > 0
    return (p[there] * log(p[there] / q[there])).sum()


_TOY = (np.array([2.0, 1.0]), np.array([[0.6, 0.3], [1.8, 1.5], [1.6, 3.0], [-1.0, 2.0]]))


# ---------------------------------------------------------------- inputs


def _final_norm(x, epsilon):
    return x / np.sqrt((x**2).mean() + epsilon)


def _logit_of(size, degrees, d):
    return np.sqrt(d) * size * np.cos(np.radians(degrees))


def _seen_part(targets):
    return targets - targets.mean(axis=1, keepdims=True)


def _cosines(z, targets):
    return targets @ z / (np.linalg.norm(targets, axis=1) * np.linalg.norm(z))


def _count_within(z, targets, degrees):
    return (_cosines(z, targets) >= np.cos(np.radians(degrees))).sum()


def _border(a, b, alpha):
    alpha = np.radians(alpha)
    return np.degrees(np.arctan((a / b - np.cos(alpha)) / np.sin(alpha)))


def _darts(states, targets):
    return np.bincount((states @ targets.T).argmax(axis=1), minlength=len(targets)) / len(states)


def _lead(z, targets, i):
    logits = targets @ z
    return logits[i] - np.delete(logits, i).max()


def _share_in_plane(x, frame):
    return np.linalg.norm(frame @ x) / np.linalg.norm(x)


def _rank_of(logits, i):
    return 1 + (logits > logits[i]).sum()


def _first_for_good(ranks):
    behind = np.flatnonzero(ranks > 1)
    return int(behind[-1]) + 1 if len(behind) else 0


def _turn(a, b):
    return np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _on_great_circle(a, b, t, theta=None):
    theta = _turn(a, b) if theta is None else theta
    return (np.sin((1 - t) * theta) * a + np.sin(t * theta) * b) / np.sin(theta)


def _pushed_out(x, like):
    return x * np.linalg.norm(like) / np.linalg.norm(x)


def _same_size(seed, d):
    a, b = np.random.default_rng(seed).normal(size=(2, d)).round(1)
    return a, b * np.linalg.norm(a) / np.linalg.norm(b)


def _draw(seed, *shapes):
    """Small arrays with few decimals, which a learner can read when an answer is wrong."""
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=shape).round(1) for shape in shapes)


EXERCISES = {
    exercise.number: exercise
    for exercise in [
        Exercise(
            "0.1", "Keep the direction, drop the size", "easy", 3,
            reference=lambda v: unit(v),
            inputs=[(np.array([3.0, 4.0]),), (np.array([0.0, -2.0, 0.0]),), (np.array([1.0, -2.0, 4.0]),)],
            wrong=[
                (np.linalg.norm, "You returned the size ‖v‖ itself. The direction is v divided by its size."),
                (lambda v: v / v.sum(), "You divided by the sum of the numbers. The size is √(Σ v²): squares first."),
                (lambda v: v / np.abs(v).sum(), "You divided by the sum of absolute values. The size is √(Σ v²)."),
                (lambda v: v / np.abs(v).max(), "You divided by the largest number. The size is √(Σ v²)."),
                (lambda v: v / v.max(), "You divided by the largest number. The size is √(Σ v²)."),
                (lambda v: v / (v @ v), "You divided by ‖v‖². Take the square root of the sum of squares first."),
                (lambda v: v * np.linalg.norm(v), "You multiplied by the size. Divide by it."),
                (lambda v: v, "You gave the vector back unchanged. Divide it by its size."),
                (lambda v: 24 * unit(v), "24 is the size of this model's states. Here the size is to become 1."),
            ],
            right="Whatever its size was, what is left has size 1: a point on a sphere. Notebook 06 shows that a "
            "model's final norm does almost exactly this to everything it says.",
        ),
        Exercise(
            "1.1", "Put a text back together", "easy", 3,
            reference=_join,
            inputs=[(["The", " capital", " of", " France"],), ([" un", "believ", "able", "!"],), (["a", " ", " b "],)],
            wrong=[
                (" ".join, "You put a space between the tokens. The spaces are already inside them."),
                (lambda t: "".join(t).strip(), "You took off a space at an end. It belongs to the text."),
                (lambda t: " ".join(w.strip() for w in t), "You stripped the tokens' own spaces and put others in."),
                (lambda t: "".join(w.strip() for w in t), "You stripped the tokens' spaces. They are the text's."),
                (lambda t: t, "That is still the list of tokens. Join them into one text."),
                (str, "`str` writes down the list itself, brackets and all. Join its members."),
                (lambda t: t[0], "That is the first token only. (Perhaps the `return` stands inside the loop.)"),
            ],
            right="Tokens are the text, cut; nothing is added or taken away. Everything later rests on this.",
        ),
        Exercise(
            "1.2", "From bytes to text", "easy", 5,
            reference=_bytes_to_text,
            inputs=[
                ([b"na", b"\xc3\xafve"],),
                ([b"\xe6\x97", b"\xa5", b"\xe6\x9c\xac"],),
                ([b" \xf0\x9f", b"\x99", b"\x82!"],),
            ],
            wrong=[
                (lambda p: "".join(b.decode("utf-8") for b in p), "You decoded each piece on its own, and half a "
                 "character cannot be decoded. Join the bytes first, then decode once."),
                (lambda p: "".join(b.decode("utf-8", "replace") for b in p), "You decoded each piece on its own, and "
                 "half a character is no character. Join the bytes first, then decode once."),
                (lambda p: "".join(b.decode("utf-8", "ignore") for b in p), "You ignored what could not be decoded, so "
                 "characters went missing. Join the bytes first, then decode once."),
                (lambda p: b"".join(p), "You joined the bytes, and that is half the way: now decode them as UTF-8."),
                (lambda p: b"".join(p).decode("latin-1"), "Latin-1 gives each byte a character. This is UTF-8."),
                (lambda p: str(b"".join(p)), "`str` writes down the bytes object. Use `.decode(\"utf-8\")`."),
                (lambda p: "".join(p), "The pieces are bytes, and `\"\"` is text: join them with `b\"\"`, and "
                 "then decode."),
            ],
            right="A token may end in the middle of a character, so one token on its own need not be text at all.",
        ),
        Exercise(
            "1.3", "Merge a pair", "medium", 8,
            reference=_merge_once,
            inputs=[
                (["h", "u", "g", "h", "u"], ("h", "u")),
                (["a", "a", "a"], ("a", "a")),
                (["u", "h", "u", "g"], ("h", "u")),
                (["x", "y"], ("y", "x")),
                (["n", "a", "n", "a", "n"], ("a", "n")),
                (["un", "be", "lie", "able"], ("be", "lie")),
                (["a", "bc", "ab", "c"], ("ab", "c")),
            ],
            wrong=[
                (_merge_first_only, "You merged the first place only. Every place where the pair stands is merged."),
                (_merge_overlapping, "You used one piece twice: in `aaa` the pair `aa` fits once, and one `a` "
                 "is left over. After a merge, go on behind both pieces."),
                (_merge_keeping_second, "The second piece of the pair is still there after the merge. Skip it."),
                (lambda p, pair: _merge_keeping_second(p, pair)[:-1], "The second piece of a pair is still there. (In "
                 "`for i in range(…)`, `i += 2` skips nothing: use `while`.) And the last piece may stand alone."),
                (_merge_past_the_end, "You looked behind the last piece. It has no right neighbour: ask first whether "
                 "there is one."),
                (_merge_all_but_the_end, "The last piece is lost where it is not merged: go on to the end."),
                (lambda p, pair: _merge_once(p, pair[::-1]), "You looked for the pair the other way round."),
                (lambda p, pair: _merge_once(p[::-1], pair[::-1])[::-1], "You went from right to left, or wrote the "
                 "merged pair backwards. Go from left to right."),
                (_merge_by_plus, "`+=` adds a text to a list letter by letter. Use `.append`."),
                (_merge_same_text, "You merged two pieces whose text, glued, is that of the pair; but they are cut in "
                 "another place. Both pieces must be the pair's own."),
                (lambda p, pair: p, "Nothing was merged: the pieces came back as they were. (A list never equals a "
                 "tuple: compare `(a, b) == pair`.)"),
            ],
            right="That is one line of the recipe that a byte-pair tokenizer learned. 1.4 runs the whole recipe.",
        ),
        Exercise(
            "1.4", "A tokenizer of your own", "hard", 15,
            reference=_bpe,
            inputs=[(list(word), _RANKS) for word in ("hugs", "best", "test", "hughug", "z")],
            wrong=[
                (_bpe_one_step, "You stopped after one merge. Go on until no pair of neighbours is in the table."),
                (lambda p, r: _bpe(p, r, choose=max), "You took the pair with the highest rank. The lowest was learned "
                 "first and goes first."),
                (lambda p, r: _bpe(p, r, choose=lambda pairs, key: pairs[0]), "You took the leftmost pair. Among all "
                 "pairs in the table the one with the lowest rank goes first."),
                (_bpe_in_table_order, "You went through the table as it is written. Its numbers are the order: at "
                 "every step the lowest rank goes first."),
                (lambda p, r: _bpe(p, r, choose=lambda pairs, key: min(pairs)), "You took the pair first in the "
                 "alphabet: `min` needs `key=ranks.get` to compare ranks."),
                (lambda p, r: ["".join(p)], "You joined everything. Only pairs in the table may merge."),
                (lambda p, r: list(p), "Nothing was merged: you gave the pieces back as they came."),
                (_bpe_with_the_stub, "Something is None. If it is what your `merge` of 1.3 gives, run the solution "
                 "of 1.3 and call `merge_solution`."),
            ],
            right="This is byte-pair encoding, whole. The next cell holds it against the model's own tokenizer.",
        ),
        Exercise(
            "2.1", "One-hot rows", "easy", 4,
            reference=_one_hot,
            inputs=[([2, 0, 2], 4), ([1], 3), ([4, 3, 0, 1], 6)],
            wrong=[
                (lambda ids, n: np.eye(max(ids) + 1)[ids], "Your rows are too short: they end at the largest ID. A "
                 "one-hot row has a place for every token of the vocabulary."),
                (lambda ids, n: _one_hot(ids, n).T, "Rows and columns are swapped: one row for each token."),
                (lambda ids, n: _one_hot(ids, n).sum(axis=0), "You put all tokens into one row, so their order is "
                 "lost. Give each token a row of its own."),
                (lambda ids, n: _one_hot(ids, n) * np.array(ids)[:, None], "You wrote the ID into its place. One-hot "
                 "means that a 1 stands there."),
                (lambda ids, n: _one_hot([i - 1 for i in ids], n), "Your 1 stands one place too far left: IDs count "
                 "from 0, like Python's indices."),
                (lambda ids, n: _one_hot([i + 1 for i in ids], n + 1)[:, :n], "Your 1 stands one place too far right: "
                 "IDs count from 0, like Python's indices."),
                (lambda ids, n: np.tile(_one_hot(ids, n).max(axis=0), (len(ids), 1)), "Every row has the ones of all "
                 "tokens (`rows[:, ids] = 1` does that). Row t gets a single 1, in column `ids[t]`."),
                (_rows_of_ones, "`rows[ids] = 1` fills whole rows. Row t gets a single 1, in column `ids[t]`."),
                (lambda ids, n: np.eye(len(ids), n), "Your 1 stands in the place of the token's position. It belongs "
                 "in the place of its ID."),
            ],
            right="Times the embedding, these rows give the token vectors: notebook 03 sends one through the model's "
            "first and last matrix and looks at what has become of the 1.",
        ),
        Exercise(
            "2.2", "The size of every row", "easy", 3,
            reference=lambda vectors: np.sqrt((vectors**2).sum(axis=1)),
            inputs=[(np.array([[3.0, 4.0], [0.0, 2.0], [-1.0, 0.0]]),), _draw(1, (2, 5)), _draw(2, (3, 3))],
            wrong=[
                (lambda v: np.linalg.norm(v), "You gave one size for the whole table. Each row has its own: `axis=1`."),
                (lambda v: np.linalg.norm(v, axis=0), "Those are the sizes of the columns. A row runs along axis 1."),
                (lambda v: (v**2).sum(axis=1), "Those are the squares of the sizes. Take the root."),
                (lambda v: np.abs(v).sum(axis=1), "You added absolute values. The size is √(Σ v²): squares first."),
                (lambda v: np.abs(v).max(axis=1), "You took the largest number of each row. The size is √(Σ v²)."),
                (lambda v: np.linalg.norm(v, axis=1, keepdims=True), "Right numbers, but as a column of shape (V, 1). "
                 "Return shape (V,): without `keepdims`."),
                (lambda v: v.sum(axis=1), "You added up the numbers. The size is √(Σ v²): squares first."),
            ],
            right="One number a token: all that a vector has besides its direction.",
        ),
        Exercise(
            "2.3", "How much does a plane show?", "medium", 10,
            reference=_share_shown,
            inputs=[tuple(x + 1 for x in _draw(seed, shape)) for seed, shape in enumerate([(5, 4), (6, 3), (8, 8)])],
            wrong=[
                (lambda v: _share_shown(v, centre=False), "You did not subtract the mean of the rows. Without that, "
                 "the first direction only points at the middle of the cloud."),
                (lambda v: _share_shown(v, power=1), "You compared spreads. Variance is spread squared."),
                (lambda v: _share_shown(v, n_directions=1), "You took the first direction only. A plane has two."),
                (lambda v: 1 - _share_shown(v), "That is the share that the plane does not show."),
                (lambda v: 100 * _share_shown(v), "That is in percent. A share lies between 0 and 1."),
                (lambda v: v.var(axis=0)[:2].sum() / v.var(axis=0).sum(), "You took the first two coordinates. PCA's "
                 "plane is turned so that the cloud varies most along it."),
                (lambda v: _share_shown(v - v.mean(), centre=False), "You subtracted one mean of "
                 "all numbers. Each column has its own: `mean(axis=0)`."),
                (lambda v: _share_shown(v, power=4), "You squared twice. The eigenvalues of the covariance are "
                 "variances already; only singular values are squared."),
                (lambda v: np.sort(v.var(axis=0))[-2:].sum() / v.var(axis=0).sum(), "You took the two coordinates that "
                 "vary most. PCA's plane may lie aslant to all coordinates."),
                (lambda v: _share_shown((v - v.mean(axis=0)) / v.std(axis=0)), "You made all columns vary alike, as "
                 "correlations do. Keep their own variances: the covariance."),
                (lambda v: _smallest_two(v), "You took the two smallest: `eigvalsh` lists them from the smallest up."),
                (lambda v: _share_shown(v.T), "You subtracted each row's own mean, or swapped rows and columns. Centre "
                 "the cloud: subtract the mean of all rows."),
            ],
            right="Ask this of every flat picture of vectors, and ask it of random vectors too.",
        ),
        Exercise(
            "2.4", "Is the map to be trusted?", "hard", 15,
            reference=lambda v, flat, k: _kept(v, flat, k).mean(),
            inputs=[(*_draw(seed, (n, 4), (n, 2)), k) for seed, n, k in [(124, 8, 3), (3, 7, 2), (2, 6, 2)]],
            wrong=[
                (lambda v, flat, k: _kept(v, flat, k, begin=0).mean(), "You counted each thing as its own nearest "
                 "neighbour. Leave it out."),
                (lambda v, flat, k: _kept(v, flat, k + 1, begin=0).mean(), "You counted each thing as its own nearest "
                 "neighbour. Leave it out."),
                (lambda v, flat, k: _kept(v, flat, k + 1, begin=0).mean() * (k + 1) / k, "You counted each thing as "
                 "its own nearest neighbour. Leave it out."),
                (lambda v, flat, k: _kept(v, flat, 3).mean(), "You looked at three neighbours, whatever `k` is."),
                (lambda v, flat, k: _kept(v, v, k).mean(), "You compared the space with itself. The map is `flat`."),
                (lambda v, flat, k: np.mean([_near(v, i, k) == _near(flat, i, k) for i in range(len(v))]), "You "
                 "compared the two lists place by place. Who is among the k matters, not in which place."),
                (lambda v, flat, k: k * _kept(v, flat, k).mean(), "You counted the neighbours. Divide by k for a "
                 "share."),
                (lambda v, flat, k: k * _kept(v, flat, k).sum(), "You counted the neighbours. Divide by k, and by the "
                 "number of things."),
                (lambda v, flat, k: _kept(v, flat, k), "Those are the shares of the single things. Return their mean."),
                (lambda v, flat, k: _kept(v, flat, k)[0], "You looked at the first thing only. (Perhaps the `return` "
                 "stands inside the loop.)"),
                (lambda v, flat, k: (_kept(v, flat, k) > 0).mean(), "You asked whether any neighbour is kept. Count "
                 "how many."),
                (lambda v, flat, k: 1 - _kept(v, flat, k).mean(), "That is the share that is not kept."),
                (lambda v, flat, k: 100 * _kept(v, flat, k).mean(), "That is in percent. A share is between 0 and 1."),
                (lambda v, flat, k: (_kept(v, flat, k) / (2 - _kept(v, flat, k))).mean(), "You divided by all that are "
                 "in either list. The share is of the k on the map."),
                (lambda v, flat, k: _kept(v, flat, k, begin=0, sign=-1).mean(), "You took the farthest. `argsort` puts "
                 "the smallest first."),
                (lambda v, flat, k: _kept(unit(v), unit(flat), k).mean(), "You compared directions. Here the ruler is "
                 "Euclidean distance, as on paper."),
            ],
            right="You can now check any map of vectors that somebody shows you.",
        ),
        Exercise(
            "3.1", "Logits", "easy", 3,
            reference=lambda z, targets: targets @ z,
            inputs=[_draw(1, 2, (4, 2)), _draw(2, 3, (2, 3)), _draw(3, 3, (5, 3))],
            wrong=[
                (lambda z, u: unit(u) @ unit(z), "Those are cosines. A logit is the dot product, sizes and all."),
                (lambda z, u: unit(u) @ z, "You divided the targets by their sizes. A logit keeps them."),
                (lambda z, u: u @ unit(z), "You divided the state by its size. A logit keeps it."),
                (lambda z, u: np.linalg.norm(u - z, axis=1), "Those are distances. A logit is a dot product."),
                (lambda z, u: -np.linalg.norm(u - z, axis=1), "Those are distances. A logit is a dot product."),
                (lambda z, u: u * z, "You multiplied number by number and did not add up: a dot product is the sum."),
                (lambda z, u: z @ u, "With the state on the left, the widths do not meet. The rows of `targets` are "
                 "the targets: `targets @ z`, or `z @ targets.T`."),
                (lambda z, u: np.exp(u @ z) / np.exp(u @ z).sum(), "Those are probabilities. They come in notebook 04; "
                 "the logits are what the softmax is given."),
                (lambda z, u: (u @ z).argmax(), "That is the winner. Return the logits of all targets."),
            ],
            right="This one line is a language model's last step. Notebook 04 turns logits into probabilities.",
        ),
        Exercise(
            "3.2", "Fold the gain in", "medium", 6,
            reference=lambda unembedding, gain: unembedding * gain,
            inputs=[
                (np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]]), np.array([2.0, -0.5])),
                _draw(1, (2, 3), 3), _draw(2, (4, 3), 3),
            ],
            wrong=[
                (lambda w, g: w, "The gain is forgotten: the rows came back as they were."),
                (lambda w, g: w * np.abs(g), "You took the gain's absolute value. A negative gain turns the sign."),
                (lambda w, g: w / g, "You divided by the gain. (γ∘z)·w = z·(γ∘w): multiply."),
                (lambda w, g: w + g, "You added the gain. It is a factor for each coordinate."),
                (lambda w, g: w @ g, "You added up. Multiply each coordinate and keep the shape (V, d)."),
                (lambda w, g: w * g[:, None], "The gain has one factor for each coordinate, so it goes along the rows: "
                 "`unembedding * gain`."),
                (lambda w, g: w * g * g, "You multiplied by the gain twice."),
                (lambda w, g: unit(w) * g, "You divided the rows by their sizes. The sizes belong to the targets."),
            ],
            right="Now the state stays on its sphere, and all that a logit needs to know of a token is in its target.",
        ),
        Exercise(
            "3.3", "Who returns?", "medium", 8,
            reference=_returns,
            inputs=[(np.array([[1.0, 0], [0, 1], [3, 3]]),), _draw(1, (6, 2)), _draw(2, (9, 3)), _draw(5, (5, 2))],
            wrong=[
                (lambda v: _returns(unit(v)), "Every row came back. By cosine or distance that is certain. Here "
                 "the ruler is the dot product."),
                (lambda v: len(v) - _returns(v), "You counted those that do not return."),
                (lambda v: _returns(v) / len(v), "That is the share. Return the number."),
                (lambda v: len(set((v @ v.T).argmax(axis=1))), "You counted the different winners. A winner may take "
                 "the places of many others."),
                (lambda v: _returns(v, v / (v**2).sum(axis=1, keepdims=True)), "You divided the rows by ‖w‖². Here "
                 "they are scored as they are."),
                (lambda v: (v @ v.T).argmax(axis=1) == np.arange(len(v)), "That says which rows return. How many are "
                 "they?"),
                (lambda v: int(((v @ v.T).argmax(axis=1) == np.diagonal(v @ v.T)).sum()), "None came out. Is the place "
                 "of a row's largest score i? Compare places, not scores."),
                (lambda v: int((np.diagonal(v @ v.T) > (v @ v.T).max(axis=1)).sum()), "None came out. Is the place "
                 "of a row's largest score i? Compare places, not scores."),
                (lambda v: int(((v @ v.T * (1 - np.eye(len(v)))).argmax(axis=1) == np.arange(len(v))).sum()), "You "
                 "took each token's own score out. It is one of those that compete."),
                (lambda v: (v @ v.T).argmax(axis=1), "Those are the winners of all rows. Count the rows that win "
                 "their own place."),
            ],
            right="Run it on a few hundred rows of a real embedding, and on random rows of the same sizes.",
        ),
        Exercise(
            "3.4", "How large must a rival be?", "medium", 8,
            reference=_rival_size,
            inputs=[(3.0, 0.5), (2.5, 1.0), (4.0, 0.2), (1.0, -0.3), (1.0, 0.0)],
            wrong=[
                (lambda n, c: n * c, "You multiplied. The rival scores (its size)·cosine, and that has to reach the "
                 "token's size: divide."),
                (lambda n, c: n * c if c > 0 else np.inf, "You multiplied. The rival scores (its size)·cosine, and "
                 "that has to reach the token's own size: divide."),
                (lambda n, c: n / c**2 if c > 0 else np.inf, "One division by the cosine is enough."),
                (lambda n, c: n / c, "The cosine can be zero or negative. Then no size is enough: return infinity."),
                (lambda n, c: n / c if c >= 0 else np.inf, "With a cosine of zero, too, no size is enough: return "
                 "infinity."),
                (lambda n, c: n / abs(c) if c else np.inf, "With a negative cosine a larger size only makes the score "
                 "lower. Then no size is enough: return infinity."),
                (lambda n, c: n / c if c else np.inf, "With a negative cosine no size is enough, and a size is never "
                 "negative: return infinity."),
                (lambda n, c: n / c if c > 0 else None, "Where no size is enough, return `np.inf`, not None."),
                (lambda n, c: n / c if c > 0 else 0, "0 would say that any rival is large enough. Where no size is "
                 "enough, return infinity."),
                (lambda n, c: n / np.cos(c), "You took the cosine of the cosine. It is given; the angle is not."),
                (lambda n, c: n, "You left the direction out. The wider the angle, the larger the rival must be."),
                (lambda n, c: n if c > 0 else np.inf, "You left the angle out. The wider it is, the larger the rival "
                 "must be."),
                (lambda n, c: n**2 / c if c > 0 else np.inf, "Both scores have the token's size as a factor: "
                 "it cancels."),
            ],
            right="The nearest of 49,152 random directions has a cosine of about 0.17, so a rival must be six times as "
            "large. At the cosine of two tokens of this vocabulary, 0.46, a little over twice is enough.",
        ),
        Exercise(
            "4.1", "Softmax, row by row", "medium", 6,
            reference=_softmax,
            inputs=[
                (np.array([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]]),),
                (np.array([[1000.0, 1001.0], [-3.0, 2.0], [5.0, 5.5]]),),
                (np.array([[1500.0, 0.0, -1500.0], [-2000.0, -2001.0, -2002.0]]),),
            ],
            wrong=[
                (lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), "It overflows: exp(1000) is infinity. "
                 "Subtract each row's largest logit first."),
                (lambda x: _softmax(x, shift=np.mean), "You subtracted the mean. The largest logit may still be far "
                 "above it, and overflows: subtract the maximum."),
                (lambda x: _softmax(x, axis=0), "Your columns add up to 1. Each row is one position: use axis 1."),
                (lambda x: _softmax(x, axis=None), "All numbers together add up to 1. Each row is one position and "
                 "adds up to 1 by itself."),
                (lambda x: np.exp(x - x.max(axis=1, keepdims=True)), "The rows do not add up to 1: divide by the sum."),
                (lambda x: np.log(_softmax(x)), "Those are the logarithms of the probabilities."),
                (lambda x: x / x.sum(axis=1, keepdims=True), "You left the exp out. Logits may be negative; their "
                 "powers are not."),
                (lambda x: np.exp(x - x.max(axis=1)), "Without `keepdims=True` the maxima, or the sums, do not fit "
                 "beside the rows."),
                (lambda x: np.exp(x - x.max(axis=1, keepdims=True)) / np.exp(x - x.max(axis=1, keepdims=True)).sum(
                    axis=1), "Without `keepdims=True` the maxima, or the sums, do not fit "
                 "beside the rows."),
                (lambda x: np.exp(x) / np.exp(x).sum(), "All numbers together add up to 1, and exp(1000) is infinity. "
                 "Each row is one position: it has its own maximum and its own sum."),
                (lambda x: (lambda q: q / q.sum(axis=1, keepdims=True))(np.exp(x - x.max())), "You subtracted the "
                 "largest of all logits. A row far below it becomes zeros: each row has its own maximum."),
            ],
            right="With one more line, a division by T, this is `helpers.softmax.softmax`.",
        ),
        Exercise(
            "4.2", "Log-odds", "easy", 4,
            reference=lambda logits, i, j, T: (logits[i] - logits[j]) / T,
            inputs=[
                (np.array([2.0, 1.0, -1.0]), 0, 2, 1.0), (np.array([2000.0, 1990.0]), 1, 0, 2.0),
                (np.array([2000.0, 90.0]), 1, 0, 2.0),
                (np.array([0.5, 3.0, 1.0]), 1, 2, 0.5),
            ],
            wrong=[
                (lambda x, i, j, T: (x[j] - x[i]) / T, "The sign is turned: the odds of i against j are p_i / p_j."),
                (lambda x, i, j, T: (x[i] - x[j]) * T, "You multiplied by T. A hotter model is less decided: divide."),
                (lambda x, i, j, T: x[i] - x[j], "You forgot the temperature: it divides every logit."),
                (lambda x, i, j, T: np.exp((x[i] - x[j]) / T), "Those are the odds. Their logarithm is asked for."),
                (lambda x, i, j, T: np.log(np.exp(x[i] / T) / np.exp(x[j] / T)), "Right, until the exp overflows. The "
                 "log undoes the exp: you need neither."),
                (lambda x, i, j, T: np.log((np.exp(x / T) / np.exp(x / T).sum())[i] / (np.exp(x / T) / np.exp(
                    x / T).sum())[j]), "Right, until the exp overflows. The log undoes the exp: you need neither."),
                (lambda x, i, j, T: np.log(_softmax(x / T, axis=0)[i] / _softmax(x / T, axis=0)[j]), "Right, until one "
                 "of the two probabilities is too small for a float. You need no softmax at all."),
                (lambda x, i, j, T: x[i] / x[j] / T, "You divided one logit by the other. The log of a quotient is a "
                 "difference."),
                (lambda x, i, j, T: x[i] - x[j] / T, "Both logits are divided by T: the difference wants brackets."),
                (lambda x, i, j, T: np.log(x[i] / x[j]), "You took the logarithm of a quotient of logits. The odds are "
                 "a quotient of probabilities, and logits are their logarithms already."),
                (lambda x, i, j, T: np.log(x[i] / x[j]) / T, "You took the logarithm of a quotient of logits. The odds "
                 "are a quotient of probabilities, and logits are their logarithms already."),
            ],
            right="A difference of logits is all that a softmax sees of two tokens.",
        ),
        Exercise(
            "4.3", "Entropy", "medium", 6,
            reference=_entropy,
            inputs=[(np.array([0.5, 0.25, 0.25]),), (np.array([0.0, 0.9, 0.1, 0.0]),), (np.full(8, 1 / 8),)],
            wrong=[
                (lambda p: -(p * np.log(p)).sum(), "0 · log 0 came out as not a number. A probability of 0 adds "
                 "nothing: leave it out."),
                (lambda p: _entropy(p, np.log2), "That is in bits. Nats need the natural logarithm, `np.log`."),
                (lambda p: -_entropy(p), "The sign is turned: log p is negative, and entropy is not."),
                (lambda p: -(p[p > 0] * np.log(p[p > 0])).mean(), "You took the mean. Entropy is the sum; p itself is "
                 "the weight."),
                (lambda p: _entropy(p) / len(p), "You took the mean. Entropy is the sum; p itself is the weight."),
                (lambda p: np.exp(_entropy(p)), "That is the number of equally likely tokens, e to the entropy."),
                (lambda p: -np.log(p[p > 0]).sum(), "Each logarithm has p as its weight: −Σ p log p."),
                (lambda p: -np.log(p.max()), "You looked at the likeliest token only. Sum over all."),
                (lambda p: -(p * np.log(p + 1e-3)).sum(), "You added a small number inside the log, and the result "
                 "moved. Leave the zeros out instead."),
                (lambda p: -(p * np.log(p + 1e-4)).sum(), "You added a small number inside the log, and the result "
                 "moved. Leave the zeros out instead."),
                (lambda p: (p * np.log(p)).sum(), "The sign is turned, and 0 · log 0 comes out as not a number: leave "
                 "the zeros out."),
                (lambda p: -(p * np.log2(p)).sum(), "That is in bits, and 0 · log 0 comes out as not a number: use "
                 "`np.log`, and leave the zeros out."),
            ],
            right="Zero when one token has everything, log V when all are alike; temperature moves it in between.",
        ),
        Exercise(
            "4.4", "Top-k", "medium", 8,
            reference=_keep_top,
            inputs=[
                (np.array([0.1, 0.5, 0.15, 0.25]), 2), (np.array([0.3, 0.05, 0.4, 0.15, 0.1]), 3),
                (np.array([0.2, 0.7, 0.1]), 1),
            ],
            wrong=[
                (lambda p, k: _keep_top(p, k) * np.sort(p)[-k:].sum(), "They do not add up to 1: divide by what is "
                 "left."),
                (lambda p, k: _keep_top(p, k, lambda p, k: np.argsort(p)[:k]), "You kept the smallest: `argsort` puts "
                 "them first."),
                (lambda p, k: np.sort(p)[::-1][:k] / np.sort(p)[-k:].sum(), "Only k numbers are left, and nobody knows "
                 "whose they are. Keep the shape (V,), each in its place."),
                (lambda p, k: np.where(p >= np.sort(p)[-k], 1 / k, 0), "You made the k alike. They keep their odds "
                 "against each other."),
                (lambda p, k: _keep_top(p, k, lambda p, k: np.arange(k)), "You kept the first k. The largest may stand "
                 "anywhere."),
                (lambda p, k: np.where(p >= np.sort(p)[-k], np.exp(p), 0) / np.exp(np.sort(p)[-k:]).sum(), "You took a "
                 "softmax of probabilities. They are probabilities already: divide by their sum."),
                (lambda p, k: np.pad(np.sort(p)[::-1][:k], (0, len(p) - k)) / np.sort(p)[-k:].sum(), "They stand in "
                 "the first k places. Each belongs in its own."),
                (lambda p, k: _keep_top(p, k + 1) if k < len(p) else p, "One too many is left."),
                (lambda p, k: np.where(p > np.sort(p)[-k], p, 0) / p[p > np.sort(p)[-k]].sum(), "One too "
                 "few is left: the k-th largest itself stays."),
                (lambda p, k: _keep_top(p, k, lambda p, k: np.arange(len(p) - k, len(p))), "You kept the last k. The "
                 "largest may stand anywhere: `argsort` gives places, `sort` gives values."),
                (lambda p, k: np.argsort(p)[-k:], "Those are the places of the k largest. Return all V probabilities."),
                (lambda p, k: np.argsort(-p)[:k], "Those are the places of the k largest. Return all V probabilities."),
            ],
            right="The odds among those that are left have not changed: top-k cuts, and temperature bends.",
        ),
        Exercise(
            "5.1", "Three answers", "easy", 6,
            reference=_three_answers,
            inputs=[_TOY, (_TOY[0], _TOY[1][::-1]), (np.array([0.0, 0.0, 1.0]), np.array(
                [[1.0, 1.0, 2.0], [0.0, 0.0, 2.9], [0.1, 0.0, -2.0]])), (np.array([0.0, 1.0, 1.0]), np.array(
                [[0.0, 4.0, 1.0], [0.2, 0.8, 0.8], [0.1, 0.1, 0.0], [3.0, -5.0, -5.0]])), (np.array(
                [1.0, 2.0]), np.array([[-2.0, -4.0], [2.0, 2.0], [4.0, 1.0]]))],
            wrong=[
                (lambda z, u: _three_answers(z, u, (2, 1, 0)), "Distance and dot product are swapped. The order is "
                 "distance, cosine, dot product."),
                (lambda z, u: _three_answers(z, u, (0, 2, 1)), "Cosine and dot product are swapped. The order is "
                 "distance, cosine, dot product."),
                (lambda z, u: _three_answers(z, u, (1, 0, 2)), "Distance and cosine are swapped. The order is "
                 "distance, cosine, dot product."),
                (lambda z, u: [np.abs(u - z).sum(axis=1).argmin(), *_three_answers(z, u)[1:]], "You added absolute "
                 "values. The Euclidean distance is √(Σ (z − u)²)."),
                (lambda z, u: [u[i] for i in _three_answers(z, u)], "Those are the targets themselves. Return their "
                 "row numbers."),
                (lambda z, u: [np.linalg.norm(u - z, axis=1).argmax(), *_three_answers(z, u)[1:]], "A distance is best "
                 "when it is smallest: `argmin`."),
                (lambda z, u: _three_answers(z, u, (0, 2, 2)), "Your cosine gives the dot product's answer: divide "
                 "each product by the target's size."),
                (lambda z, u: [*_three_answers(z, u)[:2], np.abs(u @ z).argmax()], "You took the largest product by "
                 "amount. A large negative one is the farthest of all."),
                (lambda z, u: [_three_answers(z, u)[0], ((u @ z) / (u**2).sum(axis=1)).argmax(), (u @ z).argmax()],
                 "For the cosine you divided by ‖u‖². Divide by the size ‖u‖."),
                (lambda z, u: [np.linalg.norm(u - z, axis=1).argmin(), _cosines(z, u).argmin(), (u @ z).argmin()],
                 "Near means a small distance, but a large cosine and a large dot product: `argmax` for those two."),
                (lambda z, u: [np.linalg.norm(u - z, axis=1).argmin(), _cosines(z, u).argmin(), (u @ z).argmax()],
                 "Near means a small distance, but a large cosine: `argmax`."),
                (lambda z, u: [np.linalg.norm(u - z, axis=1).min(), _cosines(z, u).max(), (u @ z).max()], "Those are "
                 "the best values. Return the row numbers: `argmin` and `argmax`."),
                (lambda z, u: [_three_answers(z, u)[0], np.abs(_cosines(z, u)).argmax(), (u @ z).argmax()], "You took "
                 "the largest cosine by amount. A cosine near −1 points the opposite way."),
            ],
            right="Three rulers, three answers. The model gives the last.",
        ),
        Exercise(
            "5.2", "Distance with a bonus", "medium", 6,
            reference=_with_bonus,
            inputs=[_TOY, _draw(1, 3, (4, 3)), _draw(2, 2, (3, 2))],
            wrong=[
                (lambda z, u: _with_bonus(z, u, lambda s: 0), "Those are squared distances, without the bonus for "
                 "size: subtract ‖u‖²."),
                (lambda z, u: np.linalg.norm(u - z, axis=1), "Those are distances. Square them, and subtract ‖u‖²."),
                (lambda z, u: _with_bonus(z, u, lambda s: -s), "You added ‖u‖². Large targets get a bonus: subtract."),
                (lambda z, u: _with_bonus(z, u, np.sqrt), "You subtracted the size. Subtract its square."),
                (lambda z, u: np.linalg.norm(u - z, axis=1) - np.linalg.norm(u, axis=1), "Both the distance and the "
                 "size have to be squared."),
                (lambda z, u: _with_bonus(z, u, lambda s: s / 2), "You took half the bonus. With the whole of ‖z − u‖² "
                 "goes the whole of ‖u‖²."),
                (lambda z, u: _with_bonus(z, u) / 2, "That is half of it. Return ‖z − u‖² − ‖u‖² itself."),
                (lambda z, u: -_with_bonus(z, u), "The sign is turned: the smallest number belongs to the winner."),
                (lambda z, u: _with_bonus(z, u) - z @ z, "You took ‖z‖² off as well. That ranks alike, but return "
                 "‖z − u‖² − ‖u‖² itself."),
                (lambda z, u: -u @ z, "That ranks right, but it is a dot product. Use distances and sizes."),
            ],
            right="It is ‖z‖² − 2 z·u: the model's choice, written as a distance with a bonus.",
        ),
        Exercise(
            "5.3", "One more coordinate", "medium", 8,
            reference=_one_more,
            inputs=[(np.array([[3.0, 4.0], [0.0, 3.0], [1.0, 0.0]]),), _draw(1, (4, 3)), _draw(2, (3, 2))],
            wrong=[
                (lambda u: _one_more(u, lambda s: s.max() - s), "The root is missing: the last coordinate is "
                 "√(R² − ‖u‖²)."),
                (lambda u: _one_more(u, lambda s: np.sqrt(s.max()) - np.sqrt(s)), "You took R − ‖u‖. Sizes add by "
                 "their squares: √(R² − ‖u‖²)."),
                (lambda u: _one_more(u, np.sqrt), "You appended the size itself, so the large became larger still."),
                (lambda u: np.hstack([u, _one_more(u)[:, -1]]), "What you append must be a column, shape (V, 1): "
                 "`np.column_stack`, or `[:, None]`."),
                (lambda u: np.concatenate([u, _one_more(u)[:, -1]], axis=1), "What you append must be a "
                 "column, shape (V, 1): `np.column_stack`, or `[:, None]`."),
                (lambda u: np.vstack([u, _one_more(u)[:, -1]]), "`np.vstack` appends a row. A coordinate is a column: "
                 "`np.column_stack`."),
                (lambda u: _one_more(u, lambda s: np.full_like(s, np.sqrt(s.max()))), "You appended R to all of them, "
                 "so they still differ in size."),
                (lambda u: np.sqrt(((u**2).sum(axis=1)).max() - (u**2).sum(axis=1)), "That is the new coordinate. "
                 "Return the targets with it, shape (V, d + 1)."),
                (lambda u: u / np.linalg.norm(u, axis=1, keepdims=True) * np.linalg.norm(u, axis=1).max(), "You "
                 "stretched the targets. That changes their dot products; a new coordinate does not."),
                (lambda u: np.column_stack([u, -_one_more(u)[:, -1]]), "Right, but for the sign: take the root that is "
                 "not negative."),
                (lambda u: np.column_stack([_one_more(u)[:, -1], u]), "The new coordinate belongs at the end."),
            ],
            right="No dot product with (z, 0) has changed, and the nearest target is now the model's choice.",
        ),
        Exercise(
            "5.4", "How far did it move?", "medium", 8,
            reference=_divergence,
            inputs=[
                (np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])),
                (np.array([0.9, 0.0, 0.1]), np.array([0.6, 0.3, 0.1])),
                (np.array([0.2, 0.8]), np.array([0.2, 0.8])),
            ],
            wrong=[
                (lambda p, q: (q * np.log(q / np.where(p > 0, p, 1))).sum(), "You swapped the two: p is the weight, "
                 "and p stands above q."),
                (lambda p, q: (q * np.log(q / p)).sum(), "You swapped the two: p is the weight, and stands above q."),
                (lambda p, q: (p * np.log(p / q)).sum(), "0 · log 0 came out as not a number. Leave out the places "
                 "where p is 0."),
                (lambda p, q: _divergence(p, q, np.log2), "That is in bits. Nats need `np.log`."),
                (lambda p, q: -_divergence(p, q), "The sign is turned: p stands above q in the logarithm."),
                (lambda p, q: (p[p > 0] * np.log(p[p > 0] / q[p > 0])).mean(), "You took the mean. It is a sum; p is "
                 "the weight already."),
                (lambda p, q: np.log(p[p > 0] / q[p > 0]).sum(), "Each logarithm has p as its weight."),
                (lambda p, q: np.abs(p - q).sum() / 2, "That is another measure, total variation. Here: Σ p log(p/q)."),
                (lambda p, q: -(p * np.log(q)).sum(), "That is the cross-entropy. Subtract the entropy of p: p stands "
                 "above q in the logarithm."),
                (lambda p, q: (p * np.log((p + 1e-3) / q)).sum(), "You added a small number inside the log, and the "
                 "result moved. Leave out the places where p is 0 instead."),
                (lambda p, q: (p * np.log((p + 1e-4) / q)).sum(), "You added a small number inside the log, and the "
                 "result moved. Leave out the places where p is 0 instead."),
                (lambda p, q: (p * np.log((p + 1e-5) / q)).sum(), "You added a small number inside the log, and the "
                 "result moved. Leave out the places where p is 0 instead."),
            ],
            right="Zero for equal distributions. It is not symmetric, so it is no distance either.",
        ),
        Exercise(
            "6.1", "The final norm", "easy", 6,
            reference=_final_norm,
            inputs=[(np.array([3.0, 4.0, 0.0, 1.0]), 0.5), (np.array([-0.02, 0.01, 0.03]), 1e-4)],
            wrong=[
                (lambda x, e: x / np.linalg.norm(x), "That has size 1. The norm divides by the root of the *mean* "
                 "square, so the size becomes √d."),
                (lambda x, e: x / np.sqrt((x**2).sum() + e), "You summed the squares. Take their mean: the size then "
                 "becomes √d."),
                (lambda x, e: x / np.sqrt((x**2).mean()), "You left ε out. It is added under the root, and a small x "
                 "feels it."),
                (lambda x, e: x / (np.sqrt((x**2).mean()) + e), "You added ε after the root. It belongs under it."),
                (lambda x, e: _final_norm(x - x.mean(), e), "You subtracted the mean: that is a LayerNorm. An RMSNorm "
                 "subtracts nothing."),
                (lambda x, e: x / ((x**2).mean() + e), "The root is missing: divide by √(mean square + ε)."),
                (lambda x, e: (x - x.mean()) / (x.std() + e), "That standardises x. An RMSNorm subtracts nothing."),
                (lambda x, e: 24 * x / np.linalg.norm(x), "24 is √576, the model's radius. This x has another width, "
                 "and ε is missing."),
                (lambda x, e: x / np.sqrt((x**2).sum() / 576 + e), "576 is the model's width. This x has another: "
                 "take the mean of its squares."),
                (lambda x, e: np.sqrt(len(x)) * x / np.sqrt(x @ x + e), "Almost: ε belongs to the *mean* square, so to "
                 "the sum of squares d · ε is added."),
                (lambda x, e: x / np.sqrt(np.linalg.norm(x) / len(x) + e), "You forgot to square ‖x‖: its square over "
                 "d is the mean square."),
                (lambda x, e: np.linalg.norm(_final_norm(x, e)), "That is the state's size. Return the state, "
                 "shape (d,)."),
            ],
            right="Whatever x was, z stands at radius √d, up to ε. It is `lm.to_sphere`.",
        ),
        Exercise(
            "6.2", "A logit from its parts", "easy", 5,
            reference=_logit_of,
            inputs=[(4.1, 79.9, 576), (2.0, 60.0, 9), (10.0, 120.0, 100)],
            wrong=[
                (lambda s, a, d: np.sqrt(d) * s * np.cos(a), "The angle came in degrees, and `np.cos` wants radians."),
                (lambda s, a, d: d * s * np.cos(np.radians(a)), "The state's size is √d, not d."),
                (lambda s, a, d: 24 * s * np.cos(np.radians(a)), "24 is √576. Here d is given: use its root."),
                (lambda s, a, d: s * np.cos(np.radians(a)), "You forgot the state's own size, √d."),
                (lambda s, a, d: np.sqrt(d) * s * np.sin(np.radians(a)), "A dot product goes with the cosine: it is "
                 "largest at 0 degrees."),
                (lambda s, a, d: np.sqrt(d) * np.cos(np.radians(a)), "You forgot the target's size."),
                (lambda s, a, d: np.sqrt(d) / s * np.cos(np.radians(a)), "You divided by the size. A larger target has "
                 "the larger logit, up or down: multiply."),
                *((lambda s, a, d, n=n: round(np.sqrt(d) * s * np.cos(np.radians(a)), n), "Do not round.")
                  for n in range(3)),
                (lambda s, a, d: np.sqrt(d) * s * np.cos(np.degrees(a)), "`np.degrees` goes the other way, from "
                 "radians. Use `np.radians`."),
            ],
            right="Direction and size: nothing else of a token enters its logit.",
        ),
        Exercise(
            "6.3", "What a LayerNorm cannot see", "medium", 8,
            reference=_seen_part,
            inputs=[(np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]),), _draw(1, (4, 3)), _draw(2, (3, 5))],
            wrong=[
                (lambda u: u - u.mean(axis=0), "You subtracted the mean of all targets. Each row's own mean is meant, "
                 "over its coordinates: `axis=1`."),
                (lambda u: u - u.mean(), "You subtracted one number, the mean of everything. Each row has its own."),
                (lambda u: u - u.mean(axis=1), "`u.mean(axis=1)` has shape (V,), and cannot be subtracted row by row. "
                 "Keep the axis: `keepdims=True`."),
                (lambda u: u - u.sum(axis=1, keepdims=True), "You subtracted each row's sum from every coordinate. "
                 "Take its mean."),
                (lambda u: _seen_part(u) / u.std(axis=1, keepdims=True), "You also divided by the spread. A norm does "
                 "that to the state; a target keeps its size."),
                (lambda u: u.mean(axis=1, keepdims=True) * np.ones_like(u), "That is the part along the ones. Return "
                 "what is left without it."),
                (lambda u: u + 0, "Those are the targets as they came: their rows do not add up to 0."),
                (lambda u: u - u.sum(axis=1, keepdims=True) / np.sqrt(u.shape[1]), "The vector of ones has size √d, so "
                 "its square takes part twice: divide the sum by d."),
                (lambda u: u - 1, "You subtracted the vector of ones once. How much of it a row contains is its mean."),
            ],
            right="A target's size is measured without this part. `lm.targets` takes it out for models with a "
            "LayerNorm.",
        ),
        Exercise(
            "6.4", "How many are that near?", "medium", 8,
            reference=_count_within,
            inputs=[(*_draw(4, 3, (60, 3)), 40.0), (*_draw(5, 8, (200, 8)), 85.0), (*_draw(6, 4, (50, 4)), 120.0), (
                np.array([30.0, 10.0]), np.array([[1.0, 0.5], [0.2, 1.0], [-1.0, 1.0]]), 30.0)],
            wrong=[
                (lambda z, u, a: (_cosines(z, u) >= np.cos(a)).sum(), "The angle came in degrees, and `np.cos` wants "
                 "radians."),
                (lambda z, u, a: (_cosines(z, u) <= np.cos(np.radians(a))).sum(), "Those are the ones farther away: a "
                 "small angle has a large cosine."),
                (lambda z, u, a: (u @ z >= np.cos(np.radians(a))).sum(), "A dot product is a cosine only once both "
                 "sizes are divided out."),
                (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) >= np.cos(np.radians(a))).sum(), "You divided by "
                 "the targets' sizes. The state's size has to go, too."),
                (lambda z, u, a: (u @ z / np.linalg.norm(z) >= np.cos(np.radians(a))).sum(), "You divided by the "
                 "state's size. The targets' sizes have to go, too."),
                (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) / np.sqrt(len(z)) >= np.cos(np.radians(a))).sum(),
                 "This z need not stand at √d. Divide by its own size."),
                (lambda z, u, a: (u @ z / np.linalg.norm(u, axis=1) / 24 >= np.cos(np.radians(a))).sum(), "This z need "
                 "not stand at radius 24. Divide by its own size."),
                (lambda z, u, a: (u @ z / np.linalg.norm(u) / np.linalg.norm(z) >= np.cos(np.radians(a))).sum(), "You "
                 "divided by one size for the whole table. Each target has its own: `axis=1`."),
                (lambda z, u, a: np.flatnonzero(_cosines(z, u) >= np.cos(np.radians(a))), "Those are their row "
                 "numbers. Return how many: `len` of it."),
                (lambda z, u, a: (np.arccos(_cosines(z, u)) <= a).sum(), "`np.arccos` gives radians, and the limit is "
                 "in degrees."),
                (lambda z, u, a: (_cosines(z, u) >= np.cos(np.radians(a))).mean(), "That is a share. Return how many."),
                (lambda z, u, a: _cosines(z, u) >= np.cos(np.radians(a)), "That says for each target whether. Return "
                 "how many: `.sum()`."),
                (lambda z, u, a: (np.abs(_cosines(z, u)) >= np.cos(np.radians(a))).sum(), "With the absolute value you "
                 "also count the targets that point the opposite way."),
            ],
            right="Beside `share_within` times V, this number tells a finding from chance.",
        ),
        Exercise(
            "7.1", "Where is the border?", "medium", 8,
            reference=_border,
            inputs=[(1.0, 1.0, 60.0), (2.0, 1.0, 90.0), (1.0, 1.5, 70.0), (1.0, 3.0, 60.0)],
            wrong=[
                (lambda a, b, alpha: abs(_border(a, b, alpha)), "The border may lie on the far side of the first "
                 "target: then the angle is negative."),
                (lambda a, b, alpha: max(_border(a, b, alpha), 0), "The border may lie on the far side of the first "
                 "target: then the angle is negative, and it loses even in its own direction."),
                (lambda a, b, alpha: np.degrees(np.tan(np.tan(np.radians(_border(a, b, alpha))))), "You took the "
                 "tangent once more. The angle is the *arc* tangent: `np.arctan`."),
                (lambda a, b, alpha: _border(a, b, alpha) % 180, "The border may lie on the far side of the first "
                 "target: then the angle is negative."),
                (lambda a, b, alpha: _border(a, b, alpha) % 360, "The border may lie on the far side of the first "
                 "target: then the angle is negative."),
                (lambda a, b, alpha: np.degrees(np.arctan(a / b - 1 / np.tan(np.radians(alpha)))), "A bracket is "
                 "missing: the whole difference is divided by sin α."),
                (lambda a, b, alpha: round(_border(a, b, alpha), 1), "Do not round."),
                (lambda a, b, alpha: alpha / 2, "Half way is right only where the two sizes are equal."),
                (lambda a, b, alpha: _border(b, a, alpha), "That is the angle from the second one, or the sizes are "
                 "swapped: a larger a pushes the border away from it."),
                (lambda a, b, alpha: np.radians(_border(a, b, alpha)), "That is in radians. Degrees are asked for."),
                (lambda a, b, alpha: np.degrees(np.arctan((a / b - np.cos(alpha)) / np.sin(alpha))), "The angle came "
                 "in degrees, and `np.cos` and `np.sin` want radians."),
                (lambda a, b, alpha: np.arctan((a / b - np.cos(alpha)) / np.sin(alpha)), "The angles come and go in "
                 "degrees: `np.radians` on the way in, `np.degrees` on the way out."),
                (lambda a, b, alpha: np.tan(np.radians(_border(a, b, alpha))), "That is the tangent. The angle is its "
                 "`np.arctan`."),
                (lambda a, b, alpha: alpha * a / (a + b), "The border is not at a share of the angle. Set the two "
                 "logits equal: a · cos φ = b · cos(α − φ)."),
                (lambda a, b, alpha: alpha * b / (a + b), "The border is not at a share of the angle. Set the two "
                 "logits equal: a · cos φ = b · cos(α − φ)."),
            ],
            right="In more dimensions it is the same: a great circle, perpendicular to the difference of the two.",
        ),
        Exercise(
            "7.2", "Shares by darts", "easy", 8,
            reference=_darts,
            inputs=[_draw(2, (12, 2), (4, 2)), (_draw(3, (10, 2))[0], np.array(
                [[2.0, 0.0], [-1.0, 2.0], [-1.0, -1.0], [0.1, 0.1]])), (_draw(3, (10, 2))[0], np.array(
                [[2.0, 0.0], [0.1, 0.1], [-1.0, 2.0], [-1.0, -1.0]])), _draw(4, (7, 3), (3, 3))],
            wrong=[
                (lambda z, u: _darts(z, u) * len(z), "Those are counts. Divide by the number of states."),
                (lambda z, u: _darts(z, u / np.linalg.norm(u, axis=1, keepdims=True)), "You made the targets equal in "
                 "size. A larger one wins more."),
                (lambda z, u: np.bincount(((z[:, None] - u) ** 2).sum(axis=2).argmin(axis=1), minlength=len(u)) / len(
                    z), "You took the nearest point. The largest dot product wins."),
                (lambda z, u: _darts(-z, u), "You took the smallest logit. The largest wins."),
                (lambda z, u: (z @ u.T).argmax(axis=1), "Those are the winners, one for each state. Count them."),
                (lambda z, u: np.bincount((z @ u.T).argmax(axis=1)) / len(z), "Right, until the last targets win "
                 "nothing: `minlength=len(targets)` keeps their zeros."),
                (lambda z, u: np.unique((z @ u.T).argmax(axis=1), return_counts=True)[1] / len(z), "Right, until a "
                 "target wins nothing: `np.unique` leaves it out. `np.bincount` with `minlength=len(targets)` says 0."),
                (lambda z, u: np.bincount((z @ u.T).argmax(axis=0), minlength=len(u)) / len(z), "You looked "
                 "for the best state of each target. Look for the best target of each state: `axis=1`."),
                (lambda z, u: 100 * _darts(z, u), "That is in percent. A share is between 0 and 1."),
                (lambda z, u: _darts(z, u) * len(z) / len(u), "Divide by the number of states, not of targets."),
                (lambda z, u: _softmax(z @ u.T).mean(axis=0), "Those are mean probabilities. A win is all or nothing."),
            ],
            right="It is the first thing that `helpers.targets.win_shares` returns, beside an interval.",
        ),
        Exercise(
            "7.3", "Check a certificate", "medium", 6,
            reference=_lead,
            inputs=[
                (np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.0, 3.0], [-1.0, 1.0]]), 1),
                (np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.0, 3.0], [-1.0, 1.0]]), 0), (*_draw(5, 3, (5, 3)), 4),
                (np.array([-1.0, -1.0]), np.array([[-1.0, -2.0], [1.0, 1.0], [2.0, 1.0]]), 0),
                (np.array([-1.0, -1.0]), np.array([[-1.0, -2.0], [1.0, 1.0], [2.0, 1.0]]), 2),
                (np.array([1.0, 2.0]), np.array([[0.0, 3.0], [0.0, 3.0], [1.0, 1.0]]), 0),
            ],
            wrong=[
                (lambda z, u, i: (u @ z)[i] - np.where(np.arange(len(u)) == i, 0, u @ z).max(), "0 can be larger than "
                 "all other logits. Put −∞ in its place, or leave i out."),
                (lambda z, u, i: (u @ z)[i] - (u @ z)[u @ z != (u @ z)[i]].max(), "An exact copy is a rival, too: the "
                 "lead over it is 0."),
                (lambda z, u, i: -_lead(z, u, i), "The sign is turned: above 0 means that i leads."),
                (lambda z, u, i: (u @ z)[i] - (u @ z).max(), "The largest of *all* includes i itself, so you never get "
                 "above 0. Leave i out."),
                (lambda z, u, i: (u @ z)[i] - np.sort(u @ z)[-2], "The second largest is the best rival only where i "
                 "wins. Leave i out and take the largest."),
                (lambda z, u, i: np.sort(u @ z)[-1] - np.sort(u @ z)[-2], "That is the winner's lead, whoever wins. "
                 "Token i may not."),
                (lambda z, u, i: (u @ z)[i], "That is the logit of i. Subtract the largest of the others."),
                (lambda z, u, i: (u @ z)[i] > np.delete(u @ z, i).max(), "That says whether. Return by how much."),
                (lambda z, u, i: (u @ z).argmax() == i, "That says whether. Return by how much."),
                (lambda z, u, i: np.where(np.arange(len(u)) == i, -np.inf, u @ z)[i] - np.delete(u @ z, i).max(), "You "
                 "wrote −∞ over i's own logit and then used it. Keep that logit first."),
                (lambda z, u, i: abs(_lead(z, u, i)), "Where i does not win, the lead is below 0. Keep the sign."),
                (lambda z, u, i: max(_lead(z, u, i), 0), "Where i does not win, the lead is below 0. Keep it."),
                (lambda z, u, i: np.delete(u @ z, i).max(), "That is the best rival's logit. Subtract it from i's."),
                (lambda z, u, i: (u @ z)[i] - np.delete(u @ z, i).mean(), "You took the others' mean. The best of them "
                 "has to be beaten."),
            ],
            right="One product. Whoever doubts that a token can win can check it with this.",
        ),
        Exercise(
            "8.1", "How much does a plane show?", "medium", 8,
            reference=_share_in_plane,
            inputs=[
                (np.array([3.0, 4.0, 12.0]), np.eye(3)[:2]), (np.array([1.0, 2.0, -2.0, 4.0]), np.eye(4)[[3, 1]]),
                (np.array([2.0, 0.0, 1.0]), np.array([[0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]])),
            ],
            wrong=[
                (lambda x, f: _share_in_plane(x, f) ** 2, "That is the share of the squared size. Take its root."),
                (lambda x, f: np.linalg.norm(f @ x), "That is the size of the shadow. Divide by the size of x."),
                (lambda x, f: f @ x, "Those are the shadow's coordinates. Their size, divided by the size of x, is "
                 "asked for."),
                (lambda x, f: (f @ x) @ f, "That is the shadow itself. Its size, divided by the size of x, is asked "
                 "for."),
                (lambda x, f: 1 - _share_in_plane(x, f) ** 2, "That is the share of the squared size that the plane "
                 "hides."),
                (lambda x, f: 100 * _share_in_plane(x, f), "That is in percent. Return a number from 0 to 1."),
                (lambda x, f: 1 - _share_in_plane(x, f), "That is not what the plane shows, and not what it hides "
                 "either: sizes at right angles add by their squares."),
                (lambda x, f: np.sqrt(1 - _share_in_plane(x, f) ** 2), "That is the share that the plane hides."),
                (lambda x, f: np.abs(f[0] @ x) / np.linalg.norm(x), "You used the first direction only. The plane has "
                 "two."),
                (lambda x, f: (f @ x).sum() / np.linalg.norm(x), "You added the two coordinates. They stand at right "
                 "angles: add their squares."),
                (lambda x, f: np.abs(f @ x).sum() / np.linalg.norm(x), "You added the two coordinates. They stand at "
                 "right angles: add their squares."),
            ],
            right="For a random plane in d dimensions it is about √(2/d). Put that null beside every plane you draw.",
        ),
        Exercise(
            "8.2", "Rank", "easy", 5,
            reference=_rank_of,
            inputs=[(np.array([2.0, 7.0, -1.0, 5.0]), 3), (np.array([2.0, 7.0, -1.0, 5.0]), 1), (np.array(
                [3.0, 1.0, 3.0, 8.0, 0.0, 2.0]), 2), (np.array([3.0, 1.0, 3.0, 8.0, 0.0, 2.0]), 0), (np.array(
                [5.0, 5.0, 1.0]), 2)],
            wrong=[
                (lambda x, i: _rank_of(x, i) - 1, "The best token has rank 1, not 0."),
                (lambda x, i: 1 + (x >= x[i]).sum(), "You counted the token itself as one above it: `>`, not `>=`."),
                (lambda x, i: 1 + (x < x[i]).sum(), "You counted the smaller ones. The best token has rank 1."),
                (lambda x, i: 1 + len(set(x[x > x[i]])), "Two tokens that tie above it are two tokens: count both."),
                (lambda x, i: np.argsort(-x, kind="stable")[i] + 1, "That is a token, the one with rank i + 1. The "
                 "rank of token i is asked for."),
                (lambda x, i: np.argsort(np.argsort(-x, kind="stable"), kind="stable")[i], "The best token has rank 1, "
                 "not 0; and two tokens that tie have the same rank."),
                (lambda x, i: np.argsort(np.argsort(-x, kind="stable"), kind="stable")[i] + 1, "Two tokens that tie "
                 "have the same rank: count the logits that are larger."),
                (lambda x, i: np.argsort(-x, kind="stable")[i], "That is the token with rank i + 1. The rank of token "
                 "i is asked for."),
                (lambda x, i: np.argsort(x, kind="stable")[i], "That is the token in place i, counted from the "
                 "smallest. The rank of token i is asked for."),
                (lambda x, i: (x >= x[i]).sum(), "An equal logit is not larger: two tokens that tie have the same "
                 "rank."),
                (lambda x, i: x[i], "That is its logit."),
            ],
            right="Rank 1 is the winner. A rank needs no scale, so one lens can compare it between layers.",
        ),
        Exercise(
            "8.3", "First for good", "medium", 8,
            reference=_first_for_good,
            inputs=[(np.array([40, 3, 1, 2, 1, 1]),), (np.array([9, 2, 1, 1]),), (np.array([1, 1, 1]),), (np.array(
                [7, 1, 1, 5, 1]),), (np.array([5, 1, 1, 3, 1, 1, 1]),)],
            wrong=[
                (lambda r: int(np.flatnonzero(r == 1)[0]), "That is the first time. It may fall back: look for the "
                 "*last* layer in which it was not first."),
                (lambda r: int(np.flatnonzero(r > 1)[-1]) if (r > 1).any() else 0, "That is the last layer in which it "
                 "was not first. One later, it is."),
                (lambda r: _first_for_good(r) + 1, "Layers count from 0 here, as the places in the array do."),
                (lambda r: int(np.flatnonzero(r > 1)[-1]) + 1, "Right, until a token was first from the start: then "
                 "no layer is left to look up, and the answer is 0."),
                (lambda r: max(n for n, rank in enumerate(r) if rank > 1) + 1, "Right, until a token was first from "
                 "the start: then no layer is left to look up, and the answer is 0."),
                (lambda r: len(r) - np.argmax(r[::-1] > 1), "Right, until a token was first from the start: then no "
                 "layer is left to look up, and the answer is 0."),
                (lambda r: int(np.flatnonzero(r > 1)[-1]), "That is the last layer in which it was not first. One "
                 "later, it is. And one that was first from the start has no such layer: then it is 0."),
                (lambda r: np.where(r > 1)[0].max(), "That is the last layer in which it was not first. One later, it "
                 "is. And one that was first from the start has no such layer: then it is 0."),
                (lambda r: int(np.argmax(r[::-1] > 1)), "You counted from the back. Turn the place round: "
                 "`len(ranks)` minus it. And one that was first from the start gets 0."),
                (lambda r: len(r) - 1, "That is the last layer. It may have been first before."),
                (lambda r: int((r == 1).sum()), "You counted the layers in which it was first."),
                (lambda r: int((r > 1).sum()), "You counted the layers in which it was not first. They need not be "
                 "the first ones."),
            ],
            right="Whoever reports the *first* layer with rank 1 reports an accident now and then.",
        ),
        Exercise(
            "8.4", "On the great circle", "medium", 10,
            reference=_on_great_circle,
            inputs=[
                (np.array([2.0, 0.0]), np.array([0.0, 2.0]), 1 / 3), (*_same_size(1, 3), 0.25), (*_same_size(2, 5), 0.9)
            ],
            wrong=[
                (lambda a, b, t: (1 - t) * a + t * b, "That is the straight way. It leaves the sphere."),
                (lambda a, b, t: _pushed_out((1 - t) * a + t * b, a), "You went straight and pushed the point out to "
                 "the sphere. That is on the great circle, and not a share t of the *angle* away."),
                (lambda a, b, t: _on_great_circle(b, a, t), "You started at b. At t = 0 it is a."),
                (lambda a, b, t: _on_great_circle(a, b, t) / np.linalg.norm(a), "It has size 1. Keep the size of a "
                 "and b."),
                (lambda a, b, t: np.sin((1 - t) * _turn(a, b)) * a + np.sin(t * _turn(a, b)) / np.sin(_turn(a, b)) * b,
                 "Only the second term is divided by sin θ. Put a bracket around the sum."),
                (lambda a, b, t: _on_great_circle(a, b, t) * np.sin(_turn(a, b)), "The division by sin θ is missing."),
                (lambda a, b, t: _on_great_circle(a, b, t, np.degrees(_turn(a, b))), "θ came in degrees, and `np.sin` "
                 "wants radians."),
                (lambda a, b, t: _on_great_circle(a, b, t, np.arccos(np.clip(a @ b, -1, 1))), "A cosine needs both "
                 "sizes divided out before the arc cosine."),
                (lambda a, b, t: _on_great_circle(a, b, t, np.arccos(a @ b)), "A cosine needs both sizes divided out "
                 "before the arc cosine."),
                (lambda a, b, t: _on_great_circle(a, b, t, a @ b / (a @ a)), "That is the cosine of θ. The angle is "
                 "its `np.arccos`."),
                (lambda a, b, t: (np.sin(1 - t) * _turn(a, b) * a + np.sin(t) * _turn(a, b) * b) / np.sin(_turn(a, b)),
                 "θ belongs inside the sine: sin((1 − t) θ), not sin(1 − t) · θ."),
                (lambda a, b, t: (np.sin(1 - t) * _turn(a, b) * a + np.sin(t * _turn(a, b)) * b) / np.sin(_turn(a, b)),
                 "θ belongs inside the first sine, too: sin((1 − t) θ), not sin(1 − t) · θ."),
            ],
            right="It is `helpers.geometry.slerp`, which also takes vectors of different sizes.",
        ),
    ]
}  # fmt: skip
