"""What of a lane's light arrives at the place of a neighbour, on strips drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot

from ublot.membrane.along_lanes import cells_along_lanes
from ublot.membrane.joint_fit import fit_membrane_and_flanks
from ublot.membrane.outer_light import most_light_beside
from ublot.model import Lane, Lanes, Window

ROWS, PITCH, LANES = 300, 60, 5
Y = np.arange(ROWS, dtype=float)


def strip(*, flank=0.0, margin=1.5, membrane=2000.0, arms=0.0, faint=None, seed=0):
    """Lanes of one band each; `flank` of its height stands all about a lane, `arms` only in the gaps, bent upwards."""
    rng = np.random.default_rng(seed)
    cols = round((LANES - 1 + 2 * margin) * PITCH)
    x = np.arange(cols, dtype=float)
    centres = margin * PITCH + PITCH * np.arange(LANES)
    band = np.exp(-0.5 * ((Y - 200) / 5) ** 2)
    image = membrane + 6.0 * np.cos(Y / 90)[:, None] + np.zeros((ROWS, cols)) + rng.normal(0, 4, (ROWS, cols))
    tall = 8000 * rng.uniform(0.7, 1.3, LANES)
    if faint is not None:
        tall[faint] = 0.0
    for c, h in zip(centres, tall, strict=True):
        away = np.abs(x - c)
        image += h * band[:, None] * np.where(away < 24, 1.0, flank * (away < 1.4 * PITCH))
        image += h * arms * np.exp(-0.5 * ((Y - 195) / 9) ** 2)[:, None] * ((away > 24) & (away < 32))
    items = tuple(Lane(i + 1, (0.0, ROWS - 1.0), (c, c), 48.0) for i, c in enumerate(centres))
    return as_blot(image), Lanes(items, Window(0, ROWS, 0, cols), float(PITCH), 8.0), tall


def seen(blot, lanes):
    along = cells_along_lanes(blot, lanes, 96, 16, 0.7)
    return most_light_beside(along, along.core.mean(axis=2) - 2000.0, np.arange(LANES), 33.6)


@pytest.mark.parametrize("flank", [0.0, 0.01, 0.04])
def test_the_light_at_the_place_of_a_neighbour_is_measured(flank):
    found = seen(*strip(flank=flank)[:2])
    assert flank <= found + 1e-3 and found < 1.4 * flank + 0.005


def test_where_the_picture_ends_at_the_lanes_nothing_is_known():
    assert seen(*strip(margin=0.6)[:2]) > 0.9


def test_what_arrives_in_a_lane_without_a_band_is_seen():
    blot, lanes, _ = strip(margin=0.6, flank=0.02, faint=2)
    assert 0.02 <= seen(blot, lanes) + 1e-3 < 0.07  # of both its neighbours


def test_arms_of_bands_in_the_gaps_do_not_lift_the_background_under_the_bands():
    blot, lanes, tall = strip(arms=0.3)
    fit = fit_membrane_and_flanks(blot, lanes, np.zeros(LANES, bool), 0.7, 16)
    at = np.abs(fit.along.row_px - 200) < 15
    assert (np.abs(fit.under - 2000)[at].max(axis=0) < 0.02 * tall).all()
