"""ublot: how much more auto-ubiquitination than with DMSO, from a scanned Western blot.

The public names are loaded when first used, so that ``import ublot`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOME = {
    "BlotError": "errors",
    "Background": "model",
    "Blot": "model",
    "Calibration": "model",
    "Lane": "model",
    "Lanes": "model",
    "Profile": "model",
    "Window": "model",
    "Params": "inputs.params",
    "read_blot": "io.images.reading",
    "read_exposures": "io.images.exposures",
    "find_lanes": "lanes.finding",
    "estimate_background": "background.estimation",
    "extract_profiles": "profiles.extraction",
    "calibrate_mass": "mass.calibration",
    "quantify_ladder": "ladder.cut",
    "score_relative": "scoring.relative",
    "read_layout": "inputs.layout",
    "measure_loading": "pipeline.loading_control",
    "compare_blots": "results.comparison",
    "Comparison": "results.comparison",
    "fit_dose_response": "dose_response.plate_fit",
    "analyze_plate": "results.plates",
    "PlateAnalysis": "results.plates",
    "analyze": "results.analysis",
    "Analysis": "results.analysis",
    "load": "results.reopening",
    "run_batch": "batch.run",
    "fit_rungs": "ladder.fit.rungs",
    "simulate_blot": "simulation",
    "CIAP1": "reference.proteins",
    "UBIQUITIN": "reference.proteins",
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
