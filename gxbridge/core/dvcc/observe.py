"""What is remembered from merely looking: who is there, who controls, what a BMS forces."""

from __future__ import annotations

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.filters import begin
from gxbridge.core.dvcc.loss import first_lost, watch
from gxbridge.core.dvcc.memory import Memory, Stored, Timer
from gxbridge.core.dvcc.permissions import given
from gxbridge.core.dvcc.quirks import ORDINARY, force, forced_of
from gxbridge.core.dvcc.scene import Scene, bms_identity
from gxbridge.core.dvcc.settings import ON
from gxbridge.core.dvcc.snapshot import Snapshot


def observe(scene: Scene, snapshot: Snapshot, memory: Memory, now: float) -> tuple[Scene, Memory]:
    """The memory after a look; and the scene, without a BMS where the one in control is lost and none may take over."""
    controllers = watch(scene, memory.controllers, snapshot.heard, now)
    if scene.options.loss_stops_first and first_lost(controllers) is not None:
        scene = scene._replace(selection=scene.selection._replace(bms=None), quirk=ORDINARY)
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
    return scene, memory._replace(
        control=control,
        sense=memory.sense or Timer(now + 1),
        smoothed=begin(memory.smoothed, scene.plant.solar_side),
        flags=flags,
        bms=identity,
        dvcc=dvcc,
        svs=svs,
        sts=sts,
        controllers=controllers,
        gave=given(scene, memory.gave),
    )


def stored(known: Stored | None, raw: int) -> Stored:
    """A setting that was changed by somebody holds as it is; otherwise what the BMS made of it holds."""
    return known if known is not None and known.raw == raw else Stored(raw, raw)


def is_on(setting: Stored | None) -> bool:
    """Is a setting on, by choice or by force?"""
    return setting is not None and bool(setting.value & ON)
