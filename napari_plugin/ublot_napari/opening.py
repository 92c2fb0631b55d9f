"""What a person opens by the button or drops on window or panel: blots, results, and a layout for the blot shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog

from ublot import BlotError
from ublot.io.result_folder import RECORD
from ublot_napari.layers.foreign import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QDropEvent
    from qtpy.QtWidgets import QWidget

__all__ = ["Opener", "dropped_files", "is_blot", "is_table"]

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
KINDS = (
    f"Blots and results ({' '.join(f'*{suffix}' for suffix in SUFFIXES)} {RECORD});;"
    f"Layouts ({' '.join(f'*{suffix}' for suffix in TABLES)});;All files (*)"
)


class Opener(QObject):
    """Opens files in the viewer by ublot's own reader.

    Parameters
    ----------
    parent : QWidget
        Over which files are asked for.
    viewer : napari.Viewer

    Attributes
    ----------
    layout_opened : Signal of str
        A table that shall be the layout of the blot shown.
    said : Signal of (str, bool)
        A line for the person, and whether it says that something is wrong.
    """

    layout_opened = Signal(str)
    said = Signal(str, bool)

    def __init__(self, parent: QWidget, viewer: Any) -> None:
        super().__init__(parent)
        self.window = parent
        self.viewer = viewer
        self._folder = ""

    def ask(self) -> None:
        """Ask for files and open them; a result is chosen by its folder's analysis.json."""
        paths, _ = QFileDialog.getOpenFileNames(self.window, "Open blots, results or a layout", self._folder, KINDS)
        if paths:
            self.open([Path(path) for path in paths])

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and result folders: blots first, then the layout."""
        for path in sorted(paths, key=is_table):
            self._folder = str(path.parent)
            if is_table(path):
                self.layout_opened.emit(str(path))
                continue
            place = path.parent if path.name == RECORD else path
            if not is_blot(path):
                what = "a folder without a result" if path.is_dir() else "no picture that ublot reads, and no layout"
                self.said.emit(f"{path.name} is {what}.", True)
                continue
            try:
                self.viewer.open(str(place), plugin="ublot")
            except (BlotError, OSError) as error:
                self.said.emit(str(error), True)


def is_blot(path: Path) -> bool:
    """Whether a path is a picture or a result, by its name."""
    return (path / RECORD).is_file() or path.name == RECORD or path.suffix.lower() in SUFFIXES


def is_table(path: Path) -> bool:
    """Whether a path may be a layout, by its name."""
    return path.suffix.lower() in TABLES


def dropped_files(event: QDropEvent) -> list[Path]:
    """The local files and folders of a drop, empty where it holds anything else."""
    mime = event.mimeData()
    urls = mime.urls() if mime is not None else []
    return [Path(url.toLocalFile()) for url in urls] if all(url.isLocalFile() for url in urls) else []
