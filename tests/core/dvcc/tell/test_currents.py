"""Currents to the ampere: where a sum, a bound or a default decides what a charger or the Multi is told."""

from __future__ import annotations

from math import ceil

import pytest

from gxbridge.core.dvcc.limit.bms_limits import read_bms_limits
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.limit.caps import ccl_caps, observed_caps
from gxbridge.core.dvcc.limit.current import Currents, counts_loads
from gxbridge.core.dvcc.limit.feed_in import feeding_system
from gxbridge.core.dvcc.limit.permissions import given
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import sort_services
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.measurements import dc_loads
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.low_pass import (
    CHARGER_WEIGHT,
    DC_LOADS_WEIGHT,
    VEBUS_WEIGHT,
    advance,
    advance_vebus,
    fed_current,
    low_pass,
)
from gxbridge.core.dvcc.tell.charger_order import clamp
from gxbridge.core.dvcc.tell.multi_orders import left_at_zero, remainder
from gxbridge.core.dvcc.tell.vendor_orders import Shared, other_currents, rs_currents, shared
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Permit, Stop
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
    Items,
    World,
    can_bms,
    charger,
    lynx,
    with_vebus_bms,
)
from tests.core.dvcc.world import multi as multiplus

ALTERNATOR_2 = "com.victronenergy.alternator.ttyUSB1"
RS_2 = "com.victronenergy.multi.can1"
ACSYSTEM = "com.victronenergy.acsystem.can0"
DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB1"
BOTH = pytest.mark.parametrize("options", [Options.strict(), Options.vendor()], ids=["strict", "vendor"])


def feeding_rs(capacity: Value = 25.0, current: Value = -20.0) -> Items:
    """A Multi RS system that may feed in; `current`: + = into the battery (A)."""
    system: Items = {p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: capacity, p.DISCHARGE_SETPOINT: None}
    return system | {p.CURRENT: current}


def rs(limit_a: float = 40.0, current_a: float = 5.0, **changes: Value) -> Items:
    """An inverter/charger."""
    return charger(limit_a, current_a, IS_INVERTER_CHARGER=1) | {getattr(p, key): changes[key] for key in changes}


@pytest.mark.parametrize(
    ("sun", "inverter", "strict", "excess"),
    [(48.0, 0, (42.5, 0), 25.0), (30.0, 0, (42.5, 0), 10.0), (20.26, 0, (42.5, 0), 0.3), (12.0, 8, (35.6, 6.8), 0.0),
     (None, 20, (28.8, 13.6), 0.0)],
    ids=["more than it can push out", "some", "rounded", "nothing to push out", "unknown is nothing"],
)  # fmt: skip
def test_a_feeding_rs_pushes_out_what_the_sun_makes_above_the_limit(
    sun: Value, inverter: float, strict: tuple[float, float], excess: float
) -> None:
    """20 A for the battery and 25 A to push out; `strict` counts the 20 A that leave now, and 2.5 A to grow."""
    for options, told in ((Options.vendor(), (45, inverter)), (Options.strict(), strict)):
        services = {LYNX: lynx(CCL=20.0), SUN: charger(50, 0, CURRENT=sun), RS: rs(), ACSYSTEM: feeding_rs()}
        world = World(services, options)
        world.run(3)
        assert (world.told(SUN), world.told(RS)) == told
        assert world.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == pytest.approx(excess)
    world.set(LYNX, CCL=0.0)
    assert world.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 0, "a stop: nothing more to push out"


