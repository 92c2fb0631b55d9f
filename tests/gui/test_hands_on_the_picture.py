"""What is done by hand to the picture: region, turning, a mass scale by clicks, boundaries, and what the panel says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ublot_napari.state.session import History

import ublot


@pytest.fixture(scope="module")
def measured(docked: Any, until: Any) -> Any:
    """Return a small blot after *Find lanes*, with its truth."""
    if docked is None:
        return None
    viewer, panel = docked
    made = ublot.simulate_blot(seed=4, lanes=8, shape=(240, 320))
    viewer.add_image(made.image, name="bench", metadata={"ublot_layout": made.layout, "ublot_pixels": made.image})
    # A marker that is known, but whose bands nobody has found: the scale is left to a hand.
    panel.blot.set_options({"ladder": False})
    panel.controller.find_lanes()
    until(lambda: not panel.runner.busy, 120)
    return panel.controller.image, panel.blot.state, made


@pytest.fixture
def ready(_needs_display: None, docked: Any, measured: Any) -> Any:
    """Return the panel as it is after *Find lanes*, whatever a test did before."""
    viewer, panel = docked
    _, state, _ = measured
    panel.stop()
    panel.blot.history = History((state,))
    panel.blot.latest, panel.blot.failed, panel.controller.lane = state.analysis, "", 1
    panel.controller.refresh()
    panel.picture.set_mode("select")
    settle(viewer)
    return panel


def settle(viewer: Any) -> None:
    from qtpy.QtTest import QTest

    viewer.fit_to_view()
    QTest.qWait(30)


def press(button: Any) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def turn_button(panel: Any, text: str) -> Any:
    buttons = [panel.tools.turns.itemAt(i).widget() for i in range(panel.tools.turns.count())]
    return next(button for button in buttons if button.text() == text)


def test_the_region_is_drawn_moved_and_given_up(ready: Any, mouse: Any, until: Any) -> None:
    ready.folds["Lanes"].set_open(True)
    press(ready.tools.more)
    press(turn_button(ready, "Region…"))
    mouse.drag((30.0, 40.0), (200.0, 300.0))
    until(lambda: not ready.runner.busy)
    region = ready.blot.state.params.roi
    assert [region.top, region.bottom, region.left, region.right] == pytest.approx([30, 200, 40, 300], abs=3)
    window = ready.analysis.geometry.window
    assert window.top >= region.top and window.right <= region.right
    corners = np.asarray(ready.picture.region.data[0])
    assert corners.min(axis=0) == pytest.approx([region.top - 0.5, region.left - 0.5])
    assert ready.tools.form.fields["roi"].text() == f"{region.top}:{region.bottom},{region.left}:{region.right}"
    press(turn_button(ready, "Whole"))
    until(lambda: not ready.runner.busy)
    assert ready.blot.state.params.roi is None and ready.picture.region is None
    press(ready.tools.more)


def test_the_picture_is_turned_and_mirrored_by_buttons(ready: Any, until: Any) -> None:
    pixels, before = ready.blot.pixels, ready.analysis
    ready.folds["Lanes"].set_open(True)
    press(ready.tools.more)
    press(turn_button(ready, "↺ 90°"))
    until(lambda: not ready.runner.busy)
    assert ready.picture.image.data.shape == before.blot.shape[::-1]
    np.testing.assert_allclose(ready.picture.image.data, np.rot90(before.blot.signal))
    shown = ready.viewer.scene.camera.center[-2:]
    np.testing.assert_allclose(shown, (np.array(ready.picture.image.data.shape) - 1) / 2, rtol=0.2)
    press(turn_button(ready, "Mirror"))
    until(lambda: not ready.runner.busy)
    np.testing.assert_allclose(ready.picture.image.data, np.fliplr(np.rot90(before.blot.signal)), atol=1e-3)
    press(turn_button(ready, "Mirror"))
    press(turn_button(ready, "↻ 90°"))
    until(lambda: not ready.runner.busy)
    assert ready.blot.state.params.rotate == 0 and not ready.blot.state.params.mirror
    assert ready.picture.image.data.shape == pixels.shape
    press(ready.tools.more)


def test_a_lane_keeps_few_corners_and_its_shape(ready: Any, mouse: Any, until: Any) -> None:
    shape = None
    for step in (5.0, -4.0, 3.0):
        lane = ready.analysis.geometry[3]
        begin = (120.0, float(lane.centre(120.0)))
        mouse.drag(begin, (begin[0] + 3.0, begin[1] + step))
        until(lambda: not ready.runner.busy)
        moved = ready.analysis.geometry[3]
        aside = np.subtract(moved.xs, lane.xs)
        assert aside == pytest.approx(aside[0]) and aside[0] == pytest.approx(step, abs=1.5)
        assert moved.rows == lane.rows  # a hand's wavering up or down means nothing
        shape = shape or len(ready.picture.lanes.data[3])
        assert len(ready.picture.lanes.data[3]) == shape <= 10


def test_outlines_keep_their_width_on_the_screen(ready: Any, until: Any) -> None:
    def on_screen() -> float:
        return float(ready.picture.lanes.edge_width[0]) * ready.viewer.scene.camera.zoom

    assert on_screen() == pytest.approx(1.6, rel=0.1)
    ready.viewer.scene.camera.zoom *= 4
    until(lambda: abs(on_screen() - 1.6) < 0.1, 10)
    ready.viewer.scene.camera.zoom /= 16
    until(lambda: abs(on_screen() - 1.6) < 0.1, 10)


def test_a_mass_scale_is_clicked_band_by_band(ready: Any, mouse: Any, until: Any, measured: Any) -> None:
    made = measured[2]
    masses = made.truth["marker_kda"]
    ready.controller.do(lambda blot: blot.set_options({"marker": ", ".join(f"{mass:g}" for mass in masses)}))
    until(lambda: not ready.runner.busy)
    rows = ready.analysis.calibration.rows
    assert len(rows) == len(masses)
    ready.controller.do(lambda blot: blot.set_bands(()))  # as where no band was recognised
    until(lambda: not ready.runner.busy)
    settle(ready.viewer)
    ready.folds["Mass scale"].set_open(True)
    press(ready.mass.add_button)
    x = float(ready.analysis.geometry[0].centre(rows[0]))
    assert ready.blot.bands == ()
    for row in rows[:3]:
        mouse.click(row + 2.0, x)
        until(lambda: not ready.runner.busy)
    bands = ready.blot.bands
    assert [mass for _, mass in bands] == pytest.approx(list(masses[:3]))
    assert [row for row, _ in bands] == pytest.approx(list(rows[:3]), abs=1.0)  # nearer than the clicks
    assert ready.analysis.calibration.kind == "positions"


def test_a_boundary_is_dragged_in_the_picture(ready: Any, mouse: Any, until: Any) -> None:
    ready.folds["Densitometry"].set_open(True)
    press(ready.profile.drag)
    layer = ready.picture.boundaries
    number = int(layer.features["lane"].iloc[2])
    row, column = np.asarray(layer.data[2]).mean(axis=0)
    ready.viewer.scene.camera.zoom *= 3
    ready.viewer.scene.camera.center = (0, row, column)
    from qtpy.QtTest import QTest

    QTest.qWait(150)
    mouse.drag((row, column), (row - 8.0, column))
    until(lambda: not ready.runner.busy)
    ((lane, moved),) = ready.analysis.edits.boundary_rows
    assert lane == number and moved == pytest.approx(row - 8.0, abs=1.0)
    assert str(layer.mode) == "pan_zoom"  # no handles that would turn it
    assert np.ptp(layer.data[2][:, 0]) == 0


def test_the_view_moves_where_there_is_no_boundary(ready: Any, mouse: Any) -> None:
    ready.folds["Densitometry"].set_open(True)
    press(ready.profile.drag)
    before, centre = ready.blot.state, ready.viewer.scene.camera.center[-2:]
    mouse.drag((30.0, 40.0), (50.0, 40.0))
    assert ready.viewer.scene.camera.center[-2] == pytest.approx(centre[0] - 20.0, abs=2.0)
    assert ready.blot.state is before


def test_a_boundary_that_was_turned_lies_flat_again(ready: Any) -> None:
    layer = ready.picture.boundaries
    flat = [np.array(line) for line in layer.data]
    turned = [line.copy() for line in flat]
    turned[1][:, 0] += [-6.0, 6.0]  # about its middle, as the handle above a shape does
    layer.data = [(line, "line") for line in turned]
    np.testing.assert_allclose(layer.data, flat, atol=1e-3)
    assert not ready.analysis.edits.boundary_rows


def test_saturated_pixels_are_marked(ready: Any) -> None:
    ready.folds["Densitometry"].set_open(True)
    press(ready.profile.saturated)
    layer = ready.picture.saturated
    mask = ready.analysis.blot.saturated
    expected = np.zeros(ready.analysis.blot.shape, bool) if mask is None else mask
    assert layer.visible and (np.asarray(layer.data) == expected).all()
    press(ready.profile.saturated)
    assert not layer.visible


def test_a_refusal_can_be_overridden_where_it_is_said(ready: Any, until: Any, monkeypatch: Any) -> None:
    ready.folds["Answer"].set_open(True)
    table = ready.analysis.lanes
    refused = table["relative_hmw"].isna() & table["flags"].str.contains("eight_bit|saturated|jpeg|lossy")
    assert ready.answer.override.isHidden() or refused.any() or (table["hmw_fraction"].isna()).any()
    ready.answer.override.show()
    press(ready.answer.override)
    until(lambda: not ready.runner.busy)
    assert ready.analysis.params.allow_unfit
    assert ready.answer.override.isHidden()
    said = [ready.answer.flags.item(i).text() for i in range(ready.answer.flags.count())]
    assert not any(text.startswith("Refused") for text in said)


def test_the_table_is_copied_as_numbers(ready: Any) -> None:
    from qtpy.QtGui import QGuiApplication

    ready.copy_table()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    names = lines[0]
    assert names[:3] == ["lane", "role", "compound"]
    for place, name in enumerate(names):
        if name in ("relative_hmw", "relative_hmw_low", "relative_hmw_high", "hmw_fraction"):
            copied = [float(line[place]) if line[place] else np.nan for line in lines[1:]]
            np.testing.assert_allclose(copied, ready.analysis.lanes[name], rtol=1e-5)


def test_every_figure_is_exported_and_a_name_gets_its_ending(
    ready: Any, until: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from qtpy.QtWidgets import QFileDialog
    from ublot_napari.state.saving import FIGURES

    for kind in FIGURES:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, kind=kind, **k: (str(tmp_path / kind), ""))
        ready.exporter.ask_figure(kind)
        until(lambda: not ready.second.busy, 120)
        assert (tmp_path / f"{kind}.png").is_file() or "four doses" in ready.status.text(), kind


def test_options_are_named_as_they_are_in_the_panel(ready: Any) -> None:
    ready.mass.further.fields["target_kda"].setText("-3")
    ready.mass.further.fields["target_kda"].editingFinished.emit()
    said = ready.status.text()
    assert "“Mass of the target” (3 Mass scale)" in said and "--" not in said and "target-kda" not in said
