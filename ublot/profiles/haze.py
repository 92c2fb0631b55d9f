"""The haze of a lane: non-specific signal from the well to the end of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["HAZE_CLEAR", "remove_haze"]

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
    signal, noise = np.stack([p.signal for p in profiles]), np.stack([p.noise for p in profiles])
    first = [math.inf if row is None else row - p.top for p, row in zip(profiles, below, strict=True)]
    beneath = np.arange(signal.shape[1]) >= np.array(first)[:, None]
    looks = _levels(profiles, signal, noise, (noise > 0) & beneath)
    seen = [look for look in looks if look is not None]
    scatter = max(sum(k.level**2 - k.error**2 for k in seen) / len(seen), 0.0) if seen else 0.0
    if not scatter:
        return tuple((p, 0.0, 0.0) for p in profiles)
    uneven = _unevenness(profiles, signal, noise, ~beneath, looks, empty)
    return tuple(
        (p, 0.0, 0.0) if look is None else _without(p, look, scatter / (scatter + look.error**2), uneven, start)
        for p, look, start in zip(profiles, looks, first, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Look:
    """What a stretch of one lane says of its haze.

    Attributes
    ----------
    level, error : float
        Signal per row without bands, and its standard error.
    own : float
        The part of the error that is noise.
    weights : ndarray, shape (rows,)
        Of the rows that the level rests on.
    load : ndarray, shape (modes,)
        What the background's modes are over those rows.
    """

    level: float
    error: float
    own: float
    weights: Array
    load: Array


def _without(profile: Profile, look: _Look, shrink: float, uneven: float, start: float) -> tuple[Profile, float, float]:
    """A profile without its haze, the haze and its error."""
    taken, count = shrink * look.level, len(profile.modes)
    modes = np.empty((count + 3, len(profile.raw)))
    np.subtract(profile.modes, shrink * look.load[:, None], out=modes[:count])
    modes[count] = math.sqrt(shrink) * look.own
    modes[count + 1 :] = _upwards(len(profile.raw), start, uneven * taken) if taken > 0 else 0.0
    moved = replace(profile, background=profile.background + taken, modes=modes)
    return moved, taken, math.sqrt(shrink) * look.error


def _levels(profiles: Sequence[Profile], signal: Array, noise: Array, usable: NDArray[np.bool_]) -> list[_Look | None]:
    """Level of every lane's usable rows, bands left out; None where there are too few."""
    count = np.count_nonzero(usable, axis=1)
    long = np.flatnonzero(count >= max(0.05 * signal.shape[1], 2 * HAZE_BLOCKS))
    out: list[_Look | None] = [None] * len(profiles)
    if not len(long):
        return out
    # The usable rows of all lanes one after the other, in blocks as alike as they can be.
    usable, (size, longer) = usable[long], np.divmod(count[long, None], HAZE_BLOCKS)
    sizes = size + (np.arange(HAZE_BLOCKS) < longer)
    starts = np.cumsum(sizes).reshape(sizes.shape) - sizes
    sums, variances = (
        np.add.reduceat(values[long][usable], starts.ravel()).reshape(sizes.shape) for values in (signal, noise**2)
    )
    means = sums / sizes
    kept = _without_bands(means, np.sqrt(variances) / sizes)
    rows = (sizes * kept).sum(axis=1)
    weights = np.zeros(usable.shape)
    weights[usable] = np.repeat((kept / rows[:, None]).ravel(), sizes.ravel())
    levels = (sums * kept).sum(axis=1) / rows
    owns = np.maximum(np.sqrt((variances * kept).sum(axis=1)) / rows, _scatter(means, kept))
    first = usable.argmax(axis=1).tolist()
    for i, level, own, row, below in zip(long.tolist(), levels.tolist(), owns.tolist(), weights, first, strict=True):
        load = profiles[i].modes[:, below:] @ row[below:]
        out[i] = _Look(level, math.hypot(own, math.sqrt(float(load @ load))), own, row, load)
    return out


