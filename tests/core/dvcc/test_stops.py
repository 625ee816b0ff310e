"""A BMS that can only say yes or no: its no is obeyed in profile strict, its yes lifts nothing but its own no."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Permit, Stop
from tests.core import boat
from tests.core.boat import SOLAR, solar
from tests.core.dvcc.test_handover import OURS, lynx
from tests.core.dvcc.world import ALTERNATOR, MULTI, RS, SUN, SUN_2, VECAN, Items, World, charger, multi, with_vebus_bms

INPUT = "com.victronenergy.digitalinput.input_1"
OPEN = Stop(INPUT, "/InputState", 100.0, "House, allowed-to-charge terminal at input_1: open, which is stop")
ALLOWED = Permit(INPUT, "/InputState", 100.0, "set by House, allowed-to-charge terminal at input_1")
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
        if decision.round_done:
            return decision


def told(decision: Decision) -> dict[tuple[str, str], Value]:
    return {(service, path): value for service, path, value in decision.writes}


def say(
    world: World, charge: tuple[Stop, ...] = (), discharge: tuple[Stop, ...] = (), permits: tuple[Permit, ...] = ()
) -> None:
    """From now on the world's snapshots hold this."""
    world.snapshot = lambda: Snapshot(
        world.services, world.settings, world.platform, world.heard, world.options, charge, discharge, permits
    )


def rs() -> dict[str, Value]:
    return charger() | {p.IS_INVERTER_CHARGER: 1, p.DISCHARGE_CURRENT: None}


def limit(decision: Decision, name: str) -> tuple[float | None, str]:
    found = next(item for item in decision.limits if item.name == name)
    return found.value, found.caps[0].text


def test_a_charge_stop_is_0_a_everywhere_though_the_battery_allows() -> None:
    decision = look({OURS: lynx(), SOLAR: solar(), MULTI: boat.multi()}, charge=(OPEN,))
    assert told(decision)[SOLAR, "/Link/ChargeCurrent"] == 0
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"] == 0
    assert limit(decision, "CCL") == (0.0, OPEN.text)
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 600


def test_a_charge_stop_holds_also_where_no_battery_service_is() -> None:
    assert told(look({SOLAR: solar()}, charge=(OPEN,)))[SOLAR, "/Link/ChargeCurrent"] == 0


