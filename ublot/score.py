"""Scores relative to the vehicle (DMSO) lanes of the same blot, with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ublot.ladder import Interval, Ladder
from ublot.layout import Layout, LayoutRow, read_layout
from ublot.quality import refuses

__all__ = ["Score", "score_relative"]

Array = NDArray[np.float64]

Z95 = 1.959963984540054
SCORED = ("vehicle", "sample", "negative")
CLEARLY_POSITIVE = 4.0  # standard deviations above zero from where on a ratio's interval is taken on the log scale
NEGATIVE_HIGH = 0.05  # share of modified target in a control that should have none
DISAGREE = 0.01  # chance at which vehicle lanes are said to scatter more than their measurement explains
USUAL_SCATTER = 0.25  # coefficient of variation of technical replicates across a blot (Lowry & Rees 2020)
BALANCE = 0.5  # of the median total over load, below which signal is missing
USUAL_CV, PRIOR_FREEDOM = 0.10, 2.0  # good blots: 5-10 % (Lowry & Rees 2020), worth as much as three vehicle lanes
NOTHING = Interval(math.nan)


@dataclass(frozen=True)
class Score:
    """What one lane says, relative to its vehicle lanes.

    Attributes
    ----------
    lane : int
    fraction : Interval
        ``H / (H + U)``.
    fraction_net : Interval
        ``(f - f0) / (1 - f0)``.
    relative : Interval
        Fraction over the mean of the vehicle lanes; the interval holds what that mean is uncertain by, scatter included.
    relative_measured : Interval
        The same with the measurement alone.
    relative_net : float
    delta, delta_logit : float
    relative_area, remaining : Interval
        ``H / load`` and ``U / load`` over the vehicle lanes' means.
    mean_ubiquitins, half_mass, shares, ladder_fraction, resolved_to
        Of the `Ladder`, where the lane may be scored.
    flags : tuple of str
    """

    lane: int
    fraction: Interval = NOTHING
    fraction_net: Interval = NOTHING
    relative: Interval = NOTHING
    relative_measured: Interval = NOTHING
    relative_net: float = math.nan
    delta: float = math.nan
    delta_logit: float = math.nan
    relative_area: Interval = NOTHING
    remaining: Interval = NOTHING
    mean_ubiquitins: Interval = NOTHING
    half_mass: float = math.nan
    shares: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    ladder_fraction: float = math.nan
    resolved_to: int | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Quantity:
    """One number of one lane, with the standard deviation of its measurement."""

    value: float
    sd: float

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)


def _normal(q: _Quantity) -> Interval:
    return Interval(q.value, q.value - Z95 * q.sd, q.value + Z95 * q.sd) if q.known else NOTHING


def _fraction(ladder: Ladder) -> _Quantity:
    """``H / (H + U)`` by error propagation."""
    u, h = ladder.unmodified, ladder.hmw
    total = u + h
    if not math.isfinite(total) or "no_signal" in ladder.flags:
        return _Quantity(math.nan, math.nan)
    slope = np.array([-h, u]) / total**2
    return _Quantity(h / total, float(np.sqrt(slope @ ladder.covariance[:2, :2] @ slope)))


def _over_vehicle(own: _Quantity, vehicle: Sequence[_Quantity], among: int | None) -> tuple[Interval, Interval]:
    """A lane over the mean of the vehicle lanes: with measurement and scatter, and with measurement alone.

    Errors add on the log scale where the lane is clearly above zero, else on the linear one. The scatter of a few
    vehicle lanes is hardly known from themselves: it is moderated by what replicates on a blot usually scatter, and the
    interval is Student's t with the effective degrees of freedom (Satterthwaite 1946). `among` is the lane's place in `vehicle` when it is one of them.
    """
    known = [v.value for v in vehicle]
    mean = float(np.mean(known)) if known else math.nan
    if not own.known or not mean > 0:
        return NOTHING, NOTHING
    n, ratio = len(known), own.value / mean
    # Relative to the lane's own value: d log r = d own / own - sum d vehicle / (n mean).
    slopes = np.full(n, -ratio / (n * mean))
    rest = own.sd**2 / mean**2
    if among is not None:
        slopes[among] += 1 / mean
        rest = 0.0
    measured = rest + float((slopes**2) @ np.array([v.sd**2 for v in vehicle]))
    inner = _around(ratio, math.sqrt(measured), own, Z95)
    # What vehicle lanes scatter by: these few, and what blots usually do, weighted by degrees of freedom (Smyth 2004).
    own_scatter = float(np.var(known, ddof=1)) / mean**2 if n > 1 else 0.0
    noise = float(np.mean([v.sd**2 for v in vehicle])) / mean**2
    freedom = PRIOR_FREEDOM + n - 1
    scatter = (PRIOR_FREEDOM * (USUAL_CV**2 + noise) + (n - 1) * own_scatter) / freedom
    of_mean = ratio**2 * scatter / n
    total = own.sd**2 / mean**2 + of_mean
    t = float(special.stdtrit(freedom * (total / of_mean) ** 2, 0.975))
    return _around(ratio, math.sqrt(total), own, t), inner


def _around(ratio: float, sd: float, own: _Quantity, factor: float) -> Interval:
    if own.value > CLEARLY_POSITIVE * own.sd and ratio > 0:
        stretch = math.exp(factor * sd / ratio)
        return Interval(ratio, ratio / stretch, ratio * stretch)
    return Interval(ratio, ratio - factor * sd, ratio + factor * sd)


def _logit(f: float) -> float:
    return math.log(f / (1 - f)) if 0 < f < 1 else math.nan


def _net(f: _Quantity, negative: Sequence[_Quantity]) -> _Quantity:
    """``(f - f0) / (1 - f0)`` with ``f0`` the mean of the negative lanes."""
    if not negative or not f.known:
        return _Quantity(math.nan, math.nan)
    f0 = float(np.mean([q.value for q in negative]))
    sd0 = float(np.sqrt(np.sum([q.sd**2 for q in negative]))) / len(negative)
    value = (f.value - f0) / (1 - f0)
    return _Quantity(value, math.hypot(f.sd / (1 - f0), sd0 * (1 - f.value) / (1 - f0) ** 2))


def _controls_of(row: LayoutRow, layout: Layout) -> tuple[list[int], list[int]]:
    """Vehicle and negative lanes that a lane is compared with: of its group, and of its time where those have one."""
    vehicle = [r for r in layout if r.role == "vehicle" and r.group == row.group]
    if any(r.time_min is not None for r in vehicle):
        vehicle = [r for r in vehicle if r.time_min == row.time_min]
    return [r.lane for r in vehicle], [r.lane for r in layout if r.role == "negative" and r.group == row.group]


def _disagree(vehicle: Sequence[_Quantity]) -> bool:
    """Whether vehicle lanes differ by more than their measurement explains and by more than a blot's usual scatter."""
    if len(vehicle) < 2:
        return False
    values, sd = np.array([v.value for v in vehicle]), np.array([v.sd for v in vehicle])
    mean = float(values.mean())
    if mean <= 0:
        return True
    chi2 = float((((values - mean) / np.maximum(sd, 1e-300)) ** 2).sum())
    usual = float(values.std(ddof=1)) / mean > USUAL_SCATTER
    return usual and float(special.chdtrc(len(values) - 1, chi2)) < DISAGREE


