"""The floor: what a hand-written decoder of the benchmark's messages costs in plain Python.

One precompiled `Struct` for each message, numbers in their unit, "not available" as None, fast packets put together
in one buffer for each identifier. No time-outs, no lengths checked, no counters: nothing that could be
left out has been put in. Figures "x floor" compare with this in the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

Values = tuple[Any, ...]

_status = Struct("<BhhHB").unpack
_dc = Struct("<BBBBBHHH").unpack
_voltage = Struct("<BBH").unpack_from
_beat = Struct("<HB").unpack_from
_head = Struct("<HH").unpack_from

VICTRON = 0x9966

_PAIRS = [tuple(None if (v := byte >> shift & 3) == 3 else v for shift in (0, 2, 4, 6)) for byte in range(256)]

_REGISTERS = {
    register: (Struct(f"<{letter}").unpack_from, scale, missing)
    for register, letter, scale, missing in (
        (0x0200, "B", 1, 0xFF), (0x0201, "B", 1, 0xFF), (0x0371, "B", 1, 0xFF), (0xEDDA, "B", 1, 0xFF),
        (0x0382, "H", 0.01, 0xFFFF), (0x0FFE, "H", 60, 0xFFFF), (0x0FFF, "H", 0.01, 0xFFFF),
        (0x2002, "H", 0.01, 0xFFFF), (0x201C, "i", 0.001, 0x7FFFFFFF), (0xEDBB, "H", 0.01, 0xFFFF),
        (0xEDBC, "I", 0.01, 0xFFFFFFFF), (0xEDBD, "H", 0.1, 0xFFFF), (0xEDD2, "I", 1, 0xFFFFFFFF),
        (0xEDD3, "I", 0.01, 0xFFFFFFFF), (0xEDD5, "H", 0.01, 0xFFFF), (0xEDD7, "H", 0.1, 0xFFFF),
        (0xEDDB, "h", 0.01, 0x7FFF), (0xEDEC, "H", 0.01, 0xFFFF), (0xEDF0, "H", 0.1, 0xFFFF),
        (0xEDF6, "H", 0.01, 0xFFFF), (0xEDF7, "H", 0.01, 0xFFFF),
    )
}  # fmt: skip


def battery_status(p: bytes) -> Values:
    instance, volt, ampere, kelvin, sid = _status(p)
    return (
        instance,
        None if volt == 0x7FFF else volt * 0.01,
        None if ampere == 0x7FFF else ampere * 0.1,
        None if kelvin == 0xFFFF else kelvin * 0.01,
        sid,
    )


def dc_status(p: bytes) -> Values:
    sid, instance, kind, charge, health, minutes, ripple, capacity = _dc(p)
    return (
        sid,
        instance,
        kind,
        None if charge == 0xFF else charge,
        None if health == 0xFF else health,
        None if minutes == 0xFFFF else minutes * 60,
        None if ripple == 0xFFFF else ripple * 0.001,
        None if capacity == 0xFFFF else capacity,
    )


def dc_voltage_current(p: bytes) -> Values:
    sid, connection, volt = _voltage(p)
    ampere = int.from_bytes(p[4:7], "little", signed=True)
    return sid, connection, None if volt == 0xFFFF else volt * 0.1, None if ampere == 0x7FFFFF else ampere * 0.01


def switch_bank(p: bytes) -> Values:
    row = _PAIRS
    return (p[0], *row[p[1]], *row[p[2]], *row[p[3]], *row[p[4]], *row[p[5]], *row[p[6]], *row[p[7]])


def heartbeat(p: bytes) -> Values:
    interval, sequence = _beat(p)
    states = p[3]
    return interval * 0.001, sequence, states & 3, states >> 2 & 3, states >> 4 & 3


def claim(p: bytes) -> Values:
    name = int.from_bytes(p, "little")
    return (
        name & 0x1FFFFF,
        name >> 21 & 0x7FF,
        name >> 32 & 7,
        name >> 35 & 31,
        name >> 40 & 0xFF,
        name >> 49 & 0x7F,
        name >> 56 & 15,
        name >> 60 & 7,
        name >> 63,
    )


def register(p: bytes) -> Values | None:
    maker, number = _head(p)
    if maker != VICTRON:
        return None
    known = _REGISTERS.get(number)
    if known is None:
        return number, p[4:]
    unpack, scale, missing = known
    (raw,) = unpack(p, 4)
    return number, None if raw == missing else raw * scale


Entry = tuple[int, Callable[[bytes], Values | None], bool]

_ENTRIES: dict[int, Entry] = {
    127508 << 8: (127508, battery_status, False),
    127506 << 8: (127506, dc_status, True),
    127751 << 8: (127751, dc_voltage_current, False),
    127501 << 8: (127501, switch_bank, False),
    126993 << 8: (126993, heartbeat, False),
}
_ENTRIES |= {(61184 | destination) << 8: (61184, register, False) for destination in range(256)}
_ENTRIES |= {(60928 | destination) << 8: (60928, claim, False) for destination in range(256)}

_buffers: dict[int, tuple[int, int, bytes]] = {}


def _assembled(can_id: int, p: bytes) -> bytes | None:
    head = p[0]
    if not head & 31:
        _buffers[can_id] = head + 1, p[1], p[2:]
        return None
    state = _buffers.get(can_id)
    if state is None or state[0] != head:
        _buffers.pop(can_id, None)
        return None
    _, length, body = state
    body += p[1:]
    if len(body) < length:
        _buffers[can_id] = head + 1, length, body
        return None
    del _buffers[can_id]
    return body[:length]


def decode(can_id: int, p: bytes, _entry: Callable[[int], Entry | None] = _ENTRIES.get) -> tuple[int, int, Any] | None:
    """PGN, source and values of the message that the frame completes, else None."""
    entry = _entry(can_id & 0x03FFFF00)
    if entry is None:
        return None
    pgn, function, fast = entry
    if fast:
        whole = _assembled(can_id, p)
        if whole is None:
            return None
        p = whole
    return pgn, can_id & 0xFF, function(p)