def test_a_discharge_stop_is_dcl_0() -> None:
    decision = look({OURS: lynx(), MULTI: boat.multi()}, discharge=(OPEN,))
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 0
    assert limit(decision, "DCL") == (0.0, OPEN.text)
    assert told(decision)[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"] > 0  # type: ignore[operator]


BMS_GONE = Stop(
    MULTI, "/Bms/AllowToDischarge", 90.0, "VE.Bus BMS V2: the connection to the BMS is lost", "vebus", False
)


def test_discharging_of_which_another_bms_says_nothing_is_withheld_and_never_0_a() -> None:
    path = "/BatteryOperationalLimits/MaxDischargeCurrent"
    services = {OURS: lynx(), MULTI: boat.multi()}
    decision = look(services, discharge=(BMS_GONE,))
    assert (MULTI, path) not in told(decision)
    said = next(item for item in decision.limits if item.name == "DCL")
    assert said.sentence == f"DCL none: {BMS_GONE.text}, so no discharge limit is renewed."
    assert (said.caps[0].source, said.caps[0].since) == (MULTI, 90.0)
    assert told(look(services, discharge=(BMS_GONE, OPEN)))[MULTI, path] == 0, "one that refuses is a word"
    empty = {OURS: lynx(**{"/Info/MaxDischargeCurrent": 0.0}), MULTI: boat.multi()}
    assert (MULTI, path) not in told(look(empty, discharge=(BMS_GONE,))), "as where another battery's word is unknown"
    refusing = {OURS: lynx(**{"/Io/AllowToDischarge": 0}), MULTI: boat.multi()}
    assert told(look(refusing, discharge=(BMS_GONE,)))[MULTI, path] == 0
    chosen = look(services, discharge=(BMS_GONE,), options=Options(discharge_on_loss="stop"))
    assert (MULTI, path) not in told(chosen), "not in the first 10 s"


def test_a_discharge_stop_without_a_battery_service_is_observed_and_not_enforced() -> None:
    """A first discharge limit would make the Multi stop by itself when no more came: that is not ours to begin."""
    world = World({MULTI: multi(), RS: rs(), SUN: charger()})
    say(world, discharge=(OPEN,))
    world.run(6)
    assert not [write for write in world.writes if "ischarge" in write.path or write.path == "/Mode"]
    dcl = world.limit("DCL")
    assert (dcl.value, dcl.sentence) == (
        None,
        f"DCL none: {OPEN.text}; observed, not enforced: no battery service gives a discharge limit that could be "
        "lowered.",
    )
    assert dcl.caps[0].since == OPEN.since
    assert "discharge-not-enforced" not in world.findings(), "an input that has just settled is no finding yet"
    world.run(110)
    found = next(found for found in world.decision.findings if found.id == "discharge-not-enforced")
    assert (found.subject, found.severity, OPEN.text in found.text) == (INPUT, "warning", True)
    assert "load disconnect" in found.advice


def test_what_a_vebus_bms_refuses_its_inverter_charger_obeys_by_itself() -> None:
    world = World({MULTI: multi(BMS_TYPE=1), SUN: charger()})
    say(world, discharge=(Stop(MULTI, "/Bms/AllowToDischarge", 1.0, "Two-signal BMS: discharging refused"),))
    world.run(3)
    assert world.limit("DCL").sentence.startswith(
        "DCL none: Two-signal BMS: discharging refused; the inverter/charger obeys it by itself"
    )
    assert world.findings() == set()


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


# What allows


def house() -> World:
    """Every kind of charger on a battery without a data line, in the first moment. Shared sense is off."""
    services: dict[str, Items] = {
        MULTI: multi(),
        SUN: charger(),
        ALTERNATOR: charger(80.0),
        RS: rs(),
        VECAN: {p.NETWORK_MODE: None},
    }
    return World(services, settings={p.SET_DVCC: 1, p.SET_SVS: 0})


def test_while_it_allows_chargers_are_told_their_own_limit_and_no_voltage() -> None:
    world = house()
    say(world, permits=(ALLOWED,))
    world.run(6)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 50.0, RS: 50.0, ALTERNATOR: 80.0}
    assert world.written(p.NETWORK_MODE) == {SUN: 5, RS: 5, ALTERNATOR: 5, VECAN: 5}
    assert {write.path for write in world.writes} == {p.CHARGE_CURRENT, p.NETWORK_MODE}, "no voltage, and no Multi"
    assert world.limit("CCL").sentence == f"CCL no limit: {ALLOWED.text}."
    assert world.limit("CCL").caps[0].since == ALLOWED.since
    assert world.limit("CVL").caps[0].name == "no-such-limit"
    assert world.limit("multi", MULTI).caps[0].name == "no-limit"
    assert world.decision.charge_link_ends_at is None


def test_the_end_of_a_stop_is_told_to_everybody_who_was_told_the_stop() -> None:
    world = house()
    say(world, permits=(ALLOWED,))
    world.run(6)
    say(world, charge=(OPEN,))
    world.run(1)
    assert set(world.written(p.CHARGE_CURRENT).values()) == {0}
    assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == 0
    say(world, permits=(ALLOWED,))
    world.run(3)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 50.0, RS: 50.0, ALTERNATOR: 80.0}
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000.0}
    world.run(6)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {}, "it is told once"


def test_a_stop_of_one_of_two_counts() -> None:
    world = house()
    say(world, charge=(OPEN,), permits=(ALLOWED,))
    world.run(3)
    assert set(world.written(p.CHARGE_CURRENT).values()) == {0}


def test_a_user_limit_holds_while_it_allows() -> None:
    world = house()
    world.settings[p.SET_MAX_CURRENT] = 60
    say(world, permits=(ALLOWED,))
    world.run(6)
    told = [float(str(value)) for value in world.written(p.CHARGE_CURRENT).values()]
    assert sum(told) <= 60 + 1e-9
    assert world.limit("CCL").value == 60
    assert world.written(p.MULTI_CHARGE_CURRENT) != {}


