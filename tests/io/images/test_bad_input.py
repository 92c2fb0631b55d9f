"""What is no blot is refused in one clear line."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16
from PIL import Image

from ublot import BlotError, Window, read_blot

GREY = blot16()


def tiff_bytes(levels, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, levels, **options)
    return buffer.getvalue()


def raster_bytes(levels, suffix):
    return cv2.imencode(suffix, levels)[1].tobytes()


def pillow_bytes(levels, kind):
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, kind)
    return buffer.getvalue()


def refused(source, **options):
    with pytest.raises(BlotError) as error:
        read_blot(source, **options)
    line = str(error.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


def test_missing(tmp_path):
    assert "nothing.tif" in refused(tmp_path / "nothing.tif")


def test_folder(tmp_path):
    assert "folder" in refused(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"hello, I am a text file\n" * 9, b"PK\x03\x04" + b"0" * 99, b"\x00" * 500, b"%PDF-1.7\n"]
)
def test_not_an_image(tmp_path, content):
    path = tmp_path / "blot.tif"
    path.write_bytes(content)
    assert "blot.tif" in refused(path)


FILES = {
    "raw.tif": tiff_bytes(GREY),
    "lzw.tif": tiff_bytes(GREY, compression="lzw"),
    "zip.tif": tiff_bytes(GREY, compression="zlib"),
    "tiles.tif": tiff_bytes(GREY, tile=(64, 64)),
    "deep.png": raster_bytes(GREY, ".png"),
    "flat.png": raster_bytes(blot8(), ".png"),
    "lossy.jpg": raster_bytes(blot8(), ".jpg"),
    "flat.bmp": raster_bytes(blot8(), ".bmp"),
    "flat.gif": pillow_bytes(blot8(), "GIF"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.9])
def test_truncated(tmp_path, name, share):
    content = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    read_blot(path)
    path.write_bytes(content[: max(12, int(share * len(content)))])
    assert name in refused(path)


@pytest.mark.parametrize("name", FILES)
def test_damaged_headers_never_escape_as_another_exception(tmp_path, name):
    """Whatever a byte is turned into, the file is read or refused."""
    content = bytearray(FILES[name])
    rng = np.random.default_rng(5)
    for trial in range(25):
        damaged = bytearray(content)
        for at in rng.integers(4, min(400, len(content)), 3):
            damaged[at] = rng.integers(0, 256)
        path = tmp_path / f"{trial}{name}"
        path.write_bytes(damaged)
        try:
            read_blot(path)
        except BlotError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("bits", [8, 16])
def test_one_level_is_no_picture(bits):
    assert "level" in refused(np.full((64, 64), 7, f"uint{bits}"))


@pytest.mark.parametrize("far", [3e38, -3e38, 2e15])
def test_levels_that_no_detector_counts(far):
    levels = np.full((40, 40), 100.0)
    levels[7, 7] = far
    with pytest.raises(BlotError, match="levels as far out as"):
        read_blot(levels)


def test_large_levels_that_are_still_exact_are_read():
    levels = 1e12 * np.random.default_rng(1).random((60, 60))
    assert np.isfinite(read_blot(levels).signal).all()


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (3, 3)])
def test_too_small(shape):
    rng = np.random.default_rng(0)
    assert "small" in refused(rng.integers(0, 9, shape, dtype=np.uint16))


@pytest.mark.parametrize("array", [np.zeros(9), np.zeros((2, 2, 2, 2)), np.zeros((9, 9, 7)), np.zeros((9, 9), bool)])
def test_arrays_that_are_no_image(array):
    assert "array" in refused(array)


def test_absurd_size_is_refused_before_decoding(tmp_path):
    """A header that claims 60000 x 60000 pixels in a file of some bytes."""
    entries = [(256, 60000), (257, 60000), (258, 16), (259, 5), (262, 1), (273, 8), (277, 1), (278, 60000), (279, 40)]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", c, 4, 1, v) for c, v in entries)
    path = tmp_path / "huge.tif"
    path.write_bytes(b"II*\x00" + struct.pack("<I", 8) + body + b"\0" * 40)
    assert "60000" in refused(path)
    png = bytearray(FILES["deep.png"])
    png[16:24] = struct.pack(">II", 60000, 60000)
    (tmp_path / "huge.png").write_bytes(png)
    refused(tmp_path / "huge.png")


def test_unreadable(tmp_path, monkeypatch):
    path = tmp_path / "blot.tif"
    path.write_bytes(FILES["raw.tif"])

    def deny(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", deny)
    assert "Permission denied" in refused(path)


def test_levels_that_are_not_finite_are_not_valid():
    levels = GREY.astype(np.float64)
    levels[10:14, 20:30] = np.nan
    levels[0, 0] = np.inf
    blot = read_blot(levels)
    assert blot.valid is not None
    np.testing.assert_array_equal(~blot.valid, ~np.isfinite(levels))
    assert np.isfinite(blot.signal).all()
    assert blot.polarity == "light-on-dark"


def test_nothing_finite():
    assert "finite" in refused(np.full((64, 64), np.nan))


@pytest.mark.parametrize(
    "options",
    [
        {"polarity": "dark"},
        {"response": "log"},
        {"channel": 2},
        {"channel": 0},
        {"rotate": float("nan")},
        {"roi": Window(0, 241, 0, 10)},
        {"roi": Window(10, 10, 0, 10)},
        {"roi": Window(-1, 10, 0, 10)},
    ],
    ids=str,
)
def test_options_that_cannot_be(options):
    refused(GREY, **options)


def test_black_and_white_holds_no_intensities(tmp_path):
    Image.fromarray(GREY > 4000).save(tmp_path / "blot.png")
    assert "1-bit" in refused(tmp_path / "blot.png")
    tifffile.imwrite(tmp_path / "blot.tif", GREY > 4000, photometric="minisblack")
    assert "1-bit" in refused(tmp_path / "blot.tif")


def test_inks_are_not_intensities(tmp_path):
    tifffile.imwrite(tmp_path / "blot.tif", np.dstack([blot8()] * 4), photometric="separated")
    assert "CMYK" in refused(tmp_path / "blot.tif")


def test_samples_of_different_depths_are_refused_before_memory_is_taken(tmp_path):
    """The number of bits of each sample is then no number, and what is multiplied by it no size."""
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.zeros((600, 800, 3), np.uint8), photometric="rgb")
    content = path.read_bytes()
    with tifffile.TiffFile(path) as tif:
        at = tif.pages[0].tags["BitsPerSample"].valueoffset
    path.write_bytes(content[: at + 2] + b"\x00\x03" + content[at + 4 :])
    with pytest.raises(BlotError, match="different numbers of bits"):
        read_blot(path)
