"""All rules together: what each allows, in numbers and in words."""

from __future__ import annotations

from gxbridge.core.dvcc.limit.reasons import reason_text
from gxbridge.core.dvcc.rules.clock import DAY_S, LocalClock
from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import MeasuredInput, Rule, RuledLimit, RuleInput
from gxbridge.core.dvcc.rules.rule_set import NO_RULES, RuleReadings, RuleSet, RulesLook, RulesState, look_at_rules
from gxbridge.core.dvcc.rules.storage import NO_STORAGE, FullCharge, StorageProfile

NOW = 1_796_126_400.0
"""2026-12-01 12:00 UTC."""
NOON = LocalClock(NOW, 0.0)
EIGHTY = Rule("eighty", "CCL", "soc", Curve(((78.0, 100.0), (80.0, 0.0)), percent=True), hysteresis=2.0)
COLD = Rule("cold", "CCL", "coldest", Curve(((0.0, 0.0), (5.0, 20.0))))
QUIET = Rule("quiet", "DCL", "time_of_day", Curve(((420.0, 100.0), (1320.0, 20.0)), daily=True))
LOW = Rule("low", "CVL", "hottest", Curve(((30.0, 28.4), (45.0, 27.0))))
STORAGE = StorageProfile(soc_percent=60.0, voltage_v=26.4)


def readings(
    clock: LocalClock = NOON, base_a: float | None = 200.0, difference_v: float | None = None, **values: float
) -> RuleReadings:
    inputs: dict[RuleInput, tuple[MeasuredInput, ...]] = {
        name: (MeasuredInput(value, "Lynx"),)
        for name, value in values.items()  # type: ignore[misc]
    }
    base: dict[RuledLimit, float | None] = {"CCL": base_a, "DCL": base_a}
    return RuleReadings(inputs, base, difference_v, clock)


def said(look: RulesLook) -> list[tuple[str, float | None, str]]:
    return [(one.limits, one.value, reason_text(one.reason, **one.words)) for one in look.verdicts]


def looked(rule_set: RuleSet, seen: RuleReadings, before: RulesState | None = None, now: float = 100.0) -> RulesLook:
    return look_at_rules(rule_set, seen, RulesState() if before is None else before, now)


def test_no_rules_say_nothing() -> None:
    look = looked(NO_RULES, readings())
    assert (look.verdicts, look.storing, look.charging_full) == ((), False, False)
    assert not NO_RULES.asks_the_clock


def test_each_says_its_input_and_the_point_of_its_curve() -> None:
    look = looked(RuleSet((EIGHTY, COLD, QUIET, LOW)), readings(soc=79.0, coldest=3.0, hottest=20.0))
    assert said(look) == [
        ("CCL", 0.0, "rule eighty: state of charge 79.0 % of Lynx, curve 78 %: 100 % to 80 %: 0 %; 100 A are allowed "
                     "again when that has lasted"),
        ("CCL", 12.0, "rule cold: coldest place +3 °C of Lynx, curve +0 °C: 0 A to +5 °C: 20 A"),
        ("DCL", 100.0, "rule quiet: time of day, curve from 07:00: 100 A"),
        ("CVL", 28.4, "rule low: hottest place +20 °C of Lynx, curve up to +30 °C: 28.4 V"),
    ]  # fmt: skip


def test_the_noise_of_a_sensor_is_no_news_and_what_it_says_is_never_a_step_away() -> None:
    rule_set, state, texts = RuleSet((EIGHTY,)), None, set[str]()
    for second, soc in enumerate((79.04, 79.06, 78.97, 79.1, 79.04, 79.06)):
        look = looked(rule_set, readings(soc=soc), state, 100.0 + second)
        state = look.state
        texts |= {text for _, _, text in said(look)}
    assert len(texts) == 1
    assert "state of charge 79.0 % of Lynx" in texts.pop()
    ((_, _, text),) = said(looked(rule_set, readings(soc=79.16), state, 107.0))
    assert "state of charge 79.2 % of Lynx" in text
    ((_, _, text),) = said(looked(rule_set, readings(soc=80.0), look.state, 107.0))
    assert "80.0 % of Lynx, curve from 80 %" in text
    near = looked(rule_set, readings(soc=79.98))
    ((_, _, text),) = said(looked(rule_set, readings(soc=80.01), near.state, 101.0))
    assert "80.0 % of Lynx, curve from 80 %: 0 %" in text, "another part of the curve is news"
    other = readings()._replace(inputs={"soc": (MeasuredInput(79.06, "Other"),)})
    ((_, _, text),) = said(looked(rule_set, other, state, 107.0))
    assert "79.1 % of Other" in text


