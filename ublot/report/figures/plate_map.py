"""The picture of a plate: every well in its place, as percent of the vehicle, with what was left out or stands off."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.report.figures.style import VERMILLION
from ublot.wording.labels import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plate_figure"]

Row = Mapping[str, Any]
PLATES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
MOST = 8  # plates that are drawn
WIDEST = 24  # wells of a row where nothing says where they stood


def plate_figure(wells: Sequence[Row]) -> Figure:
    """Draw the wells of all plates.

    Parameters
    ----------
    wells : sequence of mapping
        ``plate, well, compound, concentration_nM, role, percent_of_vehicle, excluded, standing_off``. Without places on
        the plate the wells stand by compound and dose.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    plates = list(dict.fromkeys(str(w["plate"]) for w in wells))[:MOST]
    laid = [_laid([w for w in wells if str(w["plate"]) == name]) for name in plates]
    rows, columns = (max(size[k] for _, size, _ in laid) for k in (0, 1))
    across = 1 if len(plates) == 1 else 2
    down = math.ceil(len(plates) / across)
    width = (0.34 * columns + 1.5) * across + 0.7
    scale = min(1.0, 13.0 / width)
    figure = Figure(
        figsize=(max(scale * width, 4.6), max(scale * (0.34 * rows + 1.0) * down, 1.9)), layout="constrained"
    )
    panels = figure.subplots(down, across, squeeze=False).ravel()
    calm = [float(w["percent_of_vehicle"]) for w in wells if not (w["excluded"] or w["standing_off"])]
    top = max([100.0, *(c for c in calm if math.isfinite(c))])
    shade = ScalarMappable(Normalize(min(0.0, *(c for c in [0.0, *calm] if math.isfinite(c))), top), "cividis")
    for axes, name, (places, size, labels) in zip(panels, plates, laid, strict=False):
        _draw(axes, name if len(plates) > 1 else "", places, size, labels, shade)
    for axes in panels[len(plates) :]:
        axes.set_axis_off()
    bar = figure.colorbar(shade, ax=list(panels[: len(plates)]), shrink=0.8, pad=0.02, extend="max")
    bar.set_label("percent of the vehicle", fontsize=7)
    bar.ax.tick_params(labelsize=6.5)
    return figure


def _laid(wells: Sequence[Row]) -> tuple[list[tuple[Row, int, int]], tuple[int, int], list[str]]:
    """Wells with row and column, the size of the plate, and names of its rows."""
    named = [_place(str(w["well"])) for w in wells]
    if all(n is not None for n in named) and len(set(named)) == len(named):
        places = [(w, *n) for w, n in zip(wells, named, strict=True) if n is not None]
        need = max(r for _, r, _ in places) + 1, max(c for _, _, c in places) + 1
        size = next(s for s in (*PLATES, need) if s[0] >= need[0] and s[1] >= need[1])
        return places, size, [_letters(r) for r in range(size[0])]
    lines: dict[str, list[Row]] = {}
    for w in wells:
        lines.setdefault(str(w["compound"]) or str(w["role"]), []).append(w)
    out: list[tuple[Row, int, int]] = []
    labels: list[str] = []
    for name, members in lines.items():
        members.sort(key=lambda w: float(w["concentration_nM"]) if math.isfinite(float(w["concentration_nM"])) else -1)
        for start in range(0, len(members), WIDEST):
            out += [(w, len(labels), c) for c, w in enumerate(members[start : start + WIDEST])]
            labels.append(shortened(name) if start == 0 else "")
    return out, (len(labels), max(c for _, _, c in out) + 1), labels


def _place(name: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([A-Za-z]{1,2})0*(\d{1,2})", name.strip())
    if not found:
        return None
    row = 0
    for letter in found[1].upper():
        row = 26 * row + ord(letter) - 64
    return row - 1, int(found[2]) - 1


def _letters(row: int) -> str:
    return chr(65 + row) if row < 26 else f"A{chr(39 + row)}"


def _draw(
    axes: Axes,
    name: str,
    places: Sequence[tuple[Row, int, int]],
    size: tuple[int, int],
    labels: Sequence[str],
    shade: Any,
) -> None:
    from matplotlib.patches import Rectangle

    on_plate = len(labels) == size[0] and labels[:1] == ["A"]
    for w, row, column in places:
        value = float(w["percent_of_vehicle"])
        colour = shade.to_rgba(value) if math.isfinite(value) else "0.9"
        axes.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=colour, edgecolor="none"))
        if w["excluded"]:
            for sign in (-1, 1):
                axes.plot(
                    [column - 0.4, column + 0.4], [row - 0.4 * sign, row + 0.4 * sign], color=VERMILLION, linewidth=1.4
                )
        elif w["standing_off"]:
            axes.add_patch(
                Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=VERMILLION, linewidth=2)
            )
        if w["role"]:
            dark = math.isfinite(value) and np.mean(shade.to_rgba(value)[:3]) < 0.5
            letter = {"vehicle": "V", "positive": "+", "negative": "−"}.get(str(w["role"]), "")
            axes.text(column, row, letter, ha="center", va="center", fontsize=6, color="white" if dark else "black")
    axes.set_xlim(-0.6, size[1] - 0.4)
    axes.set_ylim(size[0] - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_yticks(range(size[0]), labels, fontsize=6.5, parse_math=False)
    step = 1 if size[1] <= 24 else 2
    ticks = list(range(0, size[1], step)) if on_plate else []
    axes.set_xticks(ticks, [str(t + 1) for t in ticks], fontsize=6.5)
    if not on_plate:
        axes.set_xlabel("wells, by dose", fontsize=7)
    axes.tick_params(length=0)
    axes.set_title(name, fontsize=8, loc="left", parse_math=False)
    axes.spines[:].set_visible(False)
