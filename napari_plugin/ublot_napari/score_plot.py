"""The answer as a plot: scores over DMSO by lane or condition, and dose-response."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QTabBar, QToolButton, QVBoxLayout, QWidget

from ublot.errors import BlotError

from .layers import ROLE_COLOURS
from .plot_style import BLUE, GREEN, ORANGE, PURPLE, VERMILLION, Theme, pen, style_axes, theme_of, tinted
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
        self._dose: pd.DataFrame | None = None
        self._slots: list[Slot] = []
        self._spots: list[tuple[float, float, int, str]] = []  # x, y, lane and tool tip of what can be clicked
        self._lane: int | None = None
        self._items: list[Any] = []

        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for at, (name, tip) in enumerate(TABS):
            self.tabs.addTab(name)
            self.tabs.setTabToolTip(at, tip)
        self.export_button = QToolButton()
        self.export_button.setText("Export…")
        self.export_button.setToolTip("Save this plot as PNG or SVG")
        self.plot = pg.PlotWidget()
        self.plot.setMinimumSize(240, 170)
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
        self._table, self._dose = table, dose
        self.column = column or choose_column(table)
        series, _ = dose_series(table, dose, self.column)
        self.tabs.setTabEnabled(DOSES, bool(series))
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
        from pyqtgraph.exporters import ImageExporter, SVGExporter

        path = Path(path)
        kinds = {".png": ImageExporter, ".svg": SVGExporter}
        if path.suffix.lower() not in kinds:
            raise BlotError(
                f"a plot cannot be saved as {path.suffix or 'a file without ending'}", path, "use .png or .svg"
            )
        if not path.parent.is_dir():
            raise BlotError("there is no such folder", path.parent, "choose another one")
        exporter = kinds[path.suffix.lower()](self.plot.plotItem)
        if path.suffix.lower() == ".png":
            exporter.parameters()["width"] = 3 * self.plot.width()  # enough for print
        try:
            exporter.export(str(path))
        except OSError as error:
            raise BlotError(f"cannot be written ({error.strerror})", path, "choose another folder") from None
        if not path.is_file():
            raise BlotError("cannot be written", path, "choose another folder")

    # ------------------------------------------------------------------------------------------------------ drawing
    def _draw(self, _: Any = None) -> None:
        for item in self._items:
            self.plot.removeItem(item)
        self._items, self._spots = [], []
        self.legend.clear()
        table, dose = self._table, self._dose
        if table is None or dose is None:
            return
        theme = theme_of(self)
        if self.tabs.currentIndex() == DOSES:
            self._draw_doses(*dose_series(table, dose, self.column), theme)
        else:
            by_condition = self.tabs.currentIndex() == CONDITIONS
            self._slots = score_slots(table, self.column, by_condition=by_condition)
            self._draw_bars(theme)

    def _add(self, item: Any, z: float = 0.0) -> None:
        item.setZValue(z)
        self.plot.addItem(item)
        self._items.append(item)

    def _draw_bars(self, theme: Theme) -> None:
        slots = self._slots
        self.plot.invertY(True)
        self.plot.setLogMode(x=False, y=False)
        self.plot.setLabel("bottom", TITLES.get(self.column, self.column.replace("_", " ")))
        self.plot.setLabel("left", "")
        self.plot.getAxis("bottom").setTicks(None)
        self.plot.getAxis("left").setTicks([[(y, _slot_name(slot)) for y, slot in enumerate(slots)]])
        self.plot.getAxis("left").setWidth(None)
        for y, slot in enumerate(slots):
            self._draw_slot(y, slot, theme)
        if self.column != "hmw_fraction":
            self._add(pg.InfiniteLine(1.0, angle=90, pen=pen(theme.text, 1.2, dashed=True)), 5)
        left, right = _limits([point for slot in slots for point in slot.points], self.column)
        self.plot.setRange(xRange=(left, right), yRange=(-0.6, max(len(slots) - 0.4, 0.6)), padding=0)
        missing = [slot for slot in slots if slot.state]
        said = [f"{_slot_name(slot)}: {slot.state}" for slot in missing]
        self.words.setText("; ".join(said) if said else "" if slots else "No lane holds a sample.")
        self.words.setVisible(bool(self.words.text()))

    def _draw_slot(self, y: int, slot: Slot, theme: Theme) -> None:
        if self._lane in slot.lanes:
            self._add(_stripe(y, theme), -10)
        colour = theme.visible(ROLE_COLOURS.get(slot.role, ROLE_COLOURS["sample"]))
        if math.isfinite(slot.mean):
            self._add(pg.BarGraphItem(x0=0, y=y, height=0.7, width=slot.mean, brush=tinted(colour, 200), pen=None))
        spread = np.linspace(-0.22, 0.22, len(slot.points)) if len(slot.points) > 1 else np.zeros(1)
        for dy, point in zip(spread, slot.points, strict=False):
            self._draw_point(point, point.value, y + dy, theme.text, sideways=True)
            self._spots.append((point.value, y + dy, point.lane, slot.tip))
        if slot.state:
            label = pg.TextItem(f"× {slot.state}", color=theme.visible(VERMILLION), anchor=(0, 0.5))
            label.setPos(max([0.0, *(p.value if math.isnan(p.high) else p.high for p in slot.points)]), y)
            self._add(label, 6)
        known = {point.lane for point in slot.points}
        self._spots += [(0.0, float(y), lane, slot.tip) for lane in slot.lanes if lane not in known]

    def _draw_point(self, point: Point, x: float, y: float, colour: str, *, sideways: bool, symbol: str = "o") -> None:
        """One lane: its value and its interval, along x for bars and along y for doses."""
        if point.low <= point.high:
            ends = ([point.low, point.high], [y, y]) if sideways else ([x, x], [point.low, point.high])
            self._add(pg.PlotDataItem(*ends, pen=pen(colour, 1.3)), 6)
        brush = pg.mkBrush(QColor(colour))
        outline = pg.mkPen(QColor(colour))
        self._add(pg.ScatterPlotItem([x], [y], size=6 if sideways else 8, symbol=symbol, brush=brush, pen=outline), 7)

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
        for point in vehicles:
            self._draw_point(point, vehicle_x, point.value, theme.text, sideways=False)
            self._spots.append((vehicle_x, point.value, point.lane, f"Lane {point.lane}  DMSO\n{point.value:.3g}"))
        for at, one in enumerate(series):
            colour, symbol = COMPOUNDS[at % len(COMPOUNDS)]
            self._draw_series(one, theme.visible(colour), symbol, lowest)
        if self.column != "hmw_fraction":
            self._add(pg.InfiniteLine(1.0, angle=0, pen=pen(theme.faint, 1, dashed=True)), -5)
        bottom, top = _limits([*vehicles, *(point for s in series for point in s.points)], self.column)
        self.plot.setRange(xRange=(vehicle_x - 0.4, highest + 0.2), yRange=(bottom, top), padding=0)
        self.words.setText("\n".join(s.words for s in series))
        self.words.show()

    def _draw_series(self, series: Series, colour: str, symbol: str, lowest: float) -> None:
        key = pg.PlotDataItem(
            [], [], pen=pen(colour, 2), symbol=symbol, symbolBrush=colour, symbolPen=colour, symbolSize=7
        )
        self.legend.addItem(key, series.name)
        if series.curve is not None:
            log_dose = np.log10(series.curve[0])
            shown = log_dose > lowest - 0.4
            self._add(pg.PlotDataItem(log_dose[shown], series.curve[1][shown], pen=pen(colour, 2)), 4)
        ec50, low, high = series.ec50
        if math.isfinite(ec50):
            self._add(pg.InfiniteLine(math.log10(ec50), angle=90, pen=pen(colour, 1.2, dashed=True)), 2)
            if low > 0 and math.isfinite(high):
                span = (math.log10(low), math.log10(high))
                self._add(pg.LinearRegionItem(span, movable=False, brush=tinted(colour, 30), pen=pg.mkPen(None)), -8)
        for dose, point in zip(series.doses.tolist(), series.points, strict=True):
            x = math.log10(dose)
            self._draw_point(point, x, point.value, colour, sideways=False, symbol=symbol)
            self._spots.append(
                (x, point.value, point.lane, f"Lane {point.lane}  {series.name} {dose:g} nM\n{point.value:.3g}")
            )

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
        theme = theme_of(self)
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
    return max(min([0.0, *values, *lows]), -0.5 * top), 1.06 * top


def _dose_tick(power: int) -> str:
    return f"{10.0**power:g}" if power < 4 else f"10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
