"""The loss of a BMS, to the second: 0 A until a minute after its last word, then nothing; nothing granted on return."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.dvcc.read.devices.services import Device
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decision import Controller
from gxbridge.core.dvcc.run.loss import present
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    LYNX,
    MULTI,
    RS,
    SUN,
    SUN_2,
    World,
    can_bms,
    charger,
    lynx,
    multi,
    with_vebus_bms,
)

FORGOTTEN = (
    *("CVL", "CCL", "DCL", "LOW_VOLTAGE", "ALLOW_CHARGE", "ALLOW_DISCHARGE"),
    *("VOLTAGE", "CURRENT", "TEMPERATURE", "STATE"),
)
RS_ITEMS = {p.IS_INVERTER_CHARGER: 1, p.DISCHARGE_CURRENT: None}


CONTROLLED = (
    p.CONTROL_SOLAR_VOLTAGE,
    p.CONTROL_SOLAR_CURRENT,
    p.CONTROL_BMS_PARAMETERS,
    p.CONTROL_EFFECTIVE_VOLTAGE,
    p.BATTERY_CHARGE_VOLTAGE,
)


def boat(**options: str) -> World:
    """A Lynx, a Multi, two solar chargers, an alternator, an inverter; half a minute of normal life."""
    services = {
        LYNX: lynx(),
        MULTI: multi(),
        SUN: charger(),
        SUN_2: charger(STATE=0),
        ALTERNATOR: charger(),
        RS: charger() | RS_ITEMS,
    }
    world = World(services, Options.strict(**options), heard={LYNX: 0.0})
    for second in range(1, 31):
        world.heard[LYNX] = float(second)
        world.run(1)
    return world


def fall_silent(world: World) -> None:
    """The cable is pulled at 30 s; at 40 s the battery's values go invalid."""
    world.run(10)
    world.services[LYNX].update({getattr(p, name): None for name in FORGOTTEN})
    world.run(1)


def test_while_its_values_are_valid_nothing_changes() -> None:
    world = boat()
    world.run(10)
    assert (world.decision.bms_state, world.told(SUN)) == ("live", 50)


def test_a_silent_bms_stops_every_charger_at_once_and_grants_no_discharge() -> None:
    world = boat()
    fall_silent(world)
    assert (world.now, world.decision.bms_state, world.decision.bms_since) == (41, "silent", 41)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 0, SUN_2: 0, ALTERNATOR: 0, RS: 0}
    assert world.written(p.NETWORK_MODE) == {SUN: 13, SUN_2: 13, ALTERNATOR: 13, RS: 13}
    assert world.written(p.BOL_CHARGE_CURRENT) == {MULTI: 0}
    for path in (p.CHARGE_VOLTAGE, p.BOL_DISCHARGE_CURRENT, p.DISCHARGE_CURRENT, p.BOL_CHARGE_VOLTAGE):
        assert not world.written(path), "nothing is granted"
    assert world.findings() == {"bms-silent"}


def test_zero_is_written_at_each_adjust_until_a_minute_after_its_last_word_then_nothing_at_all() -> None:
    world = boat()
    fall_silent(world)
    written: list[float] = []
    for _ in range(60):
        world.run(1)
        if world.writes:
            written.append(world.now)
            assert {write.value for write in world.writes} == {0, 13}
    assert written == [float(second) for second in range(42, 90, 3)]
    assert (world.decision.bms_state, world.decision.bms_since) == ("lost", 90)
    assert world.findings() == {"bms-lost"}
    assert {limit.value for limit in world.decision.limits} == {None}


def test_the_countdowns_say_when_the_links_and_the_multi_end() -> None:
    world = boat()
    assert (world.decision.charge_link_ends_at, world.decision.multi_stops_at) == (None, None)
    fall_silent(world)
    assert world.decision.charge_link_ends_at == 30 + 60 + 60
    assert world.decision.multi_stops_at == 39 + 300
    assert [clock.name for clock in world.decision.clocks] == ["charge-link", "multi"]
    world.run(60)
    assert world.decision.charge_link_ends_at == 87 + 60
    assert world.decision.multi_stops_at == 39 + 300


