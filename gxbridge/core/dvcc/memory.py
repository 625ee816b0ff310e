"""What one decision leaves for the next: low passes, last written limits, timers. A value, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gxbridge.core.dvcc.flags import Flags
from gxbridge.core.dvcc.quirks import PYLONTECH_START_V


class Timer(NamedTuple):
    """A clock of whole seconds: when the next one is due (monotonic s) and how many there were."""

    due_at: float
    count: int = 0


class Stored(NamedTuple):
    """A setting that a BMS may force: what com.victronenergy.settings said last, and what holds."""

    raw: int
    value: int


@dataclass(frozen=True, slots=True)
class Memory:
    """`Memory()` is the memory of somebody who has just begun. Everything is in A, V and monotonic seconds."""

    control: Timer | None = None
    """The seconds of the control loop, from the first charger or battery on."""
    sense: Timer | None = None
    """The seconds of shared sense, from the first look on."""
    smoothed: Mapping[str, float] = field(default_factory=dict)
    """Service -> smoothed current of a solar charger or inverter/charger."""
    vebus_a: float = 0.0
    dc_loads_a: float = 0.0
    regulator_v: float = PYLONTECH_START_V
    flags: Flags = Flags()
    bms: tuple[str, float | None] | None = None
    """Name and product id of the BMS in control at the last look; None before the first."""
    dvcc: Stored | None = None
    svs: Stored | None = None
    sts: Stored | None = None
    pv_disabled_reads: int = 0
    unlimited: bool = False
    """The Multi was already told that there is no limit."""
    sense_receivers: frozenset[str] = frozenset()
    """Who was there at an earlier round of shared sense."""
    sensors: tuple[str, str] = ("", "")
    """The temperature sensor two seconds and one second ago: a new one is used from the second second on."""
