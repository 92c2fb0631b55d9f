"""A batch in many processes, real ones each: workers, Ctrl-C and kills, a dask cluster, an S3 server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from batch_blots import OPTIONS, Events, contents, write_blots

import ublot
from ublot.batch.discovery import find_items
from ublot.batch.engines import KILLED, run_pool
from ublot.batch.one_blot import Common, Job
from ublot.errors import BlotError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import batch as benchmark

sys.path.pop(0)

COUNT = 10
pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes in the way of POSIX")


@pytest.fixture(scope="module")
def blots(tmp_path_factory):
    return write_blots(tmp_path_factory.mktemp("blots"), COUNT)


@pytest.fixture(scope="module")
def serial(blots, tmp_path_factory):
    """Everything that an undisturbed run in one process writes."""
    out = tmp_path_factory.mktemp("serial") / "out"
    ublot.run_batch(blots, out=out, workers=0, report=False, **OPTIONS)
    return contents(out)


def test_pool_writes_the_same_bit_for_bit(blots, serial, tmp_path):
    result = ublot.run_batch(blots, out=tmp_path / "out", workers=2, report=False, **OPTIONS)
    assert result.analysed == COUNT
    assert contents(tmp_path / "out") == serial


class Killer:
    """Ends the process that unpickles it, as running out of memory does: without a word."""

    def __reduce__(self):
        return os._exit, (9,)


def test_blot_that_kills_its_worker_costs_itself_only(blots, tmp_path):
    items = find_items([blots], str(tmp_path))
    common = Common(str(tmp_path), given=dict(OPTIONS), report=False)
    jobs = [Job(item, Killer() if item.name == "b2.tif" else None) for item in items]
    outcomes = {outcome.name: outcome for outcome in run_pool(jobs, common, 2)}
    assert {name: outcome.status == "failed" for name, outcome in outcomes.items()} == {
        item.name: item.name == "b2.tif" for item in items
    }
    assert (outcomes["b2.tif"].stage, outcomes["b2.tif"].error) == ("worker", KILLED)


def test_jobs_are_taken_only_when_there_is_room(blots, tmp_path):
    items = find_items([blots], str(tmp_path)) * 3
    common, taken, most = Common(str(tmp_path), given=dict(OPTIONS), report=False), 0, 0

    def jobs():
        nonlocal taken
        for item in items:
            taken += 1
            yield Job(item)

    for done, _ in enumerate(run_pool(jobs(), common, 2)):
        most = max(most, taken - done)
    assert taken == len(items) and most <= 5


# -------------------------------------------------------------------------------------------------- stopped and killed
def start(blots, out):
    words = ["--workers", "2", "--no-report", "--log-json", "--no-ladder", "--marker", "precision-plus"]
    command = [sys.executable, "-m", "ublot", "batch", str(blots), "--out", str(out), *words]
    # Whoever runs the tests in the background may have Ctrl-C ignored, which a program inherits.
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(process, status, count=1):
    """Events up to the `count`-th blot that ended so."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        count -= events[-1].get("status") == status
        if count == 0:
            return events
    raise AssertionError(f"it ended after {events}: {process.stderr.read()}")


def gone(pids):
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_stopped_and_killed_runs_go_on_and_end_as_if_nothing_had_been(blots, serial, tmp_path):
    out = tmp_path / "out"
    with start(blots, out) as process:  # Ctrl-C
        wait_for(process, "analysed")
        with pytest.raises(BlotError, match=rf"another run is writing there \(process {process.pid} "):
            ublot.run_batch(blots, out=out, workers=0)
        workers = benchmark.workers_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        stderr = process.stderr.read()
        assert stderr.count("\n") == 1 and "run the same command again to go on" in stderr
    assert workers and gone(workers)
    first = len(benchmark.done_in(out))
    assert 1 <= first < COUNT and benchmark.half_written(out) == []
    with start(blots, out) as process:  # a worker, then the parent
        events = wait_for(process, "analysed")
        for worker in benchmark.workers_of(process.pid)[:1]:
            os.kill(worker, signal.SIGKILL)
        events += wait_for(process, "analysed")
        workers = benchmark.workers_of(process.pid)
        process.kill()
    assert gone(workers)
    # One more where the worker was killed between having written its blot and having said so.
    assert sum(event.get("status") == "kept" for event in events) <= first + 1
    assert not [event for event in events if event.get("status") == "failed"]
    assert benchmark.half_written(out) == []
    before = {folder.name: (folder / "done.json").stat().st_mtime_ns for folder in benchmark.done_in(out)}
    assert len(before) >= first + 2
    events = Events()
    ublot.run_batch(blots, out=out, workers=0, report=False, progress=events, **OPTIONS)
    assert sorted(name for name, state in events.states.items() if state == "kept") == sorted(
        name.replace(".ublot", ".tif") for name in before
    )
    assert all((out / name / "done.json").stat().st_mtime_ns == time_ns for name, time_ns in before.items())
    assert contents(out) == serial


