"""A combo box in a cell of a table: what is chosen is taken at once."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import QComboBox, QStyledItemDelegate, QWidget

__all__ = ["ChoiceDelegate"]


class ChoiceDelegate(QStyledItemDelegate):
    """What delegates share whose editor is a combo box; any other editor is Qt's own."""

    def take_choices_of(self, combo: QComboBox) -> None:
        """Take what is chosen in the combo box when it is chosen, and close it."""
        combo.activated.connect(lambda: self._take(combo))

    def _take(self, combo: QComboBox) -> None:
        self.commitData.emit(combo)
        self.closeEditor.emit(combo)

    def setModelData(self, editor: QWidget | None, model: Any, index: QModelIndex) -> None:
        """Take the text of the combo box."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText(), Qt.ItemDataRole.EditRole)
        else:
            super().setModelData(editor, model, index)
