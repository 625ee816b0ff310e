"""Alternators: told a current, held against it, switched where a switch is all they have, and accounted for."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.read.believed.held_currents import HeldCurrents, hold_currents
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.setup import Setup
from tests.core.boat import ALL_WELL, NO_ALTERNATOR, NO_CHARGE, SOLAR, Boat, solar

ORION = "com.victronenergy.alternator.ttyUSB1"
WS500 = "com.victronenergy.alternator.socketcan_can0_vi0_uc30001"
DCDC = "com.victronenergy.dcdc.ttyUSB2"
MODE, CURRENT = "/Mode", "/Link/ChargeCurrent"


def orion(**items: Value) -> dict[str, Value]:
    """An Orion XS as a charger of the main battery."""
    return (
        solar(50.0, 0.0) | {"/DeviceInstance": 288, "/ProductId": 0xA3F0, "/ProductName": "Orion XS", MODE: 1} | items
    )


def regulator(current_a: Value = 0.0, mode: Value = None, **items: Value) -> dict[str, Value]:
    """A regulator without a link; `mode`: its switch, if it has one."""
    found: dict[str, Value] = {
        "/DeviceInstance": 0,
        "/ProductId": 0xB080,
        "/ProductName": "WS500",
        "/Mgmt/Connection": "VE.Can",
        "/Connected": 1,
        "/State": 3,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": current_a,
        **items,
    }
    return found if mode is None else found | {MODE: mode}


def boat(switches: bool = True, mode: str = "control", **services: dict[str, Value]) -> Boat:
    found = Boat(options=Options(switch_alternators=switches), mode=mode)
    for name, items in services.items():
        found.add(globals()[name], items)
    return found


def gate_findings(sailing: Boat) -> list[str]:
    return [one.text for one in sailing.react().situation.findings if one.id == "gate"]


def test_an_orion_xs_is_told_what_the_sun_leaves_and_0_a_at_a_stop() -> None:
    sailing = boat(ORION=orion(), SOLAR=solar(85.0, 150.0))
    sailing.tick(60)
    assert sailing.links[ORION, CURRENT] == 50
    assert sailing.links[ORION, "/Link/NetworkMode"] == 13, (
        "it shows #67 and does not go its own way when the BMS is lost"
    )
    sailing.say(io=NO_CHARGE)
    sailing.tick()
    assert sailing.links[ORION, CURRENT] == 0
    assert (ORION, MODE) not in sailing.links, "its current says it all"


def test_what_it_makes_is_held_against_what_it_was_told() -> None:
    sailing = boat(ORION=orion())
    sailing.say(ccl=200)
    sailing.tick(6)
    assert sailing.links[ORION, CURRENT] == 20
    sailing.set(ORION, **{"/Dc/0/Current": 45.0})
    found = {one.id: one.text for one in sailing.tick(14).situation.findings}
    assert found["charger-over-told"] == "Orion XS makes 45 A and was told 20 A"


def test_the_clock_before_the_contactor_opens_begins_with_the_word_of_the_relay() -> None:
    sailing = boat(ORION=orion())
    assert sailing.tick(6).own["/Bms/ContactorMayOpenAt"] is None
    sailing.say(io=NO_ALTERNATOR)
    cycle = sailing.tick()
    assert cycle.own["/Bms/ContactorMayOpenAt"] == round(sailing.now) + 2
    sailing.say(io=ALL_WELL)
    assert sailing.tick().own["/Bms/ContactorMayOpenAt"] is None


def test_a_regulator_without_a_link_is_taken_off_what_others_may_make_and_named() -> None:
    sailing = boat(WS500=regulator(90.0), SOLAR=solar(85.0, 10.0))
    sailing.say(ccl=1000)
    cycle = sailing.tick(6)
    assert sailing.links[SOLAR, CURRENT] == 10
    sentences = [limit.sentence for limit in cycle.decision.limits if limit.subject == SOLAR]
    assert "left by WS500" in sentences[0]
    assert (WS500, MODE) not in sailing.links


# --- the switch -------------------------------------------------------------------------------------------------------


def test_one_that_takes_no_current_is_switched_off_at_a_stop_and_on_again_a_minute_after_it() -> None:
    sailing = boat(WS500=regulator(40.0, mode=1))
    sailing.tick(6)
    assert (WS500, MODE) not in sailing.links
    sailing.say(io=NO_CHARGE)
    sailing.tick()
    assert sailing.links[WS500, MODE] == 4
    sailing.tick(120)
    sailing.say(io=ALL_WELL)
    sailing.tick(57)
    assert sailing.links[WS500, MODE] == 4, "a limit that comes and goes does not start and stop an engine's alternator"
    sailing.tick(8)
    assert sailing.links[WS500, MODE] == 1
    sailing.tick(70)
    assert sailing.bridge._control.switched_off == {}
    assert gate_findings(sailing) == []


def test_a_limit_of_0_a_and_a_lost_bms_switch_it_off_too() -> None:
    for lose in (False, True):
        sailing = boat(WS500=regulator(40.0, mode=1))
        sailing.tick(6)
        if not lose:
            sailing.say(ccl=0)
        sailing.tick(30, speaking=not lose)
        assert sailing.links[WS500, MODE] == 4
        assert gate_findings(sailing) == []


def test_a_dc_dc_charger_is_switched_like_an_alternator() -> None:
    sailing = boat(DCDC=regulator(10.0, mode=1))
    sailing.tick(6)
    sailing.say(io=NO_CHARGE)
    sailing.tick(4)
    assert sailing.links[DCDC, MODE] == 4


def test_what_somebody_else_switched_off_stays_off() -> None:
    sailing = boat(WS500=regulator(0.0, mode=4))
    sailing.tick(6)
    sailing.say(io=NO_CHARGE)
    sailing.tick(6)
    sailing.say(io=ALL_WELL)
    sailing.tick(120)
    assert (WS500, MODE) not in sailing.links


@pytest.mark.parametrize(
    ("switches", "mode", "items"),
    [
        (False, "control", regulator(10.0, mode=1)),
        (True, "monitor", regulator(10.0, mode=1)),
        (True, "control", regulator(10.0)),
        (True, "control", regulator(10.0, mode=3)),
    ],
)
def test_nothing_is_switched_unless_it_is_configured_and_has_a_switch(
    switches: bool, mode: str, items: dict[str, Value]
) -> None:
    sailing = boat(switches, mode, WS500=items)
    sailing.say(io=NO_CHARGE)
    sailing.tick(20)
    assert (WS500, MODE) not in sailing.links
    assert sailing.bridge._control.switched_off == {}


def test_beside_the_gx_s_own_controller_nothing_is_switched() -> None:
    sailing = boat(WS500=regulator(10.0, mode=1))
    sailing.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    sailing.say(io=NO_CHARGE)
    sailing.tick(20)
    assert (WS500, MODE) not in sailing.links
    assert sailing.bridge._control.switched_off == {}


def test_what_one_run_has_switched_off_the_next_one_switches_on() -> None:
    sailing = boat(WS500=regulator(40.0, mode=1))
    sailing.say(io=NO_CHARGE)
    sailing.tick(6)
    kept = sailing.bridge.remember(Remembered(), 1_796_000_000.0)
    assert [(latch.name, latch.subject) for latch in kept.latches if latch.name == "switched-off"] == [
        ("switched-off", WS500)
    ]
    assert sailing.bridge.remember(kept, 1_796_000_009.0) is kept
    again = boat(WS500=regulator(0.0, mode=4))
    again.bridge = Bridge(
        Setup(mode="control", buses=("can0",), options=Options(switch_alternators=True), remembered=kept)
    )
    again.add(WS500, regulator(0.0, mode=4))
    again.tick(12)
    assert again.links[WS500, MODE] == 1
    again.tick(70)
    assert not [one for one in again.bridge.remember(kept, 1.0).latches if one.name == "switched-off"]


# --- a current that is no longer said ---------------------------------------------------------------------------------


def held(sailing: Boat) -> str:
    return next((one.text for one in sailing.react().situation.findings if one.id == "current-held"), "")


def test_a_current_that_is_not_said_any_more_is_not_nothing() -> None:
    sailing = boat(WS500=regulator(30.0), SOLAR=solar(85.0, 50.0))
    sailing.say(ccl=700)
    sailing.tick(12)
    assert sailing.links[SOLAR, CURRENT] == pytest.approx(40.0, abs=0.2)
    for unknown in (None, "30", math.nan, []):
        sailing.set(WS500, **{"/Dc/0/Current": unknown})
        sailing.tick(12)
        assert sailing.links[SOLAR, CURRENT] == pytest.approx(40.0, abs=0.2), unknown
        assert "WS500" in held(sailing)
        assert "30 A" in held(sailing)
        assert not gate_findings(sailing)
    sailing.set(WS500, **{"/Dc/0/Current": 10.0})
    sailing.tick(12)
    assert sailing.links[SOLAR, CURRENT] == pytest.approx(60.0, abs=0.2)
    assert not held(sailing)


@pytest.mark.parametrize("off", [{"/State": 0}, {"/Connected": 0}])
def test_one_that_says_that_it_is_off_makes_nothing(off: dict[str, Value]) -> None:
    sailing = boat(WS500=regulator(30.0), SOLAR=solar(85.0, 50.0))
    sailing.say(ccl=700)
    sailing.tick(12)
    sailing.set(WS500, **{"/Dc/0/Current": None, **off})
    sailing.tick(12)
    assert sailing.links[SOLAR, CURRENT] == pytest.approx(70.0, abs=0.2)
    assert not held(sailing)


def test_one_that_left_d_bus_counts_no_longer_and_comes_back_without_its_past() -> None:
    sailing = boat(WS500=regulator(30.0), SOLAR=solar(85.0, 50.0))
    sailing.say(ccl=700)
    sailing.tick(12)
    sailing.bridge.service_removed(WS500, sailing.now)
    sailing.tick(12)
    assert sailing.links[SOLAR, CURRENT] == pytest.approx(70.0, abs=0.2)
    sailing.add(WS500, regulator(None))
    sailing.tick(12)
    assert sailing.links[SOLAR, CURRENT] == pytest.approx(70.0, abs=0.2)


def test_as_the_vendor_counts_it_is_nothing() -> None:
    held_before = HeldCurrents({WS500: 30.0}, {})
    snapshot = Snapshot({WS500: regulator(None)}, options=Options.vendor())
    assert hold_currents(snapshot, held_before, 5.0) == (snapshot, held_before)
