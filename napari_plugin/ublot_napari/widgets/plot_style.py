"""Colours and fonts of the plots, from the palette of the window around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = [
    "BLUE",
    "GREEN",
    "ORANGE",
    "PAPER",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "Theme",
    "empty_plot",
    "label_axis",
    "pen",
    "save_plot",
    "style_axes",
    "theme_of",
    "tinted",
]

# Distinct with every kind of colour vision (Okabe and Ito 2008).
SHARP = 3
"""Pixels of a saved picture for one on the screen: enough for print."""

ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"


@dataclass(frozen=True)
class Theme:
    """Colours of a window: background, text and faint lines, as ``#rrggbb``, and whether it is a dark one."""

    background: str
    text: str
    faint: str
    dark: bool

    def visible(self, colour: str) -> str:
        """The same hue, lighter on a dark window where it would be too dark to see."""
        shade = QColor(colour)
        return shade.lighter(150).name() if self.dark and shade.lightness() < 115 else colour


PAPER = Theme("#ffffff", "#000000", "#888888", dark=False)


def theme_of(widget: QWidget) -> Theme:
    """Colours of the window that a widget stands in, style sheets included."""
    widget.ensurePolished()
    palette = widget.palette()
    back, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
    # A style sheet may set the text alone: the background is then on the other side of grey.
    if abs(back.lightness() - text.lightness()) < 60:
        back = QColor("#262930") if text.lightness() > 127 else QColor("#f5f5f5")
    faint = QColor(*((3 * a + 2 * b) // 5 for a, b in zip(back.getRgb()[:3], text.getRgb()[:3], strict=True)))
    return Theme(back.name(), text.name(), faint.name(), back.lightness() < 128)


def pen(colour: str, width: float = 1.5, *, dashed: bool = False) -> QPen:
    """A line that keeps its width when the plot is zoomed."""
    line = QPen(QColor(colour), width)
    line.setCosmetic(True)
    if dashed:
        line.setStyle(Qt.PenStyle.DashLine)
    return line


def tinted(colour: str, opacity: int) -> QColor:
    """A colour that lets through what lies below it; `opacity` from 0 to 255."""
    shade = QColor(colour)
    shade.setAlpha(opacity)
    return shade


def save_plot(plot: Any, path: Path) -> bool:
    """Paint a ``pyqtgraph.PlotWidget`` into a file, ``.svg`` as lines and else as pixels; says whether it worked."""
    from qtpy.QtCore import QRectF, QSize
    from qtpy.QtGui import QImage, QPainter
    from qtpy.QtSvg import QSvgGenerator

    size = QSize(plot.width(), plot.height())
    device: Any
    if path.suffix.lower() == ".svg":
        # pyqtgraph's own SVG exporter stops at curved paths.
        device = QSvgGenerator()
        device.setFileName(str(path))
        device.setSize(size)
        device.setResolution(plot.logicalDpiX())  # else what is kept as a picture comes out at another scale
        device.setViewBox(QRectF(0, 0, size.width(), size.height()))
        device.setTitle("ublot")
    else:
        device = QImage(size * SHARP, QImage.Format.Format_RGB32)
    painter = QPainter()
    if not painter.begin(device):
        return False
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if path.suffix.lower() != ".svg":
        painter.scale(SHARP, SHARP)
    whole = QRectF(0, 0, size.width(), size.height())
    painter.fillRect(whole, plot.backgroundBrush())
    plot.scene().render(painter, whole, whole)
    painter.end()
    return path.is_file() if path.suffix.lower() == ".svg" else bool(device.save(str(path)))


def empty_plot(name: str, tip: str) -> Any:
    """A ``pyqtgraph.PlotWidget`` for a dock."""
    import pyqtgraph

    plot = pyqtgraph.PlotWidget()
    plot.setMinimumSize(240, 160)
    # A plot fills what room there is; the size that it would like is that of a whole window.
    plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    plot.plotItem.setContentsMargins(0, 2, 6, 6)  # else letters are cut off below
    plot.setMenuEnabled(False)
    plot.setAccessibleName(name)
    plot.setToolTip(tip)
    return plot


def label_axis(plot: Any, name: str, text: str) -> None:
    """Write something beside an axis, unless it stands there: a page of HTML is laid out for it."""
    if plot.getAxis(name).labelText != text:
        plot.setLabel(name, text)


def style_axes(plot: Any, theme: Theme) -> None:
    """Give a ``pyqtgraph.PlotWidget`` the colours of the window."""
    plot.setBackground(theme.background)
    for name in ("bottom", "left", "top", "right"):
        axis = plot.getAxis(name)
        axis.setPen(theme.faint)
        axis.setTextPen(theme.text)