@pytest.mark.parametrize("capacity", [None, 0.0, 25.0], ids=["feeds nothing", "is full", "pushes out"])
@pytest.mark.parametrize("made", [0.0, 0.3, 1.0], ids=["dark", "some sun", "exactly all they can"])
@pytest.mark.parametrize(("before", "after"), [(150.0, 120.0), (150.0, 40.0), (60.0, 1.0), (1000.0, 90.0)])
def test_when_the_limit_falls_several_multi_rs_and_solar_chargers_are_told_less_within_a_round(
    capacity: float | None, made: float, before: float, after: float
) -> None:
    limits = {SUN: 50.0, SUN_2: 35.0, RS_2: 40.0, RS: 30.0}
    devices = {name: charger(own, own * made) for name, own in limits.items()}
    for name in (RS, RS_2):
        devices[name] |= {p.IS_INVERTER_CHARGER: 1, p.YIELD_POWER: limits[name] * made * 26.4}
    system = feeding_rs(capacity) | ({p.NO_FEED_IN: 1} if capacity is None else {})
    world = World({LYNX: lynx(CCL=before), ACSYSTEM: system} | devices)
    world.run(30)
    world.set(LYNX, CCL=after)
    world.run(3)
    told = {name: float(world.told(name) or 0) for name in limits}
    assert sum(told.values()) <= after + (capacity or 0.0) + 1e-9
    assert all(0 <= told[name] <= own for name, own in limits.items())
    assert told[RS] + told[RS_2] <= after + 1e-9


@BOTH
def test_a_feeding_rs_pushes_out_nothing_while_pv_is_disabled(options: Options) -> None:
    bms = {LYNX: lynx(CCL=20.0)} if options.strict_sharing else {CAN_BMS: can_bms(CCL=20.0)}
    services = bms | {SUN: charger(50, 30), RS: rs(), ACSYSTEM: feeding_rs()}
    world = World(services | {p.SYSTEM: {p.PV_DISABLE: 1}}, options)
    world.look((p.SYSTEM, p.PV_DISABLE))
    world.run(3)
    assert (world.told(SUN), world.told(RS)) == (0, 0)
    assert world.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 0
    assert "rs-feed-in" not in [cap.name for cap in world.limit("charger", SUN).caps]


def test_inverters_share_nothing_when_the_sun_makes_it_all_and_the_vendor_lets_them_keep_a_little() -> None:
    """C = 80, A = 12, P = (0 - 12) / 68: 10 - 0.17647 x 30 = 4.7, and 2 - 0.17647 x 38 is below 0."""
    for options, told in ((Options.strict(), (0, 0)), (Options.vendor(), (4.7, 0))):
        services = {LYNX: lynx(CCL=20.0), SUN: charger(50, 30), RS_2: rs(40, 10), RS: rs(40, 2)}
        world = World(services | {ACSYSTEM: feeding_rs()}, options)
        world.run(3)
        assert (world.told(RS_2), world.told(RS)) == pytest.approx(told)


def test_an_inverter_charger_is_off_by_its_setting_and_a_solar_charger_by_its_state() -> None:
    for own, state, told in ((40.0, 0, 20), (0.0, 3, None), (0.5, 3, 0.5)):
        world = World({LYNX: lynx(CCL=20.0), RS: rs(own, 0, STATE=state)}, Options.vendor())
        world.run(3)
        assert world.told(RS) == told
    for state, told in ((0, None), (None, 20), (1, 20)):
        world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 0, STATE=state)}, Options.vendor())
        world.run(3)
        assert world.told(SUN) == told


def test_a_charger_whose_state_is_unknown_is_awake_for_the_strict_sharing() -> None:
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 0, STATE=None), SUN_2: charger(50, 0, STATE=0)})
    world.run(3)
    assert (world.told(SUN), world.told(SUN_2)) == (20, 0.1)


@BOTH
@pytest.mark.parametrize("connection", [None, "CAN-bus", "VE.Direct"])
def test_only_a_charger_on_ve_can_gets_its_voltage_another_way(options: Options, connection: Value) -> None:
    services = {LYNX: lynx(), SUN: charger(CONNECTION=connection), SUN_2: charger(CONNECTION="VE.Can")}
    world = World(services, options)
    world.run(3)
    assert world.written(p.CHARGE_VOLTAGE) == {SUN: 27.4}


def test_nobody_is_told_more_than_its_own_limit_or_less_than_nothing() -> None:
    assert [clamp(50, current) for current in (-0.5, 0.0, 0.5, 50.0, 50.5)] == [0, 0, 0.5, 50, 50]
    assert [clamp(None, current) for current in (-0.5, 60.0)] == [0, 60]


def test_an_alternator_gets_nothing_when_the_sun_makes_more_than_the_limit() -> None:
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 30), ALTERNATOR: charger(40, 5)}, Options.vendor())
    world.run(3)
    assert world.told(ALTERNATOR) == 0
    small = World({LYNX: lynx(CCL=20.0), ALTERNATOR: charger(1, 0)}, Options.vendor())
    small.run(3)
    assert small.told(ALTERNATOR) == 1


