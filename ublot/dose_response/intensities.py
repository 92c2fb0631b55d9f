"""Polarisation and anisotropy from the intensities parallel and perpendicular to the exciting light."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ublot.inputs.concentrations import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ANISOTROPY", "POLARISATION", "anisotropy", "find_channels", "is_computed", "polarisation"]

POLARISATION = frozenset({"mp", "fp", "p", "polarisation", "polarization"})
ANISOTROPY = frozenset({"ma", "r", "anisotropy"})
"""Words of a response that say what it is."""

_SIDES = (
    frozenset({"parallel", "par", "ipar", "vv", "ivv"}),
    frozenset({"perpendicular", "perp", "iperp", "vh", "ivh"}),
)
_CHANNELS = (frozenset({"s", "channel"}), frozenset({"p", "channel"}))  # as EnVision names them
_BESIDE = frozenset(
    {"i", "intensity", "intensities", "fluorescence", "signal", "raw", "rfu", "channel", "counts", "a", "b"}
)


def find_channels(columns: Sequence[str]) -> tuple[str, str] | None:
    """Columns with the parallel and the perpendicular intensity; None unless both are there."""
    found = []
    # Wavelengths may stand beside.
    said = {c: {w for w in words_of(_spelt(c)) if not w.isdigit()} for c in columns}
    for side, channel in zip(_SIDES, _CHANNELS, strict=True):
        fits = [c for c, words in said.items() if (words & side and words <= side | _BESIDE) or words == channel]
        if not fits:
            return None
        found.append(fits[0])
    return found[0], found[1]


def _spelt(name: str) -> str:
    return name.replace("∥", " par ").replace("⊥", " perp ")


def is_computed(response: str) -> bool:
    """Whether a response is polarisation or anisotropy by its name."""
    words = set(words_of(response))
    return bool(words & (POLARISATION | ANISOTROPY))


def polarisation(parallel: float, perpendicular: float, g_factor: float = 1.0) -> tuple[float, float]:
    """``1000 (par - G perp) / (par + G perp)``, in mP, and the intensity that it is weighed by, ``par + G perp``.

    `g_factor` corrects for the unequal detection of both directions (Lakowicz 2006, section 10.4). NaN where there is
    no intensity.
    """
    return _of(parallel, g_factor * perpendicular, 1)


def anisotropy(parallel: float, perpendicular: float, g_factor: float = 1.0) -> tuple[float, float]:
    """``1000 (par - G perp) / (par + 2 G perp)``, in mA, and the total intensity ``par + 2 G perp``."""
    return _of(parallel, g_factor * perpendicular, 2)


def _of(parallel: float, perpendicular: float, weight: int) -> tuple[float, float]:
    intensity = parallel + weight * perpendicular
    return (1000 * (parallel - perpendicular) / intensity, intensity) if intensity > 0 else (math.nan, math.nan)
