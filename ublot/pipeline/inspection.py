"""What a file is, and whether it may be quantified: the facts behind ``ublot inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import FLAGS, ordered, refuses, severity_of
from ublot.forensics.histogram import clipped_share
from ublot.io.images.makers import maker_in_words
from ublot.pipeline.pixels import membranes_of
from ublot.wording.lane_lists import lane_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params
    from ublot.model import Blot, Window
    from ublot.pipeline.stages import Stages

__all__ = ["describe", "inspect_blot"]

OWN = ("levels", "why_polarity", "why_response", "why_ceiling", "white", "full_white")
"""Keys that reading adds to what the file says about itself."""

OF_LANES = (
    "saturated_heavily",
    "hollow_band",
    "lanes_touching",
    "saturated",
    "lane_at_edge",
    "crop_tight",
    "background_unsure",
)
"""Flags of lanes that are about the picture's fitness. What else an analysis flags is about its result."""

LOCAL = ("copied", "spliced")
"""Flags of which reading says in the metadata, by their names, where in the picture they were seen."""

BACKGROUND = "gutter"
"""The method that an analysis uses where nothing else is asked for."""


def describe(blot: Blot, layout: Layout | None = None, params: Params | None = None) -> dict[str, Any]:
    """Facts about one blot, in the order in which they are told, of types that JSON knows.

    Its lanes are found and measured as ``ublot analyze`` does with the same options, and meet the same gates.

    Parameters
    ----------
    blot : Blot
    layout : Layout, optional
    params : Params, optional
        The options of an analysis; those that enter when the image is read are in `blot` already.

    Returns
    -------
    dict
        ``flags`` is a list of dicts with ``name``, ``severity``, ``meaning``, ``advice``, ``source``, ``lanes``
        (numbers, empty where it is of the whole region) and ``where`` (in words, empty where it is all over);
        ``pictures`` lists regions as ``R0:R1,C0:C1``, and ``membranes`` those of several in one picture;
        ``quantifiable`` is false where no lane may be scored, and ``verdict`` says so in a sentence, or which lanes may
        not.

    Raises
    ------
    BlotError
        The layout does not fit the picture.
    """
    return inspect_blot(blot, layout, params)[0]


def inspect_blot(
    blot: Blot, layout: Layout | None = None, params: Params | None = None
) -> tuple[dict[str, Any], Stages]:
    """The facts of `describe`, and the stages that they rest on."""
    source, said = blot.source, blot.source.metadata
    stages = _stages(blot, layout, params)
    flags, loaded = _flags(stages, layout)
    inside = None if blot.saturated is None else blot.saturated[blot.window.slices]
    fit, verdict = _verdict(flags, loaded)
    if blot.roi is not None:
        verdict = f"{verdict} (rows and columns {_region(blot.roi)})"
    facts = {
        "file": source.path or source.name,
        "format": source.format,
        "size_bytes": source.size_bytes,
        "sha256": source.sha256,
        "maker": maker_in_words(said, source.format),
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
        "saturated_share": 0.0 if inside is None else float(inside.mean()),
        "floor_share": _at_floor(blot),
        "region": "" if blot.roi is None else _region(blot.roi),
        "pictures": [_region(w) for w in blot.pictures],
        "membranes": [_region(w) for w in membranes_of(blot)],
        "lanes": len(stages.geometry),
        "metadata": {key: text for key, text in said.items() if key not in (*OWN, *LOCAL)},
        "flags": [_told(name, lanes, said) for name, lanes in flags.items()],
        "quantifiable": fit,
        "verdict": verdict,
    }
    return facts, stages


def _region(window: Window) -> str:
    return f"{window.top}:{window.bottom},{window.left}:{window.right}"


def _stages(blot: Blot, layout: Layout | None, params: Params | None) -> Stages:
    from ublot.inputs.edits import Edits
    from ublot.inputs.params import make_params
    from ublot.pipeline.stages import run_stages

    return run_stages(blot, layout, params or make_params(None), Edits())


def _flags(stages: Stages, layout: Layout | None) -> tuple[dict[str, list[int]], list[int]]:
    """Flags by name with the lanes they are of, none for those of the whole image, and all lanes that are scored."""
    from ublot.model import SCORED

    of_image, flagged = set(stages.image_flags), dict[str, list[int]]()
    loaded = [s.lane for s in stages.scores if layout is None or layout.of(s.lane).role in SCORED]
    for score in stages.scores:
        for name in dict.fromkeys(score.flags) if score.lane in loaded else ():
            if name in OF_LANES and name not in of_image:
                flagged.setdefault(name, []).append(score.lane)
    return {name: flagged.get(name, []) for name in ordered(of_image, flagged)}, loaded


def _distinct(blot: Blot) -> int | None:
    """How many levels are in use; None where interpolation made new ones. No two levels have the same signal."""
    return len(np.unique(blot.signal)) if blot.rotate % 90 == 0 else None


def _at_floor(blot: Blot) -> float:
    inside = blot.signal[blot.window.slices]
    if blot.valid is not None:
        inside = inside[blot.valid[blot.window.slices]]
    return clipped_share(np.asarray(inside)) if inside.size else 0.0


def _told(name: str, lanes: list[int], said: Mapping[str, str]) -> dict[str, Any]:
    flag = FLAGS.get(name)
    words = {key: getattr(flag, key, "") for key in ("meaning", "advice", "source")}
    where = said.get("channels" if name == "dyes_merged" else name, "") if name in (*LOCAL, "dyes_merged") else ""
    return {"name": name, "severity": severity_of(name), **words, "lanes": lanes, "where": where}


def _verdict(flags: dict[str, list[int]], loaded: Sequence[int]) -> tuple[bool, str]:
    """Whether any lane may be scored, and a sentence about it."""
    refusing = refuses(flags)
    whole = [name for name in refusing if not flags[name]]
    refused = sorted({lane for name in refusing for lane in flags[name]})
    if whole or (refused and len(refused) == len(loaded)):
        first = FLAGS[whole[0] if whole else max(refusing, key=lambda name: len(flags[name]))]
        return False, f"not to be quantified: {first.meaning}; {first.advice}"
    if not loaded:
        return False, f"not to be quantified: {FLAGS['no_lanes'].meaning}; {FLAGS['no_lanes'].advice}"
    if refused:
        why = "; ".join(f"{FLAGS[name].meaning}; {FLAGS[name].advice}" for name in refusing)
        return True, f"may be quantified but for {lane_ranges(refused)}: {why}"
    warned = [name for name in flags if severity_of(name) == "warn"]
    if warned:
        return True, "may be quantified with caution: " + "; ".join(FLAGS[name].meaning for name in warned)
    return True, "may be quantified"
