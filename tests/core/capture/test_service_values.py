"""D-Bus values in a capture: the same replacements as on CAN, numbers of what matters, and no other text."""

from __future__ import annotations

import pytest

from gxbridge.core.capture import replacements as table_module
from gxbridge.core.capture.remarks import MOST_CHARACTERS, remark, remark_of, service_remarks
from gxbridge.core.capture.replacements import Replacements
from gxbridge.core.capture.service_values import ServiceAnonymiser
from gxbridge.core.nmea2000.database import database

DB = database()


def service() -> tuple[ServiceAnonymiser, Replacements]:
    table = Replacements()
    return ServiceAnonymiser(DB, table), table


NAMES = [
    ("com.victronenergy.battery.socketcan_can0_vi0_uc167120", "com.victronenergy.battery.socketcan_can0_vi0_uc999999"),
    ("com.victronenergy.vebus.ttyS4", "com.victronenergy.vebus.ttyS4"),
    ("com.victronenergy.system", "com.victronenergy.system"),
    ("com.victronenergy.vecan.vecan0", "com.victronenergy.vecan.vecan0"),
    ("com.victronenergy.temperature.ruuvi_d3d1f2a4b5c6", "com.victronenergy.temperature.n0001_name0000002"),
    ("com.victronenergy.settings", None),
    ("com.victronenergy.modem", None),
    ("com.victronenergy.gps.ve_ttyUSB0", None),
    ("org.freedesktop.DBus", None),
    ("com.victronenergy.", None),
]


@pytest.mark.parametrize(("name", "left"), NAMES)
def test_services(name: str, left: str | None) -> None:
    assert service()[0].name(name) == left


def test_a_service_without_a_replacement_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "MOST_REPLACED", 0)
    assert service()[0].name("com.victronenergy.battery.socketcan_can0_vi0_uc167120") is None


def test_the_values_of_a_battery() -> None:
    anonymiser, table = service()
    table.number(167120)
    found = anonymiser.values(
        {
            "/Soc": 87.5, "/Dc/0/Voltage": 26.4, "/Alarms/LowSoc": 0, "/Info/MaxChargeCurrent": None,
            "/ProductName": "Lynx Smart BMS 500", "/Mgmt/Connection": "VE.Can", "/ProductId": 0xA3E5,
            "/Serial": "HQ2132ABCDE", "/CustomName": "Vega of Bob", "/N2kUniqueNumber": 167120,
            "/DeviceId": 167120, "/History/ChargedEnergy": 20_000, "/SerialNumber": 1234567,
            "/Description": "HQ2132ABCDE", "/HardwareVersion": "v2.1",
        }
    )  # fmt: skip
    assert found == {
        "/Soc": 87.5, "/Dc/0/Voltage": 26.4, "/Alarms/LowSoc": 0, "/Info/MaxChargeCurrent": None,
        "/ProductName": "Lynx Smart BMS 500", "/Mgmt/Connection": "VE.Can", "/ProductId": 0xA3E5,
        "/Serial": "serial-0001", "/CustomName": "name-000002", "/N2kUniqueNumber": 999999, "/HardwareVersion": "v2.1",
        "/DeviceId": 999999, "/History/ChargedEnergy": 20_000, "/SerialNumber": 2097151, "/Description": "serial-0001",
    }  # fmt: skip


LEFT_OUT = [
    ("/Position/Latitude", 52.1), ("/Mgmt/ProcessName", "/opt/bobs/driver.py"), ("/Settings/Wifi/Password", "secret"),
    ("/Pin", 123456), ("/Device/MacAddress", 1), ("/Devices/HQ2132ABCDE/Voltage", 1.0), ("/a b", 1), ("Soc", 1),
    ("/a" * 200 + "/é", 1), ("/CustomName", "B" * 256), ("/a" * 128, 1),
    ("/Serial", 1.5), ("/Serial", -1), ("/Serial", 1 << 64), ("/ActiveBmsService", "com.victronenergy.settings"),
    ("/AvailableBatteryServices", '{"com.victronenergy.battery/0": "Bob"}'), ("/State", "Bobs state"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), LEFT_OUT)
def test_values_that_are_left_out_are_counted(path: str, value: object) -> None:
    anonymiser, _ = service()
    assert anonymiser.values({path: value, "/Soc": 1.0}) == {"/Soc": 1.0}  # type: ignore[dict-item]
    assert anonymiser.left_out == 1


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("com.victronenergy.battery/512", "com.victronenergy.battery/512"),
        ("com.victronenergy.battery.socketcan_can0_vi0_uc167120",
         "com.victronenergy.battery.socketcan_can0_vi0_uc999999"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_name_of_another_service_stays_what_it_is(value: str, left: str) -> None:
    assert service()[0].values({"/ActiveBmsService": value}) == {"/ActiveBmsService": left}


def test_a_serial_beyond_ascii_is_one_text() -> None:
    found = service()[0].values({"/Serial": "HQ é 1"})["/Serial"]
    assert isinstance(found, str)
    assert found.isascii()


def test_a_remark_is_read_again() -> None:
    line = remark({"device": {"serial": "é\n"}})
    assert line.count("\n") == 1
    assert remark_of(line) == {"device": {"serial": "é\n"}}


@pytest.mark.parametrize(
    "line",
    ["", "# mine\n", "(1.0) can0 19F21429#00\n", "# gxbridge {\n", '# gxbridge {"a":\n', "# gxbridge {" + "[" * 9999],
)
def test_what_is_no_remark_of_ours_says_nothing(line: str) -> None:
    assert remark_of(line) is None


def test_a_service_with_many_items_takes_several_lines_and_none_is_too_long() -> None:
    items = {f"/Path/{number}": "x" * 100 for number in range(1000)}
    lines = list(service_remarks(1.0, "com.victronenergy.battery.x", items))
    assert max(map(len, lines)) < MOST_CHARACTERS + 200
    merged: dict[str, object] = {}
    for line in lines:
        said = remark_of(line)
        assert said is not None
        merged |= said["items"]
    assert merged == items
