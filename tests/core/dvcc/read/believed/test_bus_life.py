"""A BMS of another program that hangs: suspected by what flows, asked once, then lost until it speaks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.bus_life import BusLife, Flow, flows_of, has_moved, watch_life
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


@pytest.mark.parametrize("kind", ["alternator", "vebus"])
def test_what_is_no_battery_is_not_watched_whatever_it_shows(kind: str) -> None:
    services = {f"com.victronenergy.{kind}.x": can_bms(ALLOW_CHARGE=1), CAN_BMS: can_bms()}
    assert list(watch_life(BusLife(), services, {}, 0.0)[0].lives) == [CAN_BMS]


def test_a_mere_monitor_is_not_watched() -> None:
    plain = {name: value for name, value in can_bms().items() if name != p.CVL}
    assert watch_life(BusLife(), {CAN_BMS: plain}, {}, 0.0)[0].lives == {}
    assert list(watch_life(BusLife(), {CAN_BMS: plain | {p.ALLOW_CHARGE: 1}}, {}, 0.0)[0].lives) == [CAN_BMS]


@pytest.mark.parametrize(
    ("then", "now", "moved"),
    [
        (Flow(10.0, 100.0), Flow(15.0, 100.0), False),
        (Flow(10.0, 100.0), Flow(15.03, 100.0), True),
        (Flow(10.0, 100.0), Flow(4.97, 100.0), True),
        (Flow(10.0, 100.0), Flow(10.0, 101.0), False),
        (Flow(10.0, 100.0), Flow(10.0, 101.005), True),
        (Flow(10.0, 100.0), Flow(10.0, 98.9), True),
        (Flow(10.0, 100.0), Flow(10.0, 99.5), False),
        (Flow(10.0, None), Flow(10.0, 50.0), False),
        (Flow(10.0, 100.0), Flow(10.0, None), False),
        (None, Flow(5.0, 50.0), False),
        (None, Flow(5.1, 50.0), True),
    ],
)
def test_more_than_5_a_or_1_percent_of_the_voltage_must_show(then: Flow | None, now: Flow, moved: bool) -> None:
    before = {} if then is None else {SUN: then}
    assert has_moved(before, {SUN: now}) is moved
    other = {MULTI: Flow(1.0, 100.0)}
    assert has_moved(before | other, {**other, SUN: now}) is moved, "one of several is enough"


@pytest.mark.parametrize(("volts", "flows"), [(39.9, False), (40.0, True), (62.5, True), (62.6, False), (None, True)])
def test_what_measures_a_voltage_near_the_battery_s_is_on_its_bus(volts: float | None, flows: bool) -> None:
    services = {SUN: {p.VOLTAGE: volts, p.CURRENT: 3.0}}
    assert flows_of(services, 50.0) == ({SUN: Flow(3.0, volts)} if flows else {})
    assert flows_of(services, None) == {SUN: Flow(3.0, volts)}
    assert flows_of({SUN: {p.VOLTAGE: 50.0}}, 50.0) == {SUN: Flow(0.0, 50.0)}
    assert flows_of({SUN: {p.VOLTAGE: 50.0, p.N2K_INSTANCE: 0}}, 50.0) != {}
    assert flows_of({SUN: {p.VOLTAGE: 50.0, p.N2K_INSTANCE: -1}}, 50.0) == {}


def lives(*moments: tuple[float, float, float]) -> tuple[BusLife, list[float]]:
    """What is known after looks at (now, when it signalled last, what flows), and at which of them it is asked."""
    life, asked = BusLife(), []
    for now, heard, current_a in moments:
        services = {CAN_BMS: can_bms(), SUN: charger(VOLTAGE=52.0, current_a=current_a)}
        life, ask = watch_life(life, services, {CAN_BMS: heard}, now)
        assert ask in ((), (CAN_BMS,))
        asked += [now] if ask else []
    return life, asked


def test_it_is_asked_once_a_minute_after_its_last_signal_if_anything_moved_since() -> None:
    assert lives((100, 100, 10), (159.95, 100, 30))[1] == []
    assert lives((100, 100, 10), (160, 100, 30), (170, 100, 30))[1] == [160]
    assert lives((100, 100, 10), (130, 100, 30), (170, 100, 10), (180, 100, 30))[1] == [170], "it had moved"
    assert lives((100, 100, 10), (300, 100, 10), (301, 100, 30))[1] == [301]
    assert lives((100, 100, 10), (130, 130, 30), (170, 130, 30), (200, 130, 30))[1] == [], "it had spoken since"
    assert lives((100, 90, 10), (150, 90, 30))[1] == [150], "heard before the first look"
    assert lives((100, 100, 10), (160, 90, 30))[1] == [160], "an older signal is none"


def test_who_was_never_heard_counts_from_the_first_look_and_each_signal_begins_anew() -> None:
    services = {CAN_BMS: can_bms()}
    life, _ = watch_life(BusLife(), services, {}, 7.0)
    assert life.lives[CAN_BMS].since == 7.0
    assert list(watch_life(life, services | {OTHER: can_bms()}, {}, 8.0)[0].lives) == [CAN_BMS, OTHER]
    dead = life.unchanged(CAN_BMS, 9.0)
    assert (list(dead.dead), life.dead) == ([CAN_BMS], set())  # type: ignore[call-overload]
    assert [(one.id, one.first, one.last) for one in dead.findings(11.0)] == [("bms-hangs", 9.0, 11.0)]
    assert list(life.findings(11.0)) == []
    assert watch_life(dead, services, {CAN_BMS: 7.0}, 12.0)[0].dead == {CAN_BMS}
    assert watch_life(dead, services, {CAN_BMS: 7.5}, 12.0)[0].dead == set()


def test_whether_one_was_asked_and_has_not_answered() -> None:
    asked, _ = lives((100, 100, 10), (160, 100, 30))
    assert asked.awaits(CAN_BMS)
    assert not asked.unchanged(CAN_BMS, 161.0).awaits(CAN_BMS)
    assert not asked.awaits(OTHER)
    assert not lives((100, 100, 10))[0].awaits(CAN_BMS)