def test_an_alternator_that_does_not_measure_makes_nothing_for_the_strict_sharing() -> None:
    services = {LYNX: lynx(CCL=10.0), ALTERNATOR: charger(40, 0, CURRENT=None), ALTERNATOR_2: charger(40, 10)}
    world = World(services)
    world.run(3)
    assert (world.told(ALTERNATOR), world.told(ALTERNATOR_2)) == (0, 10)


@pytest.mark.parametrize(("makes", "told"), [(12.0, 18.0), (0.5, 29.5), (-3.0, 30.0), (90.0, 0.0)])
def test_what_a_charger_makes_that_cannot_be_told_is_taken_off_the_strict_limit(makes: float, told: float) -> None:
    deaf = {name: value for name, value in charger(60, makes).items() if name != p.CHARGE_CURRENT}
    world = World({LYNX: lynx(CCL=30.0), SUN: charger(50, 10), ALTERNATOR: deaf})
    world.run(3)
    assert world.told(SUN) == told
    left_by = " left by SmartSolar" if told < 30 else ""
    said = f"Charge current {told:g} A: its share of {told:g} A{left_by}."
    assert world.limit("charger", SUN).sentence.startswith(said)
    assert set(world.written(p.CHARGE_CURRENT)) == {SUN}


def test_what_a_charger_of_another_network_makes_does_not_count() -> None:
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 10, N2K_INSTANCE=1), SUN_2: charger(50, 0)})
    world.run(3)
    assert world.written(p.CHARGE_CURRENT) == {SUN_2: 20}


def test_what_the_dc_system_draws() -> None:
    systems: dict[str, Items] = {DCSYSTEM: {p.POWER: 525.0}, DCSYSTEM + "0": {p.POWER: None}}
    assert dc_loads(sort_services(systems), 50.0) == 10.5
    assert dc_loads(sort_services(systems), None) is None
    assert dc_loads(sort_services(systems), 0.0) is None
    assert dc_loads(sort_services({}), 50.0) is None


@pytest.mark.parametrize(("ccl", "told"), [(20.0, 30.5), (0.0, 0.0), (-1.0, 0.0), (-5.0, 0.0)])
def test_dc_loads_are_added_to_the_decimal_but_never_to_nothing(ccl: float, told: float) -> None:
    for options in (Options.strict(), Options.vendor()):
        loads: Items = {p.POWER: 525.0}
        world = World({CAN_BMS: can_bms(CCL=ccl, VOLTAGE=50.0), SUN: charger(50, 0), DCSYSTEM: loads}, options)
        world.run(90)
        assert world.told(SUN) == (told if options.strict_sharing or not told else 31)


def test_a_dc_system_that_feeds_takes_its_part_and_leaves_no_limit_below_zero() -> None:
    services = {CAN_BMS: can_bms(CCL=5.0, VOLTAGE=50.0), SUN: charger(50, 0), MULTI: multiplus(),
                DCSYSTEM: {p.POWER: -525.0}}  # fmt: skip
    for options, share in ((Options.strict(), "0 A"), (Options.vendor(), "-5.5 A")):
        world = World({name: dict(items) for name, items in services.items()}, options)
        world.run(90)
        assert (world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)
        assert world.limit("charger", SUN).sentence.startswith(f"Charge current 0 A: its share of {share}.")
        assert f"of {share}" in world.limit("multi", MULTI).sentence


@pytest.mark.parametrize(
    ("ccl", "multi_a", "sun", "alternator"),
    [(0.0, -20.0, 0, 0), (1.0, -20.0, 21, 21), (1.0, 0.0, 1, 1), (20.0, 20.0, 20, 20), (20.0, -0.4, 21, 21)],
    ids=["0 A stops all", "loads of the Multi", "no loads", "a Multi that charges takes nothing away", "small loads"],
)
def test_a_lynx_that_says_zero_stops_all_and_else_the_multis_loads_are_fed(
    ccl: float, multi_a: float, sun: float, alternator: float
) -> None:
    services = {LYNX: lynx(CCL=ccl), SUN: charger(50, 0), ALTERNATOR: charger(60, 0), MULTI: multiplus(CURRENT=multi_a)}
    world = World(services, Options.vendor())
    world.run(90)
    assert (world.told(SUN), world.told(ALTERNATOR)) == (sun, alternator)


