"""The figure of the profiles: one small panel per lane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.style import GREEN, REGION_COLOURS, VERMILLION, lane_regions, lanes_without_target
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["profiles_figure"]

ROOM = 1.3  # of the smear's height: above it a band is cut off, and its height written
TALL = 1.6  # times the smear, from where on a band would press it flat


def profiles_figure(analysis: Any) -> Figure:
    """One small panel per lane: raw densitometry, background, fit and regions.

    Parameters
    ----------
    analysis : Analysis
        ``profile_list``, ``ladders``, ``calibration`` and ``lanes`` are read.

    Returns
    -------
    Figure
        Wells at the left. Each panel has its own vertical scale, made for the smear: where a band is much taller it is
        cut off and its height written there.
    """
    from matplotlib.figure import Figure

    profiles = analysis.profile_list
    columns = 3 if len(profiles) <= 6 else 4 if len(profiles) <= 16 else 6
    lines = max(1, math.ceil(len(profiles) / columns))
    width, height = 2.4 * columns + 0.5, 1.45 * lines + 0.8
    figure = Figure(figsize=(width, height))
    # Margins in inches by hand: automatic layout takes longer than all the drawing.
    figure.subplots_adjust(0.66 / width, 0.5 / height, 1 - 0.1 / width, 1 - 0.42 / height, wspace=0.24, hspace=0.24)
    if not profiles:
        figure.text(0.5, 0.5, "no lanes", ha="center")
        return figure
    rows = analysis.lanes.to_dict("records")
    empty = lanes_without_target(rows)
    ladders = {ladder.lane: ladder for ladder in analysis.ladders if ladder.lane not in empty}
    names = dict(zip((int(row["lane"]) for row in rows), lane_labels(rows), strict=True))
    states = {int(row["lane"]): lane_state(row) for row in rows}
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    ticks = _mass_ticks(analysis.calibration, profiles)
    for axes, profile in zip(panels, profiles, strict=False):
        _draw_profile(axes, profile, ladders.get(profile.lane))
        _title(axes, profile.lane, names.get(profile.lane, ""), states.get(profile.lane, ""))
        axes.tick_params(labelsize=6, length=2, pad=1.5)
    if ticks is not None:
        panels[0].set_xticks(ticks[0], ticks[1])  # shared by all
    for axes in panels[len(profiles) :]:
        axes.set_axis_off()
    below = panels[max(0, len(profiles) - columns) : len(profiles)]
    for axes in below:
        axes.tick_params(labelbottom=True)
    figure.supxlabel("kDa (wells at the left)" if ticks else "row, px (wells at the left)", fontsize=8, y=0.06 / height)
    figure.supylabel("signal × px, each lane on its own scale", fontsize=8, x=0.06 / width)
    figure.legend(handles=_profile_key(profiles, ladders), loc="upper center", ncols=6, fontsize=7, frameon=False)
    return figure


def _draw_profile(axes: Axes, profile: Any, ladder: Any) -> None:
    rows = profile.rows
    axes.plot(rows, profile.raw, color="black", linewidth=0.8)
    axes.plot(rows, profile.background, color=VERMILLION, linewidth=0.8, linestyle="--")
    if ladder is not None:
        for name, top, bottom in lane_regions(ladder):
            inside = (rows >= top - 0.5) & (rows <= bottom + 0.5)
            axes.fill_between(
                rows, profile.background, profile.raw, where=inside, color=REGION_COLOURS[name], alpha=0.45, linewidth=0
            )
        if ladder.fit is not None:
            axes.plot(rows, np.asarray(ladder.fit) + profile.background, color=GREEN, linewidth=0.8)
    axes.set_xlim(rows[0], rows[-1])
    _fit_scale(axes, profile, ladder)


def _fit_scale(axes: Axes, profile: Any, ladder: Any) -> None:
    """Make the smear fill the panel; what is taller is cut off, and how tall it is gets said."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    rows, raw = profile.rows, profile.raw
    low = min(float(np.nanmin(profile.background)), float(np.nanmin(raw)))
    peak = float(np.nanmax(raw))
    high = peak
    if ladder is not None:
        smear = raw[(rows > ladder.well_row) & (rows < ladder.boundary_row)]
        # The lane's own noise keeps an empty smear from being blown up to nothing but noise.
        least = 12 * float(np.nanmedian(profile.noise)) if len(profile.noise) else 0.0
        above = max(float(np.nanmax(smear)) - low, least) if smear.size else 0.0
        if above > 0 and peak - low > TALL * above:
            high = low + ROOM * above
    pad = 0.06 * max(high - low, 1e-12)
    axes.set_ylim(low - pad, high + pad)
    short = EngFormatter(sep="")
    ticks = [tick for tick in MaxNLocator(3).tick_values(low, high) if low - pad <= tick <= high + pad]
    axes.set_yticks(ticks, [short(tick) for tick in ticks])
    if high < peak:
        at = float(rows[int(np.nanargmax(raw))])
        left = at > 0.5 * (rows[0] + rows[-1])
        axes.annotate(
            f"to {EngFormatter(places=0, sep='')(peak)}", (at, high), (-3 if left else 3, -1),
            ha="right" if left else "left", textcoords="offset points", va="center", fontsize=5.5, color="0.25",
        )  # fmt: skip


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
    from ublot.mass.scale import row_at

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
    present = {name for ladder in ladders.values() for name, _, _ in lane_regions(ladder)}
    words = {"U": "U, unmodified", "H": "H, ubiquitinated", "W": "W, well"}
    return key + [Patch(color=REGION_COLOURS[n], alpha=0.45, label=words[n]) for n in "UHW" if n in present]
