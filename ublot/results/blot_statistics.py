"""Statistics within one blot: means of its conditions, EC50 of its compounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.results.columns import Columns

__all__ = ["blot_statistics"]


def blot_statistics(lanes: Mapping[str, Sequence[Any]], blot: str) -> dict[str, Columns]:
    """Tables ``summary`` and ``dose_response`` of a single blot, from the columns of its `lanes.csv`."""
    # Here: they take long to import, which a process beside may do for whoever names this function.
    from ublot.dose_response.ec50 import dose_response_columns
    from ublot.statistics.reactions import reactions_of
    from ublot.statistics.summary import summary_columns

    reactions, _ = reactions_of(lanes, blot)
    return {"summary": summary_columns(reactions), "dose_response": dose_response_columns(reactions)}
