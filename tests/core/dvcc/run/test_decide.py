"""The rhythm of a decision, what cannot wait, DVCC off, and the corners the vendor's scenarios do not decide."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.read.old_firmware import too_old
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.memory import Memory, Timer
from gxbridge.core.dvcc.run.timers import due
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    GENSET,
    LYNX,
    MULTI,
    MULTI_RS,
    RS,
    SUN,
    SUN_2,
    VECAN,
    Items,
    World,
    can_bms,
    charger,
    lynx,
    multi,
    with_vebus_bms,
)

MULTI_2 = "com.victronenergy.vebus.ttyUSB1"


def rounds(moments: list[float]) -> list[float]:
    """When full rounds happen, looking at these moments."""
    memory, found = Memory(), []
    for now in moments:
        decision, memory = decide(Snapshot({CAN_BMS: can_bms()}), memory, now)
        if decision.round_done:
            found.append(now)
    return found


def test_a_round_is_every_third_second_whatever_the_callers_clock_jitters() -> None:
    assert rounds([100.0 + second for second in range(10)]) == [103, 106, 109]
    assert rounds([100.0, 101.01, 101.93, 102.95, 104.0, 105.0, 105.95]) == [102.95, 105.95]
    assert rounds([100.0, 100.5, 101.0, 101.5, 102.0, 102.5, 103.0]) == [103]


def test_a_whole_second_with_news_is_one_look_and_may_be_a_little_early() -> None:
    """What arrives between two seconds brings none forward; that it comes with a second does not hold that up."""
    news = ((CAN_BMS, p.CURRENT),)
    for whole_second, expected in ((True, [102.95, 105.95]), (False, [103.95]), (None, [103.95])):
        memory, found = Memory(), []
        for now in (100.0, 100.95, 101.95, 102.95, 103.95, 104.95, 105.95):
            snapshot = Snapshot({CAN_BMS: can_bms()})
            decision, memory = decide(snapshot, memory, now, news if memory.began else (), whole_second=whole_second)
            if decision.round_done:
                found.append(now)
        assert found == expected


def test_a_clock_that_stood_still_starts_afresh_instead_of_catching_up() -> None:
    assert due(None, 5.0) is None
    assert due(Timer(10.0, 4), 9.8) is None
    assert due(Timer(10.0, 4), 9.8995) is None
    assert due(Timer(10.0, 4), 9.9) == due(Timer(10.0, 4), 9.95) == Timer(11.0, 5)
    assert due(Timer(10.0, 4), 11.99) == Timer(11.0, 5)
    assert due(Timer(10.0, 4), 12.0) == Timer(13.0, 5)
    assert due(Timer(10.0, 4), 99.0) == Timer(100.0, 5)


def test_the_control_loop_begins_with_the_first_charger_or_battery() -> None:
    world = World({MULTI: multi()})
    world.run(5)
    assert not world.decision.round_done
    world.services[SUN] = charger()
    world.run(1)
    world.run(3)
    assert world.decision.round_done


def test_a_decision_with_nothing_in_it_is_empty() -> None:
    assert (Decision().writes, Decision().limits, Decision().bms_state) == ((), (), "none")


def test_a_quick_bms_is_passed_on_at_once_even_unchanged_and_voltages_only() -> None:
    services = {LYNX: lynx(), SUN: charger(), ALTERNATOR: charger(), VECAN: {p.CHARGE_VOLTAGE: None}, MULTI: multi()}
    for options in (Options.strict(), Options.vendor()):
        world = World({name: dict(items) for name, items in services.items()}, options)
        world.set(LYNX, CVL=27.4)
        assert {write.path for write in world.writes} == {p.CHARGE_VOLTAGE, p.BOL_CHARGE_VOLTAGE}
        assert world.written(p.CHARGE_VOLTAGE) == {SUN: 27.4, ALTERNATOR: 27.4, VECAN: 27.4}
        world.set(LYNX, CCL=900.0)
        assert world.writes == []


def test_an_ordinary_bms_waits_for_the_round_and_a_lynx_that_only_now_becomes_the_bms_too() -> None:
    ordinary = World({CAN_BMS: can_bms(), SUN: charger()}, Options.vendor())
    ordinary.set(CAN_BMS, CVL=55.0)
    assert ordinary.writes == []
    new = World({LYNX: lynx(CVL=None), SUN: charger()}, Options.vendor())
    new.set(LYNX, CVL=27.0)
    assert new.writes == []


def test_a_bms_that_forces_dvcc_on_does_so_again_whenever_its_charge_voltage_arrives() -> None:
    off = World({LYNX: lynx(), SUN: charger()}, Options.vendor(), {p.SET_DVCC: 1})
    off.settings[p.SET_DVCC] = 0
    off.run(3)
    assert (off.written(p.CHARGE_VOLTAGE), off.decision.published[p.CONTROL_DVCC]) == ({}, 0)
    off.set(LYNX, CVL=27.0)
    assert off.written(p.CHARGE_VOLTAGE) == {SUN: 27.0}
    off.run(3)
    assert off.decision.published[p.CONTROL_DVCC] == 1


def test_a_quick_bms_that_turns_invalid_leaves_the_hub_voltage() -> None:
    for hub, written in ((27.8, {SUN: 27.8}), (None, {})):
        world = World({LYNX: lynx(), SUN: charger(), MULTI: multi(HUB_VOLTAGE=hub)}, Options.vendor())
        world.set(LYNX, CVL=None)
        assert world.written(p.CHARGE_VOLTAGE) == written
        assert not world.written(p.BOL_CHARGE_VOLTAGE)


def test_dvcc_off_writes_nothing_in_strict_and_keeps_67_away_as_the_vendor_does() -> None:
    services = {CAN_BMS: can_bms(), SUN: charger(NETWORK_MODE=1), SUN_2: charger(), MULTI: multi(HUB_VOLTAGE=28.0),
                VECAN: {p.CHARGE_VOLTAGE: None}}  # fmt: skip
    strict = World({name: dict(items) for name, items in services.items()}, settings={p.SET_DVCC: 0})
    strict.run(3)
    assert not strict.written(p.NETWORK_MODE)
    assert {limit.sentence for limit in strict.decision.limits} == {
        "CVL none: DVCC is off.", "CCL none: DVCC is off.", "DCL none: DVCC is off.",
        "Charge current none: DVCC is off.", "Multi none: DVCC is off.",
    }  # fmt: skip
    vendor = World({name: dict(items) for name, items in services.items()}, Options.vendor(), {p.SET_DVCC: 0})
    vendor.run(3)
    assert vendor.written(p.NETWORK_MODE) == {SUN: 13}
    assert vendor.written(p.CHARGE_CURRENT) == {SUN: 50}
    assert vendor.written(p.CHARGE_VOLTAGE) == {SUN: 28.0}, "no charger is on VE.Can, so vecan needs none"
    vendor.services[SUN][p.CONNECTION] = "VE.Can"
    vendor.services[GENSET] = {p.CHARGE_VOLTAGE: None}
    vendor.run(3)
    assert vendor.written(p.CHARGE_VOLTAGE) == {SUN: 28.0, VECAN: 28.0, GENSET: 28.0}
    vendor.services[CAN_BMS][p.CCL] = None
    vendor.run(3)
    assert (vendor.written(p.NETWORK_MODE), vendor.written(p.CHARGE_CURRENT)) == ({SUN: 5}, {})
    vendor.services[MULTI][p.HUB_VOLTAGE] = None
    vendor.run(3)
    assert not vendor.written(p.NETWORK_MODE)
    vendor.services[CAN_BMS][p.CCL] = 10
    vendor.run(3)
    assert (vendor.written(p.NETWORK_MODE), vendor.written(p.CHARGE_VOLTAGE)) == ({SUN: 9}, {})


def test_network_mode_says_who_controls() -> None:
    services = {SUN: charger(), VECAN: {p.NETWORK_MODE: None, p.CHARGE_VOLTAGE: None}}
    user = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20}
    for more, settings, modes in (
        ({LYNX: lynx()}, {p.SET_DVCC: 1}, {SUN: 13, VECAN: 13}),
        ({}, user, {SUN: 5, VECAN: 5}),
        ({}, {p.SET_DVCC: 1}, {}),
        ({MULTI: multi(HUB_VOLTAGE=28.0)}, {p.SET_DVCC: 1}, {SUN: 5, VECAN: 5}),
        ({MULTI: with_vebus_bms()}, {p.SET_DVCC: 1}, {SUN: 13, VECAN: 5}),
        ({MULTI_RS: charger(SETPOINT=28.0, N2K_INSTANCE=0, NETWORK_MODE=None, IS_INVERTER_CHARGER=1)}, {p.SET_DVCC: 1},
         {SUN: 5, MULTI_RS: 5, VECAN: 1}),
    ):  # fmt: skip
        world = World({name: dict(items) for name, items in (services | more).items()}, Options.vendor(), settings)
        world.run(3)
        assert world.written(p.NETWORK_MODE) == modes


@pytest.mark.parametrize(
    ("firmware", "product", "old"),
    [
        (0x128, 0xA060, True),
        (0x129, 0xA060, False),
        (0x101FF, 0xA110, True),
        (0x10200, 0xA110, False),
        (0x101FF, 0xA101, True),
        (0x101FF, 0xA102, False),
        (0xFFFF, 0xA060, False),
        (0x10000, 0xA060, True),
        (0x101FF, 0xA10E, False),
        (0x101FF, 0xA10F, True),
        (None, 0xA060, False),
        ("1.16", 0xA060, False),
    ],
)
def test_the_least_firmware_of_a_solar_charger(firmware: Value, product: int, old: bool) -> None:
    assert too_old(Charger(SUN, p.SOLAR, {p.PRODUCT_ID: product, p.FIRMWARE: firmware})) == old


def test_the_least_firmware_of_a_multi() -> None:
    for firmware, alarm in ((0x421, 1), (0x422, 0), (None, 0)):
        world = World({CAN_BMS: can_bms(), MULTI: multi(FIRMWARE=firmware)})
        assert world.run(3).published[p.ALARM_FIRMWARE] == alarm


def test_more_than_one_bms_is_published_and_said() -> None:
    world = World({CAN_BMS: can_bms(VOLTAGE=26.0, CVL=28.0), LYNX: lynx()}, Options.vendor())
    assert world.run(3).published[p.ALARM_MULTIPLE] == 1
    texts = [finding.text for finding in world.decision.findings]
    assert texts == ["2 battery services give limits; Lynx Smart BMS NG controls"]
    world.settings[p.SET_BMS_INSTANCE] = -255
    world.run(3)
    texts = [finding.text for finding in world.decision.findings]
    assert texts[0].startswith("The setting of the controlling BMS says that there is none; limits come from 100 (Lynx")
    assert texts[1:] == ["2 battery services give limits; none of them controls"]


def test_without_a_bms_one_ampere_or_less_is_nothing_for_a_multi() -> None:
    for user, told in ((1, 0), (2, 2), (0, 0)):
        settings = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: user}
        world = World({SUN: charger(50, 0), MULTI: multi()}, Options.vendor(), settings)
        world.run(3)
        assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == told


def test_no_limit_is_told_once_and_again_after_there_was_one() -> None:
    for options, first in ((Options.vendor(), {MULTI: 10000}), (Options.strict(), {})):
        world = World({SUN: charger(50, 0), MULTI: multi(ACTIVE_INPUT=0)}, options)
        world.run(3)
        assert world.written(p.MULTI_CHARGE_CURRENT) == first
        world.run(3)
        assert not world.written(p.MULTI_CHARGE_CURRENT)
        world.settings[p.SET_MAX_CURRENT] = 30
        world.run(3)
        assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 27 if options.strict_sharing else 30}
        world.settings[p.SET_MAX_CURRENT] = -1
        world.run(3)
        assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}
        world.run(3)
        assert not world.written(p.MULTI_CHARGE_CURRENT)


def test_a_multi_whose_charge_current_is_unknown_is_told_none_without_a_bms() -> None:
    settings = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30}
    world = World({SUN: charger(), MULTI: multi(MULTI_CHARGE_CURRENT=None)}, Options.vendor(), settings)
    world.run(3)
    assert not world.written(p.MULTI_CHARGE_CURRENT)


def test_the_other_multis_follow_only_if_wanted_and_are_told_no_low_voltage() -> None:
    for wanted, told in ((0, set()), (1, {p.BOL_CHARGE_VOLTAGE, p.BOL_CHARGE_CURRENT, p.BOL_DISCHARGE_CURRENT})):
        settings = {p.SET_DVCC: 1, p.SET_ALL_MULTIS: wanted}
        world = World({LYNX: lynx(), MULTI: multi(), MULTI_2: multi(DEVICE_INSTANCE=300)}, settings=settings)
        world.run(3)
        assert {write.path for write in world.writes if write.service == MULTI_2} == told
        world.set(LYNX, ALLOW_DISCHARGE=None)
        assert {w.path for w in world.writes if w.service == MULTI_2} == told - {p.BOL_DISCHARGE_CURRENT}


def test_without_a_charge_limit_the_vendor_leaves_the_multis_last_charge_current() -> None:
    world = World({CAN_BMS: can_bms(CCL=None), MULTI: multi()}, Options.vendor())
    world.run(3)
    assert not world.written(p.BOL_CHARGE_CURRENT)
    assert not world.written(p.MULTI_CHARGE_CURRENT)
    assert world.written(p.BOL_DISCHARGE_CURRENT) == {MULTI: 150}
    assert world.limit("multi", MULTI).sentence == "Multi none: no charge current limit applies."


def test_an_alternator_gets_what_the_sun_leaves_and_nothing_is_told_without_a_limit() -> None:
    services = {LYNX: lynx(CCL=30.0), SUN: charger(50, 12), ALTERNATOR: charger(40, 5), SUN_2: charger(0, 0)}
    world = World(services, Options.vendor())
    world.run(3)
    assert world.told(ALTERNATOR) == 18
    world.services[LYNX][p.CCL] = None
    world.run(3)
    assert (world.told(ALTERNATOR), ALTERNATOR in world.written(p.CHARGE_CURRENT)) == (18, False)
    none = World({LYNX: lynx(CCL=30.0), ALTERNATOR: charger(0, 0)}, Options.vendor())
    none.run(3)
    assert none.told(ALTERNATOR) is None
    assert none.limit("charger", ALTERNATOR).sentence.endswith("its own setting is 0 A.")


def test_an_rs_that_is_no_inverter_charger_is_told_what_the_battery_measures_and_nothing_else() -> None:
    items = charger(DISCHARGE_CURRENT=None, IS_INVERTER_CHARGER=0)
    world = World({LYNX: lynx(), RS: items})
    world.run(3)
    assert {write.path for write in world.writes if write.service == RS} == {p.VOLTAGE_SENSE, p.BATTERY_CURRENT}


def test_an_rs_is_told_the_discharge_limit_and_its_sun_counts() -> None:
    items = charger(40, 0, IS_INVERTER_CHARGER=1, YIELD_POWER=528.0, DISCHARGE_CURRENT=None)
    world = World({LYNX: lynx(CCL=50.0), RS: items, MULTI: multi()}, Options.vendor())
    world.run(60)
    assert world.told(RS, p.DISCHARGE_CURRENT) == 1200
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 30
    world.services[RS].update({p.YIELD_POWER: None, p.CURRENT: None})
    world.run(3)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 30, "what is unknown leaves the filter where it is"
    world.services[RS].update({p.YIELD_POWER: 264.0})
    world.run(60)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 30, "the sun alone says too little"
    world.services[RS].update({p.CURRENT: 0.0})
    world.run(60)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 40


def test_a_charger_whose_current_was_unknown_begins_with_nothing() -> None:
    """20 A seen for three seconds after nothing: 20 (1 - (1 - 2 pi/20)^3) = 13.5 A."""
    world = World({LYNX: lynx(CCL=50.0), SUN: charger(40, 10, CURRENT=None), MULTI: multi()}, Options.vendor())
    world.run(3)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 50
    world.services[SUN][p.CURRENT] = 20.0
    world.run(3)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 36


def test_the_genset_takes_part_in_the_strict_sharing_only() -> None:
    for options, told in ((Options.strict(), 20), (Options.vendor(), None)):
        world = World({LYNX: lynx(CCL=20.0), GENSET: charger(70, 3)}, options)
        world.run(3)
        assert (world.told(GENSET), world.told(GENSET, p.NETWORK_MODE)) == (told, None)
        assert world.told(GENSET, p.CHARGE_VOLTAGE) == 27.4


def test_chargers_that_cannot_be_told_count_against_the_strict_limit() -> None:
    deaf = {name: value for name, value in charger(60, 12).items() if name != p.CHARGE_CURRENT}
    world = World({LYNX: lynx(CCL=30.0), SUN: charger(50, 10), ALTERNATOR: deaf})
    world.run(3)
    assert world.told(SUN) == 18
    world.services[ALTERNATOR][p.CURRENT] = 90.0
    world.run(3)
    assert world.told(SUN) == 0


def test_who_can_be_told_a_current() -> None:
    """A missing network instance is network 0; state 1 is not off; an inverter/charger that may do 1 A counts."""
    bare = {name: value for name, value in charger(50, 10, STATE=1).items() if name != p.N2K_INSTANCE}
    rs = charger(1, 0, IS_INVERTER_CHARGER=1)
    for options in (Options.strict(), Options.vendor()):
        world = World({LYNX: lynx(CCL=20.0), SUN: dict(bare), RS: dict(rs)}, options)
        world.run(3)
        assert world.told(SUN) is not None
        assert world.told(RS) is not None


def test_a_charger_that_does_not_measure_makes_nothing_for_the_sharing() -> None:
    """C = 100, A = 10, P = (19 - 10) / 90 = 0.1: 10 + 0.1 x 40 and 0 + 0.1 x 50."""
    services = {LYNX: lynx(CCL=19.0), SUN: charger(50, 10), SUN_2: charger(50, 0, CURRENT=None)}
    world = World(services, Options.vendor())
    world.run(3)
    assert (world.told(SUN), world.told(SUN_2)) == (14, 5)
    strict = World({name: dict(items) for name, items in services.items()})
    strict.run(3)
    assert (strict.told(SUN), strict.told(SUN_2)) == (14, 5)


def test_a_charger_whose_own_limit_is_below_zero_is_told_nothing_more_than_zero() -> None:
    for options, told in ((Options.strict(), (0, 0)), (Options.vendor(), (0, None))):
        world = World({LYNX: lynx(CCL=30.0), SUN: charger(-5, 0), ALTERNATOR: charger(-5, 0)}, options)
        world.run(3)
        assert (world.told(SUN), world.told(ALTERNATOR)) == told


def test_voltages_for_whom() -> None:
    """48 V, feed-in on: the Multi leads, 0.1 V more; alternators and gensets get the BMS's own."""
    hub = multi(ASSISTANT=5, HUB_VOLTAGE=56.2, BOL_CHARGE_VOLTAGE=55.9, AC_CONNECTED=1, ACTIVE_INPUT=0, VOLTAGE=52.0)
    services = {CAN_BMS: can_bms(CVL=56.0), SUN: charger(), ALTERNATOR: charger(), GENSET: charger(), MULTI: hub,
                SUN_2: charger(CONNECTION="VE.Can"), VECAN: {p.CHARGE_VOLTAGE: None}}  # fmt: skip
    world = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE) == pytest.approx({SUN: 56.3, VECAN: 56.3, ALTERNATOR: 56.0, GENSET: 56.0})
    world.services[MULTI].update({p.STATE: 9, p.BOL_CHARGE_VOLTAGE: 50.0})
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE)[SUN] == pytest.approx(56.2)
    world.services[MULTI].update({p.HUB_VOLTAGE: 60.0, p.BOL_CHARGE_VOLTAGE: 50.0})
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE)[SUN] == pytest.approx(56.4), "at most 0.4 V above the limit"


