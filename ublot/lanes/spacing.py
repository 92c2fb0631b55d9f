"""Rows of lanes in profiles across the picture: centres about equally far apart, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from ublot.lanes.contrast import PLACES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from ublot.numerics.arrays import Array

__all__ = ["LaneRow", "best_comb"]

BLANK_COST = 0.35  # of a typical lane's score, for a lane without signal between loaded ones
FAINTEST = 0.15  # a lane at the end of the row needs this share of a typical lane's score
UNEVEN = 3.0  # cost, of a typical lane's score, of a distance that is wrong by one pitch, squared
LOOSE = 0.28  # of the pitch that a distance may be wrong by
NEXT = 0.25  # of the lanes that show have their neighbour one pitch away, at least
GAPS = 3  # pitches between two lanes that show, at most
WORTH = 0.1  # of a typical lane's score at the best spacing, that every lane must bring: few good ones over many poor


@dataclass(frozen=True, eq=False)
class LaneRow:
    """Lane centres in cells, their common spacing, how well the picture bears them out, and the profile they are in."""

    centres: Array
    pitch: float
    score: float
    profile: int = 0


@dataclass(frozen=True, eq=False)
class _Search:
    """Scores of all spacings at every place that a centre may have.

    Attributes
    ----------
    scores : ndarray, shape (spacings, places)
        ``-inf`` beyond the end of the profile.
    ends : ndarray of int, shape (spacings,)
        Number of places, of which there are `PLACES` to each pitch.
    typical : ndarray, shape (spacings,)
        Score of a typical lane.
    """

    scores: Array
    ends: NDArray[np.intp]
    typical: Array

    @cached_property
    def place(self) -> NDArray[np.intp]:
        return np.arange(self.scores.shape[1])


def _costs(gaps: int) -> tuple[NDArray[np.intp], Array]:
    """Distances between lanes that show, furthest first, and what they cost in scores of a typical lane."""
    shortest = int(np.ceil((1 - LOOSE) * PLACES))
    distance = np.arange(int((gaps + LOOSE) * PLACES), shortest - 1, -1)
    gap = np.clip(np.round(distance / PLACES), 1, gaps)
    off = np.abs(distance / PLACES - gap)
    return distance, np.where(off <= LOOSE, UNEVEN * off**2 + (gap - 1) * BLANK_COST, np.inf)


def _counted(search: _Search, count: int, blank: Collection[int]) -> tuple[int, list[int], float]:
    """The spacing with the best `count` lanes, their places and score."""
    scores, place, typical = search.scores, search.place, search.typical[:, None]
    distances, cost = _costs(1)
    furthest = int(distances[0])
    from_end = search.ends[:, None] - 1 - place
    shut = np.minimum(place, from_end) < int(0.3 * PLACES)
    # A faint pull to the middle settles what the picture leaves open: at which end the blank lanes are.
    centre = 0.02 * typical * ((place - 0.5 * search.ends[:, None]) / (count * PLACES)) ** 2
    loaded = np.where(shut, -np.inf, np.minimum(scores, typical))
    empty = np.where(shut, -np.inf, -np.maximum(scores - FAINTEST * typical, 0))
    best = (empty if 1 in blank else loaded) - centre
    steps = []
    for k in range(2, count + 1):
        before = np.full((len(scores), furthest + len(place)), -np.inf)
        before[:, furthest:] = best
        steps.append(before)
        best = np.full(scores.shape, -np.inf)
        for distance, price in zip(distances.tolist(), cost, strict=True):
            np.maximum(best, before[:, furthest - distance : -distance] - price * typical, out=best)
        best += empty if k in blank else loaded
        if k == count:
            best -= centre
    spacing, at = np.unravel_index(best.argmax(), best.shape)
    path = [int(at)]
    for before in reversed(steps):
        from_here = before[spacing, furthest + path[-1] - distances] - cost * search.typical[spacing]
        path.append(max(path[-1] - int(distances[from_here.argmax()]), 0))
    return int(spacing), path[::-1], float(best[spacing, at])


def _uncounted(search: _Search, least: Array) -> list[tuple[list[int], float]]:
    """Places and score of the best row of lanes, for every spacing, up to two blank ones between two that show.

    `least`, shape (spacings,), is the score from which on a lane speaks for a row.
    """
    gain = np.minimum(search.scores, search.typical[:, None]) - least[:, None]
    distances, cost = _costs(GAPS)
    furthest, shortest = int(distances[0]), int(distances[-1])
    prices = cost * np.maximum(search.typical, 1e-12)[:, None, None]
    best = np.full((len(gain), furthest + gain.shape[1]), -np.inf)
    best[:, furthest:] = gain
    step = np.zeros(gain.shape, np.intp)
    before = np.lib.stride_tricks.sliding_window_view(best, len(distances), axis=1)
    # Spacings grow, and places become fewer: those that have any left come first.
    left = np.searchsorted(-search.ends, -np.arange(0, gain.shape[1], shortest))
    # No lane stands nearer than the shortest distance: so many places can be done at once.
    for going, start in zip(left.tolist(), range(0, gain.shape[1], shortest), strict=True):
        stop = min(start + shortest, gain.shape[1])
        values = (before[:going, start:stop] - prices[:going]).reshape(-1, len(distances))
        which = values.argmax(axis=1)
        value = values[np.arange(len(which)), which].reshape(going, -1)
        best[:going, furthest + start : furthest + stop] += np.maximum(value, 0)
        step[:going, start:stop] = np.where(value > 0, distances[which].reshape(going, -1), 0)
    out = []
    for i, at in enumerate(best[:, furthest:].argmax(axis=1)):
        path = [int(at)]
        while step[i, path[-1]]:
            path.append(path[-1] - int(step[i, path[-1]]))
        out.append((path[::-1], float(best[i, furthest + at])))
    return out


def _numbers(path: list[int]) -> list[int]:
    """Numbers, from 0, of the lanes in a row, those that were passed by counted."""
    gaps = (max(round((b - a) / PLACES), 1) for a, b in pairwise(path))
    return list(accumulate(gaps, initial=0))


def _is_spacing(path: list[int]) -> bool:
    """Whether some of the lanes that show stand next to each other: else their spacing is a multiple of this one."""
    steps = [b - a for a, b in pairwise(_numbers(path))]
    return steps.count(1) >= NEXT * len(steps)


def _centres(scores: Array, path: list[int], least: float) -> Array:
    """Places of a row of lanes to a fraction: the vertices of parabolas through the scores of those that show.

    Those between and beside them that do not were passed by, or put where noise is highest: they are spaced evenly.
    """
    at = np.array(path)
    left, here, right = scores[np.maximum(at - 1, 0)], scores[at], scores[np.minimum(at + 1, len(scores) - 1)]
    top = (here > least) & (left < here) & (right <= here) & np.isfinite(left + right)
    peaks = at.astype(np.float64)
    peaks[top] += 0.5 * (left - right)[top] / (left - 2 * here + right)[top]
    number = np.array(_numbers(path))
    known = here > least
    if np.count_nonzero(known) < 2:
        known[[0, -1]] = True
    seen, at_seen = number[known], peaks[known]
    step = (at_seen[-1] - at_seen[0]) / max(int(seen[-1] - seen[0]), 1)
    every = np.arange(number[-1] + 1)
    beyond = np.minimum(every - seen[0], 0) + np.maximum(every - seen[-1], 0)
    evenly = np.interp(every, seen, at_seen) + step * beyond
    return np.asarray(np.clip(evenly, 0, len(scores) - 1), np.float64)


def _search(scores: Sequence[Array], pitches: Array) -> _Search:
    """Scores of all spacings side by side, and what a typical lane scores in each octave of them."""
    tried = pitches.shape[1]
    ends = np.array([len(each) for each in scores])
    table = np.full((len(scores), ends.max()), -np.inf)
    for row, each in zip(table, scores, strict=True):
        row[: len(each)] = each
    high = [np.sort(each)[len(each) - 1 - int(0.05 * (len(each) - 1))] for each in scores]
    typical = np.repeat(np.reshape(high, pitches.shape).max(axis=1), tried)
    return _Search(table, ends, typical)


def best_comb(
    scores: Sequence[Sequence[Array]], pitches: Array, count: int | None, blank: Collection[int] = ()
) -> LaneRow:
    """The row of lanes that the picture bears out best.

    Parameters
    ----------
    scores : sequence of sequence of ndarray, shape (places,)
        How lane-like every place is, from -1 to 1, for every octave and each spacing in it; `PLACES` to the spacing.
    pitches : ndarray, shape (octaves, spacings)
        The spacings, cells.
    count : int, optional
        How many lanes there are; those that show and the blank ones between where not given.
    blank : collection of int
        Numbers (from 1) of lanes that hold nothing.

    Returns
    -------
    LaneRow
        Without centres and with the score ``-inf`` where `count` lanes have no room.
    """
    search, spacings = _search([each for octave in scores for each in octave], pitches), pitches.ravel()
    tried = pitches.shape[1]
    if count is not None:
        i, path, score = _counted(search, count, blank)
        if not np.isfinite(score):
            return LaneRow(np.zeros(0), float(spacings[i]), score, i // tried)
        centres = _centres(search.scores[i], path, FAINTEST * float(search.typical[i])) * spacings[i] / PLACES
        return LaneRow(centres, float(spacings[i]), score, i // tried)
    least = np.maximum(FAINTEST * search.typical, WORTH * search.typical.max())
    rows = _uncounted(search, least)
    # One stain is no row of lanes: the more lanes, the more they bear each other out.
    shown = [
        [place for place in path if seen[place] > worth]
        for (path, _), seen, worth in zip(rows, search.scores, least, strict=True)
    ]
    totals = [
        score * (1 - 1 / max(len(path), 1)) * _is_spacing(path) for (_, score), path in zip(rows, shown, strict=True)
    ]
    i = int(np.argmax(totals))
    centres = _centres(search.scores[i], rows[i][0], float(least[i])) * spacings[i] / PLACES
    return LaneRow(centres, float(spacings[i]), totals[i], i // tried)
