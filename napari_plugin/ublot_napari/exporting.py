"""Saving and exporting from the panel: what is asked, and the work in a thread of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QMenu, QMessageBox

from ublot import BlotError
from ublot_napari.state.option_places import panel_words
from ublot_napari.state.reproducing import as_command, as_python
from ublot_napari.state.saving import (
    FIGURES,
    export_figure,
    export_table,
    free_folder,
    holds_edits,
    outside_results,
    save_result,
    suggested_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QWidget

    from ublot_napari.state.editing import EditedBlot
    from ublot_napari.widgets.runner import Runner

__all__ = ["Exporter"]


class Exporter(QObject):
    """Saves and exports the blot that is shown.

    Parameters
    ----------
    parent : QWidget
        Over which questions are asked.
    present : callable
        Gives the blot that is shown, None where there is none.
    runner : Runner
        Where files are written.

    Attributes
    ----------
    said : Signal of (str, bool)
        A line for the person, and whether it says that something is wrong.
    kept : Signal of Path
        Where a result was saved.
    """

    said = Signal(str, bool)
    kept = Signal(object)

    def __init__(self, parent: QWidget, present: Callable[[], EditedBlot | None], runner: Runner) -> None:
        super().__init__(parent)
        self.window = parent
        self.present = present
        self.runner = runner

    def menu(self, *more: tuple[str, Callable[[], Any]]) -> QMenu:
        """The menu of what can be exported, with `more` at its end: titles and what they do."""
        menu = QMenu(self.window)
        for kind, title in FIGURES.items():
            _add(menu, f"Figure: {title} (PNG, SVG)…", partial(self.ask_figure, kind))
        menu.addSeparator()
        _add(menu, "Table (CSV, XLSX)…", self.ask_table)
        menu.addSeparator()
        _add(menu, "Copy as Python", partial(self.copy, as_python))
        _add(menu, "Copy as command", partial(self.copy, as_command))
        menu.addSeparator()
        _add(menu, "Save the result elsewhere…", self.ask_and_save_as)
        for title, act in more:
            _add(menu, title, act)
        return menu

    # -------------------------------------------------------------------------------------------------------- results
    def ask_and_save(self) -> None:
        """Save the result where it was saved or opened; ask where, the first time."""
        self._save(anew=False)

    def ask_and_save_as(self) -> None:
        """Ask where the result shall be saved, and save it."""
        self._save(anew=True)

    def _save(self, *, anew: bool) -> None:
        blot = self.present()
        if blot is None or blot.shown is None:
            self.said.emit("There is nothing to save yet: press Find lanes.", True)
        elif blot.state.analysis is None:
            self.said.emit(blot.stale or "Wait until the edits are measured, then save.", True)
        elif (folder := self._ask_folder(blot, anew=anew)) is not None:
            self.save_to(folder)

    def _ask_folder(self, blot: EditedBlot, *, anew: bool = False) -> Path | None:
        """Where to save: a result that is known already, else what a person chooses.

        A file dialog goes into a folder that is there instead of choosing it, so one that is there is asked about
        without it.
        """
        if blot.folder is not None and not anew:
            return blot.folder
        start = suggested_folder(blot.blot, None)
        if not anew and start.exists():
            box = QMessageBox
            which = "holds a result with edits made by hand" if holds_edits(start) else "is there already"
            answer = box.question(
                self.window,
                "ublot",
                f"{start.name} {which}. Replace it? “No” asks for another place.",
                box.StandardButton.Yes | box.StandardButton.No | box.StandardButton.Cancel,
            )
            if answer != box.StandardButton.No:
                return start if answer == box.StandardButton.Yes else None
        name, _ = QFileDialog.getSaveFileName(
            self.window, "Save the result as a folder", str(free_folder(start)), "Result of ublot (*.ublot)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if not name:
            return None
        folder = outside_results(Path(name))
        if folder != blot.folder and holds_edits(folder) and not self._may_replace(folder):
            return None
        return folder

    def _may_replace(self, folder: Path) -> bool:
        box = QMessageBox
        answer = box.question(self.window, "ublot", f"{folder.name} holds edits made by hand. Replace it?")
        return bool(answer == box.StandardButton.Yes)

    def save_to(self, folder: Path) -> None:
        """Save the present state in a thread of its own."""
        blot = self.present()
        if blot is None or blot.state.analysis is None:
            return
        analysis, state, pixels = blot.state.analysis, blot.state, blot.pixels

        def save(progress: Callable[[str, float], None]) -> Path:
            progress("saving", 0.5)
            return save_result(analysis, folder, pixels, force=True)

        def done(place: Path) -> None:
            blot.saved(place, state)
            self.kept.emit(place)
            self.said.emit(f"Saved: {place}", False)

        self.runner.submit(save, done, self._failed)

    def save_now(self, blot: EditedBlot) -> bool:
        """Save a blot before it is closed, asking where; whether it was."""
        if blot.state.analysis is None:
            try:
                blot.take(blot.state, blot.job()(lambda stage, share: None))
            except BlotError as error:
                return self._cannot(error)
        folder = blot.folder or self._ask_folder(blot)
        if folder is None or blot.state.analysis is None:
            return False
        try:
            place = save_result(blot.state.analysis, folder, blot.pixels, force=True)
        except BlotError as error:
            return self._cannot(error)
        blot.saved(place, blot.state)
        self.kept.emit(place)
        return True

    def may_close(self, blots: Mapping[Any, EditedBlot]) -> bool:
        """Ask about unsaved edits of any blot, by its layer; whether the window may close."""
        unsaved = {image: blot for image, blot in blots.items() if blot.unsaved}
        if not unsaved:
            return True
        names = ", ".join(str(image.name) for image in unsaved)
        box = QMessageBox
        answer = box.question(
            self.window,
            "ublot",
            f"{names}: edits are not saved. Save them before closing?",
            box.StandardButton.Save | box.StandardButton.Discard | box.StandardButton.Cancel,
            box.StandardButton.Save,
        )
        if answer == box.StandardButton.Save:
            return all(self.save_now(blot) for blot in unsaved.values())
        return bool(answer == box.StandardButton.Discard)

    def ask_about(self, blot: EditedBlot, name: str) -> None:
        """Offer to save a blot that is being closed."""
        box = QMessageBox
        words = f"{name} was closed with edits that are not saved. Save them?"
        answer = box.question(self.window, "ublot", words, box.StandardButton.Save | box.StandardButton.Discard)
        if answer == box.StandardButton.Save:
            self.save_now(blot)

    def _cannot(self, error: BlotError) -> bool:
        self.said.emit(panel_words(error), True)
        QMessageBox.warning(self.window, "ublot", panel_words(error))
        return False

    # -------------------------------------------------------------------------------------------------------- exports
    def ask_figure(self, kind: str) -> None:
        """Ask where a figure shall be saved."""
        self._ask(f"{kind}.png", "Pictures (*.png *.svg *.pdf)", partial(self.figure_to, kind))

    def ask_table(self) -> None:
        """Ask where the table shall be saved."""
        self._ask("lanes.csv", "Tables (*.csv *.xlsx)", self.table_to)

    def _ask(self, name: str, kinds: str, act: Callable[[Path], Any]) -> None:
        blot = self.present()
        if blot is not None and blot.shown is not None:
            start = suggested_folder(blot.blot, blot.folder).parent / name
            path, _ = QFileDialog.getSaveFileName(self.window, "Export", str(start), kinds)
            if path:
                act(Path(path) if Path(path).suffix else Path(path).with_suffix(start.suffix))

    def figure_to(self, kind: str, path: Path) -> None:
        """Save a figure in a thread of its own."""
        self._export(lambda analysis: export_figure(analysis, kind, path), path)

    def table_to(self, path: Path) -> None:
        """Save the table, or all of them as XLSX, in a thread of its own."""
        self._export(lambda analysis: export_table(analysis, path), path)

    def _export(self, write: Callable[[Any], None], path: Path) -> None:
        blot = self.present()
        if blot is None or blot.state.analysis is None:
            why = "" if blot is None else blot.stale
            self.said.emit(why or "Wait until the edits are measured.", True)
            return
        analysis = blot.state.analysis

        def export(progress: Callable[[str, float], None]) -> None:
            progress("exporting", 0.5)
            write(analysis)

        self.runner.submit(export, lambda _: self.said.emit(f"Exported: {path}", False), self._failed)

    def copy(self, write: Callable[[EditedBlot], str]) -> None:
        """Copy what reproduces the present result."""
        blot, clipboard = self.present(), QGuiApplication.clipboard()
        if blot is None or clipboard is None:
            return
        try:
            clipboard.setText(write(blot))
        except BlotError as error:
            self.said.emit(panel_words(error), True)
        else:
            self.said.emit("What reproduces this result is on the clipboard.", False)

    def _failed(self, error: Exception) -> None:
        self.said.emit(panel_words(error), True)


def _add(menu: QMenu, title: str, act: Callable[[], Any]) -> None:
    action = menu.addAction(title)
    if action is not None:
        action.triggered.connect(lambda: act())
