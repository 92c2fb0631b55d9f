"""What a person changed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ublot.model import Calibration, Lanes

__all__ = ["Edits"]


@dataclass(frozen=True)
class Edits:
    """What a person changed by hand: overrides that enter the same pipeline.

    Attributes
    ----------
    lanes : Lanes, optional
        Lane geometry instead of the found one.
    calibration : Calibration, optional
    boundary_rows : tuple of (int, float)
        Lane and row of the boundary between the unmodified band and HMW.
    """

    lanes: Lanes | None = None
    calibration: Calibration | None = None
    boundary_rows: tuple[tuple[int, float], ...] = ()

    @property
    def any(self) -> bool:
        return self.lanes is not None or self.calibration is not None or bool(self.boundary_rows)
