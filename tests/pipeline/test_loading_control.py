"""Loads from a second picture of the membrane, painted here with known amounts."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

import ublot
from ublot import BlotError
from ublot.cli.app import app
from ublot.inputs.loads import loads_from_file

ROWS, COLS, LANES = 300, 520, 8
LOADS = np.array([0.7, 1.3, 1.0, 0.85, 1.15, 1.2, 0.8, 1.0])


def picture(amounts, *, seed=1, peak=9000.0, ceiling=65535):
    """One band per lane on an uneven membrane; the fourth lane has a scratch of dust beside its band."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0:COLS].astype(float)
    image = 2500 + 900 * np.sin(x / 170) * np.cos(y / 120)
    for i, amount in enumerate(amounts):
        centre = 40 + 62 * i
        across = 1 / (1 + np.exp((np.abs(x - centre) - 20) / 1.5))
        image += peak * amount * across * np.exp(-0.5 * ((y - 160 - 0.05 * (i - 4) ** 2) / 6) ** 2)
    image[60:64, 40 + 62 * 3 : 44 + 62 * 3] += 20000
    image += rng.normal(0, 1, image.shape) * np.sqrt(1600 + image)
    return np.clip(image, 0, ceiling).astype(np.uint16)


def layout(dilution=None):
    rows = [{"lane": i + 1, "role": "vehicle" if i < 2 else "sample"} for i in range(LANES)]
    for row, amount in zip(rows, dilution or [], strict=False):
        row["dilution"] = amount
    return rows


@pytest.mark.parametrize("control", ["band", "total"])
def test_loads_are_the_amounts_painted(control):
    found = ublot.measure_loading(picture(LOADS), layout=layout(), control=control, polarity="light-on-dark")
    assert found["lane"] == list(range(1, LANES + 1))
    assert found["load"] == pytest.approx(LOADS / LOADS.mean(), rel=0.02 if control == "band" else 0.06)
    inside = [
        low <= true <= high
        for low, true, high in zip(found["load_low"], LOADS / LOADS.mean(), found["load_high"], strict=True)
    ]
    assert sum(inside) >= 6
    # the lane's width alone is known to a hundredth; pixels and background add less than three
    reach = 0.5 * (np.array(found["load_high"]) - found["load_low"]) / found["load"]
    assert (reach > 0.015).all() and (reach < 0.12).all()


def test_a_lane_at_the_ceiling_has_no_load():
    image = picture(LOADS, peak=40000.0, ceiling=50000)
    found = ublot.measure_loading(image, layout=layout(), polarity="light-on-dark")
    clipped = 40000 * LOADS > 47500
    assert np.isnan(found["load"]).tolist() == clipped.tolist()
    assert all("saturated" in flags for flags, bad in zip(found["flags"], clipped, strict=True) if bad)


def test_a_control_that_levels_off_is_refused():
    """A series pipetted 0.25 to 2: a control that saturates biologically keeps an intercept."""
    amounts = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0])
    rows = layout([f"{a:g}" for a in amounts])
    good = ublot.measure_loading(picture(0.6 * amounts), layout=rows, polarity="light-on-dark")
    assert good["dilution"] == [f"{a:g}" for a in amounts]
    with pytest.raises(ublot.BlotError, match="not proportional"):
        ublot.measure_loading(picture(amounts / (1 + amounts)), layout=rows, polarity="light-on-dark")


