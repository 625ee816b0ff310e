"""Error #67: what ends it depends on how the charger is used."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.read.link_error import NOT_HEARD, RESET_ORION, RESETS, ChargerMode, mode_of
from gxbridge.core.model.items import Items, Value
from tests.core.dvcc.world import CAN_BMS, SUN, World, can_bms

LINK: Items = {p.NETWORK_MODE: 13, p.CHARGE_CURRENT: 20.0, p.CHARGE_VOLTAGE: 28.0}
ORION: Items = {p.PRODUCT_ID: 0xA3F0, p.PRODUCT_NAME: "Orion XS 12/12-50A"}
ALTERNATOR, DCDC = "com.victronenergy.alternator.ttyUSB1", "com.victronenergy.dcdc.ttyUSB1"


@pytest.mark.parametrize(
    ("name", "items", "mode"),
    [
        (SUN, LINK, "linked"),
        (SUN, {}, "unlinked"),
        (SUN, {**LINK, p.N2K_INSTANCE: 1}, "other-network"),
        (ALTERNATOR, {**LINK, p.N2K_INSTANCE: 1}, "linked"),
        (ALTERNATOR, {**ORION, **LINK}, "orion"),
        (ALTERNATOR, ORION, "unlinked"),
        (DCDC, {**ORION, **LINK}, "orion"),
        (DCDC, {**ORION, p.OUTPUT_BATTERY: 1}, "other-battery"),
        (DCDC, {**ORION, p.OUTPUT_BATTERY: 0}, "power-supply"),
        (DCDC, ORION, "power-supply"),
        (DCDC, {p.PRODUCT_ID: 0xA3F0 - 1}, "unlinked"),
        (DCDC, {p.PRODUCT_ID: 0xA400}, "unlinked"),
    ],
)
def test_the_mode_of_a_charger(name: str, items: Items, mode: ChargerMode) -> None:
    assert mode_of(Charger(name, name.split(".")[2], items)) == mode


def kept(seconds: int, name: str = ALTERNATOR, error: Value = 67, **items: Value) -> list[tuple[str, str]]:
    """What is said of a charger that shows an error beside a BMS in control."""
    more = {getattr(p, key): value for key, value in items.items()}
    world = World({CAN_BMS: can_bms(), name: {**ORION, p.ERROR_CODE: error, p.CHARGE_LIMIT_SETTING: 50.0, **more}})
    world.run(seconds)
    return [(one.text, one.advice) for one in world.decision.findings if one.id == "error-67-kept"]


def test_one_that_is_told_and_keeps_it_hears_nothing() -> None:
    linked = {"NETWORK_MODE": 13, "CHARGE_CURRENT": 20.0, "CHARGE_VOLTAGE": 28.0}
    assert kept(90, **linked) == []
    ((text, advice),) = kept(92, **linked)
    assert text == (
        "Orion XS 12/12-50A has shown error #67 (the connection to the BMS is lost) for more than a minute, although a "
        "BMS is in control"
    )
    assert advice.rstrip(".") == NOT_HEARD.rstrip(".")
    assert kept(92, error=2, **linked) == []


def test_one_that_charges_another_battery_is_to_be_reset_its_own_way() -> None:
    ((_, advice),) = kept(92, DCDC, OUTPUT_BATTERY=1)
    assert advice.startswith("It charges another battery now")
    assert RESET_ORION in advice


def test_each_mode_has_its_cure() -> None:
    assert len(set(RESETS.values())) == len(RESETS) - 1, "only what has a link and what has none are reset alike"
    assert "Networked operation" in RESETS["linked"]
    assert "Networked operation" not in RESETS["orion"] + RESETS["other-battery"] + RESETS["power-supply"]


def test_without_a_bms_in_control_nothing_is_kept() -> None:
    world = World({ALTERNATOR: {**ORION, p.ERROR_CODE: 67, p.CHARGE_LIMIT_SETTING: 50.0, **LINK}})
    world.run(120)
    assert [one.id for one in world.decision.findings if one.id == "error-67-kept"] == []
