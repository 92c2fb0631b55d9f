"""The plot of one lane, with a real mouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hands
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDARY, LOW, WELL = 250.0, 290.0, 20.0


@pytest.fixture
def view() -> Any:
    """A lane of 400 rows: a band at 270, two rungs and a broad smear above it."""
    from ublot_napari.sections.profile.view import ProfileView

    rows = np.arange(400.0)
    smear = 10 * np.exp(-(((rows - 150) / 40) ** 2))
    bands = sum(h * np.exp(-(((rows - at) / 4) ** 2)) for h, at in ((1000, 270), (60, 235), (30, 205)))
    fit = smear + bands
    rungs = ((0, 270.0, 1000.0), (1, 235.0, 60.0), (2, 205.0, 30.0))
    mass = 400 / 2 ** (rows / 100)
    return ProfileView(
        3, "Lane 3  <LCL161> 10 nM", rows, mass, fit + 200, np.full(400, 200.0), fit, fit, rungs, smear,
        BOUNDARY, LOW, WELL,
    )  # fmt: skip


@pytest.fixture
def plot(qapp: Any, view: Any) -> Iterator[Any]:
    from ublot_napari.sections.profile.plot import ProfilePlot

    widget = ProfilePlot()
    hands.show(widget, 420, 340)
    widget.show_lane(view)
    hands.settle(50)
    yield widget
    widget.close()


def shown_range(plot: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    (left, right), (low, high) = plot.plot.getViewBox().viewRange()
    return (left, right), (low, high)


def ticks(plot: Any) -> list[tuple[float, str]]:
    return plot.plot.getAxis("bottom")._tickLevels[0]


def test_nothing_to_show_yet_is_said(qapp) -> None:
    from ublot_napari.sections.profile.plot import ProfilePlot

    widget = ProfilePlot()
    assert "No lane" in widget.title.text()
    widget.mark_row(5)
    widget.show_reference(None)
    widget.zoom.click()


def test_the_plot_is_made_when_it_is_first_shown(qapp, view) -> None:
    from ublot_napari.sections.profile.plot import ProfilePlot

    widget = ProfilePlot()
    widget.show_lane(view)
    widget.show_reference(replace(view, lane=1))
    assert "parts" not in widget.__dict__
    hands.show(widget)
    np.testing.assert_array_equal(widget.curves["signal"].getData()[1], view.signal)
    assert len(widget.curves["reference"].getData()[0]) == 400
    assert widget.boundary.value() == BOUNDARY
    assert shown_range(widget)[1][1] > 1000
    widget.close()


def test_the_boundary_is_told_once_where_it_is_dropped(plot) -> None:
    told = hands.heard(plot.boundary_moved)
    live: list[Any] = []
    half_way = lambda: live.append((plot.boundary.value(), plot.regions["H"].getRegion()[1], list(told)))  # noqa: E731
    hands.drag_plot(plot.plot, (BOUNDARY, 500), (210, 500), half_way)
    ((lane, row),) = told
    assert lane == 3
    assert row == pytest.approx(210, abs=2)
    ((line, edge, said),) = live
    assert BOUNDARY > line > 210  # it follows the mouse before it is dropped
    assert edge == pytest.approx(line)
    assert said == []


def test_the_boundary_stays_between_well_and_band(plot) -> None:
    told = hands.heard(plot.boundary_moved)
    hands.drag_plot(plot.plot, (BOUNDARY, 500), (390, 500))
    assert told[0][1] < LOW
    hands.drag_plot(plot.plot, (told[0][1], 500), (1, 500))
    assert told[1][1] > WELL


def test_the_boundary_is_moved_by_keys(plot) -> None:
    told = hands.heard(plot.boundary_moved)
    plot.plot.setFocus()
    hands.key(plot.plot, "Right")
    hands.key(plot.plot, "Shift+Left")
    assert told == [(3, BOUNDARY + 1), (3, BOUNDARY - 9)]


def test_a_double_click_shows_all_again(plot) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    before = shown_range(plot)
    plot.plot.setRange(xRange=(100, 120), yRange=(0, 10))
    where = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, hands.on_plot(plot.plot, 110, 5)
    # What a window system sends: press, release, double-click, release.
    for act in (QTest.mousePress, QTest.mouseRelease, QTest.mouseDClick, QTest.mouseRelease):
        act(plot.plot.viewport(), *where)
    hands.settle(50)
    assert shown_range(plot) == before


def test_showing_a_lane_tells_nothing(plot, view) -> None:
    told = hands.heard(plot.boundary_moved)
    plot.show_lane(replace(view, boundary_row=230.0))
    assert told == []
    assert plot.boundary.value() == 230
    assert plot.regions["U"].getRegion() == (230.0, LOW)
    assert plot.regions["W"].getRegion()[1] == WELL


def test_the_row_under_the_mouse_is_told_and_marked(plot) -> None:
    from qtpy.QtTest import QTest

    told = hands.heard(plot.hovered)
    QTest.mouseMove(plot.plot.viewport(), hands.on_plot(plot.plot, 120, 400))
    hands.wait_until(lambda: told)
    assert told[-1] == pytest.approx(120, abs=2)
    assert plot.marker.value() == pytest.approx(120, abs=2)
    assert plot.marker.isVisible()
    plot.mark_row(None)
    assert not plot.marker.isVisible()


def test_a_row_marked_from_outside_is_not_told(plot) -> None:
    told = hands.heard(plot.hovered)
    plot.mark_row(77.0)
    assert plot.marker.value() == 77
    assert told == []


def test_masses_stand_at_their_rows_or_rows_where_there_are_none(plot, view) -> None:
    assert {name: row for row, name in ticks(plot)}["100"] == pytest.approx(200, abs=0.1)
    assert "kDa" in plot.plot.getAxis("bottom").labelText
    assert plot.plot.getAxis("left").labelText == "signal × px"
    plot.show_lane(replace(view, mass_kda=None))
    assert plot.plot.getAxis("bottom")._tickLevels is None
    assert "row, px" in plot.plot.getAxis("bottom").labelText


def test_show_the_smear_fills_the_height_with_it(plot) -> None:
    (_, right), (_, high) = shown_range(plot)
    assert high > 1000
    assert right > 390
    hands.click(plot.zoom)
    (_, right), (_, high) = shown_range(plot)
    assert 60 < high < 90  # the highest rung, the band cut off
    assert LOW < right < 350
    hands.click(plot.zoom)
    assert shown_range(plot)[1][1] > 1000


def test_the_zoom_stays_when_the_lane_is_analysed_again(plot, view) -> None:
    hands.click(plot.zoom)
    before = shown_range(plot)
    plot.show_lane(replace(view, signal=view.signal * 1.1))
    assert shown_range(plot) == before
    plot.show_lane(replace(view, lane=4, signal=view.signal * 4))
    assert shown_range(plot)[1][1] > 1.5 * before[1][1]


def test_raw_and_background_are_switched(plot) -> None:
    assert not plot.curves["raw"].isVisible()
    hands.click(plot.raw)
    hands.click(plot.background)
    assert plot.curves["raw"].isVisible()
    assert plot.curves["background"].isVisible()
    assert shown_range(plot)[1][1] > 1200
    assert "background" in plot.key.text()


def test_the_reference_is_laid_over_at_its_masses_and_taken_away(plot, view) -> None:
    other = replace(view, lane=1, title="Lane 1  DMSO", mass_kda=400 / 2 ** ((view.rows - 5) / 100))
    plot.show_reference(other)
    x, y = plot.curves["reference"].getData()
    assert x[int(np.argmax(y))] == pytest.approx(265, abs=0.1)
    assert "DMSO" in plot.key.text()
    plot.show_reference(None)
    assert plot.curves["reference"].getData()[0] is None or len(plot.curves["reference"].getData()[0]) == 0
    assert "DMSO" not in plot.key.text()


def test_rungs_are_numbered_where_they_stand(plot) -> None:
    shown = {number.toPlainText(): number.pos() for number in plot._numbers if number.isVisible()}
    assert set(shown) == {"0", "1", "2"}
    assert (shown["1"].x(), shown["1"].y()) == (235.0, 60.0)


def test_a_marker_lane_has_no_boundary_to_drag(plot, view) -> None:
    nan = float("nan")
    bare = replace(view, lane=1, fit=None, smear=None, rungs=(), boundary_row=nan, low_row=nan, well_row=nan)
    plot.show_lane(bare)
    assert not plot.boundary.isVisible()
    assert not any(region.isVisible() for region in plot.regions.values())
    assert not any(number.isVisible() for number in plot._numbers)
    hands.click(plot.zoom)  # nothing to enlarge, and no error


def test_it_takes_the_colours_of_a_dark_and_a_light_window(plot) -> None:
    from ublot_napari.widgets.plot_style import theme_of

    for back, text in (("#202328", "#f0f1f2"), ("#efebe9", "#3b3a39")):
        plot.setStyleSheet(f"QWidget {{ background-color: {back}; color: {text}; }}")
        hands.settle()
        assert theme_of(plot).background == back
        picture = plot.plot.grab().toImage()
        assert picture.pixelColor(2, 2).name() == back
        assert plot.curves["signal"].opts["pen"].color().name() == text


def test_it_fits_a_narrow_dock(plot) -> None:
    assert plot.minimumSizeHint().width() <= 400
    assert plot.minimumSizeHint().height() <= 300
    assert plot.sizeHint().height() <= 300  # in a scroll area as well
