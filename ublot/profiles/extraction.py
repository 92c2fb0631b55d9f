"""Densitometry: every lane as signal against row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.lanes.straightened import core_mean, core_width, lane_strip
from ublot.membrane.lateral_shape import lane_centres
from ublot.membrane.noise import estimate_noise
from ublot.model import Background, Blot, Lane, Lanes, Profile
from ublot.numerics.medians import middle
from ublot.numerics.remembering import remembered
from ublot.profiles.level_check import check_levels
from ublot.profiles.widening import with_light_beside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Window
    from ublot.numerics.arrays import Array

__all__ = ["extract_profiles"]


def _outside(blot: Blot, lanes: Lanes, centres: Array) -> NDArray[np.bool_]:
    """Rows in which lanes lie beyond the picture or the membrane, shape (lanes, rows of the window)."""
    outside = (centres < -0.5) | (centres > blot.shape[1] - 0.5)
    if lanes.inside is not None:
        mask = lanes.inside.view(np.uint8)
        for lane, rows in zip(lanes, outside, strict=True):
            rows |= ~lane_strip(mask, lane, lanes.window, core_width(lane), nearest=True).all(axis=1)
    return outside


def _cut_off(raw: Array, outside: NDArray[np.bool_]) -> Array:
    """What stands out of the lanes where they lie beyond the membrane, shape (lanes, rows).

    It is measured as nothing, but may be signal: an outline that was drawn wrongly cuts bands off. Beyond a membrane's
    true edge there is nothing that stands out.
    """
    cut = np.zeros_like(raw)
    for lane in np.flatnonzero(outside.any(axis=1)).tolist():
        seen = raw[lane, ~outside[lane]]
        usual = middle(seen if len(seen) else raw[lane])
        cut[lane] = np.where(outside[lane], np.maximum(raw[lane] - usual, 0.0), 0.0)
    return cut


def _saturated(blot: Blot, lanes: Lanes, full: list[int]) -> NDArray[np.int64]:
    """Saturated pixels of whole lanes, shape (lanes, rows of the window)."""
    counts = np.zeros((len(lanes), lanes.window.height), np.int64)
    if blot.saturated is not None and blot.saturated.any():
        mask = blot.saturated.view(np.uint8)
        for lane, wide, count in zip(lanes, full, counts, strict=True):
            count[:] = lane_strip(mask, lane, lanes.window, wide, nearest=True).sum(axis=1)
    return counts


@remembered(128)  # of all lanes of a large gel, and of those that have just been moved
def _core(blot: Blot, window: Window, rows: tuple[float, ...], xs: tuple[float, ...], wide: int) -> tuple[Array, Array]:
    """Mean and variance of a pixel over the core of a lane, see `core_mean`."""
    centre = Lane(0, rows, xs, wide).centre(np.arange(window.top, window.bottom))
    return core_mean(blot.signal, centre, window, wide, estimate_noise(blot, window))


def extract_profiles(blot: Blot, lanes: Lanes, background: Background) -> tuple[Profile, ...]:
    """Cut every lane out along its centre line and average it across its core.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    background : Background
        Of the same blot and lanes.

    Returns
    -------
    tuple of Profile
        In the order of the lanes: mean over the core (70 % of the width, dust left out) x the lane's width, and half of
        what wider bands have besides. Where the background disagrees with what is seen, the more cautious one, with the
        difference in its uncertainty.
    """
    if not len(lanes):
        return ()
    window = lanes.window
    noise = estimate_noise(blot, window)
    centres = lane_centres(lanes, np.arange(window.top, window.bottom, dtype=np.float64))
    width, wide = np.array([lane.width for lane in lanes]), [core_width(lane) for lane in lanes]
    cores = [_core(blot, window, lane.rows, lane.xs, pixels) for lane, pixels in zip(lanes, wide, strict=True)]
    raw, variance = np.array(cores).swapaxes(0, 1)
    index = [lane.number - 1 for lane in lanes]
    level = background.level[index]
    sd = np.sqrt(variance * noise.correlation / np.array(wide)[:, None])
    outside = _outside(blot, lanes, centres)
    # There is nothing to measure there: no signal rather than camera black less membrane.
    cut = _cut_off(raw, outside)[:, None] if outside.any() else np.zeros((len(lanes), 0, window.height))
    level[outside], sd[outside] = raw[outside], 0.0
    for values in (raw, level, sd):
        values *= width[:, None]
    modes = []
    for k, place in enumerate(index):
        under = background.modes_under(place) * width[k] if background.modes_under is not None else cut[k, :0]
        under[:, outside[k]] = 0.0
        modes.append(np.concatenate([under, cut[k] * width[k]]) if outside.any() else under)
    full = [max(round(lane.width), 1) for lane in lanes]
    saturated = _saturated(blot, lanes, full)
    found = background.lane_flags or [()] * (max(index) + 1)
    profiles = [
        Profile(
            lane.number,
            window.top,
            raw[k],
            level[k],
            sd[k],
            modes[k],
            lane.width,
            saturated[k],
            full[k],
            (*lane.flags, *found[lane.number - 1]),
        )
        for k, lane in enumerate(lanes)
    ]
    checked = check_levels(blot, lanes, background, profiles)
    return with_light_beside(checked, background.widening) if background.widening is not None else checked
