"""Running asynchronous tests: with an end, without leftovers, and with every error that the loop swallowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

LIMIT_S = 30.0
"""Far above what any test needs on a slow core; a test that hangs fails instead."""


def run(main: Callable[[], Coroutine[Any, Any, None]], *, raises_in_handlers: int = 0) -> list[BaseException]:
    """Runs `main()`; fails when it leaves tasks behind or when handlers raised more or fewer than expected."""
    raised: list[BaseException] = []

    async def guarded() -> None:
        def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            raised.append(context.get("exception") or RuntimeError(context["message"]))

        asyncio.get_running_loop().set_exception_handler(report)
        async with asyncio.timeout(LIMIT_S):
            await main()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks without a parent: {left}"

    asyncio.run(guarded())
    assert len(raised) == raises_in_handlers, raised
    return raised


async def until(condition: Callable[[], object]) -> None:
    """Waits until `condition()` holds; `run` ends a wait in vain."""
    while not condition():  # noqa: ASYNC110 - the condition is another process's or connection's doing
        await asyncio.sleep(0.003)
