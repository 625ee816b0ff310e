"""Permission is yes, no or unknown; a restriction can only take away."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.model.permission import WORDS, Restriction, flag


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, False),
        (1, True),
        (0.0, False),
        (1.0, True),
        (2, None),
        (-1, None),
        (math.nan, None),
        ("1", None),
        (None, None),
    ],
)
def test_only_0_and_1_are_a_flag(value: object, expected: bool | None) -> None:
    assert flag(value) is expected  # type: ignore[arg-type]


def test_a_restriction_has_no_word_for_allowed() -> None:
    assert set(Restriction.__dataclass_fields__) == {"stops_charge", "stops_discharge", "pre_alarm", "source"}
    nothing = Restriction()
    assert not any((nothing.stops_charge, nothing.stops_discharge, nothing.pre_alarm))


def test_each_permission_has_a_word() -> None:
    assert WORDS == {True: "allowed", False: "refused", None: "unknown"}
