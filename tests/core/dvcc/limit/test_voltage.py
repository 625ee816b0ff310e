"""Voltages that come from a Multi or an inverter/charger: bounded as a BMS's are."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.boat import MULTI, SOLAR, Boat, multi, solar

RS = "com.victronenergy.multi.can0"
USER, VOLTAGE = "/Settings/SystemSetup/MaxChargeVoltage", "/Link/ChargeVoltage"


def leads(offset_v: float | None) -> dict[str, Value]:
    """An RS that aims at 28 V, and at more for solar."""
    return solar(80.0) | {
        "/IsInverterCharger": 1,
        "/N2kDeviceInstance": 0,
        "/Link/ChargeVoltageSetpoint": 28.0,
        "/Link/ChargeVoltageSolarOffset": offset_v,
    }


@pytest.mark.parametrize(
    ("offset_v", "with_bms_v", "alone_v"), [(None, 28.4, 28.0), (0.2, 28.6, 28.2), (3, 28.8, 28.4)]
)
def test_the_offset_that_an_rs_asks_for_is_at_most_the_largest_known(
    offset_v: float | None, with_bms_v: float, alone_v: float
) -> None:
    for speaking, expected in ((True, with_bms_v), (False, alone_v)):
        boat = Boat()
        boat.add(RS, leads(offset_v))
        boat.add(SOLAR, solar())
        boat.tick(6, speaking=speaking)
        assert boat.links[SOLAR, VOLTAGE] == pytest.approx(expected)


@pytest.mark.parametrize(("user_v", "installer_v", "expected"), [(27.0, None, 27.0), (0, 27.2, 27.2), (0, None, 28.0)])
@pytest.mark.parametrize("hub", [True, False])
def test_without_a_bms_what_leads_is_held_to_the_user_s_and_the_installer_s_limit(
    user_v: float, installer_v: float | None, expected: float, hub: bool
) -> None:
    boat = Boat(options=Options.strict(max_charge_voltage_v=installer_v), user_settings={USER: user_v})
    boat.add(MULTI, multi(**{"/Hub/ChargeVoltage": 28.0})) if hub else boat.add(RS, leads(None))
    boat.add(SOLAR, solar())
    boat.tick(6, speaking=False)
    assert boat.links[SOLAR, VOLTAGE] == expected
    assert not any(found.id == "gate" for found in boat.bridge.finding_log.current)
