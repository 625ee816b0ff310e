"""The last message of each kind that a device has sent, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from gxbridge.core.nmea2000.database import SINGLE_PGN, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldValue

VREG = SINGLE_PGN
"""PGN of a register in one frame; registers that come by 126720 are filed under the same number."""

SHARED_BYTES = 1_000_000
"""For what all devices on all buses say that are neither BMSes nor chargers; each has an equal share."""
RESERVED_BYTES = 120_000
"""For one BMS or charger: twice what a Lynx needs for everything that is known of it."""
MOST_SHARE = 400_000

ReadingKey = tuple[int, int]
"""(61184, register), with an identifier or battery and cell above bit 16, or (PGN, instance)."""

MessageKind = tuple[int, int | None]
"""A kind of message as a source names it: (PGN, register or None)."""


def said(key: ReadingKey) -> MessageKind:
    """What a source calls the message filed under `key`."""
    return (VREG, key[1] & 0xFFFF) if key[0] == VREG else (key[0], None)


_APART: Mapping[str, int] = {"identifier": 16, "battery": 16, "cell": 24}
"""Bytes of a register that tell several things apart, and where they go in the key."""

SENDER_TYPES: Mapping[int, str] = {127505: "type", 130312: "source", 130316: "source"}
"""PGNs of senders that tell several things apart by instance and type: tanks, temperatures."""

LEAST_FRESH_S = 5.0
FRESH_INTERVALS = 3
"""A PGN's value holds for three of its intervals and at least five seconds."""

LINK_REGISTERS = frozenset({0x2001, 0x2007, 0x2008, 0x2009, 0x200A, 0x200C, 0x200E, 0x2013, 0x2015})
LINK_S = 60.0
"""Network operation data times out after 60 s, then a charger shows error #67 (gui-v2@3b94597 ve_regs.h; Victron,
VE.Can registers public, 0x2001, 0x200E); 0x2015 is taken to do the same."""

READING_BYTES, FIELD_BYTES, TEXT_BYTES = 420, 60, 900
"""What a reading, each of its values, and its texts at most take."""

Parts = tuple[tuple[int, int], ...]
"""Position of a value and how far it is shifted into the key's second number."""


class Reading:
    """The last message of a kind: heard `at`, stale by itself at `until` (None: only with its device)."""

    __slots__ = ("at", "layout", "until", "values")

    def __init__(self, layout: Layout, values: tuple[FieldValue, ...], at: float, until: float | None) -> None:
        self.layout = layout
        self.values = values
        self.at = at
        self.until = until

    @property
    def fields(self) -> dict[str, FieldValue]:
        """Its values by name; a field that is not available is None."""
        return dict(zip(names(self.layout), self.values, strict=True))

    def get(self, name: str) -> FieldValue:
        """One of its values; None where the field is not available or the message has no such field."""
        at = _positions(self.layout).get(name)
        return None if at is None else self.values[at]


@lru_cache(maxsize=4096)
def _positions(layout: Layout) -> Mapping[str, int]:
    return {name: position for position, name in enumerate(names(layout))}


@lru_cache(maxsize=4096)
def names(layout: Layout) -> tuple[str, ...]:
    """The names of a layout's fields."""
    return tuple(field.name for field in layout.fields)


def message_kind(layout: Layout) -> MessageKind:
    """What a source calls the messages of a layout."""
    return (layout.pgn, None) if layout.register is None else (VREG, layout.register)


@lru_cache(maxsize=4096)
def filing(layout: Layout) -> tuple[ReadingKey, MessageKind, Parts, float | None]:
    """How messages of a layout are filed: the key's base, their kind, which values go into the key, and how long they
    hold.

    A register, network data apart, holds as long as its device speaks (None).
    """
    kind = message_kind(layout)
    if layout.register is None:
        at = next((index for index, name in enumerate(names(layout)) if name.endswith("instance")), None)
        fresh_s = max(LEAST_FRESH_S, FRESH_INTERVALS * (layout.interval_ms or 0) / 1000)
        told_apart_by = SENDER_TYPES.get(layout.pgn)
        more = () if told_apart_by is None else ((names(layout).index(told_apart_by), 8),)
        return (layout.pgn, 0), kind, () if at is None else ((at, 0), *more), fresh_s
    parts = tuple(
        (index, _APART[field.name])
        for index, field in enumerate(layout.fields)
        if field.name in _APART and field.length == 8
    )
    return (VREG, layout.register), kind, parts, LINK_S if layout.register in LINK_REGISTERS else None


@lru_cache(maxsize=4096)
def _size(layout: Layout) -> int:
    """Bytes that a message of a layout takes here, roughly and rather too many."""
    texts = any(field.kind in ("string", "bytes", "lau") for field in layout.fields)
    return READING_BYTES + FIELD_BYTES * len(layout.fields) + TEXT_BYTES * texts


