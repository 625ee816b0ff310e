"""What a D-Bus client may write, what is sent for it, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.items import Value
from gxbridge.core.publish.battery_writes import WRITABLES, judge_write
from gxbridge.core.vecan.sending.transmit import SENDABLE


def test_exactly_four_registers_may_ever_be_sent() -> None:
    assert {0x0200, 0x010C, 0x1000, 0xEDEF} == SENDABLE


def test_what_a_client_may_write_is_what_may_be_sent() -> None:
    assert {item.register for item in WRITABLES.values()} - {None} == SENDABLE


@pytest.mark.parametrize(
    ("path", "value", "register", "data"),
    [
        ("/Mode", 252, 0x0200, b"\xfc"),
        ("/Mode", 3.0, 0x0200, b"\x03"),
        ("/Mode", "3", 0x0200, b"\x03"),
        ("/Settings/Battery/Capacity", 800, 0x1000, b"\x20\x03"),
        ("/Settings/Battery/NominalVoltage", 24, 0xEDEF, b"\x18"),
        ("/CustomName", "House", 0x010C, b"House\x00"),
    ],
)
def test_with_everything_allowed_it_is_sent(path: str, value: Value, register: int, data: bytes) -> None:
    answer = judge_write(path, value, transmit_writes=True, mode_switch=True)
    assert (answer.code, answer.register, answer.data) == (0, register, data)


def test_mode_needs_its_own_switch() -> None:
    answer = judge_write("/Mode", 252, transmit_writes=True)
    assert (answer.code, answer.register) == (2, None)
    assert answer.text.endswith("lacks transmit.allow_mode: yes")


@pytest.mark.parametrize("path", ["/Mode", "/Settings/Battery/Capacity", "/Settings/Battery/NominalVoltage"])
def test_without_transmit_nothing_is_sent(path: str) -> None:
    answer = judge_write(path, 12 if path != "/Mode" else 3, mode_switch=True)
    assert (answer.code, answer.register) == (2, None)
    assert "transmit: writes" in answer.text


@pytest.mark.parametrize("path", ["/History/Clear", "/Settings/RestoreDefaults", "/Settings/BluetoothMode"])
def test_what_would_change_the_bms_for_good_is_always_refused(path: str) -> None:
    assert judge_write(path, 1, transmit_writes=True, mode_switch=True).code == 2


@pytest.mark.parametrize("path", ["/Dc/0/Voltage", "/Info/MaxChargeVoltage", "/nonsense"])
def test_other_paths_are_not_writable(path: str) -> None:
    assert judge_write(path, 1, transmit_writes=True, mode_switch=True).code == 1


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [("/CustomName", " House\n bank ", "House bank"), ("/CustomName", "", ""), ("/CustomName", "x" * 40, "x" * 32)],
)  # fmt: skip
def test_what_is_local_is_accepted_and_kept_here(path: str, value: Value, kept: Value) -> None:
    answer = judge_write(path, value)
    assert (answer.code, answer.local, answer.register) == (0, kept, None)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("/CustomName", 5, 1), ("/Mode", 4, 2),
        ("/Mode", None, 2), ("/Mode", "on", 2), ("/Mode", 3.5, 2), ("/Settings/Battery/Capacity", 0, 2),
        ("/Settings/Battery/Capacity", 65535, 2), ("/Settings/Battery/NominalVoltage", 25, 2),
        ("/Settings/Battery/Capacity", float("inf"), 2), ("/Settings/Battery/Capacity", 10**400, 2),
    ],
)  # fmt: skip
def test_a_value_that_is_not_allowed_is_refused_in_words(path: str, value: Value, code: int) -> None:
    answer = judge_write(path, value, transmit_writes=True, mode_switch=True)
    assert answer.code == code
    assert repr(value) in answer.text
    assert answer.register is None


@given(
    st.sampled_from([*WRITABLES, "/Soc"]),
    st.one_of(st.none(), st.integers(), st.floats(), st.text()),
    st.booleans(),
    st.booleans(),
)
def test_no_write_raises_or_sends_what_it_must_not(path: str, value: Value, writes: bool, switch: bool) -> None:
    answer = judge_write(path, value, transmit_writes=writes, mode_switch=switch)
    assert answer.code in (0, 1, 2)
    if answer.register is not None:
        assert writes
        assert answer.code == 0
        assert answer.register in SENDABLE
        assert switch or answer.register != 0x0200
