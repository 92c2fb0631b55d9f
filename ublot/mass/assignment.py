"""Which band of a marker lane is which mass.

On every gel the row is a smooth, decreasing function of log mass that is nearly straight. The search goes in two
steps. First a dynamic programme over chains of (band, mass) pairs, in which a mass may have no band (missing, off the
picture) and a band no mass (dust): it pays for changes of the local slope and for what is skipped. Then the best
chains are refined by a penalised cubic through all pairs at once, which decides. Pairs on which an almost equally good
assignment disagrees are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from ublot.mass.candidates import MERGED, MISSING_END, SOUND, Pairs, Problem, find_chains, list_skips
from ublot.mass.migration_curve import BEND, Migration, fit_migration
from ublot.numerics.medians import middle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.mass.bands import MarkerBands

__all__ = ["Assignment", "assign_masses"]

CUT = 3.0  # cost of a picture that does not show the whole ladder, for each end
BROAD, TWO = 1.2, 2.2  # times the typical width, of bands that may hold two masses, and that most likely do
SPREAD = 0.005  # scatter about the curve over the length of the ladder: masses are off by 1-2 %
FREEDOM = 4.0  # of the Student density
DUSTY = 0.1  # of the strong bands' height: what is fainter may be dust
NARROW = 0.75  # of the ordinary width: what is narrower may be dust
EXTRA = (0.7, 10.0, 0.5)  # cost of a band that is no mass: of a faint one, of a strong one, and where that begins
WHOLE = 16.0  # what it counts for that sound bands and masses match one to one
REFINED = 24  # of all assignments, those whose bands are matched anew
NONE = -1  # in place of a band
OUTLIER, LEAST = 4.5, 5  # times the ordinary scatter off the curve that no band stands; bands that can show it


@dataclass(frozen=True)
class Assignment:
    """Which band is which mass.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Index of the band and of the mass, top to bottom.
    curve : Migration
        The smooth curve through them.
    cost : float
        Twice the negative log likelihood, but for a constant that all ladders share; that of a partial list has a
        scale of its own.
    spare : tuple of int
        Bands that are no dust and have no mass.
    """

    pairs: Pairs
    curve: Migration
    cost: float
    spare: tuple[int, ...] = ()


def assign_masses(
    bands: MarkerBands,
    masses: tuple[float, ...],
    top: float,
    bottom: float,
    clear: float = 3.0,
    *,
    thorough: bool = True,
) -> Assignment | None:
    """Find out which band is which mass.

    Parameters
    ----------
    bands : MarkerBands
    masses : tuple of float
        kDa, descending.
    top, bottom : float
        First and last row of the picture: masses beyond cannot be seen.
    clear : float
        A pair stays where every assignment that contradicts it costs more by this, in units of squared residual over
        scatter squared.
    thorough : bool
        Whether to go through all ways to leave out a few bands and masses, smooth or not.

    Returns
    -------
    Assignment or None
        None where no two bands can be assigned.
    """
    if len(bands) < 2:
        return None
    problem = _pose(bands, masses, top, bottom)
    found = _refine(problem, [*find_chains(problem), *(list_skips(problem) if thorough else ())])
    if not found:
        return None
    (pairs, (cost, predicted)), *others = sorted(found.items(), key=lambda item: item[1][0])
    sure = set(pairs) - _blended(problem, predicted, pairs)
    for rival, (price, _) in others:
        if price < cost + clear:
            mass_of, band_of = dict(rival), {j: i for i, j in rival}
            sure -= {(i, j) for i, j in sure if mass_of.get(i, j) != j or band_of.get(j, i) != i}
    if len(sure) < 2:
        return None
    kept, curve = _without_outliers(problem, tuple(sorted(sure)))
    used = {i for i, _ in kept}
    spare = tuple(i for i in np.flatnonzero(problem.extra >= SOUND).tolist() if i not in used)
    return Assignment(kept, curve, cost, spare)


def _without_outliers(p: Problem, pairs: Pairs) -> tuple[Pairs, Migration]:
    """Leave out, one by one, pairs that stand off the curve through the others: two masses run as one, or dust.

    How far is far depends on how much the others scatter.
    """
    while True:
        band, mass = np.asarray(pairs).T
        curve = fit_migration(p.rows[band], p.x[mass], p.scatter, _span(p.x))
        misfit = p.rows[band] - curve.rows(p.x[mass])
        # Studentised: a point at an end pulls the curve after it.
        off = np.sqrt(np.abs(misfit * curve.left_out)) / p.scatter
        worst = int(off.argmax())
        usual = max(1.0, float(np.sqrt(np.mean(np.delete(off, worst) ** 2))))
        if off[worst] <= OUTLIER * usual or len(pairs) <= LEAST:
            return pairs, curve
        pairs = tuple(pair for k, pair in enumerate(pairs) if k != worst)


def _span(x: NDArray[np.float64]) -> tuple[float, float]:
    return float(x[-1]), float(x[0])


def _blended(p: Problem, predicted: NDArray[np.float64], pairs: Pairs) -> set[tuple[int, int]]:
    """Pairs whose band is broad enough to hold a second mass, one with no band: it marks neither of the two."""
    covers = _covers(p, predicted)
    covers[[j for _, j in pairs]] = False
    return {(i, j) for i, j in pairs if covers[:, i].any()}


def _pose(bands: MarkerBands, masses: tuple[float, ...], top: float, bottom: float) -> Problem:
    strong = middle(np.sort(bands.heights)[-len(masses) :])
    share = np.clip(bands.heights / strong, 0.0, 1.0)
    narrow = np.clip(bands.widths / (NARROW * _ordinary_widths(bands, share >= DUSTY)), 0.3, 1.0)
    scatter = float(np.hypot(SPREAD * np.ptp(bands.rows), 0.05 * bands.typical))
    extra = EXTRA[0] + (EXTRA[1] - EXTRA[0]) * np.sqrt(np.minimum(share / EXTRA[2], 1.0)) * narrow**2
    x = np.log10(np.asarray(masses, np.float64))
    broad = bands.widths > BROAD * bands.typical
    odd = 4.0 * (np.log(narrow) / 0.5) ** 2 + 2.0 * np.maximum(np.log(DUSTY / share), 0.0)
    return Problem(bands.rows, bands.widths, bands.typical, extra, x, scatter, top, bottom, broad, odd)


def _ordinary_widths(bands: MarkerBands, sure: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How wide a band is at each row, px: light bands diffuse further and are broader; dust is narrower than either.

    A line through the log widths of the strong bands by the medians of the slopes of all pairs (Theil 1950, Sen 1968,
    doi:10.1080/01621459.1968.10480934), of which dust moves none; nowhere more than the typical width.
    """
    width = min(bands.typical, middle(bands.widths[sure]))
    rows, logs = bands.rows[sure], np.log(bands.widths[sure])
    low, high = np.triu_indices(len(rows), 1)
    if not len(low):
        return np.full(len(bands.rows), width)
    slope = max(middle((logs[high] - logs[low]) / (rows[high] - rows[low])), 0.0)
    return np.asarray(np.minimum(width, np.exp(middle(logs - slope * rows) + slope * bands.rows)), np.float64)