@pytest.mark.parametrize(("state", "more"), [(2, 0.0), (3, 0.1), (4, 0.1), (5, 0.1), (6, 0.0), (None, 0.0)])
def test_only_a_multi_that_charges_leaves_room_to_feed_in(state: Value, more: float) -> None:
    hub = multi(ASSISTANT=5, HUB_VOLTAGE=26.0, STATE=state)
    world = World({LYNX: lynx(), SUN: charger(), MULTI: hub}, Options.vendor(), {p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    world.run(3)
    assert world.told(SUN, p.CHARGE_VOLTAGE) == pytest.approx(26.0 + more)
    del world.services[LYNX]
    world.run(3)
    assert world.told(SUN, p.CHARGE_VOLTAGE) == pytest.approx(26.0 + more)


@pytest.mark.parametrize(
    ("hub", "given", "cvl", "told"),
    [
        (27.0, None, 26.0, 26.0),
        (26.3, 26.0, 26.0, 26.3),
        (27.0, 26.0, 26.0, 26.4),
        (25.9, 26.0, 26.0, 25.9),
        (26.0, 26.2, 26.0, 26.0),
        (26.3, 26.0, 25.5, 25.8),
        (26.3, 13.0, 25.5, 25.9),
        (26.0, 26.2, 25.5, 25.5),
    ],
    ids=["no limit given, no offset", "the offset", "at most 0.4 V", "the hub is lower", "never a negative offset",
         "a lower limit since then", "at most 0.4 V above that one", "not a negative one either"],
)  # fmt: skip
def test_the_offset_that_the_multi_uses_above_the_limit_it_was_given(
    hub: float, given: Value, cvl: float, told: float
) -> None:
    ess = multi(ASSISTANT=5, HUB_VOLTAGE=hub, BOL_CHARGE_VOLTAGE=given)
    world = World({LYNX: lynx(CVL=cvl), SUN: charger(), MULTI: ess}, Options.vendor())
    world.set(LYNX, CVL=cvl)
    assert world.told(SUN, p.CHARGE_VOLTAGE) == pytest.approx(told)


@pytest.mark.parametrize(("ccl", "told"), [(0.0, 0), (0.5, 10.5), (1.0, 11.0), (20.0, 30.0)])
def test_dc_loads_are_added_to_any_limit_above_zero(ccl: float, told: float) -> None:
    loads = {p.POWER: 520.0}
    silent = {p.POWER: None}
    services = {CAN_BMS: can_bms(CCL=ccl), SUN: charger(50, 0), "com.victronenergy.dcsystem.a": loads,
                "com.victronenergy.dcsystem.b": silent}  # fmt: skip
    world = World(services)
    world.run(90)
    assert world.told(SUN) == told


def test_the_multi_gets_what_sun_alternator_and_genset_leave() -> None:
    services = {LYNX: lynx(CCL=50.0), SUN: charger(50, 12), ALTERNATOR: charger(40, 5), GENSET: charger(70, 3),
                MULTI: multi(ACTIVE_INPUT=0)}  # fmt: skip
    for options in (Options.strict(), Options.vendor()):
        world = World({name: dict(items) for name, items in services.items()}, options)
        world.run(3)
        assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == (24 if options.strict_sharing else 30)
        world.services[GENSET][p.CURRENT] = None
        world.services[LYNX][p.CCL] = 50.6
        world.run(3)
        assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == (24 if options.strict_sharing else 34), "unknown is not 0 A"
        world.services[GENSET][p.STATE] = 0
        world.run(3)
        assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == (27 if options.strict_sharing else 34)
        world.services[LYNX][p.CCL] = 10.0
        world.run(3)
        assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 0


def test_a_stop_leaves_nothing_for_the_multi_either() -> None:
    world = World({LYNX: lynx(ALLOW_CHARGE=0), SUN: charger(50, 0), MULTI: multi(CURRENT=-20.0)})
    world.run(30)
    assert (world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)


def test_no_charge_power_is_no_charge_for_the_multi() -> None:
    for power in (0.0, -5.0):
        world = World({LYNX: lynx(), MULTI: multi()}, Options.strict(charge_power_w=power))
        world.run(3)
        assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 0


def test_the_multis_own_charge_current_is_raised_to_the_remainder_and_never_lowered() -> None:
    world = World({LYNX: lynx(CCL=100.0), MULTI: multi(MULTI_CHARGE_CURRENT=70)})
    world.run(3)
    assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == 100
    world.set(LYNX, CCL=20.0)
    assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == 100


def test_a_discharge_or_low_voltage_limit_below_zero_is_told_as_zero_by_the_vendor() -> None:
    world = World({CAN_BMS: can_bms(DCL=-5.0, LOW_VOLTAGE=-1.0), MULTI: multi()}, Options.vendor())
    world.run(3)
    assert (world.told(MULTI, p.BOL_DISCHARGE_CURRENT), world.told(MULTI, p.BOL_LOW_VOLTAGE)) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "settings", "feeds"),
    [
        ({}, {}, True),
        ({"ASSISTANT": 4}, {}, False),
        ({"AC_CONNECTED": 0}, {}, False),
        ({"AC_CONNECTED": None}, {}, False),
        ({"ACTIVE_INPUT": 1}, {}, False),
        ({"ACTIVE_INPUT": 240}, {}, True),
        ({}, {p.SET_AC_INPUT_1: 2}, False),
        ({}, {p.SET_FEED_IN: 0}, False),
    ],
    ids=[
        "grid",
        "no ESS",
        "not connected",
        "unknown whether connected",
        "genset on 2",
        "no input",
        "genset on 1",
        "not wanted",
    ],
)
def test_when_feed_in_is_allowed(changes: dict[str, Value], settings: dict[str, Value], feeds: bool) -> None:
    ess = multi(**({"ASSISTANT": 5, "HUB_VOLTAGE": 27.8, "ACTIVE_INPUT": 0} | changes))
    base: dict[str, Value] = {p.SET_DVCC: 1, p.SET_FEED_IN: 1}
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 10), MULTI: ess}, Options.vendor(), base | settings)
    world.run(3)
    assert world.told(SUN) == (50 if feeds else 20)


