"""Lanes that shine at both edges: pairs of edges are joined to lanes, and separate lanes are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from ublot.lanes.halves import join_halves


def rows_of(places, depths, cols=400):
    """Heights of cells with a band about every place and the given level between neighbours."""
    x = np.arange(cols, dtype=float)
    knots = [0.0, *np.ravel(np.column_stack([places[:-1], 0.5 * (places[:-1] + places[1:])])), places[-1], cols]
    levels = [0.0, *np.ravel(np.column_stack([np.ones(len(places) - 1), depths])), 1.0, 0.0]
    band = np.exp(-0.5 * ((np.arange(20) - 10) / 2.0) ** 2)
    return (band[:, None] * np.interp(x, knots, levels)).astype(np.float32)


@pytest.mark.parametrize("lone", ["none", "first", "last"])
def test_gaps_deep_by_turns_join_edges(lone):
    edges = np.ravel(np.array([60, 130, 200, 270, 340])[:, None] + [-20, 20]).astype(float)
    depths = np.array([0.6 if i % 2 == 0 else 0.2 for i in range(len(edges) - 1)])
    if lone == "first":
        edges, depths = edges[1:], depths[1:]
    elif lone == "last":
        edges, depths = edges[:-1], depths[:-1]
    found = join_halves(rows_of(edges, depths), edges, 0.0)
    np.testing.assert_allclose(found, [60, 130, 200, 270, 340], atol=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_of_any_depth_at_random_join_nothing(seed):
    rng = np.random.default_rng(seed)
    places = 30.0 + 40 * np.arange(9)
    for depths in (rng.uniform(0.1, 0.7, 8), rng.uniform(0.05, 0.1, 8), np.full(8, 0.3)):
        np.testing.assert_array_equal(join_halves(rows_of(places, depths), places, 0.0), places)
