"""``index.html``: one page for the whole batch, sortable and searchable, that opens offline."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ublot.batch.blot_summary import THUMBNAIL
from ublot.batch.joined_tables import writing
from ublot.flags import FLAGS, severity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ublot.batch.discovery import Item
    from ublot.batch.joined_tables import Failure

__all__ = ["write_page"]

OPENED_FIRST = ("report.html", "scores.png", "overlay.png", "lanes.csv")
TITLES = {
    "relative_hmw": "fraction over DMSO",
    "relative_hmw_area": "H area over DMSO",
    "hmw_fraction": "H / (H + U)",
}


def write_page(
    out: str,
    results: Iterable[tuple[Item, Mapping[str, Any]]],
    failures: Iterable[Failure],
    counts: Mapping[str, int],
    version: str,
) -> None:
    """Write the page, row by row.

    Parameters
    ----------
    out : str
        Place of the output folder.
    results : iterable of (Item, mapping)
        Blots that are done and what their ``done.json`` says.
    failures : iterable of Failure
    counts : mapping of str to int
        ``blots``, ``done``, ``refused`` and ``failed``.
    version : str
        Of ublot.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("ublot.batch", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    stream = environment.get_template("index.html.j2").stream(
        rows=_rows(results), failures=failures, counts=counts, version=version
    )
    stream.enable_buffering(64)
    with writing(out, "index.html") as file, file.open("wb") as target:
        stream.dump(target, encoding="utf-8")


def _rows(results: Iterable[tuple[Item, Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    for item, shows in results:
        base = quote(item.folder)
        best = shows["highest"] if _is_number(shows["highest"]) else None
        low, high = shows["highest_low"], shows["highest_high"]
        yield {
            "name": item.name,
            "link": f"{base}/{next((n for n in OPENED_FIRST if n in shows['files']), '')}",
            "picture": f"{base}/{THUMBNAIL}",
            "lanes": shows["lanes"],
            "scored": shows["scored"],
            "state": "refused" if shows["refused"] else "edited" if shows["flags"].get("edited") else "done",
            "score": best,
            "score_text": "" if best is None else f"{best:#.3g}",
            "interval": f"{low:#.3g} – {high:#.3g}"
            if best is not None and _is_number(low) and _is_number(high)
            else "",
            "what": f"{shows['highest_is']}, {TITLES[shows['quantity']]}" if best is not None else "",
            "why": " ".join(shows["messages"]) if best is None else "",
            "flags": [
                {
                    "name": name.replace("_", " "),
                    "lanes": count,
                    "severity": severity_of(name),
                    "meaning": FLAGS[name].meaning if name in FLAGS else "",
                }
                for name, count in shows["flags"].items()
            ],
        }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
