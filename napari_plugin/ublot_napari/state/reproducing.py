"""What reproduces the present result outside of the panel: a few lines of Python, or a command; no Qt here."""

from __future__ import annotations

import json
import pprint
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ublot import BlotError, Params
from ublot.inputs.layout import find_layout, read_layout
from ublot.results.record import edits_record
from ublot_napari.state.session import text_rows

if TYPE_CHECKING:
    from ublot_napari.state.session import Session

__all__ = ["as_command", "as_python"]


def as_python(session: Session) -> str:
    """Lines of Python that give the present analysis, edits included.

    Raises
    ------
    BlotError
        Pixels lie in no file yet.
    """
    state = session.state
    if session.blot.source.path is None and session.folder is not None and not session.unsaved:
        return f"import ublot\n\nanalysis = ublot.load({str(session.folder)!r}).rerun()\n"
    path = _path(session)
    image, given = repr(path), [f"{name}={value!r}" for name, value in _options(session).items()]
    lines = ["import ublot", ""]
    if state.edits.any:
        lines += [f"edits = {_literal(json.loads(json.dumps(edits_record(state.edits))))}", ""]
        given.insert(0, "edits=edits")
    if state.layout() is not None:
        lines += [f"layout = {_literal([dict(row) for row in state.rows])}", ""]
        given.insert(0, "layout=layout")
    elif find_layout(path) is not None:
        image = f"ublot.read_blot({image})"  # else the layout beside the file, which was given up, would be taken
    return "\n".join([*lines, f"analysis = ublot.analyze({', '.join([image, *given])})", ""])


def as_command(session: Session) -> str:
    """The ``ublot analyze`` that gives the present analysis.

    What only a file can hold (edits by hand, a layout that lies nowhere else) is taken from the saved result.

    Raises
    ------
    BlotError
        The result must be saved first, or pixels lie in no file.
    """
    path = _path(session)
    options = _options(session)
    beside = find_layout(path)
    known = text_rows(read_layout(beside)) if beside is not None else ()
    plain = [dict(row) for row in known] == [dict(row) for row in session.state.rows]
    tables = any(isinstance(v, list) and v and isinstance(v[0], list) for v in options.values())
    if plain and not tables and not session.state.edits.any:
        words = ["ublot", "analyze", path]
        for name, value in options.items():
            option = name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{option}" if value else f"--no-{option}")
            else:
                text = ",".join(map(_exact, value)) if isinstance(value, list | tuple) else _exact(value)
                words += [f"--{option}={text}"] if text.startswith("-") else [f"--{option}", text]
        return shlex.join(words)
    if session.folder is None or session.unsaved:
        what = "edits by hand" if session.state.edits.any else "the layout" if not plain else "the table of an option"
        fix = "save the result first, then copy again; or copy as Python"
        raise BlotError(f"{what} lies in no file that a command could take it from", "copy", fix)
    folder = Path(session.folder)
    out = folder.with_name(f"{folder.stem}-again{folder.suffix}")
    return shlex.join(["ublot", "analyze", path, "--again", str(folder), "--out", str(out)])


def _exact(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False, compact=True)


def _path(session: Session) -> str:
    path = session.blot.source.path
    if path is None:
        raise BlotError("these pixels lie in no file", "copy", "save the result first, then copy as Python")
    return str(path)


def _options(session: Session) -> dict[str, Any]:
    """Options that differ from what they are by themselves."""
    usual = Params().model_dump(mode="json")
    return {name: v for name, v in session.state.params.model_dump(mode="json").items() if v != usual[name]}
