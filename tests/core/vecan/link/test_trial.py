"""`gxbridge link try`: one device is told what stands, shows it or not, and has again what it had."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gxbridge.core.nmea2000.encode import Frame
from tests.core.vecan.link.wire import (
    CURRENT,
    DISCHARGE,
    MODE,
    MPPT,
    MPPT_2,
    SENSE,
    SHUNT,
    TEMPERATURE,
    US,
    VOLTAGE,
    Wire,
    charger_name,
    claim_frame,
    register_frame,
    service_of,
)


class Charger:
    """A device that has these registers: it takes what is written to it, or by broadcast, and answers questions."""

    def __init__(
        self, registers: Mapping[int, str], *, deaf: tuple[int, ...] = (), refuses: tuple[int, ...] = ()
    ) -> None:
        self.registers, self.deaf, self.refuses = dict(registers), deaf, refuses

    def answer(self, text: str) -> list[Frame]:
        to, register, *data = text.split()
        if to not in (f"{MPPT:02X}", "FF"):
            return []
        number = int(register.removeprefix("?"), 16)
        if number not in self.registers:
            return [register_frame(MPPT, 2, f"{number.to_bytes(2, 'little').hex()}0080", to=US)]
        if register.startswith("?"):
            return [register_frame(MPPT, number, self.registers[number])]
        if number in self.refuses:
            return [register_frame(MPPT, 2, f"{number.to_bytes(2, 'little').hex()}0083", to=US)]
        if number not in self.deaf:
            size = len(self.registers[number])
            self.registers[number] = data[0][:size]
        return [register_frame(MPPT, number, self.registers[number])] if to != "FF" else []


def play(wire: Wire, charger: Charger | None, seconds: float = 30.0) -> list[str]:
    """Time goes by, the charger answers, and the words stay as they are; what was sent."""
    found = []
    for step in range(round(seconds * 10)):
        if step % 10 == 0:
            wire.look()
        for text in wire.frames():
            found.append(text)
            if charger is not None:
                wire.hear(*charger.answer(text))
        wire.now = round(wire.now + 0.1, 3)
    wire.look()
    return found


@pytest.mark.parametrize("unique", [854, 856])
def test_what_another_says_is_no_answer_of_the_one_that_is_tried(unique: int) -> None:
    wire = Wire(confirmed=())
    wire.join(MPPT_2, charger_name(unique))
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    assert wire.frames() == ["24 ?2015"]
    wire.hear(register_frame(MPPT_2, 0x2015, "2C01"), register_frame(MPPT_2, 2, "15200083", to=US))
    assert wire.frames() == []
    wire.hear(register_frame(MPPT, 0x2015, "2C01"))
    wire.now += 0.1
    assert wire.frames() == ["24 2015 F4010000"]


def test_a_current_is_written_read_back_and_put_back() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.out.try_device("855") == ""
    assert wire.out.report == ("855 is being tried.",)
    sent = play(wire, charger, 5)
    assert sent[:5] == ["24 ?2015", "24 2015 F4010000", "24 ?2015", "24 2015 2C010000", "24 ?2015"]
    assert wire.out.confirmed == {"2015 addressed": "device 855 showed it"}
    assert wire.out.report == (
        "0x2015 /Link/ChargeCurrent (addressed): found 30 A, sent 50 A, then 50 A: confirmed; what was found is there "
        "again",
    )
    assert sent[5] == "24 2015 F4010000", "from now on it is sent"
    assert wire.ids() == []


def test_all_that_stands_is_tried_one_after_another() -> None:
    wire = Wire(confirmed=())
    charger = Charger({0x2015: "FFFF", 0x200E: "00", 0x2001: "FFFF", 0x2002: "FFFF", 0x2017: "7017"})
    for address, path, value in (
        (MPPT, CURRENT, 50.0),
        (MPPT, MODE, 13),
        (MPPT, DISCHARGE, 600.0),
        (None, VOLTAGE, 27.4),
        (None, SENSE, 26.4),
    ):
        wire.write(address, path, value)
    assert wire.out.try_device(service_of(wire.names[MPPT])) == ""
    play(wire, charger, 8)
    assert {line[:6]: line.partition(": ")[2] for line in wire.out.report} == {
        "0x2001": "found no value, sent 27.4 V, then 27.4 V: confirmed",
        "0x200E": "found 0, sent 13, then 13: confirmed; what was found is there again",
        "0x2015": "found no value, sent 50 A, then 50 A: confirmed",
        "0x2017": "found 600 A, sent 599.9 A, then 599.9 A: confirmed; what was found is there again",
    }
    assert sorted(wire.out.confirmed) == [
        "2001 broadcast", "200E addressed", "2015 addressed", "2017 addressed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("charger", "words", "did"),
    [
        (
            Charger({0x2015: "2C01"}, deaf=(0x2015,)),
            "found 30 A, sent 50 A, then 30 A: not confirmed, as it shows another value",
            "showed another value",
        ),
        (
            Charger({0x2015: "2C01"}, refuses=(0x2015,)),
            "found 30 A, sent 50 A: not confirmed, as it refuses",
            "refused it",
        ),
        (Charger({}), "found no value: not tried, as it does not give this register", "does not give it"),
        (None, "found no value: not tried, as it does not give this register", "does not give it"),
    ],
    ids=["deaf", "refuses", "without it", "silent"],
)
def test_what_confirms_nothing(charger: Charger | None, words: str, did: str) -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device(wire.names[MPPT].identity)
    play(wire, charger, 10)
    assert wire.out.report[0].partition(": ")[2] == words
    assert wire.out.confirmed == {}
    assert wire.ids() == ["link-not-taken"], "what was tried in vain is not advised again as if nobody had"
    assert wire.out.tried == {"2015 addressed": f"device 855 {did}"}


def test_one_that_falls_silent_after_the_write() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    play(wire, charger, 0.2)
    asked = ["24 ?2015"] * 3
    assert play(wire, None, 12) == [*asked, "24 2015 2C010000", *asked], "it may have taken the word all the same"
    ending = "sent 50 A: not confirmed, as it did not answer; what was found could not be put back"
    assert wire.out.report[0].endswith(ending)


def test_one_that_took_it_and_was_not_heard_has_again_what_it_had() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    play(wire, charger, 0.2)
    assert charger.registers[0x2015] == "F401"
    play(wire, None, 3.2)
    play(wire, charger, 5)
    assert charger.registers[0x2015] == "2C01"
    assert wire.out.report[0].endswith("as it did not answer; what was found is there again")


def test_a_try_that_is_cut_short_says_that_it_put_nothing_back() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    play(wire, charger, 0.2)
    wire.hear(register_frame(0x99, 0x2015, "F401", to=MPPT_2))
    wire.look()
    ending = "found 30 A, sent 50 A: not tried to its end; what was found was not put back"
    assert wire.out.report[0].endswith(ending)


@pytest.mark.parametrize("then", ["silent", "refuses", "deaf"])
def test_what_cannot_be_put_back_is_told(then: str) -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    play(wire, charger, 0.7)
    assert charger.registers[0x2015] == "F401"
    if then == "refuses":
        charger.refuses = (0x2015,)
    elif then == "deaf":
        charger.deaf = (0x2015,)
    play(wire, None if then == "silent" else charger, 10)
    assert wire.out.report[0].endswith("confirmed; what was found could not be put back")


def test_what_was_found_above_the_limit_stays_lowered() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "BC02"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    assert play(wire, charger, 2)[:3] == ["24 ?2015", "24 2015 F4010000", "24 ?2015"]
    assert wire.out.report[0].endswith("found 70 A, sent 50 A, then 50 A: confirmed; what was found was not put back")


@pytest.mark.parametrize(
    ("path", "value", "register", "found"),
    [(CURRENT, 0.0, 0x2015, "0000"), (MODE, 13, 0x200E, "0D"), (TEMPERATURE, 21.0, 0x2003, "3408")],
)
def test_a_value_that_was_there_before_proves_nothing(path: str, value: float, register: int, found: str) -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "0100", register: found})
    wire.write(None if path == TEMPERATURE else MPPT, path, value)
    wire.write(MPPT, CURRENT, 0.0 if path == CURRENT else 20.0)
    wire.out.try_device("855")
    play(wire, charger, 6)
    line = next(line for line in wire.out.report if path in line)
    assert line.endswith("not confirmed, as it had this value already: try again when another one stands")


def test_what_may_not_be_sent_is_not_tried() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    for _ in range(60):
        wire.look(ChargeCurrent=None)
        for text in wire.frames():
            assert "?" in text
            wire.hear(*charger.answer(text))
        wire.now = round(wire.now + 0.1, 3)
    assert wire.out.report[0].endswith("found 30 A: not tried, as the last gate lets nothing of it leave now")


def test_what_was_written_anew_meanwhile_is_tried_once_the_gate_has_looked_at_it() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2003: "FFFF", 0x2015: "2C01"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, TEMPERATURE, 20.0)
    wire.out.try_device("855")
    for step in range(60):
        if step == 0:
            wire.out.write(wire.target(None), TEMPERATURE, 20.5, wire.now)
        if step % 10 == 9:
            wire.look()
        for text in wire.frames():
            wire.hear(*charger.answer(text))
        wire.now = round(wire.now + 0.1, 3)
    assert charger.registers[0x2003] == "0208", "2050 of 0.01 degrees, little endian"
    assert [": confirmed" in line for line in wire.out.report] == [True, True]


def test_nothing_is_broadcast_for_a_try_where_it_may_not_be() -> None:
    wire, charger = Wire(confirmed=()), Charger({0x2015: "2C01", 0x2001: "FFFF"})
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, VOLTAGE, 27.4)
    wire.out.try_device("855")
    wire.join(0x70, charger_name(9, function=141))
    assert not [text for text in play(wire, charger, 6) if text.startswith("FF")]
    assert "2001 broadcast" not in wire.out.confirmed
    assert "2015 addressed" in wire.out.confirmed


def test_nor_when_a_regulator_comes_in_the_middle_of_it() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, VOLTAGE, 27.4)
    wire.out.try_device("855")
    assert wire.frames() == ["24 ?2001"]
    wire.hear(register_frame(MPPT, 0x2001, "FFFF"))
    wire.join(0x70, charger_name(9, function=141))
    wire.look()
    assert not [text for text in wire.run(6) if text.startswith("FF")]
    assert wire.out.report[0].endswith("not tried, as an alternator regulator on this bus may obey one sender only")
    assert "link-unconfirmed" not in wire.ids(), "another try could not help"


def test_a_try_ends_when_another_controller_comes() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    wire.frames()
    wire.hear(register_frame(0x99, 0x2015, "F401", to=MPPT))
    wire.look()
    assert wire.out.report == ("0x2015 /Link/ChargeCurrent (addressed): found no value: not tried to its end",)
    assert play(wire, Charger({0x2015: "2C01"}), 5) == []
    assert wire.out.try_device("855").startswith("Another controller may steer")


def test_a_device_for_which_nothing_stands_cannot_be_tried() -> None:
    wire = Wire(confirmed=())
    nobody = "No charger of a bus on which something is written to /Link is called"
    assert wire.out.try_device("855") == f"{nobody} 855."
    wire.write(None, SENSE, 26.4)
    assert wire.out.try_device("855").startswith("Nothing that is to be confirmed is written to /Link of 855")
    wire.join(0x30, charger_name(167120, function=170))
    wire.join(MPPT_2, charger_name(856, device_instance=1))
    for other in ("999", "167120", "856"):
        assert wire.out.try_device(other) == f"{nobody} {other}."


def test_a_charger_that_has_no_link_of_its_own_is_tried_with_what_stands_for_all() -> None:
    """A Skylla-i has none on D-Bus."""
    wire, charger = Wire(confirmed=()), Charger({0x2001: "FFFF", 0x2015: "2C01"})
    wire.write(None, VOLTAGE, 27.4)
    assert wire.ids() == ["link-unconfirmed"]
    assert wire.out.try_device("855") == ""
    assert play(wire, charger, 3)[:3] == ["24 ?2001", "FF 2001 B40A0000", "24 ?2001"]
    assert wire.out.confirmed == {"2001 broadcast": "device 855 showed it"}
    assert wire.ids() == []


def test_what_is_confirmed_already_is_not_tried_and_told_so() -> None:
    wire, charger = Wire(confirmed=("2001 broadcast",)), Charger({0x2001: "B40A", 0x2015: "2C01"})
    wire.write(None, VOLTAGE, 27.4)
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    play(wire, charger, 5)
    assert wire.out.report[0] == "0x2001 /Link/ChargeVoltage (repeated): confirmed already, as before"
    assert ": confirmed;" in wire.out.report[1]
    assert wire.out.try_device("855") == ""
    wire.look()
    assert [": confirmed already" in line for line in wire.out.report] == [True, True]


def test_what_was_measured_once_and_is_past_is_said_to_be_past() -> None:
    """The GX's controller tells the battery current once when it starts, and no more while it steers chargers."""
    wire, charger = Wire(confirmed=()), Charger({0x200A: "FFFFFF7F", 0x2015: "2C01"})
    wire.write(None, SHUNT, 8.0)
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(10)
    assert wire.out.try_device("855") == ""
    play(wire, charger, 5)
    assert wire.out.report[0] == (
        "0x200A /Link/BatteryCurrent (once): found no value: not tried, as it was not written for 10 s, and what is "
        "measured counts no longer"
    )
    assert ": confirmed" in wire.out.report[1]


