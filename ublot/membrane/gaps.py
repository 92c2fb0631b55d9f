"""The gaps between lanes as they are seen: their level, and how much of the lanes beside them stands in them.

What is sharp along the run is no membrane: the part of a lane's bands that shows in a gap says how deep the gap is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.membrane.lateral_shape import lane_cells, lane_centres, lane_pitch, lane_widths, lateral_shape
from ublot.numerics.medians import middle, row_medians, running_medians
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["TOUCHING", "Gaps", "measure_gaps"]

TOUCHING = 0.2
"""Level of a gap over that of its lanes from where on they touch: twice what gaps of real blots of clear lanes show."""

CELLS = 240  # down the picture
CORE = 0.06  # of the pitch: half the width of a gap that is looked at
LANE_CORE = 0.2  # of a lane's width: half of what is taken for its middle
DOWN, LONG = 11, 0.6  # cells down the rows over which the median of a gap is taken, or of the pitch where that is more
SHARP = 0.3  # of the pitch (sigma): what varies along the run no slower than this is bands, not membrane
BEFORE = 0.3  # standard deviation of what a lateral shape says of the level in a gap, as a share of the lane
LEARNED = 0.5  # of that: what bands leave of it where they show something
ALIKE = 0.4  # correlation of a cell with the next from which on what is sharp is bands: of noise it is -0.1 to 0.2
UNLIKE = 0.1  # standard deviation by which the shares of both its lanes in one gap differ beyond what shapes say
SLANT = 0.1  # of the pitch along the run, by which a band may stand higher or lower in a gap than in its lane
SEEN = 0.1  # of what is sharp in the middle lane: a lane with less shows nothing in its gaps
ROUNDS = 2  # of re-weighting against dust and bands of another shape
SHAPE = 0.1  # of what bands make in a gap, by which they may differ there
OUTLIER = 4.0  # standard deviations from which on a cell counts for nothing (dust)
OPEN = 0.1  # of a gap's level that must be its own, that it shows how low the membrane may be
MORE = 1.25  # times what leaks into a gap of sharp bands: the most of a smear that does
BETWEEN = 0.5  # of the pitch along the run, to both sides: within it gaps show what the membrane under a lane may be
SURE = 2.0  # standard errors
NOISE_LEAST = 1e-6  # of the bands: far below what any detector has, far above what float64 rounds by


@dataclass(frozen=True, eq=False)
class Gaps:
    """All gaps of a blot, those beyond the outermost lanes included: ``lanes + 1`` of them.

    Attributes
    ----------
    level : ndarray, shape (lanes + 1, rows)
        Mean over the middle of each gap, in signal units.
    lane : ndarray, shape (lanes, rows)
        The same over the middle of each lane.
    rows : ndarray, shape (rows,)
        ``row_px`` of the values.
    leak : ndarray, shape (lanes + 1, 2)
        Level in each gap of the lane to its left and of that to its right, as a share of the lane's; 0 where none is.
    leak_sd : ndarray, shape (lanes + 1, 2)
        Their standard errors.
    noise : float
        Standard deviation of a value of `level`.
    seen : ndarray of bool, shape (lanes + 1, rows)
        Where gaps lie on the membrane.
    down : int
        Rows of values over which a median is taken: what is sharper, arms of smiling bands included, is no membrane.
    per_pitch : float
        Rows of values in one pitch.
    learned : bool
        Whether bands of any lane show in a gap beside it how far its light reaches, or that it does not.
    """

    level: Array
    lane: Array
    rows: Array
    leak: Array
    leak_sd: Array
    noise: float
    seen: NDArray[np.bool_]
    down: int = DOWN
    per_pitch: float = 1.0
    learned: bool = True

    @cached_property
    def depth(self) -> Array:
        """Level of the gaps between each lane and its neighbours over the lanes': 0 is a clean gap, 1 none."""
        between = np.concatenate([[0.0], self.inner[1:-1], [0.0]])
        return np.asarray(np.minimum(np.maximum(between[:-1], between[1:]), 1.0), np.float64)

    @cached_property
    def inner(self) -> Array:
        """Level of every gap, over that of lanes as strong as each other; of the one lane beside it at either end."""
        return np.asarray(self.leak.sum(axis=1), np.float64)

    def membrane(self, background: Array) -> tuple[Array, Array]:
        """Membrane beside each lane, what leaks into the gaps taken off, and its standard error, shape (lanes, rows).

        Parameters
        ----------
        background : ndarray, shape (lanes, rows)
            Under each lane, at `rows`.
        """
        signal = np.maximum(self.lane - background, 0.0)
        none = np.zeros((1, signal.shape[1]))
        before, after = np.concatenate([none, signal]), np.concatenate([signal, none])
        level = self.level - self.leak[:, :1] * before - self.leak[:, 1:] * after
        variance = self.noise**2 + (self.leak_sd[:, :1] * before) ** 2 + (self.leak_sd[:, 1:] * after) ** 2
        smooth = self._medians(level)
        # A gap beyond the membrane shows nothing: the other one stands for both.
        pair = np.stack([self.seen[:-1], self.seen[1:]]).astype(np.float64)
        pair[:, ~pair.any(axis=0)] = 1.0
        left, right = pair / pair.sum(axis=0)
        return left * smooth[:-1] + right * smooth[1:], np.sqrt(left**2 * variance[:-1] + right**2 * variance[1:])

    def _medians(self, level: Array) -> Array:
        """Medians down the rows: without dust, and what is left of strong bands."""
        return running_medians(level, self.down)

    def bounds(self) -> tuple[Array, Array]:
        """Between what levels the membrane under each lane lies by what is seen about it, shape (lanes, rows).

        A gap's level is ``m + l (a - m) + r (b - m)`` with the levels of both lanes, so that no background is needed.
        No membrane is higher than its gaps, whatever leaks into them; and none is lower than what is left of a gap
        where all that leaks, and `MORE` of it, is of the higher of its lanes, which sharp bands need not tell. Under a
        lane the membrane is no higher than the middle between its gaps within `BETWEEN` along the run, no lower than
        the lower of them there, bent across as four gaps show it, and nowhere darker than the darkest of the picture.
        """
        none = np.zeros((1, self.lane.shape[1]))
        higher = np.maximum(np.concatenate([none, self.lane]), np.concatenate([self.lane, none]))
        leaks = np.minimum(MORE * self.inner, 1 - OPEN)[:, None]
        level = np.minimum((self.level - leaks * higher) / (1 - leaks), self.level)
        doubt = np.linalg.norm(self.leak_sd, axis=1)[:, None] * (higher - level)
        spread = SURE * np.hypot(self.noise, doubt) / (1 - leaks)
        shown = (MORE * self.inner < 1 - OPEN)[:, None]
        low = np.where(self.seen, np.where(shown, self._medians(level) - spread, -np.inf), np.inf)
        smooth = self._medians(self.level)
        high = np.where(self.seen, smooth + SURE * self.noise, -np.inf)
        high = np.maximum(_between(high), _bent(high))
        low = np.fmin(np.minimum(low[:-1], low[1:]), _bent(low))
        nothing = np.isinf(low), np.isinf(high)
        brush = np.ones((1, 2 * max(round(BETWEEN * self.per_pitch), 1) + 1))
        low, high = cv2.erode(low, brush), cv2.dilate(high, brush)
        low[nothing[0]], high[nothing[1]] = -np.inf, np.inf
        darkest = min(float(np.where(self.seen, smooth, np.inf).min()), float(self._medians(self.lane).min()))
        return np.maximum(low, darkest), np.asarray(high, np.float64)  # a minimum of medians is dark enough


