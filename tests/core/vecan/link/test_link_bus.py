"""What stands on D-Bus and when it leaves: at once, again, answered or not, and never when it is old."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gxbridge.core.model.link_hold import LinkHold
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.exchange import Exchange
from gxbridge.core.vecan.link.link_bus import (
    MOST_LINES,
    MOST_SHOWN,
    LinkBus,
)
from gxbridge.core.vecan.link.registers import REGISTERS
from gxbridge.core.vecan.sending.transmit import TransmitLevel, TransmitOrder
from tests.core.vecan.link.wire import (
    ALL_CONFIRMED,
    CURRENT,
    DISCHARGE,
    MODE,
    MPPT,
    MPPT_2,
    OF_SOMEBODY,
    OF_THE_CHARGER,
    SENSE,
    US,
    VOLTAGE,
    Wire,
    charger_name,
    claim_frame,
    register_frame,
    service_of,
)


def test_a_current_goes_to_its_charger_alone() -> None:
    wire = Wire()
    assert wire.write(MPPT, CURRENT, 50.0).code == 0
    assert wire.frames() == ["24 2015 F4010000"]
    ((_, can_id, data),) = wire.sent
    assert (can_id, data) == (0x1CEF2400 | US, bytes.fromhex("66991520F4010000"))


def test_a_voltage_and_a_mode_go_to_everybody_and_are_repeated() -> None:
    wire = Wire()
    wire.hear(register_frame(MPPT, 0x0201, "00"))
    every = ((None, VOLTAGE, 27.4), (None, MODE, 13))
    voltage, mode = "FF 2001 B40A0000", "FF 200E 0D000000"
    assert wire.run(17, writes=every) == [voltage, *[mode, voltage, voltage] * 2, mode, voltage], "behind a mode too"
    assert [round(at - 2.0, 1) for at, _, data in wire.sent if data[2] == 0x0E] == [0.1, 8.1, 16.1]


def test_a_measured_voltage_goes_out_once_for_each_word() -> None:
    wire = Wire()
    assert wire.run(9, writes=((None, SENSE, 26.4),)) == ["FF 2002 500A0000"] * 3
    assert wire.run(20) == []


def test_a_device_that_answers_is_told_again_every_eight_seconds() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    times = []
    for _ in range(300):
        wire.look()
        if wire.frames():
            times.append(wire.now)
            wire.hear(register_frame(MPPT, 0x2015, "F401"))
        wire.hear(OF_SOMEBODY)
        wire.now = round(wire.now + 0.1, 3)
    gaps = [round(later - at, 1) for at, later in pairwise(times)]
    assert gaps == [8.0, 8.0, 8.0]
    assert wire.ids() == []


def test_a_change_does_not_wait_and_a_lowered_one_goes_first() -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.run(0.2)
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT_2, 0x2015, "F401"))
    wire.write(MPPT, CURRENT, 60.0)
    wire.write(MPPT_2, CURRENT, 20.0)
    assert wire.run(0.3) == ["25 2015 C8000000", "24 2015 58020000"]


def test_what_the_gate_lowers_is_sent_lowered_at_once() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(0.1) == ["24 2015 F4010000"]
    wire.look(ChargeCurrent=0.0)
    assert wire.frames() == ["24 2015 00000000"]


def test_without_a_verdict_nothing_leaves_and_with_an_old_one_neither() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.look(ChargeCurrent=None)
    assert wire.run(2, looks=False) == []
    wire.look()
    wire.now += 3.0
    assert wire.frames() == []
    wire.look()
    wire.out.shut()
    assert wire.frames() == []


def test_a_new_word_waits_for_its_verdict_for_which_it_asks_once() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 20.0)
    wire.run(0.1)
    wire.out.write(wire.target(MPPT), CURRENT, 500.0, wire.now)
    assert wire.bus.deadline(wire.now) == wire.now
    assert wire.run(0.5, looks=False) == []
    assert wire.asked_anew == 1
    assert wire.bus.deadline(wire.now) == float("inf")
    wire.out.write(wire.target(MPPT), CURRENT, 400.0, wire.now)
    wire.look()
    assert wire.run(0.1) == ["24 2015 A00F0000"]
    assert wire.asked_anew == 1, "the gate has looked meanwhile"


def test_after_a_minute_without_a_word_nothing_is_repeated_and_the_path_is_invalid() -> None:
    wire = Wire()
    wire.write(None, VOLTAGE, 27.4)
    wire.write(None, MODE, 13)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.out.shown(wire.target(None), VOLTAGE, wire.now) == 27.4
    begin = wire.now
    wire.run(60.0 + 5)
    late = [at for at, _, _ in wire.sent if at >= begin + 60.0]
    assert late == []
    assert wire.out.shown(wire.target(None), VOLTAGE, wire.now) is None
    assert wire.out.words(wire.now) == []


def test_null_ends_it_at_once_and_is_not_sent() -> None:
    wire = Wire()
    wire.write(None, VOLTAGE, 27.4)
    wire.run(1)
    assert wire.write(None, VOLTAGE, None).code == 0
    assert wire.run(20) == []
    assert wire.out.shown(wire.target(None), VOLTAGE, wire.now) is None


def test_a_device_that_is_silent_is_told_three_times_and_asked_once() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(5) == ["24 2015 F4010000"] * 3 + ["24 ?2015"]
    assert [round(at - 2.0, 1) for at, _, _ in wire.sent] == [0.0, 1.0, 2.0, 3.0]
    assert wire.ids() == ["link-silent"]
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(8.0)
    wire.hear(OF_THE_CHARGER)
    assert wire.run(0.5) == ["24 2015 F4010000"]
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    assert wire.ids() == [], "and it follows after all"


def test_a_lost_answer_is_made_up_for() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(1.5)
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    assert wire.run(5) == []
    assert wire.ids() == []


def test_one_that_shows_something_else_is_a_finding_and_its_own_value_is_shown() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.5)
    wire.hear(register_frame(MPPT, 0x2015, "2C01"))
    wire.run(5)
    assert wire.ids() == ["link-not-followed"]
    assert wire.out.findings[0].text.endswith("was told /Link/ChargeCurrent 50 and shows 30")
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) == 30.0
    wire.hear(register_frame(MPPT, 0x2015, "FFFF"))
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) is None


def test_one_that_shows_no_value_does_not_follow() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.5)
    wire.hear(register_frame(MPPT, 0x2015, "FFFF"))
    wire.run(5)
    assert wire.ids() == ["link-not-followed"]
    assert wire.out.findings[0].text.endswith("shows ---")


def test_a_refusal_ends_it_and_is_told_with_its_code() -> None:
    wire = Wire()
    wire.write(MPPT, DISCHARGE, 50.0)
    wire.run(0.2)
    wire.hear(register_frame(MPPT, 0x0002, "17200083", to=US))
    assert wire.run(5) == []
    assert wire.ids() == ["link-refused"]
    assert "0x8300" in wire.out.findings[0].text


@pytest.mark.parametrize(
    "frame",
    [
        register_frame(MPPT, 0x0002, "15200083", to=0x33),
        register_frame(MPPT, 0x0002, "15200083", to=US + 1),
        register_frame(MPPT, 0x0001, "15200083", to=US),
        register_frame(MPPT, 0x0002, "15200082", to=US),
        register_frame(MPPT, 0x0002, "15200000", to=US),
        register_frame(0x99, 0x0002, "15200083", to=US),
        register_frame(MPPT, 0x0002, "0E200083", to=US),
        (0x1CEF0024 | US << 8, bytes.fromhex("669902001520")),
        (0x1CEFFF24, bytes.fromhex("6599152001000000")),
        register_frame(0x99, 0x2015, "2C01"),
        register_frame(MPPT, 0xED8D, "F401"),
    ],
    ids=[
        "to another",
        "to the next",
        "a question",
        "busy",
        "ok",
        "of nobody",
        "of another register",
        "cut",
        "of another maker",
        "unnamed",
        "value",
    ],
)
def test_answers_that_are_no_refusal_change_nothing(frame: tuple[int, bytes]) -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.2)
    message = wire.decoder.feed(*frame, wire.now)
    if message is not None:
        wire.transmitter.hear(message, wire.now)
    line = wire.bus.line_of(wire.names[MPPT], 0x2015)
    assert line is not None
    failure = line.failure()
    assert failure is None


def test_a_value_that_is_known_is_read_back_between_two_writes() -> None:
    """A device need not broadcast again what it had already."""
    wire = Wire()
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(1.5) == ["24 2015 F4010000", "24 ?2015"]
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    assert wire.run(3) == []


def test_what_is_not_confirmed_is_not_sent_and_told_once_for_a_bus() -> None:
    wire = Wire(confirmed=())
    answers = [wire.write(MPPT, CURRENT, 50.0), wire.write(None, VOLTAGE, 27.4), wire.write(None, SENSE, 26.4)]
    assert [answer.code for answer in answers] == [2, 2, 0]
    assert answers[0].text == "/Link/ChargeCurrent = 50 is not sent: nobody has seen here that devices take it"
    assert wire.run(20) == ["FF 2002 500A0000"], "a real frame of a GX is public for this one"
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.ids() == ["link-unconfirmed"]
    assert wire.out.findings[0].text.endswith("take 0x2001, 0x2015")


@pytest.mark.parametrize("level", ["off", "requests"])
def test_below_its_level_nothing_leaves(level: TransmitLevel) -> None:
    wire = Wire(level)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(30, writes=((None, VOLTAGE, 27.4), (MPPT, CURRENT, 50.0))) == []


@pytest.mark.parametrize("level", ["link", "writes"])
def test_from_its_level_on_it_leaves(level: TransmitLevel) -> None:
    wire = Wire(level)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.frames() == ["24 2015 F4010000"]


def test_what_the_gate_does_not_know_does_not_leave() -> None:
    wire = Wire(gate_lets=False)
    wire.write(None, VOLTAGE, 27.4)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.run(3.5) == ["24 ?2015"], "a question is no write"
    assert wire.bus.held >= 3


def test_a_device_without_address_is_told_when_it_has_one_again() -> None:
    wire = Wire()
    name = charger_name(999)
    wire.names[0x77] = name
    wire.write(0x77, CURRENT, 50.0)
    assert wire.run(3) == []
    wire.hear(claim_frame(0x78, name))
    assert wire.run(2)[0] == "78 2015 F4010000"


def test_it_follows_a_device_to_another_address() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.frames()
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.hear(claim_frame(0x66, wire.names[MPPT]))
    wire.hear(register_frame(0x66, 0x2015, "9001"))
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) == 40.0
    assert wire.run(1.1) == ["66 2015 F4010000"]


def test_a_verdict_is_about_one_value_for_one_service() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 20.0)
    for name in ("another", "zzz"):
        other = wire.target(MPPT)._replace(service=name)
        wire.out.write(other, CURRENT, 20.0, wire.now)
        assert wire.frames() == []
    wire.look()
    wire.out.write(other, CURRENT, 20.0, wire.now)
    assert wire.frames() == ["24 2015 C8000000"], "the same again is as lawful"
    wire.write(None, SENSE, 26.4)
    wire.now += 0.1
    assert wire.frames() == ["FF 2002 500A0000"]
    wire.out.write(wire.target(None), SENSE, 26.4, wire.now)
    wire.now += 0.1
    assert wire.frames() == [], "what is measured must be true now"


@pytest.mark.parametrize(("age_s", "leaves"), [(3.0 - 0.01, True), (3.0, False)])
def test_a_verdict_counts_for_three_seconds(age_s: float, leaves: bool) -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 20.0)
    wire.now += age_s
    wire.hear(OF_SOMEBODY)
    assert (wire.frames() != []) is leaves


@pytest.mark.parametrize(("age_s", "stands"), [(60.0 - 0.01, True), (60.0, False)])
def test_a_word_counts_for_a_minute(age_s: float, stands: bool) -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 20.0)
    wire.now += age_s - 0.5
    wire.hear(OF_SOMEBODY)
    wire.look()
    wire.now += 0.5
    line = wire.bus.line_of(wire.names[MPPT], 0x2015)
    assert line is not None
    assert (wire.bus.lawful(line, wire.now) is not None) is stands
    assert (len(wire.out.words(wire.now)) == 1) is stands


@pytest.mark.parametrize(("age_s", "leaves"), [(10.0 - 0.01, True), (10.0, False)])
def test_what_was_measured_is_sent_within_ten_seconds_or_not_at_all(age_s: float, leaves: bool) -> None:
    wire = Wire()
    wire.write(None, SENSE, 26.4)
    wire.now += age_s - 0.5
    wire.hear(OF_SOMEBODY)
    wire.look()
    wire.now += 0.5
    assert (wire.frames() != []) is leaves


def test_one_without_address_is_looked_for_once_a_second() -> None:
    wire = Wire()
    name = charger_name(999)
    wire.names[0x77] = name
    wire.write(0x77, CURRENT, 50.0)
    assert wire.frames() == []
    assert wire.bus.deadline(wire.now) == wire.now + 1.0
    wire.now += 1.0 - 0.1
    wire.hear(claim_frame(0x78, name))
    wire.look()
    assert wire.frames() == []
    wire.now += 0.1
    assert wire.frames() == ["78 2015 F4010000"]


def test_one_without_address_holds_up_nobody_and_does_not_press_before_its_time() -> None:
    wire = Wire()
    wire.names[0x77] = charger_name(999)
    wire.write(0x77, CURRENT, 50.0)
    assert wire.bus.presses(wire.now)
    assert wire.frames() == []
    assert not wire.bus.presses(wire.now)
    assert wire.bus.presses(wire.now + 1.0)
    wire.now += 1.0
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.frames() == ["24 2015 F4010000"]


@pytest.mark.parametrize("address", [MPPT - 1, MPPT + 1, None])
def test_a_device_is_told_where_the_sender_and_the_list_of_devices_have_it(address: int | None) -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.bus.next(wire.now, lambda _: address) is None
    wire.now += 1.0
    assert wire.bus.next(wire.now, lambda _: MPPT) is not None


def test_whoever_asks_has_a_changed_word_judged_first() -> None:
    for ask in (lambda bus, now: bus.next(now, lambda _: MPPT), LinkBus.presses):
        wire = Wire()
        wire.write(MPPT, CURRENT, 50.0)
        wire.out.write(wire.target(MPPT), CURRENT, 40.0, wire.now)
        ask(wire.bus, wire.now)
        assert wire.asked_anew == 1


def test_0_a_is_in_the_log_as_0() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 0.0)
    wire.frames()
    assert [(path, value, word) for _, _, path, value, word in wire.bus.log] == [(CURRENT, 0.0, "told")]


def test_what_ends_for_one_device_or_a_bus_is_sent_no_more() -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    for word in ((MPPT, CURRENT, 50.0), (MPPT_2, CURRENT, 50.0), (None, VOLTAGE, 27.4)):
        wire.write(*word)
    wire.out.end(wire.target(MPPT))
    assert wire.run(0.5) == ["25 2015 F4010000", "FF 2001 B40A0000"]
    wire.out.end(wire.target(None))
    assert wire.run(9) == []
    assert wire.out.words(wire.now) == []


@pytest.mark.parametrize("header", ["9966", "6598", "6700", "0000"])
def test_a_register_under_another_header_is_no_value(header: str) -> None:
    wire = Wire()
    message = wire.decoder.feed(*register_frame(MPPT, 0x2015, "F401"), wire.now)
    assert message is not None
    payload = bytes.fromhex(header) + message[4][2:]
    wire.bus.hear((*message[:4], payload), US, wire.now)
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) is None
    wire.bus.hear(message, US, wire.now)
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) == 50.0


def test_half_a_refusal_is_none() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.frames()
    message = wire.decoder.feed(*register_frame(MPPT, 0x0002, "15200083", to=US), wire.now)
    assert message is not None
    line = wire.bus.line_of(wire.names[MPPT], 0x2015)
    assert line is not None
    for size, failed in ((7, False), (8, True)):
        wire.bus.hear((*message[:4], (message[4][:6] + b"\x80\x80")[:size]), US, wire.now)
        assert (line.failure() is not None) is failed


@pytest.mark.parametrize(
    "frame",
    [
        (0x1CEFFF24, bytes.fromhex("6699152001000000")),
        (0x1CEFFF24, bytes.fromhex("9966152001000000")),
        (0x1CEFFF24, bytes.fromhex("6698152001000000")),
        (0x1CEEFF24, bytes.fromhex("6699152001000000")),
    ],
    ids=["a register", "swapped", "of another maker", "an address claim"],
)
def test_only_a_register_of_the_maker_is_a_value(frame: Frame) -> None:
    wire = Wire()
    message = wire.decoder.feed(*frame, wire.now)
    if message is not None:
        wire.bus.hear(message, US, wire.now)
    expected = 0.1 if frame[1].startswith(b"\x66\x99") and frame[0] >> 16 & 0xFF == 0xEF else None
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) == expected


def test_what_waited_longest_goes_first_among_equals() -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    wire.join(0x26, charger_name(857))
    for address in (0x26, MPPT_2, MPPT):
        wire.write(address, CURRENT, 50.0)
        wire.frames()
        wire.hear(register_frame(address, 0x2015, "F401"))
        wire.now += 0.3
    wire.now += 8.0
    wire.hear(OF_SOMEBODY)
    for address in (MPPT, 0x26, MPPT_2):
        wire.out.write(wire.target(address), CURRENT, 50.0, wire.now)
    for line in wire.bus.lines.values():
        line.again_at = float("-inf")
        line.sent_at = {0x26: 1.0, MPPT_2: 2.0, MPPT: 3.0}[
            next(at for at, name in wire.names.items() if name == line.name)
        ]
        line.exchange = Exchange(500, step=1, outcome="followed")
    wire.look()
    assert [text[:2] for text in wire.run(0.3)] == ["26", "25", "24"]


@pytest.mark.parametrize(
    ("address", "path", "first", "later"),
    [
        (None, SENSE, 26.4, 26.0),
        (None, SENSE, 26.4, 0.0),
        (None, MODE, 13, 5),
        (MPPT, MODE, 13, 5),
        (MPPT, MODE, 13, 0),
    ],
)
def test_what_is_measured_and_a_mode_are_no_limits_that_may_leave_when_nobody_is_heard(
    address: int | None, path: str, first: float, later: float
) -> None:
    wire = Wire()
    assert wire.run(24, writes=((address, path, first),)) != [], "a mode after 20 s, as nobody is told a current"
    wire.now += 6.0
    wire.write(address, path, later)
    assert wire.frames() == []
    wire.hear(OF_SOMEBODY)
    assert wire.run(1.5) != [], "and afterwards it does"


def test_on_a_bus_where_nobody_is_heard_only_what_lowers_leaves() -> None:
    """What is sent then may wait in the driver's queue until somebody is there again."""
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    words = ((MPPT, CURRENT, 50.0), (MPPT_2, CURRENT, 0.0), (None, VOLTAGE, 27.4), (None, SENSE, 26.4))
    wire.run(4, writes=words)
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT_2, 0x2015, "0000"))
    wire.now += 6.0 - 0.2
    for row in words:
        wire.write(*row)
    assert wire.frames() == ["FF 2002 500A0000"], "so far somebody was heard"
    wire.now += 0.2
    wire.write(MPPT, CURRENT, 60.0)
    wire.write(None, VOLTAGE, 27.4)
    assert wire.frames() == []
    wire.write(MPPT, CURRENT, 40.0)
    assert wire.frames() == ["24 2015 90010000"]
    wire.hear(register_frame(MPPT, 0x2015, "9001"))
    wire.now += 8.0
    wire.write(MPPT_2, CURRENT, 0.0)
    assert wire.frames() == ["25 2015 00000000"], "0 A may always leave"
    wire.write(None, VOLTAGE, 27.3)
    assert wire.run(0.2) == ["FF 2001 AA0A0000"], "a lower voltage too"


