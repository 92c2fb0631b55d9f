"""Candidate assignments of bands to masses: chains of pairs along which the local slope changes little.

A dynamic programme over (band, mass) pairs. A step goes on by one to three bands and masses; what it passes over costs,
and so does the change of the slope of row against log mass from one step to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ublot.mass.migration_curve import legendre, scaled_log_mass

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MERGED", "MISSING_END", "SOUND", "Pairs", "Problem", "find_chains", "list_skips"]

Pairs = tuple[tuple[int, int], ...]

MISSING, MISSING_END, OFF_PICTURE = 10.0, 6.0, 0.4  # cost of a mass with no band: amid others, at an end, not in sight
MERGED = 2.5  # cost of a mass with no band whose place a broad band covers
SOUND = 5.5  # cost of leaving out a band from which on it is none that may be dust
FEW = 3  # bands and masses together that are left out in every way possible
SKIP = 3  # most bands, and most masses, that a chain steps over at once, plus 1
CHAINS = 12  # chains that are refined
BENDING = 0.7  # ordinary change of the log slope over the whole marker


@dataclass(frozen=True, eq=False)
class Problem:
    """Bands, masses, and what it costs to leave them without a partner."""

    rows: NDArray[np.float64]
    widths: NDArray[np.float64]
    typical: float
    extra: NDArray[np.float64]  # cost of a band that is no mass
    x: NDArray[np.float64]  # log10 masses, descending
    scatter: float
    top: float
    bottom: float
    broad: NDArray[np.bool_]  # bands that may hold two masses
    odd: NDArray[np.float64]  # cost of taking that band for a mass: dust is narrow or faint

    @cached_property
    def design(self) -> NDArray[np.float64]:
        """What the curve of row against log mass is made of, at all masses: shape (masses, 4)."""
        return legendre(scaled_log_mass(self.x, float(self.x[-1]), float(self.x[0])))

    def missing(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cost of each mass if it has no band, given the row where that should be."""
        inside = np.minimum(predicted - self.top, self.bottom - predicted) / self.typical
        return OFF_PICTURE + (MISSING - OFF_PICTURE) * np.clip(0.5 + inside, 0.0, 1.0)


