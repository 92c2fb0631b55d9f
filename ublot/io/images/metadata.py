"""What a file says about its making, in the many dialects of imagers, under a few names.

No maker publishes what it writes into the text of a TIFF. So text is taken apart as what it looks like (XML, JSON,
lines of ``key = value``) and only keys whose meaning is beyond doubt are kept; anything else stays in the description.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

__all__ = ["said_by_ome", "said_by_text", "said_by_xml", "seconds"]

LONGEST, MOST = 400, 5000
"""Characters of a value, and pairs that are looked at."""

TEXT_BYTES = 1 << 22

NAMES = {
    "exposure": r"(total|actual|final)?(exposure|integration)(time|duration|length)?|exp(osure)?time",
    "exposures": r"exposures",
    "exposures_seam": r"exposuresseam",
    "binning": r"(camera|ccd|detector|hardware|pixel)?bin(ning)?(mode|factor|level|xy)?",
    "gain": r"(application|camera|ccd|analog|em)?gain(value)?",
    "channel": r"channel(name)?|(emission)?wavelength|(emission)?filter(name)?|laser(name)?|dye",
    "application": r"application(name)?|method(name)?|protocol(name)?",
    "model": r"(imager|instrument)(name|type|model)?|scanner(name|model)?|camera(name|model)|device(name)?",
    "serial": r"(instrument|imager|camera|device)?serial(number|no)?",
    "date": r"image(date|time)|acquisition(date|time|datetime)|capture(date|time|datetime)|scandate|acquired(on|at)?",
    "gamma": r"(display)?gamma(value|correction)?",
    "sensitivity": r"(voltage|pmt|pmtvoltage|sensitivity|intensity(setting)?)",
}
"""Name under which a fact is kept, and the keys that mean it: lower case, letters only, unit taken off."""

_UNIT = re.compile(r"[\s_(\[]+(ms|msec|milliseconds?|s|sec|secs|seconds?|min|minutes?)[)\]]*$", re.IGNORECASE)
_TIME = re.compile(
    r"^\s*([0-9]*[.,]?[0-9]+(?:e[+-]?[0-9]+)?)\s*(ms|msec|milliseconds?|µs|us|s|sec|secs|seconds?|min|minutes?|h|hours?)?\.?\s*$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^\s*(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)\s*$")
_LINE = re.compile(r"^\s*([A-Za-z][\w .()/\[\]-]{0,60}?)\s*[=:\t]\s*(\S.*)$")


def seconds(text: str, unit: str = "s") -> float:
    """Time in s that a text such as ``500 ms``, ``1/8``, ``0:02:30`` or ``(5, 2)`` states; NaN where it states none.

    Parameters
    ----------
    text : str
    unit : str
        Of a bare number.
    """
    ratio = re.fullmatch(r"\s*\(?\s*(\d+)\s*[,/]\s*(\d+)\s*\)?\s*", text)
    if ratio and ("/" in text or "(" in text):
        return int(ratio[1]) / int(ratio[2]) if int(ratio[2]) else math.nan
    clock = _CLOCK.match(text)
    if clock:
        return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3])
    found = _TIME.match(text)
    if not found:
        return math.nan
    value, stated = float(found[1].replace(",", ".")), (found[2] or unit).lower()
    factor = 1e-6 if stated[0] in "uµ" else 1e-3 if stated.startswith(("ms", "milli")) else 1.0
    factor = 60.0 if stated.startswith("min") else 3600.0 if stated.startswith("h") else factor
    return value * factor


def said_by_text(text: str) -> dict[str, str]:
    """Facts in a description, be it XML, JSON or lines.

    Returns
    -------
    dict of str to str
        Keys are those of `NAMES`; ``exposure`` is in seconds, as ``2.5 s``.
    """
    text = text[:TEXT_BYTES].strip("\x00 \r\n\t\ufeff")
    if text.startswith("<"):
        root = parse_xml(text)
        return said_by_xml(root) if root is not None else {}
    if text.startswith(("{", "[")):
        try:
            return _kept(_of_json(json.loads(text)))
        except (ValueError, RecursionError):
            return {}
    lines = (_LINE.match(line) for line in text[:65536].splitlines()[:MOST])
    return _kept((found[1], found[2]) for found in lines if found)


def parse_xml(text: str) -> ElementTree.Element | None:
    """Root of an XML text; None where it is none, or defines entities, with which a short text can fill the memory."""
    if "<!ENTITY" in text:
        return None
    try:
        # As bytes: a text that declares an encoding would be refused.
        declared = re.sub(r"^<\?xml[^>]*\?>", "", text)
        return ElementTree.fromstring(declared.encode("utf-8", "replace"))
    except (ElementTree.ParseError, RecursionError, ValueError):
        return None


def said_by_xml(root: ElementTree.Element) -> dict[str, str]:
    """Facts in an XML document: elements with text, attributes, and ``name`` beside ``value``."""
    return _kept(_of_xml(root))


def said_by_ome(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Facts of the first image of an OME document, and of each of its channels, in their order.

    Returns
    -------
    image : dict of str to str
        Also ``size_c``, ``size_z`` and ``size_t``.
    channels : list of dict
        With ``name``, ``exposure`` and ``binning`` where they are told.
    """
    root = parse_xml(text[:TEXT_BYTES])
    pixels = root.find(".//{*}Pixels") if root is not None else None
    if root is None or pixels is None:
        return {}, []
    image = {f"size_{axis.lower()}": pixels.get(f"Size{axis}", "1") for axis in "CZT"}
    for tag in ("Microscope", "Detector"):
        made = root.find(f".//{{*}}Instrument/{{*}}{tag}")
        if made is not None:
            image |= {key: made.attrib[name][:LONGEST] for key, name in (("make", "Manufacturer"), ("model", "Model"))
                      if made.get(name) and key not in image}  # fmt: skip
    date = root.findtext(".//{*}AcquisitionDate")
    if date:
        image["date"] = date.strip()[:LONGEST]
    channels: list[dict[str, str]] = []
    for at, channel in enumerate(pixels.findall("{*}Channel")[:MOST]):
        about: dict[str, str] = {}
        name = channel.get("Name") or channel.get("Fluor") or channel.get("EmissionWavelength")
        if name:
            about["name"] = name[:LONGEST]
        settings = channel.find("{*}DetectorSettings")
        if settings is not None and settings.get("Binning"):
            about["binning"] = settings.attrib["Binning"][:LONGEST]
        for plane in pixels.findall("{*}Plane")[:MOST]:
            if plane.get("TheC") == str(at) and plane.get("ExposureTime"):
                time = seconds(f"{plane.attrib['ExposureTime']} {plane.get('ExposureTimeUnit', 's')}")
                if math.isfinite(time):
                    about.setdefault("exposure", f"{time:g} s")
        channels.append(about)
    return image, channels


