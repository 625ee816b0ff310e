"""A black box as rows: what it recorded, who failed, who obeyed, and whether this version decides the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gxbridge import __version__
from gxbridge.core.blackbox.box import Box, BoxError, Event, Received
from gxbridge.core.blackbox.play import ReplayReport, play, services_at_start
from gxbridge.core.blackbox.recorder import digest_of
from gxbridge.core.blackbox.timeline import GOOD_STATES, Timeline, facts_of
from gxbridge.core.blackbox.verdict import verdict
from gxbridge.core.log_play import LoggedFrame
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.setup import Setup
from gxbridge.fleet.columns.parts import EPOCH_S, LATEST_S
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.rows.bus_rows import BusCounts, unknown_rows
from gxbridge.fleet.rows.cycle_rows import CycleRows
from gxbridge.fleet.rows.devices import KnownDevices
from gxbridge.fleet.rows.log_rows import FirstPass, play_rows
from gxbridge.fleet.rows.obedience import ObedienceRows
from gxbridge.fleet.rows.row_tables import RowTables

SAME, DIFFERS, OTHER_VERSION, NOTHING = "same", "differs", "other version", "nothing to play"


def box_rows(box: Box, db: Database, tables: RowTables, devices: KnownDevices, privacy: Privacy) -> dict[str, Any]:
    """Add the rows of a box; what there is to know of it as a whole. Raises BoxError, OSError."""
    head = box.head
    offset = head.epoch_offset
    if not EPOCH_S <= head.at + offset < LATEST_S:
        offset = 0.0  # a GX without a clock that is set: the box is undated
    facts = facts_of(box)
    found = verdict(facts, head)
    first = FirstPass(db, devices)
    bmses = first.hear(_frames(box, offset))
    rows = CycleRows(tables, devices)
    try:
        for name, items in services_at_start(box).items():
            devices.service_added(name, items)
        can_play = True
    except BoxError:
        can_play = False
    _obey(box, tables, devices, offset, facts)
    played = _play(box, rows, offset) if can_play else OTHER_VERSION
    if not can_play:
        setup = Setup(version=__version__, configured=tuple(bms for bms, _ in bmses))
        play_rows(setup, _frames(box, offset), rows.look)
    _count_faults(facts, first.counts)
    t = facts.begins + offset
    first.counts.write(tables, privacy, t, first.decoders, rows.silences)
    unknown_rows(tables, db, t, first.decoders)
    charger = devices.subject(_charger(facts, head.subject))
    tables.add(
        "boxes",
        head.at + offset,
        cause=head.cause,
        verdict=found.name,
        errors_67=len(facts.errors_67),
        seconds=round(facts.ends - facts.begins, 3),
        frames=facts.frames,
        version=privacy.firmware(head.version),
        replay=played,
        bms_product=rows.bms.get("product"),
        bms_firmware=rows.bms.get("firmware"),
        charger_product=charger["product"],
        charger_firmware=charger["firmware"],
    )
    return {"format": "black box", "frames": facts.frames, "begins": t, "seconds": facts.ends - facts.begins}


def _frames(box: Box, offset: float) -> Iterator[LoggedFrame]:
    last = 0.0
    for entry in box.entries:
        if isinstance(entry, Received):
            for at, can_id, data in entry.frames:
                last = max(last, at)
                yield LoggedFrame(last, offset, entry.bus, can_id, data)


def _play(box: Box, rows: CycleRows, offset: float) -> str:
    cycles = differing = 0
    try:
        for cycle, at, effective, event in play(box, ReplayReport()):
            cycles += 1
            differing += digest_of(cycle, effective) != event.values[0]
            rows.look(cycle, at, offset)
    except BoxError:
        return OTHER_VERSION
    return DIFFERS if differing else SAME if cycles else NOTHING


def _obey(box: Box, tables: RowTables, devices: KnownDevices, offset: float, facts: Timeline) -> None:
    """Follow the services through the record. Raises OSError."""
    rows = ObedienceRows(tables, devices, offset)
    for name, items in list(devices.items.items()):
        rows.changed(name, items, facts.begins)
    for entry in box.entries:
        if not isinstance(entry, Event):
            continue
        values = entry.values
        if entry.mark == "+":
            devices.service_added(values[0], values[1])
            rows.changed(values[0], values[1], values[2])
        elif entry.mark == "~":
            devices.service_changed(values[0], values[1])
            rows.changed(values[0], values[1], values[2])
        elif entry.mark == "-":
            rows.removed(values[0], values[1])
    rows.end(facts.ends)


def _count_faults(facts: Timeline, counts: BusCounts) -> None:
    """What the kernel counted within the record, by bus."""
    for bus in {state.bus for state in facts.can}:
        states = [state for state in facts.can if state.bus == bus]
        counts.errors[bus] = max(0, states[-1].errors - states[0].errors)
        counts.lost[bus] = max(0, states[-1].lost - states[0].lost)
        changes = [state.state not in GOOD_STATES for state in states]
        counts.down[bus] = sum(now and not before for before, now in zip([False, *changes], changes, strict=False))


def _charger(facts: Timeline, subject: str) -> str:
    """The charger that showed #67: the one that the box was kept for, else the last one."""
    services = [service for _, service in facts.errors_67]
    return subject if subject in services else services[-1] if services else ""
