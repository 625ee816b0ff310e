"""What the devices of a port show: values, types and texts as the vendor's driver has them."""

from __future__ import annotations

from gxbridge.core.port.questions import _ranks
from gxbridge.core.port.tables import messages_of
from gxbridge.core.vecan.readings import VREG
from tests.core.port.port_boat import (
    ALTERNATOR_SERVICE,
    MPPT,
    MULTI_RS,
    MULTI_SERVICE,
    SOLAR_SERVICE,
    TANK_SERVICE,
    VECAN_SERVICE,
    PortBoat,
    integrel,
    long,
    mppt,
    multi_rs,
    named,
    pgn,
    says,
    tank,
    tanks,
)


def shown(boat: PortBoat, service: str, *paths: str) -> dict[str, object]:
    return {path: boat.values(service)[path] for path in paths}


def test_a_solar_charger_is_shown_as_a_user_saw_his() -> None:
    boat = PortBoat()
    boat.look(mppt())
    values = boat.values(SOLAR_SERVICE)
    expected = {
        "/Mgmt/Connection": "VE.Can",
        "/ProductId": 41228,
        "/ProductName": "SmartSolar MPPT VE.Can 150/70 rev2",
        "/FirmwareVersion": 202495,
        "/HardwareVersion": None,
        "/Serial": "0283819 HQ2240A4CPV",
        "/N2kDeviceInstance": 0,
        "/N2kUniqueNumber": 283819,
        "/Devices/0/Gateway": "socketcan:can0",
        "/Devices/0/Nad": MPPT,
        "/Devices/0/ServiceName": SOLAR_SERVICE,
        "/Devices/0/VregLink": None,
        "/Dc/0/Voltage": 52.54,
        "/Dc/0/Current": 0.0,
        "/Dc/0/Temperature": None,
        "/GroupId": 10,
        "/State": 0,
        "/Mode": 1,
        "/DeviceOffReason": 1,
        "/NrOfTrackers": 1,
        "/Pv/V": 0.21,
        "/Yield/User": 5752.37,
        "/Yield/Power": None,
        "/MppOperationMode": 0,
        "/Settings/ChargeCurrentLimit": 70.0,
        "/Link/ChargeCurrent": 70.0,
        "/Link/NetworkMode": None,
        "/Link/NetworkStatus": None,
        "/ErrorCode": None,
    }
    assert {path: values[path] for path in expected} == expected
    texts = boat.texts(SOLAR_SERVICE)
    assert texts["/ProductId"] == "0xA10C"
    assert texts["/FirmwareVersion"] == "v3.16"
    assert texts["/Dc/0/Voltage"] == "52.54V"
    assert texts["/Link/ChargeCurrent"] == "70.0A"
    assert texts["/Yield/User"] == "5752.37kWh"
    assert not [path for path in values if path.startswith("/Pv/0")]
    assert "/Dc/0/Power" not in values


def test_what_a_charger_was_told_is_shown_until_it_may_have_forgotten_it() -> None:
    boat = PortBoat()
    boat.look((*mppt(), says(MPPT, 0x200E, "09 00 00 00"), says(MPPT, 0x200F, "94 00 00 00")))
    assert shown(boat, SOLAR_SERVICE, "/Link/NetworkMode", "/Link/NetworkStatus") == {
        "/Link/NetworkMode": 9,
        "/Link/NetworkStatus": 0x94,
    }
    assert boat.values(SOLAR_SERVICE)["/Link/VoltageSenseActive"] == 1
    assert boat.values(SOLAR_SERVICE)["/Link/TemperatureSenseActive"] == 0
    boat.look((says(MPPT, 0x0201, "00 00 00 00"),), seconds=61)
    assert boat.values(SOLAR_SERVICE)["/Link/NetworkMode"] is None
    assert boat.values(SOLAR_SERVICE)["/Link/ChargeCurrent"] is None
    assert boat.values(SOLAR_SERVICE)["/Mode"] == 1


