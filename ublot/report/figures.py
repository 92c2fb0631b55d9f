"""Figures of one analysis: the blot with its lanes, the profiles, the scores.

They are matplotlib figures without a window (no pyplot, no global state), so that they can be drawn in any thread.
Colours are those of Okabe and Ito (2008), which readers with any colour vision can tell apart.
"""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.labels import lane_labels, number_or_nan
from ublot.report.scores import scores_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ublot.model import Blot, Lane, Window

__all__ = ["overlay_figure", "png_bytes", "profiles_figure", "scores_figure"]

DPI = 150
ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
REGIONS = {"W": PURPLE, "H": ORANGE, "U": BLUE}


def png_bytes(figure: Figure, dpi: int = DPI) -> bytes:
    """Figure as a PNG file."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a compound's name in any script
        figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


# ----------------------------------------------------------------------------------------------------- the overlay
def overlay_figure(analysis: Any) -> Figure:
    """Blot, dark on light, with its lanes, regions and masses.

    Parameters
    ----------
    analysis : Analysis
        ``blot`` (None draws the lanes alone), ``geometry``, ``ladders``, ``calibration`` and ``lanes`` are read.

    Returns
    -------
    Figure
        Axes count in the pixels of the whole rotated image.
    """
    from matplotlib.figure import Figure

    lanes, rows = analysis.geometry, analysis.lanes.to_dict("records")
    window = _shown(analysis)
    width = float(np.clip(0.42 * max(len(lanes), 1) + 2.0, 6.5, 14.0))
    refused = [_state(row) == "refused" for row in rows]
    refused += [False] * (len(lanes) - len(refused))
    names = _lane_names(lanes, rows, refused)
    room = (width - 0.9) / max(len(lanes), 1)  # inches per lane
    size = float(np.clip(17 * room, 5.0, 8.0))
    longest = max((len(name) for name in names), default=0) * 0.65 * size / 72
    upright = longest > 0.9 * room
    body = float(np.clip((width - 0.9) * window.height / max(window.width, 1), 2.5, 12.0))
    height = 0.5 + body + (longest if upright else 0.15) + 0.15
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.75 / width, 0.5 / height, 1 - 0.9 / width, body / height))
    note = _draw_blot(axes, analysis.blot, window)
    axes.set(xlim=(window.left - 0.5, window.right - 0.5), ylim=(window.bottom - 0.5, window.top - 0.5))
    axes.set_aspect("equal", anchor="S")
    _draw_lanes(axes, analysis, lanes, window, refused)
    for lane, name, bad in zip(lanes, names, refused, strict=False):
        axes.annotate(
            name, (float(lane.centre(window.top)), window.top - 0.5), (0, 3), textcoords="offset points",
            rotation=90 if upright else 0, ha="center", va="bottom", fontsize=size,
            color=VERMILLION if bad else "black", parse_math=False, annotation_clip=False,
        )  # fmt: skip
    _draw_masses(axes, analysis.calibration)
    axes.set_xlabel(note, fontsize=7)
    return figure


def _shown(analysis: Any) -> Window:
    """Window with a little around it, inside the image."""
    from ublot.model import Window

    window: Window = analysis.geometry.window
    if analysis.blot is None:
        return window
    rows, cols = analysis.blot.shape
    pad = round(0.02 * max(window.height, window.width))
    return Window(
        max(window.top - pad, 0),
        min(window.bottom + pad, rows),
        max(window.left - pad, 0),
        min(window.right + pad, cols),
    )


def _draw_blot(axes: Axes, blot: Blot | None, window: Window) -> str:
    """Show the pixels; return what the greys mean."""
    if blot is None:
        axes.set_facecolor("0.96")
        return "the image is not at hand: lanes only"
    picture: Any = blot.signal[window.slices]
    step = max(1, math.ceil(max(picture.shape) / 1600))
    if step > 1:
        import cv2

        # Area means: leaving out pixels would drop thin bands.
        size = (max(picture.shape[1] // step, 1), max(picture.shape[0] // step, 1))
        picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    known = picture[np.isfinite(picture)]
    low, high = (float(v) for v in np.percentile(known, (1, 99.7))) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    extent = (window.left - 0.5, window.right - 0.5, window.bottom - 0.5, window.top - 0.5)
    axes.imshow(picture, cmap="gray_r", vmin=low, vmax=high, extent=extent, interpolation="antialiased")
    return (
        f"shown dark on light, linear in signal from {low:.4g} (white) to {high:.4g} (black); "
        f"stored as {blot.polarity.replace('-', ' ')}, {blot.response} response"
    )


def _draw_lanes(axes: Axes, analysis: Any, lanes: Any, window: Window, refused: list[bool]) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    knots = np.linspace(window.top, window.bottom - 1, 40)
    for chosen, colour, hatch in ((False, GREEN, None), (True, VERMILLION, "////")):
        strips = [_strip(lane, knots) for lane, bad in zip(lanes, refused, strict=False) if bad is chosen]
        axes.add_collection(
            PolyCollection(strips, facecolors="none", edgecolors=colour, linewidths=0.9, hatch=hatch), autolim=False
        )
    by_number = {lane.number: lane for lane in lanes}
    drawn = set()
    for ladder in analysis.ladders:
        lane = by_number.get(ladder.lane)
        if lane is None:
            continue
        for name, top, bottom in _regions(ladder):
            bars = [_edge(lane, row) for row in (top, bottom)]
            axes.add_collection(LineCollection(bars, colors=REGIONS[name], linewidths=1.4), autolim=False)
            x = float(lane.centre(0.5 * (top + bottom))) + 0.5 * lane.width
            if name not in drawn:
                axes.text(
                    x + 2, 0.5 * (top + bottom), name, color=REGIONS[name], fontsize=8, weight="bold", va="center",
                    clip_on=True,
                )  # fmt: skip
                drawn.add(name)


def _strip(lane: Lane, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outline of a lane, closed, as (x, y)."""
    centre, half = lane.centre(rows), 0.5 * lane.width
    left, right = np.column_stack([centre - half, rows]), np.column_stack([centre + half, rows])
    return np.concatenate([left, right[::-1]])


