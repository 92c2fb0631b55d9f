"""ublot: how much more auto-ubiquitination than with DMSO, from a scanned Western blot.

The public names are loaded when first used, so that ``import ublot`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "BlotError": "errors",
    "Background": "model",
    "Blot": "model",
    "Calibration": "model",
    "Lane": "model",
    "Lanes": "model",
    "Profile": "model",
    "Window": "model",
    "Params": "params",
    "read_blot": "io",
    "read_exposures": "io.exposures",
    "find_lanes": "lanes",
    "estimate_background": "background",
    "extract_profiles": "profiles",
    "calibrate_mass": "calibration",
    "quantify_ladder": "ladder",
    "score_relative": "score",
    "read_layout": "layout",
    "measure_loading": "loadingimage",
    "compare_blots": "comparison",
    "fit_dose_response": "plates",
    "analyze": "analysis",
    "Analysis": "analysis",
    "load": "reopening",
    "run_batch": "batch",
    "fit_rungs": "rungs",
    "simulate_blot": "simulation",
    "CIAP1": "targets",
    "UBIQUITIN": "targets",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