def test_a_multi_rs_is_shown_as_recorded() -> None:
    boat = PortBoat()
    boat.look(multi_rs())
    values = boat.values(MULTI_SERVICE)
    expected = {
        "/ProductId": 42050,
        "/ProductName": "Multi RS Solar 48V/6000VA/100A",
        "/CustomName": "RS 48/6000/100 HQ2108RHQJZ",
        "/FirmwareVersion": 69637,
        "/Serial": "0162268 HQ2108RHQJZ",
        "/IsInverterCharger": 1,
        "/State": 252,
        "/Mode": 3,
        "/DeviceOffReason": 1024,
        "/Dc/0/Voltage": 54.01,
        "/Dc/0/Current": 0.3,
        "/Dc/0/Power": 16,
        "/Dc/0/RippleVoltage": 0.02,
        "/Soc": 100.0,
        "/Ac/NumberOfPhases": 1,
        "/Ac/NumberOfAcInputs": 1,
        "/Ac/In/1/CurrentLimit": 10.0,
        "/Ac/In/1/CurrentLimitIsAdjustable": 1,
        "/Ac/In/1/L1/V": 221.4,
        "/Ac/In/1/L1/I": 0.1,
        "/Ac/In/1/L1/P": 25,
        "/Ac/In/1/L1/F": 50.0,
        "/Ac/In/1/L2/V": None,
        "/Ac/Out/L1/P": -6,
        "/Energy/AcIn1ToInverter": 214.82,
        "/Pv/V": 1.15,
        "/Yield/Power": 0.0,
        "/Yield/System": 73.49,
        "/Settings/ChargeCurrentLimit": 100.0,
        "/Link/DischargeCurrent": 600.0,
        "/Alarms/LowVoltage": 2,
        "/Alarms/HighVoltage": 1,
        "/Alarms/Overload": 0,
        "/Settings/AlarmLevel/LowVoltage": 1,
        "/Settings/AlarmLevel/ShortCircuit": 1,
        "/History/Daily/0/Nr": 169,
        "/History/Daily/0/Yield": 0.04,
        "/History/Daily/0/Consumption": 0.0,
        "/History/Daily/0/MaxBatteryVoltage": 54.01,
        "/History/Daily/0/MinBatteryVoltage": 53.99,
        "/History/Daily/0/TimeInBulk": 419,
        "/History/Daily/0/MaxBatteryCurrent": 0.9,
        "/History/Daily/0/MaxPvVoltage": 1.2,
        "/History/Daily/1/Nr": None,
    }
    assert {path: values[path] for path in expected} == expected
    texts = boat.texts(MULTI_SERVICE)
    assert texts["/FirmwareVersion"] == "v1.10-beta-05"
    assert texts["/Ac/In/1/L1/V"] == "221.4V"
    assert texts["/Dc/0/Power"] == "16W"
    assert texts["/Dc/0/RippleVoltage"] == "0.02V"
    assert texts["/Soc"] == "100%"
    assert texts["/History/Daily/0/Consumption"] == "0W"
    assert texts["/History/Daily/0/TimeInBulk"] == "419min"
    assert texts["/Energy/AcIn1ToInverter"] == "214.82kWh"
    assert "/Ac/In/2/CurrentLimit" not in values
    assert "/Ess/DisableFeedIn" not in values


def test_a_history_that_says_not_available_says_nothing() -> None:
    boat = PortBoat()
    days = [frame for register in (0x1050, 0x1051) for frame in long(MULTI_RS, register, b"\xff" * 38)]
    boat.look((*multi_rs(), *days, *long(MULTI_RS, 0x104F, b"\xff" * 19), *long(MULTI_RS, 0x10A0, b"\xff" * 27)))
    history = {path: value for path, value in boat.values(MULTI_SERVICE).items() if path.startswith("/History/")}
    assert len(history) == 37
    assert set(history.values()) == {None}


