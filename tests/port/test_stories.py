"""What may happen between a word and its charger, with the simulated devices on simulated time.

In all of them the sea looks in every tenth of a second that nobody is raised beyond what the BMS allows for all; see
tests/port/test_link.py.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from gxbridge.core.blackbox.box import lines, parse
from gxbridge.core.blackbox.play import replay
from gxbridge.core.blackbox.recorder import RecordingBridge
from gxbridge.core.blackbox.timeline import facts_of
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.nmea2000.name import Name
from tests.core.boat import NO_CHARGE
from tests.core.vecan.link.wire import register_frame
from tests.port.fleet import FLEET
from tests.port.node import BMS_LOST, CHARGE_LIMIT, DEVICE_STATE, ERROR_CODE, MODE, VSET, exchange
from tests.port.test_link import CURRENT, NETWORK, VECAN, VOLTAGE, Sea

US = 0xC8
MPPT, RS = "mppt", "mppt-rs"
TAKEN_A = 700
"""What an MPPT 150/70 holds before it is told anything (0.1 A)."""


def at_100_a(first: float, second: float, **setup: Any) -> Sea:
    """Two chargers of up to 70 A each, a BMS that allows 100 A, and what a controller wants for them."""
    sea = Sea(MPPT, RS, **setup)
    sea.said[0x0391] = 1000
    want(sea, first, second)
    sea.sail(12)
    assert amps(sea) == (first * 10, second * 10)
    assert sea.findings() == []
    return sea


def want(sea: Sea, first: float, second: float) -> None:
    sea.words |= {(MPPT, CURRENT): first, (RS, CURRENT): second}


def amps(sea: Sea) -> Any:
    """What they hold, in tenths of an ampere; the gate rounds by 0.1 A for each charger."""
    return pytest.approx(tuple(sea.told(name)[CHARGE_LIMIT] for name in (MPPT, RS)), abs=2.1)


def writes(sea: Sea, register: int = CHARGE_LIMIT) -> list[tuple[int, int]]:
    """(receiver, raw number) of what has left since `left` was emptied."""
    return [
        (can_id >> 8 & 0xFF, int.from_bytes(data[4:6], "little"))
        for can_id, data in sea.left
        if can_id >> 16 & 0xFF == 0xEF and data[2:4] == register.to_bytes(2, "little")
    ]


# --- acknowledgements -------------------------------------------------------------------------------------------------


def test_a_charger_that_takes_it_and_never_says_so_counts_with_the_higher_of_both() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.nodes[MPPT].lose_acks = 1000
    want(sea, 35.0, 65.0)
    sea.sail(2)
    assert amps(sea) == (350, 400), "it may still have 60 A, for all that anybody knows"
    sea.sail(10)
    assert amps(sea) == (350, 650), "it answers the question what it has"
    assert sea.findings() == []


def test_one_that_answers_nothing_at_all_is_waited_for_as_long_as_it_keeps_a_word() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.nodes[MPPT].lose_writes = 1000
    sea.nodes[MPPT].lose_acks = 1000
    want(sea, 35.0, 65.0)
    sea.sail(45)
    assert amps(sea) == (600, 400)
    assert "link-not-followed" in sea.findings()


def test_after_a_raise_and_a_lowering_that_were_not_answered_the_raise_counts() -> None:
    """60 A may have been taken, and 20 A after it not."""
    sea = at_100_a(40.0, 40.0)
    node = sea.nodes[MPPT]
    node.lose_acks = 1
    want(sea, 60.0, 40.0)
    sea.write()
    sea.sail(0.5)
    assert amps(sea) == (600, 400)
    node.lose_writes = 1000
    want(sea, 20.0, 80.0)
    sea.sail(4)
    assert amps(sea) == (600, 400)


def test_the_answer_for_another_register_is_none() -> None:
    sea = at_100_a(60.0, 40.0)
    node = sea.nodes[MPPT]
    node.lose_writes = 3
    want(sea, 35.0, 65.0)
    sea.sail(0.5)
    said = struct.pack("<HH", MODE, 0x8100)
    at = FLEET[MPPT].address
    sea.also = [register_frame(at, MODE, "0D"), register_frame(at, 2, said.hex(), US)]
    sea.sail(1)
    assert amps(sea) == (600, 400)
    assert sea.findings() == []
    sea.sail(12)
    assert amps(sea) == (350, 650)


def test_a_late_answer_to_the_word_before_is_none_either() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.lag_s = 1.5
    want(sea, 20.0, 40.0)
    sea.write()
    sea.sail(1)
    want(sea, 60.0, 40.0)
    sea.write()
    sea.sail(0.2)
    sea.nodes[MPPT].lose_writes = 1000
    want(sea, 20.0, 80.0)
    sea.sail(4)
    assert amps(sea) == (600, 400), "it said 20 A, but to the first of these words"


# --- the bus ----------------------------------------------------------------------------------------------------------


def test_what_changes_while_the_bus_is_off_is_told_at_once_when_it_is_back_the_lower_first() -> None:
    sea = at_100_a(60.0, 40.0)
    want(sea, 30.0, 70.0)
    sea.bus_off = True
    sea.sail(9)
    assert amps(sea) == (600, 400)
    sea.bus_off = False
    sea.left.clear()
    sea.sail(2)
    assert writes(sea)[0] == (FLEET[MPPT].address, 300)
    sea.sail(3)
    assert amps(sea) == (300, 700)
    assert sea.findings() == []


def test_all_is_told_anew_when_it_is_back() -> None:
    sea = Sea(MPPT)
    sea.control([MPPT])
    sea.sail(5)
    sea.bus_off = True
    sea.sail(6)
    sea.bus_off = False
    sea.left.clear()
    sea.sail(1.5)
    assert {len(writes(sea, register)) > 0 for register in (CHARGE_LIMIT, MODE, VSET)} == {True}


def test_a_driver_that_keeps_frames_has_no_raise_to_say_when_it_is_plugged_in_again() -> None:
    """A CAN controller with nobody to acknowledge tries the same frame for ever, and behind it the queue waits."""
    sea = at_100_a(30.0, 40.0)
    sea.queue = deque()
    sea.sail(6)
    want(sea, 60.0, 40.0)
    sea.sail(3)
    sea.left.clear()
    sea.say(io=NO_CHARGE)
    sea.sail(5)
    assert {raw for _, raw in writes(sea)} == {0}, "what lowers may wait there"
    sea.plug_in()
    assert amps(sea) == (0, 0)
    sea.sail(3)
    assert amps(sea) == (0, 0)


def test_a_raise_from_just_before_the_cut_is_taken_back_at_once() -> None:
    """It was lawful when it was sent; a driver with room for three frames says it when it is plugged in."""
    sea = at_100_a(30.0, 40.0)
    sea.queue = deque()
    want(sea, 60.0, 40.0)
    sea.sail(3)
    sea.say(io=NO_CHARGE)
    sea.sail(30)
    kept, sea.queue = [*sea.queue][:3], None
    sea.send(*exchange(sea.nodes.values(), kept, sea.now)[len(kept) :])
    assert amps(sea) == (600, 400)
    sea._held = {MPPT: 600, RS: 400}
    sea.left.clear()
    sea.sail(0.3)
    assert amps(sea) == (0, 0)
    assert {raw for _, raw in writes(sea)} == {0}


def test_a_lowering_that_waits_in_a_driver_arrives_before_anything_else() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.queue = deque()
    sea.sail(4)
    want(sea, 20.0, 40.0)
    sea.sail(4)
    sea.plug_in()
    assert amps(sea) == (200, 400)
    sea.sail(5)
    assert amps(sea) == (200, 400)
    assert sea.findings() == []


def test_while_the_bus_is_off_the_findings_are_true() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.bus_off = True
    want(sea, 30.0, 40.0)
    sea.sail(8)
    assert sea.findings() == ["link-silent"], "who was to be lowered, and says nothing"
    sea.bus_off = False
    sea.sail(4)
    assert sea.findings() == []


# --- the mode before the current --------------------------------------------------------------------------------------


def bms_lost(*devices: str, ccl_a: int = 150, **setup: Any) -> Sea:
    """Chargers in the sun, each of which could make 110 A, that were told of a BMS and then of nothing for a minute."""
    sea = Sea(*devices, **setup)
    sea.said[0x0391] = ccl_a * 10
    sea.control(devices, 40.0)
    sea.words[None, NETWORK] = 13
    sea.sail(12)
    for node in sea.nodes.values():
        node.source_a = 110.0
    assert [sea.told(device)[CHARGE_LIMIT] for device in devices] == [400] * len(devices)
    sea.words.clear()
    sea.sail(130)
    assert errors(sea) == [BMS_LOST] * len(devices)
    return sea


def errors(sea: Sea) -> list[int]:
    return [node.registers[ERROR_CODE][0] for node in sea.nodes.values()]


def modes(*devices: str) -> dict[tuple[str | None, str], Any]:
    return {(None, NETWORK): 13} | {(device, NETWORK): 13 for device in devices}


@pytest.mark.parametrize("later_s", [0.0, 0.5, 2.5, 6.0])
@pytest.mark.parametrize("to", [(MPPT, RS), ()], ids=["to each", "to all"])
def test_after_error_67_nobody_begins_to_charge_before_it_was_told_its_current(
    to: tuple[str, ...], later_s: float
) -> None:
    """The vendor's controller writes the modes first: each of these chargers would begin with 110 A."""
    sea = bms_lost(MPPT, RS)
    sea.words = modes(*to) | {(None, VOLTAGE): 28.4}
    sea.sail(later_s)
    assert errors(sea) == [BMS_LOST, BMS_LOST] or not later_s
    want(sea, 65.0, 65.0)
    sea.sail(3)
    assert errors(sea) == [0, 0]
    assert [node.current_a for node in sea.nodes.values()] == [65.0, 65.0]
    sea.sail(10)
    assert sea.findings() == []


