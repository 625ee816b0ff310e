"""A BMS that was in control and went silent: for how long, and who it was.

A BMS is lost when its service has gone or gives no charge voltage limit any more (our own batteries: after 10 s of
silence). One that never was there is not lost. Link values expire in a charger 60 s after the last write (Victron,
VE.Can registers public, 0x2001, 0x200E); a Multi stops about 5 min after its last
limits (victronenergy/venus, as users report).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.services import VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.selection import VEBUS_BMS, is_bms
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS
from gxbridge.core.dvcc.run.decision import BmsState, Controller
from gxbridge.core.model.fast import make
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.vecan.readings import LINK_S

QUIET_S: Final = LINK_S
"""So long after the last word 0 A is written, then nothing."""
RESTART_S: Final = 30.0
"""A driver that starts again has its battery back within this time."""
NOTICED_S: Final = 10.0
"""A silent CAN battery is noticed after this time, so no last word is older while its values are still valid."""


def watch(
    inputs: Inputs, known: tuple[Controller, ...], heard: Mapping[str, float], now: float
) -> tuple[Controller, ...]:
    """Who controls and who is lost, after this look."""
    battery = vebus = None
    for controller in known:
        if controller.kind == p.BATTERY:
            battery = controller
        else:
            vebus = controller
    battery, vebus = watch_battery(inputs, battery, heard, now), watch_vebus(inputs, vebus, heard, now)
    return (() if battery is None else (battery,)) + (() if vebus is None else (vebus,))


def watch_battery(
    inputs: Inputs, before: Controller | None, heard: Mapping[str, float], now: float
) -> Controller | None:
    """The battery BMS: the selected one, unless the one in control is lost and the user chose no other."""
    known = before if before is None or before.instead_of is None else before.instead_of
    wanted = inputs.settings.bms_instance
    if wanted == NO_BMS:
        return None
    if known is not None and wanted in (AUTOMATIC_BMS, known.instance):
        device = inputs.installation.battery(known.name)
        if device is None or not is_wanted(device, wanted):
            device = battery_elsewhere(inputs, known)
            if device is not None:
                moved = present(device, known, heard, now)
                return moved if known.lost_at is not None else moved._replace(since=known.since)
            lost = known if known.lost_at is not None else known._replace(lost_at=now)
            if inputs.another_master and inputs.selection.bms is not None:  # the GX's controller lets it take over
                return present(inputs.selection.bms, before, heard, now)._replace(instead_of=lost)
            return lost
    bms = inputs.selection.bms
    return None if bms is None else present(bms, known, heard, now)


def is_wanted(device: Bms, wanted: int) -> bool:
    """Is it a BMS, and the one that the user chose by its instance? One that has another instance now is lost."""
    return is_bms(device) and (wanted == AUTOMATIC_BMS or device.instance == wanted)


def battery_elsewhere(inputs: Inputs, known: Controller) -> Bms | None:
    """The same battery under another name: the vendor's service and ours change places, the battery is still one."""
    marks = set(known.identity.split())
    return next(
        (
            device
            for device in inputs.batteries
            if is_wanted(device, inputs.settings.bms_instance) and not marks.isdisjoint(device.identity.split())
        ),
        None,
    )


def watch_vebus(inputs: Inputs, known: Controller | None, heard: Mapping[str, float], now: float) -> Controller | None:
    """The VE.Bus BMS: lost when the system has gone or does not say any more that it has one."""
    if known is not None:
        system = inputs.installation.multi(known.name)
        if system is None or system.bms_type is None:
            return known if known.lost_at is not None else known._replace(lost_at=now)
    multi = inputs.multi
    if multi is None or multi.bms_type != VEBUS_BMS:
        return None
    return present(multi, known, heard, now)


def present(device: Bms | VebusSystem, known: Controller | None, heard: Mapping[str, float], now: float) -> Controller:
    """A controller that is there, with its last word."""
    same = known is not None and known.name == device.name and known.lost_at is None
    since = known.since if known is not None and same else now
    last_word = min(max(heard.get(device.name, now), now - NOTICED_S), now)
    name, title, instance, identity = device.called
    return make(Controller, (name, device.kind, title, instance, since, last_word, None, identity, None))


def replaced_findings(controllers: tuple[Controller, ...], now: float) -> Iterator[Finding]:
    """A BMS whose place another has for the GX: by the other's limits alone nobody would know."""
    for controller in controllers:
        lost = controller.instead_of
        if lost is not None and lost.lost_at is not None and now - lost.lost_at >= RESTART_S:
            yield finding("bms-replaced", lost.name, now, device=lost.title, now_by=controller.title)


def goes_on_elsewhere(inputs: Inputs, who: Controller) -> bool:
    """Does the GX's own controller go on by what a silent battery's service still shows? Another finding says so."""
    return inputs.another_master and who.name in inputs.shown_still


def first_lost(controllers: tuple[Controller, ...]) -> Controller | None:
    """The controller that is lost, the battery before the VE.Bus BMS."""
    for controller in controllers:
        if controller.lost_at is not None:
            return controller
    return None


class BmsStanding(NamedTuple):
    """Live, silent, lost or none; who; and since when (monotonic s)."""

    state: BmsState
    who: Controller | None
    since: float | None


NO_BMS_EVER: Final = BmsStanding("none", None, None)


def state_of(controllers: tuple[Controller, ...], now: float) -> BmsStanding:
    """How it stands with the BMS in control."""
    if not controllers:
        return NO_BMS_EVER
    lost = first_lost(controllers)
    if lost is not None and lost.lost_at is not None:
        ends = lost.last_word + QUIET_S
        if now < ends:
            return BmsStanding("silent", lost, lost.lost_at)
        return BmsStanding("lost", lost, max(ends, lost.lost_at))
    return BmsStanding("live", controllers[0], controllers[0].since)
