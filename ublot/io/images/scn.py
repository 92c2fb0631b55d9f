"""Bio-Rad ``.scn``, the scans of Image Lab, and ``.mscn`` with several channels.

The format is not published. What is read here are facts that readers in use agree on (Bio-Formats' `BioRadSCNReader`
names the fields and the coding): a MIME document whose parts are XML or raw samples. At the top stand a header
(``ItemHeaderTag``), one multipart for each channel (``ScanImageTag0``, ...) and the protocol. A channel holds its
samples (``ImageData``, row by row from the top, neither coded nor compressed) and what the imager noted
(``ImageHeader``): ``size_pix``, ``endian``, ``scanner`` with ``max_value`` and ``data_ceiling``, and
``scan_attributes``.

Samples are binary: they may spell a boundary by chance, so their ``Content-Length`` is trusted. That of XML parts is
not: Image Lab is known to state some bytes too many.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from ublot.errors import BlotError
from ublot.io.images.metadata import said_by_xml
from ublot.io.images.raw import Raw, check_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_scn"]

PARTS, HEADER_BYTES, XML_BYTES = 1000, 1 << 16, 1 << 24
"""More than any scan has; beyond, a file is damaged or hostile."""

BYTE_LEVELS = 256
"""``max_value`` up to which samples are single bytes."""

EXPORT = "export a 16-bit TIFF from Image Lab"


@dataclass(frozen=True)
class _Part:
    """A leaf of the document: its headers, in which multipart it stands, and where its content starts and ends."""

    headers: Mapping[str, str]
    group: int
    start: int
    end: int

    def holds(self, kind: str) -> bool:
        return self.headers.get("content-type", "").lower().startswith(kind)


@dataclass(frozen=True)
class _Picture:
    """One channel: its samples and its header."""

    samples: _Part
    header: ElementTree.Element


def read_scn(path: Path, channel: int | None) -> Raw:
    """Decode one channel of a ``.scn`` file.

    Parameters
    ----------
    path : Path
    channel : int, optional
        Counted from 1; the first where not given.

    Raises
    ------
    BlotError
        For files that are truncated or damaged, or do not hold `channel`.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            parts = list(_leaves(data))
            pictures = _pictures(data, parts)
            several = len(pictures) > 1 and channel is None
            if not 1 <= (channel or 1) <= len(pictures):
                raise BlotError(f"there is no channel {channel}", path, f"the file has {len(pictures)}")
            picture = pictures[(channel or 1) - 1]
            levels = _levels(data, picture, path)
            metadata = _metadata(data, parts, pictures, picture)
            _check_coding(picture.header)
        except BlotError as error:
            raise BlotError(error.what, path, error.fix) from error
        except Exception as error:  # what a damaged header holds instead of a number fails in many ways
            raise BlotError(
                f"the .scn file cannot be decoded ({type(error).__name__}: {error})", path, EXPORT
            ) from error
    return Raw(
        levels,
        "scn",
        str(levels.dtype),
        metadata,
        ceiling=_ceiling(picture.header),
        flags=("first_page",) if several else (),
    )


# ------------------------------------------------------------------------------------------------------- container
def _leaves(data: mmap.mmap) -> Iterator[_Part]:
    """Parts that are no multipart themselves, in the order of the file."""
    headers, at = _headers(data, 0)
    boundaries = [_boundary(headers)]
    if not boundaries[0]:
        raise BlotError("the .scn file is damaged: it names no boundary", None, EXPORT)
    group = 0
    for _ in range(PARTS):
        at = _after_delimiter(data, at, boundaries)
        if at < 0:
            return
        headers, start = _headers(data, at)
        inner = _boundary(headers)
        if inner:
            group, at = group + 1, start
            if inner not in boundaries:
                boundaries.append(inner)
            continue
        end = _end(data, headers, start, boundaries)
        yield _Part(headers, group, start, end)
        at = end
    raise BlotError(f"the .scn file is damaged: it has more than {PARTS} parts", None, EXPORT)


def _headers(data: mmap.mmap, at: int) -> tuple[dict[str, str], int]:
    """Header lines by lower-case name, and where the blank line behind them ends."""
    ends = [(found, len(blank)) for blank in (b"\r\n\r\n", b"\n\n") if (found := data.find(blank, at)) >= 0]
    if not ends or min(ends)[0] - at > HEADER_BYTES:
        raise BlotError("the .scn file is truncated or damaged: a part has no header", None, EXPORT)
    end, blank = min(ends)
    lines = data[at:end].decode("latin-1").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip().lower(): text.strip() for name, text in pairs}, end + blank


def _boundary(headers: Mapping[str, str]) -> bytes:
    """Boundary that a multipart declares; empty for other parts."""
    kind = headers.get("content-type", "")
    found = re.search(r'boundary="([^"]+)"|boundary=([^\s;"]+)', kind) if "multipart" in kind.lower() else None
    return (found[1] or found[2]).encode("latin-1") if found else b""