def test_an_alarm_that_ended_is_over_and_one_never_heard_of_is_unknown() -> None:
    boat = PortBoat()
    boat.look(multi_rs())
    boat.look((says(MULTI_RS, 0x031E, "00 00 00 00"), says(MULTI_RS, 0x031C, "00 00 00 00")))
    assert shown(boat, MULTI_SERVICE, "/Alarms/LowVoltage", "/Alarms/HighVoltage") == {
        "/Alarms/LowVoltage": 0,
        "/Alarms/HighVoltage": 0,
    }
    boat = PortBoat()
    boat.look((*mppt(), says(MPPT, 0x031E, "00 00 00 00")))
    assert boat.values(SOLAR_SERVICE)["/Alarms/LowVoltage"] == 0
    boat = PortBoat()
    boat.look(mppt())
    assert boat.values(SOLAR_SERVICE)["/Alarms/LowVoltage"] is None


def test_several_trackers_have_paths_of_their_own_and_a_total() -> None:
    boat = PortBoat()
    rs = (*mppt(), says(MPPT, 0x0100, "00 11 A1 00"), says(MPPT, 0x0244, "04 00 00 00"))
    boat.look(rs)
    values = boat.values(SOLAR_SERVICE)
    assert values["/Pv/V"] is None
    assert values["/Yield/Power"] is None
    assert [path for path in values if path.startswith("/Pv/") and path.endswith("/V") and path != "/Pv/V"] == [
        f"/Pv/{tracker}/V" for tracker in range(4)
    ]
    assert "/History/Daily/1/Pv/3/Yield" in values
    watts = ((0xECCC, "00"), (0xECDC, "10 27"), (0xECEC, "20 4E"))
    said = [(can_id, data.ljust(8, b"\x00")) for can_id, data in (says(MPPT, *one) for one in watts)]
    boat.look(tuple(said))
    assert boat.values(SOLAR_SERVICE)["/Yield/Power"] is None
    boat.look((says(MPPT, 0xECFC, "10 27 00 00"),))
    assert boat.values(SOLAR_SERVICE)["/Yield/Power"] == 400.0
    boat.look((says(MPPT, 0xEDBC, "74 40 00 00"),))
    assert boat.values(SOLAR_SERVICE)["/Yield/Power"] == 165.0


def test_what_holds_the_trackers_is_what_holds_one_of_them() -> None:
    rs = tuple(frame for frame in mppt() if frame[1][2:4] != b"\xb3\xed")
    boat = PortBoat()
    boat.look((*rs, says(MPPT, 0x0100, "00 11 A1 00"), says(MPPT, 0x0244, "02 00 00 00")))
    assert boat.values(SOLAR_SERVICE)["/MppOperationMode"] is None
    boat.look((says(MPPT, 0xECC3, "02 00 00 00"),))
    assert boat.values(SOLAR_SERVICE)["/MppOperationMode"] is None
    boat.look((says(MPPT, 0xECD3, "00 00 00 00"),))
    assert boat.values(SOLAR_SERVICE)["/MppOperationMode"] == 2
    boat.look((says(MPPT, 0xECD3, "01 00 00 00"),))
    assert boat.values(SOLAR_SERVICE)["/MppOperationMode"] == 1
    boat.look((says(MPPT, 0xECC3, "00 00 00 00"), says(MPPT, 0xECD3, "00 00 00 00")))
    assert boat.values(SOLAR_SERVICE)["/MppOperationMode"] == 0


