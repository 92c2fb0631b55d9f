"""Lanes of one picture on another picture of the same membrane: scaled, and moved by what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.lanes.straightened import lane_strip
from ublot.model import Window

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes

__all__ = ["FITS", "lanes_on", "moved", "sideways_shift"]

SAME_ASPECT = 0.02
"""Relative difference of the ratio of sides up to which a picture is another one's at another scale."""

FARTHEST = 1.6
"""Pitches that lanes are looked for to either side: a camera's frame moves by less, a lane too many by one."""

BAND, SMILE = 0.02, 0.05
"""Of the rows: height that is averaged over, and how far a band may stand from the common row in single lanes."""

OWN = 0.2
"""Of the pitch: how far from the common shift a single lane may stand."""

NEARER = 0.02
"""Of the agreement, by which a shift of a pitch must be better than none: of several that fit, the smallest."""

FITS = 0.5
"""Of 1: agreement below which the lanes are not on the picture. At half a pitch off it is 0 or below."""


def lanes_on(blot: Blot, lanes: Lanes, shape: tuple[int, int]) -> Lanes:
    """The same lanes on a picture of another size.

    Parameters
    ----------
    blot : Blot
        The other picture.
    lanes : Lanes
    shape : tuple of int
        Rows and columns of the picture that the lanes were found on.

    Raises
    ------
    BlotError
        The pictures do not have the same shape.
    """
    if blot.shape == shape:
        return replace(lanes, flags=(), inside=None)
    down, across = blot.shape[0] / shape[0], blot.shape[1] / shape[1]
    if abs(down / across - 1) > SAME_ASPECT:
        what = f"{blot.shape[0]} x {blot.shape[1]} pixels are no picture of {shape[0]} x {shape[1]} at another scale"
        raise BlotError(what, blot.source.name, "give the picture of the same membrane in the same frame")
    items = tuple(
        replace(
            lane,
            rows=tuple((row + 0.5) * down - 0.5 for row in lane.rows),
            xs=tuple((x + 0.5) * across - 0.5 for x in lane.xs),
            width=lane.width * across,
        )
        for lane in lanes
    )
    window = lanes.window
    scaled = Window(
        round(window.top * down),
        min(round(window.bottom * down), blot.shape[0]),
        round(window.left * across),
        min(round(window.right * across), blot.shape[1]),
    )
    return replace(lanes, items=items, window=scaled, pitch=lanes.pitch * across, flags=(), inside=None)


def moved(lanes: Lanes, columns: float | Mapping[int, float], rows: float = 0.0) -> Lanes:
    """The lanes, all or each by its number moved to the right, and down."""
    by = columns if isinstance(columns, Mapping) else dict.fromkeys((lane.number for lane in lanes), columns)
    items = tuple(
        replace(lane, xs=tuple(x + by[lane.number] for x in lane.xs), rows=tuple(row + rows for row in lane.rows))
        for lane in lanes
    )
    return replace(lanes, items=items)


def sideways_shift(blot: Blot, lanes: Lanes, loaded: Collection[int]) -> tuple[float, float, dict[int, float]]:
    """How far to the right of where they are the lanes stand on this picture, and how well they then agree.

    Of a band that all loaded lanes share, or of their whole signal, every lane counts alike: moved by a whole pitch one
    of them stands on empty membrane.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    loaded : collection of int
        Numbers of the lanes that hold the control.

    Returns
    -------
    shift : float
        px.
    agreement : float
        Mean over the loaded lanes of their height above the membrane beside them, over what is usual; at most 1.
    each : dict of int to float
        The shift of every lane by its number: membranes stretch, so each may stand a little off the common one.
    """
    from scipy.ndimage import uniform_filter1d  # here: most blots have no second picture, and it takes long to import

    chosen = [lane for lane in lanes if lane.number in loaded] or list(lanes)
    if lanes.pitch <= 0:
        return 0.0, 1.0, dict.fromkeys((lane.number for lane in lanes), 0.0)
    reach = int(np.ceil((FARTHEST + 0.5) * lanes.pitch))
    across = max(round(0.4 * float(np.median([lane.width for lane in chosen]))), 1)
    high = max(round(BAND * lanes.window.height), 1)
    strips = np.stack([lane_strip(blot.signal, lane, lanes.window, 2 * reach + 1) for lane in chosen])
    smooth = uniform_filter1d(uniform_filter1d(strips.astype(np.float64), across, axis=2), high, axis=1)
    contrast = np.quantile(smooth, 0.9, axis=2) - np.quantile(smooth, 0.1, axis=2)
    common = int(np.median(contrast, axis=0).argmax())
    near = slice(max(common - round(SMILE * smooth.shape[1]), 0), common + round(SMILE * smooth.shape[1]) + 1)
    level = smooth[:, near].max(axis=1)
    half = round(0.5 * lanes.pitch)
    steps = np.arange(half, level.shape[1] - half)
    above = level[:, steps] - np.maximum(level[:, steps - half], level[:, steps + half])
    usual = max(float(np.median(above.max(axis=1))), 1e-12)
    agreement = np.clip(above / usual, -1, 1).mean(axis=0)
    offsets = steps - reach
    best = int((agreement - NEARER * np.abs(offsets) / lanes.pitch).argmax())
    shift = _middle(agreement, offsets, best)
    close = np.flatnonzero(np.abs(offsets - shift) <= OWN * lanes.pitch)
    seen = {
        lane.number: _middle(one[close], offsets[close], int(one[close].argmax())) - shift
        for lane, one in zip(chosen, above, strict=True)
        if one[close].max() >= 0.5 * usual
    }
    numbers = [lane.number for lane in lanes]
    own = np.interp(numbers, list(seen), list(seen.values())) if seen else np.zeros(len(numbers))
    return shift, float(agreement[best]), dict(zip(numbers, (shift + own).tolist(), strict=True))


def _middle(agreement: NDArray[np.float64], offsets: NDArray[np.intp], best: int) -> float:
    """Middle of the top about `best`: a wide lane agrees equally well over several pixels."""
    near = agreement >= 0.9 * agreement[best]
    first = last = best
    while first > 0 and near[first - 1]:
        first -= 1
    while last < len(near) - 1 and near[last + 1]:
        last += 1
    weight = agreement[first : last + 1]
    return float((offsets[first : last + 1] * weight).sum() / weight.sum())
