"""Densitometry of one lane as a plot, with the boundary of the HMW region to drag."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from .plot_style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, pen, style_axes, theme_of, tinted
from .profile_view import ProfileView, mass_ticks, shift_between

__all__ = ["ProfilePlot", "ProfileView"]

REGIONS = {"W": (PURPLE, "well"), "H": (ORANGE, "HMW, ubiquitinated"), "U": (BLUE, "unmodified")}
ROOM = 0.06  # of the height shown, above and below the curves
LEAST = 2.0  # rows that the boundary keeps from the regions' other ends


class ProfilePlot(QWidget):
    """Signal down one lane: wells at the left, kDa below.

    Attributes
    ----------
    boundary_moved : Signal of (int, float)
        Lane and ``row_px`` of the boundary between HMW and the unmodified band, once a drag has ended.
    hovered : Signal of float
        ``row_px`` under the mouse.
    """

    boundary_moved = Signal(int, float)
    hovered = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: ProfileView | None = None
        self._reference: ProfileView | None = None
        self._smear_zoom = False
        self._marked: float | None = None
        self._items: list[Any] = []
        self._shades: list[Any] = []

        self.title = QLabel("No lane to show yet.")
        self.title.setWordWrap(True)
        self.plot = pg.PlotWidget()
        self.plot.setMinimumSize(240, 170)
        self.plot.setMenuEnabled(False)
        self.plot.setToolTip("Drag the line between the regions to move the boundary; wheel zooms, double-click resets")
        self.plot.setAccessibleName("Densitometry of one lane")
        self.plot.getAxis("left").setWidth(46)
        self.legend = self.plot.addLegend(offset=(8, 4), labelTextSize="8pt", colCount=2)
        self.boundary = pg.InfiniteLine(angle=90, movable=True)
        self.boundary.setZValue(20)
        self.marker = pg.InfiniteLine(angle=90, movable=False)
        self.marker.setZValue(15)
        self.raw = _check("raw", "Show the lane before the background is taken off")
        self.background = _check("background", "Show what was taken off as background")
        self.zoom = QToolButton()
        self.zoom.setText("Show the smear")
        self.zoom.setCheckable(True)
        self.zoom.setToolTip("Enlarge the HMW part so that a faint smear fills the height (S)")
        self.zoom.setShortcut("S")

        buttons = QHBoxLayout()
        for widget in (self.zoom, self.raw, self.background):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.plot, stretch=1)
        column.addLayout(buttons)

        for item in (self.boundary, self.marker):
            self.plot.addItem(item, ignoreBounds=True)
            item.hide()
        self.boundary.sigPositionChanged.connect(self._preview)
        self.boundary.sigPositionChangeFinished.connect(self._tell_boundary)
        self.raw.toggled.connect(self._draw)
        self.background.toggled.connect(self._draw)
        self.zoom.toggled.connect(self._fit_view)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self._dress()

    # ------------------------------------------------------------------------------------------------------ content
    def show_lane(self, view: ProfileView) -> None:
        """Show a lane; the part shown stays where the same lane is shown again."""
        same = self._view is not None and self._view.lane == view.lane and len(self._view.rows) == len(view.rows)
        self._view = view
        self.title.setText(view.title)
        self._draw(fit=not same)

    def show_reference(self, view: ProfileView | None) -> None:
        """Lay a vehicle lane over the one shown, dashed, its masses at this lane's; None takes it away."""
        self._reference = view
        self._draw(fit=False)

    def mark_row(self, row: float | None) -> None:
        """Draw a thin line at a row, as where the mouse is in the picture; None takes it away."""
        self._marked = row
        self.marker.setVisible(row is not None and self._view is not None)
        if row is not None:
            self.marker.setPos(row)

    # ------------------------------------------------------------------------------------------------------ drawing
    def _draw(self, _: Any = None, *, fit: bool = False) -> None:
        for item in (*self._items, *self._shades):
            self.plot.removeItem(item)
        self._items, self._shades = [], []
        self.legend.clear()
        view = self._view
        if view is None:
            return
        theme = theme_of(self)
        self._shade()
        reference = self._reference
        if reference is not None and reference.lane != view.lane:
            rows = reference.rows + shift_between(view, reference)
            self._curve(rows, reference.signal, pen(theme.visible(BLUE), 1.2, dashed=True), f"lane {reference.lane}")
        if self.raw.isChecked():
            self._curve(view.rows, view.raw, pen(theme.faint, 1.2), "raw")
        if self.background.isChecked():
            self._curve(view.rows, view.background, pen(theme.visible(VERMILLION), 1.2, dashed=True), "background")
        self._curve(view.rows, view.signal, pen(theme.text, 1.3), "signal")
        if view.smear is not None:
            self._curve(view.rows, view.smear, pen(theme.visible(PURPLE), 1.5), "smear")
        if view.fit is not None:
            self._curve(view.rows, view.fit, pen(theme.visible(GREEN), 1.5), "fit")
        self._sticks(theme.visible(SKY), theme.text)
        ticks = mass_ticks(view)
        axis = self.plot.getAxis("bottom")
        axis.setTicks([ticks] if ticks else None)
        self.plot.setLabel("bottom", "kDa (wells at the left)" if ticks else "row, px (wells at the left)")
        self._place_boundary()
        self.mark_row(self._marked)
        if fit:
            self._fit_view()

    def _curve(self, rows: Any, values: Any, line: Any, name: str) -> None:
        # A name puts it into the legend.
        self._items.append(self.plot.plot(rows, values, pen=line, name=name))

    def _sticks(self, colour: str, text: str) -> None:
        """Rungs as sticks of the fit's height, numbered on top."""
        assert self._view is not None
        rungs = self._view.rungs
        if not rungs:
            return
        x = np.repeat([row for _, row, _ in rungs], 2)
        y = np.array([[0.0, height] for _, _, height in rungs]).ravel()
        self._items.append(self.plot.plot(x, y, connect="pairs", pen=pen(colour, 2.5), name="rungs"))
        for n, row, height in rungs:
            label = pg.TextItem(str(n), color=text, anchor=(0.5, 1.0))
            label.setPos(row, height)
            label.setZValue(10)
            self.plot.addItem(label, ignoreBounds=True)
            self._items.append(label)

    def _shade(self) -> None:
        """Shade U, H and W behind the curves."""
        for shade in self._shades:
            self.plot.removeItem(shade)
        self._shades = []
        view = self._view
        if view is None:
            return
        cut = view.boundary_row if not self.boundary.isVisible() else float(self.boundary.value())
        spans = {"W": (view.rows[0] - 0.5, view.well_row), "H": (view.well_row, cut), "U": (cut, view.low_row)}
        for name, (first, last) in spans.items():
            if last > first:  # not so for NaN
                colour, words = REGIONS[name]
                shade = pg.LinearRegionItem((first, last), movable=False, brush=tinted(colour, 45), pen=pg.mkPen(None))
                shade.setZValue(-20)
                shade.setToolTip(f"{name}: {words}")
                self.plot.addItem(shade, ignoreBounds=True)
                self._shades.append(shade)

    def _place_boundary(self) -> None:
        view = self._view
        known = view is not None and math.isfinite(view.boundary_row)
        self.boundary.setVisible(known)
        if view is not None and known:
            self.boundary.blockSignals(True)
            first = view.well_row if math.isfinite(view.well_row) else view.rows[0]
            last = view.low_row if view.low_row > view.boundary_row else view.rows[-1]
            self.boundary.setBounds((first + LEAST, max(last - LEAST, first + LEAST)))
            self.boundary.setPos(view.boundary_row)
            self.boundary.blockSignals(False)
            self._shade()

    def _fit_view(self, _: Any = None) -> None:
        """Show the whole lane, or the HMW part as high as it fills the plot."""
        view = self._view
        if view is None:
            return
        top = _highest(view, smear=self.zoom.isChecked())
        low = min(float(np.min(view.signal)), 0.0)
        if self.zoom.isChecked():
            low = max(low, -0.15 * top)
        elif self.raw.isChecked():
            top = max(top, float(np.max(view.raw)))
        elif self.background.isChecked():
            top = max(top, float(np.max(view.background)))
        room = ROOM * (top - low)
        # Room above for the legend and the numbers of the rungs.
        self.plot.setRange(xRange=(view.rows[0], view.rows[-1]), yRange=(low - room, top + 2 * room), padding=0)

    # -------------------------------------------------------------------------------------------------------- mouse
    def _preview(self, *_: Any) -> None:
        self._shade()

    def _tell_boundary(self, *_: Any) -> None:
        if self._view is not None:
            self.boundary_moved.emit(self._view.lane, float(self.boundary.value()))

    def _hover(self, where: Any) -> None:
        view = self._view
        box = self.plot.getViewBox()
        if view is None or not box.sceneBoundingRect().contains(where):
            return
        row = float(box.mapSceneToView(where).x())
        if view.rows[0] <= row <= view.rows[-1]:
            self.mark_row(row)
            self.hovered.emit(row)

    def _clicked(self, event: Any) -> None:
        if event.double() and event.button() == Qt.MouseButton.LeftButton:
            self._fit_view()

    # ------------------------------------------------------------------------------------------------------- colours
    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the window's colours."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes and hasattr(self, "plot"):
            self._dress()

    def _dress(self) -> None:
        theme = theme_of(self)
        style_axes(self.plot, theme)
        self.legend.setLabelTextColor(theme.text)
        self.legend.setBrush(tinted(theme.background, 190))
        self.boundary.setPen(pen(theme.visible(VERMILLION), 2.0))
        self.boundary.setHoverPen(pen(theme.visible(VERMILLION), 4.0))
        self.marker.setPen(pen(theme.faint, 1.0))
        self._draw()


def _highest(view: ProfileView, *, smear: bool) -> float:
    """Highest signal of the lane, or of its HMW part clear of the unmodified band's flank."""
    values = view.signal
    if smear and math.isfinite(view.boundary_row):
        height = max(view.low_row - view.boundary_row, 0.0)
        inside = (view.rows > np.nan_to_num(view.well_row)) & (view.rows < view.boundary_row - 0.5 * height)
        values = values[inside] if inside.any() else values
    # A speck of dust does not set the scale.
    return max(float(np.quantile(values, 0.998 if smear else 1.0)), 1e-12)


def _check(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(tip)
    return box
