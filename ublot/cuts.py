"""Areas between any two rows of all lanes of a blot at once, and what noise and background make of them.

All that lies between two edges is the difference of two sums from the top down. Those need the rows from one edge to
the next to be added up once, for as many regions as there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ublot.model import Profile

__all__ = ["Cuts", "cut_lanes"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cuts:
    """Regions of all lanes.

    Attributes
    ----------
    area : ndarray, shape (lanes, regions)
    modes : ndarray, shape (lanes, regions, modes)
        Areas of the background's modes.
    whole : ndarray, shape (lanes, regions)
        Variance by pixel noise of the rows that no edge cuts.
    shares : ndarray, shape (lanes, regions, edges)
        Share in each region of the rows that the edges cut.
    noise : ndarray, shape (lanes, edges)
        Variance by pixel noise of those rows; 0 for a row that another edge cuts, too.
    """

    area: Array
    modes: Array
    whole: Array
    shares: Array
    noise: Array

    def variance(self) -> Array:
        """Variance of every area, shape (lanes, regions)."""
        cut = (self.shares**2 @ self.noise[..., None])[..., 0]
        return np.asarray(self.whole + cut + (self.modes**2).sum(axis=2), np.float64)

    def covariance(self, weights: Array) -> Array:
        """Covariance of weighted sums of areas, of regions that do not overlap.

        Parameters
        ----------
        weights : ndarray, shape (lanes, sums, regions)

        Returns
        -------
        ndarray, shape (lanes, sums, sums)
        """
        cut, moved = weights @ self.shares, weights @ self.modes
        whole = (weights * self.whole[:, None]) @ weights.transpose(0, 2, 1)
        by_cut = (cut * self.noise[:, None]) @ cut.transpose(0, 2, 1)
        return np.asarray(whole + by_cut + moved @ moved.transpose(0, 2, 1), np.float64)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges of every lane from top to bottom.

    Attributes
    ----------
    row : ndarray of int, shape (lanes, edges)
        Row that each one cuts, counted from the top.
    part : ndarray, shape (lanes, edges)
        Share of that row above it.
    apart : ndarray of bool, shape (lanes, edges - 1)
        Whether the next one cuts another row.
    rank : ndarray of int, shape (lanes, edges)
        Where the edges stand in this order.
    """

    row: NDArray[np.intp]
    part: Array
    apart: NDArray[np.bool_]
    rank: NDArray[np.intp]

    @classmethod
    def of(cls, down: Array, rows: int) -> _Edges:
        order = np.argsort(down, axis=1)
        place = np.take_along_axis(down, order, axis=1)
        row = np.minimum(place.astype(np.intp), rows - 1)
        return cls(row, place - row, np.diff(row, axis=1) > 0, np.argsort(order, axis=1))

    def gather(self, values: Array) -> tuple[Array, Array]:
        """Sums of the rows from that of one edge to that of the next, and the values of the rows cut: of every lane."""
        flat = self.row + values.shape[1] * np.arange(len(values))[:, None]
        sums = np.add.reduceat(values.ravel(), flat.ravel()).reshape(flat.shape)
        return sums[:, :-1] * self.apart, values.ravel()[flat]

    def gather_modes(self, profiles: Sequence[Profile]) -> Array:
        """Area of every mode between neighbouring edges, shape (modes, lanes, edges - 1)."""
        lanes, edges = self.row.shape
        sums = np.zeros((max(len(p.modes) for p in profiles), lanes, edges))
        cut = np.zeros_like(sums)
        for i, p in enumerate(profiles):
            if len(p.modes):
                np.add.reduceat(p.modes, self.row[i], axis=1, out=sums[: len(p.modes), i])
                cut[: len(p.modes), i] = p.modes[:, self.row[i]]
        return np.asarray(sums[..., :-1] * self.apart + np.diff(self.part * cut), np.float64)


def cut_lanes(profiles: Sequence[Profile], edges: Array, regions: Sequence[tuple[int, int]]) -> Cuts:
    """Cut all lanes of a blot into regions.

    Parameters
    ----------
    profiles : sequence of Profile
        On the same rows.
    edges : ndarray, shape (lanes, edges)
        Rows, in any order; a row reaches half a pixel up and down.
    regions : sequence of (int, int)
        Upper and lower edge of each region; it is empty where the lower one does not lie below the upper one.
    """
    signal, noise = np.stack([p.signal for p in profiles]), np.stack([p.noise for p in profiles])
    down = np.clip(edges - (profiles[0].top - 0.5), 0.0, signal.shape[1])
    cuts = _Edges.of(down, signal.shape[1])
    upper, lower = (down[:, side, None] for side in np.array(regions).T)
    shares = np.clip(np.minimum(cuts.row[:, None] + 1, lower) - np.maximum(cuts.row[:, None], upper), 0.0, 1.0)
    sums, cut = cuts.gather(signal)
    variance, cut_variance = cuts.gather(noise**2)
    between = np.concatenate(
        [
            (sums + np.diff(cuts.part * cut))[None],
            (variance - cut_variance[:, :-1] * cuts.apart)[None],
            cuts.gather_modes(profiles),
        ]
    )
    area, whole, *modes = _regions(between, cuts.rank, regions)
    cut_variance[:, 1:] *= cuts.apart
    return Cuts(area, np.stack(modes, axis=-1) if modes else np.zeros((*area.shape, 0)), whole, shares, cut_variance)


def _regions(between: Array, rank: NDArray[np.intp], regions: Sequence[tuple[int, int]]) -> Array:
    """Sums over regions of what lies between neighbouring edges, shape (kinds, lanes, regions)."""
    down = np.zeros((*between.shape[:-1], between.shape[-1] + 1))
    np.cumsum(between, axis=-1, out=down[..., 1:])
    first, last = (rank[:, side] for side in np.array(regions).T)
    lane = np.arange(len(rank))[:, None]
    return np.asarray(np.where(last > first, down[:, lane, last] - down[:, lane, first], 0.0), np.float64)