def test_a_first_word_waits_for_somebody_on_the_bus() -> None:
    wire = Wire()
    wire.now += 6.0
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.frames() == []
    wire.hear(OF_SOMEBODY)
    assert wire.frames() == ["24 2015 F4010000"]


def test_when_somebody_is_heard_again_everything_is_told_anew() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, VOLTAGE, 27.4)
    wire.run(0.3)
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.now += 6.0
    wire.look()
    wire.hear(OF_SOMEBODY)
    assert [hold.evidence for hold in wire.out.holds(wire.now).values()] == ["unknown"]
    assert wire.run(0.3) == ["24 2015 F4010000", "FF 2001 B40A0000"]


@pytest.mark.parametrize(("away_s", "told"), [(2.0 - 0.1, []), (2.0, ["24 2015 F4010000"])])
def test_a_device_that_claims_its_address_after_a_silence_is_told_anew(away_s: float, told: list[str]) -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.run(0.3)
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT_2, 0x2015, "F401"))
    wire.now += away_s
    wire.hear(OF_SOMEBODY, claim_frame(MPPT, wire.names[MPPT]))
    wire.look()
    assert wire.frames() == told
    evidence = {hold.evidence for hold in wire.out.holds(wire.now).values()}
    assert evidence == ({"shown", "unknown"} if told else {"shown"})


