"""One value of one well, as readers of all kinds give it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SIGNAL", "Reading"]

SIGNAL = "signal"
"""Name of a measurement that has none."""


@dataclass(frozen=True)
class Reading:
    """One value of one well.

    Attributes
    ----------
    plate, well : str
    measurement : str
        Its kind and wavelength, or the title of its grid.
    time_min : float
        NaN for an end point.
    value : str
        As in the file.
    """

    plate: str
    well: str
    measurement: str
    time_min: float
    value: str
