"""Stories of a port that gxbridge serves wholly: the words come by its own D-Bus services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gxbridge.core.cycle import Cycle
from gxbridge.core.gate.link import STILL_HELD
from gxbridge.core.model.items import Value
from gxbridge.core.vecan.link.link_out import LinkAnswer
from tests.core.boat import NO_CHARGE, solar, vendor_lynx
from tests.port.fleet import FLEET
from tests.port.node import BMS_LOST, CHARGE_LIMIT, ERROR_CODE, VSET
from tests.port.test_link import CURRENT, NETWORK, VOLTAGE, Sea
from tests.port.test_stories import writes

SETTINGS = "com.victronenergy.settings"
MPPT, RS, MULTI, MULTI_2 = "mppt", "mppt-rs", "multi-rs", "multi-rs-2"


class ServedSea(Sea):
    """The services are those of the port, under the names that it gives them; each has an instance of its own."""

    def __init__(self, *devices: str, **setup: Any) -> None:
        super().__init__(*devices, **{"serve": ("can0",), **setup})

    def come_aboard(self) -> None:
        """They appear by themselves."""

    def service(self, device: str | None) -> str:
        assert self.bridge._port is not None
        if device is None:
            return "com.victronenergy.vecan.can0"
        mark = f"_uc{FLEET[device].name & 0x1FFFFF}"
        return next((view.name for view in self.bridge._port.views if view.name.endswith(mark)), "gone")

    def write(self) -> None:
        assert self.bridge._port is not None
        for number, view in enumerate(self.bridge._port.views):
            if view.key not in self.bridge._own_batteries.identities:
                self.bridge.set_identity(view.key, number, "")
        for (device, path), value in self.words.items():
            self.answers.add(self.say_link(device, path, value).code)

    def say_link(self, device: str | None, path: str, value: Value) -> LinkAnswer:
        return self.bridge.orders.write_port_link(self.service(device), path, value, self.now)

    def all_findings(self) -> set[str]:
        return {*self.findings(), *(found.id for found in self.bridge.finding_log.current)}


def steered(*devices: str, amps_each: float = 50.0, ccl_a: int = 100, **setup: Any) -> ServedSea:
    sea = ServedSea(*devices, **setup)
    sea.said[0x0391] = ccl_a * 10
    sea.sail(4)
    sea.words = {(device, CURRENT): amps_each for device in devices} | {(None, VOLTAGE): 28.4}
    sea.sail(12)
    assert {sea.told(device)[CHARGE_LIMIT] for device in devices} == {round(amps_each * 10)}
    sea.left.clear()
    sea.answers.clear()
    return sea


# --- the vendor's driver ----------------------------------------------------------------------------------------------

THEIRS = "com.victronenergy.solarcharger.socketcan_can0_vi7_uc283819"
OF_THE_PORT = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"
ELSEWHERE = "com.victronenergy.solarcharger.socketcan_vecan1_vi7_uc283819"


def named_vecan(sea: ServedSea) -> None:
    sea.bridge.service_named("com.victronenergy.vecan.can0_1", sea.now)


def their_battery(sea: ServedSea) -> None:
    sea.add(OF_THE_PORT, vendor_lynx())


def profile(sea: ServedSea) -> None:
    sea.set(SETTINGS, **{"/Settings/Canbus/can0/Profile": 1})


def their_charger(sea: ServedSea) -> None:
    sea.bridge.service_named(ELSEWHERE, sea.now)
    sea.add(ELSEWHERE, solar(70.0, **{"/N2kUniqueNumber": 283819}))


@pytest.mark.parametrize(
    ("comes", "finding"),
    [
        (named_vecan, "port-taken"),
        (their_battery, "port-taken"),
        (profile, "port-driver"),
        (their_charger, "port-device-taken"),
    ],
)
def test_the_vendors_driver_that_comes_later_ends_what_is_sent_at_once(comes: Any, finding: str) -> None:
    sea = steered(MPPT, amps_each=60.0)
    sea.add(SETTINGS, {"/Settings/Canbus/can0/Profile": 5})
    sea.sail(4)
    sea.left.clear()
    ours = sea.service(MPPT)
    sea.words[MPPT, CURRENT] = 30.0
    sea.write()
    sea.bridge.tick(sea.now)
    comes(sea)
    assert sea.bridge.orders.write_port_link(ours, CURRENT, 20.0, sea.now).code == 2
    sea.sail(70)
    assert writes(sea) == [], "not even the word that stood when it came"
    assert finding in sea.all_findings()


def test_where_only_one_device_is_served_by_another_the_others_go_on() -> None:
    sea = steered(MPPT, RS)
    their_charger(sea)
    sea.sail(20)
    assert {to for to, _ in writes(sea)} == {FLEET[RS].address}
    (found,) = [one for one in sea.bridge.finding_log.current if one.id == "port-device-taken"]
    assert found.text.endswith("tells it only what it tells all chargers of the port")
    assert (0xFF, 2840) in writes(sea, VSET)


def test_a_try_ends_with_the_port() -> None:
    sea = steered(MPPT, amps_each=60.0)
    assert sea.bridge.link is not None
    out = sea.bridge.link.out
    out.confirmed.clear()
    assert out.try_device("283819") == ""
    sea.sail(0.3)
    sea.left.clear()
    their_battery(sea)
    sea.sail(10)
    assert writes(sea) == []
    assert not out.trying
    ended = "not tried to its end"
    assert {line.rpartition(": ")[2] for line in out.report} == {f"{ended}; what was found was not put back", ended}


def test_without_link_a_driver_that_comes_is_a_finding_all_the_same() -> None:
    sea = ServedSea(MPPT, transmit="off")
    sea.sail(4)
    named_vecan(sea)
    sea.sail(2)
    assert {found.id for found in sea.bridge.finding_log.current} >= {"port-taken"}


# --- what is gone from D-Bus still charges ----------------------------------------------------------------------------


def test_one_that_is_gone_from_d_bus_counts_until_it_has_forgotten_its_word() -> None:
    sea = steered(MPPT, RS)
    sea.nodes[MPPT].source_a = 50.0
    sea.nodes[MPPT].quiet(True, sea.now)
    sea.sail(12)
    assert sea.service(MPPT) == "gone"
    del sea.words[MPPT, CURRENT]
    sea.words[RS, CURRENT] = 90.0
    sea.sail(30)
    assert sea.nodes[MPPT].current_a == 50.0, "it goes on: its cable to the battery is not that to the bus"
    assert sea.told(RS)[CHARGE_LIMIT] <= 502
    sea.nodes[MPPT].source_a = 0.0
    sea.sail(30)
    assert sea.told(RS)[CHARGE_LIMIT] == 900


UNPLUGGED = {
    "its word was shown": 64.0,
    "its word was not answered": 64.0,
    "gxbridge was started anew, and only its own setting is known": 20.0,
    "all the bus was silent": 64.0,
}
"""How one was told 64 A, and what its controller wants of it at last."""


def unplugged(how: str) -> ServedSea:
    """Three chargers share 150 A; the cable of the one with 64 A is pulled while it charges."""
    sea = ServedSea(RS, MPPT, MULTI)
    sea.said[0x0391] = 1500
    sea.sail(4)
    node = sea.nodes[RS]
    sea.words = {
        (RS, CURRENT): 30.0 if how == "its word was not answered" else 64.0,
        (MPPT, CURRENT): 60.0,
        (MULTI, CURRENT): 26.0,
        (None, NETWORK): 13,
    }
    sea.sail(12)
    for one in sea.nodes.values():
        one.source_a = 100.0
    sea.sail(2)
    if how == "its word was not answered":
        sea.words[RS, CURRENT] = UNPLUGGED[how]
        node.lose_acks = 1
        sea.write()
        sea.sail(0.2)
    elif how == "gxbridge was started anew, and only its own setting is known":
        node.device = replace(node.device, live=node.device.live - {CHARGE_LIMIT})
        del node.registers[CHARGE_LIMIT]
        node.lose_writes = 1000
        started = sea.now
        sea.start_anew()
        sea.words[RS, CURRENT] = UNPLUGGED[how]
        while sea.service(RS) == "gone":
            sea.sail(1)
        sea.sail(3.2)
        node.told[CHARGE_LIMIT] = 640, started
    elif how == "all the bus was silent":
        sea.bus_off = True
        sea.sail(8)
    node.quiet(True, sea.now)
    sea.bus_off = False
    assert node.current_a == 64.0
    return sea


@pytest.mark.parametrize("how", UNPLUGGED)
def test_one_whose_cable_is_pulled_goes_on_and_nobody_is_given_its_share(how: str) -> None:
    sea = unplugged(how)
    seconds, made = 0, 150.0
    while made <= 150.0 and seconds < 200:
        if sea.service(RS) == "gone":
            sea.words.pop((RS, CURRENT), None)
            sea.words |= {(MPPT, CURRENT): 70.0, (MULTI, CURRENT): 100.0}
        sea.sail(1)
        seconds, made = seconds + 1, sum(sea.nodes[name].current_a for name in (MPPT, MULTI)) + 1
        assert made + sea.nodes[RS].current_a <= 152.0, seconds
    assert sea.nodes[RS].current_a == 0.0
    assert 50 < seconds < 100, "and then they have all of it"


def test_a_start_of_ours_lets_nobody_begin_that_has_not_said_yet_what_it_holds() -> None:
    """The port is on D-Bus before its chargers are, and the vendor's controller writes a mode for all of it."""
    sea = steered(MPPT, RS, MULTI, ccl_a=150)
    sea.words[None, NETWORK] = 13
    sea.sail(12)
    sea.words.clear()
    sea.sail(130)
    for name, node in sea.nodes.items():
        node.source_a = 60.0
        assert node.registers[ERROR_CODE][0] == BMS_LOST, name
    sea.start_anew()
    sea.words = {(device, CURRENT): 50.0 for device in sea.nodes} | {(None, VOLTAGE): 28.4, (None, NETWORK): 13}
    made = 0.0
    for _ in range(300):
        sea.sail(0.1)
        made = sum(node.current_a for node in sea.nodes.values())
        assert made <= 150.0, sea.now
    assert made == 150.0


