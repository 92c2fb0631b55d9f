"""The membrane within the picture, against frames drawn where they are known to be."""

from __future__ import annotations

import numpy as np
import pytest
from strip_blots import as_blot, curved, draw, real_file

from ublot.io.images.reading import read_blot
from ublot.membrane.outline import find_membrane
from ublot.model import Window
from ublot.simulation import STRESSES, simulate_blot


def framed(frame, *, rows=500, cols=640, dark=120.0, seed=0, **options):
    """A blot drawn into a frame of a dark picture."""
    drawn = draw(rows=frame.height, cols=frame.width, seed=seed, **options)
    image = np.random.default_rng(seed).normal(dark, 10, (rows, cols))
    image[frame.slices] = drawn.image
    return as_blot(image)


def distance(found, frame):
    return max(
        abs(found.top - frame.top),
        abs(found.bottom - frame.bottom),
        abs(found.left - frame.left),
        abs(found.right - frame.right),
    )


@pytest.mark.parametrize(
    "frame",
    [Window(60, 440, 80, 560), Window(0, 500, 90, 640), Window(30, 300, 0, 640), Window(100, 480, 240, 620)],
    ids=["inside", "cut at three sides", "upper part", "corner"],
)
def test_frame_is_found_within_cells(frame):
    found = find_membrane(framed(frame)).window
    # A cell of the reduced picture is 3 px here; one more is eroded so that the blurred rim stays out.
    assert distance(found, frame) <= 9
    assert found.top >= frame.top and found.bottom <= frame.bottom
    assert found.left >= frame.left and found.right <= frame.right


def test_glow_of_lanes_on_a_membrane_with_faint_edges_does_not_cut_the_outer_ones():
    row, col = np.mgrid[:260, :340].astype(float)
    image = np.random.default_rng(0).normal(60, 15, row.shape)
    lanes = 40 + 20.0 * np.arange(14)
    for k, x in enumerate(lanes):
        # All hold a band; the three at the left have no smear, and so no glow above it.
        along = 600.0 * (np.abs(row - 130) < 75) * (k > 2) + 3000 * np.exp(-(((row - 190) / 4) ** 2))
        image += along * np.exp(-((np.abs(col - x) / 11) ** 6))
    found = find_membrane(as_blot(image))
    for x in lanes[[0, -1]].astype(int):
        assert found.window.left <= x - 8 and found.window.right >= x + 8
        assert found.inside is None or found.inside[60:200, x - 6 : x + 7].mean() > 0.95


def test_region_of_interest_is_final():
    frame = Window(60, 440, 80, 560)
    blot = framed(frame)
    roi = Window(20, 480, 30, 620)
    found = find_membrane(as_blot(blot.signal, roi=roi)).window
    assert found == roi


def test_region_of_interest_within_the_membrane_is_all_membrane():
    blot = framed(Window(60, 440, 80, 560))
    roi = Window(100, 400, 120, 500)
    assert find_membrane(as_blot(blot.signal, roi=roi)).window == roi


def test_slanted_membrane_has_a_mask_of_its_pixels():
    import cv2

    drawn = draw(rows=300, cols=420)
    turn = cv2.getRotationMatrix2D((210, 150), 8, 1.0)
    turn[:, 2] += (115, 100)
    image = cv2.warpAffine(drawn.image, turn, (650, 500), borderValue=100.0)
    truth = cv2.warpAffine(np.ones((300, 420), np.uint8), turn, (650, 500)) > 0
    membrane = find_membrane(as_blot(image))
    assert membrane.inside is not None
    assert (membrane.inside & ~truth).sum() <= 0.01 * truth.sum()
    assert membrane.inside.sum() >= 0.93 * truth.sum()


def test_corners_left_by_a_rotation_are_not_membrane():
    image = np.clip(draw(rows=400, cols=560, membrane=curved).image, 0, 65535).astype(np.uint16)
    blot = read_blot(image, polarity="light-on-dark", response="linear", rotate=10)
    membrane = find_membrane(blot)
    assert membrane.inside is not None and blot.valid is not None
    assert not (membrane.inside & ~blot.valid).any()
    assert membrane.inside.sum() > 0.9 * blot.valid.sum()


