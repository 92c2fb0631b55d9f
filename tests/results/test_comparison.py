"""Blots joined: what enters, what is refused, what is written, and the commands."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import openpyxl
import pytest
from statistics_blots import Blot, dose_rows, rise, table, vehicles
from typer.testing import CliRunner

import ublot
from ublot import cli
from ublot.errors import BlotError
from ublot.inputs.params import make_params
from ublot.io.columns import read_csv
from ublot.io.result_folder import json_bytes
from ublot.io.workbook import header_with_unit, xlsx_bytes
from ublot.results.comparison import TABLES
from ublot.statistics.summary import SUMMARY_COLUMNS

DOSES = (1, 5, 25, 120, 600, 3000)


def blot(name, factor=1.0, ec50=40.0, compound="birinapant", seed=0, **options):
    """Three DMSO lanes, two negative ones and a dose series, seen through a blot's factor and 5 % noise."""
    negative = [{"role": "negative", "replicate": str(k), "time_min": math.nan} for k in (1, 2)]
    rows = [*vehicles(3), *dose_rows(compound, DOSES, replicate="1"), *negative]
    shape = [0.1 if r["role"] == "negative" else float(rise(r.get("concentration_nM", 0.0), ec50=ec50)) for r in rows]
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.05, len(rows)))
    fraction = 0.1 * factor * np.array(shape) * noise
    relative = fraction / fraction[:3].mean()
    return Blot(name, table(rows, hmw_fraction=list(fraction), relative_hmw=list(relative)), make_params(**options))


def three():
    return [blot(f"{name}.tif", factor, seed=ord(name)) for name, factor in (("a", 0.5), ("b", 1.0), ("c", 1.2))]


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_three_blots_together():
    found = ublot.compare_blots(three(), protein_nM=50)
    assert list(found.summary) == list(SUMMARY_COLUMNS)
    top = found.summary.query("quantity == 'relative_hmw' and concentration_nM == 3000").iloc[0]
    assert top.n == 3 and top.blots == 3 and top.low < rise(3000) < top.high and top.p_vehicle < 5e-3
    low = found.summary.query("quantity == 'relative_hmw' and concentration_nM == 1").iloc[0]
    assert low.p_vehicle > top.p_vehicle
    (fit,) = found.dose_response.to_dict("records")
    assert fit["status"] == "ok" and fit["ec50_low"] < 40 < fit["ec50_high"] and fit["tight_binding_limit_nM"] == 25
    assert len(found.lanes) == 33 and set(found.lanes.image) == {"a.tif", "b.tif", "c.tif"}
    assert list(found.assay_quality.n_negative) == [2, 2, 2] and found.assay_quality.note.str.contains("few").all()
    assert set(found.potencies.compound) == {"birinapant"} and not found.messages


def test_a_blot_without_vehicle_is_named_and_not_counted():
    blots = three()
    bare = blot("d.tif", 1.0, seed=9)
    bare.lanes["role"] = ["sample" if role == "vehicle" else role for role in bare.lanes["role"]]
    found, same = ublot.compare_blots([*blots, bare]), ublot.compare_blots(blots)
    assert [m for m in found.messages if "d.tif" in m and "no vehicle" in m] and found.counted == 3
    assert found.columns["summary"] == same.columns["summary"] or list(found.summary.n) == list(same.summary.n)


def test_more_blots_know_more():
    width = [
        np.ptp(np.log(found.dose_response[["ec50_low", "ec50_high"]].to_numpy()[0]))
        for found in (ublot.compare_blots(three()[:2]), ublot.compare_blots(three()))
    ]
    assert width[1] < width[0]


def test_order_of_blots_does_not_matter():
    one, other = ublot.compare_blots(three()).summary, ublot.compare_blots(three()[::-1]).summary
    keys = ["compound", "concentration_nM", "quantity"]
    columns = ["mean", "low", "high", "p_vehicle"]
    a, b = (t.sort_values(keys)[columns].to_numpy() for t in (one, other))
    np.testing.assert_allclose(a, b, rtol=1e-6, equal_nan=True)


def test_the_same_blot_twice_counts_once():
    a, b, c = three()
    found = ublot.compare_blots([a, b, c, a])
    assert len(found.blots) == 3 and "counts once" in found.messages[0]


def test_blots_of_one_name_stay_apart():
    a, b = blot("same.tif", seed=1), blot("same.tif", seed=2)
    b.digest = "another"
    found = ublot.compare_blots([a, b])
    assert len({blot["name"] for blot in found.blots}) == 2 and len(set(found.lanes.image)) == 2


