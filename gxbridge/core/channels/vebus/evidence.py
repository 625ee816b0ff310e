"""What the CAN listener sees of a VE.Bus system: evidence that stands beside what the VE.Bus service says.

A VE.Bus BMS does not speak on VE.Can. What can be heard there is the system behind an interface, and what the network
tells chargers. That is a hint at most: it never allows or stops anything, and its absence proves nothing.
Sources: Victron, VE.Can registers public, v20 (0x0200, 0x0201); gui-v2@3b94597 ve_regs.h (0x200E, 0x2015, 60 s).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gxbridge.core.nmea2000.database import database
from gxbridge.core.vecan.devices import DeviceView

VEBUS_SYSTEM: Final = "VE.Bus system"

MOST: Final = 16
"""Sentences; a bus with more such devices is not read by anybody."""


def evidence(devices: Iterable[DeviceView], vebus_bms: bool) -> tuple[str, ...]:
    """Sentences without ages or measurements, in the order of the devices.

    `vebus_bms`: a BMS was seen behind VE.Bus. Without one, what other devices say of a BMS is not about VE.Bus.
    """
    live = (device for device in devices if device.state == "live")
    return tuple(sentence for device in live for sentence in _of(device, vebus_bms))[:MOST]


def _of(device: DeviceView, vebus_bms: bool) -> Iterator[str]:
    if device.kind == VEBUS_SYSTEM:
        yield f"Seen on VE.Can, as evidence only: {_who(device)}{_state_words(device)}."
    if (device.kind == VEBUS_SYSTEM or vebus_bms) and _value(device, "bms_present"):
        blocks = "; the charge current limit is 0 A" if _value(device, "bms_blocks_charge") else ""
        yield f"Seen on VE.Can, as a hint that holds 60 s: a BMS controls the chargers ({_who(device)}){blocks}."


def _who(device: DeviceView) -> str:
    name = device.description or device.product_name
    where = f"at address {device.address} on {device.bus}"
    return f"{device.kind} {name} {where}" if name else f"{device.kind} {where}"


def _state_words(device: DeviceView) -> str:
    said = (("mode", "mode", "device_mode"), ("state", "device_state", "device_state"))
    words = [
        f", {title} {database().enums[enum].get(value, str(value))}"
        for title, name, enum in said
        if isinstance(value := _value(device, name), int)
    ]
    return "".join(words)


def _value(device: DeviceView, name: str) -> object:
    known = device.values.get(name)
    return None if known is None else known.value
