"""Colours give the levels they were made from, or are refused."""

from __future__ import annotations

import cv2
import matplotlib
import numpy as np
import pytest
import tifffile
from io_blots import blot8, blot16
from PIL import Image

from ublot import BlotError, read_blot
from ublot.model import Window

GREY8, GREY16 = blot8(), blot16()


def table(name):
    return np.rint(matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).astype(np.uint8)


def read_levels(path, **options):
    return read_blot(path, polarity="light-on-dark", response="linear", **options)


@pytest.mark.parametrize("name", ["jet", "nipy_spectral", "gnuplot", "Greens"])
@pytest.mark.parametrize("kind", ["tif", "png"])
def test_places_in_a_colour_table_are_the_levels(tmp_path, name, kind):
    path = tmp_path / f"blot.{kind}"
    if kind == "tif":
        tifffile.imwrite(path, GREY8, photometric="palette", colormap=table(name).T.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(GREY8)
        image.putpalette(table(name).tobytes())
        image.save(path)
    blot = read_levels(path)
    np.testing.assert_array_equal(blot.signal, GREY8)
    assert {"eight_bit", "pseudocolour"} <= set(blot.flags)


@pytest.mark.parametrize("kind", ["tif", "png"])
def test_a_table_that_jumps_stands_for_no_level(tmp_path, kind):
    jumping = np.random.default_rng(1).integers(0, 256, (256, 3)).astype(np.uint8)
    path = tmp_path / f"blot.{kind}"
    if kind == "tif":
        tifffile.imwrite(path, GREY8, photometric="palette", colormap=jumping.T.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(GREY8)
        image.putpalette(jumping.tobytes())
        image.save(path)
    with pytest.raises(BlotError, match=r"false colours.*export it in 16-bit grey"):
        read_blot(path)


def test_a_palette_of_greys_is_grey(tmp_path):
    greys = np.repeat(np.arange(256, dtype=np.uint16)[::-1] * 257, 3).reshape(256, 3).T
    tifffile.imwrite(tmp_path / "blot.tif", GREY8, photometric="palette", colormap=greys)
    blot = read_levels(tmp_path / "blot.tif")
    np.testing.assert_array_equal(blot.signal, 255.0 - GREY8)
    assert "pseudocolour" not in blot.flags


@pytest.mark.parametrize("name", ["jet", "rainbow", "hot", "inferno", "turbo"])
def test_false_colours_of_a_known_table_are_taken_back(tmp_path, name):
    Image.fromarray(table(name)[GREY8]).save(tmp_path / "blot.png")
    blot = read_levels(tmp_path / "blot.png")
    # Places that share a colour cannot be told apart; jet has runs of three at its ends.
    assert np.abs(blot.signal - GREY8).max() <= 4
    assert np.abs(blot.signal - GREY8).mean() < 0.5
    assert "pseudocolour" in blot.flags


@pytest.mark.parametrize("name", ["cubehelix", "gnuplot2", "coolwarm"])
def test_false_colours_of_another_table_are_refused(tmp_path, name):
    Image.fromarray(table(name)[GREY8]).save(tmp_path / "blot.png")
    with pytest.raises(BlotError, match="false colours"):
        read_blot(tmp_path / "blot.png")


@pytest.mark.parametrize("hue", [(0, 1, 0), (1, 0, 0), (1, 1, 0), (0, 1, 1)], ids=["green", "red", "yellow", "cyan"])
def test_one_dye_in_its_colour_is_its_own_channel(tmp_path, hue):
    Image.fromarray(np.stack([GREY8 * k for k in hue], -1).astype(np.uint8)).save(tmp_path / "blot.png")
    blot = read_levels(tmp_path / "blot.png")
    np.testing.assert_array_equal(blot.signal, GREY8)
    assert "colour_merged" not in blot.flags


@pytest.mark.parametrize("light", [True, False], ids=["bright", "dark"])
@pytest.mark.parametrize("deep", [True, False], ids=["16", "8"])
def test_two_dyes_are_never_averaged_without_a_refusal(tmp_path, light, deep):
    one, other = (blot16(seed=1), cv2.flip(blot16(seed=2), 0)) if deep else (blot8(seed=1), cv2.flip(blot8(seed=2), 0))
    merge = np.stack([one, other, np.zeros_like(one)], -1)
    if not light:
        merge = np.iinfo(merge.dtype).max - merge
    path = tmp_path / "merge.tif"
    tifffile.imwrite(path, merge, photometric="rgb")
    blot = read_blot(path)
    assert "dyes_merged" in blot.flags
    assert blot.source.metadata["channels"] == "1 red, 2 green"
    for channel, levels in ((1, merge[..., 0]), (2, merge[..., 1])):
        chosen = read_levels(path, channel=channel)
        np.testing.assert_array_equal(chosen.signal, levels)
        assert "dyes_merged" not in chosen.flags


def test_a_tinted_scan_is_one_picture(tmp_path):
    """A blue film: every channel sees the same silver through the base's own colour, each with its own noise."""
    rng = np.random.default_rng(3)
    film = 240.0 - GREY8
    tinted = np.stack([0.75 * film, 0.9 * film, film + 10], -1) + rng.normal(0, 1.5, (*film.shape, 3))
    Image.fromarray(tinted.clip(0, 255).astype(np.uint8)).save(tmp_path / "film.png")
    blot = read_blot(tmp_path / "film.png")
    assert "colour_merged" in blot.flags
    assert "dyes_merged" not in blot.flags


def test_marks_in_colour_are_left_out_and_said(tmp_path):
    picture = np.stack([255 - GREY8] * 3, -1)
    cv2.putText(picture, "birinapant", (40, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (220, 30, 30), 2, cv2.LINE_AA)
    cv2.rectangle(picture, (100, 60), (180, 120), (30, 30, 220), 1)
    Image.fromarray(picture).save(tmp_path / "blot.png")
    blot = read_blot(tmp_path / "blot.png", response="linear")
    assert "drawn_over" in blot.flags
    changed = (picture != (255 - GREY8)[..., None]).any(axis=-1)
    assert not blot.valid[changed].any()
    assert blot.valid[~changed].mean() > 0.98
    # What stands under the marks is like what stands beside them, not like ink.
    assert np.abs(blot.signal - GREY8)[changed].max() < 60
    assert np.abs(blot.signal - GREY8)[~changed & blot.valid].max() == 0


def test_a_coloured_film_on_a_slide_is_no_mark(tmp_path):
    """A blue film with black bands on a grey slide, and a red arrow: the film is read, the arrow left out."""
    rng = np.random.default_rng(3)
    slide = np.full((720, 960, 3), 255.0)
    film = np.ones((100, 240))
    for x in range(20, 240, 40):
        film -= 0.9 * np.exp(-(((np.arange(100)[:, None] - 50) / 5) ** 2) - ((np.arange(240) - x) / 12.0) ** 4)
    slide[200:300, 120:360] = film[..., None] * (90, 130, 190) + rng.normal(0, 1.5, (100, 240, 1))
    cv2.line(slide, (600, 400), (700, 450), (230, 20, 20), 3)
    Image.fromarray(slide.clip(0, 255).astype(np.uint8)).save(tmp_path / "slide.png")
    blot = read_blot(tmp_path / "slide.png", roi=Window(200, 300, 120, 360))
    assert "drawn_over" in blot.flags and not blot.valid[425, 650]
    inside = np.s_[204:296, 124:356]
    assert blot.valid[inside].all()
    bands = blot.signal[250, 120:360]
    assert np.ptp(bands) > 0.5 * np.ptp(blot.signal)


def test_marks_of_saturation_are_saturated_pixels(tmp_path):
    levels = (blot8(height=60000.0) * 1.0).clip(0, 255).astype(np.uint8)
    full = levels == 255
    assert 100 < full.sum() < 10_000
    picture = np.stack([255 - levels] * 3, -1)
    picture[full] = (255, 0, 0)
    Image.fromarray(picture).save(tmp_path / "blot.png")
    blot = read_blot(tmp_path / "blot.png", response="linear")
    assert blot.saturated[full].mean() > 0.95
    assert blot.signal[full].min() >= np.quantile(blot.signal[~full], 0.999)


@pytest.mark.parametrize("mode", ["CMYK", "LAB"])
def test_inks_and_lightness_are_refused(tmp_path, mode):
    image = Image.fromarray(np.stack([GREY8] * (4 if mode == "CMYK" else 3), -1), mode)
    image.save(tmp_path / "blot.tif")
    with pytest.raises(BlotError, match="export it in 16-bit grey"):
        read_blot(tmp_path / "blot.tif")


def test_inks_in_a_jpeg_are_refused(tmp_path):
    Image.fromarray(np.stack([GREY8] * 4, -1), "CMYK").save(tmp_path / "blot.jpg")
    with pytest.raises(BlotError, match="CMYK"):
        read_blot(tmp_path / "blot.jpg")


def test_an_empty_first_picture_names_the_others(tmp_path):
    pages = np.stack([np.full_like(GREY16, 40000), GREY16])
    tifffile.imwrite(
        tmp_path / "blot.tif", pages, imagej=True, metadata={"axes": "CYX", "Labels": ["Colorimetric", "Chemi"]}
    )
    with pytest.raises(BlotError, match=r"1 Colorimetric, 2 Chemi; choose one with --channel"):
        read_blot(tmp_path / "blot.tif")
    np.testing.assert_array_equal(read_levels(tmp_path / "blot.tif", channel=2).signal, GREY16)
