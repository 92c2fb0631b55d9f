"""``analysis.json``: everything needed to reopen an analysis and to run it again."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ublot import __version__
from ublot.errors import BlotError
from ublot.io import read_blot
from ublot.model import Blot, Calibration, Lane, Lanes, Source, Window
from ublot.results import WRITER

if TYPE_CHECKING:
    from ublot.layout import Layout
    from ublot.params import Params

__all__ = [
    "PIXEL_OPTIONS",
    "Edits",
    "build_record",
    "calibration_from",
    "check_same",
    "edits_from",
    "lanes_from",
    "read_pixels",
    "source_from",
]

SCHEMA = 1
PIXEL_OPTIONS = ("polarity", "response", "channel", "rotate", "roi")
"""Options that enter when the image is read."""
LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "tifffile", "pybaselines", "pandas")


@dataclass(frozen=True)
class Edits:
    """What a person changed by hand: overrides that enter the same pipeline.

    Attributes
    ----------
    lanes : Lanes, optional
        Lane geometry instead of the found one.
    calibration : Calibration, optional
    boundary_rows : tuple of (int, float)
        Lane and row of the boundary between the unmodified band and HMW.
    """

    lanes: Lanes | None = None
    calibration: Calibration | None = None
    boundary_rows: tuple[tuple[int, float], ...] = ()

    @property
    def any(self) -> bool:
        return self.lanes is not None or self.calibration is not None or bool(self.boundary_rows)


def _lanes_record(lanes: Lanes) -> dict[str, Any]:
    return {
        "window": asdict(lanes.window),
        "pitch": lanes.pitch,
        "softness": lanes.softness,
        "flags": list(lanes.flags),
        "lanes": [asdict(lane) for lane in lanes],
    }


def lanes_from(record: Mapping[str, Any]) -> Lanes:
    """Lane geometry from its JSON form."""
    items = tuple(
        Lane(int(r["number"]), tuple(r["rows"]), tuple(r["xs"]), float(r["width"]), tuple(r["flags"]))
        for r in record["lanes"]
    )
    return Lanes(
        items, Window(**record["window"]), float(record["pitch"]), float(record["softness"]), tuple(record["flags"])
    )


def calibration_from(record: Mapping[str, Any] | None) -> Calibration | None:
    """Calibration from its JSON form."""
    if record is None:
        return None
    residual = record["residual"]
    return Calibration(
        tuple(record["rows"]), tuple(record["masses"]), record["kind"],
        float("nan") if residual is None else float(residual), tuple(record["flags"]),
    )  # fmt: skip


def edits_from(record: Mapping[str, Any]) -> Edits:
    """Edits from their JSON form."""
    lanes = record.get("lanes")
    return Edits(
        lanes_from(lanes) if lanes else None,
        calibration_from(record.get("calibration")),
        tuple((int(lane), float(row)) for lane, row in record.get("boundary_rows") or ()),
    )


def source_from(record: Mapping[str, Any]) -> Source:
    """Provenance from its JSON form."""
    return Source(**{**record, "shape": tuple(record["shape"])})


def read_pixels(image: Any, params: Params) -> Blot:
    """Read the pixels in the way that the options say."""
    return read_blot(image, **{name: getattr(params, name) for name in PIXEL_OPTIONS})


def check_same(blot: Blot, source: Source) -> None:
    """Raise BlotError where a blot is not the one that a result was made from."""
    if blot.source.sha256 != source.sha256:
        what = "the image is not the one that was analysed (SHA-256 differs)"
        raise BlotError(what, blot.source.path or blot.source.name, "analyse it anew")


def _versions() -> dict[str, str]:
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
        "edits": {
            "lanes": _lanes_record(edits.lanes) if edits.lanes is not None else None,
            "calibration": asdict(edits.calibration) if edits.calibration is not None else None,
            "boundary_rows": [list(pair) for pair in edits.boundary_rows],
        },
        "versions": _versions(),
        **facts,
    }