def find_chains(p: Problem) -> list[Pairs]:
    """The best chains of pairs by local smoothness, of different offsets between band and mass."""
    n_bands, n_masses = len(p.rows), len(p.x)
    db, dm = (g.ravel() + 1 for g in np.mgrid[0:SKIP, 0:SKIP])  # every step: bands on, masses on
    steps = len(db)
    before = np.concatenate([[0.0], np.cumsum(p.extra)])  # cost of skipping all bands above
    band = np.arange(n_bands)[:, None]
    source = np.maximum(band - db, 0)
    run = p.rows[:, None] - p.rows[source]  # > 0 where the step exists
    skipped = before[:-1][:, None] - before[source + 1] + MISSING * (dm - 1)  # the bands and the masses between
    skipped = np.where((db == 2) & (dm == 3) & p.broad[band - 1], 2 * MERGED, skipped)  # two masses in one band
    mass = np.arange(n_masses)[:, None]
    above = np.maximum(mass - dm, 0)  # the mass that a step comes from
    exists = (mass - dm >= 0)[:, None] & (band - db >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.log(run / (p.x[above] - p.x[mass])[:, None])  # of the last step into (mass, band)
        start = before[source] + _missed_above(p, above, source, np.exp(slope))
        turning = _turning(p, above, source, slope, run)
    best = np.full((n_masses, n_bands, steps), np.inf)  # cheapest chain whose last step is this one into (mass, band)
    origin = np.full((n_masses, n_bands, steps), -1)
    for m in range(1, n_masses):
        cost = best[above[m], source] + turning[m]
        cheapest = cost.min(axis=2)
        fresh = start[m] < cheapest
        best[m] = np.where(exists[m], np.where(fresh, start[m], cheapest) + skipped, np.inf)
        origin[m] = np.where(fresh, -1, cost.argmin(axis=2))
    after = before[-1] - before[1:]
    with np.errstate(invalid="ignore"):
        total = best + after[None, :, None] + _missed_below(p, np.exp(slope))
    return _backtrack(total, origin, db, dm)


def list_skips(p: Problem) -> list[Pairs]:
    """All ways to leave out so few bands and masses that the others match one to one, top to bottom.

    A chain goes by local smoothness, and bands of real gels may scatter too much for it. Here nothing but the count
    decides, with dust in and left out beforehand.
    """
    found: dict[Pairs, None] = {}
    sound = np.flatnonzero(p.extra >= SOUND).tolist()
    for bands in ([*range(len(p.rows))], sound):
        surplus = len(bands) - len(p.x)
        for without in range(max(0, -surplus), FEW + 1):
            spare = without + surplus
            if not 0 <= spare <= FEW - without or len(p.x) - without < 2:
                continue
            for masses in combinations(range(len(p.x)), len(p.x) - without):
                for kept in combinations(bands, len(masses)):
                    found[tuple(zip(kept, masses, strict=True))] = None
    return list(found)


def _turning(
    p: Problem,
    above: NDArray[np.int64],
    source: NDArray[np.int64],
    slope: NDArray[np.float64],
    run: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Cost of the change of slope from the step before to each step, shape (masses, bands, steps, steps before)."""
    centre = 0.5 * (p.x[above] + p.x[:, None])
    scatter = 2 * (p.scatter / run) ** 2
    turn = slope[..., None] - slope[above[:, None], source]
    bend = (BENDING / np.ptp(p.x)) * (centre[:, :, None] - centre[above])
    cost = turn**2 / (scatter[..., None] + scatter[source] + (bend**2)[:, None] + 1e-4)
    cost[~np.isfinite(cost)] = np.inf
    return np.asarray(cost, np.float64)


def _missed_above(
    p: Problem, mass: NDArray[np.int64], band: NDArray[np.int64], slope: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cost of starting at `mass`: the heavier ones, extrapolated, may lie off the picture."""
    predicted = p.rows[band][..., None] - slope[..., None] * (p.x - p.x[mass][..., None])[:, None]
    heavier = np.arange(len(p.x)) < mass[..., None]
    return np.asarray(np.where(heavier[:, None], p.missing(predicted), 0.0).sum(axis=-1), np.float64)


def _missed_below(p: Problem, slope: NDArray[np.float64]) -> NDArray[np.float64]:
    predicted = p.rows[:, None, None] - slope[..., None] * (p.x - p.x[:, None])[:, None, None, :]
    lighter = np.arange(len(p.x)) > np.arange(len(p.x))[:, None]
    cost = np.where(lighter[:, None, None, :], p.missing(predicted), 0.0)
    return np.asarray(cost.sum(axis=-1), np.float64)


def _backtrack(
    total: NDArray[np.float64], origin: NDArray[np.int64], db: NDArray[np.int64], dm: NDArray[np.int64]
) -> list[Pairs]:
    steps = list(zip(db.tolist(), dm.tolist(), strict=True))
    chains: list[Pairs] = []
    alike: dict[tuple[int, int], int] = {}
    best, origins = np.argsort(total, axis=None)[:150], origin.tolist()
    best = best[np.isfinite(total.ravel()[best])]
    for mass, band, step in np.transpose(np.unravel_index(best, total.shape)).tolist():
        if len(chains) == CHAINS:
            break
        m, b, s, pairs = mass, band, step, [(band, mass)]
        while s >= 0:
            previous = origins[m][b][s]
            b, m = b - steps[s][0], m - steps[s][1]
            pairs.append((b, m))
            s = previous
        ends = m - b, mass - band  # chains that begin and end alike refine to the same
        alike[ends] = alike.get(ends, 0) + 1
        if alike[ends] <= 2:
            chains.append(tuple(reversed(pairs)))
    return chains