def test_the_solar_offset_of_an_rs_is_added_for_chargers_that_do_not_know_it() -> None:
    rs = charger(SOLAR_OFFSET=0.2, SETPOINT=28.0, N2K_INSTANCE=0, IS_INVERTER_CHARGER=1)
    world = World({LYNX: lynx(), SUN: charger(), MULTI_RS: rs, VECAN: {p.CHARGE_VOLTAGE: None}}, Options.vendor())
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE) == pytest.approx({SUN: 27.6, MULTI_RS: 27.6, VECAN: 27.4})
    del world.services[LYNX]
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE) == pytest.approx({SUN: 28.2, MULTI_RS: 28.2})
    world.services[MULTI_RS][p.SOLAR_OFFSET] = None
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE) == {SUN: 28.0, MULTI_RS: 28.0}
    world.services[MULTI_RS][p.N2K_INSTANCE] = 1
    world.run(3)
    assert not world.written(p.CHARGE_VOLTAGE)
    inverter = World({LYNX: lynx(), RS: dict(rs)})
    inverter.run(3)
    assert inverter.written(p.CHARGE_VOLTAGE) == {RS: 27.4}, "only a Multi RS says an offset"


def test_the_vebus_filter_does_not_wind_up() -> None:
    """The Multi takes 500 A, but one charger of 20 A can never make more than 20 A of it."""
    world = World({CAN_BMS: can_bms(CCL=30.0), SUN: charger(20, 0), MULTI: multi(CURRENT=-500.0)}, Options.vendor())
    world.run(120)
    assert world.memory.vebus_a == pytest.approx(-20, abs=0.01)
    world.services[SUN][p.CHARGE_LIMIT_SETTING] = None
    world.run(120)
    assert world.memory.vebus_a == pytest.approx(-500, abs=0.01), "no charger says how much it can make"
    del world.services[MULTI]
    world.run(120)
    assert world.memory.vebus_a == pytest.approx(0, abs=0.01)


