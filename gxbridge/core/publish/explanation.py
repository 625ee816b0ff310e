"""The whole explanation as one value: what is published as JSON, and the same in plain words.

Moments are epoch seconds. The text holds no age, so that it changes only when a reason changes; `gxbridge explain` adds
the ages when it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from gxbridge.core.channels.other_channels import OtherChannelsView
from gxbridge.core.dvcc.limit.cap import Cap, Limit
from gxbridge.core.dvcc.limit.reasons import amount, reason_text
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.orders_of_a_day import OrdersOfADay
from gxbridge.core.dvcc.run.watching.shared import SHARED
from gxbridge.core.model.battery import Battery, Provisional
from gxbridge.core.model.finding import Finding, stopped
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.permission import Stop
from gxbridge.core.model.record import record
from gxbridge.core.model.wording import duration_text

if TYPE_CHECKING:
    from gxbridge.core.bank.view import BankView

Epoch = Callable[[float | None], int | None]
"""Monotonic seconds to epoch seconds."""

FORMAT = 1
"""Of the JSON: raised when a field goes or changes its meaning, not when one is added."""
MOVED = "has another device instance"
"""What is said of a BMS whose state is `moved`."""
LIMIT_TITLES = {"CVL": "Charge voltage", "CCL": "Charge current", "DCL": "Discharge current"}


class BatteryNote(NamedTuple):
    """What is said about one battery besides its values: where it is published and why."""

    battery: Battery
    service: str
    published: str
    reason: str


@record
class Situation:
    """Everything the explanation is made of."""

    mode: str
    effective: str
    profile: str
    master: str
    master_reason: str
    decision: Decision
    since: Mapping[tuple[str, str], float]
    """(limit name, subject) -> monotonic seconds since when the limit has its value."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Service -> name for people."""
    instances: Mapping[str, int] = field(default_factory=dict)
    """Service of a charger or Multi -> its device instance."""
    batteries: tuple[BatteryNote, ...] = ()
    provisional: tuple[Provisional, ...] = ()
    other_channels: OtherChannelsView = field(default_factory=OtherChannelsView)
    """BMSes that say only yes or no: behind VE.Bus, wired, or heard over Bluetooth."""
    evidence: tuple[str, ...] = ()
    """What VE.Can shows of VE.Bus systems; it decides nothing."""
    findings: tuple[Finding, ...] = ()
    orders: OrdersOfADay = field(default_factory=OrdersOfADay)
    """What was told, or would have been, in the last 24 hours; read when somebody asks."""
    banks: tuple[BankView, ...] = ()
    recognised: Callable[[], tuple[BankView, ...]] = tuple
    """What looks like a bank and is none in the configuration; asked when somebody asks."""


def _cap(cap: Cap, epoch: Epoch) -> dict[str, Any]:
    return {
        "value": cap.value,
        "unit": cap.unit,
        "name": cap.name,
        "kind": cap.kind,
        "source": cap.source,
        "path": cap.path,
        "since": epoch(cap.since),
        "text": cap.text,
        "arguments": dict(cap.arguments),
    }


def _limit_data(limit: Limit, situation: Situation, epoch: Epoch) -> dict[str, Any]:
    return {
        "name": limit.name,
        "subject": limit.subject,
        "subject_name": situation.names.get(limit.subject, ""),
        "value": limit.value,
        "unit": limit.unit,
        "since": epoch(situation.since.get((limit.name, limit.subject))),
        "sentence": limit.sentence,
        "caps": [_cap(cap, epoch) for cap in limit.caps],
    }


def _stop(stop: Stop, epoch: Epoch) -> dict[str, Any]:
    return {
        "kind": stop.kind,
        "source": stop.source,
        "path": stop.path,
        "since": epoch(stop.since),
        "text": stop.text,
        "refused": stop.refused,
    }


def _finding(finding: Finding, epoch: Epoch) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "subject": finding.subject,
        "text": finding.text,
        "advice": finding.advice,
        "arguments": dict(finding.arguments),
        "first": epoch(finding.first),
        "count": finding.count,
    }


def banks_data(views: Sequence[BankView]) -> list[dict[str, Any]]:
    """Banks as plain data; what makes it is imported where there is one."""
    if not views:
        return []
    from gxbridge.core.bank.view import bank_data

    return [bank_data(view) for view in views]


