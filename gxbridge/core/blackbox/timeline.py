"""What a box holds, as facts with a time: who spoke, who was written to, what changed. Needs no replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from gxbridge.core.blackbox.box import Box, BoxError, BoxState, Event, Received, Torn
from gxbridge.core.blackbox.recorder import LINK_LOST
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.run.decision import GONE
from gxbridge.core.model.record import record
from gxbridge.core.model.wording import counted, duration_text
from gxbridge.core.nmea2000.frame import TimedFrame

LINK_REGISTERS: Final = frozenset({0x2001, 0x200E, 0x2015})
"""What keeps a charger's link alive on CAN: charge voltage, "a BMS is there", charge current (VE.Can registers)."""
SINGLE_PGN_BITS: Final = 0xEF0000
VICTRON_HEADER: Final = b"\x66\x99"
PAUSE_S: Final = 5.0
"""Looks come every second; a longer pause means that the program or the whole machine was held up."""
GOOD_STATES: Final = ("open", "ended", "closed", "")
WRITES_AGAIN_S: Final = 10.0
"""A service that was not written to for this long is mentioned when it is written to again."""


@record
class Moment:
    """One line of the timeline; `at` in monotonic seconds."""

    at: float
    text: str


@record
class BatteryState:
    """A battery's state changed: live, silent, or gone."""

    at: float
    key: str
    bus: str
    address: int | None
    state: str
    last_heard: float


@record
class CanState:
    """Statistics of a bus in a cycle."""

    at: float
    bus: str
    state: str
    reason: str
    lost: int
    errors: int


@dataclass(slots=True)
class Timeline:
    """Everything a verdict looks at. Moments in order, monotonic seconds."""

    begins: float = 0.0
    ends: float = 0.0
    timeline: list[Moment] = field(default_factory=list)
    frames: int = 0
    frame_times: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    """(bus, address) -> one moment for each second in which it spoke."""
    batteries: list[BatteryState] = field(default_factory=list)
    can: list[CanState] = field(default_factory=list)
    written: dict[str, list[float]] = field(default_factory=dict)
    """Service -> when its link was written by us."""
    links_on_can: list[float] = field(default_factory=list)
    """When somebody kept a charger's link alive on CAN, at most once a second."""
    errors_67: list[tuple[float, str]] = field(default_factory=list)
    lost: list[tuple[float, str, str]] = field(default_factory=list)
    """When the BMS in control became silent or lost: moment, service, state."""
    old_on_dbus: dict[str, str] = field(default_factory=dict)
    """Service -> what was said of it when it still showed what a silent battery had said last."""
    effective: list[tuple[float, str, str]] = field(default_factory=list)
    """What was in effect since when, and why."""
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """From when to when nobody looked."""


def facts_of(box: Box) -> Timeline:
    """The facts of a box. Raises BoxError when its events make no sense."""
    try:
        return _BoxReader().read(box)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise BoxError(f"the events contradict each other: {type(error).__name__}: {error}") from error


