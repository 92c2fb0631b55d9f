"""The commands about more than one blot, and about plates: ``compare`` and ``dose-response``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ublot.cli.errors import note
from ublot.cli.printing import print_json
from ublot.errors import BlotError

__all__ = ["register"]

_Text = Optional[str]  # noqa: UP045 -- typer tells an option that may be absent by Optional in every version
_OUTPUT = "Output"

Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout instead of text.", rich_help_panel=_OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing on stdout.", rich_help_panel=_OUTPUT)]
Protein = Annotated[
    _Text,
    typer.Option(
        "--protein-nM", metavar="NM", help="Target in the tube: the limit of tight binding is put beside an EC50."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(rich_help_panel="Measure")(compare)
    app.command(name="dose-response", rich_help_panel="Measure")(dose_response)


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT_DIR...", help="Folders that ublot analyze or batch wrote, one per blot.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the comparison goes.", show_default=False)],
    protein_nm: Protein = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Join replicate blots: statistics against DMSO, dose-response."""
    from ublot.results.comparison import check_comparison_out, compare_blots

    protein = _amount("protein-nM", protein_nm)
    check_comparison_out(out, results)
    comparison = compare_blots(results, protein_nM=protein)
    comparison.save(out)
    for line in comparison.messages:
        note(line)
    if json:
        tables = {name: _records(columns) for name, columns in comparison.columns.items() if name != "lanes"}
        print_json({"out": str(out), "messages": list(comparison.messages), **tables})
    elif not quiet:
        from ublot.cli.statistics_tables import print_comparison

        print_comparison(comparison.columns, by_area=comparison.by_area)
        print(f"The comparison is in {out}")


def dose_response(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE_OR_EXPORT",
            help="CSV or .xlsx with compound, concentration_nM, …; a plate reader's export; a grid.",
            show_default=False,
        ),
    ],
    response: Annotated[
        str, typer.Option("--response", metavar="COL", help="Column with the signal.", show_default=False)
    ],
    vehicle: Annotated[str, typer.Option("--vehicle", metavar="NAME", help="Compound of the vehicle wells.")] = "DMSO",
    background: Annotated[
        _Text,
        typer.Option(
            "--background",
            metavar="WHAT",
            help="Taken off the signal: a column, a number, or the compound of the blank wells (role blank: always).",
        ),
    ] = None,
    plate_map: Annotated[
        _Text,
        typer.Option(
            "--plate-map",
            metavar="FILE",
            help="What is in the wells of a reader's export or grid: a list, or grids (several files by commas).",
        ),
    ] = None,
    controls: Annotated[
        bool, typer.Option("--controls", help="Scale between the wells with the roles positive and negative.")
    ] = False,
    top: Annotated[_Text, typer.Option("--top", metavar="PERCENT", help="Upper plateau, where it is known.")] = None,
    bottom: Annotated[
        _Text, typer.Option("--bottom", metavar="PERCENT", help="Lower plateau, where it is known.")
    ] = None,
    exclude: Annotated[
        _Text,
        typer.Option(
            "--exclude",
            metavar="ROWS",
            help="Rows of the table, or wells, to leave out, by commas; standing-off: those off their curve.",
        ),
    ] = None,
    protein_nm: Protein = None,
    probe_nm: Annotated[
        _Text, typer.Option("--probe-nM", metavar="NM", help="Probe of a polarisation competition, total: gives K_i.")
    ] = None,
    probe_kd_nm: Annotated[
        _Text, typer.Option("--probe-kd-nM", metavar="NM", help="K_d of that probe; without it, a titration gives it.")
    ] = None,
    protein_error: Annotated[
        _Text, typer.Option("--protein-error", metavar="PERCENT", help="What the protein is uncertain by (SD).")
    ] = None,
    probe_kd_error: Annotated[
        _Text, typer.Option("--probe-kd-error", metavar="PERCENT", help="What the K_d is uncertain by (SD).")
    ] = None,
    intensity_ratio: Annotated[
        _Text, typer.Option("--intensity-ratio", metavar="Q", help="Intensity of bound over free probe.")
    ] = None,
    g_factor: Annotated[
        _Text,
        typer.Option(
            "--g-factor", metavar="G", help="Of the reader: mP from columns parallel and perpendicular (default 1)."
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="Write report, figures and tables there.", rich_help_panel=_OUTPUT),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Percent of vehicle and IC50 / EC50 (and K_i) from any plate table."""
    from ublot.io.result_folder import check_out
    from ublot.results.plates import PLATES, analyze_plate

    amounts: dict[str, Any] = {
        "protein_nM": _amount("protein-nM", protein_nm),
        "probe_nM": _amount("probe-nM", probe_nm),
        "probe_kd_nM": _amount("probe-kd-nM", probe_kd_nm),
        "protein_error": None if protein_error is None else _percent("protein-error", protein_error),
        "probe_kd_error": None if probe_kd_error is None else _percent("probe-kd-error", probe_kd_error),
        "intensity_ratio": None if intensity_ratio is None else _number("intensity-ratio", intensity_ratio),
    }
    if out is not None:
        check_out(out, image=table, kind=PLATES)
    how: dict[str, Any] = {"response": response, "vehicle": vehicle, "background": background, "exclude": exclude or ""}
    if controls:
        how["controls"] = True
    if plate_map is not None:
        how["plate_map"] = plate_map
    if g_factor is not None:
        how["g_factor"] = _number("g-factor", g_factor)
    plateaus: dict[str, Any] = {
        name: _percent(name, text) for name, text in (("top", top), ("bottom", bottom)) if text is not None
    }
    plates = analyze_plate(table, **how, **plateaus, **amounts)
    columns = plates.columns["dose_response"]
    if out is not None:
        plates.save(out)
    for line in plates.messages:
        note(line)
    if json:
        told = {"dose_response": _records(columns), "messages": list(plates.messages)}
        print_json(told | ({"out": str(out)} if out is not None else {}))
    elif not quiet:
        from ublot.cli.statistics_tables import print_dose_response

        print_dose_response(columns, name="IC50 / EC50")
        if out is not None:
            print(f"The result is in {out}")


def _records(columns: Any) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _percent(option: str, text: str) -> float:
    return _number(option, text, "allowed: a number, in percent")


def _number(option: str, text: str, allowed: str = "allowed: a number above 0") -> float:
    from ublot.io.tables import number

    try:
        return number(text)
    except ValueError:
        raise BlotError(f"{text!r} is not a number", f"option {option}", allowed) from None


def _amount(option: str, text: str | None) -> float | None:
    """Concentration above 0."""
    from ublot.io.tables import number

    if text is None:
        return None
    try:
        value = number(text)
    except ValueError:
        value = math.nan
    if not value > 0:
        raise BlotError(f"{text!r} cannot be right", f"option {option}", "allowed: a number above 0, in nM")
    return value
