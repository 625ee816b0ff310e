"""Members that come, go, refuse, open and return: who is in, who stops, and what is remembered."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.limits import BankMembers, charge_current, discharge_current
from gxbridge.core.bank.member import MemberCandidate, MemberState
from gxbridge.core.bank.membership import (
    BankMemory,
    GatheredMembers,
    MembersApart,
    gather,
    keep_members,
    members_apart,
    recall_members,
    window_of,
)
from gxbridge.core.model.remembered import Remembered
from tests.core.bank.members import candidate, member

WORDS = tuple(f"uc{number}" for number in range(1, 4))
NAMED = BankEntry("house", "House", WORDS)
FOUND = BankEntry("house", "House")


def battery(number: int, bus: str = "can0", *, live: bool = True, **changes: object) -> MemberCandidate:
    return candidate(number, bus, live=live, UniqueNumber=number, **changes)  # type: ignore[arg-type]


def look(
    entry: BankEntry, *heard: MemberCandidate, before: BankMemory | None = None, now: float = 0.0, epoch: float = 0.0
) -> GatheredMembers:
    return gather(entry, before or BankMemory(), heard, now, epoch)


def states(found: GatheredMembers) -> dict[str, str]:
    return {member.word: member.state for member in found.members}


@pytest.mark.parametrize("entry", [NAMED, FOUND])
def test_batteries_of_one_voltage_are_in_at_once(entry: BankEntry) -> None:
    found = look(entry, *(battery(number) for number in (1, 2, 3)))
    assert states(found) == dict.fromkeys(WORDS, "in")
    assert found.memory.nominal_v == 24


def test_a_member_that_was_never_heard_stops_like_one_that_fell_silent() -> None:
    found = look(NAMED, battery(1), battery(2))
    assert states(found) == {"uc1": "in", "uc2": "in", "uc3": "silent"}
    assert found.twice == ()
    assert charge_current(BankMembers(NAMED, found.members)).value == 0


def test_without_names_only_who_was_heard_is_missed() -> None:
    found = look(FOUND, battery(1), battery(2))
    assert states(found) == {"uc1": "in", "uc2": "in"}
    again = look(FOUND, battery(1), before=found.memory)
    assert states(again) == {"uc1": "in", "uc2": "silent"}


@pytest.mark.parametrize(
    ("other", "belongs"),
    [
        (battery(2, NominalVoltage=12, MaxChargeVoltage=14.2), False),
        (battery(2, NominalVoltage=48, MaxChargeVoltage=56.8), False),
        (battery(2, N2kDeviceInstance=1), False),
        (battery(2, N2kDeviceInstance=None), False),
        (battery(2, bus="can1"), True),
        (battery(2, bus=""), False),
        (battery(2, ProductId=0xBA77), False),
        (battery(2, NominalVoltage=None), True),
    ],
)
def test_a_lynx_of_another_network_voltage_or_driver_is_no_member_without_a_name(
    other: MemberCandidate, belongs: bool
) -> None:
    entry = FOUND if other.bms.nominal_v in (24, None) else BankEntry("house", nominal_voltage_v=24)
    found = look(entry, battery(1), other)
    assert ("uc2" in states(found)) is belongs
    assert found.nominals == ()


def test_a_bus_may_be_named() -> None:
    entry = BankEntry("house", bus="can1")
    assert states(look(entry, battery(1), battery(2, bus="can1"))) == {"uc2": "in"}


def test_one_of_12_8_v_and_one_of_25_6_v_are_no_bank() -> None:
    for entry in (NAMED, FOUND):
        found = look(entry, battery(1, NominalVoltage=12.8, Voltage=13.2), battery(2, NominalVoltage=25.6))
        assert {volts for volts, _ in found.nominals} == {12, 24}
    assert look(NAMED, battery(1, NominalVoltage=25.6), battery(2)).nominals == (), "25.6 V is 24 V"


def test_a_battery_of_another_voltage_than_the_configuration_says_is_no_member() -> None:
    entry = BankEntry("house", "House", WORDS, nominal_voltage_v=12)
    assert look(entry, battery(1)).nominals == ((24, "Bank 1"), (12, "House"))


def test_a_nominal_voltage_that_is_not_known_is_not_that_of_the_bank() -> None:
    unknown = battery(2, NominalVoltage=None, MaxChargeVoltage=None)
    found = look(NAMED, battery(1), unknown)
    assert states(found)["uc2"] == "waiting"
    joined = look(NAMED, battery(1), battery(2), before=found.memory)
    assert states(look(NAMED, battery(1), unknown, before=joined.memory))["uc2"] == "in", "it was known before"
    assert states(look(NAMED, unknown)) == {"uc1": "silent", "uc2": "waiting", "uc3": "silent"}


def test_a_returning_member_waits_until_its_voltage_fits() -> None:
    before = look(FOUND, battery(1), battery(2), battery(3)).memory
    gone = look(FOUND, battery(1), battery(2), before=before).memory
    far = look(FOUND, battery(1), battery(2), battery(3, Voltage=26.9), before=gone)
    assert states(far)["uc3"] == "waiting"
    unknown = look(FOUND, battery(1), battery(2), battery(3, Voltage=None), before=far.memory)
    assert states(unknown)["uc3"] == "waiting"
    beyond = look(FOUND, battery(1), battery(2), battery(3, Voltage=26.803), before=unknown.memory)
    assert states(beyond)["uc3"] == "waiting"
    near = look(FOUND, battery(1), battery(2), battery(3, Voltage=26.797), before=unknown.memory)
    assert states(near)["uc3"] == "in"
    apart = look(FOUND, battery(1), battery(2), battery(3, Voltage=25.0), before=near.memory)
    assert states(apart)["uc3"] == "in", "a spread of those that are in is a finding, and no more"


def test_those_that_return_do_not_outvote_the_one_that_is_in() -> None:
    before = look(FOUND, battery(1)).memory
    found = look(FOUND, battery(1), battery(2, Voltage=27.0), battery(3, Voltage=27.0), before=before)
    assert states(found) == {"uc1": "in", "uc2": "waiting", "uc3": "waiting"}


def test_whoever_is_on_the_way_in_or_silent_says_nothing_of_the_busbar() -> None:
    coming = [battery(number, State=16, Voltage=22.0) for number in (2, 3)]
    assert states(look(FOUND, battery(1), *coming)) == {"uc1": "in", "uc2": "coming", "uc3": "coming"}
    silent = [battery(number, Voltage=22.0, live=False) for number in (2, 3)]
    assert states(look(FOUND, battery(1), *silent))["uc1"] == "in"
    opened = [battery(number, State=14, Voltage=22.0) for number in (2, 3)]
    assert states(look(FOUND, battery(1), *opened))["uc1"] == "in"


def test_at_the_start_the_voltage_in_the_middle_is_the_busbars() -> None:
    found = look(FOUND, battery(1, Voltage=22.0), battery(2), battery(3, Voltage=26.5))
    assert states(found) == {"uc1": "waiting", "uc2": "in", "uc3": "in"}
    three = look(FOUND, battery(1, Voltage=26.9), battery(2), battery(3, Voltage=26.1))
    assert states(three) == {"uc1": "waiting", "uc2": "in", "uc3": "in"}
    two = look(FOUND, battery(1, Voltage=25.0), battery(2))
    assert states(two) == {"uc1": "in", "uc2": "waiting"}, "limits of both count all the same"


@pytest.mark.parametrize(
    ("state", "stands"), [(14, "open"), (18, "open"), (16, "coming"), (0, "coming"), (12, "coming"), (10, "in")]
)
def test_the_state_of_a_lynx_says_whether_it_is_in(state: int, stands: str) -> None:
    found = look(FOUND, battery(1), battery(2, State=state))
    assert states(found)["uc2"] == stands
    assert states(look(FOUND, battery(1), battery(2, ContactorClosed=0)))["uc2"] == "open"


def test_whose_last_word_was_an_open_contactor_does_not_stop_when_it_is_gone() -> None:
    before = look(FOUND, battery(1), battery(2)).memory
    opened = look(FOUND, battery(1), battery(2, State=14), before=before)
    gone = look(FOUND, battery(1), battery(2, live=False), before=opened.memory)
    assert states(gone) == {"uc1": "in", "uc2": "away"}
    assert charge_current(BankMembers(FOUND, gone.members)).value == 200
    shut = look(FOUND, battery(1), battery(2, State=12), before=opened.memory)
    assert states(look(FOUND, battery(1), before=shut.memory))["uc2"] == "silent", "it had not said so any more"


def test_one_that_is_ours_and_silent_is_gone_and_still_named_as_a_service() -> None:
    before = look(FOUND, battery(1), battery(2)).memory
    found = look(FOUND, battery(1), battery(2, live=False), before=before)
    assert states(found)["uc2"] == "silent"
    assert found.members[1].title == "Bank 2"
    assert set(found.services) == {battery(1).bms.name, battery(2).bms.name}


def test_leaving_otherwise_changes_the_sum_and_never_the_stop() -> None:
    """Another N2K device instance, another bus, another name: it is out, and its silence stops."""
    entry = BankEntry("house", bus="can0")
    before = look(entry, battery(1), battery(2)).memory
    for moved in (battery(2, N2kDeviceInstance=1), battery(2, bus="can1")):
        found = look(entry, battery(1), moved, before=before)
        assert states(found) == {"uc1": "in", "uc2": "silent"}
    named = look(NAMED, battery(1), battery(2), battery(3)).memory
    found = look(NAMED, battery(1), battery(2, bus="can1", N2kDeviceInstance=1), battery(3), before=named)
    assert states(found) == dict.fromkeys(WORDS, "in"), "a named member is one wherever it is"


def test_two_batteries_of_one_serial_are_not_one_member() -> None:
    entry = BankEntry("house", "House", ("HQ1", "HQ3"))
    twins = candidate(1, Serial="1 HQ1"), candidate(2, Serial="2 HQ1", AllowToCharge=0)
    found = look(entry, *twins, candidate(3, Serial="3 HQ3"))
    assert [member.state for member in found.members] == ["waiting", "waiting", "in"]
    assert found.twice == ("HQ1",)
    assert charge_current(BankMembers(entry, found.members)).reason == "Bank 2 does not allow charging"


def test_one_battery_under_two_words_is_one_member() -> None:
    entry = BankEntry("house", "House", ("uc1", "HQ1"))
    found = look(entry, candidate(1, UniqueNumber=1, Serial="1 HQ1"))
    assert [member.state for member in found.members] == ["in", "waiting"]
    assert found.twice == ("HQ1",)


def test_a_battery_of_another_bank_is_not_added_again() -> None:
    found = gather(NAMED, BankMemory(), [battery(1), battery(2), battery(3)], 0.0, 0.0, {battery(1).bms.name})
    assert states(found)["uc1"] == "waiting"
    assert found.twice == ("uc1",)


def test_no_crowd_makes_a_bank_of_hundreds_and_nobody_is_pushed_out() -> None:
    before = look(FOUND, battery(1), battery(2)).memory
    found = look(FOUND, *(battery(number) for number in range(300, 0, -1)), before=before)
    assert len(found.members) == 32
    assert {"uc1", "uc2"} <= states(found).keys()
    assert len(found.services) == 32, "the others limit like any battery"


def test_a_battery_that_is_found_is_known_by_its_unique_number() -> None:
    assert states(look(FOUND, battery(1, Serial="HQ1"))) == {"uc1": "in"}


def test_of_two_under_one_word_an_open_contactor_is_the_last_word_only_of_both() -> None:
    entry = BankEntry("house", "House", ("HQ1",))
    for second, gone in ((9, "silent"), (14, "away")):
        twins = candidate(1, Serial="1 HQ1", State=14), candidate(2, Serial="2 HQ1", State=second)
        found = look(entry, before=look(entry, *twins).memory)
        assert [(one.state, one.title) for one in found.members] == [(gone, "Bank 1")]


def test_one_that_waited_is_missed_when_it_is_gone() -> None:
    waiting = look(FOUND, battery(1), battery(2), battery(3, Voltage=25.0))
    assert states(waiting)["uc3"] == "waiting"
    assert states(look(FOUND, battery(1), battery(2), before=waiting.memory))["uc3"] == "silent"


def test_it_is_known_since_when_a_bank_is_looked_at() -> None:
    first = look(FOUND, battery(1), now=5.0).memory
    assert (first.began, look(FOUND, battery(1), before=first, now=9.0).memory.began) == (5.0, 5.0)


def apart(
    *volts: float | None, before: MembersApart | None = None, window_v: float = 1.0, state: MemberState = "in"
) -> MembersApart | None:
    members = [member(number, "in" if number < 3 else state, Voltage=v) for number, v in enumerate(volts, 1)]
    return members_apart(before, members, window_v)


def test_members_are_apart_beyond_the_window() -> None:
    assert apart(26.0) is None
    assert apart(26.0, None) is None
    assert apart(26.0, 27.0) is None
    assert apart(27.125, 26.0, 26.5) == ("Bank 2", 26.0, "Bank 1", 27.125)
    assert apart(26.0, 26.5, 30.0, state="open") is None
    assert apart(26.0, 26.5, 30.0, state="waiting") == ("Bank 1", 26.0, "Bank 3", 30.0)


def test_it_ends_three_quarters_of_the_window_apart_and_stays_as_it_was_first_seen() -> None:
    seen = MembersApart("Bank 1", 26.0, "Bank 2", 27.125)
    assert apart(26.0, 26.75, before=seen) is None
    assert apart(26.0, 26.875, before=seen) is seen
    assert apart(26.0, 26.875, 26.5, before=seen) is seen
    assert apart(26.5, 27.625, before=seen) is seen, "both by half of the window"
    assert apart(25.5, 26.625, before=seen) is seen
    assert apart(26.5625, 27.625, before=seen) == ("Bank 1", 26.5625, "Bank 2", 27.625)
    assert apart(26.0, 27.6875, before=seen) == ("Bank 1", 26.0, "Bank 2", 27.6875)
    other = MembersApart("Bank 1", 26.0, "Bank 9", 27.125)
    assert apart(26.0, 27.125, before=other) == seen, "one of them is not there"
    swapped = MembersApart("Bank 9", 26.0, "Bank 2", 27.125)
    assert apart(26.0, 27.125, before=swapped) == seen


@pytest.mark.parametrize(("nominal_v", "window_v"), [(12.0, 0.2), (24.0, 0.4), (48.0, 0.8), (None, 0.2)])
def test_the_window_grows_with_the_nominal_voltage(nominal_v: float | None, window_v: float) -> None:
    assert window_of(nominal_v) == pytest.approx(window_v)


# --- what is remembered ----------------------------------------------------------------------------------------------


def restarted(entry: BankEntry, memory: BankMemory, forget: str = "") -> BankMemory:
    remembered = Remembered(members=keep_members(entry, memory))
    return recall_members(entry, (remembered.forget(forget) if forget else remembered).members)


@pytest.mark.parametrize("entry", [NAMED, FOUND])
def test_a_restart_changes_nothing_about_who_is_missed(entry: BankEntry) -> None:
    first = look(entry, battery(1), battery(2), battery(3, State=14)).memory
    gone = look(entry, battery(1), before=first, epoch=5.0).memory
    found = look(entry, battery(1), before=restarted(entry, gone), epoch=9.0)
    assert states(found) == {"uc1": "in", "uc2": "silent", "uc3": "away"}
    assert {one.word: one.since for one in found.memory.members} == {"uc1": 0.0, "uc2": 5.0, "uc3": 0.0}


def test_a_loss_that_is_acknowledged_stops_no_longer_until_the_battery_is_back() -> None:
    memory = look(NAMED, battery(1), battery(2)).memory
    found = look(NAMED, battery(1), battery(2), before=restarted(NAMED, memory, "uc3"))
    assert states(found)["uc3"] == "acknowledged"
    assert charge_current(BankMembers(NAMED, found.members)).value == 363.6
    back = look(NAMED, battery(1), battery(2), battery(3, AllowToCharge=0), before=found.memory)
    assert charge_current(BankMembers(NAMED, back.members)).value == 0
    assert states(look(NAMED, battery(1), battery(2), before=back.memory))["uc3"] == "silent"


def test_without_names_whose_loss_is_acknowledged_is_forgotten() -> None:
    memory = look(FOUND, battery(1), battery(2)).memory
    found = look(FOUND, battery(1), before=restarted(FOUND, memory, "uc2"))
    assert states(found) == {"uc1": "in"}
    assert keep_members(FOUND, found.memory)[0].member == "uc1"
    assert states(look(FOUND, battery(2), before=restarted(FOUND, memory, "uc1"))) == {"uc2": "in"}


def test_who_is_named_no_more_is_no_member_after_the_restart() -> None:
    memory = look(NAMED, battery(1), battery(2), battery(3)).memory
    fewer = BankEntry("house", "House", WORDS[:2])
    assert states(look(fewer, battery(1), battery(2), before=restarted_as(fewer, memory))) == dict.fromkeys(
        WORDS[:2], "in"
    )
    for name in ("starter", "aft"):
        other = BankEntry(name, "Other", WORDS)
        assert recall_members(other, keep_members(NAMED, memory)).members == ()


def test_after_a_restart_the_voltage_has_to_fit_again() -> None:
    before = look(FOUND, battery(1), battery(2), battery(3)).memory
    again = look(FOUND, battery(1), battery(2), battery(3, Voltage=25.0), before=restarted(FOUND, before))
    assert states(again)["uc3"] == "waiting"


def restarted_as(entry: BankEntry, memory: BankMemory) -> BankMemory:
    return recall_members(entry, keep_members(NAMED, memory))


def test_a_word_in_the_state_that_this_version_does_not_know_is_no_word() -> None:
    memory = look(NAMED, battery(1)).memory
    odd = [one.__class__(one.bank, one.member, one.since, "hearsay") for one in keep_members(NAMED, memory)]
    assert recall_members(NAMED, odd).members == ()


# --- any order of events ---------------------------------------------------------------------------------------------


@dataclass
class ModelLynx:
    """What a battery is doing, and what the bank must think of it, written apart from the product."""

    there: bool = True
    contactor: bool = True
    refuses: bool = False
    volts: float = 26.4
    ccl_a: float = 200.0
    known_open: bool = False
    expected: bool = True
    added: bool = False


class Parallel(RuleBasedStateMachine):
    """Three batteries, a bank of those that are named, restarts, and acknowledged losses."""

    def __init__(self) -> None:
        super().__init__()
        self.lynxes = {word: ModelLynx() for word in WORDS}
        self.memory = BankMemory()
        self.now = 0.0
        self.look()

    def look(self) -> None:
        self.now += 1.0
        heard = [
            battery(
                int(word[2:]),
                State=9 if lynx.contactor else 14,
                AllowToCharge=0 if lynx.refuses else 1,
                Voltage=lynx.volts,
                MaxChargeCurrent=lynx.ccl_a,
                Current=1.0,
            )
            for word, lynx in self.lynxes.items()
            if lynx.there
        ]
        self.found = gather(NAMED, self.memory, heard, self.now, self.now)
        self.memory = self.found.memory
        for lynx in self.lynxes.values():
            if lynx.there:
                lynx.known_open, lynx.expected = not lynx.contactor, True
            if not (lynx.there and lynx.contactor):
                lynx.added = False
        inside = [lynx for lynx in self.lynxes.values() if lynx.added]
        for lynx in self.lynxes.values():
            if lynx.there and lynx.contactor and not lynx.added and inside:
                lynx.added = any(abs(lynx.volts - other.volts) <= 0.4 for other in inside) and self.near(lynx, inside)
        if not inside:
            able = [lynx for lynx in self.lynxes.values() if lynx.there and lynx.contactor]
            middle = sorted(lynx.volts for lynx in able)[(len(able) - 1) // 2] if able else 0.0
            for lynx in able:
                lynx.added = abs(lynx.volts - middle) <= 0.4

    @staticmethod
    def near(lynx: ModelLynx, inside: list[ModelLynx]) -> bool:
        volts = sorted(other.volts for other in inside)
        return abs(lynx.volts - volts[(len(volts) - 1) // 2]) <= 0.4

    @rule(word=st.sampled_from(WORDS))
    def goes(self, word: str) -> None:
        self.lynxes[word].there = False
        self.look()

    @rule(word=st.sampled_from(WORDS))
    def comes(self, word: str) -> None:
        self.lynxes[word].there = True
        self.look()

    @rule(word=st.sampled_from(WORDS), closed=st.booleans())
    def switches(self, word: str, closed: bool) -> None:
        self.lynxes[word].contactor = closed
        self.look()

    @rule(word=st.sampled_from(WORDS), refuses=st.booleans())
    def decides(self, word: str, refuses: bool) -> None:
        self.lynxes[word].refuses = refuses
        self.look()

    @rule(word=st.sampled_from(WORDS), volts=st.sampled_from([26.4, 26.5, 27.4, 25.0]))
    def drifts(self, word: str, volts: float) -> None:
        self.lynxes[word].volts = volts
        self.look()

    @rule(word=st.sampled_from(WORDS), ccl_a=st.sampled_from([0.0, 20.0, 200.0]))
    def limits(self, word: str, ccl_a: float) -> None:
        self.lynxes[word].ccl_a = ccl_a
        self.look()

    @rule()
    def restarts(self) -> None:
        self.memory = restarted(NAMED, self.memory)
        for lynx in self.lynxes.values():
            lynx.added = False
        self.look()

    @rule(word=st.sampled_from(WORDS))
    def is_acknowledged(self, word: str) -> None:
        self.memory = restarted(NAMED, self.memory, word)
        lynx = self.lynxes[word]
        lynx.expected = lynx.known_open = False
        for other in self.lynxes.values():
            other.added = False
        self.look()

    @invariant()
    def who_must_stop_stops(self) -> None:
        allowed = charge_current(BankMembers(NAMED, self.found.members)).value
        silent = [one for one in self.lynxes.values() if not one.there and one.expected and not one.known_open]
        closed = [one for one in self.lynxes.values() if one.there and one.contactor]
        inside = [one for one in closed if one.added]
        refusing = [one for one in closed if one.refuses or one.ccl_a == 0]
        if silent or refusing or not inside:
            assert allowed == 0
            return
        parts = len(inside)
        expected = min(one.ccl_a / (1.1 / parts) for one in inside)
        waiting = [one.ccl_a / (1.1 / (parts + 1)) for one in closed if not one.added]
        expected = min([expected, *waiting])
        if len(closed) == 1:
            expected = inside[0].ccl_a
        assert allowed == pytest.approx(expected, abs=0.11)

    @invariant()
    def who_is_in_is_in(self) -> None:
        found = {member.word: member.state for member in self.found.members}
        for word, lynx in self.lynxes.items():
            assert (found[word] == "in") == (lynx.there and lynx.contactor and lynx.added)
            assert (found[word] == "open") == (lynx.there and not lynx.contactor)
            assert (found[word] == "silent") == (not lynx.there and lynx.expected and not lynx.known_open)

    @invariant()
    def discharge_is_0_by_a_word_only(self) -> None:
        value = discharge_current(BankMembers(NAMED, self.found.members)).value
        assert value is None or value > 0


TestParallel = Parallel.TestCase
TestParallel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
