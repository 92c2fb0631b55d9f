"""The panel *ublot*: from a blot to its scores, top to bottom in the order of the work."""

import weakref
from typing import Any

import napari
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import (  # type: ignore[attr-defined]
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QShortcut,
)
from qtpy.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

import ublot
from ublot.pipeline.messages import is_refusal
from ublot_napari.controller import Controller
from ublot_napari.exporting import Exporter
from ublot_napari.joining import Joiner
from ublot_napari.layers.blot_layers import Picture
from ublot_napari.loading import LoadingControl
from ublot_napari.opening import Opener, dropped_files, is_blot, is_table
from ublot_napari.remembering import remember_options, remember_place, usual_options
from ublot_napari.sections.answer.answer import Answer
from ublot_napari.sections.answer.flag_words import learned
from ublot_napari.sections.lanes import LaneTools
from ublot_napari.sections.layout.editor import LayoutEditor
from ublot_napari.sections.mass.scale import MassScale
from ublot_napari.sections.profile.densitometry import Densitometry
from ublot_napari.sections.several.several import SeveralBlots
from ublot_napari.state.editing import EditedBlot
from ublot_napari.state.option_places import panel_words
from ublot_napari.state.several import options_in_words
from ublot_napari.widgets.drawing_once import DrawingOnce
from ublot_napari.widgets.folding import Section, Sections
from ublot_napari.widgets.head_and_foot import Foot, Head
from ublot_napari.widgets.opengl_guard import VisualKeeper
from ublot_napari.widgets.runner import Runner

__all__ = ["BlotPanel", "ask_for_files"]

TAKEN = ("Ctrl+Y", "Ctrl+Shift+S")
"""Keys that napari's menus use for something else: they are the panel's where it, or the picture, has the focus."""

_LAST: dict[int, "weakref.ref[BlotPanel]"] = {}  # by viewer, the panel that was docked last


