"""The folder of a table of wells: what is left out and what stands off, and that page, figures and tables agree."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

import ublot
from ublot import cli
from ublot.dose_response.plate_fit import fit_table
from ublot.dose_response.plate_tables import comparison_rows, dose_rows, quality_rows, replicate_rows
from ublot.errors import BlotError

DOSES = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)


def plate(seed=0, name="P1", compounds=(("LCL161", 40.0),), sd=2.0):
    """One row of wells for each replicate: four of DMSO, doses three times, four killed ones."""
    rng = np.random.default_rng(seed)
    rows = [("DMSO", math.nan, "vehicle", 100.0)] * 4 + [("Triton", math.nan, "positive", 3.0)] * 4
    rows += [(c, d, "sample", 5 + 95 / (1 + d / e)) for c, e in compounds for d in DOSES for _ in range(3)]
    return [
        {
            "plate": name,
            "well": f"{chr(65 + i // 12)}{i % 12 + 1}",
            "compound": compound,
            "concentration_nM": "" if math.isnan(dose) else dose,
            "role": role,
            "signal": 50 * (percent + rng.normal(0, sd)),
        }
        for i, (compound, dose, role, percent) in enumerate(rows)
    ]


def test_a_well_is_left_out_only_when_asked(tmp_path):
    rows = plate()
    clean = fit_table(rows, response="signal").series[0]
    rows[11]["signal"] *= 6
    plain = fit_table(rows, response="signal")
    assert [w.well for w in plain.standing_off.values()] == ["A12"] and not any(w.excluded for w in plain.plate.wells)
    assert "standing off: P1 A12" in plain.series[0].row["note"] and plain.series[0].row["standing_off"] == 1
    assert plain.series[0].row["robust_ec50_nM"] == pytest.approx(clean.row["ec50_nM"], rel=0.1)
    for asked in ("standing-off", "a12", [str(13)]):
        found = fit_table(rows, response="signal", exclude=asked)
        assert [w.well for w in found.plate.wells if w.excluded] == ["A12"]
        assert found.series[0].row["ec50_nM"] == pytest.approx(clean.row["ec50_nM"], rel=0.1)
        assert found.series[0].row["n"] == clean.row["n"] - 1
    rows[11]["exclude"] = "yes"
    assert fit_table(rows, response="signal").columns["ec50_nM"] == found.columns["ec50_nM"]
    with pytest.raises(BlotError, match="no well or row h9"):
        fit_table(rows, response="signal", exclude="H9")
    rows[11]["exclude"] = "perhaps"
    with pytest.raises(BlotError, match="neither yes nor no"):
        fit_table(rows, response="signal")


def test_a_vehicle_well_that_is_left_out_is_not_in_the_mean():
    rows = plate()
    rows[2]["signal"] *= 5
    left = fit_table(rows, response="signal", exclude="A3").plate.wells
    mean = np.mean([r["signal"] for i, r in enumerate(rows[:4]) if i != 2])
    assert left[10].percent == pytest.approx(100 * rows[10]["signal"] / mean)


def test_controls_of_a_plate_are_no_compounds():
    fit = fit_table(plate(), response="signal")
    assert [s.row["compound"] for s in fit.series] == ["LCL161"]
    (row,) = quality_rows(fit)
    v, p = (np.array([r["signal"] for r in plate() if r["role"] == role]) for role in ("vehicle", "positive"))
    expected = 1 - 3 * (v.std(ddof=1) + p.std(ddof=1)) / (v.mean() - p.mean())
    assert row["z_prime"] == pytest.approx(expected) and row["n_control"] == 4


def test_plates_are_the_unit_where_there_are_several():
    rows = [row for k in range(4) for row in plate(k, f"P{k}", (("A", 40.0), ("B", 200.0)))]
    fit = fit_table(rows, response="signal")
    a = fit.series[0]
    assert a.row["replicates"] == 4 and a.row["ec50_low"] < 40 < a.row["ec50_high"]
    each = [r for r in replicate_rows(fit) if r["compound"] == "A"]
    assert [r["plate"] for r in each] == ["P0", "P1", "P2", "P3", "geometric mean"] and each[-1]["n"] == 4
    assert each[-1]["ec50_nM"] == pytest.approx(a.row["ec50_nM"]) and each[-1]["pec50"] == pytest.approx(7.4, abs=0.1)
    assert each[-1]["pec50_low"] < each[-1]["pec50"] < each[-1]["pec50_high"]
    (pair,) = comparison_rows(fit)
    assert pair["ec50_ratio"] == pytest.approx(0.2, rel=0.2) and pair["p"] < 0.01 and pair["unit"] == "plates"
    doses = [r for r in dose_rows(fit) if r["compound"] == "A"]
    assert [r["n"] for r in doses] == [12] * 7 and {r["unit"] for r in doses} == {"plates"}
    assert doses[-1]["p_vehicle"] < 1e-3 and doses[-1]["mean"] == pytest.approx(6, abs=2)


def test_one_plate_speaks_for_its_wells():
    fit = fit_table(plate(compounds=(("A", 40.0), ("B", 45.0))), response="signal")
    assert "does not hold the scatter between plates" in fit.series[0].row["note"] and not replicate_rows(fit)
    (pair,) = comparison_rows(fit)
    assert pair["unit"] == "wells" and pair["p"] > 0.01
    assert {r["unit"] for r in dose_rows(fit) if r["role"] == "sample"} == {"wells"}


def test_the_folder_has_page_figures_and_tables(tmp_path):
    rows = [row for k in range(2) for row in plate(k, f"P{k}")]
    rows[12]["signal"] *= 2.5
    path = tmp_path / "wells.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    out = tmp_path / "out"
    words = ["dose-response", str(path), "--response", "signal", "--out", str(out), "--exclude", "A10", "--quiet"]
    words.append("--controls")
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 0, done.output
    names = ("report.html", "curves.png", "curves.svg", "plate.png", "doses.csv", "replicates.csv", "assay_quality.csv")
    assert all((out / name).stat().st_size > 100 for name in names)
    page = (out / "report.html").read_text()
    for said in ("LCL161: EC50", "stands off the curve, in the fit", "left out, as asked", "Motulsky", "Z′", "pEC50"):
        assert said in page, said
    assert "--controls --out" in page
    assert "<text" in (out / "curves.svg").read_text()
    record = json.loads((out / "dose_response.json").read_text())
    assert record["options"]["exclude"] == "A10" and len(record["excluded_rows"]) == 2 and len(record["sha256"]) == 64
    again = CliRunner().invoke(cli.app, words)
    assert again.exit_code == 0, again.output
    wells = list(csv.DictReader((out / "wells.csv").read_text().splitlines()))
    off = [w["well"] for w in wells if w["standing_off"] == "True"]
    assert "B1" in off and len(off) <= 2 and sum(w["excluded"] == "True" for w in wells) == 2


def test_the_library_takes_exclude():
    table = ublot.fit_dose_response(plate(), response="signal", exclude=["B1"])
    assert table.n[0] == 24 and table.status[0] == "ok"


def test_a_table_in_which_nothing_has_a_vehicle_is_told_and_written(tmp_path):
    rows = [{"compound": "DMSO", "concentration_nM": 0, "signal": 100.0 + k, "group": ""} for k in range(4)]
    rows += [{"compound": "x", "concentration_nM": 4.0**k, "signal": 90.0 - 9 * k, "group": "cells"} for k in range(6)]
    plates = ublot.analyze_plate(rows, response="signal")
    assert list(plates.dose_response["status"]) == ["no_vehicle"]
    plates.save(tmp_path / "out")
    text = (tmp_path / "out" / "wells.csv").read_text()
    assert len(text.splitlines()) == 11 and "no vehicle" in (tmp_path / "out" / "report.html").read_text()


def test_plates_show_themselves_and_give_their_figures_away(tmp_path):
    plates = ublot.analyze_plate(plate(), response="signal")
    assert plates.dose_response.equals(ublot.fit_dose_response(plate(), response="signal"))
    cell = plates._repr_html_()
    assert "LCL161" in cell and "<script" not in cell
    for name in ("curves", "plate"):
        assert plates.figure(name).axes
    with pytest.raises(ublot.BlotError, match="figures: curves, plate"):
        plates.figure("overlay")
    assert set(plates.wells["role"]) >= {"sample"} and len(plates.doses)
