"""How do vectors compare? Sizes, directions and the three rulers.

Vectors stand in the last axis: an array of shape (..., d) holds vectors of width d. float16 is computed
in float32, integers and long doubles in float64; other floats keep their type. Nothing here changes its input.
"""

import numpy as np

RULERS = ("cosine", "dot", "euclidean")
# Rows of scores computed at once: 128 × 49,152 float32 scores are 25 MB, which a processor's cache still holds.
# Measured on two cores: larger blocks slow narrow vectors down (by half at 256), smaller ones slow wide vectors down.
BLOCK = 128
TIES = 2**20  # candidates sorted at once; more come only from a great many equal rows, and go query by query
PAIRS = 16_384  # pairs scored at once in float64: 150 MB at width 576


# ---------------------------------------------------------------- the public edge: validation, once


def _vectors(values, name):
    """`values` as a float array of shape (..., d), or a sentence that says what is wrong with it."""
    try:
        array = np.asarray(values)
        array = array.astype({"e": np.float32, "g": np.float64}.get(array.dtype.char, array.dtype), copy=False)
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a torch tensor that requires a gradient
        raise TypeError(f"{name} should be an array of numbers; got {type(values).__name__}.") from error
    if array.dtype.kind != "f":
        raise TypeError(f"{name} should be an array of real numbers; got {array.dtype} values.")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} should hold vectors, shape (..., d) with d ≥ 1; got shape {array.shape}.")
    # A sum is finite only where all its terms are; it costs a third of looking at each, and can overflow only upwards.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(array.sum()) or np.isfinite(array).all()
    if not finite:
        raise ValueError(f"{name} holds NaN or infinity; a vector needs finite numbers. Look where they came from.")
    return array


def _pair(a, b):
    a, b = _vectors(a, "The first argument"), _vectors(b, "The second argument")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"The vectors differ in width: {a.shape[-1]} and {b.shape[-1]}; both need the same.")
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(f"Shapes {a.shape} and {b.shape} do not match; give one vector or equally many.") from None
    kind = np.result_type(a, b)
    return a.astype(kind, copy=False), b.astype(kind, copy=False)


def _table(rows, columns, name_rows, name_columns):
    """Two matrices of vectors, (n, d) and (V, d); a single row (d,) counts as (1, d)."""
    rows, columns = np.atleast_2d(_vectors(rows, name_rows)), _vectors(columns, name_columns)
    if rows.ndim != 2 or columns.ndim != 2 or rows.shape[1] != columns.shape[1]:
        raise ValueError(
            f"{name_rows} should have shape (d,) or (n, d) and {name_columns} shape (V, d) with the same d; "
            f"got {rows.shape} and {columns.shape}."
        )
    if len(columns) == 0:
        raise ValueError(f"{name_columns} holds no rows, so there is nothing to choose from.")
    # No product is larger than the sizes' product; an infinite score would rank at random.
    with np.errstate(over="ignore"):
        bound = np.sqrt(np.vdot(rows, rows)) * np.sqrt(np.vdot(columns, columns)) + np.vdot(columns, columns)
    if not np.isfinite(bound):
        raise ValueError(f"{name_rows} or {name_columns} are too large: their products overflow {bound.dtype}.")
    return rows, columns


def _whole(number):
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _directed(sizes, name):
    if (sizes == 0).any():
        raise ValueError(f"{name} holds a zero vector, and a zero vector has no direction.")
    return sizes


# ---------------------------------------------------------------- directions and rulers


def unit(vectors):
    """The direction of each vector: shape (..., d), every row of size 1.

    Raises ValueError for a zero vector, which has no direction.
    """
    array = _vectors(vectors, "The argument")
    if array.dtype != np.float32:  # its squares may under- or overflow
        array = array / _scales(array)
    sizes = _directed(_sizes(array), "The argument")[..., None]
    return np.divide(array, sizes, out=np.empty_like(array), casting="same_kind")


def _sizes(array):
    """‖v‖ of each vector, in float64, in which float32 cannot under- or overflow; no second array of that size."""
    if array.dtype == np.float32:
        return np.sqrt(np.einsum("...k,...k->...", array, array, dtype=np.float64))
    scales = _scales(array)
    array = array / scales
    return scales[..., 0] * np.sqrt(np.einsum("...k,...k->...", array, array))


