"""The folder of a table of wells: tables, figures, the page and how they were made."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.dose_response.plate_tables import (
    as_columns,
    comparison_rows,
    dose_rows,
    quality_rows,
    replicate_rows,
    well_rows,
)
from ublot.io.result_folder import Kind, json_bytes, write_result
from ublot.io.tables import csv_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ublot.dose_response.plate_fit import PlateFit

__all__ = ["PLATES", "save_plate"]

TABLES = ("dose_response", "wells", "doses", "replicates", "ec50_comparison", "assay_quality")
PLATES = Kind(
    "dose_response.json",
    "ublot dose-response",
    frozenset(
        {
            *("dose_response.json", "report.html", "curves.png", "curves.svg", "plate.png"),
            *(f"{name}.csv" for name in TABLES),
        }
    ),
)


def save_plate(
    out: str | Path, fit: PlateFit, options: Mapping[str, Any], *, table: str | Path | None = None, report: bool = True
) -> Path:
    """Write the folder, all of it or nothing.

    Parameters
    ----------
    out : path
    fit : PlateFit
    options : mapping
        What the table was read and fitted with: recorded, and told on the page.
    table : path, optional
        The file it came from.
    report : bool
        Write ``report.html`` and the figures.

    Raises
    ------
    BlotError
        The folder was not written by this command, or cannot be written.
    """
    from ublot import __version__

    sha256 = hashlib.sha256(Path(table).read_bytes()).hexdigest() if table is not None else ""
    rows = {
        "wells": well_rows(fit),
        "doses": dose_rows(fit),
        "replicates": replicate_rows(fit),
        "ec50_comparison": comparison_rows(fit),
        "assay_quality": quality_rows(fit),
    }
    record = {
        "writer": PLATES.writer,
        "schema": 1,
        "table": fit.plate.name,
        "sha256": sha256,
        "options": dict(options),
        "excluded_rows": [w.rows for w in fit.plate.wells if w.excluded],
        "versions": {"ublot": __version__},
    }
    files: dict[str, Any] = {"dose_response.csv": csv_bytes(fit.columns), PLATES.record: json_bytes(record)}
    files |= {f"{name}.csv": csv_bytes(as_columns(found)) for name, found in rows.items() if found}
    if report:
        from ublot.report.pages.plates import plate_figures, plate_page

        figures = plate_figures(fit, str(options.get("vehicle") or "DMSO"))
        files |= figures
        command = _command(table if table is not None else fit.plate.name, out, options)
        files["report.html"] = plate_page(fit, options, figures, command=command, sha256=sha256)
    return write_result(out, files, kind=PLATES)


def _command(table: str | Path, out: str | Path, options: Mapping[str, Any]) -> str:
    words = ["ublot", "dose-response", str(Path(table).absolute())]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name.replace('_', '-')}")
        elif value is not None and value is not False and value != "" and not (name == "vehicle" and value == "DMSO"):
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, "--out", str(Path(out).absolute())])
