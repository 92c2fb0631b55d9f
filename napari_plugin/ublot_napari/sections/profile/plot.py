"""Densitometry of one lane as a plot, with the boundary of the HMW region to drag."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSpacerItem, QVBoxLayout, QWidget

from ublot_napari.sections.profile.view import ProfileView, mass_ticks, shift_between
from ublot_napari.widgets.plot_style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Theme,
    label_axis,
    pen,
    style_axes,
    theme_of,
    tinted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ublot_napari.sections.profile.parts import ProfileParts

__all__ = ["ProfilePlot"]

REGIONS = {"W": PURPLE, "H": ORANGE, "U": BLUE}
CURVES = ("smear", "reference", "raw", "background", "rungs", "signal", "fit")
ROOM = 0.06  # of the height shown, above and below the curves
LEAST = 2.0  # rows that the boundary keeps from the regions' other ends
TICK_ROOM, NUMBER_ROOM = 30, 11  # px that the name of a mass and the number of a rung take


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
        self._numbers: list[Any] = []
        self._shown = False

        self.title = QLabel("No lane to show yet.")
        self.key = QLabel()
        self.key.setToolTip(
            "Signal is what is left of the lane without background. The fit explains it by rungs (numbered by "
            "ubiquitins; 0 is unmodified) and a smear that cannot be resolved."
        )
        for label in (self.title, self.key):
            label.setWordWrap(True)
        self.raw = _check("raw", "Show the lane before the background was taken off")
        self.background = _check("background", "Show what was taken off as background")
        self.zoom = QPushButton("Show the smear")
        self.zoom.setCheckable(True)
        self.zoom.setToolTip("Enlarge the part above the unmodified band, so that a faint smear fills the height")
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for widget in (self.zoom, self.raw, self.background):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.title)
        column.addWidget(self.key)
        column.addLayout(buttons)
        self._column = column
        for box in (self.raw, self.background):
            box.toggled.connect(self._fit_view)
        self.zoom.toggled.connect(self._fit_view)

    # -------------------------------------------------------------------------------------------------------- parts
    @cached_property
    def parts(self) -> ProfileParts:
        """The plot and what is on it; made when first shown, since a window is to open before it needs plots."""
        from ublot_napari.sections.profile.parts import make_parts

        parts = make_parts(REGIONS, CURVES)
        # The plot asks for no height, and a layout with words that wrap asks for nothing else: without something that
        # does, what is below would lie on it.
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(parts.plot)
        row.addItem(QSpacerItem(0, parts.plot.minimumHeight()))
        self._column.insertLayout(2, row, 1)
        parts.boundary.sigPositionChanged.connect(self._shade)
        parts.boundary.sigPositionChangeFinished.connect(self._tell_boundary)
        parts.plot.getViewBox().sigXRangeChanged.connect(self._label)
        parts.plot.getViewBox().sigResized.connect(self._label)
        parts.plot.installEventFilter(self)
        parts.plot.scene().sigMouseMoved.connect(self._hover)
        parts.plot.scene().sigMouseClicked.connect(self._clicked)
        return parts

    @property
    def plot(self) -> Any:
        return self.parts.plot

    @property
    def curves(self) -> Mapping[str, Any]:
        return self.parts.curves

    @property
    def regions(self) -> Mapping[str, Any]:
        return self.parts.regions

    @property
    def boundary(self) -> Any:
        return self.parts.boundary

    @property
    def marker(self) -> Any:
        return self.parts.marker

    @property
    def _made(self) -> bool:
        return "parts" in self.__dict__

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the plot the first time."""
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            self._dress()
            self._draw()
            self._fit_view()

    # ------------------------------------------------------------------------------------------------------ content
    def show_lane(self, view: ProfileView) -> None:
        """Show a lane; the part shown stays where the same lane is shown again."""
        before = self._view
        self._view = view
        self.title.setText(f"<b>{_plain(view.title)}</b>")
        if not self._made:
            return
        self._draw()
        if before is None or before.lane != view.lane or len(before.rows) != len(view.rows):
            self._fit_view()
        else:
            self._label()

    def show_reference(self, view: ProfileView | None) -> None:
        """Lay a vehicle lane over the one shown, dashed, its masses at this lane's; None takes it away."""
        self._reference = view
        if self._made:
            self._draw_reference()
            self._write_key()

    def mark_row(self, row: float | None) -> None:
        """Draw a thin line at a row, as where the mouse is in the picture; None takes it away."""
        if not self._made:
            return
        self.marker.setVisible(row is not None)
        if row is not None:
            self.marker.setPos(row)

    # ------------------------------------------------------------------------------------------------------ drawing
    def _draw(self) -> None:
        view = self._view
        if view is None:
            return
        self.curves["signal"].setData(view.rows, view.signal)
        self.curves["raw"].setData(view.rows, view.raw)
        self.curves["background"].setData(view.rows, view.background)
        for name, values in (("smear", view.smear), ("fit", view.fit)):
            self.curves[name].setData(*((view.rows, values) if values is not None else ([], [])))
        x = np.repeat([row for _, row, _ in view.rungs], 2)
        y = np.array([[0.0, height] for _, _, height in view.rungs]).ravel()
        self.curves["rungs"].setData(x, y, connect="pairs")
        self._draw_reference()
        self._place_boundary(view)
        self._write_key()
        unit = "row, px" if view.mass_kda is None else "kDa"
        label_axis(self.plot, "bottom", f"{unit} (wells at the left)")

    def _draw_reference(self) -> None:
        view, other = self._view, self._reference
        if view is None or other is None or other.lane == view.lane:
            self.curves["reference"].setData([], [])
        else:
            self.curves["reference"].setData(other.rows + shift_between(view, other), other.signal)

    def _place_boundary(self, view: ProfileView) -> None:
        known = math.isfinite(view.boundary_row)
        self.boundary.setVisible(known)
        if known:
            first = view.well_row if math.isfinite(view.well_row) else view.rows[0]
            last = view.low_row if view.low_row > view.boundary_row else view.rows[-1]
            self.boundary.blockSignals(True)
            self.boundary.setBounds((first + LEAST, max(last - LEAST, first + LEAST)))
            self.boundary.setPos(view.boundary_row)
            self.boundary.blockSignals(False)
        self._shade()

    def _shade(self, *_: Any) -> None:
        """Shade U, H and W behind the curves, up to where the boundary is being dragged."""
        view = self._view
        if view is None:
            return
        cut = float(self.boundary.value()) if math.isfinite(view.boundary_row) else math.nan
        spans = {"W": (view.rows[0] - 0.5, view.well_row), "H": (view.well_row, cut), "U": (cut, view.low_row)}
        for name, (first, last) in spans.items():
            known = bool(last > first)  # not so for NaN
            self.regions[name].setVisible(known)
            if known:
                self.regions[name].setRegion((first, last))

    def _label(self, *_: Any) -> None:
        """Name as many masses and number as many rungs as there is room for."""
        view, box = self._view, self.plot.getViewBox()
        if view is None or box.width() < 1:
            return
        left, right = box.viewRange()[0]
        per_pixel = (right - left) / box.width()
        ticks = mass_ticks(view, TICK_ROOM * per_pixel)
        self.plot.getAxis("bottom").setTicks([ticks] if ticks else None)
        while len(self._numbers) < len(view.rungs):
            self._numbers.append(self.parts.add_number(theme_of(self).text))
        last = math.inf
        for i, number in enumerate(self._numbers):
            shown = i < len(view.rungs) and last - view.rungs[i][1] >= NUMBER_ROOM * per_pixel
            number.setVisible(shown)
            if shown:
                n, last, height = view.rungs[i]
                number.setPlainText(str(n))
                number.setPos(last, height)

    def _write_key(self) -> None:
        """Say under the title what the lines mean; only what is drawn is named."""
        view, theme = self._view, theme_of(self)
        if view is None:
            return
        drawn = [("━", theme.text, "signal")]
        if view.fit is not None:
            drawn += [("━", theme.visible(GREEN), "fit"), ("■", theme.visible(PURPLE), "smear")]
        if view.rungs:
            drawn.append(("┃", theme.visible(SKY), "rungs"))
        if self._reference is not None and self._reference.lane != view.lane:
            drawn.append(("╍", theme.visible(BLUE), _plain(self._reference.title)))
        for box, colour, name in (
            (self.raw, theme.faint, "raw"),
            (self.background, theme.visible(VERMILLION), "background"),
        ):
            drawn += [("━", colour, name)] if box.isChecked() else []
        for name, colour in REGIONS.items():
            drawn += [("■", theme.visible(colour), _plain(view.called[name]))] if self.regions[name].isVisible() else []
        for name, region in self.regions.items():
            region.setToolTip(view.called[name])
        parts = [f'<span style="color:{c}">{sign}</span>&nbsp;{n.replace(" ", "&nbsp;")}' for sign, c, n in drawn]
        self.key.setText(" &nbsp; ".join(parts))

    def _fit_view(self, *_: Any) -> None:
        """Show the whole lane, or the HMW part as high as it fills the plot."""
        view = self._view
        if not self._made:
            return
        for name, box in (("raw", self.raw), ("background", self.background)):
            self.curves[name].setVisible(box.isChecked())
        if view is None:
            return
        self._write_key()
        zoomed = self.zoom.isChecked() and math.isfinite(view.boundary_row)
        first, last = float(view.rows[0]), float(view.rows[-1])
        top, low = _highest(view, smear=zoomed), min(float(np.min(view.signal)), 0.0)
        if zoomed:
            low = max(low, -0.15 * top)
            last = min(last, view.low_row + 0.5 * (view.low_row - view.boundary_row))
        else:
            shown = [v for v, box in ((view.raw, self.raw), (view.background, self.background)) if box.isChecked()]
            top = max([top, *(float(np.max(values)) for values in shown)])
        room = ROOM * (top - low)
        # Room above for the numbers of the rungs.
        self.plot.setRange(xRange=(first, last), yRange=(low - room, top + 2 * room), padding=0)
        self._label()

    # -------------------------------------------------------------------------------------------------------- mouse
    def _tell_boundary(self, *_: Any) -> None:
        if self._view is not None:
            self.boundary_moved.emit(self._view.lane, float(self.boundary.value()))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Move the boundary by the arrow keys, a row at a time, or ten with Shift."""
        if (
            self._made
            and watched is self.plot
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
            if step and self.boundary.isVisible():
                far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
                self.boundary.setValue(self.boundary.value() + far * step)
                self._tell_boundary()
                return True
        return super().eventFilter(watched, event)

    def _hover(self, where: Any) -> None:
        view, box = self._view, self.plot.getViewBox()
        if view is None or not box.sceneBoundingRect().contains(where):
            return
        row = float(box.mapSceneToView(where).x())
        if view.rows[0] <= row <= view.rows[-1]:
            self.mark_row(row)
            self.hovered.emit(row)

    def _clicked(self, event: Any) -> None:
        if event.double() and event.button() == Qt.MouseButton.LeftButton:
            self._fit_view()

    def leaveEvent(self, event: QEvent | None) -> None:
        """Take the line of the mouse away with the mouse."""
        super().leaveEvent(event)
        self.mark_row(None)

    # ------------------------------------------------------------------------------------------------------- colours
    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the window's colours."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes and self._made:
            self._dress()

    def _dress(self) -> None:
        theme = theme_of(self)
        style_axes(self.plot, theme)
        for name, line in _pens(theme).items():
            self.curves[name].setPen(line)
        self.curves["smear"].setBrush(tinted(theme.visible(PURPLE), 110))
        for number in self._numbers:
            number.setColor(theme.text)
        self.boundary.setPen(pen(theme.visible(VERMILLION), 2.0))
        self.boundary.setHoverPen(pen(theme.visible(VERMILLION), 4.0))
        self.marker.setPen(pen(theme.faint, 1.0))
        self._write_key()


def _pens(theme: Theme) -> dict[str, Any]:
    return {
        "reference": pen(theme.visible(BLUE), 1.2, dashed=True),
        "raw": pen(theme.faint, 1.2),
        "background": pen(theme.visible(VERMILLION), 1.2, dashed=True),
        "rungs": pen(theme.visible(SKY), 2.5),
        "signal": pen(theme.text, 1.2),
        "smear": pen(theme.visible(PURPLE), 1.5),
        "fit": pen(theme.visible(GREEN), 1.5),
    }


def _highest(view: ProfileView, *, smear: bool) -> float:
    """Highest signal of the lane, or of its HMW part clear of the unmodified band's flank."""
    if not smear:
        return max(float(np.max(view.signal)), 1e-12)
    height = max(view.low_row - view.boundary_row, 0.0)
    inside = (view.rows > np.nan_to_num(view.well_row)) & (view.rows < view.boundary_row - 0.5 * height)
    values = view.signal[inside] if inside.any() else view.signal
    # A speck of dust does not set the scale; the first rung may stand on the band's flank.
    return max([float(np.quantile(values, 0.998)), *(h for n, _, h in view.rungs if n > 0), 1e-12])


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _check(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(tip)
    return box