def _edge(lane: Lane, row: float) -> list[tuple[float, float]]:
    x = float(lane.centre(row))
    return [(x - 0.5 * lane.width, row), (x + 0.5 * lane.width, row)]


def _lane_names(lanes: Any, rows: list[dict[str, Any]], refused: list[bool]) -> list[str]:
    labels = lane_labels(rows)
    labels += [""] * (len(lanes) - len(labels))
    return [
        f"{lane.number}  {label}" + (" – refused" if bad else "")
        for lane, label, bad in zip(lanes, labels, refused, strict=False)
    ]


def _draw_masses(axes: Axes, calibration: Any) -> None:
    axes.set_xticks([])
    if calibration is None:
        axes.set_ylabel("row (px), no mass calibration", fontsize=8)
        axes.tick_params(labelsize=7)
        return
    axes.set_yticks(calibration.rows, [f"{mass:.3g}" for mass in calibration.masses], fontsize=8)
    axes.set_ylabel("kDa" if calibration.kind != "rungs" else "kDa, from the ladder's own rungs", fontsize=8)


# ---------------------------------------------------------------------------------------------------- the profiles
def profiles_figure(analysis: Any) -> Figure:
    """One small panel per lane: raw densitometry, background, fit and regions.

    Parameters
    ----------
    analysis : Analysis
        ``profile_list``, ``ladders``, ``calibration`` and ``lanes`` are read.

    Returns
    -------
    Figure
        Wells at the left; each panel has its own vertical scale.
    """
    from matplotlib.figure import Figure

    profiles = analysis.profile_list
    columns = 3 if len(profiles) <= 6 else 4 if len(profiles) <= 16 else 6
    lines = max(1, math.ceil(len(profiles) / columns))
    width, height = 2.3 * columns + 0.5, 1.45 * lines + 0.8
    figure = Figure(figsize=(width, height))
    # Margins in inches by hand: automatic layout takes longer than all the drawing.
    figure.subplots_adjust(0.3 / width, 0.5 / height, 1 - 0.1 / width, 1 - 0.42 / height, wspace=0.06, hspace=0.22)
    if not profiles:
        figure.text(0.5, 0.5, "no lanes", ha="center")
        return figure
    ladders = {ladder.lane: ladder for ladder in analysis.ladders}
    rows = analysis.lanes.to_dict("records")
    names = dict(zip((int(row["lane"]) for row in rows), lane_labels(rows), strict=True))
    states = {int(row["lane"]): _state(row) for row in rows}
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    ticks = _mass_ticks(analysis.calibration, profiles)
    for axes, profile in zip(panels, profiles, strict=False):
        _draw_profile(axes, profile, ladders.get(profile.lane))
        _title(axes, profile.lane, names.get(profile.lane, ""), states.get(profile.lane, ""))
        axes.yaxis.set_visible(False)
        axes.tick_params(labelsize=6, length=2)
    if ticks is not None:
        panels[0].set_xticks(ticks[0], ticks[1])  # shared by all
    for axes in panels[len(profiles) :]:
        axes.set_axis_off()
    below = panels[max(0, len(profiles) - columns) : len(profiles)]
    for axes in below:
        axes.tick_params(labelbottom=True)
    figure.supxlabel("kDa (wells at the left)" if ticks else "row, px (wells at the left)", fontsize=8, y=0.06 / height)
    figure.supylabel("signal, each lane on its own scale", fontsize=8, x=0.06 / width)
    figure.legend(handles=_profile_key(profiles, ladders), loc="upper center", ncols=6, fontsize=7, frameon=False)
    return figure


