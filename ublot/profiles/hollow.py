"""Burnt-out bands: so much enzyme that the substrate is used up, and a band's heart goes dark within its bright rim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.lanes.straightened import lane_strip
from ublot.model import Lane, Window
from ublot.numerics.medians import middle
from ublot.numerics.remembering import remembered

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes, Profile

__all__ = ["Strip", "hollow_depth", "hollow_lanes"]

HEART, RIM = 0.15, (0.2, 0.55)
"""Of the lane's width to either side of its centre line: what is taken for a band's heart, and where its rim is."""

_NEIGHBOURS = np.ones((3, 3), np.uint8)

REACH = 0.5
"""Of the lane's width: rows above and below the heart in which the rim is looked for. Bands are wide and flat."""

DEEP = 0.12
"""Of the rim's height: a dip from which on a band is hollow."""

SURE = 0.35
"""A dip so deep somewhere on the blot: then the light burnt out, and milder dips are the same. Doublets between
the thick edges of a lane, and dust about a band, made dips of 0.14 to 0.3 on three real gels that are not burnt out;
burnt-out blots had one of 0.6 and more."""

NEARLY = 0.6
"""Of the light that burnt-out bands give at most: there the light no longer grows with the enzyme. Where it goes with
``x exp(-x^2)``, bands that give 60 % of the most are 8 % too faint, those that give 80 % by 16 %."""

OF_BAND = 0.6
"""The rim reaches so much of the tallest signal about it: the ground between two bands does not."""

OF_LANE = 0.5
"""The rim reaches so much of the tallest signal of the lane: where a band burns out, its rim stands at the most light
that enzyme gives, which nothing in the lane exceeds; blurred, a thin rim keeps about half of that. A pool in a smear
and one between the thick edges of two bands reached 0.2 and 0.42 of the tallest on two real blots."""

OF_PICTURE = 0.5
"""The lane reaches so much of the height of the second tallest: more enzyme than gives the most light is what
makes a rim, so rims are the strongest that a picture shows, and a faint lane between its neighbours' rungs has none."""

CLEAR = 6.0
"""Standard deviations by which the dip stands clear of noise."""

NARROWEST = 8  # px: in narrower lanes there is no heart to be told from a rim

FINE = 40
"""Cells across a lane, from which on nothing finer is looked at: simulated dips are then as deep to a tenth as in the
pixels, while half as many cells blur one in twelve away."""


def hollow_lanes(blot: Blot, lanes: Lanes, profiles: Sequence[Profile]) -> dict[int, float]:
    """Lanes with a hollow band, and how deep its deepest dip is, as a share of its rim.

    Where one is burnt out, lanes whose bands are nearly as bright are among them, with no dip: they are too faint.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    profiles : sequence of Profile
        Of the same lanes, for their background.
    """
    found = {}
    tallest = [float(p.signal.max(initial=0.0)) / p.width for p in profiles]
    strong = OF_PICTURE * sorted(tallest)[-2] if len(tallest) > 1 else 0.0
    seen = [
        (lane, profile)
        for lane, profile, height in zip(lanes, profiles, tallest, strict=True)
        if lane.width >= NARROWEST and height >= strong
    ]
    if not seen:
        return {}
    side = 1 << max(int(min(lane.width for lane, _ in seen) / FINE).bit_length() - 1, 0)
    for lane, profile in seen:
        depth = hollow_depth(*_seen(blot, lane, lanes.window, profile, side))
        if depth >= DEEP:
            found[lane.number] = depth
    if max(found.values(), default=0.0) < SURE:
        return {}
    return found | dict.fromkeys(_nearly_burnt(blot, lanes, profiles, found, side), 0.0)


def _nearly_burnt(
    blot: Blot, lanes: Lanes, profiles: Sequence[Profile], found: Collection[int], side: int
) -> list[int]:
    """Lanes whose strongest light comes near the most that enzyme gave in the burnt-out ones."""
    light = {}
    for lane, profile in zip(lanes, profiles, strict=True):
        if lane.width >= NARROWEST:
            strip, level = _seen(blot, lane, lanes.window, profile, side)
            light[lane.number] = float((strip.smooth.max(axis=1) - level).max())
    most = float(np.median([light[number] for number in found]))
    return [number for number, own in light.items() if number not in found and own >= NEARLY * most]


