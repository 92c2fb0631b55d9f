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


def test_python_gives_edits_once_they_are_saved(edited: EditedBlot, tmp_path: Path) -> None:
    edited.move_boundary(4, edited.shown.ladders[3].boundary_row - 3)
    edited.take(edited.state, edited.job()(lambda stage, share: None))
    with pytest.raises(ublot.BlotError, match="save the result first"):
        as_python(edited)
    analysis = edited.state.analysis
    save = analysis.save
    object.__setattr__(analysis, "save", lambda out, **how: save(out, **how, report=False))
    edited.saved(save_result(analysis, tmp_path / "out", force=True))
    assert run(as_python(edited)) == analysis
    with pytest.raises(ublot.BlotError, match="cannot be given to a command"):
        as_command(edited)


def test_a_command_gives_the_same_scores(edited: EditedBlot, tmp_path: Path) -> None:
    with pytest.raises(ublot.BlotError, match="layout lies in no file"):
        as_command(edited)
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
