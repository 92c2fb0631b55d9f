"""Proteins that are ubiquitinated, and the modifiers that are attached to them, with their masses.

A mass here is the average mass of the unmodified polypeptide (initiator methionine included unless the note says
otherwise), summed over the UniProt sequence. What a band *looks like* on a gel may differ: tags, cleavage and odd
migration are the experiment's, and ``--target-kda`` sets any other number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from ublot.errors import BlotError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CIAP1", "MODIFIERS", "TARGETS", "UBIQUITIN", "Protein", "find_modifier", "find_target", "match_name"]


@dataclass(frozen=True)
class Protein:
    """One protein, as a mass on a gel.

    Attributes
    ----------
    name : str
    mass_kda : float
        Average mass of the polypeptide.
    accession : str
        UniProt accession of the human sequence.
    source : str
        What the mass was summed over.
    note : str
        What a user should know before relying on it.
    aliases : tuple of str
        Other names it is found under.
    """

    name: str
    mass_kda: float
    accession: str
    source: str
    note: str = ""
    aliases: tuple[str, ...] = field(default=(), repr=False)


def _whole(name: str, mass: float, accession: str, residues: int, *aliases: str, note: str = "") -> Protein:
    return Protein(name, mass, accession, f"UniProt {accession}, residues 1-{residues}", note, aliases)


def _mature(name: str, mass: float, accession: str, span: str, *aliases: str, note: str = "") -> Protein:
    return Protein(name, mass, accession, f"UniProt {accession}, mature chain, residues {span}", note, aliases)


CIAP1 = _whole("cIAP1", 69.9, "Q13490", 618, "BIRC2", "c-IAP1", "HIAP2")

CIAP1_B3R = Protein(
    "cIAP1-BIR3-RING",
    40.7,
    "Q13490",
    "UniProt Q13490, residues 260-618",
    "the BIR3-UBA-CARD-RING construct without any tag; where yours starts elsewhere, set the mass (113 Da per residue)",
    ("cIAP1-B3R", "cIAP1-BIR3-UBA-CARD-RING", "BIR3-UBA-CARD-RING"),
)

TARGETS: tuple[Protein, ...] = (
    CIAP1,
    CIAP1_B3R,
    _whole("cIAP2", 68.4, "Q13489", 604, "BIRC3", "c-IAP2", "HIAP1"),
    _whole("XIAP", 56.7, "P98170", 497, "BIRC4", "hILP"),
    _whole("ML-IAP", 32.8, "Q96CA5", 298, "BIRC7", "livin", "KIAP"),
    _whole("MDM2", 55.2, "Q00987", 491, "HDM2", note="runs near 90 kDa on SDS gels: set the mass you see"),
    _whole("p53", 43.65, "P04637", 393, "TP53", note="runs near 53 kDa on SDS gels: set the mass you see"),
    _whole("BTK", 76.3, "Q06187", 659),
    _whole("BCL-xL", 26.05, "Q07817", 233, "BCL2L1", note="runs near 30 kDa on SDS gels"),
    _whole("VHL", 24.2, "P40337", 213, "pVHL"),
    _whole("PCNA", 28.8, "P12004", 261, note="runs near 36 kDa on SDS gels: set the mass you see"),
)

UBIQUITIN = _mature("ubiquitin", 8.565, "P0CG48", "1-76", "Ub", note="one repeat of the polyprotein")

MODIFIERS: tuple[Protein, ...] = (
    UBIQUITIN,
    _mature("SUMO1", 11.0, "P63165", "2-97", "SMT3C", note="adds more than its mass to where a band runs, 15-20 kDa"),
    _mature("SUMO2", 10.6, "P61956", "1-93", "SMT3B", note="adds more than its mass to where a band runs, 15-20 kDa"),
    _mature("SUMO3", 10.5, "P55854", "1-92", "SMT3A", note="adds more than its mass to where a band runs, 15-20 kDa"),
    _mature("NEDD8", 8.56, "Q15843", "1-76", "Rub1"),
    _mature("ISG15", 17.1, "P05161", "1-157", "UCRP", "G1P2"),
)


def _key(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def match_name(name: str, table: Mapping[str, Sequence[str]], what: str, fix: str) -> str:
    """Find the key of `table` that `name` means, whatever its case, hyphens and spaces.

    Parameters
    ----------
    name : str
    table : mapping of str to sequence of str
        Names and their aliases.
    what : str
        What kind of name it is, for the message ("target").
    fix : str
        What to do instead, for the message.

    Returns
    -------
    str

    Raises
    ------
    BlotError
        The name is not in the table; the closest ones are listed, or all of them where none is close.
    """
    known = {_key(alias): key for key, aliases in table.items() for alias in (key, *aliases)}
    wanted = _key(str(name))
    if wanted in known:
        return known[wanted]
    close = list(dict.fromkeys(known[k] for k in get_close_matches(wanted, known, n=4, cutoff=0.6)))
    hint = f"did you mean {', '.join(close)}?" if close else f"known: {', '.join(table)};"
    raise BlotError(f"no {what} is called {str(name)!r}", what, f"{hint} {fix}")


def _find(name: str, proteins: Sequence[Protein], what: str) -> Protein:
    by_name = {p.name: p for p in proteins}
    fix = f"or give its mass with --{what}-kda"
    return by_name[match_name(name, {p.name: p.aliases for p in proteins}, what, fix)]


@lru_cache
def find_target(name: str) -> Protein:
    """Look up a target protein by name or alias, whatever its case and hyphens.

    Raises
    ------
    BlotError
        No such target; close names are listed.
    """
    return _find(name, TARGETS, "target")


@lru_cache
def find_modifier(name: str) -> Protein:
    """Look up a modifier (ubiquitin, SUMO, NEDD8, ISG15) by name or alias, whatever its case and hyphens.

    Raises
    ------
    BlotError
        No such modifier; close names are listed.
    """
    return _find(name, MODIFIERS, "modifier")
