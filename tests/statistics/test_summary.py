"""Counting of reactions, means on their scales, and the comparison with the vehicle of the own group and time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statistics_blots import dose_rows, table, vehicles

from ublot.statistics.reactions import reactions_of
from ublot.statistics.summary import SUMMARY_COLUMNS, summary_columns


def rows_of(columns, quantity="relative_hmw"):
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [r for r in rows if r["quantity"] == quantity]


def blot(name, scores, replicates=True, roles=None, **more):
    """Three vehicle lanes and three of one condition, or as `roles` says."""
    kinds = roles or ["vehicle"] * 3 + ["sample"] * (len(scores) - 3)
    rows = []
    for k, role in enumerate(kinds):
        rows.append({"role": role, "compound": "DMSO" if role == "vehicle" else "c", **more})
        rows[-1]["concentration_nM"] = math.nan if role == "vehicle" else 10.0
        rows[-1]["replicate"] = str(k % 3 + 1) if replicates else ""
    return reactions_of(table(rows, relative_hmw=list(scores)), name)


def test_geometric_mean_with_students_interval_and_dunnett():
    vehicle, sample = [0.9, 1.0, 1.1], [2.1, 2.6, 3.0]
    reactions, notes = blot("a", vehicle + sample)
    columns = summary_columns(reactions)
    assert tuple(columns) == SUMMARY_COLUMNS and not notes
    dmso, drug = rows_of(columns)
    assert (dmso["role"], drug["role"]) == ("vehicle", "sample")
    logs = np.log(sample)
    expected = np.exp(stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs)))
    assert drug["scale"] == "log" and drug["n"] == 3 and drug["blots"] == 1
    assert drug["mean"] == pytest.approx(stats.gmean(sample)) and drug["sd"] == pytest.approx(logs.std(ddof=1))
    assert (drug["low"], drug["high"]) == pytest.approx(tuple(expected))
    # Of a single condition the adjusted p is Student's.
    assert drug["p_vehicle"] == pytest.approx(stats.ttest_ind(logs, np.log(vehicle)).pvalue, rel=1e-6)
    # The vehicle is 1 by definition: it has a scatter, but no interval and no p.
    assert dmso["sd"] == pytest.approx(np.log(vehicle).std(ddof=1))
    assert all(math.isnan(dmso[k]) for k in ("low", "high", "p_vehicle"))


def test_vehicle_is_one_condition_however_its_dose_is_written():
    rows = [
        {"role": "vehicle", "compound": name, "concentration_nM": dose, "replicate": replicate}
        for name, dose, replicate in (("DMSO", 0.0, "1"), ("dmso", math.nan, "2"), ("", math.nan, "2"))
    ]
    reactions, notes = reactions_of(table(rows, relative_hmw=[0.9, 1.0, 1.2]), "a")
    (found,) = rows_of(summary_columns(reactions))
    assert found["n"] == 2 and found["mean"] == pytest.approx(math.sqrt(0.9 * 1.1)) and not notes


def test_technical_duplicates_are_one():
    rows = vehicles(3) + dose_rows("c", [10, 10, 10], replicate="1") + dose_rows("c", [10], replicate="2")
    reactions, notes = reactions_of(table(rows, relative_hmw=[1, 1.1, 0.9, 2, 3, 4, 5]), "a")
    (drug,) = [r for r in rows_of(summary_columns(reactions)) if r["role"] == "sample"]
    assert drug["n"] == 2 and drug["mean"] == pytest.approx(math.sqrt(3 * 5))
    assert math.isnan(drug["p_vehicle"]) and math.isnan(drug["low"]) and drug["sd"] > 0 and not notes


def test_lanes_without_replicate_are_one_reaction_and_it_is_said():
    reactions, notes = blot("a", [1, 1.1, 0.9, 2, 3, 4], replicates=False)
    dmso, drug = rows_of(summary_columns(reactions))
    assert dmso["n"] == drug["n"] == 1 and math.isnan(drug["p_vehicle"]) and math.isnan(drug["sd"])
    assert len(notes) == 1 and "1, 2, 3" in notes[0] and "replicate" in notes[0]


def test_three_blots_are_blocks():
    factors, y = [0.3, 1.0, 4.0], {}
    rng = np.random.default_rng(5)
    reactions = []
    for name, factor in zip("abc", factors, strict=True):
        fraction = np.array([0.1, 0.18, 0.3]) * np.exp(rng.normal(0, 0.1, 3)) * factor / 4.5
        rows = [*vehicles(1), *dose_rows("c", [10, 100], replicate="1")]
        y[name] = fraction
        reactions += reactions_of(
            table(rows, hmw_fraction=list(fraction), relative_hmw=list(fraction / fraction[0])), name
        )[0]
    dmso, low, high = rows_of(summary_columns(reactions))
    assert [r["n"] for r in (dmso, low, high)] == [3, 3, 3] and high["blots"] == 3
    assert 1 < low["mean"] < high["mean"] and high["p_vehicle"] < low["p_vehicle"]
    logs = np.log([v[2] / v[0] for v in y.values()])
    bare = stats.ttest_1samp(logs, 0).pvalue
    assert bare <= high["p_vehicle"] <= 2 * bare < 0.05 and high["freedom"] == 2
    # One vehicle lane a blot is 1 each time: that says nothing about scatter.
    assert math.isnan(dmso["sd"])
    assert high["mean"] == pytest.approx(stats.gmean([v[2] / v[0] for v in y.values()]))
    # On log-odds of the fractions themselves the blots' factors drop out as well, and the scale is said.
    of_fraction = rows_of(summary_columns(reactions), "hmw_fraction")[2]
    assert of_fraction["scale"] == "logit" and of_fraction["p_vehicle"] < 0.05


def test_several_reactions_a_blot_give_an_interval_from_blots():
    values = {"a": [2.0, 2.2], "b": [3.0, 3.1], "c": [4.0, 4.4]}
    reactions = [r for name, v in values.items() for r in blot(name, [1, 1, 1.001, *v])[0]]
    drug = rows_of(summary_columns(reactions))[1]
    means = [np.log(v).mean() for v in values.values()]
    assert drug["n"] == 6 and drug["blots"] == 3
    expected = np.exp(stats.t.interval(0.95, 2, loc=np.mean(means), scale=stats.sem(means)))
    assert (drug["low"], drug["high"]) == pytest.approx(tuple(expected))


def test_groups_are_compared_with_their_own_vehicle():
    near = blot("a", [1, 1.1, 0.9, 2, 2.2, 2.4], group="wt")[0]
    far = blot("a", [1, 1.1, 0.9, 1, 0.9, 1.1], group="mutant")[0]
    rows = rows_of(summary_columns([*near, *far]))
    assert [(r["group"], r["role"]) for r in rows] == [(g, k) for g in ("mutant", "wt") for k in ("vehicle", "sample")]
    alone = rows_of(summary_columns(near))[1]["p_vehicle"]
    assert rows[3]["p_vehicle"] == alone < 0.01 and rows[1]["p_vehicle"] > 0.9


def test_times_are_compared_with_their_own_vehicle():
    early = blot("a", [1, 1.1, 0.9, 2, 2.2, 2.4], time_min=10.0)[0]
    late = blot("a", [1, 1.1, 0.9, 1, 0.9, 1.1], time_min=60.0)[0]
    rows = rows_of(summary_columns([*early, *late]))
    assert [(r["time_min"], r["role"]) for r in rows] == [(t, k) for t in (10, 60) for k in ("vehicle", "sample")]
    # One scatter of all reactions, and an adjustment for both times.
    logs = np.log([[1, 1.1, 0.9], [2, 2.2, 2.4], [1, 1.1, 0.9], [1, 0.9, 1.1]])
    error = math.sqrt(logs.var(axis=1, ddof=1).mean() * 2 / 3)
    bare = [2 * stats.t.sf(abs(logs[i + 1].mean() - logs[i].mean()) / error, 8) for i in (0, 2)]
    assert bare[0] < rows[1]["p_vehicle"] <= 2 * bare[0] and rows[3]["p_vehicle"] > 0.9
    assert rows[1]["unit"] == "reactions" and rows[1]["freedom"] == 8


def test_times_on_several_blots_are_adjusted_together():
    rng = np.random.default_rng(9)
    every = []
    for name in "abc":
        for time in (10.0, 30.0, 60.0):
            every += blot(name, [1, 1.1, 0.9, *rng.normal(1.5, 0.2, 3)], time_min=time)[0]
    rows = [r for r in rows_of(summary_columns(every)) if r["role"] == "sample"]
    assert [r["unit"] for r in rows] == ["blots"] * 3 and [r["freedom"] for r in rows] == [2] * 3
    for row in rows:
        alone = [r for r in every if r.time_min == row["time_min"]]
        (single,) = [r for r in rows_of(summary_columns(alone)) if r["role"] == "sample"]
        assert single["p_vehicle"] < row["p_vehicle"] <= 3 * single["p_vehicle"]


def test_a_condition_on_one_of_several_blots_has_no_p():
    reactions = [*blot("a", [1, 1.1, 0.9, 2, 2.2, 2.4])[0], *blot("b", [1, 1.1, 0.9])[0]]
    drug = rows_of(summary_columns(reactions))[1]
    assert drug["n"] == 3 and drug["blots"] == 1 and math.isnan(drug["p_vehicle"]) and drug["unit"] == ""


def test_a_value_below_zero_leaves_the_log_scale():
    drug = rows_of(summary_columns(blot("a", [1, 1.1, 0.9, 0.5, -0.1, 0.2])[0]))[1]
    assert drug["scale"] == "arithmetic" and drug["mean"] == pytest.approx(0.2) and math.isfinite(drug["p_vehicle"])


def test_refused_and_unscored_lanes_do_not_count():
    drug = rows_of(summary_columns(blot("a", [1, 1.1, 0.9, 2, math.nan, 2.2])[0]))[1]
    assert drug["n"] == 2
    roles = ["vehicle"] * 3 + ["sample", "marker", "blank"]
    assert len(blot("a", [1, 1.1, 0.9, 2, 3, 4], roles=roles)[0]) == 4


def test_spelling_does_not_divide_a_compound():
    a = reactions_of(table([*vehicles(1), *dose_rows("LCL161", [10])], relative_hmw=[1, 2]), "a")[0]
    b = reactions_of(table([*vehicles(1), *dose_rows("lcl161", [10])], relative_hmw=[1, 3]), "b")[0]
    drug = rows_of(summary_columns([*a, *b]))[1]
    assert drug["n"] == 2 and drug["compound"] == "LCL161"
