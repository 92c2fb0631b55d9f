"""The table of lanes, with keys, mouse and clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hands
import pytest

import ublot
from ublot.inputs.layout import read_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLE, COMPOUND, DOSE = 1, 2, 3


@pytest.fixture
def editor(qapp: Any) -> Iterator[Any]:
    from ublot_napari.sections.layout.editor import LayoutEditor

    widget = LayoutEditor()
    widget.set_lanes(range(1, 7))
    hands.show(widget)
    yield widget
    widget.close()


@pytest.fixture
def column(editor: Any) -> Callable[[str], list[str]]:
    return lambda name: [row[name] for row in editor.rows()]


def colour_of(editor: Any, row: int, at: int) -> Any:
    from qtpy.QtCore import Qt

    return editor.model.index(row, at).data(Qt.ItemDataRole.BackgroundRole)


def tip_of(editor: Any, row: int, at: int) -> str:
    from qtpy.QtCore import Qt

    return editor.model.index(row, at).data(Qt.ItemDataRole.ToolTipRole)


def test_an_empty_table_is_no_layout_and_nothing_is_wrong(editor) -> None:
    assert editor.is_empty()
    assert editor.problems() == []
    assert [row["lane"] for row in editor.rows()] == list("123456")


def test_what_is_typed_is_kept_and_told_once(editor, column) -> None:
    told = hands.heard(editor.changed)
    hands.type_in(editor.table, 1, COMPOUND, "LCL161")
    assert column("compound")[1] == "LCL161"
    assert len(told) == 1
    assert editor.table.currentIndex().row() == 2  # Enter goes down


def test_a_role_is_chosen_from_the_list_by_mouse_and_key(editor, column) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication, QComboBox

    hands.click_cell(editor.table, 2, ROLE, double=True)
    combo = editor.table.findChild(QComboBox)
    assert combo is not None
    pop_up = QApplication.activePopupWidget() or combo
    QTest.keyClick(pop_up.focusWidget() or combo, Qt.Key.Key_Down)
    QTest.keyClick(pop_up.focusWidget() or combo, Qt.Key.Key_Down)
    QTest.keyClick(pop_up.focusWidget() or combo, Qt.Key.Key_Return)
    hands.settle(60)
    assert column("role")[2] == "vehicle"


def test_roles_have_the_colours_of_the_picture(editor) -> None:
    from qtpy.QtCore import Qt
    from ublot_napari.layers.lanes import ROLE_COLOURS

    editor.set_rows([{"lane": i, "role": role} for i, role in enumerate(ROLE_COLOURS, 1)])
    for i, colour in enumerate(ROLE_COLOURS.values()):
        assert editor.model.index(i, ROLE).data(Qt.ItemDataRole.DecorationRole).name().upper() == colour


def test_fill_down_by_key_and_by_button(editor, column) -> None:
    hands.type_in(editor.table, 0, ROLE + 1, "DMSO")
    hands.click_cell(editor.table, 0, COMPOUND)
    hands.click_cell(editor.table, 3, COMPOUND, shift=True)
    told = hands.heard(editor.changed)
    hands.key(editor.table, "Ctrl+D")
    assert column("compound") == ["DMSO"] * 4 + ["", ""]
    assert len(told) == 1
    hands.click_cell(editor.table, 4, COMPOUND)  # a cell alone takes the one above it
    hands.click(editor.fill_button)
    assert column("compound")[4] == "DMSO"


def test_a_block_with_a_header_is_pasted_by_name_and_lane(editor, column) -> None:
    hands.clipboard("compound\tlane\tRole\toperator\nLCL161\t4\tsample\tAB\nDMSO\t2\tvehicle\tCD\n")
    hands.click_cell(editor.table, 5, DOSE)
    told = hands.heard(editor.changed)
    hands.key(editor.table, "Ctrl+V")
    assert column("compound") == ["", "DMSO", "", "LCL161", "", ""]
    assert column("role")[3] == "sample"
    assert column("operator")[1] == "CD"
    assert len(told) == 1


def test_a_block_as_a_bench_writes_it_is_understood(editor, column) -> None:
    hands.clipboard("Sample\tConcentration (µM)\nMW\t\nDMSO\t0\nLCL161\t0,1\nLCL161\t10\nno ATP\t\n")
    hands.click_cell(editor.table, 3, DOSE)
    hands.key(editor.table, "Ctrl+V")
    assert column("compound") == ["MW", "DMSO", "LCL161", "LCL161", "no ATP", ""]
    assert column("concentration_nM") == ["", "0", "100", "10000", "", ""]
    assert column("role") == ["marker", "vehicle", "sample", "sample", "negative", ""]
    assert "told by the names" in editor.status.text()
    assert editor.model.columns[-1] == "load"  # nothing stands out of sight


def test_units_beside_the_numbers_and_words_for_roles_are_understood_as_they_are_typed(editor, column) -> None:
    for row, (role, dose) in enumerate(
        [("Ladder", ""), ("DMSO", "0"), ("treated", "1 µM"), ("-ATP", ""), ("", "10uM")]
    ):
        editor.model.setData(editor.model.index(row, ROLE), role)
        hands.type_in(editor.table, row, DOSE, dose)
    assert column("role") == ["marker", "vehicle", "sample", "negative", "", ""]
    assert column("concentration_nM") == ["", "0", "1000", "", "10000", ""]
    editor.model.setData(editor.model.index(4, ROLE), "Control")  # of what, beside DMSO?
    editor.model.setData(editor.model.index(5, ROLE), "blank")
    (problem,) = editor.problems()
    assert "lane 5, Role: 'Control' may be the vehicle or a negative control" in problem


def test_the_unit_of_the_column_is_switched_at_its_title(editor, column) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    hands.type_in(editor.table, 0, DOSE, "1500")
    header = editor.table.horizontalHeader()
    where = header.rect().topLeft()
    where.setX(header.sectionViewportPosition(DOSE) + 8)
    where.setY(8)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    menu = QApplication.activePopupWidget()
    next(action for action in menu.actions() if "µM" in action.text()).trigger()
    menu.close()
    assert editor.model.index(0, DOSE).data() == "1.5"
    hands.type_in(editor.table, 1, DOSE, "0,3")
    hands.type_in(editor.table, 2, DOSE, "20 nM")
    assert column("concentration_nM")[:3] == ["1500", "300", "20"]
    hands.key(editor.table, "Ctrl+Shift+C")
    assert "concentration_uM" in hands.clipboard().splitlines()[0]
    before = editor.rows()
    hands.key(editor.table, "Ctrl+V")
    assert editor.rows() == before


def test_a_block_without_a_header_begins_at_the_cell(editor, column) -> None:
    hands.clipboard("DMSO\t0\r\nLCL161\t0,5\r\nLCL161\t1000\r\n")
    hands.click_cell(editor.table, 2, COMPOUND)
    hands.key(editor.table, "Ctrl+V")
    assert column("compound") == ["", "", "DMSO", "LCL161", "LCL161", ""]
    assert column("concentration_nM")[2:5] == ["0", "0.5", "1000"]


def test_rows_with_lane_numbers_go_to_their_lanes(editor, column) -> None:
    hands.clipboard("5\tsample\n3\tvehicle\n")
    hands.click_cell(editor.table, 0, 0)
    hands.key(editor.table, "Ctrl+V")
    assert column("role") == ["", "", "vehicle", "", "sample", ""]


def test_one_cell_fills_the_selection(editor, column) -> None:
    hands.clipboard("sample")
    hands.click_cell(editor.table, 1, ROLE)
    hands.click_cell(editor.table, 4, ROLE, shift=True)
    hands.key(editor.table, "Ctrl+V")
    assert column("role") == ["", "sample", "sample", "sample", "sample", ""]


def test_what_does_not_fit_is_said(editor, column) -> None:
    hands.clipboard("A\nB\nC\n")
    hands.click_cell(editor.table, 4, COMPOUND)
    hands.key(editor.table, "Ctrl+V")
    assert column("compound")[4:] == ["A", "B"]
    assert "1 row did not fit" in editor.status.text()


def test_bad_lane_numbers_of_a_file_are_marked(editor) -> None:
    editor.set_rows([{"lane": n, "role": "sample"} for n in (1, 2, 2, "x", 5, 6)])
    rows = [row["lane"] for row in editor.rows()]
    assert "'x' is not a number" in " ".join(editor.problems())
    assert colour_of(editor, rows.index("x"), 0) is not None
    assert colour_of(editor, 0, 0) is None
    editor.set_rows([{"lane": n, "role": "sample"} for n in (1, 2, 2, 4, 5, 6)])
    assert "the role is empty" in " ".join(editor.problems())  # of lane 3, which the file lacks
    editor.model.write([(editor.model.row_of(3), ROLE, "blank")])
    (problem,) = editor.problems()
    assert "lane 2 is described twice" in problem
    assert [colour_of(editor, row, 0) is not None for row in range(4)] == [False, True, True, False]
    hands.click_cell(editor.table, 2, ROLE)
    editor.table.menu().actions()[-1].trigger()
    assert editor.problems() == []
    assert [row["lane"] for row in editor.rows()] == list("123456")


def test_a_bad_cell_is_red_with_words_and_the_rest_is_kept(editor, column) -> None:
    from qtpy.QtCore import Qt

    hands.clipboard("role\tconcentration_nM\nvehicle\t0\nsample\tten\nsmaple\t5\nsample\t1\nsample\t2\nblank\t\n")
    hands.click_cell(editor.table, 0, ROLE)
    hands.key(editor.table, "Ctrl+V")
    assert column("concentration_nM") == ["0", "ten", "5", "1", "2", ""]
    problems = " ".join(editor.problems())
    assert "lane 2, nM: 'ten' is not a number" in problems
    assert "lane 3, Role: unknown role 'smaple'" in problems
    assert "'ten' is not a number" in tip_of(editor, 1, DOSE)
    assert editor.model.index(1, DOSE).data(Qt.ItemDataRole.FontRole).underline()  # not by colour alone
    red = colour_of(editor, 1, DOSE)
    assert red.red() > 2 * red.green()
    assert colour_of(editor, 0, DOSE) is None
    with pytest.raises(ublot.BlotError):
        read_layout(editor.rows())
    hands.type_in(editor.table, 1, DOSE, "10")
    hands.type_in(editor.table, 2, ROLE + 1, "X")
    editor.model.write([(2, ROLE, "Sample")])
    assert editor.problems() == []
    assert read_layout(editor.rows()).of(3).role == "sample"


def test_lanes_of_one_kind_of_mistake_share_a_line(editor) -> None:
    hands.type_in(editor.table, 0, COMPOUND, "LCL161")
    (line,) = editor.problems()
    assert line.startswith("lanes 1, 2, 3, 4, 5, 6, Role: the role is empty")


def test_copy_gives_what_paste_takes(editor) -> None:
    hands.clipboard('DMSO\t0\n"two ""words"""\t10\n')
    hands.click_cell(editor.table, 0, COMPOUND)
    hands.key(editor.table, "Ctrl+V")
    hands.click_cell(editor.table, 0, COMPOUND)
    hands.click_cell(editor.table, 1, DOSE, shift=True)
    hands.clipboard("nothing")
    hands.key(editor.table, "Ctrl+C")
    assert hands.clipboard() == 'DMSO\t0\n"two ""words"""\t10\n'