def test_a_request_to_disable_pv_comes_from_the_system_service_only() -> None:
    world = World({LYNX: lynx(), SUN: charger(), "com.victronenergy.acsystem.x": {p.PV_DISABLE: 1}})
    world.look(("com.victronenergy.acsystem.x", p.PV_DISABLE), (p.SYSTEM, p.PV_DISABLE))
    assert world.memory.pv_disabled_reads == 0


def copy_of(text: str) -> str:
    """The same text, but not the same object: what comes from D-Bus is never one of the program's own."""
    return "".join(list(text))


def test_what_cannot_wait_is_known_by_its_service_and_path_and_nothing_else_is() -> None:
    services = {LYNX: lynx(), SUN: charger(), MULTI: multi(HUB_VOLTAGE=27.0), p.SYSTEM: {p.PV_DISABLE: 1}}
    for other in "az":
        services[f"com.victronenergy.battery.{other}"] = lynx(CVL=None, DEVICE_INSTANCE=200)
    world = World(services, Options.vendor())
    for service, path in (
        (LYNX, "/A"), (LYNX, p.SOC), ("com.victronenergy.battery.a", p.CVL), (CAN_BMS, p.CVL),
        ("com.victronenergy.battery.z", p.CVL),
        ("com.victronenergy.a", p.PV_DISABLE), ("com.victronenergy.z", p.PV_DISABLE), (p.SYSTEM, "/A"),
        (p.SYSTEM, "/z"),
    ):  # fmt: skip
        decision = world.look((service, path))
        assert (decision.writes, world.memory.pv_disabled_reads) == ((), 0), (service, path)
    assert world.look((copy_of(LYNX), copy_of(p.CVL))).writes
    world.look((copy_of(p.SYSTEM), copy_of(p.PV_DISABLE)))
    assert world.memory.pv_disabled_reads == 20


