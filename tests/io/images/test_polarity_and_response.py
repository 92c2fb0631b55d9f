"""Polarity, response and ceiling, against pictures whose making is known."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from io_blots import bands, blot8, blot16

from ublot import read_blot

LIGHT = blot16()


def padded(levels, value):
    return np.pad(levels, ((50, 50), (60, 60)), constant_values=value)


SURROUNDINGS = {
    "plain": lambda a: a,
    "mirrored": lambda a: a[:, ::-1],
    "upside down": lambda a: a[::-1],
    "black frame": lambda a: padded(a, 0),
    "white page": lambda a: padded(a, 65535),
    "pen": lambda a: np.where((np.arange(240)[:, None] > 225) & (np.arange(320) < 90), np.uint16(300), a),
}


@pytest.mark.parametrize("around", SURROUNDINGS)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("height", [700, 20000, 150000])
def test_polarity_whatever_surrounds_the_membrane(around, dark, height):
    levels = SURROUNDINGS[around](blot16(height=height))
    blot = read_blot(65535 - levels if dark else levels)
    assert blot.polarity == ("dark-on-light" if dark else "light-on-dark")
    assert "polarity_assumed" not in blot.flags


@pytest.mark.parametrize("degrees", [-9, 5])
@pytest.mark.parametrize("dark", [False, True])
def test_polarity_with_the_corners_of_a_rotation(degrees, dark):
    from scipy.ndimage import rotate

    levels = LIGHT if not dark else 65535 - LIGHT
    for fill in (0, 65535):
        turned = np.clip(rotate(levels.astype(float), degrees, order=1, cval=fill), 0, 65535).astype(np.uint16)
        assert read_blot(turned).polarity == ("dark-on-light" if dark else "light-on-dark")


def test_the_tag_does_not_decide(tmp_path):
    for photometric in ("minisblack", "miniswhite"):
        tifffile.imwrite(tmp_path / "blot.tif", LIGHT, photometric=photometric)
        assert read_blot(tmp_path / "blot.tif").polarity == "light-on-dark"


def test_noise_alone_is_no_evidence():
    rng = np.random.default_rng(0)
    assert "polarity_assumed" in read_blot(rng.normal(3000, 60, (512, 512)).astype(np.uint16)).flags


def test_asked_for_is_not_assumed():
    rng = np.random.default_rng(0)
    noise = rng.normal(100, 9, (256, 256)).clip(0, 255).astype(np.uint8)
    blot = read_blot(noise, polarity="dark-on-light", response="density")
    assert blot.polarity == "dark-on-light"
    assert not {"polarity_assumed", "response_assumed"} & set(blot.flags)


def test_a_white_page_is_no_picture_and_no_ceiling():
    blot = read_blot(padded(LIGHT, 65535))
    assert blot.saturated is None
    assert blot.valid is not None
    assert not blot.valid[:40].any()
    assert blot.valid[70:-70, 80:-80].all()
    assert blot.signal.max() < 60000


# --- response -------------------------------------------------------------------------------------------------


def scan(bits, seed=0):
    """A film: density proportional to signal, noise of the scanner in its own light."""
    rng = np.random.default_rng(seed)
    density = (bands(noise=0, seed=seed) - 2000) / 20000 * 1.2
    white = 0.93 * (2**bits - 1)
    light = white * 10 ** -np.maximum(density, 0)
    light += rng.normal(size=light.shape) * np.sqrt((white / 400) * (light / 400 + 2 ** (bits - 12)))
    return np.clip(np.rint(light), 0, 2**bits - 1).astype(np.uint8 if bits == 8 else np.uint16), density


def test_camera_export_drawn_black_on_white_is_linear():
    blot = read_blot(65535 - LIGHT)
    assert (blot.polarity, blot.response) == ("dark-on-light", "linear")
    assert "response_assumed" not in blot.flags
    np.testing.assert_array_equal(blot.signal, LIGHT)


def test_twelve_bit_camera_export_is_measured_from_its_own_white():
    levels = np.clip(LIGHT // 8, 0, 4095).astype(np.uint16)
    blot = read_blot(4095 - levels, response="linear")
    np.testing.assert_array_equal(blot.signal, levels)


@pytest.mark.parametrize("bits", [8, 16])
def test_film_is_a_density(bits):
    levels, density = scan(bits)
    blot = read_blot(levels)
    assert (blot.polarity, blot.response) == ("dark-on-light", "density")
    assert ("response_assumed" in blot.flags) == (bits == 8)
    # Up to the density of clear film, which is a constant.
    strong = density > 0.3
    slope, offset = np.polyfit(density[strong], blot.signal[strong], 1)
    assert slope == pytest.approx(1, abs=0.03)
    assert abs(offset) < 0.08


def test_level_zero_has_a_finite_density():
    levels = scan(8)[0].copy()
    levels[100:104, 50:60] = 0
    blot = read_blot(levels, response="density")
    assert np.isfinite(blot.signal).all()
    # Half a count against white.
    assert blot.signal.max() == pytest.approx(np.log10(0.93 * 255 / 0.5), abs=0.03)


@pytest.mark.parametrize(
    ("software", "expected"), [("EPSON Scan", "density"), ("SilverFast 8", "density"), ("Image Lab", "linear")]
)
def test_the_maker_of_the_file_counts(tmp_path, software, expected):
    tifffile.imwrite(tmp_path / "blot.tif", 65535 - LIGHT, software=software)
    blot = read_blot(tmp_path / "blot.tif")
    assert blot.response == expected
    assert "response_assumed" not in blot.flags


def test_doubling_the_signal_doubles_it():
    single = bands(noise=0)
    levels = np.rint(single).astype(np.uint16)
    for prepare in (lambda a: a, lambda a: 65535 - a):
        once, twice = read_blot(prepare(levels), response="linear"), read_blot(prepare(2 * levels), response="linear")
        np.testing.assert_array_equal(twice.signal, 2 * once.signal)


# --- ceiling --------------------------------------------------------------------------------------------------


def clipped(top, *, height=60000.0):
    levels = np.rint(bands(height=height))
    return np.clip(levels, 0, top).astype(np.uint16), levels >= top


@pytest.mark.parametrize("top", [65535, 65522, 40000, 4095 * 16])
def test_the_pile_up_is_found_wherever_it_is(top):
    levels, truth = clipped(top, height=90000.0)
    assert truth.sum() > 500
    blot = read_blot(levels)
    assert blot.ceiling == top
    np.testing.assert_array_equal(blot.saturated, truth)
    inverted = read_blot(65535 - levels)
    assert inverted.ceiling == 65535 - top
    np.testing.assert_array_equal(inverted.saturated, truth)


def test_twelve_bit_camera():
    levels = np.clip(np.rint(bands(height=90000.0) / 16), 0, 4095).astype(np.uint16)
    blot = read_blot(levels)
    assert blot.ceiling == 4095
    np.testing.assert_array_equal(blot.saturated, levels == 4095)


def test_ten_pixels_are_enough_and_one_is_not():
    clean = blot16()
    for pixels in (1, 10):
        levels = clean.copy()
        levels[100, 50 : 50 + pixels] = 65535
        blot = read_blot(levels)
        if pixels == 1:
            assert blot.saturated is None
            assert blot.ceiling == 65535
        else:
            assert blot.saturated is not None
            assert blot.saturated.sum() == 10


def test_background_subtraction_spreads_the_pile_up():
    levels, truth = clipped(65535, height=90000.0)
    x = np.arange(320) / 320
    blot = read_blot(np.clip(levels - (2000 + 250 * x), 0, None).astype(np.uint16))
    assert blot.saturated is not None
    caught = blot.saturated & truth
    assert caught.sum() > 0.95 * truth.sum()
    assert (blot.saturated & ~truth).sum() < 0.05 * truth.sum()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["16", "inverted", "8", "film", "float"])
def test_clean_blots_have_no_ceiling_inside(seed, kind):
    levels = {
        "16": lambda: blot16(seed=seed),
        "inverted": lambda: 65535 - blot16(seed=seed),
        "8": lambda: blot8(seed=seed),
        "film": lambda: scan(8, seed)[0],
        "float": lambda: bands(seed=seed).astype(np.float32),
    }[kind]()
    assert read_blot(levels).saturated is None


def test_eight_bit_saturation():
    levels = np.clip(bands(height=50000.0) / 100, 0, 255).astype(np.uint8)
    blot = read_blot(levels)
    np.testing.assert_array_equal(blot.saturated, levels == 255)
    assert blot.ceiling == 255
