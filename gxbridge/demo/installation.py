"""One simulated installation: a bus of its own, its devices as processes, the real service, the world around them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from gxbridge.demo import config_text, daemon
from gxbridge.demo.cast import (
    ALTERNATOR,
    CAN,
    CHARGERS,
    CURRENT,
    DIRECT,
    GXBRIDGE,
    LYNX,
    LYNX_SCENE,
    MULTI,
    OBEYING,
    PRE_ALARM_S,
    VECAN,
    role_of,
)
from gxbridge.demo.checks import NoPath, NoService, Seen
from gxbridge.demo.keeper import Keeper, Process, last_lines, last_words
from gxbridge.demo.lines import Lines
from gxbridge.demo.story import Tone
from gxbridge.demo.trouble import DemoError
from gxbridge.demo.watch import Change, Watch

SIMULATED = "gxbridge.demo.sim"
WORLD_S = 0.25
READY_WITHIN_S = 20.0
ENDS_WITHIN_S = 5.0
CAN_STATE = "/Can/can0/State"

DEVICES: Mapping[str, Mapping[str, str]] = {
    LYNX_SCENE: {MULTI: "multi", DIRECT: "solar-direct", CAN: "solar-can", ALTERNATOR: "alternator"},
    "": {MULTI: "multi-bms-v2", DIRECT: "solar-direct"},
}
"""Role: kind of simulated device, for the scene with the Lynx and for any other one."""

Offstage: TypeAlias = Callable[[str], Awaitable[bool]]
"""Plays the scene of this name elsewhere; True if it ended as it must."""


class Installation:
    """A scene's stage; `lines` tells the audience, `can` is (interface, channel), None for one without CAN."""

    def __init__(
        self,
        scene: str,
        keeper: Keeper,
        folder: Path,
        can: tuple[str, str] | None,
        lines: Lines,
        other: Offstage | None = None,
    ) -> None:
        self.scene = scene
        self.address = ""
        self.folder = folder
        self.config = folder / "gxbridge.yaml"
        self._keeper = keeper
        self._can = can
        self._lines = lines
        self._other = other
        self._processes: dict[str, Process] = {}
        self._service: Process | None = None
        self._finishing = False
        self._names: dict[str, str] = {}
        self._world: asyncio.Task[None] | None = None
        self.watch = Watch(self._changed)

    async def open(self, dbus_daemon: str) -> None:
        """Start everything and wait until it is there; raises DemoError that says who is missing and why."""
        self.folder.mkdir()
        self.address = await daemon.start(self._keeper, dbus_daemon, self.folder)
        self._configure()
        self._start("localsettings", "localsettings", "--dbus", self.address)
        self._service = self._keeper.python(
            self.folder / "service.log", "gxbridge", "run", "--config", str(self.config), orders=False
        )
        for role, kind in DEVICES.get(self.scene, DEVICES[""]).items():
            self._start(role, "devices", kind, "--dbus", self.address)
        if self._can is not None:
            interface, channel = self._can
            arguments = ("--interface", interface, "--channel", channel, "--pre-alarm-s", str(PRE_ALARM_S))
            self._start(LYNX, "lynx", *arguments)
        await self.watch.start(self.address)
        await self._ready()
        self._world = asyncio.ensure_future(self._turn())

    def close(self) -> None:
        """Stop looking; the processes are the keeper's."""
        if self._world is not None:
            self._world.cancel()
        self.watch.close()

    # ---- what a player needs

    @property
    def view(self) -> Installation:
        """We can look at the bus ourselves."""
        return self

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def service(self, role: str) -> str:
        """The name on the bus of who plays this role now, "" if nobody does."""
        return self._names.get(role, "")

    def value(self, role: str, path: str) -> Seen:
        """What a path of the service in this role is now."""
        items = self.watch.services.get(self.service(role))
        if items is None:
            return NoService
        return items.get(path, NoPath)

    def quiet_s(self, role: str = "", path: str = "") -> float:
        """Seconds since anybody wrote to a charger or inverter of this installation, or to this path of this one."""
        roles = (role,) if role else (*OBEYING, VECAN)
        moments = (
            write.at
            for write in reversed(self.watch.writes)
            if role_of(write.service) in roles and path in ("", write.path)
        )
        return time.monotonic() - next(moments, 0.0)

    def tell(self, role: str, order: Mapping[str, object]) -> None:
        """Give a simulated device an order."""
        self._processes[role].tell(order)

    async def moved(self, timeout_s: float) -> None:
        """Wait for a change; raises DemoError when somebody has ended who must not."""
        await self.watch.moved(timeout_s)
        self._all_alive()

    async def meanwhile(self, scene: str) -> bool:
        """Play another scene."""
        return self._other is not None and await self._other(scene)

    async def finish(self) -> str:
        """Ask the service to end (SIGTERM): exit code 0, and its names off the bus."""
        if self._service is None:
            return "it never ran"
        self._finishing = True
        self._service.popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while self._service.code is None or GXBRIDGE in self._names:
            if time.monotonic() > deadline:
                return "it still runs" if self._service.code is None else "its name is still on the bus"
            await self.moved(0.05)
        return "" if self._service.code == 0 else f"it ended with code {self._service.code}"

    def say(self, tone: Tone, text: str) -> None:
        """Tell the audience."""
        self._lines.say(self.scene, tone, text)

    def service_log(self, lines: int = 15) -> list[str]:
        """The end of the service's own messages."""
        return [] if self._service is None else last_lines(self._service.log, lines)

    # ---- inside

    def _configure(self) -> None:
        if self._can is None:
            text = config_text.CABIN.format(dbus=json.dumps(self.address))
        else:
            interface, channel = self._can
            if interface == "gxsocket":
                Path(channel).mkdir()
            text = config_text.BOAT.format(
                interface=interface, channel=json.dumps(channel), dbus=json.dumps(self.address)
            )
        self.config.write_text(text, encoding="utf-8")

    def _start(self, role: str, module: str, *arguments: str) -> None:
        log = self.folder / f"{role.replace('/', '-').replace(' ', '-')}.log"
        process = self._keeper.python(log, f"{SIMULATED}.{module}", *arguments, orders=True)
        process.on_fact = self.watch.wake
        self._processes[role] = process

    async def _ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            missing = [role for role, process in self._processes.items() if not process.facts.get("ready")]
            missing += [role for role in (*DEVICES.get(self.scene, DEVICES[""]), GXBRIDGE) if role not in self._names]
            if self._can is not None and self.value(GXBRIDGE, CAN_STATE) != "open":
                missing.append("the service on CAN")
            if not missing:
                return
            if time.monotonic() > deadline:
                words = " | ".join(self.service_log(3)) or "nothing"
                raise DemoError(
                    f"not there after {READY_WITHIN_S:.0f} s: {', '.join(missing)}; the service said: {words}"
                )
            await self.moved(0.1)

    def _all_alive(self) -> None:
        for role, process in self._processes.items():
            if process.code is not None:
                raise DemoError(f"the simulated {role} ended with code {process.code}: {last_words(process.log)}")
        if self._service is not None and self._service.code is not None and not self._finishing:
            raise DemoError(
                f"the service ended by itself with code {self._service.code}: {last_words(self._service.log, 1)}"
            )

    def _changed(self, change: Change) -> None:
        role = role_of(change.service)
        if role and not change.path:
            if change.new is None:
                self._names.pop(role, None)
            else:
                self._names[role] = change.service
        self._lines.change(self.scene, change)

    async def _turn(self) -> None:
        """The world: what the chargers give flows into the bank, and the bank's voltage is at their terminals."""
        while self._can is not None:
            currents = [self.value(role, CURRENT) for role in OBEYING]
            total = sum(value for value in currents if isinstance(value, int | float))
            voltage = self._processes[LYNX].facts.get("voltage_v")
            with contextlib.suppress(DemoError):  # whoever waits for the bus says that somebody has gone
                self.tell(LYNX, {"current_a": round(total, 1)})
                for role in (*CHARGERS, MULTI) if voltage is not None else ():
                    self.tell(role, {"battery_v": voltage})
            await asyncio.sleep(WORLD_S)
