"""Runs the page: history, live stream and HTTP in one process, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gxbridge.history.folder import HistoryFolder
from gxbridge.history.recorder import Recorder
from gxbridge.history.services import SeenServices
from gxbridge.live.session import ends_by_signal
from gxbridge.web.boxes import Boxes
from gxbridge.web.events import LiveStream
from gxbridge.web.listen import Listen
from gxbridge.web.live_state import LiveState
from gxbridge.web.metrics import Metrics
from gxbridge.web.site import Site

log = logging.getLogger("gxbridge.web")

MOST_CONNECTIONS: Final = 400
BACKLOG: Final = 128
REQUEST_WITHIN_S: Final = 20.0
ENDS_WITHIN_S: Final = 3


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: the history is written before we end."""
        yield


class _Protocol(H11Protocol):
    """HTTP that ends a connection on which nothing is asked, or of whose answer nothing is taken: uvicorn waits for
    both as long as it takes, and there is room for so many connections only."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A visitor."""
        super().connection_made(transport)
        self._taken = 0
        self._last: object = None
        self.loop.call_later(REQUEST_WITHIN_S, self._look)

    def resume_writing(self) -> None:
        """Some of an answer that had piled up was taken."""
        self._taken += 1
        super().resume_writing()

    def _look(self) -> None:
        closing = self.transport.is_closing()
        if closing and not self.transport.get_write_buffer_size():
            return
        waits = self.cycle is None or self.cycle.response_complete
        now = (self.cycle, waits, closing, self._taken)
        if now == self._last and (waits or self.flow.write_paused):
            self.transport.abort()
            return
        self._last = now
        self.loop.call_later(REQUEST_WITHIN_S, self._look)


async def serve_page(bus: str, listen: Listen, folder: HistoryFolder | None, boxes: Path | None) -> None:
    """Serve until a signal. Raises BusUnreachable, and OSError where it cannot listen."""
    stop = asyncio.Event()
    with _socket(listen) as sock, ends_by_signal(stop):
        services = SeenServices(bus)
        await services.start()
        try:
            await _serve_services(sock, stop, services, listen, folder, boxes)
        finally:
            await services.close()


async def _serve_services(
    sock: socket.socket,
    stop: asyncio.Event,
    services: SeenServices,
    listen: Listen,
    folder: HistoryFolder | None,
    boxes: Path | None,
) -> None:
    state = LiveState(services)
    stream = LiveStream(state)
    recorder = Recorder(services, folder)
    site = Site(listen, state, stream, recorder, Boxes(boxes), Metrics(services))
    config = uvicorn.Config(
        site.app, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none", http=_Protocol,
        loop="asyncio", timeout_keep_alive=15, timeout_graceful_shutdown=ENDS_WITHIN_S, proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS, h11_max_incomplete_event_size=16_384,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve([sock]), name="http")
    tasks = [asyncio.create_task(stream.run(), name="live stream"),
             asyncio.create_task(recorder.run(stop), name="history")]  # fmt: skip
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    log.info("the page is at http://%s:%d/", host, sock.getsockname()[1])
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((stopping, serving, *tasks), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        stop.set()
        stream.end()
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        tasks[0].cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


def _socket(listen: Listen) -> socket.socket:
    """Bound and listening. Raises OSError."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listen.host, listen.port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
