"""Other services of a GX, as a process: `python -m tests.contract.standins ADDRESS`. Orders are JSON lines:

["appear", name, {path: value}]     a service with these items
["set", name, {path: value}]        new values
["leave", name]                     its connection is closed
["settings", {path: value}, answer] a settings service that has these; `answer` 0, or the code of every refusal
["clear"]                           all leave
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.demo.sim.localsettings import SimSettings
from gxbridge.edge.dbus.service import PublishedService

SIGNATURES = {int: "i", float: "d", str: "s", type(None): "d"}


class Refusing(SimSettings):
    """Knows what it is given, adds nothing when it is told to refuse."""

    def __init__(self, address: str, items: dict[str, Value], answer: int) -> None:
        super().__init__(address)
        self._answer_code = answer
        for path, value in items.items():
            self[path] = value

    def _settings_call(self, message: Any) -> Any:
        if self._answer_code == 0:
            return super()._settings_call(message)
        rows = [{"path": entry["path"], "error": Variant("i", self._answer_code)} for entry in message.body[0]]
        return Message.new_method_return(message, "aa{sv}", [rows])

    def leave(self) -> None:
        self._bus.disconnect()


class Standins:
    def __init__(self, address: str) -> None:
        self._address = address
        self._services: dict[str, PublishedService] = {}
        self._settings: Refusing | None = None

    async def appear(self, name: str, items: dict[str, Value]) -> None:
        specs = {path: ItemSpec(SIGNATURES[type(value)], writable=True) for path, value in items.items()}
        service = self._services[name] = PublishedService(self._address, name, specs, items)
        await service.start()

    async def set(self, name: str, items: dict[str, Value]) -> None:
        if self._settings is not None and name == self._settings.name:
            for path, value in items.items():
                self._settings[path] = value
            self._settings.flush()
        else:
            self._services[name].update(items)

    async def leave(self, name: str) -> None:
        if self._settings is not None and name == self._settings.name:
            self._settings.leave()
            self._settings = None
        else:
            await self._services.pop(name).close()

    async def clear(self) -> None:
        for service in self._services.values():
            await service.close()
        self._services.clear()
        if self._settings is not None:
            await self.leave(self._settings.name)

    async def settings(self, items: dict[str, Value], answer: int = 0) -> None:
        self._settings = Refusing(self._address, items, answer)
        await self._settings.start()


async def live(address: str) -> None:
    standins = Standins(address)
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps("ready"), flush=True)
    while line := await reader.readline():
        order, *arguments = json.loads(line)
        await getattr(standins, order)(*arguments)
        print(json.dumps("done"), flush=True)


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1]))
