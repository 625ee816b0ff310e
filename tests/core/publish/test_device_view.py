"""What a device was told, what a battery allows, and who is told nothing."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.devices.services import device_says
from gxbridge.core.model.items import Value
from gxbridge.core.publish.device_view import allowed, takes_none, told_a


def test_what_stands_at_a_charger_and_at_a_multi() -> None:
    assert told_a({"/Link/ChargeCurrent": 0}, "charger") == 0
    assert told_a({"/Dc/0/MaxChargeCurrent": 70.0}, "charger") is None
    assert told_a({"/Dc/0/MaxChargeCurrent": 70.0}, "multi") == 70.0
    assert told_a({"/Dc/0/MaxChargeCurrent": 70.0, "/BatteryOperationalLimits/MaxChargeCurrent": 5.0}, "multi") == 5.0


def test_what_a_charger_on_a_port_of_ours_shows_is_what_it_says_itself() -> None:
    assert device_says({"/Mgmt/ProcessName": "gxbridge"})
    assert not device_says({"/Mgmt/ProcessName": "/opt/victronenergy/vecan-dbus/vecan-dbus"})
    assert not device_says({})


@pytest.mark.parametrize(
    ("value", "word"), [(1, "yes"), (0, "no"), (None, "unknown"), (2, "unknown"), ("1", "unknown")]
)
def test_only_one_is_yes_and_only_zero_is_no(value: Value, word: str) -> None:
    assert allowed({"/Io/AllowToCharge": value}, "/Io/AllowToCharge") == word


def test_who_is_told_nothing_whoever_is_master() -> None:
    assert takes_none({"value": None, "caps": [{"name": "no-path"}]})
    assert not takes_none({"value": 3.0, "caps": [{"name": "no-path"}]})
    assert not takes_none({"value": None, "caps": [{"name": "bms-ccl"}]})
    assert not takes_none({"value": None, "caps": []})
