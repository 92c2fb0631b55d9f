"""The values that flow from stage to stage, all frozen.

Coordinates: an image is ``(rows, cols)``, row 0 is the top, where the wells are; pixel centres lie at integers; row and
column intervals are half-open. After ``read_blot`` every ``row_px`` and ``x_px`` counts in the whole (rotated) image,
also when a region of interest is set. Areas are in signal x px^2, masses in kDa.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["UNKNOWN", "Background", "Blot", "Calibration", "Interval", "Lane", "Lanes", "Profile", "Source", "Window"]

Z95 = 1.959963984540054
"""Standard deviations of a normal distribution to either side that hold 95 % of it."""

SCORED = ("vehicle", "sample", "negative")
"""Roles of the lanes that reacted, or might have: those that get a score."""

TILES = 512  # along the longer side of a picture, at least, where there are so many pixels
BAND = 32  # rows of means that are made at once: their pixels stay in the processor's cache


@dataclass(frozen=True)
class Window:
    """A half-open rectangle of pixels: rows ``top <= r < bottom``, columns ``left <= c < right``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def mid_row(self) -> float:
        """Row at mid-height, where ``x_px`` of a lane is stated."""
        return 0.5 * (self.top + self.bottom - 1)

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True)
class Source:
    """Where the pixels came from.

    Attributes
    ----------
    name : str
        File name without its folder (``"array"`` for pixels given in memory).
    sha256 : str
        Of the file's bytes, or of the array's bytes.
    size_bytes : int
    format : str
        ``tiff``, ``png``, ``jpeg``, ``gif``, ``bmp``, ``1sc``, ``scn``, ``gel`` or ``array``.
    dtype : str
        Of the stored samples, e.g. ``uint16``.
    shape : tuple of int
        Rows and columns as stored, before rotation.
    path : str, optional
        As given.
    lossy : bool
        The samples went through a lossy compression that the file itself declares.
    metadata : mapping
        Instrument, software, exposure and the like, as text.
    """

    name: str
    sha256: str
    size_bytes: int
    format: str
    dtype: str
    shape: tuple[int, int]
    path: str | None = None
    lossy: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Blot:
    """One blot as a linear signal.

    Attributes
    ----------
    signal : ndarray of float32, shape (rows, cols)
        Positive where there is protein, linear in what the detector saw, its black level still in it.
    saturated : ndarray of bool, shape (rows, cols), or None
        Pixels at the detector's ceiling; None where there are none.
    valid : ndarray of bool, shape (rows, cols), or None
        False where there is no picture (the corners that a rotation added); None where all are valid.
    polarity : {"dark-on-light", "light-on-dark"}
    response : {"linear", "density"}
    ceiling : float
        The level (as stored) at which the detector saturates.
    source : Source
    roi : Window, optional
        The region to analyse, in coordinates of `signal`.
    rotate : float
        Degrees counter-clockwise that `signal` was turned by.
    flags : tuple of str
        What is noteworthy about the whole image.
    mirror : bool
        Whether `signal` was flipped left to right, before it was turned.
    pictures : tuple of Window
        The pictures that stand on a page, where there is one and no region was asked for.
    """

    signal: NDArray[np.float32]
    saturated: NDArray[np.bool_] | None
    valid: NDArray[np.bool_] | None
    polarity: Literal["dark-on-light", "light-on-dark"]
    response: Literal["linear", "density"]
    ceiling: float
    source: Source
    roi: Window | None = None
    rotate: float = 0.0
    flags: tuple[str, ...] = ()
    mirror: bool = False
    pictures: tuple[Window, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        rows, cols = self.signal.shape
        return rows, cols

    @property
    def window(self) -> Window:
        """The region of interest, or the whole image."""
        return self.roi or Window(0, self.shape[0], 0, self.shape[1])

    @property
    def tile(self) -> int:
        """Side of the squares of pixels that `tiles` averages: a power of two, 1 in small pictures."""
        return 1 << max(int(max(self.window.height, self.window.width) // TILES).bit_length() - 1, 0)

    @cached_property
    def tiles(self) -> NDArray[np.float32]:
        """Means over squares of `tile` pixels from the top left of `window`: several stages look at no more than these.

        The last rows and columns are left out where they do not fill a tile.
        """
        return self.means(self.tile)

    def means(self, side: int) -> NDArray[np.float32]:
        """Means over squares of `side` pixels, a power of two, from the top left of `window`."""
        import cv2

        rows, cols = self.window.height // side, self.window.width // side
        picture = self.signal[self.window.slices][: rows * side, : cols * side]
        if side == 1:
            return picture
        means = np.empty((rows, cols), np.float32)
        # In bands: what is halved of a large picture would be a quarter of its own memory.
        for top in range(0, rows, BAND):
            part = picture[top * side : (top + BAND) * side]
            while part.shape[1] > cols:  # halving is several times as fast as any other reduction
                half = part.shape[1] // 2, part.shape[0] // 2
                part = np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.float32)
            means[top : top + BAND] = part
        return means


@dataclass(frozen=True)
class Lane:
    """A curved, tilted strip: a centre line through knots, and a width.

    Attributes
    ----------
    number : int
        1 is the leftmost.
    rows, xs : tuple of float
        Knots of the centre line, rows increasing; straight in between, the first and last segments go on beyond.
    width : float
        Full width at half height, px.
    flags : tuple of str
    """

    number: int
    rows: tuple[float, ...]
    xs: tuple[float, ...]
    width: float
    flags: tuple[str, ...] = ()

    def centre(self, row: ArrayLike) -> NDArray[np.float64]:
        """Column of the centre line at `row`."""
        r = np.asarray(row, np.float64)
        rows, xs = np.asarray(self.rows), np.asarray(self.xs)
        if len(rows) == 1:
            return np.full(r.shape, xs[0])
        x = np.interp(r, rows, xs)
        slope_top = (xs[1] - xs[0]) / (rows[1] - rows[0])
        slope_end = (xs[-1] - xs[-2]) / (rows[-1] - rows[-2])
        x = np.where(r < rows[0], xs[0] + (r - rows[0]) * slope_top, x)
        return np.asarray(np.where(r > rows[-1], xs[-1] + (r - rows[-1]) * slope_end, x), np.float64)

    @property
    def angle_deg(self) -> float:
        """Tilt of the chord from top to bottom; positive where the bottom lies to the right."""
        if len(self.rows) == 1:
            return 0.0
        return math.degrees(math.atan2(self.xs[-1] - self.xs[0], self.rows[-1] - self.rows[0]))


@dataclass(frozen=True)
class Lanes(Sequence[Lane]):
    """The lanes of a blot, left to right.

    Attributes
    ----------
    items : tuple of Lane
    window : Window
        The membrane found, or the region of interest: where lanes were looked for.
    pitch : float
        Median distance of neighbouring centre lines, px (0 with fewer than two lanes).
    softness : float
        Exponent ``e`` of the lanes' lateral shape ``exp(-ln 2 |2 x / width|^e)``: large is box-like, 2 is Gaussian.
    flags : tuple of str
        What is noteworthy about the finding as a whole.
    inside : ndarray of bool, shape (rows, cols) of the whole image, or None
        Pixels that are membrane; None where all of `window` is.
    """

    items: tuple[Lane, ...]
    window: Window
    pitch: float = 0.0
    softness: float = 6.0
    flags: tuple[str, ...] = ()
    inside: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)

    @overload
    def __getitem__(self, index: int) -> Lane: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Lane, ...]: ...
    def __getitem__(self, index: int | slice) -> Lane | tuple[Lane, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self.items)


