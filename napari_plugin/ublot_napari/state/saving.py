"""Saving a result and exporting its figures and tables; no Qt here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import ublot
from ublot.errors import BlotError
from ublot.io.columns import csv_bytes
from ublot.io.result_folder import RECORD, check_out, default_out
from ublot.io.workbook import xlsx_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot import Analysis, Blot

__all__ = [
    "FIGURES",
    "export_figure",
    "export_table",
    "free_folder",
    "holds_edits",
    "open_result",
    "outside_results",
    "save_result",
    "suggested_folder",
]

PIXELS = "pixels.npy"
FIGURES = {"scores": "Scores", "profiles": "Profiles", "overlay": "Blot with lanes", "dose_response": "Dose-response"}


def suggested_folder(blot: Blot, folder: Path | None) -> Path:
    """Where a result would be saved: where it is already, else beside the image."""
    if folder is not None:
        return folder
    path = Path(blot.source.path) if blot.source.path else Path.cwd() / f"{blot.source.name}.tif"
    return default_out(path)


def free_folder(folder: Path) -> Path:
    """`folder`, or where something stands there the first of ``NAME-2.ublot``, ``NAME-3.ublot``, … that is free."""
    at, place = 2, folder
    while place.exists():
        place, at = folder.with_name(f"{folder.stem}-{at}{folder.suffix}"), at + 1
    return place


def outside_results(folder: Path) -> Path:
    """`folder`, or where it would lie inside a result, a place beside that result: results are not nested."""
    for parent in folder.parents:
        if (parent / RECORD).is_file():
            return parent if parent.name == folder.name else parent.with_name(folder.name)
    return folder


def holds_edits(folder: Path) -> bool:
    """Whether a result stands there that holds a person's edits, which may be replaced when that person agrees."""
    try:
        check_out(folder)
    except BlotError:
        try:
            check_out(folder, force=True)
        except BlotError:
            return False
        return True
    return False


def save_result(analysis: Analysis, folder: Path, pixels: NDArray[Any] | None = None, *, force: bool = False) -> Path:
    """Write the result folder, with `pixels` that lie in no file beside it, so that it can be reopened and re-run.

    Raises
    ------
    BlotError
        The folder cannot be written or is not ublot's.
    """
    place = Path(analysis.save(folder, force=force))
    if pixels is not None:
        try:
            np.save(place / PIXELS, pixels, allow_pickle=False)
        except OSError as error:
            raise BlotError(f"cannot write the pixels ({error.strerror})", place, "choose another folder") from None
    return place


def open_result(folder: str | Path) -> tuple[Analysis, NDArray[Any] | None]:
    """Reopen a result with its pixels; also those that were kept in it, which are the second value.

    Raises
    ------
    BlotError
        It is no result, or one of a newer version.
    """
    analysis = ublot.load(folder)
    kept = Path(folder) / PIXELS
    if analysis.source.path is not None or not kept.is_file():
        return analysis, None
    try:
        pixels = np.load(kept, allow_pickle=False)
    except (OSError, ValueError):
        raise BlotError("the pixels kept in the result cannot be read", kept, "analyse the blot again") from None
    from ublot.pipeline.pixels import check_same, read_pixels  # bring the readers of pictures: not while a window opens

    blot = read_pixels(pixels, analysis.params)
    check_same(blot, analysis.source)
    # Under its own name, not that of an array.
    return ublot.load(folder, image=replace(blot, source=analysis.source)), pixels


def export_figure(analysis: Analysis, kind: str, path: Path) -> None:
    """Save one of `FIGURES` as PNG, SVG or PDF by the name's ending.

    Raises
    ------
    BlotError
        Another ending, or a file that cannot be written.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise BlotError(
            f"a figure cannot be saved as {path.suffix or 'a file without ending'}", path, "use .png or .svg"
        )
    from ublot.report.figures.vector import save_drawing

    try:
        save_drawing(_figure(analysis, kind), path)
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror})", path, "choose another folder") from None


def _figure(analysis: Analysis, kind: str) -> Any:
    from ublot.report.pages.notebook import blot_figures

    figure = blot_figures(analysis)[kind]()
    if figure is None:
        raise BlotError("no compound has scores at four doses or more", "dose-response", "export another figure")
    return figure


def export_table(analysis: Analysis, path: Path) -> None:
    """Save the lanes as CSV, or all tables as XLSX, by the name's ending.

    Raises
    ------
    BlotError
        Another ending, or a file that cannot be written.
    """
    tables = {**analysis.columns, **analysis.statistics}
    if path.suffix.lower() == ".csv":
        content = csv_bytes(tables["lanes"])
    elif path.suffix.lower() == ".xlsx":
        content = xlsx_bytes({name: tables[name] for name in ("lanes", "species", "summary", "dose_response")})
    else:
        raise BlotError(
            f"a table cannot be saved as {path.suffix or 'a file without ending'}", path, "use .csv or .xlsx"
        )
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror})", path, "choose another folder") from None
