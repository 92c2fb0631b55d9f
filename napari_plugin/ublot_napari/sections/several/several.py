"""Blots and results to choose from, their comparison, and a folder analysed as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, QUrl, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QDesktopServices, QMouseEvent, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ublot_napari.state.saving import free_folder
from ublot_napari.state.several import holds_results

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ublot_napari.state.several import Compared

__all__ = ["SeveralBlots"]

KEY = Qt.ItemDataRole.UserRole
ROWS = 2, 4
"""Blots that the list has room for at least, and at most: the figures need the room more."""
FIGURES_HEIGHT = 230
"""Height in px in which a figure as wide as the panel is seen as a whole, or nearly."""


class _Figure(QLabel):
    """A picture as wide as there is room for; a click shows it as large as it is."""

    def __init__(self, title: str, png: bytes) -> None:
        super().__init__()
        self.title = title
        self.setAccessibleName(title)
        self.setToolTip(f"{title}: click to see it larger")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.whole = QPixmap()
        self.whole.loadFromData(png)
        self.setMinimumWidth(120)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Show the picture in a window of its own."""
        window = QScrollArea(self.window())
        window.setWindowFlag(Qt.WindowType.Window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(self.title)
        label = QLabel()
        label.setPixmap(self.whole)
        window.setWidget(label)
        window.resize(self.whole.size() + QSize(4, 4))
        window.show()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit the picture into the width."""
        super().resizeEvent(event)
        width = min(self.width(), self.whole.width())
        smooth = Qt.TransformationMode.SmoothTransformation
        scaled = self.whole.scaledToWidth(round(width * self.devicePixelRatioF()), smooth)
        scaled.setDevicePixelRatio(self.devicePixelRatioF())
        self.setPixmap(scaled)
        self.setMinimumHeight(round(scaled.height() / self.devicePixelRatioF()))


class SeveralBlots(QWidget):
    """Blots that are open and results that were saved, to be compared; and folders to be analysed.

    Attributes
    ----------
    compare_wanted : Signal of (list, str)
        Keys of the blots that are chosen (folders as `Path`), and the protein in the tube as it was typed.
    comparison_shown : Signal
        There is a comparison in `area`.
    save_wanted : Signal of Path
        Where the comparison that is shown shall be saved.
    folder_wanted : Signal of (Path, Path)
        A folder to analyse, and where the results shall go.
    """

    compare_wanted = Signal(list, str)
    comparison_shown = Signal()
    save_wanted = Signal(object)
    folder_wanted = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Blots to compare")
        self.list.setToolTip("Blots that are open, and results that were added; those that are ticked are compared")
        self.add = _button("Add results…", "Add a saved result, or a folder of results, to the list")
        self.compare = _button("Compare", "Join the ticked blots: means over blots, p against DMSO, dose-response")
        self.save = _button("Save comparison…", "Write tables, figures and page as ublot compare does")
        self.folder = _button("Analyse a folder…", "Analyse every blot in a folder, each with the layout beside it")
        self.index = _button("Open index", "Show all blots of the folder in the web browser")
        self.protein = QLineEdit()
        self.protein.setPlaceholderText("target in the tube, nM")
        self.protein.setToolTip("Optional: an EC50 cannot be measured below half of it, which is then said")
        self.words = QLabel("Replicate blots are compared blot by blot: tick two or more.")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures = QVBoxLayout()
        inside = QWidget()
        shown = QVBoxLayout(inside)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.addLayout(self.figures)  # above what is said: the answer stands in the status line as well
        shown.addWidget(self.words)
        shown.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setMinimumHeight(110)
        self.area = area
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.add, self.compare, self.protein):
            first.addWidget(widget)
        for widget in (self.save, self.folder, self.index):
            second.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addLayout(first)
        column.addWidget(area, stretch=1)
        column.addLayout(second)
        self._added: dict[Path, bool] = {}
        self._open: list[tuple[Hashable, str]] = []
        self._start = ""
        self._index: Path | None = None
        self._results: dict[Path, Path] = {}  # by folder, where its results went
        self._compared: Path | None = None
        self.save.setEnabled(False)
        self.index.setEnabled(False)
        self.add.clicked.connect(self._ask_results)
        self.compare.clicked.connect(lambda: self.compare_wanted.emit(self.chosen(), self.protein.text().strip()))
        self.save.clicked.connect(self._ask_out)
        self.folder.clicked.connect(self._ask_folder)
        self.index.clicked.connect(self.open_index)

    # ------------------------------------------------------------------------------------------------------ the list
    def show_open(self, blots: Sequence[tuple[Any, str]]) -> None:
        """List the blots that are open, with their keys; a new one is ticked."""
        ticks = self._ticks()
        self._open = list(blots)
        self._fill(ticks)

    def add_results(self, folder: Path) -> None:
        """List a saved result, or a folder of them."""
        ticks = self._ticks()
        self._added[folder] = True
        self._fill(ticks)

    def chosen(self) -> list[Any]:
        """Keys of the blots that are ticked."""
        return [key for key, ticked in self._ticks().items() if ticked]

    def _ticks(self) -> dict[Any, bool]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return {item.data(KEY): item.checkState() == Qt.CheckState.Checked for item in items if item is not None}

    def _fill(self, ticks: dict[Any, bool]) -> None:
        self.list.clear()
        for key, name in (*self._open, *((folder, folder.name) for folder in self._added)):
            item = QListWidgetItem(name)
            item.setData(KEY, key)
            item.setToolTip(str(key) if isinstance(key, Path) else "open in this window, as it is now")
            item.setCheckState(Qt.CheckState.Checked if ticks.get(key, True) else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.compare.setEnabled(self.list.count() > 0)
        self._size_list()

    def _size_list(self) -> None:
        row = max(self.list.sizeHintForRow(0), self.list.fontMetrics().height())
        rows = min(max(self.list.count(), ROWS[0]), ROWS[1])
        self.list.setFixedHeight(rows * row + 2 * self.list.frameWidth() + 4)

    # ------------------------------------------------------------------------------------------------------ the result
    def show_comparison(self, found: Compared) -> None:
        """Show what a comparison says, and its figures."""
        self.clear()
        self.words.setText("\n".join([found.sentence, *(f"• {reason}" for reason in found.reasons)]))
        for title, png in found.pictures:
            self.figures.addWidget(_Figure(title, png))
        self.area.setMinimumHeight(FIGURES_HEIGHT)  # the section is scrolled where the panel has less
        self.save.setEnabled(True)
        self.comparison_shown.emit()

    def clear(self) -> None:
        """Show no comparison."""
        while (item := self.figures.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.words.clear()
        self.save.setEnabled(False)

    def show_index(self, page: Path) -> None:
        """Offer the page of a folder that was analysed."""
        self._index = page
        self.index.setEnabled(True)

    def open_index(self) -> None:
        """Show the page of the folder that was analysed last."""
        if self._index is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._index)))

    # ------------------------------------------------------------------------------------------------------ questions
    def _ask_results(self) -> None:
        text = QFileDialog.getExistingDirectory(self, "A saved result, or a folder of results", self._start)
        if not text:
            return
        folder = Path(text)
        self._start = str(folder.parent)
        if holds_results(folder):
            self.add_results(folder)
        else:
            self.words.setText(f"{folder.name} is no result and holds none.")

    def _ask_out(self) -> None:
        start = self._compared or Path(self._start or Path.cwd(), "comparison")
        out = self._ask_place("Save the comparison as a folder", start, "Replace the comparison in it?")
        if out is not None:
            self._compared = out
            self.save_wanted.emit(out)

    def _ask_folder(self) -> None:
        text = QFileDialog.getExistingDirectory(self, "Analyse every blot in a folder, and below it", self._start)
        if not text:
            return
        folder = Path(text)
        self._start = str(folder.parent)
        start = self._results.get(folder, folder.with_name(f"{folder.name} results"))
        out = self._ask_place("Where shall the results go?", start, "Go on in it, with the blots that it lacks?")
        if out is not None:
            self._results[folder] = out
            self.folder_wanted.emit(folder, out)

    def _ask_place(self, title: str, start: Path, question: str) -> Path | None:
        """Ask for a folder to write. A file dialog goes into one that is there, so that one is asked about before."""
        if start.exists():
            box = QMessageBox
            answers = box.StandardButton.Yes | box.StandardButton.No | box.StandardButton.Cancel
            words = f"{start.name} is there already. {question} “No” asks for another place."
            answer = box.question(self, "ublot", words, answers)
            if answer != box.StandardButton.No:
                return start if answer == box.StandardButton.Yes else None
        text, _ = QFileDialog.getSaveFileName(
            self, title, str(free_folder(start)), options=QFileDialog.Option.DontConfirmOverwrite
        )
        return Path(text) if text else None


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
