"""Quality flags in words: what each means, what to do, and the lanes that it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QWidget

from ublot_napari.sections.answer.flag_words import flag_lines, flag_severity
from ublot_napari.sections.answer.rows import records
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["FlagList"]

LANES = Qt.ItemDataRole.UserRole
COLOURS = {"refuse": "#D55E00", "warn": "#E69F00", "note": "#999999"}


class FlagList(QListWidget):
    """One line for every flag of an analysis.

    Attributes
    ----------
    lanes_picked : Signal of list of int
        Lanes of the line that a person chose.
    """

    lanes_picked = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSpacing(2)
        self.setResizeMode(QListView.ResizeMode.Adjust)  # lines are wrapped anew at every width
        self.setIconSize(QSize(4, 28))
        self.setMinimumHeight(60)
        self.setAccessibleName("Quality flags")
        self.setToolTip("Choose a line to select its lanes everywhere")
        self.itemClicked.connect(self._tell)
        self.itemActivated.connect(self._tell)

    def show_flags(self, table: pd.DataFrame, messages: Sequence[str] = (), *, overridden: bool = False) -> None:
        """Show the flags of an analysis, and what else it says.

        Parameters
        ----------
        table : DataFrame
            ``Analysis.lanes``.
        messages : sequence of str
            ``Analysis.messages``.
        overridden : bool
            Unfit images are scored, as a person wants it.
        """
        self.clear()
        flags = {int(row["lane"]): _names(row["flags"]) for row in records(table)}
        for text in messages:
            self._add(panel_words(text), [], COLOURS["warn"])
        for name, text, lanes in flag_lines(flags, overridden=overridden):
            self._add(text, lanes, COLOURS[flag_severity(name)], f"{name}: choose this line to select its lanes")
        if not self.count():
            self._add("No flags: nothing speaks against these numbers.", [], "#009E73")

    def _add(self, text: str, lanes: list[int], colour: str, tip: str = "") -> None:
        item = QListWidgetItem(_stripe(colour), text)
        item.setData(LANES, lanes)
        item.setToolTip(tip or text)
        self.addItem(item)

    def _tell(self, item: QListWidgetItem | None) -> None:
        lanes = item.data(LANES) if item is not None else []
        if lanes:
            self.lanes_picked.emit(list(lanes))


def _stripe(colour: str) -> QIcon:
    """A narrow upright stripe, for the left of a line."""
    picture = QPixmap(4, 28)
    picture.fill(QColor(colour))
    return QIcon(picture)


def _names(flags: object) -> list[str]:
    return [name for name in flags.split(";") if name] if isinstance(flags, str) else []
