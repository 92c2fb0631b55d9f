from __future__ import annotations

import contextlib
import csv
import io
import math
import re
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ublot.errors import BlotError
from ublot.io.columns import csv_bytes, read_csv
from ublot.io.tables import number, read_table


def test_floats_read_back_exactly(tmp_path):
    values = [0.1 + 0.2, 1 / 3, -1e-300, 12.0, 123456789.123456789, math.nan, 0.0]
    (tmp_path / "t.csv").write_bytes(csv_bytes({"a": np.array(values), "lane": range(1, 8)}))
    back = read_csv(tmp_path / "t.csv", numeric={"a"})
    np.testing.assert_array_equal(back["a"], values)
    assert back["lane"] == [str(i) for i in range(1, 8)]
    assert pd.read_csv(tmp_path / "t.csv")["a"].iloc[:5].tolist() == pytest.approx(values[:5], rel=1e-15)


def test_missing_values_are_empty_and_whole_numbers_short():
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": pd.array([1, None], dtype="Int64"), "z": ["a", None]})
    assert csv_bytes(frame).decode() == "x,y,z\n1,1,a\n,,\n"


def test_fewer_digits_on_request():
    assert csv_bytes({"x": [1 / 3, math.nan], "y": [1, 2]}, digits=4).decode() == "x,y\n0.3333,1\n,2\n"


TEXTS = [
    "\uff1d1+1",
    "\uff20SUM(A1)",
    "\n=1",
    "=1+1",
    "+cmd",
    "-x",
    "@SUM(A1)",
    "'=x",
    "''@x",
    "\tx",
    "plain",
    "-5",
    "+1.5e3",
    "'quoted'",
    'a,b\n"c"',
    "µM",
    "-",
]


def test_formulas_are_neutralised_and_restored(tmp_path):
    raw = csv_bytes({"compound": TEXTS, "=evil": TEXTS})
    (tmp_path / "t.csv").write_bytes(raw)
    cells = [cell for row in csv.reader(io.StringIO(raw.decode())) for cell in row]
    assert not any(c.startswith(("=", "@", "\t")) or (c[:1] in "+-" and c not in {"-5", "+1.5e3"}) for c in cells)
    assert "-5" in cells
    back = read_csv(tmp_path / "t.csv")
    assert back == {"compound": TEXTS, "=evil": TEXTS}


def test_a_layout_that_was_exported_neutral_is_read_as_it_was(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv_bytes({"=lane": ["1"], "compound": ["=1+1"]}))
    assert path.read_text() == "'=lane,compound\n1,'=1+1\n"
    table = read_table(path)
    assert table.columns == ("=lane", "compound") and table.rows == ((2, {"=lane": "1", "compound": "=1+1"}),)


def workbook(tmp_path, edit, name="t.xlsx"):
    """A small workbook whose sheet is changed by `edit`."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["lane", "role"], [1, "sample"], [2, "blank"]):
        book.active.append(row)
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as old, zipfile.ZipFile(tmp_path / name, "w", 8) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, edit(content) if part.endswith("sheet1.xml") else content)
    return tmp_path / name


def test_a_sheet_that_claims_to_be_huge_is_read_by_what_it_holds(tmp_path):
    path = workbook(tmp_path, lambda xml: re.sub(rb'ref="[A-Z0-9:]+"', b'ref="A1:XFD1048576"', xml, count=1))
    begin = time.perf_counter()
    assert len(read_table(path).rows) == 2
    assert time.perf_counter() - begin < 2


def test_a_packed_workbook_of_zeros_is_refused_before_it_is_unpacked(tmp_path):
    path = workbook(tmp_path, lambda xml: xml + b" " * 300_000_000)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(BlotError, match="packed beyond"):
        read_table(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_tables_beyond_any_size_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "1\n" * 50)
    monkeypatch.setattr("ublot.io.sheets.MOST_ROWS", 40)
    with pytest.raises(BlotError, match="more than 40 rows"):
        read_table(path)
    monkeypatch.setattr("ublot.io.sheets.MOST_BYTES", 50)
    with pytest.raises(BlotError, match="too large"):
        read_table(path)


TEXT = st.text(max_size=12) | st.sampled_from(TEXTS)


@given(st.dictionaries(TEXT, st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=4))
def test_any_text_comes_back_and_none_runs(columns):
    # A carriage return inside a quoted cell is the one thing that CSV readers do not agree about.
    plain = str.maketrans("\r\0", "  ")
    columns = {k.translate(plain): [v.translate(plain) for v in values] for k, values in columns.items()}
    raw = csv_bytes(columns)
    for cell in (cell for row in csv.reader(io.StringIO(raw.decode(), newline="")) for cell in row):
        assert not cell.startswith(("=", "@", "\t", "\uff1d")) and (
            cell[:1] not in ("+", "-") or number(cell) is not None
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(raw)
        if any(any(values) for values in columns.values()) or len(columns) > 1:
            assert read_csv(path) == columns


@given(st.binary(max_size=200), st.sampled_from([".csv", ".xlsx"]))
def test_any_bytes_are_a_table_or_refused(content, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(content)
        with contextlib.suppress(BlotError):
            read_table(path)


def test_columns_of_unequal_length_are_a_programming_error():
    with pytest.raises(ValueError, match="zip"):
        csv_bytes({"a": [1], "b": [1, 2]})


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\nx,1\n", ""])
def test_damaged_table(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BlotError, match="damaged table"):
        read_csv(tmp_path / "t.csv", numeric={"a", "b"})


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1 000", "", "0x10", "1e400", "\u0661", "1,5"])
def test_not_a_number(text):
    with pytest.raises(ValueError, match="not a number"):
        number(text)


def test_number():
    assert number("+.5") == 0.5 and number("5.") == 5 and number("1,5", decimal_comma=True) == 1.5


@pytest.mark.parametrize("rows", [0, 1, 3, 6, 7])
def test_rows_of_numbers_are_the_same_in_any_blocks(rows, monkeypatch):
    table = {"lane": list(range(rows)), "raw": [1 / (k + 3) if k % 2 else math.nan for k in range(rows)]}
    whole = csv_bytes(table, digits=6)
    monkeypatch.setattr("ublot.io.columns.BLOCK", 3)
    assert csv_bytes(table, digits=6) == whole
    assert whole.count(b"\n") == rows + 1 and b"nan" not in whole
