"""The speed benchmark's own arithmetic: ratios round by round, tasks that fail, limits that are broken."""

from __future__ import annotations

import sys
import time
import tomllib
from pathlib import Path

import pytest
import tifffile

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import speed

sys.path.pop(0)


def fails():
    raise OSError("not there")


def test_tasks_take_turns_and_a_failing_one_is_named(capsys):
    seen = []
    tasks = [
        speed.Task("unit", "unit", lambda: seen.append("unit"), "unit"),
        speed.Task("stage", "slow", lambda: time.sleep(0.02), "unit"),
        speed.Task("rival", "own clock", lambda: 7.0, "unit", once=True),
        speed.Task("rival", "broken", fails, "unit"),
    ]
    seconds = speed.measure(tasks, 3)
    assert len(seen) == 4 and len(seconds["unit"]) == 3
    assert min(seconds["slow"]) >= 0.02 and seconds["own clock"] == [7.0]
    assert "broken" not in seconds and "broken left out: not there" in capsys.readouterr().out


def test_ratios_are_of_the_same_round():
    tasks = [speed.Task("unit", "unit", int, "unit"), speed.Task("stage", "work", int, "unit")]
    unit, work = speed.rows_of(tasks, {"unit": [1.0, 4.0, 2.0], "work": [3.0, 12.0, 8.0]})
    assert unit["ratio"] == 1
    assert (work["ratio"], work["low"], work["high"], work["least"], work["ms"]) == (3, 3, 4, 3, 8000)


@pytest.mark.parametrize(("recorded", "code"), [(0.001, 1), (1e9, 0)])
def test_short_form_fails_far_above_the_recorded_ratio(recorded, code, tmp_path, monkeypatch, capsys):
    tasks = [speed.Task("stage", "work", lambda: sum(range(20_000)), "read and touch")]
    monkeypatch.setattr(speed, "make_blot", lambda folder, side: tmp_path)
    monkeypatch.setattr(speed, "read_and_touch", lambda image: sum(range(2000)))
    monkeypatch.setattr(speed, "stage_tasks", lambda image: tasks)
    for others in ("analyses", "report_tasks"):
        monkeypatch.setattr(speed, others, lambda image: [])
    monkeypatch.setattr(speed, "process_tasks", lambda image, folder: [])
    monkeypatch.setattr(speed, "RECORDED", tmp_path / "speed.toml")
    speed.RECORDED.write_text(f'[ratios]\n"work" = {recorded}\n')
    assert speed.short(tmp_path) == code
    assert ("too slow: work" in capsys.readouterr().out) == bool(code)


def test_every_task_of_the_short_form_is_recorded(tmp_path):
    image = speed.make_blot(tmp_path, 512)
    assert tifffile.imread(image).shape == (512, 512)
    assert image.stat().st_size < 2 * 512 * 512 + 4096  # not compressed
    tasks = [*speed.stage_tasks(image), *speed.analyses(image), *speed.report_tasks(image)]
    names = {task.name for task in [*tasks, *speed.process_tasks(image, tmp_path)] if task.name != task.unit}
    assert names == set(tomllib.loads(speed.RECORDED.read_text())["ratios"])
