"""What the black box costs: a frame remembered against a frame decoded, a cycle with it and without, and the state.

    python -m benchmarks.blackbox

Only the ratios of one run mean something. Exit code 1 when a second with it costs too many times one without.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from gxbridge.core.blackbox.bridge_state import capture, names_of
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.blackbox.recorder import RecordingBridge
from gxbridge.core.blackbox.ring import KEYFRAME_S, Ring
from gxbridge.core.bridge import Bridge
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.setup import Setup
from tests.core.boat import MULTI, RUNNING, SOLAR, claim, multi, solar, status, vreg

RUNS = 9
FRAMES = 20_000
BATCH = 40
CYCLES = 300
MOST = 1.15
"""Times that a second of a boat with the black box may cost one without."""


def medians(*works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each; they take turns, so that a busy machine is busy for all."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for work, taken in zip(works, times, strict=True):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
    return [statistics.median(taken) for taken in times]


def traffic() -> list[list[tuple[float, int, bytes]]]:
    """Frames of a Lynx, currents that change and registers that repeat, in batches as the bus edge hands them on."""
    rows = []
    for number in range(FRAMES // 16 + 1):
        frames = [claim(), status(current_a=number % 200), *(vreg(reg, raw) for reg, raw in RUNNING.items())]
        rows += [(number * 0.1, can_id, data) for can_id, data in (*frames, vreg(0xED8F, number))]
    rows = rows[:FRAMES]
    return [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]


def boat(bridge: Bridge) -> Bridge:
    """A bridge with a Lynx, two chargers and a Multi."""
    bridge.hear("can0", [(0.0, *frame) for frame in (claim(), status(), *(vreg(r, raw) for r, raw in RUNNING.items()))])
    for name, items in ((SOLAR, solar()), ("com.victronenergy.solarcharger.ttyO4", solar()), (MULTI, multi())):
        bridge.service_added(name, items, 0.0)
    return bridge


def cycles(bridge: Bridge) -> None:
    for second in range(CYCLES):
        now = float(second)
        bridge.hear("can0", [(now, *status()), (now, *vreg(0x0391, 2000))])
        bridge.service_changed(SOLAR, {"/Dc/0/Current": 10.0 + second % 3}, now)
        bridge.tick(now)


def main() -> int:
    batches = traffic()

    def decode() -> None:
        feed = Decoder().feed
        for batch in batches:
            for at, can_id, data in batch:
                feed(can_id, data, at)

    def hear() -> None:
        bridge = Bridge(Setup(buses=("can0",)))
        for batch in batches:
            bridge.hear("can0", batch)

    def remember() -> None:
        ring = Ring(4_000_000)
        ring.begin(0.0, "{}")
        for batch in batches:
            ring.frames("can0", batch)
        ring.stretches()

    decoding, hearing, remembering = medians(decode, hear, remember)
    print(f"a frame decoded:     {decoding / FRAMES * 1e6:.2f} us")
    print(f"a frame heard:       {hearing / FRAMES * 1e6:.2f} us (decoded, filed with its device)")
    print(f"a frame remembered:  {remembering / FRAMES * 1e6:.2f} us")
    print(f"remembered / decoded: {remembering / decoding:.2f}   remembered / heard: {remembering / hearing:.2f}")

    setup = Setup(mode="control", buses=("can0",))
    plain, boxed = medians(lambda: cycles(boat(Bridge(setup))), lambda: cycles(boat(RecordingBridge(setup, 4_000_000))))
    print(f"a second of a boat without: {plain / CYCLES * 1e6:.0f} us, with: {boxed / CYCLES * 1e6:.0f} us")
    print(f"with / without: {boxed / plain:.2f} (at most {MOST})")

    bridge = boat(Bridge(setup))
    cycles(bridge)
    names, coding = names_of(bridge), codec()
    ring = Ring(4_000_000)
    (taking,) = medians(lambda: ring.begin(0.0, capture(bridge, names, coding)))
    size = len("".join(capture(bridge, names, coding)))
    print(f"the whole state, once in {KEYFRAME_S:.0f} s: {taking * 1e3:.2f} ms, {size} bytes before compression")
    return int(boxed / plain > MOST)


if __name__ == "__main__":
    sys.exit(main())
