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
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.ladder.fit.band_shape import shape_bands
from ublot.ladder.fit.binning import Bins, ReadyLane, bin_means, row_correlation
from ublot.ladder.fit.one_lane import SKEWNESS, LaneData, LaneFit, Prior, parameters, places, slopes
from ublot.ladder.species import SpeciesColumns
from ublot.model import UNKNOWN, Z95, Interval
from ublot.numerics.nonnegative import scaled_inverse
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from ublot.ladder.cut import Ladder
    from ublot.numerics.arrays import Array

__all__ = ["report_lane"]

LOCAL = 15  # rows over which the misfit's size is taken
TAILS = 5e-4  # of a band: less than that of its far tails no model is to be trusted with
OVERLAP = 0.25  # of the area in which two bands overlap that may belong to the other: the shape of their tails


@dataclass(frozen=True, eq=False)
class _Areas:
    """Areas of 0, 1, ... `last` modifiers and of the well, and what they are uncertain by.

    Attributes
    ----------
    values : ndarray, shape (last + 2,)
    rungs : ndarray, shape (resolved,)
        What of them stands in the rungs of 1, 2, ... modifiers.
    factor : ndarray, shape (last + 2, causes)
        By how much each independent error of rows and background moves them.
    moves : tuple of (ndarray, ndarray)
        By how much other errors move them, shape (last + 2, errors), and the covariance of those errors.
    """

    values: Array
    rungs: Array
    factor: Array
    moves: tuple[tuple[Array, Array], ...]

    @property
    def last(self) -> int:
        return len(self.values) - 2

    def variance(self) -> Array:
        """Of every area."""
        moved = sum(np.einsum("ae,ae->a", slope @ errors, slope) for slope, errors in self.moves)
        return np.asarray(np.einsum("ac,ac->a", self.factor, self.factor) + moved, np.float64)

    def covariance(self, weights: Array) -> Array:
        """Of weighted sums of the areas, shape (sums, sums)."""
        factor = weights @ self.factor
        moved = sum((weights @ slope) @ errors @ (weights @ slope).T for slope, errors in self.moves)
        return np.asarray(factor @ factor.T + moved, np.float64)


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
    where = lane.data.nominal + fit.off
    middle = 0.5 * (where[1:-1] + where[2:])  # between n and n + 1, from n = 1 on
    areas = _areas(lane, prior, fit, middle)
    return _describe(lane, fit, areas, masses, where)


def _rows_between(bins: Bins, edges: Array) -> Array:
    """Rows of every bin in the stretches between falling `edges`, shape (stretches, bins)."""
    r, half = bins.rows, 0.5 * bins.height
    out: Array = np.minimum(r + half, edges[:-1, None])
    out -= np.maximum(r - half, edges[1:, None])
    return out.clip(0.0, bins.height, out=out)


def _areas(lane: ReadyLane, prior: Prior, fit: LaneFit, middle: Array) -> _Areas:
    ladder, data = lane.ladder, lane.data
    last = max(int(np.count_nonzero(middle > ladder.well_row)) + 1, data.last, 1)
    inner = np.clip(middle[: last - 1], ladder.well_row, ladder.boundary_row)
    edges = np.minimum.accumulate(np.concatenate([[ladder.boundary_row], inner, [ladder.well_row]]))
    # The unmodified band, 1, 2, ... modifiers, and the well.
    regions = _rows_between(lane.bins, np.concatenate([[ladder.low_row], edges, [ladder.top_row]]))
    plain = regions @ lane.bins.signal
    # The outer edges cut through bins: what the rows themselves say goes to the stretches at the boundary.
    plain[1] += ladder.hmw - float(plain[1:-1].sum())
    if data.first == 0:
        plain[0] = ladder.unmodified
    cut, smear, rungs = regions[:-1, lane.window], fit.splines @ data.smear, fit.areas[1 - data.first :]
    # What the model leaves over, its smear, that under the unmodified band's flank with the first modifier's ...
    values = plain.copy()
    values[:-1] += cut @ (smear + fit.residual - data.values)
    values[:2] += float(cut[0] @ smear) * np.array([-1.0, 1.0])
    # ... and its bands.
    values[data.first : data.last + 1] += fit.areas
    post = _posterior(data, prior, fit)
    slope, rest = _slope(lane, prior, post, cut, np.interp(edges[1:-1], data.rows, smear))
    gain = slope @ post.covariance
    through_fit = (gain @ post.curves) * data.weight
    response = regions.copy()
    response[:, lane.window] += through_fit
    variance = _variance(lane, fit)
    factor = np.concatenate(
        [response * np.sqrt(variance), response @ _modes(lane, fit).T, _overlap(lane, fit, len(values))], axis=1
    )
    if data.first == 0:
        error = through_fit[0] ** 2 @ variance[lane.window] + gain[0] @ post.known @ gain[0]
        values = _as_far_as_clear(values, plain, float(error))
    return _Areas(values, rungs, factor, ((gain, post.known), rest))