def test_who_has_lost_its_address_is_nobody_that_begins_anew() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.hear(claim_frame(254, charger_name(900)))
    wire.now += 2.0
    wire.hear(claim_frame(254, charger_name(900)))
    wire.look()
    assert wire.frames() == ["24 2015 F4010000"]


def test_one_that_goes_back_to_another_value_is_told_again_after_a_second() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.3)
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    wire.hear(register_frame(MPPT, 0x2015, "BC02"))
    wire.look()
    assert wire.run(3) == ["24 2015 F4010000"] * 3
    assert [round(at - wire.sent[0][0], 1) for at, _, _ in wire.sent] == [0.0, 1.0, 2.0, 3.0]


def test_lowered_goes_first_by_what_a_device_shows_and_not_by_what_was_sent() -> None:
    wire = Wire()
    wire.join(MPPT_2, charger_name(856))
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(MPPT_2, CURRENT, 50.0)
    wire.run(0.2)
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT_2, 0x2015, "2C01"))
    wire.run(8.5, writes=((MPPT, CURRENT, 50.0), (MPPT_2, CURRENT, 40.0)))
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT_2, 0x2015, "BC02"))
    wire.write(MPPT, CURRENT, 55.0)
    wire.write(MPPT_2, CURRENT, 40.0)
    wire.now += 8.0
    wire.hear(OF_SOMEBODY)
    wire.look()
    assert next(text for text in wire.run(0.3) if "?" not in text) == "25 2015 90010000", "it shows 70 A"


