"""The GUI tests run only where a window can be opened.

napari aborts the whole process when there is no usable display, so a display is tried in a process of its own first.
With ``UBLOT_REQUIRE_GUI=1`` (as in continuous integration) an unusable display is a failure instead of a skip.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import napari

PROBE = """
from PyQt6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
app = QGuiApplication([])
context, surface = QOpenGLContext(), QOffscreenSurface()
surface.create()
if not (context.create() and context.makeCurrent(surface)):
    raise SystemExit("the display has no OpenGL")
"""


@cache
def why_no_display() -> str | None:
    """Reason why no window can be opened here, None where one can."""
    if os.environ.get("QT_QPA_PLATFORM") in {"offscreen", "minimal"}:
        return "QT_QPA_PLATFORM has no OpenGL; napari needs a real or virtual screen (xvfb-run)"
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "no DISPLAY; run under xvfb-run"
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "the display did not answer within 60 s"
    if probe.returncode == 0:
        return None
    said = probe.stderr.strip().splitlines() or [f"exit status {probe.returncode}"]
    return f"no usable display or no Qt: {next((line for line in said if 'display' in line), said[-1])}"


@pytest.fixture(autouse=True)
def _needs_display() -> None:
    reason = why_no_display()
    if reason is None:
        return
    if os.environ.get("UBLOT_REQUIRE_GUI") == "1":
        pytest.fail(f"GUI tests are required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def qapp() -> Any:
    """Return the one Qt application, without which no widget can be made."""
    if why_no_display() is not None:
        return None
    from napari.qt import get_qapp

    return get_qapp()


@pytest.fixture
def viewer(_needs_display: None) -> Iterator[napari.Viewer]:
    """Open a napari viewer, shown, and closed afterwards."""
    import napari

    shown = napari.Viewer(show=True)
    shown.window._qt_window.resize(1500, 950)
    yield shown
    shown.close()
    process_events()


@pytest.fixture
def until() -> Any:
    """Return a function that runs the event loop until a condition holds or time is up."""
    import time

    def wait(condition: Any, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition}")
            process_events()
            time.sleep(0.01)

    return wait


def process_events() -> None:
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
