"""Writing beside everything else: in a thread, one thing at a time, and never a reason to stop or to wait."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DiskTask:
    """At most one write is under way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def begin(self, write: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        """Have `write` called in a thread, then `done` here with what it returned or raised. Only when not busy."""
        self._task = asyncio.get_running_loop().create_task(self._run(write, done), name=self._name)

    async def _run(self, write: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        try:
            done(await asyncio.to_thread(attempt, write))
        finally:
            self._task = None

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


def attempt(write: Callable[[], T]) -> T | Exception:
    """What `write` returns or raises: a disk has many ways to fail, and none of them may reach the service."""
    try:
        return write()
    except Exception as error:
        return error


def reason(error: Exception) -> str:
    """Why a write failed, in words."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
