"""Advertisements of several devices over time: new ones count, repeats do not, wrong keys are told, silence forgets."""

from __future__ import annotations

import pytest

from gxbridge.core.channels.readout.advertisement import AdvertisedValues, DeviceKey, Refusal
from gxbridge.core.channels.readout.receiver import FORGET_S, Receiver
from gxbridge.core.model.permission import Restriction
from tests.core.channels.test_readout import seal

ADDRESS = "C0:FF:EE:00:00:01"
LOW_CELL = bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")
FINE = bytes.fromhex("0040388b0afaff951555148ccf0200ff")


@pytest.fixture
def receiver() -> Receiver:
    return Receiver({ADDRESS.lower(): DeviceKey(b"k" * 16)})


def reason(result: AdvertisedValues | Refusal) -> str:
    return result.reason if isinstance(result, Refusal) else "ok"


def test_a_reading_holds_until_it_is_too_old(receiver: Receiver) -> None:
    assert receiver.reading(ADDRESS, 0.0) is None
    assert reason(receiver.hear(ADDRESS, seal(0x0A, LOW_CELL), 10.0)) == "ok"
    assert receiver.reading(ADDRESS, 10.0 + FORGET_S) is not None
    assert receiver.restriction(ADDRESS, 10.0 + FORGET_S).stops_discharge
    assert receiver.reading(ADDRESS, 10.1 + FORGET_S) is None
    assert receiver.restriction(ADDRESS, 10.1 + FORGET_S) == Restriction()


def test_a_repeated_or_older_advertisement_is_a_duplicate(receiver: Receiver) -> None:
    receiver.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=100), 10.0)
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=100), 11.0)) == "duplicate"
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=41), 11.0)) == "duplicate"
    assert receiver.restriction(ADDRESS, 11.0).stops_discharge
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=40), 11.0)) == "ok"
    assert not receiver.restriction(ADDRESS, 11.0).stops_discharge
    assert receiver.refused == {"duplicate": 2}


def test_the_counter_may_wrap(receiver: Receiver) -> None:
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=0xFFFF), 10.0)) == "ok"
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=3), 11.0)) == "ok"
    assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=0xFFFF), 12.0)) == "duplicate"


def test_a_wrong_key_is_told_after_three_times_and_forgiven_when_it_fits(receiver: Receiver) -> None:
    receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=1), 1.0)
    for moment in range(3):
        assert receiver.findings(float(moment)) == ()
        assert reason(receiver.hear(ADDRESS, seal(0x0A, FINE, key=b"z" * 16), 2.0)) == "wrong-key"
    (finding,) = receiver.findings(5.0)
    assert (finding.id, finding.subject) == ("readout-wrong-key", ADDRESS)
    assert receiver.reading(ADDRESS, 5.0) is not None
    receiver.hear(ADDRESS, seal(0x0A, FINE, nonce=1), 6.0)
    assert receiver.findings(6.0) == ()


def test_other_refusals_are_counted_and_are_no_matter_of_the_key(receiver: Receiver) -> None:
    for _ in range(4):
        assert reason(receiver.hear(ADDRESS, b"\x00", 1.0)) == "not-victron"
        assert reason(receiver.hear(ADDRESS, seal(0x03, FINE), 1.0)) == "unknown-record"
    assert receiver.findings(1.0) == ()
    assert receiver.refused == {"not-victron": 4, "unknown-record": 4}


def test_devices_without_a_key_are_counted_and_leave_nothing_behind(receiver: Receiver) -> None:
    for number in range(100):
        assert reason(receiver.hear(f"00:00:00:00:00:{number:02X}", seal(0x0A, FINE), 1.0)) == "no-key"
    assert receiver.refused == {"no-key": 100}
    assert receiver.reading("00:00:00:00:00:01", 1.0) is None


def test_what_was_opened_with_a_key_can_be_taken_over_without_it() -> None:
    """A record of the past is played where the keys are not."""
    address = "C0:FF:EE:00:00:0A"
    first = Receiver({address: DeviceKey(b"k" * 16)})
    first.hear(address, seal(0x05, (1 << 26).to_bytes(4, "little") + bytes(12)), 5.0)
    heard = first.heard(address.lower())
    assert heard is not None
    assert first.heard("unknown") is None
    second = Receiver({})
    second.recall(address.lower(), heard)
    assert second.restriction(address, 6.0) == first.restriction(address, 6.0)
    assert second.restriction(address, 6.0).stops_charge
