"""Messages that name options: in the command line's words, or in those of a window that calls options otherwise."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Option", "Told", "joined", "option_key", "template_of", "told", "worded"]


@dataclass(frozen=True)
class Option:
    """An option inside a message.

    Attributes
    ----------
    name : str
        With underscores, as a field of ``Params``.
    typed : bool
        The message says what to type, else it speaks of a key of a file or a keyword of a call.
    """

    name: str
    typed: bool = True

    def __str__(self) -> str:
        name = self.name.replace("_", "-")
        return f"--{name}" if self.typed else f"option {name}"


class Told(str):
    """A message as the command line says it, which still knows where in it options are named.

    What cuts or joins it as text gets plain text in the command line's words.

    Parameters
    ----------
    parts : sequence of str or Option
    """

    __slots__ = ("parts",)
    parts: tuple[str | Option, ...]

    def __new__(cls, parts: Sequence[str | Option]) -> Self:
        """Make the text of its parts."""
        made = super().__new__(cls, "".join(map(str, parts)))
        made.parts = tuple(parts)
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Be copied, and sent to another process, with its parts."""
        return (self.parts,)


def told(template: str, **values: object) -> Told:
    """A message of a template such as ``"{count} panels: choose with {panel}"``.

    Parameters
    ----------
    template : str
        A name in braces that is not among `values` is an option; ``{name!k}`` is one as a key, not as it is typed.
    **values
        What stands in the other braces; options named in a message among them stay known.
    """
    parts: list[str | Option] = []
    for text, name, _, how in string.Formatter().parse(template):
        parts.append(text)
        if name is not None:
            value = values.get(name, Option(name, typed=how != "k"))
            parts += value.parts if isinstance(value, Told) else [value if isinstance(value, Option) else str(value)]
    return Told([part for part in parts if part])


def option_key(name: str) -> Told:
    """An option as the key of a file or the keyword of a call."""
    return Told([Option(name.replace("-", "_"), typed=False)])


def template_of(text: str) -> str:
    """What `told` makes this message of."""
    parts = text.parts if isinstance(text, Told) else (text,)
    braced = (f"{{{p.name}{'' if p.typed else '!k'}}}" if isinstance(p, Option) else _escaped(p) for p in parts)
    return "".join(braced)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def joined(separator: str, texts: Iterable[str]) -> Told:
    """Messages one after the other."""
    parts: list[str | Option] = []
    for text in texts:
        parts += [separator] if parts else []
        parts += text.parts if isinstance(text, Told) else [text]
    return Told(parts)


def worded(text: str, name_of: Callable[[Option], str]) -> str:
    """A message with other names for its options; a text that names none is itself."""
    if not isinstance(text, Told):
        return text
    return "".join(name_of(part) if isinstance(part, Option) else part for part in text.parts)
