from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from ublot.errors import BlotError
from ublot.io import result_folder as results
from ublot.io.result_folder import check_out, default_out, json_bytes, read_record, write_result


def content(value=1, edits=None, **more):
    record = json_bytes({"writer": "ublot analyze", "value": value, "edits": edits or {}})
    return {"analysis.json": record, "lanes.csv": f"lane\n{value}\n", **more}


def tree(folder: Path):
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def test_writes_text_bytes_and_callables(tmp_path):
    out = write_result(tmp_path / "a" / "out", content(**{"overlay.png": lambda path: path.write_bytes(b"png")}))
    assert {p.name for p in out.iterdir()} == {"analysis.json", "lanes.csv", "overlay.png"}
    assert (out / "overlay.png").read_bytes() == b"png"
    assert read_record(out)["value"] == 1
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_permissions_are_those_of_an_ordinary_folder(tmp_path):
    (tmp_path / "plain").mkdir()
    out = write_result(tmp_path / "out", content())
    assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.parametrize("atomic", [True, False])
def test_replaces_an_earlier_result_whole(tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(results, "_exchange", lambda one, other: False)
    write_result(tmp_path / "out", content(1, **{"report.html": "old"}))
    write_result(tmp_path / "out", content(2))
    assert tree(tmp_path / "out") == {k: v if isinstance(v, bytes) else v.encode() for k, v in content(2).items()}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_persons_files_in_a_result_survive(tmp_path):
    out = write_result(tmp_path / "out", content(1))
    (out / "notes.txt").write_text("mine")
    (out / "more").mkdir()
    (out / "more" / "x.csv").write_text("1")
    (out / "link").symlink_to("notes.txt")
    write_result(out, content(2))
    assert (out / "notes.txt").read_text() == "mine" and (out / "more" / "x.csv").read_text() == "1"
    assert os.readlink(out / "link") == "notes.txt"
    assert read_record(out)["value"] == 2


def test_an_empty_folder_and_a_link_to_one_are_used(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for value in (1, 2):
        write_result(tmp_path / "link", content(value))
        assert (tmp_path / "link").is_symlink() and read_record(tmp_path / "real")["value"] == value


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "foreign",
    [
        {"thesis.docx": b"years"},
        {"analysis.json": b"{"},
        {"analysis.json": b"[1]"},
        {"analysis.json": b'{"writer": "another program"}'},
        {"batch.json": b'{"writer": "ublot batch"}'},
        {".hidden": b""},
    ],
)
def test_refuses_a_folder_it_did_not_write(tmp_path, force, foreign):
    out = tmp_path / "out"
    out.mkdir()
    for name, data in foreign.items():
        (out / name).write_bytes(data)
    with pytest.raises(BlotError, match=r"not written by ublot analyze; choose another folder with --out"):
        write_result(out, content(), force=force)
    assert tree(out) == foreign and [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("edits", [{"lanes": [[1, 2]]}, [{"kind": "move"}]])
def test_refuses_edits_unless_forced(tmp_path, edits):
    out = write_result(tmp_path / "out", content(1, edits))
    with pytest.raises(BlotError, match=r"edits made by hand.*--force"):
        write_result(out, content(2))
    assert read_record(out)["value"] == 1
    write_result(out, content(3), force=True)
    assert read_record(out)["value"] == 3


@pytest.mark.parametrize("edits", [None, {}, [], {"lanes": None, "regions": {}}])
def test_no_edits_are_no_obstacle(tmp_path, edits):
    out = write_result(tmp_path / "out", content(1, edits))
    assert read_record(write_result(out, content(2)))["value"] == 2


@pytest.mark.parametrize("force", [False, True])
def test_file_in_the_way(tmp_path, force):
    (tmp_path / "out").write_text("x")
    for place in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(BlotError, match="a file is in the way"):
            write_result(place, content(), force=force)
    assert (tmp_path / "out").read_text() == "x"
    (tmp_path / "broken").symlink_to("/dev/null/nowhere")
    with pytest.raises(BlotError):
        write_result(tmp_path / "broken", content())


def test_refuses_to_replace_the_input_image(tmp_path):
    out = write_result(tmp_path / "out", content())
    image = out / "blot.tif"
    image.write_bytes(b"tif")
    (tmp_path / "link").symlink_to(out)
    for place in (out, tmp_path, image, tmp_path / "link"):
        with pytest.raises(BlotError, match="would replace the input image"):
            check_out(place, image=image, force=True)
    assert check_out(tmp_path / "other", image=image) == tmp_path / "other"


class Stop(BaseException):
    pass


def fail_with(error):
    def write(path):
        path.write_bytes(b"half")
        raise error

    return write


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(
    ("error", "seen", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), BlotError, "disk is full"),
        (OSError(errno.EACCES, "Permission denied"), BlotError, "permission denied"),
        (RuntimeError("bug"), RuntimeError, "bug"),
        (Stop("now"), Stop, "now"),
    ],
)
def test_a_failed_write_leaves_the_old_result_and_nothing_else(tmp_path, earlier, error, seen, says):
    out = tmp_path / "deep" / "out"
    if earlier:
        write_result(out, content(1))
    before = tree(tmp_path)
    with pytest.raises(seen, match=says):
        write_result(out, content(2, **{"scores.png": fail_with(error)}))
    assert tree(tmp_path) == before


