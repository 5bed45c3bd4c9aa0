"""What can a token win? How sure a share is, and whether there is any state at which it wins."""

import numpy as np

from helpers.geometry import BLOCK, unit

ENOUGH = 1e-6  # what a lead must exceed, in shares of a distance: more than a linear programme's own tolerance
CUTS = 100  # rivals that enter a linear programme at once: more make one solution slow, fewer ask for many


def wilson(counts, n):
    """The ends of E. B. Wilson's 95% interval (JASA 22, 1927) for what came `counts` times in n independent draws."""
    z, share = 1.96, np.asarray(counts) / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)  # rounding puts 0 and 1 just outside


def can_win(targets, ids, offsets=None):
    """For each of the targets `ids`: a state at which it wins, its certificate, and how it was found.

    Shapes: targets (V, d), ids (n,), offsets (V,) or None; returns states (n, d) float64, NaN where there is none (of
    size 1; where there are offsets, of any size), and n texts. It wins at Σ⁻¹(u_i − mean), Σ the targets' covariance:
    "direction"; at a state that a linear programme found: "programme", or "tie" where only exact copies win with it.
    "never": at no state does it lead over all others that are no copies, by more than 1e-6 of its distance to each at
    |z_k| ≤ 1. Without offsets its u_i then lies in their convex hull (P. Gordan, Mathematische Annalen 6, 1873).
    """
    targets, ids = np.asarray(targets), np.asarray(ids, np.intp)
    spread = 0 if offsets is None else float(np.ptp(offsets))
    # With offsets (z, s), s ≥ 0, stands for the state z / s: its logits are those of rows (u, b) at (z, s), over s.
    scale = spread / np.abs(targets).max() if spread and targets.any() else 1.0
    rows = targets if offsets is None else np.column_stack([targets, np.asarray(offsets) / scale])
    states, how = np.full((len(ids), targets.shape[1]), np.nan), ["direction"] * len(ids)
    for n, (z, lead) in enumerate(_tried(targets, ids)):
        z = z if offsets is None else np.append(z, 0)
        if lead <= 0:
            z, lead, how[n] = _programme(rows, ids[n], z, offsets is not None)
        if how[n] != "never":  # far out, an offset costs less than half of the lead
            states[n] = unit(z) if offsets is None else scale * z[:-1] / max(z[-1], scale * lead / (2 * spread or 2))
    return states, how


def _tried(targets, ids):
    """For each id the direction Σ⁻¹(u_i − mean), and by how much its target leads there; 0 if it does not."""
    mean = targets.mean(axis=0, dtype=np.float64)
    covariance = (targets.T @ targets).astype(np.float64) / len(targets) - np.outer(mean, mean)
    if not np.isfinite(covariance).all():
        raise ValueError("The targets hold NaN, infinity or too large numbers.")
    ridge = 1e-6 * np.trace(covariance) / len(covariance) or 1  # where targets are few
    whiten = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))
    noise = 4 * targets.shape[1] ** 0.5 * np.finfo(targets.dtype).eps * np.sqrt(np.vecdot(targets, targets).max())
    for block in np.split(ids, range(BLOCK, len(ids), BLOCK)):
        directions = (targets[block] - mean) @ whiten
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-300)
        logits, own = directions.astype(targets.dtype) @ targets.T, (np.arange(len(block)), block)
        leads = logits[own].copy()
        logits[own] = -np.inf
        leads -= logits.max(axis=1)
        del logits  # or it would stand beside what a programme needs
        yield from zip(directions, np.where((leads > noise) & directions.any(axis=1), leads, 0), strict=True)


def _programme(rows, i, z, scaled):
    """A state at which row i leads over all rivals by as large a share of its distance to each as |z_k| ≤ 1 allows.

    Each solution is tried against all rows, and the closest rivals join (cutting planes: R. E. Gomory, Bulletin of the
    AMS 64, 1958). With `scaled`, the last coordinate is not negative.
    """
    from scipy.optimize import linprog

    own = rows[i].astype(np.float64)
    squares = np.vecdot(rows, rows) + own @ own - 2 * (rows @ rows[i])  # of distances, but for rounding
    distances = np.sqrt(np.maximum(squares, 1e-6 * own @ own + 1e-30))
    copies = squares <= 1e-4 * own @ own
    copies[copies] = (rows[copies] == rows[i]).all(axis=1)
    won = "tie" if copies.sum() > 1 else "programme"
    if copies.all():  # no rival: any state will do
        return np.eye(len(own))[-1], 1.0, won
    bounds = [(-1, 1)] * (len(own) - scaled) + [(0, 1)] * scaled + [(None, None)]  # the common share stands last
    entered = np.zeros(0, np.int64)
    while True:
        leads = np.where(copies, np.inf, (own @ z - rows @ z.astype(rows.dtype)) / distances)
        closest = np.argsort(leads)[:CUTS]
        closest = closest[~copies[closest]]
        exact = (own - rows[closest]) @ z  # in float64, so that no rounding makes a winner
        if (exact / distances[closest]).min() > ENOUGH:
            return z, exact.min(), won
        before, entered = len(entered), np.union1d(entered, closest)
        cuts = np.column_stack([(rows[entered] - own) / distances[entered, None], np.ones(len(entered))])
        solved = linprog(-np.eye(len(bounds))[-1], cuts, np.zeros(len(cuts)), bounds=bounds, method="highs")
        if len(entered) == before or -solved.fun < ENOUGH:  # it knows all that come close, or cannot beat even these
            return z, 0.0, "never"
        z = solved.x[:-1]
