"""Permission is yes, no or unknown; the strictest wins, and a restriction can only take away."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.permission import Restriction, flag, restrict, strictest


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ([], None),
        ([True], True),
        ([True, True], True),
        ([True, None], None),
        ([None], None),
        ([True, None, False], False),
        ([False], False),
    ],
)
def test_the_strictest_wins(permissions: list[bool | None], expected: bool | None) -> None:
    assert strictest(permissions) is expected


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


@given(st.sampled_from([True, False, None]), st.booleans())
def test_a_restriction_never_allows_more(permission: bool | None, stopped: bool) -> None:
    assert restrict(permission, stopped) is (False if stopped else permission)


def test_a_restriction_has_no_word_for_allowed() -> None:
    assert set(Restriction.__dataclass_fields__) == {"stops_charge", "stops_discharge", "pre_alarm", "source"}
    nothing = Restriction()
    assert not any((nothing.stops_charge, nothing.stops_discharge, nothing.pre_alarm))
