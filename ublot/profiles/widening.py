"""Strong bands that are wider than their lane: light beside the core, which a mean over the core does not see.

How much light that is was measured with the membrane (`ublot.membrane.widening`). Protein that has spread in an
overloaded lane is all of it; what a detector or its chemistry adds beside a strong band is not protein. Nothing in one
picture tells which, so half is counted, and the interval holds from none to all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ublot.model import Profile, Widening

__all__ = ["with_light_beside"]

COUNTED = 0.5
EITHER = math.sqrt(1 / 8)
"""Standard deviation of the part that is protein: mostly near none or near all, as Jeffreys' prior, Beta(1/2, 1/2)."""


def with_light_beside(profiles: Sequence[Profile], widening: Widening) -> tuple[Profile, ...]:
    """Count the light that bands have beside the core of their lane because they are wider.

    Parameters
    ----------
    profiles : sequence of Profile
    widening : Widening
        Of all lanes by number.

    Returns
    -------
    tuple of Profile
        With that light in `raw`, and what is not known of it in `modes`.
    """
    out = []
    for profile in profiles:
        share, error = widening.share[profile.lane - 1], widening.error[profile.lane - 1]
        signal = profile.signal * (profile.noise > 0)
        # Whether it is protein, for the lane as a whole; and how much of it there is.
        unknown = np.stack([EITHER * share * signal, COUNTED * error * signal])
        out.append(
            replace(
                profile,
                raw=profile.raw + COUNTED * share * signal,
                modes=np.concatenate([profile.modes, unknown]),
            )
        )
    return tuple(out)
