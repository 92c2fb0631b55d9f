"""Cells that follow the lanes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import as_blot, draw

from ublot.membrane.along_lanes import cells_along_lanes


def test_a_tilted_lane_stands_still():
    drawn = draw(slope=0.03, bow=6.0, noise=0.0)
    along = cells_along_lanes(drawn.blot, drawn.lanes, 64, 16, 0.7)
    lane = np.abs(along.columns - along.middle[3]) < 0.45 * drawn.pitch
    above = along.values[:, lane] - 2000
    rows = above.max(axis=1) > 300
    centre = (above * along.columns[lane]).sum(axis=1)[rows] / above.sum(axis=1)[rows]
    assert np.abs(centre - along.middle[3]).max() < 0.02 * drawn.pitch


def test_means_keep_every_pixel():
    rng = np.random.default_rng(1)
    drawn = draw()
    image = rng.normal(1000, 200, drawn.image.shape)
    along = cells_along_lanes(as_blot(image), drawn.lanes, 50, 12, 0.7)
    rows = len(along.row_px) * along.high
    assert along.values.mean() == pytest.approx(image[:rows].mean(), rel=1e-3)


def test_parts_of_a_core_are_the_core():
    drawn = draw(noise=0.0)
    along = cells_along_lanes(drawn.blot, drawn.lanes, 64, 16, 0.7)
    lane, half = 2, 0.35 * drawn.width
    x = np.arange(drawn.image.shape[1])
    for row, at in enumerate(along.row_px[:10]):
        pixels = drawn.image[int(at - along.high / 2 + 0.5) : int(at + along.high / 2 + 0.5)].mean(axis=0)
        inside = np.abs(x - drawn.centre(lane, at)) < half
        assert along.core[row, lane].mean() == pytest.approx(pixels[inside].mean(), rel=0.01)


def test_what_is_no_membrane_is_masked():
    drawn = draw()
    inside = np.ones(drawn.image.shape, bool)
    inside[:, : int(drawn.centres[0])] = False
    along = cells_along_lanes(drawn.blot, replace(drawn.lanes, inside=inside), 64, 16, 0.7)
    assert not along.core_mask[:, 0].any() and along.core_mask[:, 1].all()
    assert not along.mask[:, along.columns < drawn.centres[0] - drawn.pitch / 16].any()


def test_saturated_cores_are_told():
    drawn = draw()
    saturated = np.zeros(drawn.image.shape, bool)
    saturated[100:120] = True
    along = cells_along_lanes(replace(drawn.blot, saturated=saturated), drawn.lanes, 64, 16, 0.7)
    within = (along.row_px > 100 + along.high) & (along.row_px < 120 - along.high)
    assert along.saturated[within].all() and not along.saturated[along.row_px > 130].any()
