"""Membrane and lateral shapes learned together, against drawings in which both are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flanked_lanes import CENTRES, COLS, LANES, PITCH, ROWS, box_with_flanks, drawing, fitted, heights
from scipy.ndimage import gaussian_filter
from strip_blots import as_blot, draw, with_dust

from ublot.model import Lane, Lanes, Window


def own_truth(fit, lanes, membrane):
    """True membrane under the cores in the rows of cells."""
    rows = np.rint(fit.along.row_px).astype(int)
    out = []
    for lane in lanes:
        low, high = (round(lane.xs[0] + side * 0.35 * lane.width) for side in (-1, 1))
        out.append(membrane[rows, low : high + 1].mean(axis=1))
    return np.array(out).T


@pytest.mark.parametrize("tail", [0.04, 0.1])
def test_long_flanks_are_a_lanes_and_not_membrane(tail):
    blot, lanes, membrane = drawing(np.random.default_rng(2), tail=tail)
    fit = fitted(blot, lanes)
    smear = (fit.along.row_px > 120) & (fit.along.row_px < 220)
    lanes_own = fit.under - fit.heights @ fit.leak.T
    # The smears stand 600 high; taken for membrane, their flanks would lift it by 15 to 40.
    assert np.abs(lanes_own - own_truth(fit, lanes, membrane))[smear].mean() < 5


def test_the_learned_shape_is_the_one_drawn():
    blot, lanes, _ = drawing(np.random.default_rng(3), tail=0.06)
    fit = fitted(blot, lanes)
    offset = fit.along.columns - fit.along.middle[3]
    gutter = (np.abs(offset) > 32) & (np.abs(offset) < 48)
    true = np.mean([box_with_flanks(offset + s, tail=0.06) for s in (-2, 0, 2)], axis=0)
    assert np.abs(fit.shapes[3] - true)[gutter].max() < 0.012


def test_two_sides_may_differ():
    rng = np.random.default_rng(4)
    x, tall = np.arange(COLS), heights(np.random.default_rng(5))
    sides = [np.where(x < c, box_with_flanks(x - c, tail=0.1), box_with_flanks(x - c, tail=0.0)) for c in CENTRES]
    image = 2000 + sum(h[:, None] * s for h, s in zip(tall, sides, strict=True)) + 20 * rng.normal(size=(ROWS, COLS))
    lanes = drawing(rng)[1]
    fit = fitted(as_blot(image), lanes)
    place = np.abs(np.abs(fit.along.columns - fit.along.middle[3]) - 38) < 3
    left, right = (fit.shapes[3, place & ((fit.along.columns < CENTRES[3]) == side)].mean() for side in (True, False))
    assert left == pytest.approx(0.1 * np.exp(-11 / 12), abs=0.015)
    assert right == pytest.approx(0.0, abs=0.015)


def test_a_membrane_uneven_on_the_scale_of_a_lane_is_followed():
    rng = np.random.default_rng(6)
    uneven = gaussian_filter(rng.normal(size=(ROWS, COLS)), 0.7 * PITCH)
    blot, lanes, membrane = drawing(rng, membrane=2000 + 120 * uneven / uneven.std())
    fit = fitted(blot, lanes)
    off = fit.under - fit.heights @ fit.leak.T - own_truth(fit, lanes, membrane)
    inner = (fit.along.row_px > 60) & (fit.along.row_px < ROWS - 60)
    assert np.sqrt((off[inner][:, 1:-1] ** 2).mean()) < 0.25 * 120


@pytest.mark.parametrize(("reach", "followed"), [(50.0, 0.02), (16.0, 0.07)])
def test_under_many_narrow_lanes_a_membrane_is_followed_over_a_picture_and_over_single_lanes(reach, followed):
    side, pitch, y = 360, 20.0, np.arange(360)
    rng, centres = np.random.default_rng(1), 10 + 20.0 * np.arange(18)
    uneven = gaussian_filter(rng.normal(size=(side, side)), reach)
    membrane = 2000 + 120 * uneven / uneven.std()
    image = membrane + 20 * rng.normal(size=(side, side))
    for c in centres:
        band, smear = 9000 * rng.uniform(0.5, 1.2), 600 * rng.uniform(0.5, 1.5)
        tall = band * np.exp(-0.5 * ((y - 252) / 4) ** 2) + smear * np.exp(-0.5 * ((y - 126) / 36) ** 2)
        image += tall[:, None] * box_with_flanks(y - c, half=6.8, edge=1.5, tail=0.05, reach=4)
    items = tuple(Lane(i + 1, (0.0, side - 1.0), (c, c), 13.6) for i, c in enumerate(centres))
    fit = fitted(as_blot(image), Lanes(items, Window(0, side, 0, side), pitch, 8.0))
    off = fit.under - fit.heights @ fit.leak.T - own_truth(fit, items, membrane)
    assert np.sqrt((off[8:-8, 1:-1] ** 2).mean()) < followed * 120


def test_strong_bands_that_are_wider_say_nothing_wrong_of_a_smear():
    """What is sharp shows the shape of a lane; where strong bands are wider, a smear is none the wider for it."""
    off, x, y = [], np.arange(COLS), np.arange(ROWS)
    band = np.exp(-0.5 * ((y - 330) / 4.0) ** 2)
    for seed in (21, 22, 23, 24):
        rng = np.random.default_rng(seed)
        uneven = gaussian_filter(rng.normal(size=(ROWS, COLS)), 0.7 * PITCH)
        membrane, strong = 2000 + 30 * uneven / uneven.std(), 9000 * rng.uniform(0.5, 1.2, LANES)
        tall = heights(rng, smear=1500.0) * (np.abs(y - 330) >= 16)
        blot, lanes, _ = drawing(rng, membrane=membrane, tall=tall, tail=0.05)
        image = blot.signal + sum(
            (s * band)[:, None] * box_with_flanks(x - c, half=27 + 4 * s / 9000, tail=0.05)
            for s, c in zip(strong, CENTRES, strict=True)
        )
        fit = fitted(as_blot(image), lanes)
        smear = (fit.along.row_px > 120) & (fit.along.row_px < 220)
        off.append((fit.under - fit.heights @ fit.leak.T - own_truth(fit, lanes, membrane))[smear, 1:-1].mean())
    # The smears stand 1500 high; flanks as wide as the bands' would hold 40 of it.
    assert abs(np.mean(off)) < 12
    assert np.abs(off).max() < 25


def test_light_of_a_neighbour_is_not_a_lanes_own():
    blot, lanes, _ = drawing(np.random.default_rng(7), tail=0.06, reach=40.0)
    fit = fitted(blot, lanes)
    x = np.arange(-80 - 19, -80 + 20)
    true = box_with_flanks(x, tail=0.06, reach=40.0).mean()
    beside = np.array([fit.leak[i, i + 1] for i in range(1, LANES - 2)])
    assert (beside >= 0).all() and np.abs(beside - true).mean() < 0.02
    assert not np.diagonal(fit.leak).any()


def test_no_membrane_stands_above_lanes_or_below_the_darkest_gutter():
    blot, lanes, _ = drawing(np.random.default_rng(8))
    image = blot.signal.copy()
    # Bright dirt in one gutter, smooth along the run: interpolated, it would lift the membrane above its lanes.
    y, x = np.mgrid[0:ROWS, 0:COLS]
    image += 900 * np.exp(-0.5 * ((x - CENTRES[3:5].mean()) / 5.0) ** 2 - 0.5 * ((y - 400) / 40.0) ** 2)
    fit = fitted(replace(blot, signal=image.astype(np.float32)), lanes)
    core = fit.along.core.mean(axis=2)
    # Without the bound it would by half of the dirt's height.
    assert (fit.under - core).max() < 0.15 * 900
    assert fit.under.min() > 1900


def test_uncertainty_covers_what_shapes_and_membrane_are_off_by():
    ratios = []
    for seed in range(4):
        rng = np.random.default_rng(20 + seed)
        blot, lanes, membrane = drawing(rng, tail=rng.uniform(0.0, 0.08), edge=rng.uniform(2, 5))
        fit = fitted(blot, lanes)
        off = fit.under - fit.heights @ fit.leak.T - own_truth(fit, lanes, membrane)
        smear = (fit.along.row_px > 120) & (fit.along.row_px < 220)
        sd = np.sqrt((fit.modes[:, smear].mean(axis=1) ** 2).sum(axis=0))
        ratios.append(off[smear].mean(axis=0) / sd)
    covered = np.mean(np.abs(np.concatenate(ratios)) < 1.96)
    assert covered > 0.85


@pytest.mark.parametrize("image", [np.full((60, 80), 7.0), np.random.default_rng(0).normal(5, 1, (60, 80))])
def test_pictures_with_nothing_on_them(image):
    lanes = draw().lanes
    items = tuple(Lane(i + 1, (0.0, 59.0), (c, c), 12.0) for i, c in enumerate((20.0, 40.0, 60.0)))
    fit = fitted(as_blot(image), replace(lanes, items=items, window=Window(0, 60, 0, 80), pitch=20.0))
    assert np.isfinite(fit.under).all() and np.isfinite(fit.modes).all()
    assert np.abs(fit.under - image.mean()).max() < 1.5


def test_blank_lanes_alone():
    blot, lanes, membrane = drawing(np.random.default_rng(9), tall=np.zeros((LANES, ROWS)))
    fit = fitted(blot, lanes, blank=range(1, LANES + 1))
    assert np.abs(fit.under - own_truth(fit, lanes, membrane)).max() < 30


def test_lanes_that_overlap_say_that_nothing_is_known_of_their_smear():
    blot, lanes, _ = drawing(np.random.default_rng(10), half=44.0, edge=4.0)
    wide = replace(lanes, items=tuple(replace(lane, width=88.0) for lane in lanes))
    fit = fitted(blot, wide)
    smear = (fit.along.row_px > 120) & (fit.along.row_px < 220)
    sd = np.sqrt((fit.modes[:, smear].mean(axis=1) ** 2).sum(axis=0))
    assert (sd[2:-2] > 0.2 * fit.heights[smear].mean(axis=0)[2:-2]).all()
    apart = fitted(*drawing(np.random.default_rng(10))[:2])
    assert (np.sqrt((apart.modes[:, smear].mean(axis=1) ** 2).sum(axis=0)) < 10).all()


def test_dust_in_a_gutter_does_not_put_the_shape_of_a_lane_wrong():
    drawn = draw()
    clean = fitted(drawn.blot, drawn.lanes)
    dusty = fitted(as_blot(with_dust(drawn.image, 120, seed=4)), drawn.lanes)
    # One speck beside a faint stretch used to move a flank by half of the lane's height.
    assert np.abs(dusty.shapes - clean.shapes).max() < 0.1
