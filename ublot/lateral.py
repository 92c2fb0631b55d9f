"""A blot as coarse cells, and what a row of cells is made of: lanes of known lateral shape on a smooth membrane.

Lane finding and background removal share this description. Every row of cells is

    D[r, c] = sum_i a_i(r) S_i(r, c) + m(r, c) + noise

with ``S_i`` the lateral shape of lane *i* about its centre line, ``a_i`` its amplitude (free in every row, so that
neither band nor smear is assumed) and ``m`` the membrane, a tensor-product cubic P-spline (Eilers & Marx 1996) that is
smooth in both directions. The amplitudes are eliminated row by row, which leaves a small linear problem for ``m``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.model import Blot, Lane, Lanes, Window

__all__ = [
    "Cells",
    "beside_lanes",
    "lane_cells",
    "lane_pitch",
    "lane_reach",
    "lane_shapes",
    "lane_window",
    "lateral_shape",
    "make_cells",
    "spline_basis",
]

Array = NDArray[np.float64]

FINE = (160, 22)  # cells down the picture, and across one pitch
BESIDE = 0.6  # of the pitch: cells further from all centre lines may belong to lanes that nobody told of
USUAL_FILL = 0.7  # width of a lane over the pitch


@dataclass(frozen=True, eq=False)
class Cells:
    """Block means of a blot.

    Attributes
    ----------
    values : ndarray, shape (rows, cols)
    mask : ndarray of bool, shape (rows, cols)
        Cells that lie on the membrane with all their pixels.
    row_px, x_px : ndarray
        Centres of the cells in image coordinates.
    size : tuple of int
        Rows and columns of pixels in a cell.
    window : Window
        The pixels the cells cover.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    row_px: Array
    x_px: Array
    size: tuple[int, int]
    window: Window


def make_cells(blot: Blot, window: Window, size: tuple[int, int], inside: NDArray[np.bool_] | None = None) -> Cells:
    """Average a window of the blot into cells of `size` pixels.

    Parameters
    ----------
    blot : Blot
    window : Window
        Its last rows and columns are left out where they do not fill a cell.
    size : tuple of int
        Rows and columns of a cell.
    inside : ndarray of bool, shape (rows, cols) of the whole image, optional
        Pixels that are membrane.
    """
    high, wide = size
    rows, cols = max(window.height // high, 1), max(window.width // wide, 1)
    used = Window(window.top, window.top + rows * high, window.left, window.left + cols * wide)
    values = np.asarray(cv2.resize(blot.signal[used.slices], (cols, rows), interpolation=cv2.INTER_AREA), np.float32)
    mask = np.ones((rows, cols), bool)
    for part in (inside, blot.valid):
        if part is not None:
            share = cv2.resize(part[used.slices].astype(np.uint8) * 255, (cols, rows), interpolation=cv2.INTER_AREA)
            mask &= share >= 250
    row_px = np.asarray(used.top + (np.arange(rows) + 0.5) * high - 0.5, np.float64)
    x_px = np.asarray(used.left + (np.arange(cols) + 0.5) * wide - 0.5, np.float64)
    return Cells(values, mask, row_px, x_px, size, used)


def lane_pitch(lanes: Lanes) -> float:
    """Distance of neighbouring lanes, px; what it would usually be where a single lane has no neighbour."""
    return lanes.pitch or float(np.median([lane.width for lane in lanes])) / USUAL_FILL


def lane_cells(blot: Blot, lanes: Lanes) -> Cells:
    """Cells fine enough to see the lateral shape of the lanes."""
    size = max(1, round(lanes.window.height / FINE[0])), max(1, int(lane_pitch(lanes) / FINE[1]))
    return make_cells(blot, lanes.window, size, lanes.inside)


def lateral_shape(offset: Array, width: float | Array, softness: float) -> Array:
    """Height of a lane, 1 on its centre line, at `offset` px beside it (half at ``width / 2``)."""
    return np.asarray(np.exp(-np.log(2.0) * np.abs(2.0 * offset / width) ** softness))


def lane_reach(lane: Lane, softness: float) -> float:
    """Distance from the centre line, px, beyond which the lateral shape is below 1e-4."""
    return float(0.5 * lane.width * (np.log(1e4) / np.log(2)) ** (1 / softness))


def lane_window(cells: Cells, lane: Lane, reach: float) -> tuple[NDArray[np.intp], Array]:
    """Columns of cells within `reach` px of a lane's centre line, and how far they lie from it.

    Returns
    -------
    index : ndarray of int, shape (rows, n)
    offset : ndarray, shape (rows, n), px
    """
    cols, step = cells.values.shape[1], cells.size[1]
    centre = lane.centre(cells.row_px)
    n = min(int(2 * reach / step) + 2, cols)
    first = np.clip(np.floor((centre - reach - cells.x_px[0]) / step).astype(int), 0, cols - n)
    index = first[:, None] + np.arange(n)
    return index, cells.x_px[index] - centre[:, None]


def lane_shapes(cells: Cells, lanes: Lanes) -> Array:
    """Lateral shape of every lane in every cell, shape (rows, cols, lanes)."""
    out = np.zeros((*cells.values.shape, len(lanes)))
    for i, lane in enumerate(lanes):
        index, offset = lane_window(cells, lane, lane_reach(lane, lanes.softness))
        np.put_along_axis(out[:, :, i], index, lateral_shape(offset, lane.width, lanes.softness), axis=1)
    return out


def beside_lanes(cells: Cells, lanes: Lanes) -> NDArray[np.bool_]:
    """Cells of the lanes and of the gutters beside them, shape (rows, cols)."""
    reach = BESIDE * lane_pitch(lanes)
    near = np.zeros(cells.values.shape, bool)
    for lane in lanes:
        near |= np.abs(cells.x_px - lane.centre(cells.row_px)[:, None]) <= reach
    return near


def spline_basis(x: Array, low: float, high: float, segments: int) -> Array:
    """Uniform cubic B-splines on ``[low, high]`` at `x`, shape (len(x), segments + 3)."""
    t = np.clip((x - low) / (high - low), 0, 1) * segments
    k = np.minimum(t.astype(int), segments - 1)
    u = t - k
    pieces = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3], axis=1) / 6
    out = np.zeros((len(x), segments + 3))
    np.put_along_axis(out, k[:, None] + np.arange(4), pieces, axis=1)
    return out
