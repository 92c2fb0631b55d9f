"""Lanes in the wrong place are told, and those in the right one are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from strip_blots import draw

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
