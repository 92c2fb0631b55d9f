"""``analysis.json``: everything needed to reopen an analysis and to run it again."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ublot import __version__
from ublot.errors import BlotError
from ublot.inputs.edits import Edits
from ublot.io.result_folder import WRITER
from ublot.model import Calibration, Lane, Lanes, Source, Window
from ublot.reference.markers import HEAVIEST, LIGHTEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params

__all__ = [
    "build_record",
    "calibration_from",
    "check_schema",
    "edits_from",
    "edits_record",
    "lanes_from",
    "source_from",
]

LARGEST = 1e12
"""Of rows, columns, widths and masses: far beyond any, and within what every integer type holds."""

SCHEMA = 1
LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "tifffile", "pybaselines", "pandas")


def _lanes_record(lanes: Lanes) -> dict[str, Any]:
    return {
        "window": asdict(lanes.window),
        "pitch": lanes.pitch,
        "softness": lanes.softness,
        "flags": list(lanes.flags),
        "lanes": [asdict(lane) for lane in lanes],
    }


def lanes_from(record: Mapping[str, Any]) -> Lanes:
    """Lane geometry from its JSON form.

    Raises
    ------
    ValueError, TypeError or LookupError
        The record is not what was written, as in the other functions that read one.
    """
    items = tuple(_lane_from(lane) for lane in record["lanes"])
    window = Window(**{edge: _whole(value) for edge, value in record["window"].items()})
    _demand(0 <= window.top < window.bottom and 0 <= window.left < window.right, "a window is empty")
    pitch, softness = _numbers([record["pitch"], record["softness"]])
    _demand(pitch >= 0 and softness > 0, "pitch or softness is negative")
    return Lanes(items, window, pitch, softness, _words(record["flags"]))


def _lane_from(record: Mapping[str, Any]) -> Lane:
    rows, xs = _numbers(record["rows"]), _numbers(record["xs"])
    (width,) = _numbers([record["width"]])
    _demand(len(rows) == len(xs) > 0 and width > 0, "a lane has no centre line or no width")
    _demand(all(above < below for above, below in pairwise(rows)), "the rows of a lane do not increase")
    return Lane(_whole(record["number"]), rows, xs, width, _words(record["flags"]))


def calibration_from(record: Mapping[str, Any] | None) -> Calibration | None:
    """Calibration from its JSON form."""
    if record is None:
        return None
    residual = record["residual"]
    rows, masses, kind = _numbers(record["rows"]), _numbers(record["masses"]), record["kind"]
    _demand(len(rows) == len(masses) >= 2, "a calibration needs two bands")
    _demand(all(LIGHTEST <= m <= HEAVIEST for m in masses), "a mass cannot be")
    _demand(all(a < b for a, b in pairwise(rows)) and all(a > b for a, b in pairwise(masses)), "bands are not in order")
    _demand(kind in ("marker", "positions", "rungs"), f"no calibration is of the kind {kind!r}")
    lane = record.get("lane")
    return Calibration(
        rows,
        masses,
        kind,
        math.nan if residual is None else _numbers([residual])[0],
        _words(record["flags"]),
        None if lane is None else _whole(lane),
        _words(record.get("notes", [])),
        *_words([record.get("picture", ""), record.get("picture_sha256", "")]),
    )


def edits_record(edits: Edits) -> dict[str, Any]:
    """The JSON form of edits, from which `edits_from` makes them again."""
    return {
        "lanes": _lanes_record(edits.lanes) if edits.lanes is not None else None,
        "calibration": asdict(edits.calibration) if edits.calibration is not None else None,
        "boundary_rows": [list(pair) for pair in edits.boundary_rows],
    }


def edits_from(record: Mapping[str, Any]) -> Edits:
    """Edits from their JSON form."""
    lanes = record.get("lanes")
    return Edits(
        lanes_from(lanes) if lanes else None,
        calibration_from(record.get("calibration")),
        tuple((_whole(lane), _numbers([row])[0]) for lane, row in record.get("boundary_rows") or ()),
    )


def check_schema(record: Mapping[str, Any], where: object) -> None:
    """Raise BlotError where a record was written by a version that knows more than this one."""
    schema = record.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        written = record.get("versions", {}).get("ublot", "")
        what = f"the result is of a newer version of ublot ({written or f'schema {schema}'}; this is {__version__})"
        raise BlotError(what, where, "update ublot: pip install --upgrade ublot")


def source_from(record: Mapping[str, Any]) -> Source:
    """Provenance from its JSON form."""
    rows, cols = (_whole(side) for side in record["shape"])
    source = Source(**{**record, "shape": (rows, cols)})
    _words([source.name, source.sha256, source.format, source.dtype, "" if source.path is None else source.path])
    _words([*source.metadata.keys(), *source.metadata.values()])
    _demand(_whole(source.size_bytes) >= 0 and isinstance(source.lossy, bool), "the image's size or kind is none")
    return source


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _whole(value: Any) -> int:
    _demand(isinstance(value, int) and not isinstance(value, bool), f"{value!r:.40} is no whole number")
    return int(value)


def _numbers(values: Any) -> tuple[float, ...]:
    """Finite numbers, kept as they are: an integer that was written is one again."""
    _demand(isinstance(values, list), f"{values!r:.40} is no list of numbers")
    for value in values:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        _demand(plain and abs(value) <= LARGEST, f"{value!r:.40} is no number")
    return tuple(values)


def _words(values: Any) -> tuple[str, ...]:
    _demand(isinstance(values, list) and all(isinstance(v, str) for v in values), f"{values!r:.40} is no list of words")
    return tuple(values)


@cache
def _versions() -> Mapping[str, str]:
    found = {"ublot": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a library under another distribution's name
            continue
    return found


def build_record(
    source: Source,
    params: Params,
    layout: Layout | None,
    geometry: Lanes,
    calibration: Calibration | None,
    edits: Edits,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """The JSON form of an analysis; `facts` are further entries."""
    return {
        "writer": WRITER,
        "schema": SCHEMA,
        "image": asdict(source),
        "params": params.model_dump(mode="json"),
        "layout": layout.records() if layout is not None else None,
        "geometry": _lanes_record(geometry),
        "calibration": asdict(calibration) if calibration is not None else None,
        "edits": edits_record(edits),
        "versions": dict(_versions()),
        **facts,
    }
