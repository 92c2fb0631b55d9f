"""One sheet for the lanes of many blots, under whatever stands above its header."""

from __future__ import annotations

import pytest

from ublot.batch.layout_sheet import read_common

HEAD = ["image", "lane", "role", "compound", "concentration_nM"]
ROWS = [[f"{name}.tif", str(k), role, "LCL161", "10"] for name in "ab" for k, role in ((1, "vehicle"), (2, "sample"))]


@pytest.mark.parametrize(
    "above", [[], [["Blots of November"], []], [["Blots of November", "by us"], ["read on", "Monday"]]]
)
@pytest.mark.parametrize("kind", ["csv", "semicolon", "xlsx"])
def test_titles_above_the_header_are_passed_over(tmp_path, above, kind):
    rows = [*above, HEAD, *ROWS]
    path = tmp_path / ("lanes.xlsx" if kind == "xlsx" else "lanes.csv")
    if kind == "xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        mark = ";" if kind == "semicolon" else ","
        path.write_text("\n".join(mark.join(row) for row in rows))
    sheet = read_common(path)
    assert sheet.layout is None and set(sheet.rows) == {"a.tif", "b.tif"}
    assert [cells["role"] for _, cells in sheet.rows["b.tif"].rows] == ["vehicle", "sample"]
