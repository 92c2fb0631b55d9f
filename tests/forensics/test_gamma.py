"""Gamma curves that a file declares, in files written by Pillow and tifffile, and near misses."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from ublot import read_blot
from ublot.forensics.gamma import gamma_of_icc, gamma_of_xmp


def grey_profile(curve):
    """An ICC profile of a grey space, just the parts that matter."""
    header = bytearray(128)
    header[16:20] = b"GRAY"
    return bytes(header) + struct.pack(">I", 1) + b"kTRC" + struct.pack(">II", 144, len(curve)) + curve


def curv(*values):
    return b"curv" + bytes(4) + struct.pack(f">I{len(values)}H", len(values), *values)


TABLE = curv(*(round(65535 * (k / 255) ** 1.8) for k in range(256)))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("curve", "gamma"),
    [(curv(), 1.0), (curv(563), 2.2), (TABLE, 1.8), (b"para" + bytes(8) + struct.pack(">i", 3 * 65536 // 2), 1.5)],
)
def test_grey_profiles(curve, gamma):
    assert gamma_of_icc(grey_profile(curve)) == pytest.approx(gamma, abs=0.01)


def test_colour_profiles_and_damaged_ones_say_nothing():
    assert gamma_of_icc(SRGB) is None
    whole = grey_profile(TABLE)
    for end in range(0, len(whole), 7):
        assert gamma_of_icc(whole[:end]) is None


def flagged(path):
    blot = read_blot(path)
    assert ("gamma" in blot.flags) == ("gamma" in blot.source.metadata)
    return "gamma" in blot.flags


@pytest.mark.parametrize(
    ("said", "expected"), [(None, False), (100000, False), (45455, False), (55556, True), (220000, True)]
)
def test_png(said, expected, tmp_path):
    info = PngInfo()
    if said:
        info.add(b"gAMA", struct.pack(">I", said))
    Image.fromarray(blot8()).save(tmp_path / "b.png", pnginfo=info)
    assert flagged(tmp_path / "b.png") is expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ((34675, 7, grey_profile(curv(563))), True),
        ((34675, 7, grey_profile(curv())), False),
        ((34675, 7, SRGB), False),
        ((301, 3, tuple(round(65535 * (k / 255) ** 0.5) for k in range(256))), True),
        ((301, 3, tuple(257 * k for k in range(256))), False),
        ((700, 1, b'<x photoshop:ICCProfile="Dot Gain 20%"/>'), True),
        ((700, 1, b'<x photoshop:ICCProfile="sRGB IEC61966-2.1"/>'), False),
        ((700, 1, b'<x crs:ToneCurveName2012="Medium Contrast"/>'), True),
        ((700, 1, b'<x crs:ToneCurveName2012="Linear"/>'), False),
    ],
)
def test_tiff(tag, expected, tmp_path):
    code, kind, value = tag
    tifffile.imwrite(tmp_path / "b.tif", blot16(), extratags=[(code, kind, len(value), value, True)], metadata=None)
    assert flagged(tmp_path / "b.tif") is expected


def test_plain_files_say_nothing(tmp_path):
    tifffile.imwrite(tmp_path / "b.tif", blot16())
    Image.fromarray(np.dstack([blot8()] * 3)).save(tmp_path / "b.jpg", quality=95, icc_profile=SRGB)
    assert not flagged(tmp_path / "b.tif")
    assert not flagged(tmp_path / "b.jpg")


def test_packets_that_are_no_text_are_survived():
    assert gamma_of_xmp(bytes(range(256)) * 3) == ""
    assert "Gray Gamma 2.2" in gamma_of_xmp("<photoshop:ICCProfile>Gray Gamma 2.2</photoshop:ICCProfile>")
    assert gamma_of_xmp("<photoshop:ICCProfile>Gray Gamma 1.0</photoshop:ICCProfile>") == ""
