"""From the fit of a lane to areas by number of modifiers, and how sure they are.

Areas are those of the model plus what it left over of the data in the rows of each number of modifiers, so that they
add up to the signal measured, negative parts included: a model that does not fit well misplaces signal but does not
lose any, and where there is nothing the areas scatter about zero. Being linear in the data (at given shapes) they have
the covariance ``V N V' + (V M)(V M)' + G C K C G'``: `V` their response to the data, directly and through the fit; `N`
the noise of rows; `M` what the background may be off by; `G` their derivative by the fitted parameters, whose posterior
covariance is `C` and whose prior precision is `K` (linear error propagation of a maximum a posteriori estimate; see
Bevington & Robinson 2003, ch. 3, and Rodgers 2000, Inverse Methods for Atmospheric Sounding, ch. 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ublot.bandshape import shape_bands
from ublot.ladder import Interval, Ladder, Species
from ublot.ladderfit import SHAPES, LaneData, LaneFit, Prior, linear_curves, places, slopes
from ublot.nnls import scaled_inverse
from ublot.smoothing import smooth_rows

if TYPE_CHECKING:
    from ublot.model import Profile
    from ublot.wobble import Wobble

__all__ = ["Bins", "ReadyLane", "bin_rows", "report_lane", "row_correlation"]

Array = NDArray[np.float64]

Z95 = 1.959963984540054
LOCAL = 15  # rows over which the misfit's size is taken
TAILS = 5e-4  # of a band: less than that of its far tails no model is to be trusted with
OVERLAP = 0.25  # of the area in which two bands overlap that may belong to the other: the shape of their tails
ALIKE = 12  # rows over which neighbouring residuals may be alike


@dataclass(frozen=True, eq=False)
class Bins:
    """A profile in means of so many rows that a band is still well sampled: bands are wide, and most work is by rows.

    Attributes
    ----------
    height : int
        Rows of a bin.
    rows : ndarray, shape (bins,)
        ``row_px`` of their centres.
    signal, noise : ndarray, shape (bins,)
        Mean signal per row, and its standard deviation.
    """

    height: int
    rows: Array
    signal: Array
    noise: Array


def _means(values: Array, height: int) -> Array:
    """Means of `height` neighbours along the last axis; what is left over at its end is dropped."""
    count = values.shape[-1] // height
    cut = values[..., : count * height]
    return np.asarray(cut.reshape(*values.shape[:-1], count, height).mean(axis=-1), np.float64)


def bin_rows(profile: Profile, height: int) -> Bins:
    """Means of `height` rows each."""
    noise = np.sqrt(_means(profile.noise**2, height) / height)
    return Bins(height, _means(profile.rows, height), _means(profile.signal, height), noise)


@dataclass(frozen=True, eq=False)
class ReadyLane:
    """One lane made ready to be fitted.

    Attributes
    ----------
    ladder : Ladder
    bins : Bins
        Of its profile.
    data : LaneData
    window : slice
        Of the bins: those in `data`.
    own : ndarray
        Covariance of what only this lane departs by.
    wobble : Wobble
    share : float
        Of a broad smear that may have gone to the background, or the other way.
    """

    ladder: Ladder
    bins: Bins
    data: LaneData
    window: slice
    own: Array
    wobble: Wobble
    share: float


@dataclass(frozen=True, eq=False)
class _Areas:
    """Areas of: unmodified, smear of 1 ... `last` modifiers, well, then rungs of 1 ... `resolved`."""

    values: Array
    covariance: Array
    last: int
    resolved: int

    @property
    def by_number(self) -> Array:
        """Which areas hold 0, 1, ... `last` modifiers, shape (last + 1, areas)."""
        out = np.zeros((self.last + 1, len(self.values)))
        out[:, : self.last + 1] = np.eye(self.last + 1)
        rungs = np.arange(self.resolved)
        out[1 + rungs, self.last + 2 + rungs] = 1.0
        return out


def row_correlation(scaled: Array, height: int) -> float:
    """Variance of the mean of neighbours over that of independent values, in bins of `height` rows; 1 or more."""
    span = max(ALIKE // height, 2)
    count = len(scaled) // span
    if count < 4:
        return 1.0
    blocks = scaled[: count * span].reshape(count, span)
    return float(np.clip(np.mean(blocks.sum(axis=1) ** 2) / max(span * np.mean(scaled**2), 1e-300), 1.0, span))


def report_lane(lane: ReadyLane, prior: Prior, fit: LaneFit, masses: Array) -> Ladder:
    """Quantities of one lane from its fit.

    Parameters
    ----------
    lane : ReadyLane
        Its data with as many rungs as are resolved.
    prior : Prior
    fit : LaneFit
    masses : ndarray, shape (places,)
        kDa of 0, 1, 2, ... modifiers.
    """
    data = lane.data
    where = data.nominal + fit.theta[SHAPES:]
    middle = 0.5 * (where[1:-1] + where[2:])  # between n and n + 1, from n = 1 on
    areas = _areas(lane, prior, fit, middle)
    return _describe(lane, fit, areas, masses, where)


def _rows_between(bins: Bins, edges: Array) -> Array:
    """Rows of every bin in the stretches between falling `edges`, shape (stretches, bins)."""
    r, half = bins.rows, 0.5 * bins.height
    low, high = edges[1:, None], edges[:-1, None]
    return np.asarray(np.clip(np.minimum(r + half, high) - np.maximum(r - half, low), 0.0, bins.height), np.float64)


def _regions(lane: ReadyLane, edges: Array) -> Array:
    """Rows of the unmodified band, of 1, 2, ... modifiers and of the well, in every bin."""
    ladder = lane.ladder
    band = _rows_between(lane.bins, np.array([ladder.low_row, ladder.boundary_row]))
    well = _rows_between(lane.bins, np.array([ladder.well_row, ladder.top_row]))
    return np.concatenate([band, _rows_between(lane.bins, edges), well])


def _areas(lane: ReadyLane, prior: Prior, fit: LaneFit, middle: Array) -> _Areas:
    ladder, data = lane.ladder, lane.data
    last = max(int(np.count_nonzero(middle > ladder.well_row)) + 1, data.last, 1)
    inner = np.clip(middle[: last - 1], ladder.well_row, ladder.boundary_row)
    edges = np.minimum.accumulate(np.concatenate([[ladder.boundary_row], inner, [ladder.well_row]]))
    regions = _regions(lane, edges)
    cut = regions[: last + 1, lane.window]
    inverse, curves, known, used = _posterior(data, prior, fit)
    bands, linear = len(fit.areas), int(np.count_nonzero(used))
    plain = regions @ lane.bins.signal
    # The outer edges cut through bins: what the rows themselves say goes to the stretches at the boundary.
    plain[1] += ladder.hmw - float(plain[1 : last + 1].sum())
    if data.first == 0:
        plain[0] = ladder.unmodified
    values = np.concatenate([plain, fit.areas[1 - data.first :]])
    slope = np.zeros((len(values), len(curves)))
    # What the model leaves over ...
    values[: last + 1] -= cut @ (fit.linear @ linear_curves(data, fit))
    slope[: last + 1] = -cut @ curves.T
    # ... and its own smear, that under the unmodified band's flank with the first modifier's ...
    of_smear = cut[1:].copy()
    of_smear[0] += cut[0]
    smear = fit.splines @ data.smear
    values[1 : last + 1] += of_smear @ smear
    slope[1 : last + 1, bands:linear] += of_smear @ curves[bands:linear].T
    _move_edges(slope[1 : last + 1, linear + SHAPES :], np.interp(edges[1:-1], data.rows, smear))
    # ... and its bands.
    slope[last + 2 + np.arange(data.last), 1 - data.first + np.arange(data.last)] = 1.0
    if data.first == 0:
        values[0] += fit.areas[0]
        slope[0, 0] += 1.0
    gain = slope @ inverse
    response = np.zeros((len(values), len(lane.bins.rows)))
    response[: len(regions)] = regions
    through_fit = (gain @ curves) * data.weight**2
    response[:, lane.window] += through_fit
    moved = response @ _modes(lane, fit).T
    variance, prior_part = _variance(lane, fit), gain @ known @ gain.T
    covariance = (response * variance) @ response.T + moved @ moved.T + prior_part
    covariance += OVERLAP**2 * _overlap(lane, fit, len(values))
    if data.first == 0:
        error = through_fit[0] ** 2 @ variance[lane.window] + prior_part[0, 0]
        values = _as_far_as_clear(values, plain, float(error), last)
    return _Areas(values, covariance, last, data.last)


def _overlap(lane: ReadyLane, fit: LaneFit, size: int) -> Array:
    """Square of the area in which the unmodified band and the first above it overlap, as a covariance of areas."""
    out = np.zeros((size, size))
    if lane.data.first > 0 or len(fit.areas) < 2:
        return out
    curves, above = fit.bands.curves, lane.data.rows < lane.ladder.boundary_row
    both = fit.areas[0] * curves[0][above].sum() + fit.areas[1] * curves[1][~above].sum()
    out[:2, :2] = (both * lane.bins.height) ** 2 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out


def _as_far_as_clear(values: Array, plain: Array, variance: float, last: int) -> Array:
    """What the fit moves across the cut, shrunk by how little of that is clear (James & Stein 1961, positive part).

    Where bands do not overlap there is nothing to move, and a faint lane is not to lose to the fit's own error.
    """
    moved = float(values[0] - plain[0])
    kept = max(1.0 - (variance + (TAILS * plain[0]) ** 2) / max(moved**2, 1e-300), 0.0)
    out = values.copy()
    out[0] -= (1 - kept) * moved
    modified = float(values[1 : last + 1].sum() + values[last + 2 :].sum())
    out[1] -= (1 - kept) * (modified - float(plain[1 : last + 1].sum()))
    return out


def _posterior(data: LaneData, prior: Prior, fit: LaneFit) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Covariance of linear and non-linear parameters, their curves, the prior's precision, which linear are used."""
    k = len(fit.areas)
    # A band at zero might be more; a spline at zero is left out, else the smear could go anywhere.
    used = np.concatenate([np.ones(k, bool), fit.splines > 0])
    curves = np.concatenate([linear_curves(data, fit)[used], slopes(data, fit)])
    known = np.zeros((len(curves),) * 2)
    size = int(np.count_nonzero(used))
    known[k:size, k:size] = data.penalty[np.ix_(used[k:], used[k:])]
    known[size:, size:] = np.linalg.inv(prior.covariance)
    weighted = curves * data.weight
    normal = weighted @ weighted.T + known
    return scaled_inverse(normal), curves, known, used


