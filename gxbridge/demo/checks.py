"""What an act expects of D-Bus: a check knows whether it holds, what it expects in words, and what is there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from gxbridge.demo.bus_watch import BusValue
from gxbridge.demo.roles import GXBRIDGE


class NoItem(Enum):
    """Why an item has no value at all, not even an invalid one."""

    PATH = "no such path"
    SERVICE = "no such service"


SeenValue: TypeAlias = BusValue | NoItem

TOLERANCE = 0.051
"""Currents and voltages are compared to a tenth."""


class BusView(Protocol):
    """Where a check looks."""

    def value(self, role: str, path: str) -> SeenValue:
        """The value of a path of the service in this role."""

    def quiet_s(self, role: str = "", path: str = "") -> float:
        """Seconds since anybody wrote to a charger or inverter, or to this path of this one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: in words, whether it holds now, and what is seen."""

    wanted: str
    holds: Callable[[BusView], bool]
    seen: Callable[[BusView], str]


def seen_text(seen: SeenValue) -> str:
    """A value as a person reads it."""
    if isinstance(seen, NoItem):
        return seen.value
    if seen is None:
        return "invalid"
    return seen if isinstance(seen, str) else f"{seen:g}"


def _equal(seen: SeenValue, wanted: float | str) -> bool:
    if isinstance(seen, int | float) and isinstance(wanted, int | float):
        return abs(seen - wanted) <= TOLERANCE
    return seen == wanted


RELATIONS: dict[str, Callable[[SeenValue, float], bool]] = {
    "=": _equal,
    "<=": lambda seen, wanted: isinstance(seen, int | float) and seen <= wanted + TOLERANCE,
    ">=": lambda seen, wanted: isinstance(seen, int | float) and seen >= wanted - TOLERANCE,
}

KINDS: dict[str, Callable[[SeenValue], bool]] = {
    "invalid": lambda seen: seen is None,
    "valid": lambda seen: seen not in (None, "") and not isinstance(seen, NoItem),
    "gone": lambda seen: seen is NoItem.SERVICE,
}


def _item(role: str, path: str, words: str, holds: Callable[[SeenValue], bool]) -> Check:
    return Check(
        f"{role} {path} {words}",
        lambda view: holds(view.value(role, path)),
        lambda view: seen_text(view.value(role, path)),
    )


def compare(role: str, path: str, relation: str, value: float | str) -> Check:
    """The value of a path against another: `=`, `<=` or `>=`."""
    return _item(role, path, f"{relation} {seen_text(value)}", lambda seen: RELATIONS[relation](seen, value))  # type: ignore[arg-type]


def item_is(role: str, path: str, kind: str) -> Check:
    """A value's kind: `invalid` (the path exists), `valid`, `gone` (the service is not on the bus)."""
    return _item(role, path, f"is {kind}", KINDS[kind])


def values(role: str, wanted: Mapping[str, float | str]) -> list[Check]:
    """Each of these paths of a service has its value."""
    return [compare(role, path, "=", value) for path, value in wanted.items()]


def every(roles: Iterable[str], path: str, relation: str, value: float) -> list[Check]:
    """The same path of several services."""
    return [compare(role, path, relation, value) for role in roles]


def explained(*limits: str) -> list[Check]:
    """The service gives a reason for each of these limits (Cvl, Ccl, Dcl)."""
    return [item_is(GXBRIDGE, f"/Limits/{limit}/Reason", "valid") for limit in limits]


def total_within(items: Sequence[tuple[str, str]], limit: tuple[str, str], slack: float = 0.0) -> Check:
    """Several values together are at most another one plus `slack`; all of them must be known."""

    def total(view: BusView) -> float | None:
        values = [view.value(*item) for item in items]
        numbers = [value for value in values if isinstance(value, int | float)]
        return sum(numbers) if len(numbers) == len(values) else None

    def holds(view: BusView) -> bool:
        found, most = total(view), view.value(*limit)
        return found is not None and isinstance(most, int | float) and found <= most + slack + TOLERANCE

    words = " + ".join(" ".join(item) for item in items)
    return Check(
        f"{words} <= {' '.join(limit)} + {slack:g}",
        holds,
        lambda view: "not all of them known" if (found := total(view)) is None else f"{found:g}",
    )


def quiet(for_s: float, role: str = "", path: str = "") -> Check:
    """Nobody has written to a charger or inverter (or to this path of this one) for so long."""
    target = f"{role} {path}" if role else "chargers and inverter"
    return Check(
        f"no write to {target} for {for_s:g} s",
        lambda view: view.quiet_s(role, path) >= for_s,
        lambda view: f"the last one {view.quiet_s(role, path):.1f} s ago",
    )


def renewed(within_s: float, role: str, path: str) -> Check:
    """This path has been written, with whatever value, within so long."""
    return Check(
        f"a write to {role} {path} within {within_s:g} s",
        lambda view: view.quiet_s(role, path) <= within_s,
        lambda view: f"the last one {view.quiet_s(role, path):.1f} s ago",
    )


def complaint(checks: Sequence[Check], view: BusView) -> str:
    """What was expected and what was seen, for every check that does not hold."""
    return "; ".join(f"expected {check.wanted}, seen {check.seen(view)}" for check in checks if not check.holds(view))