@pytest.mark.parametrize("lost", [1, 2])
def test_nor_when_the_current_is_lost_on_its_way(lost: int) -> None:
    sea = bms_lost(MPPT, RS)
    sea.nodes[RS].lose_writes = lost
    sea.words = modes(MPPT, RS) | {(None, VOLTAGE): 28.4}
    want(sea, 65.0, 65.0)
    sea.sail(0.9)
    assert errors(sea)[1] == BMS_LOST
    sea.sail(6)
    assert [node.current_a for node in sea.nodes.values()] == [65.0, 65.0]


@pytest.mark.parametrize("claims", [True, False])
def test_one_that_comes_back_waits_for_its_current_and_so_does_everybody_s_mode(claims: bool) -> None:
    """The controller writes for it again only when its service is there; the other one goes on meanwhile."""
    sea = bms_lost(MPPT, RS)
    sea.control([MPPT], 65.0)
    sea.words[None, NETWORK] = 13
    node = sea.nodes[RS]
    node.quiet(True, sea.now)
    sea.sail(30)
    assert errors(sea) == [0, BMS_LOST]
    if claims:
        node.quiet(False, sea.now)
    else:
        node._quiet = False
    sea.sail(1.5)
    sea.left.clear()
    sea.sail(30)
    assert errors(sea) == [0, BMS_LOST]
    assert {to for to, _ in writes(sea, MODE)} == {FLEET[MPPT].address}
    assert sea.findings() == ["link-mode-waits"]
    want(sea, 65.0, 65.0)
    sea.sail(4)
    assert [node.current_a for node in sea.nodes.values()] == [65.0, 65.0]
    assert sea.findings() == []


