"""The life of a port's services: they appear, are given an instance, fall silent, return, move; and whose they are."""

from __future__ import annotations

import pytest

from gxbridge.core.blackbox.play import replay
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.vecan.sending.register_requests import MOST_AT_ONCE
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import RUNNING, VENDOR, claim, vendor_lynx, vreg
from tests.core.port.port_boat import (
    ALTERNATOR_SERVICE,
    INTEGREL,
    MPPT,
    MULTI_SERVICE,
    SOLAR_SERVICE,
    TANK_SERVICE,
    TANKS,
    VECAN_SERVICE,
    PortBoat,
    integrel,
    mppt,
    multi_rs,
    named,
    pgn,
    product,
    says,
    tank,
    tanks,
)

SECOND = "com.victronenergy.solarcharger.socketcan_can0_vi1_uc283820"
SETTINGS = "com.victronenergy.settings"


def kinds(boat: PortBoat) -> list[str]:
    return [view.kind for view in boat.views.values()]


def findings(boat: PortBoat) -> dict[str, str]:
    return {found.id: found.text for found in boat.bridge.finding_log.current if found.id.startswith("port-")}


def test_nothing_but_batteries_is_served_by_default() -> None:
    boat = PortBoat(serve=())
    assert boat.look(mppt(), multi_rs(), tanks(), seconds=3) == {}


def test_two_chargers_have_instances_and_names_of_their_own() -> None:
    boat = PortBoat()
    boat.look(mppt(), mppt(0x25, 283820))
    boat.settle()
    boat.look(mppt(), mppt(0x25, 283820))
    assert sorted(boat.views) == [SOLAR_SERVICE, SECOND, VECAN_SERVICE]
    assert boat.values(SECOND)["/DeviceInstance"] == 1
    assert boat.values(SECOND)["/Devices/0/ServiceName"] == SECOND
    keys = {view.key for view in boat.views.values()}
    assert len(keys) == 3
    boat.bridge.set_identity(boat.views[SECOND].key, 1, "Roof")
    boat.look(mppt(), mppt(0x25, 283820))
    assert boat.values(SECOND)["/CustomName"] == "Roof"


def test_a_device_is_served_once_name_and_product_are_known() -> None:
    boat = PortBoat()
    boat.look((says(MPPT, 0x0100, "00 0C A1 00"), says(MPPT, 0x0201, "03 00 00 00")))
    assert kinds(boat) == ["vecan"]
    boat.look((named(MPPT, 283819),))
    assert kinds(boat) == ["vecan", "solarcharger"]
    assert boat.values(SOLAR_SERVICE)["/State"] == 3


def test_the_product_code_counts_for_a_device_that_sends_registers() -> None:
    """What a GX makes of its own services has a product code and a NAME of Victron, and sends none."""
    code = product(MPPT, 0xA10C, "MPPT", "0283819 HQ2240A4CPV")
    boat = PortBoat()
    boat.look((named(MPPT, 283819), *code, *pgn(MPPT, 127508, instance=0, voltage=52.0, current=1.0)))
    assert kinds(boat) == ["vecan"]
    boat.look((says(MPPT, 0x0201, "03 00 00 00"),))
    assert kinds(boat) == ["vecan", "solarcharger"]


def test_what_is_not_known_and_what_a_gx_says_is_listed_only() -> None:
    boat = PortBoat()
    meter = (named(0x30, 1, 150), says(0x30, 0x0100, "00 B1 A1 00"))
    strange = (named(0x31, 2, 160), says(0x31, 0x0100, "00 34 12 00"))
    gx = (named(0x32, 3, 130, 120), *tank(0, 0, 1.0, 1.0, 0x32))
    virtual = (named(0x33, 4, 150, 75), *tank(0, 0, 1.0, 1.0, 0x33))
    foreign = (named(0x34, 5, 160, 35, 137), *product(0x34, 0x0104, "Charger", "1"), *tank(0, 0, 1.0, 1.0, 0x34))
    boat.look(meter, strange, gx, virtual, foreign)
    assert kinds(boat) == ["vecan"]
    assert len([path for path in boat.values(VECAN_SERVICE) if path.endswith("/Nad")]) == 5