def test_what_is_only_measured_and_was_tried_in_vain_is_no_finding() -> None:
    wire = Wire(confirmed=())
    wire.write(None, TEMPERATURE, 20.0)
    assert wire.ids() == ["link-unconfirmed"]
    wire.out.try_device("855")
    play(wire, Charger({}), 5)
    assert wire.out.tried == {"2003 broadcast": "device 855 does not give it"}
    assert wire.ids() == []


def test_a_device_that_left_in_the_middle_was_not_tried_in_vain() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    wire.frames()
    for _ in range(6):
        wire.now += 3.0
        wire.frames()
    assert wire.ids() == ["link-unconfirmed"]
    assert wire.out.tried == {}


def test_another_device_that_shows_it_ends_what_one_did_not() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.tried["2015 addressed"] = "device 1 refused it"
    assert wire.ids() == ["link-not-taken"]
    assert wire.out.findings[0].text.startswith(
        "What is written to /Link/ChargeCurrent for chargers on can0 is not sent"
    )
    wire.out.try_device("855")
    play(wire, Charger({0x2015: "2C01"}), 5)
    assert (wire.out.tried, wire.ids()) == ({}, [])


def test_beside_another_controller_no_try_is_advised() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.hear(register_frame(0x99, 0x2015, "F401", to=MPPT))
    assert wire.ids() == ["link-other-controller"]


