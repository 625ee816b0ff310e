"""Frames of a Lynx Smart BMS for tests, and a listener that takes frames as a bus would bring them.

No public capture is certain to be a Lynx Smart BMS. The claim, identity and register frames are constructed from the
register tables (Victron, VE.Can registers public, v20; gui-v2@3b94597 ve_regs.h) with the values of recorded vendor
services (venus-docker simulations); IO and alarm words 0x1595 and 0x1455 are those of a real BLE record
(keshavdv/victron-ble tests).
"""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.core.model.battery import Battery, Configured
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import vreg_frames
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import payload
from gxbridge.core.vecan.battery_registry import BatteryRegistry, Change

LYNX = 0x29
CLAIM = bytes.fromhex("D08CC22C00AA46C0")
"""Unique number 167120, manufacturer 358, function 170, class 35."""

PRODUCT_500 = "01 00 00 E5 A3 00"
PRODUCT_1000_NG = "01 00 00 E7 A3 00"


def name_of(unique_number: int, manufacturer: int = 358, device_instance: int = 0) -> Name:
    """A battery's NAME."""
    return Name.make(unique_number, manufacturer, function=170, device_class=35, device_instance=device_instance)


def vreg_id(source: int, destination: int = 0xFF) -> int:
    """Identifier of a register frame."""
    return 0x1CEF0000 | destination << 8 | source


IO = bytes.fromhex("6699082195150000")
"""Contactor, ATC, ATD, AUX, remote and alternator yes; relay no."""

REGISTERS: dict[int, str] = {
    0x0100: "00 E5 A3 00",
    0x0102: "00 FF 02 01",
    0x0200: "03",
    0x0201: "F9",
    0x0300: "8A E8 FF FF",
    0x0303: "02 00 00 00",
    0x0304: "05 00 00 00",
    0x0305: "81 43 00 00",
    0x0306: "73 05 00 00",
    0x0307: "FF 0A 00 00",
    0x0308: "4C 77 01 00",
    0x0309: "AA 01 00 00",
    0x0310: "3D 2C 00 00",
    0x0311: "D7 34 00 00",
    0x0312: "83 80",
    0x0380: "04 04 04 01",
    0x0384: "12 01 6A 01",
    0x0385: "4F 01 53 01",
    0x0386: "2D 73 A5 73",
    0x0390: "18 15 00 00",
    0x0391: "F4 01 00 00",
    0x0392: "40 10 00 00",
    0x0393: "70 17 00 00",
    0x0FFC: "46 00 00 00",
    0x0FFE: "40 38",
    0x0FFF: "C1 26",
    0x1000: "20 03",
    0x2101: "00",
    0x2102: "09",
    0x2107: "55 14 00 00",
    0x2108: "95 15",
    0x2110: "24 02 02 02",
    0x2111: "2C EF 21 68",
    0x2112: "B8 A7 7F 67",
    0x2113: "14 A6 7F 67",
    0x2114: "AC A4 7F 67",
    0x2150: "00 00",
    0xEA15: "01",
    0xED8E: "F0 FF",
    0xEDEF: "18",
}
"""Register -> value bytes; together they say what the vendor's recordings say."""

STATUS = bytes.fromhex("004F0AFDFF5F7311")
"""PGN 127508: instance 0, 26.39 V, -0.3 A, 22.20 degrees."""
DC_STATUS = (bytes.fromhex("200911000063FF40"), bytes.fromhex("2138FFFFFFFFFFFF"))
"""PGN 127506: 99 %, 14400 min."""
STATUS_ID, DC_STATUS_ID, CLAIM_ID = 0x19F21400, 0x19F21200, 0x18EEFF00


class Listener:
    """A battery registry behind decoders: feed it frames, read its batteries."""

    def __init__(self, configured: Iterable[Configured] = ()) -> None:
        self.registry = BatteryRegistry(configured)
        self.decoders: dict[str, Decoder] = {}

    def frame(self, can_id: int, data: bytes, now: float, bus: str = "can0") -> Change:
        """One frame, as the bridge hands it on."""
        message = self.decoders.setdefault(bus, Decoder()).feed(can_id, data, now)
        if message is None:
            self.registry.alive(bus, can_id & 0xFF, now)
            return Change.NOTHING
        return self.registry.hear(bus, message, now)

    def claim(self, name: Name | bytes, now: float, source: int = LYNX, bus: str = "can0") -> Change:
        return self.frame(CLAIM_ID | source, name if isinstance(name, bytes) else name.payload, now, bus)

    def register(self, register: int, value: str, now: float, source: int = LYNX, bus: str = "can0") -> Change:
        heard = Change.NOTHING
        for can_id, data in vreg_frames(payload(register, bytes.fromhex(value)), source):
            heard = self.frame(can_id, data, now, bus)
        return heard

    def text(self, register: int, value: str, now: float, source: int = LYNX) -> None:
        self.register(register, (value.encode() + b"\0").hex(), now, source)

    def status(self, now: float, data: bytes = STATUS, source: int = LYNX, bus: str = "can0") -> Change:
        return self.frame(STATUS_ID | source, data, now, bus)

    def dc_status(self, now: float, source: int = LYNX) -> None:
        for data in DC_STATUS:
            self.frame(DC_STATUS_ID | source, data, now)

    def identify(
        self, now: float, unique_number: int = 167120, product: int = 0xA3E5, source: int = LYNX, bus: str = "can0"
    ) -> None:
        """NAME and product: from now on it is a battery."""
        self.claim(name_of(unique_number), now, source, bus)
        self.register(0x0100, f"00{product.to_bytes(2, 'little').hex()}00", now, source, bus)

    def lynx(self, now: float) -> None:
        """Everything a Lynx says about itself, once."""
        self.claim(CLAIM, now)
        for register, value in REGISTERS.items():
            self.register(register, value, now)
        self.text(0x010A, "HQ21302VUDQ", now)
        self.status(now)
        self.dc_status(now)

    def battery(self, now: float) -> Battery:
        """The only battery."""
        (battery,) = self.registry.batteries(now)
        return battery
