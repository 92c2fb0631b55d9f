"""Keys of the panel, in it and in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from .panel_widget import BlotPanel

__all__ = ["bind_keys"]


def bind_keys(panel: BlotPanel, viewer: Any) -> None:
    """Bind the panel's keys; undo and redo also where the picture has the focus."""
    keys = (
        ("Ctrl+Z", "Control-Z", panel.undo),
        ("Ctrl+Shift+Z", "Control-Shift-Z", panel.redo),
        ("Ctrl+Y", None, panel.redo),
        ("Esc", None, panel.stop),
        ("Ctrl+Shift+S", None, panel.keeper.ask_and_save),
        ("PgDown", None, lambda: panel.select_lane(panel.lane + 1)),
        ("PgUp", None, lambda: panel.select_lane(panel.lane - 1)),
    )
    for key, in_picture, act in keys:
        shortcut = QShortcut(QKeySequence(key), panel)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)
        if in_picture:
            viewer.bind_key(in_picture, lambda _, act=act: act(), overwrite=True)
