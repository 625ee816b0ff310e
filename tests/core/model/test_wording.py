"""How durations, counts, temperatures and moments read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.wording import celsius_text, counted, duration_text, utc_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"), (0.9, "0 s"), (2.4, "2 s"), (119.9, "119 s"), (120, "2 min"), (179, "2 min"), (7199, "119 min"),
        (7200, "2 h"), (17 * 3600, "17 h"),
    ],
)  # fmt: skip
def test_a_duration_is_told_in_the_largest_unit_of_which_there_are_two(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_one_is_not_many() -> None:
    assert [counted(count, "frame") for count in (0, 1, 1.0, 2)] == ["0 frames", "1 frame", "1 frame", "2 frames"]


def test_a_temperature_shows_its_sign() -> None:
    assert [celsius_text(value) for value in (4.94, -5.0, 0.0, -0.04)] == ["+4.9 °C", "-5 °C", "+0 °C", "+0 °C"]


@given(st.datetimes(datetime(1970, 1, 1), datetime(4000, 1, 1)))
def test_a_moment_is_what_the_calendar_says(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert utc_text(moment.timestamp()) == f"{moment:%Y-%m-%d %H:%M} UTC"


def test_a_moment_that_cannot_be_is_the_nearest_that_can() -> None:
    assert utc_text(-1e9) == "1970-01-01 00:00 UTC"
    assert utc_text(1e15) == "5138-11-16 09:46 UTC"
