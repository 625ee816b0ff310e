"""Why: the sentences to the letter, the order of caps, and that no row of the tables is broken."""

from __future__ import annotations

import string

import pytest

from gxbridge.core.dvcc.explain.limits import own_setting
from gxbridge.core.dvcc.limit import reasons
from gxbridge.core.dvcc.limit.reasons import (
    REASONS,
    amount,
    cap,
    compose,
    limit,
    load,
    ordered,
    part_of,
    plain,
    would_hold,
)
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from tests.core.dvcc.world import (
    ALTERNATOR,
    GENSET,
    LYNX,
    MULTI,
    SUN,
    SUN_2,
    World,
    charger,
    lynx,
    multi,
    with_vebus_bms,
)


def test_the_sentence_that_it_is_all_about() -> None:
    world = World({LYNX: lynx(), SUN: charger(), MULTI: multi()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60})
    world.run(3)
    world.set(LYNX, CCL=0.0, ALLOW_CHARGE=0, MAX_CELL_VOLTAGE=3.76)
    world.run(2)
    assert world.limit("CCL").sentence == (
        "CCL 0 A: said by the Lynx Smart BMS NG (likely: highest cell 3.76 V; batteries stop at 3.75 V). "
        "Next: user limit 60 A."
    )
    assert [(c.name, c.kind, c.value) for c in world.limit("CCL").caps] == [
        ("bms-ccl", "said", 0),
        ("charge-refused", "said", 0),
        ("user-current", "user", 60),
        ("cell-high", "inferred", None),
    ]
    assert world.limit("charger", SUN).sentence == (
        "Charge current 0 A: no charging is granted: 0 A said by the Lynx Smart BMS NG. Next: its own setting 50 A."
    )
    assert (
        world.limit("multi", MULTI).sentence == "Multi 0 A: no charging is granted: 0 A said by the Lynx Smart BMS NG."
    )


@pytest.mark.parametrize(
    ("items", "inferred"),
    [
        ({"MAX_CELL_VOLTAGE": 3.75}, ["highest cell 3.75 V; batteries stop at 3.75 V"]),
        ({"MAX_CELL_VOLTAGE": 3.6}, ["highest cell 3.6 V; after a stop charging resumes below 3.6 V"]),
        ({"MAX_CELL_VOLTAGE": 3.59}, []),
        ({"MIN_CELL_TEMPERATURE": 4.9}, ["coldest cell +4.9 °C; charging stops below +5 °C by default"]),
        ({"MIN_CELL_TEMPERATURE": 5.0}, []),
        ({"MAX_CELL_VOLTAGE": None, "MIN_CELL_TEMPERATURE": None}, []),
    ],
)
def test_what_is_likely_behind_a_stop_of_the_charge(items: dict[str, float | None], inferred: list[str]) -> None:
    world = World({LYNX: lynx(CCL=0.0, **items)})
    assert [c.text for c in world.limit("CCL").caps if c.kind == "inferred"] == inferred


@pytest.mark.parametrize(
    ("items", "inferred"),
    [
        ({"DCL": 0.0, "MIN_CELL_VOLTAGE": 2.8}, ["lowest cell 2.8 V; batteries stop at 2.8 V by default"]),
        ({"DCL": 0.0, "MIN_CELL_VOLTAGE": 3.19}, ["lowest cell 3.19 V; after a stop discharging resumes at 3.2 V"]),
        ({"DCL": 0.0, "MIN_CELL_VOLTAGE": 3.2}, []),
        ({"ALLOW_DISCHARGE": 0, "MIN_CELL_VOLTAGE": 2.7}, ["lowest cell 2.7 V; batteries stop at 2.8 V by default"]),
        ({"MIN_CELL_VOLTAGE": 3.1}, ["lowest cell 3.1 V; the pre-alarm is at 3.1 V by default"]),
        ({"MIN_CELL_VOLTAGE": 3.11}, []),
        ({"DCL": 0.0, "MIN_CELL_VOLTAGE": None}, []),
        ({"MIN_CELL_VOLTAGE": None}, []),
    ],
)
def test_what_is_likely_behind_a_stop_of_the_discharge(items: dict[str, float | None], inferred: list[str]) -> None:
    world = World({LYNX: lynx(**items)})
    assert [c.text for c in world.limit("DCL").caps if c.kind == "inferred"] == inferred


