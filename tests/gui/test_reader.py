"""Opening a blot in a real napari window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tifffile

if TYPE_CHECKING:
    import napari


def test_open_shows_dark_bands(viewer: napari.Viewer, tmp_path: Path) -> None:
    level = np.full((300, 400), 50_000, np.uint16)
    level[200:215, 60:140] = 5_000
    level += np.random.default_rng(0).integers(0, 400, level.shape, dtype=np.uint16)
    path = tmp_path / "band.tif"
    tifffile.imwrite(path, level)

    (layer,) = viewer.open(path, plugin="ublot")
    viewer.fit_to_view()
    shot = viewer.screenshot(canvas_only=True, flash=False)[..., :3].mean(axis=-1)

    assert layer.metadata["ublot"]["image"] == "band.tif"
    # The band lies in the left half, below the middle; everything else on the membrane is light.
    rows, cols = np.nonzero(shot < 40)
    canvas = shot.shape
    inside = (np.abs(rows - canvas[0] * 0.68) < canvas[0] * 0.1) & (cols < canvas[1] / 2)
    assert inside.any()
    assert np.median(shot[canvas[0] // 3 : canvas[0] // 2, canvas[1] // 3 : canvas[1] // 2]) > 180


def test_a_text_file_in_disguise_is_one_clear_line(viewer: napari.Viewer, tmp_path: Path) -> None:
    import pytest

    import ublot

    path = tmp_path / "not_a_blot.tif"
    path.write_text("lane,role\n")
    with pytest.raises(ublot.BlotError, match=r"not_a_blot\.tif"):
        viewer.open(path, plugin="ublot")
    assert len(viewer.layers) == 0
