"""A site without a network: requests straight into the application, and a GX that the test makes up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gxbridge.core.model.items import Value
from gxbridge.history.folder import HistoryFolder
from gxbridge.history.recorder import Recorder
from gxbridge.history.services import SeenServices
from gxbridge.web.boxes import Boxes
from gxbridge.web.events import LiveStream
from gxbridge.web.listen import Listen
from gxbridge.web.live_state import LiveState
from gxbridge.web.metrics import Metrics
from gxbridge.web.site import Site
from tests.commands.test_status_and_explain import boat

OWN = "com.victronenergy.gxbridge"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Monitor:
    """Answers what the test says when the service is asked to explain."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked = 0

    async def fetch(self, _service: str, _path: str) -> object:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def seen(answer: object = None, **own: Value) -> SeenServices:
    """The boat of the tests of `gxbridge status`; `own`: items of our service, with _ for /."""
    explained, services = boat()
    limits = {limit["name"]: limit for limit in explained["limits"] if not limit["subject"]}
    items: dict[str, Value] = {"/Bms/Service": explained["bms"]["service"], "/FirmwareVersion": "0.1.0",
                               "/Bms/State": "live", "/Dvcc/Effective": "monitor"}  # fmt: skip
    for name, limit in limits.items():
        items |= {f"/Limits/{name.capitalize()}/Value": limit["value"]}
        items |= {f"/Limits/{name.capitalize()}/ReasonId": limit["caps"][0]["name"]}
    watched = SeenServices("unix:path=/nowhere")
    watched.items.update({name: dict(values) for name, values in services.items()})
    watched.items[OWN] = items | {path.replace("_", "/"): value for path, value in own.items()}
    watched.changes = 1
    watched.monitor = Monitor(json.dumps(explained) if answer is None else answer)  # type: ignore[assignment]
    return watched


def site(
    services: SeenServices | None = None,
    listen: Listen | None = None,
    boxes: Path | None = None,
    folder: Path | None = None,
) -> Site:
    services = services or seen()
    state = LiveState(services)
    recorder = Recorder(services, None if folder is None else HistoryFolder(folder, 1 << 30))
    return Site(listen or Listen("127.0.0.1", 0), state, LiveStream(state), recorder, Boxes(boxes), Metrics(services))


async def ask(made: Site, path: str, method: str = "GET", **headers: str) -> Answer:
    """A request as uvicorn would hand it on; `headers` with _ for -."""
    raw, _, query = path.partition("?")
    given: Mapping[str, str] = {"host": "127.0.0.1:8088"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": raw, "raw_path": raw.encode(), "root_path": "",
        "query_string": query.encode(), "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8088),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in given.items() if text != "-"],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    await made.app(scope, receive, send)
    start = sent[0]
    return Answer(
        start["status"],
        {name.decode(): text.decode() for name, text in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


def asked(made: Site, path: str, method: str = "GET", **headers: str) -> Answer:
    return asyncio.run(ask(made, path, method, **headers))
