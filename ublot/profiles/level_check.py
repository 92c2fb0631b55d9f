"""Whether the background agrees with what is seen: with the lane's own lowest levels, and with the gaps beside it.

A background is what is there without protein, so it cannot lie above the lane it is drawn under, nor above the gap
beside it, by more than noise; and where the gap is clean it cannot lie below it. All three are seen on every picture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.membrane.gaps import TOUCHING, measure_gaps
from ublot.numerics.medians import linear_quantiles, middle
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.model import Background, Blot, Lanes, Profile
    from ublot.numerics.arrays import Array

__all__ = ["UNSURE", "check_levels", "compared_with_gap", "kept_below", "lane_height", "within_bounds"]

NOISE = 3.0  # standard deviations of a mean over neighbouring rows: what is further off is not noise
LONG, SHORT = 0.5, 5  # of the lane's width, and rows: over so much a lane's own level is looked at
# The same where a background is lowered to the lane's own level: of what is noise after all, three times as much would
# lift fractions of faint lanes by 0.002.
SOFT_BELOW = 0.1
SOFT = 0.3  # of the lane's width (sigma), over which what is moved falls off beside where it must be
REACH = 1.0  # of the lane's width (sigma): the membrane is no rougher than that
GAP_ROWS = 0.5  # of the lane's width, over which a gap's level is averaged
ENDS = 0.02  # of a lane's raw values, at either end: its height is what lies between
HIDDEN = 50.0  # of a row's noise: the least height of a lane, so that what is worth a word stands above that noise
NEARLY_ALL = (
    0.98  # of a lane's rows: by more its background is moved in the rest only, as where the picture has a frame
)
MOSTLY = 0.95  # of a lane's rows: in no more than the rest is its background further off the gaps than is said
UNSURE = 0.02  # of the lane's height, from where on what a background is off by is worth a word


def lane_height(profile: Profile) -> float:
    """Range of a lane's raw values, single outliers aside; in a lane without signal what noise would hide."""
    low, high = linear_quantiles(profile.raw, ENDS, 1 - ENDS)
    return max(high - low, HIDDEN * middle(profile.noise))


def _means(values: Array, rows: int) -> Array:
    """Running means over `rows` rows."""
    return np.asarray(cv2.blur(values[None], (rows, 1), borderType=cv2.BORDER_REFLECT)[0], np.float64)


def _excess(profile: Profile, background: Array, rows: int) -> Array:
    """By how much the background stands above the lane's own level over `rows` rows, beyond noise."""
    seen = profile.noise > 0
    share = np.maximum(_means(seen.astype(np.float64), rows), 1e-9)  # what lies beyond the membrane says nothing
    level = _means((profile.raw - background) * seen, rows) / share
    noise = np.sqrt(np.maximum(_means(profile.noise**2, rows), 0.0) / rows) / share
    return np.asarray(np.maximum(-level - NOISE * noise, 0.0) * seen, np.float64)


def kept_below(profile: Profile) -> Profile:
    """The profile with its background nowhere above its own raw level by more than noise.

    What the background is moved by is part of its uncertainty; in nearly all rows it is no more than `off` of the
    lane's height.

    Parameters
    ----------
    profile : Profile
    """
    # A long stretch is less noisy, a short one shows all.
    seen = profile.noise > 0
    long = _excess(profile, profile.background, max(round(LONG * profile.width), SHORT))
    lower = profile.background - _smooth_cover(long, SOFT_BELOW * profile.width) * seen
    # As far as the mean of every short stretch asks for: by the most that any stretch asks for that a row lies in.
    asked = cv2.dilate(_excess(profile, lower, SHORT)[None], np.ones((1, SHORT)))[0]
    lower = lower - _smooth_cover(asked, SOFT_BELOW * profile.width) * seen
    moved = profile.background - lower
    if not moved.any():
        return profile
    most = linear_quantiles(moved, NEARLY_ALL)[0]
    height = lane_height(profile)
    modes = np.concatenate([profile.modes, moved[None]])
    return replace(profile, background=lower, modes=modes, off=max(profile.off, most / height if height > 0 else 0.0))


