"""Tables of lanes with known truth, for the tests of everything that joins blots."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ublot.inputs.params import Params, make_params
from ublot.model import Source

COLUMNS = ("image", "lane", "role", "compound", "concentration_nM", "time_min", "replicate", "group")
TEXT = {"image", "role", "compound", "replicate", "group"}


def table(rows: list[dict[str, Any]], **quantities: Any) -> dict[str, list[Any]]:
    """Columns of lanes; what a row leaves out is empty. Quantities are given per row or by name here."""
    names = [*COLUMNS, *dict.fromkeys(key for row in rows for key in row if key not in COLUMNS), *quantities]
    out: dict[str, list[Any]] = {name: [] for name in names}
    for i, row in enumerate(rows):
        for name in names:
            empty = "" if name in TEXT else math.nan
            value = quantities[name][i] if name in quantities else row.get(name, empty)
            out[name].append(i + 1 if name == "lane" else value)
    return out


def dose_rows(compound: str, doses: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "sample", "compound": compound, "concentration_nM": float(d), **more} for d in doses]


def vehicles(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "vehicle", "compound": "DMSO", "replicate": str(k + 1), **more} for k in range(count)]


def rise(dose: Any, top: float = 6.0, ec50: float = 40.0, hill: float = 1.0) -> Any:
    with np.errstate(divide="ignore"):
        return 1 + (top - 1) / (1 + (ec50 / np.nan_to_num(np.asarray(dose, float))) ** hill)


@dataclass
class Blot:
    """What a comparison needs of an analysis."""

    name: str
    lanes: dict[str, list[Any]]
    params: Params = field(default_factory=make_params)
    digest: str = ""
    layout: str | None = "given"

    @property
    def columns(self) -> dict[str, Any]:
        return {"lanes": self.lanes}

    @property
    def source(self) -> Source:
        return Source(self.name, self.digest or f"hash of {self.name}", 1, "tiff", "uint16", (1, 1))