def test_where_no_charger_is_nothing_lacks() -> None:
    wire = Wire(confirmed=())
    wire.join(MPPT, charger_name(device_instance=2))
    wire.join(0x30, charger_name(167120, function=170))
    wire.write(None, VOLTAGE, 27.4)
    assert wire.ids() == []


def test_what_a_charger_has_already_it_does_not_lack() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    assert wire.ids() == []
    wire.write(MPPT, CURRENT, 40.0)
    assert wire.ids() == ["link-unconfirmed"]


def test_one_try_at_a_time() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.out.try_device("855") == ""
    assert wire.out.try_device("855") == "Another try is not over yet."


def test_others_are_told_meanwhile_but_not_of_the_same_register() -> None:
    wire = Wire(confirmed=("2017 addressed",))
    wire.join(MPPT_2, charger_name(856))
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, 20.0)
    wire.write(MPPT_2, DISCHARGE, 30.0)
    wire.out.try_device("855")
    assert wire.run(0.9) == ["24 ?2015", "25 2017 2C010000"]


def test_what_others_say_is_no_answer_to_it() -> None:
    wire = Wire(confirmed=())
    wire.join(MPPT_2, charger_name(856))
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    wire.frames()
    wire.hear(
        register_frame(MPPT_2, 0x2015, "F401"),
        register_frame(MPPT_2, 2, "15200080", to=US),
        register_frame(MPPT, 0x200E, "0D"),
        register_frame(MPPT, 2, "0E200080", to=US),
    )
    assert wire.run(1.5) == ["24 ?2015"]


