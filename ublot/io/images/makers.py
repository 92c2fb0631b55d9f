"""Who made a file, and whether files of that maker were ever met: `docs/formats.md` has the same in words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAKERS", "Maker", "maker_in_words", "maker_of"]

Met = Literal["file", "picture", "description", "never"]


@dataclass(frozen=True)
class Maker:
    """A maker of imagers or scanners.

    Attributes
    ----------
    name : str
    says : str
        Pattern of what its files say about themselves, in lower case.
    detector : {"camera", "scanner"}
        ``camera`` counts light, lasers included: linear. ``scanner`` sees light that a film or a gel let through.
    met : {"file", "picture", "description", "never"}
        Tried on a file as the instrument's software writes it; on pictures of that instrument that passed through
        another program; only on files written after the format's description; not at all.
    """

    name: str
    says: str
    detector: Literal["camera", "scanner"]
    met: Met = "never"

    @property
    def words(self) -> str:
        """For a person who has such a file."""
        return f"{self.name}: {_WORDS[self.met]}"


_WORDS: dict[Met, str] = {
    "file": "ublot was tried on files of this maker",
    "picture": "ublot was tried on pictures of this maker, but on none as its software writes it; compare a few levels",
    "description": "ublot read files of this maker only as their format is described; compare a few levels",
    "never": "ublot never met a file of this maker; compare a few levels with what its own software shows",
}

MAKERS = (
    Maker("Bio-Rad", r"bio-?rad|image ?lab|chemi ?doc|versadoc|gel ?doc(?! ?go)|quantity one", "camera", "file"),
    Maker(
        "Amersham, Cytiva or GE",
        r"imagequant|amersham|typhoon|molecular dynamics|las[- ]?[134]000",
        "camera",
        "description",
    ),
    Maker("LI-COR", r"odyssey|image ?studio|li-?cor|c-digit|empiria", "camera", "picture"),
    Maker("Azure", r"azure", "camera"),
    Maker("Invitrogen iBright", r"ibright", "camera"),
    Maker("ProteinSimple", r"fluor ?chem|alpha ?innotech|alphaview|proteinsimple", "camera", "file"),
    Maker("Vilber", r"fusion|vilber", "camera"),
    Maker("Syngene", r"g:?box|genesys|genetools|gene ?gnome|syngene", "camera"),
    Maker("another imager", r"chemistudio|visionworks|kodak image station|octopus", "camera"),
    Maker("a densitometer", r"gs-?[789]\d0|densitometer|imagescanner", "scanner"),
    Maker(
        "a flatbed scanner",
        r"epson|canoscan|scanjet|microtek|umax|silverfast|vuescan|scanwizard|plustek|perfection|twain|hp scan",
        "scanner",
        "picture",
    ),
)
"""In the order in which they are looked for, those of one instrument before those of many."""

SAID_IN = ("make", "model", "software", "document", "description")


BY_DESCRIPTION = ("scn",)
"""Formats of which no real file was met, whatever else of their maker was."""


def maker_of(metadata: Mapping[str, str]) -> tuple[Maker, str] | None:
    """The maker that a file names and the words by which it does; None where it names none, or both kinds of detector.

    Parameters
    ----------
    metadata : mapping
        What the file says.
    """
    said = " ".join(str(metadata.get(key, "")) for key in SAID_IN).lower()
    found = [(maker, match[0]) for maker in MAKERS if (match := re.search(maker.says, said))]
    return found[0] if len({maker.detector for maker, _ in found}) == 1 else None


def maker_in_words(metadata: Mapping[str, str], file_format: str) -> str:
    """Who made a file and whether its like was ever met; empty where it does not name its maker.

    Parameters
    ----------
    metadata : mapping
        What the file says.
    file_format : str
        As in its provenance.
    """
    found, named = maker_of(metadata), " ".join(str(metadata.get("make", "")).split())
    if found is None:
        return f"{named}: {_WORDS['never']}" if named else ""
    return (replace(found[0], met="description") if file_format in BY_DESCRIPTION else found[0]).words
