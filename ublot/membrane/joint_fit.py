"""Membrane and lateral shapes of the lanes, learned together from the gutters of one picture.

In cells along the lanes every gutter is

    D[r, c] = sum_i a_i(r) S_i(c) + m(r, c) + noise

as in `ublot.membrane.lateral_shape`, but ``S_i`` is learned too. The height of a lane is what its core shows,
``a_i(r) = core_i(r) - m_i(r)``, so that nothing but the membrane ``m`` and the departures of ``S_i`` from where it
began is unknown, and both are linear once the ``a_i`` of the last turn stand in front of the departures. What is sharp
along the run can only be a lane's; what is smooth along the run can be either. One regression weighs that: the
covariance of the membrane holds what is unknown of the shapes, and the other way round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import linalg

from ublot.membrane.along_lanes import PARTS, AlongLanes, cells_along_lanes
from ublot.membrane.flanks import FAR, NEAR, Flanks, make_flanks
from ublot.membrane.lateral_shape import BESIDE, lane_pitch
from ublot.membrane.noise import estimate_noise
from ublot.membrane.outer_light import most_light_beside
from ublot.membrane.widening import band_widening
from ublot.numerics.medians import column_quantiles, linear_quantiles, middle
from ublot.numerics.nonnegative import solve_nonnegative
from ublot.numerics.smoothing import smooth_rows
from ublot.numerics.splines import spline_basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ublot.model import Blot, Lanes
    from ublot.numerics.arrays import Array

__all__ = ["JointFit", "fit_membrane_and_flanks"]

DOWN, ACROSS = 96, 16  # cells down the picture and across one pitch, at least
COARSE, FINE = 1.2, 0.6  # of the pitch between knots of the membrane: where it is even, and where it is blotchy
MOST = 40  # pieces of the splines each way
# Down an even membrane. Nothing asks for pieces there that are as short as many lanes are narrow: with 30 and with 50
# lanes errors, tails and coverage of 16 simulated blots each stayed within their scatter, in 0.9 and 0.7 of the time.
MOST_DOWN = 24
# However narrow lanes are, a membrane that is even over the picture needs no more pieces along its shorter side than
# under a dozen lanes; below this smoothness it has as many as the lanes ask for. On 54 simulated blots of 20 to 40
# lanes errors and coverage were the same as with those throughout. With 4e-5 one of 36 was off by what haze it has.
MOST_EVEN, UNEVEN = 14, 1e-3
BLOTCHY = 4e-5  # smoothness, per weight of a coefficient, below which a membrane is more uneven than COARSE can follow
TURNS, MOST_TURNS = 3, 6
MOVED = 0.01  # of a lane's height: with far flanks that still move by so much in a turn, a fit is not at its end
# What may be expected of the departures of shapes, as standard deviations in heights of a lane: at the edge, where
# widths are wrong, and further out, where flanks and halos of real lanes are 0.2 to 0.003 high 0.1 to 0.3 pitches from
# the edge. A picture that shows its shapes overrules them by far.
AT_EDGE, EDGE_FALLS, FURTHER, FALLS = 0.3, 0.08, 0.03, 0.6
EXPECTED = AT_EDGE * np.exp(-np.maximum(NEAR, 0) / EDGE_FALLS) + FURTHER * np.exp(-np.maximum(NEAR, 0) / FALLS)
MOST_OWN = 1.0  # of these: by how much single flanks differ at most
FAR_OUT, FAR_FALLS = 0.03, 0.8
OWN = 0.5  # of these, to begin with: by how much single lanes and sides differ
BULGE = 0.1  # of its width: by how much the strongest band of a picture is wider than faint ones, or narrower
WIDER = 2  # columns of bands that are wider the stronger they are: over the picture's strongest, over their lane's
BESIDES = 0.05  # of a lane's light that must stand elsewhere than in bands half as strong as its strongest
BAND = 0.15  # pitches: half the length of a band along the run
BLUR = 0.1, 0.3  # pitches along the run over which light in flanks near and far is spread at most
OUTLIER = 5.0  # standard deviations from which on a cell counts for nothing
LEAST_NOISE = 2e-4  # of the highest lane: what cells of 8-bit pictures are off by, a tenth of a level or so
# Level of a gap over that of its lanes, from where on it shows less and less of the membrane: with 0.9 on one side and
# less on the other, fractions are right to 0.002; with 0.9 and more on both sides they are off by 0.1 to 0.4. There the
# membrane may be anything between nothing and all of a smear, evenly.
CLOSING, UNSEEN = 0.8, 0.5
DUST = 2.0  # times what the other parts of a core differ by
BEYOND, BOUND_CELLS = 2.0, 0.25  # standard deviations; variance of a bound, in those of a gutter's cell
TALL, EVEN, FEWEST = (
    0.15,
    0.15,
    8,
)  # of a lane's height; of it from row to row of cells; rows: where bounds of flanks are seen
HELD = 0.01  # standard deviation of a flank about its bound
DARKEST = 0.01  # quantile of the gutters below which no membrane lies
DOUBT = (0.03, 0.1, 0.1)  # to begin with: errors of shapes, as shares of heights, of changes along and across a lane
STEPS = np.geomspace(1e-6, 1e6, 49)  # of smoothness, per weight of a coefficient
FIRST, FAR_APART = 16, 8  # of these: the one that is looked at first, and how far apart those after it are


@dataclass(frozen=True, eq=False)
class _Splines:
    """Splines of a membrane in cells along lanes.

    Attributes
    ----------
    down : ndarray, shape (rows, row splines)
    across : ndarray, shape (outside, column splines)
    under : ndarray, shape (lanes, column splines)
        Means over the cores.
    penalty : ndarray
        Roughness of the coefficients.
    pair : tuple of ndarray of int, shape (pairs,)
        Row splines that meet: the upper and the lower one.
    pairs_down : ndarray, shape (pairs, rows)
        Their products.
    """

    down: Array
    across: Array
    under: Array
    penalty: Array
    pair: tuple[NDArray[np.intp], NDArray[np.intp]]
    pairs_down: Array

    def normal(self, across: Array) -> Array:
        """Normal equations of all coefficients, square, from sums of pairs of column splines in every row."""
        n_down, n_across, (upper, lower) = self.down.shape[1], self.under.shape[1], self.pair
        found = np.zeros((n_down, n_across, n_down, n_across))
        blocks = (self.pairs_down @ across).reshape(-1, n_across, n_across)
        found[upper, :, lower] = found[lower, :, upper] = blocks  # each is symmetric
        return found.reshape(n_down * n_across, -1)


@lru_cache(8)
def _bending(down: int, across: int) -> Array:
    """Change of curvature of a surface, in coefficients of uniform splines (the energy of a plate is one order lower).

    A membrane that is uneven over a length has nothing that is much finer: the third derivative falls off with that as
    a smooth random field does, and leaves alone what bends evenly over the whole picture.
    """
    d, a = ([np.eye(n), *(_differences(n, order) for order in (1, 2, 3))] for n in (down, across))
    whole = np.kron(d[3], a[0]) + 3 * np.kron(d[2], a[1]) + 3 * np.kron(d[1], a[2]) + np.kron(d[0], a[3])
    return np.asarray(whole)


def _differences(n: int, order: int) -> Array:
    d = np.diff(np.eye(n), order, axis=0)
    return np.asarray(d.T @ d)


UNTOUCHED = 6  # directions that this leaves alone: what bends evenly


@dataclass(frozen=True, eq=False)
class _Picture:
    """What a fit is made of, whatever its weights: the picture less `centre`, and what of it is used."""

    along: AlongLanes
    flanks: Flanks
    pitch: float
    loaded: NDArray[np.intp]
    blank: NDArray[np.intp]
    values: Array
    core: Array
    centre: float
    usable: NDArray[np.bool_]
    beside: NDArray[np.bool_]
    noise: Array
    core_noise: Array
    floor: float

    @cached_property
    def gutters(self) -> list[tuple[NDArray[np.intp], NDArray[np.bool_], Array]]:
        """Of every loaded lane the columns within a pitch, rows that show all of them, and the most light in them."""
        away = np.abs(self.along.columns[self.flanks.seen] - self.along.middle[self.loaded, None])
        most = self.values - self.floor + 2 * np.sqrt(self.noise)
        near = [np.flatnonzero(row < self.pitch) for row in away]
        return [(some, np.asarray(self.usable[:, some].all(axis=1), bool), most[:, some]) for some in near]


@dataclass(frozen=True, eq=False)
class _State:
    """Where the fit stands after a turn."""

    shapes: Array
    departures: Array  # of the hats, from where the shapes began
    far: Array
    own: Array  # by how much the departures of single flanks differ, by knot
    under: Array  # the membrane under the cores, shape (rows, lanes)
    residual: Array | None
    blank: Array  # height and slope of the blank lanes' haze, shape (2, blank lanes)
    doubt: tuple[float, float, float]
    excess: float
    smoothness: float | None
    alike: float  # variance of sums of neighbouring residuals over what independent ones would have
    held: NDArray[np.bool_]  # hats at the bound of what their gutter allows
    wider: Array | None = None  # light of strong bands by which they are wider than faint ones, shape (rows, cols)


@dataclass(frozen=True, eq=False)
class _System:
    """Normal equations: of the membrane, with all shapes eliminated, and what gives the shapes back."""

    gram: Array
    rhs: Array
    mix: Array  # what a core of each lane adds to the cells, others' light in it taken off, shape (lanes, cols)
    root: Array  # Cholesky factor of the shapes' own block
    coupling: Array  # root^-1 @ block between shapes and membrane
    reduced: Array
    left: float
    scale: float
    weights: Array
    columns: Array
    count: float
    alike: float


@dataclass(frozen=True, eq=False)
class JointFit:
    """A membrane with the lateral shapes that belong to it.

    Attributes
    ----------
    along : AlongLanes
    shapes : ndarray, shape (lanes, cols)
        Lateral shape of every lane in the columns of cells, mean 1 over its core.
    under : ndarray, shape (rows, lanes)
        What is not a lane's own in its core: the membrane and the light of other lanes' flanks.
    modes : ndarray, shape (modes, rows, lanes)
        Its uncertainty, as in `ublot.model.Background`.
    heights : ndarray, shape (rows, lanes)
        Of the lanes.
    leak : ndarray, shape (lanes, lanes)
        What the core of each lane sees of every other, as a share of that one's height.
    residual : ndarray, shape (rows, cols)
        Standardised residuals, 0 where a cell was not used.
    smoothness : float
        What roughness costs, per weight of a coefficient.
    widening, widening_error : ndarray, shape (rows, lanes)
        By how much of its light a lane has more beside its core than its lateral shape says, and the standard deviation
        of that: see `ublot.membrane.widening`.
    """

    along: AlongLanes
    shapes: Array
    under: Array
    modes: Array
    heights: Array
    leak: Array
    residual: Array
    smoothness: float
    widening: Array
    widening_error: Array


def _picture(blot: Blot, lanes: Lanes, blank: NDArray[np.bool_], core: float) -> _Picture:
    along, pitch = cells_along_lanes(blot, lanes, DOWN, ACROSS, core), lane_pitch(lanes)
    flanks = make_flanks(along, lanes, ~blank, core)
    seen = flanks.seen
    away = np.abs(along.columns[seen] - along.middle[:, None])
    values, usable = along.values[:, seen], along.mask[:, seen].copy()
    for i in np.flatnonzero(~blank).tolist():
        # Where a lane's core is off the membrane or saturated, nothing tells what its flanks are.
        usable[:, away[i] < 0.8 * pitch] &= (along.core_mask & ~along.saturated)[:, i, None]
    beside = np.asarray((away < BESIDE * pitch).any(axis=0), bool)
    near = usable & beside
    if not near.any():
        near = usable
    pixel = estimate_noise(blot, lanes.window)
    widths = np.array([lane.width for lane in lanes])
    core_noise = pixel.of(along.core.mean(axis=2)) * pixel.correlation / (along.high * core * widths)
    cores = _without_dust(along.core, core_noise * PARTS)
    centre = middle(values[near] if near.any() else cores.ravel())
    # A picture without any noise still has a scale.
    least = (LEAST_NOISE * float(np.ptp(cores[along.core_mask])) if along.core_mask.any() else 0.0) ** 2 + 1e-30
    area = along.high * along.wide / pixel.correlation
    noise = pixel.of(values) / area + least
    usable &= ~_specks(values, noise, cores, along, seen, pitch)
    return _Picture(
        along, flanks, pitch, np.flatnonzero(~blank), np.flatnonzero(blank), np.where(usable, values - centre, 0.0),
        np.where(along.core_mask, cores - centre, 0.0), centre, usable, beside, noise, core_noise + least,
        linear_quantiles(values[near], DARKEST)[0] - centre if near.any() else -math.inf,
    )  # fmt: skip


def _specks(
    values: Array, noise: Array, cores: Array, along: AlongLanes, seen: NDArray[np.intp], pitch: float
) -> NDArray[np.bool_]:
    """Cells of gutters, shape (rows, cols), that stand above those before and behind, and above the lanes beside them.

    No flank is higher than its lane, and no membrane rises over so few rows: such a cell holds dust. One that the first
    turn believes puts the shape of its lane wrong for good.
    """
    reach = np.ones((2 * max(round(BAND * pitch / along.high), 1) + 1, 1))
    # Nothing is known beside a lane that is not seen.
    most = cv2.dilate(np.where(along.core_mask, cores, np.finfo(np.float64).max), reach)
    after = np.searchsorted(along.middle, along.columns[seen])
    highest = np.maximum(most[:, np.maximum(after - 1, 0)], most[:, np.minimum(after, len(along.middle) - 1)])
    lasting = cv2.morphologyEx(values, cv2.MORPH_OPEN, reach)
    beyond = OUTLIER * np.sqrt(noise)
    return np.asarray((values > highest + beyond) & (values > lasting + beyond), bool)


def _without_dust(parts: Array, variance: Array) -> Array:
    """Means of cores, shape (rows, lanes), without a part that stands out of the others by more than they differ."""
    ordered = np.sort(parts, axis=2)
    high, next_high, low = ordered[..., -1], ordered[..., -2], ordered[..., 0]
    dusty = high - next_high > OUTLIER * np.sqrt(variance) + DUST * (next_high - low)
    return np.asarray(np.where(dusty, ordered[..., :-1].mean(axis=2), parts.mean(axis=2)))


def _spacings(picture: _Picture) -> tuple[float, float]:
    """Distance between knots for a membrane that is even all over the picture, and for one that is even over lanes."""
    along = picture.along
    shorter = min(along.high * len(along.row_px), float(along.edges[-1] - along.edges[0]))
    coarse = COARSE * picture.pitch
    return max(coarse, shorter / MOST_EVEN), coarse


def _splines(picture: _Picture, spacing: float, most_down: int = MOST_DOWN) -> _Splines:
    along = picture.along
    low, high = along.row_px[0] - 0.5 * along.high, along.row_px[-1] + 0.5 * along.high
    pieces = [
        min(max(round((b - a) / spacing), 2), most)
        for a, b, most in ((low, high, most_down), (along.edges[0], along.edges[-1], MOST))
    ]
    down = spline_basis(along.row_px, low, high, pieces[0])
    across = spline_basis(along.columns, float(along.edges[0]), float(along.edges[-1]), pieces[1])
    penalty = _bending(down.shape[1], across.shape[1])
    each = np.arange(down.shape[1])
    upper, lower = np.nonzero((each >= each[:, None]) & (each - each[:, None] < 4))  # cubic ones
    return _Splines(
        down, across[picture.flanks.seen], picture.flanks.cores @ across, penalty, (upper, lower),
        np.ascontiguousarray((down[:, upper] * down[:, lower]).T),
    )  # fmt: skip


def _begin(picture: _Picture) -> _State:
    """Before the first turn: in every row the lower values of the gutters are membrane."""
    near = picture.usable & picture.beside
    ordered, count = np.sort(np.where(near, picture.values, np.inf), axis=1), near.sum(axis=1)
    rows = np.where(count > 0, ordered[np.arange(len(ordered)), (0.3 * count).astype(int)], np.nan)
    usual = float(np.nanmedian(rows)) if np.isfinite(rows).any() else 0.0
    rows = np.minimum(np.where(np.isfinite(rows), rows, usual), usual)
    under = np.repeat(rows[:, None], len(picture.along.middle), axis=1)
    return _State(
        picture.flanks.shapes, np.zeros(len(picture.flanks.lane)), np.zeros(len(FAR) - 1), OWN * EXPECTED, under, None,
        np.zeros((2, len(picture.blank))), DOUBT, 1.0, None, 1.0, np.zeros(len(picture.flanks.lane), bool),
    )  # fmt: skip


def _leaks(picture: _Picture, shapes: Array) -> Array:
    """What the core of each lane sees of every other lane, shape (lanes, lanes)."""
    # Light is not negative, however little is known of it so far out.
    leak = np.maximum(picture.flanks.cores @ shapes.T, 0.0)
    np.fill_diagonal(leak, 0.0)
    leak[:, picture.blank] = 0.0
    return np.asarray(leak)


def _heights(picture: _Picture, state: _State) -> Array:
    """Heights of all lanes, shape (rows, lanes): what stands in the cores above the membrane and the others' flanks."""
    free, leak = picture.loaded, _leaks(picture, state.shapes)
    heights = np.zeros_like(state.under)
    above = np.where(picture.along.core_mask, picture.core - state.under, 0.0)[:, free]
    heights[:, free] = np.linalg.solve(np.eye(len(free)) + leak[np.ix_(free, free)], above.T).T
    return heights


