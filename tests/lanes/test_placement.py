"""Lanes at the ends that hold nothing: the layout is laid on the places of the row by what stands there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.errors import BlotError
from ublot.lanes.finding import find_lanes
from ublot.lanes.placement import place_roles
from ublot.model import Lane, Lanes

PITCH, FIRST, HEIGHT = 50, 60, 400
ROLES = ("marker", "negative", "vehicle", "vehicle", *("sample",) * 4, "blank")


def blot_of(shown, *, marker=(), left=FIRST, right=FIRST, seed=0):
    """Lanes one pitch apart: `shown` of them hold a band and a ladder, those of `marker` other bands."""
    count = len(ROLES)
    cols = left + PITCH * (count - 1) + right
    y, x = np.mgrid[0:HEIGHT, 0:cols]
    image = np.random.default_rng(seed).normal(1000, 10, y.shape)
    for i in range(count):
        across = np.exp(-np.log(2) * np.abs(2 * (x - left - PITCH * i) / 34) ** 6)
        if i in marker:
            for row in (60, 110, 170, 240, 310, 350):
                image += 3000 * across * np.exp(-0.5 * ((y - row) / 4) ** 2)
        elif i in shown:
            image += 4000 * across * np.exp(-0.5 * ((y - 260) / 4) ** 2)
            if i != 1:  # the negative lane has no ladder
                for n, row in enumerate((220, 190, 165, 145)):
                    image += (1500 + 200 * i) / (1 + n) * across * np.exp(-0.5 * ((y - row) / 4) ** 2)
    return as_blot(image), left + PITCH * np.arange(count)


def placed(blot, roles, **options):
    blank = [i + 1 for i, role in enumerate(roles) if role == "blank"]
    lanes, readings = place_roles(blot, find_lanes(blot, len(roles), blank=blank), roles, **options)
    return np.array([lane.centre(0.5 * HEIGHT) for lane in lanes]), lanes, readings


@pytest.mark.parametrize("roles", [ROLES, ROLES[:-1]], ids=["blank described", "blank not described"])
@pytest.mark.parametrize("marker", [(), (0,)], ids=["no light", "marker shows"])
def test_empty_lanes_at_the_ends_move_nothing(roles, marker):
    blot, centres = blot_of(range(1, 8), marker=marker)
    x, lanes, _ = placed(blot, roles)
    assert np.abs(x - centres[: len(roles)]).max() < 0.3 * PITCH
    assert "lanes_one_off" not in lanes.flags
    empty = [lane.number for lane in lanes if "lane_empty" in lane.flags]
    assert empty == ([] if marker else [1])


def test_empty_lane_within_the_row_moves_nothing():
    blot, centres = blot_of([1, 2, 3, 5, 6, 7])
    x, lanes, _ = placed(blot, ROLES)
    assert np.abs(x - centres).max() < 0.3 * PITCH and "lanes_one_off" not in lanes.flags


def test_two_readings_are_both_told_and_a_person_settles_them():
    # Eight samples described, seven alike on the picture, and room on both sides.
    blot, centres = blot_of(range(2, 8), left=2 * PITCH, right=2 * PITCH)
    roles = ("vehicle", *("sample",) * 6)
    _, lanes, readings = placed(blot, roles)
    assert "lanes_one_off" in lanes.flags and len(readings) == 2
    for first in (centres[1], centres[2]):
        x, told, _ = placed(blot, roles, first_x=float(first))
        assert x[0] == pytest.approx(first, abs=0.2 * PITCH) and "lanes_one_off" not in told.flags
    with pytest.raises(BlotError, match="it can stand at"):
        placed(blot, roles, first_x=5000.0)


def test_the_edge_of_the_picture_leaves_one_reading():
    blot, centres = blot_of(range(1, 9), left=FIRST, right=20)
    roles = ("vehicle", *("sample",) * 8)
    x, lanes, _ = placed(blot, roles)
    assert np.abs(x - centres).max() < 0.3 * PITCH and "lanes_one_off" not in lanes.flags


def test_too_few_lanes_say_nothing():
    blot, _ = blot_of([3])
    lanes = find_lanes(blot, 4)
    found, _ = place_roles(blot, lanes, ("sample",) * 4)
    assert [lane.xs for lane in found] == [lane.xs for lane in lanes] and "lanes_one_off" not in found.flags
    assert place_roles(blot, replace(lanes, items=lanes.items[:1]), ("sample",))[1] == ()


def test_lanes_that_fill_their_pitch_are_not_empty_and_a_gap_among_them_is():
    """No gutter is left to stand out from: their own bands tell."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:240, 0:480].astype(float)
    levels = 800 + rng.normal(0, 12, y.shape)
    ladder = sum(h * np.exp(-0.5 * ((y - row) / 3) ** 2) for row, h in ((150, 9000), (130, 4000), (114, 2000)))
    for lane in range(8):
        if lane != 5:
            strength = 1 - 0.06 * lane
            levels += strength * ladder * np.exp(-np.log(2) * np.abs((x - 60 - 50 * lane) / 25.5) ** 10)
    blot = as_blot(levels)
    lanes = Lanes(
        tuple(Lane(k + 1, (0.0, 239.0), (60.0 + 50 * k,) * 2, 50.0) for k in range(8)), blot.window, 50.0, 10.0
    )
    found, _ = place_roles(blot, lanes, ("vehicle", "vehicle", *("sample",) * 6))
    assert [lane.number for lane in found if "lane_empty" in lane.flags] == [6]