def test_a_solar_charger_of_a_product_that_is_newer_than_our_list_is_served() -> None:
    """Product ids 0xA101 to 0xA11F are kept for solar chargers on CAN."""
    boat = PortBoat()
    boat.look((named(0x30, 1), says(0x30, 0x0100, "00 1F A1 00")), (named(0x31, 2), says(0x31, 0x0100, "00 20 A1 00")))
    assert [(view.kind, view.items.get("/ProductId")) for view in boat.views.values()] == [
        *(("vecan", None), ("solarcharger", 0xA11F)),
    ]


def test_a_device_that_is_silent_for_ten_seconds_is_gone_and_comes_back_without_old_values() -> None:
    boat = PortBoat()
    boat.look(mppt())
    boat.settle()
    boat.look(mppt(), tanks())
    assert SOLAR_SERVICE in boat.bridge._services.items
    boat.look(tanks(), seconds=9)
    assert "solarcharger" in kinds(boat)
    boat.look(tanks())
    assert "solarcharger" not in kinds(boat)
    assert SOLAR_SERVICE not in boat.bridge._services.items
    boat.look((named(MPPT, 283819), says(MPPT, 0x0201, "05 00 00 00")), tanks())
    values = boat.values(SOLAR_SERVICE)
    assert values["/State"] == 5
    assert values["/Dc/0/Voltage"] is None
    assert values["/Settings/ChargeCurrentLimit"] in (None, 70.0)
    assert values["/FirmwareVersion"] == 202495


def test_a_tank_that_is_no_longer_heard_leaves_and_the_others_stay() -> None:
    boat = PortBoat()
    boat.look(tanks())
    boat.look((*tank(0, 0, 50.0, 100.0), *tank(2, 2, 17.0, 113.5)), seconds=11)
    assert sorted(name for name in boat.views if ".tank." in name) == [
        *(TANK_SERVICE.format(0, 0), TANK_SERVICE.format(0, 2)),
    ]


def test_a_device_that_moves_keeps_its_service() -> None:
    boat = PortBoat()
    boat.look(mppt())
    moved = (named(0x66, 283819), says(0x66, 0x0201, "04 00 00 00"))
    boat.look(moved)
    values = boat.values(SOLAR_SERVICE)
    assert (values["/Devices/0/Nad"], values["/State"], values["/Mode"]) == (0x66, 4, 1)
    boat.bridge.set_identity(boat.views[SOLAR_SERVICE].key, 3, "")
    assert list(boat.look(moved)) == [VECAN_SERVICE, SOLAR_SERVICE.replace("vi0", "vi3")]


def test_a_look_without_news_makes_nothing_anew() -> None:
    boat = PortBoat()
    boat.look(mppt())
    before = boat.views[SOLAR_SERVICE].items
    specs = boat.views[SOLAR_SERVICE].specs
    boat.look((says(MPPT, 0x0201, "00 00 00 00"),))
    assert boat.views[SOLAR_SERVICE].specs is specs
    assert boat.views[SOLAR_SERVICE].items == before


def test_two_devices_at_one_address_are_not_believed() -> None:
    boat = PortBoat()
    boat.look(mppt())
    boat.look((named(MPPT, 1), named(MPPT, 283819)), seconds=1)
    boat.look((says(MPPT, 0x0201, "03 00 00 00"),), seconds=4)
    assert SOLAR_SERVICE not in boat.views or boat.values(SOLAR_SERVICE)["/State"] is None


def test_a_port_of_the_vendors_driver_is_left_to_it() -> None:
    boat = PortBoat()
    boat.add(SETTINGS, {"/Settings/Canbus/can0/Profile": 1})
    assert boat.look(mppt()) == {}
    assert "The profile of can0 is 'VE.Can', so the GX's own driver has it" in findings(boat)["port-driver"]
    boat.set(SETTINGS, **{"/Settings/Canbus/can0/Profile": 5})
    boat.look(mppt())
    assert kinds(boat) == ["vecan", "solarcharger"]
    assert findings(boat) == {}


