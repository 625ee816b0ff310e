"""The D-Bus items of a battery against the recorded ones of the vendor's service.

`data/lynx_paths.csv`: the rows of our path table research that the vendor's Lynx service has, from thirteen recorded
services (venus-docker simulations, vecan-dbus 2.69 to 3.42).
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.battery import Battery, Known
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.publish.battery_paths import (
    PATHS,
    as_published,
    battery_items,
    fitted,
    rows,
    service_name,
    specs,
)
from gxbridge.core.publish.battery_rows import FirmwareSpec
from gxbridge.core.publish.battery_writes import WRITABLES
from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID
from tests.core.lynx_frames import Listener

RECORDED = list(
    csv.DictReader((Path(__file__).parents[1] / "data" / "lynx_paths.csv").read_text(encoding="utf-8").splitlines())
)
VALID = [row for row in RECORDED if "always invalid" not in row["lynx_has"]]

UNKNOWN_REGISTER = {
    *(f"/Errors/SmartLithium/{name}" for name in ("Communication", "InvalidConfiguration", "NrOfBatteries", "Voltage")),
    "/Settings/BluetoothMode",
}
"""The vendor has a value there, and nobody outside knows from which register."""

TEXTS = {
    "/Mgmt/ProcessName": "gxbridge",
    "/Mgmt/Connection": "VE.Can",
    "/DeviceInstance": "100",
    "/ProductId": "0xA3E5",
    "/ProductName": "Lynx Smart BMS 500",
    "/CustomName": "House",
    "/Serial": "0167120 HQ21302VUDQ",
    "/FirmwareVersion": "v1.02",
    "/N2kUniqueNumber": "167120",
    "/DeviceState": "249",
    "/State": "9",
    "/Mode": "3",
    "/ErrorCode": "0",
    "/SystemSwitch": "1",
    "/NrOfDistributors": "0",
    "/Dc/0/Voltage": "26.39V",
    "/Dc/0/Current": "-0.3A",
    "/Dc/0/Power": "-16W",
    "/Dc/0/Temperature": "22 degrees",
    "/Soc": "99.2%",
    "/Capacity": "800Ah",
    "/ConsumedAmphours": "-7.0Ah",
    "/TimeToGo": "864000s",
    "/Info/MaxChargeVoltage": "54.00V",
    "/Info/MaxChargeCurrent": "50.0A",
    "/Info/MaxDischargeCurrent": "600.0A",
    "/Info/BatteryLowVoltage": "41.60V",
    "/Io/AllowToCharge": "1",
    "/System/NrOfBatteries": "4",
    "/System/MinCellVoltage": "3.35V",
    "/System/MaxCellTemperature": "23 degrees",
    "/Balancer/Status": "1",
    "/Balancing": "0",
    "/Alarms/HighCurrent": "0",
    "/Diagnostics/LastErrors/1/Error": "36",
    "/Diagnostics/LastErrors/1/Time": "1747054380",
    "/History/DeepestDischarge": "-600.6Ah",
    "/History/TotalAhDrawn": "1728.1Ah",
    "/History/MinimumVoltage": "13.95V",
    "/History/TimeSinceLastFullCharge": "96076s",
    "/History/MaximumTemperature": "56 degrees",
    "/History/DischargedEnergy": "113.25kWh",
    "/History/CanBeCleared": "0",
    "/Settings/HasSettings": "0",
    "/Settings/HasTemperature": "1",
    "/Settings/RestoreDefaults": "0",
    "/Settings/Battery/Capacity": "800Ah",
    "/Settings/Battery/NominalVoltage": "24V",
    "/Devices/0/Gateway": "socketcan:can0",
    "/Devices/0/Nad": "41",
    "/Devices/0/ServiceName": "com.victronenergy.battery.gxbridge_can0_uc167120",
}
"""Path -> text as it comes from the frames of a whole Lynx, in the vendor's style."""


@pytest.fixture(scope="module")
def battery() -> Battery:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x2107, "55 55 01 00", 0.0)
    lynx.register(0x0313, "55 6E", 0.0)
    return lynx.battery(0.5)


