"""What the figures share: colours, and where the regions of a lane lie.

The colours are those of Okabe and Ito (2008), which readers with any colour vision can tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ublot.io.cells import number_or_nan
from ublot.wording.words import lacking, region_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BLUE",
    "GREEN",
    "PALETTE",
    "REGION_COLOURS",
    "SERIES",
    "VERMILLION",
    "is_known",
    "lane_regions",
    "lanes_without_target",
    "regions_of",
]

ORANGE, GREEN, BLUE, VERMILLION, PURPLE = "#E69F00", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
SKY, BLACK = "#56B4E9", "#000000"
PALETTE = (ORANGE, GREEN, BLUE, VERMILLION, PURPLE, SKY, "#FBEEE6")
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Colours of compounds side by side."""
REGION_COLOURS = {"W": PURPLE, "H": ORANGE, "U": BLUE}


def lane_regions(ladder: Any) -> list[tuple[str, float, float]]:
    """Name, upper and lower row of the regions that a lane has."""
    well, top = number_or_nan(ladder.well_row), number_or_nan(ladder.top_row)
    cut, low = number_or_nan(ladder.boundary_row), number_or_nan(ladder.low_row)
    spans = [("W", top, well), ("H", well, cut), ("U", cut, low)]
    return [(name, upper, lower) for name, upper, lower in spans if lower > upper]


def lanes_without_target(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Lanes in which U and H would name what is not there: markers, blanks, ignored ones."""
    return {int(row["lane"]) for row in rows if row.get("role") in ("marker", "blank", "ignore")}


def is_known(analysis: Any, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether layout, masses and target say that what stands above the main band is modified target."""
    return not lacking(rows, "", layout=getattr(analysis, "layout", None) is not None)


def regions_of(analysis: Any, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the regions are called in the key of a figure."""
    return region_words(known=is_known(analysis, rows))
