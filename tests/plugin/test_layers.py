"""The plugin without a window: manifest, reader, and layers on napari's own model."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile

import ublot

pytest.importorskip("napari", reason="napari is an optional extra")

from napari.components import ViewerModel
from npe2 import PluginManifest
from ublot_napari import reader
from ublot_napari.layers import lanes as layers
from ublot_napari.layers.annotations import axis_layer, numbers_shown
from ublot_napari.layers.foreign import SUFFIXES
from ublot_napari.state.strips import lane_of_strip, strip_of_lane


def picture() -> np.ndarray:
    """Return 16-bit levels, dark bands on a light membrane, without any symmetry that could hide a flip."""
    rows, cols = np.mgrid[:120, :200]
    level = np.full(rows.shape, 60_000.0)
    for centre, depth in ((50, 30_000), (110, 20_000), (160, 40_000)):
        level -= depth * np.exp(-(((rows - 80) / 3.0) ** 2) - ((cols - centre) / 9.0) ** 4)
    return (level + np.random.default_rng(3).normal(0, 60, level.shape)).astype(np.uint16)


@pytest.fixture
def tif(tmp_path: Path) -> Path:
    path = tmp_path / "Blot.TIF"
    tifffile.imwrite(path, picture())
    return path


def test_manifest_names_every_suffix_once() -> None:
    manifest = PluginManifest.from_distribution("ublot")
    patterns = [p for r in manifest.contributions.readers or [] for p in r.filename_patterns]
    assert sorted(patterns) == sorted([*(f"*{suffix}" for suffix in SUFFIXES), "*.ublot"])


def test_manifest_commands_can_be_imported() -> None:
    manifest = PluginManifest.from_distribution("ublot")
    manifest.validate_imports()
    assert {c.id.split(".")[0] for c in manifest.contributions.commands or []} == {"ublot"}


def test_reader_takes_blots_only() -> None:
    assert reader.get_reader("/data/gel.1sc") is reader.read
    assert reader.get_reader(["a.TIF", "b.tiff"]) is reader.read
    assert reader.get_reader("notes.txt") is None
    assert reader.get_reader(["a.tif", "cells.zarr"]) is None


def test_reader_gives_the_signal_unmoved(tif: Path) -> None:
    ((signal, keywords, kind),) = reader.read(str(tif))
    viewer = ViewerModel()
    (layer,) = [viewer.add_layer(layer) for layer in _made(signal, keywords, kind)]
    darkest = np.unravel_index(int(np.argmin(picture())), (120, 200))
    brightest = np.unravel_index(int(np.argmax(layer.data)), (120, 200))
    assert brightest == darkest
    assert layer.data_to_world(darkest) == pytest.approx(darkest)
    assert layer.name == "Blot.TIF"
    assert viewer.dims.ndim == 2


def test_protein_is_drawn_dark_and_membrane_light(tif: Path) -> None:
    ((signal, keywords, kind),) = reader.read(str(tif))
    (layer,) = _made(signal, keywords, kind)
    low, high = layer.contrast_limits
    shown = layer.colormap.map(np.clip((np.array([signal[20, 20], signal.max()]) - low) / (high - low), 0, 1))
    assert shown[0, :3].mean() > 0.8
    assert shown[1, :3].mean() < 0.1


def test_provenance_is_the_files(tif: Path) -> None:
    import hashlib

    ((_, keywords, _),) = reader.read(str(tif))
    told = keywords["metadata"]["ublot"]
    assert told["sha256"] == hashlib.sha256(tif.read_bytes()).hexdigest()
    assert (told["dtype"], told["stored_shape"], told["size_bytes"]) == ("uint16", (120, 200), tif.stat().st_size)
    assert told["polarity"] == "dark-on-light"
    assert keywords["metadata"]["ublot_blot"].signal.shape == (120, 200)


def test_limits_of_a_blank_membrane_are_usable() -> None:
    source = ublot.read_blot(picture()).source
    flat = ublot.Blot(np.full((40, 40), 7.0, np.float32), None, None, "light-on-dark", "linear", 65535.0, source)
    low, high = layers.display_limits(flat)
    assert low == 7.0 < high


def _made(signal: np.ndarray, keywords: dict, kind: str) -> list:
    from napari.layers import Layer

    return [Layer.create(signal, keywords, kind)]


WINDOW = ublot.Window(10, 110, 0, 200)
BENT = ublot.Lane(2, (20.0, 60.0, 100.0), (48.0, 50.0, 55.0), 18.0)


def test_strip_is_the_lane_at_its_width() -> None:
    strip = strip_of_lane(BENT, WINDOW)
    # Centre line by hand: 0.05 px per row above row 60 and 0.125 below, extrapolated to the window's edges.
    centre = np.array([48 - 10.5 * 0.05, 48, 50, 55, 55 + 9.5 * 0.125])
    np.testing.assert_allclose(strip[:5], np.column_stack([[9.5, 20, 60, 100, 109.5], centre - 9]))
    np.testing.assert_allclose(strip[5:], np.column_stack([[109.5, 100, 60, 20, 9.5], (centre + 9)[::-1]]))


def test_lane_comes_back_from_its_strip_through_napari() -> None:
    lanes = ublot.Lanes((ublot.Lane(1, (60.0,), (20.0,), 15.0), BENT), WINDOW, pitch=30.0)
    (layer,) = _made(*layers.lanes_layer(lanes, {"role": ["vehicle", "sample"]}))
    rows = np.arange(WINDOW.top, WINDOW.bottom)
    for outline, lane in zip(layer.data, lanes, strict=True):
        back = lane_of_strip(outline, lane.number)
        np.testing.assert_allclose(back.centre(rows), lane.centre(rows), atol=1e-3)
        assert back.width == pytest.approx(lane.width, abs=1e-3)
    assert list(layer.features["lane"]) == [1, 2]
    assert not np.allclose(layer.edge_color[0], layer.edge_color[1])


def test_a_dragged_corner_moves_the_centre_by_half() -> None:
    strip = strip_of_lane(BENT, WINDOW)
    strip[2, 1] -= 4.0  # the left side at row 60
    back = lane_of_strip(strip, 2)
    assert back.centre(60.0) == pytest.approx(48.0)
    assert back.centre(100.0) == pytest.approx(55.0)
    assert back.width == pytest.approx(18.0)


def test_a_drawn_rectangle_is_a_straight_lane() -> None:
    back = lane_of_strip(np.array([[10.0, 30.0], [10.0, 50.0], [90.0, 50.0], [90.0, 30.0]]), 3)
    assert back.centre([10.0, 50.0, 90.0]) == pytest.approx([40.0, 40.0, 40.0])
    assert (back.width, back.number, back.angle_deg) == (pytest.approx(20.0), 3, pytest.approx(0.0))


@pytest.mark.parametrize("outline", [[[5.0, 5.0]] * 4, [[5.0, 5.0], [50.0, 5.0], [90.0, 5.0]]])
def test_an_outline_without_extent_is_refused(outline: list[list[float]]) -> None:
    with pytest.raises(ublot.BlotError, match="lane 4"):
        lane_of_strip(np.array(outline), 4)


@pytest.mark.parametrize("count", [4, 15, 26, 60])
def test_numbers_of_lanes_have_room_on_the_screen(count: int) -> None:
    for apart in (5.0, 9.0, 16.0, 24.0, 40.0):  # px of the screen from lane to lane
        columns = [100 + 3 * apart * k for k in range(count)]
        shown = numbers_shown(columns, pixel=3.0)
        told = [(column / 3.0, text) for column, text in zip(columns, shown, strict=True) if text]
        assert [text for _, text in told] == [str(k + 1) for k, text in enumerate(shown) if text]
        for (one, text), (other, _) in itertools.pairwise(told):
            assert other - one >= 11 * len(text)  # as wide as napari draws letters of that size
        assert len(told) > 1 or count * apart < 40
        assert len(told) == count or apart < 40


def test_ticks_of_the_axis_have_room_on_the_screen() -> None:
    found = ublot.simulate_blot(seed=5, lanes=8, shape=(320, 420))
    analysis = ublot.analyze(found.image, layout=found.layout, ladder=False, marker=found.truth["marker_kda"])
    many = 0
    for pixel in (0.2, 1.0, 4.0):
        lines, keywords, _ = axis_layer(analysis, "kDa", pixel)
        rows = sorted(line[0, 0] for line, text in zip(lines, keywords["features"]["label"], strict=True) if text)
        assert np.diff(rows).min() >= 15 * pixel  # as high as its letters
        assert lines[0][1, 1] - lines[0][0, 1] >= 33 * pixel  # as wide as "500"
        assert many == 0 or len(rows) < many
        many = len(rows)
