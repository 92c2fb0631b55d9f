"""Types of the options that are more than a number or a word: text, lists and small files to checked values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer

from ublot.io.tables import read_pairs
from ublot.model import Window
from ublot.reference.markers import HEAVIEST, LIGHTEST, find_marker

__all__ = ["Count", "LoadsOption", "MarkerOption", "PositionsOption", "Real", "RoiOption"]

_ROI = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*")


def _parse_roi(value: Any) -> Any:
    if isinstance(value, str):
        found = _ROI.fullmatch(value)
        if not found:
            raise ValueError
        value = Window(*(int(edge) for edge in found.groups()))
    if isinstance(value, Window) and not (0 <= value.top < value.bottom and 0 <= value.left < value.right):
        raise ValueError
    return value


def _write_roi(roi: Window | None) -> str | None:
    return None if roi is None else f"{roi.top}:{roi.bottom},{roi.left}:{roi.right}"


def _parse_marker(value: Any) -> Any:
    """Check a marker's name, or turn masses (text or a list) into numbers, heaviest first."""
    if value is None:
        return None
    marker = find_marker(value)
    return marker.masses if marker.source == "given" else marker.name


def _parse_positions(value: Any) -> Any:
    """Pairs of mass and row from a CSV or a list, top to bottom."""
    if isinstance(value, str | Path):
        value = read_pairs(value, "marker positions", ("mass_kda", "row_px"))
    if value is None or not isinstance(value, Iterable):
        return value
    pairs = tuple(sorted(((float(mass), float(row)) for mass, row in value), key=lambda pair: pair[1]))
    masses, rows = [mass for mass, _ in pairs], [row for _, row in pairs]
    falling = all(above > below for above, below in pairwise(masses))
    if len(pairs) < 2 or len(set(rows)) < len(rows) or not falling or masses[-1] < LIGHTEST or masses[0] > HEAVIEST:
        raise ValueError
    return pairs


def _parse_normalise(value: Any) -> Any:
    """``none``, ``total``, or pairs of lane and load from a CSV or a list."""
    if isinstance(value, Path) or (isinstance(value, str) and value not in {"none", "total"}):
        if not re.search(r"\.\w+$", str(value)) and not os.path.exists(value):
            raise ValueError
        from ublot.inputs.loads import loads_from_file

        value = loads_from_file(value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    pairs = tuple(sorted((float(lane), float(load)) for lane, load in value))
    lanes = [lane for lane, _ in pairs]
    if not pairs or len(set(lanes)) < len(lanes) or any(lane < 1 or lane % 1 or load <= 0 for lane, load in pairs):
        raise ValueError
    return tuple((int(lane), load) for lane, load in pairs)


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError
    return value


Count = Annotated[int, BeforeValidator(_no_bool)]
Real = Annotated[float, BeforeValidator(_no_bool)]


def _checked(parse: Callable[[Any], Any]) -> BeforeValidator:
    """Let values of a wrong type fail as wrong values: pydantic passes a TypeError on as a crash."""

    def parse_or_refuse(value: Any) -> Any:
        try:
            return parse(value)
        except (TypeError, OverflowError) as error:
            raise ValueError(str(error)) from None

    return BeforeValidator(parse_or_refuse)


MarkerOption = Annotated[str | tuple[float, ...] | None, _checked(_parse_marker)]
PositionsOption = Annotated[tuple[tuple[float, float], ...] | None, _checked(_parse_positions)]
LoadsOption = Annotated[Literal["none", "total"] | tuple[tuple[int, float], ...], _checked(_parse_normalise)]
RoiOption = Annotated[Window | None, BeforeValidator(_parse_roi), PlainSerializer(_write_roi)]
