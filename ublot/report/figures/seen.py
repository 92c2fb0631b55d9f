"""The small picture of ``ublot inspect``: pictures on a page, the region, lanes and marker as they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ublot.errors import BlotError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ublot.model import Blot, Calibration, Lanes

__all__ = ["draw_seen", "save_seen"]

LONG = 900
"""Pixels along the longer side of the picture."""

GREEN, BLUE, ORANGE = (115, 158, 0), (178, 114, 0), (0, 159, 230)
"""Blue, green, red, as OpenCV has them: the colours of the other figures."""


def draw_seen(blot: Blot, lanes: Lanes, calibration: Calibration | None) -> NDArray[np.uint8]:
    """The blot, dark on light, with what was seen drawn into it.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    calibration : Calibration or None
        Its masses are written beside their bands, at the left of the region where they are of no lane.

    Returns
    -------
    ndarray of uint8, shape (rows, cols, 3)
        Blue, green, red.
    """
    scale = min(LONG / max(blot.shape), 4.0)
    size = (max(round(blot.shape[1] * scale), 1), max(round(blot.shape[0] * scale), 1))
    small = cv2.resize(blot.signal, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    low, high = (float(v) for v in np.percentile(small, (1, 99.5)))
    grey = 255 - np.clip((small - low) / max(high - low, 1e-12) * 255, 0, 255)
    out = cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2BGR)

    def at(x: float, row: float) -> tuple[int, int]:
        return round((x + 0.5) * scale), round((row + 0.5) * scale)

    def write(text: str, x: float, row: float, colour: tuple[int, int, int]) -> None:
        place = (at(x, row)[0], max(at(x, row)[1], 11))
        cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 3, cv2.LINE_AA)
        cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)

    for number, w in enumerate(blot.pictures, 1):
        cv2.rectangle(out, at(w.left, w.top), at(w.right - 1, w.bottom - 1), ORANGE, 2)
        write(f"panel {number}", w.left + 4 / scale, w.top + 14 / scale, ORANGE)
    if blot.roi is not None:
        cv2.rectangle(out, at(blot.roi.left, blot.roi.top), at(blot.roi.right - 1, blot.roi.bottom - 1), ORANGE, 1)
    rows = np.linspace(lanes.window.top, lanes.window.bottom - 1, 40)
    for lane in lanes:
        for side in (-0.5, 0.5):
            line = [at(float(x) + side * lane.width, float(r)) for x, r in zip(lane.centre(rows), rows, strict=True)]
            cv2.polylines(out, [np.array(line, np.int32)], False, GREEN, 1, cv2.LINE_AA)
        write(str(lane.number), float(lane.centre(rows[0])) - 3 / scale, rows[0] - 3 / scale, GREEN)
    if calibration is not None:
        own = next((k for k in lanes if k.number == calibration.lane), None)
        for row, mass in zip(calibration.rows, calibration.masses, strict=True):
            x = blot.window.left if own is None else float(own.centre(row)) + 0.5 * own.width
            cv2.line(out, at(x - 6 / scale, row), at(x, row), BLUE, 1, cv2.LINE_AA)
            write(f"{mass:g}", x + 2 / scale, row + 4 / scale, BLUE)
    return np.asarray(out, np.uint8)


def save_seen(blot: Blot, lanes: Lanes, calibration: Calibration | None, path: Path) -> None:
    """Write `draw_seen` as a PNG.

    Raises
    ------
    BlotError
        It cannot be written there.
    """
    done, data = cv2.imencode(".png", draw_seen(blot, lanes, calibration))
    try:
        if not done:
            raise OSError("the picture cannot be encoded")
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise BlotError(f"cannot be written ({error.strerror or error})", path, "choose another place") from None
