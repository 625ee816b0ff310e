"""Several batteries: every live BMS of the bank limits and stops, with named exceptions."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import LYNX, MULTI, SUN, Items, World, charger, lynx, multi

SECOND = "com.victronenergy.battery.socketcan_can0_vi1_uc2"
TOTAL = "com.victronenergy.battery.lynxparallel0"
AGGREGATE = "com.victronenergy.battery.aggregate"


def total(**changes: Value) -> Items:
    """The vendor's totals: no permission of its own in any recording."""
    items = lynx(
        PRODUCT_ID=0xA3E3, PRODUCT_NAME="Lynx Smart BMS Totals", CONNECTION="Virtual", DEVICE_INSTANCE=0, CCL=90.0
    )
    for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE):
        del items[path]
    return items | {getattr(p, name): value for name, value in changes.items()}


def member(instance: int, name: str = "", **changes: Value) -> Items:
    return lynx(DEVICE_INSTANCE=instance, CUSTOM_NAME=name or f"Bank {instance}", N2K_INSTANCE=0, **changes)


def world(options: Options | None = None, settings: dict[str, Value] | None = None, **batteries: Items) -> World:
    names = {"first": LYNX, "second": SECOND, "total": TOTAL, "aggregate": AGGREGATE}
    services = {names[name]: items for name, items in batteries.items()}
    made = World(services | {SUN: charger(100.0), MULTI: multi()}, options or Options(), settings or {p.SET_DVCC: 1})
    made.run(3)
    return made


def test_a_second_battery_that_refuses_stops_everybody_and_is_named() -> None:
    made = world(first=member(1), second=member(2, ALLOW_CHARGE=0))
    assert (made.told(SUN), made.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)
    assert made.limit("CCL").sentence.startswith("CCL 0 A: charging is refused by the Bank 2")


@pytest.mark.parametrize(
    ("changes", "limit", "value"),
    [
        ({"CCL": 30.0}, "CCL", 30.0),
        ({"CVL": 27.0}, "CVL", 27.0),
        ({"DCL": 70.0}, "DCL", 70.0),
        ({"ALLOW_DISCHARGE": 0}, "DCL", 0.0),
        ({"ALLOW_DISCHARGE": None}, "DCL", None),
        ({"DCL": None}, "DCL", None),
        ({"ALLOW_CHARGE": None}, "CCL", 0.0),
        ({"ALLOW_CHARGE": 2}, "CCL", 0.0),
        ({"CCL": None}, "CCL", 0.0),
        ({"CVL": None}, "CCL", 0.0),
        ({"CVL": 57.0}, "CCL", 0.0),
    ],
)
def test_the_strictest_word_of_two_batteries_counts(changes: Items, limit: str, value: Value) -> None:
    made = world(first=member(1, DCL=100.0), second=member(2, **changes))
    assert made.limit(limit).value == value
    alone = world(first=member(1, DCL=100.0))
    assert alone.limit(limit).value not in (value, None)


def test_what_another_battery_takes_back_is_written_at_once() -> None:
    made = world(first=member(1), second=member(2))
    for change in ({p.CCL: 20.0}, {p.ALLOW_CHARGE: 0}):
        made.services[SECOND] |= change
        made.run(1)
        assert made.told(SUN) == min(20.0, 0.0 if p.ALLOW_CHARGE in change else 20.0)


def test_a_bms_with_a_lower_instance_takes_nothing_over() -> None:
    made = world(first=member(5, ALLOW_CHARGE=0))
    made.services[SECOND] = member(1)
    made.run(3)
    assert made.told(SUN) == 0


@pytest.mark.parametrize(
    ("second", "options", "left_out"),
    [
        (member(2, ALLOW_CHARGE=0, NOMINAL_VOLTAGE=12, CVL=14.2), Options(), "another nominal voltage"),
        (member(2, ALLOW_CHARGE=0, NOMINAL_VOLTAGE=None, CVL=14.2), Options(), "another nominal voltage"),
        (member(2, ALLOW_CHARGE=0), Options(other_banks=("2",)), "another bank"),
        (member(2, ALLOW_CHARGE=0, SERIAL="0000002 HQ1"), Options(other_banks=("HQ1",)), "another bank"),
        (member(2, ALLOW_CHARGE=0) | {p.N2K_INSTANCE: 1}, Options(), "another N2K device instance"),
        (member(2, ALLOW_CHARGE=0, CONNECTION="Virtual"), Options(), "virtual copy"),
    ],
    ids=["nominal voltage", "by its charge voltage", "by instance", "by serial", "network", "virtual"],
)
def test_a_battery_that_is_another_bank_neither_limits_nor_stops_and_is_named(
    second: Items, options: Options, left_out: str
) -> None:
    made = world(options, first=member(1), second=second)
    assert made.told(SUN) == 100
    (finding,) = (finding for finding in made.decision.findings if finding.id == "battery-left-out")
    assert left_out in finding.text


