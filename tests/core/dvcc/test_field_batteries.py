"""Public trouble reports about batteries and their choice, as small worlds: what is said must be right.

Sources: github.com/victronenergy/venus#1263, #1395; Louisvdw/dbus-serialbattery#487;
arrow1800/Victron-VirtualBattery#3.
"""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from tests.core.dvcc.world import CAN_BMS, LYNX, SUN, Items, World, can_bms, charger, lynx

TOTAL = "com.victronenergy.battery.lynxparallel0"
SECOND = "com.victronenergy.battery.socketcan_can0_vi1_uc10002"


def texts(world: World) -> dict[str, str]:
    return {finding.id: finding.text for finding in world.decision.findings}


def alarmed() -> Items:
    return lynx(CCL=0.0, DCL=0.0, ALLOW_CHARGE=0, ALLOW_DISCHARGE=0)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"/Alarms/BmsCable": 2, "/ErrorCode": 0}, "alarm 'BMS cable' (battery communication lost)"),
        ({"/Alarms/CellMeasurementsFault": 2}, "alarm 'cell measurements fault'"),
        ({"/ErrorCode": 36, "/Alarms/Contactor": 2}, "alarm 'contactor' and error 36, ATC or ATD failure"),
        ({p.STATE: 10}, "state 10, error"),
        ({"/ErrorCode": 44}, "error 44"),
        ({"/Distributor/A/Fuse/0/Alarms/Blown": 2}, "alarm 'distributor A fuse 0 blown'"),
        ({"/Errors/SmartLithium/Communication": 1}, "alarm 'smart lithium communication'"),
        ({"/Alarms/Alarm": 2}, "alarm 'alarm'"),
        ({"/Alarms/Alarm": 2, "/Alarms/LowSoc": 2}, "alarm 'low SoC'"),
        ({"/NumberOfBmses": "1/2"}, "only 1 of 2 BMSes are there"),
    ],
)
def test_what_the_bms_itself_reports_is_the_likely_reason_of_its_zeros_and_a_finding(shown: Items, said: str) -> None:
    world = World({LYNX: alarmed() | shown, SUN: charger()})
    world.run(15)
    for name in ("CCL", "DCL"):
        sentence = world.limit(name).sentence
        for part in said.split(" and "):
            assert part in sentence, sentence
        assert "(likely: " in sentence
    assert texts(world)["bms-trouble"] == f"Lynx Smart BMS NG reports {said}"


def test_a_warning_and_a_state_on_the_way_are_warnings_and_a_running_bms_has_no_trouble() -> None:
    world = World({LYNX: lynx(STATE=14) | {"/Alarms/HighTemperature": 1, "/ErrorCode": 0}})
    world.run(12)
    said = texts(world)
    assert said["bms-warning"] == "Lynx Smart BMS NG reports warning 'high temperature' and state 14, standby"
    assert "bms-trouble" not in said
    healthy = World({LYNX: lynx() | {"/Alarms/HighTemperature": 0, "/ErrorCode": 0, "/Alarms/X": "?"}})
    healthy.run(15)
    assert healthy.findings() == set()


def test_numbers_of_states_and_errors_of_other_products_are_not_read_as_those_of_a_lynx() -> None:
    world = World({CAN_BMS: can_bms(STATE=9) | {"/ErrorCode": 36}})
    world.run(3)
    assert texts(world) == {"bms-trouble": "BMS reports error 36"}


def test_a_mere_monitor_has_no_trouble_of_a_bms() -> None:
    monitor: Items = {p.PRODUCT_NAME: "BMV-712", p.DEVICE_INSTANCE: 3, "/Alarms/LowSoc": 2}
    world = World({LYNX: lynx(), "com.victronenergy.battery.ttyUSB0": monitor})
    world.run(15)
    assert world.findings() == set()


def test_a_limit_that_is_a_text_is_named_with_its_service_and_no_reset_is_advised() -> None:
    for options in (Options(), Options.vendor()):
        text = can_bms(CVL="56.0", CCL="50", ALLOW_CHARGE=1, ALLOW_DISCHARGE=1)
        world = World({CAN_BMS: text, SUN: charger(BMS_PRESENT=1)}, options)
        world.run(15)
        said = texts(world)["limit-unreadable"]
        assert "/Info/MaxChargeVoltage is the text '56.0' and not a number" in said
        assert CAN_BMS in said
        assert all("reset" not in finding.advice for finding in world.decision.findings)
    strict = World({CAN_BMS: can_bms(CVL="56.0"), SUN: charger()})
    strict.run(3)
    assert "is the text '56.0'" in strict.limit("CVL").sentence
    assert "is the text '56.0'" in strict.limit("CCL").sentence


def test_the_text_of_one_limit_is_the_reason_of_that_one_only_and_is_said_once() -> None:
    world = World({CAN_BMS: can_bms(CCL="80", DCL="120 A"), SUN: charger()})
    world.run(15)
    ccl, dcl = world.limit("CCL").sentence, world.limit("DCL").sentence
    assert ("'80'" in ccl, "'120 A'" in ccl, "'80'" in dcl, "'120 A'" in dcl) == (True, False, False, True)
    assert "ccl-unknown" not in texts(world), "no cable is to be checked"