def test_an_alternator_of_another_maker_has_texts_for_versions() -> None:
    boat = PortBoat()
    boat.look((*integrel(), *pgn(0x33, 127488, instance=0, speed=1450.0)))
    values = boat.values(ALTERNATOR_SERVICE)
    expected = {
        "/ProductId": 45202,
        "/ProductName": "Integrel E-Power",
        "/FirmwareVersion": "1.158",
        "/HardwareVersion": "4.150",
        "/Serial": "90E9",
        "/Dc/0/Voltage": 52.42,
        "/Dc/0/Power": 0,
        "/Dc/0/Temperature": 48.85,
        "/Engine/Speed": 1450.0,
        "/State": 3,
    }
    assert {path: values[path] for path in expected} == expected
    assert boat.texts(ALTERNATOR_SERVICE)["/Dc/0/Temperature"] == "48.9C"
    assert boat.texts(ALTERNATOR_SERVICE)["/FirmwareVersion"] == "1.158"
    assert boat.views[ALTERNATOR_SERVICE].specs["/FirmwareVersion"].signature == "s"
    assert "/Speed" not in values
    overcharge = pgn(0x33, 127507, instance=0, battery_instance=0, operating_state=3, charge_mode=0, enabled=1)
    boat.look(overcharge)
    assert boat.values(ALTERNATOR_SERVICE)["/State"] is None


def test_a_type_is_the_same_before_and_after_its_value_is_heard() -> None:
    """What is on D-Bus keeps the type that it came with."""
    boat = PortBoat()
    boat.look(tuple(frame for frame in tanks() if frame[0] >> 8 & 0x1FFFF != 126996))
    name = TANK_SERVICE.format(0, 0)
    before = dict(boat.views[name].specs)
    assert boat.values(name)["/FirmwareVersion"] is None
    boat.look(tanks())
    assert boat.values(name)["/FirmwareVersion"] == "v3.0.2V"
    assert boat.views[name].specs == before


def test_one_sender_has_a_service_for_each_of_its_tanks() -> None:
    boat = PortBoat()
    boat.look(tanks())
    boat.settle()
    boat.look(tanks())
    names = [TANK_SERVICE.format(number, number) for number in range(3)]
    assert [name for name in boat.views if ".tank." in name] == names
    expected = {
        "/ProductId": 0xA160,
        "/ProductName": "Tank sensor",
        "/FirmwareVersion": "v3.0.2V",
        "/HardwareVersion": "VE.Can Resistive Tnk Sndr Adpter",
        "/DeviceInstance": 2,
        "/FluidType": 2,
        "/Level": 17.184,
        "/Capacity": 0.1135,
        "/Status": 0,
    }
    assert shown(boat, names[2], *expected) == expected
    texts = boat.texts(names[2])
    assert [texts[path] for path in ("/ProductId", "/Level", "/Capacity", "/Remaining")] == [
        *("0xA160", "17.2%", "0.1135m3", "0.0195m3"),
    ]
    assert boat.texts(names[1])["/Level"] == "68%"
    boat.look(tank(2, 2, None, 113.5))
    assert shown(boat, names[2], "/Level", "/Remaining", "/Status") == {
        "/Level": None,
        "/Remaining": None,
        "/Status": 4,
    }


def test_an_instance_with_two_fluids_is_two_tanks() -> None:
    boat = PortBoat()
    boat.look(
        (named(0x50, 855, 190, 80, 137), *tank(3, 0, 10.0, 10.0), *tank(3, 1, 20.0, 10.0), *tank(4, 14, 5.0, 1.0))
    )
    tanks_of = {name.partition("_uc")[2]: view.items for name, view in boat.views.items() if view.kind == "tank"}
    assert sorted(tanks_of) == ["855_di3_t0", "855_di3_t1", "855_di4"]
    assert tanks_of["855_di3_t0"]["/Level"] == 10.0
    assert tanks_of["855_di3_t1"]["/Level"] == 20.0
    assert tanks_of["855_di4"]["/FluidType"] is None


