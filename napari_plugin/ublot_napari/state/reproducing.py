"""What reproduces the present result outside of the panel: a few lines of Python, or a command; no Qt here."""

from __future__ import annotations

import pprint
import shlex
from typing import TYPE_CHECKING, Any

from ublot import BlotError, Params
from ublot.inputs.layout import find_layout, read_layout
from ublot_napari.state.session import text_rows

if TYPE_CHECKING:
    from ublot_napari.state.session import Session

__all__ = ["as_command", "as_python"]


def as_python(session: Session) -> str:
    """Lines of Python that give the present analysis, edits included.

    Raises
    ------
    BlotError
        Edits or pixels lie in no file yet.
    """
    if session.folder is not None and not session.unsaved:
        return f"import ublot\n\nanalysis = ublot.load({str(session.folder)!r}).rerun()\n"
    path = _path(session)
    rows = [dict(row) for row in session.state.rows]
    image, given = repr(path), [f"{name}={value!r}" for name, value in _options(session).items()]
    lines = ["import ublot", ""]
    if session.state.layout() is not None:
        lines += [f"layout = {pprint.pformat(rows, width=110, sort_dicts=False)}", ""]
        given.insert(0, "layout=layout")
    elif find_layout(path) is not None:
        image = f"ublot.read_blot({image})"  # else the layout beside the file, which was given up, would be taken
    return "\n".join([*lines, f"analysis = ublot.analyze({', '.join([image, *given])})", ""])


def as_command(session: Session) -> str:
    """The ``ublot analyze`` that gives the present analysis.

    Raises
    ------
    BlotError
        Edits cannot be given to a command, or the layout lies in no file beside the picture.
    """
    if session.state.edits.any:
        raise BlotError("edits by hand cannot be given to a command", "copy", "copy as Python, after saving the result")
    path = _path(session)
    beside = find_layout(path)
    told = text_rows(read_layout(beside)) if beside is not None else ()
    if [dict(row) for row in told] != [dict(row) for row in session.state.rows]:
        fix = "save it beside the picture as NAME.layout.csv (2 Layout > Save CSV…)"
        raise BlotError("the layout lies in no file that the command would find", "copy", fix)
    words = ["ublot", "analyze", path]
    for name, value in _options(session).items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            text = ",".join(f"{v:g}" for v in value) if isinstance(value, list | tuple) else str(value)
            words += [f"--{option}", text]
    return shlex.join(words)


def _path(session: Session) -> str:
    path = session.blot.source.path
    if session.state.edits.any or path is None:
        what = "edits by hand lie in no file yet" if path is not None else "these pixels lie in no file"
        raise BlotError(what, "copy", "save the result first, then copy again")
    return str(path)


def _options(session: Session) -> dict[str, Any]:
    """Options that differ from what they are by themselves."""
    usual = Params().model_dump(mode="json")
    return {name: v for name, v in session.state.params.model_dump(mode="json").items() if v != usual[name]}
