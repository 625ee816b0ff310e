"""What an act expects of D-Bus: each check is a line of `acts.yaml`, which knows whether it holds and what is there.

ROLE PATH = VALUE, <= VALUE, >= VALUE           a number (compared to a tenth) or a text
ROLE + ROLE PATH <= ROLE PATH + NUMBER          a sum, against another item
ROLE PATH is invalid, is valid, is gone         `invalid`: the path exists; `gone`: the service is not on the bus
ROLE PATH not written for S, written within S   whoever wrote, and whatever; without a path: all that obey
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gxbridge.demo.roles import CHARGERS, OBEYING
from gxbridge.demo.simulation import NoItem, SeenValue, SimulatedInstallation

TOLERANCE = 0.051
AT_MOST, AT_LEAST = ("<=", "written within"), (">=", "not written for")
GROUPS = {"each charger": CHARGERS, "each charger or inverter": OBEYING}
LINE = re.compile(
    r"(?P<roles>.+?)(?: (?P<path>/\S+))? (?P<relation>=|<=|>=|is|not written for|written within) (?P<wanted>.+)"
)
OTHER_ITEM = re.compile(r"(?P<role>.+?) (?P<path>/\S+)(?: \+ (?P<more>\S+))?")
KINDS: dict[str, Callable[[SeenValue], bool]] = {
    "invalid": lambda seen: seen is None,
    "valid": lambda seen: seen not in (None, "") and not isinstance(seen, NoItem),
    "gone": lambda seen: seen is NoItem.SERVICE,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: of one role, or of the sum over several."""

    roles: Sequence[str]
    path: str
    relation: str
    wanted: str

    def __str__(self) -> str:
        return " ".join(filter(None, (" + ".join(self.roles), self.path, self.relation, self.wanted)))

    def holds(self, view: SimulatedInstallation) -> bool:
        """Whether it holds now."""
        seen, wanted = self._value(view), self._wanted(view)
        if self.relation == "is":
            return KINDS[self.wanted](seen)
        if not isinstance(seen, int | float) or not isinstance(wanted, int | float):
            return self.relation == "=" and isinstance(seen, str) and seen == wanted
        more = seen - wanted
        return (self.relation in AT_MOST or more >= -TOLERANCE) and (self.relation in AT_LEAST or more <= TOLERANCE)

    def seen(self, view: SimulatedInstallation) -> str:
        """What is there instead, for a person."""
        seen = self._value(view)
        if "written" in self.relation:
            return f"the last one {seen:.1f} s ago"
        if isinstance(seen, NoItem):
            return seen.value
        if seen is None:
            return "invalid" if len(self.roles) == 1 else "not all of them known"
        return f"{seen:g}" if isinstance(seen, int | float) else str(seen)

    def _value(self, view: SimulatedInstallation) -> SeenValue:
        if "written" in self.relation:
            return view.quiet_s(self.roles[0] if self.path else "", self.path)
        seen = [view.value(role, self.path) for role in self.roles]
        if len(seen) == 1:
            return seen[0]
        numbers = [value for value in seen if isinstance(value, int | float)]
        return sum(numbers) if len(numbers) == len(seen) else None

    def _wanted(self, view: SimulatedInstallation) -> SeenValue:
        if other := OTHER_ITEM.fullmatch(self.wanted):
            value = view.value(other["role"], other["path"])
            return value + float(other["more"] or 0) if isinstance(value, int | float) else value
        try:
            return float(self.wanted)
        except ValueError:
            return self.wanted


def checks_of(line: str) -> list[Check]:
    """The check in this line, or one for each of its group; raises ValueError for a line that is none."""
    found = LINE.fullmatch(line)
    if found is None or (found["relation"] == "is" and found["wanted"] not in KINDS):
        raise ValueError(f"not a check: {line}")
    rest = found["path"] or "", found["relation"], found["wanted"]
    if found["roles"] in GROUPS:
        return [Check((role,), *rest) for role in GROUPS[found["roles"]]]
    return [Check(tuple(found["roles"].split(" + ")), *rest)]


def complaint(checks: Sequence[Check], view: SimulatedInstallation) -> str:
    """What was expected and what was seen, for every check that does not hold."""
    return "; ".join(f"expected {check}, seen {check.seen(view)}" for check in checks if not check.holds(view))
