"""The tables of the whole batch, written blot by blot, so that memory does not grow with their number."""

from __future__ import annotations

import math
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.batch import storage
from ublot.batch.done import read_done, read_lanes
from ublot.batch.lock import WORKSHOP
from ublot.errors import BlotError
from ublot.io.columns import csv_bytes
from ublot.option_words import told
from ublot.results.columns import LANE_COLUMNS, LANE_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ublot.batch.discovery import Item

__all__ = ["Failure", "extras_of", "results_of", "write_failures", "write_lanes", "writing"]

CHUNK = 2000  # rows of lanes.parquet held in memory, and of one of its row groups


@dataclass(frozen=True, slots=True)
class Failure:
    """A blot that could not be analysed.

    Attributes
    ----------
    image : str
        Its name in the batch.
    stage : str
        Where it happened: input, options, layout, a stage of the analysis, writing or worker.
    error : str
        Why, in one line.
    """

    image: str
    stage: str
    error: str


@contextmanager
def writing(out: str, name: str) -> Iterator[Path]:
    """Give a file to write to, which takes its place in `out` when the block has ended well.

    Raises
    ------
    BlotError
        The disk refuses.
    """
    local = None if storage.is_url(out) else Path(out, WORKSHOP)
    try:
        with tempfile.TemporaryDirectory(prefix="table-", dir=local) as scratch:
            file = Path(scratch, name)
            yield file
            storage.put(file, storage.child(out, name))
    except OSError as error:
        what = f"cannot write {name} ({error.strerror or error})"
        raise BlotError(what, out, "make room and run the same command again: what is done is kept") from None


def write_failures(out: str, failures: Sequence[Failure]) -> None:
    """Write ``failures.csv``; it has a header also when nothing failed."""
    columns = {name: [getattr(failure, name) for failure in failures] for name in ("image", "stage", "error")}
    with writing(out, "failures.csv") as file:
        file.write_bytes(csv_bytes(columns))


def extras_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Columns that layouts brought along, of all blots together, in order of their first appearance."""
    return list(dict.fromkeys(name for record in records for name in record["extra_columns"]))


def write_lanes(out: str, items: Iterable[Item], extras: Sequence[str]) -> int:
    """Write ``lanes.csv`` and ``lanes.parquet`` from the results of `items`.

    Parameters
    ----------
    out : str
        Place of the output folder.
    items : iterable of Item
        Those that are done. Column ``image`` holds their names in the batch, which are unique.
    extras : sequence of str
        See `extras_of`; empty for blots that have none.

    Returns
    -------
    int
        Rows written.
    """
    names = [*LANE_COLUMNS, *extras]
    header = csv_bytes({name: [] for name in names})
    count = 0
    with (
        writing(out, "lanes.csv") as csv_file,
        writing(out, "lanes.parquet") as parquet_file,
        csv_file.open("wb") as csv,
        _Parquet(parquet_file, extras) as parquet,
    ):
        csv.write(header)
        for item in items:
            columns = _columns(out, item, names)
            csv.write(csv_bytes(columns)[len(header) :])
            parquet.add(columns)
            count += len(columns["lane"])
        # Closed before `writing` moves them, in the reverse order of their opening.
    return count


def _columns(out: str, item: Item, names: Sequence[str]) -> dict[str, list[Any]]:
    found = read_lanes(storage.child(out, item.folder), list(LANE_TEXT))
    if "lane" not in found:
        raise BlotError("no column lane", storage.child(out, item.folder, "lanes.csv"), told("run again with {force}"))
    rows = len(found["lane"])
    empty: dict[bool, Any] = {True: math.nan, False: ""}
    columns = {name: found.get(name) or [empty[_is_number(name)]] * rows for name in names}
    return columns | {"image": [item.name] * rows, "lane": [int(lane) for lane in found["lane"]]}


def _is_number(name: str) -> bool:
    return name in LANE_COLUMNS and name not in LANE_TEXT


class _Parquet:
    """Row groups of `CHUNK` rows: text, whole lane numbers, floats that are null where the CSV is empty."""

    def __init__(self, path: Path, extras: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {name: pa.float64() if _is_number(name) else pa.string() for name in (*LANE_COLUMNS, *extras)}
        self._arrow = pa
        self._schema = pa.schema([(name, pa.int32() if name == "lane" else kind) for name, kind in kinds.items()])
        self._held: dict[str, list[Any]] = {name: [] for name in kinds}
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        """Add the rows of one blot."""
        for name, held in self._held.items():
            held.extend(columns[name])
        if len(self._held["lane"]) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        arrays = [
            self._arrow.array([None if _is_nan(v) else v for v in self._held[field.name]], field.type)
            for field in self._schema
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        for held in self._held.values():
            held.clear()

    def __enter__(self) -> _Parquet:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None and self._held["lane"]:
                self._flush()
        finally:
            self._writer.close()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def results_of(out: str, items: Iterable[Item]) -> Iterator[tuple[Item, dict[str, Any] | None]]:
    """What every result says about itself, None where it is not complete."""
    for item in items:
        yield item, read_done(storage.child(out, item.folder))