@pytest.mark.parametrize("row", RECORDED, ids=[row["path"] for row in RECORDED])
def test_every_recorded_path_is_there_in_the_vendor_s_type(row: dict[str, str]) -> None:
    recorded = re.search(r"\[([a-z/]+) e\.g\.", row["lynx_has"])
    types = set((recorded[1] if recorded else row["type"].split(" ")[0].rstrip(",")).split("/"))
    signature = specs("bms", balances=True)[row["path"]].signature
    assert signature in types or "invalid" in types or row["type"].startswith("invalid"), (signature, types)


@pytest.mark.parametrize("row", VALID, ids=[row["path"] for row in VALID])
def test_every_recorded_value_has_one_when_the_frames_say_so(row: dict[str, str], battery: Battery) -> None:
    value = battery_items(battery, 100)[row["path"]]
    assert (value is None) == (row["path"] in UNKNOWN_REGISTER)


@pytest.mark.parametrize("row", [row for row in RECORDED if row not in VALID], ids=lambda row: row["path"])
def test_what_the_vendor_never_has_a_value_for_is_invalid(row: dict[str, str], battery: Battery) -> None:
    assert battery_items(battery, 100)[row["path"]] is None


@pytest.mark.parametrize(("path", "text"), TEXTS.items())
def test_text_is_in_the_vendor_s_style(path: str, text: str, battery: Battery) -> None:
    items = battery_items(battery, 100, "House")
    assert specs("bms", balances=True)[path].text_of(items[path]) == text


def test_every_path_is_always_there_and_nothing_else(battery: Battery) -> None:
    unknown = replace(battery, values={}, serial=None, firmware=None, address=None)
    for publish in ("bms", "bms-neutral", "monitor"):
        for balances in (False, True):
            one = replace(unknown, balances=balances)
            for letters in ("", "AD"):
                paths = specs(publish, balances=balances, distributors=letters)
                items = battery_items(replace(one, distributors=letters), 1)
                assert as_published(items, publish, {}).keys() == paths.keys()
    assert battery_items(unknown, 1)["/Serial"] == "0167120"
    assert battery_items(unknown, 1)["/FirmwareVersion"] is None


def test_limits_are_invalid_while_the_bms_is_pending(battery: Battery) -> None:
    pending = replace(battery, values={**battery.values, "bms_state": Known(18, 0.0, "VREG 0x2102")})
    items = battery_items(pending, 100)
    assert items["/State"] == 18
    for name in ("MaxChargeVoltage", "MaxChargeCurrent", "MaxDischargeCurrent", "BatteryLowVoltage"):
        assert items[f"/Info/{name}"] is None
    assert items["/Dc/0/Voltage"] == 26.39


def test_a_monitor_has_no_info_at_all_and_no_vendor_product_id(battery: Battery) -> None:
    assert not [path for path in specs("monitor", balances=True) if path.startswith("/Info")]
    assert as_published(battery_items(battery, 100), "monitor", {})["/ProductId"] == OWN_PRODUCT_ID


def test_neutral_has_an_id_of_our_own_and_all_else(battery: Battery) -> None:
    bms = battery_items(battery, 100)
    neutral = as_published(bms, "bms-neutral", {})
    assert bms["/ProductId"] == 0xA3E5
    assert neutral["/ProductId"] == OWN_PRODUCT_ID
    assert {path for path in bms if bms[path] != neutral[path]} == {"/ProductId", "/Devices/0/ProductId"}


def test_the_balancing_path_is_there_from_the_first_word_about_it_on(battery: Battery) -> None:
    """To the GUI an item that exists and is invalid is "Inactive"."""
    assert "/Balancing" not in battery_items(replace(battery, values={}, balances=False), 100)
    silent_again = battery_items(replace(battery, values={}, balances=True), 100)
    assert silent_again["/Balancing"] is None


def test_an_ng_is_called_as_the_vendor_s_service_calls_it() -> None:
    """venus-docker s/battery1.csv"""
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x0100, "00 E7 A3 FF", 0.5)
    ng = lynx.battery(0.5)
    assert ng.product_name == "Lynx Smart BMS NG"
    assert battery_items(ng, 100)["/ProductName"] == battery_items(ng, 100)["/Devices/0/ProductName"] == ng.product_name


def test_without_a_name_of_the_user_s_the_bms_s_own_is_shown(battery: Battery) -> None:
    named = replace(battery, description="House bank")
    assert battery_items(named, 100)["/CustomName"] == "House bank"
    assert battery_items(named, 100, "Boat")["/CustomName"] == "Boat"
    assert battery_items(battery, 100)["/CustomName"] == ""


