"""Who does the work: processes of this machine, or the workers of an existing Dask cluster already.

Both get the same function and the same jobs, a few more at a time than there are workers, so that a million files need
no more memory here than ten. A worker that dies costs its job a second try; a job that kills its worker again is given
up.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, Protocol, TypeVar

from gxbridge.fleet.columns.arrow import FleetError, need

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")

WAITING: Final = 4
"""Jobs for each worker that are handed out."""
DASK: Final = {"dask://": "tcp://", "dask+tls://": "tls://"}
"""What a scheduler is called here, and by Dask."""
CONNECT_S: Final = 15.0
ORPHAN_S: Final = 1.0


class WorkerDied(Exception):
    """What came of a job whose worker died with it, twice."""


class Scheduler(Protocol):
    """Does jobs; the outcomes come in any order."""

    @property
    def workers(self) -> int:
        """How many there are."""

    def run(self, work: Callable[[Job], Outcome], jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome | WorkerDied]]:
        """Every job with its outcome. Raises what `work` raises."""

    def close(self) -> None:
        """Nothing more is to be done."""


def scheduler_of(where: str | None, workers: int | None) -> Scheduler:
    """By what `--scheduler` and `--workers` say. Raises FleetError."""
    if where is None:
        return ProcessPool(workers or len(os.sched_getaffinity(0)))
    for prefix, theirs in DASK.items():
        if where.startswith(prefix):
            return DaskCluster(theirs + where.removeprefix(prefix))
    raise FleetError(
        f"--scheduler {where}: write dask://HOST:PORT, the address that `dask scheduler` prints after tcp://"
    )


class ProcessPool:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @property
    def workers(self) -> int:
        return self._workers

    def run(self, work: Callable[[Job], Outcome], jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome | WorkerDied]]:
        if self.workers == 1:
            yield from ((job, work(job)) for job in jobs)
            return
        rest = iter(jobs)
        lost: list[Job] = []
        while True:
            pool, waiting = self._executor(self.workers), dict[Future[Outcome], Job]()
            try:
                broken = yield from self._rounds(pool, work, rest, waiting, lost)
            finally:
                pool.shutdown(cancel_futures=True)
            if not broken:
                return
            # Whose job it was cannot be told: each of them once more, alone.
            for job in lost:
                with self._executor(1) as pool:
                    try:
                        yield job, pool.submit(work, job).result()
                    except BrokenProcessPool:
                        yield job, WorkerDied()
            lost.clear()

    def close(self) -> None:
        """The processes have ended with their jobs."""

    def _rounds(
        self,
        pool: ProcessPoolExecutor,
        work: Callable[[Job], Outcome],
        rest: Iterator[Job],
        waiting: dict[Future[Outcome], Job],
        lost: list[Job],
    ) -> Any:
        """Until all is done, or a worker died (then True, and `lost` are the jobs that were handed out)."""
        exhausted = False
        while True:
            while not exhausted and len(waiting) < WAITING * self.workers:
                job = next(rest, None)
                if job is None:
                    exhausted = True
                    break
                try:
                    waiting[pool.submit(work, job)] = job
                except BrokenProcessPool:
                    lost += [*waiting.values(), job]
                    return True
            if not waiting:
                return False
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    lost += waiting.values()
                    return True
                yield waiting.pop(future), outcome

    def _executor(self, workers: int) -> ProcessPoolExecutor:
        # A fresh interpreter: pyarrow has threads, and a fork in the middle of them may hang.
        return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),))


def _end_with(parent: int) -> None:
    """In a worker: end when whoever gives the work was killed, which nobody else would tell, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskCluster:
    """A Dask cluster that is there already: its workers need gxbridge and see the same folders, or URLs."""

    def __init__(self, address: str) -> None:
        need("A Dask cluster", "distributed")
        from distributed import Client

        try:
            self._client = Client(address, timeout=CONNECT_S, set_as_default=False, name="gxbridge-fleet")
        except (OSError, ValueError) as error:
            raise FleetError(f"the Dask scheduler {address} does not answer: {error or 'no connection'}") from None

    @property
    def workers(self) -> int:
        """Those that are there now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def run(self, work: Callable[[Job], Outcome], jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome | WorkerDied]]:
        from distributed import KilledWorker, as_completed

        if not self.workers:
            raise FleetError("the Dask scheduler has no workers; start one: dask worker tcp://HOST:PORT")
        rest = iter(jobs)
        given: dict[str, Job] = {}
        futures = as_completed(loop=self._client.loop)

        def give() -> None:
            job = next(rest, None)
            if job is not None:
                future = self._client.submit(work, job, pure=False)
                given[future.key] = job
                futures.add(future)

        for _ in range(WAITING * self.workers):
            give()
        for future in futures:
            job = given.pop(future.key)
            try:
                outcome = future.result()
            except KilledWorker:
                outcome = WorkerDied()
            future.release()
            yield job, outcome
            give()

    def close(self) -> None:
        self._client.close()
