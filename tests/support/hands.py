"""Mouse, keys and clipboard of a person in front of a widget, for the GUI tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def show(widget: Any, width: int = 420, height: int = 420) -> Any:
    """Show a widget as wide as a dock and give it the keyboard."""
    from qtpy.QtTest import QTest

    widget.resize(width, height)
    widget.show()
    widget.activateWindow()
    QTest.qWaitForWindowExposed(widget)
    widget.setFocus()
    settle()
    return widget


def settle(milliseconds: int = 20) -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(milliseconds)


def wait_until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Let Qt run until something has happened; what comes of it is for the caller to check."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        settle()


def heard(signal: Any) -> list[Any]:
    """Collect what a signal says from now on: a value, or a tuple of several."""
    got: list[Any] = []
    signal.connect(lambda *values: got.append(values[0] if len(values) == 1 else values))
    return got


def key(widget: Any, sequence: str) -> None:
    """Press keys such as ``Ctrl+D``."""
    from qtpy.QtGui import QKeySequence
    from qtpy.QtTest import QTest

    QTest.keySequence(widget, QKeySequence(sequence))
    settle()


def click(widget: Any) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    settle()


def click_cell(table: Any, row: int, column: int, *, shift: bool = False, double: bool = False) -> None:
    """Click a cell of an item view."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    index = table.model().index(row, column)
    table.scrollTo(index)
    at = table.visualRect(index).center()
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, held, at)
    if double:
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, held, at)
    settle()


def type_in(table: Any, row: int, column: int, text: str) -> None:
    """Double-click a cell, type and press Enter."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    click_cell(table, row, column, double=True)
    editor = QApplication.focusWidget()
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    settle()


def clipboard(text: str | None = None) -> str:
    """Put a text on the real clipboard, or say what is on it."""
    from qtpy.QtWidgets import QApplication

    board = QApplication.clipboard()
    if text is not None:
        board.setText(text)
    settle()
    return board.text()


def on_plot(plot: Any, x: float, y: float) -> Any:
    """Pixel of a ``PlotWidget`` where a point of its data lies."""
    from qtpy.QtCore import QPointF

    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))


def click_plot(plot: Any, x: float, y: float) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseMove(plot.viewport(), on_plot(plot, x, y))
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, on_plot(plot, x, y))
    settle()


def drag_plot(plot: Any, start: tuple[float, float], end: tuple[float, float], middle: Any = None) -> None:
    """Drag from one point of the data to another; `middle` is called half-way, with the button still down."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    view, left, none = plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    a, b = on_plot(plot, *start), on_plot(plot, *end)
    QTest.mouseMove(view, a)
    settle()
    QTest.mousePress(view, left, none, a)
    for step in range(1, 9):
        _move(view, a + (b - a) * (step / 8))
        settle(10)
        if step == 4 and middle is not None:
            middle()
    QTest.mouseRelease(view, left, none, b)
    settle()


def _move(view: Any, at: Any) -> None:
    """Move the mouse with the left button down, which `QTest.mouseMove` cannot say."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    place = QPointF(at)
    glob = QPointF(view.mapToGlobal(at))
    move = QMouseEvent(QEvent.Type.MouseMove, place, glob, none, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view, move)
