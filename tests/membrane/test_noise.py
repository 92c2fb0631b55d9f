"""Pixel noise against the noise that was added."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from strip_blots import as_blot, draw

from ublot.membrane.noise import estimate_noise
from ublot.model import Window


def whole(blot):
    return Window(0, blot.shape[0], 0, blot.shape[1])


@pytest.mark.parametrize("sigma", [3.0, 25.0, 300.0])
def test_constant_noise_under_lanes(sigma):
    blot = draw(noise=sigma, rows=500, cols=700).blot
    noise = estimate_noise(blot, whole(blot))
    assert np.sqrt(noise.of(np.array([2000.0])))[0] == pytest.approx(sigma, rel=0.1)
    assert 1 <= noise.correlation < 2.5  # lanes a few dozen pixels wide look like noise that hangs together


def test_white_noise_does_not_hang_together():
    blot = as_blot(np.random.default_rng(0).normal(1000, 20, (400, 500)))
    assert estimate_noise(blot, whole(blot)).correlation == pytest.approx(1.0, abs=0.1)


def test_photon_noise_grows_with_the_level():
    rng = np.random.default_rng(0)
    level = np.broadcast_to(np.geomspace(500, 40000, 600)[:, None], (600, 500))
    blot = as_blot(level + rng.normal(size=level.shape) * np.sqrt(20.0**2 + 3.0 * level))
    noise = estimate_noise(blot, whole(blot))
    at = np.array([700.0, 3000.0, 10000.0, 30000.0])
    assert np.allclose(noise.of(at), 20.0**2 + 3.0 * at, rtol=0.15)


def test_neighbours_that_vary_together_are_seen():
    rng = np.random.default_rng(0)
    white = rng.normal(0, 50, (400, 500))
    blot = as_blot(1000 + ndimage.uniform_filter1d(white, 3, axis=1))
    # The mean of many pixels varies as if there were a third of them.
    assert estimate_noise(blot, whole(blot)).correlation == pytest.approx(3.0, rel=0.25)


def test_slopes_are_not_noise():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:300, 0:400]
    blot = as_blot(1000 + 5.0 * x + 3.0 * y + rng.normal(0, 4, y.shape))
    noise = estimate_noise(blot, whole(blot))
    assert np.sqrt(noise.of(np.array([2500.0])))[0] == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 13), (20, 20)])
def test_tiny_pictures(shape):
    blot = as_blot(np.random.default_rng(0).normal(100, 5, shape))
    noise = estimate_noise(blot, whole(blot))
    assert np.isfinite(noise.of(np.array([100.0]))).all()


def test_even_picture_has_none():
    blot = as_blot(np.full((50, 60), 7.0))
    assert estimate_noise(blot, whole(blot)).of(np.array([7.0]))[0] == 0


def test_levels_that_are_whole_numbers_are_known_no_better():
    y = np.mgrid[0:120, 0:160][0]
    blot = as_blot(np.rint(100 + 40 * np.exp(-0.5 * ((y - 60) / 8) ** 2)))
    assert np.sqrt(estimate_noise(blot, whole(blot)).of(np.array([100.0])))[0] == pytest.approx(1 / np.sqrt(12))
