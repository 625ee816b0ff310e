"""A settings service that is not as it should be: `python -m tests.faults.settings_standin ADDRESS KIND`.

`good`: gives battery:220 away before we ask, so that we get another one. `wrong`: values of wrong types, nonsense as
answers. `mute`: lists its values, but never answers AddSettings.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from gxbridge.demo.sim.localsettings import SYSTEM, SimSettings

TAKEN = "/Settings/Devices/somebody_else/ClassAndVrmInstance"


class Odd(SimSettings):
    def __init__(self, address: str, kind: str) -> None:
        super().__init__(address)
        self.kind = kind
        if kind == "good":
            self[TAKEN] = "battery:220"
        if kind == "wrong":
            self[f"{SYSTEM}/MaxChargeCurrent"] = "much"
            self[f"{SYSTEM}/MaxChargeVoltage"] = "-"
            self[f"{SYSTEM}/BmsInstance"] = "the left one"
            self[f"{SYSTEM}/SharedVoltageSense"] = "yes"
            self["/Settings/Services/Bol"] = "on"

    def _settings_call(self, message: Any) -> Any:
        if self.kind == "mute":
            return True
        if self.kind == "wrong":
            row = {"path": Variant("i", 7), "error": Variant("s", "?"), "value": Variant("ad", [1.0])}
            return Message.new_method_return(message, "aa{sv}", [[row, {}]])
        return super()._settings_call(message)


async def live(address: str, kind: str) -> None:
    settings = Odd(address, kind)
    await settings.start()
    print("ready", flush=True)
    await settings.lost()


if __name__ == "__main__":
    asyncio.run(live(*sys.argv[1:]))
