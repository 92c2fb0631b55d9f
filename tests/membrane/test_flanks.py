"""The functions that flanks are learned by."""

from __future__ import annotations

import numpy as np
from strip_blots import draw

from ublot.membrane.along_lanes import cells_along_lanes
from ublot.membrane.flanks import NEAR, make_flanks


def laid(loaded=None):
    drawn = draw()
    along = cells_along_lanes(drawn.blot, drawn.lanes, 64, 16, 0.7)
    count = len(drawn.centres)
    return drawn, along, make_flanks(along, drawn.lanes, np.ones(count, bool) if loaded is None else loaded, 0.7)


def test_shapes_begin_as_the_lanes_were_found():
    drawn, along, flanks = laid()
    offset = along.columns - along.middle[1]
    drawn_shape = np.exp(-np.log(2) * np.abs(2 * offset / drawn.width) ** drawn.edge)
    flat = np.abs(offset) < 0.3 * drawn.width
    assert np.abs(flanks.shapes[1] - drawn_shape)[flat].max() < 0.05
    assert np.allclose((flanks.cores * flanks.shapes).sum(axis=1), 1.0)


def test_hats_of_a_flank_add_up_to_one_in_its_gutter_and_are_nowhere_else():
    drawn, along, flanks = laid()
    columns = along.columns[flanks.seen]
    own = flanks.hats[flanks.lane == 2].sum(axis=0)
    gutter = (columns > drawn.centres[2] + 0.5 * drawn.width) & (columns < drawn.centres[3] - 0.5 * drawn.width)
    assert gutter.sum() > 2
    assert np.allclose(own[gutter], 1.0)
    assert not own[np.abs(columns - drawn.centres[2]) > drawn.pitch].any()
    assert set(flanks.knot.tolist()) <= set(range(len(NEAR)))


def test_cores_of_loaded_lanes_show_no_membrane_and_those_of_blank_ones_do():
    loaded = np.ones(8, bool)
    loaded[4] = False
    drawn, along, flanks = laid(loaded)
    columns = along.columns[flanks.seen]
    assert not (np.abs(columns - drawn.centres[3]) < 0.3 * drawn.width).any()
    assert (np.abs(columns - drawn.centres[4]) < 0.3 * drawn.width).sum() > 5
    assert 4 not in flanks.lane
