"""Lane geometry to sub-pixel precision: centre lines, widths and softness of edges from the picture itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ublot.gutter import Membrane, fit_membrane
from ublot.lateral import Cells, LaneShapes, beside_lanes, lane_centres, lane_shapes, lane_widths
from ublot.model import Lane, Lanes

__all__ = ["refine_lanes", "straight_lane"]

Array = NDArray[np.float64]

# Prior standard deviations. They hold back lanes that show little; a lane with signal overrules them by far.
OWN_PLACE = 0.04  # of the pitch
OWN_BEND = 0.005  # of the pitch at the top and bottom, about what all lanes share
BENT = 0.06  # columns per row: about 3.5 degrees
OWN_WIDTH = 0.05  # in log width
SOFTNESS = (2.0, 14.0)
CERTAIN = 9.0  # squared standard errors a lane's height must exceed to tell of its shape
LONGEST = 0.25  # of the pitch: a step
DONE = 0.002  # of the pitch: after such a step lanes stand right
STRAIGHT = 1e3  # factor on the prior of own bends that holds back all bends
TRUSTING = 3  # turns after which what does not fit is dirt
SLOWEST, FURTHEST = 0.95, 0.06  # ratio of steps, and sum in log width, up to which a series of steps is summed
PER_LANE, SHARED = 4, 4  # shift, tilt, bow, log width; tilt, bow, fan (tilt that grows with x), log softness


def _gradients(shapes: LaneShapes, lanes: Lanes) -> Array:
    """Derivatives of the lateral shapes by shift, log width and log softness, shape (3, lanes, rows, n)."""
    offset, softness = shapes.offset, lanes.softness
    u = np.abs(2 * offset / lane_widths(lanes)[:, None, None]) + 1e-9
    by_width = shapes.values * (np.log(2.0) * softness) * u**softness
    return np.array([by_width / (offset + np.copysign(1e-9, offset)), by_width, -by_width * np.log(u)])


def _motion(lanes: Lanes, rows: Array, mid: float, half: float) -> Array:
    """How far the parameters of a lane move its centre line at `rows`, shape (lanes, 6, rows).

    They are its own shift, tilt and bow and the shared tilt, bow and fan; `half` is half of the height.
    """
    x = lane_centres(lanes, np.array([mid]))
    fan = (x - x.mean()) / (0.5 * lanes.pitch * len(lanes))
    t = (rows - mid) / (half + 1e-9)
    return np.array([[np.ones_like(t), t, t**2, t, t**2, f * t] for f in fan])


def _parameters(count: int) -> NDArray[np.intp]:
    """Which of all parameters act on each lane, shape (lanes, 8): those of `_motion`, log width, log softness."""
    own, shared = PER_LANE * np.arange(count)[:, None] + np.arange(PER_LANE), PER_LANE * count + np.arange(SHARED)
    shared = np.tile(shared, (count, 1))
    return np.hstack([own[:, :3], shared[:, :3], own[:, 3:], shared[:, 3:]])


def _normal_equations(
    cells: Cells, lanes: Lanes, shapes: LaneShapes, fit: Membrane, blank: Collection[int]
) -> tuple[Array, Array]:
    """Gauss-Newton equations of all geometry parameters, lane amplitudes eliminated row by row."""
    weights = shapes.of(fit.weights) / fit.sigma**2
    own = (weights * shapes.overlaps[0]).sum(axis=2) + 1e-12
    # A height that is mostly noise says nothing about the shape: it is shrunk by its own variance.
    heights = fit.amplitudes.T
    signal = heights**2 * own
    heights = heights * (1 - CERTAIN / np.maximum(signal, CERTAIN))
    # Only haze, which runs the whole length, shows where a blank lane is. The rest is its neighbours' bands.
    unseen = [i for i, lane in enumerate(lanes) if lane.number in blank and np.median(signal[i]) < CERTAIN]
    heights[unseen] = 0
    gradients = _gradients(shapes, lanes)
    alike = (gradients * (weights * shapes.values)).sum(axis=3) / own
    free = (gradients - shapes.values * alike[..., None]) * heights[..., None]
    residual = shapes.of(cells.values - fit.fitted - shapes.picture(fit.amplitudes))
    inner = np.einsum("alrn,blrn->ablr", free * weights, free)
    outer = (free * (weights * residual)).sum(axis=3)

    mid, half = 0.5 * (cells.row_px[0] + cells.row_px[-1]), 0.5 * np.ptp(cells.row_px)
    motion = _motion(lanes, cells.row_px, mid, half)
    gram, rhs = np.zeros((len(lanes), 8, 8)), np.zeros((len(lanes), 8))
    gram[:, :6, :6] = (motion * inner[0, 0][:, None]) @ motion.transpose(0, 2, 1)
    gram[:, :6, 6:] = motion @ inner[0, 1:].transpose(1, 2, 0)
    gram[:, 6:, :6] = gram[:, :6, 6:].transpose(0, 2, 1)
    gram[:, 6:, 6:] = inner[1:, 1:].sum(axis=3).transpose(2, 0, 1)
    rhs[:, :6] = (motion @ outer[0][:, :, None])[:, :, 0]
    rhs[:, 6:] = outer[1:].sum(axis=2).T
    n, columns = PER_LANE * len(lanes) + SHARED, _parameters(len(lanes))
    all_gram, all_rhs = np.zeros((n, n)), np.zeros(n)
    np.add.at(all_gram, (columns[:, :, None], columns[:, None, :]), gram)
    np.add.at(all_rhs, columns, rhs)
    return all_gram, all_rhs


def _moved(lanes: Lanes, step: Array, rows: tuple[float, float]) -> Lanes:
    """Lanes after a step of all parameters."""
    steps = step[_parameters(len(lanes))]
    motion = _motion(lanes, np.array(lanes[0].rows), 0.5 * (rows[0] + rows[1]), 0.5 * (rows[1] - rows[0]))
    shifts = (steps[:, None, :6] @ motion)[:, 0]
    widths = lane_widths(lanes) * np.exp(steps[:, 6])
    softness = float(np.clip(lanes.softness * np.exp(step[-1]), *SOFTNESS))
    return replace(_placed(lanes, np.array([lane.xs for lane in lanes]) + shifts, widths), softness=softness)


def _limited(step: Array, pitch: float) -> Array:
    """A step that moves no lane by more than `LONGEST`, nor changes widths and softness by much."""
    own, shared = step[:-SHARED].reshape(-1, PER_LANE), step[-SHARED:]
    parts = [np.hstack([_shortened(part[:, :3], LONGEST * pitch), np.clip(part[:, 3:], -most, most)])
             for part, most in ((own, 0.25), (shared[None], 0.4))]  # fmt: skip
    return np.concatenate([part.ravel() for part in parts])


def _shortened(shifts: Array, limit: float) -> Array:
    """Rows of shifts, each scaled down until its absolute values add up to no more than the limit."""
    return np.asarray(shifts / np.maximum(np.abs(shifts).sum(axis=1, keepdims=True) / limit, 1))


def _placed(lanes: Lanes, xs: Array, widths: Array) -> Lanes:
    """Lanes with other knots, shape (lanes, knots), and widths."""
    items = zip(lanes, xs.tolist(), widths.tolist(), strict=True)
    return replace(lanes, items=tuple(Lane(lane.number, lane.rows, tuple(x), w, lane.flags) for lane, x, w in items))


def _held_straight(lanes: Lanes, start: Lanes) -> Lanes:
    """Lanes bent or tilted away from where they started by no more than `BENT` allows.

    A slanting band looks like a lane that is tilted, the more so where it is the only band of a short strip.
    """
    first = np.array([lane.xs for lane in start])
    away = np.array([lane.xs for lane in lanes]) - first
    middle = np.median(away, axis=1, keepdims=True)
    limit = BENT * (lanes[0].rows[-1] - lanes[0].rows[0]) / 2
    bent = (away - middle) / np.maximum(np.abs(away - middle).max(axis=1, keepdims=True) / limit, 1)
    return _placed(lanes, first + middle + bent, lane_widths(lanes))


def _evenly_spaced(lanes: Lanes, blank: Collection[int], row: float) -> Lanes:
    """Lanes with the blank ones moved to where the spacing of the others puts them."""
    known = np.array([lane.number not in blank for lane in lanes])
    if known.sum() < 2 or known.all():
        return lanes
    number = np.arange(len(lanes))
    x = lane_centres(lanes, np.array([row]))[:, 0]
    at = number[known]
    pitch = float(np.median(np.diff(x[known]) / np.diff(at)))
    beyond = np.minimum(number - at[0], 0) + np.maximum(number - at[-1], 0)
    shift = np.where(known, 0.0, np.interp(number, at, x[known]) + beyond * pitch - x)
    return _placed(lanes, np.array([lane.xs for lane in lanes]) + shift[:, None], lane_widths(lanes))


def refine_lanes(cells: Cells, lanes: Lanes, *, turns: int = 12, blank: Collection[int] = ()) -> tuple[Lanes, Membrane]:
    """Fit centre lines, widths and softness of all lanes to the cells, by Gauss-Newton steps with weak priors.

    Tilt and bow are shared by all lanes up to small deviations, so that a faint or blank lane follows its neighbours.

    Parameters
    ----------
    cells : Cells
    lanes : Lanes
        Start: centre lines right to about a quarter of the pitch.
    turns : int
        Steps at most.
    blank : collection of int
        Numbers of the lanes known to hold nothing: they follow the others unless haze shows them.

    Returns
    -------
    lanes : Lanes
    membrane : Membrane
        The fit that belongs to the last lanes but one step.
    """
    spacing = 1.5 * lanes.pitch
    rows = float(cells.row_px[0]), float(cells.row_px[-1])
    count = len(lanes)
    prior = np.zeros(PER_LANE * count + SHARED)
    prior[: PER_LANE * count] = np.tile(
        [
            1 / (OWN_PLACE * lanes.pitch) ** 2,
            1 / (OWN_BEND * lanes.pitch) ** 2,
            1 / (OWN_BEND * lanes.pitch) ** 2,
            1 / OWN_WIDTH**2,
        ],
        count,
    )
    prior[PER_LANE * count :] = 1e-3 / lanes.pitch**2, 1e-3 / lanes.pitch**2, 1e-3 / lanes.pitch**2, 1.0
    moved, bends = np.zeros_like(prior), np.zeros_like(prior, bool)
    bends[: PER_LANE * count] = np.tile([False, True, True, False], count)
    bends[PER_LANE * count : -1] = True
    start = lanes
    drift, jumped = np.inf, False
    fit: Membrane | None = None
    for turn in range(turns):
        shapes = lane_shapes(cells, lanes)
        beside = beside_lanes(cells, lanes)
        trusting = turn >= TRUSTING
        # Until lanes stand about right, what does not fit is no outlier, and none bends (pen, slanting bands).
        known, smoothness = (fit if trusting else None), (fit.smoothness if fit else None)
        fit = fit_membrane(cells, shapes, spacing, rounds=1, beside=beside, start=known, smoothness=smoothness)
        gram, rhs = _normal_equations(cells, lanes, shapes, fit, blank)
        widths = np.log(lane_widths(lanes))
        moved[3 : PER_LANE * count : PER_LANE] = widths - np.median(widths)
        moved[-1] = 0.0
        hold = prior if trusting else np.where(bends, STRAIGHT * prior[1], prior)
        step = np.asarray(np.linalg.solve(gram + np.diag(hold), rhs - hold * moved), np.float64)
        drift, before = float(np.mean(step[3 : PER_LANE * count : PER_LANE])), drift
        # Widths and membrane are fitted in turns. In narrow gutters they trade against each other, and the steps of the
        # common width shrink like a geometric series: its sum is taken at once (Aitken 1926).
        ahead = drift * before / (before - drift) if before and 0 < drift / before < SLOWEST else 0.0
        if turn >= 3 and not jumped:
            step[3 : PER_LANE * count : PER_LANE] += np.clip(ahead, -FURTHEST, FURTHEST)
        jumped = turn >= 3 and not jumped
        step = _limited(step, lanes.pitch)
        lanes = _held_straight(_moved(lanes, step, rows), start)
        moved += step
        if turn == 0 and blank:
            # The loaded lanes stand right by now; blank ones were seen by chance.
            lanes = _evenly_spaced(lanes, blank, 0.5 * (rows[0] + rows[1]))
            continue
        own = np.abs(step[: PER_LANE * count]).reshape(count, PER_LANE)
        furthest, widest = own[:, :3].max() / lanes.pitch, max(own[:, 3].max(), abs(step[-1]) / 4, 2 * abs(ahead))
        if trusting and furthest < DONE and widest < 0.01:
            break
    assert fit is not None
    return lanes, fit


def straight_lane(number: int, x: float, width: float, slope: float, mid: float, knots: NDArray[np.floating]) -> Lane:
    """A straight lane through `x` at row `mid`; `slope` in columns per row."""
    return Lane(number, tuple(map(float, knots)), tuple(map(float, x + slope * (knots - mid))), float(width))
