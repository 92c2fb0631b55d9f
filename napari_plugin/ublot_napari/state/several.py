"""Several blots together: replicates compared, and a folder analysed; no Qt here."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot import BlotError, Params
from ublot.io.result_folder import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ublot import Analysis
    from ublot.batch.run import BatchResult
    from ublot.results.comparison import Comparison
    from ublot_napari.state.editing import EditedBlot

__all__ = [
    "Compared",
    "analysed_folder",
    "compared",
    "holds_results",
    "options_for_all",
    "options_in_words",
    "present_result",
]

WORKERS: int | None = None
"""Processes for a folder: as many as there are cores."""

ONE_BLOT_ONLY = ("lanes", "first_lane", "roi", "mirror", "rotate", "panel", "channel", "marker_positions")
"""Options that say where things are in one picture."""


@dataclass(frozen=True)
class Compared:
    """A comparison, and what is shown of it.

    Attributes
    ----------
    comparison : Comparison
    sentence : str
        The answer.
    reasons : tuple of str
        How far to trust it.
    pictures : tuple of (str, bytes)
        Titles and PNG files of its figures.
    """

    comparison: Comparison
    sentence: str
    reasons: tuple[str, ...]
    pictures: tuple[tuple[str, bytes], ...]


def present_result(blot: EditedBlot, name: str) -> Path | Analysis:
    """What a blot that is open adds to a comparison: its folder where that holds all of it, else its analysis.

    Raises
    ------
    BlotError
        It was not measured, or not since it was edited.
    """
    analysis = blot.state.analysis
    if analysis is None:
        raise BlotError(blot.failed or "not measured yet", name, "measure it, or leave it out")
    return blot.folder if blot.folder is not None and not blot.unsaved else analysis


def holds_results(folder: Path) -> bool:
    """Whether a folder is a result, or holds results as that of many blots does."""
    return (folder / RECORD).is_file() or next(folder.glob(f"*/{RECORD}"), None) is not None


def compared(
    results: Sequence[Path | Analysis], protein_nM: float | None, progress: Callable[[str, float], None]
) -> Compared:
    """Join blots as ``ublot compare`` does.

    Raises
    ------
    BlotError
        There are none, or they were not analysed alike.
    """
    import ublot

    progress("comparing", 0.1)
    comparison = ublot.compare_blots(results, protein_nM=protein_nM)
    progress("drawing", 0.6)
    from ublot.report.pages.comparison import answer_and_pictures

    answer, pictures = answer_and_pictures(comparison)
    shown = tuple((picture.title, base64.b64decode(picture.uri.partition(",")[2])) for picture in pictures)
    reasons = tuple(dict.fromkeys((*answer.reasons, *comparison.messages)))
    return Compared(comparison, answer.sentence, reasons, shown)


def options_in_words(options: Mapping[str, Any]) -> str:
    """Options and their values under the names of the forms; empty for none."""
    fields = Params.model_fields

    def text(value: Any) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(f"{v:g}" for v in value)
        return str(value) if not isinstance(value, bool) else "on" if value else "off"

    return "; ".join(f"{str(fields[name].title).lower()} {text(value)}" for name, value in options.items())


def options_for_all(params: Params) -> dict[str, Any]:
    """Options of one blot that hold for others of its kind, where they are not what they are by themselves."""
    usual = Params()
    names = [name for name in Params.model_fields if name not in ONE_BLOT_ONLY]
    given = {name: getattr(params, name) for name in names if getattr(params, name) != getattr(usual, name)}
    if not isinstance(given.get("normalise", ""), str):
        del given["normalise"]  # loads of one blot's lanes
    return given


def analysed_folder(
    folder: Path, out: Path, options: Mapping[str, Any], progress: Callable[[str, float], None]
) -> BatchResult:
    """Analyse every blot in a folder as ``ublot batch`` does; goes on where it was stopped.

    Raises
    ------
    BlotError
        There are no blots, or the results cannot be written.
    """
    from ublot.batch.run import BatchInterrupted, run_batch

    stopped: list[Exception] = []
    count = {"all": 0, "done": 0}

    def follow(event: Mapping[str, Any]) -> None:
        count["all"] = event["blots"] if event["event"] == "start" else count["all"]
        count["done"] += event["event"] == "blot"
        try:
            progress(f"{count['done']} of {count['all']} blots", count["done"] / max(count["all"], 1))
        except Exception as error:
            stopped.append(error)
            raise KeyboardInterrupt from error  # which keeps what is done

    try:
        return run_batch(folder, out=out, config=dict(options), workers=WORKERS, progress=follow)
    except BatchInterrupted:
        if stopped:
            raise stopped[0] from None
        raise
