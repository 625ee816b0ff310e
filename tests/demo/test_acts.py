"""The demo's judge: an act ends as it must only if what it expects really comes, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gxbridge.demo import roles
from gxbridge.demo.acts import Act, ActPlayer, ActStep, Expect, Happening, Hold, StartOther, StopService
from gxbridge.demo.boat_acts import boat_acts
from gxbridge.demo.cabin_acts import CABIN_ACTS
from gxbridge.demo.checks import (
    Check,
    NoItem,
    SeenValue,
    compare,
    complaint,
    every,
    item_is,
    quiet,
    renewed,
    total_within,
    values,
)


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
STOP = Happening("stop", {"lynx": {"set": {}}})
IS_ZERO: Check = compare(*CURRENT, "=", 0)


def player(installation: FakeInstallation, *acts: Act, said: list[tuple[str, str]], other: bool = True) -> ActPlayer:
    async def play_other() -> bool:
        return other

    return ActPlayer(installation, acts, lambda mark, text: said.append((mark, text)), play_other)  # type: ignore[arg-type]


def play(installation: FakeInstallation, *steps: ActStep, other: bool = True) -> tuple[str, list[tuple[str, str]]]:
    """Play one act; the trouble it ended with, "" for none, and what was said."""
    said: list[tuple[str, str]] = []
    one = player(installation, Act("an act", "", steps), said=said, other=other)
    asyncio.run(one.play())
    return one.results[0].trouble, said


def trouble_of(installation: FakeInstallation, *steps: ActStep, other: bool = True) -> str:
    return play(installation, *steps, other=other)[0]


def test_what_comes_in_time_ends_the_act_well() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    trouble, said = play(
        installation, Happening("stop", {"lynx": {"set": {}}}), Expect("it stops", [IS_ZERO], within_s=2)
    )
    assert trouble == ""
    assert installation.orders == [("lynx", {"set": {}})]
    assert ("ok", "it stops (1.0 s)") in said


def test_what_comes_too_late_says_what_was_expected_and_seen() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    trouble, said = play(installation, STOP, Expect("it stops", [IS_ZERO], within_s=2))
    assert trouble == "it stops: not within 2 s; expected battery /Dc/0/Current = 0, seen 80"
    assert said[-1][0] == "!!"


def test_the_deadline_counts_from_what_happened_not_from_the_step_before() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    wait = Hold("it flows", [compare(*CURRENT, ">=", 1)], for_s=2)
    assert "not within 2.5 s" in trouble_of(installation, STOP, wait, Expect("it stops", [IS_ZERO], within_s=2.5))


def test_what_comes_too_early_is_wrong_as_well() -> None:
    installation = FakeInstallation({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    trouble = trouble_of(installation, STOP, Expect("unknown", [IS_ZERO], within_s=12, after_s=8))
    assert trouble == "unknown: already after 1.0 s, expected not before 8 s"


def test_what_must_be_kept_may_not_slip_for_a_moment() -> None:
    installation = FakeInstallation({CURRENT: 0}, [(100.5, CURRENT, 3), (100.6, CURRENT, 0)])
    assert "not held, after 0.5 s expected battery /Dc/0/Current = 0, seen 3" in trouble_of(
        installation, Hold("0", [IS_ZERO], for_s=2)
    )
    assert trouble_of(FakeInstallation({CURRENT: 0}), Hold("0", [IS_ZERO], for_s=2)) == ""


def test_it_stops_at_the_first_act_that_fails() -> None:
    acts = [Act(title, "", [Expect("0", [IS_ZERO], within_s=1)]) for title in ("one", "two")]
    both = player(FakeInstallation({CURRENT: 80.0}), *acts, said=[])
    assert asyncio.run(both.play()) is False
    assert [result.act.title for result in both.results] == ["one"]


def test_the_other_installation_counts() -> None:
    assert trouble_of(FakeInstallation(), StartOther()) == ""
    assert trouble_of(FakeInstallation(), StartOther(), other=False) == "the other installation failed"


@pytest.mark.parametrize(
    ("ending", "took_s", "trouble"),
    [("", 1.0, ""), ("it ended with code 1", 1.0, "code 1"), ("", 5.0, "took 5.0 s, expected at most 4 s")],
)
def test_the_service_must_end_cleanly_and_soon(ending: str, took_s: float, trouble: str) -> None:
    found = trouble_of(FakeInstallation(ending=ending, ending_s=took_s), StopService("the end", within_s=4))
    assert trouble in found
    assert bool(found) == bool(trouble)


def test_there_is_time_to_look_after_each_act() -> None:
    installation = FakeInstallation()
    both = player(installation, Act("one", "", []), Act("two", "", []), said=[])
    both.dwell_s = 4.0
    assert asyncio.run(both.play()) is True
    assert (both.number, both.over) == (2, True)
    assert installation.clock == pytest.approx(108.0)


VIEW = FakeInstallation(
    {
        ("a", "/i"): 5,
        ("a", "/f"): 5.04,
        ("a", "/s"): "control",
        ("a", "/none"): None,
        ("a", "/no"): NoItem.PATH,
        ("a", "/e"): "",
    },
    written_at=95.0,
)


@pytest.mark.parametrize(
    ("check", "holds", "seen"),
    [
        (compare("a", "/i", "=", 5), True, "5"),
        (compare("a", "/f", "=", 5), True, "5.04"),
        (compare("a", "/f", "=", 5.2), False, "5.04"),
        (compare("a", "/s", "=", "control"), True, "control"),
        (compare("a", "/s", "=", 5), False, "control"),
        (compare("a", "/i", "<=", 4), False, "5"),
        (compare("a", "/i", ">=", 4), True, "5"),
        (compare("a", "/none", "=", 0), False, "invalid"),
        (compare("a", "/none", "<=", 1), False, "invalid"),
        (compare("a", "/no", "=", 0), False, "no such path"),
        (compare("b", "/i", "<=", 9), False, "no such service"),
        (item_is("a", "/none", "invalid"), True, "invalid"),
        (item_is("a", "/no", "invalid"), False, "no such path"),
        (item_is("a", "/i", "valid"), True, "5"),
        (item_is("a", "/e", "valid"), False, ""),
        (item_is("a", "/none", "valid"), False, "invalid"),
        (item_is("b", "/i", "gone"), True, "no such service"),
        (item_is("a", "/none", "gone"), False, "invalid"),
        (total_within((("a", "/f"),), ("a", "/i")), True, "5.04"),
        (total_within((("a", "/i"), ("a", "/f")), ("a", "/i")), False, "10.04"),
        (total_within((("a", "/i"), ("a", "/f")), ("a", "/i"), slack=6), True, "10.04"),
        (total_within((("a", "/i"), ("a", "/none")), ("a", "/i"), slack=99), False, "not all of them known"),
        (total_within((("a", "/i"),), ("a", "/none")), False, "5"),
        (quiet(4), True, "the last one 5.0 s ago"),
        (quiet(6), False, "the last one 5.0 s ago"),
        (quiet(6, "a", "/i"), True, "the last one 6.0 s ago"),
        (renewed(6, "a", "/i"), True, "the last one 6.0 s ago"),
        (renewed(5, "a", "/i"), False, "the last one 6.0 s ago"),
    ],
)
def test_a_check_knows_what_holds_and_says_what_it_saw(check: Check, holds: bool, seen: str) -> None:
    assert check.holds(VIEW) is holds
    assert check.seen(VIEW) == seen


def test_a_complaint_names_only_what_does_not_hold() -> None:
    checks = [*values("a", {"/i": 5, "/f": 5}), *every(("a", "b"), "/i", "<=", 5), item_is("a", "/i", "invalid")]
    assert complaint(checks, VIEW) == ("expected b /i <= 5, seen no such service; expected a /i is invalid, seen 5")


def test_every_act_expects_something_and_orders_only_devices_that_are_there() -> None:
    boat, cabin = {roles.LYNX, *roles.OBEYING}, {roles.DIRECT, roles.MULTI}
    for acts, devices in ((boat_acts(full=True), boat), (CABIN_ACTS, cabin)):
        for act in acts:
            assert any(isinstance(step, Expect | StopService) for step in act.steps), act.title
            assert {role for step in act.steps if isinstance(step, Happening) for role in step.orders} <= devices


def test_the_acts_are_those_of_the_documentation() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    places = [documented.find(f"| {act.title}") for act in boat_acts(full=True)]
    assert -1 not in places
    assert places == sorted(places)
    assert [act.title for act in boat_acts(full=True) if act not in boat_acts(full=False)] == ["the BMS stays away"]


def test_services_are_told_apart_by_their_names() -> None:
    assert roles.role_of("com.victronenergy.solarcharger.ttyO2") == roles.DIRECT
    assert roles.role_of("com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002") == roles.CAN
    assert roles.role_of("com.victronenergy.settings") == ""
