"""From rows to masses: the marker's bands, and the monotone curve through them."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ublot.bands import find_bands
from ublot.errors import BlotError
from ublot.markers import Marker, find_marker
from ublot.migration import SCATTER, assign_masses, fit_migration
from ublot.model import Calibration
from ublot.partial import assign_part

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ublot.migration import Assignment
    from ublot.model import Profile

__all__ = ["beyond", "calibrate_mass", "calibration_from_positions", "mass_at", "row_at"]

FEWEST_BANDS = 3
MORE_BANDS = 16  # that a marker may show beyond those that are named
CLEAR = 3.0  # an assignment must cost so much less than any other: e^(3/2), about 4 : 1


def calibrate_mass(
    profile: Profile, marker: str | Iterable[float] | Marker, *, clear: float = CLEAR, part: bool = True
) -> Calibration | None:
    """Calibrate mass against row by the bands of a marker lane.

    Parameters
    ----------
    profile : Profile
        Of the marker lane.
    marker : str, iterable of float or Marker
        Name or masses of the standard, see `ublot.markers.find_marker`.
    clear : float
        A band is used where any assignment that gives it another mass is worse by this, in units of squared residual
        over scatter squared.
    part : bool
        Whether the masses may be a contiguous part of what the lane shows.

    Returns
    -------
    Calibration or None
        None where fewer than three bands (two for a marker of two masses) can be told with confidence.

    Raises
    ------
    BlotError
        The marker is unknown or its masses cannot be right.
    """
    masses = find_marker(marker).masses
    bands = find_bands(profile, most=2 * len(masses) + 2)
    bottom = profile.top + len(profile.raw) - 1
    found = assign_masses(bands, masses, float(profile.top), float(bottom), clear)
    if found is None or len(found.pairs) < min(FEWEST_BANDS, len(masses)):
        if not part:
            return None
        # The list may name only a part of what shows: the bands beyond it are then no dust.
        bands = find_bands(profile, most=2 * len(masses) + MORE_BANDS)
        found = assign_part(bands, masses, clear)
    if found is None:
        return None
    band, mass = np.asarray(found.pairs).T
    return Calibration(
        rows=tuple(bands.rows[band].tolist()),
        masses=tuple(masses[j] for j in mass),
        kind="marker",
        residual=_scatter(found, np.log10([masses[j] for j in mass])),
    )


def _scatter(found: Assignment, log_mass: NDArray[np.float64]) -> float:
    """Root mean square of the left-out residuals, in log10(kDa); NaN with fewer than four bands."""
    if len(log_mass) < 4:
        return math.nan
    return float(np.sqrt(np.mean((found.curve.left_out / found.curve.slopes(log_mass)) ** 2)))


# -------------------------------------------------------------------------------------------------- given positions
def calibration_from_positions(
    positions: str | Path | Mapping[float, float] | Iterable[tuple[float, float]],
) -> Calibration:
    """Calibrate by positions that a person gave.

    Parameters
    ----------
    positions : path, mapping or iterable of (float, float)
        A CSV with the columns ``mass_kda`` and ``row_px`` (comma, semicolon or tab), a mapping of mass to row, or
        pairs of mass and row, in any order.

    Returns
    -------
    Calibration

    Raises
    ------
    BlotError
        The file cannot be read, a column is missing, a value is not a positive number (rows may be any number), there
        are fewer than two points, or mass does not fall as the row grows.
    """
    if isinstance(positions, str | Path):
        where: object = positions
        pairs = _read_positions(Path(positions))
    else:
        where = "marker positions"
        items = positions.items() if isinstance(positions, Mapping) else positions
        try:
            pairs = [(float(m), float(r)) for m, r in items]
        except (TypeError, ValueError):
            raise BlotError("not pairs of mass (kDa) and row (px)", where, "e.g. [(250, 84.5), (150, 160)]") from None
    pairs.sort(key=lambda p: p[1])
    masses, rows = [m for m, _ in pairs], [r for _, r in pairs]
    if len(pairs) < 2:
        raise BlotError(f"{len(pairs)} position(s), at least 2 are needed", where, "give two marker bands or more")
    if not all(math.isfinite(r) and math.isfinite(m) and m > 0 for m, r in pairs):
        raise BlotError("masses must be positive and rows finite numbers", where, "kDa and px")
    for (m0, r0), (m1, r1) in pairwise(pairs):
        if r1 <= r0 or m1 >= m0:
            raise BlotError(
                f"{m0:g} kDa at row {r0:g} and {m1:g} kDa at row {r1:g}", where, "lighter bands must lie lower"
            )
    return Calibration(tuple(rows), tuple(masses), "positions", _scatter_of(rows, masses))


def _scatter_of(rows: list[float], masses: list[float]) -> float:
    if len(rows) < 4:
        return math.nan
    x, r = np.log10(masses), np.asarray(rows)
    curve = fit_migration(r, x, max(SCATTER * float(np.ptp(r)), 1e-9), (float(x[-1]), float(x[0])))
    return float(np.sqrt(np.mean((curve.left_out / curve.slopes(x)) ** 2)))


def _read_positions(path: Path) -> list[tuple[float, float]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise BlotError(f"cannot be read ({reason})", path, "give a CSV with mass_kda,row_px") from None
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines[0] if lines else ""
    delimiter = max(";\t,", key=head.count)
    table = list(csv.reader(lines, delimiter=delimiter))
    names = [c.strip().lower() for c in table[0]] if table else []
    for name in ("mass_kda", "row_px"):
        if name not in names:
            raise BlotError(f"no column {name}", path, "the header must read mass_kda,row_px")
    at = names.index("mass_kda"), names.index("row_px")
    pairs = []
    for number, line in enumerate(table[1:], start=2):
        cells = [line[i].strip() if i < len(line) else "" for i in at]
        if delimiter != ",":
            cells = [c.replace(",", ".") for c in cells]  # decimal commas
        try:
            pairs.append((float(cells[0]), float(cells[1])))
        except ValueError:
            raise BlotError(f"line {number} holds {line}, not two numbers", path, "mass_kda,row_px") from None
    return pairs


# ---------------------------------------------------------------------------------------------------------- the curve
class _Curve:
    """Monotone piecewise cubic (Fritsch & Butland 1984) of log10 mass against row, straight beyond its ends."""

    def __init__(self, rows: tuple[float, ...], masses: tuple[float, ...]) -> None:
        r, y = np.asarray(rows, np.float64), np.log10(np.asarray(masses, np.float64))
        h, secant = np.diff(r), np.diff(y) / np.diff(r)
        d = np.empty_like(r)
        w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
        d[1:-1] = (w1 + w2) / (w1 / secant[:-1] + w2 / secant[1:])
        d[0], d[-1] = _end_slope(h, secant), _end_slope(h[::-1], secant[::-1])
        self.rows, self.logs, self.slopes, self.steps = r, y, d, h
        # Coefficients of every piece by the share of its way, from 0 to 1.
        self.pieces = np.stack(
            [y[:-1], h * d[:-1], h * (3 * secant - 2 * d[:-1] - d[1:]), h * (d[:-1] + d[1:] - 2 * secant)]
        )

    def log_mass(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        k = np.clip(np.searchsorted(self.rows, row, side="right") - 1, 0, len(self.steps) - 1)
        t = np.clip((row - self.rows[k]) / self.steps[k], 0.0, 1.0)
        over = row - np.clip(row, self.rows[0], self.rows[-1])
        c0, c1, c2, c3 = self.pieces[:, k]
        inside = c0 + t * (c1 + t * (c2 + t * c3))
        value: NDArray[np.float64] = inside + over * np.where(over < 0, self.slopes[0], self.slopes[-1])
        return value

    def row(self, log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
        k = np.clip(np.searchsorted(-self.logs, -log_mass, side="right") - 1, 0, len(self.steps) - 1)
        inside = np.clip(log_mass, self.logs[-1], self.logs[0])
        c0, c1, c2, c3 = self.pieces[:, k]
        c0 = c0 - inside
        low, high = np.zeros(k.shape), np.ones(k.shape)
        t = -c0 / (c1 + c2 + c3)
        for _ in range(60):  # Newton kept within a shrinking bracket: 4-6 turns in practice
            miss, derivative = c0 + t * (c1 + t * (c2 + t * c3)), c1 + t * (2 * c2 + 3 * t * c3)
            below = miss > 0
            low, high = np.where(below, t, low), np.where(below, high, t)
            step = t - miss / np.minimum(derivative, -1e-300)
            new = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
            moved, t = np.abs(new - t).max(initial=0.0), new
            if moved < 1e-13:
                break
        over = log_mass - inside
        found: NDArray[np.float64] = self.rows[k] + t * self.steps[k]
        found += over / np.where(over > 0, self.slopes[0], self.slopes[-1])
        return found


def _end_slope(h: NDArray[np.float64], secant: NDArray[np.float64]) -> float:
    """One-sided three-point slope, kept between half and twice that of the last piece: it carries the extrapolation."""
    if len(h) == 1:
        return float(secant[0])
    slope = ((2 * h[0] + h[1]) * secant[0] - h[0] * secant[1]) / (h[0] + h[1])
    return float(secant[0] * np.clip(slope / secant[0], 0.5, 2.0))


@lru_cache(maxsize=64)
def _curve(rows: tuple[float, ...], masses: tuple[float, ...]) -> _Curve:
    return _Curve(rows, masses)


def mass_at(calibration: Calibration, row: ArrayLike, *, shift: float = 0.0) -> NDArray[np.float64]:
    """Mass in kDa at `row`.

    Parameters
    ----------
    calibration : Calibration
    row : array_like
        ``row_px``, any shape.
    shift : float
        How much lower (larger row) the lane's bands lie than in the marker lane, px.

    Returns
    -------
    ndarray
        Same shape as `row`. Beyond the marker the log of the mass goes on straight.
    """
    r = np.asarray(row, np.float64) - shift
    return np.asarray(10.0 ** _curve(calibration.rows, calibration.masses).log_mass(r), np.float64)


def row_at(calibration: Calibration, mass: ArrayLike, *, shift: float = 0.0) -> NDArray[np.float64]:
    """Row at which `mass` runs; the inverse of `mass_at`.

    Parameters
    ----------
    calibration : Calibration
    mass : array_like
        kDa, positive, any shape.
    shift : float
        How much lower (larger row) the lane's bands lie than in the marker lane, px.

    Returns
    -------
    ndarray
        ``row_px``, same shape as `mass`.

    Raises
    ------
    BlotError
        A mass is not positive.
    """
    m = np.asarray(mass, np.float64)
    if np.any(m <= 0):
        raise BlotError(f"a mass of {float(np.min(m)):g} kDa has no row", "mass", "masses are positive")
    return np.asarray(_curve(calibration.rows, calibration.masses).row(np.log10(m)) + shift, np.float64)


def beyond(calibration: Calibration, row: ArrayLike, *, shift: float = 0.0) -> NDArray[np.int8]:
    """Where `row` lies outside the marker: 1 above its heaviest band, -1 below its lightest, 0 within."""
    r = np.asarray(row, np.float64) - shift
    heavier, lighter = r < calibration.rows[0], r > calibration.rows[-1]
    return np.asarray(heavier.astype(np.int8) - lighter.astype(np.int8), np.int8)
