"""Opening, dropping, other readers' pictures, lanes drawn by hand, keys: what happens first, with real events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import ublot


@pytest.fixture
def blot_file(tmp_path: Path) -> Path:
    """Return a blot with its layout beside it under another name, so that nothing finds it."""
    made = ublot.simulate_blot(seed=4, lanes=8, shape=(240, 320))
    tifffile.imwrite(tmp_path / "one.tif", made.image)
    rows = [",".join(made.layout[0]), *(",".join("" if v is None else str(v) for v in r.values()) for r in made.layout)]
    (tmp_path / "roles.csv").write_text("\n".join(rows), "utf-8")
    return tmp_path / "one.tif"


@pytest.fixture
def canvas(docked: Any) -> Any:
    """Return napari's own widget that takes drops."""
    return docked[0].window._qt_viewer


def drop(widget: Any, *paths: Path) -> bool:
    """Drop files on the middle of a widget with the events that a desktop sends; returns whether they were taken.

    What lies there on top of the widget gets them first, as from a mouse.
    """
    from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
    from qtpy.QtGui import QDragEnterEvent, QDropEvent
    from qtpy.QtWidgets import QApplication

    on_top = widget.childAt(widget.rect().center()) or widget
    while on_top is not widget and not on_top.acceptDrops():
        on_top = on_top.parentWidget()
    widget = on_top
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, copy = QPointF(50, 50), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), copy, mime, left, none)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(where, copy, mime, left, none)
    QApplication.sendEvent(widget, event)
    QApplication.processEvents()
    return event.isAccepted()


def press(button: Any) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def names(panel: Any) -> list[str]:
    return [panel.head.blots.itemText(i) for i in range(panel.head.blots.count())]


def test_a_blot_and_its_layout_are_dropped_and_measured(empty: Any, canvas: Any, until: Any, blot_file: Path) -> None:
    assert "Drop a blot" in empty.status.text() or not empty.status.text()
    assert drop(canvas, blot_file)
    assert empty.blot.blot.source.path == str(blot_file)
    assert "Find lanes (F)" in empty.status.text()
    assert drop(empty, blot_file.with_name("roles.csv"))
    assert empty.blot.state.layout().roles[0] == "marker"
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    assert empty.analysis.lanes["relative_hmw"].notna().any()
    assert empty.analysis == ublot.analyze(blot_file, layout=blot_file.with_name("roles.csv"))


def test_the_welcome_over_an_empty_canvas_takes_blots_and_says_what_a_layout_waits_for(
    empty: Any, canvas: Any, blot_file: Path
) -> None:
    welcome = canvas.childAt(canvas.rect().center())
    assert "Welcome" in type(welcome).__name__ + type(welcome.parentWidget()).__name__
    assert drop(canvas, blot_file.with_name("roles.csv"))
    assert empty.status.text() == "Open the blot first, then its layout."
    assert drop(canvas, blot_file)
    assert empty.blot.blot.source.path == str(blot_file)
    empty.viewer.layers.clear()
    assert not canvas._welcome_widget.property("drag")  # nothing is held over it any more


def test_a_layout_dropped_on_the_picture_is_the_layout(empty: Any, canvas: Any, blot_file: Path) -> None:
    assert drop(canvas, blot_file, blot_file.with_name("roles.csv"))
    assert empty.blot.state.layout().roles[0] == "marker"
    assert [layer.name for layer in empty.viewer.layers] == ["one.tif"]


def test_open_asks_for_files_and_results(empty: Any, monkeypatch: Any, blot_file: Path) -> None:
    from qtpy.QtWidgets import QFileDialog

    out = blot_file.with_suffix(".ublot")
    ublot.analyze(blot_file, ladder=False).save(out, report=False)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: ([str(out / "analysis.json")], ""))
    press(empty.head.open)
    assert empty.analysis is not None and empty.blot.folder == out
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: ([str(blot_file.parent / "no.such")], ""))
    press(empty.head.open)
    assert "no.such" in empty.status.text()


def test_what_another_reader_opened_is_read_again(empty: Any, until: Any, blot_file: Path) -> None:
    (layer,) = empty.viewer.open(blot_file, plugin="napari")
    until(lambda: empty.blot is not None)
    assert layer not in empty.viewer.layers
    assert [one.name for one in empty.viewer.layers] == ["one.tif"]
    assert empty.blot.blot.signal == pytest.approx(ublot.read_blot(blot_file).signal)
    assert empty.blot.blot.source.sha256


