"""A bank's plain data as lines for people: what `gxbridge explain` and `gxbridge status` print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.core.bank.figures import BANK_ALARMS
from gxbridge.core.bank.member import STATE_WORDS
from gxbridge.core.bank.view import BankView
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.trouble import ALARMS
from gxbridge.core.model.wording import duration_text

SAID_ELSEWHERE: Final = (p.NUMBER_OF_BMSES, p.STATE, p.MIN_CELL_ID, p.MAX_CELL_ID, p.ALARM_BMS_LOST)
"""Figures that the lines of the members, or of other figures, say already."""
WORDS: Final = {
    **{path: {1: "yes", 0: "no"} for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)},
    **{f"{ALARMS}{name}": {1: "warning", 2: "alarm"} for name in BANK_ALARMS},
}
"""What stands for a number of these paths."""
UNKNOWN_TOO: Final = (p.CVL, p.CCL, p.DCL, p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)
"""Said also where they are not known."""


def head(bank: Mapping[str, Any]) -> str:
    """`Bank House: 2 of 3 batteries in it`."""
    members = [member for member in bank["members"] if member["state"] != "acknowledged"]
    inside = sum(member["state"] == "in" for member in members)
    noun = "battery" if len(members) == 1 else "batteries"
    return f"{bank_title(bank['title'])}: {inside} of {len(members)} {noun} in it"


def bank_title(title: str) -> str:
    """What a bank is called in a line: `Bank House`, `House bank`."""
    return title if "bank" in title.lower() else f"Bank {title}"


def member_line(member: Mapping[str, Any], now_epoch: float | None) -> str:
    """A member, how it stands with its bank, and what it says."""
    if not member["service"]:
        ago = (
            "" if now_epoch is None or member["since"] is None else f" for {duration_text(now_epoch - member['since'])}"
        )
        return f"{member['name']}: {member['state_text']}{ago}"
    words = [
        "– V" if member["voltage_v"] is None else f"{plain(member['voltage_v'])} V",
        "– A" if member["current_a"] is None else f"{member['current_a']:+.1f} A",
        "SoC –" if member["soc_percent"] is None else f"SoC {plain(member['soc_percent'])} %",
    ]
    limits = [
        "none" if value is None else f"{plain(value)} {unit}"
        for value, unit in ((member["cvl_v"], "V"), (member["ccl_a"], "A"), (member["dcl_a"], "A"))
    ]
    words.append(f"CVL {limits[0]}, CCL {limits[1]}, DCL {limits[2]}")
    for what, word in (("charging", member["charge"]), ("discharging", member["discharge"])):
        if word in ("no", "unknown"):
            words.append(f"{'refuses' if word == 'no' else 'does not say whether it allows'} {what}")
    if member["most_percent"] is not None:
        words.append(f"up to {plain(min(member['most_percent'], 100))} % of the current may be its part")
    if member["measured_percent"] is not None:
        words.append(f"{plain(member['measured_percent'])} % measured")
    return f"{member['name']}: {member['state_text']}; {', '.join(words)}"


def members_text(view: BankView) -> str:
    """How each member stands, on one line."""
    return "; ".join(f"{member.title}: {STATE_WORDS[member.state]}" for member in view.bank.members)


def figure_lines(bank: Mapping[str, Any]) -> Iterator[str]:
    """The figures that say something, each with its reason."""
    for figure in bank["figures"]:
        path, value = figure["path"], figure["value"]
        quiet = path in SAID_ELSEWHERE or (path.startswith(ALARMS) and not value)
        if not quiet and (value is not None or path in UNKNOWN_TOO):
            text = WORDS.get(path, {}).get(value, figure["text"] or "unknown")
            yield f"{figure['title']}: {text}: {figure['reason']}"


def bank_lines(bank: Mapping[str, Any], now_epoch: float | None) -> Iterator[str]:
    """All of it."""
    yield head(bank)
    yield f"    {bank['why']}"
    for member in bank["members"]:
        yield f"    - {member_line(member, now_epoch)}"
    for line in (*figure_lines(bank), *bank["differences"]):
        yield f"    {line}"
