"""The figure of the ladder: how much of each lane's signal carries how many modifiers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.tables import number_or_nan
from ublot.report.figures.style import VERMILLION, lanes_without_target
from ublot.wording.labels import lane_labels, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["ladder_figure", "shares_by_number"]

MOST = 20  # modifiers on their own; more are taken together
SHOWN = 0.98  # of every lane's signal, that has a row of its own


def shares_by_number(
    species: Mapping[str, Sequence[Any]], lanes: Sequence[int]
) -> tuple[NDArray[np.float64], list[int], bool]:
    """Share of ``H + U`` by number of modifiers.

    Parameters
    ----------
    species : mapping of str to sequence
        Columns of ``species.csv``.
    lanes : sequence of int
        In their order.

    Returns
    -------
    shares : ndarray, shape (numbers, lanes)
        NaN where a lane has none.
    numbers : list of int
        Modifiers of each row, fewest first.
    open_end : bool
        The last row holds all from its number on.
    """
    numbers = sorted({int(n) for n, lane in zip(species["n"], species["lane"], strict=True) if lane in lanes})
    if not numbers:
        return np.zeros((0, len(lanes))), [], False
    table = np.full((numbers[-1] + 1 - numbers[0], len(lanes)), np.nan)
    column = {lane: i for i, lane in enumerate(lanes)}
    for lane, n, share in zip(species["lane"], species["n"], species["share"], strict=True):
        if lane in column and math.isfinite(share):
            at = int(n) - numbers[0], column[lane]
            table[at] = (0.0 if math.isnan(table[at]) else table[at]) + share
    known = np.nan_to_num(table)
    total = known.sum(axis=0)
    covered = np.cumsum(known, axis=0)[:, total > 0] / total[total > 0]
    enough = int((covered < SHOWN).any(axis=1).sum()) + 1 if covered.size else 1
    last = min(max(enough, 4), MOST, len(table))
    if last < len(table):
        rest = known[last:].sum(axis=0)
        table = np.vstack([table[:last], np.where(np.isnan(table[0]) & (rest == 0), np.nan, rest)])
    first = numbers[0]
    return table, [first + i for i in range(len(table))], last < len(known)


def ladder_figure(
    species: Mapping[str, Sequence[Any]], rows: Sequence[Mapping[str, Any]], modifier: str = "ubiquitin"
) -> Figure | None:
    """Heat map of lanes by number of modifiers; None where no lane has a ladder.

    Parameters
    ----------
    species : mapping of str to sequence
        Columns of ``species.csv``.
    rows : sequence of mapping
        As in ``lanes.csv``; lanes without target are left out.
    modifier : str
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    empty = lanes_without_target(rows)
    chosen = [(row, label) for row, label in zip(rows, lane_labels(rows), strict=True) if row["lane"] not in empty]
    lanes = [int(row["lane"]) for row, _ in chosen]
    table, numbers, open_end = shares_by_number(species, lanes)
    if not numbers or not np.isfinite(table).any():
        return None
    names = [f"{lane}  {shortened(label)}".rstrip() for lane, (_, label) in zip(lanes, chosen, strict=True)]
    longest = max(len(name) for name in names)
    below = 0.5 + min(0.055 * longest, 1.9)
    width = float(np.clip(0.36 * len(lanes) + 1.6, 4.0, 14.0))
    height = 0.16 * len(numbers) + 0.35 + below
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.75 / width, below / height, 1 - 1.75 / width, 1 - (below + 0.3) / height))
    axes.set_facecolor("0.9")
    high = max(float(np.nanmax(table)), 1e-6)
    mesh = axes.pcolormesh(
        np.arange(len(lanes) + 1) - 0.5, np.arange(len(numbers) + 1) - 0.5, np.ma.masked_invalid(100 * table),
        norm=PowerNorm(0.5, 0, 100 * high, clip=True), cmap="Blues",
    )  # fmt: skip
    for x, (row, _) in enumerate(chosen):
        resolved = number_or_nan(row.get("resolved_to_n"))
        if math.isfinite(resolved) and resolved >= 1:
            y = min(resolved - numbers[0], len(numbers) - 1) + 0.5
            axes.hlines(y, x - 0.5, x + 0.5, color=VERMILLION, linewidth=1.6)
    labels = [str(n) for n in numbers]
    if open_end:
        labels[-1] = f"≥ {labels[-1]}"
    step = 1 if len(numbers) <= 13 else 2
    kept = sorted({*range(0, len(numbers), step), len(numbers) - 1} - ({len(numbers) - 2} if step == 2 else set()))
    axes.set_yticks(kept, [labels[i] for i in kept], fontsize=7)
    axes.set_xticks(range(len(lanes)), names, fontsize=7, rotation=90, parse_math=False)
    axes.set_ylabel(f"apparent {modifier} equivalents", fontsize=8, parse_math=False)
    axes.set_title("line: last rung that is resolved", fontsize=7, loc="left")
    side = figure.add_axes((1 - 0.85 / width, below / height, 0.13 / width, 1 - (below + 0.3) / height))
    bar = figure.colorbar(mesh, cax=side)
    bar.set_label("% of H + U (square-root scale)", fontsize=7)
    bar.ax.tick_params(labelsize=6)
    return figure