def test_beyond_the_last_point_and_on_a_point() -> None:
    for at, words in ((9.0, "from +5 °C: 20 A"), (5.0, "from +5 °C: 20 A"), (0.0, "from +0 °C: 0 A")):
        ((_, _, text),) = said(looked(RuleSet((COLD,)), readings(coldest=at)))
        assert text.endswith(f"curve {words}")


def test_before_the_first_time_of_the_day_the_last_one_holds() -> None:
    midnight = LocalClock(NOW - 12 * 3600, 0.0)
    assert said(looked(RuleSet((QUIET,)), readings(midnight))) == [
        ("DCL", 20.0, "rule quiet: time of day, curve from 22:00: 20 A")
    ]


def test_an_input_or_time_that_is_not_known_is_the_most_careful_point() -> None:
    look = looked(RuleSet((COLD, QUIET)), readings(LocalClock(NOW, None)))
    assert said(look) == [
        ("CCL", 0.0, "rule cold: the coldest place is not known, so its most careful point applies"),
        ("DCL", 20.0, "rule quiet: the time of day is not known, so its most careful point applies"),
    ]


def test_a_part_of_a_limit_that_is_not_known_is_nothing() -> None:
    ((_, value, text),) = said(looked(RuleSet((EIGHTY,)), readings(base_a=None, soc=50.0)))
    assert value == 0
    assert text.endswith(": the BMS gives no limit of which a part could be taken")


def test_a_part_of_a_discharge_limit_that_is_not_known_renews_nothing_and_leaves_no_0_a_behind() -> None:
    part = RuleSet((DARK._replace(curve=Curve(((10.0, 2.0), (20.0, 50.0)), percent=True), hold_s=60.0),))
    first = looked(part, readings(base_a=None, soc=50.0))
    assert said(first) == [
        ("DCL", None, "rule dark by state of charge: the BMS gives no limit of which a part could be taken")
    ]
    known = looked(part, readings(base_a=600.0, soc=50.0), first.state, 101.0)
    assert known.verdicts[0].value == 300.0
    gone = looked(part, readings(base_a=None, soc=50.0), known.state, 102.0)
    assert gone.verdicts[0].value is None
    assert looked(part, readings(base_a=600.0, soc=50.0), gone.state, 103.0).verdicts[0].value == 300.0
    assert looked(part, readings(base_a=600.0), gone.state, 103.0).verdicts[0].value == 12.0


DARK = Rule("dark", "DCL", "soc", Curve(((10.0, 0.0), (20.0, 100.0))))


def test_0_a_of_discharge_waits_at_the_start_for_an_input_that_was_never_known() -> None:
    first = looked(RuleSet((DARK,)), readings())
    assert said(first)[0][1] is None
    assert "not known yet" in said(first)[0][2]
    at_9 = looked(RuleSet((DARK,)), readings(), first.state, 109.9)
    assert said(at_9)[0][1] is None
    assert said(looked(RuleSet((DARK,)), readings(), at_9.state, 110.0))[0][1] == 0


def test_once_it_was_known_it_does_not_wait() -> None:
    first = looked(RuleSet((DARK,)), readings(soc=50.0))
    assert said(first)[0][1] == 100
    assert said(looked(RuleSet((DARK,)), readings(), first.state, 101.0))[0][1] == 0


