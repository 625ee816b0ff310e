"""The tables of `can_db/devices`: what each kind of device shows on D-Bus, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from gxbridge.core.dvcc.read.paths import VECAN
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.database import database
from gxbridge.core.port.feeds import source_of
from gxbridge.core.publish.battery_rows import FirmwareSpec
from gxbridge.core.vecan.device_state import QuantityTable
from gxbridge.core.vecan.quantities import Quantity
from gxbridge.core.vecan.readings import VREG, MessageKind

PortWrite = Literal["", "name", "link", "nothing", "again", "instance", "register"]
"""What a write does: nothing (it answers 1), a name that is kept, an order for the network, nothing but a
yes, a question asked again, another device instance, a register that is sent."""

VECAN_DEVICE = "vecan_device"
"""The table of one device in its list."""
NO_DEVICES = frozenset({VECAN, VECAN_DEVICE})
TANK, TEMPERATURE = "tank", "temperature"
SENDERS = (TANK, TEMPERATURE)
"""Kinds that are recognised by what they send, and of which one device may be several."""

FIRMWARE = "firmware"
"""The fact that is a number of the vendor's devices, and text of all others."""

BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "/Ac/In/1/CurrentLimit": (0x0211, 0x0212),
    "/Ac/In/2/CurrentLimit": (0x0221, 0x0222),
}
"""Paths of a Multi RS -> registers with the lowest and highest value that it takes (GetMin and GetMax). Of other
writable paths it is not known what the vendor's driver answers."""


@record
class PortRow:
    """One path. Its value comes from `feeds`, is a `fact` of the device or always `value`; `compute` makes it of the
    others. `when`: a path and a number that its value must be above."""

    path: str
    spec: ItemSpec
    sibling: bool
    """The type was not recorded for VE.Can, but of the same path of a sibling."""
    feeds: tuple[str, ...]
    fact: str
    compute: str
    value: Value
    write: PortWrite
    register: int | None
    allowed: tuple[int, ...]
    when: tuple[str, int] | None
    confidence: str

    @property
    def known(self) -> bool:
        """Whether it is known where the value comes from."""
        return bool(self.feeds or self.fact or self.compute or self.value is not None)


@record
class ServiceTable:
    """The service of one kind. `lacks`: paths of the vendor's that are left out."""

    kind: str
    title: str
    families: tuple[str, ...]
    lacks: tuple[str, ...]
    note: str
    rows: tuple[PortRow, ...]


@lru_cache(maxsize=32)
def service_table(kind: str) -> ServiceTable:
    """The table of a class of service. Raises KeyError."""
    title, families, lacks, note, rows = database().services[kind]
    return ServiceTable(kind, title, families, lacks, note, tuple(map(_row, rows.split("\n"))))


def kinds() -> tuple[str, ...]:
    """Every class of service that a device of a port can be."""
    return tuple(kind for kind in database().services if kind not in NO_DEVICES)


@lru_cache(maxsize=64)
def kind_of_family(family: str) -> str | None:
    """The class of service of a product family; None: its devices are not served."""
    return next((kind for kind, row in database().services.items() if family in row[1]), None)


@lru_cache(maxsize=32)
def quantities_of(kind: str) -> QuantityTable:
    """The rows that are fed, as quantities by their path."""
    return QuantityTable(
        # A number without a unit is a state: who says it last is not asked for how long.
        Quantity(row.path, "state" if row.spec.text.endswith("}") else "measurement", "", "", sources)
        for row in service_table(kind).rows
        if (sources := tuple(map(source_of, row.feeds)))
    )


@lru_cache(maxsize=32)
def messages_of(kind: str) -> frozenset[MessageKind]:
    """The messages that feed a kind."""
    return frozenset(quantities_of(kind).touched) | {
        (VREG, register) for registers in bounds_of(kind).values() for register in registers
    }


@lru_cache(maxsize=32)
def bounds_of(kind: str) -> Mapping[str, tuple[int, int]]:
    """The paths of a kind with a range, and its registers."""
    return {row.path: BOUNDS[row.path] for row in service_table(kind).rows if row.path in BOUNDS}


@lru_cache(maxsize=32)
def registers_of(kind: str) -> tuple[int, ...]:
    """The registers that feed a kind, in the order of its rows."""
    found = (source.register for quantity in quantities_of(kind).quantities for source in quantity.sources)
    return tuple(dict.fromkeys(register for register in found if register is not None))


def _row(text: str) -> PortRow:
    path, kind, form, feeds, fact, compute, value, write, when, confidence = text.split("\t")
    signature, (how, _, allowed) = kind.rstrip("?"), write.partition(":")
    above, _, number = when.partition(">")
    register = int(how, 0) if how.startswith("0x") else None
    make = FirmwareSpec if fact == FIRMWARE else ItemSpec
    constant: Value = None if not value else value if signature == "s" else int(value)
    spec = make(signature, form, bool(how), repeats=how == "link")
    return PortRow(
        *(path, spec, kind.endswith("?"), tuple(feeds.split()), fact, compute, constant),
        *("register" if register is not None else how, register),  # type: ignore[arg-type]
        tuple(map(int, allowed.split(","))) if allowed else (),
        (above, int(number)) if when else None,
        confidence,
    )