def _variances(picture: _Picture, state: _State, heights: Array) -> tuple[Array, tuple[float, float, float], float]:
    """Variance of every cell by noise and by what shapes are off, learned from the residuals of the last turn.

    Shapes err in proportion to the height of the lane, to its change along the run (bands that slant across their lane)
    and to its change across (edges): by how much each is fitted to the squared residuals.
    """
    seen = picture.flanks.seen
    size = np.abs(state.shapes[:, seen])
    steep = np.abs(np.gradient(state.shapes, axis=1))[:, seen] * (0.1 * picture.pitch / picture.along.wide)
    change = np.abs(np.gradient(heights, axis=0)) * (0.1 * picture.pitch / picture.along.high)
    parts = [picture.noise, (np.abs(heights) @ size) ** 2, (change @ size) ** 2, (np.abs(heights) @ steep) ** 2]
    shares = np.array([state.excess, *(d**2 for d in state.doubt)])
    if state.residual is not None:
        used = picture.usable & picture.beside
        terms, squares = np.array([part[used] for part in parts]), state.residual[used] ** 2
        for _ in range(3):
            variance = shares @ terms + 1e-30
            weighted = terms / variance
            # Squares beyond nine variances are outliers; of a normal law 2.7 % of the sum lies there.
            seen = np.minimum(squares / variance, 9.0) / 0.973
            shares = solve_nonnegative(weighted @ weighted.T, weighted @ seen)
            shares = np.maximum(shares, (0.5, 1e-6, 2.5e-5, 1e-5))
    variance = sum(share * part for share, part in zip(shares, parts, strict=True))
    return np.asarray(variance) + 1e-30, tuple(np.sqrt(shares[1:]).tolist()), float(shares[0])


