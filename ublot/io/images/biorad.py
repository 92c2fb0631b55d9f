"""Bio-Rad ``.1sc``, the files of Quantity One and early Image Lab."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from biorad1sc_reader import Reader

from ublot.errors import BlotError
from ublot.io.images.raw import Raw, check_size

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_1sc"]

PIXELS = 10
"""Number of the data block that holds the pixels."""

SUMMARY = {"Scanner Name": "model", "Quantity One": "software", "New Image Acquired": "acquired"}


FIELD_HEAD, FIELDS = 8, 100_000
"""Bytes of the head of a field, and how many fields are more than any scan has."""


class _CarefulReader(Reader):  # type: ignore[misc]
    """Reader that notices where a damaged file leads it round in circles."""

    steps = 0

    def _read_field_lite(self, byte_idx: int) -> Any:
        after, field = super()._read_field_lite(byte_idx)
        self.steps += 1
        # The end of a block is a field of type 0, which has no length.
        ends = field["type"] == 0 and after <= len(self.in_bytes)
        if not (ends or byte_idx + FIELD_HEAD <= after <= len(self.in_bytes)) or self.steps > FIELDS:
            raise ValueError(f"a field at byte {byte_idx} leads nowhere")
        return after, field


def read_1sc(path: Path, channel: int | None) -> Raw:
    """Decode a ``.1sc`` file.

    Raises
    ------
    BlotError
        For files that are truncated or damaged, or a `channel` other than 1.
    """
    if channel not in (None, 1):
        raise BlotError(f"there is no channel {channel}", path, "a .1sc file has one")
    data = path.read_bytes()
    try:
        reader = _CarefulReader(BytesIO(data))
        # The reader follows block pointers without looking whether they stay inside the file.
        if not reader.data_start or max(s + reader.data_len[k] for k, s in reader.data_start.items()) > len(data):
            raise BlotError("the .1sc file is truncated: its pixels end beyond the file", path, "copy it again")
        with redirect_stderr(StringIO()):  # where it is at a loss it prints what it was reading
            reader._get_img_size()
        rows, cols = int(reader.img_size_y), int(reader.img_size_x)
        check_size(rows, cols, path)
        start = reader.data_start[PIXELS]
        stored = np.frombuffer(data, np.dtype(reader.endian + "u2"), rows * cols, start)
        # Rows are stored from the bottom up.
        levels = np.ascontiguousarray(stored.reshape(rows, cols)[::-1], np.uint16)
        metadata = _metadata(reader)
    except BlotError:
        raise
    except Exception as error:  # the reader checks little and raises whatever it stumbles over
        raise BlotError(
            f"the .1sc file cannot be decoded ({type(error).__name__}: {error})",
            path,
            "export a 16-bit TIFF from the imager's software",
        ) from error
    return Raw(levels, "1sc", "uint16", metadata)


def _metadata(reader: Any) -> dict[str, str]:
    found = {"make": "Bio-Rad"}
    for key, text in reader.get_img_summary().items():
        if key in SUMMARY and text != key:
            found[SUMMARY[key]] = str(text)
        elif "xposure" in key:
            found["exposure"] = str(text)
    return found
