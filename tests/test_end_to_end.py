"""The commands as a person runs them, in processes of their own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from blots import layout_of, small_blot, truth_of

import ublot

HEADER = "lane,role,compound,concentration_nM,time_min,replicate"


def start(*words, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "ublot", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=180,
        env={**os.environ, **environment},
        check=False,
    )


def write_layout(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([{k: "" if v is None else v for k, v in row.items()} for row in rows])
    return path


@pytest.fixture
def place(tmp_path):
    """A folder with one blot and its layout."""
    tifffile.imwrite(tmp_path / "blot.tif", small_blot().image, photometric="minisblack")
    write_layout(tmp_path / "blot.layout.csv", layout_of(small_blot()))
    return tmp_path


def snapshot(folder):
    """Every file with its bytes and its time; folders too."""
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes()) if p.is_file() else None
        for p in folder.rglob("*")
    }


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def refused(done, *says):
    """Exit code 2 and one clear line."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("ublot: "), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for words in says:
        assert words in done.stderr


# ------------------------------------------------------------------------------------------------------ the main job
def test_a_process_beside_changes_no_file(place):
    """On two cores a second process makes a part of the files: they are those that one process makes."""
    done = start("analyze", "blot.tif", "--marker", "precision-plus", cwd=place)
    assert done.returncode == 0 and done.stderr == ""
    alone = ublot.analyze(place / "blot.tif", marker="precision-plus").save(place / "alone.ublot")
    files = {p.name for p in alone.iterdir()}
    assert {p.name for p in (place / "blot.ublot").iterdir()} == files
    assert [name for name in files if (alone / name).read_bytes() != (place / "blot.ublot" / name).read_bytes()] == []


def test_analyze_writes_everything_and_leaves_the_input_alone(place):
    before = snapshot(place)
    done = start("analyze", "blot.tif", "--marker", "precision-plus", cwd=place)
    assert done.returncode == 0 and done.stderr == ""
    out = place / "blot.ublot"
    assert {p.name for p in out.iterdir()} >= {
        "lanes.csv", "species.csv", "profiles.csv", "analysis.json", "overlay.png", "profiles.png", "scores.png",
    }  # fmt: skip
    rows = read(out / "lanes.csv")
    relative = [float(row["relative_hmw"] or "nan") for row in rows]
    use = np.array([row["role"] in ("vehicle", "sample") for row in rows])
    assert np.array(relative)[use] == pytest.approx(truth_of(small_blot(), "relative_hmw")[use], rel=0.05)
    assert {name: kept for name, kept in snapshot(place).items() if name in before} == before
    assert "fold over DMSO" in done.stdout and "blot.ublot" in done.stdout
    for picture in out.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 5000


