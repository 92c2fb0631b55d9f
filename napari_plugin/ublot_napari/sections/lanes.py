"""Finding lanes and setting their strips right: the first section of the panel."""

from __future__ import annotations

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ublot_napari.widgets.form import ParamsForm, options_of

__all__ = ["LaneTools"]

MODES = (
    ("Move", "select", "Drag a lane sideways, or its handles to make it wider (M)", "M"),
    ("Bend", "direct", "Drag the corners of a lane (B)", "B"),
    ("Add", "add_rectangle", "Draw a new lane: drag a box over it (A)", "A"),
)


class LaneTools(QWidget):
    """Buttons and options for lanes.

    Attributes
    ----------
    find_wanted : Signal of int
        *Find lanes* was pressed; the number of lanes asked for, 0 for any.
    mode_wanted : Signal of str
        What dragging on the picture does: a mode of napari's shapes layer.
    delete_wanted : Signal
    turn_wanted : Signal of float
        Degrees counter-clockwise by which the picture shall be turned.
    mirror_wanted : Signal
    region_wanted : Signal of bool
        The region of interest shall be drawn in the picture; False: there shall be none.
    """

    find_wanted = Signal(int)
    mode_wanted = Signal(str)
    delete_wanted = Signal()
    turn_wanted = Signal(float)
    mirror_wanted = Signal()
    region_wanted = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.find_button = QPushButton("Find lanes")
        self.find_button.setToolTip(
            "Look for lanes and measure them (F). Lanes set by hand are looked for anew; Ctrl+Z undoes it"
        )
        self.find_button.setShortcut("F")
        self.count = QSpinBox()
        self.count.setRange(0, 200)
        self.count.setSpecialValueText("any number")
        self.count.setSuffix(" lanes")
        self.count.setToolTip("How many lanes there are, blank ones included")
        self.analyze = QPushButton("Analyze")
        self.analyze.setToolTip(
            "Measure the lanes as they are, without looking for them anew (Ctrl+Return). Needed after Cancel only: "
            "edits are measured by themselves"
        )
        self.analyze.setShortcut("Ctrl+Return")
        self.modes = QButtonGroup(self)
        modes = QHBoxLayout()
        for text, mode, tip, key in MODES:
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setShortcut(key)
            button.setCheckable(True)
            button.clicked.connect(lambda _, m=mode: self.mode_wanted.emit(m))
            self.modes.addButton(button)
            modes.addWidget(button)
        self.delete = QPushButton("Delete")
        self.delete.setToolTip("Delete the selected lane (Delete or Backspace in the picture)")
        self.delete.clicked.connect(self.delete_wanted)
        modes.addWidget(self.delete)
        modes.addStretch(1)
        self.form = ParamsForm(options_of("Blot", without=("lanes",)))
        self.more = QPushButton("Options")
        self.more.setToolTip("How the file is read: polarity, response, rotation, region, channel")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_options)
        self.turns = QHBoxLayout()
        for text, tip, act in (
            (
                "Region…",
                "Draw the part of the picture that is the blot, as a box",
                lambda: self._region(True),
            ),
            ("Whole", "Use the whole picture again", lambda: self._region(False)),
            ("↺ 90°", "Turn the picture to the left", lambda: self.turn_wanted.emit(90.0)),
            ("↻ 90°", "Turn the picture to the right", lambda: self.turn_wanted.emit(-90.0)),
            ("180°", "Turn the picture upside down", lambda: self.turn_wanted.emit(180.0)),
            ("Mirror", "Flip the picture left to right", self.mirror_wanted.emit),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _, act=act: act())
            self.turns.addWidget(button)
        self.options = QWidget()
        inside = QVBoxLayout(self.options)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(self.turns)
        inside.addWidget(self.form)
        self.options.hide()

        top = QHBoxLayout()
        for widget in (self.find_button, self.count, self.analyze):
            top.addWidget(widget)
        modes.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 4)
        column.setSpacing(3)
        column.addLayout(top)
        column.addLayout(modes)
        column.addWidget(self.options)
        self.find_button.clicked.connect(lambda: self.find_wanted.emit(self.count.value()))

    def _show_options(self, shown: bool) -> None:
        self.options.setVisible(shown)

    def _region(self, drawn: bool) -> None:
        self.region_wanted.emit(drawn)

    def show_lanes(self, count: int, mode: str, *, measured: bool) -> None:
        """Show how many lanes there are, what dragging does, and what can be done; lanes can always be drawn."""
        self.count.setValue(count)
        self.modes.setExclusive(bool(mode))
        for button, (_, name, _, _) in zip(self.modes.buttons(), MODES, strict=True):
            button.setChecked(name == mode)
            button.setEnabled(name == "add_rectangle" or (measured and count > 0))
        for widget in (self.delete, self.analyze):
            widget.setEnabled(measured and count > 0)
