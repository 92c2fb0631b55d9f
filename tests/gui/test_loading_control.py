"""A loading control beside the blot: from another picture of its membrane, and from a strip of the same one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hands
import numpy as np
import pytest
import tifffile

import ublot

LOADS = np.array([1.0, 0.7, 1.3, 0.9, 1.1, 0.8])
ROWS, COLS = 300, 360


def lanes_of(amounts: Any, rows: int, at: Any, seed: int) -> Any:
    """A strip of six lanes with bands at some rows, as a 16-bit picture."""
    y, x = np.mgrid[:rows, :COLS].astype(float)
    picture = np.full((rows, COLS), 2000.0)
    for lane, amount in enumerate(amounts):
        across = np.exp(-(((x - 40 - 55 * lane) / 15) ** 4))
        for row, share in at:
            picture += amount * share * across * np.exp(-0.5 * ((y - row) / 4) ** 2)
    return np.clip(picture + np.random.default_rng(seed).normal(0, 25, picture.shape), 0, 65535).astype(np.uint16)


@pytest.fixture
def blot(empty: Any, until: Any, tmp_path: Path) -> Any:
    """Return the panel with a blot measured, and a strip with a control, loaded unevenly, below it on the picture."""
    gel = lanes_of(LOADS * 20_000, ROWS, [(220, 1.0), (150, 0.5), (120, 0.3)], 0)
    strip = lanes_of(LOADS * 25_000, 80, [(40, 1.0)], 1)
    tifffile.imwrite(tmp_path / "blot.tif", np.vstack([gel, strip]))
    tifffile.imwrite(tmp_path / "actin.tif", np.vstack([lanes_of(LOADS * 25_000, ROWS + 80, [(180, 1.0)], 2)]))
    rows = ["lane,role,compound", "1,vehicle,DMSO", "2,vehicle,DMSO", *(f"{n},sample,X" for n in range(3, 7))]
    (tmp_path / "blot.layout.csv").write_text("\n".join(rows), "utf-8")
    empty.opener.open([tmp_path / "blot.tif"])
    empty.blot.set_options({"ladder": False, "roi": f"0:{ROWS},0:{COLS}", "assay": "cells"})
    empty.controller.find_lanes()
    until(lambda: not empty.runner.busy, 60)
    assert len(empty.analysis.geometry) == 6
    return empty


def loads(panel: Any) -> Any:
    found = dict(panel.blot.state.params.normalise)
    return np.array([found[lane] for lane in range(1, 7)])


def test_a_control_in_another_picture_is_divided_by(
    blot: Any, until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "actin.tif"), ""))
    before = blot.analysis.lanes["relative_hmw_area"].to_numpy()
    blot.answer.loading_wanted.emit("picture", "band")
    until(lambda: not blot.second.busy and not blot.runner.busy, 60)
    np.testing.assert_allclose(loads(blot), LOADS / LOADS.mean(), rtol=0.04)
    assert "actin.tif" in blot.status.text() and "Areas are divided by them" in blot.status.text()
    after = blot.analysis.lanes["relative_hmw_area"].to_numpy()
    assert np.ptp(after) < 0.3 * np.ptp(before)  # every lane holds the same, once divided by what was loaded
    assert ublot.Params(**blot.blot.options) == blot.blot.state.params
    blot.controller.undo()
    assert blot.blot.state.params.normalise == "none"


def test_a_strip_of_the_same_picture_is_drawn_and_measured(blot: Any, mouse: Any, until: Any) -> None:
    from qtpy.QtWidgets import QPushButton

    blot.folds["Answer"].set_open(True)
    blot.answer.tabs.setCurrentIndex(3)
    blot.viewer.fit_to_view()
    hands.settle(50)
    (button,) = [b for b in blot.answer.findChildren(QPushButton) if b.text() == "Strip…"]
    hands.click(button)
    assert "Drag a box" in blot.status.text()
    mouse.drag((ROWS + 2.0, 3.0), (ROWS + 76.0, COLS - 4.0))
    until(lambda: blot.blot.state.params.normalise != "none", 60)
    until(lambda: not blot.runner.busy, 60)
    np.testing.assert_allclose(loads(blot), LOADS / LOADS.mean(), rtol=0.04)
    assert blot.picture.mode or blot.blot.state.params.roi is not None
    assert blot.blot.state.params.roi == ublot.Window(0, ROWS, 0, COLS)  # the blot's own region stays


def test_a_picture_of_something_else_is_refused_in_words(
    blot: Any, until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtWidgets import QFileDialog

    noise = np.random.default_rng(3).normal(30_000, 300, (ROWS + 80, COLS)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "other.tif", noise)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "other.tif"), ""))
    blot.answer.loading_wanted.emit("picture", "band")
    until(lambda: not blot.second.busy, 60)
    assert "do not show on this picture" in blot.status.text() or "no band" in blot.status.text()
    assert blot.blot.state.params.normalise == "none"
