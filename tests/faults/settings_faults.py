"""What may happen to the settings service."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from tests.core.boat import LYNX_SERVICE
from tests.edge.dbus_daemon import standin
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.records import fault
from tests.faults.scene import Scene


def settings(scene: Scene, kind: str) -> AbstractContextManager[None]:
    return standin("tests.faults.settings_standin", scene.daemon.address, kind)


@fault(
    "settings-absent",
    "there is no settings service",
    "the configured device instance and user limits hold",
    safe_within_s=1,
    recovers_within_s=5,
)
def settings_absent(scene: Scene) -> None:
    scene.ready()
    scene.sees("/DeviceInstance", 220, LYNX_SERVICE)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.finish()


@fault(
    "settings-late",
    "the settings service appears late, and gives the battery another device instance",
    "the BMS is obeyed before, meanwhile and after",
    safe_within_s=1,
    recovers_within_s=8,
)
def settings_late(scene: Scene) -> None:
    scene.ready()
    with settings(scene, "good"):
        begin = time.monotonic()
        scene.recovered(scene.sees("/DeviceInstance", 221, LYNX_SERVICE) - begin)
        scene.sees_log(f"publishing {LYNX_SERVICE}, device instance 221")
        scene.safe(obeys(scene))
        grants(scene)
    time.sleep(2)
    assert scene.watch.value(LYNX_SERVICE, "/DeviceInstance") == 221, "an instance stays when the settings go"
    scene.safe(obeys(scene))
    assert not [value for at, value in scene.told(begin) if granted(value) and value > 200]
    scene.finish()


@fault(
    "settings-wrong-types",
    "the settings service has texts for numbers, and answers nonsense when it is asked for an instance",
    "what is not a number counts as not set; the BMS is obeyed",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def settings_wrong_types(scene: Scene) -> None:
    with settings(scene, "wrong"):
        scene.start()
        scene.ready()
        scene.sees_log("keeps the configured instance 220")
        scene.sees("/DeviceInstance", 220, LYNX_SERVICE)
        scene.safe(obeys(scene))
        scene.recovered(grants(scene))
        scene.finish()


@fault(
    "settings-mute",
    "the settings service never answers when it is asked for an instance",
    "after 2 s the configured instance holds; the BMS is obeyed",
    safe_within_s=1,
    recovers_within_s=8,
    service=False,
)
def settings_mute(scene: Scene) -> None:
    with settings(scene, "mute"):
        scene.start()
        scene.until("/Dvcc/Effective", "control")
        begin = time.monotonic()
        scene.until("/Info/MaxChargeCurrent", 200.0, LYNX_SERVICE)
        scene.recovered(time.monotonic() - begin)
        scene.sees_log("keeps the configured instance 220")
        scene.until_told(granted, 0.0, "a grant")
        scene.safe(obeys(scene))
        scene.finish()
