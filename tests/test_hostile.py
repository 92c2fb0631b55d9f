"""What the world does to a run: full disks, lost permissions, folders that vanish, odd names. One clear line each."""

from __future__ import annotations

import csv
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

import ublot
from ublot import BlotError
from ublot.cli.app import app
from ublot.io.result_folder import write_result
from ublot.simulation import simulate_blot

LANES = 8


@pytest.fixture(scope="module")
def simulated():
    return simulate_blot(seed=1, difficulty="easy", shape=(260, 348), lanes=LANES)


def placed(simulated, path, layout=None):
    """The blot at `path` with its layout beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    tifffile.imwrite(path, simulated.image)
    rows = layout or simulated.layout
    with path.with_name(f"{path.stem}.layout.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(*words):
    return CliRunner().invoke(app, [os.fspath(word) for word in words])


def analyze(image, *words):
    return run("analyze", image, "--no-ladder", "--no-report", *words)


def one_line(result, *says):
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("ublot: "), result.stderr
    assert "Traceback" not in result.output and "unexpected" not in result.stderr
    for words in says:
        assert words in result.stderr
    return result.stderr


def content(folder):
    """Every file below `folder`, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# -------------------------------------------------------------------------------------------------------- full disks
def test_a_disk_that_fills_up_leaves_the_earlier_result(simulated, tmp_path):
    """A limit on the size of files is what a full disk is: the write fails midway."""
    image = placed(simulated, tmp_path / "blot.tif")
    assert analyze(image).exit_code == 0
    before = content(tmp_path)
    words = [sys.executable, "-m", "ublot", "analyze", str(image), "--no-ladder", "--rotate", "0.5"]
    for more in ([], ["--no-report"]):
        done = subprocess.run(
            [*words, *more], capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
        )  # fmt: skip
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stderr.count("\n") == 1 and "cannot write the result" in done.stderr and "disk" in done.stderr
        assert content(tmp_path) == before


