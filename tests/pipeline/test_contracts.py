"""The contracts of the stages from pixels to profiles."""

from __future__ import annotations

import contracts
import numpy as np
import pytest
from strip_blots import curved, draw

from ublot.io.images.reading import read_blot

DRAWN = draw(slope=0.02, membrane=curved, lanes=6, smear=0.5)
CUT = int(0.67 * 400)
STAGED = ["gutter", "rolling-ball", "snip"]


@pytest.mark.parametrize("method", STAGED)
def test_input_is_only_read(method):
    contracts.reads_only(DRAWN.blot, 6, method)


def test_numbers_repeat():
    contracts.repeats(DRAWN.blot, 6, "gutter")


@pytest.mark.parametrize("factor", [2.0, 0.25])
@pytest.mark.parametrize("method", ["gutter", "rolling-ball"])
def test_areas_scale_with_the_signal(method, factor):
    contracts.scales(DRAWN.blot, 6, method, factor, CUT)


@pytest.mark.parametrize("offset", [-1500.0, 3000.0])
@pytest.mark.parametrize("method", ["gutter", "rolling-ball"])
def test_a_constant_changes_nothing(method, offset):
    contracts.ignores_offsets(DRAWN.blot, 6, method, offset, CUT)


def test_mirror_image():
    contracts.mirrors(DRAWN.blot, 6, "gutter", CUT)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 0.02), (np.uint16, 1e-3), (np.float32, 1e-3)])
def test_the_type_of_the_samples_does_not_matter(dtype, tolerance):
    levels = DRAWN.image / DRAWN.image.max() * (250 if dtype == np.uint8 else 60000)
    stored = np.clip(np.rint(levels), 0, 255 if dtype == np.uint8 else 65535).astype(dtype)
    options = {"polarity": "light-on-dark", "response": "linear"}
    _, expected = contracts.run(read_blot(levels.astype(np.float32), **options), 6)
    _, found = contracts.run(read_blot(stored, **options), 6)
    assert np.allclose(contracts.fractions(found, CUT), contracts.fractions(expected, CUT), atol=tolerance)


@pytest.mark.parametrize("order", ["transposed", "strided", "reversed"])
def test_the_layout_of_the_memory_does_not_matter(order):
    stored = np.clip(np.rint(DRAWN.image), 0, 65535).astype(np.uint16)
    rows, cols = stored.shape
    if order == "transposed":
        view = np.asfortranarray(stored)
    elif order == "strided":
        view = np.zeros((2 * rows, 2 * cols), np.uint16)[::2, ::2]
        view[...] = stored
    else:
        view = stored[::-1].copy()[::-1]
    options = {"polarity": "light-on-dark", "response": "linear"}
    _, expected = contracts.run(read_blot(stored, **options), 6)
    _, found = contracts.run(read_blot(view, **options), 6)
    assert np.array_equal(found, expected)
