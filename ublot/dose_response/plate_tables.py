"""Tables beside the curves of a plate: doses, replicate experiments, controls, and which compounds differ in EC50."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.dose_response.logistic import Curves
from ublot.dose_response.plates import CONTROLS, QUANTITY
from ublot.dose_response.replicates import ec50_of_blocks
from ublot.dose_response.significance import equal_ec50_p
from ublot.statistics.assay_quality import assay_quality
from ublot.statistics.dunnett import t_interval
from ublot.statistics.reactions import Reaction, given_or_first
from ublot.statistics.summary import summary_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.dose_response.plate_fit import PlateFit, Series
    from ublot.dose_response.plates import Well

__all__ = ["comparison_rows", "dose_rows", "quality_rows", "replicate_rows", "well_rows"]

Row = dict[str, Any]
PAIRS = 8  # compounds of one group and time that are compared each with each


def well_rows(fit: PlateFit) -> list[Row]:
    """Every well as a row of ``wells.csv``: what it held, its signal, and whether it counts."""
    off = fit.standing_off
    return [
        {
            "plate": w.plate,
            "group": w.group,
            "compound": w.compound,
            "dose_nM": w.dose_nM,
            "time_min": w.time_min,
            "vehicle": w.vehicle,
            "signal": w.signal,
            "percent": w.percent,
            "rows": w.rows,
            "well": w.well,
            "role": "vehicle" if w.vehicle else w.role or "sample",
            "excluded": w.excluded,
            "standing_off": w.rows in off,
            "intensity": w.intensity,
        }
        for w in fit.plate.wells
    ]


def dose_rows(fit: PlateFit) -> list[Row]:
    """Mean, SD, n and p against the vehicle of every dose, as in ``summary.csv``.

    The unit is the plate where there are several, else the well. Percent have even errors.
    """
    reactions = [
        Reaction(
            w.plate,
            "vehicle" if w.vehicle else "sample",
            w.group,
            w.compound,
            math.nan if w.vehicle else w.dose_nM,
            w.time_min,
            {QUANTITY: w.percent},
        )
        for w in fit.plate.wells
        if not w.excluded and not w.role and math.isfinite(w.percent)
    ]
    columns = summary_columns(reactions, {QUANTITY: "arithmetic"})
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for row in rows:
        row["plates"] = row.pop("blots")
        row["unit"] = {"blots": "plates", "reactions": "wells"}.get(str(row["unit"]), "")
        del row["flags"]
    return rows


def replicate_rows(fit: PlateFit) -> list[Row]:
    """EC50 and pEC50 of each plate alone, and their geometric mean with its interval; nothing for a single plate."""
    out: list[Row] = []
    for s in fit.series:
        plates = list(dict.fromkeys(w.plate for w in s.wells))
        if len(plates) < 2:
            continue
        curves = s.curves
        # Blocks are numbered in the order of their names.
        each = dict(zip(sorted(plates), ec50_of_blocks(curves, two_limbs=s.found.model == "bell"), strict=True))
        place = {name: s.row[name] for name in ("group", "compound", "time_min")}
        for plate in plates:
            out.append({**place, "plate": plate, "n": 1, **_potency(each[plate], math.nan, math.nan)})
        known = [math.log(e) for e in each.values() if math.isfinite(e)]
        if len(known) > 1:
            low, high = (math.exp(bound) for bound in t_interval(known))
            mean = math.exp(float(np.mean(known)))
            out.append({**place, "plate": "geometric mean", "n": len(known), **_potency(mean, low, high)})
    return out


def _potency(ec50: float, low: float, high: float) -> Row:
    def p(value: float) -> float:
        return 9 - math.log10(value) if math.isfinite(value) and value > 0 else math.nan

    return {
        "ec50_nM": ec50,
        "ec50_low": low,
        "ec50_high": high,
        "pec50": p(ec50),
        "pec50_low": p(high),
        "pec50_high": p(low),
    }


def quality_rows(fit: PlateFit) -> list[Row]:
    """Z', SSMD and signal window of every plate: the vehicle against its positive or negative control wells."""
    out = []
    places: dict[tuple[str, str, float], list[Well]] = {}
    for w in fit.plate.wells:
        if (w.vehicle or w.role in CONTROLS) and not w.excluded and math.isfinite(w.signal):
            places.setdefault((w.plate, w.group, given_or_first(w.time_min)), []).append(w)
    for (plate, group, time), members in places.items():
        vehicle = [w.signal for w in members if w.vehicle]
        for role in dict.fromkeys(w.role for w in members if w.role) or ("",):
            control = [w.signal for w in members if w.role == role and role]
            found = assay_quality(vehicle, control)
            note = found.note.replace("negative control", "control").replace("vehicle reaction", "vehicle well")
            if not role:
                note = "no wells with the role positive or negative: no window"
            out.append(
                {
                    "plate": plate,
                    "group": group,
                    "time_min": math.nan if time < 0 else time,
                    "control": role,
                    "n_vehicle": len(vehicle),
                    "n_control": len(control),
                    "vehicle_mean": float(np.mean(vehicle)) if vehicle else math.nan,
                    "vehicle_cv": found.vehicle_cv,
                    "z_prime": found.z_prime,
                    "ssmd": found.ssmd,
                    "signal_window": found.signal_window,
                    "note": note,
                }
            )
    return out


def comparison_rows(fit: PlateFit) -> list[Row]:
    """Whether two compounds of one group (and time) have the same EC50.

    Over plates that hold both, by Student's t of the plates' own ratios; on one plate by the extra sum of squares of
    one EC50 for both (F). Compounds whose curves are bells are compared over plates only.
    """
    out: list[Row] = []
    places: dict[tuple[str, float], list[Series]] = {}
    for s in fit.series:
        if s.found.status == "ok":
            places.setdefault((s.row["group"], given_or_first(s.row["time_min"])), []).append(s)
    for (group, time), members in places.items():
        if len(members) > PAIRS:
            continue
        for i, a in enumerate(members):
            for b in members[i + 1 :]:
                p, freedom, unit = _same(a, b)
                if math.isfinite(p):
                    out.append(
                        {
                            "group": group,
                            "time_min": math.nan if time < 0 else time,
                            "compound_a": a.row["compound"],
                            "compound_b": b.row["compound"],
                            "ec50_ratio": a.found.ec50 / b.found.ec50,
                            "freedom": freedom,
                            "p": p,
                            "unit": unit,
                        }
                    )
    return out


def _same(a: Series, b: Series) -> tuple[float, int, str]:
    plates = [sorted({w.plate for w in s.wells}) for s in (a, b)]
    if plates[0] == plates[1] and len(a.found.replicates) == len(b.found.replicates) > 1:
        from scipy import stats

        ratio = np.log(a.found.replicates) - np.log(b.found.replicates)
        return float(stats.ttest_1samp(ratio, 0).pvalue), len(ratio) - 1, "plates"
    if "bell" in (a.found.model, b.found.model) or any(len(p) > 1 for p in plates):
        return math.nan, 0, ""
    # The vehicle wells are common to both: they count once.
    own = [w for w in b.wells if not w.vehicle]
    both = Curves.of(
        [w.dose_nM for w in (*a.wells, *own)],
        [w.percent for w in (*a.wells, *own)],
        0,
        [0] * len(a.wells) + [1] * len(own),
        "arithmetic",
    )
    _, p, freedom = equal_ec50_p(both)
    return p, freedom, "wells"


def as_columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as columns."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
