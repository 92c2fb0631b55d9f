from __future__ import annotations

import io
import time

import pytest

from ublot.io.workbook import xlsx_bytes


def test_same_tables_give_the_same_bytes_at_any_time(monkeypatch):
    openpyxl = pytest.importorskip("openpyxl")
    tables = {"lanes": {"lane": [1, 2], "compound": ["DMSO", "=1+1"], "hmw_fraction": [0.25, float("nan")]}}
    first = xlsx_bytes(tables)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e6)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(now + 1e6))
    time.sleep(1.1)  # openpyxl notes whole seconds
    assert xlsx_bytes(tables) == first
    rows = list(openpyxl.load_workbook(io.BytesIO(first))["lanes"].iter_rows(min_row=2, values_only=True))
    assert rows == [(1, "DMSO", 0.25), (2, "=1+1", None)]
