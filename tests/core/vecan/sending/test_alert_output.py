"""Findings as alerts for chart plotters: frames packed by hand from canboat@01d0dc3, and who keeps us from it."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.vecan.sending.alert_output import (
    ALERT_IDS,
    CALM_S,
    LONGEST_TEXT,
    MOST_ALERTS,
    MOST_WARNINGS,
    NORMALS,
    AlertLevel,
    AlertOutput,
    fitting_text,
)
from gxbridge.core.vecan.sending.claim import own_name
from gxbridge.core.vecan.sending.plotter_output import RIVAL_S, PlotterOutput
from gxbridge.core.vecan.sending.transmit import BusTransmitter

US, PLOTTER, LYNX = 0xC8, 0x30, 0x29
OURS = own_name(12345)
GX = Name.make(1, VICTRON, function=130, device_class=120)
MARETRON = Name.make(2, 137, function=130, device_class=120)
ALARM = replace(finding("bms-trouble", "battery", 0.0, device="Lynx", what="high cell voltage"), text="Lynx: cell high")
WARNING = finding("battery-refuses", "battery", 0.0, device="Lynx", what="to charge", why="")
SOMETHING_ELSE = finding("can-not-open", "can0", 0.0, bus="can0", state="down", reason="no such device")
START = 10.0
WHO_IS_THERE = 0x18EAFFFE
"""The request for claims, from the null address: what follows was not heard for ten seconds."""
"""When it has listened long enough."""

HEAD = struct.pack("<BBBHQBBB", 1 << 4 | 2, 255, 255, 10, OURS.raw, 2, 0, 1)
"""Technical alarm, no system, 10, our NAME, instance 2, first subject, first time."""
ACTIVE = HEAD + struct.pack("<BQBBB", 0xC0, (1 << 64) - 1, 0xF1, 255, 2)
NORMAL = HEAD + struct.pack("<BQBBB", 0xC0, (1 << 64) - 1, 0xF1, 255, 1)
TEXT = HEAD + bytes([1]) + b"\x11\x01Lynx: cell high" + b"\x02\x01"


def output(least: AlertLevel = "warnings") -> AlertOutput:
    return AlertOutput(OURS, 2, least, 0.0)


def show(alerts: AlertOutput, *held: Finding, now: float, own: int = LYNX, elsewhere: bool = False) -> None:
    alerts.show(held, frozenset({own}), now, elsewhere=elsewhere)


def payload(frames: list[Frame]) -> bytes:
    """What fast-packet frames of one message carry."""
    (length,) = {frames[0][1][1]}
    joined = frames[0][1][2:] + b"".join(data[1:] for _, data in frames[1:])
    assert [data[0] & 0x1F for _, data in frames] == list(range(len(frames)))
    return joined[:length]


def heard(frames: list[Frame]) -> Message:
    decoder = Decoder()
    messages = [decoder.feed(can_id, data, 0.0) for can_id, data in frames]
    assert messages[-1] is not None
    return messages[-1]


def fields(message: Message) -> dict[str, object]:
    return dict(zip((field.name for field in message[0].fields), message[3], strict=True))


def played(alerts: AlertOutput, *held: Finding, begin: float, end: float) -> list[tuple[float, dict[str, object]]]:
    """Every message while findings are held, a look each second and a question each tenth."""
    said = []
    for tenth in range(round(begin * 10), round(end * 10)):
        now = tenth / 10
        if tenth % 10 == 0:
            show(alerts, *held, now=now)
        if frames := alerts.due(US, now):
            said.append((now, {"pgn": heard(frames)[0].pgn, **fields(heard(frames))}))
    return said


def test_an_alarm_is_said_every_second_and_its_text_every_ten() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    assert alerts.next_at == START
    frames = alerts.due(US, START)
    assert {can_id for can_id, _ in frames} == {0x09F007C8}
    assert len(frames) == 5
    assert payload(frames) == ACTIVE
    assert alerts.due(US, START) == []
    frames = alerts.due(US, START + 0.1)
    assert {can_id for can_id, _ in frames} == {0x09F009C8}
    assert payload(frames) == TEXT
    said = played(alerts, ALARM, begin=START + 1, end=START + 21)
    assert [at for at, alert in said if alert["pgn"] == 126983] == pytest.approx(
        [START + 1 + n for n in range(20)], abs=0.2
    )
    assert [at for at, alert in said if alert["pgn"] == 126985] == pytest.approx([START + 10, START + 20], abs=0.3)


def test_its_end_is_said_three_times_and_only_after_it_has_been_away_for_a_while() -> None:
    alerts = output()
    played(alerts, ALARM, begin=START, end=START + 2)
    gone = played(alerts, begin=START + 2, end=START + 2 + CALM_S - 1)
    assert {alert["state"] for _, alert in gone if alert["pgn"] == 126983} == {2}
    ended = played(alerts, begin=START + 1 + CALM_S, end=START + 30)
    assert [alert["state"] for _, alert in ended] == [1] * NORMALS
    assert alerts.next_at == float("inf")
    assert alerts.due(US, START + 40) == []


def test_the_end_by_hand() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    show(alerts, now=START + CALM_S)
    assert payload(alerts.due(US, START + CALM_S)) == NORMAL


def test_one_that_comes_back_is_the_same_while_it_lasts_and_the_next_time_after_its_end() -> None:
    alerts = output()
    played(alerts, ALARM, begin=START, end=START + 2)
    played(alerts, begin=START + 2, end=START + 9)
    again = played(alerts, ALARM, begin=START + 9, end=START + 11)
    assert {alert["occurrence"] for _, alert in again} == {1}
    show(alerts, now=START + 30)
    assert fields(heard(alerts.due(US, START + 30)))["state"] == 1
    back = played(alerts, ALARM, begin=START + 31, end=START + 33)
    assert {(alert["occurrence"], alert.get("state", 2)) for _, alert in back} == {(2, 2)}
    assert {alert["pgn"] for _, alert in back} == {126983, 126985}, "with its text at once"


def test_times_count_to_252_and_begin_again() -> None:
    alerts = output()
    times = []
    for n in range(254):
        now = START + n * 40
        show(alerts, ALARM, now=now)
        times.append(fields(heard(alerts.due(US, now)))["occurrence"])
        for later in (20, 21.5, 23, 24.5):
            show(alerts, now=now + later)
            alerts.due(US, now + later)
    assert times[:2] == [1, 2]
    assert times[251:] == [252, 1, 2]


def test_alarms_only_where_warnings_are_not_wanted_and_never_what_is_not_about_batteries() -> None:
    assert {
        alert["alert_type"] for _, alert in played(output("alarms"), ALARM, WARNING, begin=START, end=START + 1)
    } == {2}
    said = played(
        output(),
        ALARM,
        WARNING,
        SOMETHING_ELSE,
        replace(ALARM, severity="info", subject="b"),
        begin=START,
        end=START + 1,
    )
    assert {(alert["alert_type"], alert["alert_id"]) for _, alert in said} == {(2, 10), (5, 20)}


def test_two_batteries_with_one_finding_are_two_alerts() -> None:
    second = replace(ALARM, subject="other", text="Other: cell high")
    alerts = output()
    said = played(alerts, ALARM, second, begin=START, end=START + 2)
    texts = {alert["source_index"]: alert["description"] for _, alert in said if alert["pgn"] == 126985}
    assert texts == {0: "Lynx: cell high", 1: "Other: cell high"}


def test_there_are_never_more_than_eight_and_four_of_them_are_kept_for_alarms() -> None:
    alarms = [replace(ALARM, subject=f"a{n}") for n in range(MOST_ALERTS + 2)]
    warnings = [replace(WARNING, subject=f"w{n}") for n in range(MOST_ALERTS)]
    alerts = output()
    said = played(alerts, *warnings, begin=START, end=START + 1)
    assert {alert["source_index"] for _, alert in said} == set(range(MOST_WARNINGS))
    said = played(alerts, *alarms, *warnings, begin=START + 1, end=START + 12)
    kinds = {(alert["alert_type"], alert["source_index"]) for _, alert in said}
    assert [kind for kind, _ in sorted(kinds)] == [2] * (MOST_ALERTS - MOST_WARNINGS) + [5] * MOST_WARNINGS
    seconds = [int(at) for at, _ in said]
    assert max(map(seconds.count, seconds)) <= 10, "one message each 100 ms"
    states = [(alert["alert_type"], alert["source_index"]) for _, alert in said if alert["pgn"] == 126983]
    assert min(states.count(kind) for kind in kinds) >= 8, "of eleven seconds, on a grid of 100 ms"


def test_it_listens_for_ten_seconds() -> None:
    alerts = output()
    assert played(alerts, ALARM, begin=0.0, end=START) == []
    assert len(played(alerts, ALARM, begin=START, end=START + 0.5)) == 2


def test_nothing_is_said_while_nobody_shows_what_holds() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    alerts.due(US, START)
    assert alerts.due(US, START + 4.9) != []
    assert alerts.due(US, START + 5.0) == []
    assert alerts.next_at == START + 6.0
    show(alerts, ALARM, now=START + 7)
    assert len(alerts.due(US, START + 7)) == 5


def of_somebody(source: int) -> Message:
    return heard([(0x09F00700 | source, data) for _, data in alert_frames()])


def alert_frames() -> list[Frame]:
    alerts = output()
    show(alerts, ALARM, now=START)
    return alerts.due(US, START)


@pytest.mark.parametrize(("source", "sender"), [(LYNX, MARETRON), (0x24, GX), (0x24, None)])
def test_alerts_of_a_battery_of_a_gx_and_of_nobody_knows_who_end_ours(source: int, sender: Name | None) -> None:
    alerts = output()
    played(alerts, ALARM, begin=START, end=START + 2)
    alerts.hear(of_somebody(source), sender, START + 2)
    assert alerts.rival(START + 2) == source
    said = played(alerts, ALARM, begin=START + 2, end=START + 10)
    assert [alert["state"] for _, alert in said] == [1] * NORMALS
    assert alerts.rival(START + 1.9 + RIVAL_S) == source
    assert alerts.rival(START + 2 + RIVAL_S) is None
    assert played(alerts, ALARM, begin=START + 2 + RIVAL_S, end=START + 3 + RIVAL_S) != []


def test_alerts_of_other_devices_are_no_rivals() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    alerts.hear(of_somebody(0x24), MARETRON, START)
    assert alerts.rival(START) is None
    alerts.hear(heard([(0x19F21429, bytes.fromhex("004F0AFDFFFFFF01"))]), GX, START)
    assert alerts.rival(START) is None


def test_while_another_source_tells_the_battery_every_alert_ends() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    show(alerts, ALARM, now=START, elsewhere=True)
    assert payload(alerts.due(US, START)) == NORMAL


def answer(name: Name) -> Message:
    said = HEAD[:5] + name.payload + HEAD[13:] + MARETRON.payload + b"\xfc"
    parts = [bytes([0x20, len(said)]) + said[:6], *(bytes([0x21 + n]) + said[6 + 7 * n : 13 + 7 * n] for n in range(3))]
    return heard([(0x09F00830, part) for part in parts])


def test_an_answer_is_counted_and_changes_nothing() -> None:
    alerts = output()
    show(alerts, ALARM, now=START)
    alerts.hear(answer(OURS), MARETRON, START)
    alerts.hear(answer(GX), MARETRON, START)
    assert alerts.answers == 1
    assert payload(alerts.due(US, START)) == ACTIVE


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Lynx reports high cell voltage", "Lynx reports high cell voltage"),
        ("Häusle:\n45 °C\x1b[2J", "H?usle: 45 ?C?[2J"),
        (" \t ", ""),
        ("a" * 70, "a" * 70),
        ("a" * 71, "a" * 67 + "..."),
        ("a" * 66 + " bcdef", "a" * 66 + "..."),
        ("a" * 67 + " bcdef", "a" * 67 + "..."),
        ("a" * 68 + " bcdef", "a" * 67 + "..."),
    ],
)
def test_texts_are_cut_to_what_plotters_show(text: str, fits: str) -> None:
    assert fitting_text(text) == fits


def test_a_finding_without_text_says_its_id() -> None:
    said = played(output(), replace(ALARM, text=""), begin=START, end=START + 1)
    assert said[1][1]["description"] == "bms-trouble"


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=200),
    st.sampled_from(sorted(ALERT_IDS)),
    st.sampled_from(["alarm", "warning"]),
    st.integers(0, 252),
)
def test_what_is_said_is_what_is_read(text: str, id: str, severity: str, instance: int) -> None:
    alerts = AlertOutput(OURS, instance, "warnings", 0.0)
    show(alerts, replace(ALARM, id=id, text=text, severity=severity), now=START)
    alert, words = (heard(alerts.due(US, START + wait)) for wait in (0.0, 0.1))
    same = {
        "alert_type": 2 if severity == "alarm" else 5, "category": 1, "system": None, "subsystem": None,
        "alert_id": ALERT_IDS[id], "source_name": OURS.raw, "source_instance": instance, "source_index": 0,
        "occurrence": 1,
    }  # fmt: skip
    assert fields(words) == same | {"language": 1, "description": fitting_text(text) or id, "location": ""}
    assert len(fitting_text(text)) <= LONGEST_TEXT
    silenced, acknowledged = ("temporarily_silenced", "can_be_silenced"), ("acknowledged", "can_be_acknowledged")
    never = dict.fromkeys((*silenced, *acknowledged, "escalated", "can_be_escalated"), 0)
    rest = {"acknowledged_by_name": None, "trigger": 1, "threshold": None, "alert_priority": None, "state": 2}
    assert fields(alert) == same | never | rest


def test_every_number_is_of_one_finding_that_is_worth_an_alert() -> None:
    assert len(set(ALERT_IDS.values())) == len(ALERT_IDS)
    assert {FINDINGS[id].severity for id in ALERT_IDS} == {"alarm", "warning"}


def transmitter(alerts: AlertOutput) -> BusTransmitter:
    """One with a claimed address."""
    ours = BusTransmitter("requests", OURS, 0.0, plotter=PlotterOutput(2, 0.0), alerts=alerts)
    for now in (0.0, 1.25, 1.5):
        assert len(ours.frames(now)) <= 1
    return ours


def test_on_the_bus_alerts_are_said_and_those_of_a_gx_are_heard() -> None:
    alerts = output()
    ours = transmitter(alerts)
    show(alerts, ALARM, now=START)
    ours.frames(START)
    show(alerts, ALARM, now=START + 0.5)
    assert ours.next_deadline() == START + 0.1
    assert {can_id for can_id, _ in ours.frames(START + 0.5)} == {0x09F009C8}
    ours.hear(of_somebody(US), START + 0.6)
    assert alerts.rival(START + 0.6) is None, "our own, coming back"
    ours.hear(heard([(0x18EEFF24, MARETRON.payload)]), START + 0.7)
    ours.hear(of_somebody(0x24), START + 0.7)
    assert alerts.rival(START + 0.7) is None
    ours.hear(heard([(0x18EEFF25, GX.payload)]), START + 0.8)
    ours.hear(of_somebody(0x25), START + 0.8)
    assert alerts.rival(START + 0.8) == 0x25


ASKS_US_FOR_THE_TEXT = [
    (0x0DEDC830, bytes.fromhex("20070009F001FFFF")),
    (0x0DEDC830, bytes.fromhex("21FF00FFFFFFFFFF")),
]
"""Request group function, no interval wanted, no fields."""


def test_who_asks_for_a_text_gets_it_within_a_second_and_no_oftener() -> None:
    alerts = output()
    ours = transmitter(alerts)
    show(alerts, ALARM, now=START)
    said = []
    for tenth in range(100, 200):
        now = tenth / 10
        show(alerts, ALARM, now=now)
        if tenth >= 120:
            ours.hear(heard(ASKS_US_FOR_THE_TEXT), now)
        said += [now] * (0x09F009C8 in {can_id for can_id, _ in ours.frames(now)})
    assert said[0] == pytest.approx(10.1)
    assert said[1] == pytest.approx(12.0, abs=0.15)
    assert 6 <= len(said[1:]) <= 8, "in eight seconds"


@pytest.mark.parametrize("frame", [(0x0DED1230, "20070009F001FFFF"), (0x0DEDC830, "20070109F001FFFF")])
def test_other_group_functions_ask_nothing(frame: tuple[int, str]) -> None:
    alerts = output()
    ours = transmitter(alerts)
    show(alerts, ALARM, now=START)
    for now in (START, START + 0.1):
        ours.frames(now)
    rest = (frame[0], ASKS_US_FOR_THE_TEXT[1][1])
    ours.hear(heard([(frame[0], bytes.fromhex(frame[1])), rest]), START + 2)
    assert {can_id for can_id, _ in ours.frames(START + 2)} == {0x09F007C8, WHO_IS_THERE}
    assert {can_id for can_id, _ in ours.frames(START + 2.1)} == set()


def test_without_alerts_a_request_for_one_is_refused() -> None:
    alerts = output()
    assert not alerts.asked(126985, START)
    show(alerts, ALARM, now=START)
    assert alerts.asked(126983, START)
    assert not alerts.asked(127508, START)


def test_before_the_address_is_ours_no_alert_is_said() -> None:
    alerts = AlertOutput(OURS, 2, "warnings", -20.0)
    show(alerts, ALARM, now=0.0)
    ours = BusTransmitter("requests", OURS, 0.0, alerts=alerts)
    assert [len(ours.frames(now)) for now in (0.0, 1.25, 1.4, 1.5)] == [1, 1, 0, 5]