@pytest.mark.parametrize("other", ["com.victronenergy.battery.a", "com.victronenergy.battery.z"])
def test_a_voltage_that_came_as_another_bms_took_over_leaves_the_multis(other: str) -> None:
    services = {LYNX: lynx(), other: can_bms(DEVICE_INSTANCE=600), SUN: charger(), MULTI: multi(HUB_VOLTAGE=27.8)}
    world = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_BATTERY: "com.victronenergy.battery/100"})
    assert world.decision.bms_service == LYNX
    world.set(LYNX, CVL=None)
    assert world.written(p.CHARGE_VOLTAGE) == {SUN: 27.8}
    assert not world.written(p.BOL_CHARGE_VOLTAGE)


def test_more_than_one_bms_means_two() -> None:
    for services, alarm in (({}, 0), ({LYNX: lynx()}, 0), ({LYNX: lynx(), CAN_BMS: can_bms(CVL=28.0)}, 1)):
        world = World(services | {SUN: charger()})
        assert world.run(3).published[p.ALARM_MULTIPLE] == alarm


def test_a_charger_that_does_not_know_of_bmses_remembers_none() -> None:
    for present, told in (({}, 50), ({p.BMS_PRESENT: None}, 50), ({p.BMS_PRESENT: 0}, 50), ({p.BMS_PRESENT: 1}, None)):
        items = {name: value for name, value in charger().items() if name != p.BMS_PRESENT} | present
        world = World({SUN: items}, Options.vendor(), {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 100})
        world.run(3)
        assert world.told(SUN) == told


