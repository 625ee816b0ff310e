"""What may happen to a BMS."""

from __future__ import annotations

import struct
import threading
import time

from tests.core.boat import LYNX_SERVICE, MULTI, NO_CHARGE
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.lynx import Lynx
from tests.faults.records import fault
from tests.faults.scene import MULTI_CURRENT, Scene
from tests.runtime.service import OWN

OTHER_NAME = bytes.fromhex("D18CC22C00AA46C0")
"""Unique number 167121: the greater NAME, which loses an address."""


@fault(
    "bms-silent",
    "the BMS falls silent for 20 s while other devices go on speaking",
    "values, limits and permissions are invalid, and charge current 0 is written",
    safe_within_s=13,
    recovers_within_s=10,
)
def bms_silent(scene: Scene) -> None:
    scene.ready()
    scene.lynx.speaking = False
    begin = time.monotonic()
    over = threading.Event()

    def others() -> None:
        while not over.wait(0.2):
            scene.lynx.send((0x1CEFFF30, struct.pack("<HHI", 0x9966, 0xED8D, 2640)))

    transmitter = threading.Thread(target=others)
    transmitter.start()
    try:
        solar_s = scene.until_told(lambda value: value == 0, begin, "0 A to the charger")
        scene.safe(solar_s)
        scene.safe(
            scene.until_told(lambda value: value == 0, begin, "0 A to the Multi", service=MULTI, path=MULTI_CURRENT)
        )
        scene.sees_finding("bms-silent")
        scene.sees("/Bms/State", "silent")
        scene.sees("/Bms/MultiStopsAt", lambda at: isinstance(at, int), text="counts down to the Multi's stop")
        time.sleep(max(0.0, begin + 20 - time.monotonic()))
        assert not [value for at, value in scene.told(begin + solar_s) if granted(value)]
    finally:
        over.set()
        transmitter.join()
    scene.lynx.speaking = True
    begin = time.monotonic()
    scene.recovered(scene.until_told(granted, begin, "a grant after the return"))
    scene.finish()


@fault(
    "bms-flapping",
    "the BMS withdraws its permission and gives it again, six times in 15 s",
    "each withdrawal is told to chargers at once",
    safe_within_s=1,
    recovers_within_s=5,
)
def bms_flapping(scene: Scene) -> None:
    scene.ready()
    for pause_s in (0.1, 0.4, 1.0, 1.6, 2.2, 2.8):
        begin = time.monotonic()
        before = scene.told()[-1][1]
        scene.lynx.say(io=NO_CHARGE)
        if granted(before):
            scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
        scene.wait(lambda: scene.told()[-1][1] == 0, "0 A is the last word")
        refused = time.monotonic()
        time.sleep(0.5)
        assert not [value for at, value in scene.told(refused) if granted(value)]
        scene.lynx.say(io=0x1595)
        time.sleep(pause_s)
    scene.sees("/Io/AllowToCharge", 1, LYNX_SERVICE)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.finish()


@fault(
    "bms-comes-and-goes",
    "the BMS is heard for 1.5 s, then silent for 12 s, twice",
    "charge current 0 from 10 s of silence; nothing old is granted",
    safe_within_s=13,
    recovers_within_s=10,
)
def bms_comes_and_goes(scene: Scene) -> None:
    scene.ready()
    for _ in range(2):
        scene.lynx.speaking = False
        begin = time.monotonic()
        safe_s = scene.until_told(lambda value: value == 0, begin, "0 A to the charger")
        scene.safe(safe_s)
        scene.sees_finding("bms-silent")
        time.sleep(max(0.0, begin + 14 - time.monotonic()))
        assert not [value for at, value in scene.told(begin + safe_s) if granted(value)]
        begin = time.monotonic()
        scene.lynx.speaking = True
        time.sleep(1.5)
    scene.recovered(scene.until_told(granted, begin, "a grant after the return"))
    scene.finish()


@fault(
    "bms-reboots",
    "the BMS reboots: 12 s silent, then only its claim and measurements for 5 s, then limits and permissions",
    "nothing is granted before permission and limits were heard again",
    safe_within_s=13,
    recovers_within_s=6,
)
def bms_reboots(scene: Scene) -> None:
    scene.ready()
    scene.lynx.speaking = False
    begin = time.monotonic()
    safe_s = scene.until_told(lambda value: value == 0, begin, "0 A to the charger")
    scene.safe(safe_s)
    time.sleep(max(0.0, begin + 12.5 - time.monotonic()))
    scene.lynx.limits = False
    scene.lynx.speaking = True
    back = time.monotonic()
    scene.sees("/Dc/0/Voltage", 26.4, LYNX_SERVICE, text="is there again")
    scene.sees("/Info/MaxChargeCurrent", None, LYNX_SERVICE)
    scene.sees_finding("bms-silent")
    time.sleep(max(0.0, back + 5 - time.monotonic()))
    assert not [value for at, value in scene.told(begin + safe_s) if granted(value)], "granted from old limits"
    scene.lynx.limits = True
    again = time.monotonic()
    scene.recovered(scene.until_told(granted, again, "a grant with fresh limits"))
    scene.finish()


@fault(
    "bms-moves",
    "the BMS changes its address in operation",
    "nothing changes: it is known by its NAME, and obeyed from its new address",
    safe_within_s=1,
    recovers_within_s=5,
)
def bms_moves(scene: Scene) -> None:
    scene.ready()
    instance = scene.watch.value(LYNX_SERVICE, "/DeviceInstance")
    begin = time.monotonic()
    scene.lynx.address = 0x2A
    scene.lynx.claim()
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.until("/Devices/0/Address", 0x2A)
    scene.record.see("`/Devices/<n>/Address` = 42")
    assert not [name for at, name in scene.watch.gone if name == LYNX_SERVICE and at > begin]
    assert scene.watch.value(LYNX_SERVICE, "/DeviceInstance") == instance
    invalid = [
        path
        for at, name, path, value in scene.watch.changes
        if at > begin and name == LYNX_SERVICE and path in ("/Dc/0/Voltage", "/Io/AllowToCharge") and value is None
    ]
    assert not invalid, f"the battery was unknown for a moment: {invalid}"
    scene.finish()


@fault(
    "bms-two-at-one-address",
    "a second BMS claims the address of the first and does not move; the first refuses charge, the second allows 600 A",
    "after 2 s nothing from that address is believed: no charge",
    safe_within_s=3,
    recovers_within_s=6,
)
def bms_two_at_one_address(scene: Scene) -> None:
    scene.ready()
    scene.lynx.claims = False
    with Lynx(scene.wire, name=OTHER_NAME) as other:
        other.said = {**other.said, 0x0391: 6000}
        time.sleep(0.1)
        other.claims = False
        scene.lynx.claim()  # defends its address; the other one does not care
        begin = time.monotonic()
        scene.lynx.say(ccl=0)
        scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
        scene.sees_finding("address-contested")
        time.sleep(8)
        rows = scene.told(begin + 3 + scene.record.starved_s)
        wrong = [(round(at - begin, 1), value) for at, value in rows if granted(value)]
        assert not wrong, f"granted at an address that two claim: {wrong}"
        scene.lynx.said[0x0391] = 2000
        begin = time.monotonic()
        other.address = 0x33
        other.claim()
        scene.recovered(scene.until_told(granted, begin, "a grant when the other has moved"))
    scene.finish()


__all__ = ["OWN"]
