"""Which path of `/Link/*` becomes which register on CAN, how it is sent, and how certain that is.

Registers, types and scales: ve_regs.h of gui-v2@3b94597. Which are repeated and which are single shots, and the
time-outs: Venus OS wiki, "dbus". Current to single devices, voltage and mode to all: victronenergy/venus#902. Frames of
a GX with 0x2002 and 0x201C to everybody: canboat samples/victron-61184-vreg.raw; of the others none is public, so that
they are INFERRED, and are sent only where a device of the installation has shown the value that it was sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple

SendingWay: TypeAlias = Literal["repeated", "once", "addressed"]
"""To everybody as long as the word stands; to everybody for each write; to one device, which answers."""


class LinkRow(NamedTuple):
    """One path and its register: bytes, sign, size of a step, and the highest raw number that is a value."""

    path: str
    register: int
    size: int
    signed: bool
    step: float
    unit: str
    way: SendingWay
    confirmed: bool
    """Seen on the wire as it is sent here; else INFERRED."""
    limits: bool = True
    """It bounds what a device does, so it is rounded down and never below 0; else it is measured."""

    @property
    def key(self) -> str:
        """By what a confirmation is remembered."""
        return f"{self.register:04X} {'addressed' if self.way == 'addressed' else 'broadcast'}"

    @property
    def title(self) -> str:
        """What people may know it by."""
        return f"0x{self.register:04X} {self.path} ({self.way})"

    @property
    def highest(self) -> int:
        """The highest raw number; all ones (with a sign: all but the first) mean "not available", but for bits."""
        ones = (1 << 8 * self.size - self.signed) - 1
        return ones if self.size == 1 else ones - 1

    @property
    def lowest(self) -> int:
        """The lowest raw number."""
        return -(1 << 8 * self.size - 1) if self.signed else 0

    def raw(self, value: float) -> int:
        """The raw number nearest to a value, for a limit never above it; clamped to what the register can hold."""
        steps = min(max(value / self.step, self.lowest), self.highest)
        return math.floor(steps + 1e-6) if self.limits else round(steps)

    def data(self, raw: int) -> bytes:
        """The value bytes of a frame."""
        return raw.to_bytes(self.size, "little", signed=self.signed)

    def heard(self, data: bytes) -> int | None:
        """The raw number in a device's value bytes; None: too short, or not available."""
        if len(data) < self.size:
            return None
        raw = int.from_bytes(data[: self.size], "little", signed=self.signed)
        return raw if raw <= self.highest else None

    def value(self, raw: int) -> float:
        """A raw number in the path's unit."""
        return round(raw * self.step, 3)


NETWORK_MODE: Final = 0x200E
CHARGE_VOLTAGE: Final = 0x2001
CHARGE_CURRENT: Final = 0x2015

#           path                        register size signed step  unit  way          confirmed limits
PORT_ROWS: Final[Mapping[str, LinkRow]] = {
    row.path: row
    for row in (
        LinkRow("/Link/NetworkMode",         0x200E, 1, False, 1.0,   "",   "repeated", False),
        LinkRow("/Link/ChargeVoltage",       0x2001, 2, False, 0.01,  "V",  "repeated", False),
        LinkRow("/Link/VoltageSense",        0x2002, 2, False, 0.01,  "V",  "once",     True,  False),
        LinkRow("/Link/TemperatureSense",    0x2003, 2, True,  0.01,  "°C", "once",     False, False),
        LinkRow("/Link/BatteryCurrent",      0x200A, 4, True,  0.001, "A",  "once",     False, False),
        LinkRow("/Link/ExtraBatteryCurrent", 0x201C, 4, True,  0.001, "A",  "once",     True,  False),
    )
}  # fmt: skip
"""What is written to the service of the port (`com.victronenergy.vecan.*`) goes to everybody on it. Not its
`/Link/Soc`: who has register 0x0FFF shows there what it takes for the state of charge itself, so that no read-back can
confirm that it was told."""

DEVICE_ROWS: Final[Mapping[str, LinkRow]] = {
    row.path: row
    for row in (
        LinkRow("/Link/NetworkMode",         0x200E, 1, False, 1.0,   "",   "addressed", False),
        LinkRow("/Link/ChargeCurrent",       0x2015, 2, False, 0.1,   "A",  "addressed", False),
        LinkRow("/Link/DischargeCurrent",    0x2017, 2, False, 0.1,   "A",  "addressed", False),
    )
}  # fmt: skip
"""What is written to the service of a device goes to that device. Its other paths have no known register: unsent."""

ROWS: Final = (*PORT_ROWS.values(), *DEVICE_ROWS.values())
REGISTERS: Final = frozenset(row.register for row in ROWS)


def number_of(row: LinkRow, value: Value) -> float | None:
    """A value that a client wrote, if the row can carry it: finite, no text, not negative where it has no sign, a whole
    number where it is bits."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    if row.size == 1 and (value != int(value) or not 0 <= value <= row.highest):
        return None
    return None if value < 0 and not row.signed else value
