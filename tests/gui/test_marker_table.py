"""The table of the marker's bands, with keys, mouse and clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hands
import pytest

from ublot.mass.calibration import calibration_from_positions

if TYPE_CHECKING:
    from collections.abc import Iterator

MASS, ROW = 0, 1
ROWS, MASSES = (50.25, 90.0, 140.0, 200.0), (250.0, 150.0, 100.0, 75.0)


@pytest.fixture
def table(qapp: Any) -> Iterator[Any]:
    from ublot_napari.sections.mass.marker_table import MarkerTable

    widget = MarkerTable()
    widget.set_bands(ROWS, MASSES)
    hands.show(widget, 420, 300)
    yield widget
    widget.close()


def test_bands_come_back_as_rows_and_masses(table) -> None:
    assert table.bands() == list(zip(ROWS, MASSES, strict=True))
    assert table.problems() == []


def test_an_edit_leaves_the_other_bands_to_the_last_digit(table) -> None:
    rows = [50.123456789, 90.98765, 140.5]
    table.set_bands(rows, [250.0, 100 / 3, 25.0])
    assert table.bands() == list(zip(rows, [250.0, 100 / 3, 25.0], strict=True))
    assert table.model.text(0, ROW) == "50.12"
    hands.type_in(table.table, 2, MASS, "20")
    assert table.bands() == list(zip(rows, [250.0, 100 / 3, 20.0], strict=True))


def test_a_mass_is_chosen_from_the_marker_s_list_or_typed(table) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QComboBox

    table.masses.masses = (250.0, 150.0, 100.0, 75.0, 50.0)
    at = table.model.index(3, MASS)
    table.table.setCurrentIndex(at)
    table.table.edit(at)
    combo = table.table.findChild(QComboBox)
    assert [combo.itemText(i) for i in range(combo.count())] == ["250", "150", "100", "75", "50"]
    assert combo.currentText() == "75"
    QTest.keyClick(combo, Qt.Key.Key_Down)
    QTest.keyClick(combo, Qt.Key.Key_Return)
    assert table.bands()[3] == (200.0, 50.0)
    table.table.setCurrentIndex(at)
    table.table.edit(at)
    again = next(other for other in table.table.findChildren(QComboBox) if other is not combo)
    QTest.keyClicks(again, "62,5")
    QTest.keyClick(again, Qt.Key.Key_Return)
    QTest.qWait(1)
    assert table.bands()[3] == (200.0, 62.5)


def test_an_edit_is_told_once(table) -> None:
    told = hands.heard(table.changed)
    hands.type_in(table.table, 1, MASS, "130,5")
    assert table.bands()[1] == (90.0, 130.5)
    assert len(told) == 1


def test_a_band_moved_past_another_takes_its_place_in_the_order(table) -> None:
    hands.type_in(table.table, 3, ROW, "20")
    assert table.model.text(0, ROW) == "20"
    assert table.problems() == ["band 1, kDa: lighter bands lie lower: the band below has 250 kDa"]
    assert table.bands() == list(zip(ROWS, MASSES, strict=True))[:3]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("abc", "not a number"), ("0", "above 0"), ("-3", "above 0"), ("400", "lie lower"), ("", "give the band's mass")],
)
def test_a_mass_that_cannot_be_is_marked_in_words(table, typed, words) -> None:
    from qtpy.QtCore import Qt

    hands.click_cell(table.table, 2, MASS)
    if typed:
        hands.type_in(table.table, 2, MASS, typed)
    else:
        hands.key(table.table, "Del")
    index = table.model.index(2, MASS)
    assert words in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Qt.ItemDataRole.BackgroundRole) is not None
    assert words in table.status.text()
    assert (140.0, 100.0) not in table.bands()
    calibration_from_positions([(mass, row) for row, mass in table.bands()])  # what is left can be used


def test_a_band_is_added_between_and_deleted(table) -> None:
    told = hands.heard(table.changed)
    hands.click_cell(table.table, 1, MASS)
    hands.click(table.add_button)
    assert table.model.text(2, ROW) == "115"
    assert len(table.bands()) == 4  # without a mass it is none yet
    hands.type_in(table.table, 2, MASS, "120")
    assert table.bands()[2] == (115.0, 120.0)
    hands.click_cell(table.table, 2, MASS)
    hands.key(table.table, "Ctrl+Del")
    assert table.bands() == list(zip(ROWS, MASSES, strict=True))
    hands.click_cell(table.table, 0, MASS)
    hands.click(table.delete_button)
    assert table.bands() == list(zip(ROWS, MASSES, strict=True))[1:]
    assert len(told) == 4


def test_bands_can_be_added_to_an_empty_table(table) -> None:
    table.set_bands([], [])
    hands.click(table.add_button)
    hands.type_in(table.table, 0, ROW, "10")
    hands.type_in(table.table, 0, MASS, "75")
    assert table.bands() == [(10.0, 75.0)]
    hands.click_cell(table.table, 0, MASS)
    hands.click(table.delete_button)
    hands.click(table.delete_button)
    assert table.bands() == []


def test_a_known_marker_fills_the_masses(table) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    told, names = hands.heard(table.changed), hands.heard(table.marker_chosen)
    at = table.marker.findText("pageruler")
    table.marker.setFocus()
    for _ in range(at):
        QTest.keyClick(table.marker, Qt.Key.Key_Down)
    hands.settle()
    assert names[-1] == "pageruler"
    assert [mass for _, mass in table.bands()] == [180.0, 130.0, 100.0, 70.0]
    assert [row for row, _ in table.bands()] == list(ROWS)
    assert "give the band's row" in table.status.toolTip()  # of the marker's further masses
    assert len(told) == at


def test_a_block_is_pasted_and_longer_ones_add_bands(table) -> None:
    hands.clipboard("mass_kda\trow_px\n50\t260\n37\t300,5\n")
    hands.click_cell(table.table, 3, MASS)
    hands.key(table.table, "Ctrl+V")
    assert table.bands()[3:] == [(260.0, 50.0), (300.5, 37.0)]


def test_the_band_gone_to_is_told_by_its_row(table) -> None:
    told = hands.heard(table.band_picked)
    hands.click_cell(table.table, 2, MASS)
    assert told == [140.0]


def test_it_fits_a_narrow_dock(table) -> None:
    assert table.minimumSizeHint().width() <= 400
    assert table.minimumSizeHint().height() <= 220
