"""The walk through wired BMS terminals: one step after the other, each waiting for a level at an input.

Nothing is typed: the installer stands at the battery, and a step is done when its input has done what it must.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from gxbridge.core.channels.terminals.terminal_bms import HIGH, LOW, PREFIX, Role, Wiring
from gxbridge.core.model.record import record

HOLD_S: Final = 0.5
"""A level counts when it held this long: a wire that is being pulled bounces."""

STEP_S: Final = 20.0
"""Seconds for a step. Three terminals have six that need hands: two minutes."""

StepPart: TypeAlias = Literal["rest", "act", "undo"]
Result: TypeAlias = Literal["passed", "failed", "not tested"]
InputLevel: TypeAlias = int | str
"""0, 1, or a word for why there is none."""

TITLES: Final[dict[Role, str]] = {
    "charge": "charge terminal (ATC, charge disconnect)",
    "discharge": "discharge terminal (ATD, load disconnect)",
    "pre-alarm": "pre-alarm terminal",
}


@record
class WalkStep:
    """`expect` is the level that ends it, `meaning` what that level says of the BMS."""

    role: Role
    part: StepPart
    service: str
    expect: int
    instruction: str
    meaning: str


@record
class WalkOutcome:
    """`seen` is the level at the end, `seconds` how long the step took, `remark` why it did not pass."""

    step: WalkStep
    result: Result
    seen: InputLevel
    seconds: float
    remark: str = ""


@record
class Walk:
    """Where the walk is: `index` of the running step; moments in monotonic seconds."""

    steps: tuple[WalkStep, ...]
    began: float
    step_s: float = STEP_S
    index: int = 0
    reached: float | None = None
    """Since when the running step's input has the expected level."""
    levels_at_start: Mapping[str, InputLevel] | None = None
    outcomes: tuple[WalkOutcome, ...] = ()

    @property
    def step(self) -> WalkStep | None:
        return self.steps[self.index] if self.index < len(self.steps) else None

    @property
    def passed(self) -> bool:
        return self.step is None and all(outcome.result == "passed" for outcome in self.outcomes)


def begin(wiring: Wiring, now: float, step_s: float = STEP_S) -> Walk:
    """A walk through every wired terminal."""
    return Walk(tuple(_steps(wiring)), now, step_s)


def _steps(wiring: Wiring) -> Iterator[WalkStep]:
    for role, service in wiring.inputs.items():
        title = TITLES[role]
        if role != "pre-alarm":
            yield WalkStep(role, "rest", service, LOW, f"Leave everything connected and the BMS on: {title}", "allowed")
            yield WalkStep(role, "act", service, HIGH, f"Pull the wire off the {title} at the BMS", "wire broken: stop")
            yield WalkStep(role, "undo", service, LOW, f"Put the wire back on the {title}", "allowed again")
        elif wiring.pre_alarm_level == LOW:
            yield WalkStep(role, "rest", service, HIGH, f"Leave everything connected: {title}", "no pre-alarm")
            yield WalkStep(
                *(role, "act", service, LOW),
                f"Take the wire off the {title} and hold it to battery plus, before the resistor of the optocoupler",
                "pre-alarm",
            )
            yield WalkStep(role, "undo", service, HIGH, f"Put the wire back on the {title}", "no pre-alarm again")
        else:
            yield WalkStep(role, "rest", service, LOW, f"Leave everything connected: {title}", "no pre-alarm")
            yield WalkStep(
                role, "act", service, HIGH, f"Pull the wire off the {title} at the BMS", "wire broken: pre-alarm"
            )
            yield WalkStep(role, "undo", service, LOW, f"Put the wire back on the {title}", "no pre-alarm again")


def advance(walk: Walk, levels: Mapping[str, InputLevel], now: float) -> Walk:
    """The walk after a reading at `now`; `levels` holds every wired input's level, or a word for why there is none."""
    step = walk.step
    if step is None:
        return walk
    if walk.levels_at_start is None:
        walk = replace(walk, levels_at_start=dict(levels))
    seen = levels.get(step.service, "the input is not there")
    if seen != step.expect:
        walk = replace(walk, reached=None)
        if now - walk.began < walk.step_s:
            return walk
        return _next(walk, WalkOutcome(step, "failed", seen, now - walk.began, _why(walk, step, levels, seen)), now)
    reached = now if walk.reached is None else walk.reached
    if now - reached < HOLD_S:
        return replace(walk, reached=reached)
    return _next(walk, WalkOutcome(step, "passed", seen, now - walk.began), now)


def _next(walk: Walk, outcome: WalkOutcome, now: float) -> Walk:
    """The following step; where a terminal's resting level is wrong the rest of that terminal proves nothing."""
    outcomes, index = (*walk.outcomes, outcome), walk.index + 1
    if outcome.result == "failed" and outcome.step.part != "undo":
        while index < len(walk.steps) and walk.steps[index].role == outcome.step.role:
            outcomes = (
                *outcomes,
                WalkOutcome(walk.steps[index], "not tested", outcome.seen, 0.0, "the step before failed"),
            )
            index += 1
    return replace(walk, began=now, index=index, reached=None, levels_at_start=None, outcomes=outcomes)


def _why(walk: Walk, step: WalkStep, levels: Mapping[str, InputLevel], seen: InputLevel) -> str:
    """The likeliest reason for a step that did not come."""
    if isinstance(seen, str):
        return seen
    started = walk.levels_at_start or {}
    moved = [
        service
        for service, level in levels.items()
        if service != step.service and isinstance(level, int) and started.get(service) not in (level, None)
    ]
    if moved:
        names = ", ".join(service.removeprefix(PREFIX) for service in moved)
        return f"{names} changed instead: two wires are swapped"
    if step.part == "act":
        return "nothing changed: the input does not follow this wire"
    if step.part == "undo":
        return "the level did not come back: check the wire and the fuse"
    if step.role == "pre-alarm":
        return "there is a pre-alarm now, or the wiring is reversed"
    return "not allowed now: the BMS is off or refuses (battery full, empty or cold), or wire or optocoupler is wrong"


def remarks(wiring: Wiring) -> tuple[str, ...]:
    """What the walk cannot prove, for the report."""
    said = ["The walk proves wires and inputs. It does not prove that the BMS itself switches its terminals."]
    if wiring.pre_alarm is None:
        said.append("The pre-alarm is not wired: the first sign of an empty battery will be that discharging stops.")
    elif wiring.pre_alarm_level == LOW:
        said.append(
            "The pre-alarm is not fail-safe: a broken wire reads as no pre-alarm. Repeat this test each season."
        )
    missing = [title for role, title in TITLES.items() if role != "pre-alarm" and role not in wiring.inputs]
    said += [f"The {title} is not wired: nothing is stopped by it." for title in missing]
    return tuple(said)
