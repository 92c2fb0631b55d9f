"""Figures of one analysis: the blot with its lanes, the profiles, the scores.

They are matplotlib figures without a window (no pyplot, no global state), so that they can be drawn in any thread.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from ublot.report.overlay import overlay_figure
from ublot.report.panels import profiles_figure
from ublot.report.scores import scores_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["overlay_figure", "png_bytes", "profiles_figure", "scores_figure"]

DPI = 150


def png_bytes(figure: Figure, dpi: int = DPI) -> bytes:
    """Figure as a PNG file."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a compound's name in any script
        figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
