"""What stands above and below the panel's sections: blot, status, progress; undo, export, save."""

from __future__ import annotations

import time
from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

__all__ = ["Foot", "Head"]

WRONG = "color: #D55E00"
SHORT = 0.3
"""Seconds that something may take without saying how far it is."""


class Head(QWidget):
    """Which blot is worked on, and what there is to say about it.

    Attributes
    ----------
    blot_chosen : Signal of int
    """

    blot_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.blots = QComboBox()
        self.blots.setToolTip("The blot that is worked on; the others are hidden meanwhile")
        self.blots.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.blots.setMinimumContentsLength(16)
        self.open = QToolButton()
        self.open.setText("Open…    ")  # the arrow stands on the text's own room
        self.open.setToolTip("Open blots, saved results (their analysis.json) or a layout; or drop them here")
        self.open.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.recent = QMenu(self)
        self.recent.setToolTipsVisible(True)
        self.open.setMenu(self.recent)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._since = 0.0
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setMaximumHeight(18)
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop measuring (Esc in the panel)")
        for widget in (self.progress, self.cancel):
            # The sections must not jump at every edit.
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
        top, bar = QHBoxLayout(), QHBoxLayout()
        top.addWidget(QLabel("Blot"))
        top.addWidget(self.blots, stretch=1)
        top.addWidget(self.open)
        bar.addWidget(self.progress, stretch=1)
        bar.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.status)
        column.addLayout(bar)
        self.blots.activated.connect(self.blot_chosen)
        self.show_busy(False)

    def show_blots(self, names: Sequence[str]) -> None:
        """List the blots that are open."""
        self.blots.clear()
        self.blots.addItems(list(names))
        self.blots.setEnabled(bool(names))

    def show_busy(self, busy: bool) -> None:
        """Show whether something is being done."""
        if not busy or not self._since:
            self._since = time.monotonic() if busy else 0.0
            self.progress.setFormat("")
            self.progress.setValue(0)
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy)

    def show_progress(self, stage: str, share: float) -> None:
        """Show how far it is, once it takes long: to draw the bar costs an edit more than many a stage."""
        if time.monotonic() - self._since < SHORT:
            return
        self.progress.setFormat(stage)
        self.progress.setValue(round(100 * share))

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a line, in a colour of its own when something is wrong."""
        self.status.setStyleSheet(WRONG if wrong else "")
        self.status.setText(text)


class Foot(QWidget):
    """Undo, redo, export, save.

    Parameters
    ----------
    exports : QMenu
        What can be exported.
    """

    def __init__(self, exports: QMenu) -> None:
        super().__init__()
        self.undo, self.redo, self.export = QToolButton(), QToolButton(), QToolButton()
        self.undo.setText("Undo")
        self.redo.setText("Redo")
        self.export.setText("Export ")
        self.export.setToolTip("A figure, the table, or the table to the clipboard")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export.setMenu(exports)
        self.save = QPushButton("Save result…")
        self.save.setToolTip("Save tables, figures and edits as a folder that can be reopened (Ctrl+Shift+S)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addStretch(1)
        row.addWidget(self.export)
        row.addWidget(self.save)

    def show_history(self, undone: str, redone: str) -> None:
        """Show what undo and redo would do; empty words where they would do nothing."""
        self.undo.setEnabled(bool(undone))
        self.redo.setEnabled(bool(redone))
        self.undo.setToolTip(f"Undo: {undone} (Ctrl+Z)" if undone else "Undo (Ctrl+Z)")
        self.redo.setToolTip(f"Redo: {redone} (Ctrl+Shift+Z)" if redone else "Redo (Ctrl+Shift+Z)")
