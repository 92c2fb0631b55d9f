"""An analysis with made-up numbers, for what only reads one: figures, pages, the command line."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd

from ublot.inputs.layout import read_layout
from ublot.inputs.params import make_params
from ublot.model import Blot, Calibration, Lane, Lanes, Profile, Source, Window

ROWS, WELL, TARGET = 400, 20, 300


class StandIn(SimpleNamespace):
    @property
    def columns(self):
        return {"lanes": self.lanes.to_dict("list")}


def lane_row(lane, role, compound="", dose=math.nan, fold=math.nan, flags="", replicate=""):
    scored = math.isfinite(fold)
    return {
        "image": "blot.tif", "lane": lane, "role": role, "compound": compound, "concentration_nM": dose,
        "time_min": math.nan, "replicate": replicate, "group": "", "load": 1.0,
        "hmw_fraction": 0.2 * fold, "relative_hmw": fold,
        "relative_hmw_low": fold * 0.8 if scored else math.nan, "relative_hmw_high": fold * 1.3 if scored else math.nan,
        "relative_hmw_area": math.nan, "flags": flags,
    }  # fmt: skip


def build(count=8, *, blot=True, calibrated=True, scored=True, refused=(6,), no_signal=(7,), compound="LCL161"):
    """Marker, two DMSO lanes, then doses; lanes bow to the right by 12 px; lane 4 on, the fold grows by 0.5."""
    cols = 60 * count + 40
    items, rows_of = [], np.linspace(0, ROWS - 1, 9)
    for i in range(count):
        xs = 50 + 60 * i + 12 * np.sin(np.pi * rows_of / ROWS)
        items.append(Lane(i + 1, tuple(rows_of.tolist()), tuple(xs.tolist()), 36.0))
    window = Window(0, ROWS, 0, cols)
    rng = np.random.default_rng(1)
    r = np.arange(ROWS)
    shape = 800 * np.exp(-0.5 * ((r - TARGET) / 5) ** 2) + 200 * ((r > WELL) & (r < 290))
    signal = rng.normal(100, 5, (ROWS, cols)).astype(np.float32)
    table, profiles, ladders = [], [], []
    for lane in items:
        n = lane.number
        x = np.abs(np.arange(cols)[None, :] - lane.centre(r)[:, None]) < 18
        signal += np.where(x, shape[:, None], 0).astype(np.float32)
        fold = math.nan if not scored or n in {1, *refused, *no_signal} else 1.0 if n <= 3 else 1 + 0.5 * (n - 3)
        role = "marker" if n == 1 else "vehicle" if n <= 3 else "sample"
        flags = "no_signal" if n in no_signal else "saturated" if n in refused else ""
        name = "" if n == 1 else "DMSO" if n <= 3 else compound
        table.append(lane_row(n, role, name, 10.0 * 2 ** (n - 4) if n > 3 else math.nan, fold, flags))
        raw = (shape + 100) * 36
        profiles.append(
            Profile(n, 0, raw, np.full(ROWS, 3600.0), np.ones(ROWS), np.zeros((1, ROWS)), 36.0, np.zeros(ROWS, int), 36)
        )
        if n > 1:
            fit = raw - 3600.0 if n != 2 else None
            ladders.append(
                SimpleNamespace(
                    lane=n, target_row=TARGET, boundary_row=288.0, well_row=float(WELL), top_row=5.0, low_row=314.0,
                    fit=fit, flags=(),
                )
            )  # fmt: skip
    frame = pd.DataFrame(table)
    source = Source("blot.tif", "0" * 64, 1, "tiff", "uint16", (ROWS, cols))
    picture = Blot(signal, None, None, "light-on-dark", "linear", 65535.0, source) if blot else None
    calibration = Calibration((40.0, 120.0, 200.0, 260.0), (250.0, 150.0, 100.0, 75.0)) if calibrated else None
    return StandIn(
        blot=picture, geometry=Lanes(tuple(items), window, 60.0), profile_list=tuple(profiles), ladders=tuple(ladders),
        calibration=calibration, lanes=frame,
        layout=read_layout(frame[["lane", "role"]]), params=make_params(), messages=(),
    )  # fmt: skip
