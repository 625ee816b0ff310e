"""Logging to standard error: one line for each message, quiet unless asked, and never a reason to stop.

Loggers are called `gxbridge.can`, `gxbridge.dbus`, `gxbridge.dvcc`, ...; in the configuration `log.modules` names them
without the first part. Under daemontools multilog adds the time, so it is only written on a terminal.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

TOP: Final = "gxbridge"
LIBRARIES: Final = ("can", "dbus_next", "dbus_fast")
"""They complain about what we report ourselves, once and in our words."""


class OneLine(logging.Formatter):
    """`WARNING can: text`; a traceback follows on the same line, its lines divided by ` | `."""

    def __init__(self, with_time: bool) -> None:
        super().__init__(f"{'%(asctime)s ' if with_time else ''}%(levelname)s %(part)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record without any line end in it."""
        record.part = record.name.removeprefix(f"{TOP}.")
        return " | ".join(line.rstrip() for line in super().format(record).splitlines() if line.strip())


class PatientHandler(logging.Handler):
    """Writes to the present sys.stderr; when that is closed or its reader has gone, it goes on in silence."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = self.format(record)
        except Exception as error:  # a wrong format string is a fault of ours, but none that may stop a charger
            line = f"ERROR log: a message could not be written: {error}"
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            # What is left in the old stream's buffer would fail again when the interpreter ends, with exit code 120.
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - lives until the interpreter ends


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
