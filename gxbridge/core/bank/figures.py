"""What a bank says as a whole, one row each: where it stands on D-Bus, what it is called, and how it is made of what
the members say.

Paths and types are those of the vendor's totals of parallel Lynx as recorded (venus-docker simulations s, bct, lp, lpp:
dbus-parallel-bms 0.3.2 to 1.1.3); cells as announced in victronenergy/venus#1615. Rows marked ours are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gxbridge.core.bank.figure import Figure
from gxbridge.core.bank.limits import (
    BankMembers,
    charge_current,
    charge_voltage,
    discharge_current,
    low_voltage,
    permission,
    titles_of,
)
from gxbridge.core.bank.member import Member
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.trouble import ALARMS, alarm_words
from gxbridge.core.model.items import ItemSpec
from gxbridge.core.model.named_tuple import NamedTuple

RUNNING: Final = 9
MOST_TIME_S: Final = 864000
"""The highest time to go that a Lynx says (VE.Can registers public): it sees no end."""
NOBODY: Final = Figure(None, "no member is in the bank")

MakeFigure = Callable[[BankMembers], Figure]


class FigureRow(NamedTuple):
    """`title` and `unit` are for people; `doc` says what the path means."""

    path: str
    title: str
    unit: str
    spec: ItemSpec
    make: MakeFigure
    doc: str
    ours: bool = False
    """The recorded totals do not have it."""


def summed(path: str, unit: str, digits: int = 1) -> MakeFigure:
    """Added up over the members in the bank; unknown where one of them does not say it."""

    def make(bank: BankMembers) -> Figure:
        said = [(member, member.said(path)) for member in bank.inside]
        return added_up(said, unit, digits, "{members} does not say it")

    return make


def added_up(said: Sequence[tuple[Member, float | None]], unit: str, digits: int, unknown: str) -> Figure:
    """The sum of what members say; `unknown`: the reason where some do not say it."""
    if missing := [member for member, value in said if value is None]:
        return Figure(None, unknown.format(members=titles_of(missing)))
    if not said:
        return NOBODY
    known = [(member, value) for member, value in said if value is not None]
    parts = ", ".join(f"{member.title} {plain(value)} {unit}" for member, value in known)
    return Figure(round(sum(value for _, value in known), digits), f"the sum of {parts}")


def capacity(bank: BankMembers) -> Figure:
    """Added up; unknown where one is."""
    said = [(member, member.capacity_ah) for member in bank.inside]
    return added_up(said, "Ah", 1, "the capacity of {members} is unknown")


def voltage(bank: BankMembers) -> Figure:
    """The mean of the members in the bank."""
    said = [(member, member.bms.voltage_v) for member in bank.inside]
    known = [(member, value) for member, value in said if value is not None]
    if not known:
        return NOBODY
    low, high = (choose(known, key=lambda pair: pair[1]) for choose in (min, max))
    spread = f"{plain(low[1])} V of {low[0].title} to {plain(high[1])} V of {high[0].title}"
    mean = sum(value for _, value in known) / len(known)
    why = f"that of {titles_of(bank.inside)}" if low[1] == high[1] else f"the mean of {spread}"
    return Figure(round(mean, 3), why)


def state_of_charge(bank: BankMembers) -> Figure:
    """The mean by capacity; the plain mean where a capacity is unknown."""
    known = [(member, soc, member.capacity_ah) for member in bank.inside if (soc := member.said(p.SOC)) is not None]
    if not known:
        return NOBODY if not bank.inside else Figure(None, "no member says it")
    weighed = [(soc, size) for _, soc, size in known if size is not None]
    if len(weighed) == len(known):
        value, how = sum(soc * size for soc, size in weighed) / sum(size for _, size in weighed), "the mean by capacity"
    else:
        value, how = sum(soc for _, soc, _ in known) / len(known), "the plain mean, as a capacity is unknown,"
    parts = ", ".join(f"{member.title} {plain(soc)} %" for member, soc, _ in known)
    without = [member for member in bank.inside if member.said(p.SOC) is None]
    return Figure(round(value, 3), f"{how} of {parts}" + (f"; {titles_of(without)} does not say it" if without else ""))


def time_to_go(bank: BankMembers) -> Figure:
    """That of the member that is empty first: when it refuses, all stop."""
    said = [(value, member) for member in bank.inside if (value := member.said(p.TIME_TO_GO)) is not None]
    if not said:
        return NOBODY if not bank.inside else Figure(None, "no member says it")
    value, member = min(said, key=lambda pair: pair[0])
    if value >= MOST_TIME_S:
        return Figure(value, "no member sees an end")
    return Figure(value, f"that of {member.title}, which is empty first and then stops all", member.title)


def of_cell(path: str, *, lowest: bool, unit: str) -> MakeFigure:
    """The lowest or highest cell, with the member whose it is."""

    def make(bank: BankMembers) -> Figure:
        said = [(value, member) for member in bank.inside if (value := cell(member, path)) is not None]
        if not said:
            return NOBODY if not bank.inside else Figure(None, "no member says it")
        value, member = (min if lowest else max)(said, key=lambda pair: pair[0])
        return Figure(
            value, f"the {'lowest' if lowest else 'highest'}, {plain(value)} {unit} of {member.title}", member.title
        )

    return make


def cell(member: Member, path: str) -> float | None:
    """What a member says of a cell; for a temperature that of the battery where it says none of cells."""
    said = member.said(path)
    fallback = path in (p.MIN_CELL_TEMPERATURE, p.MAX_CELL_TEMPERATURE)
    return member.said(p.TEMPERATURE) if said is None and fallback else said


def cell_id(id_path: str, of: MakeFigure) -> MakeFigure:
    """Whose cell that is, and which where the member says it: `Bank 2 | 7`."""

    def make(bank: BankMembers) -> Figure:
        owner = of(bank).member
        member = next((one for one in bank.inside if one.title == owner), None)
        if member is None or member.heard is None:
            return Figure(None, "no member says it")
        which = member.heard.items.get(id_path)
        return Figure(f"{owner} | {which}" if which not in (None, "") else owner, "the member whose cell it is", owner)

    return make


def running(bank: BankMembers) -> Figure:
    """9 while a member is in the bank, as in the vendor's totals."""
    return Figure(RUNNING, f"{titles_of(bank.inside)} run") if bank.inside else NOBODY


