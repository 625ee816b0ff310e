"""A record behaves as a frozen dataclass with slots does, a state as one that is not frozen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.record import record, state


@record
class Cap:
    """A cap."""

    value: float | None
    name: str = "bms"
    caps: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False, compare=False)

    def doubled(self) -> float:
        return 2 * (self.value or 0)

    @property
    def shown(self) -> str:
        return self.name.upper()


@dataclass(frozen=True, slots=True)
class Peer:
    """A cap."""

    value: float | None
    name: str = "bms"
    caps: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False, compare=False)


VALUES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1.0,), {}),
    ((None, "x"), {"caps": (1, 2)}),
    ((), {"value": 3.0, "secret": "s"}),
    ((1.0, "a", (3,), ["n"], "z"), {}),
    ((), {"secret": "z", "notes": ["n"], "caps": (3,), "name": "a", "value": 1.0}),
    ((1.0, "a"), {"secret": "z", "notes": ["n"], "caps": (3,)}),
]


@pytest.mark.parametrize(("args", "named"), VALUES)
def test_it_is_made_shown_and_taken_apart_like_a_dataclass(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = Cap(*args, **named), Peer(*args, **named)
    assert repr(ours) == repr(theirs).replace("Peer", "Cap")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [item.name for item in dataclasses.fields(ours)] == [item.name for item in dataclasses.fields(theirs)]
    assert dataclasses.asdict(dataclasses.replace(ours, name="new")) == dataclasses.asdict(
        dataclasses.replace(theirs, name="new")
    )


@given(st.one_of(st.none(), st.floats(allow_nan=False)), st.text(max_size=3), st.text(max_size=3))
def test_equality_and_hash_are_those_of_the_compared_values(value: float | None, name: str, secret: str) -> None:
    @record
    class Pair:
        value: float | None
        name: str
        secret: str = field(default="", compare=False)

    assert Pair(value, name, secret) == Pair(value, name, "other")
    assert hash(Pair(value, name, secret)) == hash(Pair(value, name, "other"))
    assert Pair(value, name) != Pair(value, name + "x")
    assert Pair(value, name) != (value, name)


def test_it_is_frozen_and_has_no_room_for_more() -> None:
    cap = Cap(1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        cap.value = 2.0  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del cap.value
    with pytest.raises(dataclasses.FrozenInstanceError):
        cap.other = 1  # type: ignore[attr-defined]
    assert not hasattr(cap, "__dict__")


@pytest.mark.parametrize(
    ("args", "named", "what"),
    [
        ((), {}, "needs a value for value"),
        ((1, 2, 3, 4, 5, 6), {}, "takes 5 values, not 6"),
        ((1,), {"nonsense": 2}, "no further field nonsense"),
        ((1,), {"value": 2}, "no further field value"),
        ((1, "a", (), []), {"value": 2}, "no further field value"),
        ((1, "a", (), []), {"secrets": "z"}, "no further field secrets"),
    ],
)
def test_wrong_arguments_are_refused(args: tuple[Any, ...], named: dict[str, Any], what: str) -> None:
    with pytest.raises(TypeError, match=what):
        Cap(*args, **named)


def test_each_record_has_its_own_list() -> None:
    first, second = Cap(1.0), Cap(1.0)
    first.notes.append("mine")
    assert second.notes == []


def test_methods_properties_and_docs_stay() -> None:
    assert (Cap(2.0).doubled(), Cap(None).shown, Cap.__doc__) == (4.0, "BMS", "A cap.")
    assert Cap.__match_args__ == ("value", "name", "caps", "notes", "secret")
    match Cap(7.0, "seven"):
        case Cap(value, name):
            assert (value, name) == (7.0, "seven")


def test_a_field_without_default_behind_one_with_default_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="late has no default"):

        @record
        class Wrong:
            early: int = 1
            late: str  # type: ignore[misc]


def test_what_the_class_says_itself_holds() -> None:
    @record
    class Own:
        key: bytes

        def __post_init__(self) -> None:
            if not self.key:
                raise ValueError("empty")

        def __repr__(self) -> str:
            return "Own(...)"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    assert (repr(Own(b"x")), Own(b"x") == Own(b"y"), hash(Own(b"x"))) == ("Own(...)", True, 7)
    for args, named in (((b"",), {}), ((), {"key": b""})):
        with pytest.raises(ValueError, match="empty"):
            Own(*args, **named)


def test_a_record_without_fields_is_equal_to_its_like() -> None:
    @record
    class Nothing:
        """Nothing."""

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    assert repr(Nothing()) == "Nothing()"


@state
class Count:
    """Counters."""

    name: str
    frames: int = 0
    errors: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class PeerCount:
    """Counters."""

    name: str
    frames: int = 0
    errors: dict[str, int] = field(default_factory=dict)


def test_a_state_changes_and_is_otherwise_like_a_record() -> None:
    ours, theirs = Count("can0"), PeerCount("can0")
    for each in (ours, theirs):
        each.frames += 3
        each.errors["bus-off"] = 1
    assert repr(ours) == repr(theirs).replace("PeerCount", "Count")
    assert dataclasses.asdict(dataclasses.replace(ours, name="can1")) == {**dataclasses.asdict(theirs), "name": "can1"}
    assert ours == Count("can0", 3, {"bus-off": 1})
    assert ours != Count("can0", 3)
    del ours.name
    assert not hasattr(ours, "name")
    with pytest.raises(AttributeError):
        ours.other = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="needs a value for name"):
        Count()  # type: ignore[call-arg]


def test_what_changes_has_no_hash_unless_the_class_gives_one() -> None:
    @state
    class Own:
        key: int

        def __hash__(self) -> int:
            return 7

    with pytest.raises(TypeError, match="unhashable"):
        hash(Count("can0"))
    assert hash(Own(1)) == 7


def test_all_is_there_when_the_class_is_made() -> None:
    put: list[str] = []

    class Watching(type):
        def __setattr__(cls, name: str, value: object) -> None:
            put.append(name)
            super().__setattr__(name, value)

    @record
    class Watched(metaclass=Watching):
        value: float
        name: str = ""

    assert repr(Watched(1.0)).endswith("Watched(value=1.0, name='')")
    assert put == ["__qualname__"], "each method that is put into a class later costs a look at all it inherits"