@pytest.mark.parametrize("options", [{"antibody": "modifier"}, {"assay": "cells"}, {"target": "XIAP"}])
def test_blots_of_different_assays_are_refused(options):
    with pytest.raises(BlotError, match=r"b\.tif"):
        ublot.compare_blots([blot("a.tif"), blot("b.tif", **options)])


def test_another_background_is_said():
    found = ublot.compare_blots([blot("a.tif"), blot("b.tif", seed=1, background="snip")])
    assert "snip" in found.messages[0]


def test_without_vehicle_nothing_is_compared():
    rows = dose_rows("c", DOSES, replicate="1")
    found = ublot.compare_blots([Blot("a.tif", table(rows, hmw_fraction=[0.1] * 6))])
    assert "no vehicle" in found.messages[0] and found.summary.p_vehicle.isna().all()


@pytest.mark.parametrize("wrong", [[], [3]])
def test_what_is_no_result(wrong):
    with pytest.raises(BlotError, match="result"):
        ublot.compare_blots(wrong)


@pytest.mark.parametrize("protein", [0, -1, math.inf, math.nan])
def test_impossible_protein(protein):
    with pytest.raises(BlotError, match="protein-nM"):
        ublot.compare_blots(three(), protein_nM=protein)


# ------------------------------------------------------------------------------------------------------------ folders
def test_saved_tables_are_the_tables(tmp_path):
    found = ublot.compare_blots(three())
    out = found.save(tmp_path / "out")
    pages = {"comparison.json", "comparison.xlsx", "report.html"}
    assert {p.name for p in out.iterdir()} == {*pages, *(f"{n}.csv" for n in TABLES)}
    stored = read_csv(out / "summary.csv", ["mean", "p_vehicle"])
    np.testing.assert_array_equal(stored["mean"], found.summary["mean"])
    np.testing.assert_array_equal(stored["p_vehicle"], found.summary["p_vehicle"])
    record = json.loads((out / "comparison.json").read_text())
    assert record["writer"] == "ublot compare" and [b["image"] for b in record["blots"]] == ["a.tif", "b.tif", "c.tif"]
    found.save(out)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.txt").write_text("mine")
    with pytest.raises(BlotError, match="not written by ublot compare"):
        found.save(tmp_path / "else")
    assert (tmp_path / "else" / "thesis.txt").read_text() == "mine"


def test_workbook_has_units_and_no_formulas(tmp_path):
    columns = {"compound": ["=1+1", "<b>\x07"], "concentration_nM": [1.0, math.nan], "ec50_low": [2.5, math.inf]}
    path = tmp_path / "t.xlsx"
    path.write_bytes(xlsx_bytes({"first": columns, "second": {"n": [1]}}))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["first", "second"]
    rows = list(book["first"].iter_rows())
    assert [c.value for c in rows[0]] == ["compound", "concentration [nM]", "ec50_low [nM]"]
    assert [c.value for c in rows[1]] == ["=1+1", 1.0, 2.5] and rows[1][0].data_type == "s"
    assert [c.value for c in rows[2]] == ["<b>", None, "inf"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("time_min", "time [min]"),
        ("mass_kda", "mass [kDa]"),
        ("hmw_area", "hmw_area [signal x px²]"),
        ("ec50_ratio", "ec50_ratio"),
        ("rate_constant_per_min", "rate_constant [1/min]"),
        ("hmw_fraction", "hmw_fraction"),
    ],
)
def test_units(name, header):
    assert header_with_unit(name) == header