def test_a_share_says_of_what_and_what_would_hold_next() -> None:
    world = World({LYNX: lynx(CCL=60.0), SUN: charger(50, 20), SUN_2: charger(35, 10), MULTI: multi(CURRENT=-6.0)})
    world.run(30)
    assert world.limit("charger", SUN).sentence == (
        "Charge current 39.6 A: its share of 66 A. For solar it is raised by 6 A that the Multi takes out of "
        "the battery. Next: its own setting 50 A."
    )
    assert world.limit("charger", SUN_2).caps[1].name == "own-limit"
    assert world.limit("multi", MULTI).sentence == (
        "Multi 0 A: what is left of 60 A by SmartSolar (ttyS5) and SmartSolar (ttyS6). "
        "Next: 60 A said by the Lynx Smart BMS NG."
    )


def test_a_charger_is_explained_also_when_it_is_told_nothing() -> None:
    services = {
        LYNX: lynx(),
        SUN: charger(CHARGE_LIMIT_SETTING=None),
        SUN_2: charger(N2K_INSTANCE=1),
        ALTERNATOR: {name: value for name, value in charger().items() if name != p.CHARGE_CURRENT},
        GENSET: charger(),
        MULTI: multi(),
    }
    strict, vendor = World(dict(services)), World(dict(services), Options.vendor())
    said = [{limit.subject: limit.caps[0].text for limit in world.decision.limits} for world in (strict, vendor)]
    for texts in said:
        assert texts[SUN] == "not controllable because its own limit is unknown"
        assert texts[SUN_2] == "not controllable because it is in another network"
        assert texts[ALTERNATOR] == "not controllable because it takes no charge current"
    assert said[1][GENSET] == "a DC genset is told a voltage only"
    assert said[0][GENSET] == "its own setting"
    vendor.services[SUN] = charger(STATE=0)
    vendor.run(3)
    assert vendor.limit("charger", SUN).sentence == ("Charge current none: not controllable because it is off.")


def test_old_firmware_is_a_term_of_its_own() -> None:
    world = World({LYNX: lynx(CCL=30.0), SUN: charger(50, 20, FIRMWARE=0x116), SUN_2: charger(50, 20)})
    world.run(3)
    assert world.limit("charger", SUN).sentence == (
        "Charge current 15 A: its share of 30 A. Its firmware is too old for external control. "
        "Next: 30 A said by the Lynx Smart BMS NG."
    )
    assert world.findings() == {"firmware-insufficient"}
    assert world.decision.published[p.ALARM_FIRMWARE] == 1


def test_metered_dc_loads_are_a_term_added_or_not() -> None:
    loads = {"com.victronenergy.dcsystem.ttyUSB1": {p.CONNECTED: 1, p.POWER: 264.0}}
    ordinary = World({LYNX: lynx(PRODUCT_ID=0, CCL=20.0), SUN: charger(50, 20), **loads})
    ordinary.run(60)
    assert ordinary.limit("CCL").sentence == (
        "CCL 20 A: said by the Lynx Smart BMS NG. For the chargers 10 A that the metered DC loads take are added."
    )
    assert ordinary.told(SUN) == 30
    stopper = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 20), **loads})
    stopper.run(60)
    assert stopper.limit("CCL").caps[-1].name == "dc-loads-not"
    assert stopper.told(SUN) == 20
    assert "dc-loads-not-added" in stopper.findings()


