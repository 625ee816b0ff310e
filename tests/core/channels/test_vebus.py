"""The BMS behind a VE.Bus system: what each combination of D-Bus items means, and that nothing unknown ever allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.vebus import vebus_bms
from gxbridge.core.channels.vebus.vebus_bms import VebusBms, is_source, read, read_all
from gxbridge.core.channels.vebus.vebus_text import name, vebus_findings, vebus_sentence
from gxbridge.core.channels.vebus.vebus_watch import REMEMBERED, WatchedSystems, follow, watch_findings
from gxbridge.core.model.items import Value

NAME = "com.victronenergy.vebus.ttyS4"

V1_RECORDED = {
    # venus-docker, simulation m: "Multigrid with VE.Bus BMS", MK2, Multi firmware 430, mk2-dbus 2.74
    "/Mgmt/Connection": "VE.Bus",
    "/Bms/BmsType": 2,
    "/Bms/BmsExpected": 1,
    "/Bms/AllowToCharge": 1,
    "/Bms/AllowToDischarge": 1,
    "/Bms/AllowToChargeRate": 15,
    "/Bms/Error": 0,
    "/Devices/Bms/Version": 1145110,
    "/Interfaces/Mk2/ProductName": "MK2 20Mhz",
    "/Mode": 3,
    "/State": 9,
}
NO_BMS_RECORDED = {
    # venus-docker, simulation lpp: a managed battery, no VE.Bus BMS, MK3, mk2-dbus 3.73
    "/Mgmt/Connection": "VE.Bus",
    "/Bms/BmsType": 0,
    "/Bms/BmsExpected": 0,
    "/Bms/AllowToCharge": 1,
    "/Bms/AllowToDischarge": 1,
    "/Bms/AllowToChargeRate": 0,
    "/Bms/Error": 0,
    "/Bms/PreAlarm": None,
    "/Alarms/BmsPreAlarm": None,
    "/Alarms/BmsConnectionLost": 0,
    "/Devices/Bms/Version": None,
    "/Interfaces/Mk2/ProductName": "MK3",
}
V2 = V1_RECORDED | {
    # constructed: the recorded V1 with the version threshold and interface of the vendor's own test of a V2
    "/Devices/Bms/Version": 1146100,
    "/Interfaces/Mk2/ProductName": "MK3",
    "/Alarms/BmsConnectionLost": 0,
    "/Alarms/BmsPreAlarm": 0,
}


def v2(**changes: object) -> VebusBms:
    return read(NAME, V2 | changes)


def test_the_recorded_v1_allows_both_and_is_named_with_its_firmware() -> None:
    bms = read(NAME, V1_RECORDED)
    assert (bms.generation, bms.charge, bms.discharge, bms.present, bms.doubt) == ("v1", True, True, True, "")
    assert name(bms) == "VE.Bus BMS (V1) (firmware 110)"
    assert bms.mk3 is False
    assert bms.full is False
    assert bms.certain


def test_allowed_without_a_bms_is_unknown() -> None:
    bms = read(NAME, NO_BMS_RECORDED)
    assert (bms.generation, bms.charge, bms.discharge, bms.present) == ("none", None, None, False)
    assert vebus_sentence(bms) == "The VE.Bus system has no BMS."
    assert vebus_findings(bms, 1.0) == ()


def test_refused_without_a_bms_is_unknown_too() -> None:
    bms = read(NAME, NO_BMS_RECORDED | {"/Bms/AllowToCharge": 0})
    assert bms.charge is None


@pytest.mark.parametrize(
    ("kind", "version", "charge", "discharge", "expected"),
    [
        # the decision table for a reader: BmsType, version, ATC, ATD -> generation and permissions
        (0, None, 1, 1, ("none", None, None)),
        (1, None, 0, 1, ("two-signal", False, True)),
        (2, 1145100, 0, 1, ("v1", False, True)),
        (2, 1145999, 1, 0, ("v1", True, False)),
        (2, 1146100, 0, 1, ("v2-or-newer", False, True)),
        (2, 1170001, 1, 1, ("v2-or-newer", True, True)),
        (2, 1146099, 1, 1, ("unknown", True, True)),
        (2, None, 1, 0, ("v2-assumed", True, False)),
        (2, None, None, None, ("unknown", None, None)),
        (2, None, None, 1, ("unknown", None, None)),
        (2, None, None, 0, ("unknown", None, False)),
        (2, 1146100, None, 1, ("v2-or-newer", None, True)),
        (None, 1146100, 1, 1, ("unknown", None, None)),
        (None, None, 0, 1, ("unknown", False, None)),
        (3, 1146100, 1, 0, ("unknown", None, False)),
    ],
)
def test_the_decision_table(
    kind: object, version: object, charge: object, discharge: object, expected: tuple[object, ...]
) -> None:
    items = {
        "/Bms/BmsType": kind,
        "/Devices/Bms/Version": version,
        "/Bms/AllowToCharge": charge,
        "/Bms/AllowToDischarge": discharge,
    }
    bms = read(NAME, items)  # type: ignore[arg-type]
    assert (bms.generation, bms.charge, bms.discharge) == expected


def test_a_v2_behind_an_mk2_is_there_but_not_full() -> None:
    bms = v2(**{"/Interfaces/Mk2/ProductName": "MK2 20Mhz"})
    assert (bms.mk3, bms.full) == (False, False)
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-needs-mk3"]


def test_a_v2_with_an_mk3_is_full_and_has_nothing_to_complain_of() -> None:
    bms = v2()
    assert bms.full is True
    assert vebus_findings(bms, 5.0) == ()
    assert vebus_sentence(bms) == (
        "VE.Bus BMS V2 or newer (firmware 100): charging allowed, discharging allowed. "
        "It only says yes or no and gives no current limits."
    )


@pytest.mark.parametrize("interface", [None, "", 5])
def test_an_interface_that_does_not_say_its_name_is_neither_mk3_nor_not(interface: object) -> None:
    bms = v2(**{"/Interfaces/Mk2/ProductName": interface})
    assert (bms.interface, bms.mk3, bms.full) == (None, None, None)


def test_the_multi_switched_off_leaves_a_v2_assumed_with_its_permissions() -> None:
    bms = v2(**{"/Devices/Bms/Version": None, "/Mode": 4, "/State": 0})
    assert (bms.generation, bms.charge, bms.multi_off, bms.certain, bms.full) == ("v2-assumed", True, True, False, True)
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-assumed"]
    assert name(bms) == "VE.Bus BMS, V2 assumed"


def test_the_multi_switched_off_takes_a_v1_away() -> None:
    gone = {"/Bms/AllowToCharge": None, "/Bms/AllowToDischarge": None, "/Mode": 4}
    bms = read(NAME, V1_RECORDED | gone)
    assert (bms.charge, bms.discharge, bms.doubt) == (None, None, "invalid")
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-silent-multi-off"]


def test_a_bms_that_cannot_be_read_is_a_finding() -> None:
    bms = v2(**{"/Bms/AllowToCharge": None})
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-unknown"]
    assert "charging unknown" in vebus_sentence(bms)


@pytest.mark.parametrize(
    ("mode", "state", "expected"), [(None, None, None), (3, 9, False), (4, None, True), (None, 0, True)]
)
def test_whether_the_multi_is_off(mode: object, state: object, expected: object) -> None:
    assert v2(**{"/Mode": mode, "/State": state}).multi_off is expected


@pytest.mark.parametrize("level", [1, 2])
def test_a_pulled_cable_turns_allowed_into_unknown_and_leaves_refused(level: int) -> None:
    bms = v2(**{"/Alarms/BmsConnectionLost": level, "/Bms/AllowToCharge": 0})
    assert (bms.charge, bms.discharge, bms.doubt, bms.present) == (False, None, "connection-lost", None)
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-connection-lost"]


def test_an_error_beside_an_allowance_is_a_contradiction_and_so_unknown() -> None:
    bms = v2(**{"/Bms/Error": 13})
    assert (bms.charge, bms.error, bms.error_raw, bms.doubt) == (None, True, 13, "error")
    (finding,) = vebus_findings(bms, 5.0)
    assert finding.id == "vebus-bms-error"
    assert "13" in finding.text


def test_an_error_that_is_no_number_is_unknown() -> None:
    assert v2(**{"/Bms/Error": "bad"}).error is None


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (1, 0, True),
        (0, 1, False),
        (2, None, True),
        (None, 1, True),
        (None, 0, False),
        (None, None, None),
        (-1, 1, True),
    ],
)
def test_the_alarms_path_of_the_pre_alarm_comes_first(new: object, old: object, expected: object) -> None:
    assert v2(**{"/Alarms/BmsPreAlarm": new, "/Bms/PreAlarm": old}).pre_alarm is expected


def test_a_pre_alarm_is_a_warning_and_changes_no_permission() -> None:
    bms = v2(**{"/Alarms/BmsPreAlarm": 1})
    assert (bms.charge, bms.discharge) == (True, True)
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-bms-pre-alarm"]
    assert "pre-alarm" in vebus_sentence(bms)


def test_a_missing_assistant_is_told_even_without_a_bms() -> None:
    bms = read(NAME, NO_BMS_RECORDED | {"/VebusError": 7})
    assert [finding.id for finding in vebus_findings(bms, 5.0)] == ["vebus-assistant-missing"]


def test_a_system_that_came_over_vecan_is_not_a_source() -> None:
    over_can = "com.victronenergy.vebus.socketcan_can0_di0_uc1234"
    services = {
        over_can: V2 | {"/Mgmt/Connection": "VE.Can"},
        NAME: V2,
        "com.victronenergy.battery.socketcan_can0": {"/Bms/BmsType": 2},
    }
    assert [bms.service for bms in read_all(services)] == [NAME]
    assert not is_source(over_can, {"/Mgmt/Connection": "VE.Can"})


def test_a_service_without_any_item_is_unknown() -> None:
    bms = read(NAME, {})
    assert (bms.generation, bms.charge, bms.discharge, bms.doubt) == ("unknown", None, None, "not-ready")
    assert bms.present is None
    assert bms.full is None
    assert "not ready" in vebus_sentence(bms)


values = st.one_of(
    st.none(),
    st.just([]),
    st.just({}),
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "1", "VE.Can", "MK3"]),
    st.just(1146100),
)


@given(st.dictionaries(st.sampled_from(vebus_bms.PATHS), values))
def test_no_items_raise_and_nothing_allows_without_a_clear_yes(items: dict[str, object]) -> None:
    bms = read(NAME, items)  # type: ignore[arg-type]
    if bms.charge:
        assert items["/Bms/AllowToCharge"] == 1
        assert items["/Bms/BmsType"] in (1, 2)
        assert not bms.error
        assert not bms.connection_lost
    if bms.discharge:
        assert items["/Bms/AllowToDischarge"] == 1
    assert vebus_sentence(bms)
    assert all(finding.text and finding.advice for finding in vebus_findings(bms, 1.0))


SAID = st.one_of(st.none(), st.integers(-1, 3), st.sampled_from([0.0, 1.0, 1146100, 1145110, "", "VE.Can", "MK3"]))


@given(st.lists(st.dictionaries(st.sampled_from(vebus_bms.PATHS), SAID), max_size=4))
def test_a_system_that_says_the_same_again_is_what_it_would_be_judged_anew(said: list[dict[str, Value]]) -> None:
    """The kept judgement, and what is watched over time, against those made from nothing."""
    watch: WatchedSystems = {}
    for now, items in enumerate([again for one in said for again in (one, dict(one))]):
        watch = follow(watch, {NAME: items}, float(now))
        expected = [read(NAME, items)] if is_source(NAME, items) else []
        assert list(map(repr, read_all({NAME: items}))) == list(map(repr, expected))
        assert [repr(seen.bms) for seen in watch.values() if seen.gone_at is None] == list(map(repr, expected))


@pytest.mark.parametrize("path", vebus_bms.PATHS)
def test_whatever_a_system_says_otherwise_is_seen(path: str) -> None:
    before = dict.fromkeys(vebus_bms.PATHS)
    for value in (0, 1, 2, 4, 7, 1146100, "MK3", "VE.Can"):
        items = {**before, path: value}
        assert read_all({NAME: items}) == ((read(NAME, items),) if is_source(NAME, items) else ())


# Over time


def test_a_permission_keeps_the_moment_it_began() -> None:
    watch = follow({}, {NAME: V2}, 10.0)
    watch = follow(watch, {NAME: V2}, 20.0)
    watch = follow(watch, {NAME: V2 | {"/Bms/AllowToCharge": 0}}, 30.0)
    watch = follow(watch, {NAME: V2 | {"/Bms/AllowToCharge": 0}}, 40.0)
    seen = watch[NAME]
    assert (seen.charge, seen.charge_since, seen.discharge, seen.discharge_since) == (False, 30.0, True, 10.0)
    assert seen.text == vebus_sentence(seen.bms)


def test_a_service_that_vanishes_leaves_unknown_permissions_and_an_alarm() -> None:
    watch = follow({}, {NAME: V2}, 10.0)
    watch = follow(watch, {}, 20.0)
    watch = follow(watch, {}, 30.0)
    seen = watch[NAME]
    assert (seen.charge, seen.discharge, seen.gone_at, seen.charge_since) == (None, None, 20.0, 20.0)
    assert "vanished" in seen.text
    (finding,) = watch_findings(watch, 30.0)
    assert (finding.id, finding.first, finding.last) == ("vebus-service-gone", 20.0, 30.0)


def test_a_service_that_comes_back_speaks_for_itself_again() -> None:
    watch = follow(follow({}, {NAME: V2}, 10.0), {}, 20.0)
    watch = follow(watch, {NAME: V2}, 30.0)
    assert (watch[NAME].charge, watch[NAME].charge_since, watch[NAME].gone_at) == (True, 30.0, None)
    assert watch_findings(watch, 30.0) == ()


def test_what_was_unknown_before_it_vanished_keeps_its_moment() -> None:
    unknown = V2 | {"/Bms/AllowToCharge": None, "/Bms/AllowToDischarge": None}
    watch = follow(follow({}, {NAME: unknown}, 10.0), {}, 20.0)
    assert (watch[NAME].charge_since, watch[NAME].discharge_since) == (10.0, 10.0)


def test_a_system_without_a_bms_leaves_nothing_behind() -> None:
    assert follow(follow({}, {NAME: NO_BMS_RECORDED}, 10.0), {}, 20.0) == {}


def test_names_that_come_and_go_do_not_fill_the_memory() -> None:
    watch: dict[str, object] = {}
    for number in range(100):
        watch = dict(follow(watch, {f"{NAME}{number}": V2}, float(number)))  # type: ignore[arg-type]
    assert len(watch) == REMEMBERED
    assert f"{NAME}99" in watch
    assert f"{NAME}98" in watch


def test_a_story_of_a_v2_from_full_charge_to_a_lost_cable() -> None:
    """Charging, then full (ATC 0), then empty (pre-alarm, ATD 0), then the cable pulled: never more than was said."""
    story = [
        (V2, (True, True)),
        (V2 | {"/Bms/AllowToCharge": 0}, (False, True)),
        (V2, (True, True)),
        (V2 | {"/Alarms/BmsPreAlarm": 1}, (True, True)),
        (V2 | {"/Alarms/BmsPreAlarm": 1, "/Bms/AllowToDischarge": 0}, (True, False)),
        (V2 | {"/Bms/AllowToDischarge": 0, "/Alarms/BmsConnectionLost": 2}, (None, False)),
        (None, (None, None)),
        (V2, (True, True)),
    ]
    watch = follow({}, {}, 0.0)
    for moment, (items, expected) in enumerate(story):
        watch = follow(watch, {} if items is None else {NAME: items}, float(moment))
        assert (watch[NAME].charge, watch[NAME].discharge) == expected, f"at {moment}"


def test_a_frozen_reading_can_be_varied_but_not_changed() -> None:
    bms = v2()
    with pytest.raises(AttributeError):
        bms.charge = False  # type: ignore[misc]
    assert replace(bms, charge=False).charge is False


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        (1144999, "unknown"),
        (1145000, "v1"),
        (1145999, "v1"),
        (1146000, "unknown"),
        (1146099, "unknown"),
        (1146100, "v2-or-newer"),
        (1146100.0, "v2-or-newer"),
        (9999999, "v2-or-newer"),
        (1146100.5, "v2-assumed"),
        ("1146100", "v2-assumed"),
        (0, "unknown"),
        (-1, "unknown"),
    ],
)
def test_the_generation_by_the_version(version: object, generation: str) -> None:
    assert v2(**{"/Devices/Bms/Version": version}).generation == generation