def test_the_multi_is_left_alone_or_told_to_stop_as_configured() -> None:
    world = boat(discharge_on_loss="stop")
    world.settings[p.SET_ALL_MULTIS] = 1
    second = "com.victronenergy.vebus.ttyUSB1"
    world.services[second] = multi(DEVICE_INSTANCE=300)
    fall_silent(world)
    assert world.written(p.BOL_DISCHARGE_CURRENT) == {MULTI: 0, second: 0}
    assert world.written(p.BOL_CHARGE_CURRENT) == {MULTI: 0, second: 0}
    assert world.written(p.DISCHARGE_CURRENT) == {RS: 0}
    del world.services[MULTI], world.services[second]
    world.run(3)
    assert world.written(p.DISCHARGE_CURRENT) == {RS: 0}


def test_nothing_is_granted_on_return_before_fresh_limits_and_a_fresh_permission() -> None:
    world = boat()
    fall_silent(world)
    world.run(60)
    world.heard[LYNX] = world.now
    world.services[LYNX].update({p.CVL: 27.4})
    world.run(4)
    assert (world.decision.bms_state, world.told(SUN)) == ("live", 0)
    world.services[LYNX].update({p.CCL: 100.0})
    world.run(4)
    assert world.told(SUN) == 0
    assert not world.written(p.BOL_DISCHARGE_CURRENT)
    world.services[LYNX].update({p.ALLOW_CHARGE: 1, p.DCL: 50.0})
    world.run(4)
    assert [world.told(name) for name in (SUN, RS, ALTERNATOR, SUN_2)] == [45, 45, 10, 0.1]
    assert not world.written(p.BOL_DISCHARGE_CURRENT)
    world.services[LYNX].update({p.ALLOW_DISCHARGE: 1})
    world.run(4)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 50


def test_a_service_that_vanishes_is_a_loss_too() -> None:
    world = boat()
    del world.services[LYNX]
    world.run(1)
    assert (world.decision.bms_state, world.told(SUN)) == ("silent", 0)
    assert world.decision.bms_service == LYNX
    assert "Lynx Smart BMS NG" in world.limit("CCL").sentence


def test_a_bms_that_never_was_there_is_not_lost() -> None:
    world = World({SUN: charger(), MULTI: multi()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20})
    world.run(6)
    assert (world.decision.bms_state, world.told(SUN)) == ("none", 20)
    none = "No BMS is in control: none is known, or the settings choose none."
    assert world.limit("CCL").sentence == f"CCL 20 A: user limit. {none}"


@pytest.mark.parametrize(("remembers", "chosen"), [(1, -1), (1, -255), (0, 512), (1, 512)])
def test_where_a_bms_is_expected_and_none_has_spoken_nobody_charges(remembers: int, chosen: int) -> None:
    settings = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20, p.SET_BMS_INSTANCE: chosen}
    services = {SUN: charger(BMS_PRESENT=remembers), SUN_2: charger(), MULTI: multi(HUB_VOLTAGE=28.0)}
    world = World(services, settings=settings)
    world.run(12)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 0, SUN_2: 0}
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 0}
    assert not world.written(p.CHARGE_VOLTAGE)
    assert world.findings() == {"bms-awaited"}
    assert "a BMS is expected and has not been heard" in world.limit("CCL").sentence


def test_a_vebus_bms_that_speaks_is_a_bms() -> None:
    services = {SUN: charger(BMS_PRESENT=1), MULTI: with_vebus_bms()}
    world = World(services, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20})
    world.run(6)
    assert world.told(SUN) == 20


