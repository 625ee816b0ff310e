"""The last gate, rule by rule: what leaves, what becomes less, and what does not leave."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import pytest

from gxbridge.core import gate as gate_room
from gxbridge.core.gate.allowed import ALLOWED, NAME, PORT_REGISTERS, REGISTERS, may_send
from gxbridge.core.gate.gate import NEAR_V, GateMemory
from gxbridge.core.gate.raw_words import WINDOWS
from gxbridge.core.gate.voltages import CLASSES
from gxbridge.core.model.items import Value
from gxbridge.core.vecan.sending.transmit import SENDABLE, SETTABLE
from tests.core.gate.boat import (
    ALTERNATOR,
    BATTERY,
    BOL,
    BOL_CURRENT,
    BOL_DISCHARGE,
    BOL_VOLTAGE,
    CURRENT,
    FEED_IN,
    LYNX,
    MODE,
    MULTI,
    NO_LYNX,
    OTHER,
    RS,
    SETUP,
    SUN,
    SUN_2,
    VECAN,
    VOLTAGE,
    Gate,
    Items,
    battery,
    charger,
    feeding,
    multi,
    rs,
    wants,
)

HELD = "held back"


@pytest.mark.parametrize("path", sorted(Path(*gate_room.__path__).glob("*.py")), ids=lambda path: path.stem)
def test_it_shares_no_code_with_the_decision(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    ours = {name for name in names if name.startswith("gxbridge")}
    shared = {name for name in ours if not name.startswith(("gxbridge.core.gate.", "gxbridge.core.model."))}
    assert shared <= {"gxbridge.core.dvcc.tell.write", "gxbridge.core.setup"}


def test_what_is_lawful_leaves_as_it_is_and_nothing_is_found() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi()})
    writes = (
        (SUN, MODE, 13), (SUN, VOLTAGE, 27.4), (SUN, CURRENT, 50), (MULTI, BOL_CURRENT, 50), (MULTI, BOL_VOLTAGE, 27.4),
        (MULTI, BOL_DISCHARGE, 200.0), (MULTI, BOL + "BatteryLowVoltage", 21.6), (MULTI, "/Dc/0/MaxChargeCurrent", 70),
        (SUN, "/Link/VoltageSense", 26.4), (SUN, "/Link/TemperatureSense", 21.5), (SUN, "/Link/BatteryCurrent", 8.5),
    )  # fmt: skip
    assert [tuple(write) for write in gate.passes(*writes).writes] == list(writes)
    assert gate.memory.findings == ()


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "path"),
    [
        (SUN, "/Settings/ChargeCurrentLimit"),
        (SUN, "/Mode"),
        (SUN, BOL_CURRENT),
        (MULTI, CURRENT),
        (BATTERY, CURRENT),
        (VECAN, CURRENT),
        ("com.victronenergy.settings", CURRENT),
        ("com.victronenergy", CURRENT),
        ("org.victronenergy.solarcharger.x", CURRENT),
        ("com.victronenergy.solarcharger.gone", CURRENT),
    ],
)
def test_what_is_not_on_the_list_never_leaves(service: str, path: str) -> None:
    names = (SUN, MULTI, BATTERY, VECAN, "com.victronenergy.settings", "org.victronenergy.solarcharger.x")
    gate = Gate({BATTERY: battery()} | {name: battery() | charger() | {BOL_CURRENT: 0} for name in names})
    assert gate.one(service, path, 1) == HELD
    assert gate.rules() == ["not on the list of what may be written"]


def test_an_item_that_the_device_has_not_is_not_written() -> None:
    items = charger()
    del items[CURRENT]
    assert Gate({BATTERY: battery(), SUN: items}).one(SUN, CURRENT, 1) == HELD


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, "10", "", True, None], ids=repr)
@pytest.mark.parametrize("vendor", [False, True])
def test_what_is_no_number_never_leaves(value: Value, vendor: bool) -> None:
    gate = Gate(vendor=vendor)
    assert gate.one(SUN, CURRENT, value) == HELD
    assert gate.rules() == ["not a number of its kind"]


@pytest.mark.parametrize("vendor", [False, True])
def test_nothing_below_zero_leaves(vendor: bool) -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi()}, vendor=vendor)
    assert gate.one(SUN, CURRENT, -0.1) == 0
    assert gate.rules() == ["less than 0"]
    assert gate.one(SUN, VOLTAGE, -1) == HELD
    assert gate.one(MULTI, BOL_DISCHARGE, -1) == HELD
    assert gate.one(MULTI, "/Dc/0/MaxChargeCurrent", -1) == HELD


def test_every_path_has_a_highest_value() -> None:
    gate = Gate({BATTERY: battery(ccl=1e6), SUN: charger(None)})
    assert gate.one(SUN, CURRENT, 10000) == 10000
    assert gate.one(SUN, CURRENT, 10001) == HELD
    assert gate.rules() == ["more than 10000"]
    assert all(row.low < row.high for row in ALLOWED.values())


def test_a_current_into_or_out_of_the_battery_may_be_below_zero_where_it_is_measured() -> None:
    gate = Gate({BATTERY: battery(**{"/Dc/0/Current": -12.5, "/Dc/0/Temperature": -5.0}), SUN: charger()})
    assert gate.one(SUN, "/Link/BatteryCurrent", -12.5) == -12.5
    assert gate.one(SUN, "/Link/TemperatureSense", -5.0) == -5.0


def test_the_settings_of_a_port_s_devices_have_their_size_and_bounds() -> None:
    assert {NAME, *PORT_REGISTERS} == SETTABLE
    for register, least, most, more in (
        (0x0200, b"\x01", b"\x05", b"\x06"),
        (0x0214, b"\x00\x00", b"\xd0\x07", b"\xd1\x07"),
        (0x0224, b"\x00\x00", b"\xd0\x07", b"\xd1\x07"),
        (0xEDF0, b"\x00\x00", b"\x10\x27", b"\x11\x27"),
        (0x0333, b"\x01\x00\x00\x00", b"\x00\x00\x00\x03", b"\x01\x00\x00\x03"),
        (0x034E, b"\x00", b"\x01", b"\x02"),
        (0xD050, b"\x00", b"\x03", b"\x04"),
        (0xD053, b"\x00\x00", b"\xe8\x03", b"\xe9\x03"),
    ):
        assert may_send(register, least, PORT_REGISTERS)
        assert may_send(register, most, PORT_REGISTERS)
        assert not may_send(register, more, PORT_REGISTERS)
        assert not may_send(register, most + b"\x00", PORT_REGISTERS)
    assert not may_send(0x0200, b"\x00", PORT_REGISTERS)
    assert not may_send(0x0333, bytes(4), PORT_REGISTERS), "it would say nothing"
    assert not may_send(0x1000, b"\x01\x00", PORT_REGISTERS)
    assert may_send(0x010C, b"Roof\x00", PORT_REGISTERS)
    assert not may_send(0xEDF0, b"\x10\x27")


def test_the_registers_of_a_battery() -> None:
    assert {NAME, *REGISTERS} == SENDABLE
    assert may_send(0x1000, b"\xfe\xff")
    assert may_send(0xEDEF, b"\x30")
    assert may_send(0xEDEF, b"\x0c")
    assert may_send(0x0200, b"\x03")
    assert may_send(0x0200, b"\xfc")
    assert may_send(0x010C, b"Battery 1\x00")
    assert may_send(0x010C, bytes(129))
    assert not may_send(0x010C, bytes(130))
    assert not may_send(0x1000, b"\xff\xff")
    assert not may_send(0x1000, b"\x00\x00")
    assert not may_send(0x1000, b"\x01")
    assert not may_send(0xEDEF, b"\x31")
    assert not may_send(0x0200, b"\xfd")
    assert not may_send(0x0200, b"\x02")
    assert not may_send(0x0391, b"\x00\x01")


# --- who is master ----------------------------------------------------------------------------------------------------


def shut(gate: Gate) -> list[str]:
    assert gate.told((SUN, CURRENT, 5), (SUN, MODE, 13)) == []
    return gate.rules()


@pytest.mark.parametrize("vendor", [False, True])
def test_nothing_at_all_leaves_without_being_the_master(vendor: bool) -> None:
    assert shut(Gate(mode="monitor", vendor=vendor))[0] == "nothing is written unless dvcc.mode is control"
    nameless = Gate(vendor=vendor)
    nameless.more["own_name"] = False
    assert shut(nameless)[0] == "nothing is written without our own D-Bus name"
    for mode in ("control", None, "new"):
        rival = Gate(vendor=vendor)
        rival.services["com.victronenergy.gxbridge.b"] = {"/Dvcc/Mode": mode}
        assert shut(rival)[0] == "nothing is written beside another gxbridge"
    for dvcc in (1, None, "0"):
        system = Gate({BATTERY: battery(ccl=None), SUN: charger()}, vendor=vendor)
        system.services["com.victronenergy.system"] = {"/Control/Dvcc": dvcc}
        assert shut(system)[0] == "nothing is written beside the GX's own controller"


def test_another_gxbridge_that_only_watches_is_no_master() -> None:
    gate = Gate()
    gate.services["com.victronenergy.gxbridge.b"] = {"/Dvcc/Mode": "monitor"}
    gate.services["com.victronenergy.gxbridge.c"] = {"/Dvcc/Mode": "off"}
    assert gate.one(SUN, CURRENT, 5) == 5


def test_with_dvcc_off_the_older_loop_of_the_gx_still_writes_where_it_has_a_limit_or_a_hub_voltage() -> None:
    off = {"com.victronenergy.system": {"/Control/Dvcc": 0}}
    silent = Gate({BATTERY: battery(), SUN: charger(), **off})
    assert shut(silent)[0] == "nothing is written beside the GX's own controller"
    silent.more["unpublished"] = {BATTERY}
    assert silent.one(SUN, CURRENT, 5) == 5
    silent.services[MULTI] = multi(**{"/Hub/ChargeVoltage": 27.0})
    assert shut(silent)[0] == "nothing is written beside the GX's own controller"
    silent.services[MULTI] = multi(**{"/Hub/ChargeVoltage": "27"})
    assert shut(silent)[0] == "nothing is written beside the GX's own controller"
    silent.services[MULTI] = multi(**{"/Hub/ChargeVoltage": None})
    assert silent.one(SUN, CURRENT, 5) == 5


# --- modes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "leaves"), [(13, 13), (5, 13), (9, 13), (0, HELD), (13.0, HELD), (255, HELD)])
def test_with_a_bms_a_charger_is_told_so_or_nothing(mode: Value, leaves: Value) -> None:
    assert Gate().one(SUN, MODE, mode) == leaves


@pytest.mark.parametrize(("mode", "leaves"), [(13, 13), (5, 5), (1, 5), (9, 5), (0, HELD)])
def test_without_a_bms_a_charger_is_externally_controlled(mode: Value, leaves: Value) -> None:
    assert Gate({SUN: charger()}).one(SUN, MODE, mode) == leaves


@pytest.mark.parametrize(("mode", "leaves"), [(13, 13), (5, 5), (1, 13), (9, 13), (4, 13)])
def test_a_port_is_not_told_the_network_only_beside_a_bms(mode: Value, leaves: Value) -> None:
    """All chargers on it would hear that nobody controls them."""
    assert Gate({BATTERY: battery(), VECAN: charger()}).one(VECAN, MODE, mode) == leaves


@pytest.mark.parametrize(("limit_a", "leaves"), [(-1, 1), (40, 5), (0, 5)])
def test_without_a_bms_a_port_is_told_the_network_only_where_the_user_sets_no_limit(
    limit_a: float, leaves: Value
) -> None:
    gate = Gate({VECAN: charger()}, user_settings={SETUP + "MaxChargeCurrent": limit_a})
    assert gate.one(VECAN, MODE, 1) == leaves
    assert gate.one(VECAN, MODE, 9) == 5


# --- currents ---------------------------------------------------------------------------------------------------------


def test_one_wrong_line_in_the_sharing_rule_does_not_reach_the_chargers() -> None:
    """CCL 20 A became 50 + 85 = 135 A."""
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(50.0), SUN_2: charger(85.0)})
    told = gate.told(*wants([(SUN, 50), (SUN_2, 85)]))
    assert told == [20.2, 0]
    assert gate.rules() == ["the sum told to what charges is above the charge current limit"] * 2
    assert gate.memory.findings[0].severity == "alarm"
    assert gate.memory.findings[0].text == (
        f"The last gate held back {SUN} {CURRENT} = 50: the sum told to what charges is above the charge current "
        "limit; 20.2 was sent"
    )


def test_a_charger_that_is_told_more_than_its_own_setting_is_lowered_by_that_and_not_by_the_sum() -> None:
    gate = Gate({BATTERY: battery(ccl=200.0), SUN: charger(50.0)})
    assert gate.one(SUN, CURRENT, 80) == 50
    assert gate.rules() == ["above the charger's own setting"]


def test_the_sum_counts_over_several_looks_and_over_what_is_told_twice() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(50.0), SUN_2: charger(50.0)})
    assert gate.one(SUN, CURRENT, 50) == 50
    assert gate.one(SUN_2, CURRENT, 50) == pytest.approx(10.1)
    assert gate.told((SUN, CURRENT, 20), (SUN_2, CURRENT, 40), (SUN, CURRENT, 50)) == [20, 40, pytest.approx(20.1)]
    gate.now += 59.9
    assert gate.one(SUN_2, CURRENT, 50) == pytest.approx(40.0)
    gate.now += 60.0
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(50)  # a charger forgets what it was told after a minute


def test_what_untold_chargers_make_is_taken_off() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), ALTERNATOR: charger(100.0, 35.0)})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(25.1)
    gate.services[ALTERNATOR]["/Dc/0/Current"] = -35.0
    assert gate.one(SUN, CURRENT, 50) == 50
    gate.services[ALTERNATOR] |= {"/Dc/0/Current": 35.0, "/N2kDeviceInstance": 1}
    assert gate.one(SUN, CURRENT, 50) == 50, "in another network"
    gate.services[ALTERNATOR] = charger(100.0, None)
    assert gate.one(SUN, CURRENT, 50) == 50
    gate.services["com.victronenergy.inverter.x"] = {"/Dc/0/Current": 40.0, "/IsInverterCharger": 0}
    assert gate.one(SUN, CURRENT, 50) == 50, "a mere inverter"
    gate.services["com.victronenergy.inverter.x"]["/IsInverterCharger"] = 1
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)


def test_what_cannot_be_told_counts_as_untold() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), ALTERNATOR: charger(100.0, 35.0)})
    for value in (math.nan, 1e5, None, -1.0):
        told = gate.told((ALTERNATOR, CURRENT, value), (SUN, CURRENT, 50))
        assert told[-1] == pytest.approx(25.1)
        gate.now += 61.0


REGULATOR = "com.victronenergy.alternator.regulator"


def test_the_last_current_of_one_that_is_never_told_counts_while_it_says_none() -> None:
    for name, never in ((REGULATOR, {}), ("com.victronenergy.charger.ttyUSB0", {"/Link/ChargeCurrent": None})):
        gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), name: {"/Dc/0/Current": 40.0, **never}})
        assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)
        for unknown in (None, math.nan, "40", []):
            gate.services[name] = {"/Dc/0/Current": unknown, **never}
            assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1), unknown
        gate.services[name] = {"/Dc/0/Current": 5.0, **never}
        assert gate.one(SUN, CURRENT, 50) == 50
        gate.services[name] = {"/Dc/0/Current": None, **never}
        assert gate.one(SUN, CURRENT, 50) == 50, "the last one, not the highest"


@pytest.mark.parametrize("kind", ["alternator", "dcdc", "charger", "dcgenset"])
def test_what_never_said_a_current_or_said_0_a_last_counts_for_nothing(kind: str) -> None:
    name = f"com.victronenergy.{kind}.x"
    gate = Gate({BATTERY: battery(ccl=40.0), SUN: charger(), name: {"/Dc/0/Current": None}})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(40.1)
    for said, left_a in ((12.0, 28.1), (0.0, 40.1), (-5.0, 40.1)):
        for current in (said, None):
            gate.services[name] = {"/Dc/0/Current": current}
            assert gate.one(SUN, CURRENT, 50) == pytest.approx(left_a)
            assert gate.memory.made == {name: said}


def test_what_can_be_told_has_no_last_current() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), ALTERNATOR: charger(), MULTI: multi(5.0)})
    gate.one(SUN, CURRENT, 50)
    assert gate.memory.made == {}


@pytest.mark.parametrize("state", [1, -1, None])
def test_only_0_says_that_it_is_off(state: Value) -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), REGULATOR: {"/Dc/0/Current": 40.0}})
    gate.one(SUN, CURRENT, 50)
    gate.services[REGULATOR] = {"/Dc/0/Current": None, "/State": state, "/Connected": state}
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)


@pytest.mark.parametrize("off", ["/State", "/Connected"])
def test_one_that_says_that_it_is_off_makes_nothing(off: str) -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), REGULATOR: {"/Dc/0/Current": 40.0}})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)
    gate.services[REGULATOR] = {"/Dc/0/Current": None, off: 0}
    assert gate.one(SUN, CURRENT, 50) == 50


def test_the_past_of_one_that_left_is_forgotten() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), REGULATOR: {"/Dc/0/Current": 40.0}})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)
    del gate.services[REGULATOR]
    assert gate.one(SUN, CURRENT, 50) == 50
    gate.services[REGULATOR] = {"/Dc/0/Current": None}
    assert gate.one(SUN, CURRENT, 50) == 50


def test_of_one_that_can_be_told_only_what_it_says_counts() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), ALTERNATOR: charger(100.0, 40.0)})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)
    gate.services[ALTERNATOR] = charger(100.0, None)
    assert gate.one(SUN, CURRENT, 50) == 50


def test_nobody_is_told_more_than_its_own_setting() -> None:
    assert Gate().one(SUN, CURRENT, 51) == 50
    assert Gate({BATTERY: battery(), SUN: charger(None)}).one(SUN, CURRENT, 120) == pytest.approx(100.1)


def test_the_user_and_the_installer_limit_too() -> None:
    gate = Gate(max_charge_current_a=40.0)
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(40.1)
    gate.more["settings"] = {SETUP + "MaxChargeCurrent": 30}
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(30.1)


def test_a_user_limit_that_becomes_unknown_holds_unless_the_configuration_says_less() -> None:
    gate = Gate(user_settings={SETUP + "MaxChargeCurrent": 45.0})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(45.1)
    gate.more["settings"] = {SETUP + "MaxChargeCurrent": 30}
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(30.1)
    for unknown in ({}, {SETUP + "MaxChargeCurrent": None}, {SETUP + "MaxChargeCurrent": math.nan}):
        gate.more["settings"] = unknown
        assert gate.one(SUN, CURRENT, 50) == pytest.approx(30.1)
    gate.more["settings"] = {SETUP + "MaxChargeCurrent": -1}
    assert gate.one(SUN, CURRENT, 50) == 50
    gate.more["settings"] = {SETUP + "MaxChargeCurrent": 0}
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(0.1)


def test_loads_count_as_far_as_they_are_measured_now() -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(90.0), MULTI: multi(-15.0)})
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(35.1)
    gate.services["com.victronenergy.dcsystem.x"] = {"/Dc/0/Power": 264.0, "/Dc/0/Voltage": 26.4}
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20 + 15 + 264 / 26.1 + 0.1)
    alone = Gate({name: items for name, items in gate.services.items() if name != SUN})
    # A Multi that charges takes no current of AC loads any more.
    assert alone.one(MULTI, BOL_CURRENT, 90) == pytest.approx(20 + 264 / 26.1 + 0.1)
    gate.services[MULTI]["/Connected"] = 0
    gate.services["com.victronenergy.dcsystem.x"]["/Dc/0/Power"] = None
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20.1)
    gate.services[MULTI] |= {"/Connected": 1, "/Dc/0/Current": None}
    gate.services["com.victronenergy.dcsystem.x"]["/Dc/0/Power"] = -500.0
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20.1)


def test_loads_are_measured_at_the_voltage_of_the_dc_bus() -> None:
    odd = {"/Dc/0/Power": 240.0, "/Dc/0/Voltage": 3.0}
    no_bms = Gate({"com.victronenergy.dcsystem.x": odd, SUN: charger(90.0)}, max_charge_current_a=10.0)
    assert no_bms.one(SUN, CURRENT, 90) == pytest.approx(10.1), "below the voltage of any battery"
    odd["/Dc/0/Voltage"] = 24.0
    assert no_bms.one(SUN, CURRENT, 90) == pytest.approx(20.1)
    odd["/Dc/0/Voltage"] = 12.0
    no_bms.services[MULTI] = multi(**{"/Dc/0/Voltage": 24.0})
    assert no_bms.one(SUN, CURRENT, 90) == pytest.approx(20.1), "another bus"


def test_the_multi_by_itself_and_its_own_setting() -> None:
    gate = Gate({BATTERY: battery(ccl=40.0), MULTI: multi()})
    assert gate.one(MULTI, BOL_CURRENT, 41) == pytest.approx(40.1), "with 0.1 A for rounding"
    assert gate.one(MULTI, "/Dc/0/MaxChargeCurrent", 71) == 70
    gate.services[MULTI]["/Dc/0/MaxChargeCurrent"] = None
    assert gate.one(MULTI, "/Dc/0/MaxChargeCurrent", 71) == 40
    gate.services[BATTERY] = battery(charge=0)
    assert gate.one(MULTI, "/Dc/0/MaxChargeCurrent", 71) == 0
    free = Gate({MULTI: multi()})
    assert free.one(MULTI, "/Dc/0/MaxChargeCurrent", 10000) == 10000
    assert free.one(MULTI, BOL_CURRENT, 10000) == "held back", "nobody gives a limit for it"


def test_one_bound_over_everything_that_charges() -> None:
    """CCL 100: an MPPT was told 100 A and the Multi 98 A."""
    gate = Gate({BATTERY: battery(), SUN: charger(100.0, 2.0), MULTI: multi()})
    assert gate.told((SUN, CURRENT, 100), (MULTI, BOL_CURRENT, 98)) == [100, pytest.approx(0.2)]
    gate.now += 61.0
    gate.services["com.victronenergy.charger.x"] = {"/Dc/0/Current": 30.0}
    assert gate.told((SUN, CURRENT, 100)) == [pytest.approx(70.1)]
    gate.services[MULTI] = multi(25.0)
    gate.now += 61.0
    assert gate.told((SUN, CURRENT, 100)) == [pytest.approx(45.1)]


def feeding_gate(makes_a: Value = -12.0, product: int = NO_LYNX, **said: Value) -> Gate:
    """Feed-in by a Multi that takes 12 A out of the battery, beside 60 A of sun."""
    gate = Gate({BATTERY: battery(product, **said), SUN: charger(60.0), MULTI: feeding(makes_a)})
    gate.more["settings"] = FEED_IN
    return gate


def test_with_feed_in_the_sun_has_the_limit_and_what_leaves_and_a_headroom() -> None:
    gate = feeding_gate(ccl=20.0)
    gate.services[SUN_2] = charger(90.0, 0.0)
    assert gate.told(*wants([(SUN, 60), (SUN_2, 90)])) == [pytest.approx(39.7), 0], "20 + 12 + 5 % of 150 + 0.2"
    gate.services[SUN_2] = charger(90.0, 4.0, **{CURRENT: "gone"})
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.6), "what another makes is not told twice"
    gate.services[BATTERY] = battery(NO_LYNX, charge=0)
    assert gate.one(SUN, CURRENT, 60) == 0


def test_the_headroom_of_feed_in_is_two_amperes_at_least() -> None:
    gate = feeding_gate(ccl=20.0)
    gate.services[SUN] = charger(39.0)
    assert gate.one(SUN, CURRENT, 39) == pytest.approx(20 + 12 + 2 + 0.1)


def test_what_is_fed_in_is_only_for_the_sun() -> None:
    gate = feeding_gate(ccl=20.0)
    gate.services[ALTERNATOR] = charger(90.0, 0.0)
    for sun, alternator in ((10, 20 + 12 + 3 - 10 + 0.3), (0, 20 + 12 + 0.1)):
        asked = [*wants([(SUN, sun), (ALTERNATOR, 50)]), (MULTI, BOL_CURRENT, 50.0)]
        told = gate.told(*asked)
        assert told[:2] == [sun, pytest.approx(alternator)]
        assert told[2] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("current", [None, math.nan, "12", 1e12])
def test_nothing_more_is_fed_in_where_a_current_is_not_known(current: Value) -> None:
    gate = feeding_gate(current, ccl=20.0)
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20.1), "what the Multi takes"
    gate = feeding_gate(ccl=20.0, **{"/Dc/0/Current": current})
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(32.1), "what the battery takes"
    gate = feeding_gate(ccl=20.0)
    gate.services[MULTI]["/Connected"] = 0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20.1), "nor without a Multi behind the service"


def test_no_headroom_while_the_battery_takes_more_than_it_for_three_seconds() -> None:
    gate = feeding_gate(ccl=20.0, **{"/Dc/0/Current": 23.1})
    told = []
    for _ in range(6):
        told.append(gate.one(SUN, CURRENT, 60))
        gate.now += 1.0
    assert told == pytest.approx([35.1] * 4 + [32.1] * 2)
    gate.services[BATTERY]["/Dc/0/Current"] = 23.0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1)
    gate.services[BATTERY]["/Dc/0/Current"] = 23.1
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1), "it counts anew"


def test_batteries_that_limit_together_are_charged_together() -> None:
    gate = feeding_gate(ccl=20.0, **{"/Dc/0/Current": 12.0})
    gate.services[OTHER] = battery(NO_LYNX, 2, ccl=30.0, **{"/Dc/0/Current": 12.0})
    gate.one(SUN, CURRENT, 60)
    gate.now += 4.0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(32.1), "24 A of 20"


def test_without_a_bms_the_battery_that_is_charged_least_says_whether_there_is_a_headroom() -> None:
    shunt = {"/Dc/0/Voltage": 26.4, "/Dc/0/Current": 30.0}
    gate = Gate({BATTERY: dict(shunt), SUN: charger(60.0), MULTI: feeding(-12.0)})
    gate.more["settings"] = FEED_IN | {SETUP + "MaxChargeCurrent": 20}
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1)
    gate.now += 4.0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(32.1)
    gate.services[OTHER] = shunt | {"/Dc/0/Current": 1.0}
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1)
    for name in (BATTERY, OTHER):
        del gate.services[name]
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(32.1), "nobody measures it"


def test_the_sun_is_fed_in_past_a_battery_that_is_full_and_nobody_else_charges() -> None:
    gate = feeding_gate(ccl=0.0, **{"/Dc/0/Current": 0.0})
    gate.services[ALTERNATOR] = charger(90.0, 0.0)
    asked = [*wants([(SUN, 60), (ALTERNATOR, 50)]), (MULTI, BOL_CURRENT, 50.0)]
    assert gate.told(*asked) == [pytest.approx(15.3), 0, 0]
    assert gate.rules()[1] == f"{BATTERY} gives no charge limits, or 0 A"
    gate.more["settings"] = {}
    assert gate.told(*asked) == [0, 0, 0], "no feed-in"


@pytest.mark.parametrize(
    ("product", "said", "multi_says"),
    [
        (LYNX, {}, {}),
        (0xA3E3, {}, {}),
        (NO_LYNX, {"charge": 0}, {}),
        (NO_LYNX, {"charge": "?"}, {}),
        (NO_LYNX, {"ccl": None}, {}),
        (NO_LYNX, {"cvl": 99.0}, {}),
        (NO_LYNX, {}, {"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1}),
        (NO_LYNX, {}, {"/Ac/ActiveIn/ActiveInput": 240}),
    ],
)
def test_a_stop_is_a_stop_with_feed_in_too(product: int, said: Items, multi_says: Items) -> None:
    gate = feeding_gate(product=product, **({"ccl": 0.0, "/Dc/0/Current": 0.0} | said))
    gate.services[MULTI] |= multi_says
    assert gate.one(SUN, CURRENT, 60) == 0


@pytest.mark.parametrize(
    ("paths", "settings", "feeds"),
    [
        ({}, FEED_IN, True),
        ({"/Hub4/AssistantId": 4}, FEED_IN, False),
        ({"/Ac/ActiveIn/Connected": 0}, FEED_IN, False),
        ({}, {}, False),
        ({"/Ac/ActiveIn/ActiveInput": 1}, FEED_IN, False),
        ({"/Ac/ActiveIn/ActiveInput": 1}, FEED_IN | {SETUP + "AcInput2": 1}, True),
        ({}, FEED_IN | {SETUP + "AcInput1": 2}, False),
        ({"/Ac/ActiveIn/ActiveInput": 240}, FEED_IN, False),
        ({"/Ac/ActiveIn/ActiveInput": None}, FEED_IN, False),
    ],
)
def test_when_there_is_feed_in(paths: dict[str, Value], settings: dict[str, Value], feeds: bool) -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(50.0), MULTI: feeding(**paths)})
    gate.more["settings"] = settings
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(22.6 if feeds else 20.1)


def test_a_multi_rs_that_feeds_in_is_one_too_and_its_set_point_is_bound_by_its_capacity() -> None:
    system: Items = {"/DeviceInstance": 0, "/Ac/NoFeedInReason": 0, "/Ess/BatteryDischargeCapacity": 30.0}
    name = "com.victronenergy.acsystem.can0"
    gate = Gate(
        {BATTERY: battery(ccl=20.0), SUN: charger(60.0), name: {**system, "/Ess/BatteryDischargeSetpoint": None}}
    )
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20.1), "nobody says what it takes"
    gate.services[RS] = rs(**{"/Dc/0/Current": -4.0})
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20 + 4 + 3 + 0.1), "its members, and 5 % of the solar chargers"
    gate.services[RS]["/Dc/0/Current"] = None
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20.1)
    gate.services[name]["/Dc/0/Current"] = -8.0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20 + 8 + 3 + 0.1)
    gate.services[name]["/Dc/0/Current"] = 8.0
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20 + 3 + 0.1), "it charges"
    gate.services[name]["/Dc/0/Current"] = -28.5
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(20 + 30 + 0.1), "never more than it says that it takes"
    del gate.services[RS]
    assert gate.one(name, "/Ess/BatteryDischargeSetpoint", 31) == 30
    gate.services[name]["/Ess/BatteryDischargeCapacity"] = None
    assert gate.one(name, "/Ess/BatteryDischargeSetpoint", 31) == HELD
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)
    for path in ("/DeviceInstance", "/Ac/NoFeedInReason"):
        gate.services[name] = {**system, path: 1}
        assert gate.one(SUN, CURRENT, 50) == pytest.approx(20.1)


def test_without_a_bms_each_its_own_limit_and_nothing_where_there_is_none() -> None:
    gate = Gate({SUN: charger(), SUN_2: charger(None)})
    assert gate.told(*wants([(SUN, 60), (SUN_2, 1)])) == [50]
    assert gate.rules()[-1] == "nobody gives a limit for it"


# --- voltages ---------------------------------------------------------------------------------------------------------


def test_the_charge_voltage_limit_holds_for_everybody() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), ALTERNATOR: charger(), MULTI: multi(), VECAN: charger()})
    for service, path in ((SUN, VOLTAGE), (ALTERNATOR, VOLTAGE), (MULTI, BOL_VOLTAGE), (VECAN, VOLTAGE)):
        assert gate.one(service, path, 27.41) == 27.4
    rule = "above the charge voltage limit, with 0.4 V for a hub voltage or an RS and 0.1 V for feed-in"
    assert set(gate.rules()) == {rule}
    gate.more["settings"] = {SETUP + "MaxChargeVoltage": 27.0}
    assert gate.one(SUN, VOLTAGE, 27.4) == 27.0
    gate.more["settings"] = {SETUP + "MaxChargeVoltage": 0}
    assert gate.one(SUN, VOLTAGE, 27.4) == 27.4
    assert Gate(max_charge_voltage_v=26.9).one(SUN, VOLTAGE, 27.4) == 26.9


def test_with_a_hub_voltage_the_sun_may_have_more_but_nobody_else() -> None:
    led = multi(**{"/Hub/ChargeVoltage": 28.2})
    gate = Gate({BATTERY: battery(), SUN: charger(), ALTERNATOR: charger(), MULTI: led, VECAN: charger()})
    assert gate.one(SUN, VOLTAGE, 28.5) == pytest.approx(27.8)
    assert gate.one(VECAN, VOLTAGE, 28.5) == pytest.approx(27.8)
    assert gate.one(ALTERNATOR, VOLTAGE, 28.5) == 27.4
    assert gate.one(MULTI, BOL_VOLTAGE, 28.5) == 27.4
    led["/Hub/ChargeVoltage"] = 27.6
    assert gate.one(SUN, VOLTAGE, 28.5) == 27.6


@pytest.mark.parametrize(("state", "leaves"), [(2, 27.6), (3, 27.7), (4, 27.7), (5, 27.7), (6, 27.6), (None, 27.6)])
def test_feed_in_adds_a_tenth_of_a_volt_to_the_hub_voltage_while_charging(state: Value, leaves: float) -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: feeding(**{"/Hub/ChargeVoltage": 27.6, "/State": state})})
    gate.more["settings"] = FEED_IN
    assert gate.one(SUN, VOLTAGE, 28.5) == pytest.approx(leaves)
    gate.more["settings"] = {}
    assert gate.one(SUN, VOLTAGE, 28.5) == 27.6


def test_an_rs_may_ask_for_more_for_the_sun_within_bounds() -> None:
    gate = Gate(
        {BATTERY: battery(), SUN: charger(), VECAN: charger(), RS: rs(**{"/Link/ChargeVoltageSolarOffset": 0.2})}
    )
    assert gate.one(SUN, VOLTAGE, 29) == pytest.approx(27.6)
    assert gate.one(VECAN, VOLTAGE, 29) == 27.4
    gate.services[RS]["/Link/ChargeVoltageSolarOffset"] = 3.0
    assert gate.one(SUN, VOLTAGE, 29) == pytest.approx(27.8)
    gate.services[RS]["/Link/ChargeVoltageSolarOffset"] = -3.0
    assert gate.one(SUN, VOLTAGE, 29) == 27.4
    gate.services[RS] |= {"/Link/ChargeVoltageSolarOffset": 0.2, "/N2kDeviceInstance": 1}
    assert gate.one(SUN, VOLTAGE, 29) == 27.4


@pytest.mark.parametrize(
    ("nominal", "own", "measured", "cvl", "fits"),
    [
        (12.0, 24, 26.4, 14.0, True),
        (12.0, 24, 26.4, 27.0, False),
        (None, 24, 13.0, 27.0, True),
        (None, None, 13.0, 27.0, False),
        (None, None, 17.9, 16.0, True),
        (None, None, 18.0, 20.0, True),
        (None, None, 35.9, 32.0, True),
        (None, None, 36.0, 40.0, True),
        (None, None, 99.0, 64.0, True),
        (None, None, 7.9, 27.0, True),
        (None, None, None, 14.0, True),
        (None, None, None, 36.0, False),
        (None, None, None, 9.9, False),
        (None, None, None, 64.1, False),
    ],
)
def test_the_window_of_the_nominal_voltage(
    nominal: float | None, own: Value, measured: Value, cvl: float, fits: bool
) -> None:
    items = battery(cvl=cvl, nominal=own, **{"/Dc/0/Voltage": measured})
    gate = Gate({BATTERY: items, SUN: charger()}, nominal_voltage_v=nominal)
    assert gate.one(SUN, CURRENT, 5) == (5 if fits else 0)


def test_without_a_bms_the_hub_voltage_leads_within_the_window_and_the_limits() -> None:
    gate = Gate({SUN: charger(), ALTERNATOR: charger(), VECAN: charger(), MULTI: multi(**{"/Hub/ChargeVoltage": 27.9})})
    assert gate.one(SUN, VOLTAGE, 29) == 27.9
    assert gate.one(VECAN, VOLTAGE, 29) == 27.9
    assert gate.one(ALTERNATOR, VOLTAGE, 27) == HELD
    assert gate.one(MULTI, BOL_VOLTAGE, 27) == HELD
    gate.more["settings"] = {SETUP + "MaxChargeVoltage": 27.0}
    assert gate.one(SUN, VOLTAGE, 29) == 27.0
    gate.services[MULTI]["/Hub/ChargeVoltage"] = 56.0
    assert gate.one(SUN, VOLTAGE, 27) == HELD, "not on a battery that measures 26.1 V"
    limited = Gate(gate.services, nominal_voltage_v=48.0, max_charge_voltage_v=55.0)
    assert limited.one(SUN, VOLTAGE, 57) == 55.0


def test_without_a_bms_an_rs_leads_by_its_set_point() -> None:
    leader = rs(**{"/Link/ChargeVoltageSetpoint": 27.2, "/Link/ChargeVoltageSolarOffset": 0.3})
    gate = Gate({SUN: charger(), VECAN: charger(), RS: leader})
    assert gate.one(SUN, VOLTAGE, 29) == pytest.approx(27.5)
    assert gate.one(VECAN, VOLTAGE, 27) == HELD
    leader["/Link/ChargeVoltageSetpoint"] = None
    assert gate.one(SUN, VOLTAGE, 27) == HELD
    leader["/Link/ChargeVoltageSetpoint"] = 54.0
    assert gate.one(SUN, VOLTAGE, 54) == HELD, "it measures 26 V"


def test_of_two_hub_voltages_the_higher_is_the_bound() -> None:
    gate = Gate({SUN: charger(), MULTI: multi(**{"/Hub/ChargeVoltage": 27.2})})
    gate.services["com.victronenergy.vebus.ttyS7"] = multi(**{"/Hub/ChargeVoltage": 27.6})
    assert gate.one(SUN, VOLTAGE, 29) == 27.6


def test_the_low_voltage_is_the_bms_s_and_may_be_unknown() -> None:
    gate = Gate({BATTERY: battery(), MULTI: multi()})
    path = BOL + "BatteryLowVoltage"
    assert gate.one(MULTI, path, 21.6) == 21.6
    assert gate.one(MULTI, path, 25.0) == 21.6
    assert gate.one(MULTI, path, None) is None
    gate.services[BATTERY]["/Info/BatteryLowVoltage"] = None
    assert gate.one(MULTI, path, 20.0) == HELD


# --- measurements -----------------------------------------------------------------------------------------------------


def test_a_sense_voltage_is_one_that_somebody_measures_near_the_battery_s() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi()})
    gate.services["com.victronenergy.battery.starter"] = {"/Dc/0/Voltage": 12.6}
    assert gate.one(SUN, "/Link/VoltageSense", 26.4) == 26.4
    assert gate.one(SUN, "/Link/VoltageSense", 26.1) == 26.1
    assert gate.one(SUN, "/Link/VoltageSense", 25.0) == HELD
    assert gate.rules() == ["shown by nobody"]
    assert gate.one(MULTI, "/BatterySense/Voltage", 12.6) == HELD
    assert gate.rules()[-1] == "far from the battery's voltage"
    gate.services["com.victronenergy.battery.starter"]["/Dc/0/Voltage"] = 40.0
    assert gate.one(MULTI, "/BatterySense/Voltage", 40.0) == HELD
    alone = Gate({SUN: charger(), "com.victronenergy.battery.x": {"/Dc/0/Voltage": 12.6}})
    assert alone.one(SUN, "/Link/VoltageSense", 12.6) == 12.6


@pytest.mark.parametrize(("state", "leaves"), [(9, 25.5), (None, 25.5), (10, 25.5), (14, HELD), (16, HELD), (18, HELD)])
def test_a_voltage_from_behind_an_open_contactor_is_not_sensed(state: Value, leaves: Value) -> None:
    gate = Gate({BATTERY: battery(state=state, **{"/Dc/0/Voltage": 25.5}), SUN: charger()})
    assert gate.one(SUN, "/Link/VoltageSense", 25.5) == leaves


def test_a_sense_voltage_is_one_that_the_battery_can_have() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi(**{"/Dc/0/Voltage": 19.5})})
    assert gate.one(SUN, "/Link/VoltageSense", 19.5) == HELD
    assert gate.rules() == ["no voltage of such a battery"]
    alone = Gate({SUN: charger(), "com.victronenergy.battery.x": {"/Dc/0/Voltage": 5.3}})
    assert alone.one(SUN, "/Link/VoltageSense", 5.3) == HELD


def test_a_glitch_of_the_battery_s_voltage_changes_no_nominal_voltage() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi()})
    gate.services[BATTERY].pop("/Settings/Battery/NominalVoltage", None)
    assert gate.one(SUN, VOLTAGE, 27.4) == 27.4
    gate.services[BATTERY]["/Dc/0/Voltage"] = 13.2
    for _ in range(3):
        gate.now += 20
        assert gate.told((SUN, VOLTAGE, 27.4), (SUN, CURRENT, 10)) == [27.4, 10]
    gate.now += 20
    assert gate.one(SUN, CURRENT, 10) == 0, "after a minute it is one of 12 V"
    gate.services[BATTERY]["/Dc/0/Voltage"] = 3.0
    assert gate.one(SUN, CURRENT, 10) == 0


def test_a_low_voltage_above_any_voltage_of_the_battery_is_none() -> None:
    gate = Gate({BATTERY: battery(), MULTI: multi()})
    gate.services[BATTERY]["/Info/BatteryLowVoltage"] = 65.5
    assert gate.one(MULTI, BOL + "BatteryLowVoltage", 65.5) == HELD


@pytest.mark.parametrize(("degrees", "leaves"), [(-40.5, HELD), (-40.0, -40.0), (125.0, 125.0), (125.5, HELD)])
def test_a_temperature_is_one_that_can_be(degrees: float, leaves: Value) -> None:
    gate = Gate({BATTERY: battery(**{"/Dc/0/Temperature": degrees}), SUN: charger()})
    assert gate.one(SUN, "/Link/TemperatureSense", degrees) == leaves


def test_a_temperature_is_one_that_somebody_measures() -> None:
    gate = Gate({BATTERY: battery(**{"/Alarms/LowTemperature": 0, "/History/MinimumTemperature": -9}), SUN: charger()})
    assert gate.one(SUN, "/Link/TemperatureSense", 21.5) == 21.5
    assert gate.one(SUN, "/Link/TemperatureSense", 0) == HELD
    assert gate.one(SUN, "/Link/TemperatureSense", -9) == HELD
    assert gate.one(SUN, "/Link/TemperatureSense", 121) == HELD
    gate.services["com.victronenergy.temperature.x"] = {"/Temperature": 4}
    assert gate.one(SUN, "/Link/TemperatureSense", 4) == 4


def test_a_battery_current_is_a_battery_s() -> None:
    gate = Gate()
    assert gate.one(SUN, "/Link/BatteryCurrent", 8.5) == 8.5
    assert gate.one(SUN, "/Link/BatteryCurrent", 10.0) == HELD


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_violation_is_shown_for_a_minute_and_once() -> None:
    gate = Gate()
    gate.one(SUN, CURRENT, 90)
    gate.now += 3
    gate.one(SUN, CURRENT, 91)
    assert [shown.arguments["asked"] for shown in gate.memory.findings] == ["91"]
    gate.now += 59.9
    gate.passes()
    assert len(gate.memory.findings) == 1
    gate.now += 0.1
    gate.passes()
    assert gate.memory.findings == ()


def test_no_more_violations_are_kept_than_anybody_reads() -> None:
    gate = Gate()
    gate.passes(*((SUN, f"/Wrong/{n}", 1) for n in range(300)))
    assert len(gate.memory.findings) == 256
    assert gate.memory.findings[-1].subject.endswith("/Wrong/299")


def test_in_profile_vendor_the_list_and_the_signs_hold_and_no_bound() -> None:
    gate = Gate({BATTERY: battery(charge=0), SUN: charger(), MULTI: multi()}, vendor=True)
    writes = (
        (SUN, CURRENT, 500),
        (SUN, VOLTAGE, 99.0),
        (SUN, MODE, 9),
        (MULTI, BOL_DISCHARGE, None),
        (MULTI, BOL_VOLTAGE, None),
    )
    assert gate.told(*writes) == [500, 99.0, 9, None, None]
    assert gate.memory.watched is None
    assert gate.told((SUN, CURRENT, None), (SUN, "/Mode", 1)) == []


def test_with_nothing_to_write_the_gate_only_watches() -> None:
    gate = Gate(mode="monitor")
    assert gate.passes().writes == ()
    assert gate.memory == GateMemory()


def test_the_bounds_of_the_list_are_these() -> None:
    """A bound is changed here too, by somebody who means it."""
    volts, amps, flows, heat = (0.0, 70.0), (0.0, 10000.0), (-10000.0, 10000.0), (-40.0, 125.0)
    bounds = {
        "/Link/NetworkMode": (1.0, 13.0),
        "/Link/ChargeVoltage": volts,
        "/Link/ChargeCurrent": amps,
        "/Link/DischargeCurrent": amps,
        "/Link/VoltageSense": volts,
        "/Link/TemperatureSense": heat,
        "/Link/BatteryCurrent": flows,
        "/BatteryOperationalLimits/MaxChargeVoltage": volts,
        "/BatteryOperationalLimits/MaxChargeCurrent": amps,
        "/BatteryOperationalLimits/MaxDischargeCurrent": amps,
        "/BatteryOperationalLimits/BatteryLowVoltage": volts,
        "/Dc/0/MaxChargeCurrent": amps,
        "/BatterySense/Voltage": volts,
        "/BatterySense/Temperature": heat,
        "/Ess/BatteryDischargeSetpoint": amps,
        "/Mode": (1.0, 4.0),
    }
    assert {path: (row.low, row.high) for path, row in ALLOWED.items()} == bounds
    assert WINDOWS == ((12.0, 10.0, 16.0), (24.0, 20.0, 32.0), (48.0, 40.0, 64.0))
    assert CLASSES == ((18.0, 12.0), (36.0, 24.0), (100.0, 48.0))
    assert NEAR_V == (0.7, 1.25)


@pytest.mark.parametrize(("gone_a", "left"), [(64.0, 36.1), (99.0, 1.1), (120.0, 0.1)])
def test_what_those_may_make_that_left_d_bus_is_not_told_to_others(gone_a: float, left: float) -> None:
    gate = Gate({BATTERY: battery(ccl=100.0), SUN: charger(90.0), MULTI: multi()})
    gate.gone_a = gone_a
    assert gate.one(SUN, CURRENT, 90.0) == pytest.approx(left)
    assert gate.one(MULTI, "/Dc/0/MaxChargeCurrent", 200.0) >= 0.0
    gate = Gate({BATTERY: battery(ccl=None), SUN: charger(90.0)})
    gate.gone_a = gone_a
    assert gate.one(SUN, CURRENT, 90.0) == Gate({BATTERY: battery(ccl=None), SUN: charger(90.0)}).one(
        SUN, CURRENT, 90.0
    )
