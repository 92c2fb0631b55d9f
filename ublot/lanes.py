"""Finding lanes: how many, where, how tilted, how bowed, how wide."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ublot.centrelines import refine_lanes, straight_lane
from ublot.errors import BlotError
from ublot.evidence import are_lanes
from ublot.lateral import USUAL_FILL, Cells, lane_cells, make_cells
from ublot.membrane import Membrane, find_membrane
from ublot.model import Blot, Lanes

__all__ = ["find_lanes"]

Array = NDArray[np.float64]

COARSE = (192, 512)  # cells down and across for the first look
MAX_TILT = 6.0  # degrees
BLANK_COST = 0.35  # of a typical lane's score, for a lane without signal between loaded ones
FAINTEST = 0.15  # a lane at the end of the row needs this share of a typical lane's score
BAND = 0.1  # of the height of the picture: no band is thicker
RIM_WIDTH = 0.012  # of the membrane's width
KNOTS = 9
SOFTNESS = 6.0  # to start from
SMALLEST = 8  # px: no lane is seen in a picture lower or narrower than that
NARROWEST = 3  # px: lanes do not stand closer


@dataclass(frozen=True, eq=False)
class _Comb:
    """Lane centres in cells, their common spacing, and how well the picture bears them out."""

    centres: Array
    pitch: float
    score: float
    heights: Array


def _opened(values: NDArray[np.float32], wide: float) -> NDArray[np.float32]:
    """Lateral opening: nothing narrower than `wide` cells stays. The ends are continued as a point reflection."""
    n = min(max(int(wide), 1), values.shape[1] // 2 - 1) | 1
    ends = np.median(values[:, :3], axis=1)[:, None], np.median(values[:, -3:], axis=1)[:, None]
    padded = np.hstack([2 * ends[0] - values[:, n:0:-1], values, 2 * ends[1] - values[:, -2 : -n - 2 : -1]])
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((1, n), np.uint8))
    return np.asarray(opened[:, n:-n], np.float32)


def _above(values: NDArray[np.float32], baseline: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Height above a baseline on a logarithmic scale, so that faint smears and strong bands vote alike."""
    height = np.maximum(values - baseline, 0)
    floor = 3 * noise + 0.005 * float(np.quantile(height, 0.995)) + 1e-12
    return np.asarray(np.log1p(height / floor, dtype=np.float32))


def _evidence(cells: Cells, pitch: float) -> NDArray[np.float32]:
    """How lane-like every cell is, for lanes about `pitch` cells apart.

    Two things speak for a lane, each worth half: signal above the lateral baseline, the envelope from below that no
    lane can lift (smears and bands), and signal above the baseline along the lane (bands, but no edge of a membrane).
    What is far narrower than a lane (dust, pen) is taken off.
    """
    values = cv2.medianBlur(cells.values, 3) if min(cells.values.shape) > 3 else cells.values
    usable = cells.mask.any(axis=1)
    rows = np.full(len(values), float(np.median(values[cells.mask])))
    rows[usable] = np.nanmedian(np.where(cells.mask, values, np.nan)[usable], axis=1)
    values = np.where(cells.mask, values, rows[:, None]).astype(np.float32)
    steps = np.abs(np.diff(cells.values, axis=1))[cells.mask[:, 1:] & cells.mask[:, :-1]]
    noise = 1.4826 * float(np.median(steps)) / np.sqrt(2)
    baseline = cv2.blur(_opened(values, 1.3 * pitch), (max(int(pitch / 3), 1), 1))
    sideways = _above(values, np.asarray(baseline, np.float32), noise)
    along = _above(values, _opened(values.T.copy(), BAND * len(values)).T, noise)
    together = sideways + along * (sideways.mean() / (along.mean() + 1e-12))
    return _opened(np.where(cells.mask, together, 0).astype(np.float32), 0.2 * pitch)


