"""Bars, points and curves of the score plot, drawn on pyqtgraph's plot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from ublot.wording.lane_lists import lane_ranges
from ublot_napari.layers.lanes import ROLE_COLOURS
from ublot_napari.sections.answer.series import OVER_VEHICLE, TITLES, Point, Series, Slot
from ublot_napari.widgets.plot_style import (
    BLUE,
    GREEN,
    ORANGE,
    PAPER,
    PURPLE,
    VERMILLION,
    Theme,
    label_axis,
    pen,
    tinted,
)

__all__ = ["ScoreCanvas"]

COMPOUNDS = ((VERMILLION, "o"), (BLUE, "s"), (GREEN, "t"), (PURPLE, "d"), (ORANGE, "t1"))
LABEL_LENGTH, DOSE_LENGTH = 24, 9
TALLEST = 2.0  # times the largest score: longer intervals are cut at the plot's edge
NEAR = 14  # px from a point that still mean it


class ScoreCanvas:
    """What is on the plot, and where lanes are on it.

    Attributes
    ----------
    plot : pyqtgraph.PlotWidget
    theme : Theme
    column : str
        The score drawn.
    lane : int or None
        The lane that is marked.
    items : list
        What `clear` takes off again.
    spots : list of (float, float, int, str)
        x, y, lane and tool tip of everything that can be clicked.
    """

    def __init__(self, plot: Any) -> None:
        self.plot = plot
        for side in ("bottom", "left"):
            plot.getAxis(side).enableAutoSIPrefix(False)  # scores are plain numbers
        self.legend = plot.addLegend(offset=(8, 4), labelTextSize="8pt")
        self.theme: Theme = PAPER
        self.column = ""
        self.lane: int | None = None
        self.items: list[Any] = []
        self.spots: list[tuple[float, float, int, str]] = []

    def clear(self) -> None:
        """Take off everything."""
        for item in self.items:
            self.plot.removeItem(item)
        self.items, self.spots = [], []
        self.legend.clear()
        self.legend.setLabelTextColor(self.theme.text)

    def spot_at(self, where: Any, *, in_slots: bool) -> tuple[float, float, int, str] | None:
        """What can be clicked at a place in the scene: anywhere in a bar's slot, near a point of a curve."""
        box = self.plot.getViewBox()
        if not self.spots or not self.plot.plotItem.sceneBoundingRect().contains(where):
            return None
        at, (dx, dy) = box.mapSceneToView(where), box.viewPixelSize()
        if in_slots:
            nearest = min(self.spots, key=lambda spot: abs(spot[1] - at.y()))
            return nearest if abs(nearest[1] - at.y()) <= 0.5 else None
        distance = [math.hypot((x - at.x()) / dx, (y - at.y()) / dy) for x, y, _, _ in self.spots]
        k = int(np.argmin(distance))
        return self.spots[k] if distance[k] < NEAR else None

    def add(self, item: Any, z: float = 0.0) -> None:
        """Put an item on the plot until `clear`."""
        item.setZValue(z)
        self.plot.addItem(item, ignoreBounds=True)
        self.items.append(item)

    def draw_bars(self, slots: list[Slot]) -> str:
        """Bars from top to bottom; returns what is to be said below."""
        theme = self.theme
        self.plot.invertY(True)
        label_axis(self.plot, "bottom", TITLES.get(self.column, self.column.replace("_", " ")))
        label_axis(self.plot, "left", "")
        self.plot.getAxis("bottom").setTicks(None)
        self.plot.getAxis("left").setTicks([[(y, _slot_name(slot)) for y, slot in enumerate(slots)]])
        tall = [(y, slot) for y, slot in enumerate(slots) if math.isfinite(slot.mean)]
        colours = [ROLE_COLOURS.get(slot.role, ROLE_COLOURS["sample"]) for _, slot in tall]
        brushes = [tinted(theme.visible(colour), 200) for colour in colours]
        widths = [slot.mean for _, slot in tall]
        if tall:
            self.add(pg.BarGraphItem(x0=0, y=[y for y, _ in tall], height=0.7, width=widths, brushes=brushes, pen=None))
        places: list[tuple[Point, float, float]] = []
        for y, slot in enumerate(slots):
            places += self._fill_slot(y, slot)
        self._draw_points(places, theme.text, "o", sideways=True)
        if self.column in OVER_VEHICLE:
            self.add(pg.InfiniteLine(1.0, angle=90, pen=pen(theme.text, 1.2, dashed=True)), 5)
        left, right = _limits([point for slot in slots for point in slot.points], self.column)
        self.plot.setRange(xRange=(left, right), yRange=(-0.6, max(len(slots) - 0.4, 0.6)), padding=0)
        beyond = [(right, y) for point, _, y in places if point.high > right]
        beyond_left = [(left, y) for point, _, y in places if point.low < left]
        for ends, symbol in ((beyond, "t2"), (beyond_left, "t3")):
            if ends:  # the interval goes on beyond the edge
                self.add(pg.ScatterPlotItem(pos=ends, size=11, symbol=symbol, brush=QColor(theme.text), pen=None), 9)
        states: dict[str, list[int]] = {}
        for slot in slots:
            for state, lanes in slot.missing.items():
                states.setdefault(state, []).extend(lanes)
        said = [f"{state.capitalize()}: {lane_ranges(lanes)}." for state, lanes in states.items()]
        said += ["Hold the mouse on a lane to see why."] if said else []
        return " ".join(said) if slots else "No lane holds a sample."

    def _fill_slot(self, y: int, slot: Slot) -> list[tuple[Point, float, float]]:
        """Mark a slot and say why it is empty; returns its points with their places."""
        theme = self.theme
        if self.lane in slot.lanes:
            self.add(_stripe(y, theme), -10)
        if slot.state:
            label = pg.TextItem(f"× {slot.state}", color=theme.visible(VERMILLION), anchor=(0, 0.5))
            label.setPos(max([0.0, *(p.value if math.isnan(p.high) else p.high for p in slot.points)]), y)
            self.add(label, 6)
        known = {point.lane for point in slot.points}
        self.spots += [(0.0, float(y), lane, slot.tip) for lane in slot.lanes if lane not in known]
        spread = np.linspace(-0.22, 0.22, len(slot.points)).tolist() if len(slot.points) > 1 else [0.0]
        places = [(point, point.value, y + dy) for dy, point in zip(spread, slot.points, strict=False)]
        self.spots += [(x, at, point.lane, slot.tip) for point, x, at in places]
        return places

    def _draw_points(
        self, places: list[tuple[Point, float, float]], colour: str, symbol: str, *, sideways: bool
    ) -> None:
        """Lanes as points with their intervals, along x for bars and along y for doses."""
        known = [(point, x, y) for point, x, y in places if point.low <= point.high]
        ends = np.array([(point.low, point.high) for point, _, _ in known]).ravel()
        across = np.repeat([y if sideways else x for _, x, y in known], 2)
        line = (ends, across) if sideways else (across, ends)
        self.add(pg.PlotCurveItem(*line, antialias=True, connect="pairs", pen=pen(colour, 1.3)), 6)
        x, y = [x for _, x, _ in places], [y for _, _, y in places]
        shade = QColor(colour)
        size = 6 if sideways else 8
        self.add(pg.ScatterPlotItem(x, y, size=size, symbol=symbol, brush=shade, pen=pg.mkPen(shade)), 7)

    def draw_doses(self, series: list[Series], vehicles: list[Point]) -> str:
        """Points and curves against concentration, the vehicle at the left; returns what is to be said below."""
        theme = self.theme
        self.plot.invertY(False)
        label_axis(self.plot, "left", TITLES.get(self.column, self.column.replace("_", " ")))
        label_axis(self.plot, "bottom", "concentration, nM")
        self.plot.getAxis("left").setTicks(None)
        if not series:
            return "No compound has scores at four doses or more."
        lowest = math.floor(min(math.log10(s.doses[0]) for s in series))
        highest = math.ceil(max(math.log10(s.doses[-1]) for s in series))
        vehicle_x = lowest - 0.8
        ticks = [(vehicle_x, "DMSO"), *((float(k), _dose_tick(k)) for k in range(lowest, highest + 1))]
        self.plot.getAxis("bottom").setTicks([ticks])
        self.add(pg.InfiniteLine(lowest - 0.4, angle=90, pen=pen(theme.faint, 1, dashed=True)), -5)
        spread = np.linspace(-0.12, 0.12, len(vehicles)).tolist() if len(vehicles) > 1 else [0.0]
        beside = [(point, vehicle_x + dx, point.value) for dx, point in zip(spread, vehicles, strict=False)]
        self._draw_points(beside, theme.text, "o", sideways=False)
        self.spots += [(x, y, p.lane, f"Lane {p.lane}  DMSO\n{p.value:.3g}") for p, x, y in beside]
        for at, one in enumerate(series):
            colour, symbol = COMPOUNDS[at % len(COMPOUNDS)]
            self._draw_series(one, theme.visible(colour), symbol, lowest)
        if self.column in OVER_VEHICLE:
            self.add(pg.InfiniteLine(1.0, angle=0, pen=pen(theme.faint, 1, dashed=True)), -5)
        self._mark_spot()
        bottom, top = _limits([*vehicles, *(point for s in series for point in s.points)], self.column)
        self.plot.setRange(xRange=(vehicle_x - 0.4, highest + 0.2), yRange=(bottom, top), padding=0)
        return "\n".join(s.words for s in series)

    def _draw_series(self, series: Series, colour: str, symbol: str, lowest: float) -> None:
        key = pg.ScatterPlotItem([], [], size=8, symbol=symbol, brush=QColor(colour), pen=pg.mkPen(colour))
        self.legend.addItem(key, series.name)
        if series.curve is not None:
            log_dose = np.log10(series.curve[0])
            shown = log_dose > lowest - 0.4
            self.add(pg.PlotCurveItem(log_dose[shown], series.curve[1][shown], antialias=True, pen=pen(colour, 2)), 4)
        ec50, low, high = series.ec50
        if math.isfinite(ec50):
            self.add(pg.InfiniteLine(math.log10(ec50), angle=90, pen=pen(colour, 1.2, dashed=True)), 2)
            if low > 0 and math.isfinite(high):
                span = (math.log10(low), math.log10(high))
                self.add(pg.LinearRegionItem(span, movable=False, brush=tinted(colour, 30), pen=pg.mkPen(None)), -8)
        places = [
            (point, math.log10(dose), point.value)
            for dose, point in zip(series.doses.tolist(), series.points, strict=True)
        ]
        self._draw_points(places, colour, symbol, sideways=False)
        self.spots += [(x, y, p.lane, f"Lane {p.lane}  {series.name} {10**x:.4g} nM\n{y:.3g}") for p, x, y in places]

    def _mark_spot(self) -> None:
        """Put a ring around the point of the selected lane."""
        chosen = [(x, y) for x, y, lane, _ in self.spots if lane == self.lane]
        if chosen:
            ring = pg.ScatterPlotItem(pos=chosen, size=16, symbol="o", brush=None, pen=pen(self.theme.text, 2))
            self.add(ring, 8)