def test_a_service_of_another_program_keeps_the_whole_port_from_being_served() -> None:
    boat = PortBoat()
    boat.look(mppt())
    boat.settle()
    boat.look(mppt())
    other = "com.victronenergy.multi.socketcan_can0_vi0_uc162268"
    boat.bridge.service_named(other, boat.now)
    assert boat.look(mppt()) == {}
    assert f"{other} is on D-Bus, so another program has can0" in findings(boat)["port-taken"]
    assert SOLAR_SERVICE not in boat.bridge._services.items
    boat.bridge.service_removed(other, boat.now)
    boat.add("com.victronenergy.tank.socketcan_can01_vi0_uc1", {})
    boat.look(mppt())
    assert kinds(boat) == ["vecan", "solarcharger"]
    boat.add("com.victronenergy.vecan.can0", {})
    assert kinds(boat) != []


def test_the_system_that_a_gx_makes_of_our_multis_is_no_owner() -> None:
    boat = PortBoat()
    boat.add("com.victronenergy.acsystem.socketcan_can0_sys0", {})
    boat.look(multi_rs())
    assert kinds(boat) == ["vecan", "multi"]


@pytest.mark.parametrize("first", [True, False])
def test_of_two_makers_with_one_unique_number_the_one_that_has_the_service_is_meant(first: bool) -> None:
    boat = PortBoat(transmit="writes")
    other = (named(0x34, 430313, 141, 35, 1403), *product(0x34, 0xB092, "Arco", "", "", ""))
    boat.look(integrel() if first else other)
    boat.settle()
    boat.look(integrel(), other)
    node = boat.bridge._port.node_of(ALTERNATOR_SERVICE, "") if boat.bridge._port is not None else None
    assert node is not None
    assert node.address == (INTEGREL if first else 0x34)


def test_a_port_has_the_name_of_its_interface() -> None:
    boat = PortBoat(ports={"can0": "vecan1"})
    assert "com.victronenergy.solarcharger.socketcan_vecan1_vi0_uc283819" in boat.look(mppt())
    assert boat.values("com.victronenergy.vecan.vecan1")["/Identifier"] == "vecan1"


def test_a_device_on_two_ports_of_ours_is_served_from_the_first_that_hears_it() -> None:
    boat = PortBoat(serve=("can0", "can1"), buses=("can0", "can1"))

    def hear(*buses: str) -> list[str]:
        for bus in buses:
            boat.bridge.hear(bus, [(boat.now, *frame) for frame in mppt()])
        boat.look()
        boat.settle()
        return [name for name, view in boat.views.items() if view.kind == "solarcharger"]

    assert hear("can0", "can1") == [SOLAR_SERVICE]
    for _ in range(11):
        found = hear("can1")
    assert found == [SOLAR_SERVICE.replace("can0", "can1")]
    assert len([name for name in boat.bridge._services.items if ".solarcharger." in name]) == 1
    assert hear("can0", "can1") == [SOLAR_SERVICE]


def test_a_device_that_somebody_serves_from_another_port_is_not_served_twice() -> None:
    boat = PortBoat()
    theirs = "com.victronenergy.solarcharger.socketcan_can7_vi0_uc283819"
    boat.add(theirs, {"/N2kUniqueNumber": 283819})
    boat.look(mppt(), mppt(0x25, 283820))
    assert [view.items["/N2kUniqueNumber"] for view in boat.views.values() if view.kind == "solarcharger"] == [283820]
    said = f"{theirs} of another program is a device of can0: gxbridge does not serve it, and tells it only what "
    said += "it tells all chargers of the port"
    assert findings(boat) == {"port-device-taken": said}
    boat.bridge.service_removed(theirs, boat.now)
    boat.look(mppt(), mppt(0x25, 283820))
    assert findings(boat) == {}


def test_a_lynx_stays_a_battery_of_ours_and_the_vendors_lynx_is_no_owner() -> None:
    boat = PortBoat()
    lynx = (claim(), *(vreg(register, raw) for register, raw in RUNNING.items()))
    boat.add(VENDOR, vendor_lynx())
    boat.look(lynx, mppt())
    assert kinds(boat) == ["vecan", "solarcharger"]


