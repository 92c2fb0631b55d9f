"""What a file says is up comes out up: tag and EXIF, compared with Pillow's own turning."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16
from PIL import Image, ImageOps

from ublot import read_blot

GREY8, GREY16 = blot8(rows=60, cols=90), blot16(rows=60, cols=90)


def as_shown(levels, tag):
    """The picture as Pillow shows it."""
    image = Image.fromarray(levels)
    image.getexif()[274] = tag
    return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["tif", "png", "jpg"])
def test_the_orientation_of_a_file_is_honoured_and_recorded(tmp_path, tag, kind):
    path = tmp_path / f"blot.{kind}"
    if kind == "tif":
        tifffile.imwrite(path, GREY16, extratags=[(274, "H", 1, tag, True)])
        expected = as_shown(GREY16, tag)
    else:
        exif = Image.Exif()
        exif[274] = tag
        Image.fromarray(GREY8).save(path, exif=exif)
        expected = as_shown(np.asarray(Image.open(path)), tag)
    blot = read_blot(path, polarity="light-on-dark", response="linear")
    np.testing.assert_array_equal(blot.signal, expected)
    assert blot.source.shape == expected.shape
    assert ("orientation" in blot.source.metadata) == (tag != 1)


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_a_damaged_orientation_turns_nothing(tmp_path, tag):
    tifffile.imwrite(tmp_path / "blot.tif", GREY16, extratags=[(274, "H", 1, tag, True)])
    blot = read_blot(tmp_path / "blot.tif", polarity="light-on-dark", response="linear")
    np.testing.assert_array_equal(blot.signal, GREY16)