def test_what_is_not_dark_and_charging_do_not_wait() -> None:
    dim = DARK._replace(curve=Curve(((10.0, 1.0), (20.0, 100.0))))
    assert said(looked(RuleSet((dim,)), readings()))[0][1] == 1
    assert said(looked(RuleSet((DARK._replace(limits="CCL"),)), readings()))[0][1] == 0


def test_two_rules_on_one_limit_are_two_verdicts() -> None:
    look = looked(RuleSet((COLD, COLD._replace(name="again"))), readings(coldest=3.0))
    assert [one.name for one in look.verdicts] == ["cold", "again"]


# --- storage ----------------------------------------------------------------------------------------------------------

ON = RulesState(storage=NO_STORAGE._replace(on=True))


def test_the_storage_profile_does_nothing_until_it_is_switched_on() -> None:
    assert looked(RuleSet(storage=STORAGE), readings(soc=70.0)).verdicts == ()
    look = looked(RuleSet(storage=STORAGE), readings(soc=70.0), ON)
    assert look.storing
    assert said(look) == [
        ("CVL", 26.4, "the storage profile holds the battery at this voltage"),
        ("CCL", 0.0, "the storage profile holds the battery at 60 %; state of charge 70.0 % of Lynx"),
    ]
    assert [one.name for one in look.verdicts] == ["storage", "storage"]


def test_the_configuration_may_switch_it_on() -> None:
    look = looked(RuleSet(storage=STORAGE._replace(on=True)), readings(soc=70.0))
    assert look.storing
    assert not look.state.storage.on, "no client did"


def test_below_its_state_of_charge_it_leaves_charging_alone() -> None:
    look = looked(RuleSet(storage=STORAGE), readings(soc=50.0), ON)
    assert [one.limits for one in look.verdicts] == ["CVL"]


def test_an_unknown_state_of_charge_stops_charging() -> None:
    assert said(looked(RuleSet(storage=STORAGE._replace(voltage_v=None)), readings(), ON)) == [
        ("CCL", 0.0, "the storage profile holds the battery at 60 %, and its state of charge is not known")
    ]


def test_its_last_day_switches_it_off_for_good() -> None:
    rule_set = RuleSet(storage=STORAGE._replace(until_day=20788))
    assert rule_set.asks_the_clock
    look = looked(rule_set, readings(soc=70.0), ON)
    assert (look.storing, look.verdicts, look.state.storage.on) == (False, (), False)
    unknown = looked(rule_set, readings(LocalClock(None, 0.0), soc=70.0), ON)
    assert unknown.storing, "while the day is not known it holds"
    assert unknown.state.storage.on
    over = looked(RuleSet(storage=STORAGE._replace(on=True, until_day=20788)), readings(soc=70.0))
    assert not over.storing


def test_a_full_charge_suspends_it_and_nothing_else() -> None:
    rule_set = RuleSet((EIGHTY,), STORAGE, FullCharge(every_days=30.0))
    assert rule_set.asks_the_clock
    before = RulesState(storage=NO_STORAGE._replace(on=True, last_full=NOW - 31 * DAY_S, seen_full=True))
    look = looked(rule_set, readings(soc=90.0), before)
    assert (look.storing, look.charging_full, look.state.storage.tried_at) == (True, True, NOW)
    assert [one.name for one in look.verdicts] == ["eighty"], "its own rules still hold"
    assert look.state.storage.rests, "and when it is over it begins careful"
    early = looked(rule_set, readings(LocalClock(NOW - 32 * DAY_S, 0.0), soc=90.0), before)
    assert not early.charging_full, "a clock before the last full charge was not set"


def test_full_charges_are_watched_while_the_profile_is_off() -> None:
    rule_set = RuleSet((), STORAGE, FullCharge(every_days=30.0))
    look = looked(rule_set, readings(soc=100.0))
    assert (look.state.storage.full_since, look.charging_full, look.storing) == (100.0, False, False)


def test_looking_again_at_the_same_changes_nothing() -> None:
    first = looked(RuleSet(storage=STORAGE), readings(soc=50.0), ON)
    again = looked(RuleSet(storage=STORAGE), readings(soc=50.0), first.state, 101.0)
    assert again.state is first.state
