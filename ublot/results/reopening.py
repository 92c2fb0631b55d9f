"""A saved result, reopened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.inputs.layout import read_layout
from ublot.inputs.params import make_params
from ublot.io.columns import read_csv
from ublot.io.result_folder import RECORD, read_record
from ublot.option_words import told
from ublot.pipeline.pixels import check_same, read_pixels
from ublot.results.analysis import Analysis
from ublot.results.columns import LANE_TEXT, Tables, extra_columns
from ublot.results.record import calibration_from, check_schema, edits_from, lanes_from, source_from

if TYPE_CHECKING:
    from collections.abc import Collection

    from ublot.model import Source

__all__ = ["load"]

WHOLE_NUMBERS = {"lanes": ("lane",), "species": ("lane", "n"), "profiles": ("lane", "row_px")}
NEEDED_TEXT = {"lanes": LANE_TEXT, "species": ("kind",), "profiles": ()}
TEXT: dict[str, tuple[str, ...]] = {"species": ("kind", "flags"), "profiles": ()}


def load(folder: str | Path, *, image: Any = None) -> Analysis:
    """Reopen a result that `Analysis.save` wrote.

    Parameters
    ----------
    folder : path
    image : path, Blot or ndarray, optional
        The pixels, where they are no longer at the place that the result names, or were an array. Only the very same
        ones are accepted.

    Returns
    -------
    Analysis
        Equal to the one that was saved. Its pixels are read again when they are asked for.

    Raises
    ------
    BlotError
        The folder is no result, is damaged or of a newer version, or `image` is another one.
    """
    folder = Path(folder)
    record = read_record(folder)
    check_schema(record, folder)
    try:
        source = source_from(record["image"])
        params = make_params(record["params"])
        layout = read_layout(record["layout"]) if record["layout"] else None
        geometry = lanes_from(record["geometry"])
        calibration = calibration_from(record["calibration"])
        edits = edits_from(record["edits"])
        templates = record.get("message_templates")
        messages = tuple(record["messages"]) if templates is None else tuple(map(told, templates))
    except (AttributeError, LookupError, ArithmeticError, TypeError, ValueError) as error:
        raise BlotError(f"{RECORD} is damaged ({type(error).__name__}: {error})", folder, "analyse again") from None
    text = {"lanes": (*LANE_TEXT, *extra_columns(layout)), **TEXT}

    def tables() -> Tables:
        return {name: _read_table(folder / f"{name}.csv", name, text[name]) for name in WHOLE_NUMBERS}

    blot = None
    path = _image_of(folder, source)
    if image is not None:
        blot = read_pixels(image, params)
        check_same(blot, source)
        path = Path(blot.source.path) if blot.source.path else None
    return Analysis(
        source=source,
        params=params,
        layout=layout,
        edits=edits,
        geometry=geometry,
        calibration=calibration,
        messages=messages,
        tables=tables,
        blot=blot,
        path=path,
    )


def _image_of(folder: Path, source: Source) -> Path | None:
    """Where the image is: at its place, else in the folder or beside it; None for an array."""
    if source.path is None:
        return None
    name = Path(source.name).name  # a name, wherever a damaged record would have it lead
    places = (Path(source.path), folder / name, folder.parent / name)
    return next((place for place in places if os.path.isfile(place)), places[0])


def _read_table(path: Path, name: str, text: Collection[str]) -> dict[str, list[Any]]:
    """Columns of a table as `csv_bytes` wrote it, whole numbers as such."""
    header = read_csv(path)
    columns = read_csv(path, [column for column in header if column not in text])
    for column in (*WHOLE_NUMBERS[name], *NEEDED_TEXT[name]):
        if column not in columns:
            raise BlotError(f"no column {column}", path, "run the analysis again")
    for column in WHOLE_NUMBERS[name]:
        columns[column] = [int(value) for value in columns[column]]
    return columns
