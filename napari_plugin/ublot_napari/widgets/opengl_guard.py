"""A guard against a crash of software OpenGL."""

from __future__ import annotations

from typing import Any

__all__ = ["VisualKeeper"]


class VisualKeeper:
    """Keeps what was drawn for layers with text when they are removed.

    vispy frees the buffers of a text that was on the screen while Mesa's software renderer, as on virtual machines and
    remote desktops, may still read them: the process then dies at the next drawing. Nothing is freed as long as
    somebody holds the visual; there are few, and they are small.
    """

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def removing(self, window: Any, layer: Any) -> None:
        """Take note of a layer that is about to be removed from a window of napari."""
        canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
        visual = getattr(canvas, "layer_to_visual", {}).get(layer)
        if visual is not None and getattr(layer, "text", None) is not None:
            self._kept.append(visual)
