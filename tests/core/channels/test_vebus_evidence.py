"""What VE.Can shows of a VE.Bus system stands beside the VE.Bus service's words, and decides nothing."""

from __future__ import annotations

from gxbridge.core.nmea2000.name import Name
from gxbridge.core.publish.explanation import as_text
from tests.core.boat import MULTI, SOLAR, Boat, claim, multi, solar, vreg
from tests.core.channels.test_vebus import V2

INTERFACE, GX, CHARGER = 0x30, 0xE3, 0x31
NETWORK_MODE, LINK_CURRENT, MODE, DEVICE_STATE, PRODUCT = 0x200E, 0x2015, 0x0200, 0x0201, 0x0100


def claimed(source: int, number: int, device_class: int = 35, function: int = 170) -> tuple[int, bytes]:
    name = Name.make(number, 358, function=function, device_class=device_class)
    return claim(source, name.raw.to_bytes(8, "little"))


def interface(boat: Boat) -> None:
    """A VE.Bus to VE.Can interface, heard once."""
    boat.send(claimed(INTERFACE, 77), vreg(PRODUCT, 0xA12000, INTERFACE))


def lines(boat: Boat, seconds: int = 1) -> list[str]:
    """The evidence; the GX and the interface stay on the bus, without repeating anything."""
    for _ in range(seconds):
        boat.send(vreg(0xEDEF, 24, GX), vreg(0xEDEF, 24, INTERFACE))
        cycle = boat.tick(1, speaking=False)
    return [line for line in as_text(cycle.explanation()).splitlines() if line.startswith("Seen on VE.Can")]


def test_a_vebus_system_on_vecan_is_shown_as_a_system_and_never_as_a_bms() -> None:
    boat = Boat()
    interface(boat)
    (line,) = lines(boat)
    assert line.startswith("Seen on VE.Can, as evidence only: VE.Bus system ")
    assert line.endswith("at address 48 on can0.")
    boat.send(vreg(MODE, 3, INTERFACE), vreg(DEVICE_STATE, 3, INTERFACE))
    (line,) = lines(boat)
    assert line.endswith(", mode on, state bulk.")
    assert "BMS" not in line
    boat.send(vreg(MODE, 200, INTERFACE))
    assert "mode 200" in lines(boat)[0]
    boat.tick(12, speaking=False)
    assert "Seen on VE.Can" not in as_text(boat.tick(1, speaking=False).explanation()), "silent: nothing is seen"


def test_the_bms_bit_and_the_zero_limit_are_a_hint_for_sixty_seconds() -> None:
    boat = Boat(user_settings={"/Settings/Services/Bol": 1})
    boat.add(MULTI, multi(**V2))
    boat.add(SOLAR, solar())
    boat.send(claimed(GX, 900, 120, 130), vreg(NETWORK_MODE, 13, GX))
    (line,) = lines(boat)
    assert line == (
        "Seen on VE.Can, as a hint that holds 60 s: a BMS controls the chargers (GX device at address 227 on can0)."
    )
    boat.send(vreg(LINK_CURRENT, 0, GX))
    assert lines(boat)[0].endswith("; the charge current limit is 0 A.")
    boat.tick(4, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 35.0, "evidence stops nothing"
    assert len(lines(boat, 50)) == 1
    assert lines(boat, 12) == [], "forgotten after 60 s, though the device still speaks"


def test_a_network_without_the_bms_bit_says_nothing_and_a_hint_without_a_vebus_bms_is_not_about_vebus() -> None:
    boat = Boat()
    boat.send(claimed(GX, 900, 120, 130), vreg(NETWORK_MODE, 13, GX))
    assert lines(boat) == []
    boat.add(MULTI, multi(**V2))
    assert len(lines(boat)) == 1
    boat.send(vreg(NETWORK_MODE, 5, GX))
    assert lines(boat) == []


def test_a_vebus_system_that_is_told_of_a_bms_says_so_by_itself() -> None:
    boat = Boat()
    interface(boat)
    boat.send(vreg(NETWORK_MODE, 13, INTERFACE))
    assert ["as a hint" in line for line in lines(boat)] == [False, True]
