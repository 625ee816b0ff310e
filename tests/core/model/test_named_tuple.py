"""Our named tuples against the standard library's."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from gxbridge.core.channels.readout.record_fields import RecordField
from gxbridge.core.model import named_tuple
from gxbridge.core.model.items import ItemSpec
from gxbridge.core.publish.battery_rows import PathRow
from gxbridge.core.publish.own_paths import OwnPath
from gxbridge.core.vecan.lynx.table import Essential
from gxbridge.core.vecan.quantities import Quantity, QuantitySource


class Ours(named_tuple.NamedTuple):
    """What is said of it."""

    first: int
    second_v: float | None = 1.5
    third: tuple[str, ...] = ()

    @property
    def more_v(self) -> float:
        return self.first + (self.second_v or 0.0)


class Theirs(typing.NamedTuple):
    """What is said of it."""

    first: int
    second_v: float | None = 1.5
    third: tuple[str, ...] = ()

    @property
    def more_v(self) -> float:
        return self.first + (self.second_v or 0.0)


class Below(Ours):
    __slots__ = ()


class Nothing(named_tuple.NamedTuple):
    """No field at all."""


def outcome(work: Callable[[Any], Any], kind: Any) -> str:
    try:
        return repr(work(kind)).replace("Theirs", "Ours")
    except (TypeError, ValueError, AttributeError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    "work",
    [
        lambda kind: kind(1),
        lambda kind: kind(1, None),
        lambda kind: kind(third=("a",), first=2),
        lambda kind: kind(*range(3)),
        lambda kind: kind(),
        lambda kind: kind(1, 2, 3, 4),
        lambda kind: kind(1, first=2),
        lambda kind: kind(1, fourth=2),
        lambda kind: kind(2)._replace(second_v=3.0),
        lambda kind: kind._make([1, 2, 3]),
        lambda kind: kind._make([1, 2]),
        lambda kind: kind(2)._asdict(),
        lambda kind: (kind(2).first, kind(2).more_v, kind(2)[1:], len(kind(2)), hash(kind(2))),
        lambda kind: (kind(2) == kind(2), kind(2) == (2, 1.5, ()), kind(2) < kind(3), kind(2) != kind(3)),
        lambda kind: (kind._fields, kind._field_defaults, kind.__match_args__, kind.__slots__, kind.__bases__),
        lambda kind: (kind.__doc__, kind.__module__, kind.__qualname__, type(kind), list(kind.__annotations__)),
        lambda kind: (copy.copy(kind(2)), copy.deepcopy(kind(2)), pickle.loads(pickle.dumps(kind(2)))),  # noqa: S301
        lambda kind: (kind.first.__doc__, kind(2).__getnewargs__(), hasattr(kind(2), "__dict__")),
        lambda kind: setattr(kind(2), "first", 3),
        lambda kind: kind(2).fourth,
    ],
)
def test_it_is_as_the_librarys(work: Callable[[Any], Any]) -> None:
    assert outcome(work, Ours) == outcome(work, Theirs)


def test_a_field_that_is_not_there_is_not_replaced() -> None:
    for kind in (Ours, Theirs):  # the library's raises TypeError from Python 3.13 on
        with pytest.raises((ValueError, TypeError), match="fourth"):
            kind(2)._replace(fourth=3.0)


def test_it_is_taken_apart_by_a_pattern_and_kept_by_a_class_below() -> None:
    match Ours(1, 2.0):
        case Ours(first, volts):
            assert (first, volts) == (1, 2.0)
        case _:
            pytest.fail("it has no such fields")
    assert type(Below(1)._replace(first=2)) is Below
    assert repr(Below(1)) == "Below(first=1, second_v=1.5, third=())"


def test_one_without_fields_is_empty() -> None:
    assert (tuple(Nothing()), repr(Nothing())) == ((), "Nothing()")


def test_a_field_without_default_behind_one_that_has_a_default_is_refused() -> None:
    with pytest.raises(TypeError, match="Wrong has a field without default"):

        class Wrong(named_tuple.NamedTuple):
            first: int = 0
            second: int  # type: ignore[misc]


def test_one_place_of_any_of_them_is_read_by_one_object() -> None:
    assert vars(Ours)["second_v"] is vars(Quantity)[Quantity._fields[1]]
    assert "field number 1" in vars(Ours)["second_v"].__doc__


@pytest.mark.parametrize("row", [QuantitySource, Quantity, ItemSpec, PathRow, OwnPath, Essential, RecordField])
def test_rows_of_which_a_start_makes_hundreds_are_tuples(row: type) -> None:
    assert issubclass(row, tuple), "a record takes five times as long to make"
