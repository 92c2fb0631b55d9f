"""How much is ladder, how much is smear, how many modifiers, and how sure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ublot.calibration import row_at
from ublot.ladder import Interval, Ladder, Species
from ublot.ladderfit import (
    SHAPES,
    LaneData,
    LaneFit,
    Prior,
    fit_lane,
    information,
    linear_curves,
    places,
    pool_lanes,
    slopes,
)
from ublot.model import Calibration, Profile
from ublot.peakmodel import spline_basis
from ublot.wobble import Wobble, measure_wobble

__all__ = ["fit_ladders"]

Array = NDArray[np.float64]

Z95 = 1.959963984540054
RESOLVED = 2.2  # spacing over sigma from which on two rungs show as two
SIGNIFICANT = 3.0  # standard deviations a rung stands above none
PROMINENT = 0.15  # height of a rung over the smear's beneath it, from which on it is one
RELATIVE_ERROR = 0.01  # of the model, as a share of the signal: bands are not exactly of the shape assumed
KNOTS = 0.7  # of the smear, in spacings of the first rung: coarser than a band, finer than the smear of one rung
BELOW_EMPTY = 1.0  # spacings below the unmodified region from where on nothing of the target can stand
TO_BACKGROUND = 0.004, 0.35  # share of a broad smear that is not safe from the background, and that per leak
BELOW = 0.2  # spacings below the unmodified region that are fitted, for the tail
SMEAR_END = 0.1  # spacings above the unmodified band at which the smear has ended
BENDS = 0.25  # prior of the smear's second differences, in its own 95th percentile
TURNS = 2, 1  # with what is known beforehand, and with what the other lanes say
MOST, BEYOND = 60, 3  # modifiers, and places beyond the well

# Prior of the shapes: log width over the first guess, skewness, log width of rungs over the band's, growth per rung.
SHAPE_MEAN = np.array([0.0, 0.0, -0.12, 0.02])
SHAPE_SD = np.array([0.3, 0.4, 0.15, 0.02])
SHAPE_OWN = np.array([0.08, 0.15, 0.03, 0.005])  # scatter from lane to lane
# Apparent mass: off by so much of a modifier for the target, per modifier as a trend, and at random with every one.
OFF_TARGET, OFF_TREND, OFF_STEP = 0.1, 0.025, 0.03
ANCHOR = 0.5  # error of the band's own place over that
CALIBRATION_ERROR = 0.001, 0.004  # log10(kDa), at least and at most
LEFT_OUT = 0.4  # error of the curve over the residual of bands left out of it, which is that of wider gaps
CURVE_SCALE = 0.25  # of log mass over which the marker's curve errs alike: neighbouring bands


@dataclass(frozen=True, eq=False)
class _Lane:
    """One lane made ready."""

    ladder: Ladder
    data: LaneData
    window: slice
    own: Array  # covariance of what only this lane departs by
    wobble: Wobble
    share: float  # of a broad smear that may have gone to the background, or the other way


def fit_ladders(
    ladders: Sequence[Ladder],
    calibration: Calibration,
    *,
    target_kda: float,
    modifier_kda: float,
    loaded: Collection[int] | None = None,
    leak: float = 0.0,
) -> tuple[Ladder, ...]:
    """Deconvolve the unmodified band, the rungs above it and the smear, in all lanes of a blot.

    Parameters
    ----------
    ladders : sequence of Ladder
        All lanes, as `ublot.ladder.quantify_ladder` gives them.
    calibration : Calibration
    target_kda, modifier_kda : float
    loaded : collection of int, optional
        Numbers of the lanes that may hold target; all where not given. Others are given back as they are.
    leak : float
        Signal of a lane in the middle of its gutter, as a share of its own: from where the background was taken.

    Returns
    -------
    tuple of Ladder
    """
    chosen = [k for k in ladders if (loaded is None or k.lane in loaded) and _usable(k)]
    if not chosen:
        return tuple(ladders)
    masses: Array = target_kda + modifier_kda * np.arange(MOST + 1, dtype=np.float64)
    nominal: Array = np.asarray(row_at(calibration, masses), np.float64)
    above = min(k.well_row - (k.target_row - nominal[0]) for k in chosen)
    count = max(int(np.count_nonzero(nominal > above)) + BEYOND, 4)
    masses, nominal = masses[:count], nominal[:count]
    sigma = _first_width(chosen, nominal)
    empty = [k.low_row + BELOW_EMPTY * (nominal[0] - nominal[1]) for k in chosen]
    wobble = measure_wobble([k.profile for k in chosen], empty)
    lanes = [_prepare(k, nominal, sigma, wobble, TO_BACKGROUND[0] + TO_BACKGROUND[1] * leak) for k in chosen]
    prior = _common_prior(nominal, masses, sigma, calibration)
    fits = [fit_lane(lane.data, prior, turns=TURNS[0]) for lane in lanes]
    lanes = [_weigh(lane, fit) for lane, fit in zip(lanes, fits, strict=True)]
    looks = []
    for lane, fit in zip(lanes, fits, strict=True):
        seen, gradient = information(lane.data, fit)
        looks.append((seen, seen @ fit.theta + gradient))
    priors = pool_lanes(looks, prior, np.mean([lane.own for lane in lanes], axis=0))
    done = {}
    for lane, own_prior, fit in zip(lanes, priors, fits, strict=True):
        done[lane.ladder.lane] = _finish(lane, own_prior, fit, masses)
    return tuple(done.get(k.lane, k) for k in ladders)


def _usable(ladder: Ladder) -> bool:
    rows = ladder.boundary_row - ladder.well_row
    return "no_signal" not in ladder.flags and math.isfinite(ladder.target_row) and rows >= 16


def _first_width(ladders: Sequence[Ladder], nominal: Array) -> float:
    """Sigma of the unmodified bands, from their width at half height; a share of the spacing where they do not show."""
    spacing = float(nominal[0] - nominal[1])
    widths = []
    for k in ladders:
        near = np.abs(k.profile.rows - k.target_row) < 0.6 * spacing
        signal = k.profile.signal[near]
        if k.antibody == "target" and len(signal) and signal.max() > 10 * np.median(k.profile.noise[near]):
            widths.append(float(np.count_nonzero(signal > 0.5 * signal.max())) / 2.3548)
    return float(np.clip(np.median(widths) if widths else 0.12 * spacing, 0.03 * spacing, 0.4 * spacing))


def _prepare(ladder: Ladder, nominal: Array, sigma: float, wobble: Wobble, share: float) -> _Lane:
    profile, spacing = ladder.profile, float(nominal[0] - nominal[1])
    shift = ladder.target_row - float(nominal[0])
    first = 0 if ladder.antibody == "target" else 1
    end = ladder.low_row + BELOW * spacing if first == 0 else ladder.boundary_row
    rows = profile.rows
    inside = np.flatnonzero((rows >= ladder.well_row) & (rows <= end))
    window = slice(int(inside[0]), int(inside[-1]) + 1)
    rows = rows[window]
    values, noise = profile.signal[window], profile.noise[window]
    until = ladder.target_row - SMEAR_END * spacing
    grid = np.arange(rows[0], max(until, rows[-1]) + 1.0)
    grid = grid[grid <= until]
    basis = spline_basis(grid, KNOTS * spacing)[:, :-3]
    smear = np.zeros((basis.shape[1], len(rows)))
    both = min(len(rows), len(grid))
    smear[:, :both] = basis[:both].T
    height = max(float(np.quantile(np.abs(values[rows < ladder.boundary_row]), 0.95)), 1e-9)
    second = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    own = _own_spread(nominal, ladder, shift)
    data = LaneData(
        rows, values, 1 / _error(values, noise), nominal + shift, first, _last_resolved(nominal, sigma, SHAPE_MEAN),
        smear, second.T @ second / (BENDS * height) ** 2,
    )  # fmt: skip
    return _Lane(ladder, data, window, own, wobble, share)


def _error(values: Array, noise: Array) -> Array:
    level = np.convolve(np.pad(values, 2, mode="edge"), np.array([1, 4, 6, 4, 1]) / 16, "valid")
    floor = max(1e-5 * float(np.ptp(values)), 1e-12)
    return np.asarray(np.sqrt(np.maximum(noise, floor) ** 2 + (RELATIVE_ERROR * level) ** 2))


def _last_resolved(nominal: Array, sigma: float, shape: Array) -> int:
    """The last rung that stands clear of its neighbours."""
    n = np.arange(1, len(nominal) - 1)
    widths = sigma * np.exp(shape[2] + shape[3] * (n - 1))
    clear = (nominal[:-2] - nominal[2:]) / 2 >= RESOLVED * widths
    return int(np.argmin(clear)) if not clear.all() else int(n[-1])


def _common_prior(nominal: Array, masses: Array, sigma: float, calibration: Calibration) -> Prior:
    n = np.arange(len(nominal), dtype=np.float64)
    spacing = -np.gradient(nominal)
    modifier = float(masses[1] - masses[0])
    # The target itself runs off its mass by so much of a modifier, and every band above it with it.
    shifted = spacing[0] - spacing
    off = (
        _curve_error(masses, modifier, calibration)
        + OFF_TREND**2 * np.outer(n, n)
        + OFF_STEP**2 * np.minimum.outer(n, n)
    )
    places = off * np.outer(spacing, spacing) + OFF_TARGET**2 * (
        np.outer(shifted, shifted) + ANCHOR**2 * spacing[0] ** 2
    )
    places += 1e-4 * np.eye(len(n))
    covariance = np.zeros((SHAPES + len(n),) * 2)
    covariance[:SHAPES, :SHAPES] = np.diag(SHAPE_SD**2)
    covariance[SHAPES:, SHAPES:] = places
    mean = np.concatenate([SHAPE_MEAN + [math.log(sigma), 0, 0, 0], np.zeros(len(n))])
    return Prior(mean, covariance)


def _curve_error(masses: Array, modifier: float, calibration: Calibration) -> Array:
    """Covariance of the marker's error in modifiers: neighbours err alike, and not at the target, the lane's anchor."""
    residual = calibration.residual if math.isfinite(calibration.residual) else 0.0
    residual = float(np.clip(LEFT_OUT * residual, *CALIBRATION_ERROR))
    x = np.log(masses)
    alike = np.exp(-0.5 * ((x[:, None] - x) / CURVE_SCALE) ** 2)
    scale = residual * math.log(10) * masses / modifier
    return np.asarray((alike - np.outer(alike[0], alike[0])) * np.outer(scale, scale))


def _own_spread(nominal: Array, ladder: Ladder, shift: float) -> Array:
    """What a lane departs by on its own: its shift, and that a lane that ran further did so all along."""
    spacing = float(nominal[0] - nominal[1])
    away = nominal[0] - nominal
    stretch = 0.003 + 0.5 * abs(shift) / max(ladder.target_row - ladder.well_row, 1.0)
    places = (0.06 * spacing) ** 2 + stretch**2 * np.outer(away, away) + 1e-4 * np.eye(len(nominal))
    own = np.zeros((SHAPES + len(nominal),) * 2)
    own[:SHAPES, :SHAPES] = np.diag(SHAPE_OWN**2)
    own[SHAPES:, SHAPES:] = places
    return own


def _weigh(lane: _Lane, fit: LaneFit) -> _Lane:
    """Weights after what the first fit left over: its size and that neighbours are alike."""
    data = lane.data
    scaled = fit.residual * data.weight
    size = float(np.sqrt(np.mean(scaled**2)))
    worse = max(size, 1.0) * math.sqrt(_alike(scaled))
    return replace(lane, data=replace(data, weight=data.weight / worse))


def _alike(scaled: Array, span: int = 12) -> float:
    """Variance of the mean of neighbours over that of independent values."""
    count = len(scaled) // span
    if count < 4:
        return 1.0
    blocks = scaled[: count * span].reshape(count, span)
    return float(np.clip(np.mean(blocks.sum(axis=1) ** 2) / max(span * np.mean(scaled**2), 1e-300), 1.0, span))


# ---------------------------------------------------------------------------------------------------------- the report
def _finish(lane: _Lane, prior: Prior, fit: LaneFit, masses: Array) -> Ladder:
    nominal, theta = lane.data.nominal, prior.mean
    last = _last_resolved(nominal, math.exp(theta[0]), theta[:SHAPES])
    data = replace(lane.data, last=max(last, lane.data.first))
    fit = fit_lane(data, prior, start=fit, turns=TURNS[1])
    last = _resolved(data, fit)
    if last != data.last:
        data = replace(data, last=max(last, data.first))
        fit = fit_lane(data, prior, start=fit, turns=0)
    return _report(replace(lane, data=data), prior, fit, masses, last)


def _posterior(data: LaneData, prior: Prior, fit: LaneFit) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Covariance of (active linear, non-linear), its curves, the precision that is prior, and what is active."""
    k = len(fit.areas)
    active = np.concatenate([np.ones(k, bool), fit.splines > 0])
    curves = np.concatenate([linear_curves(data, fit)[active], slopes(data, fit)])
    known = np.zeros((len(curves),) * 2)
    size = int(active.sum())
    known[k:size, k:size] = data.penalty[np.ix_(active[k:], active[k:])]
    known[size:, size:] = np.linalg.inv(prior.covariance)
    weighted = curves * data.weight
    normal = weighted @ weighted.T + known
    scale = 1 / np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.inv(normal * np.outer(scale, scale) + 1e-10 * np.eye(len(scale))) * np.outer(scale, scale)
    return inverse, curves, known, active


