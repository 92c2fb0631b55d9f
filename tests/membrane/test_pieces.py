"""A piece laid over the membrane spoils no lane beside it, and those that it cuts are not scored."""

from __future__ import annotations

import numpy as np
import pytest
from blots import analyse, analysed, small_blot, truth_of

PLACE = "seam_in_lane"


def _seen(levels, **options):
    levels = np.clip(np.round(levels), 0, 65535).astype(np.uint16)
    return analyse(small_blot(), image=levels, ladder=False, **options)


def _refused(analysis):
    return [row.lane for row in analysis.lanes.itertuples() if PLACE in row.flags]


@pytest.fixture
def levels():
    return small_blot().image.astype(np.float64)


def _middle(lane):
    return float(analysed().geometry[lane - 1].centre(260.0))


def test_a_piece_of_another_picture_is_no_membrane(levels):
    """A strip with the marker's lane of a darker picture, which reaches into the next lane."""
    pitch = analysed().geometry.pitch
    left, right = int(_middle(1) - 0.6 * pitch), int(_middle(2) - 0.3 * pitch)
    level = 0.6 * np.median(levels)
    levels[:, left:right] = level + np.random.default_rng(1).normal(0, 40, (len(levels), right - left))
    found = _seen(levels)
    assert {"spliced"} <= set(found.blot.flags)
    assert _refused(found) == [1, 2]
    assert np.isnan(found.lanes.relative_hmw[1])
    error = found.lanes.hmw_fraction - truth_of(small_blot(), "hmw_fraction")
    assert np.abs(error[2:9]).max() < 0.015


def test_lanes_in_a_piece_and_beside_a_lone_seam_are_not_scored(levels):
    geometry = analysed().geometry
    place = int(_middle(5) + 0.5 * geometry.pitch)
    step = 0.3 * np.median(levels)
    alone = levels.copy()
    alone[:, place:] += step
    found = _seen(alone)
    assert _refused(found) == [4, 5, 6, 7]
    assert any(PLACE in message for message in found.messages)
    both = levels.copy()
    both[:, place : int(_middle(7) + 0.5 * geometry.pitch)] += step
    assert _refused(_seen(both)) == [6, 7]


def test_a_blot_of_one_piece_has_none(levels):
    assert _refused(_seen(levels)) == []
