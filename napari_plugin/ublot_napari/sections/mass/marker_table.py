"""The marker's bands: where each lies and what it weighs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ublot.io.tables import number
from ublot.reference.markers import MARKERS, find_marker
from ublot_napari.sections.layout.model import WRONG, wrong_font
from ublot_napari.widgets.cell_table import CellTable
from ublot_napari.widgets.choice_delegate import ChoiceDelegate

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MarkerTable"]

TITLES = ("kDa", "Row, px")
HELP = ("Mass of the band in kDa", "Where the band lies in the picture; 0 is the top row")
MASS, ROW = 0, 1
NO_MARKER = "Choose a marker…"


class BandModel(QAbstractTableModel):
    """Mass and row of every band as text, top to bottom, with what is wrong in each cell."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[list[str]] = []
        self.wrong: dict[tuple[int, int], str] = {}

    def set_cells(self, cells: list[list[str]]) -> None:
        """Replace all bands."""
        self.beginResetModel()
        self.cells = cells
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        """Put bands in the order in which they lie, those without a place last; then check them."""
        self.cells.sort(key=lambda cell: (math.isnan(_value(cell[ROW])), _value(cell[ROW])))
        self.wrong = band_problems(self.cells)

    def names(self) -> list[str]:
        """Names of the columns, as in a file of marker positions."""
        return ["mass_kda", "row_px"]

    def text(self, row: int, column: int) -> str:
        """Text of a cell."""
        return self.cells[row][column]

    def write(self, changes: Sequence[tuple[int, int, str]]) -> None:
        """Change many cells at once."""
        new = [(row, column, _plain(text)) for row, column, text in changes]
        if all(self.cells[row][column] == text for row, column, text in new):
            return
        for row, column, text in new:
            self.cells[row][column] = text
        self.layoutAboutToBeChanged.emit()
        self._arrange()
        self.layoutChanged.emit()
        self.edited.emit()

    def paste(self, block: list[list[str]], row: int, column: int) -> str:
        """Put a block with its corner at a cell; bands are added where it is longer."""
        if all(math.isnan(_value(cell)) for cell in block[0]) and len(block) > 1:
            block = block[1:]  # a header row
        missing = row + len(block) - len(self.cells)
        if missing > 0:
            self.beginInsertRows(QModelIndex(), len(self.cells), len(self.cells) + missing - 1)
            self.cells += [["", ""] for _ in range(missing)]
            self.endInsertRows()
        wide = max(len(cells) for cells in block) > len(TITLES) - column
        self.write(
            [
                (row + i, column + j, text)
                for i, cells in enumerate(block)
                for j, text in enumerate(cells[: len(TITLES) - column])
            ]
        )
        return "The block has more columns than the table; those beyond were left out." if wide else ""

    # ------------------------------------------------------------------------------------------------ Qt's questions
    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Bands."""
        return 0 if parent is not None and parent.isValid() else len(self.cells)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Mass and row."""
        return 0 if parent is not None and parent.isValid() else len(TITLES)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """All cells can be edited."""
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what was typed."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        self.write([(index.row(), index.column(), str(value))])
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title and help of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        texts = {Qt.ItemDataRole.DisplayRole: TITLES, Qt.ItemDataRole.ToolTipRole: HELP}.get(Qt.ItemDataRole(role))
        return texts[section] if texts is not None else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, and what is wrong."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self.text(index.row(), index.column())
        wrong = self.wrong.get((index.row(), index.column()))
        if wrong and role == Qt.ItemDataRole.BackgroundRole:
            return WRONG
        if wrong and role == Qt.ItemDataRole.FontRole:
            return wrong_font()
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return wrong or HELP[index.column()]
        return None


def band_problems(cells: Sequence[Sequence[str]]) -> dict[tuple[int, int], str]:
    """What is wrong with bands in the order in which they lie, by line and column of the table."""
    wrong: dict[tuple[int, int], str] = {}
    placed: list[tuple[int, float, float]] = []  # line, mass and row
    for line, (mass_text, row_text) in enumerate(cells):
        mass, row = _value(mass_text), _value(row_text)
        if math.isnan(mass):
            wrong[line, MASS] = f"{mass_text!r} is not a number" if mass_text else "give the band's mass, or delete it"
        elif mass <= 0:
            wrong[line, MASS] = "a mass is above 0 kDa"
        if math.isnan(row):
            wrong[line, ROW] = f"{row_text!r} is not a number" if row_text else "give the band's row, or delete it"
        elif placed and row == placed[-1][2]:
            wrong[line, ROW] = f"another band lies at row {row:g}"
        if (line, MASS) not in wrong and (line, ROW) not in wrong:
            placed.append((line, mass, row))
    falling = _longest_fall([mass for _, mass, _ in placed])
    for at, (line, mass, _) in enumerate(placed):
        if at not in falling:
            above = [placed[k][1] for k in falling if k < at]
            side, other = ("above", above[-1]) if above and above[-1] <= mass else ("below", _next(placed, falling, at))
            wrong[line, MASS] = f"lighter bands lie lower: the band {side} has {other:g} kDa"
    return wrong


