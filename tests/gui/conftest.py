"""The GUI tests run only where a window can be opened.

napari aborts the whole process when there is no usable display, so a display is tried in a process of its own first.
With ``UBLOT_REQUIRE_GUI=1`` (as in continuous integration) an unusable display is a failure instead of a skip.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
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


ENDED = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[ENDED] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process at once, by the result of its tests, where windows were opened in it.

    As the interpreter ends PyQt deletes what is left, walking over a table of all there is. Viewers hear of deletions,
    each hearing adds to the table, and where it has to grow the walk goes on in memory that is freed. Deleting the
    windows before that runs into plots whose parts are deleted twice. Either way all tests have passed and the process
    dies now and then, which would say nothing of them.
    """
    a_worker = hasattr(config, "workerinput")
    if "napari._qt.qt_main_window" in sys.modules and ENDED in config.stash and not a_worker:
        config.get_terminal_writer().flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[ENDED])


@pytest.fixture(autouse=True)
def _needs_display() -> None:
    reason = why_no_display()
    if reason is None:
        return
    if os.environ.get("UBLOT_REQUIRE_GUI") == "1":
        pytest.fail(f"GUI tests are required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(autouse=True, scope="session")
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what the panel remembers out of the settings of whoever runs the tests."""
    if why_no_display() is None:
        from qtpy.QtCore import QSettings

        place = str(tmp_path_factory.mktemp("settings"))
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, place)


@pytest.fixture(scope="session")
def qapp() -> Any:
    """Return the one Qt application, without which no widget can be made."""
    if why_no_display() is not None:
        return None
    from napari.qt import get_qapp

    return get_qapp()


@contextmanager
def open_window() -> Iterator[napari.Viewer]:
    """Open a napari viewer, shown, and close it afterwards."""
    import napari

    shown = napari.Viewer(show=True)
    shown.window._qt_window.resize(1500, 950)
    yield shown
    shown.close()
    process_events()


@pytest.fixture
def viewer(_needs_display: None) -> Iterator[napari.Viewer]:
    """Return a viewer of its own for a test."""
    with open_window() as shown:
        yield shown


@pytest.fixture(scope="module")
def docked() -> Iterator[tuple[napari.Viewer, Any] | None]:
    """Return a viewer with the panel docked, shared by the tests of a module: opening one takes seconds.

    Its blots start with no options of another module's.
    """
    if why_no_display() is not None:
        yield None
        return
    from ublot_napari import remembering

    remembering._settings().clear()
    with open_window() as shown:
        _, panel = shown.window.add_plugin_dock_widget("ublot", "ublot")
        yield shown, panel
        for blot in panel.controller.blots.values():
            blot.saved(None)  # else it asks about unsaved edits


@pytest.fixture(scope="session")
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


class Mouse:
    """Real mouse and key events on napari's canvas, at places in the picture."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self.canvas = viewer.window._qt_viewer.canvas

    def at(self, row: float, column: float) -> Any:
        """Return the place on the canvas where a place of the picture is drawn."""
        from qtpy.QtCore import QPoint

        zero, far = (np.array(self.canvas._map_canvas2world((at, at), self.canvas.view)[-2:]) for at in (0, 100))
        y, x = 100 * (np.array([row, column]) - zero) / (far - zero)
        return QPoint(round(x), round(y))

    def drag(self, begin: tuple[float, float], end: tuple[float, float], steps: int = 4) -> None:
        """Press at one place of the picture and let go at another."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        native, button = self.canvas.native, Qt.MouseButton.LeftButton
        first, last = self.at(*begin), self.at(*end)
        QTest.mouseMove(native, first)
        process_events()
        QTest.mousePress(native, button, pos=first)
        process_events()
        for k in range(1, steps + 1):
            # QTest.mouseMove says nothing of a button that is held.
            self._move(first + (last - first) * k / steps)
            process_events()
        QTest.mouseRelease(native, button, pos=last)
        process_events()

    def _move(self, place: Any) -> None:
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        native = self.canvas.native
        button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        there, on_screen = QPointF(place), QPointF(native.mapToGlobal(place))
        event = QMouseEvent(QEvent.Type.MouseMove, there, on_screen, Qt.MouseButton.NoButton, button, none)
        QApplication.sendEvent(native, event)

    def click(self, row: float, column: float) -> None:
        """Press and let go at one place of the picture."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.mouseMove(self.canvas.native, self.at(row, column))
        process_events()
        QTest.mouseClick(self.canvas.native, Qt.MouseButton.LeftButton, pos=self.at(row, column))
        process_events()

    def hover(self, row: float, column: float) -> None:
        """Move there with no button held."""
        from qtpy.QtTest import QTest

        QTest.mouseMove(self.canvas.native, self.at(row, column))
        process_events()

    def press(self, key: Any, modifier: Any = None) -> None:
        """Press a key while the picture has the focus."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        self.canvas.native.setFocus()
        QTest.keyClick(self.canvas.native, key, modifier or Qt.KeyboardModifier.NoModifier)
        process_events()


@pytest.fixture
def mouse(docked: Any) -> Mouse:
    return Mouse(docked[0])


@pytest.fixture
def empty(_needs_display: None, docked: Any) -> Any:
    """Return the panel with nothing open."""
    viewer, panel = docked
    panel.stop()
    for blot in panel.controller.blots.values():
        blot.saved(None)  # else it asks about unsaved edits
    viewer.layers.clear()
    process_events()
    panel.say("")
    return panel
