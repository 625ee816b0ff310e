"""The demo's judge: an act ends as it must only if what it expects really comes, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gxbridge.demo import roles
from gxbridge.demo.acts import Act, ActPlayer, ActStep, read_acts
from gxbridge.demo.checks import checks_of, complaint
from gxbridge.demo.simulation import NoItem, SeenValue


@dataclass
class FakeInstallation:
    """An installation on simulated time: `happens` maps a moment to what changes then."""

    values: dict[tuple[str, str], SeenValue] = field(default_factory=dict)
    happens: list[tuple[float, tuple[str, str], SeenValue]] = field(default_factory=list)
    clock: float = 100.0
    orders: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    written_at: float = 0.0
    ending: str = ""
    ending_s: float = 0.0

    def value(self, role: str, path: str) -> SeenValue:
        return self.values.get((role, path), NoItem.SERVICE)

    def quiet_s(self, role: str = "", path: str = "") -> float:
        return self.clock - self.written_at + (1.0 if role else 0.0)

    def now(self) -> float:
        return self.clock

    def order(self, role: str, order: Mapping[str, object]) -> None:
        self.orders.append((role, order))

    async def changed(self, timeout_s: float) -> None:
        self.clock += min(timeout_s, 0.05)
        for at, item, value in self.happens:
            if at <= self.clock:
                self.values[item] = value

    async def stop_service(self) -> str:
        self.clock += self.ending_s
        return self.ending


CURRENT = ("battery", "/Dc/0/Current")
STOP = ActStep("do", "stop", orders={"lynx": {"set": {}}})
IS_ZERO = checks_of("battery /Dc/0/Current = 0")


def player(installation: FakeInstallation, *acts: Act, said: list[tuple[str, str]], other: bool = True) -> ActPlayer:
    async def play_other() -> bool:
        return other

    return ActPlayer(installation, acts, lambda mark, text: said.append((mark, text)), play_other)  # type: ignore[arg-type]


def play(installation: FakeInstallation, *steps: ActStep, other: bool = True) -> tuple[str, list[tuple[str, str]]]:
    """Play one act; the trouble it ended with, "" for none, and what was said."""
    said: list[tuple[str, str]] = []
    one = player(installation, Act("an act", steps), said=said, other=other)
    asyncio.run(one.play())
    return one.results[0][1], said


def trouble_of(installation: FakeInstallation, *steps: ActStep, other: bool = True) -> str:
    return play(installation, *steps, other=other)[0]


def test_what_comes_in_time_ends_the_act_well() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    trouble, said = play(installation, STOP, ActStep("expect", "it stops", IS_ZERO, within_s=2))
    assert trouble == ""
    assert installation.orders == [("lynx", {"set": {}})]
    assert ("ok", "it stops (1.0 s)") in said


def test_what_comes_too_late_says_what_was_expected_and_seen() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    trouble, said = play(installation, STOP, ActStep("expect", "it stops", IS_ZERO, within_s=2))
    assert trouble == "it stops: after 2.0 s expected battery /Dc/0/Current = 0, seen 80"
    assert said[-1][0] == "!!"


def test_the_deadline_counts_from_what_happened_not_from_the_step_before() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    wait = ActStep("hold", "it flows", checks_of("battery /Dc/0/Current >= 1"), for_s=2)
    assert "it stops: after 2.5 s expected" in trouble_of(
        installation, STOP, wait, ActStep("expect", "it stops", IS_ZERO, within_s=2.5)
    )


def test_what_comes_too_early_is_wrong_as_well() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    trouble = trouble_of(installation, STOP, ActStep("expect", "unknown", IS_ZERO, within_s=12, after_s=8))
    assert trouble == "unknown: already after 1.0 s, expected not before 8 s"


def test_what_must_be_kept_may_not_slip_for_a_moment() -> None:
    installation = FakeInstallation({CURRENT: 0}, [(100.5, CURRENT, 3), (100.6, CURRENT, 0)])
    assert "0: after 0.5 s expected battery /Dc/0/Current = 0, seen 3" in trouble_of(
        installation, ActStep("hold", "0", IS_ZERO, for_s=2)
    )
    assert trouble_of(FakeInstallation({CURRENT: 0}), ActStep("hold", "0", IS_ZERO, for_s=2)) == ""


def test_it_stops_at_the_first_act_that_fails() -> None:
    acts = [Act(title, [ActStep("expect", "0", IS_ZERO, within_s=1)]) for title in ("one", "two")]
    both = player(FakeInstallation({CURRENT: 80.0}), *acts, said=[])
    assert asyncio.run(both.play()) is False
    assert [act.title for act, _, _ in both.results] == ["one"]


def test_the_other_installation_counts() -> None:
    assert trouble_of(FakeInstallation(), ActStep("do", "out", meanwhile=True)) == ""
    assert (
        trouble_of(FakeInstallation(), ActStep("do", "out", meanwhile=True), other=False)
        == "the other installation failed"
    )


@pytest.mark.parametrize(
    ("ending", "took_s", "trouble"),
    [("", 1.0, ""), ("it ended with code 1", 1.0, "code 1"), ("", 5.0, "took 5.0 s, expected at most 4 s")],
)
def test_the_service_must_end_cleanly_and_soon(ending: str, took_s: float, trouble: str) -> None:
    found = trouble_of(FakeInstallation(ending=ending, ending_s=took_s), ActStep("stop", "the end", within_s=4))
    assert trouble in found
    assert bool(found) == bool(trouble)


def test_there_is_time_to_look_after_each_act() -> None:
    installation = FakeInstallation()
    both = player(installation, Act("one", []), Act("two", []), said=[])
    both.dwell_s = 4.0
    assert asyncio.run(both.play()) is True
    assert (both.number, both.over) == (2, True)
    assert installation.clock == pytest.approx(108.0)


VIEW: Any = FakeInstallation(
    {
        ("a", "/i"): 5,
        ("c", "/i"): 2,
        ("a", "/f"): 5.04,
        ("a", "/s"): "control",
        ("a", "/none"): None,
        ("a", "/no"): NoItem.PATH,
        ("a", "/e"): "",
    },
    written_at=95.0,
)


@pytest.mark.parametrize(
    ("line", "holds", "seen"),
    [
        ("a /i = 5", True, "5"),
        ("a /f = 5", True, "5.04"),
        ("a /f = 5.2", False, "5.04"),
        ("a /s = control", True, "control"),
        ("a /s = 5", False, "control"),
        ("a /i = five", False, "5"),
        ("a /i <= 4", False, "5"),
        ("a /i <= 5", True, "5"),
        ("a /i >= 4", True, "5"),
        ("a /i >= 6", False, "5"),
        ("a /s <= control", False, "control"),
        ("a /none = 0", False, "invalid"),
        ("a /none <= 1", False, "invalid"),
        ("a /no = 0", False, "no such path"),
        ("b /i <= 9", False, "no such service"),
        ("a /none is invalid", True, "invalid"),
        ("a /no is invalid", False, "no such path"),
        ("a /i is valid", True, "5"),
        ("a /e is valid", False, ""),
        ("a /none is valid", False, "invalid"),
        ("b /i is gone", True, "no such service"),
        ("a /none is gone", False, "invalid"),
        ("a /f <= a /i", True, "5.04"),
        ("a + c /i <= a /i", False, "7"),
        ("a + c /i <= a /i + 2", True, "7"),
        ("a + c /none <= a /i + 99", False, "not all of them known"),
        ("a /i <= a /none", False, "5"),
        ("chargers and inverter not written for 4", True, "the last one 5.0 s ago"),
        ("chargers and inverter not written for 6", False, "the last one 5.0 s ago"),
        ("a /i not written for 6", True, "the last one 6.0 s ago"),
        ("a /i written within 6", True, "the last one 6.0 s ago"),
        ("a /i written within 5", False, "the last one 6.0 s ago"),
    ],
)
def test_a_check_knows_what_holds_and_says_what_it_saw(line: str, holds: bool, seen: str) -> None:
    (check,) = checks_of(line)
    assert str(check) == line
    assert check.holds(VIEW) is holds
    assert check.seen(VIEW) == seen


def test_a_check_of_a_group_is_one_of_each() -> None:
    assert [check.roles for check in checks_of("each charger /ErrorCode = 67")] == [(role,) for role in roles.CHARGERS]
    assert len(checks_of("each charger or inverter /Dc/0/Current <= 1")) == len(roles.OBEYING)


@pytest.mark.parametrize("line", ["a /i", "a /i is odd", "a /i < 5", ""])
def test_a_line_that_is_no_check_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a check"):
        checks_of(line)


def test_a_complaint_names_only_what_does_not_hold() -> None:
    checks = [*checks_of("a /i = 5"), *checks_of("b /i <= 5"), *checks_of("a /i is invalid")]
    assert complaint(checks, VIEW) == "expected b /i <= 5, seen no such service; expected a /i is invalid, seen 5"


def test_every_act_expects_something_of_roles_that_are_there() -> None:
    boat, cabin = {roles.LYNX, *roles.OBEYING}, {roles.DIRECT, roles.MULTI}
    for acts, devices in ((read_acts("boat"), boat), (read_acts("cabin"), cabin)):
        for act in acts:
            assert any(step.kind == "stop" or step.checks for step in act.steps), act.title
            assert {role for step in act.steps for role in step.orders} <= devices
            checks = [check for step in act.steps for check in step.checks if check.path]
            assert {role for check in checks for role in check.roles} <= set(roles.PREFIXES)


def test_the_acts_are_those_of_the_documentation() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    places = [documented.find(f"| {act.title}") for act in read_acts("boat")]
    assert -1 not in places
    assert places == sorted(places)
    assert [(act.title, act.only) for act in read_acts("boat") if act.only] == [
        ("the BMS stays away", "full"),
        ("the end", "ending"),
    ]


def test_services_are_told_apart_by_their_names() -> None:
    assert roles.role_of("com.victronenergy.solarcharger.ttyO2") == roles.DIRECT
    assert roles.role_of("com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002") == roles.CAN
    assert roles.role_of("com.victronenergy.settings") == ""