def test_questions_of_others_get_their_turn() -> None:
    wire = Wire()
    for number in range(8):
        wire.join(0x30 + number, charger_name(900 + number))
        wire.write(0x30 + number, CURRENT, 10.0)
    for register in (0x0100, 0x0102):
        wire.transmitter.order(TransmitOrder(MPPT, register=register), wire.now)
    found = wire.run(1.4)
    assert found[:8] == [f"{0x30 + number:02X} 2015 64000000" for number in range(8)], "new words first"
    assert found[8:11] == ["24 ?0100", "30 2015 64000000", "24 ?0102"], "between those that nobody answered"
    assert all(later - at > 0.099 for (at, *_), (later, *_) in pairwise(wire.sent))


def test_it_comes_back_when_something_is_due_and_not_before() -> None:
    wire = Wire(confirmed=ALL_CONFIRMED.keys() - {"2017 addressed"})
    assert wire.bus.deadline(wire.now) == float("inf")
    wire.write(MPPT, CURRENT, 50.0)
    wire.frames()
    assert wire.transmitter.next_deadline() == wire.now + 1.0
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    assert wire.transmitter.next_deadline() == wire.now + 8.0
    wire.write(None, VOLTAGE, 27.4)
    assert wire.transmitter.next_deadline() == wire.now + 0.1, "paced"
    wire.now += 0.1
    wire.write(MPPT, DISCHARGE, 600.0)
    wire.frames()
    assert wire.bus.deadline(wire.now) == wire.now + 4.0
    assert wire.out.try_device("855") == ""
    assert wire.bus.deadline(wire.now) == float("-inf"), "a try begins at once"
    wire.bus.stopped = True
    assert wire.bus.deadline(wire.now) == float("inf")


