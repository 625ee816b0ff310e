"""A running simulated installation: a D-Bus of its own, its devices as processes, the real service, the power flow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gxbridge.demo.bus_watch import BusWatch, ItemChange
from gxbridge.demo.buses import OWN_INTERFACE, start_dbus
from gxbridge.demo.checks import NoItem, SeenValue
from gxbridge.demo.processes import ChildProcess, DemoError, ProcessGroup, last_lines, last_words
from gxbridge.demo.roles import (
    ALTERNATOR,
    CAN,
    CHARGERS,
    CURRENT,
    DIRECT,
    GXBRIDGE,
    LYNX,
    MULTI,
    OBEYING,
    VECAN,
    role_of,
)

POWER_FLOW_S = 0.25
READY_WITHIN_S = 20.0
ENDS_WITHIN_S = 5.0
CAN_STATE = "/Can/can0/State"
PRE_ALARM_S = 2.0
"""The real Lynx waits 30 s between pre-alarm and refused discharge; the demo has less time."""


@dataclass(frozen=True, slots=True)
class InstallationPlan:
    """What an installation consists of: role and kind of each D-Bus device, and what the service is configured with."""

    name: str
    devices: Mapping[str, str]
    config: str


BOAT = InstallationPlan(
    "boat",
    {MULTI: "multi", DIRECT: "solar-direct", CAN: "solar-can", ALTERNATOR: "alternator"},
    """\
# Written by `gxbridge demo`: a boat with a Lynx Smart BMS.
can:
  - name: can0
    interface: {interface}
    channel: {channel}
dbus:
  address: {dbus}
transmit:
  level: requests       # ask devices for what they send only on request; the default is off
state:
  enabled: no           # nothing of the demo is kept
dvcc:
  mode: control         # write to the chargers; the default is monitor
  profile: strict       # the default: what is unknown grants nothing
""",
)
CABIN = InstallationPlan(
    "cabin",
    {MULTI: "multi-bms-v2", DIRECT: "solar-direct"},
    """\
# Written by `gxbridge demo`: a cabin with a VE.Bus BMS V2, which has no CAN port.
can: []
dbus:
  address: {dbus}
state:
  enabled: no
dvcc:
  mode: control
  profile: strict
