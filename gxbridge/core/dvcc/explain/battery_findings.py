"""What a person should know about the batteries themselves: trouble, refusals, and which of them controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.dvcc.explain.findings import in_grace
from gxbridge.core.dvcc.limit.likely import why_no_charge, why_no_discharge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import counts_as_bms, differ, is_lynx, is_totals, network_of, takes_part
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.trouble import TroubleKind
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.wording import listed

ROWS: Final[dict[TroubleKind, str]] = {
    "alarm": "bms-trouble",
    "warning": "bms-warning",
    "unreadable": "limit-unreadable",
}


def battery_findings(inputs: Inputs, pre_alarm: bool, seen: Mapping[str, float], now: float) -> Iterator[Finding]:
    """One battery after the other. `pre_alarm`: that of the BMS in control is a finding of its own; `seen`: since when
    each is there: one that has just been switched on passes through its states."""
    for bms in inputs.batteries:
        if bms.troubles and (counts_as_bms(bms) or bms.charge is not None):
            known = ("warning", p.ALARM_LOW_CELL if pre_alarm and bms == inputs.bms else "")
            for kind, row in ROWS.items():
                texts = [one.text for one in bms.troubles if one.kind == kind and (kind, one.path) != known]
                if texts and not (kind == "warning" and in_grace(bms.name, seen, now)):
                    yield finding(row, bms.name, now, device=bms.title, service=bms.name, what=listed(texts))
    if inputs.bms is not None and len(inputs.batteries) > 1:
        yield from refusals(inputs, inputs.bms, now)
        yield from shown_twice(inputs, inputs.bms, now)
        yield from member_chosen(inputs, inputs.bms, now)


def refusals(inputs: Inputs, controlling: Bms, now: float) -> Iterator[Finding]:
    """Batteries that refuse, and do not control."""
    counted = {bms.name for bms in (*inputs.bank.others, *inputs.bank.members)} | set(controlling.adds)
    out = {left.bms.name for left in inputs.bank.left_out}
    for bms in inputs.batteries:
        words = [word for word, said in (("charging", bms.charge), ("discharging", bms.discharge)) if said == 0]
        if not words or bms.name == controlling.name or bms.name in out or not takes_part(bms):
            continue
        likely = [
            c.text
            for c in (why_no_charge(bms) if bms.charge == 0 else [])
            + (why_no_discharge(bms) if bms.discharge == 0 else [])
        ]
        why = f" (likely: {listed(list(dict.fromkeys(likely)))})" if likely else ""
        row = "battery-refuses" if bms.name in counted else "refusal-not-obeyed"
        yield finding(row, bms.name, now, device=bms.title, what=listed(words), why=why, who=controlling.title)


def shown_twice(inputs: Inputs, controlling: Bms, now: float) -> Iterator[Finding]:
    """Services of the bank that show one battery, by its unique number or serial: each counts as another battery."""
    known: dict[str, Bms] = {}
    for bms in (controlling, *inputs.bank.others, *inputs.bank.members):
        first = next((known[mark] for mark in bms.identity.split() if mark in known), None)
        if first is not None and not is_totals(bms) and not is_totals(first):
            mark = next(mark for mark in bms.identity.split() if known.get(mark) is first)
            number = mark.removeprefix("uc")
            what = f"unique number {number}" if mark != number and number.isdigit() else f"serial {mark}"
            yield finding("battery-shown-twice", bms.name, now, service=bms.name, other=first.name, mark=what)
        for mark in bms.identity.split():
            known.setdefault(mark, bms)


def member_chosen(inputs: Inputs, controlling: Bms, now: float) -> Iterator[Finding]:
    """The user's setting names one of the batteries that a total adds up."""
    if inputs.settings.bms_instance != controlling.instance or not is_lynx(controlling) or is_totals(controlling):
        return
    for total in inputs.batteries:
        if is_totals(total) and not differ(network_of(total), network_of(controlling)):
            yield finding(
                "member-chosen",
                controlling.name,
                now,
                device=controlling.title,
                total=total.title,
                instance=f"{controlling.instance:g}",
            )


def moved_battery(inputs: Inputs, lost_identity: str) -> Bms | None:
    """The BMS that was in control and is there with another device instance than the settings name."""
    marks, wanted = set(lost_identity.split()), inputs.settings.bms_instance
    if wanted in (AUTOMATIC_BMS, NO_BMS) or any(
        bms.instance == wanted for bms in inputs.batteries if counts_as_bms(bms)
    ):
        return None
    known = (bms for bms in inputs.batteries if counts_as_bms(bms))
    return next((bms for bms in known if not marks.isdisjoint(bms.identity.split())), None)


def choice_findings(inputs: Inputs, lost_identity: str, now: float) -> Iterator[Finding]:
    """The user's setting names a BMS that is not there, or none."""
    wanted = inputs.settings.bms_instance
    there = sorted((bms for bms in inputs.batteries if counts_as_bms(bms)), key=lambda bms: bms.instance)
    if not there or wanted == AUTOMATIC_BMS or any(bms.instance == wanted for bms in there):
        return
    instances = listed([f"{bms.instance:g} ({bms.title.removesuffix(f' ({bms.instance:g})')})" for bms in there])
    if wanted == NO_BMS:
        yield finding("bms-none-chosen", "", now, instances=instances)
        return
    moved = moved_battery(inputs, lost_identity)
    if moved is not None:
        yield finding("bms-moved", moved.name, now, device=moved.title, was=wanted, is_now=f"{moved.instance:g}")
    else:
        yield finding("bms-not-selected", "", now, instance=wanted, instances=instances)
