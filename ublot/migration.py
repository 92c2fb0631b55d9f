"""Which band of a marker lane is which mass.

On every gel the row is a smooth, decreasing function of log mass that is nearly straight. The search goes in two
steps. First a dynamic programme over chains of (band, mass) pairs, in which a mass may have no band (missing, off the
picture) and a band no mass (dust): it pays for changes of the local slope and for what is skipped. Then the best
chains are refined by a penalised cubic through all pairs at once, which decides. Pairs on which an almost equally good
assignment disagrees are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.chains import MERGED, MISSING_END, Pairs, Problem, find_chains

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.bands import Bands

__all__ = ["SCATTER", "Assignment", "Migration", "assign_masses", "fit_migration"]

BEND = (0.15, 0.08)  # ordinary size of the 2nd and 3rd Legendre coefficient over the 1st: end slopes differ 2-3 fold
SCATTER = 0.005  # ordinary scatter about the curve over the length of the ladder: masses are off by 1-2 %
CUT = 3.0  # cost of a picture that does not show the whole ladder, for each end
BROAD = 1.2  # times the typical width
OUTLIER, LEAST = 4.5, 5  # times the ordinary scatter off the curve that no band stands; bands that can show it


@dataclass(frozen=True, eq=False)
class Migration:
    """A smooth low-order curve of row against log10 mass, and how far the bands lie from it.

    Attributes
    ----------
    coefficients : ndarray, shape (4,)
        Of the Legendre polynomials 0 to 3 in the log mass scaled to -1 ... 1.
    low, high : float
        log10 masses that are scaled to -1 and 1.
    cost : float
        Sum of squared residuals over the ordinary scatter squared, plus the penalty on the bend.
    left_out : ndarray, shape (points,)
        Row of each point minus the curve through the others, px.
    """

    coefficients: NDArray[np.float64]
    low: float
    high: float
    cost: float
    left_out: NDArray[np.float64]

    def rows(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows at `log_mass`."""
        rows: NDArray[np.float64] = _legendre(_scaled(log_mass, self.low, self.high)) @ self.coefficients
        return rows

    def slopes(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the row by log10 mass, px."""
        u = _scaled(log_mass, self.low, self.high)
        _, c1, c2, c3 = self.coefficients
        by_scaled = c1 + 3 * c2 * u + c3 * (7.5 * u**2 - 1.5)
        return np.asarray(by_scaled * 2 / (self.high - self.low), np.float64)


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
    """

    pairs: Pairs
    curve: Migration
    cost: float


def _scaled(log_mass: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    return (2 * log_mass - low - high) / (high - low)


def _legendre(u: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(u), u, 1.5 * u**2 - 0.5, 2.5 * u**3 - 1.5 * u], axis=-1)


def fit_migration(
    rows: NDArray[np.float64], log_mass: NDArray[np.float64], scatter: float, span: tuple[float, float]
) -> Migration:
    """Fit the smooth curve through bands of known mass: a cubic whose bend is penalised.

    Parameters
    ----------
    rows, log_mass : ndarray, shape (points,)
        At least two points.
    scatter : float
        Ordinary scatter of bands about the curve, px.
    span : tuple of float
        Lowest and highest log10 mass of the marker.

    Returns
    -------
    Migration
    """
    design = _legendre(_scaled(log_mass, *span))
    slope = (rows[-1] - rows[0]) / (design[-1, 1] - design[0, 1])
    penalty = np.zeros((4, 4))
    penalty[2, 2], penalty[3, 3] = (scatter / (np.asarray(BEND) * slope)) ** 2
    solve = np.linalg.solve(design.T @ design + penalty + 1e-12 * np.eye(4), design.T)
    coefficients = solve @ rows
    misfit = rows - design @ coefficients
    hat = np.minimum(np.sum(design * solve.T, axis=1), 1 - 1e-9)
    cost = float(misfit @ misfit + coefficients @ penalty @ coefficients) / scatter**2
    return Migration(coefficients, span[0], span[1], cost, misfit / (1 - hat))


def assign_masses(
    bands: Bands, masses: tuple[float, ...], top: float, bottom: float, clear: float = 3.0
) -> Assignment | None:
    """Find out which band is which mass.

    Parameters
    ----------
    bands : Bands
    masses : tuple of float
        kDa, descending.
    top, bottom : float
        First and last row of the picture: masses beyond cannot be seen.
    clear : float
        A pair stays where every assignment that contradicts it costs more by this, in units of squared residual over
        scatter squared.

    Returns
    -------
    Assignment or None
        None where no two bands can be assigned.
    """
    if len(bands) < 2:
        return None
    problem = _pose(bands, masses, top, bottom)
    found: dict[Pairs, tuple[float, Migration]] = {}
    for chain in find_chains(problem):
        _refine(problem, chain, found)
    if not found:
        return None
    (pairs, (cost, curve)), *others = sorted(found.items(), key=lambda item: item[1][0])
    sure = set(pairs) - _blended(problem, curve, pairs)
    for rival, (price, _) in others:
        if price < cost + clear:
            mass_of, band_of = dict(rival), {j: i for i, j in rival}
            sure -= {(i, j) for i, j in sure if mass_of.get(i, j) != j or band_of.get(j, i) != i}
    if len(sure) < 2:
        return None
    kept, curve = _without_outliers(problem, tuple(sorted(sure)))
    return Assignment(kept, curve, cost)


def _without_outliers(p: Problem, pairs: Pairs) -> tuple[Pairs, Migration]:
    """Leave out, one by one, pairs that stand off the curve through the others: two masses run as one, or dust."""
    while True:
        band, mass = np.asarray(pairs).T
        curve = fit_migration(p.rows[band], p.x[mass], p.scatter, _span(p.x))
        misfit = p.rows[band] - curve.rows(p.x[mass])
        # Studentised: a point at an end pulls the curve after it.
        off = np.sqrt(np.abs(misfit * curve.left_out)) / p.scatter
        worst = int(off.argmax())
        if off[worst] <= OUTLIER or len(pairs) <= LEAST:
            return pairs, curve
        pairs = tuple(pair for k, pair in enumerate(pairs) if k != worst)


def _span(x: NDArray[np.float64]) -> tuple[float, float]:
    return float(x[-1]), float(x[0])


def _blended(p: Problem, curve: Migration, pairs: Pairs) -> set[tuple[int, int]]:
    """Pairs whose band is broad enough to hold a second mass, one with no band: it marks neither of the two."""
    covers = _covers(p, curve.rows(p.x))
    covers[[j for _, j in pairs]] = False
    return {(i, j) for i, j in pairs if covers[:, i].any()}


def _pose(bands: Bands, masses: tuple[float, ...], top: float, bottom: float) -> Problem:
    strong = float(np.median(np.sort(bands.heights)[-len(masses) :]))
    share = np.clip(bands.heights / strong, 0.0, 1.0)
    narrow = np.clip(bands.widths / bands.typical, 0.3, 1.0)
    scatter = float(np.hypot(SCATTER * np.ptp(bands.rows), 0.05 * bands.typical))
    extra = 0.7 + 6.0 * np.sqrt(share) * narrow**2
    x = np.log10(np.asarray(masses, np.float64))
    broad = bands.widths > BROAD * bands.typical
    odd = 4.0 * (np.minimum(np.log(bands.widths / bands.typical), 0.0) / 0.5) ** 2
    odd += 2.0 * np.maximum(np.log(0.2 / share), 0.0)
    return Problem(bands.rows, bands.widths, bands.typical, extra, x, scatter, top, bottom, broad, odd)


def _refine(p: Problem, pairs: Pairs, found: dict[Pairs, tuple[float, Migration]]) -> None:
    """Fit the curve, match bands and masses anew, and so on until nothing changes."""
    for _ in range(5):
        if len(pairs) < 2 or pairs in found:
            return
        band, mass = np.asarray(pairs).T
        curve = fit_migration(p.rows[band], p.x[mass], p.scatter, _span(p.x))
        predicted = curve.rows(p.x)
        if np.any(np.diff(predicted) <= 0):
            return
        found[pairs] = (curve.cost + _skipping(p, predicted, band, mass), curve)
        pairs = _match(p, predicted)


def _match(p: Problem, predicted: NDArray[np.float64]) -> Pairs:
    """Bands and masses that are each other's nearest, and nearer than it costs to skip both."""
    away = np.abs(predicted[:, None] - p.rows)
    band = away.argmin(axis=1)
    mutual = away.argmin(axis=0)[band] == np.arange(len(predicted))
    near = (away[np.arange(len(predicted)), band] / p.scatter) ** 2 < p.missing(predicted) + p.extra[band]
    return tuple((int(band[j]), int(j)) for j in np.flatnonzero(mutual & near))


def _covers(p: Problem, predicted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a mass, by its predicted row, may hide in a broad band; shape (masses, bands)."""
    away = np.abs(predicted[:, None] - p.rows)
    return np.asarray((away < 0.75 * p.widths + p.scatter) & p.broad)


def _skipping(p: Problem, predicted: NDArray[np.float64], band: NDArray[np.int64], mass: NDArray[np.int64]) -> float:
    """Cost of all that has no partner."""
    covers = _covers(p, predicted)
    cost, extra = p.missing(predicted), p.extra.copy()
    cost[[0, -1]] = np.minimum(cost[[0, -1]], MISSING_END)
    cost = np.where(covers.any(axis=1), np.minimum(cost, MERGED), cost)
    cost[mass] = 0.0
    cut = CUT * ((predicted[0] < p.top) + (predicted[-1] > p.bottom))
    extra[covers[cost > 0].sum(axis=0) > 1] = 0.0  # it holds two masses
    return float(cost.sum() + cut + p.odd[band].sum() + np.delete(extra, band).sum())
