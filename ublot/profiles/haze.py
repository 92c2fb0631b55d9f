"""The haze of a lane: non-specific signal from the well to the end of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.numerics.arrays import in_a_row
from ublot.numerics.medians import medians_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["HAZE_CLEAR", "Cleaned", "Stretch", "remove_haze"]

HAZE_BLOCKS = 24  # the stretch below the unmodified band is looked at in so many parts
HAZE_CLIP = 2.0  # standard deviations above the level from which a part counts as a band
HAZE_CLEAR = 3.0  # haze this many of its standard deviations above zero is mentioned
# Before a blot's empty lanes have been looked at, haze above the band differs from that below by so much of itself
# (standard deviation), which counts as much as this many lanes.
UNEVEN, UNEVEN_COUNTS = 0.03, 0.5
UNEVEN_MOST = 0.3  # what varies by more is no haze of lanes but a background that does not fit
UNEVEN_CLEAR = 10.0  # standard deviations haze stands above zero where it shows how even it is
TREND_COUNTS = 0.5  # of a lane: what its stretch below the band says of that above
# Proof. Levels are alike that differ by no more than haze is uneven at most (`UNEVEN_MOST`) and what they are uncertain
# by; the stretch above the band is looked at in as many parts as that below, in runs of so many of them.
RUN = 3
FEWEST_PROVEN, LIKE_OTHERS = 2, 2.0  # lanes that prove haze, and how far from theirs the level may be
LEVEL_PARTS = 0.5  # of the parts below the band: fewer without bands are no level
TOWARDS_WELL = 1 / 3  # of the way from the well to the band
RISE = 0.3  # of what the lane is above the level below where it is lowest above the band, that may be smear: not taken
AS_LOW = 2.0  # standard errors
# Of an arc through what haze does below the band: its lean there says so much of what it is half-way up. Of blots whose
# haze bends by half a wave over the run, 0.48 and 0.62 of it was there.
BOWED = 0.5
SURE = 2.0  # standard errors
# Standard deviation of haze that is not proven, over the most that it can be: 95 % hold all of it and a sixth more, for
# a fraction that much is taken from falls by more than in proportion (streaks along a lane: 0.118, not 0.099).
POSSIBLE = 0.6


@dataclass(frozen=True, eq=False)
class Cleaned:
    """One lane without its haze.

    Attributes
    ----------
    profile : Profile
        With the haze moved into its background and its uncertainty.
    haze, error : float
        What was taken off, and its standard error, per row in the unit of the profile.
    possible : float
        The most that it may be where it is not proven and nothing was taken off.
    """

    profile: Profile
    haze: float = 0.0
    error: float = 0.0
    possible: float = 0.0


@dataclass(frozen=True)
class Stretch:
    """Rows of a lane between the well and the band (what stands there is ladder, smear and, perhaps, haze).

    Attributes
    ----------
    top, bottom : float
        ``row_px``; an empty stretch where the lane does not show it.
    """

    top: float
    bottom: float


def remove_haze(
    profiles: Sequence[Profile],
    below: Sequence[float | None],
    empty: Collection[int] = (),
    *,
    above: Sequence[Stretch | None] | None = None,
) -> tuple[Cleaned, ...]:
    """Take off the non-specific signal that runs along a whole lane.

    It shows below the unmodified band, where nothing ubiquitinated can stand; but fragments and other proteins stand
    there too. It is proven where its level, bands left out, is the same below the band and towards the well, and is
    undercut nowhere in between; and in a lane whose smear reaches the well, where the level below the band is like that
    of lanes of the blot in which it is proven. There it is shrunk towards none by what these lanes scatter (James &
    Stein 1961, empirical Bayes). Haze need not be the same above the band: it goes over into what the lane shows where
    it is lowest, and how far it may differ in between is part of its uncertainty, learned from lanes that hold no
    target. Where it is not proven nothing is taken off, and the most that it can be, the lesser of the levels below and
    above the band, is part of the background's uncertainty.

    Parameters
    ----------
    profiles : sequence of Profile
    below : sequence of (float or None)
        Row of each lane below which there is no target any more.
    empty : collection of int, optional
        Numbers of the lanes that hold no target: they show how even haze is on this blot.
    above : sequence of (Stretch or None), optional
        Where each lane holds ladder and smear. Without it, whatever stands below the band is taken for haze, and a
        membrane estimated too high or low along the lane goes with it.

    Returns
    -------
    tuple of Cleaned
    """
    signal, noise = np.stack([p.signal for p in profiles]), np.stack([p.noise for p in profiles])
    first = [math.inf if row is None else row - p.top for p, row in zip(profiles, below, strict=True)]
    beneath = np.arange(signal.shape[1]) >= np.array(first)[:, None]
    looks = _levels(profiles, signal, noise, (noise > 0) & beneath)
    taken, possible = looks, [0.0] * len(profiles)
    quiet: list[_Quiet | None] = [None] * len(profiles)
    if above is not None:
        quiet = [_quiet(*lane) for lane in zip(profiles, signal, noise, looks, above, strict=True)]
        taken = _proven(looks, quiet)
        possible = [0.0 if k is not None else _at_most(q) for k, q in zip(taken, quiet, strict=True)]
    seen = [look for look in taken if look is not None]
    scatter = max(sum(k.level**2 - k.error**2 for k in seen) / len(seen), 0.0) if seen else 0.0
    if not scatter:
        return tuple(_unsure(p, most) for p, most in zip(profiles, possible, strict=True))
    uneven = _unevenness(profiles, signal, noise, ~beneath, taken, empty)
    return tuple(
        _unsure(p, most) if look is None else _without(p, look, q, scatter / (scatter + look.error**2), uneven, start)
        for p, look, q, most, start in zip(profiles, taken, quiet, possible, first, strict=True)
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
    flat : bool
        Whether most of the stretch is at that level.
    """

    level: float
    error: float
    own: float
    weights: Array
    load: Array
    flat: bool = True


