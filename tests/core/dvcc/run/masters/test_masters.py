"""Two masters: never. Who stands in the way of control, and how another master shows by what it overwrites."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.run.masters.bus_names import BusNames
from gxbridge.core.dvcc.run.masters.masters import (
    OURSELVES,
    Standing,
    may_leave,
    owes,
    standing,
    system_controls,
    takes_up,
    unjudged,
)
from gxbridge.core.dvcc.run.masters.read_back import Written
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, SUN, can_bms, charger, lynx, multi

SYSTEM = "com.victronenergy.system"
Services = dict[str, dict[str, Value]]


def stand(services: Services, mode: str = "control", before: Standing | None = None, **more: object) -> Standing:
    return standing(mode, DbusState(services), before or Standing(), **more)[0]  # type: ignore[arg-type]


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


def test_the_driver_of_a_port_that_passes_on_what_the_gx_writes_is_no_second_master() -> None:
    found = stand({p.SYSTEM: {p.CONTROL_DVCC: 1}}, passes_on=True)
    assert (found.effective, found.master, found.findings) == ("monitor", p.SYSTEM, ())
    assert found.reason == "The GX's own DVCC is on: it controls, and gxbridge passes on to CAN what it writes."
    unknown = stand({p.SYSTEM: {}}, passes_on=True)
    assert [found.id for found in unknown.findings] == ["two-masters"]


def test_who_is_master_says_why_raised_limits_wait() -> None:
    assert stand({}).reason == "There is no other master."
    found = stand({}, names=BusNames(unread=UNREAD), now=1.0)
    assert found.reason == (
        "There is no other master. Raised limits wait: com.victronenergy.battery.x has not answered yet."
    )


def test_a_battery_of_ours_that_is_not_on_the_bus_feeds_nobody() -> None:
    services: Services = {p.SYSTEM: {p.CONTROL_DVCC: 0}, LYNX: lynx()}
    assert stand(services, ours={LYNX}, unpublished={LYNX}).effective == "control"
    assert stand(services, ours={LYNX}).effective == "monitor"
    assert stand(services, unpublished={LYNX}).effective == "control"


UNREAD = {"com.victronenergy.battery.x": 0.0}


@pytest.mark.parametrize(
    ("services", "names", "why"),
    [
        ({}, BusNames(ours=False), "it does not own its D-Bus name com.victronenergy.gxbridge"),
        ({}, BusNames(unread={p.SYSTEM: 0.0}), "the GX's own controller is on the bus and has not answered"),
        ({}, BusNames(unread={"com.victronenergy.gxbridge.b": 0.0}), "another gxbridge is on the bus and has not"),
        ({}, BusNames(unread=UNREAD), ""),
        ({}, BusNames(unread={MULTI: 0.0}), ""),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}}, BusNames(unread=UNREAD), "because of com.victronenergy.battery.x, which has"),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}}, BusNames(unread={MULTI: 0.0}), f"because of {MULTI}, which has not answered"),
        ({p.SYSTEM: {p.CONTROL_DVCC: 0}}, BusNames(unread={SUN: 0.0}), ""),
    ],
)
@pytest.mark.parametrize("now", [1.0, 1e6])
def test_what_has_not_answered_may_be_another_master_however_long(
    services: Services, names: BusNames, why: str, now: float
) -> None:
    found = stand(services, names=names, now=now)
    assert found.effective == ("monitor" if why else "control")
    assert why in found.reason


OTHER = "com.victronenergy.solarcharger.other"


def overwritten(
    values: list[Value],
    path: str = p.CHARGE_CURRENT,
    wrote: Value = 30.0,
    step: float = 3.0,
    services: tuple[str, ...] = (SUN,),
    **items: Value,
) -> Standing:
    """Every round we write; before the next one the device shows these values."""
    seen: Services = {name: charger() | items for name in services}
    found, now = Standing(), 0.0
    for value in [*values, None]:
        found = stand(seen, before=found, writes=[Write(name, path, wrote) for name in services], now=now)
        now += step
        for name in services:
            seen[name][path] = value
    return found


def test_a_charger_that_twice_in_a_row_shows_something_else_is_set_apart_and_the_others_stay_controlled() -> None:
    found = overwritten([80.0])
    assert (found.effective, found.apart) == ("control", {})
    found = overwritten([80.0, 80.0])
    assert (found.effective, found.apart, found.overruled) == ("control", {SUN: p.CHARGE_CURRENT}, "")
    assert [finding.id for finding in found.findings] == ["set-apart"]
    assert stand({SUN: charger()}, before=found).apart == found.apart
    assert stand({}, before=found).apart == {}, "it left the bus"


@pytest.mark.parametrize("services", [(SUN, OTHER), (MULTI,)])
def test_two_that_differ_or_a_multi_are_another_master(services: tuple[str, ...]) -> None:
    path = p.BOL_CHARGE_CURRENT if services == (MULTI,) else p.CHARGE_CURRENT
    found = overwritten([80.0, 80.0], path, services=services)
    assert (found.effective, found.overruled) == ("monitor", f"{services[-1]} {path}")
    assert [finding.id for finding in found.findings] == ["overruled"]
    for obstacle_there in (BusNames(ours=False), BusNames(unread={p.SYSTEM: 0.0}), BusNames()):
        found = stand({}, before=found, names=obstacle_there)
        assert (found.effective, found.overruled) == ("monitor", f"{services[-1]} {path}"), (
            "a flicker does not clear it"
        )
        assert "overruled" in [finding.id for finding in found.findings]
    for mode in ("monitor", "off"):
        assert stand({}, mode, before=found).overruled == found.overruled


def test_a_second_device_that_differs_later_is_another_master_too() -> None:
    found = overwritten([80.0, 80.0])
    services: Services = {SUN: charger(), OTHER: charger(CHARGE_CURRENT=80.0)}
    for now in (100.0, 103.0, 106.0):
        found = stand(services, before=found, writes=[Write(OTHER, p.CHARGE_CURRENT, 30.0)], now=now)
    assert found.overruled == f"{OTHER} {p.CHARGE_CURRENT}"


def test_an_obstacle_that_flickers_does_not_hide_somebody_else() -> None:
    services: Services = {MULTI: multi()}
    found, now = Standing(), 0.0
    for _ in range(3):
        found = stand(services, before=found, writes=[Write(MULTI, p.BOL_CHARGE_CURRENT, 30.0)], now=now)
        services[MULTI][p.BOL_CHARGE_CURRENT] = 99.0
        found = stand(services, before=found, names=BusNames(unread={p.SYSTEM: 0.0}), now=now + 2.0)
        now += 4.0
    assert found.overruled == f"{MULTI} {p.BOL_CHARGE_CURRENT}"


@pytest.mark.parametrize(
    ("values", "path", "wrote", "items"),
    [
        ([80.0, 30.0, 80.0], p.CHARGE_CURRENT, 30.0, {}),
        ([80.0, None, 80.0], p.CHARGE_CURRENT, 30.0, {}),
        ([30.15, 29.85, 30.15], p.CHARGE_CURRENT, 30.0, {}),
        ([None, "80", float("nan")], p.CHARGE_CURRENT, 30.0, {}),
        ([20.0, 20.0, 20.1], p.CHARGE_CURRENT, 30.0, {p.CHARGE_LIMIT_SETTING: 20.0}),
        ([20.0, 20.0, 20.0], p.BOL_CHARGE_CURRENT, 30.0, {p.MULTI_CHARGE_CURRENT: 20.0}),
        ([80.0, 80.0, 80.0], p.MULTI_CHARGE_CURRENT, 30.0, {}),
        ([80.0, 80.0, 80.0], p.VOLTAGE_SENSE, 30.0, {}),
    ],
)
def test_what_is_no_sign_of_somebody_else(
    values: list[Value], path: str, wrote: Value, items: dict[str, Value]
) -> None:
    assert overwritten(values, path, wrote, **items).apart == {}


@pytest.mark.parametrize(
    ("values", "path", "wrote", "items"),
    [
        ([30.16, 29.84], p.CHARGE_CURRENT, 30.0, {}),
        ([12, 14], p.NETWORK_MODE, 13, {}),
        ([30.0, 30.0], p.CHARGE_CURRENT, 20.0, {p.CHARGE_LIMIT_SETTING: 30.0}),
        ([25.0, 25.0], p.CHARGE_CURRENT, 30.0, {p.CHARGE_LIMIT_SETTING: 20.0}),
    ],
)
def test_what_is_a_sign_of_somebody_else(values: list[Value], path: str, wrote: Value, items: dict[str, Value]) -> None:
    assert overwritten(values, path, wrote, **items).apart == {SUN: path}


@pytest.mark.parametrize(("ago_s", "apart"), [(9.9, False), (10.0, True)])
def test_what_is_shown_soon_after_a_device_appeared_says_nothing(ago_s: float, apart: bool) -> None:
    services: Services = {SUN: charger(CHARGE_CURRENT=80.0)}
    found = Standing()
    for now in (0.0, 3.0, 6.0):
        writes = [Write(SUN, p.CHARGE_CURRENT, 30.0)]
        found = stand(services, before=found, writes=writes, now=now, disturbed={SUN: now - ago_s})
    assert bool(found.apart) == apart


def test_a_slow_device_shows_what_it_was_told_before() -> None:
    """Each round it is told less, and shows it one or two rounds late."""
    for lag in (1, 2):
        services: Services = {SUN: charger(CHARGE_CURRENT=50.0)}
        found = Standing()
        for step in range(12):
            writes = [Write(SUN, p.CHARGE_CURRENT, 50.0 - step)]
            found = stand(services, before=found, writes=writes, now=3.0 * step)
            services[SUN][p.CHARGE_CURRENT] = 50.0 - max(step - lag, 0)
        assert found.apart == {}
    assert overwritten([10.0, 10.0], step=1.9, **{p.CHARGE_CURRENT: 10.0}).apart == {}


def test_one_that_shows_what_it_was_told_long_ago_is_not_slow() -> None:
    services: Services = {SUN: charger(CHARGE_CURRENT=50.0)}
    found = stand(services, writes=[Write(SUN, p.CHARGE_CURRENT, 50.0)], now=0.0)
    seen = []
    for now in (3.0, 6.0, 9.0, 12.0, 15.0, 18.0):
        found = stand(services, before=found, writes=[Write(SUN, p.CHARGE_CURRENT, 20.0)], now=now)
        seen.append(bool(found.apart))
    assert seen == [False] * 4 + [True] * 2


def test_writes_in_quick_succession_are_not_judged_but_a_value_of_neither_is_seen_between_them() -> None:
    shown = {p.CHARGE_CURRENT: 10.0}
    assert overwritten([80.0] * 9, step=0.7, **shown).apart == {}
    assert overwritten([80.0] * 2, step=0.8, **shown).apart == {SUN: p.CHARGE_CURRENT}


def test_a_write_that_was_refused_or_still_waits_is_not_judged() -> None:
    services: Services = {SUN: charger()}
    found = Standing()
    for now in (0.0, 3.0, 6.0, 9.0):
        found = stand(services, before=found, writes=[Write(SUN, p.CHARGE_CURRENT, 30.0)], now=now)
        assert unjudged(found, []) is found
        assert unjudged(found, [("gone", p.CHARGE_CURRENT)]) is found
        found = unjudged(found, [(SUN, p.CHARGE_CURRENT)])
        assert unjudged(found, [(SUN, p.CHARGE_CURRENT)]) is found
        services[SUN][p.CHARGE_CURRENT] = 80.0
    assert found.apart == {}


def test_a_service_that_has_gone_is_forgotten() -> None:
    found = stand({SUN: charger()}, writes=[Write(SUN, p.CHARGE_CURRENT, 30.0)], now=0.0)
    assert found.told == {(SUN, p.CHARGE_CURRENT): Written(30.0, 0.0, charger()[p.CHARGE_CURRENT])}
    assert stand({}, before=found, now=3.0).told == {}


def test_control_that_comes_back_owes_what_was_not_told() -> None:
    told = {(SUN, "/a"): Written(1.0, 10.0), (SUN, "/b"): Written(1.0, 10.0)}
    decided: dict[tuple[str, str], Value] = {(SUN, "/a"): 1.0, (SUN, "/b"): 2.0, (SUN, "/c"): 3.0, ("gone", "/a"): 4.0}
    for key, owed in (((SUN, "/a"), False), ((SUN, "/b"), True), ((SUN, "/c"), True), (("gone", "/a"), False)):
        assert owes({key: decided[key]}, told, {SUN}, 12.9) is owed, key
    assert owes({(SUN, "/a"): 1.0}, told, {SUN}, 13.0)
    assert not owes({(SUN, "/a"): float("1")}, told, {SUN}, 12.9), "the same, though another number"
    assert owes({(SUN, "/a"): 0.5}, told, {SUN}, 12.9), "less than it was told"
    assert owes(decided, told, {SUN}, 12.9), "one of several is enough"


@pytest.mark.parametrize(
    ("mode", "before", "services", "takes"),
    [
        ("control", Standing(), {}, True),
        ("control", Standing(effective="control"), {}, False),
        ("control", Standing(overruled="x"), {}, False),
        ("control", Standing(), {"com.victronenergy.system": {"/Control/Dvcc": 1}}, False),
        ("monitor", Standing(), {}, False),
    ],
)
def test_when_control_begins_or_comes_back(mode: str, before: Standing, services: Services, takes: bool) -> None:
    assert takes_up(mode, before, DbusState(services), frozenset(), BusNames()) is takes


RIVAL = BusNames(unread={p.SYSTEM: 0.0})


@pytest.mark.parametrize(
    ("write", "sent", "standing_now", "names", "may"),
    [
        (Write(SUN, p.CHARGE_CURRENT, 30.0), None, {}, BusNames(), True),
        (Write(SUN, p.CHARGE_CURRENT, 0.0), 30.0, {}, RIVAL, False),
        (Write(SUN, p.CHARGE_CURRENT, 0.0), 30.0, {}, BusNames(ours=False), False),
        (Write(SUN, p.CHARGE_CURRENT, 0.0), 30.0, {"effective": "monitor"}, BusNames(), False),
        (Write("gone", p.CHARGE_CURRENT, 0.0), 30.0, {}, BusNames(), False),
        (Write(SUN, p.VOLTAGE_SENSE, 30.0), 20.0, {"apart": {SUN: "x"}}, BusNames(unread=UNREAD), True),
        (Write(SUN, p.CHARGE_CURRENT, 30.0), 20.0, {}, BusNames(unread=UNREAD), False),
        (Write(SUN, p.CHARGE_CURRENT, 30.0), 30.0, {}, BusNames(unread=UNREAD), True),
        (Write(SUN, p.CHARGE_CURRENT, 30.0), 30.0, {"apart": {SUN: "x"}}, BusNames(), False),
        (Write(SUN, p.CHARGE_CURRENT, 29.0), 30.0, {"apart": {SUN: "x"}}, BusNames(), True),
    ],
)
def test_each_write_is_checked_when_it_is_sent(
    write: Write, sent: Value, standing_now: dict[str, object], names: BusNames, may: bool
) -> None:
    now_standing = Standing(**{"effective": "control", **standing_now})  # type: ignore[arg-type]
    services: Services = {SUN: charger(CHARGE_CURRENT=50.0)}
    assert may_leave(write, sent, now_standing, DbusState(services), frozenset(), names, 1.0) == may


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


@pytest.mark.parametrize("said", ["28", math.nan, 1e12])
@pytest.mark.parametrize(("name", "path"), [("battery", p.CCL), ("vebus", p.HUB_VOLTAGE)])
def test_what_is_no_number_may_be_one_to_the_loop_that_still_writes(name: str, path: str, said: Value) -> None:
    services: Services = {p.SYSTEM: {p.CONTROL_DVCC: 0}, f"com.victronenergy.{name}.a": {path: said}}
    assert stand(services).effective == "monitor"


@pytest.mark.parametrize(
    ("mode", "services", "controls"),
    [
        ("monitor", {}, False),
        ("monitor", {SYSTEM: {"/Control/Dvcc": 0}}, True),
        ("control", {}, False),
        ("control", {SYSTEM: {"/Control/Dvcc": 0}}, False),
        ("control", {SYSTEM: {"/Control/Dvcc": 1}}, True),
        ("control", {SYSTEM: {}}, True),
        ("control", {"com.victronenergy.gxbridge.b": {"/Dvcc/Mode": "control"}}, False),
    ],
)
def test_when_the_gx_s_own_controller_decides(mode: str, services: Services, controls: bool) -> None:
    assert system_controls(mode, DbusState(services), frozenset(), BusNames()) is controls