def as_dict(situation: Situation, epoch: Epoch) -> dict[str, Any]:
    """The explanation as plain dicts and lists, ready for JSON."""
    decision = situation.decision
    return {
        "format": FORMAT,
        "dvcc": {
            "mode": situation.mode,
            "effective": situation.effective,
            "profile": situation.profile,
            "master": situation.master,
            "master_reason": situation.master_reason,
        },
        "bms": {
            "service": decision.bms_service,
            "name": situation.names.get(decision.bms_service, ""),
            "state": decision.bms_state,
            "since": epoch(decision.bms_since),
            "charge_link_ends_at": epoch(decision.charge_link_ends_at),
            "multi_stops_at": epoch(decision.multi_stops_at),
            "clocks": [
                {"name": clock.name, "ends_at": epoch(clock.ends_at), "text": clock.text} for clock in decision.clocks
            ],
        },
        "limits": [_limit_data(limit, situation, epoch) for limit in decision.limits],
        "rules": {
            "act": decision.rules.act,
            "storing": decision.rules.storing,
            "charging_full": decision.rules.charging_full,
            "items": [
                {
                    "name": verdict.name,
                    "limit": verdict.limits,
                    "value": verdict.value,
                    "unit": verdict.unit,
                    "text": reason_text(verdict.reason, **verdict.words),
                }
                for verdict in decision.rules.verdicts
            ],
        },
        "shared": [
            {
                "text": SHARED[one.path][0],
                "unit": SHARED[one.path][1],
                "path": one.path,
                "value": one.value,
                "source": one.source,
                "source_name": situation.names.get(one.source, ""),
                "receivers": list(one.receivers),
                "receiver_names": [situation.names.get(name, name) for name in one.receivers],
            }
            for one in decision.shared
        ],
        "batteries": [
            {
                "name": note.battery.product_name,
                "serial": note.battery.serial,
                "unique_number": note.battery.unique_number,
                "bus": note.battery.bus,
                "address": note.battery.address,
                "state": note.battery.state,
                "since": epoch(note.battery.since),
                "service": note.service,
                "published": note.published,
                "published_reason": note.reason,
                "unseen": list(note.battery.unseen),
                "fell_silent": [{"text": text, "last": epoch(last)} for text, last in note.battery.fell_silent],
            }
            for note in situation.batteries
        ],
        "banks": banks_data((*situation.banks, *situation.recognised())),
        "waiting": [
            {
                "bus": item.bus,
                "address": item.address,
                "product": item.product_name,
                "missing": list(item.missing),
                "text": item.text,
            }
            for item in situation.provisional
        ],
        "relatives": {
            "sentences": list(situation.other_channels.sentences),
            "evidence": list(situation.evidence),
            "charge_stops": [_stop(stop, epoch) for stop in situation.other_channels.charge_stops],
            "discharge_stops": [_stop(stop, epoch) for stop in situation.other_channels.discharge_stops],
        },
        "findings": [_finding(finding, epoch) for finding in situation.findings],
        "orders": {
            "since": epoch(situation.orders.since),
            "items": [
                {"service": service, "path": path, "least": told.least, "most": told.most, "changes": told.changes}
                for (service, path), told in situation.orders.day().items()
            ],
        },
    }


def as_json(explanation: Mapping[str, Any]) -> str:
    """One line of JSON with a fixed order of keys."""
    return json.dumps(explanation, ensure_ascii=False, separators=(",", ":"))


def _since(moment: int | None, now_epoch: int | None) -> str:
    if moment is None or now_epoch is None or now_epoch < moment:
        return ""
    return f", for {duration_text(now_epoch - moment)}"


def _number(value: float | None, unit: str, subject: str) -> str:
    if value is None:
        return "told nothing" if subject else "nothing granted" if unit == "A" else "no voltage given"
    return f"{value:.2f} V" if unit == "V" else amount(value, "A")


def limit_title(limit: Mapping[str, Any]) -> str:
    """What a limit is called: `Charge current (CCL)`, `Charger MPPT 150/35`."""
    if (title := LIMIT_TITLES.get(limit["name"])) is not None:
        return f"{title} ({limit['name']})"
    kind = "Charger" if limit["name"] == "charger" else "Inverter/charger"
    return f"{kind} {limit['subject_name'] or limit['subject']}"


def limits_of(explanation: Mapping[str, Any], wanted: str = "") -> list[Mapping[str, Any]]:
    """The limits that are shown: all, or CVL, CCL, DCL or those of devices whose name or service holds `wanted`."""
    shown = [limit for limit in explanation["limits"] if limit["name"] in LIMIT_TITLES or limit["subject"]]
    word = wanted.lower()
    named = [limit for limit in shown if limit["name"].lower() == word]
    return named or [limit for limit in shown if word in f"{limit['subject_name']} {limit['subject']}".lower()]


def limits_text(limits: Sequence[Mapping[str, Any]], now_epoch: int | None, *, short: bool) -> str:
    """Limits in plain words. `short`: a line for each, the reason that holds and what would hold next."""
    if not short:
        return "\n\n".join("\n".join(_limit_lines(limit, now_epoch)) for limit in limits)
    return "\n".join(
        f"{'' if limit['name'] in LIMIT_TITLES else f'{limit_title(limit)}: '}{limit['sentence']}" for limit in limits
    )


