"""Who does not do as told, and who has left: what must hold for a while before it is said.

Thresholds are ours; the cases are those of Louisvdw/dbus-serialbattery#65, #297, #445 and #859.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.feed_in import may_feed_in
from gxbridge.core.dvcc.limit.reasons import spoken
from gxbridge.core.dvcc.read.chargers import LEAST_A, chosen_multis, read_makers, told_charge, who_charges
from gxbridge.core.dvcc.read.devices.bank import takes_part
from gxbridge.core.dvcc.read.devices.installation import ChargingDevice, charging_devices
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.link_error import NOT_HEARD, RESETS, mode_of
from gxbridge.core.dvcc.read.measurements import dc_loads
from gxbridge.core.dvcc.run.loss import RESTART_S
from gxbridge.core.dvcc.run.watching.audit import measured_current, over
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.named_tuple import NamedTuple

FEED_IN_V: Final = 0.4
"""What feed-in may add to a charge voltage, at any nominal voltage."""
ABOVE: Final = 1.005
"""A voltage is above a limit beyond this part of it: what is measured is not better."""
CABLE: Final = 0.02
"""A charger that is told the battery's voltage is above it by what its cable loses, at most by this part."""
OTHER_BUS: Final = 1.25
"""What is further above the charge voltage is the voltage of another battery."""
KEPT_S: Final = 90.0
"""A charger hears of a BMS within a few seconds, and its link expires after 60 s."""
SIGN_A: Final = 5.0
SIGN_PART: Final = 0.15
"""A current of the wrong sign is as large as what is made less what is taken, within this part."""


class Deviation(NamedTuple):
    """Something that should not be: a finding when it has lasted for `lasts_s`."""

    id: str
    subject: str
    lasts_s: float
    words: Mapping[str, str]


class Obedience(NamedTuple):
    """What deviates, and since when (monotonic s); `who` charges how much, in words, where that may have to be said;
    `current_a` of the battery, its sign mended."""

    found: tuple[Deviation, ...] = ()
    since: Mapping[tuple[str, str], float] = MappingProxyType({})
    who: str = ""
    current_a: float | None = None


NOBODY_DEVIATES: Final = Obedience()


def look_closer(
    inputs: Inputs,
    before: Obedience,
    limits: tuple[Limit, ...],
    effective_v: float | None,
    now: float,
    *,
    name_makers: bool = True,
) -> Obedience:
    """Look once a second. `name_makers`: whoever charges may have to be named."""
    current = battery_current(inputs)
    found = tuple(deviations(inputs, limits, effective_v, current))
    who = who_charges(read_makers(inputs)) if name_makers else ""
    if not found and not before.found and who == before.who and current == before.current_a:
        return before
    since = {(one.id, one.subject): before.since.get((one.id, one.subject), now) for one in found}
    return Obedience(found, since, who, current)


def obedience_findings(seen: Obedience, now: float) -> Iterator[Finding]:
    """What has lasted long enough."""
    for one in seen.found:
        if now - seen.since[one.id, one.subject] >= one.lasts_s:
            yield finding(one.id, one.subject, now, **one.words)


def deviations(
    inputs: Inputs, limits: tuple[Limit, ...], effective_v: float | None, current: float | None
) -> Iterator[Deviation]:
    """What is not as it was told, now. `limits`: CVL, CCL and DCL come first."""
    # Nothing is told then, and chargers stop by themselves or were never told.
    if not limits or limits[1].caps[0].name in ("bms-lost", "bms-elsewhere", "dvcc-off"):
        return
    yield from over_told(inputs)
    yield from no_bms_heard(inputs)
    yield from too_high(inputs, limits[0].value, effective_v, current)
    yield from creeping(inputs, limits, current)
    if current != measured_current(inputs):  # its sign was mended
        said_a, made_a = measured_current(inputs) or 0.0, net_current(inputs)
        way = "into" if made_a > 0 else "out of"
        words = {"device": battery_name(inputs), "said": f"{said_a:.3g}", "made": f"{abs(made_a):.3g}", "way": way}
        yield Deviation("current-sign", battery_service(inputs), 10.0, words)
    for bms in inputs.bank.gone:
        stops = " while it refused charging; charging stays stopped until it is back" if bms.charge == 0 else ""
        yield Deviation("battery-gone", bms.name, RESTART_S, {"device": bms.title, "word": stops})


def over_told(inputs: Inputs) -> Iterator[Deviation]:
    """Who makes clearly more than it is told, or than it says itself that it may."""
    plant = inputs.installation
    told: list[tuple[ChargingDevice, float, float]] = [
        (charger, made_a, told_a)
        for charger in plant.told
        if (told_a := charger.told_current_a) is not None
        and ((made_a := charger.current_a or 0.0) > told_a or told_a < 0)
    ]
    for multi in chosen_multis(plant, inputs.multi, inputs.settings):
        if (multi_a := told_charge(inputs, multi)) is not None:
            told.append((multi, multi.current_a or 0.0, multi_a))
    for device, made_a, told_a in told:
        if over(max(made_a, 0.0), told_a):
            name, word = ("charger-over-shown", "shown") if device.says_itself else ("charger-over-told", "told")
            words = {"device": inputs.titles[device.name], "made": f"{max(made_a, 0.0):.3g}", word: f"{told_a:.3g}"}
            yield Deviation(name, device.name, 10.0, words)


