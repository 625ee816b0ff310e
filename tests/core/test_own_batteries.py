"""What was made of our own batteries is kept for as long as they say the same, and no longer."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from gxbridge.core.bus_services import BusServices
from gxbridge.core.model.battery import Battery, Known
from gxbridge.core.own_batteries import OwnBatteries
from gxbridge.core.publish.battery_paths import service_name
from gxbridge.core.publish.publication import Publication
from gxbridge.core.setup import Setup
from tests.core.gate.boat import on_can

BATTERY = on_can(voltage_v=26.4, charge_current_limit_a=200.0, allow_to_charge=1, bms_state=9)
NAME = service_name(BATTERY)
TIMES = {"since": 5.0, "silent_since": 5.0, "last_heard": 5.0}
OTHER: dict[str, Any] = {
    "address": 0x30,
    "device_instance": 3,
    "product_id": 0xA3E6,
    "product_name": "another",
    "serial": "HQ2",
    "firmware": 0x010700,
    "description": "House",
    "balances": True,
    "distributors": "A",
}
"""Another fact about the battery, where anything that is made of it shows the fact."""


class Watched:
    """Our own batteries, looked at again and again."""

    def __init__(self) -> None:
        self.own, self.bus = OwnBatteries(), BusServices()

    def look(self, battery: Battery, setup: Setup | None = None) -> tuple[Any, Any, list[tuple[str, str]]]:
        """Items, what the decision has, and what has arrived."""
        self.bus.arrivals.clear()
        name = service_name(battery)
        (bms,) = self.own.look([battery], {battery.key: Publication("bms")}, setup or Setup(), self.bus)
        return self.own.items[name], bms, list(self.bus.arrivals)


@pytest.mark.parametrize("field", TIMES)
def test_nothing_is_made_anew_when_only_time_has_passed(field: str) -> None:
    watched = Watched()
    items, bms, _ = watched.look(BATTERY)
    later = {name: known._replace(at=9.0) for name, known in BATTERY.values.items()}
    again = watched.look(replace(BATTERY, values=later, **{field: TIMES[field]}))
    assert again[0] is items
    assert again[1] is bms
    assert again[2] == []
    assert watched.bus.heard[NAME] == (5.0 if field == "last_heard" else 0.0)


@pytest.mark.parametrize("field", OTHER)
def test_another_fact_makes_the_items_anew(field: str) -> None:
    watched, fresh = Watched(), Watched()
    before, _, _ = watched.look(BATTERY)
    changed = replace(BATTERY, **{field: OTHER[field]})
    items, bms, _ = watched.look(changed)
    assert (items, bms) == fresh.look(changed)[:2]
    assert items != before


@pytest.mark.parametrize("quantity", BATTERY.values)
@pytest.mark.parametrize("known", [None, Known(0, 0.0, "")])
def test_another_value_arrives(quantity: str, known: Known | None) -> None:
    watched, fresh = Watched(), Watched()
    before, _, _ = watched.look(BATTERY)
    values = {name: value for name, value in BATTERY.values.items() if name != quantity}
    if known is not None:
        values[quantity] = known
    changed = replace(BATTERY, values=values)
    items, bms, arrived = watched.look(changed)
    assert (items, bms) == fresh.look(changed)[:2]
    assert sorted(arrived) == sorted((NAME, path) for path in items if items[path] != before.get(path))
    assert arrived


def test_another_identity_makes_the_items_anew() -> None:
    watched = Watched()
    watched.look(BATTERY)
    watched.own.set_identity(BATTERY.key, 7, "Port bank")
    items, bms, arrived = watched.look(BATTERY)
    assert (items["/DeviceInstance"], items["/CustomName"], bms.instance) == (7, "Port bank", 7)
    assert (NAME, "/DeviceInstance") in arrived


def test_one_that_has_gone_is_forgotten() -> None:
    watched = Watched()
    watched.look(BATTERY)
    watched.bus.arrivals.clear()
    assert watched.own.look([], {}, Setup(), watched.bus) == ()
    assert watched.own.items == {}
    assert (NAME, "/Soc") in watched.bus.arrivals
    assert NAME not in watched.bus.heard
    items, _, arrived = watched.look(BATTERY)
    assert sorted(arrived) == sorted((NAME, path) for path, value in items.items() if value is not None)


def test_every_fact_but_the_times_is_compared() -> None:
    """A field that is new is compared until somebody says that it is a time."""
    compared = BATTERY.without_times()
    for field in fields(BATTERY):
        if field.name not in (*TIMES, "fell_silent"):
            assert replace(BATTERY, **{field.name: {} if field.name == "values" else "x"}).without_times() != compared