def _resolved(data: LaneData, fit: LaneFit) -> int:
    """The last rung that stands out of the smear; 0 where none does."""
    k = len(fit.areas)
    kept = np.concatenate([np.ones(k, bool), fit.splines > 0])
    gram = fit.gram[np.ix_(kept, kept)]
    inverse = np.linalg.inv(gram + 1e-10 * np.diag(np.diag(gram)))
    sd = np.sqrt(np.maximum(np.diag(inverse)[:k], 0))
    positions, widths = places(data, fit.theta)
    height = fit.areas / (math.sqrt(2 * math.pi) * widths)
    under = np.interp(positions, data.rows, fit.splines @ data.smear)
    n = np.arange(data.first, data.last + 1)
    clear = (fit.areas > SIGNIFICANT * sd) & (height > PROMINENT * under) & (n > 0)
    if data.first == 0 and len(n) > 2:
        # Where a smear sets in beside the unmodified band, a first "rung" would fill its step: ask for a valley.
        middle = 0.5 * (positions[1] + positions[2])
        above = fit.areas[1:] @ fit.bands.curves[1:] + fit.splines @ data.smear
        crest, valley = np.interp([positions[1], middle], data.rows, above)
        clear[1] &= bool(crest > valley)
    return int(n[clear][-1]) if clear.any() else 0


