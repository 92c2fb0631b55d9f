"""`fit_dose_response`: IC50 and K_i of a plate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.dose_response.crossing import NOWHERE, crossing
from ublot.dose_response.ec50 import FEWEST_DOSES, FIRST_COLUMNS, SHAPE_COLUMNS, Estimate, estimate_ec50, estimate_row
from ublot.dose_response.logistic import Curves, fit_curves
from ublot.dose_response.plate_columns import plain_name
from ublot.dose_response.plates import QUANTITY, Plate, Well, read_plate
from ublot.dose_response.polarisation import BINDING_COLUMNS, binding_of, binding_row, without_words
from ublot.errors import BlotError
from ublot.io.columns import as_frame
from ublot.statistics.reactions import given_or_first

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

__all__ = ["PLATE_COLUMNS", "STANDING_OFF", "PlateFit", "Series", "fit_dose_response", "fit_plate", "fit_table"]

_KI = ("ki_nM", "ki_low", "ki_high")
PLATE_COLUMNS = (
    *(name for name in FIRST_COLUMNS if name != "flags"),
    *("absolute_ic50_nM", *_KI),
    *SHAPE_COLUMNS,
    *("absolute_low", "absolute_high", *BINDING_COLUMNS),
)
"""Columns of the answer: those of `dose_response.csv` and what only plates have."""

STANDING_OFF = "standing-off"
"""What to exclude to leave out the wells that stand off their curve."""


@dataclass(frozen=True, eq=False)
class Series:
    """One compound of a group (and time): its row of the answer, and the wells that it rests on.

    Attributes
    ----------
    row : dict
        `PLATE_COLUMNS`.
    wells : tuple of Well
        In the order of the points of the fit, vehicle wells last.
    found : Estimate
    curves : Curves
        The points that were fitted.
    """

    row: dict[str, Any]
    wells: tuple[Well, ...]
    found: Estimate
    curves: Curves


@dataclass(frozen=True, eq=False)
class PlateFit:
    """A plate with its curves.

    Attributes
    ----------
    plate : Plate
    series : tuple of Series
    """

    plate: Plate
    series: tuple[Series, ...]

    @property
    def columns(self) -> dict[str, list[Any]]:
        """`PLATE_COLUMNS`, one row per group, compound and time."""
        return {name: [s.row[name] for s in self.series] for name in PLATE_COLUMNS}

    @property
    def standing_off(self) -> dict[str, Well]:
        """Wells that stand off their curve, by their rows in the table."""
        return {s.wells[i].rows: s.wells[i] for s in self.series for i in s.found.outliers}


def fit_dose_response(
    table: Any,
    *,
    response: str,
    vehicle: str = "DMSO",
    background: str | float | None = None,
    exclude: Collection[str] | str = (),
    controls: bool = False,
    plate_map: Any = None,
    top: float | None = None,
    bottom: float | None = None,
    protein_nM: float | None = None,
    probe_nM: float | None = None,
    probe_kd_nM: float | None = None,
    protein_error: float | None = None,
    probe_kd_error: float | None = None,
    intensity_ratio: float | None = None,
    g_factor: float | None = None,
) -> pd.DataFrame:
    """IC50 / EC50 of every compound of a table, and K_i of a fluorescence-polarisation competition.

    The response is the mean of technical duplicates (same ``replicate``) less background, in percent of the vehicle of
    the same plate, group and time. Errors are taken as even in percent; plates are blocks. K_d and K_i rest on the
    signal itself: no background but the buffer's should be subtracted.

    Parameters
    ----------
    table, response, vehicle, background
        See `read_plate`.
    exclude : collection of str, or "standing-off"
        Rows or wells to leave out; or all that stand off their curve, see `ublot.dose_response.robust`.
    controls : bool
        Scale between the wells with the roles positive and negative, see `read_plate`.
    plate_map : path or paths, optional
        What is in the wells of a plate reader's export or of a grid.
    top, bottom : float, optional
        Plateaus known beforehand, in percent: curves of three parameters, or of two.
    protein_nM : float, optional
        Protein in the well: the limit of tight binding, and needed for K_i.
    probe_nM, probe_kd_nM : float, optional
        Total probe and its K_d: both, with `protein_nM`, give K_i by the exact equilibrium of competition, see
        `ublot.dose_response.binding`. The probe alone: every compound is a protein that the probe is titrated with, and
        ``kd_nM`` the probe's K_d.
    protein_error, probe_kd_error : float, optional
        What protein and K_d are uncertain by, standard deviations in percent: carried into the interval of K_i.
    intensity_ratio : float, optional
        Intensity of bound over free probe; measured where the intensities are in the table.
    g_factor : float, optional
        Of the reader, for a polarisation computed from the columns parallel and perpendicular, see `read_plate`.

    Returns
    -------
    DataFrame
        `PLATE_COLUMNS`, one row per group, compound (and time). ``ec50_nM`` is the dose of half the effect between the
        fitted plateaus, ``absolute_ic50_nM`` that at which the curve crosses 50 % within the doses, whether there is an
        EC50 or not. ``attrs["messages"]`` holds what to know of the reading.

    Raises
    ------
    BlotError
        The table or an option cannot be used.
    """
    amounts: dict[str, Any] = {"protein_nM": protein_nM, "probe_nM": probe_nM, "probe_kd_nM": probe_kd_nM}
    amounts |= {"protein_error": protein_error, "probe_kd_error": probe_kd_error, "intensity_ratio": intensity_ratio}
    fit = fit_table(
        table, response=response, vehicle=vehicle, background=background, exclude=exclude, controls=controls,
        plate_map=plate_map, g_factor=g_factor, top=top, bottom=bottom, **amounts,
    )  # fmt: skip
    frame = as_frame(fit.columns)
    frame.attrs["messages"] = list(fit.plate.messages)
    return frame


def fit_table(
    table: Any,
    *,
    response: str,
    vehicle: str = "DMSO",
    background: str | float | None = None,
    exclude: Collection[str] | str = (),
    controls: bool = False,
    plate_map: Any = None,
    g_factor: float | None = None,
    **amounts: float | None,
) -> PlateFit:
    """Read a table and fit it; parameters are those of `fit_dose_response`."""
    how: dict[str, Any] = {"response": response, "vehicle": vehicle, "background": background, "controls": controls}
    how |= {"plate_map": plate_map, "g_factor": g_factor}
    asked = [part for part in exclude.split(",") if part.strip()] if isinstance(exclude, str) else list(exclude)
    named = [part for part in asked if part.strip().casefold() != STANDING_OFF]
    fit = fit_plate(read_plate(table, exclude=named, **how), **amounts)
    if len(named) == len(asked) or not fit.standing_off:
        return fit
    rows = [row for rows in fit.standing_off for row in rows.split("+")]
    return fit_plate(read_plate(table, exclude=[*named, *rows], **how), **amounts)


def fit_plate(
    plate: Plate,
    *,
    top: float | None = None,
    bottom: float | None = None,
    protein_nM: float | None = None,
    probe_nM: float | None = None,
    probe_kd_nM: float | None = None,
    protein_error: float | None = None,
    probe_kd_error: float | None = None,
    intensity_ratio: float | None = None,
) -> PlateFit:
    """Fit every compound of a plate; one with fewer than four doses is told as it is.

    Raises
    ------
    BlotError
        There is no compound, or an option cannot be used.
    """
    binding = binding_of(protein_nM, probe_nM, probe_kd_nM, protein_error, probe_kd_error, intensity_ratio)
    plateaus = _plateaus(bottom, top)
    out = []
    series: dict[tuple[Any, ...], list[Well]] = {}
    for w in plate.wells:
        if not w.vehicle and not w.excluded and not w.role:
            time = given_or_first(w.time_min)
            series.setdefault((w.group, plain_name(w.compound), time), []).append(w)
    for (group, _, time), members in series.items():
        known = [w for w in members if math.isfinite(w.percent)]
        plates = {w.plate for w in known}
        peers = [v for v in plate.wells if v.vehicle and not v.excluded and v.group == group and v.plate in plates]
        if any(math.isfinite(v.time_min) for v in peers):
            peers = [v for v in peers if v.time_min == time]
        points = [*known, *(v for v in peers if math.isfinite(v.percent))]
        place = {"group": group, "compound": members[0].compound, "time_min": math.nan if time < 0 else time}
        curves = Curves.of(
            [w.dose_nM for w in points], [w.percent for w in points], [w.plate for w in points], 0, "arithmetic"
        )
        found, row, curves = _estimate(curves, place, plateaus, protein_nM)
        row = {**row, **_half(found, curves), **dict.fromkeys((*_KI, *BINDING_COLUMNS), math.nan)}
        own = [w for w in known if math.isfinite(w.signal)]
        if binding is not None and own and found.model == "bell" and found.status != "flat":
            _add_note(row, "no K_i or K_d: mass action of one site has no second limb")
        elif binding is not None and own and found.status not in {"flat", "hook"}:
            others = [w for w in plate.wells if w.role and not w.excluded and w.plate in plates]
            vehicles = points[len(known) :]
            numbers, said = binding_row(binding, own, vehicles, others, found.ec50, plate.response)
            row.update(numbers)
            off = [points[i] for i in found.outliers]
            if said:
                _add_note(row, said)
            if off:
                left = [w for w in own if w not in off], [w for w in vehicles if w not in off]
                _add_note(row, without_words(binding_row(binding, *left, others, found.robust[0], plate.response)[0]))
        lost = sorted({w.plate for w in members} - plates)
        # Without its background a plate has no signal at all.
        bare = [p for p in lost if not any(w.plate == p and math.isfinite(w.signal) for w in plate.wells)]
        for gone, lacking in (([p for p in lost if p not in bare], "vehicle"), (bare, "blank")):
            if known and gone:
                _add_note(row, f"plate {', '.join(gone)} left out: no {lacking} wells")
        if found.outliers:
            _add_note(row, f"standing off: {'; '.join(_named(points[i]) for i in found.outliers)}")
        out.append(Series(row, tuple(points), found, curves))
    if not out:
        raise BlotError("no compound with a dose", plate.name, "an EC50 takes at least four doses of a compound")
    return PlateFit(plate, tuple(out))


def _estimate(
    curves: Curves, place: Mapping[str, Any], plateaus: tuple[float | None, float | None], protein_nM: float | None
) -> tuple[Estimate, dict[str, Any], Curves]:
    """Estimate of one compound, its row, and the points as they were fitted."""
    if not len(curves.dose):
        nothing = (math.nan,) * 6
        said = "no vehicle wells of the same plate, group and time"
        found = Estimate(*nothing, "no_vehicle", said, 0, 0, curves.scale)
    else:
        doses = len(np.unique(curves.dose[curves.dose > 0]))
        if plateaus != (None, None) and doses >= FEWEST_DOSES:
            free = fit_curves(curves)
            # Bottom and top as the curve runs: from the vehicle to the effect.
            held = plateaus if float(free.end[0]) > free.start else plateaus[::-1]
            curves = replace(curves, held=held)
        found = estimate_ec50(curves, unit="plate")
    return found, estimate_row({**place, "quantity": QUANTITY}, found, protein_nM), curves


def _plateaus(bottom: float | None, top: float | None) -> tuple[float | None, float | None]:
    if bottom is not None and top is not None and not bottom < top:
        raise BlotError(f"bottom {bottom:g} is not below top {top:g}", "option bottom", "give them in percent")
    return bottom, top


def _add_note(row: dict[str, Any], said: str) -> None:
    if not said:
        return
    row["note"] = f"{row['note']}; {said}" if row["note"] else said


def _named(well: Well) -> str:
    place = " ".join(part for part in (well.plate, well.well or f"row {well.rows}") if part)
    dose = "" if well.vehicle else f" {well.dose_nM:.4g} nM"
    return f"{place} ({well.compound}{dose}, {well.percent:.0f} %)"


def _half(found: Estimate, curves: Curves) -> dict[str, float]:
    """Dose at which the fitted curve crosses 50 % of the vehicle."""
    names = ("absolute_ic50_nM", "absolute_low", "absolute_high")
    # Where wells that stand off hide the effect, the curve through them crosses anywhere.
    hidden = found.status in {"flat", "no_vehicle"} or (found.status == "not_estimable" and bool(found.outliers))
    shown = not hidden
    seen = found.fit is not None and found.model == "sigmoid" and shown
    return dict(zip(names, crossing(curves, found.fit) if found.fit is not None and seen else NOWHERE, strict=True))
