"""A blot, or a result that was saved, in a napari window with the panel beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ublot_napari.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    import napari

__all__ = ["PANEL", "open_viewer"]

PANEL = "ublot"  # the panel's name in the manifest


SETTLED = 150
"""Milliseconds without a change of size after which the window is taken to stand as it will."""

NARROW = 1100, 640
"""Width and height of a screen, px as scaled, below which napari's own lists leave the picture no room."""


def open_viewer(path: str | Path | None = None) -> napari.Viewer:
    """Open an image, or a folder that ``ublot analyze`` wrote, or neither; the caller starts the event loop.

    Raises
    ------
    ublot.BlotError
        It is neither; no window is opened then.
    """
    layers = read(str(path)) if path is not None else []

    import napari

    viewer = napari.Viewer()
    for data, keywords, _ in layers:
        viewer.add_image(data, **keywords)
    _, panel = viewer.window.add_plugin_dock_widget("ublot", PANEL)
    _fit_when_settled(viewer, panel)
    _ask_when_shown(viewer, panel)
    return viewer


def _ask_when_shown(viewer: napari.Viewer, panel: Any) -> None:
    """Ask which dye, page or picture of the layers is meant, once the window stands."""
    from qtpy.QtCore import QTimer

    opened = list(viewer.layers)

    def ask() -> None:
        for layer in opened:
            if layer in viewer.layers:
                panel.opener.ask_part(layer)

    QTimer.singleShot(0, ask)


def _fit_when_settled(viewer: napari.Viewer, panel: Any) -> None:
    """Fit the picture into what the dock leaves of the window, once that is known."""
    from qtpy.QtCore import QEvent, QObject, QTimer

    class Fitter(QObject):
        def __init__(self, canvas: Any) -> None:
            super().__init__(canvas)
            self.canvas = canvas
            self.timer = QTimer(self)
            self.timer.setSingleShot(True)
            self.timer.timeout.connect(self.fit)
            canvas.installEventFilter(self)
            self.timer.start(SETTLED)

        def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
            if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
                self.timer.start(SETTLED)
            return False

        def fit(self) -> None:
            shown = viewer.window._qt_viewer
            room, lists = shown.screen().availableSize(), (shown.dockLayerControls, shown.dockLayerList)
            narrow = room.width() < NARROW[0] or room.height() < NARROW[1]
            if panel.picture is not None:
                panel.picture.fit()  # with what is written beside the blot, which keeps its size on the screen
            else:
                viewer.fit_to_view()
            if narrow and any(one.isVisible() for one in lists):
                for one in lists:  # the menu Window brings them back
                    one.hide()
                self.timer.start(SETTLED)
                return
            self.canvas.removeEventFilter(self)
            self.deleteLater()

    viewer.fit_to_view()
    Fitter(viewer.window._qt_viewer.canvas.native)
