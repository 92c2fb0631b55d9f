"""Drawings as figures of matplotlib, and so as SVG or PDF, for whoever changes or prints them."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.painting import SIGNS, png_of
from ublot.report.figures.plot import Area, Line, Picture, Points

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ublot.report.figures.plot import Drawing, Plot

__all__ = ["as_figure", "save_drawing", "svg_of"]

DPI = 300
POINTS = 72  # per inch
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


def as_figure(drawing: Drawing) -> Figure:
    """Drawing as a matplotlib figure, to be changed: axes for each of its plots, behind them the page in points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawing.width / POINTS, drawing.height / POINTS))
    for plot in drawing.plots:
        left, top, width, height = plot.box
        foot = drawing.height - top - height
        place = (left / drawing.width, foot / drawing.height, width / drawing.width, height / drawing.height)
        _fill(figure.add_axes(place), plot)
    if drawing.marks or not drawing.plots:
        page = figure.add_axes((0, 0, 1, 1), zorder=-1)
        page.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
        page.set_axis_off()
        for mark in drawing.marks:
            _place(page, mark, clip=False)
    return figure


def _fill(axes: Axes, plot: Plot) -> None:
    if plot.log:
        axes.set_xscale("log")
        axes.minorticks_off()
    for mark in plot.marks:
        _place(axes, mark, clip=True)
    for mark in plot.notes:
        _place(axes, mark, clip=False)
    axes.set(xlim=plot.x_limits, ylim=plot.y_limits, facecolor=plot.paper or "none")
    anchor = {0.0: "center", 90.0: "right"}.get(plot.x_angle, "right")
    turned: dict[str, Any] = {"rotation": plot.x_angle, "ha": anchor, "rotation_mode": "anchor"}
    turned["va"] = "center" if plot.x_angle == 90 else "top"
    for set_ticks, ticks, style in ((axes.set_xticks, plot.x_ticks, turned), (axes.set_yticks, plot.y_ticks, {})):
        set_ticks([at for at, _ in ticks], [text for _, text in ticks], parse_math=False, **style)
    axes.tick_params(labelsize=plot.tick_size, length=2.5, pad=2)
    axes.set_xlabel(plot.x_label, fontsize=plot.label_size, parse_math=False)
    axes.set_ylabel(plot.y_label, fontsize=plot.label_size, parse_math=False)
    where = {"l": "left", "m": "center"}[plot.title_anchor]
    axes.set_title(plot.title, fontsize=7, pad=3, loc=where, color=plot.title_colour, parse_math=False)  # type: ignore[arg-type]
    for letter, side in (("l", "left"), ("r", "right"), ("t", "top"), ("b", "bottom")):
        axes.spines[side].set_visible(letter in plot.frame)


def _place(axes: Axes, mark: Any, *, clip: bool) -> None:
    from matplotlib.patheffects import withStroke

    if isinstance(mark, Line):
        style: Any = (0, tuple(part / mark.width for part in mark.dash)) if mark.dash else "-"
        axes.plot(mark.x, mark.y, color=mark.colour, lw=mark.width, ls=style, alpha=mark.opacity, clip_on=clip)
    elif isinstance(mark, Area):
        known = np.isfinite(mark.y)
        edge = {"edgecolor": mark.edge, "linewidth": mark.width} if mark.width else {"linewidth": 0.0}
        face: dict[str, Any] = {"facecolor": mark.colour or "none", "alpha": mark.opacity, "clip_on": clip}
        axes.fill(np.asarray(mark.x)[known], np.asarray(mark.y)[known], **face, **edge)
    elif isinstance(mark, Points):
        outline: Any = "x" if mark.shape == "x" else np.vstack([SIGNS[mark.shape], SIGNS[mark.shape][:1]]) * (1, -1)
        style = {"markeredgecolor": mark.edge or mark.colour, "markeredgewidth": mark.width if mark.edge else 0.8}
        style |= {"markerfacecolor": mark.colour or "none", "markersize": mark.size, "clip_on": clip}
        axes.plot(mark.x, mark.y, ls="none", marker=outline, **style)
    elif isinstance(mark, Picture):
        (left, right), (top, foot) = np.asarray(mark.x), np.asarray(mark.y)
        way = "antialiased" if mark.smooth else "nearest"
        extent = (left, right, foot, top)
        axes.imshow(mark.levels, "gray", vmin=0, vmax=255, extent=extent, interpolation=way, aspect="auto")
    else:
        made = axes.annotate(
            mark.text, (mark.x, mark.y), (mark.dx, -mark.dy), textcoords="offset points", fontsize=mark.size,
            color=mark.colour, rotation=mark.angle, rotation_mode="anchor", ha=_ACROSS[mark.anchor[0]],
            va=_UP[mark.anchor[1]], parse_math=False, weight="bold" if mark.bold else "normal", annotation_clip=clip,
        )  # fmt: skip
        if mark.halo:
            made.set_path_effects([withStroke(linewidth=2 * mark.halo, foreground="white")])
