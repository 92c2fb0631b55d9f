from __future__ import annotations

import pickle

import openpyxl
import pandas as pd
import pytest

from ublot.errors import BlotError
from ublot.inputs.layout import Layout, LayoutRow, find_layout, is_layout_header, read_layout, spelled_out
from ublot.io.tables import read_table

TEXT = """lane,role,compound,concentration_nM,time_min,replicate,group,load,operator
1,marker,,,,,,,
2,vehicle,DMSO,,30,1,HEK,1,Ana
3,sample,LCL161,0.5,30,1,HEK,1.25,Bo
4,negative,,,0,,HEK,,
"""
EXPECTED = (
    LayoutRow(1, "marker", extra={"operator": ""}),
    LayoutRow(2, "vehicle", "DMSO", None, 30.0, "1", "HEK", 1.0, {"operator": "Ana"}),
    LayoutRow(3, "sample", "LCL161", 0.5, 30.0, "1", "HEK", 1.25, {"operator": "Bo"}),
    LayoutRow(4, "negative", "", None, 0.0, "", "HEK", 1.0, {"operator": ""}),
)


def write(tmp_path, text, name="b.layout.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_dialect_gives_the_same_layout(tmp_path, encoding, separator, newline):
    path = write(tmp_path, TEXT.replace(",", separator).replace("\n", newline), encoding=encoding)
    assert read_layout(path).rows == EXPECTED


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_comma(tmp_path, separator):
    text = TEXT.replace(",", separator).replace("0.5", "0,5").replace("1.25", "1,25")
    assert read_layout(write(tmp_path, text)).rows == EXPECTED


def test_three_digits_after_a_decimal_comma_are_decimals(tmp_path):
    text = "lane;role;concentration_nM\n1;sample;3,125\n"
    assert read_layout(write(tmp_path, text)).of(1).concentration_nM == 3.125


def test_cells_are_trimmed_blank_lines_and_order_do_not_matter(tmp_path):
    text = '\n lane , role ,compound\n\n 2 , Sample ,  birinapant \n1,VEHICLE,"Debio 1143, lot 2"\n,,\n'
    layout = read_layout(write(tmp_path, text))
    assert layout.roles == ("vehicle", "sample")
    assert [row.compound for row in layout] == ["Debio 1143, lot 2", "birinapant"]


def test_column_names_in_any_case(tmp_path):
    layout = read_layout(write(tmp_path, "Lane,ROLE,Concentration_nm\n1,sample,5\n"))
    assert layout.of(1).concentration_nM == 5 and layout.extra_columns == ()


def test_xlsx(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in TEXT.splitlines():
        cells = [float(c) if c.replace(".", "").isdigit() else c or None for c in line.split(",")]
        book.active.append(cells)
    book.save(tmp_path / "b.xlsx")
    assert read_layout(tmp_path / "b.xlsx").rows == EXPECTED


def test_frame_mappings_and_layout(tmp_path):
    path = write(tmp_path, TEXT)
    assert read_layout(pd.read_csv(path)).rows == EXPECTED[:1] + tuple(
        LayoutRow(r.lane, r.role, r.compound, r.concentration_nM, r.time_min, r.replicate, r.group, r.load, r.extra)
        for r in EXPECTED[1:]
    )
    layout = read_layout(path)
    assert read_layout(layout) is layout
    assert read_layout(layout.records()) == layout
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert read_layout([{"lane": 1, "role": "vehicle"}, {"lane": 2, "role": "sample", "load": 2}]).of(2).load == 2
    assert read_layout({"lane": [1], "role": ["blank"]}).roles == ("blank",)


def test_numbers_survive_records_exactly():
    odd = 0.1 + 0.2
    layout = read_layout([{"lane": 1, "role": "sample", "concentration_nM": odd}])
    assert layout.of(1).concentration_nM == odd
    assert read_layout(layout.records()).of(1).concentration_nM == odd


def test_vehicle_is_not_guessed_from_the_compound():
    layout = read_layout([{"lane": 1, "role": "sample", "compound": "DMSO"}])
    assert layout.roles == ("sample",)


def test_len_of_and_count(tmp_path):
    layout = read_layout(write(tmp_path, TEXT))
    assert len(layout) == 4 and layout.of(3).compound == "LCL161" and layout.extra_columns == ("operator",)
    assert layout.check_count(None) == layout.check_count(4) == 4
    with pytest.raises(BlotError, match=r"4 rows, but lanes is 12"):
        layout.check_count(12)
    for lane in (0, 5):
        with pytest.raises(BlotError, match=f"no lane {lane}"):
            layout.of(lane)


def test_concentrations_in_any_unit_are_read_as_nM():
    layout = read_layout([{"lane": 1, "role": "sample", "concentration_uM": 5}])
    assert layout.of(1).concentration_nM == 5000 and layout.of(1).extra == {} and layout.notes == ()
    for name, text, value in [
        ("dose (µM)", "0.5", 500), ("Concentration [mM]", "1", 1e6), ("log10 M", "-7", 100), ("conc. nmol/L", "3", 3),
        ("concentration", "2 uM", 2000), ("concentration", "2", None), ("nM", "7", 7),
        ("concentration_nM", "1 µM", 1000), ("concentration_nM", "10uM", 10_000), ("conc (µM)", "20 nM", 20),
    ]:  # fmt: skip
        found = read_layout([{"lane": 1, "role": "sample", name: text}]).of(1).concentration_nM
        assert found == (pytest.approx(value) if value is not None else None)
    rows = [{"lane": n, "role": "sample", "dose": "3", "unit": unit} for n, unit in ((1, "nM"), (2, "µM"))]
    assert [row.concentration_nM for row in read_layout(rows)] == [3, 3000]
    assert read_layout([{"lane": 1, "role": "sample", "gel": "a"}]).notes == ()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"concentration_nM": "1", "concentration_uM": "1"}, "concentration_nM says 1 nM and .* says 1000 nM"),
        ({"concentration_nM": "1", "unit": "uM"}, "the header and the unit 'uM' contradict"),
        ({"concentration_nM": "1", "unit": "mg"}, "'mg' is no unit"),
        ({"concentration_nM": "1 uM", "unit": "nM"}, "contradict"),
    ],
)
def test_units_that_contradict_each_other_are_refused(cells, says):
    with pytest.raises(BlotError, match=says) as caught:
        read_layout([{"lane": 1, "role": "sample", **cells}])
    assert "row 2" in str(caught.value)


