"""Every reason as one row of a table, and the sentence that is made of them.

A translation is this table with other texts. `{words}` are filled in when a cap is made; `{amount}` is its own value.
Vendor facts in the inferences: Victron, Lynx Smart BMS manual (3.75 V, 2.8 V, 5 C) and smallBMS manual (3.1 V).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.limit.cap import Cap, CapKind, Limit, LimitName, Unit
from gxbridge.core.model.named_tuple import NamedTuple


class Reason(NamedTuple):
    """`text` says it; `doc` says where its value comes from and its default."""

    kind: CapKind
    text: str
    doc: str
    named: bool = False
    """The text is the name of a setting: `user limit 60 A`, where others are `60 A said by ...`."""


def _said(text: str, doc: str) -> Reason:
    return Reason("said", text, doc)


def _named(kind: CapKind, text: str, doc: str) -> Reason:
    return Reason(kind, text, doc, named=True)


def _user(text: str, doc: str) -> Reason:
    return Reason("user", text, doc)


def _rule(text: str, doc: str) -> Reason:
    return Reason("rule", text, doc)


def _likely(text: str, doc: str) -> Reason:
    return Reason("inferred", text, doc)


REASONS: Final[Mapping[str, Reason]] = {
    # What the BMS said.
    "bms-cvl": _said("said by the {bms}", "the BMS's /Info/MaxChargeVoltage"),
    "bms-ccl": _said("said by the {bms}", "the BMS's /Info/MaxChargeCurrent"),
    "bms-dcl": _said("said by the {bms}", "the BMS's /Info/MaxDischargeCurrent"),
    "charge-refused": _said("charging is refused by the {bms}", "the BMS's /Io/AllowToCharge is 0"),
    "discharge-refused": _said("discharging is refused by the {bms}", "the BMS's /Io/AllowToDischarge is 0"),
    "vebus-refused": _said("charging is refused by the VE.Bus BMS", "/Bms/AllowToCharge of the VE.Bus system is 0"),
    "vebus-allowed": _said(
        "said by the VE.Bus BMS, which allows charging without a limit", "/Bms/AllowToCharge is 1: no limit"
    ),
    "other-stop": _said("{text}", "another BMS that can only say stop: wired terminals, Bluetooth, VE.Bus: 0 A"),
    "other-allowed": _said(
        "{text}", "another BMS that can only say yes or no allows charging: wired terminals, a two-signal BMS: no limit"
    ),
    "discharge-observed": _said(
        "{text}; observed, not enforced: no battery service gives a discharge limit that could be lowered",
        "another BMS says stop, and no BMS of the battery services is in control: nothing is written",
    ),
    "discharge-obeyed": _said(
        "{text}; the inverter/charger obeys it by itself, nothing is written",
        "a BMS behind a VE.Bus system says stop, and no BMS of the battery services is in control: nothing is written",
    ),
    # What is not known.
    "charge-unknown": _rule(
        "whether the {bms} allows charging is unknown, and unknown is not permission",
        "/Io/AllowToCharge is invalid or missing: 0 A",
    ),
    "discharge-unknown": _rule(
        "whether the {bms} allows discharging is unknown, so no discharge limit is renewed",
        "/Io/AllowToDischarge is invalid or missing: nothing is written",
    ),
    "other-unknown": _rule(
        "{text}, so no discharge limit is renewed",
        "whether another BMS that can only say yes or no allows discharging is unknown: nothing is written",
    ),
    "no-member-allows": _rule(
        "no battery that belongs to {bms} says that it allows charging, and unknown is not permission",
        "the vendor's totals of Lynx in parallel say no permission; at least one member must be there and say 1: 0 A",
    ),
    "no-member-discharges": _rule(
        "no battery that belongs to {bms} says that it allows discharging, so no discharge limit is renewed",
        "the same for discharging: nothing is written",
    ),
    "vebus-unknown": _rule(
        "whether the VE.Bus BMS allows charging is unknown, and unknown is not permission",
        "/Bms/AllowToCharge is invalid: 0 A",
    ),
    "ccl-unknown": _rule(
        "the {bms} gives no valid charge current limit, and unknown is not permission",
        "/Info/MaxChargeCurrent is invalid: 0 A",
    ),
    "ccl-missing": _rule("the {bms} gives no charge current limit", "/Info/MaxChargeCurrent is invalid: no limit"),
    "dcl-unknown": _rule(
        "the {bms} gives no valid discharge current limit, so none is renewed",
        "/Info/MaxDischargeCurrent is invalid: nothing is written",
    ),
    "no-bms": _rule(
        "no BMS is in control: none is known, or the settings choose none",
        "no battery service with /Info/MaxChargeVoltage",
    ),
    "bms-awaited": _rule(
        "a BMS is expected and has not been heard: the settings name one, or a charger or gxbridge remembers one",
        "/Settings/BmsPresent of a charger is 1, a Lynx was heard before the last start or has not said who it is, or "
        "/Settings/SystemSetup/BmsInstance names one: 0 A",
    ),
    "bms-unchosen": _rule(
        "a charger remembers a BMS, and the settings choose none of those that are there",
        "/Settings/SystemSetup/BmsInstance is -255 beside batteries that give limits: 0 A",
    ),
    "no-such-limit": _rule(
        "a BMS that only says yes or no gives no such limit", "wired terminals, a two-signal BMS or Bluetooth"
    ),
    "no-vebus-limit": _rule("a VE.Bus BMS gives no such limit", "a VE.Bus BMS only allows or refuses"),
    "bms-silent": _rule(
        "the {bms} is silent: nothing is granted",
        "until 60 s after its last message",
    ),
    "bms-elsewhere": _rule(
        "the {bms} has device instance {instance} now, and the settings choose another: nothing is granted",
        "the BMS that was in control is there with another /DeviceInstance: as if it were silent",
    ),
    "bms-lost": _rule(
        "the {bms} is lost: no limit is renewed, so that the chargers stop by themselves (#67)",
        "from 60 s after its last message on",
    ),
    "bms-remembered": _rule(
        "a charger remembers a BMS and none is there: no charger is told anything",
        "/Settings/BmsPresent is 1 without a BMS",
    ),
    "dvcc-off": _rule("DVCC is off", "the setting /Settings/Services/Bol"),
    "bms-incomplete": _rule(
        "the {bms} has not said its charge voltage limit, so it is not in control and its discharge limit is not told",
        "/Info/MaxChargeVoltage is invalid since it is there: nothing is written",
    ),
    "cvl-unknown": _rule(
        "the {bms} gives no valid charge voltage limit, so no charging is granted",
        "/Info/MaxChargeVoltage is invalid (a Lynx that has not said it yet) or below 0: 0 A",
    ),
    "cvl-refused": _rule(
        "{said} V is no charge voltage for a {nominal} V battery ({low} V to {high} V): refused, and no charging is "
        "granted",
        "the window of the nominal voltage",
    ),
    "led-refused": _rule(
        "{said} V is what the Multi or an inverter/charger asks for, and no charge voltage for a {nominal} V battery "
        "({low} V to {high} V): refused, and no charging is granted",
        "the window of the nominal voltage",
    ),
    # Users, installers, products.
    "user-voltage": _named("user", "user limit", "/Settings/SystemSetup/MaxChargeVoltage; 0 V: none"),
    "user-current": _named("user", "user limit", "/Settings/SystemSetup/MaxChargeCurrent; -1 A: none"),
    "installer-voltage": _named("installer", "installer limit", "dvcc.max_charge_voltage_v; none"),
    "installer-current": _named("installer", "installer limit", "dvcc.max_charge_current_a; none"),
    "installer-discharge": _named("installer", "installer limit", "dvcc.max_discharge_current_a; none"),
    "rule": _user("rule {rule}: {input}, curve {point}", "rules.limits: what the curve allows"),
    "rule-held": _user(
        "rule {rule}: {input}, curve {point}; {allowed} are allowed again when that has lasted",
        "rules.limits: the curve allows more; its hysteresis, hold_s or rise_per_s keeps it down",
    ),
    "rule-unknown": _user(
        "rule {rule}: the {input} is not known, so its most careful point applies",
        "rules.limits: no battery and no battery monitor gives the input, or one that gave it does not any more; the "
        "clock is not set, or the time zone is not known",
    ),
    "rule-part-unknown": _user(
        "rule {rule} by {input}: the BMS gives no limit of which a part could be taken",
        "rules.limits: a percentage of a limit that is not known: 0 A; of a discharge limit nothing is written",
    ),
    "rule-waits": _user(
        "rule {rule}: the {input} is not known yet, so no discharge limit is renewed",
        "rules.limits: in the first 10 s after the start, instead of 0 A: nothing is written",
    ),
    "rule-refused": _user(
        "{where} asks for {said} V, which is no charge voltage for a {nominal} V battery ({low} V to {high} V), so no "
        "charging is granted",
        "rules: the window of the nominal voltage",
    ),
    "storage-voltage": _user("the storage profile holds the battery at this voltage", "rules.storage.voltage_v"),
    "storage-soc": _user(
        "the storage profile holds the battery at {hold} %; {input}",
        "rules.storage.soc_percent: 0 A from there on, until it has lost 3 %",
    ),
    "storage-unknown": _user(
        "the storage profile holds the battery at {hold} %, and its state of charge is not known",
        "rules.storage.soc_percent: 0 A",
    ),
    "quirk-voltage": _rule("what this product ({product}) needs", "the table of BMS products"),
    "quirk-current": _rule(
        "what this product ({product}) needs, instead of the {said} A it said", "the table of BMS products"
    ),
    # What is added or changed.
    "dc-loads": _rule(
        "for the chargers {added} A that the metered DC loads take are added", "low pass of the DC system's power"
    ),
    "dc-loads-not": _rule(
        "the metered DC loads are not added, because this kind of BMS stops everything at 0 A", "the BMS product"
    ),
    "ac-loads": _rule(
        "for solar it is raised by {added} A that the Multi takes out of the battery",
        "low pass of the VE.Bus DC current",
    ),
    "untold": _rule(
        "{made} A are made by what cannot be told and are taken off",
        "what they make now, section Sharing",
    ),
    "pv-disabled": _rule("PV is disabled by energy management", "/Pv/Disable, for a minute"),
    "feed-in": _rule(
        "feed-in is on, so the charge current limit is not applied to solar (as the vendor does)",
        "/Settings/CGwacs/OvervoltageFeedIn with the ESS assistant",
    ),
    "feed-in-room": _rule(
        "with feed-in on, solar may make {added} A more than that, to find out whether more can be fed in",
        "the larger of 2 A and 5 % of what solar may make; taken back where it is charged",
    ),
    "feed-in-held": _rule(
        "feed-in is on, but solar may make no more than that: {why}",
        "the battery current, the Multi's current, and what the Multi says of feeding in",
    ),
    "rs-feed-in": _rule(
        "the Multi RS feeds in, so solar may make {added} A more",
        "what the RS system takes out of the battery now (vendor: its /Ess/BatteryDischargeCapacity)",
    ),
    # Chargers.
    "own-limit": _named("said", "its own setting", "the charger's /Settings/ChargeCurrentLimit"),
    "share": _rule("its share of {system}", "section Sharing"),
    "stopped": _rule("no charging is granted: {why}", "the system's limit"),
    "rest": _rule("its part of what the sun leaves of {system}", "section Sharing"),
    "no-limit": _rule("no charge current limit applies", "no BMS limit and no user limit"),
    "flat-out": _rule("it keeps what it was told, because all chargers together make all they can", "section Sharing"),
    "off": _rule("not controllable because it is off", "its /State is 0"),
    "asleep": _rule("it is off and may wake up; its share of {system}", "its /State is 0; at least 0.1 A"),
    "other-network": _rule("not controllable because it is in another network", "its /N2kDeviceInstance is not 0"),
    "no-setting": _rule("not controllable because its own limit is unknown", "its /Settings/ChargeCurrentLimit"),
    "own-zero": _rule("not controllable because its own setting is 0 A", "its /Settings/ChargeCurrentLimit is 0"),
    "no-path": _rule("not controllable because it takes no charge current", "it has no /Link/ChargeCurrent"),
    "firmware": _rule("its firmware is too old for external control", "the least firmware versions"),
    "set-apart": _rule("it shows another limit than it was told, and is only told less", "what it read back, twice"),
    "genset": _rule("a DC genset is told a voltage only", "as the vendor does"),
    "nothing-to-say": _rule("there is neither a voltage nor a current to tell it", "no BMS, no limit, no ESS"),
    "ac-charger": _rule("not controllable: an AC charger takes no limit", "com.victronenergy.charger"),
    "other-multi": _rule(
        "not controllable: only the first VE.Bus system is told limits",
        "/Settings/SystemSetup/DvccControlAllMultis is 0",
    ),
    # The Multi.
    "multi-rest": _rule(
        "what is left of {system} by {others}",
        "the limit minus what they are told or make (vendor: what they make)",
    ),
    "multi-alone": _rule("all of {system}: nothing is there that shares it", "the limit"),
    "charge-power": _rule("the charge power asked for by energy management", "dvcc.charge_power_w; none"),
    "no-multi": _rule("no VE.Bus system is there", "com.victronenergy.vebus"),
    # What is likely behind it.
    "trouble": _likely("{trouble}", "the BMS's alarms, /ErrorCode and /State, or a limit that is not a number"),
    "cell-high": _likely("highest cell {cell} V; batteries stop at 3.75 V", "/System/MaxCellVoltage >= 3.75 V"),
    "cell-high-waits": _likely(
        "highest cell {cell} V; after a stop charging resumes below 3.6 V", "/System/MaxCellVoltage >= 3.6 V"
    ),
    "cell-low": _likely("lowest cell {cell} V; batteries stop at 2.8 V by default", "/System/MinCellVoltage <= 2.8 V"),
    "cell-low-waits": _likely(
        "lowest cell {cell} V; after a stop discharging resumes at 3.2 V", "/System/MinCellVoltage < 3.2 V"
    ),
    "cold": _likely(
        "coldest cell {temperature}; charging stops below +5 °C by default", "/System/MinCellTemperature < 5 °C"
    ),
    "cold-battery": _likely(
        "battery at {temperature}; charging stops below +5 °C by default",
        "/Dc/0/Temperature < 5 °C, where no cell temperature is given",
    ),
    "pre-alarm": _likely(
        "lowest cell {cell} V; the pre-alarm is at 3.1 V by default", "/System/MinCellVoltage <= 3.1 V"
    ),
}

TITLES: Final[Mapping[LimitName, str]] = {
    "CVL": "CVL",
    "CCL": "CCL",
    "DCL": "DCL",
    "charger": "Charge current",
    "multi": "Multi",
}
NOTHING: Final = "none"
SAID: Final = "said by "
"""How the text begins of a value that somebody said."""
UNLIMITED: Final = "no limit"
UNLIMITED_PART: Final = "an unlimited current"
UNLIMITED_A: Final = 5000.0
"""A current from here on is the 10000 A that stands for "no limit", less what loads or other chargers make of it."""
LIKELY: Final = " (likely: {texts})"
NEXT: Final = " Next: "
TERM_NAMES: Final = frozenset(
    {
        *("dc-loads", "dc-loads-not", "ac-loads", "untold", "pv-disabled", "firmware", "no-bms"),
        *("feed-in", "feed-in-room", "feed-in-held", "rs-feed-in"),
    }
)
"""Caps that explain a change of the value, as sentences of their own."""


@lru_cache(maxsize=4096)
def plain(value: float) -> str:
    """A number for people: at most two decimals, none that say nothing."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4096)
