"""Tables of a page about single lanes: the numbers, and both backgrounds side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ublot.io.cells import number_or_nan
from ublot.report.html import Cell, Column, Row, TableView
from ublot.scoring.primary import lane_state
from ublot.wording.labels import lane_labels
from ublot.wording.words import Wording, interval_text, number_text, percent_text

__all__ = ["background_table", "lane_table"]

Lane = Mapping[str, Any]


def _ratio(row: Lane, name: str) -> Cell:
    value = number_or_nan(row.get(name))
    bounds = interval_text(row.get(f"{name}_low"), row.get(f"{name}_high"))
    return Cell(number_text(value), f"({bounds})" if bounds else "", "" if math.isnan(value) else f"{value:.6g}")


def _share(row: Lane, name: str, *, interval: bool = True) -> Cell:
    value = number_or_nan(row.get(name))
    low, high = (percent_text(row.get(f"{name}_{end}")) for end in ("low", "high"))
    bounds = f"({low} to {high})" if interval and low and high else ""
    return Cell(percent_text(value), bounds, "" if math.isnan(value) else f"{value:.6g}")


def _number(row: Lane, name: str, form: str) -> Cell:
    value = number_or_nan(row.get(name))
    return Cell("", key="") if math.isnan(value) else Cell(format(value, form), key=f"{value:.6g}")


def lane_table(rows: Sequence[Lane], words: Wording, quantity: str) -> TableView:
    """Scores, fractions, ladder and flags of every lane.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    words : Wording
    quantity : str
        The primary score: it stands first.
    """
    over = {
        "relative_hmw": Column("fold", f"over {words.vehicle}", "relative_hmw, 95 % interval", True),
        "relative_hmw_area": Column("H", f"over {words.vehicle}", "relative_hmw_area, 95 % interval", True),
    }
    ratios = sorted(over, key=lambda name: name != quantity)
    columns = [
        Column("lane", number=True),
        Column("sample"),
        *(over[name] for name in ratios),
        Column("H / (H + U)", "%", "hmw_fraction, 95 % interval", True),
        Column("net", "%", "hmw_fraction_net: less what the negative lanes show", True),
        Column("U", f"over {words.vehicle}", "unmodified_remaining, 95 % interval", True),
        Column("mean n", "", f"mean_ubiquitins: apparent {words.modifier} equivalents", True),
        Column("n 1–3", "%", "share_1_3: of all signal", True),
        Column("n 4–8", "%", "share_4_8: of all signal", True),
        Column("n ≥ 9", "%", "share_9_up: of all signal", True),
        Column("half of H below", "kDa", "half_mass_kda", True),
        Column("flags"),
    ]
    out = []
    for row, label in zip(rows, lane_labels(rows), strict=True):
        state = lane_state(row)
        flags = str(row.get("flags") or "").replace("_", " ").replace(";", ", ")
        cells = (
            Cell(str(int(row["lane"]))),
            Cell(label, state),
            *(_ratio(row, name) for name in ratios),
            _share(row, "hmw_fraction"),
            _share(row, "hmw_fraction_net", interval=False),
            _ratio(row, "unmodified_remaining"),
            _ratio(row, "mean_ubiquitins"),
            *(_share(row, name, interval=False) for name in ("share_1_3", "share_4_8", "share_9_up")),
            _number(row, "half_mass_kda", ".0f"),
            Cell(flags),
        )
        aside = row.get("role") in ("marker", "blank", "ignore")
        out.append(Row(cells, "refused" if state == "refused" else "aside" if aside else ""))
    return TableView.of("Each lane with its 95 % interval in brackets", columns, out)


def background_table(rows: Sequence[Lane], rival: Mapping[int, float]) -> TableView:
    """`hmw_fraction` on both backgrounds that are fit for smears.

    Parameters
    ----------
    rows : sequence of mapping
        As in ``lanes.csv``.
    rival : mapping of int to float
        On the other one, by lane.
    """
    columns = (
        Column("lane", number=True),
        Column("sample"),
        Column("joint regression", "%", "what the scores rest on", True),
        Column("gutters row by row", "%", "the method compared with", True),
        Column("difference", "points", "background_spread", True),
    )
    out = []
    for row, label in zip(rows, lane_labels(rows), strict=True):
        lane, own = int(row["lane"]), number_or_nan(row.get("hmw_fraction"))
        other = rival.get(lane, math.nan)
        if math.isfinite(own) and math.isfinite(other):
            out.append(
                Row(
                    (
                        Cell(str(lane)),
                        Cell(label),
                        Cell(f"{100 * own:.1f}".replace("-", "−")),
                        Cell(f"{100 * other:.1f}".replace("-", "−")),
                        Cell(f"{100 * (other - own):+.1f}".replace("-", "−"), key=f"{abs(other - own):.6g}"),
                    )
                )
            )
    return TableView.of("Modified fraction H / (H + U) of each lane on either background", columns, out)
