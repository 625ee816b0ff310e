"""What may happen to a CAN bus."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import time

from gxbridge.edge.can.gxsocket import CAN_FRAME, ERR_FLAG
from tests.core.boat import LYNX_SERVICE, MULTI
from tests.faults.records import fault
from tests.faults.scene import CURRENT, MULTI_CURRENT, MULTI_DISCHARGE, PATIENT_S, ROOT, Scene
from tests.runtime.service import OWN

CAN_STATE, CAN_ERRORS, CAN_FRAMES = "/Can/can0/State", "/Can/can0/Errors", "/Can/can0/Frames"


def granted(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def obeys(scene: Scene, within_s: float = PATIENT_S) -> float:
    """The BMS withdraws and grants again; returns after how many seconds the charger and the Multi were told 0 A."""
    begin = time.monotonic()
    scene.lynx.say(ccl=0)
    slowest = scene.until_told(lambda value: value == 0, begin, "0 A to the charger", within_s)
    multi = scene.until_told(lambda value: value == 0, begin, "0 A to the Multi", within_s, MULTI, MULTI_CURRENT)
    assert not [value for at, value in scene.told(begin + slowest) if granted(value)], "granted while refused"
    return max(slowest, multi)


def grants(scene: Scene, within_s: float = PATIENT_S) -> float:
    """The BMS allows again; returns after how many seconds the charger was told so."""
    begin = time.monotonic()
    scene.lynx.say(ccl=2000)
    return scene.until_told(granted, begin, "a grant to the charger", within_s)


@fault(
    "can-silent",
    "the bus is open, but nobody speaks on it any more; after 70 s the BMS is back",
    "values, limits and permissions are invalid, and charge current 0 is written",
    safe_within_s=13,
    recovers_within_s=10,
)
def can_silent(scene: Scene) -> None:
    scene.ready()
    scene.lynx.speaking = False
    begin = time.monotonic()
    scene.sees("/Info/MaxChargeCurrent", None, LYNX_SERVICE)
    assert scene.watch.value(LYNX_SERVICE, "/Io/AllowToCharge") is None
    solar_s = scene.until_told(lambda value: value == 0, begin, "0 A to the charger")
    multi_s = scene.until_told(lambda value: value == 0, begin, "0 A to the Multi", service=MULTI, path=MULTI_CURRENT)
    scene.safe(max(solar_s, multi_s))
    scene.sees_finding("bms-silent")
    scene.sees("/Bms/State", "silent")
    gone = scene.wait(lambda: LYNX_SERVICE not in scene.watch.names(), "the battery's service closes", 120) - begin
    assert 59 < gone < 64 + scene.record.starved_s, f"the battery's service closed after {gone:.1f} s"
    scene.record.see("60 s: the battery's service leaves the bus")
    scene.sees_finding("bms-lost")
    zeros = [at - begin for at, value in scene.told(begin + 10)]
    assert len(zeros) >= 10, f"0 A is renewed until 60 s: {zeros}"
    assert not scene.told(begin + multi_s + 1, MULTI, MULTI_DISCHARGE), "the discharge limit is not renewed"
    quiet = time.monotonic() + 1 + scene.record.starved_s
    time.sleep(5)
    assert scene.devices is not None
    assert not [row for row in scene.devices.told() if row[0] > quiet], "nothing is written after a minute"
    assert not [value for at, value in scene.told(begin + solar_s) if granted(value)]
    scene.lynx.speaking = True
    begin = time.monotonic()
    scene.recovered(scene.until_told(granted, begin, "a grant after the return"))
    scene.finish()


def flooded(scene: Scene, rate: int, seconds: float) -> None:
    scene.ready()
    before = scene.watch.ask(OWN, CAN_FRAMES)
    begin = time.monotonic()
    command = [sys.executable, "-m", "tests.faults.flood", str(scene.wire), str(rate), str(seconds)]
    flood = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    time.sleep(2.0)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    while flood.poll() is None:
        scene.safe(obeys(scene))
        scene.recovered(grants(scene))
    assert flood.stdout is not None
    sent, dropped = (int(word) for word in flood.stdout.read().split())
    flood.stdout.close()
    passed = time.monotonic() - begin
    assert sent >= 0.8 * rate * seconds, f"the flood was only {sent / seconds:.0f} frames/s"
    # The counter is refreshed every 10 s.
    scene.until(
        CAN_FRAMES, lambda now: isinstance(now, int) and now - before > 0.9 * (sent - dropped), within_s=PATIENT_S
    )
    scene.sees("/Can/can0/Load", lambda load: isinstance(load, float) and load > 10, text="shows the load")
    scene.record.figures |= {"sent": sent, "dropped by the bus": dropped, "seconds": passed}
    scene.finish()


@fault(
    "can-flooded",
    "a full bus: 1,800 frames/s for 12 s",
    "a withdrawn permission is told to chargers as fast as ever",
    safe_within_s=1,
    recovers_within_s=5,
    alone=True,
)
def can_flooded(scene: Scene) -> None:
    flooded(scene, 1800, 12.0)


@fault(
    "can-flooded-tenfold",
    "ten times what a bus can carry: 18,000 frames/s for 8 s",
    "a withdrawn permission is told to chargers all the same",
    safe_within_s=3,
    recovers_within_s=10,
    alone=True,
)
def can_flooded_tenfold(scene: Scene) -> None:
    flooded(scene, 18000, 8.0)


@fault(
    "can-garbage",
    "600 frames/s of garbage: random ids, damaged messages of the BMS, datagrams that are no frames",
    "values stay as the BMS says them, and a withdrawn permission is told to chargers",
    safe_within_s=1,
    recovers_within_s=5,
)
def can_garbage(scene: Scene) -> None:
    scene.ready()
    command = [sys.executable, "-m", "tests.faults.flood", str(scene.wire), "600", "12", "garbage"]
    flood = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    time.sleep(3)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    flood.wait()
    became = [
        (round(at - begin, 3), value)
        for at, name, path, value in scene.watch.changes
        if at >= begin and name == LYNX_SERVICE and path == "/Soc"
    ]
    assert not became, f"garbage became a value (seconds, value): {became}"
    told = {value for at, value in scene.told(begin)}
    assert told <= {0.0} | {value for value in told if 0 <= value <= 200}
    scene.sees(CAN_ERRORS, lambda count: isinstance(count, int) and count > 0, text="counts them")
    assert scene.watch.value(OWN, CAN_STATE) == "open"
    scene.finish()


@fault(
    "can-wrong-bit-rate",
    "the symptoms of a wrong bit rate: error frames in place of every frame, then bus-off",
    "values invalid, charge current 0",
    safe_within_s=13,
    recovers_within_s=10,
)
def can_wrong_bit_rate(scene: Scene) -> None:
    scene.ready()
    scene.lynx.speaking = False
    begin = time.monotonic()
    passive = CAN_FRAME.pack(ERR_FLAG | 0x004 | 0x008, 8, struct.pack("8B", 0, 0x30, 0, 0, 0, 0, 0, 0))
    off = CAN_FRAME.pack(ERR_FLAG | 0x040, 8, bytes(8))
    for _ in range(40):
        scene.lynx.send_raw(*[passive] * 5)
        time.sleep(0.02)

    def fails_again() -> bool:  # it tries to come back, again and again
        scene.lynx.send_raw(off)
        return any(path == CAN_STATE and value == "bus-off" for _, _, path, value in scene.watch.changes)

    scene.wait(fails_again, "bus-off")
    scene.record.see(f"`{CAN_STATE}` = bus-off")
    scene.sees_log("has left the bus after too many errors")
    scene.sees(CAN_ERRORS, lambda count: isinstance(count, int) and count > 200, text="counts them")
    scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    scene.lynx.speaking = True
    begin = time.monotonic()
    scene.until(CAN_STATE, "open")
    scene.recovered(scene.until_told(granted, begin, "a grant after the return"))
    scene.finish()


@fault(
    "can-interface-gone",
    "the interface is gone (its directory is removed), and back after a while",
    "values invalid, charge current 0",
    safe_within_s=13,
    recovers_within_s=35,
)
def can_interface_gone(scene: Scene) -> None:
    scene.ready()
    shutil.rmtree(scene.wire)
    begin = time.monotonic()
    scene.sees(CAN_STATE, "waiting")
    scene.sees_log("can0: waiting: ")
    scene.sees_finding("can-not-open")
    scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    scene.sees_finding("bms-silent")
    scene.wire.mkdir()
    scene.lynx.plug()
    begin = time.monotonic()
    scene.until(CAN_STATE, "open")
    scene.recovered(scene.until_told(granted, begin, "a grant after the return"))
    scene.finish()


@fault(
    "can-missing-at-start",
    "the interface is not there when the service starts, and comes later",
    "no battery is published, and nothing is granted",
    recovers_within_s=15,
    service=False,
)
def can_missing_at_start(scene: Scene) -> None:
    shutil.rmtree(scene.wire)
    scene.start()
    scene.sees(CAN_STATE, "waiting")
    scene.sees_log("cannot be opened")
    scene.sees_finding("can-not-open")
    assert not [value for at, value in scene.told() if granted(value)]
    scene.wire.mkdir()
    scene.lynx.plug()
    begin = time.monotonic()
    scene.recovered(scene.until_told(granted, begin, "a grant"))
    scene.finish()


__all__ = ["CURRENT", "granted", "grants", "obeys"]
