"""What a function gave lately, kept for as long as the thing it was asked of lives.

A person drags one lane, and the pipeline runs again on the same picture: what is told by the picture and by one lane
alone need not be worked out anew for all the others. Only functions that depend on nothing but their arguments may be
remembered, so that what they give is the same to the last bit.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["remembered"]

Function = TypeVar("Function", bound="Callable[..., Any]")


def remembered(most: int) -> Callable[[Function], Function]:
    """Remember the last `most` answers of a function about each thing that is its first argument.

    That thing is told from others by identity and may die meanwhile; all other arguments must be hashable. Answers are
    shared: nobody may change arrays in them.
    """

    def decorate(function: Function) -> Function:
        known: WeakKeyDictionary[Any, OrderedDict[Any, Any]] = WeakKeyDictionary()
        lock = Lock()  # of what is known: the function itself may run in several threads

        @wraps(function)
        def ask(thing: Any, *others: Any) -> Any:
            with lock:
                answers = known.setdefault(thing, OrderedDict())
                if others in answers:
                    answers.move_to_end(others)
                    return answers[others]
            found = function(thing, *others)
            with lock:
                answers[others] = found
                while len(answers) > most:
                    answers.popitem(last=False)
            return found

        return ask  # type: ignore[return-value]

    return decorate
