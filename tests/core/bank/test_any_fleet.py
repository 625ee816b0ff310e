"""Whatever three Lynx do, in any order, from frames to the charger: nobody is told more than each member may take, who
refuses or is silent stops all, and the last gate, which shares no rule with the bank, has nothing to alter.

The rules here are written from what the Lynx say in their frames, and share nothing with the product.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gxbridge.core.bank.entry import BankEntry
from tests.core.bank.fleet import CAPACITY, CURRENT, HOUSE, PRECHARGING, RUNS, STANDBY, Fleet, FleetLynx
from tests.core.boat import ALL_WELL, CCL, IO, STATE

WHO = st.integers(0, 2)
CHARGERS_A = 0.1
"""Currents are told in tenths."""
SILENT_S = 11
"""By then a silence is noticed and told; until then a Lynx counts with its last word."""


class AnyFleet(RuleBasedStateMachine):
    """Every rule ends with a look; the first minute is that of a boat that has been running."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet(3, BankEntry("house", "House", ("uc167120", "uc167121", "uc167122")))
        self.heard_s = dict.fromkeys(range(3), 0)
        """Seconds since a Lynx was heard."""
        self.heard = {number: dict(lynx.said) for number, lynx in enumerate(self.fleet.lynxes)}
        """What each said last: what changes in a Lynx that is silent nobody knows."""
        self.pass_s(10)

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.fleet.pass_s(1)
            for number, lynx in enumerate(self.fleet.lynxes):
                self.heard_s[number] = self.heard_s[number] + 1 if lynx.quiet else 0
                if not lynx.quiet:
                    self.heard[number] = dict(lynx.said)

    @staticmethod
    def opened(lynx: FleetLynx) -> bool:
        return lynx.said[STATE] == STANDBY

    @rule(who=WHO, quiet=st.booleans(), seconds=st.sampled_from([1, 4, 12, 70]))
    def falls_silent_or_returns(self, who: int, quiet: bool, seconds: int) -> None:
        self.fleet.lynxes[who].quiet = quiet
        self.pass_s(seconds)

    @rule(who=WHO, refuses=st.booleans())
    def decides(self, who: int, refuses: bool) -> None:
        if not self.opened(self.fleet.lynxes[who]):
            self.fleet.lynxes[who].refuse(refuses)
        self.pass_s(2)

    @rule(who=WHO, closed=st.booleans())
    def switches(self, who: int, closed: bool) -> None:
        lynx = self.fleet.lynxes[who]
        if closed:
            lynx.close()
        else:
            lynx.open()
        self.pass_s(4)

    @rule(who=WHO)
    def precharges(self, who: int) -> None:
        lynx = self.fleet.lynxes[who]
        lynx.close()
        lynx.said[STATE] = PRECHARGING
        self.pass_s(2)
        lynx.said[STATE] = RUNS
        self.pass_s(2)

    @rule(who=WHO, ccl=st.sampled_from([0, 300, 2000]))
    def limits(self, who: int, ccl: int) -> None:
        self.fleet.lynxes[who].said[CCL] = ccl
        self.pass_s(4)

    @rule(who=WHO, volts=st.sampled_from([26.4, 26.5, 27.5]))
    def drifts(self, who: int, volts: float) -> None:
        self.fleet.lynxes[who].voltage_v = volts
        self.pass_s(4)

    @rule(who=WHO, size=st.sampled_from([100, 400]))
    def is_of_another_size(self, who: int, size: int) -> None:
        self.fleet.lynxes[who].said[CAPACITY] = size
        self.pass_s(4)

    @rule(who=WHO, amps=st.sampled_from([-60.0, 0.0, 10.0, 90.0]), seconds=st.sampled_from([2, 90]))
    def carries(self, who: int, amps: float, seconds: int) -> None:
        self.fleet.lynxes[who].current_a = amps
        self.pass_s(seconds)

    @rule(seconds=st.sampled_from([1, 30]))
    def goes_on(self, seconds: int) -> None:
        self.pass_s(seconds)

    def told(self) -> float:
        value = self.fleet.links.get(CURRENT)
        return 0.0 if value is None else float(value)

    @invariant()
    def the_gate_has_nothing_to_alter(self) -> None:
        assert not [id for id in self.fleet.found() if id.startswith("gate")], self.fleet.found()

    @invariant()
    def who_refuses_or_is_missed_stops_all(self) -> None:
        for number, lynx in enumerate(self.fleet.lynxes):
            if self.heard_s[number] > SILENT_S and self.heard[number][STATE] != STANDBY:
                assert self.told() == 0
            there = not lynx.quiet and lynx.said[STATE] == RUNS
            if there and (lynx.said[IO] != ALL_WELL or lynx.said[CCL] == 0):
                assert self.told() == 0

    @invariant()
    def no_member_can_take_more_than_it_allows(self) -> None:
        """By capacity and a tenth more."""
        there = [
            said for number, said in self.heard.items() if self.heard_s[number] <= SILENT_S and said[STATE] == RUNS
        ]
        whole = sum(said[CAPACITY] for said in there)
        for said in there:
            part = said[CAPACITY] / whole * 1.1 if len(there) > 1 else 1.0
            assert self.told() * part <= said[CCL] / 10 + CHARGERS_A

    @invariant()
    def the_bank_stands_as_long_as_one_is_heard(self) -> None:
        silences = self.heard_s.values()
        if not any(9 <= seconds <= SILENT_S for seconds in silences):
            assert (HOUSE in self.fleet.services()) == (min(silences) < SILENT_S)


TestAnyFleet = AnyFleet.TestCase
TestAnyFleet.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