def _next(placed: Sequence[tuple[int, float, float]], falling: Sequence[int], at: int) -> float:
    return next(placed[k][1] for k in falling if k > at)


def _longest_fall(masses: Sequence[float]) -> list[int]:
    """Places of as many masses as fall strictly from one to the next: those of the fewest bands are then wrong."""
    best: list[list[int]] = []
    for at, mass in enumerate(masses):
        before = [chain for chain in best if masses[chain[-1]] > mass]
        best.append([*max(before, key=len, default=[]), at])
    return max(best, key=len, default=[])


class MarkerTable(QWidget):
    """Bands of the marker: mass and row, top to bottom.

    Attributes
    ----------
    changed : Signal
        A person added, deleted or edited a band, or chose a marker.
    marker_chosen : Signal of str
        The name of a known marker, before `changed`.
    band_picked : Signal of float
        Row of the band that a person went to.
    """

    changed = Signal()
    marker_chosen = Signal(str)
    band_picked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = BandModel()
        self._exact: dict[str, float] = {}
        self._exact_mass: dict[str, float] = {}
        self.table = _BandTable(self)
        self.table.setModel(self.model)
        self.masses = MassDelegate(self.table)
        self.table.setItemDelegateForColumn(MASS, self.masses)
        self.table.setAccessibleName("Bands of the marker")
        self.table.setToolTip("Double-click or type to edit; copy Ctrl+C, paste Ctrl+V, delete a band Ctrl+Del")
        header = self.table.horizontalHeader()
        if header is not None:
            header.setStretchLastSection(True)
        self.marker = QComboBox()
        self.marker.setToolTip("Fill in the masses of a known marker, from the topmost band down")
        self.marker.addItem(NO_MARKER)
        for known in MARKERS:
            self.marker.addItem(known.name)
            tip = f"{known.source}. {known.gel}. kDa: {', '.join(f'{m:g}' for m in known.masses)}"
            self.marker.setItemData(self.marker.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.marker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.marker.setMinimumContentsLength(14)
        self.add_button = QPushButton("Add")
        self.add_button.setToolTip("Add a band below the one chosen (Ctrl+Ins)")
        self.delete_button = QPushButton("Delete")
        self.delete_button.setToolTip("Delete the chosen bands (Ctrl+Del)")
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setStyleSheet("color: #D55E00")

        buttons = QHBoxLayout()
        buttons.addWidget(self.marker, stretch=1)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.delete_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.status)
        self.setFocusProxy(self.table)

        self.marker.activated.connect(self._choose)
        self.add_button.clicked.connect(self.add_band)
        self.delete_button.clicked.connect(self.delete_bands)
        self.model.edited.connect(self._edited)
        self.table.said.connect(self._say)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.currentRowChanged.connect(self._tell)
        self._say("")

    # ------------------------------------------------------------------------------------------------------ content
    def set_bands(self, rows: Sequence[float], masses: Sequence[float]) -> None:
        """Show bands: ``row_px`` and mass in kDa of each."""
        bands = list(zip(rows, masses, strict=True))
        cells = [[f"{mass:g}", f"{row:.2f}".rstrip("0").rstrip(".")] for row, mass in bands]
        # Fewer digits are shown than are kept: editing one band must not move the others.
        self._exact = {text: float(row) for (_, text), (row, _) in zip(cells, bands, strict=True)}
        self._exact_mass = {text: float(mass) for (text, _), (_, mass) in zip(cells, bands, strict=True)}
        self.model.set_cells(cells)
        self._say("")

    def bands(self) -> list[tuple[float, float]]:
        """``row_px`` and mass in kDa of every band, top to bottom, without those that are marked as wrong."""
        bad = {line for line, _ in self.model.wrong}
        return [
            (self._exact.get(row, _value(row)), self._exact_mass.get(mass, _value(mass)))
            for line, (mass, row) in enumerate(self.model.cells)
            if line not in bad
        ]

    def problems(self) -> list[str]:
        """What is wrong, in words."""
        return [f"band {line + 1}, {TITLES[column]}: {words}" for (line, column), words in self.model.wrong.items()]

    def add_band(self) -> None:
        """Add a band below the chosen one, half-way to the next, and edit its mass."""
        placed = [_value(cell[ROW]) for cell in self.model.cells]
        at = self.table.currentIndex().row() if placed else -1
        at = at if at >= 0 else len(placed) - 1
        below = placed[at + 1] if at + 1 < len(placed) else math.nan
        row = 0.5 * (placed[at] + below) if math.isfinite(below) else placed[at] + 20 if placed else math.nan
        self.model.set_cells([*self.model.cells, ["", f"{row:g}" if math.isfinite(row) else ""]])
        line = min(at + 1, len(self.model.cells) - 1)
        self._edited()
        index = self.model.index(line, MASS)
        self.table.setCurrentIndex(index)
        self.table.edit(index)

    def delete_bands(self) -> None:
        """Delete the chosen bands."""
        chosen = {row for row, _ in self.table.cells()}
        if chosen:
            self.model.set_cells([cell for line, cell in enumerate(self.model.cells) if line not in chosen])
            line = min(min(chosen), len(self.model.cells) - 1)
            self.table.setCurrentIndex(self.model.index(line, MASS))
            self._edited()

    def _choose(self, at: int) -> None:
        """Give the bands a marker's masses from the top; masses that no band is left for wait for a row."""
        if at == 0:
            return
        masses = [f"{mass:g}" for mass in find_marker(self.marker.currentText()).masses]
        rows = [cell[ROW] for cell in self.model.cells if cell[ROW]]
        count = max(len(masses), len(rows))
        masses += [""] * (count - len(masses))
        rows += [""] * (count - len(rows))
        self.model.set_cells([list(cell) for cell in zip(masses, rows, strict=True)])
        self.marker_chosen.emit(self.marker.currentText())
        self._edited()

    # ------------------------------------------------------------------------------------------------------ inside
    def _edited(self) -> None:
        self._say("")
        self.changed.emit()

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = _value(self.model.text(current.row(), ROW)) if current.isValid() else math.nan
        if math.isfinite(row):
            self.band_picked.emit(row)

    def _say(self, text: str) -> None:
        lines = [text] if text else self.problems()
        more = [f"and {len(lines) - 2} more"] if len(lines) > 3 else []
        self.status.setText("\n".join([*lines[: 2 if more else 3], *more]))
        self.status.setToolTip("\n".join(lines))
        self.status.setVisible(bool(lines))