def _projection(evidence: NDArray[np.float32], slope: float) -> Array:
    """Mean over rows along lines of `slope` (columns per row) through the middle row."""
    rows, cols = evidence.shape
    move = np.array([[1, slope, -slope * (rows - 1) / 2], [0, 1, 0]], np.float64)
    straight = cv2.warpAffine(evidence, move, (cols, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(straight.mean(axis=0, dtype=np.float64))


def _common_slope(evidence: NDArray[np.float32], aspect: float) -> float:
    """Slope, columns of cells per row of cells, along which the evidence adds up to the sharpest lanes."""

    def sharpness(slope: float) -> float:
        smooth = cv2.GaussianBlur(_projection(evidence, slope)[None], (0, 0), 1.5)
        return float((np.diff(smooth) ** 2).sum())

    best = 0.0
    for half, count in ((MAX_TILT, 25), (MAX_TILT / 12, 9)):
        slopes = best + np.tan(np.deg2rad(np.linspace(-half, half, count))) * aspect
        best = float(max(slopes, key=sharpness))
    return best


def _lane_score(profile: Array, pitch: float) -> Array:
    """Mean within a quarter pitch less the higher of the two means half a pitch away."""
    pad = int(pitch)
    total = np.concatenate([[0.0], np.cumsum(np.pad(profile, pad, mode="edge"))])
    grid = np.arange(len(total))
    x = np.arange(len(profile)) + 0.5 + pad

    def mean(low: float, high: float) -> Array:
        ends = np.interp([x + low * pitch, x + high * pitch], grid, total)
        return np.asarray((ends[1] - ends[0]) / ((high - low) * pitch))

    left, right = mean(-0.62, -0.38), mean(0.38, 0.62)
    return np.asarray(mean(-0.25, 0.25) - 0.5 * (left + right) - 0.25 * np.abs(left - right))


def _spacings(pitch: float, gap: int) -> NDArray[np.int_]:
    """Distances in cells that `gap` pitches may measure."""
    return np.arange(max(int(np.ceil((gap - 0.28) * pitch)), 1), int((gap + 0.28) * pitch) + 1)


def _shifted_best(previous: Array, pitch: float, gap: int, cost: float) -> tuple[Array, NDArray[np.int_]]:
    """For every cell the best predecessor `gap` pitches to the left, and where it stands."""
    best, origin = np.full(len(previous), -np.inf), np.full(len(previous), -1)
    for d in _spacings(pitch, gap):
        value = np.full(len(previous), -np.inf)
        value[d:] = previous[:-d] - cost * ((d - gap * pitch) / pitch) ** 2
        better = value > best
        best[better] = value[better]
        origin[better] = np.flatnonzero(better) - d
    return best, origin


def _fixed_comb(score: Array, pitch: float, typical: float, count: int, blank: Collection[int]) -> _Comb:
    """The best `count` lanes about `pitch` apart, by dynamic programming."""
    cost = 3.0 * max(typical, 1e-12)
    margin = int(0.3 * pitch)
    open_ = np.zeros(len(score), bool)
    open_[margin : len(score) - margin] = True
    # A faint pull to the middle settles what the picture leaves open: at which end the blank lanes are.
    centre = 0.02 * typical * ((np.arange(len(score)) - len(score) / 2) / (count * pitch)) ** 2
    best, origins = np.zeros(0), []
    for k in range(1, count + 1):
        value = np.minimum(score, typical) if k not in blank else -np.maximum(score - FAINTEST * typical, 0)
        gain = np.where(open_, value, -np.inf)
        if k in (1, count):
            gain = gain - centre
        if k == 1:
            best = gain
            continue
        previous, origin = _shifted_best(best, pitch, 1, cost)
        best = gain + previous
        origins.append(origin)
    at = int(np.argmax(best))
    total, path = float(best[at]), [at]
    if not np.isfinite(total):
        return _Comb(np.zeros(0), pitch, -np.inf, np.zeros(0))
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    centres = np.array(path[::-1])
    return _Comb(centres.astype(float), pitch, total, score[centres])


def _free_comb(score: Array, pitch: float, typical: float, noise: float) -> _Comb:
    """The best row of lanes about `pitch` apart when nobody says how many; up to two blank ones in between."""
    threshold = max(FAINTEST * typical, min(noise / np.sqrt(0.5 * pitch), 0.5 * typical))
    gain = np.minimum(score, typical) - threshold
    cost = 3.0 * max(typical, 1e-12)
    best, origin = gain.copy(), np.full(len(gain), -1)
    for at in range(len(gain)):
        for gap in (1, 2, 3):
            d = _spacings(pitch, gap)
            d = d[d <= at]
            if len(d):
                value = best[at - d] - cost * ((d - gap * pitch) / pitch) ** 2 - (gap - 1) * BLANK_COST * typical
                k = int(np.argmax(value))
                if gain[at] + value[k] > best[at]:
                    best[at], origin[at] = gain[at] + value[k], at - d[k]
    at = int(np.argmax(best))
    total, path = float(best[at]), [at]
    while origin[path[-1]] >= 0:
        path.append(int(origin[path[-1]]))
    centres: list[float] = []
    for c in path[::-1]:
        if centres:
            gap = max(round((c - centres[-1]) / pitch), 1)
            centres += list(centres[-1] + (c - centres[-1]) * np.arange(1, gap) / gap)
        centres.append(float(c))
    where = np.array(centres)
    # One stain is no row of lanes: the more lanes, the more they bear each other out.
    return _Comb(where, pitch, total * (1 - 1 / len(where)), score[np.round(where).astype(int)])


@dataclass(frozen=True, eq=False)
class _Sighting:
    """What one octave of spacings sees: a comb, and the slope it was seen along."""

    comb: _Comb
    slope: float


def _look(cells: Cells, pitches: Array, count: int | None, blank: Collection[int]) -> _Sighting:
    """The comb that the picture bears out best among `pitches`, in cells, which lie within an octave."""
    evidence = _evidence(cells, float(pitches[-1]))
    slope = _common_slope(evidence, cells.size[0] / cells.size[1])
    profile = _projection(evidence, slope)
    scores = [_lane_score(profile, p) for p in pitches]
    typical = max(float(np.quantile(s, 0.95)) for s in scores)
    if count is not None:
        combs = [_fixed_comb(s, p, typical, count, blank) for s, p in zip(scores, pitches, strict=True)]
    else:
        noise = 2 * 1.4826 * float(np.median(np.abs(np.diff(profile, 2)))) / np.sqrt(6)
        combs = [_free_comb(s, p, typical, noise) for s, p in zip(scores, pitches, strict=True)]
    return _Sighting(max(combs, key=lambda c: c.score), slope)


def _best_sighting(cells: Cells, count: int | None, blank: Collection[int]) -> _Sighting:
    """Search all spacings, octave by octave.

    The baseline that is taken off before looking must be wider than a lane and is better not much wider.
    """
    span = cells.values.shape[1]
    if count is None:
        low, high = max(span / 70, 5.0), span / 1.5
    else:
        # A single lane has no neighbours to stand close to: its spacing says how wide it is, no more.
        low, high = (0.3 if count > 1 else 0.08) * span / count, min(1.3 * span / count, span)
    octaves = max(int(np.ceil(np.log2(high / low))), 1)
    edges = np.geomspace(max(low, 4.0), high, octaves + 1)
    looks = [_look(cells, np.geomspace(a, b, 14), count, blank) for a, b in pairwise(edges)]
    return max(looks, key=lambda look: look.comb.score)


def _straight_lanes(cells: Cells, membrane: Membrane, sighting: _Sighting) -> Lanes:
    """Straight, parallel lanes in image coordinates: where refinement starts."""
    comb, window = sighting.comb, membrane.window
    pitch = (float(np.median(np.diff(comb.centres))) if len(comb.centres) > 1 else comb.pitch) * cells.size[1]
    centres = cells.x_px[0] + comb.centres * cells.size[1]
    knots = np.linspace(window.top, window.bottom - 1, KNOTS)
    middle = 0.5 * (cells.row_px[0] + cells.row_px[-1])
    tilt = sighting.slope * cells.size[1] / cells.size[0]
    items = [straight_lane(i + 1, x, USUAL_FILL * pitch, tilt, middle, knots) for i, x in enumerate(centres)]
    return Lanes(tuple(items), window, pitch, SOFTNESS, membrane.flags, membrane.inside)


def find_lanes(blot: Blot, count: int | None = None, *, blank: Collection[int] = ()) -> Lanes:
    """Find the lanes of a blot.

    Parameters
    ----------
    blot : Blot
    count : int, optional
        How many there are, blank ones included. Without it lanes are those that show, and the blank ones between.
    blank : collection of int, optional
        Numbers (from 1) of the lanes known to hold nothing: they are placed by the spacing of the others.

    Returns
    -------
    Lanes
        Empty, with ``no_lanes`` among the flags, where the picture shows none. Without a count a single lane is none:
        nothing tells it from a stain.

    Raises
    ------
    BlotError
        For a count below 1, or of more lanes than the picture has room for.
    """
    if count is not None and not 1 <= count <= max(blot.window.width // NARROWEST, 1):
        room = f"from 1 to {max(blot.window.width // NARROWEST, 1)} in {blot.window.width} px"
        raise BlotError(f"{count} lanes cannot be found", "lanes", room)
    membrane = find_membrane(blot)
    if count is not None and count > membrane.window.width // NARROWEST:
        membrane = Membrane(blot.window)
    window = membrane.window
    nothing = Lanes((), window, flags=(*membrane.flags, "no_lanes"), inside=membrane.inside)
    if min(window.height, window.width) < SMALLEST:
        return nothing
    size = max(1, round(window.height / COARSE[0])), max(1, round(window.width / COARSE[1]))
    rims = window.left > blot.window.left, window.right < blot.window.right
    # The rim of a membrane shines, dries or curls: the first look leaves it out.
    rim = round(RIM_WIDTH * window.width)
    inner = replace(window, left=window.left + rim * rims[0], right=window.right - rim * rims[1])
    cells = make_cells(blot, inner, size, membrane.inside)
    sighting = _best_sighting(cells, count, blank)
    if len(sighting.comb.centres) < (count or 2):
        return nothing
    lanes = _straight_lanes(cells, membrane, sighting)
    fine = lane_cells(blot, lanes)
    lanes, fit = refine_lanes(fine, lanes, blank=blank)
    if count is None and not are_lanes(fine, lanes, fit):
        return nothing
    x = np.array([lane.centre(window.mid_row) for lane in lanes])
    return replace(lanes, pitch=float(np.median(np.diff(x))) if len(x) > 1 else lanes.pitch)