def test_a_discharge_current_and_a_mode_are_no_charge_current() -> None:
    wire = Wire()
    wire.write(MPPT, DISCHARGE, 30.0)
    wire.run(0.2)
    wire.hear(register_frame(MPPT, 0x2017, "2C01"))
    assert wire.out.holds(wire.now) == {}
    wire.write(MPPT, CURRENT, 50.0)
    wire.run(0.5)
    wire.hear(register_frame(MPPT, 0x2015, "F401"), register_frame(MPPT, 0x2017, "6400"))
    holds = {service_of(wire.names[MPPT]): LinkHold(50.0, 50.0, "shown")}
    assert wire.out.holds(wire.now) == holds
    wire.write(MPPT, DISCHARGE, 80.0)
    wire.write(MPPT, MODE, 13)
    assert len(wire.run(0.5)) == 3
    assert wire.out.holds(wire.now) == holds


def test_what_is_written_to_a_device_is_not_what_it_shows() -> None:
    wire = Wire()
    wire.hear(register_frame(MPPT, 0x2015, "F401", to=MPPT_2))
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) is None


def test_the_same_word_again_needs_no_new_verdict_and_is_heard_of_by_the_gate_where_its_service_is_another() -> None:
    wire = Wire()
    target = wire.target(MPPT)
    wire.write(MPPT, CURRENT, 50.0)
    for name, anew in ((target.service, False), (f"{target.service}0", True), (target.service, True)):
        wire.out.write(target._replace(service=name), CURRENT, float("50"), wire.now)
        line = wire.bus.line_of(wire.names[MPPT], 0x2015)
        assert line is not None
        assert (line.passed is None) is anew
        wire.look()


