"""Whether the CAN wiring of a device is sound, by what it counts itself: registers 0x0130 to 0x0135, told on request.

They are totals since the device was started (Victron, VE.Can registers public, v20; the last two by ve_regs.h), so
only their rise while we listen says something, and a smaller number that the device was started again.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal

from gxbridge.core.model.battery import State
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.wording import counted, listed
from gxbridge.core.nmea2000.name import VICTRON
from gxbridge.core.vecan.readings import VREG, MessageKind

WiringWord = Literal["good", "bad", "busy", "conflict", "unknown"]

COUNTERS: Final = 0x0130
COUNTERS_MASK: Final = 0xFFF8
"""One request with this mask asks for 0x0130 to 0x0137."""
COUNTED: Final[frozenset[MessageKind]] = frozenset((VREG, register) for register in range(COUNTERS, COUNTERS + 6))

ERROR_PASSIVE, BUS_OFF, SEND_ERRORS = 0x0132, 0x0133, 0x0135
ON_THE_WIRE: Final = frozenset({ERROR_PASSIVE, BUS_OFF, SEND_ERRORS})
"""What a controller counts only where frames are destroyed on the wire (fault confinement of ISO 11898-1)."""
NO_ROOM: Final = frozenset({0x0130, 0x0131, 0x0134})
"""Frames that came whole, and for which the device had no room."""

RECENT_S: Final = 3600.0
"""A rise counts for so long: a plug that is loose shows it only when the boat moves."""
LOOKED_S: Final = 600.0
"""Counters that did not rise for so long say that all is well."""


class WiringVerdict(NamedTuple):
    """What is said of a device's wiring, and why: `good`; `bad`, errors on the wire; `busy`, it loses frames that reach
    it; `conflict`, another device speaks from its address; `unknown`."""

    word: WiringWord
    text: str


class ErrorCounters:
    """The counters of one device, and by how much each rose while we listened."""

    __slots__ = ("counts", "first", "risen_at", "rises")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.rises: dict[int, int] = {}
        self.risen_at: dict[int, float] = {}
        self.first = float("inf")
        """When a counter was heard first (monotonic s)."""

    def tell(self, register: int, count: int, now: float) -> None:
        """It says another number than before."""
        before = self.counts.get(register)
        self.counts[register] = count
        self.first = min(self.first, now)
        rise = 0 if before is None else count - before if count >= before else count
        if rise:
            self.rises[register] = self.rises.get(register, 0) + rise
            self.risen_at[register] = now

    def start_anew(self) -> None:
        """Another device may speak in its place: what comes next is compared with nothing of before."""
        self.counts.clear()

    def lately(self, registers: Container[int], now: float) -> dict[int, int]:
        """Those that rose within the last hour, and by how much since they were first heard."""
        return {
            register: self.rises[register]
            for register, at in self.risen_at.items()
            if register in registers and now - at < RECENT_S
        }


def wiring_verdict(
    counters: ErrorCounters,
    told_at: float | None,
    state: State,
    silences: int,
    manufacturer: int | None,
    *,
    contested: bool,
    now: float,
) -> WiringVerdict:
    """What can be said of a device's wiring, and nothing else. `told_at`: when it told its counters last, changed or
    not (None: not since it was silent); `silences`: how often it fell silent; `manufacturer`: of its NAME; `contested`:
    two devices speak from its address."""
    if contested:
        return WiringVerdict("conflict", "another device speaks from its address")
    word, text = _counted(counters, told_at, state, manufacturer, now)
    times = f"; it fell silent {counted(silences, 'time')}" if silences else ""
    return WiringVerdict(word, text + times)


def _counted(
    counters: ErrorCounters, told_at: float | None, state: State, manufacturer: int | None, now: float
) -> tuple[WiringWord, str]:
    since = "since its counters were first heard"
    if errors := counters.lately(ON_THE_WIRE, now):
        said = [
            words
            for register, words in (
                (BUS_OFF, f"{counted(errors.get(BUS_OFF, 0), 'time')} off the bus (bus-off)"),
                (ERROR_PASSIVE, f"{counted(errors.get(ERROR_PASSIVE, 0), 'time')} error passive"),
                (SEND_ERRORS, f"{counted(errors.get(SEND_ERRORS, 0), 'error')} while sending"),
            )
            if register in errors
        ]
        return "bad", f"{listed(said)} {since}"
    if lost := counters.lately(NO_ROOM, now):
        return "busy", f"{counted(sum(lost.values()), 'frame')} lost {since}, because it had no room for them"
    if state != "live":
        return "unknown", f"it is {state}"
    if told_at is None:
        if manufacturer == VICTRON:
            return "unknown", "it has not told its CAN error counters, which it does only when asked"
        return "unknown", "its CAN error counters are not known: only Victron devices are asked for them"
    if told_at - counters.first < LOOKED_S:
        return "unknown", "its CAN error counters have not been watched for long enough"
    return "good", "no CAN error within the last hour" if counters.risen_at else f"no CAN error {since}"
