"""`gxbridge fleet ingest`: every file that is new goes to the workers, and what became of it is counted and said."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from gxbridge.core.model.items import printable
from gxbridge.fleet.columns.arrow import FleetError, need
from gxbridge.fleet.columns.parts import PART
from gxbridge.fleet.job import BROKEN, IngestJob, IngestOptions, IngestOutcome, ingest_file
from gxbridge.fleet.ledger import open_data_set, target_of
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.scheduler import Scheduler, WorkerDied
from gxbridge.fleet.sources import is_url, source_files

LOCK: Final = ".lock"


class IngestSummary:
    """What became of all files."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """By what became of them."""
        self.rows = 0
        self.seconds = 0.0
        """Of records, together."""

    def add(self, outcome: IngestOutcome) -> None:
        """Count one."""
        self.counts[outcome.what] += 1
        self.rows += outcome.rows
        self.seconds += outcome.seconds


def ingest(
    root: str, options: IngestOptions, scheduler: Scheduler, tell: Callable[[IngestOutcome], None]
) -> IngestSummary:
    """Bring a data set up to date with the files below `root`; `tell` is called for each.

    Raises FleetError, and OSError when the data set cannot be written.
    """
    need("The fleet", "numpy", "pyarrow")
    summary, privacy = IngestSummary(), Privacy(options.secret)
    with locked(options.data):
        open_data_set(target_of(options.data), "hashed" if privacy.hides else "clear", privacy.fingerprint)
        jobs = (IngestJob(source, options) for source in source_files(root, options.data))
        for job, outcome in scheduler.run(ingest_file, jobs):
            if isinstance(outcome, WorkerDied):
                outcome = IngestOutcome(job.source.path, BROKEN, "it ended its worker twice (out of memory?)")
            summary.add(outcome)
            tell(outcome)
    return summary


@contextmanager
def locked(data: str) -> Iterator[None]:
    """One ingest at a time into a folder of this machine, and nothing left of one that was killed. Raises FleetError,
    OSError."""
    if is_url(data):
        yield
        return
    os.makedirs(data, exist_ok=True)
    with open(os.path.join(data, LOCK), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FleetError(f"{printable(data)}: another ingest is writing there") from None
        for folder, _, names in os.walk(data):
            for name in names:
                if name.endswith(PART):
                    with suppress(OSError):
                        os.unlink(os.path.join(folder, name))
        yield


def totals(summary: IngestSummary) -> dict[str, Any]:
    """The summary as an object."""
    return {"files": dict(sorted(summary.counts.items())), "rows": summary.rows, "seconds": round(summary.seconds, 3)}
