"""Outlines that are moved one by one leave a layer as napari makes it of all of them at once."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("napari", reason="napari is an optional extra")

from napari.layers import Shapes
from ublot_napari.layers.outlines import move_outlines, same_outlines

STRIP = np.array([[0.0, 0.0], [50.0, 2.0], [100.0, 4.0], [100.0, 14.0], [50.0, 12.0], [0.0, 10.0]])
COLOURS = ["red", "green", "blue", "black"]


def strips(*lefts: float) -> list[np.ndarray]:
    return [STRIP + np.array([0.0, left]) for left in lefts]


def layer_of(outlines: list[np.ndarray]) -> Shapes:
    return Shapes(outlines, shape_type="polygon", edge_width=2.0, edge_color=COLOURS[: len(outlines)], ndim=2)


def drawn(layer: Shapes) -> list[np.ndarray]:
    """Return the corners of every triangle, in an order of their own, with its colour."""
    mesh = layer._data_view._mesh
    corners = mesh.vertices[mesh.displayed_triangles].reshape(len(mesh.displayed_triangles), -1)
    table = np.column_stack([corners, mesh.displayed_triangles_colors])
    return table[np.lexsort(table.round(6).T)]


def test_one_that_moves_is_drawn_where_it_is_and_the_others_stay() -> None:
    layer, wanted = layer_of(strips(0, 30, 60, 90)), strips(0, 36.5, 60, 90)
    assert move_outlines(layer, wanted, "polygon")
    fresh = layer_of(wanted)
    assert same_outlines(layer.data, wanted)
    assert np.allclose(drawn(layer), drawn(fresh))
    assert np.allclose(layer.edge_color, fresh.edge_color) and layer.edge_width == fresh.edge_width
    assert list(layer.shape_type) == ["polygon"] * 4


def test_what_nobody_would_see_move_stays() -> None:
    layer, wanted = layer_of(strips(0, 30, 60, 90)), strips(0.02, 30, 60.2, 90)
    assert not same_outlines(layer.data, wanted, 0.05) and same_outlines(layer.data, wanted, 0.25)
    assert move_outlines(layer, wanted, "polygon", 0.05)
    assert [float(outline[0][1]) for outline in layer.data] == pytest.approx([0, 30, 60.2, 90])


def test_the_limits_of_the_layer_and_the_handles_follow() -> None:
    layer = layer_of(strips(0, 30, 60, 90))
    layer.selected_data = {3}
    before = np.array(layer._selected_box)
    move_outlines(layer, strips(0, 30, 60, 120), "polygon")
    assert layer.extent.data[1, 1] == pytest.approx(134)
    assert layer.selected_data == {3}
    assert np.allclose(layer._selected_box, before + np.array([0.0, 30.0]))


class PublicHalf:
    """A layer as a napari would have it that keeps its drawing elsewhere: what is public, and nothing else."""

    def __init__(self, layer: Shapes) -> None:
        object.__setattr__(self, "whole", layer)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.whole, name, value)


def test_a_layer_without_what_napari_keeps_to_itself_is_drawn_anew() -> None:
    layer, wanted = layer_of(strips(0, 30, 60, 90)), strips(0, 36.5, 60, 90)
    assert move_outlines(PublicHalf(layer), wanted, "polygon")
    fresh = layer_of(wanted)
    assert same_outlines(layer.data, wanted)
    assert np.allclose(drawn(layer), drawn(fresh))
    assert np.allclose(layer.edge_color, fresh.edge_color) and layer.edge_width == fresh.edge_width
    assert not move_outlines(PublicHalf(layer), strips(0, 30), "polygon")
    assert same_outlines(layer.data, strips(0, 30))


def test_a_corner_more_or_another_number_of_outlines_is_taken() -> None:
    layer = layer_of(strips(0, 30, 60, 90))
    bent = np.insert(STRIP, 1, [25.0, 5.0], axis=0)
    assert move_outlines(layer, [bent, *strips(30, 60, 90)], "polygon")
    assert np.allclose(drawn(layer), drawn(layer_of([bent, *strips(30, 60, 90)])))
    assert not move_outlines(layer, strips(0, 30), "polygon")
    assert same_outlines(layer.data, strips(0, 30))
