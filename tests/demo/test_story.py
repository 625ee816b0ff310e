"""The demo's judge: an act ends as it must only if what it expects really comes, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from gxbridge.demo import boat, cabin, cast
from gxbridge.demo.checks import (
    Check,
    Compare,
    Is,
    NoPath,
    NoService,
    Quiet,
    Renewed,
    Seen,
    Total,
    complaint,
    equals,
    every,
)
from gxbridge.demo.story import Act, Expect, Finish, Keep, Meanwhile, Player, Step, Tell, Tone


@dataclass
class FakeStage:
    """A stage on simulated time: `happens` maps a moment to what changes then."""

    values: dict[tuple[str, str], Seen] = field(default_factory=dict)
    happens: list[tuple[float, tuple[str, str], Seen]] = field(default_factory=list)
    clock: float = 100.0
    orders: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    written_at: float = 0.0
    ending: str = ""
    ending_s: float = 0.0
    other: Callable[[str], bool] = lambda scene: True

    @property
    def view(self) -> FakeStage:
        return self

    def value(self, role: str, path: str) -> Seen:
        return self.values.get((role, path), NoService)

    def quiet_s(self, role: str = "", path: str = "") -> float:
        return self.clock - self.written_at + (1.0 if role else 0.0)

    def now(self) -> float:
        return self.clock

    def tell(self, role: str, order: Mapping[str, object]) -> None:
        self.orders.append((role, order))

    async def moved(self, timeout_s: float) -> None:
        self.clock += min(timeout_s, 0.05)
        for at, item, value in self.happens:
            if at <= self.clock:
                self.values[item] = value

    async def meanwhile(self, scene: str) -> bool:
        return self.other(scene)

    async def finish(self) -> str:
        self.clock += self.ending_s
        return self.ending

    def say(self, tone: Tone, text: str) -> None:
        self.said.append((tone, text))


CURRENT = ("battery", "/Dc/0/Current")
IS_ZERO: Check = Compare(*CURRENT, "=", 0)


def play(stage: FakeStage, *steps: Step) -> str:
    """Play one act; the trouble it ended with, "" for none."""
    player = Player(stage)
    asyncio.run(player.play([Act("an act", "", steps)]))
    return player.outcomes[0].trouble


def test_what_comes_in_time_ends_the_act_well() -> None:
    stage = FakeStage({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    assert play(stage, Tell("stop", {"lynx": {"set": {}}}), Expect("it stops", [IS_ZERO], within_s=2)) == ""
    assert stage.orders == [("lynx", {"set": {}})]
    assert ("ok", "it stops (1.0 s)") in stage.said


def test_what_comes_too_late_says_what_was_expected_and_seen() -> None:
    stage = FakeStage({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    trouble = play(stage, Tell("stop", {}), Expect("it stops", [IS_ZERO], within_s=2))
    assert trouble == "it stops: not within 2 s; expected battery /Dc/0/Current = 0, seen 80"
    assert stage.said[-1][0] == "fail"


def test_the_deadline_counts_from_what_happened_not_from_the_step_before() -> None:
    stage = FakeStage({CURRENT: 80.0}, [(103.0, CURRENT, 0)])
    wait = Keep("it flows", [Compare(*CURRENT, ">=", 1)], for_s=2)
    assert "not within 2.5 s" in play(stage, Tell("stop", {}), wait, Expect("it stops", [IS_ZERO], within_s=2.5))


def test_what_comes_too_early_is_wrong_as_well() -> None:
    stage = FakeStage({CURRENT: 80.0}, [(101.0, CURRENT, 0)])
    trouble = play(stage, Tell("pull the cable", {}), Expect("unknown", [IS_ZERO], within_s=12, after_s=8))
    assert trouble == "unknown: already after 1.0 s, expected not before 8 s"


def test_what_must_be_kept_may_not_slip_for_a_moment() -> None:
    stage = FakeStage({CURRENT: 0}, [(100.5, CURRENT, 3), (100.6, CURRENT, 0)])
    assert "not kept, after 0.5 s expected battery /Dc/0/Current = 0, seen 3" in play(
        stage, Keep("0", [IS_ZERO], for_s=2)
    )
    assert play(FakeStage({CURRENT: 0}), Keep("0", [IS_ZERO], for_s=2)) == ""


def test_the_story_stops_at_the_first_act_that_fails() -> None:
    player = Player(FakeStage({CURRENT: 80.0}))
    acts = [Act(title, "", [Expect("0", [IS_ZERO], within_s=1)]) for title in ("one", "two")]
    assert asyncio.run(player.play(acts)) is False
    assert [outcome.act.title for outcome in player.outcomes] == ["one"]


def test_a_scene_played_meanwhile_counts() -> None:
    assert play(FakeStage(), Meanwhile("cabin")) == ""
    assert "cabin, did not end as it must" in play(FakeStage(other=lambda scene: False), Meanwhile("cabin"))


@pytest.mark.parametrize(
    ("ending", "took_s", "trouble"),
    [("", 1.0, ""), ("it ended with code 1", 1.0, "code 1"), ("", 5.0, "took 5.0 s, expected at most 4 s")],
)
def test_the_service_must_end_cleanly_and_soon(ending: str, took_s: float, trouble: str) -> None:
    found = play(FakeStage(ending=ending, ending_s=took_s), Finish("the end", within_s=4))
    assert trouble in found
    assert bool(found) == bool(trouble)


def test_the_audience_gets_time_to_look_and_hears_of_each_act() -> None:
    stage, heard = FakeStage(), []
    player = Player(stage, dwell_s=4.0, on_act=heard.append)
    act = Act("an act", "", [])
    assert asyncio.run(player.play([act, act])) is True
    assert heard == [act, act]
    assert stage.clock == pytest.approx(108.0)


VIEW = FakeStage(
    {
        ("a", "/i"): 5,
        ("a", "/f"): 5.04,
        ("a", "/s"): "control",
        ("a", "/none"): None,
        ("a", "/no"): NoPath,
        ("a", "/e"): "",
    },
    written_at=95.0,
)


@pytest.mark.parametrize(
    ("check", "holds", "seen"),
    [
        (Compare("a", "/i", "=", 5), True, "5"),
        (Compare("a", "/f", "=", 5), True, "5.04"),
        (Compare("a", "/f", "=", 5.2), False, "5.04"),
        (Compare("a", "/s", "=", "control"), True, "control"),
        (Compare("a", "/s", "=", 5), False, "control"),
        (Compare("a", "/i", "<=", 4), False, "5"),
        (Compare("a", "/i", ">=", 4), True, "5"),
        (Compare("a", "/none", "=", 0), False, "invalid"),
        (Compare("a", "/none", "<=", 1), False, "invalid"),
        (Compare("a", "/no", "=", 0), False, "no such path"),
        (Compare("b", "/i", "<=", 9), False, "no such service"),
        (Is("a", "/none", "invalid"), True, "invalid"),
        (Is("a", "/no", "invalid"), False, "no such path"),
        (Is("a", "/no", "unknown"), True, "no such path"),
        (Is("b", "/i", "unknown"), True, "no such service"),
        (Is("a", "/i", "unknown"), False, "5"),
        (Is("a", "/i", "valid"), True, "5"),
        (Is("a", "/e", "valid"), False, ""),
        (Is("a", "/none", "valid"), False, "invalid"),
        (Is("b", "/i", "gone"), True, "no such service"),
        (Is("a", "/none", "gone"), False, "invalid"),
        (Total((("a", "/i"), ("a", "/f")), "<=", 10), True, "10.04"),
        (Total((("a", "/i"), ("a", "/f")), "<=", ("a", "/i")), False, "10.04"),
        (Total((("a", "/i"), ("a", "/f")), "<=", ("a", "/i"), slack=6), True, "10.04"),
        (Total((("a", "/i"), ("a", "/none")), "<=", 100), False, "not all of them known"),
        (Total((("a", "/i"),), "<=", ("a", "/none")), False, "5"),
        (Quiet(4), True, "the last one 5.0 s ago"),
        (Quiet(6), False, "the last one 5.0 s ago"),
        (Quiet(6, "a", "/i"), True, "the last one 6.0 s ago"),
        (Renewed(6, "a", "/i"), True, "the last one 6.0 s ago"),
        (Renewed(5, "a", "/i"), False, "the last one 6.0 s ago"),
    ],
)
def test_a_check_knows_what_holds_and_says_what_it_saw(check: Check, holds: bool, seen: str) -> None:
    assert check.holds(VIEW) is holds
    assert check.seen(VIEW) == seen


def test_a_complaint_names_only_what_does_not_hold() -> None:
    checks = [*equals("a", 5, "/i", "/f"), *every(("a", "b"), "/i", "<=", 5), Is("a", "/i", "invalid")]
    assert complaint(checks, VIEW) == ("expected b /i <= 5, seen no such service; expected a /i is invalid, seen 5")


def steps(acts: Sequence[Act], kind: type) -> list[Step]:
    return [step for act in acts for step in act.steps if isinstance(step, kind)]


def test_every_act_expects_something_and_orders_only_who_plays() -> None:
    for story, players in ((boat.acts(full=True), {cast.LYNX, *cast.OBEYING}), (cabin.ACTS, {cast.DIRECT, cast.MULTI})):
        for act in story:
            assert any(isinstance(step, Expect | Finish) for step in act.steps), act.title
        told = {role for step in steps(story, Tell) for role in step.orders}  # type: ignore[union-attr]
        assert told <= players


def test_the_story_has_the_acts_it_promises() -> None:
    titles = [act.title for act in boat.acts(full=False)]
    assert titles == [
        "bulk charge",
        "cell voltage rises",
        "recovery",
        "low temperature",
        "pre-alarm, then discharge refused",
        "the BMS cable is pulled",
        "the cable is back",
        "the end",
    ]
    assert [act.title for act in boat.acts(full=True)] == [*titles[:6], "the BMS stays away", *titles[6:]]


def test_the_plain_story_could_not_outlast_its_minute_by_waiting_alone() -> None:
    """The silence of ten seconds is the longest thing it has to wait for."""
    kept = sum(step.for_s for step in steps(boat.acts(full=False), Keep))  # type: ignore[union-attr]
    waited = max(step.after_s for step in steps(boat.acts(full=False), Expect))  # type: ignore[union-attr]
    assert kept + waited < 15


def test_roles_are_told_apart_by_their_services() -> None:
    for first, second in pairwise(cast.PREFIXES.values()):
        assert not first.startswith(second)
    assert cast.role_of("com.victronenergy.solarcharger.ttyO2") == cast.DIRECT
    assert cast.role_of("com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002") == cast.CAN
    assert cast.role_of("com.victronenergy.settings") == ""
