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
    assert found.status == "ok" and found.note == "one blot: the interval does not hold the scatter between blots"
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
        (1200.0, "not_estimable", "full effect is not reached"),
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
    assert without.status == "not_estimable" and "beginning is not seen" in without.note
    assert estimate_ec50(series(50.0, doses=np.array(doses), vehicle=3, sd=0.01)).status == "ok"


def test_three_doses_are_too_few():
    found = estimate_ec50(series(40.0, doses=np.array([4, 40, 400.0])))
    assert found.status == "not_estimable" and "4 are needed" in found.note


def test_an_interval_that_leaves_the_doses_is_said():
    wide = estimate_ec50(series(30.0, sd=0.55, seed=7))
    sure = estimate_ec50(series(40.0))
    assert sure.status == "ok" and sure.note.startswith("one blot") and DOSES[0] < sure.low < sure.high < DOSES[-1]
    outside = wide.low > DOSES[0] and wide.high > DOSES[-1]
    assert wide.status == "ok" and outside
    assert wide.note.startswith("the interval reaches above the doses tested; one blot")


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
    found = dose_response_columns(reactions)
    assert found["replicates"] == [2] and found["note"][0].endswith("their own: 10.3, 216")
    assert found["ec50_nM"][0] == pytest.approx(47.2, rel=0.02) and found["ec50_high"][0] > 1000
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
    assert found.model == "bell" and "hook" in found.note and found.status in {"ok", "hook"}
    if found.status == "ok":
        assert 3 < found.low < found.high < 120


# ------------------------------------------------------------------------------------------------------------ shapes
def bell(dose, ec50, hook, deep=0.8):
    with np.errstate(divide="ignore"):
        return 100 * (1 - deep / (1 + ec50 / dose) / (1 + dose / hook))


PLATE = np.concatenate([np.zeros(6), np.repeat([1, 3, 10, 30, 100, 300, 1000, 3000, 10000.0], 3)])


def test_a_hook_gets_the_ec50_of_its_ascending_limb():
    # 15 experiments of 95 % coverage: fewer than 12 would happen once in 500 times.
    rng = np.random.default_rng(11)
    held = down = 0
    for _ in range(15):
        ec50, hook = 10 ** rng.uniform(1, 1.8), 10 ** rng.uniform(3.1, 3.7)
        y = bell(PLATE, ec50, hook) + rng.normal(0, 2, len(PLATE))
        found = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
        assert found.model == "bell" and found.status == "ok" and "hook" in found.note
        held += found.low < ec50 < found.high
        down += found.descending[1] < hook < found.descending[2]
    assert held >= 12 and down >= 12


def test_a_sigmoid_is_no_bell():
    rng = np.random.default_rng(12)
    models = [
        estimate_ec50(
            Curves.of(PLATE, 100 - 90 / (1 + 60 / np.maximum(PLATE, 1e-9)) + rng.normal(0, 3, 33), scale="arithmetic")
        ).model
        for _ in range(20)
    ]
    assert models.count("bell") <= 4


def test_stimulation_by_low_doses_is_said():
    y = 100 * (1 + 0.6 * np.exp(-((np.log(np.maximum(PLATE, 1e-9) / 10) / 1.2) ** 2))) / (1 + PLATE / 300)
    found = estimate_ec50(Curves.of(PLATE, y + np.random.default_rng(0).normal(0, 2, 33), scale="arithmetic"))
    assert found.status == "not_estimable" and "hormesis" in found.note


def test_any_numbers_are_survived():
    rng = np.random.default_rng(0)
    for _ in range(25):
        dose = np.concatenate([np.zeros(rng.integers(0, 4)), 10 ** rng.uniform(-3, 6, rng.integers(4, 12))])
        y = np.exp(rng.normal(0, rng.uniform(0, 3), len(dose)))
        found = estimate_ec50(Curves.of(dose, y, rng.integers(0, 3, len(dose)), 0, rng.choice(["log", "arithmetic"])))
        assert (found.status == "ok") == math.isfinite(found.ec50) and bool(found.note) >= (found.status != "ok")
    assert estimate_ec50(Curves.of(np.array([0, *DOSES]), np.r_[1, 1, 1, 2, 4, 5, 1e300], scale="log")).note


# ---------------------------------------------------------------------------------------------------- bad wells
def viability(rng, ec50=80.0, sd=2.0):
    return 100 - 95 / (1 + ec50 / np.maximum(PLATE, 1e-9)) + rng.normal(0, sd, len(PLATE))


def test_a_bubble_is_named_and_stays_in_the_fit():
    y = viability(np.random.default_rng(3))
    clean = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
    y[10] *= 9
    found = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
    assert 10 in found.outliers and len(found.outliers) <= 2 and found.status == "not_estimable"
    assert "off the curve" in found.note
    assert found.robust[0] == pytest.approx(clean.ec50, rel=0.05) and found.robust[1] < 80 < found.robust[2]
    assert math.isnan(found.ec50)
    y[10] /= 4.5
    found = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
    assert 10 in found.outliers and found.status == "ok" and found.high / found.low > clean.high / clean.low


def test_spoiled_wells_are_named_and_clean_ones_are_not():
    # The full run is benchmarks/statistics.py.
    rng = np.random.default_rng(4)
    named = spoiled = wrong = 0
    near = []
    for _ in range(20):
        y = viability(rng, ec50=10 ** rng.uniform(1.3, 2.7))
        clean = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
        bad = rng.random(len(y)) < 0.05
        found = estimate_ec50(Curves.of(PLATE, np.where(bad, y * rng.uniform(3, 10, len(y)), y), scale="arithmetic"))
        off = np.isin(np.arange(len(y)), found.outliers)
        named, spoiled, wrong = named + (off & bad).sum(), spoiled + bad.sum(), wrong + (off & ~bad).sum()
        near.append(abs(found.robust[0] / clean.ec50 - 1) < 0.1)
    assert named >= 0.9 * spoiled and wrong <= 0.01 * 20 * len(PLATE) + 2 and np.mean(near) >= 0.9


# ---------------------------------------------------------------------------------------------- replicate experiments
def test_plates_that_differ_are_the_unit():
    # 20 experiments of 95 % coverage: fewer than 16 would happen once in 400 times.
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(20):
        parts = []
        for plate in range(3):
            ec50 = 60 * 10 ** rng.normal(0, 0.12)
            y = viability(rng, ec50, sd=3)
            parts.append((PLATE, 100 * y / y[PLATE == 0].mean(), np.full(len(y), plate)))
        found = estimate_ec50(Curves.of(*map(np.concatenate, zip(*parts, strict=True)), 0, "arithmetic"), unit="plate")
        assert found.status == "ok" and len(found.replicates) == 3 and "geometric mean of 3 plates" in found.note
        assert found.ec50 == pytest.approx(np.exp(np.mean(np.log(found.replicates))))
        held += found.low < 60 < found.high
    assert held >= 16


def test_lack_of_fit_is_that_of_an_anova():
    rng = np.random.default_rng(9)
    y = viability(rng)
    y[PLATE == 100] += 12
    found = estimate_ec50(Curves.of(PLATE, y, scale="arithmetic"))
    assert found.lack_of_fit < 0.01 and "misses the means" in found.note
    p = [estimate_ec50(Curves.of(PLATE, viability(rng), scale="arithmetic")).lack_of_fit for _ in range(20)]
    assert 0.2 < np.mean(p) < 0.8
