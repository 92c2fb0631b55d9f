"""Lanes in the wrong place are told, and those in the right one are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strip_blots import as_blot, draw

from ublot.lanes.doubts import flag_doubtful_lanes, lane_doubts
from ublot.lanes.finding import find_lanes


def moved(lanes, shift):
    return replace(lanes, items=tuple(replace(lane, xs=tuple(x + shift for x in lane.xs)) for lane in lanes))


@pytest.mark.parametrize("options", [{}, {"slope": 0.04}, {"fill": 0.84}, {"fill": 0.4}, {"haze": 500.0}])
def test_right_lanes_are_not_doubted(options):
    drawn = draw(**options)
    assert lane_doubts(drawn.blot, find_lanes(drawn.blot, 8)) == {}


def test_lanes_half_a_pitch_off_stand_in_gaps():
    drawn = draw()
    lanes = moved(find_lanes(drawn.blot, 8), 0.5 * drawn.pitch)
    doubts = lane_doubts(drawn.blot, lanes)
    assert set(doubts) >= set(range(1, 8)) and all("gap" in text for text in doubts.values())
    flagged = flag_doubtful_lanes(drawn.blot, lanes)
    assert {lane.number for lane in flagged if "lane_uncertain" in lane.flags} == set(doubts)


def test_blank_lane_is_not_doubted():
    drawn = draw(blank=(4,))
    assert lane_doubts(drawn.blot, find_lanes(drawn.blot, 8, blank=(4,)), (4,)) == {}


def test_two_lanes_on_one_band_are_both_doubted():
    drawn = draw()
    lanes = find_lanes(drawn.blot, 8)
    # One band holds lanes 3 and 4, as where more lanes were asked for than there are.
    aside = 0.2 * drawn.pitch
    items = [replace(lane, number=i) for i, lane in enumerate((*tuple(lanes)[:3], lanes[2], *tuple(lanes)[3:]), 1)]
    for k, shift in ((2, -aside), (3, aside)):
        items[k] = replace(items[k], xs=tuple(x + shift for x in items[k].xs))
    doubts = lane_doubts(drawn.blot, replace(lanes, items=tuple(items)))
    assert set(doubts) == {3, 4}
    assert "lane 4" in doubts[3] and "lane 3" in doubts[4]


def placed(drawn, columns):
    """The drawn lanes' shapes at other columns."""
    first = next(iter(drawn.lanes))
    items = [
        replace(first, number=i, xs=tuple(x - drawn.centres[0] + column for x in first.xs))
        for i, column in enumerate(columns, 1)
    ]
    return replace(drawn.lanes, items=tuple(items))


def test_a_lane_pushed_in_beside_another_is_told_with_it():
    """One lane too many was asked for: two share the places of one, and nothing shows between them."""
    drawn = draw(lanes=8, blank=(1, 2))
    columns = [drawn.centres[0], drawn.centres[1] - 0.35 * drawn.pitch, drawn.centres[1] + 0.3 * drawn.pitch]
    lanes = placed(drawn, [*columns, *drawn.centres[2:]])
    doubts = lane_doubts(drawn.blot, lanes)
    assert {2, 3} <= set(doubts) <= {1, 2, 3, 4}
    assert "closer" in doubts[2] and "closer" in doubts[3]


def test_lanes_whose_distances_vary_a_little_are_not_doubted():
    drawn = draw(lanes=10, scatter=0.05, fill=0.55)
    assert lane_doubts(drawn.blot, drawn.lanes) == {}


@pytest.mark.parametrize("end", [0, -1])
def test_a_lane_on_the_border_of_the_picture_is_told(end):
    drawn = draw(lanes=8, margin=0.0)
    cut = round(0.35 * drawn.pitch)
    image = drawn.image[:, cut:] if end == 0 else drawn.image[:, :-cut]
    lanes = moved(drawn.lanes, -cut if end == 0 else 0)
    lanes = replace(lanes, window=replace(lanes.window, right=image.shape[1]))
    doubts = lane_doubts(as_blot(image), lanes)
    assert list(doubts) == [lanes[end].number] and "border" in doubts[lanes[end].number]


def test_an_empty_lane_between_burnt_ones_is_in_its_place():
    """Its neighbours shine into it from both sides: it is darkest in its middle, and where a lane is due."""
    drawn = draw(lanes=8, blank=(4,))
    rows, cols = np.mgrid[: drawn.image.shape[0], : drawn.image.shape[1]].astype(float)
    burnt = np.exp(-0.5 * ((rows - 0.7 * len(rows)) / 20) ** 2)
    image = drawn.image.copy()
    for lane in (2, 4):
        image += 60000 * burnt * np.exp(-np.abs(cols - drawn.centres[lane]) / (0.25 * drawn.pitch))
    assert lane_doubts(as_blot(image), drawn.lanes) == {}
    # The same lane half a pitch aside is told.
    aside = list(drawn.centres)
    aside[3] += 0.4 * drawn.pitch
    assert 4 in lane_doubts(as_blot(image), placed(drawn, aside))
