"""Where a result came from, and the command that makes it again."""

from __future__ import annotations

import csv
import io
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot.errors import BlotError
from ublot.inputs.layout import find_layout, read_layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ublot.inputs.layout import Layout
    from ublot.inputs.params import Params

__all__ = [
    "blot_command",
    "companion_files",
    "edit_sentences",
    "layout_name",
    "option_rows",
    "size_text",
    "versions_text",
]

_TABLES = {"marker_positions": ("mass_kda", "row_px"), "normalise": ("lane", "load")}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], list | tuple):
            return "; ".join(f"{_exact(a)} at {_exact(b)}" for a, b in value)
        return ",".join(map(_exact, value))
    return "not given" if value is None else _exact(value)


def _exact(value: Any) -> str:
    """Every digit of a number, so that the command gives the same; other values as they are."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def option_rows(params: Params) -> list[dict[str, Any]]:
    """Every option: its name, label, unit, value and default as text, and whether they differ."""
    values = params.model_dump(mode="json")
    out = []
    for name, field in type(params).model_fields.items():
        extra: Any = field.json_schema_extra
        out.append(
            {
                "name": f"--{name.replace('_', '-')}",
                "label": field.title,
                "unit": extra["unit"],
                "value": _plain(values[name]),
                "default": _plain(field.default),
                "differs": getattr(params, name) != field.default,
            }
        )
    return out


def blot_command(analysis: Any) -> str:
    """The shell command that analyses the image again in the same way; a call of the library for an array.

    Files that were given as tables, not as paths, are named as `companion_files` names them.
    """
    source, params, layout = analysis.source, analysis.params, analysis.layout
    if source.format == "array" and analysis.image_path is None:
        return _call(params, layout)
    words = ["ublot", "analyze", _argument(_whole(analysis.image_path) if analysis.image_path else source.name)]
    if layout is not None and not _beside(analysis):
        words += ["--layout", _layout_file(layout) or "layout.csv"]
    for name, value in _changed(params).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        elif isinstance(value, list) and value and isinstance(value[0], list):
            words += [option, f"{option[2:]}.csv"]
        else:
            text = _plain(value)
            words += [f"{option}={text}"] if text.startswith("-") else [option, text]
    return shlex.join(words)


def _call(params: Params, layout: Any) -> str:
    given = [f"layout={_layout_file(layout) or 'layout.csv'!r}"] if layout is not None else []
    given += [f"{name}={value!r}" for name, value in _changed(params).items()]
    return f"ublot.analyze({', '.join(['pixels', *given])})"


def _changed(params: Params) -> dict[str, Any]:
    """Options that are not the default, in their JSON form."""
    values = params.model_dump(mode="json")
    return {n: values[n] for n, field in type(params).model_fields.items() if getattr(params, n) != field.default}


def _whole(path: str | Path) -> str:
    """Path from the root; a URL is one already."""
    return str(path) if "://" in str(path) else str(Path(path).absolute())


def _argument(path: str) -> str:
    """A path that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _beside(analysis: Any) -> bool:
    """Whether the layout is the one that is found by itself: by its name, or by what the file there holds."""
    layout, image = analysis.layout, analysis.image_path
    if Path(layout.name).name == f"{Path(analysis.source.name).stem}.layout.csv":
        return True
    found = find_layout(image) if image is not None else None
    return found is not None and _holds(found, layout)


def _holds(path: Path, layout: Layout) -> bool:
    try:
        return path.is_file() and read_layout(path) == layout
    except (BlotError, OSError, ValueError):
        return False


def layout_name(analysis: Any) -> str:
    """What the layout goes by: its file's name where it lies beside the image, else the whole path."""
    name = str(analysis.layout.name)
    return Path(name).name if _beside(analysis) else name


def _layout_file(layout: Layout) -> str | None:
    """Path of the file that holds just this layout, where there is one."""
    path = Path(layout.name)
    return str(path.absolute()) if _holds(path, layout) else None


def companion_files(analysis: Any) -> dict[str, str]:
    """Text of the files that the command needs and that lie nowhere, by name."""
    layout, values = analysis.layout, _changed(analysis.params)
    out = {}
    if layout is not None and not _beside(analysis) and _layout_file(layout) is None:
        records = layout.records()
        out["layout.csv"] = _csv(list(records[0]), [[_cell(v) for v in record.values()] for record in records])
    for name, columns in _TABLES.items():
        value = values.get(name)
        if isinstance(value, list):
            out[f"{name.replace('_', '-')}.csv"] = _csv(columns, value)
    return out


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([header, *rows])
    return stream.getvalue()


def edit_sentences(edits: Any) -> list[str]:
    """What a person changed, one line each; empty for nothing."""
    out = []
    if edits.lanes is not None:
        out.append(f"all {len(edits.lanes)} lanes were placed by hand")
    if edits.calibration is not None:
        pairs = zip(edits.calibration.masses, edits.calibration.rows, strict=True)
        out.append("marker bands were assigned by hand: " + ", ".join(f"{m:g} kDa at row {r:.1f}" for m, r in pairs))
    out += [f"lane {lane}: boundary below H moved to row {row:.1f}" for lane, row in edits.boundary_rows]
    return out


def size_text(size: int) -> str:
    """Bytes in a readable unit."""
    return f"{size} bytes" if size < 10_000 else f"{size / 1000:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"


def versions_text(versions: Mapping[str, str]) -> str:
    """Versions in one line."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())
