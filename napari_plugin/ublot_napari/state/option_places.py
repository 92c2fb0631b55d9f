"""What options are called, and where they are, for a person who has the panel and not the command line; no Qt here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ublot import BlotError, Params
from ublot.option_words import worded

if TYPE_CHECKING:
    from ublot.option_words import Option

__all__ = ["panel_words"]

ELSEWHERE = {
    "lanes": "the number of lanes (1 Lanes)",
    "layout": "the layout (2 Layout)",
    "marker_positions": "the marker's bands (3 Mass scale)",
    "force": "another folder",
    "out": "“Save the result elsewhere” (Export)",
}
"""What the panel has instead of options of the command line that are in none of its forms."""

PLACES = {
    "Blot": "1 Lanes > Options",
    "Mass and target": "3 Mass scale",
    "Assay": "5 Answer > Options",
    "Quantification": "5 Answer > Options",
}
"""Where the options of a group are in the panel."""


IN_TABLE = re.compile(r"^layout, row (\d+)")
"""Where something is in a layout that comes from no file: rows of files count the one with the names."""


def panel_words(said: str | Exception) -> str:
    """A message or an error with options under the names, and at the places, that they have in the panel."""
    if isinstance(said, BlotError):
        return IN_TABLE.sub(lambda found: f"2 Layout, line {int(found[1]) - 1}", str(said.line(_in_panel)))
    return worded(said, _in_panel) if isinstance(said, str) else f"This should not have happened: {said!r}"


def _in_panel(option: Option) -> str:
    if option.name in ELSEWHERE:
        return ELSEWHERE[option.name]
    field = Params.model_fields.get(option.name)
    if field is None:
        return f"{option} of the command line" if option.typed else str(option)
    more = field.json_schema_extra
    place = PLACES.get(str(more.get("group")), "") if isinstance(more, dict) else ""
    return f"“{field.title}”" + (f" ({place})" if place else "")
