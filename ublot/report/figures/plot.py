"""A figure as values: marks in the units of their data, plots that place them on a page, the page.

What a figure shows is decided here and in the modules that fill it; `ublot.report.figures.painting` paints it and
`ublot.report.figures.vector` makes SVG and PDF of it. Pages are measured in points from their upper left corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Area", "Drawing", "Line", "Mark", "Picture", "Plot", "Points", "Text", "font_file", "nice_ticks", "wide"]


# ------------------------------------------------------------------------------------------------------------- marks
@dataclass(frozen=True, eq=False)
class Line:
    """A line through points; the first part of `dash` is drawn and the second left out, in points."""

    x: ArrayLike
    y: ArrayLike
    colour: str = "#000000"
    width: float = 0.8
    dash: tuple[float, ...] = ()
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Area:
    """A closed outline, filled where it has a `colour`, with an edge where it has a `width`."""

    x: ArrayLike
    y: ArrayLike
    colour: str = ""
    opacity: float = 1.0
    edge: str = "#000000"
    width: float = 0.0


@dataclass(frozen=True, eq=False)
class Points:
    """Signs at places; `size` is their diameter in points, without a `colour` they are hollow."""

    x: ArrayLike
    y: ArrayLike
    shape: str = "o"
    size: float = 3.8
    colour: str = "#000000"
    edge: str = ""
    width: float = 0.8


@dataclass(frozen=True, eq=False)
class Text:
    """A line of letters.

    `anchor` says what lies at the place: l, m or r for left, middle or right, then t, m or b for the top, the middle
    or the foot of the letters, or s for the line they stand on. `angle` turns it counter-clockwise about there; `dx`
    and `dy` shift it by points; `halo` is the width of white around the letters.
    """

    x: float
    y: float
    text: str
    size: float = 7.0
    colour: str = "#000000"
    anchor: str = "ls"
    angle: float = 0.0
    bold: bool = False
    halo: float = 0.0
    dx: float = 0.0
    dy: float = 0.0


@dataclass(frozen=True, eq=False)
class Picture:
    """Greys, or red, green and blue, between two corners: the upper left one and the lower right one."""

    levels: NDArray[np.uint8]
    x: ArrayLike
    y: ArrayLike
    smooth: bool = True


Mark = Line | Area | Points | Text | Picture


# ------------------------------------------------------------------------------------------------------------- plots
@dataclass(eq=False)
class Plot:
    """A rectangle of the page with scales of its own.

    Attributes
    ----------
    box : tuple of float
        Left, top, width and height on the page.
    x_limits, y_limits : tuple of float
        Values at the left and the right, at the foot and the top.
    log : bool
        Whether the horizontal scale is logarithmic.
    marks : list of Mark
        In units of the data; what lies outside the rectangle is cut off.
    notes : list of Mark
        May lie outside.
    x_ticks, y_ticks : list of (float, str)
        Places and what is written there.
    x_label, y_label, title : str
        The second may have several lines.
    title_colour, title_anchor : str
        The title stands over the left end (l) or the middle (m).
    x_angle : float
        By how much names below are turned, degrees.
    tick_size, label_size : float
        Of letters.
    paper : str
        Colour of the ground.
    frame : str
        Sides that are drawn: l, r, t, b.
    """

    box: tuple[float, float, float, float]
    x_limits: tuple[float, float] = (0.0, 1.0)
    y_limits: tuple[float, float] = (0.0, 1.0)
    log: bool = False
    marks: list[Mark] = field(default_factory=list)
    notes: list[Mark] = field(default_factory=list)
    x_ticks: list[tuple[float, str]] = field(default_factory=list)
    y_ticks: list[tuple[float, str]] = field(default_factory=list)
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    title_colour: str = "#000000"
    title_anchor: str = "m"
    x_angle: float = 0.0
    tick_size: float = 7.0
    label_size: float = 8.0
    paper: str = ""
    frame: str = "lrtb"

    def to_x(self, x: ArrayLike) -> NDArray[np.float64]:
        """Horizontal places on the page, points."""
        left, _, width, _ = self.box
        low, high = self.x_limits
        values = np.asarray(x, np.float64)
        if self.log:
            low, high, values = math.log(low), math.log(high), np.log(values)
        return np.asarray(left + width * (values - low) / (high - low))

    def to_y(self, y: ArrayLike) -> NDArray[np.float64]:
        """Vertical places on the page, points."""
        _, top, _, height = self.box
        low, high = self.y_limits
        return np.asarray(top + height * (high - np.asarray(y, np.float64)) / (high - low))

    def placed(self, mark: Any) -> Any:
        """The same mark in points of the page."""
        x, y = self.to_x(mark.x), self.to_y(mark.y)
        if isinstance(mark, Text):
            return replace(mark, x=float(x) + mark.dx, y=float(y) + mark.dy, dx=0.0, dy=0.0)
        return replace(mark, x=x, y=y)

    def inside(self) -> Iterator[Any]:
        """Marks on the page that are cut off at the frame; text that begins outside is left out."""
        left, top, width, height = self.box
        for mark in self.marks:
            placed = self.placed(mark)
            if not isinstance(placed, Text) or (0 <= placed.x - left <= width and 0 <= placed.y - top <= height):
                yield placed

    def around(self) -> Iterator[Any]:
        """Frame, ticks and what is written at them, on the page."""
        left, top, width, height = self.box
        right, foot = left + width, top + height
        sides = {"l": (left, top, left, foot), "r": (right, top, right, foot)}
        sides |= {"t": (left, top, right, top), "b": (left, foot, right, foot)}
        for side in self.frame:
            x0, y0, x1, y1 = sides[side]
            yield Line([x0, x1], [y0, y1], width=0.7)
        for value, text in self.x_ticks:
            x = float(self.to_x(value))
            if left - 0.1 <= x <= right + 0.1:
                yield Line([x, x], [foot, foot + 2.5], width=0.7)
                anchor = "mt" if not self.x_angle else "rm" if self.x_angle == 90 else "rt"
                yield Text(x, foot + 4.5, text, self.tick_size, anchor=anchor, angle=self.x_angle)
        for value, text in self.y_ticks:
            y = float(self.to_y(value))
            if top - 0.1 <= y <= foot + 0.1:
                yield Line([left - 2.5, left], [y, y], width=0.7)
                yield Text(left - 4.5, y, text, self.tick_size, anchor="rm")
        if self.x_label:
            at = left + 0.5 * width, foot + 2.2 * self.tick_size
            yield Text(*at, self.x_label, self.label_size, anchor="mt")
        for i, line in enumerate(reversed(self.y_label.split("\n")) if self.y_label else ()):
            names = max((wide(text, self.tick_size) for _, text in self.y_ticks), default=0.0)
            x = left - names - 8.0 - 1.25 * i * self.label_size
            yield Text(x, top + 0.5 * height, line, self.label_size, anchor="mb", angle=90)
        if self.title:
            x = left if self.title_anchor == "l" else left + 0.5 * width
            yield Text(x, top - 3.0, self.title, 7.0, self.title_colour, anchor=f"{self.title_anchor}s")
        for note in self.notes:
            yield self.placed(note)


@dataclass(eq=False)
class Drawing:
    """A page, in points, with its plots and what stands beside them."""

    width: float
    height: float
    plots: list[Plot] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def texts(self) -> list[Text]:
        """All that is written, on the page."""
        within = [mark for plot in self.plots for mark in (*plot.inside(), *plot.around()) if isinstance(mark, Text)]
        return within + [mark for mark in self.marks if isinstance(mark, Text)]


# ------------------------------------------------------------------------------------------------- letters and scales
def font_file(bold: bool = False) -> Path:
    """The font of all figures: DejaVu Sans, which comes with matplotlib."""
    # Found without being imported, which takes longer than the figures.
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib, whose font the figures use, is not installed")
    return Path(found.origin).parent.joinpath("mpl-data", "fonts", "ttf", f"DejaVuSans{'-Bold' if bold else ''}.ttf")


@lru_cache(maxsize=2)
def _ruler(bold: bool) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_file(bold)), 100)


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a line of letters, in points."""
    return float(_ruler(bold).getlength(text)) * size / 100


def nice_ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Round values between two bounds, at most `most` where that leaves two, and how they are written.

    Large ones with k or M, tiny ones as a power of ten; all of them with as many decimals as their step needs.
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [(low, f"{low:.3g}")] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / most))
    finer: list[tuple[float, str]] = []
    for step in (power * s for s in (0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 20.0)):
        counts = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        values = [k * step for k in counts]
        ticks = list(zip(values, _written(values, step), strict=True))
        if len(ticks) <= most:
            return ticks if len(ticks) > 1 else finer
        finer = ticks
    return finer


def _written(values: Sequence[float], step: float) -> list[str]:
    largest = max((abs(value) for value in values), default=0.0)
    if 0 < largest < 1e-3:
        return [f"{value:.2g}" for value in values]
    units = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
    unit, letter = next(((unit, letter) for least, unit, letter in units if largest >= least), (1.0, ""))
    places = next((p for p in range(9) if math.isclose(round(step / unit, p), step / unit, rel_tol=1e-9)), 9)
    return [f"{value / unit:.{places}f}{letter}" if value else "0" for value in values]
