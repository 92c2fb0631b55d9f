"""What ``ublot view`` opens."""

from __future__ import annotations

from pathlib import Path

import pytest

import ublot


@pytest.fixture
def opened(_needs_display: None):
    """Return `open_viewer`, and close what it opened."""
    from ublot_napari import open_viewer

    viewers = []

    def open_one(path):
        viewers.append(open_viewer(path))
        return viewers[-1]

    yield open_one
    for viewer in viewers:
        viewer.close()


def test_an_image_with_the_panel(opened, root: Path) -> None:
    viewer = opened(root / "test_images" / "dose_series.tif")
    assert [layer.name for layer in viewer.layers] == ["dose_series.tif"]
    (panel,) = viewer.window.dock_widgets.values()
    assert panel.controller.image is viewer.layers[0]
    assert panel.blot.state.layout().roles[0] == "marker"


def test_on_a_small_screen_the_picture_has_the_room_of_napari_s_lists(
    opened, root: Path, until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ublot_napari.view.NARROW", (9999, 9999))
    shown = opened(root / "test_images" / "dose_series.tif").window._qt_viewer
    until(lambda: not shown.dockLayerList.isVisible() and not shown.dockLayerControls.isVisible())


def test_a_result_with_its_lanes_and_scores(opened, root: Path, tmp_path: Path) -> None:
    analysis = ublot.analyze(root / "test_images" / "dose_series.tif", ladder=False)
    analysis.save(tmp_path / "out", report=False)
    viewer = opened(tmp_path / "out")
    (panel,) = viewer.window.dock_widgets.values()
    assert panel.analysis == analysis
    assert panel.answer.table.rowCount() == len(analysis.lanes)
    assert len(viewer.layers["dose_series.tif lanes"].data) == len(analysis.lanes)


def test_what_is_no_blot_opens_no_window(opened, tmp_path: Path) -> None:
    with pytest.raises(ublot.BlotError):
        opened(tmp_path)


def test_a_result_whose_image_is_gone_opens_no_window(opened, root: Path, tmp_path: Path) -> None:
    image = tmp_path / "blot.tif"
    image.write_bytes((root / "test_images" / "dose_series.tif").read_bytes())
    ublot.analyze(image, lanes=12, ladder=False).save(tmp_path / "out", report=False)
    image.unlink()
    with pytest.raises(ublot.BlotError, match=r"blot\.tif: the image of this result is not there; put it back"):
        opened(tmp_path / "out")
