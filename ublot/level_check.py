"""Whether the background agrees with what is seen: with the lane's own lowest levels, and with the gaps beside it.

A background is what is there without protein, so it cannot lie above the lane it is drawn under, nor above the gap
beside it, by more than noise; and where the gap is clean it cannot lie below it. All three are seen on every picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.smoothing import smooth_rows

if TYPE_CHECKING:
    from ublot.model import Profile

__all__ = ["UNSURE", "Checked", "check_levels", "kept_below"]

Array = NDArray[np.float64]

NOISE = 3.0  # standard deviations of a mean over neighbouring rows: what is further off is not noise
LONG, SHORT = 0.5, 5  # of the lane's width, and rows: over so much a lane's own level is looked at
REACH = 1.0  # of the lane's width (sigma): the membrane is no rougher than that
GAP_ROWS = 0.5  # of the lane's width, over which a gap's level is averaged
ENDS = 0.02  # of a lane's raw values, at either end: its height is what lies between
MOSTLY = 0.95  # of a lane's rows: in no more than the rest is its background further off the gaps than is said
UNSURE = 0.02  # of the lane's height, from where on what a background is off by is worth a word


@dataclass(frozen=True)
class Checked:
    """One lane whose background was checked.

    Attributes
    ----------
    profile : Profile
        With the more cautious background where two disagree, and what they differ by in its uncertainty.
    above_raw : float
        The most by which the background stood above the lane's own level, beyond noise, over the lane's height.
    off_gaps : float
        By how much it is off the level of the gaps, beyond noise and what is stated of its uncertainty, over the
        lane's height, in all but a few rows.
    """

    profile: Profile
    above_raw: float = 0.0
    off_gaps: float = 0.0

    @property
    def off(self) -> float:
        """The larger of both."""
        return max(self.above_raw, self.off_gaps)


def lane_height(profile: Profile) -> float:
    """Range of a lane's raw values, single outliers aside."""
    low, high = np.quantile(profile.raw, (ENDS, 1 - ENDS))
    return float(high - low)


def _means(values: Array, rows: int) -> Array:
    """Running means over `rows` rows."""
    return np.asarray(cv2.blur(values[None], (rows, 1), borderType=cv2.BORDER_REFLECT)[0], np.float64)


def _excess(profile: Profile, background: Array, rows: int) -> Array:
    """By how much the background stands above the lane's own level over `rows` rows, beyond noise."""
    level = _means(profile.raw - background, rows)
    noise = np.sqrt(np.maximum(_means(profile.noise**2, rows), 0.0) / rows)
    return np.asarray(np.maximum(-level - NOISE * noise, 0.0) * (profile.noise > 0), np.float64)


def kept_below(profile: Profile) -> Checked:
    """The profile with its background nowhere above its own raw level by more than noise.

    Parameters
    ----------
    profile : Profile
    """
    lower = profile.background
    for rows in (max(round(LONG * profile.width), SHORT), SHORT):  # a long stretch is less noisy, a short one shows all
        lower = lower - _excess(profile, lower, rows)
    moved = profile.background - lower
    most = float(moved.max(initial=0.0))
    if not most > 0:
        return Checked(profile)
    better = replace(profile, background=lower, modes=np.concatenate([profile.modes, moved[None]]))
    height = lane_height(profile)
    return Checked(better, most / height if height > 0 else 0.0)


def _off_gaps(profile: Profile, gap: Array, error: Array) -> Array:
    """By how much the background is off the level of the gaps, beyond noise and what is stated of its uncertainty."""
    rows = max(round(GAP_ROWS * profile.width), SHORT)
    apart = _means(profile.background - gap, rows)
    sure = NOISE * np.sqrt(_means(error, rows) ** 2 + (profile.modes**2).sum(axis=0))
    return np.asarray((apart - np.clip(apart, -sure, sure)) * (profile.noise > 0), np.float64)


def check_levels(
    profiles: Sequence[Profile], gaps: Mapping[int, tuple[Array, Array]] | None = None
) -> tuple[Checked, ...]:
    """Check the background of every lane against its own level and against the gaps beside it.

    Parameters
    ----------
    profiles : sequence of Profile
    gaps : mapping of int to pairs of ndarray, shape (rows,), optional
        Membrane as the gaps beside each lane show it, in the unit of the profile, and its standard error; lanes that
        are not in it are checked against themselves alone.

    Returns
    -------
    tuple of Checked
    """
    return tuple(_checked(p, (gaps or {}).get(p.lane)) for p in profiles)


def _checked(profile: Profile, gap: tuple[Array, Array] | None) -> Checked:
    found = kept_below(profile)
    p, height, off_gaps = found.profile, lane_height(profile), 0.0
    if gap is not None and height > 0:
        off = _off_gaps(p, *gap)
        off_gaps = float(np.quantile(np.abs(off), MOSTLY)) / height
        if off_gaps > 0:
            p = replace(p, modes=np.concatenate([p.modes, smooth_rows(off, REACH * p.width)[None]]))
    if max(found.above_raw, off_gaps) > UNSURE:
        p = replace(p, flags=(*p.flags, "background_unsure"))
    return Checked(p, found.above_raw, off_gaps)
