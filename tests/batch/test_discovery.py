from __future__ import annotations

import os

import pytest

from ublot.batch.discovery import find_items
from ublot.batch.layout_sheet import count_names, read_common
from ublot.errors import BlotError
from ublot.inputs.layout import read_layout
from ublot.io.tables import Table


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(items):
    return [item.name for item in items]


def find(tmp_path, *inputs):
    return find_items([str(entry) for entry in inputs], str(tmp_path / "out"))


# ------------------------------------------------------------------------------------------------------- this machine
def test_folder_is_searched_with_all_below_it_but_not_results(tmp_path):
    touch(
        tmp_path, "s/b.tif", "s/a.PNG", "s/deep/er/c.1sc", "s/a.layout.csv", "s/note.txt", "s/.hidden.tif", "s/.h/x.tif"
    )
    touch(tmp_path, "s/a.ublot/overlay.png", "s/batch/b.ublot/overlay.png", "s/mine/overlay.png")
    (tmp_path / "s/a.ublot/analysis.json").write_text('{"writer": "ublot analyze"}')
    (tmp_path / "s/batch/batch.json").write_text('{"writer": "ublot batch"}')
    (tmp_path / "s/mine/analysis.json").write_text('{"writer": "someone else"}')
    assert names(find(tmp_path, tmp_path / "s")) == ["a.PNG", "b.tif", "deep/er/c.1sc", "mine/overlay.png"]


def test_output_folder_inside_the_input_is_not_searched(tmp_path):
    touch(tmp_path, "a.tif", "out/b.tif")
    assert names(find(tmp_path, tmp_path)) == ["a.tif"]


def test_glob_reaches_down_and_leaves_layouts_out(tmp_path):
    touch(tmp_path, "x/1/a.dat", "x/2/a.dat", "x/2/a.layout.csv", "x/2/a.toml", "x/b.dat")
    assert names(find(tmp_path, tmp_path / "x/*/a*")) == ["1/a.dat", "2/a.dat"]
    assert names(find(tmp_path, tmp_path / "x/**/*.dat")) == ["1/a.dat", "2/a.dat", "b.dat"]


def test_name_with_glob_characters_is_itself_first(tmp_path):
    touch(tmp_path, "blot [1].tif", "blot 1.tif")
    assert names(find(tmp_path, tmp_path / "blot [1].tif")) == ["blot [1].tif"]


def test_list_counts_from_its_own_folder_and_keeps_its_order(tmp_path):
    touch(tmp_path, "l/z.tif", "l/sub/a.tif", "far/b.tif")
    far = tmp_path / "far" / "b.tif"
    (tmp_path / "l/list.txt").write_bytes(f"\ufeff# mine\nz.tif\n\nsub/a.tif\ngone.tif\n{far}\n../far/b.tif\n".encode())
    items = find(tmp_path, f"@{tmp_path}/l/list.txt")
    assert names(items) == ["z.tif", "sub/a.tif", "gone.tif", "b.tif"]
    assert items[2].place == str(tmp_path / "l/gone.tif")  # its own failure, later


def test_shell_expanded_arguments_bring_no_layouts(tmp_path):
    touch(tmp_path, "a.tif", "a.layout.csv", "a.toml", "b.tif")
    assert names(find(tmp_path, *sorted(tmp_path.iterdir()))) == ["a.tif", "b.tif"]


def test_same_image_twice_is_one(tmp_path):
    touch(tmp_path, "a.tif")
    assert len(find(tmp_path, tmp_path, tmp_path / "a.tif", tmp_path / "*.tif")) == 1