def test_with_dvcc_off_nothing_is_controlled() -> None:
    services = {CAN_BMS: can_bms(), SUN: charger(NETWORK_MODE=1), MULTI: multi(HUB_VOLTAGE=28.0)}
    for options, controlled in ((Options.strict(), 0), (Options.vendor(), 1)):
        world = World({name: dict(items) for name, items in services.items()}, options, {p.SET_DVCC: 0})
        shown = world.run(3).published
        assert (shown[p.CONTROL_SOLAR_VOLTAGE], shown[p.CONTROL_SOLAR_CURRENT]) == (controlled, controlled)
        assert (shown[p.CONTROL_DVCC], shown[p.CONTROL_BMS_PARAMETERS], shown[p.CONTROL_MAX_CURRENT]) == (0, 0, 0)
        assert (shown[p.CONTROL_EFFECTIVE_VOLTAGE], shown[p.BATTERY_CHARGE_VOLTAGE]) == (None, None)


FLAGS = (p.CONTROL_SOLAR_VOLTAGE, p.CONTROL_SOLAR_CURRENT, p.CONTROL_BMS_PARAMETERS, p.CONTROL_MAX_CURRENT)
USER = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30}


@pytest.mark.parametrize(
    ("services", "settings", "flags"),
    [
        ({LYNX: lynx(), SUN: charger()}, {}, [1, 1, 1, 1]),
        ({LYNX: lynx(), MULTI: multi()}, {}, [0, 0, 1, 1]),
        ({LYNX: lynx(), MULTI: multi(BOL_FRAME=0)}, {}, [0, 0, 1, 0]),
        ({LYNX: lynx(), MULTI: multi(BOL_FRAME=2)}, {}, [0, 0, 1, 0]),
        ({LYNX: lynx(), MULTI: multi(BOL_FRAME=None)}, {}, [0, 0, 1, 0]),
        ({LYNX: lynx()}, {}, [0, 0, 0, 1]),
        ({LYNX: lynx(), VECAN: {p.CHARGE_VOLTAGE: None}}, {}, [1, 0, 1, 1]),
        ({LYNX: lynx(), RS: charger(IS_INVERTER_CHARGER=1)}, {}, [1, 1, 1, 1]),
        ({SUN: charger()}, USER, [0, 1, 0, 1]),
        ({SUN: charger()}, {}, [0, 0, 0, 1]),
        ({CAN_BMS: can_bms(CVL=None), MULTI: multi()}, USER, [0, 0, 0, 1]),
        ({SUN: charger(), MULTI: multi(HUB_VOLTAGE=27.0)}, {}, [1, 0, 0, 1]),
        ({VECAN: {p.CHARGE_VOLTAGE: None}, MULTI: multi(HUB_VOLTAGE=27.0), ALTERNATOR: charger()}, {}, [1, 0, 0, 1]),
        ({LYNX: lynx(CCL=None), SUN: charger()}, {}, [1, 0, 1, 1]),
        ({LYNX: lynx(CCL=None), MULTI: multi()}, {}, [0, 0, 1, 1]),
    ],
)
def test_the_flags_of_a_round(services: dict[str, Items], settings: dict[str, Value], flags: list[int]) -> None:
    world = World({name: dict(items) for name, items in services.items()}, Options.vendor(), {p.SET_DVCC: 1} | settings)
    shown = world.run(3).published
    assert [shown[path] for path in FLAGS] == flags


