"""K_d and K_i of a plate's compounds, from its wells, with what the assay cannot tell as limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ublot.dose_response.binding import Affinity, Known, bound_fraction, fit_kd, fit_ki
from ublot.dose_response.ki import competition_ki
from ublot.errors import BlotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.dose_response.plates import Well

__all__ = ["BINDING_COLUMNS", "Binding", "binding_of", "binding_row"]

BINDING_COLUMNS = (
    *("ki_above_nM", "ki_below_nM", "ki_nikolovska_nM", "ki_cheng_prusoff_nM"),
    *("kd_nM", "kd_low", "kd_high", "kd_above_nM", "kd_below_nM"),
)
"""What only competitions and titrations have. ``ki_nM`` and its interval stand beside them."""

FEWEST_DOSES = 4
PIPETTED = 0.02  # relative error of an amount after two steps of a pipette that keeps within ISO 8655-2
_FREE = ("free probe", "probe only", "tracer only", "free tracer", "no protein", "probe alone", "buffer + probe")


@dataclass(frozen=True)
class Binding:
    """What is known of probe and protein.

    Attributes
    ----------
    probe : float
        Total concentration, nM.
    protein, kd : Known or None
        Both for a competition, neither for a titration of the probe with protein.
    intensity_ratio : float
        Intensity of bound over free probe.
    """

    probe: float
    protein: Known | None
    kd: Known | None
    intensity_ratio: float = 1.0


def binding_of(
    protein: float | None,
    probe: float | None,
    probe_kd: float | None,
    protein_error: float | None = None,
    probe_kd_error: float | None = None,
    intensity_ratio: float | None = None,
) -> Binding | None:
    """Check the amounts of a polarisation assay; None where there is none.

    Parameters
    ----------
    protein, probe, probe_kd : float, optional
        NM. The probe alone: the table is a titration of it with protein.
    protein_error, probe_kd_error : float, optional
        Standard deviations in percent.
    intensity_ratio : float, optional

    Raises
    ------
    BlotError
        A value that cannot be right, or one that is missing.
    """
    given = {"protein-nM": protein, "probe-nM": probe, "probe-kd-nM": probe_kd, "intensity-ratio": intensity_ratio}
    for name, value in given.items():
        if value is not None and not 0 < value < math.inf:
            raise BlotError(f"{value!r} cannot be right", f"option {name}", "allowed: a number above 0")
    for name, value in {"protein-error": protein_error, "probe-kd-error": probe_kd_error}.items():
        if value is not None and not 0 <= value <= 100:
            raise BlotError(f"{value!r} cannot be right", f"option {name}", "allowed: 0 to 100, in percent")
    ratio = 1.0 if intensity_ratio is None else intensity_ratio
    if probe is not None and protein is None and probe_kd is None:
        return Binding(probe, None, None, ratio)
    if protein is not None and probe is not None and probe_kd is not None:
        exact = Known(protein, (protein_error or 0.0) / 100), Known(probe_kd, (probe_kd_error or 0.0) / 100)
        return Binding(probe, exact[0], exact[1], ratio)
    if probe is not None or probe_kd is not None:
        lacking = next(name for name, value in given.items() if value is None)
        fix = "give all three; the probe alone is for a titration with protein, which gives its K_d"
        raise BlotError("K_i takes the protein, the probe and its K_d", f"option {lacking}", fix)
    return None


def binding_row(
    binding: Binding, members: Sequence[Well], vehicles: Sequence[Well], others: Sequence[Well], ic50: float
) -> tuple[dict[str, float], str]:
    """Columns of K_i or K_d of one compound, and what is to be said about them.

    Parameters
    ----------
    binding : Binding
    members, vehicles : sequence of Well
        The wells of a compound, and the vehicle wells that belong to them (free probe in a titration).
    others : sequence of Well
        Wells of other roles on the same plates, of which those without protein are picked.
    ic50 : float
        NM, NaN where there is none.
    """
    names = ("ki_nM", "ki_low", "ki_high", *BINDING_COLUMNS)
    nothing = dict.fromkeys(names, math.nan)
    wells = [*members, *vehicles]
    if len({w.dose_nM for w in members}) < FEWEST_DOSES:
        return nothing, ""
    dose, signal = [w.dose_nM for w in wells], _signals(wells, vehicles)
    protein, kd = binding.protein, binding.kd
    if protein is None or kd is None:
        found = fit_kd(dose, signal, probe=binding.probe, intensity_ratio=binding.intensity_ratio)
        return {**nothing, **_columns("kd", found)}, _kd_words(found, binding.probe)
    beyond = max(members, key=lambda w: w.dose_nM)
    scale = _scale(wells, vehicles)
    free = [w.signal * scale.get(w.plate, 1.0) for w in others if _free(w, beyond, vehicles)]
    found = fit_ki(
        dose, signal, probe=binding.probe, protein=protein, kd=kd, free_probe=free,
        intensity_ratio=binding.intensity_ratio,
    )  # fmt: skip
    found, said = _resolved(found, binding.probe, protein.value, kd.value)
    row = {**nothing, **_columns("ki", found)}
    amounts = {"probe_kd_nM": kd.value, "probe_nM": binding.probe}
    if math.isfinite(ic50):
        row["ki_nikolovska_nM"] = competition_ki(ic50, protein_nM=protein.value, **amounts)
        row["ki_cheng_prusoff_nM"] = ic50 / (1 + binding.probe / kd.value)
    return row, said


def _scale(wells: Sequence[Well], vehicles: Sequence[Well]) -> dict[str, float]:
    """Factors that bring the vehicles of several plates to their common mean."""
    plates = {w.plate for w in wells}
    means = {p: [v.signal for v in vehicles if v.plate == p] for p in plates}
    if len(plates) < 2 or not all(means.values()):
        return {}
    common = float(np.mean([np.mean(values) for values in means.values()]))
    return {p: common / float(np.mean(values)) for p, values in means.items()}


def _signals(wells: Sequence[Well], vehicles: Sequence[Well]) -> list[float]:
    scale = _scale(wells, vehicles)
    return [w.signal * scale.get(w.plate, 1.0) for w in wells]


def _free(well: Well, beyond: Well, vehicles: Sequence[Well]) -> bool:
    """Whether a well holds the probe without protein: by its name, or a control that looks like full displacement."""
    name = " ".join(well.compound.casefold().replace("_", " ").split())
    if any(part in name for part in _FREE):
        return True
    vehicle = float(np.mean([v.signal for v in vehicles])) if vehicles else math.nan
    # Only a control of the role negative can be without protein; a displaced one lies no lower than the free probe.
    return well.role == "negative" and abs(well.signal - beyond.signal) < abs(well.signal - vehicle)


def _columns(name: str, found: Affinity) -> dict[str, float]:
    return {
        f"{name}_nM": found.value,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_above_nM": found.above,
        f"{name}_below_nM": found.below,
    }


def _resolved(found: Affinity, probe: float, protein: float, kd: float) -> tuple[Affinity, str]:
    """K_i, or the limit below which amounts of protein are not known well enough to tell K_i at all.

    At half displacement ``IC50 = held + K_i (1 + [L]/K_d + [P]/K_d)``: an error of the protein passes into `held`, and
    from there into K_i.
    """
    bound = float(bound_fraction(protein, probe, kd)) * probe
    left = probe - bound / 2
    held = protein - bound / 2 - kd * bound / 2 / left
    least = PIPETTED * max(held, 0.0) / (1 + left / kd + (protein - bound) / kd)
    why = f"K_i below what {protein:.4g} nM protein resolves: the inhibitor takes up the protein one to one"
    if math.isfinite(found.value) and found.value < least:
        limit = max(least, found.high)
        nothing = {"value": math.nan, "low": math.nan, "high": math.nan}
        return Affinity(**{**vars(found), **nothing, "below": limit}), f"{why}; K_i < {limit:.2g} nM"
    if math.isfinite(found.value):
        return found, ""
    if math.isfinite(found.below):
        limit = max(least, found.below)
        return Affinity(**{**vars(found), "below": limit}), f"{why}; K_i < {limit:.2g} nM"
    if math.isfinite(found.above):
        return found, f"the highest dose displaces too little for a K_i; K_i > {found.above:.3g} nM"
    return found, "the wells set no limit to K_i"


def _kd_words(found: Affinity, probe: float) -> str:
    if math.isfinite(found.value):
        error = 100 * math.log(found.high / found.low) / (2 * 1.96)
        return f"for K_i: --probe-kd-nM {found.value:.4g} --probe-kd-error {error:.2g}"
    if math.isfinite(found.below):
        return f"K_d below what {probe:.4g} nM probe resolves; K_d < {found.below:.2g} nM"
    if math.isfinite(found.above):
        return f"the highest dose binds too little of the probe for a K_d; K_d > {found.above:.3g} nM"
    return "the wells set no limit to K_d"
