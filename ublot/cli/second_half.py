"""What follows the stages of one blot, made ready in a process beside while they run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ublot.numerics.beside import Beside

__all__ = ["second_half"]


def second_half(*, report: bool) -> Beside | None:
    """Start a process that loads what statistics need, and with `report` what pages, pictures and workbooks do.

    To be called before anything is loaded that starts threads; None where it would be of no use.
    """
    import scipy.linalg  # both need it: loaded before there are two

    from ublot.numerics.beside import Beside, may_stand_beside

    del scipy
    try:
        return Beside(partial(_prepare, report)) if may_stand_beside() else None
    except (OSError, RuntimeError):  # a limit of the system's: it goes without
        return None


def _prepare(report: bool) -> None:
    import scipy.optimize

    import ublot.statistics.summary
    from ublot.dose_response.ec50 import estimate_ec50
    from ublot.dose_response.logistic import Curves

    del scipy, ublot
    # One small thing of each kind: what is made ready by the first use is then there.
    estimate_ec50(Curves.of([0, 0, 1, 3, 10, 30, 100, 300], [1, 1.1, 1.2, 1.5, 2.1, 2.6, 3.1, 3.2]))
    if report:
        from ublot.io.workbook import xlsx_bytes
        from ublot.report.figures.painting import png_of
        from ublot.report.figures.plot import Drawing, Line, Text
        from ublot.report.html import load_template

        png_of(Drawing(10, 10, marks=[Line([0, 9], [0, 9]), Text(5, 5, "1", angle=40)]))
        xlsx_bytes({"lanes": {"lane": [1, 0.5, "a"]}})
        load_template("blot.html.j2")