@remembered(1)
def _in_cells(blot: Blot, side: int) -> NDArray[np.float32]:
    return blot.tiles if side == blot.tile else blot.means(side)


@remembered(128)  # of all lanes of a large gel, and of those that have just been moved
def _strip(
    blot: Blot, rows: tuple[float, ...], xs: tuple[float, ...], lines: tuple[int, int], width: float, side: int
) -> Strip:
    """A lane `width` cells wide and its surroundings along its centre line, in cells of `side` pixels."""
    picture, wide = _in_cells(blot, side), 2 * int(np.ceil(RIM[1] * width)) + 1
    return Strip(lane_strip(picture, Lane(0, rows, xs, 1.0), Window(*lines, 0, picture.shape[1]), wide), width)


def _seen(blot: Blot, lane: Lane, window: Window, profile: Profile, side: int) -> tuple[Strip, NDArray[np.float32]]:
    """A lane and its surroundings in cells of `side` pixels, and the background in their rows, as smooth."""
    top, left = blot.window.top, blot.window.left
    first, last = -(-(window.top - top) // side), (window.bottom - top) // side
    rows = tuple((row - top + 0.5) / side - 0.5 for row in lane.rows)
    xs = tuple((x - left + 0.5) / side - 0.5 for x in lane.xs)
    strip = _strip(blot, rows, xs, (first, last), lane.width / side, side)
    skipped = top + side * first - window.top
    background = profile.background[skipped : skipped + side * (last - first)].reshape(-1, side).mean(axis=1)
    level = cv2.GaussianBlur((background / profile.width).astype(np.float32)[:, None], (0, 0), strip.sigma)
    return strip, np.asarray(level[:, 0], np.float32)


@dataclass(frozen=True, eq=False)
class Strip:
    """A lane and its surroundings along its centre line, with its background still in it, and what is seen of it.

    The background is one level in every row, and a blur takes it along: what is seen of a row is seen without it, and
    need not be looked at again where only the background has changed.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        The middle column is the centre line.
    width : float
        Of the lane, in columns.
    """

    pixels: NDArray[np.float32]
    width: float

    @property
    def sigma(self) -> float:
        """Of the blur."""
        return max(0.03 * self.width, 0.8)

    @property
    def away(self) -> NDArray[np.float64]:
        """Columns that every one of them lies to the right of the centre line."""
        return np.asarray(np.arange(self.pixels.shape[1]) - (self.pixels.shape[1] - 1) / 2, np.float64)

    @property
    def inner(self) -> NDArray[np.bool_]:
        """Columns of the heart."""
        return np.asarray(np.abs(self.away) <= max(HEART * self.width, 0.5), bool)

    @cached_property
    def heart(self) -> NDArray[np.float32]:
        """Mean of these in every row, blurred: across by what each column adds to it, which takes no picture."""
        shares = cv2.GaussianBlur((self.inner / self.inner.sum()).astype(np.float32)[None], (0, 0), self.sigma)[0]
        return np.asarray(cv2.GaussianBlur((self.pixels @ shares)[:, None], (0, 0), self.sigma)[:, 0], np.float32)

    @cached_property
    def smooth(self) -> NDArray[np.float32]:
        """All of it, blurred."""
        return np.asarray(cv2.GaussianBlur(self.pixels, (0, 0), self.sigma), np.float32)

    @cached_property
    def beside(self) -> NDArray[np.float32]:
        """Highest of the rim on its lower side, in every row."""
        near, far = (share * self.width for share in RIM)
        left, right = ((x >= near) & (x <= far) for x in (-self.away, self.away))
        return np.asarray(np.minimum(self.smooth[:, left].max(axis=1), self.smooth[:, right].max(axis=1)), np.float32)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of `smooth`.

        What a blur takes off is noise; what it leaves of white noise follows from its width. The mean, for in 8 bits
        most pixels of an empty lane are equal.
        """
        return 1.2533 * float(np.abs(self.pixels - self.smooth).mean()) / (2 * math.sqrt(math.pi) * self.sigma)


def hollow_depth(strip: Strip, level: NDArray[np.float32]) -> float:
    """Deepest dip that a rim closes on all four sides, as a share of the rim's height; 0 where there is none of `DEEP`.

    Parameters
    ----------
    strip : Strip
    level : ndarray of float32, shape (rows,)
        The background in it, as smooth.
    """
    heart, reach = strip.heart - level, max(round(REACH * strip.width), 3)
    if len(heart) <= 2 * reach:
        return 0.0
    rim, tallest = _above_and_below(heart, reach), _highest(heart, 2 * reach + 1)
    # By the heart alone few lanes have a dip so deep: what stands beside it makes rims lower, and the lane taller.
    if not (_is_rim(rim, tallest) & (heart <= (1 - DEEP) * rim)).any():
        return 0.0
    beside, sd = strip.beside - level, strip.noise
    tallest = _highest(np.maximum(heart, beside), 2 * reach + 1)
    peaks = (heart >= 0.7 * tallest) & (heart == _highest(heart, 3)) & (heart > CLEAR * sd)
    # Lanes with thick edges are brighter there all along: that is no rim.
    usual = middle(np.asarray(beside[peaks] / heart[peaks], np.float64)) if peaks.any() else 1.0
    beside = beside / max(usual, 1.0)
    rim = np.minimum(rim, beside)
    dip = rim - heart
    hollow = (dip > CLEAR * sd) & _is_rim(rim, tallest)
    if not hollow.any():
        return 0.0
    # The dip that a person would see is looked at once more as a basin: it must hold water on all sides.
    at = int(np.where(hollow, dip / np.maximum(rim, 1e-30), 0.0).argmax())
    rows = slice(max(at - 2 * reach, 0), at + 2 * reach + 1)
    basin = _held(strip.smooth[rows] - level[rows, None])[at - rows.start, strip.inner].mean()
    return float(min(dip[at], basin) / rim[at])


def _above_and_below(heart: NDArray[np.floating], reach: int) -> NDArray[np.floating]:
    """The lower of the highest values within `reach` above and below every row."""
    beyond = np.full(reach, -np.inf)
    one_sided = _highest(np.concatenate([beyond, heart, beyond]), reach)
    place, half = np.arange(len(heart)) + reach, reach // 2 + 1
    return np.asarray(np.minimum(one_sided[place - half], one_sided[np.minimum(place + half, len(one_sided) - 1)]))


def _is_rim(rim: NDArray[np.floating], tallest: NDArray[np.floating]) -> NDArray[np.bool_]:
    return np.asarray((rim >= OF_BAND * tallest) & (rim >= OF_LANE * tallest.max()), bool)


def _held(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """How deep water would stand on the surface: filled to the brim, it runs off pixel by pixel until it stands.

    That is reconstruction by erosion (Vincent 1993, doi:10.1109/83.217222), on a window of some hundred pixels.
    """
    full = np.full_like(smooth, smooth.max())
    full[[0, -1]], full[:, [0, -1]] = smooth[[0, -1]], smooth[:, [0, -1]]
    while True:
        lower = np.maximum(cv2.erode(full, _NEIGHBOURS), smooth)
        if np.array_equal(lower, full):
            return np.asarray(full - smooth, np.float32)
        full = lower


def _highest(values: NDArray[np.floating], width: int) -> NDArray[np.floating]:
    """Largest value within a window about every place."""
    # Beyond the ends there is nothing that could be higher.
    brush, anchor = np.ones((1, width), np.uint8), (width // 2, 0)
    highest = cv2.dilate(values[None], brush, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=(-np.inf,))
    return np.asarray(highest[0])