def _overlap(lane: ReadyLane, fit: LaneFit, size: int) -> Array:
    """What may belong to the other of the area in which unmodified band and first rung overlap, shape (size, 1)."""
    out = np.zeros((size, 1))
    if lane.data.first == 0 and len(fit.areas) > 1:
        curves, above = fit.bands.curves, lane.data.rows < lane.ladder.boundary_row
        both = fit.areas[0] * curves[0][above].sum() + fit.areas[1] * curves[1][~above].sum()
        out[:2, 0] = OVERLAP * both * lane.bins.height * np.array([1.0, -1.0])
    return out


def _as_far_as_clear(values: Array, plain: Array, variance: float) -> Array:
    """What the fit moves across the cut, shrunk by how little of that is clear (James & Stein 1961, positive part).

    Where bands do not overlap there is nothing to move, and a faint lane is not to lose to the fit's own error.
    """
    moved = float(values[0] - plain[0])
    unsure, told = variance + (TAILS * plain[0]) ** 2, moved**2
    kept = 1.0 - unsure / told if told > unsure else 0.0
    out = values.copy()
    out[0] -= (1 - kept) * moved
    out[1] -= (1 - kept) * float(values[1:-1].sum() - plain[1:-1].sum())
    return out


@dataclass(frozen=True, eq=False)
class _Posterior:
    """What is known of the parameters of a fit: areas, splines that are above zero, shapes and places.

    Attributes
    ----------
    curves : ndarray, shape (parameters, rows)
        Derivative of the fitted curve by each of them, times the weight.
    splines : slice
        Which of them are splines; the shapes and places follow.
    known : ndarray, shape (parameters, parameters)
        The prior's precision.
    covariance : ndarray, shape (parameters, parameters)
    """

    curves: Array
    splines: slice
    known: Array
    covariance: Array


def _posterior(data: LaneData, prior: Prior, fit: LaneFit) -> _Posterior:
    k = len(fit.areas)
    # A band at zero might be more; a spline at zero is left out, else the smear could go anywhere.
    used = np.flatnonzero(fit.splines > 0)
    curves = np.concatenate([fit.weighted[:k], fit.weighted[k + used], slopes(data, fit) * data.weight])
    splines = slice(k, k + len(used))
    known = np.zeros((len(curves),) * 2)
    known[splines, splines] = data.penalty[used[:, None], used]
    known[splines.stop :, splines.stop :] = prior.about(data).precision
    return _Posterior(curves, splines, known, scaled_inverse(curves @ curves.T + known))


