"""The one exception for input that cannot be used."""

from __future__ import annotations

__all__ = ["BlotError"]


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
    """

    def __init__(self, what: str, where: object = None, fix: str | None = None) -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.fix = fix
        line = what if self.where is None else f"{self.where}: {what}"
        super().__init__(" ".join((line if fix is None else f"{line}; {fix}").split()))
