"""How a story is told and judged: acts of steps, each with a deadline; `boat.py` and `cabin.py` hold the tables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from gxbridge.demo.checks import Check, View, complaint

LOOK_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Tell:
    """Something happens: `orders` go to the simulated devices (role: order)."""

    text: str
    orders: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Expect:
    """All checks must hold at one moment, at most `within_s` after the last Tell, and not before `after_s`."""

    text: str
    checks: Sequence[Check]
    within_s: float
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Keep:
    """All checks must hold all the time for `for_s`."""

    text: str
    checks: Sequence[Check]
    for_s: float


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """The other scene plays from here on, while this one has to wait anyway; the act ends when both have ended."""

    scene: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The service is asked to end; it must do so cleanly within this time."""

    text: str
    within_s: float


Step: TypeAlias = Tell | Expect | Keep | Meanwhile | Finish


@dataclass(frozen=True, slots=True)
class Act:
    """A part of the story with an outcome."""

    title: str
    text: str
    steps: Sequence[Step]


Tone = Literal["act", "story", "ok", "fail", "end"]


class Stage(Protocol):
    """Where a scene plays."""

    @property
    def view(self) -> View:
        """What is on the bus."""

    def now(self) -> float:
        """Monotonic seconds."""

    def tell(self, role: str, order: Mapping[str, object]) -> None:
        """Give a simulated device an order."""

    async def moved(self, timeout_s: float) -> None:
        """Wait until something changes on the bus, at most so long."""

    async def meanwhile(self, scene: str) -> bool:
        """Play another scene; whether it ended as it must."""

    async def finish(self) -> str:
        """Ask the service to end; returns "" or what was wrong."""

    def say(self, tone: Tone, text: str) -> None:
        """Tell the audience."""


@dataclass(slots=True)
class Outcome:
    """How an act ended; `trouble` is empty when it ended as it must."""

    act: Act
    trouble: str = ""
    took_s: float = 0.0


@dataclass(slots=True)
class Player:
    """Plays acts on a stage and judges them. `dwell_s` is how long an audience gets to look after each act."""

    stage: Stage
    dwell_s: float = 0.0
    on_act: Callable[[Act], None] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    _told_at: float = 0.0
    _beside: list[tuple[str, asyncio.Future[bool]]] = field(default_factory=list)

    async def play(self, acts: Sequence[Act]) -> bool:
        """Play them in order, up to the first that does not end as it must; True if all did."""
        try:
            return await self._play(acts)
        finally:
            for _, scene in self._beside:
                scene.cancel()
            await asyncio.gather(*(scene for _, scene in self._beside), return_exceptions=True)

    async def _play(self, acts: Sequence[Act]) -> bool:
        for number, act in enumerate(acts, 1):
            if self.on_act is not None:
                self.on_act(act)
            self.stage.say("act", f"act {number} of {len(acts)}: {act.title}. {act.text}".rstrip())
            started = self._told_at = self.stage.now()
            trouble = await self._act(act) or await self._join()
            outcome = Outcome(act, trouble, self.stage.now() - started)
            self.outcomes.append(outcome)
            if trouble:
                self.stage.say("fail", f"act {number} of {len(acts)} did not end as it must: {trouble}")
                return False
            self.stage.say("end", f"act {number} of {len(acts)} ended as it must")
            await self._pass_time(self.dwell_s)
        return True

    async def _act(self, act: Act) -> str:
        steps: dict[type, Callable[..., Awaitable[str]]] = {
            Tell: self._tell,
            Expect: self._expect,
            Keep: self._keep,
            Meanwhile: self._meanwhile,
            Finish: self._finish,
        }
        for step in act.steps:
            trouble = await steps[type(step)](step)
            if trouble:
                return trouble
        return ""

    async def _tell(self, step: Tell) -> str:
        self.stage.say("story", step.text)
        for role, order in step.orders.items():
            self.stage.tell(role, order)
        self._told_at = self.stage.now()
        return ""

    async def _expect(self, step: Expect) -> str:
        view = self.stage.view
        while not all(check.holds(view) for check in step.checks):
            left_s = self._told_at + step.within_s - self.stage.now()
            if left_s <= 0:
                return f"{step.text}: not within {step.within_s:g} s; {complaint(step.checks, view)}"
            await self.stage.moved(min(left_s, LOOK_AGAIN_S))
        took_s = self.stage.now() - self._told_at
        if took_s < step.after_s:
            return f"{step.text}: already after {took_s:.1f} s, expected not before {step.after_s:g} s"
        self.stage.say("ok", f"{step.text} ({took_s:.1f} s)")
        return ""

    async def _keep(self, step: Keep) -> str:
        view, started = self.stage.view, self.stage.now()
        while (left_s := started + step.for_s - self.stage.now()) > 0:
            if not all(check.holds(view) for check in step.checks):
                after_s = self.stage.now() - started
                return f"{step.text}: not kept, after {after_s:.1f} s {complaint(step.checks, view)}"
            await self.stage.moved(min(left_s, LOOK_AGAIN_S))
        self.stage.say("ok", f"{step.text} (for {step.for_s:g} s)")
        return ""

    async def _meanwhile(self, step: Meanwhile) -> str:
        self._beside.append((step.scene, asyncio.ensure_future(self.stage.meanwhile(step.scene))))
        return ""

    async def _join(self) -> str:
        failed = [scene for scene, task in self._beside if not await task]
        self._beside = []
        return f"the scene beside it, {', '.join(failed)}, did not end as it must" if failed else ""

    async def _finish(self, step: Finish) -> str:
        started = self.stage.now()
        trouble = await self.stage.finish()
        took_s = self.stage.now() - started
        if trouble or took_s > step.within_s:
            return f"{step.text}: {trouble or f'took {took_s:.1f} s, expected at most {step.within_s:g} s'}"
        self.stage.say("ok", f"{step.text} ({took_s:.1f} s)")
        return ""

    async def _pass_time(self, seconds: float) -> None:
        end = self.stage.now() + seconds
        while (left_s := end - self.stage.now()) > 0:
            await self.stage.moved(min(left_s, 1.0))
