"""Where the regions of every lane begin and end, what lies in them, and how much of it is at the ceiling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.mass.scale import row_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.landmarks import Band
    from ublot.model import Calibration, Profile
    from ublot.numerics.arrays import Array

__all__ = [
    "SATURATED_PIXELS",
    "SATURATED_SHARE",
    "Frame",
    "Nominal",
    "areas_of",
    "frame_lanes",
    "saturation",
    "share_of_rows",
    "to_background",
]

BAND_EDGE = 2.5  # standard deviations of the unmodified band to its edge, where no masses are known
# Share of a broad smear that is not safe from the background, and that per leak: the rest is in the background's own
# uncertainty since the shapes of lanes are learned. Lanes at 86-98 % of the pitch: errors of 0.0018 (95 %).
TO_BACKGROUND = 0.003, 0.02
BELOW = 1.5  # modifiers below the unmodified band, from where on a lane holds no target
LIGHTEST = 1e-3  # kDa: masses have a row from here on
SATURATED_PIXELS = 10
SATURATED_SHARE = 0.01
TOP_ZONE = 0.02  # of the rows: the very top of a lane
TOP_SHARE = 0.002  # of all signal: what counts as signal there


def share_of_rows(profile: Profile, first: float | Array, last: float | Array) -> Array:
    """Share of every row (which reaches half a pixel up and down) that lies between two rows, or columns of them."""
    r = profile.rows
    return np.asarray(np.clip(np.minimum(r + 0.5, last) - np.maximum(r - 0.5, first), 0.0, 1.0))


def areas_of(profile: Profile, regions: Sequence[Array] | Array) -> tuple[Array, Array]:
    """Areas of regions, given as the share of every row in them, and their covariance by error propagation.

    Returns
    -------
    area : ndarray, shape (regions,)
    covariance : ndarray, shape (regions, regions)
        Pixel noise, and the background's uncertainty that all rows share.
    """
    weights = np.asarray(regions)
    loads = weights @ profile.modes.T
    return weights @ profile.signal, (weights * profile.noise**2) @ weights.T + loads @ loads.T


def to_background(leak: float) -> float:
    """Share of a broad smear that is not safe from the background.

    Parameters
    ----------
    leak : float
        Signal of the lane in the middle of its gutters, as a share of that on its centre line.
    """
    return TO_BACKGROUND[0] + TO_BACKGROUND[1] * leak


@dataclass(frozen=True)
class Frame:
    """Rows that bound the regions of one lane, and how masses lie on it."""

    target_row: float
    top: float
    well: float
    boundary: float
    low: float
    shift: float
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Nominal:
    """Rows of the marker lane at which the calibration has the unmodified band, and what lies about it.

    Attributes
    ----------
    band, above : float
        The unmodified band, and that with one modifier.
    boundary, low : float
        Half a modifier above and below it.
    empty : float
        From here on a lane holds no target.
    """

    band: float
    above: float
    boundary: float
    low: float
    empty: float

    @classmethod
    def of(cls, calibration: Calibration, target: float, modifier: float) -> Nominal:
        away = np.array([0.0, 1.0, 0.5, -0.5, -BELOW])
        return cls(*row_at(calibration, np.maximum(target + away * modifier, LIGHTEST)).tolist())


def frame_lanes(
    profiles: Sequence[Profile],
    bands: Sequence[Band | None],
    wells: Sequence[float | None],
    nominal: Nominal | None,
) -> list[Frame]:
    """Regions of every lane: by mass where there is a calibration, else by the width of the unmodified band."""
    row, boundary, low = (nominal.band, nominal.boundary, nominal.low) if nominal is not None else (math.nan,) * 3
    known = () if nominal is not None else ("no_calibration",)
    frames = []
    for p, band, well in zip(profiles, bands, wells, strict=True):
        top, end = p.top - 0.5, p.top + len(p.raw) - 0.5
        shift = band.row - row if band is not None and nominal is not None else 0.0
        places = row + shift, boundary + shift, low + shift
        if band is not None and nominal is None:
            places = band.row, band.row - BAND_EDGE * band.sigma, band.row + BAND_EDGE * band.sigma
        edge = top if well is None else min(max(well, top), places[1])
        flags = (*known, "well_assumed") if well is None and _reaches_top(p) else known
        frames.append(Frame(places[0], top, edge, min(places[1], end), min(places[2], end), shift, flags))
    return frames


def _reaches_top(profile: Profile) -> bool:
    """Whether there is signal at the very top, so that it matters where the well begins."""
    zone = np.flatnonzero(profile.noise > 0)[: max(int(TOP_ZONE * len(profile.raw)), 8)]
    signal, noise = profile.signal, profile.noise[zone]
    area, variance = float(signal[zone].sum()), float(noise @ noise)
    if not area > 4 * math.sqrt(variance) or not area > TOP_SHARE * float(np.abs(signal).sum()):
        return False
    load = profile.modes[:, zone].sum(axis=1)
    return area > 4 * math.sqrt(variance + float(load @ load))


def saturation(profile: Profile, frame: Frame) -> tuple[float, tuple[str, ...]]:
    """Share of the bright pixels at the ceiling, and what it means."""
    worst, count = 0.0, 0
    if not profile.saturated.any():
        return worst, ()
    for first, last in ((frame.well, frame.boundary), (frame.boundary, frame.low)):
        inside = share_of_rows(profile, first, last) > 0.5
        if not inside.any():
            continue
        count += int(profile.saturated[inside].sum())
        bright = inside & (profile.signal >= 0.5 * profile.signal[inside].max())
        worst = max(worst, float(profile.saturated[bright].sum()) / max(int(bright.sum()) * profile.pixels, 1))
    if count < SATURATED_PIXELS:
        return worst, ()
    return worst, ("saturated", "saturated_heavily") if worst > SATURATED_SHARE else ("saturated",)
