"""What is asked for, and how often."""

from __future__ import annotations

from dataclasses import replace

from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.sending import register_requests
from gxbridge.core.vecan.sending.register_requests import RegisterRequests
from gxbridge.core.vecan.sending.transmit import TransmitOrder
from tests.core.lynx_frames import CLAIM, LYNX, REGISTERS, Listener, name_of


def orders(asker: RegisterRequests, lynx: Listener, now: float, bus: str = "can0") -> list[TransmitOrder]:
    registry = lynx.registry
    return asker.orders(bus, registry.batteries(now), registry.provisional(now), registry.devices(now), now)


COUNTERS = TransmitOrder(LYNX, register=0x0130, mask=0xFFF8)
"""All CAN error counters of the Lynx in one request."""


def test_a_complete_battery_is_asked_for_its_error_counters_only() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    assert orders(RegisterRequests(), lynx, 1.0) == [COUNTERS]


def asked_for_counters(lynx: Listener, asker: RegisterRequests, answers: frozenset[int] = frozenset()) -> list[int]:
    """The seconds of an hour at which the counters are asked for."""
    asked = []
    for second in range(3600):
        if second % 5 == 0:
            lynx.register(0x2102, "09", float(second))
        if second in answers:
            lynx.register(0x0133, "00 00 00 00", float(second))
        if COUNTERS in orders(asker, lynx, float(second)):
            asked.append(second)
    return asked


def test_error_counters_are_asked_for_every_five_minutes_where_they_are_told() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    assert asked_for_counters(lynx, RegisterRequests(), frozenset({1})) == list(range(0, 3600, 300))


def test_error_counters_that_are_not_told_are_asked_for_three_times() -> None:
    lynx, asker = Listener(), RegisterRequests()
    lynx.lynx(0.0)
    assert asked_for_counters(lynx, asker) == [0, 300, 600]


def test_one_device_is_asked_for_its_counters_in_each_look_and_none_of_another_maker() -> None:
    bus, asker = Listener(), RegisterRequests()
    for number, source in ((1, 0x30), (2, 0x31)):
        bus.claim(name_of(number), 0.0, source)
    bus.claim(Name.make(3, 137, function=160, device_class=35), 0.0, 0x32)
    bus.claim(name_of(4), 0.0, 254)
    asked = [[order.to for order in orders(asker, bus, now) if order.mask == 0xFFF8] for now in (0.1, 1.0, 2.0)]
    assert asked == [[0x30], [0x31], []]


def test_registers_not_heard_are_asked_for_three_times_ten_seconds_apart() -> None:
    lynx, asker = Listener(), RegisterRequests()
    asked = []
    for second in range(200):
        lynx.identify(float(second)) if second == 0 else lynx.register(0x2102, "09", float(second))
        asked += [
            (second, order)
            for order in orders(asker, lynx, float(second))
            if order == TransmitOrder(LYNX, register=0x2108)
        ]
    assert [second for second, _ in asked] == [0, 10, 20]


def test_a_device_without_name_or_product_is_asked_who_it_is() -> None:
    lynx = Listener()
    lynx.register(0x2108, REGISTERS[0x2108], 0.0)
    assert orders(RegisterRequests(), lynx, 1.0) == [
        TransmitOrder(LYNX, pgn=60928),
        TransmitOrder(LYNX, register=0x0100),
        TransmitOrder(LYNX, pgn=126996),
    ]
    assert orders(RegisterRequests(), lynx, 1.0, bus="can1") == []


def test_a_silent_device_is_asked_three_times_a_second_apart_and_after_a_new_silence_again() -> None:
    lynx, asker = Listener(), RegisterRequests()
    lynx.identify(0.0)
    assert [len(orders(asker, lynx, now)) for now in (10.0, 10.5, 11.0, 12.0, 13.0, 20.0)] == [1, 0, 1, 1, 0, 0]
    lynx.claim(CLAIM, 80.0)
    assert TransmitOrder(LYNX, pgn=60928) in orders(asker, lynx, 91.0)


def test_what_was_asked_is_remembered_within_bounds() -> None:
    lynx, asker = Listener(), RegisterRequests()
    lynx.register(0x2108, REGISTERS[0x2108], 0.0)
    (waiting,) = lynx.registry.provisional(0.0)
    for n in range(register_requests.MOST_REMEMBERED):
        asker.orders(f"can{n}", (), [replace(waiting, bus=f"can{n}")], (), 0.0)
    assert len(asker) <= register_requests.MOST_REMEMBERED
    assert orders(asker, lynx, 1.0)
