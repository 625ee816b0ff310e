"""Who does the work makes no difference: processes here, workers of a Dask cluster, and some of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.scheduler import DaskCluster, ProcessPool, WorkerDied, scheduler_of

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
STARTS_S = 60.0


def double(number: int) -> int:
    return 2 * number


def die_once(place: str) -> str:
    """Kills its process when it runs for the first time."""
    try:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(number: int) -> int:
    raise FleetError(f"not {number}")


def test_every_job_is_done_in_any_number_of_processes() -> None:
    wanted = [(n, 2 * n) for n in range(30)]
    for workers in (1, 3):
        assert sorted(ProcessPool(workers).run(double, range(30))) == wanted


def test_jobs_are_taken_as_they_are_needed() -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    run = ProcessPool(2).run(double, jobs())
    next(run)
    assert len(taken) < 20
    run.close()  # type: ignore[attr-defined]


def test_a_job_whose_worker_died_is_done_by_another(tmp_path: Path) -> None:
    places = [str(tmp_path / str(n)) for n in range(4)]
    for place in places[1:]:
        Path(place).touch()
    assert sorted(ProcessPool(2).run(die_once, places)) == [(place, "done") for place in places]


def test_a_job_that_kills_its_worker_twice_is_given_up() -> None:
    ((job, outcome),) = ProcessPool(2).run(die, [7])
    assert job == 7
    assert isinstance(outcome, WorkerDied)


def test_what_a_job_raises_ends_it_all() -> None:
    with pytest.raises(FleetError, match="not"):
        list(ProcessPool(2).run(refuse, range(100)))


@pytest.mark.parametrize("where", ["localhost:8786", "tcp://localhost:8786", "spark://x"])
def test_an_address_of_another_kind_is_refused(where: str) -> None:
    with pytest.raises(FleetError, match="dask://HOST:PORT"):
        scheduler_of(where, None)


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxbridge.fleet.scheduler.CONNECT_S", 0.5)
    with pytest.raises(FleetError, match="does not answer"):
        scheduler_of("dask://127.0.0.1:9", None)


def test_dask_is_asked_for_by_name_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FleetError, match=r"pip install 'dask\[distributed\]>="):
        scheduler_of("dask://127.0.0.1:8786", None)


class Cluster:
    """A real Dask scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "scheduler.json"
        self._environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self._wait(self._file.exists)

    def add_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    @property
    def address(self) -> str:
        import json

        address: str = json.loads(self._file.read_text())["address"]
        return address.replace("tcp://", "dask://")

    def ready(self, workers: int) -> None:
        cluster = scheduler_of(self.address, None)
        assert isinstance(cluster, DaskCluster)
        self._wait(lambda: cluster.workers >= workers)
        cluster.close()

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(self._file), *options]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.processes.append(process)
        return process

    def _wait(self, there: object) -> None:
        assert callable(there)
        deadline = time.monotonic() + STARTS_S
        while not there():
            assert time.monotonic() < deadline
            assert all(process.poll() is None for process in self.processes)
            time.sleep(0.05)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


def test_a_cluster_without_workers_is_told(cluster: Cluster) -> None:
    with pytest.raises(FleetError, match="no workers"):
        list(scheduler_of(cluster.address, None).run(double, [1]))


def test_a_dask_cluster_that_loses_a_worker_makes_the_same_report(
    cluster: Cluster, boats: Path, secret: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    first, _ = cluster.add_worker(), cluster.add_worker()
    cluster.ready(2)
    other = tmp_path / "data"
    ingest = ["fleet", "ingest", str(boats), "-o", str(other), "--secret", str(secret), "--messages"]
    command = [sys.executable, "-m", "gxbridge", *ingest, "--scheduler", cluster.address]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}) as process:
        deadline = time.monotonic() + STARTS_S
        while len(list(other.glob("files/*.json"))) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        first.kill()
        first.wait()
        cluster.processes.remove(first)
        assert process.poll() is None, "it was over before the worker died"
        assert process.wait(STARTS_S * 4) == 0
    reports = []
    for folder in (data, other):
        assert cli.main(["fleet", "report", str(folder), "--json"]) == 0
        reports.append(capsys.readouterr().out.encode())
    assert reports[0] == reports[1]
    replays = []
    for options in (["--scheduler", cluster.address], ["--workers", "1"]):
        assert cli.main(["fleet", "replay", str(boats), "--json", *options]) == 0
        replays.append(capsys.readouterr().out)
    assert replays[0] == replays[1]