# ----------------------------------------------------------------------------------------------------- real, once each
@pytest.fixture(scope="module")
def results(tmp_path_factory, root_images):
    """Results of two simulated blots."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("two_compounds", "dose_series"):
        ublot.analyze(root_images / f"{name}.tif", marker="precision-plus").save(folder / name, report=False)
    return folder


@pytest.fixture(scope="module")
def root_images():
    from pathlib import Path

    return Path(__file__).parents[2] / "test_images"


def test_an_analysis_writes_its_statistics(results, root_images):
    again = ublot.load(results / "two_compounds")
    truth = json.loads((root_images / "two_compounds.truth.json").read_text())["ec50_by_compound_nM"]
    stored = read_csv(results / "two_compounds" / "dose_response.csv", ["ec50_nM", "ec50_low", "ec50_high"])
    fits = again.dose_response.query("quantity == 'relative_hmw'").set_index("compound")
    assert set(fits.index) == set(truth) == {"birinapant", "LCL161"}
    for compound, ec50 in truth.items():
        assert fits.status[compound] == "ok" and fits.ec50_low[compound] < ec50 < fits.ec50_high[compound]
    np.testing.assert_array_equal(stored["ec50_nM"], again.dose_response["ec50_nM"])
    # One lane of each dose: points, but no p.
    samples = again.summary.query("role == 'sample'")
    assert (samples.n == 1).all() and samples.p_vehicle.isna().all() and samples.low.isna().all()
    dmso = again.summary.query("role == 'vehicle' and quantity == 'hmw_fraction'").iloc[0]
    assert dmso.n == 3 and dmso.low < dmso["mean"] < dmso.high


def test_compare_command(results, tmp_path):
    both = results / "two_compounds", results / "dose_series"
    done = run("compare", *both, "--out", tmp_path / "c", "--protein-nM", "80")
    assert done.exit_code == 0, done.output
    assert "fold over DMSO" in done.stdout and "published, secondary" in done.stdout
    assert "EC50 of birinapant over LCL161" in done.stdout and (tmp_path / "c" / "summary.csv").is_file()
    batch = run("compare", results, "--out", tmp_path / "d", "--json")
    assert batch.exit_code == 0
    answer = json.loads(batch.stdout)
    assert {row["compound"] for row in answer["dose_response"]} == {"birinapant", "LCL161"}
    assert run("compare", results, "--out", tmp_path / "d", "--quiet").stdout == ""


def test_compare_command_refuses(results, tmp_path):
    kept = tmp_path / "kept"
    shutil.copytree(results / "dose_series", kept)
    for words, says in [
        ((kept, "--out", kept), "ublot"),
        ((tmp_path / "nothing", "--out", tmp_path / "x"), "no such result folder"),
        ((kept, "--out", tmp_path / "x", "--protein-nM", "none"), "protein-nM"),
        ((kept,), "--out"),
    ]:
        done = run("compare", *words)
        assert done.exit_code == 2 and says in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "x").exists() and ublot.load(kept) == ublot.load(results / "dose_series")


def test_dose_response_command(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["compound;dose_uM;signal", *(f"DMSO;;{1000 + rng.normal(0, 10):.2f}".replace(".", ",") for _ in range(4))]
    for d in (0.001, 0.01, 0.05, 0.2, 1, 5):
        y = 1000 * (0.1 + 0.9 / (1 + d / 0.05)) + rng.normal(0, 10)
        lines.append(f"<script>;{d};{y:.2f}".replace(".", ","))
    path = tmp_path / "plate.csv"
    path.write_text("\n".join(lines))
    done = run("dose-response", path, "--response", "signal", "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["dose_response"]
    assert row["status"] == "ok" and row["ec50_nM"] == pytest.approx(50, rel=0.15) and row["compound"] == "<script>"
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written >= {"dose_response.json", "dose_response.csv", "wells.csv", "doses.csv", "report.html", "curves.svg"}
    assert "<script>;" not in (tmp_path / "out" / "report.html").read_text()
    wells = read_csv(tmp_path / "out" / "wells.csv", ["percent", "dose_nM"])
    assert np.mean(wells["percent"][:4]) == pytest.approx(100) and wells["dose_nM"][4] == 1.0
    assert "IC50 / EC50, nM" in run("dose-response", path, "--response", "signal").stdout
    wrong = run("dose-response", path, "--response", "signal", "--vehicle", "PBS")
    assert wrong.exit_code == 2 and "DMSO" in wrong.stderr and wrong.stderr.count("\n") == 1
    kept = path.read_text()
    assert run("dose-response", path, "--response", "signal", "--out", tmp_path).exit_code == 2
    assert path.read_text() == kept


def test_record_is_json():
    assert json.loads(json_bytes(ublot.compare_blots(three()).record))["protein_nM"] is None


def test_blots_that_differ_in_effect_are_said():
    alike = three()
    assert not ublot.compare_blots(alike).messages
    weak = blot("d.tif", seed=9)
    of_role = zip(weak.lanes["relative_hmw"], weak.lanes["role"], strict=True)
    weak.lanes["relative_hmw"] = [v if role != "sample" else 1 + 0.3 * (v - 1) for v, role in of_role]
    (said,) = ublot.compare_blots([*alike, weak]).messages
    assert "blots differ" in said and "relative_hmw" in said
