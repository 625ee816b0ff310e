"""The banks of the configuration: what each entry says, and what contradicts what."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from gxbridge.core.bank.entry import IMBALANCE, MOST_MEMBERS, SERVICE_PREFIX, BankEntry
from gxbridge.core.nmea2000.name import Name

SERVICE: Final = re.compile(r"com\.victronenergy\.battery\.[A-Za-z_]\w*")
NAME: Final = re.compile(r"[0-9A-Fa-f]{16}")
SERIAL: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{5,60}")
WORDS: Final = (
    "write its serial (HQ2437XXP7K), its NAME (16 hexadecimal digits), or its D-Bus service "
    "(com.victronenergy.battery.ttyUSB0)"
)
LONGEST: Final = 40
"""Letters of a bank's name: its D-Bus name has room for them."""

SayWrong = Callable[[str, str, str], None]
"""Key, what is wrong, what to write."""


def build_banks(
    entries: Sequence[dict[str, Any]], buses: Sequence[str], nominal: float | None, report: SayWrong
) -> tuple[BankEntry, ...]:
    """The banks; `buses`: names of the CAN buses, `nominal`: the nominal voltage of the system (V), where it is
    said."""
    found: list[BankEntry] = []
    for index, entry in enumerate(entries):
        at = f"banks[{index}]"
        if "name" not in entry:
            continue  # already a problem
        name, bus = entry["name"], entry.get("bus", "")
        if len(name) > LONGEST:
            report(f"{at}.name", f"is longer than {LONGEST} letters", "write a shorter one, and a longer `title:`")
        if any(other.name == name for other in found):
            report(f"{at}.name", f"{name} is the name of another bank too", "give each bank a `name:` of its own")
        if bus and bus not in buses:
            names = ", ".join(buses) or "none is configured"
            report(f"{at}.bus", f"there is no bus called {bus}", f"write one of the buses under can: {names}")
        members = tuple(member_word(word, f"{at}.members", report) for word in entry.get("members", ()))
        _check_members(entry, members, found, at, report)
        if "members" not in entry and not bus and len(buses) > 1:
            cure = f"add `bus:` with one of {', '.join(buses)}, or list the `members:`"
            report(at, "does not say on which of several CAN buses its Lynx are", cure)
        volts = entry.get("nominal_voltage_v", nominal)
        if volts not in (None, 12, 24, 48):
            report(f"{at}.nominal_voltage_v", f"{volts} V is not a supported nominal voltage", "write 12, 24 or 48")
        network = entry.get("device_instance", 0)
        for other in found:
            of_all = "members" not in entry and not other.members
            if of_all and same_lynx(other, bus, network, volts):
                report(at, f"has the same Lynx as the bank {other.name}", "list the `members:` of each, or remove one")
        sums = entry.get("current", "share") == "sum"
        for key in ("share", "imbalance_percent"):
            if sums and key in entry:
                report(f"{at}.{key}", "says nothing beside `current: sum`", "remove one of the two lines")
        found.append(
            BankEntry(
                name,
                entry.get("title", ""),
                members,
                bus,
                network,
                None if volts is None else float(volts),
                sums,
                entry.get("share", "capacity"),
                entry.get("imbalance_percent", IMBALANCE * 100) / 100,
            )
        )
    return tuple(found)


def same_lynx(other: BankEntry, bus: str, network: int, volts: float | None) -> bool:
    """Would two banks without members take the same Lynx?"""
    buses, nominals = {other.bus, bus}, {other.nominal_voltage_v, volts}
    return other.network == network and ("" in buses or len(buses) == 1) and (None in nominals or len(nominals) == 1)


def _check_members(
    entry: dict[str, Any], members: Sequence[str], others: Sequence[BankEntry], at: str, report: SayWrong
) -> None:
    """A bank without members has Lynx of its own accord; no battery is in two banks, or twice in one."""
    if "members" in entry and not members:
        report(f"{at}.members", "is an empty list", "list its batteries, or remove the line: then it has every Lynx")
    if len(members) > MOST_MEMBERS:
        report(f"{at}.members", f"has more than {MOST_MEMBERS} batteries", f"list at most {MOST_MEMBERS}")
    for number, word in enumerate(members):
        if word in members[:number]:
            report(f"{at}.members", f"{word} is listed twice", "keep one of them")
        if any(word in other.members for other in others):
            report(f"{at}.members", f"{word} is a member of another bank too", "a battery is in one bank only")


def member_word(word: str, at: str, report: SayWrong) -> str:
    """The word by which a member is known again: a NAME by the unique number in it."""
    if NAME.fullmatch(word):
        return f"uc{Name(int(word, 16)).unique_number}"
    if not SERVICE.fullmatch(word) and not SERIAL.fullmatch(word):
        report(at, f"{word[:60]!r} does not identify a battery", WORDS)
    if word.startswith(SERVICE_PREFIX):
        report(at, f"{word[:60]} is a bank of gxbridge's own, and no battery", WORDS)
    return word
