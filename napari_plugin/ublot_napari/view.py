"""A blot, or a result that was saved, in a napari window with the panel beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ublot_napari.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    import napari

__all__ = ["PANEL", "open_viewer"]

PANEL = "ublot"  # the panel's name in the manifest


def open_viewer(path: str | Path) -> napari.Viewer:
    """Open an image, or a folder that ``ublot analyze`` wrote; the caller starts the event loop.

    Raises
    ------
    ublot.BlotError
        It is neither; no window is opened then.
    """
    layers = read(str(path))

    import napari

    viewer = napari.Viewer()
    for data, keywords, _ in layers:
        viewer.add_image(data, **keywords)
    viewer.window.add_plugin_dock_widget("ublot", PANEL)
    viewer.reset_view()
    return viewer
