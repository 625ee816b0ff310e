"""What the rules look at: which battery's word counts for which input, and what stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.rule import RuleInput
from gxbridge.core.dvcc.run.ruling import base, read_rule_inputs, widest
from gxbridge.core.model.items import Value

ONE, TWO, BMV = (f"com.victronenergy.battery.{end}" for end in ("one", "two", "bmv"))
MULTI = "com.victronenergy.vebus.ttyS4"
NOTHING: frozenset[tuple[RuleInput, str]] = frozenset()


def battery(**items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 1,
        "/Connected": 1,
        "/ProductName": "BMS",
        "/Mgmt/Connection": "CAN",
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 100.0,
        "/Info/MaxDischargeCurrent": 200.0,
        "/Dc/0/Voltage": 26.4,
        **{name.replace("_", "/"): value for name, value in items.items()},
    }


def inputs(services: Mapping[str, Mapping[str, Value]], *, others: bool = True, **settings: Value) -> Inputs:
    found = read_inputs(
        Snapshot(services, {f"/Settings/SystemSetup/{name}": value for name, value in settings.items()})
    )
    beside = tuple(bms for bms in found.batteries if bms is not found.bms and bms.offers_limits)
    return found._replace(bank=found.bank._replace(others=beside if others else ()))


def read(found: Inputs, before: Any = NOTHING) -> dict[str, list[tuple[float, str]]]:
    _, seen = read_rule_inputs(found, before)
    return {name: [(one.value, one.source) for one in said] for name, said in seen.items() if said}


CELLS = {"_System_MaxCellVoltage": 3.4, "_System_MinCellVoltage": 3.3}


def items(**more: Value) -> dict[str, Value]:
    return battery(**{"_Soc": 50.0, "_Dc_0_Temperature": 20.0, **CELLS, **more})  # type: ignore[arg-type]


def test_the_bms_in_control_says_it_all() -> None:
    assert read(inputs({ONE: items()})) == {
        "soc": [(50.0, "BMS")],
        "highest_cell": [(3.4, "BMS")],
        "lowest_cell": [(3.3, "BMS")],
        "battery_voltage": [(26.4, "BMS")],
        "coldest": [(20.0, "BMS")],
        "hottest": [(20.0, "BMS")],
    }


def test_the_temperature_of_cells_counts_before_that_of_the_battery() -> None:
    seen = read(inputs({ONE: items(_System_MinCellTemperature=3.0, _System_MaxCellTemperature=30.0)}))
    assert (seen["coldest"][0][0], seen["hottest"][0][0]) == (3.0, 30.0)


def test_every_battery_that_limits_counts() -> None:
    seen = read(inputs({ONE: items(), TWO: items(_Soc=60.0, _DeviceInstance=2)}))
    assert sorted(value for value, _ in seen["soc"]) == [50.0, 60.0]


def test_a_member_s_cells_count_and_its_state_of_charge_is_in_that_of_the_total() -> None:
    both = inputs({ONE: items(), TWO: items(_Soc=90.0, _DeviceInstance=2, _System_MaxCellVoltage=3.6)}, others=False)
    member = next(bms for bms in both.batteries if bms is not both.bms)
    seen = read(both._replace(bank=both.bank._replace(members=(member,))))
    assert [value for value, _ in seen["soc"]] == [50.0]
    assert [value for value, _ in seen["highest_cell"]] == [3.4, 3.6]


def test_what_cannot_be_is_not_known() -> None:
    odd = items(_Soc=101.0, _System_MaxCellVoltage=0.0, _System_MinCellVoltage=9.0, _Dc_0_Temperature=300.0)
    assert read(inputs({ONE: odd | {"/Dc/0/Voltage": 3.0}})) == {}


def test_one_that_gave_it_and_does_not_now_makes_it_unknown() -> None:
    services = {ONE: items(), TWO: items(_DeviceInstance=2)}
    given, _ = read_rule_inputs(inputs(services), NOTHING)
    assert ("soc", TWO) in given
    still, seen = read_rule_inputs(inputs({**services, TWO: items(_DeviceInstance=2, _Soc=None)}), given)
    assert seen["soc"] == ()
    assert ("soc", TWO) in still, "until it gives it again"
    left, seen = read_rule_inputs(inputs({ONE: items()}), still)
    assert (len(seen["soc"]), ("soc", TWO) in left) == (1, False), "one that has left is not waited for"


def test_a_member_of_a_total_that_says_its_state_of_charge_no_more_makes_that_of_the_total_unknown() -> None:
    services = {ONE: items(), TWO: items(_DeviceInstance=2, _Soc=95.0)}

    def banked() -> Inputs:
        found = inputs(services, BatteryService="com.victronenergy.battery/1")
        return found._replace(bank=found.bank._replace(others=(), members=found.bank.others))

    given, seen = read_rule_inputs(banked(), NOTHING)
    assert [one.value for one in seen["soc"]] == [50.0], "the total's, which has the member's in it"
    services[TWO]["/Soc"] = None
    given, seen = read_rule_inputs(banked(), given)
    assert seen["soc"] == ()
    services[TWO]["/Soc"] = 94.0
    assert [one.value for one in read_rule_inputs(banked(), given)[1]["soc"]] == [50.0]
    services[TWO]["/Soc"] = None
    never = read_rule_inputs(banked(), NOTHING)[1]["soc"]
    assert [one.value for one in never] == [50.0], "one that never said it is not waited for"


def test_a_battery_that_lost_the_temperatures_of_its_cells_has_none_in_its_own() -> None:
    services = {ONE: items(_System_MinCellTemperature=2.0, _System_MaxCellTemperature=40.0)}
    given, seen = read_rule_inputs(inputs(services), NOTHING)
    assert [seen[name][0].value for name in ("coldest", "hottest")] == [2.0, 40.0]
    services[ONE] |= {"/System/MinCellTemperature": None, "/System/MaxCellTemperature": None}
    given, seen = read_rule_inputs(inputs(services), given)
    assert (seen["coldest"], seen["hottest"]) == ((), ())
    assert read_rule_inputs(inputs({**services, TWO: items(_DeviceInstance=2)}), given)[1]["coldest"] == ()
    services[ONE]["/System/MinCellTemperature"] = 3.0
    found = read_rule_inputs(inputs(services), given)[1]
    assert ([one.value for one in found["coldest"]], found["hottest"]) == ([3.0], ())


def test_the_battery_monitor_counts_for_what_no_bms_ever_gave() -> None:
    services = {ONE: battery(_Soc=None), BMV: items(_DeviceInstance=7, _ProductName="BMV")}
    for path in ("/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent"):
        del services[BMV][path]
    found = inputs(services, BatteryService="com.victronenergy.battery/7")
    assert read(found)["soc"] == [(50.0, "BMV")]
    assert read(found)["coldest"] == [(20.0, "BMV")]
    assert "soc" not in read(found, frozenset({("soc", ONE)})), "the BMS gave it before"
    services[BMV]["/Mgmt/InsecureConnection"] = 1
    insecure = inputs(services, BatteryService="com.victronenergy.battery/7")
    assert "soc" not in read(insecure), "anybody may be behind it"


def test_a_multi_may_be_the_monitor_and_a_sensor_the_temperature() -> None:
    multi = {
        "/Connected": 1,
        "/ProductName": "Multi",
        "/Mgmt/Connection": "VE.Bus",
        "/State": 3,
        "/DeviceInstance": 276,
    }
    services = {
        MULTI: {**multi, "/Soc": 70.0, "/Dc/0/Voltage": 26.0},
        "com.victronenergy.temperature.a": {"/DeviceInstance": 4, "/Temperature": 4.0, "/TemperatureType": 0},
    }
    seen = read(inputs(services, BatteryService="com.victronenergy.vebus/276", TemperatureService=SENSOR))
    assert seen["soc"] == [(70.0, "Multi")]
    assert seen["battery_voltage"] == [(26.0, "Multi")]
    assert [value for value, _ in seen["coldest"]] == [4.0]
    assert "highest_cell" not in seen


SENSOR = "com.victronenergy.temperature/4/Temperature"


def test_a_percentage_is_one_of_the_least_limit_that_every_bms_says() -> None:
    both = inputs({ONE: items(), TWO: items(_DeviceInstance=2, _Info_MaxChargeCurrent=80.0)})
    assert (base(both, "CCL"), base(both, "DCL")) == (80.0, 200.0)
    silent = inputs({ONE: items(), TWO: items(_DeviceInstance=2, _Info_MaxChargeCurrent=None)})
    assert base(silent, "CCL") is None
    assert base(inputs({}), "CCL") is None


def test_the_difference_of_cells_is_one_battery_s() -> None:
    both = inputs(
        {ONE: items(), TWO: items(_DeviceInstance=2, _System_MaxCellVoltage=3.5, _System_MinCellVoltage=3.45)}
    )
    assert round(widest(both.batteries) or 0, 3) == 0.1
    total = both.batteries[0]._replace(min_cell_v=3.0)
    assert round(widest([total]) or 0, 3) == 0.4
    ours, vendors = total._replace(adds=(ONE, TWO)), total._replace(product_id=0xA3E3)
    assert (widest([ours]), widest([vendors])) == (None, None), "its cells are those of several batteries"
    assert widest(inputs({ONE: battery()}).batteries) is None
    assert widest(inputs({ONE: items(_System_MinCellVoltage=0.0)}).batteries) is None