def test_feed_in_is_a_reason_of_its_own_and_a_finding() -> None:
    ess = multi(ASSISTANT=5, HUB_VOLTAGE=27.8)
    services = {LYNX: lynx(CCL=20.0), SUN: charger(), MULTI: ess}
    world = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    world.run(3)
    assert world.told(SUN) == 50
    assert world.limit("charger", SUN).caps[1].name == "feed-in"
    assert world.limit("charger", SUN).sentence == (
        "Charge current 50 A: its own setting. Feed-in is on, so the charge current limit is not applied to solar "
        "(as the vendor does)."
    )
    assert "feed-in-override" in world.findings()
    world.set(LYNX, CCL=0.0)
    world.run(3)
    assert world.told(SUN) == 0, "a stop beats feed-in"


def test_a_multi_rs_that_feeds_in_adds_to_the_share() -> None:
    system = {p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: 15.0, p.DISCHARGE_SETPOINT: None}
    system |= {p.CURRENT: -10.0}
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 30), "com.victronenergy.acsystem.can0": system})
    world.run(3)
    assert world.limit("charger", SUN).sentence == (
        "Charge current 32.5 A: its share of 32.5 A. With feed-in on, solar may make 2.5 A more than that, to find "
        "out whether more can be fed in. The Multi RS feeds in, so solar may make 10 A more. Next: its own setting "
        "50 A."
    )
    assert world.services["com.victronenergy.acsystem.can0"][p.DISCHARGE_SETPOINT] == 10


def test_energy_management_may_disable_pv_for_twenty_rounds() -> None:
    world = World({LYNX: lynx(CCL=20.0), SUN: charger(50, 30), "com.victronenergy.system": {p.PV_DISABLE: 1}})
    world.look(("com.victronenergy.system", p.PV_DISABLE))
    world.run(3)
    assert world.limit("charger", SUN).sentence.startswith("Charge current 0 A: its share of 0 A. PV is disabled by")
    world.run(3 * 19)
    assert world.told(SUN) == 0
    world.run(3)
    assert world.told(SUN) == 20
    world.look(("com.victronenergy.system", p.PV_DISABLE))
    world.services["com.victronenergy.system"][p.PV_DISABLE] = 0
    world.look(("com.victronenergy.system", p.PV_DISABLE))
    world.run(3)
    assert world.told(SUN) == 20


def test_the_charge_power_of_energy_management_limits_the_multi() -> None:
    for ccl, sentence_of_multi in (
        (
            100.0,
            "Multi 11 A: the charge power asked for by energy management. Next: 100 A said by the Lynx Smart BMS NG.",
        ),
        (None, "Multi 11 A: the charge power asked for by energy management."),
    ):
        options = Options.strict(charge_power_w=264.1, unknown_limit_stops=False)
        world = World({LYNX: lynx(CCL=ccl), MULTI: multi()}, options)
        world.run(3)
        assert world.limit("multi", MULTI).sentence == sentence_of_multi


def test_when_nothing_is_there_every_limit_still_has_a_reason() -> None:
    world = World()
    world.run(5)
    assert [limit.sentence for limit in world.decision.limits] == [
        "CVL none: no BMS is in control: none is known, or the settings choose none.",
        "CCL none: no BMS is in control: none is known, or the settings choose none.",
        "DCL none: no BMS is in control: none is known, or the settings choose none.",
        "Multi none: no VE.Bus system is there.",
    ]
    world.services[SUN] = charger()
    world.run(1)
    assert (
        world.limit("charger", SUN).sentence
        == ("Charge current none: there is neither a voltage nor a current to tell it. Next: its own setting 50 A.")
        or world.limit("charger", SUN).caps[0].name == "nothing-to-say"
    )


