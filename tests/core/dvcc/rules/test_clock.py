"""The local time: a clock that was never set and a zone that nobody knows are none."""

from __future__ import annotations

import math

from gxbridge.core.dvcc.rules.clock import EARLIEST, LocalClock, local_clock

NOON = 1_796_126_400.0
"""2026-12-01 12:00 UTC."""


def test_minutes_and_day_are_local() -> None:
    berlin, hawaii, kiribati = (local_clock(NOON, hours * 3600.0) for hours in (1, -10, 14))
    assert (berlin.minutes, hawaii.minutes, kiribati.minutes) == (13 * 60, 2 * 60, 2 * 60)
    assert berlin.day == hawaii.day == 20788
    assert kiribati.day == 20789, "it is tomorrow there"


def test_summer_time_is_only_another_offset() -> None:
    """2026-10-25 in Berlin: 00:59:59 UTC is 02:59 local, a second later it is 02:00 again."""
    before = local_clock(1_792_889_999.0, 7200.0)
    after = local_clock(1_792_890_000.0, 3600.0)
    assert (before.minutes, after.minutes) == (179, 120)


def test_a_clock_before_2024_was_never_set() -> None:
    assert local_clock(EARLIEST - 1, 0.0) == LocalClock(None, 0.0)
    assert local_clock(EARLIEST, 0.0).minutes == 0
    for epoch in (0.0, -5.0, math.nan, math.inf):
        assert local_clock(epoch, 0.0).epoch is None


def test_without_a_zone_there_is_no_local_time() -> None:
    for zone_s in (None, math.nan, 15 * 3600.0, -15 * 3600.0):
        clock = local_clock(NOON, zone_s)
        assert (clock.minutes, clock.day) == (None, None)
        assert clock.epoch == NOON
    assert LocalClock(None, 3600.0).minutes is None
