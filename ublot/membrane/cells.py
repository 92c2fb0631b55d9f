"""A picture as block means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.model import Blot, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["Cells", "cell_side", "make_cells"]


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
    values = np.asarray(cv2.resize(_pixels(blot, used, size), (cols, rows), interpolation=cv2.INTER_AREA), np.float32)
    mask = np.ones((rows, cols), bool)
    for part in (inside, blot.valid):
        if part is not None:
            share = cv2.resize(part[used.slices].astype(np.uint8) * 255, (cols, rows), interpolation=cv2.INTER_AREA)
            mask &= share >= 250
    row_px = np.asarray(used.top + (np.arange(rows) + 0.5) * high - 0.5, np.float64)
    x_px = np.asarray(used.left + (np.arange(cols) + 0.5) * wide - 0.5, np.float64)
    return Cells(values, mask, row_px, x_px, size, used)


def _pixels(blot: Blot, window: Window, size: tuple[int, int]) -> NDArray[np.float32]:
    """Pixels of a window, or its tiles where cells of `size` consist of whole ones."""
    tile, top, left = blot.tile, window.top - blot.window.top, window.left - blot.window.left
    if any(n % tile for n in (*size, top, left)) or min(top, left) < 0:
        return blot.signal[window.slices]
    part = np.s_[top // tile : (top + window.height) // tile, left // tile : (left + window.width) // tile]
    return blot.tiles[part]


def cell_side(blot: Blot, side: float) -> int:
    """Pixels along a cell of about `side`: whole tiles, or fewer pixels than one."""
    return int(side) // blot.tile * blot.tile or max(int(side), 1)