def _shared_columns(picture: _Picture, state: _State, heights: Array) -> Array:
    """What acts all over the picture, shape (columns, rows, cols).

    Far flanks; light that is spread along the run as well, by distance from the edge; strong bands that are wider than
    faint ones; and the haze of blank lanes.
    """
    free, flanks, rows = picture.loaded, picture.flanks, len(heights)
    near, far = flanks.paired[:, free], flanks.far_seen[:, free]
    tall = heights[:, free]
    per_pitch = picture.pitch / picture.along.high
    # A strong band is wider as a whole, its slopes along the run included; a smear of a third its height hardly is.
    brush = np.ones((2 * max(round(BAND * per_pitch), 1) + 1, 1))
    strength = cv2.dilate(np.maximum(tall, 0.0), brush) if tall.size else tall
    # By how much protein it holds, over the strongest of the picture, or over its own lane's: the picture says which.
    own = strength.max(axis=0, initial=0.0)
    wide = [tall * (strength / np.maximum(most, 1e-30)) ** 2 for most in (own.max(initial=0.0), own)]
    # A lane that holds nothing but one band shows no faint one to be wider than.
    light = np.maximum(tall, 0.0)
    faint = (light * (strength < 0.5 * own)).sum(axis=0)
    wide[1] *= faint > BESIDES * light.sum(axis=0)
    spread = [smooth_rows(heights.T, max(reach * per_pitch, 0.3)).T[:, free] - tall for reach in BLUR]
    blank = state.shapes[np.ix_(picture.blank, flanks.seen)]
    out = np.empty((len(far) + len(near) + WIDER + 2 * len(blank), rows, len(flanks.seen)))
    out[: len(far)] = tall @ far
    for k, pair in enumerate(near):
        out[len(far) + k] = spread[int(NEAR[2 * k] > 0.15)] @ pair
    # What a lane is higher by where it is wider by so much of itself.
    offset = picture.along.columns - picture.along.middle[free, None]
    wider = -offset * np.gradient(state.shapes[free], picture.along.wide, axis=1)
    at = len(far) + len(near)
    for k, light in enumerate(wide):
        out[at + k] = light @ wider[:, flanks.seen]
    slope, at = np.linspace(-1.0, 1.0, rows)[:, None], at + WIDER
    out[at::2], out[at + 1 :: 2] = blank[:, None], slope * blank[:, None]
    return out


