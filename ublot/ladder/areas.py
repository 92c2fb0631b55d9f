"""Areas between any two rows of all lanes of a blot at once, and what noise and background make of them.

All that lies between two edges is the difference of two sums from the top down. Those need the rows from one edge to
the next to be added up once, for as many regions as there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ublot.model import Profile
    from ublot.numerics.arrays import Array

__all__ = ["RegionAreas", "cut_lanes"]


@dataclass(frozen=True, eq=False)
class RegionAreas:
    """Regions of all lanes. All arrays begin with the shape (lanes, regions).

    Attributes
    ----------
    area : ndarray
    modes : ndarray, shape (lanes, regions, modes)
        Areas of the background's modes.
    variance : ndarray
        Of the area.
    rows : ndarray of int, shape (lanes, regions, 2)
        Rows, counted from the top, through which the upper and the lower edge go.
    shares : ndarray, shape (lanes, regions, 2)
        Share of those rows in the region.
    noise : ndarray
        Variance by pixel noise.
    cut_noise : ndarray
        Variance by pixel noise of the row through which the upper edge goes.
    """

    area: Array
    modes: Array
    variance: Array
    rows: NDArray[np.intp]
    shares: Array
    noise: Array
    cut_noise: Array

    def covariance(self, weights: Array, regions: slice) -> Array:
        """Covariance of weighted sums of the areas of regions that lie one above the other, from the bottom up.

        Parameters
        ----------
        weights : ndarray, shape (lanes, sums, regions)
        regions : slice
            Of all regions.

        Returns
        -------
        ndarray, shape (lanes, sums, sums)
        """
        moved, back = weights @ self.modes[:, regions], weights.transpose(0, 2, 1)
        out = (weights * self.noise[:, None, regions]) @ back + moved @ moved.transpose(0, 2, 1)
        rows, shares, noise = self.rows[:, regions], self.shares[:, regions], self.cut_noise[:, regions]
        for apart in range(1, rows.shape[1]):
            # The row that both are cut through, if there is one: of the next one, of the one after that, ...
            both = (rows[:, :-apart, 0] == rows[:, apart:, 1]) * shares[:, :-apart, 0] * shares[:, apart:, 1]
            if not both.any():
                break
            once = (weights[..., :-apart] * (both * noise[:, :-apart])[:, None]) @ back[:, apart:]
            out += once + once.transpose(0, 2, 1)
        return np.asarray(out, np.float64)


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
        lane, order = np.arange(len(down))[:, None], np.argsort(down, axis=1)
        place, rank = down[lane, order], np.empty_like(order)
        rank[lane, order] = np.arange(down.shape[1])
        row = np.minimum(place.astype(np.intp), rows - 1)
        return cls(row, place - row, row[:, 1:] > row[:, :-1], rank)

    def gather(self, values: Array) -> tuple[Array, Array]:
        """Sums of the rows from that of one edge to that of the next, and the values of the rows cut: of every lane."""
        flat = self.row + values.shape[1] * np.arange(len(values))[:, None]
        sums = np.add.reduceat(values.ravel(), flat.ravel()).reshape(flat.shape)
        return sums[:, :-1] * self.apart, values.ravel()[flat]

    def gather_modes(self, profiles: Sequence[Profile], out: Array) -> None:
        """Put the area of every mode between neighbouring edges into `out`, shape (modes, lanes, edges - 1)."""
        sums = np.zeros((len(out), *self.row.shape))
        cut = np.zeros_like(sums)
        for i, p in enumerate(profiles):
            if len(p.modes):
                np.add.reduceat(p.modes, self.row[i], axis=1, out=sums[: len(p.modes), i])
                p.modes.take(self.row[i], axis=1, out=cut[: len(p.modes), i])
        cut *= self.part
        np.multiply(sums[..., :-1], self.apart, out=out)
        out += cut[..., 1:]
        out -= cut[..., :-1]


def cut_lanes(profiles: Sequence[Profile], edges: Array, regions: Sequence[tuple[int, int]]) -> RegionAreas:
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
    signal = np.stack([p.raw for p in profiles]) - np.stack([p.background for p in profiles])
    noise = np.stack([p.noise for p in profiles]) ** 2
    down = np.clip(edges - (profiles[0].top - 0.5), 0.0, signal.shape[1])
    cuts, sides = _Edges.of(down, signal.shape[1]), np.array(regions)
    between = np.empty((2 + max(len(p.modes) for p in profiles), len(profiles), edges.shape[1] - 1))
    sums, cut = cuts.gather(signal)
    cut *= cuts.part
    between[0] = sums + (cut[:, 1:] - cut[:, :-1])
    between[1], cut = cuts.gather(noise)
    cuts.gather_modes(profiles, between[2:])
    place, lane = cuts.rank[:, sides], np.arange(len(profiles))[:, None]
    ends, full = down[:, sides], down[:, sides[:, 1]] > down[:, sides[:, 0]]
    area, inner, *modes = _regions(between, place, lane) * full
    # Of the rows from the upper edge's to that before the lower edge's only the first is cut.
    rows, of_cut = cuts.row[lane[..., None], place], cut[lane[..., None], place]
    shares = np.minimum(rows + 1, ends[..., 1:]) - np.maximum(rows, ends[..., :1])
    shares *= full[..., None]
    apart = rows[..., 1] > rows[..., 0]
    upper, lower = shares[..., 0] ** 2 * of_cut[..., 0], shares[..., 1] ** 2 * of_cut[..., 1]
    by_noise = upper + apart * full * (inner - of_cut[..., 0] + lower)
    loads = np.stack(modes, axis=-1) if modes else np.zeros((*area.shape, 0))
    variance = by_noise + np.einsum("lkm,lkm->lk", loads, loads)
    return RegionAreas(area, loads, variance, rows, shares, by_noise, of_cut[..., 0])


def _regions(between: Array, place: NDArray[np.intp], lane: NDArray[np.intp]) -> Array:
    """Sums over regions of what lies between neighbouring edges, shape (kinds, lanes, regions)."""
    down = np.zeros((*between.shape[:-1], between.shape[-1] + 1))
    np.cumsum(between, axis=-1, out=down[..., 1:])
    return np.asarray(down[:, lane, place[..., 1]] - down[:, lane, place[..., 0]], np.float64)
