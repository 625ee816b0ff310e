"""Lynx BMSes in parallel as frames, and the bridge that hears them with chargers beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.cycle import Cycle, ServiceView
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.nmea2000.encode import vreg_frames
from gxbridge.core.nmea2000.vreg import payload
from tests.core.boat import (
    ALL_WELL,
    IO,
    MULTI,
    NO_CHARGE,
    NO_DISCHARGE,
    RUNNING,
    SOLAR,
    STATE,
    Boat,
    claim,
    status,
    vreg,
)
from tests.core.boat import multi as multi_items
from tests.core.boat import solar as solar_items
from tests.core.lynx_frames import name_of

FIRST = 167120
CAPACITY, TIME_TO_GO, CONSUMED, DESCRIPTION = 0x1000, 0x0FFE, 0x0FFC, 0x010C
HOUSE = "com.victronenergy.battery.gxbridge_bank_house"
EPOCH = 1.79e9
"""Seconds since 1970 at monotonic second 0."""
CURRENT = (SOLAR, "/Link/ChargeCurrent")
VOLTAGE = (SOLAR, "/Link/ChargeVoltage")
DISCHARGE = (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent")
PENDING, STANDBY, PRECHARGING, RUNS = 18, 14, 16, 9
OPEN_IO = 0x1556
"""Contactor open, charge and discharge not allowed."""


class FleetLynx:
    """One BMS: what it says, and where."""

    def __init__(self, number: int, network: int = 0, capacity_ah: int = 400, bus: str = "can0") -> None:
        self.number = number
        self.bus = bus
        self.source = 0x29 + number
        self.network = network
        self.said = {**RUNNING, CAPACITY: capacity_ah, CONSUMED: 0, TIME_TO_GO: 1000}
        self.voltage_v, self.current_a = 26.4, 10.0
        self.quiet = False
        self.serial = b""

    @property
    def word(self) -> str:
        return f"uc{FIRST + self.number}"

    @property
    def service(self) -> str:
        return f"com.victronenergy.battery.gxbridge_{self.bus}_{self.word}"

    @property
    def name(self) -> str:
        return f"Bank {self.number + 1}"

    def frames(self) -> Iterable[tuple[int, bytes]]:
        yield claim(self.source, name_of(FIRST + self.number, device_instance=self.network).payload)
        yield status(self.voltage_v, self.current_a, self.source)
        yield from vreg_frames(payload(DESCRIPTION, self.name.encode() + b"\0"), self.source)
        if self.serial:
            yield from vreg_frames(payload(0x010A, self.serial), self.source)
        for register, raw in self.said.items():
            yield vreg(register, raw, self.source)

    def refuse(self, refuses: bool = True) -> None:
        self.said[IO] = NO_CHARGE if refuses else ALL_WELL

    def refuse_discharge(self) -> None:
        self.said[IO] = NO_DISCHARGE

    def open(self, state: int = STANDBY) -> None:
        self.said[STATE] = state
        self.said[IO] = OPEN_IO
        self.current_a = 0.0

    def close(self) -> None:
        self.said[STATE] = RUNS
        self.said[IO] = ALL_WELL
        self.current_a = 10.0


class Fleet(Boat):
    """A bridge that hears several Lynx."""

    def __init__(self, count: int = 3, *entries: BankEntry, chargers: bool = True, **setup: Any) -> None:
        banks: tuple[BankEntry, ...] = setup.pop("banks", entries or (BankEntry("house", "House"),))
        super().__init__(banks=banks, **setup)
        self.lynxes = [FleetLynx(number) for number in range(count)]
        self.cycle: Cycle | None = None
        for number, entry in enumerate(banks):
            self.bridge.set_identity(entry.key, 230 + number, entry.called)
        for number in range(count):
            self.bridge.set_identity(f"uc{FIRST + number}", 220 + number, "")
        if chargers:
            self.add(SOLAR, solar_items(limit_a=2000.0))
            self.add(MULTI, multi_items())

    def pass_s(self, seconds: int = 1) -> Cycle:
        for _ in range(seconds):
            self.now += 1.0
            for lynx in self.lynxes:
                if not lynx.quiet:
                    self.bridge.hear(lynx.bus, [(self.now, *frame) for frame in lynx.frames()])
            self.cycle = self.bridge.tick(self.now, EPOCH)
            self._take(self.cycle)
        assert self.cycle is not None
        return self.cycle

    def restarted(self, *, forget: str = "") -> Fleet:
        """The same boat with a new process, which remembers what the old one did; `forget`: a word of a member."""
        assert self.cycle is not None
        remembered: Remembered = self.bridge.remember(self.bridge.setup.remembered, self.now + EPOCH)
        if forget:
            remembered = remembered.forget(forget)
        fleet = Fleet(len(self.lynxes), *self.bridge.setup.banks, remembered=remembered)
        fleet.now, fleet.lynxes = self.now, self.lynxes
        return fleet

    def services(self) -> dict[str, ServiceView]:
        assert self.cycle is not None
        return {view.name: view for view in self.cycle.batteries}

    def shown(self, path: str, service: str = HOUSE) -> Value:
        return self.services()[service].items[path]

    def bank(self, name: str = "house") -> dict[str, Any]:
        assert self.cycle is not None
        return next(bank for bank in self.cycle.explanation()["banks"] if bank["name"] == name)

    def states(self, name: str = "house") -> dict[str, str]:
        return {member["name"]: member["state"] for member in self.bank(name)["members"]}

    def figure(self, path: str) -> dict[str, Any]:
        return next(figure for figure in self.bank()["figures"] if figure["path"] == path)

    def found(self) -> dict[str, str]:
        return {finding.id: finding.text for finding in self.bridge.finding_log.current}


def afloat(count: int = 3, *entries: BankEntry, **setup: Any) -> Fleet:
    """It has been running for a while, and all is well."""
    fleet = Fleet(count, *entries, **setup)
    fleet.pass_s(10)
    return fleet