def _draw_profile(axes: Axes, profile: Any, ladder: Any) -> None:
    rows = profile.rows
    axes.plot(rows, profile.raw, color="black", linewidth=0.8)
    axes.plot(rows, profile.background, color=VERMILLION, linewidth=0.8, linestyle="--")
    if ladder is not None:
        for name, top, bottom in _regions(ladder):
            inside = (rows >= top - 0.5) & (rows <= bottom + 0.5)
            axes.fill_between(
                rows, profile.background, profile.raw, where=inside, color=REGIONS[name], alpha=0.45, linewidth=0
            )
        if ladder.fit is not None:
            axes.plot(rows, np.asarray(ladder.fit) + profile.background, color=GREEN, linewidth=0.8)
    low, high = float(np.nanmin(profile.background)), float(np.nanmax(profile.raw))
    pad = 0.06 * max(high - low, 1e-12)
    axes.set(xlim=(rows[0], rows[-1]), ylim=(min(low, float(np.nanmin(profile.raw))) - pad, high + pad))


def _title(axes: Axes, lane: int, name: str, state: str) -> None:
    text = f"{lane}  {name}" if len(name) <= 24 else f"{lane}  {name[:23]}…"
    bad = state == "refused"
    text += f" – {state}" if state else ""
    axes.set_title(text, fontsize=7, pad=2, color=VERMILLION if bad else "black", parse_math=False)
    if bad:
        axes.set_facecolor("#FBEEE6")


def _mass_ticks(calibration: Any, profiles: Any) -> tuple[list[float], list[str]] | None:
    """Rows and names of round masses, far enough apart to be read."""
    if calibration is None:
        return None
    from ublot.calibration import row_at

    first, last = profiles[0].rows[0], profiles[0].rows[-1]
    rows: list[float] = []
    names: list[str] = []
    for mass in (500, 250, 150, 100, 75, 50, 37, 25, 15, 10):
        row = float(row_at(calibration, mass))
        if first <= row <= last and (not rows or row - rows[-1] > 0.11 * (last - first)):
            rows.append(row)
            names.append(str(mass))
    return (rows, names) if rows else None


def _profile_key(profiles: Any, ladders: dict[int, Any]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    key: list[Any] = [
        Line2D([], [], color="black", linewidth=1, label="raw"),
        Line2D([], [], color=VERMILLION, linewidth=1, linestyle="--", label="background"),
    ]
    if any(ladder.fit is not None for ladder in ladders.values()):
        key.append(Line2D([], [], color=GREEN, linewidth=1, label="fit"))
    present = {name for ladder in ladders.values() for name, _, _ in _regions(ladder)}
    words = {"U": "U, unmodified", "H": "H, ubiquitinated", "W": "W, well"}
    return key + [Patch(color=REGIONS[n], alpha=0.45, label=words[n]) for n in "UHW" if n in present]


# --------------------------------------------------------------------------------------------------------- shared
def _regions(ladder: Any) -> list[tuple[str, float, float]]:
    """Name, upper and lower row of the regions that a lane has."""
    well, top = number_or_nan(ladder.well_row), number_or_nan(ladder.top_row)
    cut, low = number_or_nan(ladder.boundary_row), number_or_nan(ladder.low_row)
    spans = [("W", top, well), ("H", well, cut), ("U", cut, low)]
    return [(name, upper, lower) for name, upper, lower in spans if lower > upper]


def _state(row: dict[str, Any]) -> str:
    """``""``, ``"refused"`` or ``"no signal"``: why a lane that reacted has no score."""
    from ublot.report.scores import lane_state

    return lane_state(row)
