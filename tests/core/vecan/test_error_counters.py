"""What a device's CAN error counters say of its wiring."""

from __future__ import annotations

import pytest

from gxbridge.core.model.finding import Finding
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.devices import DeviceView
from tests.core.lynx_frames import Listener

CHARGER = 0x24
NAME = Name.make(283819, 358, function=160, device_class=35)
HARDWARE, PASSIVE, BUS_OFF, OVERRUN, SEND_ERRORS = 0x0130, 0x0132, 0x0133, 0x0134, 0x0135
LISTENED = "since its counters were first heard"


class Charger(Listener):
    """A charger at address 0x24 that tells its counters at moments."""

    def __init__(self, name: Name = NAME) -> None:
        super().__init__()
        self.claim(name, 0.0, CHARGER)
        self.register(0x0100, "00 0C A1 00", 0.0, CHARGER)

    def tell(self, now: float, **counts: int) -> None:
        """All six, those not named as 0."""
        said = {name: counts.get(name, 0) for name in ("hardware", "software", "passive", "bus_off", "overrun", "send")}
        for register, count in enumerate(said.values(), HARDWARE):
            self.register(register, count.to_bytes(4, "little").hex(), now, CHARGER)

    def alive(self, until: float) -> None:
        """It says something every five seconds."""
        for at in range(0, int(until), 5):
            self.register(0x0201, "03", float(at), CHARGER)

    def view(self, now: float) -> DeviceView:
        return next(view for view in self.registry.devices(now) if view.address == CHARGER)

    def said(self, now: float) -> tuple[str, str]:
        return self.view(now).wiring

    def findings(self, now: float) -> list[Finding]:
        return [found for found in self.registry.findings(now) if found.id == "can-errors"]


def test_nothing_is_known_before_counters_are_heard_and_watched_for_ten_minutes() -> None:
    charger = Charger()
    assert charger.said(1.0) == (
        "unknown", "it has not told its CAN error counters, which it does only when asked",
    )  # fmt: skip
    charger.tell(2.0, bus_off=7)
    assert charger.said(2.0) == ("unknown", "its CAN error counters have not been watched for long enough")
    charger.alive(602.0)
    charger.tell(601.9, bus_off=7)
    assert charger.said(602.0)[0] == "unknown"
    charger.tell(602.0, bus_off=7)
    assert charger.said(602.0) == ("good", f"no CAN error {LISTENED}"), "what it counted before says nothing"
    assert charger.findings(602.0) == []


@pytest.mark.parametrize(
    ("counts", "word", "text"),
    [
        ({"bus_off": 1}, "bad", "1 time off the bus (bus-off)"),
        ({"passive": 3}, "bad", "3 times error passive"),
        ({"send": 40}, "bad", "40 errors while sending"),
        ({"bus_off": 2, "passive": 3, "send": 1}, "bad",
         "2 times off the bus (bus-off), 3 times error passive and 1 error while sending"),
        ({"bus_off": 2, "hardware": 3}, "bad", "2 times off the bus (bus-off)"),
        ({"hardware": 1, "software": 2, "overrun": 3}, "busy", "6 frames lost"),
    ],
)  # fmt: skip
def test_a_counter_that_rises_is_said(counts: dict[str, int], word: str, text: str) -> None:
    charger = Charger()
    charger.tell(1.0)
    charger.tell(5.0, **counts)
    told = charger.said(5.0)
    assert told[0] == word
    assert told[1].startswith(f"{text} {LISTENED}")
    assert [found.severity for found in charger.findings(5.0)] == ["warning"] * (word == "bad")


def test_a_finding_says_what_was_counted_and_where() -> None:
    charger = Charger()
    charger.tell(1.0, send=5)
    charger.tell(5.0, passive=3, send=9)
    (found,) = charger.findings(5.0)
    product = "SmartSolar MPPT VE.Can 150/70 rev2"
    assert found.arguments == {
        "product": product, "address": "36", "bus": "can0", "bus_off": 0, "passive": 3, "sending": 4,
    }  # fmt: skip
    unnamed = Charger()
    unnamed.registry = Listener().registry
    unnamed.claim(NAME, 0.0, CHARGER)
    unnamed.tell(1.0)
    unnamed.tell(2.0, bus_off=1)
    assert unnamed.findings(2.0)[0].arguments["product"] == "a device"


def test_a_rise_is_forgotten_after_an_hour_without_another() -> None:
    charger = Charger()
    charger.alive(4000.0)
    charger.tell(1.0)
    charger.tell(100.0, bus_off=1)
    charger.tell(3699.0, bus_off=1)
    assert charger.said(3699.9)[0] == "bad"
    assert charger.said(3700.0) == ("good", "no CAN error within the last hour")
    assert charger.findings(3700.0) == []


def test_a_smaller_number_is_counted_since_the_device_was_started_again() -> None:
    charger = Charger()
    charger.tell(1.0, bus_off=9)
    charger.tell(5.0, bus_off=0)
    assert charger.said(5.0)[0] == "unknown", "started again, and nothing counted"
    charger.tell(9.0, bus_off=2)
    charger.tell(13.0, bus_off=1)
    assert charger.said(13.0)[1].startswith("3 times off the bus")


def test_who_is_silent_is_not_known_but_that_it_fell_silent_is_said() -> None:
    charger = Charger()
    charger.tell(1.0)
    assert charger.said(20.0) == ("unknown", "it is silent; it fell silent 1 time")
    assert not charger.view(20.0).tells_counters
    assert charger.said(70.0)[1].startswith("it is lost")
    charger.tell(80.0, bus_off=1)
    assert charger.said(80.0) == ("bad", f"1 time off the bus (bus-off) {LISTENED}; it fell silent 1 time")
    assert charger.view(80.0).tells_counters


def test_others_than_victron_are_not_asked() -> None:
    other = Charger(Name.make(1, 137, function=160, device_class=35))
    assert other.said(1.0) == (
        "unknown", "its CAN error counters are not known: only Victron devices are asked for them",
    )  # fmt: skip


def test_of_two_at_one_address_nobody_knows_whose_the_counters_are() -> None:
    charger = Charger()
    charger.tell(1.0)
    charger.claim(Name.make(999999, 358, function=160, device_class=35), 2.0, CHARGER)
    charger.tell(10.0, bus_off=500)
    assert charger.said(10.0) == ("conflict", "another device speaks from its address")
    assert charger.findings(10.0) == []
    charger.tell(200.0, bus_off=500)
    assert charger.said(200.0)[0] == "unknown", "the dispute is over, and what came in it counts for nothing"
    assert charger.findings(200.0) == []


def test_a_device_without_an_address_keeps_what_it_counted() -> None:
    charger = Charger()
    charger.tell(1.0)
    charger.tell(2.0, bus_off=1)
    charger.claim(NAME, 3.0, 254)
    (view,) = charger.registry.devices(3.0)
    assert (view.address, view.wiring.word) == (None, "bad")
    assert len(charger.findings(3.0)) == 1


def test_what_is_not_whole_is_not_counted() -> None:
    charger = Charger()
    charger.tell(1.0)
    charger.frame(0x1CEFFF24, bytes.fromhex("669933010500"), 2.0)
    assert charger.said(2.0)[0] == "unknown"
    charger.tell(3.0)
    assert charger.said(3.0)[0] == "unknown"