def _assemble(picture: _Picture, splines: _Splines, state: _State, variance: Array, first: bool) -> _System:
    """Normal equations of one turn."""
    flanks, free = picture.flanks, picture.loaded
    heights = _heights(picture, state)
    robust = np.ones_like(variance)
    if state.residual is not None:
        robust = np.maximum(1 - state.residual**2 * state.alike / (OUTLIER**2 * variance), 0.0) ** 2
    used = picture.usable & picture.beside if first else picture.usable
    weights = used * robust / variance
    # The core of a lane gives its height: data less shapes times cores, in which the membrane stands twice.
    mix = (
        np.linalg.inv(np.eye(len(free)) + _leaks(picture, state.shapes)[np.ix_(free, free)]).T
        @ state.shapes[np.ix_(free, flanks.seen)]
    )
    target = np.where(used, picture.values - picture.core[:, free] @ mix, 0.0)
    design = splines.across - mix.T @ splines.under[free]
    hats = len(flanks.lane)
    n_down, n_across = splines.down.shape[1], splines.across.shape[1]
    shared = _shared_columns(picture, state, heights)
    n = hats + len(shared)

    weighted = weights * target
    typical = middle(variance[used]) if used.any() else 1.0
    bound_pairs, bound_rhs, bounds = _bounds_of_membrane(picture, splines, state, typical)
    gram = splines.normal(weights @ _pairs(design) + bound_pairs)
    rhs = splines.down.T @ (weighted @ design + bound_rhs)
    own, moment, cross = np.zeros((n, n)), np.zeros(n), np.zeros((n, n_down * n_across))
    heavy = weights * shared
    flat = heavy.reshape(len(shared), -1)
    own[hats:, hats:] = flat @ shared.reshape(len(shared), -1).T
    moment[hats:] = flat @ target.ravel()
    cross[hats:] = (splines.down.T @ heavy @ design).reshape(len(shared), n_down * n_across)
    # A cell belongs to the flanks of no more than two lanes, that to its left and that to its right: sums down the rows
    # are taken once for both, and hats only weigh them.
    sides = [(np.flatnonzero(flanks.side == k), heights[:, lane]) for k, lane in enumerate(flanks.beside)]
    for k, (index, tall) in enumerate(sides):
        hat, light = flanks.hats[index], weights * tall
        for others, tall_there in sides[k:]:
            block = (hat * (light * tall_there).sum(axis=0)) @ flanks.hats[others].T
            own[np.ix_(index, others)], own[np.ix_(others, index)] = block, block.T
        own[index, hats:] = hat @ np.einsum("rc,src->cs", light, shared)
        moment[index] = hat @ (light * target).sum(axis=0)
        in_columns = (light.T @ splines.down)[:, :, None] * design[:, None, :]
        cross[index] = hat @ in_columns.reshape(len(design), n_down * n_across)
    own[hats:, :hats] = own[:hats, hats:].T
    prior, mean = _prior(picture, state, n)
    own += prior
    moment += prior @ mean
    own.flat[:: n + 1] += 1e-12 * max(float(own.diagonal().max(initial=0.0)), 1e-30)
    root = linalg.cholesky(own, lower=True, check_finite=False)
    coupling = linalg.blas.dtrsm(1.0, root, cross, lower=1)
    reduced = linalg.blas.dtrsv(root, moment, lower=1)
    total = bounds + float(np.vdot(weighted, target)) + float(mean @ prior @ mean) - float(reduced @ reduced)
    scale = max(float(gram.trace()) / len(gram), 1e-30)
    count = float(np.count_nonzero(used & (robust > 0.05)))
    return _System(
        gram - coupling.T @ coupling, rhs.ravel() - coupling.T @ reduced, mix, root, coupling, reduced, total, scale,
        weights, shared, max(count, 1.0), state.alike,
    )  # fmt: skip