def test_results_never_share_a_folder(tmp_path):
    touch(tmp_path, "s/a.tif", "s/a.png", "s/A.gel", "t/a.tif", "t/b.tif")
    items = find(tmp_path, tmp_path / "s", tmp_path / "t")
    assert len({item.folder.casefold() for item in items}) == len({item.name.casefold() for item in items}) == 5
    assert next(item for item in items if item.name == "b.tif").folder == "b.ublot"
    again = find(tmp_path, tmp_path / "t", tmp_path / "s")
    assert {(i.name, i.folder, i.place) for i in again} == {(i.name, i.folder, i.place) for i in items}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("missing", "no such file or folder"), ("*.tif", "no images there"), ("empty", "no images there"),
        ("@missing.txt", "no such file"), ("@empty.txt", "the list is empty"), ("@latin.txt", "not UTF-8"),
    ],
)  # fmt: skip
def test_input_that_cannot_be_is_refused(tmp_path, monkeypatch, entry, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "latin.txt").write_bytes(b"\xb5.tif\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BlotError, match=says):
        find(tmp_path, entry)


def test_broken_link_is_a_blot_of_its_own(tmp_path):
    os.symlink(tmp_path / "gone", tmp_path / "a.tif")
    assert names(find(tmp_path, tmp_path / "a.tif")) == ["a.tif"]


def test_name_that_is_not_utf8_can_be_written_down(tmp_path):
    path = os.fsencode(tmp_path / "a") + b"\xff.tif"
    try:
        os.close(os.open(path, os.O_CREAT))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (item,) = find(tmp_path, tmp_path)
    assert (item.name, item.folder) == ("a\ufffd.tif", "a\ufffd.ublot")
    assert os.path.exists(item.place)


# --------------------------------------------------------------------------------------------------------------- URLs
@pytest.fixture
def memory():
    fsspec = pytest.importorskip("fsspec")
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    yield storage
    storage.store.clear()


def test_urls_are_searched_as_folders_are(tmp_path, memory):
    for name in (
        "s/b.tif",
        "s/d/a.tif",
        "s/d/a.layout.csv",
        "s/x.ublot/analysis.json",
        "s/x.ublot/overlay.png",
        "s/.h/y.tif",
    ):
        memory.pipe_file(f"/{name}", b"x")
    assert names(find_items(["memory://s"], "memory://out")) == ["b.tif", "d/a.tif"]
    assert names(find_items(["memory://s"], "memory://s/d")) == ["b.tif"]
    assert names(find_items(["memory://s/*/*.tif"], "memory://out")) == ["d/a.tif"]
    assert names(find_items(["memory://s/b.tif"], "memory://out")) == ["b.tif"]
    with pytest.raises(BlotError, match="no such file or folder"):
        find_items(["memory://nowhere"], "memory://out")


def test_unknown_kind_of_url_says_so():
    with pytest.raises(BlotError, match="nosuch://"):
        find_items(["nosuch://bucket"], "out")


# --------------------------------------------------------------------------------------------------- sheet of layouts
SHEET = "image;lane;role;compound;concentration_nM\na;1;vehicle;DMSO;\na;2;sample;X;0,5\nd/b.tif;1;sample;X;2\n"


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(SHEET, "utf-8")
    return path


def items_of(tmp_path, *images):
    touch(tmp_path, *(f"i/{name}" for name in images))
    items = find(tmp_path, tmp_path / "i")
    return {item.name: item for item in items}, count_names(items)


def test_sheet_gives_each_image_its_lanes_by_any_of_its_names(tmp_path, sheet):
    items, counts = items_of(tmp_path, "A.tif", "d/b.tif")
    common = read_common(sheet)
    rows = read_layout(common.of(items["A.tif"], counts)).rows
    found = [(row.role, row.compound, row.concentration_nM) for row in rows]
    assert found == [("vehicle", "DMSO", None), ("sample", "X", 0.5)]
    assert rows[0].extra == {}
    assert len(read_layout(common.of(items["d/b.tif"], counts))) == 1
    assert common.unused(counts) == []


def test_sheet_and_images_that_do_not_fit_each_other(tmp_path, sheet):
    items, counts = items_of(tmp_path, "d/a.tif", "e/a.tif", "d/bb.tif")
    common = read_common(sheet)
    ambiguous, absent = common.of(items["d/a.tif"], counts), common.of(items["d/bb.tif"], counts)
    assert "stands for 2 images" in ambiguous.what and "d/a.tif" in ambiguous.fix
    assert "no rows for image 'd/bb.tif'" in absent.what and "d/b.tif" in absent.what
    assert common.unused(counts) == ["d/b.tif"]


def test_fault_in_a_sheet_is_named_by_the_row_of_the_sheet(tmp_path, sheet):
    sheet.write_text(SHEET.replace("2;sample", "2;smaple"), "utf-8")
    items, counts = items_of(tmp_path, "a.tif", "d/b.tif")
    common = read_common(sheet)
    with pytest.raises(BlotError, match=r"sheet\.csv, row 3, column role: unknown role 'smaple'"):
        read_layout(common.of(items["a.tif"], counts))
    assert isinstance(common.of(items["d/b.tif"], counts), Table)


def test_sheet_row_without_image_is_refused(tmp_path, sheet):
    sheet.write_text(SHEET + ";2;sample;X;2\n", "utf-8")
    with pytest.raises(BlotError, match="row 5, column image: the image is empty"):
        read_common(sheet)


def test_layout_without_that_column_holds_for_all(tmp_path):
    (tmp_path / "one.csv").write_text("lane,role\n1,vehicle\n2,sample\n")
    items, counts = items_of(tmp_path, "a.tif", "b.tif")
    common = read_common(tmp_path / "one.csv")
    assert common.of(items["a.tif"], counts) == common.of(items["b.tif"], counts)
    assert len(common.layout) == 2
