"""Polarity, response and ceiling, against pictures whose making is known."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
import tifffile
from io_blots import bands, blot8, blot16

from ublot import read_blot
from ublot.model import Window

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


# --- polarity of pictures that no simulated membrane looks like -------------------------------------------------


def drawn_bands(rows, cols, row_at, lanes, *, high, wide, depth, paper=220.0, noise=1.5, seed=0):
    """Dark bands of flat profile on `paper`: rows `row_at`, `lanes` of them side by side, soft at their edges."""
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[:rows, :cols]
    centres = (np.arange(lanes) + 0.5) * cols / lanes
    out = np.full((rows, cols), float(paper))
    for k, x in enumerate(centres):
        for at in row_at:
            u = np.maximum(np.abs(r - at) / (high / 2), np.abs(c - x) / (wide / 2))
            out -= depth * (0.75 + 0.25 * (k % 2)) / (1 + np.exp(np.minimum(12 * (u - 1), 50)))
    return out + rng.normal(0, noise, out.shape)


def strip_full_of_bands():
    """Three rows of broad bands leave less than a third of a film's strip light."""
    return drawn_bands(84, 360, (17, 41, 64), 6, high=19, wide=52, depth=190)


def page_with_grey_membranes():
    """A grey membrane on a white page whose corners are black, a row of thin dark bands on it."""
    page = np.full((700, 560), 255.0)
    page[:60, :] = np.where(np.arange(560) > 480, 0, page[:60])
    page[-50:, :90] = 0
    page[90:340, 40:520] = drawn_bands(250, 480, (180,), 24, high=6, wide=15, depth=110, paper=120, noise=4)
    page[360:640, 40:520] = drawn_bands(280, 480, (200,), 24, high=6, wide=15, depth=110, paper=118, noise=4, seed=1)
    return page


def labelled_figure():
    """Two framed strips with lettering beside and above them on white."""
    page = np.full((300, 480), 255.0)
    for top, seed in ((80, 0), (150, 1)):
        page[top - 1 : top + 51, 119:441] = 0
        page[top : top + 50, 120:440] = drawn_bands(50, 320, (25,), 8, high=14, wide=30, depth=170, seed=seed)
    rng = np.random.default_rng(5)
    for at in (*((40, x) for x in range(130, 430, 40)), (95, 40), (170, 40)):
        page[at[0] : at[0] + 9, at[1] : at[1] + 26] = np.where(rng.random((9, 26)) > 0.6, 0, 255)
    return page


def lanes_that_touch():
    """A strip of four lanes that nearly touch, their bands as high as the strip is cut."""
    return drawn_bands(56, 380, (28,), 4, high=40, wide=88, depth=180)


def edges_darker_than_bands():
    """Faint bands between lanes whose edges are drawn dark from top to bottom."""
    out = drawn_bands(72, 480, (38,), 3, high=10, wide=120, depth=60, paper=200)
    c = np.arange(480)
    for edge in (160, 320):
        out -= 50 * np.exp(-(((c - edge) / 9.0) ** 2))
    return out


KINDS = (strip_full_of_bands, page_with_grey_membranes, labelled_figure, lanes_that_touch, edges_darker_than_bands)


@pytest.mark.parametrize("drawn", KINDS)
@pytest.mark.parametrize("dark", [False, True])
def test_polarity_rests_on_the_bands(drawn, dark):
    levels = np.clip(np.rint(drawn()), 0, 255).astype(np.uint8)
    blot = read_blot(levels if dark else 255 - levels)
    assert blot.polarity == ("dark-on-light" if dark else "light-on-dark")
    assert "polarity_assumed" not in blot.flags


@pytest.mark.parametrize("turn", [0, 90, 7])
def test_polarity_is_that_of_the_region(turn):
    """A gel with bright bands on a page of dark lettering: the region is asked about, not the page."""
    page = np.full((400, 500), 250.0)
    rng = np.random.default_rng(3)
    for row in range(20, 130, 14):
        for col in range(20, 470, 12):
            page[row : row + 9, col : col + 8] = np.where(rng.random((9, 8)) > 0.5, 5, 250)
    gel = 255 - drawn_bands(200, 400, (60, 120, 160), 6, high=8, wide=36, depth=90, paper=215)
    page[170:370, 50:450] = gel
    levels = np.clip(np.rint(page), 0, 255).astype(np.uint8)
    roi = Window(180, 360, 60, 440)
    if turn == 90:
        levels = np.ascontiguousarray(np.rot90(levels, -1))
    if turn == 7:
        levels = np.asarray(cv2.warpAffine(levels, cv2.getRotationMatrix2D((249.5, 199.5), -7, 1), (500, 400)))
        whole = read_blot(levels, rotate=7)
        at = np.array(whole.shape) / 2 - (200, 250)
        dr, dc = (round(v) for v in at)
        roi = Window(195 + dr, 345 + dr, 80 + dc, 420 + dc)
    blot = read_blot(levels, rotate=turn, roi=roi)
    assert blot.polarity == "light-on-dark"
    assert "polarity_assumed" not in blot.flags
    assert read_blot(np.ascontiguousarray(levels[:, ::-1]), mirror=True, rotate=turn, roi=roi).polarity == blot.polarity


def test_a_very_long_picture_takes_no_time():
    """Sides of 1 to 1000: what is looked at grows with the picture, not with its square."""
    levels = np.full((60_000, 60), 200, np.uint8)
    levels[::97] = 90
    start = time.process_time()
    read_blot(levels)
    assert time.process_time() - start < 8


def test_openings_along_short_and_long_lines_are_the_same():
    from ublot.io.images import polarity

    rng = np.random.default_rng(4)
    cells = rng.random((90, 40)).astype(np.float32)
    for axis in (0, 1):
        wide = np.pad(cells, 20, mode="edge")
        line = np.ones((21, 1) if axis == 0 else (1, 21), np.uint8)
        expected = cv2.morphologyEx(wide, cv2.MORPH_OPEN, line)[20:-20, 20:-20]
        np.testing.assert_array_equal(polarity._opened_far(wide, 21, axis)[20:-20, 20:-20], expected)


def test_polarity_that_the_bands_leave_open_is_flagged():
    """As many bright islands as dark ones."""
    dark = drawn_bands(200, 400, (50,), 6, high=10, wide=36, depth=100, paper=128)
    both = dark + (128 - drawn_bands(200, 400, (150,), 6, high=10, wide=36, depth=100, paper=128, noise=0))
    assert "polarity_assumed" in read_blot(np.clip(both, 0, 255).astype(np.uint8)).flags


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