def test_in_profile_vendor_a_charger_that_remembers_a_bms_is_not_told_anything() -> None:
    services, settings = {SUN: charger(BMS_PRESENT=1), SUN_2: charger()}, {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20}
    world = World(services, Options.vendor(), settings)
    world.run(12)
    assert not world.written(p.CHARGE_CURRENT)
    assert world.findings() == {"bms-remembered"}
    assert world.limit("charger", SUN_2).caps[0].name == "bms-remembered"


def test_another_bms_takes_over_only_when_the_user_says_so() -> None:
    world = boat()
    world.services[CAN_BMS] = can_bms(VOLTAGE=26.0, CVL=28.0, CCL=40.0)
    del world.services[LYNX]
    world.run(3)
    assert (world.decision.bms_state, world.told(SUN)) == ("silent", 0)
    assert world.decision.published[p.ACTIVE_BMS] is None
    world.settings[p.SET_BMS_INSTANCE] = 512
    world.run(3)
    assert (world.decision.bms_state, world.decision.bms_service) == ("live", CAN_BMS)
    assert world.limit("CCL").value == 40


def test_who_took_over_for_another_master_only_does_not_hold_control_when_that_leaves() -> None:
    world = boat()
    world.services[CAN_BMS] = can_bms(VOLTAGE=26.0, CVL=28.0, CCL=40.0)
    master = True
    world.snapshot = lambda: Snapshot(
        world.services, world.settings, world.platform, world.heard, world.options, another_master=master
    )
    del world.services[LYNX]
    world.run(3)
    assert (world.decision.bms_state, world.decision.bms_service) == ("live", CAN_BMS)
    world.run(30)
    assert world.decision.bms_since == 31.0, "it is named as long as it is there"
    del world.services[CAN_BMS]
    world.run(3)
    assert world.decision.bms_service == LYNX, "the one that we would have missed first"
    world.services[CAN_BMS] = can_bms(VOLTAGE=26.0, CVL=28.0, CCL=40.0)
    world.run(1)
    master = False
    world.run(3)
    assert (world.decision.bms_service, world.decision.bms_state) == (LYNX, "silent")
    assert world.told(SUN) == 0
    world.services[LYNX] = lynx()
    world.run(4)
    assert (world.decision.bms_service, world.decision.bms_state) == (LYNX, "live")


def test_the_user_can_do_without_a_bms() -> None:
    world = boat()
    world.settings[p.SET_BMS_INSTANCE] = -255
    world.run(3)
    assert world.decision.bms_state == "none"


def test_a_better_bms_that_appears_takes_over_without_a_loss() -> None:
    world = boat()
    parallel = "com.victronenergy.battery.lynxparallel0"
    world.services[parallel] = lynx(DEVICE_INSTANCE=7, PRODUCT_ID=0xA3E3)
    world.run(3)
    assert (world.decision.bms_service, world.decision.bms_state) == (parallel, "live")


@pytest.mark.parametrize("how", ["gone", "unknown"])
def test_a_vebus_bms_is_lost_when_its_system_has_gone_or_does_not_say_any_more_that_it_has_one(how: str) -> None:
    world = World({MULTI: with_vebus_bms(), SUN: charger()})
    world.run(3)
    assert (world.decision.bms_service, world.decision.bms_state, world.told(SUN)) == (MULTI, "live", 50)
    if how == "gone":
        del world.services[MULTI]
    else:
        world.services[MULTI][p.BMS_TYPE] = None
    world.run(1)
    assert (world.decision.bms_state, world.told(SUN)) == ("silent", 0)
    world.run(1)
    assert world.decision.bms_since == 4


def test_a_vebus_system_that_says_it_has_no_bms_any_more_has_lost_none() -> None:
    world = World({MULTI: with_vebus_bms(), SUN: charger()})
    world.run(3)
    world.services[MULTI].update({p.BMS_TYPE: 0, p.BMS_VERSION: None})
    world.run(3)
    assert world.decision.bms_state == "none"