def test_a_merged_picture_that_does_not_fit_leaves_nothing(simulated, tmp_path):
    short, long = tmp_path / "short.tif", tmp_path / "long.tif"
    tifffile.imwrite(short, np.clip(simulated.image, 0, 60000))
    tifffile.imwrite(long, np.clip(simulated.image.astype(float) * 4, 0, 65535).astype(np.uint16))
    words = ["exposures", str(short), str(long), "--merge", "--out", str(tmp_path / "m.tif")]
    done = subprocess.run(
        [sys.executable, "-m", "ublot", *words], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stdout + done.stderr
    assert sorted(os.listdir(tmp_path)) == ["long.tif", "short.tif"]


# ------------------------------------------------------------------------------------- permissions, vanishing folders
def test_permission_that_is_lost_before_writing(simulated, tmp_path, monkeypatch):
    image = placed(simulated, tmp_path / "blot.tif")
    before = content(tmp_path)

    def deny(self, *_args, **_more):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", deny)
    one_line(analyze(image), "permission denied", "blot.ublot")
    assert content(tmp_path) == before


def test_a_folder_that_vanishes_while_it_is_written(tmp_path):
    files = {
        "analysis.json": b'{"writer": "ublot analyze"}',
        "lanes.csv": lambda path: shutil.rmtree(path.parent),
        "species.csv": b"x",
    }
    with pytest.raises(BlotError, match="cannot write the result"):
        write_result(tmp_path / "out", files)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_vanishes_after_it_was_read(simulated, tmp_path):
    image = placed(simulated, tmp_path / "in/blot.tif")

    def vanish(stage, _share):
        if stage == "finding lanes":
            shutil.rmtree(tmp_path / "in")

    found = ublot.analyze(image, ladder=False, progress=vanish)
    found.save(tmp_path / "out/deep/result", report=False)
    assert len(ublot.load(tmp_path / "out/deep/result").lanes) == LANES
    with pytest.raises(BlotError, match="is not there"):
        ublot.load(tmp_path / "out/deep/result").rerun()


def test_an_image_that_vanishes_while_it_is_read(simulated, tmp_path, monkeypatch):
    image = placed(simulated, tmp_path / "blot.tif")

    def gone(*_args):
        image.unlink()
        raise FileNotFoundError(2, "No such file or directory", str(image))

    monkeypatch.setattr("ublot.io.images.tiff.read_tiff", gone)
    one_line(analyze(image), "blot.tif", "No such file")


def test_read_only_inputs_are_enough(simulated, tmp_path):
    image = placed(simulated, tmp_path / "in/blot.tif")
    for path in (image, image.with_name("blot.layout.csv"), tmp_path / "in"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = content(tmp_path / "in")
    try:
        assert analyze(image, "--out", tmp_path / "out").exit_code == 0
        assert content(tmp_path / "in") == before
    finally:
        (tmp_path / "in").chmod(0o755)


# ------------------------------------------------------------------------------------------------------------- names
NAMES = {
    "spaces": "my blot (2) ",
    "Unicode": "Blöt_µM_印迹_🧪",
    "long": "b" * 200,
    "right to left": "a\u202eb",
    "quotes": 'it\'s "so" $HOME `x` %s {0}',
    "leading dash": "-rf",
    "no Unicode": os.fsdecode(b"bl\xf6t"),
    "new line": "a\nb",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_names_of_files(simulated, tmp_path, name, monkeypatch):
    image = placed(simulated, tmp_path / name / f"{name}.tif")
    monkeypatch.chdir(image.parent)
    words = ["analyze", "--no-ladder", "--no-report", "--", image.name]
    if name.isprintable():
        result = run(*words)
        assert result.exit_code == 0, result.output
    else:  # the terminal may not be able to show it
        done = subprocess.run([sys.executable, "-m", "ublot", *words], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(image.parent)) == sorted([image.name, f"{name}.layout.csv", f"{name}.ublot"])
    found = ublot.load(image.with_name(f"{name}.ublot"))
    assert found.source.name == os.fsencode(image.name).decode("utf-8", "replace")
    assert found.rerun() == found


def test_a_name_that_leaves_no_room_for_a_result(simulated, tmp_path):
    image = placed(simulated, tmp_path / "short.tif")
    one_line(analyze(image, "--out", tmp_path / ("x" * 300)), "x" * 20)
    one_line(analyze(tmp_path / ("y" * 300)), "no such image")
    one_line(analyze(image, "--layout", tmp_path / ("z" * 300)), "layout not found")
    one_line(analyze(image, "--config", tmp_path / ("z" * 300)), "configuration")
    one_line(analyze(image, "--normalise", "w" * 300 + ".csv"), "normalise")


EVIL = [
    "../../evil",
    "/tmp/evil",
    "a/b\\c:d",
    "con",
    "=cmd|' /C calc'!A0",
    "..",
    "\u202eevil",
    "<script>alert(1)</script>",
]


def test_what_a_layout_names_becomes_no_path_and_no_formula(simulated, tmp_path):
    layout = [{**row, "group": "", "note": EVIL[i % len(EVIL)]} for i, row in enumerate(simulated.layout)]
    for i, row in enumerate(layout):
        if row["role"] == "sample":
            row["compound"] = EVIL[i % len(EVIL)]
        row["replicate"] = EVIL[(i + 3) % len(EVIL)]
    image = placed(simulated, tmp_path / "in/blot.tif", layout)
    assert run("analyze", image, "--no-ladder").exit_code == 0
    assert {p.name for p in tmp_path.rglob("*") if "evil" in p.name} == set()
    out = image.with_name("blot.ublot")
    for table in out.glob("*.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells and not any(cell.startswith(("=", "@", "+", "\t")) for cell in cells), table.name
    import openpyxl

    for sheet in openpyxl.load_workbook(out / "tables.xlsx"):
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert [row.compound for row in ublot.load(out).layout] == [str(row["compound"] or "") for row in layout]
    assert run("batch", tmp_path / "in", "--out", tmp_path / "out", "--no-ladder", "--workers", "0").exit_code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"in", "out"}
    with (tmp_path / "out/lanes.csv").open(newline="", encoding="utf-8") as file:
        assert not any(cell.startswith(("=", "@", "+", "\t")) for row in csv.reader(file) for cell in row)
    for page in tmp_path.rglob("*.html"):
        assert "<script>alert" not in page.read_text("utf-8")


# ------------------------------------------------------------------------------------------------- locales, limits
def test_a_locale_with_decimal_commas_changes_nothing(simulated, tmp_path):
    image = placed(simulated, tmp_path / "blot.tif")
    assert analyze(image, "--out", tmp_path / "here").exit_code == 0
    words = ["analyze", str(image), "--no-ladder", "--no-report", "--out", str(tmp_path / "there")]
    german = {**os.environ, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    done = subprocess.run([sys.executable, "-m", "ublot", *words], capture_output=True, check=False, env=german)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there/lanes.csv").read_bytes() == (tmp_path / "here/lanes.csv").read_bytes()


def test_the_limit_of_pixels_can_be_set(simulated, tmp_path, monkeypatch):
    image = placed(simulated, tmp_path / "blot.tif")
    monkeypatch.setenv("UBLOT_MAX_MEGAPIXELS", "0.05")
    one_line(analyze(image), "260 x 348", "0.05 million", "UBLOT_MAX_MEGAPIXELS")
    monkeypatch.setenv("UBLOT_MAX_MEGAPIXELS", "0.1")
    assert ublot.read_blot(image).shape == (260, 348)
    for nonsense in ("many", "-1", "0", "nan"):
        monkeypatch.setenv("UBLOT_MAX_MEGAPIXELS", nonsense)
        one_line(analyze(image), "is no limit")


@pytest.mark.parametrize("suffix", ["tif", "png", "gif"])
def test_a_bomb_is_refused_before_memory_is_taken(tmp_path, suffix):
    """A few hundred kilobytes that unpack to more than 200 MB of one level."""
    code = """
import sys, resource, numpy as np
from ublot import read_blot, BlotError
import ublot.io.images.tiff, ublot.io.images.raster, tifffile, PIL.Image, imagecodecs, cv2
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_blot(sys.argv[1])
except BlotError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    path = tmp_path / f"bomb.{suffix}"
    _bomb(path)
    assert path.stat().st_size < 2_000_000
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    said, megabytes = done.stdout.splitlines()
    assert "claim to hold" in said
    assert int(megabytes) < 60


def _bomb(path):
    import zlib
    from struct import pack

    side = 16000
    if path.suffix == ".tif":
        strip = zlib.compress(bytes(2 * side * 1000))
        tifffile.imwrite(
            path, (strip for _ in range(16)), shape=(side, side), dtype="u2", rowsperstrip=1000, compression="zlib",
            photometric="minisblack", metadata=None,
        )  # fmt: skip
        return
    if path.suffix == ".gif":
        # Header alone: Pillow reads the size from it, the pixels would follow.
        path.write_bytes(b"GIF89a" + pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6) + b"," +
                         pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x4c\x01\x00;")  # fmt: skip
        return

    def chunk(kind, body):
        return pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    body = b"".join([*(packer.compress(bytes(2 * side + 1)) for _ in range(side)), packer.flush()])
    head = pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


# ------------------------------------------------------------------------------------------------------ small mends
def test_a_file_in_the_place_of_the_result(simulated, tmp_path):
    image = placed(simulated, tmp_path / "blot.tif")
    other = tmp_path / "other.tif"
    other.write_bytes(b"kept")
    line = one_line(analyze(image, "--out", other), "other.tif", "a file is in the way", "--out")
    assert line.count(str(other)) <= 2 and other.read_bytes() == b"kept"


def test_a_mistyped_column_is_said(simulated, tmp_path):
    layout = [{("compund" if k == "compound" else k): v for k, v in row.items()} for row in simulated.layout]
    image = placed(simulated, tmp_path / "blot.tif", layout)
    result = analyze(image)
    assert result.exit_code == 0 and "'compund' is carried along only; is it meant as 'compound'?" in result.stderr


def test_blots_of_an_earlier_simulation_are_named(tmp_path):
    words = ["simulate", tmp_path, "--difficulty", "easy"]
    assert run(*words, "--cases", "3").stderr == ""
    result = run(*words, "--cases", "1")
    assert result.exit_code == 0 and "blot_002, blot_003 are of an earlier run" in result.stderr


@pytest.mark.parametrize(("option", "value"), [("--target", "cIAP7"), ("--target", "qqq"), ("--marker", "precisoin")])
def test_advice_is_one_sentence(simulated, tmp_path, option, value):
    line = one_line(analyze(placed(simulated, tmp_path / "blot.tif"), option, value))
    assert " Or " not in line and "or give its mass" in line and Path(tmp_path, "blot.ublot").exists() is False