def test_the_decision_sees_the_chargers_as_those_of_the_vendor() -> None:
    boat = PortBoat(mode="control")
    boat.bridge.hold_name(True)
    boat.look(mppt())
    assert SOLAR_SERVICE not in boat.bridge._services.items  # it has no instance yet
    boat.settle()
    boat.look(mppt())
    assert boat.bridge._services.items[SOLAR_SERVICE]["/Link/ChargeCurrent"] == 70.0
    lynx = (claim(), *(vreg(register, raw) for register, raw in {**RUNNING, 0xEDEF: 48, 0x0390: 5600}.items()))
    boat.look(lynx, mppt(), seconds=8)
    chargers = [limit.subject for limit in boat.bridge._control.decision.limits if limit.name == "charger"]
    assert chargers == [SOLAR_SERVICE]
    boat.look(lynx, (*mppt(), says(MPPT, 0x0201, "03 00 00 00")))
    assert boat.bridge._services.items[SOLAR_SERVICE]["/State"] == 3


def asked(boat: PortBoat) -> list[tuple[str, int]]:
    """What leaves for the bus in the next seconds: what it is and its number."""
    found = []
    decoder = Decoder()
    for step in range(40):
        for _, can_id, data in boat.bridge.transmitter.outgoing(boat.now + step / 10):
            message = decoder.feed(can_id, data, boat.now)
            assert message is not None
            number = int.from_bytes(data[:3], "little") if can_id >> 16 & 0xFF == 0xEA else message[3][0]
            found.append((message[0].name, number))
    return found  # type: ignore[return-value]


def test_nothing_is_sent_with_transmit_off() -> None:
    boat = PortBoat()
    for _ in range(30):
        boat.look(mppt(), multi_rs(), tanks())
        assert boat.bridge.transmitter.outgoing(boat.now) == []
    assert "more than" in boat.bridge.orders.set_register(SOLAR_SERVICE, "", 0xEDF0, b"\x2c\x01", boat.now)
    assert boat.bridge.transmitter.outgoing(boat.now) == []


def test_what_is_not_heard_is_asked_for_a_few_at_a_time() -> None:
    boat = PortBoat(transmit="requests")
    boat.look((says(MPPT, 0x0201, "03 00 00 00"),), seconds=3)
    first = asked(boat)
    assert ("iso_request", 60928) in first
    assert ("iso_request", 126996) in first
    boat.look(mppt())
    registers = [number for name, number in asked(boat) if name != "iso_request" and number != 0x0130]
    assert registers[:2] == [0x010A, 0x010C]
    assert 0 < len(registers) <= MOST_AT_ONCE
    seen = set(registers)
    for _ in range(40):
        boat.look(mppt(), seconds=4)
        seen |= {number for name, number in asked(boat) if name != "iso_request"}
    assert {0x1050, 0x1051, 0x104F, 0xEDDA} <= seen
    assert not {0x0201, 0xEDF0, 0x0100} & seen


def test_a_device_of_victrons_that_says_no_register_by_itself_is_asked_for_its_product_until_it_does() -> None:
    boat = PortBoat(transmit="requests")
    silent = (named(MPPT, 283819), *product(MPPT, 0xA10C, "SmartSolar MPPT 150/70 rev2", "0283819 HQ2240A4CPV"))
    boat.look(silent, integrel(), seconds=3)
    first = asked(boat)
    assert ("iso_request", 126996) not in first
    boat.look(silent, integrel())
    assert 0x0100 in [number for _, number in [*first, *asked(boat)]]
    boat.look(silent, (says(MPPT, 0x0100, "00 0C A1 00"),))
    assert kinds(boat).count("solarcharger") == 1
    assert 0x0100 not in [number for _, number in asked(boat)]


def test_history_is_asked_for_again_and_a_tank_for_nothing() -> None:
    boat = PortBoat(transmit="requests")
    counts = dict.fromkeys((0x104F, 0x1050, 0x1051), 0)
    for _ in range(330):
        boat.look((named(MPPT, 283819), says(MPPT, 0x0100, "00 0C A1 00")), tanks(), seconds=4)
        for name, number in asked(boat):
            if name != "iso_request" and number in counts:
                counts[number] += 1
    assert all(count >= 6 for count in counts.values())
    assert all(count <= 12 for count in counts.values())