def _unbalanced(ladders: Mapping[int, Ladder], layout: Layout, loads: Mapping[int, float]) -> set[int]:
    """Lanes whose total over load is far below the others': masking, transfer or aggregation lost signal."""
    totals = {}
    for row in layout:
        ladder = ladders.get(row.lane)
        if row.role in SCORED and ladder is not None and math.isfinite(ladder.unmodified):
            whole = (ladder.unmodified + ladder.hmw + max(ladder.well, 0.0)) / loads[row.lane]
            totals[row.lane] = (whole, float(np.sqrt(ladder.covariance.sum())) / loads[row.lane])
    if len(totals) < 3:
        return set()
    typical = float(np.median([t for t, _ in totals.values()]))
    return {lane for lane, (t, sd) in totals.items() if t + Z95 * sd < BALANCE * typical}


def score_relative(
    ladders: Iterable[Ladder],
    layout: Any,
    *,
    assay: str = "in-vitro",
    background: str = "gutter",
    loads: Mapping[int, float] | None = None,
    image_flags: Iterable[str] = (),
    allow_unfit: bool = False,
) -> tuple[Score, ...]:
    """Score every lane against the vehicle lanes of its group.

    Parameters
    ----------
    ladders : iterable of Ladder
    layout : Layout, path, DataFrame or list of mappings
        What each lane is, see `ublot.layout.read_layout`.
    assay : {"in-vitro", "cells"}
        In cells the target may be gone: the balance of masses is not checked.
    background : str
        The method used: lanes that touch are refused on ``gutter``.
    loads : mapping of int to float, optional
        Amount loaded by lane; the layout's ``load`` where not given.
    image_flags : iterable of str
        Flags of the whole image.
    allow_unfit : bool
        Score what quality control refuses; flagged ``override``.

    Returns
    -------
    tuple of Score
        In the order of the ladders. What makes no sense for a lane is NaN, never invented.
    """
    rows = read_layout(layout)
    by_lane = {ladder.lane: ladder for ladder in ladders}
    amount = {row.lane: (loads or {}).get(row.lane, row.load) for row in rows}
    of_image = tuple(image_flags)
    flags = {lane: (*of_image, *ladder.flags) for lane, ladder in by_lane.items()}
    refused = {lane for lane, names in flags.items() if refuses(names, background)}
    allowed = set(by_lane) if allow_unfit else set(by_lane) - refused
    fractions = {lane: _fraction(by_lane[lane]) for lane in allowed}
    quantities = {
        "hmw": {n: _per_load(by_lane[n].hmw, by_lane[n].covariance[1, 1], amount.get(n, 1.0)) for n in allowed},
        "unmodified": {
            n: _per_load(by_lane[n].unmodified, by_lane[n].covariance[0, 0], amount.get(n, 1.0)) for n in allowed
        },
    }
    lost = _unbalanced(by_lane, rows, amount) if assay == "in-vitro" else set()
    return tuple(
        _score(ladder, rows, fractions, quantities, (flags[lane], refused, allowed, lost))
        for lane, ladder in by_lane.items()
    )


