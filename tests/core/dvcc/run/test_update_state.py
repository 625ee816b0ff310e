"""What merely looking leaves behind: settings that somebody chose, and those that a BMS forces."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.run.memory import Stored
from gxbridge.core.dvcc.run.update_state import ACTING, chooses_bms, chooses_monitor, is_on, stored
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, World, can_bms, charger


@pytest.mark.parametrize(
    ("service", "path", "says"),
    [
        (CAN_BMS, p.CVL, True),
        (CAN_BMS, p.CUSTOM_NAME, True),
        (CAN_BMS, p.CCL, False),
        ("com.victronenergy.acsystem.x", p.CVL, False),
        ("com.victronenergy.vebus.x", p.CUSTOM_NAME, False),
        (p.SETTINGS, p.SET_DVCC, False),
        (p.SETTINGS, p.SET_BMS_INSTANCE, True),
    ],
)
def test_when_a_bms_forces_its_settings_anew(service: str, path: str, says: bool) -> None:
    assert chooses_bms(service, path) == says


@pytest.mark.parametrize("raw", [1, 1000])
def test_a_stored_setting_holds_until_somebody_changes_or_chooses_it(raw: int) -> None:
    known = Stored(raw, 3)
    assert stored(known, int(str(raw))) is known
    assert stored(known, raw, chosen=True) == (raw, raw)
    assert stored(known, raw + 1) == (raw + 1, raw + 1)
    assert stored(known, raw - 1) == (raw - 1, raw - 1)
    assert stored(None, raw) == (raw, raw)
    assert [is_on(Stored(0, value)) for value in range(4)] == [False, True, False, True]
    assert not is_on(None)


def test_only_what_arrives_from_the_settings_is_a_choice() -> None:
    for service, value in (
        ("com.victronenergy.a", 3), ("com.victronenergy.z", 3), (p.SETTINGS, 0), ("".join(list(p.SETTINGS)), 0),
    ):  # fmt: skip
        world = World({CAN_BMS: can_bms(0xB02E), SUN: charger()}, settings={p.SET_DVCC: 0})
        assert world.memory.dvcc == (0, 3), "forced by the BMS"
        world.look((service, p.SET_DVCC))
        assert world.memory.dvcc == (0, value)
        world.look((CAN_BMS, p.CVL))
        assert world.memory.dvcc == (0, 3)


PATHS = sorted(
    {value for name, value in vars(p).items() if name.isupper() and isinstance(value, str) and value[:1] == "/"}
)


@pytest.mark.parametrize("service", [CAN_BMS, SUN, MULTI, "com.victronenergy.inverter.x", p.SYSTEM])
def test_what_acts_by_arriving_is_looked_at(service: str) -> None:
    acting = {path for path in PATHS if chooses_bms(service, path) or chooses_monitor(service, path)}
    assert acting <= ACTING
    assert {p.CVL, p.PV_DISABLE} <= ACTING < set(PATHS)
