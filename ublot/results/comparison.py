"""Replicate blots joined: statistics against the vehicle, dose-response, assay quality and time courses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.dose_response.ec50 import dose_response_columns, ec50_comparison_columns
from ublot.errors import BlotError
from ublot.io.columns import as_frame, csv_bytes
from ublot.io.result_folder import RECORD, Kind, check_out, json_bytes, write_result
from ublot.option_words import option_key, told
from ublot.scoring.primary import by_area, primary_ratio
from ublot.statistics.assay_quality import quality_columns
from ublot.statistics.reactions import Reaction, reactions_of
from ublot.statistics.summary import blot_notes, summary_columns
from ublot.statistics.time_course import time_course_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from ublot.inputs.params import Params
    from ublot.results.analysis import Analysis
    from ublot.results.columns import Columns

__all__ = ["COMPARISON", "Comparison", "check_comparison_out", "compare_blots"]


TABLES = ("summary", "dose_response", "ec50_comparison", "assay_quality", "time_courses", "potencies", "lanes")
COMPARISON = Kind(
    "comparison.json",
    "ublot compare",
    frozenset({"comparison.json", "comparison.xlsx", "report.html", *(f"{name}.csv" for name in TABLES)}),
)
ALIKE = ("antibody", "assay", "target", "target_kda", "modifier", "modifier_kda")


@dataclass(frozen=True)
class Comparison:
    """Statistics across blots.

    Attributes
    ----------
    blots : tuple of dict
        Name, image, SHA-256 and folder of each blot.
    columns : mapping of str to columns
        `TABLES` by name.
    messages : tuple of str
        What was averaged, left out or not alike, in words.
    protein_nM : float or None
        Target in the tube.
    by_area : bool
        The area is the primary score: blots of the modifier, or of cells.
    params : Params or None
        Options of the first blot: those that matter to a comparison are the same for all.
    without_vehicle : tuple of str
        Blots that are left out because nothing on them can be compared.
    """

    blots: tuple[dict[str, Any], ...]
    columns: Mapping[str, Columns]
    messages: tuple[str, ...]
    protein_nM: float | None = None
    by_area: bool = False
    params: Params | None = None
    without_vehicle: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        """Blots that statistics rest on."""
        return len(self.blots) - len(self.without_vehicle)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means of conditions and their comparison with the vehicle."""
        return self._frame("summary")

    @cached_property
    def dose_response(self) -> pd.DataFrame:
        """EC50 of each compound, or why there is none."""
        return self._frame("dose_response")

    @cached_property
    def ec50_comparison(self) -> pd.DataFrame:
        """Whether two compounds have the same EC50."""
        return self._frame("ec50_comparison")

    @cached_property
    def assay_quality(self) -> pd.DataFrame:
        """Separation of the controls on each blot."""
        return self._frame("assay_quality")

    @cached_property
    def time_courses(self) -> pd.DataFrame:
        """Rates, or plateaus and rate constants."""
        return self._frame("time_courses")

    @cached_property
    def potencies(self) -> pd.DataFrame:
        """Published potencies of the compounds, the kind and source of each said."""
        return self._frame("potencies")

    @cached_property
    def lanes(self) -> pd.DataFrame:
        """Lanes of all blots."""
        return self._frame("lanes")

    def _frame(self, name: str) -> pd.DataFrame:
        return as_frame(self.columns[name])

    def figure(self, name: str) -> Figure:
        """One figure as a matplotlib figure, to change and to save; ``%matplotlib inline`` has a notebook show it.

        Parameters
        ----------
        name : {"scores", "dose_response", "time_course"}

        Raises
        ------
        BlotError
            There is no such figure, or nothing to draw in it.
        """
        from ublot.report.pages.notebook import comparison_figure_of

        return comparison_figure_of(self, name)

    def _repr_html_(self) -> str:
        from ublot.report.pages.notebook import comparison_cell

        return comparison_cell(self)

    @property
    def record(self) -> dict[str, Any]:
        """The content of ``comparison.json``."""
        from ublot import __version__

        return {
            "writer": COMPARISON.writer,
            "schema": 1,
            "blots": list(self.blots),
            "protein_nM": self.protein_nM,
            "messages": list(self.messages),
            "versions": {"ublot": __version__},
        }

    def save(self, out: str | Path, *, workbook: bool = True, report: bool = True) -> Path:
        """Write the folder, all of it or nothing: a CSV for each table, all of them in one ``.xlsx``, and the page.

        Raises
        ------
        BlotError
            The folder is not a comparison's, or cannot be written.
        """
        from ublot.io.workbook import xlsx_bytes

        files: dict[str, Any] = {f"{name}.csv": csv_bytes(self.columns[name]) for name in TABLES}
        files[COMPARISON.record] = json_bytes(self.record)
        if workbook:
            files["comparison.xlsx"] = xlsx_bytes({name: self.columns[name] for name in TABLES})
        if report:
            from ublot.report.pages.comparison import comparison_page

            files["report.html"] = comparison_page(self, Path(out))
        return write_result(out, files, kind=COMPARISON)