def _slot_name(slot: Slot) -> str:
    """Lane numbers and what they hold, short enough for the axis."""
    lanes = ", ".join(map(str, slot.lanes)) if len(slot.lanes) < 4 else f"{slot.lanes[0]} … {slot.lanes[-1]}"
    text = f"{slot.label}  {lanes}".strip()
    if len(text) <= LABEL_LENGTH:
        return text
    # What differs between lanes of one compound is its dose, at the end.
    end = slot.label[-DOSE_LENGTH:]
    return f"{slot.label[: max(LABEL_LENGTH - len(lanes) - DOSE_LENGTH - 3, 3)]}…{end}  {lanes}"


def _stripe(y: int, theme: Theme) -> Any:
    span = (y - 0.5, y + 0.5)
    brush = tinted(theme.text, 40)
    return pg.LinearRegionItem(span, orientation="horizontal", movable=False, brush=brush, pen=pg.mkPen(None))


def _limits(points: list[Point], column: str) -> tuple[float, float]:
    """Room for the values and, up to twice the largest of them, for their intervals."""
    values = [point.value for point in points]
    largest = max([*values, 1.0 if column in OVER_VEHICLE else 0.0, 1e-6])
    highs = [point.high for point in points if math.isfinite(point.high)]
    lows = [point.low for point in points if math.isfinite(point.low)]
    top = min(max([largest, *highs]), TALLEST * largest)
    return max(min([-0.02 * top, *values, *lows]), -0.5 * top), 1.06 * top


def _dose_tick(power: int) -> str:
    return f"{10.0**power:g}" if power < 4 else f"10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