def _move_edges(slope: Array, height: Array) -> None:
    """Where rungs stand is uncertain, and so is where the smear of one ends and that of the next begins (in place)."""
    for j, h in enumerate(height):  # between j + 1 and j + 2 modifiers
        slope[j, j + 1 : j + 3] -= 0.5 * h
        slope[j + 1, j + 1 : j + 3] += 0.5 * h


def _modes(lane: ReadyLane, fit: LaneFit) -> Array:
    """What the background may be off by: as stated, what it wobbles besides, and a share of the smear."""
    profile, data = lane.ladder.profile, lane.data
    rungs = slice(1 - data.first, None)
    above = np.zeros(len(lane.bins.rows))
    above[lane.window] = fit.areas[rungs] @ fit.bands.curves[rungs] + fit.splines @ data.smear
    height = lane.bins.height
    smooth = lane.share * smooth_rows(above, profile.width / height, mirror=False)
    stated = np.concatenate([profile.modes, lane.wobble.modes(profile, lane.ladder.low_row)])
    return np.concatenate([_means(stated, height), smooth[None]])


def _variance(lane: ReadyLane, fit: LaneFit) -> Array:
    """Variance of every bin: its noise or what the fit left over, whichever is more, neighbours being alike."""
    variance = lane.wobble.grain * lane.bins.noise**2
    reach = max(LOCAL // (2 * lane.bins.height), 1)
    kernel = np.full(2 * reach + 1, 1 / (2 * reach + 1))
    local = np.convolve(np.pad(fit.residual**2, reach, mode="reflect"), kernel, "valid")
    scaled = fit.residual / np.sqrt(np.maximum(local, 1e-300))
    variance[lane.window] = np.maximum(variance[lane.window], local * row_correlation(scaled, lane.bins.height))
    return np.asarray(variance, np.float64)


def _describe(lane: ReadyLane, fit: LaneFit, areas: _Areas, masses: Array, where: Array) -> Ladder:
    ladder, values = lane.ladder, areas.values
    by_number = areas.by_number
    well = np.eye(len(values))[areas.last + 1]
    total = np.stack([by_number[0], by_number[1:].sum(axis=0), well])
    unmodified, hmw, _ = total @ values
    covariance = total @ areas.covariance @ total.T
    if ladder.antibody == "modifier":  # there is no unmodified band to be seen
        unmodified, by_number[0] = 0.0, 0.0
        covariance[0, :] = covariance[:, 0] = 0.0
    whole = float(unmodified + hmw)
    share = by_number @ values / whole if whole > 0 else np.full(len(by_number), math.nan)
    flags = tuple(f for f in ladder.flags if f != "ladder_unresolved")
    return replace(
        ladder,
        unmodified=ladder.unmodified if ladder.antibody == "modifier" else float(unmodified),
        hmw=float(hmw),
        covariance=covariance,
        mean_ubiquitins=_mean_number(by_number, areas, ladder.antibody),
        shares=(float(share[1:4].sum()), float(share[4:9].sum()), float(share[9:].sum())),
        ladder_fraction=float(values[areas.last + 2 :].sum() / hmw) if hmw > 0 else math.nan,
        resolved_to=areas.resolved or None,
        species=_species(ladder, areas, masses, where, whole),
        fit=_curve(lane, fit),
        flags=flags if areas.resolved else (*flags, "ladder_unresolved"),
    )


def _curve(lane: ReadyLane, fit: LaneFit) -> Array:
    """The fitted signal, aligned with the profile; 0 where nothing was fitted."""
    data, rows = lane.data, lane.ladder.profile.rows
    bands = shape_bands(rows, *places(data, fit.theta), float(fit.theta[1])).curves
    smear = np.interp(rows, data.rows, fit.splines @ data.smear)
    half = 0.5 * lane.bins.height
    fitted = (rows >= data.rows[0] - half) & (rows <= data.rows[-1] + half)
    return np.asarray(np.where(fitted, fit.areas @ bands + smear, 0.0), np.float64)


def _mean_number(by_number: Array, areas: _Areas, antibody: str) -> Interval:
    """Mean number of modifiers; of an anti-modifier blot, whose signal counts them, per modified molecule."""
    n = np.arange(len(by_number), dtype=np.float64)
    if antibody == "modifier":
        molecules, count = by_number[1:].T @ (1 / n[1:]), by_number[1:].sum(axis=0)
    else:
        molecules, count = by_number.sum(axis=0), by_number.T @ n
    whole = float(molecules @ areas.values)
    if whole <= 0:
        return Interval(math.nan)
    mean = float(count @ areas.values) / whole
    slope = (count - mean * molecules) / whole
    reach = Z95 * math.sqrt(max(float(slope @ areas.covariance @ slope), 0.0))
    return Interval(mean, mean - reach, mean + reach)


def _species(ladder: Ladder, areas: _Areas, masses: Array, where: Array, whole: float) -> tuple[Species, ...]:
    """One entry for each n, rung and smear together; named for the larger part."""
    by_number = areas.by_number
    values = by_number @ areas.values
    reach = Z95 * np.sqrt(np.maximum(np.sum(by_number @ areas.covariance * by_number, axis=1), 0.0))
    rungs = np.zeros(areas.last + 1)
    rungs[1 : areas.resolved + 1] = areas.values[areas.last + 2 :]

    def one(n: int) -> Species:
        value = float(values[n])
        rung = n == 0 or (n <= areas.resolved and rungs[n] >= values[n] - rungs[n])
        share = value / whole if whole > 0 else math.nan
        reached = Interval(value, value - float(reach[n]), value + float(reach[n]))
        return Species(n, float(masses[n]), float(where[n]), reached, share, "rung" if rung else "smear")

    return tuple(one(n) for n in range(1 if ladder.antibody == "modifier" else 0, areas.last + 1))
