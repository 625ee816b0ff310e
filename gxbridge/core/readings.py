"""The last message of each kind that a device has sent, by name and with its moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gxbridge.core.database import Layout
from gxbridge.core.decoder import Message
from gxbridge.core.field import Reading as Value

VREG = 61184
"""PGN of a register in one frame; registers that come by 126720 are filed under the same number."""

MOST_READINGS = 1000
"""Kept per device. The largest real device sends a few hundred; more is rubbish or a fault, and is counted."""

Key = tuple[int, int]
"""(61184, register), with an identifier or battery and cell above bit 16, or (PGN, instance)."""

_BEHIND = ("identifier", "battery", "cell")
"""Leading fields of a register that tell several things apart (device behind the node; battery and cell)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields of one message; a field that is not available is None."""

    fields: dict[str, Value]
    at: float
    until: float | None = None
    """When it goes stale by itself; None: it holds as long as the device speaks."""


LEAST_FRESH_S = 5.0
FRESH_INTERVALS = 3
"""A PGN's value holds for three of its intervals and at least five seconds."""

LINK_REGISTERS = frozenset({0x2001, 0x2007, 0x2008, 0x2009, 0x200A, 0x200C, 0x200E, 0x2013, 0x2015})
LINK_S = 60.0
"""Network operation data times out after 60 s (gui-v2@3b94597 ve_regs.h); 0x2015 is taken to do the same."""


def fresh_s(layout: Layout) -> float | None:
    """How long a message holds by itself; a register, network data apart, as long as its device speaks (None)."""
    if layout.register is None:
        return max(LEAST_FRESH_S, FRESH_INTERVALS * (layout.interval_ms or 0) / 1000)
    return LINK_S if layout.register in LINK_REGISTERS else None


def key_of(message: Message) -> tuple[Key, dict[str, Value]]:
    """Where a message is filed, and its fields by name."""
    layout, _, _, values, _ = message
    fields = {field.name: value for field, value in zip(layout.fields, values, strict=False)}
    if layout.register is not None:
        number = layout.register
        for name in _BEHIND:
            part = fields.get(name)
            if isinstance(part, int):
                number |= part << (24 if name == "cell" else 16)
        return (VREG, number), fields
    instance = next((value for name, value in fields.items() if name.endswith("instance")), 0)
    return (layout.pgn, instance if isinstance(instance, int) else 0), fields


class Readings:
    """What one device said last, bounded."""

    def __init__(self) -> None:
        self._readings: dict[Key, Reading] = {}
        self._instances: dict[int, list[int]] = {}
        self.dropped = 0
        """Messages not kept because the device already sends more kinds than `MOST_READINGS`."""

    def put(self, message: Message, now: float) -> Key | None:
        """File a message; its key, or None when there is no room."""
        key, fields = key_of(message)
        fresh = fresh_s(message[0])
        return key if self._file(key, Reading(fields, now, None if fresh is None else now + fresh)) else None

    def _file(self, key: Key, reading: Reading) -> bool:
        if key not in self._readings:
            if len(self._readings) >= MOST_READINGS:
                self.dropped += 1
                return False
            if key[0] != VREG:
                self._instances[key[0]] = sorted([*self._instances.get(key[0], ()), key[1]])
        self._readings[key] = reading
        return True

    def get(self, key: Key) -> Reading | None:
        return self._readings.get(key)

    def instances(self, pgn: int) -> list[int]:
        """Instances of a PGN this device sends, lowest first: the lowest is the device's main one."""
        return self._instances.get(pgn, [])

    def items(self) -> Iterator[tuple[Key, Reading]]:
        yield from self._readings.items()

    def __contains__(self, key: Key) -> bool:
        return key in self._readings

    def __len__(self) -> int:
        return len(self._readings)

    def forget(self, lasting: Callable[[Key], bool]) -> None:
        """Keep only what lasts (identity, settings, history)."""
        self._readings = {key: reading for key, reading in self._readings.items() if lasting(key)}
        self._instances = {
            pgn: kept
            for pgn, instances in self._instances.items()
            if (kept := [instance for instance in instances if (pgn, instance) in self._readings])
        }

    def absorb(self, other: Readings) -> None:
        """Take over the other's messages, which are newer."""
        for key, reading in other.items():
            self._file(key, reading)
