"""Words that hold although nobody says them, one by one: whose they are, what takes them back, how many are kept."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.held import (
    CountingServices,
    Held,
    PermissionStatement,
    held_findings,
    identified,
    keep,
    marked,
    read_permissions,
    recall,
    same,
    update_held,
    with_held,
)
from gxbridge.core.dvcc.read.devices.services import Device
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.remembered import Latch
from tests.core.dvcc.world import LYNX, MULTI, SUN, lynx

BATTERY = "com.victronenergy.battery.x"
REFUSED, GAVE, GAVE_DISCHARGE = "refused-charge", "gave-charge", "gave-discharge"


def says(value: Value, subject: str = "uc7", what: str = "charge") -> PermissionStatement:
    """What somebody says."""
    path = p.ALLOW_CHARGE if what == "charge" else p.ALLOW_DISCHARGE
    return PermissionStatement(
        Device(BATTERY, p.BATTERY, {}), subject, what, path, value, value is None, value in (0, 1)
    )


def test_two_subjects_are_one_if_they_share_a_word() -> None:
    assert same("uc7 HQ1", "HQ1")
    assert not same("uc7 HQ1", "uc77 HQ")
    assert identified("uc7 HQ1")
    assert not identified(BATTERY)
    held = Held(((REFUSED, "uc7 HQ1"), (GAVE, "uc8")))
    assert held.holds(REFUSED, "HQ1")
    assert not held.holds(GAVE, "HQ1")
    assert not held.holds(REFUSED, "uc8")
    for name in ("refused-a", "refused-z"):
        assert not Held(((name, "uc7"),)).holds(REFUSED, "uc7")


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ((), [says(1)], ((GAVE, "uc7"),)),
        ((), [says(0)], ((GAVE, "uc7"), (REFUSED, "uc7"))),
        ((), [says(0.0)], ((GAVE, "uc7"), (REFUSED, "uc7"))),
        ((), [says(0, what="discharge")], ((GAVE_DISCHARGE, "uc7"),)),
        ((), [says(None), says(2), says(-1), says(0.5)], ()),
        (((REFUSED, "uc7"),), [says(None), says(2), says(-1)], ((REFUSED, "uc7"),)),
        (((REFUSED, "uc7"),), [says(1)], ((GAVE, "uc7"),)),
        (((REFUSED, "uc7"),), [says(1.0)], ((GAVE, "uc7"),)),
        (((REFUSED, "uc7"),), [says(1, what="discharge")], ((REFUSED, "uc7"), (GAVE_DISCHARGE, "uc7"))),
        (((REFUSED, "uc1"), (REFUSED, "uc9")), [says(1)], ((REFUSED, "uc1"), (REFUSED, "uc9"), (GAVE, "uc7"))),
        ((("refused-z", "uc7"), (REFUSED, "uc7")), [says(1)], (("refused-z", "uc7"), (GAVE, "uc7"))),
        ((), [says(0), says(1)], ((GAVE, "uc7"), (REFUSED, "uc7"))),
        ((), [says(1), says(0)], ((GAVE, "uc7"), (REFUSED, "uc7"))),
    ],
)
def test_what_holds_after_a_word(
    before: tuple[tuple[str, str], ...], said: list[PermissionStatement], after: tuple[tuple[str, str], ...]
) -> None:
    assert update_held(Held(before), said, {}).words == after


def test_who_is_known_by_more_words_is_known_by_the_last_three() -> None:
    one = marked((), REFUSED, "uc7")
    assert marked(one, REFUSED, "uc7") is one
    assert marked(one, REFUSED, "uc7 A") == ((REFUSED, "uc7 A"),)
    two = marked((("z", "uc7"), ("a", "uc7"), (REFUSED, "uc1"), (REFUSED, "uc7 A")), REFUSED, "A B")
    assert two == (("z", "uc7"), ("a", "uc7"), (REFUSED, "uc1"), (REFUSED, "uc7 A B"))
    assert marked(two, REFUSED, "B C")[-1] == (REFUSED, "A B C")
    assert marked(two, REFUSED, "B") is two
    apart = ((REFUSED, "uc7"), (REFUSED, "A"))
    assert marked(apart, REFUSED, "uc7 A") == ((REFUSED, "uc7 A"),), "two that were one all the time"


def test_200_words_and_limits_are_kept_and_the_oldest_go_first() -> None:
    words = tuple((REFUSED, f"uc{number}") for number in range(200))
    assert marked(words, REFUSED, "more") == (*words[1:], (REFUSED, "more"))
    names = [f"com.victronenergy.solarcharger.{number}" for number in range(201)]
    limits = {name: {p.CHARGE_LIMIT_SETTING: 5.0} for name in names}
    assert list(update_held(Held(), (), limits).own_limits) == names[1:]


def test_a_chargers_own_limit_is_the_last_that_it_said() -> None:
    def limits(before: Held, value: Value, name: str = SUN) -> dict[str, float]:
        return dict(update_held(before, (), {name: {p.CHARGE_LIMIT_SETTING: value}}).own_limits)

    before = Held((), {SUN: 30.0})
    assert [limits(before, value) for value in (20, 40, 0, None, "5")] == [
        {SUN: 20},
        {SUN: 40},
        {SUN: 0},
        {SUN: 30.0},
        {SUN: 30.0},
    ]
    assert limits(Held(), 20.0, BATTERY) == {}
    held = update_held(before, (), {SUN: {p.CHARGE_LIMIT_SETTING: float("30")}})
    assert held.own_limits is before.own_limits, "the same once more"


def test_a_battery_of_others_says_two_things_and_a_multi_with_a_vebus_bms_one() -> None:
    services: dict[str, Items] = {
        BATTERY: {p.ALLOW_CHARGE: 1, p.SERIAL: "HQ1", p.UNIQUE_NUMBER: 7},
        MULTI: {p.BMS_TYPE: 2, p.BMS_ALLOW_CHARGE: 0},
        SUN: {p.ALLOW_CHARGE: 1},
    }
    said = [(one.device.name, *one[1:]) for one in read_permissions(services)]
    assert said == [
        (BATTERY, "uc7 HQ1", "charge", p.ALLOW_CHARGE, 1, False, True),
        (BATTERY, "uc7 HQ1", "discharge", p.ALLOW_DISCHARGE, None, True, False),
        (MULTI, MULTI, "charge", p.BMS_ALLOW_CHARGE, 0, False, True),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "missing", "counts"),
    [(2, 0, False, True), (0, None, False, False), (3, None, False, False), (None, None, False, True)],
)
def test_only_the_multi_with_a_vebus_bms_has_a_word_of_it(
    kind: Value, value: Value, missing: bool, counts: bool
) -> None:
    (one,) = read_permissions({MULTI: {p.BMS_TYPE: kind, p.BMS_ALLOW_CHARGE: 0}})
    assert (one.value, one.missing, one.counts) == (value, missing, counts)
    (one,) = read_permissions({MULTI: {p.BMS_TYPE: kind}})
    assert one.missing


@pytest.mark.parametrize(("length", "subject"), [(60, "uc7 " + "x" * 60), (61, "uc7")])
def test_a_word_of_60_letters_identifies_and_a_longer_one_nobody(length: int, subject: str) -> None:
    items: Items = {p.SERIAL: "x" * length, p.UNIQUE_NUMBER: 7}
    assert {one.subject for one in read_permissions({BATTERY: items})} == {subject}
    assert {one.subject for one in read_permissions({BATTERY: {p.SERIAL: "x" * 61}})} == {BATTERY}


def test_what_is_remembered_is_what_would_be_known_again() -> None:
    other = Latch("temporary", "uc7", 5.0, "x")
    kept = Latch(REFUSED, "uc7", 5.0, "its permission")
    held = Held(((REFUSED, "uc7"), (GAVE, BATTERY), (GAVE, "uc7")))
    new = Latch(GAVE, "uc7", 9.0, "its permission")
    assert keep((other, kept), held, 9.0) == (other, kept, new)
    assert keep((kept, other, Latch(REFUSED, "uc1", 5.0, "x")), held, 9.0) == (kept, other, new)
    assert recall((other, kept, new)) == Held(((REFUSED, "uc7"), (GAVE, "uc7")))


def counting(services: dict[str, Items], *words: tuple[str, str], **limits: float) -> dict[str, Items]:
    """The services as they count."""
    held = Held(words, {f"com.victronenergy.solarcharger.{name}": value for name, value in limits.items()})
    there = CountingServices(services, ())
    found = with_held(there, held, read_permissions(services))
    assert (found is there) == (found.services == services)
    return dict(found.services)


def test_what_holds_counts_where_it_is_not_said() -> None:
    silent: Items = {p.ALLOW_CHARGE: None, p.SERIAL: "HQ1"}
    assert counting({BATTERY: silent}, (REFUSED, "HQ1")) == {BATTERY: silent | {p.ALLOW_CHARGE: 0}}
    assert counting({BATTERY: silent}, (GAVE, "HQ1")) == {BATTERY: silent | {p.ALLOW_CHARGE: "unknown"}}
    both = counting({BATTERY: silent, SUN: {}}, (GAVE, "HQ1"), (REFUSED, "HQ1"), (GAVE_DISCHARGE, "HQ1"))
    assert both == {BATTERY: silent | {p.ALLOW_CHARGE: 0, p.ALLOW_DISCHARGE: "unknown"}, SUN: {}}
    strange = silent | {p.ALLOW_CHARGE: 2}
    assert counting({BATTERY: strange}, (GAVE, "HQ1")) == {BATTERY: strange}, "neither yes nor no is said"
    for said in (0, 1):
        there = {BATTERY: silent | {p.ALLOW_CHARGE: said}}
        assert counting(there, (REFUSED, "HQ1"), (GAVE, "HQ1")) == there
    assert counting({BATTERY: silent}, (REFUSED, "other")) == {BATTERY: silent}


def test_a_multi_that_refused_by_its_bms_refuses_without_showing_one() -> None:
    items: Items = {p.BMS_TYPE: 0, p.BMS_ALLOW_CHARGE: 1}
    refuses = items | {p.BMS_TYPE: 2, p.BMS_ALLOW_CHARGE: 0}
    assert counting({MULTI: items}, (REFUSED, MULTI)) == {MULTI: refuses}


def test_a_chargers_own_limit_holds_where_it_says_none() -> None:
    name = "com.victronenergy.solarcharger.a"
    assert counting({name: {}}, a=20.0) == {name: {p.CHARGE_LIMIT_SETTING: 20.0}}
    assert counting({name: {p.CHARGE_LIMIT_SETTING: 30}}, a=20.0) == {name: {p.CHARGE_LIMIT_SETTING: 30}}
    assert counting({name: {}}, b=20.0) == {name: {}}


def test_what_holds_of_a_battery_of_ours_is_its_permission() -> None:
    (own,) = read_inputs(Snapshot({LYNX: lynx(ALLOW_CHARGE=None)})).batteries
    subject = own.identity or own.name
    there = CountingServices({}, (own, own._replace(name="other", identity="other")))
    found = with_held(there, Held(((REFUSED, subject),)), read_permissions({}, there.own))
    assert [bms.charge for bms in found.own] == [0, own.charge]
    assert [bms.discharge for bms in found.own] == [own.discharge] * 2


def test_a_refusal_that_holds_unsaid_is_a_finding() -> None:
    silent: Items = {p.SERIAL: "HQ1", p.PRODUCT_NAME: "Pack"}
    held = Held(((REFUSED, "HQ1"), (REFUSED, BATTERY)))
    for items, how in ((silent, ""), ({p.PRODUCT_NAME: "Pack"}, ", as long as gxbridge runs")):
        (one,) = held_findings(read_permissions({BATTERY: items}), held, 9.0)
        assert (one.id, one.subject, one.last) == ("refusal-held-charge", BATTERY, 9.0)
        assert str(one.arguments["how"]).startswith(how)
        assert bool(one.arguments["how"]) == bool(how)
        assert one.arguments["path"] == p.ALLOW_CHARGE
    assert list(held_findings(read_permissions({BATTERY: silent | {p.ALLOW_CHARGE: 0}}), held, 9.0)) == []
    assert list(held_findings(read_permissions({BATTERY: silent}), Held(), 9.0)) == []


def test_one_who_is_known_by_more_words_is_known_by_all_of_them_and_only_in_that_word() -> None:
    assert marked(((GAVE, "uc7 HQ1"), (GAVE, "HQ1")), GAVE, "HQ1") == ((GAVE, "uc7 HQ1"),)
    words = (("a", "uc7"), ("m", "uc7"), ("z", "uc7"))
    assert marked(words, "m", "uc7 HQ1") == (("a", "uc7"), ("z", "uc7"), ("m", "uc7 HQ1"))


def test_only_batteries_and_vebus_systems_say_anything() -> None:
    items: Items = {p.ALLOW_CHARGE: 0, p.ALLOW_DISCHARGE: 0, p.BMS_TYPE: 2, p.BMS_ALLOW_CHARGE: 0}
    others = ("alternator", "charger", "solarcharger", "vecan")
    assert read_permissions({f"com.victronenergy.{kind}.x": items for kind in others}) == ()
