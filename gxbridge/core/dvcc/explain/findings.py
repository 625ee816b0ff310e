"""What a person should know about a round: one table of texts, and the functions that look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.decision import Cap, Controller
from gxbridge.core.dvcc.limit.reasons import amount
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.battery_voltage import Voltage
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.services import Device, title
from gxbridge.core.dvcc.tell.charger_orders import ChargerOrder
from gxbridge.core.model.finding import Finding, Severity


class FindingText(NamedTuple):
    """A finding's severity, text and advice; `{words}` are filled in."""

    severity: Severity
    text: str
    advice: str


LOOK: Final = "Look whether the BMS is on and its cable is fine; some values come only on change or on request."
FINDINGS: Final[Mapping[str, FindingText]] = {
    "cvl-refused": FindingText(
        "alarm", "{why}.", "Check the BMS, and the nominal voltage (dvcc.nominal_voltage_v or the battery's setting)."
    ),
    "led-refused": FindingText(
        "alarm", "{why}.", "Check the Multi or inverter/charger that leads, and the nominal voltage."
    ),
    "cvl-unknown": FindingText("alarm", "{why}.", LOOK),
    "charge-unknown": FindingText("warning", "{why}.", LOOK),
    "ccl-unknown": FindingText("warning", "{why}.", LOOK),
    "vebus-unknown": FindingText("warning", "{why}.", LOOK),
    "feed-in-override": FindingText(
        "info",
        "Feed-in is on, so the charge current limit of {limit} is not applied to solar.",
        "Switch DC-coupled feed-in off, or limit each charger by its own setting, if the battery must be spared.",
    ),
    "dc-loads-not-added": FindingText(
        "info",
        "The metered DC loads are not added to the charge current limit: this kind of BMS stops everything at 0 A.",
        "Expect the battery to get less than its limit while DC loads run.",
    ),
    "firmware-insufficient": FindingText(
        "warning", "The firmware of {device} is too old to be controlled.", "Update its firmware."
    ),
    "multiple-batteries": FindingText(
        "warning",
        "{count} battery services give limits; {who} controls.",
        "Choose the controlling BMS in the GX's settings if this is not the right one.",
    ),
    "bms-silent": FindingText(
        "alarm",
        "{device} is silent: charging is stopped, and in a minute nothing is written any more.",
        "Check the BMS, its cable and the CAN termination.",
    ),
    "bms-lost": FindingText(
        "alarm",
        "{device} is lost: nothing is written, chargers stop with error #67 and the Multi by its own timer.",
        "Check the BMS, its cable and the CAN termination; everything goes on when it is heard again.",
    ),
    "bms-remembered": FindingText(
        "warning",
        "{device} remembers a BMS, and none is there: nothing is written to any charger.",
        "Connect the BMS, or reset the charger's setting BMS present if there is none any more.",
    ),
    "ccl-exceeded": FindingText(
        "warning",
        "The battery was charged with up to {worst} A for more than 10 s, {more} A above its {name} of {limit} A; "
        "{why}.",
        "Find the charger that is not controlled: alternators and chargers without a data link obey only wires.",
    ),
    "ccl-slow": FindingText(
        "info",
        "After its {name} dropped, it took {lag} s until the battery current had followed.",
        "Look which charger follows slowly, and update its firmware.",
    ),
    "ccl-restless": FindingText(
        "info",
        "{name} went up and down six times or more in {minutes} minutes.",
        "Limit the charge current by the user limit, a little below where it begins.",
    ),
    "dcl-exceeded": FindingText(
        "warning",
        "The battery was discharged with up to {worst} A for more than 10 s, {more} A above its {name} of {limit} A; "
        "{why}.",
        "Loads on the DC side do not obey limits: reduce them, or check the BMS's setting.",
    ),
    "dcl-slow": FindingText(
        "info",
        "After its {name} dropped, it took {lag} s until the battery current had followed.",
        "Look which inverter follows slowly, and update its firmware.",
    ),
    "dcl-restless": FindingText(
        "info",
        "{name} went up and down six times or more in {minutes} minutes.",
        "Reduce the loads, or charge earlier.",
    ),
    "pre-alarm": FindingText(
        "warning",
        "Pre-alarm of {bms}: the battery is almost empty, and discharging may be refused half a minute after it began.",
        "Charge now, or reduce the loads.",
    ),
    "discharge-not-enforced": FindingText(
        "warning",
        "{why}.",
        "The loads, and the remote input of the inverter, must be switched off by the BMS's own load disconnect wire.",
    ),
    "sense-behind-contactor": FindingText(
        "info",
        "The voltage of {device} is not shared: its contactor is open, or its state is not running.",
        "It is shared again when the BMS runs.",
    ),
}
UNKNOWN: Final = frozenset({"charge-unknown", "ccl-unknown", "vebus-unknown"})
"""Reasons of CCL that are findings too."""


def finding(now: float, name: str, subject: str, /, **words: str) -> Finding:
    """A finding that holds now."""
    severity, text, advice = FINDINGS[name]
    return Finding(name, severity, subject, text.format_map(words), advice, now, now)


def of_reason(now: float, reason: Cap) -> Finding:
    """A finding that says what a reason says."""
    return finding(now, reason.name, reason.source, why=reason.text[0].upper() + reason.text[1:])


def round_findings(
    inputs: Inputs,
    ccl: Capped,
    dcl: Capped,
    amps: Currents,
    told: Sequence[ChargerOrder],
    old: Sequence[Device],
    refused: Cap | None,
    now: float,
) -> Iterator[Finding]:
    """What a full round found."""
    for device in old:
        yield finding(now, "firmware-insufficient", device.name, device=title(device))
    if inputs.selection.bmses > 1:
        name, who = ("", "none of them") if inputs.bms is None else (inputs.bms.name, title(inputs.bms))
        yield finding(now, "multiple-batteries", name, count=str(inputs.selection.bmses), who=who)
    if refused is not None:
        yield of_reason(now, refused)
    for reason in ccl.caps:
        if reason.name in UNKNOWN:
            yield of_reason(now, reason)
    for reason in dcl.caps:
        if reason.name == "discharge-observed":
            yield finding(now, "discharge-not-enforced", reason.source, why=reason.text)
    if ccl.value is not None and "feed-in" in [one.why for one in told]:
        subject = "" if inputs.multi is None else inputs.multi.name
        yield finding(now, "feed-in-override", subject, limit=amount(ccl.value, "A"))
    if any(term.name == "dc-loads-not" for term in amps.terms):
        yield finding(now, "dc-loads-not-added", "" if inputs.bms is None else inputs.bms.name)


def loss_finding(controller: Controller, silent: bool, now: float) -> Finding:
    """A BMS that was in control is not heard."""
    return finding(now, "bms-silent" if silent else "bms-lost", controller.name, device=controller.title)


def remembered_finding(inputs: Inputs, now: float) -> Finding:
    """A charger remembers a BMS that is not there."""
    device = next(device for device in inputs.installation.chargers if device.items.get(p.BMS_PRESENT) == 1)
    return finding(now, "bms-remembered", device.name, device=title(device))


def sense_finding(voltage: Voltage, now: float) -> Finding:
    """A voltage that is not shared because of the contactor."""
    return finding(now, "sense-behind-contactor", voltage.source.name, device=title(voltage.source))
