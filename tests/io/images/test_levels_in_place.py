"""Levels that lie where their signal will, to save memory, give the same signal."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from ublot.io.images.reading import read_blot
from ublot.io.images.tiff import read_tiff


def scene(kind):
    """Bands on a membrane, in 8 bits, 16 bits of either byte order, or floats."""
    rows, cols = np.mgrid[:200, :160]
    bands = sum(
        np.exp(-0.5 * ((rows - r) / 4) ** 2) * (abs(cols - c) < 12) for r, c in ((60, 40), (90, 80), (120, 120))
    )
    levels = 20 + 3 * np.random.default_rng(0).random(rows.shape) + 180 * np.clip(bands, 0, 1)
    return (levels * (1 if kind == "u1" else 200)).astype(kind)


@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2", "<f4"])
@pytest.mark.parametrize("options", [{}, {"polarity": "dark-on-light"}, {"response": "density"}])
def test_the_signal_is_that_of_the_same_levels_elsewhere(tmp_path, kind, options):
    levels = scene(kind)
    tifffile.imwrite(tmp_path / "b.tif", levels, byteorder=">" if kind == ">u2" else None)
    raw = read_tiff(tmp_path / "b.tif", None)
    assert raw.room is not None and np.shares_memory(raw.room, raw.levels)
    assert np.array_equal(raw.levels, levels)
    there = read_blot(tmp_path / "b.tif", **options).signal
    assert np.array_equal(there, read_blot(levels.astype(levels.dtype.newbyteorder("=")), **options).signal)


def test_turned_and_compressed_pictures_are_right(tmp_path):
    levels = scene("<u2")
    for k, more in enumerate(({"compression": "lzw"}, {"tile": (64, 64)}, {"extratags": [(274, "H", 1, 6, True)]})):
        tifffile.imwrite(tmp_path / f"{k}.tif", levels, **more)
        expected = np.rot90(levels, -1) if "extratags" in more else levels
        assert np.array_equal(read_blot(tmp_path / f"{k}.tif").signal, read_blot(np.ascontiguousarray(expected)).signal)
