"""Lanes that overlap their neighbours, with no gutter anywhere between them."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import draw

from ublot.lanes.contrast import PLACES
from ublot.lanes.doubts import lane_doubts
from ublot.lanes.finding import find_lanes
from ublot.lanes.lines_between import line_scores


@pytest.mark.parametrize("fill", [1.03, 1.1])
@pytest.mark.parametrize("seed", range(3))
def test_lanes_that_overlap_are_found_by_the_lines_between_them(fill, seed):
    drawn = draw(fill=fill, edge=24.0, rows=420, cols=640, lanes=8, margin=0.13, blank=(8,), seed=seed)
    found = find_lanes(drawn.blot, 8, blank=(8,))
    seen = np.array([lane.centre(found.window.mid_row) for lane in found])
    np.testing.assert_allclose(seen[:7], drawn.centres[:7], atol=0.15 * drawn.pitch)
    assert lane_doubts(drawn.blot, found, (8,)) == {}


def test_a_low_score_where_nothing_stands_and_between_lanes():
    """Lines stand half a pitch beside the lanes; on the bare membrane, and where a line runs through, is no lane."""
    rng = np.random.default_rng(0)
    x = np.arange(600)
    values = np.where((x >= 150) & (x < 450), 40.0 + 10 * (x // 50 % 2), 10.0) + rng.normal(0, 0.2, (60, 600))
    (scores,) = line_scores(values.astype(np.float32), np.array([50.0]), 0.0, 1.0)
    place = np.arange(len(scores)) * 50.0 / PLACES
    middles, lines, bare = (
        np.abs(place[:, None] - at).argmin(axis=0) for at in (range(175, 450, 50), range(200, 450, 50), (75, 525))
    )
    assert scores[middles].min() > 0.5
    assert scores[lines].max() < 0
    assert np.abs(scores[bare]).max() < 0.3
