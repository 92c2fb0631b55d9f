"""How levels become signal: linear (cameras) or density (film, scans)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from ublot.io.images.band_shape import shape_evidence
from ublot.io.images.makers import maker_of
from ublot.io.images.polarity import Decision, Sketch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ublot.model import Blot

__all__ = ["decide_response", "noise_ratio", "other_reading", "paper_white", "range_end", "to_signal"]

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
    """Response of a dark-on-light picture: who made the file, the shape of its bands, its noise, its background.

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
    maker = maker_of(metadata)
    named = None if maker is None else "density" if maker[0].detector == "scanner" else "linear"
    kind = "scanner" if named == "density" else "camera or laser imager"
    what = "" if maker is None else f"the file names {maker[1]!r}, a {kind}"
    if named and not eight_bit:
        return Decision(named, True, what)
    shape = shape_evidence(levels, end, paper_white(picture))
    # Rounding to 8 bits buries the noise of the light end, and a black that is cut off has none.
    noise = math.nan if eight_bit else noise_ratio(levels)
    noise_says = "linear" if noise > GROWS_TO_DARK else "density" if noise < GROWS_TO_LIGHT else None
    background = float(np.median(picture.levels[~picture.fill])) / end if end else math.nan
    near_top = background > NEAR_TOP
    seen = (what, shape.words, _noise_words(noise), f"background at {100 * background:.0f} % of white")
    facts = "; ".join(each for each in seen if each)
    told_by = [each for each in (named, shape.says, noise_says) if each]
    if len(set(told_by)) > 1:
        return Decision(shape.says or told_by[0], False, f"dark on light, and the evidence disagrees; {facts}")
    if told_by:
        # A camera's white is at the top of its range, whatever else speaks for it. Overloaded bands, wider the stronger
        # they are, look like a density: in 8 bits, where noise says nothing, it takes more than their shape.
        sure = near_top if told_by[0] == "linear" else noise_says == "density" or len(told_by) > 1
        return Decision(told_by[0], sure and told_by != [named], f"dark on light; {facts}")
    leans = shape.leans or ("density" if eight_bit or not near_top else "linear")
    return Decision(leans, False, f"dark on light, and nothing tells a scan from a camera export; {facts}")


def _noise_words(noise: float) -> str:
    return f"noise in the dark {noise:.2f} x that in the light" if math.isfinite(noise) else ""


def other_reading(blot: Blot) -> Blot | None:
    """The same picture with the other response; None where its response is no guess, or the levels are not known.

    Parameters
    ----------
    blot : Blot
        As read. Which levels are white is in its provenance, so that nothing is read again.
    """
    facts = blot.source.metadata
    if "response_assumed" not in blot.flags or not {"white", "full_white"} <= set(facts):
        return None
    white, end = float(facts["white"]), float(facts["full_white"])
    signal = np.empty_like(blot.signal)
    rows = max(1, BLOCK // signal.shape[1])
    for top in range(0, len(signal), rows):
        some = blot.signal[top : top + rows]
        if blot.response == "density":
            signal[top : top + rows] = np.float32(end) - np.float32(white) * np.power(np.float32(10), -some)
        else:
            signal[top : top + rows] = _density(np.float32(end) - some, white, None)
    response: Literal["linear", "density"] = "linear" if blot.response == "density" else "density"
    return replace(blot, signal=signal, response=response)


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
