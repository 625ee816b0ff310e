"""What chargers, VE.Bus and Multi RS systems say, as numbers: rubbish is unknown, and a strange network not ours."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import Takers, sort_services
from gxbridge.core.dvcc.read.devices.services import NO_NUMBER, Charger, NumberAt, RsSystem, VebusSystem
from gxbridge.core.dvcc.read.numbers import number, numbers
from gxbridge.core.model.items import Items, Value
from tests.core.dvcc.world import ALTERNATOR, DCDC, GENSET, MULTI, RS, SUN, SUN_2

ACSYSTEM = "com.victronenergy.acsystem.can0"


@pytest.mark.parametrize("kind", [Charger, VebusSystem, RsSystem])
def test_every_number_comes_from_its_own_path(kind: type[Charger | VebusSystem | RsSystem]) -> None:
    rows = {name: row.path for name, row in vars(kind).items() if isinstance(row, NumberAt)}
    assert len(set(rows.values())) == len(rows)
    for path in rows.values():
        device = kind("x", "", {path: 7})
        assert {name: getattr(device, name) for name in rows} == {
            name: 7 if path == own else None for name, own in rows.items()
        }


@pytest.mark.parametrize("rubbish", ["7", nan, inf, 1e12, None])
def test_what_is_not_a_sensible_number_is_unknown(rubbish: Value) -> None:
    charger = Charger(SUN, p.SOLAR, {p.CHARGE_CURRENT: rubbish, p.CURRENT: 5.0})
    assert (charger.told_current_a, charger.current_a) == (None, 5.0)


@pytest.mark.parametrize(
    ("value", "network"), [(None, None), (0, 0), (2, 2), ("0", NO_NUMBER), (nan, NO_NUMBER), ("", NO_NUMBER)]
)
def test_a_network_that_cannot_be_read_is_not_the_own_one(value: Value, network: float | None) -> None:
    assert Charger(SUN, p.SOLAR, {p.N2K_INSTANCE: value}).n2k_instance == network


def test_every_service_is_read_as_what_it_is() -> None:
    services: dict[str, dict[str, Value]] = {
        name: {p.IS_INVERTER_CHARGER: 1} for name in (SUN, ALTERNATOR, GENSET, RS, MULTI, ACSYSTEM)
    }
    found = sort_services(services)
    assert {type(charger) for charger in found.chargers} == {Charger}
    assert (type(found.multis[0]), type(found.rs_systems[0])) == (VebusSystem, RsSystem)
    assert found.multi(MULTI) == found.multis[0]
    assert found.multi(SUN) is None


def test_who_takes_what_is_told_by_the_paths_that_it_has() -> None:
    plain: dict[str, Value] = {p.NETWORK_MODE: None, p.CHARGE_VOLTAGE: None, p.VOLTAGE_SENSE: None, p.STATE: 3}
    services: dict[str, dict[str, Value]] = {
        SUN: dict(plain),
        SUN_2: {**plain, p.N2K_INSTANCE: 1, p.CONNECTION: "VE.Can"},
        RS: {**plain, p.STATE: 0},
        ALTERNATOR: {**plain, p.N2K_INSTANCE: 1},
        GENSET: dict(plain),
        MULTI: dict(plain),
    }
    found = sort_services(services).takers
    assert found == Takers((SUN, SUN_2, ALTERNATOR), (SUN, ALTERNATOR), (SUN,), (SUN, SUN_2, RS, ALTERNATOR))
    services[RS][p.IS_INVERTER_CHARGER] = 1
    found = sort_services(services).takers
    assert found == Takers((SUN, SUN_2, RS, ALTERNATOR), (SUN, RS, ALTERNATOR), (SUN, RS), (SUN, SUN_2, RS, ALTERNATOR))
    assert sort_services({name: {p.STATE: 3} for name in services}).takers == Takers()


def test_those_that_are_set_apart_are_in_no_group_any_more() -> None:
    shown: dict[str, Value] = {p.CHARGE_CURRENT: 5.0, p.CHARGE_LIMIT_SETTING: 50, p.ERROR_CODE: 67, p.NETWORK_MODE: 13}
    left = sort_services({SUN: shown, SUN_2: shown, MULTI: {}}).without({SUN})
    groups = (left.solar, left.solar_side, left.chargers, left.told, left.solar_on_bus, left.lost_bms)
    assert [[charger.name for charger in group] for group in groups] == [[SUN_2]] * 6
    assert ([one.name for one in left.of(p.SOLAR)], [one.name for one in left.multis]) == ([SUN_2], [MULTI])
    assert left.takers == Takers((SUN_2,), (SUN_2,), (), ())


def test_groups_are_of_those_that_belong_to_them() -> None:
    """By what stands of each: what has no path takes no limit, what is off or on another network does not measure."""
    takes: dict[str, Value] = {p.CHARGE_CURRENT: None, p.CHARGE_LIMIT_SETTING: 50, p.STATE: 3}
    services: dict[str, dict[str, Value]] = {
        SUN: takes,
        SUN_2: {**takes, p.STATE: 0, p.ERROR_CODE: 67},
        ALTERNATOR: {p.STATE: 3, p.ERROR_CODE: 66},
        DCDC: {**takes, p.N2K_INSTANCE: 2},
        RS: {**takes, p.IS_INVERTER_CHARGER: 1, p.N2K_INSTANCE: 2},
    }
    found = sort_services(services)
    groups = (found.told, found.solar_on_bus, found.lost_bms)
    assert [[charger.name for charger in group] for group in groups] == [[SUN, SUN_2, DCDC], [SUN], [SUN_2]]
    assert [charger.name for charger in sort_services(services, dcdc_obeys=False).told] == [SUN, SUN_2]


def test_only_a_charger_has_a_limit_of_its_own() -> None:
    items: dict[str, Value] = {p.CHARGE_LIMIT_SETTING: 50}
    assert Charger(SUN, p.SOLAR, items).own_limit_a == 50
    assert VebusSystem(MULTI, p.VEBUS, items).own_limit_a is None


ANYTHING = st.sampled_from([None, 0, 1, -3, 2.5, 26.4, 1e9, -1e9, 1e300, nan, inf, "", "x", "27"])


@given(st.lists(ANYTHING, max_size=5))
def test_numbers_that_are_read_together_are_each_of_them_by_itself(values: list[Value]) -> None:
    items: Items = {str(place): value for place, value in enumerate(values)}
    paths = [*items, "missing"]
    assert numbers(items, paths) == [number(items, path) for path in paths]


def test_a_limit_that_is_a_whole_number_stays_what_it_is() -> None:
    """35 and 35.0 are the same key of what is kept, and two values where they are told or recorded."""
    limits = [Charger(SUN, p.SOLAR, {p.CHARGE_LIMIT_SETTING: own_a}).own_limit_a for own_a in (35, 35.0, 35)]
    assert list(map(type, limits)) == [int, float, int]
