"""All rules of a configuration together: what each allows now, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.rules.clock import NO_CLOCK, LocalClock
from gxbridge.core.dvcc.rules.rule import (
    MeasuredInput,
    Rule,
    RuledLimit,
    RuleInput,
    RuleState,
    RuleVerdict,
    allow,
    rounded,
)
from gxbridge.core.dvcc.rules.storage import (
    NO_STORAGE,
    FullCharge,
    StorageProfile,
    StorageState,
    is_charging_full,
    rests_at,
    trusted,
    watch_full,
)
from gxbridge.core.dvcc.rules.wording import point_words, reading_words, steady_reading, value_words
from gxbridge.core.model.named_tuple import NamedTuple

START_S: Final = 10.0
"""So long after our start a discharge limit of a rule whose input was never heard is not renewed, instead of 0 A."""
BLACK_A: Final = 1.0
"""Less discharge than this is as good as none."""


class RuleSet(NamedTuple):
    """What `rules:` of the configuration says."""

    rules: tuple[Rule, ...] = ()
    storage: StorageProfile | None = None
    full: FullCharge | None = None

    @property
    def asks_the_clock(self) -> bool:
        """Does anything depend on the time of day or the date?"""
        dated = self.storage is not None and self.storage.until_day is not None
        return dated or self.full is not None or any(rule.by == "time_of_day" for rule in self.rules)


NO_RULES: Final = RuleSet()


class RuleReadings(NamedTuple):
    """What rules look at. A missing input has no readings. `base_a`: the BMSes' own limit by CCL and DCL (A)."""

    inputs: Mapping[RuleInput, tuple[MeasuredInput, ...]] = MappingProxyType({})
    base_a: Mapping[RuledLimit, float | None] = MappingProxyType({})
    cell_difference_v: float | None = None
    clock: LocalClock = NO_CLOCK


class RulesState(NamedTuple):
    """What is remembered from one look to the next; `began`: monotonic s of the first."""

    began: float | None = None
    rules: Mapping[str, RuleState] = MappingProxyType({})
    heard: frozenset[RuleInput] = frozenset()
    """Inputs that were known at least once."""
    storage: StorageState = NO_STORAGE
    said: Mapping[str, MeasuredInput] = MappingProxyType({})
    """Rule -> the reading that its words have."""


class RulesLook(NamedTuple):
    """What the rules allow, what is remembered, and whether the storage profile is switched on and not over."""

    verdicts: tuple[RuleVerdict, ...]
    state: RulesState
    storing: bool = False
    charging_full: bool = False


def look_at_rules(rule_set: RuleSet, readings: RuleReadings, before: RulesState, now: float) -> RulesLook:
    """What every rule allows at `now` (monotonic s). Never raises, whatever the readings are."""
    clock = trusted(readings.clock, before.storage)
    inputs = dict(readings.inputs)
    minutes = clock.minutes
    inputs["time_of_day"] = () if minutes is None else (MeasuredInput(minutes),)
    heard = before.heard | {name for name, found in inputs.items() if found}
    began = now if before.began is None else before.began
    states: dict[str, RuleState] = {}
    said: dict[str, MeasuredInput] = {}
    verdicts: list[RuleVerdict] = []
    for rule in rule_set.rules:
        found, base_a = inputs.get(rule.by, ()), readings.base_a.get(rule.limits)
        if rule.limits == "DCL" and rule.curve.percent and base_a is None:
            # No discharge limit is renewed now, and none of 0 A may be left behind for when the BMS's is known again.
            states |= {rule.name: before.rules[rule.name]} if rule.name in before.rules else {}
            words = {"rule": rule.name, "input": reading_words(rule.by, None)}
            where = f"rules.limits.{rule.name}"
            verdicts.append(RuleVerdict(rule.limits, None, rule.unit, "rule-part-unknown", where, words))
            continue
        ruled, decides = allow(rule, before.rules.get(rule.name), found, base_a, now)
        waits = decides is None and rule.by not in heard and now - began < START_S
        states[rule.name] = ruled
        in_words = None
        if decides is not None:
            in_words = said[rule.name] = steady_reading(rule, before.said.get(rule.name), decides)
        verdicts.append(verdict_of(rule, ruled, decides, in_words, base_a, waits=waits))
    storage, storing, charging = before.storage, False, False
    profile = rule_set.storage
    if profile is not None:
        storing = (profile.on or storage.on) and not profile.is_over(clock)
        soc = tuple(inputs.get("soc", ()))
        storage = storage._replace(on=storage.on and not profile.is_over(clock))
        if rule_set.full is not None:
            storage = watch_full(*(rule_set.full, storage, soc, readings.cell_difference_v, clock, now), active=storing)
            charging = storing and is_charging_full(rule_set.full, storage, clock)
        storage = storage._replace(rests=rests_at(profile, storage, soc) if storing and not charging else True)
        if storing and not charging:
            verdicts += storage_verdicts(profile, storage, soc)
    state = RulesState(began, states, heard, storage, said)
    return RulesLook(tuple(verdicts), before if state == before else state, storing, charging)


def verdict_of(
    rule: Rule,
    state: RuleState,
    decides: MeasuredInput | None,
    in_words: MeasuredInput | None,
    base_a: float | None,
    *,
    waits: bool,
) -> RuleVerdict:
    """What a rule allows, with its point of the curve; `in_words`: the reading that is told."""
    value = rounded(state.value, rule.unit)
    where = f"rules.limits.{rule.name}"
    words = {"rule": rule.name, "input": reading_words(rule.by, in_words)}
    if decides is None or in_words is None:
        withheld = waits and rule.limits == "DCL" and value < BLACK_A
        reason = "rule-waits" if withheld else "rule-unknown"
        return RuleVerdict(rule.limits, None if withheld else value, rule.unit, reason, where, words)
    words["point"] = point_words(rule, decides.value)
    if rule.curve.percent and base_a is None:
        return RuleVerdict(rule.limits, value, rule.unit, "rule-part-unknown", where, words)
    part = (base_a or 0.0) / 100 if rule.curve.percent else 1.0
    allowed = rounded(rule.curve.at(decides.value) * part, rule.unit)
    if value < allowed:
        told = rounded(rule.curve.at(in_words.value) * part, rule.unit)  # by what the words say it is
        words["allowed"] = value_words(told if value < told else allowed, rule.unit)
        return RuleVerdict(rule.limits, value, rule.unit, "rule-held", where, words)
    return RuleVerdict(rule.limits, value, rule.unit, "rule", where, words)


def storage_verdicts(
    profile: StorageProfile, state: StorageState, soc: Sequence[MeasuredInput]
) -> Iterator[RuleVerdict]:
    """What the storage profile allows while it holds the battery."""
    if profile.voltage_v is not None:
        yield RuleVerdict("CVL", profile.voltage_v, "V", "storage-voltage", "rules.storage.voltage_v", {})
    if profile.soc_percent is not None and state.rests:
        words = {"hold": f"{profile.soc_percent:g}"}
        if not soc:
            yield RuleVerdict("CCL", 0.0, "A", "storage-unknown", "rules.storage.soc_percent", words)
            return
        highest = max(soc, key=lambda one: one.value)
        words["input"] = reading_words("soc", highest)
        yield RuleVerdict("CCL", 0.0, "A", "storage-soc", "rules.storage.soc_percent", words)