def test_temperature_senders_are_served_where_they_are_wanted() -> None:
    frames = (
        named(0x51, 901, 170, 75, 137),
        *pgn(0x51, 130312, sid=1, instance=0, source=7, actual_temperature=277.15, set_temperature=None),
        *pgn(0x51, 130312, sid=1, instance=1, source=3, actual_temperature=300.15, set_temperature=None),
        *pgn(0x51, 130316, sid=1, instance=1, source=3, temperature=300.151, set_temperature=None),
    )
    boat = PortBoat()
    assert [view.kind for view in boat.look(frames).values()] == ["vecan"]
    boat = PortBoat(temperatures=("can0",))
    boat.look(frames)
    fridge = "com.victronenergy.temperature.socketcan_can0_vi0_uc901_di0"
    engine = "com.victronenergy.temperature.socketcan_can0_vi0_uc901_di1"
    assert shown(boat, fridge, "/Temperature", "/TemperatureType", "/Status") == {
        "/Temperature": 4.0,
        "/TemperatureType": 1,
        "/Status": 0,
    }
    assert shown(boat, engine, "/Temperature", "/TemperatureType") == {"/Temperature": 27.0, "/TemperatureType": 2}
    gone = pgn(0x51, 130316, sid=1, instance=1, source=3, temperature=None, set_temperature=None)
    boat.look(gone, seconds=9)
    assert shown(boat, engine, "/Temperature", "/Status") == {"/Temperature": None, "/Status": 4}


def test_the_range_of_a_current_limit_is_what_the_device_says() -> None:
    boat = PortBoat()
    path = "/Ac/In/1/CurrentLimit"

    def ends(*says_too: tuple[int, bytes]) -> tuple[object, object]:
        boat.look((*multi_rs(), *says_too))
        spec = boat.views[MULTI_SERVICE].specs[path]
        return spec.minimum, spec.maximum

    assert ends() == (None, None)
    assert ends(says(0x40, 0x0211, "28 00 00 00")) == (None, None), "half of it is none"
    assert ends(says(0x40, 0x0212, "F4 01 00 00")) == (4.0, 50.0)
    assert "/Ac/In/2/CurrentLimit" not in boat.values(MULTI_SERVICE)
    assert ends(*(says(0x40, register, "0A 00 00 00") for register in (0x0221, 0x0222))) == (4.0, 50.0)
    assert ends(says(0x40, 0x0212, "FF FF 00 00")) == (None, None)
    assert ends(says(0x40, 0x0212, "0A 00 00 00")) == (None, None), "no range is upside down"
    assert {0x0211, 0x0212, 0x0221, 0x0222} <= {register for rank in _ranks("multi") for register in rank}
    assert (VREG, 0x0211) in messages_of("multi"), "not the first to be forgotten"


def test_a_charger_has_its_outputs_in_order() -> None:
    outputs = [pgn(0x20, 127508, instance=n, voltage=26.41 + n / 100, current=1.0 * n) for n in (4, 5, 6)]
    boat = PortBoat()
    skylla = named(0x20, 15639), says(0x20, 0x0100, "00 06 01 00"), *(frame for one in outputs for frame in one)
    boat.look(skylla, seconds=6)
    service = "com.victronenergy.charger.socketcan_can0_vi0_uc15639"
    assert shown(boat, service, "/ProductName", "/Dc/0/Voltage", "/Dc/1/Voltage", "/Dc/2/Current") == {
        "/ProductName": "Skylla-i 24/100 (3)",
        "/Dc/0/Voltage": 26.45,
        "/Dc/1/Voltage": 26.46,
        "/Dc/2/Current": 6.0,
    }
    assert boat.texts(service)["/ProductId"] == "0x106"


def test_a_tracker_s_voltage_is_never_that_of_the_battery_although_it_is_heard_first() -> None:
    boat = PortBoat()
    battery = pgn(MPPT, 127508, instance=0, voltage=52.54, current=1.0)
    tracker = pgn(MPPT, 127508, instance=1, voltage=91.5, current=0.6)
    boat.look((*mppt()[:-2], *tracker))
    assert shown(boat, SOLAR_SERVICE, "/Dc/0/Voltage", "/Dc/0/Current") == {
        "/Dc/0/Voltage": None,
        "/Dc/0/Current": None,
    }
    boat.look(tracker, seconds=3)
    assert boat.values(SOLAR_SERVICE)["/Dc/0/Voltage"] is None
    boat.look(battery)
    assert boat.values(SOLAR_SERVICE)["/Dc/0/Voltage"] == 52.54
    boat.look(seconds=12)
    boat.look((*tracker, says(MPPT, 0x0201, "03 00 00 00")))
    assert shown(boat, SOLAR_SERVICE, "/State", "/Dc/0/Voltage") == {"/State": 3, "/Dc/0/Voltage": None}, "it is back"


