"""From files to blots: one small module per family of formats, and the decisions about what levels mean."""

from __future__ import annotations

from ublot.io.reading import read_blot

__all__ = ["read_blot"]
