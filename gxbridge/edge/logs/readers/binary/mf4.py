"""ASAM MDF 4 (.mf4) with CAN bus logging, through python-can's reader and `asammdf` (extra `mf4`)."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from gxbridge.core.nmea2000.frame import MAX_DATA, MAX_ID
from gxbridge.edge.logs.lines import FAR_FUTURE_S, LogError, LogRow, OpenLog
from gxbridge.edge.logs.on_disk import file_of

MAGIC = b"MDF     4."
MISSING = "an MF4 log needs the package asammdf: pip install asammdf"


@contextmanager
def _no_last_words() -> Iterator[None]:
    """What asammdf has opened half of a damaged file with complains when it is thrown away: nothing to show people."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        gc.collect()
        sys.unraisablehook = hook


def mf4_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """The frames in order of time."""
    from can.io import mf4

    if getattr(mf4, "asammdf", None) is None:
        raise LogError(f"{log.name}: {MISSING}")
    with file_of(log, stream, ".mf4") as path, _no_last_words():
        try:
            for message in mf4.MF4Reader(path):
                log.number += 1
                can_id, data = message.arbitration_id, bytes(message.data)
                if not message.is_extended_id or message.is_fd or message.is_remote_frame or message.is_error_frame:
                    log.skipped += 1
                elif not 0.0 <= message.timestamp < FAR_FUTURE_S or can_id > MAX_ID or len(data) > MAX_DATA:
                    log.bad(log.number, f"no frame: time {message.timestamp}, {len(data)} data bytes")
                else:
                    yield message.timestamp, f"can{message.channel or 0}", can_id, data
        except Exception as fault:
            log.bad(log.number + 1, f"the log cannot be read any further: {fault}")
