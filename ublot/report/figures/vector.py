"""Drawings as SVG or PDF, for whoever edits or prints them: the same marks, placed by matplotlib."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.painting import SIGNS, png_of
from ublot.report.figures.plot import Area, Line, Picture, Points

if TYPE_CHECKING:
    from pathlib import Path

    from ublot.report.figures.plot import Drawing

__all__ = ["as_figure", "save_drawing", "svg_of"]

DPI = 300
_ACROSS = {"l": "left", "m": "center", "r": "right"}
_UP = {"t": "top", "m": "center", "b": "bottom", "s": "baseline"}


def save_drawing(drawing: Drawing, path: Path) -> None:
    """Write a drawing as PNG at 300 dpi, SVG or PDF by the name's ending.

    Raises
    ------
    OSError
        It cannot be written there.
    """
    if path.suffix.lower() == ".png":
        path.write_bytes(png_of(drawing, DPI, palette=False))
        return
    if path.suffix.lower() == ".svg":
        path.write_bytes(svg_of(drawing))
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a compound's name in any script
        as_figure(drawing).savefig(path, dpi=DPI)


def svg_of(drawing: Drawing) -> bytes:
    """Drawing as an SVG file, its letters as letters, the same for the same drawing."""
    import matplotlib as mpl

    stream = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ublot"}):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        as_figure(drawing).savefig(stream, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def as_figure(drawing: Drawing) -> Any:
    """Drawing as a matplotlib figure: one pair of axes that counts in points from the upper left corner."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.set_axis_off()
    for plot in drawing.plots:
        left, top, width, height = plot.box
        frame = Rectangle((left, top), width, height, facecolor=plot.paper or "none", edgecolor="none")
        axes.add_patch(frame)
        for mark in plot.inside():
            _place(axes, mark, frame)
        for mark in plot.around():
            _place(axes, mark, None)
    for mark in drawing.marks:
        _place(axes, mark, None)
    return figure


def _place(axes: Any, mark: Any, frame: Any) -> None:
    from matplotlib.patheffects import withStroke

    if isinstance(mark, Line):
        style = (0, tuple(part / mark.width for part in mark.dash)) if mark.dash else "-"
        (made,) = axes.plot(mark.x, mark.y, color=mark.colour, lw=mark.width, ls=style, alpha=mark.opacity)
    elif isinstance(mark, Area):
        known = np.isfinite(mark.y)
        edge = {"edgecolor": mark.edge, "linewidth": mark.width} if mark.width else {"linewidth": 0}
        face = {"facecolor": mark.colour or "none", "alpha": mark.opacity}
        (made,) = axes.fill(np.asarray(mark.x)[known], np.asarray(mark.y)[known], **face, **edge)
    elif isinstance(mark, Points):
        outline = "x" if mark.shape == "x" else np.vstack([SIGNS[mark.shape], SIGNS[mark.shape][:1]]) * (1, -1)
        edge = {"markeredgecolor": mark.edge or mark.colour, "markeredgewidth": mark.width if mark.edge else 0.8}
        face = {"markerfacecolor": mark.colour or "none", "markersize": mark.size}
        (made,) = axes.plot(mark.x, mark.y, ls="none", marker=outline, **face, **edge)
    elif isinstance(mark, Picture):
        (left, right), (top, foot) = np.asarray(mark.x), np.asarray(mark.y)
        way = "antialiased" if mark.smooth else "nearest"
        extent = (left, right, foot, top)
        made = axes.imshow(mark.levels, "gray", vmin=0, vmax=255, extent=extent, interpolation=way, aspect="auto")
    else:
        made = axes.text(
            mark.x + mark.dx, mark.y + mark.dy, mark.text, fontsize=mark.size, color=mark.colour, rotation=mark.angle,
            rotation_mode="anchor", ha=_ACROSS[mark.anchor[0]], va=_UP[mark.anchor[1]], parse_math=False,
            weight="bold" if mark.bold else "normal",
        )  # fmt: skip
        if mark.halo:
            made.set_path_effects([withStroke(linewidth=2 * mark.halo, foreground="white")])
        return
    if frame is not None:
        made.set_clip_path(frame)
    else:
        made.set_clip_on(False)
