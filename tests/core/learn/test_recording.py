"""What is kept of frames and values, and that a hostile log fills no memory."""

from __future__ import annotations

import struct

import pytest

from gxbridge.core.learn import recording as recording_module
from gxbridge.core.learn.recording import LearnError, LearnRecording, PathKey, RegisterKey
from gxbridge.core.nmea2000.fast_packet import split
from gxbridge.core.nmea2000.frame import WHOLE

HEADER = b"\x66\x99"
BATTERY = "com.victronenergy.battery.socketcan_can0_vi0_uc42"


def vreg(register: int, value: bytes) -> bytes:
    return HEADER + struct.pack("<H", register) + value


def claim(unique: int) -> bytes:
    return struct.pack("<Q", unique | 358 << 21 | 1 << 63)


def test_a_register_is_kept_once_for_each_change() -> None:
    recording = LearnRecording()
    for t, value in ((1.0, 5), (2.0, 5), (3.0, 6), (4.0, 5)):
        recording.hear(t, "can0", 0x1CEFFF29, vreg(0x7000, bytes((value, 0))))
    series = recording.registers[RegisterKey("can0", 0x29, 0x7000, 2)]
    assert (list(series.times), series.raws, series.frames) == ([1.0, 3.0, 4.0], [5, 6, 5], 4)


def test_a_long_register_comes_as_fast_packet_or_whole() -> None:
    recording = LearnRecording()
    value = bytes(range(40))
    for place, frame in enumerate(split(vreg(0x7001, value), 1)):
        recording.hear(1.0 + place / 100, "can0", 0x1DEFFF29, frame)
    recording.hear(2.0, "can0", 0x1DEFFF29 | WHOLE, vreg(0x7001, value[::-1]))
    series = recording.registers[RegisterKey("can0", 0x29, 0x7001, 40)]
    assert series.raws == [int.from_bytes(value[:32], "little"), int.from_bytes(value[::-1][:32], "little")]


@pytest.mark.parametrize(
    ("can_id", "data"),
    [
        (0x1CEF2A29, vreg(0x7000, b"\1")),  # written to a node: no value of the sender
        (0x1CEFFF29, b"\x65\x99\x00\x70\x01"),  # another manufacturer
        (0x1CEFFF29, vreg(0x7000, b"")),
        (0x1CEFFF29, HEADER + b"\x00"),
        (0x1CEFFF29, vreg(0x0001, b"\1\2\3\4")),  # a request
        (0x1CEFFF29 | 1 << 30, vreg(0x7000, b"\1")),  # a flag of the recorder
        (0x1DEFFF29 | 1 << 30, vreg(0x7000, b"\1")),
        (0x09F21429, b"\1\2\3\4\5\6\7\x08"),
    ],
)
def test_what_is_no_value_of_a_register_is_passed_over(can_id: int, data: bytes) -> None:
    recording = LearnRecording()
    recording.hear(1.0, "can0", can_id, data)
    assert not recording.registers


def test_the_service_of_a_device_has_the_unique_number_of_its_name() -> None:
    recording = LearnRecording()
    recording.hear(1.0, "can0", 0x18EEFF29, claim(42))
    recording.show(1.0, BATTERY, "/Soc", 50.0)
    recording.show(1.0, "com.victronenergy.battery.ttyUSB0", "/N2kUniqueNumber", 42)
    recording.show(1.0, "com.victronenergy.battery.socketcan_can0_vi0_uc421", "/Soc", 50.0)
    assert recording.services_of("can0", 0x29) == {BATTERY, "com.victronenergy.battery.ttyUSB0"}
    assert recording.services_of("can1", 0x29) == set()


def test_an_address_with_two_devices_belongs_to_none() -> None:
    recording = LearnRecording()
    recording.show(1.0, BATTERY, "/Soc", 50.0)
    for unique in (42, 43, 42):
        recording.hear(1.0, "can0", 0x18EEFF29, claim(unique))
    assert recording.services_of("can0", 0x29) == set()


def test_half_a_name_is_none() -> None:
    recording = LearnRecording()
    recording.show(1.0, BATTERY, "/Soc", 50.0)
    recording.hear(1.0, "can0", 0x18EEFF29, claim(42)[:7])
    assert recording.services_of("can0", 0x29) == set()


def test_services_of_ours_and_those_made_of_others_prove_nothing() -> None:
    recording = LearnRecording()
    for service in (
        "com.victronenergy.system",
        "com.victronenergy.battery.gxbridge_can0_uc42",
        "org.else.where",
        BATTERY,
    ):
        recording.show(1.0, service, "/Soc", 50.0)
    assert recording.vendor_services() == {BATTERY}
    assert set(recording.paths) == {PathKey(BATTERY, "/Soc")}


def test_texts_and_what_is_no_number_are_invalid() -> None:
    recording = LearnRecording()
    for t, value in enumerate((5, "text", float("nan"), None, 6.5)):
        recording.show(t, BATTERY, "/Soc", value)
    recording.gone(9.0, BATTERY)
    assert recording.paths[PathKey(BATTERY, "/Soc")].values == [5.0, None, 6.5, None]


def test_a_log_that_counts_through_all_registers_is_refused() -> None:
    recording = LearnRecording()
    for register in range(3, 16_387):
        recording.hear(1.0, "can0", 0x1CEFFF29, vreg(register, b"\1"))
    assert len(recording.registers) == 16_384
    with pytest.raises(LearnError, match="more than 16384 different registers"):
        recording.hear(1.0, "can0", 0x1CEFFF29, vreg(0xFFFF, b"\1"))


def test_a_log_with_too_many_paths_is_refused() -> None:
    recording = LearnRecording()
    for number in range(16_384):
        recording.show(1.0, BATTERY, f"/P{number}", 1.0)
    with pytest.raises(LearnError, match="more than 16384 different D-Bus paths"):
        recording.show(1.0, BATTERY, "/P", 1.0)


def test_changes_beyond_what_is_compared_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "MOST_POINTS", 30)
    monkeypatch.setattr(recording_module, "MOST_CHANGES", 20)
    recording = LearnRecording()
    for t in range(25):
        recording.hear(t, "can0", 0x1CEFFF29, vreg(0x7000, bytes((t,))))
    for t in range(25):
        recording.show(t, BATTERY, "/Soc", float(t))
    series = recording.registers[RegisterKey("can0", 0x29, 0x7000, 1)]
    assert (len(series.raws), series.full) == (20, True)
    assert len(recording.paths[PathKey(BATTERY, "/Soc")].values) == 10
    assert recording.left_out == 20


def test_a_clock_that_goes_back_disturbs_no_order() -> None:
    recording = LearnRecording()
    for t, value in ((5.0, 1), (3.0, 2), (6.0, 3)):
        recording.hear(t, "can0", 0x1CEFFF29, vreg(0x7000, bytes((value,))))
        recording.show(t, BATTERY, "/Soc", float(value))
    assert list(recording.registers[RegisterKey("can0", 0x29, 0x7000, 1)].times) == [5.0, 5.0, 6.0]
    assert list(recording.paths[PathKey(BATTERY, "/Soc")].times) == [5.0, 5.0, 6.0]
