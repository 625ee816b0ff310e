"""How messages are filed: by what, apart from what, and for how long."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.database import Layout, database
from gxbridge.core.vecan.readings import VREG, Readings, filing, said


@pytest.mark.parametrize(
    ("register", "values", "number"),
    [
        (0x2108, (1, 1, 1, 2, 1, 1, 1), 0x2108),
        (0x0100, (0, 0xA3E5, 0), 0x0100),
        (0x0100, (2, 0xA042, 0), 0x20100),
        (0x0381, (3, 1, 3.35), 0x1030381),
        (0x0381, (None, None, None), 0x0381),
        (0xEC44, (1,), 0xEC44),
    ],
)
def test_a_register_is_filed_by_number_and_by_what_it_is_about(
    register: int, values: tuple[float | None, ...], number: int
) -> None:
    readings = Readings()
    layout = database().registers[register]
    assert readings.put((layout, 41, 255, values, b""), 0.0) == ((VREG, number), (VREG, register), True)
    assert readings.put((layout, 41, 255, values, b""), 1.0) == ((VREG, number), (VREG, register), False)
    reading = readings.get((VREG, number))
    assert reading is not None
    assert (reading.at, reading.until) == (1.0, None)


@pytest.mark.parametrize(("pgn", "seconds"), [(127508, 5.0), (127505, 7.5), (126993, 180.0), (127513, 5.0)])
def test_a_pgn_holds_three_intervals_and_at_least_five_seconds(pgn: int, seconds: float) -> None:
    assert filing(database().pgns[pgn])[3] == seconds


NETWORK_DATA = (0x2001, 0x2007, 0x2008, 0x2009, 0x200A, 0x200C, 0x200E, 0x2013, 0x2015)


@pytest.mark.parametrize(
    ("register", "seconds"), [*((number, 60.0) for number in NETWORK_DATA), (0x0390, None), (0x2108, None)]
)
def test_network_data_holds_a_minute_and_other_registers_as_long_as_their_device(
    register: int, seconds: float | None
) -> None:
    assert filing(database().registers[register])[3] == seconds


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ((VREG, 0x1030381), (VREG, 0x0381)),
        ((127508, 3), (127508, None)),
        ((59904, 3), (59904, None)),
    ],
)
def test_a_kind_of_message_is_named_without_what_it_is_about(
    key: tuple[int, int], kind: tuple[int, int | None]
) -> None:
    assert said(key) == kind


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        (database().registers[0x0391], 480),
        (database().registers[0x0381], 600),
        (database().registers[0x010C], 1380),
        (database().pgns[126996], 1800),
    ],
)
def test_a_message_is_reckoned_by_its_values_and_more_where_there_is_text(layout: Layout, size: int) -> None:
    readings = Readings()
    readings.put((layout, 41, 255, tuple(1 for _ in layout.fields), b""), 0.0)
    assert readings.size == size


def test_what_has_no_room_is_counted_and_what_is_there_goes_on() -> None:
    readings = Readings()
    assert readings.bound(1200, lambda _: True) == []
    layout = database().registers[0x0381]
    cells = [(layout, 41, 255, (1, cell, 3.3), b"") for cell in (1, 2, 3)]
    assert [readings.put(cell, 0.0) is not None for cell in cells] == [True, True, False]
    assert (readings.size, readings.dropped, len(readings)) == (1200, 1, 2)
    assert readings.put(cells[0], 1.0) is not None
    assert readings.put(cells[2], 1.0) is None
    assert (readings.size, readings.dropped, len(readings)) == (1200, 2, 2)
    tight = Readings()
    assert tight.bound(1199, lambda _: True) == []
    assert [tight.put(cell, 0.0) is not None for cell in cells[:2]] == [True, False]


def test_only_a_pgn_has_instances() -> None:
    readings = Readings()
    readings.put((database().registers[0x0391], 41, 255, (200.0,), b""), 0.0)
    readings.put((database().pgns[59904], 41, 255, (60928,), b""), 0.0)
    assert (readings.instances(VREG), readings.instances(59904)) == ([], [0])


def test_the_lowest_instance_comes_first() -> None:
    readings = Readings()
    layout = database().pgns[127508]
    for instance in (3, 1, 3):
        readings.put((layout, 41, 255, (instance, 26.39, -0.3, 295.0, 1), b""), 0.0)
    assert readings.instances(127508) == [1, 3]
    assert readings.instances(127506) == []
    readings.forget(lambda key: key == (127508, 3), lambda _: True)
    assert readings.instances(127508) == [3]
    assert (127508, 1) not in readings


def test_some_by_themselves_are_those_that_are_held_and_stay_up_to_date() -> None:
    readings = Readings()
    layout = database().pgns[127508]
    for instance in (1, 2):
        readings.put((layout, 41, 255, (instance, 26.39, -0.3, 295.0, 1), b""), 1.0)
    some = readings.only([(127508, 2), (127508, 3)])
    assert [key for key, _ in some.items()] == [(127508, 2)]
    readings.put((layout, 41, 255, (2, 26.39, -0.3, 295.0, 1), b""), 5.0)
    assert [reading.at for _, reading in some.items()] == [5.0]


def test_of_what_is_forgotten_the_latest_moment_of_each_used_kind_is_kept() -> None:
    readings = Readings()
    layout = database().pgns[127508]
    for at, instance in ((2.0, 1), (1.0, 2)):
        readings.put((layout, 41, 255, (instance, 26.39, -0.3, 295.0, 1), b""), at)
    readings.put((database().pgns[127506], 41, 255, (0, 1, 0, 50, 100, 60, 0.1, None), b""), 3.0)
    readings.forget(lambda _: False, lambda key: key[0] == 127508)
    assert readings.past == {(127508, None): 2.0}
    readings.put((layout, 41, 255, (1, 26.39, -0.3, 295.0, 1), b""), 5.0)
    readings.forget(lambda _: False, lambda _: True)
    assert readings.past == {(127508, None): 5.0}


def test_what_nobody_uses_goes_oldest_first_until_half_of_the_room_is_free() -> None:
    readings = Readings()
    layout = database().registers[0x0381]
    for cell in range(8):
        readings.put((layout, 41, 255, (1, cell, 3.3), b""), float(cell))
    keys = [key for key, _ in readings.items()]
    assert readings.size == 4800
    for limit in (7200, 6400):
        assert readings.bound(limit, lambda _: False) == [], "there is room enough"
    assert readings.bound(4800, lambda _: True) == []
    assert readings.bound(4799, lambda key: key != keys[5]) == [keys[5]]
    assert readings.bound(4800, lambda _: False) == keys[:3]
    assert readings.size == 2400


def battery_status(*heard: tuple[int, float]) -> Readings:
    """127508 of these instances at these moments."""
    readings = Readings()
    layout = database().pgns[127508]
    for instance, at in heard:
        values = tuple(instance if field.name == "instance" else None for field in layout.fields)
        readings.put((layout, 41, 255, values, b""), at)
    return readings


@pytest.mark.parametrize(
    ("heard", "place", "instance"),
    [
        ((), 0, None),
        (((0, 0.0),), 0, 0),
        (((0, 0.0),), 1, None),
        (((1, 0.0),), 0, None),
        (((0, 0.0), (1, 0.1)), 1, 1),
        (((0, 0.0), (2, 0.1)), 1, None),
        (((1, 0.0), (1, 4.9)), 0, None),
        (((1, 0.0), (1, 5.0)), 0, 1),
        (((2, 0.0), (4, 1.0), (2, 5.0)), 1, 4),
    ],
)
def test_an_instance_has_no_place_before_it_is_known_who_is_below_it(
    heard: tuple[tuple[int, float], ...], place: int, instance: int | None
) -> None:
    found = battery_status(*heard).nth(127508, place)
    assert [reading.get("instance") for reading in found] == ([] if instance is None else [instance])


def test_who_is_below_is_asked_anew_after_a_silence_and_not_after_a_change_of_its_address() -> None:
    readings = battery_status((1, 0.0), (1, 5.0))
    moved = battery_status((1, 5.5))
    moved.absorb(readings)
    assert moved.nth(127508, 0)
    moved.forget(lambda key: False, lambda key: True)
    moved.absorb(battery_status((1, 20.0)))
    assert not moved.nth(127508, 0)
