"""Which places of the row are the lanes that somebody described, where lanes at its ends hold nothing.

A pre-stained marker gives no light, blanks are loaded at either end: then the lanes that show are fewer than those
described, and the first of them need not be the first lane. Every way to lay the described lanes on the places of the
row is judged by what stands there and what their roles would show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.errors import BlotError
from ublot.lanes.borders import likeness
from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, strip_means
from ublot.numerics.medians import running_medians
from ublot.option_words import option_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.model import Blot, Lane, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["Reading", "place_roles", "readings"]

BEYOND = 4
"""Places looked at beyond either end of the row."""

ROWS = 160
"""Rows looked at, about."""

CORE, GUTTER = 0.5, 0.16
"""Widths looked at: of the lane's, and of the pitch."""

FILLED = 0.8
"""Share of their lanes' level that gutters reach from which on they are none: nothing stands out from them."""

NOTHING, SOMETHING = 0.02, 0.1
"""Height of a lane's strongest row over that of the usual lane up to which it is empty, and from which on it is not:
what leaks into an empty lane from its neighbours, and faint bands."""

NOISE = 6.0
"""Standard errors of a row that noise does not reach in any of `ROWS`; and of their mean that a faint smear does."""

AS_STRONG, WIDE = 0.15, 0.2
"""Strength over the usual lane's from which on a lane's own bands are no light of its neighbours, and share of the rows
that the median goes over which is taken off them. Lanes that fill their pitch leave no gutter to stand out from."""

INSIDE = 0.3
"""Of the pitch that a lane's centre lies within the membrane, at least."""

ALIKE, DIFFERENT = 0.5, 0.3
"""Correlation with the usual profile from which on a lane is a sample, and below which it is none: markers reach 0.2,
samples most often 0.8."""

FOREIGN = (0.1, 0.3)
"""Share of a lane's bands below what all share, where hardly another shows any: samples have less, markers more."""

STRONG_ROW, BAND_SLANT = 0.15, 0.02
"""Share of a lane's strongest row from which on a row shows something, and share of all rows by which a band may stand
higher or lower in another lane."""

FEWEST = 3
"""Lanes that must show before a row says anything."""

# What speaks against a reading, on a scale on which 1 is a sample that should show and does not. They order kinds of
# evidence and decide nothing finely: two readings closer than APART are both told.
LEFT_OUT = 1.5  # something like a lane stands beside the described ones
IN_BLANK = 1.2  # something stands in a blank lane
MARKER_UNSEEN = 0.25  # pre-stained markers give no light
MARKER_ALIKE = 0.8  # what is said to be a marker looks like a sample
NEGATIVE_UNSEEN = 0.7  # negative lanes hold the target as well, unless nothing was added
NOT_NEGATIVE = 0.4  # what is said to be negative is as modified as the others
NEGATIVE_ALIKE = 0.4  # what is said to be a sample has no modified part, unlike the others
UNLIKE = 2.0  # what is said to be a sample looks like none of the others
STAIN = 0.3  # share of it for what stands in a blank lane and looks like no sample
OFF_MEMBRANE = 1.0  # a lane that would stand where no membrane was seen
APART = 0.5


@dataclass(frozen=True)
class Reading:
    """One way to lay the described lanes on the places of the row.

    Attributes
    ----------
    shift : int
        Places that the first lane stands to the right of where it was found.
    first_x : float
        Column of the first lane at mid-height, px.
    cost : float
        What speaks against it.
    empty : tuple of int
        Numbers of the lanes in which nothing stands, blank ones apart.
    """

    shift: int
    first_x: float
    cost: float
    empty: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class _Row:
    """The places of a row: their columns at mid-height, how surely something stands there, and what it looks like.

    `holds` is where something does though it stands out of no gutter, or out of no single row.
    """

    x: Array
    shown: Array
    alike: Array
    bare: Array
    holds: NDArray[np.bool_]