def test_a_bus_begins_with_nothing_held_back() -> None:
    assert (Wire().bus.held, Wire().bus.quiet, Wire().bus.stopped) == (0, False, False)


def test_memory_is_bounded() -> None:
    wire = Wire()
    for number in range(MOST_LINES + 5):
        wire.names[0x40] = charger_name(1000 + number)
        answer = wire.out.write(wire.target(0x40), CURRENT, 1.0, wire.now)
    assert len(wire.bus.lines) == MOST_LINES
    assert answer.code == 2
    for address in range(0x30, 0xC0):
        wire.join(address, charger_name(5000 + address))
        wire.hear(*(register_frame(address, register, "01000000") for register in REGISTERS))
    assert len(wire.bus.shown) == MOST_SHOWN


def test_only_devices_of_instance_0_are_told_anything() -> None:
    wire = Wire()
    wire.join(0x50, charger_name(1, device_instance=1))
    answer = wire.write(0x50, CURRENT, 50.0)
    assert answer.code == 2
    assert wire.run(2) == []


def test_one_that_is_given_another_instance_is_not_told_any_more() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.frames()
    wire.hear(register_frame(MPPT, 0x2015, "F401"), claim_frame(MPPT, charger_name(device_instance=2)))
    assert wire.run(20) == []