def bank(instance: int, options: Options | None = None, **second: float) -> World:
    services = {
        LYNX: lynx(DEVICE_INSTANCE=0, N2K_INSTANCE=0, CCL=100.0),
        SECOND: lynx(DEVICE_INSTANCE=1, N2K_INSTANCE=0, CCL=100.0, UNIQUE_NUMBER=2, **second),
        TOTAL: lynx(DEVICE_INSTANCE=512, PRODUCT_ID=0xA3E3, PRODUCT_NAME="Lynx Smart BMS totals", CCL=200.0,
                    N2K_INSTANCE=0, ALLOW_CHARGE=None, ALLOW_DISCHARGE=None),
        SUN: charger(BMS_PRESENT=1),
    }  # fmt: skip
    for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE):
        del services[TOTAL][path]
    world = World(services, options or Options(), {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: instance})
    world.run(15)
    return world


def test_a_bank_with_its_sum_is_the_normal_state_in_either_profile() -> None:
    for instance in (512, -1):
        assert bank(instance).findings() == set()
        assert bank(instance, Options.vendor()).findings() == set()


def test_a_setting_that_names_one_member_of_a_bank_is_told_that_the_sum_is_not_used() -> None:
    world = bank(0)
    assert world.limit("CCL").value == 100
    assert set(texts(world)) == {"member-chosen"}
    assert "instance 0, Lynx Smart BMS NG" in texts(world)["member-chosen"]
    assert "Lynx Smart BMS totals, is not used" in texts(world)["member-chosen"]


def test_a_setting_that_names_nobody_is_said_with_the_instances_that_are_there() -> None:
    for options in (Options(), Options.vendor()):
        world = bank(3, options)
        worst = world.decision.findings[0]
        assert (worst.id, worst.severity) == ("bms-not-selected", "alarm")
        assert "instance 3" in worst.text
        assert "0 (Lynx Smart BMS NG), 1 (Lynx Smart BMS NG) and 512 (Lynx Smart BMS totals)" in worst.text
        assert all("reset" not in finding.advice for finding in world.decision.findings)


def test_a_battery_that_moved_to_another_instance_is_not_called_absent() -> None:
    services = {LYNX: lynx(UNIQUE_NUMBER=7), SUN: charger()}
    world = World(services, settings={p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 100})
    world.run(6)
    assert world.findings() == set()
    world.services[LYNX][p.DEVICE_INSTANCE] = 5
    world.run(3)
    assert texts(world)["bms-moved"] == (
        "The setting of the controlling BMS names instance 100, and Lynx Smart BMS NG, which had it, has 5 now"
    )
    assert "bms-not-selected" not in texts(world)


def test_a_second_battery_that_refuses_is_named_with_its_reason() -> None:
    second = lynx(
        CUSTOM_NAME="Bank 2", DEVICE_INSTANCE=1, CCL=0.0, ALLOW_CHARGE=0, MAX_CELL_VOLTAGE=3.80, UNIQUE_NUMBER=2
    )
    services = {LYNX: lynx(CCL=100.0, CURRENT=0.0), SECOND: second, SUN: charger(50.0, 0.0)}
    services[LYNX][p.DEVICE_INSTANCE] = 0
    strict = World(dict(services))
    strict.run(15)
    assert strict.limit("CCL").sentence.startswith(
        "CCL 0 A: charging is refused by the Bank 2 (likely: highest cell 3.8 V; batteries stop at 3.75 V)."
    )
    assert texts(strict) == {
        "battery-refuses": "Bank 2 refuses charging (likely: highest cell 3.8 V; batteries stop at 3.75 V): "
        "this counts in the limits of the whole bank"
    }
    vendor = World({name: dict(items) for name, items in services.items()}, Options.vendor())
    vendor.run(15)
    assert "and is not obeyed: only Lynx Smart BMS NG counts" in texts(vendor)["refusal-not-obeyed"]


def test_a_second_battery_that_refuses_to_discharge_is_named_in_the_dcl() -> None:
    world = bank(512, ALLOW_DISCHARGE=0, MIN_CELL_VOLTAGE=2.7)
    assert world.limit("DCL").value == 0
    assert "lowest cell 2.7 V" in world.limit("DCL").sentence
    assert "refuses discharging (likely: lowest cell 2.7 V" in texts(world)["battery-refuses"]


def test_the_pack_that_limits_is_named() -> None:
    packs = {
        f"com.victronenergy.battery.ttyUSB{n}": can_bms(DEVICE_INSTANCE=n + 1, PRODUCT_NAME=f"JK pack {n + 1}",
                                                        CCL=140.0 if n else 10.0, VOLTAGE=53.4)
        for n in range(4)
    }  # fmt: skip
    world = World({**packs, SUN: charger()})
    world.run(3)
    assert world.limit("CCL").sentence.startswith("CCL 10 A: said by the JK pack 1.")
    assert world.findings() == set()
