"""Zones by the tables of this machine."""

from __future__ import annotations

import math

from gxbridge.edge.local_time import system_offset_s, zone_exists, zone_offset_s

WINTER, SUMMER = 1_796_126_400.0, 1_782_907_200.0
"""2026-12-01 12:00 and 2026-07-01 12:00 UTC."""


def test_summer_time_is_another_offset() -> None:
    assert zone_offset_s("Europe/Berlin", WINTER) == 3600
    assert zone_offset_s("Europe/Berlin", SUMMER) == 7200
    assert zone_offset_s("/UTC", SUMMER) == 0, "as a GX writes it"


def test_what_is_no_zone_has_no_offset() -> None:
    for name in ("Europe/Atlantis", "", "../../etc/passwd", "Europe"):
        assert zone_offset_s(name, WINTER) is None
        assert not zone_exists(name)
    assert zone_exists("Europe/Berlin")


def test_what_is_no_moment_has_no_offset() -> None:
    for epoch in (math.nan, math.inf, 1e18):
        assert zone_offset_s("Europe/Berlin", epoch) is None
        assert system_offset_s(epoch) is None
    assert system_offset_s(WINTER) is not None
