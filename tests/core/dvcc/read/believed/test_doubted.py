"""Measurements that cannot be are neither shared nor believed; limits and permissions always are."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.doubted import VoltageRecord, of_known_nominal
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, SUN_2, Items, World, can_bms, charger, multi

SHUNT = "com.victronenergy.battery.ttyS6"
SENSED = f"{p.PREFIX}vebus/261/Dc/0/Temperature"


def boat(options: Options | None = None, **others: Items) -> World:
    """A 48 V battery with limits, a solar charger and a Multi, all at about 53.5 V; sense is shared."""
    services = {
        CAN_BMS: can_bms(VOLTAGE=53.4, TEMPERATURE=20.0, DEVICE_INSTANCE=1),
        MULTI: multi(VOLTAGE=53.5),
        SUN: charger(VOLTAGE=53.8),
    } | {f"{p.PREFIX}{name}": items for name, items in others.items()}
    return World(services, options or Options(), {p.SET_DVCC: 1, p.SET_SVS: 1, p.SET_STS: 1})


def shunt(volts: float, **changes: Value) -> Items:
    return {
        p.DEVICE_INSTANCE: 290, p.PRODUCT_NAME: "SmartShunt", p.CONNECTION: "VE.Direct", p.CONNECTED: 1,
        p.VOLTAGE: volts, p.CURRENT: 10.0,
    }  # fmt: skip


def measured_by_a_shunt(volts: float, options: Options) -> World:
    """No BMS: a shunt, a solar charger and a Multi (pulquero/BatteryAggregator#26)."""
    services = {SHUNT: shunt(volts), MULTI: multi(VOLTAGE=53.5), SUN: charger(VOLTAGE=53.8)}
    return World(services, options, {p.SET_DVCC: 1, p.SET_SVS: 1, p.SET_MAX_CURRENT: 50.0})


@pytest.mark.parametrize("nominal_v", [48.0, None])
@pytest.mark.parametrize("volts", [0.02, 5.3, 655.35])
def test_an_absurd_voltage_of_the_monitor_is_not_shared(volts: float, nominal_v: float | None) -> None:
    world = measured_by_a_shunt(volts, Options(nominal_voltage_v=nominal_v))
    world.run(12)
    assert (world.told(SUN, p.VOLTAGE_SENSE), world.told(MULTI, p.MULTI_VOLTAGE_SENSE)) == (None, None)
    (found,) = (finding for finding in world.decision.findings if finding.id == "voltage-impossible")
    assert found.text == (
        f"SmartShunt says {volts:g} V (/Dc/0/Voltage), which cannot be for this battery: it is neither shared nor "
        "believed"
    )
    world.set(SHUNT, VOLTAGE=53.3)
    world.run(3)
    assert (world.told(SUN, p.VOLTAGE_SENSE), world.findings()) == (53.3, set())


@pytest.mark.parametrize(
    ("degrees", "shared"), [(-273, False), (655.35, False), (125.1, False), (-25.0, True), (20.0, True)]
)
def test_a_temperature_that_cannot_be_is_not_shared(degrees: float, shared: bool) -> None:
    """victronenergy/venus#438 and #602, mr-manuel/venus-os_dbus-serialbattery#145."""
    services = {MULTI: multi(VOLTAGE=53.5, TEMPERATURE=degrees), SUN: charger(VOLTAGE=53.8)}
    settings: Items = {p.SET_DVCC: 1, p.SET_STS: 1, p.SET_TEMPERATURE: SENSED, p.SET_MAX_CURRENT: 50.0}
    world = World(services, Options(nominal_voltage_v=48), settings)
    world.run(24)
    assert world.told(SUN, p.TEMPERATURE_SENSE) == (degrees if shared else None)
    assert world.findings() == (set() if shared else {"temperature-impossible"})


def test_a_cell_temperature_that_cannot_be_is_no_reason() -> None:
    world = boat()
    world.set(CAN_BMS, CCL=0.0, MIN_CELL_TEMPERATURE=-273.0)
    world.run(3)
    assert "cold" not in [cap.name for cap in world.limit("CCL").caps]
    assert "temperature-impossible" in world.findings()
    world.set(CAN_BMS, MIN_CELL_TEMPERATURE=-10.0)
    world.run(3)
    assert "cold" in [cap.name for cap in world.limit("CCL").caps]


def test_one_that_is_apart_from_two_others_for_three_seconds_is_not_believed() -> None:
    world = boat()
    world.run(3)
    assert world.told(SUN, p.VOLTAGE_SENSE) == 53.4
    world.set(CAN_BMS, VOLTAGE=47.9)
    world.run(2)
    assert "voltage-apart" not in world.findings()
    world.run(4)
    assert world.findings() == {"voltage-apart"}
    assert world.told(SUN, p.VOLTAGE_SENSE) == 53.4, "the one before: nothing is shared any more"
    assert world.told(SUN) == 50, "the limits are believed"
    world.set(CAN_BMS, VOLTAGE=53.0)
    world.run(3)
    assert (world.findings(), world.told(SUN, p.VOLTAGE_SENSE)) == (set(), 53.0)


def test_a_device_that_is_wrong_does_not_make_the_others_wrong() -> None:
    world = boat()
    world.set(MULTI, VOLTAGE=41.0)
    world.run(6)
    (found,) = world.decision.findings
    assert (found.id, found.subject) == ("voltage-apart", f"{MULTI}{p.VOLTAGE}")
    assert world.told(SUN, p.VOLTAGE_SENSE) == 53.4


def test_ten_percent_is_still_near() -> None:
    world = boat()
    world.set(MULTI, VOLTAGE=53.4)
    world.set(SUN, VOLTAGE=53.4)
    world.set(CAN_BMS, VOLTAGE=48.1)
    world.run(9)
    assert world.findings() == set()


def test_two_that_disagree_are_both_believed_and_neither_is_shared() -> None:
    """A charger at 15.5 V beside a battery at 13.3 V (mr-manuel/venus-os_dbus-serialbattery#329)."""
    services = {CAN_BMS: can_bms(VOLTAGE=13.3, CURRENT=0.0, CVL=14.2, LOW_VOLTAGE=11.0), SUN: charger(VOLTAGE=15.5)}
    world = World(services, Options(), {p.SET_DVCC: 1, p.SET_SVS: 1})
    world.run(2)
    assert world.findings() == set()
    world.run(7)
    (found,) = (one for one in world.decision.findings if one.id == "voltages-disagree")
    assert found.text == "BMS measures 13.3 V and SmartSolar 15.5 V on the same DC bus: neither is shared"
    assert world.told(SUN, p.VOLTAGE_SENSE) is None
    assert world.limit("CVL").value == 14.2


def test_the_multis_voltage_is_not_shared_where_it_is_disputed() -> None:
    """With ESS the chargers get the Multi's voltage."""
    services = {
        CAN_BMS: can_bms(VOLTAGE=52.0),
        MULTI: multi(VOLTAGE=60.0, ASSISTANT=5, HUB_VOLTAGE=56.0),
        SUN: charger(),
    }
    world = World(services, Options(), {p.SET_DVCC: 1, p.SET_SVS: 1})
    world.run(9)
    assert (world.told(SUN, p.VOLTAGE_SENSE), "voltages-disagree" in world.findings()) == (None, True)
    world.set(MULTI, VOLTAGE=52.5)
    world.run(3)
    assert world.told(SUN, p.VOLTAGE_SENSE) == 52.5


def test_who_is_off_or_on_another_network_or_out_measures_nothing() -> None:
    apart = charger(VOLTAGE=44.0)
    for changes in ({"STATE": 0}, {"N2K_INSTANCE": 1}):
        world = boat()
        world.services[SUN_2] = apart | {getattr(p, name): value for name, value in changes.items()}
        world.run(9)
        assert world.findings() == set()
    world = boat()
    world.services[CAN_BMS] |= {p.STATE: 14, p.VOLTAGE: 44.0}
    world.run(9)
    assert "voltage-apart" not in world.findings()


def test_a_battery_of_another_nominal_voltage_is_no_measure() -> None:
    world = boat(**{"battery.ttyUSB9": shunt(12.8)})
    world.run(9)
    assert world.findings() == set()


def test_a_glitch_changes_no_nominal_voltage_and_a_minute_does() -> None:
    world = boat()
    world.run(3)
    world.set(CAN_BMS, VOLTAGE=13.3)
    world.run(9)
    assert (world.limit("CVL").value, world.told(SUN)) == (56.0, 50), "the limit is believed"
    assert world.findings() == {"voltage-impossible"}
    world.run(60)
    assert world.told(SUN) == 0, "it is a 12 V battery, and 56 V are refused"
    world.set(CAN_BMS, VOLTAGE=53.4)
    world.run(1)
    world.set(CAN_BMS, VOLTAGE=13.3)
    world.run(60)
    assert world.told(SUN) == 0, "another glitch"


def test_a_low_voltage_limit_above_any_voltage_is_not_told() -> None:
    """mr-manuel/venus-os_dbus-serialbattery#145, Louisvdw/dbus-serialbattery#916."""
    world = boat()
    world.set(CAN_BMS, LOW_VOLTAGE=655.35)
    world.run(6)
    assert p.BOL_LOW_VOLTAGE not in {write.path for write in world.writes}
    (found,) = world.decision.findings
    assert found.text == (
        "The low-voltage limit of BMS is 655.35 V, which is none for a 48 V battery: no inverter is told it"
    )
    world.set(CAN_BMS, LOW_VOLTAGE=46.4)
    world.run(3)
    assert (world.told(MULTI, p.BOL_LOW_VOLTAGE), world.findings()) == (46.4, set())


@pytest.mark.parametrize("volts", [0.02, 5.3, 24.0])
def test_a_low_voltage_limit_below_any_voltage_is_not_told(volts: float) -> None:
    world = boat()
    world.set(CAN_BMS, LOW_VOLTAGE=volts)
    world.run(6)
    assert world.told(MULTI, p.BOL_LOW_VOLTAGE) is None
    (found,) = world.decision.findings
    assert found.text.startswith(f"The low-voltage limit of BMS is {volts:g} V, which is none for a 48 V battery")


@pytest.mark.parametrize(("volts", "told"), [(37.5, 37.5), (0, None)])
def test_an_empty_battery_has_a_voltage_and_0_v_is_no_limit(volts: float, told: float | None) -> None:
    """15 lithium cells at 2.5 V; a driver that has no such limit shows 0."""
    world = boat()
    world.set(CAN_BMS, LOW_VOLTAGE=volts)
    world.run(6)
    assert (world.told(MULTI, p.BOL_LOW_VOLTAGE), world.findings()) == (told, set())


def test_a_low_voltage_limit_of_a_battery_of_unknown_voltage_is_one_of_any() -> None:
    for volts, word in ((0.02, "12 V"), (655.35, "48 V")):
        world = boat()
        world.set(CAN_BMS, VOLTAGE=None, LOW_VOLTAGE=volts)
        world.run(3)
        assert f"which is none for a {word} battery" in next(
            one.text for one in world.decision.findings if one.id == "low-voltage-impossible"
        )


def test_a_battery_that_says_its_nominal_voltage_is_held_against_it() -> None:
    world = boat()
    world.set(CAN_BMS, NOMINAL_VOLTAGE=48, VOLTAGE=26.0, LOW_VOLTAGE=65.0)
    world.run(3)
    assert world.findings() == {"voltage-impossible", "low-voltage-impossible"}
    world.run(90)
    assert "voltage-impossible" in world.findings(), "however long it says so"


def test_a_voltage_of_another_dc_bus_is_not_shared() -> None:
    """A 24 V battery says the limits, and a Multi of 48 V is chosen as the monitor."""
    for volts, shared in ((52.0, None), (26.2, 26.2)):
        services = {CAN_BMS: can_bms(VOLTAGE=26.4, CVL=28.0), MULTI: multi(VOLTAGE=volts, SOC=80.0), SUN: charger()}
        world = World(services, Options(), {p.SET_DVCC: 1, p.SET_SVS: 1, p.SET_BATTERY: "com.victronenergy.vebus/261"})
        world.run(6)
        assert world.told(SUN, p.VOLTAGE_SENSE) == shared


def test_a_doubted_voltage_takes_no_battery_out_of_its_bank() -> None:
    """Its refusal counts whatever it measures."""
    world = boat(**{"battery.ttyUSB9": can_bms(VOLTAGE=53.4, ALLOW_CHARGE=1, DEVICE_INSTANCE=7)})
    world.run(3)
    world.set(f"{p.PREFIX}battery.ttyUSB9", VOLTAGE=26.0, ALLOW_CHARGE=0)
    world.run(1)
    assert (world.told(SUN), "voltage-impossible" in world.findings()) == (0, True)


def test_nothing_measured_is_nothing_doubted() -> None:
    world = boat()
    world.set(CAN_BMS, VOLTAGE=None, NOMINAL_VOLTAGE=-1)
    world.run(6)
    assert world.findings() == set()


@pytest.mark.parametrize(
    ("measured", "own", "counts"),
    [(None, None, 48.0), (None, 0, 48.0), (None, -1, 48.0), (None, 0.5, 0.5), (None, 24, 24.0), (52.0, None, None)],
)
def test_without_a_voltage_of_its_own_a_bms_is_of_the_nominal_voltage_it_is_known_for(
    measured: float | None, own: float | None, counts: float | None
) -> None:
    services = {CAN_BMS: can_bms(VOLTAGE=measured, NOMINAL_VOLTAGE=own)}
    bms = read_inputs(Snapshot(services, {})).bms
    found = of_known_nominal(bms, {CAN_BMS: VoltageRecord(48.0)})
    assert found is not None
    assert found.nominal_v == counts
    assert of_known_nominal(bms, {SUN: VoltageRecord(48.0)}) is bms
    assert of_known_nominal(None, {}) is None
