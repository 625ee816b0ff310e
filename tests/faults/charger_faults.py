"""What chargers may do."""

from __future__ import annotations

import time
from typing import Any

from tests.core.boat import MULTI, SOLAR
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.records import fault
from tests.faults.scene import CURRENT, MULTI_CURRENT, PATIENT_S, SECOND, Scene, StandIns


def with_second(scene: Scene) -> StandIns:
    """A second solar charger, in a process of its own."""
    second = StandIns(scene.daemon.address, scene.folder, "second", {SECOND: "solar"})
    scene.ready()
    told_second(scene, second, granted, 0.0, "a grant to the second charger")
    return second


def told_second(
    scene: Scene, second: StandIns, test: Any, since: float, what: str, within_s: float = PATIENT_S
) -> float:
    found: list[float] = []

    def passed() -> bool:
        found[:] = [at for at, _, path, value in second.told() if path == CURRENT and at >= since and test(value)]
        return bool(found)

    scene.wait(passed, lambda: f"{what}: {second.told()[-8:]}", within_s)
    return found[0] - since


@fault(
    "charger-vanishes",
    "a charger hangs, so that writes wait for it; it dies, and a successor of the same name comes",
    "what was queued for the old one never reaches the new one; others do not wait",
    safe_within_s=1,
    recovers_within_s=6,
)
def charger_vanishes(scene: Scene) -> None:
    second = with_second(scene)
    try:
        second.process.send_signal(19)  # SIGSTOP
        scene.sees_log("did not answer SetValue")  # the writes of a round wait for it: decided, and not delivered
        scene.safe(obeys(scene))
        second.kill()
        second = StandIns(scene.daemon.address, scene.folder, "successor", {SECOND: "solar"})
        told_second(scene, second, lambda value: value == 0, 0.0, "0 A to the successor")
        time.sleep(2)
        old = [row for row in second.told() if row[2] == CURRENT and granted(row[3])]
        assert not old, f"an old grant reached the successor: {old}"
        again = time.monotonic()
        scene.lynx.say(ccl=2000)
        scene.recovered(told_second(scene, second, granted, again, "a grant to the successor"))
        scene.sees("/Dvcc/Effective", "control")
        scene.finish()
    finally:
        second.kill()


@fault(
    "charger-refuses",
    "a charger refuses every write for 12 s",
    "the others are told 0 as fast as ever; this one is tried again at each round",
    safe_within_s=1,
    recovers_within_s=10,
)
def charger_refuses(scene: Scene) -> None:
    second = with_second(scene)
    try:
        second.order(do="refuse")
        time.sleep(0.2)
        begin = time.monotonic()
        scene.safe(obeys(scene))
        scene.sees_log(f"to {SECOND}{CURRENT}: the service refused it")
        time.sleep(12)
        tries = [at - begin for at, _, path, _ in second.told() if path == CURRENT and at > begin]
        assert len(tries) >= 3, f"it is tried again: {tries}"
        scene.sees_finding("write-failed")
        scene.sees("/Dvcc/Effective", "control")
        second.order(do="accept")
        time.sleep(0.2)
        accepted = time.monotonic()
        scene.recovered(told_second(scene, second, lambda value: value == 0, accepted, "0 A when it accepts again"))
        scene.sees_log("takes writes again")
        scene.wait(lambda: "write-failed" not in scene.findings(), "the finding is over")
        grants(scene)
        scene.finish()
    finally:
        second.kill()


@fault(
    "charger-answers-late",
    "a charger answers each write after 1.5 s",
    "the others are told 0 as fast as ever; the late one gets the newest value next",
    safe_within_s=1,
    recovers_within_s=8,
)
def charger_answers_late(scene: Scene) -> None:
    second = with_second(scene)
    try:
        second.order(do="late", seconds=1.5)
        time.sleep(8)
        begin = time.monotonic()
        scene.safe(obeys(scene))
        late = told_second(scene, second, lambda value: value == 0, begin, "0 A to the late one")
        scene.record.see(f"the late one is told 0 within {5} s")
        assert late < 5 + scene.record.starved_s, f"{late:.1f} s"
        scene.recovered(grants(scene))
        scene.sees("/Dvcc/Effective", "control")
        scene.finish()
    finally:
        second.kill()


__all__ = ["MULTI", "MULTI_CURRENT", "SOLAR"]
