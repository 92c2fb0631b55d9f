"""Damaged files and odd values: read, or refused in one clear line."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

import ublot
from ublot import BlotError, Window
from ublot.simulation import simulate_blot


@pytest.mark.parametrize(("kind", "cases"), [("images", 216), ("layouts", 200), ("configs", 200), ("results", 40)])
def test_a_short_run_of_damaged_files(root, kind, cases):
    """The long run is ``benchmarks/fuzz.py`` itself; these are its first cases."""
    words = [sys.executable, root / "benchmarks/fuzz.py", "--kinds", kind, "--cases", str(cases), "--workers", "2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{cases} cases" in done.stdout and " 0 failed" in done.stdout


def test_the_run_notices_what_it_is_there_for(root, tmp_path):
    """Each kind of failure, done on purpose."""
    code = """
import sys, os, time
sys.path.insert(0, sys.argv[1])
import benchmarks.fuzz as fuzz, numpy as np, signal, socket, pickle
from pathlib import Path
signal.signal(signal.SIGALRM, fuzz._alarm)
fuzz.SECONDS, fuzz.MEGABYTES = 0.5, 400
folder = Path(sys.argv[2]); watch = fuzz.Watch(folder)
class Cases:
    kind = "images"
    def __init__(self, run): self.run, self.folder = run, folder
    def prepare(self, number): return self.run
from ublot import BlotError
def refuse(): raise BlotError("no", "here", "do")
def hang():
    while True:
        try: time.sleep(9)
        except Exception: pass
runs = {
    "read": lambda: (folder / "out.csv").write_text("x"), "refused": refuse, "crash": lambda: 1 / 0, "hang": hang,
    "memory": lambda: np.ones(60_000_000), "outside": lambda: Path(sys.argv[3]).write_text("x"),
    "network": lambda: socket.socket().connect(("127.0.0.1", 9)), "start": lambda: os.system("true"),
    "pickle": lambda: pickle.loads(pickle.dumps(fuzz.Hang)),
}
for name, run in runs.items():
    print(name, fuzz.run_case(Cases(run), watch, 0).what)
"""
    (tmp_path / "in").mkdir()
    words = [sys.executable, "-c", code, str(root), str(tmp_path / "in"), str(tmp_path / "elsewhere")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    said = dict(line.split() for line in done.stdout.splitlines())
    assert said.pop("read") == "read" and said.pop("refused") == "refused", done.stderr
    assert len(said) == 7 and set(said.values()) == {"failed"}, said


# -------------------------------------------------------------------------------------------- lanes of another picture
@pytest.fixture(scope="module")
def found():
    blot = simulate_blot(seed=1, difficulty="easy", shape=(260, 348), lanes=8)
    return ublot.analyze(blot.image, layout=blot.layout, marker="precision-plus", ladder=False)


def _moved(lanes, **changes):
    return replace(lanes, items=tuple(replace(lane, **{k: f(lane) for k, f in changes.items()}) for lane in lanes))


@pytest.mark.parametrize(
    "change",
    [
        lambda g: replace(g, window=Window(0, 10**6, 0, 10**6)),
        lambda g: replace(g, window=Window(5, 6, 5, 6)),
        lambda g: replace(g, softness=1e-9),
        lambda g: _moved(g, xs=lambda lane: tuple(x + 1e5 for x in lane.xs)),
        lambda g: _moved(g, width=lambda lane: 1e6),
        lambda g: _moved(g, width=lambda lane: 1e-6),
    ],
    ids=["huge", "tiny", "soft", "beside", "wide", "thin"],
)
def test_lanes_that_cannot_be_of_this_picture_are_refused(found, change):
    with pytest.raises(BlotError, match="lane"):
        found.with_lanes(change(found.geometry))


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_masses_beyond_any_gel_do_not_stop_an_analysis(found, factor):
    scale = replace(found.calibration, masses=tuple(m * factor for m in found.calibration.masses))
    assert len(found.with_calibration(scale).lanes) == len(found.lanes)
