"""What is remembered from merely looking: who is there, who controls, what a BMS forces."""

from __future__ import annotations

from typing import NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.filters import advance, advance_vebus, begin
from gxbridge.core.dvcc.loss import first_lost, watch
from gxbridge.core.dvcc.memory import Memory, Stored, Timer
from gxbridge.core.dvcc.permissions import given
from gxbridge.core.dvcc.quirks import ORDINARY, force, forced_of, quirk_of
from gxbridge.core.dvcc.scene import Scene, bms_identity
from gxbridge.core.dvcc.settings import AUTOMATIC_BMS, ON
from gxbridge.core.dvcc.snapshot import Snapshot
from gxbridge.core.dvcc.timers import due


class Observed(NamedTuple):
    """What was seen and what is remembered of it. `second`: the control loop's second, if one is due now.

    In the scene there is no BMS where the one in control is lost and no other may take over.
    """

    scene: Scene
    memory: Memory
    second: int | None


def observe(scene: Scene, snapshot: Snapshot, memory: Memory, now: float) -> Observed:
    """Look around; if a second of the control loop is due, let the low passes run."""
    controllers = watch(scene, memory.controllers, snapshot.heard, now)
    if scene.options.loss_stops_first and first_lost(controllers) is not None:
        scene = scene._replace(selection=scene.selection._replace(bms=None), quirk=ORDINARY)
    elif scene.options.unknown_limit_stops and scene.bms is None:
        scene = expecting(scene)
    identity = bms_identity(scene)
    dvcc = stored(memory.dvcc, scene.settings.dvcc)
    svs = stored(memory.svs, scene.settings.svs)
    sts = stored(memory.sts, scene.settings.sts)
    flags = memory.flags
    if memory.bms is None:
        flags = flags._replace(dvcc=scene.settings.dvcc & ON)
    if identity != memory.bms:
        forced = forced_of(identity[1])
        dvcc = dvcc._replace(value=force(dvcc.value, forced.dvcc))
        svs = svs._replace(value=force(svs.value, forced.svs))
        sts = sts._replace(value=force(sts.value, forced.sts))
    control = memory.control
    if control is None and (scene.plant.chargers or scene.plant.of(p.BATTERY)):
        control = Timer(now + 1)
    smoothed, vebus_a = begin(memory.smoothed, scene.plant.solar_side), memory.vebus_a
    timer = due(control, now)
    if timer is not None:
        smoothed = advance(smoothed, scene.plant.solar_side)
        vebus_a = advance_vebus(vebus_a, scene.plant, scene.multi)
    memory = memory.but(
        control=timer or control,
        sense=memory.sense or Timer(now + 1),
        smoothed=smoothed,
        vebus_a=vebus_a,
        flags=flags,
        bms=identity,
        dvcc=dvcc,
        svs=svs,
        sts=sts,
        controllers=controllers,
        gave=given(scene, memory.gave),
    )
    return Observed(scene, memory, None if timer is None else timer.seconds)


def expecting(scene: Scene) -> Scene:
    """With the BMS that is there but has not said its charge voltage yet: it allows nothing until it does."""
    wanted = scene.settings.bms_instance
    for battery in scene.plant.of(p.BATTERY):
        quirk = quirk_of(battery.items)
        if quirk.gives_permissions and wanted in (AUTOMATIC_BMS, battery.instance):
            return scene._replace(selection=scene.selection._replace(bms=battery), quirk=quirk)
    return scene


def stored(known: Stored | None, raw: int) -> Stored:
    """A setting that was changed by somebody holds as it is; otherwise what the BMS made of it holds."""
    return known if known is not None and known.raw == raw else Stored(raw, raw)


def is_on(setting: Stored | None) -> bool:
    """Is a setting on, by choice or by force?"""
    return setting is not None and bool(setting.value & ON)
