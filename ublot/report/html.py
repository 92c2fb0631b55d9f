"""What pages share: pictures and tables as values, and a page as one file that allows itself nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ublot.report.figures.drawing import DPI

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Cell", "Column", "Page", "Picture", "Row", "TableView", "data_uri", "load_template", "picture", "render"]

SCREEN = 96  # CSS pixels per inch
_UNSAFE = re.compile(r"[^A-Za-z0-9/+=:;, ()!*~.\-_$]+")  # what an address cannot hold as it is
LEAST = 68  # CSS pixels per inch below which letters cannot be read: the picture is then scrolled


@dataclass(frozen=True)
class Picture:
    """A figure of a page.

    Attributes
    ----------
    name, title, caption, alt : str
    uri : str
        The PNG itself.
    width, height : int
        CSS pixels.
    least : int
        CSS pixels that its width is not made smaller than on a screen.
    """

    name: str
    title: str
    caption: str
    alt: str
    uri: str
    width: int
    height: int
    least: int


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    unit: str = ""
    help: str = ""
    number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a smaller text after it, and what it is sorted by."""

    text: str
    more: str = ""
    key: Any = None


@dataclass(frozen=True)
class Row:
    """A row of a table; `state` is a class of the style sheet."""

    cells: tuple[Cell, ...]
    state: str = ""


@dataclass(frozen=True)
class TableView:
    """A table as it is shown; columns in which nothing stands are left out."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> TableView:
        """Table without its empty columns."""
        kept = [k for k in range(len(columns)) if any(row.cells[k].text for row in rows)]
        shorter = tuple(Row(tuple(row.cells[k] for k in kept), row.state) for row in rows)
        return cls(title, tuple(columns[k] for k in kept), shorter)


@dataclass(frozen=True)
class Page:
    """What a template is filled with."""

    template: str
    title: str
    values: dict[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()


def data_uri(kind: str, content: bytes | str) -> str:
    """Content as an address: text percent-encoded, which is shorter for SVG, anything else in base64."""
    if isinstance(content, str):
        return f"data:{kind};charset=utf-8,{_UNSAFE.sub(lambda found: quote(found[0]), content)}"
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture(name: str, title: str, caption: str, alt: str, png: bytes, *, dpi: float = DPI) -> Picture:
    """Picture from a PNG file that was drawn at `dpi`."""
    width, height = struct.unpack(">II", png[16:24])
    css = SCREEN / dpi
    least = round(width / dpi * LEAST)
    return Picture(
        name, title, caption, alt, data_uri("image/png", png), round(width * css), round(height * css), least
    )


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ublot.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tie"] = _tie
    return environment


def load_template(name: str) -> Any:
    """A page without its content, made ready once for all pages of its kind."""
    return _environment().get_template(name)


def _tie(text: str) -> str:
    """Keep a number and its unit or sign on one line."""
    for loose, tied in (("95 % ", "95\u00a0%\u00a0"), (" = ", "\u00a0=\u00a0"), (" < ", "\u00a0<\u00a0")):
        text = text.replace(loose, tied)
    return text.replace("–", "\u2060–\u2060")


@lru_cache(maxsize=2)
def _asset(name: str) -> str:
    return files("ublot.report").joinpath("templates", name).read_text("utf-8").strip()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def render(page: Page) -> str:
    """The page as HTML, in which only its own style, script and pictures may do anything."""
    from ublot import __version__

    # On a phone a wide picture keeps its letters readable and is scrolled within its frame.
    rules = [f"img.w-{p.name} {{ min-width: {p.least}px; }}" for p in page.pictures]
    phone = "\n".join(["@media screen and (max-width: 760px) {", *rules, "}"])
    style, script = f"{_asset('style.css')}\n{phone}", _asset("script.js")
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"
    html: str = load_template(page.template).render(
        title=page.title,
        version=__version__,
        policy=policy,
        style=style,
        script=script,
        **page.values,
    )
    # What came in broken (half of a surrogate pair in a file's name) must not cost the whole page.
    return html.encode("utf-8", "replace").decode("utf-8")
