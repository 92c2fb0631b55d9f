"""What each lane is: the layout as a table to fill in beside the picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QPoint, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from ublot.errors import BlotError
from ublot.inputs.layout import is_layout_header, spelled_out
from ublot.io.columns import csv_bytes
from ublot.io.tables import read_table
from ublot_napari.sections.layout.cells import UNITS, layout_notes
from ublot_napari.sections.layout.model import TITLES, LayoutModel, RoleDelegate
from ublot_napari.state.option_places import panel_words
from ublot_napari.widgets.cell_table import CellTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LayoutEditor"]

WIDTHS = {"lane": 34, "role": 84, "compound": 72}
"""Least width of columns, px."""

FILES = "Tables (*.csv *.tsv *.txt *.xlsx *.xlsm);;All files (*)"


class _LayoutTable(CellTable):
    """The layout's cells; rows of lanes that the picture does not have, or that are there twice, can be removed."""

    def menu(self) -> QMenu:
        """The context menu."""
        menu, model = super().menu(), self.model()
        assert isinstance(model, LayoutModel)
        rows = sorted({row for row, _ in self.cells() if model.beyond(row)})
        if rows:
            menu.addSeparator()
            action = menu.addAction("Remove rows that are too many")
            if action is not None:
                action.triggered.connect(lambda: model.remove_rows(rows))
        return menu


