"""What does a token win? Its share of some states, and whether there is any state at which it wins."""

import numpy as np

from helpers.geometry import BLOCK, _sizes, _vectors, unit, winners

ENOUGH = 1e-6  # what a lead must exceed, in shares of a distance: more than a linear programme's own tolerance
CUTS = 100  # rivals that enter a linear programme at once: more make one solution slow, fewer ask for many


def win_shares(states, targets, offsets=None):
    """How often each target wins at the given states: its share, and the ends of a 95 % interval, each (V,).

    Shapes and errors as for `winners`; ValueError for no states at all. For the interval, see `wilson`.
    """
    chosen = winners(states, targets, offsets)
    if len(chosen) == 0:
        raise ValueError("states holds no rows, so there is nothing to count.")
    counts = np.bincount(chosen, minlength=len(targets))
    return counts / len(chosen), *wilson(counts, len(chosen))


def wilson(counts, n):
    """The ends of a 95 % interval for a share that was seen `counts` times in n: two arrays of the shape of counts.

    E. B. Wilson's (JASA 22, 1927), which holds also for shares near 0 and 1. It supposes n independent draws.
    """
    z, share = 1.96, np.asarray(counts) / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)  # rounding puts 0 and 1 just outside


def can_win(targets, ids, offsets=None):
    """For each of the targets `ids`: a state at which it wins, its certificate, and how it was found.

    Shapes: targets (V, d), ids (n,), offsets (V,) or None; returns states (n, d) float64, NaN where there is none,
    and n texts:

    - "direction": it wins at Σ⁻¹(u_i − mean), where Σ is the targets' covariance;
    - "programme": it wins at a state that a linear programme found;
    - "tie": it wins as well, but only together with exact copies of itself;
    - "never": at no state does it lead over all rivals that are no copies of it. Without offsets that is so exactly
      where u_i lies in the convex hull of those rivals (P. Gordan, Mathematische Annalen 6, 1873). A lead of less
      than 1e-6 of its distance to some rival, at |z_k| ≤ 1, counts as none.

    Without offsets the states have size 1. With offsets a state may be of any size, and its size matters.
    Raises ValueError for ids that are no row numbers, and as `winners` does.
    """
    targets, ids = _vectors(targets, "targets"), np.asarray(ids)
    if targets.ndim != 2 or len(targets) == 0:
        raise ValueError(f"targets should have shape (V, d), V ≥ 1; got {targets.shape}.")
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu") or ((ids < 0) | (ids >= len(targets))).any():
        raise ValueError(f"ids should be row numbers from 0 to {len(targets) - 1}, shape (n,); got {ids!r:.60}.")
    rows, scale = targets if offsets is None else None, 1.0
    if offsets is not None:
        offsets = _vectors(offsets, "offsets")
        if offsets.shape != (len(targets),):
            raise ValueError(f"offsets should have shape ({len(targets)},), one a target; got {offsets.shape}.")
        # A state (z, s) with s > 0 stands for z · scale / s; offsets beside coordinates need a like scale.
        scale = float(np.ptp(offsets) / np.abs(targets).max()) if np.ptp(offsets) and targets.any() else 1.0
    states, how = np.full((len(ids), targets.shape[1]), np.nan), ["never"] * len(ids)
    for start, directions, leads in _tried(targets, ids.astype(np.int64)):
        for n, (z, lead) in enumerate(zip(directions, leads, strict=True), start):
            how[n] = "direction"
            if offsets is not None:
                z = np.append(z, 0)
            if lead <= 0:
                if rows is None:  # a copy of all targets, so only where one is needed
                    rows = np.column_stack([targets, offsets / scale])
                z, lead, how[n] = _programme(rows, ids[n], z, offsets is not None)
            if how[n] != "never":
                states[n] = unit(z) if offsets is None else scale * _unlifted(z, lead, offsets / scale)
    return states, how


