"""How do vectors compare? Sizes, directions and the three rulers.

Vectors stand in the last axis: an array of shape (..., d) holds vectors of width d. Nothing here changes its input.
A vector that is zero, or holds NaN or infinity, shows in the result; then a ValueError says so.
"""

import numpy as np

BLOCK = 128  # states or queries scored at once: 128 × 49,152 float32 scores are 25 MB, × 262,144 are 134 MB
GROUPS = 512  # `nearest` first looks at the largest score in each of so many groups of rows


@np.errstate(all="ignore")  # what goes wrong shows in the result
def unit(vectors):
    """The direction v / ‖v‖ of each vector: shape (..., d), every row of size 1. ValueError for a zero vector."""
    v = _vectors(vectors)
    return _finite(v / _size(v)[..., None])


@np.errstate(all="ignore")
def dot(a, b):
    """The dot product a·b = Σ a_k b_k: shapes (..., d) and (..., d), broadcast, to (...)."""
    return _finite(np.vecdot(*_pair(a, b)))


@np.errstate(all="ignore")
def cosine(a, b):
    """The cosine of the angle between a and b, a·b / (‖a‖‖b‖), in [-1, 1]: shapes as for `dot`."""
    a, b = _pair(a, b)
    return np.clip(_finite(np.vecdot(a, b) / (_size(a) * _size(b))), -1, 1)


@np.errstate(all="ignore")
def euclidean(a, b):
    """The Euclidean distance ‖a − b‖: shapes as for `dot`."""
    a, b = _pair(a, b)
    return _finite(_size(a - b))


RULERS = {"cosine": cosine, "dot": dot, "euclidean": euclidean}


def angle(a, b):
    """The angle between a and b in radians, 0 to π: shapes as for `dot`.

    2·atan2(‖â − b̂‖, ‖â + b̂‖) is exact also near 0 and π, where arccos loses half the digits (W. Kahan,
    "How Futile are Mindless Assessments of Roundoff in Floating-Point Computation?", 2006, §12).
    """
    a, b = map(unit, _pair(a, b))
    return 2 * np.arctan2(_size(a - b), _size(a + b))


def slerp(a, b, t):
    """The way from a to b along the great circle: shapes (d,), (d,) and t of shape (...), to (..., d).

    The direction turns at constant speed, t = 0 at a and t = 1 at b; the size goes evenly from ‖a‖ to ‖b‖,
    so that states of one size stay on their sphere (K. Shoemake, SIGGRAPH 1985). ValueError for opposite directions.
    """
    a, b = _pair(a, b)
    t, theta = np.asarray(t, a.dtype)[..., None], angle(a, b)
    size = (1 - t) * _size(a) + t * _size(b)
    along, aside = plane_frame(a, b) if theta > 200 * np.finfo(a.dtype).eps else (unit(a), 0)
    return size * (np.cos(t * theta) * along + np.sin(t * theta) * aside)


def plane_frame(a, b):
    """An orthonormal frame of the plane of two vectors: the first row along a, the second on b's side (Gram–Schmidt).

    (2, d). `x @ frame.T` is x's shadow, the nearest place of the plane. ValueError where the two lie on one line.
    """
    a, b = _pair(a, b)
    along, other = unit(a.astype(np.float64)), unit(b.astype(np.float64))
    aside = other - (other @ along) * along
    if _size(aside) < 100 * np.finfo(a.dtype).eps:  # no angle that rounding could not have made
        raise ValueError("The two vectors point in the same or in opposite directions: they span no plane.")
    return np.stack([along, unit(aside - (aside @ along) * along)]).astype(a.dtype)


def facing_frame(vectors):
    """An orthonormal frame of the space that three vectors (3, d) span, seen from their middle: (3, d).

    Its rows are right, up (the first vector lies there), and towards you. ValueError where the three lie in one plane.
    """
    first, second, third = unit(vectors)
    q, r = np.linalg.qr(np.stack([first + second + third, first, second], axis=1))
    if np.abs(np.diag(r)).min() < 1e-5:
        raise ValueError("The three vectors lie in one plane, so they span no three-dimensional space.")
    return (q * np.sign(np.diag(r))).T[::-1]