def amount(value: float | None, unit: Unit) -> str:
    """A value with its unit, a current to the 0.1 A in which it is told; what only stands for "no limit" in words."""
    if value is None:
        return NOTHING
    if unit == "V":
        return f"{plain(value)} V"
    return UNLIMITED if value >= UNLIMITED_A else f"{plain(round(value, 1) or value)} A"


def part_of(value: float | None) -> str:
    """A current (A) that something is a part of."""
    found = amount(value, "A")
    return UNLIMITED_PART if found == UNLIMITED else found


def load(current_a: float) -> str:
    """A smoothed current for people: nobody reads a hundredth of an ampere off a low pass."""
    return plain(round(current_a, 1) if abs(current_a) < 10 else round(current_a))


def reason_text(name: str, /, **words: str) -> str:
    """The text of a reason with its words filled in."""
    text = REASONS[name].text
    return text.format_map(words) if words else text


def cap(
    name: str,
    value: float | None,
    unit: Unit,
    source: str = "",
    path: str = "",
    since: float | None = None,
    /,
    **words: str,
) -> Cap:
    """A cap with the text of its reason."""
    return Cap(value, unit, name, REASONS[name].kind, source, path, since, reason_text(name, **words), words)


def by_value(c: Cap) -> tuple[bool, float]:
    """Sorts caps: the lowest first, explanations last."""
    return (c.value is None, c.value or 0.0)