def _limit_lines(limit: Mapping[str, Any], now_epoch: int | None) -> list[str]:
    value = _number(limit["value"], limit["unit"], limit["subject"])
    lines = [f"{limit_title(limit)}: {value}{_since(limit['since'], now_epoch)}", f"    {limit['sentence']}"]
    for cap in limit["caps"]:
        value = "" if cap["value"] is None else f"{amount(cap['value'], cap['unit'])}  "
        where = " ".join(part for part in (cap["source"], cap["path"]) if part)
        origin = f"{cap['kind']}: {where}" if where else cap["kind"]
        lines.append(f"    - {value}{cap['text']} [{origin}{_since(cap['since'], now_epoch)}]")
    return lines


def rules_lines(explanation: Mapping[str, Any]) -> list[str]:
    """The user's rules in plain words: what they allow, or would."""
    rules = explanation.get("rules") or {"items": (), "storing": None}
    if not rules["items"] and rules["storing"] is None:
        return []
    lines = ["", "Rules:" if rules["act"] else "Rules (shown only: they act while gxbridge is in control):"]
    for rule in rules["items"]:
        held = "nothing is renewed" if rules["act"] else "nothing would be renewed"
        allows = "at most" if rules["act"] else "would allow at most"
        if rule["value"] is not None:
            held = f"{allows} {amount(rule['value'], rule['unit'])}"
        lines.append(f"    - {rule['limit']}: {held}: {rule['text']}")
    if rules["storing"] is not None:
        state = "suspended for a full charge" if rules["charging_full"] else "on" if rules["storing"] else "off"
        lines.append(f"    - storage profile: {state}")
    return lines


def _fell_silent(registers: Sequence[Mapping[str, Any]], now_epoch: int | None) -> list[str]:
    """What was heard and is not any more, those that ended together in one line."""
    ended: dict[int, list[str]] = {}
    for one in registers:
        ended.setdefault(one["last"], []).append(one["text"])
    return [
        f"    not heard any more{_since(last, now_epoch)}: {', '.join(texts)}" for last, texts in sorted(ended.items())
    ]


def as_text(explanation: Mapping[str, Any], now_epoch: int | None = None) -> str:
    """Plain words, one block for each limit. With `now_epoch` (epoch seconds) ages are added."""
    dvcc, bms = explanation["dvcc"], explanation["bms"]
    mode = (
        dvcc["effective"] if dvcc["effective"] == dvcc["mode"] else f"{dvcc['effective']} (configured: {dvcc['mode']})"
    )
    lines = [f"DVCC: {mode}, profile {dvcc['profile']}. {dvcc['master_reason']}".rstrip()]
    word = MOVED if bms["state"] == "moved" else bms["state"]
    state = "no BMS in control" if bms["state"] == "none" else f"{bms['name'] or bms['service']}: {word}"
    lines.append(f"BMS: {state}{_since(bms['since'], now_epoch)}")
    for clock in bms["clocks"]:
        if now_epoch is not None:
            lines.append(f"    in {max(0, clock['ends_at'] - now_epoch)} s: {clock['text']}")
    lines += ["", limits_text(limits_of(explanation), now_epoch, short=False)]
    for one in explanation.get("shared", ()):
        whose = one["source_name"] or one["source"]
        value = f"{one['value']:.4g} {one['unit']}"
        would = "" if dvcc["effective"] == "control" else " (if gxbridge were in control)"
        lines += ["", f"{one['text']}{would}: {value} of {whose}, for {', '.join(one['receiver_names'])}"]
    lines += rules_lines(explanation)
    for note in explanation["batteries"]:
        where = note["service"] or "not published"
        state = f"{note['state']}{_since(note['since'], now_epoch)}; {where}"
        lines += ["", f"Battery {note['name']} {note['serial'] or note['unique_number']} on {note['bus']}: {state}"]
        if note["published_reason"]:
            lines.append(f"    {note['published_reason']}")
        if note["unseen"]:
            lines.append(f"    not heard since start (sent on change or on request): {', '.join(note['unseen'])}")
        lines += _fell_silent(note.get("fell_silent", ()), now_epoch)
    for bank in explanation.get("banks", ()):
        from gxbridge.core.bank.words import bank_lines

        lines += ["", *bank_lines(bank, now_epoch)]
    for text in (*explanation["relatives"]["sentences"], *explanation["relatives"].get("evidence", ())):
        lines += ["", text]
    for item in explanation["waiting"]:
        lines += ["", f"Waiting: {item['text']}"]
    for finding in explanation["findings"]:
        lines += [
            "",
            stopped(f"{finding['severity'].upper()}{_since(finding['first'], now_epoch)}: {finding['text']}"),
            f"    {stopped(finding['advice'])}",
        ]
    return "\n".join(lines)
