"""Logging to standard error: one line for each message, quiet unless asked, and never a reason to stop.

Loggers are called `gxbridge.can`, `gxbridge.dbus`, `gxbridge.dvcc`, ...; in the configuration `log.modules` names them
without the first part. Under daemontools multilog adds the time, so it is only written on a terminal.
"""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import Mapping
from typing import Final

from gxbridge.core.model.items import printable

TOP: Final = "gxbridge"
LONGEST_LINE: Final = select.PIPE_BUF
"""Bytes; a longer line could be written to a pipe in part only."""
LIBRARIES: Final = ("can", "dbus_next", "dbus_fast")
"""They complain about what we report ourselves, once and in our words."""


class OneLine(logging.Formatter):
    """`WARNING can: text`; a traceback follows on the same line, its lines divided by ` | `."""

    def __init__(self, with_time: bool) -> None:
        super().__init__(f"{'%(asctime)s ' if with_time else ''}%(levelname)s %(part)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record without any line end or escape in it, whoever gave the words."""
        record.part = record.name.removeprefix(f"{TOP}.")
        return printable(" | ".join(line.rstrip() for line in super().format(record).splitlines() if line.strip()))


class PatientHandler(logging.Handler):
    """Writes to the present sys.stderr, and never waits: a line for which there is no room, because the disk is full or
    nobody reads the pipe, is dropped. When there is room again, the number of missing lines is said first."""

    def __init__(self) -> None:
        super().__init__()
        self.missing = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = self.format(record)
        except Exception as error:  # a wrong format string is a fault of ours, but none that may stop a charger
            line = f"ERROR log: a message could not be written: {error}"
        if self.missing and _put(f"WARNING log: {self.missing} lines could not be logged"):
            self.missing = 0
        if self.missing or not _put(line):
            self.missing += 1


def _put(line: str) -> bool:
    """Write a line to the present sys.stderr; False when it cannot be written now."""
    try:
        descriptor = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # replaced by something without a descriptor, closed, or none
        return _print(line)
    data = (line + "\n").encode(errors="backslashreplace")
    if len(data) > LONGEST_LINE:
        data = data[: LONGEST_LINE - 5] + b" ...\n"
    try:
        # A pipe that is ready takes PIPE_BUF bytes at once (pipe(7)). Straight to the descriptor: what a failed write
        # leaves in the stream's buffer would fail again at the end of the program, with exit code 120.
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        return bool(poll.poll(0)) and os.write(descriptor, data) == len(data)
    except OSError:
        return False


def _print(line: str) -> bool:
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def setup(level: str = "info", modules: Mapping[str, str] | None = None) -> None:
    """Send all logging to standard error: `level` for gxbridge, `modules` for single parts of it (name -> level)."""
    logging.raiseExceptions = False
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, PatientHandler)]:
        root.removeHandler(old)
    handler = PatientHandler()
    handler.setFormatter(OneLine(_is_terminal()))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    logging.getLogger(TOP).setLevel(level.upper())
    for name, part_level in (modules or {}).items():
        logging.getLogger(f"{TOP}.{name}").setLevel(part_level.upper())


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (ValueError, AttributeError):
        return False
