"""Writes pictures of napari with a sample blot measured: ``xvfb-run ... python .ci/screenshot.py FOLDER``.

All are of a small window, 1366 x 768: nothing may be cut off there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import napari
from napari.qt import get_qapp

WINDOW = 1366, 768
PICTURES = {"answer": "dark", "densitometry": "dark", "layout": "light"}


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the window did not get ready in time")
        get_qapp().processEvents()
        time.sleep(0.01)


def settle(seconds: float = 1.0) -> None:
    """Let the window draw itself."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end)


def main(folder: str) -> None:
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*WINDOW)
    viewer.open_sample("ublot", "dose_series")
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    settle()
    panel.controller.find_lanes()
    wait_until(lambda: not panel.runner.busy)
    panel.profile.overlay.setChecked(True)
    panel.controller.select_lane(11)
    viewer.fit_to_view()
    for name, theme in PICTURES.items():
        viewer.theme = theme
        for title, section in panel.folds.items():
            section.set_open(title.lower() == name)
        settle(2)
        check_room(panel)
        viewer.window.screenshot(str(Path(folder, f"napari_{name}.png")), canvas_only=False, flash=False)
    viewer.close()


def check_room(panel: object) -> None:
    """Fail where a widget that is shown does not lie wholly within the panel."""
    from qtpy.QtCore import QRect
    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox

    whole = QRect(0, 0, panel.width(), panel.height())
    for kind in (QAbstractButton, QAbstractSpinBox, QComboBox):
        for widget in panel.findChildren(kind):
            # What lies in a table scrolls; the rest must fit.
            if not widget.isVisible() or "qt_" in widget.objectName() or not widget.isEnabled():
                continue
            place = QRect(widget.mapTo(panel, widget.rect().topLeft()), widget.size())
            if not whole.contains(place):
                raise SystemExit(f"{widget} {widget.toolTip()!r} is cut off: {place} in {whole}")


if __name__ == "__main__":
    main(sys.argv[1])
