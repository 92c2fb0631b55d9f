"""A guard against a crash of software OpenGL."""

from __future__ import annotations

from typing import Any

__all__ = ["VisualKeeper"]

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software rasterizer")


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
