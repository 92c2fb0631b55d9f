"""A fitted EC50 beside what is published of the same compound, the kind of each number said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ublot.io.cells import number_or_nan
from ublot.report.html import Cell, Column, Row, TableView
from ublot.wording.words import Wording, interval_text, number_text

__all__ = ["POTENCY_NOTE", "potency_table"]

Record = Mapping[str, Any]

POTENCY_NOTE = (
    "A potency is comparable with its own kind only. K_i and K_d belong to a pair of molecules; an IC50 or EC50 "
    "depends on the assay as well, and an EC50 of auto-ubiquitination in a tube cannot fall below about half the "
    "protein concentration. Values on which sources disagree are marked and all kept."
)


def potency_table(published: Sequence[Record], fits: Sequence[Record], words: Wording, where: str) -> TableView:
    """Published values by compound, each compound's fitted EC50 first.

    Parameters
    ----------
    published : sequence of mapping
        As in ``potencies.csv``.
    fits : sequence of mapping
        As in ``dose_response.csv``, of one quantity.
    words : Wording
    where : str
        What the EC50 was fitted to, such as ``"this blot"``.
    """
    columns = (
        Column("compound"),
        Column("kind"),
        Column("value", "nM", number=True),
        Column("of"),
        Column("measured on"),
        Column("evidence"),
        Column("source"),
        Column("disputed"),
    )
    rows = []
    for compound in dict.fromkeys(str(row["compound"]) for row in published):
        rows += [_fitted(fit, words, where) for fit in fits if str(fit["compound"]).casefold() == compound.casefold()]
        rows += [_published(row) for row in published if str(row["compound"]) == compound]
    return TableView.of("EC50 beside published potencies, the kind of each number said", columns, rows)


def _fitted(fit: Record, words: Wording, where: str) -> Row:
    name = str(fit["compound"]) + (f" ({fit['group']})" if fit["group"] else "")
    bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
    ok = fit["status"] == "ok"
    value = Cell(number_text(fit["ec50_nM"]), f"({bounds})", f"{number_or_nan(fit['ec50_nM']):.6g}")
    none = Cell("none", str(fit["status"]).replace("_", " "), "")
    cells = (Cell(name), Cell("EC50"), value if ok else none, Cell(words.act), Cell(where))
    return Row((*cells, Cell("this result"), Cell(""), Cell("")), "own")


def _published(row: Record) -> Row:
    relation = "" if row["relation"] == "=" else f"{row['relation']} "
    value = interval_text(row["value_nM"], row["value_high_nM"]) or number_text(row["value_nM"])
    return Row(
        (
            Cell(str(row["compound"])),
            Cell(str(row["kind"]).replace("Ki", "K_i").replace("Kd", "K_d")),
            Cell(f"{relation}{value}", key=f"{number_or_nan(row['value_nM']):.6g}"),
            Cell(str(row["target"])),
            Cell(str(row["system"])),
            Cell(str(row["evidence"])),
            Cell(str(row["source"])),
            Cell(str(row["note"]) or "yes" if row["conflict"] else ""),
        )
    )
