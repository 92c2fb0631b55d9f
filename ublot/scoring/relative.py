"""Scores relative to the vehicle (DMSO) lanes of the same blot, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import refuses
from ublot.inputs.layout import Layout, LayoutRow, read_layout
from ublot.model import SCORED, Z95
from ublot.numerics.medians import middle
from ublot.scoring.ratios import (
    NOTHING,
    Quantity,
    fraction_of,
    logit,
    net_of,
    normal_interval,
    over_vehicle,
    per_load,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ublot.ladder.cut import Ladder
    from ublot.model import Interval

__all__ = ["Score", "score_relative"]

NEGATIVE_HIGH = 0.05  # share of modified target in a control that should have none
DISAGREE = 0.01  # chance at which vehicle lanes are said to scatter more than their measurement explains
USUAL_SCATTER = 0.25  # coefficient of variation of technical replicates: 20-25 % typically (Lowry & Rees 2020)
FEWEST_BALANCED = 3  # lanes of a group that it takes to say what their total should be
BALANCE = 0.5  # of the median total over load, below which signal is missing


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
        Fraction over the mean of the vehicle lanes; the interval holds what that mean is uncertain by, vehicle scatter
        included.
    relative_measured : Interval
        The same with the measurement alone.
    relative_net : float
    delta, delta_logit : float
    relative_area, remaining : Interval
        ``H / load`` and ``U / load`` over the vehicle lanes' means.
    scored : bool
        Whether the lane may be scored at all: if not, nothing of its ladder is told either.
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
    scored: bool = False
    flags: tuple[str, ...] = ()


def _controls_of(row: LayoutRow, layout: Layout) -> tuple[list[int], list[int]]:
    """Vehicle and negative lanes that a lane is compared with: of its group, and of its time where those have one."""
    vehicle = [r for r in layout if r.role == "vehicle" and r.group == row.group]
    if any(r.time_min is not None for r in vehicle):
        vehicle = [r for r in vehicle if r.time_min == row.time_min]
    return [r.lane for r in vehicle], [r.lane for r in layout if r.role == "negative" and r.group == row.group]


def _other_vehicles(vehicle: Sequence[int], layout: Layout) -> list[list[int]]:
    """Vehicle lanes of the blot's other groups and times, each kind by itself: they scatter by as much."""
    kinds: dict[tuple[str, float | None], list[int]] = {}
    for r in layout:
        if r.role == "vehicle":
            kinds.setdefault((r.group, r.time_min), []).append(r.lane)
    return [lanes for lanes in kinds.values() if not set(lanes) & set(vehicle)]


def _disagree(vehicle: Sequence[Quantity]) -> bool:
    """Whether vehicle lanes differ by more than their measurement explains and by more than a blot's usual scatter."""
    if len(vehicle) < 2:
        return False
    mean, freedom = sum(v.value for v in vehicle) / len(vehicle), len(vehicle) - 1
    if mean <= 0:
        return True
    if math.sqrt(sum((v.value - mean) ** 2 for v in vehicle) / freedom) <= USUAL_SCATTER * mean:
        return False
    from scipy import special  # here: it takes long to import, and few blots come this far

    away = [(v.value - mean) / max(v.sd, 1e-300) for v in vehicle]
    return float(special.chdtrc(freedom, sum(z * z for z in away))) < DISAGREE


def _unbalanced(ladders: Mapping[int, Ladder], layout: Layout, loads: Mapping[int, float]) -> set[int]:
    """Lanes whose total over load is far below the others of their group: masking, transfer or aggregation lost it."""
    totals: dict[str, dict[int, tuple[float, float]]] = {}
    for row in layout:
        ladder = ladders.get(row.lane)
        if row.role not in SCORED or ladder is None:
            continue
        whole = (ladder.unmodified + ladder.hmw + max(ladder.well, 0.0)) / loads[row.lane]
        if math.isfinite(whole):
            sd = math.sqrt(max(float(ladder.covariance.sum()), 0.0)) / loads[row.lane]
            totals.setdefault(row.group, {})[row.lane] = whole, sd
    lost = set()
    for group in totals.values():
        typical = middle(np.array([t for t, _ in group.values()]))
        if len(group) >= FEWEST_BALANCED:
            lost |= {lane for lane, (t, sd) in group.items() if t + Z95 * sd < BALANCE * typical}
    return lost