def test_small_loads_of_the_multi_are_fed_in_the_strict_profile_too() -> None:
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 0), MULTI: multiplus(CURRENT=-0.5)})
    world.run(90)
    assert world.told(SUN) == pytest.approx(20.5, abs=0.11)


@pytest.mark.parametrize(("user", "told"), [(-1.0, 27.4), (0.0, 27.4), (1.0, 1.0), (27.0, 27.0)])
def test_a_voltage_limit_of_the_user_is_one_above_zero(user: float, told: float) -> None:
    world = World({LYNX: lynx(), SUN: charger()}, Options.vendor(), {p.SET_DVCC: 1, p.SET_MAX_VOLTAGE: user})
    world.run(3)
    assert world.told(SUN, p.CHARGE_VOLTAGE) == told


def test_a_limit_that_is_not_known_is_zero_and_says_so() -> None:
    world = World({LYNX: lynx(CCL=None), SUN: charger(), MULTI: multiplus()})
    world.run(3)
    assert (world.limit("CCL").value, world.limit("CCL").caps[0].name) == (0, "ccl-unknown")
    world.set(LYNX, ALLOW_DISCHARGE=0)
    assert (world.limit("DCL").value, world.limit("DCL").caps[0].name) == (0, "discharge-refused")


@pytest.mark.parametrize(
    ("allowed", "name"), [(1, "vebus-allowed"), (0, "vebus-refused"), (None, "vebus-unknown"), (7, "vebus-unknown")]
)
def test_what_a_vebus_bms_says_is_allowed_refused_or_unknown(allowed: Value, name: str) -> None:
    world = World({SUN: charger(), MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=allowed)})
    world.run(3)
    assert world.limit("CCL").caps[0].name == name
    assert world.limit("CCL").value == (10000 if allowed == 1 else 0)
    assert world.limit("DCL").value is None
    assert world.limit("DCL").caps[0].name == "no-vebus-limit"
    vendor = World({SUN: charger(), MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=allowed)}, Options.vendor())
    vendor.run(3)
    assert vendor.limit("CCL").value == (0 if allowed == 0 else 10000), "unknown is permission there"


def test_a_refused_voltage_names_the_multi_that_asked_for_it_or_nobody() -> None:
    asks = {SUN: charger(VOLTAGE=26.0), MULTI: multiplus(HUB_VOLTAGE=90.0)}
    world = World(asks, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30})
    world.run(3)
    assert (world.limit("CCL").caps[0].name, world.limit("CCL").caps[0].source) == ("led-refused", MULTI)
    own = World({SUN: charger(VOLTAGE=26.0), MULTI_RS: rs(SETPOINT=90.0, N2K_INSTANCE=0)})
    own.run(3)
    assert (own.limit("CCL").caps[0].name, own.limit("CCL").caps[0].source) == ("led-refused", "")


def test_the_low_passes_and_what_they_are_fed() -> None:
    """Weights of 20 and 30 s; an inverter/charger's sun counts where it makes more than the DC current."""
    weights = (CHARGER_WEIGHT, VEBUS_WEIGHT, DC_LOADS_WEIGHT)
    assert weights == pytest.approx((0.31415926536, 0.20943951024, 0.31415926536))
    assert low_pass(10.0, 20.0, 0.3) == 13.0
    solar = Charger(SUN, p.SOLAR, {p.CURRENT: 10.0, p.YIELD_POWER: 528.0, p.VOLTAGE: 26.4})
    assert advance({SUN: 0.0}, [solar]) == {SUN: pytest.approx(3.1415926536)}
    for current, fed in ((2.0, 3.75), (None, None), (5.0, 5.0)):
        assert fed_current(Charger(RS, p.INVERTER, {p.CURRENT: current, p.YIELD_POWER: 99.0, p.VOLTAGE: 26.4})) == fed


