"""What we answer the other nodes, and that we live; frames by hand from canboat@01d0dc3."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.vecan.sending.alert_output import AlertOutput
from gxbridge.core.vecan.sending.claim import own_name
from gxbridge.core.vecan.sending.own_node import MOST_ASKED, OwnNode
from gxbridge.core.vecan.sending.plotter_output import PlotterOutput
from gxbridge.core.vecan.sending.transmit import BusTransmitter, TransmitOrder
from tests.core.lynx_frames import CLAIM_ID, LYNX

US = 0xC8
PLOTTED = [127508, 127506, 127513]
PRODUCT, CONFIGURATION, LIST, HEARTBEAT, BATTERY = 126996, 126998, 126464, 126993, 127508


def texts(frames: list[Frame]) -> list[str]:
    return [f"{can_id:08X}#{data.hex().upper()}" for can_id, data in frames]


def node() -> OwnNode:
    return OwnNode(12345, "1.2.3", 0.0)


def test_who_we_are_in_134_bytes() -> None:
    ours = node()
    ours.asked(PRODUCT, LYNX, alone=True)
    frames = ours.due(US, 1.0)
    assert len(frames) == 20
    assert texts(frames)[0] == "19F014C8#2086340878BA6778", "134 bytes, version 2.1, code 0xBA78, text gx..."
    decoder = Decoder()
    (message,) = [found for at, (can_id, data) in enumerate(frames) if (found := decoder.feed(can_id, data, at / 100))]
    said = dict(zip((field.name for field in message[0].fields), message[3], strict=True))
    assert said == {
        "nmea2000_version": 2.1, "product_code": 0xBA78, "model_id": "gxbridge", "software_version": "1.2.3",
        "model_version": "", "serial_code": "12345", "certification_level": 0, "load_equivalency": None,
    }  # fmt: skip


def test_a_long_version_is_cut() -> None:
    ours = OwnNode(1, "1.0.0+a-local-version-that-somebody-built", 0.0)
    ours.asked(PRODUCT, LYNX, alone=False)
    assert len(ours.due(US, 0.0)) == 20


def test_our_configuration_is_the_name_of_the_program() -> None:
    ours = node()
    ours.asked(CONFIGURATION, LYNX, alone=False)
    assert texts(ours.due(US, 0.0)) == [
        "19F016C8#200E020102010A01",
        "19F016C8#2167786272696467",
        "19F016C8#2265FFFFFFFFFFFF",
    ]


def test_what_we_send_and_take_is_told_to_who_asked() -> None:
    ours = node()
    ours.asked(LIST, LYNX, alone=True)
    frames = texts(ours.due(US, 0.0))
    assert frames[0].startswith("19EE29C8#201C0000EA0000EE"), "28 bytes: 9 numbers that we send"
    assert frames[5].startswith("19EE29C8#401F0100EA0000EE"), "31 bytes: 10 that we take"
    ours.asked(LIST, LYNX, alone=False)
    assert texts(ours.due(US, 1.0))[0].startswith("19EE29C8#"), "who asks everybody is told, too"


@pytest.mark.parametrize(
    ("plotter", "alerts", "more"),
    [
        (False, False, []),
        (True, False, [127508, 127506, 127513]),
        (True, True, [127508, 127506, 127513, 126983, 126985]),
    ],
)
def test_what_plotters_are_sent_is_in_the_list_where_it_is_configured(
    plotter: bool, alerts: bool, more: list[int]
) -> None:
    name = own_name(1)
    speaker = BusTransmitter(
        *("requests", name, 0.0),
        plotter=PlotterOutput(0, 0.0) if plotter else None,
        alerts=AlertOutput(name, 0, "alarms", 0.0) if alerts else None,
    )
    for now in (0.0, 1.25, 1.5):
        speaker.frames(now)
    decoder, lists = Decoder(), []
    question = decoder.feed(0x18EA0029 | US << 8, (126464).to_bytes(3, "little"), 2.0)
    assert question is not None
    speaker.hear(question, 2.0)
    for can_id, data in speaker.frames(2.0):
        message = decoder.feed(can_id, data, 2.0)
        if message is not None and message[0].pgn == 126464:
            body = message[4][1:]
            lists.append([int.from_bytes(body[at : at + 3], "little") for at in range(0, len(body), 3)])
    both = [59904, 60928, 59392, 126464, 126996, 126998, 61184, 126720]
    assert lists == [[*both, 126993, *more], [*both, 127508, 127506, *([126208] if plotter else [])]]


def test_what_we_do_not_send_is_refused_to_who_asked_us_alone() -> None:
    ours = node()
    ours.asked(BATTERY, LYNX, alone=False)
    assert ours.due(US, 0.0) == []
    ours.asked(BATTERY, LYNX, alone=True)
    assert texts(ours.due(US, 0.0)) == ["18E829C8#01FFFFFFFF14F201"]


def test_a_heartbeat_each_minute_and_when_asked() -> None:
    ours = node()
    beats = [(now, *texts(said)) for now in range(200) if (said := ours.due(US, float(now)))]
    assert beats == [
        (60, "1DF011C8#60EA01FFFFFFFFFF"), (120, "1DF011C8#60EA02FFFFFFFFFF"), (180, "1DF011C8#60EA03FFFFFFFFFF"),
    ]  # fmt: skip
    assert ours.deadline() == 240.0
    ours.asked(HEARTBEAT, LYNX, alone=False)
    assert ours.deadline() == 181.0
    assert texts(ours.due(US, 200.0)) == ["1DF011C8#60EA04FFFFFFFFFF"]


def test_the_number_of_heartbeats_begins_again_after_252() -> None:
    ours = node()
    said = [ours.due(US, 60.0 * beat)[0][1][2] for beat in range(1, 256)]
    assert said[250:] == [251, 252, 0, 1, 2]


def test_one_answer_in_a_second_and_each_question_once() -> None:
    ours = node()
    for _ in range(3):
        ours.asked(PRODUCT, LYNX, alone=True)
        ours.asked(CONFIGURATION, LYNX, alone=True)
    assert ours.deadline() == 0.0
    assert [len(ours.due(US, now)) for now in (0.0, 0.5, 0.9, 1.0, 2.0)] == [20, 0, 0, 3, 0]


def test_so_many_questions_wait() -> None:
    ours = node()
    for source in range(20):
        ours.asked(BATTERY, source, alone=True)
    answered = [texts(said)[0][4:6] for now in range(30) if (said := ours.due(US, float(now)))]
    assert answered == [f"{source:02X}" for source in range(MOST_ASKED)]


def ready(level: str = "requests") -> BusTransmitter:
    """One with a claimed address."""
    transmitter = BusTransmitter(level, own_name(12345), 0.0, version="1.2.3")  # type: ignore[arg-type]
    for now in (0.0, 1.25, 1.5):
        transmitter.frames(now)
    return transmitter


def hear(transmitter: BusTransmitter, frame: str, now: float) -> None:
    can_id, _, data = frame.partition("#")
    message = Decoder().feed(int(can_id, 16), bytes.fromhex(data), now)
    assert message is not None
    transmitter.hear(message, now)


def test_on_the_bus_answers_are_paced_among_requests() -> None:
    transmitter = ready()
    hear(transmitter, "18EAC829#14F001", 2.0)
    transmitter.order(TransmitOrder(LYNX, register=0x2108), 2.0)
    deadline = transmitter.next_deadline()
    assert deadline is not None
    assert deadline <= 2.0, "at once"
    assert [len(transmitter.frames(now)) for now in (2.0, 2.05, 2.1)] == [20, 0, 1]


def test_an_idle_transmitter_wakes_for_the_heartbeat_and_for_its_claim() -> None:
    transmitter = ready()
    assert transmitter.next_deadline() == 60.0
    assert texts(transmitter.frames(60.0)) == ["1DF011C8#60EA01FFFFFFFFFF"]
    assert transmitter.next_deadline() == 61.5
    assert texts(transmitter.frames(61.5)) == [f"{CLAIM_ID | US:08X}#{own_name(12345).payload.hex().upper()}"]


@pytest.mark.parametrize("level", ["off", "requests"])
def test_nobody_is_answered_before_the_address_is_ours_and_never_at_off(level: str) -> None:
    transmitter = BusTransmitter(level, own_name(12345), 0.0)  # type: ignore[arg-type]
    hear(transmitter, "18EAFF29#14F001", 0.0)
    said = texts([frame for now in (0.0, 1.0, 1.25, 1.4) for frame in transmitter.frames(now)])
    assert [frame[:8] for frame in said] == ([] if level == "off" else ["18EAFFFE", "18EEFFC8"])
    assert len(transmitter.frames(1.5)) == (20 if level == "requests" else 0)