class LayoutEditor(QWidget):
    """Table of lanes: role, compound, concentration and the other columns of a layout.

    Attributes
    ----------
    changed : Signal
        A person changed something: once for a whole paste or file.
    row_picked : Signal of int
        The number of the lane that a person went to.
    """

    changed = Signal()
    row_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = LayoutModel()
        self.table = _LayoutTable()
        self.table.setModel(self.model)
        self.table.setItemDelegateForColumn(1, RoleDelegate(self.table))
        self.table.setAccessibleName("Layout of the lanes")
        self.table.setToolTip("Copy Ctrl+C, paste from a spreadsheet Ctrl+V, fill down Ctrl+D, clear Del")
        self.load_button = _button("Load…", "Load the layout from a CSV or Excel file")
        self.save_button = _button("Save CSV…", "Save the layout as a CSV file, as ublot analyze takes it")
        self.fill_button = _button("Fill down", "Give all selected cells what the topmost holds (Ctrl+D)")
        self.paste_button = _button("Paste", "Paste cells from a spreadsheet, with or without a header row (Ctrl+V)")
        self.status = QLabel()
        self.status.setWordWrap(True)
        self._quiet = False
        self._path = ""

        buttons = QHBoxLayout()
        for button in (self.load_button, self.save_button, self.fill_button, self.paste_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.status)
        column.addLayout(buttons)
        self.setFocusProxy(self.table)

        self.load_button.clicked.connect(self._choose_file)
        self.save_button.clicked.connect(self._choose_target)
        self.fill_button.clicked.connect(self.table.fill_down)
        self.paste_button.clicked.connect(self.table.paste)
        self.table.said.connect(self._say)
        self.model.edited.connect(self._edited)
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionsClickable(True)
            header.sectionClicked.connect(self._ask_unit)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.currentRowChanged.connect(self._tell)
        self._say("")

    # ------------------------------------------------------------------------------------------------------ content
    def set_lanes(self, numbers: Sequence[int]) -> None:
        """Take the lanes of the picture: what is filled in stays, new lanes get empty rows."""
        self._keep_place(lambda: self.model.set_lanes(numbers))

    def clear(self) -> None:
        """Show the layout of no blot."""
        self._keep_place(self.model.clear)

    def set_rows(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Show a layout: mappings of column to value, as ``Layout.records()`` gives them.

        Raises
        ------
        BlotError
            Two columns have one name.
        """
        self._keep_place(lambda: self.model.set_rows(rows))

    def rows(self) -> list[dict[str, str]]:
        """All rows as text, which `ublot.analyze` takes as ``layout=``."""
        return self.model.records()

    def is_empty(self) -> bool:
        """Whether nothing is filled in: there is no layout then."""
        return not any(cell for row in self.rows() for name, cell in row.items() if name != "lane")

    def problems(self) -> list[str]:
        """What is wrong, in words, one line for each kind; empty where `ublot.analyze` takes the layout."""
        lanes: dict[str, list[str]] = {}
        for problem in self.model.problems:
            place = str(problem.lane) if problem.lane else ""
            lanes.setdefault(f"{TITLES.get(problem.column, problem.column)}: {problem.words}", []).append(place)
        return [f"{_lanes_in_words(numbers)}{words}" for words, numbers in lanes.items()]

    def select_lane(self, number: int) -> None:
        """Go to a lane without telling that it was picked."""
        row = self.model.row_of(number)
        if row < 0 or row == self.table.currentIndex().row():
            return
        self._quiet = True
        try:
            self.table.setCurrentIndex(self.model.index(row, max(self.table.currentIndex().column(), 1)))
        finally:
            self._quiet = False

    # -------------------------------------------------------------------------------------------------------- files
    def load(self, path: str | Path) -> None:
        """Show the layout in a file; cells that cannot be used are shown and marked.

        Raises
        ------
        BlotError
            It is not a table, or has no column ``role``.
        """
        given = read_table(path, "layout", is_layout_header)
        table, notes = spelled_out(given)
        if "role" not in table.columns:
            fix = f"the first row names the columns; it has: {', '.join(given.columns)}"
            raise BlotError("column 'role' is missing", table.name, fix)
        self.set_rows([cells for _, cells in table.rows])
        self._edited()
        if notes and not self.problems():
            self._say("\n".join(note.removeprefix(f"{table.name}: ") for note in notes))

    def save(self, path: str | Path) -> None:
        """Write the layout as CSV.

        Raises
        ------
        BlotError
            The file cannot be written.
        """
        rows = self.rows()
        try:
            Path(path).write_bytes(csv_bytes({name: [row[name] for row in rows] for name in self.model.columns}))
        except OSError as error:
            raise BlotError(f"cannot be written ({error.strerror})", path, "choose another folder") from None

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a layout", self._path, FILES)
        self._try(self.load, path)

    def _choose_target(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the layout", self._path or "blot.layout.csv", "CSV (*.csv)")
        self._try(self.save, path)

    def _try(self, act: object, path: str) -> None:
        if not path or not callable(act):
            return
        try:
            act(path)
        except BlotError as error:
            self._say(panel_words(error))
        else:
            self._path = path

    # ------------------------------------------------------------------------------------------------------ inside
    def _ask_unit(self, column: int) -> None:
        """Offer units where the title of the concentrations was clicked."""
        header = self.table.horizontalHeader()
        if self.model.columns[column] != "concentration_nM" or header is None:
            return
        menu = self.unit_menu()
        at = header.mapToGlobal(QPoint(header.sectionViewportPosition(column), header.height()))
        menu.popup(at)

    def unit_menu(self) -> QMenu:
        """Units in which concentrations can be shown and typed."""
        menu = QMenu(self)
        for unit in UNITS:
            action = menu.addAction(f"Concentrations in {unit}")
            if action is not None:
                action.setCheckable(True)
                action.setChecked(unit == self.model.unit)
                action.triggered.connect(lambda _, unit=unit: self.set_unit(unit))
        return menu

    def set_unit(self, unit: str) -> None:
        """Show and take concentrations in a unit."""
        self.model.set_unit(unit)
        self._set_widths()

    def _keep_place(self, change: object) -> None:
        at = self.table.currentIndex()
        row, column = at.row(), at.column()
        self._quiet = True
        try:
            if callable(change):
                change()
            self.table.setCurrentIndex(self.model.index(row, column) if row < self.model.rowCount() else QModelIndex())
        finally:
            self._quiet = False
        self._set_widths()
        self._say("")

    def _set_widths(self) -> None:
        """Give columns the width of what is in them, and room to type in."""
        self.table.resizeColumnsToContents()
        for at, name in enumerate(self.model.columns):
            room = WIDTHS.get(name, 34)
            self.table.setColumnWidth(at, min(max(self.table.columnWidth(at), room), 160))

    def _edited(self) -> None:
        for at in range(self.model.columnCount()):
            if self.table.sizeHintForColumn(at) > self.table.columnWidth(at):
                self.table.setColumnWidth(at, min(self.table.sizeHintForColumn(at), 160))
        self._say("")
        self.changed.emit()

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        lane = self.model.lane_of(current.row()) if current.isValid() else 0
        if lane and not self._quiet:
            self.row_picked.emit(lane)

    def _say(self, text: str) -> None:
        """Show what could not be done, else what is wrong, else what to do."""
        problems = self.problems()
        lines = [text] if text else problems
        self.status.setStyleSheet("color: #D55E00" if lines else "")
        if not lines and self.is_empty():
            lines = ["Say what each lane is: type, paste from a spreadsheet (Ctrl+V), or load a file."]
        elif not lines:
            lines = layout_notes(self.rows())
        more = [f"and {len(lines) - 3} more"] if len(lines) > 4 else []
        self.status.setText("\n".join([*lines[: 3 if more else 4], *more]))
        self.status.setToolTip("\n".join(lines))
        self.status.setVisible(bool(lines))


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _lanes_in_words(numbers: Sequence[str]) -> str:
    known = [number for number in numbers if number]
    if not known:
        return ""
    return f"lane{'s' * (len(known) > 1)} {', '.join(known)}, "