@pytest.mark.parametrize(
    ("address", "path", "value", "code"),
    [
        (MPPT, VOLTAGE, 27.4, 1),
        (MPPT, "/Link/Nonsense", 1, 1),
        (None, CURRENT, 5.0, 1),
        (None, "/Link/ChargeVoltageSolarOffset", 0.4, 1),
        (None, VOLTAGE, "27.4", 2),
        (MPPT, CURRENT, -1.0, 2),
        (MPPT, MODE, 13.5, 2),
    ],
)
def test_what_cannot_be_sent_is_refused(address: int | None, path: str, value: float | str, code: int) -> None:
    wire = Wire()
    assert wire.write(address, path, value).code == code
    assert wire.run(2) == []
    assert wire.out.shown(wire.target(address), path, wire.now) is None


def test_a_register_that_is_not_linkable_never_leaves_by_link() -> None:
    class Wild:
        def hear(self, *_: object) -> None: ...

        def presses(self, _now: float) -> bool:
            return True

        def next(self, *_: object) -> TransmitOrder:
            return TransmitOrder(0xFF, register=0x0200, data=b"\x04")

        def deadline(self, _now: float) -> float:
            return 0.0

    wire = Wire(source=Wild())
    assert wire.run(1) == []


def test_what_a_charger_was_not_told_yet_does_not_wait_behind_questions() -> None:
    wire = Wire()
    for register in range(0x1050, 0x1058):
        assert wire.transmitter.order(TransmitOrder(MPPT, register=register), wire.now)
    words = ((MPPT, CURRENT, 50.0), (MPPT, MODE, 13), (None, VOLTAGE, 27.4), (None, MODE, 13))
    for word in words:
        wire.write(*word)
    assert wire.run(0.2) == ["24 2015 F4010000", "FF 2001 B40A0000"]
    wire.hear(register_frame(MPPT, 0x2015, "F401"))
    found = wire.run(0.6)
    assert found[:4] == ["24 200E 0D000000", "FF 200E 0D000000", "24 2015 F4010000", "FF 2001 B40A0000"]
    assert found[4:] == ["24 ?1050"]
    wire.write(None, SENSE, 26.4)
    assert "24 ?1051" in wire.run(0.3), "what is measured takes turns with them"