def _scales(array):
    """The largest absolute number of each vector, 1 where all are 0: (..., 1)."""
    largest = np.abs(array).max(axis=-1, keepdims=True)
    return np.where(largest == 0, 1, largest)


def dot(a, b):
    """The dot product a·b = Σ a_k b_k: shapes (..., d) and (..., d), broadcast, to (...)."""
    a, b = _pair(a, b)
    return np.einsum("...k,...k->...", a, b)


def cosine(a, b):
    """The cosine of the angle between a and b, in [-1, 1]: the dot product of their directions.

    Shapes (..., d) and (..., d), broadcast, to (...). Raises ValueError for a zero vector.
    """
    a, b = _pair(a, b)
    if a.dtype != np.float32:  # its squares may under- or overflow
        a, b = unit(a), unit(b)
    sizes = _directed(_sizes(a), "The first argument") * _directed(_sizes(b), "The second argument")
    return np.clip(np.einsum("...k,...k->...", a, b, dtype=sizes.dtype) / sizes, -1, 1).astype(a.dtype)


def euclidean(a, b):
    """The Euclidean distance ‖a − b‖: shapes (..., d) and (..., d), broadcast, to (...)."""
    a, b = _pair(a, b)
    return _sizes(a - b).astype(a.dtype)


def angle(a, b):
    """The angle between a and b in radians, 0 to π: shapes as for `cosine`.

    Computed as 2·atan2(‖â − b̂‖, ‖â + b̂‖), exact also near 0 and π, where arccos loses half the digits
    (W. Kahan, "How Futile are Mindless Assessments of Roundoff in Floating-Point Computation?", 2006, §12).
    """
    a, b = _pair(a, b)
    a, b = unit(a), unit(b)
    return 2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))


def slerp(a, b, t):
    """The way from a to b along the great circle: shapes (d,), (d,) and t of shape (...), to (..., d).

    The direction turns at constant speed, t = 0 at a and t = 1 at b; the size goes evenly from ‖a‖ to ‖b‖,
    so that two states of equal size stay on their sphere (K. Shoemake, SIGGRAPH 1985).
    Raises ValueError for a zero vector, and for opposite directions: between those no great circle is shortest.
    """
    a, b = _pair(a, b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"slerp goes between two vectors of shape (d,); got shapes {a.shape} and {b.shape}.")
    t = np.asarray(t)
    if t.dtype.kind not in "fiu" or not np.isfinite(t).all():
        raise ValueError(f"t should be a finite number, 0 at the first vector and 1 at the second; got {t!r:.60}.")
    t = t.astype(np.result_type(a, b))[..., None]
    size = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    start, end, theta = unit(a), unit(b), angle(a, b)
    if np.linalg.norm(start + end) < 8 * np.finfo(theta.dtype).eps:
        raise ValueError("The two vectors point in opposite directions; no great circle between them is shortest.")
    aside = end - (start @ end) * start
    length = np.linalg.norm(aside)
    if length == 0:  # the same direction: only the size changes
        return size * start
    return size * (np.cos(t * theta) * start + np.sin(t * theta) * aside / length)


def random_directions(n, d, seed):
    """n directions drawn evenly from the sphere in d dimensions: (n, d) float32, every row of size 1.

    A Gaussian vector divided by its size has no preferred direction (M. E. Muller, CACM 2(4), 1959).
    """
    if not (_whole(n) and _whole(d) and n >= 1 and d >= 1):
        raise ValueError(f"random_directions needs whole numbers n ≥ 1 and d ≥ 1; got n = {n!r}, d = {d!r}.")
    gaussian = np.random.default_rng(seed).standard_normal((n, d))
    return unit(gaussian).astype(np.float32)