def number_of_members(bank: BankMembers) -> Figure:
    """How many of how many are in the bank; one whose loss is acknowledged is none of them."""
    known = [member for member in bank.members if member.state != "acknowledged"]
    return Figure(f"{len(bank.inside)}/{len(known)}", "members in the bank, and all that belong to it")


def lost(bank: BankMembers) -> Figure:
    """2 while a member is gone and stops the bank, 1 while one is gone with an open contactor."""
    for state, level, why in (("silent", 2, "is gone"), ("away", 1, "is gone with an open contactor")):
        gone = [member for member in bank.members if member.state == state]
        if gone:
            return Figure(level, f"{titles_of(gone)} {why}", gone[0].title)
    return Figure(0, "every member can be heard")


def worst(path: str) -> MakeFigure:
    """The worst of an alarm over every member that is heard, in the bank or not."""

    def make(bank: BankMembers) -> Figure:
        said = [(level, member) for member in bank.heard if (level := member.said(path)) is not None]
        if not said:
            return Figure(None, "no member says it")
        level, member = max(said, key=lambda pair: pair[0])
        return Figure(
            level, f"the worst, of {member.title}" if level else "no member has it", member.title if level else ""
        )

    return make


def allowed(path: str) -> MakeFigure:
    """A permission as it stands on D-Bus: invalid where it is not known."""

    def make(bank: BankMembers) -> Figure:
        said = permission(bank, path)
        return said if said.value in (0, 1) else said._replace(value=None)

    return make


MIN_CELL: Final = of_cell(p.MIN_CELL_VOLTAGE, lowest=True, unit="V")
MAX_CELL: Final = of_cell(p.MAX_CELL_VOLTAGE, lowest=False, unit="V")
BANK_ALARMS: Final = (
    *("LowVoltage", "HighVoltage", "LowSoc", "LowCellVoltage", "HighCellVoltage", "CellImbalance", "HighCurrent"),
    *("HighChargeCurrent", "HighDischargeCurrent", "LowTemperature", "HighTemperature", "LowChargeTemperature"),
    *("HighChargeTemperature", "HighInternalTemperature", "InternalFailure", "Contactor", "BmsCable"),
)
"""Alarms for which a GX raises a notification (venus-platform@8d6a52e alarm_item.cpp)."""

