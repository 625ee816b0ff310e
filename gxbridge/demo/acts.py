"""Acts of steps, each with a deadline, and the player that runs them on an installation and judges the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gxbridge.demo.checks import Check, complaint
from gxbridge.demo.simulation import SimulatedInstallation

CHECK_AGAIN_S = 0.1

AT_ONCE_S = 1.5
"""A lowered limit is due within 1 s; the rest is for a slow machine. The 3 s round would often miss it."""
ROUND_S = 3.7
"""Writes come at least with the round of 3 s."""
RAISED_S = 8.0
"""A raised limit comes with the round; then chargers have to follow."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happens: `orders` go to the simulated devices (role: order)."""

    text: str
    orders: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Expect:
    """All checks must hold at one moment, at most `within_s` after the last Happening, and not before `after_s`."""

    text: str
    checks: Sequence[Check]
    within_s: float
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """All checks must hold all the time for `for_s`."""

    text: str
    checks: Sequence[Check]
    for_s: float


@dataclass(frozen=True, slots=True)
class StartOther:
    """The other installation plays from here on, while this one has to wait anyway; the act ends when both have."""


@dataclass(frozen=True, slots=True)
class StopService:
    """The service is asked to end; it must do so cleanly within this time."""

    text: str
    within_s: float


ActStep: TypeAlias = Happening | Expect | Hold | StartOther | StopService


@dataclass(frozen=True, slots=True)
class Act:
    """A few steps with a title, judged together."""

    title: str
    text: str
    steps: Sequence[ActStep]


@dataclass(frozen=True, slots=True)
class ActResult:
    """How an act ended; `trouble` is empty when it passed."""

    act: Act
    trouble: str
    took_s: float


@dataclass(slots=True)
class ActPlayer:
    """Plays acts on an installation; `say` gets a mark and a text for each step, `other` plays the other installation.

    `dwell_s` is how long there is to look at the screen after each act.
    """

    installation: SimulatedInstallation
    acts: Sequence[Act]
    say: Callable[[str, str], None]
    other: Callable[[], Awaitable[bool]] | None = None
    dwell_s: float = 0.0
    number: int = 0
    over: bool = False
    results: list[ActResult] = field(default_factory=list)
    _happened_at: float = 0.0
    _other_plays: asyncio.Future[bool] | None = None

    async def play(self) -> bool:
        """Play them in order, up to the first that fails; True if all passed."""
        try:
            return await self._play()
        finally:
            self.over = True
            if self._other_plays is not None:
                self._other_plays.cancel()
                await asyncio.gather(self._other_plays, return_exceptions=True)

    async def _play(self) -> bool:
        for number, act in enumerate(self.acts, 1):
            self.number, name = number, f"act {number} of {len(self.acts)}"
            self.say("==", f"{name}: {act.title}. {act.text}".rstrip())
            started = self._happened_at = self.installation.now()
            trouble = await self._act(act)
            self.results.append(ActResult(act, trouble, self.installation.now() - started))
            if trouble:
                self.say("!!", f"{name} failed: {trouble}")
                return False
            self.say("==", f"{name} passed")
            end = self.installation.now() + self.dwell_s
            while (left_s := end - self.installation.now()) > 0:
                await self.installation.changed(min(left_s, 1.0))
        return True

    async def _act(self, act: Act) -> str:
        for step in act.steps:
            if trouble := await self._step(step):
                return trouble
        if self._other_plays is not None and not await self._other_plays:
            return "the other installation failed"
        self._other_plays = None
        return ""

    async def _step(self, step: ActStep) -> str:
        match step:
            case Happening():
                self.say("->", step.text)
                for role, order in step.orders.items():
                    self.installation.order(role, order)
                self._happened_at = self.installation.now()
                return ""
            case Expect():
                return await self._expect(step)
            case Hold():
                return await self._hold(step)
            case StartOther():
                if self.other is not None:
                    self._other_plays = asyncio.ensure_future(self.other())
                return ""
            case StopService():
                return await self._stop_service(step)

    async def _expect(self, step: Expect) -> str:
        view = self.installation
        while not all(check.holds(view) for check in step.checks):
            left_s = self._happened_at + step.within_s - view.now()
            if left_s <= 0:
                return f"{step.text}: not within {step.within_s:g} s; {complaint(step.checks, view)}"
            await view.changed(min(left_s, CHECK_AGAIN_S))
        took_s = view.now() - self._happened_at
        if took_s < step.after_s:
            return f"{step.text}: already after {took_s:.1f} s, expected not before {step.after_s:g} s"
        self.say("ok", f"{step.text} ({took_s:.1f} s)")
        return ""

    async def _hold(self, step: Hold) -> str:
        view, started = self.installation, self.installation.now()
        while (left_s := started + step.for_s - view.now()) > 0:
            if not all(check.holds(view) for check in step.checks):
                return f"{step.text}: not held, after {view.now() - started:.1f} s {complaint(step.checks, view)}"
            await view.changed(min(left_s, CHECK_AGAIN_S))
        self.say("ok", f"{step.text} (for {step.for_s:g} s)")
        return ""

    async def _stop_service(self, step: StopService) -> str:
        started = self.installation.now()
        trouble = await self.installation.stop_service()
        took_s = self.installation.now() - started
        if trouble or took_s > step.within_s:
            return f"{step.text}: {trouble or f'took {took_s:.1f} s, expected at most {step.within_s:g} s'}"
        self.say("ok", f"{step.text} ({took_s:.1f} s)")
        return ""