def test_points_of_thousands_are_told_from_decimal_points_by_the_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lane;role;concentration_nM\n1;sample;3.000\n2;sample;0,5\n")
    assert [row.concentration_nM for row in read_layout(path)] == [3000.0, 0.5]
    path.write_text("lane;role;concentration_nM;load\n1;sample;10.000;1,5\n2;sample;30;1\n")
    assert [row.concentration_nM for row in read_layout(path)] == [10000.0, 30.0]
    path.write_text("lane;role;concentration_nM\n1;sample;3000\n2;sample;0.001\n3;sample;1.500\n")
    assert [row.concentration_nM for row in read_layout(path)] == [3000, 0.001, 1.5]
    path.write_text("lane;role;concentration_nM\n1;sample;30\n2;sample;3.000\n")
    with pytest.raises(BlotError, match=r"row 3, column concentration_nM: 3\.000 may be 3 or 3000"):
        read_layout(path)
    path.write_text("lane,role,concentration_nM\n1,sample,3.000\n")
    assert read_layout(path).of(1).concentration_nM == 3


def test_a_title_above_the_header_and_a_line_that_names_the_separator(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Gel 12, run by A, May\n\nlane;role;concentration_nM\n1;sample;0,5\n")
    assert read_layout(path).of(1).concentration_nM == 0.5
    path.write_bytes("sep=;\r\nlane;role;concentration_nM\r\n1;sample;0,5\r\n".encode("utf-16"))
    assert read_layout(path).of(1).concentration_nM == 0.5
    path.write_bytes(b"lane;role;Dose (\xb5M)\n1;sample;0,5\n")
    assert read_layout(path).of(1).concentration_nM == 500


def test_a_formula_without_a_stored_value_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["lane", "role", "concentration_nM"])
    book.active.append([1, "sample", "=10*3"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(BlotError, match="cell C2 holds a formula without a stored value"):
        read_layout(tmp_path / "a.xlsx")


HEAD = "lane,role,compound,concentration_nM,time_min,load\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["empty"]),
        ("\n , \n", ["empty"]),
        (HEAD, ["no lanes"]),
        ("role,compound\nsample,x\n", ["'lane' is missing", "role, compound"]),
        ("lane,compound\n1,x\n", ["'role' is missing"]),
        ("lane,role,Role\n1,sample,sample\n", ["'role' occurs twice"]),
        ("lane,role,,load\n1,sample,x,1\n", ["column has no name"]),
        (HEAD + "1,controll,,,,\n", ["row 2, column role", "'controll'", "vehicle (DMSO)", "blank"]),
        (HEAD + "1,untreated,,,,\n", ["row 2, column role", "'untreated'"]),
        (HEAD + "1,control,LCL161,,,\n", ["row 2, column role", "'control'"]),
        (HEAD + "1,DMSO,,,,\n2,Control,,,,\n", ["row 3, column role", "'Control' may be the vehicle or a negative"]),
        (HEAD + "1,,,,,\n", ["row 2, column role", "empty"]),
        (HEAD + "one,sample,,,,\n", ["row 2, column lane", "'one' is not a number"]),
        (HEAD + "1.5,sample,,,,\n", ["row 2, column lane", "whole number"]),
        (HEAD + ",sample,,,,\n", ["row 2, column lane", "empty"]),
        (HEAD + "0,sample,,,,\n", ["row 2, column lane", "0 is too small"]),
        (HEAD + "-1,sample,,,,\n", ["row 2, column lane", "-1 is too small"]),
        (HEAD + "1,sample,,,,\n2,sample,,,,\n1,sample,,,,\n", ["rows 2 and 4", "lane 1 is described twice"]),
        (HEAD + "1,sample,,,,\n3,sample,,,,\n", ["lane 2 is missing", "1 to 2"]),
        (HEAD + "2,sample,,,,\n", ["lane 1 is missing"]),
        (HEAD + "1,sample,x,high,,\n", ["row 2, column concentration_nM", "'high' is not a number"]),
        (HEAD + "1,sample,x,-5,,\n", ["row 2, column concentration_nM", "-5 is below 0"]),
        (HEAD + "1,sample,x,nan,,\n", ["row 2, column concentration_nM", "'nan' is not a number"]),
        (HEAD + "1,sample,x,1e999,,\n", ["row 2, column concentration_nM", "'1e999' is not a number"]),
        (HEAD + '1,sample,x,"1,000",,\n', ["row 2, column concentration_nM", "'1,000' is not a number"]),
        (HEAD + "1,sample,x,5 lanes,,\n", ["row 2, column concentration_nM", "'5 lanes' is not a number"]),
        (HEAD + "1,sample,x,5,-30,\n", ["row 2, column time_min", "-30 is too small"]),
        (HEAD + "1,sample,x,5,30,0\n", ["row 2, column load", "0 is too small", "above 0"]),
        (HEAD + "1,sample,x,5,30,-1\n", ["row 2, column load"]),
        (HEAD + "1,sample,x,5,30,1,extra\n", ["row 2", "7 cells under 6 columns", "double quotes"]),
        ("lane;role;load\n1;sample;1.000,5,2\n", ["row 2, column load", "'1.000,5,2' is not a number"]),
    ],
)
def test_bad_layout_names_place_and_what_is_allowed(tmp_path, text, says):
    with pytest.raises(BlotError) as caught:
        read_layout(write(tmp_path, text))
    line = str(caught.value)
    assert "b.layout.csv" in line and "\n" not in line
    for words in says:
        assert words in line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"lane,role\n1,sample \x81\xb5M\n", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
        (b"lane,role\x00\n", "not a text file"),
    ],
)
def test_not_a_text_table(tmp_path, content, says):
    (tmp_path / "b.csv").write_bytes(content)
    with pytest.raises(BlotError, match=says):
        read_layout(tmp_path / "b.csv")


