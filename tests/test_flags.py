"""The registry of flags, and the gates on stored levels."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from io_blots import bands, blot8, blot16
from PIL import Image

from ublot import read_blot
from ublot.flags import FLAGS, REFUSING, join_flags, ordered, refuses, severity_of
from ublot.forensics.examine import examine
from ublot.forensics.histogram import clipped_share
from ublot.pipeline.inspection import describe

CONTRACT = [
    "saturated",
    "lossy",
    "eight_bit",
    "stretched",
    "upconverted",
    "clipped_background",
    "response_assumed",
    "polarity_assumed",
    "lane_at_edge",
    "crop_tight",
    "lanes_touching",
    "lane_uncertain",
    "haze_removed",
    "gutters_poor",
    "background_disagrees",
    "background_unsure",
    "no_calibration",
    "self_calibrated",
    "above_marker",
    "well_signal",
    "no_signal",
    "ladder_unresolved",
    "vehicle_disagrees",
    "vehicle_refused",
    "no_vehicle",
    "mass_balance",
    "negative_high",
    "edited",
    "override",
]


def test_every_flag_has_a_meaning_and_an_advice():
    assert set(CONTRACT) <= set(FLAGS)
    for name, flag in FLAGS.items():
        assert flag.name == name
        assert flag.severity in ("note", "warn", "refuse")
        assert flag.meaning
        assert flag.advice
        assert flag.source


def test_what_refuses():
    assert {
        "lossy",
        "saturated_heavily",
        "hollow_band",
        "wrapped",
        "gutters_poor",
        "dyes_merged",
        "several_pictures",
        "lanes_one_off",
        "lanes_sideways",
        "upside_down",
        "mirrored",
        "seam_in_lane",
        "rows_apart",
    } == REFUSING
    assert refuses(["eight_bit", "saturated", "lanes_touching"]) == ()
    assert refuses(["eight_bit", "lossy"]) == ("lossy",)
    assert severity_of("lanes_touching") == severity_of("background_unsure") == "warn"
    assert severity_of("lossy") == "refuse"
    assert severity_of("not_in_the_table") == "warn"


def test_joining_is_ordered_without_repeats():
    assert join_flags() == ""
    assert join_flags(["override", "lossy"], ["eight_bit", "lossy"], ()) == "lossy;eight_bit;override"
    assert ordered(
        [
            "not_in_the_table",
            "override",
        ]
    ) == ("override", "not_in_the_table")


def jpeg(levels, quality):
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


@pytest.mark.parametrize("quality", [50, 75, 85])
@pytest.mark.parametrize("crop", [(0, 0), (3, 5)])
def test_blocks_betray_a_jpeg_in_another_format(quality, crop):
    levels = jpeg(blot8(rows=480, cols=640, height=14000), quality)[crop[0] :, crop[1] :]
    assert "lossy" in examine(levels).flags
    # Spread over 16 bits it is still the same picture.
    assert "lossy" in examine(levels.astype(np.uint16) * 257).flags


@pytest.mark.parametrize("seed", range(10))
def test_no_blocks_without_jpeg(seed):
    levels = blot8(seed=seed, rows=480, cols=640, height=14000)
    assert "lossy" not in examine(levels).flags
    for times in (2, 4):
        assert "lossy" not in examine(np.repeat(np.repeat(levels, times, 0), times, 1)).flags
    framed = levels.copy()
    framed[80:400:8, 96:98] = 255
    assert "lossy" not in examine(framed).flags


@pytest.mark.parametrize("gain", [1.3, 1.7, 2.5])
def test_a_stretched_histogram_has_gaps(gain):
    levels = np.clip(bands() / 220, 0, 255).astype(np.uint8)
    assert "stretched" not in examine(levels).flags
    assert "stretched" in examine(np.clip((levels - 5.0) * gain, 0, 255).astype(np.uint8)).flags


def test_genuine_sixteen_bits_are_clean():
    assert examine(blot16()).flags == ()
    assert examine(blot16() // 16 * 16).flags == ()


def test_eight_bits_in_a_sixteen_bit_file():
    assert examine(blot8().astype(np.uint16) * 257).flags == ("upconverted",)
    assert examine(blot8().astype(np.float32)).flags == ("upconverted",)
    # One genuine level more than 8 bits can have.
    levels = np.random.default_rng(0).permutation(np.arange(64 * 64, dtype=np.uint16) % 257).reshape(64, 64)
    assert examine(levels).flags == ()


def test_clipping_at_the_floor():
    levels = bands() - 2300
    assert clipped_share(levels) < 0.001
    assert clipped_share(np.maximum(levels, 0)) == pytest.approx((levels <= 0).mean())


def test_description_is_json_and_gives_a_verdict(tmp_path):
    Image.fromarray(blot8()).save(tmp_path / "blot.jpg")
    told = json.loads(json.dumps(describe(read_blot(tmp_path / "blot.jpg"))))
    assert told["quantifiable"] is False
    assert "JPEG" in told["verdict"]
    assert {flag["name"] for flag in told["flags"]} == {"lossy", "eight_bit"}
    assert all(flag["meaning"] and flag["advice"] for flag in told["flags"])
    clean = describe(read_blot(blot16()))
    assert clean["quantifiable"]
    assert clean["verdict"] == "may be quantified"
    assert clean["saturated_share"] == 0
