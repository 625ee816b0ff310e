"""Nobody can fill the memory: names, devices, paths and messages that never end, on D-Bus and on CAN."""

from __future__ import annotations

from gxbridge.core.blackbox.ring import PENDING_FRAMES, Ring
from gxbridge.core.cycle import Cycle
from gxbridge.core.publish.own_items import MOST_CHARGERS
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import PRODUCT, SOLAR, Boat, claim, solar, vreg
from tests.core.test_invariants import held


def largest(boat: Boat) -> tuple[str, int]:
    return max(held(boat.bridge, set()), key=lambda item: item[1])


def numbers(cycle: Cycle) -> set[str]:
    """Under which numbers chargers are listed."""
    return {path.split("/")[3] for path in cycle.own if path.startswith("/Limits/Charger/")}


def test_chargers_with_ever_new_names_leave_nothing_behind() -> None:
    boat = Boat()
    boat.tick(3)
    for number in range(400):
        name = f"com.victronenergy.solarcharger.n{number}"
        boat.add(name, solar())
        cycle = boat.tick()
        boat.bridge.service_removed(name, boat.now)
    assert len(numbers(cycle)) == MOST_CHARGERS
    values = [value for path, value in cycle.own.items() if path.endswith("/Service") and "/Charger/" in path]
    assert [value for value in values if value is not None] == [name]
    assert largest(boat)[1] < 1500


def test_batteries_with_ever_new_names_leave_nothing_behind() -> None:
    boat = Boat()
    for number in range(700):
        name = (number | 358 << 21).to_bytes(4, "little") + bytes.fromhex("00AA46C0")
        boat.send(claim(number % 250, name), vreg(PRODUCT, 0xA3E500, number % 250))
        for view in boat.bridge.tick(boat.now).batteries if number % 50 == 0 else ():
            boat.bridge.set_identity(view.battery.key, 1, "")
        boat.now += 1.0
    assert largest(boat)[1] <= 252 * 10, "as many as have room on a bus, with the items of each"


def test_more_chargers_than_have_a_number_are_limited_but_not_listed() -> None:
    boat = Boat()
    boat.tick(3)
    names = [f"com.victronenergy.solarcharger.n{number}" for number in range(MOST_CHARGERS + 3)]
    for name in names:
        boat.add(name, solar())
    cycle = boat.tick(4)
    assert len(numbers(cycle)) == MOST_CHARGERS
    assert all((name, "/Link/ChargeCurrent") in boat.links for name in names)


def test_identities_of_batteries_that_are_gone_are_forgotten_in_the_end() -> None:
    boat = Boat()
    for number in range(600):
        boat.bridge.set_identity(f"uc{number}", number, "")
    assert len(boat.bridge._own_batteries.identities) == 512


def test_a_box_never_takes_more_than_it_may() -> None:
    boat = BoxedBoat(max_bytes=300_000)
    boat.tick(3)
    for second in range(20):
        boat.send(*(vreg(0x0391, n, 0x29) for n in range(second, second + 2000)))
        boat.add(SOLAR, solar(**{"/CustomName": "x" * 2000}))
        boat.tick()
        ring = boat.boxed._ring
        assert ring.size <= 300_000
        assert ring._pending_frames <= PENDING_FRAMES
    assert len(boat.boxed._ring._stretches) > 1


def test_one_event_that_is_larger_than_the_memory_tears_the_record_until_the_next_look() -> None:
    ring = Ring(10_000)
    ring.event(["lost, as nothing has begun"])
    assert ring.due(0.0)
    ring.begin(0.0, {})
    ring.event(["+", "x" * 20_000])
    ring.event(["t", 1.0, 0.0])
    (stretch,) = ring.stretches()
    assert (stretch.torn != "", stretch.records) == (True, [])
    assert ring.due(0.1)
    ring.begin(0.1, {})
    assert not ring.due(1.0)
    assert ring.due(51.0)
    assert ring.due(0.0), "a clock that went back begins anew"