class _BoxReader:
    def __init__(self) -> None:
        self.facts = Timeline()
        self.now: float | None = None
        self.state: tuple[Any, ...] = ("", "", "", "")
        self.can: dict[str, CanState] = {}
        self.can_waiting: dict[str, Any] = {}
        self.written: dict[tuple[str, str], Any] = {}
        self.limits: dict[tuple[str, str], Any] = {}
        self.states: dict[str, tuple[str, int | None]] = {}

    def read(self, box: Box) -> Timeline:
        for entry in box.entries:
            if isinstance(entry, BoxState):
                self._at(entry.at)
            elif isinstance(entry, Received):
                for frame in entry.frames:
                    self._frame(entry.bus, frame)
            elif isinstance(entry, Torn):
                self._say(f"a part of the record is missing: {entry.reason}")
            else:
                self._event(entry)
        self.facts.timeline.sort(key=lambda moment: moment.at)
        return self.facts

    def _at(self, at: float) -> None:
        if self.now is None:
            self.facts.begins = at
        elif at - self.now > PAUSE_S:
            self.facts.pauses.append((self.now, at))
            self._say(
                f"nothing was processed for {duration_text(at - self.now)}: the program or the machine was held up", at
            )
        self.now = self.facts.ends = at

    def _say(self, text: str, at: float | None = None) -> None:
        moment = at if at is not None else self.now if self.now is not None else self.facts.begins
        self.facts.timeline.append(Moment(moment, text))

    def _frame(self, bus: str, frame: TimedFrame) -> None:
        at, can_id, data = frame
        self.facts.frames += 1
        times = self.facts.frame_times.setdefault((bus, can_id & 0xFF), [])
        if not times or at - times[-1] >= 1.0:
            times.append(at)
        link = can_id & 0xFF0000 == SINGLE_PGN_BITS and not can_id & 0x1000000 and data[:2] == VICTRON_HEADER
        if link and len(data) == 8 and int.from_bytes(data[2:4], "little") in LINK_REGISTERS:
            links = self.facts.links_on_can
            if not links or at - links[-1] >= 1.0:
                links.append(at)

    def _event(self, event: Event) -> None:
        values = event.values
        if event.mark in ("+", "~"):
            service, items, at = values
            if event.mark == "+":
                self._say(f"{service} appears", at)
            if items.get(p.ERROR_CODE) == LINK_LOST:
                self.facts.errors_67.append((at, service))
                self._say(f"{service} shows error #67: it lost its BMS", at)
        elif event.mark == "?":
            self._say(f"the name {values[0]} has an owner", values[1])
        elif event.mark == "-":
            self._say(f"{values[0]} leaves", values[1])
        elif event.mark == "c":
            self.can_waiting = values[0]
        elif event.mark in ("t", "r"):
            self._at(values[0])
            self._can(values[0])
        elif event.mark == "=":
            self._outcome(values[1])

    def _can(self, at: float) -> None:
        for bus, view in self.can_waiting.items():
            state = CanState(
                at,
                bus,
                str(view.get("state", "")),
                str(view.get("reason", "")),
                int(view.get("lost") or 0),
                int(view.get("errors") or 0),
            )
            before = self.can.get(bus)
            self.can[bus] = state
            self.facts.can.append(state)
            if before is None or before.state != state.state:
                self._say(f"CAN bus {bus} is {state.state}{f': {state.reason}' if state.reason else ''}")
            if before is not None and state.errors > before.errors:
                self._say(f"CAN bus {bus}: {counted(state.errors - before.errors, 'error')}")
            if before is not None and state.lost > before.lost:
                self._say(f"CAN bus {bus}: {counted(state.lost - before.lost, 'frame')} lost in the kernel")
        self.can_waiting = {}

    def _outcome(self, said: dict[str, Any]) -> None:
        now = self.now or 0.0
        for key, service, bus, address, state, last_heard in said.get("b", ()):
            self.facts.batteries.append(BatteryState(now, key, bus, address, state, last_heard))
            if self.states.get(key) == (state, address):
                continue  # said again at the beginning of a stretch
            self.states[key] = (state, address)
            self._say(
                f"battery {key} is {state}" + (f", last heard {duration_text(now - last_heard)} ago" if service else "")
            )
        if "s" in said:
            self._state(said["s"], now)
        for name, subject, value, sentence in said.get("l", ()):
            what = f"{name} of {subject}" if subject else name
            if self.limits.get((name, subject), self) != value:
                told = f"{sentence} ({subject})" if subject and sentence else sentence
                self._say(told or f"{what}: this limit no longer exists.")
            self.limits[name, subject] = value
        for mark, word in (("f", "begins"), ("e", "is over")):
            for id, severity, subject, text in said.get(mark, ()):
                self._say(f"{severity} {id} {word}: {text}")
                if id == "silent-on-can":
                    self.facts.old_on_dbus[subject] = text
        for at, service, path, value, word in said.get("k", ()):
            text = f"tells {service}{path} {value:g} on CAN" if word == "told" else f"{service} shows {path} {value:g}"
            self._say(text, at)
        for service, path, value in said.get("w", ()):
            self._write(service, path, value, now)

    def _state(self, state: list[Any], now: float) -> None:
        bms_state, service, effective, reason = state
        if (bms_state, service) != tuple(self.state[:2]):
            self._say(f"BMS in control: {service or 'none'}, {bms_state}")
            if bms_state in GONE:
                self.facts.lost.append((now, service, bms_state))
        if (effective, reason) != tuple(self.state[2:]):
            self._say(f"DVCC is {effective}: {reason}")
            self.facts.effective.append((now, effective, reason))
        self.state = tuple(state)

    def _write(self, service: str, path: str, value: Any, now: float) -> None:
        if path.startswith(p.LINK):
            times = self.facts.written.setdefault(service, [])
            if times and now - times[-1] > WRITES_AGAIN_S:
                self._say(f"{service} is written to again after {duration_text(now - times[-1])}")
            times.append(now)
        if self.written.get((service, path), self) != value:
            self._say(f"writes {value} to {service}{path}")
        self.written[service, path] = value
