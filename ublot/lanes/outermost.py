"""Lanes at the ends of a row that were too faint to be counted: what stands one pitch further like a lane is one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.lanes.borders import ALIKE, CORE_LOOKED_AT, FEWEST_LANES, GUTTER, ROWS, SEEN, best_match
from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, strip_means

if TYPE_CHECKING:
    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["with_faint_ends"]

MOST = 2
"""Lanes added at either end."""

NOISE, OWN = 10.0, 5.0
"""Standard errors of a row that a faint lane's strongest rows reach, and further bands of its own, of which it takes
several. Noise is below 5 in all rows, and reached 9 where compression makes that of neighbouring rows alike."""

LEAST = 0.01
"""Of the typical lane's strongest row, that they reach besides: where a picture is so clean that it has no noise, what
compression and glow leave beside a band does not. It was 0.001 to 0.0075 on two clean figures, and is 0.03 in faint
lanes that a person sees."""

CLEAN, BARE = 1e-3, 0.05
"""Noise over the typical lane's strongest row below which a picture is so clean that bands of a lane's own must reach
the second: there the traces of compression are as sharp as bands, and reached 0.03 in three rows."""

VALLEYS, NARROW = (0.36, 0.43, 0.5, 0.57, 0.64), 0.12
"""Of the pitch: how far beside a lane its gutters may be darkest, and how wide a strip of them is looked at. A strong
neighbour often reaches beyond the middle between both."""

BANDS, OF_STRONGEST = 3, 0.25
"""Bands of its own that tell a faint marker from dust, and the strength over the strongest of them that counts."""

BAND_ROWS = 25
"""Rows, of `ROWS`, that no band is high: what is wider is membrane."""

ASIDE = 0.15
"""Of the lane's width: a band stands at either side of the centre line, a speck does not."""

INSIDE = 0.2
"""Of the pitch that its centre line lies within the picture at least: a membrane's edge often cuts the last lane."""


def with_faint_ends(blot: Blot, lanes: Lanes) -> Lanes:
    """Lanes with those at the ends that are far fainter, or other, than the rest.

    A lane is taken where its profile follows the typical one well above the noise, or where it has several bands of its
    own, as a marker does. What fades out beside a lane (flank, halo) is no lane: it is not higher than the mean of both
    its sides.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        Three or more, from left to right.
    """
    if len(lanes) < FEWEST_LANES:
        return lanes
    cells, pitch, width = lane_cells(blot, lanes, ROWS), lane_pitch(lanes), float(np.median(lane_widths(lanes)))
    centres = lane_centres(lanes, cells.row_px)
    steps = pitch * np.arange(1, MOST + 1)[:, None]
    # From the row outwards at either end.
    places = np.concatenate([centres[:1] - steps, centres[-1:] + steps, centres])
    aside = ASIDE * width
    core, first, second, before, after, *gutters = strip_means(
        cells,
        (places, CORE_LOOKED_AT * width),
        (places - aside, aside),
        (places + aside, aside),
        (places - 0.5 * pitch, GUTTER * pitch),
        (places + 0.5 * pitch, GUTTER * pitch),
        *((places + side * far * pitch, NARROW * pitch) for side in (-1, 1) for far in VALLEYS),
    )
    weight = np.maximum(np.nan_to_num(_median((core - np.fmin(gutters[2], gutters[-3]))[2 * MOST :])), 0)
    left, right = (_valley(np.array(side), weight) for side in (gutters[: len(VALLEYS)], gutters[len(VALLEYS) :]))
    beside, usual = _beside(left, right), _beside(before, after)
    typical = _median((core - beside)[2 * MOST :])
    top = float(np.nanmax(typical)) if np.isfinite(typical).any() else np.inf
    room, added = INSIDE * pitch, []
    for end in (0, MOST):
        count = 0
        for k in range(end, end + MOST):
            x = places[k]
            if x.min() < blot.window.left + room or x.max() > blot.window.right - 1 - room:
                break
            seen, both = core[k] - beside[k], np.fmin(first[k], second[k]) - usual[k]
            if not (_is_alike(seen, both, typical, LEAST * top) or _has_bands(both, top)):
                break
            count += 1
        added.append(count)
    return _extended(lanes, pitch, *added) if any(added) else lanes


