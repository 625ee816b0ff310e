"""Counts what only the process itself can count: put this folder in PYTHONPATH and name a file in SOAK_COUNTS.

Every 5 s, on a signal of the interval timer, it writes how many tasks asyncio has that are not done, and how many
objects the collector knows. A thread must not do it: while it holds the list of all objects, a tuple that is just being
built has one reference too many, and CPython ends `tuple(...)` with a SystemError. A signal's handler lets go before
anything else runs.
"""

import os
import signal

_path = os.environ.get("SOAK_COUNTS")


def _count(_number: int, _frame: object) -> None:
    import gc
    import sys

    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not hasattr(asyncio, "Task"):
        return
    gc.collect()
    found = gc.get_objects()
    tasks = sum(1 for item in found if isinstance(item, asyncio.Task) and not item.done())
    objects = len(found)
    del found
    with open(f"{_path}.new", "w") as file:
        file.write(f"{tasks} {objects}")
    os.replace(f"{_path}.new", str(_path))


if _path:
    signal.signal(signal.SIGALRM, _count)
    signal.setitimer(signal.ITIMER_REAL, 5.0, 5.0)
