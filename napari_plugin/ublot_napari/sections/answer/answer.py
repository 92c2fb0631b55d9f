"""The answer: bars, dose-response, table and flags; the fifth section of the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from ublot.io.columns import records_of
from ublot.scoring.primary import by_area, lane_state
from ublot_napari.sections.answer.flag_list import FlagList
from ublot_napari.sections.answer.plot import ScorePlot
from ublot_napari.sections.answer.rows import number_table, score_header, score_rows
from ublot_napari.sections.answer.table import ScoreTable
from ublot_napari.widgets.folding import ROOM
from ublot_napari.widgets.form import ParamsForm, options_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from ublot import Analysis
    from ublot_napari.sections.answer.series import Rows

__all__ = ["Answer"]

OPTIONS = options_of("Assay", "Quantification")
STALE = "Not up to date: "
HEIGHT = 390
"""Height in px that the answer needs to be read; sections that leave less fold when it opens."""


class Answer(QWidget):
    """Tabs with the scores.

    Attributes
    ----------
    lane_picked : Signal of int
    override_wanted : Signal
        What quality control refuses shall be scored all the same.
    loading_wanted : Signal of (str, str)
        A loading control shall be measured: in another ``picture`` or a ``strip`` of this one;
        its ``band`` or ``total``.
    """

    lane_picked = Signal(int)
    override_wanted = Signal()
    loading_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = ScorePlot()
        self._table, self._flags = ScoreTable(), FlagList()
        self._untold: dict[str, Callable[[], None]] = {}
        self._lane = 1
        self.form = ParamsForm(OPTIONS)
        self.stale = QLabel()
        self.stale.setWordWrap(True)
        self.stale.setStyleSheet("color: #D55E00")
        self.stale.hide()
        self.override = QPushButton("Score refused lanes all the same")
        self.override.setToolTip("Switches on “Allow unfit images” under Options; it is recorded and flagged")
        self.override.clicked.connect(self.override_wanted)
        self.override.hide()
        options = QWidget()
        inside = QVBoxLayout(options)
        inside.addWidget(self.form)
        inside.addLayout(self._loading())
        inside.addStretch(1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for widget, title, tip in (
            (self.plot, "Scores", "HMW over the DMSO lanes of this blot, with 95 % intervals"),
            (self._table, "Table", "One row per lane"),
            (self._flags, "Flags", "What speaks against these numbers, and what to do"),
            (options, "Options", "Assay, antibody, background and more"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(widget, title), tip)
        self.setProperty(ROOM, HEIGHT)
        self.setMinimumHeight(HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(self.stale)
        column.addWidget(self.override)
        column.addWidget(self.tabs, stretch=1)
        self.plot.lane_picked.connect(self.lane_picked)
        self._table.lane_picked.connect(self.lane_picked)
        self._flags.lanes_picked.connect(self._flagged)
        self.tabs.currentChanged.connect(lambda _: self._fill_shown())

    def _loading(self) -> QHBoxLayout:
        """What a loading control is, and where it is taken from."""
        self.control = QComboBox()
        self.control.addItem("Shared band", "band")
        self.control.addItem("All protein", "total")
        self.control.setToolTip("What is measured: a band that every lane holds alike, or all signal of a lane")
        # Its longest entry would otherwise set the width of the whole panel.
        self.control.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.control.setMinimumContentsLength(4)
        row = QHBoxLayout()
        row.addWidget(QLabel("Loading control"))
        row.addWidget(self.control, stretch=1)
        for text, source, tip in (
            ("Picture…", "picture", "Measure it in another picture of the membrane, on the lanes of this blot"),
            ("Strip…", "strip", "Measure it in a strip of this picture: drag a box over it"),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _, s=source: self.loading_wanted.emit(s, str(self.control.currentData())))
            row.addWidget(button)
        return row

    @property
    def table(self) -> ScoreTable:
        """One row per lane."""
        self._fill("table")
        return self._table

    @property
    def flags(self) -> FlagList:
        """What speaks against the numbers."""
        self._fill("flags")
        return self._flags

    def _fill(self, name: str) -> None:
        """Fill what lags behind the analysis."""
        if (fill := self._untold.pop(name, None)) is not None:
            fill()

    def _fill_shown(self) -> None:
        # Tabs that nobody sees are filled when somebody does: an edit is drawn the sooner.
        for name, widget in (("table", self._table), ("flags", self._flags)):
            if self.tabs.currentWidget() is widget:
                self._fill(name)

    def show_analysis(self, analysis: Analysis, dose: pd.DataFrame) -> None:
        """Show the scores; `dose` is ``Analysis.dose_response``, or an empty table while that is being made."""
        unfit = analysis.params.allow_unfit
        rows = self.show_scores(analysis, dose)
        self._untold = {
            "table": lambda: self._show_rows(analysis),
            "flags": lambda: self._flags.show_flags(analysis.lanes, analysis.messages, overridden=unfit),
        }
        self._fill_shown()
        refused = not unfit and any(lane_state(row) == "refused" for row in rows)
        self.override.setVisible(refused)
        names = {name for row in rows for name in str(row["flags"] or "").split(";") if name}
        self.tabs.setTabText(2, f"Flags ({len(names)})" if names else "Flags")

    def show_scores(self, analysis: Analysis, dose: pd.DataFrame) -> Rows:
        """Draw the scores and the curves through them; returns the rows of the lanes."""
        rows = records_of(analysis.columns["lanes"])
        self.plot.show_scores(rows, dose, by_area=by_area(analysis.params))
        return rows

    def _show_rows(self, analysis: Analysis) -> None:
        first = by_area(analysis.params)
        self._table.show_rows(score_header(by_area=first), score_rows(analysis.lanes, by_area=first))
        self._table.numbers = number_table(analysis.lanes, by_area=first)
        self._table.select_lane(self._lane)

    def clear(self) -> None:
        """Show that there is nothing to show."""
        self.plot.clear()
        self._untold = {}
        self._table.show_rows(score_header(), [])
        self._flags.clear()
        self.override.hide()
        self.tabs.setTabText(2, "Flags")

    def set_stale(self, why: str) -> None:
        """Say why what is shown is not what the edits would give; nothing to say where it is."""
        self.stale.setText(STALE + why if why else "")
        self.stale.setVisible(bool(why))

    def select_lane(self, number: int) -> None:
        """Select a lane everywhere."""
        self._lane = number
        self.plot.select_lane(number)
        if "table" not in self._untold:
            self._table.select_lane(number)

    def _flagged(self, lanes: list[int]) -> None:
        self.table.select_lanes(lanes)
        self.lane_picked.emit(lanes[0])
