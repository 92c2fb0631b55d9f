"""K_d and K_i of polarisation assays, against equilibria solved in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import ublot
from ublot.dose_response.binding import Known, bound_fraction, fit_kd, fit_ki
from ublot.errors import BlotError

DOSES = np.concatenate([np.zeros(6), np.repeat(10000 / 3.0 ** np.arange(12), 3)])


def fraction(inhibitor, ki, kd, probe, protein):
    """Bound probe by bisection on the mass balance of the protein."""

    def excess(free):
        return free + free * probe / (kd + free) + free * inhibitor / (ki + free) - protein

    free = brentq(excess, 0, protein, xtol=1e-15, rtol=1e-14, maxiter=500)
    return free / (kd + free)


@pytest.mark.parametrize(("ki", "kd", "probe", "protein"), [(2, 5, 2, 10), (1e-3, 5, 20, 30), (500, 0.1, 50, 3)])
def test_the_equilibrium_is_that_of_mass_action(ki, kd, probe, protein):
    doses = np.array([0, 0.1, 3, 29, 31, 1e4])
    truth = [fraction(d, ki, kd, probe, protein) for d in doses]
    assert bound_fraction(protein, probe, kd, doses, ki) == pytest.approx(truth, rel=1e-8)


def signal(f, seed, ratio=1.0, sd=1.5, free=60.0, bound=210.0):
    rng = np.random.default_rng(seed)
    return (free * (1 - f) + ratio * bound * f) / (1 - f + ratio * f) + rng.normal(0, sd, len(f))


@pytest.mark.parametrize(("probe", "ratio"), [(2, 1.0), (20, 1.0), (20, 1.8), (5, 0.5)])
def test_kd_of_a_probe_with_depletion_and_a_change_of_intensity(probe, ratio):
    x = np.concatenate([np.zeros(4), np.repeat(1000 / 2.0 ** np.arange(14), 3)])
    f = np.array([fraction(0, 1, 5, probe, p) if p else 0.0 for p in x])
    hits, values = [], []
    for seed in range(40):
        found = fit_kd(x, signal(f, seed, ratio), probe=probe, intensity_ratio=ratio)
        hits.append(found.low < 5 < found.high)
        values.append(found.value)
    assert sum(hits) >= 34 and np.median(values) == pytest.approx(5, rel=0.03)
    if ratio == 1.8:  # without it the midpoint would be that of the intensity
        assert fit_kd(x, signal(f, 0, ratio), probe=probe).value < 4.5


@pytest.mark.parametrize("protein", [10, 30])
@pytest.mark.parametrize("ki", [0.3, 1.9, 300])
def test_ki_is_covered_and_unbiased(ki, protein):
    f = np.array([fraction(d, ki, 5, 2, protein) for d in DOSES])
    found = [fit_ki(DOSES, signal(f, seed), probe=2, protein=Known(protein), kd=Known(5)) for seed in range(40)]
    assert sum(a.low < ki < a.high for a in found) >= 34
    assert np.median([a.value for a in found]) == pytest.approx(ki, rel=0.05)


def test_what_protein_and_kd_are_uncertain_by_widens_the_interval():
    f = np.array([fraction(d, 20, 5, 2, 10) for d in DOSES])
    exact = fit_ki(DOSES, signal(f, 1), probe=2, protein=Known(10), kd=Known(5))
    unsure = fit_ki(DOSES, signal(f, 1), probe=2, protein=Known(10, 0.15), kd=Known(5, 0.1))
    assert unsure.low < exact.low and exact.high < unsure.high
    assert unsure.value == pytest.approx(exact.value, rel=0.1)
    # A constant that is off by what it is uncertain by leaves the truth inside.
    off = fit_ki(DOSES, signal(f, 1), probe=2, protein=Known(10), kd=Known(6.5, 0.25))
    assert off.low < 20 < off.high


def competition(ki, seed=0, protein=10.0, top=10000.0):
    doses = [d for d in DOSES if d <= top]
    f = np.array([fraction(d, ki, 5, 2, protein) for d in doses])
    names = ["DMSO" if d == 0 else "x" for d in doses]
    mp = signal(f, seed)
    return [{"compound": n, "concentration_nM": d, "mP": y} for n, d, y in zip(names, doses, mp, strict=True)]


OPTIONS = {"response": "mP", "protein_nM": 10, "probe_nM": 2, "probe_kd_nM": 5}


def test_ki_of_a_table_beside_those_from_the_ic50():
    row = ublot.fit_dose_response(competition(20), **OPTIONS).iloc[0]
    assert row["ki_low"] < 20 < row["ki_high"] and row["ki_nikolovska_nM"] == pytest.approx(20, rel=0.15)
    assert row["ki_cheng_prusoff_nM"] == pytest.approx(row["ec50_nM"] / (1 + 2 / 5))


def test_wells_without_protein_hold_the_lower_plateau():
    free = [{"compound": "free probe", "concentration_nM": 0, "mP": 60.0, "role": "negative"} for _ in range(6)]
    short = competition(50, top=400.0)
    wide, narrow = (ublot.fit_dose_response(rows, **OPTIONS).iloc[0] for rows in (short, short + free))
    assert narrow["ki_low"] < 50 < narrow["ki_high"]
    assert narrow["ki_high"] / narrow["ki_low"] < wide["ki_high"] / wide["ki_low"]


@pytest.mark.parametrize("ki", [0.001, 0.01])
def test_a_binder_too_tight_for_the_protein_is_a_limit_with_its_reason(ki):
    row = ublot.fit_dose_response(competition(ki), **OPTIONS).iloc[0]
    assert math.isnan(row["ki_nM"]) and ki < row["ki_below_nM"] < 0.3
    assert "below what 10 nM protein resolves" in row["note"] and "<" in row["note"]


def test_a_weak_one_is_a_limit_from_below():
    row = ublot.fit_dose_response(competition(3000, top=100.0), **OPTIONS).iloc[0]
    assert math.isnan(row["ki_nM"]) or row["ki_low"] < 3000 < row["ki_high"]
    assert not row["ki_above_nM"] > 3000


def test_a_bad_well_is_not_all_that_is_said_of_ki():
    rows = competition(20)
    rows[20]["mP"] = 480.0
    row = ublot.fit_dose_response(rows, **OPTIONS).iloc[0]
    assert row["standing_off"] == 1 and "K_i without wells that stand off: " in row["note"]
    without = float(row["note"].split("K_i without wells that stand off: ")[1].split()[0])
    assert without == pytest.approx(20, rel=0.1)


def test_a_second_limb_is_not_taken_for_displacement():
    rows = competition(20)
    for row in rows:  # the compound itself shines at the highest doses
        row["mP"] += 70 * row["concentration_nM"] / (row["concentration_nM"] + 5000)
    row = ublot.fit_dose_response(rows, **OPTIONS).iloc[0]
    assert row["model"] == "bell" and math.isnan(row["ki_nM"]) and "no second limb" in row["note"]


def test_a_titration_gives_the_probes_kd():
    x = np.concatenate([np.zeros(4), np.repeat(1000 / 2.0 ** np.arange(14), 3)])
    f = np.array([fraction(0, 1, 5, 20, p) if p else 0.0 for p in x])
    rows = {"compound": ["none" if p == 0 else "BIR3" for p in x], "concentration_nM": list(x), "mP": signal(f, 3)}
    row = ublot.fit_dose_response(rows, response="mP", probe_nM=20).iloc[0]
    assert row["kd_low"] < 5 < row["kd_high"] and "--probe-kd-error" in row["note"] and math.isnan(row["ki_nM"])


@pytest.mark.parametrize(
    "options", [{"probe_kd_nM": 5}, {"probe_nM": 2, "protein_nM": 3}, {"intensity_ratio": -1}, {"protein_error": 200}]
)
def test_amounts_that_are_missing_or_cannot_be_right(options):
    with pytest.raises(BlotError, match="option"):
        ublot.fit_dose_response(competition(20), response="mP", **options)