def check_comparison_out(out: str | Path, results: Sequence[str | Path]) -> Path:
    """Refuse a destination that is not a comparison's, or that is one of the results to compare."""
    place = check_out(out, kind=COMPARISON)
    for result in results:
        if Path(result).resolve() == place:
            raise BlotError("the comparison would replace a result", out, told("choose another folder with {out}"))
    return place


def compare_blots(results: Iterable[Any], *, protein_nM: float | None = None) -> Comparison:
    """Join replicate blots.

    Parameters
    ----------
    results : iterable of path or Analysis
        Folders that ``ublot analyze`` wrote, folders that hold such folders (a batch), or analyses.
    protein_nM : float, optional
        Target in the tube: the limit that tight binding sets to an EC50 is stated beside it.

    Returns
    -------
    Comparison

    Raises
    ------
    BlotError
        No results, or results that were not analysed alike.
    """
    if protein_nM is not None and not 0 < protein_nM < float("inf"):
        raise BlotError(f"{protein_nM!r} cannot be right", option_key("protein_nM"), "allowed: a number above 0, in nM")
    analyses, folders, messages = _distinct(_opened([results] if isinstance(results, str | Path) else results))
    _check_alike(analyses, messages)
    reactions: list[Reaction] = []
    for name, analysis in analyses.items():
        if analysis.layout is None:
            messages.append(f"{name}: analysed without a layout, nothing says what its lanes are: none of them counts")
        found, notes = reactions_of(analysis.columns["lanes"], name)
        reactions += found
        messages += notes
    reactions, without = _with_vehicle(reactions, messages)
    options = next(iter(analyses.values())).params
    area_first = by_area(options)
    messages += blot_notes(reactions, primary_ratio(by_area=area_first))
    from ublot.reference.potencies import potency_columns

    columns = {
        "summary": summary_columns(reactions),
        "dose_response": dose_response_columns(reactions, protein_nM=protein_nM),
        "ec50_comparison": ec50_comparison_columns(reactions),
        "assay_quality": quality_columns(reactions),
        "time_courses": time_course_columns(reactions),
        "potencies": potency_columns(dict.fromkeys(r.compound for r in reactions if r.role == "sample")),
        "lanes": _joined({name: a.columns["lanes"] for name, a in analyses.items()}),
    }
    blots = tuple(
        {"name": name, "image": a.source.name, "sha256": a.source.sha256, "folder": folders[name]}
        for name, a in analyses.items()
    )
    return Comparison(blots, columns, tuple(messages), protein_nM, area_first, options, without)