def _look(blot: Blot, lanes: Lanes) -> _Row:
    cells = lane_cells(blot, lanes, ROWS)
    pitch, width = lane_pitch(lanes), float(np.median(lane_widths(lanes)))
    centres = lane_centres(lanes, cells.row_px)
    steps = pitch * np.arange(1, BEYOND + 1)[:, None]
    places = np.concatenate([centres[0] - steps[::-1], centres, centres[-1] + steps])
    half = 0.5 * pitch
    strips = ((places, CORE * width), (places - half, GUTTER * pitch), (places + half, GUTTER * pitch))
    core, left, right = strip_means(cells, *strips)
    left, right = np.where(np.isfinite(left), left, right), np.where(np.isfinite(right), right, left)
    own = slice(BEYOND, BEYOND + len(centres))
    lowest = np.fmin.reduce(core)
    if np.nansum((0.5 * (left + right) - lowest)[own]) > FILLED * np.nansum((core - lowest)[own]):
        left = right = core - _bands(core)
    # A step, as at a membrane's edge, is no lane.
    seen = core - 0.5 * (left + right) - 0.25 * np.abs(left - right)
    known = np.isfinite(seen)
    steps_of = np.abs(np.diff(np.where(known, seen, 0.0), axis=1))
    noise = 1.4826 * np.median(steps_of, axis=1) / 2**0.5 + 1e-12
    seen = np.where(known, seen, 0.0)
    top = np.sort(seen, axis=1)[:, -2]
    usual = float(np.median(np.sort(top[own])[len(centres) // 2 :])) + 1e-12
    share = np.log(np.maximum(top, 1e-12) / usual / NOTHING) / np.log(SOMETHING / NOTHING)
    shown = np.where(top > NOISE * noise, np.clip(share, 0, 1), 0.0)
    loaded = np.flatnonzero(shown[own] > 0.5) + BEYOND
    typical = np.median(seen[loaded], axis=0) if len(loaded) else np.zeros(seen.shape[1])
    alike = np.array([likeness(profile, typical) for profile in seen])
    # What has a good part of its bands where no other lane has any is a marker, however alike the rest is.
    foreign = np.clip((_foreign(seen, typical, loaded) - FOREIGN[0]) / (FOREIGN[1] - FOREIGN[0]), 0, 1)
    alike *= 1 - foreign
    x = np.concatenate([p[None] for p in places])[:, len(cells.row_px) // 2]
    holds = _has_own_bands(core, own, noise) | (seen.mean(axis=1) > NOISE * noise / seen.shape[1] ** 0.5)
    return _Row(x, shown, alike, _bareness(seen, typical, loaded), holds)


def _has_own_bands(core: Array, own: slice, noise: Array) -> NDArray[np.bool_]:
    """Which places have bands not far weaker than those of the usual lane, whatever stands beside them."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(core).all(axis=1), np.bool_)
    high = _bands(np.where(known[:, None], core, 0.0))
    top = np.sort(high, axis=1)[:, -2]
    return known & (top > AS_STRONG * float(np.median(top[own]))) & (top > NOISE * noise)


def _bands(profiles: Array) -> Array:
    """What stands out of its own profile, whatever stands beside it."""
    return np.asarray(profiles - running_medians(profiles, 2 * round(0.5 * WIDE * profiles.shape[1]) + 1))


def _bareness(seen: Array, typical: Array, loaded: NDArray[np.intp]) -> Array:
    """From 0 to 1: how much less of each profile lies above the band that all share than of the others."""
    n = len(typical)
    band = int(np.argmax(np.median(seen[loaded], axis=0))) if len(loaded) else n
    # The lowest of the strong bands is the unmodified one: what lies above it is modified.
    strong = np.flatnonzero(typical > 0.5 * typical.max()) if typical.max() > 0 else np.array([band])
    band = int(strong[-1])
    above = np.clip(seen[:, : max(band - max(n // 16, 2), 1)], 0, None).sum(axis=1)
    share = above / (np.clip(seen, 0, None).sum(axis=1) + 1e-12)
    # Vehicle lanes, the least modified but for the negative ones, are at least a quarter.
    usual = float(np.quantile(share[loaded], 0.25)) if len(loaded) else 0.0
    return np.clip((0.6 - share / (usual + 1e-12)) / 0.3, 0, 1) if usual > 0 else np.zeros(len(seen))


def _foreign(seen: Array, typical: Array, loaded: NDArray[np.intp]) -> Array:
    """Share of each profile below the lowest band that lanes share, where no other shows anything: a marker's bands.

    Above it a lane that is modified more than all others has bands of its own as well.
    """
    strength = np.clip(seen, 0, None) / (seen.max(axis=1, keepdims=True) + 1e-12)
    if len(loaded) < FEWEST:
        return np.zeros(len(seen))
    reach = 2 * max(round(BAND_SLANT * seen.shape[1]), 1) + 1
    wide = cv2.dilate(strength[loaded], np.ones((1, reach), np.uint8))
    out = np.zeros(len(seen))
    strong = np.flatnonzero(typical > 0.5 * typical.max())
    below = np.arange(seen.shape[1]) > (strong[-1] if len(strong) else 0)
    for i, own in enumerate(strength):
        # Two markers must not vouch for each other: of the others the second highest counts.
        others = np.sort(wide[loaded != i], axis=0)[-2]
        bands = np.where(own > STRONG_ROW, own, 0)
        out[i] = bands[below & (others < STRONG_ROW)].sum() / (bands.sum() + 1e-12)
    return out


def _cost(role: str, shown: float, alike: float, bare: float) -> float:
    """What speaks against a role at a place."""
    like = max(alike, 0.0)
    if role == "blank":
        return IN_BLANK * shown * min(max(like / ALIKE, STAIN), 1)
    if role == "marker":
        return MARKER_UNSEEN * (1 - shown) + MARKER_ALIKE * shown * min(like / ALIKE, 1)
    if role == "ignore":
        return 0.0
    other = UNLIKE * max(1 - like / DIFFERENT, 0)
    if role == "negative":
        return NEGATIVE_UNSEEN * (1 - shown) + shown * max(other, NOT_NEGATIVE * (1 - bare))
    return (1 - shown) + shown * max(other, NEGATIVE_ALIKE * bare)


def readings(blot: Blot, lanes: Lanes, roles: Sequence[str]) -> list[Reading]:
    """All ways to lay described lanes on the places of a row, the best first.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        As many as `roles`, evenly spaced; their number and spacing are taken to be right.
    roles : sequence of str
        ``marker``, ``vehicle``, ``sample``, ``negative``, ``blank`` or ``ignore``, from left to right.

    Returns
    -------
    list of Reading
        One, the row as it is, where too few lanes show to tell.
    """
    row, n = _look(blot, lanes), len(lanes)
    as_found = Reading(0, float(row.x[BEYOND]), 0.0)
    if (row.shown > 0.5).sum() < FEWEST:
        return [as_found]
    room = INSIDE * lane_pitch(lanes)
    out = []
    for shift in range(-BEYOND, BEYOND + 1):
        places = np.arange(n) + BEYOND + shift
        x = row.x[places]
        if x[0] < blot.window.left + room or x[-1] > blot.window.right - 1 - room:
            continue
        cost = OFF_MEMBRANE * float(np.sum((x < lanes.window.left + room) | (x > lanes.window.right - 1 - room)))
        cost += sum(
            _cost(role, row.shown[i], row.alike[i], row.bare[i]) for role, i in zip(roles, places.tolist(), strict=True)
        )
        beside = np.setdiff1d(np.arange(len(row.x)), places)
        cost += float((LEFT_OUT * row.shown[beside] * np.clip(row.alike[beside], 0.2, 1)).sum())
        bare = (row.shown[places] < 0.5) & ~row.holds[places]
        empty = tuple(k + 1 for k, role in enumerate(roles) if bare[k] and role != "blank")
        out.append(Reading(shift, float(x[0]), float(cost), empty))
    return sorted(out, key=lambda each: (each.cost, abs(each.shift))) or [as_found]


def _moved(lanes: Lanes, shift: int, empty: Collection[int]) -> tuple[Lane, ...]:
    """Lanes laid `shift` places to the right; those beyond the row follow its end by the pitch."""
    pitch, n, out = lane_pitch(lanes), len(lanes), []
    for i in range(n):
        at = i + shift
        end = lanes[min(max(at, 0), n - 1)]
        away = (at - min(max(at, 0), n - 1)) * pitch
        flags = (*end.flags, "lane_empty") if i + 1 in empty else end.flags
        out.append(replace(end, number=i + 1, xs=tuple(x + away for x in end.xs), flags=flags))
    return tuple(out)


def place_roles(
    blot: Blot, lanes: Lanes, roles: Sequence[str], first_x: float | None = None
) -> tuple[Lanes, tuple[Reading, ...]]:
    """Lay described lanes on the places of the row that was found.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        As many as `roles`.
    roles : sequence of str
        From left to right.
    first_x : float, optional
        Column of the first lane, as a person says; the nearest place is taken.

    Returns
    -------
    lanes : Lanes
        With ``lanes_one_off`` among the flags where a second reading is nearly as good.
    readings : tuple of Reading
        The best one, and those nearly as good.

    Raises
    ------
    BlotError
        No lane can stand first where a person said.
    """
    if len(lanes) < 2 or len(lanes) != len(roles):
        return lanes, ()
    found = readings(blot, lanes, roles)
    if first_x is not None:
        near: tuple[Reading, ...] = (min(found, key=lambda each: abs(each.first_x - first_x)),)
        if abs(near[0].first_x - first_x) > 0.5 * lane_pitch(lanes):
            at = ", ".join(f"{each.first_x:.0f}" for each in sorted(found, key=lambda each: each.first_x))
            raise BlotError(f"no first lane at {first_x:g} px", option_key("first_lane"), f"it can stand at {at} px")
    else:
        near = tuple(each for each in found if each.cost < found[0].cost + APART)
    items = _moved(lanes, near[0].shift, near[0].empty)
    flags = (*lanes.flags, "lanes_one_off") if len(near) > 1 else lanes.flags
    return replace(lanes, items=items, flags=flags), near
