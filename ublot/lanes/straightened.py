"""Lanes cut out along their curved centre lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ublot.model import Blot, Lane, Lanes, Window
from ublot.numerics.medians import row_medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.membrane.noise import Noise
    from ublot.numerics.arrays import Array

__all__ = ["CORE", "core_mean", "core_means", "core_width", "lane_strip", "robust_mean"]

Sample = TypeVar("Sample", np.float32, np.uint8)

CORE = 0.7  # of the lane's width: the part that profiles are averaged over
SPECK = 5.0  # pixels this many standard deviations off their row's median are not averaged


def lane_strip(
    image: NDArray[Sample], lane: Lane, window: Window, wide: int, *, nearest: bool = False
) -> NDArray[Sample]:
    """The `wide` pixels about a lane's centre line in every row of `window`, shape (rows, wide)."""
    centre = lane.centre(np.arange(window.top, window.bottom))
    if nearest:
        return _cut(image, np.rint(centre - 0.5 * (wide - 1)).astype(np.intp), window, wide)
    return _between(*_pixels(image, centre, window, wide))


def core_mean(
    signal: NDArray[np.float32], centre: Array, window: Window, wide: int, noise: Noise
) -> tuple[Array, Array]:
    """Mean without specks of the `wide` pixels about a lane's centre line, and the variance of one pixel, by row.

    Parameters
    ----------
    signal : ndarray of float32, shape (rows, cols)
    centre : ndarray, shape (rows of the window,)
        Columns.
    window : Window
    wide : int
    noise : Noise
    """
    pixels, share = _pixels(signal, centre, window, wide)
    # The sum of a strip is that of the pixels it lies between less what its ends do not cover.
    ends = (1 - share) * pixels[:, -1] + share * pixels[:, 0]
    mean = (pixels @ np.ones(wide + 1, np.float32) - ends).astype(np.float64) / wide
    variance = noise.of(mean)
    sigma = np.sqrt(variance)
    above = np.flatnonzero(pixels > (mean + SPECK * sigma).astype(np.float32)[:, None])
    if len(above):
        rows = above // (wide + 1)
        suspects = rows[np.diff(rows, prepend=-1) > 0]
        mean[suspects] = robust_mean(_between(pixels[suspects], share[suspects]), sigma[suspects])
    return mean, variance


def _pixels(
    image: NDArray[Sample], centre: Array, window: Window, wide: int
) -> tuple[NDArray[Sample], NDArray[np.float32]]:
    """The ``wide + 1`` pixels that those of a strip lie between, and how far beyond the first ones they lie."""
    first = centre - 0.5 * (wide - 1)
    whole = np.floor(first)
    return _cut(image, whole.astype(np.intp), window, wide + 1), (first - whole).astype(np.float32)


def _between(pixels: NDArray[Sample], share: NDArray[np.float32]) -> NDArray[Sample]:
    return np.asarray(pixels[:, :-1] + share[:, None] * (pixels[:, 1:] - pixels[:, :-1]), pixels.dtype)


def _cut(image: NDArray[Sample], first: NDArray[np.intp], window: Window, wide: int) -> NDArray[Sample]:
    """`wide` pixels from column `first` on in every row of `window`. Beyond the image its outermost columns go on."""
    cols = image.shape[1]
    first = np.clip(first, -wide, cols - 1)
    left, right = int(first.min()), max(int(first.max()) + wide, 1)
    band = image[window.top : window.bottom, max(left, 0) : right]
    if left < 0 or right > cols:
        beyond = max(-left, 0), max(right - cols, 0)
        band = np.asarray(cv2.copyMakeBorder(band, 0, 0, *beyond, cv2.BORDER_REPLICATE), image.dtype)
    return np.asarray(sliding_window_view(band, wide, axis=1)[np.arange(len(band)), first - left])


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
        rows = strip[suspects]
        off = np.abs(rows - row_medians(rows)[:, None])
        good = off <= SPECK * np.maximum(1.4826 * row_medians(off), sigma[suspects])[:, None]
        mean[suspects] = (rows * good).sum(axis=1, dtype=np.float64) / np.maximum(good.sum(axis=1), 1)
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
            out.append(row_medians(lane_strip(blot.signal, lane, window, core_width(lane))))
        else:
            rows, xs = tuple(r - window.top for r in lane.rows), tuple(x - window.left for x in lane.xs)
            moved = Lane(lane.number, rows, xs, lane.width)
            inner = Window(0, window.height, 0, window.width)
            out.append(lane_strip(surface, moved, inner, core_width(lane)).mean(axis=1))
    return np.asarray(out, np.float64)
