"""The table of scores and the list of flags, with keys, mouse and clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hands
import pandas as pd
import pytest

from ublot.flags import FLAGS
from ublot.option_words import told

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = ("Lane", "Compound", "Over vehicle (95 %)")
ROWS = [("1", "", ""), ("2", "DMSO", "1.00 (0.90 – 1.10)"), ("3", "LCL161", "10.20 (8 – 12)"), ("10", "X", "−0.50")]


@pytest.fixture
def table(qapp: Any) -> Iterator[Any]:
    from ublot_napari.sections.answer.table import ScoreTable

    widget = ScoreTable()
    widget.show_rows(HEADER, ROWS)
    hands.show(widget, 420, 220)
    yield widget
    widget.close()


def column(table: Any, at: int) -> list[str]:
    return [table.item(row, at).text() for row in range(table.rowCount())]


def click_title(table: Any, at: int) -> None:
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    titles = table.horizontalHeader()
    where = QPoint(titles.sectionViewportPosition(at) + 12, titles.height() // 2)
    QTest.mouseClick(titles.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, where)
    hands.settle()


def test_rows_are_shown_as_given(table) -> None:
    assert column(table, 0) == ["1", "2", "3", "10"]


def test_a_click_on_a_title_sorts_by_number(table) -> None:
    click_title(table, 2)
    assert column(table, 0) == ["10", "2", "3", "1"]  # empty ones last
    click_title(table, 0)
    assert column(table, 0) == ["1", "2", "3", "10"]
    click_title(table, 0)
    assert column(table, 0) == ["10", "3", "2", "1"]


def test_a_picked_row_is_the_lane_however_sorted(table) -> None:
    rows, lanes = hands.heard(table.row_picked), hands.heard(table.lane_picked)
    click_title(table, 2)
    hands.click_cell(table, 0, 1)
    assert lanes == [10]
    assert rows == [3]


def test_a_selected_lane_is_not_told(table) -> None:
    told = hands.heard(table.lane_picked)
    table.select_lane(3)
    assert {index.row() for index in table.selectedIndexes()} == {2}
    table.select_lanes([2, 10])
    assert {index.row() for index in table.selectedIndexes()} == {1, 3}
    assert told == []


def test_rows_and_the_whole_table_are_copied(table) -> None:
    hands.click_cell(table, 1, 0)
    hands.click_cell(table, 2, 0, shift=True)
    hands.key(table, "Ctrl+C")
    assert hands.clipboard() == "2\tDMSO\t1.00 (0.90 – 1.10)\n3\tLCL161\t10.20 (8 – 12)\n"
    hands.key(table, "Ctrl+Shift+C")
    lines = hands.clipboard().splitlines()
    assert lines[0] == "\t".join(HEADER)
    assert len(lines) == 5


def test_new_rows_replace_sorted_ones(table) -> None:
    click_title(table, 2)
    table.show_rows(HEADER, ROWS[::-1])
    assert column(table, 0) == ["10", "3", "2", "1"]


# --------------------------------------------------------------------------------------------------------------- flags
@pytest.fixture
def flags(qapp: Any) -> Iterator[Any]:
    from ublot_napari.sections.answer.flag_list import FlagList

    widget = FlagList()
    carried = ["", "single_vehicle", "saturated;single_vehicle", "saturated", "lossy", "saturated;made_up"]
    widget.show_flags(pd.DataFrame({"lane": range(1, 7), "flags": carried}), ["no marker could be read"])
    hands.show(widget, 420, 260)
    yield widget
    widget.close()


def lines(flags: Any) -> list[str]:
    return [flags.item(i).text() for i in range(flags.count())]


def test_every_flag_is_one_line_in_words_the_severest_first(flags) -> None:
    said = lines(flags)
    assert said[0] == "no marker could be read"
    assert said[1] == f"Refused, lane 5: {FLAGS['lossy'].meaning}. What to do: {FLAGS['lossy'].advice}."
    assert said[2].startswith(f"Check, lanes 3, 4, 6: {FLAGS['saturated'].meaning}")
    assert said[3].startswith("Note, lanes 2, 3:")
    assert said[4] == "Note, lane 6: made up"
    assert len(said) == 5


def test_a_click_picks_the_lanes_of_the_line(flags) -> None:
    told = hands.heard(flags.lanes_picked)
    hands.click_cell(flags, 2, 0)
    assert told == [[3, 4, 6]]
    hands.click_cell(flags, 0, 0)
    assert told == [[3, 4, 6]]


def test_long_runs_of_lanes_are_short_and_all_of_them_are_all(qapp) -> None:
    from ublot_napari.sections.answer.flag_words import flag_lines

    ((_, text, lanes),) = flag_lines({i: ["saturated"] if i < 6 else [] for i in range(1, 9)})
    assert "lanes 1–5:" in text
    assert lanes == [1, 2, 3, 4, 5]
    ((_, text, _),) = flag_lines({i: ["eight_bit"] for i in range(1, 9)})
    assert "all lanes" in text


def test_a_flag_that_refuses_is_said_to(flags) -> None:
    for name, word in (("gutters_poor", "Refused"), ("lanes_touching", "Check")):
        flags.show_flags(pd.DataFrame({"lane": [1], "flags": [name]}))
        assert lines(flags)[0].startswith(f"{word}, lane 1:")


def test_options_have_the_names_of_the_panel(flags) -> None:
    flags.show_flags(
        pd.DataFrame({"lane": [1], "flags": ["no_calibration"]}),
        [told("no masses; give {marker_positions}, or {force}")],
    )
    assert lines(flags)[0] == "no masses; give the marker's bands (3 Mass scale), or another folder"
    assert lines(flags)[1].endswith("What to do: give “Mass marker” (3 Mass scale).")


def test_no_flags_are_said(flags) -> None:
    flags.show_flags(pd.DataFrame({"lane": [1, 2], "flags": ["", None]}))
    assert lines(flags) == ["No flags: nothing speaks against these numbers."]


def test_long_lines_are_wrapped_not_cut(flags) -> None:
    assert not flags.horizontalScrollBar().isVisible()
    from qtpy.QtCore import QRect, Qt

    for width, height in ((420, 300), (300, 60)):  # the second with a scroll bar
        flags.resize(width, height)
        hands.settle(150)
        for i in range(flags.count()):
            box = flags.visualItemRect(flags.item(i))
            room = QRect(0, 0, box.width() - 4, 1000)  # beside the coloured stripe, which is as wide
            needed = flags.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, flags.item(i).text())
            assert box.height() >= needed.height() > 0
            assert box.width() <= flags.viewport().width()