def test_what_another_controller_holds_back_does_not_press() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.bus.presses(wire.now)
    wire.bus.stopped = True
    assert not wire.bus.presses(wire.now)


def test_nor_does_a_link_register_by_the_queue() -> None:
    wire = Wire("writes")
    assert not wire.transmitter.order(TransmitOrder(wire.names[MPPT], register=0x2015, data=b"\x00\x00"), wire.now)


def test_an_exchange_hears_nothing_before_it_has_begun() -> None:
    exchange = Exchange(500)
    exchange.heard(500)
    exchange.answered(0x8300)
    assert (exchange.outcome, exchange.act(0.0)) == ("", "W")


def test_all_rows_are_confirmed_in_these_tests() -> None:
    assert isinstance(charger_name(), Name)
    assert len(ALL_CONFIRMED) == 12


def test_a_device_that_was_given_another_system_instance_has_one_word() -> None:
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.join(MPPT, charger_name(system_instance=1))
    assert wire.write(MPPT, CURRENT, 20.0).code == 0
    assert wire.run(0.5) == ["24 2015 C8000000"]
    wire.write(MPPT, CURRENT, None)
    assert wire.run(20) == []


def test_where_two_speak_from_one_address_neither_is_told() -> None:
    wire = Wire()
    wire.join(MPPT, charger_name(800))
    assert wire.out.write(wire.target(MPPT), CURRENT, 50.0, wire.now).code == 0
    wire.now += 3
    assert wire.run(5) == []
    wire.join(MPPT_2, charger_name())
    wire.names[MPPT] = charger_name(800)
    assert "24 2015 F4010000" in wire.run(5)
