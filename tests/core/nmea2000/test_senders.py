"""Who is which product: by register, by product information, along with the NAME."""

from __future__ import annotations

from gxbridge.core.nmea2000.senders import NAMES_KEPT, Senders


def test_a_guess_never_replaces_what_the_device_said() -> None:
    senders = Senders()
    senders.tell(1, 10, certain=False)
    assert senders.product(1) == 10
    senders.tell(1, 11)
    senders.tell(1, 12, certain=False)
    assert senders.product(1) == 11


def test_the_first_claim_heard_confirms_what_was_said_before() -> None:
    senders = Senders()
    senders.tell(1, 10)
    senders.claim(1, b"A")
    senders.claim(1, b"A")
    assert senders.product(1) == 10
    senders.claim(2, b"A")
    assert senders.product(2) == 10


def test_another_name_at_the_address_is_another_device() -> None:
    senders = Senders()
    senders.claim(1, b"A")
    senders.tell(1, 10)
    senders.claim(1, b"B")
    assert senders.product(1) is None
    senders.claim(1, b"A")
    assert senders.product(1) == 10


def test_a_guess_does_not_survive_the_first_claim() -> None:
    # It may have been about whoever had the address before.
    senders = Senders()
    senders.tell(1, 10, certain=False)
    senders.claim(1, b"A")
    assert senders.product(1) is None


def test_a_claim_by_a_known_name_brings_its_product() -> None:
    senders = Senders()
    senders.claim(1, b"A")
    senders.tell(1, 10)
    senders.tell(2, 20)
    senders.claim(2, b"A")
    assert senders.product(2) == 10


def test_names_are_forgotten_oldest_first() -> None:
    senders = Senders()
    for number in range(NAMES_KEPT + 1):
        name = number.to_bytes(2, "little")
        senders.claim(1, name)
        senders.tell(1, number)
    senders.claim(2, bytes(2))
    assert senders.product(2) is None
    senders.claim(2, b"\1\0")
    assert senders.product(2) == 1