FIGURES: Final[tuple[FigureRow, ...]] = (
    FigureRow(p.NUMBER_OF_BMSES, "members", "", ItemSpec("s"), number_of_members, "members in the bank / all of them"),
    FigureRow(p.STATE, "state", "", ItemSpec("i"), running, "9 while a member is in the bank"),
    FigureRow(p.VOLTAGE, "voltage", "V", ItemSpec("d", "{:.2f}V"), voltage, "mean over the members in the bank"),
    FigureRow(p.CURRENT, "current", "A", ItemSpec("d", "{:.1f}A"), summed(p.CURRENT, "A"),
              "sum over the members in the bank, positive when charging"),
    FigureRow(p.POWER, "power", "W", ItemSpec("i", "{}W"), summed(p.POWER, "W", 0), "sum over the members in the bank"),
    FigureRow(p.SOC, "state of charge", "%", ItemSpec("d", "{:.1f}%"), state_of_charge, "mean by capacity"),
    FigureRow(p.CAPACITY, "capacity", "Ah", ItemSpec("i"), capacity, "sum over the members in the bank"),
    FigureRow(p.CONSUMED, "consumed", "Ah", ItemSpec("d", "{:.1f}Ah"), summed(p.CONSUMED, "Ah"),
              "sum over the members in the bank, zero or negative"),
    FigureRow(p.TIME_TO_GO, "time to go", "s", ItemSpec("d", "{:.0f}s"), time_to_go,
              "that of the member that is empty first"),
    FigureRow(p.CVL, "charge voltage limit (CVL)", "V", ItemSpec("d", "{:.2f}V"), charge_voltage, "the lowest"),
    FigureRow(p.CCL, "charge current limit (CCL)", "A", ItemSpec("d", "{:.1f}A"), charge_current,
              "at which no member takes more than its own; 0 where one refuses or is gone"),
    FigureRow(p.DCL, "discharge current limit (DCL)", "A", ItemSpec("d", "{:.1f}A"), discharge_current,
              "at which no member gives more than its own; 0 where one refuses"),
    FigureRow(p.LOW_VOLTAGE, "discharge voltage limit", "V", ItemSpec("d", "{:.2f}V"), low_voltage,
              "the highest", True),
    FigureRow(p.ALLOW_CHARGE, "allows charging", "", ItemSpec("i"), allowed(p.ALLOW_CHARGE),
              "0 where a member refuses; invalid: not known, and no permission", True),
    FigureRow(p.ALLOW_DISCHARGE, "allows discharging", "", ItemSpec("i"), allowed(p.ALLOW_DISCHARGE),
              "0 where a member refuses; invalid: not known, and no permission", True),
    FigureRow(p.MIN_CELL_VOLTAGE, "lowest cell", "V", ItemSpec("d", "{:.2f}V"), MIN_CELL, "lowest cell of all"),
    FigureRow(p.MIN_CELL_ID, "lowest cell of", "", ItemSpec("s"), cell_id(p.MIN_CELL_ID, MIN_CELL),
              "member, and its cell"),
    FigureRow(p.MAX_CELL_VOLTAGE, "highest cell", "V", ItemSpec("d", "{:.2f}V"), MAX_CELL, "highest cell of all"),
    FigureRow(p.MAX_CELL_ID, "highest cell of", "", ItemSpec("s"), cell_id(p.MAX_CELL_ID, MAX_CELL),
              "member, and its cell"),
    FigureRow(p.MIN_CELL_TEMPERATURE, "lowest temperature", "°C", ItemSpec("d", "{:.0f} degrees"),
              of_cell(p.MIN_CELL_TEMPERATURE, lowest=True, unit="°C"), "coldest of all", True),
    FigureRow(p.MAX_CELL_TEMPERATURE, "highest temperature", "°C", ItemSpec("d", "{:.0f} degrees"),
              of_cell(p.MAX_CELL_TEMPERATURE, lowest=False, unit="°C"), "hottest of all", True),
    FigureRow(p.ALARM_BMS_LOST, "member lost", "", ItemSpec("u"), lost,
              "0 ok, 1 one is gone with an open contactor, 2 one is gone and stops the bank"),
    *(
        FigureRow(f"{ALARMS}{name}", alarm_words(ALARMS + name), "", ItemSpec("u"),
                  worst(f"{ALARMS}{name}"), "worst of all members: 0 ok, 1 warning, 2 alarm", True)
        for name in BANK_ALARMS
    ),
)  # fmt: skip


def figures_of(bank: BankMembers) -> dict[str, Figure]:
    """Everything that a bank says, by D-Bus path."""
    return {row.path: row.make(bank) for row in FIGURES}


ROWS: Final[Mapping[str, FigureRow]] = {row.path: row for row in FIGURES}
