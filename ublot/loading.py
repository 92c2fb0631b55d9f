"""Whether a loading control may be divided by: its signal must be proportional to what was loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ublot.errors import BlotError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Proportionality", "check_proportional", "proportionality"]

FEWEST = 4  # points of a dilution series that can show a line and its scatter


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
    if len(x) < FEWEST or len(np.unique(x)) < 3:
        fix = f"give at least {FEWEST} points at 3 amounts or more"
        raise BlotError(f"a dilution series of {len(x)} points cannot show proportionality", "dilution series", fix)
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    intercept = float(y.mean() - slope * x.mean())
    freedom = len(x) - 2
    variance = float(np.sum((y - intercept - slope * x) ** 2)) / freedom
    error = math.sqrt(variance * (1 / len(x) + x.mean() ** 2 / float(centred @ centred)))
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
        fix = "load less or expose shorter, use another control, or leave out --normalise"
        raise BlotError(what, where, fix)
    return found