def _with_vehicle(reactions: list[Reaction], messages: list[str]) -> tuple[list[Reaction], tuple[str, ...]]:
    """Reactions that have a vehicle on their blot and in their group; the others are named, and so are blots without.

    Where no blot has one, everything is kept: there are still means to tell.
    """
    served = {(r.blot, r.group) for r in reactions if r.role == "vehicle"}
    if not served:
        messages.append("no vehicle (DMSO) lane on any blot: nothing is compared with it")
        return reactions, ()
    lacking = dict.fromkeys((r.blot, r.group) for r in reactions if (r.blot, r.group) not in served)
    without = tuple(blot for blot in dict.fromkeys(r.blot for r in reactions) if all(blot != b for b, _ in served))
    for blot, group in lacking:
        if blot not in without:
            messages.append(f"{blot}: group {group or 'without a name'} has no vehicle (DMSO) lane and is left out")
    messages += [f"{blot}: no vehicle (DMSO) lane on it, the blot is left out and not counted" for blot in without]
    return [r for r in reactions if (r.blot, r.group) in served], without


def _opened(results: Iterable[Any]) -> list[tuple[Path | None, Analysis]]:
    """Its folder (None for one in memory) and analysis."""
    from ublot.results.reopening import load

    opened: list[tuple[Path | None, Analysis]] = []
    for result in results:
        if not isinstance(result, str | Path):
            if not hasattr(result, "columns") or not hasattr(result, "source"):
                what = f"a {type(result).__name__} is not a result"
                raise BlotError(what, "compare", "give folders that ublot analyze wrote, or analyses")
            opened.append((None, result))
            continue
        folder = Path(result)
        inner = [] if (folder / RECORD).exists() or not folder.is_dir() else sorted(folder.glob(f"*/{RECORD}"))
        opened += [(path.parent, load(path.parent)) for path in inner] or [(folder, load(folder))]
    if not opened:
        raise BlotError("no results to compare", "compare", "give folders that ublot analyze wrote")
    return opened


def _distinct(
    opened: Sequence[tuple[Path | None, Analysis]],
) -> tuple[dict[str, Analysis], dict[str, str | None], list[str]]:
    """Analyses and their folders by a name of their own; the same blot given twice counts once."""
    kept: dict[str, Analysis] = {}
    folders: dict[str, str | None] = {}
    seen: dict[tuple[Any, ...], str] = {}
    messages = []
    for place, analysis in opened:
        source, folder = analysis.source, place.name if place is not None else ""
        key = source.sha256, str(analysis.params.roi), analysis.params.channel
        if key in seen:
            messages.append(f"{folder or source.name} is the same blot as {seen[key]}: it counts once")
            continue
        name = source.name if source.name not in kept else folder or source.name
        stem, number = name, 2
        while name in kept:
            name, number = f"{stem} ({number})", number + 1
        kept[name] = analysis
        folders[name] = None if place is None else str(place.absolute())
        seen[key] = name
    return kept, folders, messages


def _check_alike(analyses: Mapping[str, Analysis], messages: list[str]) -> None:
    first_name, first = next(iter(analyses.items()))
    for name, analysis in analyses.items():
        for key in ALIKE:
            ours, theirs = getattr(first.params, key), getattr(analysis.params, key)
            if ours != theirs:
                what = f"{key.replace('_', '-')} is {theirs}, but {ours} on {first_name}"
                raise BlotError(what, name, "compare blots of one assay, analysed with the same options")
        if analysis.params.background != first.params.background:
            theirs = analysis.params.background
            messages.append(f"{name}: analysed with another background ({theirs}) than {first_name}")


def _joined(tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> Columns:
    """All lanes under all columns, the blot's name in ``image``; text that a blot lacks is empty."""
    names = list(dict.fromkeys(column for table in tables.values() for column in table))
    out: Columns = {column: [] for column in names}
    for blot, table in tables.items():
        rows = len(table["lane"])
        for column in names:
            out[column] += [blot] * rows if column == "image" else list(table.get(column, [""] * rows))
    return out