def test_a_colour_photo_and_a_stack_and_a_scaled_layer_are_taken(empty: Any, until: Any, blot_file: Path) -> None:
    pixels = tifffile.imread(blot_file)
    grey = (pixels >> 8).astype(np.uint8)
    empty.viewer.add_image(np.stack([grey] * 3, axis=-1), name="photo", rgb=True)
    until(lambda: empty.blot is not None)
    assert empty.blot.blot.signal.shape == pixels.shape
    other = np.random.default_rng(0).normal(9000, 50, pixels.shape).astype(np.uint16)
    empty.viewer.add_image(np.stack([other, pixels]), name="stack")
    until(lambda: len(empty.controller.images) == 2)
    empty.viewer.dims.set_current_step(0, 1)
    assert empty.blot.blot.source.name.startswith("stack [")
    empty.viewer.add_image(pixels, name="scaled", scale=(0.1, 0.1), translate=(5, 5))
    until(lambda: len(empty.controller.images) == 3)
    assert empty.blot.blot.signal == pytest.approx(ublot.read_blot(pixels).signal)
    assert names(empty)[-1] == empty.head.blots.currentText() == "scaled"
    np.testing.assert_allclose(empty.controller.image.data_to_world((10, 10)), (10, 10))


def test_a_lazy_picture_is_taken(empty: Any, until: Any, blot_file: Path) -> None:
    array = pytest.importorskip("dask.array")
    empty.viewer.add_image(array.from_array(tifffile.imread(blot_file), chunks=64), name="lazy")
    until(lambda: empty.blot is not None)
    assert empty.blot.blot.shape == (240, 320)


def test_what_is_no_blot_is_refused_under_its_own_name(empty: Any, until: Any, blot_file: Path) -> None:
    drop(empty, blot_file)
    empty.viewer.add_image(np.zeros((40, 50, 2, 30)), name="film")
    until(lambda: len(empty.controller.images) == 2)
    assert empty.head.blots.currentText() == "film"
    assert "film" in empty.status.text() and "too small" in empty.status.text()
    assert empty.blot is None and not empty.foot.undo.isEnabled()
    press(empty.tools.find_button)
    empty.controller.find_lanes()
    assert "film" in empty.status.text()
    empty.head.blots.setCurrentIndex(0)
    empty.head.blots.activated.emit(0)
    assert empty.blot is not None and empty.controller.image.visible


def test_nothing_of_one_blot_stands_under_the_name_of_another(empty: Any, until: Any, blot_file: Path) -> None:
    drop(empty, blot_file, blot_file.with_name("roles.csv"))
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    assert empty.answer.table.rowCount() == 8 and empty.answer.plot._table is not None
    noise = np.random.default_rng(1).normal(30_000, 300, (200, 240)).astype(np.uint16)
    empty.viewer.add_image(noise, name="other")
    assert empty.head.blots.currentText() == "other"
    assert empty.answer.table.rowCount() == 0 and empty.answer.plot._table is None
    assert empty.layout_editor.rows() == [] and empty.mass.bands.bands() == []
    assert empty.answer.plot.columns.count() == 0
    assert not empty.profile.isEnabled()
    empty.viewer.layers.remove("other")
    assert empty.answer.table.rowCount() == 8 and empty.layout_editor.rows()[0]["role"] == "marker"


def test_lanes_are_drawn_where_none_are_found(empty: Any, mouse: Any, until: Any) -> None:
    from qtpy.QtTest import QTest

    rng = np.random.default_rng(2)
    noise = rng.normal(30_000, 300, (200, 240)).astype(np.uint16)
    empty.viewer.add_image(noise, name="faint")
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy)
    assert "no lanes found" in empty.status.text()
    empty.viewer.fit_to_view()
    QTest.qWait(50)
    (add,) = [button for button in empty.tools.modes.buttons() if button.text() == "Add"]
    for number, left in enumerate((40.0, 120.0), 1):
        press(add)
        mouse.drag((20.0, left), (180.0, left + 30))
        until(lambda: not empty.runner.busy)
        assert len(empty.analysis.geometry) == number
        assert empty.analysis.lanes["x_px"][number - 1] == pytest.approx(left + 15, abs=3)
    for _ in range(2):
        empty.controller.undo()
    assert not len(empty.analysis.geometry)
    assert empty.picture.lanes is None or not len(empty.picture.lanes.data)


