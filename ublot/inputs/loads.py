"""Loading controls from a table, refused where a dilution series shows that they are not proportional to the load."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.io.tables import number, read_table
from ublot.option_words import told

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

__all__ = ["Proportionality", "check_proportional", "loads_from_file", "proportionality"]

FEWEST_POINTS = 4  # points of a dilution series that can show a line and its scatter


@dataclass(frozen=True)
class Proportionality:
    """A straight line through a dilution series.

    Attributes
    ----------
    slope, intercept : float
    low, high : float
        95 % interval of the intercept.
    proportional : bool
        The interval holds 0, and the line rises.
    """

    slope: float
    intercept: float
    low: float
    high: float
    proportional: bool


def proportionality(amounts: ArrayLike, signals: ArrayLike) -> Proportionality:
    """Fit signal against amount, with an intercept.

    A control that saturates, or that sits on a background, keeps a signal where nothing was loaded: an intercept.
    Dividing by such a signal makes a difference in load of its own.

    Parameters
    ----------
    amounts : array-like, shape (n,)
        Known relative amounts.
    signals : array-like, shape (n,)

    Raises
    ------
    BlotError
        Fewer than four points, or of fewer than three amounts.
    """
    x, y = np.asarray(amounts, np.float64), np.asarray(signals, np.float64)
    if len(x) < FEWEST_POINTS or len(np.unique(x)) < 3:
        fix = f"give at least {FEWEST_POINTS} points at 3 amounts or more"
        raise BlotError(f"a dilution series of {len(x)} points cannot show proportionality", "dilution series", fix)
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    intercept = float(y.mean() - slope * x.mean())
    freedom = len(x) - 2
    variance = float(np.sum((y - intercept - slope * x) ** 2)) / freedom
    error = math.sqrt(variance * (1 / len(x) + x.mean() ** 2 / float(centred @ centred)))
    from scipy import special  # here: it takes long to import, and few blots have such a series

    reach = float(special.stdtrit(freedom, 0.975)) * error
    # An exact line leaves rounding errors only.
    reach = max(reach, 1e-9 * float(np.abs(y).max()))
    low, high = intercept - reach, intercept + reach
    return Proportionality(slope, intercept, low, high, slope > 0 and low <= 0 <= high)


def check_proportional(amounts: ArrayLike, signals: ArrayLike, where: str) -> Proportionality:
    """Refuse a loading control whose dilution series is not proportional.

    Raises
    ------
    BlotError
        With the intercept and its interval.
    """
    found = proportionality(amounts, signals)
    if not found.proportional:
        what = (
            f"the loading control is not proportional to the amount loaded: its dilution series meets 0 at "
            f"{found.intercept:.3g} (95 % interval {found.low:.3g} to {found.high:.3g})"
            if found.slope > 0
            else "the loading control does not rise with the amount loaded"
        )
        fix = told("load less or expose shorter, use another control, or leave out {normalise}")
        raise BlotError(what, where, fix)
    return found


def loads_from_file(path: str | Path) -> list[tuple[float, float]]:
    """Lane and load from a table with the columns ``lane,load``, and a dilution series where it has ``dilution``.

    A row with a ``dilution`` (relative amount, as pipetted) is a point of the series: its ``load`` is the control's
    signal there. Such a row may leave ``lane`` empty; with a lane it gives that lane's load as well. A lane whose
    ``load`` is empty has none: it cannot be scored by loads.

    Raises
    ------
    BlotError
        A column is missing, a cell is no number, or the series is not proportional: the control may not be used then.
    """
    table = read_table(path, "normalise table")
    for column in ("lane", "load"):
        if column not in table.columns:
            fix = f"it needs the columns lane and load; it has: {', '.join(table.columns)}"
            raise BlotError(f"column {column!r} is missing", table.name, fix)
    pairs, series = [], []
    for index, cells in table.rows:
        values = {}
        for column in ("lane", "load", "dilution"):
            text = cells.get(column, "")
            if not text and (column != "lane" or cells.get("dilution")):
                continue
            try:
                values[column] = number(text, decimal_comma=table.decimal_comma)
            except ValueError:
                where = f"{table.name}, row {index}, column {column}"
                raise BlotError(f"{text!r} is not a number", where, "write a plain number") from None
        if "load" not in values:
            continue
        if "lane" in values:
            pairs.append((values["lane"], values["load"]))
        if "dilution" in values:
            series.append((values["dilution"], values["load"]))
    if series:
        check_proportional([x for x, _ in series], [y for _, y in series], table.name)
    return pairs