@pytest.mark.parametrize(("ccl", "told"), [(100.0, {MULTI: 10000}), (None, {})])
def test_no_limit_is_told_again_after_a_bms_that_limited(ccl: Value, told: dict[str, Value]) -> None:
    world = World({SUN: charger(50, 0), MULTI: multi()}, Options.vendor())
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}
    world.services[CAN_BMS] = can_bms(CCL=ccl)
    world.run(3)
    del world.services[CAN_BMS]
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == told


def test_no_limit_is_told_after_a_bms_without_a_current_limit() -> None:
    world = World({CAN_BMS: can_bms(CCL=None), SUN: charger(50, 0), MULTI: multi()}, Options.vendor())
    world.run(3)
    del world.services[CAN_BMS]
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}


def test_a_limit_that_was_told_is_lifted_also_when_a_bms_without_one_was_there_in_between() -> None:
    world = World({SUN: charger(50, 0), MULTI: multi()}, Options.vendor(no_unlimited_reset=True), dict(USER))
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 30}
    world.services[CAN_BMS] = can_bms(CCL=None)
    world.settings[p.SET_MAX_CURRENT] = -1
    world.run(3)
    assert not world.written(p.MULTI_CHARGE_CURRENT)
    del world.services[CAN_BMS]
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}


def test_with_dvcc_off_the_vendor_tells_1000_a_where_any_battery_is_managed() -> None:
    unknown = charger(NETWORK_MODE=1, CHARGE_LIMIT_SETTING=None)
    linked = {"com.victronenergy.solarcharger.a": charger(), SUN: unknown, SUN_2: charger(2000, NETWORK_MODE=1)}
    batteries = {CAN_BMS: can_bms(), "com.victronenergy.battery.z": can_bms(CCL=None)}
    world = World(linked | batteries, Options.vendor(), {p.SET_DVCC: 0})
    shown = world.run(3).published
    assert world.written(p.CHARGE_CURRENT) == {SUN: 1000, SUN_2: 1000}
    assert (shown[p.CONTROL_SOLAR_VOLTAGE], shown[p.CONTROL_SOLAR_CURRENT]) == (0, 1)
    world.services[CAN_BMS][p.CCL] = None
    shown = world.run(3).published
    assert world.writes == []
    assert (shown[p.CONTROL_SOLAR_VOLTAGE], shown[p.CONTROL_SOLAR_CURRENT]) == (0, 0)
    world.services[MULTI] = multi(HUB_VOLTAGE=28.0)
    shown = world.run(3).published
    assert world.written(p.NETWORK_MODE) == {SUN: 5, SUN_2: 5}
    assert (shown[p.CONTROL_SOLAR_VOLTAGE], shown[p.CONTROL_SOLAR_CURRENT]) == (1, 0)
    world.services[ALTERNATOR] = charger(NETWORK_MODE=1)
    world.services[GENSET] = charger(NETWORK_MODE=1)
    world.run(3)
    assert set(world.written(p.NETWORK_MODE)) == {SUN, SUN_2, ALTERNATOR}
    on_vecan = charger(CONNECTION="VE.Can")
    world.services = {VECAN: {p.CHARGE_VOLTAGE: None}, SUN: on_vecan, MULTI: multi(HUB_VOLTAGE=28.0)}
    shown = world.run(3).published
    assert world.written(p.CHARGE_VOLTAGE) == {VECAN: 28.0}
    assert shown[p.CONTROL_SOLAR_VOLTAGE] == 1


