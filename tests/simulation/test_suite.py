"""The suite: the same blots for everyone, and errors that one can compute by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from ublot import BlotError
from ublot.cli import app
from ublot.simulation import DIFFICULTIES, STRESSES, score_results, suite, write_suite


@pytest.fixture
def hand_made(tmp_path):
    """Two blots of one set with two vehicles and a sample each, and one of a set that is not judged."""
    lanes = [
        {"role": "marker", "group": ""},
        {"role": "vehicle", "group": "", "hmw_fraction": 0.10},
        {"role": "vehicle", "group": "", "hmw_fraction": 0.30},
        {"role": "sample", "group": "", "hmw_fraction": 0.60},
    ]
    blots = {"one": "plain", "two": "plain", "three": "jpeg"}
    (tmp_path / "suite.json").write_text(json.dumps({"suite": "ublot", "version": "1", "blots": blots}))
    for name in blots:
        (tmp_path / f"{name}.truth.json").write_text(json.dumps({"lanes": lanes}))
    return tmp_path


def table(folder, *lines, header="image,lane,hmw_fraction,low,high"):
    path = folder / "results.csv"
    path.write_text("\n".join([header, *lines]))
    return path


def test_errors_are_those_computed_by_hand(hand_made):
    given = table(
        hand_made,
        *("one.tif,2,0.12,0.11,0.13", "one.tif,3,0.28,0.2,0.4", "one.tif,4,0.66,0.5,0.7"),
        *("two.png,2,0.10,,", "two.png,3,0.30,,"),
    )
    plain, jpeg, pooled = score_results(given, hand_made)
    assert (plain["set"], plain["blots"], plain["lanes"]) == ("plain", 2, 6)
    assert plain["scored"] == pytest.approx(5 / 6)
    assert plain["fraction_median"] == pytest.approx(0.02)  # of 0.02, 0.02, 0.06, 0, 0
    assert plain["fraction_bias"] == pytest.approx(0.06 / 5)
    assert plain["fold_median"] == pytest.approx((0.66 / 0.20) / (0.60 / 0.20) - 1)
    assert plain["coverage"] == pytest.approx(2 / 3)
    assert plain["width_median"] == pytest.approx(0.2)
    assert (jpeg["scored"], jpeg["lanes"]) == (0, 3)
    assert math.isnan(jpeg["fraction_median"])
    assert {**plain, "set": "all"} == pooled  # jpeg is not judged


def test_columns_of_ublots_own_table_are_known(hand_made):
    header = "image,lane,role,hmw_fraction,hmw_fraction_low,hmw_fraction_high"
    rows = score_results(table(hand_made, "a/b/one.tif,4,sample,0.6,0.5,0.7", header=header), hand_made)
    assert rows[0]["coverage"] == 1


@pytest.mark.parametrize(
    ("lines", "header", "said"),
    [
        (["one.tif,2"], "image,lane", "hmw_fraction"),
        (["four.tif,2,0.1"], "image,lane,hmw_fraction", "no blot of the suite"),
        (["one.tif,2,0.1", "one.tif,2,0.2"], "image,lane,hmw_fraction", "stands twice"),
        (["one.tif,0,0.1"], "image,lane,hmw_fraction", "counted from 1"),
        (["one.tif,2,high"], "image,lane,hmw_fraction", "not a number"),
    ],
)
def test_tables_that_cannot_be_scored_are_refused_in_one_line(hand_made, lines, header, said):
    with pytest.raises(BlotError, match=said):
        score_results(table(hand_made, *lines, header=header), hand_made)


def test_a_folder_without_a_suite_is_refused(tmp_path):
    with pytest.raises(BlotError, match="holds no suite"):
        score_results(table(tmp_path, "one.tif,2,0.1,,"), tmp_path)


def test_the_blots_of_this_version_are_these():
    blots = list(suite.suite_blots())
    names = [name for name, *_ in blots]
    assert len(set(names)) == len(names) == 53
    assert {kind for _, kind, *_ in blots} <= {*STRESSES, *DIFFICULTIES, "family"}
    assert [seed for _, _, seed, *_ in blots] == list(range(20_000, 20_053))
    assert set(suite.UNJUDGED) <= set(suite.SETS)


def test_the_suite_is_written_scored_and_kept_apart(tmp_path, monkeypatch):
    chosen = [blot for blot in suite.suite_blots() if blot[0] in ("small", "jpeg")]
    monkeypatch.setattr(suite, "suite_blots", lambda: iter(chosen))
    images = write_suite(tmp_path)
    assert [image.name for image in images] == ["small.tif", "jpeg.jpg"]
    # What this version is: other pixels are another version. Rounding may differ from machine to machine.
    assert np.mean(tifffile.imread(images[0]), dtype=float) == pytest.approx(2697.1, rel=1e-4)
    truth = json.loads((tmp_path / "small.truth.json").read_text())["lanes"]
    right = [f"small.tif,{n},{lane['hmw_fraction']}" for n, lane in enumerate(truth, 1) if "hmw_fraction" in lane]
    results = tmp_path / "mine.csv"
    results.write_text("\n".join(["image,lane,hmw_fraction", *right]))
    run = CliRunner().invoke(app, ["benchmark", str(results), "--suite", str(tmp_path), "--json"])
    assert run.exit_code == 0
    small = json.loads(run.stdout)["sets"][0]
    assert (small["set"], small["scored"], small["fraction_p95"], small["fold_p95"]) == ("small", 1, 0, 0)
    (tmp_path / "suite.json").write_text(json.dumps({"suite": "ublot", "version": "0", "blots": {"x": "x"}}))
    with pytest.raises(BlotError, match="another version"):
        write_suite(tmp_path)


def test_options_that_the_suite_does_not_take_are_refused(tmp_path):
    run = CliRunner().invoke(app, ["simulate", str(tmp_path), "--suite", "--seed", "4"])
    assert run.exit_code == 2
