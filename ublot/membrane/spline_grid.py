"""Cells of a blot and the splines that a membrane over them is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.medians import median
from ublot.numerics.splines import spline_basis

if TYPE_CHECKING:
    from ublot.membrane.cells import Cells
    from ublot.numerics.arrays import Array

__all__ = ["Grid", "make_grid"]

SEGMENTS = (2, 14)  # of the splines, each way, at least and at most


def _pairs(basis: Array) -> Array:
    """Products of any two splines, shape (len(basis), splines squared)."""
    return np.asarray((basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1))


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells and the splines of a membrane over them: what a fit is made of, wherever the lanes are.

    Attributes
    ----------
    cells : Cells
    values : ndarray, shape (rows, cols)
        The cells less `centre`.
    centre : float
        Their median.
    low, high : tuple of float
        Row and column where the splines begin and end.
    down : ndarray, shape (rows, row splines)
    across : ndarray, shape (cols, column splines)
    pairs_down : ndarray, shape (row splines squared, rows)
        Products of any two row splines.
    pairs_across : ndarray, shape (cols, column splines squared)
        Products of any two column splines.
    """

    cells: Cells
    values: Array
    centre: float
    low: tuple[float, float]
    high: tuple[float, float]
    down: Array
    across: Array
    pairs_down: Array
    pairs_across: Array


def make_grid(cells: Cells, spacing: float) -> Grid:
    """Lay splines with knots about `spacing` px apart over the cells."""
    low = (cells.window.top - 0.5, cells.window.left - 0.5)
    high = (cells.window.bottom - 0.5, cells.window.right - 0.5)
    segments = [int(np.clip(round((b - a) / spacing), *SEGMENTS)) for a, b in zip(low, high, strict=True)]
    down = spline_basis(cells.row_px, low[0], high[0], segments[0])
    across = spline_basis(cells.x_px, low[1], high[1], segments[1])
    centre = median(cells.values[cells.mask]) if cells.mask.any() else 0.0
    values = cells.values.astype(np.float64) - centre
    return Grid(cells, values, centre, low, high, down, across, np.ascontiguousarray(_pairs(down).T), _pairs(across))