def _between(gaps: Array) -> Array:
    """The middle between the gaps of every lane, or the one that is seen."""
    one = np.isinf(gaps[:-1]) | np.isinf(gaps[1:])
    either = np.where(np.isinf(gaps[:-1]), gaps[1:], gaps[:-1])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(one, either, 0.5 * (gaps[:-1] + gaps[1:])), np.float64)


def _bent(gaps: Array) -> Array:
    """The middle between the gaps of every lane of a membrane that bends across: a cubic through four of them."""
    level = _between(gaps)
    if len(gaps) > 3:
        with np.errstate(invalid="ignore"):
            bend = (gaps[:-3] + gaps[3:] - gaps[1:-2] - gaps[2:-1]) / 16
        level[1:-1] -= np.where(np.isfinite(bend), bend, 0.0)
    return level


def measure_gaps(blot: Blot, lanes: Lanes) -> Gaps:
    """Measure the gaps beside all lanes.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
        One or more.
    """
    cells = lane_cells(blot, lanes, CELLS)
    pitch, widths = lane_pitch(lanes), lane_widths(lanes)
    centres = lane_centres(lanes, cells.row_px)
    places = np.vstack([centres[:1] - 0.5 * pitch, 0.5 * (centres[1:] + centres[:-1]), centres[-1:] + 0.5 * pitch])
    level = _means(cells.values, cells.x_px, places, CORE * pitch)
    lane = _means(cells.values, cells.x_px, centres, LANE_CORE * float(np.median(widths)))
    sigma = max(SHARP * pitch / cells.size[0], 1.0)
    sharp, bands = level - smooth_rows(level, sigma), lane - smooth_rows(lane, sigma)
    power = (bands**2).mean(axis=1)
    seen = power > SEEN**2 * middle(power)
    shift = max(round(SLANT * pitch / cells.size[0]), 1)
    # Bands go on from cell to cell, noise does not.
    alike = (bands[:, 1:] * bands[:, :-1]).mean(axis=1) / np.maximum(power, 1e-30)
    beside, of = _beside(len(lanes))
    away = np.abs((places[:, None] - centres[of]).mean(axis=2))
    share = lateral_shape(away, widths[of], lanes.softness) * beside
    leak, error, noise = _regress(sharp, bands[of], share, beside & seen[of], shift)
    error *= beside
    shows = seen & (alike > ALIKE)
    learned = bool((beside & shows[of] & (error < LEARNED * BEFORE)).any())
    # Of a lane without bands nothing is seen: it is taken for one like its neighbour.
    known = beside & seen[of]
    leak = np.where(beside & ~known & known[:, ::-1], leak[:, ::-1], leak)
    on = _means(cells.mask, cells.x_px, places, CORE * pitch) > 0.99
    on &= (places > cells.x_px[0]) & (places < cells.x_px[-1])
    down = max(DOWN, round(LONG * pitch / cells.size[0]))
    return Gaps(
        level, lane, cells.row_px, leak, error, float(np.median(noise)), on, down, pitch / cells.size[0], learned
    )


