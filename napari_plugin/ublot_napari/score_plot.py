"""The answer as a plot: scores over DMSO by lane or condition, and dose-response."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QTabBar, QVBoxLayout, QWidget

from ublot.errors import BlotError

from .flag_words import lane_ranges
from .layers import ROLE_COLOURS
from .plot_style import (
    BLUE,
    GREEN,
    ORANGE,
    PAPER,
    PURPLE,
    VERMILLION,
    Theme,
    pen,
    save_plot,
    style_axes,
    theme_of,
    tinted,
)
from .score_slots import TITLES, Point, Series, Slot, choose_column, dose_series, score_slots

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScorePlot"]

LANES, CONDITIONS, DOSES = range(3)
TABS = (
    ("By lane", "One bar for each lane, with its 95 % interval"),
    ("By condition", "One bar for each condition: the mean of its lanes, which are the points"),
    ("Dose-response", "Score against concentration, with the fitted curve and EC50"),
)
COMPOUNDS = ((VERMILLION, "o"), (BLUE, "s"), (GREEN, "t"), (PURPLE, "d"), (ORANGE, "t1"))
LABEL_LENGTH = 24
TALLEST = 2.0  # times the largest score: longer intervals are cut at the plot's edge


class ScorePlot(QWidget):
    """Bars of the score over DMSO, lanes from top to bottom, and dose-response curves.

    Attributes
    ----------
    lane_picked : Signal of int
        A person clicked a lane's bar or point.
    """

    lane_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = ""
        self._table: pd.DataFrame | None = None
        self._slots: list[Slot] = []
        self._series: tuple[list[Series], list[Point]] = [], []
        self._spots: list[tuple[float, float, int, str]] = []  # x, y, lane and tool tip of what can be clicked
        self._lane: int | None = None
        self._theme: Theme | None = None  # instead of the window's
        self._items: list[Any] = []

        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for at, (name, tip) in enumerate(TABS):
            self.tabs.addTab(name)
            self.tabs.setTabToolTip(at, tip)
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("Save this plot as PNG or SVG")
        self.plot = pg.PlotWidget()
        self.plot.setMinimumSize(240, 160)
        self.plot.plotItem.setContentsMargins(0, 2, 6, 6)  # else letters are cut off below
        self.plot.setMenuEnabled(False)
        self.plot.setAccessibleName("Scores over DMSO")
        self.legend = self.plot.addLegend(offset=(8, 4), labelTextSize="8pt")
        self.words = QLabel("No scores to show yet.")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

        top = QHBoxLayout()
        top.addWidget(self.tabs)
        top.addStretch(1)
        top.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.plot, stretch=1)
        column.addWidget(self.words)

        self.tabs.currentChanged.connect(self._draw)
        self.export_button.clicked.connect(self._choose_target)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self._dress()

    # ------------------------------------------------------------------------------------------------------ content
    def show_scores(self, table: pd.DataFrame, dose: pd.DataFrame, column: str | None = None) -> None:
        """Show an analysis.

        Parameters
        ----------
        table : DataFrame
            ``Analysis.lanes``.
        dose : DataFrame
            ``Analysis.dose_response``.
        column : str, optional
            The score drawn; by default the first of ``relative_hmw``, ``relative_hmw_area`` and ``hmw_fraction`` that
            holds numbers.
        """
        self._table = table
        self.column = column or choose_column(table)
        self._series = dose_series(table, dose, self.column)
        series = self._series[0]
        # Going to another tab by itself would surprise: the one shown stays, and says that there is nothing.
        self.tabs.setTabEnabled(DOSES, bool(series) or self.tabs.currentIndex() == DOSES)
        tip = TABS[DOSES][1] if series else "No compound has scores at four doses or more"
        self.tabs.setTabToolTip(DOSES, tip)
        self._draw()

    def select_lane(self, number: int) -> None:
        """Mark a lane without telling that it was picked."""
        if number != self._lane:
            self._lane = number
            self._draw()

    def tip_of(self, lane: int) -> str:
        """What is said about a lane when the mouse is on it."""
        return next((tip for _, _, number, tip in self._spots if number == lane), "")

    def export(self, path: str | Path) -> None:
        """Save the plot as it is, PNG or SVG by the name's ending.

        Raises
        ------
        BlotError
            Another ending, or a file that cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in (".png", ".svg"):
            raise BlotError(
                f"a plot cannot be saved as {path.suffix or 'a file without ending'}", path, "use .png or .svg"
            )
        if not path.parent.is_dir():
            raise BlotError("there is no such folder", path.parent, "choose another one")
        if not self._save(path):
            raise BlotError("cannot be written", path, "choose another folder")

    def _save(self, path: Path) -> bool:
        """Save in the colours of paper, and without the mark of the selected lane."""
        self._theme, lane, self._lane = PAPER, self._lane, None
        try:
            self._dress()
            return save_plot(self.plot, path)
        finally:
            self._theme, self._lane = None, lane
            self._dress()

    # ------------------------------------------------------------------------------------------------------ drawing
    def _draw(self, _: Any = None) -> None:
        for item in self._items:
            self.plot.removeItem(item)
        self._items, self._spots = [], []
        self.legend.clear()
        table = self._table
        if table is None:
            return
        theme = self._theme or theme_of(self)
        if self.tabs.currentIndex() == DOSES:
            self._draw_doses(*self._series, theme)
        else:
            by_condition = self.tabs.currentIndex() == CONDITIONS
            self._slots = score_slots(table, self.column, by_condition=by_condition)
            self._draw_bars(theme)

    def _add(self, item: Any, z: float = 0.0) -> None:
        item.setZValue(z)
        self.plot.addItem(item, ignoreBounds=True)
        self._items.append(item)

    def _draw_bars(self, theme: Theme) -> None:
        slots = self._slots
        self.plot.invertY(True)
        self.plot.setLabel("bottom", TITLES.get(self.column, self.column.replace("_", " ")))
        self.plot.setLabel("left", "")
        self.plot.getAxis("bottom").setTicks(None)
        self.plot.getAxis("left").setTicks([[(y, _slot_name(slot)) for y, slot in enumerate(slots)]])
        tall = [(y, slot) for y, slot in enumerate(slots) if math.isfinite(slot.mean)]
        colours = [ROLE_COLOURS.get(slot.role, ROLE_COLOURS["sample"]) for _, slot in tall]
        brushes = [tinted(theme.visible(colour), 200) for colour in colours]
        widths = [slot.mean for _, slot in tall]
        if tall:
            self._add(
                pg.BarGraphItem(x0=0, y=[y for y, _ in tall], height=0.7, width=widths, brushes=brushes, pen=None)
            )
        places: list[tuple[Point, float, float]] = []
        for y, slot in enumerate(slots):
            places += self._fill_slot(y, slot, theme)
        self._draw_points(places, theme.text, "o", sideways=True)
        if self.column != "hmw_fraction":
            self._add(pg.InfiniteLine(1.0, angle=90, pen=pen(theme.text, 1.2, dashed=True)), 5)
        left, right = _limits([point for slot in slots for point in slot.points], self.column)
        self.plot.setRange(xRange=(left, right), yRange=(-0.6, max(len(slots) - 0.4, 0.6)), padding=0)
        states: dict[str, list[int]] = {}
        for slot in slots:
            for state, lanes in slot.missing.items():
                states.setdefault(state, []).extend(lanes)
        said = [f"{state.capitalize()}: {lane_ranges(lanes)}." for state, lanes in states.items()]
        said += ["Hold the mouse on a lane to see why."] if said else []
        self.words.setText(" ".join(said) if slots else "No lane holds a sample.")
        self.words.setVisible(bool(self.words.text()))

    def _fill_slot(self, y: int, slot: Slot, theme: Theme) -> list[tuple[Point, float, float]]:
        """Mark a slot and say why it is empty; returns its points with their places."""
        if self._lane in slot.lanes:
            self._add(_stripe(y, theme), -10)
        if slot.state:
            label = pg.TextItem(f"× {slot.state}", color=theme.visible(VERMILLION), anchor=(0, 0.5))
            label.setPos(max([0.0, *(p.value if math.isnan(p.high) else p.high for p in slot.points)]), y)
            self._add(label, 6)
        known = {point.lane for point in slot.points}
        self._spots += [(0.0, float(y), lane, slot.tip) for lane in slot.lanes if lane not in known]
        spread = np.linspace(-0.22, 0.22, len(slot.points)).tolist() if len(slot.points) > 1 else [0.0]
        places = [(point, point.value, y + dy) for dy, point in zip(spread, slot.points, strict=False)]
        self._spots += [(x, at, point.lane, slot.tip) for point, x, at in places]
        return places

    def _draw_points(
        self, places: list[tuple[Point, float, float]], colour: str, symbol: str, *, sideways: bool
    ) -> None:
        """Lanes as points with their intervals, along x for bars and along y for doses."""
        known = [(point, x, y) for point, x, y in places if point.low <= point.high]
        ends = np.array([(point.low, point.high) for point, _, _ in known]).ravel()
        across = np.repeat([y if sideways else x for _, x, y in known], 2)
        line = (ends, across) if sideways else (across, ends)
        self._add(pg.PlotCurveItem(*line, antialias=True, connect="pairs", pen=pen(colour, 1.3)), 6)
        x, y = [x for _, x, _ in places], [y for _, _, y in places]
        shade = QColor(colour)
        size = 6 if sideways else 8
        self._add(pg.ScatterPlotItem(x, y, size=size, symbol=symbol, brush=shade, pen=pg.mkPen(shade)), 7)

    def _draw_doses(self, series: list[Series], vehicles: list[Point], theme: Theme) -> None:
        self.plot.invertY(False)
        self.plot.setLabel("left", TITLES.get(self.column, self.column.replace("_", " ")))
        self.plot.setLabel("bottom", "concentration, nM")
        self.plot.getAxis("left").setTicks(None)
        if not series:
            self.words.setText("No compound has scores at four doses or more.")
            self.words.show()
            return
        lowest = math.floor(min(math.log10(s.doses[0]) for s in series))
        highest = math.ceil(max(math.log10(s.doses[-1]) for s in series))
        vehicle_x = lowest - 0.8
        ticks = [(vehicle_x, "DMSO"), *((float(k), _dose_tick(k)) for k in range(lowest, highest + 1))]
        self.plot.getAxis("bottom").setTicks([ticks])
        self._add(pg.InfiniteLine(lowest - 0.4, angle=90, pen=pen(theme.faint, 1, dashed=True)), -5)
        spread = np.linspace(-0.12, 0.12, len(vehicles)).tolist() if len(vehicles) > 1 else [0.0]
        beside = [(point, vehicle_x + dx, point.value) for dx, point in zip(spread, vehicles, strict=False)]
        self._draw_points(beside, theme.text, "o", sideways=False)
        self._spots += [(x, y, p.lane, f"Lane {p.lane}  DMSO\n{p.value:.3g}") for p, x, y in beside]
        for at, one in enumerate(series):
            colour, symbol = COMPOUNDS[at % len(COMPOUNDS)]
            self._draw_series(one, theme.visible(colour), symbol, lowest)
        if self.column != "hmw_fraction":
            self._add(pg.InfiniteLine(1.0, angle=0, pen=pen(theme.faint, 1, dashed=True)), -5)
        self._mark_spot(theme)
        bottom, top = _limits([*vehicles, *(point for s in series for point in s.points)], self.column)
        self.plot.setRange(xRange=(vehicle_x - 0.4, highest + 0.2), yRange=(bottom, top), padding=0)
        self.words.setText("\n".join(s.words for s in series))
        self.words.show()

    def _draw_series(self, series: Series, colour: str, symbol: str, lowest: float) -> None:
        key = pg.ScatterPlotItem([], [], size=8, symbol=symbol, brush=QColor(colour), pen=pg.mkPen(colour))
        self.legend.addItem(key, series.name)
        if series.curve is not None:
            log_dose = np.log10(series.curve[0])
            shown = log_dose > lowest - 0.4
            self._add(pg.PlotCurveItem(log_dose[shown], series.curve[1][shown], antialias=True, pen=pen(colour, 2)), 4)
        ec50, low, high = series.ec50
        if math.isfinite(ec50):
            self._add(pg.InfiniteLine(math.log10(ec50), angle=90, pen=pen(colour, 1.2, dashed=True)), 2)
            if low > 0 and math.isfinite(high):
                span = (math.log10(low), math.log10(high))
                self._add(pg.LinearRegionItem(span, movable=False, brush=tinted(colour, 30), pen=pg.mkPen(None)), -8)
        places = [
            (point, math.log10(dose), point.value)
            for dose, point in zip(series.doses.tolist(), series.points, strict=True)
        ]
        self._draw_points(places, colour, symbol, sideways=False)
        self._spots += [(x, y, p.lane, f"Lane {p.lane}  {series.name} {10**x:.4g} nM\n{y:.3g}") for p, x, y in places]

    def _mark_spot(self, theme: Theme) -> None:
        """Put a ring around the point of the selected lane."""
        chosen = [(x, y) for x, y, lane, _ in self._spots if lane == self._lane]
        if chosen:
            ring = pg.ScatterPlotItem(pos=chosen, size=16, symbol="o", brush=None, pen=pen(theme.text, 2))
            self._add(ring, 8)

    # -------------------------------------------------------------------------------------------------------- mouse
    def _spot_at(self, where: Any) -> tuple[float, float, int, str] | None:
        """What can be clicked at a place in the scene: anywhere in a bar's slot, near a point of a curve."""
        box = self.plot.getViewBox()
        if not self._spots or not self.plot.plotItem.sceneBoundingRect().contains(where):
            return None
        at, (dx, dy) = box.mapSceneToView(where), box.viewPixelSize()
        if self.tabs.currentIndex() != DOSES:
            nearest = min(self._spots, key=lambda spot: abs(spot[1] - at.y()))
            return nearest if abs(nearest[1] - at.y()) <= 0.5 else None
        distance = [math.hypot((x - at.x()) / dx, (y - at.y()) / dy) for x, y, _, _ in self._spots]
        k = int(np.argmin(distance))
        return self._spots[k] if distance[k] < 14 else None

    def _clicked(self, event: Any) -> None:
        spot = self._spot_at(event.scenePos())
        if spot is not None and event.button() == Qt.MouseButton.LeftButton:
            self.select_lane(spot[2])
            self.lane_picked.emit(spot[2])

    def _hover(self, where: Any) -> None:
        spot = self._spot_at(where)
        self.plot.setToolTip(spot[3] if spot is not None else "")

    def _choose_target(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the plot", "scores.png", "Pictures (*.png *.svg)")
        if not path:
            return
        try:
            self.export(path)
        except BlotError as error:
            self.words.setText(str(error))
            self.words.show()

    # ------------------------------------------------------------------------------------------------------- colours
    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the window's colours."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes and hasattr(self, "words"):
            self._dress()

    def _dress(self) -> None:
        theme = self._theme or theme_of(self)
        style_axes(self.plot, theme)
        self.legend.setLabelTextColor(theme.text)
        self._draw()


def _slot_name(slot: Slot) -> str:
    """Lane numbers and what they hold, short enough for the axis."""
    lanes = ", ".join(map(str, slot.lanes)) if len(slot.lanes) < 4 else f"{slot.lanes[0]} … {slot.lanes[-1]}"
    text = f"{slot.label}  {lanes}".strip()
    return text if len(text) <= LABEL_LENGTH else f"{slot.label[: LABEL_LENGTH - len(lanes) - 3]}…  {lanes}"


def _stripe(y: int, theme: Theme) -> Any:
    span = (y - 0.5, y + 0.5)
    brush = tinted(theme.text, 40)
    return pg.LinearRegionItem(span, orientation="horizontal", movable=False, brush=brush, pen=pg.mkPen(None))


def _limits(points: list[Point], column: str) -> tuple[float, float]:
    """Room for the values and, up to twice the largest of them, for their intervals."""
    values = [point.value for point in points]
    largest = max([*values, 0.0 if column == "hmw_fraction" else 1.0, 1e-6])
    highs = [point.high for point in points if math.isfinite(point.high)]
    lows = [point.low for point in points if math.isfinite(point.low)]
    top = min(max([largest, *highs]), TALLEST * largest)
    return max(min([-0.02 * top, *values, *lows]), -0.5 * top), 1.06 * top


def _dose_tick(power: int) -> str:
    return f"{10.0**power:g}" if power < 4 else f"10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
