"""EC50 of replicate experiments: what one plate or blot says is one value, and n is their number."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ublot.dose_response.bell import TwoLimbs, fit_two_limbs
from ublot.dose_response.logistic import Curves, fit_curves
from ublot.statistics.dunnett import t_interval

__all__ = ["ec50_of_blocks", "over_blocks"]

FEWEST_DOSES = 4
MOST = 6  # EC50 that a note lists


def ec50_of_blocks(curves: Curves, *, two_limbs: bool = False) -> list[float]:
    """EC50 of each block from its own points; NaN where its curve has no half within the doses.

    Parameters
    ----------
    curves : Curves
        One curve; dose 0 is vehicle.
    two_limbs : bool
        The ascending limb of a bell, in place of a sigmoid.
    """
    out = []
    for j in range(curves.blocks):
        own = curves.block == j
        doses = np.unique(curves.dose[own & (curves.dose > 0)])
        if len(doses) < FEWEST_DOSES or own.sum() < 5:
            out.append(math.nan)
            continue
        part = replace(Curves.of(curves.dose[own], curves.response[own], 0, 0, curves.scale), held=curves.held)
        fit = fit_two_limbs(part) if two_limbs else fit_curves(part)
        ec50 = math.nan if fit is None else fit.first if isinstance(fit, TwoLimbs) else float(fit.ec50[0])
        out.append(ec50 if fit is not None and fit.freedom > 0 and doses[0] <= ec50 <= doses[-1] else math.nan)
    return out


def over_blocks(
    curves: Curves, ec50: float, interval: tuple[float, float], unit: str, *, two_limbs: bool = False
) -> tuple[tuple[float, tuple[float, float]], tuple[float, ...], str]:
    """EC50 over blocks: the geometric mean of their own, with Student's interval of the logarithms.

    Blocks differ in EC50 by more than their points scatter, so that an interval from all points together is one for
    these blocks and not for the compound. EC50 are even on the logarithm.

    Parameters
    ----------
    curves : Curves
    ec50, interval : float, (float, float)
        Of all points together: the answer where there is one block, or where blocks have no EC50 of their own.
    unit : str
        What a block is.
    two_limbs : bool
        The curve is a bell.

    Returns
    -------
    (ec50, (low, high)) : float, (float, float)
    each : tuple of float
        EC50 that were averaged; empty where they were not.
    note : str
    """
    together = ec50, interval
    if curves.blocks < 2:
        return together, (), f"one {unit}: the interval does not hold the scatter between {unit}s"
    each = ec50_of_blocks(curves, two_limbs=two_limbs)
    if not all(math.isfinite(e) for e in each):
        lacking = sum(not math.isfinite(e) for e in each)
        said = f"{lacking} of {len(each)} {unit}s give{'s' * (lacking == 1)} no EC50 alone"
        return together, (), f"{said}: the interval is that of these {unit}s together, not for the next"
    logs = np.log(each)
    low, high = t_interval(logs)
    lucky = ""
    if interval[0] > 0 and high - low < math.log(interval[1] / interval[0]):
        lucky = f" (nearer together than their points can tell: all together {interval[0]:.3g}-{interval[1]:.3g})"
    return (
        (math.exp(float(logs.mean())), (math.exp(low), math.exp(high))),
        tuple(each),
        f"geometric mean of {len(each)} {unit}s, their own: {', '.join(f'{e:.3g}' for e in each[:MOST])}"
        + (", …" if len(each) > MOST else "")
        + lucky,
    )