def test_missing_file_folder_and_broken_workbook(tmp_path):
    with pytest.raises(BlotError, match="layout not found"):
        read_layout(tmp_path / "none.csv")
    with pytest.raises(BlotError, match="is a folder"):
        read_layout(tmp_path)
    (tmp_path / "b.xlsx").write_bytes(b"lane,role\n")
    with pytest.raises(BlotError, match="not a readable workbook"):
        read_layout(tmp_path / "b.xlsx")


@pytest.mark.parametrize("source", [[], None, 3, [1, 2], {"lane": [1, 2], "role": ["sample"]}])
def test_things_that_are_not_a_layout(source):
    with pytest.raises(BlotError, match="layout"):
        read_layout(source)


def test_find_layout_beside_the_image(tmp_path):
    image = tmp_path / "2024.05 blot.tif"
    assert find_layout(image) is None
    (tmp_path / "2024.05 blot.layout.csv").mkdir()
    assert find_layout(image) is None
    (tmp_path / "2024.05 blot.layout.csv").rmdir()
    path = write(tmp_path, TEXT, "2024.05 blot.layout.csv")
    assert find_layout(image) == find_layout(str(image)) == path


def test_a_layout_file_is_not_modified(tmp_path):
    path = write(tmp_path, TEXT)
    before = path.read_bytes(), path.stat().st_mtime_ns
    read_layout(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_layouts_are_values():
    assert read_layout([{"lane": 1, "role": "sample"}]) == Layout((LayoutRow(1, "sample"),))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("concentration", "concentration_nM"), ("Time (h)", "time_min"), ("loaded", "load"), ("compund", "compound"),
    ],
)  # fmt: skip
def test_a_column_by_another_name_is_asked_about(name, meant):
    layout = read_layout([{"lane": 1, "role": "sample", name: "5"}])
    assert layout.notes == (f"layout: column {name!r} is carried along only; is it meant as {meant!r}?",)
    assert layout.of(1).extra == {name: "5"}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("drug", "compound"), ("Treatment", "compound"), ("Sample", "compound"), ("minutes", "time_min"),
        ("Rep.", "replicate"), ("Compound name", "compound"),
    ],
)  # fmt: skip
def test_a_column_by_a_word_that_can_mean_one_thing_is_that(name, column):
    layout = read_layout([{"lane": 1, "role": "sample", name: "5"}])
    value = getattr(layout.of(1), column)
    assert str(value).removesuffix(".0") == "5" and not layout.notes and not layout.extra_columns


