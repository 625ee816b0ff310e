"""Has black boxes written beside everything else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gxbridge.core.blackbox.recorder import Frozen, RecordingBridge
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.nmea2000.database import database
from gxbridge.runtime.disk_task import DiskTask, attempt, reason

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("gxbridge.blackbox")


class BlackboxWriter:
    """`look` is called after every cycle of the bridge."""

    def __init__(self, bridge: RecordingBridge, folder: str, max_bytes: int, keep: int) -> None:
        self.bridge = bridge
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep = keep
        self._disk = DiskTask("write black box")
        self._failure: Finding | None = None

    def look(self, now: float) -> None:
        """Begin to write what is due, if anything."""
        if not self._disk.busy:
            frozen = self.bridge.frozen(now)
            if frozen is not None:
                self._begin(frozen)

    def command(self, now: float) -> None:
        """Somebody asked for a box (signal USR1)."""
        if self._disk.busy:
            log.info("a black box is being written already")
            return
        frozen = self.bridge.keep_now("command", "somebody asked for it", now)
        if frozen is not None:
            self._begin(frozen)

    async def close(self) -> None:
        """Wait for what is being written."""
        await self._disk.close()

    def last_words(self, now: float, crash: str = "") -> None:
        """The program ends: write what was waiting for its aftermath, or why it crashes. Waits for the disk."""
        frozen = self.bridge.keep_now("crash", crash, now) if crash else self.bridge.unwritten(now)
        if frozen is not None:
            self._done(attempt(lambda: self._write(frozen)), frozen)

    def _begin(self, frozen: Frozen) -> None:
        self._disk.begin(lambda: self._write(frozen), lambda result: self._done(result, frozen))

    def _write(self, frozen: Frozen) -> Path:
        # Most runs write none: what compresses and writes files would be a twentieth of a start.
        from pathlib import Path

        from gxbridge.edge.box_files import BoxFolder

        files = BoxFolder(Path(self._folder), self._max_bytes, self._keep)
        return files.write(frozen, str(self.bridge.setup.version), database().digest)

    def _done(self, result: Path | Exception, frozen: Frozen) -> None:
        if not isinstance(result, Exception):
            self._failure = None
            log.info("black box written, because %s: %s", frozen.cause.text, result)
        elif self._failure is None:
            folder = self._folder
            self._failure = finding("blackbox-unwritable", folder, frozen.frozen_at, folder=folder, why=reason(result))

    def findings(self, now: float) -> list[Finding]:
        """What a person should know of the black box now."""
        found = [] if self._failure is None else [self._failure]
        fault = self.bridge.recorder_fault
        if fault:
            found.append(finding("blackbox-broken", "", now, fault=fault))
        return found
