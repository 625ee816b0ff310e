"""The caps of the three system limits: charge voltage (CVL), charge current (CCL), discharge current (DCL).

Source of the vendor's rules: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from gxbridge.core.dvcc.limit.bank_caps import (
    bank_charge_caps,
    bank_discharge_caps,
    bank_voltage_caps,
    refused_voltage,
)
from gxbridge.core.dvcc.limit.bms_limits import BmsLimits
from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.limit.likely import its_troubles, near_the_end, why_no_charge, why_no_discharge
from gxbridge.core.dvcc.limit.permissions import awaits_bms, battery_permission, vebus_permission
from gxbridge.core.dvcc.limit.reasons import cap, ordered, plain
from gxbridge.core.dvcc.limit.rule_caps import rule_caps
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.user_limits import HELD
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.plausible import NO_LIMIT_A, implausible, nominal_voltage
from gxbridge.core.dvcc.read.devices.quirks import quirk_of
from gxbridge.core.dvcc.read.devices.services import kind_of
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.user_settings import NO_BMS
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.permission import Permit, Stop


class Capped(NamedTuple):
    """A limit's value and its caps, the winner first. `refused`: what was said was nonsense, so charging stops."""

    value: float | None
    caps: tuple[Cap, ...]
    refused: bool = False


def lowest_value(caps: list[Cap]) -> float | None:
    """The least of the caps that have a value."""
    return min((c.value for c in caps if c.value is not None), default=None)


def missing(inputs: Inputs) -> str:
    """Why there is no limit of a battery BMS."""
    if inputs.selection.vebus_bms:
        return "no-vebus-limit"
    return "no-such-limit" if inputs.charge_permits or inputs.charge_stops or inputs.discharge_stops else "no-bms"


def cvl_caps(inputs: Inputs, limits: BmsLimits, history: CapHistory, measured_v: float | None) -> Capped:
    """The charge voltage limit: BMS, quirk, user, installer; nothing outside the window is ever told."""
    bms = inputs.bms
    if awaits_bms(inputs):
        unchosen = inputs.settings.bms_instance == NO_BMS and any(bms.offers_limits for bms in inputs.batteries)
        return Capped(None, (cap("bms-unchosen" if unchosen else "bms-awaited", None, "V"),), True)
    if bms is None:
        return Capped(None, (cap(missing(inputs), None, "V"),))
    if limits.cvl is None or limits.cvl_used is None:
        unknown = history.cap("cvl-unknown", None, "V", bms.name, p.CVL, bms=bms.title)
        return Capped(None, (unknown, *its_troubles(bms)), True)
    caps: list[Cap] = []
    if limits.cvl_used <= limits.cvl:
        caps.append(history.cap("bms-cvl", limits.cvl, "V", bms.name, p.CVL, bms=bms.title))
    if limits.cvl_used != limits.cvl:
        caps.append(
            history.cap("quirk-voltage", limits.cvl_used, "V", bms.name, p.PRODUCT_ID, product=inputs.quirk.name)
        )
    caps += bank_voltage_caps(inputs, history)
    user, ceiling = inputs.settings.max_voltage_v, inputs.options.max_charge_voltage_v
    if user > 0:
        caps.append(history.cap("user-voltage", user, "V", *user_source(inputs, p.SET_MAX_VOLTAGE)))
    if ceiling is not None:
        caps.append(history.cap("installer-voltage", ceiling, "V", inputs.options.file, "dvcc.max_charge_voltage_v"))
    value = min(c.value for c in caps if c.value is not None)
    others = refused_voltage(inputs, history, measured_v)
    if others is not None:
        return Capped(None, (others, *ordered(caps)), True)
    words = refusal(inputs, value, measured_v)
    if words is not None:
        refused = history.cap("cvl-refused", None, "V", bms.name, p.CVL, **words)
        return Capped(None, (refused, *ordered(caps)), True)
    return ruled_cvl(inputs, history, value, caps, measured_v)


def ruled_cvl(inputs: Inputs, history: CapHistory, value: float, caps: list[Cap], measured_v: float | None) -> Capped:
    """The charge voltage limit with the user's rules; one that is not a charge voltage for this battery is refused."""
    lowering = rule_caps(inputs, history, "CVL")
    in_order = ordered([*caps, *lowering])
    first = in_order[0]
    if first.value is None or first.value >= value:
        return Capped(value, in_order)
    words = refusal(inputs, first.value, measured_v)
    if words is None:
        return Capped(first.value, in_order)
    refused = history.cap("rule-refused", None, "V", inputs.options.file, first.path, where=first.path, **words)
    return Capped(None, (refused, *in_order), True)


