"""Gates that need to know where lanes and bands are: a clipped background, and a crop that cuts what is measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.ladder.regions import areas_of
from ublot.option_words import told
from ublot.wording.lane_lists import lane_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from ublot.ladder.cut import Ladder
    from ublot.model import Blot, Lanes

__all__ = ["CLIPPED", "cuts_signal", "ends_at_band_in_words", "floor_share", "with_crop_flags", "with_target_flags"]

CLIPPED = 0.01
"""Share of the membrane's pixels at the floor from which on faint smear is lost."""

PILED = 3.0
"""Times the pixels of the next level that must be at the floor: few levels alone put some there."""

SAMPLE = 200_000
"""Pixels of the membrane that are looked at."""

ZONE = 0.015
"""Share of the rows, at either end of a lane, whose signal is looked at."""

CLEAR_SIGNAL = 5.0
"""Standard deviations by which it must stand above nothing."""

CUT_SMEAR, CUT_BAND = 0.2, 0.25
"""Of the mean of the smear at the top, and of the unmodified band's peak at the bottom: there it was cut off."""

GOES_ON, WORTH = 0.1, 0.012
"""A smear that is cut would go on for this share of the rows, and is worth a word from this share of all signal on."""

NEAR = 2.0
"""Heights of the unmodified band's region below it that are still about the band."""

REACH = 0.5
"""px between the unmodified band's row and the last row, below which the band is not on the picture."""


NO_BAND = 0.95
"""Modified share from which on a lane shows no unmodified band: all lanes of a blot seldom do."""


def floor_share(blot: Blot, lanes: Lanes) -> float:
    """Share of the membrane's pixels on which the floor of the signal cuts the noise off; 0 where it does not.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        For the membrane they were found on.
    """
    rows, cols = lanes.window.slices
    step = max(1, round(lanes.window.height * lanes.window.width / SAMPLE))
    rows = slice(rows.start, rows.stop, step)
    seen = blot.signal[rows, cols]
    masks = [mask[rows, cols] for mask in (lanes.inside, blot.valid) if mask is not None]
    values = seen[np.logical_and.reduce(masks)] if masks else seen.ravel()
    if not values.size:
        return 0.0
    floor = float(values.min())
    at_floor = int(np.count_nonzero(values == floor))
    if at_floor <= CLIPPED * values.size:
        return 0.0
    above = values[values > floor]
    following = int(np.count_nonzero(above == above.min())) if above.size else 0
    return at_floor / values.size if at_floor > PILED * following else 0.0


def with_crop_flags(ladders: Iterable[Ladder], loaded: Collection[int]) -> tuple[Ladder, ...]:
    """The ladders, those of `loaded` lanes flagged ``crop_tight`` where the picture cuts their signal.

    Where it leaves no row above the unmodified band, nothing is known of what is modified: its area is none, not 0.
    """
    found = (k.flagged("crop_tight") if k.lane in loaded and cuts_signal(k) else k for k in ladders)
    return tuple(replace(k, hmw=math.nan) if k.lane in loaded and _ends_at_band(k) else k for k in found)


def ends_at_band_in_words(ladders: Iterable[Ladder]) -> tuple[str, ...]:
    """A line that names the lanes of which nothing above the unmodified band is on the picture; none without such.

    Parameters
    ----------
    ladders : iterable of Ladder
        From `with_crop_flags`.
    """
    lanes = [k.lane for k in ladders if "crop_tight" in k.flags and _ends_at_band(k)]
    said = "{which}: the picture ends at the unmodified band: what is modified was not measured; crop less tightly"
    return (told(said, which=lane_ranges(lanes)),) if lanes else ()


def _ends_at_band(ladder: Ladder) -> bool:
    """Whether the picture or region leaves no row above the unmodified band."""
    measured = np.flatnonzero(ladder.profile.noise > 0)
    if ladder.antibody != "target" or len(measured) < 8:
        return False
    return bool(ladder.boundary_row <= ladder.profile.rows[measured[0]])


def with_target_flags(ladders: Iterable[Ladder], loaded: Collection[int]) -> tuple[Ladder, ...]:
    """The ladders, those of `loaded` lanes flagged ``target_unseen`` where none of them has an unmodified band.

    The controls have one, whatever a compound does: where they do not, the mass it is looked for at is wrong.
    """
    found = tuple(ladders)
    seen = [k for k in found if k.lane in loaded and k.antibody == "target" and "no_signal" not in k.flags]
    if not seen or any(not k.hmw > NO_BAND * (k.hmw + k.unmodified) for k in seen):
        return found
    return tuple(k.flagged("target_unseen") if k in seen else k for k in found)


def cuts_signal(ladder: Ladder) -> bool:
    """Whether the picture or the region of interest ends within the smear, or at or above the unmodified band.

    Parameters
    ----------
    ladder : Ladder
    """
    measured = np.flatnonzero(ladder.profile.noise > 0)
    if len(measured) < 8 or "no_signal" in ladder.flags:
        return False
    rows = ladder.profile.rows[measured]
    if ladder.target_row > rows[-1] - REACH or ladder.target_row < rows[0] + REACH:
        return True
    if _ends_at_band(ladder):
        return True
    zone = max(int(ZONE * len(measured)), 4)
    return _cut_above(ladder, measured, zone) or _cut_below(ladder, measured, zone)


def _cut_above(ladder: Ladder, measured: NDArray[np.intp], zone: int) -> bool:
    """Whether the smear still runs at the very top. A well that was seen is its end."""
    if ladder.well_row > ladder.top_row or not ladder.hmw > 0:
        return False
    top, clear = _mean(ladder, measured[:zone])
    rows = max(ladder.boundary_row - ladder.profile.rows[measured[0]], 1.0)
    lost = top * GOES_ON * len(measured)
    whole = ladder.hmw if ladder.antibody == "modifier" else ladder.hmw + ladder.unmodified
    return clear and top > CUT_SMEAR * ladder.hmw / rows and lost > WORTH * whole


def _cut_below(ladder: Ladder, measured: NDArray[np.intp], zone: int) -> bool:
    """Whether the unmodified band still runs at the very bottom."""
    if ladder.antibody == "modifier" or not ladder.unmodified > 0:
        return False
    rows = ladder.profile.rows[measured]
    high = ladder.low_row - ladder.boundary_row
    if rows[-1] > ladder.low_row + NEAR * high:
        return False
    # What rises towards the end may be the band itself, and the one above it taken for the band.
    inside = measured[rows >= ladder.boundary_row]
    bottom, clear = _mean(ladder, measured[-zone:])
    return bool(len(inside)) and clear and bottom > CUT_BAND * float(ladder.profile.signal[inside].max())


def _mean(ladder: Ladder, rows: NDArray[np.intp]) -> tuple[float, bool]:
    """Mean signal over some rows, and whether it is clear of noise and of what the background is uncertain by."""
    weights = np.zeros((1, len(ladder.profile.raw)))
    weights[0, rows] = 1 / len(rows)
    area, variance = areas_of(ladder.profile, list(weights))
    return float(area[0]), bool(area[0] > CLEAR_SIGNAL * np.sqrt(variance[0, 0]))