def test_a_port_of_somebody_elses_is_asked_nothing() -> None:
    boat = PortBoat(transmit="requests")
    boat.add(SETTINGS, {"/Settings/Canbus/can0/Profile": 1})
    boat.look((says(MPPT, 0x0201, "03 00 00 00"),), seconds=3)
    assert {name for name, number in asked(boat) if number != 60928} == {"address_claim"}


def test_a_setting_is_sent_to_the_device_that_has_the_service() -> None:
    boat = PortBoat(transmit="writes")
    boat.look(mppt(), seconds=3)
    asked(boat)
    assert boat.bridge.orders.set_register(SOLAR_SERVICE, "", 0xEDF0, b"\x2c\x01", boat.now) == ""
    assert "outside" in boat.bridge.orders.set_register(SOLAR_SERVICE, "", 0xEDF0, b"\xff\xff", boat.now)
    assert "outside" in boat.bridge.orders.set_register(SOLAR_SERVICE, "", 0x2015, b"\x00\x00", boat.now)
    assert "not there" in boat.bridge.orders.set_register(MULTI_SERVICE, "", 0xEDF0, b"\x2c\x01", boat.now)
    moments = [boat.now + step / 10 for step in range(99)]
    sent = [(can_id, data) for at in moments for _, can_id, data in boat.bridge.transmitter.outgoing(at)]
    settings = [(can_id >> 8 & 0xFF, data.hex()) for can_id, data in sent if data[2:4] == b"\xf0\xed"]
    assert settings == [(MPPT, "6699f0ed2c010000")]
    assert "not there" in PortBoat(serve=()).bridge.orders.set_register(SOLAR_SERVICE, "", 0xEDF0, b"\x2c\x01", 0.0)


def test_a_relay_is_switched_only_where_its_device_leaves_that_to_others() -> None:
    boat = PortBoat(transmit="writes")
    boat.look(mppt(), seconds=3)
    write = ("/Relay/0/State", 0x034E, b"\x01")
    assert "not known" in boat.bridge.orders.set_register(SOLAR_SERVICE, *write, boat.now)
    boat.look(mppt(), (says(MPPT, 0x034F, "01 00 00 00"),))
    assert "set to be switched" in boat.bridge.orders.set_register(SOLAR_SERVICE, *write, boat.now), "for a generator"
    boat.look(mppt(), (says(MPPT, 0x034F, "02 00 00 00"),))
    assert boat.bridge.orders.set_register(SOLAR_SERVICE, *write, boat.now) == ""


def test_a_device_of_the_list_is_told_its_instance_but_a_charger_only_0() -> None:
    boat = PortBoat(transmit="writes")
    boat.look(mppt(), tanks(), seconds=3)
    asked(boat)
    listed = {
        int(str(boat.values(VECAN_SERVICE)[f"{base}/N2kUniqueNumber"])): base
        for base in {path[:21] for path in boat.values(VECAN_SERVICE) if path.startswith("/Devices/")}
    }
    bridge, tank_at, charger_at = boat.bridge, f"{listed[855]}/DeviceInstance", f"{listed[283819]}/DeviceInstance"
    assert bridge.orders.set_instance(VECAN_SERVICE, tank_at, 3, boat.now) == ""
    assert bridge.orders.set_instance(VECAN_SERVICE, charger_at, 0, boat.now) == ""
    assert "DVCC steers" in bridge.orders.set_instance(VECAN_SERVICE, charger_at, 1, boat.now)
    assert "not there" in bridge.orders.set_instance(VECAN_SERVICE, "/Devices/000000000000/DeviceInstance", 0, boat.now)
    assert "not there" in bridge.orders.set_instance(SOLAR_SERVICE + "x", tank_at, 3, boat.now)
    assert bridge.orders.set_register(VECAN_SERVICE, f"{listed[283819]}/CustomName", 0x010C, b"Roof\0", boat.now) == ""
    moments = [boat.now + step / 10 for step in range(99)]
    sent = [(can_id, data.hex()) for at in moments for _, can_id, data in bridge.transmitter.outgoing(at)]
    told = [(can_id >> 8 & 0xFF, data) for can_id, data in sent if can_id >> 16 & 0xFF == 0xED]
    assert [to for to, _ in told] == [TANKS, TANKS, MPPT, MPPT]
    assert [data[2:] for _, data in told[:2]] == ["0a0100ee00f802", "03030400ffffff"]
    assert "not there" in PortBoat(serve=()).bridge.orders.set_instance(VECAN_SERVICE, tank_at, 3, 0.0)


