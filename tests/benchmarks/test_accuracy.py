"""The benchmark's own arithmetic: it must see the errors that an analysis makes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ublot.simulation import simulate_blot

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import accuracy
from lane_errors import compare, summarise

sys.path.pop(0)


@pytest.fixture(scope="module")
def truth():
    return simulate_blot(seed=3, shape=(256, 512)).truth


def oracle(truth, fraction=1.0, shift=0.0, width=0.008):
    """The table that an analysis would give if it knew the truth, with fractions and positions off by so much."""
    rows = []
    for number, true in enumerate(truth["lanes"], 1):
        row = {"lane": number, "x_px": true["x_px"] + shift, "hmw_area": true["modified"], "flags": ""}
        if "hmw_fraction" in true:
            f = true["hmw_fraction"] * fraction
            row |= {"hmw_fraction": f, "hmw_fraction_low": f - width / 2, "hmw_fraction_high": f + width / 2}
            row |= {"relative_hmw": true["relative_hmw"] * fraction, "mean_ubiquitins": true["mean_ubiquitins"] + 0.5}
            row |= {
                f"relative_hmw_measured_{end}": row["relative_hmw"] * k for end, k in (("low", 0.99), ("high", 1.01))
            }
        rows.append(row)
    species = pd.DataFrame(
        {"lane": number, "n": n, "share": share}
        for number, true in enumerate(truth["lanes"], 1)
        if "species" in true
        for n, share in enumerate(true["species"])
    )
    return pd.DataFrame(rows), species


def result(rows, found, name="standard"):
    return {"source": "own", "set": name, "seed": 1, "rows": rows, "found": found}


def test_a_perfect_analysis_breaks_no_limit(truth):
    pooled = summarise([result(*compare(*oracle(truth), truth))])
    assert pooled["fraction_p95"] == pytest.approx(0, abs=1e-12)
    assert pooled["log2_mean"] == pytest.approx(0, abs=1e-12)
    assert pooled["share_p95"] == pytest.approx(0, abs=1e-12)
    assert pooled["ubiquitins_median"] == pytest.approx(0.5)
    assert pooled["cover_fraction"] == 1.0
    assert pooled["blank_max"] == 0.0
    assert accuracy.broken_limits(pooled) == []


def test_a_biased_one_breaks_those_it_should(truth):
    pooled = summarise([result(*compare(*oracle(truth, fraction=1.1), truth))])
    assert pooled["relative_median"] == pytest.approx(0.1)
    assert pooled["log2_mean"] == pytest.approx(np.log2(1.1))
    expected = np.median([0.1 * lane["hmw_fraction"] for lane in truth["lanes"] if "hmw_fraction" in lane])
    assert pooled["fraction_median"] == pytest.approx(expected)
    broken = " ".join(accuracy.broken_limits(pooled))
    assert "relative_median" in broken
    assert "cover_measured" in broken
    assert "lanes_found" not in broken


def test_intervals_that_are_wide_for_nothing_break_one(truth):
    pooled = summarise([result(*compare(*oracle(truth, width=0.02), truth))])
    assert [line.split()[0] for line in accuracy.broken_limits(pooled)] == ["width_median"]


def test_lanes_missed_made_up_and_unscored_are_counted(truth):
    lanes, species = oracle(truth)
    lanes = lanes.drop(index=4)
    lanes.loc[100] = lanes.iloc[-1].to_dict() | {"x_px": 5.0}
    rows, found = compare(lanes, species, truth)
    assert found == {"hit": len(truth["lanes"]) - 1, "of": len(truth["lanes"]), "false": 1}
    pooled = summarise([result(rows, found)])
    assert pooled["scored"] == pytest.approx(8 / 9)
    assert {line.split()[0] for line in accuracy.broken_limits(pooled)} == {"lanes_found", "lanes_false", "scored"}


def test_a_failed_blot_is_counted_and_breaks_a_limit():
    failed = {"set": "standard", "seed": 1, "rows": [], "found": None, "failure": "BlotError: no"}
    assert any(line.startswith("failed") for line in accuracy.broken_limits(summarise([failed])))


def test_sets_that_are_not_judged_exist_and_do_not_count():
    assert set(accuracy.UNJUDGED) - set(accuracy.STRESSES) == {"merged"}  # a set of another model's
    assert set(accuracy.BESIDE) <= set(accuracy.STRESSES)
    assert accuracy.judged([result([], None, "jpeg"), result([], None, "film")]) == [result([], None, "film")]


def test_every_source_has_a_column_of_its_own(truth):
    rows, found = compare(*oracle(truth), truth)
    off, _ = compare(*oracle(truth, fraction=1.1), truth)
    results = [result(rows, found), result(off, found, "family") | {"source": "family"}]
    table = accuracy.by_source(results)
    assert list(table.columns) == ["own", "family"]
    assert table.loc["relative_median"].tolist() == pytest.approx([0.0, 0.1], abs=1e-9)


def test_a_source_that_says_less_is_compared_in_what_it_says(truth):
    told = [{k: v for k, v in lane.items() if k not in ("half_mass_kda", "resolved_share")} for lane in truth["lanes"]]
    pooled = summarise([result(*compare(*oracle(truth), truth | {"lanes": told}))])
    assert np.isnan(pooled["half_mass_median"]) and pooled["fraction_p95"] == pytest.approx(0, abs=1e-12)


def test_blots_of_another_model_are_drawn_with_their_truth(tmp_path):
    for source in ("independent", "optical"):
        if not accuracy.OTHERS[source].is_file():
            pytest.skip(f"{source} blots are not beside the project")
        name = accuracy.names_of(source)[0]
        image, layout, truth = accuracy.draw(accuracy.Case(name, 5, None, True, source=source), tmp_path)
        assert image.is_file() and len(layout.read_text().splitlines()) == len(truth["lanes"]) + 1
