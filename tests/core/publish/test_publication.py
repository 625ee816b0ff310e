"""The guard against publishing a battery twice."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read.paths import SET_BATTERY, SET_BMS_INSTANCE
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value
from gxbridge.core.publish.publication import FREE_PROFILE, SETTINGS, may_be, unchosen, verdict
from tests.core.boat import Boat
from tests.core.lynx_frames import Listener

VENDOR = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"


def heard() -> Battery:
    lynx = Listener()
    lynx.lynx(0.0)
    return lynx.battery(0.5)


battery = heard()


@pytest.mark.parametrize("publish", ["bms", "bms-neutral", "monitor"])
def test_alone_on_the_bus_it_is_published_as_configured(publish: str) -> None:
    others: dict[str, dict[str, Value]] = {
        "com.victronenergy.battery.ttyUSB0": {"/N2kUniqueNumber": None, "/Serial": "HQ999"},
        "com.victronenergy.vebus.ttyO1": {"/N2kUniqueNumber": 167120, "/Serial": "HQ21302VUDQ"},
    }
    publication = verdict(battery, publish, others)
    assert (publication.publish, publication.published_by, publication.findings) == (publish, "", ())


def test_publish_none_is_none() -> None:
    assert verdict(battery, "none", {}).publish == "none"


@pytest.mark.parametrize(
    ("items", "mark"),
    [
        ({"/N2kUniqueNumber": 167120}, "unique number 167120"),
        ({"/Serial": "0167120 HQ21302VUDQ"}, "serial HQ21302VUDQ"),
        ({"/Serial": "HQ21302VUDQ"}, "serial HQ21302VUDQ"),
    ],
)
def test_the_same_battery_on_another_service_is_never_published_twice(items: dict[str, Value], mark: str) -> None:
    publication = verdict(battery, "bms", {VENDOR: items})
    assert (publication.publish, publication.published_by) == ("none", VENDOR)
    assert mark in publication.reason
    (finding,) = publication.findings
    assert finding.id == "published-twice"


def test_our_own_services_are_not_somebody_else() -> None:
    own = {"com.victronenergy.battery.gxbridge_can0_uc167120": {"/N2kUniqueNumber": 167120}}
    assert verdict(battery, "bms", own).publish == "bms"


def test_a_battery_without_a_serial_is_compared_by_number_only() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    others: dict[str, dict[str, Value]] = {VENDOR: {"/Serial": "", "/N2kUniqueNumber": 5}}
    assert verdict(lynx.battery(0.1), "bms", others).publish == "bms"


@pytest.mark.parametrize(
    ("profile", "publish"),
    [(0, "bms"), (1, "none"), (2, "none"), (3, "bms"), (4, "none"), (5, "bms"), (9, "none"), (None, "bms")]
    + [(value, "bms") for value in (math.nan, math.inf, -math.inf, "1", 1e12, "")],
)
def test_a_port_profile_that_promises_a_vendor_driver_means_none(profile: Value, publish: str) -> None:
    publication = verdict(
        battery, "bms", {SETTINGS: {"/Settings/Canbus/can0/Profile": profile, "/Settings/Canbus/can1/Profile": 1}}
    )
    assert publication.publish == publish
    assert [finding.id for finding in publication.findings] == ["vendor-driver"] * (publish == "none")


def test_the_profile_that_leaves_a_port_to_us_promises_no_driver() -> None:
    settings: dict[str, Value] = {"/Settings/Canbus/can0/Profile": FREE_PROFILE}
    assert FREE_PROFILE == 5, "veutil@97c80ef canbus_interfaces.cpp"
    assert verdict(battery, "bms", {SETTINGS: settings}).publish == "bms"


def test_a_bus_with_a_name_of_its_own_has_the_profile_of_its_port() -> None:
    """The battery's bus is called can0 here, and its port is vecan1."""
    beside: dict[str, Value] = {"/Settings/Canbus/can0/Profile": 5, "/Settings/Canbus/vecan1/Profile": 1}
    publication = verdict(battery, "bms", {SETTINGS: beside}, "vecan1")
    assert publication.publish == "none"
    assert "vecan1" in publication.reason
    assert "gxbridge doctor" in publication.findings[0].advice
    alone: dict[str, Value] = {"/Settings/Canbus/can0/Profile": 1, "/Settings/Canbus/vecan1/Profile": 5}
    assert verdict(battery, "bms", {SETTINGS: alone}, "vecan1").publish == "bms"


def test_the_service_looks_at_the_profile_of_the_port_and_not_at_the_bus_s_name() -> None:
    for ports, published in (({"can0": "vecan1"}, 0), ({}, 1)):
        boat = Boat(ports=ports)
        boat.add(SETTINGS, {"/Settings/Canbus/vecan1/Profile": 1})
        boat.tick(2)
        assert len(boat.tick().batteries) == published


def test_a_battery_that_does_not_answer_holds_up_for_a_minute() -> None:
    stranger = {"com.victronenergy.battery.ttyUSB0": 100.0}
    for now, publish in ((159.9, "none"), (160.0, "bms")):
        assert verdict(battery, "bms", {}, unread=stranger, now=now).publish == publish


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("socketcan_can9_vi0_uc167120", True),
        ("socketcan_can0_vi0_uc167119", False),
        ("socketcan_can0_vi0_uc167121", False),
        ("ttyUSB0", False),
        ("other_can0", True),
    ],
)
def test_a_name_that_says_nothing_is_the_same_battery_by_its_number_else_by_its_port(name: str, same: bool) -> None:
    assert may_be(f"com.victronenergy.battery.{name}", battery, "can0") is same