def _beside(lanes: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Whether every gap has a lane to its left and right, and which, shape (lanes + 1, 2)."""
    of = np.arange(lanes + 1)[:, None] + np.array([-1, 0])
    return (of >= 0) & (of < lanes), of.clip(0, lanes - 1)


def _means(values: NDArray[np.float32] | NDArray[np.bool_], x_px: Array, places: Array, half: float) -> Array:
    """Means over `half` px to both sides of places, shape (places, rows of cells)."""
    step, count = float(x_px[1] - x_px[0]) if len(x_px) > 1 else 1.0, len(x_px)
    reach = min(int(half / step), (count - 1) // 2)
    column = np.clip(np.round((places - x_px[0]) / step).astype(int), reach, count - 1 - reach)
    window = column[:, :, None] + np.arange(-reach, reach + 1)
    return np.asarray(values[np.arange(values.shape[0])[:, None], window].mean(axis=2), np.float64)


def _regress(
    gaps: Array, bands: Array, before: Array, shown: NDArray[np.bool_], shift: int
) -> tuple[Array, Array, Array]:
    """Shares of the lanes' bands in all gaps, their errors and the noise left over, from what is sharp along the run.

    Bands may slant or curve: of every gap moved up and down by up to `shift` cells, that is taken which they explain
    best.

    Parameters
    ----------
    gaps : ndarray, shape (gaps, rows)
    bands : ndarray, shape (gaps, 2, rows)
        Of the lanes to the left and right.
    before : ndarray, shape (gaps, 2)
        What lateral shapes say of the shares.
    shown : ndarray of bool, shape (gaps, 2)
        Lanes that are there and have bands. Of others nothing is learned.
    shift : int
    """
    bands = np.where(shown[:, :, None], bands, 0.0)
    # A picture without noise has some all the same: beside none, what is known beforehand would be lost in rounding.
    least = np.maximum(NOISE_LEAST * np.abs(bands).max(axis=(1, 2), initial=0.0), 1e-12)
    prior = np.repeat(np.eye(2)[None] / BEFORE**2, len(gaps), axis=0)
    # Both lanes are as far away and of one comb: a faint one is not to explain its neighbour's.
    prior[shown.all(axis=1)] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / UNLIKE**2
    rows = np.arange(gaps.shape[1])
    moves = gaps[:, (rows - np.arange(-shift, shift + 1)[:, None]) % len(rows)]
    with_bands = moves @ bands.transpose(0, 2, 1)
    # What the bands explain of the gap moved by so much.
    noise = np.maximum(1.4826 * row_medians(np.abs(gaps)), least)
    inverse = np.linalg.inv(bands @ bands.transpose(0, 2, 1) / noise[:, None, None] ** 2 + prior)
    best = ((with_bands @ inverse) * with_bands).sum(axis=2).argmax(axis=1)
    moved, weights, share = moves[np.arange(len(gaps)), best], np.ones(gaps.shape), before
    for _ in range(ROUNDS):
        weighted = bands * (weights / noise[:, None] ** 2)[:, None]
        inverse = np.linalg.inv(weighted @ bands.transpose(0, 2, 1) + prior)
        moment = weighted @ moved[:, :, None] + prior @ before[:, :, None]
        share = np.clip((inverse @ moment)[:, :, 0], 0.0, 1.0)
        explained = (share[:, None] @ bands)[:, 0]
        off = moved - explained
        noise = np.maximum(1.4826 * row_medians(np.abs(off)), least)
        weights = np.maximum(1 - (off / (OUTLIER * noise[:, None] + SHAPE * np.abs(explained))) ** 2, 0.0) ** 2
    error = np.sqrt(np.maximum(np.diagonal(inverse, axis1=1, axis2=2), 0.0))
    return np.where(shown, share, before), np.where(shown, error, BEFORE), noise