# ----------------------------------------------------------------------------------------------------------- pairs
def _of_xml(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for node, _ in zip(root.iter(), range(MOST), strict=False):
        tag = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
        value = node.get("value") or node.get("Value")
        if value is not None:
            # The tag is the programmer's name, `name` the one that is shown, often with the unit.
            yield node.get("name") or node.get("Name") or tag, value
            yield tag, value
        for key, text in node.attrib.items():
            yield key.rpartition("}")[2], text
        if node.text and node.text.strip():
            yield tag, node.text


def _of_json(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > 8:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _of_json(item, str(name), depth + 1)
    elif isinstance(value, list):
        for item in value[:MOST]:
            yield from _of_json(item, key, depth + 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield key, str(value)


def _kept(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """First value of every fact that a name in `NAMES` stands for."""
    found: dict[str, str] = {}
    for (key, value), _ in zip(pairs, range(MOST), strict=False):
        unit = _UNIT.search(key)
        plain = re.sub(r"[^a-z]", "", _UNIT.sub("", key).lower())
        text = " ".join(value.split())[:LONGEST]
        for name, meaning in NAMES.items():
            if name in found or not text or not re.fullmatch(meaning, plain):
                continue
            if name == "exposure":
                time = seconds(text, unit[1] if unit else "s")
                if not (math.isfinite(time) and time > 0):
                    continue
                text = f"{time:g} s"
            found[name] = text
    return found