def test_a_controller_that_never_writes_a_current_has_its_mode_sent_after_a_while() -> None:
    sea = Sea(MPPT)
    sea.nodes[MPPT].source_a = 10.0
    sea.words = modes(MPPT) | {(None, VOLTAGE): 28.4}
    sea.sail(19)
    assert sea.told(MPPT) == {VSET: 2840}
    assert sea.findings() == ["link-mode-waits", "link-mode-waits"]
    sea.sail(3)
    assert sea.told(MPPT) == {VSET: 2840, MODE: 13}
    assert sea.findings() == []


def test_nobody_waits_for_one_that_is_off_as_its_controller_writes_it_no_current() -> None:
    sea = Sea(MPPT, RS)
    sea.nodes[RS].device = replace(FLEET[RS], registers={**FLEET[RS].registers, DEVICE_STATE: b"\0"})
    sea.sail(1)
    sea.words = modes(MPPT, RS) | {(MPPT, CURRENT): 50.0}
    sea.sail(4)
    assert sea.told(MPPT) == {CHARGE_LIMIT: 500, MODE: 13}
    assert sea.findings() == []


@pytest.mark.parametrize("after_s", [0.5, 1.7, 2.9, 4.1, 5.3, 6.5, 7.7])
def test_who_is_cut_off_at_any_moment_forgets_the_mode_first(after_s: float) -> None:
    sea = Sea(MPPT, RS)
    sea.said[0x0391] = 1200
    sea.control([MPPT, RS])
    sea.words[None, NETWORK] = 13
    sea.sail(12 + after_s)
    for node in sea.nodes.values():
        node.source_a = 110.0
    sea.sail(0.1)
    sea.bus_off = True
    sea.sail(70)
    assert errors(sea) == [BMS_LOST, BMS_LOST]


def test_a_mode_ends_before_the_current() -> None:
    sea = Sea(MPPT)
    sea.said[0x0391] = 600
    sea.nodes[MPPT].source_a = 110.0
    sea.words = modes(MPPT) | {(MPPT, CURRENT): 50.0}
    sea.sail(12)
    del sea.words[MPPT, CURRENT]
    sea.sail(100)
    assert sea.nodes[MPPT].current_a == 50.0
    sea.sail(12)
    assert errors(sea) == [BMS_LOST]
    assert sea.findings() == ["link-mode-waits", "link-mode-waits"]


