"""The mass scale: marker, target and the marker's bands; the third section of the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ublot_napari.sections.mass.marker_table import MarkerTable
from ublot_napari.widgets.form import ParamsForm, options_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MassScale"]

FIRST = ("marker", "target")


class MassScale(QWidget):
    """Options and bands.

    Attributes
    ----------
    bands_changed : Signal
        A person edited the table of bands.
    find_wanted : Signal
        The bands shall be found instead.
    add_wanted : Signal
        The next click on the picture adds a band.
    """

    bands_changed = Signal()
    find_wanted = Signal()
    add_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.further = (
            ParamsForm(FIRST),
            ParamsForm(
                options_of("Mass and target", without=(*FIRST, "marker_positions"))  # positions are the table of bands
            ),
        )
        self.bands = MarkerTable()
        self.bands.marker.hide()  # the form's own choice has the pipeline read the marker
        self.bands.table.setMinimumHeight(110)
        self.more = QPushButton("Other masses")
        self.more.setToolTip("Mass of the target, another modifier")
        self.more.setCheckable(True)
        self.more.toggled.connect(self.further.setVisible)
        self.further.hide()
        self.find_button = QPushButton("Find bands")
        self.find_button.setToolTip("Have the marker's bands found again; what was set by hand is dropped")
        self.add_button = QPushButton("Add in the picture")
        self.add_button.setToolTip(
            "Click bands in the picture, one after the other: each takes the marker's next mass. "
            "Drag a mark up or down, Delete removes it"
        )
        self.words = QLabel()
        self.words.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self.find_button, self.add_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 4)
        column.setSpacing(3)
        column.addWidget(self.first)
        column.addWidget(self.further)
        column.addLayout(row)
        column.addWidget(self.words)
        column.addWidget(self.bands, stretch=1)
        self.bands.changed.connect(self.bands_changed)
        self.find_button.clicked.connect(self.find_wanted)
        self.add_button.clicked.connect(self.add_wanted)

    @property
    def forms(self) -> tuple[ParamsForm, ParamsForm]:
        """Both forms."""
        return self.first, self.further

    def show_bands(self, bands: Sequence[tuple[float, float]], kind: str | None, masses: Sequence[float] = ()) -> None:
        """Show bands as (row, mass), and what the scale rests on; a mass is chosen among `masses` of the marker."""
        self.bands.masses.masses = masses
        said = {
            "marker": "Bands of the marker, as they were read.",
            "positions": "Bands as they were set by hand.",
            "kept": "The scale is the marker's as it was read until there are two bands: add them in the picture.",
            "rungs": "No marker: the scale rests on the ladder's own rungs.",
        }
        if kind == "marker" and not bands:
            kind = "kept"
        self.words.setText(said.get(kind or "", "No mass scale: choose the marker, or give two bands or more."))
        shown = self.bands.bands()
        if len(shown) != len(bands) or any(
            abs(a - c) > 0.006 or abs(b - d) > 1e-9 for (a, b), (c, d) in zip(shown, bands, strict=True)
        ):
            self.bands.set_bands([row for row, _ in bands], [mass for _, mass in bands])
