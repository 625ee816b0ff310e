"""A bank at one look: its members and its figures, as a battery for the decision, and as data for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from gxbridge.core.bank.entry import LYNX_TOTALS, BankEntry
from gxbridge.core.bank.figure import Figure
from gxbridge.core.bank.figures import FIGURES, ROWS
from gxbridge.core.bank.limits import BankMembers, permission
from gxbridge.core.bank.member import COUNTED, STATE_WORDS, Member
from gxbridge.core.bank.shares import divisors
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import VIRTUAL
from gxbridge.core.dvcc.read.devices.bms import NUMBERS, Bms
from gxbridge.core.dvcc.read.numbers import sensible
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple

BankRole: TypeAlias = Literal["one battery", "explained", "empty"]
"""one battery: it stands for its members, in decisions and on D-Bus. explained: it is only told what it would say.
empty: none of its members is heard."""

NEAR: Final = 0.005
"""Two figures that differ by less than this part are the same."""


class BankView(NamedTuple):
    """`why` says in a sentence what the role comes from. `since`: word of a member -> since when it is gone (seconds
    since 1970). `differences`: where the vendor's totals of the same members say something else."""

    entry: BankEntry
    bank: BankMembers
    figures: Mapping[str, Figure]
    nominal_v: float | None
    role: BankRole
    why: str
    since: Mapping[str, float]
    differences: tuple[str, ...] = ()

    @property
    def stands(self) -> bool:
        """Does it stand for its members?"""
        return self.role == "one battery"

    def value(self, path: str) -> float | None:
        """A number of the bank."""
        return sensible(self.figures[path].value) if path in self.figures else None


def bank_bms(view: BankView, title: str, instance: int) -> Bms:
    """The bank as the BMS of the decision; each member's own refusal counts beside it."""
    heard = [member.bms for member in view.bank.heard]
    counted = [member.bms for member in view.bank.counted]
    said = {field: view.value(path) for field, path in NUMBERS.items()}
    alternators = [bms.alternator for bms in counted if bms.alternator is not None]
    low_cells = [bms.low_cell_alarm for bms in counted if bms.low_cell_alarm is not None]
    numbers: dict[str, Any] = said | {
        "product_id": LYNX_TOTALS,
        "nominal_v": view.nominal_v,
        "alternator": min(alternators, default=None),
        "low_cell_alarm": max(low_cells, default=None),
        "capacity_ah": view.value(p.CAPACITY),
    }
    return Bms(
        view.entry.service,
        title,
        "",
        VIRTUAL,
        usable=True,
        secure=all(bms.secure for bms in heard),
        offers_limits=True,
        instance=instance,
        charge=sensible(permission(view.bank, p.ALLOW_CHARGE).value),
        discharge=sensible(permission(view.bank, p.ALLOW_DISCHARGE).value),
        **numbers,
        adds=view.bank.services,
    )


def differences(view: BankView, totals: Items) -> tuple[str, ...]:
    """Where the vendor's totals of the same members say something else than this policy, and why."""
    found = []
    for row in FIGURES:
        theirs, ours = totals.get(row.path), view.figures[row.path]
        if row.ours or theirs is None or same_value(theirs, ours.value):
            continue
        said = "nothing" if ours.value is None else shown(ours.value, row.unit)
        found.append(
            f"{row.title}: the totals say {shown(theirs, row.unit)}, by gxbridge's policy {said}: {ours.reason}"
        )
    return tuple(found)


def same_value(one: Value, other: Value) -> bool:
    """Are two figures the same, but for how they were rounded?"""
    if isinstance(one, str) or isinstance(other, str) or other is None or one is None:
        return one == other
    return abs(one - other) <= max(abs(one), abs(other)) * NEAR + 0.05


def shown(value: Value, unit: str) -> str:
    """A figure with its unit."""
    text = value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()


def bank_data(view: BankView) -> dict[str, Any]:
    """A bank as plain data, ready for JSON."""
    parts = divisors(view.entry, view.bank.inside, view.bank.waiting) if view.bank.inside else None
    return {
        "name": view.entry.name,
        "title": view.entry.called,
        "service": view.entry.service if view.stands else "",
        "role": view.role,
        "why": view.why,
        "members": [member_data(member, view, parts) for member in view.bank.members],
        "figures": [
            {
                "path": path,
                "title": ROWS[path].title,
                "value": figure.value,
                "unit": ROWS[path].unit,
                "text": shown(figure.value, ROWS[path].unit) if figure.value is not None else "",
                "reason": figure.reason,
                "member": figure.member,
            }
            for path, figure in view.figures.items()
        ],
        "differences": list(view.differences),
    }


def member_data(member: Member, view: BankView, parts: Mapping[str, float] | None) -> dict[str, Any]:
    """A member as plain data; its part in percent."""
    bms = None if member.heard is None else member.bms
    counts = member.state in COUNTED
    return {
        "word": member.word,
        "name": member.title,
        "service": "" if bms is None else bms.name,
        "state": member.state,
        "state_text": STATE_WORDS[member.state],
        "since": round(view.since[member.word]) if bms is None else None,
        "voltage_v": None if bms is None else bms.voltage_v,
        "current_a": None if bms is None else bms.current_a,
        "soc_percent": member.said(p.SOC),
        "capacity_ah": member.capacity_ah,
        "cvl_v": None if bms is None else bms.max_charge_voltage_v,
        "ccl_a": None if bms is None else bms.max_charge_current_a,
        "dcl_a": None if bms is None else bms.max_discharge_current_a,
        "charge": member.allows(p.ALLOW_CHARGE) if counts else "",
        "discharge": member.allows(p.ALLOW_DISCHARGE) if counts else "",
        "most_percent": round(parts[member.word] * 100, 1) if parts is not None and counts else None,
        "measured_percent": None if member.measured is None else round(member.measured * 100, 1),
    }
