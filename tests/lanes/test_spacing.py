"""Rows of lanes in profiles that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from ublot.lanes.contrast import contrasts
from ublot.lanes.spacing import best_comb

PITCHES = np.geomspace([8.0, 16.0], [16.0, 32.0], 8, axis=1)


def profiles(centres, heights, pitch: float = 20.0, cols: int = 260) -> list:
    """Contrasts of bumps on noise, for pitches of two octaves; they are of the second."""
    picture = np.random.default_rng(4).normal(1, 0.02, (30, cols))
    for centre, height in zip(centres, heights, strict=True):
        picture += height * np.exp(-((2.6 * (np.arange(cols) - centre) / pitch) ** 4))
    values = picture.astype(np.float32)
    return [contrasts(values, np.ones_like(values), each, 0.0, 0.06) for each in PITCHES]


@pytest.mark.parametrize("count", [None, 11])
def test_lanes_are_found_where_they_were_drawn(count):
    centres = 27.3 + 20 * np.arange(11) + np.random.default_rng(1).uniform(-2, 2, 11)
    comb = best_comb(profiles(centres, np.ones(11)), PITCHES, count)
    assert comb.pitch == pytest.approx(20, rel=0.08)
    assert np.abs(comb.centres - centres).max() < 0.12 * 20


def test_blank_lanes_between_others_are_counted():
    centres, heights = 30 + 20.0 * np.arange(11), np.ones(11)
    heights[[4, 5]] = 0
    comb = best_comb(profiles(centres, heights), PITCHES, None)
    assert np.abs(comb.centres - centres).max() < 0.2 * 20


def test_known_blank_lane_takes_the_empty_place():
    centres = 30 + 20.0 * np.arange(11)
    seen = profiles(centres[1:], np.ones(10))
    assert best_comb(seen, PITCHES, 11, (1,)).centres[1] == pytest.approx(50, abs=3)
    assert best_comb(seen, PITCHES, 11, (11,)).centres[0] == pytest.approx(50, abs=3)


def test_no_room_is_no_comb():
    comb = best_comb(profiles([], []), PITCHES, 60)
    assert not len(comb.centres) and comb.score == -np.inf
