"""The panel *Analyze blot* in a real window, on a blot whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari

MASSES = "250, 150, 100, 75, 50, 37, 25, 20, 15"


@pytest.fixture
def panel(viewer: napari.Viewer) -> Any:
    _, widget = viewer.window.add_plugin_dock_widget("ublot", "Analyze blot")
    return widget


@pytest.fixture
def open_blot(viewer: napari.Viewer, root: Path) -> Callable[[], Any]:
    return lambda: viewer.open(root / "test_images" / "dose_series.tif", plugin="ublot")[0]


@pytest.fixture
def truth(root: Path) -> list[dict[str, Any]]:
    return json.loads((root / "test_images" / "dose_series.truth.json").read_text("utf-8"))["lanes"]


def cells(panel: Any, column: str) -> list[str]:
    from ublot_napari.scores import HEADER

    table = panel.table
    return [table.item(row, HEADER.index(column)).text() for row in range(table.rowCount())]


def test_lanes_and_scores_are_the_truth(viewer, panel, open_blot, until, truth) -> None:
    open_blot()
    assert Path(panel.layout_path.text()).name == "dose_series.layout.csv"
    panel.form.set_values({"marker": MASSES})
    panel.run()
    assert not panel.button.isEnabled()
    until(panel.button.isEnabled, 60)

    strips = viewer.layers[-1]
    middle = 512 / 2
    found = []
    for outline in strips.data:
        half = len(outline) // 2
        left = np.interp(middle, outline[:half, 0], outline[:half, 1])
        right = np.interp(middle, outline[half:, 0][::-1], outline[half:, 1][::-1])
        found.append((left + right) / 2)
    np.testing.assert_allclose(found, [lane["x_px"] for lane in truth], atol=4)

    assert cells(panel, "Lane") == [str(number) for number in range(1, 13)]
    scored = [i for i, lane in enumerate(truth) if lane["role"] in {"vehicle", "sample"}]
    shown = [float(cells(panel, "HMW fraction")[i]) for i in scored]
    np.testing.assert_allclose(shown, [truth[i]["hmw_fraction"] for i in scored], atol=0.06)


def test_a_second_run_replaces_the_first(viewer, panel, open_blot, until) -> None:
    open_blot()
    for _ in range(2):
        panel.run()
        until(panel.button.isEnabled, 60)
    assert [layer.name for layer in viewer.layers] == ["dose_series.tif", "dose_series.tif lanes"]


def test_a_picked_row_selects_its_lane(viewer, panel, open_blot, until) -> None:
    open_blot()
    panel.run()
    until(panel.button.isEnabled, 60)
    panel.table.selectRow(4)
    strips = viewer.layers[-1]
    assert set(strips.selected_data) == {4}
    assert viewer.layers.selection.active is strips


def test_a_layout_that_is_not_there_is_one_clear_line(viewer, panel, open_blot, until) -> None:
    open_blot()
    panel.layout_path.setText("/nowhere/plan.csv")
    panel.run()
    until(panel.button.isEnabled, 60)
    assert "plan.csv" in panel.status.text()
    assert "Traceback" not in panel.status.text()
    assert len(viewer.layers) == 1


def test_a_wrong_option_does_not_start(viewer, panel, open_blot) -> None:
    open_blot()
    panel.form.set_values({"lanes": "-3"})
    panel.run()
    assert panel.button.isEnabled()
    assert "lanes" in panel.status.text()


def test_nothing_open_says_so(panel) -> None:
    panel.run()
    assert panel.status.text() == "Open a blot first."


def test_a_sample_brings_its_layout_and_marker(viewer, panel, until) -> None:
    viewer.open_sample("ublot", "dose_series")
    panel.run()
    until(panel.button.isEnabled, 60)
    roles = cells(panel, "Role")
    assert roles[:5] == ["marker", "negative", "vehicle", "vehicle", "vehicle"]
    assert "no calibration" not in " ".join(cells(panel, "Flags"))
    assert len(viewer.layers[-1].data) == len(roles)


def test_the_hard_sample_opens(viewer) -> None:
    (layer,) = viewer.open_sample("ublot", "hard_blot")
    assert layer.metadata["ublot_layout"][0]["role"] == "marker"
    low, high = layer.contrast_limits
    assert layer.data.min() <= low < high <= layer.data.max()