def _per_load(area: float, variance: float, load: float) -> _Quantity:
    return _Quantity(area / load, math.sqrt(variance) / load)


def _score(
    ladder: Ladder,
    layout: Layout,
    fractions: Mapping[int, _Quantity],
    quantities: Mapping[str, Mapping[int, _Quantity]],
    gates: tuple[tuple[str, ...], set[int], set[int], set[int]],
) -> Score:
    flags, refused, allowed, lost = gates
    lane = ladder.lane
    if lane > len(layout):
        return Score(lane, flags=flags)
    row = layout.of(lane)
    if row.role not in SCORED:
        return Score(lane, flags=flags)
    if lane not in allowed:
        return Score(lane, flags=flags)
    vehicle, negative = _controls_of(row, layout)
    more = list(flags)
    if lane in refused:
        more.append("override")
    if not vehicle:
        more.append("no_vehicle")
    if any(v in refused for v in vehicle):
        more.append("vehicle_refused")
    if lane in lost:
        more.append("mass_balance")
    own = fractions[lane]
    usable = [v for v in vehicle if v in fractions and fractions[v].known]
    peers = [fractions[v] for v in usable]
    primary = [quantities["hmw"][v] for v in vehicle if v in allowed] if ladder.antibody == "modifier" else peers
    if _disagree(primary):
        more.append("vehicle_disagrees")
    blanks = [fractions[n] for n in negative if n in fractions and fractions[n].known]
    if row.role == "negative" and own.known and own.value - Z95 * own.sd > NEGATIVE_HIGH:
        more.append("negative_high")
    relative, measured = _over_vehicle(own, peers, usable.index(lane) if lane in usable else None)
    if len(peers) == 1 and own.known:
        more.append("single_vehicle")
    mean = float(np.mean([p.value for p in peers])) if peers else math.nan
    net = _net(own, blanks)
    net_peers = [_net(p, blanks) for p in peers]
    net_mean = float(np.mean([p.value for p in net_peers])) if net_peers else math.nan
    result = Score(
        lane, _normal(own), _normal(net), relative, measured, net.value / net_mean if net_mean > 0 else math.nan,
        own.value - mean, _logit(own.value) - _logit(mean), mean_ubiquitins=ladder.mean_ubiquitins, half_mass=ladder.half_mass,
        shares=ladder.shares, ladder_fraction=ladder.ladder_fraction, resolved_to=ladder.resolved_to,
        flags=tuple(more),
    )  # fmt: skip
    areas = {}
    for name, column in (("relative_area", "hmw"), ("remaining", "unmodified")):
        q = quantities[column]
        among = [v for v in vehicle if v in allowed and q[v].known]
        areas[name] = _over_vehicle(q[lane], [q[v] for v in among], among.index(lane) if lane in among else None)[0]
    return replace(result, **areas)