# ---------------------------------------------------------------------------------------------------------- cluster
@pytest.fixture
def cluster(tmp_path):
    """A dask scheduler and two workers, each a process of its own: address and the workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    loopback = ["--host", "127.0.0.1", "--no-dashboard"]
    alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    with (tmp_path / "cluster.log").open("w") as log:

        def run(module, *words):
            command = [sys.executable, "-m", f"distributed.cli.{module}", *words, "--scheduler-file", str(file)]
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

        processes = [run("dask_scheduler", "--port", "0", *loopback)]
        try:
            processes += [run("dask_worker", *alone) for _ in range(2)]
            end = time.monotonic() + 30
            while not file.exists() and time.monotonic() < end:
                time.sleep(0.1)
            yield json.loads(file.read_text())["address"], processes[1:]
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def test_cluster_writes_the_same_though_a_worker_is_killed(blots, serial, cluster, tmp_path):
    address, workers = cluster
    events = Events()

    def follow(event):
        events(event)
        if len(events.states) == 1 and workers[0].poll() is None:
            workers[0].kill()

    result = ublot.run_batch(blots, out=tmp_path / "out", scheduler=address, report=False, progress=follow, **OPTIONS)
    assert workers[0].wait(5) == -signal.SIGKILL
    assert (result.analysed + result.kept, result.failures) == (COUNT, ())
    assert contents(tmp_path / "out") == serial


def test_cluster_that_is_not_there_is_one_clear_line(blots, tmp_path):
    pytest.importorskip("distributed")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    from ublot.batch import engines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "CONNECT", 1)
        with pytest.raises(BlotError, match=r"the scheduler cannot be reached; start it with: dask scheduler"):
            ublot.run_batch(blots, out=tmp_path / "out", scheduler=address)


# --------------------------------------------------------------------------------------------------------------- S3
@pytest.fixture
def s3(tmp_path, monkeypatch):
    """An S3 server on loopback, and the environment that leads to it."""
    pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "s3.log").open("w") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + 30
            while True:
                try:
                    urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None and time.monotonic() < end, (tmp_path / "s3.log").read_text()
                    time.sleep(0.2)
            s3fs.S3FileSystem.clear_instance_cache()
            yield s3fs.S3FileSystem()
        finally:
            s3fs.S3FileSystem.clear_instance_cache()
            server.kill()
            server.wait()


def test_s3_holds_the_same_tables(blots, serial, s3, tmp_path):
    s3.mkdir("lab")
    s3.put(f"{blots}/", "lab/blots/", recursive=True)
    result = ublot.run_batch("s3://lab/blots", out="s3://lab/out", workers=2, report=False, **OPTIONS)
    assert result.analysed == COUNT
    for name in ("lanes.csv", "lanes.parquet", "failures.csv"):
        assert s3.cat(f"lab/out/{name}") == serial[name]
    for name in ("lanes.csv", "species.csv", "profiles.csv", "thumbnail.png"):
        assert s3.cat(f"lab/out/b3.ublot/{name}") == serial[f"b3.ublot/{name}"]
    assert not s3.exists("lab/out/.ublot-batch/owner.json")
    # An upload that was cut short is done again, the others are not; a folder of someone else's stays as it is.
    s3.rm("lab/out/b3.ublot/done.json")
    s3.rm("lab/out/b4.ublot", recursive=True)
    s3.pipe("lab/out/b4.ublot/mine.txt", b"x")
    events = Events()
    result = ublot.run_batch("s3://lab/blots", out="s3://lab/out", workers=0, report=False, progress=events, **OPTIONS)
    states = events.states
    assert (states.pop("b3.tif"), states.pop("b4.tif"), set(states.values())) == ("analysed", "failed", {"kept"})
    assert "not written by ublot" in result.failures[0].error
    assert len(result.lanes) == 5 * (COUNT - 1)


# ------------------------------------------------------------------------------------------------ the long forms, short
def test_every_fault_of_the_benchmark_is_named(capsys):
    assert benchmark.faults(12, 10) == [], capsys.readouterr().out
