"""A table of wells, fitted: its tables and figures as an object, and as a folder that says how they were made."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.dose_response.plate_fit import fit_table
from ublot.dose_response.plate_tables import (
    as_columns,
    comparison_rows,
    dose_rows,
    quality_rows,
    replicate_rows,
    well_rows,
)
from ublot.io.columns import as_frame, csv_bytes
from ublot.io.result_folder import Kind, json_bytes, write_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from ublot.dose_response.plate_fit import PlateFit
    from ublot.results.columns import Columns, Tables

__all__ = ["PLATES", "PlateAnalysis", "analyze_plate"]

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


@dataclass(frozen=True, eq=False)
class PlateAnalysis:
    """Plates, fitted. Made by `analyze_plate`; its tables have the columns of the files it writes.

    Attributes
    ----------
    fit : PlateFit
    options : mapping
        What the table was read and fitted with: recorded, and told on the page.
    table : Path or None
        The file it came from.
    """

    fit: PlateFit
    options: Mapping[str, Any] = field(default_factory=dict)
    table: Path | None = None

    @property
    def messages(self) -> tuple[str, ...]:
        """What was left out, or could not be known, in words."""
        return tuple(self.fit.plate.messages)

    @property
    def vehicle(self) -> str:
        """Name of the vehicle."""
        return str(self.options.get("vehicle") or "DMSO")

    @cached_property
    def columns(self) -> Tables:
        """Tables as plain columns: ``dose_response``, and of the others those that have a row."""
        rows = {
            "wells": well_rows(self.fit),
            "doses": dose_rows(self.fit),
            "replicates": replicate_rows(self.fit),
            "ec50_comparison": comparison_rows(self.fit),
            "assay_quality": quality_rows(self.fit),
        }
        fits: Columns = self.fit.columns
        return {"dose_response": fits, **{name: as_columns(found) for name, found in rows.items() if found}}

    @cached_property
    def dose_response(self) -> pd.DataFrame:
        """IC50 of every compound, or why there is none."""
        return as_frame(self.columns["dose_response"])

    @cached_property
    def wells(self) -> pd.DataFrame:
        """Every well in percent of its vehicle."""
        return as_frame(self.columns["wells"])

    @cached_property
    def doses(self) -> pd.DataFrame:
        """Mean, SD, n and p against the vehicle of every dose."""
        return as_frame(self.columns["doses"])

    def figure(self, name: str) -> Figure:
        """One figure as a matplotlib figure, to change and to save; ``%matplotlib inline`` has a notebook show it.

        Parameters
        ----------
        name : {"curves", "plate"}

        Raises
        ------
        BlotError
            There is no such figure, or nothing to draw in it.
        """
        from ublot.report.pages.notebook import plate_figure_of

        return plate_figure_of(self, name)

    def _repr_html_(self) -> str:
        from ublot.report.pages.notebook import plate_cell

        return plate_cell(self)

    def save(self, out: str | Path, *, report: bool = True) -> Path:
        """Write the folder, all of it or nothing.

        Parameters
        ----------
        out : path
        report : bool
            With the page and its figures.

        Raises
        ------
        BlotError
            The folder was not written by this command, or cannot be written.
        """
        from ublot import __version__

        fit, table = self.fit, self.table
        sha256 = hashlib.sha256(table.read_bytes()).hexdigest() if table is not None else ""
        record = {
            "writer": PLATES.writer,
            "schema": 1,
            "table": fit.plate.name,
            "sha256": sha256,
            "options": dict(self.options),
            "excluded_rows": [w.rows for w in fit.plate.wells if w.excluded],
            "versions": {"ublot": __version__},
        }
        files: dict[str, Any] = {f"{name}.csv": csv_bytes(found) for name, found in self.columns.items()}
        files[PLATES.record] = json_bytes(record)
        if report:
            from ublot.report.pages.plates import plate_figures, plate_page

            figures = plate_figures(fit, self.vehicle)
            files |= figures
            command = _command(table if table is not None else fit.plate.name, out, self.options)
            files["report.html"] = plate_page(fit, self.options, figures, command=command, sha256=sha256)
        return write_result(out, files, kind=PLATES)


def analyze_plate(table: Any, **options: Any) -> PlateAnalysis:
    """Fit every compound of plates; all that `fit_dose_response` gives, with wells, doses, figures and report.

    Parameters
    ----------
    table, **options
        Those of `ublot.fit_dose_response`.

    Returns
    -------
    PlateAnalysis

    Raises
    ------
    BlotError
        The table or an option cannot be used.
    """
    fit = fit_table(table, **options)
    return PlateAnalysis(fit, options, Path(table) if isinstance(table, str | Path) else None)


def _command(table: str | Path, out: str | Path, options: Mapping[str, Any]) -> str:
    words = ["ublot", "dose-response", str(Path(table).absolute())]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name.replace('_', '-')}")
        elif value is not None and value is not False and value != "" and not (name == "vehicle" and value == "DMSO"):
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, "--out", str(Path(out).absolute())])