class BlotPanel(QWidget):
    """Everything about the blots that are open: widgets that show what `Controller` tells, and tell it what was done.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.runner, self.second, self.third = Runner(self), Runner(self), Runner(self)
        self.controller = Controller(napari_viewer, self.runner, self)
        self.exporter = Exporter(self, lambda: self.blot, self.second)
        self.opener = Opener(self, napari_viewer)
        self.several = SeveralBlots()
        self.loading = LoadingControl(self, self.controller, self.opener, self.second)
        self.joiner = Joiner(self.several, self.controller, self.third)
        self.main_window: QMainWindow | None = None
        self.setAcceptDrops(True)
        self._visuals = VisualKeeper()
        self.drawing = DrawingOnce(self)

        self.head = Head()
        self.tools, self.layout_editor, self.mass = LaneTools(), LayoutEditor(), MassScale()
        self.profile, self.answer = Densitometry(), Answer()
        self._make_sections()
        self.foot = Foot(self.exporter.menu(("Copy the table (Ctrl+Shift+C in it)", self.copy_table)))
        self.setMinimumWidth(430)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.head)
        column.addWidget(self.sections, stretch=1)
        column.addWidget(self.foot)

        self._listen()
        self._connect_edits()
        self._bind_keys()
        self._take_over()
        self.controller.watch_layers()

    # -------------------------------------------------------------------------------------------------------- making
    def _make_sections(self) -> None:
        make = (
            ("1  Lanes", self.tools, 0, "Find the lanes, then set them right in the picture"),
            ("2  Layout", self.layout_editor, 2, "Say what each lane is"),
            ("3  Mass scale", self.mass, 1, "Choose the marker and check its bands"),
            ("4  Densitometry", self.profile, 3, "See each lane's profile and where HMW begins"),
            ("5  Answer", self.answer, 4, "HMW relative to DMSO"),
            ("6  Several blots", self.several, 4, "Compare replicate blots; analyse a whole folder"),
        )
        self.folds = {
            title.split("  ")[1]: Section(title, widget, stretch, tip) for title, widget, stretch, tip in make
        }
        self.sections = Sections(list(self.folds.values()))
        self.folds["Lanes"].set_open(True)

    def _listen(self) -> None:
        """Show what happens to the blots."""
        told = self.controller
        self.viewer.layers.events.removing.connect(self._layer_removing)
        told.blots_listed.connect(self._list_blots)
        told.blot_left.connect(self._clear)
        told.blot_shown.connect(self._blot_shown)
        told.changed.connect(self._show)
        told.changed.connect(self.drawing.end)
        told.edited.connect(self._show_edited)
        told.edited.connect(lambda: self.drawing.begin(self._canvas))
        told.doses_fitted.connect(self._show_doses)
        told.lane_changed.connect(self._show_lane)
        told.measured.connect(self._measured)
        told.measured.connect(lambda _: self.loading.tell())  # after what is said of every result
        told.compared.connect(self._compare)
        self.several.comparison_shown.connect(lambda: self.sections.see(self.several.area))
        told.pointed.connect(lambda row, lane: self.profile.plot.mark_row(row if lane else None))
        told.left_unsaved.connect(self.exporter.ask_about)
        self.head.recent.aboutToShow.connect(lambda: self.opener.fill_menu(self.head.recent))
        self.exporter.kept.connect(remember_place)
        told.usual, told.keep = usual_options, remember_options
        self.opener.layout_opened.connect(self.load_layout)
        for speaker in (told, self.exporter, self.opener, self.joiner, self.loading):
            speaker.said.connect(lambda text, wrong: self.say(text, wrong=wrong))
        for runner in (self.runner, self.second, self.third):
            runner.busy_changed.connect(self._show_busy)
        for runner in (self.runner, self.third):
            runner.progressed.connect(self.head.show_progress)

    def _connect_edits(self) -> None:
        """Connect what a person does in the widgets to the edits of the blot that is shown."""
        do, on_picture = self.controller.do, self.controller.on_picture
        for form in self.forms:
            form.edited.connect(lambda form=form: self._set_options(form))
        self.layout_editor.changed.connect(lambda: do(lambda blot: blot.set_rows(self.layout_editor.rows())))
        self.mass.bands_changed.connect(lambda: do(lambda blot: blot.set_bands(self.mass.bands.bands())))
        self.mass.find_wanted.connect(lambda: do(EditedBlot.release_bands))
        self.mass.add_wanted.connect(lambda: on_picture(Picture.add_band_mode))
        self.tools.delete_wanted.connect(lambda: on_picture(Picture.delete_selected))
        self.tools.mode_wanted.connect(lambda mode: on_picture(lambda picture: picture.set_mode(mode)))
        self.answer.override_wanted.connect(lambda: do(lambda blot: blot.set_options({"allow_unfit": True})))
        self.answer.loading_wanted.connect(self._loading)
        self.tools.turn_wanted.connect(lambda degrees: do(lambda blot: blot.turn(degrees)))
        self.tools.mirror_wanted.connect(lambda: do(EditedBlot.flip))
        self.tools.region_wanted.connect(self._region)
        self.profile.saturated.toggled.connect(lambda on: on_picture(lambda picture: picture.show_saturated(on)))
        self.profile.drag_wanted.connect(lambda: on_picture(Picture.drag_boundaries))
        self.tools.find_wanted.connect(self.controller.find_lanes)
        self.profile.hovered.connect(lambda row: on_picture(lambda picture: picture.mark_row(self.lane, row)))
        self.profile.surface.toggled.connect(lambda on: on_picture(lambda picture: picture.show_background(on)))
        self.profile.boundary_moved.connect(lambda lane, row: do(lambda blot: blot.move_boundary(lane, row)))
        self.profile.boundary_released.connect(lambda lane: do(lambda blot: blot.move_boundary(lane, None)))
        for signal in (self.profile.lane_picked, self.answer.lane_picked, self.layout_editor.row_picked):
            signal.connect(self.controller.select_lane)
        self.head.blot_chosen.connect(lambda at: self.controller.show_blot(self.controller.images[at]))
        for button, act in (
            (self.tools.analyze, self.controller.measure),
            (self.foot.undo, self.controller.undo),
            (self.foot.redo, self.controller.redo),
            (self.foot.save, self.exporter.ask_and_save),
            (self.head.cancel, self.stop),
            (self.head.open, self.opener.ask),
        ):
            button.clicked.connect(lambda _, act=act: act())

    def _bind_keys(self) -> None:
        """Bind the panel's keys; undo, redo and saving also where the picture has the focus."""
        told = self.controller
        keys = (
            ("Ctrl+Z", "Control-Z", told.undo),
            ("Ctrl+Shift+Z", "Control-Shift-Z", told.redo),
            ("Ctrl+Y", "Control-Y", told.redo),
            ("Esc", None, self.stop),
            ("Ctrl+Shift+S", "Control-Shift-S", self.exporter.ask_and_save),
            ("PgDown", None, lambda: told.select_lane(told.lane + 1)),
            ("PgUp", None, lambda: told.select_lane(told.lane - 1)),
        )
        for key, in_picture, act in keys:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
            if in_picture:
                self.viewer.bind_key(in_picture, lambda _, act=act: act(), overwrite=True)
        self._taken = {QKeySequence(key): act for key, _, act in keys if key in TAKEN}

    def _take_over(self) -> None:
        """Go on with the blots and edits of the panel that the same viewer had before, closed or not."""
        viewer = getattr(self.viewer, "__wrapped__", self.viewer)
        last = _LAST.get(id(viewer))
        old = last() if last is not None else None
        _LAST[id(viewer)] = weakref.ref(self)
        if old is None or getattr(old.viewer, "__wrapped__", old.viewer) is not viewer:
            return
        old.second.cancel()
        old.third.cancel()
        old.viewer.layers.events.removing.disconnect(old._layer_removing)
        for watched in old._watched():
            watched.removeEventFilter(old)
        self.controller.take_over(old.controller)

    def showEvent(self, event: Any) -> None:
        """Learn which window to ask about before it closes: it is known once the panel stands in it."""
        super().showEvent(event)
        window = self.window()
        if isinstance(window, QMainWindow) and window is not self.main_window:
            self.main_window = window
            for watched in self._watched():
                watched.installEventFilter(self)

    def _watched(self) -> list[QObject]:
        """The window, which may close; napari's viewer and all in it on which files are dropped; its canvas, for keys.

        Where no picture is open, a welcome lies over the canvas and takes what is dropped.
        """
        shown = getattr(self.main_window, "_qt_viewer", None)
        inside = shown.findChildren(QWidget) if isinstance(shown, QWidget) else []
        takers = [widget for widget in inside if widget.acceptDrops()]
        return [widget for widget in {self.main_window, shown, self._canvas, *takers} if isinstance(widget, QObject)]

    @property
    def _canvas(self) -> QWidget | None:
        """What napari draws the picture on."""
        shown = getattr(self.main_window, "_qt_viewer", None)
        canvas = getattr(getattr(shown, "canvas", None), "native", None)
        return canvas if isinstance(canvas, QWidget) else None

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Open what is dropped on the picture, claim keys, and ask before a window with unsaved edits closes."""
        if watched is not self.main_window:
            if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and self._dropped(event):
                if watched is not None:  # it shows that something is held over it until that leaves
                    QApplication.sendEvent(watched, QDragLeaveEvent())
                return True
            if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._act_of(event):
                event.accept()
                return True
            return bool(super().eventFilter(watched, event))
        closing = event is not None and event.type() == QEvent.Type.Close
        if closing and event is not None and not self.exporter.may_close(self.controller.blots):
            event.ignore()
            return True
        if closing:
            for runner in (self.runner, self.second, self.third):
                runner.cancel()
        return bool(super().eventFilter(watched, event))

    def event(self, event: QEvent | None) -> bool:
        """Claim keys before the window's menus get them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._act_of(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Act on keys that were claimed."""
        act = self._act_of(event) if event is not None else None
        if act is None or event is None:
            super().keyPressEvent(event)
        else:
            act()
            event.accept()

    def _act_of(self, event: QKeyEvent) -> Any:
        pressed = QKeySequence(event.keyCombination())
        return next((act for key, act in self._taken.items() if key == pressed), None)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take files."""
        if event is not None and dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open what is dropped on the panel."""
        if event is not None:
            event.acceptProposedAction()
            self.opener.open(dropped_files(event))

    def _dropped(self, event: QDropEvent) -> bool:
        """Open what is dropped on the picture; what is not for ublot is left to napari."""
        paths = dropped_files(event)
        if not paths or not all(is_blot(path) or is_table(path) for path in paths):
            return False
        if self.blot is None and len(self.viewer.layers) and all(is_table(path) for path in paths):
            return False
        event.acceptProposedAction()
        self.opener.open(paths)
        return True

    def _layer_removing(self, event: Any) -> None:
        self._visuals.removing(self.main_window, self.viewer.layers[event.index])

    # ----------------------------------------------------------------------------------------------- what there is
    @property
    def blot(self) -> EditedBlot | None:
        """The blot that is shown, with what is done to it."""
        return self.controller.blot

    @property
    def picture(self) -> Picture | None:
        """The layers of the blot that is shown."""
        return self.controller.picture

    @property
    def analysis(self) -> "ublot.Analysis | None":
        """The present analysis of the blot that is shown."""
        return self.controller.analysis

    @property
    def lane(self) -> int:
        """The lane that is selected."""
        return self.controller.lane

    @property
    def forms(self) -> tuple[Any, ...]:
        """All forms of options."""
        return (self.tools.form, *self.mass.forms, self.answer.form)

    @property
    def status(self) -> QLabel:
        """The line at the top."""
        return self.head.status

    # ------------------------------------------------------------------------------------------------------- showing
    def _list_blots(self) -> None:
        images = self.controller.images
        self.head.show_blots([str(image.name) for image in images])
        self.joiner.list_blots()
        shown = self.controller.image
        self.head.blots.setCurrentIndex(images.index(shown) if shown in images else -1)

    def _blot_shown(self) -> None:
        """Say what to do with the blot that is shown now, and open the section where that is done."""
        blot = self.blot
        if blot is None:
            self.say("Drop a blot (or a saved result) here, press Open…, or choose File > Open Sample > ublot.")
        elif self.analysis is None:
            self.sections.bring_up(self.folds["Lanes"])
            if self.controller.image is not None and self.controller.image.metadata.get("ublot_sample"):
                self.controller.measure()
            else:
                layout = "" if blot.state.rows else " A layout is loaded by dropping its CSV here."
                last = options_in_words({name: blot.options[name] for name in usual_options()})
                as_last = f" Set as last time: {last}." if last else ""
                self.say(f"Press Find lanes (F): lanes are found, then measured.{as_last}{layout}")
        else:
            self._say_result()
            self.folds["Answer"].set_open(True)

    def _measured(self, first: bool) -> None:
        """Say what came out; after the first analysis go on to the section that comes next."""
        self._say_result()
        blot, analysis = self.blot, self.analysis
        if first and blot is not None and analysis is not None and len(analysis.geometry):
            self.folds["Layout" if blot.state.layout() is None else "Answer"].set_open(True)

    def _show(self) -> None:
        """Bring every widget in line with the present state."""
        blot, picture, analysis = self.blot, self.picture, self.analysis
        count = 0 if analysis is None else len(analysis.geometry)
        for section in list(self.folds.values())[1:-1]:
            section.setEnabled(count > 0)
        self.tools.setEnabled(blot is not None)
        self.foot.save.setEnabled(blot is not None and blot.state.analysis is not None)
        self.foot.export.setEnabled(analysis is not None)
        self.foot.show_history(*((blot.undo_words, blot.redo_words) if blot is not None else ("", "")))
        if blot is None or picture is None:
            return
        for form in self.forms:
            form.set_values(blot.options)
        self.tools.show_lanes(blot.count, picture.mode, measured=analysis is not None)
        self._show_rows(blot, count)
        self.mass.show_bands(blot.bands, blot.scale_kind, blot.marker_masses)
        self.answer.set_stale(blot.stale)
        if analysis is not None and count:
            self.answer.show_analysis(analysis, blot.dose_response())
        else:
            self.answer.clear()
        self.profile.surface.setChecked(picture.background_shown)
        self.profile.saturated.setChecked(picture.saturated_shown)
        self._show_lane()

    def _clear(self) -> None:
        """Show nothing: what was shown belongs to another blot."""
        self.layout_editor.clear()
        self.mass.show_bands((), None)
        self.profile.show_lane(None, 1)
        self.answer.clear()
        self.answer.set_stale("")

    def _show_edited(self) -> None:
        """Show that there is something to undo and nothing to save yet."""
        if self.blot is not None:
            self.foot.show_history(self.blot.undo_words, self.blot.redo_words)
            self.foot.save.setEnabled(False)

    def _show_doses(self) -> None:
        """Show the dose-response, which is made after the scores."""
        if self.blot is not None and self.analysis is not None:
            self.answer.show_scores(self.analysis, self.blot.dose_response())

    def _show_rows(self, blot: EditedBlot, count: int) -> None:
        """Show the layout; a table that says the same already is left alone, as somebody may be typing in it."""
        editor, rows = self.layout_editor, [dict(row) for row in blot.state.rows]
        if rows and editor.rows() != rows:
            editor.set_rows(rows)
        elif not rows and not editor.is_empty():
            editor.set_rows([])
        if count and [row["lane"] for row in editor.rows()] != [str(n) for n in range(1, count + 1)]:
            editor.set_lanes(range(1, count + 1))

    def _show_lane(self) -> None:
        analysis = self.analysis
        self.profile.show_lane(analysis, self.lane)
        if analysis is not None and len(analysis.geometry):
            self.answer.select_lane(self.lane)
            self.layout_editor.select_lane(self.lane)

    def _show_busy(self, _: bool = True) -> None:
        self.head.show_busy(any(runner.busy for runner in (self.runner, self.second, self.third)))

    def _say_result(self) -> None:
        """Say what came out: the first message; all of them are under Flags."""
        analysis = self.analysis
        if analysis is None:
            return
        worst_first = sorted(analysis.messages, key=lambda text: not is_refusal(text))
        count, messages = len(analysis.geometry), [panel_words(text) for text in worst_first]
        more = f" (and {len(messages) - 1} more under 5 Answer > Flags)" if len(messages) > 1 else ""
        said = f" {messages[0][:1].upper()}{messages[0][1:]}{more}." if messages else ""
        self.say(f"{count} lane{'s' * (count != 1)}.{said}" if count else messages[0] if messages else "No lanes.")
        self.head.status.setToolTip("\n".join(messages))

    def _compare(self, before: Any, after: Any) -> None:
        """Say that lanes that were not touched changed too, as lanes learn from each other."""
        if (words := learned(before, after)) and self.blot is not None:
            self.say(f"{self.blot.state.step[:1].upper()}{self.blot.state.step[1:]}. {words}")

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a line at the top, in a colour of its own when something is wrong."""
        self.head.say(text, wrong=wrong)

    # -------------------------------------------------------------------------------------------------------- acting
    def _set_options(self, form: Any) -> None:
        """Take what a form shows, and begin the next blot with it."""

        def take(blot: EditedBlot) -> None:
            blot.set_options(form.changes(blot.options))
            remember_options(blot.state.params)

        self.controller.do(take)

    def _region(self, drawn: bool) -> None:
        if drawn:
            self.controller.on_picture(Picture.draw_region)
            self.say("Drag a box over the blot in the picture.")
        else:
            self.controller.do(lambda blot: blot.set_region(None))

    def _loading(self, source: str, control: str) -> None:
        (self.loading.ask_picture if source == "picture" else self.loading.ask_strip)(control)

    def stop(self) -> None:
        """Cancel what is running."""
        together = self.third.busy
        if self.runner.busy or self.second.busy or together:
            for runner in (self.runner, self.second, self.third):
                runner.cancel()
            stopped = "Cancelled: the blots that are done are kept, and the same folder goes on from there."
            again = "Analyze to measure with all that is set" if self.tools.analyze.isEnabled() else "Find lanes (F)"
            self.say(stopped if together else f"Cancelled. Press {again}.")
            self.controller.refresh()

    def load_layout(self, path: str) -> None:
        """Take a file for the layout of the blot that is shown."""
        if self.blot is None:
            self.say("Open the blot first, then its layout.", wrong=True)
            return
        try:
            self.layout_editor.load(path)
        except ublot.BlotError as error:
            self.say(panel_words(error), wrong=True)
            return
        if self.analysis is None:
            self.say("The layout is loaded. Press Find lanes (F): lanes are found, then measured.")
        else:
            self.folds["Layout"].set_open(True)

    def copy_table(self) -> None:
        """Copy the table of scores to the clipboard."""
        self.answer.table.copy_all()
        self.say("The table is on the clipboard.")


def ask_for_files(viewer: napari.Viewer) -> None:
    """Ask for blots, results or a layout, and open them in the panel, which is docked where it is not yet."""
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    panel.opener.ask()
