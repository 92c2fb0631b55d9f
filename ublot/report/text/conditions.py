"""Lanes of one condition taken together: what a sentence, a bar or a point of a curve is about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.io.cells import number_or_nan
from ublot.statistics.reactions import given_or_first
from ublot.wording.labels import dose_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Effect", "condition_text", "effects_of", "mean_of"]


@dataclass(frozen=True)
class Effect:
    """One condition over its vehicle.

    Attributes
    ----------
    compound, group : str
    concentration_nM, time_min : float
        NaN where not given.
    lanes : tuple of int
        Those with a value.
    value, low, high : float
        Mean, and its 95 % interval (NaN where there is none).
    name : str
        The condition in words, with time and group where they differ on the blot.
    """

    compound: str
    group: str
    concentration_nM: float
    time_min: float
    lanes: tuple[int, ...]
    value: float
    low: float
    high: float
    name: str

    @property
    def known(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def direction(self) -> int:
        """1 where the interval lies above the vehicle, -1 below, else 0."""
        return 0 if not self.known else 1 if self.low > 1 else -1 if self.high < 1 else 0

    @property
    def sure(self) -> float:
        """Least effect that the interval allows, as the absolute logarithm of the fold."""
        bound = self.low if self.direction > 0 else self.high if self.direction < 0 else 1.0
        return abs(math.log(max(bound, 1e-3)))


def mean_of(values: Sequence[float]) -> float:
    """Geometric mean, on the scale on which errors of folds are even; arithmetic where a value is not above zero."""
    v = np.asarray(values, np.float64)
    return float(np.exp(np.log(v).mean())) if (v > 0).all() else float(v.mean())


def _combined(rows: Sequence[Mapping[str, Any]], quantity: str) -> tuple[float, float, float]:
    """Mean of lanes and its interval: the mean of theirs, widened to where the lanes themselves lie."""
    values = [float(row[quantity]) for row in rows]
    mean = mean_of(values)
    lows = [number_or_nan(row.get(f"{quantity}_low")) for row in rows]
    highs = [number_or_nan(row.get(f"{quantity}_high")) for row in rows]
    if not all(map(math.isfinite, (*lows, *highs))):
        return mean, math.nan, math.nan
    if len(rows) == 1:
        return mean, lows[0], highs[0]
    return mean, min(mean_of(lows), *values), max(mean_of(highs), *values)


def condition_text(row: Mapping[str, Any], *, time: bool, group: bool) -> str:
    """A condition in words: ``"LCL161 at 100 nM"``.

    Parameters
    ----------
    row : mapping
        As in ``lanes.csv``.
    time, group : bool
        Whether to name them.
    """
    name = str(row.get("compound") or "").strip() or (f"lane {row['lane']}" if "lane" in row else "the sample")
    dose, at = dose_text(row.get("concentration_nM")), time_text(row.get("time_min"))
    text = f"{name} at {dose}" if dose else name
    if time and at:
        text += f" for {at}"
    of = str(row.get("group") or "").strip()
    return f"{text} ({of})" if group and of else text


def effects_of(rows: Iterable[Mapping[str, Any]], quantity: str) -> list[Effect]:
    """Sample lanes by condition, in the order of their first lane.

    Parameters
    ----------
    rows : iterable of mapping
        As in ``lanes.csv``.
    quantity : str
        A column that is relative to the vehicle; lanes without it are left out.
    """
    samples = [row for row in rows if row.get("role") == "sample"]
    times = {time_text(row.get("time_min")) for row in samples}
    groups = {str(row.get("group") or "") for row in samples}
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in samples:
        if math.isfinite(number_or_nan(row.get(quantity))):
            numbers = [number_or_nan(row.get(key)) for key in ("concentration_nM", "time_min")]
            key = [given_or_first(v) for v in numbers]
            name = str(row.get("compound") or "").strip()
            # Nothing says that two nameless lanes are alike.
            own = name.casefold() or f"lane {row['lane']}"
            found.setdefault((own, str(row.get("group") or ""), *key), []).append(row)
    out = []
    for members in found.values():
        first = members[0]
        name = condition_text(first, time=len(times) > 1, group=len(groups) > 1)
        out.append(
            Effect(
                str(first.get("compound") or "").strip(),
                str(first.get("group") or ""),
                number_or_nan(first.get("concentration_nM")),
                number_or_nan(first.get("time_min")),
                tuple(int(row["lane"]) for row in members),
                *_combined(members, quantity),
                name,
            )
        )
    return out
