"""Traces of enlarging: interpolated pixels are smoother than the true ones between them, with a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.numerics.medians import median, row_medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_upscaled", "periodicity"]

ROWS, COLS = 192, 1024
"""Part in the middle of the picture that is looked at, of which the rows (or columns) are averaged over."""

PEAK = 45.0
"""Power of the periodicity over the usual one, in the weaker of the two directions."""

SLOWEST = 0.09
"""Cycles per px: slower waves are harmonics of the lanes. Enlargements by less than a tenth stay unseen."""

EDGE = 6.0
"""Times the usual roughness of a row: beyond that it is an edge and counts no more."""


def is_upscaled(levels: NDArray[Any]) -> bool:
    """Whether the picture was enlarged by interpolation, alike along rows and columns.

    Second differences of an enlarged picture are small where a pixel lies between true ones: their size has the period
    of the enlargement (Gallagher 2005, Canadian Conference on Computer and Robot Vision, 65; Mahdian & Saic 2008, IEEE
    Transactions on Information Forensics and Security 3, 529). An enlargement by exactly 2 shows in the first
    differences. Lanes and rungs stand in one direction only, and an interlaced or two-tap camera reads out in one.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
    """
    if min(levels.shape) < 96:
        return False
    across = periodicity(_middle(levels))
    if not any(power > PEAK for power, _ in across):
        return False
    down = periodicity(_middle(levels.T))
    near = 3 / min(ROWS, COLS, *levels.shape)
    return any(
        power > PEAK and other > PEAK and abs(f - g) <= near
        for (power, f), (other, g) in zip(across, down, strict=True)
    )


def _middle(levels: NDArray[Any]) -> NDArray[np.float32]:
    top, left = (max((n - part) // 2, 0) for n, part in zip(levels.shape, (ROWS, COLS), strict=True))
    return np.ascontiguousarray(levels[top : top + ROWS, left : left + COLS], np.float32)


def periodicity(picture: NDArray[np.float32]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Strongest period of the roughness along the rows, for first and second differences.

    Returns
    -------
    tuple of (power, frequency)
        Power over the median power nearby; frequency in cycles per px.
    """
    step = picture[:, 1:] - picture[:, :-1]
    bend = step[:, 1:] - step[:, :-1]
    return _strongest(np.abs(step, out=step)), _strongest(np.abs(bend, out=bend))


def _strongest(rough: NDArray[np.float32]) -> tuple[float, float]:
    # Every eighth column is enough for the usual; edges would outvote the noise.
    usual = row_medians(rough[:, ::8])[:, None]
    by_column = np.add.reduce(np.minimum(rough, EDGE * usual + np.float32(1e-9))).astype(np.float64)
    n = len(by_column)
    smooth = cv2.blur(by_column[None], (31, 1))[0]
    if not np.all(smooth > 0):
        return 0.0, 0.0
    wave = by_column / smooth - 1
    limit = 4 * median(np.abs(wave))
    wave = np.maximum(wave, -limit) if limit > 0 else wave
    power = np.abs(np.fft.rfft(wave * np.hanning(n))) ** 2
    first = max(int(SLOWEST * n), 4)
    power = power[first:]
    over = power / (_running_median(power, 101) + 1e-12)
    best = int(np.argmax(over))
    return float(over[best]), (first + best) / n


def _running_median(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Median over `width` values about each, mirrored at the ends."""
    reach = min(width // 2, len(values) - 1)
    padded = np.pad(values, reach, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.asarray(np.partition(windows, reach, axis=1)[:, reach])