def _pairs(basis: Array) -> Array:
    return np.asarray((basis[:, :, None] * basis[:, None, :]).reshape(len(basis), basis.shape[1] ** 2))


def _bounds_of_membrane(
    picture: _Picture, splines: _Splines, state: _State, typical: float
) -> tuple[Array | float, Array | float, float]:
    """Where the membrane of the last turn leaves its bounds, the bounds count as seen.

    No lane is negative: a core that lies below the membrane shows the membrane itself. And no membrane is darker than
    the darkest gutters of the picture. Such a sight weighs no more than a few cells of a gutter (`typical` is their
    variance), and the less the further off it is, as for a median, so that a dark spot does not draw the membrane down.
    """
    if state.residual is None:
        return 0.0, 0.0, 0.0
    free = picture.loaded
    under, core = state.under[:, free], picture.core[:, free]
    sigma = np.sqrt(picture.core_noise[:, free] + BOUND_CELLS * typical)
    away = np.maximum((under - core) / sigma * picture.along.core_mask[:, free], (picture.floor - under) / sigma)
    pull = np.where(away > BEYOND, 1 / np.maximum(away / BEYOND, 1), 0.0) / sigma**2
    bound = np.where(under < picture.floor, picture.floor, core)
    below = splines.under[free]
    return pull @ _pairs(below), (pull * bound) @ below, float((pull * bound**2).sum())