def test_two_strips_flag_that_there_are_several():
    image = np.full((600, 640), 120.0) + np.random.default_rng(0).normal(0, 10, (600, 640))
    upper, lower = Window(30, 330, 60, 580), Window(390, 560, 60, 580)
    for frame in (upper, lower):
        image[frame.slices] = draw(rows=frame.height, cols=frame.width, seed=frame.top).image
    membrane = find_membrane(as_blot(image))
    assert membrane.flags == ("several_membranes",)
    assert distance(membrane.window, upper) <= 9
    assert [distance(*pair) <= 12 for pair in zip(membrane.strips, (upper, lower), strict=True)] == [True, True]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"membrane": curved},
        {"haze": 900.0},
        {"haze": 900.0, "fill": 0.84},
        {"haze": 2500.0, "blank": (1, 8)},
        {"lanes": 2, "smear": 1.0},
        {"lanes": 1, "smear": 1.0, "fill": 0.25},
        {"lanes": 3, "smear": 1.0, "haze": 1500.0},
    ],
    ids=lambda o: ",".join(o) or "plain",
)
@pytest.mark.parametrize("seed", [0, 1])
def test_lanes_shading_and_haze_are_no_membrane_edges(options, seed):
    drawn = draw(seed=seed, **options)
    membrane = find_membrane(drawn.blot)
    assert membrane.window == Window(0, 400, 0, 560)
    assert membrane.inside is None and membrane.flags == ()


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("name", ["standard", "haze", "membrane", "touching"])
def test_simulated_blots_that_fill_the_picture(name, seed):
    blot = read_blot(simulate_blot(seed=seed, shape=(512, 512), **STRESSES[name]).image)
    assert find_membrane(blot).window == blot.window


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (40, 40)])
def test_tiny_pictures_are_all_membrane(shape):
    blot = as_blot(np.random.default_rng(0).normal(1000, 10, shape))
    assert find_membrane(blot).window == blot.window


def test_even_picture_is_all_membrane():
    blot = as_blot(np.full((200, 300), 7.0))
    assert find_membrane(blot).window == blot.window


@pytest.mark.parametrize(
    ("name", "corners"),
    [
        # Read off the pictures by eye: first and last row and column of the membrane, to about 2 % of the picture.
        ("chemidoc_1sc/test4_imglab_analysis.tif", (105, 445, 30, 665)),
        ("two_colour/5xcgg_wt_h3.png", (305, 1790, 130, 2470)),
    ],
)
def test_real_membranes(name, corners):
    blot = read_blot(real_file(*name.split("/")), polarity="auto")
    found = find_membrane(blot).window
    room = 0.03 * max(blot.shape)
    assert np.abs(np.subtract((found.top, found.bottom, found.left, found.right), corners)).max() < room


def test_real_picture_with_two_strips():
    blot = read_blot(real_file("fluorchem", "B1AR_July4_B1AR_10wtop_16wbottom.tif"))
    assert "several_membranes" in find_membrane(blot).flags


@pytest.mark.parametrize(("glow", "least", "most"), [(0.0, 0, 12), (0.5, 16, 40)])
def test_a_glowing_rim_is_no_part_of_the_membrane(glow, least, most):
    """A cut edge that decays with 6 px is 7 % of its glow 16 px inside; without glow next to nothing is given away."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:900, 0:900].astype(float)
    depth = np.minimum.reduce([y - 60, 839 - y, x - 70, 829 - x])
    level = 3000 * (1 + glow * np.exp(-np.abs(depth) / 6)) / (1 + np.exp(-np.clip(depth, -30, 30)))
    lanes = 9000 * np.exp(-0.5 * ((y - 450) / 8) ** 2) * (np.abs((x - 110) % 70 - 35) < 22) * (depth > 0)
    image = 120 + level + lanes + rng.normal(0, 40, x.shape)
    window = find_membrane(read_blot(image.astype(np.uint16), polarity="light-on-dark")).window
    for inside in (window.top - 60, 840 - window.bottom, window.left - 70, 830 - window.right):
        assert least <= inside <= most


@pytest.mark.parametrize(("gutters", "whole"), [(0.15, True), (0.25, False)])
def test_hazed_lanes_are_no_membrane_and_a_full_membrane_is_one(gutters, whole):
    """What is darkest between lanes tells: of haze it is as good as what lies beside, of a membrane a step above it."""
    y, x = np.mgrid[0:700, 0:700]
    inside = (y >= 60) & (y < 640) & (x >= 80) & (x < 620)
    lanes = inside & (np.abs((x - 80) % 45 - 22.5) < 18)
    image = np.where(lanes, 2500.0, np.where(inside, 1000 + 1500 * gutters, 1000.0))
    image += np.random.default_rng(1).normal(0, 15, image.shape)
    found = find_membrane(read_blot(image.astype(np.uint16), polarity="light-on-dark")).window
    assert (found.height == 700) == whole and (found.width == 700) == whole
    if not whole:
        assert np.abs(np.subtract((found.top, found.bottom, found.left, found.right), (60, 640, 80, 620))).max() < 12
