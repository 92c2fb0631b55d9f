"""The panel *ublot*: from a blot to its scores, top to bottom in the order of the work."""

from typing import Any

import napari
from napari.layers import Image
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import (
    QLabel,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

import ublot
from ublot_napari.exporting import Exporter
from ublot_napari.layers.blot_layers import DRAWN, Picture
from ublot_napari.sections.answer.answer import Answer
from ublot_napari.sections.answer.flag_words import panel_words
from ublot_napari.sections.lanes import LaneTools
from ublot_napari.sections.layout.editor import LayoutEditor
from ublot_napari.sections.mass.scale import MassScale
from ublot_napari.sections.profile.densitometry import Densitometry
from ublot_napari.state.editing import EditedBlot
from ublot_napari.widgets.folding import Section, Sections
from ublot_napari.widgets.head_and_foot import Foot, Head
from ublot_napari.widgets.opengl_guard import VisualKeeper
from ublot_napari.widgets.runner import Runner
from ublot_napari.wiring import bind_keys, connect_edits, take_over

__all__ = ["BlotPanel"]


class BlotPanel(QWidget):
    """Everything about the blots that are open.

    Widgets and layers are brought in line with the present state of the blot that is shown, and what a person does to
    them becomes its next state; between the two stands `EditedBlot`, which knows neither widgets nor layers.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.runner, self.second = Runner(self), Runner(self)
        self.desks: dict[Image, EditedBlot] = {}
        self.pictures: dict[Image, Picture] = {}
        self.image: Image | None = None
        self.lane = 1
        self._filling = False
        self.main_window: QMainWindow | None = None
        self._visuals = VisualKeeper()

        self.head = Head()
        self.tools, self.layout_editor, self.mass = LaneTools(), LayoutEditor(), MassScale()
        self.profile, self.answer = Densitometry(), Answer()
        self._make_sections()
        self.keeper = Exporter(self)
        self.foot = Foot(self.keeper.menu())
        self.setMinimumWidth(430)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.head)
        column.addWidget(self.sections, stretch=1)
        column.addWidget(self.foot)

        self._connect()
        take_over(self)
        self._layers_changed()

    # -------------------------------------------------------------------------------------------------------- making
    def _make_sections(self) -> None:
        make = (
            ("1  Lanes", self.tools, 0, "Find the lanes, then set them right in the picture"),
            ("2  Layout", self.layout_editor, 2, "Say what each lane is"),
            ("3  Mass scale", self.mass, 1, "Choose the marker and check its bands"),
            ("4  Densitometry", self.profile, 3, "See each lane's profile and where HMW begins"),
            ("5  Answer", self.answer, 4, "HMW relative to DMSO"),
        )
        self.folds = {
            title.split("  ")[1]: Section(title, widget, stretch, tip) for title, widget, stretch, tip in make
        }
        self.sections = Sections(list(self.folds.values()))
        self.folds["Lanes"].set_open(True)

    def _connect(self) -> None:
        for event, act in self.layer_events:
            event.connect(act)
        self.head.blot_chosen.connect(self._blot_chosen)
        for runner in (self.runner, self.second):
            runner.busy_changed.connect(self._show_busy)
        self.runner.progressed.connect(self.head.show_progress)
        self.profile.surface.toggled.connect(self._show_background)
        connect_edits(self)
        bind_keys(self, self.viewer)

    @property
    def layer_events(self) -> tuple[tuple[Any, Any], ...]:
        """What happens to the viewer's layers, and what is done then."""
        layers = self.viewer.layers.events
        return (
            (layers.inserted, self._layers_changed),
            (layers.removed, self._layer_removed),
            (layers.removing, self._layer_removing),
        )

    def showEvent(self, event: Any) -> None:
        """Learn which window to ask about before it closes: it is known once the panel stands in it."""
        super().showEvent(event)
        window = self.window()
        if isinstance(window, QMainWindow) and window is not self.main_window:
            self.main_window = window
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Ask before a window with unsaved edits closes."""
        closing = event is not None and event.type() == QEvent.Type.Close
        if closing and event is not None and not self.keeper.may_close(self.desks):
            event.ignore()
            return True
        if closing:
            self.runner.cancel()
            self.second.cancel()
        return bool(super().eventFilter(watched, event))

    # ---------------------------------------------------------------------------------------------- blots come and go
    @property
    def desk(self) -> EditedBlot | None:
        """What is done to the blot that is shown."""
        return self.desks.get(self.image) if self.image is not None else None

    @property
    def picture(self) -> Picture | None:
        """The layers of the blot that is shown."""
        return self.pictures.get(self.image) if self.image is not None else None

    @property
    def status(self) -> QLabel:
        """The line at the top."""
        return self.head.status

    @property
    def analysis(self) -> "ublot.Analysis | None":
        """The present analysis of the blot that is shown."""
        return self.desk.shown if self.desk is not None else None

    def _images(self) -> list[Image]:
        return [layer for layer in self.viewer.layers if isinstance(layer, Image) and DRAWN not in layer.metadata]

    def _layers_changed(self, event: Any = None) -> None:
        if any(picture.is_quiet for picture in self.pictures.values()):
            return
        images = self._images()
        new = [image for image in images if image not in self.desks]
        self.head.show_blots([str(image.name) for image in images])
        if new:
            self.show_blot(new[-1])
        elif self.image not in images:
            self.show_blot(images[-1] if images else None)
        else:
            self.head.blots.setCurrentIndex(images.index(self.image))

    def _layer_removing(self, event: Any) -> None:
        self._visuals.removing(self.main_window, self.viewer.layers[event.index])

    def _layer_removed(self, event: Any) -> None:
        layer = event.value
        desk, picture = self.desks.pop(layer, None), self.pictures.pop(layer, None)
        if desk is not None and picture is not None:
            if desk.unsaved:
                self.keeper.ask_about(desk, f"{layer.name} was closed with edits that are not saved.")
            if layer is self.image:
                self.runner.cancel()
            picture.remove()
        self._layers_changed()

    def _blot_chosen(self, index: int) -> None:
        self.show_blot(self._images()[index])

    def show_blot(self, image: Image | None) -> None:
        """Work on another blot; the layers of the one before are hidden."""
        if image is self.image and image in self.desks:
            return
        self.runner.cancel()
        before, self.image = self.picture, image
        if before is not None and before.image is not image:
            before.set_shown(False)
        if image is not None and image not in self.desks:
            try:
                self.desks[image] = EditedBlot.of_layer(image)
            except ublot.BlotError as error:
                self.image = None
                self.say(str(error), wrong=True)
                self.refresh()
                return
            self.pictures[image] = self.connected(Picture(self.viewer, image))
        if image is not None:
            self.head.blots.setCurrentIndex(self._images().index(image))
            self.pictures[image].set_shown(True)
        self.lane = 1
        self.refresh()
        if self.desk is None:
            self.say("Drag a blot in, or choose File > Open Sample > ublot.")
        elif self.analysis is None:
            self.say("Press Find lanes (F).")
            self.folds["Lanes"].set_open(True)
        else:
            self._say_result()
            self.folds["Answer"].set_open(True)

    def connected(self, picture: Picture) -> Picture:
        """Have a picture tell this panel what a person does to it."""
        picture.strips_edited.connect(lambda strips, n: self._of(picture, lambda desk: desk.edit_strips(strips, n)))
        picture.bands_edited.connect(lambda rows, masses: self._of(picture, lambda d: d.edit_band_marks(rows, masses)))
        picture.lane_picked.connect(self.select_lane)
        picture.hovered.connect(self._picture_pointed)
        return picture

    def _of(self, picture: Picture, act: Any) -> None:
        if picture is self.picture:
            self.do(act)

    # ---------------------------------------------------------------------------------------------- edits to analyses
    def find_lanes(self, count: int = 0) -> None:
        """Find the lanes of the blot anew and measure them."""
        self.do(lambda desk: desk.find_lanes(count), always=True)

    def measure(self) -> None:
        """Measure with all that is set, also when it was measured already."""
        self.do(lambda desk: None, always=True)

    def undo(self) -> None:
        """Go one edit back."""
        self.do(lambda desk: desk.undo())

    def redo(self) -> None:
        """Go one edit forward again."""
        self.do(lambda desk: desk.redo())

    def do(self, act: Any, *, always: bool = False) -> None:
        """Change the state of the blot that is shown, and bring all in line with it."""
        desk = self.desk
        if desk is None or self._filling:
            if desk is None:
                self.say("Open a blot first.", wrong=True)
            return
        try:
            act(desk)
        except ublot.BlotError as error:
            self.refresh()
            self.say(str(error), wrong=True)
            return
        if desk.look():
            self._show_look()
        else:
            self.refresh()
        if always or desk.needs_run or (self.runner.busy and desk.state.analysis is None):
            self._submit(desk)
        else:
            self.runner.cancel()  # what runs was undone

    def _submit(self, desk: EditedBlot) -> None:
        job, state = desk.job(), desk.state
        self.runner.submit(
            job,
            lambda analysis: self._done(desk, state, analysis),
            lambda error: self._failed(desk, error),
        )

    def _done(self, desk: EditedBlot, state: Any, analysis: "ublot.Analysis") -> None:
        first = desk.latest is None
        desk.take(state, analysis)
        if desk is not self.desk:
            return
        self.refresh()
        self._say_result()
        if first and len(analysis.geometry):
            self.folds["Layout" if state.layout() is None else "Answer"].set_open(True)

    def _failed(self, desk: EditedBlot, error: Exception) -> None:
        desk.failed = str(error) if isinstance(error, ublot.BlotError) else f"This should not have happened: {error!r}"
        if desk is self.desk:
            self.refresh()
            self.say(desk.failed, wrong=True)

    def stop(self) -> None:
        """Cancel what is running."""
        if self.runner.busy or self.second.busy:
            self.runner.cancel()
            self.second.cancel()
            self.say("Cancelled. Press Analyze to measure with all that is set.")
            self.refresh()

    # ------------------------------------------------------------------------------------------------------- showing
    def refresh(self) -> None:
        """Bring every widget and layer in line with the present state."""
        desk, picture, analysis = self.desk, self.picture, self.analysis
        self._filling = True
        try:
            count = 0 if analysis is None else len(analysis.geometry)
            self.lane = min(max(self.lane, 1), max(count, 1))
            for section in (*list(self.folds.values())[1:],):
                section.setEnabled(count > 0)
            self.tools.setEnabled(desk is not None)
            self.foot.save.setEnabled(desk is not None and desk.state.analysis is not None)
            self.foot.export.setEnabled(analysis is not None)
            self.foot.show_history(*((desk.undo_words, desk.redo_words) if desk is not None else ("", "")))
            if desk is None or picture is None:
                self.answer.clear()
                return
            for form in (self.tools.form, *self.mass.forms, self.answer.form):
                form.set_values(desk.options)
            picture.show_pixels(analysis)
            picture.show(analysis, desk.state)
            self.tools.show_lanes(desk.count, picture.mode)
            self._show_rows(desk, count)
            self.mass.show_bands(desk.bands, desk.scale_kind)
            self.answer.set_stale(desk.stale)
            if analysis is not None and count:
                self.answer.show_analysis(analysis, desk.dose_response())
            self.profile.surface.setChecked(picture.background_shown)
            self._show_lane()
        finally:
            self._filling = False

    def _show_look(self) -> None:
        """Show a first look: what can be seen of profile and scores, and no more, as it must be quick."""
        desk, analysis = self.desk, self.analysis
        if desk is None or analysis is None:
            return
        self._filling = True
        try:
            self.foot.show_history(desk.undo_words, desk.redo_words)
            self.foot.save.setEnabled(False)
            if self.profile.isVisible():
                self.profile.show_lane(analysis, self.lane)
            if self.answer.isVisible():
                self.answer.show_look(analysis, desk.dose_response())
        finally:
            self._filling = False

    def _show_rows(self, desk: EditedBlot, count: int) -> None:
        """Show the layout; a table that says the same already is left alone, as somebody may be typing in it."""
        editor, rows = self.layout_editor, [dict(row) for row in desk.state.rows]
        if rows and editor.rows() != rows:
            editor.set_rows(rows)
        elif not rows and not editor.is_empty():
            editor.set_rows([])
        if count and [row["lane"] for row in editor.rows()] != [str(n) for n in range(1, count + 1)]:
            editor.set_lanes(range(1, count + 1))

    def _show_lane(self) -> None:
        analysis, picture = self.analysis, self.picture
        self.profile.show_lane(analysis, self.lane)
        if analysis is not None and picture is not None and len(analysis.geometry):
            picture.select_lane(self.lane)
            self.answer.select_lane(self.lane)
            self.layout_editor.select_lane(self.lane)

    def select_lane(self, number: int) -> None:
        """Select a lane everywhere."""
        analysis = self.analysis
        if self._filling or analysis is None or not 1 <= number <= len(analysis.geometry) or number == self.lane:
            return
        self.lane = number
        self._filling = True
        try:
            self._show_lane()
        finally:
            self._filling = False

    def _picture_pointed(self, row: float, lane: int) -> None:
        self.profile.plot.mark_row(row if lane else None)

    def _show_background(self, shown: bool) -> None:
        if self.picture is not None and not self._filling:
            self.picture.show_background(shown)

    def _show_busy(self, _: bool = True) -> None:
        self.head.show_busy(self.runner.busy or self.second.busy)

    def _say_result(self) -> None:
        analysis = self.analysis
        if analysis is not None:
            count = len(analysis.geometry)
            self.say(panel_words(" ".join([f"{count} lanes.", *analysis.messages])))

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a line at the top, in a colour of its own when something is wrong."""
        self.head.say(text, wrong=wrong)
