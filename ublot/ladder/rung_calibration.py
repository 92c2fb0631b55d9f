"""Without a marker, the rungs are the ruler: they stand one modifier apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ublot.model import Calibration
from ublot.numerics.medians import row_medians
from ublot.numerics.smoothing import smooth_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.ladder.cut import Ladder
    from ublot.numerics.arrays import Array

__all__ = ["calibrate_by_rungs", "rungs_hold"]

RUNGS = 8  # that the ruler is laid along
FEWEST_RUNGS = 3  # rungs that must show
SPACINGS = np.geomspace(0.012, 0.09, 160)  # first rung above the band, over the rows of the profile
BENDS = np.linspace(-0.5, 0.9, 36)  # how much faster than log mass the spacing shrinks, per unit of log mass
CLEAR_RULER = 1.25  # times the score of any other ruler, from where on one is taken for the right one
FAINT = 100.0  # noise of a row over the band's height, inverse, at which a lane counts half
SEEN = 4.0  # standard deviations of the pooled noise that every counted rung must stand above its valleys


def calibrate_by_rungs(ladders: Sequence[Ladder], *, target_kda: float, modifier_kda: float) -> Calibration | None:
    """Calibrate mass against row by the ladder's own rungs.

    The lanes are laid over each other at their unmodified bands. A ruler has marks where 1, 2, ... modifiers would
    stand if log mass were almost straight against row; the ruler whose marks stand highest above the valleys half way
    between them is taken. Marks at half or twice the true spacing fall into valleys, or have rungs half way between.

    Parameters
    ----------
    ladders : sequence of Ladder
        Of lanes that may hold target, quantified without a calibration.
    target_kda, modifier_kda : float

    Returns
    -------
    Calibration or None
        Of kind ``rungs``, through the unmodified band and the rungs that show, flagged ``self_calibrated``; rows are
        those of the lane whose band stands in the middle of all. None where fewer than three rungs show, or where
        another ruler fits nearly as well.
    """
    lanes = [k for k in ladders if np.isfinite(k.target_row) and "no_signal" not in k.flags and k.antibody == "target"]
    if not lanes:
        return None
    length = len(lanes[0].profile.raw)
    if min(k.target_row - k.profile.top for k in lanes) < 0.1 * length:
        return None
    lift, noise, typical = _pool(lanes)
    bent = _marks(1.0, BENDS[:, None], target_kda, modifier_kda)
    scores = _score(lift, length * SPACINGS[:, None, None] * bent)
    best = np.unravel_index(int(np.argmax(scores)), scores.shape)
    far = np.abs(np.log(SPACINGS / SPACINGS[best[0]])) > 0.2
    if scores[best] <= 0 or scores[best] < CLEAR_RULER * scores[far].max():
        return None
    marks = _marks(float(SPACINGS[best[0]]) * length, float(BENDS[best[1]]), target_kda, modifier_kda)
    marks = _refine(lift, marks)
    contrast = _contrast(lift, marks)
    shown = int(np.argmin(np.append(contrast > SEEN * noise, False)))
    if shown < FEWEST_RUNGS:
        return None
    rows = typical - np.concatenate([[0.0], marks[:shown]])
    masses = target_kda + modifier_kda * np.arange(shown + 1)
    return Calibration(tuple(rows[::-1].tolist()), tuple(masses[::-1].tolist()), "rungs", flags=("self_calibrated",))


def rungs_hold(ladders: Sequence[Ladder]) -> bool:
    """Whether the ladders, fitted by a ruler, bear it out: some lane resolves the first three rungs, each clear of 0.

    Pooled lanes also show what is no rung of any of them: the scatter of many faint backgrounds has some ruler that
    fits it.

    Parameters
    ----------
    ladders : sequence of Ladder
        From `ublot.ladder.fit.all_lanes.fit_ladders` by the calibration in question.
    """
    return any(_resolves(ladder) for ladder in ladders)


def _resolves(ladder: Ladder) -> bool:
    clear = {s.n for s in ladder.species if s.kind == "rung" and s.area.low > 0}
    return (ladder.resolved_to or 0) >= FEWEST_RUNGS and clear.issuperset(range(1, FEWEST_RUNGS + 1))


def _pool(lanes: Sequence[Ladder]) -> tuple[Array, float, float]:
    """Signal against rows above the unmodified band, lanes alike, what varies slowly taken off; its noise; the row."""
    rows = [k.target_row for k in lanes]
    typical = float(np.median(rows))
    reach = max(int(min(rows) - lanes[0].profile.top), 0)
    up = np.arange(reach, dtype=np.float64)
    total, variance, weights = np.zeros(reach), np.zeros(reach), 0.0
    for k in lanes:
        p = k.profile
        signal = np.interp(k.target_row - up, p.rows, smooth_rows(p.signal, 1.0))
        band = max(float(signal[: max(reach // 100, 1)].max()), 1e-12)
        error = np.interp(k.target_row - up, p.rows, p.noise) / band
        # Square roots: neither the brightest lane nor the first rung is to decide alone. A faint lane counts little.
        scale = np.sqrt(np.maximum(signal, 0.0) / band)
        weight = 1.0 / (1.0 + (FAINT * float(np.median(error))) ** 2)
        total += weight * scale
        variance += (weight * error / np.maximum(2 * scale, 0.05)) ** 2
        weights += weight
    return total / weights, float(np.sqrt(np.median(variance)) / weights), typical


def _marks(spacing: float, bend: float | Array, target: float, modifier: float) -> Array:
    """Rows above the band of 1, 2, ... modifiers: log mass, bent, with the first at `spacing`."""
    x = np.log1p(np.arange(1, RUNGS + 1) * modifier / target)
    y = x * (1 - bend * x)
    return np.asarray(spacing * y / y[..., :1], np.float64)


def _contrast(lift: Array, marks: Array) -> Array:
    """Height of the marks (..., rungs) above the higher of their valleys; none where the lane has ended."""
    steps = np.diff(marks, axis=-1, prepend=0.0)
    # A valley below every mark, and one above the last.
    valleys = _between_rows(lift, np.concatenate([marks - 0.5 * steps, (marks + 0.5 * steps)[..., -1:]], axis=-1))
    higher = np.maximum(valleys[..., :-1], valleys[..., 1:])
    return np.asarray(np.where(marks + steps < len(lift), _between_rows(lift, marks) - higher, 0.0), np.float64)


def _between_rows(lift: Array, at: Array) -> Array:
    """As `numpy.interp`, which looks for the place of each of 46,000 marks where their row says it."""
    at = at.clip(0.0, len(lift) - 1.0)
    row = at.astype(np.intp)
    return np.asarray(lift.take(row) + (at - row) * np.diff(lift, append=lift[-1:]).take(row), np.float64)


def _score(lift: Array, marks: Array) -> Array:
    """Summed contrast of rulers (..., rungs); no mark counts for much more than the middle one."""
    contrast = _contrast(lift, marks)
    most = 2 * np.maximum(row_medians(contrast)[..., None], 0.0) + 0.05
    rising = np.all(np.diff(marks, axis=-1, prepend=0.0) > 2.0, axis=-1)
    return np.asarray(np.where(rising, np.minimum(contrast, most).sum(axis=-1), 0.0), np.float64)


def _refine(lift: Array, marks: Array) -> Array:
    """Every mark to the top of its rung, where there is one within a quarter of the spacing."""
    steps = np.diff(np.concatenate([[0.0], marks]))
    out = marks.copy()
    for j, (mark, step) in enumerate(zip(marks, steps, strict=True)):
        first, last = int(mark - 0.25 * step), int(mark + 0.25 * step) + 2
        if first < 1 or last >= len(lift):
            continue
        k = first + int(np.argmax(lift[first:last]))
        a, b, c = lift[k - 1 : k + 2]
        if b > a and b > c:
            out[j] = k + 0.5 * (a - c) / (a - 2 * b + c)
    return out
