"""What may be said about an EC50: every status from curves whose truth is known, and the rows of the table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statistics_blots import dose_rows, rise, table, vehicles

from ublot.dose_response.ec50 import DOSE_COLUMNS, dose_response_columns, ec50_comparison_columns, estimate_ec50
from ublot.dose_response.logistic import Curves
from ublot.statistics.reactions import reactions_of

DOSES = np.array([1, 5, 25, 120, 600, 3000.0])


def series(ec50, *, top=6.0, hill=1.0, sd=0.04, doses=DOSES, vehicle=3, seed=1, scale="log"):
    dose = np.concatenate([np.zeros(vehicle), doses])
    y = rise(dose, top, ec50, hill) * np.exp(np.random.default_rng(seed).normal(0, sd, len(dose)))
    return Curves.of(dose, y, 0, 0, scale)


def test_a_whole_curve_is_reported():
    found = estimate_ec50(series(40.0))
    assert found.status == "ok" and found.note == ""
    assert found.low < 40 < found.high and found.low < found.ec50 < found.high
    assert found.hill == pytest.approx(1, abs=0.2)
    assert found.bottom == pytest.approx(1, rel=0.1) and found.top == pytest.approx(6, rel=0.15)


def test_a_falling_curve_has_a_negative_hill_and_the_vehicle_on_top():
    found = estimate_ec50(series(40.0, top=0.1))
    assert found.status == "ok" and found.hill < 0
    assert found.top == pytest.approx(1, rel=0.1) and found.bottom == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize(
    ("ec50", "status", "words"),
    [
        (60000.0, "above_max_dose", "above the highest dose, 3000 nM"),
        (0.02, "below_min_dose", "below the lowest dose, 1 nM"),
        (1200.0, "not_estimable", "upper plateau is not reached"),
    ],
)
def test_an_ec50_that_the_doses_do_not_enclose_is_not_reported(ec50, status, words):
    # Far outside, only the part of the rise that falls within the doses is seen: it is made large.
    found = estimate_ec50(series(ec50, top=60.0 if ec50 > 3000 else 6.0, sd=0.02))
    assert found.status == status and words in found.note
    assert all(math.isnan(v) for v in (found.ec50, found.low, found.high, found.hill, found.top))


def test_no_effect_is_flat():
    assert estimate_ec50(series(40.0, top=1.0, sd=0.15)).status == "flat"


def test_vehicle_counts_as_evidence_for_the_bottom():
    # One dose only lies before the lower bend, ec50 / 4.68 (Sebaugh & McCray 2003): the vehicle makes up for the other.
    doses = [8, 30, 120, 480, 1900, 7500.0]
    without = estimate_ec50(series(50.0, doses=np.array(doses), vehicle=0, sd=0.01))
    assert without.status == "not_estimable" and "lower plateau" in without.note
    assert estimate_ec50(series(50.0, doses=np.array(doses), vehicle=3, sd=0.01)).status == "ok"


def test_three_doses_are_too_few():
    found = estimate_ec50(series(40.0, doses=np.array([4, 40, 400.0])))
    assert found.status == "not_estimable" and "4 are needed" in found.note


def test_an_interval_that_leaves_the_doses_is_said():
    wide = estimate_ec50(series(30.0, sd=0.55, seed=7))
    sure = estimate_ec50(series(40.0))
    assert sure.status == "ok" and sure.note == "" and DOSES[0] < sure.low < sure.high < DOSES[-1]
    outside = wide.low > DOSES[0] and wide.high > DOSES[-1]
    assert wide.status == "ok" and outside
    assert wide.note == "the interval reaches above the doses tested"


def test_a_hook_is_said():
    curves = series(20.0, doses=np.array([1, 5, 25, 120, 600, 1500, 3000.0]), sd=0.03)
    y = curves.response.copy()
    y[-1] *= 0.45
    assert "hook" in estimate_ec50(Curves.of(curves.dose, y, scale="log")).note
    assert "hook" not in estimate_ec50(curves).note


def lanes_of(ec50s=(("birinapant", 30.0),), blot=0, sd=0.03, **more):
    rows = vehicles(3, **more)
    for compound, _ in ec50s:
        rows += dose_rows(compound, DOSES, replicate="1", **more)
    ec50 = dict(ec50s)
    rng = np.random.default_rng(blot)
    y = [
        float(rise(r["concentration_nM"], ec50=ec50[r["compound"]]) if r["role"] == "sample" else 1.0) for r in rows
    ] * np.exp(rng.normal(0, sd, len(rows)))
    return table(rows, relative_hmw=list(y / y[:3].mean()))


def test_rows_of_the_table():
    reactions, _ = reactions_of(lanes_of(), "a")
    columns = dose_response_columns(reactions, protein_nM=200)
    assert tuple(columns) == DOSE_COLUMNS
    assert columns["compound"] == ["birinapant"] and columns["quantity"] == ["relative_hmw"]
    assert columns["status"] == ["ok"] and columns["tight_binding_limit_nM"] == [100.0]
    # The truth, 30 nM, lies below what 200 nM of protein lets one see: that is said beside it.
    assert "no EC50 below about 100 nM can be seen with 200 nM protein, and this one is" in columns["note"][0]
    assert columns["ec50_low"][0] < 30 < columns["ec50_high"][0]


def test_groups_and_times_are_fitted_apart():
    near, far = lanes_of((("c", 15.0),), group="a"), lanes_of((("c", 90.0),), blot=1, group="b")
    early = lanes_of((("c", 40.0),), blot=2, group="b", time_min=10.0)
    reactions = [r for t in (near, far) for r in reactions_of(t, "blot")[0]]
    columns = dose_response_columns(reactions)
    assert columns["group"] == ["a", "b"]
    assert columns["ec50_high"][0] < 50 < columns["ec50_low"][1]
    late = {**{k: list(v) for k, v in early.items()}, "time_min": [60.0] * len(early["lane"])}
    both = [r for t in (early, late) for r in reactions_of(t, "blot")[0]]
    assert dose_response_columns(both)["time_min"] == [10.0, 60.0]


def test_blots_that_disagree_about_the_ec50_are_said():
    a, b = lanes_of((("c", 10.0),)), lanes_of((("c", 200.0),), blot=1)
    reactions = [*reactions_of(a, "a")[0], *reactions_of(b, "b")[0]]
    assert "blots differ in EC50" in dose_response_columns(reactions)["note"][0]
    same = [*reactions_of(a, "a")[0], *reactions_of(lanes_of((("c", 10.0),), blot=3), "b")[0]]
    assert "blots differ" not in dose_response_columns(same)["note"][0]


def test_two_compounds_are_compared():
    reactions, _ = reactions_of(lanes_of((("c", 15.0), ("d", 90.0))), "a")
    columns = ec50_comparison_columns(reactions)
    assert (columns["compound_a"], columns["compound_b"]) == (["c"], ["d"])
    assert columns["ec50_ratio"][0] == pytest.approx(15 / 90, rel=0.3) and columns["p"][0] < 0.01
    reactions, _ = reactions_of(lanes_of((("c", 40.0), ("d", 40.0))), "a")
    assert ec50_comparison_columns(reactions)["p"][0] > 0.05


def test_a_step_between_two_doses_says_which():
    dose = np.array([0, 0, 0, *DOSES])
    y = np.where(dose > 100, 5.0, 1.0) * np.exp(np.random.default_rng(0).normal(0, 0.01, len(dose)))
    found = estimate_ec50(Curves.of(dose, y, scale="log"))
    assert found.status == "not_estimable" and "between 25 and 120 nM" in found.note


def test_an_effect_that_is_lost_again_is_not_flat():
    y = np.array([1, 1, 1, 1, 4, 5, 5.1, 2, 1.1]) * np.exp(np.random.default_rng(0).normal(0, 0.03, 9))
    found = estimate_ec50(Curves.of(np.array([0, 0, 0, *DOSES]), y, scale="log"))
    assert found.status == "not_estimable" and "hook" in found.note


def test_any_numbers_are_survived():
    rng = np.random.default_rng(0)
    for _ in range(25):
        dose = np.concatenate([np.zeros(rng.integers(0, 4)), 10 ** rng.uniform(-3, 6, rng.integers(4, 12))])
        y = np.exp(rng.normal(0, rng.uniform(0, 3), len(dose)))
        found = estimate_ec50(Curves.of(dose, y, rng.integers(0, 3, len(dose)), 0, rng.choice(["log", "arithmetic"])))
        assert (found.status == "ok") == math.isfinite(found.ec50) and bool(found.note) >= (found.status != "ok")
    assert estimate_ec50(Curves.of(np.array([0, *DOSES]), np.r_[1, 1, 1, 2, 4, 5, 1e300], scale="log")).note
