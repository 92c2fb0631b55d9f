"""What every column of a result says, and in which unit: once, for documentation and workbook."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["MEANINGS", "meaning"]

_GIVEN = "as the layout gives it"
_CONDITION = {
    "group": "lanes are compared within it only",
    "role": "marker, vehicle, sample, negative, blank or ignore",
    "compound": _GIVEN,
    "concentration_nM": "dose",
    "time_min": "time of the reaction",
    "quantity": "which score the row is about",
    "n": "independent reactions (wells, for plates) that the row rests on",
    "blots": "blots (plates) among them",
    "flags": "names of flags, joined by semicolons; empty: no reservations",
    "note": "what is missing, and why",
    "scale": "scale of the mean and of the fit: arithmetic, log or logit",
}

_LANES = {
    "image": "name of the picture",
    "lane": "number from the left, 1 first",
    **{name: _CONDITION[name] for name in ("role", "compound", "concentration_nM", "time_min", "group", "flags")},
    "replicate": "lanes of one condition with the same one, or with none, are one reaction",
    "load": "amount loaded, relative",
    "x_px": "column of the lane's centre at half height",
    "width_px": "width of the lane, at half of its height across",
    "angle_deg": "tilt of the lane from the vertical",
    "total_area": "signal of the lane less background",
    "unmodified_area": "U: signal of the unmodified band; negative values stay negative",
    "hmw_area": "H: signal above the unmodified band, the well left out",
    "well_area": "W: signal in the well",
    "hmw_fraction": "H / (H + U)",
    "hmw_fraction_net": "(f - f0) / (1 - f0), f0 being the mean fraction of the negative lanes",
    "relative_hmw": "fraction over the mean of the vehicle lanes; the interval holds their scatter",
    "relative_hmw_measured": "the same ratio, the interval of measurement alone",
    "relative_hmw_net": "ratio of the net fractions",
    "delta_hmw_fraction": "fraction less the vehicle's mean",
    "delta_logit_hmw": "the same on the scale of log-odds; empty outside of 0 to 1",
    "relative_hmw_area": "H / load over the vehicle lanes' mean: first for cells and antibodies against the modifier",
    "unmodified_remaining": "U / load over the vehicle lanes' mean",
    "mean_ubiquitins": "apparent modifiers per target molecule, unmodified ones counted as 0",
    "half_mass_kda": "mass below which half of H lies",
    "share_1_3": "share of all signal with 1 to 3 modifiers",
    "share_4_8": "share of all signal with 4 to 8 modifiers",
    "share_9_up": "share of all signal with 9 modifiers or more",
    "ladder_fraction": "share of H that stands in resolved rungs; the rest is smear",
    "resolved_to_n": "number of modifiers of the last rung that is resolved",
    "background_spread": "largest less smallest fraction over the backgrounds that keep smears",
    "saturated_fraction": "share at the ceiling among the bright pixels of U or H, the larger of both",
    "haze_area": "level signal along the whole lane that was taken off",
    "gap_level": "level of the gaps beside the lane over that of the lane",
    "background_off": "how far the background disagrees with gaps and lane, over the lane's height",
}

_SPECIES = {
    "lane": _LANES["lane"],
    "n": "number of modifiers, 0 first",
    "mass_kda": "mass at which it runs",
    "row_px": "row at which it runs, in the picture",
    "area": "signal",
    "share": "of H + U; the rows of one n add up",
    "kind": "rung or smear",
    "flags": _CONDITION["flags"],
}

_PROFILES = {
    "lane": _LANES["lane"],
    "row_px": "row of the picture",
    "mass_kda": "mass at this row, the lane's own shift taken into account",
    "raw": "signal summed over the lane's width",
    "background": "membrane and haze under the lane",
    "signal": "raw less background",
    "fit": "sum of rungs and smear as fitted",
}

_SUMMARY = {
    **{name: text for name, text in _CONDITION.items() if name != "note"},
    "mean": "mean of the reactions, over blots where there are several; geometric where scale is log",
    "sd": "standard deviation on that scale",
    "low": "lower end of the 95 % interval of the mean",
    "high": "upper end of it",
    "p_vehicle": "chance of such a difference from the vehicle, adjusted over conditions and times; empty below 3",
    "unit": "what the test counts: blots or reactions",
    "freedom": "degrees of freedom of the interval and the test",
}

_DOSE = {
    **{name: text for name, text in _CONDITION.items() if name not in ("role", "concentration_nM", "blots")},
    "ec50_nM": "dose of half the effect; the geometric mean over blots where there are several",
    "hill": "slope",
    "bottom": "lower plateau",
    "top": "upper plateau",
    "status": "ok, above_max_dose, below_min_dose, flat, hook, no_vehicle or not_estimable",
    "doses": "different doses",
    "tight_binding_limit_nM": "half of the target in the tube: no EC50 of a tight binder can be lower",
    "model": "sigmoid or bell",
    "descending_ic50_nM": "dose of half the loss at high doses, of a bell",
    "descending_hill": "slope of that limb",
    "robust_ec50_nM": "EC50 without the points that stand off the curve",
    "standing_off": "number of such points",
    "replicates": "blots or plates whose own EC50 are averaged",
    "lack_of_fit_p": "chance of such a misfit beside the scatter of repeats",
    "ec50_above_nM": "limit (95 %) where the EC50 lies above the doses",
    "ec50_below_nM": "limit (95 %) where it lies below them",
}

#: Names of tables, their columns in order of meaning; ``_low`` and ``_high`` go without saying.
MEANINGS = MappingProxyType(
    {
        "lanes": MappingProxyType(_LANES),
        "species": MappingProxyType(_SPECIES),
        "profiles": MappingProxyType(_PROFILES),
        "summary": MappingProxyType(_SUMMARY),
        "dose_response": MappingProxyType(_DOSE),
    }
)


def meaning(table: str, column: str) -> str:
    """What a column says; that of an interval's ends is made from what they belong to.

    Raises
    ------
    KeyError
        The table has no such column.
    """
    known = MEANINGS[table]
    if column in known:
        return known[column]
    for end, word in (("_low", "lower"), ("_high", "upper")):
        stem = column.removesuffix(end)
        if stem != column:
            owner = next(
                (name for name in (stem, f"{stem}_nM", f"{stem}_ec50_nM", f"{stem}_ic50_nM") if name in known), ""
            )
            if owner:
                return f"{word} end of the 95 % interval of {owner}"
    raise KeyError(column)