def test_a_device_that_moves_in_the_middle_is_tried_to_the_end() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    assert wire.frames() == ["24 ?2015"]
    wire.hear(register_frame(MPPT, 0x2015, "2C01"), claim_frame(0x66, wire.names[MPPT]))
    assert wire.run(0.3) == ["66 2015 F4010000"]


def test_a_device_that_loses_its_address_in_the_middle_is_not_asked_where_another_is() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.out.try_device("855") == ""
    wire.hear(claim_frame(MPPT, charger_name(1)))
    assert play(wire, None, 10.0) == []
    assert wire.out.report[0].endswith("found no value: not tried, as it does not give this register")


def test_a_late_refusal_of_the_write_counts_and_one_of_the_question_before_does_not() -> None:
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    wire.out.try_device("855")
    wire.frames()
    wire.hear(register_frame(MPPT, 0x2015, "2C01"), register_frame(MPPT, 2, "15200080", to=US))
    assert wire.run(0.2) == ["24 2015 F4010000"], "the question is answered already"
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.hear(register_frame(MPPT, 2, "15200083", to=US))
    wire.look()
    assert "as it refuses" in wire.out.report[0]


def tried_until_the_write() -> Wire:
    """A try that has read what the device has, and would write next."""
    wire = Wire(confirmed=())
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.out.try_device("855") == ""
    wire.run(0.5)
    wire.hear(register_frame(MPPT, 0x2015, "2C01"))
    return wire


def test_a_word_that_ended_meanwhile_is_not_tried() -> None:
    wire = tried_until_the_write()
    wire.out.write(wire.target(MPPT), CURRENT, None, wire.now)
    assert wire.run(2, looks=False) == []
    wire.look()
    assert wire.out.report[0].endswith("found 30 A: not tried, as it is not written any more")


def test_a_device_that_was_given_another_instance_meanwhile_is_not_tried() -> None:
    wire = tried_until_the_write()
    wire.join(MPPT, charger_name(device_instance=3))
    assert wire.run(2) == []
    assert wire.out.report[0].endswith("not tried, as the device has no address, or another N2K device instance than 0")


def test_nothing_is_put_back_where_nothing_may_leave_any_more() -> None:
    wire = tried_until_the_write()
    assert wire.run(0.3) == ["24 2015 F4010000"]
    wire.run(0.5)
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.out.shut()
    assert wire.run(2, looks=False) == []