def user_source(inputs: Inputs, path: str) -> tuple[str, str]:
    """Where a limit of the user's stands: in the GX's settings, or in the configuration file."""
    if path in inputs.from_file:
        return inputs.options.file, f"dvcc.settings.{HELD[path].quantity}"
    return p.SETTINGS, path


def refusal(inputs: Inputs, value: float, measured_v: float | None) -> dict[str, str] | None:
    """The words of a refusal when a charge voltage is outside the window, where that guard is on."""
    if not inputs.options.voltage_window:
        return None
    found = implausible(value, nominal_voltage(inputs.bms, inputs.options, measured_v))
    if found is None:
        return None
    window = {"nominal": plain(found.nominal_v), "low": plain(found.low_v), "high": plain(found.high_v)}
    return {"said": plain(value)} | window


def led_refusal(inputs: Inputs, effective_v: float | None, history: CapHistory, measured_v: float | None) -> Cap | None:
    """The refusal of a voltage that does not come from the BMS alone: the Multi's, or an inverter/charger's."""
    words = None if effective_v is None else refusal(inputs, effective_v, measured_v)
    if words is None:
        return None
    return history.cap(
        "led-refused", None, "V", "" if inputs.multi is None else inputs.multi.name, p.HUB_VOLTAGE, **words
    )


def bms_current_caps(
    inputs: Inputs, limits: BmsLimits, history: CapHistory, bms: Bms, gave: Set[tuple[str, str]]
) -> list[Cap]:
    """What the battery BMS says about the charge current, and whether it allows charging at all."""
    name = bms.title
    caps: list[Cap] = []
    if limits.ccl is None:
        known = "ccl-unknown" if inputs.options.unknown_limit_stops else "ccl-missing"
        caps.append(history.cap(known, 0.0 if known == "ccl-unknown" else None, "A", bms.name, p.CCL, bms=name))
    elif limits.ccl_used is not None and limits.ccl_used > limits.ccl:
        words = {"product": inputs.quirk.name, "said": plain(limits.ccl)}
        caps.append(history.cap("quirk-current", limits.ccl_used, "A", bms.name, p.PRODUCT_ID, **words))
    else:
        caps.append(history.cap("bms-ccl", limits.ccl, "A", bms.name, p.CCL, bms=name))
    allowed = battery_permission(inputs, p.ALLOW_CHARGE, gave)
    if allowed == "no":
        caps.append(history.cap("charge-refused", 0.0, "A", bms.name, p.ALLOW_CHARGE, bms=name))
    elif allowed == "unknown":
        caps.append(history.cap("charge-unknown", 0.0, "A", bms.name, p.ALLOW_CHARGE, bms=name))
    return caps


def vebus_caps(inputs: Inputs, history: CapHistory) -> list[Cap]:
    """What a VE.Bus BMS says."""
    multi = inputs.multi
    limits = vebus_permission(inputs)
    if multi is None or limits == "not offered":
        return []
    if limits == "yes":
        return [history.cap("vebus-allowed", NO_LIMIT_A, "A", multi.name, p.BMS_ALLOW_CHARGE)]
    name = "vebus-refused" if limits == "no" else "vebus-unknown"
    return [history.cap(name, 0.0, "A", multi.name, p.BMS_ALLOW_CHARGE)]


def read_already(inputs: Inputs) -> str:
    """The VE.Bus system whose word on charging is a cap of its own. Whatever else there is against it is a stop."""
    multi = inputs.multi
    if multi is None or not inputs.selection.vebus_bms or multi.bms_charge == 1:
        return ""
    return multi.name


def stop_caps(stops: Iterable[Stop]) -> list[Cap]:
    """What BMSes say that can only stop."""
    return [
        cap("other-stop", 0.0, "A", stop.source, stop.path, text=stop.text)._replace(since=stop.since) for stop in stops
    ]


