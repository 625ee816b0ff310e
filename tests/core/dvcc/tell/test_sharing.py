"""Sharing one current over several chargers: the vendor's numbers, and the properties of the strict rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.tell.sharing import STEP_A, Sharer, strict_share, vendor_share

AMPS = st.floats(0, 200).map(lambda value: round(value, 2))
SHARERS = st.lists(
    st.builds(Sharer, st.floats(-5, 250), AMPS, AMPS, st.booleans(), st.booleans()), min_size=1, max_size=12
)
LIMITS = st.floats(-10, 2500)


@pytest.mark.parametrize(
    ("limit", "sharers", "shares"),
    [
        (12.2, [Sharer(5, 50, 50)], [13.0]),
        (60.0, [Sharer(5, 50, 50)], [50]),
        (95.1, [Sharer(20, 50, 50), Sharer(20, 50, 50)], [50, 50]),
        (95.0, [Sharer(0, 50, 0), Sharer(0, 50, 0)], [47.5, 47.5]),
        (30.0, [Sharer(14.4, 35, 0), Sharer(1.0, 10, 0)], [28.1, 7.0]),
        (20.0, [Sharer(20, 35, 34), Sharer(8, 10, 10)], [12.9, 7.1]),
        (5.0, [], []),
    ],
    ids=["one is rounded up", "one to its own limit", "nearly all is all", "95 % is not more than 95 %",
         "a scenario of the vendor", "everybody shrinks", "nobody"],
)  # fmt: skip
def test_the_vendors_rule(limit: float, sharers: list[Sharer], shares: list[float]) -> None:
    assert vendor_share(limit, sharers) == pytest.approx(shares)


@pytest.mark.parametrize(
    "sharers",
    [
        [Sharer(35.5, 35.5, 35.5), Sharer(10.5, 10.5, 10.5)],
        [Sharer(40, 35, 40), Sharer(12, 10, 12)],
    ],
    ids=["all they can", "more than they may"],
)
def test_the_vendors_rule_tells_nothing_new_where_all_make_all_they_can(sharers: list[Sharer]) -> None:
    assert vendor_share(20.0, sharers) is None


def test_the_vendors_rule_carries_the_rounding_and_forgets_what_it_clips() -> None:
    assert vendor_share(1.0, [Sharer(0, 10, 0), Sharer(0, 10, 0), Sharer(0, 10, 0)]) == pytest.approx([0.3, 0.4, 0.3])
    assert vendor_share(0.0, [Sharer(1, 50, 50), Sharer(20, 21, 21)]) == [0.0, pytest.approx(19.6, abs=0.1)]


def test_one_charger_is_rounded_down() -> None:
    assert strict_share(12.29, [Sharer(5, 50, 0)]) == [12.2]


def test_what_the_sun_makes_comes_first_and_then_what_the_others_make_and_then_room_for_the_sun() -> None:
    sun, alternator = Sharer(20, 50, 0), Sharer(10, 40, 0, first=False)
    assert strict_share(15, [sun, alternator]) == [15, 0]
    assert strict_share(25, [sun, alternator]) == [20, 5]
    assert strict_share(45, [sun, alternator]) == [35, 10]
    assert strict_share(75, [sun, alternator]) == [50, 25]
    assert strict_share(100, [sun, alternator]) == [50, 40]


def test_what_is_made_counts_between_nothing_and_the_own_limit() -> None:
    """A charger that takes 5 A counts as making nothing, one that makes more than it may as making what it may."""
    assert strict_share(10, [Sharer(-5, 50, 0), Sharer(10, 50, 0)]) == [0, 10]
    assert strict_share(30, [Sharer(-5, 20, 0), Sharer(20, 30, 0)]) == [6.6, 23.3]
    assert strict_share(20, [Sharer(90, 10, 0), Sharer(10, 10, 0)]) == [10, 10]
    assert strict_share(10, [Sharer(90, 10, 0), Sharer(10, 10, 0)]) == [5, 5]
    assert strict_share(10.55, [Sharer(0.5, 40, 0)]) == [10.5]
    assert strict_share(0.5, [Sharer(0.5, 50, 0), Sharer(0, 50, 0)]) == [0.5, 0]
    assert strict_share(10, [Sharer(-0.5, 50, 0), Sharer(10, 50, 0)]) == [0, 10]


def test_a_limit_of_its_own_that_is_no_whole_step_is_told_as_it_is() -> None:
    assert strict_share(100, [Sharer(0, 12.34, 0)]) == [12.34]
    assert strict_share(12.33, [Sharer(0, 12.34, 0)]) == [12.3]


def test_one_that_is_off_gets_what_is_left_and_a_step_to_wake_up_with() -> None:
    assert strict_share(30, [Sharer(10, 50, 0), Sharer(0, 50, 0, awake=False)]) == [30, STEP_A]
    assert strict_share(70, [Sharer(10, 50, 0), Sharer(0, 50, 0, awake=False)]) == [50, 20]
    assert strict_share(0, [Sharer(10, 50, 0), Sharer(0, 50, 0, awake=False)]) == [0, 0]
    assert strict_share(30, [Sharer(10, 50, 0), Sharer(0, 0.05, 0, awake=False)]) == [30, 0.05]


@given(LIMITS, SHARERS)
def test_together_at_most_the_limit(limit: float, sharers: list[Sharer]) -> None:
    asleep = sum(not sharer.awake for sharer in sharers)
    assert sum(strict_share(limit, sharers)) <= max(limit, 0) + STEP_A * asleep + 1e-6


@given(LIMITS, SHARERS)
def test_nobody_above_its_own_limit_and_nobody_below_zero(limit: float, sharers: list[Sharer]) -> None:
    for share, sharer in zip(strict_share(limit, sharers), sharers, strict=True):
        assert 0 <= share <= sharer.own_limit_a


@given(LIMITS, st.floats(0, 100), SHARERS)
def test_a_lower_limit_gives_nobody_more(limit: float, less: float, sharers: list[Sharer]) -> None:
    for high, low in zip(strict_share(limit, sharers), strict_share(limit - less, sharers), strict=True):
        assert low <= high + STEP_A + 1e-9
    assert sum(strict_share(limit - less, sharers)) <= sum(strict_share(limit, sharers)) + STEP_A


@given(LIMITS, SHARERS, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(limit: float, sharers: list[Sharer], chance: object) -> None:
    order = list(range(len(sharers)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled = strict_share(limit, [sharers[index] for index in order])
    straight = strict_share(limit, sharers)
    for place, index in enumerate(order):
        assert shuffled[place] == pytest.approx(straight[index], abs=STEP_A + 1e-9)


@given(LIMITS, SHARERS)
def test_the_vendors_rule_never_tells_less_than_nothing(limit: float, sharers: list[Sharer]) -> None:
    assert all(share >= 0 for share in vendor_share(max(limit, 0), sharers) or ())
