"""Keeps what must outlive the process, and has it written when it is due."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gxbridge.core.model.finding import Finding
from gxbridge.core.model.remembered import (
    WRITE_EVERY_S,
    AnotherBoatError,
    Due,
    Remembered,
    RememberedIdentity,
    StateError,
    due,
)
from gxbridge.runtime.disk_task import DiskTask, attempt, reason
from gxbridge.state.state_file import BROKEN, StateFile, StateHeldError

log = logging.getLogger("gxbridge.state")

UNREADABLE = "state-unreadable"
ANOTHER_BOAT = "state-of-another-boat"
NOT_SAVED = "state-not-saved"
FULL = "state-full"

HOLD_WAIT_S = 1.0
"""At the start: `gxbridge state forget` is done by then."""


class StateWriter:
    """`remembered` holds for this process, whether or not it can be written."""

    def __init__(self, file: StateFile, now: float) -> None:
        """Reads the file, which is small. What cannot be used counts as unknown."""
        self._file = file
        self._disk = DiskTask("write state")
        self._unusable: Finding | None = None
        self._failure: Finding | None = None
        self._full: Finding | None = None
        self.remembered = self._read(now)
        self._tried = self.remembered
        """What the file has, or would have if the last write had not failed."""
        self._tried_at: float | None = None

    def _read(self, now: float) -> Remembered:
        try:
            self._file.hold(HOLD_WAIT_S)
        except (OSError, StateHeldError) as error:
            log.info("the state in %s is not held: %s", self._file.folder, reason(error))  # told when it is to be saved
        try:
            return self._file.read()
        except AnotherBoatError:
            self._unusable = Finding(
                ANOTHER_BOAT,
                "warning",
                self._file.path,
                f"The state in {self._file.path} is of another device and counts as unknown{self._aside()}.",
                "None needed if the file was copied, or the device or its memory card was exchanged.",
                now,
                now,
            )
        except (OSError, StateError) as error:
            self._unusable = Finding(
                UNREADABLE,
                "warning",
                self._file.path,
                f"The state in {self._file.path} counts as unknown: {reason(error)}{self._aside()}.",
                "Check the disk or memory card; gxbridge writes a new file, and identities are learnt again.",
                now,
                now,
            )
        return Remembered()

    def _aside(self) -> str:
        return f"; it is kept as {BROKEN}" if self._file.set_aside() else ""

    def learn(self, identities: Iterable[RememberedIdentity], now: float) -> None:
        """Remember who was heard, and begin to write what is due."""
        self.remembered = self.remembered.learn(identities)
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
            self._failure = Finding(
                NOT_SAVED,
                "warning",
                self._file.folder,
                f"The state cannot be saved in {self._file.folder}: {reason(result)}. What was learnt since "
                "is lost when gxbridge ends.",
                "Make room or make the folder writable, or set state.dir; everything else goes on.",
                first,
                now,
            )
            return
        self._failure = None
        self._full = None
        if result:
            self._full = Finding(
                FULL,
                "info",
                self._file.path,
                f"The state has no room for {result} of its entries; the oldest batteries were left out.",
                "`gxbridge state forget identities` makes room if most of them are gone for good.",
                now,
                now,
            )

    def findings(self) -> list[Finding]:
        """What a person should know of the state now."""
        return [finding for finding in (self._unusable, self._failure, self._full) if finding is not None]