def test_a_nominal_voltage_that_is_unknown_counts_as_the_same() -> None:
    assert world(first=member(1), second=member(2, ALLOW_CHARGE=0, NOMINAL_VOLTAGE=None, CVL=None)).told(SUN) == 0
    assert world(first=member(1), second=member(2, ALLOW_CHARGE=0) | {p.N2K_INSTANCE: None}).told(SUN) == 0


def test_a_glitch_of_the_charge_voltage_takes_no_battery_out_of_its_bank() -> None:
    made = world(first=member(1), second=member(2, ALLOW_CHARGE=0, NOMINAL_VOLTAGE=None))
    made.services[SECOND][p.CVL] = 14.2
    made.run(3)
    assert made.told(SUN) == 0


def test_a_battery_of_another_bank_is_never_in_control() -> None:
    made = world(Options(other_banks=("2",)), first=member(5), second=member(2))
    assert made.decision.bms_service == LYNX
    del made.services[LYNX]
    made.run(3)
    assert (made.decision.bms_state, made.told(SUN)) == ("silent", 0)
    waiting = world(Options(other_banks=("2",)), second=member(2, CVL=None))
    assert (waiting.decision.bms_state, waiting.told(SUN)) == ("none", None)


def test_a_virtual_copy_is_in_control_only_where_it_is_alone_or_chosen() -> None:
    copy = member(1, CONNECTION="Virtual")
    assert world(first=member(2), second=copy).decision.bms_service == LYNX
    assert world(second=copy).decision.bms_service == SECOND
    chosen = world(settings={p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 1}, first=member(2, CCL=30.0), second=copy)
    assert (chosen.decision.bms_service, chosen.told(SUN)) == (SECOND, 30)


# --- Lynx in parallel ------------------------------------------------------------------------------------------------


def test_lynx_in_parallel_charge_by_their_total_and_the_members_permission() -> None:
    made = world(total=total(), first=member(1, CCL=50.0), second=member(2, CCL=50.0))
    assert (made.decision.bms_service, made.limit("CCL").value, made.limit("DCL").value) == (TOTAL, 90, 1200)
    assert made.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 1200
    assert not made.findings()


@pytest.mark.parametrize("state", [9, 10, 11, 13, 99, None])
def test_a_member_that_refuses_stops_the_bank(state: Value) -> None:
    made = world(total=total(), first=member(1), second=member(2, ALLOW_CHARGE=0, STATE=state))
    assert made.told(SUN) == 0
    assert "charging is refused by the Bank 2" in made.limit("CCL").sentence


@pytest.mark.parametrize("state", [0, 8, 12, 14, 15, 16, 17, 18])
def test_a_member_on_its_way_in_or_out_neither_stops_nor_grants(state: Value) -> None:
    second = member(2, ALLOW_CHARGE=0, ALLOW_DISCHARGE=0, STATE=state)
    assert world(total=total(), first=member(1), second=second).told(SUN) == 90
    second |= {p.ALLOW_CHARGE: 1}
    alone = world(total=total(), second=second)
    assert alone.told(SUN) == 0
    alone.run(9)
    assert "no-member-allows" in alone.findings()


def test_a_member_whose_contactor_is_known_to_be_open_neither_stops_nor_grants() -> None:
    second = member(2, ALLOW_CHARGE=0) | {p.CONTACTOR_CLOSED: 0}
    assert world(total=total(), first=member(1), second=second).told(SUN) == 90
    assert world(total=total(), second=second | {p.ALLOW_CHARGE: 1}).told(SUN) == 0


