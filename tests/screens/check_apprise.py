"""The line of docs/notifications.md for Apprise, with the real program: what arrives at an address of its file.

Run by `make check-screens`; needs apprise.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from gxbridge.core.model.finding import Finding
from gxbridge.edge.dbus.bus import BusError
from gxbridge.runtime import notifier as module
from gxbridge.runtime.notifier import Notifier

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
LOST = Finding("bms-lost", "alarm", "a", "--The BMS is lost; $(reboot) & more", "Check its cable", 0.0, 0.0)
APPRISE = Path(sys.executable).with_name("apprise")


@pytest.fixture
def arrived() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of somebody who takes JSON, and what he has got."""
    got: list[dict[str, Any]] = []

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_address[1], got
        server.shutdown()
        serving.join()


def hook(config: Path) -> list[str]:
    """The page's line, with the program and the file that are here."""
    (written,) = re.findall(r"^ +(hook: \[/home/pi/gxbridge-venv/bin/apprise, .*\])$", PAGE, re.MULTILINE)
    line = yaml.safe_load(written)["hook"]
    assert line[1:3] == ["--config", "/home/pi/apprise.yaml"]
    return [str(APPRISE), "--config", str(config), *line[3:]]


def test_a_finding_arrives_where_the_file_says(
    tmp_path: Path,
    arrived: tuple[int, list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "HOOK_S", 60.0)  # a busy machine starts it slowly; the limit has a test of its own
    port, got = arrived
    config = tmp_path / "apprise.yaml"
    (example,) = re.findall(r"^    urls:\n(?:^      - .*\n)+", PAGE, re.MULTILINE)
    last = yaml.safe_load(example)["urls"][-1]
    config.write_text(f"urls:\n  - {last.replace('192.168.1.20:8080', f'127.0.0.1:{port}')}\n")

    async def nobody(*_: object) -> int:
        raise BusError("there is no GX")

    async def play() -> None:
        notifier = Notifier("alarms", hook(config), nobody, nobody)
        for moment, ended in ((0.0, ()), (100.0, ()), (200.0, (LOST,))):
            notifier.look((LOST,) if not moment else (), ended, moment)
            async with asyncio.timeout(90):
                if notifier._task is not None:
                    await notifier._task

    asyncio.run(play())
    assert [(each["title"], each["message"]) for each in got] == [
        ("gxbridge: alarm", "The BMS is lost; $(reboot) & more."),
        ("gxbridge: over", "The BMS is lost; $(reboot) & more."),
    ]
    assert caplog.messages == []