def test_a_sample_opens_measured(empty: Any, until: Any) -> None:
    empty.viewer.open_sample("ublot", "smear")
    until(lambda: empty.analysis is not None and not empty.runner.busy, 90)
    assert empty.analysis.lanes["relative_hmw"].notna().any()
    assert not empty.blot.unsaved


def test_redo_and_save_have_their_keys_on_the_picture(
    empty: Any, mouse: Any, until: Any, blot_file: Path, monkeypatch: Any
) -> None:
    from qtpy.QtCore import Qt

    drop(empty, blot_file, blot_file.with_name("roles.csv"))
    empty.blot.set_options({"ladder": False})
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    saves: list[Any] = []
    monkeypatch.setattr(empty.exporter, "save_to", saves.append)
    boundary = empty.analysis.ladders[3].boundary_row
    empty.controller.do(lambda blot: blot.move_boundary(4, boundary - 3))
    until(lambda: not empty.runner.busy)
    moved = empty.analysis
    control = Qt.KeyboardModifier.ControlModifier
    for layer in (empty.picture.lanes, empty.picture.bands, empty.picture.image):
        if layer is None:
            continue
        empty.viewer.layers.selection.active = layer
        mouse.press(Qt.Key.Key_Z, control)
        assert empty.analysis is not moved
        mouse.press(Qt.Key.Key_Y, control)
        assert empty.analysis is moved
        assert empty.viewer.dims.ndisplay == 2
    monkeypatch.setattr(empty.exporter, "_ask_folder", lambda blot, anew=False: blot_file.with_suffix(".ublot"))
    mouse.press(Qt.Key.Key_S, control | Qt.KeyboardModifier.ShiftModifier)
    assert saves == [blot_file.with_suffix(".ublot")]


def test_a_result_is_saved_in_its_place_and_never_inside_another(
    empty: Any, canvas: Any, until: Any, blot_file: Path, monkeypatch: Any
) -> None:
    from qtpy.QtWidgets import QFileDialog, QMessageBox

    save = ublot.Analysis.save
    monkeypatch.setattr(ublot.Analysis, "save", lambda self, out, **how: save(self, out, **{**how, "report": False}))
    asked: list[str] = []

    def choose(*words: Any, **_: Any) -> tuple[str, str]:
        asked.append(str(words[2]))
        return str(blot_file.with_suffix(".ublot")), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    drop(empty, blot_file)
    empty.blot.set_options({"ladder": False})
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    out = blot_file.with_suffix(".ublot")
    for _ in range(2):
        press(empty.foot.save)
        until(lambda: not empty.second.busy, 60)
    assert len(asked) == 1 and Path(asked[0]) == out
    assert json.loads((out / "analysis.json").read_text("utf-8"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(out / out.name), ""))
    monkeypatch.setattr(QMessageBox, "question", lambda *a, **k: QMessageBox.StandardButton.Yes)
    empty.exporter.ask_and_save_as()
    until(lambda: not empty.second.busy, 60)
    assert not list(out.glob("**/*.ublot"))

    empty.viewer.layers.clear()
    assert drop(canvas, out)
    assert empty.blot.folder == out
    press(empty.foot.save)
    until(lambda: not empty.second.busy, 60)
    assert not list(out.glob("**/*.ublot")) and len(asked) == 1


