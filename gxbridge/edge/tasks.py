"""Tasks that nobody awaits must not fail in silence."""

from __future__ import annotations

import asyncio
from typing import Any


def report_failure(task: asyncio.Task[Any]) -> None:
    """Give the loop's exception handler whatever ends this task, at once and not when it is collected."""
    task.add_done_callback(_report)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": f"task {task.get_name()!r} failed", "exception": error})