@pytest.mark.parametrize(
    ("current", "own", "fed"),
    [(-10.0, 3.0, -3.0), (-0.8, 0.5, -0.5), (-2.0, 3.0, -2.0), (None, 3.0, 0.0), (7.0, 3.0, 7.0)],
    ids=["no more than all can make", "however little", "what it takes", "unknown", "charging"],
)
def test_what_the_multis_low_pass_is_fed(current: Value, own: float, fed: float) -> None:
    installation = sort_services({SUN: charger(own, 0), SUN_2: charger(0, 0, CHARGE_LIMIT_SETTING=None), MULTI: {}})
    system = VebusSystem(MULTI, p.VEBUS, multiplus(CURRENT=current))
    assert advance_vebus(1.0, installation, system) == pytest.approx(1.0 + (fed - 1.0) * 0.20943951024)
    assert advance_vebus(1.0, installation, None) == pytest.approx(1.0 - 0.20943951024)


def seen(services: dict[str, Items], options: Options) -> Inputs:
    """What is looked at."""
    return read_inputs(Snapshot(services, options=options))


def test_what_chargers_got_of_a_limit() -> None:
    def got(limit_a: float, *amps: float) -> Shared:
        names = [f"com.victronenergy.solarcharger.{place}" for place in range(len(amps))]
        chargers = [Charger(n, p.SOLAR, charger(a, a, CHARGE_CURRENT=a)) for n, a in zip(names, amps, strict=True)]
        return shared(chargers, limit_a, dict(zip(names, amps, strict=True)))

    assert got(5.0) == ([], 0.0)
    one = got(12.2, 50.0)
    assert ([order.current_a for order in one.orders], one.given_a) == ([13.0], 12.2), "rounded up, but not given more"
    assert one.orders[0].extra_a == 0
    assert got(100.0, 50.0, 20.0).given_a == 70.0
    flat_out = got(20.0, 35.5, 10.5)
    assert ([order.current_a for order in flat_out.orders], flat_out.given_a) == ([None, None], 20.0)


def test_a_genset_whose_own_limit_is_unknown_has_no_part_of_what_is_left() -> None:
    for own, told in ((None, 15.0), (10.0, 11.25), (0.0, 15.0)):
        services = {ALTERNATOR: charger(30, 0), GENSET: charger(0, 0, CHARGE_LIMIT_SETTING=own)}
        (found, _) = other_currents(seen(services, Options.vendor()), Currents(15.0, 15.0, False, ()), {})
        assert found.current_a == pytest.approx(told)


def test_to_which_limits_loads_are_added() -> None:
    ordinary, stopping = seen({CAN_BMS: can_bms()}, Options.vendor()), seen({LYNX: lynx()}, Options.vendor())
    assert [counts_loads(ordinary, limit) for limit in (None, -5.0, 0.0, 0.5, 5.0)] == [False, False, False, True, True]
    assert not counts_loads(stopping, 5.0)
    assert not Currents(1.0, 1.0, False, ()).dark


@pytest.mark.parametrize(
    ("connected", "own", "told"), [(1, 70, 30), (0, 70, None), (None, 70, None), (2, 70, None), (1, None, None)]
)
def test_only_a_multi_whose_system_is_connected_is_told_without_a_bms(
    connected: Value, own: Value, told: Value
) -> None:
    services = {SUN: charger(50, 0), MULTI: multiplus(CONNECTED=connected, MULTI_CHARGE_CURRENT=own)}
    world = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30})
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT).get(MULTI) == told


def test_a_permission_at_terminals_leaves_the_multis_own_setting() -> None:
    allowed = Permit("x", "", 0.0, "allowed")
    plain, permitted = (
        read_inputs(Snapshot({MULTI: multiplus()}, charge_permits=permits)) for permits in ((), (allowed,))
    )
    assert [remainder(plain, limit, {}, 26.0, ()) for limit in (10000.0, 10001.0, 50.0)] == [10000, 10000, 50]
    assert [remainder(permitted, limit, {}, 26.0, ()) for limit in (10000.0, 10001.0, 50.0)] == [None, None, 50]
    for own, zero in ((0, True), (0.0, True), (-1, False), (1, False), (None, False)):
        inputs = read_inputs(Snapshot({MULTI: multiplus(MULTI_CHARGE_CURRENT=own)}, charge_permits=(allowed,)))
        assert left_at_zero(inputs) == zero
        assert not left_at_zero(plain)


