"""An analysis as an object: saved, reopened, edited, run again."""

from __future__ import annotations

import gc
import json
import os
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from blots import analyse, analysed, layout_of, small_blot

import ublot
from ublot.errors import BlotError
from ublot.inputs.edits import Edits
from ublot.model import Calibration


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A blot and its layout as files."""
    folder = tmp_path_factory.mktemp("source")
    blot = small_blot()
    tifffile.imwrite(folder / "blot.tif", blot.image, photometric="minisblack")
    rows = layout_of(blot)
    lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
    (folder / "blot.layout.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def folder(source, tmp_path):
    shutil.copytree(source, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture(scope="module")
def from_file(source):
    return ublot.analyze(source / "blot.tif", marker="precision-plus")


def numbers(analysis):
    return {name: analysis.columns[name] for name in ("lanes", "species", "profiles")}


def same(one, two):
    for name, columns in numbers(one).items():
        for key, values in columns.items():
            here, there, where = np.array(values), np.array(numbers(two)[name][key]), f"{name}.{key}"
            if name == "profiles":  # nine digits of them are written
                np.testing.assert_allclose(here, there, rtol=6e-9, err_msg=where)
            else:
                np.testing.assert_array_equal(here, there, err_msg=where)


# --------------------------------------------------------------------------------------------------- save and reopen
def test_files_arrays_and_blots_give_the_same_numbers(source, from_file):
    layout = source / "blot.layout.csv"
    of_blot = ublot.analyze(ublot.read_blot(source / "blot.tif"), layout=layout, marker="precision-plus")
    of_array = analyse(small_blot(), layout=layout)
    assert of_blot == from_file
    for name in ("hmw_fraction", "relative_hmw_high", "mean_ubiquitins"):
        np.testing.assert_array_equal(of_array.lanes[name], from_file.lanes[name])
    assert from_file.source.name == "blot.tif" and of_array.source.name == "array"


def test_a_reopened_result_is_equal_and_runs_again_to_the_same_numbers(folder):
    made = ublot.analyze(folder / "blot.tif", marker="precision-plus", target_kda=70.5, background="snip")
    again = ublot.load(made.save(folder / "out", report=False))
    assert again == made and made == again
    assert again.params == made.params and again.layout == made.layout and again.geometry == made.geometry
    assert again.calibration == made.calibration and again.source.sha256 == made.source.sha256
    same(again, made)
    assert [again.lanes[c].dtype for c in again.lanes] == [made.lanes[c].dtype for c in made.lanes]
    same(again.rerun(), made)
    assert again.rerun() == made


def test_what_was_saved_is_in_the_record(folder, from_file):
    out = from_file.save(folder / "out", report=False)
    record = json.loads((out / "analysis.json").read_text())
    assert record["image"]["sha256"] == from_file.source.sha256 and record["image"]["name"] == "blot.tif"
    assert record["params"]["marker"] == "precision-plus" and record["versions"]["ublot"] == ublot.__version__
    assert len(record["geometry"]["lanes"]) == 10 and record["calibration"]["kind"] == "marker"
    assert [row["role"] for row in record["layout"]] == [row["role"] for row in small_blot().layout]
    tables = {"lanes.csv", "species.csv", "profiles.csv", "summary.csv", "dose_response.csv"}
    assert {p.name for p in out.iterdir()} == {"analysis.json", *tables}


def test_a_different_analysis_is_not_equal(from_file, source):
    other = ublot.analyze(source / "blot.tif", marker="precision-plus", target_kda=75)
    assert other != from_file
    assert from_file != "an analysis"


def test_pixels_that_are_forgotten_leave_memory_and_come_back(source, from_file, tmp_path):
    path = source / "blot.tif"
    analysis = ublot.analyze(path, marker="precision-plus")
    pixels = weakref.ref(analysis.blot.signal)
    analysis.forget_pixels()
    gc.collect()
    assert pixels() is None
    analysis.save(tmp_path / "out", report=False)
    assert analysis == from_file
    moved = replace(from_file.edits, boundary_rows=((3, from_file.ladders[2].boundary_row + 4),))
    assert analysis.with_edits(moved) == from_file.with_edits(moved)
    given = ublot.analyze(tifffile.imread(path), marker="precision-plus")
    given.forget_pixels()  # of an array there is nothing to be read again
    assert given.blot.signal.any()


def test_an_analysis_that_nobody_holds_leaves_memory_at_once(from_file):
    analysis = from_file.with_params(from_file.params)
    assert analysis.columns and analysis.statistics
    gone = weakref.ref(analysis)
    gc.disable()  # commands look for circles rarely, and a large scan is not to wait for that
    try:
        del analysis
        assert gone() is None
    finally:
        gc.enable()


def test_an_empty_result_reopens(tmp_path):
    picture = np.random.default_rng(0).normal(2000, 30, (200, 260)).astype(np.float32)
    made = ublot.analyze(picture)
    again = ublot.load(made.save(tmp_path / "out"))
    assert again == made and len(again.lanes) == 0 and list(again.lanes.columns) == list(made.lanes.columns)
    assert again.messages == made.messages
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"lanes.csv", "species.csv", "profiles.csv", "overlay.png"}


def test_a_relative_image_is_found_from_anywhere(folder, monkeypatch):
    monkeypatch.chdir(folder)
    made = ublot.analyze("blot.tif", marker="precision-plus")
    made.save("out", report=False)
    monkeypatch.chdir(folder.parent)
    again = ublot.load(folder / "out")
    assert again == made and again.blot.source.sha256 == made.source.sha256


def test_a_folder_that_moved_with_its_image_reopens(folder):
    made = ublot.analyze(folder / "blot.tif", marker="precision-plus")
    made.save(folder / "blot.ublot", report=False)
    moved = folder.with_name("elsewhere")
    folder.rename(moved)
    again = ublot.load(moved / "blot.ublot")
    assert again == made
    assert again.blot.shape == made.blot.shape


def test_an_array_is_asked_for_when_it_is_needed(tmp_path):
    made = analysed()
    made.save(tmp_path / "out", report=False)
    again = ublot.load(tmp_path / "out")
    assert again == made
    with pytest.raises(BlotError, match="does not hold the array"):
        again.rerun()
    same(ublot.load(tmp_path / "out", image=small_blot().image).rerun(), made)
    with pytest.raises(BlotError, match="not the one that was analysed"):
        ublot.load(tmp_path / "out", image=small_blot().image[::-1])


def test_a_missing_image_does_not_hide_the_numbers(folder):
    made = ublot.analyze(folder / "blot.tif", marker="precision-plus")
    made.save(folder / "out", report=False)
    (folder / "blot.tif").unlink()
    again = ublot.load(folder / "out")
    assert again == made and again.lanes.hmw_fraction.notna().any()
    asks = (lambda: again.blot, again.rerun, lambda: again.with_lanes(again.geometry), lambda: again.ladders)
    for ask in asks:
        with pytest.raises(BlotError, match=r"blot\.tif: the image of this result is not there"):
            ask()


def test_a_changed_image_is_refused(folder):
    made = ublot.analyze(folder / "blot.tif", marker="precision-plus")
    made.save(folder / "out", report=False)
    tifffile.imwrite(folder / "blot.tif", small_blot().image // 2)
    with pytest.raises(BlotError, match="SHA-256 differs"):
        ublot.load(folder / "out").rerun()


@pytest.mark.parametrize(
    "damage",
    [
        lambda out: (out / "analysis.json").write_text('{"writer": "ublot analyze"}'),
        lambda out: (out / "analysis.json").write_text("{"),
        lambda out: (out / "analysis.json").unlink(),
        lambda out: (out / "lanes.csv").unlink(),
        lambda out: (out / "species.csv").write_text("lane,n\n1\n"),
        lambda out: (out / "profiles.csv").write_text("nothing\n"),
        lambda out: (out / "lanes.csv").write_bytes(b"\xff\xfe\x00"),
    ],
)  # fmt: skip
def test_a_damaged_result_is_one_clear_line(from_file, tmp_path, damage):
    out = from_file.save(tmp_path / "out", report=False)
    damage(out)
    with pytest.raises(BlotError) as error:
        assert ublot.load(out).columns
    assert "\n" not in str(error.value) and str(out) in str(error.value)


def test_a_folder_that_is_no_result(tmp_path):
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(BlotError):
            ublot.load(place)


# -------------------------------------------------------------------------------------------------------------- edits
def moved(geometry, lane, by):
    items = [replace(k, xs=tuple(x + by for x in k.xs)) if k.number == lane else k for k in geometry]
    return replace(geometry, items=tuple(items))


def test_a_lane_moved_by_hand_changes_that_lane(from_file):
    edited = from_file.with_lanes(moved(from_file.geometry, 7, 3.0))
    assert edited.lanes.x_px[6] == pytest.approx(from_file.lanes.x_px[6] + 3.0)
    assert edited.lanes.x_px.drop(6).to_list() == pytest.approx(from_file.lanes.x_px.drop(6).to_list())
    assert all("edited" in text for text in edited.lanes["flags"])
    assert edited.lanes.hmw_fraction[6] == pytest.approx(from_file.lanes.hmw_fraction[6], abs=0.03)
    assert not from_file.edits.any and "edited" not in from_file.lanes["flags"][6]


def test_lanes_left_where_they_are_give_the_same_numbers(from_file):
    kept = from_file.with_lanes(from_file.geometry)
    for name in ("hmw_fraction", "relative_hmw", "hmw_area", "relative_hmw_high"):
        np.testing.assert_allclose(kept.lanes[name], from_file.lanes[name], rtol=1e-12)


def test_lanes_drawn_in_any_order_are_numbered_from_left_to_right(from_file):
    order = [4, 0, 9, 2, 1, 3, 8, 6, 5, 7]
    shuffled = [replace(from_file.geometry[i], number=99 - k) for k, i in enumerate(order)]
    edited = from_file.with_lanes(replace(from_file.geometry, items=tuple(shuffled)))
    assert list(edited.lanes.lane) == list(range(1, 11))
    np.testing.assert_allclose(edited.lanes.hmw_fraction, from_file.lanes.hmw_fraction, rtol=1e-12)


def test_lanes_and_layout_must_agree(from_file):
    fewer = replace(from_file.geometry, items=from_file.geometry.items[:-1])
    with pytest.raises(BlotError, match="10 rows, but there are 9 lanes"):
        from_file.with_lanes(fewer)
    free = ublot.analyze(small_blot().image, lanes=10, marker="precision-plus")
    assert len(free.with_lanes(fewer).lanes) == 9


def test_a_boundary_moved_by_hand_moves_signal(from_file):
    row = from_file.ladders[7].boundary_row
    edited = from_file.with_edits(Edits(boundary_rows=((8, row - 10.0),)))
    before, after = from_file.lanes.iloc[7], edited.lanes.iloc[7]
    assert after.hmw_area < before.hmw_area
    own = from_file.profiles[(from_file.profiles.lane == 8) & from_file.profiles.row_px.between(row - 10, row)]
    assert before.hmw_area - after.hmw_area == pytest.approx(own.signal.sum(), rel=0.15)
    assert edited.lanes.hmw_fraction.drop(7).to_list() == pytest.approx(
        from_file.lanes.hmw_fraction.drop(7).to_list(), nan_ok=True
    )


def test_a_calibration_by_hand(from_file):
    shifted = Calibration(tuple(r + 2 for r in from_file.calibration.rows), from_file.calibration.masses, "positions")
    edited = from_file.with_calibration(shifted)
    assert edited.calibration == shifted
    np.testing.assert_allclose(edited.lanes.hmw_fraction[5:9], from_file.lanes.hmw_fraction[5:9], atol=0.01)


def test_edits_survive_saving_and_running_again(from_file, tmp_path):
    edits = Edits(
        moved(from_file.geometry, 7, 2.0),
        replace(from_file.calibration, kind="positions"),
        ((8, from_file.ladders[7].boundary_row - 5.0),),
    )
    edited = from_file.with_edits(edits)
    again = ublot.load(edited.save(tmp_path / "out", report=False))
    assert again == edited and again.edits.boundary_rows == edits.boundary_rows
    same(again.rerun(), edited)
    assert again.with_edits(Edits()) == from_file


def test_an_edited_result_is_kept_unless_forced(from_file, tmp_path):
    edited = from_file.with_lanes(moved(from_file.geometry, 7, 2.0))
    out = edited.save(tmp_path / "out", report=False)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    with pytest.raises(BlotError, match="edits made by hand"):
        from_file.save(out, report=False)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    from_file.save(out, report=False, force=True)
    assert ublot.load(out) == from_file


def test_saving_again_replaces_and_keeps_what_is_not_ours(from_file, tmp_path):
    out = from_file.save(tmp_path / "out", report=False)
    (out / "notes.txt").write_text("mine")
    first = (out / "lanes.csv").read_bytes()
    from_file.save(out, report=False)
    assert (out / "lanes.csv").read_bytes() == first and (out / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_blot_that_lies_in_its_result_stays_there(folder):
    first = ublot.analyze(folder / "blot.tif", marker="precision-plus")
    out = first.save(folder / "out", report=False)
    shutil.move(folder / "blot.tif", out / "blot.tif")
    again = ublot.load(out).rerun()
    again.save(out, report=False)
    assert (out / "blot.tif").is_file() and ublot.load(out) == first


def test_a_result_never_takes_the_place_of_its_image(folder):
    picture = folder / "overlay.png"
    tifffile.imwrite(folder / "b.tif", small_blot().image)
    import cv2

    cv2.imwrite(str(picture), small_blot().image)
    made = ublot.analyze(picture, layout=folder / "blot.layout.csv", marker="precision-plus")
    before = picture.read_bytes(), os.stat(picture).st_mtime_ns
    with pytest.raises(BlotError, match="replace the input image"):
        made.save(folder)
    assert (picture.read_bytes(), os.stat(picture).st_mtime_ns) == before


# ------------------------------------------------------------------------------------------------------------- inputs
def test_options_that_cannot_be(source):
    for options, says in (({"lanes": 12}, "10 rows, but lanes is 12"), ({"lane": 3}, "unknown option")):
        with pytest.raises(BlotError, match=says):
            ublot.analyze(source / "blot.tif", **options)


def test_options_from_a_file_and_keywords(source, tmp_path, from_file):
    config = tmp_path / "c.toml"
    config.write_text('marker = "precision-plus"\ntarget-kda = 69.9\n')
    assert ublot.analyze(source / "blot.tif", config=config).lanes.equals(
        ublot.analyze(source / "blot.tif", config={"marker": "precision-plus"}, target_kda=69.9).lanes
    )


def test_lanes_given_to_analyze_are_edits(source, from_file):
    made = ublot.analyze(source / "blot.tif", marker="precision-plus", lanes=from_file.geometry)
    assert made.edits.lanes == from_file.geometry
    assert made == from_file.with_lanes(from_file.geometry)


def test_the_stages_called_one_by_one_agree(source, from_file):
    """The README's library calls give the areas that `analyze` gives."""
    blot = ublot.read_blot(source / "blot.tif")
    layout = ublot.read_layout(source / "blot.layout.csv")
    lanes = ublot.find_lanes(blot, count=10, blank=[10])
    background = ublot.estimate_background(blot, lanes, blank=[10])
    profiles = ublot.extract_profiles(blot, lanes, background)
    calibration = ublot.calibrate_mass(profiles[0], marker="precision-plus")
    loaded = range(2, 10)
    ladders = ublot.quantify_ladder(profiles, calibration, target=ublot.CIAP1, loaded=loaded)
    scores = ublot.score_relative(ladders, layout)
    relative = from_file.lanes.relative_hmw.to_list()
    assert [s.relative.value for s in scores] == pytest.approx(relative, rel=0.01, nan_ok=True)
