"""How results show themselves in a notebook: their figures as objects to change, their answer as a cell."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.inputs.params import make_params
from ublot.io.tables import records_of
from ublot.report.figures.blot import overlay_figure
from ublot.report.figures.comparison import comparison_figure
from ublot.report.figures.dose_response import QUANTITY, dose_figure
from ublot.report.figures.ladder import ladder_figure
from ublot.report.figures.painting import light_png_of
from ublot.report.figures.plot import Drawing
from ublot.report.figures.profiles import profiles_figure
from ublot.report.figures.scores import scores_figure
from ublot.report.figures.time_course import time_figure
from ublot.report.figures.vector import as_figure
from ublot.report.html import data_uri
from ublot.report.pages.comparison import joined_reactions
from ublot.report.text.answer import Answer, answer_of
from ublot.report.text.comparison_answer import comparison_answer
from ublot.scoring.primary import by_area, primary_quantity, primary_ratio
from ublot.wording.words import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

__all__ = ["blot_cell", "blot_figure", "comparison_cell", "comparison_figure_of"]

SHOWN = ("lane", "role", "compound", "concentration_nM", "hmw_fraction")  # beside the score that comes first
WIDTH = 760  # CSS pixels of a picture in a cell: the width of a notebook's output


def blot_figure(analysis: Any, name: str) -> Figure:
    """One figure of an analysis: ``overlay``, ``profiles``, ``scores``, ``ladder`` or ``dose_response``.

    Raises
    ------
    BlotError
        There is no such figure, or nothing to draw in it.
    """
    rows = analysis.lanes.to_dict("records")
    words = wording(analysis.params, rows)
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    makers: dict[str, Callable[[], Figure | Drawing | None]] = {
        "overlay": partial(overlay_figure, analysis),
        "profiles": lambda: profiles_figure(analysis) if rows else None,
        "scores": lambda: scores_figure(analysis) if rows else None,
        "ladder": lambda: ladder_figure(analysis.columns["species"], rows, words.modifier) if rows else None,
        "dose_response": lambda: dose_figure(
            rows, records_of(analysis.statistics["dose_response"]), quantity, words.vehicle
        ),
    }
    return _made(makers, name, analysis.source.name)


def comparison_figure_of(comparison: Any, name: str) -> Figure:
    """One figure of a comparison: ``scores``, ``dose_response`` or ``time_course``.

    Raises
    ------
    BlotError
        There is no such figure, or nothing to draw in it.
    """
    tables = {key: records_of(columns) for key, columns in comparison.columns.items()}
    words = wording(comparison.params or make_params(), tables["lanes"])
    quantity = primary_ratio(by_area=comparison.by_area)
    reactions = joined_reactions(comparison.columns["lanes"])
    label = QUANTITY[quantity].format(words.vehicle)
    makers: dict[str, Callable[[], Figure | Drawing | None]] = {
        "scores": partial(comparison_figure, tables["summary"], reactions, quantity, label),
        "dose_response": partial(dose_figure, tables["lanes"], tables["dose_response"], quantity, words.vehicle),
        "time_course": partial(time_figure, reactions, tables["time_courses"], f"{words.share}, H / (H + U)"),
    }
    return _made(makers, name, "comparison")


def _made(makers: Mapping[str, Callable[[], Figure | Drawing | None]], name: str, of: str) -> Figure:
    if name not in makers:
        raise BlotError(f"there is no figure {name!r}", of, f"figures: {', '.join(makers)}")
    figure = makers[name]()
    if figure is None:
        raise BlotError(f"nothing can be drawn as {name}", of, "the report says what is missing")
    return as_figure(figure) if isinstance(figure, Drawing) else figure


def blot_cell(analysis: Any) -> str:
    """The answer, the blot with its lanes and the scores of an analysis, as HTML for a notebook."""
    rows = analysis.lanes.to_dict("records")
    answer = answer_of(rows, analysis.params, layout=analysis.layout is not None, messages=analysis.messages)
    png, _ = light_png_of(overlay_figure(analysis))
    score = primary_ratio(by_area=by_area(analysis.params))
    columns = [*SHOWN, score, f"{score}_low", f"{score}_high", "flags"]
    picture = (
        f'<img alt="Blot with its lanes" style="width:{WIDTH}px;max-width:100%" src="{data_uri("image/png", png)}">'
    )
    table = analysis.lanes[columns].to_html(index=False, na_rep="", float_format="%.3g", border=0) if rows else ""
    return _cell(analysis.source.name, answer, picture + table)


def comparison_cell(comparison: Any) -> str:
    """The answer and the summary of a comparison, as HTML for a notebook."""
    tables = {key: records_of(columns) for key, columns in comparison.columns.items()}
    words = wording(comparison.params or make_params(), tables["lanes"])
    quantity = primary_ratio(by_area=comparison.by_area)
    answer = comparison_answer(tables["summary"], quantity, words, comparison.counted, comparison.messages)
    chosen = comparison.summary[comparison.summary["quantity"] == quantity].dropna(axis="columns", how="all")
    table = chosen.to_html(index=False, na_rep="", float_format="%.3g", border=0)
    return _cell(f"{comparison.counted} blots", answer, table)


def _cell(title: str, answer: Answer, body: str) -> str:
    reasons: Sequence[str] = answer.reasons
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    told = f"<p><strong>{escape(title)}</strong>: {escape(answer.sentence)}</p><ul>{listed}</ul>"
    return f'<div style="overflow-x:auto">{told}{body}</div>'
