"""The caps of the three system limits: charge voltage (CVL), charge current (CCL), discharge current (DCL).

Source of the vendor's rules: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final, NamedTuple

from gxbridge.core.dvcc.limit.bms_limits import Said
from gxbridge.core.dvcc.limit.cap_history import Chronicle
from gxbridge.core.dvcc.limit.decision import Cap
from gxbridge.core.dvcc.limit.likely import near_the_end, why_no_charge, why_no_discharge
from gxbridge.core.dvcc.limit.permissions import battery_word, vebus_word
from gxbridge.core.dvcc.limit.reasons import cap, ordered, plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Scene
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.read.services import Device, kind_of, title
from gxbridge.core.dvcc.read.snapshot import Permit, Stop

NO_LIMIT_A: Final = 10000.0
"""What "no limit" is as a number."""


class Capped(NamedTuple):
    """A limit's value and its caps, the winner first. `refused`: what was said was nonsense, so charging stops."""

    value: float | None
    caps: tuple[Cap, ...]
    refused: bool = False


def lowest_value(caps: list[Cap]) -> float | None:
    """The least of the caps that have a value."""
    return min((c.value for c in caps if c.value is not None), default=None)


def missing(scene: Scene) -> str:
    """Why there is no limit of a battery BMS."""
    if scene.selection.vebus_bms:
        return "no-vebus-limit"
    return "no-such-limit" if scene.charge_permits or scene.charge_stops or scene.discharge_stops else "no-bms"


def cvl_caps(scene: Scene, said: Said, book: Chronicle, measured_v: float | None) -> Capped:
    """The charge voltage limit: BMS, quirk, user, installer; nothing outside the window is ever told."""
    bms = scene.bms
    if bms is None:
        return Capped(None, (cap(missing(scene), None, "V"),))
    if said.cvl is None or said.cvl_used is None:
        return Capped(None, (book.cap("cvl-unknown", None, "V", bms.name, p.CVL, bms=title(bms)),), True)
    caps: list[Cap] = []
    if said.cvl_used <= said.cvl:
        caps.append(book.cap("bms-cvl", said.cvl, "V", bms.name, p.CVL, bms=title(bms)))
    if said.cvl_used != said.cvl:
        caps.append(book.cap("quirk-voltage", said.cvl_used, "V", bms.name, p.PRODUCT_ID, product=scene.quirk.name))
    user, ceiling = scene.settings.max_voltage_v, scene.options.max_charge_voltage_v
    if user > 0:
        caps.append(book.cap("user-voltage", user, "V", p.SETTINGS, p.SET_MAX_VOLTAGE))
    if ceiling is not None:
        caps.append(book.cap("installer-voltage", ceiling, "V"))
    value = min(c.value for c in caps if c.value is not None)
    words = refusal(scene, value, measured_v)
    if words is not None:
        refused = book.cap("cvl-refused", None, "V", bms.name, p.CVL, **words)
        return Capped(None, (refused, *ordered(caps)), True)
    return Capped(value, ordered(caps))


def refusal(scene: Scene, value: float, measured_v: float | None) -> dict[str, str] | None:
    """The words of a refusal when a charge voltage is outside the window, where that guard is on."""
    if not scene.options.voltage_window:
        return None
    items = {} if scene.bms is None else scene.bms.items
    found = implausible(value, nominal_voltage(items, scene.options, measured_v))
    if found is None:
        return None
    window = {"nominal": plain(found.nominal_v), "low": plain(found.low_v), "high": plain(found.high_v)}
    return {"said": plain(value)} | window


def led_refusal(scene: Scene, effective_v: float | None, book: Chronicle, measured_v: float | None) -> Cap | None:
    """The refusal of a voltage that does not come from the BMS alone: the Multi's, or an inverter/charger's."""
    words = None if effective_v is None else refusal(scene, effective_v, measured_v)
    if words is None:
        return None
    return book.cap("led-refused", None, "V", "" if scene.multi is None else scene.multi.name, p.HUB_VOLTAGE, **words)


def bms_current_caps(scene: Scene, said: Said, book: Chronicle, bms: Device, gave: Set[tuple[str, str]]) -> list[Cap]:
    """What the battery BMS says about the charge current, and whether it allows charging at all."""
    name = title(bms)
    caps: list[Cap] = []
    if said.ccl is None:
        known = "ccl-unknown" if scene.options.unknown_limit_stops else "ccl-missing"
        caps.append(book.cap(known, 0.0 if known == "ccl-unknown" else None, "A", bms.name, p.CCL, bms=name))
    elif said.ccl_used is not None and said.ccl_used > said.ccl:
        words = {"product": scene.quirk.name, "said": plain(said.ccl)}
        caps.append(book.cap("quirk-current", said.ccl_used, "A", bms.name, p.PRODUCT_ID, **words))
    else:
        caps.append(book.cap("bms-ccl", said.ccl, "A", bms.name, p.CCL, bms=name))
    allowed = battery_word(scene, p.ALLOW_CHARGE, gave)
    if allowed == "no":
        caps.append(book.cap("charge-refused", 0.0, "A", bms.name, p.ALLOW_CHARGE, bms=name))
    elif allowed == "unknown":
        caps.append(book.cap("charge-unknown", 0.0, "A", bms.name, p.ALLOW_CHARGE, bms=name))
    return caps


