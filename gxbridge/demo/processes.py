"""Starts processes and sees to it that none is left, whatever happens to us.

Each is a session of its own (Ctrl-C at the terminal reaches only us, and we end them in order), and the kernel kills it
should we die without a chance to do so.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
GENTLE_S = 3.0
"""A process that is asked to end gets this long."""
PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class DemoError(Exception):
    """The demo cannot go on; the text says what is wrong and what to do, in one line."""


@dataclass(slots=True, eq=False)
class ChildProcess:
    """One process of the demo; its messages go to `log`, what it reports about itself is a `fact`."""

    popen: subprocess.Popen[bytes]
    log: Path
    _facts: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.popen.poll()

    def order(self, order: Mapping[str, object]) -> None:
        """Send an order; raises DemoError when the process has gone."""
        if self.popen.stdin is None:
            raise DemoError(f"{self.log.stem} takes no orders")
        try:
            self.popen.stdin.write(json.dumps(order).encode() + b"\n")
            self.popen.stdin.flush()
        except OSError as error:
            raise DemoError(f"the simulated {self.log.stem} has ended by itself: {last_words(self.log)}") from error

    def ended(self) -> str:
        """How it ended, and its last words."""
        return f"ended with code {self.code}: {last_words(self.log)}"

    def fact(self, name: str) -> Any:
        """What it has last reported of this name; a report is one short write, so it is never half of a line."""
        while self.popen.stdout is not None and (line := self.popen.stdout.readline()):
            self._facts.update(json.loads(line))
        return self._facts.get(name)


def last_words(log: Path, count: int = 3, between: str = " | ") -> str:
    """The last lines of a process's log, in one for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return between.join([line for line in lines if line.strip()][-count:]) or "it printed nothing"


def environment() -> dict[str, str]:
    """Ours, so that the children find the same package."""
    paths = [str(PACKAGE_PARENT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUNBUFFERED": "1"}


def _die_with(parent: int) -> None:
    """For the moment between fork and exec, where as little as possible may happen."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class ProcessGroup:
    """Every process of the demo."""

    def __init__(self) -> None:
        self._processes: list[ChildProcess] = []

    def start(self, log: Path, command: Sequence[str], *, orders: bool) -> ChildProcess:
        """Start a process; with `orders` it takes them on standard input and reports facts. Raises DemoError."""
        with log.open("wb") as messages:
            try:
                popen = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE if orders else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if orders else messages,
                    stderr=messages,
                    env=environment(),
                    start_new_session=True,
                    preexec_fn=partial(_die_with, os.getpid()),  # noqa: PLW1509 - this process has no threads
                )
            except OSError as error:
                raise DemoError(f"cannot start {command[0]}: {error.strerror}") from error
        process = ChildProcess(popen, log)
        self._processes.append(process)
        if popen.stdout is not None:
            os.set_blocking(popen.stdout.fileno(), False)
        return process

    def python(self, log: Path, module: str, *arguments: str, orders: bool) -> ChildProcess:
        """Start a Python module with our own interpreter."""
        return self.start(log, [sys.executable, "-m", module, *arguments], orders=orders)

    def stop_all(self) -> None:
        """End everything that runs, gently first, a bus after those who came onto it. Does not raise."""
        while self._processes:
            popen = self._processes.pop().popen
            with contextlib.suppress(OSError):  # it may have gone already
                popen.terminate() if popen.stdin is None else popen.stdin.close()
            try:
                popen.wait(GENTLE_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(popen.pid, signal.SIGKILL)  # its session: it, and whatever it may have started
                popen.wait()
            if popen.stdout is not None:
                popen.stdout.close()
