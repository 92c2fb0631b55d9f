"""The picture drawn once for an edit and for what follows from it, where that follows soon."""

from __future__ import annotations

from contextlib import suppress

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QWidget

__all__ = ["SOON", "DrawingOnce"]

SOON = 200
"""Milliseconds that a picture stands still for at most when the mouse has let go: a person reacts no sooner. Where
nothing but the processor draws, to draw it takes as long as a boundary's new numbers, or half as long as a lane's."""


class DrawingOnce(QObject):
    """Keeps a widget as it was drawn last, from an edit until its result is there.

    What the mouse does is drawn while it does it: when it lets go, nothing but the result is new.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._still: QWidget | None = None
        self._timer: QTimer | None = None

    def begin(self, widget: QWidget | None) -> None:
        """Leave a widget as it is drawn, until `end` or for `SOON`."""
        self.end()
        if widget is not None:
            self._still = widget
            widget.setUpdatesEnabled(False)
            # The widget's own: it is drawn again also where the panel, and this with it, goes meanwhile.
            self._timer = QTimer(widget)
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(lambda: widget.setUpdatesEnabled(True))
            self._timer.start(SOON)

    def end(self) -> None:
        """Draw it again, with all that was to be drawn meanwhile."""
        still, timer = self._still, self._timer
        self._still = self._timer = None
        if still is not None and timer is not None:
            with suppress(RuntimeError):  # its window was closed meanwhile
                still.setUpdatesEnabled(True)
                timer.stop()
                timer.deleteLater()
