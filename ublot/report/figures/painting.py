"""Drawings painted: lines and areas by Anti-Grain Geometry, letters by FreeType, and the PNG file."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.drawing import DPI, HEAVIEST, LARGEST, LEAST_DPI, png_file
from ublot.report.figures.plot import Area, Line, Picture, Points, Text, font_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from PIL import Image, ImageDraw

    from ublot.report.figures.plot import Drawing, Mark

__all__ = ["SIGNS", "dashes", "light_png_of", "painted", "png_of", "thinned"]

POINTS = 72  # per inch

_CIRCLE = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_STAR = np.where(np.arange(10) % 2, 0.4, 1.0)[:, None] * np.column_stack(
    [np.sin(np.arange(10) * np.pi / 5), -np.cos(np.arange(10) * np.pi / 5)]
)
_PLUS = np.array([(-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1), (1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1),
                  (-1, -1)]) / 3  # fmt: skip
SIGNS: dict[str, NDArray[np.float64]] = {
    "o": np.column_stack([np.cos(_CIRCLE), np.sin(_CIRCLE)]),
    "s": np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float),
    "^": np.array([(0, -1), (1, 1), (-1, 1)], float),
    "v": np.array([(0, 1), (1, -1), (-1, -1)], float),
    "<": np.array([(-1, 0), (1, -1), (1, 1)], float),
    ">": np.array([(1, 0), (-1, -1), (-1, 1)], float),
    "D": np.array([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)], float),
    "P": _PLUS,
    "X": _PLUS @ np.array([(1, 1), (-1, 1)]) / math.sqrt(2),
    "*": 1.3 * _STAR,
}
"""Outlines of the signs of points, of radius one."""


def png_of(drawing: Drawing, dpi: float = DPI, palette: bool = True) -> bytes:
    """Drawing as a PNG file; `palette` as in `ublot.report.figures.drawing.png_file`."""
    return png_file(painted(drawing, dpi), dpi, palette=palette)


def light_png_of(drawing: Drawing) -> tuple[bytes, float]:
    """The blot's drawing as a PNG file that a page can hold, and its dots per inch.

    The grain of a noisy picture cannot be compressed: it is drawn smaller until it fits.
    """
    dpi = min(DPI, LARGEST * POINTS / max(drawing.width, drawing.height))
    while True:
        png = png_of(drawing, dpi)
        heavy = len(png) / HEAVIEST
        if heavy <= 1 or dpi <= LEAST_DPI:
            return png, dpi
        dpi = max(dpi * min(0.9, 1 / math.sqrt(heavy)), LEAST_DPI)


def painted(drawing: Drawing, dpi: float) -> Image.Image:
    """Drawing as an RGB picture."""
    from PIL import Image, ImageDraw

    zoom = dpi / POINTS
    page = Image.new("RGB", (round(drawing.width * zoom), round(drawing.height * zoom)), "white")
    texts: list[Text] = []
    for plot in drawing.plots:
        left, top, width, height = (zoom * v for v in plot.box)
        corner = math.floor(left), math.floor(top)
        view = page.crop((*corner, math.ceil(left + width), math.ceil(top + height)))
        if plot.paper:
            view.paste(plot.paper, (0, 0, *view.size))
        marks = list(plot.inside())
        _paint(view, marks, zoom, corner)
        page.paste(view, corner)
        texts += [mark for mark in marks if isinstance(mark, Text)]
    loose: list[Mark] = [mark for plot in drawing.plots for mark in plot.around()]
    loose += drawing.marks
    _paint(page, loose, zoom, (0, 0))
    canvas = ImageDraw.Draw(page)
    for text in texts + [mark for mark in loose if isinstance(mark, Text)]:
        _write(canvas, text, zoom)
    return page


def _paint(page: Image.Image, marks: Iterable[Mark], zoom: float, corner: tuple[int, int]) -> None:
    """Pictures, then lines, areas and points in their order; places less `corner`, in pixels."""
    import aggdraw

    marks = list(marks)
    for mark in marks:
        if isinstance(mark, Picture):
            _show(page, mark, zoom, corner)
    canvas = aggdraw.Draw(page)

    def places(x: Any, y: Any) -> NDArray[np.float64]:
        return np.column_stack([np.ravel(x) * zoom - corner[0], np.ravel(y) * zoom - corner[1]])

    for mark in marks:
        if isinstance(mark, Line):
            pen = aggdraw.Pen(mark.colour, mark.width * zoom, round(255 * mark.opacity))
            line = thinned(places(mark.x, mark.y))
            pieces = dashes(line, [zoom * part for part in mark.dash]) if mark.dash else _finite(line)
            for piece in pieces:
                canvas.line(piece.ravel().tolist(), pen)
        elif isinstance(mark, Area):
            pen = aggdraw.Pen(mark.edge, mark.width * zoom) if mark.width else None
            brush = aggdraw.Brush(mark.colour, round(255 * mark.opacity)) if mark.colour else None
            outline = places(mark.x, mark.y)
            canvas.polygon(outline[np.isfinite(outline).all(axis=1)].ravel().tolist(), pen, brush)
        elif isinstance(mark, Points):
            _sign(canvas, mark, places(mark.x, mark.y), zoom)
    canvas.flush()


def _sign(canvas: Any, mark: Points, centres: NDArray[np.float64], zoom: float) -> None:
    import aggdraw

    half = 0.5 * mark.size * zoom
    pen = aggdraw.Pen(mark.edge or mark.colour, mark.width * zoom)
    for centre in centres:
        if mark.shape == "x":
            for turn in (1, -1):
                canvas.line((centre + half * np.array([(-1, -turn), (1, turn)])).ravel().tolist(), pen)
            continue
        brush = aggdraw.Brush(mark.colour) if mark.colour else None
        outline = (centre + half * SIGNS[mark.shape]).ravel().tolist()
        canvas.polygon(outline, pen if mark.edge else None, brush)


def _show(page: Image.Image, mark: Picture, zoom: float, corner: tuple[int, int]) -> None:
    import cv2
    from PIL import Image

    (left, right), (top, foot) = (np.round(np.asarray(v) * zoom).astype(int) for v in (mark.x, mark.y))
    size = max(int(right - left), 1), max(int(foot - top), 1)
    smaller = size[0] < mark.levels.shape[1] or size[1] < mark.levels.shape[0]
    way = cv2.INTER_NEAREST if not mark.smooth else cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    fitted = cv2.resize(mark.levels, size, interpolation=way)
    page.paste(Image.fromarray(fitted), (int(left) - corner[0], int(top) - corner[1]))


def thinned(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A line from left to right with the mean of every half pixel in place of all its points.

    Parameters
    ----------
    line : ndarray, shape (n, 2)
        In pixels. Finer than that there is nothing to be seen but spikes at its turns.
    """
    across = abs(line[-1, 0] - line[0, 0]) if len(line) else 0.0
    per = int(len(line) / (2 * across)) if across >= 1 else 0
    if per < 2 or not (np.diff(line[:, 0]) > 0).all():
        return line
    whole = len(line) // per * per
    return np.vstack([line[:1], line[:whole].reshape(-1, per, 2).mean(axis=1), line[whole:], line[-1:]])


