"""The table of `gxbridge watch`: who is there, the newest value of each message, its age and unit."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.encode import encode, frames, vreg_frames
from gxbridge.core.nmea2000.name import Name
from gxbridge.decodelog.filters import Wanted
from gxbridge.edge.can.can_stats import CanStats
from gxbridge.live.buses import BusTraffic
from gxbridge.live.device_readings import WatchedDevices
from gxbridge.live.watch_table import WatchTable, age_text

DB = database()
LYNX = Name.make(167120, 358, function=170, device_class=35)


def pgn(number: int, source: int = 41, **values: Any) -> list[tuple[int, bytes]]:
    layout = DB.pgns[number]
    return [*frames(layout, encode(layout, values), source)]


def register(number: int, source: int = 41, **values: Any) -> list[tuple[int, bytes]]:
    return [*vreg_frames(encode(DB.registers[number], values, rest=0), source)]


def claim(source: int = 41, name: Name = LYNX) -> list[tuple[int, bytes]]:
    return [(0x18EEFF00 | source, name.payload)]


def heard(*messages: list[tuple[int, bytes]], wanted: Wanted = Wanted(), bus: str = "can0") -> WatchedDevices:  # noqa: B008
    buses = WatchedDevices(DB, wanted)
    for at, message in enumerate(messages):
        buses.hear(bus, [(float(at), can_id, data) for can_id, data in message])
    return buses


def lines(buses: WatchedDevices, now: float, width: int = 80) -> list[str]:
    return [line.text for line in WatchTable(DB).devices(buses.devices(now), now, width)]


BATTERY = pgn(127508, instance=0, voltage=26.42, current=-12.3, temperature=294.15)
IDENTITY = (
    claim(),
    register(0x0100, identifier=0, product_id=0xA3E5),
    register(0x010A, serial_number="HQ2132ABCDE"),
    register(0x010C, description1="House bank"),
)


def test_a_device_is_named_by_all_that_it_says_of_itself() -> None:
    first = lines(heard(*IDENTITY, BATTERY), 4.0, 120)[0]
    assert first == ('can0 41: Lynx Smart BMS 500, "House bank", battery, serial HQ2132ABCDE, NAME 167120')


def test_a_value_has_its_unit_and_its_age_and_the_newest_one_counts() -> None:
    buses = heard(register(0x0391, battery_limit_charge_current=20.0), register(0x0391, battery_limit_charge_current=5))
    assert lines(buses, 3.5)[1:] == ["  2.5 s 0x0391 BATTERY_LIMIT_CHARGE_CURRE… 5.0 A"]


def test_temperatures_are_in_degrees_celsius_and_what_is_not_available_is_left_out() -> None:
    said = " ".join(lines(heard(BATTERY), 0.0, 120))
    assert "voltage 26.42 V, current -12.3 A, temperature 21.0 °C" in said
    assert "sid" not in said


def test_of_many_flags_those_that_are_set_are_shown() -> None:
    alarm = register(0x031E, low_voltage=1, bms_lockout=1)
    assert lines(heard(alarm), 0.0, 120)[1].endswith(" low_voltage, bms_lockout")
    assert lines(heard(register(0x031E)), 0.0, 120)[1].endswith(" none set")


def test_a_message_that_nobody_knows_is_shown_as_bytes_and_counted() -> None:
    buses = heard([(0x1CEFFF29, bytes.fromhex("6699212FDEADBEEF"))])
    assert lines(buses, 0.0)[1].split()[-4:] == ["de", "ad", "be", "ef"]
    assert buses.not_decoded() == "1 unknown message"


def test_a_silent_device_is_said_to_be_silent_and_shows_nothing_that_passes() -> None:
    text = lines(heard(*IDENTITY, BATTERY), 34.0, 120)
    assert text[0].endswith("silent for 30 s")
    assert not any("voltage" in line for line in text)


def test_batteries_come_first_then_bus_and_address() -> None:
    other = claim(3, Name.make(1, 358, function=130, device_class=25))
    assert [line.split(":")[0] for line in lines(heard(other, *IDENTITY), 4.0) if line.startswith("can")] == [
        "can0 41", "can0 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Wanted(vregs=frozenset({0x0391})), ["0x0391"]),
        (Wanted(pgns=frozenset({127508})), ["127508"]),
        (Wanted(devices=frozenset({"hq2132abcde"}), pgns=frozenset({127508})), ["127508"]),
        (Wanted(devices=frozenset({"0xa3e5"}), vregs=frozenset({0x0391})), ["0x0391"]),
        (Wanted(devices=frozenset({"167120"}), vregs=frozenset({0x0391})), ["0x0391"]),
        (Wanted(devices=frozenset({"nobody"})), []),
        (Wanted(sources=frozenset({42})), []),
        (Wanted(sources=frozenset({41}), vregs=frozenset({0x0391})), ["0x0391"]),
    ],
)
def test_filters_choose_devices_and_messages(wanted: Wanted, left: list[str]) -> None:
    buses = heard(*IDENTITY, BATTERY, register(0x0391, battery_limit_charge_current=5), wanted=wanted)
    assert [line.split()[2] for line in lines(buses, 5.0)[1:] if " s " in line] == left


def test_no_line_is_wider_than_the_terminal_and_none_is_forged() -> None:
    text_of_a_name = b"\x66\x99\x0c\x01x\x1b[2J" + b"y" * 90
    name = [*vreg_frames(text_of_a_name, 41)]
    for width in (40, 80, 120):
        text = lines(heard(claim(), name, BATTERY), 2.0, width)
        assert max(map(len, text)) <= width
        assert "\x1b" not in "".join(text)


def test_thousands_of_senders_take_bounded_memory() -> None:
    buses = WatchedDevices(DB, Wanted())
    for number in range(20_000):
        name = Name.make(number, 358, function=130, device_class=35)
        noise = [(0x1CEFFF00 | number % 252, b"\x66\x99" + number.to_bytes(2, "little") + bytes(4))]
        buses.hear("can0", [(number / 1000, can_id, data) for can_id, data in claim(number % 252, name) + noise])
    devices = buses.devices(20.0)
    assert len(devices) <= 252
    assert sum(len(device.readings) for device in devices) < 4000


def test_how_a_bus_is() -> None:
    buses = [
        CanStats("can0", state="open", frames=900, lost=2, errors={"no-ack": 3}, ignored=4),
        CanStats("can1", state="down", reason="the interface can1 is down; `ip link set can1 up` brings it up"),
        CanStats("new", state="open", frames=1),
        CanStats("replay", state="ended", reason="the log has ended", frames=77),
    ]
    text = [line.text for line in WatchTable(DB).buses(buses, {"can0": BusTraffic(431.2, 12.4)}, 80)]
    assert text[0] == "can0: open, 431 frames/s, load 12 %, 2 lost, 3 errors, 4 not of VE.Can"
    assert text.pop(-2) == "new: open, 1 frame"
    assert " ".join(" ".join(text[1:-1]).split()).endswith("`ip link set can1 up` brings it up")
    assert text[-1] == "replay: ended, 77 frames"
    assert max(map(len, text)) <= 80


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (200, "3 min"), (7200, "2 h")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age_text(seconds) == text
