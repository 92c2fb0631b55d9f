"""The table of scores beside the picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QGuiApplication, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QMenu, QPushButton, QTableWidget, QTableWidgetItem

from ublot_napari.widgets.cell_table import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ScoreTable"]

ORDER = Qt.ItemDataRole.UserRole
_FIRST_NUMBER = re.compile(r"\s*−?[0-9]+(\.[0-9]+)?")


class _Cell(QTableWidgetItem):
    """Text that sorts by the number that it begins with; what begins with none comes last."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return _sort_key(self.text()) < _sort_key(other.text())


def _sort_key(text: str) -> tuple[int, float, str]:
    found = _FIRST_NUMBER.match(text)
    if found:
        return 0, float(found.group().replace("−", "-")), text
    return (1, 0.0, text.casefold()) if text else (2, 0.0, "")


class ScoreTable(QTableWidget):
    """Rows of text, one per lane; tells which one a person picked.

    Attributes
    ----------
    row_picked : Signal of int
        Place of the row among those given to `show_rows`, however the table is sorted.
    lane_picked : Signal of int
        Number in the first column of that row.
    numbers : sequence of sequence of str
        What is copied instead of the text shown, where it is given: titles, then the rows as given to `show_rows`.
    copy_button : QPushButton
        Copies the whole table; for whoever holds the table to place beside it.
    """

    row_picked = Signal(int)
    lane_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._quiet = False
        self.numbers: Sequence[Sequence[str]] = ()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(90)
        self.setAccessibleName("Scores of the lanes")
        self.setToolTip("Click a column's title to sort; Ctrl+C copies the chosen rows, Ctrl+Shift+C the whole table")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        numbers = self.verticalHeader()
        if numbers is not None:  # an empty header is false
            numbers.setVisible(False)
            numbers.setDefaultSectionSize(22)
        self.copy_button = QPushButton("Copy table")
        self.copy_button.setToolTip("Copy the whole table for a spreadsheet (Ctrl+Shift+C)")
        self.copy_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.copy_button.clicked.connect(self.copy_all)
        self._keys = {QKeySequence("Ctrl+C"): self.copy_rows, QKeySequence("Ctrl+Shift+C"): self.copy_all}
        self.itemSelectionChanged.connect(self._tell)

    def show_rows(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Replace what is shown."""
        self.numbers = ()
        self.setSortingEnabled(False)  # else rows move while they are filled
        self.clear()
        self.setColumnCount(len(header))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(header))
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = _Cell(text)
                item.setToolTip(text)
                item.setData(ORDER, i)
                if text[:1].isdigit() or text[:1] == "−":
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, j, item)
        self.resizeColumnsToContents()
        titles = self.horizontalHeader()
        if titles is not None:
            titles.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as given
            titles.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)

    def select_lane(self, number: int) -> None:
        """Go to the row of a lane without telling that it was picked."""
        self.select_lanes([number])

    def select_lanes(self, numbers: Sequence[int]) -> None:
        """Choose the rows of lanes without telling that they were picked."""
        wanted = {str(number) for number in numbers}
        self._quiet = True
        try:
            self.clearSelection()
            mode = self.selectionMode()
            self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
            for row in range(self.rowCount()):
                first = self.item(row, 0)
                if first is not None and first.text() in wanted:
                    self.selectRow(row)
                    self.scrollToItem(first)
            self.setSelectionMode(mode)
        finally:
            self._quiet = False

    def copy_rows(self) -> None:
        """Copy the chosen rows to the clipboard, tab-separated."""
        self._copy(sorted({index.row() for index in self.selectedIndexes()}), titles=False)

    def copy_all(self) -> None:
        """Copy the whole table with its titles to the clipboard, tab-separated, in the order shown."""
        self._copy(range(self.rowCount()), titles=True)

    def _copy(self, rows: Sequence[int], *, titles: bool) -> None:
        clipboard = QGuiApplication.clipboard()
        if len(self.numbers) == self.rowCount() + 1:
            places = [int(item.data(ORDER)) for row in rows if (item := self.item(row, 0)) is not None]
            lines = [*([self.numbers[0]] if titles else []), *(self.numbers[1 + at] for at in places)]
            if clipboard is not None and lines:
                clipboard.setText(text_of(lines))
            return
        columns = range(self.columnCount())
        heads = [self.horizontalHeaderItem(c) for c in columns]
        block = [[head.text() if head is not None else "" for head in heads]] if titles else []
        for row in rows:
            cells = [self.item(row, c) for c in columns]
            block.append([cell.text() if cell is not None else "" for cell in cells])
        if clipboard is not None and block:
            clipboard.setText(text_of(block))

    def _tell(self) -> None:
        rows = {index.row() for index in self.selectedIndexes()}
        first = self.item(rows.pop(), 0) if len(rows) == 1 else None
        if first is None or self._quiet:
            return
        self.row_picked.emit(int(first.data(ORDER)))
        if first.text().isdecimal():
            self.lane_picked.emit(int(first.text()))

    def _show_menu(self, where: Any) -> None:
        menu = QMenu(self)
        for name, (key, act) in zip(("Copy rows", "Copy whole table"), self._keys.items(), strict=True):
            action = menu.addAction(name)
            if action is not None:
                action.setShortcut(key)
                action.triggered.connect(act)
        viewport = self.viewport()
        if viewport is not None:
            menu.popup(viewport.mapToGlobal(where))

    def event(self, event: QEvent | None) -> bool:
        """Claim the keys before the window's own shortcuts get them."""
        if event is not None and event.type() == QEvent.Type.ShortcutOverride and self._act_of(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:
        """Copy by key."""
        act = self._act_of(event)
        if act is None:
            super().keyPressEvent(event)
        else:
            act()
            event.accept()

    def _act_of(self, event: Any) -> Any:
        pressed = QKeySequence(event.keyCombination())
        return next((act for key, act in self._keys.items() if key == pressed), None)
