"""ublot in napari: opens blots, analyses them, shows lanes and scores."""

from __future__ import annotations

from ublot import __version__
from ublot_napari.view import open_viewer

__all__ = ["__version__", "open_viewer"]
