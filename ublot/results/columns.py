"""The tables of an analysis, as columns: what `lanes.csv`, `species.csv` and `profiles.csv` hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ublot.flags import join_flags
from ublot.mass.scale import mass_at
from ublot.model import UNKNOWN
from ublot.pipeline.stages import lane_shifts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params
    from ublot.ladder.cut import Ladder
    from ublot.model import Calibration, Interval, Lanes, Profile
    from ublot.pipeline.stages import Stages
    from ublot.scoring.relative import Score


__all__ = [
    "DIGITS",
    "LANE_COLUMNS",
    "LANE_TEXT",
    "Columns",
    "Tables",
    "clashes",
    "extra_columns",
    "lanes_columns",
    "profiles_columns",
    "species_columns",
    "stage_columns",
]

Columns = dict[str, list[Any]]
Tables = Mapping[str, Columns]

DIGITS = {"profiles": 9}
"""Significant digits of tables that need not keep all of them: pixels are float32 and carry seven."""

LANE_TEXT = ("image", "role", "compound", "replicate", "group", "flags")
"""Columns of `lanes.csv` that hold text; those a layout brings along beyond the known ones do as well."""

LANE_COLUMNS = (
    *("image", "lane", "role", "compound", "concentration_nM", "time_min", "replicate", "group", "load"),
    *("x_px", "width_px", "angle_deg"),
    *("total_area", "unmodified_area", "hmw_area", "well_area"),
    *("hmw_fraction", "hmw_fraction_low", "hmw_fraction_high"),
    *("hmw_fraction_net", "hmw_fraction_net_low", "hmw_fraction_net_high"),
    *("relative_hmw", "relative_hmw_low", "relative_hmw_high"),
    *("relative_hmw_measured_low", "relative_hmw_measured_high", "relative_hmw_net"),
    *("delta_hmw_fraction", "delta_logit_hmw"),
    *("relative_hmw_area", "relative_hmw_area_low", "relative_hmw_area_high"),
    *("unmodified_remaining", "unmodified_remaining_low", "unmodified_remaining_high"),
    *("mean_ubiquitins", "mean_ubiquitins_low", "mean_ubiquitins_high"),
    *("half_mass_kda", "share_1_3", "share_4_8", "share_9_up", "ladder_fraction", "resolved_to_n"),
    *("background_spread", "saturated_fraction", "flags"),
    *("haze_area", "gap_level", "background_off"),
)
"""Columns of `lanes.csv`, in their order; those of the layout beyond the known ones follow."""

SPECIES_COLUMNS = ("lane", "n", "mass_kda", "row_px", "area", "area_low", "area_high", "share", "kind", "flags")


def extra_columns(layout: Layout | None) -> tuple[str, ...]:
    """Columns that a layout brings along to `lanes.csv`: not those whose name a column of the result bears."""
    return tuple(n for n in layout.extra_columns if n not in LANE_COLUMNS) if layout is not None else ()


def clashes(layout: Layout | None) -> tuple[str, ...]:
    """What to say about columns of the layout that cannot be carried along."""
    names = [n for n in layout.extra_columns if n in LANE_COLUMNS] if layout is not None else []
    listed = ", ".join(map(repr, names))
    return (f"the layout's own {listed} left out: the result has columns of that name",) if names else ()


def _with_interval(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def lanes_columns(
    image: str,
    lanes: Lanes,
    layout: Layout | None,
    ladders: Sequence[Ladder],
    scores: Sequence[Score],
    background_spread: Mapping[int, float],
    loads: Mapping[int, float],
) -> Columns:
    """One row per lane, left to right.

    Parameters
    ----------
    image : str
        Its name.
    lanes : Lanes
    layout : Layout or None
    ladders, scores : sequence
        One of each per lane.
    background_spread : mapping of int to float
        By lane.
    loads : mapping of int to float
        Amount loaded by lane, as it was divided by.
    """
    rows = []
    for lane, ladder, score in zip(lanes, ladders, scores, strict=True):
        row = layout.of(lane.number) if layout is not None and lane.number <= len(layout) else None
        rows.append(
            {
                "image": image,
                "lane": lane.number,
                "role": row.role if row else "",
                "compound": row.compound if row else "",
                "concentration_nM": _or_nan(row.concentration_nM if row else None),
                "time_min": _or_nan(row.time_min if row else None),
                "replicate": row.replicate if row else "",
                "group": row.group if row else "",
                "load": loads.get(lane.number, 1.0),
                "x_px": float(lane.centre(lanes.window.mid_row)),
                "width_px": lane.width,
                "angle_deg": lane.angle_deg,
                "total_area": ladder.total,
                "unmodified_area": ladder.unmodified,
                "hmw_area": ladder.hmw,
                "well_area": ladder.well,
                **_with_interval("hmw_fraction", score.fraction),
                **_with_interval("hmw_fraction_net", score.fraction_net),
                **_with_interval("relative_hmw", score.relative),
                "relative_hmw_measured_low": score.relative_measured.low,
                "relative_hmw_measured_high": score.relative_measured.high,
                "relative_hmw_net": score.relative_net,
                "delta_hmw_fraction": score.delta,
                "delta_logit_hmw": score.delta_logit,
                **_with_interval("relative_hmw_area", score.relative_area),
                **_with_interval("unmodified_remaining", score.remaining),
                **_ladder_cells(ladder if score.scored else None),
                "background_spread": background_spread.get(lane.number, math.nan),
                "saturated_fraction": ladder.saturated_share,
                "flags": join_flags(score.flags),
                "haze_area": ladder.haze_area,
                "gap_level": ladder.profile.gap_level,
                "background_off": ladder.profile.off,
                **{name: row.extra[name] if row else "" for name in extra_columns(layout)},
            }
        )
    return {name: [row[name] for row in rows] for name in (*LANE_COLUMNS, *extra_columns(layout))}


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _ladder_cells(ladder: Ladder | None) -> dict[str, float]:
    """How far the modified signal reaches up; NaN throughout for a lane that may not be scored."""
    shares = ladder.shares if ladder else (math.nan,) * 3
    return {
        **_with_interval("mean_ubiquitins", ladder.mean_ubiquitins if ladder else UNKNOWN),
        "half_mass_kda": ladder.half_mass if ladder else math.nan,
        **dict(zip(("share_1_3", "share_4_8", "share_9_up"), shares, strict=True)),
        "ladder_fraction": ladder.ladder_fraction if ladder else math.nan,
        "resolved_to_n": _or_nan(ladder.resolved_to if ladder else None),
    }


def species_columns(ladders: Sequence[Ladder], scores: Sequence[Score] = ()) -> Columns:
    """One row per lane and number of ubiquitins, 0 first; `scores` bring the flags of the lanes."""
    flags = {score.lane: join_flags(score.flags) for score in scores}
    out: Columns = {name: [] for name in SPECIES_COLUMNS}
    for ladder in ladders:
        count, own = len(ladder.species), ladder.species.columns()
        own |= {"lane": [ladder.lane] * count, "flags": [flags.get(ladder.lane, "")] * count}
        for name, values in out.items():
            values += own[name]
    return out


def profiles_columns(
    profiles: Sequence[Profile], ladders: Sequence[Ladder], calibration: Calibration | None, shifts: Mapping[int, float]
) -> Columns:
    """One row per lane and row of pixels. `shifts` holds the smile: how much lower each lane runs than the marker."""
    fits = {ladder.lane: ladder.fit for ladder in ladders}
    columns: dict[str, list[np.ndarray[Any, Any]]] = {
        name: [] for name in ("lane", "row_px", "mass_kda", "raw", "background", "signal", "fit")
    }
    for p in profiles:
        n = len(p.raw)
        unknown = np.full(n, np.nan)
        fit = fits.get(p.lane)
        columns["lane"].append(np.full(n, p.lane))
        columns["row_px"].append(p.rows.astype(int))
        columns["mass_kda"].append(
            unknown if calibration is None else mass_at(calibration, p.rows, shift=shifts.get(p.lane, 0.0))
        )
        columns["raw"].append(p.raw)
        columns["background"].append(p.background)
        columns["signal"].append(p.signal)
        columns["fit"].append(unknown if fit is None else fit)
    return {name: np.concatenate(parts).tolist() if parts else [] for name, parts in columns.items()}


class _StageTables(Mapping[str, Columns]):
    """All tables of one analysis, each made when it is asked for: whoever drags a lane looks at the lanes alone."""

    def __init__(self, makers: dict[str, Callable[[], Columns]]) -> None:
        self._makers = makers
        self._made: dict[str, Columns] = {}

    def __getitem__(self, name: str) -> Columns:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def stage_columns(image: str, layout: Layout | None, params: Params, stages: Stages) -> Tables:
    """All tables of one analysis, by name; `image` is the image's name."""
    ladders, scores = stages.ladders, stages.scores
    return _StageTables(
        {
            "lanes": lambda: lanes_columns(
                image, stages.geometry, layout, ladders, scores, stages.spread, stages.loads
            ),
            "species": lambda: species_columns(ladders, scores),
            "profiles": lambda: profiles_columns(
                stages.profiles, ladders, stages.calibration, lane_shifts(stages, params)
            ),
        }
    )
