"""Finding bands, haze and wells, on lanes drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_lanes import ROWS, TARGET, as_profile, band, row_of, rungs, smear, unmodified

from ublot.ladder.landmarks import Band, find_unmodified, find_well

AT = float(row_of(TARGET))
SPACING = AT - float(row_of(TARGET + 8.565))


def bowl(count, depth):
    """Rows by which each lane runs lower than the marker: a smile."""
    return depth * np.linspace(-1, 1, count) ** 2


def shifted_lanes(shifts, areas, *, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    return [
        as_profile(unmodified(a, s) + rungs([0.3 * a, 0.2 * a, 0.1 * a], s), i, noise=noise, rng=rng)
        for i, (s, a) in enumerate(zip(shifts, areas, strict=True), 1)
    ]


def test_a_smiling_row_of_bands_is_followed_through_lanes_without_one():
    shifts = bowl(9, 14.0)
    areas = [2000.0] * 9
    areas[4] = areas[7] = 0.0
    lanes = shifted_lanes(shifts, areas)
    found = find_unmodified(lanes, np.arange(9.0), AT, SPACING, range(1, 10))
    rows = np.array([b.row for b in found])
    assert rows == pytest.approx(AT + shifts, abs=0.7)
    assert [b.seen for b in found] == [a > 0 for a in areas]
    assert [b.sigma for b in found if b.seen] == pytest.approx([4.0] * 7, rel=0.15)


def test_a_strong_first_rung_is_not_taken_for_the_unmodified_band():
    strong = [
        as_profile(unmodified(u) + rungs([h, 0.5 * h]), i, noise=0.3, rng=np.random.default_rng(i))
        for i, (u, h) in enumerate([(2000, 100), (1800, 300), (300, 2500), (200, 3000), (2000, 50), (1500, 900)], 1)
    ]
    found = find_unmodified(strong, np.arange(6.0), AT, SPACING, range(1, 7))
    assert [b.row for b in found] == pytest.approx([AT] * 6, abs=1.0)


def test_without_masses_the_strongest_common_band_counts_lanes_alike():
    lanes = shifted_lanes([0.0] * 5, [800.0] * 5)
    lanes.append(as_profile(unmodified(800.0) + band(50_000.0, 800), 6, noise=0.5))
    found = find_unmodified(lanes, np.arange(6.0), None, None, range(1, 7))
    assert [b.row for b in found[:5]] == pytest.approx([AT] * 5, abs=0.5)


@pytest.mark.parametrize("loaded", [(), (1, 2)])
def test_nothing_to_find_is_none_everywhere(loaded):
    rng = np.random.default_rng(1)
    empty = [as_profile(np.zeros(ROWS), i, noise=1.0, rng=rng) for i in (1, 2)]
    quiet = [as_profile(-np.ones(ROWS), i, noise=1.0) for i in (1, 2)]
    assert find_unmodified(quiet, np.arange(2.0), AT, SPACING, loaded) == (None, None)
    assert all(b is None or not b.seen or b.height < 5 for b in find_unmodified(empty, np.arange(2.0), AT, SPACING, ()))


def test_a_lane_that_holds_no_target_takes_no_part():
    lanes = shifted_lanes([0.0, 0.0, 0.0], [1000.0] * 3)
    marker = as_profile(band(9000.0, AT - 20), 4, noise=0.5)
    found = find_unmodified([*lanes, marker], np.arange(4.0), AT, SPACING, (1, 2, 3))
    assert not found[3].seen
    assert found[3].row == pytest.approx(AT, abs=1.0)


def with_wells(count, wells, row=12, sigma=3.0):
    rng = np.random.default_rng(3)
    return [
        as_profile(unmodified(4000) + smear(2000, 200, 75) + band(w, row + 0.3 * (i % 3), sigma), i, noise=1.0, rng=rng)
        for i, w in zip(range(1, count + 1), wells, strict=True)
    ]


def bands_of(lanes):
    return [Band(AT, 4.0, 400.0)] * len(lanes)


def test_wells_end_below_their_band_also_in_lanes_that_show_none():
    lanes = with_wells(8, [900, 800, 1000, 0, 700, 0, 900, 850])
    edges = find_well(lanes, bands_of(lanes), range(1, 9))
    assert len(set(np.round(edges, 6))) == 1
    assert 12 + 2 * 3 < edges[0] < 12 + 5 * 3


@pytest.mark.parametrize("wells", [[0] * 8, [900, *[0] * 7]], ids=["none", "one lane alone is dirt or a rung"])
def test_no_well_is_none(wells):
    lanes = with_wells(8, wells)
    assert find_well(lanes, bands_of(lanes), range(1, 9)) == (None,) * 8


def test_bands_at_odd_heights_are_no_wells():
    rng = np.random.default_rng(4)
    lanes = [
        as_profile(unmodified(4000) + band(900, r, 3.0), i, noise=1.0, rng=rng)
        for i, r in enumerate([8, 30, 55, 80, 20, 66], 1)
    ]
    assert find_well(lanes, bands_of(lanes), range(1, 7)) == (None,) * 6


def test_a_smear_that_reaches_the_top_is_no_well():
    rng = np.random.default_rng(6)
    lanes = [as_profile(unmodified(4000) + smear(9000, 400, 75), i, noise=1.0, rng=rng) for i in range(1, 7)]
    assert find_well(lanes, bands_of(lanes), range(1, 7)) == (None,) * 6


def test_broad_bands_that_are_steeper_below_are_found_without_masses():
    at, lanes = np.arange(ROWS), []
    for i, height in enumerate((300.0, 500.0, 900.0, 700.0, 1000.0, 1100.0), 1):
        # As film shows it: 90 rows that are nearly as dark all over, the last of them darkest.
        top, end = 1 / (1 + np.exp((550 - at) / 12)), 1 / (1 + np.exp((at - 640) / 2))
        blob = height * top * end * (1 + 0.002 * (at - 600))
        lanes.append(as_profile(blob, i, noise=0.5, rng=np.random.default_rng(i)))
    found = find_unmodified(lanes, np.arange(6.0), None, None, range(1, 7))
    assert all(b is not None and b.seen and 560 < b.row < 640 for b in found)
