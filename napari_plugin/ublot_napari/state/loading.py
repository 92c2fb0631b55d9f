"""A loading control for the blot that is open: from another picture of its membrane, or a strip of the same; no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot import BlotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ublot import Analysis

__all__ = ["Loads", "loads_beside"]


@dataclass(frozen=True)
class Loads:
    """Relative amounts loaded.

    Attributes
    ----------
    pairs : tuple of (int, float)
        Lane and load of those that could be measured.
    words : str
        What was found, in a line.
    """

    pairs: tuple[tuple[int, float], ...]
    words: str


def loads_beside(
    analysis: Analysis, image: Any, name: str, control: str, progress: Callable[[str, float], None], **reading: Any
) -> Loads:
    """Measure a loading control on the lanes of an analysis.

    Parameters
    ----------
    analysis : Analysis
        Of the blot: its lanes and its layout are taken.
    image : path, Blot or ndarray
        The control.
    name : str
        What it is called.
    control : {"band", "total"}
        The strongest band that the lanes share, or all signal.
    progress : callable
    **reading
        How it is read: ``channel``, ``roi`` and the like.

    Raises
    ------
    BlotError
        The lanes do not show on it, or nothing can be measured there.
    """
    from ublot.pipeline.loading_control import measure_loading

    progress("measuring the loading control", 0.3)
    columns = measure_loading(image, like=analysis, control="total" if control == "total" else "band", **reading)
    found = [(lane, load) for lane, load in zip(columns["lane"], columns["load"], strict=True) if math.isfinite(load)]
    loads = [load for _, load in found]
    flagged = {
        flag
        for lane, flags in zip(columns["lane"], columns["flags"], strict=True)
        for flag in flags.split(";")
        if flag in ("saturated", "saturated_heavily")
    }
    if not loads:
        raise BlotError("no lane's control can be quantified", name, "look at that picture: is it saturated?")
    words = f"Loading control of {name}: {len(found)} lanes, loads from {min(loads):.2f} to {max(loads):.2f}"
    moved = columns.get("moved_px", [0.0])[0]
    shifted = f", {abs(moved):g} px to the {'right' if moved > 0 else 'left'} of the blot's lanes" if moved else ""
    burnt = ". Some of its pixels are at the detector's ceiling" if flagged else ""
    return Loads(tuple(found), f"{words}{shifted}{burnt}.")
