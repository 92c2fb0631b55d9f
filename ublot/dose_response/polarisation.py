"""K_d and K_i of a plate's compounds, from its wells, with what the assay cannot tell as limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ublot.dose_response.binding import ROUNDS, Affinity, Known, bound_fraction, fit_kd, fit_ki
from ublot.dose_response.intensities import ANISOTROPY, POLARISATION
from ublot.dose_response.ki import competition_ki
from ublot.errors import BlotError
from ublot.inputs.concentrations import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ublot.dose_response.plates import Well
    from ublot.numerics.arrays import Array

__all__ = ["BINDING_COLUMNS", "Binding", "binding_of", "binding_row", "without_words"]

BINDING_COLUMNS = (
    *("ki_above_nM", "ki_below_nM", "ki_nikolovska_nM", "ki_cheng_prusoff_nM"),
    *("kd_nM", "kd_low", "kd_high", "kd_above_nM", "kd_below_nM", "intensity_ratio"),
)
"""What only competitions and titrations have. ``ki_nM`` and its interval stand beside them; `intensity_ratio` is how
brightly bound probe shines over free probe, as it was measured, given or assumed."""

FEWEST_DOSES = 4
PIPETTED = 0.02  # relative error of an amount after two steps of a pipette that keeps within ISO 8655-2
TOLD = 10.0  # width of an interval beyond which not even the order of magnitude is known: a limit is what is left
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
    intensity_ratio : float or None
        Intensity of bound over free probe, where it was given.
    """

    probe: float
    protein: Known | None
    kd: Known | None
    intensity_ratio: float | None = None


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
    if probe is not None and protein is None and probe_kd is None:
        return Binding(probe, None, None, intensity_ratio)
    if protein is not None and probe is not None and probe_kd is not None:
        exact = Known(protein, (protein_error or 0.0) / 100), Known(probe_kd, (probe_kd_error or 0.0) / 100)
        return Binding(probe, exact[0], exact[1], intensity_ratio)
    if probe is not None or probe_kd is not None:
        lacking = next(name for name, value in given.items() if value is None)
        fix = "give all three; the probe alone is for a titration with protein, which gives its K_d"
        raise BlotError("K_i takes the protein, the probe and its K_d", f"option {lacking}", fix)
    return None


