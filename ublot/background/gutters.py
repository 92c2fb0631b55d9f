"""The membrane under the lanes, from the gutters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.lanes.straightened import CORE
from ublot.membrane.joint_fit import fit_membrane_and_flanks
from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch
from ublot.model import Widening
from ublot.numerics.medians import row_medians, running_medians

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = [
    "GUTTER_CORE",
    "GUTTER_ROWS",
    "LEVEL_CELLS",
    "MODES",
    "gutter_levels",
    "gutter_membrane",
]

MODES = 16  # directions kept of the membrane's uncertainty

GUTTER_CORE = 0.06  # of the pitch: half the width of a gutter that is surely membrane
LEVEL_CELLS = 160  # down the picture
GUTTER_ROWS = 11  # cells down the rows over which the median of a gutter is taken


def _between(known: Array, step: int, count: int) -> Array:
    """The first `count` places of rows of values that are known in the middle of every `step` places, linear between.

    `known` begins with a value one step before the first place, and ends with one beyond the last.
    """
    every = cv2.resize(known, (known.shape[1] * step, len(known)), interpolation=cv2.INTER_LINEAR)
    return np.asarray(every[:, step : step + count], np.float64)


def _in_rows(known: Array, step: int, count: int) -> Array:
    """What is known in every cell of `step` rows, shape (places, cells), in the first `count` rows."""
    before, behind = 2 * known[:, :1] - known[:, 1:2], 2 * known[:, -1:] - known[:, -2:-1]
    return _between(np.concatenate([before, known, behind], axis=1), step, count)


def _modes_under(known: Array, step: int, count: int, place: int) -> Array:
    """Modes under one lane, shape (modes, rows), of those in cells under all of them, shape (modes, cells, lanes)."""
    return _in_rows(known[:, :, place], step, count)


def gutter_membrane(blot: Blot, lanes: Lanes, blank: Collection[int]) -> tuple[Array, Callable[[int], Array], Widening]:
    """Membrane under every lane, shape (lanes, rows), by a joint regression of lanes and membrane, and its modes.

    With it comes by how much bands are wider than their lane.
    """
    empty = np.array([lane.number in blank for lane in lanes])
    fit = fit_membrane_and_flanks(blot, lanes, empty, CORE, MODES)
    rows = fit.along.high, lanes.window.height
    level, share, error = (_in_rows(k.T, *rows) for k in (fit.under, fit.widening, fit.widening_error))
    return level, partial(_modes_under, fit.modes, *rows), Widening(share, error)


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
    smooth = running_medians(values.astype(np.float64), GUTTER_ROWS)
    level = 0.5 * (smooth[1:] + smooth[:-1])
    return _between(np.concatenate([level[:, :1], level, level[:, -1:]], axis=1), cells.size[0], lanes.window.height)
