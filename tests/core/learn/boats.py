"""Boats for `learn`: ten lively minutes of registers on CAN and what a vendor's driver would show of them on D-Bus.

Written from the register header and D-Bus recordings (gui-v2@3b94597 ve_regs.h; venus-docker simulations), with layouts
typed here and values packed by hand: nothing of gxbridge encodes or decodes. The driver is modelled as what is known of
it: it shows what a frame said, rounded, once a second, some time after the frame, in the order of the frames.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import sin

from gxbridge.core.learn.recording import LearnRecording

STEP_S = 0.25
BATTERY = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"
SOLAR = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc229774"
SYSTEM = "com.victronenergy.system"


@dataclass
class Part:
    """A value in a register: `code` as in `struct`; raw = round((value - add) / scale). `shown`: path, and how many
    times the register's unit it is there, and what is added."""

    code: str
    quantity: str
    scale: float
    add: float = 0.0
    path: str = ""
    times: float = 1.0
    plus: float = 0.0
    decimals: int = 2


@dataclass
class Sender:
    address: int
    unique: int
    service: str
    registers: dict[int, list[Part]]


LYNX = Sender(0x29, 167120, BATTERY, {
    0xED8D: [Part("h", "voltage", 0.01, path="/Dc/0/Voltage")],
    0xED8F: [Part("h", "current", 0.1, path="/Dc/0/Current", decimals=1)],
    0xED8E: [Part("h", "power", 1, path="/Dc/0/Power", decimals=0)],
    0xEDEC: [Part("H", "temperature_k", 0.01, path="/Dc/0/Temperature", plus=-273.15, decimals=1)],
    0x0FFF: [Part("H", "soc", 0.01, path="/Soc", decimals=1)],
    0x0FFE: [Part("H", "ttg_min", 1, path="/TimeToGo", times=60, decimals=0)],
    0x0FFC: [Part("i", "consumed", 0.1, path="/ConsumedAmphours", decimals=1)],
    0x0385: [Part("H", "min_cell", 0.01, path="/System/MinCellVoltage"),
             Part("H", "max_cell", 0.01, path="/System/MaxCellVoltage")],
    0x0386: [Part("H", "min_cell_k", 0.01, path="/System/MinCellTemperature", plus=-273.15, decimals=1),
             Part("H", "max_cell_k", 0.01, path="/System/MaxCellTemperature", plus=-273.15, decimals=1)],
    0x0390: [Part("I", "cvl", 0.01, path="/Info/MaxChargeVoltage")],
    0x0391: [Part("I", "ccl", 0.1, path="/Info/MaxChargeCurrent", decimals=1)],
    0x0393: [Part("I", "dcl", 0.1, path="/Info/MaxDischargeCurrent", decimals=1)],
    0x0310: [Part("I", "out_kwh", 0.01, path="/History/DischargedEnergy")],
    0x2102: [Part("B", "bms_state", 1, path="/State", decimals=0)],
    0x2108: [Part("I", "io", 1)],
})  # fmt: skip
CHARGER = Sender(0x31, 229774, SOLAR, {
    0xEDD5: [Part("H", "pv_battery_v", 0.01, path="/Dc/0/Voltage")],
    0xEDD7: [Part("H", "pv_current", 0.1, path="/Dc/0/Current", decimals=1)],
    0xEDBB: [Part("H", "panel_v", 0.01, path="/Pv/V")],
    0xEDBC: [Part("I", "panel_w", 0.01, path="/Yield/Power", decimals=0)],
    0xEDDB: [Part("h", "charger_c", 0.01, path="/Temperature", decimals=1)],
    0xEDD3: [Part("H", "yield_today", 0.01, path="/History/Daily/0/Yield")],
    0x0201: [Part("B", "charger_state", 1, path="/State", decimals=0)],
})  # fmt: skip
ATC, ATD = "/Io/AllowToCharge", "/Io/AllowToDischarge"


