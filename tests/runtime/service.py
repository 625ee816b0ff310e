"""The real service as a process on a bus of its own, and a reader that asks it over D-Bus."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, connect

OWN = "com.victronenergy.gxbridge"


class Service:
    """`gxbridge run ARGUMENTS` in `with`; its log is in `log()`."""

    def __init__(
        self, folder: Path, *arguments: str, environment: dict[str, str] | None = None, before: str = ""
    ) -> None:
        """`before`: what is run in the process first, such as a shorter wait."""
        self._arguments = arguments
        self._before = f"{before}; " if before else ""
        self._log = folder / "service.log"
        self._environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Service:
        with self._log.open("ab") as errors:
            program = f"import sys; {self._before}from gxbridge.cli import main; sys.exit(main())"
            start = ["-c", program] if self._before else ["-m", "gxbridge"]
            command = [sys.executable, *start, "run", *self._arguments]
            self.process = subprocess.Popen(command, stdout=errors, stderr=errors, env=self._environment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 10.0) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)


class Reader:
    """Asks over D-Bus, one question at a time, with deadlines in place of sleeps."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, service: str, path: str) -> Any:
        """The value of an item; "absent" when there is no such service or path."""

        async def question() -> Any:
            connection = await connect(self.address)
            try:
                return await client.fetch(connection, service, path)
            finally:
                connection.close()

        try:
            return asyncio.run(question())
        except (BusError, OSError):
            return "absent"

    def names(self) -> list[str]:
        async def question() -> list[str]:
            connection = await connect(self.address)
            try:
                return [name for name in await client.names(connection) if name.startswith("com.victronenergy.")]
            finally:
                connection.close()

        return asyncio.run(question())

    def until(self, service: str, path: str, wanted: Any | Callable[[Any], bool], within_s: float = 20.0) -> Any:
        """Wait until an item has a value; fails with what was seen last."""
        return wait_for(lambda: self.ask(service, path), wanted, f"{service} {path}", within_s)


def wait_for(ask: Callable[[], Any], wanted: Any | Callable[[Any], bool], what: str, within_s: float = 20.0) -> Any:
    """Ask again and again until the answer is as wanted; fails with the last answer."""
    deadline = time.monotonic() + within_s
    while True:
        seen = ask()
        if wanted(seen) if callable(wanted) else seen == wanted:
            return seen
        assert time.monotonic() < deadline, f"{what} should be {wanted}, but is {seen!r} after {within_s:.0f} s"
        time.sleep(0.05)