def _refine(p: Problem, chains: list[Pairs]) -> dict[Pairs, tuple[float, NDArray[np.float64]]]:
    """Fit the curve to every chain, match bands and masses anew, and so on until nothing changes.

    Returns
    -------
    dict
        All assignments that were met, with their cost and the rows at which their curve puts the masses.
    """
    found: dict[Pairs, tuple[float, NDArray[np.float64]]] = {}
    for _ in range(5):
        fresh = [pairs for pairs in dict.fromkeys(chains) if len(pairs) > 1 and pairs not in found]
        if not fresh:
            break
        taken = np.full((len(fresh), len(p.x)), NONE)
        every = np.fromiter(chain.from_iterable(chain.from_iterable(fresh)), np.intp)
        taken[np.repeat(np.arange(len(fresh)), [len(pairs) for pairs in fresh]), every[1::2]] = every[::2]
        misfit, predicted = _fit(p, taken)
        falling = (np.diff(predicted, axis=1) > 0).all(axis=1)
        costs = _surprise(misfit, taken) + _skipping(p, predicted, taken)
        alive = np.flatnonzero(falling)
        prices = costs.tolist()
        found |= {fresh[k]: (prices[k], predicted[k]) for k in alive.tolist()}
        best = alive[np.argsort(costs[alive], kind="stable")[:REFINED]]
        chains = _match(p, predicted[best])
    return found


