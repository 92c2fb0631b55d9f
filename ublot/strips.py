"""Lanes cut out along their curved centre lines."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.model import Blot, Lane, Lanes, Window

__all__ = ["CORE", "core_means", "core_width", "lane_strip", "robust_mean"]

Array = NDArray[np.float64]
Sample = TypeVar("Sample", np.float32, np.uint8)

CORE = 0.7  # of the lane's width: the part that profiles are averaged over
SPECK = 5.0  # pixels this many standard deviations off their row's median are not averaged


def lane_strip(
    image: NDArray[Sample], lane: Lane, window: Window, wide: int, *, nearest: bool = False
) -> NDArray[Sample]:
    """The `wide` pixels about a lane's centre line in every row of `window`, shape (rows, wide)."""
    rows = np.arange(window.top, window.bottom, dtype=np.float32)
    x = lane.centre(rows).astype(np.float32)[:, None] + np.arange(wide, dtype=np.float32) - 0.5 * (wide - 1)
    y = np.broadcast_to(rows[:, None], x.shape)
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    strip = cv2.remap(image, x, np.ascontiguousarray(y), how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(strip, image.dtype)


def robust_mean(strip: NDArray[np.float32], sigma: Array) -> Array:
    """Mean of every row of a strip without specks: single pixels far from the row's median.

    Parameters
    ----------
    strip : ndarray, shape (rows, cols)
    sigma : ndarray, shape (rows,)
        Pixel noise. A row that varies by more (a slanting band) is judged by its own median deviation.
    """
    mean: Array = strip.mean(axis=1, dtype=np.float64)
    suspects = np.flatnonzero(strip.max(axis=1) - mean > SPECK * sigma)
    if len(suspects):
        rows = strip[suspects].astype(np.float64)
        off = rows - np.median(rows, axis=1)[:, None]
        scale = np.maximum(1.4826 * np.median(np.abs(off), axis=1), sigma[suspects])[:, None]
        good = np.abs(off) <= SPECK * scale
        mean[suspects] = (rows * good).sum(axis=1) / np.maximum(good.sum(axis=1), 1)
    return mean


def core_width(lane: Lane) -> int:
    """Pixels across the core of a lane."""
    return max(round(CORE * lane.width), 1)


def core_means(blot: Blot, lanes: Lanes, *, surface: NDArray[np.float32] | None = None) -> Array:
    """Mean signal over the core of every lane, shape (lanes, rows of the window).

    `surface`, in coordinates of the window, is averaged instead of the signal where given.
    """
    window = lanes.window
    out = []
    for lane in lanes:
        if surface is None:
            out.append(np.median(lane_strip(blot.signal, lane, window, core_width(lane)), axis=1))
        else:
            rows, xs = tuple(r - window.top for r in lane.rows), tuple(x - window.left for x in lane.xs)
            moved = Lane(lane.number, rows, xs, lane.width)
            inner = Window(0, window.height, 0, window.width)
            out.append(lane_strip(surface, moved, inner, core_width(lane)).mean(axis=1))
    return np.asarray(out, np.float64)
