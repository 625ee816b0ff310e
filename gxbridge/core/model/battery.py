"""A battery: what we believe about it, since when, and from which message.

`BatteryRegistry` (in `vecan/battery_registry.py`) makes these from what is heard on the buses; all that publishes
or decides reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Literal

from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record

State = Literal["live", "silent", "lost"]

SILENT_S = 10.0
"""No frame of the device for this long: what it measured, limited and permitted is forgotten.
velib marks a peer inactive after about 10 s (Victron velib C stack, J1939_nmt.c)."""

LOST_S = 60.0
"""No frame for this long: the battery is gone. VE.Can link registers time out after 60 s (gui-v2@3b94597 ve_regs.h)."""


class Known(NamedTuple):
    """One value we hold: `value` in the quantity's unit, `at` the monotonic second it was heard, `source` in words."""

    value: int | float | str
    at: float
    source: str
    """Such as `VREG 0x0390` or `PGN 127508`."""


@record
class Battery:
    """A battery with a known NAME and product; a quantity that is not in `values` is unknown.

    `state` is `live`, `silent` (no frame for 10 s) or `lost` (60 s). In both of the latter only identity, settings
    and history remain; after a return nothing else is known until it has been heard again.
    """

    key: str
    """Stable identity: survives address and instance changes, and is the same on every bus it is heard on."""
    bus: str
    address: int | None
    """Present source address; None while it has lost its address and not claimed another."""
    unique_number: int
    device_instance: int
    """NMEA 2000 device instance from the NAME; batteries in parallel share it."""
    product_id: int
    product_name: str
    family: str
    """Product family, one of those whose kind is `bms` (`can_db/products.yaml`)."""
    serial: str | None
    """The maker's serial (`HQ21302VUDQ`), without the unique number in front."""
    firmware: int | None
    """24-bit raw version; `firmware_text` is what people call it (`v1.13`)."""
    firmware_text: str | None
    description: str | None
    """The name given to it in the installation (register 0x010C, else PGN 126998)."""
    state: State
    since: float
    """Monotonic second at which `state` began."""
    silent_since: float | None
    """Monotonic second at which the silence was noticed (last frame + 10 s); None while live."""
    last_heard: float
    values: Mapping[str, Known]
    balances: bool = False
    """It has said at least once whether it balances."""
    distributors: str = ""
    """Letters of the distributors it has ever reported, such as `AB`."""
    unseen: tuple[str, ...] = ()
    """Registers that make the battery and were never heard since start, such as `0x2108 BMS_IO`."""
    fell_silent: tuple[tuple[str, float], ...] = ()
    """Those that were heard and are not any more, each with the monotonic second at which it was heard last."""
    unseen_registers: tuple[int, ...] = ()
    """What is worth asking for: never heard, or forgotten in a silence."""

    def get(self, quantity: str) -> Value:
        """The value of a quantity, or None when it is not known."""
        known = self.values.get(quantity)
        return None if known is None else known.value

    def limit(self, quantity: str) -> Value:
        """The same for a limit: none while the BMS is pending, as in the vendor's service."""
        return None if self.get("bms_state") == BMS_PENDING else self.get(quantity)

    def without_times(self) -> tuple[object, ...]:
        """Who it is and what it says, without when: equal as long as nothing but moments has changed."""
        return (_facts(self), tuple(self.values), [known.value for known in self.values.values()])

    @property
    def serial_text(self) -> str:
        """The vendor's form: unique number in seven digits, then the maker's serial."""
        number = f"{self.unique_number:07d}"
        return f"{number} {self.serial}" if self.serial else number


_TIMES = frozenset({"since", "silent_since", "last_heard", "values", "fell_silent"})
_facts = attrgetter(*(field.name for field in fields(Battery) if field.name not in _TIMES))


@record
class Provisional:
    """A device that may be a battery but may not be published yet; `missing` says what we wait for."""

    key: str
    bus: str
    address: int | None
    product_name: str | None
    missing: tuple[str, ...]
    """`NAME`, `product`."""
    text: str
    last_heard: float
    late: bool = False
    """It is heard for longer than saying who one is takes most devices."""


@record
class Configured:
    """A battery the installer names in the configuration, so that it is published before its NAME was heard."""

    bus: str
    address: int
    unique_number: int
    product_id: int
    device_instance: int = 0


BMS_PENDING = 18
"""BMS state of register 0x2102 (gui-v2@2ffcc3c src/enums.h)."""
