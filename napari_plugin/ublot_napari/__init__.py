"""ublot in napari: opens blots, analyses them, shows lanes and scores."""

from __future__ import annotations

from ublot import __version__
from ublot_napari.view import delete_windows, open_viewer

__all__ = ["__version__", "delete_windows", "open_viewer"]
