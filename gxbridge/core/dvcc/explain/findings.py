"""What a person should know about a round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.reasons import amount, plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.battery_voltage import Voltage
from gxbridge.core.dvcc.read.believed.doubted import Doubts
from gxbridge.core.dvcc.read.devices.bank import Exemption, counts_as_bms, is_aggregate, is_totals
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem, title
from gxbridge.core.dvcc.read.inputs import Inputs, debug_values, same_instances
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder
from gxbridge.core.model.finding import Finding, finding

UNKNOWN: Final = frozenset({"charge-unknown", "ccl-unknown", "no-member-allows", "vebus-unknown"})
"""Reasons of CCL that are findings too."""
UNHEARD: Final = frozenset({"cvl-unknown", "bms-awaited"})
"""Reasons for no charging at all that a BMS may still take away by speaking."""
GRACE_S: Final = 10.0
"""So long after it was first heard a BMS may still have to say what it allows: that is no finding."""
LEFT_OUT: Final[Mapping[Exemption, str]] = {
    "other-nominal-voltage": "it has another nominal voltage than the BMS in control",
    "other-bank": "the configuration calls it another bank",
    "other-network": "it has another N2K device instance than the BMS in control, which makes it another bank",
    "virtual-copy": "it is a virtual copy beside the BMS itself",
}


def of_reason(now: float, reason: Cap) -> Finding:
    """A finding that says what a reason says."""
    return finding(reason.name, reason.source, now, why=reason.text[0].upper() + reason.text[1:])


def round_findings(
    inputs: Inputs,
    ccl: Capped,
    dcl: Capped,
    amps: Currents,
    told: Sequence[ChargerOrder],
    old: Sequence[Charger | VebusSystem],
    refused: Cap | None,
    seen: Mapping[str, float],
    now: float,
) -> Iterator[Finding]:
    """What a full round found. `seen`: since when each battery is there."""
    for device in old:
        yield finding("firmware-insufficient", device.name, now, device=title(device))
    for instance, batteries in same_instances(inputs).items():
        names = " and ".join(battery.title for battery in batteries)
        yield finding("same-instance", batteries[0].name, now, devices=names, instance=f"{instance:g}")
    for path, value in debug_values(inputs).items():
        yield finding("debug-values", p.SYSTEM, now, path=path, value=f"{value:g}")
    for bms, why in inputs.bank.left_out:
        yield finding("battery-left-out", bms.name, now, device=bms.title, why=LEFT_OUT[why])
    summed = any(is_totals(bms) or is_aggregate(bms, inputs.options.aggregates) for bms in inputs.batteries)
    if inputs.selection.bmses > 1 and not inputs.options.every_bms_limits and not summed:
        name, who = ("", "none of them") if inputs.bms is None else (inputs.bms.name, inputs.bms.title)
        yield finding("multiple-batteries", name, now, services=inputs.selection.bmses, who=who)
    early = refused is not None and refused.name in UNHEARD and in_grace(refused.source, seen, now)
    elsewhere = {"bms-unchosen", "bms-awaited"} if inputs.bms_awaited else {"bms-unchosen"}
    if inputs.bms is not None:
        elsewhere.add("bms-awaited")  # the one that was chosen is not there: `choice_findings`
    if refused is not None and not early and refused.name not in elsewhere and not unreadable(inputs, refused):
        yield of_reason(now, refused)
    banks = {bms.name for bms in inputs.batteries if bms.adds}  # what is unknown of them is a member's, and said there
    for reason in ccl.caps:
        known = reason.source in banks or unreadable(inputs, reason)
        if reason.name in UNKNOWN and not in_grace(reason.source, seen, now) and not known:
            yield of_reason(now, reason)
    for reason in dcl.caps:
        if reason.name == "discharge-observed" and (reason.since is None or now - reason.since >= GRACE_S):
            yield finding("discharge-not-enforced", reason.source, now, why=reason.text)
    if ccl.value is not None and "feed-in" in [one.why for one in told]:
        subject = "" if inputs.multi is None else inputs.multi.name
        yield finding("feed-in-override", subject, now, limit=amount(ccl.value, "A"))
    if amps.fed is not None and amps.fed.blind:
        yield finding("feed-in-held", "" if inputs.multi is None else inputs.multi.name, now, why=amps.fed.held)
    if any(term.name == "dc-loads-not" for term in amps.terms):
        yield finding("dc-loads-not-added", "" if inputs.bms is None else inputs.bms.name, now)


def unreadable(inputs: Inputs, reason: Cap) -> bool:
    """Is a limit unknown because it is text? That is a finding with a cure of its own."""
    return any(
        one.kind == "unreadable" and one.path == reason.path
        for bms in inputs.batteries
        if bms.name == reason.source
        for one in bms.troubles
    )


def in_grace(service: str, seen: Mapping[str, float], now: float) -> bool:
    """Was a battery first heard a moment ago?"""
    return now - seen.get(service, now - GRACE_S) < GRACE_S


def loss_finding(service: str, bms: str, silent: bool, now: float, *, gives_voltage: bool) -> Finding:
    """A BMS that was in control is not heard. `gives_voltage`: it may as well have stopped to give its CVL."""
    if silent:
        what = "is silent, or gives no charge voltage limit any more" if gives_voltage else "is silent"
    else:
        or_given = ", or has given no charge voltage limit," if gives_voltage else ""
        what = f"has not been heard{or_given} for a minute"
    return finding("bms-silent" if silent else "bms-lost", service, now, device=bms, what=what)


def remembered_findings(inputs: Inputs, seen: Mapping[str, float], now: float) -> Iterator[Finding]:
    """A charger remembers a BMS that is not in control. Only where nothing looks like one is a reset worth a word."""
    if in_grace("", seen, now):
        return
    charger = next(charger for charger in inputs.installation.chargers if charger.bms_present == 1)
    there = inputs.bms_awaited or any(counts_as_bms(bms) for bms in inputs.batteries)
    yield finding("bms-there" if there else "bms-remembered", charger.name, now, device=title(charger))


def sense_finding(voltage: Voltage, now: float) -> Finding:
    """A voltage that is not shared because of the contactor."""
    return finding("sense-behind-contactor", voltage.source.name, now, device=voltage.source.title)


def doubt_findings(doubts: Doubts, now: float) -> Iterator[Finding]:
    """What is measured and cannot be."""
    for why, service, who, path, value, expected_v in doubts.doubted:
        expected = plain(expected_v or 0.0)
        yield finding(why, f"{service}{path}", now, device=who, path=path, value=f"{value:g}", expected=expected)
    pair = doubts.disagreement
    if pair is not None:
        low, low_v, high, high_v = pair
        words = {"device": low.title, "value": plain(low_v), "other": high.title, "other_value": plain(high_v)}
        yield finding("voltages-disagree", low.name, now, **words)