def _finite(line: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Pieces of a line between the places that are not known."""
    known = np.isfinite(line).all(axis=1)
    if known.all():
        yield line
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    for start, stop in edges.reshape(-1, 2):
        yield line[start:stop]


def dashes(line: NDArray[np.float64], pattern: Sequence[float]) -> Iterator[NDArray[np.float64]]:
    """Pieces of a line as long as the pattern's first part, with gaps as long as its second."""
    drawn, left_out = pattern
    for piece in _finite(line):
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
        starts = np.arange(0.0, along[-1], drawn + left_out)
        ends = np.minimum(starts + drawn, along[-1])
        at = np.unique(np.concatenate([along, starts, ends]))
        points = np.column_stack([np.interp(at, along, piece[:, k]) for k in (0, 1)])
        first, last = np.searchsorted(at, starts), np.searchsorted(at, ends)
        for i, j in zip(first.tolist(), last.tolist(), strict=True):
            yield points[i : j + 1]


@lru_cache(maxsize=64)
def _font(size: float, bold: bool) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_file(bold)), size)


def _write(canvas: ImageDraw.ImageDraw, text: Text, zoom: float) -> None:
    from PIL import Image, ImageDraw

    font = _font(round(text.size * zoom, 2), text.bold)
    x, y = text.x * zoom, text.y * zoom
    anchor = text.anchor[0] + {"t": "a", "b": "d"}.get(text.anchor[1], text.anchor[1])
    line = _one_line(text.text)
    if not text.angle:
        halo: dict[str, Any] = {"stroke_width": text.halo * zoom, "stroke_fill": "white"} if text.halo else {}
        canvas.text((x, y), line, fill=text.colour, font=font, anchor=anchor, **halo)
        return
    # Letters on a strip of their own, with the place they are turned about in its middle.
    left, top, right, foot = font.getbbox(line, anchor=anchor)
    half = math.ceil(max(-left, right)) + 1, math.ceil(max(-top, foot)) + 1
    for colour, stroke in (("white", text.halo * zoom), (text.colour, 0.0)):
        if colour == text.colour or stroke:
            strip = Image.new("L", (2 * half[0], 2 * half[1]))
            ImageDraw.Draw(strip).text(half, line, fill=255, font=font, anchor=anchor, stroke_width=stroke)
            turned = strip.rotate(text.angle, Image.Resampling.BICUBIC, expand=True)
            ink = turned.getbbox()  # most of the strip is empty
            if ink is not None:
                at = round(x - turned.width / 2) + ink[0], round(y - turned.height / 2) + ink[1]
                canvas.bitmap(at, turned.crop(ink), colour)


def _one_line(text: str) -> str:
    """Text as the painter of letters takes it: no line breaks, no halves of characters."""
    return " ".join(text.split("\n")).encode("utf-8", "replace").decode()
