"""What is copied to reproduce a result does so."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import tifffile
from typer.testing import CliRunner
from ublot_napari.state.editing import EditedBlot
from ublot_napari.state.reproducing import as_command, as_python
from ublot_napari.state.saving import save_result
from ublot_napari.state.strips import strip_of_lane

import ublot
from ublot.cli import app


@pytest.fixture
def edited(tmp_path: Path) -> EditedBlot:
    made = ublot.simulate_blot(seed=4, lanes=8, shape=(240, 320))
    path = tmp_path / "a blot.tif"
    tifffile.imwrite(path, made.image)
    edited = EditedBlot.of_blot(ublot.read_blot(path), made.layout, {"marker": made.truth["marker_kda"]})
    edited.set_options({"ladder": False})
    edited.take(edited.state, edited.job()(lambda stage, share: None))
    return edited


def run(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names["analysis"]


def test_python_gives_the_same_analysis(edited: EditedBlot) -> None:
    assert run(as_python(edited)) == edited.shown


@pytest.fixture
def by_hand(edited: EditedBlot) -> EditedBlot:
    """With a lane, a boundary and the marker's bands moved."""
    lanes = edited.shown.geometry
    strips = [strip_of_lane(lane, lanes.window) for lane in lanes]
    strips[2] = strips[2] + [0.0, 1.5]
    edited.edit_strips(strips, [float(lane.number) for lane in lanes])
    edited.move_boundary(4, edited.shown.ladders[3].boundary_row - 3)
    edited.set_bands([(row + 0.25, mass) for row, mass in edited.bands])
    edited.take(edited.state, edited.job()(lambda stage, share: None))
    return edited


def saved(edited: EditedBlot, folder: Path) -> None:
    analysis = edited.state.analysis
    save = analysis.save
    object.__setattr__(analysis, "save", lambda out, **how: save(out, **how, report=False))
    edited.saved(save_result(analysis, folder, force=True))


def test_python_gives_edits_by_hand_saved_or_not(by_hand: EditedBlot, tmp_path: Path) -> None:
    assert run(as_python(by_hand)) == by_hand.state.analysis
    saved(by_hand, tmp_path / "out")
    assert run(as_python(by_hand)) == by_hand.state.analysis


def test_a_command_takes_edits_from_the_saved_result(by_hand: EditedBlot, tmp_path: Path) -> None:
    with pytest.raises(ublot.BlotError, match=r"edits by hand lies in no file .* save the result first"):
        as_command(by_hand)
    saved(by_hand, tmp_path / "out")
    words = shlex.split(as_command(by_hand))
    done = CliRunner().invoke(app, [*words[1:], "--no-report", "--quiet"])
    assert done.exit_code == 0, done.output
    assert ublot.load(tmp_path / "out-again") == by_hand.state.analysis


def test_a_command_gives_the_same_scores(edited: EditedBlot, tmp_path: Path) -> None:
    with pytest.raises(ublot.BlotError, match="layout lies in no file"):
        as_command(edited)
    edited.set_options({"rotate": -0.123456789, "target_kda": 71.1234567})
    edited.take(edited.state, edited.job()(lambda stage, share: None))
    rows = edited.state.rows
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (tmp_path / "a blot.layout.csv").write_text("\n".join(lines), "utf-8")
    words = shlex.split(as_command(edited))
    assert words[0] == "ublot"
    done = CliRunner().invoke(app, [*words[1:], "--out", str(tmp_path / "out"), "--no-report"])
    assert done.exit_code == 0, done.output
    again = ublot.load(tmp_path / "out")
    assert again.lanes["relative_hmw"].tolist() == pytest.approx(
        edited.shown.lanes["relative_hmw"].tolist(), nan_ok=True
    )
