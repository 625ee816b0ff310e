"""One battery heard twice: the stricter word counts, and one that merely moved is one device."""

from __future__ import annotations

import pytest

from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.encode import vreg_frames
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import payload
from tests.core.boat import (
    ALL_WELL,
    CCL,
    CVL,
    IO,
    MULTI,
    NAME,
    NO_CHARGE,
    SOLAR,
    VENDOR,
    Boat,
    claim,
    multi,
    solar,
    status,
    vendor_lynx,
    vreg,
)

CURRENT = (SOLAR, "/Link/ChargeCurrent")
VOLTAGE = (SOLAR, "/Link/ChargeVoltage")
DISCHARGE = (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent")
UNKNOWN_IO = 0x1580
SERIAL = b"HQ21302VUDQ\0"
OTHER_NAME = Name.make(99, 358, function=170, device_class=35).payload

Frames = list[tuple[int, bytes]]


class Twin:
    """A second voice of the battery: a bus, an address and a NAME of its own, and what it says."""

    def __init__(
        self, boat: Boat, bus: str = "can0", source: int = 0x29, name: bytes = NAME, serial: bytes = b""
    ) -> None:
        self.boat, self.bus, self.source, self.name = boat, bus, source, name
        self.said = dict(boat.said)
        self.serial = serial

    def speak(self, *, claims: bool = True) -> bool:
        frames: Frames = [claim(self.source, self.name)] if claims else []
        frames += [status(source=self.source), *(vreg(*said, source=self.source) for said in self.said.items())]
        if self.serial:
            frames += vreg_frames(payload(0x010A, self.serial), self.source)
        return self.boat.bridge.hear(self.bus, [(self.boat.now, *frame) for frame in frames])


def afloat() -> Boat:
    boat = Boat(buses=("can0", "can1"))
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(6)
    assert boat.links[CURRENT] == 35
    return boat


def together(boat: Boat, twin: Twin, seconds: int, *, claims: bool = True) -> None:
    for _ in range(seconds):
        twin.speak(claims=claims)
        boat.tick()


def ids(boat: Boat) -> set[str]:
    return {found.id for found in boat.bridge.finding_log.current}


def on_another_bus(boat: Boat) -> Twin:
    return Twin(boat, "can1")


def with_its_serial(boat: Boat) -> Twin:
    boat.send(*vreg_frames(payload(0x010A, SERIAL), 0x29))
    return Twin(boat, source=0x31, name=OTHER_NAME, serial=SERIAL)


@pytest.mark.parametrize("make", [on_another_bus, with_its_serial])
def test_of_two_voices_the_stricter_counts_whoever_was_first(make: object) -> None:
    boat = afloat()
    twin = make(boat)  # type: ignore[operator]
    together(boat, twin, 4)
    assert boat.links[CURRENT] == 35
    assert "battery-heard-twice" in ids(boat)
    assert len(boat.tick().batteries) == 1
    twin.said[IO] = NO_CHARGE
    assert twin.speak(), "a withdrawn permission does not wait"
    boat.react()
    assert boat.links[CURRENT] == 0
    twin.said |= {IO: ALL_WELL, CCL: 100, CVL: 2800, 0x0393: 3000}
    together(boat, twin, 4)
    assert (boat.links[CURRENT], boat.links[VOLTAGE], boat.links[DISCHARGE]) == (10, 28.0, 300)
    boat.said |= {CCL: 50}
    together(boat, twin, 4)
    assert boat.links[CURRENT] == 5
    twin.said[IO] = UNKNOWN_IO
    together(boat, twin, 4)
    assert boat.links[CURRENT] == 0, "it had spoken, and says unknown"


def test_a_voice_that_has_not_said_a_thing_does_not_take_it_away() -> None:
    boat = afloat()
    twin = on_another_bus(boat)
    twin.said = {0x0100: 0xA3E500}
    together(boat, twin, 5)
    assert boat.links[CURRENT] == 35


def test_a_refusal_is_stricter_than_unknown() -> None:
    boat = afloat()
    twin = on_another_bus(boat)
    together(boat, twin, 3)
    boat.said[IO], twin.said[IO] = UNKNOWN_IO, NO_CHARGE
    together(boat, twin, 3)
    (battery,) = boat.bridge.registry.batteries(boat.now)
    assert (battery.get("allow_to_charge"), battery.get("allow_to_discharge")) == (0, None)


def test_a_voice_that_falls_silent_is_not_asked_any_more() -> None:
    boat = afloat()
    twin = on_another_bus(boat)
    twin.said[CCL] = 100
    together(boat, twin, 4)
    assert boat.links[CURRENT] == 10
    boat.tick(14)
    assert boat.links[CURRENT] == 35


# --- one NAME at two addresses ---------------------------------------------------------------------------------------


def test_a_battery_that_merely_moved_is_one_device() -> None:
    boat = afloat()
    moved = Twin(boat, source=0x2A)
    for _ in range(20):
        moved.speak(claims=False)
        boat.send(claim(0x2A))
        boat.tick(speaking=False)
    assert "battery-heard-twice" not in ids(boat)
    assert boat.links[CURRENT] == 35


def test_one_name_at_two_addresses_that_both_speak_is_a_finding_and_the_stricter_counts() -> None:
    boat = afloat()
    twin = Twin(boat, source=0x2A)
    boat.send(claim(0x2A))
    twin.said[CCL] = 100

    def both(seconds: int) -> None:
        for _ in range(seconds):
            boat.now += 1.0
            boat.send(status(), *(vreg(*said) for said in boat.said.items()))
            twin.speak(claims=False)
            boat._take(boat.bridge.tick(boat.now))

    both(8)
    assert "battery-heard-twice" not in ids(boat), "it may be on its way"
    both(6)
    assert "battery-heard-twice" in ids(boat)
    assert boat.links[CURRENT] == 10
    boat.said[IO] = NO_CHARGE
    both(3)
    assert boat.links[CURRENT] == 0
    boat.said[IO] = ALL_WELL
    boat.send(claim(0x29))
    twin.said[CCL] = 80
    both(6)
    assert boat.links[CURRENT] == 8, "a claim of either is no move"
    boat.send(claim(0x2A))
    both(6)
    assert boat.links[CURRENT] == 8
    assert boat.bridge.registry.provisional(boat.now) == ()


def test_what_the_first_had_refused_before_the_second_claimed_counts() -> None:
    boat = afloat()
    boat.said[IO] = NO_CHARGE
    boat.tick(3)
    assert boat.links[CURRENT] == 0
    twin = Twin(boat, source=0x2A)
    twin.said[IO] = ALL_WELL
    boat.send(claim(0x2A))
    for _ in range(16):
        boat.now += 1.0
        boat.send(status())
        twin.speak(claims=False)
        boat._take(boat.bridge.tick(boat.now))
    assert boat.links[CURRENT] == 0


def test_a_charger_with_a_name_at_two_addresses_is_no_battery_heard_twice() -> None:
    boat = Boat()
    charger = Name.make(555, 358, function=160, device_class=35).payload
    boat.send(claim(0x40, charger), claim(0x41, charger))
    for _ in range(14):
        boat.send(status(source=0x40), status(source=0x41))
        boat.tick()
    assert "battery-heard-twice" not in ids(boat)


def test_another_device_at_the_old_address_is_no_second_voice() -> None:
    boat = afloat()
    moved = Twin(boat, source=0x2A)
    boat.send(claim(0x2A))
    for _ in range(20):
        boat.now += 1.0
        boat.send(claim(0x29, OTHER_NAME), status())
        moved.speak(claims=False)
        boat._take(boat.bridge.tick(boat.now))
    assert "battery-heard-twice" not in ids(boat)
    assert boat.links[CURRENT] == 35


TWO = "com.victronenergy.battery.ttyUSB0"
SERIAL_ITEMS = {"/Serial": "HQ7", "/N2kUniqueNumber": None}


def shown(mode: str = "control", **changes: Value) -> Boat:
    """Two services show one battery by its serial, and gxbridge hears none of it on CAN."""
    boat = Boat(mode=mode)
    boat.add(VENDOR, vendor_lynx(**SERIAL_ITEMS))
    boat.add(TWO, vendor_lynx(**{**SERIAL_ITEMS, "/DeviceInstance": 2, "/Info/MaxChargeCurrent": 12.0, **changes}))
    boat.add(SOLAR, solar())
    boat.tick(8, speaking=False)
    return boat


def said_of(boat: Boat) -> dict[str, str]:
    return {one.subject: one.text for one in boat.bridge.finding_log.current if one.id == "battery-shown-twice"}


def test_of_two_services_that_show_one_battery_the_stricter_word_counts_and_that_is_said() -> None:
    boat = shown()
    assert boat.links[CURRENT] == 12
    assert said_of(boat) == {
        TWO: f"{TWO} shows the battery that {VENDOR} shows too (same serial HQ7); both count, and where they differ "
        "the stricter one wins"
    }
    boat.set(TWO, **{"/Serial": "HQ8"})
    boat.tick(3, speaking=False)
    assert said_of(boat) == {}
    number = shown(**{"/Serial": None, "/N2kUniqueNumber": 77})
    number.set(VENDOR, **{"/N2kUniqueNumber": 77})
    number.tick(3, speaking=False)
    assert "(same unique number 77)" in said_of(number)[TWO]


def test_while_only_listening_it_says_what_the_gx_makes_of_them() -> None:
    assert said_of(shown("monitor")) == {
        TWO: f"{TWO} shows the battery that {VENDOR} shows too (same serial HQ7): a GX takes them for two, and goes "
        "by one"
    }


@pytest.mark.parametrize(
    "other", [{"/Mgmt/Connection": "Virtual"}, {"/Settings/Battery/NominalVoltage": 48}, {"/ProductId": 0xA3E3}]
)
def test_a_copy_a_total_and_a_battery_of_another_bank_are_not_the_same_twice(other: dict[str, Value]) -> None:
    boat = shown(**other)
    boat.set(VENDOR, **{"/Settings/Battery/NominalVoltage": 24})
    boat.tick(3, speaking=False)
    assert said_of(boat) == {}