def sphere_centre(points):
    """The centre c (d,) of the sphere that fits points p (n, d) best: 2 p·c + (r² − ‖c‖²) = ‖p‖² by least squares."""
    p = _vectors(points)
    mean, gram, pull = p.mean(axis=0, dtype=np.float64), 0, 0
    for block in np.array_split(p, 1 + len(p) // 8192):  # in float64 all at once would take twice the points' memory
        centred = block - mean
        gram, pull = gram + centred.T @ centred, pull + centred.T @ np.vecdot(block, block)
    return np.linalg.lstsq(2 * gram, pull)[0]


def random_directions(n, d, seed):
    """n directions drawn evenly from the sphere: (n, d) float32 (unit Gaussians: M. E. Muller, CACM 2(4), 1959)."""
    return unit(np.random.default_rng(seed).standard_normal((n, d))).astype(np.float32)


def random_rotation(d, seed):
    """An orthogonal matrix (d, d), even over all; `states @ it` turns or mirrors all (F. Mezzadri, AMS Notices 54)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


@np.errstate(all="ignore")
def winners(states, targets, offsets=None):
    """Which target wins at each state: argmax over i of z·u_i + b_i.

    Shapes: states (n, d) or (d,), targets (V, d), offsets (V,) or None; returns (n,) int64. Ties go to the lower row;
    in a picture (over 1,000 states, d ≤ 3) to the lower corner.
    """
    states, targets = _pair(np.atleast_2d(states), targets)
    b = np.zeros(len(targets), targets.dtype) if offsets is None else np.asarray(offsets)
    rows = _corners(np.column_stack([targets, b])) if len(states) > 1000 and targets.shape[1] < 4 else slice(None)
    chosen = np.empty(len(states), np.int64)
    for block, logits in product_blocks(states, targets[rows]):
        logits += b[rows]
        chosen[block] = best = logits.argmax(axis=1)
        _finite(logits[np.arange(len(best)), best])  # NaN wins every argmax
    return np.arange(len(targets))[rows][chosen]


def _corners(rows):
    """The rows that win somewhere: corners of their convex hull, on a ball some hundred of 49,152; or all."""
    from scipy.spatial import ConvexHull, QhullError

    different, first = np.unique(rows[:, np.ptp(rows, axis=0) != 0], axis=0, return_index=True)
    try:
        return np.sort(first[ConvexHull(different).vertices])
    except (QhullError, ValueError):  # they lie in one plane, or hold NaN
        return slice(None)


@np.errstate(all="ignore")
def nearest(query, vectors, k=10, by="cosine"):
    """The k rows of `vectors` nearest to the query, best first, and their scores, by one of three rulers.

    Shapes: query (d,) or (n, d), vectors (V, d); returns ids (k,) or (n, k) int64 and scores of the same shape in
    float64: cosines or dot products from the largest down, or Euclidean distances from the smallest up. Equal scores
    go to the lower row number. ValueError for an unknown ruler, k outside 1 … V, and (by cosine) a zero vector.
    """
    if by not in RULERS:
        raise ValueError(f"by={by!r} is not a ruler; choose one of {', '.join(RULERS)}.")
    queries, vectors = np.atleast_2d(_vectors(query)), _vectors(vectors)
    if queries.shape[1:] != vectors.shape[1:]:
        raise ValueError(f"query and vectors need the same width; got shapes {queries.shape} and {vectors.shape}.")
    if not 1 <= k <= len(vectors):
        raise ValueError(f"k should be a whole number from 1 to {len(vectors)}, the number of rows; got {k!r}.")
    sizes = None if by == "dot" else _size(vectors)
    ids, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
    for block, products in product_blocks(queries.astype(vectors.dtype), vectors):
        if by == "cosine":
            products /= sizes
        elif by == "euclidean":  # argmin ‖q − v‖² = argmax q·v − ‖v‖²/2
            products -= sizes**2 / 2
        for n, rough in enumerate(products, block.start):
            near = _candidates(rough, queries[n], vectors, sizes, k, by)
            exact = RULERS[by](queries[n], vectors[near].astype(np.float64))
            best = np.argsort(exact if by == "euclidean" else -exact, kind="stable")[:k]
            ids[n], scores[n] = near[best], exact[best]
    return (ids[0], scores[0]) if np.ndim(query) == 1 else (ids, scores)


def _candidates(rough, query, vectors, sizes, k, by):
    """The numbers of all rows that rounding may have kept from the k best: (m,), m ≥ k. They are scored in float64.

    A product of width d is off by at most about d/2 · eps · ‖q‖‖v‖ (N. J. Higham, Accuracy and Stability of Numerical
    Algorithms, 2002, §3.1); here twice that. By dot product ‖v‖ is not at hand, and would cost as much as the products:
    there eight times the best rows' largest stands for all, so the bound is strict unless a row is longer still.
    """
    rounding, size = (len(query) + 4) * np.finfo(vectors.dtype).eps, _size(query)
    # Of many groups' largest scores the k-th is reached by at least k rows, and by few more.
    whole = len(rough) // GROUPS * GROUPS if k <= GROUPS else 0
    tops = np.append(rough[:whole].reshape(-1, GROUPS).max(axis=0), rough[whole:]) if whole else rough
    _finite(tops.max())
    reached = np.partition(tops, -k)[-k]
    best = np.flatnonzero(rough >= reached)
    if by == "euclidean":
        off = rounding * (size * sizes + sizes**2)
        return np.flatnonzero(rough >= reached - off[best].max() - off)
    off = rounding * size * (8 * _size(vectors[best]).max() if by == "dot" else 1)
    return np.flatnonzero(rough >= reached - 2 * off)


def product_blocks(rows, columns, size=BLOCK):
    """The products of all rows with all columns, so many rows at once, in one buffer: pairs of a slice and a block."""
    buffer = np.empty((min(size, len(rows)), len(columns)), columns.dtype)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        yield slice(start, start + len(some)), np.matmul(some, columns.T, out=buffer[: len(some)])


def _size(v):
    return np.sqrt(np.vecdot(v, v))  # ‖v‖


def _vectors(values):
    v = np.asarray(values)
    if v.ndim == 0 or v.dtype.kind not in "fiub":
        raise TypeError(f"Vectors of real numbers were expected, shape (..., d); got {values!r:.60}.")
    return v if v.dtype in (np.float32, np.float64) else v.astype(np.float32 if v.dtype == np.float16 else np.float64)


def _pair(a, b):
    a, b = _vectors(a), _vectors(b)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"The vectors differ in width: {a.shape[-1]} and {b.shape[-1]}; both need the same.")
    return [v.astype(np.result_type(a, b), copy=False) for v in (a, b)]


def _finite(result):
    if not np.isfinite(result).all():
        raise ValueError("A vector is zero, which has no direction, or it holds NaN, infinity or too large numbers.")
    return result