def permit_caps(permits: Iterable[Permit]) -> list[Cap]:
    """What BMSes say that can only say yes or no: nothing is limited by them now."""
    return [
        cap("other-allowed", NO_LIMIT_A, "A", permit.source, permit.path, text=permit.text)._replace(since=permit.since)
        for permit in permits
    ]


def unknown_caps(stops: Iterable[Stop]) -> list[Cap]:
    """What is not known of whether BMSes allow discharging: withheld, because 0 A needs a word."""
    return [
        cap("other-unknown", None, "A", stop.source, stop.path, text=stop.text)._replace(since=stop.since)
        for stop in stops
        if not stop.refused
    ]


def observed_caps(stops: Iterable[Stop]) -> list[Cap]:
    """Refusals to discharge that can be told to nobody: no battery service gives a limit that could be lowered."""
    return [
        cap(
            "discharge-obeyed" if kind_of(stop.source) == p.VEBUS else "discharge-observed",
            *(None, "A", stop.source, stop.path),
            text=stop.text,
        )._replace(since=stop.since)
        for stop in stops
    ]


def stopping(inputs: Inputs, caps: Iterable[Cap]) -> Iterator[Bms]:
    """The batteries behind the caps of 0 A, and behind those that are not known."""
    names = {c.source for c in caps if not c.value and c.kind != "inferred"}
    known = (*(() if inputs.bms is None else (inputs.bms,)), *inputs.bank.others, *inputs.bank.members)
    return (bms for bms in (*known, *inputs.bank.gone) if bms.name in names)


class ChargeCaps(NamedTuple):
    """The charge current limit; `bms_a` is what the BMSes alone say, `stopped` that this is a refusal (0 A).

    `full`: it is nothing but the number 0, of batteries of a kind whose 0 A refuses nobody: what does not reach them
    may be made.
    """

    limit: Capped
    bms_a: float | None
    stopped: bool
    full: bool = False
    unruled_a: float | None = None
    """The limit without the user's rules."""


def only_full(inputs: Inputs, zeros: Iterable[Cap]) -> bool:
    """Is 0 A only the number that batteries give, whose product does not stop everything by it?"""
    stopping_kind = {bms.name for bms in inputs.batteries if quirk_of(bms.product_id).stop_on_zero}
    return not inputs.selection.vebus_bms and all(
        c.name == "bms-ccl" and c.source not in stopping_kind for c in zeros if c.value == 0
    )


def ccl_caps(
    inputs: Inputs, limits: BmsLimits, history: CapHistory, gave: Set[tuple[str, str]], refused: Cap | None
) -> ChargeCaps:
    """The charge current limit: battery BMS, VE.Bus BMS, refused voltage, user, installer."""
    bms = inputs.bms
    from_bms = [] if bms is None else bms_current_caps(inputs, limits, history, bms, gave)
    from_bms += bank_charge_caps(inputs, history, gave)
    vebus = vebus_caps(inputs, history)
    if vebus and not inputs.options.vebus_bms_never_lifts:
        from_bms = [c._replace(value=None) for c in from_bms]
    if refused is not None:
        from_bms.append(refused._replace(value=0.0, unit="A"))
    from_bms += vebus + stop_caps(stop for stop in inputs.charge_stops if stop.source != read_already(inputs))
    from_bms += permit_caps(inputs.charge_permits)
    bms_a = lowest_value(from_bms)
    caps = list(from_bms)
    user, ceiling = inputs.settings.max_current_a, inputs.options.max_charge_current_a
    if user >= 0:
        caps.append(history.cap("user-current", user, "A", *user_source(inputs, p.SET_MAX_CURRENT)))
    if ceiling is not None:
        caps.append(history.cap("installer-current", ceiling, "A", inputs.options.file, "dvcc.max_charge_current_a"))
    unruled_a = lowest_value(caps)
    caps += rule_caps(inputs, history, "CCL")
    if not from_bms:
        caps.append(cap("no-bms", None, "A"))
    if bms_a == 0:
        for one in stopping(inputs, from_bms):
            caps += why_no_charge(one)
    limit = Capped(lowest_value(caps), ordered(caps))
    stopped = bms_a == 0 and inputs.options.stop_means_zero
    return ChargeCaps(limit, bms_a, stopped, only_full(inputs, from_bms), unruled_a)


