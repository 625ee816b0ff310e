"""How a battery is published, and when it is not: levels, the guard against double publication, port profiles."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID
from tests.contract.scene import INVALID, LYNX_SERVICE, SETTINGS, Scene, pause
from tests.runtime.service import OWN, wait_for

VENDOR = "com.victronenergy.battery.socketcan_can0_vi1_uc167120"
TOTALS = "com.victronenergy.battery.lynxparallel0"
PROFILE = "/Settings/Canbus/can0/Profile"

VENDOR_ITEMS: dict[str, Any] = {
    "/Mgmt/ProcessName": "vecan-dbus",
    "/Mgmt/Connection": "VE.Can",
    "/DeviceInstance": 1,
    "/ProductId": 0xA3E5,
    "/ProductName": "Lynx Smart BMS 500",
    "/Connected": 1,
    "/Dc/0/Voltage": 26.39,
    "/Soc": 99.2,
    "/State": 9,
    "/Io/AllowToCharge": 1,
    "/Io/AllowToDischarge": 1,
    "/Info/MaxChargeVoltage": 27.4,
    "/Info/MaxChargeCurrent": 790.0,
    "/Info/MaxDischargeCurrent": 1200.0,
    "/Info/BatteryLowVoltage": 21.6,
}
BY_NUMBER = {"/N2kUniqueNumber": 167120}
BY_SERIAL = {"/Serial": "0999999 HQ21302VUDQ"}
OTHER = {"/N2kUniqueNumber": 4711, "/Serial": "0004711 HQ20000XXXX", "/ProductId": 0xA389}
"""A battery monitor: it gives no limits."""


def finding_ids(stage: Scene) -> set[str]:
    count = stage.ask("/Findings/Count")
    return {stage.ask(f"/Findings/{n}/Id") for n in range(count if isinstance(count, int) else 0)}


def moment(stage: Scene, name: str, *, appears: bool) -> float:
    """When a name came or went, by the clock of the one who heard it."""
    for kind, at, *rest in reversed(stage.heard):
        if kind == "owner" and rest[0] == name and bool(rest[2]) == appears:
            return float(at)
    raise AssertionError(f"{name}: {stage.heard}")


@pytest.mark.parametrize(
    ("publish", "product_id", "info"),
    [("bms", 0xA3E5, True), ("bms-neutral", OWN_PRODUCT_ID, True), ("monitor", OWN_PRODUCT_ID, False)],
)
def test_the_level_decides_id_and_limits(publish: str, product_id: int, info: bool, stage: Scene) -> None:
    stage.start(publish=publish, dvcc={"mode": "off"})
    stage.consumer.until_complete(LYNX_SERVICE)
    items = stage.consumer("items", LYNX_SERVICE)
    assert items["/ProductId"]["Value"] == items["/Devices/0/ProductId"]["Value"] == ["UInt16", product_id]
    assert items["/ProductName"]["Value"] == ["String", "Lynx Smart BMS 500"]
    limits = {path: entry["Value"][1] for path, entry in items.items() if path.startswith("/Info/")}
    if info:
        assert (limits["/Info/MaxChargeVoltage"], limits["/Info/MaxChargeCurrent"]) == (27.4, 800.0)
        assert (limits["/Info/MaxDischargeCurrent"], limits["/Info/BatteryLowVoltage"]) == (1200.0, 21.6)
    else:
        assert limits == {}, "not even an invalid path: one that exists is a candidate for the controlling BMS"
        assert stage.consumer("get", LYNX_SERVICE, "/Info/MaxChargeVoltage")["error"].endswith("UnknownObject")
        assert items["/Io/AllowToCharge"]["Value"] == ["UInt32", 1]
    assert stage.ask("/Batteries/0/Published") == publish
    assert stage.ask("/Batteries/0/Service") == LYNX_SERVICE


def test_with_none_there_is_no_battery_service_but_everything_is_explained(stage: Scene) -> None:
    stage.start(publish="none")
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 800.0)
    assert stage.consumer("names").keys() == {OWN}
    assert stage.ask("/Batteries/0/Published") == "none"
    assert stage.ask("/Batteries/0/Service") == ""
    assert "publish: none" in stage.ask("/Batteries/0/PublishedReason")
    assert "publish: none" in stage.explain()


@pytest.mark.parametrize("marks", [BY_NUMBER, BY_SERIAL], ids=["number", "serial"])
def test_ours_leaves_within_a_second_when_the_vendor_s_appears_and_comes_back(
    marks: dict[str, Any], stage: Scene
) -> None:
    bank = {path: value for path, value in VENDOR_ITEMS.items() if not path.startswith("/Info/")}
    stage.others("appear", "com.victronenergy.battery.other", {**bank, **OTHER})
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/Serial", "0167120 HQ21302VUDQ")
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 800.0)
    owner = stage.consumer("owner", LYNX_SERVICE)
    delays = []
    for _ in range(2):  # for ever, not only once
        stage.others("appear", VENDOR, {**VENDOR_ITEMS, **marks})
        stage.consumer.until_gone(LYNX_SERVICE)
        stage.listen()
        delays.append(moment(stage, LYNX_SERVICE, appears=False) - moment(stage, VENDOR, appears=True))
        assert [rest for kind, _, *rest in stage.heard if kind == "owner" and rest[0] == owner][-1][2] == "", (
            "the connection is closed, not only the name given back"
        )
        stage.consumer.until(OWN, "/Batteries/0/Published", "none")
        assert VENDOR in stage.ask("/Batteries/0/PublishedReason")
        assert "published-twice" in finding_ids(stage)
        stage.consumer.until(OWN, "/Bms/Service", VENDOR)
        stage.consumer.until(OWN, "/Limits/Ccl/Value", 790.0)
        assert VENDOR in stage.explain()
        assert "does not" in stage.explain()
        stage.others("leave", VENDOR)
        stage.consumer.until_there(LYNX_SERVICE)
        stage.consumer.until(OWN, "/Batteries/0/Published", "bms")
        wait_for(lambda: finding_ids(stage), lambda ids: "published-twice" not in ids, "findings")
        owner = stage.consumer("owner", LYNX_SERVICE)
    assert 0 < min(delays) < 1.0, "by the clock of one who heard both; a machine that is busy may once be late"


def test_a_vendor_s_service_that_says_its_number_late_is_seen_then(stage: Scene) -> None:
    stage.start()
    stage.consumer.until_there(LYNX_SERVICE)
    stage.others("appear", VENDOR, {**VENDOR_ITEMS, "/N2kUniqueNumber": None, "/Serial": None})
    pause(1.2)
    assert LYNX_SERVICE in stage.consumer("names")
    stage.others("set", VENDOR, {"/N2kUniqueNumber": 167120})
    stage.consumer.until_gone(LYNX_SERVICE)


def test_where_the_vendor_publishes_already_ours_never_appears(stage: Scene) -> None:
    stage.others("appear", VENDOR, {**VENDOR_ITEMS, **BY_NUMBER})
    stage.start()
    stage.consumer.until(OWN, "/Batteries/0/Published", "none")
    stage.listen()
    assert not [rest for kind, _, *rest in stage.heard if kind == "owner" and rest[0] == LYNX_SERVICE]


def test_a_port_whose_profile_promises_a_vendor_driver_is_left_to_it(stage: Scene) -> None:
    stage.others("settings", {PROFILE: 1})
    stage.start()
    stage.consumer.until(OWN, "/Batteries/0/Published", "none")
    stage.listen()
    assert not [rest for kind, _, *rest in stage.heard if kind == "owner" and rest[0] == LYNX_SERVICE]
    names = {1: "VE.Can", 2: "VE.Can & CAN-bus BMS", 4: "Oceanvolt", 9: "VE.Can & CANopen E-drive"}
    for profile in (0, 2, 3, 4, 5, 9, 6, 1, 7, 2, 8, 4, 10, 9):
        stage.others("set", SETTINGS, {PROFILE: profile})
        if profile not in names:
            stage.consumer.until(OWN, "/Batteries/0/Published", "bms")
            stage.consumer.until_there(LYNX_SERVICE)
            continue
        stage.consumer.until_gone(LYNX_SERVICE)
        stage.consumer.until(OWN, "/Batteries/0/PublishedReason", lambda text, name=names[profile]: f"'{name}'" in text)
        assert "vendor-driver" in finding_ids(stage)
    assert f"{PROFILE} to 5" not in stage.explain(), "every other device of the port would vanish from the GX"
    # A settings service that restarts says nothing for a while: that is no permission.
    stage.others("leave", SETTINGS)
    pause(1.2)
    assert stage.consumer("names").keys() == {OWN}
    stage.others("settings", {PROFILE: 5})
    stage.consumer.until_there(LYNX_SERVICE)


def test_the_vendor_s_sum_of_parallel_batteries_is_pointed_out(stage: Scene) -> None:
    """A GX starts it as soon as any battery has a Lynx product id, and it counts ours in."""
    stage.start()
    stage.consumer.until_there(LYNX_SERVICE)
    totals = {**VENDOR_ITEMS, "/ProductId": 0xA3E3, "/ProductName": "Lynx Smart BMS Totals", "/DeviceInstance": 0}
    stage.others("appear", TOTALS, {**totals, "/Info/MaxChargeVoltage": 27.4, "/NumberOfBmses": "1/1"})
    wait_for(lambda: finding_ids(stage), lambda ids: "parallel-bms" in ids, "findings")
    assert stage.ask("/Batteries/0/Published") == "bms"
    words = stage.explain()
    assert TOTALS in words
    assert "bms-neutral" in words


@pytest.mark.parametrize("mode", ["off", "monitor", "control"])
def test_publishing_does_not_depend_on_the_mode_of_dvcc(mode: str, stage: Scene) -> None:
    stage.start(dvcc={"mode": mode})
    stage.consumer.until(LYNX_SERVICE, "/Info/MaxChargeVoltage", 27.4)
    assert stage.ask("/Dvcc/Mode") == mode
    reason = stage.consumer("get", LYNX_SERVICE, "/Info/MaxChargeVoltageReason")
    if mode == "off":
        assert reason == INVALID
    else:
        assert reason[0] == "String"
        assert "27.4" in reason[1]


@pytest.mark.parametrize(
    ("publish", "free"), [("bms", False), ("bms-neutral", False), ("monitor", True), ("none", True)]
)
def test_control_holds_where_the_table_of_the_page_says_so(publish: str, free: bool, stage: Scene) -> None:
    """`free`: with the GX's DVCC off nothing else writes, because ours gives no charge current limit on the bus."""
    system = "com.victronenergy.system"
    stage.start(publish=publish, dvcc={"mode": "control"})
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 800.0)
    stage.consumer.until(OWN, "/Dvcc/Effective", "control")
    stage.others("appear", system, {"/Control/Dvcc": 1, "/DeviceInstance": 0})
    stage.consumer.until(OWN, "/Dvcc/Effective", "monitor")
    assert stage.ask("/Dvcc/Master") == system
    assert "two-masters" in finding_ids(stage)
    stage.others("set", system, {"/Control/Dvcc": 0})
    if free:
        stage.consumer.until(OWN, "/Dvcc/Effective", "control")
    else:
        stage.consumer.until(OWN, "/Dvcc/MasterReason", lambda reason: "DVCC is off but still writes" in str(reason))
        assert stage.ask("/Dvcc/Effective") == "monitor"
    assert (LYNX_SERVICE in stage.consumer("names")) == (publish != "none")
    stage.others("leave", system)
    stage.consumer.until(OWN, "/Dvcc/Effective", "control")


def test_a_vendor_s_driver_leaves_control_to_the_gx(stage: Scene) -> None:
    system = "com.victronenergy.system"
    stage.others("appear", VENDOR, {**VENDOR_ITEMS, **BY_NUMBER})
    stage.others("appear", system, {"/Control/Dvcc": 1, "/DeviceInstance": 0})
    stage.start(dvcc={"mode": "control"})
    stage.consumer.until(OWN, "/Bms/Service", VENDOR)
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 790.0)
    assert (stage.ask("/Dvcc/Effective"), stage.ask("/Dvcc/Master")) == ("monitor", system)
    stage.consumer.until(OWN, "/Batteries/0/Published", "none")
