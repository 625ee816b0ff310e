"""One device of a port: its rows with their values, brought up to date once a second."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.model.battery import Known
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.port.facts import COMPUTED
from gxbridge.core.port.kinds import PortDevice
from gxbridge.core.port.tables import FIRMWARE, PortRow, bounds_of, quantities_of, service_table
from gxbridge.core.publish.battery_paths import fitted
from gxbridge.core.vecan.device_state import DeviceState
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.readings import VREG, Readings, said

TEXT = ItemSpec("s")


class PortDeviceItems:
    """What a device shows. Nothing of it outlives the silence of the device."""

    def __init__(self, device: PortDevice) -> None:
        self.device = device
        self.items: Mapping[str, Value] = {}
        self.specs: Mapping[str, ItemSpec] = {}
        self._table = service_table(device.kind)
        self._heard: Readings | None = None
        self._version = -1
        self._state: DeviceState | None = None
        self._looked_at = float("-inf")
        self._made_of: tuple[object, ...] = ()

    def look(self, node: Node, facts: Mapping[str, Value], now: float) -> None:
        """Take what the node has said since the last time."""
        values, bounds = self._values(node, now), self._bounds(node)
        if self._made_of == (values, facts, bounds):
            return
        self._made_of = values, dict(facts), bounds
        found: dict[str, Value] = {}
        for row in self._table.rows:
            if row.feeds:
                known = values.get(row.path)
                found[row.path] = None if known is None else fitted(row.spec, known.value)
            else:
                spec = spec_of(row, node.name)
                found[row.path] = fitted(spec, facts[row.fact] if row.fact else row.value)
        for row in self._table.rows:
            if row.compute:
                found[row.path] = fitted(row.spec, COMPUTED[row.compute](found))
        shown = [row for row in self._table.rows if row.when is None or _above(found, row.when)]
        self.items = {row.path: found[row.path] for row in shown}
        specs = {row.path: spec_of(row, node.name) for row in shown}
        for path, (lowest, highest) in bounds.items():
            if path in specs:
                specs[path] = specs[path]._replace(minimum=lowest, maximum=highest)
        if specs != self.specs:
            self.specs = specs

    def _bounds(self, node: Node) -> Mapping[str, tuple[Value, Value]]:
        """The ranges that the device has said, both ends of them."""
        found: dict[str, tuple[Value, Value]] = {}
        for path, registers in bounds_of(self.device.kind).items():
            ends = [node.readings.get((VREG, register)) for register in registers]
            lowest, highest = (None if end is None else end.values[0] for end in ends)
            if isinstance(lowest, int | float) and isinstance(highest, int | float) and lowest <= highest:
                found[path] = lowest, highest
        return found

    def _values(self, node: Node, now: float) -> Mapping[str, Known]:
        readings, keys = node.readings, self.device.keys
        if self._state is None or readings is not self._heard or readings.version != self._version:
            gave = self._state.gave if self._state is not None and readings is self._heard else None
            mine = readings if keys is None else readings.only(keys)
            self._state = DeviceState(quantities_of(self.device.kind), mine, now, gave)
            self._heard, self._version = readings, readings.version
        else:
            for key, reading in readings.items():
                if reading.at >= self._looked_at:
                    self._state.heard(said(key))
        self._looked_at = now
        return self._state.values(now)


def spec_of(row: PortRow, name: Name | None) -> ItemSpec:
    """A firmware is text where the device is of another maker, also before it was heard: a type on D-Bus stays."""
    return TEXT if row.fact == FIRMWARE and name is not None and name.manufacturer != VICTRON else row.spec


def _above(found: Mapping[str, Value], when: tuple[str, int]) -> bool:
    value = found.get(when[0])
    return isinstance(value, int) and value > when[1]
