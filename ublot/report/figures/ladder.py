"""The figure of the ladder: how much of each lane's signal carries how many modifiers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.report.figures.plot import Drawing, Line, Picture, Plot, Text, nice_ticks, wide
from ublot.report.figures.style import VERMILLION, lanes_without_target
from ublot.wording.labels import lane_labels, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["ladder_figure", "shares_by_number"]

MOST = 20  # modifiers on their own; more are taken together
SHOWN = 0.98  # of every lane's signal, that has a row of its own
INCH = 72  # points
BLUES = ("f7fbff", "deebf7", "c6dbef", "9ecae1", "6baed6", "4292c6", "2171b5", "08519c", "08306b")
"""ColorBrewer's scale of one hue, light to dark (Harrower and Brewer 2003, doi:10.1179/000870403235002042)."""
UNKNOWN = 229  # grey of a lane that has no share


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
) -> Drawing | None:
    """Heat map of lanes by number of modifiers; None where no lane has a ladder.

    Parameters
    ----------
    species : mapping of str to sequence
        Columns of ``species.csv``.
    rows : sequence of mapping
        As in ``lanes.csv``; lanes without target are left out.
    modifier : str
    """
    empty = lanes_without_target(rows)
    chosen = [(row, label) for row, label in zip(rows, lane_labels(rows), strict=True) if row["lane"] not in empty]
    lanes = [int(row["lane"]) for row, _ in chosen]
    table, numbers, open_end = shares_by_number(species, lanes)
    if not numbers or not np.isfinite(table).any():
        return None
    names = [f"{lane}  {shortened(label)}".rstrip() for lane, (_, label) in zip(lanes, chosen, strict=True)]
    below = min(max(wide(name, 7) for name in names), 1.9 * INCH) + 0.2 * INCH
    width = INCH * float(np.clip(0.36 * len(lanes) + 1.6, 4.0, 14.0))
    body = 0.16 * INCH * len(numbers)
    box = (0.75 * INCH, 0.3 * INCH, width - 1.75 * INCH, body)
    labels = [str(n) for n in numbers]
    if open_end:
        labels[-1] = f"≥ {labels[-1]}"
    step = 1 if len(numbers) <= 13 else 2
    kept = sorted({*range(0, len(numbers), step), len(numbers) - 1} - ({len(numbers) - 2} if step == 2 else set()))
    plot = Plot(
        box,
        (-0.5, len(lanes) - 0.5),
        (-0.5, len(numbers) - 0.5),
        x_ticks=[(float(i), name) for i, name in enumerate(names)],
        x_angle=90.0,
        y_ticks=[(float(i), labels[i]) for i in kept],
        y_label=f"apparent {modifier} equivalents",
        title="line: last rung that is resolved",
        title_anchor="l",
    )
    high = max(float(np.nanmax(table)), 1e-6)
    plot.marks.append(
        Picture(_blues(np.sqrt(np.clip(table[::-1] / high, 0, 1))), plot.x_limits, plot.y_limits[::-1], False)
    )
    for x, (row, _) in enumerate(chosen):
        resolved = number_or_nan(row.get("resolved_to_n"))
        if math.isfinite(resolved) and resolved >= 1:
            y = min(resolved - numbers[0], len(numbers) - 1) + 0.5
            plot.marks.append(Line([x - 0.5, x + 0.5], [y, y], VERMILLION, 1.6))
    return Drawing(width, 0.3 * INCH + body + below, [plot, *_scale(100 * high, width, body)])


def _blues(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Red, green and blue of values between 0 and 1; grey where there is none."""
    stops = np.array([[int(name[i : i + 2], 16) for i in (0, 2, 4)] for name in BLUES], float)
    at = np.nan_to_num(share) * (len(stops) - 1)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)], axis=-1)
    return np.where(np.isnan(share)[..., None], UNKNOWN, np.round(mixed)).astype(np.uint8)


def _scale(most: float, width: float, body: float) -> list[Plot]:
    """What the colours mean: a bar from none to `most` percent, its label at the right."""
    bar = Plot((width - 0.85 * INCH, 0.3 * INCH, 0.13 * INCH, body), (0, 1), (0, 1))
    bar.marks.append(Picture(_blues(np.linspace(1, 0, 256)[:, None]), (0, 1), (1, 0)))
    for value, text in nice_ticks(0, most, 6):
        bar.notes.append(Line([1, 1.25], [math.sqrt(value / most)] * 2, width=0.7))
        bar.notes.append(Text(1, math.sqrt(value / most), text, 6, anchor="lm", dx=4.5))
    bar.notes.append(Text(1, 0.5, "% of H + U (square-root scale)", 7, anchor="mt", angle=90, dx=24))
    return [bar]