def test_a_voltage_is_there_before_the_mode() -> None:
    sea = bms_lost(MPPT)
    sea.words = modes(MPPT)
    want_first = {(MPPT, CURRENT): 50.0}
    sea.words |= want_first | {(None, VOLTAGE): 28.4}
    sea.left.clear()
    sea.sail(3)
    sent = [int.from_bytes(data[2:4], "little") for can_id, data in sea.left if can_id >> 16 & 0xFF == 0xEF]
    assert sent.index(VSET) < sent.index(MODE)
    assert sent.index(CHARGE_LIMIT) < sent.index(MODE)
    node = sea.nodes[MPPT]
    node.quiet(True, sea.now)
    sea.sail(4)
    node.told.clear()
    node.quiet(False, sea.now)
    sea.left.clear()
    sea.sail(2)
    sent = [int.from_bytes(data[2:4], "little") for can_id, data in sea.left if can_id >> 16 & 0xFF == 0xEF]
    assert sent.index(VSET) < sent.index(MODE), "told anew at once, also what is told to all"


def test_a_voltage_that_the_gate_holds_back_is_not_waited_for() -> None:
    """Nor is the current more than 0 A then."""
    sea = bms_lost(MPPT)
    sea.said[0x0390] = 0xFFFFFFFF
    sea.words = modes(MPPT) | {(MPPT, CURRENT): 50.0, (None, VOLTAGE): 28.4}
    sea.sail(5)
    assert sea.told(MPPT) == {CHARGE_LIMIT: 0, MODE: 13}


def test_the_first_try_lets_nobody_charge_by_its_own_setting() -> None:
    """Nothing was confirmed yet, and the chargers wait in error 67 for what was there before gxbridge."""
    sea = Sea(MPPT, RS, remembered=Remembered())
    sea.said[0x0391] = 1500
    for node in sea.nodes.values():
        node.source_a = 110.0
        node.set({ERROR_CODE: bytes([BMS_LOST])})
    sea.words = modes(MPPT, RS) | {(None, VOLTAGE): 28.4}
    want(sea, 65.0, 65.0)
    sea.sail(25)
    assert sea.findings() == ["link-unconfirmed"]
    assert sea.bridge.link is not None
    out = sea.bridge.link.out
    assert out.try_device(f"{Name(FLEET[MPPT].name).unique_number}") == ""
    sea.sail(20)
    assert all("confirmed" in line and "not confirmed" not in line for line in out.report), out.report
    assert set(out.confirmed) == {"2001 broadcast", "200E broadcast", "200E addressed", "2015 addressed"}
    sea.sail(10)
    assert [node.current_a for node in sea.nodes.values()] == [65.0, 65.0]


# --- two controllers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [0xE1, US], ids=["a GX", "from our own address"])
def test_a_second_controller_ends_it_in_the_same_moment(source: int) -> None:
    sea = at_100_a(60.0, 40.0)
    sea.left.clear()
    want(sea, 20.0, 70.0)
    sea.write()
    sea.bridge.tick(sea.now)
    sea.send(register_frame(source, CHARGE_LIMIT, "2C01", FLEET[RS].address))
    assert sea.bridge.transmitter.outgoing(sea.now + 0.2) == []
    sea.sail(50)
    assert writes(sea) == []
    assert sea.findings() == ["link-other-controller"]
    assert sea.answers == {0, 2}
    sea.sail(20)
    assert amps(sea) == (200, 700), "it has said nothing for a minute"


# --- ours, and the charger's, ends and begins ------------------------------------------------------------------------


def test_a_restart_in_the_middle_raises_nobody_before_the_other_has_shown_what_it_holds() -> None:
    sea = at_100_a(60.0, 40.0)
    want(sea, 35.0, 65.0)
    sea.nodes[MPPT].lose_writes = 20
    sea.start_anew()
    sea.sail(3)
    held = [sea.told(name)[CHARGE_LIMIT] for name in (MPPT, RS)]
    assert held[0] == 600
    assert held[1] <= 402
    sea.nodes[MPPT].lose_writes = 0
    sea.sail(15)
    assert amps(sea) == (350, 650)
    assert sea.findings() == []


def test_without_our_name_nothing_leaves_and_then_the_newest_word_does() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.bridge.hold_name(False)
    sea.left.clear()
    want(sea, 30.0, 70.0)
    sea.sail(20)
    assert writes(sea) == []
    assert amps(sea) == (600, 400)
    sea.bridge.hold_name(True)
    sea.sail(4)
    assert amps(sea) == (300, 700)