def _beside(left: Array, right: Array) -> Array:
    """Level beside places from that to both sides, what fades out to one side counted in full."""
    left, right = np.where(np.isfinite(left), left, right), np.where(np.isfinite(right), right, left)
    return np.asarray(0.5 * (left + right) + 0.25 * np.abs(left - right))


def _valley(strips: Array, weight: Array) -> Array:
    """The darkest of several strips to one side of every place, by the rows that count most.

    Parameters
    ----------
    strips : ndarray, shape (strips, places, rows)
    weight : ndarray, shape (rows,)
    """
    known = (np.isfinite(strips) * weight).sum(axis=2)
    level = (np.nan_to_num(strips) * weight).sum(axis=2) / (known + 1e-12)
    # Where the membrane ends beside a lane the strip that most of is known says most.
    level = np.where(known >= SEEN * known.max(axis=0), level, np.inf)
    return np.asarray(strips[level.argmin(axis=0), np.arange(strips.shape[1])])


def _median(profiles: Array) -> Array:
    known = np.isfinite(profiles)
    out = np.full(profiles.shape[1], np.nan)
    some = known.sum(axis=0) >= FEWEST_LANES
    out[some] = np.nanmedian(np.where(known, profiles, np.nan)[:, some], axis=0)
    return out


def _noise(profile: Array, order: int = 2) -> float:
    """Standard error of a row, from differences of neighbouring ones.

    Second differences do not see bands that fill a low strip; first ones see a membrane's own unevenness as well.
    """
    steps = np.abs(np.diff(profile, order))
    steps = steps[np.isfinite(steps)]
    return 1.4826 * float(np.median(steps)) / math.comb(2 * order, order) ** 0.5 + 1e-12 if steps.size else np.inf


def _is_alike(seen: Array, both: Array, typical: Array, least: float) -> bool:
    """Whether a profile, or what is narrow and stands at both sides of its centre line, follows the typical one."""
    if not (np.isfinite(both).any() and np.isfinite(typical).any()):
        return False
    noise = _noise(seen)
    for own, usual in ((seen, typical), (_narrow(both), _narrow(typical))):
        alike, share = best_match(own, usual)
        if alike > ALIKE and share * float(np.nanmax(usual) - np.nanmin(usual)) > max(NOISE * noise, least):
            return True
    return False


def _narrow(profile: Array) -> Array:
    """What is as narrow as a band of a profile; beside what is not known nothing stands."""
    filled = np.maximum(np.nan_to_num(profile - np.nanmedian(profile)), 0).astype(np.float32)
    smooth = cv2.GaussianBlur(filled[:, None], (1, 0), sigmaX=1, sigmaY=1)
    broad = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, np.ones((BAND_ROWS // 2, 1), np.uint8))
    return np.where(np.isfinite(profile), (smooth - broad)[:, 0], np.nan)


def _has_bands(both: Array, strongest: float) -> bool:
    """Whether a profile has several narrow bands well above the noise, where the typical one reaches `strongest`."""
    if len(both) < BAND_ROWS or not np.isfinite(both).any():
        return False
    high, noise = np.nan_to_num(_narrow(both)), _noise(both, 1)
    inner = high[1:-1]
    least = (BARE if noise < CLEAN * strongest else LEAST) * strongest
    tops = inner[(inner > high[:-2]) & (inner >= high[2:])]
    reach = max(OWN * noise, OF_STRONGEST * float(high.max()), least)
    return int(np.count_nonzero(tops > reach)) >= BANDS


def _extended(lanes: Lanes, pitch: float, before: int, after: int) -> Lanes:
    """The row with so many lanes more at either end, parallel to the outermost ones."""
    more = [replace(lanes[0], xs=tuple(x - k * pitch for x in lanes[0].xs)) for k in range(before, 0, -1)]
    more += list(lanes)
    more += [replace(lanes[-1], xs=tuple(x + k * pitch for x in lanes[-1].xs)) for k in range(1, after + 1)]
    return replace(lanes, items=tuple(replace(lane, number=i) for i, lane in enumerate(more, 1)))
