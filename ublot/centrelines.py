"""Lane geometry to sub-pixel precision: centre lines, widths and softness of edges from the picture itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ublot.gutter import Membrane, fit_membrane
from ublot.lateral import Cells, beside_lanes, lane_reach, lane_shapes, lane_window
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
SLOWEST, FURTHEST = 0.95, 0.06  # ratio of steps, and sum in log width, up to which a series of steps is summed
PER_LANE, SHARED = 4, 4  # shift, tilt, bow, log width; tilt, bow, fan (tilt that grows with x), log softness


def _gradients(offset: Array, width: float, softness: float) -> tuple[Array, Array, Array, Array]:
    """Lateral shape and its derivatives by shift, log width and log softness."""
    u = np.abs(2 * offset / width) + 1e-9
    power = np.log(2.0) * u**softness
    shape = np.exp(-power)
    by_width = shape * power * softness
    return shape, by_width / (offset + np.copysign(1e-9, offset)), by_width, -by_width * np.log(u)


def _normal_equations(
    cells: Cells, lanes: Lanes, fit: Membrane, residual: Array, blank: Collection[int]
) -> tuple[Array, Array]:
    """Gauss-Newton equations of all geometry parameters, lane amplitudes eliminated row by row."""
    mid = 0.5 * (cells.row_px[0] + cells.row_px[-1])
    t = (cells.row_px - mid) / (0.5 * np.ptp(cells.row_px) + 1e-9)
    along = np.stack([np.ones_like(t), t, t**2])
    n = PER_LANE * len(lanes) + SHARED
    gram, rhs = np.zeros((n, n)), np.zeros(n)
    middle, half = np.mean([lane.centre(mid) for lane in lanes]), 0.5 * lanes.pitch * len(lanes)
    for i, lane in enumerate(lanes):
        index, offset = lane_window(cells, lane, lane_reach(lane, lanes.softness))
        shape, *gradients = _gradients(offset, lane.width, lanes.softness)
        w = np.take_along_axis(fit.weights, index, axis=1) / fit.sigma**2
        own = (w * shape**2).sum(axis=1) + 1e-12
        # A height that is mostly noise says nothing about the shape: it is shrunk by its own variance.
        height = fit.amplitudes[:, i]
        if lane.number in blank and np.median(height**2 * own) < CERTAIN:
            # Only haze, which runs the whole length, shows where a blank lane is. The rest is its neighbours' bands.
            continue
        height = (height * (1 - CERTAIN / np.maximum(height**2 * own, CERTAIN)))[:, None]
        free = [(g - shape * ((w * shape * g).sum(axis=1) / own)[:, None]) * height for g in gradients]
        error = np.take_along_axis(residual, index, axis=1)
        inner = np.array([[(w * a * b).sum(axis=1) for a in free] for b in free])
        outer = np.array([(w * a * error).sum(axis=1) for a in free])
        fan = (float(lane.centre(mid)) - middle) / half
        place = PER_LANE * i + np.arange(3)
        shared = PER_LANE * len(lanes) + np.arange(3)
        # Columns: which parameters move the centre line, by how much in each row.
        columns = np.concatenate([place, shared, [PER_LANE * i + 3, n - 1]])
        design = np.zeros((3, 8, len(t)))
        design[0, :3], design[0, 3:6] = along, np.stack([t, t**2, fan * t])
        design[1, 6], design[2, 7] = 1, 1
        gram[np.ix_(columns, columns)] += np.einsum("apr,abr,bqr->pq", design, inner, design, optimize=True)
        rhs[columns] += np.einsum("apr,ar->p", design, outer, optimize=True)
    return gram, rhs


def _moved(lanes: Lanes, step: Array, rows: tuple[float, float]) -> Lanes:
    """Lanes after a step of all parameters."""
    mid, half = 0.5 * (rows[0] + rows[1]), 0.5 * (rows[1] - rows[0]) + 1e-9
    shared = step[PER_LANE * len(lanes) :]
    middle, reach = np.mean([lane.centre(mid) for lane in lanes]), 0.5 * lanes.pitch * len(lanes)
    items = []
    for i, lane in enumerate(lanes):
        own = step[PER_LANE * i : PER_LANE * (i + 1)]
        knots = np.asarray(lane.rows)
        t = (knots - mid) / half
        fan = (float(lane.centre(mid)) - middle) / reach
        shift = own[0] + (own[1] + shared[0] + fan * shared[2]) * t + (own[2] + shared[1]) * t**2
        shift = np.clip(shift, -0.25 * lanes.pitch, 0.25 * lanes.pitch)
        width = lane.width * float(np.exp(np.clip(own[3], -0.25, 0.25)))
        items.append(replace(lane, xs=tuple(np.asarray(lane.xs) + shift), width=width))
    softness = float(np.clip(lanes.softness * np.exp(np.clip(shared[3], -0.4, 0.4)), *SOFTNESS))
    return replace(lanes, items=tuple(items), softness=softness)


def _held_straight(lanes: Lanes, start: Lanes) -> Lanes:
    """Lanes bent or tilted away from where they started by no more than `BENT` allows.

    A slanting band looks like a lane that is tilted, the more so where it is the only band of a short strip.
    """
    items = []
    for lane, first in zip(lanes, start, strict=True):
        away = np.asarray(lane.xs) - np.asarray(first.xs)
        middle = float(np.median(away))
        limit = BENT * (lane.rows[-1] - lane.rows[0]) / 2
        items.append(replace(lane, xs=tuple(np.asarray(first.xs) + middle + np.clip(away - middle, -limit, limit))))
    return replace(lanes, items=tuple(items))


def _evenly_spaced(lanes: Lanes, blank: Collection[int], row: float) -> Lanes:
    """Lanes with the blank ones moved to where the spacing of the others puts them."""
    known = np.array([lane.number not in blank for lane in lanes])
    if known.sum() < 2 or known.all():
        return lanes
    number = np.arange(len(lanes))
    x = np.array([float(lane.centre(row)) for lane in lanes])
    at = number[known]
    pitch = float(np.median(np.diff(x[known]) / np.diff(at)))
    beyond = np.minimum(number - at[0], 0) + np.maximum(number - at[-1], 0)
    shift = np.where(known, 0.0, np.interp(number, at, x[known]) + beyond * pitch - x)
    items = [replace(lane, xs=tuple(np.asarray(lane.xs) + s)) for lane, s in zip(lanes, shift, strict=True)]
    return replace(lanes, items=tuple(items))


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
    moved = np.zeros_like(prior)
    start = lanes
    drift, jumped = np.inf, False
    for turn in range(turns):
        shapes = lane_shapes(cells, lanes)
        fit = fit_membrane(cells, shapes, spacing, rounds=2, beside=beside_lanes(cells, lanes))
        residual = cells.values - fit.fitted - np.einsum("rcl,rl->rc", shapes, fit.amplitudes, optimize=True)
        gram, rhs = _normal_equations(cells, lanes, fit, residual, blank)
        widths = np.log([lane.width for lane in lanes])
        moved[3 : PER_LANE * count : PER_LANE] = widths - np.median(widths)
        moved[-1] = 0.0
        step = np.asarray(np.linalg.solve(gram + np.diag(prior), rhs - prior * moved), np.float64)
        drift, before = float(np.mean(step[3 : PER_LANE * count : PER_LANE])), drift
        # Widths and membrane are fitted in turns. In narrow gutters they trade against each other, and the steps of the
        # common width shrink like a geometric series: its sum is taken at once (Aitken 1926).
        ahead = drift * before / (before - drift) if before and 0 < drift / before < SLOWEST else 0.0
        if turn >= 3 and not jumped:
            step[3 : PER_LANE * count : PER_LANE] += np.clip(ahead, -FURTHEST, FURTHEST)
        jumped = turn >= 3 and not jumped
        lanes = _held_straight(_moved(lanes, step, rows), start)
        moved += step
        if turn == 0 and blank:
            # The loaded lanes stand right by now; blank ones were seen by chance.
            lanes = _evenly_spaced(lanes, blank, 0.5 * (rows[0] + rows[1]))
            continue
        own = np.abs(step[: PER_LANE * count]).reshape(count, PER_LANE).max(axis=0)
        if own[:3].max() < 0.003 * lanes.pitch and max(own[3], abs(step[-1]) / 4, 2 * abs(ahead)) < 0.01:
            break
    return lanes, fit


def straight_lane(number: int, x: float, width: float, slope: float, mid: float, knots: NDArray[np.floating]) -> Lane:
    """A straight lane through `x` at row `mid`; `slope` in columns per row."""
    return Lane(number, tuple(map(float, knots)), tuple(map(float, x + slope * (knots - mid))), float(width))
