"""A BMS that can only say stop is obeyed in profile strict, explained, and can never grant."""

from __future__ import annotations

from gxbridge.core.dvcc.decide import decide
from gxbridge.core.dvcc.decision import Decision
from gxbridge.core.dvcc.memory import Memory
from gxbridge.core.dvcc.options import Options
from gxbridge.core.dvcc.snapshot import Snapshot, Stop
from gxbridge.core.items import Value
from tests.core.boat import MULTI, SOLAR, multi, solar
from tests.core.dvcc.test_handover import OURS, lynx

INPUT = "com.victronenergy.digitalinput.input_1"
OPEN = Stop(INPUT, "/InputState", 100.0, "House, allowed-to-charge terminal at input_1: open, which is stop")
SETTINGS: dict[str, Value] = {"/Settings/Services/Bol": 1}


def look(
    services: dict[str, dict[str, Value]],
    charge: tuple[Stop, ...] = (),
    discharge: tuple[Stop, ...] = (),
    options: Options | None = None,
) -> Decision:
    """The first full round."""
    snapshot = Snapshot(services, SETTINGS, "", {}, options or Options(), charge, discharge)
    memory, now = Memory(), 100.0
    while True:
        now += 1.0
        decision, memory = decide(snapshot, memory, now)
        if decision.adjusted:
            return decision


def told(decision: Decision) -> dict[tuple[str, str], Value]:
    return {(service, path): value for service, path, value in decision.writes}


def limit(decision: Decision, name: str) -> tuple[float | None, str]:
    found = next(item for item in decision.limits if item.name == name)
    return found.value, found.caps[0].text


def test_a_charge_stop_is_0_a_everywhere_though_the_battery_allows() -> None:
    decision = look({OURS: lynx(), SOLAR: solar(), MULTI: multi()}, charge=(OPEN,))
    assert told(decision)[SOLAR, "/Link/ChargeCurrent"] == 0
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"] == 0
    assert limit(decision, "CCL") == (0.0, OPEN.text)
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 600


def test_a_charge_stop_holds_also_where_no_battery_service_is() -> None:
    assert told(look({SOLAR: solar()}, charge=(OPEN,)))[SOLAR, "/Link/ChargeCurrent"] == 0


def test_a_discharge_stop_is_dcl_0() -> None:
    decision = look({OURS: lynx(), MULTI: multi()}, discharge=(OPEN,))
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 0
    assert limit(decision, "DCL") == (0.0, OPEN.text)
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"] > 0  # type: ignore[operator]


def test_a_discharge_stop_without_a_battery_service_is_said() -> None:
    decision = look({MULTI: multi(), SOLAR: solar()}, discharge=(OPEN,))
    dcl = next(item for item in decision.limits if item.name == "DCL")
    assert OPEN.text in [cap.text for cap in dcl.caps]


def test_without_stops_nothing_is_changed_by_them() -> None:
    decision = look({OURS: lynx(), SOLAR: solar()})
    assert told(decision)[SOLAR, "/Link/ChargeCurrent"] == 35


def test_profile_vendor_does_not_look_at_them() -> None:
    decision = look({OURS: lynx(), SOLAR: solar()}, charge=(OPEN,), options=Options.vendor())
    assert told(decision)[SOLAR, "/Link/ChargeCurrent"] == 35


def test_a_new_stop_is_written_at_once() -> None:
    services = {OURS: lynx(), SOLAR: solar()}
    memory, now = Memory(), 100.0
    for _ in range(4):
        now += 1.0
        _, memory = decide(Snapshot(services, SETTINGS), memory, now)
    stopped = Snapshot(services, SETTINGS, charge_stops=(OPEN,))
    decision, _ = decide(stopped, memory, now + 0.1, [(INPUT, "/InputState")])
    assert told(decision)[SOLAR, "/Link/ChargeCurrent"] == 0
