"""Which widget and which key does what."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut  # type: ignore[attr-defined]

from ublot_napari.layers.blot_layers import Picture

if TYPE_CHECKING:
    from ublot_napari.panel_widget import BlotPanel

__all__ = ["bind_keys", "connect_edits", "take_over"]

_LAST: dict[int, weakref.ref[BlotPanel]] = {}  # by viewer, the panel that was docked last


def take_over(panel: BlotPanel) -> None:
    """Go on with the blots and edits of the panel that the same viewer had before, closed or not."""
    viewer = getattr(panel.viewer, "__wrapped__", panel.viewer)
    last = _LAST.get(id(viewer))
    old = last() if last is not None else None
    _LAST[id(viewer)] = weakref.ref(panel)
    if old is None or getattr(old.viewer, "__wrapped__", old.viewer) is not viewer:
        return
    _retire(old)
    for image, picture in old.pictures.items():
        picture.set_shown(False)
        panel.desks[image], panel.pictures[image] = old.desks[image], panel.connected(picture)


def _retire(panel: BlotPanel) -> None:
    """Have a panel leave its blots to another one."""
    panel.stop()
    for event, act in panel.layer_events:
        event.disconnect(act)
    if panel.main_window is not None:
        panel.main_window.removeEventFilter(panel)
    for picture in panel.pictures.values():
        for signal in (picture.strips_edited, picture.bands_edited, picture.lane_picked, picture.hovered):
            signal.disconnect()


def connect_edits(panel: BlotPanel) -> None:
    """Connect what a person does in the panel's widgets to the edits of the blot that is shown."""
    for form in (panel.tools.form, *panel.mass.forms, panel.answer.form):
        form.edited.connect(lambda form=form: panel.do(lambda desk: desk.set_options(form.changes(desk.options))))
    panel.layout_editor.changed.connect(lambda: panel.do(lambda desk: desk.set_rows(panel.layout_editor.rows())))
    panel.mass.bands_changed.connect(lambda: panel.do(lambda desk: desk.set_bands(panel.mass.bands.bands())))
    panel.mass.find_wanted.connect(lambda: panel.do(lambda desk: desk.release_bands()))
    for signal, act_on_picture in (
        (panel.mass.add_wanted, Picture.add_band_mode),
        (panel.tools.delete_wanted, Picture.delete_selected),
    ):
        signal.connect(lambda act=act_on_picture: panel.picture is not None and act(panel.picture))
    on_picture = (
        (panel.tools.mode_wanted, Picture.set_mode),
        (panel.profile.hovered, lambda picture, row: picture.mark_row(panel.lane, row)),
    )
    for signal, show in on_picture:
        signal.connect(lambda value, show=show: panel.picture is not None and show(panel.picture, value))
    panel.profile.boundary_moved.connect(lambda lane, row: panel.do(lambda desk: desk.move_boundary(lane, row)))
    panel.profile.boundary_released.connect(lambda lane: panel.do(lambda desk: desk.move_boundary(lane, None)))
    for signal in (panel.profile.lane_picked, panel.answer.lane_picked, panel.layout_editor.row_picked):
        signal.connect(panel.select_lane)
    panel.tools.find_wanted.connect(panel.find_lanes)
    for button, act in (
        (panel.tools.analyze, panel.measure),
        (panel.foot.undo, panel.undo),
        (panel.foot.redo, panel.redo),
        (panel.foot.save, panel.keeper.ask_and_save),
        (panel.head.cancel, panel.stop),
    ):
        button.clicked.connect(lambda _, act=act: act())


def bind_keys(panel: BlotPanel, viewer: Any) -> None:
    """Bind the panel's keys; undo and redo also where the picture has the focus."""
    keys = (
        ("Ctrl+Z", "Control-Z", panel.undo),
        ("Ctrl+Shift+Z", "Control-Shift-Z", panel.redo),
        ("Ctrl+Y", None, panel.redo),
        ("Esc", None, panel.stop),
        ("Ctrl+Shift+S", None, panel.keeper.ask_and_save),
        ("PgDown", None, lambda: panel.select_lane(panel.lane + 1)),
        ("PgUp", None, lambda: panel.select_lane(panel.lane - 1)),
    )
    for key, in_picture, act in keys:
        shortcut = QShortcut(QKeySequence(key), panel)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)
        if in_picture:
            viewer.bind_key(in_picture, lambda _, act=act: act(), overwrite=True)
