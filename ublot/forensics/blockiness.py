"""Traces of JPEG in levels that no longer say so: borders of 8 x 8 blocks, and coefficients that were rounded.

Strong compression shows at the borders of the blocks. Weak compression (quality 90 and more) hides those in the noise,
but in each block the coefficients of the cosine transform still crowd at multiples of their quantisation step (Fan & de
Queiroz 2003, IEEE Transactions on Image Processing 12, 230). Both are seen at one phase of the 8 x 8 grid only, and the
other phases say what the picture looks like without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["blockiness", "coefficient_comb", "was_jpeg"]

BLOCK = 8

CV2_TYPES = (np.uint8, np.uint16, np.float32)

BLOCKY, BLOCKY_SURE = 0.05, 5.0
"""How much rougher block borders must be than the rest, and by how many standard errors: that alone keeps pictures that
never were a JPEG at 0."""

COMBED, ALONE = 4.5, 1.5
"""Evidence of rounded coefficients at the best phase of the grid, and how many times that of the second best it must
be. Pictures that never were a JPEG stay below 1.25 times."""

PIXELS = 1024
"""px along each side that block borders are looked for in, in the middle of the picture."""

TILE = 264
"""px along each side that coefficients are taken from: a thousand blocks at every phase."""

MODES = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (2, 1))
"""Vertical and horizontal frequency of the coefficients: the low ones, which are rounded least finely relative to what
the rounding of pixels adds."""

BINS_PER_UNIT, BINS = 4, 512
"""Of the histogram of a coefficient, which is taken modulo `BINS`."""

SLOWEST = 4
"""Lowest harmonic of that histogram: steps up to 32 levels."""


def was_jpeg(levels: NDArray[Any], *, coarse: bool) -> bool:
    """Whether the levels went through JPEG.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        As stored.
    coarse : bool
        There are 8 bits of them, whatever they are stored in. JPEG has no more: the fine test needs levels of that
        size.
    """
    top, left = (max((n - PIXELS) // 2, 0) for n in levels.shape)
    if blockiness(levels[top : top + PIXELS, left : left + PIXELS]) > BLOCKY:
        return True
    if not coarse:
        return False
    best, second = coefficient_comb(_as_eight_bits(_liveliest_tile(levels)))
    return best > COMBED and best > ALONE * second


def blockiness(levels: NDArray[Any]) -> float:
    """How much rougher the picture is across the borders of 8 x 8 blocks than elsewhere (0: not at all).

    At every pixel border the step is compared with the mean of the steps before and behind it; a JPEG has more of it at
    every eighth border, at one and the same phase all over the picture, along rows as along columns. The lesser of the
    two directions counts, and only where it is beyond its own scatter.
    """
    if min(levels.shape) < 4 * BLOCK:
        return 0.0
    picture = levels if levels.dtype in CV2_TYPES else levels.astype(np.float32)
    along = _blockiness_of(cv2.absdiff(picture[:, 1:], picture[:, :-1]), 0)
    return min(along, _blockiness_of(cv2.absdiff(picture[1:], picture[:-1]), 1)) if along > 0 else 0.0


def _blockiness_of(step: NDArray[Any], axis: int) -> float:
    """Blockiness from the sizes of the steps between neighbours, averaged along an axis."""
    rough = cv2.reduce(step, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
    per_border = rough[1:-1] - 0.5 * (rough[:-2] + rough[2:])
    periods = len(per_border) // BLOCK
    by_phase = per_border[: periods * BLOCK].reshape(periods, BLOCK)
    # The median over the periods passes over lane edges and drawn frames.
    middle = np.median(by_phase, axis=0)
    second, best = np.argsort(middle)[-2:]
    # A picture enlarged by repeating pixels is rough at every second or fourth border: only one phase alone is JPEG.
    alone = middle[best] - max(middle[second], 0.0)
    # Standard error of a median, from the median absolute deviation: edges would swell a standard deviation.
    error = 1.2533 * 1.4826 * np.median(np.abs(by_phase[:, best] - middle[best])) / np.sqrt(periods)
    typical = float(rough[1:-1].mean())
    if typical <= 0 or alone <= BLOCKY_SURE * error:
        return 0.0
    return float(alone / typical)


def _liveliest_tile(levels: NDArray[Any]) -> NDArray[Any]:
    """The tile out of nine whose noise is greatest: what is clipped or flat has no coefficients."""
    rows, cols = levels.shape
    tiles = [
        levels[top : top + TILE, left : left + TILE]
        for top in np.linspace(0, max(rows - TILE, 0), 3).astype(int)
        for left in np.linspace(0, max(cols - TILE, 0), 3).astype(int)
    ]
    return max(tiles, key=lambda tile: float(np.median(np.abs(np.diff(tile[::4].astype(np.float32), axis=1)))))


def _as_eight_bits(tile: NDArray[Any]) -> NDArray[np.float32]:
    """Levels by their rank where a wider type holds few of them: that undoes any stretching, also a crooked one."""
    if tile.dtype.itemsize == 1:
        return tile.astype(np.float32)
    return np.unique(tile, return_inverse=True)[1].reshape(tile.shape).astype(np.float32)


def _wave(frequency: int) -> NDArray[np.float32]:
    place = np.arange(BLOCK)
    height = np.sqrt(1 / BLOCK) if frequency == 0 else np.sqrt(2 / BLOCK)
    return np.asarray(height * np.cos((2 * place + 1) * frequency * np.pi / (2 * BLOCK)), np.float32)


def coefficient_comb(tile: NDArray[np.float32]) -> tuple[float, float]:
    """Evidence that cosine coefficients were rounded, at the best and the second best phase of the 8 x 8 grid.

    Parameters
    ----------
    tile : ndarray of float32, shape (rows, cols)
        Levels that differ by 1.

    Returns
    -------
    best, second : float
        Sum over coefficients of the logarithm of the strongest harmonic in their histogram, over its median of all
        phases: whatever else makes a comb (few levels, stretching) does so at all phases alike.
    """
    rows, cols = ((n - BLOCK) // BLOCK * BLOCK for n in tile.shape)
    if min(rows, cols) < 4 * BLOCK:
        return 0.0, 0.0
    phase = (np.arange(rows)[:, None] % BLOCK * BLOCK + np.arange(cols) % BLOCK).astype(np.int32) * BINS
    blocks = rows * cols / BLOCK**2
    evidence = np.zeros(BLOCK**2)
    fastest = BINS // BINS_PER_UNIT + 3  # a step of 1 level
    for down, across in MODES:
        # Anchored at the first pixel: the coefficient of the block that starts at each place.
        c = cv2.sepFilter2D(
            tile, cv2.CV_32F, _wave(across), _wave(down), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE
        )[:rows, :cols]
        bins = np.rint(c * BINS_PER_UNIT).astype(np.int32) & (BINS - 1)
        counts = np.bincount((phase + bins).ravel(), minlength=BLOCK**2 * BINS).reshape(BLOCK**2, BINS)
        power = np.abs(np.fft.rfft(counts, axis=1)[:, SLOWEST:fastest]) ** 2 / blocks
        usual = np.median(power, axis=0)
        evidence += np.log1p(np.maximum((power - usual) / (usual + 1), 0)).max(axis=1)
    second, best = np.sort(evidence)[-2:]
    return float(best), float(second)
