"""Several blots from the panel: compared, and a folder analysed as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hands
import pytest
from batch_blots import OPTIONS, write_blots

import ublot

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two blots, each with its layout beside it."""
    return write_blots(tmp_path_factory.mktemp("scans"), 2)


@pytest.fixture(scope="module")
def results(scans: Path) -> list[Path]:
    """Both analysed and saved."""
    pictures = sorted(scans.glob("*.tif"))
    return [ublot.analyze(path, **OPTIONS).save(path.with_suffix(".ublot"), report=False) for path in pictures]


@pytest.fixture
def several(empty: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the section of several blots, open, with nothing in it."""
    from ublot_napari.state import several as working

    monkeypatch.setattr(working, "WORKERS", 0)  # processes take seconds to start
    empty.folds["Several blots"].set_open(True)
    yield empty.several
    empty.several.clear()
    empty.several._added.clear()
    empty.several._results.clear()
    empty.several.show_open([])


def chosen(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    from qtpy.QtWidgets import QFileDialog

    for name, path in answers.items():
        answer = str(path) if name == "getExistingDirectory" else (str(path), "")
        monkeypatch.setattr(QFileDialog, name, lambda *_, answer=answer, **__: answer)


def test_saved_results_are_compared_and_saved_as_compare_does(
    empty: Any, several: Any, until: Any, results: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in results:
        chosen(monkeypatch, getExistingDirectory=folder)
        hands.click(several.add)
    assert several.chosen() == results
    hands.click(several.compare)
    until(lambda: not empty.third.busy, 60)
    by_hand = ublot.compare_blots(results)
    shown = empty.joiner.shown.comparison
    assert shown.summary.equals(by_hand.summary)
    assert several.figures.count() >= 1
    until(lambda: not several.figures.itemAt(0).widget().pixmap().isNull())
    assert several.words.text().splitlines()[0] == empty.status.text()
    chosen(monkeypatch, getSaveFileName=tmp_path / "together")
    hands.click(several.save)
    until(lambda: not empty.third.busy, 60)
    by_hand.save(tmp_path / "by hand", report=False)
    for name in ("summary.csv", "lanes.csv", "dose_response.csv"):
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "by hand" / name).read_bytes()
    assert (tmp_path / "together" / "report.html").is_file()


def test_a_blot_that_is_open_is_compared_as_it_is_now(
    empty: Any, several: Any, until: Any, results: list[Path]
) -> None:
    from qtpy.QtCore import Qt

    empty.viewer.open(results[0], plugin="ublot")
    several.add_results(results[1])
    empty.controller.do(lambda blot: blot.move_boundary(3, blot.shown.ladders[2].boundary_row - 4))
    empty.joiner.compare(several.chosen(), "")
    assert "not measured yet" in empty.status.text()  # the edit is still being measured
    until(lambda: not empty.runner.busy)
    empty.joiner.compare(several.chosen(), "100")
    until(lambda: not empty.third.busy, 60)
    wanted = ublot.compare_blots([empty.analysis, results[1]], protein_nM=100)
    assert empty.joiner.shown.comparison.lanes.equals(wanted.lanes)
    for row in range(several.list.count()):
        several.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    hands.click(several.compare)
    assert "no blot is ticked" in empty.status.text()


def test_blots_of_another_assay_are_refused_in_words(
    empty: Any, several: Any, until: Any, results: list[Path], scans: Path, tmp_path: Path
) -> None:
    other = ublot.analyze(scans / "b1.tif", **OPTIONS, assay="cells").save(tmp_path / "cells", report=False)
    for folder in (results[0], other):
        several.add_results(folder)
    hands.click(several.compare)
    until(lambda: not empty.third.busy, 60)
    assert "assay is cells, but in-vitro" in empty.status.text()
    assert not several.save.isEnabled()


def test_a_folder_is_analysed_and_its_index_opened(
    empty: Any, several: Any, until: Any, scans: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from qtpy.QtGui import QDesktopServices

    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    empty.viewer.open(scans / "b0.tif", plugin="ublot")
    empty.blot.set_options({**OPTIONS, "roi": "0:200,0:300"})  # the region is of this picture alone
    out = tmp_path / "all"
    chosen(monkeypatch, getExistingDirectory=scans, getSaveFileName=out)
    told: list[str] = []
    empty.third.progressed.connect(lambda stage, share: told.append(stage))
    hands.click(several.folder)
    assert empty.head.cancel.isVisible()
    until(lambda: not empty.third.busy, 90)
    assert "2 blots: 2 analysed" in empty.status.text()
    assert "1 of 2 blots" in told
    assert opened == [str(out / "index.html")] and (out / "index.html").is_file()
    saved = ublot.load(next(out.glob("b0*/analysis.json")).parent)
    assert saved.params.marker == "precision-plus" and saved.params.roi is None
    assert out in several.chosen()  # to be compared


def test_a_folder_can_be_stopped_and_gone_on_with(
    empty: Any, several: Any, until: Any, scans: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from qtpy.QtGui import QDesktopServices
    from qtpy.QtWidgets import QMessageBox

    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: None)
    out = scans.with_name(f"{scans.name} results")
    begun: list[str] = []

    def stop(stage: str, share: float) -> None:
        begun.append(stage)
        empty.stop()

    empty.third.progressed.connect(stop)
    empty.joiner.analyse_folder(scans, out)
    until(lambda: begun and not empty.third.busy, 60)
    empty.third.progressed.disconnect(stop)
    assert "go on" in empty.status.text() or "goes on" in empty.status.text()
    # The file dialog goes into a folder that is there instead of choosing it: it is asked about.
    chosen(monkeypatch, getExistingDirectory=scans)
    asked: list[str] = []
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *given, **_: (asked.append(given[2]), yes)[1])
    until(lambda: '"interrupted"' in (out / "batch.json").read_text() if (out / "batch.json").is_file() else False, 60)
    until(lambda: not list(out.glob("*lock*")), 60)
    hands.click(several.folder)
    assert len(asked) == 1 and asked[0].startswith(f"{out.name} is there already. Go on in it")
    until(lambda: not empty.third.busy, 90)
    assert "2 blots:" in empty.status.text()
