"""Cells that run along the lanes: in their columns every lane stands still, however it tilts and bows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.cells import Cells, cell_side, make_cells
from ublot.membrane.lateral_shape import lane_centres, lane_pitch, lane_widths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["PARTS", "AlongLanes", "cells_along_lanes"]

SATURATED = 0.01  # of a core that is at the ceiling, from where on its height is not known
PARTS = 5  # of a core side by side: one of them may hold dust
WHOLE = 0.95  # of a cell or a core that must lie on the membrane


@dataclass(frozen=True, eq=False)
class AlongLanes:
    """A picture as cells whose columns follow the lanes.

    Attributes
    ----------
    values : ndarray, shape (rows, cols)
        Means over the cells, 0 where `mask` is False.
    mask : ndarray of bool, shape (rows, cols)
        Cells that lie on the membrane.
    edges : ndarray, shape (cols + 1,)
        Where columns of cells begin and end at mid-height, px.
    row_px : ndarray, shape (rows,)
    high : int
        Rows of pixels in a cell.
    middle : ndarray, shape (lanes,)
        Centres of the lanes at mid-height, px.
    core : ndarray, shape (rows, lanes, PARTS)
        Means over the parts of the cores of the lanes, side by side, 0 where `core_mask` is False.
    core_mask : ndarray of bool, shape (rows, lanes)
        Cores that lie on the membrane.
    saturated : ndarray of bool, shape (rows, lanes)
        Cores with pixels at the detector's ceiling.
    """

    values: Array
    mask: NDArray[np.bool_]
    edges: Array
    row_px: Array
    high: int
    middle: Array
    core: Array
    core_mask: NDArray[np.bool_]
    saturated: NDArray[np.bool_]

    @property
    def columns(self) -> Array:
        """Middles of the columns of cells at mid-height, px."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @property
    def wide(self) -> float:
        """Columns of pixels in a cell."""
        return float(self.edges[1] - self.edges[0])


def cells_along_lanes(blot: Blot, lanes: Lanes, down: int, across: int, core: float) -> AlongLanes:
    """Average a picture over cells that follow the lanes, by exact areas across and whole rows down.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    down, across : int
        Cells down the picture and across one pitch, at least.
    core : float
        Width of the cores, as a share of the lanes' width.
    """
    window, tile = lanes.window, blot.tile
    high = cell_side(blot, window.height / down)
    thin = make_cells(blot, window, (high, tile), lanes.inside)
    centres = lane_centres(lanes, thin.row_px)
    middle = lane_centres(lanes, np.array([window.mid_row]))[:, 0]
    left, right = thin.window.left - 0.5, thin.window.right - 0.5
    count = max(int((right - left) / max(lane_pitch(lanes) / across, tile)), 1)
    edges = np.linspace(left, right, count + 1)
    moved = _between(edges, middle, (centres - middle[:, None]).T) + edges
    means = _Means(thin, left, tile)
    values, mask = means.between(moved[:, :-1], moved[:, 1:])
    half = 0.5 * core * lane_widths(lanes)[:, None]
    begin, end = (centres - half).T, (centres + half).T
    part, parts = (end - begin)[:, :, None] / PARTS, (*begin.shape, PARTS)
    starts = begin[:, :, None] + np.arange(PARTS) * part
    cores, inside = (x.reshape(parts) for x in means.between(*(x.reshape(len(x), -1) for x in (starts, starts + part))))
    core_mask = np.asarray(inside.all(axis=2), bool)
    cores = np.where(core_mask[:, :, None], cores, 0.0)
    saturated = np.zeros_like(core_mask)
    if blot.saturated is not None and blot.saturated[window.slices].any():
        full = make_cells(replace(blot, signal=blot.saturated.astype(np.float32)), window, (high, tile), lanes.inside)
        saturated = _Means(full, left, tile).between(begin, end)[0] > SATURATED
    return AlongLanes(values, mask, edges, thin.row_px, high, middle, cores, core_mask, saturated)


def _between(places: Array, known: Array, values: Array) -> Array:
    """Rows of `values` at ascending `known` places, linear between them and constant beyond, shape (rows, places)."""
    if len(known) < 2:
        return np.repeat(values, len(places), axis=1)
    before = np.clip(np.searchsorted(known, places, side="right") - 1, 0, len(known) - 2)
    share = np.clip((places - known[before]) / (known[before + 1] - known[before]), 0.0, 1.0)
    return np.asarray(values[:, before] + share * (values[:, before + 1] - values[:, before]), np.float64)


class _Means:
    """Means over any stretch of every row of thin cells."""

    def __init__(self, cells: Cells, left: float, tile: int) -> None:
        rows, self.cols = cells.values.shape
        self.left, self.tile, self.row = left, tile, np.arange(rows)[:, None]
        self.sums = np.zeros((rows, self.cols + 1))
        np.cumsum(cells.values, axis=1, out=self.sums[:, 1:], dtype=np.float64)
        self.on: Array | None = None
        if not cells.mask.all():
            self.on = np.zeros((rows, self.cols + 1))
            np.cumsum(cells.mask, axis=1, out=self.on[:, 1:])

    def between(self, begin: Array, end: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Means from column `begin` to `end`, shape (rows, stretches), and whether they lie on the membrane."""
        low, high = ((np.clip((x - self.left) / self.tile, 0, self.cols)) for x in (begin, end))
        length, asked = high - low, (end - begin) / self.tile
        inside = length > WHOLE * asked
        if self.on is not None:
            inside &= self._until(self.on, high) - self._until(self.on, low) > WHOLE * length
        means = (self._until(self.sums, high) - self._until(self.sums, low)) / np.where(inside, length, np.inf)
        return means, inside

    def _until(self, sums: Array, place: Array) -> Array:
        cell = np.minimum(place.astype(np.intp), self.cols - 1)
        before = sums[self.row, cell]
        return np.asarray(before + (place - cell) * (sums[self.row, cell + 1] - before))