def ordered(caps: Sequence[Cap]) -> tuple[Cap, ...]:
    """The lowest first, equals as they came, explanations last."""
    return tuple(caps) if len(caps) < 2 else tuple(sorted(caps, key=by_value))


def compose(name: LimitName, value: float | None, unit: Unit, caps: Sequence[Cap]) -> str:
    """The sentence for a value and its caps, the winner first."""
    text = caps[0].text
    likely = terms = runner = ""
    for c in caps[1:]:
        if c.kind == "inferred":
            likely += f", {c.text}" if likely else c.text
        elif c.name in TERM_NAMES:
            terms += term_text(c)
        elif not runner and value is not None and c.value is not None and UNLIMITED_A > value < c.value:
            runner = would_hold(c)
    return finish(name, value, unit, text + LIKELY.format(texts=likely) if likely else text, terms, runner)


def finish(name: LimitName, value: float | None, unit: Unit, text: str, terms: str, runner: str) -> str:
    """Put a sentence together from its parts."""
    start = f"{TITLES[name]} {amount(value, unit)}: {text}.{terms}"
    return f"{start}{NEXT}{runner}." if runner else start


def term_text(c: Cap) -> str:
    """What changes the value, as a sentence of its own."""
    return f" {c.text[0].upper()}{c.text[1:]}."


def spoken(c: Cap) -> str:
    """A reason that stands by itself: `0 A said by the BMS`, `charging is refused by the BMS`."""
    return f"{amount(c.value, c.unit)} {c.text}" if c.text.startswith(SAID) else c.text


def would_hold(following: Cap) -> str:
    """What would hold next: `user limit 60 A`, `60 A said by the BMS`, `0 A: the BMS is silent`."""
    reason = REASONS[following.name]
    value = amount(following.value, following.unit)
    if reason.named:
        return f"{following.text} {value}"
    return f"{value} {following.text}" if reason.kind == "said" else f"{value}: {following.text}"


def limit(name: LimitName, subject: str, value: float | None, unit: Unit, caps: Sequence[Cap]) -> Limit:
    """A limit with its sentence; `caps`: the winner first, the rest is put in order here."""
    in_order = (caps[0], *sorted(caps[1:], key=by_value)) if len(caps) > 2 else tuple(caps)
    return Limit(name, subject, value, unit, in_order, compose(name, value, unit, in_order))