def test_a_controller_is_not_blamed_for_one_that_refuses_its_word() -> None:
    sea = ServedSea(MPPT, RS)
    sea.said[0x0391] = 1500
    sea.nodes[RS].refusals = {CHARGE_LIMIT: 0x8300}
    sea.sail(4)
    sea.words = {(device, CURRENT): 50.0 for device in (MPPT, RS)}
    sea.sail(20)
    assert sea.bridge.link is not None
    found = {one.id: one.text for one in sea.bridge.link.findings}
    assert found["link-refused"].startswith(f"{sea.service(RS)} refuses")
    assert found["link-gate"].startswith(f"{sea.service(MPPT)} {CURRENT} = 50.0 is written")
    assert found["link-gate"].endswith(f"pass (such words: 1): {STILL_HELD}"), "they are told 100 A of 150 A"


def test_a_charger_that_goes_to_sleep_is_no_alarm_of_the_gate_and_a_mode_waits_for_it_a_minute() -> None:
    sea = steered(MPPT, RS)
    sea.words[None, NETWORK] = 13
    sea.sail(4)
    sea.nodes[RS].quiet(True, sea.now)
    waited = 0
    for _ in range(70):
        if sea.service(RS) == "gone":
            sea.words.pop((RS, CURRENT), None)
        sea.sail(1)
        assert sea.bridge.link is not None
        assert [one.text for one in sea.bridge.link.findings if one.id == "link-gate" and "uc300450" in one.text] == []
        waits = [one for one in sea.bridge.link.findings if one.id == "link-mode-waits"]
        waited += any(
            "uc300450" in one.text and one.advice.endswith("ends by itself in about a minute") for one in waits
        )
    assert 30 < waited < 60
    assert waits == []


