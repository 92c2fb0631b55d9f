"""Pages or channels of a file as a list of small pictures, to choose one from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

__all__ = ["ChannelDialog"]

SIDE = 180  # px of a small picture


class ChannelDialog(QDialog):
    """Asks which of several pictures is the blot.

    Parameters
    ----------
    parent : QWidget
    question : str
    pictures : sequence of (str, ndarray)
        Name of each, and its signal.
    """

    def __init__(self, parent: QWidget, question: str, pictures: Sequence[tuple[str, NDArray[Any]]]) -> None:
        super().__init__(parent)
        self.setWindowTitle("ublot")
        self.list = QListWidget()
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setMinimumSize(2 * SIDE + 60, SIDE + 60)
        for name, signal in pictures:
            self.list.addItem(QListWidgetItem(QIcon(_small(signal)), name))
        self.list.setCurrentRow(0)
        self.list.itemDoubleClicked.connect(self.accept)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(QLabel(question))
        column.addWidget(self.list)
        column.addWidget(buttons)

    @property
    def chosen(self) -> int:
        """Place of the picture that is chosen."""
        return self.list.currentRow()


def _small(signal: NDArray[Any]) -> QPixmap:
    step = max(1, max(signal.shape) // SIDE)
    part = signal[::step, ::step]
    low, high = np.quantile(part, [0.02, 0.995]).tolist()
    grey = 255 * (1 - np.clip((part - low) / max(high - low, 1e-9), 0, 1))
    pixels = np.ascontiguousarray(grey.astype(np.uint8))
    image = QImage(pixels.tobytes(), pixels.shape[1], pixels.shape[0], pixels.shape[1], QImage.Format.Format_Grayscale8)
    keep = Qt.AspectRatioMode.KeepAspectRatio
    return QPixmap.fromImage(image.copy()).scaled(SIDE, SIDE, keep, Qt.TransformationMode.SmoothTransformation)
