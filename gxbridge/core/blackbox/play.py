"""A box played through the same code: are the decisions what they were?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gxbridge.core.blackbox.box import Box, BoxError, BoxState, Event, Received, Torn
from gxbridge.core.blackbox.bridge_state import restore
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.blackbox.codec import CodecError
from gxbridge.core.blackbox.recorder import digest_of
from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Items
from gxbridge.core.publish.own_items import CanView
from gxbridge.core.setup import Setup

SHOWN: Final = 20
"""Differences kept; all are counted."""


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """A look that decided otherwise: when (monotonic s), and what was and is now decided, in words."""

    at: float
    recorded: str
    replayed: str


@dataclass(slots=True)
class ReplayReport:
    """What a replay found."""

    cycles: int = 0
    frames: int = 0
    differing: int = 0
    differences: list[ReplayDifference] = field(default_factory=list)
    skipped: int = 0
    """Entries before the first state and after a tear, which cannot be played."""


def setup_of(box: Box) -> Setup:
    """The configuration of the box. Raises BoxError."""
    try:
        setup = codec().decode(box.head.setup, box.head.fields)
    except CodecError as error:
        raise BoxError(f"the configuration in the box cannot be used: {error}") from error
    if not isinstance(setup, Setup):
        raise BoxError("the box holds no configuration")
    return setup


def services_at_start(box: Box) -> Mapping[str, Items]:
    """The D-Bus services that were there when the record begins, with what they showed. Raises BoxError when this
    version cannot take over its state."""
    state = next((entry for entry in box.entries if isinstance(entry, BoxState)), None)
    if state is None:
        return {}
    try:
        bridge = restore(setup_of(box), state.plain, box.head.fields, codec())
    except (CodecError, TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise BoxError(f"its state cannot be taken over: {error}") from error
    return bridge._services.items


def replay(box: Box) -> ReplayReport:
    """Play a box. Raises BoxError when this version cannot take over its state."""
    report = ReplayReport()
    for cycle, at, effective, event in play(box, report):
        report.cycles += 1
        recorded, said = event.values
        replayed = digest_of(cycle, effective)
        if replayed != recorded:
            report.differing += 1
            if len(report.differences) < SHOWN:
                report.differences.append(ReplayDifference(at, _words(said.get("w")), _words(cycle.writes)))
    return report


def play(box: Box, report: ReplayReport) -> Iterator[tuple[Cycle, float, str, Event]]:
    """Every look that has an outcome in the box: what it yields now, when, what is in effect, and the outcome then.
    Raises BoxError."""
    try:
        yield from _entries(box, report)
    except BoxError:
        raise
    except CodecError as error:
        raise BoxError(str(error)) from error
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise BoxError(f"the box cannot be played: {type(error).__name__}: {error}") from error


def _entries(box: Box, report: ReplayReport) -> Iterator[tuple[Cycle, float, str, Event]]:
    setup = setup_of(box)
    bridge: Bridge | None = None
    can: dict[str, CanView] = {}
    looked: tuple[Cycle, float] | None = None
    for entry in box.entries:
        if isinstance(entry, BoxState):
            if bridge is None:
                bridge = restore(setup, entry.plain, box.head.fields, codec())
            can = {}
        elif isinstance(entry, Torn):
            bridge = None
        elif bridge is None:
            report.skipped += 1
        elif isinstance(entry, Received):
            report.frames += len(entry.frames)
            bridge.hear(entry.bus, list(entry.frames))
        elif entry.mark == "=":
            if looked is not None:
                yield *looked, bridge.effective, entry
            looked = None
        elif entry.mark == "c":
            can = {bus: CanView(**view) for bus, view in entry.values[0].items()}
        elif entry.mark in ("t", "r"):
            now, offset = entry.values
            looked = (bridge.tick if entry.mark == "t" else bridge.react)(now, offset, can), now
        else:
            feed(bridge, entry, box.head.fields)


def feed(bridge: Bridge, event: Event, fields: Mapping[str, list[str]]) -> None:
    """Give the bridge an input that is no frame; `fields` are those of the box. Raises CodecError."""
    values: Any = event.values
    if event.mark == "+":
        bridge.service_added(*values)
    elif event.mark == "~":
        bridge.service_changed(*values)
    elif event.mark == "-":
        bridge.service_removed(*values)
    elif event.mark == "?":
        bridge.service_named(values[0], values[1], appeared=values[2])
    elif event.mark == "m":
        bridge.hold_name(*values)
    elif event.mark == "z":
        bridge.reset_master()
    elif event.mark == "o":
        bridge.set_zone(*values)
    elif event.mark == "s":
        bridge.switch_storage(*values)
    elif event.mark == "i":
        bridge.set_identity(*values)
    elif event.mark == "q":
        pass  # older boxes: a battery that a client selected, which changed no value
    elif event.mark == "a":
        bridge.channels.receiver.recall(values[0], codec().decode(values[1], fields))
    elif event.mark == "u":
        bridge.not_delivered((service, path) for service, path in values[0])
    else:
        bridge.report(Finding(*row) for row in values[0])


def _words(writes: Any) -> str:
    rows = [f"{path} = {value} to {service}" for service, path, value in writes or ()]
    return "; ".join(rows) or "no writes"
