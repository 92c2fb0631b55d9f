"""Polarisation from two intensities; K_d and K_i of a probe that changes its brightness, with truth by adding light."""

from __future__ import annotations

import html
import math
import re
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

import ublot
from ublot.cli.app import app
from ublot.dose_response.binding import bound_fraction
from ublot.dose_response.intensities import anisotropy, find_channels, polarisation
from ublot.dose_response.plates import read_plate
from ublot.errors import BlotError


def test_both_by_hand():
    # 300 parallel, 1.2 x 150 = 180 perpendicular: 120 of 480, and 120 of 660.
    assert polarisation(300, 150, 1.2) == (pytest.approx(250.0), pytest.approx(480.0))
    assert anisotropy(300, 150, 1.2) == (pytest.approx(2000 / 11), pytest.approx(660.0))
    assert math.isnan(polarisation(0, 0)[0])


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["compound", "Parallel", "Perpendicular"], ("Parallel", "Perpendicular")),
        (["perp", "par"], ("par", "perp")),
        (["I_VV", "I_VH"], ("I_VV", "I_VH")),
        (["Intensity ∥ (RFU)", "Intensity ⊥ (RFU)"], ("Intensity ∥ (RFU)", "Intensity ⊥ (RFU)")),
        (["S channel", "P channel"], ("S channel", "P channel")),
        (
            ["FP 485/528 x parallel", "fluorescence 485/528 parallel", "fluorescence 485/528 perpendicular"],
            ("fluorescence 485/528 parallel", "fluorescence 485/528 perpendicular"),
        ),
        (["parallel plates", "perpendicular"], None),
        (["parallel"], None),
    ],
)
def test_columns_of_the_intensities(columns, found):
    assert find_channels(columns) == found


ROWS = {
    "compound": ["DMSO", "x", "x", "buffer", "buffer"],
    "role": ["vehicle", "sample", "sample", "blank", "blank"],
    "concentration_nM": [0, 1, 10, 0, 0],
    "parallel": [320, 220, 170, 15, 25],
    "perpendicular": [150, 140, 140, 30, 50],
}


def test_blanks_come_off_both_intensities_before_the_ratio():
    found = read_plate(ROWS, response="mP", g_factor=1.2)
    vehicle, one, ten = [w for w in found.wells if not w.role]
    # Blanks 20 and 40: (300 - 1.2 x 110) / (300 + 1.2 x 110) = 168 / 432, then 80 / 320 and 30 / 270.
    assert vehicle.signal == pytest.approx(1000 * 168 / 432) and vehicle.intensity == pytest.approx(432)
    assert one.signal == pytest.approx(250.0) and ten.signal == pytest.approx(1000 * 30 / 270)
    assert one.percent == pytest.approx(100 * 250 / (1000 * 168 / 432))
    assert any("parallel and perpendicular with G = 1.2" in said for said in found.messages)
    total = read_plate(ROWS, response="anisotropy", g_factor=1.2).wells[1]
    assert total.signal == pytest.approx(1000 * 80 / 440) and total.intensity == pytest.approx(440)


def test_a_number_comes_off_both_and_no_light_is_named():
    rows = {name: values[:3] for name, values in ROWS.items()}
    found = read_plate(
        {**rows, "parallel": [320, 220, 5], "perpendicular": [150, 140, 8]}, response="mP", background=20
    )
    assert [w.signal for w in found.wells] == pytest.approx([1000 * 170 / 430, 1000 * 80 / 320])
    assert any("no light above the background in row 4" in said for said in found.messages)
    assert any("no background subtracted" in said for said in read_plate(rows, response="mP").messages)


def test_the_polarisation_of_a_blank_is_no_background():
    rows = {name: values for name, values in ROWS.items() if name not in {"parallel", "perpendicular"}}
    found = read_plate({**rows, "mP": [200, 150, 100, 90, 90]}, response="mP")
    assert [w.signal for w in found.wells if not w.role] == [200, 150, 100]
    assert any("is no background of mP" in said for said in found.messages)


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({}, {"g_factor": -1}, "option g-factor"),
        ({}, {"background": "perpendicular"}, "not one for each intensity"),
        ({"perpendicular": None}, {}, "no column 'mP'"),
        ({"parallel": None, "mP": [1, 2, 3, 4, 5]}, {"g_factor": 1.1}, "option g-factor"),
    ],
)
def test_what_cannot_be_right_is_refused(change, options, says):
    rows = {name: values for name, values in {**ROWS, **change}.items() if values is not None}
    with pytest.raises(BlotError, match=says):
        read_plate(rows, response="mP", **options)


def light(share, q, g, rng, free=0.06, bound=0.21, scatter=0.04, noise=0.004):
    """Both intensities of probe, `share` of it bound and `q` times as bright in all, pipetted with some scatter."""
    r_free, r_bound = 2 * free / (3 - free), 2 * bound / (3 - bound)
    total = 4000 * (1 - share), 4000 * q * share
    parallel = total[0] * (1 + 2 * r_free) / 3 + total[1] * (1 + 2 * r_bound) / 3
    perpendicular = (total[0] * (1 - r_free) / 3 + total[1] * (1 - r_bound) / 3) / g
    amount = np.exp(rng.normal(0, scatter, len(share)))
    return [side * amount * np.exp(rng.normal(0, noise, len(share))) + 200 for side in (parallel, perpendicular)]


