"""Stand-ins for chargers and a Multi, as a process of their own that writes down what it is told, and when.

    python -m tests.faults.standin ADDRESS RECORD NAME=KIND...

KIND is `solar`, `multi`, or `linked`: a solar charger that ends what it was told 60 s after the last word, as a real
one does: its current becomes invalid, it shows error #67, and both are in the record. Orders come as JSON lines on
standard input: {"do": "refuse"} and {"do": "accept"} (what is written), {"do": "late", "seconds": 5} (each answer takes
that long).
The record has a JSON line for each write, equal ones too: [monotonic seconds, service, path, value].
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import TextIO

from gxbridge.demo.sim.busitem import REFUSED, SimService, SimValue
from tests.core.boat import multi, solar

KINDS = {"solar": solar, "multi": multi, "linked": solar}
CURRENT = "/Link/ChargeCurrent"
ERROR = "/ErrorCode"
LINK_S = 60.0
"""A charger's own time-out (gui-v2@3b94597 ve_regs.h)."""
LOST_LINK = 67


class StandIn(SimService):
    """It knows nothing of the service under test but the bus: another D-Bus library, another BusItem."""

    def __init__(self, address: str, name: str, kind: str, record: TextIO) -> None:
        items = KINDS[kind]() | {ERROR: 0}
        super().__init__(address, name, items, frozenset(items))
        self.record = record
        self.refusing = False
        self.late_s = 0.0
        self._linked = kind == "linked"
        self._told_at = time.monotonic()

    def _note(self, path: str, value: SimValue) -> None:
        self.record.write(json.dumps([time.monotonic(), self.name, path, value]) + "\n")
        self.record.flush()

    async def mind_the_link(self) -> None:
        """End what was told when nobody has said anything for the link's time."""
        while self._linked:
            await asyncio.sleep(0.1)
            if self[CURRENT] is not None and time.monotonic() - self._told_at >= LINK_S:
                self[CURRENT], self[ERROR] = None, LOST_LINK
                self._note(CURRENT, None)
                self._note(ERROR, LOST_LINK)
                self.flush()

    def _write(self, path: str, value: SimValue) -> int:
        self._told_at = time.monotonic()
        self[ERROR] = 0
        self._note(path, value)
        if self.late_s:
            time.sleep(self.late_s)  # the whole device is busy with something else
        return REFUSED if self.refusing else super()._write(path, value)

    async def stay(self) -> None:
        """Be on the bus; after a restart of the daemon, be there again."""
        await self.start()
        while True:
            with contextlib.suppress(Exception):
                await self.lost()
            with contextlib.suppress(OSError):
                await asyncio.sleep(0.2)
                await self.start()

    def obey(self, order: dict[str, object]) -> None:
        match order["do"]:
            case "refuse":
                self.refusing = True
            case "accept":
                self.refusing = False
            case "late":
                self.late_s = float(order["seconds"])  # type: ignore[arg-type]


async def live(address: str, path: str, devices: list[str]) -> None:
    with open(path, "a", encoding="utf-8") as record:  # noqa: ASYNC230
        standins = [StandIn(address, *device.split("="), record) for device in devices]
        tasks = [asyncio.ensure_future(standin.stay()) for standin in standins]
        tasks += [asyncio.ensure_future(standin.mind_the_link()) for standin in standins]
        await asyncio.sleep(0.1)
        print("ready", flush=True)
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            for standin in standins:
                standin.obey(json.loads(line))
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], sys.argv[3:]))
