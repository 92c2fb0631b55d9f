"""What is drawn by OpenGL: a guard against a crash of software OpenGL, and drawings spared."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QWidget

__all__ = ["Still", "VisualKeeper", "keep_shaders"]

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software rasterizer")


STILL = 300
"""Milliseconds that the picture stands still at most: an edit of fifteen lanes is measured within that."""


class Still(QObject):
    """Spares the drawing of the picture between an edit and what follows from it, which is drawn in a moment anyway.

    Parameters
    ----------
    parent : QObject
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._widget: QWidget | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.end)

    def begin(self, window: Any) -> None:
        """Have the picture of a window of napari stand still as the person left it."""
        widget = getattr(getattr(getattr(window, "_qt_viewer", None), "canvas", None), "native", None)
        if isinstance(widget, QWidget):
            self._widget = widget
            widget.setUpdatesEnabled(False)
            self._timer.start(STILL)

    def end(self) -> None:
        """Draw it again."""
        self._timer.stop()
        widget, self._widget = self._widget, None
        if widget is not None:
            widget.setUpdatesEnabled(True)


def keep_shaders(window: Any, layer: Any) -> None:
    """Have the meshes of a shapes layer keep their shader when what they show changes.

    vispy gives a mesh a new function of colour, the same to the letter, whenever its corners change, and so has the
    shader compiled and linked anew: two thirds of the time that it takes to draw the picture after an edit.
    """
    canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
    node = getattr(getattr(canvas, "layer_to_visual", {}).get(layer), "node", None)
    for name in ("shape_faces", "shape_highlights"):
        mesh = getattr(node, name, None)
        make = getattr(mesh, "_build_color_transform", None)
        if make is not None:
            mesh._build_color_transform = _kept(make)  # type: ignore[union-attr]


def _kept(make: Any) -> Any:
    plain: list[Any] = []

    def colour_transform(colors: Any) -> Any:
        if colors.ndim == 2 and colors.shape[1] == 1:  # by a colour map, which may change
            return make(colors)
        if not plain:
            plain.append(make(colors))
        return plain[0]

    return colour_transform


class VisualKeeper:
    """Keeps what was drawn for layers when they are removed, where OpenGL is software.

    vispy frees the buffers of what was on the screen while Mesa's software renderer, as on virtual machines and remote
    desktops, may still read them: the process then dies at the next drawing. Nothing is freed as long as somebody
    holds the visual.
    """

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._needed: bool | None = None

    def removing(self, window: Any, layer: Any) -> None:
        """Take note of a layer that is about to be removed from a window of napari."""
        canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
        visual = getattr(canvas, "layer_to_visual", {}).get(layer)
        if visual is None:
            return
        if self._needed is None:
            self._needed = _by_software(getattr(canvas, "native", None))
        if self._needed:
            self._kept.append(visual)


def _by_software(widget: Any) -> bool:
    """Whether what a widget shows is drawn without a graphics card; also where that cannot be told."""
    from vispy.gloo import gl  # type: ignore[import-untyped]

    try:
        widget.makeCurrent()
        name = str(gl.glGetParameter(gl.GL_RENDERER)).casefold()
        widget.doneCurrent()
    except (AttributeError, RuntimeError, OSError):
        return True
    return not name or any(word in name for word in SOFTWARE)
