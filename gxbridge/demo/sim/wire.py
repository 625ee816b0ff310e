"""VE.Can frames as a device makes them, by plain struct: address claim, product information, VREGs, fast packets.

Written from the public layouts (NMEA 2000 framing; Victron, "VE.Can registers - public", v20), not from gxbridge's
decoder, so that the two can disagree.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

SimFrame: TypeAlias = tuple[int, bytes]
"""29-bit identifier and at most 8 data bytes."""

EVERYBODY = 0xFF

ISO_REQUEST = 0xEA00
ISO_ACK = 0xE800
ADDRESS_CLAIM = 0xEE00
PRODUCT_INFO = 126996
DC_DETAILED = 127506
BATTERY_STATUS = 127508
VREG_SINGLE = 0xEF00
VREG_FAST = 0x1EF00

VREG_REQUEST = 0x0001
VREG_ACK = 0x0002
UNKNOWN_REGISTER = 0x8000

HEADER = b"\x66\x99"
"""Manufacturer 358 (Victron Energy), industry group 4 (marine)."""


def identifier(priority: int, pgn: int, source: int, destination: int = EVERYBODY) -> int:
    """The 29-bit identifier; a PDU1 group (PF below 240) carries its destination."""
    if pgn & 0xFF00 < 0xF000:
        pgn |= destination
    return priority << 26 | pgn << 8 | source


def split(can_id: int) -> tuple[int, int, int]:
    """(PGN, source, destination) of an identifier."""
    pgn, source = can_id >> 8 & 0x3FFFF, can_id & 0xFF
    if pgn & 0xFF00 < 0xF000:
        return pgn & 0x3FF00, source, pgn & 0xFF
    return pgn, source, EVERYBODY


def name(unique_number: int, function: int, device_class: int) -> int:
    """A 64-bit NAME: manufacturer 358, industry group 4, arbitrary address capable, all instances 0."""
    return unique_number & 0x1FFFFF | 358 << 21 | function << 40 | device_class << 49 | 4 << 60 | 1 << 63


def claim(source: int, own_name: int) -> SimFrame:
    """The address claim of a NAME."""
    return identifier(6, ADDRESS_CLAIM, source), struct.pack("<Q", own_name)


def fast_packet(can_id: int, sequence: int, payload: bytes) -> Iterator[SimFrame]:
    """A payload of up to 223 bytes in numbered frames, the last one filled with 0xFF."""
    first, rest = payload[:6], payload[6:]
    yield can_id, bytes((sequence << 5, len(payload))) + first.ljust(6, b"\xff")
    for counter, start in enumerate(range(0, len(rest), 7), 1):
        yield can_id, bytes((sequence << 5 | counter,)) + rest[start : start + 7].ljust(7, b"\xff")


def product_info(source: int, sequence: int, code: int, texts: tuple[str, str, str, str]) -> Iterator[SimFrame]:
    """126996: model, software version, model version and serial as 32-byte texts."""
    padded = b"".join(text.encode().ljust(32, b"\xff")[:32] for text in texts)
    payload = struct.pack("<HH", 2100, code) + padded + bytes((1, 1))
    return fast_packet(identifier(6, PRODUCT_INFO, source), sequence, payload)


def vreg(source: int, sequence: int, register: int, value: bytes) -> Iterator[SimFrame]:
    """A register's value, said to everybody: one frame if it fits in four bytes, else a fast packet."""
    head = HEADER + struct.pack("<H", register)
    if len(value) <= 4:
        yield identifier(7, VREG_SINGLE, source), head + value.ljust(4, b"\0")
    else:
        yield from fast_packet(identifier(7, VREG_FAST, source), sequence, head + value)


def unknown_register(source: int, destination: int, register: int) -> SimFrame:
    """The refusal that every device owes to an addressed request for a register it does not have."""
    data = HEADER + struct.pack("<HHH", VREG_ACK, register, UNKNOWN_REGISTER)
    return identifier(7, VREG_SINGLE, source, destination), data


def no_such_group(source: int, destination: int, pgn: int) -> SimFrame:
    """ISO acknowledgement with control 1: this node does not send that parameter group."""
    data = b"\x01\xff\xff\xff\xff" + pgn.to_bytes(3, "little")
    return identifier(6, ISO_ACK, source, destination), data


def battery_status(source: int, sid: int, voltage_v: float, current_a: float, temperature_c: float) -> SimFrame:
    """127508, instance 0: 0.01 V, 0.1 A, 0.01 K."""
    kelvin = round((temperature_c + 273.15) * 100)
    data = struct.pack("<BhhHB", 0, round(voltage_v * 100), round(current_a * 10), kelvin, sid)
    return identifier(6, BATTERY_STATUS, source), data


def dc_detailed(source: int, sequence: int, sid: int, soc_percent: float, time_to_go_min: int) -> Iterator[SimFrame]:
    """127506 in its nine-byte form: instance 0, a battery; health and ripple are not available."""
    payload = struct.pack("<BBBBBHH", sid, 0, 0, round(soc_percent), 0xFF, time_to_go_min, 0xFFFF)
    return fast_packet(identifier(6, DC_DETAILED, source), sequence, payload)