@pytest.mark.parametrize("level", ["off", "link"])
def test_beside_the_controller_of_a_gx_the_driver_of_a_port_is_advised_what_ends_it(level: str) -> None:
    sea = ServedSea(MPPT, transmit=level)
    sea.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    sea.sail(2)
    found = [one.advice for one in sea.bridge.finding_log.current if one.id == "two-masters"]
    assert [advice.endswith("set transmit: link") for advice in found] == ([True] if level == "off" else [])


class OwnSea(ServedSea):
    """gxbridge is the master: it tells the chargers of its port, and others by D-Bus."""

    def take(self, cycle: Cycle) -> None:
        assert self.bridge._port is not None
        ours = {view.name for view in self.bridge._port.views}
        for service, path, value in cycle.writes:
            if service in ours:
                self.bridge.orders.write_port_link(service, path, value, self.now)
            else:
                self.set(service, **{path: value})

    def told_by_d_bus(self, service: str) -> float:
        value = self.bridge._services.items[service][CURRENT]
        assert isinstance(value, float | int)
        return value


def test_what_is_told_by_d_bus_leaves_room_for_one_that_left_too() -> None:
    sea = OwnSea(RS)
    sea.said[0x0391] = 1500
    direct = "com.victronenergy.solarcharger.ttyO2"
    sea.add(direct, solar(100.0, current_a=80.0))
    sea.nodes[RS].source_a = 64.0
    sea.sail(30)
    held = sea.told(RS)[CHARGE_LIMIT] / 10
    assert sea.nodes[RS].current_a == 64.0
    assert held + sea.told_by_d_bus(direct) <= 150.2
    sea.nodes[RS].quiet(True, sea.now)
    for _ in range(45):
        sea.sail(1)
        assert sea.nodes[RS].current_a == 64.0
        assert held + sea.told_by_d_bus(direct) <= 150.2
    assert sea.service(RS) == "gone"
    assert "gate" not in sea.all_findings(), "it is decided so"
    sea.sail(45)
    assert sea.nodes[RS].current_a == 0.0
    assert sea.told_by_d_bus(direct) == 100.0


