"""Two masters: never. Who stands in the way of control, and how another master shows by what it overwrites."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.decision import Write
from gxbridge.core.dvcc.masters import OURSELVES, Standing, agrees, standing, unjudged
from gxbridge.core.dvcc.snapshot import Snapshot
from gxbridge.core.items import Value
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, SUN, can_bms, charger, lynx, multi

Services = dict[str, dict[str, Value]]


def stand(services: Services, mode: str = "control", before: Standing | None = None, **more: object) -> Standing:
    return standing(mode, Snapshot(services), before or Standing(), **more)  # type: ignore[arg-type]


def test_off_and_monitor_are_as_configured_and_name_the_master() -> None:
    assert stand({}, "off").effective == "off"
    found = stand({p.SYSTEM: {p.CONTROL_DVCC: 1}}, "monitor")
    assert (found.effective, found.master) == ("monitor", p.SYSTEM)
    assert stand({}, "monitor").master == ""


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ({}, ""),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}}, ""),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}, MULTI: multi()}, ""),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}, CAN_BMS: can_bms(CCL=None)}, ""),
        ({LYNX: lynx(), MULTI: multi(HUB_VOLTAGE=28.0)}, ""),
        ({p.SYSTEM: {p.CONTROL_DVCC: 1}}, "the GX's own DVCC is on"),
        ({p.SYSTEM: {p.CONTROL_DVCC: None}}, "it is unknown whether the GX's own DVCC is on"),
        ({p.SYSTEM: {}}, "it is unknown whether the GX's own DVCC is on"),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}, LYNX: lynx()}, f"still writes while {LYNX} gives a charge current limit"),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}, MULTI: multi(HUB_VOLTAGE=28.0)}, f"still writes while {MULTI} asks"),
        ({"com.victronenergy.gxbridge": {}}, "another gxbridge is in control, or may be"),
        ({"com.victronenergy.gxbridge.b": {"/Dvcc/Mode": "control"}}, "another gxbridge is in control, or may be"),
        ({"com.victronenergy.gxbridge": {"/Dvcc/Mode": "monitor"}}, ""),
    ],
)
def test_who_stands_in_the_way_of_control(services: Services, why: str) -> None:
    found = stand(services)
    assert found.effective == ("monitor" if why else "control")
    assert why in found.reason
    assert [finding.id for finding in found.findings] == (["two-masters"] if why else [])
    if not why:
        assert found.master == OURSELVES


def test_a_battery_of_ours_that_is_not_on_the_bus_feeds_nobody() -> None:
    services: Services = {p.SYSTEM: {p.CONTROL_DVCC: 0}, LYNX: lynx()}
    assert stand(services, ours={LYNX}, unpublished={LYNX}).effective == "control"
    assert stand(services, ours={LYNX}).effective == "monitor"
    assert stand(services, unpublished={LYNX}).effective == "control"


def overwritten(values: list[Value], path: str = p.CHARGE_CURRENT, wrote: Value = 30.0, step: float = 3.0) -> Standing:
    """Every round we write; before the next one the charger shows these values."""
    services: Services = {SUN: charger()}
    found, now = Standing(), 0.0
    for value in values:
        found = stand(services, before=found, writes=[Write(SUN, path, wrote)], now=now)
        now += step
        services[SUN][path] = value
    return stand(services, before=found, now=now)


def test_two_writes_in_a_row_that_read_back_differently_mean_another_master() -> None:
    assert overwritten([80.0]).effective == "control"
    found = overwritten([80.0, 80.0])
    assert (found.effective, found.overruled) == ("monitor", f"{SUN} {p.CHARGE_CURRENT}")
    assert [finding.id for finding in found.findings] == ["overruled"]
    assert stand({SUN: charger()}, before=found).effective == "monitor", "until it is started again"


def test_one_that_agrees_in_between_is_no_other_master() -> None:
    assert overwritten([80.0, 30.0, 80.0]).effective == "control"


def test_rounding_is_no_other_master_and_a_device_that_shows_nothing_is_none_either() -> None:
    assert overwritten([30.1, 29.9, 30.0]).effective == "control"
    assert overwritten([None, None]).effective == "control"
    assert overwritten([1, 1], p.NETWORK_MODE, 13).effective == "monitor"
    assert overwritten([80.0, 80.0], p.MULTI_CHARGE_CURRENT).effective == "control", "the Multi clamps it"
    assert agrees(p.CHARGE_CURRENT, "a", "b") is False


def test_a_slow_device_gets_two_seconds_and_a_third_value_none() -> None:
    assert overwritten([10.0, 10.0], step=0.5).effective == "control", "too early to tell"
    services: Services = {SUN: charger(CHARGE_CURRENT=10.0)}
    found = stand(services, writes=[Write(SUN, p.CHARGE_CURRENT, 30.0)], now=0.0)
    found = stand(services, before=found, now=1.5)
    assert not found.readback[SUN, p.CHARGE_CURRENT].differed, "it may only be slow"
    services[SUN][p.CHARGE_CURRENT] = 55.0
    found = stand(services, before=found, now=1.6)
    assert found.readback[SUN, p.CHARGE_CURRENT].differed
    found = stand(services, before=found, now=2.6)
    assert found.readback[SUN, p.CHARGE_CURRENT].strikes == 1, "one write, one strike"


def test_a_write_that_was_refused_or_still_waits_is_not_judged() -> None:
    writes = [Write(SUN, p.CHARGE_CURRENT, 30.0), Write(SUN, p.NETWORK_MODE, 13)]
    found = stand({SUN: charger()}, writes=writes, now=0.0)
    assert unjudged(found, []) is found
    assert set(unjudged(found, [(SUN, p.CHARGE_CURRENT)]).readback) == {(SUN, p.NETWORK_MODE)}


def test_a_service_that_has_gone_is_forgotten() -> None:
    found = stand({SUN: charger()}, writes=[Write(SUN, p.CHARGE_CURRENT, 30.0)], now=0.0)
    assert stand({}, before=found, now=3.0).readback == {}