def _prior(picture: _Picture, state: _State, n: int) -> tuple[Array, Array]:
    """Prior precision of all departures of shapes, and where they are expected from where they stand."""
    flanks, hats = picture.flanks, len(picture.flanks.lane)
    prior, mean = np.zeros((n, n)), np.zeros(n)
    # Of every knot the inverse of own^2 I + shared^2 J.
    own, shared = state.own**2, EXPECTED**2
    about = (flanks.knot[:, None] == np.arange(len(NEAR))).astype(np.float64)
    alike = shared / (own * (own + about.sum(axis=0) * shared))
    prior[:hats, :hats] = -(about * alike) @ about.T
    prior[np.arange(hats), np.arange(hats)] += 1 / own[flanks.knot]
    mean[:hats] = -state.departures
    at = np.flatnonzero(state.held)
    mean[at] = 0.0
    prior[at, :] = prior[:, at] = 0.0
    prior[at, at] = 1 / HELD**2
    far = np.arange(hats, hats + len(FAR) - 1)
    prior[far, far] = 1 / (FAR_OUT * np.exp(-FAR[1:] / FAR_FALLS)) ** 2
    mean[far] = -state.far
    # How far light is spread along the run: up to all of what flanks there are.
    high = (np.abs(state.shapes[:, flanks.seen])[flanks.lane] * flanks.hats).max(axis=1)
    for k in range(0, len(NEAR), 2):
        size = max(*(float(high[index].max(initial=0.0)) for index in flanks.of_knot[k : k + 2]), 0.01)
        blurred = hats + len(FAR) - 1 + k // 2
        prior[blurred, blurred] = 1 / size**2
    wider = hats + len(FAR) - 1 + len(NEAR) // 2 + np.arange(WIDER)
    prior[wider, wider] = 1 / BULGE**2
    return prior, mean


def _likeliest(system: _System, penalty: Array, start: float | None) -> tuple[float, Array, Array]:
    """The smoothness of highest restricted likelihood (Wood 2011), sought from `start`, and what it gives.

    It counts per weight of a coefficient. With it come the Cholesky factor of the penalised equations and their
    solution.
    """
    seen: dict[int, tuple[float, Array, Array]] = {}
    rank = len(penalty) - UNTOUCHED

    def cost(i: int) -> float:
        if i not in seen and 0 <= i < len(STEPS):
            root, vector = _solved(system, penalty, STEPS[i] * system.scale)
            left = max(system.left - float(system.rhs @ vector), 1e-9)
            likely = left + 2 * float(np.log(root.diagonal()).sum()) - rank * math.log(STEPS[i])
            seen[i] = likely, root, vector
        return seen[i][0] if i in seen else math.inf

    def climbed(best: int, step: int) -> int:
        for way in (step, -step):
            while cost(best + way) < cost(best):
                best += way
        return best

    if start is None:
        best = climbed(FIRST, FAR_APART)
        low, here, high = (cost(best + k * FAR_APART) for k in (-1, 0, 1))
        if math.isfinite(low + high) and low + high > 2 * here:
            # The likelihood is smooth: its parabola leads to next to its summit.
            nearer = best + round(0.5 * FAR_APART * (low - high) / (low - 2 * here + high))
            best = min(best, nearer, key=cost)
    else:
        best = int(np.abs(np.log(STEPS / start)).argmin())
    best = climbed(best, 1)
    return float(STEPS[best]), *seen[best][1:]


def _solved(system: _System, penalty: Array, smoothness: float) -> tuple[Array, Array]:
    matrix = system.gram + smoothness * penalty
    matrix.flat[:: len(matrix) + 1] += 1e-9 * system.scale
    root, _ = linalg.lapack.dpotrf(matrix.T, lower=1, overwrite_a=1)  # symmetric, and in the order that LAPACK wants
    vector, _ = linalg.lapack.dpotrs(root, system.rhs, lower=1)
    return root, vector


def fit_membrane_and_flanks(blot: Blot, lanes: Lanes, blank: NDArray[np.bool_], core: float, modes: int) -> JointFit:
    """Learn the lateral shapes of all lanes and the membrane under them.

    Parameters
    ----------
    blot : Blot
    lanes : Lanes
    blank : ndarray of bool, shape (lanes,)
        Lanes known to hold nothing but, perhaps, haze: they show the membrane as a gutter does.
    core : float
        Width of the cores, as a share of the lanes' width.
    modes : int
        Directions kept of the membrane's uncertainty.
    """
    picture = _picture(blot, lanes, blank, core)
    even, coarse = _spacings(picture)
    state, splines = _begin(picture), _splines(picture, even)
    for turn in range(MOST_TURNS):
        before = state
        heights = _heights(picture, state)
        variance, doubt, excess = _variances(picture, state, heights)
        variance *= state.alike
        system = _assemble(picture, splines, state, variance, first=turn == 0)
        smoothness, root, vector = _likeliest(system, splines.penalty, state.smoothness)
        finer = None
        if turn == 0 and smoothness < UNEVEN and even > coarse:
            finer = _splines(picture, coarse)
        elif turn == 1 and smoothness < BLOTCHY:
            finer = _splines(picture, FINE * picture.pitch, MOST)
        if finer is not None:
            splines = finer
            system = _assemble(picture, splines, state, variance, first=turn == 0)
            smoothness, root, vector = _likeliest(system, splines.penalty, None)
        state, fitted = _next(picture, splines, state, system, vector, heights, doubt, excess, smoothness)
        # Single flanks keep moving where a picture hardly shows them; what all lanes share does not.
        if turn + 1 >= TURNS and float(np.abs(state.far - before.far).max(initial=0.0)) < MOVED:
            break
        state = replace(state, own=_own_spread(picture.flanks, state, system))
    return _finished(picture, splines, state, system, root, fitted, modes)


