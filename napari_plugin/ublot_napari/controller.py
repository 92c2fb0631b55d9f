"""Blots that are open, what is done to them, and the analyses that follow; knows layers, and no panel."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

from ublot import BlotError
from ublot_napari.layers.blot_layers import DRAWN, Picture
from ublot_napari.layers.foreign import file_of, is_plain, read_again
from ublot_napari.state.editing import EditedBlot
from ublot_napari.state.option_places import panel_words
from ublot_napari.state.several import options_for_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari import Viewer

    from ublot import Analysis, Blot, Params
    from ublot_napari.state.session import State
    from ublot_napari.widgets.runner import Runner

__all__ = ["Controller"]

ANALYSIS = "ublot_analysis"
"""Key in a layer's metadata."""

ZOOM_REST = 80
"""Milliseconds after the last step of the wheel: redrawing sixty outlines at every step would be felt."""


class Controller(QObject):
    """The blots of a viewer.

    Layers are brought in line with the present state of the blot that is shown, and what a person does to them becomes
    its next state; between the two stands `EditedBlot`, which knows no layers. Whoever holds widgets listens to the
    signals and calls `do`.

    Parameters
    ----------
    viewer : napari.Viewer
    runner : Runner
        Where analyses are made.
    parent : QObject, optional

    Attributes
    ----------
    image : Image or None
        The layer of the blot that is shown.
    refused : dict of Image to str
        Pictures that cannot be worked on, and why.
    lane : int
        The lane that is selected.
    usual, keep : callable
        Gives the options that a blot starts with, and takes those that the next one is to start with.
    blots_listed : Signal
        Blots came or went, or another one is shown.
    blot_left : Signal
        What is shown of the blot before belongs to none any more.
    blot_shown : Signal
        Another blot is shown, or none.
    changed : Signal
        All that shows the blot is to be brought in line with it.
    edited : Signal
        Lanes, bands or a boundary were edited, and what follows from that is under way: until then what is drawn stays
        as it is.
    doses_fitted : Signal
        The dose-response of the analysis that is shown was made.
    lane_changed : Signal
    measured : Signal of bool
        An analysis was made; whether it is the blot's first.
    compared : Signal of (Analysis, Analysis)
        After `measured`: the analysis before and the new one.
    pointed : Signal of (float, int)
        Row under the mouse in the picture, and the lane there (0: none).
    left_unsaved : Signal of (EditedBlot, str)
        A blot is being closed although edits of it are not saved; with its name.
    said : Signal of (str, bool)
        A line for the person, and whether it says that something is wrong.
    """

    blots_listed = Signal()
    blot_shown = Signal()
    blot_left = Signal()
    changed = Signal()
    edited = Signal()
    doses_fitted = Signal()
    lane_changed = Signal()
    measured = Signal(bool)
    compared = Signal(object, object)
    pointed = Signal(float, int)
    left_unsaved = Signal(object, str)
    said = Signal(str, bool)

    def __init__(self, viewer: Viewer, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.runner = runner
        self.blots: dict[Image, EditedBlot] = {}
        self.pictures: dict[Image, Picture] = {}
        self.refused: dict[Image, str] = {}
        self._foreign: dict[Image, None] = {}  # in the order in which they came
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._adopt_all)
        self._zoom = QTimer(self)
        self._zoom.setSingleShot(True)
        self._zoom.timeout.connect(lambda: self.on_picture(Picture.fit_lines))
        self.image: Image | None = None
        self.lane = 1
        self.usual: Callable[[], dict[str, Any]] = dict
        self.keep: Callable[[Params], object] = lambda params: None
        self._filling = 0

    # ---------------------------------------------------------------------------------------------- blots come and go
    def watch_layers(self) -> None:
        """Take the pictures of the viewer for blots, those that come later too."""
        for event, act in self._layer_events:
            event.connect(act)
        self._layers_changed()

    @property
    def _layer_events(self) -> tuple[tuple[Any, Any], ...]:
        """What happens to the viewer's layers, and what is done then."""
        layers = self.viewer.layers.events
        return (
            (layers.inserted, self._layers_changed),
            (layers.removed, self._layer_removed),
            (self.viewer.scene.camera.events.zoom, self._zoomed),
        )

    def _zoomed(self, event: Any = None) -> None:
        # Outlines are drawn anew when the wheel has come to rest.
        self._zoom.start(ZOOM_REST)

    def take_over(self, old: Controller) -> None:
        """Go on with the blots and edits of another controller of the same viewer, which lets go of them."""
        old.runner.cancel()
        for event, act in old._layer_events:
            event.disconnect(act)
        for image, picture in old.pictures.items():
            for signal in (
                picture.strips_edited,
                picture.bands_edited,
                picture.boundary_edited,
                picture.region_edited,
                picture.lane_picked,
                picture.hovered,
            ):
                signal.disconnect()
            picture.set_shown(False)
            self.blots[image], self.pictures[image] = old.blots[image], self._connected(picture)

    @property
    def images(self) -> list[Image]:
        """The layers that are blots, as they lie in the viewer."""
        found = [layer for layer in self.viewer.layers if isinstance(layer, Image) and DRAWN not in layer.metadata]
        return [layer for layer in found if layer not in self._foreign]

    @property
    def blot(self) -> EditedBlot | None:
        """The blot that is shown, with what is done to it."""
        return self.blots.get(self.image) if self.image is not None else None

    @property
    def picture(self) -> Picture | None:
        """The layers of the blot that is shown."""
        return self.pictures.get(self.image) if self.image is not None else None

    @property
    def analysis(self) -> Analysis | None:
        """The present analysis of the blot that is shown."""
        return self.blot.shown if self.blot is not None else None

    def _layers_changed(self, event: Any = None) -> None:
        if any(picture.is_quiet for picture in self.pictures.values()):
            return
        new = [image for image in self.images if image not in self.blots and image not in self.refused]
        for image in [image for image in new if not is_plain(image)]:
            # Not now: napari is still putting this layer in its place.
            self._foreign[image] = None
            new.remove(image)
            self._soon.start(0)
        images = self.images
        if new:
            self.show_blot(new[-1])
        elif self.image not in images:
            self.show_blot(images[-1] if images else None)
        self.blots_listed.emit()

    def _adopt_all(self) -> None:
        for image in list(self._foreign):
            if image in self._foreign and image in self.viewer.layers:
                self._adopt(image)
        self._foreign.clear()

    def _adopt(self, image: Image) -> None:
        """Put a blot in the place of a picture that another reader brought; one that is no blot is refused in words."""
        try:
            described = read_again(image, self.viewer.dims.current_step)
        except BlotError as error:
            self._foreign.pop(image)
            self.refused[image] = panel_words(error)
            self.show_blot(image)
            return
        path = file_of(image)
        others = [image] if path is None else [layer for layer in self._foreign if file_of(layer) == path]
        for layer in others:
            layer.metadata[DRAWN] = True
            layer.visible = False
            layer.name = f"{layer.name} (as it was opened)"
            self._foreign.pop(layer)
        self.viewer.add_layer(Layer.create(*described))
        for layer in others if path is not None else ():
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

    def _layer_removed(self, event: Any) -> None:
        layer = event.value
        self.refused.pop(layer, None)
        blot, picture = self.blots.pop(layer, None), self.pictures.pop(layer, None)
        if blot is not None and picture is not None:
            if blot.unsaved:
                self.left_unsaved.emit(blot, str(layer.name))
            if layer is self.image:
                self.runner.cancel()
            picture.remove()
        self._layers_changed()

    def show_blot(self, image: Image | None) -> None:
        """Work on another blot; the layers of the one before are hidden."""
        if image is self.image and image in self.blots:
            return
        self.runner.cancel()
        before, self.image = self.picture, image
        if before is not None and before.image is not image:
            before.set_shown(False)
        if image is not None and image not in self.blots and image not in self.refused:
            try:
                self.blots[image] = EditedBlot.of_layer(image, self.usual())
            except BlotError as error:
                self.refused[image] = panel_words(error)
            else:
                self.pictures[image] = self._connected(Picture(self.viewer, image))
        self.blots_listed.emit()
        if image is not None and image in self.pictures:
            self.pictures[image].set_shown(True)
        self.lane = 1
        with self.filling():
            self.blot_left.emit()
        self.refresh()
        self.blot_shown.emit()
        if self.blot is not None:
            self._fit_doses(self.blot)
        if image is not None and image in self.refused:
            self.said.emit(self.refused[image], True)

    def _connected(self, picture: Picture) -> Picture:
        """Have a picture tell what a person does to it."""
        picture.strips_edited.connect(lambda strips, n: self._of(picture, lambda blot: blot.edit_strips(strips, n)))
        picture.bands_edited.connect(lambda rows, masses: self._of(picture, lambda b: b.edit_band_marks(rows, masses)))
        picture.boundary_edited.connect(lambda lane, row: self._of(picture, lambda b: b.move_boundary(lane, row)))
        picture.region_edited.connect(lambda box: self._of(picture, lambda b: b.set_region(box or None)))
        picture.lane_picked.connect(self.select_lane)
        picture.hovered.connect(self.pointed.emit)
        return picture

    def _of(self, picture: Picture, act: Callable[[EditedBlot], Any]) -> None:
        if picture is self.picture:
            self.do(act)

    # ---------------------------------------------------------------------------------------------- edits to analyses
    def find_lanes(self, count: int = 0) -> None:
        """Find the lanes of the blot anew and measure them."""
        self.do(lambda blot: blot.find_lanes(count), always=True)

    def measure(self) -> None:
        """Measure with all that is set, also when it was measured already."""
        self.do(lambda blot: None, always=True)

    def undo(self) -> None:
        """Go one edit back."""
        self.do(lambda blot: self._step(blot, EditedBlot.undo))

    def redo(self) -> None:
        """Go one edit forward again."""
        self.do(lambda blot: self._step(blot, EditedBlot.redo))

    def _step(self, blot: EditedBlot, step: Callable[[EditedBlot], None]) -> None:
        before = options_for_all(blot.state.params)
        step(blot)
        if options_for_all(blot.state.params) != before:
            self.keep(blot.state.params)  # else the next blot would start with what was taken back

    def do(self, act: Callable[[EditedBlot], Any], *, always: bool = False) -> None:
        """Change the state of the blot that is shown, bring all in line with it, and have it measured.

        Parameters
        ----------
        act : callable
            Given the blot; a `BlotError` that it raises is told.
        always : bool
            Measure also what was measured already.
        """
        blot = self.blot
        if blot is None or self._filling:
            if blot is None:
                why = self.refused.get(self.image, "") if self.image is not None else ""
                self.said.emit(why or "Open a blot first.", True)
            return
        try:
            act(blot)
        except BlotError as error:
            self.refresh()
            self.said.emit(panel_words(error), True)
            return
        if self.image is not None:
            _give_away(self.image, blot)
        if not always and blot.is_edit:
            with self.filling():
                self.edited.emit()
        else:
            self.refresh()
        if always or blot.needs_run or (self.runner.busy and blot.state.analysis is None):
            self._submit(blot)
        else:
            self.runner.cancel()  # what runs was undone
            self._fit_doses(blot)

    def _submit(self, blot: EditedBlot) -> None:
        job, state = blot.job(), blot.state
        self.runner.submit(
            job,
            lambda analysis: self._done(blot, state, analysis),
            lambda error: self._failed(blot, error),
            at_once=True,
        )

    def _done(self, blot: EditedBlot, state: State, analysis: Analysis) -> None:
        first, before = blot.latest is None, blot.latest
        blot.take(state, analysis)
        if blot is not self.blot:
            return
        self.refresh()
        if first and self.picture is not None:
            self.picture.fit()
        self.measured.emit(first)
        if before is not None:
            self.compared.emit(before, analysis)
        self._fit_doses(blot)

    def _fit_doses(self, blot: EditedBlot) -> None:
        """Have the dose-response made of what is shown, unless something else is to be made."""
        analysis = blot.uncompared
        if analysis is None or self.runner.busy:
            return

        def compare(progress: Callable[[str, float], None]) -> object:
            progress("comparing lanes", 0.9)
            return analysis.statistics

        self.runner.submit(
            compare, lambda _: self._doses_fitted(blot, analysis), lambda error: self._failed(blot, error)
        )

    def _doses_fitted(self, blot: EditedBlot, analysis: Analysis) -> None:
        if blot is self.blot and blot.shown is analysis:
            with self.filling():
                self.doses_fitted.emit()

    def _failed(self, blot: EditedBlot, error: Exception) -> None:
        blot.failed = panel_words(error)
        if blot is self.blot:
            self.refresh()
            self.said.emit(blot.failed, True)

    # ------------------------------------------------------------------------------------------------------- showing
    @contextmanager
    def filling(self) -> Iterator[None]:
        """While widgets and layers are brought in line, what they tell is no edit of a person's."""
        self._filling += 1
        try:
            yield
        finally:
            self._filling -= 1

    def refresh(self) -> None:
        """Bring layers, and whatever listens, in line with the present state."""
        blot, picture, analysis = self.blot, self.picture, self.analysis
        with self.filling():
            count = 0 if analysis is None else len(analysis.geometry)
            self.lane = min(max(self.lane, 1), max(count, 1))
            if blot is not None and picture is not None:
                _give_away(picture.image, blot)
                if (now := self._pixels(blot)) is not None:
                    picture.show_pixels(now)
                picture.show(analysis, blot.state)
                if count:
                    picture.select_lane(self.lane)
            self.changed.emit()

    def _pixels(self, blot: EditedBlot) -> Blot | None:
        """The blot as it is to be seen: as it was measured, else as the options have it."""
        if blot.shown is not None:
            return blot.shown.blot
        try:
            return blot.pixels_now()
        except BlotError as error:
            self.said.emit(panel_words(error), True)
            return None

    def select_lane(self, number: int) -> None:
        """Select a lane everywhere."""
        analysis = self.analysis
        if self._filling or analysis is None or not 1 <= number <= len(analysis.geometry) or number == self.lane:
            return
        self.lane = number
        with self.filling():
            if self.picture is not None:
                self.picture.select_lane(number)
            self.lane_changed.emit()

    def on_picture(self, act: Callable[[Picture], Any]) -> None:
        """Do something to the layers of the blot that is shown, where there is one."""
        if self.picture is not None and not self._filling:
            act(self.picture)


def _give_away(image: Image, blot: EditedBlot) -> None:
    """Keep the present analysis where the console, the writer and other plugins find it: with its layer."""
    if blot.state.analysis is None:
        image.metadata.pop(ANALYSIS, None)
    else:
        # In place: napari would empty what it is given, which is what it has.
        image.metadata.update({ANALYSIS: blot.state.analysis, "ublot_folder": blot.folder, "ublot_pixels": blot.pixels})