def test_a_charger_that_moves_in_the_middle_is_told_where_it_is() -> None:
    sea = at_100_a(60.0, 40.0)
    sea.nodes[MPPT].lose_writes = 1
    want(sea, 35.0, 65.0)
    sea.sail(0.4)
    sea.nodes[MPPT].move(0x66, sea.now)
    sea.left.clear()
    sea.sail(6)
    assert (0x66, 350) in writes(sea)
    assert all(to != FLEET[MPPT].address for to, _ in writes(sea))
    assert amps(sea) == (350, 650)
    assert sea.findings() == []


@pytest.mark.parametrize("says_its_registers", [True, False])
def test_a_charger_that_is_started_anew_is_told_at_once(says_its_registers: bool) -> None:
    sea = at_100_a(60.0, 40.0)
    node = sea.nodes[MPPT]
    node.quiet(True, sea.now)
    sea.sail(3)
    node.told.clear()
    node.registers[CHARGE_LIMIT] = TAKEN_A.to_bytes(2, "little")
    node.quiet(False, sea.now)
    if not says_its_registers:
        node.tick(sea.now)
        node._claim(sea.now)
    sea.sail(1.5)
    assert sea.told(MPPT)[CHARGE_LIMIT] == 600
    assert sea.findings() == []


def test_one_that_only_says_that_it_has_another_value_now_is_told_at_once_too() -> None:
    sea = at_100_a(60.0, 40.0)
    node = sea.nodes[MPPT]
    sea.sail(2)
    del node.told[CHARGE_LIMIT]
    node.set({CHARGE_LIMIT: TAKEN_A.to_bytes(2, "little")})
    sea.sail(1.2)
    assert sea.told(MPPT)[CHARGE_LIMIT] == 600


def test_one_that_goes_back_to_another_value_each_time_is_not_told_without_end() -> None:
    sea = at_100_a(60.0, 40.0)
    node = sea.nodes[MPPT]
    sea.left.clear()
    for _ in range(20):
        sea.sail(0.5)
        node.set({CHARGE_LIMIT: TAKEN_A.to_bytes(2, "little")})
    assert len([raw for to, raw in writes(sea) if to == node.address]) <= 11


# --- the black box ----------------------------------------------------------------------------------------------------


def test_a_black_box_shows_what_chargers_were_told_and_showed() -> None:
    sea = Sea(MPPT)
    boxed = RecordingBridge(sea.bridge.setup, 4 << 20)
    sea.bridge = boxed
    boxed.hold_name(True)
    sea.come_aboard()
    sea.control([MPPT])
    sea.sail(20)
    sea.nodes[MPPT].lose_writes = 2
    sea.words[MPPT, CURRENT] = 30.0
    sea.sail(20)
    frozen = boxed.keep_now("command", "a test asks", sea.now)
    assert frozen is not None, boxed.recorder_fault
    box = parse(lines(frozen, "test", "digest"))
    service = sea.target(MPPT).service
    current = f"{service}/Link/ChargeCurrent", f"{service} shows /Link/ChargeCurrent"
    said = [moment for moment in facts_of(box).timeline if moment.text.removeprefix("tells ").startswith(current)]
    assert [moment.text for moment in said] == [
        f"tells {service}/Link/ChargeCurrent 50 on CAN",
        f"{service} shows /Link/ChargeCurrent 50",
        f"tells {service}/Link/ChargeCurrent 30 on CAN",
        f"{service} shows /Link/ChargeCurrent 30",
    ]
    assert said[3].at - said[2].at == pytest.approx(2.0), "two words of it were lost"
    assert any(moment.text == f"tells {VECAN}/Link/ChargeVoltage 28.4 on CAN" for moment in facts_of(box).timeline)
    assert replay(box).differing == 0


# --- nothing at off ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setup", [{"transmit": "off"}, {"transmit": "requests"}, {"mode": "monitor"}])
def test_whatever_happens_nothing_is_told_where_it_is_not_configured(setup: dict[str, Any]) -> None:
    sea = Sea(MPPT, RS, **setup)
    sea.control([MPPT, RS])
    sea.bus_off = True
    sea.sail(4)
    sea.bus_off = False
    sea.nodes[MPPT].move(0x66, sea.now)
    sea.start_anew()
    sea.sail(12)
    assert [found for node in sea.nodes.values() for found in node.heard if found[2] == US] == []
    assert writes(sea) == []
    assert setup.get("transmit") != "off" or sea.left == []
