"""The level at which the detector saturates: where the histogram piles up at its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Ceiling", "find_ceiling"]

SPAN = 0.02
"""Share of the range below the extreme level that is looked at."""

SPREADS = (0.0, 0.0005, 0.001, 0.002, 0.005)
"""Shares of the range over which a pile-up may spread once a background was subtracted from it."""

EXACT_PIXELS, SPREAD_PIXELS, EIGHT_BIT_PIXELS = 4, 20, 10
STEEP, EIGHT_BIT_STEEP = 8.0, 5.0
"""How many times more pixels than in the levels next to it make a pile-up. The flat top of a clean, noise-free band
reaches 2.7 (its counts go as the inverse root of the distance from the top)."""


@dataclass(frozen=True, eq=False)
class Ceiling:
    """Where the detector saturates.

    Attributes
    ----------
    level : float
        As stored; the end of the range where nothing saturates.
    saturated : ndarray of bool, shape (rows, cols), or None
    why : str
    """

    level: float
    saturated: NDArray[np.bool_] | None
    why: str


def find_ceiling(
    levels: NDArray[Any],
    low: float,
    high: float,
    *,
    dark: bool,
    end: float,
    exact_only: bool = False,
    exclude: NDArray[np.bool_] | None = None,
) -> Ceiling:
    """Find the pile-up of the histogram at the end where protein is.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
    low, high : float
        Its smallest and largest.
    dark : bool
        Protein has the small levels.
    end : float
        The ceiling to report when nothing saturates.
    exact_only : bool
        Only the last level of the data type counts: film squeezes its dark levels together, which is no ceiling.
    exclude : ndarray of bool, shape (rows, cols), optional
        What is no picture.
    """
    extreme, span = (low, high - low) if dark else (high, high - low)
    if exclude is not None:
        levels = np.where(exclude, np.asarray(high if dark else low, levels.dtype), levels)
        extreme = float(levels.min()) if dark else float(levels.max())
    edge = extreme + SPAN * span if dark else extreme - SPAN * span
    # As a Python integer: a float would make numpy convert the whole image.
    bound = (math.floor(edge) if dark else math.ceil(edge)) if np.issubdtype(levels.dtype, np.integer) else edge
    # Few rows come near it: where they do is told at half the cost of looking at every pixel.
    ends = levels.min(axis=1) if dark else levels.max(axis=1)
    some = levels[ends <= bound if dark else ends >= bound]
    near = some[some <= bound if dark else some >= bound]
    distance = np.abs(near.astype(np.float64) - extreme)
    eight_bit = levels.dtype == np.uint8
    spread = _pile_up(distance, span, eight_bit=eight_bit, exact_only=exact_only)
    if exact_only and spread == 0 and extreme > 0:
        spread = None
    if spread is None:
        return Ceiling(end, None, f"no pile-up of levels near {extreme:g}")
    level = extreme + spread if dark else extreme - spread
    at = int(level) if np.issubdtype(levels.dtype, np.integer) else level
    mask = np.asarray(levels <= at if dark else levels >= at)
    return Ceiling(level, mask, f"{np.count_nonzero(mask)} pixels pile up at {level:g}")


def _pile_up(distance: NDArray[np.float64], span: float, *, eight_bit: bool, exact_only: bool) -> float | None:
    """Width of the pile-up in levels, 0 for a single level, None for no pile-up."""
    exact = int(np.count_nonzero(distance == 0))
    if eight_bit:
        beside = np.count_nonzero((distance > 0) & (distance <= 3)) / 3
        return 0.0 if exact >= EIGHT_BIT_PIXELS and exact > EIGHT_BIT_STEEP * beside else None
    # Per level, among the levels of the last 2 %: chance meetings of a few pixels on one level are no pile-up.
    beside = np.count_nonzero(distance > 0) / max(SPAN * span, 1.0)
    if exact >= EXACT_PIXELS and exact > STEEP * beside:
        return 0.0
    if exact_only:
        return None
    for share in SPREADS[1:]:
        width = share * span
        inside = np.count_nonzero(distance <= width)
        outside = np.count_nonzero((distance > width) & (distance <= 3 * width)) / 2
        if inside >= SPREAD_PIXELS and inside > STEEP * outside:
            return float(distance[distance <= width].max())
    return None
