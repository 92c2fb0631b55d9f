"""The figure of the time courses: the modified fraction over time, one line for each condition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.report.figures.dose_response import MARKERS
from ublot.report.figures.style import SERIES
from ublot.wording.labels import dose_text, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ublot.statistics.reactions import Reaction

__all__ = ["time_figure"]

Row = Mapping[str, Any]
QUANTITY = "hmw_fraction"
VEHICLE = "#777777"


def time_figure(reactions: Sequence[Reaction], courses: Sequence[Row], label: str) -> Figure | None:
    """One pair of axes for each group; None without a time course of the fraction.

    Parameters
    ----------
    reactions : sequence of Reaction
        Of all blots.
    courses : sequence of mapping
        As in ``time_courses.csv``.
    label : str
        Of the vertical axis.
    """
    from matplotlib.figure import Figure

    wanted = [row for row in courses if row["quantity"] == QUANTITY]
    groups = list(dict.fromkeys(str(row["group"] or "") for row in wanted))
    if not wanted:
        return None
    figure = Figure(figsize=(5.2 if len(groups) == 1 else 3.6 * len(groups) + 0.4, 3.6), layout="constrained")
    blots = list(dict.fromkeys(r.blot for r in reactions))
    panels = figure.subplots(1, len(groups), squeeze=False, sharey=True).ravel()
    for axes, group in zip(panels, groups, strict=True):
        colours = iter(SERIES * 4)
        for row in wanted:
            if str(row["group"] or "") == group:
                members = [r for r in reactions if _belongs(r, row)]
                is_vehicle = any(r.role == "vehicle" for r in members)
                _draw(axes, row, members, VEHICLE if is_vehicle else next(colours), blots)
        axes.set_xlabel("min", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        legend = axes.legend(
            fontsize=6.5, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 1.0), title=group or None, ncols=2
        )
        for text in (*legend.get_texts(), legend.get_title()):
            text.set_parse_math(False)
    panels[0].set_ylabel(label, fontsize=8, parse_math=False)
    return figure


def _belongs(r: Reaction, row: Row) -> bool:
    if r.group != str(row["group"] or "") or not math.isfinite(r.time_min):
        return False
    if not math.isfinite(r.values.get(QUANTITY, math.nan)) or r.role == "negative":
        return False
    dose = number_or_nan(row["concentration_nM"])
    same_dose = r.concentration_nM == dose or (math.isnan(dose) and math.isnan(r.concentration_nM))
    return r.compound.casefold() == str(row["compound"] or "").casefold() and (same_dose or r.role == "vehicle")


def _draw(axes: Axes, row: Row, members: Sequence[Reaction], colour: str, blots: Sequence[str]) -> None:
    times = np.unique([r.time_min for r in members])
    for r in members:
        marker = MARKERS[blots.index(r.blot) % len(MARKERS)]
        axes.plot(r.time_min, r.values[QUANTITY], marker=marker, color=colour, markersize=3.6, linestyle="none")
    # "DMSO 0 nM" says nothing more than DMSO.
    dose = dose_text(row["concentration_nM"]) if number_or_nan(row["concentration_nM"]) > 0 else ""
    label = f"{shortened(str(row['compound'] or 'vehicle'))} {dose}".strip()
    rate, plateau, constant = (
        number_or_nan(row[name]) for name in ("initial_rate_per_min", "plateau", "rate_constant_per_min")
    )
    if row["model"] == "exponential" and math.isfinite(plateau) and constant > 0:
        x = np.linspace(times.min(), times.max(), 120)
        begin = plateau - rate / constant
        y = begin + (plateau - begin) * -np.expm1(-constant * (x - times.min()))
    else:
        x = times
        y = np.array([np.mean([r.values[QUANTITY] for r in members if r.time_min == t]) for t in times])
    axes.plot(x, y, color=colour, linewidth=1.3, label=label)
