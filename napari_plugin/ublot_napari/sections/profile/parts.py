"""The profile plot's pyqtgraph items, apart from what is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg

from ublot_napari.widgets.plot_style import empty_plot, tinted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ProfileParts", "make_parts"]

TIP = (
    "Drag the upright line, or press Left and Right (Shift: ten rows), to move the boundary between unmodified and "
    "ubiquitinated; the wheel zooms, a double-click shows all again"
)


@dataclass(frozen=True, eq=False)
class ProfileParts:
    """Plot, curves and regions by name, the boundary to drag, and the line that marks a row."""

    plot: Any
    curves: Mapping[str, Any]
    regions: Mapping[str, Any]
    boundary: Any
    marker: Any

    def add_number(self, colour: str) -> Any:
        """One more number for a rung."""
        number = pg.TextItem(anchor=(0.5, 1.0), color=colour)
        number.setZValue(10)
        self.plot.addItem(number, ignoreBounds=True)
        return number


def make_parts(regions: Mapping[str, str], curves: Sequence[str]) -> ProfileParts:
    """Make an empty plot.

    Parameters
    ----------
    regions : mapping of str to str
        Colour of each.
    curves : sequence of str
        Names, from back to front.
    """
    plot = empty_plot("Densitometry of one lane", TIP)
    plot.getAxis("left").setStyle(showValues=False)
    plot.setLabel("left", "signal × px")
    parts = ProfileParts(
        plot,
        {name: pg.PlotCurveItem() for name in curves},
        {name: _region(regions[name]) for name in regions},
        pg.InfiniteLine(angle=90, movable=True),
        pg.InfiniteLine(angle=90, movable=False),
    )
    for region in parts.regions.values():
        plot.addItem(region, ignoreBounds=True)
    # An area, so that it is told from the lines without their colours.
    parts.curves["smear"].setFillLevel(0.0)
    for z, curve in enumerate(parts.curves.values()):
        curve.setZValue(z)
        plot.addItem(curve)
    for z, line in ((15, parts.marker), (20, parts.boundary)):
        line.setZValue(z)
        plot.addItem(line, ignoreBounds=True)
    for item in (*parts.regions.values(), parts.marker, parts.boundary):
        item.hide()
    parts.boundary.setToolTip("Drag: where U ends and H begins")
    return parts


def _region(colour: str) -> Any:
    region = pg.LinearRegionItem(movable=False, brush=tinted(colour, 38), pen=pg.mkPen(None))
    region.setZValue(-20)
    return region
