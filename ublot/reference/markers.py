"""Molecular-mass standards by name, and any list of masses as a standard.

Apparent masses of prestained proteins depend on the gel: the ones here are what the maker states for the system in
`Marker.gel`; on another one a few bands may be off by 5-10 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ublot.errors import BlotError
from ublot.reference.proteins import match_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DNA_LADDERS", "HEAVIEST", "LIGHTEST", "MARKERS", "Marker", "find_marker"]

LIGHTEST, HEAVIEST = 0.1, 100_000.0
"""kDa; no gel shows a protein beyond."""

_TRIS_GLYCINE = "Tris-glycine SDS gel; prestained bands shift a little on Bis-Tris and Tris-acetate gels"
_ANY = "unstained bands, true masses: hardly depends on the gel"


@dataclass(frozen=True)
class Marker:
    """A molecular-mass standard.

    Attributes
    ----------
    name : str
    masses : tuple of float
        kDa, strictly descending.
    source : str
        Maker and catalogue number, or ``"given"``.
    gel : str
        The gel system the masses hold for.
    aliases : tuple of str
    """

    name: str
    masses: tuple[float, ...]
    source: str
    gel: str = ""
    aliases: tuple[str, ...] = field(default=(), repr=False)


_PRECISION = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0, 15.0, 10.0)

MARKERS: tuple[Marker, ...] = (
    Marker(
        "precision-plus",
        _PRECISION,
        "Bio-Rad Precision Plus Protein: 1610373 All Blue, 1610374 Dual Color, 1610375 Kaleidoscope, 1610376 WesternC, "
        "1610363 Unstained",
        _TRIS_GLYCINE,
        (
            "precision-plus-protein",
            "precision-plus-all-blue",
            "precision-plus-dual-color",
            "precision-plus-dual-colour",
            "precision-plus-kaleidoscope",
            "precision-plus-westernc",
            "precision-plus-unstained",
            "kaleidoscope",
        ),
    ),
    Marker("precision-plus-dual-xtra", (*_PRECISION, 5.0, 2.0), "Bio-Rad 1610377", _TRIS_GLYCINE, ("dual-xtra",)),
    Marker("pageruler", (180, 130, 100, 70, 55, 40, 35, 25, 15, 10), "Thermo Scientific 26616", _TRIS_GLYCINE,
           ("pageruler-prestained",)),
    Marker("pageruler-plus", (250, 130, 100, 70, 55, 35, 25, 15, 10), "Thermo Scientific 26619", _TRIS_GLYCINE,
           ("pageruler-plus-prestained",)),
    Marker("pageruler-unstained", (200, 150, 120, 100, 85, 70, 60, 50, 40, 30, 25, 20, 15, 10),
           "Thermo Scientific 26614", _ANY),
    Marker("spectra-br", (260, 140, 100, 70, 50, 40, 35, 25, 15, 10), "Thermo Scientific 26623 and 26634, Multicolor "
           "Broad Range", _TRIS_GLYCINE, ("spectra", "spectra-multicolor", "spectra-multicolor-broad-range")),
    Marker("spectra-hr", (300, 250, 180, 130, 100, 70, 50, 40), "Thermo Scientific 26625, Multicolor High Range",
           "Tris-acetate or low-percentage Tris-glycine SDS gel", ("spectra-high-range",)),
    Marker("magicmark-xp", (220, 120, 100, 80, 60, 50, 40, 30, 20), "Invitrogen LC5602", _ANY, ("magicmark",)),
    Marker("seeblue-plus2", (198, 98, 62, 49, 38, 28, 17, 14, 6, 3), "Invitrogen LC5925",
           "NuPAGE Bis-Tris gel in MES buffer; give the masses by hand for another gel"),
    Marker("novex-sharp", (260, 160, 110, 80, 60, 50, 40, 30, 20, 15, 10, 3.5), "Invitrogen LC5800 and LC5801",
           "nearly the same on Tris-glycine, Bis-Tris and Tris-acetate gels", ("novex-sharp-prestained",)),
    Marker("himark", (460, 268, 238, 171, 117, 71, 55, 41, 31), "Invitrogen LC5699, prestained",
           "3-8 % Tris-acetate gel", ("himark-prestained",)),
    Marker("supersignal", (150, 100, 80, 60, 50, 40, 30, 20), "Thermo Scientific 84785", _ANY),
    Marker("chameleon-duo", (260, 160, 125, 90, 70, 50, 38, 30, 25, 15, 8), "LI-COR 928-60000",
           "Bis-Tris gel in MOPS or MES buffer"),
    Marker("neb-color", (250, 180, 130, 95, 72, 55, 43, 34, 26, 17, 10), "New England Biolabs P7719, Broad Range",
           _TRIS_GLYCINE, ("neb-color-prestained", "neb-p7719", "p7719")),
    Marker("neb-blue", (250, 180, 130, 95, 72, 55, 43, 34, 26, 17, 11), "New England Biolabs P7718, Broad Range",
           _TRIS_GLYCINE, ("neb-blue-prestained", "neb-p7718", "p7718")),
    Marker("rainbow", (225, 150, 102, 76, 52, 38, 31, 24, 17, 12), "Cytiva Amersham ECL Rainbow RPN800E, full range",
           _TRIS_GLYCINE, ("ecl-rainbow", "rpn800e")),
    Marker("cst-color", (250, 190, 134, 100, 80, 57, 46, 32, 25, 22, 17, 11), "Cell Signaling 14208", _TRIS_GLYCINE,
           ("cell-signaling-14208",)),
)  # fmt: skip


_BP = "agarose gel; base pairs, not kDa"

DNA_LADDERS: tuple[Marker, ...] = (
    Marker("1 kb DNA ladder", (10000, 8000, 6000, 5000, 4000, 3000, 2000, 1500, 1000, 500),
           "New England Biolabs N3232", _BP),
    Marker("100 bp DNA ladder", (1517, 1200, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100),
           "New England Biolabs N3231", _BP),
    Marker("GeneRuler 1 kb DNA ladder", (10000, 8000, 6000, 5000, 4000, 3500, 3000, 2500, 2000, 1500, 1000, 750, 500,
           250), "Thermo Scientific SM0311", _BP),
    Marker("GeneRuler 100 bp Plus DNA ladder", (3000, 2000, 1500, 1200, 1000, 900, 800, 700, 600, 500, 400, 300, 200,
           100), "Thermo Scientific SM0321", _BP),
    Marker("lambda DNA cut with HindIII", (23130, 9416, 6557, 4361, 2322, 2027, 564), "New England Biolabs N3012", _BP),
)  # fmt: skip
"""Ladders that are no masses at all: to tell that a lane is no protein marker."""


def _numbers(marker: str | Iterable[float]) -> list[float] | None:
    """Read the masses in `marker`, or None where it is a name."""
    if isinstance(marker, str):
        parts = [p for p in marker.replace(";", ",").split(",") if p.strip()]
        try:
            numbers = [float(p) for p in parts]
        except ValueError:
            return None
        return numbers or None
    try:
        return [float(m) for m in marker]
    except (TypeError, ValueError):
        raise BlotError(f"{marker!r} is not a list of masses", "marker", "give kDa, e.g. 250,150,100,75") from None


def find_marker(name_or_masses: str | Iterable[float] | Marker) -> Marker:
    """Look up a standard by its name, or make one from its masses.

    Parameters
    ----------
    name_or_masses : str, iterable of float or Marker
        ``"precision-plus"`` (case, hyphens and spaces do not matter), ``"250,150,100,75"`` or ``[250, 150, 100, 75]``;
        masses in kDa, in any order.

    Returns
    -------
    Marker

    Raises
    ------
    BlotError
        An unknown name (all are listed where none is close), a mass that is not positive, one given twice, or fewer
        than two.
    """
    if isinstance(name_or_masses, Marker):
        return name_or_masses
    numbers = _numbers(name_or_masses)
    if numbers is None:
        by_name = {m.name: m for m in MARKERS}
        table = {m.name: m.aliases for m in MARKERS}
        return by_name[match_name(str(name_or_masses), table, "marker", "or give its masses, e.g. 250,150,100,75")]
    shown = ",".join(f"{n:g}" for n in numbers)
    if not all(math.isfinite(n) and n > 0 for n in numbers):
        raise BlotError(f"masses must be positive kDa, got {shown}", "marker", "e.g. 250,150,100,75")
    if not all(LIGHTEST <= n <= HEAVIEST for n in numbers):
        what = f"masses must be from {LIGHTEST:g} to {HEAVIEST:,.0f} kDa, got {shown}"
        raise BlotError(what, "marker", "e.g. 250,150,100,75")
    if len(set(numbers)) < len(numbers):
        raise BlotError(f"a mass is given twice in {shown}", "marker", "name every band once")
    if len(numbers) < 2:
        raise BlotError(f"at least 2 masses are needed, got {shown or 'none'}", "marker", "e.g. 250,150,100,75")
    return Marker(shown, tuple(sorted(numbers, reverse=True)), "given")
