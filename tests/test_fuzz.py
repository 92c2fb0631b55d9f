"""Damaged files and odd values: read, or refused in one clear line."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ublot
from ublot import BlotError, Window, read_layout
from ublot.inputs.params import Params, make_params
from ublot.simulation import simulate_blot


def test_levels_closer_than_a_bin_of_their_histogram():
    """Found by the test of any picture below: two neighbouring float32 levels."""
    levels = np.full((20, 20), 131072.0, np.float32)
    levels[0, 0] = 131071.99
    assert ublot.read_blot(levels).shape == (20, 20)


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
signal.signal(signal.SIGALRM, fuzz._alarm); signal.signal(signal.SIGPROF, fuzz._alarm)
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
def loop():
    while True: pass
runs = {
    "read": lambda: (folder / "out.csv").write_text("x"), "refused": refuse,
    "crash": lambda: 1 / 0, "hang": hang, "loop": loop,
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
    assert len(said) == 8 and set(said.values()) == {"failed"}, said


# ------------------------------------------------------------------------------------------------------ odd values
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ODD = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
SETTING = ODD | st.sampled_from(
    ["auto", "linear", "total", "1:9,2:8", "250,150", "cIAP1", "gutter", 1, 12, 0.5, [250, 150]]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Params.model_fields)) | st.text(max_size=6), SETTING, max_size=4))
def test_any_options_are_taken_or_refused(options):
    try:
        made = make_params(options)
    except BlotError as error:
        assert "\n" not in str(error)
    else:
        assert make_params(made.model_dump(mode="json")) == made


CELL = PLAIN | st.sampled_from(["1", "2", 1, 2, 3, "sample", "vehicle", "marker", "=1+1", "5", 10.0])
NAME = st.sampled_from(["lane", "role", "compound", "concentration_nM", "time_min", "load", "group"]) | st.text(
    max_size=6
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(NAME, CELL, max_size=6), max_size=4))
def test_any_layout_is_read_or_refused(rows):
    for n, row in enumerate(rows, 1):
        row.setdefault("lane", n)
        row.setdefault("role", "sample")
    try:
        layout = read_layout(rows)
    except BlotError as error:
        assert "\n" not in str(error)
    else:
        assert read_layout(layout.records()) == layout
        assert [row.lane for row in layout] == list(range(1, len(layout) + 1))


SIDES = st.tuples(st.integers(8, 40), st.integers(8, 40))
KINDS = st.sampled_from(["u1", "u2", "i2", "i4", "f4", "f8", ">u2"])


@settings(max_examples=60, deadline=None)
@given(arrays(KINDS, SIDES), st.sampled_from(["auto", "dark-on-light", "light-on-dark"]))
def test_any_picture_is_a_signal_or_refused(levels, polarity):
    try:
        blot = ublot.read_blot(levels, polarity=polarity)
    except BlotError:
        return
    assert blot.shape == levels.shape and blot.signal.dtype == np.float32
    assert np.isfinite(blot.signal).all()


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
