"""A loading control from the panel: asked for, measured in a thread of its own, and divided by."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog

from ublot import BlotError
from ublot_napari.layers.foreign import SUFFIXES
from ublot_napari.state.loading import Loads, loads_beside
from ublot_napari.state.option_places import panel_words

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from ublot_napari.controller import Controller
    from ublot_napari.opening import Opener
    from ublot_napari.state.editing import EditedBlot
    from ublot_napari.widgets.runner import Runner

__all__ = ["LoadingControl"]

KINDS = f"Pictures ({' '.join(f'*{suffix}' for suffix in SUFFIXES)})"


class LoadingControl(QObject):
    """Measures loads for the blot that is shown.

    Parameters
    ----------
    parent : QWidget
        Over which files are asked for.
    controller : Controller
    opener : Opener
        Asks which page or channel of a file is meant.
    runner : Runner

    Attributes
    ----------
    said : Signal of (str, bool)
        A line for the person, and whether it says that something is wrong.
    """

    said = Signal(str, bool)

    def __init__(self, parent: QWidget, controller: Controller, opener: Opener, runner: Runner) -> None:
        super().__init__(parent)
        self.window = parent
        self.controller = controller
        self.opener = opener
        self.runner = runner
        self.words = ""
        controller.blot_left.connect(self._forget)

    def _forget(self) -> None:
        self.words = ""

    def ask_picture(self, control: str) -> None:
        """Ask for the picture with the control, and for its channel where it has several."""
        blot = self.controller.blot
        if blot is None:
            return
        start = str(Path(blot.blot.source.path).parent) if blot.blot.source.path else ""
        text, _ = QFileDialog.getOpenFileName(self.window, "Picture with the loading control", start, KINDS)
        if not text:
            return
        path = Path(text)
        number = self.opener.choose_channel(path, f"{path.name}: which picture is the loading control?")
        if number is not None:
            reading = {"channel": number} if number else {}
            self._measure(blot, path, path.name, control, **reading)

    def ask_strip(self, control: str) -> None:
        """Ask for a box around the control's strip in the picture that is shown."""
        blot, picture = self.controller.blot, self.controller.picture
        if blot is None or picture is None:
            return
        picture.ask_box(lambda box: self._strip(blot, box, control))
        self.said.emit("Drag a box over the strip with the loading control.", False)

    def _strip(self, blot: EditedBlot, box: tuple[float, float, float, float], control: str) -> None:
        try:
            region = blot.window_of(box)
        except BlotError as error:
            self.said.emit(panel_words(error), True)
            return
        params = blot.state.params
        reading = {name: getattr(params, name) for name in ("polarity", "response", "channel")}
        image: Any = blot.blot.source.path or blot.pixels
        self._measure(blot, image, "the strip", control, roi=region, **reading)

    def _measure(self, blot: EditedBlot, image: Any, name: str, control: str, **reading: Any) -> None:
        analysis = blot.state.analysis
        if analysis is None:
            self.said.emit(blot.stale or "Wait until the edits are measured.", True)
            return
        self.runner.submit(
            lambda progress: loads_beside(analysis, image, name, control, progress, **reading),
            partial(self._take, blot),
            lambda error: self.said.emit(panel_words(error), True),
        )

    def _take(self, blot: EditedBlot, loads: Loads) -> None:
        if blot is not self.controller.blot:
            return
        self.words = f"{loads.words} Areas are divided by them: undo it, or set “Normalise” to none."
        self.controller.do(lambda shown: shown.set_options({"normalise": list(loads.pairs)}))
        if blot.state.analysis is not None:  # else once it is measured, which says something as well
            self.tell()

    def tell(self) -> None:
        """Say what the loads came to, once they are in the scores that are shown."""
        if self.words:
            self.said.emit(self.words, False)
        self.words = ""
