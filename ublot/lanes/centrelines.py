"""Lane geometry to sub-pixel precision: centre lines, widths and softness of edges from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from ublot.membrane.lateral_shape import BESIDE, LaneShapes, beside, lane_centres, lane_widths, shapes_about
from ublot.membrane.regression import MembraneFit, fit_membrane
from ublot.membrane.spline_grid import Grid, make_grid
from ublot.model import Lane, Lanes
from ublot.numerics.medians import median, row_medians
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.membrane.cells import Cells
    from ublot.numerics.arrays import Array

__all__ = ["refine_lanes", "straight_lane"]

# Prior standard deviations. They hold back lanes that show little; a lane with signal overrules them by far.
OWN_PLACE = 0.04  # of the pitch
OWN_BEND = 0.005  # of the pitch at the top and bottom, about what all lanes share
BENT = 0.06  # columns per row: about 3.5 degrees
OWN_WIDTH = 0.05  # in log width
SOFTNESS = (2.0, 14.0)
CERTAIN = 9.0  # squared standard errors a lane's height must exceed to tell of its shape
LONGEST = 0.25  # of the pitch: a step
DONE = 0.004  # of the pitch: after such a step lanes stand right
LEAP = 1.3  # times its length is gone of every step: lanes and membrane are fitted in turns, which creeps
KNOTS = 1.5  # of the pitch between knots of the membrane
SMOOTHNESS = 2e-4  # of the membrane: soft, so that lanes that do not stand right yet are not forced on each other
STRAIGHT = 1e3  # factor on the prior of own bends that holds back all bends
TRUSTING = 3  # turns after which what does not fit is dirt
SLOWEST, FURTHEST = 0.95, 0.06  # ratio of steps, and sum in log width, up to which a series of steps is summed
# Of what stands out along the run in the usual lane, within so many cells (sigma): a lane with less shows no width of
# its own. It is 0.002 to 0.045 in blank lanes of simulated blots, blotchy ones included, and 0.15 in faint real ones.
SHOWN, BANDS = 0.05, 3.0
PER_LANE, SHARED = 4, 4  # shift, tilt, bow, log width; tilt, bow, fan (tilt that grows with x), log softness


@dataclass(frozen=True, eq=False)
class _Setting:
    """What does not change while lanes are refined.

    Attributes
    ----------
    grid : Grid
    pitch : float
    seen : ndarray, shape (knots, rows of cells)
        What the knots of a centre line count for in the rows of cells.
    first : ndarray, shape (lanes, knots)
        Columns of the knots at the start.
    motion, knot_motion : ndarray, shape (lanes, 6, rows of cells) and (lanes, 6, knots)
        How far the parameters of a lane move its centre line: its own shift, tilt and bow and the shared tilt, bow and
        fan.
    acting : ndarray of int, shape (lanes, 8)
        Which of all parameters act on each lane: those of `motion`, log width, log softness.
    blank : ndarray of bool, shape (lanes,)
        Lanes known to hold nothing.
    """

    grid: Grid
    pitch: float
    seen: Array
    first: Array
    motion: Array
    knot_motion: Array
    acting: NDArray[np.intp]
    blank: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Form:
    """Columns of the knots of all lanes, shape (lanes, knots), their widths, px, and the softness they share."""

    xs: Array
    widths: Array
    softness: float


def _setting(cells: Cells, lanes: Lanes, blank: Collection[int]) -> _Setting:
    knots, count = np.array(lanes[0].rows), len(lanes)
    seen = np.array([np.interp(cells.row_px, knots, each) for each in np.eye(len(knots))])
    mid, half = 0.5 * (cells.row_px[0] + cells.row_px[-1]), 0.5 * np.ptp(cells.row_px) + 1e-9
    x = lane_centres(lanes, np.array([mid]))
    fan = ((x - x.mean()) / (0.5 * lanes.pitch * count))[:, :, None]

    def motion(rows: Array) -> Array:
        t = (rows - mid) / half
        own, bent = np.broadcast_to([t**0, t, t**2], (count, 3, len(t))), np.broadcast_to([t, t**2], (count, 2, len(t)))
        return np.concatenate([own, bent, fan * t], axis=1)

    own, shared = PER_LANE * np.arange(count)[:, None] + np.arange(PER_LANE), PER_LANE * count + np.arange(SHARED)
    shared = np.tile(shared, (count, 1))
    acting = np.hstack([own[:, :3], shared[:, :3], own[:, 3:], shared[:, 3:]])
    return _Setting(
        make_grid(cells, KNOTS * lanes.pitch), lanes.pitch, seen, np.array([lane.xs for lane in lanes]),
        motion(cells.row_px), motion(knots), acting, np.array([lane.number in blank for lane in lanes]),
    )  # fmt: skip


def _gradients(shapes: LaneShapes, form: _Form) -> Array:
    """Derivatives of the lateral shapes by shift, log width and log softness, shape (3, rows, lanes, n)."""
    near = shapes.offset + np.copysign(1e-9, shapes.offset)
    log_u = np.log(np.abs(near) * (2 / form.widths)[:, None])
    out = np.empty((3, *log_u.shape))
    np.multiply(shapes.values, np.log(2.0) * form.softness * np.exp(form.softness * log_u), out=out[1])
    np.divide(out[1], near, out=out[0])
    np.multiply(out[1], -log_u, out=out[2])
    return out


def _normal_equations(setting: _Setting, form: _Form, shapes: LaneShapes, fit: MembraneFit) -> tuple[Array, Array]:
    """Gauss-Newton equations of all geometry parameters, lane amplitudes eliminated row by row."""
    weights = shapes.of(fit.weights) / fit.sigma**2
    weighted = weights * shapes.values
    own = np.einsum("rln,rln->rl", weighted, shapes.values) + 1e-12
    # A height that is mostly noise says nothing about the shape: it is shrunk by its own variance.
    signal = fit.amplitudes**2 * own
    heights = fit.amplitudes * (1 - CERTAIN / np.maximum(signal, CERTAIN))
    # Only haze, which runs the whole length, shows where a blank lane is. The rest is its neighbours' bands.
    if setting.blank.any():
        heights[:, setting.blank & (np.median(signal, axis=0) < CERTAIN)] = 0
    gradients = _gradients(shapes, form)
    residual = shapes.of(setting.grid.values + setting.grid.centre - fit.fitted - shapes.picture(fit.amplitudes))
    alike = np.einsum("arln,rln->arl", gradients, weighted) / own
    pulled = np.einsum("arln,rln->arl", gradients, weights * residual)
    outer = (pulled - alike * np.einsum("rln,rln->rl", weighted, residual)) * heights
    inner = np.empty((3, 3, *own.shape))
    for a in range(3):
        heavy = gradients[a] * weights
        for b in range(a, 3):
            both = np.einsum("rln,rln->rl", heavy, gradients[b]) - own * alike[a] * alike[b]
            inner[a, b] = inner[b, a] = both * heights**2

    motion, (inner, outer) = setting.motion, (inner.transpose(0, 1, 3, 2), outer.transpose(0, 2, 1))
    count = len(motion)
    gram, rhs = np.zeros((count, 8, 8)), np.zeros((count, 8))
    gram[:, :6, :6] = (motion * inner[0, 0][:, None]) @ motion.transpose(0, 2, 1)
    gram[:, :6, 6:] = motion @ inner[0, 1:].transpose(1, 2, 0)
    gram[:, 6:, :6] = gram[:, :6, 6:].transpose(0, 2, 1)
    gram[:, 6:, 6:] = inner[1:, 1:].sum(axis=3).transpose(2, 0, 1)
    rhs[:, :6] = (motion @ outer[0][:, :, None])[:, :, 0]
    rhs[:, 6:] = outer[1:].sum(axis=2).T
    n, acting = PER_LANE * count + SHARED, setting.acting
    pairs = acting[:, :, None] * n + acting[:, None, :]
    all_gram = np.asarray(np.bincount(pairs.ravel(), gram.ravel(), n * n), np.float64).reshape(n, n)
    return all_gram, np.asarray(np.bincount(acting.ravel(), rhs.ravel(), n), np.float64)


def _moved(setting: _Setting, form: _Form, step: Array) -> _Form:
    """Lanes after a step of all parameters, bent or tilted away from where they started by no more than `BENT` allows.

    A slanting band looks like a lane that is tilted, the more so where it is the only band of a short strip.
    """
    steps = step[setting.acting]
    xs = form.xs + (steps[:, None, :6] @ setting.knot_motion)[:, 0]
    away = xs - setting.first
    middle = row_medians(away)[:, None]
    rows = setting.grid.cells.row_px
    limit = 0.5 * BENT * float(rows[-1] - rows[0])
    bent = (away - middle) / np.maximum(np.abs(away - middle).max(axis=1, keepdims=True) / limit, 1)
    softness = min(max(form.softness * float(np.exp(step[-1])), SOFTNESS[0]), SOFTNESS[1])
    return _Form(setting.first + middle + bent, form.widths * np.exp(steps[:, 6]), softness)


def _limited(step: Array, pitch: float) -> Array:
    """A step that moves no lane by more than `LONGEST`, nor changes widths and softness by much."""
    own, shared = step[:-SHARED].reshape(-1, PER_LANE), step[-SHARED:]
    parts = [np.hstack([_shortened(part[:, :3], LONGEST * pitch), part[:, 3:].clip(-most, most)])
             for part, most in ((own, 0.25), (shared[None], 0.4))]  # fmt: skip
    return np.concatenate([part.ravel() for part in parts])


def _shortened(shifts: Array, limit: float) -> Array:
    """Rows of shifts, each scaled down until its absolute values add up to no more than the limit."""
    return np.asarray(shifts / np.maximum(np.abs(shifts).sum(axis=1, keepdims=True) / limit, 1))


def _evenly_spaced(setting: _Setting, form: _Form) -> _Form:
    """Lanes with the blank ones moved to where the spacing of the others puts them."""
    known = ~setting.blank
    if known.sum() < 2 or known.all():
        return form
    number, at = np.arange(len(known)), np.flatnonzero(known)
    x = form.xs[:, form.xs.shape[1] // 2]
    pitch = float(np.median(np.diff(x[known]) / np.diff(at)))
    beyond = np.minimum(number - at[0], 0) + np.maximum(number - at[-1], 0)
    shift = np.where(known, 0.0, np.interp(number, at, x[known]) + beyond * pitch - x)
    return replace(form, xs=form.xs + shift[:, None])


def _prior(count: int, pitch: float) -> tuple[Array, NDArray[np.bool_]]:
    """Prior precision of all parameters, and which of them bend or tilt lanes."""
    bend = 1 / (OWN_BEND * pitch) ** 2
    own = [1 / (OWN_PLACE * pitch) ** 2, bend, bend, 1 / OWN_WIDTH**2]
    free = 1e-3 / pitch**2
    bends = [False, True, True, False] * count + [True, True, True, False]
    return np.array(own * count + [free, free, free, 1.0]), np.array(bends)


def refine_lanes(
    cells: Cells, lanes: Lanes, *, turns: int = 8, blank: Collection[int] = ()
) -> tuple[Lanes, MembraneFit]:
    """Fit centre lines, widths and softness of all lanes to the cells, by Gauss-Newton steps with weak priors.

    Tilt and bow are shared by all lanes up to small deviations, so that a faint or blank lane follows its neighbours.

    Parameters
    ----------
    cells : Cells
    lanes : Lanes
        Start: centre lines right to about a quarter of the pitch, with knots in the same rows.
    turns : int
        Steps at most.
    blank : collection of int
        Numbers of the lanes known to hold nothing: they follow the others unless haze shows them.

    Returns
    -------
    lanes : Lanes
    membrane : MembraneFit
        The fit that belongs to the last lanes but one step.
    """
    setting, pitch, count = _setting(cells, lanes, blank), lanes.pitch, len(lanes)
    prior, bends = _prior(count, pitch)
    widths_at = np.s_[3 : PER_LANE * count : PER_LANE]
    form = _Form(setting.first, lane_widths(lanes), lanes.softness)
    moved = np.zeros_like(prior)
    drift, jumped = np.inf, False
    fit: MembraneFit | None = None
    for turn in range(turns):
        centres = form.xs @ setting.seen
        shapes = shapes_about(cells, centres, form.widths, form.softness)
        near = beside(cells, centres, BESIDE * pitch)
        trusting = turn >= TRUSTING
        # Until lanes stand about right, what does not fit is no outlier, and none bends (pen, slanting bands).
        known = fit if trusting else None
        fit = fit_membrane(setting.grid, shapes, rounds=1, beside=near, start=known, smoothness=SMOOTHNESS)
        gram, rhs = _normal_equations(setting, form, shapes, fit)
        widths = np.log(form.widths)
        moved[widths_at] = widths - median(widths)
        moved[-1] = 0.0
        hold = prior if trusting else np.where(bends, STRAIGHT * prior[1], prior)
        gram.flat[:: len(gram) + 1] += hold
        _, step, _ = linalg.lapack.dposv(gram, rhs - hold * moved)
        drift, before = float(step[widths_at].mean()), drift
        # Widths and membrane are fitted in turns. In narrow gutters they trade against each other, and the steps of the
        # common width shrink like a geometric series: its sum is taken at once (Aitken 1926).
        ahead = drift * before / (before - drift) if before and 0 < drift / before < SLOWEST else 0.0
        if turn >= 3 and not jumped:
            step[widths_at] += min(max(ahead, -FURTHEST), FURTHEST)
        jumped = turn >= 3 and not jumped
        step = _limited(LEAP * step, pitch)
        form = _moved(setting, form, step)
        moved += step
        if turn == 0 and blank:
            # The loaded lanes stand right by now; blank ones were seen by chance.
            form = _evenly_spaced(setting, form)
            moved[: PER_LANE * count : PER_LANE][setting.blank] = 0
            continue
        own = np.abs(step[: PER_LANE * count]).reshape(count, PER_LANE)
        furthest, widest = own[:, :3].max() / pitch, max(own[:, 3].max(), abs(step[-1]) / 4, 2 * abs(ahead))
        if trusting and furthest < DONE and widest < 0.01:
            break
    assert fit is not None
    return _placed(lanes, replace(form, widths=_widths_shown(form.widths, fit.amplitudes, setting.blank))), fit


def _widths_shown(widths: Array, amplitudes: Array, blank: NDArray[np.bool_]) -> Array:
    """Widths of all lanes: those that hold nothing, or next to nothing, have that of the others.

    `amplitudes`, shape (rows of cells, lanes), are smooth along the run where a lane was fitted to the membrane.
    """
    if blank.all():
        return widths
    stands_out = np.quantile(np.abs(amplitudes - smooth_rows(amplitudes.T, BANDS).T), 0.98, axis=0)
    shown = ~blank & (stands_out >= SHOWN * median(stands_out[~blank]))
    return np.where(shown, widths, median(widths[shown]))


def _placed(lanes: Lanes, form: _Form) -> Lanes:
    """Lanes with other knots, widths and softness."""
    forms = zip(lanes, form.xs.tolist(), form.widths.tolist(), strict=True)
    items = tuple(Lane(lane.number, lane.rows, tuple(x), width, lane.flags) for lane, x, width in forms)
    return replace(lanes, items=items, softness=form.softness)


def straight_lane(number: int, x: float, width: float, slope: float, mid: float, knots: NDArray[np.floating]) -> Lane:
    """A straight lane through `x` at row `mid`; `slope` in columns per row."""
    return Lane(number, tuple(map(float, knots)), tuple(map(float, x + slope * (knots - mid))), float(width))
