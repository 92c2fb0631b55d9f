"""Where the blots are worked on: in this process, in a pool of processes, or on a dask cluster.

Every engine takes jobs one by one, keeps few of them under way, and yields outcomes as they come: neither jobs nor
results pile up, however many there are. A worker that dies takes no blot with it but the one that killed it: all that
were under way are done again, each alone.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from ublot import __version__
from ublot.batch.one_blot import Outcome, work
from ublot.batch.pool import process_pool
from ublot.errors import BlotError
from ublot.numerics.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import ProcessPoolExecutor

    from ublot.batch.one_blot import Common, Job

__all__ = ["available_cores", "run_cluster", "run_pool", "run_serial"]

AHEAD = 2  # jobs under way per worker: one at work and the next one waiting for it
CONNECT = 10  # seconds to wait for a scheduler
ALONE = 2  # times that a blot is tried alone after its worker died
KILLED = "the worker process died while it analysed this blot (out of memory, or a crash in a library)"


def available_cores() -> int:
    """Cores that this process may use: its affinity, and the quota of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):
        return cores


# ------------------------------------------------------------------------------------------------------ this process
def run_serial(jobs: Iterable[Job], common: Common) -> Iterator[Outcome]:
    """Work on the jobs one after the other, in this process."""
    with one_thread():
        for job in jobs:
            yield work(job, common)


# -------------------------------------------------------------------------------------------------------------- pool
def run_pool(jobs: Iterable[Job], common: Common, workers: int) -> Iterator[Outcome]:
    """Work on the jobs in `workers` processes of this machine.

    Parameters
    ----------
    jobs : iterable of Job
        Taken one by one, `AHEAD` per worker under way.
    common : Common
    workers : int

    Yields
    ------
    Outcome
        As they come, not in the order of the jobs.

    Raises
    ------
    BlotError
        No worker can be started.
    """
    waiting = iter(jobs)
    finished = False
    while not finished:
        lost: list[Job] = []
        with process_pool(workers) as pool:
            finished = yield from _until_broken(pool, waiting, common, workers * AHEAD, lost)
        yield from _each_alone(lost, common)


def _until_broken(
    pool: ProcessPoolExecutor, waiting: Iterator[Job], common: Common, most: int, lost: list[Job]
) -> Generator[Outcome, None, bool]:
    """Yield outcomes until all is done, or a worker died and `lost` holds what was under way; return which of them."""
    under_way: dict[Future[Outcome], Job] = {}
    while not lost:
        for job in islice(waiting, most - len(under_way)):
            try:
                under_way[pool.submit(work, job, common)] = job
            except BrokenExecutor:
                lost.append(job)
                break
        if not under_way:
            return not lost
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            job = under_way.pop(future)
            try:
                yield future.result()
            except BrokenExecutor:
                lost.append(job)
    for future, job in under_way.items():
        try:
            yield future.result()
        except BrokenExecutor:
            lost.append(job)
    return False


def _each_alone(suspects: Iterable[Job], common: Common) -> Iterator[Outcome]:
    """Jobs whose worker may have died of them, one at a time: who kills it again is the one."""
    for job in suspects:
        for _ in range(ALONE):
            with process_pool(1) as pool:
                try:
                    yield pool.submit(work, job, common).result()
                    break
                except BrokenExecutor:
                    continue
        else:
            yield Outcome(job.item.name, "failed", "worker", KILLED)


