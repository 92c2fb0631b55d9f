"""The layout's cells as Qt's tables and delegates want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QComboBox, QStyleOptionViewItem, QWidget

from ublot.errors import BlotError
from ublot.inputs.layout import ROLES
from ublot.inputs.layout_words import roles_of_names
from ublot_napari.layers.lanes import ROLE_COLOURS
from ublot_napari.sections.layout.cells import (
    COLUMNS,
    Problem,
    Rows,
    cell_problems,
    dose_text,
    is_header,
    pasted_table,
    plain_number,
    role_text,
    shown_dose,
    text_rows,
)
from ublot_napari.state.option_places import panel_words
from ublot_napari.widgets.choice_delegate import ChoiceDelegate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["HELP", "TITLES", "WRONG", "LayoutModel", "RoleDelegate", "wrong_font"]

TITLES = {
    "lane": "Lane", "role": "Role", "compound": "Compound", "concentration_nM": "nM", "time_min": "min",
    "replicate": "Repl.", "group": "Group", "load": "Load",
}  # fmt: skip

HELP = {
    "lane": "Lane, counted from the left of the picture",
    "role": "marker, vehicle (DMSO), sample, negative (no ATP, no E1 or t = 0), blank (nothing loaded) or ignore",
    "compound": "What the lane was treated with; may be empty",
    "concentration_nM": "Concentration, with its own unit (1 µM) or in the column's; click the title for another",
    "time_min": "Reaction time in minutes; samples are compared with the DMSO lanes of their own time",
    "replicate": "Which independent reaction: lanes of one condition with the same name, or none, are one",
    "group": "Lanes are compared with the DMSO lanes of their own group only (cell line, E2, construct)",
    "load": "Relative amount loaded; empty is 1",
}

WRONG = QColor(213, 0, 50, 130)


def wrong_font() -> QFont:
    """Font of a cell that cannot be used: not everybody sees that it is red."""
    font = QFont()
    font.setBold(True)
    font.setUnderline(True)
    return font


class LayoutModel(QAbstractTableModel):
    """Rows of text, one per lane, with what is wrong in each cell.

    Attributes
    ----------
    edited : Signal
        A person changed something; once for a whole paste.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.columns = list(COLUMNS)
        self.rows: Rows = []
        self.lanes: tuple[int, ...] | None = None
        self.problems: list[Problem] = []
        self.unit = "nM"
        self._by_cell: dict[tuple[int | None, str], str] = {}
        self._put_aside: dict[int, dict[str, str]] = {}

    # ------------------------------------------------------------------------------------------------------ as a whole
    def set_lanes(self, numbers: Sequence[int]) -> None:
        """Take the lanes of the picture; rows keep what is filled in, that of a lane which comes back returns."""
        if self.lanes == tuple(numbers) and [self.lane_of(row) for row in range(len(self.rows))] == list(numbers):
            return
        self.beginResetModel()
        self.lanes = tuple(numbers)
        known = {row["lane"]: row for row in self.rows}
        self._put_aside |= {int(lane): row for lane, row in known.items() if lane.isdecimal()}
        self.rows = [self._put_aside.get(n, {}) | {"lane": str(n)} for n in numbers]
        self._check()
        self.endResetModel()

    def clear(self) -> None:
        """Forget lanes and rows."""
        self.beginResetModel()
        self.columns, self.rows, self.lanes = list(COLUMNS), [], None
        self._put_aside.clear()
        self._check()
        self.endResetModel()

    def set_rows(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Replace all rows; lanes of the picture that `rows` says nothing about are left empty."""
        columns, found = text_rows(rows) if rows else (list(COLUMNS), [])
        for at, row in enumerate(found, 1):
            row.setdefault("lane", str(at))
        described = {row["lane"] for row in found}
        found += [{"lane": str(n)} for n in self.lanes or () if str(n) not in described]
        self.beginResetModel()
        self._put_aside.clear()
        self.columns = columns
        self.rows = sorted(found, key=_by_lane)
        self._check()
        self.endResetModel()

    def records(self) -> Rows:
        """All rows with all columns."""
        return [{name: row.get(name, "") for name in self.columns} for row in self.rows]

    def row_of(self, lane: int) -> int:
        """Row of a lane, -1 where there is none."""
        return next((i for i, row in enumerate(self.rows) if row["lane"] == str(lane)), -1)

    def lane_of(self, row: int) -> int:
        """Lane of a row, 0 where its number is none."""
        text = self.rows[row]["lane"] if 0 <= row < len(self.rows) else ""
        return int(text) if text.isdecimal() else 0

    def remove_rows(self, rows: Sequence[int]) -> None:
        """Remove rows; a lane of the picture that none is left for gets an empty one."""
        kept = [row for i, row in enumerate(self.rows) if i not in rows]
        described = {row["lane"] for row in kept}
        kept += [{"lane": str(n)} for n in self.lanes or () if str(n) not in described]
        self.beginResetModel()
        self.rows = sorted(kept, key=_by_lane)
        self._check()
        self.endResetModel()
        self.edited.emit()

    def beyond(self, row: int) -> bool:
        """Whether a row describes a lane that the picture does not have, or one that another row describes too."""
        own = self.rows[row]["lane"]
        twice = sum(other["lane"] == own for other in self.rows) > 1
        return twice or (self.lanes is not None and self.lane_of(row) not in self.lanes)

    def _check(self) -> None:
        self.problems = cell_problems(self.records(), self.lanes)
        self._by_cell = {(p.lane, p.column): p.words for p in self.problems}

    # -------------------------------------------------------------------------------------------------- for the table
    def names(self) -> list[str]:
        """Names of the columns, as in a file with these cells."""
        dose = f"concentration_{self.unit}".replace("µ", "u")
        return [dose if name == "concentration_nM" else name for name in self.columns]

    def text(self, row: int, column: int) -> str:
        """Text of a cell as it is shown: concentrations in `unit`."""
        name = self.columns[column]
        text = self.rows[row].get(name, "")
        return shown_dose(text, self.unit) if name == "concentration_nM" else text

    def set_unit(self, unit: str) -> None:
        """Show concentrations in another unit, and take what is typed for it; what they are stays."""
        self.unit = unit
        at = self.columns.index("concentration_nM")
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, at, at)
        if self.rows:
            self.dataChanged.emit(self.index(0, at), self.index(len(self.rows) - 1, at))

    def write(self, changes: Sequence[tuple[int, int, str]]) -> None:
        """Change many cells at once; lane numbers, which are the picture's, stay."""
        different = False
        # What a control is depends on the compound, and on the other roles.
        last = {"compound": 0, "role": 1}
        for row, column, text in sorted(changes, key=lambda change: last.get(self.columns[change[1]], 0)):
            name = self.columns[column]
            new = plain_number(name, " ".join(text.split()))
            if name == "role":
                new = role_text(new, self.rows, row)
            elif name == "concentration_nM":
                new = dose_text(new, self.unit)
            if name != "lane" and new != self.rows[row].get(name, ""):
                self.rows[row][name] = new
                different = True
        if different:
            self._check()
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))
            self.edited.emit()

    def paste(self, block: list[list[str]], row: int, column: int) -> str:
        """Put a block with its corner at a cell, or by its column names and lane numbers where it has them."""
        names = self.columns[column:]
        headed = is_header(block[0], self.columns) and len(block) > 1
        if headed:
            try:
                table = pasted_table(block)
            except BlotError as error:
                return panel_words(error)
            names = list(table.columns)
            block = [[self._typed(name, cells.get(name, "")) for name in names] for _, cells in table.rows]
        new = [name for name in names if name and name not in self.columns]
        if new:
            self.beginInsertColumns(QModelIndex(), len(self.columns), len(self.columns) + len(new) - 1)
            self.columns += new
            self.endInsertColumns()
        width = max((len(cells) for cells in block), default=0)
        targets = self._targets(block, names, 0 if headed else row)
        where = [self.columns.index(name) if name else -1 for name in names]
        changes = [
            (target, at, cell)
            for target, cells in zip(targets, block, strict=True)
            for at, cell in zip(where, cells, strict=False)
            if target >= 0 and at >= 0
        ]
        told = self._roles_told(changes)
        self.write([*changes, *told])
        lost_rows, lost_columns = targets.count(-1), max(width - len(names), 0)
        lost = [f"{n} {what}{'s' * (n > 1)}" for n, what in ((lost_rows, "row"), (lost_columns, "column")) if n]
        if lost:
            return f"{' and '.join(lost)} did not fit into the table and were left out."
        return "The roles were told by the names: look at them." if told else ""

    def _typed(self, name: str, text: str) -> str:
        """A cell as it would be typed here."""
        return shown_dose(text, self.unit) if name == "concentration_nM" else text

    def _roles_told(self, changes: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Roles that the names of a pasted block tell, where no lane has one."""
        role, compound = self.columns.index("role"), self.columns.index("compound")
        names = {row: text for row, at, text in changes if at == compound}
        given = any(at == role and text for _, at, text in changes) or any(row.get("role") for row in self.rows)
        roles = roles_of_names(list(names.values())) if names and not given else None
        return [] if roles is None else [(row, role, text) for row, text in zip(names, roles, strict=True)]

    def _targets(self, block: list[list[str]], names: Sequence[str], first: int) -> list[int]:
        """Row for each row of a block, -1 for none: by lane number where all have one, else one after the other."""
        at = names.index("lane") if "lane" in names else -1
        lanes = [cells[at].strip() if 0 <= at < len(cells) else "" for cells in block]
        if lanes and all(lane.isdecimal() for lane in lanes):
            return [self.row_of(int(lane)) for lane in lanes]
        return [first + i if first + i < len(self.rows) else -1 for i in range(len(block))]

    # ------------------------------------------------------------------------------------------------ Qt's questions
    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Lanes."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Lane numbers are the picture's and cannot be edited."""
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return plain if self.columns[index.column()] == "lane" else plain | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what was typed."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        self.write([(index.row(), index.column(), str(value))])
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title and help of a column."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        name = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{self.unit} ▾" if name == "concentration_nM" else TITLES.get(name, name)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{HELP.get(name, 'Carried to the results unchanged')} (column {name} of the file)"
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, colour by role, and what is wrong."""
        name = self.columns[index.column()]
        text = self.text(index.row(), index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return text
        wrong = self._by_cell.get((self.lane_of(index.row()), name), "")
        if wrong and role == Qt.ItemDataRole.BackgroundRole:
            return WRONG
        if wrong and role == Qt.ItemDataRole.FontRole:
            return wrong_font()
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return wrong or HELP.get(name, "Carried to the results unchanged")
        if name == "role" and text in ROLE_COLOURS:
            colour = QColor(ROLE_COLOURS[text])
            if role == Qt.ItemDataRole.DecorationRole:
                return colour
            if role == Qt.ItemDataRole.BackgroundRole:
                colour.setAlpha(60)
                return colour
        return None


def _by_lane(row: Mapping[str, str]) -> int:
    """Order of rows; those whose lane is no number come last."""
    return int(row["lane"]) if row["lane"].isdecimal() else 10**6


class RoleDelegate(ChoiceDelegate):
    """Choose a role from the list of roles; the first letters choose as well."""

    def createEditor(self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        """Return a combo box of roles."""
        combo = QComboBox(parent)
        combo.addItem("")
        for role in ROLES:
            combo.addItem(role)
            combo.setItemData(combo.count() - 1, QColor(ROLE_COLOURS[role]), Qt.ItemDataRole.DecorationRole)
        self.take_choices_of(combo)
        return combo

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        """Show the role, and the list to choose from."""
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole) or ""))
            editor.showPopup()