def test_one_that_has_shown_0_a_before_it_left_does_not() -> None:
    sea = steered(MPPT, RS)
    sea.words[MPPT, CURRENT] = 0.0
    sea.sail(4)
    sea.nodes[MPPT].quiet(True, sea.now)
    sea.sail(12)
    sea.words[RS, CURRENT] = 90.0
    sea.sail(4)
    assert sea.told(RS)[CHARGE_LIMIT] == 900


# --- two Multi RS, an alternator beside -------------------------------------------------------------------------------


def test_two_multi_rs_share_what_the_bms_allows() -> None:
    sea = ServedSea(MULTI, MULTI_2)
    sea.said[0x0391] = 1000
    sea.words = {(device, CURRENT): 80.0 for device in (MULTI, MULTI_2)}
    sea.words |= {(device, NETWORK): 13 for device in (MULTI, MULTI_2)}
    sea.sail(15)
    first, second = (sea.told(device)[CHARGE_LIMIT] for device in (MULTI, MULTI_2))
    assert first + second <= 1002
    assert first + second >= 990
    sea.words |= {(MULTI, CURRENT): 20.0, (MULTI_2, CURRENT): 80.0}
    sea.sail(15)
    assert (sea.told(MULTI)[CHARGE_LIMIT], sea.told(MULTI_2)[CHARGE_LIMIT]) == (200, 800)
    sea.say(io=NO_CHARGE)
    sea.sail(2)
    assert (sea.told(MULTI)[CHARGE_LIMIT], sea.told(MULTI_2)[CHARGE_LIMIT]) == (0, 0)


@pytest.mark.parametrize("broadcast", [False, True])
def test_beside_an_alternator_regulator_nothing_is_broadcast_and_each_multi_rs_told(broadcast: bool) -> None:
    sea = ServedSea(MULTI, MULTI_2, "wakespeed", link_broadcast=broadcast)
    sea.said[0x0391] = 1000
    sea.words = {(device, CURRENT): 40.0 for device in (MULTI, MULTI_2, "wakespeed")}
    sea.words |= {(None, VOLTAGE): 28.4, (None, NETWORK): 13, (MULTI, NETWORK): 13}
    sea.sail(90)
    assert set(writes(sea, VSET)) == ({(0xFF, 2840)} if broadcast else set())
    first, second = (sea.told(device)[CHARGE_LIMIT] for device in (MULTI, MULTI_2))
    assert (first, second) == (202, 0), "it takes no word for itself, and makes 80 A"
    assert ("link-broadcast-held" in sea.findings()) is not broadcast
