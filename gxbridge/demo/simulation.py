"""A running simulated installation: a D-Bus of its own, its devices as processes, the real service, the power flow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from gxbridge.demo import roles
from gxbridge.demo.buses import OWN_INTERFACE, start_dbus
from gxbridge.demo.processes import ChildProcess, DemoError, ProcessGroup, last_words
from gxbridge.demo.roles import role_of
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, connect
from gxbridge.edge.dbus.introspect import BUS_ITEM
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.wire import Incoming

POWER_FLOW_S = 0.25
READY_WITHIN_S = 20.0
ENDS_WITHIN_S = 5.0
WRITES = f"type='method_call',interface='{BUS_ITEM}',member='SetValue'"
PRE_ALARM_S = 2.0
"""The real Lynx waits 30 s between pre-alarm and refused discharge; the demo has less time."""


class NoItem(Enum):
    """Why an item has no value at all, not even an invalid one."""

    PATH = "no such path"
    SERVICE = "no such service"


SeenValue: TypeAlias = WireValue | NoItem
OnChange: TypeAlias = Callable[[str, str, WireValue], None]
"""Hears role, path and new value; of the service itself the path is "", and its name or None when it has left."""


@dataclass(frozen=True, slots=True)
class InstallationPlan:
    """Role and kind of each D-Bus device, and what the service's configuration has beyond the common (`_configure`)."""

    name: str
    devices: Mapping[str, str]
    config: Mapping[str, object] = field(default_factory=dict)


BOAT = InstallationPlan(
    "boat",
    {roles.MULTI: "multi", roles.DIRECT: "solar-direct", roles.CAN: "solar-can", roles.ALTERNATOR: "alternator"},
    {"transmit": {"level": "requests"}},  # ask devices for what they send only on request
)
CABIN = InstallationPlan("cabin", {roles.MULTI: "multi-bms-v2", roles.DIRECT: "solar-direct"})


