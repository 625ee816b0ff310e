"""BMSes that say yes or no only: seen, explained, and turned into stops where they are wired."""

from __future__ import annotations

from gxbridge.core.terminals import Wiring
from gxbridge.core.witnesses import Witnesses
from tests.core.boat import MULTI, Boat, multi

INPUT = "com.victronenergy.digitalinput.input_1"
OTHER = "com.victronenergy.digitalinput.input_2"
SMALL = Wiring("House", "SmallBMS with pre-alarm", charge=INPUT, discharge=OTHER, settle_s=0.0)
CLOSED = {"/Type": 10, "/InputState": 0}
OPEN = {"/Type": 10, "/InputState": 1}


def test_an_open_terminal_is_a_stop_with_its_reason_and_a_closed_one_is_none() -> None:
    witnesses = Witnesses([SMALL])
    witnesses.look({INPUT: CLOSED, OTHER: CLOSED}, 10.0)
    assert witnesses.stops == ()
    witnesses.look({INPUT: OPEN, OTHER: CLOSED}, 20.0)
    (stop,) = witnesses.stops
    assert (stop.charge, stop.discharge, stop.since) == (True, False, 20.0)
    assert "input_1" in stop.text


def test_an_input_that_vanished_stops_both_ways() -> None:
    witnesses = Witnesses([SMALL])
    witnesses.look({}, 10.0)
    (stop,) = witnesses.stops
    assert stop.charge
    assert stop.discharge
    assert witnesses.findings(10.0)


def test_an_unwired_terminal_is_said_to_be_unwired_and_stops_nothing() -> None:
    witnesses = Witnesses([Wiring("House", "SmallBMS with pre-alarm", charge=INPUT, settle_s=0.0)])
    witnesses.look({INPUT: CLOSED}, 10.0)
    (said,) = witnesses.testimonies(enforced=False)
    assert (said.charge, said.discharge, said.kind) == ("allowed", "not wired", "terminals")
    assert "not enforced" in said.text
    assert witnesses.stops == ()


def test_a_bms_without_a_single_wired_terminal_has_nothing_to_say() -> None:
    witnesses = Witnesses([Wiring("House", "BMS 12/200")])
    witnesses.look({}, 10.0)
    (said,) = witnesses.testimonies(enforced=True)
    assert (said.charge, said.discharge, said.since) == ("not wired", "not wired", 0.0)


def test_the_bridge_explains_a_vebus_bms_in_plain_words() -> None:
    boat = Boat()
    boat.add(
        MULTI,
        multi(
            **{
                "/Bms/BmsType": 2,
                "/Bms/BmsExpected": 1,
                "/Bms/AllowToCharge": 1,
                "/Bms/AllowToDischarge": 0,
                "/Devices/Bms/Version": 1146100,
                "/Interfaces/Mk2/ProductName": "MK3",
            }
        ),
    )
    text = str(boat.tick(speaking=False).own["/Explain/Text"])
    assert "charging allowed, discharging refused" in text
    assert "gives no current limits" in text


def test_a_vebus_system_without_a_bms_is_no_witness() -> None:
    witnesses = Witnesses()
    witnesses.look({MULTI: multi(**{"/Bms/BmsType": 0, "/Bms/AllowToCharge": 1, "/Bms/AllowToDischarge": 1})}, 1.0)
    assert witnesses.testimonies(enforced=True) == ()