class Readings:
    """What one device said last, bounded by bytes: more is rubbish or a fault, and is counted."""

    def __init__(self) -> None:
        self._readings: dict[ReadingKey, Reading] = {}
        self._instances: dict[int, list[int]] = {}
        self._since: dict[int, float] = {}
        """When a PGN was heard first, of those with instances held."""
        self._limit = MOST_SHARE
        self.size = 0
        """Bytes held, roughly."""
        self.past: dict[MessageKind, float] = {}
        """When kinds that were forgotten were heard last, of those that somebody used."""
        self.dropped = 0
        """Messages not kept because there is no room for so many kinds."""
        self.version = 0
        """Another number when other kinds are held, or were heard in the past."""

    def put(self, message: Message, now: float) -> tuple[ReadingKey, MessageKind, bool] | None:
        """File a message; its key, its kind and whether it says anything new, or None when there is no room."""
        layout, _, _, values, _ = message
        key, kind, parts, fresh_s = filing(layout)
        if parts:
            number = key[1]
            for index, shift in parts:
                part = values[index]
                if isinstance(part, int):
                    number |= part << shift
            key = (key[0], number)
        until = None if fresh_s is None else now + fresh_s
        reading = self._readings.get(key)
        if reading is None:
            return (key, kind, True) if self._file(key, Reading(layout, values, now, until)) else None
        new = reading.values != values
        reading.layout, reading.values, reading.at, reading.until = layout, values, now, until
        return key, kind, new

    def _file(self, key: ReadingKey, reading: Reading) -> bool:
        if key not in self._readings:
            size = _size(reading.layout)
            if self.size + size > self._limit:
                self.dropped += 1
                return False
            self.size += size
            self.version += 1
            if key[0] != VREG:
                self._instances[key[0]] = sorted([*self._instances.get(key[0], ()), key[1]])
                self._since.setdefault(key[0], reading.at)
        self._readings[key] = reading
        return True

    def get(self, key: ReadingKey) -> Reading | None:
        return self._readings.get(key)

    def instances(self, pgn: int) -> list[int]:
        """Instances of a PGN this device sends, lowest first: the lowest is the device's main one."""
        return self._instances.get(pgn, [])

    def of(self, what: MessageKind) -> list[Reading]:
        """The messages of a kind: the register as it stands alone, or the PGN's instances, lowest first."""
        pgn, register = what
        if register is not None:
            reading = self._readings.get((pgn, register))
            return [] if reading is None else [reading]
        return [self._readings[pgn, instance] for instance in self._instances.get(pgn, ())]

    def nth(self, pgn: int, place: int) -> list[Reading]:
        """The message of one of a PGN's instances, counted from the lowest; none until it is known which that is: when
        no other can be below it, or none was heard for as long as a value of it would count."""
        parts = self.instances(pgn)
        if place >= len(parts):
            return []
        found = [self._readings[pgn, part] for part in parts]
        counts_s = max((one.until or one.at) - one.at for one in found)
        settled = parts[place] == place or max(one.at for one in found) - self._since[pgn] >= counts_s
        return [found[place]] if settled else []

    def stale(self, now: float) -> tuple[tuple[ReadingKey, float], ...]:
        """What is held and does not count any more, with when it was heard."""
        return tuple(
            [
                (key, reading.at)
                for key, reading in self._readings.items()
                if reading.until is not None and reading.until <= now
            ]
        )

    def items(self) -> Iterator[tuple[ReadingKey, Reading]]:
        yield from self._readings.items()

    def __contains__(self, key: ReadingKey) -> bool:
        return key in self._readings

    def __len__(self) -> int:
        return len(self._readings)

    def bound(self, limit: int, used: Callable[[ReadingKey], bool]) -> list[ReadingKey]:
        """Hold no more than so many bytes from now on; the kinds that had to go. What nobody uses goes first, and early
        enough that there is room for what is used."""
        self._limit = limit
        gone: list[ReadingKey] = []
        if self.size > limit * 3 // 4:
            for key in sorted(self._readings, key=lambda key: (used(key), self._readings[key].at)):
                if self.size <= (limit if used(key) else limit // 2):
                    break
                self.size -= _size(self._readings[key].layout)
                gone.append(key)
            removed = frozenset(gone)
            self.forget(lambda key: key not in removed, used)
        return gone

    def forget(self, lasting: Callable[[ReadingKey], bool], used: Callable[[ReadingKey], bool]) -> None:
        """Keep only what lasts (identity, settings, history), and of the rest when it was heard, where it is used."""
        self.version += 1
        for key, reading in self._readings.items():
            if not lasting(key) and used(key):
                self.past[said(key)] = max(reading.at, self.past.get(said(key), reading.at))
        self._readings = {key: reading for key, reading in self._readings.items() if lasting(key)}
        self.size = sum(_size(reading.layout) for reading in self._readings.values())
        self._instances = {
            pgn: kept
            for pgn, instances in self._instances.items()
            if (kept := [instance for instance in instances if (pgn, instance) in self._readings])
        }
        self._since = {pgn: at for pgn, at in self._since.items() if pgn in self._instances}

    def only(self, keys: Iterable[ReadingKey]) -> Readings:
        """Some of the messages by themselves: they stay up to date until other kinds are held (`version`)."""
        part = Readings()
        for key in keys:
            reading = self._readings.get(key)
            if reading is not None:
                part._file(key, reading)
        return part

    def absorb(self, other: Readings) -> None:
        """Take over the other's messages, which are newer."""
        for key, reading in other.items():
            self._file(key, reading)
        self._since |= {pgn: min(at, other._since.get(pgn, at)) for pgn, at in self._since.items()}