def _shares_of_rows(profile: Profile, edges: Array) -> Array:
    """Share of every row in the stretches between falling `edges`, shape (stretches, rows)."""
    r = profile.rows
    low, high = edges[1:, None], edges[:-1, None]
    return np.clip(np.minimum(r + 0.5, high) - np.maximum(r - 0.5, low), 0.0, 1.0)


def _report(lane: _Lane, prior: Prior, fit: LaneFit, masses: Array, resolved: int) -> Ladder:
    ladder, data, profile = lane.ladder, lane.data, lane.ladder.profile
    first = data.first
    where = data.nominal + fit.theta[SHAPES:]
    middle = 0.5 * (where[1:-1] + where[2:])  # between n and n + 1, from n = 1 on
    inside = middle > ladder.well_row
    last = max(int(np.count_nonzero(inside)) + 1, resolved, 1)  # the last place with signal below the well
    edges = np.concatenate(
        [[ladder.boundary_row], np.clip(middle[: last - 1], ladder.well_row, ladder.boundary_row), [ladder.well_row]]
    )
    edges = np.minimum.accumulate(edges)
    stretches = _shares_of_rows(profile, edges)  # n = 1 ... last
    band = _shares_of_rows(profile, np.array([ladder.low_row, ladder.boundary_row]))
    well = _shares_of_rows(profile, np.array([ladder.well_row, ladder.top_row]))
    regions = np.concatenate([band, stretches, well])
    k = len(fit.areas)
    rungs = np.arange(max(first, 1), (data.last if resolved else 0) + 1)
    inverse, curves, known, active = _posterior(data, prior, fit)
    cut = regions[:, lane.window]
    # Outputs: unmodified, smear of n = 1 ... last, well, then the rungs: areas of the model and what it left over.
    smear = fit.splines @ data.smear
    outputs = regions @ profile.signal
    outputs[: last + 1] -= cut[: last + 1] @ (fit.linear @ linear_curves(data, fit))
    outputs[1 : last + 1] += cut[1 : last + 1] @ smear
    outputs[1] += float(cut[0] @ smear)
    slope = np.zeros((len(outputs), len(curves)))
    slope[: last + 1] = -cut[: last + 1] @ curves.T
    splines = slice(k, int(active.sum()))
    slope[1 : last + 1, splines] += cut[1 : last + 1] @ curves[splines].T
    slope[1, splines] += cut[0] @ curves[splines].T
    if first == 0:
        outputs[0] += fit.areas[0]
        slope[0, 0] += 1.0
    if not resolved:  # a placeholder of a band that is not there
        extra = fit.areas[1 - first :]
        for j, area in enumerate(extra, start=1 - first):
            outputs[j + first] += area
            slope[j + first, j] += 1.0
    _edges_move(slope, int(active.sum()), data, smear, edges, last)
    direct = np.zeros((len(rungs), len(curves)))
    direct[np.arange(len(rungs)), rungs - first] = 1.0
    outputs = np.concatenate([outputs, fit.areas[rungs - first]])
    slope = np.concatenate([slope, direct])
    # Linear response to the data: directly, and through what was fitted.
    response = np.zeros((len(outputs), len(profile.raw)))
    response[: len(regions)] = regions
    gain = slope @ inverse
    response[:, lane.window] += (gain @ curves) * data.weight**2
    covariance = (response * _variance(lane, fit)) @ response.T
    moved = response @ _modes(lane, fit).T
    covariance += moved @ moved.T + gain @ known @ gain.T
    return _describe(lane, fit, outputs, covariance, rungs, last, resolved, masses, where)


