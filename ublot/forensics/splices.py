"""Straight seams at which the background changes from one pixel to the next: pieces that were put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from ublot.numerics.medians import median, quantile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Seam", "find_seam", "level_seams"]

STRIPE, STRIPES, LEAST = 12, {"column": 32, "row": 12}, 48
"""Rows of a stripe that one level and one noise is taken from for every column, how many stripes there are (fewer
columns: they lie far apart in memory), and how many rows a picture must have."""

BESIDE, CLOSE = 24, 4
"""Columns on each side of a seam that are compared, and those right beside it that must show it as clearly."""

STEP_CLEAR, STEP_NOISE, STEP_LEVELS = 9.0, 0.25, 0.5
"""Times the usual step between columns, times the pixel noise, and levels, that the level changes by at a seam."""

AGREED, FLAT = 0.7, 0.5
"""Share of the stripes in which it goes the same way, and how much of it the level may change on either side."""

SHARP = 0.75
"""Share of the change that lies between two pixels. Optics spread every true edge over several."""

OUTSIDE = 0.4
"""Level of the darker side over that of the brighter below which it is the membrane's edge."""

NOISE_CLEAR, NOISE_SHARP = 10.0, 0.6
"""Standard errors by which the noise changes at a seam, and share of that which shows right beside it."""

NOISE_CHANGE, NOISE_LEVELS = 0.12, 0.7
"""Change of the logarithm of the noise at equal level that makes a seam; and the noise, in distances of levels, below
which rounding makes it."""

SAMPLE, BINS, STEPS = 12_000, 48, 4096
"""Cells, each a column of a stripe, that tell how noise depends on level, in how many bins of level, and the length of
the table that they are looked up in."""

PER_SIGMA = 1.954
"""Mean size of a second difference of noise of standard deviation 1: sqrt(6) x sqrt(2 / pi)."""


Axis = Literal["column", "row"]
Found = tuple[Literal["level", "noise"], int, float]


@dataclass(frozen=True)
class Seam:
    """Where pieces meet.

    Attributes
    ----------
    axis : {"column", "row"}
        The seam runs along this column (row).
    place : int
        First column (row) beyond the seam.
    kind : {"level", "noise"}
        What changes there.
    strength : float
        How many times beyond what is usual.
    """

    axis: Axis
    place: int
    kind: Literal["level", "noise"]
    strength: float


def find_seam(levels: NDArray[Any], *, unit: float = 0.0) -> Seam | None:
    """Find the clearest seam along a column, else along a row.

    The noise of a detector is a function of the level alone; where it changes along a line at equal level, or the
    level itself jumps from one pixel to the next over most of the picture's height, pieces were put together (after
    Mahdian & Saic 2009, Image and Vision Computing 27, 1497).

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
    unit : float
        Distance of neighbouring levels, where they are coarse: noise below it says nothing.

    Returns
    -------
    Seam or None
    """
    top = float(np.iinfo(levels.dtype).max) if np.issubdtype(levels.dtype, np.integer) else float(levels.max())
    axes: tuple[tuple[Axis, NDArray[Any]], ...] = (("column", levels), ("row", levels.T))
    for axis, picture in axes:
        if picture.shape[0] < LEAST or picture.shape[1] < 4 * BESIDE:
            continue
        cells = [(np.add.reduce(part), _noise(part)) for part in _stripes(picture, STRIPES[axis])]
        level, noise = (np.stack(values) for values in zip(*cells, strict=True))
        level *= np.float32(1 / STRIPE)
        found: Found | None = _level_seam(level, noise, top, unit)
        # Bands lie along rows, and change the noise there as a seam would.
        if found is None and axis == "column":
            found = _noise_seam(level, noise, unit)
        if found is not None:
            return Seam(axis, found[1], found[0], found[2])
    return None


def level_seams(picture: NDArray[Any]) -> list[tuple[int, float]]:
    """All seams along columns at which the level changes.

    Parameters
    ----------
    picture : ndarray, shape (rows, cols)
        Levels, or a signal made of them.

    Returns
    -------
    list of (int, float)
        First column beyond each, and by how much the level is higher there, from left to right.
    """
    if picture.shape[0] < LEAST or picture.shape[1] < 4 * BESIDE:
        return []
    cells = [(np.add.reduce(part), _noise(part)) for part in _stripes(picture, STRIPES["column"])]
    level, noise = (np.stack(values) for values in zip(*cells, strict=True))
    level *= np.float32(1 / STRIPE)
    alone = _steps_alone(level)
    clear = np.flatnonzero(np.abs(alone) > _clear_step(alone, noise, 0.0))
    return [(int(k) + 3, float(alone[k])) for k in clear if _is_step(level, noise, int(k) + 3, None)]