@dataclass(frozen=True)
class _Quiet:
    """The lowest that the signal of a lane falls to above its band, next to its level below.

    Attributes
    ----------
    level : float
        Below the band.
    lowest, error : float
        Lowest level of a run of parts anywhere above the band, and the error of its difference from that below.
    top, top_error, top_noise : float
        The same towards the well, and that level's own error.
    flat : bool
        Whether the level below the band is one.
    row, low : float
        Where the signal is as low as it gets, and how low on average.
    own : float
        The part of that level's error that is noise.
    load : ndarray, shape (modes,)
        What the background's modes are there.
    rows, levels, sure : ndarray, shape (runs,)
        Where the runs of parts above the band lie, their levels, and the standard errors of these by noise.
    """

    level: float
    lowest: float
    error: float
    top: float
    top_error: float
    top_noise: float
    flat: bool
    row: float
    low: float
    own: float
    load: Array
    rows: Array
    levels: Array
    sure: Array


def _quiet(profile: Profile, signal: Array, noise: Array, look: _Look | None, stretch: Stretch | None) -> _Quiet | None:
    """How low the signal falls above the band; None where that is not to be seen, or nothing below."""
    if look is None or stretch is None:
        return None
    rows = profile.rows
    usable = np.flatnonzero((noise > 0) & (rows >= stretch.top) & (rows <= stretch.bottom))
    if len(usable) < max(0.05 * len(signal), 2 * HAZE_BLOCKS):
        return None
    ends = (np.arange(HAZE_BLOCKS + 1) * len(usable)) // HAZE_BLOCKS
    starts, sizes, at = ends[:-1], ends[1:] - ends[:-1], in_a_row(usable)
    sums = np.add.reduceat(signal[at], starts)
    variances = np.add.reduceat(noise[at] ** 2, starts)
    loads = np.add.reduceat(profile.modes[:, at], starts, axis=1)

    def run(values: Array) -> Array:
        many = values.shape[-1] - RUN + 1
        return np.asarray(sum(values[..., k : k + many] for k in range(RUN)), np.float64)

    size = run(sizes.astype(np.float64))
    levels, own, load = run(sums) / size, np.sqrt(run(variances)) / size, run(loads) / size
    low_at = int(levels.argmin())
    top = int(levels[: max(int(TOWARDS_WELL * len(levels)), 1)].argmin())

    def apart(k: int) -> float:
        return math.hypot(own[k], look.own, float(np.linalg.norm(load[:, k] - look.load)))

    # What is higher than that by no more than their error is as low: a single lowest run would be low by chance.
    low = levels <= levels[low_at] + AS_LOW * apart(low_at)
    mid = 0.5 * (rows[usable[starts[: len(levels)]]] + rows[usable[(starts + sizes - 1)[RUN - 1 :]]])
    return _Quiet(
        look.level, float(levels[low_at]), apart(low_at), float(levels[top]), apart(top),
        math.hypot(own[top], float(np.linalg.norm(load[:, top]))), look.flat,
        float(mid[low].mean()), float(levels[low].mean()), float(own[low_at]), load[:, low].mean(axis=1),
        mid, levels, own,
    )  # fmt: skip


