"""Who failed: the BMS, the GX, the charger's link, or the bus. With the evidence, or "unknown"."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, TypeAlias

from gxbridge.core.blackbox.box import Head
from gxbridge.core.blackbox.timeline import GOOD_STATES, BatteryState, Timeline
from gxbridge.core.model.record import record
from gxbridge.core.model.wording import counted, duration_text
from gxbridge.core.vecan.readings import LINK_S

VerdictName: TypeAlias = Literal["bms-silent", "gx-stopped-writing", "charger-link-stalled", "bus-errors", "unknown"]

TITLES: Final[dict[VerdictName, str]] = {
    "bms-silent": "The BMS fell silent",
    "gx-stopped-writing": "The GX stopped writing to the charger",
    "charger-link-stalled": "The charger's link stalled although it was written to",
    "bus-errors": "The CAN bus failed",
    "unknown": "Unknown",
}

BEFORE_S: Final = 75.0
"""What happened so long before the event may have caused it: the link's time and some."""
SILENT_BEFORE_S: Final = 2 * LINK_S + 15.0
"""So long after the last frame of its BMS a charger may show #67: it is told 0 A for a minute, and its link holds one
more."""
TOGETHER_S: Final = 3.0
"""Devices that fall silent within this time fall silent together."""


@record
class Verdict:
    """`name` is stable; `evidence` are sentences, the strongest first."""

    name: VerdictName
    evidence: tuple[str, ...]

    @property
    def title(self) -> str:
        """In words."""
        return TITLES[self.name]


def verdict(facts: Timeline, head: Head) -> Verdict:
    """Judge the event of a box: #67 if there is one, else the loss of a BMS."""
    error = _error_67(facts, head)
    at = head.at if error is None else error[0]
    silent = _silent_at(facts, at)
    if silent is not None:
        return _silence(facts, silent, at)
    trouble = _trouble(facts, "", at)
    if error is not None:
        return _link(facts, error, trouble)
    lost = next((item for item in reversed(facts.lost) if item[0] <= at + TOGETHER_S), None)
    if lost is not None:
        service_gone = "its service left D-Bus or no longer gives a charge voltage limit"
        why = facts.old_on_dbus.get(lost[1]) or f"{lost[1]} is {lost[2]}: {service_gone}"
        return Verdict("bus-errors" if trouble else "bms-silent", (*trouble, why))
    if trouble:
        return Verdict("bus-errors", trouble)
    return Verdict("unknown", ("no BMS fell silent and no charger shows error #67 in this record",))


def _error_67(facts: Timeline, head: Head) -> tuple[float, str] | None:
    """The #67 that the box is about: the one that was its cause, else the last one."""
    if head.cause == "bms-lost":
        return None
    mine = [item for item in facts.errors_67 if item[1] == head.subject] or facts.errors_67
    return mine[-1] if mine else None


def _silent_at(facts: Timeline, at: float) -> BatteryState | None:
    """The battery that was silent at the event, or noticed to be right after it, with the moment of its last frame."""
    states: dict[str, BatteryState] = {}
    for item in [item for item in facts.batteries if item.at <= at + TOGETHER_S]:
        before = states.get(item.key, item)
        # One that is gone is nowhere, and when it was heard stands in the state before.
        states[item.key] = item if item.bus else replace(before, state=item.state)
    silent = [item for item in states.values() if item.state in ("silent", "gone")]
    recent = [item for item in silent if at - item.last_heard <= SILENT_BEFORE_S]
    return max(recent, key=lambda item: item.last_heard, default=None)


def _silence(facts: Timeline, silent: BatteryState, at: float) -> Verdict:
    bus, address, last = silent.bus, silent.address, silent.last_heard
    evidence = [f"the last frame of the BMS ({silent.key}, address {address} on {bus}) came {at - last:.1f} s before"]
    others = {
        who: [moment for moment in times if moment <= at + TOGETHER_S]
        for (where, who), times in facts.frame_times.items()
        if where == bus and who != address
    }
    spoke_on = sorted(who for who, times in others.items() if times and times[-1] > last + TOGETHER_S)
    fell_too = sorted(who for who, times in others.items() if times and abs(times[-1] - last) <= TOGETHER_S)
    trouble = _trouble(facts, bus, at)
    if spoke_on:
        evidence.append(f"others on {bus} went on sending: {_addresses(spoke_on)}")
        return Verdict("bms-silent", (*evidence, *trouble))
    if trouble or fell_too:
        if fell_too:
            evidence.append(f"the others on {bus} fell silent with it: {_addresses(fell_too)}")
        return Verdict("bus-errors", (*trouble, *evidence))
    evidence.append(f"no other device sends on {bus}, and the bus shows no errors: the BMS itself or its cable")
    return Verdict("bms-silent", tuple(evidence))


def _link(facts: Timeline, error: tuple[float, str], trouble: tuple[str, ...]) -> Verdict:
    at, service = error
    written = [moment for moment in facts.written.get(service, ()) if moment <= at]
    effective = next((item for item in reversed(facts.effective) if item[0] <= at), None)
    mode = () if effective is None else (f"DVCC was {effective[1]}: {effective[2]}",)
    pauses = tuple(
        f"gxbridge itself was held up for {duration_text(end - begin)}"
        for begin, end in facts.pauses
        if end - begin > LINK_S / 2 and begin <= at <= end + BEFORE_S
    )
    who, moments = "gxbridge", written
    if not written:
        who, moments = "another master (seen on CAN)", [moment for moment in facts.links_on_can if moment <= at]
    if not moments:
        if pauses:
            return Verdict("gx-stopped-writing", (*pauses, *mode))
        return Verdict("unknown", (f"nobody was seen writing to {service} in this record", *mode, *trouble))
    age_s = at - moments[-1]
    before = f"{duration_text(age_s)} before error #67"
    told = f"the last write to {service} by {who} came {before}; a link lasts {LINK_S:.0f} s"
    if age_s >= LINK_S - TOGETHER_S or pauses:
        return Verdict("gx-stopped-writing", (told, *pauses, *mode))
    if trouble:
        return Verdict("bus-errors", (*trouble, told))
    recent = sum(at - moment <= LINK_S for moment in moments)
    return Verdict(
        "charger-link-stalled", (told, f"{counted(recent, 'write')} in the last {LINK_S:.0f} s before it", *mode)
    )


def _trouble(facts: Timeline, bus: str, at: float) -> tuple[str, ...]:
    """What was wrong with a bus ("" any) around the event."""
    states = [item for item in facts.can if not bus or item.bus == bus]
    near = [item for item in states if at - BEFORE_S <= item.at <= at + TOGETHER_S]
    if states and not near:  # nothing changed: the last known holds
        near = [item for item in states if item.at <= at][-1:]
    found = []
    for name in dict.fromkeys(item.bus for item in near):
        mine = [item for item in near if item.bus == name]
        bad = next((item for item in mine if item.state not in GOOD_STATES), None)
        if bad is not None:
            found.append(f"CAN bus {name} was {bad.state}{f' ({bad.reason})' if bad.reason else ''}")
        if mine[-1].errors > mine[0].errors:
            found.append(f"CAN bus {name} had {counted(mine[-1].errors - mine[0].errors, 'error')}")
        if mine[-1].lost > mine[0].lost:
            found.append(f"the kernel dropped {counted(mine[-1].lost - mine[0].lost, 'frame')} of {name}")
    return tuple(found)


def _addresses(addresses: list[int]) -> str:
    shown = ", ".join(f"0x{address:02X}" for address in addresses[:8])
    return f"{shown}, ..." if len(addresses) > 8 else shown
