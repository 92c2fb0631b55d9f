"""What follows the stages of one blot, made ready in a process beside while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ublot.numerics.beside import Beside

__all__ = ["second_half"]


def second_half() -> Beside | None:
    """Start a process that loads what statistics need; None where it would be of no use. To be called first of all."""
    from ublot.numerics.beside import Beside, may_stand_beside

    return Beside(_prepare) if may_stand_beside() else None


def _prepare() -> None:
    from ublot.cli.late_modules import put_off_modules

    put_off_modules()
    import scipy.optimize

    import ublot.dose_response.ec50
    import ublot.statistics.summary

    del scipy, ublot
