"""The layers of a blot on napari's model: what is drawn, and what a person's edits tell; without a window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ublot
from ublot.mass.scale import mass_at

pytest.importorskip("napari", reason="napari is an optional extra")

from napari.components import ViewerModel
from napari.layers import Layer
from ublot_napari.layers.annotations import axis_layer
from ublot_napari.layers.blot_layers import DRAWN, UNSEEN, Picture
from ublot_napari.layers.lanes import blot_layer, lane_features
from ublot_napari.state.editing import EditedBlot
from ublot_napari.state.strips import lane_at


@pytest.fixture(scope="module")
def simulated():
    return ublot.simulate_blot(seed=5, lanes=8, shape=(320, 420))


@pytest.fixture(scope="module")
def measured(simulated):
    """Return a blot and the analysis of it."""
    blot = ublot.read_blot(simulated.image)
    options = {"marker": simulated.truth["marker_kda"], "ladder": False}
    return blot, ublot.analyze(blot, layout=simulated.layout, **options)


@pytest.fixture
def edited(measured, simulated) -> EditedBlot:
    blot, analysis = measured
    edited = EditedBlot.of_blot(blot, simulated.layout, {"marker": simulated.truth["marker_kda"], "ladder": False})
    assert edited.take(edited.state, analysis)
    return edited


@pytest.fixture
def picture(edited: EditedBlot) -> Picture:
    viewer = ViewerModel()
    image = viewer.add_layer(Layer.create(*blot_layer(edited.blot)))
    picture = Picture(viewer, image)
    picture.show(edited.shown, edited.state)
    return picture


def told(signal: Any) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    signal.connect(lambda *values: heard.append(values))
    return heard


def test_all_that_is_known_is_drawn(picture: Picture, edited: EditedBlot) -> None:
    analysis = edited.shown
    assert len(picture.lanes.data) == len(analysis.geometry) == 8
    assert list(picture.lanes.features["lane"]) == list(range(1, 9))
    np.testing.assert_allclose(picture.bands.data[:, 0], analysis.calibration.rows, atol=1e-3)
    assert list(picture.bands.features["mass"]) == list(analysis.calibration.masses)
    scored = [
        k
        for k, role in zip(analysis.ladders, analysis.lanes["role"], strict=True)
        if role in ("vehicle", "sample", "negative")
    ]
    rows = sorted(line[0, 0] for line in picture.boundaries.data)
    np.testing.assert_allclose(rows, sorted(k.boundary_row for k in scored), atol=1e-3)
    assert picture.boundaries.editable and not picture.axis.editable
    assert picture.viewer.layers.selection.active is picture.lanes
    assert picture.lanes.mode == "select"


def test_the_axis_says_the_mass_at_its_row(picture: Picture, edited: EditedBlot) -> None:
    labels = list(picture.axis.features["label"])
    assert "100" in labels and "kDa" in labels
    row = picture.axis.data[labels.index("100")][0, 0]
    assert float(mass_at(edited.shown.calibration, row)) == pytest.approx(100.0, rel=1e-3)
    assert max(line[:, 1].max() for line in picture.axis.data) < edited.shown.geometry.window.left


def test_showing_tells_nothing(picture: Picture, edited: EditedBlot) -> None:
    heard = told(picture.strips_edited), told(picture.bands_edited), told(picture.lane_picked)
    moved = replace(edited.shown.geometry, items=tuple(replace(k, width=k.width + 2) for k in edited.shown.geometry))
    picture.show(edited.shown.with_lanes(moved), edited.state)
    picture.select_lane(3)
    assert heard == ([], [], [])


def test_a_moved_strip_is_told_and_becomes_an_edit(picture: Picture, edited: EditedBlot) -> None:
    heard = told(picture.strips_edited)
    strips = [np.array(strip) for strip in picture.lanes.data]
    strips[4][:, 1] += 5.0
    picture.lanes.data = strips
    ((outlines, numbers),) = heard
    before = edited.shown.geometry
    edited.edit_strips(outlines, numbers)
    lanes = edited.state.edits.lanes
    assert lanes[4].centre(100.0) == pytest.approx(before[4].centre(100.0) + 5.0, abs=1e-3)
    assert [lane for n, lane in enumerate(lanes) if n != 4] == [lane for n, lane in enumerate(before) if n != 4]
    assert edited.undo_words == "lane 5 moved"


def test_new_scores_are_told_and_nothing_that_looks_the_same_is_drawn_anew(
    picture: Picture, edited: EditedBlot
) -> None:
    lanes, axis = picture.lanes, picture.axis
    outlines = [np.array(outline) for outline in lanes.data]
    outlines[2] = outlines[2] + np.array([0.0, 3.0])
    edited.edit_strips(outlines, [*lanes.features["lane"]])
    edited.take(edited.state, edited.job()(lambda *_: None))
    moved, scored, written = told(axis.events.set_data), told(lanes.events.features), lanes.text.values
    before = [*lanes.features["hmw_fraction"]]
    picture.show(edited.shown, edited.state)
    new = lane_features(edited.shown)
    assert np.array_equal(lanes.features["hmw_fraction"], new["hmw_fraction"], equal_nan=True)
    assert not np.array_equal(new["hmw_fraction"], before, equal_nan=True)
    assert [*lanes.features] == ["lane", *new]
    assert scored and lanes.text.values is written and not moved
    for shown, wanted in zip(axis.data, axis_layer(edited.shown, "", picture._pixel)[0], strict=True):
        assert np.abs(shown - wanted).max() <= UNSEEN * picture._pixel
    role = ["marker", *lanes.features["role"][1:]]
    picture.show_lanes(edited.shown.geometry, {**new, "role": role})
    assert [*lanes.features["role"]] == role
    assert not np.allclose(lanes.edge_color[0], lanes.edge_color[2])


def test_a_new_strip_inherits_a_number_and_is_new_all_the_same(picture: Picture, edited: EditedBlot) -> None:
    heard = told(picture.strips_edited)
    picture.lanes.selected_data = {7}
    picture.lanes.add_rectangles(np.array([[40.0, 2.0], [200.0, 14.0]]))
    outlines, numbers = heard[-1]
    edited.edit_strips(outlines, numbers)
    assert len(edited.state.edits.lanes) == 9
    assert edited.state.rows[0]["role"] == "sample" and edited.state.rows[1]["role"] == "marker"


def test_a_new_band_takes_the_mass_that_is_free_there(picture: Picture, edited: EditedBlot) -> None:
    heard = told(picture.bands_edited)
    rows, masses = list(edited.shown.calibration.rows), list(edited.shown.calibration.masses)
    picture.bands.selected_data = {2}
    picture.bands.remove_selected()
    edited.edit_band_marks(*heard[-1])
    assert [mass for _, mass in edited.bands] == masses[:2] + masses[3:]
    picture.bands.add([rows[2] + 1.0, 10.0])
    edited.edit_band_marks(*heard[-1])
    assert [mass for _, mass in edited.bands] == masses
    assert edited.state.edits.calibration.kind == "positions"
    edited.release_bands()
    assert edited.state.bands is None and edited.state.edits.calibration is None


def test_bands_that_cannot_be_are_kept_to_be_set_right(edited: EditedBlot) -> None:
    with pytest.raises(ublot.BlotError, match="lighter bands must lie lower"):
        edited.set_bands([(50.0, 100.0), (90.0, 150.0)])
    assert edited.bands == ((50.0, 100.0), (90.0, 150.0))
    assert edited.state.edits.calibration is None
    edited.undo()
    assert len(edited.bands) > 2


def test_pointing_tells_row_and_lane(picture: Picture, edited: EditedBlot) -> None:
    heard = told(picture.hovered)
    lanes = edited.shown.geometry
    picture.pointed((150.0, float(lanes[2].centre(150.0)) + 3))
    between = 0.5 * float(lanes[2].centre(150.0) + lanes[3].centre(150.0))
    picture.pointed((150.0, between))
    assert heard == [(150.0, 3), (150.0, 0)]
    assert lane_at(lanes, -50.0, float(lanes[2].centre(0.0))) == 0
    picture.mark_row(3, 150.0)
    np.testing.assert_allclose(picture.cursor.data, [[150.0, float(lanes[2].centre(150.0))]])
    picture.mark_row(3, None)
    assert not picture.cursor.visible


def edges(layer: Any) -> np.ndarray:
    extent = layer.extent
    return extent.world + 0.5 * np.outer([-1, 1], extent.step)


def test_the_background_is_that_of_the_lanes(picture: Picture, edited: EditedBlot) -> None:
    assert picture.background.metadata[DRAWN] and picture.background.data.shape == (2, 2)
    np.testing.assert_allclose(*(edges(layer) for layer in (picture.background, picture.image)))
    picture.show_background(True)
    level = edited.shown.stages.background.level
    window, lane = edited.shown.geometry.window, edited.shown.geometry[5]
    shown = [picture.background.data[row, round(float(lane.centre(row)))] for row in range(window.top, window.bottom)]
    np.testing.assert_allclose(shown, level[5], rtol=0.02)


def test_hidden_layers_come_back_as_they_were(picture: Picture) -> None:
    picture.axis.visible = False
    picture.set_shown(False)
    assert not any(layer.visible for layer in picture.layers)
    picture.set_shown(True)
    assert not picture.axis.visible and not picture.background.visible
    assert picture.lanes.visible and picture.image.visible


def test_a_blot_without_lanes_shows_its_pixels_only(picture: Picture, edited: EditedBlot) -> None:
    picture.show(None, edited.state)
    assert list(picture.viewer.layers) == [picture.image]


def test_another_count_of_lanes_takes_the_layout_along(edited: EditedBlot) -> None:
    edited.find_lanes(10)
    assert [row["lane"] for row in edited.state.rows] == [str(n) for n in range(1, 11)]
    assert edited.state.params.lanes is None
    edited.set_rows([{"lane": "1", "role": ""}])
    assert edited.state.rows == ()
    edited.find_lanes(6)
    assert edited.state.params.lanes == 6


def test_another_marker_drops_the_bands_set_by_hand(edited: EditedBlot) -> None:
    edited.set_bands([(50.0, 150.0), (90.0, 100.0)])
    edited.set_options({"marker": "precision-plus"})
    assert edited.state.bands is None and edited.state.edits.calibration is None
    with pytest.raises(ublot.BlotError, match="target-kda"):
        edited.set_options({"target_kda": "-1"})


def test_the_same_rungs_of_another_target_say_other_masses(picture: Picture) -> None:
    lines = [np.array([[20.0, 300.0], [20.0, 320.0]]), np.array([[60.0, 300.0], [60.0, 320.0]])]
    for labels in (["121", "96"], ["97", "70"]):
        keywords = {"name": "rungs", "shape_type": "line", "features": {"label": labels}}
        picture._put("rungs", (lines, keywords | {"edge_color": "red", "text": "{label}"}, "shapes"), locked=True)
        assert [*picture.rungs.features["label"]] == labels == [*picture.rungs.text.values]
