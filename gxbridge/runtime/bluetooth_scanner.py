"""Listens for Bluetooth advertisements as long as the service runs. Without Bluetooth the service does without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from gxbridge.core.model.finding import Finding, finding
from gxbridge.edge.bluetooth import BluetoothUnavailable, OnAdvertisement, scan

SPELL_S: Final = 300.0
"""Listening begins anew after this time: an adapter that was taken away gives no error, it only falls silent."""
RETRY_S: Final = 60.0

Scan = Callable[[OnAdvertisement, float], Awaitable[int]]


class Scanner:
    """One task that passes on (address, data) as heard. What goes wrong is a finding, and so a line in the log."""

    def __init__(self, hear: Callable[[str, bytes], None], scan: Scan = scan, retry_s: float = RETRY_S) -> None:
        self._hear = hear
        self._scan = scan
        self._retry_s = retry_s
        self._task: asyncio.Task[None] | None = None
        self._trouble: tuple[str, float] | None = None

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._task = asyncio.create_task(self._listen(), name="bluetooth")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def findings(self) -> tuple[Finding, ...]:
        """Why nothing is heard, from the first failure until listening works."""
        if self._trouble is None:
            return ()
        problem, first = self._trouble
        return (finding("bluetooth-unavailable", "bluetooth", first, problem=problem),)

    async def _listen(self) -> None:
        while True:
            try:
                await self._scan(self._heard, SPELL_S)
            except BluetoothUnavailable as error:
                self._failed(str(error))
            except Exception as error:  # a library's fault must not end the service
                self._failed(f"listening by Bluetooth failed: {type(error).__name__}: {error}")
            else:
                self._trouble = None
                continue
            await asyncio.sleep(self._retry_s)

    def _heard(self, address: str, data: bytes, _signal_dbm: int) -> None:
        self._trouble = None
        self._hear(address, data)

    def _failed(self, text: str) -> None:
        if self._trouble is None or self._trouble[0] != text:
            self._trouble = (text, time.monotonic())