def _surprise(misfit: NDArray[np.float64], taken: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cost of the misfit of assignments: minus twice the log of a multivariate Student density.

    How far the bands of one gel scatter about a smooth curve is not known beforehand, but it is the same for all of
    them: a lane of a real gel may scatter five times as much as another and still be what it says.
    """
    pairs = (taken != NONE).sum(axis=1)
    return np.asarray((pairs + FREEDOM) * np.log1p(misfit / FREEDOM), np.float64)


def _fit(p: Problem, taken: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Curves through assignments, as `fit_migration` does it: their costs, and the rows at which they put all masses.

    Parameters
    ----------
    p : Problem
    taken : ndarray of int, shape (assignments, masses)
        Band of every mass, or `NONE`.
    """
    design, used = p.design, taken != NONE
    rows, each = np.where(used, p.rows[taken], 0.0), np.arange(len(taken))
    first, last = used.argmax(axis=1), used.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
    slope = (rows[each, last] - rows[each, first]) / (design[last, 1] - design[first, 1])
    penalty = np.full((len(taken), 4), 1e-12)
    penalty[:, 2:] += (p.scatter / (np.asarray(BEND) * slope[:, None])) ** 2
    normal = (used @ (design[:, :, None] * design[:, None]).reshape(len(design), -1)).reshape(-1, 4, 4)
    normal[:, range(4), range(4)] += penalty
    coefficients = np.linalg.solve(normal, (rows @ design)[..., None])[..., 0]
    predicted = coefficients @ design.T
    misfit = ((rows - predicted) ** 2 * used).sum(axis=1) + (penalty * coefficients**2)[:, 2:].sum(axis=1)
    return misfit / p.scatter**2, predicted


def _match(p: Problem, predicted: NDArray[np.float64]) -> list[Pairs]:
    """Bands and masses that are each other's nearest, and nearer than it costs to skip both."""
    away = np.abs(predicted[..., None] - p.rows)
    band = away.argmin(axis=2)
    mutual = np.take_along_axis(away.argmin(axis=1), band, axis=1) == np.arange(len(p.x))
    near = (away.min(axis=2) / p.scatter) ** 2 < p.missing(predicted) + p.extra[band]
    kept = mutual & near
    pairs = list(zip(band[kept].tolist(), kept.nonzero()[1].tolist(), strict=True))
    ends = np.cumsum(kept.sum(axis=1)).tolist()
    return [tuple(pairs[first:last]) for first, last in pairwise([0, *ends])]


def _covers(p: Problem, predicted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a mass, by its predicted row, may hide in a broad band; shape (..., masses, bands)."""
    away = np.abs(predicted[..., None] - p.rows)
    return np.asarray((away < 0.75 * p.widths + p.scatter) & p.broad)


def _skipping(p: Problem, predicted: NDArray[np.float64], taken: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cost of all that has no partner, of every assignment."""
    covers = _covers(p, predicted)
    cost = p.missing(predicted)
    cost[:, [0, -1]] = np.minimum(cost[:, [0, -1]], MISSING_END)
    cost = np.where(covers.any(axis=2), np.minimum(cost, MERGED), cost)
    cost[taken != NONE] = 0.0
    cut = CUT * ((predicted[:, 0] < p.top).astype(int) + (predicted[:, -1] > p.bottom))
    two = (covers & (cost > 0)[..., None]).sum(axis=1) > 1  # bands that hold two masses
    used = (taken[..., None] == np.arange(len(p.rows))).any(axis=1)
    bands = np.where(used, p.odd, np.where(two, 0.0, p.extra))
    whole = (taken != NONE).all(axis=1) & (used == (p.extra >= SOUND)).all(axis=1)
    whole &= ~(used & (p.widths > TWO * p.typical)).any(axis=1)
    return np.asarray(cost.sum(axis=1) + cut + bands.sum(axis=1) - WHOLE * whole, np.float64)