def test_no_report_and_running_again(place):
    words = ("analyze", "blot.tif", "--marker", "precision-plus", "--out", "o", "--no-report", "--quiet")
    done = start(*words, cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    names = {p.name for p in (place / "o").iterdir()}
    assert not any(name.endswith((".png", ".html")) for name in names)
    first = {p.name: p.read_bytes() for p in (place / "o").iterdir()}
    ublot.analyze(place / "blot.tif", marker="precision-plus", target_kda=75).save(place / "o", report=False)
    assert (place / "o" / "lanes.csv").read_bytes() != first["lanes.csv"]
    assert start(*words, cwd=place).returncode == 0
    assert {p.name: p.read_bytes() for p in (place / "o").iterdir()} == first


def test_an_edited_result_needs_force(place):
    words = ("analyze", "blot.tif", "--marker", "precision-plus", "--out", "o", "--no-report")
    made = ublot.analyze(place / "blot.tif", marker="precision-plus")
    made.with_lanes(made.geometry).save(place / "o", report=False)
    before = snapshot(place)
    refused(start(*words, cwd=place), "edits made by hand", "--force")
    assert snapshot(place) == before
    assert start(*words, "--force", cwd=place).returncode == 0
    assert not ublot.load(place / "o").edits.any


def test_json_on_success_is_the_table(place):
    done = start("analyze", "blot.tif", "--marker", "precision-plus", "--no-report", "--json", cwd=place)
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1
    rows = read(place / "blot.ublot" / "lanes.csv")
    assert [lane["lane"] for lane in document["lanes"]] == list(range(1, 11))
    for lane, row in zip(document["lanes"], rows, strict=True):
        assert list(lane) == list(row)
        assert lane["relative_hmw"] == (float(row["relative_hmw"]) if row["relative_hmw"] else None)


def test_a_configuration_file(place):
    (place / "c.toml").write_text('marker = "precision-plus"\nno-report = true\nquiet = true\nantibody = "target"\n')
    done = start("analyze", "blot.tif", "--config", "c.toml", cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ublot.load(place / "blot.ublot").params.marker == "precision-plus"


def test_demo_into_an_empty_folder_and_again(tmp_path):
    (tmp_path / "d").mkdir()
    done = start("demo", "--out", "d", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    names = {p.name for p in (tmp_path / "d").iterdir()}
    assert names >= {"demo.tif", "demo.layout.csv", "lanes.csv", "overlay.png", "scores.png", "analysis.json"}
    rows = read(tmp_path / "d" / "lanes.csv")
    truth = json.loads((tmp_path / "d" / "demo.truth.json").read_text())["lanes"]
    for row, lane in zip(rows, truth, strict=True):
        if row["role"] in ("vehicle", "sample"):
            assert float(row["relative_hmw"]) == pytest.approx(lane["relative_hmw"], rel=0.06)
    made = ublot.load(tmp_path / "d")
    assert made.rerun() == made
    again = start("demo", "--out", "d", "--no-report", "--json", cwd=tmp_path)
    assert again.returncode == 0 and len(json.loads(again.stdout)["lanes"]) == len(rows)
    kept = {p.name for p in (tmp_path / "d").iterdir()}
    assert kept < names and not any(name.endswith((".png", ".html")) for name in kept)
    assert kept >= {"demo.tif", "demo.layout.csv", "demo.truth.json", "lanes.csv", "analysis.json"}


# ------------------------------------------------------------------------------- what is refused, and what is empty
def test_a_jpeg_keeps_areas_and_says_why_there_are_no_scores(place):
    from PIL import Image

    levels = (small_blot().image // 257).astype(np.uint8)
    Image.fromarray(levels).save(place / "photo.jpg", quality=75)
    write_layout(place / "photo.layout.csv", layout_of(small_blot()))
    done = start("analyze", "photo.jpg", "--marker", "precision-plus", "--no-report", cwd=place)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("no lane is scored (lossy): ")
    rows = read(place / "photo.ublot" / "lanes.csv")
    assert all(row["hmw_area"] and row["unmodified_area"] for row in rows)
    assert not any(row["hmw_fraction"] or row["relative_hmw"] or row["relative_hmw_area"] for row in rows)
    assert all("lossy" in row["flags"] for row in rows)
    allowed = start(
        "analyze", "photo.jpg", "--marker", "precision-plus", "--no-report", "--allow-unfit", "--out", "a", cwd=place
    )
    assert allowed.returncode == 0 and "not scored" not in allowed.stderr
    rows = read(place / "a" / "lanes.csv")
    assert all(
        row["hmw_fraction"] and "override" in row["flags"] for row in rows if row["role"] in ("vehicle", "sample")
    )


def dots():
    """A dot blot: round spots on a grid, no lanes."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:300, 0:420]
    picture = rng.normal(1500, 30, y.shape)
    for r in range(60, 300, 90):
        for c in range(50, 420, 80):
            picture += rng.uniform(3e3, 2e4) * np.exp(-(((y - r) ** 2 + (x - c) ** 2) / (2 * 9.0**2)))
    return np.clip(picture, 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("kind", ["dots", "noise"])
def test_a_picture_without_lanes_is_no_error(tmp_path, kind):
    picture = dots() if kind == "dots" else np.random.default_rng(2).normal(1500, 30, (300, 400)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "p.tif", picture)
    done = start("analyze", "p.tif", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1 and "no lanes" in done.stderr
    assert read(tmp_path / "p.ublot" / "lanes.csv") == []
    again = ublot.load(tmp_path / "p.ublot")
    assert len(again.lanes) == 0 and "relative_hmw" in again.lanes.columns
    assert json.loads(start("analyze", "p.tif", "--json", cwd=tmp_path).stdout)["lanes"] == []


# ---------------------------------------------------------------------------------------------------------- bad input
def whole(place):
    return (place / "blot.tif").read_bytes()


IMAGES = {
    "missing.tif": None,
    "empty.tif": lambda place: b"",
    "empty.1sc": lambda place: b"",
    "truncated.tif": lambda place: whole(place)[: len(whole(place)) // 2],
    "header.tif": lambda place: whole(place)[:40],
    "diary.tif": lambda place: b"Dear diary, " * 100,
    "diary.png": lambda place: b"Dear diary, " * 100,
    "table.csv": lambda place: (place / "blot.layout.csv").read_bytes(),
}


@pytest.mark.parametrize("name", IMAGES)
def test_files_that_are_no_blots(place, name):
    content = IMAGES[name]
    if content is not None:
        (place / name).write_bytes(content(place))
    before = snapshot(place)
    refused(start("analyze", name, cwd=place), name)
    assert snapshot(place) == before


def test_a_picture_of_one_level(place):
    tifffile.imwrite(place / "flat.tif", np.full((200, 300), 1200, np.uint16))
    before = snapshot(place)
    refused(start("analyze", "flat.tif", cwd=place), "flat.tif")
    assert snapshot(place) == before


def rows_of(change):
    rows = [{k: "" if v is None else v for k, v in row.items()} for row in layout_of(small_blot())]
    return change(rows) or rows


def set_cell(row, name, value):
    def change(rows):
        rows[row][name] = value

    return change


LAYOUTS = {
    "missing column": (
        lambda rows: [{k: v for k, v in r.items() if k not in ("role", "compound")} for r in rows],
        ["'role'", "missing"],
    ),
    "duplicate lane": (set_cell(4, "lane", 4), ["lane 4 is described twice", "rows 5 and 6"]),
    "a gap": (set_cell(9, "lane", 12), ["lane 10 is missing"]),
    "unknown role": (set_cell(2, "role", "untreated"), ["row 4, column role", "'untreated'", "vehicle"]),
    "dose that is no number": (set_cell(6, "concentration_nM", "ten"), ["row 8, column concentration_nM", "'ten'"]),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_layouts_that_cannot_be_right(place, case):
    change, says = LAYOUTS[case]
    write_layout(place / "bad.csv", rows_of(change))
    before = snapshot(place)
    refused(start("analyze", "blot.tif", "--layout", "bad.csv", cwd=place), "bad.csv", *says)
    assert snapshot(place) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--lanes", "9"], ["10 rows", "lanes is 9"]),
        (["--layout", "none.csv"], ["none.csv", "not found"]),
        (["--layout", "blot.tif"], ["blot.tif"]),
        (["--background", "blank-lane", "--layout", "noblank.csv"], ["role blank"]),
        (["--normalise", "loads.csv"], ["no load for lane 4"]),
        (["--marker-positions", "one.csv"], ["one.csv"]),
        (["--roi", "0:5000,0:100"], ["roi"]),
        (["--config", "unknown.toml"], ["unknown.toml", "bakground", "background"]),
        (["--config", "value.toml"], ["value.toml", "target-kda", "-5"]),
        (["--config", "syntax.toml"], ["syntax.toml"]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else str(v),
)  # fmt: skip
def test_options_that_cannot_be_right(place, words, says):
    write_layout(place / "noblank.csv", rows_of(set_cell(9, "role", "ignore")))
    (place / "loads.csv").write_text("lane,load\n2,1\n3,1\n")
    (place / "one.csv").write_text("mass_kda,row_px\n100,40\n")
    (place / "unknown.toml").write_text('bakground = "none"\n')
    (place / "value.toml").write_text("target-kda = -5\n")
    (place / "syntax.toml").write_text("marker = precision-plus\n")
    before = snapshot(place)
    refused(start("analyze", "blot.tif", *words, cwd=place), *says)
    assert snapshot(place) == before


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("blot.tif", ["input image"]),
        ("blot.tif/below", ["blot.tif"]),
        ("mine", ["not written by ublot analyze"]),
        (".", ["input image"]),
        ("x" * 300, ["x" * 300]),
    ],
    ids=["the image", "below a file", "a folder of others", "the image's folder", "a name too long"],
)
def test_places_that_cannot_be_written(place, out, says):
    (place / "mine").mkdir()
    (place / "mine" / "thesis.txt").write_text("years")
    before = snapshot(place)
    refused(start("analyze", "blot.tif", "--out", out, "--no-report", cwd=place), *says)
    assert snapshot(place) == before


def test_a_place_where_nothing_may_be_written(place):
    """The kernel's own folder takes no files, not even from the administrator."""
    if not os.path.isdir("/proc/self"):
        pytest.skip("only Linux has /proc")
    before = snapshot(place)
    refused(
        start("analyze", "blot.tif", "--out", "/proc/ublot", "--no-report", cwd=place), "/proc/ublot", "cannot write"
    )
    assert snapshot(place) == before


def test_a_lane_too_many_is_not_made_up(place):
    """Eleven rows for ten lanes: refused where the picture has no room for one more, else that lane is flagged."""
    rows = layout_of(small_blot())
    write_layout(place / "more.csv", [*rows, {**rows[8], "lane": 11}])
    done = start("analyze", "blot.tif", "--layout", "more.csv", "--marker", "precision-plus", "--no-report", cwd=place)
    if done.returncode == 2:
        refused(done, "11")
        return
    row = read(place / "blot.ublot" / "lanes.csv")[10]
    assert row["hmw_fraction"] == "" and "lane_uncertain" in row["flags"]


def test_errors_as_json(place):
    write_layout(place / "bad.csv", rows_of(set_cell(2, "role", "untreated")))
    done = start("analyze", "blot.tif", "--layout", "bad.csv", "--json", cwd=place)
    refused(done, "untreated")
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"what", "where", "fix"} and "untreated" in error["what"] and "row 4" in error["where"]


def test_a_failed_run_leaves_the_old_result(place):
    words = ("analyze", "blot.tif", "--marker", "precision-plus", "--no-report")
    assert start(*words, cwd=place).returncode == 0
    (place / "loads.csv").write_text("lane,load\n2,1\n")
    before = snapshot(place)
    refused(start(*words, "--normalise", "loads.csv", cwd=place), "no load")
    assert snapshot(place) == before
