"""A fleet of simulated boats: logs and black boxes of the devices of `gxbridge.demo.sim`, on simulated time.

    python -m tests.fleet.simulated FOLDER --boats 100 [--seconds 600] [--days 1]

Each boat is a Lynx Smart BMS, three chargers and other traffic on the bus, with the service in control, about 30 frames
a second. What goes wrong on a boat depends on its number (`STORIES`).
"""

from __future__ import annotations

import argparse
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import can

from gxbridge.core.blackbox.recorder import RecordingBridge
from gxbridge.core.nmea2000.database import database
from gxbridge.core.publish.own_items import CanView
from gxbridge.core.setup import Setup
from gxbridge.demo.sim import chargers, lynx, wire
from gxbridge.demo.sim import lynx_model as model
from gxbridge.edge.box_files import packed

STORIES = ("well", "bms-silent", "disobeys", "slow", "imbalance", "bus-errors", "held-up", "well")
FIRMWARES = (0x0106FF, 0x0111FF, 0x0113FF)
"""v1.06, v1.11, v1.13."""
START = 1_764_500_000.0
"""2025-11-30 10:53 UTC."""
DAY_S = 86_400
BOX_BYTES = 4 << 20
STEP_S = 0.5
HELD_UP_S = 80
LOAD_A = 12.0
UNKNOWN_REGISTER = 0x9ABC


