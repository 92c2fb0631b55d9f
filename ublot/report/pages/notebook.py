"""How results show themselves in a notebook: their figures as objects to change, their answer as a cell."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.columns import records_of
from ublot.report.figures.blot import overlay_figure
from ublot.report.figures.dose_response import dose_figure
from ublot.report.figures.ladder import ladder_figure
from ublot.report.figures.painting import light_png_of
from ublot.report.figures.plot import Drawing
from ublot.report.figures.profiles import profiles_figure
from ublot.report.figures.scores import scores_figure
from ublot.report.figures.vector import as_figure
from ublot.report.html import TableView, data_uri
from ublot.report.pages.comparison import answer_of_comparison, basis_of, comparison_figures, summary_table
from ublot.report.pages.plates import curve_table, curves_figure, found_sentence, map_figure
from ublot.report.tables.lanes import lane_table
from ublot.report.text.answer import Answer, answer_of
from ublot.scoring.primary import by_area, primary_quantity
from ublot.wording.words import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

__all__ = [
    "blot_cell",
    "blot_figure",
    "blot_figures",
    "comparison_cell",
    "comparison_figure_of",
    "plate_cell",
    "plate_figure_of",
]

WIDTH = 760  # CSS pixels of a picture in a cell: the width of a notebook's output


def blot_figures(analysis: Any) -> dict[str, Callable[[], Any]]:
    """What makes each figure of an analysis; None of it where there is nothing to draw."""
    rows = records_of(analysis.columns["lanes"])
    words = wording(analysis.params, rows)
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    return {
        "overlay": partial(overlay_figure, analysis),
        "profiles": lambda: profiles_figure(analysis) if rows else None,
        "scores": lambda: scores_figure(analysis) if rows else None,
        "ladder": lambda: ladder_figure(analysis.columns["species"], rows, words.modifier) if rows else None,
        "dose_response": lambda: dose_figure(
            rows, records_of(analysis.statistics["dose_response"]), quantity, words.vehicle
        ),
    }


def blot_figure(analysis: Any, name: str) -> Figure:
    """One figure of an analysis: ``overlay``, ``profiles``, ``scores``, ``ladder`` or ``dose_response``.

    Raises
    ------
    BlotError
        There is no such figure, or nothing to draw in it.
    """
    return _made(blot_figures(analysis), name, analysis.source.name)


def comparison_figure_of(comparison: Any, name: str) -> Figure:
    """One figure of a comparison: ``scores``, ``dose_response`` or ``time_course``.

    Raises
    ------
    BlotError
        There is no such figure, or nothing to draw in it.
    """
    return _made(comparison_figures(comparison, basis_of(comparison)), name, "comparison")


def plate_figure_of(plates: Any, name: str) -> Figure:
    """One figure of plates: ``curves`` or ``plate``.

    Raises
    ------
    BlotError
        There is no such figure, or nothing to draw in it.
    """
    makers: dict[str, Callable[[], Any]] = {
        "curves": partial(curves_figure, plates.fit, plates.vehicle),
        "plate": partial(map_figure, plates.fit),
    }
    return _made(makers, name, plates.fit.plate.name)


def _made(makers: Mapping[str, Callable[[], Any]], name: str, of: str) -> Figure:
    if name not in makers:
        raise BlotError(f"there is no figure {name!r}", of, f"figures: {', '.join(makers)}")
    figure = makers[name]()
    if figure is None:
        raise BlotError(f"nothing can be drawn as {name}", of, "the report says what is missing")
    return as_figure(figure) if isinstance(figure, Drawing) else figure


def blot_cell(analysis: Any) -> str:
    """The answer, the blot with its lanes and the scores of an analysis, as HTML for a notebook."""
    rows = records_of(analysis.columns["lanes"])
    answer = answer_of(rows, analysis.params, layout=analysis.layout is not None, messages=analysis.messages)
    png, _ = light_png_of(overlay_figure(analysis))
    picture = (
        f'<img alt="Blot with its lanes" style="width:{WIDTH}px;max-width:100%" src="{data_uri("image/png", png)}">'
    )
    words = wording(analysis.params, rows)
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    table = _table(lane_table(rows, words, quantity)) if rows else ""
    return _cell(analysis.source.name, answer, picture + table)


def comparison_cell(comparison: Any) -> str:
    """The answer and the summary of a comparison, as HTML for a notebook."""
    basis = basis_of(comparison)
    table = summary_table(basis.tables["summary"], [basis.quantity], basis.words)
    return _cell(f"{comparison.counted} blots", answer_of_comparison(comparison, basis), _table(table))


def plate_cell(plates: Any) -> str:
    """What was found of every compound, as HTML for a notebook."""
    said = "".join(f"<li>{escape(message)}</li>" for message in plates.messages)
    rows = records_of(plates.columns["dose_response"])
    found = " ".join(found_sentence(row) for row in rows)
    told = f"<p><strong>{escape(plates.fit.plate.name)}</strong>: {escape(found)}</p><ul>{said}</ul>"
    return f'<div style="overflow-x:auto">{told}{_table(curve_table(rows))}</div>'


def _table(view: TableView) -> str:
    """A table of the report, without its sorting, under the class that notebooks style tables of pandas by."""
    head = "".join(f"<th>{escape(c.name)}{f' ({escape(c.unit)})' if c.unit else ''}</th>" for c in view.columns)
    lines = ("".join(f"<td>{escape(' '.join((c.text, c.more)))}</td>" for c in row.cells) for row in view.rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(title: str, answer: Answer, body: str) -> str:
    reasons: Sequence[str] = answer.reasons
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    told = f"<p><strong>{escape(title)}</strong>: {escape(answer.sentence)}</p><ul>{listed}</ul>"
    return f'<div style="overflow-x:auto">{told}{body}</div>'
