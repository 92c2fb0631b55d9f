"""What follows the stages of one blot, made ready in a process beside while they run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ublot.numerics.beside import Beside

__all__ = ["second_half"]


def second_half(*, report: bool) -> Beside | None:
    """Start a process that loads what statistics need, and with `report` what pages, pictures and workbooks do.

    To be called first of all; None where it would be of no use.
    """
    from ublot.numerics.beside import Beside, may_stand_beside

    return Beside(partial(_prepare, report)) if may_stand_beside() else None


def _prepare(report: bool) -> None:
    from ublot.cli.late_modules import put_off_modules

    put_off_modules()
    import scipy.optimize

    import ublot.dose_response.ec50
    import ublot.statistics.summary

    if report:
        import aggdraw
        import PIL.ImageDraw
        import PIL.ImageFont
        import PIL.PngImagePlugin
        import xlsxwriter

        from ublot.report.html import load_template

        load_template("blot.html.j2")
        del aggdraw, PIL, xlsxwriter
    del scipy, ublot