@pytest.mark.parametrize("source", ["a", MULTI, "com.victronenergy.vebus.z"])
def test_a_stop_counts_once_and_only_what_is_read_from_the_vebus_bms_itself_is_not_said_again(source: str) -> None:
    stop = Stop(source, "", 0.0, "stop")
    for multi, again in (
        (with_vebus_bms(BMS_ALLOW_CHARGE=0), source != MULTI),
        (with_vebus_bms(BMS_ALLOW_CHARGE=1), True),
        (multiplus(BMS_ALLOW_CHARGE=0), True),
    ):
        inputs = read_inputs(Snapshot({MULTI: multi}, charge_stops=(stop,)))
        caps = ccl_caps(inputs, read_bms_limits(inputs, 0.0), CapHistory(0.0, {}), frozenset(), None)
        assert ("other-stop" in [cap.name for cap in caps.limit.caps]) == again
        assert caps.limit.value == 0


def test_a_refusal_to_discharge_is_obeyed_by_a_vebus_system_and_else_observed() -> None:
    for source, name in ((MULTI, "obeyed"), ("com.victronenergy.zzz.a", "observed"), (LYNX, "observed")):
        (cap,) = observed_caps([Stop(source, "", 5.0, "stop")])
        assert (cap.name, cap.since, cap.value) == (f"discharge-{name}", 5.0, None)


@pytest.mark.parametrize(("user", "told"), [(0.0, 0), (0.5, 0), (30.0, 30), (-1.0, 10000)])
def test_a_multi_that_is_let_go_gets_the_users_limit(user: float, told: float) -> None:
    world = World({SUN: charger(BMS_PRESENT=1), MULTI: multiplus(MULTI_CHARGE_CURRENT=0)}, settings={p.SET_DVCC: 1})
    world.settings[p.SET_MAX_CURRENT] = user
    allowed = (Permit("x", "", 0.0, "allowed"),)
    world.snapshot = lambda: Snapshot(world.services, world.settings, options=world.options, charge_permits=allowed)
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: told}


def test_a_discharge_limit_of_an_inverter_does_not_raise_the_multi() -> None:
    world = World({SUN: charger(50, 0), RS: rs(), MULTI: multiplus()}, Options.vendor())
    world.services[RS][p.DISCHARGE_CURRENT] = None
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}
    world.services[CAN_BMS] = can_bms(CCL=None)
    world.run(3)
    assert world.written(p.DISCHARGE_CURRENT) == {RS: 150}
    del world.services[CAN_BMS]
    world.run(3)
    assert not world.written(p.MULTI_CHARGE_CURRENT), "it was told that there is no limit, and nothing else since"


@pytest.mark.parametrize(
    ("instance", "no_feed_in", "capacity", "feeds"),
    [(0, 0, 5.0, True), (0, 0, 0.0, True), (1, 0, 5.0, False), (0, 1, 5.0, False), (0, -1, 5.0, False),
     (0, None, 5.0, False), (0, 0, None, False), (1, 1, 5.0, False), (1, 0, None, False), (None, 0, 5.0, False)],
)  # fmt: skip
def test_when_a_multi_rs_feeds_in(instance: Value, no_feed_in: Value, capacity: Value, feeds: bool) -> None:
    system: Items = {p.DEVICE_INSTANCE: instance, p.NO_FEED_IN: no_feed_in, p.DISCHARGE_CAPACITY: capacity}
    assert (feeding_system(seen({ACSYSTEM: system}, Options.vendor())) is not None) == feeds


@BOTH
@pytest.mark.parametrize(("capacity", "told"), [(25.0, 45), (0.5, 20.5), (0.0, 20), (-5.0, 20)])
def test_what_a_feeding_rs_can_push_out_is_never_less_than_nothing(
    options: Options, capacity: float, told: float
) -> None:
    services = {LYNX: lynx(CCL=20.0), SUN: charger(50, 0), ACSYSTEM: feeding_rs(capacity, -30.0)}
    world = World(services, options)
    world.run(3)
    assert world.told(SUN) == (told if options.strict_sharing else ceil(told))


