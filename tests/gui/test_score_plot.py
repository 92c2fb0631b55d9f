"""The plot of the scores, with a real mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hands
import numpy as np
import pandas as pd
import pytest

import ublot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAN = float("nan")
DOSES = [1.0, 10.0, 100.0, 1000.0, 10000.0]
CONDITIONS, CURVES = 1, 2


@pytest.fixture
def table() -> pd.DataFrame:
    """Marker, two DMSO lanes, five doses of which the third was refused and the last two score 4 and 4.5."""
    values = [NAN, 0.8, 1.2, 1.5, 2.0, NAN, 4.0, 4.5]
    return pd.DataFrame(
        {
            "lane": range(1, 9),
            "role": ["marker", "vehicle", "vehicle", *["sample"] * 5],
            "compound": ["", "DMSO", "DMSO", *["LCL161"] * 5],
            "concentration_nM": [NAN, 0, 0, *DOSES],
            "time_min": [NAN] * 8,
            "group": [""] * 8,
            "hmw_fraction": [v / 5 for v in values],
            "relative_hmw": values,
            "relative_hmw_low": [v * 0.8 for v in values],
            "relative_hmw_high": [v * 1.25 for v in values],
            "relative_hmw_area": [v * 2 for v in values],
            "relative_hmw_area_low": [NAN] * 8,
            "relative_hmw_area_high": [NAN] * 8,
            "flags": ["", "", "", "", "", "saturated_heavily", "above_marker", ""],
        }
    )


@pytest.fixture
def dose() -> pd.DataFrame:
    names = ("ec50_nM", "ec50_low", "ec50_high", "hill", "bottom", "top")
    place = {"group": "", "compound": "LCL161", "time_min": NAN}
    unknown = dict.fromkeys(names, NAN)
    known = dict(zip(names, (50.0, 20.0, 120.0, 1.0, 1.0, 5.0), strict=True))
    note = "half of the effect lies above 1000 nM"
    return pd.DataFrame(
        [
            {**place, "quantity": "relative_hmw", **known, "status": "ok", "note": ""},
            {
                **place,
                "quantity": "relative_hmw_area",
                **unknown,
                "status": "above_max_dose",
                "note": note,
            },
        ]
    )


@pytest.fixture
def plot(qapp: Any, table: Any, dose: Any) -> Iterator[Any]:
    from ublot_napari.sections.answer.plot import ScorePlot

    widget = ScorePlot()
    hands.show(widget, 420, 380)
    widget.show_scores(table, dose)
    hands.settle(50)
    yield widget
    widget.close()


def drawn(plot: Any, kind: str) -> list[Any]:
    return [item for item in plot.canvas.items if type(item).__name__ == kind]


def test_the_plot_is_made_when_it_is_first_shown(qapp, table, dose) -> None:
    from ublot_napari.sections.answer.plot import ScorePlot

    widget = ScorePlot()
    widget.show_scores(table, dose)
    widget.select_lane(5)
    assert "canvas" not in widget.__dict__
    hands.show(widget)
    assert drawn(widget, "BarGraphItem")
    assert drawn(widget, "LinearRegionItem")[0].getRegion() == (2.5, 3.5)
    widget.close()


def test_bars_are_as_long_as_the_scores(plot) -> None:
    (bars,) = drawn(plot, "BarGraphItem")
    assert list(bars.opts["width"]) == [0.8, 1.2, 1.5, 2.0, 4.0, 4.5]
    assert list(bars.opts["y"]) == [0, 1, 2, 3, 5, 6]
    (line,) = drawn(plot, "InfiniteLine")
    assert line.value() == 1
    intervals = drawn(plot, "PlotCurveItem")[0].getData()[0]
    np.testing.assert_allclose(intervals[-2:], [3.6, 5.625])


def test_a_refused_lane_is_an_empty_slot_with_the_reason(plot) -> None:
    (mark,) = drawn(plot, "TextItem")
    assert "refused" in mark.toPlainText()
    assert mark.pos().y() == 4
    assert "ceiling" in plot.tip_of(6)
    assert plot.words.text().startswith("Refused: lane 6.")


def test_the_tool_tip_under_the_mouse_is_the_lanes(plot) -> None:
    from qtpy.QtTest import QTest

    QTest.mouseMove(plot.plot.viewport(), hands.on_plot(plot.plot, 0.5, 4))
    hands.settle(50)
    assert plot.plot.toolTip().startswith("Lane 6")
    QTest.mouseMove(plot.plot.viewport(), hands.on_plot(plot.plot, 0.5, 5))
    hands.settle(50)
    assert "extrapolated" in plot.plot.toolTip()
    assert "4 (95 %: 3.2 to 5)" in plot.plot.toolTip()


def test_a_click_on_a_bar_picks_its_lane(plot) -> None:
    told = hands.heard(plot.lane_picked)
    hands.click_plot(plot.plot, 0.3, 3)
    hands.click_plot(plot.plot, 0.3, 4)  # the refused one too
    assert told == [5, 6]


def test_arrow_keys_go_from_lane_to_lane(plot) -> None:
    told = hands.heard(plot.lane_picked)
    plot.plot.setFocus()
    for key in ("Down", "Down", "Up", "Up"):
        hands.key(plot.plot, key)
    assert told == [2, 3, 2, 2]


def test_a_selected_lane_is_marked_and_not_told(plot) -> None:
    told = hands.heard(plot.lane_picked)
    plot.select_lane(7)
    (stripe,) = drawn(plot, "LinearRegionItem")
    assert stripe.getRegion() == (4.5, 5.5)
    assert told == []


def test_lanes_of_one_condition_share_a_bar(plot) -> None:
    plot.tabs.setCurrentIndex(CONDITIONS)
    (bars,) = drawn(plot, "BarGraphItem")
    assert bars.opts["width"][0] == pytest.approx(1.0)
    told = hands.heard(plot.lane_picked)
    hands.click_plot(plot.plot, 1.2, 0.22)  # the point of the second DMSO lane
    assert told == [3]


def test_the_dose_response_has_its_points_curve_and_ec50(plot) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    at = plot.tabs.tabRect(CURVES).center()
    QTest.mouseClick(plot.tabs, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    hands.settle(50)
    upright = [line.value() for line in drawn(plot, "InfiniteLine") if line.angle == 90]
    assert any(value == pytest.approx(np.log10(50)) for value in upright)
    assert "EC50 50 nM (95 %: 20 nM to 120 nM)" in plot.words.text()
    vehicles, doses = (item.getData() for item in drawn(plot, "ScatterPlotItem"))
    np.testing.assert_allclose(doses[0], [0, 1, 3, 4])
    assert max(vehicles[0]) < -0.4  # left of every dose
    told = hands.heard(plot.lane_picked)
    hands.click_plot(plot.plot, 3, 4)
    assert told == [7]
    plot.select_lane(5)
    assert any(len(item.getData()[0]) == 1 for item in drawn(plot, "ScatterPlotItem"))


def test_another_score_is_chosen_and_stays(plot, table, dose) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    assert [plot.columns.itemData(i) for i in range(plot.columns.count())] == [
        "relative_hmw", "relative_hmw_area", "hmw_fraction"
    ]  # fmt: skip
    plot.columns.setFocus()
    QTest.keyClick(plot.columns, Qt.Key.Key_End)
    assert plot.column == "hmw_fraction"
    assert not drawn(plot, "InfiniteLine")  # 1 is no landmark of a fraction
    plot.show_scores(table, dose)
    assert plot.column == "hmw_fraction"
    plot.show_scores(table.assign(hmw_fraction=NAN), dose, by_area=True)
    assert plot.column == "relative_hmw_area"


def test_another_column_and_why_it_has_no_ec50(plot, table, dose) -> None:
    plot.show_scores(table, dose, column="relative_hmw_area")
    (bars,) = drawn(plot, "BarGraphItem")
    assert bars.opts["width"][-1] == 9
    plot.tabs.setCurrentIndex(CURVES)
    assert "EC50 above the highest dose – half of the effect lies above 1000 nM" in plot.words.text()


def test_without_doses_the_tab_is_off_and_says_why(plot, table, dose) -> None:
    few = table[:6]
    plot.show_scores(few, dose[:0])
    assert not plot.tabs.isTabEnabled(CURVES)
    assert "four doses" in plot.tabs.tabToolTip(CURVES)


def test_the_tab_shown_stays_while_curves_are_being_fitted(plot, table, dose) -> None:
    plot.tabs.setCurrentIndex(CURVES)
    plot.show_scores(table, dose[:0])
    assert plot.tabs.currentIndex() == CURVES
    assert len(drawn(plot, "ScatterPlotItem")[1].getData()[0]) == 4
    assert "no curve was fitted" in plot.words.text()
    plot.show_scores(table[:6], dose[:0])
    assert plot.tabs.currentIndex() == CURVES
    assert "four doses" in plot.words.text()


def test_no_scores_at_all_are_no_error(plot, table, dose) -> None:
    plot.show_scores(table.assign(relative_hmw=NAN, relative_hmw_area=NAN, hmw_fraction=NAN), dose[:0])
    assert not drawn(plot, "BarGraphItem")
    plot.show_scores(table[:1], dose[:0])
    assert "No lane" in plot.words.text()


def test_the_plot_is_exported(plot, tmp_path: Path) -> None:
    from qtpy.QtGui import QImage

    plot.setStyleSheet("QWidget { background-color: #202328; color: #f0f1f2; }")
    plot.select_lane(4)
    for name in ("scores.png", "scores.svg"):
        plot.export(tmp_path / name)
    assert len(drawn(plot, "LinearRegionItem")) == 1  # marked again
    picture = QImage(str(tmp_path / "scores.png"))
    assert picture.width() == 3 * plot.plot.width()
    assert picture.pixelColor(2, 2).name() == "#ffffff"  # for paper, whatever the window's colours
    from qtpy.QtGui import QPainter
    from qtpy.QtSvg import QSvgRenderer

    drawing = QImage(picture.size(), QImage.Format.Format_RGB32)
    painter = QPainter(drawing)
    QSvgRenderer(str(tmp_path / "scores.svg")).render(painter)
    painter.end()
    # Bars, points and axes lie where they do in the picture: the same places are dark.
    step = range(0, picture.width(), 6), range(0, picture.height(), 6)
    dark = [
        [image.pixelColor(x, y).lightness() < 200 for x in step[0] for y in step[1]] for image in (picture, drawing)
    ]
    assert np.mean(dark[0]) > 0.05
    assert np.mean(np.not_equal(*dark)) < 0.03
    with pytest.raises(ublot.BlotError, match=r"use \.png or \.svg"):
        plot.export(tmp_path / "scores.doc")
    with pytest.raises(ublot.BlotError, match="no such folder"):
        plot.export(tmp_path / "no" / "scores.png")


def test_the_export_button_asks_where(plot, tmp_path, monkeypatch) -> None:
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.png"), ""))
    hands.click(plot.export_button)
    assert (tmp_path / "a.png").is_file()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.txt"), ""))
    hands.click(plot.export_button)
    assert ".txt" in plot.words.text()


def test_it_fits_a_narrow_dock(plot) -> None:
    assert plot.minimumSizeHint().width() <= 400
    assert plot.minimumSizeHint().height() <= 300
    assert plot.sizeHint().height() <= 300  # in a scroll area as well


def many(count: int) -> pd.DataFrame:
    rows = [
        {
            "lane": n,
            "role": "sample",
            "compound": "a compound with a very long name",
            "concentration_nM": float(n),
            "relative_hmw": 1.0 + n % 3,
            "relative_hmw_low": 0.5,
            "relative_hmw_high": 100.0 if n == 2 else 4.0,
            "hmw_fraction": 0.2,
            "flags": "",
        }
        for n in range(1, count + 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("count", [4, 15, 26, 60])
def test_every_bar_has_its_name_and_more_than_fit_scroll(qapp: Any, count: int) -> None:
    from ublot_napari.sections.answer.canvas import _slot_name
    from ublot_napari.sections.answer.plot import ScorePlot
    from ublot_napari.sections.answer.series import score_slots

    widget = ScorePlot()
    widget.resize(430, 400)
    widget.show()
    qapp.processEvents()
    widget.show_scores(many(count), pd.DataFrame())
    qapp.processEvents()
    assert widget.plot.height() >= 19 * count
    assert (widget.area.verticalScrollBar().maximum() > 0) == (count > 20)
    names = [_slot_name(slot) for slot in score_slots(many(count), "relative_hmw")]
    assert all(f"{n} nM" in name for n, name in enumerate(names, 1))
    assert len(set(names)) == count
    arrows = [item for item in widget.canvas.items if getattr(item, "opts", {}).get("symbol") == "t2"]
    assert len(arrows) == 1 and len(arrows[0].data) == 1
    widget.close()
