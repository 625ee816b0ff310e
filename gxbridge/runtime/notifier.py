"""Carries notifications to the GX's platform and to a program of the user's. Both may fail: nothing else notices."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from gxbridge.core.model.finding import Finding
from gxbridge.core.publish.notifications import Notice, Notifications, hook_arguments, inject_text
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.tasks import report_failure
from gxbridge.runtime.writer import SetValue

log = logging.getLogger("gxbridge.notify")

PLATFORM: Final = "com.victronenergy.platform"
INJECT: Final = "/Notifications/Inject"
NOT_OF_THIS_SHAPE: Final = -1
"""An older platform's answer to five fields."""
HOOK_S: Final = 10.0
RETRY_S: Final = 10.0
MOST_UNTOLD: Final = 20

GetValue = Callable[[str, str], Awaitable[WireValue]]


class Notifier:
    """One task at a time carries what is to be told, in order. `hook`: a program with arguments, () for none."""

    def __init__(self, level: str, hook: Sequence[str], set_value: SetValue, get_value: GetValue) -> None:
        self._notifications = Notifications(level)
        self._hook = tuple(hook)
        self._set_value = set_value
        self._get_value = get_value
        self._work: deque[tuple[str, Notice]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._indexes: dict[int, int] = {}
        """Number of a notice -> where it stands in the GX's list."""
        self._untold: dict[int, Notice] = {}
        self._retry_at = 0.0
        self._tracks = True
        """Does the platform take five fields?"""
        self._complained: set[str] = set()

    def look(self, began: Iterable[Finding], ended: Iterable[Finding], now: float) -> None:
        """Take what begins and ends with a cycle; returns at once."""
        due, over = self._notifications.look(began, ended, now)
        self._work.extend(("began", notice) for notice in due)
        self._work.extend(("ended", notice) for notice in over)
        for notice in over:
            self._untold.pop(notice.number, None)
        if self._untold and now >= self._retry_at:
            self._retry_at = now + RETRY_S
            self._work.extend(("again", notice) for notice in self._untold.values())
        if self._work and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._carry(), name="notify")
            report_failure(self._task)

    def removed(self, service: str) -> None:
        """A service has left the bus: another platform may be another version, with an empty list."""
        if service == PLATFORM:
            self._tracks = True
            self._indexes.clear()

    async def close(self) -> None:
        """End at once, also a program that runs."""
        self._work.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _carry(self) -> None:
        try:
            while self._work:
                state, notice = self._work.popleft()
                try:
                    if state == "ended":
                        await self._withdraw(notice)
                    elif state == "began" or notice.number in self._untold:
                        await self._inject(notice)
                except (BusError, OSError) as error:
                    self._complain("platform", f"{PLATFORM} takes no notification: {error}", quiet=bool(self._hook))
                if self._hook and state != "again":
                    await self._start_hook(state, notice)
        finally:
            self._task = None

    # --- the GX ----------------------------------------------------------------------------------------------------

    async def _inject(self, notice: Notice) -> None:
        if len(self._untold) < MOST_UNTOLD:
            self._untold[notice.number] = notice
        code = NOT_OF_THIS_SHAPE
        if self._tracks:
            code = await self._set_value(PLATFORM, INJECT, inject_text(notice, tracked=True))
            if code >= 0:
                self._indexes[notice.number] = code
            elif code == NOT_OF_THIS_SHAPE:
                self._tracks = False
        if code < 0:
            code = await self._set_value(PLATFORM, INJECT, inject_text(notice, tracked=False))
        self._untold.pop(notice.number, None)
        if code < 0:
            self._complain("refused", f"{PLATFORM} refuses a notification (code {code})")

    async def _withdraw(self, notice: Notice) -> None:
        index = self._indexes.pop(notice.number, None)
        if index is None:
            return
        # The list is short: by now somebody else's may stand there.
        at = f"/Notifications/{index}"
        marks = [await self._get_value(PLATFORM, f"{at}/{name}") for name in ("Service", "Trigger")]
        if marks == [OWN_NAME, notice.mark]:
            await self._set_value(PLATFORM, f"{at}/Active", 0)

    # --- a program of the user's -----------------------------------------------------------------------------------

    async def _start_hook(self, state: str, notice: Notice) -> None:
        command = hook_arguments(self._hook, notice, state)
        nothing = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
            )
        except OSError as error:
            self._complain("hook", f"notify.hook cannot be started: {command[0]}: {error.strerror}")
            return
        try:
            async with asyncio.timeout(HOOK_S):
                code = await process.wait()
        except TimeoutError:
            self._complain("hook", f"notify.hook: {command[0]} was ended after {HOOK_S:.0f} s")
        else:
            if code:
                self._complain("hook", f"notify.hook: {command[0]} ended with code {code}")
            else:
                self._complained.discard("hook")
        finally:
            with contextlib.suppress(ProcessLookupError):  # with whatever it started
                os.killpg(process.pid, signal.SIGKILL)

    def _complain(self, about: str, what: str, quiet: bool = False) -> None:
        """Once for each kind of trouble, until it works again."""
        if about not in self._complained:
            self._complained.add(about)
            log.log(logging.DEBUG if quiet else logging.WARNING, "%s", what)
