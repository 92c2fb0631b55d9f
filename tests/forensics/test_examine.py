"""Forensics of stored levels, on both sides: pictures that must trip a gate, and near misses that must not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from time import process_time

import cv2
import doctored
import numpy as np
import pytest
from io_blots import blot8, blot16
from scipy import ndimage

from ublot import read_blot
from ublot.flags import FLAGS
from ublot.forensics.blockiness import coefficient_comb
from ublot.forensics.duplicates import find_copy
from ublot.forensics.examine import examine
from ublot.forensics.histogram import is_stretched
from ublot.forensics.resampling import periodicity
from ublot.forensics.splices import find_seam
from ublot.model import Window
from ublot.pipeline.inspection import describe
from ublot.simulation import simulate_blot

REAL = Path(__file__).parents[2] / "../shared/real_blots"
FORENSIC = {"lossy", "stretched", "upconverted", "upscaled", "copied", "spliced"}


@cache
def picture(name="standard"):
    """One simulated blot; nobody may write to it."""
    knobs = {
        "standard": {},
        "dirty": {"pen": True, "dust": 100, "lint": 6},
        "edges": {"membrane_edge": True},
        "film": {"detector": "film8"},
        "saturated": {"exposure": 2.5},
        "camera12": {"detector": "camera12"},
        "inverted": {"detector": "inverted16"},
        "tilted": {"tilt_deg": 1.5},
    }[name]
    levels = np.asarray(simulate_blot(seed=11, shape=(640, 768), **knobs).image)
    levels.setflags(write=False)
    return levels


def doctor(name):
    """Another exposure of the same lanes: its own noise."""
    return np.asarray(simulate_blot(seed=12, shape=(640, 768)).image) if name == "other" else picture(name)


# --------------------------------------------------------------------------------------------------------- clean
@pytest.mark.parametrize("name", ["standard", "dirty", "edges", "film", "saturated", "camera12", "inverted", "tilted"])
def test_an_untouched_blot_is_clean(name):
    levels = picture(name)
    for seen in (levels, levels[:, ::-1], levels[::-1], levels[40:-30, 25:-60], np.asfortranarray(levels)):
        assert not FORENSIC & set(examine(seen).flags)


@pytest.mark.parametrize("name", ["standard", "dirty", "edges"])
@pytest.mark.parametrize(
    "smooth",
    [doctored.denoised, doctored.blurred, lambda levels: doctored.turned(levels, 1.3), doctored.eight_bits],
    ids=["median", "blur", "turned", "8 bits"],
)
def test_smoothing_turning_and_few_bits_are_no_forgery(name, smooth):
    assert not {"lossy", "upscaled", "copied", "spliced"} & set(examine(smooth(picture(name))).flags)


def test_forensics_look_at_stored_pixels_before_rotation():
    assert read_blot(picture(), rotate=2.5).flags == read_blot(picture()).flags
    copied = doctored.lane_copied(picture())
    assert "copied" in read_blot(copied, rotate=2.5).flags


def test_tiny_flat_and_noiseless_pictures_are_survived():
    rng = np.random.default_rng(0)
    for shape in ((8, 8), (8, 500), (500, 8), (40, 40), (70, 100)):
        assert not {"copied", "spliced", "upscaled"} & set(
            examine(rng.integers(900, 1100, shape).astype(np.uint16)).flags
        )
        assert examine(np.full(shape, 7, np.uint16)).flags in ((), ("upconverted",))
    ramp = np.add.outer(np.arange(300.0), np.arange(400.0)).astype(np.float32)
    assert not {"copied", "spliced", "lossy"} & set(examine(ramp).flags)
    clipped = np.maximum(picture().astype(int) - 3000, 0).astype(np.uint16)
    assert not {"copied", "spliced", "lossy", "upscaled"} & set(examine(clipped).flags)


# ---------------------------------------------------------------------------------------------------------- JPEG
@pytest.mark.parametrize("quality", [75, 85, 90, 95, 98])
@pytest.mark.parametrize("name", ["standard", "film", "saturated"])
def test_a_jpeg_in_another_format_is_seen_off_its_grid(name, quality):
    for crop in ((0, 0), (3, 5), (7, 1)):
        levels = doctored.was_jpeg(picture(name), quality, crop)
        assert "lossy" in examine(levels).flags, crop
    assert "lossy" in examine(doctored.widened(levels)).flags
    assert "lossy" in examine(doctored.widened(levels, 193.7)).flags
    assert "lossy" in examine(doctored.colour_jpeg(picture(name), quality)).flags


@pytest.mark.parametrize("seed", range(6))
def test_eight_bits_without_jpeg_have_no_blocks(seed):
    levels = blot8(seed=seed, rows=480, cols=640, height=14000)
    best, second = coefficient_comb(levels[100:364, 200:464].astype(np.float32))
    assert best < 1.3 * second
    for times in (2, 4):
        assert "lossy" not in examine(np.repeat(np.repeat(levels, times, 0), times, 1)).flags
    grid = levels.copy()
    grid[::64] = grid[:, ::64] = 255
    assert "lossy" not in examine(grid).flags


# ----------------------------------------------------------------------------------------------------- histogram
@pytest.mark.parametrize("gain", [0.7, 1.3, 1.7, 2.5, 3.0, 4.7, 7.3])
def test_stretching_sixteen_bits_is_seen(gain):
    assert "stretched" in examine(doctored.stretched(picture(), gain)).flags


@pytest.mark.parametrize("gamma", [0.5, 0.7])
def test_so_is_a_gamma_curve(gamma):
    assert "stretched" in examine(doctored.curved(picture(), gamma)).flags


def test_imagers_own_combs_are_no_stretching():
    levels = picture().astype(np.int64)
    for bits in (10, 12, 14):
        step = 65536 >> bits
        assert not is_stretched((levels // step * step).astype(np.uint16)), "padded with zeros"
        spread = np.rint((levels // step) * (65535 / (2**bits - 1)))
        assert not is_stretched(spread.astype(np.uint16)), "spread over the whole range"
    # Two readings averaged: every other level is half as frequent.
    rng = np.random.default_rng(0)
    halved = np.where((levels % 2 == 1) & (rng.random(levels.shape) < 0.5), levels - 1, levels)
    assert not is_stretched(halved.astype(np.uint16))
    assert not is_stretched((levels + 900).clip(0, 65535).astype(np.uint16))


@pytest.mark.parametrize("count", [20_000, 7_000, 4_000, 1_500])
def test_squares_of_a_scanners_roots_are_no_stretching(count):
    rng = np.random.default_rng(3)
    levels = picture() + rng.uniform(0, 1, picture().shape)
    roots = np.rint(np.sqrt(levels / levels.max()) * count)
    assert not is_stretched(np.rint((roots / count) ** 2 * 65535).astype(np.uint16))


@pytest.mark.parametrize("gain", [1.3, 4.7, 17.0])
def test_a_gain_is_no_square(gain):
    rng = np.random.default_rng(3)
    levels = picture() / max(gain / 1.3, 1.0) + rng.uniform(0, 1, picture().shape)
    assert is_stretched(np.rint(np.rint(levels - levels.min()) * gain).clip(0, 65535).astype(np.uint16))


def test_levels_stretched_after_a_scan_stand_out_by_their_comb():
    rng = np.random.default_rng(3)
    levels = picture() + rng.uniform(0, 1, picture().shape)
    assert is_stretched(np.rint(np.rint(levels - levels.min()) * 1.3).clip(0, 65535).astype(np.uint16))


def test_eight_bits_cut_at_both_ends_were_stretched():
    grey = np.clip(doctored.eight_bits(picture()).astype(int) + 20, 0, 255)
    assert not is_stretched(grey.astype(np.uint8))
    cut = ndimage.gaussian_filter(np.clip((grey - 45.0) * 2.2, 0, 255), 0.6)
    assert is_stretched(np.clip(np.rint(cut), 0, 255).astype(np.uint8))
    # One end alone is a saturated detector, or paper.
    assert not is_stretched(np.clip(np.rint(np.minimum(grey + 0.0, 120)), 0, 255).astype(np.uint8))


# ---------------------------------------------------------------------------------------------------- resampling
@pytest.mark.parametrize("how", ["nearest", "linear", "cubic", "lanczos", "spline", "pillow"])
@pytest.mark.parametrize("factor", [1.2, 1.5, 2, 2.5, 3])
def test_enlarging_is_seen(factor, how):
    assert "upscaled" in examine(doctored.enlarged(picture(), factor, how, size=720)).flags


def test_the_period_tells_the_factor():
    large = doctored.enlarged(picture(), 1.5, "linear", size=720)
    (_, _), (power, frequency) = periodicity(large[100:292].astype(np.float32))
    assert power > 1000
    assert frequency == pytest.approx(1 - 1 / 1.5, abs=0.005)


def test_a_pattern_in_one_direction_is_no_enlarging():
    levels = picture().astype(float)
    interlaced = levels.copy()
    interlaced[:, ::2] *= 1.02
    assert "upscaled" not in examine(np.rint(interlaced).astype(np.uint16)).flags
    reduced = cv2.resize(picture(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert "upscaled" not in examine(reduced).flags


# -------------------------------------------------------------------------------------------------------- copies
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"gain": 1.3, "down": 3},
        {"noise": 0.7},
        {"gain": 0.7, "noise": 0.5, "down": -5},
        {"mirrored": True},
        {"mirrored": True, "noise": 0.5, "gain": 1.2},
    ],
    ids=lambda change: ",".join(f"{k}={v}" for k, v in change.items()) or "as it is",
)
def test_a_copied_lane_is_seen_and_placed(change):
    copy = find_copy(doctored.lane_copied(picture(), **change))
    assert copy is not None
    assert copy.mirrored is bool(change.get("mirrored"))
    places = sorted([np.mean(copy.first), np.mean(copy.second)])
    wide = int(0.075 * 768)
    assert places == pytest.approx([int(0.31 * 768) + wide / 2, int(0.62 * 768) + wide / 2], abs=10)


def test_the_same_sample_twice_is_no_copy():
    one, other = picture(), doctor("other")
    rng = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(one.astype(float), 2.5)
    # The same band shapes in two lanes, each with noise of its own.
    smooth[:, 476:533] = smooth[:, 238:295]
    own = smooth + rng.normal(size=smooth.shape) * doctored.pixel_noise(one)
    assert find_copy(np.clip(np.rint(own), 0, 65535).astype(np.uint16)) is None
    assert find_copy(other) is None


# -------------------------------------------------------------------------------------------------------- regions
def test_traces_are_those_of_the_region_in_its_coordinates():
    levels = doctored.half_from(picture(), doctor("other"), 1.4)
    seam = find_seam(levels)
    assert seam is not None
    assert seam.axis == "column"
    rows, cols = levels.shape
    whole = read_blot(levels)
    assert whole.source.metadata["spliced"] == f"the {seam.kind} changes at column {seam.place}"
    beyond = seam.place + 8
    assert "spliced" not in read_blot(levels, roi=Window(0, rows, beyond, cols)).flags
    holding = read_blot(levels, roi=Window(40, rows, seam.place - 120, min(seam.place + 200, cols)))
    place = int(holding.source.metadata["spliced"].rsplit(" ", 1)[1])
    assert abs(place - seam.place) <= 1
    turned = read_blot(levels, mirror=True, roi=Window(40, rows, cols - seam.place - 200, cols - seam.place + 120))
    assert abs(int(turned.source.metadata["spliced"].rsplit(" ", 1)[1]) - (cols - seam.place)) <= 1
    flag = next(f for f in describe(holding)["flags"] if f["name"] == "spliced")
    assert flag["where"] == holding.source.metadata["spliced"]


# ------------------------------------------------------------------------------------------------------- splices
@pytest.mark.parametrize("paste", [doctored.half_from, doctored.lane_from])
@pytest.mark.parametrize("gain", [0.6, 1.4, 2.0])
def test_a_piece_of_another_exposure_is_seen(paste, gain):
    levels = paste(picture(), doctor("other"), gain)
    assert "spliced" in examine(levels).flags
    seam = find_seam(levels)
    assert seam is not None
    assert seam.axis == "column"
    cuts = [int(0.53 * 768)] if paste is doctored.half_from else [int(0.4 * 768), int(0.49 * 768)]
    assert min(abs(seam.place - cut) for cut in cuts) <= 2


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float64])
def test_the_type_of_the_levels_does_not_matter(dtype):
    levels = doctored.lane_copied(doctored.half_from(picture(), doctor("other"), 1.4)).astype(dtype)
    assert {"spliced", "copied"} <= set(examine(levels).flags)


@pytest.mark.parametrize("gain", [0.6, 2.0])
def test_a_piece_that_was_put_below_is_seen(gain):
    seam = find_seam(np.ascontiguousarray(doctored.half_from(picture().T, doctor("other").T, gain, column=300).T))
    assert seam is not None
    assert (seam.axis, seam.kind) == ("row", "level")
    assert abs(seam.place - 300) <= 2


@pytest.mark.parametrize("gain", [1.8, 2.5])
def test_also_when_the_background_was_matched(gain):
    other = doctor("other")
    levels = doctored.half_from(picture(), other, gain, float(np.median(picture()) - gain * np.median(other)))
    assert "spliced" in examine(levels).flags


def test_what_is_drawn_or_ends_is_no_splice():
    levels = picture().copy()
    levels[:, 300:302] = 60000  # a drawn line
    levels[200:204] = 100
    assert "spliced" not in examine(levels).flags
    framed = np.full((700, 860), 65535, np.uint16)  # a page around the blot
    framed[30:670, 40:808] = picture()
    assert "spliced" not in examine(framed).flags
    dark = picture().astype(float)
    dark[:, :70] = np.random.default_rng(0).normal(180, 12, (640, 70))  # the membrane ends
    assert "spliced" not in examine(np.rint(dark).astype(np.uint16)).flags
    shaded = picture() * np.linspace(0.6, 1.3, 768)
    assert "spliced" not in examine(np.rint(shaded).clip(0, 65535).astype(np.uint16)).flags


# -------------------------------------------------------------------------------------------------------- shared
def test_forensic_flags_warn_and_only_compression_refuses():
    for name in FORENSIC | {"gamma"}:
        assert FLAGS[name].severity == ("refuse" if name == "lossy" else "warn")


@pytest.mark.parametrize(("side", "limit"), [(1024, 0.020), (2048, 0.040)])
def test_forensics_are_cheap(side, limit):
    rng = np.random.default_rng(0)
    levels = cv2.resize(blot16(rows=512, cols=512), (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    levels = np.rint(levels + rng.normal(size=levels.shape) * 70).clip(0, 65535).astype(np.uint16)
    examine(levels)
    spent = []
    for _ in range(5):
        begin = process_time()
        examine(levels)
        spent.append(process_time() - begin)
    # Three times the aim, for slow and busy machines.
    assert min(spent) < 3 * limit


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of real blots is not beside the project")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((f"chemidoc_trio/{name}.tif", set()) for name in ("trail", "parp", "actin")),
        *((f"chemidoc_1sc/{name}.tif", set()) for name in ("test1_imglab_analysis", "test4_imglab_analysis")),
        ("fluorchem/B1AR_July4_B1AR_10wtop_16wbottom.tif", set()),
        ("fluorchem/B1AR_July4_B1AR_10wtop_16wbottom_GAPDH.tif", set()),
        ("fluorchem/B1AR_Oct8_B1ARtop_GAPDHbottom.tif", set()),
        ("dna_ladder/ladder_reference_gel.tif", {"eight_bit"}),
        ("imagej_gel/gel.gif", {"eight_bit"}),
        ("two_colour/5xcgg_wt_flag.png", {"eight_bit", "stretched"}),
        # A membrane that was enlarged when it was put on the page, as only the region shows.
        ("two_colour/5xcgg_wt_h3.png", {"eight_bit", "stretched", "upscaled"}),
    ],
)  # fmt: skip
def test_real_blots(name, expected):
    assert set(read_blot(REAL / name).flags) & (FORENSIC | {"eight_bit"}) == expected


@pytest.mark.parametrize("seed", range(3))
def test_levels_that_ran_below_zero_are_told_from_those_that_did_not(seed):
    """A background subtracted in unsigned numbers: half of the membrane is below it."""
    levels = blot16(seed=seed)
    wrapped = (levels.astype(np.int32) - int(np.median(levels))).astype(np.uint16)
    assert "wrapped" in examine(wrapped).flags
    for right in (levels, 65535 - levels, np.minimum(4 * levels.astype(np.int32), 65535).astype(np.uint16)):
        assert "wrapped" not in examine(right).flags
    page = np.pad(levels, 40, constant_values=65535)
    page[::9, ::7] = 0
    assert "wrapped" not in examine(page).flags
