"""What a file is, and whether it may be quantified: the facts behind ``ublot inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.forensics.histogram import clipped_share
from ublot.quality import FLAGS, ordered, refuses

if TYPE_CHECKING:
    from ublot.model import Blot

__all__ = ["describe"]

CLIPPED = 0.01
"""Share of the pixels at the floor from which faint smear may be lost."""

OWN = ("levels", "why_polarity", "why_response", "why_ceiling")
"""Keys that reading adds to what the file says about itself."""


def describe(blot: Blot) -> dict[str, Any]:
    """Facts about one blot, in the order in which they are told, of types that JSON knows.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    dict
        ``flags`` is a list of dicts with ``name``, ``severity``, ``meaning`` and ``advice``; ``quantifiable`` is false
        where a flag forbids scores, and ``verdict`` says so in a sentence.
    """
    source, said = blot.source, blot.source.metadata
    flags = ordered(blot.flags)
    refusing = refuses(flags)
    share = 0.0 if blot.saturated is None else float(blot.saturated[blot.window.slices].mean())
    floor = _at_floor(blot)
    return {
        "file": source.path or source.name,
        "format": source.format,
        "size_bytes": source.size_bytes,
        "sha256": source.sha256,
        "rows": source.shape[0],
        "cols": source.shape[1],
        "dtype": source.dtype,
        "levels": said.get("levels", ""),
        "levels_distinct": _distinct(blot),
        "polarity": blot.polarity,
        "polarity_because": said.get("why_polarity", ""),
        "response": blot.response,
        "response_because": said.get("why_response", ""),
        "ceiling": blot.ceiling,
        "ceiling_because": said.get("why_ceiling", ""),
        "saturated_share": share,
        "floor_share": floor,
        "floor_note": "" if floor <= CLIPPED else "pixels at the floor; inside the membrane, faint smear is lost there",
        "metadata": {key: text for key, text in said.items() if key not in OWN},
        "flags": [_told(name) for name in flags],
        "quantifiable": not refusing,
        "verdict": _verdict(flags, refusing),
    }


def _distinct(blot: Blot) -> int | None:
    """How many levels are in use; None where interpolation made new ones. No two levels have the same signal."""
    return len(np.unique(blot.signal)) if blot.rotate % 90 == 0 else None


def _at_floor(blot: Blot) -> float:
    inside = blot.signal[blot.window.slices]
    if blot.valid is not None:
        inside = inside[blot.valid[blot.window.slices]]
    return clipped_share(np.asarray(inside)) if inside.size else 0.0


def _told(name: str) -> dict[str, str]:
    flag = FLAGS.get(name)
    if flag is None:
        return {"name": name, "severity": "warn", "meaning": "", "advice": ""}
    return {"name": name, "severity": flag.severity, "meaning": flag.meaning, "advice": flag.advice}


def _verdict(flags: tuple[str, ...], refusing: tuple[str, ...]) -> str:
    if refusing:
        first = FLAGS[refusing[0]]
        return f"not to be quantified: {first.meaning}; {first.advice}"
    warned = [name for name in flags if name in FLAGS and FLAGS[name].severity == "warn"]
    if warned:
        return "may be quantified with caution: " + "; ".join(FLAGS[name].meaning for name in warned)
    return "may be quantified"
