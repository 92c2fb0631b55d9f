"""The haze of a lane: non-specific signal from the well to the end of the run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ublot.model import Profile

__all__ = ["HAZE_CLEAR", "remove_haze"]

Array = NDArray[np.float64]

HAZE_BLOCKS = 24  # the stretch below the unmodified band is looked at in so many parts
HAZE_CLIP = 2.0  # standard deviations above the level from which a part counts as a band
HAZE_CLEAR = 3.0  # haze this many of its standard deviations above zero is mentioned
# Before a blot's empty lanes have been looked at, haze above the band differs from that below by so much of itself
# (standard deviation), which counts as much as this many lanes.
UNEVEN, UNEVEN_COUNTS = 0.03, 0.5
UNEVEN_MOST = 0.3  # what varies by more is no haze of lanes but a background that does not fit
UNEVEN_CLEAR = 10.0  # standard deviations haze stands above zero where it shows how even it is
TREND_COUNTS = 0.5  # of a lane: what its stretch below the band says of that above


def remove_haze(
    profiles: Sequence[Profile], below: Sequence[float | None], empty: Collection[int] = ()
) -> tuple[tuple[Profile, float, float], ...]:
    """Take off the non-specific signal that runs along a whole lane.

    It shows below the unmodified band, where nothing ubiquitinated can stand. The level there, bands (degradation
    products) left out, is shrunk towards none by what the lanes of the blot scatter (James & Stein 1961, empirical
    Bayes), so that lanes without haze gain no noise. A membrane estimated too high or low along the lane goes with it.
    Haze need not be the same above the band: how far it may differ there is part of its uncertainty, learned from lanes
    that hold no target.

    Parameters
    ----------
    profiles : sequence of Profile
    below : sequence of (float or None)
        Row of each lane below which there is no target any more.
    empty : collection of int, optional
        Numbers of the lanes that hold no target: they show how even haze is on this blot.

    Returns
    -------
    tuple of (Profile, float, float)
        The profile with the haze moved into its background and its uncertainty, the haze, and its standard error, per
        row in the unit of the profile.
    """
    looks = [_haze_level(p, row) if row is not None else None for p, row in zip(profiles, below, strict=True)]
    known = [(level, error) for look in looks if look is not None for level, error in [look[:2]]]
    scatter = max(float(np.mean([h**2 - e**2 for h, e in known])), 0.0) if known else 0.0
    uneven = _unevenness(profiles, below, looks, empty) if scatter else 0.0
    out = []
    for p, row, look in zip(profiles, below, looks, strict=True):
        if look is None or row is None or not scatter:
            out.append((p, 0.0, 0.0))
            continue
        level, error, weights, own = look
        shrink = scatter / (scatter + error**2)
        modes = p.modes - shrink * (p.modes @ weights)[:, None]
        extra = np.full((1, len(p.raw)), np.sqrt(shrink) * own)
        drift = uneven * shrink * max(level, 0.0) * _upwards(p, row)
        moved = replace(p, background=p.background + shrink * level, modes=np.concatenate([modes, extra, drift]))
        out.append((moved, shrink * level, np.sqrt(shrink) * error))
    return tuple(out)


def _haze_level(profile: Profile, below: float) -> tuple[float, float, Array, float] | None:
    """Level below a row, its error, the weights of the rows it rests on, and the part of the error that is noise."""
    first = int(np.ceil(below - profile.top))
    return _level(profile, np.flatnonzero(profile.noise[max(first, 0) :] > 0) + max(first, 0))


def _level(profile: Profile, usable: NDArray[np.intp]) -> tuple[float, float, Array, float] | None:
    """Level of some rows without bands, its error, the weights of the rows, and the part of the error that is noise."""
    if len(usable) < 0.05 * len(profile.raw) or len(usable) < 2 * HAZE_BLOCKS:
        return None
    blocks = np.array_split(usable, HAZE_BLOCKS)
    means = np.array([profile.signal[b].mean() for b in blocks])
    noise = np.array([np.sqrt((profile.noise[b] ** 2).sum()) / len(b) for b in blocks])
    kept = np.ones(len(blocks), bool)
    level = float(np.median(means))
    for _ in range(12):
        scale = np.maximum(noise, 1.4826 * np.median(np.abs(means[kept] - level)))
        now = means <= level + HAZE_CLIP * scale
        if now.sum() < 4 or (now == kept).all():
            break
        kept, level = now, float(np.median(means[now]))
    weights = np.zeros(len(profile.raw))
    for b, k in zip(blocks, kept, strict=True):
        if k:
            weights[b] = 1.0
    weights /= weights.sum()
    level = float(weights @ profile.signal)
    own = float(max(np.sqrt((weights**2) @ profile.noise**2), means[kept].std(ddof=1) / np.sqrt(kept.sum())))
    return level, float(np.hypot(own, np.linalg.norm(profile.modes @ weights))), weights, own


def _upwards(profile: Profile, below: float) -> Array:
    """Ways in which haze may depart above a row from what it is below: shape (2, rows), with a mean square of 1.

    It drifts, and it bends: half a wave and a whole one from the row up to the top of the lane.
    """
    way = np.clip((below - profile.rows) / max(below - profile.top, 1.0), 0.0, 1.0)
    shapes = np.stack([1 - np.cos(np.pi * way), np.sin(np.pi * way)])
    above = way > 0
    if not above.any():
        return np.zeros_like(shapes)
    return np.asarray(shapes / np.sqrt(2 * np.mean(shapes[:, above] ** 2, axis=1, keepdims=True)), np.float64)


def _unevenness(
    profiles: Sequence[Profile],
    below: Sequence[float | None],
    looks: Sequence[tuple[float, float, Array, float] | None],
    empty: Collection[int],
) -> float:
    """By how much of itself haze differs above the band, as a standard deviation.

    Lanes without target show it outright; in the others, how haze changes along the stretch below the band says how far
    it would have changed half-way up.
    """
    variance, count = UNEVEN_COUNTS * UNEVEN**2, UNEVEN_COUNTS
    for p, row, look in zip(profiles, below, looks, strict=True):
        if look is None or row is None or look[0] < UNEVEN_CLEAR * look[1]:
            continue
        level, _, weights, _ = look
        trend, error = _trend(p, weights)
        way = 0.5 * (len(p.raw) - (row - p.top)) + 0.5 * (row - p.top)
        variance += TREND_COUNTS * (trend**2 - error**2) * (way / level) ** 2
        count += TREND_COUNTS
        seen = _level(p, np.flatnonzero((p.noise > 0) & (p.rows < row))) if p.lane in empty else None
        if seen is not None:
            variance += ((seen[0] - level) ** 2 - seen[1] ** 2 - look[1] ** 2) / level**2
            count += 1
    least = UNEVEN_COUNTS * UNEVEN**2
    return min(float(np.sqrt(max(variance, least) / count)), UNEVEN_MOST)


def _trend(profile: Profile, weights: Array) -> tuple[float, float]:
    """Slope of the signal over the rows with a weight, and its error."""
    rows = np.arange(len(profile.raw)) - np.average(np.arange(len(profile.raw)), weights=weights)
    slope = weights * rows / float(weights @ rows**2)
    noise = float((slope**2) @ profile.noise**2)
    return float(slope @ profile.signal), float(np.sqrt(noise + np.sum((profile.modes @ slope) ** 2)))
