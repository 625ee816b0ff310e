"""What a BMS says on CAN in more than one way: unknown in the better place is no permission from another."""

from __future__ import annotations

from tests.core.boat import MULTI, SOLAR, Boat, multi, solar

FLAGS = 0x2100
ALLOWED = 0x06000000
UNKNOWN_IO = 0x1580
CURRENT = (SOLAR, "/Link/ChargeCurrent")


def boat() -> Boat:
    boat = Boat()
    boat.said[FLAGS] = ALLOWED
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(6)
    assert boat.links[CURRENT] == 35.0
    return boat


def test_an_unknown_permission_stops_although_the_old_register_allows() -> None:
    afloat = boat()
    assert afloat.say(io=UNKNOWN_IO)
    afloat.react()
    assert afloat.links[CURRENT] == 0.0
    afloat.tick(60)
    assert afloat.links[CURRENT] == 0.0
    assert "permission-contradiction" in {finding.id for finding in afloat.bridge.finding_log.current}
