"""Modules that libraries load at their start and a command never uses, put off until somebody uses what is in them.

SciPy looks at every public module of NumPy when its linear algebra is loaded, and its optimisers load its geometry;
pydantic, which checks options, could look for plugins: of a command that takes a second this is a twentieth.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import LazyLoader, find_spec, module_from_spec

__all__ = ["LATE", "LATE_IN_OPTIONS", "put_off_modules"]

LATE_IN_OPTIONS = ("importlib.metadata",)
LATE = (
    *("numpy.f2py", "numpy.ma", "numpy.polynomial", "numpy.testing", "scipy.spatial"),
    *("xml.etree.ElementTree",),
)


def put_off_modules(names: Sequence[str] = LATE) -> None:
    """Let modules that are not loaded yet be loaded by the first use of what is in them.

    For a process of ublot's own: a library leaves the modules of others alone.

    Parameters
    ----------
    names : sequence of str
        Their packages are loaded, unless they are already.
    """
    for name in names:
        package, _, own = name.rpartition(".")
        spec = None if name in sys.modules else find_spec(name)
        if spec is None or spec.loader is None:
            continue
        spec.loader = LazyLoader(spec.loader)
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        setattr(sys.modules[package], own, module)
