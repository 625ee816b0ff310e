"""Two devices that speak at one address: whose word a frame is cannot be told, so nothing from there is believed."""

from __future__ import annotations

import struct

import pytest

from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.network import DISPUTE_S
from tests.core.boat import CCL, LYNX_SERVICE, MULTI, SOLAR, Boat, claim, multi, solar, status, vreg

OTHER = struct.pack("<Q", struct.unpack("<Q", bytes.fromhex("D08CC22C00AA46C0"))[0] + 1)
"""The next unique number: the greater NAME, which loses."""
NO_BMS = Name.make(1, 358, function=130, device_class=25).payload
"""A gateway's smaller NAME, which wins."""
CURRENT = (SOLAR, "/Link/ChargeCurrent")


def boat_with_two() -> Boat:
    boat = Boat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(6)
    assert boat.links[CURRENT] == 35.0
    boat.say(ccl=0)
    boat.react()
    boat.send(claim(0x29, OTHER), claim())
    return boat


def both(boat: Boat, seconds: int) -> None:
    """The BMS says its own; then the other one, at the same address, allows 600 A. The last word before each look."""
    for _ in range(seconds):
        boat.now += 1.0
        said = list(boat.said.items())
        boat.send(status(), *(vreg(register, raw) for register, raw in said))
        boat.send(*(vreg(register, 6000 if register == 0x0391 else raw) for register, raw in said))
        boat._take(boat.bridge.tick(boat.now))


def finding(boat: Boat) -> bool:
    return "address-contested" in {finding.id for finding in boat.bridge.finding_log.current}


def test_the_word_of_a_second_device_at_the_address_grants_nothing() -> None:
    boat = boat_with_two()
    both(boat, 3)
    for _ in range(20):
        both(boat, 1)
        assert boat.links[CURRENT] == 0.0
        assert finding(boat)
    (view,) = boat.bridge.tick(boat.now).batteries
    assert view.name == LYNX_SERVICE
    assert view.items["/Info/MaxChargeCurrent"] is None


@pytest.mark.parametrize("speaks", [True, False])
def test_a_bms_that_loses_its_address_and_does_not_move_grants_nothing_from_before(speaks: bool) -> None:
    """Its frames count as the other's, so its refusal would not be heard."""
    boat = Boat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.tick(6)
    for _ in range(4):
        boat.send(claim(0x29, NO_BMS), claim(), *([vreg(CCL, 0)] if speaks else []))
        boat.tick(speaking=False)
    assert boat.links[CURRENT] == 0.0
    assert finding(boat)


def test_a_dispute_goes_on_where_the_loser_took_the_address_back_for_a_moment() -> None:
    """Neither answers the other's claims at once, so each holds the address for half a second."""
    boat = boat_with_two()
    both(boat, 3)
    for _ in range(12):
        boat.send(claim(0x29, OTHER))
        boat.now += 0.5
        boat.send(claim(0x29, OTHER), status(), *(vreg(register, raw) for register, raw in boat.said.items()))
        boat.send(claim())
        boat.now += 0.5
        boat.send(vreg(CCL, 6000))
        boat._take(boat.bridge.tick(boat.now))
        assert boat.links[CURRENT] == 0.0
        assert finding(boat)


def test_an_ordinary_conflict_takes_nothing_away() -> None:
    boat = boat_with_two()
    boat.send(claim(0x2A, OTHER))
    boat.say(ccl=2000)
    boat.tick(6)
    assert boat.links[CURRENT] == 35.0
    assert not finding(boat)


def test_a_loser_that_says_it_has_no_address_ends_the_dispute() -> None:
    boat = boat_with_two()
    boat.send(claim(254, OTHER))
    boat.say(ccl=2000)
    boat.tick(6)
    assert boat.links[CURRENT] == 35.0
    boat.send(claim(0x29, OTHER), claim())
    both(boat, 6)
    assert boat.links[CURRENT] == 0.0, "it claims and speaks again"


def test_when_the_other_moves_fresh_words_count_again() -> None:
    boat = boat_with_two()
    both(boat, 6)
    assert boat.links[CURRENT] == 0.0
    boat.send(claim(0x2A, OTHER))
    boat.send(status())
    boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 0.0, "old limits grant nothing"
    boat.say(ccl=2000)
    boat.tick(4)
    assert boat.links[CURRENT] == 35.0


def test_a_loser_that_never_claims_again_is_gone_after_a_while() -> None:
    boat = boat_with_two()
    both(boat, 6)
    boat.said[0x0391] = 2000
    for _ in range(int(DISPUTE_S)):
        boat.now += 1.0
        boat.send(status())
    assert not boat.bridge.registry.network("can0").contested(0x29, boat.now)
    boat.tick(6)
    assert boat.links[CURRENT] == 35.0
