"""Grids, plate maps and exports of plate readers."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import ublot
from ublot.dose_response.plate_grids import grids_of, read_map, well_name
from ublot.dose_response.plates import read_plate
from ublot.dose_response.readers import _readings, readings_of
from ublot.errors import BlotError
from ublot.io.sheets import read_records

EXPORTS = Path(__file__).parents[2].parent / "shared" / "cases" / "plate_exports"
DOSES = [3.0**k for k in range(10)]


def truth(seed=0, shape=(8, 12)):
    """Signals: column 1 is blank, the last the vehicle, and between them a compound with an IC50 of 100."""
    rng = np.random.default_rng(seed)
    columns = shape[1]
    f = np.array([1 / (1 + d / 100) for d in np.geomspace(1, 20000, columns - 2)])
    line = np.concatenate([[0.0], f, [1.0]])
    return 500 + 9000 * line * rng.normal(1, 0.02, shape)


def grid(values, corner="", separator=",", style="{:.0f}"):
    width = len(values[0])
    lines = [separator.join([corner, *(str(k + 1) for k in range(width))])]
    for letter, line in zip(string.ascii_uppercase, values, strict=False):
        lines.append(separator.join([letter, *(v if isinstance(v, str) else style.format(v) for v in line)]))
    return "\n".join(lines) + "\n"


def maps(shape=(8, 12)):
    rows, columns = shape
    names = [["medium", *["x"] * (columns - 2), "DMSO"] for _ in range(rows)]
    doses = [["", *(f"{d / 1000:.6g}" for d in np.geomspace(1, 20000, columns - 2)), "0"] for _ in range(rows)]
    roles = [["blank", *["sample"] * (columns - 2), "vehicle"] for _ in range(rows)]
    return names, doses, roles


@pytest.mark.parametrize("shape", [(8, 12), (16, 24)])
@pytest.mark.parametrize(("separator", "style"), [(",", "{:.2f}"), ("\t", "{:.2f}"), (";", "german")])
def test_a_bare_grid_with_maps_as_grids(tmp_path, shape, separator, style):
    values = truth(shape=shape)
    text = [[f"{v:.2f}".replace(".", ",") if style == "german" else f"{v:.2f}" for v in line] for line in values]
    (tmp_path / "plate.csv").write_text("Raw data\n\n" + grid(text, separator=separator))
    names, doses, roles = maps(shape)
    sheet = grid(names, "compound") + "\n" + grid(doses, "concentration (uM)") + "\n" + grid(roles, "role")
    (tmp_path / "map.csv").write_text(sheet)
    found = read_plate(tmp_path / "plate.csv", response="signal", plate_map=tmp_path / "map.csv")
    percent = {w.well: w.percent for w in found.wells}
    # By hand: the mean of the first column off, over the mean of the last.
    blank, vehicle = np.round(values[:, 0], 2).mean(), np.round(values[:, -1], 2).mean()
    assert percent["B5"] == pytest.approx(100 * (round(values[1, 4], 2) - blank) / (vehicle - blank))
    assert len(percent) == values.size
    frame = ublot.fit_dose_response(tmp_path / "plate.csv", response="signal", plate_map=tmp_path / "map.csv")
    assert frame["ec50_low"][0] < 100 < frame["ec50_high"][0]


def test_a_map_in_several_files_or_as_a_list(tmp_path):
    names, doses, roles = maps()
    (tmp_path / "plate.csv").write_text(grid(truth()))
    for stem, cells in (("compounds", names), ("conc_uM", doses), ("roles", roles)):
        (tmp_path / f"{stem}.csv").write_text(grid(cells))
    files = ",".join(str(tmp_path / f"{stem}.csv") for stem in ("compounds", "conc_uM", "roles"))
    rows = ["well,compound,concentration_uM,role"]
    for i in range(8):
        rows += [f"{'ABCDEFGH'[i]}{j + 1:02d},{names[i][j]},{doses[i][j]},{roles[i][j]}" for j in range(12)]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    first, second = (
        read_plate(tmp_path / "plate.csv", response="signal", plate_map=m) for m in (files, tmp_path / "list.csv")
    )
    assert {(w.well, w.percent, w.dose_nM) for w in first.wells if not w.role} == {
        (w.well, w.percent, w.dose_nM) for w in second.wells if not w.role
    }


def test_several_plates_under_one_another_are_plates(tmp_path):
    (tmp_path / "plate.csv").write_text("Plate 1\n" + grid(truth(0)) + "\nPlate 2\n" + grid(3 * truth(1)))
    names, doses, roles = maps()
    sheet = grid(names, "compound") + grid(doses, "concentration_uM") + grid(roles, "role")
    (tmp_path / "map.csv").write_text(sheet)
    found = read_plate(tmp_path / "plate.csv", response="signal", plate_map=tmp_path / "map.csv").wells
    for name in ("Plate 1", "Plate 2"):
        own = [w.percent for w in found if w.vehicle and w.plate == name]
        assert len(own) == 8 and np.mean(own) == pytest.approx(100)


def test_a_grid_without_a_map_asks_for_one(tmp_path):
    (tmp_path / "plate.csv").write_text(grid(truth()))
    with pytest.raises(BlotError, match=r"recognised a grid with 96 wells .*plate map is missing.*--plate-map"):
        read_plate(tmp_path / "plate.csv", response="signal")
    (tmp_path / "map.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BlotError, match="neither a list of wells nor grids"):
        read_plate(tmp_path / "plate.csv", response="signal", plate_map=tmp_path / "map.csv")


def test_units_that_a_map_does_not_give_are_said(tmp_path):
    names, doses, _ = maps()
    (tmp_path / "map.csv").write_text(grid(names) + grid(doses))
    said = []
    table = read_map(tmp_path / "map.csv", said)
    assert table.columns == ("well", "compound", "concentration_nM") and "taken as nM" in said[0]


def test_parts_of_grids():
    assert well_name("a01") == "A1" and well_name("P24") == "P24" and well_name("Z1") == "Z1"
    rows = [["", *map(str, range(1, 13))], ["A", "5"], ["B", "", "7"], ["x"]]
    (found,) = grids_of(rows)
    assert found.wells() == [("A1", "5", 2), ("B2", "7", 3)] and len(found.cells) == 8
    assert grids_of([["", "1", "2", "3"], ["A", "1", "2", "3"]]) == []


@pytest.mark.parametrize("name", ["softmax", "gen5"])
def test_a_short_export_that_holds_the_grid_is_read_as_one(tmp_path, name):
    values = truth()
    if name == "softmax":
        head = "##BLOCKS= 1\nPlate:\tPlate1\t1.3\tPlateFormat\tEndpoint\n\tTemperature\t"
        body = [
            f"\t{'25.0' if i == 0 else ''}\t" + "\t".join(f"{v:.0f}" for v in line) for i, line in enumerate(values)
        ]
        text = head + "\t".join(map(str, range(1, 13))) + "\n" + "\n".join(body) + "\n~End\n"
    else:
        text = "Software Version\t3.0\n\nExperiment File Path:\tx.xpt\n\nResults\n" + grid(values, separator="\t")
    (tmp_path / "t.txt").write_text(text)
    names, doses, roles = maps()
    sheet = grid(names, "compound") + grid(doses, "concentration_uM") + grid(roles, "role")
    (tmp_path / "map.csv").write_text(sheet)
    found = read_plate(tmp_path / "t.txt", response="fluorescence", plate_map=tmp_path / "map.csv").wells
    assert next(w.signal for w in found if w.well == "C4") == pytest.approx(
        np.round(values[2, 3]) - np.round(values[:, 0]).mean()
    )


@pytest.mark.parametrize(
    ("name", "well", "measurement", "value"),
    [
        ("bmg_mars1.csv", "B3", "absorbance 1", 0.012),
        ("magellan.xlsx", "B1", "absorbance 595", 0.2118),
        ("softmax1.txt", "A1", "fluorescence 404/445", 2138332.25),
        ("gen5_fl.txt", "A1", "fluorescence 360/460", 8940),
    ],
)
def test_real_exports(name, well, measurement, value):
    pytest.importorskip("allotropy", reason="allotropy stands in an environment of its own")
    if not (EXPORTS / name).is_file():
        pytest.skip("../shared/cases not beside the project")
    _, readings = readings_of(EXPORTS / name, read_records(EXPORTS / name))
    found, *_ = [r for r in readings if (r.well, r.measurement) == (well, measurement)]
    assert float(found.value) == value


def test_an_export_without_the_extra_is_one_clear_line(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "allotropy", None)
    monkeypatch.setitem(sys.modules, "allotropy.parser_factory", None)
    (tmp_path / "t.csv").write_text("User: a,Path: b,Test run no.: 1\nTest name: x\n\nnothing\n")
    with pytest.raises(BlotError, match=r"BMG MARS takes the package allotropy.*ublot\[plates\]"):
        read_plate(tmp_path / "t.csv", response="signal")


# ----------------------------------------------------------------------------- i-control, and lists of all kinds
def icontrol(*parts):
    """Rows of an export in the layout of Tecan's i-control."""
    head = [["Application: Tecan i-control", "", "", "", "Tecan i-control , 2.0.10.0"], ["Device: infinite 200Pro"], []]
    head += [["Plate", "", "", "", "Greiner 96 Flat Black [GRE96fb]"], []]
    return [*head, *(row for part in parts for row in part), ["End Time:", "1.2.2026 10:01:00"]]


