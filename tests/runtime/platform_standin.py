"""Stand-in for com.victronenergy.platform's notifications, with both parsers' rules, as a process or in a test.

Rules read in venus-platform: src/notifications.hpp of 2.41 (three fields) and of the branch that 2.44 came from (six
weeks of 2026: five fields too, tracked, -4 for a service that is not on the bus). Run as
`python -m tests.runtime.platform_standin ADDRESS three|five`; says "ready" and lives until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

from gxbridge.demo.sim.busitem import SimService, SimValue

NAME = "com.victronenergy.platform"
MOST = 20


class PlatformRules:
    """`/Notifications` as the platform keeps them: at most 20, the oldest makes room and gives its index."""

    def __init__(self, *, five: bool, services: tuple[str, ...] = ("com.victronenergy.gxbridge",)) -> None:
        self._five = five
        self._services = services
        self._order: list[int] = []
        self.items: dict[str, SimValue] = {"/Notifications/Inject": None, "/Notifications/NumberOfNotifications": 0}
        self.taken: list[str] = []

    def set_value(self, path: str, value: SimValue) -> int:
        """The code of an answer."""
        if path != "/Notifications/Inject":
            if path not in self.items:
                return 1
            self.items[path] = value
            return 0
        fields = str(value).split("\t")
        if len(fields) not in ((3, 5) if self._five else (3,)):
            return -1
        if not fields[0].lstrip("+-").isdigit():
            return -2
        if not 0 <= int(fields[0]) <= 2:
            return -3
        if len(fields) == 5 and fields[3] not in self._services:
            return -4
        index = self._add(fields)
        self.taken.append(str(value))
        return index if len(fields) == 5 else 0

    def _add(self, fields: list[str]) -> int:
        index = len(self._order) if len(self._order) < MOST else self._order.pop(0)
        self._order.append(index)
        kind, name, text, service, mark = (*fields, "", "")[:5]
        values = {"Type": int(kind), "DeviceName": name, "Description": text, "Service": service, "Trigger": mark}
        values |= {"Active": int(len(fields) == 5), "Acknowledged": 0}
        self.items |= {f"/Notifications/{index}/{path}": value for path, value in values.items()}
        self.items["/Notifications/NumberOfNotifications"] = len(self._order)
        return index


class PlatformService(SimService):
    """The same on a bus."""

    def __init__(self, address: str, *, five: bool) -> None:
        self._rules = PlatformRules(five=five)
        super().__init__(address, NAME, self._rules.items)

    def _write(self, path: str, value: SimValue) -> int:
        code = self._rules.set_value(path, value)
        for item, now in self._rules.items.items():
            self[item] = now
        self.flush()
        return code


async def live(address: str, kind: str) -> None:
    service = PlatformService(address, five=kind == "five")
    await service.start()
    print("ready", flush=True)
    await service.lost()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2]))
