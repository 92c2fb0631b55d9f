"""One lane's densitometry: the fourth section of the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ublot import BlotError
from ublot_napari.sections.profile.plot import ProfilePlot
from ublot_napari.sections.profile.view import profile_view, reference_lane
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from ublot import Analysis

__all__ = ["Densitometry"]


class Densitometry(QWidget):
    """The profile of a lane, and which one.

    Attributes
    ----------
    lane_picked : Signal of int
    boundary_moved : Signal of (int, float)
    boundary_released : Signal of int
        A lane's boundary shall be where it is found.
    hovered : Signal of float
    drag_wanted : Signal
        Boundaries shall be dragged in the picture.
    """

    lane_picked = Signal(int)
    boundary_moved = Signal(int, float)
    boundary_released = Signal(int)
    hovered = Signal(float)
    drag_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.plot = ProfilePlot()
        self.lane = QSpinBox()
        self.lane.setPrefix("Lane ")
        self.lane.setMinimumWidth(110)
        self.lane.setKeyboardTracking(False)
        self.overlay = QCheckBox("over DMSO")
        self.overlay.setToolTip("Lay the first DMSO lane over the one shown, its masses at this lane's")
        self.surface = QCheckBox("background")
        self.surface.setToolTip("Show what is taken off as background as a layer of the picture")
        self.saturated = QCheckBox("saturated")
        self.saturated.setToolTip("Mark saturated pixels red in the picture: how much signal is there is not known")
        self.drag = QPushButton("Drag…")
        self.drag.setToolTip("Drag the HMW boundaries in the picture; M goes back to moving lanes")
        self.drag.clicked.connect(self.drag_wanted)
        self.release = QPushButton("Reset")
        self.release.setToolTip("Put this lane's boundary back to half a ubiquitin above the unmodified band")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.hide()
        top = QHBoxLayout()
        for widget in (self.lane, self.overlay):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(QLabel("Boundary"))
        for button in (self.drag, self.release):
            top.addWidget(button)
        layers = QHBoxLayout()
        layers.addWidget(QLabel("In the picture:"))
        for widget in (self.surface, self.saturated):
            layers.addWidget(widget)
        layers.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 4)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(layers)
        column.addWidget(self.words)
        column.addWidget(self.plot, stretch=1)
        self._analysis: Analysis | None = None
        self.lane.valueChanged.connect(self.lane_picked)
        self.overlay.toggled.connect(lambda: self.show_lane(self._analysis, self.lane.value()))
        self.plot.boundary_moved.connect(self.boundary_moved)
        self.plot.hovered.connect(self.hovered)
        self.release.clicked.connect(lambda: self.boundary_released.emit(self.lane.value()))

    def show_lane(self, analysis: Analysis | None, number: int) -> None:
        """Show a lane of an analysis."""
        self._analysis = analysis
        count = 0 if analysis is None else len(analysis.geometry)
        self.setEnabled(count > 0)
        self.lane.blockSignals(True)
        self.lane.setRange(min(1, count), count)
        self.lane.setToolTip(f"Which of the {count} lanes is shown (Page Up and Page Down in the panel)")
        self.lane.setValue(number)
        self.lane.blockSignals(False)
        if analysis is None or not count:
            return
        number = self.lane.value()
        self.release.setEnabled(number in dict(analysis.edits.boundary_rows))
        try:
            self.plot.show_lane(profile_view(analysis, number))
            vehicle = reference_lane(analysis, number) if self.overlay.isChecked() else None
            self.plot.show_reference(None if vehicle is None else profile_view(analysis, vehicle))
        except BlotError as error:  # the image of a reopened result is gone
            self.words.setText(panel_words(error))
        else:
            self.words.clear()
        self.words.setVisible(bool(self.words.text()))
