"""Keeps what must outlive the process, and has it written when it is due."""

from __future__ import annotations

import logging

from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.remembered import (
    WRITE_EVERY_S,
    AnotherBoatError,
    Due,
    Remembered,
    StateError,
    due,
)
from gxbridge.runtime.disk_task import DiskTask, attempt, reason
from gxbridge.state.state_file import BROKEN, FILE, StateFile, StateHeldError

log = logging.getLogger("gxbridge.state")


HOLD_WAIT_S = 1.0
"""At the start: `gxbridge state forget` is done by then."""


def _cure(error: Exception) -> str:
    """What helps when the state cannot be used."""
    if isinstance(error, PermissionError):
        return (
            "Give the file and its folder to the user that runs gxbridge (chown) and start gxbridge again; a file that "
            "was kept under another name gets its own back"
        )
    if isinstance(error, OSError):
        return f"Look at {FILE} and its folder, then at the disk or memory card"
    return "None needed: gxbridge writes a new file"


class StateWriter:
    """`remembered` holds for this process, whether or not it can be written."""

    def __init__(self, file: StateFile, now: float, boot: str | None = None) -> None:
        """Reads the file, which is small. What cannot be used counts as unknown. `boot`: this run of the machine."""
        self.file = self._file = file
        self._disk = DiskTask("write state")
        self._unusable: Finding | None = None
        self._failure: Finding | None = None
        self._full: Finding | None = None
        self._tried = self._read(now)
        """What the file has, or would have if the last write had not failed."""
        self._tried_at: float | None = None
        self.remembered = self._tried.since_boot(boot)

    def _read(self, now: float) -> Remembered:
        try:
            self._file.hold(HOLD_WAIT_S)
        except (OSError, StateHeldError) as error:
            log.info("the state in %s is not locked: %s", self._file.folder, reason(error))
        try:
            return self._file.read()
        except AnotherBoatError:
            self._unusable = finding(
                "state-of-another-boat", self._file.path, now, path=self._file.path, kept=self._aside()
            )
        except (OSError, StateError) as error:
            words = {"why": reason(error), "cure": _cure(error), "kept": self._aside()}
            self._unusable = finding("state-unreadable", self._file.path, now, path=self._file.path, **words)
        return Remembered()

    def _aside(self) -> str:
        return f"; it is kept as {BROKEN}" if self._file.set_aside() else ""

    def reset_asked(self) -> bool:
        """Whether somebody says now that the other master is gone; that is written at once too."""
        try:
            asked = self._file.take_reset()
        except OSError as error:
            log.warning("the reset in %s cannot be taken: %s", self._file.folder, reason(error))
            return False
        if asked:
            self._tried_at = None
        return asked

    def keep(self, remembered: Remembered, now: float) -> None:
        """This is to be remembered from now on; begin to write what is due."""
        self.remembered = remembered
        self.look(now)

    def look(self, now: float) -> None:
        """Begin to write what is due, if anything."""
        if self._disk.busy:
            return
        again = self._failure is not None and now - self._failure.last >= WRITE_EVERY_S
        if again or due(self._tried, self.remembered, self._tried_at, now) is Due.NOW:
            wanted = self.remembered
            self._tried, self._tried_at = wanted, now
            self._disk.begin(lambda: self._file.write(wanted), lambda result: self._done(result, now))

    async def close(self, now: float) -> None:
        """Write what was put off, and let others change the file."""
        await self._disk.close()
        if self._tried != self.remembered or self._failure is not None:
            self._done(attempt(lambda: self._file.write(self.remembered)), now)
        self._file.release()

    def _done(self, result: int | Exception, now: float) -> None:
        if isinstance(result, Exception):
            first = now if self._failure is None else self._failure.first
            self._failure = finding(
                "state-not-saved", self._file.folder, now, first, folder=str(self._file.folder), why=reason(result)
            )
            return
        self._failure = None
        self._full = None
        if result:
            self._full = finding("state-full", self._file.path, now, left_out=result)

    def findings(self) -> list[Finding]:
        """What a person should know of the state now."""
        return [found for found in (self._unusable, self._failure, self._full) if found is not None]
