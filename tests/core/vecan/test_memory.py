"""One device on CAN that pretends to be hundreds takes neither the memory nor the place of those that were there."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.network import MOST_BMSES, MOST_CHARGERS, MOST_NODES
from gxbridge.core.vecan.readings import MOST_SHARE, RESERVED_BYTES, SHARED_BYTES, VREG, Readings
from tests.core.boat import PRODUCT, RUNNING, SOLAR, Boat, claim, solar, status, vreg
from tests.faults.flood import crowd

LYNX, MPPT, MONITOR = 0xA3E5, 0xA102, 0xA389


def name_of(number: int, function: int = 0xAA) -> bytes:
    return (number | 358 << 21).to_bytes(4, "little") + bytes((0, function, 0x46, 0xC0))


def is_there(number: int, product: int, address: int) -> tuple[tuple[int, bytes], ...]:
    """Its claim and its product."""
    return claim(address, name_of(number)), vreg(PRODUCT, product << 8, address)


def cells(address: int, count: int, first: int = 0) -> list[tuple[int, bytes]]:
    numbers = range(first, first + count)
    return [(0x1CEFFF00 | address, struct.pack("<HHBBH", 0x9966, 0x0381, n >> 8, n & 255, n)) for n in numbers]


class Bus:
    """A registry fed with frames of several buses."""

    def __init__(self, **options: object) -> None:
        self.registry = BatteryRegistry(**options)  # type: ignore[arg-type]
        self.decoders: dict[str, Decoder] = {}
        self.now = 0.0

    def send(self, frames: Iterable[tuple[int, bytes]], bus: str = "can0") -> None:
        decoder = self.decoders.setdefault(bus, Decoder())
        for can_id, data in frames:
            message = decoder.feed(can_id, data, self.now)
            if message is not None:
                self.registry.hear(bus, message, self.now)

    def look(self) -> list[int]:
        return [battery.unique_number for battery in self.registry.batteries(self.now)]

    def sizes(self) -> list[int]:
        return [node.readings.size for bus in self.decoders for node in self.registry.network(bus).devices]


def test_a_crowd_on_two_buses_is_bounded_in_bytes() -> None:
    bus = Bus()
    frames = crowd(readings=100)
    for number in range(0, len(frames), 6000):
        for name in ("can0", "can1"):
            bus.send(frames[number : number + 6000], name)
        bus.now += 1.0
        bus.look()
    reserved = 2 * (MOST_BMSES + MOST_CHARGERS) * RESERVED_BYTES
    assert sum(bus.sizes()) <= SHARED_BYTES + reserved
    assert 1_000_000 < sum(bus.sizes()) <= 10_000_000
    assert len(bus.look()) == MOST_BMSES, "the same NAMEs on both buses"
    assert any(finding.id == "too-many-messages" for finding in bus.registry.findings(bus.now))


def test_bytes_are_counted_as_they_come_and_go() -> None:
    bus = Bus()
    bus.send([*is_there(1, MONITOR, 1), *cells(1, 20)])
    (node,) = bus.registry.network("can0").devices
    before = node.readings.size
    bus.send(cells(1, 20))
    assert node.readings.size == before, "the same again takes no more"
    bus.send(cells(1, 10, 20))
    assert before < node.readings.size < MOST_SHARE
    bus.now = 20.0
    bus.look()
    assert node.readings.size < before, "silent: only what lasts is kept"
    assert {key for key, _ in node.readings.items()} <= {(VREG, PRODUCT)}


def test_what_was_forgotten_takes_no_place_that_grows() -> None:
    bus = Bus()
    bus.send([*is_there(1, MONITOR, 1), *is_there(2, LYNX, 2)])
    for _ in range(20):
        for address in (1, 2):
            bus.send(cells(address, 1000))
        bus.now += 1.0
        bus.look()
    assert all(len(node.readings.past) <= 1 for node in bus.registry.network("can0").devices), "one kind was heard"


def test_what_was_there_first_stays_whatever_comes() -> None:
    bus = Bus()
    bus.send([*is_there(167120, LYNX, 41), status(), *(vreg(register, raw) for register, raw in RUNNING.items())])
    bus.send([*is_there(7, MPPT, 42), vreg(0xEDD5, 2640, 42)])
    (before,) = bus.registry.batteries(bus.now)
    for number in range(3000):
        bus.now += 0.01
        bus.send([claim(number % 240, name_of(1000 + number)), *cells(number % 240, 3)])
        if number % 100 == 0:
            bus.send([status(), *(vreg(register, raw) for register, raw in RUNNING.items()), vreg(0xEDD5, 2640, 42)])
            bus.look()
    for second in range(100):
        bus.now += 1.0
        bus.send(claim(number, name_of(9000 + second * 10 + number)) for number in range(10))
        bus.look()
    battery = next(item for item in bus.registry.batteries(bus.now) if item.unique_number == 167120)
    assert battery.state == "lost", "its place is its own when it has been silent for long"
    devices = bus.registry.network("can0").devices
    assert {node.name.unique_number for node in devices if node.name} >= {167120, 7}
    assert len(devices) == MOST_NODES
    assert before.values.keys() > {"charge_voltage_limit_v", "charge_current_limit_a"}


def test_who_it_is_is_learnt_where_there_is_no_room_for_the_rest() -> None:
    bus = Bus()
    bus.send([claim(1, name_of(1)), *cells(1, 2000)])
    bus.send([vreg(PRODUCT, LYNX << 8, 1)])
    assert bus.look() == [1]
    (node,) = bus.registry.network("can0").devices
    assert node.readings.size <= RESERVED_BYTES // 2
    bus.send([status(source=1), *(vreg(register, raw, 1) for register, raw in RUNNING.items())])
    (battery,) = bus.registry.batteries(bus.now)
    assert battery.get("charge_current_limit_a") == 200.0
    bus.send(cells(1, 2000))
    bus.now += 1.0
    (battery,) = bus.registry.batteries(bus.now)
    assert battery.get("charge_current_limit_a") == 200.0, "rubbish at its own address displaces nothing that is used"


def test_what_had_to_go_is_unknown() -> None:
    bus = Bus()
    bus.send([*is_there(1, LYNX, 1), vreg(0x0391, 2000, 1)])
    (battery,) = bus.registry.batteries(bus.now)
    assert battery.get("charge_current_limit_a") == 200.0
    (node,) = bus.registry.network("can0").devices
    node.bound(0)
    assert len(node.readings) == 0
    bus.registry.alive("can0", 1, bus.now)
    (battery,) = bus.registry.batteries(bus.now)
    assert battery.get("charge_current_limit_a") is None


def test_the_oldest_goes_first() -> None:
    bus = Bus()
    for n in range(8):
        bus.now += 1.0
        bus.send([vreg(0xEDD0 + n, n, 1)])
    (node,) = bus.registry.network("can0").devices
    keys = [key for key, _ in node.readings.items()]
    assert node.readings.bound(node.readings.size * 4 // 3 + 1, lambda _: False) == []
    limit = node.readings.size
    gone = node.readings.bound(limit, lambda _: False)
    assert gone == keys[: len(gone)]
    assert limit // 4 < node.readings.size <= limit // 2
    assert len(Readings().bound(0, lambda _: True)) == 0
    assert [key for key, _ in node.readings.items()] == keys[len(gone) :]
    assert (VREG, 0xEDD0) not in node.readings


def crowded_bus(**options: object) -> Bus:
    bus = Bus(**options)
    for number in range(MOST_BMSES):
        bus.send(is_there(number + 1, LYNX, number + 1))
    assert len(bus.look()) == MOST_BMSES
    assert bus.registry.unfollowed(bus.now) == {}
    return bus


def test_one_bms_more_than_can_be_followed_is_said() -> None:
    bus = crowded_bus()
    bus.send(is_there(100, LYNX, 100))
    assert bus.look() == [*range(1, MOST_BMSES + 1)]
    assert bus.registry.unfollowed(bus.now) == {"can0": 1}
    assert len(bus.registry.identities(1.0)) == MOST_BMSES, "what is not followed is not remembered either"
    (found,) = bus.registry.findings(bus.now)
    assert (found.id, found.severity, found.subject) == ("bms-not-followed", "alarm", "can0")
    bus.now += 1000.0
    assert bus.look() == [*range(1, MOST_BMSES + 1)], "no place is taken from one that is silent"
    assert bus.registry.unfollowed(bus.now) == {"can0": 1}, "nor is it forgotten that there is one more"


def test_a_place_that_gets_free_is_given_to_the_next() -> None:
    bus = crowded_bus()
    bus.send(is_there(100, LYNX, 100))
    bus.look()
    bus.send([vreg(PRODUCT, MONITOR << 8, 3)])
    assert 100 in bus.look()
    assert bus.registry.unfollowed(bus.now) == {}


def test_another_bus_has_places_of_its_own() -> None:
    bus = crowded_bus()
    bus.send(is_there(100, LYNX, 100), "can1")
    assert 100 in bus.look()


def test_a_charger_that_turns_into_a_bms_takes_no_place() -> None:
    bus = crowded_bus()
    bus.send(is_there(100, MPPT, 100))
    bus.look()
    bus.send([vreg(PRODUCT, LYNX << 8, 100)])
    assert 100 not in bus.look()
    assert bus.registry.unfollowed(bus.now) == {"can0": 1}


def test_one_that_is_known_from_before_was_not_invented() -> None:
    before = Bus()
    before.send(is_there(100, LYNX, 100))
    before.look()
    (known,) = before.registry.identities(1.0)
    bus = crowded_bus(remembered=[known])
    bus.send(is_there(100, LYNX, 100))
    assert 100 in bus.look()
    assert bus.registry.unfollowed(bus.now) == {}


def test_a_bms_that_cannot_be_followed_stops_charging_until_it_is() -> None:
    boat = Boat()
    boat.add(SOLAR, solar())
    boat.tick(6)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] > 0  # type: ignore[operator]
    for number in range(MOST_BMSES):
        boat.send(*is_there(number + 1, LYNX, number + 1))
    cycle = boat.tick(3)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0.0
    (ccl,) = [limit for limit in cycle.decision.limits if limit.name == "CCL"]
    assert ccl.value == 0.0
    assert "1 device on can0 that may be BMSes cannot be followed" in str(ccl.caps), "one of the reasons, and a stop"
    assert "bms-not-followed" in [finding.id for finding in boat.bridge.finding_log.current]
    boat.send(vreg(PRODUCT, MONITOR << 8, 3))
    assert "bms-not-followed" in [finding.id for finding in boat.bridge.finding_log.current]
    boat.tick(1)
    assert "bms-not-followed" not in [finding.id for finding in boat.bridge.finding_log.current]


def test_who_is_gone_and_left_nothing_has_no_part_any_more() -> None:
    bus = Bus()
    bus.send((0x1CEFFF00 | address, b"\x66\x99\x8d\xed" + bytes(4)) for address in range(100, 250))
    bus.look()
    bus.now = 11.0
    bus.look()
    bus.send(is_there(1, MONITOR, 1))
    bus.look()
    bus.send(cells(1, 100))
    bus.look()
    monitor = next(node for node in bus.registry.network("can0").devices if node.address == 1)
    assert monitor.readings.size > SHARED_BYTES // 150, "less than 7 kB otherwise"
    assert monitor.readings.dropped == 0
