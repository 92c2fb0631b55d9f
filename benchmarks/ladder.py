"""The fit of the ladder against the plain cut, set by set, on simulated blots: errors, coverage of intervals, time.

    python benchmarks/ladder.py [--per-set 3] [--sets standard,blurred,...] [--seed 40000]

For every set: absolute error of the HMW fraction by the plain cut at half a ubiquitin and by the fit (median and 95th
percentile), the share of truths inside the fit's 95 % intervals with their median width, the same for the mean number
of ubiquitins, the 95th percentile of the errors of the shares with 0-3 ubiquitins, the correlation of `ladder_fraction`
with the simulator's own resolved share, and milliseconds of processor time per lane.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import numpy as np
import pandas as pd

from ublot.background.estimation import estimate_background
from ublot.io.images.reading import read_blot
from ublot.ladder.cut import quantify_ladder
from ublot.ladder.fit.all_lanes import fit_ladders
from ublot.lanes.finding import find_lanes
from ublot.mass.calibration import calibrate_mass
from ublot.membrane.lateral_shape import gutter_leak
from ublot.profiles.extraction import extract_profiles
from ublot.reference.proteins import CIAP1, UBIQUITIN
from ublot.simulation import STRESSES, save_blot, simulate_blot

SETS = "standard,smiling,curled,wide,soft,membrane,faint,glare,blurred,ladder,smear,fragments,well,film,small,easy,hard"


def quantify(image, truth):
    """Ladders of one blot by the plain cut and by the fit, and seconds of processor time per lane of the latter."""
    blot = read_blot(image)
    roles = [lane["role"] for lane in truth["lanes"]]
    blank = [k + 1 for k, role in enumerate(roles) if role == "blank"]
    loaded = [k + 1 for k, role in enumerate(roles) if role not in ("marker", "blank")]
    lanes = find_lanes(blot, len(roles), blank=blank)
    profiles = extract_profiles(blot, lanes, estimate_background(blot, lanes, blank=blank))
    calibration = calibrate_mass(profiles[0], truth["marker_kda"])
    if calibration is None:
        return None
    middle = 0.5 * blot.shape[0]
    places = [float(lane.centre(middle)) for lane in lanes]
    cut = quantify_ladder(profiles, calibration, antibody=truth["antibody"], loaded=loaded, x=places)
    start = time.process_time()
    fitted = fit_ladders(
        cut, calibration, target_kda=CIAP1.mass_kda, modifier_kda=UBIQUITIN.mass_kda, loaded=loaded,
        leak=gutter_leak(lanes),
    )  # fmt: skip
    return cut, fitted, (time.process_time() - start) / len(loaded)


def fraction(ladder):
    u, h = ladder.unmodified, ladder.hmw
    slope = np.array([-h, u]) / (h + u) ** 2
    return h / (h + u), float(np.sqrt(slope @ ladder.covariance[:2, :2] @ slope))


def compare(cut, fitted, truth):
    """One row per lane with a truth."""
    for before, after, lane in zip(cut, fitted, truth["lanes"], strict=True):
        if "hmw_fraction" not in lane or "no_signal" in after.flags:
            continue
        true, n = lane["hmw_fraction"], lane["mean_ubiquitins"]
        f, sd = fraction(after)
        mean = after.mean_ubiquitins
        shares = dict.fromkeys(range(4), 0.0)
        for s in after.species:
            if s.n in shares:
                shares[s.n] += s.share
        yield {
            "cut": abs(fraction(before)[0] - true),
            "fit": abs(f - true),
            "inside": abs(f - true) < 1.96 * sd,
            "width": 3.92 * sd,
            "n_cut": abs(before.mean_ubiquitins.value - n),
            "n_fit": abs(mean.value - n),
            "n_inside": mean.low <= n <= mean.high,
            "share": max(abs(shares[k] - lane["shares"][k]) for k in range(4)),
            "ladder": after.ladder_fraction,
            "resolved": lane["resolved_share"],
        }


def summarise(rows):
    q = pd.DataFrame(rows)
    out = {"lanes": len(q)}
    for name in ("cut", "fit", "n_cut", "n_fit"):
        out[f"{name}_med"], out[f"{name}_p95"] = q[name].median(), q[name].quantile(0.95)
    out |= {"inside": q["inside"].mean(), "n_inside": q["n_inside"].mean(), "width": q["width"].median()}
    return out | {"share_p95": q["share"].quantile(0.95), "ladder_r": q["ladder"].corr(q["resolved"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-set", type=int, default=3)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--seed", type=int, default=40000)
    options = parser.parse_args()
    table, pooled, times = {}, [], []
    for k, name in enumerate(options.sets.split(",")):
        rows = []
        for case in range(options.per_set):
            knobs = dict(STRESSES.get(name, {}))
            blot = simulate_blot(
                seed=options.seed + 100 * k + case, difficulty=name if name in ("easy", "hard") else "ordinary", **knobs
            )
            with tempfile.TemporaryDirectory() as scratch:
                found = quantify(save_blot(blot, scratch, name, name), blot.truth)
            if found is None:
                print(f"{name} {case}: the marker could not be read")
                continue
            rows += compare(found[0], found[1], blot.truth)
            times.append(found[2])
        table[name] = summarise(rows)
        pooled += rows
    table["pooled"] = summarise(pooled)
    print(pd.DataFrame(table).T.to_string(float_format=lambda v: f"{v:.4f}"))
    print(f"{1e3 * float(np.median(times)):.1f} ms per lane")


if __name__ == "__main__":
    main()