def test_the_last_word_of_a_service_whose_life_we_do_not_know_is_when_it_was_last_seen_valid() -> None:
    world = World({CAN_BMS: can_bms(), SUN: charger()})
    world.run(30)
    del world.services[CAN_BMS]
    world.run(3)
    assert world.decision.charge_link_ends_at == 30 + 60 + 60


def test_a_last_word_that_is_long_ago_counts_from_when_a_silence_would_have_been_noticed() -> None:
    """The GX's own driver says nothing while nothing changes; it is alive as long as its values are valid."""
    world = World({CAN_BMS: can_bms(), SUN: charger()}, heard={CAN_BMS: 0.0})
    world.run(100)
    del world.services[CAN_BMS]
    world.run(1)
    assert world.decision.bms_state == "silent"
    assert world.decision.charge_link_ends_at == 90 + 60 + 60


def test_the_vendor_writes_nothing_if_a_charger_remembers_a_bms_and_goes_on_without_one_otherwise() -> None:
    for remembers, told in ((1, 10), (0, 50)):
        world = World({CAN_BMS: can_bms(CCL=10.0), SUN: charger(BMS_PRESENT=remembers)}, Options.vendor())
        world.run(3)
        del world.services[CAN_BMS]
        world.settings[p.SET_MAX_CURRENT] = 90
        world.run(3)
        assert world.told(SUN) == told
        assert world.decision.bms_state == "silent"


def test_after_a_loss_that_nobody_is_told_of_there_is_no_countdown() -> None:
    world = World({LYNX: lynx()})
    world.run(3)
    del world.services[LYNX]
    world.run(3)
    assert (world.decision.charge_link_ends_at, world.decision.multi_stops_at) == (None, None)


def test_a_battery_is_known_again_by_the_last_word_of_its_serial_and_its_unique_number() -> None:
    for serial, number, words in (
        ("0167120 HQ21302VUDQ", 7, "uc7 HQ21302VUDQ"),
        ("HQ21302VUDQ", None, "HQ21302VUDQ"),
        ("a b c", None, "c"),
        ("", None, ""),
        (None, 0, "uc0"),
    ):
        items = {p.SERIAL: serial, p.UNIQUE_NUMBER: number}
        assert read_bms(LYNX, items).identity == Device(LYNX, p.VEBUS, items).identity == words


def test_since_when_a_bms_controls_holds_for_that_one_until_it_is_lost() -> None:
    known = Controller("com.victronenergy.battery.m", p.BATTERY, "", 1, 5.0, 8.0)
    for name, lost_at, since in (("m", None, 5.0), ("a", None, 9.0), ("z", None, 9.0), ("m", 7.0, 9.0)):
        device = read_bms(".".join(("com.victronenergy.battery", name)), {})
        assert present(device, known._replace(lost_at=lost_at), {}, 9.0).since == since


def test_a_battery_bms_is_named_before_a_vebus_bms() -> None:
    world = World({MULTI: with_vebus_bms(), LYNX: lynx(CVL=None)})
    assert (world.decision.bms_service, world.decision.bms_since) == (MULTI, 0.0)
    world.run(5)
    world.set(LYNX, CVL=27.4)
    assert (world.decision.bms_service, world.decision.bms_since) == (LYNX, 5.0)


def test_the_moment_a_silent_bms_is_lost_is_a_round_of_its_own() -> None:
    world = World({LYNX: lynx(), SUN: charger()})
    world.run(4)
    del world.services[LYNX]
    states = []
    for _ in range(70):
        decision = world.run(1)
        states.append((decision.bms_state, decision.round_done))
    first = next(index for index, (state, _) in enumerate(states) if state == "lost")
    assert states[0] == ("silent", True)
    assert states[first] == ("lost", True)
    assert (first + 5) % 3, "which would not have been due in the rhythm"


