"""CAN ports: what is said of profiles, drivers, the state of the controller, and of having a port to oneself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.doctor.checks.can_ports import PROFILES, carried_by, carries_vecan, check_port, check_ports
from gxbridge.doctor.checks.interface_state import check_link, load_percent
from gxbridge.doctor.facts import Bus
from gxbridge.doctor.row import Row
from gxbridge.edge.can.can_interface import CanInterface, parse_link
from tests.doctor.facts_of import (
    GOOD_LINK,
    LATER,
    LYNX,
    STATISTICS,
    VECAN,
    by_id,
    changed,
    facts,
    lynx,
    port,
    program,
    services,
)


def rows(ours: bool = True, given: Any = None, **changes: Any) -> dict[str, Row]:
    return by_id(check_port(port(**changes), services() if given is None else given, ours=ours))


def link(later: CanInterface | None = LATER, ours: bool = True, **changes: Any) -> dict[str, Row]:
    return by_id(check_link("S", dataclasses.replace(GOOD_LINK, **changes), later, 2.0, ours=ours))


# --- profiles and drivers ---


def test_beside_the_vendors_driver_all_is_well_and_owning_is_only_a_possibility() -> None:
    found = rows()
    assert found["port"].verdict == "ok"
    assert found["port"].text.startswith("can0 (VE.Can port): profile 1, VE.Can, 250 kbit/s: gxbridge listens beside")
    assert found["own-possible"].verdict == "note"
    assert found["own-possible"].text.endswith("it would serve fully Lynx Smart BMS 500 (battery)")
    assert "own-leaves-out" not in found
    assert "/Settings/Canbus/can0/Profile SetValue 5" in found["own-possible"].advice


def test_owning_is_advised_against_with_every_device_that_would_vanish() -> None:
    given = changed(
        CAN_SOLAR={"/ProductName": "SmartSolar 150/70", "/N2kUniqueNumber": 20002, "/ProductId": 0xA10C},
        VECAN={
            "/Devices/1/ModelName": "SmartSolar 150/70",
            "/Devices/1/N2kUniqueNumber": 20002,
            "/Devices/2/ModelName": "GPS 24xd",
            "/Devices/2/Manufacturer": "Garmin",
            "/Devices/2/N2kUniqueNumber": 5,
            "/Devices/3/ModelName": "Cerbo GX",
            "/Devices/4/CustomName": "Fuel",
        },
    )
    found = rows(given=given)
    assert "own-possible" not in found
    assert found["own-advised-against"].text.endswith(
        "these would vanish from the GX: Fuel and GPS 24xd (Garmin); it would serve fully "
        "Lynx Smart BMS 500 (battery) and partly SmartSolar 150/70 (solarcharger)"
    )
    assert "Stay beside" in found["own-advised-against"].advice


def test_a_port_of_chargers_and_tanks_could_be_owned_and_what_would_be_left_out_is_said() -> None:
    given = changed(
        CAN_SOLAR={"/ProductName": "SmartSolar 150/70", "/N2kUniqueNumber": 20002, "/ProductId": 0xA10C},
        VECAN={},
    ) | {"com.victronenergy.tank.socketcan_can0_vi0_uc855_di0": {"/ProductId": 0xA160, "/CustomName": "Water"}}
    found = list(check_port(port(), given, ours=True))
    possible = by_id(found)["own-possible"]
    assert possible.text == (
        "gxbridge could have can0 to itself: it would serve fully Lynx Smart BMS 500 (battery) and Water (tank) "
        "and partly SmartSolar 150/70 (solarcharger)"
    )
    assert "Write `serve: all` for this bus" in possible.advice
    left_out = [row.text for row in found if row.id == "own-leaves-out"]
    assert len(left_out) == 1
    assert left_out[0].startswith("can0 with `serve: all`: solarcharger: without /Pv/0/Name, ")


@pytest.mark.parametrize(
    ("kind", "product", "why"),
    [
        ("solarcharger", 0xA1FF, "gxbridge does not know the product"),
        ("battery", None, "gxbridge does not know the product"),
        ("grid", 0xA1B1, "what feeds the paths of an energy meter is not known"),
        ("gps", None, "gxbridge has no table for it"),
    ],
)
def test_what_would_not_be_served_has_a_reason(kind: str, product: int | None, why: str) -> None:
    name = f"com.victronenergy.{kind}.socketcan_can0_vi0_uc7"
    found = list(check_port(port(), services() | {name: {"/ProductId": product}}, ours=True))
    assert "own-advised-against" in by_id(found)
    assert [row.text for row in found if row.id == "own-leaves-out"] == [f"can0 with `serve: all`: {kind}: {why}"]


@pytest.mark.parametrize(("all_of_it", "said"), [(False, "Lynx Smart BMSes only"), (True, "every device that it has")])
def test_a_port_of_its_own_says_what_is_served(all_of_it: bool, said: str) -> None:
    (row,) = check_port(port(profile=5), {}, ours=True, serves_all=all_of_it)
    assert said in row.text
    assert ("`serve: all`" in row.advice) is not all_of_it


OURS = {
    "com.victronenergy.battery.gxbridge_house_uc167120": {"/N2kUniqueNumber": 167120, "/CustomName": "House"},
    "com.victronenergy.battery.gxbridge_other_uc9": {"/N2kUniqueNumber": 9},
    "com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002": {
        "/ProductName": "SmartSolar 150/70",
        "/N2kUniqueNumber": 20002,
        "/ProductId": 0xA10C,
    },
    VECAN: {
        "/Devices/0/ModelName": "Lynx Smart BMS 500",
        "/Devices/0/N2kUniqueNumber": 167120,
        "/Devices/1/ModelName": "SmartSolar 150/70",
        "/Devices/1/N2kUniqueNumber": 20002,
        "/Devices/2/ModelName": "GPS 24xd",
        "/Devices/2/Manufacturer": 229,
        "/Devices/2/N2kUniqueNumber": 5,
    },
}


@pytest.mark.parametrize("profile", [5, None])
def test_a_port_that_is_served_wholly_says_of_each_device_how_far(profile: int | None) -> None:
    found = list(check_port(port(profile=profile), OURS, ours=True, serves_all=True))
    assert by_id(found)["port-serves"].text == (
        "can0: fully served: House (battery); partly served: SmartSolar 150/70 (solarcharger); not served: GPS 24xd"
    )
    assert [row.text for row in found if row.id == "own-leaves-out"] == [
        "can0 with `serve: all`: a device without a service: gxbridge has no table for it",
        "can0 with `serve: all`: solarcharger: without /Pv/0/Name, /Pv/0/Enabled, /Equalization/Pending, "
        "/Equalization/TimeRemaining, /Alarms/Alarm, /History/Overall/MinBatteryVoltage",
    ]
    assert "port-serves" not in by_id(check_port(port(profile=profile), OURS, ours=True))
    assert "port-serves" not in by_id(check_port(port(profile=profile), {}, ours=True, serves_all=True))


@pytest.mark.parametrize(("profile", "ours"), [(1, False), (1, True), (5, True), (None, True)])
def test_a_regulator_that_may_obey_one_sender_only_is_named(profile: int | None, ours: bool) -> None:
    wake = {"/ProductName": "WS500", "/N2kUniqueNumber": 51001, "/ProductId": 0xB080}
    given = {VECAN: {}, "com.victronenergy.alternator.socketcan_can0_vi0_uc51001": wake}
    found = by_id(check_port(port(profile=profile), given, ours=ours, serves_all=True))
    assert found["regulator"].text.startswith("can0: WS500 (alternator) may obey one sender only")
    assert "regulator" not in by_id(check_port(port(profile=profile), OURS, ours=ours, serves_all=True))


def test_owning_is_advised_against_where_nothing_is_known_of_the_devices() -> None:
    found = rows(given=changed(LYNX=None, VECAN=None) | {VECAN: {"/Link/NetworkMode": None}})
    assert "is not known" in found["own-advised-against"].text


def test_only_devices_of_that_port_would_vanish_and_ours_never() -> None:
    given = changed(LYNX=None) | {
        LYNX.replace("can0", "can01"): lynx(),
        "com.victronenergy.battery.gxbridge_can0_uc1": lynx(),
        "com.victronenergy.solarcharger.ttyO2": {},
        "com.victronenergy.battery.socketcan_can0": {"/ProductName": "Pylontech"},
    }
    assert [(device.text, device.is_lynx) for device in carried_by("can0", given)] == [
        ("Lynx Smart BMS 500", False),
        ("Pylontech (battery)", False),
    ]


@pytest.mark.parametrize(
    ("changes", "ours", "id", "verdict", "said"),
    [
        ({"profile": 5}, True, "port-owned", "ok", "has the port to itself"),
        ({"profile": 5}, False, "port-unused", "warning", "neither the vendor's driver nor gxbridge"),
        ({"profile": 3}, True, "port-not-vecan", "problem", "500 kbit/s: it carries no VE.Can"),
        ({"profile": 3, "kind": 1}, True, "port-not-vecan", "problem", "carries no VE.Can"),
        ({"profile": 3}, False, "port", "ok", "gxbridge does not listen there"),
        ({"profile": 0}, True, "port-not-vecan", "problem", "Disabled: it carries no VE.Can"),
        ({"profile": 77}, True, "port-not-vecan", "problem", "unknown to gxbridge"),
        ({"profile": 9}, False, "port", "note", "gxbridge does not listen there"),
        ({"profile": None}, True, "port", "ok", "gxbridge listens there"),
        ({"profile": None, "label": "can0"}, False, "port", "note", "can0: not in the configuration"),
    ],
)
def test_what_a_profile_means(changes: dict[str, Any], ours: bool, id: str, verdict: str, said: str) -> None:
    found = rows(ours, **changes)[id]
    assert (found.verdict, said in found.text) == (verdict, True), found


def test_a_port_for_a_can_bus_bms_only_is_said_to_be_one() -> None:
    assert "use another" in rows(profile=3, kind=1)["port-not-vecan"].advice
    assert "use another" not in rows(profile=3)["port-not-vecan"].advice


@pytest.mark.parametrize(("drivers", "said"), [((), "there is no /service"), (("vecan-dbus.can0",), "is there")])
def test_a_driver_that_should_run_and_does_not(drivers: tuple[str, ...], said: str) -> None:
    found = rows(given=changed(VECAN=None), drivers=drivers)
    assert found["driver-missing"].verdict == "warning"
    assert said in found["driver-missing"].text
    assert not {"own-possible", "port"} & found.keys()


def test_which_ports_carry_vecan() -> None:
    assert [number for number in PROFILES if carries_vecan(port(profile=number))] == [1, 2, 4, 5, 9]
    assert carries_vecan(port(profile=None))
    assert not carries_vecan(port(profile=None, kind=1))
    assert not carries_vecan(port(profile=77))


def test_a_driver_that_is_there_and_does_not_answer_is_not_missing() -> None:
    bus = Bus("system", unanswered={VECAN: "no answer within 6 s"})
    assert "driver-missing" not in by_id(check_ports(facts(services=changed(VECAN=None), bus=bus)))


def test_a_gx_without_ports_is_a_warning_and_a_laptop_without_is_none() -> None:
    assert by_id(check_ports(facts(ports=())))["no-ports"].verdict == "warning"
    assert by_id(check_ports(facts(ports=(), program=program(venus=""))))["no-ports"].verdict == "note"
    assert "port-state" not in by_id(check_ports(facts(ports=(port(link=None),))))


# --- the controller and the traffic ---


@pytest.mark.parametrize(
    ("changes", "id", "verdict", "said"),
    [
        ({}, "port-state", "ok", "can0 is up, 250 kbit/s, ERROR-ACTIVE; error counters: receive 0, transmit 0"),
        ({"state": "", "rx_errors": None}, "port-state", "ok", "can0 is up"),
        ({"bitrate": None}, "port-state", "ok", "can0 is up, ERROR-ACTIVE"),
        ({"up": False}, "port-down", "problem", "can0 is down"),
        ({"bitrate": 500_000}, "bit-rate", "problem", "500 kbit/s; VE.Can has 250 kbit/s"),
        ({"state": "BUS-OFF"}, "bus-off", "problem", "has left the bus"),
        ({"state": "ERROR-PASSIVE", "tx_errors": 128}, "can-errors", "warning", "ERROR-PASSIVE; error counters"),
        ({"state": "ERROR-WARNING"}, "can-errors", "warning", "ERROR-WARNING"),
        ({"rx_errors": 96}, "can-errors", "warning", "receive 96"),
        ({"tx_errors": 96}, "can-errors", "warning", "transmit 96"),
        ({"bus_offs": 2}, "can-errors-past", "note", "times bus-off: 2, error-passive: 0"),
        ({"passives": 2}, "can-errors-past", "note", "error-passive: 2"),
        ({"dropped": 8, "overruns": 3}, "frames-lost", "warning", "lost 11 frames of 9011 (dropped 8, overruns 3)"),
        ({"faulty": 11}, "frames-faulty", "warning", "11 faulty frames"),
    ],
)
def test_what_a_controller_says(changes: dict[str, Any], id: str, verdict: str, said: str) -> None:
    found = link(**changes)[id]
    assert (found.verdict, said in found.text) == (verdict, True), found


def test_a_few_losses_and_faults_are_nothing() -> None:
    assert not {"frames-lost", "frames-faulty"} & link(dropped=9, faulty=9).keys()


def test_a_port_that_gxbridge_does_not_use_may_be_down_quiet_or_faster() -> None:
    assert link(ours=False, up=False)["port-down"].verdict == "note"
    assert "bit-rate" not in link(ours=False, bitrate=500_000)
    assert "bus-quiet" not in link(GOOD_LINK, ours=False)


def test_bus_off_for_good_and_bus_off_that_restarts() -> None:
    assert "restart-ms" in link(state="BUS-OFF", restart_ms=0)["bus-off"].advice
    assert "restart-ms" not in link(state="BUS-OFF")["bus-off"].advice


@pytest.mark.parametrize(
    ("frames", "kind", "id", "verdict", "said"),
    [
        (200, "can", "bus-load", "ok", "100 frames/s, 6 % of the bit rate"),
        (2000, "can", "bus-load", "note", "55 %"),
        (3400, "can", "bus-load", "warning", "is full: 1700 frames/s, 94 %"),
        (200, "vcan", "bus-load", "ok", "100 frames/s"),
        (0, "can", "bus-quiet", "warning", "nothing was heard on can0 for 2 s (frames since it came up: 9000)"),
    ],
)
def test_the_load_of_a_bus(frames: int, kind: str, id: str, verdict: str, said: str) -> None:
    later = dataclasses.replace(GOOD_LINK, frames=10_000 + frames, data_bytes=80_000 + 8 * frames)
    found = link(later, kind=kind)[id]
    assert (found.verdict, said in found.text) == (verdict, True), found


def test_no_load_without_two_looks_and_none_over_a_restart_of_the_counters() -> None:
    assert not {"bus-load", "bus-quiet"} & link(None).keys()
    assert load_percent(GOOD_LINK, dataclasses.replace(LATER, frames=3, data_bytes=1), 2.0) is None
    assert load_percent(GOOD_LINK, LATER, 0.0) is None
    assert load_percent(GOOD_LINK, dataclasses.replace(LATER, frames=10**9), 2.0) == 100.0
    assert load_percent(GOOD_LINK, dataclasses.replace(LATER, bitrate=None), 2.0) == load_percent(GOOD_LINK, LATER, 2.0)
    quiet = by_id(check_link("S", GOOD_LINK, LATER, 0.0, ours=True))
    assert "0 frames/s" in quiet["bus-load"].text


# --- iproute2 ---


def test_the_statistics_of_a_gx_are_read() -> None:
    assert parse_link(STATISTICS) == CanInterface(
        "can0", up=True, kind="can", state="ERROR-ACTIVE", bitrate=250_000, rx_errors=3, tx_errors=0, bus_offs=1,
        passives=2, restart_ms=1000, frames=110, data_bytes=880, received=100, dropped=5, overruns=6, faulty=5,
    )  # fmt: skip


def test_a_virtual_interface_has_no_controller() -> None:
    text = '[{"ifname": "vcan0", "flags": ["UP"], "linkinfo": {"info_kind": "vcan"}, "stats64": {}}]'
    assert parse_link(text) == CanInterface("vcan0", kind="vcan")
    assert parse_link('[{"ifname": "vcan0", "flags": []}]') == CanInterface("vcan0", up=False)


def test_a_serial_adapter_has_its_bit_rate_elsewhere() -> None:
    """Of iproute2 6.1 about a real slcan interface."""
    text = (
        '[{"ifname":"can0","flags":["NOARP","UP","LOWER_UP"],"linkinfo":{"info_kind":"can","info_data":{'
        '"ctrlmode_supported":["LISTEN-ONLY"],"state":"ERROR-ACTIVE","restart_ms":0,"bittiming_bitrate":250000,'
        '"bitrate_const":[10000,250000,1000000],"clock":0}},"stats64":{"rx":{"packets":1},"tx":{"packets":2}}}]'
    )
    found = parse_link(text)
    assert found is not None
    assert (found.bitrate, found.state, found.rx_errors, found.frames) == (250_000, "ERROR-ACTIVE", None, 3)


@pytest.mark.parametrize(
    "text", [None, 7, "", "{", "{}", "[]", "[7]", '[{"ifname": 3}]', "[" * 100_000, "null", '[{"mtu": 16}]']
)
def test_what_is_no_statistics_is_none(text: object) -> None:
    assert parse_link(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["linkinfo", "info_data", "stats64", "rx", "flags", "packets"]), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON)
def test_statistics_of_any_shape_never_raise(data: object) -> None:
    found = parse_link(json.dumps([{"ifname": "can0", "linkinfo": data, "stats64": data, "flags": data}]))
    assert found is not None
    list(check_link("S", found, found, 1.0, ours=True))