def _stripes(picture: NDArray[Any], most: int) -> Iterator[NDArray[np.float32]]:
    """Stripes of rows all over the picture, each of shape (STRIPE, cols)."""
    for top in np.linspace(0, len(picture) - STRIPE, min(most, len(picture) // STRIPE)).astype(int):
        part = picture[top : top + STRIPE]
        if picture.flags.c_contiguous:
            yield part.astype(np.float32)
        else:  # columns of a picture: numpy would walk down each of them
            yield cv2.transpose(part.T.astype(np.float32)).astype(np.float32, copy=False)


def _noise(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean second difference down the rows of a stripe: a seam along a column does not enter it."""
    step = part[1:] - part[:-1]
    bend = step[1:] - step[:-1]
    return np.asarray(np.add.reduce(np.abs(bend, out=bend)) / np.float32(len(bend)))


def _steps_alone(level: NDArray[np.float32]) -> NDArray[np.floating]:
    """By how much the level changes between two columns and not around them, in most stripes."""
    step = level[:, 1:] - level[:, :-1]  # step[:, c] leads from column c to c + 1
    # The four steps around one are together the change over five less the one itself.
    around = level[:, 5:] - level[:, :-5] - step[:, 2:-2]
    return _median(step[:, 2:-2] - np.float32(0.25) * around)


def _level_seam(level: NDArray[np.float32], noise: NDArray[np.float32], top: float, unit: float) -> Found | None:
    """A step between two columns that most stripes share and that is over within one pixel."""
    alone = _steps_alone(level)
    limit = _clear_step(alone, noise, unit)
    for k in np.argsort(-np.abs(alone))[:8]:
        if abs(alone[k]) <= limit:
            break
        seam = int(k) + 3
        if _is_step(level, noise, seam, top):
            return "level", seam, float(abs(alone[k]) / limit)
    return None


def _clear_step(alone: NDArray[np.floating], noise: NDArray[np.float32], unit: float) -> float:
    """Least change of the level that is beyond what is usual between two columns."""
    usual, pixel = quantile(np.abs(alone), 0.9) / 1.645, median(noise[:, ::8]) / PER_SIGMA
    return max(STEP_CLEAR * usual, STEP_NOISE * pixel, STEP_LEVELS * unit)


def _is_step(level: NDArray[np.float32], noise: NDArray[np.float32], seam: int, top: float | None) -> bool:
    """Whether the level stays changed beyond `seam`, all of it between two columns, and both sides are membrane.

    `top` is the highest level that can be; with None the level's zero says nothing, as in a signal.
    """
    left, right = level[:, max(seam - 6, 0) : seam], level[:, seam : seam + 6]
    if left.shape[1] < 6 or right.shape[1] < 6:
        return False
    before, after = np.median(left, axis=0), np.median(right, axis=0)
    whole = float(np.median(after[1:]) - np.median(before[:-1]))
    jump = right[:, 0] - left[:, -1]
    if whole == 0 or not SHARP <= float(np.median(jump)) / whole <= 1 / SHARP:
        return False
    if np.mean(np.sign(jump) == np.sign(whole)) < AGREED:
        return False
    if max(np.ptp(before), np.ptp(after)) > FLAT * abs(whole):
        return False  # the flank of a band
    if min(float(np.median(noise[:, s])) for s in (slice(seam - 6, seam), slice(seam, seam + 6))) <= 0:
        return False  # a page, a frame or clipped pixels: drawn, not seen
    one, other = float(np.median(left)), float(np.median(right))
    return top is None or min(_ratio(one, other), _ratio(top - one, top - other)) > OUTSIDE


def _median(stripes: NDArray[np.floating]) -> NDArray[np.floating]:
    """Of every column, the upper one of two; sorting short contiguous rows is much the fastest way."""
    return np.asarray(np.sort(np.ascontiguousarray(stripes.T), axis=1)[:, len(stripes) // 2])


def _ratio(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return max(low, 0.0) / high if high > 0 else 1.0


def _noise_seam(level: NDArray[np.float32], noise: NDArray[np.float32], unit: float) -> Found | None:
    """A place where the noise at equal level changes from one column to the next."""
    typical = median(noise[:, ::8])
    if typical <= PER_SIGMA * NOISE_LEVELS * unit or not noise.any():
        return None
    by_column = _median(_log_noise(level, np.maximum(noise, np.float32(1e-3 * typical))))
    total = np.concatenate([[0.0], np.cumsum(by_column, dtype=np.float64)])
    places = np.arange(BESIDE, len(by_column) - BESIDE + 1)

    def change(reach: int) -> NDArray[np.float64]:
        right = (total[places + reach] - total[places]) / reach
        return np.asarray(right - (total[places] - total[places - reach]) / reach)

    wide, close = change(BESIDE), change(CLOSE)
    usual = quantile(np.abs(np.diff(by_column)), 0.9) / 1.645 / np.sqrt(2)
    # Noise that optics or a filter have smoothed goes together over several columns.
    scatter = 1.4826 * median(np.abs(wide - median(wide)))
    error = max(usual * np.sqrt(2 / BESIDE), scatter, 1e-3)
    k = int(np.argmax(np.abs(wide)))
    if (
        abs(wide[k]) < max(NOISE_CLEAR * error, NOISE_CHANGE)
        or not NOISE_SHARP <= close[k] / wide[k] <= 1 / NOISE_SHARP
    ):
        return None
    return "noise", int(places[k]), float(abs(wide[k]) / error)


def _log_noise(level: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[np.floating]:
    """Logarithm of the noise over what is usual at that level."""
    log = np.log(noise)
    # A sample of the cells tells how noise depends on level: in bins of as many cells each.
    every = max(1, level.size // SAMPLE)
    some = level.ravel()[::every]
    order = np.argsort(some)
    size = max(len(order) // BINS, 32)
    order = order[: len(order) // size * size].reshape(-1, size)
    usual = _median(log.ravel()[::every][order].T)
    # Looked up by the root of the level: most cells are of the background, whose levels lie close together.
    low = float(level.min())
    height = np.sqrt(level - np.float32(low))
    finest = max(float(height.max()), 1e-30) / (STEPS - 1)
    edges = np.sqrt(some[order[1:, 0]] - np.float32(low)) / finest
    table = usual[np.searchsorted(edges, np.arange(STEPS), "right")]
    return np.asarray(log - table[(height / np.float32(finest)).astype(np.intp)])
