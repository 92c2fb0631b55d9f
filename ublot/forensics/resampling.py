"""Traces of enlarging: interpolated pixels are smoother than the true ones between them, with a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_upscaled", "periodicity"]

ROWS = 256
"""Rows (columns) in the middle of the picture that are averaged over."""

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
    down = periodicity(np.ascontiguousarray(_middle(levels.T)))
    near = 3 / min(levels.shape)
    return any(
        power > PEAK and other > PEAK and abs(f - g) <= near
        for (power, f), (other, g) in zip(across, down, strict=True)
    )


def _middle(levels: NDArray[Any]) -> NDArray[np.float32]:
    start = max((len(levels) - ROWS) // 2, 0)
    return levels[start : start + ROWS].astype(np.float32)


def periodicity(picture: NDArray[np.float32]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Strongest period of the roughness along the rows, for first and second differences.

    Returns
    -------
    tuple of (power, frequency)
        Power over the median power nearby; frequency in cycles per px.
    """
    step = np.diff(picture, axis=1)
    return _strongest(np.abs(step)), _strongest(np.abs(np.diff(step, axis=1)))


def _strongest(rough: NDArray[np.float32]) -> tuple[float, float]:
    usual = np.median(rough, axis=1, keepdims=True)
    # By columns: rows that are all edge would outvote the noise.
    by_column = np.minimum(rough, EDGE * usual + 1e-9).mean(axis=0, dtype=np.float64)
    n = len(by_column)
    smooth = _running_median(by_column, 31)
    if not np.all(smooth > 0):
        return 0.0, 0.0
    wave = by_column / smooth - 1
    limit = 4 * float(np.median(np.abs(wave)))
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
