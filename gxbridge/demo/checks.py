"""What an act expects, as data: each check can tell whether it holds, what it wants, and what is seen instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Value: TypeAlias = int | float | str | None
Seen: TypeAlias = Value | type["NoPath"] | type["NoService"]

TOLERANCE = 0.051
"""Currents and voltages are compared to a tenth."""


class NoPath:
    """The service is there but has no such path."""


class NoService:
    """No such service is on the bus."""


class View(Protocol):
    """Somebody who can look at the bus."""

    def value(self, role: str, path: str) -> Seen:
        """The value of a path of the service that plays this role."""

    def quiet_s(self, role: str = "", path: str = "") -> float:
        """Seconds since anybody wrote to a charger or inverter, or to this path of this one."""


class Check(Protocol):
    """One expectation."""

    @property
    def wanted(self) -> str:
        """The expectation in words."""

    def holds(self, view: View) -> bool:
        """Whether it is so now."""

    def seen(self, view: View) -> str:
        """What is there instead."""


def words(seen: Seen) -> str:
    """A value as a person reads it."""
    if seen is NoService:
        return "no such service"
    if seen is NoPath:
        return "no such path"
    if seen is None:
        return "invalid"
    return f"{seen:g}" if isinstance(seen, int | float) else str(seen)


def _number(seen: Seen) -> float | None:
    return float(seen) if isinstance(seen, int | float) else None


def _equal(seen: Seen, wanted: object) -> bool:
    number = _number(seen)
    if number is not None and isinstance(wanted, int | float):
        return abs(number - wanted) <= TOLERANCE
    return seen == wanted


RELATIONS: Mapping[str, Callable[[Seen, float], bool]] = {
    "<=": lambda seen, wanted: (number := _number(seen)) is not None and number <= wanted + TOLERANCE,
    ">=": lambda seen, wanted: (number := _number(seen)) is not None and number >= wanted - TOLERANCE,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A value against a wanted one: `=`, `<=` or `>=`."""

    role: str
    path: str
    relation: str
    value: float | str

    @property
    def wanted(self) -> str:
        return f"{self.role} {self.path} {self.relation} {words(self.value)}"

    def holds(self, view: View) -> bool:
        seen = view.value(self.role, self.path)
        if self.relation == "=":
            return _equal(seen, self.value)
        return RELATIONS[self.relation](seen, float(self.value))

    def seen(self, view: View) -> str:
        return words(view.value(self.role, self.path))


@dataclass(frozen=True, slots=True)
class Is:
    """A value's kind: `invalid` (the path exists), `unknown` (invalid, or not there), `valid`, `gone` (no service)."""

    role: str
    path: str
    kind: str

    @property
    def wanted(self) -> str:
        return f"{self.role} {self.path} is {self.kind}".replace("  ", " ")

    def holds(self, view: View) -> bool:
        seen = view.value(self.role, self.path)
        missing = seen is NoService or seen is NoPath
        return {
            "invalid": seen is None,
            "unknown": seen is None or missing,
            "valid": seen is not None and seen != "" and not missing,
            "gone": seen is NoService,
        }[self.kind]

    def seen(self, view: View) -> str:
        return words(view.value(self.role, self.path))


@dataclass(frozen=True, slots=True)
class Total:
    """Several values together against a number, or against another value of the bus plus `slack`."""

    items: tuple[tuple[str, str], ...]
    relation: str
    value: float | tuple[str, str]
    slack: float = 0.0

    @property
    def wanted(self) -> str:
        names = " + ".join(f"{role} {path}" for role, path in self.items)
        against = words(self.value) if isinstance(self.value, int | float) else " ".join(self.value)
        return f"{names} {self.relation} {against}" + (f" (+ {self.slack:g})" if self.slack else "")

    def holds(self, view: View) -> bool:
        against = self.value if isinstance(self.value, int | float) else _number(view.value(*self.value))
        total = self._total(view)
        return total is not None and against is not None and RELATIONS[self.relation](total, against + self.slack)

    def seen(self, view: View) -> str:
        total = self._total(view)
        return "not all of them known" if total is None else f"{total:g}"

    def _total(self, view: View) -> float | None:
        values = [_number(view.value(role, path)) for role, path in self.items]
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody has written to a charger or inverter (or to this path of this one) for so long."""

    for_s: float
    role: str = ""
    path: str = ""

    @property
    def wanted(self) -> str:
        return f"no write to {_target(self.role, self.path)} for {self.for_s:g} s"

    def holds(self, view: View) -> bool:
        return view.quiet_s(self.role, self.path) >= self.for_s

    def seen(self, view: View) -> str:
        return f"the last one {view.quiet_s(self.role, self.path):.1f} s ago"


@dataclass(frozen=True, slots=True)
class Renewed:
    """This path has been written, with whatever value, within so long."""

    within_s: float
    role: str
    path: str

    @property
    def wanted(self) -> str:
        return f"a write to {_target(self.role, self.path)} within {self.within_s:g} s"

    def holds(self, view: View) -> bool:
        return view.quiet_s(self.role, self.path) <= self.within_s

    def seen(self, view: View) -> str:
        return f"the last one {view.quiet_s(self.role, self.path):.1f} s ago"


def _target(role: str, path: str) -> str:
    return f"{role} {path}" if role else "chargers and inverter"


def equals(role: str, value: float | str, *paths: str) -> list[Check]:
    """Each of these paths has this value."""
    return [Compare(role, path, "=", value) for path in paths]


def every(roles: Iterable[str], path: str, relation: str, value: float) -> list[Check]:
    """The same path of several services."""
    return [Compare(role, path, relation, value) for role in roles]


def complaint(checks: Sequence[Check], view: View) -> str:
    """What was expected and what was seen, for every check that does not hold."""
    return "; ".join(f"expected {check.wanted}, seen {check.seen(view)}" for check in checks if not check.holds(view))
