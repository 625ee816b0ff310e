"""What is remembered from merely looking: who is there, who controls, what a BMS forces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gxbridge.core.dvcc.limit.permissions import given
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import (
    BatteryBank,
    counts_as_bms,
    find_bank,
    is_totals,
    is_virtual,
    left,
    named_in,
    nominal_of,
)
from gxbridge.core.dvcc.read.devices.quirks import ORDINARY, Forced, force, forced_of, quirk_of
from gxbridge.core.dvcc.read.devices.services import CHARGERS, kind_of
from gxbridge.core.dvcc.read.inputs import Inputs, bms_identity
from gxbridge.core.dvcc.read.selection import is_bms, select_bms
from gxbridge.core.dvcc.read.snapshot import Arrival, Snapshot
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS, ON
from gxbridge.core.dvcc.run.loss import first_lost, watch
from gxbridge.core.dvcc.run.low_pass import advance, advance_vebus, begin
from gxbridge.core.dvcc.run.memory import Memory, Stored, Timer
from gxbridge.core.dvcc.run.timers import due
from gxbridge.core.model.named_tuple import NamedTuple

CONTROLLED: Final = frozenset({p.BATTERY, p.VECAN, *CHARGERS} - {p.DCDC})
"""The classes of services with which the control loop begins; a DC/DC charger counts where it obeys."""
USABLE: Final = (p.CONNECTED, p.PRODUCT_NAME, p.CONNECTION, p.CUSTOM_NAME)
"""Items by which a service can become the battery monitor, or stops being it."""

ACTING: Final = frozenset({p.CVL, p.STATE, p.PV_DISABLE, *USABLE})
"""Items whose arrival acts by itself, beside every setting: of hundreds that may arrive in a second only these are
looked at."""

NOBODY: Final[frozenset[str]] = frozenset()


class UpdatedState(NamedTuple):
    """What was seen and what is remembered of it. `second`: the control loop's second, if one is due now.

    In the inputs there is no BMS where the one in control is lost and no other may take over.
    """

    inputs: Inputs
    memory: Memory
    second: int | None


def update_state(
    inputs: Inputs, snapshot: Snapshot, memory: Memory, now: float, arrivals: Sequence[Arrival] = (), *, between: bool
) -> UpdatedState:
    """Look around; if a second of the control loop is due, let the low passes run. `between`: this look is between two
    seconds."""
    controllers = watch(inputs, memory.controllers, snapshot.heard, now)
    lost = inputs.options.loss_stops_first and first_lost(controllers) is not None
    if lost:
        inputs = inputs._replace(selection=inputs.selection._replace(bms=None), quirk=ORDINARY, bms=None)
    elif inputs.options.unknown_limit_stops and inputs.bms is None:
        inputs = expecting(inputs)
    bank, nominal = memory.bank, memory.nominal
    if inputs.options.every_bms_limits:
        inputs, nominal = with_bank(inputs, bank, nominal)
        bank = inputs.bank
    identity, monitor = bms_identity(inputs), inputs.selection.monitor
    monitor_name = "" if monitor is None else monitor.name
    names, came, gone = memory.services, NOBODY, NOBODY
    if snapshot.names != names:
        names = frozenset(snapshot.names)
        came, gone = names - memory.services, memory.services - names
    chosen = {path for service, path in arrivals if service == p.SETTINGS}
    dvcc = stored(memory.dvcc, inputs.settings.dvcc, p.SET_DVCC in chosen)
    svs = stored(memory.svs, inputs.settings.svs, p.SET_SVS in chosen)
    sts = stored(memory.sts, inputs.settings.sts, p.SET_STS in chosen)
    for forced in forcing(inputs, memory, identity, monitor_name, came, gone, arrivals):
        dvcc = dvcc._replace(value=force(dvcc.value, forced.dvcc))
        svs = svs._replace(value=force(svs.value, forced.svs))
        sts = sts._replace(value=force(sts.value, forced.sts))
    flags = memory.flags
    if memory.bms is None:
        flags = flags.but(dvcc=inputs.settings.dvcc & ON)
    control, paused = control_timer(inputs, memory, came, gone, now)
    if control is None and (lost or inputs.charge_stops):
        control = Timer(now + 1, paused)  # a Multi alone has no control loop, but 0 A is renewed as it is for chargers
    smoothed, vebus_a = begin(memory.smoothed, inputs.installation.solar_side), memory.vebus_a
    timer = due(control, now, between)
    if timer is not None and is_on(dvcc):
        smoothed = advance(smoothed, inputs.installation.solar_side)
        vebus_a = advance_vebus(vebus_a, inputs.installation, inputs.multi)
    memory = memory.but(
        began=now if memory.began is None else memory.began,
        control=timer or control,
        control_seconds=paused,
        sense=memory.sense or Timer(now + 1),
        smoothed=smoothed,
        vebus_a=vebus_a,
        flags=flags,
        bms=identity,
        services=names,
        proven=memory.proven - gone if gone else memory.proven,
        monitor=monitor_name,
        dvcc=dvcc,
        svs=svs,
        sts=sts,
        controllers=controllers,
        bank=bank,
        nominal=nominal,
        gave=given(inputs, memory.gave),
        first_seen=first_seen(inputs, memory.first_seen, now),
    )
    return UpdatedState(inputs, memory, None if timer is None else timer.seconds)


def with_bank(inputs: Inputs, before: BatteryBank, nominal: Mapping[str, float]) -> tuple[Inputs, Mapping[str, float]]:
    """The inputs with the bank of the BMS in control, and every battery's nominal voltage as it was first known."""
    known = {}
    for battery in inputs.batteries:
        volts = nominal.get(battery.name) or nominal_of(battery)
        if volts is not None:
            known[battery.name] = volts
    options, wanted, bms = inputs.options, inputs.settings.bms_instance, inputs.bms
    in_place = bms is not None and wanted not in (AUTOMATIC_BMS, bms.instance)
    bank = find_bank(bms, inputs.batteries, known, options.other_banks, options.aggregates, in_place=in_place)
    if bms is not None and (gone := left(before, inputs.batteries)):
        bank = bank._replace(gone=gone)
    if bank is not inputs.bank:
        inputs = inputs._replace(bank=bank)
    return inputs, nominal if known == nominal else known


