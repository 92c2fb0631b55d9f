"""How levels become signal: linear (cameras) or density (film, scans)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ublot.io.images.polarity import Decision, Sketch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["decide_response", "noise_ratio", "paper_white", "range_end", "to_signal"]

SCANNERS = (
    r"epson|canoscan|scanjet|microtek|umax|silverfast|vuescan|scanwizard|plustek|perfection"
    r"|imagescanner|gs-?[789]\d0|densitometer|twain|hp scan"
)
IMAGERS = (
    r"image ?lab|chemi ?doc|versadoc|gel ?doc|quantity one|imagequant|amersham imager|las[- ]?[134]000|fusion"
    r"|vilber|odyssey|image ?studio|li-?cor|azure|ibright|fluor ?chem|alpha ?innotech|alphaview|proteinsimple|g:?box"
    r"|genesys|genetools|chemistudio|visionworks|typhoon|c-digit|kodak image station|gene ?gnome|octopus"
)

BLOCK = 1 << 20
"""Pixels that are converted at a time."""

FLOOR = 0.5
"""Counts: half the smallest difference a file can state, so that level 0 has a finite density."""

GROWS_TO_DARK, GROWS_TO_LIGHT = 1.3, 0.8
"""Ratio of the noise in the darker to that in the lighter levels beyond which it is evidence."""

NEAR_TOP = 0.8
"""An inverted camera picture has its background in the top fifth of its range."""

SAMPLE = 200_000
"""Pixels that the noise is estimated from."""


def range_end(levels: NDArray[Any], largest: float) -> float:
    """Level of full white of the range the file uses: 8, 10, 12, 14 or 16 bits, 1 for unit floats."""
    if levels.dtype == np.uint8:
        return 255.0
    if np.issubdtype(levels.dtype, np.integer):
        for bits in (8, 10, 12, 14, 16):
            if largest <= 2**bits - 1:
                return float(2**bits - 1)
        return float(largest)
    return 1.0 if 0.5 < largest <= 1.0 else float(largest)


def paper_white(picture: Sketch) -> float:
    """Level of clear film or paper: what the lightest part of the picture, fill apart, has."""
    seen = picture.levels[~picture.fill]
    return max(float(np.quantile(seen if seen.size else picture.levels, 0.98)), 1e-6)


def noise_ratio(levels: NDArray[Any]) -> float:
    """Pixel noise at dark levels over that at light levels; NaN where there is too little of either.

    Photon noise of the signal makes it grow toward the dark in an inverted camera picture, and fall in a scan, where
    it is a fixed share of the light. Noise is the lower quartile of second differences along rows (bands are long that
    way, and the quartile passes over their edges), by level.
    """
    rows = levels[:: max(1, levels.size // SAMPLE)].astype(np.float32)
    centre = rows[:, 1:-1]
    rough = np.abs(centre - 0.5 * (rows[:, :-2] + rows[:, 2:])).ravel()
    level = (rows[:, 1:-1] + rows[:, :-2] + rows[:, 2:]).ravel() / 3
    low, high = np.quantile(level[:: max(1, level.size // 20_000)], [0.002, 0.9])
    if not high > low:
        return math.nan
    dark = level < low + 0.45 * (high - low)
    if levels.dtype.itemsize > 1:
        # Three equal neighbours are a saturated detector, which has no noise; in 8 bits they are mere rounding.
        dark &= rough > 0
    light = (level > high - 0.15 * (high - low)) & (level < high)
    if min(dark.sum(), light.sum()) < 200:
        return math.nan
    at_light = float(np.quantile(rough[light], 0.25))
    return float(np.quantile(rough[dark], 0.25)) / at_light if at_light > 0 else math.nan


def decide_response(levels: NDArray[Any], picture: Sketch, end: float, metadata: Mapping[str, str]) -> Decision:
    """Response of a dark-on-light picture: who made the file, how noise depends on level, where the background lies.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
    picture : Sketch
    end : float
        Level of full white, from `range_end`.
    metadata : mapping
        What the file says about its maker.
    """
    eight_bit = levels.dtype == np.uint8
    said = " ".join(str(metadata.get(k, "")) for k in ("make", "model", "software", "document", "description")).lower()
    scanner, imager = re.search(SCANNERS, said), re.search(IMAGERS, said)
    if bool(scanner) != bool(imager):
        maker = scanner or imager
        return Decision(
            "density" if scanner else "linear",
            not eight_bit,
            f"the file names {maker[0] if maker else ''!r}, a {'scanner' if scanner else 'camera or laser imager'}",
        )
    noise = noise_ratio(levels)
    background = float(np.median(picture.levels[~picture.fill])) / end if end else math.nan
    near_top = background > NEAR_TOP
    noise_says = "linear" if noise > GROWS_TO_DARK else "density" if noise < GROWS_TO_LIGHT else None
    facts = f"noise in the dark {noise:.2f} x that in the light, background at {100 * background:.0f} % of white"
    if eight_bit:
        return Decision(noise_says or "density", False, f"8 bits cannot tell a scan from a camera export; {facts}")
    value = noise_says or ("linear" if near_top else "density")
    return Decision(value, value == noise_says and (value == "density" or near_top), f"dark on light; {facts}")


def to_signal(
    levels: NDArray[Any],
    *,
    dark: bool,
    density: bool,
    end: float,
    white: float,
    square_root_scale: float | None = None,
    room: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Levels to signal, positive where there is protein.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
    dark : bool
        Protein has the small levels.
    density : bool
        ``-log10(level / white)`` instead of a linear response.
    end : float
        Level of full white: `linear` signal of dark bands is ``end - level``.
    white : float
        Level of clear film or paper.
    square_root_scale : float, optional
        Levels are square-root coded, with this factor.
    room : ndarray of float32, shape (rows, cols), optional
        Where the signal goes; the levels may be its end and are then written over.

    Returns
    -------
    ndarray of float32, shape (rows, cols)
    """
    signal = np.empty(levels.shape, np.float32) if room is None else room
    table = _density_table(levels.dtype, white) if density else None
    # In blocks: what is needed besides the signal would otherwise be several times as large as the picture.
    rows = max(1, BLOCK // levels.shape[1])
    for top in range(0, len(levels), rows):
        some = levels[top : top + rows]
        some = some if room is None else some.copy()
        if density:
            signal[top : top + rows] = _density(some if dark else _mirrored(some, end), white, table)
        elif square_root_scale is not None:
            coded, scale = some.astype(np.float32), np.float32(square_root_scale)
            signal[top : top + rows] = scale * ((np.float32(end) ** 2 - coded * coded) if dark else coded * coded)
        else:
            signal[top : top + rows] = _mirrored(some, end) if dark else some
    return signal


def _mirrored(levels: NDArray[Any], end: float) -> NDArray[np.float32]:
    signal = levels.astype(np.float32)
    np.subtract(np.float32(end), signal, out=signal)
    return signal


def _density_table(dtype: np.dtype[Any], white: float) -> NDArray[np.float32] | None:
    """Density of every level, where there are few: 65536 logarithms instead of one for every pixel."""
    if dtype not in (np.uint8, np.uint16):
        return None
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=np.float64)
    return (-np.log10(np.maximum(levels, FLOOR) / white)).astype(np.float32)


def _density(levels: NDArray[Any], white: float, table: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if table is not None and levels.dtype == np.uint8:
        return np.asarray(cv2.LUT(levels, table), np.float32)
    if table is not None and levels.dtype == np.uint16:
        return np.asarray(np.take(table, levels, mode="clip"))
    floor = FLOOR if white > 2 else white / 65536
    return np.asarray(-np.log10(np.maximum(levels.astype(np.float32), floor) / white), np.float32)
