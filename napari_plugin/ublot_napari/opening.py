"""What a person opens by the button or drops on window or panel: blots, results, and a layout for the blot shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QMenu

from ublot import Blot, BlotError, read_blot
from ublot.io.result_folder import RECORD
from ublot_napari.layers.foreign import SUFFIXES
from ublot_napari.layers.lanes import blot_layer
from ublot_napari.remembering import recent_places, remember_place
from ublot_napari.state.option_places import panel_words
from ublot_napari.widgets.channel_list import ChannelDialog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qtpy.QtGui import QDropEvent
    from qtpy.QtWidgets import QWidget

__all__ = ["Opener", "channels_of", "dropped_files", "is_blot", "is_table"]

PARTS = ("dyes_merged", "first_page")
"""Flags of a picture that is one of several, or all of them laid over one another."""

MOST_CHANNELS = 12  # more pages than a person would tell apart by small pictures

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
                layers = self.viewer.open(str(place), plugin="ublot")
            except (BlotError, OSError) as error:
                if place.is_dir() or not self.ask_channel(place):
                    self.said.emit(panel_words(error), True)
                    continue
            else:
                self.ask_part(layers[0])
            remember_place(place)

    def ask_part(self, layer: Any) -> None:
        """Ask which page, dye or picture is the blot, where a file holds several; Cancel leaves what was opened."""
        blot = layer.metadata.get("ublot_blot")
        if not isinstance(blot, Blot) or blot.source.path is None or "ublot_analysis" in layer.metadata:
            return
        path, chosen = Path(blot.source.path), {}
        if any(flag in blot.flags for flag in PARTS):
            blots = channels_of(path)
            listed = blot.source.metadata.get("channels", "") if PARTS[0] in blot.flags else ""
            question = f"{path.name} holds several pictures: which is the blot?"
            number = self._choose(blots, question, listed) if len(blots) > 1 else None
            if number is not None:
                blot, chosen["channel"] = blots[number], number
        if len(blot.pictures) > 1 and blot.roi is None:
            parts = [
                (str(k), blot.signal[one.top : one.bottom, one.left : one.right])
                for k, one in enumerate(blot.pictures, start=1)
            ]
            dialog = ChannelDialog(self.window, f"{path.name} shows several pictures: which is the blot?", parts)
            if dialog.exec():
                chosen["panel"] = dialog.chosen + 1
        if not chosen:
            return
        try:
            data, keywords, kind = blot_layer(read_blot(path, **chosen))
        except BlotError as error:
            self.said.emit(panel_words(error), True)
            return
        keywords["metadata"]["ublot_options"] = chosen
        self.viewer.layers.remove(layer)
        self.viewer.add_layer(Layer.create(data, keywords, kind))

    def ask_channel(self, path: Path) -> bool:
        """Open the page or channel of a file that is the blot, asked for where there are several; False for none."""
        blots = channels_of(path)
        if not blots:
            return False
        several = len(blots) > 1
        number = self._choose(blots, f"{path.name}: which picture is the blot?") if several else next(iter(blots))
        if number is not None:
            data, keywords, kind = blot_layer(blots[number])
            keywords["metadata"]["ublot_options"] = {"channel": number}
            self.viewer.add_layer(Layer.create(data, keywords, kind))
        return True

    def choose_channel(self, path: Path, question: str) -> int | None:
        """Ask which page or channel of a file is meant: its number, 0 where there is but one, None for none."""
        blots = channels_of(path)
        return self._choose(blots, question) if len(blots) > 1 else 0

    def _choose(self, blots: Mapping[int, Blot], question: str, listed: str = "") -> int | None:
        names = [_name(number, blot, listed) for number, blot in blots.items()]
        pictures = [(name, blot.signal) for name, blot in zip(names, blots.values(), strict=True)]
        dialog = ChannelDialog(self.window, question, pictures)
        return list(blots)[dialog.chosen] if dialog.exec() else None

    # -------------------------------------------------------------------------------------------------------- recent
    @property
    def recent(self) -> list[Path]:
        """What was opened or saved last and is still there, the latest first."""
        return recent_places()

    def fill_menu(self, menu: QMenu) -> None:
        """List what was opened last in a menu."""
        menu.clear()
        for path in self.recent:
            action = menu.addAction(path.name)
            if action is not None:
                action.setToolTip(str(path))
                action.triggered.connect(lambda _, path=path: self.open([path]))
        if menu.isEmpty() and (action := menu.addAction("Nothing was opened yet")) is not None:
            action.setEnabled(False)


def _name(number: int, blot: Blot, listed: str) -> str:
    """Number of a page or channel, with its name where the file has one or it is `listed` ("1 red, 2 green")."""
    names = dict(one.split(" ", 1) for one in listed.split(", ") if " " in one)
    return f"{number}  {blot.source.metadata.get('channel') or names.get(str(number), '')}".strip()


def channels_of(path: Path) -> dict[int, Blot]:
    """Pages or channels of a file that can be read, by their number; `MOST_CHANNELS` at most."""
    found: dict[int, Blot] = {}
    for number in range(1, MOST_CHANNELS + 1):
        try:
            found[number] = read_blot(path, channel=number)
        except BlotError as error:
            if error.what.startswith("there is no channel"):
                break  # beyond the last; another is empty, or no picture
    return found


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