def test_an_instance_is_not_given_where_nothing_is_written() -> None:
    boat = PortBoat(transmit="requests")
    boat.look(tanks(), seconds=3)
    path = next(path for path in boat.values(VECAN_SERVICE) if path.endswith("/DeviceInstance"))
    assert "more than" in boat.bridge.orders.set_instance(VECAN_SERVICE, path, 3, boat.now)


def test_a_port_is_played_again_bit_for_bit() -> None:
    boat = BoxedBoat(serve=("can0",), mode="control")
    boat.boxed.hold_name(True)
    for second in range(150):
        boat.send(*mppt(), *tanks(), *(() if 60 < second < 90 else multi_rs()))
        cycle = boat.tick()
        for view in cycle.batteries:
            if view.kind not in ("", "vecan"):
                boat.boxed.set_identity(view.key, 0, "")
    assert SOLAR_SERVICE in boat.boxed._services.items
    assert boat.boxed.recorder_fault == ""
    report = replay(boat.box())
    assert report.cycles > 100
    assert report.differences == []


def test_a_silent_device_is_asked_for_its_name_only() -> None:
    boat = PortBoat(transmit="requests")
    boat.look((named(MPPT, 283819), says(MPPT, 0x0100, "00 0C A1 00")), seconds=11)
    asked(boat)
    boat.look(tanks(), seconds=11)
    asked(boat)
    boat.look(tanks())
    assert {number for name, number in asked(boat) if name == "iso_request"} <= {60928}
    assert [name for name, _ in asked(boat) if name not in ("iso_request", "address_claim")] == []


def test_what_is_written_to_link_is_an_order_for_the_chargers_of_the_port() -> None:
    boat = PortBoat(mode="control", transmit="link")
    boat.bridge.hold_name(True)
    boat.look(mppt())
    boat.settle()
    boat.look(mppt())
    assert boat.bridge.orders.write_port_link(VECAN_SERVICE, "/Link/VoltageSense", 52.5, boat.now).code == 0
    boat.look(mppt())
    assert boat.values(VECAN_SERVICE)["/Link/VoltageSense"] == 52.5
    assert boat.values(VECAN_SERVICE)["/Link/Soc"] is None
    assert boat.bridge.orders.write_port_link(VECAN_SERVICE, "/Link/VoltageSense", None, boat.now).code == 0
    boat.look(mppt())
    assert boat.values(VECAN_SERVICE)["/Link/VoltageSense"] is None
    assert boat.bridge.orders.write_port_link(SOLAR_SERVICE, "/Link/ChargeCurrent", "much", boat.now).code == 2
    assert boat.bridge.orders.write_port_link(MULTI_SERVICE, "/Link/ChargeCurrent", 5.0, boat.now).code == 2
    assert boat.views[SOLAR_SERVICE].specs["/Link/ChargeCurrent"].repeats


def test_without_the_level_link_an_order_is_refused() -> None:
    boat = PortBoat(mode="control", transmit="requests")
    boat.look(mppt())
    answer = boat.bridge.orders.write_port_link(SOLAR_SERVICE, "/Link/ChargeCurrent", 20.0, boat.now)
    assert (answer.code, "transmit: link" in answer.text) == (2, True)
    assert PortBoat(serve=()).bridge.orders.write_port_link(SOLAR_SERVICE, "/Link/ChargeCurrent", 20.0, 0.0).code == 2