class MassDelegate(ChoiceDelegate):
    """Choose a mass from the marker's list, or type another one; without a marker there is no list."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.masses: Sequence[float] = ()

    def createEditor(self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget | None:
        """Return a combo box of masses that can be typed in."""
        if not self.masses:
            return super().createEditor(parent, option, index)
        combo = QComboBox(parent)
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setCompleter(None)  # what is typed is meant: 25 is no beginning of 250
        combo.addItems([f"{mass:g}" for mass in self.masses])
        self.take_choices_of(combo)
        return combo

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        """Show the mass, to be typed over."""
        if not isinstance(editor, QComboBox):
            super().setEditorData(editor, index)
            return
        text = str(index.data(Qt.ItemDataRole.EditRole) or "")
        editor.setCurrentIndex(editor.findText(text))
        editor.setEditText(text)
        line = editor.lineEdit()
        if line is not None:
            line.selectAll()


class _BandTable(CellTable):
    """Cells of the bands, with keys to add and delete whole bands."""

    def __init__(self, owner: MarkerTable) -> None:
        super().__init__(owner)
        self.add_action("Ctrl+Ins", "Add band", lambda: owner.add_band())
        self.add_action("Ctrl+Del", "Delete band", lambda: owner.delete_bands())


def _plain(text: str) -> str:
    """Text of a number with a decimal point."""
    bare = " ".join(text.split())
    try:
        return bare.replace(",", ".") if "," in bare and number(bare, decimal_comma=True) is not None else bare
    except ValueError:
        return bare


def _value(text: str) -> float:
    try:
        return number(text)
    except ValueError:
        return math.nan
