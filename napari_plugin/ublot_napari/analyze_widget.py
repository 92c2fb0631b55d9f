"""The panel *Analyze blot*: from an image layer to lanes on the picture and a table of scores."""

from functools import partial
from pathlib import Path
from typing import Any

import napari
import numpy as np
from magicgui.widgets import ComboBox
from napari.layers import Image, Shapes
from napari.qt.threading import create_worker
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

import ublot
from ublot.params import make_params

from .form import ParamsForm
from .layers import analysis_layer
from .scores import HEADER, score_rows
from .table import ScoreTable

__all__ = ["AnalyzeWidget"]

OPTIONS = ("lanes", "marker", "target", "antibody", "assay", "background", "allow_unfit")
FROM_SAMPLE = "(the sample's own)"


class AnalyzeWidget(QWidget):
    """Choose a blot, its layout and a few options; press *Analyze*.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.analysis: ublot.Analysis | None = None
        self._strips: Shapes | None = None
        self._worker: Any = None

        self.image = ComboBox(choices=self._images, nullable=True)
        self.layout_path = QLineEdit()
        self.layout_path.setPlaceholderText("none")
        self.layout_path.setToolTip("CSV or Excel table with one row per lane, left to right: lane, role, compound, …")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose the layout")
        browse.clicked.connect(self._browse)
        self.form = ParamsForm(OPTIONS)
        self.button = QPushButton("Analyze")
        self.button.clicked.connect(self.run)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = ScoreTable()
        self.table.row_picked.connect(self._select_lane)

        path_row = QHBoxLayout()
        path_row.addWidget(self.layout_path)
        path_row.addWidget(browse)
        top = QFormLayout()
        top.addRow("Blot", self.image.native)
        top.addRow("Layout", path_row)
        self.setMinimumWidth(420)
        column = QVBoxLayout(self)
        column.addLayout(top)
        for widget in (self.form, self.button, self.status):
            column.addWidget(widget)
        column.addWidget(self.table, stretch=1)

        self.image.changed.connect(self._offer_layout)
        self.reset_choices()

    def reset_choices(self, event: Any = None) -> None:
        """Refresh the list of image layers; napari calls this whenever layers come and go."""
        before = self.image.value
        self.image.reset_choices()
        if before not in self.viewer.layers:
            self.image.value = next(reversed(self._images()), None)
        self._offer_layout()

    def run(self) -> None:
        """Analyse the chosen layer in a thread of its own."""
        layer = self.image.value
        if layer is None:
            self.say("Open a blot first.", wrong=True)
            return
        options = self.form.values()
        try:
            make_params(**options)
        except ublot.BlotError as error:
            self.say(str(error), wrong=True)
            return
        source = layer.metadata.get("ublot_blot")
        worker = create_worker(
            ublot.analyze,
            np.asarray(layer.data) if source is None else source,
            layout=self._layout(layer),
            _start_thread=False,
            _ignore_errors=True,  # they are shown by _show_error instead of raised again in the event loop
            **options,
        )
        worker.returned.connect(partial(self.show_analysis, name=f"{layer.name} lanes"))
        worker.errored.connect(self._show_error)
        worker.finished.connect(lambda: self.button.setEnabled(True))
        self.button.setEnabled(False)
        self.say(f"Analysing {layer.name} …")
        self._worker = worker
        worker.start()

    def show_analysis(self, analysis: "ublot.Analysis", name: str = "lanes") -> None:
        """Draw the lanes and list the scores; an earlier result of this panel is replaced."""
        self.analysis = analysis
        if self._strips is not None and self._strips in self.viewer.layers:
            self.viewer.layers.remove(self._strips)
        data, keywords, _ = analysis_layer(analysis, name)
        self._strips = self.viewer.add_shapes(data, **keywords)
        rows = score_rows(analysis.lanes)
        self.table.show_rows(HEADER, rows)
        self.say("\n".join([f"{len(rows)} lanes.", *analysis.messages]))

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, ublot.BlotError):
            self.say(str(error), wrong=True)
        else:
            self.say(f"This should not have happened: {error!r}", wrong=True)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show one line under the button, in a colour of its own when something is wrong."""
        self.status.setStyleSheet("color: #D55E00" if wrong else "")
        self.status.setText(text)

    def _layout(self, layer: Image) -> Any:
        text = self.layout_path.text().strip()
        return list(layer.metadata["ublot_layout"]) if text == FROM_SAMPLE else text or None

    def _images(self, _: Any = None) -> list[Image]:
        return [layer for layer in self.viewer.layers if isinstance(layer, Image)]

    def _offer_layout(self, *_: Any) -> None:
        """Fill in what is known about the layer chosen: the layout beside its file, a sample's own options."""
        layer = self.image.value
        told = {} if layer is None else layer.metadata
        if "ublot_options" in told:
            self.form.set_values(told["ublot_options"])
        if "ublot_layout" in told:
            self.layout_path.setText(FROM_SAMPLE)
            return
        path = Path(told.get("ublot", {}).get("path") or "")
        beside = [path.with_name(f"{path.stem}.layout{suffix}") for suffix in (".csv", ".xlsx")] if path.name else []
        self.layout_path.setText(next((str(found) for found in beside if found.is_file()), ""))

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Layout", self.layout_path.text(), "Tables (*.csv *.tsv *.txt *.xlsx)"
        )
        if path:
            self.layout_path.setText(path)

    def _select_lane(self, row: int) -> None:
        if self._strips is not None and self._strips in self.viewer.layers:
            self._strips.selected_data = {row}
            self.viewer.layers.selection.active = self._strips
