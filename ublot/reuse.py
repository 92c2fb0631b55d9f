"""What an earlier run of the stages can spare the next one, so that an edit costs no more than what it changes.

A stage is taken over where everything it is made from is the same: its result is then the very object that running it
again would equal. Nothing is approximated, and nothing is kept but the run before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ublot.layout import Layout
    from ublot.model import Blot
    from ublot.params import Params
    from ublot.pipeline import Stages
    from ublot.record import Edits

__all__ = ["Run"]

# Options that enter after the lanes are quantified.
LATE = {"normalise", "allow_unfit"}


@dataclass(frozen=True, eq=False)
class Run:
    """The inputs of a run, and what its stages made of them.

    Attributes
    ----------
    blot : Blot
    layout : Layout or None
    params : Params
    edits : Edits
    stages : Stages or None
        None for a run that is still to be made.
    """

    blot: Blot
    layout: Layout | None
    params: Params
    edits: Edits
    stages: Stages | None = None

    def same_geometry(self, other: Run) -> bool:
        """Whether both have the same lanes: the same pixels, and the same lanes given or looked for."""
        if self.blot is not other.blot or self.edits.lanes != other.edits.lanes:
            return False
        if self.edits.lanes is not None:
            # The layout must still be checked against them.
            return (_count(self.layout), _lanes_of(self.layout, "blank")) == (
                _count(other.layout),
                _lanes_of(other.layout, "blank"),
            )
        return (self.params.lanes, _count(self.layout), _lanes_of(self.layout, "blank")) == (
            other.params.lanes,
            _count(other.layout),
            _lanes_of(other.layout, "blank"),
        )

    def same_profiles(self, other: Run) -> bool:
        """Whether both have the same background and profiles, given that they have the same lanes."""
        return self.params.background == other.params.background and _lanes_of(self.layout, "blank") == _lanes_of(
            other.layout, "blank"
        )

    def same_ladders(self, other: Run) -> bool:
        """Whether both have the same calibration and ladders, given that they have the same profiles."""
        return (
            _roles(self.layout) == _roles(other.layout)
            and self.params.model_dump(exclude=LATE) == other.params.model_dump(exclude=LATE)
            and self.edits.calibration == other.edits.calibration
            and self.edits.boundary_rows == other.edits.boundary_rows
        )


def _count(layout: Layout | None) -> int | None:
    return None if layout is None else len(layout)


def _roles(layout: Layout | None) -> tuple[str, ...] | None:
    return None if layout is None else layout.roles


def _lanes_of(layout: Layout | None, role: str) -> tuple[int, ...]:
    return () if layout is None else tuple(row.lane for row in layout if row.role == role)
