"""A table to type in as in a spreadsheet: copy, paste, fill down and clear, by keys and by menu."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from qtpy.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QGuiApplication, QKeySequence
from qtpy.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QMenu, QTableView, QWidget

__all__ = ["Block", "CellModel", "CellTable", "block_of", "text_of"]

Block = list[list[str]]
Change = tuple[int, int, str]
"""Row, column and new text of a cell."""


class CellModel(Protocol):
    """What `CellTable` asks of its model besides Qt's own questions."""

    def names(self) -> list[str]:
        """Names of the columns, as a header row that `paste` understands."""

    def text(self, row: int, column: int) -> str:
        """Text of a cell."""

    def write(self, changes: Sequence[Change]) -> None:
        """Change many cells at once: one change to whoever listens."""

    def paste(self, block: Block, row: int, column: int) -> str:
        """Put a block with its corner at a cell; returns in words what did not fit."""


def block_of(text: str) -> Block:
    """Rows of cells in a text as spreadsheets copy it: tab-separated, quoted where a cell holds a tab or a line end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter="\t"))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return [[" ".join(cell.split()) for cell in row] for row in rows]


def text_of(block: Sequence[Sequence[str]]) -> str:
    """Text that a spreadsheet takes as these cells."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(block)
    return stream.getvalue()


class CellTable(QTableView):
    """Table view with the keys of a spreadsheet.

    Attributes
    ----------
    said : Signal of str
        What could not be done, in words; empty when all is well.
    """

    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(True)
        self.setMinimumHeight(90)
        numbers = self.verticalHeader()
        if numbers is not None:
            numbers.setVisible(False)
            numbers.setDefaultSectionSize(22)
            numbers.setMinimumSectionSize(18)
        self._actions: dict[str, tuple[QKeySequence, str, Callable[[], None]]] = {}
        self.add_action("Ctrl+C", "Copy", self.copy)
        self.add_action("Ctrl+Shift+C", "Copy whole table", self.copy_all)
        self.add_action("Ctrl+V", "Paste", self.paste)
        self.add_action("Ctrl+D", "Fill down", self.fill_down)
        self.add_action("Del", "Clear", self.clear_cells)

    def add_action(self, key: str, name: str, act: Callable[[], None]) -> None:
        """Give the table one more action, by key and in its menu."""
        self._actions[key] = QKeySequence(key), name, act

    # ------------------------------------------------------------------------------------------------------- actions
    def cells(self) -> list[tuple[int, int]]:
        """Selected cells, or the current one, row by row."""
        chosen = self.selectedIndexes() or [self.currentIndex()]
        return sorted((index.row(), index.column()) for index in chosen if index.isValid())

    def copy(self) -> None:
        """Copy the selected cells to the clipboard; cells between them that are not selected are left empty."""
        cells = self.cells()
        clipboard = QGuiApplication.clipboard()
        if not cells or clipboard is None:
            return
        rows, columns = sorted({r for r, _ in cells}), sorted({c for _, c in cells})
        model: Any = self.model()
        chosen = set(cells)
        clipboard.setText(text_of([[model.text(r, c) if (r, c) in chosen else "" for c in columns] for r in rows]))

    def paste(self) -> None:
        """Put the clipboard's cells where the selection begins; one cell fills the whole selection."""
        clipboard, cells = QGuiApplication.clipboard(), self.cells()
        block = block_of(clipboard.text()) if clipboard is not None else []
        if not block:
            self.said.emit("The clipboard holds no text to paste.")
            return
        model: Any = self.model()
        if len(block) == len(block[0]) == 1 and len(cells) > 1:
            model.write([(row, column, block[0][0]) for row, column in cells])
            self.said.emit("")
            return
        row, column = (min(r for r, _ in cells), min(c for _, c in cells)) if cells else (0, 0)
        self.said.emit(model.paste(block, row, column))

    def copy_all(self) -> None:
        """Copy the whole table with the names of its columns to the clipboard."""
        model: Any = self.model()
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            rows, columns = range(model.rowCount()), range(model.columnCount())
            clipboard.setText(text_of([model.names(), *([model.text(r, c) for c in columns] for r in rows)]))

    def fill_down(self) -> None:
        """Give every selected cell what the topmost of its column holds; a cell alone takes the one above it."""
        cells, changes = self.cells(), []
        model: Any = self.model()
        for column in {c for _, c in cells}:
            rows = [r for r, c in cells if c == column]
            top = rows[0] if len(rows) > 1 else max(rows[0] - 1, 0)
            changes += [(row, column, model.text(top, column)) for row in rows if row != top]
        model.write(changes)

    def clear_cells(self) -> None:
        """Empty the selected cells."""
        model: Any = self.model()
        model.write([(row, column, "") for row, column in self.cells()])

    def menu(self) -> QMenu:
        """The context menu."""
        menu = QMenu(self)
        for key, name, act in self._actions.values():
            action = menu.addAction(name)
            if action is not None:
                action.setShortcut(key)
                action.triggered.connect(act)
        return menu

    # -------------------------------------------------------------------------------------------------------- events
    def _show_menu(self, where: QPoint) -> None:
        viewport = self.viewport()
        if viewport is not None:
            self.menu().popup(viewport.mapToGlobal(where))

    def _action_of(self, event: Any) -> Any:
        pressed = QKeySequence(event.keyCombination())
        return next((act for key, _, act in self._actions.values() if pressed == key), None)

    def event(self, event: QEvent | None) -> bool:
        """Claim the keys before the window's own shortcuts get them."""
        if event is not None and event.type() == QEvent.Type.ShortcutOverride and self._action_of(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:
        """Act on the keys of the menu."""
        act = self._action_of(event)
        if act is not None:
            act()
            event.accept()
        else:
            super().keyPressEvent(event)

    def closeEditor(self, editor: QWidget | None, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Go on to the cell below after Enter, as spreadsheets do."""
        super().closeEditor(editor, hint)
        if hint == QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self._go_down()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from cell to cell, and on to the next widget from the last one."""
        at, model = self.currentIndex(), self.model()
        count = model.rowCount(QModelIndex()) if model is not None else 0
        ends = (0, 0) if not forward or model is None else (count - 1, model.columnCount(QModelIndex()) - 1)
        leaves = not at.isValid() or (at.row(), at.column()) == ends
        self.setTabKeyNavigation(not leaves)
        try:
            return super().focusNextPrevChild(forward)
        finally:
            self.setTabKeyNavigation(True)

    def _go_down(self) -> None:
        at, model = self.currentIndex(), self.model()
        if model is not None and at.isValid() and at.row() + 1 < model.rowCount(QModelIndex()):
            self.setCurrentIndex(model.index(at.row() + 1, at.column()))