def _scatter(means: Array, kept: NDArray[np.bool_]) -> Array:
    """Standard error of the mean of the blocks that are kept, by what they scatter."""
    count = kept.sum(axis=1)
    away = (means - ((means * kept).sum(axis=1) / count)[:, None]) * kept
    return np.asarray(np.sqrt((away**2).sum(axis=1) / (count - 1) / count), np.float64)


def _without_bands(means: Array, noise: Array) -> NDArray[np.bool_]:
    """Which blocks of every lane do not stand above its others, shape (lanes, blocks)."""
    kept = np.ones(means.shape, bool)
    level, moving = _medians(means, kept), np.ones(len(means), bool)
    for _ in range(12):
        scale = np.maximum(noise, 1.4826 * _medians(np.abs(means - level), kept))
        now = means <= level + HAZE_CLIP * scale
        moving &= (now.sum(axis=1) >= 4) & (now != kept).any(axis=1)
        if not moving.any():
            break
        kept[moving] = now[moving]
        level[moving] = _medians(means[moving], kept[moving])
    return kept


def _medians(values: Array, kept: NDArray[np.bool_]) -> Array:
    """Median of what is kept in every lane, shape (lanes, 1)."""
    ordered, count, lane = np.sort(np.where(kept, values, np.inf), axis=1), kept.sum(axis=1), np.arange(len(kept))
    return np.asarray(0.5 * (ordered[lane, (count - 1) // 2] + ordered[lane, count // 2])[:, None], np.float64)


def _upwards(count: int, start: float, size: float) -> Array:
    """Ways in which haze may depart above row `start` from what it is below, shape (2, rows), of this mean square.

    It drifts, and it bends: half a wave and a whole one from the row up to the top of the lane.
    """
    shapes = np.zeros((2, count))
    above = min(max(math.ceil(start), 0), count)
    if not above:
        return shapes
    way = (start - np.arange(above)) / max(start, 1.0)
    # By the half angle: 1 - cos a = 2 sin^2 (a / 2), sin a = 2 sin (a / 2) cos (a / 2).
    half = np.sin(0.5 * np.pi * way)
    shapes[0, :above], shapes[1, :above] = half * half, half * np.sqrt(1 - half * half)
    shapes *= size / np.sqrt(2 * np.einsum("kr,kr->k", shapes, shapes) / above)[:, None]
    return shapes


def _unevenness(
    profiles: Sequence[Profile],
    signal: Array,
    noise: Array,
    above: NDArray[np.bool_],
    looks: Sequence[_Look | None],
    empty: Collection[int],
) -> float:
    """By how much of itself haze differs above the band, as a standard deviation.

    Lanes without target show it outright; in the others, how haze changes along the stretch below the band says how far
    it would have changed half-way up.
    """
    variance, count = UNEVEN_COUNTS * UNEVEN**2, UNEVEN_COUNTS
    clear = [(i, k) for i, k in enumerate(looks) if k is not None and k.level >= UNEVEN_CLEAR * k.error]
    for i, look in clear:
        trend, error = _trend(profiles[i], signal[i], noise[i], look.weights)
        variance += TREND_COUNTS * (trend**2 - error**2) * (0.5 * signal.shape[1] / look.level) ** 2
        count += TREND_COUNTS
    blank = [(i, look) for i, look in clear if profiles[i].lane in empty]
    at = [i for i, _ in blank]
    found = _levels([profiles[i] for i in at], signal[at], noise[at], (noise[at] > 0) & above[at])
    for seen, (_, look) in zip(found, blank, strict=True):
        if seen is not None:
            variance += ((seen.level - look.level) ** 2 - seen.error**2 - look.error**2) / look.level**2
            count += 1
    least = UNEVEN_COUNTS * UNEVEN**2
    return min(math.sqrt(max(variance, least) / count), UNEVEN_MOST)


def _trend(profile: Profile, signal: Array, noise: Array, weights: Array) -> tuple[float, float]:
    """Slope of the signal over the rows with a weight, and its error."""
    rows = np.arange(len(weights), dtype=np.float64)
    rows -= weights @ rows
    slope = weights * rows
    slope /= slope @ rows
    noisy, load = slope * noise, profile.modes @ slope
    return float(slope @ signal), math.sqrt(float(noisy @ noisy + load @ load))
