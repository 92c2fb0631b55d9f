"""What the panel keeps between starts, and what it gives to other plugins, the console and napari's menus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hands
import numpy as np
import pytest
import tifffile

import ublot

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def forgetful(empty: Any) -> Iterator[Any]:
    """Return the panel of somebody who starts it for the first time."""
    from ublot_napari import remembering

    remembering._settings().clear()
    yield empty
    remembering._settings().clear()


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blot with its layout beside it."""
    made = ublot.simulate_blot(seed=2, difficulty="easy", shape=(240, 320), lanes=5, vehicles=2, blanks=0)
    path = tmp_path_factory.mktemp("scan") / "blot.tif"
    tifffile.imwrite(path, made.image)
    rows = ublot.read_layout(made.layout).records()
    lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
    path.with_name("blot.layout.csv").write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture
def measured(forgetful: Any, scan: Path, until: Any) -> Any:
    """Return the panel with the blot measured."""
    forgetful.opener.open([scan])
    forgetful.blot.set_options({"ladder": False, "marker": "precision-plus"})
    forgetful.controller.find_lanes()
    until(lambda: not forgetful.runner.busy, 60)
    return forgetful


def test_marker_and_target_of_the_last_blot_are_those_of_the_next(forgetful: Any, scan: Path) -> None:
    forgetful.opener.open([scan])
    form = next(form for form in forgetful.mass.forms if "marker" in form.fields)
    form.fields["marker"].setCurrentText("250, 150, 100, 75")
    form.fields["marker"].activated.emit(0)
    assert forgetful.blot.state.params.marker == (250, 150, 100, 75)
    forgetful.blot.set_options({"roi": "0:100,0:100"})
    forgetful.blot.saved(None)
    forgetful.viewer.layers.clear()
    forgetful.opener.open([scan])
    assert forgetful.blot.state.params == ublot.Params(marker=(250, 150, 100, 75))
    assert "Set as last time: mass marker 250, 150, 100, 75." in forgetful.status.text()
    assert not forgetful.blot.unsaved
    forgetful.viewer.open_sample("ublot", "smear")  # which brings its own
    assert forgetful.blot.state.params.marker != (250, 150, 100, 75)


def test_what_was_undone_is_not_what_the_next_blot_starts_with(forgetful: Any, scan: Path) -> None:
    forgetful.opener.open([scan])
    field = forgetful.answer.form.fields["antibody"]
    field.setCurrentIndex(field.findText("modifier"))
    field.activated.emit(field.currentIndex())
    usual = forgetful.controller.usual
    assert usual() == {"antibody": "modifier"}
    forgetful.controller.undo()
    assert usual() == {}
    forgetful.controller.redo()
    assert usual() == {"antibody": "modifier"}
    forgetful.controller.do(lambda blot: blot.set_options({"rotate": 3.0}))
    forgetful.controller.keep(ublot.Params())
    forgetful.controller.undo()  # of what holds for one picture only
    assert usual() == {}


def test_options_that_cannot_be_used_any_more_are_forgotten(forgetful: Any) -> None:
    from ublot_napari import remembering

    for stored in ('{"marker": "no such"}', "[", '{"unknown": 1}'):
        remembering._settings().setValue(remembering.OPTIONS, stored)
        assert remembering.usual_options() == {}
    remembering.remember_options(ublot.Params(allow_unfit=True, assay="cells", rotate=3, normalise="total"))
    assert remembering.usual_options() == {"assay": "cells", "normalise": "total"}


def test_a_result_that_was_saved_is_among_the_recent_ones(measured: Any, until: Any, tmp_path: Path) -> None:
    measured.exporter.save_to(tmp_path / "kept.ublot")
    until(lambda: not measured.second.busy, 60)
    measured.opener.fill_menu(measured.head.recent)
    names = [action.text() for action in measured.head.recent.actions()]
    assert names[:2] == ["kept.ublot", "blot.tif"]
    measured.viewer.layers.clear()
    measured.head.recent.actions()[0].trigger()
    assert measured.blot.folder == tmp_path / "kept.ublot"


def test_the_console_and_the_writer_have_what_the_panel_shows(measured: Any, until: Any, tmp_path: Path) -> None:
    layer = measured.viewer.layers["blot.tif"]
    assert layer.metadata["ublot_analysis"] is measured.analysis
    measured.controller.do(lambda blot: blot.move_boundary(3, blot.shown.ladders[2].boundary_row - 4))
    assert "ublot_analysis" not in layer.metadata  # what it would hold is being measured
    until(lambda: not measured.runner.busy)
    assert layer.metadata["ublot_analysis"].edits == measured.blot.state.edits
    scores = measured.viewer.layers["blot.tif lanes"].features["relative_hmw"]
    np.testing.assert_array_equal(scores, measured.analysis.lanes["relative_hmw"])
    written = measured.viewer.layers.save(str(tmp_path / "kept.ublot"), plugin="ublot")
    assert written == [str(tmp_path / "kept.ublot")]
    assert ublot.load(tmp_path / "kept.ublot") == measured.analysis
    unmeasured = measured.viewer.add_image(np.zeros((20, 20)), name="another", metadata={"ublot_drawn": True})
    with pytest.raises(OSError, match="none of the layers is a blot"):
        unmeasured.save(str(tmp_path / "another.ublot"), plugin="ublot")


def test_napari_has_a_menu_entry_to_open_blots(forgetful: Any, scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari._app_model import get_app_model
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(scan)], ""))
    get_app_model().commands.execute_command("ublot.open").result()
    hands.settle()
    assert forgetful.blot is not None and forgetful.blot.blot.source.name == "blot.tif"
