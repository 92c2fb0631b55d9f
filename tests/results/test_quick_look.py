"""The first look at an edit: close to the whole pipeline, and only where a lane or two have changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ublot
from ublot.inputs.edits import Edits
from ublot.results.quick_look import changed_lanes, preview


@pytest.fixture(scope="module")
def analysis():
    simulated = ublot.simulate_blot(seed=5, lanes=8, shape=(420, 520))
    return ublot.analyze(
        ublot.read_blot(simulated.image), layout=simulated.layout, marker=simulated.truth["marker_kda"]
    )


def moved(analysis, *numbers: int, by: float = 3.0):
    items = [
        replace(lane, xs=tuple(x + by for x in lane.xs)) if lane.number in numbers else lane
        for lane in analysis.geometry
    ]
    return Edits(lanes=replace(analysis.geometry, items=tuple(items)))


def test_a_moved_lane_is_nearly_what_the_pipeline_says(analysis) -> None:
    edits = moved(analysis, 5, by=4.0)
    look, whole = preview(analysis, edits), analysis.with_edits(edits)
    assert look.lanes["x_px"].equals(whole.lanes["x_px"])
    assert look.lanes["hmw_area"][4] == pytest.approx(whole.lanes["hmw_area"][4], rel=0.1)
    np.testing.assert_allclose(look.lanes["hmw_fraction"], whole.lanes["hmw_fraction"], atol=0.02)
    others = [0, 1, 2, 3, 5, 6, 7]
    assert look.lanes["hmw_area"][others].equals(analysis.lanes["hmw_area"][others])
    assert look.ladders[4].lane == look.profile_list[4].lane == 5
    assert look.lanes["flags"].str.contains("edited").all()


def test_a_moved_boundary_is_the_pipelines_own_cut(analysis) -> None:
    row = analysis.ladders[4].boundary_row - 5.0
    edits = Edits(boundary_rows=((5, row),))
    look = preview(analysis, edits)
    assert look.ladders[4].boundary_row == row
    whole = analysis.with_edits(edits).lanes
    assert look.lanes["hmw_area"][4] == pytest.approx(whole["hmw_area"][4], rel=0.05)


def test_more_than_two_lanes_are_left_to_the_pipeline(analysis) -> None:
    assert changed_lanes(analysis, moved(analysis, 2, 4, 7)) == (2, 4, 7)
    assert preview(analysis, moved(analysis, 2, 4, 7)) is None
    assert preview(analysis, Edits()) is None
    fewer = replace(analysis.geometry, items=analysis.geometry.items[:-1])
    assert changed_lanes(analysis, Edits(lanes=fewer)) == ()
    other = replace(analysis.calibration, rows=tuple(row + 1 for row in analysis.calibration.rows))
    assert changed_lanes(analysis, Edits(calibration=other)) == ()