@pytest.mark.parametrize("state", [0, 8, 12, 14, 15, 16, 17, 18])
def test_only_a_lynx_is_out_of_its_bank_by_its_state(state: Value) -> None:
    second = member(2, ALLOW_CHARGE=0, STATE=state) | {p.PRODUCT_ID: 0xB014}
    assert world(first=member(1), second=second).told(SUN) == 0
    assert world(first=member(1), second=second | {p.ALLOW_CHARGE: 1, p.CCL: 30.0}).told(SUN) == 30


@pytest.mark.parametrize("word", [None, 2, "no"])
def test_a_member_whose_permission_is_unknown_is_no_permission(word: Value) -> None:
    made = world(total=total(), first=member(1), second=member(2, ALLOW_CHARGE=word))
    assert made.told(SUN) == 0
    made.run(9)
    assert "charge-unknown" in made.findings()


def test_a_total_none_of_whose_members_is_there_allows_nothing() -> None:
    made = world(total=total())
    assert (made.told(SUN), made.told(MULTI, p.BOL_DISCHARGE_CURRENT)) == (0, None)
    made.run(9)
    assert "no-member-allows" in made.findings()
    elsewhere = world(total=total(), second=member(2) | {p.N2K_INSTANCE: 1})
    assert elsewhere.told(SUN) == 0, "of another network"


def test_a_member_that_vanishes_while_granting_leaves_the_word_to_the_others() -> None:
    made = world(total=total(), first=member(1), second=member(2))
    del made.services[SECOND]
    made.run(3)
    assert made.told(SUN) == 90
    assert not made.findings(), "its driver may be starting again"
    made.run(30)
    assert set(made.findings()) == {"battery-gone"}
    made.services[SECOND] = member(2)
    made.run(3)
    assert not made.findings()


def test_a_member_that_vanished_while_refusing_still_stops() -> None:
    made = world(total=total(), first=member(1), second=member(2, ALLOW_CHARGE=0))
    del made.services[SECOND]
    made.run(60)
    assert made.told(SUN) == 0
    assert "battery-gone" in made.findings()
    made.services[SECOND] = member(2)
    made.run(3)
    assert made.told(SUN) == 90


def test_a_battery_that_changes_its_service_is_not_gone() -> None:
    made = world(first=member(1), second=member(2, ALLOW_CHARGE=0, SERIAL="0000002 HQ1"))
    made.services["com.victronenergy.battery.other"] = made.services.pop(SECOND) | {p.ALLOW_CHARGE: 1}
    made.run(3)
    assert made.told(SUN) == 100
    assert "battery-gone" not in made.findings()


def test_a_member_that_was_out_of_the_bank_may_go() -> None:
    made = world(total=total(), first=member(1), second=member(2, ALLOW_CHARGE=0, STATE=14))
    del made.services[SECOND]
    made.run(3)
    assert (made.told(SUN), made.findings()) == (90, set())


def test_a_member_that_is_chosen_limits_by_its_own_current_too() -> None:
    settings: dict[str, Value] = {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 1}
    made = world(settings=settings, total=total(), first=member(1, CCL=50.0), second=member(2, CCL=40.0))
    assert (made.decision.bms_service, made.told(SUN)) == (LYNX, 50)
    made.services[SECOND][p.ALLOW_CHARGE] = 0
    made.run(3)
    assert made.told(SUN) == 0


def test_an_aggregate_stands_for_the_limits_of_its_batteries() -> None:
    whole = lynx(PRODUCT_ID=0xB034, PRODUCT_NAME="Aggregate", DEVICE_INSTANCE=0, CCL=90.0)
    settings: dict[str, Value] = {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 0}
    parts = {"first": member(1, CCL=50.0), "second": member(2, CCL=50.0)}
    made = world(settings=settings, aggregate=whole, **parts)
    assert (made.decision.bms_service, made.told(SUN)) == (AGGREGATE, 90)
    made.services[SECOND][p.ALLOW_CHARGE] = 0
    made.run(3)
    assert made.told(SUN) == 0
    named = Options(aggregates=("7",))
    settings[p.SET_BMS_INSTANCE] = 7
    made = world(named, settings, first=member(1, CCL=50.0), second=member(2, CCL=50.0))
    made.services["com.victronenergy.battery.sum"] = member(7, CCL=90.0) | {p.PRODUCT_ID: 0xB034}
    made.run(3)
    assert made.limit("CCL").value == 90
