"""The live stream (server-sent events): one text for all readers, and no reader that can hold up another.

Each reader has room for one text of each kind: a slow one gets the newest and misses those between. One that takes
nothing for a while is sent away; a browser comes again by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from gxbridge.web.live_state import LiveState

log = logging.getLogger("gxbridge.web")

MOST_READERS: Final = 256
EVERY_S: Final = 1.0
BEAT_S: Final = 10.0
"""So often something is sent even if nothing changed, so that a page can tell that it is still connected."""
STALLED_S: Final = 15.0

StreamSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
StreamReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class StreamReader:
    """What one reader has not got yet: the newest text of each kind."""

    def __init__(self) -> None:
        self.waiting: dict[str, bytes] = {}
        self.wake = asyncio.Event()

    def offer(self, kind: str, text: bytes) -> None:
        """A newer text takes the place of the one before."""
        self.waiting[kind] = text
        self.wake.set()

    def take(self) -> bytes:
        """All that waits."""
        text = b"".join(self.waiting.values())
        self.waiting.clear()
        self.wake.clear()
        return text


class LiveStream:
    """Makes the texts while somebody reads; does nothing while nobody does."""

    def __init__(self, state: LiveState) -> None:
        self._state = state
        self._readers: set[StreamReader] = set()
        self._somebody = asyncio.Event()
        self._texts: dict[str, str] = {}
        self._beat_at = 0.0
        self.ended = False

    @property
    def readers(self) -> int:
        """How many read."""
        return len(self._readers)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._somebody.wait()
            try:
                await self._look()
            except Exception:
                log.exception("the live stream")
            await asyncio.sleep(EVERY_S)

    def end(self) -> None:
        """Send every reader away."""
        self.ended = True
        for reader in self._readers:
            reader.wake.set()

    async def serve(self, receive: StreamReceive, send: StreamSend) -> None:
        """One reader until it leaves, stalls or is sent away; there is room for it (`readers`)."""
        reader = StreamReader()
        self._readers.add(reader)
        self._somebody.set()
        for kind, text in self._texts.items():
            reader.offer(kind, _event(kind, text))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no")]})  # fmt: skip
            async with asyncio.timeout(STALLED_S):
                await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
            while not self.ended and not leaving.done():
                waking = asyncio.create_task(reader.wake.wait())
                await asyncio.wait((waking, leaving), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                if news := reader.take():
                    async with asyncio.timeout(STALLED_S):
                        await send({"type": "http.response.body", "body": news, "more_body": True})
            if not leaving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            raise ConnectionAbortedError("a reader that takes nothing") from None
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
            self._readers.discard(reader)
            if not self._readers:
                self._somebody.clear()
                self._texts.clear()

    async def _look(self) -> None:
        explanation = await self._state.explained()
        texts = {
            "explained": _json({"explanation": explanation, "trouble": self._state.trouble}),
            "live": _json(self._state.numbers()),
        }
        now = time.monotonic()
        beat = now - self._beat_at >= BEAT_S
        for kind, text in texts.items():
            if text != self._texts.get(kind) or (beat and kind == "live"):
                self._texts[kind] = text
                event = _event(kind, text)
                for reader in self._readers:
                    reader.offer(kind, event)
        if beat:
            self._beat_at = now


async def _gone(receive: StreamReceive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(kind: str, text: str) -> bytes:
    return f"event: {kind}\ndata: {text}\n\n".encode()


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
