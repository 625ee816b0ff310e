"""Our own address: claimed after listening, defended, lost, and never forced."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.vecan.sending.claim import LAST_ADDRESS, PREFERRED_ADDRESS, UNASSIGNED_MANUFACTURER, Claim, own_name
from tests.core.lynx_frames import name_of

OURS = own_name(77)
SMALL, GREAT = name_of(1), own_name(0x1FFFFF)


def claimed(now: float = 0.0) -> Claim:
    claim = Claim(OURS, now)
    claim.tick(now + 1.25)
    claim.say = False
    claim.tick(now + 1.5)
    return claim


def test_our_name_is_not_the_vendor_s() -> None:
    assert OURS.manufacturer == UNASSIGNED_MANUFACTURER != 358
    assert SMALL < OURS < GREAT


def test_it_listens_then_claims_then_waits_before_it_uses_the_address() -> None:
    claim = Claim(OURS, 0.0)
    assert (claim.state, claim.deadline) == ("listening", 1.25)
    claim.tick(1.0)
    assert not claim.say
    claim.tick(1.25)
    assert (claim.state, claim.say, claim.address, claim.usable) == ("claiming", True, PREFERRED_ADDRESS, False)
    claim.say = False
    claim.tick(1.49)
    assert not claim.usable
    claim.tick(1.5)
    assert claim.usable
    assert not claim.say
    claim.tick(61.5)
    assert claim.say, "repeated every minute"


def test_an_address_in_use_is_not_claimed() -> None:
    claim = Claim(OURS, 0.0)
    claim.heard(PREFERRED_ADDRESS)
    claim.heard_claim(PREFERRED_ADDRESS + 1, SMALL, 0.5)
    claim.heard(253)
    claim.tick(1.25)
    assert claim.address == PREFERRED_ADDRESS + 2


def test_it_defends_itself_against_a_greater_name() -> None:
    claim = claimed()
    claim.heard_claim(PREFERRED_ADDRESS, GREAT, 2.0)
    assert (claim.say, claim.usable, claim.address) == (True, True, PREFERRED_ADDRESS)


def test_it_gives_way_to_a_smaller_name_and_takes_the_next_address() -> None:
    claim = claimed()
    claim.heard_claim(PREFERRED_ADDRESS, SMALL, 2.0)
    assert (claim.say, claim.usable, claim.address, claim.lost) == (True, False, PREFERRED_ADDRESS + 1, 1)
    claim.tick(2.25)
    assert claim.usable


def test_it_falls_silent_when_no_address_is_left() -> None:
    claim = Claim(OURS, 0.0)
    for address in range(LAST_ADDRESS + 1):
        claim.heard(address)
    claim.tick(1.25)
    assert (claim.state, claim.address, claim.say, claim.deadline) == ("silent", None, False, None)
    claim.tick(100.0)
    claim.asked()
    assert not claim.say


def test_its_own_claim_coming_back_is_no_conflict() -> None:
    claim = claimed()
    claim.heard_claim(PREFERRED_ADDRESS, OURS, 2.0)
    assert not claim.say
    assert claim.usable


def test_it_answers_when_asked() -> None:
    claim = claimed()
    claim.asked()
    assert claim.say


def test_a_device_is_found_where_it_claimed_last() -> None:
    claim = Claim(OURS, 0.0)
    claim.heard_claim(41, SMALL, 0.0)
    assert claim.address_of(SMALL) == 41
    claim.heard_claim(42, name_of(1, device_instance=4), 1.0)
    assert claim.address_of(SMALL) == 42
    claim.heard_claim(254, SMALL, 2.0)
    assert claim.address_of(SMALL) is None


def test_at_an_address_that_is_disputed_nobody_is_found() -> None:
    claim = Claim(OURS, 0.0)
    claim.heard_claim(41, SMALL, 0.0)
    claim.heard_claim(41, GREAT, 1.0)
    assert claim.address_of(SMALL) is None
    assert claim.address_of(GREAT) is None
    claim.heard_claim(41, SMALL, 1.1)
    assert claim.address_of(SMALL) == 41


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.sampled_from([SMALL, GREAT, OURS, None]), st.floats(0, 5)), max_size=50)
)
def test_whatever_is_heard_an_address_is_used_only_after_its_wait(events: list[tuple[int, object, float]]) -> None:
    claim, now, claimed_at = Claim(OURS, 0.0), 0.0, None
    for address, name, pause in events:
        now += pause
        before = (claim.state, claim.address)
        claim.tick(now)
        if claim.state == "claiming" and before != (claim.state, claim.address):
            claimed_at = now
        if name is None:
            claim.heard(address)
        else:
            old = claim.address
            claim.heard_claim(address, name, now)  # type: ignore[arg-type]
            if claim.address != old:
                claimed_at = now
        assert claim.address is None or 0 <= claim.address <= LAST_ADDRESS
        assert not claim.usable or (claimed_at is not None and now >= claimed_at)
