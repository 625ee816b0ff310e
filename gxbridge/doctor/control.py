"""Every condition of control with yes or no, and what would be written now: before `dvcc.mode: control` is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.core.dvcc.limit.reasons import amount
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import OTHER_GXBRIDGE, DbusState
from gxbridge.core.dvcc.read.devices.installation import sort_services
from gxbridge.core.dvcc.read.devices.services import device_says, title
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.run.masters.masters import obstacle
from gxbridge.core.model.wording import counted, duration_text
from gxbridge.core.publish.explanation import MOVED
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.facts import Facts
from gxbridge.doctor.row import Row

SECTION: Final = "Control"
DAY_S: Final = 86400.0
NOT_GIVEN: Final = frozenset({"no-vebus-limit", "no-such-limit"})
"""Reasons of a limit that this kind of BMS never gives: it only says yes or no, and control does without."""
UNTOLD: Final = frozenset({"no-path", "no-setting", "other-network", "firmware"})
"""Reasons for which a charger cannot be told its current."""


def check_control(facts: Facts, explanation: Mapping[str, Any] | None) -> Iterator[Row]:
    """The conditions, one a row; a no is a problem, and its advice what to do first. Nothing is written."""
    own = facts.services.get(OWN_NAME)
    if own is None or explanation is None or facts.bus.error:
        advice = "Start it in monitor mode first (gxbridge config init --preset listen), and ask again."
        yield Row(SECTION, "control-service", "problem", "no: gxbridge does not run on this bus", advice)
        return
    yield _yes("control-service", "gxbridge runs and answers")
    others = {name: items for name, items in facts.services.items() if not name.startswith(OTHER_GXBRIDGE)}
    # Our own battery is published beside the GX: its DVCC takes that for its own as well.
    found = obstacle(DbusState(others))
    unread = [name for name in facts.bus.unanswered if name == p.SYSTEM or name.startswith(OTHER_GXBRIDGE)]
    why = found[1] if found else f"{unread[0]} does not answer" if unread else ""
    advice = "Switch DVCC off on the GX, and stop any other controller; else leave gxbridge in monitor mode."
    if why:
        yield _no("control-alone", f"another master may write: {why}", advice)
    else:
        yield _yes("control-alone", "there is no other master")
    latched = any(finding["id"] == "overruled" for finding in explanation["findings"])
    if latched:
        yield _no("control-not-overruled", "another master was found before", "gxbridge master tells which.")
    else:
        yield _yes("control-not-overruled", "no other master was found before")
    bms = explanation["bms"]
    if bms["state"] == "live":
        yield _yes("control-bms", f"a BMS is live ({bms['name']})")
    else:
        word = MOVED if bms["state"] == "moved" else f"is {bms['state']}"
        text = f"{bms['name']} {word}" if bms.get("name") else "no BMS is in control"
        yield _no("control-bms", text, "Without one every charger stops: find out why with gxbridge explain.")
    limits = {limit["name"]: limit for limit in explanation["limits"] if not limit["subject"]}
    for name in ("CVL", "CCL", "DCL"):
        limit = limits.get(name)
        said = limit["sentence"] if limit is not None else f"{name} is unknown"
        id = f"control-{name.lower()}"
        if limit is not None and (limit["value"] is not None or limit["caps"][0]["name"] in NOT_GIVEN):
            yield _yes(id, said)
        else:
            yield _no(id, said, f"gxbridge explain {name.lower()} tells more.")
    yield _day(explanation)
    yield from _chargers(facts, explanation)
    alarms = [finding["text"] for finding in explanation["findings"] if finding["severity"] == "alarm"]
    if alarms:
        yield _no("control-no-alarm", f"an alarm is active: {alarms[0]}", "Deal with it first.")
    else:
        yield _yes("control-no-alarm", "no alarm is active")


def _yes(id: str, text: str) -> Row:
    return Row(SECTION, id, "ok", f"yes: {text}")


def _no(id: str, text: str, advice: str) -> Row:
    return Row(SECTION, id, "problem", f"no: {text}", advice)


def _day(explanation: Mapping[str, Any]) -> Row:
    """For how long orders have been watched: what happens once a day is not seen in an hour."""
    since, now = explanation.get("orders", {}).get("since"), explanation.get("time")
    watched_s = 0.0 if since is None or now is None else float(now - since)
    text = f"orders have been watched for {duration_text(watched_s)}"
    if watched_s >= DAY_S:
        return Row(SECTION, "control-day", "ok", f"yes: {text}; what follows is of the last 24 hours")
    advice = "Let it see a whole day, with an absorption, before you decide."
    return Row(SECTION, "control-day", "note", f"not yet a day: {text}", advice)


def _in_a_day(explanation: Mapping[str, Any], service: str, path: str) -> str:
    """What would have been told within the last 24 hours."""
    for told in explanation.get("orders", {}).get("items", ()):
        if (told["service"], told["path"]) == (service, path):
            least, most = amount(told["least"], "A"), amount(told["most"], "A")
            span = least if least == most else f"{least} to {most}"
            return f" (in the last 24 hours {span}, with {counted(told['changes'], 'change')})"
    return ""


def _chargers(facts: Facts, explanation: Mapping[str, Any]) -> Iterator[Row]:
    """Can each charger be told, what would it be told now, and what has it been told?"""
    told = [limit for limit in explanation["limits"] if limit["name"] in ("charger", "multi") and limit["subject"]]
    for limit in told:
        service, items = limit["subject"], facts.services.get(limit["subject"], {})
        names = {cap["name"] for cap in limit["caps"]}
        path = p.CHARGE_CURRENT if limit["name"] == "charger" else p.BOL_CHARGE_CURRENT
        now = amount(number(items, path), "A")
        ours = amount(limit["value"], "A")
        who = limit["subject_name"] or service
        if device_says(items) and not facts.configured.passes_on:
            text = f"no: {who} is on a port of gxbridge, which does not pass on what it is told"
            yield Row(SECTION, "control-charger", "warning", text, "Set transmit: link (docs/link.md).", service)
        elif device_says(items):
            text = f"yes: {who} can be told what `gxbridge link` confirms; it shows {now}, gxbridge would tell {ours}"
            yield Row(SECTION, "control-charger", "ok", text, "", service)
        elif path in items and not names & UNTOLD:
            text = f"yes: {who} can be told; now {now}, gxbridge would tell {ours}"
            text += _in_a_day(explanation, service, path)
            yield Row(SECTION, "control-charger", "ok", text, "", service)
        else:
            advice = f"{limit['sentence']} It follows its own settings and the BMS's charge terminal only."
            yield Row(SECTION, "control-charger", "warning", f"no: {who} cannot be told", advice, service)
    known = {limit["subject"] for limit in told}
    for device in sort_services(facts.services).ac_chargers:
        if device.name not in known:
            text = f"no: {title(device)} is an AC charger that takes no limits from gxbridge"
            yield Row(
                SECTION, "control-charger", "warning", text, "The BMS's charge terminal must stop it.", device.name
            )
