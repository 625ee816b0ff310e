"""The battery for chart plotters: NMEA 2000 groups 127506, 127508 and 127513 of the battery in control.

Never beside another source: it begins after it has listened, and stops with the first frame of the same groups that
anybody else sends with the same instance, or that the battery itself sends with any. Layouts and intervals:
canboat@01d0dc3.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.encode import Frame, pgn_frames
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import NULL_ADDRESS

BATTERY_STATUS: Final = 127508
DC_DETAILED: Final = 127506
CONFIGURATION: Final = 127513
GROUPS: Final = (BATTERY_STATUS, DC_DETAILED, CONFIGURATION)

INTERVAL_S: Final = 1.5
LISTEN_S: Final = 10.0
"""Six intervals: who sends the same is heard before we begin."""
ASKED_S: Final = 0.5
"""Between two times that it is said, however often somebody asks."""
RIVAL_S: Final = 60.0
"""So long after its last frame another source counts as there."""
SHOWN_S: Final = 5.0
"""A battery that nobody showed us for so long is not sent: what shows it stands still."""

NOMINAL_CODES: Final = {6: 0, 12: 1, 24: 2, 32: 3, 36: 4, 42: 5, 48: 6}
BATTERY: Final = 0
"""DC type of 127506."""
SIDS: Final = 253
ZERO_C_IN_K: Final = 273.15


@record
class PlottedBattery:
    """What a plotter is shown; None: not known. Currents are positive into the battery."""

    voltage_v: float | None
    current_a: float | None
    temperature_c: float | None
    soc_percent: float | None
    time_to_go_s: float | None
    capacity_ah: float | None
    nominal_v: float | None


class Rival(NamedTuple):
    """Another source of the same, and when it was heard last (monotonic s)."""

    address: int
    at: float

    def address_at(self, now: float) -> int | None:
        """Its address, while it counts as there."""
        return None if now - self.at >= RIVAL_S else self.address


NO_RIVAL: Final = Rival(NULL_ADDRESS, float("-inf"))


class PlotterOutput:
    """Says the battery on one bus as instance `instance`."""

    def __init__(self, instance: int, now: float) -> None:
        self.instance = instance
        self._begin_at = now + LISTEN_S
        self.next_at = self._begin_at
        """When `due` wants to be asked (monotonic s)."""
        self._rival = NO_RIVAL
        self._battery: PlottedBattery | None = None
        self._shown_at = float("-inf")
        self._own: Set[int] = frozenset()
        self._configuration_wanted = False
        self._said_at = float("-inf")
        self._sid = self._sequence = 0

    def show(self, battery: PlottedBattery | None, own: Set[int], now: float) -> None:
        """The battery in control as it is now. `own`: the addresses on this bus from which it speaks itself."""
        self._battery, self._own, self._shown_at = battery, own, now

    def hear(self, message: Message, now: float) -> None:
        """Take a message of somebody else."""
        layout, source, _, values, _ = message
        if layout.pgn not in GROUPS:
            return
        instance = next(value for field, value in zip(layout.fields, values, strict=False) if field.name == "instance")
        if instance == self.instance or source in self._own:
            self._rival = Rival(source, now)

    def rival(self, now: float) -> int | None:
        """The address of another source that keeps us from sending."""
        return self._rival.address_at(now)

    def asked(self, pgn: int, now: float) -> bool:
        """Somebody asked for a PGN; whether we send it."""
        if pgn not in GROUPS or self._sendable(now) is None:
            return False
        if pgn == CONFIGURATION:
            self._configuration_wanted = True
        self.next_at = min(self.next_at, max(now, self._said_at + ASKED_S))
        return True

    def due(self, address: int, now: float) -> list[Frame]:
        """What is to be sent now."""
        if now < self.next_at:
            return []
        self.next_at = now + INTERVAL_S
        battery = self._sendable(now)
        if battery is None:
            return []
        self._said_at = now
        self._sid = (self._sid + 1) % SIDS
        said = {BATTERY_STATUS: self._status(battery), DC_DETAILED: self._detailed(battery)}
        if self._configuration_wanted:
            self._configuration_wanted = False
            said[CONFIGURATION] = self._configuration(battery)
        return [frame for pgn, values in said.items() for frame in self._message(pgn, address, values)]

    def _sendable(self, now: float) -> PlottedBattery | None:
        """The battery, while it may be sent."""
        stale = now - self._shown_at >= SHOWN_S
        return None if stale or now < self._begin_at or self.rival(now) is not None else self._battery

    def _status(self, battery: PlottedBattery) -> dict[str, FieldValue]:
        celsius = battery.temperature_c
        return {
            "instance": self.instance,
            "voltage": _within(battery.voltage_v, 0.0, 327.0),
            "current": _within(battery.current_a, -3276.0, 3276.0),
            "temperature": None if celsius is None else _within(celsius + ZERO_C_IN_K, 1.0, 655.0),
            "sid": self._sid,
        }

    def _detailed(self, battery: PlottedBattery) -> dict[str, FieldValue]:
        seconds = battery.time_to_go_s
        return {
            "sid": self._sid,
            "instance": self.instance,
            "dc_type": BATTERY,
            "state_of_charge": _within(battery.soc_percent, 0.0, 100.0),
            "time_remaining": None if seconds is None else _within(seconds / 60, 0.0, 65_000.0),
        }

    def _configuration(self, battery: PlottedBattery) -> dict[str, FieldValue]:
        code = None if battery.nominal_v is None else NOMINAL_CODES.get(round(battery.nominal_v))
        return {
            "instance": self.instance,
            "nominal_voltage": code,
            "capacity": _within(battery.capacity_ah, 0.0, 65_000.0),
        }

    def _message(self, pgn: int, source: int, values: dict[str, FieldValue]) -> tuple[Frame, ...]:
        self._sequence += 1
        return pgn_frames(pgn, values, source, sequence=self._sequence)


def _within(value: float | None, low: float, high: float) -> float | None:
    """What the message can carry; else it is not known."""
    return value if value is not None and low <= value <= high else None