def _edges_move(slope: Array, at: int, data: LaneData, density: Array, edges: Array, last: int) -> None:
    """Where rungs stand is uncertain, and so is where the smear of one ends and that of the next begins."""
    height = np.interp(edges[1:-1], data.rows, density)
    for j, h in enumerate(height, start=1):  # between n = j and j + 1
        for place in (j, j + 1):
            slope[j, at + SHAPES + place] -= 0.5 * h
            slope[j + 1, at + SHAPES + place] += 0.5 * h


def _modes(lane: _Lane, fit: LaneFit) -> Array:
    """What the background may be off by: as stated, what it wobbles besides, and a share of the smear."""
    profile, data = lane.ladder.profile, lane.data
    above = np.zeros(len(profile.raw))
    above[lane.window] = fit.areas[1 - data.first :] @ fit.bands.curves[1 - data.first :] + fit.splines @ data.smear
    smooth = ndimage.gaussian_filter1d(above, profile.width, mode="constant")
    return np.asarray(
        np.concatenate([profile.modes, lane.wobble.modes(profile, lane.ladder.low_row), lane.share * smooth[None]]),
        np.float64,
    )


def _variance(lane: _Lane, fit: LaneFit) -> Array:
    """Variance of every row: its noise or what the fit left over, whichever is more, neighbours being alike."""
    profile = lane.ladder.profile
    out = lane.wobble.grain * profile.noise**2
    local = np.convolve(np.pad(fit.residual**2, 7, mode="reflect"), np.full(15, 1 / 15), "valid")
    scaled = fit.residual / np.sqrt(np.maximum(local, 1e-300))
    out[lane.window] = np.maximum(out[lane.window], local * _alike(scaled))
    return np.asarray(out)


