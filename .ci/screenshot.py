"""Writes a picture of napari with a sample blot analysed: ``xvfb-run ... python .ci/screenshot.py OUT.png``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import napari
from napari.qt import get_qapp


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
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


def main(out: str) -> None:
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1500, 950)
    viewer.open_sample("ublot", "dose_series")
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    settle()
    panel.find_lanes()
    wait_until(lambda: not panel.runner.busy)
    settle()
    viewer.fit_to_view()
    settle()
    viewer.window.screenshot(out, canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    main(sys.argv[1])
