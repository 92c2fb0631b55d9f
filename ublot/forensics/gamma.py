"""What a file says about a gamma curve: levels that went through one are not linear in the light."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXIF_GAMMA", "ICC", "TRANSFER_FUNCTION", "XMP", "gamma_of_icc", "gamma_of_xmp", "gamma_said"]

USUAL = 1 / 2.2
"""What every program writes into a PNG whether it coded the levels or not: it tells nothing."""

SAME = 0.01

TRANSFER_FUNCTION, XMP, ICC, EXIF_GAMMA = 301, 700, 34675, 42240
"""Tags of TIFF and EXIF."""

LONGEST = 1 << 20
"""Bytes of a profile or an XMP packet that are looked at."""


def gamma_said(info: Mapping[Any, Any]) -> str:
    """In words, which gamma curve a file declares; empty where it declares none, or only the usual of a PNG.

    Parameters
    ----------
    info : mapping
        Pillow's ``image.info`` (``gamma``, ``icc_profile``, ``xmp``), or values by TIFF tag number.
    """
    for key in ("gamma", EXIF_GAMMA):
        value = _number(info.get(key))
        if value is not None and value > 0 and abs(value - 1) > SAME and not (key == "gamma" and _near(value, USUAL)):
            return f"gamma {value:.3g} declared"
    if _is_curved(info.get(TRANSFER_FUNCTION)):
        return "a transfer function declared"
    profile = info.get("icc_profile", info.get(ICC))
    gamma = gamma_of_icc(profile) if isinstance(profile, bytes) else None
    if gamma is not None and not _near(gamma, 1.0):
        return f"gamma {gamma:.3g} in the grey colour profile"
    packet = info.get("xmp", info.get("XML:com.adobe.xmp", info.get(XMP)))
    return gamma_of_xmp(packet) if isinstance(packet, bytes | str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, tuple) and len(value) == 2 and value[1]:
        value = value[0] / value[1]
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= SAME


def _is_curved(table: Any) -> bool:
    """Whether a transfer function (TIFF 6.0, tag 301) is anything but a straight line."""
    if table is None:
        return False
    values = np.asarray(table, np.float64).ravel()
    if len(values) < 3 or not values.max() > 0:
        return False
    straight = np.linspace(values[0], values[-1], len(values))
    return bool(np.abs(values - straight).max() > SAME * values.max())


def gamma_of_icc(profile: bytes) -> float | None:
    """Exponent of the tone curve of a grey profile (ICC.1, ``kTRC``); None for colour profiles and damaged ones.

    Colour profiles, sRGB above all, are attached to everything and tell nothing.
    """
    profile = profile[:LONGEST]
    if len(profile) < 132 or profile[16:20] != b"GRAY":
        return None
    count = struct.unpack_from(">I", profile, 128)[0]
    for k in range(min(count, 100)):
        entry = profile[132 + 12 * k : 144 + 12 * k]
        if len(entry) == 12 and entry[:4] == b"kTRC":
            offset, size = struct.unpack(">II", entry[4:])
            return _exponent(profile[offset : offset + size])
    return None


def _exponent(curve: bytes) -> float | None:
    if curve[:4] == b"para" and len(curve) >= 16:
        return float(struct.unpack_from(">i", curve, 12)[0]) / 65536
    if curve[:4] != b"curv" or len(curve) < 12:
        return None
    count = struct.unpack_from(">I", curve, 8)[0]
    if count == 0:
        return 1.0
    if count == 1:
        return float(struct.unpack_from(">H", curve, 12)[0]) / 256 if len(curve) >= 14 else None
    if len(curve) < 12 + 2 * count:
        return None
    at = count // 2
    middle = struct.unpack_from(">H", curve, 12 + 2 * at)[0] / 65535
    return float(np.log(middle) / np.log(at / (count - 1))) if 0 < middle < 1 else None


def gamma_of_xmp(packet: bytes | str) -> str:
    """In words, what Photoshop or Camera Raw wrote about tone in an XMP packet; empty where nothing."""
    text = packet[:LONGEST].decode("utf-8", "replace") if isinstance(packet, bytes) else packet[:LONGEST]
    profile = re.search(r"photoshop:ICCProfile(?:=\"|>)([^\"<]{0,80})", text)
    if profile and re.search(r"dot gain|gr[ae]y gamma (?!1\.0)", profile[1], re.IGNORECASE):
        return f"colour profile {profile[1]!r} of Photoshop"
    curve = re.search(r"crs:ToneCurveName(?:2012)?(?:=\"|>)([^\"<]{0,40})", text)
    if curve and curve[1].strip().lower() != "linear":
        return f"tone curve {curve[1]!r} of Camera Raw"
    return ""