def _describe(
    lane: _Lane,
    fit: LaneFit,
    outputs: Array,
    covariance: Array,
    rungs: NDArray[np.integer],
    last: int,
    resolved: int,
    masses: Array,
    where: Array,
) -> Ladder:
    ladder, profile, first = lane.ladder, lane.ladder.profile, lane.data.first
    # Columns of `by_n` pick what has n modifiers, unmodified first.
    size = len(outputs)
    by_n = np.zeros((last + 1, size))
    by_n[0, 0] = 1.0 if first == 0 else 0.0
    for n in range(1, last + 1):
        by_n[n, n] = 1.0
    for j, n in enumerate(rungs):
        by_n[n, last + 2 + j] = 1.0
    total = np.stack([by_n[0], by_n[1:].sum(axis=0), np.eye(size)[last + 1]])
    areas, spread = total @ outputs, total @ covariance @ total.T
    whole = float(areas[0] + areas[1])
    mean = _mean_number(by_n, outputs, covariance, ladder.antibody)
    share = by_n @ outputs / whole if whole > 0 else np.full(last + 1, math.nan)
    bins = tuple(float(share[a : b + 1].sum()) for a, b in ((1, 3), (4, 8), (9, last)))
    ladder_area = float(outputs[last + 2 :].sum())
    fitted = np.full(len(profile.raw), 0.0)
    fitted[lane.window] = profile.signal[lane.window] - fit.residual
    species = _species(ladder, outputs, covariance, rungs, last, masses, where, whole)
    flags = tuple(f for f in ladder.flags if f != "ladder_unresolved")
    if not resolved:
        flags = (*flags, "ladder_unresolved")
    if first == 1:
        spread[0, :] = spread[:, 0] = 0.0
    return replace(
        ladder,
        unmodified=float(areas[0]) if first == 0 else ladder.unmodified,
        hmw=float(areas[1]),
        covariance=spread,
        mean_ubiquitins=mean,
        shares=(bins[0], bins[1], bins[2]),
        ladder_fraction=ladder_area / float(areas[1]) if areas[1] > 0 else math.nan,
        resolved_to=resolved or None,
        species=species,
        fit=fitted,
        flags=flags,
    )


