"""What every test may rely on."""

from __future__ import annotations

import os
from pathlib import Path

# Many small arrays: threads of the linear-algebra libraries cost more than they bring. Set before numpy is loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest  # noqa: E402

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the project."""
    return ROOT


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers a module stays on one of them, and so do all tests that move the mouse of the one screen."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        folder = item.path.relative_to(ROOT)
        item.add_marker(pytest.mark.xdist_group("screen" if "gui" in folder.parts else str(folder)))