def test_the_whole_table_is_copied_with_its_names_and_pasted_back(editor) -> None:
    editor.set_rows([{"lane": i, "role": "sample", "concentration_nM": i / 2, "note": f"n{i}"} for i in range(1, 7)])
    before = editor.rows()
    hands.key(editor.table, "Ctrl+Shift+C")
    assert hands.clipboard().splitlines()[0].split("\t")[:2] == ["lane", "role"]
    editor.set_rows([])
    hands.click_cell(editor.table, 3, DOSE)
    hands.key(editor.table, "Ctrl+V")
    assert editor.rows() == before


def test_tab_goes_through_the_cells_and_leaves_at_the_end(editor) -> None:
    from qtpy.QtWidgets import QApplication

    hands.click_cell(editor.table, 0, ROLE)
    hands.key(editor.table, "Tab")
    assert editor.table.currentIndex().column() == COMPOUND
    hands.click_cell(editor.table, 5, 7)
    hands.key(editor.table, "Tab")
    assert QApplication.focusWidget() is editor.load_button
    hands.key(editor.load_button, "Tab")
    assert QApplication.focusWidget() is editor.save_button


def test_columns_are_wide_enough_for_what_is_pasted(editor) -> None:
    hands.clipboard("a compound, long")
    hands.click_cell(editor.table, 0, COMPOUND)
    hands.key(editor.table, "Ctrl+V")
    assert editor.table.columnWidth(COMPOUND) >= editor.table.sizeHintForColumn(COMPOUND) > 90