@pytest.fixture
def answer_by_key(monkeypatch: Any) -> list[list[str]]:
    """Have the dialog of pictures answered: the second one, by key; returns what was to be chosen from."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from ublot_napari.widgets.channel_list import ChannelDialog

    asked: list[list[str]] = []

    def choose(dialog: Any) -> int:
        dialog.show()
        asked.append([dialog.list.item(i).text() for i in range(dialog.list.count())])
        assert not dialog.list.item(0).icon().isNull()
        QTest.keyClick(dialog.list, Qt.Key.Key_Right)
        dialog.accept()
        return int(dialog.result())

    monkeypatch.setattr(ChannelDialog, "exec", choose)
    return asked


def test_which_dye_of_a_merge_is_the_blot_is_asked(empty: Any, tmp_path: Path, answer_by_key: list[list[str]]) -> None:
    from skimage.io import imsave

    dyes = [ublot.simulate_blot(seed=seed, lanes=8, shape=(240, 320)).image.astype(float) for seed in (4, 9)]
    red, green = ((255 - 255 * dye / dye.max()).astype(np.uint8) for dye in dyes)
    imsave(tmp_path / "merged.png", np.dstack([red, green, np.zeros_like(red)]), check_contrast=False)
    assert "dyes_merged" in ublot.read_blot(tmp_path / "merged.png").flags
    drop(empty, tmp_path / "merged.png")
    assert answer_by_key == [["1  red", "2  green"]]
    assert empty.blot.state.params.channel == 2 and "dyes_merged" not in empty.blot.blot.flags
    np.testing.assert_allclose(empty.picture.image.data, ublot.read_blot(tmp_path / "merged.png", channel=2).signal)


def test_which_picture_of_a_figure_is_the_blot_is_asked(
    empty: Any, mouse: Any, until: Any, tmp_path: Path, answer_by_key: list[list[str]]
) -> None:
    figure = np.full((420, 700), 255, np.uint8)
    for top, seed in ((30, 4), (240, 9)):
        made = ublot.simulate_blot(seed=seed, lanes=8, shape=(150, 320)).image.astype(float)
        figure[top : top + 150, 60:380] = 225 - 200 * made / made.max()
    tifffile.imwrite(tmp_path / "figure.tif", figure)
    whole = ublot.read_blot(tmp_path / "figure.tif")
    assert len(whole.pictures) == 2
    drop(empty, tmp_path / "figure.tif")
    assert answer_by_key == [["1", "2"]] and empty.blot.state.params.panel == 2
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    assert empty.analysis.geometry.window.top >= whole.pictures[1].top
    # The view shows the picture that was chosen and what is written beside it, not the page, which begins above 0.
    assert mouse.canvas._map_canvas2world((0, 0), mouse.canvas.view)[-2] > 50


def test_which_page_is_the_blot_is_asked_with_pictures(
    empty: Any, tmp_path: Path, answer_by_key: list[list[str]]
) -> None:
    blot = ublot.simulate_blot(seed=4, lanes=8, shape=(240, 320)).image
    for empty_first in (True, False):
        path = tmp_path / f"pages{empty_first}.tif"
        first = np.full_like(blot, 7) if empty_first else blot // 2
        tifffile.imwrite(path, np.stack([first, blot, blot[::-1]]), photometric="minisblack")
        drop(empty, path)
        number = 3 if empty_first else 2
        assert answer_by_key.pop() == (["2", "3"] if empty_first else ["1", "2", "3"])
        assert empty.blot.state.params.channel == number
        np.testing.assert_allclose(empty.picture.image.data, ublot.read_blot(path, channel=number).signal)


def test_what_was_opened_last_can_be_opened_again(empty: Any, blot_file: Path) -> None:
    drop(empty, blot_file)
    empty.viewer.layers.clear()
    empty.head.recent.aboutToShow.emit()
    action = empty.head.recent.actions()[0]
    assert action.text() == "one.tif"
    action.trigger()
    assert empty.blot.blot.source.path == str(blot_file)


def test_the_lanes_layer_says_what_the_table_says(empty: Any, until: Any, blot_file: Path) -> None:
    drop(empty, blot_file, blot_file.with_name("roles.csv"))
    empty.blot.set_options({"ladder": False})
    press(empty.tools.find_button)
    until(lambda: not empty.runner.busy, 60)
    features, lanes = empty.picture.lanes.features, empty.analysis.lanes
    for name in ("lane", "relative_hmw", "relative_hmw_low", "hmw_fraction"):
        np.testing.assert_allclose(features[name], lanes[name])
    assert list(features["compound"]) == list(lanes["compound"])


def test_of_a_file_whose_first_page_is_empty_the_only_picture_is_opened(empty: Any, tmp_path: Path) -> None:
    import tifffile

    flat = np.full((120, 160), 40_000, np.uint16)
    picture = np.random.default_rng(1).normal(30_000, 900, (120, 160)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "two.tif", np.stack([flat, picture]), photometric="minisblack")
    empty.opener.open([tmp_path / "two.tif"])
    assert empty.blot is not None
    assert empty.blot.state.params.channel == 2
    assert empty.controller.image.data.std() > 100


def test_a_refusal_is_said_before_anything_else(empty: Any, monkeypatch: Any) -> None:
    from types import SimpleNamespace

    lines = ("lane 2 stands in a gap", "no lane is scored (lossy): compressed")
    monkeypatch.setattr(type(empty), "analysis", SimpleNamespace(geometry=[1, 2], messages=lines))
    empty._say_result()
    assert empty.status.text().startswith("2 lanes. No lane is scored (lossy)")
    monkeypatch.undo()
    empty.say("")
