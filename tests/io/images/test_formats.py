"""Files written by independent writers come back level by level."""

from __future__ import annotations

import hashlib
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16
from PIL import Image

from ublot import read_blot

GREY16, GREY8 = blot16(), blot8()


def read_levels(path, **options):
    """The stored levels: what a linear reading of bright bands leaves as it is."""
    return read_blot(path, polarity="light-on-dark", response="linear", **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw"},
        {"compression": "zlib", "predictor": True},
        {"compression": "packbits"},
        {"tile": (64, 64), "compression": "deflate"},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"rowsperstrip": 7},
        {"photometric": "miniswhite"},
        {"imagej": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("levels", [GREY16, GREY8], ids=["16", "8"])
def test_tiff_of_many_kinds(tmp_path, levels, options):
    path = tmp_path / "blot.tif"
    tifffile.imwrite(path, levels, **options)
    blot = read_levels(path)
    assert blot.signal.dtype == np.float32
    np.testing.assert_array_equal(blot.signal, levels)
    assert blot.source.format == "tiff"
    assert blot.source.dtype == str(levels.dtype)
    assert blot.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert blot.source.size_bytes == path.stat().st_size
    assert blot.source.shape == levels.shape


@pytest.mark.parametrize("dtype", ["int16", "uint32", "int32", "float16", "float32", "float64"])
def test_tiff_of_other_sample_types(tmp_path, dtype):
    levels = (GREY16 // 2).astype(dtype)
    tifffile.imwrite(tmp_path / "blot.tif", levels)
    np.testing.assert_array_equal(read_levels(tmp_path / "blot.tif").signal, levels.astype(np.float32))


def test_jpeg_inside_tiff_is_lossy(tmp_path):
    tifffile.imwrite(tmp_path / "blot.tif", GREY8, compression="jpeg", compressionargs={"level": 85})
    blot = read_blot(tmp_path / "blot.tif")
    assert "lossy" in blot.flags
    assert blot.source.lossy


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_rgb_is_one_picture(tmp_path, planar):
    rgb = np.stack([GREY16] * 3, -1 if planar == "contig" else 0)
    tifffile.imwrite(tmp_path / "blot.tif", rgb, photometric="rgb", planarconfig=planar)
    blot = read_levels(tmp_path / "blot.tif")
    np.testing.assert_array_equal(blot.signal, GREY16)
    assert "colour_merged" not in blot.flags


def test_colours_are_merged_with_a_note_or_chosen(tmp_path):
    # A tint: all channels fall with the same silver, but none is a mere multiple of another.
    rgb = np.stack([GREY16, GREY16 // 2 + 3000, GREY16 // 4 + 9000], -1)
    tifffile.imwrite(tmp_path / "blot.tif", rgb, photometric="rgb")
    merged = read_levels(tmp_path / "blot.tif")
    assert "colour_merged" in merged.flags
    expected = 0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2]
    assert np.abs(merged.signal - expected).max() <= 0.51
    for channel in (1, 2, 3):
        chosen = read_levels(tmp_path / "blot.tif", channel=channel)
        np.testing.assert_array_equal(chosen.signal, rgb[..., channel - 1])
        assert "colour_merged" not in chosen.flags


def test_pages(tmp_path):
    other = blot16(seed=1)
    tifffile.imwrite(tmp_path / "blot.tif", np.stack([GREY16, other]), photometric="minisblack")
    first = read_levels(tmp_path / "blot.tif")
    np.testing.assert_array_equal(first.signal, GREY16)
    assert "first_page" in first.flags
    second = read_levels(tmp_path / "blot.tif", channel=2)
    np.testing.assert_array_equal(second.signal, other)
    assert "first_page" not in second.flags


def test_a_thumbnail_is_not_the_blot(tmp_path):
    with tifffile.TiffWriter(tmp_path / "blot.tif") as tif:
        tif.write(GREY16[::8, ::8], subfiletype=1)
        tif.write(GREY16)
    blot = read_levels(tmp_path / "blot.tif")
    np.testing.assert_array_equal(blot.signal, GREY16)
    assert "first_page" not in blot.flags


def test_square_root_coded_gel_is_linear(tmp_path):
    """An amount coded as the Molecular Dynamics scanners do: level = sqrt(amount / scale)."""
    amount = GREY16.astype(np.float64) * 900
    top, bottom = 21, 1000
    coded = np.rint(np.sqrt(amount * bottom / top)).astype(np.uint16)
    tags = [(33445, "I", 1, 2, True), (33446, "2I", 1, (top, bottom), True)]
    tifffile.imwrite(tmp_path / "blot.gel", coded, extratags=tags)
    blot = read_blot(tmp_path / "blot.gel")
    assert blot.source.format == "gel"
    assert blot.response == "linear"
    # Half a level of rounding is all that may be lost.
    step = 2 * np.sqrt(amount * top / bottom) * 0.51 + 0.02
    assert (np.abs(blot.signal - amount) <= step).all()


def test_linear_gel_is_left_alone(tmp_path):
    tifffile.imwrite(tmp_path / "blot.gel", GREY16, extratags=[(33445, "I", 1, 128, True)])
    np.testing.assert_array_equal(read_blot(tmp_path / "blot.gel").signal, GREY16)


def test_png_keeps_sixteen_bits(tmp_path):
    path = str(tmp_path / "blot.png")
    cv2.imwrite(path, GREY16)
    blot = read_levels(path)
    np.testing.assert_array_equal(blot.signal, GREY16)
    assert blot.source.dtype == "uint16"
    cv2.imwrite(path, np.stack([GREY16 // 4, GREY16 // 2, GREY16], -1))  # blue, green, red
    np.testing.assert_array_equal(read_levels(path, channel=1).signal, GREY16)


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif"])
def test_eight_bit_files_of_pillow(tmp_path, suffix):
    path = tmp_path / f"blot.{suffix}"
    Image.fromarray(GREY8).save(path)
    blot = read_levels(path)
    np.testing.assert_array_equal(blot.signal, GREY8)
    assert "eight_bit" in blot.flags
    assert blot.source.format == suffix


def test_jpeg_is_lossy(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "blot.jpg", quality=90)
    blot = read_levels(tmp_path / "blot.jpg")
    assert {"lossy", "eight_bit"} <= set(blot.flags)
    assert np.abs(blot.signal - GREY8).mean() < 3


def test_a_palette_is_resolved(tmp_path):
    """Levels are what the palette says, not its indices."""
    image = Image.fromarray(255 - GREY8).convert("P")
    image.putpalette([255 - n // 3 for n in range(768)])
    image.save(tmp_path / "blot.png")
    np.testing.assert_array_equal(read_levels(tmp_path / "blot.png").signal, GREY8)


def test_transparency_lies_on_white(tmp_path):
    alpha = np.full(GREY8.shape, 255, np.uint8)
    alpha[:40], alpha[40:60] = 0, 51
    Image.fromarray(np.dstack([GREY8] * 3 + [alpha])).save(tmp_path / "blot.png")
    signal = read_blot(tmp_path / "blot.png", polarity="dark-on-light", response="linear").signal
    np.testing.assert_array_equal(signal[60:], 255 - GREY8[60:].astype(np.float32))
    assert (signal[:40] == 0).all()
    np.testing.assert_allclose(signal[45:60], (255 - GREY8[45:60].astype(float)) * 0.2, atol=0.51)


def test_the_name_may_lie(tmp_path):
    tifffile.imwrite(tmp_path / "blot.tif", GREY16)
    (tmp_path / "blot.tif").rename(tmp_path / "blot.jpg")
    assert read_blot(tmp_path / "blot.jpg").source.format == "tiff"


def test_metadata_says_who_made_the_file(tmp_path):
    tifffile.imwrite(
        tmp_path / "blot.tif",
        GREY16,
        software="Image Lab 6.1",
        extratags=[(271, "s", 0, "Bio-Rad", True), (272, "s", 0, "ChemiDoc MP", True)],
    )
    found = read_blot(tmp_path / "blot.tif").source.metadata
    assert (found["make"], found["model"], found["software"]) == ("Bio-Rad", "ChemiDoc MP", "Image Lab 6.1")


@pytest.mark.parametrize(
    "view",
    [lambda a: a, lambda a: np.asfortranarray(a), lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2]],
    ids=["c", "fortran", "strided"],
)
def test_arrays_of_any_layout_are_read_and_left_alone(view):
    array = view(GREY16.copy())
    array.flags.writeable = False
    blot = read_blot(array)
    np.testing.assert_array_equal(blot.signal, GREY16)
    assert not np.shares_memory(blot.signal, array)
    assert blot.source.name == "array"
    assert blot.source.sha256 == hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_float_arrays_are_copied():
    array = GREY16.astype(np.float32)
    blot = read_blot(array)
    blot.signal[0, 0] = -1
    assert array[0, 0] == GREY16[0, 0]


def test_a_blot_is_given_back_unless_options_differ(tmp_path):
    tifffile.imwrite(tmp_path / "blot.tif", GREY16)
    blot = read_blot(tmp_path / "blot.tif")
    assert read_blot(blot) is blot
    assert read_blot(blot, polarity="light-on-dark") is blot
    flipped = read_blot(blot, polarity="dark-on-light", response="linear")
    np.testing.assert_array_equal(flipped.signal, 65535 - GREY16.astype(np.float32))
    assert read_blot(blot, rotate=90).shape == (320, 240)


def test_the_file_is_not_modified(tmp_path):
    path = tmp_path / "blot.tif"
    tifffile.imwrite(path, GREY16)
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    read_blot(path, rotate=3)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("behind", [False, True])
def test_tags_of_a_deep_png_before_and_behind_its_pixels(tmp_path, behind):
    levels = np.random.default_rng(3).integers(100, 60000, (60, 80)).astype(np.uint16)
    exif = Image.Exif()
    exif[272] = "Odyssey 9"
    raw = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(raw)) + b"eXIf" + raw + struct.pack(">I", zlib.crc32(b"eXIf" + raw))
    plain = cv2.imencode(".png", levels)[1].tobytes()
    at = plain.index(b"IEND" if behind else b"IDAT") - 4
    (tmp_path / "b.png").write_bytes(plain[:at] + chunk + plain[at:])
    blot = read_blot(tmp_path / "b.png")
    assert blot.source.metadata["model"] == "Odyssey 9" and blot.source.dtype == "uint16"
