"""Several blots from the panel: what is compared or analysed as a folder, in a thread of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]

from ublot import BlotError, Params
from ublot_napari.state.option_places import panel_words
from ublot_napari.state.several import (
    Compared,
    analysed_folder,
    compared,
    options_for_all,
    options_in_words,
    present_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ublot.batch.run import BatchResult
    from ublot_napari.controller import Controller
    from ublot_napari.sections.several.several import SeveralBlots
    from ublot_napari.widgets.runner import Runner

__all__ = ["Joiner"]


class Joiner(QObject):
    """Does what is asked for in the section of several blots.

    Parameters
    ----------
    section : SeveralBlots
    controller : Controller
        Which blots are open.
    runner : Runner

    Attributes
    ----------
    said : Signal of (str, bool)
        A line for the person, and whether it says that something is wrong.
    """

    said = Signal(str, bool)

    def __init__(self, section: SeveralBlots, controller: Controller, runner: Runner) -> None:
        super().__init__(section)
        self.section = section
        self.controller = controller
        self.runner = runner
        self.shown: Compared | None = None
        section.compare_wanted.connect(self.compare)
        section.save_wanted.connect(self.save)
        section.folder_wanted.connect(self.analyse_folder)

    def list_blots(self) -> None:
        """List the blots that are open, by the place that their layer has among them."""
        blots = self.controller.blots
        self.section.show_open([(id(image), str(image.name)) for image in self.controller.images if image in blots])

    def compare(self, keys: Sequence[Any], protein: str) -> None:
        """Compare blots that are open, and results in folders."""
        try:
            results = [key if isinstance(key, Path) else self._open_one(key) for key in keys]
            protein_nM = float(protein.replace(",", ".")) if protein else None
            if not results:
                raise BlotError("no blot is ticked", "comparison", "tick two or more")
        except ValueError as error:
            wrong = f"{protein} is no number of nM."
            self.said.emit(panel_words(error) if isinstance(error, BlotError) else wrong, True)
            return
        self.runner.submit(lambda progress: compared(results, protein_nM, progress), self._compared, self._failed)

    def _open_one(self, key: int) -> Any:
        image, blot = next((image, blot) for image, blot in self.controller.blots.items() if id(image) == key)
        return present_result(blot, str(image.name))

    def _compared(self, found: Compared) -> None:
        self.shown = found
        self.section.show_comparison(found)
        self.said.emit(found.sentence, False)

    def save(self, out: Path) -> None:
        """Write the comparison that is shown."""
        found = self.shown
        if found is None:
            return

        def save(progress: Callable[[str, float], None]) -> Path:
            from ublot.results.comparison import check_comparison_out

            progress("saving", 0.5)
            check_comparison_out(out, [blot["folder"] for blot in found.comparison.blots if blot["folder"]])
            return found.comparison.save(out)

        self.runner.submit(save, lambda place: self.said.emit(f"Saved: {place}", False), self._failed)

    def analyse_folder(self, folder: Path, out: Path) -> None:
        """Analyse every blot of a folder with the options that are set for the blot shown."""
        blot = self.controller.blot
        options = options_for_all(blot.state.params if blot is not None else Params())

        def done(result: BatchResult) -> None:
            self.section.show_index(Path(result.out, "index.html"))
            self.section.add_results(Path(result.out))
            self.section.open_index()
            failed = [
                failure.error if failure.image in failure.error else f"{failure.image}: {failure.error}"
                for failure in result.failures[:1]
            ]
            words = f"{result.blots} blots: {result.analysed} analysed, {result.kept} done before"
            more = f", {len(result.failures)} failed ({failed[0]})" if failed else ""
            refused = f", {result.refused} refused by quality control" if result.refused else ""
            self.said.emit(f"{words}{refused}{more}.", bool(failed))

        given = options_in_words(options)
        self.said.emit(f"Analysing {folder.name} with {given or 'the options as they are by themselves'}.", False)
        self.runner.submit(lambda progress: analysed_folder(folder, out, options, progress), done, self._failed)

    def _failed(self, error: Exception) -> None:
        self.said.emit(panel_words(error), True)
