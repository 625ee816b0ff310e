"""Carries writes to other services: in order for each service, newest value first, nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import field

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import state
from gxbridge.edge.dbus.bus import BusError
from gxbridge.runtime.edge_findings import RefusedWrite

log = logging.getLogger("gxbridge.writer")

SetValue = Callable[[str, str, Value], Awaitable[int]]
"""(service, path, value) -> the service's answer: 0 accepted. May raise: the write then counts as failed."""
MaySend = Callable[[Write, Value], bool]
"""(write, what was sent there last) -> whether the write may leave this moment."""


@state
class Outbox:
    """What is still to be written to one service: path -> value, oldest first."""

    busy_since: float
    """Moment (of the loop) at which the task began: nothing was left over before."""
    pending: dict[str, Value] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    current: str = ""
    """The path that is being written."""
    sent: dict[str, Value] = field(default_factory=dict)
    """What was sent last."""
    failed: dict[str, RefusedWrite] = field(default_factory=dict)
    """Paths whose last write failed: said once in the log, and once more when it works again."""


class Writer:
    """One outbox and at most one task for each service. Bounded by the number of services and their paths."""

    def __init__(
        self,
        set_value: SetValue,
        on_failure: Callable[[str, str], None] | None = None,
        may_send: MaySend = lambda _write, _sent: True,
    ) -> None:
        """`on_failure(service, path)` is told of each write that did not arrive, was refused or was dropped."""
        self._set_value = set_value
        self._may_send = may_send
        self._on_failure = on_failure
        self._outboxes: dict[str, Outbox] = {}
        self.written = 0
        self.failures = 0
        self.overtaken = 0
        """Writes replaced by a newer value before they could be sent."""
        self.dropped = 0
        """Writes that were not allowed any more when it was their turn."""

    def write(self, writes: Iterable[Write]) -> None:
        """Queue writes; returns at once. A lowered limit goes first, a newer value takes the place of an older one."""
        now = asyncio.get_running_loop().time()
        for service, path, value in writes:
            outbox = self._outboxes.setdefault(service, Outbox(now))
            if path in outbox.pending:
                self.overtaken += 1
            if lowered(outbox.sent.get(path), value):
                outbox.pending = {path: value, **outbox.pending}
            outbox.pending[path] = value
            if outbox.task is None:
                outbox.busy_since = now
                outbox.task = asyncio.get_running_loop().create_task(
                    self._send(service, outbox), name=f"write {service}"
                )

    def under_way(self, longer_than_s: float) -> list[tuple[str, str]]:
        """(service, path) of the writes to services that have kept us waiting for so long."""
        slow: list[tuple[str, str]] = []
        for service, outbox in self._outboxes.items():
            if outbox.task is not None and asyncio.get_running_loop().time() - outbox.busy_since > longer_than_s:
                slow += [(service, path) for path in (outbox.current, *outbox.pending)]
        return slow

    def refusals(self) -> list[RefusedWrite]:
        """Everything whose last write failed, of the services that are there."""
        return [refusal for outbox in self._outboxes.values() for refusal in outbox.failed.values()]

    def forget(self, service: str) -> None:
        """The service is gone: what was queued for it must not reach a successor of the same name."""
        outbox = self._outboxes.pop(service, None)
        if outbox is not None:
            outbox.pending.clear()

    def drop(self) -> None:
        """Drop what waits and what failed: we are not in control any more, and it is not tried again."""
        for service, outbox in self._outboxes.items():
            for path in outbox.pending:
                self._drop(service, path)
            outbox.pending.clear()
            outbox.failed.clear()

    def _drop(self, service: str, path: str) -> None:
        self.dropped += 1
        if self._on_failure is not None:
            self._on_failure(service, path)

    async def _send(self, service: str, outbox: Outbox) -> None:
        try:
            while outbox.pending:
                path = next(iter(outbox.pending))
                value = outbox.pending.pop(path)
                if not self._may_send(Write(service, path, value), outbox.sent.get(path)):
                    self._drop(service, path)
                    continue
                outbox.current, outbox.sent[path] = path, value
                await self._send_one(service, outbox, path, value)
        finally:
            outbox.task = None

    async def _send_one(self, service: str, outbox: Outbox, path: str, value: Value) -> None:
        try:
            answer = await self._set_value(service, path, value)
            problem = "" if answer == 0 else f"the service refused it (code {answer})"
        except (BusError, OSError) as error:
            problem = str(error) or type(error).__name__
        self.written += 1
        if problem:
            self.failures += 1
            if self._on_failure is not None:
                self._on_failure(service, path)
            if path not in outbox.failed:
                outbox.failed[path] = RefusedWrite(service, path, problem, asyncio.get_running_loop().time())
                log.warning("could not write %s to %s%s: %s", value, service, path, problem)
        elif path in outbox.failed:
            del outbox.failed[path]
            log.info("%s%s takes writes again", service, path)

    async def close(self) -> None:
        """Drop what is queued and end: nothing more is written after this returns."""
        tasks = []
        for outbox in self._outboxes.values():
            outbox.pending.clear()
            if outbox.task is not None:
                outbox.task.cancel()
                tasks.append(outbox.task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._outboxes.clear()


def lowered(before: Value, value: Value) -> bool:
    """Is this a smaller number than the one before?"""
    return isinstance(before, int | float) and isinstance(value, int | float) and value < before