@dataclass
class Life:
    """Quantities that belong together: loads and sun come and go, voltage follows current and charge, cells follow
    voltage, energy and charge are counted."""

    rng: random.Random
    noise: float = 1.0
    now: float = 0.0
    load: float = 30.0
    sun: float = 0.6
    soc: float = 71.3
    temperature: float = 21.0
    capacity: float = 60.0
    out_kwh: float = 412.32
    yield_wh: float = 1220.0
    charge: bool = True
    discharge: bool = True
    values: dict[str, float] = field(default_factory=dict)

    def step(self) -> dict[str, float]:
        rng, noise = self.rng, self.noise
        self.now += STEP_S
        if rng.random() < STEP_S / 20:
            self.load = rng.choice((4.0, 12.0, 35.0, 60.0, 110.0)) * rng.uniform(0.8, 1.2)
        self.sun = min(max(self.sun + rng.gauss(0, 0.02), 0.05), 1.0)
        if rng.random() < STEP_S / 45:
            self.charge = not self.charge
        if rng.random() < STEP_S / 50:
            self.discharge = not self.discharge
        pv_current = 70 * self.sun * self.charge + abs(rng.gauss(0, 0.1 * noise))
        current = pv_current - self.load + rng.gauss(0, 0.4 * noise)
        self.soc = min(max(self.soc + current * STEP_S / 36 / self.capacity, 5.0), 99.0)
        self.temperature += rng.gauss(0, 0.02) + 0.004 * sin(self.now / 70)
        cell = 3.28 + self.soc * 0.0006 + current * 0.0011
        spread = 0.012 + 0.01 * sin(self.now / 41)
        voltage = cell * 8 + rng.gauss(0, 0.012 * noise)
        panel_v = 96.0 - 12 * self.sun + rng.gauss(0, 0.15 * noise)
        panel_w = pv_current * voltage * 1.03
        self.out_kwh += max(-current, 0) * voltage * STEP_S / 3.6e6
        self.yield_wh += panel_w * STEP_S / 3600
        state = 9 if self.charge and self.discharge else 14 if self.charge else 18 if self.discharge else 10
        self.values = {
            "voltage": voltage,
            "current": current,
            "power": voltage * current,
            "temperature_k": self.temperature + 273.15,
            "soc": self.soc,
            "ttg_min": min(self.soc / 100 * self.capacity / max(-current, 0.5) * 60, 14400),
            "consumed": (self.soc / 100 - 1) * self.capacity,
            "min_cell": cell - spread + rng.gauss(0, 0.003 * noise),
            "max_cell": cell + spread + rng.gauss(0, 0.003 * noise),
            "min_cell_k": self.temperature + 272.7 + 0.3 * sin(self.now / 53),
            "max_cell_k": self.temperature + 274.1 + 0.4 * sin(self.now / 37),
            "cvl": 28.4 - 0.1 * round(4 * self.sun),
            "ccl": 0.0 if not self.charge else 10.0 * round(20 * (1 - self.soc / 130) + 2 * sin(self.now / 31)),
            "dcl": 0.0 if not self.discharge else 600.0 - 50 * round(2 * sin(self.now / 67) + 2),
            "out_kwh": self.out_kwh,
            "bms_state": state,
            "io": sum((1 if on else 2) << 2 * place for place, on in enumerate((True, self.charge, self.discharge))),
            "pv_battery_v": voltage + 0.02 + rng.gauss(0, 0.012 * noise),
            "pv_current": pv_current,
            "panel_v": panel_v,
            "panel_w": panel_w,
            "charger_c": 31 + 9 * self.sun + self.temperature / 5,
            "yield_today": self.yield_wh / 1000,
            "charger_state": 3 if self.charge and self.sun > 0.5 else 4 if self.charge else 0,
        }  # fmt: skip
        return self.values


@dataclass
class Driver:
    """How the vendor's values come about: seconds of delay (each update takes its own; `overtaking`: also one that is
    older than the last), the step of the updates, the most decimals, and noise, in steps of the last decimal."""

    delay_s: tuple[float, float] = (0.0, 0.0)
    overtaking: bool = False
    every_s: float = 1.0
    decimals: int | None = None
    noise_steps: float = 0.0


def lively(
    seed: int,
    driver: Driver | None = None,
    *,
    minutes: float = 10.0,
    noise: float = 1.0,
    senders: tuple[Sender, ...] = (LYNX, CHARGER),
    claims: bool = True,
    lost: float = 0.0,
    life: Callable[[random.Random, float], Life] = Life,
) -> LearnRecording:
    """A recording of such a boat."""
    recording = LearnRecording()
    for event in events(seed, driver or Driver(), minutes, noise, senders, claims, lost, life):
        if len(event) == 4:
            recording.hear(*event)
        else:
            recording.show(*event[:4])
    return recording


