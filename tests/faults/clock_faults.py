"""What may happen to clocks, and to the process's own time."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.core.boat import LYNX_SERVICE
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.records import fault
from tests.faults.scene import Scene
from tests.runtime.service import OWN

YEAR_S = 365 * 86400


@fault(
    "clock-set",
    "the wall clock is set back a year, and forward again",
    "nothing changes but the moments on D-Bus: silence and rounds are measured on another clock",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def clock_set(scene: Scene) -> None:
    offset = scene.folder / "clock"
    offset.write_text("0")
    scene.environment |= {"PYTHONPATH": str(Path(__file__).parent / "clock"), "FAULTS_CLOCK": str(offset)}
    scene.start()
    scene.ready()
    since = scene.watch.value(OWN, "/Bms/Since")
    assert isinstance(since, int)
    begin = time.monotonic()
    offset.write_text(str(-YEAR_S))
    scene.sees_log("the clock was set by -31536000 s")
    scene.sees("/Bms/Since", lambda at: isinstance(at, int) and abs(at + YEAR_S - since) <= 5, text="moves with it")
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    offset.write_text(str(YEAR_S))
    scene.wait(lambda: "the clock was set by +63072000 s" in scene.log(), "the second change in the log")
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    time.sleep(max(0.0, begin + 12 - time.monotonic()))
    assert not [name for at, name in scene.watch.gone if at > begin]
    assert scene.watch.value(LYNX_SERVICE, "/Io/AllowToCharge") == 1
    scene.finish()


@fault(
    "clock-suspended",
    "the process is held (SIGSTOP) for 15 s; meanwhile the BMS withdraws its permission",
    "when it goes on it reads for a second, then 0 is told; what was granted before is not granted again",
    safe_within_s=3,
    recovers_within_s=6,
)
def clock_suspended(scene: Scene) -> None:
    scene.ready()
    scene.signal(signal.SIGSTOP)
    try:
        time.sleep(5)
        scene.lynx.say(ccl=0)
        time.sleep(10)
    finally:
        scene.signal(signal.SIGCONT)
    begin = time.monotonic()
    scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    time.sleep(2)
    old = [(round(at - begin, 2), value) for at, value in scene.told(begin) if granted(value)]
    assert not old, f"an old grant was written: {old}"
    scene.sees("/Info/MaxChargeCurrent", 0.0, LYNX_SERVICE, text="is current at once")
    scene.recovered(grants(scene))
    scene.finish()
