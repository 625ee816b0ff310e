"""How a simulated device is told what happens around it: one JSON object a line on standard input; its end is ours too.

Answers (`{"ready": true}`, what the world can see) go to standard output in the same form.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

SimOrder: TypeAlias = Mapping[str, Any]


def say(**facts: object) -> None:
    """Tell the one who started us."""
    try:
        print(json.dumps(facts), flush=True)
    except (BrokenPipeError, ValueError):
        os._exit(0)  # nobody is left: the end of standard input is seen in a moment anyway


class Orders:
    """Reads orders without ever blocking; `done` is set when the giver of orders has gone."""

    def __init__(self, on_order: Callable[[SimOrder], None]) -> None:
        self.done = asyncio.Event()
        self._on_order = on_order
        self._rest = b""
        os.set_blocking(sys.stdin.fileno(), False)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), 65536)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self.done.set()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_order(json.loads(line))

    async def pause(self, seconds: float) -> bool:
        """Sleep; False when it is time to end instead."""
        try:
            async with asyncio.timeout(seconds):
                await self.done.wait()
        except TimeoutError:
            return True
        return False