def test_what_is_published_and_named_while_a_bms_is_silent_and_lost() -> None:
    world = World({LYNX: lynx(), SUN: charger(), MULTI: multi()})
    world.run(4)
    del world.services[LYNX]
    for seconds, name, solar, told in ((3, "bms-silent", 1, 0.0), (70, "bms-lost", 0, None)):
        shown = world.run(seconds).published
        assert [shown[path] for path in CONTROLLED] == [0, solar, 0, None, None]
        assert {limit.caps[0].name for limit in world.decision.limits} == {name}
        assert [limit.value for limit in world.decision.limits] == [None, told, None, told, told]


def test_what_is_published_while_a_charger_remembers_a_bms() -> None:
    world = World({CAN_BMS: can_bms(), SUN: charger()}, Options.vendor())
    world.run(3)
    assert [world.decision.published[path] for path in CONTROLLED] == [1, 1, 1, 56.0, 56.0]
    del world.services[CAN_BMS]
    world.services[SUN][p.BMS_PRESENT] = 1
    world.run(3)
    assert [world.decision.published[path] for path in CONTROLLED] == [0, 0, 1, None, None]


def test_the_bms_that_the_user_chose_is_lost_when_it_has_another_instance() -> None:
    """Its limit would be gone without a word: the instance that was chosen is nobody's then."""
    world = World({CAN_BMS: can_bms(CCL=20.0), SUN: charger()})
    world.settings[p.SET_BMS_INSTANCE] = 512
    world.run(6)
    assert world.told(SUN) == 20.0
    world.set(CAN_BMS, DEVICE_INSTANCE=513)
    world.run(3)
    assert world.told(SUN) == 0.0
    assert "bms-silent" in world.findings()
    world.set(CAN_BMS, DEVICE_INSTANCE=512)
    world.run(3)
    assert world.told(SUN) == 20.0


def test_with_only_a_multi_0_a_is_renewed_as_with_chargers() -> None:
    world = World({CAN_BMS: can_bms(), MULTI: multi()})
    world.run(30)
    del world.services[CAN_BMS]
    written = []
    for _ in range(70):
        world.run(1)
        written += [world.now for write in world.writes if write == (MULTI, p.BOL_CHARGE_CURRENT, 0)]
    assert written == [31.0, *range(33, 90, 3)]


def test_a_new_bms_that_allows_nothing_is_obeyed_in_the_same_cycle() -> None:
    world = World({SUN: charger(), MULTI: multi()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60})
    world.run(31)
    assert world.told(SUN) == 50
    world.services[CAN_BMS] = can_bms(CCL=0.0)
    world.look((CAN_BMS, p.CCL))
    assert (world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)


@pytest.mark.parametrize("said", [{"ALLOW_DISCHARGE": None}, {"DCL": None}])
def test_discharging_that_turns_unknown_is_not_renewed_or_stopped_as_chosen(said: dict[str, None]) -> None:
    for chosen, expected in (("vendor", {}), ("stop", {MULTI: 0})):
        world = boat(discharge_on_loss=chosen)
        world.set(LYNX, **said)
        assert world.written(p.BOL_DISCHARGE_CURRENT) == expected
        world.run(3)
        assert world.written(p.BOL_DISCHARGE_CURRENT) == expected


def test_just_after_the_start_unknown_is_never_told_as_0_a_of_discharge() -> None:
    services = {LYNX: lynx(ALLOW_DISCHARGE=None), MULTI: multi()}
    world = World(services, Options.strict(discharge_on_loss="stop"), heard={LYNX: 0.0})
    world.run(9)
    del world.services[LYNX]
    world.look((LYNX, p.CVL))
    assert world.decision.bms_state == "silent"
    assert not world.written(p.BOL_DISCHARGE_CURRENT)
    world.run(3)
    assert world.written(p.BOL_DISCHARGE_CURRENT) == {MULTI: 0}
