"""Linear or density by the shape of bands: blots drawn both ways, with lanes of many strengths."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from ublot.io.images.band_shape import shape_evidence
from ublot.io.images.reading import read_blot
from ublot.io.images.response import other_reading


def light(seed, *, strongest=0.85, wider=0.0):
    """Amount of protein up to `strongest`: eight lanes of a band and a ladder; `wider` widens them so."""
    rng = np.random.default_rng(seed)
    rows, cols = 260, 400
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    amount = np.full((rows, cols), 0.02)
    for lane, full in enumerate(rng.permutation(np.linspace(0.3, 1, 8))):
        for rung in range(7):
            peak = strongest * full * (1, 0.5, 0.35, 0.25, 0.16, 0.1, 0.07)[rung]
            across = 12 * (1 + wider * peak)
            centre = 50 * lane + 25 + rng.normal()
            row = 210 - 26 * rung + 4 * ((x - centre) / 25) ** 2
            amount += peak * np.exp(-0.5 * np.abs((x - centre) / across) ** 3 - 0.5 * ((y - row) / 3.5) ** 2)
    return amount + rng.normal(size=amount.shape) * np.sqrt(1e-5 + 4e-5 * amount)


def stored(amount, response, bits):
    top = 2**bits - 1
    share = 1 - amount if response == "linear" else 0.96 * 10 ** -(1.2 * amount)
    return np.clip(np.rint(top * share), 0, top).astype(np.uint8 if bits == 8 else np.uint16)


@pytest.mark.parametrize("response", ["linear", "density"])
@pytest.mark.parametrize("seed", range(4))
def test_eight_bits_are_told_by_the_shape_of_bands(response, seed):
    blot = read_blot(stored(light(seed), response, 8))
    # Overloaded bands look like a density: that alone is no proof.
    assert (blot.response, "response_assumed" in blot.flags) == (response, response == "density")


def test_a_scanner_that_is_named_and_the_shape_together_are_proof(tmp_path):
    tifffile.imwrite(tmp_path / "film.tif", stored(light(5), "density", 8), software="EPSON Scan")
    blot = read_blot(tmp_path / "film.tif")
    assert (blot.response, "response_assumed" in blot.flags) == ("density", False)
    tifffile.imwrite(tmp_path / "camera.tif", stored(light(5), "linear", 8), software="EPSON Scan")
    blot = read_blot(tmp_path / "camera.tif")
    assert (blot.response, "response_assumed" in blot.flags) == ("linear", True)


@pytest.mark.parametrize("response", ["linear", "density"])
def test_the_right_reading_has_a_share_that_does_not_change(response):
    levels = stored(light(9), response, 16)
    found = shape_evidence(levels, 65535.0, 65535.0 * (0.98 if response == "linear" else 0.94))
    right, wrong = (found.linear, found.density) if response == "linear" else (found.density, found.linear)
    assert abs(right) < 0.08
    assert (wrong < -0.2) if response == "linear" else (wrong > 0.2)


@pytest.mark.parametrize("seed", range(2))
def test_overloaded_bands_are_never_surely_a_film(seed):
    """Strong bands that really are wider: an export of them is read both ways."""
    blot = read_blot(stored(light(seed, wider=0.25), "linear", 8))
    assert blot.response == "linear" or "response_assumed" in blot.flags


@pytest.mark.parametrize("response", ["linear", "density"])
def test_faint_bands_tell_nothing_and_both_readings_are_there(response):
    levels = stored(light(2, strongest=0.12), response, 8)
    blot = read_blot(levels)
    assert "response_assumed" in blot.flags
    other = other_reading(blot)
    assert other is not None and other.response != blot.response
    asked = read_blot(levels, response=other.response)
    np.testing.assert_allclose(other.signal, asked.signal, rtol=1e-3, atol=2e-4 * float(np.ptp(asked.signal)))


def test_what_is_no_guess_has_one_reading():
    assert other_reading(read_blot(stored(light(1), "linear", 8))) is None
    assert other_reading(read_blot(stored(light(2, strongest=0.12), "linear", 8), response="linear")) is None


@pytest.mark.parametrize("levels", [np.zeros((40, 50), np.uint8), np.full((40, 50), 255, np.uint8)])
def test_no_bands_no_answer(levels):
    assert shape_evidence(levels, 255.0, 255.0).says is None