def test_settings_are_offered_only_when_they_would_be_sent(battery: Battery) -> None:
    items = battery_items(battery, 100, transmit_writes=True)
    assert (items["/Settings/HasSettings"], items["/History/CanBeCleared"]) == (1, 0)


def test_reasons_stand_beside_the_limits(battery: Battery) -> None:
    items = as_published(battery_items(battery, 100), "bms", {"CVL": "the BMS says so", "CCL": "user limit"})
    assert items["/Info/MaxChargeVoltageReason"] == "the BMS says so"
    assert items["/Info/MaxChargeCurrentReason"] == "user limit"
    assert items["/Info/MaxDischargeCurrentReason"] is None


def test_distributors_appear_when_reported(battery: Battery) -> None:
    assert not [path for path in specs("bms", balances=True) if path.startswith("/Distributor")]
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x2150, "71 00", 0.1)
    lynx.register(0x2152, "7A 00", 0.1)
    lynx.text(0x2160, "Inverter", 0.1)
    with_distributors = lynx.battery(0.2)
    letters = with_distributors.distributors
    items = battery_items(with_distributors, 100)
    assert letters == "ACD"
    assert items["/NrOfDistributors"] == 3
    assert (items["/Distributor/A/Status"], items["/Distributor/A/Alarms/ConnectionLost"]) == (1, 0)
    assert (items["/Distributor/C/Status"], items["/Distributor/C/Alarms/ConnectionLost"]) == (3, 2)
    assert items["/Distributor/A/Fuse/0/Name"] == "Inverter"
    assert (items["/Distributor/A/Fuse/2/Status"], items["/Distributor/A/Fuse/2/Alarms/Blown"]) == (3, 2)
    assert (items["/Distributor/A/Fuse/7/Status"], items["/Distributor/A/Fuse/7/Alarms/Blown"]) == (None, None)
    assert "/Distributor/B/Status" not in items


@pytest.mark.parametrize(
    ("flag", "status", "expected"), [(1, None, 1), (0, 2, 0), (None, 2, 1), (None, 1, 0), (None, None, None)]
)
def test_balancing_is_the_flag_else_the_balancer(
    flag: int | None, status: int | None, expected: int | None, battery: Battery
) -> None:
    said = {"balancing": flag, "balancer_status": status}
    values = {name: Known(value, 0.0, "") for name, value in said.items() if value is not None}
    assert battery_items(replace(battery, values=values), 1)["/Balancing"] == expected


@pytest.mark.parametrize(
    ("signature", "value", "expected"),
    [
        ("u", -1, None), ("u", 1 << 32, None), ("q", 70000, None), ("y", 256, None), ("i", -5, -5),
        ("i", 1 << 31, None), ("d", float("nan"), None), ("d", float("inf"), None),
        ("d", 5, 5.0), ("s", "x", "x"), ("s", 5, None), ("u", "5", None), ("u", None, None), ("u", 7.0, 7),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_type_is_invalid(signature: str, value: Value, expected: Value) -> None:
    assert fitted(ItemSpec(signature), value) == expected


@given(st.sampled_from("uqyids"), st.one_of(st.none(), st.integers(), st.floats(), st.text()))
def test_fitting_never_raises(signature: str, value: Value) -> None:
    fitted(ItemSpec(signature), value)


def test_firmware_text() -> None:
    spec = FirmwareSpec("u")
    assert [spec.text_of(value) for value in (70655, 0xFFFFFF, None)] == ["v1.13", "--", ""]


def test_a_bus_name_that_d_bus_cannot_have_is_made_fit(battery: Battery) -> None:
    assert (
        service_name(replace(battery, bus="slcan:/dev/ttyUSB0"))
        == "com.victronenergy.battery.gxbridge_slcan__dev_ttyUSB0_uc167120"
    )


def test_paths_are_unique_documented_and_writable_where_a_rule_says_so() -> None:
    assert len({row.path for row in PATHS}) == len(PATHS)
    assert all(row.doc for row in rows("bms", balances=True, distributors="AH"))
    assert {row.path for row in PATHS if row.spec.writable} == set(WRITABLES)
