"""A process beside another: it gives what the work would give here, and its failures are nobody's."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event, Thread

import pytest

from ublot.numerics.beside import may_stand_beside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")

SCRIPT = """
import os, sys
from ublot.numerics.beside import Beside

loaded = []
def prepare():
    {prepare}
def where(x):
    return os.getpid(), x, list(loaded)
def fails_there(own):
    if os.getpid() != own:
        raise ValueError("there")
    return "done here"
def no_room(own):
    if os.getpid() != own:
        raise MemoryError
class Odd:
    def __reduce__(self):
        return no_room, (os.getpid(),)
def odd_there(own):
    return Odd() if os.getpid() != own else "fine here"

beside = Beside(prepare)
print({expression})
"""


def run(expression: str, prepare: str = "loaded.append('ready')") -> str:
    script = SCRIPT.format(expression=expression, prepare=prepare)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_it_prepares_works_and_answers_in_order() -> None:
    one = "[beside.begin(where, x)() for x in ('a', 'b')]"
    assert run(f"[(pid != os.getpid(), x, known) for pid, x, known in {one}]") == (
        "[(True, 'a', ['ready']), (True, 'b', ['ready'])]"
    )


def test_what_fails_there_is_done_here() -> None:
    assert run("beside.begin(fails_there, os.getpid())(), beside.begin(where, 1)()[1]") == "done here 1"


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)", "raise ImportError('broken')"])
def test_a_process_that_is_gone_is_not_missed(end: str) -> None:
    assert run("beside.begin(where, 3)()[1:], beside.begin(where, 4)()[1:]", end) == "(3, []) (4, [])"


def test_an_answer_that_cannot_be_read_is_the_last() -> None:
    asked = "beside.begin(odd_there, os.getpid())(), beside.begin(where, 3)()[0] == os.getpid()"
    assert run(asked) == "fine here True"


def test_it_ends_with_whoever_started_it() -> None:
    script = SCRIPT.format(expression="beside.begin(where, 3)()[0], flush=True", prepare="pass")
    script += "os._exit(0)"  # as if killed: nothing is closed in order
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    # `run` returns when nobody holds the pipes of its output any more: neither does the copy.
    assert int(done.stdout) > 0


def test_none_is_made_where_there_are_threads() -> None:
    end = Event()
    thread = Thread(target=end.wait)
    thread.start()
    assert not may_stand_beside()
    end.set()
    thread.join()


def test_one_is_made_by_a_command_that_has_loaded_its_linear_algebra() -> None:
    code = "import scipy.linalg; from ublot.numerics.beside import may_stand_beside; print(may_stand_beside())"
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == str(len(os.sched_getaffinity(0)) > 1)