def _slope(
    lane: ReadyLane, prior: Prior, post: _Posterior, cut: Array, height: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Derivative of the areas by all parameters; by how much places that are not fitted move them on their own.

    Parameters
    ----------
    lane, prior, post
    cut : ndarray, shape (last + 1, rows)
        Rows of 0, 1, 2, ... modifiers.
    height : ndarray, shape (last - 1,)
        Of the smear where the rows of 1, 2, ... modifiers end.
    """
    data, last = lane.data, len(cut) - 1
    slope = np.zeros((last + 2, len(post.curves)))
    slope[:-1] = -(cut / data.weight) @ post.curves.T
    slope[1, post.splines] = -slope[0, post.splines]
    slope[2:, post.splines] = 0.0
    n = np.arange(data.first, data.last + 1)
    slope[n, n - data.first] += 1.0
    # Where rungs stand is uncertain, and so is where the smear of one ends and that of the next begins.
    moved, j = np.zeros((last + 2, last + 1)), np.arange(1, last)
    half = 0.5 * height
    for place in (j, j + 1):
        moved[j, place] -= half
        moved[j + 1, place] += half
    nonlinear, shapes = slice(post.splines.stop, None), data.shapes
    own, others = (
        parameters(data),
        shapes + np.flatnonzero((np.arange(last + 1) < data.first) | (np.arange(last + 1) > data.last)),
    )
    follow = prior.covariance[: shapes + last + 1, own] @ post.known[nonlinear, nonlinear]
    slope[:, nonlinear] += moved @ follow[shapes:]
    alone = prior.covariance[others[:, None], others] - follow[others] @ prior.covariance[own[:, None], others]
    return slope, (moved[:, others - shapes], alone)


def _modes(lane: ReadyLane, fit: LaneFit) -> Array:
    """What the background may be off by: as stated, how it drifts besides, and a share of the smear."""
    profile, data = lane.ladder.profile, lane.data
    rungs = slice(1 - data.first, None)
    above = np.zeros(len(lane.bins.rows))
    above[lane.window] = fit.areas[rungs] @ fit.bands.curves[rungs] + fit.splines @ data.smear
    height, count = lane.bins.height, len(above)
    smooth = lane.share * smooth_rows(above, profile.width / height, mirror=False)
    drift = lane.drift.modes(profile, lane.ladder.low_row, height, count)
    return np.concatenate([bin_means(profile.modes[:, : height * count], height), drift, smooth[None]])


def _variance(lane: ReadyLane, fit: LaneFit) -> Array:
    """Variance of every bin: its noise or what the fit left over, whichever is more, neighbours being alike."""
    variance = lane.drift.grain * lane.bins.noise**2
    size = 2 * max(LOCAL // (2 * lane.bins.height), 1) + 1
    kernel = np.full((1, size), 1 / size)  # not `cv2.blur`, whose running sums do not go back to 0
    local = cv2.filter2D((fit.residual**2)[None], cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT_101)[0]
    scaled = fit.residual / np.sqrt(np.maximum(local, 1e-300))
    variance[lane.window] = np.maximum(variance[lane.window], local * row_correlation(scaled, lane.bins.height))
    return np.asarray(variance, np.float64)


def _describe(lane: ReadyLane, fit: LaneFit, areas: _Areas, masses: Array, where: Array) -> Ladder:
    ladder, values = lane.ladder, areas.values
    parts = np.zeros((3, len(values)))
    parts[0, 0] = parts[2, -1] = parts[1, 1:-1] = 1.0
    first = 0
    if ladder.antibody == "modifier":  # there is no unmodified band to be seen
        parts[0, 0], first = 0.0, 1
    unmodified, hmw, _ = (parts @ values).tolist()
    whole = unmodified + hmw
    own = values[first:-1]
    share = own / whole if whole > 0 else np.full(len(own), math.nan)
    reach = Z95 * np.sqrt(np.maximum(areas.variance()[first:-1], 0.0))
    n, rungs = np.arange(first, areas.last + 1), np.zeros(areas.last + 1)
    rungs[1 : 1 + len(areas.rungs)] = areas.rungs
    # Named for the larger part of rung and smear.
    rung = (n == 0) | ((n <= len(areas.rungs)) & (rungs[n] >= own - rungs[n]))
    few, some = np.searchsorted(n, [4, 9])
    flags = tuple(f for f in ladder.flags if f != "ladder_unresolved")
    number, slope = _mean_number(areas, ladder.antibody)
    covariance = areas.covariance(np.concatenate([parts, slope[None]]))
    off = Z95 * math.sqrt(max(float(covariance[3, 3]), 0.0))
    mean = UNKNOWN if math.isnan(number) else Interval(number, number - off, number + off)
    return replace(
        ladder,
        unmodified=ladder.unmodified if first else unmodified,
        hmw=hmw,
        covariance=covariance[:3, :3],
        mean_ubiquitins=mean,
        shares=(float(share[1 - first : few].sum()), float(share[few:some].sum()), float(share[some:].sum())),
        ladder_fraction=float(areas.rungs.sum() / hmw) if hmw > 0 else math.nan,
        resolved_to=len(areas.rungs) or None,
        species=SpeciesColumns(n, masses[n], where[n], own, reach, share, rung),
        curve=_curve(lane, fit),
        flags=flags if len(areas.rungs) else (*flags, "ladder_unresolved"),
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """The fitted signal of a lane, worked out when it is looked at.

    Attributes
    ----------
    count, top : int
        Rows of the profile, and the first one's ``row_px``.
    fitted : slice
        Those of them that were fitted.
    positions, widths, areas : ndarray, shape (bands,)
    skewness : float
    rows, smear : ndarray, shape (bins,)
    """

    count: int
    top: int
    fitted: slice
    positions: Array
    widths: Array
    areas: Array
    skewness: float
    rows: Array
    smear: Array

    def __call__(self) -> Array:
        return self._values

    @cached_property
    def _values(self) -> Array:
        """Aligned with the profile; 0 where nothing was fitted."""
        rows, out = self.top + np.arange(self.count, dtype=np.float64)[self.fitted], np.zeros(self.count)
        bands = shape_bands(rows, self.positions, self.widths, self.skewness).curves
        out[self.fitted] = self.areas @ bands + np.interp(rows, self.rows, self.smear)
        return out


def _curve(lane: ReadyLane, fit: LaneFit) -> _Curve:
    data, profile, height = lane.data, lane.ladder.profile, lane.bins.height
    fitted, smear = slice(lane.window.start * height, lane.window.stop * height), fit.splines @ data.smear
    positions, widths = places(data, fit.theta)
    skewness = float(fit.theta[SKEWNESS])
    return _Curve(len(profile.raw), profile.top, fitted, positions, widths, fit.areas, skewness, data.rows, smear)


def _mean_number(areas: _Areas, antibody: str) -> tuple[float, Array]:
    """Mean number of modifiers, of an anti-modifier blot, whose signal counts them, per modified molecule.

    And its derivative by every area; NaN and 0 without signal.
    """
    count = np.append(np.arange(areas.last + 1, dtype=np.float64), 0.0)
    molecules = np.append(np.ones(areas.last + 1), 0.0)
    if antibody == "modifier":
        molecules[1:-1], count[1:-1], molecules[0] = 1 / count[1:-1], 1.0, 0.0
    whole = float(molecules @ areas.values)
    if whole <= 0:
        return math.nan, np.zeros(len(count))
    mean = float(count @ areas.values) / whole
    return mean, (count - mean * molecules) / whole
