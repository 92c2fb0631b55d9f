"""A blot as coarse cells, and what a row of cells is made of: lanes of known lateral shape on a smooth membrane.

Lane finding and background removal share this description. Every row of cells is

    D[r, c] = sum_i a_i(r) S_i(r, c) + m(r, c) + noise

with ``S_i`` the lateral shape of lane *i* about its centre line, ``a_i`` its amplitude (free in every row, so that
neither band nor smear is assumed) and ``m`` the membrane, a tensor-product cubic P-spline (Eilers & Marx 1996) that is
smooth in both directions. The amplitudes are eliminated row by row, which leaves a small linear problem for ``m``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.membrane.cells import Cells, cell_side, make_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array


__all__ = [
    "BESIDE",
    "USUAL_FILL",
    "LaneShapes",
    "beside",
    "beside_lanes",
    "gutter_leak",
    "lane_cells",
    "lane_centres",
    "lane_pitch",
    "lane_shapes",
    "lane_widths",
    "lateral_shape",
    "mid_columns",
    "shapes_about",
    "strip_means",
]

FINE = (64, 14)  # cells down the picture, and across one pitch, at least
BESIDE = 0.6  # of the pitch: cells further from all centre lines may belong to lanes that nobody told of
USUAL_FILL = 0.7  # width of a lane over the pitch


def lane_pitch(lanes: Lanes) -> float:
    """Distance of neighbouring lanes, px; what it would usually be where a single lane has no neighbour."""
    return lanes.pitch or float(np.median([lane.width for lane in lanes])) / USUAL_FILL


def lane_cells(blot: Blot, lanes: Lanes, down: int = FINE[0], across: int = FINE[1]) -> Cells:
    """Cells fine enough to see the lateral shape of the lanes: so many down the picture and across one pitch."""
    size = cell_side(blot, lanes.window.height / down), cell_side(blot, lane_pitch(lanes) / across)
    return make_cells(blot, lanes.window, size, lanes.inside)


def lateral_shape(offset: Array, width: float | Array, softness: float) -> Array:
    """Height of a lane, 1 on its centre line, at `offset` px beside it (half at ``width / 2``)."""
    return np.asarray(np.exp(-np.log(2.0) * np.abs(2.0 * offset / width) ** softness))


def _mean_shape(offset: Array, width: float | Array, softness: float, step: float) -> Array:
    """`lateral_shape` averaged over cells of width `step`, to the second order of their width."""
    square = offset**2 + 1e-9
    steep = np.log(2.0) * softness * np.exp(0.5 * softness * np.log(4.0 * square / width**2))
    curvature = steep * (steep - softness + 1) / square
    return np.asarray(np.exp(-steep / softness) * (1 + step**2 / 24 * curvature))


def lane_centres(lanes: Lanes, rows: Array) -> Array:
    """Columns of all centre lines at `rows`, shape (lanes, rows)."""
    if len({lane.rows for lane in lanes}) != 1 or len(lanes[0].rows) < 2:
        return np.array([lane.centre(rows) for lane in lanes]).reshape(len(lanes), len(rows))
    # Knots in the same rows: all lanes at once. The first and last pieces go on beyond their ends.
    knots, xs = np.array(lanes[0].rows), np.array([lane.xs for lane in lanes])
    piece = np.clip(np.searchsorted(knots, rows) - 1, 0, len(knots) - 2)
    slope = np.diff(xs, axis=1) / np.diff(knots)
    return np.asarray(xs[:, piece] + slope[:, piece] * (rows - knots[piece]))


def lane_widths(lanes: Lanes) -> Array:
    """Widths of all lanes, px."""
    return np.array([lane.width for lane in lanes])


@dataclass(frozen=True, eq=False)
class LaneShapes:
    """Lateral shapes of all lanes in the cells, each kept in the columns that it reaches in any row.

    Attributes
    ----------
    grid : tuple of int
        Rows and columns of cells.
    index : ndarray of int, shape (lanes, n)
        Columns of cells that a lane reaches, one beside the other.
    offset : ndarray, shape (rows, lanes, n)
        How far they lie from its centre line, px.
    values : ndarray, shape (rows, lanes, n)
        Its lateral shape there.
    overlaps : tuple of ndarray, shape (rows, lanes - k, n)
        ``overlaps[k]`` is the product of the shapes of every lane and the k-th one to its right, in the cells of the
        former; what lies further apart does not overlap.
    """

    grid: tuple[int, int]
    index: NDArray[np.intp]
    offset: Array
    values: Array
    overlaps: tuple[Array, ...]

    def of(self, picture: Array) -> Array:
        """Cells of a picture, shape (rows, cols), that each lane reaches, shape (rows, lanes, n)."""
        return picture.take(self.index, axis=1)

    def picture(self, heights: Array) -> Array:
        """Sum of all lanes with given heights, shape (..., rows, lanes), as a picture of cells, (..., rows, cols)."""
        parts = self.values * heights[..., None]
        sums = np.zeros((*heights.shape[:-1], self.grid[1]))
        for lane, first in enumerate(self.index[:, 0].tolist()):
            sums[..., first : first + self.index.shape[1]] += parts[..., lane, :]
        return sums

    def sums(self, picture: Array) -> Array:
        """Sum of a picture times each shape, row by row, shape (rows, lanes)."""
        return np.asarray(np.einsum("rln,rln->rl", self.of(picture), self.values))

    def products(self, weights: Array) -> Array:
        """Weighted sum of the product of any two shapes, row by row, shape (rows, lanes, lanes)."""
        rows, count = self.grid[0], self.values.shape[1]
        out, each, seen = np.zeros((rows, count, count)), np.arange(count), self.of(weights)
        for k, overlap in enumerate(self.overlaps):
            both = np.einsum("rln,rln->rl", seen[:, : count - k], overlap)
            out[:, each[: count - k], each[k:]] = out[:, each[k:], each[: count - k]] = both
        return out


def lane_shapes(cells: Cells, lanes: Lanes) -> LaneShapes:
    """Lateral shapes of all lanes in the cells."""
    return shapes_about(cells, lane_centres(lanes, cells.row_px), lane_widths(lanes), lanes.softness)


def shapes_about(cells: Cells, centres: Array, widths: Array, softness: float) -> LaneShapes:
    """Lateral shapes about centre lines, shape (lanes, rows of cells), of lanes with given widths, px."""
    (rows, cols), step, count = cells.values.shape, cells.size[1], len(centres)
    # Beyond that the lateral shape is below 1e-4.
    reach = 0.5 * widths.max(initial=0.0) * (np.log(1e4) / np.log(2)) ** (1 / softness)
    begins, ends = ((x - cells.x_px[0]) / step for x in (centres.min(axis=1) - reach, centres.max(axis=1) + reach))
    n = min(int((ends - begins).max(initial=0.0)) + 2, cols)
    first = np.clip(np.floor(begins).astype(int), 0, cols - n)
    index = first[:, None] + np.arange(n)
    offset = cells.x_px[index] - centres.T[:, :, None]
    values = _mean_shape(offset, widths[:, None], softness, step)
    overlaps, k = [values**2], 1
    # The column beyond the last is where a lane does not reach.
    beyond = np.concatenate([values, np.zeros((rows, count, 1))], axis=2)
    while k < count and (centres[k:] - centres[:-k]).min() < 2 * reach:
        column = index[:-k] - first[k:, None]
        column[(column < 0) | (column > n)] = n
        overlaps.append(values[:, :-k] * beyond[:, np.arange(k, count)[:, None], column])
        k += 1
    return LaneShapes((rows, cols), index, offset, values, tuple(overlaps))


def beside_lanes(cells: Cells, lanes: Lanes) -> NDArray[np.bool_]:
    """Cells of the lanes and of the gutters beside them, shape (rows, cols)."""
    return beside(cells, lane_centres(lanes, cells.row_px), BESIDE * lane_pitch(lanes))


def beside(cells: Cells, centres: Array, reach: float) -> NDArray[np.bool_]:
    """Cells within `reach` px of any of the centre lines, shape (lanes, rows of cells)."""
    rows, cols = cells.values.shape
    centre, reach = (centres - cells.x_px[0]) / cells.size[1], reach / cells.size[1]
    row = np.arange(rows) * (cols + 1)
    begins = row + np.clip(np.ceil(centre - reach), 0, cols).astype(int)
    ends = row + np.clip(np.floor(centre + reach) + 1, 0, cols).astype(int)
    size = rows * (cols + 1)
    steps = np.bincount(begins.ravel(), minlength=size) - np.bincount(ends.ravel(), minlength=size)
    return np.asarray(steps.reshape(rows, -1).cumsum(axis=1)[:, :-1] > 0)


def strip_means(cells: Cells, *strips: tuple[Array, float]) -> list[Array]:
    """Means over strips about given columns, shape (strips, rows of cells), NaN where they leave the membrane.

    Parameters
    ----------
    cells : Cells
    *strips : tuple of ndarray and float
        The middles of strips in every row of cells, and their width, px.
    """
    rows, cols = cells.values.shape
    row, sums = np.arange(rows), np.zeros((rows, cols + 1))
    np.cumsum(cells.values, axis=1, out=sums[:, 1:], dtype=np.float64)
    off = np.zeros((rows, cols + 1), int)
    if not cells.mask.all():
        np.cumsum(~cells.mask, axis=1, out=off[:, 1:])

    def until(place: Array) -> Array:
        cell = np.minimum(place.astype(int), cols - 1)
        before = sums[row, cell]
        return np.asarray(before + (place - cell) * (sums[row, cell + 1] - before))

    out = []
    for middle, width in strips:
        at, reach = (middle - cells.x_px[0]) / cells.size[1] + 0.5, 0.5 * max(width / cells.size[1], 1.0)
        low, high = np.clip([at - reach, at + reach], 0, cols)
        inside = (at >= reach) & (at + reach <= cols)
        inside &= off[row, np.ceil(high).astype(int)] == off[row, low.astype(int)]
        out.append(np.where(inside, (until(high) - until(low)) / (2 * reach), np.nan))
    return out


def gutter_leak(lanes: Lanes) -> dict[int, float]:
    """Height of a lane in the middle of its gutters, as a share of its own: what the gutters see of its smear.

    The mean over both sides, or that of all lanes where it is more: a smooth background is lifted by its neighbours'
    too. A lane at the end of the row has a gutter as wide as the others there.
    """
    if len(lanes) < 2:
        return {lane.number: 0.0 for lane in lanes}
    x = mid_columns(lanes)
    gaps = np.diff(x, prepend=x[0] - lanes.pitch, append=x[-1] + lanes.pitch)
    beside = 0.5 * np.stack([gaps[:-1], gaps[1:]], axis=1)
    leaks = lateral_shape(beside, lane_widths(lanes)[:, None], lanes.softness).mean(axis=1)
    leaks = np.maximum(leaks, leaks.mean())
    return dict(zip([lane.number for lane in lanes], leaks.tolist(), strict=True))


def mid_columns(lanes: Lanes) -> Array:
    """Column of every lane at mid-height."""
    return lane_centres(lanes, np.array([lanes.window.mid_row]))[:, 0]