def table(names, doses, both, blanks=6):
    parallel, perpendicular = both
    return {
        "compound": [*names, *["buffer"] * blanks],
        "role": [*[""] * len(names), *["blank"] * blanks],
        "concentration_nM": [*doses, *[0.0] * blanks],
        "parallel": [*parallel, *[200.0] * blanks],
        "perpendicular": [*perpendicular, *[200.0] * blanks],
    }


@pytest.mark.parametrize("q", [0.5, 2.0])
@pytest.mark.parametrize("response", ["mP", "anisotropy"])
def test_kd_with_the_brightness_that_the_intensities_tell(q, response):
    rng = np.random.default_rng(7)
    x = np.concatenate([np.zeros(6), np.repeat(1000 / 2.0 ** np.arange(12), 3)])
    names = ["none" if d == 0 else "BIR3" for d in x]
    rows = table(names, x, light(bound_fraction(x, 10, 8), q, 0.9, rng))
    row = ublot.fit_dose_response(rows, response=response, vehicle="none", probe_nM=10, g_factor=0.9).iloc[0]
    assert row["kd_low"] < 8 < row["kd_high"] and row["kd_nM"] == pytest.approx(8, rel=0.12)
    # In polarisation bound probe weighs by parallel and perpendicular together, in anisotropy by the total intensity.
    larger = (2 + 2 * 0.21 / 2.79) / (2 + 2 * 0.06 / 2.94) if response == "mP" else 1.0
    assert row["intensity_ratio"] == pytest.approx(q * larger, rel=0.1)
    blind = {**rows, "signal": [w.signal for w in read_plate(rows, response=response, g_factor=0.9).wells]}
    for name in ("parallel", "perpendicular"):
        del blind[name]
    wrong = ublot.fit_dose_response(blind, response="signal", vehicle="none", probe_nM=10, background=0).iloc[0]
    assert not wrong["kd_low"] < 8 < wrong["kd_high"]


@pytest.mark.parametrize("response", ["mP", "anisotropy"])
def test_ki_with_a_probe_that_shines_more_when_bound(response):
    rng = np.random.default_rng(11)
    x = np.concatenate([np.zeros(6), np.repeat(10000 / 3.0 ** np.arange(10), 3)])
    rows = table(["DMSO" if d == 0 else "x" for d in x], x, light(bound_fraction(20, 5, 8, x, 40), 1.7, 1.1, rng))
    amounts = {"probe_nM": 5, "protein_nM": 20, "probe_kd_nM": 8, "g_factor": 1.1}
    row = ublot.fit_dose_response(rows, response=response, **amounts).iloc[0]
    assert row["ki_low"] < 40 < row["ki_high"] and row["ki_high"] / row["ki_low"] < 2


@pytest.mark.parametrize("mixed", ["polarisation", "anisotropy"])
def test_polarisation_alone_leaves_open_how_it_is_weighed(mixed):
    # Equally bright by either measure: the interval holds both, and each is off by a few percent at most.
    x = np.concatenate([np.zeros(6), np.repeat(10000 / 3.0 ** np.arange(12), 3)])
    f = bound_fraction(10, 2, 5, x, 200.0)
    if mixed == "polarisation":
        clean = 60 + 160 * f
    else:
        r = (1 - f) * 2 * 0.06 / 2.94 + f * 2 * 0.22 / 2.78
        clean = 3000 * r / (2 + r)
    noisy = clean + np.random.default_rng(1).normal(0, 0.5, len(x))
    rows = [{"compound": "x" if d else "DMSO", "concentration_nM": d, "mP": y} for d, y in zip(x, noisy, strict=True)]
    row = ublot.fit_dose_response(rows, response="mP", protein_nM=10, probe_nM=2, probe_kd_nM=5).iloc[0]
    assert row["ki_low"] < 200 < row["ki_high"] and row["ki_nM"] == pytest.approx(200, rel=0.03)


def test_the_command_takes_intensities_and_writes_how_to_do_it_again(tmp_path):
    rng = np.random.default_rng(3)
    x = np.concatenate([np.zeros(4), np.repeat(1000 / 3.0 ** np.arange(8), 2)])
    rows = table(["none" if d == 0 else "BIR3" for d in x], x, light(bound_fraction(x, 10, 8), 1.0, 0.9, rng))
    lines = [",".join(rows), *(",".join(map(str, cells)) for cells in zip(*rows.values(), strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    asked = ["dose-response", str(tmp_path / "t.csv"), "--response", "mP", "--vehicle", "none", "--probe-nM", "10"]
    done = CliRunner().invoke(app, [*asked, "--g-factor", "0.9", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and "K_d" in done.output
    page = (tmp_path / "out" / "report.html").read_text()
    assert "G = 0.9" in page and "Roehrl" in page
    again = shlex.split(html.unescape(re.search(r"ublot dose-response [^<]*", page)[0]))[1:]
    again[again.index("--out") + 1] = str(tmp_path / "again")
    assert CliRunner().invoke(app, again).exit_code == 0
    one, two = ((tmp_path / name / "dose_response.csv").read_text() for name in ("out", "again"))
    assert one == two and "intensity_ratio" in one
