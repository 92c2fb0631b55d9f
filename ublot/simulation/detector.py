"""From light (1 is the detector's range) to the levels in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.simulation.settings import Settings

__all__ = ["ceiling_level", "expose", "see"]

#: Level of a camera in the dark, of 65535.
BLACK = 180.0
#: Electrons in a full pixel, and noise of reading one, in electrons.
FULL_WELL, READ_NOISE = 45_000.0, 14.0


def ceiling_level(settings: Settings) -> int | None:
    """Stored level at which the detector saturates; None for film, which only darkens more slowly."""
    return {"camera16": 65535, "camera12": 4095 * 16, "camera8": 255, "inverted16": 0, "jpeg8": 255}.get(
        settings.detector
    )


def see(light: NDArray[np.float32], settings: Settings) -> NDArray[np.float32]:
    """Through the lens: blur, far glare and dark corners. Blur and glare move light, they do not make any."""
    rows, cols = light.shape
    sharp = cv2.GaussianBlur(light, (0, 0), 0.7 * max(rows, 512) / 1024, borderType=cv2.BORDER_REPLICATE)
    if settings.glare:
        quarter = cv2.resize(light, (-(-cols // 8), -(-rows // 8)), interpolation=cv2.INTER_AREA)
        far = cv2.GaussianBlur(quarter, (0, 0), 0.02 * cols / 8, borderType=cv2.BORDER_REPLICATE)
        far = cv2.resize(far, (cols, rows), interpolation=cv2.INTER_LINEAR)
        sharp = (1 - settings.glare) * sharp + settings.glare * far
    if settings.halo:
        whole = np.asarray(sharp, np.float32)
        sharp = np.asarray((1 - settings.halo) * whole + settings.halo * _halo(whole, settings), np.float32)
    if settings.vignetting:
        y, x = np.ogrid[-1 : 1 : complex(0, rows), -1 : 1 : complex(0, cols)]
        sharp = sharp * (1 - 0.5 * settings.vignetting * (y * y + x * x)).astype(np.float32)
    return np.asarray(sharp, np.float32)


def _halo(light: NDArray[np.float32], settings: Settings) -> NDArray[np.float32]:
    """All light in halos about where it belongs: convolved with a Moffat function, at half the resolution."""
    rows, cols = light.shape
    small = cv2.resize(light, (-(-cols // 2), -(-rows // 2)), interpolation=cv2.INTER_AREA)
    reach = max(settings.halo_reach * cols / settings.lanes / 2, 0.5)
    radius = int(8 * reach) + 1
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    kernel = (1 + (y * y + x * x) / reach**2) ** -settings.halo_fall
    far = cv2.filter2D(small, -1, (kernel / kernel.sum()).astype(np.float32), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(far, (cols, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def expose(light: NDArray[np.float32], settings: Settings, rng: np.random.Generator) -> NDArray[np.generic]:
    """Levels as stored: noise of counting and reading, then the detector's own response.

    Film: optical density linear in light, or bending to ``settings.shoulder`` (``D = S (1 - exp(-d / S))``), scanned
    dark on light with the scanner's own noise. Every camera: linear with a black level, clipped at its ceiling.

    Returns
    -------
    ndarray of uint16 or uint8, the shape of `light`
    """
    electrons = FULL_WELL * np.maximum(light, 0)
    sigma = np.sqrt(electrons + READ_NOISE**2) / FULL_WELL
    noisy = light + rng.standard_normal(light.shape, np.float32) * sigma.astype(np.float32)
    if settings.detector == "film8":
        density = 2.2 * noisy
        if np.isfinite(settings.shoulder):
            density = settings.shoulder * (1 - np.exp(-density / settings.shoulder))
        scan = 240 * 10.0 ** -(0.03 + density) + rng.normal(0, 0.6, light.shape)
        return np.clip(np.round(scan), 0, 255).astype(np.uint8)
    levels = BLACK + noisy * (65535 - BLACK)
    if settings.detector == "camera12":
        return (np.clip(np.round(levels / 16), 0, 4095) * 16).astype(np.uint16)
    if settings.detector in ("camera8", "jpeg8"):
        return np.clip(np.round(levels / 257), 0, 255).astype(np.uint8)
    whole = np.clip(np.round(levels), 0, 65535).astype(np.uint16)
    return 65535 - whole if settings.detector == "inverted16" else whole
