"""The layers of one blot: lanes, marker bands, kDa axis, HMW boundaries, background; napari's model, but no Qt.

What a person does to a layer is told by a signal; `show` brings the layers in line with a state. While it does so,
nothing is told.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers.base import ActionType
from napari.utils.colormaps import Colormap
from psygnal import Signal

from ublot_napari.layers.annotations import (
    REGION,
    axis_layer,
    background_picture,
    bands_layer,
    boundaries_layer,
    cursor_layer,
    numbers_shown,
    region_layer,
    rungs_layer,
)
from ublot_napari.layers.lanes import (
    NUMBERS,
    blot_layer,
    empty_lanes_layer,
    lane_features,
    lanes_layer,
    role_colours,
)
from ublot_napari.layers.outlines import move_outlines, same_outlines
from ublot_napari.state.strips import lane_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer, Points, Shapes

    from ublot import Analysis, Blot, Lanes, Window
    from ublot_napari.state.session import State

__all__ = ["DRAWN", "Picture"]

DRAWN = "ublot_drawn"  # key in the metadata of an image that is no blot
KINDS = ("background", "saturated", "boundaries", "rungs", "axis", "lanes", "bands", "region", "box", "cursor")
"""Layers beside the blot's own, the lowest first."""
OUTLINES = ("boundaries", "rungs", "axis", "lanes", "region")
LINE = 1.6
"""Width of outlines on the screen, px: below one and a half a line falls apart into dashes."""
HOLD = 7.0
"""Pixels of the screen within which a boundary is taken hold of, as wide as half a handle of napari."""
UNSEEN = 0.02
"""Pixels of the screen by which nobody sees a line move."""
FITS = 6
"""Times that the view is fitted at most: what is written keeps its size on the screen, and so takes another share of
the view each time; on a canvas of 200 px that settles to 2 % after five."""
SATURATED = Colormap([[1, 0, 0, 0], [1, 0, 0, 1]], name="ublot saturated")

ROWS_CLOSE = 0.005
"""Pixels of the picture up to which a boundary is in the same place: half a digit of the rows that are kept."""
WRITTEN = ("lane", "label", "mass")
"""What text on layers is made of."""
DONE = {ActionType.ADDED, ActionType.CHANGED, ActionType.REMOVED}


