"""What a DVCC decision costs, as multiples of the struct floor's cost per frame (`floor.py`) in the same run.

    python -m benchmarks.dvcc [--rounds 7] [--json]

An installation with ESS, a Lynx and n solar chargers; before every call the limit and all currents move. A full
round is what happens every third second (low passes, shared sense, limits with their reasons, writes); the other
seconds are cheap. Every round of the benchmark measures floor and decisions one after the other and forms their ratio;
the median of the ratios is given. Exit code 1 when a ratio is above its most.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks import floor, genlog
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value

Items = dict[str, Value]
BMS, MULTI = "com.victronenergy.battery.gxbridge_can0_uc1", "com.victronenergy.vebus.ttyS4"
SETTINGS: Items = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 500}
CHARGERS = (1, 4, 16, 64, 256)
TARGETS: dict[str, tuple[float, float]] = {
    "strict, 16 chargers, full round": (300.0, 240.0),
    "strict, 16 chargers, other second": (72.0, 40.0),
}
"""Most and aim. The vendor's adjust step with 16 chargers costs 475 times the floor (measured in the same way)."""
SLOPE = 1.6
"""256 chargers cost at most this much more, for each charger, than 64 do."""
FRAMES = 20_000
DECISIONS = 60


def installation(chargers: int) -> dict[str, KeptItems]:
    """A Lynx, a Multi with ESS and some solar chargers, kept as the bridge keeps them."""
    services: dict[str, Items] = {
        BMS: {
            p.DEVICE_INSTANCE: 100, p.PRODUCT_ID: 0xA3E4, p.PRODUCT_NAME: "Lynx Smart BMS NG", p.CUSTOM_NAME: None,
            p.CONNECTION: "VE.Can", p.CONNECTED: 1, p.STATE: 9, p.VOLTAGE: 52.0, p.CURRENT: 10.0, p.CVL: 56.8,
            p.CCL: 80.0, p.DCL: 200.0, p.LOW_VOLTAGE: 44.0, p.ALLOW_CHARGE: 1, p.ALLOW_DISCHARGE: 1,
            p.MIN_CELL_VOLTAGE: 3.3, p.MAX_CELL_VOLTAGE: 3.35, p.NOMINAL_VOLTAGE: 48,
        },
        MULTI: {
            p.DEVICE_INSTANCE: 261, p.PRODUCT_NAME: "MultiPlus", p.CONNECTION: "VE.Bus", p.CONNECTED: 1, p.STATE: 3,
            p.FIRMWARE: 0x506, p.VOLTAGE: 52.0, p.CURRENT: -12.0, p.MULTI_CHARGE_CURRENT: 70, p.ASSISTANT: 5,
            p.HUB_VOLTAGE: 56.6, p.AC_CONNECTED: 1, p.ACTIVE_INPUT: 0, p.BOL_CHARGE_VOLTAGE: None,
            p.BOL_CHARGE_CURRENT: None, p.BOL_DISCHARGE_CURRENT: None, p.BOL_LOW_VOLTAGE: None, p.BOL_FRAME: 1,
        },
    }  # fmt: skip
    for index in range(chargers):
        services[f"com.victronenergy.solarcharger.ttyS{index}"] = {
            p.DEVICE_INSTANCE: 279 + index, p.PRODUCT_ID: 0xA060, p.PRODUCT_NAME: "SmartSolar", p.CONNECTED: 1,
            p.CONNECTION: "VE.Direct", p.FIRMWARE: 0x161, p.STATE: 3, p.VOLTAGE: 52.0, p.CURRENT: 5.0,
            p.CHARGE_LIMIT_SETTING: 35, p.BMS_PRESENT: 1, p.N2K_INSTANCE: None, p.NETWORK_MODE: None,
            p.CHARGE_VOLTAGE: None, p.CHARGE_CURRENT: None, p.VOLTAGE_SENSE: None, p.TEMPERATURE_SENSE: None,
            p.BATTERY_CURRENT: None,
        }  # fmt: skip
    return {name: KeptItems(items) for name, items in services.items()}


def decisions_us(options: Options, chargers: int) -> tuple[float, float]:
    """Median CPU time (us) of a full round, and of a second in between."""
    services, memory = installation(chargers), Memory()
    suns = [items for name, items in services.items() if ".solarcharger." in name]
    full: list[int] = []
    cheap: list[int] = []
    for second in range(DECISIONS * 3):
        services[BMS][p.CCL] = 5.0 * chargers + second / 10
        for index, items in enumerate(suns):
            items[p.CURRENT] = 3.0 + (index + second) % 7
        snapshot = Snapshot(services, SETTINGS, "C003", {BMS: float(second)}, options)
        begin = time.process_time_ns()
        decision, memory = decide(snapshot, memory, float(second))
        (full if decision.round_done else cheap).append(time.process_time_ns() - begin)
        for write in decision.writes:
            services[write.service][write.path] = write.value
    return statistics.median(full) / 1000, statistics.median(cheap) / 1000


def floor_us(work: Callable[[], None], frames: int) -> float:
    """Median CPU time (us) of the floor for one frame: the median, as for the decisions."""
    took: list[int] = []
    for _ in range(5):
        begin = time.process_time_ns()
        work()
        took.append(time.process_time_ns() - begin)
    return statistics.median(took) / frames / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = [(can_id, data) for _, can_id, data in genlog.generate(FRAMES)]

    def run_floor() -> None:
        for can_id, data in rows:
            floor.decode(can_id, data)

    gc.collect()
    gc.freeze()
    ratios: dict[str, list[float]] = {}
    micros: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        base = floor_us(run_floor, len(rows))
        for options in (Options.strict(), Options.vendor()):
            for chargers in CHARGERS:
                for kind, us in zip(("full round", "other second"), decisions_us(options, chargers), strict=True):
                    name = f"{options.profile}, {chargers} chargers, {kind}"
                    ratios.setdefault(name, []).append(us / base)
                    micros.setdefault(name, []).append(us)
    if arguments.json:
        print(json.dumps({"ratios": ratios, "us": micros}))
    return report(ratios, micros)


def report(ratios: dict[str, list[float]], micros: dict[str, list[float]]) -> int:
    """Print the table; 1 when something costs more than it may."""
    missed = 0
    print(f"{'x floor':>8} {'most':>6} {'aim':>6} {'us':>8}")
    for name, found in ratios.items():
        most, aim = TARGETS.get(name, (None, None))
        ratio = statistics.median(found)
        missed |= most is not None and ratio > most
        print(f"{ratio:8.0f} {most or '':>6} {aim or '':>6} {statistics.median(micros[name]):8.0f}  {name}")
    per_charger = [statistics.median(micros[f"strict, {count} chargers, full round"]) / count for count in (64, 256)]
    slope = per_charger[1] / per_charger[0]
    print(f"\na charger among 256 costs {slope:.2f} times one among 64 (most {SLOPE}): linear")
    return int(missed or slope > SLOPE)


if __name__ == "__main__":
    sys.exit(main())
