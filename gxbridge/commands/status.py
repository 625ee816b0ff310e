"""`gxbridge status`: one screen of what holds now, asked from the running service."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.commands.explain import add_dbus, fetch_explanation, not_answered
from gxbridge.core.bank.words import head, member_line
from gxbridge.core.dvcc.limit.reasons import amount, plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import device_says, kind_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.finding import stopped
from gxbridge.core.model.items import Value, plain_items
from gxbridge.core.model.wording import celsius_text, duration_text
from gxbridge.core.publish.device_view import allowed, takes_none, told_a
from gxbridge.core.publish.explanation import MOVED, limits_of
from gxbridge.core.publish.explanation_answer import NotExplained

WIDTH: Final = 80
NAME_WIDTH: Final = 24
EACH_S: Final = 2.0
"""For the answer of one device."""
REFRESH_S: Final = 2.0
MOST_FINDINGS: Final = 3
QUIET_MEMBERS: Final = ("in", "open", "coming", "acknowledged")
"""States of a bank's members that are nothing to worry about."""
COLOURS: Final = {"alarm": "31;1", "warning": "33", "info": "36", "good": "32", "bad": "31;1", "title": "1"}
CLEAR: Final = "\x1b[H\x1b[2J"

ServiceItems = Mapping[str, Mapping[str, Value]]
"""Service -> its items, of those that answered."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help=f"refresh every {REFRESH_S:.0f} s, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="as JSON: the explanation, and what was measured")
    add_dbus(parser)
    parser.epilog = "On a terminal it is in colour, unless NO_COLOR is set."


def run(args: argparse.Namespace) -> int:
    """0; 1 when the service does not answer."""
    from gxbridge.edge.dbus.bus import BusError
    from gxbridge.edge.machine import followable

    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    colour = terminal and not os.environ.get("NO_COLOR")
    while True:
        code = 0
        try:
            explanation, items = asyncio.run(_explained(args.dbus))
        except (BusError, OSError, NotExplained) as error:
            code = not_answered("status", error)
        else:
            if args.json:
                print(json.dumps(explanation | {"measured": items}, ensure_ascii=False))
            else:
                lines = screen(explanation, items, time.time(), colour=colour)
                text = followable("\n".join(lines))
                print(f"{CLEAR}{text}" if args.watch and terminal else text)
        if not args.watch:
            return code
        sys.stdout.flush()
        time.sleep(REFRESH_S)


async def _explained(address: str) -> tuple[dict[str, Any], ServiceItems]:
    """The explanation, and the items of every device that it is about."""
    from gxbridge.edge.dbus import client
    from gxbridge.edge.dbus.bus import BusError, connect

    connection = await connect(address)
    items: dict[str, Mapping[str, Value]] = {}
    try:
        explanation = await fetch_explanation(connection)
        wanted = [explanation["bms"]["service"], *(limit["subject"] for limit in explanation["limits"])]
        for name in dict.fromkeys(filter(None, wanted)):
            try:
                items[name] = plain_items(await client.items(connection, name, EACH_S))
            except BusError:
                continue  # it has left, or does not answer: its values are unknown
    finally:
        connection.close()
    return explanation, items


def screen(explanation: Mapping[str, Any], items: ServiceItems, now_epoch: float, *, colour: bool) -> list[str]:
    """The lines, none wider than the screen."""
    return list(_Page(explanation, items, now_epoch, colour).lines())


class _Page:
    def __init__(self, explanation: Mapping[str, Any], items: ServiceItems, now_epoch: float, colour: bool) -> None:
        self._explained = explanation
        self._items = items
        self._now = now_epoch
        self._colour = colour

    def lines(self) -> Iterator[str]:
        """Findings first: they are what one should know."""
        dvcc = self._explained["dvcc"]
        clock = time.strftime("%H:%M:%S", time.localtime(self._now))
        head = f"gxbridge {self._explained.get('version', '')}: {dvcc['effective']}, profile {dvcc['profile']}"
        yield self._in("title", f"{head:<{WIDTH - len(clock)}}{clock}")
        yield from _wrapped("", f"{dvcc['master_reason']}", 2)
        yield from self._findings()
        yield ""
        yield from self._battery()
        yield ""
        for limit in limits_of(self._explained):
            if not limit["subject"]:
                yield from self._limit(limit)
        yield from self._rules()
        devices = [limit for limit in limits_of(self._explained) if limit["subject"]]
        if devices:
            yield ""
        for limit in devices:
            yield from _wrapped(f"{_cut(limit['subject_name'] or limit['subject'])}  ", self._charger(limit), 2)

    def _in(self, name: str, text: str) -> str:
        return f"\x1b[{COLOURS[name]}m{text}\x1b[0m" if self._colour else text

    def _findings(self) -> Iterator[str]:
        found = sorted(
            self._explained["findings"], key=lambda item: ("alarm", "warning", "info").index(item["severity"])
        )
        for finding in found[:MOST_FINDINGS]:
            severity = finding["severity"]
            for line in _wrapped(f"{severity.upper()}: ", stopped(finding["text"]), 2):
                yield self._in(severity, line)
        if len(found) > MOST_FINDINGS:
            yield f"and {len(found) - MOST_FINDINGS} more: gxbridge explain --short"

    def _battery(self) -> Iterator[str]:
        bms = self._explained["bms"]
        if bms["state"] == "none":
            yield self._in("bad", "no BMS in control")
            yield from self._other_channels()
            return
        age = "" if bms["since"] is None else f", for {duration_text(self._now - bms['since'])}"
        state = MOVED if bms["state"] == "moved" else bms["state"]
        at_battery = kind_of(bms["service"]) == p.BATTERY
        name = _cut(bms["name"] or bms["service"]).strip() + ("" if at_battery else " (VE.Bus BMS)")
        yield self._in("good" if state == "live" else "bad", f"{name}: {state}{age}")
        values = self._items.get(bms["service"], {})

        def said(path: str, unit: str) -> str:
            value = number(values, path)
            return "–" if value is None else f"{plain(value)} {unit}"

        current = number(values, p.CURRENT)
        cells = f"{said(p.MIN_CELL_VOLTAGE, 'V')} to {said(p.MAX_CELL_VOLTAGE, 'V')}"
        temperature = number(values, p.TEMPERATURE)
        yield "  " + "   ".join(
            (
                said(p.VOLTAGE, "V"),
                "– A" if current is None else f"{current:+.1f} A",
                f"SoC {said(p.SOC, '%')}",
                f"cells {cells}",
                "–" if temperature is None else celsius_text(temperature),
            )
        )
        if at_battery:
            words = {"yes": "yes", "no": "NO", "unknown": "unknown"}
            charge, discharge = (
                "not said" if values and path not in values else words[allowed(values, path)]
                for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)
            )
            yield f"  allows charging: {charge}; allows discharging: {discharge}"
        yield from self._other_channels()
        for bank in self._explained.get("banks", ()):
            yield head(bank) + ("" if bank["service"] else ", and nothing stands for them")
            for member in bank["members"]:
                good = member["state"] in QUIET_MEMBERS
                for line in _wrapped("  ", member_line(member, self._now), 2):
                    yield line if good else self._in("bad", line)

    def _other_channels(self) -> Iterator[str]:
        """BMSes that only say yes or no, each in its own words."""
        for sentence in self._explained.get("relatives", {}).get("sentences", ()):
            yield from _wrapped("  ", sentence, 3)

    def _limit(self, limit: Mapping[str, Any]) -> Iterator[str]:
        value = "none" if limit["value"] is None else amount(limit["value"], limit["unit"])
        reason = limit["caps"][0]["text"] if limit["caps"] else limit["sentence"]
        for number_, line in enumerate(_wrapped(f"{limit['name']}  {value:>9}  ", reason, 2)):
            yield self._in("bad", line) if limit["value"] == 0 and number_ == 0 else line

    def _rules(self) -> Iterator[str]:
        """What the user's rules would allow, where they do not act: else the limits say it."""
        rules = self._explained.get("rules") or {"items": (), "act": True, "storing": None}
        if rules["storing"]:
            state = "suspended for a full charge" if rules["charging_full"] else "on"
            shown_only = "" if rules["act"] else ", shown only: it acts while gxbridge is in control"
            yield f"storage profile: {state}{shown_only}"
        if rules["act"]:
            return
        for rule in rules["items"]:
            value = "nothing" if rule["value"] is None else amount(rule["value"], rule["unit"])
            yield from _wrapped(f"{rule['limit']}  would be at most {value}: ", rule["text"], 2)

    def _charger(self, limit: Mapping[str, Any]) -> str:
        """What it was told, by whom, what gxbridge would tell it, and what it makes."""
        values = self._items.get(limit["subject"])
        if values is None:
            return "does not answer"
        dvcc = self._explained["dvcc"]
        ours = amount(limit["value"], "A")
        made = number(values, p.CURRENT)
        makes = "unknown" if made is None else f"{plain(round(made, 1))} A"
        if takes_none(limit):
            return f"takes no limit, makes {makes}"
        control, told = dvcc["effective"] == "control", amount(told_a(values, limit["name"]), "A")
        if device_says(values):
            told = f"shows {told} as its limit"
        else:
            told = f"{'GX told' if dvcc['master'] == p.SYSTEM and not control else 'told'} {told}"
        return f"{told}, makes {makes}" if control else f"{told}, gxbridge would tell {ours}; makes {makes}"


def _cut(name: str) -> str:
    """A name of one width."""
    return f"{name:<{NAME_WIDTH}}" if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 3]}..."


def _wrapped(head: str, text: str, most: int) -> list[str]:
    """A head and words behind it, on at most so many lines."""
    return textwrap.wrap(f"{head}{text}", WIDTH, subsequent_indent=" " * min(len(head), 26) or "  ", max_lines=most,
                         placeholder=" ...", drop_whitespace=True, replace_whitespace=False)  # fmt: skip
