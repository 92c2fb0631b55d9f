"""Messages name options so that each reader gets them under the names that it has."""

from __future__ import annotations

import ast
import json
import pickle
import re
from pathlib import Path

import pytest

import ublot
from ublot import BlotError, Params
from ublot.flags import FLAGS
from ublot.inputs.params import make_params
from ublot.option_words import Option, Told, joined, option_key, template_of, told, worded

SOURCE = Path(ublot.__file__).parent
COMMANDS = ("cli", "dose_response", "report", "simulation")
"""What speaks to people at the command line only."""


def test_a_message_is_text_of_the_command_line_and_can_be_worded_otherwise():
    said = told("{count} pictures: choose with {panel} N: {each}", count=2, each=told("1 = {first_lane} 3"))
    assert said == "2 pictures: choose with --panel N: 1 = --first-lane 3"
    assert worded(said, lambda option: option.name.upper()) == "2 pictures: choose with PANEL N: 1 = FIRST_LANE 3"
    assert worded("--panel is only text here", str.__repr__) == "--panel is only text here"
    assert worded(joined("; ", ["a {b}", told("set {roi}")]), lambda option: "it") == "a {b}; set it"
    assert f"{said}" == str(said) == json.loads(json.dumps(said))


@pytest.mark.parametrize("text", ["plain {brace} }{", told("set {roi} {{}} or {rotate!k}"), joined("", [])])
def test_a_message_can_be_written_down_and_sent(text):
    for again in (told(template_of(text)), pickle.loads(pickle.dumps(told(template_of(text))))):
        assert again == text
        assert worded(again, lambda option: f"<{option.name} {option.typed}>") == worded(
            text, lambda option: f"<{option.name} {option.typed}>"
        )


def test_an_error_names_options_in_the_words_of_whoever_shows_it():
    error = BlotError("a\nb", option_key("first-lane"), told("set {roi}"))
    assert str(error) == "option first-lane: a b; set --roi"
    assert error.line(lambda option: f"“{option.name}”") == "“first_lane”: a b; set “roi”"
    with pytest.raises(BlotError, match="option rotate: 'x' cannot be right") as caught:
        make_params({}, rotate="x")
    assert caught.value.line(lambda option: "Turn").startswith("Turn: 'x' cannot be right")


def test_advice_names_options_that_there_are():
    named = {
        part.name
        for f in FLAGS.values()
        if isinstance(f.advice, Told)
        for part in f.advice.parts
        if isinstance(part, Option)
    }
    assert {"rotate", "roi", "marker"} <= named
    assert named <= {*Params.model_fields, "marker_image"}


def test_no_message_that_a_window_may_show_spells_options_out():
    """What stands in a text as ``--option`` would be shown so to somebody who has no command line."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        if place.parts[0] in COMMANDS or place.name in ("plates.py", "record.py"):  # these speak of commands to type
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            docs = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if docs:
                node.value.value = ""
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"--[a-z]", node.value):
                found.append(f"{place}:{node.lineno}: {node.value}")
    assert not found
