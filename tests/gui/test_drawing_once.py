"""A picture that stands still until what follows from an edit is there, and never for long."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def painted(qapp: Any) -> Any:
    """Return a widget on the screen that counts how often it is drawn."""
    from qtpy.QtWidgets import QWidget

    class Painted(QWidget):
        times = 0

        def paintEvent(self, event: Any) -> None:
            self.times += 1

    widget = Painted()
    widget.resize(60, 40)
    widget.show()
    yield widget
    widget.close()


@pytest.fixture
def drawing(painted: Any, until: Any) -> Any:
    from ublot_napari.widgets.drawing_once import DrawingOnce

    until(lambda: painted.times > 0)
    return DrawingOnce()


def test_what_changes_meanwhile_is_drawn_once_at_the_end(drawing: Any, painted: Any, until: Any, qapp: Any) -> None:
    drawing.begin(painted)
    before = painted.times
    for _ in range(3):
        painted.update()
        qapp.processEvents()
    assert painted.times == before
    drawing.end()
    until(lambda: painted.times > before)
    qapp.processEvents()
    assert painted.times == before + 1


def test_it_stands_still_for_no_longer_than_is_said(drawing: Any, painted: Any, until: Any) -> None:
    drawing.begin(painted)
    drawing.begin(painted)  # another edit before the first one's result
    assert not painted.updatesEnabled()
    until(painted.updatesEnabled, 2.0)


def test_another_widget_and_none_let_go_of_the_first(drawing: Any, painted: Any) -> None:
    drawing.begin(painted)
    drawing.begin(None)
    assert painted.updatesEnabled()
    drawing.end()


def test_a_panel_that_goes_leaves_no_picture_undrawn(drawing: Any, painted: Any, until: Any) -> None:
    from qtpy import sip

    drawing.begin(painted)
    sip.delete(drawing)
    assert not painted.updatesEnabled()
    until(painted.updatesEnabled, 2.0)
