"""The membrane under the lanes, from the gutters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.lanes.straightened import CORE
from ublot.membrane.lateral_shape import beside_lanes, lane_cells, lane_centres, lane_pitch, lane_shapes, lane_widths
from ublot.membrane.regression import MembraneFit, fit_membrane
from ublot.membrane.spline_grid import make_grid
from ublot.numerics.medians import row_medians

if TYPE_CHECKING:
    from collections.abc import Collection

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = [
    "CORE_POINTS",
    "GUTTER_CORE",
    "GUTTER_ROWS",
    "KNOT_SPACING",
    "LEVEL_CELLS",
    "MODES",
    "MODE_ROWS",
    "ROWS",
    "gutter_levels",
    "gutter_membrane",
]

KNOT_SPACING = 1.5  # of the pitch: the membrane varies no faster than that
MODES = 16  # directions kept of the membrane's uncertainty
ROWS, MODE_ROWS = 96, 24  # down the picture, where membrane and modes are worked out: they are smooth
CORE_POINTS = np.array([-0.5, 0.5]) * CORE / 3**0.5  # of the lane's width: their mean is that of a cubic over the core

GUTTER_CORE = 0.06  # of the pitch: half the width of a gutter that is surely membrane
LEVEL_CELLS = 160  # down the picture
GUTTER_ROWS = 11  # cells down the rows over which the median of a gutter is taken


def _under_lanes(membrane: MembraneFit, lanes: Lanes) -> tuple[Array, Array]:
    """Mean membrane over the core of every lane, shape (lanes, rows), and its modes, shape (modes, lanes, rows)."""
    window, count = lanes.window, len(lanes)
    step = max(window.height // ROWS, 1)
    rows = window.top + 0.5 * (step - 1) + step * np.arange(window.height // step + 1.0)
    down, across = _core_bases(membrane, lanes, rows)
    level = ((down @ membrane.coefficients) * across).sum(axis=2)
    # What directions of the coefficients lanes depend on most shows in some of the rows as well.
    some = np.s_[:: max(len(rows) // MODE_ROWS, 1)]
    design = down[some][:, :, None] * across[:, some, None, :]
    spread = design.reshape(-1, membrane.factor.shape[0]) @ membrane.factor
    directions = membrane.factor @ _leading(spread.T @ spread, MODES)
    each = (down @ directions.reshape(down.shape[1], -1)).reshape(len(rows), across.shape[2], -1)
    modes = across.transpose(1, 0, 2) @ each
    known = np.concatenate([level[None], modes.transpose(2, 1, 0)]).reshape(-1, len(rows))
    ends = 2 * known[:, :1] - known[:, 1:2], 2 * known[:, -1:] - known[:, -2:-1]
    every = _between(np.concatenate([ends[0], known, ends[1]], axis=1), step, window.height)
    every = every.reshape(-1, count, window.height)
    return every[0], every[1:]


def _leading(gram: Array, count: int) -> Array:
    """Orthonormal directions, shape (n, count), close to those of the largest eigenvalues (subspace iteration)."""
    count = min(count, len(gram))
    found = gram[:, :: max(len(gram) // (2 * count), 1)]
    for _ in range(2):
        found, _ = np.linalg.qr(gram @ (gram @ found))
    _, vectors = np.linalg.eigh(found.T @ (gram @ found))
    return np.asarray(found @ vectors[:, : -count - 1 : -1])


def _core_bases(membrane: MembraneFit, lanes: Lanes, rows: Array) -> tuple[Array, Array]:
    """Splines down `rows`, shape (rows, splines), and across, averaged over each core, shape (lanes, rows, splines)."""
    x = lane_centres(lanes, rows)[:, :, None] + lane_widths(lanes)[:, None, None] * CORE_POINTS
    down, across = membrane.basis(rows, x.ravel())
    return down, across.reshape(*x.shape, -1).mean(axis=2)


def _between(known: Array, step: int, count: int) -> Array:
    """The first `count` places of rows of values that are known in the middle of every `step` places, linear between.

    `known` begins with a value one step before the first place, and ends with one beyond the last.
    """
    every = cv2.resize(known, (known.shape[1] * step, len(known)), interpolation=cv2.INTER_LINEAR)
    return np.asarray(every[:, step : step + count], np.float64)


def gutter_membrane(blot: Blot, lanes: Lanes, blank: Collection[int]) -> tuple[Array, Array]:
    """Membrane under every lane by a joint regression of lanes and membrane, and its modes."""
    cells = lane_cells(blot, lanes)
    empty = [i for i, lane in enumerate(lanes) if lane.number in blank]
    shapes, beside = lane_shapes(cells, lanes), beside_lanes(cells, lanes)
    grid = make_grid(cells, KNOT_SPACING * lane_pitch(lanes))
    membrane = fit_membrane(grid, shapes, blank=empty, beside=beside)
    return _under_lanes(membrane, lanes)


def gutter_levels(blot: Blot, lanes: Lanes) -> Array:
    """Membrane under every lane from the gutters row by row, linear in between: a plain method to compare with.

    Returns
    -------
    ndarray, shape (lanes, rows of the window)
    """
    cells = lane_cells(blot, lanes, LEVEL_CELLS)
    centres = lane_centres(lanes, cells.row_px)
    half = 0.5 * lane_pitch(lanes)
    places = np.vstack([centres[:1] - half, 0.5 * (centres[1:] + centres[:-1]), centres[-1:] + half])
    reach = min(int(GUTTER_CORE * 2 * half / cells.size[1]), (len(cells.x_px) - 1) // 2)
    column = np.clip(np.round((places - cells.x_px[0]) / cells.size[1]).astype(int), reach, len(cells.x_px) - 1 - reach)
    window = column[:, :, None] + np.arange(-reach, reach + 1)
    values = row_medians(cells.values[np.arange(len(cells.row_px))[:, None], window])
    # A median down the rows: a strong band bleeds into the gutter, a smear hardly does.
    ends = np.arange(-(GUTTER_ROWS // 2), len(cells.row_px) + GUTTER_ROWS // 2).clip(0, len(cells.row_px) - 1)
    lines = np.lib.stride_tricks.sliding_window_view(values[:, ends].astype(np.float64), GUTTER_ROWS, axis=1)
    smooth = row_medians(lines)
    level = 0.5 * (smooth[1:] + smooth[:-1])
    return _between(np.concatenate([level[:, :1], level, level[:, -1:]], axis=1), cells.size[0], lanes.window.height)