def _mean_number(by_n: Array, outputs: Array, covariance: Array, antibody: str) -> Interval:
    n = np.arange(len(by_n), dtype=np.float64)
    if antibody == "modifier":  # signal counts modifiers: molecules are signal over n
        molecules, count = by_n[1:].T @ (1 / n[1:]), by_n[1:].sum(axis=0)
    else:
        molecules, count = by_n.sum(axis=0), by_n.T @ n
    whole = float(molecules @ outputs)
    if whole <= 0:
        return Interval(math.nan)
    mean = float(count @ outputs) / whole
    slope = (count - mean * molecules) / whole
    reach = Z95 * math.sqrt(max(float(slope @ covariance @ slope), 0.0))
    return Interval(mean, mean - reach, mean + reach)


def _species(
    ladder: Ladder,
    outputs: Array,
    covariance: Array,
    rungs: NDArray[np.integer],
    last: int,
    masses: Array,
    where: Array,
    whole: float,
) -> tuple[Species, ...]:
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))

    def one(n: int, at: int, kind: str) -> Species:
        value, reach = float(outputs[at]), Z95 * float(sd[at])
        share = value / whole if whole > 0 else math.nan
        return Species(n, float(masses[n]), float(where[n]), Interval(value, value - reach, value + reach), share, kind)

    found = [one(0, 0, "rung")] if ladder.antibody == "target" else []
    place = {int(n): last + 2 + j for j, n in enumerate(rungs)}
    for n in range(1, last + 1):
        if n in place:
            found.append(one(n, place[n], "rung"))
        found.append(one(n, n, "smear"))
    return tuple(found)