@pytest.mark.parametrize("step", [1, 2])
def test_a_failed_swap_leaves_the_old_result(tmp_path, monkeypatch, step):
    out = write_result(tmp_path / "out", content(1))
    monkeypatch.setattr(results, "_exchange", lambda one, other: False)
    real, calls = Path.rename, []

    def rename(self, target):
        calls.append(target)
        if len(calls) == step:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(BlotError, match="busy"):
        write_result(out, content(2))
    assert read_record(out)["value"] == 1 and [p.name for p in tmp_path.iterdir()] == ["out"]


def test_unwritable_place():
    if not Path("/proc/self").exists():
        pytest.skip("needs a /proc file system, where nobody can make a folder")
    with pytest.raises(BlotError, match=r"/proc/ublot/out: cannot write the result"):
        write_result("/proc/ublot/out", content())


def test_name_too_long(tmp_path):
    with pytest.raises(BlotError, match="too long"):
        write_result(tmp_path / ("x" * 300), content())


def test_a_reader_never_sees_half_a_result(tmp_path):
    """Read both files of a result over and over while it is replaced: neither must ever be missing."""
    out = write_result(tmp_path / "out", content(0))
    if not results._exchange(write_result(tmp_path / "other", content(0)), out):
        pytest.skip("this file system cannot exchange two folders in one step")
    done, problems, seen = threading.Event(), [], set()

    def read():
        while not done.is_set():
            try:
                seen.add(json.loads((out / "analysis.json").read_bytes())["value"])
                assert (out / "lanes.csv").read_text().startswith("lane\n")
            except (OSError, ValueError, AssertionError) as error:
                problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for value in range(100):
            write_result(out, content(value))
    finally:
        done.set()
        reader.join()
    assert not problems and len(seen) > 1


def test_read_record_refuses_what_is_not_a_result(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "analysis.json").write_text("{")
    (tmp_path / "empty").mkdir()
    for name, says in [
        ("file", "is a file"),
        ("none", "no such"),
        ("broken", "damaged"),
        ("empty", "no analysis.json"),
    ]:
        with pytest.raises(BlotError, match=says):
            read_record(tmp_path / name)


def test_json_is_strict_and_exact():
    record = {
        "a": np.float64(0.1) + 0.2,
        "b": np.arange(3),
        "c": (np.nan, np.inf, 1),
        "p": Path("x"),
        "µ": np.bool_(True),
    }
    raw = json_bytes(record)
    assert json.loads(raw, parse_constant=pytest.fail) == {
        "a": 0.1 + 0.2,
        "b": [0, 1, 2],
        "c": [None, None, 1],
        "p": "x",
        "µ": True,
    }


def test_default_out():
    assert default_out("dir/2024.05 blot.tif") == Path("dir/2024.05 blot.ublot")
