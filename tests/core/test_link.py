"""LINK through the whole core: a controller writes on D-Bus, chargers are told on CAN, the BMS has the last word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.link_control import CONFIRMED, TRIED
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Latch, Remembered
from gxbridge.core.vecan.link.link_out import LinkAnswer, LinkTarget
from gxbridge.core.vecan.sending.transmit import LINKABLE, TransmitLevel
from tests.core.boat import NO_CHARGE, Boat, solar
from tests.core.vecan.link.wire import ALL_CONFIRMED, charger_name, claim_frame, register_frame, text_of

MPPT, VECAN = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc855", "com.victronenergy.vecan.can0"
AT, SECOND = 0x24, 0x25
CURRENT, VOLTAGE, MODE, SENSE = "/Link/ChargeCurrent", "/Link/ChargeVoltage", "/Link/NetworkMode", "/Link/VoltageSense"
PORT: dict[str, Value] = dict.fromkeys((VOLTAGE, MODE, SENSE, "/Link/ExtraBatteryCurrent"))
REMEMBERED = Remembered(latches=tuple(Latch(CONFIRMED, key, 1.0, "device 855 showed it") for key in ALL_CONFIRMED))
SYSTEM = "com.victronenergy.system"


class Port(Boat):
    """A Lynx and a solar charger on one port that is ours, and the controller of a GX that writes to it."""

    def __init__(self, level: TransmitLevel = "link", **setup: Any) -> None:
        super().__init__(**{"transmit": level, "remembered": REMEMBERED, **setup})
        self.bridge.hold_name(True)
        self.left: list[tuple[int, bytes]] = []
        self.name = charger_name()
        self.send(claim_frame(AT, self.name))
        self.add(MPPT, solar(70.0, **{"/Mgmt/Connection": "VE.Can", "/N2kDeviceInstance": 0}))
        self.add(VECAN, dict(PORT))
        self.add(SYSTEM, {"/Control/Dvcc": 1})
        self.pass_time(5)

    def write(self, path: str, value: Value, *, port: bool = False) -> LinkAnswer:
        target = LinkTarget("can0", None, VECAN) if port else LinkTarget("can0", self.name, MPPT)
        return self.bridge.orders.write_link(target, path, value, self.now)

    def control(self) -> None:
        """What a controller writes every three seconds."""
        self.write(CURRENT, 50.0)
        self.write(MODE, 13)
        self.write(VOLTAGE, 28.4, port=True)
        self.write(SENSE, 26.4, port=True)

    def pass_time(self, seconds: int, *, writes: bool = False, speaking: bool = True) -> list[str]:
        """What leaves meanwhile, in the order of `text_of`."""
        found: list[str] = []
        for second in range(seconds):
            if writes and second % 3 == 0:
                self.control()
            self.tick(speaking=speaking)
            found += self.out()
        return found

    def out(self) -> list[str]:
        """What leaves within a second."""
        found = []
        for tenth in range(10):
            for bus, can_id, data in self.bridge.transmitter.outgoing(self.now + tenth / 10):
                assert bus == "can0"
                self.left.append((can_id, data))
                if can_id >> 16 & 0xFF == 0xEF:
                    found.append(text_of(can_id, data))
        return found

    def link_writes(self) -> list[int]:
        """LINK registers that left as a write or broadcast."""
        registers = [int.from_bytes(data[2:4], "little") for can_id, data in self.left if can_id >> 16 & 0xFF == 0xEF]
        return [register for register in registers if register in LINKABLE]


def confirmations(remembered: Remembered, name: str = CONFIRMED) -> list[Latch]:
    return [latch for latch in remembered.latches if latch.name == name]


def told(texts: list[str]) -> set[str]:
    return {text for text in texts if "?" not in text}


def test_what_a_controller_writes_leaves() -> None:
    port = Port()
    assert told(port.pass_time(7, writes=True)) == {
        "24 2015 F4010000", "24 200E 0D000000", "FF 2001 180B0000", "FF 2002 500A0000",
    }  # fmt: skip
    assert set(port.link_writes()) == {0x2015, 0x200E, 0x2001, 0x2002}


def test_a_word_that_changes_does_not_wait_for_the_next_look() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.write(CURRENT, 20.0)
    assert port.out() == ["24 2015 C8000000"]
    port.said[0x0391] = 100
    port.write(CURRENT, 30.0)
    assert port.out() == ["24 2015 2C010000"], "by what the last look saw"
    port.repeat()
    port.react()
    assert port.out() == ["24 2015 65000000"], "10 A, and 0.1 A of rounding"


def test_the_log_is_told_what_is_sent_of_a_word_and_why_it_is_not_all() -> None:
    port = Port()
    link = port.bridge.link
    assert link is not None
    assert link.told(MPPT, CURRENT) == "", "no word stands"
    port.write(CURRENT, 50.0)
    assert link.told(MPPT, CURRENT) == "", "it has not left"
    port.pass_time(2)
    assert link.told(MPPT, CURRENT) == "/Link/ChargeCurrent = 50 is sent"
    port.said[0x0391] = 200
    port.pass_time(2)
    text = "/Link/ChargeCurrent = 50 is written, and 20.1 is sent: the sum told to what charges is above the charge "
    assert link.told(MPPT, CURRENT) == text + "current limit"
    port.add("com.victronenergy.gxbridge_2", {"/Dvcc/Mode": "control"})
    port.pass_time(2)
    text = "/Link/ChargeCurrent = 50 is written, and nothing is sent: nothing is written beside another gxbridge"
    assert link.told(MPPT, CURRENT) == text
    port.bridge.service_removed(MPPT, port.now)
    port.pass_time(2)
    assert link.told(MPPT, CURRENT) == "", "nobody writes it any more"


def test_but_not_by_what_was_seen_too_long_ago() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.now += 3.0
    port.repeat()
    port.write(CURRENT, 20.0)
    assert port.out() == []


def test_nor_without_our_own_name() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.bridge.hold_name(False)
    port.write(CURRENT, 20.0)
    assert port.out() == []


def test_a_bms_that_refuses_is_obeyed_before_the_controller_does() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.say(io=NO_CHARGE)
    port.react()
    assert port.out()[0] == "24 2015 00000000"
    assert "24 2015 F4010000" not in port.pass_time(10, writes=True)


def test_a_bms_that_falls_silent_too() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.pass_time(11, writes=True, speaking=False)
    assert set(port.pass_time(20, writes=True, speaking=False)) == {"24 2015 00000000", "24 ?2015"}


def test_a_controller_that_writes_no_more_is_not_replaced() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.pass_time(61)
    assert told(port.pass_time(60)) == set()


def test_without_our_own_name_nothing_leaves_from_that_moment_on() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.control()
    port.tick()
    port.bridge.hold_name(False)
    assert told(port.out()) == set()
    assert told(port.pass_time(10, writes=True)) == set()
    port.bridge.hold_name(True)
    assert "24 2015 F4010000" in port.pass_time(10, writes=True)


@pytest.mark.parametrize(
    ("level", "mode", "need"),
    [
        ("off", "control", "transmit: link"),
        ("requests", "control", "transmit: link"),
        ("link", "monitor", "dvcc.mode: control"),
        ("writes", "monitor", "dvcc.mode: control"),
        ("link", "off", "dvcc.mode: control"),
    ],
)
def test_where_nothing_may_leave_a_write_is_refused_with_what_is_missing(
    level: TransmitLevel, mode: str, need: str
) -> None:
    port = Port(level, mode=mode)
    answer = port.write(CURRENT, 50.0)
    assert answer.code == 2
    assert answer.text.endswith(need)
    assert port.pass_time(10, writes=True) == [] or told(port.pass_time(10, writes=True)) == set()


@pytest.mark.parametrize("level", ["link", "writes"])
def test_unconfirmed_it_stays_unsent_and_what_a_try_confirms_outlives_the_process(level: TransmitLevel) -> None:
    port = Port(level, remembered=Remembered())
    assert told(port.pass_time(9, writes=True)) == {"FF 2002 500A0000"}
    link = port.bridge.link
    assert link is not None
    assert {found.id for found in link.findings} == {"link-unconfirmed"}
    assert confirmations(port.bridge.remember(Remembered(), 5.0)) == []
    link.out.confirmed["2015 addressed"] = "device 855 showed it"
    kept = port.bridge.remember(port.bridge.remember(Remembered(), 5.0), 9.0)
    assert confirmations(kept) == [Latch(CONFIRMED, "2015 addressed", 5.0, "device 855 showed it")]
    assert "24 2015 F4010000" in Port(level, remembered=kept).pass_time(3, writes=True)


def test_what_was_tried_in_vain_outlives_the_process_until_a_device_shows_it() -> None:
    port = Port(remembered=Remembered())
    assert port.bridge.link is not None
    port.bridge.link.out.tried["2015 addressed"] = "device 855 does not give it"
    kept = port.bridge.remember(Remembered(), 5.0)
    assert confirmations(kept, TRIED) == [Latch(TRIED, "2015 addressed", 5.0, "device 855 does not give it")]
    after = Port(remembered=kept)
    after.pass_time(9, writes=True)
    link = after.bridge.link
    assert link is not None
    assert "link-not-taken" in {found.id for found in link.findings}
    link.out.tried["2015 addressed"] = "device 856 refused it"
    kept = after.bridge.remember(kept, 9.0)
    assert confirmations(kept, TRIED) == [Latch(TRIED, "2015 addressed", 9.0, "device 856 refused it")]
    del link.out.tried["2015 addressed"]
    assert confirmations(after.bridge.remember(kept, 10.0), TRIED) == []


def test_another_controller_on_the_bus_stops_it_all() -> None:
    port = Port()
    port.pass_time(4, writes=True)
    port.send(register_frame(0x66, 0x2015, "F401", to=SECOND))
    assert told(port.pass_time(20, writes=True)) == set()
    assert port.bridge.link is not None
    assert [found.id for found in port.bridge.link.findings] == ["link-other-controller"]


FRAMES = st.builds(
    lambda source, to, register, data: register_frame(source, register, data.hex(), to),
    *(st.sampled_from([AT, AT, AT, SECOND, 0x29, 0x66]), st.sampled_from([0xFF, 0xFF, 0xFF, 0xFF, 0xC8, AT])),
    *(st.sampled_from([*LINKABLE, 2, 1, 0x0100]), st.binary(min_size=1, max_size=4)),
)
VALUES = st.one_of(
    st.none(), st.floats(), st.integers(-10, 10**6), st.text(max_size=3), st.sampled_from([13, 50.0, 28.4, 0.0])
)
WORDS = st.tuples(
    st.sampled_from([CURRENT, MODE, VOLTAGE, SENSE, "/Link/DischargeCurrent", "/Link/Soc", "/Mode", ""]),
    VALUES,
    st.booleans(),
)


def play(port: Port, data: st.DataObject) -> Iterator[None]:
    """Some seconds with whatever is written and heard."""
    for _ in range(4):
        for path, value, to_port in data.draw(st.lists(WORDS, max_size=6)):
            port.write(path, value, port=to_port)
        port.send(*data.draw(st.lists(FRAMES, max_size=6)))
        port.pass_time(1)
        yield


@settings(max_examples=25, deadline=None)
@given(
    data=st.data(),
    level=st.sampled_from(["off", "requests", "link", "writes"]),
    mode=st.sampled_from(["monitor", "off"]),
)
def test_in_monitor_no_link_frame_ever_leaves(data: st.DataObject, level: TransmitLevel, mode: str) -> None:
    port = Port(level, mode=mode)
    for _ in play(port, data):
        assert port.link_writes() == []


@settings(max_examples=25, deadline=None)
@given(data=st.data(), level=st.sampled_from(["off", "requests"]))
def test_below_its_level_no_link_frame_ever_leaves(data: st.DataObject, level: TransmitLevel) -> None:
    port = Port(level)
    for _ in play(port, data):
        assert port.link_writes() == []
    assert level == "requests" or port.left == []


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_written_and_heard_what_leaves_is_within_what_the_bms_allows(data: st.DataObject) -> None:
    port = Port()
    ccl, refuses = data.draw(st.sampled_from([0, 150, 2000])), data.draw(st.booleans())
    port.said |= {0x0391: ccl, 0x2108: NO_CHARGE if refuses else port.said[0x2108]}
    port.pass_time(2)
    for _ in play(port, data):
        pass
    for can_id, payload in port.left:
        register, raw = int.from_bytes(payload[2:4], "little"), int.from_bytes(payload[4:8], "little")
        if can_id >> 16 & 0xFF != 0xEF or register not in LINKABLE:
            continue
        if register == 0x2015:
            assert raw <= (0 if refuses else min(ccl + 1, 700))
        elif register == 0x2001:
            assert raw <= 2840
        elif register == 0x200E:
            assert raw in (1, 5, 13)
