"""Layers that other readers and programs made: which are taken as they are, and what is read of the others."""

from __future__ import annotations

import numpy as np
import pytest

import ublot

pytest.importorskip("napari", reason="napari is an optional extra")

from napari.layers import Image
from ublot_napari.layers.foreign import is_plain, read_again


def bands(seed: int = 0, rows: tuple[int, ...] = (70, 90)) -> np.ndarray:
    """Bright bands in five lanes, 16 bits."""
    y, x = np.mgrid[:120, :200].astype(float)
    level = 900 + np.random.default_rng(seed).normal(0, 15, y.shape)
    for lane in range(5):
        across = np.exp(-(((x - 30 - 35 * lane) / 11) ** 4))
        for row in rows:
            level += 8000 * across * np.exp(-0.5 * ((y - row) / 2.5) ** 2)
    return level.clip(0, 65535).astype(np.uint16)


PLACED = {
    "scale": {"scale": (0.1, 0.1)},
    "translate": {"translate": (5, 5)},
    "rotate": {"rotate": 10},
    "shear": {"shear": [0.2]},
    "affine": {"affine": [[1, 0.1, 3], [0, 1, 0], [0, 0, 1]]},
}


@pytest.mark.parametrize("placed", PLACED.values(), ids=PLACED)
def test_what_stands_elsewhere_is_read_pixel_by_pixel(placed):
    assert is_plain(Image(bands()))
    image = Image(bands(), **placed)
    assert not is_plain(image)
    pixels, described, kind = read_again(image, (0, 0))
    assert kind == "image"
    np.testing.assert_allclose(pixels, ublot.read_blot(bands()).signal)
    assert not {"scale", "translate", "rotate", "shear", "affine"} & set(described)


@pytest.mark.parametrize("form", ["array", "lazy"])
def test_of_a_stack_the_plane_that_is_shown(form):
    stack = np.stack([bands(1, (40,)), bands(2), bands(3, (100,))])[None]
    if form == "lazy":
        stack = pytest.importorskip("dask.array").from_array(stack, chunks=64)
    image = Image(stack, name="run")
    assert not is_plain(image)
    for plane in range(3):
        pixels, described, _ = read_again(image, (7, 0, plane, 60, 80))  # a slider more, of another layer
        np.testing.assert_allclose(pixels, ublot.read_blot(np.asarray(stack[0, plane])).signal)
        assert described["name"] == f"run [1, {plane + 1}]"


def test_of_a_pyramid_the_full_picture():
    levels = [bands(), bands()[::2, ::2]]
    image = Image(levels, multiscale=True)
    assert not is_plain(image)
    assert read_again(image, (0, 0))[0].shape == levels[0].shape


def test_colours_are_judged_as_those_of_a_file():
    grey = np.stack([bands() // 256] * 3, axis=-1).astype(np.uint8)
    grain = np.random.default_rng(4).normal(6, 2, (120, 200, 2)).clip(0)
    seen = np.stack([bands(1, (40, 100)), bands()], axis=-1) // 64 + grain
    dyes = np.concatenate([seen, 0 * seen[..., :1]], axis=-1).clip(0, 255).astype(np.uint8)
    for colours in (grey, dyes):
        image = Image(colours, rgb=True)
        assert not is_plain(image)
        blot = read_again(image, (0, 0))[1]["metadata"]["ublot_blot"]
        assert blot.flags == ublot.read_blot(colours).flags
        assert ("dyes_merged" in blot.flags) == (colours is dyes)


@pytest.mark.parametrize("pixels", [np.zeros((40, 50, 2, 30)), np.zeros((60, 80)), np.full((60, 80), np.nan)])
def test_what_is_no_blot_is_refused_under_its_own_name(pixels):
    with pytest.raises(ublot.BlotError, match="film"):
        read_again(Image(pixels, name="film"), (0,) * pixels.ndim)
