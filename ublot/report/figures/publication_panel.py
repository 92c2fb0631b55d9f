"""The panel for a paper: the blot uncropped with marker masses and lane names, as SVG and as PNG at 300 dpi.

Greys are linear in signal between two stated levels, nothing is sharpened, gamma-corrected or cut away. Both files are
drawn from the same places, so that they cannot differ.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.columns import records_of
from ublot.report.figures.drawing import png_of_levels
from ublot.report.figures.greys import bounds, greys, reduced
from ublot.report.figures.plot import font_file
from ublot.wording.labels import lane_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot

__all__ = ["Panel", "blot_panel", "panel_png", "panel_svg"]

DPI = 300
COLUMNS = 1000  # of pixels that the picture has at most: at 300 dpi the width of one column of a journal
ROWS = 1400
HEAVIEST = 330_000  # bytes of the picture, from where on it is made smaller
LETTER = 0.62  # width of an average letter over its size
INK = 72 / DPI  # points per pixel of the PNG


@dataclass(frozen=True)
class Panel:
    """Places of everything, in pixels of the PNG.

    Attributes
    ----------
    grey : ndarray of uint8, shape (rows, cols)
        The blot, protein dark.
    png : bytes
        The same as a file.
    left, top : int
        Where its upper left corner lies.
    width, height : int
        Of the whole panel.
    size : float
        Of the letters, px.
    masses : tuple of (float, str)
        Height and text.
    lanes : tuple of (float, str)
        Column and text; upright, above the blot.
    scale : float
        Pixels of the blot's image in one pixel of the panel.
    shown : tuple of float
        Signal that is white, and signal that is black.
    outside : float
        Share of the picture's pixels beyond these.
    """

    grey: NDArray[np.uint8]
    png: bytes
    left: int
    top: int
    width: int
    height: int
    size: float
    masses: tuple[tuple[float, str], ...]
    lanes: tuple[tuple[float, str], ...]
    scale: float
    shown: tuple[float, float]
    outside: float


def blot_panel(analysis: Any) -> Panel:
    """Lay the panel out.

    Parameters
    ----------
    analysis : Analysis
        ``blot``, ``geometry``, ``calibration`` and ``columns`` are read.
    """
    blot: Blot = analysis.blot
    grey, png, scale, shown, beyond = _grey(blot)
    rows, cols = grey.shape
    geometry = analysis.geometry
    pitch = (geometry.pitch or cols) / scale
    size = float(np.clip(0.8 * pitch, 14.0, 29.0))  # 3.4 to 7 points
    names = lane_labels(records_of(analysis.columns["lanes"]))
    names += [""] * (len(geometry) - len(names))
    lanes = tuple(
        (float(lane.centre(geometry.window.top)) / scale, name or str(lane.number))
        for lane, name in zip(geometry, names, strict=False)
    )
    masses = _masses(analysis.calibration, blot.shape[0], scale, size)
    longest = max((len(name) for _, name in lanes), default=0)
    top = round(LETTER * size * longest + 1.2 * size) if lanes else 10
    left = round(LETTER * size * max((len(text) for _, text in masses), default=0) + 1.6 * size) if masses else 10
    return Panel(grey, png, left, top, left + cols + 10, top + rows + 10, size, masses, lanes, scale, shown, beyond)


def _grey(blot: Blot) -> tuple[NDArray[np.uint8], bytes, float, tuple[float, float], float]:
    """All of the picture as greys, the same as PNG, pixels of the image in one of its own, levels shown, share beyond.

    White is what one pixel in a thousand lies below, black what one in two hundred lies above: both are stated.
    """
    scale = max(1.0, blot.shape[1] / COLUMNS, blot.shape[0] / ROWS)
    picture = reduced(blot.signal, scale)
    low, high = bounds(picture, 0.1, 99.5)
    known = np.isfinite(picture).sum()
    beyond = float(((picture < low) | (picture > high)).sum() / known) if known else 0.0
    for _ in range(4):
        grey = greys(picture, low, high)
        png = _png(grey)
        heavy = len(png) / HEAVIEST
        if heavy <= 1 or max(grey.shape) < 500:
            break
        scale *= min(max(math.sqrt(heavy), 1.1), 2.0)
        picture = reduced(blot.signal, scale)
    return grey, png, scale, (low, high), beyond


def _png(grey: NDArray[np.uint8]) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", grey)[1])


def _masses(calibration: Any, rows: int, scale: float, size: float) -> tuple[tuple[float, str], ...]:
    if calibration is None:
        return ()
    out: list[tuple[float, str]] = []
    for row, mass in sorted(zip(calibration.rows, calibration.masses, strict=True)):
        y = (row + 0.5) / scale
        # Names that would be written over each other: the heavier stays.
        if 0 <= row < rows and (not out or y - out[-1][0] >= 1.1 * size):
            out.append((y, f"{mass:.3g}"))
    return tuple(out)


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_file()), size)


def panel_png(panel: Panel) -> bytes:
    """Panel as a grey PNG file that says it has 300 dpi."""
    from PIL import Image, ImageChops, ImageDraw

    page = Image.new("L", (panel.width, panel.height), 255)
    page.paste(Image.fromarray(panel.grey), (panel.left, panel.top))
    draw = ImageDraw.Draw(page)
    rows, cols = panel.grey.shape
    draw.rectangle((panel.left - 2, panel.top - 2, panel.left + cols + 1, panel.top + rows + 1), outline=0, width=2)
    font = _font(round(panel.size))
    for y, text in panel.masses:
        at = panel.top + y
        draw.line((panel.left - 2 - 0.5 * panel.size, at, panel.left - 2, at), fill=0, width=3)
        draw.text((panel.left - 0.75 * panel.size - 2, at), text, fill=0, font=font, anchor="rm")
    if panel.masses:
        draw.text(
            (panel.left - 0.75 * panel.size - 2, panel.top - 0.9 * panel.size), "kDa", fill=0, font=font, anchor="rm"
        )
    for x, text in panel.lanes:
        strip = Image.new("L", (max(panel.top, 1), round(1.5 * panel.size)), 255)
        ImageDraw.Draw(strip).text((0.5 * panel.size, 0.75 * panel.size), text, fill=0, font=font, anchor="lm")
        upright = strip.rotate(90, expand=True)
        page.paste(0, (round(panel.left + x - 0.75 * panel.size), -2), ImageChops.invert(upright))
    return png_of_levels(np.asarray(page), DPI)


def panel_svg(panel: Panel) -> str:
    """Panel as SVG, its letters as text that a drawing program can edit."""
    rows, cols = panel.grey.shape
    size, left, top = panel.size * INK, panel.left * INK, panel.top * INK
    picture = base64.b64encode(panel.png).decode()
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{panel.width * INK:.2f}pt" height="{panel.height * INK:.2f}pt" '
        f'viewBox="0 0 {panel.width * INK:.2f} {panel.height * INK:.2f}">',
        f'<rect width="{panel.width * INK:.2f}" height="{panel.height * INK:.2f}" fill="#fff"/>',
        f'<image x="{left:.2f}" y="{top:.2f}" width="{cols * INK:.2f}" height="{rows * INK:.2f}" '
        f'preserveAspectRatio="none" xlink:href="data:image/png;base64,{picture}"/>',
        f'<rect x="{left:.2f}" y="{top:.2f}" width="{cols * INK:.2f}" height="{rows * INK:.2f}" fill="none" '
        'stroke="#000" stroke-width=".5"/>',
        f'<g font-family="DejaVu Sans, Arial, Helvetica, sans-serif" font-size="{size:.2f}" fill="#000">',
    ]
    for y, text in panel.masses:
        at = top + y * INK
        parts.append(f'<path d="M{left - 0.5 * size:.2f} {at:.2f}H{left:.2f}" stroke="#000" stroke-width=".7"/>')
        parts.append(f'<text x="{left - 0.75 * size:.2f}" y="{at + 0.35 * size:.2f}" text-anchor="end">{text}</text>')
    if panel.masses:
        parts.append(f'<text x="{left - 0.75 * size:.2f}" y="{top - 0.55 * size:.2f}" text-anchor="end">kDa</text>')
    for x, text in panel.lanes:
        place = f"translate({left + x * INK + 0.35 * size:.2f} {top - 0.5 * size:.2f})"
        parts.append(f'<text transform="{place} rotate(-90)">{escape(_plain(text), quote=False)}</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _plain(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff")
    )