def test_it_lifts_nothing_that_a_battery_or_a_vebus_bms_holds() -> None:
    for services, expected in (
        ({OURS: lynx(**{"/Info/MaxChargeCurrent": 12.0}), SUN: charger()}, 12.0),
        ({OURS: lynx(**{"/Io/AllowToCharge": 0}), SUN: charger()}, 0.0),
        ({OURS: lynx(**{"/Io/AllowToCharge": None}), SUN: charger()}, 0.0),
        ({MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=0), SUN: charger()}, 0.0),
        ({MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=None), SUN: charger()}, 0.0),
    ):
        world = World(services)
        say(world, permits=(ALLOWED,))
        world.run(3)
        assert world.told(SUN) == expected


def test_it_is_no_bms_for_a_charger_that_remembers_one() -> None:
    """Nothing may keep such a charger from its error #67; but a stop is told to those that would go on."""
    world = house()
    world.services[SUN_2] = charger(BMS_PRESENT=1)
    say(world, permits=(ALLOWED,))
    world.run(12)
    assert (world.writes, world.findings()) == ([], {"bms-remembered"})
    say(world, charge=(OPEN,))
    world.run(3)
    assert world.written(p.CHARGE_CURRENT) == dict.fromkeys((SUN, SUN_2, RS, ALTERNATOR), 0.0)
    assert world.written(p.NETWORK_MODE)[SUN_2] == 5
    assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == 0
    assert world.findings() == {"bms-awaited"}
    say(world)
    world.run(3)
    assert set(world.written(p.CHARGE_CURRENT).values()) == {0.0}, "unknown is not permission"
    say(world, permits=(ALLOWED,))
    world.run(3)
    assert world.writes == [(MULTI, p.MULTI_CHARGE_CURRENT, 10000.0)], "links end by themselves, the Multi's value not"
    world.run(3)
    assert world.writes == []


def test_the_multi_is_let_go_beside_such_a_charger_only_as_far_as_the_user_allows() -> None:
    world = house()
    world.services[SUN_2] = charger(BMS_PRESENT=1)
    world.settings[p.SET_MAX_CURRENT] = 40
    say(world, charge=(OPEN,))
    world.run(3)
    say(world, permits=(ALLOWED,))
    world.run(3)
    assert world.writes == [(MULTI, p.MULTI_CHARGE_CURRENT, 40)]


@pytest.mark.parametrize("remembers", [0, 1])
def test_a_multi_that_was_stopped_before_a_restart_is_let_go(remembers: int) -> None:
    """The program was started again during a stop: its memory is gone, and the Multi is still at 0 A."""
    world = house()
    world.services[SUN] = charger(BMS_PRESENT=remembers)
    world.services[MULTI] = multi(MULTI_CHARGE_CURRENT=0)
    say(world)
    world.run(6)
    assert world.written(p.MULTI_CHARGE_CURRENT) == ({MULTI: 0} if remembers else {}), "nothing is lifted unasked"
    say(world, permits=(ALLOWED,))
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000.0}
    world.services[MULTI][p.MULTI_CHARGE_CURRENT] = 0
    world.run(6)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {}, "once: what is 0 again somebody else wants"


def test_the_profile_vendor_knows_no_such_permission() -> None:
    world = house()
    world.options = Options.vendor()
    say(world, permits=(ALLOWED,))
    world.run(6)
    assert world.written(p.CHARGE_CURRENT) == {}


def test_a_refusal_of_the_vebus_bms_is_said_once_and_what_else_is_wrong_beside_it() -> None:
    said = Stop(MULTI, "/Bms/AllowToCharge", 1.0, "VE.Bus BMS V2: the connection to the BMS is lost.")
    for permission, names in ((0, ["vebus-refused"]), (None, ["vebus-unknown"]), (1, ["other-stop", "vebus-allowed"])):
        world = World({MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=permission), SUN: charger()})
        say(world, charge=(said,))
        world.run(3)
        assert [cap.name for cap in world.limit("CCL").caps] == names
        assert world.told(SUN) == 0


def test_a_discharge_stop_that_takes_the_place_of_a_charge_stop_is_told_at_once() -> None:
    services = {OURS: lynx(), MULTI: multi(), SUN: charger()}
    world = World(services)
    world.run(3)
    say(world, charge=(OPEN,))
    world.run(1)
    say(world, discharge=(OPEN,))
    world.run(1)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 0
