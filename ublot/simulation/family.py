"""Blots of no one model: every one has its own law of lanes, halos, bands, smears and membrane, drawn at random.

An analysis that is right about the one law that it was built with is right about few members of the family: what holds
over it has to come from the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ublot.simulation.lateral import LAWS

__all__ = ["draw_family"]

# Half of the blots have a trait at all; where they do, it is drawn evenly up to what was seen on real pictures: flanks
# of a few per cent at half a pitch, thick edges, slanting bands, membranes uneven by some per cent on a lane's scale.
PRESENT = 0.5


def draw_family(seed: int) -> dict[str, Any]:
    """Knobs of one member of the family, for `simulate_blot`.

    Parameters
    ----------
    seed : int
        The same seed gives the same member.
    """
    rng = np.random.default_rng([seed, 0xFA])

    def trait(low: float, high: float) -> float:
        """None, or something between both."""
        value, present = rng.uniform(low, high), rng.random() < PRESENT
        return float(value) if present else 0.0

    return {
        "lateral": str(rng.choice(LAWS)),
        "softness": float(rng.uniform(0.02, 0.09)),
        "fill": float(rng.uniform(0.58, 0.92)),
        "width_scatter": float(rng.uniform(0.01, 0.08)),
        "asymmetry": float(rng.uniform(0.0, 0.2)),
        "tails": trait(0.01, 0.08),
        "rims": trait(0.05, 0.4),
        "bulge": trait(0.02, 0.12),
        "curl": float(rng.uniform(0.1, 0.9)),
        "slant": trait(0.2, 1.2),
        "band": float(rng.uniform(0.9, 1.5)),
        "smear": float(rng.uniform(0.2, 1.0)),
        "processive": float(rng.uniform(0.05, 0.7)),
        "halo": trait(0.01, 0.06),
        "halo_reach": float(rng.uniform(0.06, 0.2)),
        "halo_fall": float(rng.uniform(1.8, 2.6)),
        "ripple": float(rng.uniform(0.05, 0.5)),
        "blotch": trait(0.01, 0.05),
        "blotch_length": float(rng.uniform(0.4, 1.2)),
        "haze": trait(0.002, 0.01),
        "fragments": trait(0.02, 0.12),
        "glare": trait(0.002, 0.015),
        "exposure": float(rng.uniform(0.3, 0.7)),
        "grain": float(rng.uniform(0.005, 0.02)),
        "vehicle_scatter": float(rng.uniform(0.02, 0.2)),
    }