def test_of_two_columns_for_one_thing_the_one_by_its_own_name_is_it():
    layout = read_layout([{"lane": 1, "role": "sample", "compound": "A", "drug": "B"}])
    assert layout.of(1).compound == "A" and layout.of(1).extra == {"drug": "B"}
    both = read_layout([{"lane": 1, "role": "sample", "treatment": "A", "drug": "B"}])
    assert both.of(1).compound == "" and "is it meant as 'compound'" in " ".join(both.notes)


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ("Ladder", "marker"), ("MW", "marker"), ("MW marker", "marker"), ("DMSO", "vehicle"), ("DMSO 0.1 %", "vehicle"),
        ("Control", "vehicle"), ("vehicle control", "vehicle"), ("Treated", "sample"), ("no ATP", "negative"),
        ("-ATP", "negative"), ("minus E1", "negative"), ("Neg. control", "negative"), ("t = 0", "negative"),
        ("Empty", "blank"), ("skip", "ignore"),
    ],
)  # fmt: skip
def test_roles_in_the_words_of_a_bench(said, role):
    assert read_layout([{"lane": 1, "role": said}]).roles == (role,)


def test_a_control_says_of_what_by_its_compound():
    rows = [("Control", "DMSO", "vehicle"), ("Control", "no ATP", "negative"), ("ctrl", "", "vehicle")]
    for said, compound, role in rows:
        assert read_layout([{"lane": 1, "role": said, "compound": compound}]).roles == (role,)


def test_without_a_column_of_roles_the_names_of_the_lanes_tell_them(tmp_path):
    path = write(tmp_path, "Lane;Sample;Conc. (µM)\n1;MW;\n2;DMSO;0\n3;LCL161;0,1\n4;LCL161;10\n5;no ATP;\n")
    layout = read_layout(path)
    assert layout.roles == ("marker", "vehicle", "sample", "sample", "negative")
    assert [row.concentration_nM for row in layout] == [None, 0, 100, 10000, None]
    assert "told by its name in 'Sample'" in layout.notes[0]
    with pytest.raises(BlotError, match="'role' is missing"):
        read_layout([{"lane": 1, "sample": "A"}, {"lane": 2, "sample": "B"}])  # nothing says what is the vehicle


def test_a_table_spelled_out_is_the_same_layout(tmp_path):
    path = write(
        tmp_path, "Type;Lane no.;Drug;Dose;Unit;note\nMW;1;;;;a\nCtrl;2;;0;;b\ntest;3;X;1,5;µM;c\ntest;4;X;3;nM;\n"
    )
    table = read_table(path, "layout", is_layout_header)
    plain, notes = spelled_out(table)
    assert plain.columns == ("lane", "role", "compound", "concentration_nM", "note") and notes == ()
    assert [(c["role"], c["concentration_nM"]) for _, c in plain.rows] == [
        ("marker", ""), ("vehicle", "0"), ("sample", "1500"), ("sample", "3"),
    ]  # fmt: skip
    assert read_layout(plain).rows == read_layout(path).rows


@pytest.mark.parametrize("name", ["Concentration nM", "Concentration (nM)", "concentration-nM", "CONCENTRATION_[nM]"])
def test_marks_between_words_of_a_header_do_not_matter(name):
    layout = read_layout([{"lane": 1, "role": "sample", name: 5}])
    assert layout.of(1).concentration_nM == 5 and not layout.notes and not layout.extra_columns


@pytest.mark.parametrize("name", ["gel", "operator", "note", "antibody", "cell line", "x"])
def test_other_columns_are_carried_along_without_a_word(name):
    assert read_layout([{"lane": 1, "role": "sample", name: "5"}]).notes == ()


def test_a_layout_of_more_lanes_than_a_blot_has():
    with pytest.raises(BlotError, match="201 rows; a blot has at most 200 lanes"):
        read_layout([{"lane": n, "role": "sample"} for n in range(1, 202)])
