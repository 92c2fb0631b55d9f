"""Answers are remembered by the thing and by what was asked, no more of them than allowed, and die with the thing."""

from __future__ import annotations

import gc
import weakref

from ublot.numerics.remembering import remembered


class Thing:
    """Something that is told from others by identity."""


def test_asked_once_for_each_thing_and_question() -> None:
    asked = []

    @remembered(2)
    def answer(thing: Thing, number: int) -> list[int]:
        asked.append(number)
        return [number]

    one, other = Thing(), Thing()
    assert answer(one, 1) is answer(one, 1)
    assert answer(one, 1) is not answer(other, 1)
    assert asked == [1, 1]
    answer(one, 2)
    answer(one, 1)  # the latest now
    answer(one, 3)  # 2 is forgotten
    answer(one, 1)
    assert asked == [1, 1, 2, 3]
    answer(one, 2)
    assert asked == [1, 1, 2, 3, 2]


def test_answers_die_with_the_thing() -> None:
    @remembered(4)
    def answer(thing: Thing) -> Thing:
        return Thing()

    thing = Thing()
    told = weakref.ref(answer(thing))
    gc.collect()
    assert told() is not None
    del thing
    gc.collect()
    assert told() is None