def random_rotation(d, seed):
    """An orthogonal matrix (d, d) drawn evenly from all of them; `states @ it` turns all states alike.

    Sizes and angles stay; it may mirror as well. The QR decomposition of a Gaussian matrix, its signs made unique
    (F. Mezzadri, Notices of the AMS 54, 2007).
    """
    if not (_whole(d) and d >= 1):
        raise ValueError(f"random_rotation needs a whole number d ≥ 1; got d = {d!r}.")
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def plane_frame(a, b):
    """An orthonormal frame of the plane that two vectors span: the first row along a, the second on b's side.

    Shapes (d,) and (d,) to (2, d) (Gram–Schmidt). `x @ frame.T` are the coordinates of x's shadow in the plane, its
    orthogonal projection: no vector of the plane is closer to x. Raises ValueError where the two lie on one line.
    """
    a, b = _pair(a, b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"plane_frame takes two vectors of shape (d,); got shapes {a.shape} and {b.shape}.")
    along, other = unit(a.astype(np.float64)), unit(b.astype(np.float64))
    aside = other - (other @ along) * along
    if np.linalg.norm(aside) < 100 * np.finfo(a.dtype).eps:  # no angle that rounding could not have made
        raise ValueError("The two vectors lie on one line, so they span no plane. Give two directions that differ.")
    aside = unit(aside)
    return np.stack([along, unit(aside - (aside @ along) * along)]).astype(a.dtype)


def facing_frame(vectors):
    """An orthonormal frame of the space that three vectors span, seen from their middle: rows right, up, towards you.

    Shape (3, d) to (3, d). `vectors @ frame.T` are their coordinates in it, with no dot product among them changed;
    the first vector stands straight up from the middle and the second to the right (Gram–Schmidt on the mean of their
    directions, the first and the second), so the frame may be left-handed.
    Raises ValueError where the three lie in one plane.
    """
    array = _vectors(vectors, "The argument")
    if array.ndim != 2 or len(array) != 3 or array.shape[1] < 3:
        raise ValueError(f"facing_frame takes three vectors, shape (3, d) with d ≥ 3; got shape {array.shape}.")
    array = unit(array)
    q, r = np.linalg.qr(np.stack([array.mean(axis=0), array[0], array[1]], axis=1))
    lengths = np.diag(r)
    if np.abs(lengths).min() < 1e-5 * np.abs(lengths).max():
        raise ValueError("The three vectors lie in one plane, so they span no three-dimensional space.")
    return (q * np.sign(lengths)).T[::-1]


# ---------------------------------------------------------------- searches over a whole vocabulary


def winners(states, targets, offsets=None):
    """Which target wins at each state: argmax over i of z·u_i + b_i.

    Shapes: states (n, d) or (d,), targets (V, d), offsets (V,) or None; returns (n,) int64.
    Exact ties go to the lower row number, as in `np.argmax`. Logits, offsets included, have the precision of
    states and targets. Blocks of states bound the memory.
    """
    states, targets = _table(states, targets, "states", "targets")
    if offsets is not None:
        offsets = _vectors(offsets, "offsets")
        if offsets.shape != (len(targets),):
            raise ValueError(f"offsets should have shape ({len(targets)},), one a target; got {offsets.shape}.")
        with np.errstate(over="ignore"):  # what is too large for the logits' precision is refused
            offsets = _vectors(offsets.astype(np.result_type(states, targets)), "offsets")
    chosen = np.empty(len(states), np.int64)
    for start, logits in _products(states, targets):
        if offsets is not None:
            logits += offsets
        chosen[start : start + BLOCK] = logits.argmax(axis=1)
    return chosen


def _products(rows, columns):
    """The products of all rows with all columns, block by block in one buffer: pairs of a first row and a block."""
    buffer = np.empty((min(BLOCK, len(rows)), len(columns)), np.result_type(rows, columns))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        yield start, np.matmul(block, columns.T, out=buffer[: len(block)])


