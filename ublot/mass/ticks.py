"""Marker positions that somebody drew: ticks, dashes or arrows printed beside a picture, pen strokes on a film.

What a figure shows of a marker is often no lane but one stroke for every mass. Strokes stand in a column: over some
columns of pixels there are as many short runs of ink as there are masses, at the same rows. Letters do not: their
strokes are upright, or come twice in one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Window

__all__ = ["FEWEST_TICKS", "Ticks", "find_marks", "find_ticks"]

FEWEST_TICKS = 3
"""Two strokes are found beside any picture."""

INK = (0.4, 0.2)
"""Of the darkest ink, from which on a pixel is ink: strokes that compression blurred keep their length at the first,
hairlines of a figure that was made smaller still show at the second."""

CLEAR = 8.0
"""Standard deviations of the paper's grain that ink stands above it."""

EVEN = 2.5
"""Times the median height that the tallest stroke may have; pen strokes of one hand differ by two."""

SHORT = 0.34
"""Of the smallest distance between two strokes, that a stroke may be high."""

SLANT = 0.75
"""Of its height, and at least a pixel, that a stroke's row may change from one column of pixels to the next."""

MARKS = (0.25, 0.12)
"""As `INK`, within a lane: dots of a pen are paler than strokes, and both thresholds must show the same."""

SPREAD = 0.25
"""Of the height of the picture that strokes take up at least: a word does not."""

WIDE = 3
"""Columns of pixels that strokes share, at least."""


@dataclass(frozen=True)
class Ticks:
    """Strokes in a column.

    Attributes
    ----------
    rows : tuple of float
        Of their middles, from top to bottom.
    x : float
        Column in the middle of what they share.
    flat : float
        Columns that they share over their height; 0 where they share none.
    """

    rows: tuple[float, ...]
    x: float
    flat: float


def find_ticks(signal: NDArray[np.float32], window: Window, columns: tuple[int, int], count: int) -> Ticks | None:
    """The column of strokes, one for each of so many masses.

    Parameters
    ----------
    signal : ndarray of float32, shape (rows, cols)
        Ink may be more or less than the paper.
    window : Window
        Its rows are looked at.
    columns : tuple of int
        First column that is looked at, and the one after the last.
    count : int
        How many strokes there must be: no more and no fewer.

    Returns
    -------
    Ticks or None
        Of several columns of strokes the flattest; None where there is none, or `count` is below `FEWEST_TICKS`.
    """
    found = _ink(signal, window, columns, count)
    if found is None:
        return None
    left, away, darkest, least = found
    best: Ticks | None = None
    for share in INK:
        edges = _edges(away > max(share * darkest, least))
        able = np.flatnonzero((edges == 1).sum(axis=0) == count)
        for shared in _together(able, edges):
            middles, heights = (np.median([of[k] for of in shared], axis=0) for k in (1, 2))
            flat = len(shared) / float(np.median(heights))
            if not _are_strokes(middles, heights, window) or len(shared) < WIDE or flat < 1:
                continue
            if best is None or flat > best.flat:
                x = left + 0.5 * (shared[0][0] + shared[-1][0])
                best = Ticks(tuple((window.top + middles).tolist()), float(x), flat)
    return best


def find_marks(signal: NDArray[np.float32], window: Window, columns: tuple[int, int], count: int) -> Ticks | None:
    """Strokes or dots of a pen within a lane that shows nothing else, one for each of so many masses.

    Parameters
    ----------
    signal, window, columns, count
        As for `find_ticks`.

    Returns
    -------
    Ticks or None
        None where there are fewer or more, or as many only at one of two thresholds.
    """
    found = _ink(signal, window, columns, count)
    if found is None:
        return None
    left, away, darkest, least = found
    tallest = away.max(axis=1, keepdims=True)
    for share in MARKS:
        edges = _edges(tallest > max(share * darkest, least))
        able = np.flatnonzero((edges == 1).sum(axis=0) == count)
        if not able.size:
            return None
        _, middles, heights = _together(able, edges)[0][0]
        if not _are_strokes(middles, heights, window):
            return None
    return Ticks(tuple((window.top + middles).tolist()), left + 0.5 * (away.shape[1] - 1), 0.0)


def _ink(
    signal: NDArray[np.float32], window: Window, columns: tuple[int, int], count: int
) -> tuple[int, NDArray[np.float32], float, float] | None:
    """First column, how far from the paper every pixel is, the darkest, and what stands out from the grain."""
    left, right = max(columns[0], 0), min(columns[1], signal.shape[1])
    if count < FEWEST_TICKS or right - left < WIDE or window.height < 2 * count:
        return None
    strip = signal[window.top : window.bottom, left:right]
    # On paper, and on a film's rim, most is empty.
    away = np.abs(strip - np.median(strip)).astype(np.float32)
    grain, darkest = float(np.median(away)) / 0.6745, float(np.quantile(away, 0.999))
    return (left, away, darkest, CLEAR * grain) if darkest > CLEAR * grain else None


def _edges(ink: NDArray[np.bool_]) -> NDArray[np.int8]:
    """1 where a run of ink begins down a column, -1 after its end."""
    return np.asarray(np.diff(ink.astype(np.int8), axis=0, prepend=0, append=0), np.int8)


def _are_strokes(middles: NDArray[np.float64], heights: NDArray[np.float64], window: Window) -> bool:
    """Whether runs of ink are alike, short beside what lies between them, and spread over the picture."""
    tall = float(heights.max())
    alike = tall <= max(SHORT * float(np.diff(middles).min()), 2.0) and tall <= EVEN * float(np.median(heights)) + 1
    return alike and float(middles[-1] - middles[0]) >= SPREAD * window.height


Column = tuple[int, "NDArray[np.float64]", "NDArray[np.float64]"]


def _together(able: NDArray[np.intp], edges: NDArray[np.int8]) -> list[list[Column]]:
    """Neighbouring columns of pixels whose runs of ink stand at the same rows: column, middles and heights of each."""
    groups: list[list[Column]] = []
    for x in able.tolist():
        begin, end = np.flatnonzero(edges[:, x] == 1), np.flatnonzero(edges[:, x] == -1)
        middles = np.asarray(0.5 * (begin + end - 1), np.float64)
        heights = np.asarray(end - begin, np.float64)
        if groups and groups[-1][-1][0] == x - 1:
            _, before, high = groups[-1][-1]
            if np.all(np.abs(middles - before) <= np.maximum(SLANT * np.minimum(heights, high), 1.0)):
                groups[-1].append((x, middles, heights))
                continue
        groups.append([(x, middles, heights)])
    return groups