def vebus_caps(scene: Scene, book: Chronicle) -> list[Cap]:
    """What a VE.Bus BMS says."""
    multi = scene.multi
    said = vebus_word(scene)
    if multi is None or said == "not offered":
        return []
    if said == "yes":
        return [book.cap("vebus-allowed", NO_LIMIT_A, "A", multi.name, p.BMS_ALLOW_CHARGE)]
    name = "vebus-refused" if said == "no" else "vebus-unknown"
    return [book.cap(name, 0.0, "A", multi.name, p.BMS_ALLOW_CHARGE)]


def read_already(scene: Scene) -> str:
    """The VE.Bus system whose word on charging is a cap of its own. Whatever else there is against it is a stop."""
    multi = scene.multi
    if multi is None or not scene.selection.vebus_bms or number(multi.items, p.BMS_ALLOW_CHARGE) == 1:
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


class ChargeCaps(NamedTuple):
    """The charge current limit; `bms_a` is what the BMSes alone say, `stopped` that this is a refusal (0 A)."""

    limit: Capped
    bms_a: float | None
    stopped: bool


def ccl_caps(scene: Scene, said: Said, book: Chronicle, gave: Set[tuple[str, str]], refused: Cap | None) -> ChargeCaps:
    """The charge current limit: battery BMS, VE.Bus BMS, refused voltage, user, installer."""
    bms = scene.bms
    from_bms = [] if bms is None else bms_current_caps(scene, said, book, bms, gave)
    vebus = vebus_caps(scene, book)
    if vebus and not scene.options.vebus_bms_never_lifts:
        from_bms = [c._replace(value=None) for c in from_bms]
    if refused is not None:
        from_bms.append(refused._replace(value=0.0, unit="A"))
    from_bms += vebus + stop_caps(stop for stop in scene.charge_stops if stop.source != read_already(scene))
    from_bms += permit_caps(scene.charge_permits)
    bms_a = lowest_value(from_bms)
    caps = list(from_bms)
    user, ceiling = scene.settings.max_current_a, scene.options.max_charge_current_a
    if user >= 0:
        caps.append(book.cap("user-current", user, "A", p.SETTINGS, p.SET_MAX_CURRENT))
    if ceiling is not None:
        caps.append(book.cap("installer-current", ceiling, "A"))
    if not from_bms:
        caps.append(cap("no-bms", None, "A"))
    if bms is not None and bms_a == 0:
        caps += why_no_charge(bms)
    return ChargeCaps(Capped(lowest_value(caps), ordered(caps)), bms_a, bms_a == 0 and scene.options.stop_means_zero)


def dcl_caps(scene: Scene, said: Said, book: Chronicle, gave: Set[tuple[str, str]]) -> Capped:
    """The discharge current limit: what the battery BMS says, unless another BMS stops it."""
    capped = bms_dcl_caps(scene, said, book, gave)
    stops = scene.discharge_stops
    if not stops:
        return capped
    if scene.bms is None:
        return capped._replace(caps=(*observed_caps(stops), *capped.caps))
    return Capped(0.0, ordered([*stop_caps(stops), *capped.caps]))


def bms_dcl_caps(scene: Scene, said: Said, book: Chronicle, gave: Set[tuple[str, str]]) -> Capped:
    """What the battery BMS says about discharging; `refused`: nothing is renewed, because it is not known."""
    bms, options = scene.bms, scene.options
    if bms is None:
        return Capped(None, (cap(missing(scene), None, "A"),), True)
    name = title(bms)
    allowed = battery_word(scene, p.ALLOW_DISCHARGE, gave)
    if allowed == "no":
        caps = [book.cap("discharge-refused", 0.0, "A", bms.name, p.ALLOW_DISCHARGE, bms=name)]
        if said.dcl is not None:
            caps.append(book.cap("bms-dcl", said.dcl, "A", bms.name, p.DCL, bms=name))
        return Capped(0.0, ordered(caps + why_no_discharge(bms)))
    if allowed == "unknown":
        unknown = book.cap("discharge-unknown", None, "A", bms.name, p.ALLOW_DISCHARGE, bms=name)
        return Capped(None, (unknown,), True)
    if said.dcl is None:
        unknown = book.cap("dcl-unknown", None, "A", bms.name, p.DCL, bms=name)
        return Capped(None, (unknown,), options.unknown_limit_stops)
    caps = [book.cap("bms-dcl", said.dcl, "A", bms.name, p.DCL, bms=name)]
    if options.max_discharge_current_a is not None:
        caps.append(book.cap("installer-discharge", options.max_discharge_current_a, "A"))
    inferred = why_no_discharge(bms) if said.dcl == 0 else near_the_end(bms)
    return Capped(lowest_value(caps), ordered(caps + inferred))