def _next(
    picture: _Picture,
    splines: _Splines,
    state: _State,
    system: _System,
    vector: Array,
    heights: Array,
    doubt: tuple[float, float, float],
    excess: float,
    smoothness: float,
) -> tuple[_State, Array]:
    """The state after a turn, and the shapes' steps."""
    flanks, free, hats = picture.flanks, picture.loaded, len(picture.flanks.lane)
    membrane = splines.down @ vector.reshape(splines.down.shape[1], -1)
    steps = linalg.blas.dtrsv(system.root, system.reduced - system.coupling @ vector, lower=1, trans=1)
    fitted = picture.core[:, free] @ system.mix + membrane @ (splines.across - system.mix.T @ splines.under[free]).T
    fitted += np.tensordot(steps[hats:], system.columns, axes=1)
    of_lane = (np.arange(len(state.shapes))[:, None] == flanks.lane) @ (steps[:hats, None] * flanks.hats)
    fitted += heights @ of_lane
    residual = np.where(picture.usable, picture.values - fitted, 0.0)
    departures = state.departures + steps[:hats]
    far_steps = steps[hats : hats + len(FAR) - 1]
    shapes = state.shapes.copy()
    shapes[:, flanks.seen] += of_lane
    standard = residual * np.sqrt(system.weights)
    alike = _correlated(standard)
    bound = _bounds(picture, heights)
    over = shapes[:, flanks.seen] > bound
    held = (over[flanks.lane] & (flanks.hats > 0.5 * flanks.hats.max(axis=1, keepdims=True))).any(axis=1)
    shapes[:, flanks.seen] = np.minimum(shapes[:, flanks.seen], bound)
    shapes[free] += flanks.far[free] @ far_steps
    far = state.far + far_steps
    # A blank lane looks as the others do.
    typical = np.array([middle(departures[index]) if len(index) else 0.0 for index in flanks.of_knot])
    blank = picture.blank
    shapes[blank] = flanks.shapes[blank] + flanks.near[blank] @ typical + flanks.far[blank] @ far
    at = hats + len(FAR) - 1 + len(NEAR) // 2 + WIDER
    heights_blank = steps[at:].reshape(len(blank), 2).T
    new = _State(
        shapes, departures, far, state.own, membrane @ splines.under.T, residual,
        heights_blank, doubt, excess, smoothness, alike if state.residual is not None else 1.0,
        held | state.held, np.tensordot(steps[at - WIDER : at], system.columns[at - WIDER - hats : at - hats], axes=1),
    )  # fmt: skip
    return new, fitted