def test_the_keys_work_where_the_window_has_them_too(qapp) -> None:
    from qtpy.QtGui import QAction, QKeySequence
    from qtpy.QtWidgets import QMainWindow
    from ublot_napari.sections.layout.editor import LayoutEditor

    window, widget, stolen = QMainWindow(), LayoutEditor(), []
    for keys in ("Ctrl+D", "Ctrl+C", "Ctrl+V", "Del"):
        action = QAction(window)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: stolen.append(1))
        window.addAction(action)
    window.setCentralWidget(widget)
    widget.set_rows([{"lane": 1, "role": "blank"}, {"lane": 2, "role": ""}])
    hands.show(window)
    hands.click_cell(widget.table, 0, ROLE)
    hands.click_cell(widget.table, 1, ROLE, shift=True)
    hands.key(widget.table, "Ctrl+D")
    assert [row["role"] for row in widget.rows()] == ["blank", "blank"]
    assert stolen == []
    window.close()


def test_delete_clears_but_not_the_lane_numbers(editor, column) -> None:
    editor.set_rows([{"lane": i, "role": "sample", "compound": "X"} for i in range(1, 7)])
    hands.click_cell(editor.table, 0, 0)
    hands.click_cell(editor.table, 1, COMPOUND, shift=True)
    hands.key(editor.table, "Del")
    assert column("lane") == list("123456")
    assert column("role") == ["", "", *["sample"] * 4]
    assert column("compound")[:3] == ["", "", "X"]


