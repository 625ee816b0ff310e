"""What was told in the last 24 hours: between what, and how often it changed; older hours go by themselves."""

from __future__ import annotations

from gxbridge.core.dvcc.run.orders_of_a_day import MOST, OrderRange, OrdersOfADay
from gxbridge.core.dvcc.tell.write import Write

KEY = ("com.victronenergy.solarcharger.a", "/Link/ChargeCurrent")


def test_a_day_of_orders() -> None:
    orders = OrdersOfADay()
    assert (orders.since, orders.day()) == (None, {})
    for now, value in (
        (10.0, 35.0),
        (13.0, 35.0),
        (16.0, 0),
        (4000.0, 0),
        (4003.0, 20.0),
        (4006.0, None),
        (4009.0, "x"),
    ):
        orders.note([Write(*KEY, value)], now)
    assert orders.since == 10.0
    assert orders.day() == {KEY: OrderRange(0, 35.0, 2)}
    orders.note([], 3600.0 * 24 + 5)
    assert orders.day() == {KEY: OrderRange(0, 20.0, 1)}, "the first hour is more than a day ago"
    orders.note([Write(*KEY, 20.0)], 3600.0 * 40)
    assert orders.day() == {KEY: OrderRange(20.0, 20.0, 0)}


def test_it_is_bounded() -> None:
    orders = OrdersOfADay()
    orders.note([Write(f"com.victronenergy.solarcharger.s{n}", KEY[1], 1.0) for n in range(MOST + 5)], 1.0)
    assert len(orders.day()) == MOST