def _bounds(picture: _Picture, heights: Array) -> Array:
    """How high a flank may be, shape (lanes, cols): no higher than the darkest rows of its gutter allow.

    What a gutter shows above the darkest membrane is an upper bound of the light of its lanes, row by row. Only rows in
    which a lane is tall and even count: a band may slant.
    """
    along, flanks = picture.along, picture.flanks
    bound = np.full((len(flanks.shapes), len(flanks.seen)), np.inf)
    if not math.isfinite(picture.floor):
        return bound
    change = np.abs(np.gradient(heights, axis=0))
    tall = heights > TALL * column_quantiles(heights, 0.98) + 1e-30
    even = tall & (change < EVEN * np.abs(heights)) & along.core_mask & ~along.saturated
    for i, (columns, seen, most) in zip(picture.loaded.tolist(), picture.gutters, strict=True):
        rows = np.flatnonzero(even[:, i] & seen)
        if len(rows) >= FEWEST and len(columns):
            share = most[rows] / heights[rows, i, None]
            low = np.sort(share, axis=0)[len(share) // 10]
            bound[i, columns] = np.maximum(low, 0.0)
    return bound


def _own_spread(flanks: Flanks, state: _State, system: _System) -> Array:
    """By how much flanks of single lanes and sides differ, knot by knot (a step of expectation-maximisation)."""
    departures, own = state.departures, state.own.copy()
    if not len(departures):
        return own
    inverse, _ = linalg.lapack.dtrtri(system.root, lower=1)
    error = (inverse[:, : len(departures)] ** 2).sum(axis=0)
    for k, index in enumerate(flanks.of_knot):
        if len(index) >= 3:
            spread = (departures[index] - middle(departures[index])) ** 2 + error[index]
            low, high = 0.003 * EXPECTED[k], MOST_OWN * EXPECTED[k]
            own[k] = math.sqrt(min(max(float(spread.mean()), low**2), high**2))
    return own


def _finished(
    picture: _Picture, splines: _Splines, state: _State, system: _System, root: Array, fitted: Array, modes: int
) -> JointFit:
    """What lies under the cores, and how sure it is."""
    free, hats = picture.loaded, len(picture.flanks.lane)
    heights, leak = _heights(picture, state), _leaks(picture, state.shapes)
    core = float(np.median(1 / np.maximum(picture.flanks.cores.max(axis=1), 1e-3))) * picture.along.wide
    known = np.minimum(leak, most_light_beside(picture.along, heights, free, core))
    doubted = heights @ (leak - known).T  # light that the fit sees in cores, and that is not seen where none stands
    leak = known
    under = state.under + heights @ leak.T + picture.centre
    standard = (state.residual if state.residual is not None else 0.0) * np.sqrt(system.weights)
    # What a flank is off by is off in the cells beside as well: as many fewer of them tell something new.
    left = float((standard**2).sum()) / system.count
    inflation = max(left * system.alike, 1.0)
    some = np.s_[:: max(len(heights) // 24, 1)]
    design = (splines.down[some, None, :, None] * splines.under[None, :, None, :]).reshape(-1, len(root))
    # What it may be off by in the cores, by independent errors: the inverse of the factor itself is never needed.
    spread = linalg.blas.dtrsm(math.sqrt(inflation), root, design.T, lower=1).T
    directions = linalg.blas.dtrsm(math.sqrt(inflation), root, _leading(spread, modes), lower=1, trans_a=1)
    n_down = splines.down.shape[1]
    of_membrane = splines.down @ directions.T.reshape(-1, n_down, splines.under.shape[1]) @ splines.under.T
    # The light of other lanes' far flanks: the covariance of the far hats, whatever the membrane.
    far = np.arange(hats, hats + len(FAR) - 1)
    unit = np.zeros((len(system.root), len(far)))
    unit[far, np.arange(len(far))] = 1
    half = linalg.solve_triangular(system.root, unit, lower=True, check_finite=False)
    values, vectors = np.linalg.eigh(half.T @ half)
    ways = vectors * np.sqrt(np.maximum(values, 0) * inflation)
    seen = np.array([picture.flanks.cores @ picture.flanks.far[..., k].T for k in range(len(far))])
    seen[:, np.arange(len(leak)), np.arange(len(leak))] = 0.0
    of_far = heights[:, free] @ np.tensordot(ways.T, seen[:, :, free], axes=1).transpose(0, 2, 1)
    widening, error = _widening(picture, state, heights, system.weights > 0)
    return JointFit(
        picture.along, state.shapes, under,
        np.concatenate([of_membrane, of_far, _of_closed_gaps(picture, state, heights), doubted[None]]), heights, leak,
        standard, float(state.smoothness or 0.0), widening, error,
    )  # fmt: skip


def _widening(picture: _Picture, state: _State, heights: Array, plain: NDArray[np.bool_]) -> tuple[Array, Array]:
    """By how much the bands of every lane are wider than its lateral shape: `widening` and its error of a `JointFit`.

    Where a cell that is not `plain` stands against a plain one on the lane's other side, it is dust and no band.
    """
    if state.residual is None or state.wider is None:
        return np.zeros_like(heights), np.zeros_like(heights)
    along, seen = picture.along, picture.flanks.seen
    columns = along.columns[seen]
    away = np.abs(along.columns - along.middle[:, None])
    own = away < BESIDE * picture.pitch
    light = (np.maximum(state.shapes, 0.0) * own).sum(axis=1)
    owner = away[:, seen].argmin(axis=0)
    other = np.abs(np.subtract.outer(2 * along.middle[owner] - columns, columns)).argmin(axis=1)
    residual = np.where(plain | ~plain[:, other], state.residual, state.residual[:, other])
    beside = ((owner == np.arange(len(away))[:, None]) & own[:, seen]).T.astype(np.float64)
    excess = np.where(picture.usable, residual + state.wider, 0.0) @ beside
    shown = along.core_mask & ~along.saturated & ((~picture.usable).astype(np.float64) @ beside == 0)
    shown[:, picture.blank] = False
    return band_widening(
        np.maximum(heights, 0.0) * light, excess, picture.noise @ beside, shown, picture.pitch / along.high
    )


def _of_closed_gaps(picture: _Picture, state: _State, heights: Array) -> Array:
    """Uncertainty of lanes whose neighbours close the gaps on both sides, as modes, shape (modes, rows, lanes).

    Where lanes that are as high as each other add up to their own height all the way, nothing shows the membrane: it
    may stand anywhere below what is smooth along the run.
    """
    middle, columns, free = picture.along.middle, picture.along.columns, picture.loaded
    sums = state.shapes[free].sum(axis=0)
    depth = np.zeros(len(middle) + 1)
    for i, (left, right) in enumerate(pairwise(middle)):
        between = (columns > left) & (columns < right)
        depth[i + 1] = sums[between].min() if between.any() else 0.0
    # The outermost lanes have nothing beside them on one side.
    closed = np.clip((np.minimum(depth[:-1], depth[1:]) - CLOSING) / (1 - CLOSING), 0, 1)
    if not closed.any():
        return np.zeros((0, *heights.shape))
    smooth = smooth_rows(heights.T, max(0.5 * picture.pitch / picture.along.high, 0.3)).T
    own = UNSEEN * closed * np.abs(smooth)
    # Neighbours are off by different amounts: lanes take turns in three modes.
    return np.array([np.where(np.arange(len(middle)) % 3 == k, own, 0.0) for k in range(3)])


def _correlated(standard: Array) -> float:
    """Variance of sums of residuals over a stretch each way over that of independent ones, by what neighbours share."""
    used = standard != 0
    square = float(np.vdot(standard, standard)) / max(int(np.count_nonzero(used)), 1)
    product = 1.0
    for one, other in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        both = int(np.count_nonzero(used[one] & used[other]))
        shared = float((standard[one] * standard[other]).sum()) / max(both, 1)
        rho = min(max(shared / max(square, 1e-30), 0.0), 0.8)
        product *= (1 + rho) / (1 - rho)
    return product


def _leading(spread: Array, count: int) -> Array:
    """Orthonormal directions, shape (n, count), in which a spread, shape (places, n), is close to largest.

    Subspace iteration on its products with itself, which are not made: there may be thousands of directions.
    """
    n = spread.shape[1]
    count = min(count, n)
    found = spread.T @ spread[:, :: max(n // (2 * count), 1)]
    for _ in range(2):
        for _ in range(2):
            found = spread.T @ (spread @ found)
        found, _ = np.linalg.qr(found)
    seen = spread @ found
    _, vectors = np.linalg.eigh(seen.T @ seen)
    return np.asarray(found @ vectors[:, : -count - 1 : -1])
