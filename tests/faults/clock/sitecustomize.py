"""A wall clock that a test can set, for one process: put this folder in PYTHONPATH and name a file in FAULTS_CLOCK.

The number of seconds in the file is added to `time.time()`; the monotonic clock stays as it is, as when somebody sets
the clock. Python reads the wall clock in one place, so no library has to be put in front of the C library.
"""

import os
import time

_path = os.environ.get("FAULTS_CLOCK")
_time = time.time


def _set_time() -> float:
    try:
        with open(_path) as file:  # type: ignore[arg-type]
            return _time() + float(file.read() or 0)
    except (OSError, ValueError):
        return _time()


if _path:
    time.time = _set_time