def test_the_vendor_s_sum_of_parallel_batteries_is_pointed_out() -> None:
    services: dict[str, dict[str, Value]] = {"com.victronenergy.battery.lynxparallel0": {"/DeviceInstance": 0}}
    publication = verdict(battery, "bms", services)
    assert publication.publish == "bms"
    assert [finding.id for finding in publication.findings] == ["parallel-bms"]
    assert verdict(battery, "bms-neutral", services).findings == ()


# --- a bank beside batteries of others -------------------------------------------------------------------------------

OTHER = "com.victronenergy.battery.ttyUSB0"
LIMITS: dict[str, Value] = {"/Info/MaxChargeVoltage": None}


@pytest.mark.parametrize(
    ("others", "settings", "taken"),
    [
        ({}, {}, None),
        ({OTHER: {"/DeviceInstance": 1}}, {}, None),
        ({OTHER: {"/DeviceInstance": 300, **LIMITS}}, {}, None),
        ({OTHER: {"/DeviceInstance": 1, **LIMITS}}, {}, OTHER),
        ({OTHER: {"/DeviceInstance": 230, **LIMITS}}, {}, OTHER),
        ({OTHER: LIMITS}, {}, OTHER),
        ({OTHER: {"/DeviceInstance": 1, **LIMITS}}, {SET_BMS_INSTANCE: 230}, None),
        ({OTHER: {"/DeviceInstance": 1, **LIMITS}}, {SET_BMS_INSTANCE: 1}, OTHER),
        ({}, {SET_BMS_INSTANCE: -1}, None),
        ({}, {SET_BMS_INSTANCE: 220}, ""),
        ({}, {SET_BMS_INSTANCE: -255}, ""),
        ({OTHER: {"/DeviceInstance": 300, **LIMITS}}, {SET_BATTERY: "com.victronenergy.battery/300"}, OTHER),
        ({OTHER: {"/DeviceInstance": 300, **LIMITS}}, {SET_BATTERY: "default"}, None),
        ({"com.victronenergy.battery.gxbridge_can0_uc1": {"/DeviceInstance": 1, **LIMITS}}, {}, None),
    ],
)
def test_the_bms_that_a_gx_takes_in_place_of_a_bank(
    others: dict[str, dict[str, Value]], settings: dict[str, Value], taken: str | None
) -> None:
    assert unchosen(230, others, settings) == taken


SECOND = "com.victronenergy.battery.ttyUSB1"


@pytest.mark.parametrize(
    ("others", "settings", "instance", "taken"),
    [
        ({OTHER: {"/DeviceInstance": 9, **LIMITS}, SECOND: {"/DeviceInstance": 4, **LIMITS}}, {}, 230, SECOND),
        ({OTHER: {"/DeviceInstance": None, **LIMITS}}, {}, 0, OTHER),
        ({OTHER: {"/DeviceInstance": 0, **LIMITS}, SECOND: {"/DeviceInstance": -1, **LIMITS}}, {}, 230, SECOND),
        ({OTHER: {"/DeviceInstance": 9, **LIMITS}}, {SET_BMS_INSTANCE: 231}, 230, ""),
        ({OTHER: {"/DeviceInstance": 240, **LIMITS}}, {SET_BMS_INSTANCE: 231}, 230, ""),
        ({OTHER: {"/DeviceInstance": 9, **LIMITS}}, {SET_BMS_INSTANCE: 12}, 230, ""),
        ({OTHER: LIMITS, SECOND: LIMITS}, {SET_BATTERY: "com.victronenergy.battery/0"}, 230, OTHER),
    ],
)
def test_of_several_others_it_takes_the_lowest_or_the_chosen_one(
    others: dict[str, dict[str, Value]], settings: dict[str, Value], instance: int, taken: str | None
) -> None:
    assert unchosen(instance, others, settings) == taken


def test_the_reason_says_whether_it_is_the_configuration_or_one_that_has_not_answered() -> None:
    assert verdict(battery, "none", {}).reason == "the configuration says publish: none"
    early = verdict(battery, "bms", {}, unread={VENDOR: 100.0}, now=159.9)
    assert (early.reason, early.findings) == (f"{VENDOR} has not said yet which battery it is", ())
    for now in (160.0, 161.0, 1301.0):
        late = verdict(battery, "bms", {}, unread={VENDOR: 100.0}, now=now)
        assert (late.publish, [one.id for one in late.findings]) == ("none", ["battery-unknown"])


@pytest.mark.parametrize("name", ["com.victronenergy.vebus.ttyS4", "com.victronenergy.battery.gxbridge_can0_uc167120"])
def test_only_a_battery_of_somebody_else_holds_up(name: str) -> None:
    assert verdict(battery, "bms", {}, unread={name: 100.0}, now=101.0).publish == "bms"


def test_another_service_is_found_behind_one_of_ours() -> None:
    ours = {"com.victronenergy.battery.gxbridge_can0_uc167120": {"/N2kUniqueNumber": 167120}}
    services: dict[str, dict[str, Value]] = {**ours, VENDOR: {"/N2kUniqueNumber": 167120}}
    assert verdict(battery, "bms", services).published_by == VENDOR