""",
)


class SimulatedInstallation:
    """`can` is (interface, channel) of the Lynx's bus, None without one; `on_change` gets each role and its change."""

    def __init__(
        self,
        plan: InstallationPlan,
        processes: ProcessGroup,
        folder: Path,
        can: tuple[str, str] | None,
        on_change: Callable[[str, ItemChange], None],
    ) -> None:
        self.name = plan.name
        self.address = ""
        self.watch = BusWatch(self._on_change)
        self._plan = plan
        self._processes = processes
        self._folder = folder
        self._can = can
        self._tell_change = on_change
        self._devices: dict[str, ChildProcess] = {}
        self._service: ChildProcess | None = None
        self._service_may_end = False
        self._names: dict[str, str] = {}
        self._power_flow: asyncio.Task[None] | None = None

    async def start(self, dbus_daemon: str) -> None:
        """Start everything and wait until it is there; raises DemoError that says what is missing and why."""
        self._folder.mkdir()
        self.address = await start_dbus(self._processes, dbus_daemon, self._folder)
        interface, channel = self._can or ("", "")
        config = self._configure(interface, channel)
        self._start("localsettings", "localsettings", "--dbus", self.address)
        self._service = self._processes.python(
            self._folder / "service.log", "gxbridge", "run", "--config", str(config), orders=False
        )
        for role, kind in self._plan.devices.items():
            self._start(role, "devices", kind, "--dbus", self.address)
        if self._can is not None:
            arguments = ("--interface", interface, "--channel", channel, "--pre-alarm-s", str(PRE_ALARM_S))
            self._start(LYNX, "lynx", *arguments)
        await self.watch.start(self.address)
        await self._ready()
        if self._can is not None:
            self._power_flow = asyncio.ensure_future(self._let_power_flow())

    def close(self) -> None:
        """Leave the bus; the processes are ended by their group."""
        if self._power_flow is not None:
            self._power_flow.cancel()
        self.watch.close()

    def service(self, role: str) -> str:
        """The D-Bus name of the service in this role, "" if there is none now."""
        return self._names.get(role, "")

    def value(self, role: str, path: str) -> SeenValue:
        """What a path of the service in this role is now."""
        items = self.watch.services.get(self.service(role))
        return NoItem.SERVICE if items is None else items.get(path, NoItem.PATH)

    def quiet_s(self, role: str = "", path: str = "") -> float:
        """Seconds since anybody wrote to a charger or inverter of this installation, or to this path of this one."""
        roles = (role,) if role else (*OBEYING, VECAN)
        moments = (
            write.at
            for write in reversed(self.watch.writes)
            if role_of(write.service) in roles and path in ("", write.path)
        )
        return time.monotonic() - next(moments, 0.0)

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def order(self, role: str, order: Mapping[str, object]) -> None:
        """Give a simulated device an order."""
        self._devices[role].order(order)

    async def changed(self, timeout_s: float) -> None:
        """Wait for a change on the bus; raises DemoError when a process has ended that must not."""
        await self.watch.changed(timeout_s)
        for role, process in self._devices.items():
            if process.code is not None:
                raise DemoError(f"the simulated {role} ended with code {process.code}: {last_words(process.log)}")
        service = self._service
        if service is not None and service.code is not None and not self._service_may_end:
            raise DemoError(f"the service ended by itself with code {service.code}: {last_words(service.log, 1)}")

    async def stop_service(self) -> str:
        """Send the service SIGTERM; "" if it ended with exit code 0 and its names are off the bus, else what is not."""
        if self._service is None:
            return "it never ran"
        self._service_may_end = True
        self._service.popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while self._service.code is None or GXBRIDGE in self._names:
            if time.monotonic() > deadline:
                return "it still runs" if self._service.code is None else "its name is still on the bus"
            await self.changed(0.05)
        return "" if self._service.code == 0 else f"it ended with code {self._service.code}"

    def service_log(self, lines: int = 15) -> list[str]:
        """The end of the service's own messages."""
        return [] if self._service is None else last_lines(self._service.log, lines)

    def _configure(self, interface: str, channel: str) -> Path:
        if interface == OWN_INTERFACE:
            Path(channel).mkdir()
        config = self._folder / "gxbridge.yaml"
        values = {"interface": interface, "channel": json.dumps(channel), "dbus": json.dumps(self.address)}
        config.write_text(self._plan.config.format(**values), encoding="utf-8")
        return config

    def _start(self, role: str, module: str, *arguments: str) -> None:
        log = self._folder / f"{role.replace('/', '-').replace(' ', '-')}.log"
        process = self._processes.python(log, f"gxbridge.demo.sim.{module}", *arguments, orders=True)
        process.on_fact = self.watch.wake
        self._devices[role] = process

    async def _ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while missing := self._missing():
            if time.monotonic() > deadline:
                words = " | ".join(self.service_log(3)) or "nothing"
                raise DemoError(
                    f"not there after {READY_WITHIN_S:.0f} s: {', '.join(missing)}; the service printed: {words}"
                )
            await self.changed(0.1)

    def _missing(self) -> list[str]:
        missing = [role for role, process in self._devices.items() if not process.facts.get("ready")]
        missing += [role for role in (*self._plan.devices, GXBRIDGE) if role not in self._names]
        if self._can is not None and self.value(GXBRIDGE, CAN_STATE) != "open":
            missing.append("the service on CAN")
        return missing

    def _on_change(self, change: ItemChange) -> None:
        role = role_of(change.service)
        if role and not change.path:
            if change.new is None:
                self._names.pop(role, None)
            else:
                self._names[role] = change.service
        self._tell_change(role, change)

    async def _let_power_flow(self) -> None:
        """What the chargers give flows into the bank, and the bank's voltage is at their terminals."""
        while True:
            currents = [self.value(role, CURRENT) for role in OBEYING]
            total = sum(value for value in currents if isinstance(value, int | float))
            voltage = self._devices[LYNX].facts.get("voltage_v")
            with contextlib.suppress(DemoError):  # whoever waits for the bus says what has ended
                self.order(LYNX, {"current_a": round(total, 1)})
                for role in (*CHARGERS, MULTI) if voltage is not None else ():
                    self.order(role, {"battery_v": voltage})
            await asyncio.sleep(POWER_FLOW_S)