@dataclass(frozen=True, eq=False)
class Widening:
    """Light that bands have beside the core of their lane because they are wider than its lateral shape.

    Attributes
    ----------
    share : ndarray, shape (lanes, rows)
        Of the light of the lane in that row.
    error : ndarray, shape (lanes, rows)
        Standard deviation of `share`.
    """

    share: NDArray[np.float64]
    error: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Background:
    """What is not protein of the lanes, along every lane.

    Attributes
    ----------
    method : str
    level : ndarray, shape (lanes, rows)
        Mean background over the core of each lane, in signal units, for the rows of `window`.
    haze : ndarray, shape (lanes,)
        The part of `level` that is non-specific signal along the whole lane.
    window : Window
    flags : tuple of str
    lane_flags : tuple of tuple of str
    widening : Widening or None
        Of the bands, where that was learned with the background.
    modes_under : callable or None
        Gives the modes under the lane in a place, shape (modes, rows), see `modes`; None where there are none.
    """

    method: str
    level: NDArray[np.float64]
    haze: NDArray[np.float64]
    window: Window
    flags: tuple[str, ...] = ()
    lane_flags: tuple[tuple[str, ...], ...] = ()
    widening: Widening | None = None
    modes_under: Callable[[int], NDArray[np.float64]] | None = None

    @property
    def modes(self) -> NDArray[np.float64]:
        """Its uncertainty, shape (modes, lanes, rows): it may be off by ``sum(z_k * modes[k])`` with standard normal z.

        The ``z`` are independent. Of a large scan that is much, so that it is made when asked for.
        """
        if self.modes_under is None:
            return np.zeros((0, *self.level.shape))
        return np.stack([self.modes_under(place) for place in range(len(self.level))], axis=1)


