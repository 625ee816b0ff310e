"""Whose time zone counts: the configuration's, else the GX's setting, else that of this machine."""

from __future__ import annotations

import pytest

from gxbridge.runtime import time_zone
from gxbridge.runtime.time_zone import SETTING, SETTINGS, boat_zone_s

WINTER = 1_796_126_400.0
"""2026-12-01 12:00 UTC."""


def test_the_configuration_counts_first() -> None:
    assert boat_zone_s("Europe/Berlin", {SETTINGS: {SETTING: "Asia/Tokyo"}}, WINTER) == 3600


def test_then_the_setting_of_the_gx_and_nothing_beside_it() -> None:
    assert boat_zone_s(None, {SETTINGS: {SETTING: "Asia/Tokyo"}}, WINTER) == 9 * 3600
    for odd in (None, "", 5, "Nowhere/At all"):
        assert boat_zone_s(None, {SETTINGS: {SETTING: odd}}, WINTER) is None
    assert boat_zone_s(None, {SETTINGS: {}}, WINTER) is None


def test_without_settings_this_machine_s_counts_unless_it_is_a_gx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_zone, "PLATFORM_FILE", "/nonexistent")
    monkeypatch.setattr(time_zone, "system_offset_s", lambda _: 1800.0)
    assert boat_zone_s(None, {}, WINTER) == 1800
    monkeypatch.setattr(time_zone, "PLATFORM_FILE", "/")
    assert boat_zone_s(None, {}, WINTER) is None
