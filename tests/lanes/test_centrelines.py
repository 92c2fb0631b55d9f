"""Refinement of lanes from starts that are wrong by known amounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import curved, draw

from ublot.lanes.centrelines import refine_lanes, straight_lane
from ublot.lanes.finding import find_lanes
from ublot.membrane.lateral_shape import lane_cells


def start(drawn, *, off=0.0, fill=0.7, softness=6.0):
    rows = drawn.image.shape[0]
    knots = np.linspace(0, rows - 1, 9)
    items = [
        straight_lane(i + 1, c + off * (-1) ** i, fill * drawn.pitch, 0.0, 0.5 * (rows - 1), knots)
        for i, c in enumerate(drawn.centres)
    ]
    return replace(drawn.lanes, items=tuple(items), softness=softness)


def test_straight_lane_passes_its_point_with_its_slope():
    lane = straight_lane(3, 50.0, 20.0, 0.1, 100.0, np.linspace(0, 200, 5))
    assert lane.number == 3 and lane.width == 20
    assert lane.centre(100.0) == pytest.approx(50) and lane.centre(150.0) == pytest.approx(55)
    assert lane.angle_deg == pytest.approx(np.degrees(np.arctan(0.1)))


@pytest.mark.parametrize("off", [0.0, 6.0])
@pytest.mark.parametrize("shape", [{}, {"slope": 0.03, "bow": 8.0}, {"membrane": curved, "slope": -0.04}])
def test_places_are_found_from_a_start_up_to_a_tenth_of_the_pitch_off(off, shape):
    drawn = draw(**shape)
    first = start(drawn, off=off)
    found, _ = refine_lanes(lane_cells(drawn.blot, first), first)
    rows = np.linspace(30, 370, 9)
    error = np.array([lane.centre(rows) - drawn.centre(i, rows) for i, lane in enumerate(found)])
    assert np.sqrt((error**2).mean()) < 0.3 and np.abs(error).max() < 1.2


@pytest.mark.parametrize("fill", [0.6, 0.8])
def test_widths_are_found_from_a_start_that_is_wrong(fill):
    drawn = draw(fill=fill, cols=900)
    first = start(drawn, fill=0.7, softness=4.0)
    found, _ = refine_lanes(lane_cells(drawn.blot, first), first)
    assert np.allclose([lane.width for lane in found], drawn.width, rtol=0.04)


def test_one_wide_lane_does_not_widen_the_others():
    drawn = draw(cols=900, blank=(4,))
    wide = draw(cols=900, fill=0.8, blank=(1, 2, 3, 5, 6, 7, 8), seed=1, noise=0.1)
    image = drawn.image + wide.image - wide.membrane
    first = start(drawn)
    from strip_blots import as_blot

    found, _ = refine_lanes(lane_cells(as_blot(image), first), first)
    widths = np.array([lane.width for lane in found]) / drawn.pitch
    assert widths[3] == pytest.approx(0.8 if wide.heights[3].any() else 0.68, abs=0.05)
    assert np.allclose(np.delete(widths, 3), 0.68, atol=0.03)


def blotched(rows, cols, rng):
    """A membrane with a blotch wider than a lane about the third of eight."""
    y, x = np.mgrid[0:rows, 0:cols]
    at = cols * (0.06 + 0.88 * 2.5 / 8)
    return 2000 + 900 * np.exp(-0.5 * (((x - at) / (0.06 * cols)) ** 2 + ((y - 0.5 * rows) / (0.3 * rows)) ** 2))


@pytest.mark.parametrize("known", [True, False])
def test_a_lane_without_signal_takes_the_width_of_its_neighbours(known):
    drawn = draw(rows=200, cols=400, membrane=blotched, blank=(3,))
    found = find_lanes(drawn.blot, 8, blank=(3,) if known else ())
    widths = np.array([lane.width for lane in found])
    assert widths[2] == pytest.approx(np.median(np.delete(widths, 2)), rel=0.01)
    assert np.abs(widths / drawn.width - 1).max() < 0.1