def dcl_caps(inputs: Inputs, limits: BmsLimits, history: CapHistory, gave: Set[tuple[str, str]]) -> Capped:
    """The discharge current limit with the user's rules: what is not renewed without them is not with them either."""
    capped = unruled_dcl(inputs, limits, history, gave)
    lowering = rule_caps(inputs, history, "DCL")
    if capped.value is None or not lowering:
        return capped if not lowering else capped._replace(caps=(*capped.caps, *lowering))
    withheld = [c for c in lowering if c.value is None]
    if withheld and capped.value > 0:
        return Capped(None, (*withheld, *capped.caps, *(c for c in lowering if c.value is not None)), True)
    caps = [*capped.caps, *(c for c in lowering if c.value is not None)]
    return Capped(lowest_value(caps), ordered(caps), capped.refused)


def unruled_dcl(inputs: Inputs, limits: BmsLimits, history: CapHistory, gave: Set[tuple[str, str]]) -> Capped:
    """What the battery BMS says, unless another BMS stops it."""
    capped = with_bank(bms_dcl_caps(inputs, limits, history, gave), list(bank_discharge_caps(inputs, history, gave)))
    if not capped.value:
        inferred = [c for bms in stopping(inputs, capped.caps) for c in why_no_discharge(bms)]
        capped = capped._replace(caps=(*capped.caps, *inferred))
    stops = inputs.discharge_stops
    if not stops:
        return capped
    if inputs.bms is None:
        return capped._replace(caps=(*observed_caps(stops), *capped.caps))
    refused, unknown = stop_caps(stop for stop in stops if stop.refused), unknown_caps(stops)
    if refused or any(one.name == "discharge-refused" for one in capped.caps):
        return Capped(0.0, ordered([*refused, *unknown, *capped.caps]))
    return Capped(None, (*unknown, *capped.caps), True)


def with_bank(capped: Capped, others: list[Cap]) -> Capped:
    """The discharge limit with those of the other batteries: 0 A by a word; not renewed where one is unknown."""
    if not others:
        return capped
    caps = ordered([*capped.caps, *others])
    if any(c.name == "discharge-refused" for c in caps):
        return Capped(0.0, caps)
    if capped.refused or any(c.value is None for c in others):
        unknown = capped.caps[:1] if capped.refused else tuple(c for c in others if c.value is None)[:1]
        return Capped(None, (*unknown, *(c for c in caps if c is not unknown[0])), True)
    return Capped(lowest_value([*capped.caps, *others]), caps)


def bms_dcl_caps(inputs: Inputs, limits: BmsLimits, history: CapHistory, gave: Set[tuple[str, str]]) -> Capped:
    """What the battery BMS says about discharging; `refused`: nothing is renewed, because it is not known."""
    bms, options = inputs.bms, inputs.options
    if bms is None:
        return Capped(None, (cap(missing(inputs), None, "A"),), True)
    name = bms.title
    if options.unknown_limit_stops and bms.max_charge_voltage_v is None:
        unsaid = history.cap("bms-incomplete", None, "A", bms.name, p.CVL, bms=name)
        return Capped(None, (unsaid,), True)
    allowed = battery_permission(inputs, p.ALLOW_DISCHARGE, gave)
    if allowed == "no":
        caps = [history.cap("discharge-refused", 0.0, "A", bms.name, p.ALLOW_DISCHARGE, bms=name)]
        if limits.dcl is not None:
            caps.append(history.cap("bms-dcl", limits.dcl, "A", bms.name, p.DCL, bms=name))
        return Capped(0.0, ordered(caps))
    if allowed == "unknown":
        unknown = history.cap("discharge-unknown", None, "A", bms.name, p.ALLOW_DISCHARGE, bms=name)
        return Capped(None, (unknown,), True)
    if limits.dcl is None:
        unknown = history.cap("dcl-unknown", None, "A", bms.name, p.DCL, bms=name)
        return Capped(None, (unknown,), options.unknown_limit_stops)
    caps = [history.cap("bms-dcl", limits.dcl, "A", bms.name, p.DCL, bms=name)]
    if options.max_discharge_current_a is not None:
        key = "dvcc.max_discharge_current_a"
        caps.append(history.cap("installer-discharge", options.max_discharge_current_a, "A", options.file, key))
    inferred = [] if limits.dcl == 0 else near_the_end(bms)
    return Capped(lowest_value(caps), ordered(caps + inferred))