class _Wire:
    """The Lynx's end of the bus: what it sends is taken away every step."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []

    def send(self, message: can.Message) -> None:
        self.sent.append((message.arbitration_id, bytes(message.data)))

    def recv(self, _timeout: float) -> None:
        return None


class _Lynx(lynx.Lynx):
    """A Lynx of its own number, serial and firmware."""

    def __init__(self, bus: Any, bank: model.Bank, number: int) -> None:
        super().__init__(bus, bank)
        self._unique = 167_120 + number
        self._serial = f"HQ21{number:05d}SIM"
        self._version = FIRMWARES[number % len(FIRMWARES)]
        self._name = wire.name(self._unique, lynx.FUNCTION_BATTERY, lynx.CLASS_ELECTRICAL)

    def _announce(self) -> None:
        texts = ("Lynx Smart BMS 500 M10", "", "", f"{self._unique:07d} {self._serial}")
        self._send([wire.claim(self.address, self._name)])
        self._send(wire.product_info(self.address, self._count(), lynx.PRODUCT_ID, texts))
        values = model.identity(lynx.PRODUCT_ID, self._serial)
        values[0x0102] = b"\x00" + self._version.to_bytes(3, "little")
        for register, value in values.items():
            self._send(wire.vreg(self.address, self._count(), register, value))


class _SlowCharger(chargers.SimCharger):
    """Takes its time."""

    def step(self, now: float, passed_s: float) -> dict[str, Any]:
        return super().step(now, passed_s / 12)


class _StubbornCharger(chargers.SimCharger):
    """Makes what it likes."""

    def _target(self, controlled: bool) -> float:
        return self.power_a


class SimulatedBoat:
    """`frames` and `boxes` of `seconds` on day `day`."""

    def __init__(self, number: int, day: int = 0) -> None:
        self.story = STORIES[number % len(STORIES)]
        self.epoch_offset = START + day * DAY_S - 1000.0
        self.now = 1000.0
        self._wire = _Wire()
        spread = 0.02 + (0.03 + 0.02 * day if self.story == "imbalance" else 0.0) + number % 5 * 0.002
        self._spread_v = spread
        self.bank = model.Bank(soc_percent=60.0 + number % 30, rise_v=spread, sag_v=0.02)
        self._lynx = _Lynx(self._wire, self.bank, number)
        self._devices = self._chargers()
        self._shown: set[str] = set()
        self._changes: dict[str, dict[str, Any]] = {name: {} for name in self._devices}
        self._filler = itertools.cycle(_traffic(number))
        self._can = CanView("open")
        setup = Setup(mode="control", buses=("can0",), version="0.1.0")
        self.bridge = RecordingBridge(setup, BOX_BYTES)
        self.boxes: list[tuple[str, bytes]] = []

    def _chargers(self) -> dict[str, chargers.SimCharger]:
        kinds = {"slow": _SlowCharger, "disobeys": _StubbornCharger}
        made = {}
        for kind, (name, items) in chargers.CHARGERS.items():
            cls = kinds.get(self.story, chargers.SimCharger) if kind == "solar-direct" else chargers.SimCharger
            made[name] = cls(dict(items), power_a=30.0)
        return made

    def run(self, seconds: int) -> Iterator[tuple[float, int, bytes]]:
        """The frames, with their epoch seconds; `boxes` fill meanwhile."""
        self._lynx.order({"power": True})
        for step in range(int(seconds / STEP_S)):
            self.now += STEP_S
            self._happen(step * STEP_S, seconds)
            self.bank.step(self.now, STEP_S)
            self.bank.soc_percent = min(self.bank.soc_percent, 100.0)  # a day of sun is more than the bank takes
            self._lynx.tick(self.now)
            own, self._wire.sent = self._wire.sent, []
            more = list(itertools.islice(self._filler, max(0, 15 - len(own))))
            frames = [(self.now + n * 0.001, *frame) for n, frame in enumerate([*own, *more])]
            yield from ((at + self.epoch_offset, can_id, data) for at, can_id, data in frames)
            held_up = self.story == "held-up" and 0 <= step * STEP_S - seconds / 2 < HELD_UP_S
            if not held_up:
                self._deliver()
                if self.bridge.hear("can0", frames):
                    self._took(self.bridge.react(self.now, self.epoch_offset, {"can0": self._can}))
                if step % 2:
                    self._look()
            self._charge()
        frozen = self.bridge.unwritten(self.now)
        if frozen is None and self.story != "well" and not self.boxes:
            frozen = self.bridge.keep_now("command", "the installer asks", self.now)
        if frozen is not None:
            self._keep(frozen)

    def _happen(self, passed: float, seconds: int) -> None:
        if self.story == "bms-silent" and passed == seconds / 2:
            self._lynx.order({"cable": "out"})
        if self.story == "bus-errors" and passed == seconds / 2:
            self._lynx.order({"cable": "out"})
            self._filler = iter(())
            self._can = CanView("error-passive", errors=40)
        low = passed % 120 == 60 and self.story not in ("bms-silent", "bus-errors", "held-up")
        if low or passed % 120 == 90:
            self.bank.ramp({"rise_v": 0.37 if low else self._spread_v}, 3.0)

    def _look(self) -> None:
        self._took(self.bridge.tick(self.now, self.epoch_offset, {"can0": self._can}))
        frozen = self.bridge.frozen(self.now)
        if frozen is not None:
            self._keep(frozen)

    def _keep(self, frozen: Any) -> None:
        name = f"gxbox-{len(self.boxes) + 1:06}-{frozen.cause.name}.jsonl.gz"
        self.boxes.append((name, packed(frozen, "0.1.0", database().digest, BOX_BYTES)))

    def _took(self, cycle: Any) -> None:
        for service, path, value in cycle.writes:
            device = self._devices.get(service)
            if device is not None and path in device.items:
                device.written(path, value, self.now)
                self.bridge.service_changed(service, {path: value}, self.now)

    def _deliver(self) -> None:
        """What the devices showed since; a service that is held up hears it later."""
        for name, changes in self._changes.items():
            if name not in self._shown:
                self._shown.add(name)
                self.bridge.service_added(name, dict(self._devices[name].items), self.now)
            elif changes:
                self.bridge.service_changed(name, changes, self.now)
        self._changes = {name: {} for name in self._devices}

    def _charge(self) -> None:
        total = -LOAD_A
        for name, device in self._devices.items():
            device.order({"battery_v": self.bank.voltage_v})
            changes = device.step(self.now, STEP_S)
            total += device.current_a
            self._changes[name] |= changes
        self.bank.current_a = round(total, 1)


def _traffic(number: int) -> list[tuple[int, bytes]]:
    """What solar chargers on the bus say, and what nobody knows."""
    frames = []
    for n in range(64):
        source = 0x40 + n % 3
        if n % 16 == 15 and number % 3 == 0:
            register = UNKNOWN_REGISTER
        else:
            register = (0xEDD5, 0xEDD7, 0xEDBB, 0xEDBC)[n % 4]
        frames += wire.vreg(source, n % 8, register, struct.pack("<I", 2600 + n % 90))
    return frames


def write_fleet(folder: Path, boats: int, seconds: int = 600, days: int = 1, first: int = 0) -> int:
    """Logs and boxes of some boats; how many frames."""
    frames = 0
    for number in range(first, first + boats):
        site = folder / f"boat-{number:04d}"
        site.mkdir(parents=True, exist_ok=True)
        for day in range(days):
            boat = SimulatedBoat(number, day)
            with (site / f"can-{day}.log").open("w") as log:
                for t, can_id, data in boat.run(seconds):
                    log.write(f"({t:.6f}) can0 {can_id:08X}#{data.hex().upper()}\n")
                    frames += 1
            for name, content in boat.boxes:
                (site / f"{day}-{name}").write_bytes(content)
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--boats", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--days", type=int, default=1)
    args = parser.parse_args()
    frames = write_fleet(args.folder, args.boats, args.seconds, args.days, args.first)
    print(f"{args.boats} boats, {frames} frames")


if __name__ == "__main__":
    main()