# ----------------------------------------------------------------------------------------------------------- cluster
def run_cluster(
    jobs: Iterable[Job], common: Common, address: str, tell: Callable[[str], None] = lambda line: None
) -> Iterator[Outcome]:
    """Work on the jobs on a running dask cluster.

    Parameters
    ----------
    jobs, common
        See `run_pool`.
    address : str
        Of the scheduler, ``tcp://HOST:PORT``.
    tell : callable
        Given a line when there is something to know.

    Yields
    ------
    Outcome
        As they come.

    Raises
    ------
    BlotError
        dask is not installed, there is no such scheduler, it has no workers or other versions, or it is lost.
    """
    try:
        from distributed import Client
    except ImportError as error:
        fix = 'install it with: pip install "ublot[distributed]"'
        raise BlotError(f"a scheduler needs dask.distributed, which is not installed ({error})", address, fix) from None
    try:
        connect: Any = Client  # its annotations are incomplete
        client: Any = connect(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        what = "cannot be reached" if not isinstance(error, ValueError) else f"is no address ({error})"
        raise BlotError(f"the scheduler {what}", address, "start it with: dask scheduler") from None
    try:
        _check_cluster(client, address)
        yield from _on_cluster(client, iter(jobs), common, address, tell)
    finally:
        client.close(timeout=5)


def _check_cluster(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=30)
    except TimeoutError:
        raise BlotError("the cluster has no workers", address, f"start some with: dask worker {address}") from None
    try:
        versions = set(client.run(_version).values())
    except Exception as error:  # noqa: BLE001 -- whatever a foreign process raises, most likely ModuleNotFoundError
        raise BlotError(f"ublot does not start on the workers ({error})", address, "install it there") from None
    if versions - {__version__}:
        what = f"the workers have ublot {', '.join(sorted(versions))}, this process has {__version__}"
        raise BlotError(what, address, "install the same version everywhere: results must not depend on the machine")


def _version() -> str:
    return __version__


def _remote_work(job: Job, common: Common) -> Outcome:
    _keep_to_one_thread()
    return work(job, common)


@cache
def _keep_to_one_thread() -> None:
    one_thread().__enter__()  # for good: a worker of several threads has no moment at which it could be undone


def _on_cluster(
    client: Any, waiting: Iterator[Job], common: Common, address: str, tell: Callable[[str], None]
) -> Iterator[Outcome]:
    from distributed import as_completed

    def submit(job: Job) -> Any:
        return client.submit(_remote_work, job, common, pure=False)

    under_way: dict[str, tuple[Any, Job]] = {}
    suspects: list[Job] = []
    collect: Any = as_completed
    completed, room = collect(loop=client.loop), _Room(client)
    try:
        while True:
            for job in islice(waiting, max(0, room() - len(under_way))):
                future = submit(job)
                under_way[future.key] = future, job
                completed.add(future)
            if not under_way:
                break
            future = next(completed)
            _, job = under_way.pop(future.key)
            outcome = _outcome(future, client, address)
            if outcome is None:
                suspects.append(job)
            else:
                yield outcome
        if suspects:
            tell(f"{len(suspects)} blots lost their worker more than once: each is tried alone")
        for job in suspects:
            yield _outcome(submit(job), client, address) or Outcome(job.item.name, "failed", "worker", KILLED)
    finally:
        client.cancel([future for future, _ in under_way.values()])


def _outcome(future: Any, client: Any, address: str) -> Outcome | None:
    """Outcome of a finished job, None where it lost its workers time and again."""
    from distributed import KilledWorker

    try:
        return future.result()  # type: ignore[no-any-return]
    except KilledWorker:
        return None
    except Exception as error:
        if client.status != "running" or type(error).__name__ in {"CancelledError", "FutureCancelledError"}:
            fix = "what is done stays; run the same command again to go on"
            raise BlotError("the scheduler was lost", address, fix) from None
        raise BlotError(f"the cluster could not run a blot ({type(error).__name__}: {error})", address) from error


class _Room:
    """How many jobs may be under way: workers come and go, so it is asked for again every few seconds."""

    def __init__(self, client: Any) -> None:
        self._client, self._asked, self._room = client, -60.0, AHEAD

    def __call__(self) -> int:
        if time.monotonic() - self._asked > 5.0:
            self._room = AHEAD * max(1, sum(self._client.nthreads().values()))
            self._asked = time.monotonic()
        return self._room
