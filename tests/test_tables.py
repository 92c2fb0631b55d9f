from __future__ import annotations

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest

from ublot.errors import BlotError
from ublot.tables import csv_bytes, number, read_csv


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
