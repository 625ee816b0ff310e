"""What chargers and VE.Bus systems say, typed: each number in its own field, rubbish as unknown."""

from __future__ import annotations

from math import inf, nan

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import (
    CHARGER_ROWS,
    MULTI_ROWS,
    NO_NUMBER,
    RS_ROWS,
    Charger,
    RsSystem,
    VebusSystem,
    read_charger,
    read_multi,
    read_rs_system,
)
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import MULTI, SUN

ACSYSTEM = "com.victronenergy.acsystem.can0"


def test_every_number_comes_from_the_path_of_its_row() -> None:
    for read, rows in (
        (lambda items: read_charger(SUN, p.SOLAR, items), CHARGER_ROWS),
        (lambda items: read_multi(MULTI, items), MULTI_ROWS),
        (lambda items: read_rs_system(ACSYSTEM, items), RS_ROWS),
    ):
        for field, path in rows.items():
            one: Charger | VebusSystem | RsSystem = read({path: 7})
            numbers = {name: value for name, value in one._asdict().items() if name in rows and value is not None}
            assert numbers == {field: 7}


@pytest.mark.parametrize("rubbish", ["7", nan, inf, 1e12, None])
def test_what_is_not_a_sensible_number_is_unknown_and_the_others_are_read(rubbish: Value) -> None:
    charger = read_charger(SUN, p.SOLAR, {p.CHARGE_CURRENT: rubbish, p.CURRENT: 5.0})
    assert (charger.told_current_a, charger.made_current_a) == (None, 5.0)


@pytest.mark.parametrize(
    ("value", "network"), [(None, None), (0, 0), (2, 2), ("0", NO_NUMBER), (nan, NO_NUMBER), ("", NO_NUMBER)]
)
def test_a_network_that_cannot_be_read_is_not_the_own_one(value: Value, network: float | None) -> None:
    assert read_charger(SUN, p.SOLAR, {p.N2K_INSTANCE: value}).n2k_instance == network


def test_the_paths_are_those_the_service_has() -> None:
    charger = read_charger(SUN, p.SOLAR, {p.CHARGE_CURRENT: None})
    assert set(charger.paths) == {p.CHARGE_CURRENT}


def test_a_name_that_was_given_comes_before_the_products() -> None:
    names = {p.CUSTOM_NAME: "Roof", p.PRODUCT_NAME: "SmartSolar"}
    assert [read_charger(SUN, p.SOLAR, names).title, read_multi(MULTI, names).title] == ["Roof", "Roof"]
    names[p.CUSTOM_NAME] = " "
    assert [read_charger(SUN, p.SOLAR, names).title, read_multi(MULTI, names).title] == ["SmartSolar", "SmartSolar"]
    assert [read_charger(SUN, p.SOLAR, {}).title, read_multi(MULTI, {}).title] == ["ttyS5", "ttyS4"]
