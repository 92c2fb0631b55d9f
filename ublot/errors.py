"""The one exception for input that cannot be used."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ublot.option_words import worded

if TYPE_CHECKING:
    from collections.abc import Callable

    from ublot.option_words import Option

__all__ = ["FATAL", "BlotError", "reason_of"]

FATAL = {errno.ENOSPC: "the disk is full", errno.EROFS: "the disk is read-only", errno.EDQUOT: "the quota is used up"}
"""What the system may refuse that it will refuse to every other file as well."""

LONGEST = 400
"""Characters of a part of the line: what a damaged file is quoted with must not fill the screen."""


class BlotError(ValueError):
    """Input that cannot be used: what is wrong, where, and what to do about it.

    Parameters
    ----------
    what : str
        What is wrong, without a full stop.
    where : str, optional
        The file, row, column or option it is about.
    fix : str, optional
        What the user can do.
    refused : int, optional
        Number of the system's refusal (``errno``), where that is the reason.
    """

    def __init__(self, what: str, where: object = None, fix: str | None = None, *, refused: int | None = None) -> None:
        self.what = what
        self.refused = refused
        self.where = where if where is None or isinstance(where, str) else str(where)
        self.fix = fix
        super().__init__(self.line())

    def line(self, name_of: Callable[[Option], str] = str) -> str:
        """All of it on one line, the options in it named by `name_of`."""
        what, where, fix = (
            None if t is None else _clear(worded(t, name_of)) for t in (self.what, self.where, self.fix)
        )
        said = str(what) if where is None else f"{where}: {what}"
        return said if fix is None else f"{said}; {fix}"


def _clear(text: str) -> str:
    """`text` on one line, without what would drive a terminal, its middle left out where it is long."""
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


def reason_of(error: OSError) -> str:
    """Why the system refused, in words."""
    known = {**FATAL, errno.EACCES: "permission denied"}
    return known.get(error.errno or 0) or error.strerror or str(error)