def test_the_sun_of_a_feeding_rs_is_shared_by_what_is_made() -> None:
    """25 A: 20 A that are made, and of the other 5 A each its part of the room of 30 A and 50 A."""
    services = {LYNX: lynx(CCL=20.0), SUN: charger(50, 20), SUN_2: charger(50, 0), ACSYSTEM: feeding_rs(5.0)}
    world = World(services)
    world.run(3)
    assert (world.told(SUN), world.told(SUN_2)) == (21.8, 3.1)


def test_what_an_rs_pushes_out_is_what_is_known_to_be_made() -> None:
    inputs = seen({ACSYSTEM: feeding_rs(25.0)}, Options.strict())
    sun, inverter = (Charger(name, kind, charger(50, 0)) for name, kind in ((SUN, p.SOLAR), (RS, p.INVERTER)))
    system = inputs.installation.rs_systems[0]
    for smoothed, rest, excess in (({}, 20.0, 0.0), ({SUN: 12.0}, 8.0, 0.0), ({SUN: 30.0}, 0.0, 10.0)):
        told, writes = rs_currents(system, [sun, inverter], 20.0, smoothed, pv_off=False)
        assert [(one.charger.name, one.current_a, one.extra_a) for one in told] == [(SUN, 45.0, 25.0), (RS, rest, 0.0)]
        assert [write.value for write in writes] == [excess]


def test_a_limit_that_was_told_before_is_told_again_while_a_charger_remembers_a_bms() -> None:
    world = World({SUN: charger(BMS_PRESENT=1), MULTI: multiplus()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30})
    allowed = (Permit("x", "", 0.0, "allowed"),)
    world.snapshot = lambda: Snapshot(world.services, world.settings, options=world.options, charge_permits=allowed)
    world.memory = world.memory.but(limited=True)
    for _ in range(2):
        world.run(3)
        assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 30}


def test_a_limit_of_0_a_is_a_stop_for_the_multi_also_where_loads_may_be_fed() -> None:
    for ccl, name in ((0.0, "stopped"), (1.0, "multi-rest"), (-1.0, "multi-rest"), (-5.0, "multi-rest")):
        world = World({CAN_BMS: can_bms(CCL=ccl), SUN: charger(), MULTI: multiplus()}, Options.vendor())
        world.run(3)
        assert world.limit("multi", MULTI).caps[0].name == name
    assert not Decision().round_done


def test_permissions_of_another_bms_are_forgotten() -> None:
    inputs = seen({LYNX: lynx(ALLOW_DISCHARGE=None)}, Options.strict())
    old, new = ("old", p.ALLOW_CHARGE), (LYNX, p.ALLOW_CHARGE)
    assert given(inputs, frozenset({old})) == {new}
    assert given(inputs, frozenset({old, new})) == {new}
    silent = seen({LYNX: lynx(ALLOW_CHARGE=None, ALLOW_DISCHARGE=None)}, Options.strict())
    assert given(silent, frozenset({old})) == set()
    assert given(seen({}, Options.strict()), frozenset({old})) == {old}


def test_a_cap_has_its_value_since_it_was_last_another() -> None:
    first = CapHistory(5.0, {})
    first.cap("bms-ccl", 40.0, "A", "b", p.CCL, bms="Lynx")
    for value, since in ((40.0, 5.0), (30.0, 9.0), (50.0, 9.0), (None, 9.0)):
        history = CapHistory(9.0, first.fresh)
        assert history.cap("bms-ccl", value, "A", "b", p.CCL, bms="Lynx")[6] == since
    renamed = CapHistory(9.0, first.fresh).cap("bms-ccl", 40.0, "A", "b", p.CCL, bms="House")
    assert (renamed.since, renamed.text) == (5.0, "said by the House")


def test_loads_that_were_added_are_not_added_to_a_limit_that_ends() -> None:
    services = {CAN_BMS: can_bms(CCL=20.0, VOLTAGE=50.0), SUN: charger(50, 0), DCSYSTEM: {p.POWER: 525.0}}
    world = World(services, Options.vendor())
    world.run(90)
    assert world.told(SUN) == 31
    for ccl in (0.0, -0.5, -5.0):
        world.set(CAN_BMS, CCL=ccl)
        world.run(3)
        assert world.told(SUN) == 0
