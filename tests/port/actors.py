"""Devices of the vendor's scenarios on a bus: what their D-Bus services show there, said here in frames.

Encodings by hand, as in `fleet.py` (Victron, VE.Can registers public, v20; ve_regs.h of gui-v2@3b94597). What a Lynx
says besides its limits is that of one that runs: contactor closed, charging and discharging allowed, no alarm.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from gxbridge.demo.sim import wire
from tests.port.fleet import BATTERY, CHARGING, GENERATION, INVERTER, NETWORK, SOLAR, identity, u8, u16
from tests.port.node import (
    BATTERY_CURRENT,
    CHARGE_LIMIT,
    DISCHARGE_LIMIT,
    LINK,
    TSENSE,
    VSENSE,
    Device,
    SimNode,
    name_of,
)

Value: TypeAlias = int | float | str | None
Items: TypeAlias = dict[str, Value]
"""Path -> value of a service."""

NAMED = "it has a name"
"""In place of the name of a product."""

PORT = ".socketcan_can0_"
"""In the name of each service of the port."""


class Packed(NamedTuple):
    """How a number is said: register, form, step."""

    register: int
    form: str
    step: float = 1


STATUS = (
    ("/Dc/0/Voltage", "<h", 0.01, 0.0),
    ("/Dc/0/Current", "<h", 0.1, 0.0),
    ("/Dc/0/Temperature", "<H", 0.01, 273.15),
)
"""PGN 127508: path, form, step, and what is added."""
CHARGER = {
    "/State": Packed(0x0201, "<B"),
    "/Settings/ChargeCurrentLimit": Packed(0xEDF0, "<H", 0.1),
    "/Settings/BmsPresent": Packed(0xEDE8, "<B"),
    "/Link/ChargeCurrent": Packed(CHARGE_LIMIT, "<H", 0.1),
}
RS = CHARGER | {
    "/Yield/Power": Packed(0xEDBC, "<I", 0.01),
    "/Soc": Packed(0x0FFF, "<H", 0.01),
    "/Ac/Out/L1/V": Packed(0x2213, "<h", 0.01),
    "/Ac/Out/L1/I": Packed(0x2214, "<h", 0.01),
    "/Ac/Out/L1/P": Packed(0x2215, "<i"),
}
MULTI = RS | {
    "/Ac/ActiveIn/ActiveInput": Packed(0x0204, "<B"),
    "/Ac/In/1/Type": Packed(0x0215, "<B"),
    "/Ac/In/2/Type": Packed(0x0225, "<B"),
    "/Ac/In/1/L1/P": Packed(0x2252, "<i"),
}
LYNX = {
    "/Info/MaxChargeVoltage": Packed(0x0390, "<I", 0.01),
    "/Info/MaxChargeCurrent": Packed(0x0391, "<I", 0.1),
    "/Info/BatteryLowVoltage": Packed(0x0392, "<I", 0.01),
    "/Info/MaxDischargeCurrent": Packed(0x0393, "<I", 0.1),
    "/Soc": Packed(0x0FFF, "<H", 0.01),
}
LYNX_RUNS = {0x2102: u8(9), 0x2101: u8(0), 0x2107: b"\x55\x14\0\0", 0x2108: b"\x95\x15", 0x0385: b"\x4f\x01\x53\x01"}


UNTOLD = {VSENSE: b"\xff\xff", TSENSE: b"\xff\x7f", BATTERY_CURRENT: b"\xff\xff\xff\x7f"}
"""What nobody has told a charger yet."""


class Part(NamedTuple):
    """What a class of services is on VE.Can: its function in the NAME, products, a product for those that have none,
    its registers, and the paths of LINK that its service always has."""

    function: int
    products: Container[int]
    product: int
    registers: Mapping[str, Packed]
    linked: tuple[str, ...] = ()


PARTS: Mapping[str, Part] = {
    "solarcharger": Part(
        SOLAR, range(0xA101, 0xA118), 0xA102, CHARGER,
        ("/Link/NetworkMode", "/Link/ChargeCurrent", "/Link/ChargeVoltage"),
    ),
    "inverter": Part(
        INVERTER, (0xA401,), 0xA401, RS, ("/Link/NetworkMode", "/Link/ChargeCurrent", "/Link/DischargeCurrent")
    ),
    "multi": Part(INVERTER, (0xA442, 0xA443), 0xA442, MULTI, ("/Link/ChargeCurrent", "/Link/DischargeCurrent")),
    "battery": Part(BATTERY, range(0xA3E4, 0xA3E8), 0xA3E5, LYNX),
}  # fmt: skip
"""DVCC does not ask which charger it is, so that one that does not exist on VE.Can may be another."""


def kind_of(service: str) -> str:
    """The class of a service."""
    return service.split(".")[2] if service.startswith("com.victronenergy.") else ""


def unique_of(service: str) -> int:
    found = re.search(r"_uc(\d+)$", service)
    assert found, service
    return int(found[1])


def on_vecan(service: str, items: Mapping[str, Value]) -> bool:
    """Whether a service of a scenario is a device of the port that can be played."""
    part = PARTS.get(kind_of(service))
    if part is None or PORT not in service or items.get("/Mgmt/Connection") != "VE.Can":
        return False
    return part.linked != () or items.get("/ProductId") in part.products  # only a Lynx is known for a BMS


def elsewhere(service: str) -> str:
    """The name of a service that is not played: those of the port are ours, so it is on another one."""
    return service if kind_of(service) == "acsystem" else service.replace(PORT, ".socketcan_can7_")


def rounded(value: Value, step: float) -> Value:
    """A number as what carries it holds it."""
    return round(round(value / step) * step, 3) if isinstance(value, int | float) else value


def product_of(service: str, items: Mapping[str, Value]) -> int:
    part, product = PARTS[kind_of(service)], items.get("/ProductId")
    return product if isinstance(product, int) and product in part.products else part.product


def instance_of(items: Mapping[str, Value]) -> int:
    """The N2K device instance: every NAME has one."""
    instance = items.get("/N2kDeviceInstance")
    return instance if isinstance(instance, int) else 0


def shown(service: str, items: Mapping[str, Value]) -> Items:
    """What a service shows when frames say what the scenario says of it, but for the names."""
    part = PARTS[kind_of(service)]
    said: Items = {path: items.get(path) for path in ("/DeviceInstance", "/FirmwareVersion")}
    said |= {"/Mgmt/Connection": "VE.Can", "/Connected": 1, "/ProductName": NAMED}
    said |= {"/ProductId": product_of(service, items)}
    said |= {"/N2kDeviceInstance": instance_of(items)} | dict.fromkeys(part.linked)
    said |= {path: rounded(items.get(path), how.step) for path, how in part.registers.items()}
    said |= {path: rounded(items.get(path), step) for path, _, step, _ in STATUS}
    return said | ({"/IsInverterCharger": 1} if "/Soc" in part.registers and part.linked else {})


def pack(form: str, step: float, value: Value, added: float = 0.0) -> bytes:
    """A number; None: not available."""
    if isinstance(value, int | float):
        return struct.pack(form, round((value + added) / step))
    size, signed = struct.calcsize(form), form[1].islower()
    return ((1 << 8 * size - signed) - 1).to_bytes(size, "little")


def status_of(items: Mapping[str, Value]) -> tuple[int, bytes]:
    """127508 of instance 0."""
    numbers = (pack(form, step, items.get(path), added) for path, form, step, added in STATUS)
    return wire.BATTERY_STATUS, b"\0" + b"".join(numbers) + b"\xff"


def registers_of(service: str, items: Mapping[str, Value]) -> dict[int, bytes]:
    """All that it says by registers. Of a setting of one byte that it does not know it says nothing: these have no
    number for "not available"."""
    part, version = PARTS[kind_of(service)], items.get("/FirmwareVersion")
    said = identity(product_of(service, items), version if isinstance(version, int) else 0, serial_of(service), 10)
    if not isinstance(version, int):
        del said[0x0102]
    for path, (register, form, step) in part.registers.items():
        value = items.get(path)
        if form != "<B" or path == "/State" or value is not None:
            said[register] = pack(form, step, value)
    if not part.linked:
        volts = items.get("/Info/MaxChargeVoltage") or items.get("/Dc/0/Voltage")
        assert isinstance(volts, int | float), service
        return said | LYNX_RUNS | {0xEDEF: u8(next(nominal for nominal in (12, 24, 48) if volts < 1.4 * nominal))}
    said |= {register: value for register, value in NETWORK.items() if register != CHARGE_LIMIT}
    said |= {0x0200: u8(1), 0x0244: u8(1)} | UNTOLD
    if "/Link/DischargeCurrent" in part.linked:
        said[DISCHARGE_LIMIT] = u16(0xFFFF)
    return said | ({0x0243: u8(2)} if "/Ac/In/2/Type" in part.registers else {})


def serial_of(service: str) -> str:
    return f"HQ{unique_of(service)}"


class Actor(SimNode):
    """A device of which its scenario says what it measures and how it stands; what it is told it only keeps."""

    def __init__(self, service: str, items: Mapping[str, Value], address: int, now: float) -> None:
        part, unique = PARTS[kind_of(service)], unique_of(service)
        registers = registers_of(service, items)
        link = CHARGING | {DISCHARGE_LIMIT} if DISCHARGE_LIMIT in registers else CHARGING
        device = Device(
            name=name_of(unique, part.function, GENERATION, instance=instance_of(items)),
            address=address,
            code=product_of(service, items),
            texts=(f"{kind_of(service)} {unique}", "v1.00", "", f"{unique:07d} {serial_of(service)}"),
            registers=registers,
            live=frozenset(registers) - LINK.keys() - {0x010A, 0x010C},
            link=frozenset(link if part.linked else ()),
        )
        self.service, self.items = service, dict(items)
        super().__init__(device, now)

    def play(self, changes: Mapping[str, Value], now: float) -> None:
        """Its items become others; what changes is said at once."""
        registers, status = registers_of(self.service, self.items), status_of(self.items)
        self.items |= changes
        if "/N2kDeviceInstance" in changes:
            self.instance(instance_of(self.items), now)
        fresh = registers_of(self.service, self.items)
        if "/Link/ChargeCurrent" in changes:
            self.told.pop(CHARGE_LIMIT, None)
            registers.pop(CHARGE_LIMIT, None)
        self.set({register: value for register, value in fresh.items() if registers.get(register) != value})
        if status != status_of(self.items):
            self._group(*status_of(self.items))

    def _groups(self) -> Iterator[tuple[int, bytes]]:
        yield status_of(self.items)

    def _follow(self) -> None:
        """Its state and its current are the scenario's."""

    def _show(self, register: int, value: bytes) -> None:
        """So is all but what it is told."""
        if register in LINK:
            super()._show(register, value)
