"""What a capture holds that can be compared: how each register and each D-Bus value changed, in bounded memory."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import Final

from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.nmea2000.database import ADDRESS_CLAIM_PGN, FAST_PGN, SINGLE_PGN, VREG_HEADER
from gxbridge.core.nmea2000.fast_packet import KEY, FastPackets
from gxbridge.core.nmea2000.frame import BROADCAST, WHOLE, pgn_of
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import ACK_REGISTER, HEADER, PRODUCT_REGISTER, REQUEST_REGISTER

MOST_SERIES: Final = 16_384
"""Registers of all devices, and D-Bus paths: ten times what the largest boats have. More is a hostile log."""
MOST_POINTS: Final = 1_000_000
"""Changes kept in all, about 60 MB: ten minutes of 600 frames/s have 360,000."""
MOST_CHANGES: Final = 4096
"""Changes kept of one register or path; what comes later is left out, and proves no less."""
COMPARED_BYTES: Final = 32
"""Of a long register only so much is compared."""

BROADCAST_SINGLE: Final = SINGLE_PGN | BROADCAST
BROADCAST_FAST: Final = FAST_PGN | BROADCAST
PGN_BITS: Final = 0x3FFFF

PREFIX: Final = "com.victronenergy."
DERIVED_CLASSES: Final = frozenset({"system", "vecan", "settings"})
"""Services that show what others say, or what is set: never where a register comes out first."""
OWN_MARK: Final = "gxbridge"
"""In the name of every service of ours: what we decode ourselves proves nothing."""
UNIQUE: Final = re.compile(r"[._]uc(\d{1,10})(?=$|[._])")
"""The unique number of the device's NAME in the name of its service (vendor's services on VE.Can)."""
UNIQUE_PATH: Final = "/N2kUniqueNumber"


class LearnError(ValueError):
    """The recording cannot be used; the text says why."""


class RegisterKey(NamedTuple):
    """One register of one device, as long as its value has this many bytes."""

    bus: str
    source: int
    register: int
    size: int


class PathKey(NamedTuple):
    """One D-Bus value."""

    service: str
    path: str


class RegisterSeries:
    """The values of a register, one for each change: seconds and the little-endian number of its bytes."""

    __slots__ = ("end", "first", "frames", "full", "last", "raws", "times")

    def __init__(self, value: bytes) -> None:
        self.times = array("d")
        self.raws: list[int] = []
        self.first = value
        self.last = b""
        self.end = 0.0
        self.frames = 0
        self.full = False


class PathSeries:
    """The values of a path, one for each change; None where it was invalid."""

    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times = array("d")
        self.values: list[float | None] = []

    def at(self, t: float) -> float | None:
        """What it showed at a moment; None before the first value too."""
        place = bisect_right(self.times, t)
        return self.values[place - 1] if place else None


class LearnRecording:
    """Grows by `hear` and `show`, in any order of the two; each in the order of its times."""

    def __init__(self) -> None:
        self.registers: dict[RegisterKey, RegisterSeries] = {}
        self.paths: dict[PathKey, PathSeries] = {}
        self.products: dict[tuple[str, int], int] = {}
        self.frames = 0
        self.left_out = 0
        """Changes that were not kept."""
        self._claims: dict[tuple[str, int], int | None] = {}
        self._fast: dict[str, FastPackets] = {}
        self._services: dict[str, list[PathSeries]] = {}
        self._points = 0

    # --- CAN ----------------------------------------------------------------------------------------------------------

    def hear(self, t: float, bus: str, can_id: int, data: bytes) -> None:
        """One frame, or whole message. Raises LearnError when there are more registers than a boat can have."""
        self.frames += 1
        wanted = can_id >> 8 & PGN_BITS
        if wanted == BROADCAST_SINGLE:
            if data[:2] == HEADER and not (can_id & ~WHOLE) >> 29:
                self._register(t, bus, can_id & 0xFF, data)
        elif wanted == BROADCAST_FAST:
            if (can_id & ~WHOLE) >> 29:
                return
            whole: bytes | None = data
            if not can_id & WHOLE:
                fast = self._fast.setdefault(bus, FastPackets())
                whole = fast.take(can_id & KEY, data, t)
            if whole is not None and whole[:2] == HEADER:
                self._register(t, bus, can_id & 0xFF, whole)
        elif pgn_of(can_id) == ADDRESS_CLAIM_PGN and not (can_id & ~WHOLE) >> 29:
            self._claim(bus, can_id & 0xFF, data)

    def _register(self, t: float, bus: str, source: int, payload: bytes) -> None:
        value = payload[VREG_HEADER:]
        if not value or len(payload) < VREG_HEADER:
            return
        register = payload[2] | payload[3] << 8
        key = RegisterKey(bus, source, register, len(value))
        series = self.registers.get(key)
        if series is None:
            if register in (0, REQUEST_REGISTER, ACK_REGISTER):
                return
            if len(self.registers) >= MOST_SERIES:
                raise LearnError(f"more than {MOST_SERIES} different registers, which no boat has")
            series = self.registers[key] = RegisterSeries(value)
        series.frames += 1
        series.end = max(series.end, t)
        if value == series.last:
            return
        series.last = value
        if register == PRODUCT_REGISTER and len(value) >= 3 and value[0] == 0:
            self.products[bus, source] = value[1] | value[2] << 8
        if series.full or not self._room(len(series.raws)):
            series.full = True
            self.left_out += 1
            return
        series.times.append(max(t, series.times[-1]) if series.times else t)
        series.raws.append(int.from_bytes(value[:COMPARED_BYTES], "little"))

    def _room(self, kept: int) -> bool:
        if kept >= MOST_CHANGES or self._points >= MOST_POINTS:
            return False
        self._points += 1
        return True

    def _claim(self, bus: str, source: int, data: bytes) -> None:
        name = Name.from_payload(data)
        if name is None:
            return
        known = self._claims.setdefault((bus, source), name.unique_number)
        if known != name.unique_number:
            self._claims[bus, source] = None  # two devices one after the other: whose a register is cannot be told

    # --- D-Bus --------------------------------------------------------------------------------------------------------

    def show(self, t: float, service: str, path: str, value: Value) -> None:
        """A value of a D-Bus service. Raises LearnError when there are more paths than a boat can have."""
        if not self._is_compared(service):
            return
        number = None if not isinstance(value, int | float) or value != value else float(value)
        key = PathKey(service, path)
        series = self.paths.get(key)
        if series is None:
            if len(self.paths) >= MOST_SERIES:
                raise LearnError(f"more than {MOST_SERIES} different D-Bus paths, which no boat has")
            series = self.paths[key] = PathSeries()
            self._services.setdefault(service, []).append(series)
        self._append(series, t, number)

    def _is_compared(self, service: str) -> bool:
        if service in self._services:
            return True
        kind, _, rest = service.removeprefix(PREFIX).partition(".")
        return service.startswith(PREFIX) and kind not in DERIVED_CLASSES and OWN_MARK not in rest

    def gone(self, t: float, service: str) -> None:
        """A service has left the bus: nothing of it is valid any more."""
        for series in self._services.get(service, ()):
            self._append(series, t, None)

    def _append(self, series: PathSeries, t: float, number: float | None) -> None:
        if series.values and series.values[-1] == number:
            return
        if not self._room(len(series.values)):
            self.left_out += 1
            return
        series.times.append(max(t, series.times[-1]) if series.times else t)
        series.values.append(number)

    # --- who is who ---------------------------------------------------------------------------------------------------

    def vendor_services(self) -> set[str]:
        """The services in which a register could come out: neither ours nor made of others."""
        return set(self._services)

    def services_of(self, bus: str, source: int) -> set[str]:
        """The services of the device at an address, by the unique number of its NAME; empty where that is not known."""
        unique = self._claims.get((bus, source))
        if unique is None:
            return set()
        return {service for service in self.vendor_services() if self._unique_number(service) == unique}

    def _unique_number(self, service: str) -> int | None:
        found = UNIQUE.search(service)
        if found is not None:
            return int(found[1])
        series = self.paths.get(PathKey(service, UNIQUE_PATH))
        shown = None if series is None else next((value for value in series.values if value is not None), None)
        return None if shown is None else int(shown)