def _alike(level: float, other: float, error: float) -> bool:
    return abs(other - level) <= UNEVEN_MOST * level + 2 * error


def _proven(looks: Sequence[_Look | None], quiet: Sequence[_Quiet | None]) -> list[_Look | None]:
    """The looks of the lanes whose haze is proven."""

    def could(look: _Look, q: _Quiet) -> bool:
        """Level below the band, and undercut nowhere."""
        clear = look.level > HAZE_CLEAR * look.error
        return clear and q.flat and q.lowest > (1 - UNEVEN_MOST) * look.level - 2 * q.error

    seen = [(i, k, q) for i, (k, q) in enumerate(zip(looks, quiet, strict=True)) if k is not None and q is not None]
    able = [(i, k, q) for i, k, q in seen if could(k, q)]
    shown = {i for i, k, q in able if _alike(k.level, q.top, q.top_error) and q.top > HAZE_CLEAR * q.top_noise}
    # Lanes with something below the band that does not go on above it speak against haze on this blot.
    against = sum(k.level > HAZE_CLEAR * k.error for _, k, _ in seen) - len(able)
    # What one lane alone shows may as well be its own smear: haze is alike in the lanes that hold it.
    if len(shown) < FEWEST_PROVEN:
        return [None] * len(looks)
    out: list[_Look | None] = [k if i in shown else None for i, k in enumerate(looks)]
    if len(shown) > against:
        levels = [k.level for i, k, _ in able if i in shown]
        for i, k, _ in able:
            if min(levels) / LIKE_OTHERS <= k.level <= max(levels) * LIKE_OTHERS:
                out[i] = k
        for i, k, q in seen:
            # Fragments below the band, so that there is no level: what the lane falls to above it shows its haze.
            at = min(k.level, q.lowest)
            if out[i] is None and min(levels) / LIKE_OTHERS <= at <= max(levels) * LIKE_OTHERS:
                out[i] = replace(k, level=at, error=math.hypot(q.error, UNEVEN_MOST * at / 2))
    return out


def _at_most(quiet: _Quiet | None) -> float:
    """The most that haze can be in a lane in which it is not proven."""
    return 0.0 if quiet is None else max(min(quiet.level, quiet.lowest), 0.0)


def _unsure(profile: Profile, most: float) -> Cleaned:
    """A profile from which haze of up to `most` per row may have to be taken."""
    if not most > 0:
        return Cleaned(profile)
    modes = np.concatenate([profile.modes, POSSIBLE * most * (profile.noise > 0)[None]])
    return Cleaned(replace(profile, modes=modes), possible=most)


def _without(
    profile: Profile, look: _Look, quiet: _Quiet | None, shrink: float, uneven: float, start: float
) -> Cleaned:
    """A profile without its haze, the haze and its error.

    From the band upwards haze goes over into what the lane shows where it is lowest. Nothing negative stands on it, so
    that it cannot be higher there; where the lane is nowhere as low as below the band, part of that may be a smear, and
    all of it where it is much.
    """
    count, height = len(profile.modes), len(profile.raw)
    way, step, load, own = np.zeros(height), 0.0, look.load, 0.0
    if quiet is not None and start - (quiet.row - profile.top) > 1:
        way = np.clip((start - np.arange(height)) / (start - (quiet.row - profile.top)), 0.0, 1.0)
        if quiet.lowest < look.level or _alike(look.level, quiet.lowest, quiet.error):
            step, load, own = quiet.low - look.level, quiet.load, quiet.own
        else:  # a smear that reaches the well
            way = np.zeros(height)
    rise = max(step, 0.0)
    line = look.level + way * (step - RISE * rise)
    bow = _bow(profile, look, quiet, line) if way.any() and quiet is not None else np.zeros(height)
    haze = shrink * (line + bow)
    share = RISE if step > 0 else 1.0  # of what is seen at the lowest place
    modes = np.empty((count + 5, height))
    modes[:count] = profile.modes - shrink * (look.load[:, None] * (1 - share * way) + load[:, None] * (share * way))
    modes[count] = math.sqrt(shrink) * look.own * (1 - share * way)
    modes[count + 1] = math.sqrt(shrink) * own * share * way
    modes[count + 2] = RISE * rise * way
    taken = shrink * look.level
    modes[count + 3 :] = _upwards(height, start, uneven * taken) if taken > 0 else 0.0
    moved = replace(profile, background=profile.background + haze, modes=modes)
    return Cleaned(moved, float(haze.mean()), math.sqrt(shrink) * look.error)


