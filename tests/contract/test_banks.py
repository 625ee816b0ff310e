"""A bank as the consumers of a GX see it: the one BMS, with its members as battery monitors beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.lynx import Lynx
from tests.contract.scene import Backdrop, Scene, battery_name, scene
from tests.contract.test_consumers import Crowd
from tests.runtime.service import wait_for

HOUSE = "com.victronenergy.battery.gxbridge_bank_house"
TOTALS = "com.victronenergy.battery.lynxparallel0"
FIRST, SECOND = battery_name(), battery_name(478868)


@pytest.fixture
def two(tmp_path: Path, shared: Backdrop) -> Iterator[Scene]:
    """Two Lynx in parallel."""
    with scene(tmp_path, shared, Lynx(), Lynx(478868, "HQ2437XXP7K", None, 0x2A)) as found:
        yield found


def roles(crowd: Crowd) -> dict[str, tuple[bool, bool]]:
    """Service -> whether systemcalc takes it for a candidate, and for a BMS."""
    return {name: (battery["candidate"], battery["bms"]) for name, battery in crowd.state("monitor").items()}


def test_a_bank_is_the_one_bms_until_the_vendors_totals_are_there(two: Scene) -> None:
    two.start(banks=[{"name": "house", "title": "House"}])
    crowd = Crowd(two)
    beside = {HOUSE: (True, True), FIRST: (False, False), SECOND: (False, False)}
    wait_for(lambda: roles(crowd), beside, "the bank is the BMS", 40.0)
    wait_for(lambda: two.consumer.value(HOUSE, "/NumberOfBmses"), "2/2", "both are in", 20.0)
    items = crowd.state("monitor")[HOUSE]["items"]
    assert (items["/CustomName"], items["/ProductId"], items["/Info/MaxChargeCurrent"]) == ("House", 0xA3E3, 1454.5)
    page = crowd.state("gui")[HOUSE]
    assert page["texts"]["/NumberOfBmses"] == "2/2"
    assert two.consumer("set", HOUSE, "/CustomName", "String", "Bow") == 0
    two.consumer.until(HOUSE, "/CustomName", "Bow")
    assert two.consumer("set", HOUSE, "/Info/MaxChargeCurrent", "Double", 5.0) == 1
    assert "Bank House: 2 of 2 batteries in it" in two.explain()

    totals = {"/DeviceInstance": 0, "/ProductId": 0xA3E3, "/ProductName": "Lynx Smart BMS Totals", "/Connected": 1}
    totals |= {"/Mgmt/Connection": "Virtual", "/NumberOfBmses": "2/2", "/Info/MaxChargeVoltage": 27.4}
    two.others("appear", TOTALS, {**totals, "/Info/MaxChargeCurrent": 1600.0})
    alone = {TOTALS: (True, True), FIRST: (True, True), SECOND: (True, True)}
    wait_for(lambda: roles(crowd), alone, "the bank has left, and its members have limits", 20.0)
    assert f"It is only explained: {TOTALS} adds the same batteries up" in two.explain()
    two.others("leave", TOTALS)
    wait_for(lambda: roles(crowd), beside, "the bank is back", 20.0)
