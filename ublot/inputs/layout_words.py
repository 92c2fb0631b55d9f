"""Columns and roles of a layout in the words that people use for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from ublot.inputs.concentrations import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "COLUMNS",
    "ROLES",
    "Role",
    "bare_name",
    "column_meant",
    "role_meant",
    "roles_of_names",
    "said_as_control",
    "vehicle_name",
]

Role = Literal["marker", "vehicle", "sample", "negative", "blank", "ignore"]
ROLES: tuple[str, ...] = get_args(Role)
COLUMNS = ("lane", "role", "compound", "concentration_nM", "time_min", "replicate", "group", "load")

_COLUMN_WORDS = {
    **dict.fromkeys(("lane no", "lane nr", "lane number", "lane num", "lane id", "lanes", "track"), "lane"),
    **dict.fromkeys(("roles", "lane role", "lane type", "sample type", "sample role"), "role"),
    **dict.fromkeys(("drug", "cmpd", "cpd", "treatment", "inhibitor", "substance", "sample", "samples"), "compound"),
    **dict.fromkeys(("sample name", "compound name", "compound id", "drug name", "molecule"), "compound"),
    **dict.fromkeys(("minutes", "mins", "time minutes", "time mins", "incubation min", "timepoint min"), "time_min"),
    **dict.fromkeys(("rep", "repl", "replicate no", "repeat"), "replicate"),
}
_ROLE_COLUMNS = ("type", "kind", "control")
"""Headers that stand for the role where every cell below them is one, and for something else where not."""

_ROLE_WORDS = {
    **dict.fromkeys(
        ("markers", "ladder", "mw", "mwm", "mw marker", "mw ladder", "mass marker", "size marker"), "marker"
    ),
    **dict.fromkeys(("protein ladder", "protein marker", "protein standard", "protein standards"), "marker"),
    **dict.fromkeys(("molecular weight", "molecular weight marker", "standard", "standards", "std"), "marker"),
    **dict.fromkeys(("veh", "solvent", "solvent control", "vehicle ctrl", "vehicle control"), "vehicle"),
    **dict.fromkeys(("samples", "test", "treated", "treatment", "compound", "drug", "unknown"), "sample"),
    **dict.fromkeys(("neg", "negative control", "negative ctrl", "neg control", "neg ctrl"), "negative"),
    **dict.fromkeys(("t0", "t=0", "t = 0", "time 0", "time zero"), "negative"),
    **dict.fromkeys(("blanks", "empty", "empty lane", "sample buffer", "loading buffer", "buffer", "nothing"), "blank"),
    **dict.fromkeys(("ignored", "skip", "exclude", "excluded"), "ignore"),
}
_WITHOUT = re.compile(r"(no|minus|without|w/o|[-–−])\s*(atp|e1|e2|e3|enzymes?|ub|ubiquitin)")
_CONTROL = ("control", "ctrl", "ctl", "controls")


def bare_name(name: str) -> str:
    """A name whatever its case and its marks between words: ``Concentration (nM)`` is ``concentration_nm``."""
    return re.sub(r"[\s_.()\[\]-]+", "_", name.casefold()).strip("_")


_KNOWN = {bare_name(name): name for name in COLUMNS}


def column_meant(name: str, cells: Sequence[str] = ()) -> str:
    """Column of a layout that a header surely stands for, empty where it is none.

    Parameters
    ----------
    name : str
    cells : sequence of str
        What stands below it.
    """
    known = _KNOWN.get(bare_name(name)) or _COLUMN_WORDS.get(" ".join(words_of(name)))
    if known is None and " ".join(words_of(name)) in _ROLE_COLUMNS:
        filled = [cell for cell in cells if cell]
        known = "role" if filled and all(map(role_meant, filled)) else None
    return known or ""


def said_as_control(role: str) -> bool:
    """Whether a lane is called a control, and not of what."""
    return _plain(role) in _CONTROL


def role_meant(role: str, compound: str = "") -> str:
    """Role that a cell names, empty where it names none.

    A control that is not said to be one of what is the vehicle, unless its compound says otherwise.
    """
    plain = _plain(role)
    if plain in ROLES:
        return plain
    if plain in _CONTROL:
        return _role_word(_plain(compound)) if compound and not said_as_control(compound) else "vehicle"
    return _role_word(plain)


def _role_word(plain: str) -> str:
    if _WITHOUT.fullmatch(plain):
        return "negative"
    known = plain if plain in ROLES else _ROLE_WORDS.get(plain, "")
    return known or ("vehicle" if vehicle_name(plain, "DMSO") else "")


def roles_of_names(names: Sequence[str]) -> list[str] | None:
    """Roles that names of lanes tell where nothing else does: ``MW``, ``DMSO``, ``no ATP``; the others are samples.

    None where no name tells a vehicle: nothing would be relative to it. A lane without a name has no role.
    """
    roles = [role_meant(name) or "sample" if name else "" for name in names]
    return roles if "vehicle" in roles else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"_|\.(?!\d)", " ", text).split()).casefold()


def vehicle_name(name: str, vehicle: str) -> bool:
    """Whether a compound is the vehicle: its name, also with a percentage or the word vehicle beside it."""
    plain, wanted = " ".join(name.split()).casefold(), " ".join(vehicle.split()).casefold()
    if plain == wanted:
        return True
    bare = re.sub(r"\d+([.,]\d+)?\s*%|\(v/v\)|v/v|\b(vehicle|solvent|control|ctrl|only|final)\b", " ", plain)
    return re.sub(r"[\s()\[\],;:/_-]+", " ", bare).strip() == wanted or plain in {"vehicle", "vehicle control"}
