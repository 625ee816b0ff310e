"""D-Bus services of a GX as a process: `python -m tests.boat.gx_services ADDRESS JSON`, JSON {service: {path: value}}.

com.victronenergy.settings also knows AddSettings and RemoveSettings. Says "ready" and lives until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from dbus_next.message import Message

from gxbridge.demo.sim.busitem import SimService, SimValue
from gxbridge.demo.sim.localsettings import NAME, SimSettings
from tests.edge.dbus_daemon import standin


class RemovableSettings(SimSettings):
    """The simulated settings, with the method by which uninstallers clean up."""

    def _settings_call(self, message: Any) -> Any:
        if message.member != "RemoveSettings":
            return super()._settings_call(message)
        assert message.path == "/"
        codes = [0 if self._items.pop(path, None) is not None else -1 for path in message.body[0]]
        return Message.new_method_return(message, "ai", [codes])


async def live(address: str, services: Mapping[str, Mapping[str, SimValue]]) -> None:
    running = []
    for name, items in services.items():
        service = RemovableSettings(address) if name == NAME else SimService(address, name, items)
        for path, value in items.items():
            service[path] = value
        await service.start()
        running.append(service)
    print("ready", flush=True)
    await asyncio.gather(*(service.lost() for service in running))


def gx_services(address: str, services: Mapping[str, Mapping[str, SimValue]]) -> AbstractContextManager[None]:
    """These services are on the bus in `with`."""
    return standin("tests.boat.gx_services", address, json.dumps(services))


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], json.loads(sys.argv[2])))
