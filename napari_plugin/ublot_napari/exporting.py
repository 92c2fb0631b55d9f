"""Saving and exporting from the panel: what is asked, and the work in a thread of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QMenu, QMessageBox

from ublot import BlotError
from ublot_napari.state.saving import FIGURES, export_figure, export_table, holds_edits, save_result, suggested_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ublot_napari.panel_widget import BlotPanel
    from ublot_napari.state.editing import EditedBlot

__all__ = ["Exporter"]


class Exporter(QObject):
    """Saves and exports what a panel shows."""

    def __init__(self, panel: BlotPanel) -> None:
        super().__init__(panel)
        self.panel = panel

    def menu(self) -> QMenu:
        """The menu of what can be exported."""
        menu = QMenu(self.panel)
        for kind, title in FIGURES.items():
            _add(menu, f"Figure: {title} (PNG, SVG)…", partial(self.ask_figure, kind))
        menu.addSeparator()
        _add(menu, "Table (CSV, XLSX)…", self.ask_table)
        _add(menu, "Copy the table (Ctrl+Shift+C in it)", self.copy_table)
        return menu

    # -------------------------------------------------------------------------------------------------------- results
    def ask_and_save(self) -> None:
        """Ask where the result shall be saved, and save it."""
        desk = self.panel.desk
        if desk is None or desk.state.analysis is None:
            self.panel.say("There is nothing to save yet: press Find lanes.", wrong=True)
            return
        folder = self._ask_folder(desk)
        if folder is not None:
            self.save_to(folder)

    def _ask_folder(self, desk: EditedBlot) -> Path | None:
        start = suggested_folder(desk.blot, desk.folder)
        name, _ = QFileDialog.getSaveFileName(
            self.panel, "Save the result as a folder", str(start), "Result of ublot (*.ublot)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if not name:
            return None
        folder = Path(name)
        if folder != desk.folder and holds_edits(folder) and not self._may_replace(folder):
            return None
        return folder

    def _may_replace(self, folder: Path) -> bool:
        box = QMessageBox
        answer = box.question(self.panel, "ublot", f"{folder.name} holds edits made by hand. Replace it?")
        return bool(answer == box.StandardButton.Yes)

    def save_to(self, folder: Path) -> None:
        """Save the present state in a thread of its own."""
        desk = self.panel.desk
        if desk is None or desk.state.analysis is None:
            return
        analysis, state, pixels = desk.state.analysis, desk.state, desk.pixels

        def save(progress: Callable[[str, float], None]) -> Path:
            progress("saving", 0.5)
            return save_result(analysis, folder, pixels, force=True)

        def done(place: Path) -> None:
            desk.saved(place, state)
            self.panel.say(f"Saved: {place}")

        self.panel.second.submit(save, done, self._failed)

    def save_now(self, desk: EditedBlot) -> bool:
        """Save a blot before it is closed, asking where; whether it was."""
        if desk.state.analysis is None:
            try:
                desk.take(desk.state, desk.job()(lambda stage, share: None))
            except BlotError as error:
                return self._cannot(error)
        folder = desk.folder or self._ask_folder(desk)
        if folder is None or desk.state.analysis is None:
            return False
        try:
            desk.saved(save_result(desk.state.analysis, folder, desk.pixels, force=True), desk.state)
        except BlotError as error:
            return self._cannot(error)
        return True

    def may_close(self, desks: Mapping[Any, EditedBlot]) -> bool:
        """Ask about unsaved edits of any blot, by its layer; whether the window may close."""
        unsaved = {image: desk for image, desk in desks.items() if desk.unsaved}
        if not unsaved:
            return True
        names = ", ".join(str(image.name) for image in unsaved)
        box = QMessageBox
        answer = box.question(
            self.panel,
            "ublot",
            f"{names}: edits are not saved. Save them before closing?",
            box.StandardButton.Save | box.StandardButton.Discard | box.StandardButton.Cancel,
            box.StandardButton.Save,
        )
        if answer == box.StandardButton.Save:
            return all(self.save_now(desk) for desk in unsaved.values())
        return bool(answer == box.StandardButton.Discard)

    def ask_about(self, desk: EditedBlot, words: str) -> None:
        """Offer to save a blot that is being closed."""
        box = QMessageBox
        answer = box.question(
            self.panel, "ublot", f"{words} Save them?", box.StandardButton.Save | box.StandardButton.Discard
        )
        if answer == box.StandardButton.Save:
            self.save_now(desk)

    def _cannot(self, error: BlotError) -> bool:
        self.panel.say(str(error), wrong=True)
        QMessageBox.warning(self.panel, "ublot", str(error))
        return False

    # -------------------------------------------------------------------------------------------------------- exports
    def ask_figure(self, kind: str) -> None:
        """Ask where a figure shall be saved."""
        self._ask(f"{kind}.png", "Pictures (*.png *.svg *.pdf)", partial(self.figure_to, kind))

    def ask_table(self) -> None:
        """Ask where the table shall be saved."""
        self._ask("lanes.csv", "Tables (*.csv *.xlsx)", self.table_to)

    def _ask(self, name: str, kinds: str, act: Callable[[Path], Any]) -> None:
        desk = self.panel.desk
        if desk is not None and desk.shown is not None:
            start = suggested_folder(desk.blot, desk.folder).parent / name
            path, _ = QFileDialog.getSaveFileName(self.panel, "Export", str(start), kinds)
            if path:
                act(Path(path))

    def figure_to(self, kind: str, path: Path) -> None:
        """Save a figure in a thread of its own."""
        self._export(lambda analysis: export_figure(analysis, kind, path), path)

    def table_to(self, path: Path) -> None:
        """Save the table, or all of them as XLSX, in a thread of its own."""
        self._export(lambda analysis: export_table(analysis, path), path)

    def _export(self, write: Callable[[Any], None], path: Path) -> None:
        desk = self.panel.desk
        if desk is None or desk.state.analysis is None:
            self.panel.say("Wait until the edits are measured.", wrong=True)
            return
        analysis = desk.state.analysis

        def export(progress: Callable[[str, float], None]) -> None:
            progress("exporting", 0.5)
            write(analysis)

        self.panel.second.submit(export, lambda _: self.panel.say(f"Exported: {path}"), self._failed)

    def copy_table(self) -> None:
        """Copy the table of scores to the clipboard."""
        self.panel.answer.table.copy_all()
        self.panel.say("The table is on the clipboard.")

    def _failed(self, error: Exception) -> None:
        words = str(error) if isinstance(error, BlotError) else f"This should not have happened: {error!r}"
        self.panel.say(words, wrong=True)


def _add(menu: QMenu, title: str, act: Callable[[], Any]) -> None:
    action = menu.addAction(title)
    if action is not None:
        action.triggered.connect(lambda: act())
