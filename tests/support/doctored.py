"""Pictures whose levels were tampered with, by other libraries than the project's own: what the gates must see."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage


def eight_bits(levels):
    """An 8-bit export of the full range in use."""
    if levels.dtype == np.uint8:
        return levels
    high = float(np.quantile(levels, 0.9999))
    return np.clip(np.rint(levels.astype(np.float32) * (255 / high)), 0, 255).astype(np.uint8)


def was_jpeg(levels, quality, crop=(0, 0)):
    """Levels that went through JPEG, cut off the grid of its blocks, and now say nothing of it."""
    file = io.BytesIO()
    Image.fromarray(eight_bits(levels)).save(file, "JPEG", quality=quality)
    return np.ascontiguousarray(np.array(Image.open(file))[crop[0] :, crop[1] :])


def colour_jpeg(levels, quality):
    """The same by way of a colour JPEG with halved colours, as office software writes it."""
    grey = eight_bits(levels)
    file = io.BytesIO()
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(file, "JPEG", quality=quality, subsampling=2)
    back = np.array(Image.open(file)).astype(np.float32)
    return np.rint(back @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8)


def widened(levels, gain=257.0):
    """8 bits in a 16-bit file."""
    return np.clip(np.rint(eight_bits(levels).astype(np.float64) * gain), 0, 65535).astype(np.uint16)


def stretched(levels, gain, offset=None):
    """Contrast stretched within the same number of bits."""
    top = np.iinfo(levels.dtype).max
    black = float(np.quantile(levels, 0.001)) if offset is None else offset
    return np.clip(np.rint((levels.astype(np.float64) - black) * gain), 0, top).astype(levels.dtype)


def curved(levels, gamma):
    """A gamma curve over the range in use."""
    top = float(levels.max())
    return np.rint(top * (levels.astype(np.float64) / top) ** gamma).astype(levels.dtype)


CV2 = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


def enlarged(levels, factor, how="cubic", size=1024):
    """The middle enlarged to about `size` px; ``spline`` is scipy's, ``pillow`` Pillow's bicubic."""
    part = [min(n, int(size / factor)) for n in levels.shape]
    top, left = ((n - p) // 2 for n, p in zip(levels.shape, part, strict=True))
    small = np.ascontiguousarray(levels[top : top + part[0], left : left + part[1]])
    if how == "spline":
        large = ndimage.zoom(small.astype(np.float32), factor, order=3)
    elif how == "pillow":
        wanted = tuple(int(n * factor) for n in small.shape[::-1])
        large = np.asarray(Image.fromarray(small.astype(np.float32)).resize(wanted, Image.Resampling.BICUBIC))
    else:
        large = cv2.resize(small, None, fx=factor, fy=factor, interpolation=CV2[how])
    return np.clip(np.rint(large), 0, np.iinfo(levels.dtype).max).astype(levels.dtype)


def half_from(levels, other, gain=1.0, offset=0.0, column=None):
    """The right part from another exposure."""
    out = levels.astype(np.float64)
    cut = int(0.53 * levels.shape[1]) if column is None else column
    out[:, cut:] = other[: levels.shape[0], cut : levels.shape[1]].astype(np.float64) * gain + offset
    return np.clip(np.rint(out), 0, np.iinfo(levels.dtype).max).astype(levels.dtype)


def lane_from(levels, other, gain=1.0, offset=0.0, left=0.4, width=0.09):
    """One lane from another exposure."""
    out = levels.astype(np.float64)
    a, b = int(left * levels.shape[1]), int((left + width) * levels.shape[1])
    out[:, a:b] = other[: levels.shape[0], a:b].astype(np.float64) * gain + offset
    return np.clip(np.rint(out), 0, np.iinfo(levels.dtype).max).astype(levels.dtype)


def pixel_noise(levels):
    """Standard deviation of the noise, from second differences along rows."""
    bend = np.diff(levels.astype(np.float32), 2, axis=1)
    return max(float(np.median(np.abs(bend))) / 0.6745 / np.sqrt(6), 0.5)


def lane_copied(levels, *, gain=1.0, noise=0.0, down=0, mirrored=False, width=0.075, seed=0):
    """A lane pasted over another one, brighter, noisier (in units of the noise), shifted or mirrored."""
    out = levels.astype(np.float64)
    cols = levels.shape[1]
    wide, source, target = int(width * cols), int(0.31 * cols), int(0.62 * cols)
    lane = out[:, source : source + wide]
    lane = np.roll(lane[:, ::-1] if mirrored else lane, down, axis=0)
    middle = np.median(out)
    rng = np.random.default_rng(seed)
    lane = (lane - middle) * gain + middle + rng.normal(size=lane.shape) * noise * pixel_noise(levels)
    out[:, target : target + wide] = lane
    return np.clip(np.rint(out), 0, np.iinfo(levels.dtype).max).astype(levels.dtype)


def denoised(levels, size=3):
    """What a smoothing filter leaves."""
    return cv2.medianBlur(levels, size)


def blurred(levels, sigma=1.2):
    """What unsharp optics or a smoothing filter leave."""
    smooth = cv2.GaussianBlur(levels.astype(np.float32), (0, 0), sigma)
    return np.rint(smooth).astype(levels.dtype)


def turned(levels, degrees):
    """Rotated in another program, corners filled with the median."""
    rows, cols = levels.shape
    matrix = cv2.getRotationMatrix2D((cols / 2, rows / 2), degrees, 1.0)
    fill = float(np.median(levels))
    return cv2.warpAffine(levels, matrix, (cols, rows), flags=cv2.INTER_LINEAR, borderValue=fill)
