"""In monitor mode the bridge compares what the GX really told with what we would tell."""

from __future__ import annotations

from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.setup import Setup
from tests.core.dvcc.world import CAN_BMS, SUN, can_bms, charger


def bridge(mode: str) -> Bridge:
    made = Bridge(Setup(mode=mode))
    made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1}, 0.0)
    made.service_added(CAN_BMS, can_bms(CCL=20.0), 0.0)
    made.service_added(SUN, charger(80, 20, CHARGE_CURRENT=80.0), 0.0)
    return made


def test_what_the_gx_tells_beyond_the_limit_is_a_finding_in_monitor_mode_also_where_control_was_wanted() -> None:
    for mode in ("monitor", "control"):
        made = bridge(mode)
        began = [finding for second in range(1, 5) for finding in made.tick(float(second)).began]
        texts = {finding.id: finding.text for finding in began}
        assert texts["told-over-limit"] == (
            "com.victronenergy.system told the chargers 80 A together, and 20 A is allowed: said by the BMS"
        )


def test_with_dvcc_off_in_the_configuration_nothing_is_compared() -> None:
    made = bridge("off")
    assert not [finding for second in range(1, 5) for finding in made.tick(float(second)).began]
