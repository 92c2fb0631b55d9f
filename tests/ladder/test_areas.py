"""Areas between any rows of all lanes at once, against sums of single rows weighted by their share."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_lanes import as_profile

from ublot.ladder.areas import cut_lanes
from ublot.model import Profile

ROWS = 60


def some_lanes(rng, modes=(3, 0, 5)):
    """Lanes of noise, each with another number of modes, none of their values like another."""
    lanes = []
    for i, count in enumerate(modes, 1):
        p = as_profile(rng.normal(5, 20, ROWS), i, modes=rng.normal(0, 1, (count, ROWS)), top=17)
        noise = rng.uniform(0, 3, ROWS)
        lanes.append(Profile(i, p.top, p.raw, p.background, noise, p.modes, 40.0, p.saturated, 40))
    return lanes


def expected(profile, edges, regions):
    """By definition: every row from half a pixel above its centre to half below, by the share that lies inside."""
    rows = profile.top + np.arange(len(profile.raw))
    shares = np.array(
        [np.clip(np.minimum(rows + 0.5, edges[b]) - np.maximum(rows - 0.5, edges[a]), 0.0, 1.0) for a, b in regions]
    )
    covariance = (shares * profile.noise**2) @ shares.T
    for mode in profile.modes:
        moved = shares @ mode
        covariance = covariance + np.outer(moved, moved)
    return shares @ (profile.raw - profile.background), covariance


@pytest.mark.parametrize("spread", [70.0, 1.5])
def test_areas_and_variances_are_those_of_shares_of_rows(spread):
    """Edges in any order, also beyond the profile, on the limit of two rows, upside down and several in one row."""
    rng = np.random.default_rng(int(spread))
    lanes = some_lanes(rng)
    for _ in range(30):
        edges = 40 + rng.uniform(-spread, spread, (len(lanes), 7))
        edges[0, :3] = np.round(edges[0, :3]) + 0.5
        edges[1, 4] = edges[1, 2]
        regions = [tuple(rng.integers(0, 7, 2)) for _ in range(9)]
        cuts = cut_lanes(lanes, edges, regions)
        for i, lane in enumerate(lanes):
            area, covariance = expected(lane, edges[i], regions)
            assert cuts.area[i] == pytest.approx(area, abs=1e-9)
            assert cuts.variance[i] == pytest.approx(np.diag(covariance), abs=1e-9)


@pytest.mark.parametrize("spread", [25.0, 1.5])
def test_neighbours_share_the_row_between_them(spread):
    """Sums of regions that lie one above the other; where they are low, several go through one row."""
    rng = np.random.default_rng(7)
    lanes = some_lanes(rng)
    edges = np.sort(45 + rng.uniform(-spread, spread, (len(lanes), 6)), axis=1)[:, ::-1]
    edges[2, 3] = edges[2, 2]
    regions = [(k + 1, k) for k in range(5)]
    weights = rng.normal(0, 1, (len(lanes), 2, 4))
    found = cut_lanes(lanes, edges, [(0, 5), *regions]).covariance(weights, slice(2, None))
    for i, lane in enumerate(lanes):
        _, covariance = expected(lane, edges[i], regions[1:])
        assert found[i] == pytest.approx(weights[i] @ covariance @ weights[i].T, rel=1e-9)
