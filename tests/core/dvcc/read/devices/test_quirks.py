"""What is special about some BMS products (numbers observed on dbus-systemcalc-py 9730db0)."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from gxbridge.candb.model import QuirkName
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, read_bms
from gxbridge.core.dvcc.read.devices.products import is_lynx_product, is_lynx_totals
from gxbridge.core.dvcc.read.devices.quirks import (
    FORCED,
    ORDINARY,
    PYLONTECH_START_V,
    QUIRKS,
    TREATMENT,
    Quirk,
    QuirkLimits,
    force,
    forced_of,
    quirk_of,
)
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, SUN, World, can_bms, charger

Items = dict[str, Value]
CELLS: Items = {p.VOLTAGE: 52.0, p.MIN_CELL_VOLTAGE: 3.45, p.MAX_CELL_VOLTAGE: 3.50}
FULL: Items = {p.INSTALLED_CAPACITY: 200}


def bms(items: Items) -> Bms:
    """A BMS that shows these items."""
    return read_bms(CAN_BMS, items)


@pytest.mark.parametrize(
    ("product", "items", "said", "told"),
    [
        (0xB004, {}, (58.0, 10), (57.3, 10)),
        (0xB004, {}, (56.0, 10), (56.0, 10)),
        (0xB00A, {}, (56.0, 0), (55.0, 40)),
        (0xB015, {}, (54.0, 0), (54.0, 40)),
        (0xB019, {}, (56.0, 1), (56.0, 1)),
        (0xB00A, {}, (56.0, None), (56.0, None)),
        (0xB029, {}, (57.0, 50), (56.0, 50)),
        (0xB029, {}, (57.0, 0.05), (55.2, 20)),
        (0xB029, FULL, (57.0, 0.1), (56.0, 40)),
        (0xB029, FULL, (57.0, None), (56.0, None)),
        (0xB009, {p.OWN_VOLTAGE_CONTROL: 1}, (53.0, 1), (53.0, 1)),
        (0xB009, {}, (20.0, 1), (20.0, 1)),
        (0xB009, {}, (28.4, 5), (27.8, 14)),
        (0xB009, {}, (28.4, 0.05), (27.6, 14)),
        (0xB009, FULL, (27.0, 5), (27.0, 50)),
        (0xB009, {}, (20.5, 5), (20.5, 14)),
        (0xB009, {}, (28.4, 0.1), (27.8, 14)),
        (0xB009, {}, (28.4, 0.5), (27.8, 14)),
        (0xB009, {}, (30.0, 5), (30.0, 6)),
        (0xB009, {}, (29.9, 5), (27.8, 14)),
        (0xB009, FULL, (55.0, 1), (55.0, 50)),
        (0xB009, FULL, (54.0, 1), (52.4, 50)),
        (0xB029, {}, (57.0, 0.1), (56.0, 20)),
        (0xB009, {}, (28.4, None), (27.8, None)),
        (0xB009, {}, (53.0, 1), (52.4, 6)),
        (0xB009, FULL, (52.0, 60), (52.0, 60)),
        (0xB009, FULL, (54.5, 1), (54.5, 50)),
        (0xB009, FULL, (55.5, 1), (55.5, 1)),
        (0xB009, {}, (53.0, None), (52.4, None)),
        (0xB029, FULL, (57.0, 0.0995), (55.2, 40)),
        (0xB009, {}, (28.4, 0.0995), (27.6, 14)),
        (0xB029, {p.INSTALLED_CAPACITY: 102}, (57.0, 5), (56.0, 20)),
        (0xB009, {p.INSTALLED_CAPACITY: 102}, (28.4, 5), (27.8, 26)),
        (0xB009, {p.INSTALLED_CAPACITY: 51}, (54.5, 1), (54.5, 13)),
        (0xB009, {}, (19.0, 1), (19.0, 1)),
    ],
)
def test_what_a_product_makes_of_what_it_said(
    product: int, items: Items, said: tuple[float, float | None], told: tuple[float, float | None]
) -> None:
    adjust = QUIRKS[product].adjust
    assert adjust is not None
    found = adjust(bms(items), QuirkLimits(*said, PYLONTECH_START_V))
    assert found[:2] == (pytest.approx(told[0]), told[1])


def test_the_slow_regulator_of_a_pylontech() -> None:
    """x = 52 + 16 (3.52 - 3.50) - skew 0.5 * spread 0.05 = 52.295; one step from 52.5 is 52.48975, told as 52.49."""
    assert PYLONTECH_START_V == 52.5
    adjust = QUIRKS[0xB009].adjust
    assert adjust is not None
    first = adjust(bms(CELLS), QuirkLimits(53.2, 20, 52.5))
    assert first.cvl == 52.49
    assert first.regulator_v == pytest.approx(52.48975, abs=1e-9)
    second = adjust(bms(CELLS), first._replace(cvl=53.2))
    assert second.regulator_v == pytest.approx(0.95 * 52.48975 + 0.05 * 52.295)
    assert adjust(bms(CELLS), QuirkLimits(52.0, 20, 52.5)).cvl == 52.49, (
        "it may be above what was said: `quirks_never_raise`"
    )
    assert adjust(bms(CELLS), QuirkLimits(53.2, 20, 52.4567)).cvl == 52.45, "told with two decimals"
    for path in CELLS:
        assert adjust(bms(CELLS | {path: None}), QuirkLimits(53.2, 20, 52.5)) == (52.4, 20, 52.5), (
            "without one of them no regulator"
        )


@pytest.mark.parametrize(
    ("items", "aim"),
    [
        (CELLS | {p.MAX_CELL_VOLTAGE: 3.2, p.MIN_CELL_VOLTAGE: 3.2}, 52.8),
        (CELLS | {p.MAX_CELL_VOLTAGE: 3.9, p.MIN_CELL_VOLTAGE: 3.9}, 47.0),
        (CELLS | {p.MAX_CELL_VOLTAGE: 3.50, p.MIN_CELL_VOLTAGE: 3.60}, 52.32),
        (CELLS | {p.VOLTAGE: 48.0, p.MAX_CELL_VOLTAGE: 3.5, p.MIN_CELL_VOLTAGE: -2.9}, 48.32 - 0.0),
        (CELLS | {p.VOLTAGE: 52.5, p.MAX_CELL_VOLTAGE: 3.5, p.MIN_CELL_VOLTAGE: -2.0}, 52.82 - 0.75),
        (CELLS | {p.VOLTAGE: 49.0, p.MAX_CELL_VOLTAGE: 3.5, p.MIN_CELL_VOLTAGE: -6.5}, 49.32 + 1.733333333),
    ],
    ids=["clamped above", "clamped below", "no negative spread", "a huge spread has no skew", "a skew below a half",
         "a negative skew"],
)  # fmt: skip
def test_where_the_regulator_aims(items: Items, aim: float) -> None:
    adjust = QUIRKS[0xB009].adjust
    assert adjust is not None
    assert adjust(bms(items), QuirkLimits(53.2, 20, 0.0)).regulator_v == pytest.approx(0.05 * aim)


def test_the_lynx_stops_everything_is_quick_and_gives_permissions() -> None:
    for product in range(0xA3E4, 0xA3E8):
        lynx = quirk_of(product)
        assert (lynx.stop_on_zero, lynx.quick, lynx.gives_permissions, lynx.adjust) == (True, True, True, None)
        assert (is_lynx_product(product), is_lynx_totals(product)) == (True, False)
    totals = quirk_of(0xA3E3)
    assert (totals.stop_on_zero, totals.quick, totals.gives_permissions) == (True, True, False)
    assert (is_lynx_product(0xA3E3), is_lynx_totals(0xA3E3)) == (True, True)
    for product in (0x1234, 0xA110, 0xB009, None):
        assert (is_lynx_product(product), is_lynx_totals(product)) == (False, False)
    assert quirk_of(0x1234) is ORDINARY is quirk_of(None) is quirk_of(0xA110)


def test_the_quirks_that_a_product_family_may_have_are_those_of_the_table() -> None:
    assert {*TREATMENT, "forces_svs"} == set(get_args(QuirkName))
    assert {field.name for field in fields(Quirk)} >= set(TREATMENT)


def test_the_strict_profile_takes_the_voltage_of_a_quirk_but_never_a_higher_current() -> None:
    world = World({CAN_BMS: can_bms(0xB004, CVL=58.0, CCL=30.0), SUN: charger()})
    world.run(3)
    assert (world.told(SUN, p.CHARGE_VOLTAGE), world.told(SUN)) == (57.3, 30)


def test_forced_settings() -> None:
    assert {forced_of(product) for product in range(0xA3E3, 0xA3E8)} == {(3, 3, 2)}
    assert forced_of(0xB009) == (3, 2, 2)
    assert forced_of(0xB014) == (3, None, 2)
    assert forced_of(None) == forced_of(0xBA77) == (None, None, None)
    by_value: dict[object, set[int]] = {}
    for product, forced in FORCED.items():
        by_value.setdefault(tuple(forced), set()).add(product)
    assert by_value == {
        (3, 3, 2): {0xB02E, 0xB02F, 0xB038, 0xB054, 0xB055},
        (3, 2, 2): {0xB005, 0xB009, 0xB00A, 0xB015, 0xB016, 0xB019, 0xB01A, 0xB01B, 0xB01D, 0xB01E, 0xB01F, 0xB021,
                    0xB028, 0xB029, 0xB052},
        (3, None, 2): {0xB014, 0xB020, 0xB024, 0xB02A, 0xB02B, 0xB051},
    }  # fmt: skip
    assert [force(setting, None) for setting in range(4)] == [0, 1, 0, 1]
    assert force(0, 3) == 3


def test_what_a_bms_forces_holds_until_somebody_changes_it_and_only_the_force_ends_with_the_bms() -> None:
    world = World({CAN_BMS: can_bms(0xB02E), SUN: charger()}, Options.vendor(), {p.SET_DVCC: 0, p.SET_SVS: 0})
    world.run(3)
    assert world.decision.published[p.CONTROL_DVCC] == 1
    assert world.told(SUN, p.VOLTAGE_SENSE) == 52.0
    world.services[CAN_BMS][p.CVL] = None
    world.run(3)
    assert world.decision.published[p.CONTROL_DVCC] == 1, "the force is gone, DVCC stays on"
    world.services[CAN_BMS][p.CVL] = 56.0
    world.run(3)
    world.settings[p.SET_DVCC] = 2
    world.run(3)
    assert world.decision.published[p.CONTROL_DVCC] == 0, "somebody has switched it off"