def endpoint(name, values):
    settings = [[f"Label: {name}"], ["Mode", "", "", "", "Fluorescence Top Reading"], [], ["", "Temperature: 24.1 °C"]]
    lines = [["ABCDEFGH"[i], *(f"{v:.0f}" for v in line)] for i, line in enumerate(values)]
    return [*settings, ["<>", *map(str, range(1, 13))], *lines, [], []]


def saved(path, rows):
    if path.suffix == ".csv":
        path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
        return path
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([float(c) if c.replace(".", "", 1).isdigit() else c for c in row])
    book.save(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_labels_of_an_i_control_export_are_measurements(tmp_path, kind):
    values = truth()
    rows = icontrol(endpoint("Resazurin", values), endpoint("GFP", values / 10))
    path = saved(tmp_path / f"t.{kind}", rows)
    maker, readings = readings_of(path, read_records(path))
    assert maker == "an export of Tecan i-control" and {r.measurement for r in readings} == {"Resazurin", "GFP"}
    found = {(r.measurement, r.well): float(r.value) for r in readings}
    assert found["Resazurin", "C4"] == round(values[2, 3]) and found["GFP", "H12"] == round(values[7, 11] / 10)
    names, doses, roles = maps()
    (tmp_path / "map.csv").write_text(grid(names, "compound") + grid(doses, "concentration_nM") + grid(roles, "role"))
    with pytest.raises(BlotError, match=r"no measurement 'signal' in .*i-control with 96 wells \(Resazurin; GFP\)"):
        read_plate(path, response="signal", plate_map=tmp_path / "map.csv")
    wells = read_plate(path, response="GFP", plate_map=tmp_path / "map.csv").wells
    assert next(w.signal for w in wells if w.well == "C4") == pytest.approx(
        np.round(values[2, 3] / 10) - np.round(values[:, 0] / 10).mean()
    )


WELLS = [f"{letter}{k}" for letter in "AB" for k in range(1, 4)]


@pytest.mark.parametrize("along", ["down", "across"])
def test_time_courses_in_lists(tmp_path, along):
    at = {0: 10.0, 600: 20.0}
    if along == "down":
        heads = [
            ["Label: Resazurin"],
            ["Cycle Nr.", "1", "2"],
            ["Time [s]", *map(str, at)],
            ["Temp. [°C]", "37.1", "37"],
        ]
        rows = [*heads, *([w, *(f"{v + i}" for v in at.values())] for i, w in enumerate(WELLS))]
    else:
        rows = [["Resazurin:530"], ["Cycle Nr.", "Time [s]", "Temp. [°C]", *WELLS]]
        lines = [[f"{v + i}" for i in range(6)] for v in at.values()]
        rows += [[str(k), str(t), "37", *line] for k, (t, line) in enumerate(zip(at, lines, strict=True), 1)]
    path = saved(tmp_path / "t.csv", icontrol(rows))
    _, readings = readings_of(path, read_records(path))
    assert {(r.well, r.time_min): float(r.value) for r in readings} == {
        (w, t / 60): v + i for i, w in enumerate(WELLS) for t, v in at.items()
    }
    assert len(readings) == 12 and {r.measurement for r in readings} == {
        "Resazurin" if along == "down" else "Resazurin:530"
    }


@pytest.mark.parametrize(
    ("head", "measurement"),
    [(["Well", "Plate", "RFU", "Temp"], "RFU"), (["Well positions", "Plate", "Label1", "Time [s]"], "Label1")],
)
def test_a_list_of_wells_takes_a_map_as_a_grid_does(tmp_path, head, measurement):
    rows = [[f"{w[0]}0{w[1]}", f"P{k}", f"{100 * k + i}", "37"] for k in (1, 2) for i, w in enumerate(WELLS)]
    path = saved(tmp_path / "t.csv", [["ID", "", "", ""], head, *rows])
    with pytest.raises(BlotError, match=rf"recognised a list of wells with 12 wells \({measurement}\); a plate map"):
        read_plate(path, response=measurement)
    (tmp_path / "m.csv").write_text("well,compound,concentration_nM\n" + "".join(f"{w},DMSO,0\n" for w in WELLS))
    found = read_plate(path, response=measurement, plate_map=tmp_path / "m.csv").wells
    assert {(w.plate, w.well): w.signal for w in found} == {
        (f"P{k}", w): 100 * k + i for k in (1, 2) for i, w in enumerate(WELLS)
    }


def test_grids_of_both_directions_of_light_give_polarisation(tmp_path):
    values = truth()
    (tmp_path / "t.csv").write_text(grid(values, "Parallel") + "\n" + grid(values / 2, "Perpendicular"))
    (tmp_path / "m.csv").write_text("well,compound,concentration_nM\nA1,DMSO,0\nA2,x,10\n")
    found = read_plate(tmp_path / "t.csv", response="mP", plate_map=tmp_path / "m.csv", g_factor=1.5).wells
    assert [w.signal for w in found] == pytest.approx([1000 * (1 - 0.75) / 1.75] * 2, rel=1e-3)


def test_readings_of_one_name_are_told_apart(tmp_path):
    rows = icontrol(endpoint("Label1", truth()), endpoint("Label1", 2 * truth()))
    path = saved(tmp_path / "t.csv", rows)
    _, readings = readings_of(path, read_records(path))
    assert {r.measurement for r in readings} == {"Label1", "Label1 read 2"}
    (tmp_path / "m.csv").write_text("well,compound,concentration_nM\nA1,DMSO,0\nA2,x,10\n")
    found = read_plate(path, response="Label1", plate_map=tmp_path / "m.csv")
    assert any("was read 2 times: the first is taken" in said for said in found.messages)
    assert found.wells[0].signal == round(truth()[0, 0])


def test_an_export_without_values_of_wells_is_one_clear_line(tmp_path):
    path = saved(tmp_path / "t.csv", icontrol([["Label: scan"], ["Wavel.", "400", "402"]]))
    with pytest.raises(BlotError, match="recognised an export of Tecan i-control, in which no well has an end point"):
        read_plate(path, response="scan", plate_map=path)


def test_a_part_of_a_plate_under_its_corner(tmp_path):
    values = truth()
    rows = [
        ["<>", "3", "4", "5"],
        *([letter, *(f"{v:.0f}" for v in values[i, 2:5])] for i, letter in ((2, "C"), (3, "D"))),
    ]
    path = saved(tmp_path / "t.csv", icontrol([["Label: x"], *rows], endpoint("GFP", values)))
    _, readings = readings_of(path, read_records(path))
    found = {r.well: float(r.value) for r in readings if r.measurement == "x"}
    assert found == {f"{'ABCD'[i]}{j + 1}": float(f"{values[i, j]:.0f}") for i in (2, 3) for j in (2, 3, 4)}
    assert sum(r.measurement == "GFP" for r in readings) == 96


def test_wells_in_a_line_with_their_values_under_them(tmp_path):
    rows = [["Application: SparkControl", "V3"], ["Name", "GRE96ft"]]
    for name, first in (("434nm", 1.0), ("560nm", 2.0)):
        rows += [
            ["Name", name],
            ["<>", *WELLS],
            ["Value", *(f"{first + k / 10:g}" for k in range(6))],
            ["End Time", "x"],
        ]
    path = saved(tmp_path / "t.csv", rows)
    _, readings = readings_of(path, read_records(path))
    assert {(r.measurement, r.well): float(r.value) for r in readings} == {
        (name, w): pytest.approx(first + k / 10)
        for name, first in (("434nm", 1), ("560nm", 2))
        for k, w in enumerate(WELLS)
    }


def test_what_the_library_marks_as_no_number_is_no_zero():
    def measured(well, value, error=None):
        said = {"error document": [{"error": error, "error feature": "Absorbance"}]}
        return {
            "sample document": {"well plate identifier": "P", "location identifier": well},
            "absorbance": {"value": value, "unit": "mAU"},
            **({"error aggregate document": said} if error else {}),
        }

    wells = [measured("A1", -0.0, "nan"), measured("A2", -0.0, "OVRFLW"), measured("A3", -0.0), measured("A4", 0.5)]
    document = {"plate reader document": [{"measurement aggregate document": {"measurement document": wells}}]}
    assert [(r.well, r.value) for r in _readings(document)] == [
        ("A1", ""),
        ("A2", "OVRFLW"),
        ("A3", "-0.0"),
        ("A4", "0.5"),
    ]


def test_several_plates_of_gen5_are_read_one_by_one(tmp_path):
    pytest.importorskip("allotropy", reason="allotropy stands in an environment of its own")
    plates = [truth(seed) for seed in (1, 2)]
    text = ""
    for k, values in enumerate(plates, 1):
        text += "\n\nSoftware Version\t3.12.08\n\n\n\nExperiment File Path:\tC:\\x.xpt\n"
        text += "Protocol File Path:\tC:\\x.prt\n\n\n\n"
        text += f"Plate Number\tPlate {k}\nDate\t10/10/2022\nTime\t8:49:40 PM\nReader Type:\tSynergy H1\n"
        text += "Reader Serial Number:\t1\nReading Type\tReader\n\nProcedure Details\n\nPlate Type\t96 WELL PLATE\n"
        text += (
            "Read\tx\n\tFluorescence Endpoint\n\tFull Plate\n\tFilter Set 1\n\t    Excitation: 540,  Emission: 590\n"
        )
        text += "\t    Optics: Top,  Gain: 35\n\nResults\n"
        table = grid(values, separator="\t").rstrip("\n").split("\n")
        text += "\n".join([table[0], *(f"{line}\tx:540,590" for line in table[1:])]) + "\n"
    path = tmp_path / "t.txt"
    path.write_text(text)
    maker, readings = readings_of(path, read_records(path))
    assert maker == "an export of Gen5"
    assert {(r.plate, r.well): float(r.value) for r in readings} == {
        (f"Plate {k}", f"{string.ascii_uppercase[i]}{j + 1}"): round(values[i, j])
        for k, values in enumerate(plates, 1)
        for i in range(8)
        for j in range(12)
    }


def test_a_grid_and_its_map_with_decimal_commas(tmp_path):
    def german(value):
        return f"{value:,.1f}".replace(",", "_").replace(".", ",").replace("_", ".")

    values = [[german(v) for v in line] for line in 10 * truth()]
    (tmp_path / "t.csv").write_text(grid(values, separator=";"))
    names, doses, roles = maps()
    commas = [[dose.replace(".", ",") for dose in line] for line in doses]
    sheet = grid(names, "compound", ";") + grid(commas, "concentration_uM", ";") + grid(roles, "role", ";")
    (tmp_path / "map.csv").write_text(sheet)
    found = read_plate(tmp_path / "t.csv", response="rfu", plate_map=tmp_path / "map.csv").wells
    raw = np.round(10 * truth(), 1)
    well = next(w for w in found if w.well == "C4")
    assert well.signal == pytest.approx(raw[2, 3] - raw[:, 0].mean())
    assert well.dose_nM == pytest.approx(np.geomspace(1, 20000, 10)[2], rel=1e-4)
    # 9.123 in every well may be nine thousand or nine.
    values = [[f"{v:,.0f}".replace(",", ".") for v in line] for line in 1000 + truth()]
    (tmp_path / "t.csv").write_text(grid(values, separator=";"))
    with pytest.raises(BlotError, match=r"well A1: 1\.\d{3} may be 1\.\d+ or 1\d{3}"):
        read_plate(tmp_path / "t.csv", response="rfu", plate_map=tmp_path / "map.csv")
