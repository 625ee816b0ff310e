"""The services of a GX as they are now, for those who only look: nothing is ever written by this."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.model.items import Value, plain_items
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.edge.dbus.monitor import PREFIX, Monitor
from gxbridge.edge.dbus.parse import WireValue

CLASSES = frozenset(
    {
        p.BATTERY,
        p.VEBUS,
        p.SOLAR,
        p.INVERTER,
        p.MULTI,
        p.ALTERNATOR,
        p.DCDC,
        p.GENSET,
        p.CHARGER,
        p.FUELCELL,
        p.ACSYSTEM,
    }
)
"""What can be the BMS in control, or told a charge current. Others are not read."""
FIRST_LOOK_S = 5.0
EXPLAINED = ("/Limits/", "/Findings/", "/Bms/", "/Dvcc/", "/Batteries/")
"""Where our own service shows that it would explain something else now; its counters of frames are not there."""
MOST_SERVICES = 64
MOST_ITEMS = 4096
"""Of one service: one that publishes without end costs a reader no memory."""


class SeenServices:
    """The items of our own service, of the batteries and of the chargers; `changes` counts
    those after which our own would explain something else."""

    def __init__(self, bus: str) -> None:
        self.items: dict[str, dict[str, Value]] = {}
        self.changes = 0
        self.monitor = Monitor(bus, self._added, self._changed, self._removed, wanted=wanted)

    async def start(self) -> None:
        """Connect, and read what is there. Raises BusUnreachable; a bus lost later is found again by itself."""
        await self.monitor.start()
        await self.monitor.scanned(FIRST_LOOK_S)

    async def close(self) -> None:
        """Leave the bus."""
        await self.monitor.close()

    def _added(self, name: str, items: Mapping[str, WireValue]) -> None:
        if name in self.items or len(self.items) < MOST_SERVICES:
            self.items[name] = dict(list(plain_items(items).items())[:MOST_ITEMS])
            self.changes += name == OWN_NAME

    def _changed(self, name: str, changes: Mapping[str, WireValue]) -> None:
        known = self.items.get(name)
        if known is None:
            return
        for path, value in plain_items(changes).items():
            if path in known or len(known) < MOST_ITEMS:
                known[path] = value
        self.changes += name == OWN_NAME and any(path.startswith(EXPLAINED) for path in changes)

    def _removed(self, name: str) -> None:
        self.changes += self.items.pop(name, None) is not None and name == OWN_NAME


def wanted(name: str) -> bool:
    """Whether a service can say something of limits, batteries or chargers."""
    return name == OWN_NAME or name.removeprefix(PREFIX).partition(".")[0] in CLASSES