def test_what_is_alone_for_as_long_as_a_value_counts_is_the_lowest() -> None:
    boat = PortBoat()
    only = pgn(MPPT, 127508, instance=3, voltage=52.54, current=1.0)
    boat.look((*mppt()[:-2], *only))
    boat.look(only, seconds=4)
    assert boat.values(SOLAR_SERVICE)["/Dc/0/Voltage"] is None
    boat.look(only)
    assert boat.values(SOLAR_SERVICE)["/Dc/0/Voltage"] == 52.54


def test_a_lynx_shunt_is_a_battery_without_limits() -> None:
    boat = PortBoat()
    shunt = (
        named(0x03, 70001, 170),
        says(0x03, 0x0100, "00 31 A1 00"),
        says(0x03, 0x010A, "48 51 31 00"),
        says(0x03, 0x0FFF, "F4 1A 00 00"),
        says(0x03, 0x2121, "A9 AA 02 00"),
        says(0x03, 0x0300, "D8 FE FF FF"),
        *pgn(0x03, 127508, instance=0, voltage=26.4, current=-10.0, temperature=None),
    )
    boat.look(shunt)
    service = "com.victronenergy.battery.socketcan_can0_vi0_uc70001"
    assert shown(boat, service, "/Soc", "/Dc/0/Power", "/Alarms/LowVoltage", "/Alarms/HighVoltage", "/Serial") == {
        "/Soc": 69.0,
        "/Dc/0/Power": -264,
        "/Alarms/LowVoltage": 2,
        "/Alarms/HighVoltage": 0,
        "/Serial": "0070001 HQ1",
    }
    assert not [path for path in boat.values(service) if path.startswith(("/Info", "/Io"))]


def test_the_port_lists_everybody_and_what_is_written_to_its_chargers() -> None:
    boat = PortBoat()
    boat.look(mppt(), tanks())
    values = boat.values(VECAN_SERVICE)
    assert values["/Identifier"] == "can0"
    assert values["/Alarms/SameUniqueNameUsed"] == 0
    assert values["/Link/ChargeVoltage"] is None
    device = "/Devices/00002CC454AB"
    assert {path.rpartition("/")[2]: value for path, value in values.items() if path.startswith(device)} == {
        "Connected": 1,
        "CustomName": "",
        "DeviceInstance": 0,
        "FirmwareVersion": "v3.16",
        "Manufacturer": 358,
        "ModelName": "SmartSolar MPPT 150/70 rev2",
        "N2kUniqueNumber": 283819,
        "Nad": 36,
        "Serial": "0283819 HQ2240A4CPV",
    }
    assert values["/Devices/000011200357/FirmwareVersion"] == "v3.0.2V"
    assert not [path for path in values if path.startswith(("/Mgmt", "/DeviceInstance"))]
    boat.look(tanks(), seconds=11)
    assert shown(boat, VECAN_SERVICE, f"{device}/Connected", f"{device}/DeviceInstance") == {
        f"{device}/Connected": 0,
        f"{device}/DeviceInstance": None,
    }


def test_a_node_with_our_own_number_is_told() -> None:
    boat = PortBoat(own_number=4711)
    boat.look((named(0x60, 4711),))
    assert boat.values(VECAN_SERVICE)["/Alarms/SameUniqueNameUsed"] == 1
    boat.look(seconds=11)
    assert boat.values(VECAN_SERVICE)["/Alarms/SameUniqueNameUsed"] == 0
