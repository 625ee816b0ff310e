"""What `watch` and `capture` share while they run: the end that is asked for, a quiet log, a file until it fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from typing import Final, ParamSpec

END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
P = ParamSpec("P")


class Recording:
    """Something is written until that fails once, which ends everything: `stop` is set, and `failed` says why."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.failed: OSError | None = None

    def attempt(self, write: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have it written, unless an earlier write has failed."""
        if self.failed is not None:
            return
        try:
            write(*args, **kwargs)
        except OSError as error:
            self.failed = error
            self.stop.set()


@contextlib.contextmanager
def ends_by_signal(stop: asyncio.Event) -> Iterator[None]:
    """Set by Ctrl-C, or when the terminal or the system ends us: then everything is still closed in order."""
    loop = asyncio.get_running_loop()
    for number in END_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in END_SIGNALS:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def quiet_log(quiet: bool = True) -> Iterator[None]:
    """What the buses log stands in the table, and would spoil the screen. Lines of a log that cannot be read are told
    where there is none."""
    if not quiet:
        yield
        return
    log = logging.getLogger("gxbridge.can")
    before, log.propagate = log.propagate, False
    handler = logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = before