@dataclass(frozen=True, eq=False)
class Profile:
    """Densitometry of one lane: signal against row, mean over the lane's core x the lane's width.

    Attributes
    ----------
    lane : int
    top : int
        ``row_px`` of the first value.
    raw, background : ndarray, shape (rows,)
        Their difference is `signal`; nothing is clipped. Light of wider bands beside the core is in `raw`.
    noise : ndarray, shape (rows,)
        Standard deviation of `raw` from pixel noise, independent from row to row.
    modes : ndarray, shape (modes, rows)
        Uncertainty of `background`, as in `Background.modes`.
    width : float
        Lane width, px.
    saturated : ndarray of int, shape (rows,)
        Pixels of the lane at the ceiling in each row.
    pixels : int
        Pixels of the lane in a row: what `saturated` is a part of.
    flags : tuple of str
    gap_level : float
        Level of the gaps beside the lane over the lane's own, the worse of both sides; NaN where none was looked at.
    off : float
        By how much the background disagreed with the lane's own level or with the gaps, over the lane's height.
    """

    lane: int
    top: int
    raw: NDArray[np.float64]
    background: NDArray[np.float64]
    noise: NDArray[np.float64]
    modes: NDArray[np.float64]
    width: float
    saturated: NDArray[np.int64]
    pixels: int
    flags: tuple[str, ...] = ()
    gap_level: float = math.nan
    off: float = 0.0

    @property
    def signal(self) -> NDArray[np.float64]:
        return self.raw - self.background

    @property
    def rows(self) -> NDArray[np.float64]:
        """``row_px`` of each value."""
        return self.top + np.arange(len(self.raw), dtype=np.float64)


@dataclass(frozen=True)
class Calibration:
    """Mass against row, monotone, in one lane: ``log10(kDa)`` is a shape-preserving curve through `rows`.

    Attributes
    ----------
    rows : tuple of float
        ``row_px`` of the marker bands, increasing.
    masses : tuple of float
        Their masses in kDa, decreasing.
    kind : {"marker", "positions", "rungs"}
        What it rests on: a marker lane, positions given by a person, or the ladder's own rungs.
    residual : float
        Scatter of the bands about the curve, in log10(kDa); NaN where it cannot be known.
    flags : tuple of str
    lane : int, optional
        The lane whose bands these are.
    notes : tuple of str
        What the flags are about, in words: masses that have no band, bands that have no mass.
    picture : str
        The other picture of the membrane that shows the marker, in words; empty where it is the blot's own.
    picture_sha256 : str
        Of that picture's file.
    """

    rows: tuple[float, ...]
    masses: tuple[float, ...]
    kind: Literal["marker", "positions", "rungs"] = "marker"
    residual: float = math.nan
    flags: tuple[str, ...] = ()
    lane: int | None = None
    notes: tuple[str, ...] = ()
    picture: str = ""
    picture_sha256: str = ""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


UNKNOWN = Interval(math.nan)
