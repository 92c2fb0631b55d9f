"""Medians of large arrays at the cost of one selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


__all__ = [
    "column_quantiles",
    "linear_quantiles",
    "median",
    "median_of_nine",
    "medians_of",
    "middle",
    "quantile",
    "row_medians",
    "running_medians",
]

NINE = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3)),
    *((5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)
"""Places that are put in order, one pair after the other: then the fifth of nine is their median (Smith 1996, Xcell 23,
16)."""

MANY, SAMPLE, ROOM = 20_000, 2048, 64
"""Values from which on a sample of about so many saves time, and how many places of it to either side are kept: 2.8
standard deviations of the rank of a median, and where that is not enough all values are looked at."""


def median(values: NDArray[Any]) -> float:
    """Upper median of all values: in a picture as good as the mean of the middle two.

    `numpy.median` looks for two places and for NaN at once, which takes its partition off the vectorised path: for
    1e5 values that is ten times as slow.

    Parameters
    ----------
    values : ndarray
        At least one, none of them NaN.
    """
    return quantile(values, 0.5)


def quantile(values: NDArray[Any], share: float) -> float:
    """The value that at least a `share` (0 to 1) of all values does not exceed, without interpolation."""
    flat = values.ravel()
    k = min(int(share * flat.size), flat.size - 1)
    if flat.size > MANY:
        # A sample, of all columns of a picture, tells between which values it must lie: few do (Floyd & Rivest 1975,
        # CACM 18, 165).
        some = np.sort(flat[:: flat.size // SAMPLE | 1])
        place = int(share * len(some))
        low, high = some[max(place - ROOM, 0)], some[min(place + ROOM, len(some) - 1)]
        near = flat[(flat >= low) & (flat <= high)]
        rank = k - np.count_nonzero(flat < low)
        if 0 <= rank < len(near):
            return float(np.partition(near, rank)[rank])
    return float(np.partition(flat, k)[k])


def linear_quantiles(values: NDArray[np.float64], *shares: float) -> list[float]:
    """Quantiles of a line of values, at least one, none of them NaN, as `numpy.quantile` interpolates them: quicker."""
    places = [share * (len(values) - 1) for share in shares]
    firsts = [min(int(place), max(len(values) - 2, 0)) for place in places]
    ordered = np.partition(values, sorted({*firsts, *(min(k + 1, len(values) - 1) for k in firsts)}))
    return [
        float(ordered[k] + (place - k) * (ordered[min(k + 1, len(values) - 1)] - ordered[k]))
        for place, k in zip(places, firsts, strict=True)
    ]


def column_quantiles(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quantile of every column of a table of two or more rows without NaN, as `linear_quantiles` of a line."""
    place = share * (len(values) - 1)
    first = min(int(place), len(values) - 2)
    ordered = np.partition(values, (first, first + 1), axis=0)
    return np.asarray(ordered[first] + (place - first) * (ordered[first + 1] - ordered[first]), np.float64)


def median_of_nine(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Median of nine arrays, element by element: much faster than sorting short rows."""
    found = list(values)
    for low, high in NINE:
        found[low], found[high] = np.minimum(found[low], found[high]), np.maximum(found[low], found[high])
    return found[4]


def row_medians(values: NDArray[Any]) -> NDArray[Any]:
    """Median of every row, along the last axis: short rows are sorted faster than `numpy.median` looks at them."""
    ordered, middle = np.sort(values, axis=-1), values.shape[-1] // 2
    if values.shape[-1] % 2:
        return np.asarray(ordered[..., middle])
    return np.asarray(0.5 * (ordered[..., middle - 1] + ordered[..., middle]))


def running_medians(lines: NDArray[Any], width: int) -> NDArray[Any]:
    """Medians over an odd `width` along lines, shape (lines, places), which go on beyond their ends as they end."""
    half = width // 2
    places = np.arange(-half, lines.shape[1] + half).clip(0, lines.shape[1] - 1)
    return row_medians(np.lib.stride_tricks.sliding_window_view(lines[:, places], 2 * half + 1, axis=1))


def middle(values: NDArray[np.float64]) -> float:
    """Median of a line of values, at least one, none of them NaN: a tenth of what `numpy.median` takes for so few."""
    half = len(values) // 2
    parted = np.partition(values, half)
    return float(parted[half] if len(values) % 2 else 0.5 * (parted[half] + parted[:half].max()))


def medians_of(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Median of what is kept of every line, at least one value of each, shape (lines, 1)."""
    ordered, count, line = np.sort(np.where(kept, values, np.inf), axis=1), kept.sum(axis=1), np.arange(len(kept))
    return np.asarray(0.5 * (ordered[line, (count - 1) // 2] + ordered[line, count // 2])[:, None], np.float64)
