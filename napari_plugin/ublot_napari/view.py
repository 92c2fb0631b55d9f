"""A blot, or a result that was saved, in a napari window with the panel beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ublot

from .layers import blot_layer

if TYPE_CHECKING:
    import napari

__all__ = ["open_viewer"]


def open_viewer(path: str | Path) -> napari.Viewer:
    """Open an image, or a folder that ``ublot analyze`` wrote; the caller starts the event loop.

    Raises
    ------
    ublot.BlotError
        It is neither; no window is opened then.
    """
    analysis = ublot.load(path) if Path(path).is_dir() else None
    trouble = ""
    blot: ublot.Blot | None = None
    try:
        blot = ublot.read_blot(path) if analysis is None else analysis.blot
    except ublot.BlotError as error:
        if analysis is None:
            raise
        trouble = str(error)  # the image has moved or changed: lanes and scores can still be shown

    import napari

    viewer = napari.Viewer()
    if blot is not None:
        data, keywords, _ = blot_layer(blot)
        viewer.add_image(data, **keywords)
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "Analyze blot")
    if analysis is not None:
        panel.show_analysis(analysis, f"{analysis.lanes['image'].iloc[0]} lanes")
        if trouble:
            panel.say(trouble, wrong=True)
    viewer.reset_view()
    return viewer
