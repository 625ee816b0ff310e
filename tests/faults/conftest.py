"""Runs the selected faults beside each other: most of their time is waiting. A test then looks at its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults.matrix import FAULTS
from tests.faults.records import Fault, Record, judge, write_page
from tests.faults.scene import Scene

BESIDE = 7
"""Faults at a time. Two slow cores carry them, because a scene uses one for a second only."""

RECORDS: dict[str, Record] = {}
"""What the scenarios of this session found out."""

Played = dict[str, "Future[Record]"]


def play(row: Fault) -> Record:
    with Scene(**row.options) as scene:  # type: ignore[arg-type]
        row.play(scene)
        judge(row, scene.record)
        RECORDS[row.name] = scene.record
        return scene.record


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest) -> Iterator[Played]:
    """Name of a fault -> its record, as soon as it is there."""
    names = [item.callspec.params["name"] for item in request.session.items if _is_fault(item)]  # type: ignore[attr-defined]
    rows = [FAULTS[name] for name in dict.fromkeys(names)]
    together, alone = ThreadPoolExecutor(BESIDE), ThreadPoolExecutor(1)
    results: Played = {}
    quiet = threading.Event()
    begun = [together.submit(play, row) for row in rows if not row.alone]
    results |= dict(zip([row.name for row in rows if not row.alone], begun, strict=True))

    def by_itself(row: Fault) -> Record:
        if not quiet.is_set():
            for other in begun:
                other.exception()  # waits
            quiet.set()
        return play(row)

    for row in rows:
        if row.alone:
            results[row.name] = alone.submit(by_itself, row)
    yield results
    for pool in (together, alone):
        pool.shutdown(wait=True, cancel_futures=True)


def _is_fault(item: pytest.Item) -> bool:
    return hasattr(item, "callspec") and item.name.startswith("test_fault[")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """`make faults` writes the table, when everything has passed."""
    if os.environ.get("GXBRIDGE_WRITE_FAULTS") and exitstatus == 0 and RECORDS.keys() == FAULTS.keys():
        write_page(RECORDS)