class Picture:
    """The layers of one blot.

    Parameters
    ----------
    viewer : ViewerModel
    image : Image
        The blot's own layer.

    Attributes
    ----------
    strips_edited : Signal of (list of ndarray, list of float)
        Outlines and the lane numbers they bear, after a person moved, drew or deleted one.
    bands_edited : Signal of (ndarray, list of float)
        Rows of the marker bands and their masses (NaN for a new one).
    lane_picked : Signal of int
    boundary_edited : Signal of (int, float)
        Lane, and the row to which a person dragged its HMW boundary.
    region_edited : Signal of tuple
        First and last row, first and last column of the region of interest that a person drew or dragged.
    hovered : Signal of (float, int)
        Row under the mouse, and the lane there (0: none).
    """

    strips_edited = Signal(list, list)
    bands_edited = Signal(list, list)
    boundary_edited = Signal(int, float)
    region_edited = Signal(tuple)
    lane_picked = Signal(int)
    hovered = Signal(float, int)

    def __init__(self, viewer: ViewerModel, image: Image) -> None:
        self.viewer = viewer
        self.image = image
        self.name = str(image.name)
        self.lanes: Shapes | None = None
        self.bands: Points | None = None
        self.axis: Shapes | None = None
        self.boundaries: Shapes | None = None
        self.cursor: Points | None = None
        self.background: Image | None = None
        self.rungs: Shapes | None = None
        self.region: Shapes | None = None
        self.box: Shapes | None = None
        self._take_box: Callable[[tuple[float, float, float, float]], None] = lambda box: None
        self.saturated: Image | None = None
        self.geometry: Lanes | None = None
        self._analysis: Analysis | None = None
        self._offer = False
        self._quiet = 0
        self._line = LINE
        self._written: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None
        self._off: set[Layer] = set()

    # ------------------------------------------------------------------------------------------------------- showing
    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Change layers without telling, and without taking the choice of the active layer from the person."""
        active = self.viewer.layers.selection.active
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1
            chosen = self.viewer.layers.selection
            if active is not None and active is not chosen.active and active in self.viewer.layers:
                chosen.active = active

    @property
    def is_quiet(self) -> bool:
        """Whether layers are being changed from here."""
        return self._quiet > 0

    @property
    def mode(self) -> str:
        """What dragging on the lanes does."""
        layer = self._own("lanes")
        return "" if layer is None else str(layer.mode)

    @property
    def background_shown(self) -> bool:
        """Whether the background is switched on."""
        layer = self._own("background")
        return layer is not None and bool(layer.visible)

    @property
    def saturated_shown(self) -> bool:
        """Whether saturated pixels are marked."""
        layer = self._own("saturated")
        return layer is not None and bool(layer.visible)

    @property
    def layers(self) -> list[Layer]:
        """All layers of this blot that are in the viewer, the blot first."""
        own = (self.image, *(getattr(self, kind) for kind in KINDS))
        return [layer for layer in own if layer is not None and layer in self.viewer.layers]

    def show_pixels(self, blot: Blot) -> None:
        """Show the blot as it was read, where options changed how; the view follows where its shape is another."""
        known = self.image.metadata.get("ublot_blot")
        if known is blot or (known is None and not blot.rotate and not blot.mirror):
            return  # pixels that a program put here are shown as it wants them, as long as they lie as they are
        data, keywords, _ = blot_layer(blot)
        turned = data.shape != self.image.data.shape
        with self.quietly():
            self.image.data = data
            self.image.contrast_limits_range = (float(data.min()), float(data.max()))
            self.image.contrast_limits = keywords["contrast_limits"]
            self.image.colormap = keywords["colormap"]
            self.image.metadata["ublot_blot"] = blot
            if turned:
                self._remove("background", "saturated")  # they have the shape of the picture as it was
        if turned:
            self.viewer.fit_to_view(layers=[self.image])

    def fit(self) -> None:
        """Fit the view to the blot, or the part of the picture that it is, and to what is written beside it."""
        made = self._analysis
        part = made is not None and made.blot.roi is not None and len(made.geometry)
        for _ in range(FITS):
            before = self._pixel
            shown = [layer for layer in self.layers if layer.visible and not (part and layer is self.image)]
            self.viewer.fit_to_view(layers=shown)
            self.fit_lines()
            if abs(self._pixel / before - 1) < 0.02:
                break

    @property
    def _pixel(self) -> float:
        """Pixels of the picture on one of the screen."""
        return 1 / max(float(self.viewer.scene.camera.zoom), 1e-6)

    def fit_lines(self) -> None:
        """Give outlines the same width, and what is written room, on the screen however far the view is zoomed."""
        width = LINE * self._pixel
        if abs(width / self._line - 1) < 0.02:
            return
        self._line = width
        with self.quietly():
            if self._analysis is not None and len(self._analysis.geometry):
                self._write(self._analysis)
            for kind in OUTLINES:
                layer = self._own(kind)
                if layer is not None and len(layer.data):
                    layer.edge_width = [width] * len(layer.data)

    def _write(self, analysis: Analysis) -> None:
        """Write axis, rungs, masses and numbers of the lanes as the screen has room for them.

        What they are drawn from is compared by identity: an edit takes over what it does not change.
        """
        bands = self._own("bands")
        marks = () if bands is None else tuple(zip(bands.data[:, 0].tolist(), [*bands.features["mass"]], strict=True))
        places = self._pixel, marks
        drawn_from = analysis.calibration, analysis.geometry, analysis.params
        before, self._written = self._written, (drawn_from, places)
        if before and before[1] == places and all(a is b for a, b in zip(before[0], drawn_from, strict=True)):
            return
        self._put("axis", axis_layer(analysis, f"{self.name} kDa", self._pixel), locked=True)
        self._put("rungs", rungs_layer(analysis, f"{self.name} rungs", self._pixel), locked=True)
        lanes = self._own("lanes")
        if bands is not None and marks:
            _give_text(bands, bands_layer(marks, analysis, "", self._pixel)[1]["text"])
        if lanes is not None and len(lanes.data):
            columns = [float(outline[0][1]) for outline in lanes.data]
            _give_text(lanes, {"string": {"array": numbers_shown(columns, self._pixel), "default": ""}, **NUMBERS})

    def show_saturated(self, shown: bool) -> None:
        """Switch the mark of saturated pixels on or off."""
        blot = self.image.metadata.get("ublot_blot") if self._analysis is None else self._analysis.blot
        layer = self._own("saturated")
        if layer is None and shown and blot is not None:
            with self.quietly():
                mask = np.zeros(blot.shape, np.uint8) if blot.saturated is None else blot.saturated.astype(np.uint8)
                layer = self.saturated = self.viewer.add_image(
                    mask,
                    name=f"{self.name} saturated",
                    colormap=SATURATED,
                    contrast_limits=(0, 1),
                    blending="translucent",
                    interpolation2d="nearest",
                    metadata={DRAWN: True},
                )
                self.viewer.layers.move(self.viewer.layers.index(layer), self.viewer.layers.index(self.image) + 1)
        if layer is not None:
            layer.visible = shown

    def drag_boundaries(self) -> None:
        """Let the HMW boundaries be dragged up and down, each where it is taken hold of."""
        layer = self._own("boundaries")
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = "pan_zoom"  # without napari's handles, which turn and stretch what has one row only

    def draw_region(self) -> None:
        """Make the next box that is dragged the region of interest."""
        with self.quietly():
            if self._own("region") is None:
                self._add_region(None)
        layer = self._own("region")
        layer.visible = True
        self.viewer.layers.selection.active = layer
        layer.mode = "add_rectangle"

    def ask_box(self, take: Callable[[tuple[float, float, float, float]], None]) -> None:
        """Give the next box that is dragged, its rows and columns as of the region, to `take`; it does not stay."""
        with self.quietly():
            if self._own("box") is None:
                keywords = {"edge_width": self._line, "edge_color": REGION, "face_color": "transparent"}
                layer = self.box = self.viewer.add_shapes(name=f"{self.name} box", ndim=2, **keywords)
                layer.events.data.connect(self._box_drawn)
            self._own("box").data = []
            self._own("box").visible = True
        self._take_box = take
        self.viewer.layers.selection.active = self._own("box")
        self._own("box").mode = "add_rectangle"

    def _box_drawn(self, event: Any) -> None:
        layer = self._own("box")
        if self._quiet or layer is None or event.action is not ActionType.ADDED:
            return
        layer.mode = "pan_zoom"
        layer.visible = False
        self._take_box(_extent(layer.data[-1]))

    def _add_region(self, box: Any) -> None:
        keywords: dict[str, Any] = {"name": f"{self.name} region", "ndim": 2}
        if box is not None:
            _, keywords, _ = region_layer(box, f"{self.name} region")
            box = region_layer(box, "")[0]
        keywords |= {"edge_width": self._line, "edge_color": REGION, "face_color": "transparent"}
        layer = self.region = self.viewer.add_shapes(box, **keywords)
        layer.events.data.connect(self._region_changed)

    def _show_region(self, region: Window | None) -> None:
        layer = self._own("region")
        if region is None:
            if layer is not None and (len(layer.data) or layer.mode == "select"):
                self._remove("region")
        elif layer is None:
            self._add_region(region)
        else:
            data, keywords, _ = region_layer(region, "")
            if not same_outlines(layer.data, data):
                layer.data = [(data[0], "rectangle")]
                layer.edge_color, layer.face_color = keywords["edge_color"], "transparent"
                layer.edge_width = [self._line]

    def show_background(self, shown: bool) -> None:
        """Switch the background on or off."""
        layer = self._own("background")
        if layer is not None:
            layer.visible = shown

    def delete_selected(self) -> None:
        """Delete the selected strips."""
        layer = self._own("lanes")
        if layer is not None and layer.selected_data:
            layer.remove_selected()

    def add_band_mode(self) -> None:
        """Make the next click on the picture add a marker band."""
        layer = self._own("bands")
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = "add"

    def show(self, analysis: Analysis | None, state: State) -> None:
        """Bring the layers in line with an analysis; without one there are only pixels."""
        self._show(analysis, state)
        if self._offer:
            # Lanes just found are ready to be dragged.
            self._offer = False
            self.set_mode("select")

    def _show(self, analysis: Analysis | None, state: State) -> None:
        with self.quietly():
            self._analysis = analysis
            self._line = LINE * self._pixel
            self._show_region(state.params.roi)
            if analysis is None or not len(analysis.geometry):
                drawn_on = self._own("lanes")
                self._remove("bands", "rungs", "axis", "boundaries", "cursor", "background")
                if drawn_on is not None and len(drawn_on.data):
                    self._remove("lanes")  # an empty one is there to be drawn on
                self.geometry = None
                return
            self.show_lanes(analysis.geometry, lane_features(analysis))
            bands = state.bands
            if bands is None:
                found = analysis.calibration
                by_marker = found is not None and found.kind != "rungs"
                bands = tuple(zip(found.rows, found.masses, strict=True)) if found is not None and by_marker else ()
            self._show_bands(bands, analysis)
            self._write(analysis)
            self._put("boundaries", boundaries_layer(analysis, f"{self.name} HMW boundary"), locked=False)
            self._show_background()

    def show_lanes(self, lanes: Lanes, features: dict[str, list[Any]]) -> None:
        """Draw the strips with what is known of each lane; those that are in place already are not touched."""
        roles = features["role"]
        with self.quietly():
            data, keywords, _ = lanes_layer(lanes, features, f"{self.name} lanes")
            self.geometry = lanes
            layer = self._own("lanes")
            if layer is None:
                self._add_lanes(data, keywords)
                self._offer = True
                return
            if not same_outlines(layer.data, data):
                if len(layer.data) != len(data):
                    layer.selected_data = set()
                if not move_outlines(layer, data, "polygon"):
                    layer.edge_width = [self._line] * len(data)
                    layer.face_color = "transparent"
            coloured = [*layer.features["role"]] if "role" in layer.features else []
            _tell(layer, keywords["features"])
            if coloured != [*roles] or len(layer.edge_color) != len(roles):
                layer.edge_color = role_colours(roles)

    def _add_lanes(self, data: Sequence[Any] | None, keywords: dict[str, Any]) -> None:
        layer = self.viewer.add_shapes(data, **keywords, edge_width=self._line)
        self.lanes = layer
        layer.events.data.connect(self._strips_changed)
        layer.selected_data.events.items_changed.connect(self._selection_changed)
        layer.mouse_move_callbacks.append(self._moved_on)

    def _show_bands(self, bands: Sequence[tuple[float, float]], analysis: Analysis) -> None:
        data, keywords, _ = bands_layer(bands, analysis, f"{self.name} marker", self._pixel)
        layer = self._own("bands")
        if layer is None:
            self.bands = self.viewer.add_points(data, **keywords)
            self.bands.events.data.connect(self._bands_changed)
            return
        same = len(layer.data) == len(data) and np.allclose(layer.data, data, atol=1e-3)
        if same and [*layer.features["mass"]] == keywords["features"]["mass"]:
            return
        more = len(layer.data) != len(data)
        layer.selected_data = set()
        layer.data = data
        _tell(layer, keywords["features"])
        if more:
            layer.size = keywords["size"]

    def _show_background(self) -> None:
        layer = self._own("background")
        if layer is None:
            shape = self.image.data.shape
            # Its pixels are made when somebody looks: a fold of the picture's memory.
            layer = self.viewer.add_image(
                np.zeros((2, 2), np.float32),
                name=f"{self.name} background",
                scale=[n / 2 for n in shape],
                translate=[(n / 2 - 1) / 2 for n in shape],
                colormap=self.image.colormap,
                contrast_limits=self.image.contrast_limits,
                visible=False,
                metadata={DRAWN: True},
            )
            self.background = layer
            self.viewer.layers.move(self.viewer.layers.index(layer), self.viewer.layers.index(self.image) + 1)
            layer.events.visible.connect(self._fill_background)
        self._fill_background()

    def _fill_background(self, _: Any = None) -> None:
        layer, analysis = self._own("background"), self._analysis
        if layer is None or analysis is None or not layer.visible:
            return
        layer.data = background_picture(analysis)
        layer.scale, layer.translate = (1, 1), (0, 0)
        layer.contrast_limits = self.image.contrast_limits

    def _put(self, kind: str, described: Any, *, locked: bool) -> None:
        """Add a layer, or give it new content; nothing to show takes it away."""
        data, keywords, _ = described
        layer = self._own(kind)
        close = UNSEEN * self._pixel if locked else ROWS_CLOSE  # a person takes hold of the others, and they are read
        if not len(data):
            if layer is not None:
                self._remove(kind)
            return
        if layer is None:
            layer = self.viewer.add_shapes(data, **keywords, edge_width=self._line)
            layer.editable = not locked
            setattr(self, kind, layer)
            if kind == "boundaries":
                layer.events.data.connect(self._boundaries_changed)
                layer.mouse_move_callbacks.append(self._near_boundary)
                layer.mouse_drag_callbacks.append(self._drag_boundary)
        elif not same_outlines(layer.data, data, close):
            if not move_outlines(layer, data, keywords["shape_type"], close):
                layer.edge_color = keywords["edge_color"]
                layer.edge_width = [self._line] * len(data)
            if layer.editable is locked:
                layer.editable = not locked
        # Another target gives the same rungs other masses.
        if "features" in keywords:
            _tell(layer, keywords["features"])

    def _own(self, kind: str) -> Any:
        layer = getattr(self, kind)
        return layer if layer is not None and layer in self.viewer.layers else None

    def _remove(self, *kinds: str) -> None:
        self._written = None
        for kind in kinds:
            layer = self._own(kind)
            setattr(self, kind, None)
            if layer is not None:
                self.viewer.layers.remove(layer)

    def remove(self) -> None:
        """Take all layers but the blot's own away."""
        with self.quietly():
            self._remove(*KINDS)

    def set_shown(self, shown: bool) -> None:
        """Show or hide all layers of this blot; those that a person has switched off stay off."""
        with self.quietly():
            if shown:
                for layer in self._off:
                    layer.visible = True
                self._off = set()
            else:
                self._off |= {layer for layer in self.layers if layer.visible}
                for layer in self.layers:
                    layer.visible = False

    def select_lane(self, number: int) -> None:
        """Select a lane's strip."""
        layer = self._own("lanes")
        if layer is not None and 0 < number <= len(layer.data) and set(layer.selected_data) != {number - 1}:
            with self.quietly():
                layer.selected_data = {number - 1}

    def mark_row(self, number: int, row: float | None) -> None:
        """Mark a row on a lane; None takes the mark away."""
        if self.geometry is None or not 0 < number <= len(self.geometry):
            return
        with self.quietly():
            layer = self._own("cursor")
            if layer is None:
                if row is None:
                    return
                data, keywords, _ = cursor_layer(f"{self.name} cursor")
                layer = self.cursor = self.viewer.add_points(data, **keywords)
                layer.editable = False
            layer.visible = row is not None
            if row is not None:
                lane = self.geometry[number - 1]
                layer.data = np.array([[row, float(lane.centre(row))]])
                layer.size = lane.width

    def set_mode(self, mode: str) -> None:
        """Make the lanes the active layer, in napari's `mode` (``select``, ``direct``, ``add_rectangle``).

        Where there are no lanes yet, ones can be drawn.
        """
        if mode == "add_rectangle" and self._own("lanes") is None:
            with self.quietly():
                self._add_lanes(None, empty_lanes_layer(f"{self.name} lanes"))
        layer = self._own("lanes")
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = mode

    # ------------------------------------------------------------------------------------------------------- telling
    def _strips_changed(self, event: Any) -> None:
        layer = self._own("lanes")
        if self._quiet or layer is None or event.action not in DONE:
            return
        if event.action is ActionType.ADDED:
            layer.mode = "select"
        self.strips_edited.emit([np.array(outline) for outline in layer.data], [*layer.features["lane"]])

    def _bands_changed(self, event: Any) -> None:
        layer = self._own("bands")
        if self._quiet or layer is None or event.action not in DONE:
            return
        masses = np.array(layer.features["mass"], np.float64)
        if event.action is ActionType.ADDED:
            masses[list(event.data_indices)] = np.nan  # a new point inherits the mass of another
        self.bands_edited.emit([float(row) for row in layer.data[:, 0]], masses.tolist())

    def _boundary_at(self, layer: Any, position: Sequence[float]) -> int:
        """Which boundary is within reach of a place in the picture, -1 for none."""
        if not len(layer.data):
            return -1
        row, column = float(position[-2]), float(position[-1])
        outlines = np.array([np.asarray(line)[:2] for line in layer.data])
        aside = np.maximum(outlines[:, :, 1].min(axis=1) - column, column - outlines[:, :, 1].max(axis=1))
        away = np.hypot(np.maximum(aside, 0.0), outlines[:, :, 0].mean(axis=1) - row)
        nearest = int(away.argmin())
        return nearest if away[nearest] <= HOLD * self._pixel else -1

    def _near_boundary(self, layer: Any, event: Any) -> None:
        """Drag the boundary under the mouse, and the view where there is none."""
        if str(layer.mode) == "pan_zoom":
            layer.mouse_pan = self._boundary_at(layer, event.position) < 0

    def _drag_boundary(self, layer: Any, event: Any) -> Iterator[None]:
        """Move the boundary that is pressed on up and down with the mouse; what napari calls a drag callback."""
        at = self._boundary_at(layer, event.position) if str(layer.mode) == "pan_zoom" else -1
        if at < 0:
            return
        begin, outlines = float(event.position[-2]), [np.array(line) for line in layer.data]
        line = outlines[at]
        layer.mouse_pan = False
        yield
        held = True
        while held:
            held = event.type == "mouse_move"  # where it is let go counts too: moves are told now and then only
            outlines[at] = line + np.array([float(event.position[-2]) - begin, 0.0])
            with self.quietly():
                move_outlines(layer, outlines, "line")
            if held:
                yield
        if not np.array_equal(outlines[at], line):
            self.boundary_edited.emit(int(layer.features["lane"].iloc[at]), float(outlines[at][:, 0].mean()))

    def _boundaries_changed(self, event: Any) -> None:
        layer, analysis = self._own("boundaries"), self._analysis
        if self._quiet or layer is None or analysis is None or event.action not in DONE:
            return
        rows = {ladder.lane: float(ladder.boundary_row) for ladder in analysis.ladders}
        for line, label in zip(layer.data, layer.features["lane"], strict=True):
            number, row = int(label), float(np.mean(line[:, 0]))
            if abs(row - rows.get(number, row)) > 0.05:
                self.boundary_edited.emit(number, row)
                return
        with self.quietly():  # turned or stretched, by handles that napari gives every shape: it has a row only
            self._put("boundaries", boundaries_layer(analysis, f"{self.name} HMW boundary"), locked=False)

    def _region_changed(self, event: Any) -> None:
        layer = self._own("region")
        if self._quiet or layer is None or event.action not in DONE:
            return
        if event.action is ActionType.REMOVED or not len(layer.data):
            self.region_edited.emit(())
            return
        layer.mode = "select"
        self.region_edited.emit(_extent(layer.data[-1]))

    def _selection_changed(self, *_: Any) -> None:
        layer = self._own("lanes")
        if not self._quiet and layer is not None and len(layer.selected_data) == 1:
            (index,) = layer.selected_data
            if index < len(layer.data):
                self.lane_picked.emit(int(index) + 1)

    def _moved_on(self, _layer: Any, event: Any) -> None:
        self.pointed(event.position)

    def pointed(self, position: Sequence[float]) -> None:
        """Tell where the mouse is, in the world's coordinates."""
        if self.geometry is not None and len(position) >= 2:
            row, column = float(position[-2]), float(position[-1])
            self.hovered.emit(row, lane_at(self.geometry, row, column))


def _tell(layer: Any, features: dict[str, Any]) -> None:
    """Have a layer say something of its shapes.

    To set ``layer.features`` has all that is written drawn anew, which rests on `WRITTEN` alone: all else, as scores,
    is set in place.
    """
    told = layer.features
    new = [name for name, values in features.items() if name not in told or not _alike(told[name].tolist(), values)]
    if [*told] != [*features] or any(name in WRITTEN for name in new):
        layer.features = features
    elif new:
        for name in new:
            told[name] = features[name]
        layer.events.features()


def _alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether two lists hold the same, NaN in the same places."""
    return len(one) == len(other) and all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))


def _give_text(layer: Any, text: dict[str, Any]) -> None:
    """Have a layer write something else, unless it writes that already."""
    written = layer.metadata.get("ublot_text")
    if written != text:
        layer.text = text
        layer.metadata["ublot_text"] = text


def _extent(outline: Any) -> tuple[float, float, float, float]:
    """First and last row, first and last column of an outline."""
    corners = np.asarray(outline)
    (top, left), (bottom, right) = corners.min(axis=0), corners.max(axis=0)
    return float(top), float(bottom), float(left), float(right)
