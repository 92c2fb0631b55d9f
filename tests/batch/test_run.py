"""A batch in one process: what it writes, what it does again and what it does not, what it says of bad blots."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from batch_blots import OPTIONS, Events, contents, write_blots
from typer.testing import CliRunner

import ublot
from ublot import cli
from ublot.batch import done as finished
from ublot.batch.lock import hold
from ublot.errors import BlotError


@pytest.fixture(scope="module")
def blots(tmp_path_factory):
    return write_blots(tmp_path_factory.mktemp("blots"), 3)


@pytest.fixture(scope="module")
def finished_run(blots, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    events = Events()
    result = ublot.run_batch(blots, out=out, workers=0, report=False, progress=events, **OPTIONS)
    return out, result, events


@pytest.fixture
def copy(finished_run, blots, tmp_path):
    """A finished run and its blots, to change at will."""
    shutil.copytree(blots, tmp_path / "blots")
    shutil.copytree(finished_run[0], tmp_path / "out")
    return tmp_path


def again(folder, **options):
    events = Events()
    result = ublot.run_batch(
        folder / "blots", out=folder / "out", workers=0, **{"report": False, **OPTIONS, **options}, progress=events
    )
    return events.states, result


# ------------------------------------------------------------------------------------------------------ what it writes
def test_lanes_are_those_of_each_blot_analysed_alone(finished_run, blots):
    out, result, _ = finished_run
    assert (result.blots, result.analysed, result.kept, result.failures) == (3, 3, 0, ())
    with (out / "lanes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [f"b{k}.tif" for k in range(3) for _ in range(5)]
    for k in range(3):
        alone = ublot.analyze(blots / f"b{k}.tif", **OPTIONS).lanes
        together = [row for row in rows if row["image"] == f"b{k}.tif"]
        for name in ("hmw_area", "hmw_fraction", "relative_hmw", "relative_hmw_high"):
            assert [float(row[name] or "nan") for row in together] == pytest.approx(alone[name].tolist(), nan_ok=True)
        assert [row["compound"] for row in together] == alone["compound"].tolist()


def test_result_of_a_blot_opens_as_any_other(finished_run, blots):
    loaded = ublot.load(finished_run[0] / "b1.ublot")
    assert loaded == ublot.analyze(blots / "b1.tif", **OPTIONS)


@pytest.mark.parametrize("reader", ["pandas", "polars", "duckdb"])
def test_parquet_is_typed_for_every_reader(finished_run, reader):
    path = str(finished_run[0] / "lanes.parquet")
    library = pytest.importorskip(reader)
    if reader == "duckdb":
        kinds = {n: str(t) for n, t, *_ in library.sql(f"describe select * from '{path}'").fetchall()}
        (mean,) = library.sql(f"select avg(relative_hmw) from '{path}' where role = 'vehicle'").fetchall()[0]
        assert (kinds["lane"], kinds["relative_hmw"], kinds["compound"]) == ("INTEGER", "DOUBLE", "VARCHAR")
    else:
        table = library.read_parquet(path)
        kinds = {name: str(table[name].dtype).lower() for name in table.columns}
        assert (kinds["lane"], kinds["relative_hmw"]) == ("int32", "float64") and kinds["compound"].startswith("str")
        vehicles = table[table["role"] == "vehicle"] if reader == "pandas" else table.filter(table["role"] == "vehicle")
        mean = vehicles["relative_hmw"].mean()
    assert mean == pytest.approx(1.0, abs=1e-6)  # vehicle lanes over their own mean


def test_library_gives_the_table(finished_run):
    lanes = finished_run[1].lanes
    assert len(lanes) == 15 and lanes["relative_hmw"].notna().any()


def test_layouts_extra_columns_are_joined(copy):
    layout = copy / "blots/b1.layout.csv"
    lines = layout.read_text().splitlines()
    layout.write_text("\n".join([lines[0] + ",plate", *(line + ",P7" for line in lines[1:])]))
    states, result = again(copy)
    assert states == {"b0.tif": "kept", "b1.tif": "analysed", "b2.tif": "kept"}
    assert result.lanes.groupby("image")["plate"].unique().map(list).to_dict() == {
        "b0.tif": [""], "b1.tif": ["P7"], "b2.tif": [""],
    }  # fmt: skip


def test_record_names_every_image(finished_run):
    record = json.loads((finished_run[0] / "batch.json").read_bytes())
    assert record["writer"] == "ublot batch" and record["status"] == "complete"
    assert [(i["image"], i["result"], i["status"]) for i in record["images"]] == [
        (f"b{k}.tif", f"b{k}.ublot", "done") for k in range(3)
    ]


def test_page_escapes_what_people_name_things(copy):
    odd = 'x "<b>&#%20?.tif'
    shutil.copy(copy / "blots/b0.tif", copy / "blots" / odd)
    layout = (copy / "blots/b0.layout.csv").read_text().replace("birinapant", "<script>alert(1)</script>")
    (copy / "blots" / odd.replace(".tif", ".layout.csv")).write_text(layout)
    (copy / "blots/<i>bad.tif").write_bytes(b"")
    again(copy)
    page = (copy / "out/index.html").read_text("utf-8")
    assert "<script>alert" not in page and "<b>" not in page and "<i>bad" not in page
    assert "&lt;script&gt;alert(1)" in page and "&lt;i&gt;bad.tif" in page
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert not [link for link in links if "://" in link]
    from html import unescape
    from urllib.parse import unquote

    assert [link for link in links if not (copy / "out" / unquote(unescape(link))).is_file()] == []


# ------------------------------------------------------------------------------- what is done again and what is not
def test_what_is_done_is_kept_and_nothing_changes(copy):
    before = contents(copy / "out")
    # The images lie elsewhere now: what counts is what they hold.
    states, result = again(copy)
    assert set(states.values()) == {"kept"} and (result.analysed, result.kept) == (0, 3)
    after = contents(copy / "out")
    assert before == after


def test_changed_image_layout_or_options_beside_redo_that_blot_only(copy):
    picture = tifffile.imread(copy / "blots/b0.tif")
    tifffile.imwrite(copy / "blots/b0.tif", picture + np.uint16(1))
    layout = copy / "blots/b1.layout.csv"
    layout.write_text(layout.read_text().replace("birinapant", "LCL161"))
    assert again(copy)[0] == {"b0.tif": "analysed", "b1.tif": "analysed", "b2.tif": "kept"}
    layout.write_text(layout.read_text().replace(",", ";"))  # says the same
    (copy / "blots/b2.toml").write_text("target = 'XIAP'\n")
    assert again(copy)[0] == {"b0.tif": "kept", "b1.tif": "kept", "b2.tif": "analysed"}
    records = [json.loads((copy / f"out/b{k}.ublot/analysis.json").read_bytes()) for k in range(3)]
    assert [record["params"]["target"] for record in records] == ["cIAP1", "cIAP1", "XIAP"]


def test_results_of_other_images_stay_and_are_mentioned(copy):
    _, result = again(copy)
    assert result.notes == ()
    (copy / "blots/b2.tif").unlink()
    _, result = again(copy)
    assert result.notes == ("1 results of the last run are of other images: they stay, but not in the tables",)
    assert set(result.lanes["image"]) == {"b0.tif", "b1.tif"}
    assert (copy / "out/b2.ublot/done.json").exists()


@pytest.mark.parametrize("change", ["option", "version", "file gone", "file cut", "no done.json", "force", "report"])
def test_whatever_does_not_match_is_redone(copy, monkeypatch, change):
    for name in ("b1", "b2"):
        (copy / f"blots/{name}.tif").unlink()
    folder, options = copy / "out/b0.ublot", {}
    if change == "option":
        options = {"target_kda": 50}
    elif change == "version":
        monkeypatch.setattr(finished, "__version__", "99")
    elif change == "file gone":
        (folder / "species.csv").unlink()
    elif change == "file cut":
        (folder / "profiles.csv").write_bytes((folder / "profiles.csv").read_bytes()[:-1])
    elif change == "no done.json":
        (folder / "done.json").unlink()
    else:
        options = {change: True}
    assert again(copy, **options)[0] == {"b0.tif": "analysed"}
    if change != "force":
        assert again(copy, **options)[0] == {"b0.tif": "kept"}


def test_edits_made_by_hand_are_kept_and_counted(copy):
    folder = copy / "out/b0.ublot"
    analysis = ublot.load(folder, image=copy / "blots/b0.tif")
    lanes = analysis.geometry
    moved = replace(lanes, items=(*lanes.items[:-1], replace(lanes.items[-1], width=lanes.items[-1].width * 0.8)))
    analysis.with_lanes(moved).save(folder, report=False, force=True)
    area = ublot.load(folder).lanes["hmw_area"].iloc[-1]
    states, result = again(copy)
    assert states["b0.tif"] == "kept"
    assert result.lanes.query("image == 'b0.tif'")["hmw_area"].iloc[-1] == pytest.approx(area)
    assert "edited" in (copy / "out/index.html").read_text("utf-8")
    states, result = again(copy, target_kda=50)
    assert [(f.image, f.stage) for f in result.failures] == [("b0.tif", "writing")]
    assert "edits made by hand" in result.failures[0].error
    assert again(copy, target_kda=50, force=True)[0]["b0.tif"] == "analysed"


def test_options_beside_an_image_stand_between_the_common_file_and_the_given(copy):
    common, beside = copy / "all.toml", copy / "blots/b1.toml"
    common.write_text("target-kda = 40\nmodifier-kda = 9\nno-report = true\n")
    beside.write_text("target_kda = 50\nmodifier-kda = 10\n")
    again(copy, config=common, modifier_kda=11, report=True)
    found = [json.loads((copy / f"out/b{k}.ublot/analysis.json").read_bytes())["params"] for k in range(2)]
    assert [(params["target_kda"], params["modifier_kda"]) for params in found] == [(40, 11), (50, 11)]
    assert not (copy / "out/b0.ublot/overlay.png").exists()


def test_lanes_from_one_sheet(copy):
    with (copy / "sheet.csv").open("w") as sheet:
        for k in range(3):
            header, *rows = (copy / f"blots/b{k}.layout.csv").read_text().splitlines()
            sheet.write("" if k else f"image,{header}\n")
            sheet.writelines(f"b{k},{row}\n" for row in rows)
            (copy / f"blots/b{k}.layout.csv").unlink()
        sheet.write(f"typo,{rows[0]}\n")
    states, result = again(copy, layout=copy / "sheet.csv")
    assert set(states.values()) == {"kept"}  # the lanes are the same ones
    assert result.notes == (f"{copy}/sheet.csv: image 'typo' is not among the inputs",)


# --------------------------------------------------------------------------------------------------------- bad blots
FAULTS = {
    "empty": ("reading the image", "the file is empty"), "text": ("reading the image", "is not an image"),
    "gone": ("input", "no such file"), "level": ("reading the image", "there is no picture"),
    "role": ("layout", "unknown role 'vehicel'"), "lane": ("layout", "lane 2 is missing"),
    "count": ("layout", "lanes is 9"), "key": ("options", "did you mean marker?"), "toml": ("options", "not TOML"),
}  # fmt: skip


def test_bad_blots_are_named_and_cost_themselves_only(copy):
    folder = copy / "blots"
    for name in FAULTS:
        shutil.copy(folder / "b0.tif", folder / f"{name}.tif")
        shutil.copy(folder / "b0.layout.csv", folder / f"{name}.layout.csv")
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_text("no picture\n")
    (folder / "gone.tif").unlink()
    tifffile.imwrite(folder / "level.tif", np.full((64, 64), 7, np.uint16))
    layout = (folder / "b0.layout.csv").read_text()
    (folder / "role.layout.csv").write_text(layout.replace("vehicle", "vehicel"))
    (folder / "lane.layout.csv").write_text(re.sub(r"(?m)^2,.*\n", "", layout))
    (folder / "count.toml").write_text("lanes = 9\n")
    (folder / "key.toml").write_text("markerr = 'x'\n")
    (folder / "toml.toml").write_text("marker = x\n")
    (copy / "list.txt").write_text("".join(f"blots/{name}.tif\n" for name in ["b0", *FAULTS]))
    events = Events()
    result = ublot.run_batch(f"@{copy}/list.txt", out=copy / "new", workers=0, report=False, progress=events, **OPTIONS)
    found = {f.image.removeprefix("blots/").removesuffix(".tif"): f for f in result.failures}
    assert {name: (f.stage, True) for name, f in found.items()} == {
        n: (stage, True) for n, (stage, _) in FAULTS.items()
    }
    for name, (_, words) in FAULTS.items():
        assert words in found[name].error and "\n" not in found[name].error
    assert set(result.lanes["image"]) == {"blots/b0.tif"}
    with (copy / "new/failures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "stage", "error"] and len(rows) == len(FAULTS)
    # Mended ones are done on the next run.
    (folder / "count.toml").unlink()
    result = ublot.run_batch(f"@{copy}/list.txt", out=copy / "new", workers=0, report=False, **OPTIONS)
    assert (result.analysed, result.kept, len(result.failures)) == (1, 1, len(FAULTS) - 1)


def test_refused_blot_is_no_failure(copy):
    from PIL import Image

    picture = tifffile.imread(copy / "blots/b0.tif")
    Image.fromarray((picture // 256).astype(np.uint8)).save(copy / "blots/b0.jpg", quality=60)
    for name in ("b0.tif", "b1.tif", "b2.tif"):
        (copy / "blots" / name).unlink()
    states, result = again(copy)
    assert states == {"b0.jpg": "analysed"} and result.refused == 1 and not result.failures
    assert result.lanes["relative_hmw"].isna().all() and (result.lanes["hmw_area"].notna()).any()
    assert 'class="refused"' in (copy / "out/index.html").read_text("utf-8")


def test_page_says_how_much_a_flag_weighs():
    from types import SimpleNamespace

    from ublot.batch.index_page import _rows

    shows = {"highest": 1.0, "highest_low": 0.5, "highest_high": 2.0, "highest_is": "A", "quantity": "relative_hmw",
             "files": [], "lanes": 1, "scored": 1, "refused": 0, "messages": [], "background": "gutter",
             "flags": {"lanes_touching": 1, "gutters_poor": 1}}  # fmt: skip
    (row,) = _rows([(SimpleNamespace(name="a.tif", folder="a"), shows)])
    said = {flag["name"]: flag["severity"] for flag in row["flags"]}
    assert said == {"lanes touching": "warn", "gutters poor": "refuse"}


def test_second_run_into_the_same_folder_says_who_is_there(copy):
    before = contents(copy / "out")
    with (
        hold(str(copy / "out")),
        pytest.raises(BlotError, match=rf"another run is writing there \(process {os.getpid()}"),
    ):
        again(copy, force=True)
    assert contents(copy / "out") == before
    assert set(again(copy)[0].values()) == {"kept"}


def test_file_system_without_locks_is_watched_by_signs_of_life(tmp_path, monkeypatch):
    from filelock import FileLock

    def no_locks(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", no_locks)
    out = str(tmp_path / "out")
    with hold(out), pytest.raises(BlotError, match="another run is writing there"), hold(out):
        pass
    owner = tmp_path / "out/.ublot-batch/owner.json"
    assert not owner.exists()
    owner.write_text(json.dumps({"host": "elsewhere", "process": 1, "time": time.time() - 3600}))  # left long ago
    with hold(out):
        assert json.loads(owner.read_text())["process"] == os.getpid()


def test_full_disk_stops_the_batch_and_the_next_one_goes_on(copy, monkeypatch):
    import errno

    from ublot.batch import one_blot as work

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    (copy / "out/b1.ublot/done.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(work, "publish", full)
        with pytest.raises(BlotError, match="stopped: the disk is full; mend that"):
            again(copy)
    assert again(copy)[0] == {"b0.tif": "kept", "b1.tif": "analysed", "b2.tif": "kept"}


def test_what_a_killed_run_left_is_removed(copy):
    left = [copy / "out/.b1.ublot.0123abcd.new", copy / "out/.ublot-batch/scratch/blot-x"]
    for folder in left:
        folder.mkdir(parents=True)
    again(copy)
    assert not any(folder.exists() for folder in left)


# ------------------------------------------------------------------------------------------------------------ storage
def test_storage_in_memory_gives_the_same_tables(finished_run, blots):
    fsspec = pytest.importorskip("fsspec")
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    for path in blots.iterdir():
        storage.pipe_file(f"/blots/{path.name}", path.read_bytes())
    for expected in ("analysed", "kept"):
        events = Events()
        ublot.run_batch("memory://blots", out="memory://out", report=False, progress=events, **OPTIONS)
        assert set(events.states.values()) == {expected}
    for name in ("lanes.csv", "lanes.parquet", "failures.csv"):
        assert storage.cat_file(f"/out/{name}") == (finished_run[0] / name).read_bytes()
    record = json.loads(storage.cat_file("/out/b0.ublot/analysis.json"))
    assert record["image"]["path"] == "memory:///blots/b0.tif"
    storage.pipe_file("/other/x", b"x")
    with pytest.raises(BlotError, match="not written by ublot batch"):
        ublot.run_batch("memory://blots", out="memory://other")
    with pytest.raises(BlotError, match="one process only"):
        ublot.run_batch("memory://blots", out="memory://out", scheduler="tcp://127.0.0.1:1")
    storage.store.clear()


# ------------------------------------------------------------------------------------------------------- command line
def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_command_reports_failures_with_exit_code_1(copy):
    words = ("batch", copy / "blots", "--out", copy / "out", "--workers", 0, "--no-report", "--no-ladder")
    done = run(*words, "--marker", "precision-plus")
    assert (done.exit_code, done.stderr) == (0, "") and "3 of 3 blots done, 3 of them by an earlier run" in done.stdout
    (copy / "blots/bad.tif").write_bytes(b"")
    done = run(*words, "--marker", "precision-plus", "--quiet")
    assert (done.exit_code, done.stdout) == (1, "") and done.stderr.startswith("bad.tif: failed (reading the image)")
    done = run(*words, "--marker", "precision-plus", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 1 and answer["kept"] == 3 and answer["failures"][0]["image"] == "bad.tif"
    done = run(*words, "--marker", "precision-plus", "--log-json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["start", *["blot"] * 4, "tables", "end"]
    assert (events[-1]["kept"], events[-1]["failed"], done.exit_code) == (3, 1, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--workers", "-1"], "option workers"), (["--workers", "many"], "a whole number from 0"),
        (["--marker", "nonsense"], "option marker"), (["--config", "missing.toml"], "missing.toml"),
        (["--layout", "missing.csv"], "layout not found"), (["--json", "--log-json"], "exclude each other"),
        (["--workers", "1", "--scheduler", "tcp://127.0.0.1:9"], "its own workers"),
        (["--scheduler", "nonsense://x"], "nonsense"),
    ],
)  # fmt: skip
def test_bad_usage_is_one_line(blots, tmp_path, words, says):
    done = run("batch", blots, "--out", tmp_path / "out", *words)
    assert done.exit_code == 2 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_parent_loads_no_dask_for_a_pool():
    code = "import ublot.cli.app, sys, ublot; ublot.run_batch; print('dask' in sys.modules, 'pandas' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )
