"""A BMS of another program that hangs: suspected by what flows, asked once, then lost until it speaks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.bus_life import BusLife, watch_life
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, can_bms, charger, multi

DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB1"
OTHER = "com.victronenergy.battery.other"


class Sea:
    """A bridge in control with a BMS on D-Bus; its charger and Multi signal each second."""

    def __init__(self, **batteries: dict[str, Value]) -> None:
        self.bridge, self.now = Bridge(Setup(mode="control", platform="C003")), 0.0
        self.asked: list[str] = []
        self.told: dict[tuple[str, str], Value] = {}
        self.batteries = batteries or {CAN_BMS: can_bms()}
        others = {SUN: charger(VOLTAGE=52.0), MULTI: multi(VOLTAGE=52.0)}
        for name, items in {**self.batteries, **others}.items():
            self.bridge.service_added(name, items, 0.0)

    def sail(self, seconds: int, current_a: float = 10.0, *, speaks: bool = False) -> Cycle:
        for _ in range(seconds):
            self.now += 1.0
            self.bridge.service_changed(SUN, {p.CURRENT: current_a}, self.now)
            if speaks:
                self.bridge.service_changed(CAN_BMS, {p.CURRENT: 5.0}, self.now)
            cycle = self.bridge.tick(self.now)
            self.asked += cycle.read_anew
            self.told |= {(service, path): value for service, path, value in cycle.writes}
            for service, path, value in cycle.writes:
                self.bridge.service_changed(service, {path: value}, self.now)
        return cycle

    def answer(self, name: str = CAN_BMS, **changes: Value) -> bool:
        return self.bridge.service_added(name, self.batteries[name] | changes, self.now)

    def findings(self) -> set[str]:
        return {found.id for found in self.bridge.finding_log.current}


def test_one_that_hangs_is_asked_once_and_then_lost_until_it_speaks() -> None:
    sea = Sea()
    sea.sail(10)
    sea.sail(49, 30.0)
    assert sea.asked == []
    sea.sail(5, 30.0)
    assert sea.asked == [CAN_BMS]
    assert sea.told[SUN, p.CHARGE_CURRENT], "nothing is lost yet"
    assert sea.answer()
    cycle = sea.sail(3, 30.0)
    assert cycle.decision.bms_state == "silent"
    assert sea.told[SUN, p.CHARGE_CURRENT] == 0
    assert "bms-hangs" in sea.findings()
    assert "gate" not in sea.findings()
    cycle = sea.sail(6, 30.0, speaks=True)
    assert cycle.decision.bms_state == "live"
    assert "bms-hangs" not in sea.findings()
    assert sea.asked == [CAN_BMS]


def test_one_that_shows_something_else_when_it_is_read_anew_is_alive() -> None:
    sea = Sea()
    sea.sail(10)
    sea.sail(55, 30.0)
    sea.answer(**{p.CURRENT: 25.0})
    assert sea.sail(3, 30.0).decision.bms_state == "live"
    sea.sail(70, 30.0)
    assert sea.asked == [CAN_BMS], "nothing flows otherwise since"


def test_where_nothing_changes_silence_is_no_sign() -> None:
    sea = Sea()
    sea.sail(200, 14.0)
    assert sea.asked == []


def test_one_that_speaks_is_never_asked() -> None:
    sea = Sea()
    for current_a in (10.0, 40.0):
        sea.sail(70, current_a, speaks=True)
    assert sea.asked == []


def test_another_that_hangs_is_left_out() -> None:
    sea = Sea(**{CAN_BMS: can_bms(), OTHER: can_bms(DEVICE_INSTANCE=600, CCL=20.0)})
    sea.sail(10, speaks=True)
    assert float(str(sea.told[SUN, p.CHARGE_CURRENT])) <= 20.0
    sea.sail(60, 30.0, speaks=True)
    assert sea.asked == [OTHER]
    sea.answer(OTHER)
    assert sea.sail(6, 30.0, speaks=True).decision.bms_state == "live"
    assert float(str(sea.told[SUN, p.CHARGE_CURRENT])) > 20.0
    assert "gate" not in sea.findings()


def flows(services: Mapping[str, dict[str, Value]]) -> bool:
    """Is a BMS asked after a minute in which this came to be?"""
    before = {CAN_BMS: can_bms(), SUN: charger(VOLTAGE=52.0), DCSYSTEM: {p.VOLTAGE: 52.0, p.CURRENT: 2.0}}
    life, _ = watch_life(BusLife(), before, {CAN_BMS: 0.0}, 0.0)
    return watch_life(life, before | services, {CAN_BMS: 0.0}, 60.0)[1] == (CAN_BMS,)


@pytest.mark.parametrize(
    ("services", "asked"),
    [
        ({SUN: charger(VOLTAGE=52.0, current_a=15.1)}, True),
        ({SUN: charger(VOLTAGE=52.0, current_a=14.9)}, False),
        ({SUN: charger(VOLTAGE=52.6)}, True),
        ({SUN: charger(VOLTAGE=52.4)}, False),
        ({SUN: charger(VOLTAGE=None)}, False),
        ({DCSYSTEM: {p.VOLTAGE: 52.0, p.CURRENT: 8.0}}, True),
        ({MULTI: multi(VOLTAGE=52.0, CURRENT=-20.0)}, True),
        ({MULTI: multi(VOLTAGE=12.0, CURRENT=-20.0)}, False),
        ({SUN: charger(VOLTAGE=52.0, current_a=30.0, N2K_INSTANCE=1)}, False),
        ({CAN_BMS: can_bms(VOLTAGE=None), SUN: charger(current_a=30.0)}, True),
        ({"com.victronenergy.meteo.x": {p.CURRENT: 30.0}}, False),
    ],
)
def test_what_is_suspect(services: Mapping[str, dict[str, Value]], asked: bool) -> None:
    assert flows(services) == asked


def test_a_mere_monitor_is_not_watched() -> None:
    plain = {name: value for name, value in can_bms().items() if name != p.CVL}
    assert watch_life(BusLife(), {CAN_BMS: plain}, {}, 0.0)[0].lives == {}
    assert list(watch_life(BusLife(), {CAN_BMS: plain | {p.ALLOW_CHARGE: 1}}, {}, 0.0)[0].lives) == [CAN_BMS]