def no_bms_heard(inputs: Inputs) -> Iterator[Deviation]:
    """Chargers that keep error #67 although a BMS is in control."""
    if not inputs.selection.has_bms:
        return
    for charger in inputs.installation.lost_bms:
        mode = mode_of(charger)
        cure = NOT_HEARD if mode in ("linked", "orion") else RESETS[mode]
        words = {"device": inputs.titles.get(charger.name, charger.title), "cure": cure}
        yield Deviation("error-67-kept", charger.name, KEPT_S, words)


def battery_name(inputs: Inputs) -> str:
    """What the battery is called."""
    return "the battery" if inputs.bms is None else inputs.bms.title


def battery_service(inputs: Inputs) -> str:
    """Its service."""
    return "" if inputs.bms is None else inputs.bms.name


def too_high(
    inputs: Inputs, cvl_v: float | None, effective_v: float | None, current_a: float | None
) -> Iterator[Deviation]:
    """Voltages above the charge voltage limit while something charges: a decay after it was lowered is none."""
    if cvl_v is None:
        return
    more_v = FEED_IN_V if may_feed_in(inputs) else 0.0

    def deviation(service: str, name: str, volts: float, limit_v: float) -> Deviation:
        words = {"device": name, "voltage": f"{volts:.2f}", "more": f"{volts - limit_v:.2f}", "limit": f"{limit_v:.2f}"}
        return Deviation("cvl-exceeded", service, 30.0, words | charged_by(inputs))

    bms = inputs.bms
    volts = None if bms is None or (current_a or 0.0) <= LEAST_A else bms.voltage_v
    if bms is not None and volts is not None and volts > cvl_v * ABOVE + more_v:
        yield deviation(bms.name, bms.title, volts, cvl_v)
    limit_v = max(cvl_v, effective_v or 0.0)
    least_v = limit_v * ABOVE + more_v
    if not [True for one in charging_devices(inputs.installation) if (one.voltage_v or 0.0) > least_v]:
        return  # as it nearly always is
    for one in read_makers(inputs):
        volts = one.device.voltage_v
        if volts is None or volts <= least_v or one.made_a <= LEAST_A or one.not_told == "other-network":
            continue
        sensed = isinstance(one.device, Charger) and one.device.sensed_v is not None
        allowed_v = limit_v * (ABOVE + (CABLE if sensed else 0.0)) + more_v
        if allowed_v < volts < cvl_v * OTHER_BUS:
            yield deviation(one.device.name, one.name, volts, limit_v)


def creeping(inputs: Inputs, limits: tuple[Limit, ...], current_a: float | None) -> Iterator[Deviation]:
    """A small current that goes on although nothing is allowed; a large one exceeds the limit."""
    if current_a is None:
        return
    for limit, amps, name in ((limits[1], current_a, "charge-creeps"), (limits[2], -current_a, "discharge-creeps")):
        if limit.value == 0 and amps > LEAST_A and not over(amps, 0.0):
            words = {"device": battery_name(inputs), "current": f"{amps:.2g}", "why": why_nothing(limit)}
            yield Deviation(name, battery_service(inputs), 60.0, words | charged_by(inputs))


def charged_by(inputs: Inputs) -> dict[str, str]:
    """Who charges, as the end of a sentence."""
    who = who_charges(read_makers(inputs))
    return {"who": f"; {who}" if who else ""}


def why_nothing(limit: Limit) -> str:
    """Every reason for 0 A, and what is likely behind it."""
    return ", ".join(spoken(cap) for cap in limit.caps if cap.value == 0 or cap.kind == "inferred")


def net_current(inputs: Inputs) -> float:
    """What must flow into the battery by what all others measure (A): unmetered loads make it less."""
    plant = inputs.installation
    drawn = sum([min(multi.current_a or 0.0, 0.0) for multi in plant.multis])
    made = sum(
        [
            current_a
            for device in charging_devices(plant)
            if (current_a := device.current_a or 0.0) > 0 and device.not_told != "other-network"
        ]
    )
    return made + drawn - (dc_loads(plant, inputs.voltage_v) or 0.0)


def sign_is_wrong(inputs: Inputs, said_a: float) -> bool:
    """Does the battery say as much in one direction as must flow in the other?"""
    net_a = net_current(inputs)
    return abs(net_a) >= SIGN_A and abs(said_a + net_a) <= SIGN_PART * abs(net_a)


def charged_with(inputs: Inputs) -> float | None:
    """The most that anybody measures as charged (A): the BMS, with its sign mended, the batteries of its bank together,
    the battery monitor. None where nobody knows it."""
    monitor = inputs.selection.monitor
    shown = None if monitor is None else inputs.installation.battery(monitor.name)
    bank = (*(() if inputs.bms is None else (inputs.bms,)), *filter(takes_part, inputs.bank.others))
    currents = [bms.current_a for bms in bank if bms.current_a is not None]
    measured = [battery_current(inputs), sum(currents) if currents else None]
    measured.append(None if shown is None else shown.current_a)
    return max((current for current in measured if current is not None), default=None)


def battery_current(inputs: Inputs) -> float | None:
    """The battery current with the right sign (A, + = into the battery)."""
    current = measured_current(inputs)
    return -current if current is not None and sign_is_wrong(inputs, current) else current
