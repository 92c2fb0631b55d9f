"""The panel and what lies on disk: samples, saving, reopening, exporting, several blots, closing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ublot

if TYPE_CHECKING:
    import napari


@pytest.fixture(autouse=True)
def _without_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results without figures: they are tested elsewhere, and take seconds."""
    save = ublot.Analysis.save
    monkeypatch.setattr(ublot.Analysis, "save", lambda self, out, **how: save(self, out, **{**how, "report": False}))


@pytest.fixture
def sample(empty: Any, until: Any) -> Any:
    """Return the panel with the sample measured and a lane moved."""
    empty.viewer.open_sample("ublot", "dose_series")
    empty.blot.set_options({"ladder": False})  # quicker
    empty.controller.find_lanes()
    until(lambda: not empty.runner.busy, 60)
    layer = empty.picture.lanes
    layer.selected_data = {3}
    strips = list(layer.data)
    strips[3] = strips[3] + [0.0, 4.0]
    layer.data = strips
    until(lambda: not empty.runner.busy)
    return empty


def test_samples_bring_layout_and_marker(sample: Any) -> None:
    roles = [row["role"] for row in sample.layout_editor.rows()]
    assert roles[:4] == ["marker", "negative", "vehicle", "vehicle"]
    assert sample.analysis.calibration.kind == "marker"
    assert sample.blot.unsaved


@pytest.mark.parametrize("key", ["smear", "hard_blot"])
def test_the_other_samples_open(empty: Any, key: str) -> None:
    (layer,) = empty.viewer.open_sample("ublot", key)
    low, high = layer.contrast_limits
    assert layer.data.min() <= low < high <= layer.data.max()
    assert empty.layout_editor.rows()[0]["role"] == "marker"


def test_saved_and_reopened_everything_is_as_it_was(sample: Any, until: Any, tmp_path: Path) -> None:
    viewer = sample.viewer
    folder = tmp_path / "out.ublot"
    sample.exporter.save_to(folder)
    until(lambda: not sample.second.busy, 60)
    assert str(folder) in sample.status.text()
    assert not sample.blot.unsaved
    first, strips = sample.analysis, [np.array(strip) for strip in sample.picture.lanes.data]
    viewer.layers.clear()
    assert sample.blot is None

    viewer.open(folder, plugin="ublot")
    again = sample.analysis
    assert again == first
    assert again.rerun() == first
    assert sample.blot.state.edits == first.edits
    for shown, strip in zip(sample.picture.lanes.data, strips, strict=True):
        np.testing.assert_allclose(shown, strip, atol=1e-3)
    assert not sample.blot.unsaved
    sample.controller.select_lane(5)
    assert sample.profile.lane.value() == 5


def test_a_result_of_a_newer_version_is_one_clear_line(empty: Any, root: Path, tmp_path: Path) -> None:
    viewer = empty.viewer
    ublot.analyze(root / "test_images" / "dose_series.tif", ladder=False).save(tmp_path / "out", report=False)
    path = tmp_path / "out" / "analysis.json"
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(record | {"schema": 99}), "utf-8")
    with pytest.raises(ublot.BlotError, match=r"newer version of ublot.*update"):
        viewer.open(tmp_path / "out", plugin="ublot")
    assert len(viewer.layers) == 0


def test_a_folder_that_cannot_be_written_is_one_clear_line(sample: Any, until: Any) -> None:
    # Nobody can make a folder there, root included.
    sample.exporter.save_to(Path("/proc/ublot/out"))
    until(lambda: not sample.second.busy, 60)
    assert "/proc/ublot/out" in sample.status.text() and "cannot" in sample.status.text()
    assert "Traceback" not in sample.status.text()
    assert sample.blot.unsaved


def test_figures_and_tables_are_exported(sample: Any, until: Any, tmp_path: Path) -> None:
    from qtpy.QtGui import QGuiApplication

    for kind, name in (("scores", "s.png"), ("overlay", "o.svg")):
        sample.exporter.figure_to(kind, tmp_path / name)
        until(lambda: not sample.second.busy, 60)
    for name in ("t.csv", "t.xlsx"):
        sample.exporter.table_to(tmp_path / name)
        until(lambda: not sample.second.busy, 60)
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "o.svg").read_bytes()[:2000]
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith("image,lane,role")
    assert (tmp_path / "t.xlsx").read_bytes().startswith(b"PK")
    sample.exporter.figure_to("scores", tmp_path / "s.docx")
    until(lambda: not sample.second.busy)
    assert "use .png or .svg" in sample.status.text()
    sample.copy_table()
    assert QGuiApplication.clipboard().text().splitlines()[0].startswith("lane\trole\tcompound")


def test_two_blots_do_not_mix(sample: Any, root: Path, until: Any) -> None:
    first, image = sample.analysis, sample.controller.image
    sample.viewer.open(root / "test_images" / "dose_series.tif", plugin="ublot")
    assert sample.analysis is None
    assert not image.visible and not sample.controller.pictures[image].lanes.visible
    sample.controller.find_lanes()
    sample.controller.show_blot(image)  # while the other one is being measured
    until(lambda: not sample.runner.busy, 60)
    assert sample.analysis is first
    assert image.visible and sample.controller.pictures[image].lanes.visible
    assert (
        len(sample.answer.table.findItems("simulated", __import__("qtpy.QtCore").QtCore.Qt.MatchFlag.MatchContains))
        == 0
    )
    assert sample.answer.table.rowCount() == len(first.lanes)
    other = sample.controller.images[1]
    sample.controller.show_blot(other)
    assert sample.analysis is None and sample.foot.undo.isEnabled() is False


def test_closing_with_unsaved_edits_asks(sample: Any, monkeypatch: Any, tmp_path: Path) -> None:
    from qtpy.QtGui import QCloseEvent
    from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

    asked: list[str] = []
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save]
    monkeypatch.setattr(QMessageBox, "question", lambda *a, **k: (asked.append(a[2]), answers.pop(0))[1])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "kept"), ""))
    event = QCloseEvent()
    QApplication.sendEvent(sample.window(), event)
    assert not event.isAccepted()
    assert "not saved" in asked[0]
    assert sample.exporter.may_close(sample.controller.blots)
    assert ublot.load(tmp_path / "kept").edits == sample.blot.state.edits
    assert sample.exporter.may_close(sample.controller.blots) and len(asked) == 2


def test_a_panel_that_was_closed_comes_back_with_its_edits(viewer: napari.Viewer, until: Any) -> None:
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    viewer.open_sample("ublot", "dose_series")
    panel.blot.set_options({"ladder": False})
    panel.controller.find_lanes()
    until(lambda: not panel.runner.busy, 60)
    panel.controller.do(lambda blot: blot.move_boundary(4, blot.shown.ladders[3].boundary_row - 3))
    until(lambda: not panel.runner.busy)
    before, layers = panel.analysis, list(viewer.layers)
    viewer.window.remove_dock_widget(panel)
    _, again = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    assert again is not panel
    assert again.analysis is before and list(viewer.layers) == layers
    assert again.foot.undo.isEnabled()
    strips = list(again.picture.lanes.data)
    strips[3] = strips[3] + [0.0, 4.0]
    again.picture.lanes.data = strips
    until(lambda: not again.runner.busy)
    assert again.analysis is not before
    assert not panel.runner.busy
    again.blot.saved(None)
