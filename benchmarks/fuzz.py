"""Damaged files of every kind: read, or refused in one clear line, and nothing else.

``python benchmarks/fuzz.py --cases 10000`` damages images, and as many layouts, TOML files and results, and gives them
to ublot in processes of their own. A case fails when anything but a `BlotError` of one line comes out, when it takes
longer than 10 s of a processor or more than 2 GB, when a file is written elsewhere than in the output folder, or when
something is unpickled, connected to or started. Every case follows from its kind and number alone:
``--only images:4711`` repeats one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

KINDS = ("images", "layouts", "configs", "results")
SECONDS, MEGABYTES = 10.0, 2048
STALL = 6
"""How many times longer than by the processor a case may take by the clock: the machine does other things as well."""

PATIENCE = (STALL + 2) * SECONDS
"""s without word from a process before it is killed: a loop in C does not hear the alarm."""

STARTING = 300.0
"""s that a process may take to import what it needs, on a machine that does other things as well."""

ANALYSED = 200
"""Of so many layouts or results that can be read, one is analysed to the end and saved: that takes a second."""

WRITES = {
    "open",
    "os.rename",
    "os.mkdir",
    "os.remove",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "shutil.copyfile",
}
FORBIDDEN = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "pickle.find_class"}


class Hang(BaseException):
    """Raised by the alarm; no handler of an ordinary exception may swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one case: ``read``, ``refused`` or ``failed``."""

    kind: str
    number: int
    what: str
    seconds: float
    megabytes: float
    detail: str = ""


# ------------------------------------------------------------------------------------------------------------- cases
def _source(kind: str) -> dict[str, bytes]:
    import corpus

    if kind == "images":
        real = ROOT / "../shared/real_blots/chemidoc_1sc"
        found = {path.name: path.read_bytes() for path in sorted(real.glob("*.1sc"))}
        return {**corpus.images(), **found}
    return corpus.layouts() if kind == "layouts" else corpus.configs()


def _analysed(folder: Path) -> None:
    """A small result to damage."""
    import tifffile

    import ublot
    from ublot.simulation import simulate_blot

    blot = simulate_blot(seed=1, difficulty="easy", shape=(260, 348), lanes=8)
    tifffile.imwrite(folder / "blot.tif", blot.image)
    options = {"layout": blot.layout, "marker": "precision-plus", "no_report": True}
    found = ublot.analyze(folder / "blot.tif", **options)
    found.with_lanes(found.geometry).save(folder / "intact", report=False)


class Cases:
    """Runs cases in one process; `folder` is the only place where they may write."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.out = folder / "out"
        if kind == "results":
            _analysed(folder)
            self.record = (folder / "intact/analysis.json").read_text()
        else:
            self.files = list(_source(kind).items())
        if kind == "layouts":
            from ublot.simulation import simulate_blot

            self.blot = simulate_blot(seed=1, difficulty="easy", shape=(260, 348), lanes=8)

    def prepare(self, number: int) -> Callable[[], None]:
        """Write the damaged file; what is returned gives it to ublot."""
        import corpus

        rng = np.random.default_rng([KINDS.index(self.kind), number])
        if self.kind == "results":
            return self._prepare_result(rng, number)
        name, content = self.files[number % len(self.files)]
        path = self.folder / f"{number} {name}"
        damaged = corpus.mutated(content, rng)
        # Every other text stays well-formed, so that it gets past the parser.
        if number // len(self.files) % 2 and name.endswith(".toml"):
            damaged = corpus.mutated_options(corpus.CONFIG, rng)
        elif number // len(self.files) % 2 and name.endswith(".csv"):
            damaged = corpus.mutated_cells(corpus.LAYOUT, rng)
        path.write_bytes(damaged)
        run = {"images": self._image, "layouts": self._layout, "configs": self._config}[self.kind]
        return lambda: run(path, number)

    def _prepare_result(self, rng: np.random.Generator, number: int) -> Callable[[], None]:
        import corpus

        place = self.folder / f"{number}.ublot"
        shutil.copytree(self.folder / "intact", place)
        if number % 4 == 0:
            victim = sorted(place.glob("*.csv"))[int(rng.integers(len(list(place.glob("*.csv")))))]
            victim.write_bytes(corpus.mutated(victim.read_bytes(), rng))
        elif number % 4 == 1:
            (place / "analysis.json").write_bytes(corpus.mutated(self.record.encode(), rng))
        else:
            (place / "analysis.json").write_bytes(corpus.mutated_json(self.record, rng))
        return lambda: self._result(place, number)

    def _image(self, path: Path, number: int) -> None:
        import ublot
        from ublot.pipeline.inspection import describe

        # Primes, so that every kind of file meets every way of being looked at.
        options: dict[str, Any] = {"channel": (2, 3, 1)[number // 7 % 3]} if number % 7 == 0 else {}
        options |= {"mirror": True} if number % 11 == 0 else {}
        options |= {"rotate": (90.0, 180.0, -90.0, 3.0)[number // 13 % 4]} if number % 13 == 0 else {}
        blot = ublot.read_blot(path, **options)
        describe(blot)
        if number % ANALYSED == 0:
            ublot.analyze(blot, lanes=5).save(self.out, report=False)

    def _layout(self, path: Path, number: int) -> None:
        import ublot

        layout = ublot.read_layout(path)
        if number % ANALYSED < len(self.files) and len(layout) < 30:
            ublot.analyze(self.blot.image, layout=layout).save(self.out, report=False)

    def _config(self, path: Path, number: int) -> None:
        from ublot.inputs.params import make_params

        made = make_params(path)
        assert make_params(made.model_dump(mode="json")) == made

    def _result(self, place: Path, number: int) -> None:
        import ublot

        found = ublot.load(place)
        assert found.lanes is not None and found.species is not None and found.profiles is not None
        assert found.record and found.messages is not None
        if number % (ANALYSED // 8) < 2:
            found.rerun().save(self.out, report=False, force=True)


# ----------------------------------------------------------------------------------------------------------- watching
class Watch:
    """Audit hook: what is written outside `folder`, connected to, started or unpickled while `on`."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in FORBIDDEN:
            self.seen.append(f"{event} {args!r}"[:300])
        elif event in WRITES and (event != "open" or self._writing(args)):
            places = [a for a in args[:2] if isinstance(a, str | bytes | os.PathLike)]
            places = places[:1] if event in ("open", "os.mkdir", "os.chmod") else places
            self.seen += [f"{event} {p!r}" for p in places if not self._inside(os.fsdecode(p))]

    @staticmethod
    def _writing(args: tuple[Any, ...]) -> bool:
        _, mode, flags = (*args, None, None)[:3]
        if isinstance(mode, str):
            return any(sign in mode for sign in "wax+")
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    def _inside(self, place: str) -> bool:
        real = os.path.realpath(place)
        return (
            real.startswith((self.folder + os.sep, "/dev/", "/proc/")) or real.endswith(".pyc") or "__pycache__" in real
        )


def _alarm(*_: object) -> None:
    raise Hang


def _peak_megabytes() -> float:
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def _reset_peak() -> None:
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")


def run_case(cases: Cases, watch: Watch, number: int) -> Outcome:
    """One case, its damage undone afterwards."""
    from ublot import BlotError

    before = set(os.listdir(cases.folder))
    run = cases.prepare(number)
    _reset_peak()
    watch.seen.clear()
    begin = time.process_time()
    what, detail = "read", ""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, STALL * SECONDS)
    watch.on = True
    try:
        # The alarm may ring while it is taken back: that is to be caught below as well.
        try:
            run()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
    except BlotError as error:
        what, detail = "refused", str(error)
        if "\n" in detail or len(detail) > 1000 or not detail.isprintable():
            what, detail = "failed", f"not one clear line: {detail[:300]!r}"
    except Hang:
        what, detail = "failed", f"took longer than {SECONDS:g} s\n{traceback.format_exc()[-1500:]}"
    except BaseException:  # noqa: BLE001 -- whatever else comes out is what is looked for
        what, detail = "failed", traceback.format_exc()
    finally:
        watch.on = False
    taken, peak = time.process_time() - begin, _peak_megabytes()
    if peak > MEGABYTES:
        what, detail = "failed", f"took {peak:.0f} MB"
    if watch.seen:
        what, detail = "failed", "; ".join(watch.seen[:3])
    for name in set(os.listdir(cases.folder)) - before:
        place = cases.folder / name
        shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink()
    return Outcome(cases.kind, number, what, taken, peak, detail)


def _work(kind: str, numbers: list[int], folder: str, pipe: Connection) -> None:
    """Body of a process."""
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGPROF, _alarm)
    warnings.simplefilter("ignore")
    import logging

    logging.disable(logging.CRITICAL)
    os.chdir(folder)
    watch = Watch(Path(folder))
    cases = Cases(kind, Path(folder))
    pipe.send(None)
    for number in numbers:
        pipe.send(("started", number))
        pipe.send(run_case(cases, watch, number))
    pipe.close()


# ------------------------------------------------------------------------------------------------------------ the run
def run_all(kind: str, numbers: list[int], workers: int) -> Iterator[Outcome]:
    """All cases of one kind on `workers` processes; a process that is silent or dies is a failed case of its own."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="ublot-fuzz-") as scratch:
        left = [numbers[i::workers] for i in range(workers)]
        running: dict[Connection, dict[str, Any]] = {}

        def start(share: list[int]) -> None:
            folder = tempfile.mkdtemp(dir=scratch)
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(kind, share, folder, there), daemon=True)
            process.start()
            there.close()
            running[here] = {"process": process, "share": share, "at": None, "heard": time.monotonic() + STARTING}

        for share in left:
            if share:
                start(share)
        while running:
            for pipe in wait(list(running), timeout=1.0):
                assert isinstance(pipe, Connection)
                state = running[pipe]
                try:
                    said = pipe.recv()
                except EOFError:
                    yield from _ended(kind, running.pop(pipe), start, "the process died")
                    continue
                state["heard"] = time.monotonic()
                if isinstance(said, Outcome):
                    state["at"] = None
                    state["share"] = [n for n in state["share"] if n != said.number]
                    yield said
                elif said:
                    state["at"] = said[1]
            for pipe, state in list(running.items()):
                if time.monotonic() - state["heard"] > PATIENCE:
                    state["process"].kill()
                    running.pop(pipe)
                    yield from _ended(kind, state, start, f"silent for {PATIENCE:g} s")


def _ended(kind: str, state: dict[str, Any], start: Callable[[list[int]], None], why: str) -> Iterator[Outcome]:
    state["process"].join(5)
    if state["at"] is not None:
        yield Outcome(kind, state["at"], "failed", PATIENCE, 0.0, why)
    rest = [n for n in state["share"] if n != state["at"]]
    if rest and state["at"] is not None:
        start(rest)
    elif rest:
        yield Outcome(kind, rest[0], "failed", 0.0, 0.0, f"{why} before its first case")


def main() -> int:
    """Run, print what came out, and fail where a case did."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--cases", type=int, default=10_000, help="of images; and of layouts, configs and results together"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--only", metavar="KIND:NUMBER")
    parser.add_argument("--show", type=int, default=10, help="failures to print in full")
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    texts = sum(kind != "images" for kind in kinds)
    plan = {
        k: range(given.seed, given.seed + (given.cases if k == "images" else -(-given.cases // texts))) for k in kinds
    }
    if given.only:
        kind, _, number = given.only.partition(":")
        plan = {kind: range(int(number), int(number) + 1)}
    failed = 0
    for kind, numbers in plan.items():
        begin = time.monotonic()
        order = list(numbers)
        random.Random(0).shuffle(order)  # slow cases of one kind of file should not all fall to one process
        outcomes = []
        for outcome in run_all(kind, order, given.workers):
            outcomes.append(outcome)
            if outcome.what == "failed":
                failed += 1
                if failed <= given.show:
                    print(f"\n--- {kind}:{outcome.number}\n{outcome.detail}", flush=True)
            elif given.only:
                print(outcome)
        counts = Counter(o.what for o in outcomes)
        slow, large = max(outcomes, key=lambda o: o.seconds), max(outcomes, key=lambda o: o.megabytes)
        print(
            f"{kind:8} {len(outcomes):6} cases: {counts['read']} read, {counts['refused']} refused, "
            f"{counts['failed']} failed; slowest {slow.seconds:.2f} s (no. {slow.number}), "
            f"largest {large.megabytes:.0f} MB (no. {large.number}); {time.monotonic() - begin:.0f} s",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