@pytest.mark.parametrize(("stored", "on"), [(0, 0), (1, 1), (2, 0), (3, 1)])
def test_before_the_first_round_dvcc_is_what_is_stored(stored: int, on: int) -> None:
    assert World({SUN: charger()}, settings={p.SET_DVCC: stored}).decision.published[p.CONTROL_DVCC] == on


def test_who_has_just_begun_knows_nothing() -> None:
    new = Memory()
    assert (new.vebus_a, new.dc_loads_a, new.regulator_v, new.pv_disabled_reads) == (0, 0, 52.5, 0)
    assert list(new.flags) == [0, 0, 0, None, None, 0, 0, 0, 0, 0, 0, 0, 0]
    assert (Timer(5.0).seconds, new.unlimited, new.limited, new.round_state) == (0, False, False, "none")


def test_with_dvcc_off_there_is_no_alarm_about_it() -> None:
    services = {CAN_BMS: can_bms(), CAN_BMS + "2": can_bms(DEVICE_INSTANCE=3), MULTI: multi(FIRMWARE=0x400)}
    world = World(services, Options.vendor())
    world.run(3)
    assert [world.decision.published[path] for path in (p.ALARM_FIRMWARE, p.ALARM_MULTIPLE)] == [1, 1]
    world.settings[p.SET_DVCC] = 0
    world.run(3)
    assert [world.decision.published[path] for path in (p.ALARM_FIRMWARE, p.ALARM_MULTIPLE)] == [0, 0]
