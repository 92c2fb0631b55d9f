"""Plates, K_i, assay quality, time courses, loading controls and published potencies, against independent truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq
from statistics_blots import dose_rows, table

import ublot
from ublot.dose_response.crossing import crossing
from ublot.dose_response.ki import competition_ki
from ublot.dose_response.logistic import Curves, fit_curves
from ublot.dose_response.plate_fit import PLATE_COLUMNS
from ublot.dose_response.plates import read_plate
from ublot.errors import BlotError
from ublot.inputs.loads import loads_from_file, proportionality
from ublot.reference.potencies import OWN_POTENCIES, all_potencies, find_potencies, potency_columns
from ublot.statistics.assay_quality import assay_quality, quality_columns
from ublot.statistics.reactions import reactions_of
from ublot.statistics.time_course import fit_time_course, time_course_columns

DOSES = [1, 4, 16, 64, 256, 1024, 4096]


# ------------------------------------------------------------------------------------------------------------- plates
def plate(ic50=60.0, bottom=0.1, sd=0.02, unit=1.0, name="concentration_nM", blank=400.0, seed=0):
    rng = np.random.default_rng(seed)
    compounds = ["DMSO"] * 6 + ["c"] * 2 * len(DOSES)
    dose = np.array([0.0] * 6 + [d for d in DOSES for _ in range(2)])
    f = bottom + (1 - bottom) / (1 + (dose / ic50) ** 1.2)
    signal = 9000 * f * (1 + rng.normal(0, sd, len(f))) + blank
    return {"compound": compounds, name: list(dose * unit), "rfu": list(signal), "blank": [blank] * len(f)}


@pytest.mark.parametrize("background", [400, "400", "blank"])
def test_viability_plate(background):
    found = ublot.fit_dose_response(plate(), response="rfu", background=background)
    (row,) = found.to_dict("records")
    assert row["status"] == "ok" and row["quantity"] == "percent_of_vehicle" and row["scale"] == "arithmetic"
    assert row["ec50_low"] < 60 < row["ec50_high"] and row["ec50_nM"] == pytest.approx(60, rel=0.1)
    assert row["hill"] == pytest.approx(-1.2, abs=0.15) and row["top"] == pytest.approx(100, abs=3)
    assert row["bottom"] == pytest.approx(10, abs=3)
    # Half of the vehicle, not half of the way: 0.1 + 0.9 / (1 + (x / 60)^1.2) = 0.5.
    assert row["absolute_ic50_nM"] == pytest.approx(60 * (0.5 / 0.4) ** (1 / 1.2), rel=0.1)


def test_percent_of_vehicle_is_that_of_the_own_plate():
    one, two = plate(), plate(seed=1)
    both = {key: one[key] + two[key] for key in one}
    both["plate"] = ["a"] * 20 + ["b"] * 20
    both["rfu"] = one["rfu"] + [3 * (v - 400) + 400 for v in two["rfu"]]
    wells = read_plate(both, response="rfu", background="blank").wells
    for name in "ab":
        assert np.mean([w.percent for w in wells if w.vehicle and w.plate == name]) == pytest.approx(100)
    row = ublot.fit_dose_response(both, response="rfu", background="blank").iloc[0]
    assert row["ec50_low"] < 60 < row["ec50_high"]


@pytest.mark.parametrize(
    ("unit", "name"), [(1e-3, "concentration_uM"), (1e-9, "conc_M"), (1e3, "Dose_pM"), (1e-3, "dose_µM")]
)
def test_units_of_concentration(unit, name):
    row = ublot.fit_dose_response(plate(unit=unit, name=name), response="rfu", background="blank").iloc[0]
    assert row["ec50_nM"] == pytest.approx(60, rel=0.1)


def test_duplicates_are_averaged_only_where_they_are_called_so():
    single = plate()
    assert len(read_plate(single, response="rfu").wells) == 20
    named = {**single, "replicate": ["1"] * 20}
    assert len(read_plate(named, response="rfu").wells) == 1 + len(DOSES)


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({"role": ["sampel"] * 20}, {}, "row 2, column role: unknown role 'sampel'"),
        ({}, {"response": "signal"}, "no column 'signal'"),
        ({}, {"background": "buffer"}, "no column 'buffer'"),
        ({}, {"background": 1e6}, "vehicle's mean"),
        ({"compound": ["c"] * 20, "concentration_nM": [1.0] * 20}, {}, "no vehicle wells"),
        ({"rfu": ["x"] * 20}, {}, "row 2, column rfu: 'x' is not a number"),
        ({"concentration_nM": [-1.0] * 20}, {}, "below 0"),
        ({}, {"probe_nM": 3, "protein_nM": 5}, "K_i takes the protein"),
        ({}, {"protein_nM": -3}, "above 0"),
    ],
)
def test_bad_plates_are_one_clear_line(change, options, says):
    with pytest.raises(BlotError, match=says) as caught:
        ublot.fit_dose_response({**plate(), **change}, **{"response": "rfu", **options})
    assert "\n" not in str(caught.value)


def test_no_concentration_column():
    bad = plate(name="amount")
    with pytest.raises(BlotError, match="concentration_nM"):
        ublot.fit_dose_response(bad, response="rfu")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("-log10 M", lambda d: "" if d == 0 else -math.log10(d * 1e-9)),
        ("neg log (nM)", lambda d: "" if d == 0 else -math.log10(d)),
        ("log10[M]", lambda d: "" if d == 0 else math.log10(d * 1e-9)),
        ("[Inhibitor] (µM)", lambda d: d / 1000),
    ],
)
def test_concentrations_as_assays_write_them(name, write):
    cells = plate(name=name)
    cells[name] = [write(d) for d in cells[name]]
    row = ublot.fit_dose_response(cells, response="rfu", background="blank").iloc[0]
    assert row["ec50_nM"] == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize("said", ["OVER", "OVRFLW", "####"])
def test_a_well_beyond_the_readers_range_is_left_out_and_named(said):
    cells = plate()
    cells["rfu"][9] = said
    found = read_plate(cells, response="rfu")
    assert len(found.wells) == 19 and any("above the reader's range, in row 11: left out" in m for m in found.messages)


def test_a_vehicle_by_several_names_is_said():
    cells = plate()
    cells["compound"][:3] = ["DMSO 1 %"] * 3
    assert any("several names" in m and "DMSO 1 %, DMSO" in m for m in read_plate(cells, response="rfu").messages)
    assert not any("several names" in m for m in read_plate(plate(), response="rfu").messages)


def rows_of(cells):
    return [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]


def other_wells(name, signal, count=4, **more):
    return [{"compound": name, "concentration_nM": 0, "rfu": signal + k, **more} for k in range(count)]


@pytest.mark.parametrize("name", ["medium", "no cells", "Triton", "free probe", "untreated"])
def test_other_wells_at_dose_0_are_no_vehicle_and_are_named(name):
    plain = read_plate(plate(), response="rfu", background="400").wells
    found = read_plate(rows_of(plate()) + other_wells(name, 12000), response="rfu", background="400")
    assert [w.percent for w in found.wells if not w.role] == [w.percent for w in plain]
    assert {w.role for w in found.wells if w.compound == name} == {"unassigned"}
    assert name in found.messages[0] and "rows 22, 23, 24, 25" in found.messages[0]


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({"role": "Blank"}, {}),
        ({"role": "BLANK"}, {"background": "blank"}),
        ({}, {"background": "No  cells"}),
    ],
)
def test_blank_wells_are_subtracted_by_plate(more, options):
    rows = []
    for p, blank in (("a", 400), ("b", 900)):
        one = rows_of({k: v for k, v in plate(blank=blank).items() if k != "blank"})
        rows += [{**r, "plate": p} for r in one] + other_wells("no cells", blank - 1.5, plate=p, **more)
    found = read_plate(rows, response="rfu", **options)
    plain = read_plate(plate(), response="rfu", background=400).wells
    for p in "ab":
        own = [w.percent for w in found.wells if w.plate == p and not w.role]
        assert own == pytest.approx([w.percent for w in plain]) and not found.messages


def test_a_plate_without_blank_wells_is_named_and_left_out():
    rows = [{**r, "plate": p} for p in "ab" for r in rows_of(plate())]
    found = read_plate(rows + other_wells("blank", 399, plate="a"), response="rfu")
    assert "no blank wells on plate b" in found.messages[0]
    assert all(math.isnan(w.percent) == (w.plate == "b") for w in found.wells)


def test_controls_span_0_to_100_percent():
    rows = rows_of(plate(bottom=0.0)) + other_wells("Triton", 400 - 1.5, role="positive")
    found = {w.rows: w for w in read_plate(rows, response="rfu", controls=True).wells}
    plain = {w.rows: w for w in read_plate(plate(bottom=0.0), response="rfu", background=400).wells}
    assert all(found[k].percent == pytest.approx(plain[k].percent) for k in plain)
    both = rows + other_wells("untreated", 0.4 + 2 * 9000, role="negative")
    ends = {w.role: w.percent for w in read_plate(both, response="rfu", controls=True).wells if w.role}
    assert ends["positive"] == pytest.approx(0, abs=0.1) and ends["negative"] == pytest.approx(100, abs=0.1)
    with pytest.raises(BlotError, match="no wells with the role positive or negative"):
        read_plate(plate(), response="rfu", controls=True)


def test_what_has_no_vehicle_is_left_out_named_and_never_flat():
    rows = [{**r, "plate": p} for p in "ab" for r in rows_of(plate()) if p == "a" or r["compound"] != "DMSO"]
    found = ublot.fit_dose_response(rows, response="rfu", background="blank")
    alone = ublot.fit_dose_response(plate(), response="rfu", background="blank")
    assert found["ec50_nM"][0] == alone["ec50_nM"][0] and found["n"][0] == 20
    assert "plate b left out" in found["note"][0] and "no vehicle wells for plate b" in found.attrs["messages"][0]
    for change in ({"group": "cells"}, {"time_min": 60}):
        other = [{**r, **(change if r["compound"] == "c" else dict.fromkeys(change))} for r in rows_of(plate())]
        if "time_min" in change:
            other = [{**r, "time_min": r["time_min"] or 0} for r in other]
        row = ublot.fit_dose_response(other, response="rfu").iloc[0]
        assert row["status"] == "no_vehicle" and math.isnan(row["ec50_nM"])


def test_names_that_differ_in_case_and_blanks_are_one_compound():
    rows = rows_of(plate())
    for k, row in enumerate(r for r in rows if r["compound"] == "c"):
        row["compound"] = ["cmpd  A", "Cmpd A", " cmpd A "][k % 3]
    assert len(ublot.fit_dose_response(rows, response="rfu")) == 1


@pytest.mark.parametrize("name", ["0.1 % DMSO", "DMSO control", "dmso (0.5%)", "Vehicle"])
def test_the_vehicle_goes_by_many_names(name):
    rows = [{**r, "compound": name} if r["compound"] == "DMSO" else r for r in rows_of(plate())]
    assert sum(w.vehicle for w in read_plate(rows, response="rfu").wells) == 6


def test_an_export_pasted_twice_counts_once():
    rows = rows_of(plate())
    found = read_plate(rows + rows, response="rfu")
    assert len(found.wells) == 20 and "row" in found.messages[0] and "counted once" in found.messages[0]
    wells = [{**r, "well": f"A{k}"} for k, r in enumerate(rows)]
    again = read_plate([*wells, {**wells[7], "rfu": 5.0}], response="rfu")
    assert "well A7 is given in rows 9, 22" in again.messages[0]


def test_fewer_than_four_doses_keep_their_percents():
    rows = [r for r in rows_of(plate()) if r["concentration_nM"] in (0, 4, 256)]
    found = ublot.fit_dose_response(rows, response="rfu", background="blank")
    assert found["status"][0] == "not_estimable" and found["doses"][0] == 2


def test_an_incomplete_curve_keeps_its_limits_and_the_dose_at_half():
    # 0.1 + 0.9 / (1 + (x / 60)^1.2) is at a half at 72.3.
    rows = [r for r in rows_of(plate(sd=0.01)) if r["concentration_nM"] <= 256]
    row = ublot.fit_dose_response(rows, response="rfu", background="blank").iloc[0]
    half = 60 * (0.5 / 0.4) ** (1 / 1.2)
    assert row["status"] == "not_estimable" and math.isnan(row["ec50_nM"])
    assert row["ec50_above_nM"] < 60 < row["ec50_below_nM"]
    assert row["absolute_low"] < half < row["absolute_high"] and row["absolute_ic50_nM"] == pytest.approx(half, rel=0.1)
    short = [r for r in rows_of(plate(ic50=3000.0, bottom=0, sd=0.01)) if r["concentration_nM"] <= 1024]
    row = ublot.fit_dose_response(short, response="rfu", background="blank").iloc[0]
    assert row["status"] == "above_max_dose" and 300 < row["ec50_above_nM"] < 3000
    # How far above is not known without the plateau, and is with it.
    assert math.isnan(row["ec50_below_nM"])
    row = ublot.fit_dose_response(short, response="rfu", background="blank", bottom=0.0).iloc[0]
    assert row["ec50_above_nM"] < 3000 < row["ec50_below_nM"]


def test_plateaus_that_are_known_make_curves_of_three_and_two_parameters():
    from scipy.optimize import curve_fit

    rows = [r for r in rows_of(plate(bottom=0, sd=0.02)) if r["concentration_nM"] <= 256]
    wells = read_plate(rows, response="rfu", background="blank").wells
    x, y = np.array([w.dose_nM for w in wells]), np.array([w.percent for w in wells])

    def curve(x, ec50, hill):
        return 100 / (1 + (x / np.exp(ec50)) ** hill)

    best, _ = curve_fit(curve, x, y, [4, 1])
    row = ublot.fit_dose_response(rows, response="rfu", background="blank", bottom=0, top=100).iloc[0]
    assert row["status"] == "ok" and row["bottom"] == 0 and row["top"] == 100
    assert row["ec50_nM"] == pytest.approx(math.exp(best[0]), rel=1e-3) and row["hill"] == pytest.approx(
        -best[1], rel=1e-3
    )
    assert row["ec50_low"] < 60 < row["ec50_high"]
    three = ublot.fit_dose_response(rows, response="rfu", background="blank", bottom=0).iloc[0]
    assert three["bottom"] == 0 and three["top"] != 100 and three["ec50_low"] < 60 < three["ec50_high"]
    with pytest.raises(BlotError, match="bottom 100 is not below top 0"):
        ublot.fit_dose_response(rows, response="rfu", bottom=100, top=0)


def test_the_dose_at_half_is_covered():
    rng, doses = np.random.default_rng(11), np.repeat(np.geomspace(1, 100, 6), 3)
    truth = 58.0 * (0.5 / 0.5) ** (1 / 1.1)
    hits = []
    for _ in range(60):
        x = np.concatenate([np.zeros(6), doses])
        y = 100 / (1 + (x / 58) ** 1.1) + rng.normal(0, 3, len(x))
        curves = Curves.of(x, y, 0, 0, "arithmetic")
        _, low, high = crossing(curves, fit_curves(curves))
        hits.append(low < truth < high)
    assert np.mean(hits) > 0.85


# ---------------------------------------------------------------------------------------------------------------- K_i
def bound_probe(inhibitor, ki, kd, probe, protein):
    """Probe bound, by solving the law of mass action for the free protein."""

    def excess(free):
        return free + free * probe / (kd + free) + free * inhibitor / (ki + free) - protein

    free = brentq(excess, 0, protein, xtol=1e-14)
    return free * probe / (kd + free)


@pytest.mark.parametrize("ki", [0.3, 2, 20, 500])
@pytest.mark.parametrize(("kd", "probe", "protein"), [(5, 2, 10), (1, 10, 3), (50, 1, 100), (17, 5, 30)])
def test_ki_inverts_the_law_of_mass_action(ki, kd, probe, protein):
    start = bound_probe(0, ki, kd, probe, protein)
    ic50 = brentq(lambda i: bound_probe(i, ki, kd, probe, protein) - start / 2, 0, 1e6, xtol=1e-10)
    found = competition_ki(ic50, probe_kd_nM=kd, probe_nM=probe, protein_nM=protein)
    assert found == pytest.approx(ki, rel=1e-5)


def test_ki_below_the_proteins_own_amount_is_none():
    assert math.isnan(competition_ki(3.0, probe_kd_nM=5, probe_nM=2, protein_nM=10))


def test_ki_from_a_plate():
    rng = np.random.default_rng(2)
    dose = np.array([0.0] * 4 + [d for d in (1, 4, 16, 64, 256, 1024, 4096, 16384) for _ in range(2)])
    signal = [60 + 70 * bound_probe(d, 20, 5, 2, 10) + rng.normal(0, 0.5) for d in dose]
    cells = {"compound": ["DMSO"] * 4 + ["AT-406"] * 16, "concentration_nM": list(dose), "mP": signal}
    row = ublot.fit_dose_response(cells, response="mP", protein_nM=10, probe_nM=2, probe_kd_nM=5).iloc[0]
    assert row["ki_nM"] == pytest.approx(20, rel=0.1) and row["ki_low"] < row["ki_nM"] < row["ki_high"]


# ------------------------------------------------------------------------------------------------------ assay quality
def test_quality_by_hand():
    # Means 10 and 2, standard deviations 1 and 0.5.
    vehicle, other = [9, 10, 11], [1.5, 2, 2.5]
    found = assay_quality(vehicle, other)
    assert found.z_prime == pytest.approx(1 - 3 * 1.5 / 8)
    assert found.ssmd == pytest.approx(8 / math.sqrt(1.25))
    assert found.signal_window == pytest.approx((8 - 4.5) / 1)
    assert found.vehicle_cv == pytest.approx(0.1) and "too few" in found.note
    assert assay_quality([9, 10, 11] * 2, [1.5, 2, 2.5] * 2).note == ""
    falling = assay_quality(other, vehicle)
    assert falling.signal_window == pytest.approx(3.5) and falling.z_prime == found.z_prime


def test_too_few_controls_give_nothing():
    alone = assay_quality([9, 10, 11], [2])
    assert math.isnan(alone.z_prime) and math.isnan(alone.ssmd) and "one negative" in alone.note
    assert math.isnan(assay_quality([9], [1, 2]).vehicle_cv) and "no negative" in assay_quality([9, 9.1], []).note


def test_quality_of_a_blot():
    rows = [{"role": role, "replicate": str(k)} for role in ("vehicle", "negative") for k in range(3)]
    reactions, _ = reactions_of(table(rows, hmw_fraction=[0.30, 0.32, 0.34, 0.02, 0.03, 0.04]), "a")
    columns = quality_columns(reactions)
    assert columns["n_vehicle"] == [3] and columns["z_prime"][0] == pytest.approx(1 - 3 * 0.03 / 0.29)


# ------------------------------------------------------------------------------------------------------- time courses
T = np.repeat([0.0, 5, 10, 20, 40, 60], 2)


def test_a_course_that_levels_off():
    y = 0.05 + 0.5 * (1 - np.exp(-0.08 * T)) + np.random.default_rng(0).normal(0, 0.01, len(T))
    found = fit_time_course(T, y)
    assert found.model == "exponential"
    for (value, low, high), truth in zip((found.rate, found.plateau, found.constant), (0.04, 0.55, 0.08), strict=True):
        assert low < truth < high and low < value < high and high - low < truth


def test_rate_constant_is_that_of_lmfit():
    import lmfit

    y = 0.05 + 0.5 * (1 - np.exp(-0.08 * T)) + np.random.default_rng(3).normal(0, 0.02, len(T))
    p = lmfit.create_params(a=0.05, b=0.5, k=0.08)
    minimizer = lmfit.Minimizer(lambda p: p["a"] + p["b"] * (1 - np.exp(-p["k"] * T)) - y, p)
    result = minimizer.minimize()
    bounds = lmfit.conf_interval(minimizer, result, p_names=["k"], sigmas=[0.95])["k"]
    found = fit_time_course(T, y).constant
    assert found == pytest.approx((result.params["k"].value, bounds[0][1], bounds[-1][1]), rel=5e-3)


def test_a_straight_course_has_a_rate_and_no_plateau():
    y = 0.1 + 0.004 * T + np.random.default_rng(1).normal(0, 0.01, len(T))
    found = fit_time_course(T, y)
    fit = stats.linregress(T, y)
    reach = stats.t.ppf(0.975, 10) * fit.stderr
    assert found.model == "line" and math.isnan(found.plateau[0])
    assert found.rate == pytest.approx((fit.slope, fit.slope - reach, fit.slope + reach))


def test_two_times_are_no_course():
    assert fit_time_course([0, 10, 10], [1, 2, 2.1]).model == "none"


def test_courses_of_a_table():
    rows = [{"role": "negative", "time_min": 0.0}]
    rows += [r for t in (5.0, 10, 20, 40, 60) for r in dose_rows("c", [100], time_min=t, replicate="1")]
    y = [0.02 + 0.6 * (1 - math.exp(-0.1 * r["time_min"])) for r in rows]
    columns = time_course_columns(reactions_of(table(rows, hmw_fraction=y), "a")[0])
    assert columns["times"] == [6] and columns["model"] == ["exponential"]
    assert columns["rate_constant_per_min"][0] == pytest.approx(0.1, rel=1e-3)
    assert columns["initial_rate_per_min"][0] == pytest.approx(0.06, rel=1e-3)


def courses(constants, blots="abc", sd=0.01, seed=2):
    """Reactions of several blots: the vehicle and a compound, each blot with factors of its own."""
    rng = np.random.default_rng(seed)
    out = []
    for name in blots:
        rows, y = [], []
        for compound, k in constants.items():
            own = k * math.exp(rng.normal(0, 0.1))
            for t in (0.0, 5, 10, 20, 40, 60):
                for replicate in "12":
                    role = "vehicle" if compound == "DMSO" else "sample"
                    dose = math.nan if role == "vehicle" else 100.0
                    rows.append(
                        {"role": role, "compound": compound, "concentration_nM": dose, "time_min": t,
                         "replicate": replicate}
                    )  # fmt: skip
                    y.append(0.03 + 0.6 * (1 - math.exp(-own * t)) + rng.normal(0, sd))
        out += reactions_of(table(rows, hmw_fraction=y), name)[0]
    return out


def test_rates_are_means_of_blots_and_compared_with_the_vehicle():
    columns = time_course_columns(courses({"DMSO": 0.02, "c": 0.06}))
    vehicle, drug = range(2)
    assert columns["compound"] == ["DMSO", "c"] and columns["blots"] == [3, 3]
    low, high = columns["initial_rate_low"][drug], columns["initial_rate_high"][drug]
    assert low < 0.036 < high and columns["initial_rate_low"][vehicle] < 0.012 < columns["initial_rate_high"][vehicle]
    assert columns["rate_difference_low"][drug] < 0.024 < columns["rate_difference_high"][drug]
    assert columns["p_vehicle"][drug] < 0.01 and math.isnan(columns["p_vehicle"][vehicle])
    assert columns["rate_difference"][drug] == pytest.approx(
        columns["initial_rate_per_min"][drug] - columns["initial_rate_per_min"][vehicle]
    )


def test_two_blots_and_one_have_no_p_of_a_rate():
    for blots in ("ab", "a"):
        columns = time_course_columns(courses({"DMSO": 0.02, "c": 0.06}, blots))
        assert all(math.isnan(p) for p in columns["p_vehicle"])
    assert columns["blots"] == [1, 1]


# ---------------------------------------------------------------------------------------------------- loading controls
def test_intercept_is_that_of_statsmodels():
    import statsmodels.api as api

    x = np.array([0.25, 0.5, 1, 1.5, 2, 2])
    y = 3 * x + np.array([0.1, -0.2, 0.15, 0.1, -0.1, 0.05])
    found = proportionality(x, y)
    fit = api.OLS(y, api.add_constant(x)).fit()
    assert (found.intercept, found.slope) == pytest.approx(tuple(fit.params))
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int()[0])) and found.proportional


def test_a_saturating_control_is_refused():
    x = np.array([0.25, 0.5, 1, 1.5, 2, 3])
    assert not proportionality(x, x / (1 + 0.6 * x)).proportional
    assert not proportionality(x, 5 - x).proportional
    assert not proportionality(x, 2 * x + 1).proportional
    assert proportionality(x, 2 * x).proportional


def test_normalise_table(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    lanes = "lane,load,dilution\n1,1.1,\n2,0.9,1\n"
    good.write_text(lanes + ",0.26,0.25\n,0.49,0.5\n,1.98,2\n")
    assert loads_from_file(good) == [(1, 1.1), (2, 0.9)]
    assert ublot.Params.model_validate({"normalise": str(good)}).normalise == ((1, 1.1), (2, 0.9))
    bad.write_text(lanes + ",0.5,0.25\n,0.65,0.5\n,1.5,2\n")
    with pytest.raises(BlotError, match=r"not proportional .*95 % interval"):
        loads_from_file(bad)
    few = tmp_path / "few.csv"
    few.write_text(lanes + ",0.5,0.25\n")
    with pytest.raises(BlotError, match="cannot show proportionality"):
        loads_from_file(few)
    few.write_text("lane,load,dilution\n1,x,\n")
    with pytest.raises(BlotError, match="row 2, column load"):
        loads_from_file(few)


# ---------------------------------------------------------------------------------------------------------- potencies
def test_every_potency_has_a_source_and_a_kind():
    for p in all_potencies():
        assert p.kind in {"Ki", "Kd", "IC50", "EC50"} and p.evidence in {"primary", "secondary"}
        assert p.source and p.value_nM > 0 and p.relation in {"=", "<", ">", "~"}
        assert not p.conflict or p.note


def test_primary_values():
    # Abstracts of Cai et al. 2011 (66.4, 1.9 and 5.1 nM for XIAP, cIAP1, cIAP2) and Flygare et al. 2012 (28, 17, 43).
    def primary(name):
        return {p.target: p.value_nM for p in find_potencies(name) if p.evidence == "primary"}

    assert primary("Debio-1143") == {"XIAP": 66.4, "cIAP1": 1.9, "cIAP2": 5.1} == primary("at 406")
    assert primary("gdc0152") == {"XIAP": 28, "cIAP1": 17, "cIAP2": 43, "ML-IAP": 14}


def test_disputed_values_stand_side_by_side():
    # A bound is not disputed by a value that keeps it.
    assert not any(p.conflict for p in find_potencies("GDC-0152"))
    for name in ("Debio 1143 (AT-406)", "AT-406/xevinapant", "SM406"):
        assert find_potencies(name) == find_potencies("AT-406") != ()
    assert find_potencies("NVP-LCL161") == find_potencies("lcl 161") and not find_potencies("( )")
    for compound in ("LCL161",):
        values = find_potencies(compound)
        assert (
            any(p.conflict for p in values) and len({(p.kind, p.value_nM) for p in values if p.target == "cIAP1"}) > 1
        )
    columns = potency_columns(["birinapant", "unheard of"])
    assert set(columns["compound"]) == {"birinapant"} and "yes" in columns["conflict"]


def test_a_table_of_ones_own_stands_before_the_published_values(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    monkeypatch.setenv(OWN_POTENCIES, str(path))
    path.write_text(
        "compound;aliases;target;kind;value_nM;source\nXY-1;xy one|compound 5;cIAP1;K_i;2,5;notebook 7, page 3\n"
    )
    (found,) = find_potencies("Compound-5")
    assert (found.compound, found.kind, found.relation, found.value_nM) == ("XY-1", "Ki", "=", 2.5)
    assert (found.source, found.evidence) == ("notebook 7, page 3", "own table") and find_potencies("birinapant")
    for text, said in (
        ("compound,target,kind,value_nM\nx,y,Ki,1\n", "no column source"),
        ("compound,target,kind,value_nM,source\nx,y,EC90,1,z\n", "row 2: kind 'EC90'"),
        ("compound,target,kind,value_nM,source\nx,y,Ki,1,\n", "row 2: a value without"),
        ("compound,target,kind,value_nM,source\nx,y,Ki,one,z\n", "row 2: value_nM 'one' is no number"),
    ):
        own = tmp_path / f"{len(said)}.csv"
        own.write_text(text)
        monkeypatch.setenv(OWN_POTENCIES, str(own))
        with pytest.raises(BlotError, match=said):
            find_potencies("x")
    monkeypatch.setenv(OWN_POTENCIES, str(tmp_path / "missing.csv"))
    with pytest.raises(BlotError, match="cannot be read"):
        find_potencies("x")


def test_limits_stand_in_the_table_of_curves():
    from ublot.report.pages.plates import curve_table

    def shown(**numbers):
        row = dict.fromkeys(PLATE_COLUMNS, math.nan)
        row |= {"group": "", "compound": "x", "status": "ok", "note": "", "n": 9, "replicates": 1, "standing_off": 0}
        table = curve_table([row | numbers])
        return dict(zip((c.name for c in table.columns), (c.text for c in table.rows[0].cells), strict=True))

    assert (
        shown(ki_below_nM=0.034)["K_i"] == "< 0.034" and shown(kd_nM=12.2, kd_low=11.0, kd_high=13.0)["K_d"] == "12.2"
    )
    found = shown(ec50_above_nM=2950.0, ec50_below_nM=13300.0)
    assert found["EC50"] == "> 2950, < 13300" and "K_i" not in found


def test_what_a_plate_lacks_is_said(tmp_path):
    (tmp_path / "t.csv").write_text("compound,concentration_nM,signal\n")
    with pytest.raises(BlotError, match="no well has a value of 'signal'"):
        read_plate(tmp_path / "t.csv", response="signal")
    rows = [
        {"plate": p, "compound": c, "concentration_nM": d, "signal": 100 + 900 / (1 + d / 30) + k}
        for p in "AB" for c, d in (("DMSO", 0), *(("x", 3.0**i) for i in range(8))) for k in (-9, 9)
    ]  # fmt: skip
    blank = [{"plate": "A", "compound": "blank", "concentration_nM": 0, "signal": 100.0 + k} for k in (-2, 2)]
    found = ublot.fit_dose_response([*rows, *blank], response="signal", background="blank")
    assert "plate B left out: no blank wells" in found["note"][0] and "no vehicle" not in found["note"][0]


def test_a_vehicle_that_was_named_and_is_not_there():
    rows = [{"compound": "DMSO", "concentration_nM": 0, "signal": 100.0}]
    rows += [{"compound": "LCL161", "concentration_nM": d, "signal": 50.0} for d in (1, 10)]
    with pytest.raises(BlotError, match=r"no vehicle wells \(water\).*DMSO, LCL161"):
        read_plate(rows, response="signal", vehicle="water")
    assert read_plate([*rows[1:], {**rows[0], "compound": "none"}], response="signal").wells