def nearest(query, vectors, k=10, by="cosine"):
    """The k rows of `vectors` nearest to the query, best first, and their scores, by one of three rulers.

    Shapes: query (d,) or (n, d), vectors (V, d); returns ids (k,) or (n, k) int64 and scores of the same shape:
    cosines or dot products from the largest down, or Euclidean distances from the smallest up. Equal scores
    go to the lower row number. The scores are computed in float64, so that identical rows tie exactly.
    A float32 row smaller than 1e-38 is beyond its precision.
    Raises ValueError for an unknown ruler, k outside 1 … V, and (by cosine) a zero vector.
    """
    if not isinstance(by, str) or by not in RULERS:
        raise ValueError(f"by={by!r} is not a ruler; choose one of {', '.join(RULERS)}.")
    queries, vectors = _table(query, vectors, "query", "vectors")
    single = np.ndim(query) == 1
    if not _whole(k) or not 1 <= k <= len(vectors):
        raise ValueError(f"k should be a whole number from 1 to {len(vectors)}, the number of rows; got {k!r}.")
    sizes = _sizes(vectors).astype(vectors.dtype)
    slack = _slack(queries, vectors, sizes, by)
    exact = queries
    if by == "cosine":
        exact, sizes = unit(queries.astype(np.result_type(queries, np.float64))), _directed(sizes, "vectors")
        queries = exact.astype(queries.dtype)
        inverse = 1 / np.maximum(sizes, np.finfo(sizes.dtype).tiny)  # multiplying is faster; the slack covers it
    ids, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
    for start, products in _products(queries, vectors):
        if by == "cosine":
            products *= inverse
        elif by == "euclidean":  # argmin ‖q − v‖² = argmax q·v − ‖v‖²/2: one product serves all three rulers
            products -= sizes**2 / 2 - slack
        else:
            products += slack
        candidates = products >= _bounds(products, slack, k)
        few = np.count_nonzero(candidates) <= TIES
        for first, last in [(0, len(products))] if few else [(n, n + 1) for n in range(len(products))]:
            place = slice(start + first, start + last)
            rows, columns = np.divmod(np.flatnonzero(candidates[first:last]), len(vectors))
            found = _scores(exact[place], rows, vectors, columns, by)
            best = np.lexsort((columns, found if by == "euclidean" else -found, rows))
            begin = np.searchsorted(rows[best], np.arange(last - first))
            chosen = best[begin[:, None] + np.arange(k)]
            ids[place], scores[place] = columns[chosen], found[chosen]
    return (ids[0], scores[0]) if single else (ids, scores)


def _scores(queries, rows, vectors, columns, by):
    """Exact scores, in float64, of the pairs (queries[rows[p]], vectors[columns[p]])."""
    scores = np.empty(len(rows))
    for part in np.array_split(np.arange(len(rows)), len(rows) // PAIRS + 1):
        a, b = queries[rows[part]].astype(np.float64), vectors[columns[part]].astype(np.float64)
        if by == "euclidean":
            scores[part] = np.linalg.norm(a - b, axis=1)
        else:
            # einsum, unlike a BLAS product, gives identical rows identical sums wherever they stand.
            scores[part] = np.einsum("ij,ij->i", a, b)
            if by == "cosine":
                scores[part] /= np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return scores


def _slack(queries, vectors, sizes, by):
    """How far the product with each row may be off: (V,), or one number where all sizes are 1."""
    share = 4 * queries.shape[1] ** 0.5 * float(max(np.finfo(queries.dtype).eps, np.finfo(vectors.dtype).eps))
    if by == "cosine":
        return share
    largest = np.linalg.norm(queries, axis=1).max(initial=0) * sizes
    # The smallest normal number: below it products lose digits, or vanish.
    underflow = queries.shape[1] * np.finfo(sizes.dtype).tiny
    return share * (largest + sizes**2 if by == "euclidean" else largest) + underflow


def _bounds(products, slack, k):
    """What a column must reach, (n, 1), to be among a row's k best once the rounding is gone.

    The products stand at their upper ends; k of them reach the lower bound, so k exact ones reach that less twice
    the slack of those that do. A long row far from the query thus does not loosen the bound.
    """
    reached = _lower_bounds(products, k)[:, None]
    if np.ndim(slack) == 0:
        return reached - 2 * slack
    rows, columns = np.divmod(np.flatnonzero(products >= reached), products.shape[1])
    return reached - 2 * np.maximum.reduceat(slack[columns], np.searchsorted(rows, np.arange(len(products))))[:, None]


def _lower_bounds(products, k):
    """For each row, a number that at least k of its products reach: close to the k-th largest, found in one pass.

    The k-th largest of many groups' maxima serves; only with few columns are all of them looked at.
    """
    groups = max(1024, 8 * k)
    whole = products.shape[1] // groups * groups
    candidates = products if whole < 4 * groups else products[:, :whole].reshape(len(products), -1, groups).max(axis=1)
    return np.partition(candidates, -k, axis=1)[:, -k]
