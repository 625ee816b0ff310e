"""Does a decision's memory stay constant over a long life? A million decisions: 11.6 days, one each second.

    python -m benchmarks.dvcc_life [--decisions 1000000] [--profile strict|vendor]

Currents and limits move every second, every fifth second a charger goes and another comes under a name of its own, the
BMS is away for a minute each hour, settings change. Looked at at ten points of the life: traced memory (kB), and how
many values the remembered state is made of. Exit code 1 when either is more than a tenth above what it was at first.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from collections.abc import Mapping

from benchmarks.dvcc import BMS, SETTINGS, installation
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options, Profile
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory

CHARGERS = 4
POINTS = 10
MOST = 1.1
"""What the end may be of the first point."""
WARM = 40_000
"""Decisions before the first point at most: bounded caches are full then."""


def weight(value: object) -> int:
    """How many values a value is made of."""
    if isinstance(value, Mapping):
        return 1 + sum(weight(key) + weight(item) for key, item in value.items())
    if isinstance(value, tuple | list | frozenset):
        return 1 + sum(map(weight, value))
    return 1


def live(decisions: int, options: Options) -> list[tuple[int, float, int]]:
    """(decisions so far, traced kB, values remembered) at ten points."""
    services, memory, settings = installation(CHARGERS), Memory(), dict(SETTINGS)
    bms, found = services[BMS], []
    points = {WARM + (decisions - WARM) * index // (POINTS - 1) for index in range(POINTS)}
    for second in range(decisions + 1):
        bms[p.CCL] = 40.0 + second % 37
        settings[p.SET_MAX_CURRENT] = 60 + second // 7200 % 5
        if second % 3600 == 3500:
            del services[BMS]
        elif second % 3600 == 3560:
            services[BMS] = bms
        if second % 5 == 3:
            name = next(name for name in services if ".solarcharger." in name)
            services[f"com.victronenergy.solarcharger.u{second // 5}"] = services.pop(name)
        for index, items in enumerate(services.values()):
            items[p.CURRENT] = 3.0 + (index + second) % 7
        snapshot = Snapshot(services, settings, "C003", {BMS: float(second)}, options)
        decision, memory = decide(snapshot, memory, float(second))
        for write in decision.writes:
            services[write.service][write.path] = write.value
        if second in points:
            gc.collect()
            found.append((second, tracemalloc.get_traced_memory()[0] / 1000, weight(memory)))
            print(f"{second:9d} decisions {found[-1][1]:9.0f} kB traced {found[-1][2]:7d} values", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--profile", choices=("strict", "vendor"), default="strict")
    arguments = parser.parse_args()
    profile: Profile = arguments.profile
    tracemalloc.start()
    found = live(max(arguments.decisions, WARM + POINTS), Options.of(profile))
    first, last = found[0], found[-1]
    grown = last[1] > MOST * first[1] or last[2] > MOST * first[2]
    print(f"from {first[0]} to {last[0]} decisions: {last[1] - first[1]:+.0f} kB, {last[2] - first[2]:+d} values")
    return int(grown)


if __name__ == "__main__":
    sys.exit(main())
