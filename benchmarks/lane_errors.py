"""Errors of an analysis against the truth of a simulated blot, lane by lane and summed up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def compare(
    lanes: pd.DataFrame, species: pd.DataFrame, truth: dict[str, Any], with_layout: bool = True
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Errors of every lane that has a truth, and how many lanes were found, missed and made up."""
    x = lanes["x_px"].to_numpy(float)
    true_x = np.array([lane["x_px"] for lane in truth["lanes"]])
    near = np.abs(x[:, None] - true_x[None]) < 0.25 * truth["pitch_px"]
    # Nobody can see a blank lane at either end without being told that it is there.
    must = np.array([with_layout or lane["role"] != "blank" for lane in truth["lanes"]])
    found = {
        "hit": int(near.any(axis=0)[must].sum()),
        "of": int(must.sum()),
        "false": int((~near.any(axis=1)).sum() + np.maximum(near.sum(axis=0) - 1, 0).sum()),
    }
    if not with_layout:
        return [], found
    mine = [lanes.iloc[int(near[:, i].argmax())] if near[:, i].any() else None for i in range(len(true_x))]
    pairs = list(zip(truth["lanes"], mine, strict=True))
    seen = [r["hmw_area"] for t, r in pairs if t["role"] == "vehicle" and r is not None]
    vehicle = float(np.mean(seen)) if seen else np.nan
    rows = []
    for true, row in pairs:
        if true["role"] == "blank" and row is not None:
            rows.append({"role": "blank", "blank": abs(row["hmw_area"]) / vehicle})
        if "hmw_fraction" in true:
            rows.append(_errors(true, row if row is not None else pd.Series(dtype=float), species))
    return rows, found


def _errors(true: dict[str, Any], row: pd.Series[Any], species: pd.DataFrame) -> dict[str, Any]:
    def got(name: str) -> float:
        value = row.get(name)
        return float("nan") if value is None or pd.isna(value) else float(value)

    flags = row.get("flags")
    flags = set(flags.split(";")) if isinstance(flags, str) and flags else set()

    def known(name: str) -> float:
        """What this source of blots says of the lane; not every one says everything."""
        return float(true.get(name, np.nan))

    relative = got("relative_hmw") / true["relative_hmw"]
    out = {
        "role": true["role"],
        "scored": np.isfinite(relative),
        "fraction": got("hmw_fraction") - true["hmw_fraction"],
        "relative": relative - 1,
        "log2": np.log2(relative) if relative > 0 else np.nan,
        "relative_area": got("relative_hmw_area") / known("relative_hmw_area") - 1,
        "ubiquitins": got("mean_ubiquitins") - true["mean_ubiquitins"],
        "half_mass": got("half_mass_kda") / known("half_mass_kda") - 1,
        "ladder": got("ladder_fraction") - known("resolved_share"),
        "flagged": bool(flags),
        "width": got("hmw_fraction_high") - got("hmw_fraction_low"),
        "saturated_missed": true.get("saturated_px", 0) >= 10 and "saturated" not in flags,
        "saturated_false": true.get("saturated_px", 0) == 0 and "saturated" in flags,
    }
    for name, column, value in (
        ("cover_fraction", "hmw_fraction", true["hmw_fraction"]),
        ("cover_relative", "relative_hmw", true["relative_population"]),
        ("cover_measured", "relative_hmw_measured", true["relative_hmw"]),
        ("cover_ubiquitins", "mean_ubiquitins", true["mean_ubiquitins"]),
    ):
        low, high = got(f"{column}_low"), got(f"{column}_high")
        out[name] = float(low <= value <= high) if np.isfinite(low) and np.isfinite(high) else np.nan
    if len(species) and "lane" in row:
        shares = species.loc[species["lane"] == row["lane"]].groupby("n")["share"].sum().reindex(range(4))
        out["share"] = float(np.abs(shares.to_numpy(float) - true["shares"]).max())
    return out


def _median(values: pd.Series[Any]) -> float:
    return float(values.abs().median())


def _p95(values: pd.Series[Any]) -> float:
    return float(values.abs().quantile(0.95))


#: Column of the table: column of the lanes, and how they become one number.
NUMBERS: dict[str, tuple[str, Any]] = {
    "fraction_median": ("fraction", _median),
    "fraction_bias": ("fraction", "mean"),
    "fraction_p95": ("fraction", _p95),
    "relative_median": ("relative", _median),
    "relative_p95": ("relative", _p95),
    "log2_mean": ("log2", lambda v: float(v.abs().mean())),
    "area_median": ("relative_area", _median),
    "ubiquitins_median": ("ubiquitins", _median),
    "ubiquitins_p95": ("ubiquitins", _p95),
    "share_p95": ("share", _p95),
    "ladder_median": ("ladder", _median),
    "half_mass_median": ("half_mass", _median),
    "blank_max": ("blank", "max"),
    "cover_fraction": ("cover_fraction", "mean"),
    "cover_relative": ("cover_relative", "mean"),
    "cover_measured": ("cover_measured", "mean"),
    "cover_ubiquitins": ("cover_ubiquitins", "mean"),
    "width_median": ("width", "median"),
    "flagged": ("flagged", "mean"),
    "saturated_missed": ("saturated_missed", "sum"),
    "saturated_false": ("saturated_false", "sum"),
}


def summarise(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The same numbers over all of `results` together."""
    found = [r["found"] for r in results if r["found"]]
    hit, of = sum(f["hit"] for f in found), sum(f["of"] for f in found)
    out: dict[str, Any] = {
        "blots": len(results),
        "failed": sum("failure" in r for r in results),
        "lanes_found": hit / of if of else np.nan,
        "lanes_false": sum(f["false"] for f in found),
    }
    rows = pd.DataFrame([row for r in results for row in r["rows"]])
    if "scored" not in rows:
        return out
    out["scored"] = float(rows["scored"].dropna().astype(float).mean())
    for name, (column, reduce) in NUMBERS.items():
        if column in rows:
            values = rows[column].dropna().astype(float)
            out[name] = (
                float(values.agg(reduce))
                if isinstance(reduce, str) and len(values)
                else (reduce(values) if len(values) else np.nan)
            )
    return out
