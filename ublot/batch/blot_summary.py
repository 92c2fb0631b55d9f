"""What tables and page of a whole batch show of one blot: its highest score, its flags and a small picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.results.analysis import Analysis

__all__ = ["THUMBNAIL", "shown", "thumbnail"]

THUMBNAIL = "thumbnail.png"
THUMBNAIL_SHAPE = 120, 160  # at most, rows and columns


def shown(analysis: Analysis) -> dict[str, Any]:
    """What the page of the whole batch says about this blot."""
    from ublot.results.columns import extra_columns
    from ublot.scoring.primary import REACTED, by_area, lane_state, primary_quantity
    from ublot.wording.labels import lane_labels

    columns = analysis.columns["lanes"]
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    quantity = primary_quantity(rows, by_area=by_area(analysis.params))
    reacted = [(row, label) for row, label in zip(rows, lane_labels(rows), strict=True) if row["role"] in REACTED]
    scored = [(row, label) for row, label in reacted if math.isfinite(row[quantity])]
    samples = [(row, label) for row, label in scored if row["role"] in ("sample", "")]
    refused = any(lane_state(row) == "refused" for row, _ in reacted)
    best = max(samples or scored, key=lambda pair: float(pair[0][quantity]), default=None)
    flags: dict[str, int] = {}
    for row in rows:
        for name in filter(None, str(row["flags"]).split(";")):
            flags[name] = flags.get(name, 0) + 1
    return {
        "lanes": len(rows),
        "scored": len(scored),
        "refused": not scored and (refused or not rows),
        "background": analysis.params.background,
        "quantity": quantity,
        "highest": None if best is None else best[0][quantity],
        "highest_low": None if best is None else best[0][f"{quantity}_low"],
        "highest_high": None if best is None else best[0][f"{quantity}_high"],
        "highest_is": "" if best is None else best[1],
        "flags": flags,
        "messages": list(analysis.messages),
        "extra_columns": list(extra_columns(analysis.layout)),
    }


def thumbnail(signal: NDArray[Any]) -> bytes:
    """Small grey picture, protein dark, as PNG."""
    import cv2
    import numpy as np

    rows, cols = signal.shape
    scale = min(1.0, THUMBNAIL_SHAPE[0] / rows, THUMBNAIL_SHAPE[1] / cols)
    size = max(1, round(cols * scale)), max(1, round(rows * scale))
    small = cv2.resize(np.ascontiguousarray(signal), size, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, (5, 99.7))
    grey = 255.0 * (1.0 - (small - low) / max(float(high - low), 1e-9))
    return bytes(cv2.imencode(".png", np.clip(grey, 0, 255).astype(np.uint8))[1])
