"""A network mode lets a charger begin: it leaves when everybody whom it concerns was told a current and a voltage."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.nmea2000.encode import Frame
from tests.core.vecan.link.wire import (
    CURRENT,
    MODE,
    MPPT,
    MPPT_2,
    OF_THE_CHARGER,
    US,
    VOLTAGE,
    Wire,
    charger_name,
    claim_frame,
    register_frame,
)

CURRENT_OF_1, CURRENT_OF_2 = "24 2015 F4010000", "25 2015 F4010000"
MODE_OF_1, MODE_OF_ALL, VOLTAGE_OF_ALL = "24 200E 0D000000", "FF 200E 0D000000", "FF 2001 B40A0000"
TOLD = register_frame(MPPT, 0x2015, "F401")
TOLD_2 = register_frame(MPPT_2, 0x2015, "F401")
NO_CURRENT = register_frame(MPPT_2, 0x2015, "FFFF")
"""It has the register, and was told nothing."""


def is_off(address: int) -> Frame:
    return register_frame(address, 0x0201, "00")


def alone(**setup: Any) -> Wire:
    """The first charger is off, so that nothing for everybody waits for it."""
    wire = Wire(**setup)
    wire.hear(is_off(MPPT))
    return wire


def two() -> Wire:
    wire = alone()
    wire.join(MPPT_2, charger_name(856))
    return wire


def steered() -> Wire:
    """The first charger was told a current, took it, and is told its mode."""
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT, MODE, 13)
    assert wire.run(0.1) == [CURRENT_OF_1]
    wire.hear(TOLD)
    assert wire.run(0.3) == [MODE_OF_1, CURRENT_OF_1]
    wire.hear(TOLD, register_frame(MPPT, 0x200E, "0D"))
    return wire


def of(wire: Wire, seconds: float, register: str = "200E", **more: object) -> list[str]:
    """The frames of a register that leave meanwhile."""
    return [text for text in wire.run(seconds, **more) if text[3:7] == register]  # type: ignore[arg-type]


def test_a_mode_leaves_when_the_current_was_answered() -> None:
    wire = Wire()
    wire.write(MPPT, MODE, 13)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(0.5) == [CURRENT_OF_1]
    wire.hear(TOLD)
    assert wire.run(0.2) == [MODE_OF_1, CURRENT_OF_1], "which it is to keep for as long"


@pytest.mark.parametrize("unique", [854, 856])
def test_behind_the_mode_of_one_the_current_of_another_is_not_told_again(unique: int) -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(unique))
    for address, told in ((MPPT, TOLD), (MPPT_2, TOLD_2)):
        wire.write(address, CURRENT, 50.0)
        wire.run(0.2)
        wire.hear(told)
    wire.write(MPPT, MODE, 13)
    assert wire.run(0.3) == [MODE_OF_1, CURRENT_OF_1]


@pytest.mark.parametrize("refuses", [True, False])
def test_or_when_it_had_its_chances(refuses: bool) -> None:
    """Else one that knows no such register would keep all the others in error 67."""
    wire = Wire()
    wire.write(None, MODE, 13)
    wire.write(MPPT, CURRENT, 50.0)
    assert of(wire, 0.2) == []
    if refuses:
        wire.hear(register_frame(MPPT, 0x0002, "15200083", to=US))
    else:
        assert of(wire, 3.7) == []
    assert of(wire, 0.3) == [MODE_OF_ALL]


def test_behind_a_mode_goes_the_current_of_who_takes_it() -> None:
    wire = two()
    for address in (MPPT, MPPT_2):
        wire.write(address, CURRENT, 50.0)
    wire.write(MPPT_2, MODE, 13)
    wire.write(None, VOLTAGE, 27.4)
    assert sorted(wire.run(0.3)) == sorted([CURRENT_OF_1, CURRENT_OF_2, VOLTAGE_OF_ALL])
    wire.hear(TOLD, TOLD_2)
    assert wire.run(0.9) == ["25 200E 0D000000", CURRENT_OF_2, VOLTAGE_OF_ALL]
    wire.hear(TOLD_2, register_frame(MPPT_2, 0x200E, "0D"))
    wire.write(None, MODE, 13)
    assert wire.run(0.9) == [MODE_OF_ALL, CURRENT_OF_1, CURRENT_OF_2, VOLTAGE_OF_ALL]


def test_a_mode_on_its_way_is_written_again_without_waiting() -> None:
    wire = Wire()
    wire.write(MPPT, MODE, 13)
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.1)
    wire.hear(TOLD)
    assert of(wire, 1.2) == [MODE_OF_1, MODE_OF_1]


def test_a_mode_for_everybody_waits_for_each() -> None:
    wire = two()
    for address in (MPPT, MPPT_2):
        wire.write(address, CURRENT, 50.0)
    wire.write(None, MODE, 13)
    assert wire.run(0.3) == [CURRENT_OF_1, CURRENT_OF_2]
    wire.hear(TOLD)
    assert of(wire, 0.3) == []
    wire.hear(TOLD_2)
    assert of(wire, 0.3) == [MODE_OF_ALL]


def test_and_a_mode_for_one_for_that_one_alone() -> None:
    wire = two()
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT, MODE, 13)
    wire.run(0.3)
    wire.hear(TOLD)
    assert of(wire, 0.3) == [MODE_OF_1]


@pytest.mark.parametrize("gate", ["holds it back", "has not looked at it"])
def test_a_current_that_the_gate_does_not_let_pass_holds_the_mode(gate: str) -> None:
    wire = steered()
    if gate == "holds it back":
        for _ in range(200):
            wire.look(ChargeCurrent=None)
            wire.hear(OF_THE_CHARGER)
            assert wire.frames() == []
            wire.now = round(wire.now + 0.1, 3)
        assert wire.ids() == ["link-mode-waits"]
    else:
        wire.now = round(wire.now + 7.8, 3)
        wire.hear(OF_THE_CHARGER)
        wire.look()
        wire.out.write(wire.target(MPPT), CURRENT, 40.0, wire.now)
        assert of(wire, 0.9, looks=False) == []


def test_a_current_that_changed_goes_first_by_more_than_its_urgency() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, MODE, 13)
    wire.run(0.1)
    wire.hear(TOLD)
    assert of(wire, 0.2) == [MODE_OF_ALL]
    wire.hear(TOLD)
    wire.write(None, MODE, 5)
    wire.write(MPPT, CURRENT, 60.0)
    assert wire.run(0.3) == ["24 2015 58020000"]


@pytest.mark.parametrize(("age_s", "leaves"), [(10.0 - 0.05, True), (10.0, False)])
def test_a_mode_follows_a_current_within_ten_seconds(age_s: float, leaves: bool) -> None:
    wire = steered()
    line = wire.bus.line_of(wire.names[MPPT], 0x2015)
    assert line is not None
    line.sent_at, line.again_at = wire.now - age_s, wire.now + 100
    wire.write(MPPT, MODE, 5)
    assert wire.frames() == (["24 200E 05000000"] if leaves else [])


@pytest.mark.parametrize(("age_s", "leaves"), [(50.0 - 0.05, True), (50.0, False)])
def test_it_ends_before_the_word_of_the_current_does(age_s: float, leaves: bool) -> None:
    """The charger keeps both for a minute: it is to forget the mode first."""
    wire = steered()
    line = wire.bus.line_of(wire.names[MPPT], 0x2015)
    assert line is not None
    line.at = wire.now - age_s
    wire.write(MPPT, MODE, 5)
    assert wire.frames() == (["24 200E 05000000"] if leaves else [])


def test_a_mode_ends_with_the_word_of_the_current_and_begins_with_the_next() -> None:
    wire = steered()
    wire.write(MPPT, CURRENT, None)
    assert of(wire, 100, writes=((MPPT, MODE, 13),)) == []
    assert wire.ids() == ["link-mode-waits"]
    (found,) = wire.out.findings
    assert found.text.startswith(
        "/Link/NetworkMode 13 of com.victronenergy.solarcharger.socketcan_can0_vi0_uc855 is not"
    )
    assert "it waits for /Link/ChargeCurrent of device 855 at address 36, without which chargers would" in found.text
    answer = wire.out.write(wire.target(MPPT), MODE, 13, wire.now)
    assert (answer.code, answer.text) == (
        2, "/Link/NetworkMode = 13 is not sent: /Link/ChargeCurrent of device 855 at address 36 must be sent before it",
    )  # fmt: skip
    wire.hear(OF_THE_CHARGER)
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.1)
    wire.hear(TOLD)
    assert of(wire, 0.2) == [MODE_OF_1]
    assert wire.ids() == []


@pytest.mark.parametrize(("seconds", "found"), [(7.0 - 0.01, []), (7.0, ["link-mode-waits"])])
def test_it_is_told_when_a_controller_and_a_device_had_their_time(seconds: float, found: list[str]) -> None:
    wire = Wire()
    wire.write(MPPT, MODE, 13)
    wire.now += seconds
    assert wire.ids() == found


def test_what_is_not_confirmed_is_told_as_that_alone() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, MODE, 13)
    wire.run(9)
    assert wire.ids() == ["link-unconfirmed"]


def test_a_current_that_is_not_confirmed_holds_the_mode() -> None:
    wire = Wire(confirmed=("200E addressed",))
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT, MODE, 13)
    assert wire.run(30, writes=((MPPT, CURRENT, 50.0), (MPPT, MODE, 13))) == []
    assert wire.ids() == ["link-unconfirmed", "link-mode-waits"]


@pytest.mark.parametrize(("seconds", "leaves"), [(20.0 - 0.1, False), (20.1, True)])
@pytest.mark.parametrize("address", [MPPT_2, None])
def test_twenty_seconds_for_one_that_was_never_written_a_current(
    address: int | None, seconds: float, leaves: bool
) -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    wire.hear(NO_CURRENT)
    wire.now += 5
    wire.write(address, MODE, 13)
    assert (of(wire, seconds, writes=((address, MODE, 13),)) != []) is leaves


def test_they_begin_anew_when_it_does() -> None:
    wire = two()
    wire.hear(NO_CURRENT)
    always = ((None, MODE, 13),)
    assert of(wire, 22, writes=always) == [MODE_OF_ALL]
    wire.hear(claim_frame(MPPT_2, wire.names[MPPT_2]), NO_CURRENT)
    assert of(wire, 20, writes=always) == []
    assert of(wire, 2, writes=always) == [MODE_OF_ALL]


def test_a_mode_for_everybody_waits_as_long_for_a_charger_that_has_not_shown_that_register_yet() -> None:
    """As after a start of ours: they say it within seconds."""
    wire, always = two(), ((None, MODE, 13),)
    assert of(wire, 20, writes=always) == []
    assert of(wire, 2, writes=always) == [MODE_OF_ALL]


def test_but_not_for_who_is_no_charger() -> None:
    wire = alone()
    wire.join(MPPT_2, charger_name(856, function=170))
    wire.write(None, MODE, 13)
    assert of(wire, 0.2) == [MODE_OF_ALL]


def test_nobody_waits_for_one_that_is_off() -> None:
    wire = two()
    wire.hear(NO_CURRENT, is_off(MPPT_2))
    wire.write(None, MODE, 13)
    assert of(wire, 0.2) == [MODE_OF_ALL]
    wire.hear(register_frame(MPPT_2, 0x0201, "03"))
    wire.write(None, MODE, 5)
    assert of(wire, 0.5) == []


@pytest.mark.parametrize(("age_s", "waits"), [(7.0 - 0.1, True), (7.0, False), (30.0, False)])
def test_nor_for_one_that_went_off_since_its_current_is_not_written_any_more(age_s: float, waits: bool) -> None:
    wire = two()
    wire.write(MPPT_2, CURRENT, 50.0)
    line = wire.bus.line_of(wire.names[MPPT_2], 0x2015)
    assert line is not None
    line.at, line.again_at = wire.now - age_s, wire.now + 100
    wire.hear(is_off(MPPT_2))
    wire.write(None, MODE, 13)
    assert (wire.frames() == []) is waits


@pytest.mark.parametrize(
    "frame",
    [
        register_frame(MPPT_2, 0x0201, "00", to=0x30),
        register_frame(MPPT, 0x0201, "00"),
        register_frame(MPPT_2, 0x0200, "00"),
        register_frame(MPPT_2, 0x0202, "00"),
    ],
    ids=["written to somebody", "of another", "the register before", "the register behind"],
)
def test_what_does_not_say_that_it_is_off(frame: Frame) -> None:
    wire = two()
    wire.hear(NO_CURRENT, frame)
    wire.write(None, MODE, 13)
    assert of(wire, 0.5) == []


@pytest.mark.parametrize(("size", "off"), [(4, False), (5, True)])
def test_a_state_that_is_cut_says_nothing(size: int, off: bool) -> None:
    wire = two()
    wire.hear(NO_CURRENT)
    message = wire.decoder.feed(*is_off(MPPT_2), wire.now)
    assert message is not None
    wire.bus.hear((*message[:4], message[4][:size]), US, wire.now)
    wire.write(None, MODE, 13)
    assert of(wire, 0.5) == ([MODE_OF_ALL] if off else [])


def test_one_that_is_started_anew_is_not_off_any_more() -> None:
    wire = two()
    wire.hear(NO_CURRENT, is_off(MPPT_2))
    wire.now += 2.0
    wire.hear(OF_THE_CHARGER, claim_frame(MPPT_2, wire.names[MPPT_2]))
    wire.write(None, MODE, 13)
    assert of(wire, 0.5) == []


@pytest.mark.parametrize(("silent_s", "waits"), [(60.0 - 0.2, True), (60.0, False)])
def test_nor_for_one_that_is_gone(silent_s: float, waits: bool) -> None:
    wire = two()
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, None)
    for part in (silent_s - 3.0, 3.0):
        wire.now = round(wire.now + part, 3)
        wire.hear(OF_THE_CHARGER, is_off(MPPT))
    wire.write(None, MODE, 13)
    assert (of(wire, 0.2) == []) is waits


@pytest.mark.parametrize(("back_s", "waits"), [(3.0 - 0.3, True), (3.0, False)])
def test_after_a_silence_of_all_it_waits_until_they_had_time_to_be_heard_again(back_s: float, waits: bool) -> None:
    wire = two()
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, None)
    wire.now += 100
    wire.hear(OF_THE_CHARGER, is_off(MPPT))
    wire.now = round(wire.now + back_s, 3)
    wire.write(None, MODE, 13)
    assert (of(wire, 0.2) == []) is waits


def test_nor_for_one_of_another_instance_or_without_address() -> None:
    wire = two()
    wire.hear(NO_CURRENT, TOLD)
    wire.hear(claim_frame(MPPT_2, charger_name(856, device_instance=2)), claim_frame(MPPT, charger_name(800)))
    wire.now += 3
    wire.write(None, MODE, 13)
    assert of(wire, 0.2) == [MODE_OF_ALL]


def test_but_for_the_next_one_of_instance_0() -> None:
    wire = two()
    wire.hear(NO_CURRENT, claim_frame(MPPT, charger_name(device_instance=2)))
    wire.write(None, MODE, 13)
    assert of(wire, 0.5) == []


def test_nor_for_longer_for_one_that_another_program_steers_by_now() -> None:
    wire, always = two(), ((None, MODE, 13),)
    for whose in (MPPT_2, None):
        wire.write(MPPT_2, CURRENT, 50.0)
        wire.run(0.2)
        wire.out.end(wire.target(whose))
        assert of(wire, 22, writes=always)[-1:] == [MODE_OF_ALL]


def test_a_voltage_goes_before_the_mode_and_ends_it_too() -> None:
    wire = alone()
    wire.write(None, MODE, 13)
    wire.write(None, VOLTAGE, 27.4)
    assert wire.run(0.3) == [VOLTAGE_OF_ALL, MODE_OF_ALL, VOLTAGE_OF_ALL]
    line = wire.bus.line_of(None, 0x2001)
    assert line is not None
    line.at = wire.now - 50.0
    assert of(wire, 8) == []


def test_a_voltage_that_the_gate_has_not_looked_at_holds_the_mode() -> None:
    wire = Wire()
    wire.write(None, MODE, 13)
    wire.out.write(wire.target(None), VOLTAGE, 27.4, wire.now)
    assert of(wire, 0.5, looks=False) == []


def test_a_voltage_is_not_waited_for_where_it_cannot_be_sent() -> None:
    wire = alone(confirmed=("200E broadcast",))
    wire.write(None, VOLTAGE, 27.4)
    wire.write(None, MODE, 13)
    assert wire.run(0.2) == [MODE_OF_ALL], "nobody has seen that it is taken"
    wire = alone()
    wire.write(None, VOLTAGE, 27.4)
    wire.write(None, MODE, 13)
    wire.look(ChargeVoltage=None)
    assert wire.run(0.2, looks=False) == [MODE_OF_ALL], "the gate lets no current be more than 0 A then"
    wire = steered()
    wire.write(None, VOLTAGE, 27.4)
    wire.join(0x70, charger_name(9, function=141))
    wire.look()
    wire.write(MPPT, MODE, 5)
    assert of(wire, 0.3) == ["24 200E 05000000"], "a regulator may obey one sender only"


@pytest.mark.parametrize("comes", [claim_frame(MPPT, charger_name()), OF_THE_CHARGER])
def test_one_that_comes_back_is_told_its_current_before_any_mode(comes: Frame) -> None:
    wire = steered()
    wire.write(None, VOLTAGE, 27.4)
    wire.run(0.2)
    wire.now = round(wire.now + 10.0, 3)
    wire.hear(comes)
    for word in ((MPPT, CURRENT, 50.0), (MPPT, MODE, 13), (None, VOLTAGE, 27.4)):
        wire.write(*word)
    assert sorted(wire.run(0.3)) == [CURRENT_OF_1, VOLTAGE_OF_ALL]
    wire.hear(TOLD)
    assert of(wire, 0.2) == [MODE_OF_1]


@pytest.mark.parametrize(("silent_s", "anew"), [(10.0 - 0.1, False), (10.0, True)])
def test_ten_seconds_are_a_silence(silent_s: float, anew: bool) -> None:
    wire = steered()
    wire.hear(OF_THE_CHARGER)
    wire.run(silent_s)
    wire.hear(OF_THE_CHARGER)
    evidence = {hold.evidence for hold in wire.out.holds(wire.now).values()}
    assert evidence == ({"unknown"} if anew else {"shown"})


def test_what_everybody_is_told_is_said_again_only_for_one_that_charges() -> None:
    wire = Wire()
    wire.write(None, VOLTAGE, 27.4)
    assert wire.run(0.2) == [VOLTAGE_OF_ALL]
    wire.join(0x44, charger_name(77))
    assert wire.run(1.5) == []
    wire.hear(NO_CURRENT)
    wire.join(MPPT_2, charger_name(856))
    wire.hear(NO_CURRENT)
    wire.now += 2.0
    wire.hear(claim_frame(MPPT_2, wire.names[MPPT_2]))
    wire.write(None, VOLTAGE, 27.4)
    assert wire.run(0.2) == [VOLTAGE_OF_ALL]
