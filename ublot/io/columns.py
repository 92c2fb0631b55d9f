"""Columns of values: as a CSV file that is safe to open in a spreadsheet, read back from it, as rows or a DataFrame."""

from __future__ import annotations

import csv
import io
import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.io.cells import cell_text, neutral, original, shortest
from ublot.io.sheets import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

__all__ = ["as_frame", "csv_bytes", "read_csv", "records_of"]

BLOCK = 8192  # rows of numbers that are made text at a time: of a large scan there are hundreds of thousands


def csv_bytes(columns: Any, *, digits: int | None = None) -> bytes:
    """Columns as UTF-8 CSV.

    Parameters
    ----------
    columns : mapping of str to sequence, or DataFrame
        All of one length.
    digits : int, optional
        Significant digits of floats; by default as many as it takes to read the same number back.

    Returns
    -------
    bytes
        Comma separated, one header row, NaN and None empty. Text that a spreadsheet would run as a formula
        (it starts with ``= + - @`` and is not a number) gets a leading apostrophe.
    """
    names = [str(name) for name in columns]
    items = [v.tolist() if hasattr(v, "tolist") else list(v) for v in (columns[name] for name in columns)]
    kinds = [set(map(type, values)) for values in items]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([neutral(name) for name in names])
    if len(names) > 1 and digits is not None and all(kind in ({int}, {float}) for kind in kinds):
        # Numbers need no quotes, and there may be a hundred thousand: a whole row at once.
        style = ",".join("%d" if kind == {int} else f"%.{digits}g" for kind in kinds) + "\n"
        rows, parts = zip(*items, strict=True), [stream.getvalue().encode("utf-8", "replace")]
        while some := [style % row for row in islice(rows, BLOCK)]:
            parts.append("".join(some).replace("nan", "").encode())
        return b"".join(parts)
    else:
        cells = [_cells(values, kind, digits) for values, kind in zip(items, kinds, strict=True)]
        writer.writerows(zip(*cells, strict=True))
    # A file name that is no Unicode has halves of characters in it, which UTF-8 cannot hold.
    return stream.getvalue().encode("utf-8", "replace")


def read_csv(path: str | Path, numeric: Collection[str] = ()) -> dict[str, list[Any]]:
    """Read what `csv_bytes` wrote: columns by name, in order.

    Parameters
    ----------
    path : path
    numeric : collection of str
        Columns to turn into floats, NaN where empty; the others stay text, apostrophes undone.

    Raises
    ------
    BlotError
        Missing file, or one that `csv_bytes` did not write.
    """
    text = decode(Path(path), "table")
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        names = [original(name) for name in header]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return {
            name: [float(v) if v else math.nan for v in values] if name in numeric else [original(v) for v in values]
            for name, values in columns.items()
        }
    except (ValueError, IndexError, csv.Error) as error:
        raise BlotError(f"damaged table ({error})", path, "run the analysis again") from None


def as_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Columns as a DataFrame; pandas is loaded by whoever asks for one, not before."""
    import pandas as pd

    return pd.DataFrame(columns)


def records_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of plain columns, each as a mapping."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _cells(items: Sequence[Any], kinds: set[type], digits: int | None) -> list[str]:
    if kinds == {int}:
        return list(map(str, items))
    if kinds == {float} and digits is not None:
        style = f"%.{digits}g"
        return ["" if v != v else style % v for v in items]
    if kinds == {float}:
        return ["" if v != v else shortest(v) for v in items]
    return [neutral(v) if isinstance(v, str) else cell_text(v) for v in items]