def within_bounds(profile: Profile, low: Array, high: Array) -> Profile:
    """The profile with its background between what is seen about it: what is off is moved, as smoothly as a membrane.

    Parameters
    ----------
    profile : Profile
    low, high : ndarray, shape (rows,)
        In the unit of the profile.
    """
    seen = profile.noise > 0
    up, down = (np.maximum(x, 0.0) * seen for x in (low - profile.background, profile.background - high))
    if not (up.any() or down.any()):
        return profile
    up, down = (_smooth_cover(x, SOFT * profile.width) for x in (up, down))
    # What falls off beside does not leave the bounds on the other side.
    up = np.minimum(up, np.maximum(high - profile.background, 0.0))
    down = np.minimum(down, np.maximum(profile.background - low, 0.0))
    moved = (up - down) * seen
    height = lane_height(profile)
    # It lies between the bounds: no more than these are apart is it off by now.
    left = np.minimum(np.abs(moved), np.maximum(high - low, 0.0))
    modes = np.concatenate([profile.modes, left[None]])
    most = linear_quantiles(np.abs(moved), NEARLY_ALL)[0]
    off = max(profile.off, most / height if height > 0 else 0.0)
    return replace(profile, background=profile.background + moved, modes=modes, off=off)


def _smooth_cover(values: Array, sigma: float) -> Array:
    """What covers non-negative values and falls off beside each no faster than a Gaussian."""
    tall = values.nonzero()[0]
    if not len(tall):
        return values
    reach = min(max(round(3 * sigma), 1), len(values) - 1)
    fades = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 0.3)) ** 2)
    out = np.zeros(len(values) + 2 * reach)
    for row in tall.tolist():  # mostly few
        covered = out[row : row + len(fades)]
        np.maximum(covered, values[row] * fades, out=covered)
    return out[reach : reach + len(values)]


def compared_with_gap(profile: Profile, gap: Array, error: Array) -> Profile:
    """The profile with what its background is off the level of the gaps in its uncertainty, beyond noise.

    By how much in all but a few rows, over the lane's height, is `off` where it is more than that was.

    Parameters
    ----------
    profile : Profile
    gap, error : ndarray, shape (rows,)
        Membrane as the gaps beside the lane show it, in the unit of the profile, and its standard error.
    """
    rows = max(round(GAP_ROWS * profile.width), SHORT)
    apart = _means(profile.background - gap, rows)
    spread = np.einsum("kr,kr->r", profile.modes, profile.modes)
    sure = NOISE * np.sqrt(np.maximum(_means(error, rows), 0.0) ** 2 + spread)
    off = (apart - np.clip(apart, -sure, sure)) * (profile.noise > 0)
    if not off.any():
        return profile
    height = lane_height(profile)
    if not height > 0:
        return profile
    smooth = smooth_rows(off, REACH * profile.width) * (profile.noise > 0)
    modes = np.concatenate([profile.modes, smooth[None]])
    return replace(profile, modes=modes, off=max(profile.off, linear_quantiles(np.abs(off), MOSTLY)[0] / height))


def check_levels(blot: Blot, lanes: Lanes, background: Background, profiles: Sequence[Profile]) -> tuple[Profile, ...]:
    """Check the background of every lane against its own level and against the gaps beside it.

    Lanes whose background disagrees with what is seen are flagged ``background_unsure``, those that stand in their gaps
    ``lanes_touching``; all of them ``shape_assumed`` where no band shows how lanes look across. A background that is
    not taken from the gaps is not compared with them.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    background : Background
    profiles : sequence of Profile
        Of `lanes`, as they were extracted with it.
    """
    found = list(profiles)
    if background.method == "gutter" and len(lanes) > 1:
        found = _beside(blot, lanes, background, found)
    found = [kept_below(p) for p in found]
    return tuple(
        replace(p, flags=(*p.flags, "background_unsure"))
        if p.off > UNSURE and "background_unsure" not in p.flags
        else p
        for p in found
    )


def _beside(blot: Blot, lanes: Lanes, background: Background, profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, compared with the gaps beside them."""
    gaps, window = measure_gaps(blot, lanes), background.window
    rows = np.arange(window.top, window.bottom, dtype=np.float64)
    profiles = [
        within_bounds(p, *(np.interp(rows, gaps.rows, bound) * p.width for bound in bounds))
        for p, *bounds in zip(profiles, *gaps.bounds(), strict=True)
    ]
    level = np.array([p.background / p.width for p in profiles])
    seen, error = gaps.membrane(np.array([np.interp(gaps.rows, rows, under) for under in level]))
    assumed = () if gaps.learned else ("shape_assumed",)
    out = []
    for p, membrane, sd, depth in zip(profiles, seen, error, gaps.depth.tolist(), strict=True):
        p = compared_with_gap(p, *(np.interp(rows, gaps.rows, values) * p.width for values in (membrane, sd)))
        touching = ("lanes_touching",) * (depth > TOUCHING)
        out.append(replace(p, gap_level=depth, flags=(*p.flags, *touching, *assumed)))
    return out
