"""Two masters: never. Who stands in the way of control, and how another master shows by what it overwrites."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.masters import (
    OURSELVES,
    Standing,
    Written,
    agrees,
    contested,
    differs,
    note,
    read_back,
    standing,
    unjudged,
)
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
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
        ({"com.victronenergy.gxbridge": {"/Dvcc/Mode": None}}, "another gxbridge is in control, or may be"),
        ({"com.victronenergy.gxbridge": {"/Dvcc/Mode": "new"}}, "another gxbridge is in control, or may be"),
        ({"com.victronenergy.gxbridge": {"/Dvcc/Mode": "monitor"}}, ""),
        ({"com.victronenergy.gxbridge": {"/Dvcc/Mode": "off"}}, ""),
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


@pytest.mark.parametrize(
    ("path", "wrote", "reads", "same"),
    [
        (p.CHARGE_CURRENT, 0.0, 0.15, True),
        (p.CHARGE_CURRENT, 0.0, -0.15, True),
        (p.CHARGE_CURRENT, 0.0, 0.151, False),
        (p.CHARGE_CURRENT, 0.0, -0.151, False),
        (p.NETWORK_MODE, 13, 13.0, True),
        (p.NETWORK_MODE, 13, 13.1, False),
        (p.NETWORK_MODE, 13, 12, False),
        (p.NETWORK_MODE, 13, 14, False),
        (p.CHARGE_CURRENT, None, 5.0, True),
        (p.CHARGE_CURRENT, 5.0, None, True),
        (p.CHARGE_CURRENT, "a", "".join(["a"]), True),
        (p.CHARGE_CURRENT, "b", "a", False),
        (p.CHARGE_CURRENT, "a", 1, False),
        ("/Zero", 1.0, 1.1, True),
        ("".join([p.NETWORK_MODE[:3], p.NETWORK_MODE[3:]]), 13, 13.1, False),
        (p.CHARGE_CURRENT, 1, "a", False),
    ],
)
def test_when_a_reading_agrees_with_what_was_written(path: str, wrote: Value, reads: Value, same: bool) -> None:
    assert agrees(path, wrote, reads) == same


def test_when_a_reading_is_taken_to_be_somebody_elses() -> None:
    ours = Written(30.0, 100.0, 10.0)
    for age_s, reads, strange in (
        (0.795, 55.0, False), (0.8, 55.0, True), (0.8, 30.0, False), (0.8, 10.0, False), (1.99, 10.0, False),
        (2.0, 10.0, True), (2.0, 30.1, False), (5.0, 30.0, False),
    ):  # fmt: skip
        assert differs(replace(ours, at=0.0), p.CHARGE_CURRENT, reads, age_s) == strange
    assert (ours.differed, ours.strikes) == (False, 0)


def test_strikes_are_counted_from_write_to_write() -> None:
    key = (SUN, p.CHARGE_CURRENT)
    first = note({}, [Write(*key, 30.0), Write(SUN, p.VOLTAGE_SENSE, 26.0)], {SUN: {p.CHARGE_CURRENT: 12.0}}, 5.0)
    assert first == {key: Written(30.0, 5.0, 12.0, False, 0)}, "and nothing that is not shown as written"
    assert read_back(first, {SUN: {p.CHARGE_CURRENT: 55.0}}, 5.5) == first, "too early"
    seen = read_back(first, {SUN: {p.CHARGE_CURRENT: 55.0}}, 8.0)
    assert seen == {key: Written(30.0, 5.0, 12.0, True, 1)}
    assert read_back(seen, {SUN: {p.CHARGE_CURRENT: 66.0}}, 9.0) == seen
    assert contested(seen) == ""
    again = note(seen, [Write(*key, 31.0)], {}, 9.0)
    assert again == {key: Written(31.0, 9.0, None, False, 1)}
    assert contested(read_back(again, {SUN: {p.CHARGE_CURRENT: 55.0}}, 12.0)) == f"{SUN} {p.CHARGE_CURRENT}"
    assert contested({key: Written(31.0, 9.0, strikes=3)}) == f"{SUN} {p.CHARGE_CURRENT}"
    gone = {("gone", p.CHARGE_CURRENT): Written(30.0, 5.0)} | first
    assert read_back(gone, {SUN: {p.CHARGE_CURRENT: 30.0}}, 8.0) == first
    calm = note({key: Written(30.0, 5.0, 12.0, False, 1)}, [Write(*key, 31.0)], {}, 9.0)
    assert calm[key].strikes == 0


@pytest.mark.parametrize(
    ("dvcc", "effective"), [(0, "control"), (0.0, "control"), (1, "monitor"), (-1, "monitor"), (2, "monitor")]
)
def test_the_gx_is_only_off_at_0(dvcc: Value, effective: str) -> None:
    assert stand({p.SYSTEM: {p.CONTROL_DVCC: dvcc}}).effective == effective
    finding = stand({p.SYSTEM: {p.CONTROL_DVCC: 1}}, now=7.0).findings[0]
    assert (finding.first, finding.last, finding.subject) == (7.0, 7.0, p.SYSTEM)
    assert stand({p.SYSTEM: {p.CONTROL_DVCC: 1}}).findings[0].first == 0.0


def test_only_batteries_and_multis_feed_the_loop_that_still_writes() -> None:
    off: Services = {p.SYSTEM: {p.CONTROL_DVCC: 0}}
    for name in ("com.victronenergy.acsystem.a", "com.victronenergy.solarcharger.a", "com.victronenergy.zzz.a"):
        assert stand(off | {name: {p.CCL: 10.0, p.HUB_VOLTAGE: 28.0}}).effective == "control"
    assert stand(off | {"com.victronenergy.gxbridg": {}}).effective == "control"
    assert stand(off | {"com.victronenergy.gxbridge": {"/Dvcc/Mode": "".join(["con", "trol"])}}).effective == "monitor"
    assert stand(off | {"com.victronenergy.gxbridge": {"/Dvcc/Mode": "off"}}).effective == "control"
    assert stand(off, "".join(["o", "ff"])).effective == "off"
    assert stand(off, "".join(["moni", "tor"])).effective == "monitor"