def _after_delimiter(data: mmap.mmap, at: int, boundaries: list[bytes]) -> int:
    """Where the header of the next part starts, -1 where none is left; closing delimiters are passed over."""
    while True:
        found = [(p, p + 2 + len(b)) for b in boundaries if (p := data.find(b"--" + b, at)) >= 0]
        if not found:
            return -1
        # The longest, where one boundary is the start of another.
        first = min(p for p, _ in found)
        after = max(end for p, end in found if p == first)
        if data[after : after + 2] != b"--":
            return after
        at = after + 2


def _end(data: mmap.mmap, headers: Mapping[str, str], start: int, boundaries: list[bytes]) -> int:
    declared = headers.get("content-length", "")
    stated = start + int(declared) if declared.isdecimal() else None
    binary = "octet-stream" in headers.get("content-type", "").lower()
    if binary and stated is not None:
        return stated
    found = [p for b in boundaries if (p := data.find(b"\n--" + b, start)) >= 0]
    return min(found, default=len(data))


# --------------------------------------------------------------------------------------------------------- content
def _pictures(data: mmap.mmap, parts: list[_Part]) -> list[_Picture]:
    """Samples with the header of their own multipart."""
    found = []
    for samples in (part for part in parts if part.holds("application/octet-stream")):
        headers = (_xml(data, p) for p in parts if p.group == samples.group and p.holds("text/xml"))
        header = next((root for root in headers if root is not None and root.find(".//size_pix") is not None), None)
        if header is not None:
            found.append(_Picture(samples, header))
    if not found:
        raise BlotError("the .scn file holds no picture with its size", None, EXPORT)
    return found


def _xml(data: mmap.mmap, part: _Part) -> ElementTree.Element | None:
    """Root of an XML part; None where it is no XML."""
    if part.end - part.start > XML_BYTES:
        return None
    text = data[part.start : part.end].strip(b"\x00\r\n\t ")
    # Real headers define no entities; defining them is how a short text is made to fill the memory.
    if b"<!ENTITY" in text:
        raise BlotError("the .scn file is damaged: its header defines entities", None, EXPORT)
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None


def _levels(data: mmap.mmap, picture: _Picture, where: Path) -> NDArray[Any]:
    size = picture.header.find(".//size_pix")
    assert size is not None
    rows, cols = int(size.attrib["height"]), int(size.attrib["width"])
    check_size(rows, cols, where)
    scanner = picture.header.find(".//scanner")
    largest = float(scanner.get("max_value", "nan")) if scanner is not None else float("nan")
    held = min(picture.samples.end, len(data)) - picture.samples.start
    bytes_each = 1 if largest <= BYTE_LEVELS and held < 2 * rows * cols else 2
    if held < bytes_each * rows * cols:
        raise BlotError("the .scn file is truncated: its pixels end beyond the file", where, "copy it again")
    order = ">" if (picture.header.findtext(".//endian") or "little").strip().lower() == "big" else "<"
    stored = np.fromfile(where, f"{order}u{bytes_each}", rows * cols, offset=picture.samples.start)
    return stored.reshape(rows, cols).astype(f"u{bytes_each}", copy=False)


def _check_coding(header: ElementTree.Element) -> None:
    """Refuse a scan of another maker's imager that Image Lab imported as it was coded.

    Of a Molecular Dynamics ``.gel`` it keeps the square roots and notes them as ``scaler/moldyn`` (openreadout's notes
    on the format, from one such file): levels that are read as they stand would be compressed.
    """
    if header.find(".//scaler/moldyn") is not None:
        what = "the .scn file holds an imported .gel scan, whose levels are coded as square roots"
        raise BlotError(what, None, "give the .gel file itself")


def _ceiling(header: ElementTree.Element) -> float | None:
    """Level at which the imager saturates, as it says itself."""
    scanner = header.find(".//scanner")
    for name in ("data_ceiling", "max_value"):
        text = scanner.get(name, "") if scanner is not None else ""
        if text.isdecimal() and int(text) > 0:
            return float(text)
    return None


def _metadata(data: mmap.mmap, parts: list[_Part], pictures: list[_Picture], picture: _Picture) -> dict[str, str]:
    found = {"make": "Bio-Rad", **said_by_xml(picture.header)}
    maker = re.search(rb"\((Generated by )?([^)\r\n]{1,100})\)", data[:256])
    if maker:
        found["software"] = maker[2].decode("latin-1").strip()
    names = [said_by_xml(one.header).get("application", "") for one in pictures]
    if len(pictures) > 1:
        found["channels"] = ", ".join(f"{i} {name}".strip() for i, name in enumerate(names, 1))
    for part in parts:
        root = _xml(data, part) if part.holds("text/xml") and part.end > part.start else None
        logs = [node for node in root.iter() if "audit" in str(node.tag).lower()] if root is not None else []
        text = " ".join(" ".join(logs[0].itertext()).split()) if logs else ""
        if text:
            found.setdefault("audit", text[:500])
    return found
