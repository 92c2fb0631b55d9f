"""Block means and the lateral description of a blot, against formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import BSpline
from strip_blots import as_blot, draw

from ublot.membrane.cells import cell_side, make_cells
from ublot.membrane.lateral_shape import (
    beside_lanes,
    lane_cells,
    lane_centres,
    lane_pitch,
    lane_shapes,
    lateral_shape,
    strip_means,
)
from ublot.model import Lane, Lanes, Window
from ublot.numerics.splines import spline_basis


def test_cells_of_a_plane_are_the_plane_at_their_centres():
    y, x = np.mgrid[0:97, 0:131].astype(float)
    cells = make_cells(as_blot(5 + 0.3 * y - 0.7 * x), Window(10, 95, 20, 129), (4, 5))
    assert cells.values.shape == (21, 21)
    expected = 5 + 0.3 * cells.row_px[:, None] - 0.7 * cells.x_px
    assert np.allclose(cells.values, expected, atol=1e-3)
    assert cells.row_px[0] == 11.5 and cells.x_px[0] == 22.0


def test_cells_outside_the_membrane_are_masked():
    inside = np.zeros((40, 60), bool)
    inside[10:30, 20:50] = True
    cells = make_cells(as_blot(np.ones((40, 60))), Window(0, 40, 0, 60), (4, 4), inside)
    # Rows 8 to 11 are half inside, rows 28 to 31 too: only cells with all their pixels count.
    assert np.flatnonzero(cells.mask.any(axis=1)).tolist() == [3, 4, 5, 6]
    assert np.flatnonzero(cells.mask.any(axis=0)).tolist() == list(range(5, 12))


@pytest.mark.parametrize("softness", [2.0, 6.0, 12.0])
def test_lateral_shape_has_the_stated_width(softness):
    assert lateral_shape(np.array([0.0, 20.0, -20.0]), 40.0, softness) == pytest.approx([1, 0.5, 0.5])


def alone(shapes, lane):
    """The shape of one lane as a picture of cells."""
    heights = np.zeros((shapes.grid[0], len(shapes.index)))
    heights[:, lane] = 1
    return shapes.picture(heights)


def test_shapes_follow_the_centre_line():
    drawn = draw(slope=0.05, bow=8.0)
    cells = lane_cells(drawn.blot, drawn.lanes)
    shapes = lane_shapes(cells, drawn.lanes)
    for i in (0, 7):
        shape = alone(shapes, i)
        centre = (shape * cells.x_px).sum(axis=1) / shape.sum(axis=1)
        assert np.abs(centre - drawn.centre(i, cells.row_px)).max() < 0.3
        assert shape.sum(axis=1) * cells.size[1] == pytest.approx(
            np.exp(-np.log(2) * np.abs(np.linspace(-2, 2, 4001)) ** 6).mean() * 2 * drawn.width, rel=0.02
        )


@pytest.mark.parametrize("softness", [2.0, 6.0])
def test_sums_and_products_are_those_of_whole_pictures(softness):
    drawn = draw(slope=0.05, fill=0.9, lanes=5)
    lanes = replace(drawn.lanes, softness=softness)
    cells = lane_cells(drawn.blot, lanes)
    shapes, weights = lane_shapes(cells, lanes), np.random.default_rng(0).uniform(size=cells.values.shape)
    dense = np.stack([alone(shapes, i) for i in range(5)], axis=2)
    parts = (np.arange(50) + 0.5) / 50 - 0.5  # a cell's mean over its width
    x = cells.x_px[:, None] + cells.size[1] * parts
    offsets = [x - drawn.centre(i, cells.row_px)[:, None, None] for i in range(5)]
    expected = np.stack([lateral_shape(d, drawn.width, softness).mean(axis=2) for d in offsets], axis=2)
    assert np.allclose(dense, expected, atol=1e-3)
    assert np.allclose(shapes.sums(weights), np.einsum("rcl,rc->rl", expected, weights), atol=0.01)
    assert np.allclose(shapes.products(weights), np.einsum("rcl,rcm,rc->rlm", *[expected] * 2, weights), atol=0.01)


def test_centre_lines_at_any_row():
    items = tuple(Lane(i + 1, (0.0, 50.0, 90.0), (10.0 * i, 10 * i + 5, 10 * i - 2), 8.0) for i in range(3))
    rows = np.array([-20.0, 0.0, 33.0, 50.0, 70.0, 120.0])
    lanes = Lanes(items, Window(0, 100, 0, 60))
    assert np.allclose(lane_centres(lanes, rows), [lane.centre(rows) for lane in items])
    uneven = replace(lanes, items=(*items[:2], Lane(3, (5.0,), (40.0,), 8.0)))
    assert np.allclose(lane_centres(uneven, rows), [lane.centre(rows) for lane in uneven])


def test_gutters_beside_lanes_reach_half_way():
    drawn = draw(lanes=4, margin=0.2)
    cells = lane_cells(drawn.blot, drawn.lanes)
    near = beside_lanes(cells, drawn.lanes)
    ends = cells.x_px[near[50]]
    assert ends.min() == pytest.approx(drawn.centres[0] - 0.6 * drawn.pitch, abs=cells.size[1])
    assert ends.max() == pytest.approx(drawn.centres[-1] + 0.6 * drawn.pitch, abs=cells.size[1])


def test_single_lane_has_the_pitch_it_would_usually_have():
    lanes = Lanes((Lane(1, (0.0, 9.0), (5.0, 5.0), 35.0),), Window(0, 10, 0, 90))
    assert lane_pitch(lanes) == pytest.approx(50.0)


def test_splines_are_those_of_scipy():
    x = np.linspace(2, 11, 60)[:-1]
    knots = 2 + 9 / 6 * np.arange(-3, 10)
    assert np.allclose(spline_basis(x, 2, 11, 6), BSpline.design_matrix(x, knots, 3).toarray(), atol=1e-12)


def test_cells_of_whole_tiles_are_those_of_the_pixels():
    image = np.random.default_rng(1).uniform(0, 1000, (1100, 1210))
    blot = as_blot(image, roi=Window(6, 1095, 11, 1203))
    assert blot.tile == 2 and blot.tiles.shape == (544, 596)
    for left, size in ((21, (6, 4)), (21, (5, 4)), (20, (6, 4)), (21, (1, 1))):
        window = Window(8, 600, left, 800)
        cells = make_cells(blot, window, size)
        rows, cols = cells.values.shape
        part = image[8 : 8 + rows * size[0], left : left + cols * size[1]].reshape(rows, size[0], cols, size[1])
        assert np.allclose(cells.values, part.mean(axis=(1, 3)), atol=1e-2)


@pytest.mark.parametrize(("side", "expected"), [(9.6, 8), (3.9, 3), (0.4, 1), (4.0, 4)])
def test_sides_of_cells_are_whole_tiles_where_they_are_as_large(side, expected):
    blot = as_blot(np.ones((2100, 2100)))
    assert blot.tile == 4 and cell_side(blot, side) == expected


def test_means_over_strips_are_those_of_the_pixels():
    image = np.random.default_rng(3).uniform(0, 100, (60, 300))
    inside = np.ones(image.shape, bool)
    inside[20:30, 200:] = False
    cells = make_cells(as_blot(image), Window(0, 60, 0, 300), (10, 1), inside)
    middle = np.array([[50.0] * 6, [210.5] * 6, [297.0] * 6])
    (means,) = strip_means(cells, (middle, 9.0))
    rows = image.reshape(6, 10, 300).mean(axis=1)
    assert np.allclose(means[0], rows[:, 46:55].mean(axis=1), atol=1e-3)
    halves = 0.5 * (rows[:, 206] + rows[:, 215]) + rows[:, 207:215].sum(axis=1)
    assert np.flatnonzero(np.isnan(means[1])).tolist() == [2]
    assert np.allclose(np.delete(means[1] - halves / 9, 2), 0, atol=1e-3)
    assert np.isnan(means[2]).all()
