"""Sections of a panel that fold: as many stay open as the panel has room for."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

__all__ = ["ROOM", "Section", "Sections"]

ROOM = "room"
"""Property of a section's content: the height in px that it needs to be read, where there is so much."""
SETTLED = 60
"""Milliseconds after which a section that was opened has its place."""
LEAST = 240
"""Height in px below which a content is not pressed: it is scrolled then."""


class Section(QWidget):
    """A title that shows or hides what is below it.

    Parameters
    ----------
    title : str
    content : QWidget
    stretch : int
        How much of the room that is left over it takes.
    tip : str
        Tool tip of the title.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, stretch: int = 0, tip: str = "") -> None:
        super().__init__()
        self.content = content
        self.stretch = stretch
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setToolTip(tip or f"Show or hide: {title}")
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.setStyleSheet("QToolButton { font-weight: bold; text-align: left; padding: 3px; }")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.button)
        column.addWidget(content, stretch=1)
        content.hide()
        self.button.toggled.connect(self._toggle)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return bool(self.button.isChecked())

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        self.button.setChecked(is_open)

    def _toggle(self, is_open: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.content.setVisible(is_open)
        self.toggled.emit(is_open)


class Sections(QScrollArea):
    """Sections one below the other. Opening one closes those opened longest ago, as far as room is lacking.

    Parameters
    ----------
    sections : sequence of Section
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self.sections = list(sections)
        self._opened: list[Section] = []
        self._part: QWidget | None = None
        self._soon = QTimer(self)  # which ends with this widget
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._bring_up)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(2)
        for section in self.sections:
            self._column.addWidget(section)
            section.toggled.connect(lambda is_open, s=section: self._toggled(s, is_open))
        self._column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _toggled(self, section: Section, is_open: bool) -> None:
        if section in self._opened:
            self._opened.remove(section)
        if is_open:
            self._opened.append(section)
        self._fit()
        if is_open and section.is_open:
            self._soon.start(SETTLED)

    def bring_up(self, section: Section) -> None:
        """Open a section, and have it in view also where it was open before."""
        if section.is_open:
            self._toggled(section, True)
        else:
            section.set_open(True)

    def see(self, part: QWidget) -> None:
        """Scroll a part of a section into view, once it has its place."""
        self._part = part
        self._soon.start(SETTLED)

    def _bring_up(self) -> None:
        """Scroll the section opened last to the top where it does not fit below the titles above it."""
        if self._part is not None:
            self.ensureWidgetVisible(self._part, 0, 0)
            self._part = None
            return
        bar, viewport = self.verticalScrollBar(), self.viewport()
        if bar is None or viewport is None or not self._opened:
            return
        section = self._opened[-1]
        bottom = section.y() + section.height()
        if bottom > bar.value() + viewport.height() or section.y() < bar.value():
            bar.setValue(min(section.y(), bottom - min(section.height(), viewport.height())))

    def _fit(self) -> None:
        """Close what there is no room for, and share the rest of the room."""
        viewport = self.viewport()
        room = viewport.height() if viewport is not None else 0
        for section in self.sections:
            # Where even one section is higher than the panel, it takes all of it, and the titles scroll.
            wanted = int(section.content.property(ROOM) or 0)
            if wanted:
                alone = room - section.button.sizeHint().height() - self._column.spacing() - 4
                section.content.setMinimumHeight(min(wanted, max(alone, LEAST)))
        while len(self._opened) > 1 and self._needed() > room:
            self._opened[0].set_open(False)  # comes back here
            return
        any_stretch = False
        for at, section in enumerate(self.sections):
            stretch = section.stretch if section.is_open else 0
            any_stretch |= stretch > 0
            self._column.setStretch(at, stretch)
        self._column.setStretch(len(self.sections), 0 if any_stretch else 1)

    def _needed(self) -> int:
        """Height that the open sections cannot do without. The scroll area's own layout knows it only later."""
        gap = self._column.spacing()
        heights = []
        for section in self.sections:
            heights.append(section.button.sizeHint().height() + gap)
            if section.is_open:
                heights.append(section.content.minimumSizeHint().height() + gap)
        return sum(heights)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Close what there is no longer room for."""
        super().resizeEvent(event)
        self._fit()
