"""The quantities of a Lynx Smart BMS in one table, and the registers without which the picture is incomplete."""

from __future__ import annotations

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.vecan.device_state import QuantityTable
from gxbridge.core.vecan.lynx.distributors import DISTRIBUTORS
from gxbridge.core.vecan.lynx.lasting import LASTING_QUANTITIES
from gxbridge.core.vecan.lynx.live import BATTERY_STATUS, LIVE
from gxbridge.core.vecan.readings import VREG, MessageKind, Readings, said

LYNX = QuantityTable(LIVE + LASTING_QUANTITIES + DISTRIBUTORS)

URGENT = frozenset(q.name for q in LYNX.quantities if q.kind in ("limit", "permission")) | {
    "bms_state",
    "contactor_closed",
}
"""A change of one of these should not wait for the next round."""

URGENT_MESSAGES = frozenset(
    said for said, quantities in LYNX.touched.items() if any(q.name in URGENT for q in quantities)
)
"""The messages that can change one."""


class Essential(NamedTuple):
    """A message without which the battery is incomplete: heard when any of `heard_by` was; asked for by `register`."""

    register: int
    name: str
    heard_by: tuple[MessageKind, ...]

    @property
    def text(self) -> str:
        return f"0x{self.register:04X} {self.name}"


def _essential(register: int, name: str, *instead: MessageKind) -> Essential:
    return Essential(register, name, ((VREG, register), *instead))


ESSENTIALS = (
    _essential(0x2108, "BMS_IO"),
    _essential(0x0390, "BATTERY_LIMIT_CHARGE_VOLTAGE"),
    _essential(0x0391, "BATTERY_LIMIT_CHARGE_CURRENT"),
    _essential(0x0393, "BATTERY_LIMIT_DISCHARGE_CURRENT"),
    _essential(0x0392, "BATTERY_LIMIT_DISCHARGE_VOLTAGE"),
    _essential(0x2102, "BMS_STATE"),
    _essential(0x2101, "BMS_ERROR"),
    _essential(0x2107, "BMS_WARNINGS_ALARMS"),
    _essential(0xED8D, "DC_CHANNEL1_VOLTAGE", (BATTERY_STATUS, None)),
    _essential(0xED8F, "DC_CHANNEL1_CURRENT", (BATTERY_STATUS, None)),
    _essential(0xED8E, "DC_CHANNEL1_POWER"),
    _essential(0x0FFF, "SOC"),
    _essential(0x0FFE, "TTG"),
    _essential(0x0FFC, "CONSUMED_AH", (VREG, 0xEEFF)),
    _essential(0x0200, "DEVICE_MODE"),
    _essential(0x0201, "DEVICE_STATE"),
    _essential(0x0385, "BATTERY_MIN_MAX_CELL_VOLTAGE"),
    _essential(0x0386, "BATTERY_MIN_MAX_CELL_TEMPERATURE"),
    _essential(0x0380, "BATTERY_CONFIGURATION"),
    _essential(0x1000, "BATTERY_CAPACITY"),
    _essential(0xEDEF, "BAT_VOLTAGE"),
)
"""Most important first: the order in which they are asked for."""

BMS_REGISTERS = frozenset({0x2100, 0x2101, 0x2102, 0x2107, 0x2108, 0x2109, 0x210A, 0x0390, 0x0391, 0x0392, 0x0393})
"""Registers only a BMS sends: by them a device is suspected to be one before its product is known."""


class Unheard(NamedTuple):
    """What is not heard now. `last`: when it was heard last (monotonic s), None: never since start. `forgotten`: it
    fell silent with its device, or was never heard."""

    essential: Essential
    last: float | None
    forgotten: bool


def unheard(readings: Readings, now: float) -> tuple[Unheard, ...]:
    """The essential registers that are not heard: never, not since the device came back, or not any more."""
    fresh: set[MessageKind] = set()
    last: dict[MessageKind, float] = dict(readings.past)
    kept: set[MessageKind] = set()
    for key, reading in readings.items():
        what = said(key)
        kept.add(what)
        last[what] = max(reading.at, last.get(what, reading.at))
        if reading.until is None or now < reading.until:
            fresh.add(what)
    found = []
    for essential in ESSENTIALS:
        if fresh.isdisjoint(essential.heard_by):
            heard_at = [last[what] for what in essential.heard_by if what in last]
            found.append(Unheard(essential, max(heard_at, default=None), kept.isdisjoint(essential.heard_by)))
    return tuple(found)


class Lacking(NamedTuple):
    """What of the essential is not heard, as a battery tells it: see `Battery`."""

    unseen: tuple[str, ...] = ()
    fell_silent: tuple[tuple[str, float], ...] = ()
    unseen_registers: tuple[int, ...] = ()


def lacking(readings: Readings, now: float) -> Lacking:
    """What a device lacks now."""
    found = unheard(readings, now)
    return Lacking(
        tuple(essential.text for essential, last, _ in found if last is None),
        tuple((essential.text, last) for essential, last, _ in found if last is not None),
        tuple(essential.register for essential, _, forgotten in found if forgotten),
    )


class LackingWatch:
    """`lacking` of one device, worked out anew when other messages are held or one of them has gone stale."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._found = Lacking()

    def look(self, readings: Readings, now: float) -> Lacking:
        """The same as `lacking`."""
        of = (readings, readings.version, readings.stale(now))
        if of != self._of:
            self._of, self._found = of, lacking(readings, now)
        return self._found