def score_relative(
    ladders: Iterable[Ladder],
    layout: Any,
    *,
    assay: str = "in-vitro",
    loads: Mapping[int, float] | None = None,
    image_flags: Iterable[str] = (),
    allow_unfit: bool = False,
) -> tuple[Score, ...]:
    """Score every lane against the vehicle lanes of its group.

    Parameters
    ----------
    ladders : iterable of Ladder
    layout : Layout, path, DataFrame or list of mappings
        What each lane is, see `ublot.inputs.layout.read_layout`.
    assay : {"in-vitro", "cells"}
        In cells the target may be gone: the balance of masses is not checked.
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
    refused = frozenset(lane for lane, names in flags.items() if refuses(names))
    scored = {n: k for n, k in by_lane.items() if allow_unfit or n not in refused}
    board = _Board(
        rows,
        flags,
        refused,
        frozenset(_unbalanced(by_lane, rows, amount)) if assay == "in-vitro" else frozenset(),
        {n: fraction_of(k) for n, k in scored.items()},
        {n: per_load(k.hmw, k.covariance[1, 1], amount.get(n, 1.0)) for n, k in scored.items()},
        {n: per_load(k.unmodified, k.covariance[0, 0], amount.get(n, 1.0)) for n, k in scored.items()},
    )
    return tuple(_score(ladder, board) for ladder in by_lane.values())


@dataclass(frozen=True)
class _Board:
    """What every lane of a blot brings along, by lane; a refused lane brings no quantities unless it is allowed."""

    layout: Layout
    flags: Mapping[int, tuple[str, ...]]
    refused: frozenset[int]
    lost: frozenset[int]
    fraction: Mapping[int, Quantity]
    hmw: Mapping[int, Quantity]
    unmodified: Mapping[int, Quantity]


def _score(ladder: Ladder, board: _Board) -> Score:
    lane, flags = ladder.lane, board.flags[ladder.lane]
    row = board.layout.of(lane) if lane <= len(board.layout) else None
    if row is None or row.role not in SCORED or lane not in board.fraction:
        return Score(lane, flags=flags)
    vehicle, negative = _controls_of(row, board.layout)
    peers, own = _known(board.fraction, vehicle), board.fraction[lane]
    blanks = list(_known(board.fraction, negative).values())
    others = _other_vehicles(vehicle, board.layout)

    def compared(quantity: Mapping[int, Quantity]) -> tuple[Interval, Interval]:
        """The lane over its vehicle lanes."""
        near, beside = _known(quantity, vehicle), [list(_known(quantity, lanes).values()) for lanes in others]
        place = list(near).index(lane) if lane in near else None
        return over_vehicle(quantity[lane], list(near.values()), place, [lanes for lanes in beside if lanes])

    relative, measured = compared(board.fraction)
    mean = _mean(peers.values())
    net = net_of(own, blanks)
    net_mean = _mean(net_of(q, blanks) for q in peers.values())
    return Score(
        lane,
        fraction=normal_interval(own),
        fraction_net=normal_interval(net),
        relative=relative,
        relative_measured=measured,
        relative_net=net.value / net_mean if net_mean > 0 else math.nan,
        delta=own.value - mean,
        delta_logit=logit(own.value) - logit(mean),
        relative_area=compared(board.hmw)[0],
        remaining=compared(board.unmodified)[0],
        scored=True,
        flags=(*flags, *_control_flags(ladder, row, vehicle, board)),
    )


def _known(quantity: Mapping[int, Quantity], lanes: Iterable[int]) -> dict[int, Quantity]:
    return {n: quantity[n] for n in lanes if n in quantity and quantity[n].known}


def _mean(quantities: Iterable[Quantity]) -> float:
    values = [q.value for q in quantities]
    return sum(values) / len(values) if values else math.nan


def _control_flags(ladder: Ladder, row: LayoutRow, vehicle: Sequence[int], board: _Board) -> list[str]:
    """What is noteworthy about a lane beside its controls."""
    overridden = ladder.lane in board.refused or any(v in board.refused and v in board.fraction for v in vehicle)
    own, peers = board.fraction[ladder.lane], _known(board.fraction, vehicle)
    primary = _known(board.hmw, vehicle) if ladder.antibody == "modifier" else peers
    found = {
        "override": overridden,
        "no_vehicle": not vehicle,
        "single_vehicle": len(primary) == 1,
        "vehicle_refused": any(v in board.refused and v not in board.fraction for v in vehicle),
        "vehicle_disagrees": _disagree(list(primary.values())),
        "mass_balance": ladder.lane in board.lost,
        "negative_high": row.role == "negative" and own.known and own.value - Z95 * own.sd > NEGATIVE_HIGH,
    }
    return [name for name, holds in found.items() if holds]