def test_from_the_picture_to_normalise(tmp_path):
    image, table = tmp_path / "actin.tif", tmp_path / "layout.csv"
    tifffile.imwrite(image, picture(LOADS))
    table.write_text("lane,role\n" + "\n".join(f"{i},sample" for i in range(1, LANES + 1)), encoding="utf-8")
    words = ["loading", str(image), "--layout", str(table), "--polarity", "light-on-dark"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    loads = tmp_path / "actin.loads.csv"
    pairs = loads_from_file(loads)
    assert [value for _, value in pairs] == pytest.approx(LOADS / LOADS.mean(), rel=0.02)
    with loads.open(encoding="utf-8-sig") as handle:
        assert next(csv.reader(handle))[:4] == ["lane", "load", "load_low", "load_high"]
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 2 and loads_from_file(loads) == pairs


def test_a_picture_without_a_band():
    noise = np.random.default_rng(3).normal(3000, 50, (ROWS, COLS)).astype(np.uint16)
    with pytest.raises(ublot.BlotError, match=r"no lanes found|no band"):
        ublot.measure_loading(noise, polarity="light-on-dark")


# ------------------------------------------------------------------------------------------- lanes of the blot itself
@pytest.fixture(scope="module")
def blot():
    """The target on the same membrane: a marker in the first lane, an empty last lane, other amounts."""
    amounts = np.array([0.0, *LOADS[::-1], 0.0])
    image = shifted(amounts, 0).astype(float)
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    for row in (40, 70, 100, 130, 170, 210, 240):
        image += 7000 * np.exp(-0.5 * ((y - row) / 4) ** 2) / (1 + np.exp((np.abs(x - 40) - 20) / 1.5))
    return ublot.analyze(image.astype(np.uint16), layout=ends(), polarity="light-on-dark", ladder=False)


def ends():
    middle = [{"lane": i + 2, "role": "vehicle" if i < 2 else "sample"} for i in range(LANES)]
    return [{"lane": 1, "role": "marker"}, *middle, {"lane": LANES + 2, "role": "blank"}]


def shifted(amounts, by, seed=2):
    """Ten lanes, all moved to the right."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:ROWS, 0 : COLS + 120].astype(float)
    image = 2500 + 900 * np.sin(x / 170) * np.cos(y / 120)
    for i, amount in enumerate(amounts):
        across = 1 / (1 + np.exp((np.abs(x - 40 - 62 * i - by) - 20) / 1.5))
        image += 9000 * amount * across * np.exp(-0.5 * ((y - 160) / 6) ** 2)
    return (image + rng.normal(0, 1, image.shape) * np.sqrt(1600 + image)).astype(np.uint16)


@pytest.mark.parametrize("by", [-20, 0, 9, 35])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_lanes_like_the_blots_are_never_one_off(blot, by, scale):
    control = shifted([0, *LOADS, 0], by)
    if scale != 1:
        control = cv2.resize(control, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    found = ublot.measure_loading(control, like=blot, polarity="light-on-dark")
    assert found["load"][1:-1] == pytest.approx(LOADS / LOADS.mean(), rel=0.03)
    assert np.isnan([found["load"][0], found["load"][-1]]).all()
    assert found.get("moved_px", [0.0])[0] == pytest.approx(by * scale, abs=3)


@pytest.mark.parametrize("rows", [LANES + 2, LANES + 1])
def test_lanes_found_apart_are_not_one_off_where_the_marker_is_dark(rows):
    found = ublot.measure_loading(shifted([0, *LOADS, 0], 0), layout=ends()[:rows], polarity="light-on-dark")
    assert found["load"][1 : LANES + 1] == pytest.approx(LOADS / LOADS.mean(), rel=0.05)


def test_a_control_of_another_membrane_is_refused(blot):
    empty = shifted(np.zeros(LANES), 0)
    with pytest.raises(BlotError, match=r"do not show on this picture|no band that the lanes share"):
        ublot.measure_loading(np.ascontiguousarray(empty), like=blot, polarity="light-on-dark")
    with pytest.raises(BlotError, match="at another scale"):
        ublot.measure_loading(shifted([0, *LOADS, 0], 0)[:200], like=blot, polarity="light-on-dark")


def test_like_on_the_command_line(blot, tmp_path):
    tifffile.imwrite(tmp_path / "actin.tif", shifted([0, *LOADS, 0], 9))
    blot.save(tmp_path / "blot.ublot")
    words = ["loading", str(tmp_path / "actin.tif"), "--like", str(tmp_path / "blot.ublot")]
    done = CliRunner().invoke(app, [*words, "--polarity", "light-on-dark"])
    assert done.exit_code == 0, done.output
    assert "right of the blot's lanes" in done.output
    with (tmp_path / "actin.loads.csv").open() as file:
        loads = [row["load"] for row in csv.DictReader(file)]
    assert [float(load) for load in loads[1:-1]] == pytest.approx(LOADS / LOADS.mean(), rel=0.03)
