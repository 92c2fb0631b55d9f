"""The amount loaded in every lane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ublot.errors import BlotError
from ublot.inputs.layout import Layout, lanes_with_roles
from ublot.model import SCORED
from ublot.option_words import option_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder


__all__ = ["amounts_loaded"]


def amounts_loaded(params: Params, layout: Layout | None, ladders: Sequence[Ladder]) -> dict[int, float]:
    """Amount loaded by lane."""
    given = {row.lane: row.load for row in layout} if layout is not None else {}
    if params.normalise == "none":
        return given
    if params.normalise == "total":
        totals = {ladder.lane: ladder.total for ladder in ladders}
        mean = float(np.mean([t for t in totals.values() if t > 0] or [1.0]))
        return {lane: total / mean if total > 0 else math.nan for lane, total in totals.items()}
    pairs = {int(lane): float(load) for lane, load in params.normalise}
    lacking = [n for n in lanes_with_roles(layout, *SCORED) if n not in pairs]
    if lacking:
        raise BlotError(f"no load for lane {lacking[0]}", option_key("normalise"), "give a load for every scored lane")
    return {**given, **pairs}
