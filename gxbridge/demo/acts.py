"""Reads the acts from `acts.yaml`, and plays them on an installation: each step has a deadline, each act is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from gxbridge.demo.checks import Check, checks_of, complaint
from gxbridge.demo.simulation import SimulatedInstallation
from gxbridge.strict_yaml.document import load_tables

CHECK_AGAIN_S = 0.1
KINDS = ("do", "expect", "hold", "stop")
DeviceOrders: TypeAlias = Mapping[str, Mapping[str, object]]
"""What each simulated device is to do, by its role."""
NONE: DeviceOrders = {}


@dataclass(frozen=True, slots=True)
class ActStep:
    """One step; `acts.yaml` says what each kind means."""

    kind: str
    text: str
    checks: Sequence[Check] = ()
    orders: DeviceOrders = field(default_factory=dict)
    meanwhile: bool = False
    within_s: float = 0.0
    after_s: float = 0.0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Act:
    """A few steps with a title, judged together; `only` is "full" or "ending" for an act that not every run plays."""

    title: str
    steps: Sequence[ActStep]
    text: str = ""
    only: str = ""


def read_acts(installation: str) -> list[Act]:
    """The acts of the `boat` or the `cabin`, in order."""
    document = load_tables(Path(__file__).with_name("acts.yaml").read_bytes(), "acts.yaml")
    return [Act(**{**act, "steps": [_step(**step) for step in act["steps"]]}) for act in document[installation]]


def _step(checks: Sequence[Any] = (), orders: DeviceOrders = NONE, also: DeviceOrders = NONE, **step: Any) -> ActStep:
    kind = next(kind for kind in KINDS if kind in step)
    lines = [line for each in checks for line in ([each] if isinstance(each, str) else each)]
    found = [check for line in lines for check in checks_of(line)]
    return ActStep(kind, step.pop(kind), found, {**also, **orders}, **step)


@dataclass(slots=True)
class ActPlayer:
    """Plays acts on an installation; `say` gets a mark and a text for each step, `other` plays the other installation.

    `results` are the acts played, what was wrong ("" when it passed), and the seconds; `dwell_s` is how long there is
    to look at the screen after each act.
    """

    installation: SimulatedInstallation
    acts: Sequence[Act]
    say: Callable[[str, str], None]
    other: Callable[[], Awaitable[bool]]
    dwell_s: float = 0.0
    number: int = 0
    over: bool = False
    results: list[tuple[Act, str, float]] = field(default_factory=list)
    _happened_at: float = 0.0
    _other_plays: asyncio.Future[bool] | None = None

    async def play(self) -> bool:
        """Play them in order, up to the first that fails; True if all passed."""
        try:
            for act in self.acts:
                self.number += 1
                if not await self._passes(act):
                    return False
            return True
        finally:
            self.over = True
            if self._other_plays is not None:
                self._other_plays.cancel()
                await asyncio.gather(self._other_plays, return_exceptions=True)

    async def _passes(self, act: Act) -> bool:
        view, name = self.installation, f"act {self.number} of {len(self.acts)}"
        self.say("==", f"{name}: {act.title}. {act.text}".rstrip())
        started = self._happened_at = view.now()
        trouble = ""
        for step in act.steps:
            trouble = trouble or await self._step(step)
        if not trouble and self._other_plays is not None and not await self._other_plays:
            trouble = "the other installation failed"
        self.results.append((act, trouble, view.now() - started))
        self.say(*(("!!", f"{name} failed: {trouble}") if trouble else ("==", f"{name} passed")))
        end = view.now() + self.dwell_s
        while not trouble and (left_s := end - view.now()) > 0:
            await view.changed(min(left_s, 1.0))
        return not trouble

    async def _step(self, step: ActStep) -> str:
        """Do it; "", or why it is not as it must be."""
        if step.kind == "do":
            self.say("->", step.text)
            for role, order in step.orders.items():
                self.installation.order(role, order)
            self._happened_at = self.installation.now()
            if step.meanwhile:
                self._other_plays = asyncio.ensure_future(self.other())
            return ""
        since = self._happened_at if step.kind == "expect" else self.installation.now()
        trouble = await (self.installation.stop_service() if step.kind == "stop" else self._checked(step, since))
        took_s = self.installation.now() - since
        if trouble:
            return f"{step.text}: after {took_s:.1f} s {trouble}"
        if took_s < step.after_s:
            return f"{step.text}: already after {took_s:.1f} s, expected not before {step.after_s:g} s"
        if step.kind == "stop" and took_s > step.within_s:
            return f"{step.text}: took {took_s:.1f} s, expected at most {step.within_s:g} s"
        self.say("ok", f"{step.text} ({took_s:.1f} s)")
        return ""

    async def _checked(self, step: ActStep, since: float) -> str:
        """Wait until the checks hold, or as long as they must; what does not hold then."""
        view, end = self.installation, since + (step.for_s or step.within_s)
        while all(check.holds(view) for check in step.checks) == (step.kind == "hold"):
            if (left_s := end - view.now()) <= 0:
                break
            await view.changed(min(left_s, CHECK_AGAIN_S))
        return complaint(step.checks, view)
