"""The distribution as a whole: what it exports, loads and ships."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import ublot

HEAVY = ("napari", "qtpy", "PyQt6", "PySide6", "matplotlib", "dask", "pandas", "scipy.signal", "skimage", "pybaselines")


def loaded_by(statement: str) -> set[str]:
    """Names in sys.modules of a new interpreter after `statement`."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def imports(module: Path) -> set[str]:
    """Top-level packages that a module's source names anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_import_is_light() -> None:
    modules = loaded_by("import ublot")
    assert "ublot" in modules
    assert not modules & set(HEAVY)


def test_command_line_starts_light() -> None:
    modules = loaded_by("import ublot.cli")
    assert not modules & set(HEAVY)


def test_an_analysis_loads_no_more_than_it_needs() -> None:
    modules = loaded_by("import ublot.results.analysis, ublot.io.images.reading")
    assert "scipy.linalg" in modules
    # Parts of SciPy that a rare picture or a dose-response asks for: each takes as long to load as a lane to measure.
    assert not modules & {*HEAVY, "scipy.ndimage", "scipy.optimize", "scipy.stats", "scipy.interpolate"}


def test_core_knows_nothing_of_the_viewer(root: Path) -> None:
    # `ublot view` starts napari; it alone may name it.
    for module in (root / "ublot").rglob("*.py"):
        if module.parent.name != "cli":
            assert not imports(module) & {"napari", "qtpy", "PyQt6", "magicgui", "pyqtgraph", "ublot_napari"}, module


@pytest.mark.parametrize("name", ublot.__all__)
def test_public_name_resolves(name: str) -> None:
    assert getattr(ublot, name) is not None
    assert name in dir(ublot)


def test_no_module_hides_a_function(root: Path) -> None:
    modules = {path.stem for path in (root / "ublot").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & set(ublot.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = ublot.analyse


def test_version_is_the_distributions() -> None:
    assert metadata.version("ublot") == ublot.__version__


def test_entry_points() -> None:
    (command,) = metadata.entry_points(group="console_scripts", name="ublot")
    assert command.value == "ublot.cli:main"
    assert callable(command.load())
    (manifest,) = metadata.entry_points(group="napari.manifest", name="ublot")
    assert manifest.value == "ublot_napari:napari.yaml"


def test_wheel_ships_both_packages_and_nothing_else(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"ublot-{ublot.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"ublot", "ublot_napari", info}
    assert {"ublot/__init__.py", "ublot/py.typed", "ublot_napari/napari.yaml"} <= names
    assert f"{info}/licenses/LICENSE" in names
    sources = {str(path.relative_to(root)) for path in (root / "ublot").rglob("*.py")}
    assert sources <= names


def test_every_import_is_a_dependency(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    required = project["dependencies"] + extras["distributed"] + extras["remote"] + extras["plates"]
    declared = {spec.split(">")[0].split("[")[0].lower() for spec in required}
    declared |= {name.replace("-", "_") for name in declared}
    other_names = {"cv2": "opencv-python-headless", "PIL": "pillow", "skimage": "scikit-image", "distributed": "dask"}
    for module in (root / "ublot").rglob("*.py"):
        for name in imports(module) - set(sys.stdlib_module_names) - {"ublot"}:
            if module.parent.name == "cli" and name in {"napari", "ublot_napari"}:
                continue
            assert other_names.get(name, name).lower() in declared, f"{module} imports {name}, which nothing requires"
