"""Rows of lanes in a profile across the picture: centres about equally far apart, by dynamic programming."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comb", "best_comb"]

Array = NDArray[np.float64]

BLANK_COST = 0.35  # of a typical lane's score, for a lane without signal between loaded ones
FAINTEST = 0.15  # a lane at the end of the row needs this share of a typical lane's score
UNEVEN = 3.0  # cost, of a typical lane's score, of a distance that is wrong by one pitch, squared
LOOSE = 0.28  # of the pitch that a distance may be wrong by
GAPS = 3  # pitches between two lanes that show, at most
PLACES = 10  # to a pitch, at least, where there are so many cells: centres are refined later


@dataclass(frozen=True, eq=False)
class Comb:
    """Lane centres in cells, their common spacing, and how well the picture bears them out."""

    centres: Array
    pitch: float
    score: float


@dataclass(frozen=True, eq=False)
class _Search:
    """Scores of all spacings at every place that a centre may have, and what distances between them cost.

    Attributes
    ----------
    scores : ndarray, shape (spacings, places)
    pitches : ndarray, shape (spacings, 1)
        In places.
    typical : float
        Score of a typical lane.
    """

    scores: Array
    pitches: Array
    typical: float

    def costs(self, gaps: int) -> tuple[Array, int]:
        """What the distances shortest, shortest + 1, … cost, furthest first, shape (spacings, 1, distances)."""
        shortest = max(int(np.ceil((1 - LOOSE) * self.pitches[0, 0])), 1)
        distance = np.arange(int((gaps + LOOSE) * self.pitches[-1, 0]), shortest - 1, -1) / self.pitches
        cost = np.full(distance.shape, np.inf)
        for gap in range(1, gaps + 1):
            off = np.abs(distance - gap)
            here = off <= LOOSE
            cost[here] = (UNEVEN * off[here] ** 2 + (gap - 1) * BLANK_COST) * max(self.typical, 1e-12)
        return cost[:, None], shortest


def _best_before(before: Array, costs: Array) -> tuple[Array, NDArray[np.intp]]:
    """Best of what lies at the distances of `costs` before every place, and which distance that is.

    `before`, shape (spacings, places + distances - 1), begins at the furthest distance before the first place.
    """
    values = np.lib.stride_tricks.sliding_window_view(before, costs.shape[2], axis=1) - costs
    which = values.argmax(axis=2)
    return np.take_along_axis(values, which[:, :, None], axis=2)[:, :, 0], which


def _counted(search: _Search, count: int, blank: Collection[int]) -> list[tuple[list[int], float]]:
    """Places and score of the best `count` lanes, for every spacing."""
    scores, pitches, typical = search.scores, search.pitches, search.typical
    costs, shortest = search.costs(1)
    furthest = shortest + costs.shape[2] - 1
    place = np.arange(scores.shape[1])
    shut = np.minimum(place, place[::-1]) < (0.3 * pitches).astype(int)
    # A faint pull to the middle settles what the picture leaves open: at which end the blank lanes are.
    centre = 0.02 * typical * ((place - scores.shape[1] / 2) / (count * pitches)) ** 2
    loaded, empty = np.minimum(scores, typical), -np.maximum(scores - FAINTEST * typical, 0)
    steps: list[NDArray[np.intp]] = []
    best = np.zeros(0)
    for k in range(1, count + 1):
        gain = np.where(shut, -np.inf, empty if k in blank else loaded)
        if k in (1, count):
            gain = gain - centre
        if k > 1:
            before = np.pad(best, ((0, 0), (furthest, 0)), constant_values=-np.inf)[:, : -shortest or None]
            best, which = _best_before(before, costs)
            steps.append(furthest - which)
        best = best + gain if k > 1 else gain
    out = []
    for i, at in enumerate(best.argmax(axis=1)):
        path = [int(at)]
        for step in reversed(steps):
            path.append(max(path[-1] - int(step[i, path[-1]]), 0))
        out.append((path[::-1], float(best[i, at])))
    return out


def _uncounted(search: _Search, least: Array) -> list[tuple[list[int], float]]:
    """Places and score of the best row of lanes, for every spacing, up to two blank ones between two that show.

    `least`, shape (spacings, 1), is the score from which on a lane speaks for a row.
    """
    gain = np.minimum(search.scores, search.typical) - least
    costs, shortest = search.costs(GAPS)
    furthest = shortest + costs.shape[2] - 1
    best = np.pad(gain, ((0, 0), (furthest, 0)), constant_values=-np.inf)
    step = np.zeros(gain.shape, np.intp)
    # No lane stands nearer than the shortest distance: so many places can be done at once.
    for start in range(0, gain.shape[1], shortest):
        stop = min(start + shortest, gain.shape[1])
        value, which = _best_before(best[:, start : stop + costs.shape[2] - 1], costs)
        better = value > 0
        best[:, furthest + start : furthest + stop] += np.where(better, value, 0)
        step[:, start:stop] = np.where(better, furthest - which, 0)
    out = []
    for i, at in enumerate(best[:, furthest:].argmax(axis=1)):
        path = [int(at)]
        while step[i, path[-1]]:
            path.append(path[-1] - int(step[i, path[-1]]))
        out.append((path[::-1], float(best[i, furthest + at])))
    return out


def _with_blanks(centres: Array, pitch: float) -> Array:
    """Centres with those of the blank lanes between them."""
    gaps = np.maximum(np.round(np.diff(centres) / pitch), 1).astype(int)
    parts = [a + (b - a) * np.arange(n) / n for a, b, n in zip(centres, centres[1:], gaps, strict=False)]
    return np.concatenate([*parts, centres[-1:]])


def _lane_scores(profile: Array, pitches: Array, x: Array) -> Array:
    """Mean within a quarter pitch about `x` less the higher of the two means half a pitch away, (pitches, x)."""
    pad = int(pitches.max()) + 1
    total = np.concatenate([[0.0], np.cumsum(np.pad(profile, pad, mode="edge"))])
    grid = np.arange(len(total)) - pad - 0.5

    def mean(low: float, high: float) -> Array:
        ends = np.interp([x + low * pitches, x + high * pitches], grid, total)
        return np.asarray((ends[1] - ends[0]) / ((high - low) * pitches))

    left, right = mean(-0.62, -0.38), mean(0.38, 0.62)
    return np.asarray(mean(-0.25, 0.25) - 0.5 * (left + right) - 0.25 * np.abs(left - right))


def best_comb(profile: Array, pitches: Array, count: int | None, blank: Collection[int] = ()) -> Comb:
    """The row of lanes that a profile bears out best.

    Parameters
    ----------
    profile : ndarray, shape (cells,)
        Evidence for lanes.
    pitches : sequence of float
        Spacings to try, in cells, increasing.
    count : int, optional
        How many lanes there are; those that show and the blank ones between where not given.
    blank : collection of int
        Numbers (from 1) of lanes that hold nothing.

    Returns
    -------
    Comb
        Without centres and with the score ``-inf`` where `count` lanes have no room.
    """
    step = max(1, int(pitches[0] / PLACES))
    x = np.arange(step // 2, len(profile), step, dtype=np.float64)
    column = pitches[:, None]
    scores = _lane_scores(profile, column, x)
    typical = float(np.quantile(scores, 0.95, axis=1).max())
    search = _Search(scores, column / step, typical)
    if count is not None:
        rows: Sequence[tuple[list[int], float]] = _counted(search, count, blank)
    else:
        noise = 2 * 1.4826 * float(np.median(np.abs(np.diff(profile, 2)))) / np.sqrt(6)
        rows = _uncounted(
            search, np.maximum(FAINTEST * typical, np.minimum(noise / np.sqrt(0.5 * column), 0.5 * typical))
        )
    combs = []
    for (path, score), pitch in zip(rows, pitches, strict=True):
        centres = x[path] if count is not None else _with_blanks(x[path], pitch)
        # One stain is no row of lanes: the more lanes, the more they bear each other out.
        combs.append(Comb(centres, float(pitch), score if count is not None else score * (1 - 1 / len(centres))))
    best = max(combs, key=lambda comb: comb.score)
    return best if np.isfinite(best.score) else Comb(np.zeros(0), best.pitch, -np.inf)
