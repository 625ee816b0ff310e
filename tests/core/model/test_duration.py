"""How long something lasts, in words."""

from __future__ import annotations

import pytest

from gxbridge.core.model.duration import duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"), (0.9, "0 s"), (2.4, "2 s"), (119.9, "119 s"), (120, "2 min"), (179, "2 min"), (7199, "119 min"),
        (7200, "2 h"), (17 * 3600, "17 h"),
    ],
)  # fmt: skip
def test_a_duration_is_told_in_the_largest_unit_of_which_there_are_two(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
