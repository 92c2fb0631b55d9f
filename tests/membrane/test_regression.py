"""The joint regression of lanes and membrane against a membrane that is known."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import curved, draw, with_dust

from ublot.membrane.cells import make_cells
from ublot.membrane.lateral_shape import beside_lanes, lane_cells, lane_shapes
from ublot.membrane.regression import fit_membrane
from ublot.membrane.spline_grid import make_grid


def fitted(drawn, image=None, lanes=None, **options):
    from strip_blots import as_blot

    blot = drawn.blot if image is None else as_blot(image)
    lanes = lanes or drawn.lanes
    cells = lane_cells(blot, lanes)
    beside = beside_lanes(cells, lanes)
    return cells, fit_membrane(make_grid(cells, 1.5 * lanes.pitch), lane_shapes(cells, lanes), beside=beside, **options)


def truth(drawn, cells):
    return make_cells(
        type(drawn.blot)(
            drawn.membrane.astype(np.float32), *[None] * 2, "light-on-dark", "linear", 65535.0, drawn.blot.source
        ),
        cells.window,
        cells.size,
    ).values


@pytest.mark.parametrize("options", [{}, {"membrane": curved}, {"fill": 0.84}, {"fill": 0.84, "membrane": curved}])
def test_membrane_is_found_under_strong_lanes(options):
    drawn = draw(noise=25.0, **options)
    cells, fit = fitted(drawn)
    # Bands stand 9,000 above it, smears 900: a tenth of the pixels' noise is wanted where there are lanes everywhere.
    assert np.sqrt(((fit.fitted - truth(drawn, cells)) ** 2).mean()) < 12


def test_amplitudes_are_the_heights_drawn():
    drawn = draw(membrane=curved)
    cells, fit = fitted(drawn)
    rows = cells.row_px
    heights = np.array([np.interp(rows, np.arange(400), h) for h in drawn.heights]).T
    smooth = rows < 0.3 * 400  # above the bands: the mean over a cell is the height in its middle
    assert np.abs(fit.amplitudes - heights)[smooth].mean() < 15


def test_reported_uncertainty_covers_the_membrane():
    ratios = []
    for seed in range(12):  # errors go along with each other over a whole membrane: each counts as little more than one
        drawn = draw(smear=0.3, seed=seed)
        cells, fit = fitted(drawn)
        down, across = fit.basis(cells.row_px[::20], cells.x_px[::20])
        design = np.einsum("ra,cb->rcab", down, across).reshape(-1, fit.factor.shape[0])
        sd = np.linalg.norm(design @ fit.factor, axis=1).reshape(len(down), -1)
        ratios.append((fit.fitted - truth(drawn, cells))[::20, ::20] / sd)
    assert 0.65 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_dust_counts_for_nothing():
    drawn = draw(membrane=curved)
    _, clean = fitted(drawn)
    cells, dusty = fitted(drawn, with_dust(drawn.image, 150))
    assert np.sqrt(((dusty.fitted - truth(drawn, cells)) ** 2).mean()) < 15
    assert np.abs(dusty.fitted - clean.fitted).max() < 40
    assert (dusty.weights == 0).sum() > (clean.weights == 0).sum() + 100


def test_lanes_that_nobody_listed_do_not_lift_the_membrane():
    from dataclasses import replace

    drawn = draw(membrane=curved)
    lanes = replace(drawn.lanes, items=drawn.lanes.items[:3])
    cells, fit = fitted(drawn, lanes=lanes)
    under = lane_shapes(cells, lanes).picture(np.ones((len(cells.values), 3))) > 0.5
    error = (fit.fitted - truth(drawn, cells))[under]
    assert np.abs(error).mean() < 0.08 * 900


def test_haze_of_a_blank_lane_is_its_own_and_not_membrane():
    drawn = draw(membrane=curved, haze=300.0, blank=(5,))
    cells, fit = fitted(drawn, blank=(4,))
    assert np.ptp(fit.amplitudes[:, 4]) < 40  # as good as straight down the rows
    assert 0.6 * 300 < fit.amplitudes[:, 4].mean() < 1.4 * 300
    assert np.sqrt(((fit.fitted - truth(drawn, cells)) ** 2).mean()) < 15


def test_nothing_usable_is_no_crash():
    from dataclasses import replace

    drawn = draw()
    lanes = replace(drawn.lanes, inside=np.zeros(drawn.image.shape, bool))
    cells = lane_cells(drawn.blot, lanes)
    fit = fit_membrane(make_grid(cells, 60.0), lane_shapes(cells, lanes))
    assert np.isfinite(fit.fitted).all() and np.isfinite(fit.factor).all()
