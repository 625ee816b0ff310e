"""After a hold-up it is read first and decided later."""

from __future__ import annotations

import pytest

from gxbridge.core.stall_guard import HELD_S, SETTLE_S, HoldUp


def test_looks_at_their_time_may_decide_from_the_first_one_on() -> None:
    hold_up = HoldUp()
    assert all(hold_up.over(1000.0 + second) for second in range(60))


@pytest.mark.parametrize(("pause_s", "over"), [(HELD_S, True), (HELD_S + 0.1, False), (3600.0, False)])
def test_only_a_pause_that_no_delay_explains_counts(pause_s: float, over: bool) -> None:
    hold_up = HoldUp()
    assert hold_up.over(1000.0)
    assert hold_up.over(1000.0 + pause_s) is over


def test_until_what_waited_has_been_read_nothing_is_decided() -> None:
    hold_up = HoldUp()
    hold_up.over(1000.0)
    looks = {at: hold_up.over(1015.0 + at) for at in (0.0, 0.01, 0.5, SETTLE_S - 0.01, SETTLE_S, SETTLE_S + 1)}
    assert [at for at, over in looks.items() if over] == [SETTLE_S, SETTLE_S + 1]


def test_it_is_a_pause_of_more_than_3_s_and_then_1_s_of_reading_whatever_the_clock_says() -> None:
    assert (HELD_S, SETTLE_S) == (3.0, 1.0)
    assert HoldUp().over(-5.0)
