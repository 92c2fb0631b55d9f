"""Lanes that run from left to right are told from upright ones by their bands."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ublot import read_blot, simulate_blot
from ublot.lanes.sideways import lanes_are_sideways


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("difficulty", ["easy", "ordinary", "hard"])
def test_upright_lanes_are_not_sideways_and_turned_ones_are(seed, difficulty):
    picture = simulate_blot(seed=seed, difficulty=difficulty, shape=(400, 520)).image
    assert not lanes_are_sideways(read_blot(picture))
    assert not lanes_are_sideways(read_blot(picture[::-1, ::-1]))
    assert lanes_are_sideways(read_blot(np.ascontiguousarray(np.rot90(picture))))


def test_noise_dots_and_narrow_strips_are_not_sideways():
    rng = np.random.default_rng(1)
    noise = rng.normal(2000, 50, (300, 400)).astype(np.float32)
    y, x = np.mgrid[0:300, 0:400]
    dots = noise.copy()
    for row in range(4):
        for col in range(6):
            dots += 9000 * np.exp(-0.5 * ((y - 40 - 70 * row) ** 2 + (x - 40 - 60 * col) ** 2) / 100)
    picture = np.ascontiguousarray(np.rot90(simulate_blot(seed=1, difficulty="easy", shape=(400, 520)).image))
    strip = replace(read_blot(picture), roi=None).signal[:, 200:280]
    for levels in (noise, dots, strip):
        assert not lanes_are_sideways(read_blot(np.ascontiguousarray(levels), polarity="light-on-dark"))


def test_a_rim_of_the_page_beside_flat_bands_is_no_band():
    """Bands drawn in one level on an even membrane, cut out a pixel too wide on a white page."""
    levels = np.full((240, 420), 190.0)
    y, x = np.mgrid[0:240, 0:420]
    for lane in range(7):
        inside = ((x - 45 - 55 * lane) / 22.0) ** 4 + ((y - 130 - 3 * lane) / 8.0) ** 2 < 1
        levels[inside] = 30
    levels = cv2.GaussianBlur(levels, (0, 0), 2.0)
    levels[:, [0, 1, -2, -1]] = 255
    seen = read_blot(np.clip(levels, 0, 255).astype(np.uint8), polarity="dark-on-light", response="linear")
    assert not lanes_are_sideways(seen)
    turned = np.ascontiguousarray(np.rot90(levels)).clip(0, 255).astype(np.uint8)
    assert lanes_are_sideways(read_blot(turned, polarity="dark-on-light", response="linear"))