def events(
    seed: int,
    driver: Driver,
    minutes: float,
    noise: float,
    senders: tuple[Sender, ...],
    claims: bool,
    lost: float,
    life_of: Callable[[random.Random, float], Life],
) -> Iterator[tuple]:
    """Frames as (t, bus, id, data), and values as (t, service, path, value, None), in order of time."""
    rng = random.Random(seed)
    life = life_of(rng, noise)
    sent: dict[tuple[int, int], tuple[bytes, float]] = {}
    said: dict[tuple[str, str], list[tuple[float, float]]] = {}
    taken: dict[tuple[str, str], float] = {}
    due: dict[str, float] = {sender.service: rng.uniform(0, 1) for sender in senders}
    shown: dict[tuple[str, str], float] = {}
    begin = 1_700_000_000.0
    for sender in senders:
        if claims:
            name = sender.unique | 358 << 21 | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63
            yield begin, "can0", 0x18EEFF00 | sender.address, struct.pack("<Q", name)
    for _ in range(int(minutes * 60 / STEP_S)):
        values = life.step()
        now = begin + life.now
        for sender in senders:
            for number, parts in sender.registers.items():
                raws = [round((values[part.quantity] - part.add) / part.scale) for part in parts]
                body = struct.pack("<" + "".join(part.code for part in parts), *raws)
                before, at = sent.get((sender.address, number), (b"", 0.0))
                period = 0.5 if body != before else 1.5
                if now - at < period - 1e-6:
                    continue
                sent[sender.address, number] = body, now
                moment = now + rng.uniform(0, 0.02)
                if rng.random() >= lost:
                    yield moment, "can0", 0x1CEFFF00 | sender.address, b"\x66\x99" + struct.pack("<H", number) + body
                for part, raw in zip(parts, raws, strict=True):
                    for path, value in shown_as(number, part, raw):
                        of_path = said.setdefault((sender.service, path), [])
                        of_path.append((moment, rounded(value, part, driver, rng)))
                        del of_path[:-40]
        for sender in senders:
            if due[sender.service] > life.now:
                continue
            due[sender.service] += driver.every_s
            for (service, path), history in said.items():
                if service != sender.service:
                    continue
                moment = now - rng.uniform(*driver.delay_s)
                if not driver.overtaking:
                    moment = taken[service, path] = max(moment, taken.get((service, path), 0.0))
                value = next((value for at, value in reversed(history) if at <= moment), history[0][1])
                if shown.get((service, path)) != value:
                    shown[service, path] = value
                    yield now + 0.05, service, path, value, None
                    if path in ("/Dc/0/Voltage", "/Soc"):
                        yield now + 0.06, SYSTEM, f"/Dc/Battery{path[5:] if path != '/Soc' else path}", value, None


def shown_as(number: int, part: Part, raw: int) -> Iterator[tuple[str, float]]:
    if number == 0x2108:
        yield ATC, float(raw >> 2 & 3 == 1)
        yield ATD, float(raw >> 4 & 3 == 1)
    elif part.path:
        yield part.path, (raw * part.scale + part.add) * part.times + part.plus


def rounded(value: float, part: Part, driver: Driver, rng: random.Random) -> float:
    decimals = part.decimals if driver.decimals is None else min(part.decimals, driver.decimals)
    if driver.noise_steps and part.path and part.decimals:
        value += rng.gauss(0, driver.noise_steps * 10**-decimals)
    return round(value, decimals)


def truth(senders: tuple[Sender, ...] = (LYNX, CHARGER)) -> dict[tuple[int, str], tuple[int, float]]:
    """(register, path) -> bit offset and the scale on D-Bus, for every number that is shown."""
    found = {}
    for sender in senders:
        for number, parts in sender.registers.items():
            offset = 0
            for part in parts:
                if part.path:
                    found[number, part.path] = offset, part.scale * part.times
                offset += 8 * struct.calcsize("<" + part.code)
    return found