def binding_row(
    binding: Binding,
    members: Sequence[Well],
    vehicles: Sequence[Well],
    others: Sequence[Well],
    ic50: float,
    response: str = "",
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
    response : str
        Name of the signal: polarisation and anisotropy are told from each other by it, and from any other signal.
    """
    names = ("ki_nM", "ki_low", "ki_high", *BINDING_COLUMNS)
    nothing = dict.fromkeys(names, math.nan)
    wells = [*members, *vehicles]
    if len({w.dose_nM for w in members}) < FEWEST_DOSES:
        return nothing, ""
    dose, probe = np.array([w.dose_nM for w in wells]), binding.probe
    scale = _scale(wells, vehicles, "signal")
    signal = np.array([w.signal * scale.get(w.plate, 1.0) for w in wells])
    brightness = _scale(wells, vehicles, "intensity")
    intensity = np.array([w.intensity * brightness.get(w.plate, 1.0) for w in wells])
    protein, kd = binding.protein, binding.kd
    if protein is None or kd is None:

        def titrated(ratio: Known, *, interval: bool = True) -> Affinity:
            return fit_kd(dose, signal, probe=probe, intensity_ratio=ratio, interval=interval)

        def held(found: Affinity) -> Array:
            return bound_fraction(dose, probe, found.value)

        ratio = _ratio(binding.intensity_ratio, response, intensity, titrated, held)
        found = titrated(ratio)
        return {**nothing, **_columns("kd", found), "intensity_ratio": ratio.value}, _kd_words(found, probe)
    beyond = max(members, key=lambda w: w.dose_nM)
    free = [w.signal * scale.get(w.plate, 1.0) for w in others if _free(w, beyond, vehicles)]

    def competed(ratio: Known, total: Known = protein, *, interval: bool = True) -> Affinity:
        return fit_ki(
            dose, signal, probe=probe, protein=total, kd=kd, free_probe=free, intensity_ratio=ratio, interval=interval
        )

    def bound(found: Affinity) -> Array:
        return bound_fraction(protein.value, probe, kd.value, dose, found.value)

    ratio = _ratio(binding.intensity_ratio, response, intensity, competed, bound)
    found = competed(ratio)
    pipetted = Known(protein.value, max(protein.error, PIPETTED))
    found, said = _resolved(found, found if pipetted == protein else competed(ratio, pipetted), protein.value)
    row = {**nothing, **_columns("ki", found), "intensity_ratio": ratio.value}
    amounts = {"probe_kd_nM": kd.value, "probe_nM": probe}
    if math.isfinite(ic50):
        row["ki_nikolovska_nM"] = competition_ki(ic50, protein_nM=protein.value, **amounts)
        row["ki_cheng_prusoff_nM"] = ic50 / (1 + probe / kd.value)
    return row, said


def _ratio(
    given: float | None,
    response: str,
    intensity: Array,
    fit: Callable[..., Affinity],
    share: Callable[[Affinity], Array],
) -> Known:
    """How brightly bound probe shines over free probe, as it weighs in the mean of the signal.

    Measured where the intensities are known: they too are the mean of free and bound, by number. Else as given, or 1.
    Anisotropy is weighed by the total intensity ``par + 2 G perp``, polarisation by ``par + G perp``, which of two
    equally bright species is larger by ``2 + r`` (Lakowicz 2006, chapter 10). Nobody says which of the two a ratio
    means, nor which is equal where none is given: polarisation takes the middle of both, and half of the difference
    for its error.
    """
    words = set(words_of(response))
    plain = Known(1.0 if given is None else given)
    if given is None and np.isfinite(intensity).all():
        ratio = plain
        for _ in range(ROUNDS):
            ratio = _measured(intensity, share(fit(ratio, interval=False))) or plain
        if ratio.error > 0:
            return ratio
    if not words & POLARISATION or words & ANISOTROPY:
        return plain
    found = fit(plain, interval=False)
    unit = 1.0 if max(abs(found.free), abs(found.bound)) <= 1 else 1000.0
    free, bound = (min(max(p / unit, -1 / 3), 0.5) for p in (found.free, found.bound))
    larger = (2 + 2 * bound / (3 - bound)) / (2 + 2 * free / (3 - free))
    return Known(plain.value * math.sqrt(larger), abs(math.log(larger)) / 2)


def _measured(intensity: Array, share: Array) -> Known | None:
    """Ratio of the intensities of bound and free probe by linear regression, with its error; None where there is none.

    Scatter of intensities grows with them (pipetting): relative errors are even.
    """
    if not (intensity > 0).all() or float(np.ptp(share)) < 0.1:
        return None
    design = np.stack([1 - share, share], axis=1) / intensity[:, None]
    both = np.linalg.lstsq(design, np.ones(len(share)), rcond=None)[0]
    if not (both > 0).all():
        return None
    rest = 1 - design @ both
    covariance = np.linalg.inv(design.T @ design) * float(rest @ rest) / (len(share) - 2)
    relative = covariance / np.outer(both, both)
    error = math.sqrt(max(float(relative[0, 0] + relative[1, 1] - 2 * relative[0, 1]), 1e-12))
    return Known(float(both[1] / both[0]), error)


def _scale(wells: Sequence[Well], vehicles: Sequence[Well], what: str) -> dict[str, float]:
    """Factors that bring the vehicles of several plates to their common mean, of the signal or the intensity."""
    plates = {w.plate for w in wells}
    means = {p: [float(getattr(v, what)) for v in vehicles if v.plate == p] for p in plates}
    if len(plates) < 2 or not all(means.values()):
        return {}
    common = float(np.mean([np.mean(values) for values in means.values()]))
    return {p: common / float(np.mean(values)) for p, values in means.items()}


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


def _resolved(found: Affinity, pipetted: Affinity, protein: float) -> tuple[Affinity, str]:
    """K_i as fitted, or a limit where the assay does not tell its order of magnitude.

    A tight inhibitor takes up the protein one to one, and the dose at which it has done so tells the protein rather
    than K_i. What is left to tell K_i is how sharply the curve bends there, which an error of the protein imitates.
    `pipetted` is the fit with the protein no better known than a pipette measures it: K_i is told where that bounds it
    within a factor of ten.
    """
    why = f"K_i below what {protein:.4g} nM protein resolves: the inhibitor takes up the protein one to one"
    low, high = pipetted.low, pipetted.high
    bounded = math.isfinite(pipetted.value)
    if bounded and high < TOLD * low and math.isfinite(found.value):
        return found, ""
    nothing = {"value": math.nan, "low": math.nan, "high": math.nan}
    rest = Affinity(**{**vars(pipetted), **nothing})
    below = bounded and pipetted.value / low >= high / pipetted.value
    if below or math.isfinite(pipetted.below):
        limit = high if below else pipetted.below
        return replace(rest, below=limit), f"{why}; K_i < {limit:.2g} nM"
    if bounded or math.isfinite(pipetted.above):
        limit = low if bounded else pipetted.above
        return replace(rest, above=limit), f"the highest dose displaces too little for a K_i; K_i > {limit:.3g} nM"
    return rest, "the wells set no limit to K_i"


def without_words(row: Mapping[str, float]) -> str:
    """The constant of a row of wells of which those that stand off are left out; empty where there is none."""
    for name, text in (("ki", "K_i"), ("kd", "K_d")):
        if math.isfinite(row[f"{name}_nM"]):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            return f"{text} without wells that stand off: {row[f'{name}_nM']:.3g} nM ({low:.3g}-{high:.3g})"
    return ""


def _kd_words(found: Affinity, probe: float) -> str:
    if math.isfinite(found.value):
        error = 100 * math.log(found.high / found.low) / (2 * 1.96)
        return f"for K_i: --probe-kd-nM {found.value:.4g} --probe-kd-error {error:.2g}"
    if math.isfinite(found.below):
        return f"K_d below what {probe:.4g} nM probe resolves; K_d < {found.below:.2g} nM"
    if math.isfinite(found.above):
        return f"the highest dose binds too little of the probe for a K_d; K_d > {found.above:.3g} nM"
    return "the wells set no limit to K_d"