def test_a_vebus_bms_alone_gives_permission_but_no_limits() -> None:
    world = World({MULTI: with_vebus_bms(), SUN: charger()})
    world.run(3)
    assert world.limit("CVL").sentence == "CVL none: a VE.Bus BMS gives no such limit."
    assert world.limit("CCL").sentence == "CCL no limit: said by the VE.Bus BMS, which allows charging without a limit."
    assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == 9950
    assert world.limit("multi", MULTI).sentence == (
        "Multi no limit: what is left of an unlimited current by SmartSolar."
    )
    world.set(MULTI, BMS_ALLOW_CHARGE=0)
    assert world.limit("CCL").sentence == "CCL 0 A: charging is refused by the VE.Bus BMS."
    assert world.told(SUN) == 0


def test_since_is_when_the_value_began_and_a_new_name_does_not_change_it() -> None:
    world = World({LYNX: lynx(), SUN: charger()})
    world.run(9)
    assert world.limit("CCL").caps[0].since == 3
    world.services[LYNX][p.CUSTOM_NAME] = "House bank"
    world.run(3)
    assert world.limit("CCL").sentence == "CCL 800 A: said by the House bank."
    assert world.limit("CCL").caps[0].since == 3
    world.services[LYNX][p.CCL] = 900.0
    world.run(3)
    assert world.limit("CCL").caps[0].since == 15


def test_a_quirk_is_a_cap_of_its_own() -> None:
    pylontech = lynx(PRODUCT_ID=0xB009, PRODUCT_NAME="US2000", VOLTAGE=52.0, CVL=53.2, CCL=2.0, INSTALLED_CAPACITY=100,
                     NOMINAL_VOLTAGE=None, MAX_CELL_VOLTAGE=None)  # fmt: skip
    world = World({LYNX: pylontech}, Options.vendor())
    world.run(3)
    assert world.limit("CVL").sentence == (
        "CVL 52.4 V: what this product (Pylontech) needs. Next: 53.2 V said by the US2000."
    )
    assert world.limit("CCL").sentence == ("CCL 25 A: what this product (Pylontech) needs, instead of the 2 A it said.")


def test_a_quirk_that_changes_nothing_is_no_cap_and_a_refusal_is_zero() -> None:
    lg = lynx(PRODUCT_ID=0xB004, CVL=56.0, VOLTAGE=52.0, NOMINAL_VOLTAGE=48, ALLOW_DISCHARGE=0)
    world = World({LYNX: lg})
    assert [c.name for c in world.limit("CVL").caps] == ["bms-cvl"]
    assert [(c.name, c.value) for c in world.limit("DCL").caps] == [("discharge-refused", 0), ("bms-dcl", 1200)]


def test_numbers_and_ages_are_for_people() -> None:
    assert [plain(value) for value in (26.4, 100.0, 0.0, -0.0, 3.337, 10000)] == [
        "26.4",
        "100",
        "0",
        "0",
        "3.34",
        "10000",
    ]
    assert (amount(None, "A"), amount(1.5, "V")) == ("none", "1.5 V")


def test_the_order_is_by_value_with_explanations_last() -> None:
    caps = [cap("no-bms", None, "A"), cap("user-current", 5.0, "A"), cap("installer-current", 3.0, "A")]
    assert [c.name for c in ordered(caps)] == ["installer-current", "user-current", "no-bms"]


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_can_be_said(name: str) -> None:
    reason = REASONS[name]
    words = {word for _, word, _, _ in string.Formatter().parse(reason.text) if word}
    text = cap(name, 1.0, "A", **dict.fromkeys(words, "x")).text
    assert text
    assert not text.endswith(".")
    assert reason.doc


def test_loads_are_told_in_numbers_for_people_and_a_part_of_no_limit_is_no_number() -> None:
    assert [load(current) for current in (16.02, 9.97, 5.99, 0.04, -0.26)] == ["16", "10", "6", "0", "-0.3"]
    assert [part_of(current) for current in (None, 62.0, 4999.0, 5000.0)] == [
        "none", "62 A", "4999 A", "an unlimited current",
    ]  # fmt: skip
    assert (amount(5000.0, "A"), amount(5000.0, "V")) == ("no limit", "5000 V")