def first_seen(inputs: Inputs, before: Mapping[str, float], now: float) -> Mapping[str, float]:
    """Since when each battery is there, and under "" since when we look."""
    names = ["", *[bms.name for bms in inputs.batteries]]
    if before.keys() == set(names):
        return before
    return {name: before.get(name, now) for name in names}


def chooses_monitor(service: str, path: str) -> bool:
    """Is the battery monitor chosen anew when this arrives?"""
    return service == p.SETTINGS or path in USABLE or (path == p.STATE and kind_of(service) == p.VEBUS)


def chooses_bms(service: str, path: str) -> bool:
    """Is the BMS chosen anew, and forces its settings again, when this arrives?"""
    if service == p.SETTINGS:
        return path == p.SET_BMS_INSTANCE
    return path in (p.CVL, p.CUSTOM_NAME) and kind_of(service) == p.BATTERY


def forcing(
    inputs: Inputs,
    memory: Memory,
    identity: tuple[str, float | None],
    monitor: str,
    came: frozenset[str],
    gone: frozenset[str],
    arrivals: Sequence[Arrival],
) -> list[Forced]:
    """What a BMS forces, each time that one is chosen.

    In profile `vendor` batteries that appear together are chosen from one after the other.
    """
    if not (came or gone or arrivals) and identity == memory.bms and monitor == memory.monitor:
        return []
    batteries = inputs.batteries
    found: list[Forced] = []
    fresh = [count for count, battery in enumerate(batteries, 1) if battery.name in came]
    if not inputs.options.fresh_values:
        for count in fresh[:-1]:
            bms = select_bms(list(filter(is_bms, batteries[:count])), None, inputs.settings)
            found.append(forced_of(None if bms is None else bms.product_id))
    if (
        fresh
        or identity != memory.bms
        or monitor != memory.monitor
        or any(kind_of(name) == p.BATTERY for name in gone)
        or any(chooses_bms(*arrival) for arrival in arrivals)
    ):
        found.append(forced_of(identity[1]))
    return found


def control_timer(
    inputs: Inputs, memory: Memory, came: frozenset[str], gone: frozenset[str], now: float
) -> tuple[Timer | None, int]:
    """The control loop's timer and count: it begins with the first device for it, and outlives the last battery.

    It ends when something else leaves and nothing is left to control.
    """
    control, paused = memory.control, memory.control_seconds
    if control is None:
        begins = bool(came and inputs.installation.chargers) or any(kind_of(name) in CONTROLLED for name in came)
        return (Timer(now + 1, paused) if begins else None), paused
    installation = inputs.installation
    if not gone or any(kind_of(name) == p.BATTERY for name in gone):
        return control, paused
    if installation.chargers or installation.of(p.VECAN) or installation.batteries:
        return control, paused
    return None, control.seconds


def expecting(inputs: Inputs) -> Inputs:
    """With the BMS that is there but has not said its charge voltage yet, or is not the one that the user chose: it
    allows nothing until it does, and limits whoever is chosen."""
    if inputs.settings.bms_instance == NO_BMS:
        return inputs
    there = [bms for bms in inputs.batteries if counts_as_bms(bms) and not named_in(bms, inputs.options.other_banks)]
    if not there:
        return inputs
    bms = min(there, key=lambda bms: (is_virtual(bms), not is_totals(bms)))
    return inputs._replace(selection=inputs.selection._replace(bms=bms), quirk=quirk_of(bms.product_id), bms=bms)


def stored(known: Stored | None, raw: int, chosen: bool = False) -> Stored:
    """A setting that was changed by somebody holds as it is; otherwise what the BMS made of it holds."""
    return known if known is not None and known.raw == raw and not chosen else Stored(raw, raw)


def is_on(setting: Stored | None) -> bool:
    """Is a setting on, by choice or by force?"""
    return setting is not None and bool(setting.value & ON)
