"""Densitometry: every lane as signal against row."""

from __future__ import annotations

import numpy as np

from ublot.model import Background, Blot, Lane, Lanes, Profile
from ublot.noise import Noise, estimate_noise
from ublot.strips import core_width, lane_strip, robust_mean

__all__ = ["extract_profiles"]


def _profile(blot: Blot, lanes: Lanes, lane: Lane, background: Background, noise: Noise) -> Profile:
    window = lanes.window
    index = lane.number - 1
    wide = core_width(lane)
    strip = lane_strip(blot.signal, lane, window, wide)
    variance = noise.of(strip.mean(axis=1, dtype=np.float64))
    raw = robust_mean(strip, np.sqrt(variance))
    sd = np.sqrt(variance * noise.correlation / wide)
    level, modes = background.level[index].copy(), background.modes[:, index].copy()
    # Beyond the picture and the membrane there is nothing to measure: no signal rather than camera black less membrane.
    centre = lane.centre(np.arange(window.top, window.bottom))
    outside = (centre < -0.5) | (centre > blot.shape[1] - 0.5)
    if lanes.inside is not None:
        outside |= lane_strip(lanes.inside.view(np.uint8), lane, window, wide, nearest=True).min(axis=1) == 0
    level[outside], sd[outside], modes[:, outside] = raw[outside], 0.0, 0.0
    full = max(round(lane.width), 1)
    saturated = np.zeros(window.height, np.int64)
    if blot.saturated is not None:
        mask = blot.saturated.view(np.uint8)
        saturated = lane_strip(mask, lane, window, full, nearest=True).sum(axis=1, dtype=np.int64)
    flags = background.lane_flags[index] if background.lane_flags else ()
    return Profile(
        lane.number,
        window.top,
        raw * lane.width,
        level * lane.width,
        sd * lane.width,
        modes * lane.width,
        lane.width,
        saturated,
        full,
        (*lane.flags, *flags),
    )


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
        In the order of the lanes: mean over the core (70 % of the width, dust left out) x the lane's width.
    """
    if not len(lanes):
        return ()
    noise = estimate_noise(blot, lanes.window)
    return tuple(_profile(blot, lanes, lane, background, noise) for lane in lanes)