@pytest.mark.parametrize(
    ("current_a", "words"),
    [(9.44, "9.4"), (9.46, "9.5"), (9.96, "10"), (10.0, "10"), (10.4, "10"), (10.6, "11"), (16.4, "16")],
)
def test_a_load_has_one_decimal_below_10_a_and_none_above(current_a: float, words: str) -> None:
    assert load(current_a) == words


def test_nothing_is_never_minus_nothing() -> None:
    plain.cache_clear()
    assert plain(-0.0) == "0"


def test_caps_of_0_a_come_before_all_others_but_a_negative_one() -> None:
    caps = [cap("user-current", value, "A") for value in (0.5, 0.0, None, -0.5)]
    assert [c.value for c in ordered(caps)] == [-0.5, 0.0, 0.5, None]
    assert ordered(caps[:1]) == (caps[0],)


def test_a_limit_puts_all_but_the_winner_in_order() -> None:
    winner, low, high = (cap("bms-ccl", 60.0, "A", bms="x"), cap("user-current", 70.0, "A"),
                         cap("installer-current", 80.0, "A"))  # fmt: skip
    for caps in ((winner, high, low), (winner, low, high)):
        made = limit("CCL", "", 60.0, "A", caps)
        assert made.caps == (winner, low, high)
        assert made.sentence == "CCL 60 A: said by the x. Next: user limit 70 A."
    raised = limit("CCL", "", 75.0, "A", (high, low))
    assert (raised.caps, raised.sentence) == ((high, low), "CCL 75 A: installer limit.")


def test_the_winner_is_not_what_would_hold_next_and_no_limit_has_nothing_next() -> None:
    user, most = cap("user-current", 60.0, "A"), cap("installer-current", 6000.0, "A")
    assert compose("CCL", 0.0, "A", (user,)) == "CCL 0 A: user limit."
    assert compose("CCL", 60.0, "A", (user, most)) == "CCL 60 A: user limit. Next: installer limit no limit."
    assert compose("CCL", 5000.0, "A", (user, most)) == "CCL no limit: user limit."
    assert compose("CCL", 4999.0, "A", (user, most)) == "CCL 4999 A: user limit. Next: installer limit no limit."


@pytest.mark.parametrize(
    ("name", "words"),
    [("bms-ccl", "60 A said by the x"), ("user-current", "user limit 60 A"), ("own-limit", "its own setting 60 A"),
     ("no-limit", "60 A: no charge current limit applies"), ("bms-lost", "60 A: the x is lost: no limit is renewed, so "
      "that the chargers stop by themselves (#67)")],
)  # fmt: skip
def test_what_would_hold_next_in_words(name: str, words: str) -> None:
    assert would_hold(cap(name, 60.0, "A", bms="x")) == words


def test_a_setting_is_named_and_nothing_else_is() -> None:
    assert reasons._named("user", "a limit", "a path") == ("user", "a limit", "a path", True)
    settings = {"own-limit", *(f"{who}-{what}" for who in ("user", "installer") for what in ("voltage", "current"))}
    assert {name for name, reason in REASONS.items() if reason.named} == settings | {"installer-discharge"}


@pytest.mark.parametrize("value", [0.0, -0.0, -0.004, 0.004])
def test_nothing_has_no_sign(value: float) -> None:
    assert plain(value) == "0"


def test_a_load_that_feeds_in_is_rounded_like_one_that_draws() -> None:
    assert [load(current_a) for current_a in (9.44, -9.44, 12.4, -12.4)] == ["9.4", "-9.4", "12", "-12"]


def test_a_cap_made_before_from_a_whole_number_does_not_stand_in_for_another() -> None:
    """A black box writes 70 and 70.0 otherwise, and is to be played again bit for bit."""
    assert isinstance(own_setting("com.victronenergy.solarcharger.any", 70).value, int)
    assert isinstance(own_setting("com.victronenergy.solarcharger.any", 70.0).value, float)