def test_lanes_that_come_and_go_keep_what_is_filled_in(editor, column) -> None:
    hands.type_in(editor.table, 4, COMPOUND, "LCL161")
    editor.set_lanes(range(1, 5))
    assert len(editor.rows()) == 4
    editor.set_lanes(range(1, 8))
    assert column("compound") == ["", "", "", "", "LCL161", "", ""]


def test_a_layout_longer_than_the_picture_is_said_and_can_be_shortened(editor) -> None:
    editor.set_rows([{"lane": i, "role": "sample"} for i in range(1, 9)])
    (problem,) = editor.problems()
    assert "lanes 7, 8" in problem
    assert "the layout has 8 rows, but lanes is 6" in problem
    hands.click_cell(editor.table, 6, 0)
    hands.click_cell(editor.table, 7, ROLE, shift=True)
    action = editor.table.menu().actions()[-1]
    assert "too many" in action.text()
    action.trigger()
    assert editor.problems() == []


def test_the_lane_gone_to_is_told_but_not_the_one_it_is_sent_to(editor) -> None:
    told = hands.heard(editor.row_picked)
    hands.click_cell(editor.table, 3, COMPOUND)
    assert told == [4]
    editor.select_lane(2)
    assert editor.table.currentIndex().row() == 1
    editor.set_lanes(range(1, 10))
    assert told == [4]
    hands.key(editor.table, "Down")
    assert told == [4, 3]


def test_saved_and_loaded_it_is_the_same(editor, tmp_path) -> None:
    rows = [
        {"lane": 1, "role": "vehicle", "compound": "DMSO", "concentration_nM": 0, "operator": "=1+1"},
        *({"lane": i, "role": "sample", "compound": "é, 2", "concentration_nM": 0.5 * i} for i in range(2, 7)),
    ]
    editor.set_rows(rows)
    before = editor.rows()
    target = tmp_path / "blot.layout.csv"
    editor.save(target)
    assert b"'=1+1" in target.read_bytes()
    assert read_layout(target).of(3).concentration_nM == 1.5
    editor.set_rows([])
    editor.load(target)
    after = editor.rows()
    assert after[0].pop("operator").lstrip("'") == before[0].pop("operator")
    assert after == before


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_file_from_a_spreadsheet_is_loaded(editor, column, tmp_path, suffix) -> None:
    path = tmp_path / f"plan{suffix}"
    cells = [["Lane", "ROLE", "concentration_nM"], *([i, "sample", 0.5 * i] for i in range(1, 7))]
    if suffix == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in cells:
            book.active.append(row)
        book.save(path)
    else:
        lines = [";".join(str(cell).replace(".", ",") for cell in row) for row in cells]
        path.write_text("\n".join(lines), "utf-8-sig")
    told = hands.heard(editor.changed)
    editor.load(path)
    assert column("concentration_nM")[0] == "0.5"
    assert [row.concentration_nM for row in read_layout(editor.rows())] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert len(told) == 1
    assert editor.problems() == []


def test_a_file_with_a_bad_cell_is_shown_with_the_cell_marked(editor, tmp_path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text("lane,role\n" + "\n".join(f"{i},{'sample' if i != 3 else 'smpl'}" for i in range(1, 7)), "utf-8")
    editor.load(path)
    assert "smpl" in editor.problems()[0]


def test_a_thousands_comma_is_not_taken_for_a_decimal_one(editor, tmp_path) -> None:
    path = tmp_path / "plan.csv"
    rows = "\n".join(f'{i},sample,"1,000"' for i in range(1, 7))
    path.write_text("lane,role,concentration_nM\n" + rows, "utf-8")
    editor.load(path)
    assert "'1,000' is not a number" in editor.problems()[0]


def test_the_buttons_load_and_save_and_say_what_fails(editor, column, tmp_path, monkeypatch) -> None:
    from qtpy.QtWidgets import QFileDialog

    good, bad, nowhere = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "no" / "such.csv"
    bad.write_text("a,b\n1,2\n", "utf-8")
    editor.set_rows([{"lane": i, "role": "sample"} for i in range(1, 7)])
    chosen = [str(good), str(nowhere)]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chosen.pop(0), ""))
    hands.click(editor.save_button)
    assert good.is_file()
    hands.click(editor.save_button)
    assert "such.csv" in editor.status.text()
    editor.set_rows([])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(bad), ""))
    hands.click(editor.load_button)
    assert "'role' is missing" in editor.status.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(good), ""))
    hands.click(editor.load_button)
    assert column("role") == ["sample"] * 6


def test_it_fits_a_narrow_dock(editor) -> None:
    assert editor.minimumSizeHint().width() <= 400
    assert editor.minimumSizeHint().height() <= 260