def _tried(targets, ids):
    """Blocks of ids: the first place, the directions Σ⁻¹(u_i − mean), and how far each target leads there, 0 if not.

    A lead that rounding could have made counts as 0.
    """
    mean = targets.mean(axis=0)
    scale = max(np.abs(targets[part] - mean).max() for part in _parts(targets)) or 1
    covariance = np.zeros((targets.shape[1], targets.shape[1]))
    for part in _parts(targets):
        centred = (targets[part] - mean) / scale
        covariance += centred.T @ centred / len(targets)
    ridge = (1e-6 * np.trace(covariance) / len(covariance) or 1) * np.eye(len(covariance))  # where targets are few
    whiten = np.linalg.inv(covariance + ridge)
    largest = max(np.linalg.norm(targets[part], axis=1).max() for part in _parts(targets))
    noise = 4 * targets.shape[1] ** 0.5 * np.finfo(targets.dtype).eps * largest
    for start in range(0, len(ids), BLOCK):
        block = ids[start : start + BLOCK]
        directions = (targets[block] - mean) / scale @ whiten
        sizes = np.linalg.norm(directions, axis=1, keepdims=True)
        directions = np.divide(directions, sizes, out=np.zeros_like(directions), where=sizes > 0)
        logits = directions.astype(targets.dtype) @ targets.T
        places = np.arange(len(block)), block
        own = logits[places].copy()
        logits[places] = -np.inf
        leads = own - logits.max(axis=1)
        del logits  # or it would stand beside the next one
        yield start, directions, np.where((leads > noise) & (sizes[:, 0] > 0), leads, 0)


def _parts(rows):
    """Slices of the rows, of some 32 MB each at most: a copy of them all might not fit beside them."""
    step = max(1, 2**23 // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def _programme(rows, i, z, scaled):
    """A state at which row i leads over all rivals by as large a share of its distance to each as |z_k| ≤ 1 allows.

    Rivals enter the programme as they are violated: each solution is tried against all rows, and the CUTS closest
    rivals join (cutting planes: R. E. Gomory, Bulletin of the AMS 64, 1958). With `scaled`, the last coordinate
    must not be negative.
    """
    from scipy.optimize import linprog

    own = rows[i].astype(np.float64)
    distances = np.concatenate([_sizes(rows[part] - rows[i]) for part in _parts(rows)])
    copies = distances == 0
    distances[copies] = 1
    if copies.all():  # no rival: any state will do
        return np.eye(len(own))[-1], 1.0, "tie" if len(rows) > 1 else "programme"
    bounds = [(-1, 1)] * (len(own) - scaled) + [(0, 1)] * scaled + [(None, None)]
    entered = np.zeros(0, np.int64)
    while True:
        leads = (own @ z - rows @ z.astype(rows.dtype)) / distances
        leads[copies] = np.inf
        closest = np.argsort(leads)[:CUTS]
        closest = closest[~copies[closest]]
        exact = (own - rows[closest].astype(np.float64)) @ z  # in float64, so that no rounding makes a winner
        if (exact / distances[closest]).min() > ENOUGH:
            return z, exact.min(), "tie" if copies.sum() > 1 else "programme"
        before, entered = len(entered), np.union1d(entered, closest)
        if len(entered) == before:  # the programme knows them all, and its lead is within its tolerance
            return z, 0.0, "never"
        cuts = (rows[entered].astype(np.float64) - own) / distances[entered, None]
        cuts = np.column_stack([cuts, np.ones(len(cuts))])
        aim = -np.eye(len(bounds))[-1]  # the common share, which stands last
        solved = linprog(aim, A_ub=cuts, b_ub=np.zeros(len(cuts)), bounds=bounds, method="highs")
        z = solved.x[:-1]
        if -solved.fun < ENOUGH:  # not even over those that have entered
            return z, 0.0, "never"


def _unlifted(z, lead, offsets):
    """The state z / s of a lifted (z, s), with s raised where it is too small: by no more than half the lead bears."""
    spread = np.ptp(offsets.astype(np.float64))
    return z[:-1] / max(z[-1], lead / (2 * spread) if spread else 1)