class SimulatedInstallation:
    """`can` is (interface, channel) of the Lynx's bus, None without one; `on_change` hears of every role."""

    def __init__(self, plan: InstallationPlan, folder: Path, can: tuple[str, str] | None, on_change: OnChange) -> None:
        self.name = plan.name
        self.address = ""
        self.monitor: Monitor
        self._plan = plan
        self._processes = ProcessGroup()
        self._folder = folder
        self._can = can
        self._on_change = on_change
        self._running: dict[str, ChildProcess] = {}
        self._written: dict[tuple[str, str], float] = {}
        self._happened = asyncio.Event()
        self._ends = contextlib.AsyncExitStack()
        self._ends.callback(self._processes.stop_all)

    async def start(self, dbus_daemon: str) -> None:
        """Start everything and wait until it is there; raises DemoError that says what is missing and why."""
        self._folder.mkdir()
        self.address = await start_dbus(self._processes, dbus_daemon, self._folder)
        self.monitor = Monitor(
            self.address,
            lambda service, items: self._tell(service, {"": service, **items}),
            self._tell,
            lambda service: self._tell(service, {"": None}),
        )
        self._ends.push_async_callback(self.monitor.close)
        await self.monitor.start()
        writes = await connect(self.address)
        self._ends.callback(writes.close)
        writes.on_message = self._wrote  # a monitor that answers is thrown off the bus
        rules = writes.encode("asu", [[WRITES], 0])
        await writes.call(DAEMON, DAEMON_PATH, f"{DAEMON}.Monitoring", "BecomeMonitor", "asu", rules)
        config = self._configure()
        dbus = ("--dbus", self.address)
        self._start("localsettings", "gxbridge.demo.sim.localsettings", *dbus)
        self._start(roles.GXBRIDGE, "gxbridge", "run", "--config", str(config), orders=False)
        for role, kind in self._plan.devices.items():
            self._start(role, "gxbridge.demo.sim.devices", kind, *dbus)
        if self._can is not None:
            bus = ("--interface", self._can[0], "--channel", self._can[1])
            self._start(roles.LYNX, "gxbridge.demo.sim.lynx", *bus, "--pre-alarm-s", str(PRE_ALARM_S))
        await self._ready()
        if self._can is not None:
            self._ends.callback(asyncio.ensure_future(self._let_power_flow()).cancel)

    async def close(self) -> None:
        """Leave the bus and end every process."""
        await self._ends.aclose()

    def service(self, role: str) -> str:
        """The D-Bus name of the service in this role, "" if there is none now."""
        return next((name for name in self.monitor.services if role_of(name) == role), "")

    def value(self, role: str, path: str) -> SeenValue:
        """What a path of the service in this role is now."""
        items = self.monitor.services.get(self.service(role))
        return NoItem.SERVICE if items is None else items.get(path, NoItem.PATH)

    def quiet_s(self, role: str = "", path: str = "") -> float:
        """Seconds since anybody wrote to a charger or inverter of this installation, or to this path of this one."""
        wanted = (role,) if role else (*roles.OBEYING, roles.VECAN)
        moments = (at for (to, item), at in self._written.items() if to in wanted and path in ("", item))
        return time.monotonic() - max(moments, default=0.0)

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def order(self, role: str, order: Mapping[str, object]) -> None:
        """Give a simulated device an order."""
        self._running[role].order(order)

    async def changed(self, timeout_s: float) -> None:
        """Wait for a change on the bus; raises DemoError when a process has ended that must not."""
        # Not wait_for: before Python 3.12 that loses a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await self._happened.wait()
        self._happened.clear()
        for name, process in self._running.items():
            if process.code is not None:
                raise DemoError(f"{name} {process.ended()}")

    async def stop_service(self) -> str:
        """Send the service SIGTERM; "" if it ended with exit code 0 and its names are off the bus, else what is not."""
        service = self._running.pop(roles.GXBRIDGE)
        service.popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while service.code is None or self.service(roles.GXBRIDGE):
            if time.monotonic() > deadline:
                return "it still runs" if service.code is None else "its name is still on the bus"
            await self.changed(0.05)
        return "" if service.code == 0 else f"it ended with code {service.code}"

    def service_log(self, lines: int = 15, between: str = "\n") -> str:
        """The end of the service's own messages."""
        return last_words(self._folder / f"{roles.GXBRIDGE}.log", lines, between)

    def _configure(self) -> Path:
        can = []
        if self._can is not None:
            can = [{"name": "can0", "interface": self._can[0], "channel": self._can[1]}]
            if self._can[0] == OWN_INTERFACE:
                Path(self._can[1]).mkdir()
        config = {
            "can": can,
            "dbus": {"address": self.address},
            "state": {"enabled": False},  # nothing of the demo is kept
            "dvcc": {"mode": "control", "profile": "strict"},  # write to the chargers; what is unknown grants nothing
        }
        file = self._folder / "gxbridge.yaml"
        file.write_text(json.dumps({**config, **self._plan.config}, indent=2), encoding="utf-8")
        return file

    def _start(self, role: str, module: str, *arguments: str, orders: bool = True) -> None:
        log = self._folder / f"{role.replace('/', '-').replace(' ', '-')}.log"
        self._running[role] = self._processes.python(log, module, *arguments, orders=orders)

    async def _ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while missing := [
            *(role for role, process in self._running.items() if process.popen.stdout and not process.fact("ready")),
            *(role for role in (*self._plan.devices, roles.GXBRIDGE) if not self.service(role)),
            *(["CAN"] if self._can and self.value(roles.GXBRIDGE, "/Can/can0/State") != "open" else []),
        ]:
            if time.monotonic() > deadline:
                words = f"not there after {READY_WITHIN_S:.0f} s: {', '.join(missing)}"
                raise DemoError(f"{words}; the service printed: {self.service_log(3, ' | ')}")
            await self.changed(0.1)

    def _tell(self, service: str, items: Mapping[str, WireValue]) -> None:
        for path, new in items.items() if role_of(service) else ():
            self._on_change(role_of(service), path, new)
        self._happened.set()

    def _wrote(self, message: Incoming) -> None:
        if message.header.member == "SetValue":
            written = role_of(message.header.destination or ""), message.header.path or ""
            self._written[written] = time.monotonic()

    async def _let_power_flow(self) -> None:
        """What the chargers give flows into the bank, and the bank's voltage is at their terminals."""
        while True:
            currents = [self.value(role, roles.CURRENT) for role in roles.OBEYING]
            total = sum(value for value in currents if isinstance(value, int | float))
            voltage = self._running[roles.LYNX].fact("voltage_v")
            with contextlib.suppress(DemoError):  # whoever waits for the bus says what has ended
                self.order(roles.LYNX, {"current_a": round(total, 1)})
                for role in (*roles.CHARGERS, roles.MULTI) if voltage is not None else ():
                    self.order(role, {"battery_v": voltage})
            await asyncio.sleep(POWER_FLOW_S)
