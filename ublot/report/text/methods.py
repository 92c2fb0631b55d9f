"""The methods paragraph of a paper, written from what was actually done to this blot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ublot.report.text.references import Citations
from ublot.scoring.ratios import SCATTERS
from ublot.wording.words import count_text, series_text, wording

if TYPE_CHECKING:
    from ublot.inputs.params import Params

__all__ = ["Methods", "blot_methods", "statistics_sentences"]

Row = Mapping[str, Any]
NAMED = ("numpy", "scipy", "opencv-python-headless", "tifffile")


@dataclass(frozen=True)
class Methods:
    """Text to paste.

    Attributes
    ----------
    text : str
        One paragraph.
    references : tuple of str
        Numbered.
    """

    text: str
    references: tuple[str, ...]

    @property
    def whole(self) -> str:
        """Paragraph and references as plain text."""
        return "\n".join([self.text, "", *self.references]) if self.references else self.text


def blot_methods(
    analysis: Any, rows: Sequence[Row], versions: Mapping[str, str], shown: tuple[float, float] | None = None
) -> Methods:
    """Describe one analysis.

    Parameters
    ----------
    analysis : Analysis
        ``source``, ``blot``, ``params``, ``layout``, ``edits``, ``geometry``, ``calibration``, ``ladders`` are read.
    rows : sequence of mapping
        As in ``lanes.csv``.
    versions : mapping of str to str
        Of ublot, Python and libraries.
    shown : tuple of float, optional
        Signal shown white and black in the figure.
    """
    cite = Citations()
    ladders = analysis.ladders
    parts = [
        _software(versions, cite),
        _image(analysis),
        _lanes(analysis),
    ]
    if rows:
        parts += [
            _background(analysis, rows, cite),
            _calibration(analysis, rows, cite),
            _regions(analysis, ladders, rows, cite),
            *_scores(analysis.params, rows, cite),
            *statistics_sentences(analysis.statistics, rows, cite, blots=1),
            *_left_out(rows, analysis.params),
        ]
    if shown is not None:
        from ublot.wording.words import level_text

        parts.append(
            f"The blot is shown uncropped, linear in signal from {level_text(shown[0])} (white) to "
            f"{level_text(shown[1])} (black), without any other change of contrast."
        )
    return Methods(" ".join(part for part in parts if part), cite.lines)


def _software(versions: Mapping[str, str], cite: Citations) -> str:
    libraries = [f"{name} {versions[name]}" for name in NAMED if name in versions]
    python = f"Python {versions['python']}; " if "python" in versions else ""
    sources = cite("Harris 2020", "Virtanen 2020") if "scipy" in versions else ""
    inside = f" ({python}{', '.join(libraries)})" if libraries else ""
    name = " ".join(part for part in ("ublot", versions.get("ublot", "")) if part)
    return f"The blot was quantified with {name}{inside}{sources}."


def _image(analysis: Any) -> str:
    source, blot, params = analysis.source, analysis.blot, analysis.params
    depth = {"uint8": "8-bit", "uint16": "16-bit", "float32": "floating-point"}.get(source.dtype, source.dtype)
    rows, cols = source.shape
    kind = "array" if source.format == "array" else f"{source.format.upper()} image"
    how = {
        ("linear", "light-on-dark"): "its levels were taken as linear in the light detected",
        ("linear", "dark-on-light"): "its levels, white less the level stored, were taken as linear in the light "
        "detected",
        ("density", "dark-on-light"): "its levels were converted to optical density, -log10(level / white)",
        ("density", "light-on-dark"): "its levels were converted to optical density",
    }[blot.response, blot.polarity]
    decided = "as set by hand" if params.response != "auto" else "as decided from the file itself"
    text = f"The {depth} {kind} ({rows} × {cols} px) was used as stored; {how}, {decided}."
    if params.mirror:
        text += " It was flipped left to right."
    if params.rotate:
        text += f" It was turned by {params.rotate:g}° counter-clockwise."
    if params.roi is not None:
        r = params.roi
        text += f" Rows {r.top} to {r.bottom - 1} and columns {r.left} to {r.right - 1} were analysed."
    return text


def _lanes(analysis: Any) -> str:
    count = len(analysis.geometry)
    if not count:
        return "No lanes were found."
    if analysis.edits.lanes is not None:
        return f"The {count} lanes were placed by hand."
    given = analysis.layout is not None or analysis.params.lanes is not None
    known = "their number being given" if given else "their number found as well"
    return (
        f"The {count} lanes were located automatically ({known}) as tilted, bowed strips; a lane's profile is the mean "
        "over the central 70 % of its width, times its width, along its own centre line."
    )


def _background(analysis: Any, rows: Sequence[Row], cite: Citations) -> str:
    method = analysis.params.background
    text = {
        "gutter": "Background was taken from the membrane between the lanes at the same height, by joint regression of "
        "every row of pixels on lane shapes, learned from the blot itself, and a smooth membrane, its smoothness by "
        "restricted maximum "
        f"likelihood{cite('Wood 2011') if method == 'gutter' else ''}. Of the light that a band wider than its lane's "
        "shape had beside the central part, half was counted, and intervals hold from none to all of it.",
        "blank-lane": "Background was taken from the blank lanes at the same height.",
        "rolling-ball": "Background was removed by a rolling ball of 1.1 times the lane spacing"
        f"{cite('Sternberg 1983') if method == 'rolling-ball' else ''}, which removes part of a smear as well.",
        "arpls": "Background was estimated along each lane by asymmetrically reweighted penalised least squares"
        f"{cite('Baek 2015') if method == 'arpls' else ''}, which removes part of a smear as well.",
        "snip": "Background was estimated along each lane by iterative peak clipping (SNIP)"
        f"{cite('Morhac 2008') if method == 'snip' else ''}, which removes part of a smear as well.",
        "none": "No background was subtracted.",
    }[method]
    hazy = [int(row["lane"]) for row in rows if "haze_removed" in str(row.get("flags") or "").split(";")]
    if hazy:
        proof = "" if analysis.params.haze == "below" else ", as level above it as below,"
        text += (
            f" In {count_text(hazy)}, non-specific signal was measured below the unmodified band{proof} and subtracted "
            "along the whole lane (column haze_area)."
        )
    if any("halo_returned" in str(row.get("flags") or "").split(";") for row in rows):
        text += (
            " Light that strong bands spread along their lane was learned from what stands below the unmodified bands "
            "and between those of the marker, and given back to the bands, to both sides alike."
        )
    unsure = [int(row["lane"]) for row in rows if "background_unsure" in str(row.get("flags") or "").split(";")]
    if unsure:
        text += (
            f" In {count_text(unsure)}, the background disagreed with the lane's own level or with the gaps beside it "
            "(column background_off): the lower one was taken and the difference enters the intervals."
        )
    return text + " Negative values were kept."


def _calibration(analysis: Any, rows: Sequence[Row], cite: Citations) -> str:
    calibration, params = analysis.calibration, analysis.params
    if calibration is None:
        return "There was no mass calibration; the unmodified band was taken as the strongest one common to the lanes."
    bands = series_text(f"{mass:.3g}" for mass in calibration.masses)
    curve = f"by a monotone piecewise cubic of log10 mass against row{cite('Fritsch 1984')}"
    if analysis.edits.calibration is not None:
        return f"Masses were calibrated {curve} through bands assigned by hand ({bands} kDa)."
    if calibration.kind == "rungs":
        return (
            "In the absence of a marker, masses were calibrated on the ladder's own rungs, taken to stand one modifier "
            f"apart, {curve}."
        )
    if calibration.kind == "positions":
        return f"Masses were calibrated {curve} through given positions of marker bands ({bands} kDa)."
    lanes = [int(row["lane"]) for row in rows if row.get("role") == "marker"]
    name = f" ({params.marker})" if isinstance(params.marker, str) else ""
    where = f" in {count_text(lanes)}" if lanes else ""
    scatter = ""
    if math.isfinite(calibration.residual):
        scatter = f"; they scatter about a smooth curve by {100 * (10**calibration.residual - 1):.1f} % in mass"
    return f"Masses were calibrated {curve} through the marker{name}{where} ({bands} kDa{scatter})."


def _regions(analysis: Any, ladders: Sequence[Any], rows: Sequence[Row], cite: Citations) -> str:
    from ublot.inputs.params import masses_of

    params = analysis.params
    words = wording(params, rows)
    target, modifier = masses_of(params)
    text = (
        f"{words.target} ({target:g} kDa) carrying {words.modifier} ({modifier:g} kDa) was the signal from half a "
        "modifier above the unmodified band to the well edge (H)"
    )
    if params.antibody == "target":
        text += ", the unmodified band that below it (U)"
    moved = [lane for lane, _ in analysis.edits.boundary_rows]
    text += f"; the boundary was moved by hand in {count_text(moved)}." if moved else "."
    fitted = [ladder for ladder in ladders if ladder.fit is not None]
    if params.ladder and fitted:
        text += (
            " Signal was assigned to numbers of modifiers by fitting exponentially modified Gaussians"
            f"{cite('Kalambet 2011')} at the expected masses plus a smooth smear of B-splines{cite('Eilers 1996')}, "
            f"amplitudes by non-negative least squares{cite('Portugal 1994')}, positions and widths by variable "
            f"projection{cite('Golub 1973')} with what the lanes share as prior; numbers are apparent equivalents."
        )
    return text


def _scores(params: Params, rows: Sequence[Row], cite: Citations) -> list[str]:
    words = wording(params, rows)
    vehicles = [int(row["lane"]) for row in rows if row.get("role") == "vehicle"]
    if not vehicles:
        return [f"Intervals are 95 % and hold {_held(params)}."]
    groups = {str(row.get("group") or "") for row in rows if row.get("role") == "vehicle"}
    own = " of its own group" if len(groups) > 1 else ""
    if params.antibody == "modifier" or params.assay == "cells":
        load = {"none": "load", "total": "the lane's total signal"}.get(str(params.normalise), "the loading control")
        text = (
            f"Scores are H over {load}, relative to the mean of the {words.vehicle} lanes{own} "
            f"({count_text(vehicles)})."
        )
    else:
        text = (
            f"Scores are the modified fraction H / (H + U), relative to the mean of the {words.vehicle} lanes{own} "
            f"({count_text(vehicles)}) of the same blot."
        )
    low, high = float(SCATTERS[0]), float(SCATTERS[-1])
    return [
        text,
        f"Their 95 % intervals hold {_held(params)} and that of the mean of the {words.vehicle} lanes, whose scatter "
        f"was inferred from these and the blot's other vehicle lanes, every coefficient of variation from {low:.1%} to "
        f"{high:.0%}{cite('Lowry 2020')} being as likely beforehand on the log scale{cite('Jeffreys 1946')}.",
    ]


def _held(params: Params) -> str:
    """What the intervals of the areas hold; a plain cut knows less than a fit of the ladder."""
    cut = "" if params.ladder else "what may stand on the wrong side of the boundary, "
    return f"pixel noise, {cut}the uncertainty of the background"


def statistics_sentences(
    tables: Mapping[str, Mapping[str, Sequence[Any]]], rows: Sequence[Row], cite: Citations, *, blots: int
) -> list[str]:
    """What was tested and fitted; nothing about what was not.

    Parameters
    ----------
    tables : mapping of str to columns
        ``summary`` and ``dose_response``.
    rows : sequence of mapping
        Lanes.
    cite : Citations
    blots : int
        How many were joined.
    """
    out = []
    if any(math.isfinite(float(p)) for p in tables["summary"].get("p_vehicle", [])):
        units = set(tables["summary"].get("unit", ()))
        if "blots" in units:
            out.append(
                "The unit of evidence was the blot: every blot gave one difference of a condition from its own vehicle "
                "lanes, on the log (ratios) or log-odds (fractions) scale, and these were tested with Student's t over "
                f"the blots, adjusted for all conditions and times by rotation{cite('Langsrud 2005')}."
            )
        else:
            out.append(
                "Conditions with at least three independent reactions were compared with the vehicle by two-sided "
                "many-to-one tests on the log (ratios) or log-odds (fractions) scale, adjusted for the number of "
                f"conditions{cite('Dunnett 1955')}; they speak for this one blot."
            )
    fits = tables["dose_response"]
    if len(fits.get("status", ())):
        text = (
            "Dose-response was fitted by four-parameter logistic curves, data and curve transformed alike"
            f"{cite('Carroll 1984')}, the vehicle fixing the plateau without compound, after a test for any dose "
            f"effect{cite('Bretz 2005')}; EC50 values are reported where two doses or more lie beyond either "
            f"bend{cite('Sebaugh 2011')}"
        )
        text += ", with 95 % profile-likelihood intervals." if "ok" in fits["status"] else "."
        out.append(text)
    return out


def _left_out(rows: Sequence[Row], params: Params) -> list[str]:
    from ublot.scoring.primary import lane_state

    refused = [int(row["lane"]) for row in rows if lane_state(row) == "refused"]
    out = []
    if refused:
        which = count_text(refused)
        out.append(f"{which.capitalize()} {'was' if len(refused) == 1 else 'were'} refused by quality control.")
    if params.allow_unfit:
        out.append("Lanes that quality control refuses were scored by override.")
    return out
