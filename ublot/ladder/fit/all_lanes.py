"""How much is ladder, how much is smear, how many modifiers, and how sure: the lanes of a blot, fitted together."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.ladder.fit.binning import ReadyLane, bin_rows, row_correlation
from ublot.ladder.fit.fitted_areas import report_lane
from ublot.ladder.fit.one_lane import (
    LaneData,
    LaneFit,
    Prior,
    fit_lane,
    information,
    parameters,
    places,
    pool_lanes,
)
from ublot.ladder.fit.prior import SHAPE_MEAN, common_prior, last_resolved, own_spread, widening
from ublot.ladder.regions import to_background
from ublot.mass.scale import row_at
from ublot.numerics.medians import middle
from ublot.numerics.nonnegative import scaled_inverse
from ublot.numerics.splines import second_differences, splines_every
from ublot.profiles.drift import BaselineDrift, measure_drift

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ublot.ladder.cut import Ladder
    from ublot.model import Calibration
    from ublot.numerics.arrays import Array

__all__ = ["fit_ladders", "lanes_to_fit"]

SIGNIFICANT = 3.5  # standard deviations a rung stands above none
PROMINENT = 0.15  # height of a rung over the smear's beneath it, from which on it is one
RELATIVE_ERROR = 0.01  # of the model, as a share of the signal: bands are not exactly of the shape assumed
SAMPLING = 1.5  # bins in the sigma of a band, at least
KNOTS = 0.7  # of the smear, in spacings of the first rung: coarser than a band, finer than the smear of one rung
SMEAR_END = 0.1  # spacings above the unmodified band at which the smear has ended
BENDS = 0.25  # prior of the smear's second differences, in its own 95th percentile
TAIL = 0.2  # spacings below the unmodified region that are fitted, for the band's tail
EMPTY = 1.0  # spacings below the unmodified region from where on nothing of the target can stand
TURNS = 3, 2  # with what is known beforehand, and with what the other lanes say
MOST, BEYOND = 60, 3  # modifiers, and places beyond the well


def fit_ladders(
    ladders: Sequence[Ladder],
    calibration: Calibration,
    *,
    target_kda: float,
    modifier_kda: float,
    loaded: Collection[int] | None = None,
    leak: Mapping[int, float] | None = None,
) -> tuple[Ladder, ...]:
    """Deconvolve the unmodified band, the rungs above it and the smear, in all lanes of a blot.

    Every lane is a non-negative mixture of the unmodified band, rungs of the same skewed shape
    (`ublot.ladder.fit.band_shape`) whose width slowly grows, near the places that the calibration gives, and a smooth
    smear (`ublot.ladder.fit.one_lane`). What
    the shapes and places of the lanes have in common is learned from all of them (empirical Bayes). Rungs that do not
    stand out of the smear are left to it; with none at all the lane is ``ladder_unresolved``.

    Parameters
    ----------
    ladders : sequence of Ladder
        All lanes, as `ublot.ladder.cut.quantify_ladder` gives them.
    calibration : Calibration
    target_kda, modifier_kda : float
    loaded : collection of int, optional
        Numbers of the lanes that may hold target; all where not given.
    leak : mapping of int to float, optional
        Signal of each lane in the middle of its gutters, as a share of that on its centre line: how far the background
        was taken from where there was none. 0 where not given.

    Returns
    -------
    tuple of Ladder
        With areas, their covariance, species, mean number, shares and the fitted curve by the fit; how sure they are
        stands in `ublot.ladder.fit.fitted_areas`. Lanes that are not loaded, without signal, with a boundary that a
        person moved, or in which a first rung could not be told from the unmodified band, keep their plain cut.
    """
    chosen = lanes_to_fit(ladders, loaded)
    if not chosen:
        return tuple(ladders)
    masses: Array = target_kda + modifier_kda * np.arange(MOST + 1, dtype=np.float64)
    nominal = np.asarray(row_at(calibration, masses), np.float64)
    above = min(k.well_row - (k.target_row - nominal[0]) for k in chosen)
    count = max(int(np.count_nonzero(nominal > above)) + BEYOND, 4)
    masses, nominal = masses[:count], nominal[:count]
    sigma = _first_width(chosen, nominal)
    drift = measure_drift([k.profile for k in chosen], [k.low_row + EMPTY * (nominal[0] - nominal[1]) for k in chosen])
    last = max(last_resolved(nominal, sigma, SHAPE_MEAN), 1)
    shares = [to_background((leak or {}).get(k.lane, 0.0)) for k in chosen]
    lanes = [_prepare(k, nominal, sigma, last, drift, share) for k, share in zip(chosen, shares, strict=True)]
    prior = common_prior(nominal, masses, sigma, calibration)
    fits: list[LaneFit] = []
    for lane in lanes:  # each from where its neighbour has arrived
        fits.append(fit_lane(lane.data, prior, start=fits[-1] if fits else None, turns=TURNS[0]))
    lanes = [_weigh(lane, fit) for lane, fit in zip(lanes, fits, strict=True)]
    looks = []
    for lane, fit in zip(lanes, fits, strict=True):
        seen, gradient = information(lane.data, fit)
        looks.append((seen, seen @ fit.theta + gradient))
    shifts, lengths = np.array([(k.target_row - nominal[0], k.target_row - k.well_row) for k in chosen]).T
    priors = pool_lanes(looks, parameters(lanes[0].data), prior, own_spread(nominal, shifts, lengths))
    done = {
        lane.ladder.lane: _finish(lane, own, fit, masses) for lane, own, fit in zip(lanes, priors, fits, strict=True)
    }
    return tuple(done.get(k.lane, k) for k in ladders)


def lanes_to_fit(ladders: Sequence[Ladder], loaded: Collection[int] | None) -> list[Ladder]:
    """Those that `fit_ladders` fits, together."""
    return [k for k in ladders if (loaded is None or k.lane in loaded) and _usable(k)]


def _usable(ladder: Ladder) -> bool:
    if not math.isfinite(ladder.target_row) or {"no_signal", "edited"} & set(ladder.flags):
        return False
    return ladder.boundary_row - ladder.well_row >= 16


def _first_width(ladders: Sequence[Ladder], nominal: Array) -> float:
    """Sigma of the unmodified bands, from their width at half height; a share of the spacing where they do not show."""
    spacing = float(nominal[0] - nominal[1])
    widths = []
    for k in ladders:
        near = np.abs(k.profile.rows - k.target_row) < 0.6 * spacing
        signal = k.profile.signal[near]
        if k.antibody == "target" and len(signal) and signal.max() > 10 * middle(k.profile.noise[near]):
            widths.append(float(np.count_nonzero(signal > 0.5 * signal.max())) / 2.3548)
    return float(np.clip(np.median(widths) if widths else 0.12 * spacing, 0.03 * spacing, 0.6 * spacing))


def _prepare(ladder: Ladder, nominal: Array, sigma: float, last: int, drift: BaselineDrift, share: float) -> ReadyLane:
    """One lane, of which `last` rungs may be told apart."""
    spacing = float(nominal[0] - nominal[1])
    first = 0 if ladder.antibody == "target" else 1
    end = ladder.low_row + TAIL * spacing if first == 0 else ladder.boundary_row
    bins = bin_rows(ladder.profile, max(int(sigma / SAMPLING), 1), max(end, ladder.low_row))
    inside = np.flatnonzero((bins.rows >= ladder.well_row) & (bins.rows <= end))
    window = slice(int(inside[0]), int(inside[-1]) + 1)
    rows, values = bins.rows[window], bins.signal[window]
    smear, penalty = _smear(rows, values, ladder, spacing)
    shift = ladder.target_row - float(nominal[0])
    weight = 1 / _error(values, bins.noise[window])
    data = LaneData(rows, values, weight, nominal + shift, first, last, smear, penalty, widening(len(nominal)))
    return ReadyLane(ladder, bins, data, window, drift, share)


def _smear(rows: Array, values: Array, ladder: Ladder, spacing: float) -> tuple[Array, Array]:
    """Splines that have run out just above the unmodified band, shape (splines, rows), and what keeps them smooth."""
    step = float(rows[1] - rows[0])
    length = ladder.target_row - SMEAR_END * spacing - float(rows[0])
    basis = _smear_basis(max(math.ceil(length / step), 8), step, KNOTS * spacing)
    splines = np.zeros((len(basis), len(rows)))
    both = min(len(rows), basis.shape[1])
    splines[:, :both] = basis[:, :both]
    heights = np.sort(np.abs(values[rows < ladder.boundary_row]))
    height = max(float(np.interp(0.95 * (len(heights) - 1), np.arange(len(heights)), heights)), 1e-9)
    return splines, _bends(len(splines)) / (BENDS * height) ** 2


@lru_cache(16)
def _smear_basis(count: int, step: float, spacing: float) -> Array:
    """Splines over so many bins, but for those that do not end with them, shape (splines, bins)."""
    return np.ascontiguousarray(splines_every(step * np.arange(count, dtype=np.float64), spacing)[:, :-3].T)


@lru_cache(16)
def _bends(splines: int) -> Array:
    second = second_differences(splines)
    return np.asarray(second.T @ second, np.float64)


def _error(values: Array, noise: Array) -> Array:
    kernel = np.array([[1, 4, 6, 4, 1]]) / 16
    level = cv2.filter2D(values[None], cv2.CV_64F, kernel, borderType=cv2.BORDER_REPLICATE)[0]
    floor = max(1e-5 * float(np.ptp(values)), 1e-12)
    return np.asarray(np.sqrt(np.maximum(noise, floor) ** 2 + (RELATIVE_ERROR * level) ** 2), np.float64)


def _weigh(lane: ReadyLane, fit: LaneFit) -> ReadyLane:
    """Weights after what the first fit left over: its size and that neighbours are alike."""
    scaled = fit.residual * lane.data.weight
    worse = max(float(np.sqrt(np.mean(scaled**2))), 1.0) * math.sqrt(row_correlation(scaled, lane.bins.height))
    return replace(lane, data=replace(lane.data, weight=lane.data.weight / worse))


def _finish(lane: ReadyLane, prior: Prior, fit: LaneFit, masses: Array) -> Ladder:
    """The lane with what the others say, and no more rungs than it shows."""
    last = last_resolved(lane.data.nominal, math.exp(prior.mean[0]), prior.mean[: lane.data.shapes])
    if last == 0:
        return lane.ladder.flagged("ladder_unresolved")
    data = replace(lane.data, last=last)
    fit = fit_lane(data, prior, start=fit, turns=TURNS[1])
    shown = _shown(data, fit)
    if shown != last:
        data = replace(data, last=shown)
        fit = fit_lane(data, prior, start=fit, turns=0)
    return report_lane(replace(lane, data=data), prior, fit, masses)


def _shown(data: LaneData, fit: LaneFit) -> int:
    """The last rung that stands out of the smear, most of those below it standing out too; 0 where none does."""
    k = len(fit.areas)
    used = np.concatenate([np.arange(k), k + (fit.splines > 0).nonzero()[0]])
    gram = fit.gram.take(used, 0).take(used, 1)
    sd = np.sqrt(np.maximum(scaled_inverse(gram).diagonal()[:k], 0))
    positions, widths = places(data, fit.theta)
    height = fit.areas / (math.sqrt(2 * math.pi) * widths)
    smear = fit.splines @ data.smear
    clear = (fit.areas > SIGNIFICANT * sd) & (height > PROMINENT * np.interp(positions, data.rows, smear))
    rungs = slice(1 - data.first, None)
    clear = clear[rungs]
    if data.first == 0 and len(clear) > 1:
        # Where a smear sets in beside the unmodified band, a first "rung" would fill its step: ask for a valley.
        above = fit.areas[rungs] @ fit.bands.curves[rungs] + smear
        crest, valley = np.interp([positions[1], 0.5 * (positions[1] + positions[2])], data.rows, above)
        clear[0] &= bool(crest > valley)
    n = np.arange(1, len(clear) + 1)
    good = clear & (np.cumsum(clear) >= 0.5 * n)
    return int(n[good][-1]) if good.any() else 0
