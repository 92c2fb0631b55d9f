"""One sheet with the lanes of many images: a layout with a column ``image``."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ublot.batch import storage
from ublot.errors import BlotError
from ublot.inputs.layout import Layout, is_layout_header, read_layout
from ublot.io.tables import Table, read_table, table_from_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ublot.batch.discovery import Item

__all__ = ["LayoutSheet", "count_names", "read_common"]

IMAGE = "image"


@dataclass(frozen=True)
class LayoutSheet:
    """The layout given for the whole batch.

    Attributes
    ----------
    layout : Layout or None
        One for all images; None where there is a sheet with a column ``image``.
    rows : mapping of str to Table
        Of such a sheet: the rows of each image, by the name in the sheet.
    name : str
        Of the file, for messages.
    """

    layout: Layout | None = None
    rows: dict[str, Table] = field(default_factory=dict)
    name: str = ""

    def of(self, item: Item, items_by_name: dict[str, int]) -> Table | Layout | BlotError | None:
        """Lanes of one image; an error where the sheet does not have it or names it in an ambiguous way.

        Parameters
        ----------
        item : Item
        items_by_name : dict of str to int
            How many images each of their names stands for, see `count_names`.
        """
        if not self.rows:
            return self.layout
        for name in names_of(item):
            if name in self.rows:
                if items_by_name[name] > 1:
                    what = f"{name!r} in column {IMAGE} stands for {items_by_name[name]} images"
                    return BlotError(what, self.name, f"write {item.name!r}")
                return self.rows[name]
        near = difflib.get_close_matches(item.name, self.rows, 1)
        hint = f"; is it meant by {near[0]!r}?" if near else ""
        return BlotError(f"no rows for image {item.name!r}{hint}", self.name, f"add its lanes, with column {IMAGE}")

    def unused(self, items_by_name: dict[str, int]) -> list[str]:
        """Images of the sheet that are not among the inputs."""
        return [name for name in self.rows if name not in items_by_name]


def names_of(item: Item) -> list[str]:
    """What a sheet may call an image, the most exact first: path, file name, both without suffix, in any case."""
    path = PurePosixPath(item.name)
    return list(dict.fromkeys(n.casefold() for n in (item.name, path.name, str(path.with_suffix("")), path.stem)))


def count_names(items: Iterable[Item]) -> dict[str, int]:
    """How many images each name stands for."""
    count: dict[str, int] = {}
    for item in items:
        for name in names_of(item):
            count[name] = count.get(name, 0) + 1
    return count


def read_common(source: Any) -> LayoutSheet:
    """Read the layout given for the whole batch.

    Parameters
    ----------
    source : path, URL, DataFrame, list of mappings, Layout or None
        With a column ``image``: the lanes of many images in one sheet. Without: the lanes of every image.

    Raises
    ------
    BlotError
        It cannot be read, or a row names no image.
    """
    if source is None:
        return LayoutSheet()
    if isinstance(source, Layout):
        return LayoutSheet(source)
    table = _as_table(source)
    column = next((name for name in table.columns if name.casefold() == IMAGE), None) if table is not None else None
    if table is None or column is None:
        return LayoutSheet(read_layout(source if table is None else table))
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for index, cells in table.rows:
        if not cells[column]:
            raise BlotError("the image is empty", f"{table.name}, row {index}, column {column}", "name it in every row")
        rest = {name: text for name, text in cells.items() if name != column}
        rows.setdefault(cells[column].replace("\\", "/").casefold(), []).append((index, rest))
    columns = tuple(name for name in table.columns if name != column)
    if not rows:
        raise BlotError("the sheet has no rows", table.name, "write one row per lane of each image")
    return LayoutSheet(
        None, {n: Table(table.name, columns, tuple(r), table.decimal_comma) for n, r in rows.items()}, table.name
    )


def _as_table(source: Any) -> Table | None:
    """Cells as text; None for what only `read_layout` can judge."""
    if isinstance(source, str | Path):
        place = storage.absolute(source)
        if not storage.is_url(place):
            return read_table(source, "layout", is_layout_header)
        with tempfile.TemporaryDirectory(prefix="ublot-") as scratch:
            try:
                return read_table(storage.fetch(place, Path(scratch)), "layout", is_layout_header)
            except OSError as error:
                raise BlotError(storage.missing_or_unreachable(error), place, "give a CSV file") from None
    if isinstance(source, list) and source and all(hasattr(record, "keys") for record in source):
        names = list(dict.fromkeys(name for record in source for name in record))
        return table_from_columns("layout", {name: [record.get(name) for record in source] for name in names})
    if hasattr(source, "columns") or hasattr(source, "keys"):
        return table_from_columns("layout", {key: source[key] for key in source})
    return None
