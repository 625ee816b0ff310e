"""The page, the API and the metrics as an ASGI application: who is answered, with what, and with which headers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import resources
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gxbridge.core.history.ring import MOST_SERIES
from gxbridge.core.history.table import table_of
from gxbridge.history.places import moment
from gxbridge.history.recorder import Recorder
from gxbridge.web.boxes import Boxes, NoBox
from gxbridge.web.events import MOST_READERS, LiveStream
from gxbridge.web.listen import Listen
from gxbridge.web.live_state import API, LiveState
from gxbridge.web.metrics import CONTENT_TYPE, Metrics

MOST_POINTS: Final = 2000
POINTS: Final = 600
LONGEST_S: Final = 366 * 86_400.0
PAGE: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/uplot.js": ("uplot.js", "text/javascript; charset=utf-8"),
    "/uplot.css": ("uplot.css", "text/css; charset=utf-8"),
    "/uplot-licence.txt": ("uplot-licence.txt", "text/plain; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/manifest.webmanifest": ("manifest.webmanifest", "application/manifest+json"),
}
"""Path -> file and type: what anybody may load. It says nothing of the installation."""
OPEN: Final = frozenset(PAGE) | {"/api/openapi.json"}
ASKS_FOR_IT: Final = "this needs the token, as `Authorization: Bearer TOKEN`"
HEADERS: Final = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }.items()
)
Handler = Callable[[Request], Awaitable[Response]]


class Site:
    """What is behind the paths. It reads; there is nothing to write."""

    def __init__(
        self, listen: Listen, state: LiveState, stream: LiveStream, recorder: Recorder, boxes: Boxes, metrics: Metrics
    ) -> None:
        self._state = state
        self._stream = stream
        self._recorder = recorder
        self._boxes = boxes
        self._metrics = metrics
        routes = [
            Route("/api/state", self._answer_state),
            Route("/api/events", _AsgiEndpoint(self._events)),
            Route("/api/history", self._history),
            Route("/api/boxes", self._list_boxes),
            Route("/api/boxes/{name}", self._tell_box),
            Route("/metrics", self._scrape),
            *(Route(path, _file(*file)) for path, file in (PAGE | {"/api/openapi.json": OPENAPI}).items()),
        ]
        faults: dict[Any, Any] = {HTTPException: _fault, Exception: _broken}
        self.app: ASGIApp = Guard(Starlette(routes=routes, exception_handlers=faults), listen)

    async def _answer_state(self, _request: Request) -> Response:
        return _json(await self._state.whole())

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._stream.readers >= MOST_READERS:
            busy = PlainTextResponse("too many readers", 503, {"retry-after": "30"})
            await busy(scope, receive, send)
            return
        await self._stream.serve(receive, send)

    async def _history(self, request: Request) -> Response:
        now = time.time()
        asked = request.query_params
        try:
            since = _moment(asked.get("from", "24h"), now)
            until = _moment(asked.get("to", "now"), now)
            points = int(asked.get("points", str(POINTS))) if len(asked.get("points", "")) < 9 else 0
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        if not 1 <= points <= MOST_POINTS:
            raise HTTPException(400, f"points is from 1 to {MOST_POINTS}")
        if not 0 < until - since <= LONGEST_S:
            raise HTTPException(400, f"from is before to, and at most {LONGEST_S / 86_400:.0f} days")
        series = asked.get("series")
        names = None if series is None else frozenset(series.split(",")[:MOST_SERIES])
        block = await self._recorder.query(since, until, points, names)
        return _json({"api": API, "from": round(since), "to": round(until), **table_of(block)})

    async def _list_boxes(self, _request: Request) -> Response:
        return _json({"api": API, **self._boxes.listed()})

    async def _tell_box(self, request: Request) -> Response:
        try:
            return _json({"api": API, **await self._boxes.told(request.path_params["name"])})
        except NoBox as error:
            raise HTTPException(error.status, str(error)) from None

    async def _scrape(self, _request: Request) -> Response:
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


class Guard:
    """Before everything: only GET, only by a name of ours, only with the token; and the headers of every answer."""

    def __init__(self, app: ASGIApp, listen: Listen) -> None:
        self._app = app
        self._listen = listen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # nothing here speaks WebSocket
        refusal = self._refusal(scope)
        app = self._app if refusal is None else refusal

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._listen.answers_to(hosts[0].decode("latin-1")):
            return _refused(421, "this machine has another name; use its address, or add this name with --name")
        if headers.get(b"sec-fetch-site") == b"cross-site":
            return _refused(403, "this was asked for by another site")
        if scope["method"] not in ("GET", "HEAD"):
            return _refused(405, "only GET: nothing can be written here", allow="GET, HEAD")
        if scope["path"] not in OPEN and not self._listen.admits(headers.get(b"authorization", b"").decode("latin-1")):
            return _refused(401, ASKS_FOR_IT, **{"www-authenticate": "Bearer"})
        return None


class _AsgiEndpoint:
    """A route that answers by itself, piece by piece."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, receive, send)


def _moment(text: str, now: float) -> float:
    """Epoch seconds, or what `gxbridge history` takes. Raises ValueError."""
    try:
        at = float(text)
    except ValueError:
        return moment(text[:40], now, None)
    if not math.isfinite(at):
        raise ValueError("a moment is a number of epoch seconds, or 24h, 7d, 90d, now")
    return at


def _json(data: MutableMapping[str, Any], status: int = 200) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text, status, {"cache-control": "no-store"}, "application/json")


def _refused(status: int, text: str, **headers: str) -> Response:
    answer = _json({"error": text}, status)
    answer.headers.update(headers)
    return answer


async def _fault(_request: Request, error: HTTPException) -> Response:
    return _refused(error.status_code, error.detail)


async def _broken(_request: Request, _error: Exception) -> Response:
    return _refused(500, "gxbridge web failed on this; its log says how")


OPENAPI: Final = ("openapi.json", "application/json")


def _file(name: str, kind: str) -> Handler:
    content = (resources.files("gxbridge.web") / "static" / name).read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(content, headers={"content-type": kind, "cache-control": "no-cache"})

    return answer