def _bow(profile: Profile, look: _Look, quiet: _Quiet, line: Array) -> Array:
    """What haze is more, or less, than `line` between the two places where it is seen, shape (rows,).

    Below the band it is seen to lean. An arc that leans there by s more than the line between both places, over the
    length L between them, is s L / 4 lower half-way. It stands nowhere above what the lane shows.
    """
    rows = np.arange(len(line), dtype=np.float64)
    low, high = quiet.row - profile.top, float(look.weights @ rows)
    if high - low <= 1 or not look.flat:  # fragments lean as well
        return np.zeros(len(line))
    trend, error = _trend(profile, profile.signal, profile.noise, look.weights)
    lean = trend - (look.level - quiet.low) / (high - low)
    lean *= BOWED * max(1 - (SURE * error / lean) ** 2, 0.0) if lean else 0.0
    most = UNEVEN_MOST * look.level
    middle = min(max(-0.25 * lean * (high - low), -most), most)
    way = np.clip((high - rows) / (high - low), 0.0, 1.0)
    arc = 4 * way * (1 - way)
    at = np.clip(np.round(quiet.rows - profile.top).astype(int), 0, len(line) - 1)
    bowed = arc[at] > 0.5
    if middle > 0 and bowed.any():
        room = (quiet.levels + SURE * quiet.sure - line[at])[bowed] / arc[at][bowed]
        middle = min(middle, max(float(room.min()), 0.0))
    return np.asarray(middle * arc, np.float64)


def _levels(profiles: Sequence[Profile], signal: Array, noise: Array, usable: NDArray[np.bool_]) -> list[_Look | None]:
    """Level of every lane's usable rows, bands left out; None where there are too few."""
    usables = np.count_nonzero(usable, axis=1)
    long = np.flatnonzero(usables >= max(0.05 * signal.shape[1], 2 * HAZE_BLOCKS))
    out: list[_Look | None] = [None] * len(profiles)
    if not len(long):
        return out
    # The usable rows of all lanes one after the other, in blocks as alike as they can be.
    usable, (size, longer) = usable[long], np.divmod(usables[long, None], HAZE_BLOCKS)
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
    scatter, parts = _scatter(means, kept), kept.sum(axis=1)
    owns = np.maximum(np.sqrt((variances * kept).sum(axis=1)) / rows, scatter)
    scattered = (scatter * np.sqrt(parts)).tolist()
    first = usable.argmax(axis=1).tolist()
    each = zip(long.tolist(), levels.tolist(), owns.tolist(), weights, first, parts.tolist(), scattered, strict=True)
    for i, level, own, row, below, count, scatters in each:
        load = profiles[i].modes[:, below:] @ row[below:]
        flat = bool(count >= LEVEL_PARTS * HAZE_BLOCKS and scatters <= UNEVEN_MOST * abs(level))
        out[i] = _Look(level, math.hypot(own, math.sqrt(float(load @ load))), own, row, load, flat)
    return out


def _scatter(means: Array, kept: NDArray[np.bool_]) -> Array:
    """Standard error of the mean of the blocks that are kept, by what they scatter."""
    count = kept.sum(axis=1)
    away = (means - ((means * kept).sum(axis=1) / count)[:, None]) * kept
    return np.asarray(np.sqrt((away**2).sum(axis=1) / (count - 1) / count), np.float64)


def _without_bands(means: Array, noise: Array) -> NDArray[np.bool_]:
    """Which blocks of every lane do not stand above its others, shape (lanes, blocks)."""
    kept = np.ones(means.shape, bool)
    level, moving = medians_of(means, kept), np.ones(len(means), bool)
    for _ in range(12):
        scale = np.maximum(noise, 1.4826 * medians_of(np.abs(means - level), kept))
        now = means <= level + HAZE_CLIP * scale
        moving &= (now.sum(axis=1) >= 4) & (now != kept).any(axis=1)
        if not moving.any():
            break
        kept[moving] = now[moving]
        level[moving] = medians_of(means[moving], kept[moving])
    return kept


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
