"""Counts what only the process itself can count: put this folder in PYTHONPATH and name a file in SOAK_COUNTS.

A thread writes every 5 s how many tasks asyncio has that are not done, and how many objects the collector knows.
"""

import os
import threading
import time

_path = os.environ.get("SOAK_COUNTS")


def _count() -> None:
    import gc
    import sys

    while True:
        time.sleep(5.0)
        asyncio = sys.modules.get("asyncio")
        if asyncio is None or not hasattr(asyncio, "Task"):
            continue
        gc.collect()
        found = gc.get_objects()
        tasks = sum(1 for item in found if isinstance(item, asyncio.Task) and not item.done())
        with open(f"{_path}.new", "w") as file:
            file.write(f"{tasks} {len(found)}")
        del found  # else the next list would hold this one, and that one the one before
        os.replace(f"{_path}.new", str(_path))


if _path:
    threading.Thread(target=_count, name="counting", daemon=True).start()
