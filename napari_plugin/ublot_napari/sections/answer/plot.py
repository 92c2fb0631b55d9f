"""The answer as a plot: scores over DMSO by lane or condition, and dose-response."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ublot.errors import BlotError
from ublot_napari.sections.answer.series import (
    TITLES,
    Point,
    Series,
    choose_column,
    dose_series,
    known_columns,
    score_slots,
    table_rows,
)
from ublot_napari.state.option_places import panel_words
from ublot_napari.widgets.plot_style import PAPER, Theme, empty_plot, save_plot, style_axes, theme_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from ublot_napari.sections.answer.canvas import ScoreCanvas
    from ublot_napari.sections.answer.series import Rows

__all__ = ["ScorePlot"]

LANES, CONDITIONS, DOSES = range(3)
TABS = (
    ("By lane", "One bar for each lane, with its 95 % interval"),
    ("By condition", "One bar for each condition: the mean of its lanes, which are the points"),
    ("Dose-response", "Score against concentration, with the fitted curve and EC50"),
)


LEAST, SLOT, AXIS = 160, 19, 56
"""Heights in px: of a plot, of a bar whose name can be read, of the axis below."""

TIP = "Click a bar or a point to select its lane everywhere; Up and Down go from lane to lane"


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
        self._lane: int | None = None
        self._shown = False
        self._wished = ""
        self._table: pd.DataFrame | Rows | None = None
        self._rows: Sequence[Mapping[str, Any]] = ()
        self._dose: pd.DataFrame | None = None
        self._series: tuple[list[Series], list[Point]] = [], []

        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for at, (name, tip) in enumerate(TABS):
            self.tabs.addTab(name)
            self.tabs.setTabToolTip(at, tip)
        self.columns = QComboBox()
        self.columns.setToolTip("Which score is drawn; the first is the one to look at for this assay")
        self.columns.setAccessibleName("Score drawn")
        self.columns.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.columns.setMinimumContentsLength(16)
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("Save this plot as PNG or SVG")
        self.words = QLabel("No scores to show yet.")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

        top = QHBoxLayout()
        top.addWidget(self.tabs)
        top.addStretch(1)
        top.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.columns)
        column.addWidget(self.words)
        self._column = column

        self.tabs.currentChanged.connect(self._draw)
        self.columns.activated.connect(self._choose_column)
        self.export_button.clicked.connect(self._choose_target)

    @cached_property
    def canvas(self) -> ScoreCanvas:
        """The plot and what is on it; made when first shown, since a window is to open before it needs plots."""
        from ublot_napari.sections.answer.canvas import ScoreCanvas

        plot = empty_plot("Scores over DMSO", TIP)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setMinimumHeight(LEAST)
        self.area.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)  # as the plot in it
        self.area.setWidget(plot)
        self._column.insertWidget(2, self.area, 1)
        plot.installEventFilter(self)
        plot.viewport().installEventFilter(self)
        plot.scene().sigMouseClicked.connect(self._clicked)
        plot.scene().sigMouseMoved.connect(self._hover)
        return ScoreCanvas(plot)

    @property
    def plot(self) -> Any:
        return self.canvas.plot

    @property
    def _made(self) -> bool:
        return "canvas" in self.__dict__

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the plot the first time."""
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            self._dress()

    # ------------------------------------------------------------------------------------------------------ content
    def show_scores(
        self, table: pd.DataFrame | Rows, dose: pd.DataFrame, column: str | None = None, *, by_area: bool = False
    ) -> None:
        """Show an analysis.

        Parameters
        ----------
        table : DataFrame, or its rows
            ``Analysis.lanes``.
        dose : DataFrame
            ``Analysis.dose_response``.
        column : str, optional
            The score drawn; by default the one that a person chose before, else the primary one that holds numbers.
        by_area : bool
            The area over DMSO is the primary score, as for ``assay="cells"`` and ``antibody="modifier"``.
        """
        self._table, self._dose = table, dose
        self._rows = table_rows(table)
        known = known_columns(self._rows)
        wished = column or (self._wished if self._wished in known else "")
        self.column = wished or choose_column(self._rows, by_area=by_area)
        self._offer(known)
        self._series = dose_series(self._rows, dose, self.column)
        series = self._series[0]
        # Going to another tab by itself would surprise: the one shown stays, and says that there is nothing.
        self.tabs.setTabEnabled(DOSES, bool(series) or self.tabs.currentIndex() == DOSES)
        tip = TABS[DOSES][1] if series else "No compound has scores at four doses or more"
        self.tabs.setTabToolTip(DOSES, tip)
        self._draw()

    def clear(self) -> None:
        """Show no scores."""
        self._table = self._dose = None
        self._series = [], []
        self.columns.clear()
        self.words.setText("No scores to show yet.")
        self.words.show()
        self._draw()

    def _offer(self, known: list[str]) -> None:
        """List the scores that there are."""
        self.columns.blockSignals(True)
        self.columns.clear()
        for name in dict.fromkeys([*known, self.column]):
            self.columns.addItem(_capital(TITLES.get(name, name.replace("_", " "))), name)
        self.columns.setCurrentIndex(self.columns.findData(self.column))
        self.columns.blockSignals(False)

    def _choose_column(self, at: int) -> None:
        self._wished = str(self.columns.itemData(at))
        if self._table is not None and self._dose is not None:
            self.show_scores(self._table, self._dose)

    def select_lane(self, number: int) -> None:
        """Mark a lane without telling that it was picked."""
        if number != self._lane:
            self._lane = number
            self._draw()

    def tip_of(self, lane: int) -> str:
        """What is said about a lane when the mouse is on it."""
        return next((tip for _, _, number, tip in self.canvas.spots if number == lane), "")

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
        lane, self._lane = self._lane, None
        try:
            self._dress(PAPER)
            return save_plot(self.plot, path)
        finally:
            self._lane = lane
            self._dress()

    # ------------------------------------------------------------------------------------------------------ drawing
    def _draw(self, _: Any = None) -> None:
        if not self._made:
            return
        self.canvas.column, self.canvas.lane = self.column, self._lane
        self.canvas.clear()
        self.area.setVisible(self._table is not None)  # axes without anything would say something
        if self._table is None:
            return
        if self.tabs.currentIndex() == DOSES:
            self.plot.setMinimumHeight(LEAST)
            said = self.canvas.draw_doses(*self._series)
        else:
            slots = score_slots(self._rows, self.column, by_condition=self.tabs.currentIndex() == CONDITIONS)
            self.plot.setMinimumHeight(max(LEAST, SLOT * len(slots) + AXIS))  # more of them scroll
            said = self.canvas.draw_bars(slots)
        self.words.setText(said)
        self.words.setVisible(bool(said))

    # -------------------------------------------------------------------------------------------------------- mouse
    def _spot_at(self, where: Any) -> tuple[float, float, int, str] | None:
        return self.canvas.spot_at(where, in_slots=self.tabs.currentIndex() != DOSES)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Go from lane to lane by the arrow keys, and scroll by the wheel where there are more than fit."""
        if self._made and event is not None and event.type() == QEvent.Type.Wheel:
            bar = self.area.verticalScrollBar()
            if watched is self.plot.viewport() and bar is not None and bar.maximum() > 0:
                QApplication.sendEvent(bar, event)
                return True
        if (
            self._made
            and watched is self.plot
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
            lanes = sorted({lane for _, _, lane, _ in self.canvas.spots})
            if step and lanes:
                at = lanes.index(self._lane) + step if self._lane in lanes else 0
                lane = lanes[min(max(at, 0), len(lanes) - 1)]
                self.select_lane(lane)
                self.lane_picked.emit(lane)
                return True
        return super().eventFilter(watched, event)

    def _clicked(self, event: Any) -> None:
        spot = self._spot_at(event.scenePos())
        if spot is not None and event.button() == Qt.MouseButton.LeftButton:
            self.select_lane(spot[2])
            self.lane_picked.emit(spot[2])

    def _hover(self, where: Any) -> None:
        spot = self._spot_at(where)
        self.plot.setToolTip(spot[3] if spot is not None else TIP)

    def _choose_target(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the plot", "scores.png", "Pictures (*.png *.svg)")
        if not path:
            return
        try:
            self.export(path)
        except BlotError as error:
            self.words.setText(panel_words(error))
            self.words.show()

    # ------------------------------------------------------------------------------------------------------- colours
    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the window's colours."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes and self._made:
            self._dress()

    def _dress(self, theme: Theme | None = None) -> None:
        self.canvas.theme = theme or theme_of(self)
        style_axes(self.plot, self.canvas.theme)
        self._draw()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
