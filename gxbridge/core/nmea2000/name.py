"""NAME: the 64 bits by which a device claims an address, and by which it is the same device at another address.

Field positions: NMEA 2000 / ISO 11783-5 address claim as in Victron velib (J1939_types.h) and canboat PGN 60928.
"""

from __future__ import annotations

from functools import lru_cache

from gxbridge.core.model.record import record

VICTRON = 358
"""Manufacturer code of Victron Energy (Victron, VE.Can registers public, v20)."""

CLASS_ELECTRICAL = 35
CLASS_DISPLAY = 120
FUNCTION_BATTERY = 170
"""In class 35 (velib n2k.h)."""
FUNCTION_DISPLAY = 130
"""In class 120; a GX device (GX manual)."""

_INSTANCES = (0xFF << 32) | (0xF << 56)


@record
class Name:
    """One NAME. Of two devices that claim an address the one with the smaller `raw` keeps it."""

    raw: int

    def __lt__(self, other: Name) -> bool:
        return self.raw < other.raw

    @staticmethod
    def from_payload(payload: bytes) -> Name | None:
        """NAME of a claim's eight bytes, little endian; None when there are fewer."""
        return Name(int.from_bytes(payload[:8], "little")) if len(payload) >= 8 else None

    @staticmethod
    def make(
        unique_number: int,
        manufacturer: int,
        *,
        function: int,
        device_class: int,
        device_instance: int = 0,
        system_instance: int = 0,
        industry_group: int = 4,
        arbitrary_address: bool = True,
    ) -> Name:
        """Build a NAME; each part is cut to its field's width."""
        return Name(
            (unique_number & 0x1FFFFF)
            | (manufacturer & 0x7FF) << 21
            | (device_instance & 0xFF) << 32
            | (function & 0xFF) << 40
            | (device_class & 0x7F) << 49
            | (system_instance & 0xF) << 56
            | (industry_group & 0x7) << 60
            | int(arbitrary_address) << 63
        )

    @property
    def unique_number(self) -> int:
        return self.raw & 0x1FFFFF

    @property
    def manufacturer(self) -> int:
        return self.raw >> 21 & 0x7FF

    @property
    def device_instance(self) -> int:
        return self.raw >> 32 & 0xFF

    @property
    def function(self) -> int:
        return self.raw >> 40 & 0xFF

    @property
    def device_class(self) -> int:
        return self.raw >> 49 & 0x7F

    @property
    def system_instance(self) -> int:
        return self.raw >> 56 & 0xF

    @property
    def industry_group(self) -> int:
        return self.raw >> 60 & 0x7

    @property
    def arbitrary_address(self) -> bool:
        return bool(self.raw >> 63)

    @property
    def is_gx(self) -> bool:
        """Whether it is the NAME of a GX device, which says no product on CAN (GX manual: class 120, function 130)."""
        return (self.manufacturer, self.device_class, self.function) == (VICTRON, CLASS_DISPLAY, FUNCTION_DISPLAY)

    @property
    def payload(self) -> bytes:
        """The eight bytes of a claim."""
        return self.raw.to_bytes(8, "little")

    @property
    def identity(self) -> str:
        """Stable text for the device: the NAME without its two instances, which a user may change while it runs."""
        return _identity_text(self.raw)


@lru_cache(maxsize=512)
def _identity_text(raw: int) -> str:
    return f"{raw & ~_INSTANCES:016x}"
