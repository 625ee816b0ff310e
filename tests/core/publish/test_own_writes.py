"""The one item of our own service that clients may write: it lowers, or returns to the configuration."""

from __future__ import annotations

from gxbridge.core.dvcc.rules.clock import NO_CLOCK, LocalClock
from gxbridge.core.dvcc.rules.storage import StorageProfile
from gxbridge.core.publish.own_writes import judge_own_write

NOON = LocalClock(1_796_126_400.0, 0.0)
"""2026-12-01, the day 20788."""
PROFILE = StorageProfile(soc_percent=60.0)


def code(value: object, profile: StorageProfile | None = PROFILE, clock: LocalClock = NOON, **more: str) -> int:
    return judge_own_write(
        more.get("path", "/Rules/Storage"),
        value,
        profile,
        clock,
        more.get("mode", "control"),  # type: ignore[arg-type]
    ).code


def test_1_and_0_are_taken_and_nothing_else() -> None:
    assert [judge_own_write("/Rules/Storage", value, PROFILE, NOON, "monitor").local for value in (1, 0)] == [1, 0]
    assert [code(value) for value in (2, -1, None, "on", 0.5, "1")] == [2, 2, 2, 2, 2, 0]


def test_nothing_else_is_writable() -> None:
    for path in ("/Dvcc/Mode", "/Rules/Act", "/Rules/0/Value", "/Limits/Ccl/Value"):
        assert code(1, path=path) == 1


def test_without_a_profile_or_with_dvcc_off_it_is_not() -> None:
    assert code(1, None) == 1
    assert code(1, mode="off") == 1


def test_what_the_configuration_switches_on_no_client_switches_off() -> None:
    on = PROFILE._replace(on=True)
    assert (code(0, on), code(1, on)) == (2, 0)
    assert code(0, on._replace(until_day=20788)) == 0, "it is over"


def test_a_profile_that_is_over_cannot_be_switched_on() -> None:
    over = PROFILE._replace(until_day=20788)
    assert (code(1, over), code(0, over)) == (2, 0)
    assert code(1, over, NO_CLOCK) == 0, "while the day is not known it holds"
